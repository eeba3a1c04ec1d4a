"""Declarations as files: Parquet as drawn, CSV with documents as JSON, JSON Lines with objects."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidegate.formats.writers import AtomicFile

FORMATS = ("parquet", "csv", "jsonl")
GROUP_ROWS = 1 << 17  # of Parquet, written at a time: about as many as DuckDB writes
LISTS = ("transit", "annex_i", "annex_iii", "containers")


def file_format(path: Path, given: str | None = None) -> str:
    """The format asked for, or the one that the name ends with. Raises ValueError."""
    named = (given or path.suffix.lstrip(".")).lower()
    if named not in FORMATS:
        raise ValueError(f"{path}: the format {named or '(none)'!r} is not known; expected {', '.join(FORMATS)}")
    return named


def write_declarations(
    batches: Iterable[pa.RecordBatch],
    path: Path,
    format: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Writes every batch to `path`, which appears when all is written; gives the number of rows.

    `progress` is told the rows written so far. Memory is that of one batch. Raises ValueError for a format that
    is not known, FormatError where the file cannot be written.
    """
    writer = {"parquet": _parquet, "csv": write_csv, "jsonl": _jsonl}[file_format(path, format)]
    file = AtomicFile(path)
    try:
        rows = writer(_watched(batches, progress), file.stream)
    except BaseException:
        file.discard()
        raise
    file.commit()
    return rows


def _watched(batches: Iterable[pa.RecordBatch], progress: Callable[[int], None] | None) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in batches:
        yield batch
        done += batch.num_rows
        if progress is not None:
            progress(done)


def _parquet(batches: Iterable[pa.RecordBatch], stream: IO[bytes]) -> int:
    rows = 0
    found = iter(batches)
    first = next(found, None)
    if first is None:
        raise ValueError("there is no row to write; ask for 1 at least")
    with pq.ParquetWriter(stream, plain_schema(first.schema), compression="zstd") as writer:
        group: list[pa.RecordBatch] = []
        for batch in chain([first], found):
            group.append(batch.cast(plain_schema(batch.schema)))
            rows += batch.num_rows
            if sum(len(held) for held in group) >= GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(group).combine_chunks())
                group = []
        if group:
            writer.write_table(pa.Table.from_batches(group).combine_chunks())
    return rows


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Words as plain text: Parquet has dictionaries of its own, and other programs' files do not say more."""
    return pa.schema(
        [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in schema], metadata=None
    )


def write_csv(batches: Iterable[pa.RecordBatch], stream: IO[bytes], columns: Sequence[str] | None = None) -> int:
    """Rows as UTF-8 CSV under a header; `columns` chooses some. Nothing stated is an empty cell."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    rows = 0
    for batch in batches:
        names = columns or batch.schema.names
        if not rows:
            writer.writerow(names)
        writer.writerows(zip(*(_cells(batch.column(name)) for name in names), strict=True))
        rows += batch.num_rows
    text.flush()
    text.detach()
    return rows


def _cells(column: pa.Array) -> list[str | None]:
    if pa.types.is_list(column.type):
        return [None if v is None else compact(v) for v in column.to_pylist()]
    cells: list[str | None] = column.cast(pa.string()).to_pylist()
    return cells


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


def compact(value: Any) -> str:
    """A value as JSON, objects without what they do not state."""
    return _ENCODER.encode(_stated(value))


def _stated(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _stated(v) for k, v in value.items() if v is not None}
    return [_stated(v) for v in value] if isinstance(value, list) else value


def _jsonl(batches: Iterable[pa.RecordBatch], stream: IO[bytes]) -> int:
    rows = 0
    for batch in batches:
        objects: list[dict[str, Any]] = [{} for _ in range(batch.num_rows)]
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            head, dot, tail = name.partition(".")
            listed = name in LISTS
            for place, value in _values(column):
                if dot:
                    objects[place].setdefault(head, {})[tail] = value
                else:
                    objects[place][name] = value.split(";") if listed else value
        stream.write("".join(f"{_ENCODER.encode(o)}\n" for o in objects).encode())
        rows += batch.num_rows
    return rows


def _values(column: pa.Array) -> Iterator[tuple[int, Any]]:
    """What a column states, with the place of its row."""
    places = pc.indices_nonzero(column.is_valid())
    stated = column.take(places)
    if pa.types.is_list(column.type):
        values = map(_stated, stated.to_pylist())
    else:
        values = stated.cast(pa.string()).to_pylist() if pa.types.is_date(column.type) else stated.to_pylist()
    return zip(places.to_pylist(), values, strict=True)
