"""Who sees a batch, and how long it stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.web.batches import (
    SHIPMENTS,
    files_left,
    lines,
    page,
    screened,
    text,
    upload,
)
from tidegate.web.batch import conf, store, tasks
from tidegate.web.batch.models import Batch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def every_address(batch: Batch) -> list[str]:
    base = f"/batch/{batch.token}/"
    return [
        base + part
        for part in (
            "", "rows/", "rows/1/", "rejects/", "downloads/", "download/decisions.csv", "download/summary.json",
            "picture/imports.svg", "map.yaml", "delete/", "progress/", "columns/",
        )
    ]  # fmt: skip


def test_a_batch_is_seen_only_from_its_own_browser(client: Client, settings: Any) -> None:
    batch = screened(client)
    stranger = Client()
    upload(stranger, "own.jsonl", lines(SHIPMENTS[:2]))
    for address in every_address(batch):
        assert client.get(address).status_code in (200, 302), address
        assert stranger.get(address).status_code == 404, address
    for action in ("cancel/", "delete/"):
        assert stranger.post(f"/batch/{batch.token}/{action}").status_code == 404
    assert batch.name not in text(page(stranger.get("/batch/")))
    assert batch.name in text(page(client.get("/batch/")))
    settings.TIDEGATE_BATCHES_OPEN = True
    for address in every_address(batch):
        assert stranger.get(address).status_code in (200, 302), address
    assert batch.name in text(page(stranger.get("/batch/")))


def test_no_cache_keeps_a_page(client: Client) -> None:
    batch = screened(client)
    for address in every_address(batch):
        response = client.get(address)
        if response.status_code == 200:
            assert "private" in response["Cache-Control"], address


def test_a_visitor_who_uploads_nothing_gets_no_session(client: Client) -> None:
    client.get("/batch/")
    assert "sessionid" not in client.cookies


def test_deleting_asks_first_and_removes_the_files(client: Client) -> None:
    batch = screened(client)
    assert files_left()
    asked = page(client.get(f"/batch/{batch.token}/delete/"))
    assert "This cannot be undone" in text(asked)
    assert Batch.objects.exists()
    gone = page(client.post(f"/batch/{batch.token}/delete/", follow=True))
    assert "were deleted" in text(gone)
    assert not Batch.objects.exists()
    assert not files_left()


def test_the_reaper_removes_what_is_past_its_time(client: Client, settings: Any) -> None:
    settings.TIDEGATE_BATCH_KEEP_DAYS = 7
    old = screened(client)
    upload(client, "draft.jsonl", lines(SHIPMENTS[:2]))
    draft = Batch.objects.exclude(pk=old.pk).get()
    (conf.folder() / "nobody").mkdir()
    (conf.folder() / "nobody" / "x").write_text("x")
    (store.incoming() / "upload-abc").write_text("x")
    now = timezone.now()
    assert tasks.remove_old(now + timedelta(hours=1)) == 0
    assert tasks.remove_old(now + timedelta(hours=7)) == 2  # what belongs to nobody
    Batch.objects.filter(pk=draft.pk).update(created=now - timedelta(days=3))
    assert tasks.remove_old(now) == 1
    assert list(Batch.objects.all()) == [old]
    Batch.objects.update(created=now - timedelta(days=9), finished=now - timedelta(days=6))
    assert tasks.remove_old(now) == 0
    Batch.objects.update(finished=now - timedelta(days=8))
    settings.TIDEGATE_BATCH_KEEP_DAYS = 0
    assert tasks.remove_old(now) == 0
    settings.TIDEGATE_BATCH_KEEP_DAYS = 7
    assert tasks.remove_old(now) == 1
    assert not files_left()
