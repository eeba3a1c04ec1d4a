"""`tidegate screen --engine spark`: a Parquet file through a cluster, into the file that the embedded engine writes.

Registers are joined and decisions taken by the workers (spark_worker.py). What they tell of each row is then put beside
the row, in the order of the input, by the sinks of the embedded engine.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tidegate import __version__
from tidegate.batch.consignment_file import ConsignmentFile, Lines
from tidegate.batch.sinks import Sink
from tidegate.batch.spark_worker import RESULT, SPAN, TableRegister, Task, decided
from tidegate.batch.stream import BATCH_ROWS, Tally, passed, sink_of
from tidegate.batch.summary import Summary
from tidegate.batch.texts import BodyTable
from tidegate.formats import FormatError, ShipmentReader, reject_for
from tidegate.formats.batches import Rejects, arrow_batches
from tidegate.formats.columnar import row_name
from tidegate.formats.writers import output_format as format_of
from tidegate.law import Book
from tidegate.screening.bulk import Session
from tidegate.screening.bulk.columns import Columns
from tidegate.screening.bulk.keys import Codes, unique_inverse
from tidegate.screening.engines.spark import SparkFailed, map_parquet
from tidegate.screening.registers import ANSWERS, Register

MOST_SETS = 100_000


def screen_parquet(
    source: str | Path,
    reader: ShipmentReader,
    output: str | Path,
    book: Book,
    *,
    master: str | None = None,
    output_format: str | None = None,
    form: str = "whole",
    progress: Callable[[int, int | None, int], None] | None = None,
    keep: Collection[str] = (),
    register: Register | None = None,
    consignments: ConsignmentFile | None = None,
) -> Summary:
    """Screens the Parquet file `source` on Spark; the output equals that of the embedded engine, row for row.

    reader: of the same file, to put beside each row what was told of it. The others are as for `screen_file`.

    Input and output must lie where every machine of the cluster finds them under the same path; what the workers write
    lies beside the output meanwhile. Raises FormatError for other inputs and outputs, SparkUnavailable where PySpark or
    Java is missing, SparkFailed where the cluster gives up or a register answers what cannot be.
    """
    if reader.table is None or reader.map is not None or reader.columns is None:
        raise FormatError("the Spark engine reads Parquet", value=reader.format, expected="FILE.parquet")
    if str(output) == "-":
        raise FormatError("the Spark engine writes a file", value="-", expected="DECISIONS.parquet")
    output = Path(output).resolve()
    kind = format_of(output, output_format)
    columns = tuple(row_name(name) for name in reader.columns)
    task = Task(__version__, book, columns, None if register is None else TableRegister.of(register))

    def kernel(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return decided(task, batches)

    parts = output.with_name(f"{output.name}.spark-{os.getpid()}")
    try:
        map_parquet(Path(source).resolve(), parts, kernel, RESULT, master, show=progress is not None)
        lines = None if consignments is None else consignments.lines()
        sink = sink_of(output, kind, form)
        gathered = _Gathered(_Told(parts), book, sink, frozenset(keep), register is not None, lines, form)
        return gathered.all(reader, progress)
    finally:
        shutil.rmtree(parts, ignore_errors=True)


class _Told:
    """What the workers told, row by row in the order of the input."""

    def __init__(self, folder: Path):
        firsts = sorted(found for path in folder.glob("*.parquet") if (found := _first_row(path)) is not None)
        self._batches = ((n, batch) for n, (_, path) in enumerate(firsts) for batch in _batches(path))
        self._rest: tuple[int, pa.RecordBatch] | None = None
        self._file = -1
        self._held: dict[int, tuple[str, str, str]] = {}  # set of the task → what is told of it
        self._row = 0

    def take(self, rows: int, session: Session) -> tuple[Codes, pa.Array, list[tuple[int, dict[str, Any]]]]:
        """For the next rows: the set of each, -1 where it is rejected; what registers answered; (place, error)."""
        sets: list[Codes] = []
        answers: list[pa.Array] = []
        rejects: list[tuple[int, dict[str, Any]]] = []
        while (done := sum(map(len, sets))) < rows:
            batch = self._next(rows - done)
            sets.append(self._sets(batch, session))
            answers.append(batch["answers"])
            for place in np.flatnonzero(batch["error"].is_valid()).tolist():
                rejects.append((done + place, json.loads(batch["error"][place].as_py())))
        return np.concatenate(sets), pa.concat_arrays(answers), rejects

    def _next(self, most: int) -> pa.RecordBatch:
        file, batch = self._rest or next(self._batches, (-1, None))
        if batch is None or batch["row"][0].as_py() != self._row:
            raise SparkFailed(f"Spark: row {self._row + 1} did not come back: was the input changed meanwhile?")
        self._rest = (file, batch.slice(most)) if batch.num_rows > most else None
        batch = batch.slice(0, most)
        self._row += batch.num_rows
        if file != self._file:
            self._file, self._held = file, {}
        return batch

    def _sets(self, batch: pa.RecordBatch, session: Session) -> Codes:
        numbers = batch["set"].to_numpy()
        new = np.flatnonzero(batch["body"].is_valid())
        told = (batch[name].take(pa.array(new)).to_pylist() for name in ("body", "export", "import"))
        self._held.update(zip(numbers[new].tolist(), zip(*told, strict=True), strict=True))
        distinct, _, inverse = unique_inverse(numbers)
        ids = [-1 if n < 0 else session.told(*self._held[n]) for n in distinct.tolist()]
        if len(self._held) > MOST_SETS:
            last = int(numbers.max(initial=0)) // SPAN * SPAN
            self._held = {n: t for n, t in self._held.items() if n >= last}
        return np.array(ids, dtype=np.int64)[inverse]


def _first_row(path: Path) -> tuple[int, Path] | None:
    with pq.ParquetFile(path) as file:
        batch = next(file.iter_batches(1, columns=["row"]), None)
    return None if batch is None else (batch["row"][0].as_py(), path)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(BATCH_ROWS)


class _Gathered:
    """The rows of the input with what was told of them, on their way into a sink."""

    def __init__(
        self, told: _Told, book: Book, sink: Sink, keep: Collection[str], asked: bool, lines: Lines | None = None,
        form: str = "whole",
    ):  # fmt: skip
        self.form = form
        self.told, self.book, self.sink, self.keep, self.asked, self.lines = told, book, sink, keep, asked, lines
        self.summary = Summary()
        self._begin(0)

    def _begin(self, offset: int) -> None:
        self.session = Session(self.book)
        self.table = BodyTable(self.session, offset, lists=self.form == "columns")
        self.tally = Tally()

    def all(self, reader: ShipmentReader, progress: Callable[[int, int | None, int], None] | None) -> Summary:
        try:
            rows = 0
            for batch in arrow_batches(reader, batch_rows=BATCH_ROWS):
                if not isinstance(batch, Rejects):  # Parquet as it is stored has none
                    self._one(batch)
                    rows += batch.num_rows
                if progress is not None:
                    progress(rows, reader.row_count, rows)
            self.tally.settle(self.summary, self.table, self.sink)
            self.sink.close()
        except BaseException:
            self.sink.discard()
            raise
        return self.summary

    def _one(self, item: pa.RecordBatch) -> None:
        numbers = item.column(0).to_numpy()
        batch = item.select(range(1, item.num_columns))
        if len(self.session.sets) > MOST_SETS:
            self.tally.settle(self.summary, self.table, self.sink)
            self._begin(self.table.offset + len(self.session.sets))
        sets, answers, rejects = self.told.take(batch.num_rows, self.session)
        columns = Columns(batch) if rejects else None
        for place, error in rejects:
            identity = None if columns is None else columns.row(place).get("id")
            record = reject_for({"id": identity}, **error, row=int(numbers[place]))
            self.summary.reject(record)
            self.sink.reject(record)
        index = np.flatnonzero(sets >= 0)
        beside = passed(batch, index, self.book, self.keep)
        if self.asked:
            beside |= passed(_answered(batch, answers), index, self.book)
        self.tally.count(self.summary, self.table, batch, index, sets[index], numbers, self.lines)
        if len(index):
            self.sink.write(numbers[index], batch.column("id").take(pa.array(index)), sets[index], beside, self.table)


def _answered(batch: pa.RecordBatch, answers: pa.Array) -> pa.RecordBatch:
    """The column of answers; a column of that name that was there before gets another."""
    if ANSWERS not in batch.schema.names:
        return pa.RecordBatch.from_arrays([answers], names=[ANSWERS])
    return pa.RecordBatch.from_arrays([batch.column(ANSWERS), answers], names=[f"source.{ANSWERS}", ANSWERS])
