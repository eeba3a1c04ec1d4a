"""The bulk way: batches through a session into a sink, in parts that a later run can go on from."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tidegate.batch.alerts import AlertingSession
from tidegate.batch.beside import OBJECTS, is_unknown
from tidegate.batch.consignment_file import ConsignmentFile, Lines
from tidegate.batch.consignments import Consignments
from tidegate.batch.sinks import COPIED, JsonLinesSink, ParquetSink, Sink, TableTextSink, sets_path
from tidegate.batch.summary import Summary
from tidegate.batch.texts import BodyTable
from tidegate.formats import FormatError, ShipmentReader, reject_for
from tidegate.formats.batches import Rejects, arrow_batches
from tidegate.formats.fields import ROOTS
from tidegate.formats.places import places_of
from tidegate.formats.writers import output_format as format_of
from tidegate.formats.writers import rejects_path
from tidegate.law import Book
from tidegate.screening.bulk.keys import KeyIndex, grown, unique_inverse
from tidegate.screening.bulk.shipments import READERS
from tidegate.screening.evaluate import SEVERITY
from tidegate.screening.registers import Enricher, Register
from tidegate.screening.registers.join import Join
from tidegate.screening.shipment import FIELDS, LAYER

LINES = ".lines.parquet"  # of a part: the lines of its consignments
BATCH_ROWS = 131_072
PART_ROWS = 8 * BATCH_ROWS
# fields of the contract that no rule reads, and whose values are taken as they are
UNREAD = frozenset({"description", "containers", "gross_kg", "value", "currency", "consignor", "consignee", "facility"})
# fields whose words the rules read by their codes
CODED = frozenset(READERS.keys() | {"facts", "consignment"}) - {"date", "documents"}
CODED_TEXT = pa.dictionary(pa.int32(), pa.string())
MOST_SETS = 150_000  # a session that has met more distinct cases is begun anew, so memory stays flat


def _give_back() -> None:
    """Hands what a session took back to the system; else the next one grows on top of what lies about."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def screen_batches(
    reader: ShipmentReader,
    output: Path,
    book: Book,
    *,
    output_format: str | None = None,
    form: str = "whole",
    resume: bool = False,
    progress: Progress | None = None,
    keep: Collection[str] = (),
    register: Register | None = None,
    consignments: ConsignmentFile | None = None,
) -> Summary:
    """Screens all batches of a reader into `output`. Raises FormatError; an earlier output then stays as it was."""
    kind = format_of(output, output_format)
    run = _Run(reader, output, book, kind, form, keep, register, progress, consignments)
    with _few_collections():
        return run.in_parts() if resume else run.at_once()


@contextmanager
def _few_collections() -> Iterator[None]:
    """What a session remembers is no garbage: to look through it again and again costs an eighth of the run."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


Progress = Callable[[int, int | None, int], None]  # (bytes or rows done, of how many, rows decided)


class _Run:
    def __init__(
        self, reader: ShipmentReader, output: Path, book: Book, kind: str, form: str, keep: Collection[str],
        register: Register | None, progress: Progress | None, consignments: ConsignmentFile | None,
    ):  # fmt: skip
        self.consignments = consignments
        self.lines: Lines | None = None
        self.keep = frozenset(keep)
        self.register = register
        self.join = None if register is None else Join(Enricher(register, book))
        self.reader, self.output, self.book, self.kind, self.form = reader, output, book, kind, form
        self.progress = progress
        self.rows = self.read = 0  # rows done with, and how far the input was read for them
        self.now = 0  # rows of the batch that is being worked on
        self.set_offset = 0
        self.beside: set[str] = set()  # the columns passed through so far
        self._begin()

    def _begin(self) -> None:
        self.session = AlertingSession(self.book)
        self.session.tick = self._tell
        self.table = BodyTable(self.session, self.set_offset, lists=self.form == "columns")
        self.tally = Tally()

    # ── one go ─────────────────────────────────────────────────────────────────────────────────────────

    def at_once(self) -> Summary:
        summary = Summary()
        self.lines = None if self.consignments is None else self.consignments.lines()
        sink = self._sink(self.output)
        try:
            for item in self._batches():
                self._one(item, sink, summary)
            self._settle(sink, summary)
            sink.close()
        except BaseException:
            sink.discard()
            raise
        return summary

    def _settle(self, sink: Sink, summary: Summary) -> None:
        """Puts the sets of a session that ends into the summary, and into the table of sets, each once."""
        self.tally.settle(summary, self.table, sink, lambda: self._tell(0))
        self.set_offset += len(self.session.sets)
        self._begin()
        _give_back()

    def _batches(self) -> Iterator[pa.RecordBatch | Rejects]:
        """The input, without the columns that no rule reads and nobody wants beside the decisions."""
        # papers weigh more than all else of a row, and a column for each list of a decision more than one of ids
        heavy = "documents" in (self.reader.columns or ()) or self.form == "columns"
        rows = BATCH_ROWS // 2 if heavy else BATCH_ROWS
        if self.register is not None:
            return arrow_batches(self.reader, batch_rows=rows)
        unread, coded = UNREAD - self.keep, CODED - self.keep
        return arrow_batches(self.reader, batch_rows=rows, unread=unread, coded=coded)

    def _tell(self, share: float) -> None:
        """Says how far the work is. share: of the batch that is being worked on, how much of the slow part is done."""
        if self.progress is None:
            return
        rows = self.rows + int(share * self.now)
        if self.reader.row_count:
            self.progress(rows, self.reader.row_count, rows)
        else:
            self.progress(self.read + int(share * (self.reader.position - self.read)), self.reader.size, rows)

    def _done(self, rows: int) -> None:
        self.rows, self.read, self.now = self.rows + rows, self.reader.position, 0
        self._tell(0)

    def _sink(self, path: Path) -> Sink:
        return sink_of(path, self.kind, self.form)

    def _one(self, item: pa.RecordBatch | Rejects, sink: Sink, summary: Summary) -> None:
        if isinstance(item, Rejects):
            for record in item:
                summary.reject(record)
                sink.reject(record)
            self._done(len(item))
            return
        numbers = item.column(0).to_numpy()
        batch = item.select(range(1, item.num_columns))
        if len(self.session.sets) > MOST_SETS:
            self._settle(sink, summary)
        self.now = batch.num_rows
        told = None if self.join is None else self.join(batch)
        result = self.session.screen(batch if told is None else told.batch)
        places = places_of(item) if result.rejects else ()
        for row, identity, error in result.rejects:
            line, file = places[row - 1]
            record = reject_for({"id": _plain(identity)}, **error, row=int(numbers[row - 1]), line=line, file=file)
            summary.reject(record)
            sink.reject(record)
        sets, beside = result.set, passed(batch, result.index, self.book, self.keep)
        if told is not None:
            sets = self.session.with_alerts(sets, told.alerts[result.index], told.texts)
            beside |= passed(told.beside, result.index, self.book)
        self.beside |= beside.keys()
        if self.kind != "jsonl" and len(self.beside) > self.reader.limits.columns:
            most = self.reader.limits.columns
            raise FormatError(
                f"more than {most} columns are passed through; write JSON Lines, where each row has its own"
            )
        self.tally.count(summary, self.table, batch, result.index, sets, numbers, self.lines)
        sink.write(numbers[result.index], result.ids, sets, beside, self.table)
        self._done(batch.num_rows)

    # ── in parts ───────────────────────────────────────────────────────────────────────────────────────

    def in_parts(self) -> Summary:
        """Part files beside the output; a part that is complete is not decided again; at the end they become one."""
        folder = self.output.with_name(self.output.name + ".parts")
        folder.mkdir(parents=True, exist_ok=True)
        mark = self._mark()
        known = folder / "run.json"
        if not known.exists() or json.loads(known.read_text()) != mark:
            shutil.rmtree(folder)
            folder.mkdir()
        _put(known, mark)
        total = Summary()
        parts: list[Path] = []
        for number, items in enumerate(_chunks(self._batches(), PART_ROWS)):
            part = folder / f"part-{number:06d}.{self.kind}"
            done = part.with_suffix(".json")
            parts.append(part)
            if done.exists():
                total.merge(Summary.from_dict(json.loads(done.read_text())))
                known_lines = json.loads(part.with_suffix(".consignments.json").read_text())
                total.consignments.merge(Consignments.from_dict(known_lines))
                if self.consignments is not None:
                    self.consignments.add(part.with_suffix(LINES))
                for item in items:
                    self._done(len(item) if isinstance(item, Rejects) else item.num_rows)
                continue
            summary = Summary()
            self.lines = None if self.consignments is None else self.consignments.lines(part.with_suffix(LINES))
            self.set_offset = 0
            sink = self._sink(part)
            try:
                for item in items:
                    self._one(item, sink, summary)
                self._settle(sink, summary)
                sink.close()
                if self.lines is not None:
                    self.lines.close()
            except BaseException:
                sink.discard()
                raise
            _put(part.with_suffix(".consignments.json"), summary.consignments.as_dict())
            _put(done, summary.as_dict())
            total.merge(summary)
        try:
            self._join(parts)
        except BaseException:
            for whole in (self.output, sets_path(self.output)):
                whole.with_name(whole.name + ".part").unlink(missing_ok=True)
            raise
        if self.consignments is not None:
            self.consignments.finish()
        shutil.rmtree(folder)
        return total

    def _mark(self) -> dict[str, Any]:
        """What must be the same for parts to be used again: the input, the rulebook, the form of the output."""
        mark = {
            "input": self.reader.identity,
            "rulebook": self.book.label,
            "format": self.kind,
            "form": self.form,
            "part_rows": PART_ROWS,
            "keep": sorted(self.keep),
            "consignments": self.consignments is not None,
            "register": None if self.register is None else self.register.label,
            "counts": [known.name for known in fields(Summary)],  # a part of another version lacks some
        }
        as_kept: dict[str, Any] = json.loads(json.dumps(mark))
        return as_kept

    def _join(self, parts: list[Path]) -> None:
        if self.kind == "parquet":
            ParquetSink.join(parts, self.output, self.form == "compact")
        else:
            (JsonLinesSink if self.kind == "jsonl" else TableTextSink).join(parts, self.output)
        target = rejects_path(self.output)
        lines = [p for part in parts if (p := rejects_path(part)).exists()]
        if lines:
            with target.open("wb") as out:
                for path in lines:
                    with path.open("rb") as part:
                        shutil.copyfileobj(part, out, COPIED)
        else:
            target.unlink(missing_ok=True)


def _put(path: Path, value: Any) -> None:
    """Writes what a later run reads: whole, or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value))
    os.replace(part, path)


def sink_of(path: Path, kind: str, form: str) -> Sink:
    """Where batches of decisions of a format go. form: of Parquet."""
    if kind == "parquet":
        return ParquetSink(path, form)
    if kind == "jsonl":
        return JsonLinesSink(path)
    return TableTextSink(path, kind)


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


class Tally:
    """Rows by (set, month): a set is put together for the summary once, however many batches met it."""

    MONTHS = 1 << 18  # room for the months of any calendar

    def __init__(self) -> None:
        self._index = KeyIndex()
        self._keys: list[np.ndarray[Any, Any]] = []
        self._rows = self._counts = np.zeros(0, dtype=np.int64)  # rows of each key, and with room for more

    def count(
        self, summary: Summary, table: BodyTable, batch: pa.RecordBatch, index: Any, sets: Any, numbers: Any,
        lines: Lines | None = None,
    ) -> None:  # fmt: skip
        """Counts a batch; consignments take the strictest outcome of their lines. `numbers`: of all its rows; `lines`:
        where the lines of consignments go beside, if anybody wants them."""
        if not len(sets):
            return
        everything = len(index) == batch.num_rows
        days = batch.column("date")
        months = _months(days if everything else days.take(pa.array(index)))
        keys = sets * self.MONTHS + months
        ids, _, first = self._index.lookup(keys)
        self._keys.append(keys[first])
        self._counts = grown(self._counts, self._index.size)
        np.add.at(self._counts, ids, 1)
        self._rows = self._counts[: self._index.size]
        if "consignment" in batch.schema.names:
            named = batch.column("consignment")
            named, sets, rows = _named(named if everything else named.take(pa.array(index)), sets, numbers[index])
            session = table.session
            ranks_of: Any = np.array([SEVERITY[head[0]] for head in session.heads.values], dtype=np.uint8)
            ranks = ranks_of[session.sets.column("head", sets)]
            summary.consignments.add(named, ranks)
            if lines is not None:
                lines.add(named, ranks, table.to_verify(sets), rows)

    def settle(self, summary: Summary, table: BodyTable, sink: Sink, tick: Callable[[], None] | None = None) -> None:
        """Puts every set together once: into the summary, and where the sink keeps a table of sets, into that.

        tick: called now and then meanwhile; what it raises ends the work.
        """
        if not self._keys:
            return
        keys = np.concatenate(self._keys)
        order = np.argsort(keys, kind="stable")
        keys, rows = keys[order], self._rows[order]
        sets = keys // self.MONTHS
        starts = np.flatnonzero(np.diff(sets, prepend=-1))
        session = table.session
        table.add_to(summary, sets[starts], np.add.reduceat(rows, starts), tick)
        sink.put_sets(sets[starts], table)
        outcomes: list[str] = [head[0] for head in session.heads.values]
        names = list(dict.fromkeys(outcomes))
        codes = np.array([names.index(outcome) for outcome in outcomes])[session.sets.column("head", sets)]
        cells, _, places = unique_inverse(
            (keys % self.MONTHS * len(names) + codes) << 1 | table.to_verify(sets)
        )  # fmt: skip
        for cell, count in zip(cells.tolist(), np.bincount(places, weights=rows).tolist(), strict=True):
            month, code = divmod(cell >> 1, len(names))
            day = f"{month // 12:04}-{month % 12 + 1:02}"
            summary.add_month(day, names[code], int(count), to_verify=bool(cell & 1))


def _named(named: pa.Array, sets: Any, rows: Any) -> tuple[pa.DictionaryArray, Any, Any]:
    """The consignments of lines as they are read (`Shipment.consignment`), with the sets and rows of these lines."""
    if isinstance(named, pa.ChunkedArray):
        named = named.combine_chunks()
    if not (pa.types.is_string(named.type) or named.type == CODED_TEXT):
        named = pa.array([None if v is None else str(v) for v in named.to_pylist()], pa.string())
    coded = named if pa.types.is_dictionary(named.type) else pc.dictionary_encode(named)
    read = pc.utf8_trim_whitespace(coded.dictionary)
    indices = coded.indices
    if (blank := pc.equal(read, "").to_numpy(zero_copy_only=False)).any():
        # a blank is no number: its lines are taken out with those that have none
        codes = pc.fill_null(indices, 0).to_numpy()
        indices = pc.if_else(pa.array(blank[codes]), pa.scalar(None, indices.type), indices)
    if indices.null_count:
        kept = indices.is_valid().to_numpy(zero_copy_only=False)
        indices, sets, rows = indices.drop_null(), sets[kept], rows[kept]
    return pa.DictionaryArray.from_arrays(indices, read), sets, rows


def _months(days: pa.Array) -> Any:
    """Year × 12 + month, counted from 0, of each day."""
    if isinstance(days, pa.ChunkedArray):
        days = days.combine_chunks()
    if pa.types.is_date32(days.type):
        numbers = days.cast(pa.int32()).to_numpy()
        first, last = (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, 0)
        each = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return each.take(numbers - first) + 1970 * 12
    encoded = days.dictionary_encode() if not pa.types.is_dictionary(days.type) else days
    texts = [str(v.as_py()).strip() for v in encoded.dictionary]
    table = np.array([int(text[:4]) * 12 + int(text[5:7]) - 1 for text in texts], dtype=np.int64)
    return table[encoded.indices.to_numpy(zero_copy_only=False)]


def passed(batch: pa.RecordBatch, index: Any, book: Book, keep: Collection[str] = ()) -> dict[str, pa.Array]:
    """The columns that the contract does not know, and those of the fields to `keep`, for the rows decided."""
    out: dict[str, pa.Array] = {}
    everything = len(index) == batch.num_rows
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        head = name.partition(".")[0]
        if pa.types.is_struct(column.type) and head in OBJECTS and head not in keep:
            out |= _within(name, column if everything else column.take(pa.array(index)), book)
            continue
        if (head in FIELDS or head in ROOTS) and (head not in keep or head == "id") and not is_unknown(name, book):
            continue
        out[name] = column if everything else column.take(pa.array(index))
    return out


def _within(name: str, column: pa.Array, book: Book) -> dict[str, pa.Array]:
    """The members of a column of objects that the contract does not know, also those of the facts of one layer."""
    out: dict[str, pa.Array] = {}
    for n, member in enumerate(column.type):
        inner, child = f"{name}.{member.name}", column.field(n)
        if name == "facts" and LAYER.match(member.name) and pa.types.is_struct(member.type):
            out |= _within(inner, child, book)
        elif is_unknown(inner, book):
            out[inner] = child
    return out


def _plain(value: Any) -> Any:
    return value.as_py() if isinstance(value, pa.Scalar) else value
