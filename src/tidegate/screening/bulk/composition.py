"""Polymers and contamination as signatures: everything that the classification and the rules can see of a mix.

The evaluator asks of a mix only on which side of a limit some sum lies (see classify.py): for each polymer that may be
the target, what is not it; the same for the mixes that may pass; how pure the target is; how much foreign matter there
is. A signature records the answers, counted in whole billionths of a per cent, so it is exact. There are two: what the
classification sees, and what conditions of rules see.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tidegate.law.conditions import COMPARISONS, atoms
from tidegate.law.records import Book
from tidegate.screening.bulk.columns import UNIT, Columns, billionths
from tidegate.screening.bulk.keys import Codes, Interner, KeyIndex, Packer
from tidegate.screening.classify import PERFLUOROALKOXY

BITS = 25  # 24 for signatures, one to tell them from coarser codes
PIECE = 24  # bits packed at a time
FULL = 100 * UNIT
Parts = list[tuple[Codes, int]]


@dataclass(slots=True)
class Composition:
    """Signatures of each row for the classification (`entry`) and for rules (`rules`), and what is coarser.

    `known`: polymers are stated. `main`: a code for the HS subheading of the main polymer. `fluoro`: a listed
    fluoropolymer is there. `mixable`: two polymers of the PE/PP/PET mix are there.
    """

    entry: Codes
    rules: Codes
    known: npt.NDArray[np.bool_]
    main: Codes
    fluoro: npt.NDArray[np.bool_]
    mixable: npt.NDArray[np.bool_]


@dataclass(slots=True)
class _Mix:
    """A batch's mixes, in billionths of a per cent. `grid`: one row a polymer of `names`."""

    names: list[str]
    grid: Codes
    total: Codes
    mixed: Codes
    stated: npt.NDArray[np.bool_]
    low: Codes
    high: Codes
    rest: Codes
    exact: npt.NDArray[np.bool_]


class CompositionCoder:
    """Turns the polymer and contamination columns of a batch into signatures that last for a session."""

    def __init__(self, book: Book):
        self.book = book
        limits = {p.value for p in book.parameters if p.name.endswith("non_target_pct")}
        foreign: set[Decimal] = set()
        purity: set[Decimal] = set()
        named: dict[str, None] = {}
        for rule in book.rules.values():
            conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
            for fact, op, operand in (a for c in conditions for a in atoms(c)):
                if fact == "contains":
                    named.update(dict.fromkeys(operand))
                elif op in COMPARISONS and fact in ("foreign_matter_pct", "contamination_pct"):
                    foreign.add(operand)
                elif op in COMPARISONS and fact == "target_purity_pct":
                    purity.add(operand)
        self.target_limits = sorted(int(v * UNIT) for v in limits)
        self.foreign_limits = sorted(int(v * UNIT) for v in foreign)
        self.purity_limits = sorted(purity)
        self.slacks = sorted({p.value for p in book.parameters if p.name == "almost_exclusively_pct"})
        self.named = tuple(named)
        self.layouts, self.mains = Interner(), Interner()
        self.folds: list[KeyIndex] = []
        self.packers = {"entry": Packer(), "rules": Packer()}
        self.indexes = {"entry": KeyIndex(), "rules": KeyIndex()}

    def encode(
        self,
        columns: Columns,
        paper: npt.NDArray[np.bool_],
        other_material: npt.NDArray[np.bool_],
        bad: npt.NDArray[np.bool_],
        alone: npt.NDArray[np.bool_],
    ) -> Composition:
        """Signatures of a batch. `bad` and `alone` collect rows to be read, or decided, by themselves."""
        mix = self._mix(columns, other_material, bad, alone)
        known = mix.total > 0
        main, fluoro, mixable = self._coarse(mix)
        entry = self._signature("entry", self._entry_parts(mix, known, main))
        rules = self._signature("rules", self._rule_parts(mix, known, paper))
        return Composition(entry, rules, known, main, fluoro, mixable)

    def _code(self, column: str) -> str:
        name = column.removeprefix("polymers.").strip()
        lower = name.lower()
        if lower == "mixed" or lower in self.book.polymers.cured:
            return lower
        return self.book.polymers.grades.get(name.upper(), name.upper())

    def _mix(
        self,
        columns: Columns,
        other_material: npt.NDArray[np.bool_],
        bad: npt.NDArray[np.bool_],
        alone: npt.NDArray[np.bool_],
    ) -> _Mix:
        rows = columns.rows
        shares: dict[str, Codes] = {}
        for column in columns.named("polymers."):
            got = billionths(columns, column, bad, alone)
            if got is not None:
                code = self._code(column)
                shares[code] = shares[code] + got[0] if code in shares else got[0]
        held = billionths(columns, "contamination_pct", bad, alone)
        contamination, stated = held if held else (np.zeros(rows, np.int64), np.zeros(rows, bool))
        contamination = np.where(stated, contamination, 0)
        grid = np.stack(list(shares.values())) if shares else np.zeros((0, rows), np.int64)
        total = grid.sum(axis=0)
        bad |= total + contamination > FULL
        return _Mix(
            names=list(shares),
            grid=grid,
            total=total,
            mixed=shares.get("mixed", np.zeros(rows, np.int64)),
            stated=stated,
            low=contamination,
            high=np.where(stated, contamination, np.maximum(FULL - total, 0)),
            rest=np.where(other_material, np.maximum(FULL - total - contamination, 0), 0),
            exact=stated & other_material,
        )

    def _signature(self, which: str, parts: Parts) -> Codes:
        rows = len(parts[0][0])
        return self.indexes[which].lookup(self.packers[which].pack(parts, rows))[0]

    def _coarse(self, mix: _Mix) -> tuple[Codes, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        p, rows = self.book.polymers, mix.total.shape[0]
        if not mix.names:
            return np.zeros(rows, np.int64), np.zeros(rows, bool), np.zeros(rows, bool)
        codes = np.array(
            [self.mains("mixed" if n == "mixed" else p.hs.get(n, "other")) for n in mix.names], dtype=np.int64
        )
        fluoro = [n for n, name in enumerate(mix.names) if name in p.fluoro]
        mixable = [n for n, name in enumerate(mix.names) if name in p.mixable]
        return (
            codes[mix.grid.argmax(axis=0)],
            np.asarray((mix.grid[fluoro] > 0).any(axis=0)),
            np.asarray((mix.grid[mixable] > 0).sum(axis=0) > 1),
        )

    # ── what the classification sees ───────────────────────────────────────────────────────────────────

    def _entry_parts(self, mix: _Mix, known: npt.NDArray[np.bool_], main: Codes) -> Parts:
        p = self.book.polymers
        parts: Parts = [(mix.stated.astype(np.int64), 1), (known.astype(np.int64), 1), (main, 8)]
        for value in (mix.low, mix.high):
            parts.append((_above(value, self.target_limits), 4))
        base = mix.low + mix.rest + mix.total
        listed = p.non_halogenated | p.halogenated | p.cured | p.fluoro | {"mixed"}
        flags = ([n in p.b3010_excluded for n in mix.names], [n not in listed for n in mix.names])
        for flag in flags:
            parts.append(((mix.grid[np.array(flag, dtype=bool)] > 0).any(axis=0).astype(np.int64), 1))
        parts.append(((mix.mixed > 0).astype(np.int64), 1))
        columns: list[Codes] = []
        for name, share in zip(mix.names, mix.grid, strict=True):
            # the unidentified may be of the target, unless it is the target itself
            low = base - share if name == "mixed" else base - share - mix.mixed
            columns.append(self._bucket(low, share, mix))
        for family in (p.mixable, p.non_halogenated, p.cured, PERFLUOROALKOXY):
            members = [n for n, name in enumerate(mix.names) if name in family]
            share = mix.grid[members].sum(axis=0)
            several = (mix.grid[members] > 0).sum(axis=0) > 1
            columns.append(self._bucket(base - share - mix.mixed, share, mix) * several)
        parts += self._folded(columns, 6)
        parts.append((np.full(len(known), self.layouts("|".join(mix.names)), np.int64), PIECE))
        return parts

    def _bucket(self, low: Codes, share: Codes, mix: _Mix) -> Codes:
        """0 where the target fails every limit; else which limits what is not target surely or perhaps exceeds."""
        high = np.where(mix.exact, low + mix.mixed, FULL - share)
        count = len(self.target_limits) + 1
        code = 1 + _above(low, self.target_limits) * count + _above(high, self.target_limits)
        return np.where((low > self.target_limits[-1]) | (share == 0), 0, code)

    def _folded(self, columns: list[Codes], bits: int) -> Parts:
        """Any number of small codes as dense ids, a few at a time."""
        parts: Parts = []
        each = 60 // bits
        for fold, start in enumerate(range(0, len(columns), each)):
            key = np.zeros(len(columns[0]), dtype=np.int64)
            for code in columns[start : start + each]:
                key = (key << bits) | code
            if fold == len(self.folds):
                self.folds.append(KeyIndex())
            parts.append((self.folds[fold].lookup(key)[0], PIECE))
        return parts

    # ── what conditions of rules see ───────────────────────────────────────────────────────────────────

    def _rule_parts(self, mix: _Mix, known: npt.NDArray[np.bool_], paper: npt.NDArray[np.bool_]) -> Parts:
        parts: Parts = [(mix.stated.astype(np.int64), 1), (known.astype(np.int64), 1)]
        # in a bale of paper the plastics are foreign matter too
        plastics = np.where(paper, mix.total, 0)
        parts.append(((mix.low == mix.high).astype(np.int64), 1))
        for value in (mix.low, mix.high, mix.low + plastics, mix.high + plastics):
            parts.append((_above(value, self.foreign_limits), 5))
            parts.append((_reached(value, self.foreign_limits), 5))
        for code in (*self.named, "mixed"):
            present = mix.grid[mix.names.index(code)] > 0 if code in mix.names else np.zeros(len(known), bool)
            parts.append((present.astype(np.int64), 1))
        identified = [n for n, name in enumerate(mix.names) if name != "mixed"]
        mixable = [n for n, name in enumerate(mix.names) if name in self.book.polymers.mixable]
        largest = mix.grid[identified].max(axis=0) if identified else np.zeros(len(known), np.int64)
        together = mix.grid[mixable].sum(axis=0)
        best = np.maximum(largest, together)
        for slack in self.slacks:
            # total − x ≤ slack % of total, in whole numbers
            top, bottom = slack.as_integer_ratio()
            left, right = 100 * bottom, top * mix.total
            parts.append(((left * (mix.total - largest) <= right).astype(np.int64), 1))
            narrow = left * (mix.total - best - mix.mixed) <= right
            parts.append((((mix.mixed > 0) & narrow).astype(np.int64), 1))
            parts.append(((left * (mix.total - together) <= right).astype(np.int64), 1))
        for limit in self.purity_limits:
            top, bottom = limit.as_integer_ratio()
            for share in (best, best + mix.mixed):
                purity, needed = 100 * bottom * share, top * mix.total
                parts.append(((purity < needed).astype(np.int64), 1))
                parts.append(((purity <= needed).astype(np.int64), 1))
        return parts


def _above(value: Codes, limits: list[int]) -> Codes:
    """How many of the limits the value exceeds."""
    out = np.zeros(len(value), dtype=np.int64)
    for limit in limits:
        out += value > limit
    return out


def _reached(value: Codes, limits: list[int]) -> Codes:
    """How many of the limits the value reaches: with `_above`, tells >, ≥, < and ≤ apart."""
    out = np.zeros(len(value), dtype=np.int64)
    for limit in limits:
        out += value >= limit
    return out
