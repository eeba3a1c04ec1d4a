"""Worksheets: data is read, nothing is run, hostile workbooks are refused."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from tests.formats.support import check_rows, errors, read, shipments, text_row, workbook
from tidegate.formats import FormatError, Limits, RawRow, load_map, open_shipments

# Spreadsheets know no zones.
AFTERNOON = dt.datetime(2024, 3, 1, 13, 5)  # noqa: DTZ001
MIDNIGHT = dt.datetime(2024, 2, 29)  # noqa: DTZ001
HEAD = text_row(1, "id", "hs", "net_kg")


def rows_of(path: Path, **options: Any) -> list[RawRow]:
    rows = read(path, **options)
    check_rows(rows)
    return rows


def saved(path: Path, rows: list[list[Any]], *, sheets: dict[str, list[list[Any]]] | None = None) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for title, more in (sheets or {}).items():
        other = book.create_sheet(title)
        for row in more:
            other.append(row)
    book.save(path)
    return path


def test_cells_become_what_they_show(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "a.xlsx",
        [
            ["ID", "Date", "hs", "net_kg", "waste", "polymers.PE", "events.arrived", "Vessel"],
            [97061800, dt.date(2024, 2, 29), 39151000, 12.5, True, 0.1, AFTERNOON, "Example"],
            ["007", MIDNIGHT, 391510.0, 1e3, False, 99, None, AFTERNOON],
            ["008", "2024-02-29", 3915.1, None, "yes", None, None, None],
            ["009", "2024-02-29", "0391", 10**14, None, None, None, None],
        ],
    )
    assert shipments(rows_of(path)) == [
        {"id": "97061800", "date": "2024-02-29", "hs": "39151000", "net_kg": "12.5", "waste": True,
         "polymers": {"PE": "0.1"}, "events": {"arrived": "2024-03-01"}, "Vessel": "Example"},
        {"id": "007", "date": "2024-02-29", "hs": "391510", "net_kg": "1000", "waste": False,
         "polymers": {"PE": "99"}, "Vessel": "2024-03-01T13:05:00"},
        {"id": "008", "date": "2024-02-29", "hs": "391510", "waste": True},
        {"id": "009", "date": "2024-02-29", "hs": "0391", "net_kg": "100000000000000"},
    ]  # fmt: skip


def test_rows_keep_the_numbers_that_the_program_shows(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.xlsx", [[None], ["id"], [None], ["1"], [None], [None], ["2"]])
    with open_shipments(path) as reader:
        rows = list(reader)
    assert [(row.row, row.line) for row in rows] == [(1, 4), (2, 7)]


def test_a_formula_counts_as_its_stored_result_and_without_one_is_rejected(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        HEAD
        + '<row r="2"><c r="A2" t="str"><f>"a"&amp;"b"</f><v>ab</v></c><c r="B2"><f>3915*100</f><v>391500</v></c></row>'
        + '<row r="3"><c r="A3" t="inlineStr"><is><t>c</t></is></c><c r="C3"><f>WEBSERVICE("x")</f></c></row>'
        + '<row r="4"><c r="A4" t="inlineStr"><is><t>=1+1</t></is></c></row>',
    )
    rows = rows_of(path)
    assert shipments(rows) == [{"id": "ab", "hs": "391500"}, {"id": "=1+1"}]
    assert errors(rows)[0] == {
        "field": "net_kg",
        "value": "a formula without a stored result",
        "expected": "a value (open the file and save it, or paste values)",
        "message": "row 2, line 3: net_kg: a formula without a stored result is not a value (open the file and "
        "save it, or paste values)",
    }


@pytest.mark.parametrize(
    "cell",
    ['t="e"><v>#N/A</v>', 't="s"><v>99</v>', "><v>abc</v>", "><v>NaN</v>", "><v>1e999</v>"],
)
def test_a_cell_without_a_usable_value_rejects_its_row_alone(tmp_path: Path, cell: str) -> None:
    path = workbook(tmp_path / "a.xlsx", HEAD + f'<row r="2"><c r="C2" {cell}</c></row>' + text_row(3, "ok"))
    rows = rows_of(path)
    assert shipments(rows) == [{"id": "ok"}]
    assert errors(rows)[0]["field"] == "net_kg"


def test_a_cell_outside_the_header_rejects_its_row(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", HEAD + text_row(2, "1", "3915", "1", "more") + text_row(3, "2"))
    rows = rows_of(path)
    assert [row.data is not None for row in rows] == [False, True]
    assert "outside the 3 columns" in errors(rows)[0]["message"]


def test_both_calendars_of_the_file_format(tmp_path: Path) -> None:
    for epoch, day in (("0", "2024-02-29"), ("1", "2028-03-01")):
        path = tmp_path / f"{epoch}.xlsx"
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(["id", "date"])
        sheet.append(["1", dt.date(2024, 2, 29)])
        book.save(path)
        with zipfile.ZipFile(path) as z:
            parts = {name: z.read(name) for name in z.namelist()}
        parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
            b"<workbookPr/>", b'<workbookPr date1904="%s"/>' % epoch.encode()
        )
        with zipfile.ZipFile(path, "w") as z:
            for name, data in parts.items():
                z.writestr(name, data)
        assert shipments(rows_of(path))[0]["date"] == day


def test_the_first_visible_sheet_is_read_the_others_are_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.xlsx", [["id"], ["1"]], sheets={"Other": [["id"], ["2"]], "Third": [["id"], ["3"]]})
    with open_shipments(path) as reader:
        assert [row.data for row in reader] == [{"id": "1"}]
        assert "only the sheet 'Sheet' is read; not read: Other, Third" in reader.notes
    assert shipments(read(path, map=load_map({"source": {"sheet": "Third"}}))) == [{"id": "3"}]
    with pytest.raises(FormatError, match="no sheet 'Nowhere'"):
        read(path, map=load_map({"source": {"sheet": "Nowhere"}}))


def test_an_empty_sheet_is_refused_and_a_header_alone_is_no_rows(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no sheet with a header"):
        read(saved(tmp_path / "a.xlsx", []))
    assert rows_of(saved(tmp_path / "b.xlsx", [["id", "hs"]])) == []


def test_a_workbook_may_come_as_a_stream_that_cannot_seek(tmp_path: Path) -> None:
    data = saved(tmp_path / "a.xlsx", [["id"], ["1"]]).read_bytes()

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self._inner = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return self._inner.readinto(buffer)

    assert shipments(read(Pipe())) == [{"id": "1"}]


def test_a_time_alone_is_no_day(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.xlsx", [["id", "date"], ["1", dt.time(12)], ["2", dt.date(1900, 1, 1)]])
    assert shipments(rows_of(path)) == [{"id": "1", "date": "12:00:00"}, {"id": "2", "date": "1900-01-01"}]


def test_an_encoding_that_nobody_knows_is_a_damaged_workbook(tmp_path: Path) -> None:
    data = (saved(tmp_path / "a.xlsx", [["id"], ["1"]])).read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            text = old.read(part)
            new.writestr(part, b'<?xml version="1.0" encoding="bogus"?>' + text if "sheet1" in part else text)
    (tmp_path / "b.xlsx").write_bytes(out.getvalue())
    with pytest.raises(FormatError, match="is damaged"):
        rows_of(tmp_path / "b.xlsx")


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("xl/vbaProject.bin", "macros"),
        ("xl/macrosheets/sheet1.xml", "macros"),
        ("xl/externalLinks/externalLink1.xml", "links to other workbooks"),
        ("xl/connections.xml", "connections to outside data"),
        ("xl/activeX/activeX1.xml", "active controls"),
    ],
)
def test_workbooks_that_reach_outside_or_run_things_are_refused(tmp_path: Path, part: str, says: str) -> None:
    path = workbook(tmp_path / "a.xlsx", HEAD + text_row(2, "1"), extra={part: b"<x/>"})
    with pytest.raises(FormatError, match=says):
        read(path)


def test_a_macro_workbook_is_refused_by_its_name_and_by_its_content_type(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.xlsx", [["id"], ["1"]])
    with pytest.raises(FormatError, match="macros"):
        read(path.rename(tmp_path / "a.xlsm"))
    path = workbook(tmp_path / "b.xlsx", HEAD)
    data = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        parts = {name: z.read(name) for name in z.namelist()}
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"openxmlformats-officedocument.spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"
    )
    with zipfile.ZipFile(path, "w") as z:
        for name, part in parts.items():
            z.writestr(name, part)
    with pytest.raises(FormatError, match="macros"):
        read(path)


BOMB = (
    '<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)


@pytest.mark.parametrize("doctype", [BOMB, '<!DOCTYPE x SYSTEM "file:///etc/hostname">', "<!DOCTYPE x>"])
@pytest.mark.parametrize("wide", [False, True])
def test_entities_are_refused_before_anything_is_parsed(tmp_path: Path, doctype: str, wide: bool) -> None:
    path = workbook(tmp_path / "a.xlsx", text_row(1, "id") + text_row(2, "&j;"), doctype=doctype)
    if wide:
        with zipfile.ZipFile(path) as z:
            parts = {name: z.read(name) for name in z.namelist()}
        sheet = parts["xl/worksheets/sheet1.xml"].decode().replace('"1.0"?', '"1.0" encoding="UTF-16"?')
        parts["xl/worksheets/sheet1.xml"] = sheet.encode("utf-16")
        with zipfile.ZipFile(path, "w") as z:
            for name, data in parts.items():
                z.writestr(name, data)
    with pytest.raises(FormatError, match="document type"):
        read(path)


def test_a_zip_bomb_is_refused_by_ratio_by_size_and_by_parts(tmp_path: Path) -> None:
    bomb = {"xl/media/image1.png": b"\0" * 20_000_000}
    with pytest.raises(FormatError, match="zip bomb"):
        read(workbook(tmp_path / "a.xlsx", HEAD, extra=bomb))
    with pytest.raises(FormatError, match="unpacks to"):
        read(workbook(tmp_path / "b.xlsx", HEAD, extra=bomb), limits=Limits(zip_ratio=10**6, zip_bytes=10**7))
    many = {f"xl/media/{n}.png": b"" for n in range(100)}
    with pytest.raises(FormatError, match="parts"):
        read(workbook(tmp_path / "c.xlsx", HEAD, extra=many), limits=Limits(zip_parts=50))


@pytest.mark.parametrize(
    "row",
    [
        '<row r="99999999999"><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="ZZZ2"><v>1</v></c></row>',
        '<row r="2">' + "<c><v>1</v></c>" * 3000 + "</row>",
        "<x>" * 50 + "</x>" * 50,
        '<row r="2"><c r="A2"><v>1</v>',
    ],
)
def test_sheets_that_lie_about_their_size_or_break_off_are_refused(tmp_path: Path, row: str) -> None:
    path = workbook(tmp_path / "a.xlsx", HEAD + row)
    with pytest.raises(FormatError):
        read(path)


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.99])
def test_a_cut_off_workbook_is_refused(tmp_path: Path, keep: float) -> None:
    path = saved(tmp_path / "a.xlsx", [["id"], *([str(n)] for n in range(500))])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(FormatError):
        read(path)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password"),
        (b"<html><table><tr><td>id</td></tr></table></html>", "web page"),
        (b"id,hs\n1,3915\n", "not xlsx, but text"),
        (b"PK\x03\x04 not really", "not a whole .xlsx"),
    ],
)
def test_what_is_only_called_a_workbook_is_named_for_what_it_is(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=says):
        read(path)


def test_any_other_zip_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as z:
        z.writestr("readme.txt", "hello")
    with pytest.raises(FormatError, match="not a workbook"):
        read(path)


def test_shared_and_rich_texts_and_escapes(tmp_path: Path) -> None:
    shared = (
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        "<si><t>id</t></si><si><r><t>PE </t></r><r><t>film</t></r><rPh><t>reading</t></rPh></si>"
        "<si><t>a_x000D_b_xD800_</t></si></sst>"
    )
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="x/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        '<Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    )
    rows = "".join(f'<row><c t="s"><v>{n}</v></c></row>' for n in range(3))
    path = workbook(tmp_path / "a.xlsx", rows, extra={"xl/sharedStrings.xml": shared.encode()})
    with zipfile.ZipFile(path) as z:
        parts = {name: z.read(name) for name in z.namelist()}
    parts["xl/_rels/workbook.xml.rels"] = rels.encode()
    with zipfile.ZipFile(path, "w") as z:
        for name, data in parts.items():
            z.writestr(name, data)
    assert [s["id"] for s in shipments(rows_of(path))] == ["PE film", "a\rb_xD800_"]
