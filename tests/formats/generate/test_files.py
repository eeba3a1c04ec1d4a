"""Generated declarations as files, and the example file that comes with Tidegate."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tidegate.formats import FormatError, open_shipments
from tidegate.formats.generate import generate
from tidegate.formats.generate.example import ROWS, SHIPPED, write_example
from tidegate.formats.generate.files import write_declarations
from tidegate.law import Book, load_rulebook
from tidegate.screening import Reject, Shipment, parse_shipment

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook([])


def read(path: Path, book: Book) -> list[Shipment]:
    types = {fact.name: fact.type for fact in book.facts.values()}
    with open_shipments(path, fact_types=types) as reader:
        rows = list(reader)
    assert [row.reject for row in rows] == [None] * len(rows)
    return [replace(parse_shipment(row.data or {}, book), raw={}) for row in rows]


def test_the_three_formats_hold_the_same_shipments(tmp_path: Path, book: Book) -> None:
    found = []
    for name in ("a.parquet", "a.csv", "a.jsonl"):
        path = tmp_path / name
        told: list[int] = []
        batches = generate(700, profile="B", book=book, batch_rows=300)
        assert write_declarations(batches, path, progress=told.append) == 700
        assert told == [300, 600, 700]
        found.append(read(path, book))
    assert found[0] == found[1] == found[2]
    assert sum(bool(s.documents) for s in found[0]) > 100
    assert sum(any(d.renewals for d in s.documents or ()) for s in found[0]) > 0


def test_parquet_holds_plain_types(tmp_path: Path, book: Book) -> None:
    path = tmp_path / "a.parquet"
    write_declarations(generate(50, profile="B", book=book), path)
    schema = pq.read_schema(path)
    assert {str(t) for t in schema.types if "list" not in str(t)} == {"string", "date32[day]", "double", "bool"}


def test_nothing_appears_where_the_writing_fails(tmp_path: Path, book: Book) -> None:
    def broken() -> object:
        yield from generate(10, book=book)
        raise RuntimeError("cut off")

    with pytest.raises(RuntimeError, match="cut off"):
        write_declarations(broken(), tmp_path / "a.csv")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="expected parquet, csv, jsonl"):
        write_declarations(generate(1, book=book), tmp_path / "a.xlsx")
    with pytest.raises(FormatError, match="cannot be written"):
        write_declarations(generate(1, book=book), tmp_path / "none" / "a.csv")


# ── the example ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_shipped_example_is_what_the_generator_makes(book: Book) -> None:
    made = io.BytesIO()
    assert write_example(made, book) == ROWS
    same = made.getvalue() == SHIPPED.read_bytes()
    assert same, f"the rulebook or the generator changed; remake it: tidegate generate --example -o {SHIPPED}"
    assert len(made.getvalue()) < 3_000_000


def test_the_example_can_be_read_but_for_its_three_typing_errors(book: Book) -> None:
    refused = []
    with open_shipments(SHIPPED) as reader:
        for row in reader:
            try:
                parse_shipment(row.data or {}, book)
            except Reject as reject:
                refused.append(((row.data or {})["id"], reject.field))
    assert refused == [
        ("TYPING-ERROR-SHARE", "polymers.PE"),
        ("TYPING-ERROR-STATE", "export"),
        ("TYPING-ERROR-DAY", "date"),
    ]


def test_the_example_lies_where_people_look_for_it() -> None:
    assert (ROOT / "examples" / "declarations.csv").resolve() == SHIPPED
