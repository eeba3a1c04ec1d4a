"""Rows of a batch as shipments, column by column: each different value of a column is read once.

What comes out is what `parse_shipment` reads from a row, less what no rule looks at (the key, parties, masses other
than the net, columns of the caller's own). It is for rows that are known to be readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
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
READERS: dict[str, tuple[str, Callable[[Any, Book], Any]]] = {
    "date": ("date", lambda v, _: _date(v, "date")),
    "export": ("export", lambda v, book: _state(v, "export", book)),
    "import": ("import_", lambda v, book: _state(v, "import", book)),
    "origin": ("origin", lambda v, book: _state(v, "origin", book)),
    "transit": ("transit", _transit),
    "hs": ("hs", lambda v, _: _hs(v)),
    "hs_edition": ("hs_edition", _edition),
    "declared_entry": ("declared_entry", lambda v, _: _text(v)),
    "operation": ("operation", lambda v, _: _operation(v)),
    "waste": ("waste", lambda v, _: _bool(v, "waste")),
    "contamination_pct": ("contamination_pct", lambda v, _: _percent(v, "contamination_pct")),
    "halogenated": ("halogenated", lambda v, _: _bool(v, "halogenated")),
    "hazardous": ("hazardous", lambda v, _: _bool(v, "hazardous")),
    "annex_i": ("annex_i", lambda v, _: _codes(v, "annex_i", Y_CODE, "")),
    "annex_iii": ("annex_iii", lambda v, _: _codes(v, "annex_iii", H_CODE, "")),
    "consumer": ("consumer", lambda v, _: _choice(v, "consumer", ("pre", "post"), "")),
    "material": ("material", _material),
    "net_kg": ("net_kg", lambda v, _: _mass(v, "net_kg")),
    "documents": ("documents", lambda v, _: _documents(v)),
}


def _in(book: Book, read: Callable[[Any, Book], Any], value: Any) -> Any:
    return read(value, book)


class Shipments:
    """Some rows of a batch, each read as a shipment when it is first asked for."""

    def __init__(self, book: Book, columns: Columns, rows: Codes):
        self._book, self._columns, self._rows = book, columns, rows
        self._place: dict[int, int] = {}
        self._fields: list[dict[str, Any]] = []
        self._kept: dict[int, Shipment] = {}

    def __getitem__(self, row: int) -> Shipment:
        found = self._kept.get(row)
        if found is None:
            if not self._fields:
                self._read()
            fields = self._fields[self._place[row]]
            polymers = {code: share for code, share in fields.pop("polymers", {}).items() if share}
            fields["polymers"] = polymers or None
            if fields.get("origin") is None:
                fields["origin"] = fields["export"]
            found = self._kept[row] = Shipment(id="", **fields)
        return found

    def _read(self) -> None:
        """Every cell of the rows, column by column."""
        self._place = {row: n for n, row in enumerate(self._rows.tolist())}
        self._fields = [{} for _ in self._place]
        at = pa.array(self._rows)
        for name, array in self._columns.arrays.items():
            if array.null_count == len(array):
                continue
            head, dot, tail = name.partition(".")
            if not dot and head in READERS:
                field, read = READERS[head]
                for n, value in self._cells(array, at, partial(_in, self._book, read)):
                    if value is not None:
                        self._fields[n][field] = value
            elif dot and head == "polymers":
                self._polymer(tail, array, at)
            elif dot and head == "events" and tail in EVENTS:
                self._inner("events", tail, array, at, partial(_date, name=name))
            elif dot and head == "facts" and tail not in FIELDS:
                fact = self._book.facts.get(tail)
                if fact is not None and fact.by != "derived":
                    self._inner("facts", tail, array, at, partial(_typed, fact=fact, where=name))

    def _inner(self, field: str, key: str, array: pa.Array, at: pa.Array, read: Callable[[Any], Any]) -> None:
        for n, value in self._cells(array, at, read):
            if value is not None:
                self._fields[n].setdefault(field, {})[key] = value

    def _polymer(self, column: str, array: pa.Array, at: pa.Array) -> None:
        code = polymer_code(column, self._book)
        for n, share in self._cells(array, at, partial(_percent, name=column)):
            if share is not None:
                shares = self._fields[n].setdefault("polymers", {})
                shares[code] = shares.get(code, Decimal(0)) + share

    @staticmethod
    def _cells(array: pa.Array, at: pa.Array, read: Callable[[Any], Any]) -> list[tuple[int, Any]]:
        """(place among the rows, value as read) of every cell that holds something."""
        taken = array.take(at)
        if taken.null_count == len(taken):
            return []
        kind = taken.type
        if pa.types.is_nested(kind):
            cells = enumerate(taken.to_pylist())
            return [(n, read(plain(v))) for n, v in cells if v is not None and v != ""]
        if pa.types.is_dictionary(kind):
            taken = taken.cast(kind.value_type)
        encoded = pc.dictionary_encode(taken)
        values = [None if v is None or v == "" else read(v) for v in encoded.dictionary.to_pylist()]
        if not taken.null_count:
            return [(n, values[code]) for n, code in enumerate(encoded.indices.to_pylist())]
        where = np.flatnonzero(taken.is_valid().to_numpy(zero_copy_only=False))
        codes = encoded.indices.drop_null().to_pylist()
        return [(n, values[code]) for n, code in zip(where.tolist(), codes, strict=True)]
