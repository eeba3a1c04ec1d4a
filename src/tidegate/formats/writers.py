"""Decisions out: JSON Lines, CSV, XLSX or Parquet, with the rejects beside them.

A file appears under its name only when it is complete: it is written under another name in the same folder,
synced, and renamed. When something goes wrong, the old file is still there and the new one is gone.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

from tidegate.formats.flat_decision import (
    DECISION_COLUMNS,
    flat_decision,
    json_line,
    nested_decision,
    passed_name,
)  # fmt: skip
from tidegate.formats.rejects import FormatError
from tidegate.formats.safety import guard
from tidegate.formats.streams import STDIN

FORMATS = ("jsonl", "csv", "xlsx", "parquet")
LINE_END = "\r\n"  # of CSV, RFC 4180
_EXTENSIONS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".xlsx": "xlsx", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
#: Half a surrogate pair is no text; it is written as the escape that JSON has for it.
_HALVES = "backslashreplace"


def output_format(path: str | Path, format: str | None = None) -> str:
    """The format of an output by its name; JSON Lines for standard output."""
    if format is not None:
        if format not in FORMATS:
            raise FormatError(f"decisions cannot be written as {format!r}", value=format, expected=", ".join(FORMATS))
        return format
    if str(path) == STDIN:
        return "jsonl"
    suffix = Path(path).suffix.lower()
    if suffix not in _EXTENSIONS:
        raise FormatError(
            f"{path}: the name does not say which format to write",
            value=suffix,
            expected=", ".join(sorted(_EXTENSIONS)),
        )
    return _EXTENSIONS[suffix]


def rejects_path(path: str | Path) -> Path:
    """Where the rejects of an output go: `decisions.csv` → `decisions.rejects.jsonl`."""
    path = Path(path)
    return path.with_name(f"{path.stem}.rejects.jsonl")


class AtomicFile:
    """A binary file that takes its name only on `commit`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        except OSError as error:
            raise FormatError(f"{path}: cannot be written: {error.strerror or error}", value=str(path)) from None
        self._temporary = Path(name)
        self.stream: IO[bytes] = os.fdopen(handle, "wb")

    def commit(self) -> None:
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        mask = os.umask(0)
        os.umask(mask)
        self._temporary.chmod(0o666 & ~mask)
        try:
            self._temporary.replace(self.path)
        except OSError:
            self._temporary.unlink(missing_ok=True)
            raise

    def discard(self) -> None:
        try:
            self.stream.close()  # on a full disk it still tries to write what it holds
        finally:
            self._temporary.unlink(missing_ok=True)


class _Sink(Protocol):
    def write(self, decision: Mapping[str, Any], row: int | None, extra: Mapping[str, Any] | None) -> None: ...
    def finish(self) -> None: ...


class DecisionWriter:
    """Writes decisions one by one; `close` makes the file appear, `discard` leaves everything as it was.

    path: a file, or `-` for standard output (JSON Lines; rejects then come out in place).
    columns: the columns that are passed through, where they are known beforehand. Left out, tables are laid
    out at the end from the columns that came, which needs room on disk for a copy.

    In a `with`, an exception discards.
    """

    def __init__(self, path: str | Path, format: str | None = None, *, columns: Sequence[str] | None = None) -> None:
        self.format = output_format(path, format)
        self.decided = 0
        self.rejected = 0
        self._standard = str(path) == STDIN
        self._closed = False
        self._rejects: AtomicFile | None = None
        if self._standard and self.format != "jsonl":
            raise FormatError("only JSON Lines goes to standard output", value=self.format, expected="jsonl")
        self.path = None if self._standard else Path(path)
        self._file = None if self.path is None else AtomicFile(self.path)
        stream = sys.stdout.buffer if self._file is None else self._file.stream
        self._sink: _Sink
        try:
            if self.format == "jsonl":
                self._sink = _JsonLines(stream)
            elif columns is None:
                self._sink = _Spooled(self.format, stream)
            else:
                self._sink = table_sink(self.format, stream, columns)
        except BaseException:
            if self._file is not None:
                self._file.discard()
            raise

    def write(
        self, decision: Mapping[str, Any], *, row: int | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        """One decision. `row`: its row in the input; `extra`: the columns passed through
        (`tabular.passthrough`)."""
        self._sink.write(decision, row, extra)
        self.decided += 1
        if self._standard:
            sys.stdout.buffer.flush()

    def reject(self, record: Mapping[str, Any]) -> None:
        """One reject record: to the rejects file, or in place on standard output with the id first."""
        self.rejected += 1
        line = {"id": record.get("id"), **record} if self._standard else record
        data = json_line(line).encode("utf-8", _HALVES) + b"\n"
        if self.path is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        if self._rejects is None:
            self._rejects = AtomicFile(rejects_path(self.path))
        self._rejects.stream.write(data)

    def close(self) -> None:
        """Complete the output. A rejects file of an earlier run that no longer holds is removed."""
        if self._closed:
            return
        try:
            self._sink.finish()
        except BaseException:
            self.discard()
            raise
        self._closed = True
        if self._file is None or self.path is None:
            sys.stdout.buffer.flush()
            return
        if self._rejects is not None:
            self._rejects.commit()
        else:
            rejects_path(self.path).unlink(missing_ok=True)
        self._file.commit()

    def discard(self) -> None:
        """Give up: no output appears, an earlier one stays."""
        if self._closed:
            return
        self._closed = True
        for file in (self._file, self._rejects):
            if file is not None:
                with contextlib.suppress(OSError):
                    file.discard()

    def __enter__(self) -> DecisionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


class _JsonLines:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, decision: Mapping[str, Any], row: int | None, extra: Mapping[str, Any] | None) -> None:
        self._stream.write(json_line(nested_decision(decision, row=row, extra=extra)).encode("utf-8", _HALVES) + b"\n")

    def finish(self) -> None:
        self._stream.flush()


class _Spooled:
    """Keeps flat rows on disk until all columns are known."""

    def __init__(self, format: str, stream: IO[bytes]) -> None:
        self._format = format
        self._stream = stream
        self._columns: dict[str, None] = dict.fromkeys(DECISION_COLUMNS)
        self._spool = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  (closed in finish)

    def write(self, decision: Mapping[str, Any], row: int | None, extra: Mapping[str, Any] | None) -> None:
        flat = flat_decision(decision, row=row, extra=extra)
        self._columns.update(dict.fromkeys(flat))
        json.dump(flat, self._spool, ensure_ascii=False)
        self._spool.write("\n")

    def finish(self) -> None:
        with self._spool:
            self._spool.seek(0)
            passed = [name for name in self._columns if name not in DECISION_COLUMNS]
            sink = table_sink(self._format, self._stream, passed)
            for line in self._spool:
                sink.write_flat(json.loads(line))
            sink.finish()


class TableSink:
    """A table with fixed columns: its `own` (those of a decision), then those passed through."""

    def __init__(self, columns: Sequence[str], own: Sequence[str] = DECISION_COLUMNS) -> None:
        passed = dict.fromkeys(passed_name(name) for name in columns)
        self.columns = [*own, *passed]
        self._known = frozenset(self.columns)

    def write(self, decision: Mapping[str, Any], row: int | None, extra: Mapping[str, Any] | None) -> None:
        self.write_flat(flat_decision(decision, row=row, extra=extra))

    def write_flat(self, flat: Mapping[str, Any]) -> None:
        """One flat row. A column that was not announced is an error, for a table has no place to put it."""
        for name in flat:
            if name not in self._known:
                raise FormatError(f"the column {name!r} was not announced to the writer", field=name)
        self._put([flat.get(name) for name in self.columns])

    def _put(self, cells: list[Any]) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        raise NotImplementedError


class _Csv(TableSink):
    def __init__(self, stream: IO[bytes], columns: Sequence[str], own: Sequence[str]) -> None:
        super().__init__(columns, own)
        self._text = io.TextIOWrapper(stream, encoding="utf-8", errors=_HALVES, newline="")
        self._writer = csv.writer(self._text, lineterminator=LINE_END)
        self._writer.writerow([guard(name) for name in self.columns])

    def _put(self, cells: list[Any]) -> None:
        self._writer.writerow([guard(cell) if isinstance(cell, str) else cell for cell in cells])

    def finish(self) -> None:
        self._text.flush()
        self._text.detach()


class _Parquet(TableSink):
    BATCH = 10_000

    def __init__(self, stream: IO[bytes], columns: Sequence[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__(columns)
        self._pa = pa
        self._schema = pa.schema([(name, pa.int64() if name == "row" else pa.string()) for name in self.columns])
        self._writer = pq.ParquetWriter(stream, self._schema, compression="zstd")
        self._rows: list[list[Any]] = []

    def _put(self, cells: list[Any]) -> None:
        self._rows.append(cells)
        if len(self._rows) >= self.BATCH:
            self._flush()

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True)
        arrays = [self._pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)]
        self._writer.write_batch(self._pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._rows = []

    def finish(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()


def table_sink(
    format: str, stream: IO[bytes], columns: Sequence[str], own: Sequence[str] = DECISION_COLUMNS,
    title: str = "decisions",
) -> TableSink:  # fmt: skip
    """The sink for a format of tables. own, title: of a table of something else than decisions (csv, xlsx)."""
    if format == "csv":
        return _Csv(stream, columns, own)
    if format == "parquet":
        return _Parquet(stream, columns)
    from tidegate.formats.xlsx_writer import XlsxSink

    return XlsxSink(stream, columns, own, title)
