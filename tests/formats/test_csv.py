"""CSV as the world writes it: delimiters, encodings, slips of quoting. Nothing is lost."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.support import Endless, check_rows, errors, read, shipments
from tidegate.formats import FormatError, Limits, RawRow, load_map, open_shipments

HEAD = b"id,date,description\n"


def rows_of(data: bytes, **options: Any) -> list[RawRow]:
    rows = read(data, format="csv", **options)
    check_rows(rows)
    return rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, end: str) -> None:
    lines = [["id", "hs", "net_kg"], ["A", "039150", "1,5"], ["B", "391510", "2"]]
    text = end.join(delimiter.join(f'"{c}"' if "," in c else c for c in line) for line in lines) + end
    assert shipments(rows_of(text.encode())) == [
        {"id": "A", "hs": "039150", "net_kg": "1,5"},
        {"id": "B", "hs": "391510", "net_kg": "2"},
    ]


def test_the_delimiter_named_by_excel_in_the_first_line() -> None:
    rows = rows_of(b"sep=;\nid;description\n1;a,b\n")
    assert shipments(rows) == [{"id": "1", "description": "a,b"}]
    assert rows[0].line == 3


@pytest.mark.parametrize(
    ("text", "codec", "assumed"),
    [
        ("เศษพลาสติก พีอี อัดก้อน", "utf-8", "utf-8"),
        ("เศษพลาสติก พีอี อัดก้อน", "utf-8-sig", "utf-8"),
        ("เศษพลาสติก พีอี อัดก้อน", "utf-16", "utf-16-le"),
        ("Phế liệu nhựa PE đã làm sạch", "utf-16-be", "utf-16-be"),
        ("เศษพลาสติก พีอี อัดก้อน ไม่ปนเปื้อน", "cp874", "cp874"),
        ("Phế liệu nhựa, mảnh vụn của polyme từ etylen", "cp1258", "cp1258"),
        ("Déchets, rognures et débris de matières plastiques", "cp1252", "cp1252"),
        ("聚乙烯废碎料及下脚料，回收塑料颗粒", "gb18030", "gb18030"),
        ("廢塑膠，聚乙烯，回收再生顆粒", "big5", "big5"),
        ("폐플라스틱 스크랩 폴리에틸렌", "cp949", "cp949"),
        ("プラスチックのくず、ポリエチレン製のもの", "cp932", "cp932"),
    ],
)
def test_encodings_are_told_apart_and_stated(text: str, codec: str, assumed: str) -> None:
    if codec == "cp1258":
        body = _cp1258(text)
    else:
        body = f'id,date,description\n1,2024-01-01,"{text}"\n2,2024-01-02,"{text}"\n'.encode(codec)
    with open_shipments(io.BytesIO(body), format="csv") as reader:
        rows = list(reader)
    assert reader.encoding == assumed
    assert any("encoding" in note for note in reader.notes)
    assert [row.data and row.data["description"] for row in rows] == [text, text]


def _cp1258(text: str) -> bytes:
    """Vietnamese as Windows writes it: letters with separate tone marks."""
    import unicodedata

    letters = []
    for sign in f'id,date,description\n1,2024-01-01,"{text}"\n2,2024-01-02,"{text}"\n':
        try:
            letters.append(sign.encode("cp1258"))
        except UnicodeEncodeError:
            base, tone = unicodedata.normalize("NFD", sign)[0], unicodedata.normalize("NFD", sign)[1:]
            tones = [t for t in tone if t in "\u0300\u0301\u0303\u0309\u0323"]
            marks = [t for t in tone if t not in tones]
            letters.append(unicodedata.normalize("NFC", base + "".join(marks)).encode("cp1258"))
            letters.append("".join(tones).encode("cp1258"))
    return b"".join(letters)


def test_a_named_encoding_is_used_and_a_wrong_name_refused() -> None:
    body = "id,description\n1,é\n".encode("cp1252")
    assert shipments(rows_of(body, encoding="cp1252")) == [{"id": "1", "description": "é"}]
    for name in ("no-such", "utf-7", "unicode_escape", "zlib", "rot13"):
        with pytest.raises(FormatError, match="is not known"):
            rows_of(body, encoding=name)


def test_one_line_in_another_encoding_is_rejected_alone() -> None:
    body = HEAD + "1,2024-01-01,nhựa\n".encode() + b"2,2024-01-01,caf\xe9\n" + "3,2024-01-01,nhựa\n".encode()
    rows = rows_of(body)
    assert [row.data is not None for row in rows] == [True, False, True]
    assert "does not belong to utf-8" in errors(rows)[0]["message"]
    assert rows[1].line == 3


def test_broken_letters_in_a_wide_encoding_cost_one_row() -> None:
    good = "id,date,description\n1,2024-01-01,nhựa\n2,2024-01-01,".encode("utf-16-le")
    body = b"\xff\xfe" + good + b"\x00\xd8" + "x\n3,2024-01-01,ok\n".encode("utf-16-le")
    rows = rows_of(body)
    assert [row.data is not None for row in rows] == [True, False, True]


def test_an_open_quotation_mark_costs_its_own_line_only() -> None:
    body = HEAD + b'1,2024-01-01,"good"\n2,2024-01-01,"never closed\n3,2024-01-01,c\n4,2024-01-01,d\n'
    rows = rows_of(body)
    assert [row.data is not None for row in rows] == [True, False, True, True]
    assert "never closed" in errors(rows)[0]["message"]
    assert [row.line for row in rows] == [2, 3, 4, 5]


def test_an_open_quotation_mark_far_from_the_end_costs_its_own_line_only() -> None:
    body = HEAD + b'1,2024-01-01,"open\n' + b"".join(b"%d,2024-01-01,x\n" % n for n in range(2, 5000))
    rows = rows_of(body, limits=Limits(record_lines=50))
    assert len(rows) == 4999
    assert sum(row.reject is not None for row in rows) == 1
    assert rows[0].reject is not None


def test_cells_over_several_lines_are_one_row() -> None:
    rows = rows_of(HEAD + b'1,2024-01-01,"two\nlines, and ""marks"""\n2,2024-01-02,x\n')
    assert shipments(rows)[0]["description"] == 'two\nlines, and "marks"'
    assert [row.line for row in rows] == [2, 4]


def test_marks_inside_a_quoted_cell_that_are_not_doubled_are_rejected_not_guessed() -> None:
    rows = rows_of(HEAD + b'1,2024-01-01,"PE "film" scrap"\n2,2024-01-02,x\n')
    assert "quoting is broken" in errors(rows)[0]["message"]
    assert shipments(rows)[0]["id"] == "2"


def test_short_and_long_rows_are_rejected() -> None:
    rows = rows_of(HEAD + b"1,2024-01-01\n2,2024-01-01,x,more\n3,2024-01-01,x,,\n")
    assert [row.data is not None for row in rows] == [False, False, True]
    assert errors(rows)[0]["expected"] == "3 cells, as in the header"


def test_zero_bytes_are_rejected() -> None:
    rows = rows_of(HEAD + b"1,2024-01-01,a\0b\n2,2024-01-01,x\n")
    assert errors(rows)[0]["field"] == "description"
    assert len(shipments(rows)) == 1
    with pytest.raises(FormatError):
        rows_of(b"id,da\0te,description\n1,2,3\n")


@pytest.mark.parametrize("body", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_nothing_in_it(body: bytes) -> None:
    with pytest.raises(FormatError):
        rows_of(body)


def test_header_only_is_no_rows() -> None:
    assert rows_of(HEAD) == []


def test_blank_rows_are_left_out_and_said() -> None:
    with open_shipments(io.BytesIO(HEAD + b"\n1,2024-01-01,x\n,,\n\n"), format="csv") as reader:
        rows = list(reader)
    assert [(row.row, row.line) for row in rows] == [(1, 3)]
    assert "3 blank rows were left out" in reader.notes


def test_two_columns_for_one_field_are_refused_and_others_numbered() -> None:
    with pytest.raises(FormatError, match="both the field hs"):
        rows_of(b"id,hs,HS\n1,2,3\n".replace(b"HS", b"hs"))
    assert shipments(rows_of(b"id,Note,Note\n1,a,b\n")) == [{"id": "1", "Note": "a", "Note (2)": "b"}]


def test_ids_are_never_touched() -> None:
    assert [s["id"] for s in shipments(rows_of(b'id,hs\n" 007 ",3915\n=1+1,3915\n'))] == [" 007 ", "=1+1"]


def test_a_line_of_two_gigabytes_is_skipped_without_being_held() -> None:
    stream = Endless(HEAD + b"1,2024-01-01,a\n2,2024-01-01,", b"x", 2 * 1024**3, b"\n3,2024-01-01,b\n")
    with open_shipments(stream, format="csv", limits=Limits(line_bytes=64 * 1024)) as reader:
        rows = list(reader)
    check_rows(rows)
    assert [row.data is not None for row in rows] == [True, False, True]
    assert "at most 65536 are read" in errors(rows)[0]["message"]


def test_a_giant_line_inside_an_open_cell_gives_both_back() -> None:
    body = HEAD + b'1,2024-01-01,"open\n2,2024-01-01,' + b"x" * 500 + b"\n3,2024-01-01,b\n"
    rows = rows_of(body, limits=Limits(line_bytes=200))
    assert [row.data is not None for row in rows] == [False, False, True]


def test_too_many_columns_are_refused() -> None:
    with pytest.raises(FormatError, match="columns; at most"):
        rows_of(b",".join(b"c%d" % n for n in range(3000)) + b"\n")


def test_a_title_above_the_header_is_passed_over_when_the_map_says_so() -> None:
    map_ = load_map({"source": {"header_row": 3}, "columns": {"No": "id"}})
    rows = rows_of(b"Imports of the week\nOffice 5\nNo,hs\n1,3915\n", map=map_)
    assert shipments(rows) == [{"id": "1", "hs": "3915"}]
    assert rows[0].line == 4


def test_gzip_is_taken_off_and_a_cut_one_is_named() -> None:
    packed = gzip.compress(HEAD + b"1,2024-01-01,x\n" * 20_000)
    assert len(rows_of(packed)) == 20_000
    with pytest.raises(FormatError, match="cut off"):
        rows_of(packed[: len(packed) // 2])


def test_a_gzip_bomb_is_refused() -> None:
    with pytest.raises(FormatError, match="bomb"):
        rows_of(gzip.compress(HEAD + b"0" * 60_000_000))


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=8), st.sampled_from([",", ";", "\t", "|"]))
def test_every_well_formed_row_comes_back(cells: list[list[str]], delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "note"])
    writer.writerows(cells)
    rows = rows_of(text.getvalue().encode(), encoding="utf-8")
    expected = [
        {name: cell for name, cell in zip(("id", "note"), row, strict=True) if cell} for row in cells if any(row)
    ]
    assert shipments(rows) == expected


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_any_bytes_below_a_header_are_rows_or_rejects_and_lines_are_accounted_for(lines: list[bytes]) -> None:
    body = b"id,note\n" + b"\n".join(lines)
    with open_shipments(io.BytesIO(body), format="csv", encoding="utf-8", map={"source": {"delimiter": ","}}) as reader:
        rows = list(reader)
    check_rows(rows)
    numbers = [row.line for row in rows if row.line is not None]
    assert numbers == sorted(set(numbers))
    # A reject stands for one line; only rows that were read may span several.
    for row, following in itertools.pairwise(rows):
        if row.reject is not None and row.line is not None and following.line is not None:
            between = body.split(b"\n")[row.line : following.line - 1]
            assert all(not line.replace(b",", b"").strip(b"\r") for line in between)
