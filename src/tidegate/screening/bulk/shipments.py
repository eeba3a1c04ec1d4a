"""Rows of a batch as shipments, cell by cell as they are looked at: each different cell of a column is read once.

What is seen is what `parse_shipment` reads from a row, less what no rule looks at (the key, parties, masses other than
the net, columns of the caller's own). It is for rows that are known to be readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tidegate.law.records import EVENTS, Book
from tidegate.screening.bulk.columns import Columns, plain
from tidegate.screening.bulk.composition import polymer_code
from tidegate.screening.bulk.keys import Codes
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

Y_CODE, H_CODE = re.compile(r"^Y\d{1,2}$"), re.compile(r"^H\d{1,2}(\.\d)?$")
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
    "annex_i": lambda v, _: _codes(v, "annex_i", Y_CODE, ""),
    "annex_iii": lambda v, _: _codes(v, "annex_iii", H_CODE, ""),
    "consumer": lambda v, _: _choice(v, "consumer", ("pre", "post"), ""),
    "material": _material,
    "net_kg": lambda v, _: _mass(v, "net_kg"),
    "documents": lambda v, _: _documents(v),
}
READ = {{"import": "import_"}.get(column, column): column for column in READERS}  # field → column


def _in(book: Book, read: Callable[[Any, Book], Any], value: Any) -> Any:
    return read(value, book)


class Cells:
    """A column of some rows: each different cell is read once, when it is first asked for."""

    def __init__(self, array: pa.Array, at: pa.Array, read: Callable[[Any], Any]):
        taken = array.take(at)
        self._nested = pa.types.is_nested(taken.type)
        if self._nested:
            self._cells, places = taken, pa.array(range(len(taken)), pa.int32())
        else:
            if pa.types.is_dictionary(taken.type):
                taken = taken.cast(taken.type.value_type)
            encoded = pc.dictionary_encode(taken)
            self._cells, places = encoded.dictionary, encoded.indices
        self._places = places.fill_null(-1).to_numpy(zero_copy_only=False)
        self._known: dict[int, Any] = {-1: None}
        self._read = read

    def __getitem__(self, row: int) -> Any:
        place = int(self._places[row])
        if place in self._known:
            return self._known[place]
        value = self._cells[place].as_py()
        if self._nested and value is not None:
            value = plain(value)
        found = self._known[place] = None if value is None or value == "" else self._read(value)
        return found


class Shipments:
    """Some rows of a batch as shipments. A cell is read when a rule first looks at it."""

    def __init__(self, book: Book, columns: Columns, rows: Codes):
        self.book, self._columns, self._rows = book, columns, rows
        self._place: dict[int, int] = {}
        self._at = pa.array(rows)
        self._cells: dict[str, Cells | None] = {}
        self._kept: dict[int, Any] = {}

    def __getitem__(self, row: int) -> Shipment:
        found: Any = self._kept.get(row)
        if found is None:
            if not self._place:
                self._place = {row: n for n, row in enumerate(self._rows.tolist())}
            found = self._kept[row] = _Row(self, self._place[row])
        shipment: Shipment = found
        return shipment

    def cell(self, column: str, place: int) -> Any:
        """What the contract reads in a column; None where nothing stands."""
        cells = self._cells.get(column, self)
        if cells is self:
            array = self._columns.get(column)
            cells = self._cells[column] = None if array is None else Cells(array, self._at, self._reader(column))
        assert not isinstance(cells, Shipments)
        return None if cells is None else cells[place]

    def _reader(self, name: str) -> Callable[[Any], Any]:
        head, dot, tail = name.partition(".")
        if not dot:
            return partial(_in, self.book, READERS[head])
        if head == "polymers":
            return partial(_percent, name=tail)
        if head == "events":
            return partial(_date, name=name)
        return partial(_typed, fact=self.book.facts[tail], where=name)

    @cached_property
    def polymers(self) -> list[tuple[str, str]]:
        """(column, polymer) of every column of shares."""
        found = self._columns.named("polymers.")
        return [(name, polymer_code(name.removeprefix("polymers."), self.book)) for name in found]

    @cached_property
    def facts(self) -> list[str]:
        """The registered facts that the batch has columns for."""
        found = [name.removeprefix("facts.") for name in self._columns.named("facts.")]
        return [name for name in found if self.has_fact(name)]

    def has_fact(self, name: str) -> bool:
        """Whether a name is that of a fact that a shipment may state."""
        fact = self.book.facts.get(name)
        return fact is not None and fact.by != "derived" and name not in FIELDS


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
        found = self._source.cell(READ[name], self._at)
        if found is None and name == "transit":
            found = ()
        setattr(self, name, found)
        return found

    @cached_property
    def origin(self) -> Any:
        return self._source.cell("origin", self._at) or self.export

    @cached_property
    def events(self) -> Mapping[str, Any]:
        days = {event: self._source.cell(f"events.{event}", self._at) for event in EVENTS}
        return {event: day for event, day in days.items() if day is not None}

    @cached_property
    def polymers(self) -> Mapping[str, Decimal] | None:
        shares: dict[str, Decimal] = {}
        for column, code in self._source.polymers:
            share = self._source.cell(column, self._at)
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
        found = self._source.cell(f"facts.{name}", self._at) if self._source.has_fact(name) else None
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
