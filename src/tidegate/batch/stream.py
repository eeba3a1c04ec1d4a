"""The bulk way: batches through a session into a sink, in parts that a later run can go on from."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tidegate.batch.sinks import JsonLinesSink, ParquetSink, Sink, TableTextSink
from tidegate.batch.summary import Summary
from tidegate.formats import ShipmentReader
from tidegate.formats.batches import Rejects, arrow_batches
from tidegate.formats.fields import ROOTS
from tidegate.formats.writers import output_format as format_of
from tidegate.formats.writers import rejects_path
from tidegate.law import Book
from tidegate.screening.bulk import Session
from tidegate.screening.bulk.keys import unique_inverse
from tidegate.screening.shipment import FIELDS

BATCH_ROWS = 131_072
PART_ROWS = 8 * BATCH_ROWS
MOST_KEPT = 5_000  # decisions put together and kept for the next batch
MOST_SETS = 400_000  # a session that has met more distinct cases is begun anew, so memory stays flat


def screen_batches(
    reader: ShipmentReader,
    output: Path,
    book: Book,
    *,
    output_format: str | None = None,
    compact: bool = False,
    resume: bool = False,
    progress: Callable[[int, int | None, int], None] | None = None,
) -> Summary:
    """Screens all batches of a reader into `output`. Raises FormatError; an earlier output then stays as it was."""
    kind = format_of(output, output_format)
    run = _Run(reader, output, book, kind, compact)
    if resume:
        return run.in_parts(progress)
    return run.at_once(progress)


class _Run:
    def __init__(self, reader: ShipmentReader, output: Path, book: Book, kind: str, compact: bool):
        self.reader, self.output, self.book, self.kind, self.compact = reader, output, book, kind, compact
        self.session = Session(book)
        self.table = BodyTable(self.session)
        self.set_offset = 0

    # ── one go ─────────────────────────────────────────────────────────────────────────────────────────

    def at_once(self, progress: Callable[[int, int | None, int], None] | None) -> Summary:
        summary = Summary()
        sink = self._sink(self.output)
        try:
            for item in arrow_batches(self.reader, batch_rows=BATCH_ROWS):
                self._one(item, sink, summary)
                self._progress(progress, summary)
            sink.close(self.table)
        except BaseException:
            sink.discard()
            raise
        return summary

    def _progress(self, progress: Callable[[int, int | None, int], None] | None, summary: Summary) -> None:
        if progress is None:
            return
        if self.reader.row_count:
            progress(summary.rows, self.reader.row_count, summary.rows)
        else:
            progress(self.reader.position, self.reader.size, summary.rows)

    def _sink(self, path: Path) -> Sink:
        if self.kind == "parquet":
            return ParquetSink(path, self.compact)
        if self.kind == "jsonl":
            return JsonLinesSink(path)
        return TableTextSink(path, self.kind)

    def _one(self, item: pa.RecordBatch | Rejects, sink: Sink, summary: Summary) -> None:
        if isinstance(item, Rejects):
            for record in item:
                summary.reject(record)
                sink.reject(record)
            return
        numbers = item.column(0).to_numpy()
        batch = item.select(range(1, item.num_columns))
        if len(self.session.sets) > MOST_SETS:
            sink.flush_sets(self.table)
            self.set_offset += len(self.session.sets)
            self.session = Session(self.book)
            self.table = BodyTable(self.session, self.set_offset)
        result = self.session.screen(batch)
        for row, identity, error in result.rejects:
            record = {"row": int(numbers[row - 1]), "line": None, "id": _plain(identity), "error": error}
            record["error"] = {**error, "message": f"row {record['row']}: {error['message']}"}
            summary.reject(record)
            sink.reject(record)
        count(summary, self.table, batch, result.index, result.set)
        sink.write(numbers[result.index], result.ids, result.set, passed(batch, result.index), self.table)

    # ── in parts ───────────────────────────────────────────────────────────────────────────────────────

    def in_parts(self, progress: Callable[[int, int | None, int], None] | None) -> Summary:
        """Part files beside the output; a part that is complete is not decided again; at the end they become one."""
        folder = self.output.with_name(self.output.name + ".parts")
        folder.mkdir(parents=True, exist_ok=True)
        mark = self._mark()
        known = folder / "run.json"
        if known.exists() and json.loads(known.read_text()) != mark:
            shutil.rmtree(folder)
            folder.mkdir()
        known.write_text(json.dumps(mark))
        total = Summary()
        parts: list[Path] = []
        for number, items in enumerate(_chunks(arrow_batches(self.reader, batch_rows=BATCH_ROWS), PART_ROWS)):
            part = folder / f"part-{number:06d}.{self.kind}"
            done = part.with_suffix(".json")
            parts.append(part)
            if done.exists():
                total.merge(Summary.from_dict(json.loads(done.read_text())))
                for consignment, outcome in json.loads(part.with_suffix(".consignments.json").read_text()).items():
                    total.consign(consignment, outcome)
                for _ in items:
                    pass
                self._progress(progress, total)
                continue
            summary = Summary()
            self.session = Session(self.book) if len(self.session.sets) > MOST_SETS else self.session
            self.table = BodyTable(self.session)
            sink = self._sink(part)
            try:
                for item in items:
                    self._one(item, sink, summary)
                sink.close(self.table)
            except BaseException:
                sink.discard()
                raise
            part.with_suffix(".consignments.json").write_text(json.dumps(summary.consignments))
            done.write_text(json.dumps(summary.as_dict()))
            total.merge(summary)
            self._progress(progress, total)
        self._join(parts)
        shutil.rmtree(folder)
        return total

    def _mark(self) -> dict[str, Any]:
        """What must be the same for parts to be used again: the input, the rulebook, the form of the output."""
        sizes = str(self.reader.size)
        head = hashlib.sha256(repr(self.reader.columns).encode()).hexdigest()
        return {
            "input": sizes,
            "columns": head,
            "rulebook": self.book.label,
            "format": self.kind,
            "compact": self.compact,
            "part_rows": PART_ROWS,
        }

    def _join(self, parts: list[Path]) -> None:
        if self.kind == "parquet":
            ParquetSink.join(parts, self.output, self.compact)
        else:
            (JsonLinesSink if self.kind == "jsonl" else TableTextSink).join(parts, self.output, self.kind)
        target = rejects_path(self.output)
        lines = [p for part in parts if (p := rejects_path(part)).exists()]
        if lines:
            with target.open("wb") as out:
                for path in lines:
                    out.write(path.read_bytes())
        else:
            target.unlink(missing_ok=True)


def _chunks(items: Iterator[pa.RecordBatch | Rejects], rows: int) -> Iterator[Iterator[pa.RecordBatch | Rejects]]:
    """Runs of batches of about `rows` rows each, cut at the same places every time."""
    pending: list[pa.RecordBatch | Rejects] = []
    held = 0
    for item in items:
        pending.append(item)
        held += item.num_rows if isinstance(item, pa.RecordBatch) else 0
        if held >= rows:
            yield iter(pending)
            pending, held = [], 0
    if pending:
        yield iter(pending)


class BodyTable:
    """The decisions of a session's sets, put together once each."""

    def __init__(self, session: Session, offset: int = 0):
        self.session, self.offset = session, offset
        self._bodies: dict[int, dict[str, Any]] = {}
        self._texts: dict[int, str] = {}

    def body(self, set_id: int) -> dict[str, Any]:
        """The decision of a set, without id and row."""
        found = self._bodies.get(set_id)
        if found is None:
            found = self.session.decision(set_id)
            if len(self._bodies) >= MOST_KEPT:
                self._bodies.clear()
            self._bodies[set_id] = found
        return found

    def text(self, set_id: int) -> str:
        """Its JSON, without the opening brace: `"outcome":…}`."""
        found = self._texts.get(set_id)
        if found is None:
            found = json.dumps(self.body(set_id), ensure_ascii=False, separators=(",", ":"))[1:]
            if len(self._texts) >= MOST_KEPT:
                self._texts.clear()
            self._texts[set_id] = found
        return found


def count(summary: Summary, table: BodyTable, batch: pa.RecordBatch, index: Any, sets: Any) -> None:
    """Adds a batch to the summary: each distinct (set, month) once."""
    if not len(sets):
        return
    days = batch.column("date").take(pa.array(index))
    months = _months(days)
    names, codes = months
    distinct, first, inverse = unique_inverse(sets * (len(names) + 1) + codes)
    counts = np.bincount(inverse, minlength=len(distinct))
    exports, imports = batch.column("export"), batch.column("import")
    for i, n in zip(first.tolist(), counts.tolist(), strict=True):
        at = int(index[i])
        body = table.body(int(sets[i]))
        summary.add(
            body, str(exports[at].as_py()).strip().upper(), str(imports[at].as_py()).strip().upper(), names[codes[i]], n
        )
    if "consignment" in batch.schema.names:
        lines = batch.column("consignment").take(pa.array(index)).to_pylist()
        for consignment, set_id in zip(lines, sets.tolist(), strict=True):
            if consignment is not None:
                summary.consign(str(consignment), table.body(set_id)["outcome"])


def _months(days: pa.Array) -> tuple[list[str], Any]:
    if isinstance(days, pa.ChunkedArray):
        days = days.combine_chunks()
    encoded = days.dictionary_encode() if not pa.types.is_dictionary(days.type) else days
    values = [str(v.as_py())[:7] for v in encoded.dictionary]
    names = sorted(set(values))
    place = {name: n for n, name in enumerate(names)}
    table = np.array([place[v] for v in values], dtype=np.int64)
    return names, table[encoded.indices.to_numpy(zero_copy_only=False)]


def passed(batch: pa.RecordBatch, index: Any) -> dict[str, pa.Array]:
    """The columns that the contract does not know, for the rows decided."""
    out = {}
    everything = len(index) == batch.num_rows
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        head = name.partition(".")[0]
        if head in FIELDS or head in ROOTS:
            continue
        out[name] = column if everything else column.take(pa.array(index))
    return out


def _plain(value: Any) -> Any:
    return value.as_py() if isinstance(value, pa.Scalar) else value
