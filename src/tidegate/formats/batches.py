"""The bulk door: the same inputs as Arrow record batches."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tidegate.formats import fields
from tidegate.formats.cells import cell_text, to_json
from tidegate.formats.columnar import ROW, Columnar, Rejects, row_name
from tidegate.formats.columns import ColumnMap
from tidegate.formats.limits import Limits
from tidegate.formats.parquet import ESCAPED
from tidegate.formats.places import Places
from tidegate.formats.reader import ShipmentReader, Source, open_shipments
from tidegate.formats.rejects import RowError
from tidegate.formats.tabular import flatten, nest

_MEMORY = 10_000
MOST_CELLS = 1 << 24


def arrow_batches(
    source: Source | ShipmentReader,
    *,
    batch_rows: int = 65_536,
    format: str | None = None,
    map: ColumnMap | str | Path | Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    encoding: str | None = None,
    fact_types: Mapping[str, str] = fields.FACT_TYPES,
    unread: Collection[str] = (),
    coded: Collection[str] = (),
) -> Iterator[pa.RecordBatch | Rejects]:
    """Shipments as record batches of at most `batch_rows` rows, and `Rejects` between them.

    Every batch begins with the column `row` (int64, the number of the row in the input). Parquet without a
    map is streamed as it is stored, flat or nested, its column names brought to the contract's spelling;
    its cells are not looked at. Everything else becomes text columns in the normal form of the flat
    contract (`true`/`false`, days as ISO dates, lists joined by `;`); null is not known. Batches of one
    input may have different columns where the input's rows have. An input column called `row` becomes
    `source.row`. `places.places_of` tells the line and the file of each row of a batch.

    unread: fields of the contract whose columns may be left out where that saves reading them; a column of numbers
    only where the file itself tells that none is below zero. coded: those whose columns of text may come with their
    dictionary where that saves unpacking them.

    A `ShipmentReader` may be given instead of a source, so that its notes and its progress can be watched.
    """
    if isinstance(source, ShipmentReader):
        yield from _batches(source, batch_rows, unread, coded)
        return
    with open_shipments(
        source, format=format, map=map, limits=limits, encoding=encoding, fact_types=fact_types
    ) as reader:
        yield from _batches(reader, batch_rows, unread, coded)


def _batches(
    reader: ShipmentReader, batch_rows: int, unread: Collection[str], coded: Collection[str]
) -> Iterator[pa.RecordBatch | Rejects]:
    if reader.table is not None and reader.map is None and not _twofold(reader.columns or ()):
        yield from _stored(reader, batch_rows, unread, coded)
    elif (columnar := Columnar.of(reader)) is not None:
        yield from columnar.batches(batch_rows)
    else:
        yield from _made(reader, batch_rows)


def _twofold(columns: Collection[str]) -> bool:
    """Whether an object stands in one column and in columns of its own too: only row by row is seen what it holds."""
    return any(column.partition(".")[0] in columns for column in columns if fields.canonical(column) and "." in column)


def _stored(
    reader: ShipmentReader, batch_rows: int, unread: Collection[str], coded: Collection[str]
) -> Iterator[pa.RecordBatch]:
    if reader.table is None or reader.columns is None:
        raise ValueError("not a Parquet input")
    kept = [
        n
        for n, (name, field) in enumerate(zip(reader.columns, reader.table.schema, strict=True))
        if pa.types.is_struct(field.type)
        or pa.types.is_map(field.type)
        or not _of(name, unread)
        or (fields.canonical(name) in fields.NUMBERS and not reader.table.no_less_than_zero(field.name))
    ]
    names = [ROW, *(row_name(reader.columns[n]) for n in kept)]
    first = 1
    words = [n for n in kept if _of(reader.columns[n], coded)]
    for batch in reader.table.batches(batch_rows, kept if len(kept) < len(reader.columns) else None, words):
        numbers = pa.array(np.arange(first, first + batch.num_rows))
        columns = [_plain(name, column) for name, column in zip(names[1:], batch.columns, strict=True)]
        yield pa.RecordBatch.from_arrays([numbers, *columns], names=names)
        first += batch.num_rows


def _plain(name: str, column: pa.Array) -> pa.Array:
    """A column as the row by row way reads it: bytes as text, and keys that are numbers as plain numbers."""
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([None if v is None else v.decode("utf-8", ESCAPED) for v in column.to_pylist()], pa.string())
    if name == "id" and not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return pa.array([None if v is None or v != v else cell_text(v) for v in column.to_pylist()], pa.string())
    return column


def _of(name: str, unread: Collection[str]) -> bool:
    """Whether a dotted column belongs to a field to be left out; what the contract does not know stays."""
    return name.partition(".")[0] in unread and fields.canonical(name) is not None


def _made(reader: ShipmentReader, batch_rows: int) -> Iterator[pa.RecordBatch | Rejects]:
    rows: list[int] = []
    places = Places()
    columns: dict[str, list[Any]] = {}
    rejects = Rejects()
    normal = _Normal(reader.fact_types)
    width = 0
    for flat in reader.flat_rows():
        reject = flat.reject
        if flat.cells is not None:
            try:
                if reader.nested:
                    _check_shapes(flat.cells, reader.fact_types)
                cells = normal(flat.cells) if not reader.nested else flatten(flat.cells)
            except RowError as error:
                reject = reader.reject(error, flat.row, flat.line, flat.cells.get("id"))
        if reject is not None:
            rejects.append(reject)
            if len(rejects) >= batch_rows:
                yield rejects
                rejects = Rejects()
            continue
        if rows and _too_wide(columns, cells, len(rows), reader.limits.columns):
            yield from _flush(rows, places, columns, rejects)
            rows, places, columns, rejects, width = [], Places(), {}, Rejects(), 0
        width += sum(map(len, cells.values()))
        count = len(rows)
        rows.append(flat.row)
        places.add(flat.line, flat.file)
        given = _as_given(flat.cells or {}, reader.fact_types) if reader.nested else {}
        for name, value in (cells | given).items():
            name = row_name(name)
            column = columns.get(name)
            if column is None:
                columns[name] = column = []
            column.extend([None] * (count - len(column)))
            column.append(value)
        # Text of unusual length must not pile up either.
        if len(rows) >= batch_rows or width > reader.limits.line_bytes * 4:
            yield from _flush(rows, places, columns, rejects)
            rows, places, rejects, width = [], Places(), Rejects(), 0
            columns = {name: [] for name in columns}
    yield from _flush(rows, places, columns, rejects)


def _too_wide(columns: Mapping[str, Any], cells: Mapping[str, Any], rows: int, most: int) -> bool:
    """Whether a batch would get more columns, or more cells of which most are empty, than are kept at once.

    Facts stated for one layer, and keys of the caller's own, are columns each: there is no end of them.
    """
    if len(columns) + len(cells) > most and len(columns.keys() | cells.keys()) > most:
        return True
    return rows * len(columns) > MOST_CELLS


def _check_shapes(data: Mapping[str, Any], fact_types: Mapping[str, str]) -> None:
    """Raises RowError for what would look well once it is text: an object where a plain value belongs, and the like."""
    if isinstance(data.get("id"), bool | dict | list):
        raise RowError("id", data["id"], "text or a number")
    papers = data.get("documents")
    if papers is not None and not isinstance(papers, str | dict | list):
        raise RowError("documents[0]", papers, "an object with `kind`, or the kind as text")
    for name in ("consignment", "declared_entry", "material"):
        if isinstance(data.get(name), dict | list):
            raise RowError(name, data[name], "text")
    for column, value in _facts_of(data):
        if isinstance(value, dict | list) and fact_types.get(column.rpartition(".")[2]) in ("text", "bool_or_text"):
            raise RowError(column, value, "text")


def _as_given(data: Mapping[str, Any], fact_types: Mapping[str, str]) -> dict[str, Any]:
    """What the contract does not know and is not text: a number stays a number, an object an object."""
    out = {name: value for name, value in data.items() if name not in fields.ROOTS}
    for key in fields.PARTIES:
        if isinstance(inner := data.get(key), Mapping):
            out |= {column: v for name, v in inner.items() if fields.canonical(column := f"{key}.{name}") is None}
    out |= {name: value for name, value in _facts_of(data) if name.rpartition(".")[2] not in fact_types}
    return {name: value for name, value in out.items() if value is not None and not isinstance(value, str)}


def _facts_of(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each fact by its column, also those of one layer."""
    facts = data.get("facts")
    for name, value in facts.items() if isinstance(facts, Mapping) else ():
        if ":" in name and isinstance(value, Mapping):
            yield from ((f"facts.{name}.{fact}", item) for fact, item in value.items())
        else:
            yield f"facts.{name}", value


def _flush(
    rows: list[int], places: Places, columns: dict[str, list[Any]], rejects: Rejects
) -> Iterator[pa.RecordBatch | Rejects]:
    if rejects:
        yield rejects
    if not rows:
        return
    arrays = [pa.array(rows, pa.int64())]
    for column in columns.values():
        column.extend([None] * (len(rows) - len(column)))
        if all(value is None or isinstance(value, str) for value in column):
            arrays.append(pa.array(column, pa.string()))
        else:
            arrays.append(pa.array([None if v is None else to_json(v) for v in column], pa.json_()))
    yield places.on(pa.RecordBatch.from_arrays(arrays, names=[ROW, *columns]))


class _Normal:
    """Flat cells in normal form: what `flatten(nest(cells))` gives, each different cell worked out once."""

    def __init__(self, fact_types: Mapping[str, str]) -> None:
        self._fact_types = fact_types
        self._seen: dict[str, dict[Any, tuple[tuple[str, str], ...]]] = {}

    def __call__(self, cells: Mapping[str, Any]) -> dict[str, str]:
        out: dict[str, str] = {}
        for column, value in cells.items():
            if value is None or value == "":
                continue
            for name, text in self._cell(column, value):
                if name in out:
                    raise RowError(name, text, "given once")
                out[name] = text
        return out

    def _cell(self, column: str, value: Any) -> tuple[tuple[str, str], ...]:
        if column == "id" or column.partition(".")[0] not in fields.ROOTS:
            return ((column, cell_text(value, column)),)
        if isinstance(value, list | dict):
            return tuple(flatten(nest({column: value}, self._fact_types)).items())
        seen = self._seen.setdefault(column, {})
        key = (type(value), value)
        found = seen.get(key)
        if found is None:
            found = tuple(flatten(nest({column: value}, self._fact_types)).items())
            if len(seen) < _MEMORY:
                seen[key] = found
        return found
