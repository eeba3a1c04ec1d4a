"""Polymers and contamination as signatures: everything that the classification and the rules can see of a mix.

The evaluator asks of a mix only on which side of a limit some sum lies (see classify.py): for each polymer that may be
the target, what is not it; the same for the mixes that may pass; how pure the target is; how much foreign matter there
is. A signature records the answers, counted in whole billionths of a per cent, so it is exact. There are two: what the
classification sees, and what conditions of rules see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegate.law.records import Book
from tidegate.screening.bulk.columns import UNIT, Columns, bits_of, measured
from tidegate.screening.bulk.describe import Mix, conditions_of, mix_of
from tidegate.screening.bulk.keys import Codes, Interner, KeyIndex, Numbers, Packer, Word, WordIndex
from tidegate.screening.classify import PERFLUOROALKOXY, polymer_hs

BITS = 25  # 24 for signatures, one to tell them from coarser codes
PIECE = 24  # bits packed at a time
FULL = 100 * UNIT
FAMILIES = ("mixable", "non_halogenated", "cured", "perfluoroalkoxy")  # whose members count together
UNIDENTIFIED = 10**10  # where as much is not identified as of any polymer, no subheading is known
Parts = list[tuple[Codes, int]]


@dataclass(slots=True)
class Composition:
    """Signatures of each row for the classification (`entry`) and for rules (`rules`), and what is coarser.

    `known`: polymers are stated. `main`: a code for the HS subheading of the main polymer. `much`: how many of the
    limits of polymers in streams (`stream_limits`) are exceeded by a load with a material of its own.
    """

    entry: Codes
    rules: Codes
    known: npt.NDArray[np.bool_]
    main: Codes
    much: Codes


def stream_limits(book: Book) -> list[int]:
    """The limits of polymers in streams, in billionths of a per cent, ascending."""
    found = {s.plastics_max_pct for s in book.streams.values() if s.plastics_max_pct is not None}
    return sorted(int(limit * UNIT) for limit in found)


@dataclass(slots=True)
class _Mix:
    """A batch's mixes, in billionths of a per cent.

    `shares`: for each polymer the rows that hold it, and how much; `main`: the row's largest polymer, as a place
    among `shares` (where several are as large, the one that `classify.plastic_hs` goes by).
    """

    shares: dict[str, tuple[Codes, Codes]]
    main: Codes
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
        self.target_limits = sorted(int(v * UNIT) for v in limits)
        self.stream_limits = stream_limits(book)
        self.sight = mix_of(conditions_of(book.rules.values()))
        self.foreign_limits = [int(v * UNIT) for v in self.sight.foreign]
        self.slacks = sorted({p.value for p in book.parameters if p.name == "almost_exclusively_pct"})
        # every polymer has one place among the signatures' codes, whatever else a batch names
        self.places, self.mains = Interner(), Interner()
        p = book.polymers
        for name in (*FAMILIES, *sorted(p.non_halogenated | p.halogenated | p.cured | p.fluoro | {"mixed"})):
            self.places(name)
        self.folds: list[KeyIndex] = []
        self.packers = {"entry": Packer(), "rules": Packer()}
        self.indexes = {"entry": KeyIndex(), "rules": KeyIndex()}
        self._rule_values: list[tuple[int, ...]] = []  # the parts of each signature for rules
        self._seen: dict[str, tuple[Interner, Numbers]] = {}
        self._orders, self._mixes = Interner(), WordIndex()
        self._seen_mixes = [Numbers() for _ in range(7)]

    def encode(
        self,
        columns: Columns,
        paper: npt.NDArray[np.bool_],
        other_material: npt.NDArray[np.bool_],
        bad: npt.NDArray[np.bool_],
        alone: npt.NDArray[np.bool_],
    ) -> Composition:
        """Signatures of a batch. `bad` and `alone` collect rows to be read, or decided, by themselves."""
        names = [name for name in columns.arrays if name.startswith("polymers.") or name == "contamination_pct"]
        if not all(_counted(columns.arrays[name].type) for name in names):
            return self._encoded(columns, paper, other_material, bad, alone)
        # most mixes come again: each different one is looked at once
        kind = (self._orders(tuple(names)) * 4 + paper * 2 + other_material).astype(np.uint64)
        words = [Word.of(kind), *(_word(columns.arrays[name]) for name in names)]
        ids, fresh, first = self._mixes.lookup(words, columns.rows)
        if len(fresh):
            rows = pa.array(first)
            few = Columns(pa.RecordBatch.from_arrays([columns.arrays[n].take(rows) for n in names] or [rows],
                                                     names=names or [""]))  # fmt: skip
            wrong, single = np.zeros(len(first), dtype=bool), np.zeros(len(first), dtype=bool)
            found = self._encoded(few, paper[first], other_material[first], wrong, single)
            new = (found.entry, found.rules, found.known, found.main, found.much, wrong, single)
            for table, codes in zip(self._seen_mixes, new, strict=True):
                table.extend(codes)
        entry, rules, known, main, much, wrong, single = (table[ids] for table in self._seen_mixes)
        bad |= wrong > 0
        alone |= single > 0
        return Composition(entry, rules, known > 0, main, much)

    def _encoded(
        self,
        columns: Columns,
        paper: npt.NDArray[np.bool_],
        other_material: npt.NDArray[np.bool_],
        bad: npt.NDArray[np.bool_],
        alone: npt.NDArray[np.bool_],
    ) -> Composition:
        mix = self._mix(columns, other_material, bad, alone)
        known = mix.total > 0
        main = self._main(mix)
        much = _above(mix.total, self.stream_limits) * other_material
        entry = self._signature("entry", [*self._entry_parts(mix, known, main), (much, 4)])
        rules = self._signature("rules", self._rule_parts(mix, known, paper))
        return Composition(entry, rules, known, main, much)

    def _mix(
        self,
        columns: Columns,
        other_material: npt.NDArray[np.bool_],
        bad: npt.NDArray[np.bool_],
        alone: npt.NDArray[np.bool_],
    ) -> _Mix:
        rows = columns.rows
        read: dict[str, list[tuple[Codes, Codes]]] = {}
        for column in columns.named("polymers."):
            got = measured(columns, column, bad, alone)
            if got is not None:
                read.setdefault(polymer_code(column.removeprefix("polymers."), self.book), []).append(got)
        held = measured(columns, "contamination_pct", bad, alone)
        stated = np.zeros(rows, dtype=bool)
        contamination = np.zeros(rows, dtype=np.int64)
        if held is not None:
            stated[held[0]] = True
            contamination[held[0]] = held[1]
        total, best = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        main, ranks = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        shares: dict[str, tuple[Codes, Codes]] = {}
        for n, (code, pieces) in enumerate(read.items()):
            where, share = _joined(pieces, rows)
            shares[code] = where, share
            total[where] += share
            top, rank = best[where], UNIDENTIFIED if code == "mixed" else int(polymer_hs(code, self.book))
            larger = (share > top) | ((share == top) & (rank > ranks[where]))
            won = where[larger]
            best[won], main[won], ranks[won] = share[larger], n, rank
        bad |= total + contamination > FULL
        return _Mix(
            shares=shares,
            main=main,
            total=total,
            mixed=_spread(shares.get("mixed"), rows),
            stated=stated,
            low=contamination,
            high=np.where(stated, contamination, np.maximum(FULL - total, 0)),
            rest=np.where(other_material, np.maximum(FULL - total - contamination, 0), 0),
            exact=stated & other_material,
        )

    def _signature(self, which: str, parts: Parts) -> Codes:
        rows = len(parts[0][0])
        ids, _, first = self.indexes[which].lookup(self.packers[which].pack(parts, rows))
        if which == "rules":
            self._rule_values += zip(*(codes[first].tolist() for codes, _ in parts), strict=True)
        return ids

    def seen_by(self, name: str, mix: Mix) -> Numbers:
        """For each signature for rules, a code for what one layer's conditions (`mix`) can tell apart of it."""
        intern, table = self._seen.setdefault(name, (Interner(), Numbers()))
        for values in self._rule_values[len(table) :]:
            stated, known, exact, *rest = values
            limits, rest = rest[:8], rest[8:]
            contains, rest = rest[: len(self.sight.contains) + 1], rest[len(self.sight.contains) + 1 :]
            kinds, purity = rest[: 3 * len(self.slacks)], rest[3 * len(self.slacks) :]
            sides = [
                sum(limit in mix.foreign for limit in self.sight.foreign[:count]) if mix.foreign else 0
                for count in limits
            ]
            held = [c for c, code in zip(contains, (*self.sight.contains, "mixed"), strict=True)
                    if code == "mixed" or code in mix.contains]  # fmt: skip
            sure = [
                tuple(purity[4 * n : 4 * n + 4]) for n, limit in enumerate(self.sight.purity) if limit in mix.purity
            ]
            seen = (stated, known, exact, *sides, *held, *(kinds if mix.kind else ()), *sure)
            table.append(intern(seen))
        return table

    def _main(self, mix: _Mix) -> Codes:
        """A code for the HS subheading of each row's main polymer."""
        if not mix.shares:
            return np.zeros(len(mix.total), np.int64)
        hs = self.book.polymers.hs
        codes = [self.mains("mixed" if n == "mixed" else hs.get(n, "other")) for n in mix.shares]
        return np.array(codes, dtype=np.int64)[mix.main]

    # ── what the classification sees ───────────────────────────────────────────────────────────────────

    def _entry_parts(self, mix: _Mix, known: npt.NDArray[np.bool_], main: Codes) -> Parts:
        p, rows = self.book.polymers, len(mix.total)
        parts: Parts = [(mix.stated.astype(np.int64), 1), (known.astype(np.int64), 1), (main, 8)]
        for value in (mix.low, mix.high):
            parts.append((_above(value, self.target_limits), 4))
        base = mix.low + mix.rest + mix.total
        listed = p.non_halogenated | p.halogenated | p.cured | p.fluoro | {"mixed"}
        for family in (p.b3010_excluded & mix.shares.keys(), mix.shares.keys() - listed):
            parts.append(((_together(mix, family)[1] > 0).astype(np.int64), 1))
        parts.append(((mix.mixed > 0).astype(np.int64), 1))
        columns: dict[int, tuple[Codes, Codes]] = {}
        for name, (where, share) in mix.shares.items():
            # the unidentified may be of the target, unless it is the target itself
            low = base[where] - share if name == "mixed" else base[where] - share - mix.mixed[where]
            columns[self.places(name)] = where, self._bucket(low, share, mix, where)
        for together, members in zip(FAMILIES, (p.mixable, p.non_halogenated, p.cured, PERFLUOROALKOXY), strict=True):
            share, count = _together(mix, members)
            where = np.flatnonzero(count > 1)
            share = share[where]
            bucket = self._bucket(base[where] - share - mix.mixed[where], share, mix, where)
            columns[self.places(together)] = where, bucket
        return [*parts, *self._folded(columns, 6, rows)]

    def _bucket(self, low: Codes, share: Codes, mix: _Mix, where: Codes) -> Codes:
        """0 where the target fails every limit; else which limits what is not target surely or perhaps exceeds."""
        high = np.where(mix.exact[where], low + mix.mixed[where], FULL - share)
        count = len(self.target_limits) + 1
        code = 1 + _above(low, self.target_limits) * count + _above(high, self.target_limits)
        return np.where(low > self.target_limits[-1], 0, code)

    def _folded(self, columns: dict[int, tuple[Codes, Codes]], bits: int, rows: int) -> Parts:
        """Any number of small codes, each of some rows and with a place of its own, as dense ids, a few at a time."""
        parts: Parts = []
        each = 60 // bits
        for fold, start in enumerate(range(0, len(self.places.values), each)):
            key = np.zeros(rows, dtype=np.int64)
            for n in range(each):
                if start + n in columns:
                    where, code = columns[start + n]
                    key[where] |= code << (n * bits)
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
        for code in (*self.sight.contains, "mixed"):
            present = np.zeros(len(known), dtype=np.int64)
            if code in mix.shares:
                present[mix.shares[code][0]] = 1
            parts.append((present, 1))
        largest = np.zeros(len(known), dtype=np.int64)
        for name, (where, share) in mix.shares.items():
            if name != "mixed":
                largest[where] = np.maximum(largest[where], share)
        together = _together(mix, self.book.polymers.mixable)[0]
        best = np.maximum(largest, together)
        for slack in self.slacks:
            # total − x ≤ slack % of total, in whole numbers
            top, bottom = slack.as_integer_ratio()
            left, right = 100 * bottom, top * mix.total
            parts.append(((left * (mix.total - largest) <= right).astype(np.int64), 1))
            narrow = left * (mix.total - best - mix.mixed) <= right
            parts.append((((mix.mixed > 0) & narrow).astype(np.int64), 1))
            parts.append(((left * (mix.total - together) <= right).astype(np.int64), 1))
        for limit in self.sight.purity:
            top, bottom = limit.as_integer_ratio()
            for share in (best, best + mix.mixed):
                purity, needed = 100 * bottom * share, top * mix.total
                parts.append(((purity < needed).astype(np.int64), 1))
                parts.append(((purity <= needed).astype(np.int64), 1))
        return parts


def _counted(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind))


def _word(array: pa.Array) -> Word:
    """Each number as a word of its own, 0 where there is none."""
    if array.null_count == len(array):
        return Word(np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64))
    array = array.cast(pa.float64(), safe=False)
    valid, held = array.buffers()
    values = np.frombuffer(held, dtype=np.float64, count=len(array), offset=8 * array.offset)
    if array.null_count * 3 > len(array) * 2:
        rows = np.flatnonzero(bits_of(valid, array).view(np.bool_))
        values = values[rows]
        if np.isnan(values).any():
            rows, values = rows[~np.isnan(values)], values[~np.isnan(values)]
        return Word(values.view(np.uint64) + np.uint64(1), rows)
    words: npt.NDArray[np.uint64] = values.view(np.uint64) + np.uint64(1)
    if array.null_count:
        words *= bits_of(valid, array)
    words[np.isnan(values)] = 0
    return Word.of(words)


def polymer_code(column: str, book: Book) -> str:
    """The polymer that a column of shares is for: grades folded into their polymer."""
    name = column.strip()
    if (lower := name.lower()) == "mixed" or lower in book.polymers.cured:
        return lower
    return book.polymers.grades.get(name.upper(), name.upper())


def _joined(pieces: list[tuple[Codes, Codes]], rows: int) -> tuple[Codes, Codes]:
    """(rows, share there) of the columns of one polymer; no share of zero."""
    if len(pieces) == 1:
        where, share = pieces[0]
    else:
        whole = np.zeros(rows, np.int64)
        for some, part in pieces:
            whole[some] += part
        where = np.flatnonzero(whole)
        share = whole[where]
    held = share > 0
    return (where, share) if held.all() else (where[held], share[held])


def _spread(held: tuple[Codes, Codes] | None, rows: int) -> Codes:
    out = np.zeros(rows, dtype=np.int64)
    if held is not None:
        out[held[0]] = held[1]
    return out


def _together(mix: _Mix, family: Iterable[str]) -> tuple[Codes, Codes]:
    """(share of a family in each row, how many of its polymers are there)."""
    share, count = np.zeros(len(mix.total), np.int64), np.zeros(len(mix.total), np.int64)
    for name in family:
        if name in mix.shares:
            where, part = mix.shares[name]
            share[where] += part
            count[where] += 1
    return share, count


def _above(value: Codes, limits: list[int]) -> Codes:
    """How many of the limits the value exceeds."""
    return np.searchsorted(limits, value, side="left")


def _reached(value: Codes, limits: list[int]) -> Codes:
    """How many of the limits the value reaches: with `_above`, tells >, ≥, < and ≤ apart."""
    return np.searchsorted(limits, value, side="right")
