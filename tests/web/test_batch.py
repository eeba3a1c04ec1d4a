"""From a file to confirmed columns: what is understood, what a person changes, what is refused and how."""

from __future__ import annotations

import csv
import gzip
import io
import resource
import zipfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.formats.support import text_row, workbook
from tests.formats.test_asycuda import declaration, item
from tests.web.batches import (
    alert,
    files_left,
    messy,
    only_batch,
    page,
    screened,
    sent,
    start,
    text,
    upload,
)
from tidegate.web.batch import conf, store
from tidegate.web.batch.models import Batch
from tidegate.web.batch.results import Filter, Rows, row
from tidegate.web.batch.uploads import Handler
from tidegate.web.jobs.models import Job
from tidegate.web.jobs.worker import Worker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_uploads(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


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


def test_a_thousand_declarations_are_one_upload(client: Client) -> None:
    """More files than Django takes on any other page, and more than a process may hold open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        xml = declaration(item()).encode()
        files = [SimpleUploadedFile(f"decl-{n:04d}.xml", xml) for n in range(1000)]
        response = client.post("/batch/upload/", {"files": files})
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    batch = only_batch()
    assert response.status_code == 302
    assert len(batch.files) == len(files_left()) == 1000
    assert batch.size == 1000 * len(xml)
    assert batch.name == "decl-0000.xml + 999"


def test_the_upload_reads_names_and_fields_as_browsers_send_them(client: Client) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\xc3\xa9\r\n'
        b'--b\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\n\r\n'
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="C:\\dir\\khai b\xc3\xa1o.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\nid,date,export,import\n1,2026-01-01,JP,MY\n\r\n--b--\r\n"
    )
    response = client.generic("POST", "/batch/upload/", body, content_type="multipart/form-data; boundary=b")
    assert response.status_code == 302
    assert only_batch().name == "khai báo.csv"
    assert [path.read_bytes() for path in files_left()] == [b"id,date,export,import\n1,2026-01-01,JP,MY\n"]


@pytest.mark.parametrize("size", [(2000, 1), (1, 70_000)])
def test_a_form_that_is_not_ours_is_refused(client: Client, size: tuple[int, int]) -> None:
    fields = {f"f{n}": "x" * size[1] for n in range(size[0])}
    file = SimpleUploadedFile("x.csv", b"id\n1\n")
    assert client.post("/batch/upload/", {"files": file, **fields}).status_code in (400, 413)
    assert not files_left()


def test_an_upload_that_breaks_off_leaves_nothing(client: Client) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if data := super().read(size):
                return data
            raise OSError("the other side is gone")

    begun = b'--b\r\nContent-Disposition: form-data; name="files"; filename="x.csv"\r\n\r\n' + b"1,2026-01-01\n" * 9999
    handler = Handler()
    with pytest.raises(OSError, match="gone"):
        handler.handle_raw_input(Broken(begun), {}, len(begun) + 100, b"b")
    assert not files_left()


def test_more_files_than_are_taken(client: Client, settings: Any) -> None:
    settings.TIDEGATE_BATCH_MAX_FILES = 5
    files = [SimpleUploadedFile(f"{n}.xml", b"<ASYCUDA/>") for n in range(9)]
    response = client.post("/batch/upload/", {"files": files})
    assert response.status_code == 400
    assert "At most 5 files" in alert(response)
    assert not files_left()


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


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("headers.csv", b"id,date,export,import,hs\n", "The file holds no rows"),
        (
            "in.xml",
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><ASYCUDA>&x;</ASYCUDA>',
            "is refused: entities",
        ),
        ("in.xml", b'<?xml version="1.0"?><ASYCUDA><Item>', "the declaration is cut off before its end"),
    ],
)
def test_a_file_of_which_no_row_can_be_read_says_why(client: Client, name: str, data: bytes, why: str) -> None:
    shown = upload(client, name, data)
    assert why in text(page(shown))
    batch = only_batch()
    client.post(f"/batch/{batch.token}/columns/", {"do": "start"})
    batch.refresh_from_db()
    assert batch.state == "draft"
