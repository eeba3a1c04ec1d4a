"""The consignments of a run, a row each with its strictest outcome, for as many as there are.

The lines of consignments go to Parquet while the rows are decided, some twenty bytes each; DuckDB then groups them, on
disk where memory does not hold them. The pages of a batch have theirs from the same `gather`, out of their index.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.formats import FormatError, output_format
from tidegate.formats.flat_decision import json_line
from tidegate.formats.writers import AtomicFile, table_sink
from tidegate.screening.evaluate import OUTCOMES

STRICTEST = OUTCOMES[::-1]
COLUMNS: Mapping[str, str] = {
    "consignment": "number of the consignment, as its rows have it",
    "outcome": "the strictest outcome of its rows",
    "lines": "rows of it that were decided",
    **{outcome: f"of these, rows that are `{outcome}`" for outcome in STRICTEST},
    "clear_to_verify": "rows that are `clear` with something left to verify; they are among `clear`",
    "row": "the first of its rows with the strictest outcome",
}
LINES = pa.schema(
    [
        ("consignment", pa.dictionary(pa.int32(), pa.string())),
        ("outcome", pa.dictionary(pa.int8(), pa.string())),
        ("checks", pa.int8()),
        ("row", pa.int64()),
    ]
)
AT_ONCE = 65_536
NO_LINES = "no row names a consignment: the file of consignments has none"


class Lines:
    """The lines of consignments on their way into a Parquet file."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, LINES, compression="zstd")
        self._waiting: list[tuple[str, int, bool, int]] = []

    def add(
        self, numbers: pa.DictionaryArray, ranks: npt.NDArray[Any], to_verify: npt.NDArray[np.bool_], rows: Any
    ) -> None:
        """Lines: the consignment of each, the place of its outcome among OUTCOMES, whether something is left to verify,
        its row."""
        outcomes = pa.DictionaryArray.from_arrays(pa.array(ranks, pa.int8()), pa.array(OUTCOMES))
        columns = [numbers, outcomes, pa.array(to_verify.astype(np.int8)), pa.array(rows, pa.int64())]
        self._writer.write_table(pa.table(columns, names=LINES.names).cast(LINES))

    def add_one(self, number: str, rank: int, to_verify: bool, row: int) -> None:
        """One line. Half a surrogate pair is no text, and Parquet refuses it: it is written as its escape."""
        self._waiting.append((number.encode("utf-8", "backslashreplace").decode(), rank, to_verify, row))
        if len(self._waiting) >= AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            numbers, ranks, to_verify, rows = zip(*self._waiting, strict=True)
            self._waiting = []
            self.add(
                pa.array(numbers).dictionary_encode(), np.array(ranks, np.int8), np.array(to_verify, np.bool_), rows
            )

    def close(self) -> None:
        """Ends the file."""
        self._flush()
        self._writer.close()


class ConsignmentFile:
    """The file of consignments; it takes its name once it is whole. Made before the run, so that a name or a folder
    that will not do ends the run before it begins. Raises FormatError.

    In a `with`, nothing else is left behind, and nothing at all where `finish` did not come to its end.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.kind = path, output_format(path.absolute())  # "-" is no file
        self._file: AtomicFile | None = AtomicFile(path)
        self._folder = tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent)
        self._parts: list[Path] = []
        self._open: list[Lines] = []
        self._notes: list[str] = []

    def __enter__(self) -> ConsignmentFile:
        return self

    def lines(self, path: Path | None = None) -> Lines:
        """Where the lines of a run go, or those of a part of it, which stay in `path`."""
        self._parts.append(path or Path(self._folder.name, f"{len(self._parts)}.parquet"))
        self._open.append(Lines(self._parts[-1]))
        return self._open[-1]

    def add(self, path: Path) -> None:
        """The lines of a part that was there already."""
        self._parts.append(path)

    def finish(self) -> list[str]:
        """Writes the file; gives what is to be said of it. Raises FormatError: the decisions are there by then."""
        if self._file is None:
            return self._notes
        from tidegate.screening.engines.duckdb import QueryError

        try:
            self._close()
            table = Path(self._folder.name, "consignments.parquet")
            if not gather(self._parts, table):
                self._notes.append(NO_LINES)
            write(table, self._file.stream, self.kind)
            self._file.commit()
        except (OSError, QueryError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or error
            raise FormatError(f"{self.path}: cannot be written: {why}; the decisions are there") from error
        self._file = None
        return self._notes

    def _close(self) -> None:
        while self._open:
            self._open.pop().close()

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(OSError):
            self._close()
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.discard()
        self._folder.cleanup()


def gather(parts: Sequence[Path], target: Path) -> int:
    """Groups lines (Parquet with the columns of LINES, and others) into a Parquet file with COLUMNS, in the order of
    `row`; gives the number of consignments. Raises QueryError."""
    from tidegate.screening.engines import duckdb

    counted = {"lines": "count(*)"}
    for outcome in STRICTEST:
        of_it = f"FILTER (WHERE outcome = '{outcome}')"
        counted |= {outcome: f"count(*) {of_it}", f"at_{outcome}": f'min("row") {of_it}'}
    counted["clear_to_verify"] = "count(*) FILTER (WHERE outcome = 'clear' AND checks > 0)"
    shown = {name: duckdb.name(name) for name in COLUMNS}
    shown["outcome"] = "CASE " + " ".join(f"WHEN {outcome} > 0 THEN '{outcome}'" for outcome in STRICTEST) + " END"
    shown["row"] = f"coalesce({', '.join(f'at_{outcome}' for outcome in STRICTEST)})"
    with tempfile.TemporaryDirectory(prefix=".spill-", dir=target.parent) as spill:
        return duckdb.gather(parts, target, "consignment", counted, shown, order='"row"', spill=Path(spill))


def write(table: Path, stream: IO[bytes], kind: str) -> None:
    """What `gather` wrote, in another format."""
    if kind == "parquet":
        with table.open("rb") as held:
            shutil.copyfileobj(held, stream)
        return
    if kind == "jsonl":
        for row in rows(table):
            stream.write(json_line(row).encode() + b"\n")
        return
    sink = table_sink(kind, stream, (), own=tuple(COLUMNS), title="consignments")
    for row in rows(table):
        sink.write_flat(row)
    sink.finish()


def rows(table: Path) -> Iterator[dict[str, Any]]:
    """The rows of what `gather` wrote, in order."""
    with pq.ParquetFile(table) as file:
        for batch in file.iter_batches(10_000):
            yield from batch.to_pylist()
