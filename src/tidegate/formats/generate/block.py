"""Rows by the block: standing trades that come again and again, and a few consignments that come once.

Trade repeats itself: the same goods go the same way under the same papers, with another number, another container and
another mass. So there is one pool of consignments for a seed; most rows of a block are drawn from it with new keys,
parties, masses and days, the rest are new altogether. That keeps the number of distinct cases that the law can tell
apart just above 50,000 in a million rows, as the figures of the project ask for, and is quicker than drawing afresh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tidegate.formats.generate.columns import days, fact_columns, goods_columns, order, route_columns, trade_columns
from tidegate.formats.generate.draws import Codes, Draws, Floats, Mask, Weighted
from tidegate.formats.generate.facts import Shape
from tidegate.formats.generate.goods import draw_goods
from tidegate.formats.generate.papers import PaperPlan, draw_papers
from tidegate.formats.generate.plan import OPERATION_WORDS, Plan
from tidegate.formats.generate.route import draw_route, lines_of
from tidegate.law.records import EVENTS

ROWS = 16_384
POOL_ROWS = 50_000
FRESH = 0.014  # share of the rows that are not of a standing trade
SHIFT = 15  # a standing trade that nothing was aimed at comes up to this many days earlier or later
#: The columns that a complete declaration states; 40 % of the rows lack one of them at least.
COMPLETE = (
    "waste",
    "operation",
    "polymers",
    "contamination_pct",
    "halogenated",
    "hazardous",
    "consumer",
    "facts.source",
    "facts.used",
    "facts.mode",
    "facts.importer_type",
)
LOST = 0.22  # share of the values of COMPLETE that an incomplete row lacks
_POOL, _FRESH, _BLOCK = range(3)  # each draws from random numbers of its own


@dataclass(slots=True)
class Drawn:
    """Consignments drawn together. `starts`, `sizes`: the lines of each; `fixed`: whose days must stay as they are."""

    batch: pa.RecordBatch
    starts: Codes
    sizes: Codes
    fixed: Mask


class Blocks:
    """The blocks of one seed. `table`: the needs of papers, None for rows without documents."""

    def __init__(self, plan: Plan, table: PaperPlan | None, seed: int) -> None:
        self.plan, self.table, self.seed = plan, table, seed
        self.columns = order(plan, table is not None)
        self.pool = self._drawn(Draws(seed, _POOL, 0), POOL_ROWS)

    def block(self, number: int) -> pa.RecordBatch:
        """Block `number`: always `ROWS` rows."""
        draws = Draws(self.seed, _BLOCK, number)
        fresh = self._drawn(Draws(self.seed, _FRESH, number), int(ROWS * FRESH))
        pool, standing = self.pool, len(self.pool.starts)
        new = draws.chance(len(fresh.starts) / ROWS * 1.5, ROWS)
        new &= np.cumsum(new) <= len(fresh.starts)
        chosen = np.where(new, standing + np.cumsum(new) - 1, draws.below(standing, ROWS))
        sizes = np.concatenate([pool.sizes, fresh.sizes])[chosen]
        of = np.repeat(np.arange(ROWS, dtype=np.int64), sizes)[:ROWS]
        count = int(of[-1]) + 1
        within = np.arange(ROWS) - np.searchsorted(of, np.arange(count))[of]
        starts = np.concatenate([pool.starts, fresh.starts + pool.batch.num_rows])[chosen]
        rows = starts[of] + within
        fixed = np.concatenate([pool.fixed, fresh.fixed])[chosen[:count]]
        shift = np.where(fixed, 0, draws.between(-SHIFT, SHIFT, count))[of]
        batch = _take(pool.batch, fresh.batch, rows)
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        day = np.asarray(columns["date"].cast(pa.int32())).astype(np.int64)
        shift = np.clip(day + shift, self.plan.first_day, self.plan.last_day) - day
        for name in ("date", *(f"events.{e}" for e in EVENTS)):
            columns[name] = _moved(columns[name], shift)
        columns |= trade_columns(draws, of, number * ROWS, columns["net_kg"])
        return pa.RecordBatch.from_arrays([columns[name] for name in self.columns], names=self.columns)

    def _drawn(self, draws: Draws, rows: int) -> Drawn:
        """New consignments with everything that the law looks at."""
        plan = self.plan
        of = lines_of(draws, rows)
        count = int(of[-1]) + 1
        route = draw_route(plan, draws, count)
        first_line = np.concatenate([[True], of[1:] != of[:-1]])
        # the other lines of an aimed consignment meet its rule half of the time
        aim = np.where(first_line | draws.chance(0.5, rows), route.aim[of], -1)
        day, complete = route.day[of], route.complete[of]
        lost = _lost(draws, complete)
        facts: dict[str, Codes | Floats] = {}
        _fact(plan, draws, "used", aim, complete, {}, facts)
        used = np.asarray(facts.get("used", np.full(rows, -1)), dtype=np.int64)
        goods = draw_goods(plan, draws, aim, complete, used, day)
        traits = {
            "used": used == 1,
            "mixture": goods.mixture,
            "stored": np.array([w == "R13" for w in OPERATION_WORDS])[goods.operation],
            "transit": route.stops[of, 0] >= 0,
            "direct": route.stops[of, 0] < 0,
        }
        of_route = {trait: mask[first_line] for trait, mask in traits.items()}
        for name, shape in plan.facts.items():
            if name == "used":
                continue
            if shape.of_route:
                few: dict[str, Codes | Floats] = {}
                _fact(plan, draws, name, route.aim, route.complete, of_route, few)
                facts[name] = few[name][of]
            else:
                _fact(plan, draws, name, aim, complete, traits, facts)
        columns = {
            **route_columns(plan, route, of),
            **goods_columns(plan, draws, goods, aim, complete, lost, day),
            **fact_columns(plan, facts, aim, lost),
        }
        starts = np.flatnonzero(first_line)
        fixed = route.aim >= 0
        if self.table is not None:
            ends = (route.export[of], route.import_[of])
            documents = draw_papers(plan, self.table, draws, aim, *ends, route.stops[of], day)
            columns["documents"] = documents
            # papers have days of their own, which a moved declaration would leave behind
            held = np.asarray(documents.is_valid()).astype(np.int64)
            fixed |= np.add.reduceat(held, starts) > 0
        batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        return Drawn(batch, starts, np.diff(np.append(starts, rows)), fixed)


def _lost(draws: Draws, complete: Mask) -> dict[str, Mask]:
    """Which of the columns of COMPLETE each incomplete row lacks: one at least."""
    rows = len(complete)
    certain = draws.below(len(COMPLETE), rows)
    return {name: ~complete & (draws.chance(LOST, rows) | (certain == n)) for n, name in enumerate(COMPLETE)}


def _fact(
    plan: Plan,
    draws: Draws,
    name: str,
    aim: Codes,
    complete: Mask,
    traits: dict[str, Mask],
    out: dict[str, Codes | Floats],
) -> None:
    """One fact of each row: what the aim asks for, else a value now and then."""
    if name not in plan.facts:
        return
    shape: Shape = plan.facts[name]
    rows = len(aim)
    kind = plan.book.facts[name].type
    known = draws.chance(shape.known, rows)
    if shape.always:
        known |= complete
    if shape.when is not None:
        known &= traits[shape.when]
    weighted = Weighted(shape.values)
    place = weighted.draw(draws, rows)
    wanted = plan.aim_facts[name][aim]
    if kind == "number":
        value = np.array([float(v) for v in weighted.words])[place]
        out[name] = np.where(np.isnan(wanted), np.where(known, value, np.nan), wanted)
        return
    if kind == "bool":
        place = np.array([v == "true" for v in weighted.words], dtype=np.int64)[place]
    out[name] = np.where(wanted >= 0, wanted, np.where(known, place, -1))


def _take(pool: pa.RecordBatch, fresh: pa.RecordBatch, rows: Codes) -> pa.RecordBatch:
    """Rows of two batches laid end to end, without laying them end to end."""
    new = rows >= pool.num_rows
    taken = pool.take(pa.array(np.where(new, 0, rows)))
    added = fresh.take(pa.array(rows[new] - pool.num_rows))
    place = np.where(new, taken.num_rows + np.cumsum(new) - 1, np.arange(len(rows)))
    both = pa.Table.from_batches([taken, added]).combine_chunks().to_batches()[0]
    return both.take(pa.array(place))


def _moved(column: pa.Array, by: Codes) -> pa.Array:
    known = np.asarray(column.is_valid())
    return days(np.asarray(column.cast(pa.int32()).fill_null(0)).astype(np.int64) + by, known)
