"""JSON Lines: strict, line by line, nothing lost."""

from __future__ import annotations

import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.support import Endless, check_rows, errors, read, shipments
from tidegate.formats import FormatError, Limits, open_shipments

GOOD = b'{"id": "1", "hs": "0391", "net_kg": 12.50}\n'


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"id": "7", "net_kg": NaN}', "NaN"),
        (b'{"id": "7", "net_kg": -Infinity}', "Infinity"),
        (b'{"id": "7"} trailing', "Extra data"),
        (b'{"id": "7", "hs": "1", "hs": "2"}', "given twice"),
        (b'{"id": "7", "x": {"a": 1, "a": 2}}', "given twice"),
        (b'{"id": "7", "x": ' + b"[" * 100 + b"]" * 100 + b"}", "nested too deep"),
        (b'{"id": "7", "x": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b"}", "nested too deep"),
        (b'{"id": "7", "x": ' + b"9" * 5000 + b"}", "digits"),
        (b'{"id": "7", "x": 1e99999}', "digits"),
        (b'{"id": "7", "x": "\x00"}', "control character"),
        (b'{"id": "7", "x": "\\ud800"}', "surrogate"),
        (b'{"id": "7", "x": "\xe9"}', "utf-8"),
        (b'{"id": "7",', "not JSON"),
        (b"not json at all", "not JSON"),
    ],
)
def test_a_bad_line_is_rejected_alone(line: bytes, says: str) -> None:
    rows = read(GOOD + line + b"\n" + GOOD, format="jsonl")
    check_rows(rows)
    assert [row.data is not None for row in rows] == [True, False, True]
    assert says in errors(rows)[0]["message"]
    assert len(errors(rows)[0]["value"]) < 200
    assert rows[1].reject is not None
    assert rows[1].reject["id"] == ("7" if line.startswith(b'{"id": "7"') else None)


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "9" * 500, "1e999"])
def test_a_number_that_cannot_be_one_is_told_with_its_field(number: str) -> None:
    rows = read(f'{{"id": "7", "polymers": {{"PE": 9, "PP": {number}}}}}'.encode(), format="jsonl")
    assert [error["field"] for error in errors(rows)] == ["PP"]


@pytest.mark.parametrize("line", [b"[1]", b'"text"', b"5", b"null", b"true"])
def test_a_line_that_is_no_object_is_rejected(line: bytes) -> None:
    rows = read(GOOD + line + b"\n", format="jsonl")
    assert errors(rows)[0]["expected"] == "one JSON object"


def test_numbers_keep_every_digit_and_text_its_zeros() -> None:
    (row,) = read(b'{"id": "1", "hs": "039150", "net_kg": 0.1000, "value": 12345678901234567890.01}', format="jsonl")
    assert row.data == {
        "id": "1", "hs": "039150", "net_kg": Decimal("0.1000"), "value": Decimal("12345678901234567890.01"),
    }  # fmt: skip


def test_blank_lines_are_no_rows_but_lines() -> None:
    rows = read(b"\n" + GOOD + b"  \r\n" + GOOD.strip(), format="jsonl")
    assert [(row.row, row.line) for row in rows] == [(1, 2), (2, 4)]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_byte_order_marks_and_wide_encodings(codec: str) -> None:
    text = '{"id": "ก", "description": "เศษพลาสติก"}\n{"id": "ข"}\n'
    rows = read(text.encode(codec), format="jsonl")
    assert [data["id"] for data in shipments(rows)] == ["ก", "ข"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'[{"id": 1}, {"id": 2}]', "a JSON list"),  # on one line, as most programs write it
        (b'{\n  "id": "1"\n}\n', "one JSON object over several lines"),
        (b"[\n{}\n]", "a JSON list"),
    ],
)
def test_a_document_that_is_not_json_lines_is_refused_with_a_reason(text: bytes, found: str) -> None:
    with pytest.raises(FormatError, match=f"{found}; JSON Lines wants one object on each line"):
        read(text, format="jsonl")


def test_empty_input_is_refused() -> None:
    with pytest.raises(FormatError, match="empty"):
        read(b"", format="jsonl")


def test_a_line_of_two_gigabytes_is_skipped_without_being_held() -> None:
    stream = Endless(GOOD + b'{"id": "long", "description": "', b"x", 2 * 1024**3, b'"}\n' + GOOD)
    with open_shipments(io.BufferedReader(stream, 1024), format="jsonl", limits=Limits(line_bytes=64 * 1024)) as reader:
        rows = list(reader)
    check_rows(rows)
    assert [row.data is not None for row in rows] == [True, False, True]
    error = errors(rows)[0]
    assert "2147483682 bytes" in error["message"]
    assert rows[1].reject is not None
    assert rows[1].reject["id"] == "long"
    assert rows[2].line == 3
    assert stream.largest_read <= 1024 * 1024


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.dictionaries(st.text(max_size=5), st.integers(), max_size=3).map(lambda d: json.dumps(d).encode()),
        ),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_any_bytes_give_as_many_rows_as_there_are_lines(lines: list[bytes]) -> None:
    data = GOOD + b"\n".join(line.replace(b"\n", b" ") for line in lines)
    rows = read(data, format="jsonl", encoding="utf-8")
    check_rows(rows)
    assert len(rows) == sum(1 for line in data.split(b"\n") if line.strip())
