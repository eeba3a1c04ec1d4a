"""A batch of Arrow columns, flat (`facts.form`) or nested, as named columns with codes over their distinct values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tidegate.screening.bulk.keys import Codes
from tidegate.screening.shipment import LAYER

NESTED = ("polymers", "facts", "events", "consignor", "consignee", "facility")
UNIT = 10**9  # percentages are counted in billionths, so that sums and limits are exact
DAY_ZERO = date(1970, 1, 1).toordinal()
FIRST_DAY, LAST_DAY = (day.toordinal() - DAY_ZERO for day in (date.min, date.max))
NO_DAY = -(2**40)
MOST_REMEMBERED = 200_000  # values of one column whose codes are kept from batch to batch
BAD = -1  # a value that its field cannot have: the row is read again by itself, which says why
# columns whose cells can be read where they lie: the form of a cell, and what Python makes of it
DIRECTLY: dict[pa.DataType, tuple[Any, Callable[[Any], Any]]] = {
    pa.float64(): ("d", lambda value: value),
    pa.date32(): ("i", lambda value: date.fromordinal(value + DAY_ZERO)),
}


class Columns:
    """The columns of one batch by contract name. Nothing is copied until it is asked for."""

    def __init__(self, batch: pa.RecordBatch):
        self.rows = batch.num_rows
        self.batch = batch
        self.arrays: dict[str, pa.Array] = {}
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            self._add(name, array)

    def _add(self, name: str, array: pa.Array) -> None:
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        kind = array.type
        head = name.partition(".")[0]
        if pa.types.is_struct(kind) and head in NESTED:
            valid = array.is_valid() if array.null_count else None
            for n in range(kind.num_fields):
                child = array.field(n)
                if valid is not None:
                    child = pc.if_else(valid, child, pa.scalar(None, child.type))
                self._add(f"{name}.{kind.field(n).name}", child)
        elif pa.types.is_map(kind) and head in NESTED:
            self._add_map(name, array)
        elif pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            self.arrays[name] = array.cast(pa.string())
        else:
            self.arrays[name] = array

    def _add_map(self, name: str, array: pa.Array) -> None:
        parents = np.repeat(np.arange(len(array)), np.diff(array.offsets.to_numpy()))
        start, stop = array.offsets[0].as_py(), array.offsets[-1].as_py()
        keys = array.keys[start:stop].to_pylist()
        items = array.items[start:stop]
        for key in dict.fromkeys(keys):
            where = np.flatnonzero(np.array([k == key for k in keys]))
            places = np.full(len(array), -1, dtype=np.int64)
            places[parents[where]] = where
            index = pa.array(places, mask=places < 0)
            self._add(f"{name}.{key}", items.take(index))

    def get(self, name: str) -> pa.Array | None:
        """The column, or None when it is absent or all null."""
        array = self.arrays.get(name)
        return None if array is None or array.null_count == len(array) else array

    def named(self, prefix: str) -> list[str]:
        """Names of the columns under a dotted prefix, in the order of the batch."""
        return [n for n in self.arrays if n.startswith(prefix) and self.get(n) is not None]

    @cached_property
    def _encoded(self) -> dict[str, tuple[Codes, list[Any]]]:
        return {}

    def encoded(self, name: str) -> tuple[Codes, list[Any]] | None:
        """(position of each row's value among the distinct ones, the distinct values; the last stands for null)."""
        if name in self._encoded:
            return self._encoded[name]
        array = self.get(name)
        if array is None:
            return None
        if pa.types.is_list(array.type) or pa.types.is_struct(array.type) or pa.types.is_large_list(array.type):
            values = [None if v is None else repr(v) for v in array.to_pylist()]
            array = pa.array(values, pa.string())
        found = distinct(array)
        self._encoded[name] = found
        return found

    def codes(
        self, name: str, code_of: Callable[[Any], int], known: dict[Any, dict[Any, int]] | None = None,
        kind: type[np.signedinteger[Any]] = np.int64,
    ) -> npt.NDArray[Any] | None:  # fmt: skip
        """The column through a function of its distinct values; None when the column is absent.

        known: codes of values met in earlier batches, by type of the column; it is filled here. kind: of the codes.
        """
        encoded = self.encoded(name)
        if encoded is None:
            return None
        positions, distinct = encoded
        if known is None:
            return np.fromiter((code_of(v) for v in distinct), dtype=kind, count=len(distinct)).take(positions)
        met = known.setdefault(str(self.arrays[name].type), {})
        found = [met.get(v) for v in distinct]
        if None in found:
            if len(met) > MOST_REMEMBERED:
                met.clear()
            for n, value in enumerate(distinct):
                if found[n] is None:
                    found[n] = met[value] = code_of(value)
        return np.array(found, dtype=kind).take(positions)

    def cells(self, name: str) -> Callable[[int], Any]:
        """Reads the cells of a column of plain values by their row, each as Python has it."""
        array = self.arrays[name]
        if pa.types.is_string(array.type) or pa.types.is_dictionary(array.type):
            encoded = self.encoded(name)
            if encoded is not None:
                positions, distinct = encoded
                return lambda row: distinct[positions[row]]
        if pa.types.is_boolean(array.type):
            codes = flags(array)
            return lambda row: (None, True, False)[codes[row]]
        read = DIRECTLY.get(array.type)
        if read is None:
            return lambda row: array[row].as_py()
        form, turn = read
        valid, held = array.buffers()
        numbers, start = memoryview(held).cast("B").cast(form), array.offset
        if valid is None or not array.null_count:
            return lambda row: turn(numbers[start + row])
        bits = memoryview(valid).cast("B")

        def cell(row: int) -> Any:
            row += start
            return turn(numbers[row]) if bits[row >> 3] >> (row & 7) & 1 else None

        return cell

    @cached_property
    def _cells(self) -> list[tuple[str, pa.Array, npt.NDArray[np.bool_] | None]]:
        """Columns that hold something, with where they do."""
        return [
            (name, array, array.is_valid().to_numpy(zero_copy_only=False) if array.null_count else None)
            for name, array in self.arrays.items()
            if array.null_count < len(array)
        ]

    def row(self, index: int) -> dict[str, Any]:
        """One row as the mapping that `parse_shipment` reads: dotted columns gathered into objects, nulls left out."""
        return self.take([index])[0]

    def take(self, rows: list[int]) -> list[dict[str, Any]]:
        """Several rows, as `row` gives one."""
        out: list[dict[str, Any]] = [{} for _ in rows]
        if not rows:
            return out
        at = pa.array(rows, pa.int64())
        where = np.asarray(rows, dtype=np.int64)
        for name, array, valid in self._cells:
            if valid is not None:
                here = np.flatnonzero(valid[where])
                if not len(here):
                    continue
                values = array.take(pa.array(where[here])).to_pylist()
                for n, value in zip(here.tolist(), values, strict=True):
                    _put(out[n], name, value)
            else:
                for n, value in enumerate(array.take(at).to_pylist()):
                    _put(out[n], name, value)
        return out


def _put(out: dict[str, Any], name: str, value: Any) -> None:
    """One cell of a row, dotted columns gathered into objects."""
    if value is None or value == "":
        return
    head, dot, tail = name.partition(".")
    if not dot or head not in NESTED:
        out[name] = plain(value)
        return
    inner = out.setdefault(head, {})
    layer, scoped, fact = tail.partition(".")
    if scoped and head == "facts" and LAYER.match(layer):
        inner = inner.setdefault(layer, {})
        tail = fact
    if isinstance(inner, dict):
        inner[tail] = value


def distinct(array: pa.Array) -> tuple[Codes, list[Any]]:
    """(position of each row's value among the distinct ones, the distinct values; the last stands for null)."""
    encoded = array if pa.types.is_dictionary(array.type) else pc.dictionary_encode(array)
    values = encoded.dictionary.to_pylist()
    return whole_numbers(encoded.indices, len(values)), [*values, None]


def whole_numbers(array: pa.Array, empty: int) -> Codes:
    """An array of whole numbers, `empty` where it is null."""
    valid, held = array.buffers()
    if not len(array):
        return np.zeros(0, dtype=np.int64)
    kind = np.dtype(array.type.to_pandas_dtype())
    found = np.frombuffer(held, kind, len(array), array.offset * kind.itemsize).astype(np.int64)
    if array.null_count:  # reckoned, since to pick rows by a mask takes three times as long
        found -= empty
        found *= bits_of(valid, array)
        found += empty
    return found


def number_of(day: date) -> int:
    """The number of a day as columns count them."""
    return day.toordinal() - DAY_ZERO


def flags(array: pa.Array) -> npt.NDArray[np.uint8]:
    """A column of booleans as 0 not known, 1 true, 2 false."""
    valid, values = array.buffers()
    found = 2 - bits_of(values, array)
    if array.null_count and valid is not None:
        found *= bits_of(valid, array)
    return found


def bits_of(buffer: Any, array: pa.Array) -> npt.NDArray[np.uint8]:
    """A bitmap of an array, a number each."""
    start, stop = array.offset, array.offset + len(array)
    held = np.frombuffer(buffer, dtype=np.uint8, count=-(-stop // 8))
    return np.unpackbits(held, count=stop, bitorder="little")[start:]


def plain(value: Any) -> Any:
    """Arrow maps come out as lists of pairs."""
    if isinstance(value, list):
        if value and all(isinstance(v, tuple) and len(v) == 2 for v in value):
            return {k: v for k, v in value if v is not None}
        return [plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items() if v is not None}
    return value


def days(columns: Columns, name: str, bad: npt.NDArray[np.bool_]) -> Codes | None:
    """A column of dates as day numbers (NO_DAY where null); rows that cannot be read are marked bad."""
    array = columns.get(name)
    if array is None:
        return None
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        numbers = whole_numbers(array.cast(pa.date32(), safe=False).cast(pa.int32()), NO_DAY)
        if ((numbers == NO_DAY) | ((numbers >= FIRST_DAY) & (numbers <= LAST_DAY))).all():
            return numbers
        # days beyond the calendar, which nothing else can read either: each becomes a text that is no day
        columns.arrays[name] = pa.array([_day_text(number) for number in numbers.tolist()], pa.string())
    from tidegate.screening.shipment import Reject, _date

    def code(value: Any) -> int:
        if value is None or value == "":
            return NO_DAY
        try:
            day = _date(value, name)
        except Reject:
            return NO_DAY - 1
        return NO_DAY if day is None else number_of(day)

    coded = columns.codes(name, code)
    assert coded is not None
    bad |= coded == NO_DAY - 1
    return coded


def _day_text(number: int) -> str | None:
    if number == NO_DAY:
        return None
    if FIRST_DAY <= number <= LAST_DAY:
        return date.fromordinal(number + DAY_ZERO).isoformat()
    return f"{number:+} days from 1970-01-01"


def measured(
    columns: Columns, name: str, bad: npt.NDArray[np.bool_], inexact: npt.NDArray[np.bool_], top: int | None = 100
) -> tuple[Codes, Codes] | None:
    """A column of numbers: (rows in which it is known, its values there in billionths).

    Values outside 0…`top` are marked bad; those that nine decimals do not settle inexact.
    """
    array = columns.get(name)
    if array is None:
        return None
    kind = array.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        if array.null_count:
            where = np.flatnonzero(bits_of(array.buffers()[0], array).view(np.bool_))
            array = array.drop_null()
        else:
            where = np.arange(len(array))
        scaled = array.cast(pa.float64()).to_numpy(zero_copy_only=False) * UNIT
        if not np.isfinite(scaled).all():
            bad[where[np.isinf(scaled)]] = True
            kept = np.isfinite(scaled)  # a numeric column writes NaN for an empty cell
            where, scaled = where[kept], scaled[kept]
        beyond = top * UNIT if top is not None else 2.0**62
        if len(scaled) and (scaled.min() < 0 or scaled.max() > beyond):
            bad[where[(scaled < 0) | (scaled > beyond)]] = True
            scaled = np.clip(scaled, -1, 2.0**62)
        whole = np.rint(scaled)
        # half a billionth more or less: the row is decided by itself
        off = np.abs(np.abs(scaled - whole) - 0.5) < 1e-3
        if off.any():
            inexact[where[off]] = True
        return where, whole.astype(np.int64)
    from tidegate.screening.shipment import Reject, _number

    encoded = columns.encoded(name)
    assert encoded is not None
    positions, distinct = encoded
    table = np.zeros(len(distinct), dtype=np.int64)
    has = np.zeros(len(distinct), dtype=bool)
    wrong = np.zeros(len(distinct), dtype=bool)
    for n, value in enumerate(distinct):
        try:
            number = _number(value, name, Decimal(0), Decimal(top) if top is not None else None)
        except Reject:
            wrong[n] = True
            continue
        if number is None:
            continue
        has[n] = True
        table[n] = min(int(number * UNIT), 2**62)
    bad |= wrong[positions]
    where = np.flatnonzero(has[positions])
    return where, table[positions[where]]
