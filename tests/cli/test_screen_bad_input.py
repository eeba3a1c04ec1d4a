"""What `tidegate screen` says, as a person reads it, of input and output that cannot be."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from tidegate.cli import main
from tidegate.formats.writers import AtomicFile

HEADER = "id,date,export,import,hs\n"


def said(capsys: pytest.CaptureFixture[str], source: Path, *more: str, output: str = "out.jsonl") -> tuple[int, str]:
    """Exit status and what stands on standard error."""
    code = main(["screen", str(source), "-o", str(source.parent / output), "--quiet", *more])
    return code, capsys.readouterr().err


def table(tmp_path: Path, rows: str, name: str = "in.csv") -> Path:
    path = tmp_path / name
    path.write_text(HEADER + rows, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("", "no row could be decided: the input holds no rows (a table has its headers in the first line)"),
        ("1,x,JP,MY,\n2,,JP,MY,\n3,2026-01-01,JP,ZZ,\n", "of 3 rows each was rejected, for date (× 2), import (× 1)"),
    ],
)
def test_who_gets_no_decision_is_told_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: str, why: str
) -> None:
    code, text = said(capsys, table(tmp_path, rows))
    assert code == 3
    assert why in text
    if rows:
        assert str(tmp_path / "out.rejects.jsonl") in text
        messages = [json.loads(line)["error"]["message"] for line in (tmp_path / "out.rejects.jsonl").open()]
        assert messages[1] == "row 2, line 3: date: nothing given: expected a day of the calendar as YYYY-MM-DD"


def declared(number: int, importing: str) -> str:
    """A declaration of one item, as ASYCUDA writes it."""
    return f"""<ASYCUDA>
<Identification><Office_segment><Customs_clearance_office_code>XV</Customs_clearance_office_code></Office_segment>
<Registration><Number>{number}</Number><Date>2026-01-01</Date></Registration></Identification>
<General_information><Country><Export><Export_country_code>JP</Export_country_code></Export>
<Destination><Destination_country_code>{importing}</Destination_country_code></Destination></Country></General_information>
<Item><Tarification><HScode><Commodity_code>391510</Commodity_code></HScode></Tarification></Item></ASYCUDA>"""


@pytest.mark.parametrize("form", ["csv", "jsonl", "xml"])
def test_a_reject_says_where_it_stands_however_the_file_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    wanted: list[tuple[int, int, str | None]]
    if form == "csv":
        source = table(tmp_path, '"1\n1",2026-01-01,JP,MY,3915\n2,2026-06-31,JP,MY,\n3,2026-01-01,JP,QQ,\n')
        wanted = [(2, 4, None), (3, 5, None)]
    elif form == "jsonl":
        source = tmp_path / "in.jsonl"
        shipment = {"id": "1", "date": "2026-01-01", "export": "JP", "import": "MY"}
        lines = [shipment, {**shipment, "net_kg": -1}, {**shipment, "import": "QQ"}]
        source.write_text("\n\n".join(map(json.dumps, lines)), encoding="utf-8")
        wanted = [(2, 3, None), (3, 5, None)]
    else:
        source = tmp_path / "sad"
        source.mkdir()
        for n, state in enumerate(("MY", "QQ", "MY", "QX")):
            (source / f"{n}.xml").write_text(declared(n, state), encoding="utf-8")
        wanted = [(2, 6, "1.xml"), (4, 6, "3.xml")]
    told = []
    for more in ((), ("--resume",)):
        assert said(capsys, source, *more)[0] == 0
        told.append((tmp_path / "out.rejects.jsonl").read_bytes())
    assert told[0] == told[1]
    records = [json.loads(line) for line in told[0].splitlines()]
    assert [(one["row"], one["line"], one.get("file")) for one in records] == wanted
    for (row, line, file), record in zip(wanted, records, strict=True):
        assert record["error"]["message"].startswith(f"{file + ', ' if file else ''}row {row}, line {line}: ")


@pytest.mark.parametrize(
    ("first", "lacking"),
    [("Ref,Datum,export,import", "id, date"), ("7,2026-01-01,JP,MY", "id, date, export, import")],
)
def test_who_has_other_headers_is_told_of_column_maps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], first: str, lacking: str
) -> None:
    source = tmp_path / "in.csv"
    source.write_text(f"{first}\n8,2026-01-01,JP,MY\n", encoding="utf-8")
    code, text = said(capsys, source)
    assert code == 3
    assert f"no column is called {lacking}, or the first line holds no headers; `tidegate map FILE" in text
    map_ = tmp_path / "map.yaml"
    map_.write_text("columns: {Ref: id, Datum: date}\n" if "Ref" in first else "constants: {id: x, export: JP}\n")
    code, text = said(capsys, source, "--map", str(map_))
    assert (code, "no column is called date, import" in text) == ((0, False) if "Ref" in first else (3, True))


def test_decisions_never_take_the_place_of_the_shipments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = table(tmp_path, "1,2026-01-01,JP,MY,391510\n")
    before = source.read_bytes()
    code, text = said(capsys, source, output="in.csv")
    assert code == 2
    assert text == f"tidegate screen: {source}: is the input itself; name another file for the decisions\n"
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("more", "output", "says"),
    [
        (("--compact",), "out.csv", "the compact form is Parquet"),
        (("--compact", "--changes"), "out.parquet", "the compact form is Parquet"),
        (("--resume",), "out.xlsx", "a run that can go on writes a Parquet, CSV or JSON Lines file"),
        (("--resume", "--changes"), "out.csv", "a run that can go on"),
        (("--pdf", "nowhere/a.pdf"), "out.csv", "--pdf nowhere/a.pdf: there is no such folder"),
        ((), "", "is a folder; name a file for the decisions"),
    ],
)
def test_what_would_be_left_undone_in_silence_is_refused(
    more: tuple[str, ...], output: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(capsys, table(tmp_path, "1,2026-01-01,JP,MY,391510\n"), *more, output=output)
    assert code == 2
    assert says in text
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_the_pdf_is_of_the_first_row_that_was_decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = table(tmp_path, "1,soon,JP,MY,391510\n2,2026-01-01,JP,MY,391510\n")
    code, text = said(capsys, source, "--pdf", str(tmp_path / "a.pdf"))
    assert (code, text) == (0, "")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "in.parquet"
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": ["1"], "date": ["2026-01-01"], "export": ["JP"], "import": ["MY"]}), source)
    code, text = said(capsys, source, output="nowhere/out.jsonl")
    assert (code, text) == (2, f"tidegate screen: {tmp_path / 'nowhere'}: no such folder\n")


def test_a_map_that_is_no_yaml_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = table(tmp_path, "1,2026-01-01,JP,MY,391510\n")
    map_ = tmp_path / "map.yaml"
    map_.write_text("a: [1\n")
    code, text = said(capsys, source, "--map", str(map_))
    assert code == 2
    assert "map.yaml: the map is not YAML: while parsing" in text
    assert text.count("\n") == 1


def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")

    class Full:
        """A file on a disk that is full: what it holds cannot be written, not even when it is closed."""

        def __init__(self, stream: Any):
            self._stream = stream

        def write(self, data: bytes) -> int:
            raise full

        def close(self) -> None:
            self._stream.close()
            raise full

    real = AtomicFile.__init__

    def opened(self: AtomicFile, path: Path) -> None:
        real(self, path)
        self.stream = Full(self.stream)  # type: ignore[assignment]

    monkeypatch.setattr(AtomicFile, "__init__", opened)
    source = table(tmp_path, "1,2026-01-01,JP,MY,391510\n")
    assert said(capsys, source) == (2, "tidegate screen: the disk is full; nothing was written\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
