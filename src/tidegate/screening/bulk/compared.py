"""What a changed rulebook would change in a file: its distinct cases decided under both books, each pair counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sized
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegate.law.records import Book
from tidegate.screening.bulk.columns import Columns
from tidegate.screening.bulk.keys import Codes, Numbers, unique_inverse
from tidegate.screening.bulk.session import Session
from tidegate.screening.impact import Impact, Pair, Reach, Shift, pair
from tidegate.screening.shipment import parse_shipment

MOST_SETS = 100_000  # sessions that have met more distinct cases are begun anew, so memory stays flat
YES_NO = {"true": True, "false": False}
ANSWERS = ("waste", "halogenated", "hazardous")
LISTS = ("transit", "annex_i", "annex_iii", "containers", "evaluate", "documents")
AT_ONCE = 4_096  # shipments that change put together at a time


def impact_of_batches(
    old: Book,
    new: Book,
    items: Iterable[pa.RecordBatch | Sized],
    *,
    examples: int = 5,
    each: Callable[[Shift], object] | None = None,
    tick: Callable[[float], None] | None = None,
) -> Impact:
    """The same as `impact`, for batches of rows as `formats.batches` makes them, and rejects between them.

    `tick` is told now and then which share of a batch is decided; what it raises ends the work.
    """
    compared = _Compared(old, new, examples, each, tick)
    for item in items:
        if isinstance(item, pa.RecordBatch):
            compared.add(item)
        else:
            compared.out.rejected += len(item)
    return compared.out


class _Compared:
    def __init__(
        self, old: Book, new: Book, examples: int, each: Callable[[Shift], object] | None,
        tick: Callable[[float], None] | None,
    ):  # fmt: skip
        self.old, self.new, self.examples, self.each, self.tick = old, new, examples, each, tick
        self.reach, self.out = Reach(old, new), Impact()
        self._begin()

    def _begin(self) -> None:
        self.before, self.after = Session(self.old), Session(self.new)
        self.pairs: dict[tuple[int, int], tuple[Pair, str, str]] = {}
        self._met = Numbers()
        if self.tick is not None:
            tick = self.tick
            self.before.tick = lambda share: tick(share / 2)
            self.after.tick = lambda share: tick((1 + share) / 2)

    def add(self, item: pa.RecordBatch) -> None:
        numbers, batch = item.column(0).to_numpy(), item.select(range(1, item.num_columns))
        if max(len(self.before.sets), len(self.after.sets)) > MOST_SETS:
            self._begin()
        was = self.before.screen(batch)
        met = self._meet(was.set)
        at = was.index[met]
        now = self.after.screen(batch if len(at) == batch.num_rows else batch.take(pa.array(at)))
        shipments = len(was.index) - len(at) + len(now.index)
        self.out.shipments += shipments
        self.out.rejected += batch.num_rows - shipments
        if not len(now.index):
            return
        rows, before, after = at[now.index], was.set[met][now.index], now.set
        _, first, inverse = unique_inverse(before << 32 | after)
        many = np.bincount(inverse)
        found: list[Pair] = []
        for n, i in enumerate(first.tolist()):  # in the order of the file, as a row at a time would meet them
            told, export, import_ = self._pair(int(before[i]), int(after[i]))
            self.out.count(told, export, import_, int(many[n]))
            found.append(told)
        self._show(batch, numbers, rows, inverse, found)

    def _meet(self, sets: Codes) -> npt.NDArray[np.bool_]:
        """Of each set whether a rule that differs can be met on its route."""
        for number in range(len(self._met), len(self.before.sets)):
            text = self.before.sets.column("text", np.array([number]))[0]
            self._met.append(bool(text) or self.reach.on(self.before.sheets.route(number)))
        return self._met[sets] > 0

    def _pair(self, before: int, after: int) -> tuple[Pair, str, str]:
        """What two sets of results come to, and the States that they are between."""
        key = (before, after)
        if key not in self.pairs:
            route = self.after.sheets.route(after)
            told = pair(self.before.decision(before), self.after.decision(after))
            self.pairs[key] = told, route.export, route.import_
        return self.pairs[key]

    def _show(self, batch: pa.RecordBatch, numbers: Codes, rows: Codes, inverse: Codes, found: list[Pair]) -> None:
        """Puts shipments together whose outcome changes: all where somebody wants each, else the examples."""
        changed = np.array([told.changed for told in found])
        wanted = np.flatnonzero(changed[inverse])
        columns = Columns(batch)
        for n in range(0, len(wanted), AT_ONCE):
            piece = [i for i in wanted[n : n + AT_ONCE].tolist() if self._wants(found[inverse[i]])]
            raws = columns.take([int(rows[i]) for i in piece])
            for i, raw in zip(piece, raws, strict=True):
                told = found[inverse[i]]
                if self._wants(told):
                    shipment = parse_shipment(self._typed(raw), self.new)
                    self.out.show(told, int(numbers[rows[i]]), shipment, self.examples, self.each)

    def _wants(self, told: Pair) -> bool:
        return self.each is not None or self.out.wants(told, self.examples)

    def _typed(self, raw: dict[str, Any]) -> dict[str, Any]:
        """The row as the text of a file gives it a row at a time: a batch may hold days, numbers and joined lists."""
        raw = {name: _plain(value) for name, value in raw.items()}
        facts = raw.get("facts")
        if isinstance(facts, dict):
            raw["facts"] = {name: YES_NO.get(v, v) if self._told(name) else v for name, v in facts.items()}
        raw |= {name: YES_NO.get(raw[name], raw[name]) for name in ANSWERS if name in raw}
        return raw | {name: _listed(raw[name]) for name in LISTS if isinstance(raw.get(name), str)}

    def _told(self, name: str) -> bool:
        return name in self.new.facts and self.new.facts[name].type == "bool"


def _listed(text: str) -> Any:
    return json.loads(text) if text.startswith("[") else text.split(";")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()[:10]
    return format(Decimal(repr(value)).normalize(), "f") if isinstance(value, float) else value
