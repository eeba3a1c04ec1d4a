"""What a worker of a cluster does: enrich and decide its batches, and tell each distinct decision once.

A row comes back as the number of its set. The decision itself comes with the first row of the task that has it, so what
travels grows with the distinct cases and not with the rows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from tidegate import __version__
from tidegate.batch.alerts import AlertingSession
from tidegate.law import Book
from tidegate.screening.bulk.keys import unique_inverse
from tidegate.screening.bulk.sheets import compact
from tidegate.screening.registers import (
    ANSWERS,
    Authority,
    Enricher,
    FactKey,
    FactRecord,
    FactShape,
    MemoryRegister,
    PaperKey,
    PaperRecord,
    Register,
)
from tidegate.screening.registers.join import Join
from tidegate.screening.registers.tables import fact_records, paper_records

# row: place in the file, from 0. set: number of the set within the task, -1 for a row that is rejected; it counts on
# from SPAN to SPAN where the worker began anew. body, export, import: of a set, with its first row. answers: of
# registers. error: of a rejected row.
RESULT = "row bigint, set bigint, body string, export string, import string, answers string, error string"
TYPES = pa.schema(
    [("row", pa.int64()), ("set", pa.int64()), *((n, pa.string()) for n in ("body", "export", "import")),
     ("answers", pa.string()), ("error", pa.string())]
)  # fmt: skip
SPAN = 1 << 32
MOST_SETS = 100_000  # a worker that has met more distinct cases begins anew, so memory stays flat


@dataclass(frozen=True)
class TableRegister:
    """A register as its tables, which is how it travels to the workers."""

    label: str
    authorities: Mapping[str, Sequence[Authority]]
    shapes: Collection[FactShape]
    papers_held: pa.Table
    facts_held: pa.Table

    @classmethod
    def of(cls, register: Register) -> TableRegister:
        authorities = {kind: tuple(given) for kind, given in register.authorities.items()}
        return cls(
            register.label, authorities, tuple(register.shapes), register.paper_table(), register.fact_table()
        )  # fmt: skip

    def papers(self, keys: Sequence[PaperKey]) -> Mapping[PaperKey, PaperRecord | None]:
        return self._memory.papers(keys)

    def facts(self, keys: Sequence[FactKey]) -> Mapping[FactKey, Sequence[FactRecord]]:
        return self._memory.facts(keys)

    def paper_table(self) -> pa.Table:
        return self.papers_held

    def fact_table(self) -> pa.Table:
        return self.facts_held

    @cached_property
    def _memory(self) -> MemoryRegister:
        return MemoryRegister(paper_records(self.papers_held), fact_records(self.facts_held))


@dataclass(frozen=True)
class Task:
    """All that a worker is sent beside its rows: the book, names for the columns of the file, the register."""

    version: str
    book: Book
    columns: tuple[str, ...]
    register: TableRegister | None

    @property
    def key(self) -> tuple[str, tuple[str, ...], str | None]:
        return self.book.hash, self.columns, None if self.register is None else self.register.label


def decided(task: Task, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches of one task as batches of `RESULT`. Raises RuntimeError where the worker runs another Tidegate."""
    if task.version != __version__:
        raise RuntimeError(f"a worker runs Tidegate {__version__}, and {task.version} asks it: install the same on all")
    worker = _Worker.of(task)
    told: set[int] = set()
    for batch in batches:
        yield worker.decide(batch, told)


class _Worker:
    """The session of a Python process, kept from task to task."""

    held: _Worker | None = None

    @classmethod
    def of(cls, task: Task) -> _Worker:
        if cls.held is None or cls.held.key != task.key:
            cls.held = cls(task)
        return cls.held

    def __init__(self, task: Task):
        self.key, self.book, self.columns = task.key, task.book, task.columns
        self.join = None if task.register is None else Join(Enricher(task.register, task.book))
        self.session = AlertingSession(task.book)
        self.first = 0

    def decide(self, batch: pa.RecordBatch, told: set[int]) -> pa.RecordBatch:
        """A row of `RESULT` for each row. `told`: the sets whose decision the task has given already."""
        *arrays, index = batch.columns
        batch = pa.RecordBatch.from_arrays(arrays, names=list(self.columns))
        if len(self.session.sets) > MOST_SETS:
            self.session = AlertingSession(self.book)
            self.first += SPAN
        enriched = None if self.join is None else self.join(batch)
        result = self.session.screen(batch if enriched is None else enriched.batch)
        sets = result.set
        answers = pa.nulls(batch.num_rows, pa.string())
        if enriched is not None:
            sets = self.session.with_alerts(sets, enriched.alerts[result.index], enriched.texts)
            answers = enriched.batch.column(ANSWERS)
        numbers = np.full(batch.num_rows, -1, dtype=np.int64)
        numbers[result.index] = sets + self.first
        texts: dict[str, list[str | None]] = {n: [None] * batch.num_rows for n in ("body", "export", "import", "error")}
        distinct, first, _ = unique_inverse(sets)
        for place, set_id in zip(result.index[first].tolist(), distinct.tolist(), strict=True):
            if set_id + self.first not in told:
                told.add(set_id + self.first)
                route = self.session.sheets.route(set_id)
                texts["body"][place] = compact(self.session.decision(set_id))[1:]
                texts["export"][place], texts["import"][place] = route.export, route.import_
        for row, _, error in result.rejects:
            texts["error"][row - 1] = json.dumps(error, ensure_ascii=False)
        columns: dict[str, Any] = {"row": index, "set": numbers, "answers": answers, **texts}
        return pa.RecordBatch.from_arrays([pa.array(columns[f.name], f.type) for f in TYPES], schema=TYPES)
