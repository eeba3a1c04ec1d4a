"""Polymers and contamination as a signature: everything that the classification and the rules can see of a mix.

The evaluator asks of a mix only on which side of a limit some sum lies (see classify.py): for each polymer that may be
the target, what is not it; the same for the mixes that may pass; how pure the target is; how much foreign matter there
is. The signature records the answers, in whole billionths of a per cent, so it is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tidegate.law.conditions import COMPARISONS, atoms
from tidegate.law.records import Book
from tidegate.screening.bulk.columns import UNIT, Columns, billionths
from tidegate.screening.bulk.keys import Codes, KeyIndex, Packer

BITS = 26
NEAR = 1000  # billionths: a number with more decimals than these, so near a limit, is decided by itself


@dataclass(slots=True)
class Composition:
    """Signature of each row, total share of polymers, and whether polymers are known."""

    signature: Codes
    known: npt.NDArray[np.bool_]


class CompositionCoder:
    """Turns the polymer and contamination columns of a batch into signatures that last for a session."""

    def __init__(self, book: Book):
        self.book = book
        limits = {p.value for p in book.parameters if p.unit.startswith("%") and p.name.endswith("non_target_pct")}
        self.target_limits = sorted(_units(v) for v in limits)
        foreign: set[Decimal] = set(limits) | {Decimal(0)}
        purity: set[Decimal] = set()
        for rule in book.rules.values():
            conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
            for fact, op, operand in (a for c in conditions for a in atoms(c)):
                if op in COMPARISONS and fact in ("foreign_matter_pct", "contamination_pct"):
                    foreign.add(operand)
                if op in COMPARISONS and fact == "target_purity_pct":
                    purity.add(operand)
        self.foreign_limits = sorted(_units(v) for v in foreign)
        self.purity_limits = sorted(purity)
        self.slacks = sorted({p.value for p in book.parameters if p.name == "almost_exclusively_pct"})
        self.positions: dict[str, int] = {}
        self.packer = Packer()
        self.index = KeyIndex()

    def _code(self, column: str) -> str:
        name = column.removeprefix("polymers.").strip()
        lower = name.lower()
        if lower == "mixed" or lower in self.book.polymers.cured:
            return lower
        return self.book.polymers.grades.get(name.upper(), name.upper())

    def encode(
        self,
        columns: Columns,
        paper: npt.NDArray[np.bool_],
        other_material: npt.NDArray[np.bool_],
        bad: npt.NDArray[np.bool_],
        alone: npt.NDArray[np.bool_],
    ) -> Composition:
        """Signatures of a batch. `alone` collects the rows that must be decided by themselves."""
        rows = columns.rows
        inexact = np.zeros(rows, dtype=bool)
        shares: dict[str, Codes] = {}
        for column in columns.named("polymers."):
            got = billionths(columns, column, bad, inexact)
            if got is None:
                continue
            code = self._code(column)
            shares[code] = shares[code] + got[0] if code in shares else got[0]
        held = billionths(columns, "contamination_pct", bad, inexact)
        contamination, stated = held if held else (np.zeros(rows, np.int64), np.zeros(rows, bool))
        names = list(shares)
        full = 100 * UNIT
        if names:
            grid = np.stack([shares[n] for n in names])
        else:
            grid = np.zeros((0, rows), np.int64)
        total = grid.sum(axis=0) if names else np.zeros(rows, np.int64)
        bad |= total + np.where(stated, contamination, 0) > full + NEAR
        known = total > 0
        low_c = np.where(stated, contamination, 0)
        high_c = np.where(stated, contamination, np.maximum(full - total, 0))
        mixed = shares.get("mixed", np.zeros(rows, np.int64))
        rest = np.where(other_material, np.maximum(full - total - low_c, 0), 0)
        base = low_c + rest + total - mixed
        exact_high = stated & other_material

        parts: list[tuple[Codes, int]] = [(stated.astype(np.int64), 1), (known.astype(np.int64), 1)]
        close = np.zeros(rows, dtype=bool)

        def buckets(value: Codes, limits: list[int], bits: int, strict: bool = False) -> None:
            """How many limits lie below, and how many at or below: tells >, ≥, < and ≤ apart."""
            above = np.zeros(rows, np.int64)
            at = np.zeros(rows, np.int64)
            for limit in limits:
                above += value > limit
                if not strict:
                    at += value >= limit
                if inexact.any():
                    np.logical_or(close, np.abs(value - limit) < NEAR, out=close)
            parts.append((above, bits))
            if not strict:
                parts.append((at, bits))

        wide = max(1, len(self.foreign_limits).bit_length())
        plastics = np.where(paper & known, total, 0)
        for value in (low_c, high_c):
            buckets(value, self.foreign_limits, wide)
        if paper.any():
            for value in (low_c + plastics, high_c + plastics):
                buckets(value, self.foreign_limits, wide)
        else:
            parts += [parts[-4], parts[-3], parts[-2], parts[-1]]
        if names:
            self._targets(names, grid, base, mixed, exact_high, total, parts, buckets)
        else:
            parts.append((np.zeros(rows, np.int64), 1))
        # one packer for each set of polymer columns would grow without end: the columns are part of the key instead
        layout = self.positions.setdefault("|".join(names), len(self.positions))
        parts.append((np.full(rows, layout, np.int64), 12))
        key = self.packer.pack(parts, rows)
        signature, _, _ = self.index.lookup(key)
        alone |= inexact & close
        return Composition(signature, known)

    def _targets(
        self,
        names: list[str],
        grid: Codes,
        base: Codes,
        mixed: Codes,
        exact_high: npt.NDArray[np.bool_],
        total: Codes,
        parts: list[tuple[Codes, int]],
        buckets: Callable[..., None],
    ) -> None:
        rows = grid.shape[1]
        full = 100 * UNIT
        p = self.book.polymers
        wide = max(1, len(self.target_limits).bit_length())
        mask = np.zeros(rows, np.int64)
        for n in range(len(names)):
            mask |= (grid[n] > 0).astype(np.int64) << n
        parts.append((mask, len(names)))
        families = [p.mixable, p.non_halogenated, p.cured, frozenset({"PFA", "MFA"})]
        targets = list(grid)
        for family in families:
            members = [n for n, name in enumerate(names) if name in family]
            targets.append(grid[members].sum(axis=0) if members else np.zeros(rows, np.int64))
        for share in targets:
            low = base - share
            high = np.where(exact_high, low + mixed, full - share)
            buckets(low, self.target_limits, wide, True)
            buckets(high, self.target_limits, wide, True)
        identified = [n for n, name in enumerate(names) if name != "mixed"]
        largest = grid[identified].max(axis=0) if identified else np.zeros(rows, np.int64)
        main = grid.argmax(axis=0)
        mix = targets[len(names)]
        parts.append((main.astype(np.int64), 6))
        for value in self.slacks:
            # total − x ≤ value % of total, in whole numbers
            top, bottom = value.as_integer_ratio()
            left, right = 100 * bottom, top * total
            parts.append(((left * (total - largest) <= right).astype(np.int64), 1))
            narrow = left * (total - np.maximum(largest, mix) - mixed) <= right
            parts.append((((mixed > 0) & narrow).astype(np.int64), 1))
            parts.append(((left * (total - mix) <= right).astype(np.int64), 1))
        best = np.maximum(largest, mix)
        for limit in self.purity_limits:
            top, bottom = limit.as_integer_ratio()
            for value in (best, best + mixed):
                left, right = 100 * bottom * value, top * total
                parts.append(((left < right).astype(np.int64), 1))
                parts.append(((left <= right).astype(np.int64), 1))


def _units(value: Decimal) -> int:
    return int(value * UNIT)
