"""Rows of a batch as shipments, cell by cell as they are looked at: each different cell of a column is read once.

What is seen is what `parse_shipment` reads from a row, less what no rule looks at (the key, parties, masses other than
the net, columns of the caller's own). It is for rows that are known to be readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from tidegate.law.records import EVENTS, Book
from tidegate.screening.bulk.columns import MOST_REMEMBERED, Columns, plain
from tidegate.screening.bulk.composition import polymer_code
from tidegate.screening.shipment import (
    FIELDS,
    Shipment,
    _bool,
    _choice,
    _codes,
    _date,
    _documents,
    _edition,
    _hs,
    _mass,
    _material,
    _operation,
    _percent,
    _state,
    _text,
    _transit,
    _typed,
)

READERS: dict[str, Callable[[Any, Book], Any]] = {
    "date": lambda v, _: _date(v, "date"),
    "export": lambda v, book: _state(v, "export", book),
    "import": lambda v, book: _state(v, "import", book),
    "origin": lambda v, book: _state(v, "origin", book),
    "transit": _transit,
    "hs": lambda v, _: _hs(v),
    "hs_edition": _edition,
    "declared_entry": lambda v, _: _text(v),
    "operation": lambda v, _: _operation(v),
    "waste": lambda v, _: _bool(v, "waste"),
    "contamination_pct": lambda v, _: _percent(v, "contamination_pct"),
    "halogenated": lambda v, _: _bool(v, "halogenated"),
    "hazardous": lambda v, _: _bool(v, "hazardous"),
    "annex_i": lambda v, _: _codes(v, "annex_i"),
    "annex_iii": lambda v, _: _codes(v, "annex_iii"),
    "consumer": lambda v, _: _choice(v, "consumer", ("pre", "post"), ""),
    "material": _material,
    "net_kg": lambda v, _: _mass(v, "net_kg"),
    "documents": lambda v, _: _documents(v),
}
READ = {{"import": "import_"}.get(column, column): column for column in READERS}  # field → column


def _in(book: Book, read: Callable[[Any, Book], Any], value: Any) -> Any:
    return read(value, book)


class Readings:
    """Cells as the contract reads them, kept from batch to batch: the same value of a column is read once."""

    def __init__(self, book: Book):
        self.book = book
        #: the facts that a shipment may state
        self.stated = {name for name, fact in book.facts.items() if fact.by != "derived" and name not in FIELDS}
        self._known: dict[tuple[str, pa.DataType], dict[Any, Any]] = {}
        self._readers: dict[str, Callable[[Any], Any]] = {}

    def of(self, column: str, columns: Columns) -> Callable[[int], Any]:
        """Reads the cells of a column that is there, by their row; None where nothing stands."""
        array = columns.arrays[column]
        known = self._known.setdefault((column, array.type), {})
        if len(known) > MOST_REMEMBERED:
            known.clear()
        read = self._readers.get(column)
        if read is None:
            read = self._readers[column] = self._reader(column)
        if pa.types.is_nested(array.type):
            return lambda row: None if (value := array[row].as_py()) is None or value == "" else read(plain(value))
        at = columns.cells(column)

        def cell(row: int) -> Any:
            value = at(row)
            if value is None or value == "":
                return None
            if value not in known:
                known[value] = read(value)
            return known[value]

        return cell

    def _reader(self, name: str) -> Callable[[Any], Any]:
        head, dot, tail = name.partition(".")
        if not dot:
            return partial(_in, self.book, READERS[head])
        if head == "polymers":
            return partial(_percent, name=tail)
        if head == "events":
            return partial(_date, name=name)
        return partial(_typed, fact=self.book.facts[tail], where=name)


class Shipments:
    """Some rows of a batch as shipments. A cell is read when a rule first looks at it."""

    def __init__(self, readings: Readings, columns: Columns):
        self.book, self._readings, self._columns = readings.book, readings, columns
        self.cells = _Cells(readings, columns)
        self._kept: dict[int, Any] = {}

    def __getitem__(self, row: int) -> Shipment:
        found: Any = self._kept.get(row)
        if found is None:
            found = self._kept[row] = _Row(self, row)
        shipment: Shipment = found
        return shipment

    def close(self) -> None:
        """Lets go of the rows, which hold this in turn: so the batch goes as soon as nobody needs it."""
        self._kept.clear()

    @cached_property
    def events(self) -> list[tuple[str, Callable[[int], Any]]]:
        """(event, what reads its day) of every column of a day."""
        return [(e, self.cells[f"events.{e}"]) for e in EVENTS if self._columns.get(f"events.{e}") is not None]

    @cached_property
    def polymers(self) -> list[tuple[Callable[[int], Any], str]]:
        """(what reads a share, its polymer) of every column of shares."""
        found = self._columns.named("polymers.")
        return [(self.cells[name], polymer_code(name.removeprefix("polymers."), self.book)) for name in found]

    @cached_property
    def facts(self) -> list[str]:
        """The registered facts that the batch has columns for."""
        found = [name.removeprefix("facts.") for name in self._columns.named("facts.")]
        return [name for name in found if name in self._readings.stated]


class _Cells(dict[str, Callable[[int], Any]]):
    """What reads the cells of a column by their row, as the contract has it; None where nothing stands."""

    def __init__(self, readings: Readings, columns: Columns):
        self._readings, self._columns = readings, columns

    def __missing__(self, column: str) -> Callable[[int], Any]:
        head, _, fact = column.partition(".")
        there = self._columns.get(column) is not None and (head != "facts" or fact in self._readings.stated)
        found = self[column] = self._readings.of(column, self._columns) if there else _nothing
        return found


def _nothing(row: int) -> None:
    """A cell of a column that is not there."""


class _Row:
    """What stands in for a `Shipment`: the fields of one row."""

    scoped: Mapping[str, Mapping[str, Any]] = {}
    evaluate = None
    event = Shipment.event

    def __init__(self, source: Shipments, place: int):
        self._source, self._at = source, place

    def __getattr__(self, name: str) -> Any:
        if name not in READ:
            raise AttributeError(name)
        found = self._source.cells[READ[name]](self._at)
        if found is None and name == "transit":
            found = ()
        setattr(self, name, found)
        return found

    @cached_property
    def origin(self) -> Any:
        return self._source.cells["origin"](self._at) or self.export

    @cached_property
    def events(self) -> Mapping[str, Any]:
        return {event: day for event, cell in self._source.events if (day := cell(self._at)) is not None}

    @cached_property
    def polymers(self) -> Mapping[str, Decimal] | None:
        shares: dict[str, Decimal] = {}
        for cell, code in self._source.polymers:
            share = cell(self._at)
            if share is not None:
                shares[code] = shares.get(code, Decimal(0)) + share
        return {code: share for code, share in shares.items() if share} or None

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        return _Facts(self._source, self._at)


class _Facts(Mapping[str, Any]):
    """The facts of one row."""

    __slots__ = ("_at", "_source")

    def __init__(self, source: Shipments, place: int):
        self._source, self._at = source, place

    def get(self, name: str, default: Any = None) -> Any:
        found = self._source.cells["facts." + name](self._at)
        return default if found is None else found

    def __getitem__(self, name: str) -> Any:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._source.facts if self.get(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
