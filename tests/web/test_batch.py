"""The batch page: from a file to decisions, with nothing lost on the way and everything said in words."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import zipfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import lxml.html
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests.formats.support import text_row, workbook
from tests.formats.test_asycuda import declaration, item
from tests.web.batches import SHIPMENTS, decided, lines, messy, screened, start, upload
from tidegate.law import load_rulebook
from tidegate.screening import decide, parse_shipment
from tidegate.web.batch import commands, conf, load_result, store, tasks
from tidegate.web.batch.models import Batch
from tidegate.web.batch.results import OUTCOMES, Filter, Rows, row
from tidegate.web.jobs import commands as jobs
from tidegate.web.jobs.models import Job
from tidegate.web.jobs.worker import Worker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def page(response: Any) -> Any:
    assert response.status_code == 200, response.status_code
    return lxml.html.fromstring(response.content)


def alert(response: Any) -> str:
    """What the page says went wrong, at the place where it did."""
    tree: Any = lxml.html.fromstring(response.content)
    return text(tree.xpath("//*[@role='alert']")[0])


def sent(client: Client, address: str) -> bytes:
    """A download, streamed or not."""
    response: Any = client.get(address)
    assert response.status_code == 200
    assert response["Content-Disposition"].startswith("attachment; filename=")
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def text(element: Any) -> str:
    return " ".join(element.text_content().split())


def only_batch() -> Batch:
    return Batch.objects.get()


def files_left() -> list[Path]:
    return [path for path in conf.folder().rglob("*") if path.is_file()] if conf.folder().exists() else []


# ── upload ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_table_of_another_system_is_understood(client: Client) -> None:
    shown = page(upload(client, "año 2026 declaraciones.csv", messy()))
    body = text(shown)
    chosen = {
        label.text: label.getparent().getparent().xpath(".//select//option[@selected]/@value")
        for label in shown.xpath("//li[contains(@class, 'ba-col ') or @class='ba-col']//label")
    }
    assert chosen["Declaration No"] == ["id"]
    assert chosen["Tanggal"] == ["date"]
    assert chosen["Country of export"] == ["export"]
    assert chosen["Net weight (t)"] == ["net_kg"]
    assert chosen["PE %"] == ["polymers.PE"]
    assert chosen["Bemerkung"] == []
    assert "t turned into kg" in body
    assert "40 rows can be read" in body
    assert "1 of the first 40 rows cannot be read. Row 39: “31/02/2026”; expected: a day written DD/MM/YYYY." in body
    batch = only_batch()
    assert batch.name == "año 2026 declaraciones.csv"
    assert batch.state == "draft"
    # What lies on the disk has a name that no path can be made of, in a folder that nobody can guess.
    assert [path.name for path in files_left()] == ["año_2026_declaraciones.csv"]
    assert len(batch.folder) == 32


def test_from_upload_to_result(client: Client, tmp_path: Path) -> None:
    upload(client, "messy.csv", messy())
    batch = only_batch()
    assert start(client, batch).status_code == 302
    batch.refresh_from_db()
    assert batch.state == "queued"
    assert "Waiting for a worker" in text(page(client.get(batch.get_absolute_url())))
    Worker("test").drain()
    batch.refresh_from_db()
    shown = page(client.get(batch.get_absolute_url()))
    assert (batch.rows, batch.decided, batch.rejected) == (40, 38, 2)
    assert sum(batch.outcomes.values()) == 38
    assert "40 rows in = 38 decided + 2 rejected" in text(shown)
    # The map that was confirmed, used on the command line, gives the same decisions.
    import yaml

    made = client.get(f"/batch/{batch.token}/map.yaml").content.decode()
    (tmp_path / "map.yaml").write_text(made)
    assert yaml.safe_load(made)["columns"]["Net weight (t)"]["unit"] == "t"
    from tidegate.batch import screen_file

    (tmp_path / "messy.csv").write_bytes(messy())
    again = screen_file(tmp_path / "messy.csv", tmp_path / "out.parquet", map=tmp_path / "map.yaml")
    assert dict(again.outcomes) == batch.outcomes
    ours = pq.read_table(store.decisions(batch), columns=["id", "decision_json"]).to_pylist()
    assert ours == pq.read_table(tmp_path / "out.parquet", columns=["id", "decision_json"]).to_pylist()


def test_a_person_changes_a_column_and_its_values_are_turned(client: Client) -> None:
    """The guess is overruled; the new field gets the conversions that its values need."""
    data = b"Ref;A;B;C;D\n1;03.04.2026;JP;MY;1,5\n2;04.04.2026;JP;MY;2,5\n3;30.04.2026;DE;TH;3,5\n"
    upload(client, "x.csv", data)
    batch = only_batch()
    address = f"/batch/{batch.token}/columns/"
    twice = {"c0": "id", "c1": "date", "c2": "export", "c3": "export", "c4": ""}
    wrong = page(client.post(address, {**twice, "do": "preview"}))
    assert text(wrong).count("Another column is taken for") == 2
    assert wrong.xpath("//button[@value='start']/@disabled")
    chosen = {"c0": "id", "c1": "date", "c2": "export", "c3": "import", "c4": "net_kg"}
    right = page(client.post(address, {**chosen, "do": "preview"}))
    assert "3 of the first 3 rows can be read" in text(right)
    # It is kept for whoever comes back to the page.
    back = page(client.get(address))
    assert back.xpath("//select[@name='c4']//option[@selected]/@value") == ["net_kg"]
    client.post(address, {**chosen, "do": "start"})
    Worker("test").drain()
    batch.refresh_from_db()
    found = row(batch, 3)
    assert found is not None
    assert found.shipment == {"id": "3", "date": "2026-04-30", "export": "DE", "import": "TH", "net_kg": "3.5"}


def test_what_no_column_says_can_be_the_same_for_every_row(client: Client) -> None:
    upload(client, "x.csv", b"Office,Number,Code\nLCB,1,391510\nLCB,2,391520\n")
    batch = only_batch()
    address = f"/batch/{batch.token}/columns/"
    shown = page(client.get(address))
    assert (
        "No column yet for: Reference of the line, Day of the border event, State of export, State of import"
        in text(shown)
    )
    given = {"c0": "", "c1": "", "c2": "hs", "all_export": "JP", "all_import": "TH", "all_date": "2026-11-21"}
    bad = page(client.post(address, {**given, "id0": "Office", "all_date": "21.11.2026", "do": "start"}))
    assert "“21.11.2026” is no day" in text(bad)
    client.post(address, {**given, "id0": "Office", "id1": "Number", "do": "start"})
    Worker("test").drain()
    batch.refresh_from_db()
    assert [cells["id"] for cells in pq.read_table(store.decisions(batch)).to_pylist()] == ["LCB-1", "LCB-2"]
    assert Rows(batch, Filter(to="TH", month="2026-11")).count() == 2


def test_a_file_in_the_contracts_own_columns_needs_no_map(client: Client) -> None:
    batch = screened(client)
    assert batch.map is None
    assert (batch.rows, batch.decided, batch.rejected) == (60, 60, 0)


def test_a_map_of_ones_own(client: Client) -> None:
    upload(client, "messy.csv", messy())
    batch = only_batch()
    address = f"/batch/{batch.token}/columns/"
    own = (
        "name: confirmed\ndescription: ours\ncolumns:\n  Declaration No: id\n"
        '  Tanggal: {to: date, dates: ["%d/%m/%Y"]}\n'
        "  Country of export: {to: export, convert: alpha2}\n  Import country: import\n"
    )
    shown = page(client.post(address, {"do": "file", "map": SimpleUploadedFile("own.yaml", own.encode())}, follow=True))
    assert "Map “confirmed (file)”" in text(shown)
    client.post(address, {"do": "start"})
    Worker("test").drain()
    batch.refresh_from_db()
    assert (batch.decided, batch.rejected) == (38, 2)
    found = row(batch, 1)
    assert found is not None
    assert found.beside["Net weight (t)"] == "1,5"


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (b"columns: {A: nowhere}", "is not a field of the contract"),
        (b"a: &a [*a]", "is not YAML"),
        (b"\xff\xfe\x00", "map"),
        (b"columns:\n  Nicht da: id\n", "Nicht da"),
    ],
)
def test_a_map_that_cannot_be_used_is_refused_in_words(client: Client, own: bytes, said: str) -> None:
    upload(client, "messy.csv", messy())
    address = f"/batch/{only_batch().token}/columns/"
    shown = page(client.post(address, {"do": "file", "map": SimpleUploadedFile("own.yaml", own)}, follow=True))
    assert said in text(shown)
    assert client.post(address, {"do": "start"}).status_code in (200, 302)
    assert not Job.objects.exists() or only_batch().map != own


def test_a_shipped_map(client: Client) -> None:
    upload(client, "messy.csv", messy())
    address = f"/batch/{only_batch().token}/columns/"
    shown = page(client.post(address, {"do": "shipped", "shipped": "korea-synthetic"}, follow=True))
    assert "Columns that this map needs and the file does not have" in text(shown)
    assert shown.xpath("//button[@value='start']/@disabled")
    back = page(client.post(address, {"do": "guess"}, follow=True))
    assert not back.xpath("//button[@value='start']/@disabled")
    nonsense = page(client.post(address, {"do": "shipped", "shipped": "../../etc/passwd"}, follow=True))
    assert "No map of that name" in text(nonsense)


def test_the_encoding_can_be_named(client: Client) -> None:
    data = "เลขที่ใบขน,วันที่,export,import,สินค้า\n1,2026-01-01,JP,TH,เศษพลาสติก\n".encode("cp874")
    upload(client, "thai.csv", data)
    address = f"/batch/{only_batch().token}/columns/"
    shown = page(client.post(address, {"source_encoding": "cp874", "do": "preview"}))
    assert "เศษพลาสติก" in text(shown)
    wrong = page(client.post(address, {"source_encoding": "cp874", "source_header_row": "99", "do": "preview"}))
    assert "The file cannot be read like this." in text(wrong)
    assert wrong.xpath("//button[@value='start']/@disabled")


def test_asycuda_files_are_one_batch(client: Client) -> None:
    files = [SimpleUploadedFile(f"decl {n}.xml", declaration(item(), date=f"2024-02-{n:02d}").encode()) for n in (1, 2)]
    files.append(SimpleUploadedFile("bad.xml", b"<foo/>"))
    page(client.post("/batch/upload/", {"files": files}, follow=True))
    batch = only_batch()
    start(client, batch)
    Worker("test").drain()
    batch.refresh_from_db()
    assert batch.rows == batch.decided + batch.rejected
    assert batch.rejected >= 1
    rejects = client.get(f"/batch/{batch.token}/rejects/").content.decode()
    raw = sent(client, f"/batch/{batch.token}/download/rejects.jsonl").decode()
    for shown in (rejects, raw):
        assert "bad.xml" in shown
        assert str(conf.folder()) not in shown


PK_BOMB = io.BytesIO()
with zipfile.ZipFile(PK_BOMB, "w", zipfile.ZIP_DEFLATED) as _archive:
    _archive.writestr("[Content_Types].xml", "<a/>")
    _archive.writestr("xl/workbook.xml", "0" * 20_000_000)

HOSTILE = {
    "empty.csv": (b"", "is empty"),
    "blank.csv": (b"\n\n\n", "no header line"),
    "report.pdf": (b"%PDF-1.7\n%\xe2\xe3\n", "of the kind PDF"),
    "report.csv": (b"%PDF-1.7\n%\xe2\xe3\n", "of the kind PDF"),
    "photo.csv": (b"\x89PNG\r\n\x1a\n\0\0", "of the kind PNG"),
    "program.csv": (b"\x7fELF\2\1\1\0", "of the kind ELF"),
    "noise.csv": (bytes(range(256)) * 20, "neither text nor"),
    "sign-in.csv": (b"\n<!DOCTYPE html><html>", "web page"),
    "sign-in.xlsx": (b"<html>", "web page"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old Excel file"),
    "cut.parquet": (b"PAR1" + b"\0" * 100, "not a whole Parquet file"),
    "bomb.xlsx": (PK_BOMB.getvalue(), "zip bomb"),
    "bomb.csv.gz": (gzip.compress(b"a,b\n" + b"0" * 40_000_000), "bomb"),
    "archive.zip": (b"PK\x03\x04" + b"\0" * 60, "not a whole .xlsx file"),
    "whole.json": (b'[{"id": 1},\n {"id": 2}]', "JSON"),
    "other.xml": (b"<foo/>", "ASYCUDA"),
    "macros.xlsm": (b"PK\x03\x04" + b"\0" * 60, "macros"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_refused_in_words_and_leaves_nothing(client: Client, name: str) -> None:
    data, said = HOSTILE[name]
    response = client.post("/batch/upload/", {"files": SimpleUploadedFile(name, data)})
    assert response.status_code == 400
    shown = alert(response)
    assert said in shown
    assert "Traceback" not in shown
    assert str(conf.folder()) not in shown
    assert b'aria-invalid="true"' in response.content
    assert not Batch.objects.exists()
    assert not files_left()


def test_entities_in_xml_and_formulas_in_workbooks_do_nothing(client: Client, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOP SECRET")
    xml = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{secret}">]><ASYCUDA><Item>&a;</Item></ASYCUDA>'.encode()
    response = upload(client, "evil.xml", xml)
    assert b"TOP SECRET" not in response.content
    header, line = text_row(1, "id", "date", "export", "import"), text_row(2, "=1+1", "2026-01-01", "JP", "MY")
    batch = screened(client, "b.xlsx", workbook(tmp_path / "b.xlsx", header + line).read_bytes())
    cells = list(csv.reader(io.StringIO(sent(client, f"/batch/{batch.token}/download/decisions.csv").decode())))
    assert cells[1][0] == "'=1+1"


def test_too_large_a_file_is_refused_while_it_comes(client: Client, settings: Any) -> None:
    settings.TIDEGATE_UPLOAD_MAX_BYTES = 1000
    response = client.post("/batch/upload/", {"files": SimpleUploadedFile("x.csv", b"a,b\n" + b"1,2\n" * 100_000)})
    assert response.status_code == 413
    assert "larger than 1000" in alert(response)
    assert not Batch.objects.exists()
    assert not files_left()


def test_several_tables_are_not_one_batch(client: Client) -> None:
    files = [SimpleUploadedFile(name, b"id,date,export,import\n1,2026-01-01,JP,MY\n") for name in ("a.csv", "b.csv")]
    response = client.post("/batch/upload/", {"files": files})
    assert response.status_code == 400
    assert "ASYCUDA XML" in alert(response)
    assert not files_left()
    assert client.post("/batch/upload/", {}).status_code == 400


def test_a_forged_upload_stores_nothing() -> None:
    strict = Client(enforce_csrf_checks=True)
    file = SimpleUploadedFile("x.csv", b"id\n1\n")
    assert strict.post("/batch/upload/", {"files": file}).status_code == 403
    assert not Batch.objects.exists()
    assert not files_left()
    shown = page(strict.get("/batch/"))
    token = shown.xpath("//form[@enctype]//input[@name='csrfmiddlewaretoken']/@value")[0]
    file = SimpleUploadedFile("x.csv", b"id\n1\n")
    assert strict.post("/batch/upload/", {"csrfmiddlewaretoken": token, "files": file}).status_code == 302


NAMES = ["../../etc/passwd", "C:\\temp\\a b.csv", "..", ".bashrc", "a" * 300 + ".csv", "\0x.csv", ""]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    safe = store.safe_name(name, ["a_b.csv"])
    assert safe == Path(safe).name
    assert not safe.startswith(".")
    assert len(safe) < 80
    assert store.safe_name("A B.csv", ["a_b.csv"]) == "A_B-2.csv"
    assert store.safe_name("x.csv.gz") == "x.csv.gz"


# ── screening ──────────────────────────────────────────────────────────────────────────────────────────────


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


# ── results ────────────────────────────────────────────────────────────────────────────────────────────────


def wanted(decision: dict[str, Any], shipment: dict[str, Any], name: str, value: str) -> bool:
    """Whether a row is let through by a filter: worked out from the decision itself, without the index."""
    checks = bool(decision["verify"])
    match name:
        case "outcome":
            clear = decision["outcome"] == "clear"
            return {"verify": clear and checks, "settled": clear and not checks}.get(
                value, decision["outcome"] == value
            )
        case "to":
            return bool(shipment["import"] == value)
        case "of":
            return bool(shipment["export"] == value)
        case "entry":
            return bool((decision["entry"] or "open") == value)
        case "rule":
            return value in {reason["rule"] for reason in decision["reasons"]}
        case "prohibits":
            return value in {r["rule"] for r in decision["reasons"] if r["effect"] == "prohibit"}
        case "month":
            return bool(shipment["date"].startswith(value))
        case "question":
            return value in {question["fact"] for question in decision["questions"]}
        case "paper":
            return value in {document for missing in decision["missing"] for document in missing["documents"]}
        case "text":
            return value.lower() in decision["id"].lower() or value.lower() in shipment["consignment"].lower()
    raise AssertionError(name)


def test_every_filter_finds_what_the_decisions_say(client: Client) -> None:
    batch = screened(client)
    decisions = [json.loads(cells["decision_json"]) for cells in pq.read_table(store.decisions(batch)).to_pylist()]
    pairs = list(zip(decisions, SHIPMENTS, strict=True))
    options: dict[str, set[str]] = {
        "outcome": set(OUTCOMES),
        "to": {"MY", "TH", "VN", "LA", "XX"},
        "of": {"JP", "DE", "US"},
        "entry": {d["entry"] or "open" for d in decisions},
        "rule": {reason["rule"] for d in decisions for reason in d["reasons"]},
        "prohibits": {r["rule"] for d in decisions for r in d["reasons"] if r["effect"] == "prohibit"} | {"NONE"},
        "month": {"2018", "2024", "2025-01", "2026-09"},
        "question": {question["fact"] for d in decisions for question in d["questions"]},
        "paper": {document for d in decisions for missing in d["missing"] for document in missing["documents"]},
        "text": {"s-00", "C-1", "S-059", "%", "'"},
    }
    for name, values in options.items():
        assert values, name
        for value in sorted(values)[:8]:
            expected = [d["row"] for d, s in pairs if wanted(d, s, name, value)]
            found = Rows(batch, Filter(**{name: value}))
            assert found.numbers() == expected, (name, value)
            assert found.count() == len(expected)
    both = Rows(batch, Filter(outcome="prohibited", to="TH"))
    assert both.numbers() == [
        d["row"] for d, s in pairs if wanted(d, s, "outcome", "prohibited") and wanted(d, s, "to", "TH")
    ]
    assert Rows(batch, Filter(outcome="nonsense")).count() == 0


def test_the_counts_beside_the_filters_are_what_they_find(client: Client) -> None:
    batch = screened(client)
    shown = page(client.get(f"/batch/{batch.token}/rows/"))
    checked = 0
    for select in shown.xpath("//form[@role='search']//select"):
        for option in select.xpath("./option[@value!='']")[:2]:
            count = int(option.text.rpartition("(")[2].strip(")").replace("\u202f", ""))
            found = page(client.get(f"/batch/{batch.token}/rows/", {select.name: option.get("value")}))
            assert f"{count} row" in text(found.xpath("//*[contains(@class, 'ba-found')]")[0]), option.text
            checked += 1
    assert checked > 12


def test_pages_hold_every_row_once(client: Client) -> None:
    batch = screened(client)
    seen = []
    for number in (1, 2):
        shown = page(client.get(f"/batch/{batch.token}/rows/?page={number}"))
        seen += [text(cell) for cell in shown.xpath("//tbody//td[contains(@class, 'ba-c-id')]/a")]
    assert seen == [s["id"] for s in SHIPMENTS]
    assert "Page 2 of 2" in text(shown)


def test_a_row_leads_to_the_check_page_and_that_says_the_same(client: Client) -> None:
    batch = screened(client)
    book = load_rulebook()
    for number in (1, 5, 7, 24, 60):
        shown = page(client.get(f"/batch/{batch.token}/rows/{number}/"))
        found = row(batch, number)
        assert found is not None
        given = SHIPMENTS[number - 1]
        known = {k: v for k, v in given.items() if v not in ([], None)}
        assert {k: v for k, v in found.shipment.items() if v not in ([], None)} == known
        again = decide(parse_shipment(found.shipment, book), book)
        assert again["outcome"] == found.decision["outcome"]
        address = shown.xpath("//a[contains(., 'Open in the check page')]/@href")[0]
        checked = page(client.get(address))
        title = text(checked.xpath("//h2[@id='verdict-title']")[0])
        assert title == text(shown.xpath("//h2[@id='verdict-title']")[0])
        reasons = {reason["rule"] for reason in found.decision["reasons"]}
        assert {f"rule-{rule}" for rule in reasons} == set(shown.xpath("//li[starts-with(@id, 'rule-')]/@id"))
    assert client.get(f"/batch/{batch.token}/rows/61/").status_code == 404


def test_what_was_declared_is_escaped(client: Client) -> None:
    batch = screened(client)
    body = client.get(f"/batch/{batch.token}/rows/1/").content.decode()
    assert "&lt;b&gt;&amp;&quot;x" in body
    assert '<b>&"x' not in body


def test_the_steps_to_the_next_row_stay_inside_the_filter(client: Client) -> None:
    batch = screened(client)
    chosen = Filter(to="TH")
    numbers = Rows(batch, chosen).numbers()
    assert Rows(batch, chosen).beside(numbers[0]) == (None, numbers[1])
    assert Rows(batch, chosen).beside(numbers[3]) == (numbers[2], numbers[4])
    assert Rows(batch, chosen).beside(numbers[-1]) == (numbers[-2], None)
    shown = page(client.get(f"/batch/{batch.token}/rows/{numbers[1]}/?to=TH"))
    assert shown.xpath("//a[@rel='next']/@href") == [f"/batch/{batch.token}/rows/{numbers[2]}/?to=TH"]


def test_nothing_looks_green_while_something_is_left_to_check(client: Client) -> None:
    batch = screened(client)
    clear = Rows(batch, Filter(outcome="clear")).numbers()
    left = Rows(batch, Filter(outcome="verify")).numbers()
    assert batch.checks == len(left)
    shown = page(client.get(batch.get_absolute_url()))
    tiles = {}
    for tile in shown.xpath("//a[contains(@class, 'ba-tile ')]"):
        word, count = (tile.xpath(f".//*[contains(@class, 'ba-tile-{part}')]")[0] for part in ("word", "count"))
        tiles[text(word)] = int(text(count))
    assert tiles["Clear on paper"] == len(left) > 0
    assert tiles["Clear"] == len(clear) - len(left) > 0
    for number in left[:5]:
        listed = page(client.get(f"/batch/{batch.token}/rows/?text={SHIPMENTS[number - 1]['id']}"))
        assert listed.xpath("//tbody//span[contains(@class, 'td-tone-verify')]")
        assert not listed.xpath("//tbody//span[contains(@class, 'td-tone-clear')]")


def test_the_overview_adds_up(client: Client) -> None:
    batch = screened(client)
    shown = page(client.get(batch.get_absolute_url()))
    counts: Counter[str] = Counter()
    for tile in shown.xpath("//a[contains(@class, 'ba-tile ')]"):
        counts["tiles"] += int(text(tile.xpath(".//*[contains(@class, 'ba-tile-count')]")[0]).replace("\u202f", ""))
    assert counts["tiles"] == batch.decided
    for head in ("State of import", "State of export", "Month", "Entry"):
        table = shown.xpath(f"//div[@aria-label='{head}']/table")[0]
        rows = [[text(cell) for cell in line.xpath("./td")] for line in table.xpath("./tbody/tr")]
        assert sum(int(cells[0]) for cells in rows) == batch.decided
        for cells in rows:
            assert int(cells[0]) == sum(int(cell) for cell in cells[1:] if cell != "·")
    states = Counter(s["import"] for s in SHIPMENTS)
    assert "Malaysia" in text(shown)
    assert Rows(batch, Filter(to="MY")).count() == states["MY"]


@pytest.mark.parametrize("name", ["outcomes", "imports", "exports", "months", "rules", "flows", "flows-prohibited"])
def test_pictures(client: Client, name: str) -> None:
    batch = screened(client)
    drawn = {}
    for query in ("", "?theme=dark", "?size=narrow"):
        response = client.get(f"/batch/{batch.token}/picture/{name}.svg{query}")
        assert response.status_code == 200
        assert response["Content-Type"] == "image/svg+xml"
        assert b"<script" not in response.content
        drawn[query] = response.content
    assert len(set(drawn.values())) == 3
    assert client.get(f"/batch/{batch.token}/picture/nonsense.svg").status_code == 404


def test_downloads_hold_the_same_rows(client: Client) -> None:
    batch = screened(client, "messy.csv", messy())
    base = f"/batch/{batch.token}/download/"

    def body(what: str) -> bytes:
        return sent(client, base + what)

    table = pq.read_table(io.BytesIO(body("decisions.parquet"))).to_pylist()
    sheet = openpyxl.load_workbook(io.BytesIO(body("decisions.xlsx")), read_only=True).active
    assert sheet is not None
    cells = list(sheet.iter_rows(values_only=True))
    with_commas = list(csv.DictReader(io.StringIO(body("decisions.csv").decode())))
    objects = [json.loads(line) for line in body("decisions.jsonl").splitlines()]
    ids = [row["id"] for row in table]
    assert len(ids) == 38
    assert [row["id"] for row in with_commas] == ids
    assert [line[0] for line in cells[1:]] == ids
    assert [one["id"] for one in objects] == ids
    assert list(cells[0]) == list(with_commas[0]) == list(table[0])
    assert with_commas[3]["Bemerkung"] == "'=cmd|3"
    assert objects[3]["Bemerkung"] == "=cmd|3"
    assert objects[0]["export"] == "DE"
    assert objects[0]["reasons"] == json.loads(table[0]["decision_json"])["reasons"]
    part = list(csv.DictReader(io.StringIO(body("decisions.csv?to=TH").decode())))
    assert [line["row"] for line in part] == [str(n) for n in Rows(batch, Filter(to="TH")).numbers()]
    rejects = [json.loads(line) for line in body("rejects.jsonl").splitlines()]
    assert [reject["id"] for reject in rejects] == ["D-bad1", "D-bad2"]
    assert len(ids) + len(rejects) == json.loads(body("summary.json"))["rows"] == 40
    assert client.get(base + "decisions.exe").status_code == 404
    assert client.get(base + "decisions.parquet?to=TH").status_code == 404


def test_a_workbook_has_its_limit(client: Client, settings: Any) -> None:
    batch = screened(client)
    settings.TIDEGATE_BATCH_XLSX_ROWS = 10
    assert client.get(f"/batch/{batch.token}/download/decisions.xlsx").status_code == 302
    assert "At most 10 rows" in text(page(client.get(f"/batch/{batch.token}/downloads/")))
    assert client.get(f"/batch/{batch.token}/download/decisions.xlsx?text=S-00").status_code == 200


def test_another_rulebook_since_is_said(client: Client) -> None:
    batch = screened(client)
    Batch.objects.update(rulebook="2020.01.01+abc")
    assert "another is in force now" in text(page(client.get(batch.get_absolute_url())))
    assert "another is in force now" in text(page(client.get(f"/batch/{batch.token}/rows/1/")))


# ── who sees what, and for how long ────────────────────────────────────────────────────────────────────────


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


# ── a result that comes from elsewhere ─────────────────────────────────────────────────────────────────────


def test_a_result_is_registered_and_shown(client: Client, tmp_path: Path, settings: Any) -> None:
    settings.TIDEGATE_BATCHES_OPEN = True
    data = lines([*SHIPMENTS, {"id": "bad"}])
    out, summary = decided(tmp_path, data)
    batch = load_result(out, "declarations.jsonl", summary)
    assert (batch.rows, batch.decided, batch.rejected) == (61, 60, 1)
    shown = page(client.get(batch.get_absolute_url()))
    assert "61 rows in = 60 decided + 1 rejected" in text(shown)
    assert page(client.get(f"/batch/{batch.token}/rows/1/")).xpath("//a[contains(., 'Open in the check page')]")
    assert "bad" in text(page(client.get(f"/batch/{batch.token}/rejects/")))
    assert str(tmp_path) not in client.get(f"/batch/{batch.token}/download/summary.json").content.decode()
    # The caller's file stays its own; a second result of the name takes the place of the first.
    again = load_result(out, "declarations.jsonl", summary.as_dict())
    assert out.exists()
    assert list(Batch.objects.all()) == [again]
    assert {path.parent.parent.name for path in files_left()} == {again.folder}
    client.post(f"/batch/{again.token}/delete/")
    assert out.exists()


def test_a_result_without_the_shipments_is_shown_as_far_as_it_goes(
    client: Client, tmp_path: Path, settings: Any
) -> None:
    from tidegate.batch import screen_file

    settings.TIDEGATE_BATCHES_OPEN = True
    (tmp_path / "in.jsonl").write_bytes(lines())
    summary = screen_file(tmp_path / "in.jsonl", tmp_path / "plain.parquet")
    batch = load_result(tmp_path / "plain.parquet", "plain", summary)
    shown = page(client.get(f"/batch/{batch.token}/rows/1/"))
    assert not shown.xpath("//a[contains(., 'Open in the check page')]")
    assert "was not kept" in text(shown)
    assert page(client.get(f"/batch/{batch.token}/rows/?outcome=prohibited")) is not None


def test_what_is_no_result_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    out, summary = decided(tmp_path, lines())
    wrong = {**summary.as_dict(), "decided": 59, "rows": 59}
    with pytest.raises(ValueError, match="60 decisions, the summary says 59"):
        load_result(out, "x", wrong)
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), other)
    with pytest.raises(ValueError, match="full form"):
        load_result(other, "x", summary)
    assert not Batch.objects.exists()
    assert not files_left()
