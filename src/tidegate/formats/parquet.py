"""Parquet: batches as they are stored, or rows one by one; flat dotted columns and nested columns alike."""

from __future__ import annotations

import datetime as dt
import os
import struct
from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import inf, isfinite
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.formats import fields
from tidegate.formats.cells import cell_text, number_text
from tidegate.formats.limits import Limits
from tidegate.formats.rejects import FormatError, RowError

#: row, cells by column (None when rejected), error, id as far as it could be made out
Parsed = tuple[int, dict[str, Any] | None, RowError | None, Any]

ESCAPED = "backslashreplace"  # how bytes that are no UTF-8 stand in text
_ROWS_AT_ONCE = 4096
# what was read is let go of at once: buffered ahead, the whole file would be held until its end
_READING: dict[str, Any] = {"pre_buffer": False, "buffer_size": 1 << 18}
_SMALL = 1 << 18  # bytes of a column's stored dictionary up to which it is worth handing on as it is


class ParquetTable:
    """An opened Parquet file. `rows` and `batches` may each be walked once."""

    def __init__(self, source: Path | IO[bytes], name: str, limits: Limits) -> None:
        self.name = name
        try:
            self._source = _by_bytes(source) if isinstance(source, Path) else source
            self._file = pq.ParquetFile(self._source, memory_map=False, **_READING)
            self.schema: pa.Schema = self._file.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise FormatError(
                f"{name}: not a whole Parquet file, it may be cut off ({_first_line(error)})",
                expected="parquet",
            ) from None
        try:
            if len(self.schema.names) > limits.columns:
                raise FormatError(f"{name}: {len(self.schema.names)} columns; at most {limits.columns} are read")
            twice = {n for n in self.schema.names if self.schema.names.count(n) > 1}
            if twice:
                raise FormatError(f"{name}: columns that are there twice: {', '.join(sorted(twice))}", field="header")
        except FormatError:
            self._file.close()
            raise
        self.row_count: int = self._file.metadata.num_rows

    def close(self) -> None:
        self._file.close()

    def batches(
        self, batch_rows: int, columns: Sequence[int] | None = None, coded: Sequence[int] = ()
    ) -> Iterator[pa.RecordBatch]:
        """The record batches of the file, dictionary columns unpacked. `FormatError` where a page is
        damaged.

        columns: places in the schema of those to read, in order; all when left out. coded: places of text
        columns that may come with their dictionary, where the file stores a small one: that is read faster.
        """
        done = 0
        names = None if columns is None else [self.schema.names[n] for n in columns]
        # dictionaries end with the file's own groups of rows, and so does a batch: small groups are read whole
        large = self.row_count >= self._file.num_row_groups * batch_rows // 4
        small = self._small_dictionaries() if large and coded else set()
        kept = [self.schema.names[n] for n in coded if self.schema.names[n] in small]
        file = self._file
        if kept:
            file = pq.ParquetFile(self._source, metadata=file.metadata, read_dictionary=kept, **_READING)
        stream = file.iter_batches(batch_size=batch_rows, columns=names)
        while True:
            try:
                batch = next(stream, None)
            except (pa.ArrowException, OSError, ValueError) as error:
                raise FormatError(
                    f"{self.name}: damaged after row {done} of {self.row_count} ({_first_line(error)})",
                    value=done, expected="a whole Parquet file",
                ) from None  # fmt: skip
            if batch is None:
                break
            done += batch.num_rows
            yield _unpacked(batch, kept)
        if done != self.row_count:
            raise FormatError(f"{self.name}: {self.row_count} rows announced, {done} found", value=done)

    def _small_dictionaries(self) -> set[str]:
        """The columns of text that the file stores once in a small dictionary."""
        if not self._file.num_row_groups:
            return set()
        first = self._file.metadata.row_group(0)
        chunks = (first.column(n) for n in range(first.num_columns))
        stored = {
            chunk.path_in_schema
            for chunk in chunks
            if chunk.has_dictionary_page and chunk.data_page_offset - chunk.dictionary_page_offset <= _SMALL
        }
        return {field.name for field in self.schema if pa.types.is_string(field.type) and field.name in stored}

    def no_less_than_zero(self, name: str) -> bool:
        """Whether the file's own statistics show that every number of a column is one, and not below zero."""
        data = self._file.metadata
        kind = self.schema.field(name).type
        if not (pa.types.is_integer(kind) or kind in (pa.float32(), pa.float64())):
            return False
        place = next(n for n in range(data.num_columns) if data.schema.column(n).path == name)
        told = (data.row_group(n).column(place).statistics for n in range(data.num_row_groups))
        return all(s is not None and s.has_min_max and 0 <= s.min <= s.max < inf for s in told)

    def rows(self) -> Iterator[Parsed]:
        """Every row, numbers as `Decimal`, days as dates; a value that cannot be one rejects its row
        alone."""
        row = 0
        for batch in self.batches(_ROWS_AT_ONCE):
            names = batch.schema.names
            columns = [_values(batch.column(i), name) for i, name in enumerate(names)]
            for i in range(batch.num_rows):
                row += 1
                try:
                    yield (
                        row,
                        {name: _checked(column[i], name) for name, column in zip(names, columns, strict=True)},
                        None,
                        None,
                    )
                except RowError as error:
                    yield row, None, error, _id(names, columns, i)


def _by_bytes(path: Path) -> Any:
    """The path, or the file opened where its name is not UTF-8: pyarrow takes such a name as bytes alone."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return pa.OSFile(os.fsencode(path))
    return path


def _id(names: list[str], columns: list[list[Any]], i: int) -> Any:
    if "id" not in names:
        return None
    value = columns[names.index("id")][i]
    return value if isinstance(value, str | int) else None


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _unpacked(batch: pa.RecordBatch, kept: Sequence[str] = ()) -> pa.RecordBatch:
    packed = {f.name for f in batch.schema if pa.types.is_dictionary(f.type)}.difference(kept)
    if not packed:
        return batch
    columns = [
        c.dictionary_decode() if f.name in packed else c for f, c in zip(batch.schema, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _values(column: pa.Array, name: str) -> list[Any]:
    """A column as Python values; single-precision numbers with the digits that were stored, no more."""
    kind = column.type
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        return [None if v is None else _single(v) for v in column.to_pylist()]
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    try:
        values: list[Any] = column.to_pylist(maps_as_pydicts="strict")
    except (pa.ArrowException, KeyError, ValueError, OverflowError, UnicodeDecodeError):
        return [_one(column, i, name) for i in range(len(column))]
    return values


def _one(column: pa.Array, i: int, name: str) -> Any:
    """A value of a column that could not be read as a whole; what is wrong is raised when its row comes."""
    try:
        return column[i].as_py(maps_as_pydicts="strict")
    except (pa.ArrowException, KeyError, ValueError, OverflowError, UnicodeDecodeError) as error:
        return RowError(name, _first_line(error), "a value that can be read")


def _single(value: float) -> Decimal | float:
    if value != value or value in (float("inf"), float("-inf")):
        return value
    for digits in (6, 7, 8, 9):
        text = f"{value:.{digits}g}"
        if struct.pack("f", float(text)) == struct.pack("f", value):
            return Decimal(text)
    return Decimal(repr(value))


def _checked(value: Any, name: str, *, inner: bool = False) -> Any:
    """The value with numbers as `Decimal`; days inside lists and objects, which have no column to type
    them, as text."""
    if isinstance(value, RowError):
        raise value
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if value != value:
            return None  # a column of numbers writes NaN for an empty cell
        root = name.partition(".")[0]
        return Decimal(number_text(value, name)) if isfinite(value) or root in fields.ROOTS else str(value)
    if isinstance(value, dict):
        members = {str(k): _checked(v, f"{name}.{k}", inner=True) for k, v in value.items()}
        root = name.partition(".")[0]
        # A struct has all its keys in every row; those without a value are not known, and are left out.
        return {k: v for k, v in members.items() if v is not None} if root in fields.ROOTS else members
    if isinstance(value, list):
        return [_checked(v, name, inner=True) for v in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", ESCAPED)
    if isinstance(value, dt.date | dt.time):
        return cell_text(value, name) if inner else value
    if isinstance(value, Decimal):
        return value
    return str(value)
