"""From confirmed columns to a result: the same decisions as everywhere, once, whatever happens on the way."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.utils import timezone

from tests.web.batches import (
    SHIPMENTS,
    decided,
    files_left,
    lines,
    only_batch,
    page,
    screened,
    start,
    text,
    upload,
)
from tidegate.web.batch import commands, conf, store, tasks
from tidegate.web.batch.models import Batch
from tidegate.web.jobs import commands as jobs
from tidegate.web.jobs.models import Job
from tidegate.web.jobs.worker import Worker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def test_the_web_decides_what_the_command_line_decides(client: Client, tmp_path: Path) -> None:
    batch = screened(client)
    out, summary = decided(tmp_path, lines())
    mine, theirs = (pq.read_table(path).sort_by("row").to_pylist() for path in (store.decisions(batch), out))
    assert mine == theirs
    assert json.loads(store.summary(batch).read_text())["outcomes"] == dict(summary.outcomes)


def test_cancel_while_waiting_and_start_again(client: Client) -> None:
    upload(client, "lines.jsonl", lines())
    batch = only_batch()
    start(client, batch)
    shown = page(client.post(f"/batch/{batch.token}/cancel/", follow=True))
    assert "cancelled" in text(shown)
    assert Worker("test").drain() == 0
    start(client, batch)
    Worker("test").drain()
    batch.refresh_from_db()
    assert batch.state == "done"


def test_cancel_while_it_runs(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidegate.web.jobs.worker.BEAT", 0)
    upload(client, "lines.jsonl", lines(SHIPMENTS * 8))
    batch = only_batch()
    start(client, batch)
    screen = tasks.screen_file

    def cancelled_meanwhile(*args: Any, **options: Any) -> Any:
        client.post(f"/batch/{batch.token}/cancel/")
        assert "Stopping" in text(page(client.get(batch.get_absolute_url())))
        return screen(*args, **options)

    monkeypatch.setattr(tasks, "screen_file", cancelled_meanwhile)
    Worker("test").drain()
    batch.refresh_from_db()
    assert batch.state == "cancelled"
    assert [path.name for path in files_left()] == ["lines.jsonl"]


def test_a_batch_deleted_while_it_runs_leaves_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    upload(client, "lines.jsonl", lines())
    batch = only_batch()
    start(client, batch)
    screen = tasks.screen_file

    def deleted_meanwhile(*args: Any, **options: Any) -> Any:
        found = screen(*args, **options)
        assert client.post(f"/batch/{batch.token}/delete/").status_code == 302
        return found

    monkeypatch.setattr(tasks, "screen_file", deleted_meanwhile)
    Worker("test").drain()
    assert not Batch.objects.exists()
    assert not files_left()
    assert Job.objects.get().state == "cancelled"


def test_a_worker_that_lost_its_lease_does_not_make_a_result(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    upload(client, "lines.jsonl", lines())
    batch = only_batch()
    start(client, batch)
    screen = tasks.screen_file

    def slow(*args: Any, **options: Any) -> Any:
        found = screen(*args, **options)
        monkeypatch.setattr(tasks, "screen_file", screen)
        assert jobs.reap(now=timezone.now() + timedelta(minutes=5))["requeued"] == 1
        return found

    monkeypatch.setattr(tasks, "screen_file", slow)
    assert Worker("slow").run_once()
    batch.refresh_from_db()
    assert batch.state == "queued"
    assert [path.name for path in files_left()] == ["lines.jsonl"]
    Job.objects.update(not_before=timezone.now())
    assert Worker("second").run_once()
    batch.refresh_from_db()
    assert batch.state == "done"
    assert len(list(store.home(batch).glob("result-*"))) == 1


def test_a_batch_is_started_once(client: Client) -> None:
    upload(client, "lines.jsonl", lines())
    first, second = only_batch(), only_batch()
    commands.start(first, None)
    with pytest.raises(commands.NotNow):
        commands.start(second, None)
    with pytest.raises(commands.NotNow):
        commands.set_map(second, {"columns": {}})
    assert Job.objects.count() == 1


def test_a_file_that_is_damaged_further_down_fails_in_words(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(
        pa.table({name: [str(s[name]) for s in SHIPMENTS] for name in ("id", "date", "export", "import")}), path
    )
    upload(client, "x.parquet", path.read_bytes())
    batch = only_batch()
    start(client, batch)
    stored = store.source_folder(batch) / batch.files[0]
    data = bytearray(stored.read_bytes())
    data[4:200] = os.urandom(196)
    stored.write_bytes(data)
    Worker("test").drain()
    batch.refresh_from_db()
    assert batch.state == "failed"
    shown = text(page(client.get(batch.get_absolute_url())))
    assert "This file could not be screened." in shown
    assert str(conf.folder()) not in shown
    assert [path.name for path in files_left()] == ["x.parquet"]


def test_a_file_of_which_no_row_can_be_read(client: Client) -> None:
    data = "\n".join(json.dumps({**s, "import": "??"}) for s in SHIPMENTS).encode()
    batch = screened(client, "bad.jsonl", data)
    assert (batch.rows, batch.decided, batch.rejected) == (60, 0, 60)
    assert "No row could be decided" in text(page(client.get(batch.get_absolute_url())))
    assert "No row is like that" in text(page(client.get(f"/batch/{batch.token}/rows/")))
    first = page(client.get(f"/batch/{batch.token}/rejects/"))
    assert "60 rows were set aside" in text(first)
    assert len(first.xpath("//tbody/tr")) == 50
    assert len(page(client.get(f"/batch/{batch.token}/rejects/?page=2")).xpath("//tbody/tr")) == 10
    shown = text(first.xpath("//tbody/tr")[0])
    assert "S-000" in shown
    assert "State of import" in shown
    assert "??" in shown
    assert "ISO 3166-1" in shown


def test_progress_for_htmx_and_without_it(client: Client) -> None:
    upload(client, "lines.jsonl", lines())
    batch = only_batch()
    start(client, batch)
    whole = client.get(batch.get_absolute_url()).content.decode()
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in whole
    Job.objects.update(not_before=timezone.now() - timedelta(minutes=1))
    part = client.get(f"/batch/{batch.token}/progress/", headers={"HX-Request": "true"})
    assert "No worker has taken it yet" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert client.get(f"/batch/{batch.token}/progress/").status_code == 302
    Worker("test").drain()
    done = client.get(f"/batch/{batch.token}/progress/", headers={"HX-Request": "true"})
    assert (done.status_code, done["HX-Redirect"]) == (204, batch.get_absolute_url())
