"""Papers of a nested column coded all at once, for what the checks of papers.py can see of them.

`documents.DocumentCoder` looks at one paper after the other. A year of declarations holds millions of them, so where a
column is typed as `documents_type` the same is worked out here column by column. What is no paper at all is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tidegate.law.records import Requirement
from tidegate.screening.bulk.columns import DAY_ZERO, distinct, number_of, whole_numbers
from tidegate.screening.bulk.keys import Codes, Interner, KeyIndex, Numbers, Word, WordIndex, unique_inverse
from tidegate.screening.papers import add_years, later, norm
from tidegate.screening.shipment import _number, _text

if TYPE_CHECKING:
    from tidegate.screening.bulk.documents import DocumentCoder

Flags = npt.NDArray[np.bool_]
TYPES = {"kind": pa.string(), "issued": pa.date32(), "valid_from": pa.date32(), "valid_to": pa.date32(),
         "value": pa.float64(), "standard": pa.string()}  # fmt: skip
RENEWAL = pa.struct([("from", pa.date32()), ("days", pa.int64())])
NEVER = 2**40  # a day number beyond all
LAST_DAY = number_of(date.max)
IN_A_WORD, PART_BITS, MOST_PAPERS, MOST_RENEWALS = 3, 20, 30, 8
# the bits of a paper's key, from the lowest: places on the route, its kind, its standard, its dates, what else counts
PLACES, KIND, STANDARD, DATES = 12, 12, 8, 12


def typed(kind: pa.DataType) -> bool:
    """Whether a column of this type can be coded here."""
    if not (pa.types.is_list(kind) and pa.types.is_struct(kind.value_type)):
        return False
    fields = {field.name: field.type for field in kind.value_type}
    return "kind" in fields and all(name not in fields or fields[name] == TYPES[name] for name in TYPES)


class PaperColumns:
    """Codes of papers that last for a session, by the kinds, terms and steps that a coder knows of."""

    def __init__(self, coder: DocumentCoder):
        self.coder = coder
        self.heads = {head: n for n, head in enumerate(sorted(coder.kinds))}
        self.standards = {name: n + 2 for n, name in enumerate(sorted(coder.standards))}
        self._extras: dict[str, KeyIndex] = {}
        self._parts, self._rows = KeyIndex(), WordIndex()
        self._signatures = Numbers()
        self._ends: dict[tuple[int | None, int | None], dict[int, int]] = {}  # of a term, by the day it runs from
        self._steps: dict[str, dict[float, int]] = {}

    def encode(
        self,
        array: pa.ListArray,
        days: Mapping[str, Codes],
        route: Mapping[str, Codes],
        states: Interner,
        transit: Sequence[tuple[str, ...]],
        transit_codes: Codes,
    ) -> tuple[Codes, Codes]:
        """(the signature of each row, the rows that have to be looked at one by one)."""
        rows = len(array)
        out = np.zeros(rows, dtype=np.int64)
        papers = array.flatten()
        row = pc.list_parent_indices(array).to_numpy(zero_copy_only=False).astype(np.int64)
        if not len(row):
            return out, row
        left = np.zeros(rows, dtype=bool)
        if papers.null_count:
            left[row[~papers.is_valid().to_numpy(zero_copy_only=False)]] = True
        names = {field.name for field in papers.type}
        column = {name: papers.field(name) if name in names else pa.nulls(len(row), kind)
                  for name, kind in TYPES.items()}  # fmt: skip
        renewals, unread = _Renewals.read(papers)
        left[row[unread]] = True
        value = column["value"].to_numpy(zero_copy_only=False)
        left[row[np.isinf(value)]] = True
        kinds, spoken = distinct(column["kind"])
        told = [_text(word) for word in spoken]
        left[row[np.array([word is None for word in told])[kinds]]] = True
        left |= np.bincount(row, minlength=rows) > MOST_PAPERS

        head = np.array([self.heads.get((word or "").partition(":")[0], -1) for word in told])[kinds]
        places, shown = self._places(told, kinds, row, route, states, transit, transit_codes)
        kept = np.flatnonzero((head >= 0) & shown & ~left[row])
        if not len(kept):
            return out, np.flatnonzero(left)
        row, head, places, value = row[kept], head[kept], places[kept], value[kept]
        standards, named = distinct(column["standard"])
        standard = np.array([self._standard(word) for word in named])[standards][kept]
        issued, begins, ends = (_days(column[name])[kept] for name in ("issued", "valid_from", "valid_to"))
        on, renewals = [found[row] for found in days.values()], renewals.of(kept)
        key = places | head << PLACES | standard << (PLACES + KIND)
        key |= self._dates(on, issued, begins, ends, renewals) << (PLACES + KIND + STANDARD)
        key |= self._special(head, value, on, issued, begins, ends, renewals) << (PLACES + KIND + STANDARD + DATES)
        self._sign(out, row, self._parts.lookup(key)[0])
        return out, np.flatnonzero(left)

    def _places(
        self, told: Sequence[str | None], kinds: Codes, row: Codes, route: Mapping[str, Codes], states: Interner,
        transit: Sequence[tuple[str, ...]], transit_codes: Codes,
    ) -> tuple[Codes, Flags]:  # fmt: skip
        """(for papers of one State its places on the route as bits, whether the paper is of the route at all)."""
        names = [(word or "").partition(":")[2] for word in told]
        of_a_state = np.array([bool(name) for name in names])[kinds]
        who = np.array([states.codes.get(name, -2) if name else -1 for name in names], dtype=np.int64)[kinds]
        bits = np.zeros(len(row), dtype=np.int64)
        where = np.flatnonzero(of_a_state)
        who, at = who[where], row[where]
        found = (who == route["export"][at]) | (who == route["import"][at]).astype(np.int64) << 1
        pairs, _, inverse = unique_inverse((who + 2) * len(transit) + transit_codes[at])
        stops = np.zeros(len(pairs), dtype=np.int64)
        for n, (state, code) in enumerate(
            zip(*(part.tolist() for part in np.divmod(pairs, len(transit))), strict=True)
        ):
            if state >= 2:
                iso = states.values[state - 2]
                stops[n] = sum(1 << place for place, stop in enumerate(transit[code]) if stop == iso)
        bits[where] = (found | stops[inverse] << 2) + 1
        return bits, ~of_a_state | (bits > 1)

    def _standard(self, word: Any) -> int:
        named = _text(word)
        return 0 if named is None else self.standards.get(norm(named), 1)

    def _dates(self, on: Sequence[Codes], issued: Codes, begins: Codes, ends: Codes, renewals: _Renewals) -> Codes:
        """Bits: no day of issue; an end is known; for each event too early, and not ended."""
        # what has no such day is never too early for it, and never ended
        first = np.maximum(np.where(issued == NEVER, -NEVER, issued), np.where(begins == NEVER, -NEVER, begins))
        bits = (issued == NEVER).astype(np.int64) | (ends != NEVER).astype(np.int64) << 1
        for n, day in enumerate(on):
            ended = day > renewals.moved(ends, day, None)
            bits |= (day < first).astype(np.int64) << (2 + 2 * n) | (~ended).astype(np.int64) << (3 + 2 * n)
        return bits

    def _special(
        self, head: Codes, value: Any, on: Sequence[Codes], issued: Codes, begins: Codes, ends: Codes,
        renewals: _Renewals,
    ) -> Codes:  # fmt: skip
        """A code for what rules look at in some kinds alone: steps of value, days of issue, terms; 0 for the others."""
        out = np.zeros(len(head), dtype=np.int64)
        coder = self.coder
        for name in sorted({*coder.value_steps, *coder.issued_before, *coder.terms}):
            where = np.flatnonzero(head == self.heads[name])
            if not len(where):
                continue
            mine, renewed = issued[where], renewals.of(where)
            words: list[npt.NDArray[Any]] = []
            if name in coder.value_steps:
                words.append(self._reached(name, value[where]))
            words += [(mine != NEVER) & (mine < number_of(day)) for day in coder.issued_before.get(name, ())]
            for variant in coder.terms.get(name, ()):
                last, known = self._end(variant, mine, begins[where], ends[where])
                words += [known, *(day[where] <= renewed.moved(last, day[where], variant) for day in on)]
            key = np.zeros(len(where), dtype=np.int64)
            index = self._extras.setdefault(name, KeyIndex())
            for n, word in enumerate(words):
                if n and n % 50 == 0:
                    key = index.lookup(key)[0] << 1  # ids are few: what follows finds room beside them
                key = key << (5 if word.dtype != bool else 1) | word
            out[where] = index.lookup(key)[0] + 1
        if int(out.max()) >> (63 - PLACES - KIND - STANDARD - DATES):
            raise OverflowError("too many different terms of papers")
        return out

    def _reached(self, name: str, values: npt.NDArray[np.float64]) -> Codes:
        """0 where no value is stated, else 1 + how many steps it reaches."""
        steps, known = self.coder.value_steps[name], self._steps.setdefault(name, {})
        distinct, inverse = np.unique(values, return_inverse=True)
        for number in distinct.tolist():
            if number == number and number not in known:  # an empty cell is NaN
                stated: Decimal | None = _number(number, "value")
                known[number] = 0 if stated is None else 1 + sum(stated >= step for step in steps)
        return np.array([known.get(number, 0) for number in distinct.tolist()], dtype=np.int64)[inverse]

    def _end(self, rule: Requirement, issued: Codes, begins: Codes, ends: Codes) -> tuple[Codes, Flags]:
        """As `papers.end_of` without renewals: (the last day, NEVER for none; whether it could be worked out)."""
        last, known = ends, ends != NEVER
        if rule.term_days or rule.term_years:
            last = np.minimum(last, self._after(issued, rule.term_days, rule.term_years))
            known = issued != NEVER
        if rule.old_before and rule.old_until:
            old = (issued != NEVER) & (issued < number_of(rule.old_before))
            last = np.where(old, np.minimum(last, number_of(rule.old_until)), last)
            known = known | old
        if rule.longest_years:
            since = np.where(begins == NEVER, issued, begins)
            known = known & (since != NEVER) & (ends <= self._after(since, None, rule.longest_years))
        return last, known

    def _after(self, since: Codes, days: int | None, years: int | None) -> Codes:
        """The last day of a term that runs from each of some days; NEVER where there is none."""
        distinct, inverse = np.unique(since, return_inverse=True)
        met = self._ends.setdefault((days, years), {NEVER: NEVER})
        for number in distinct.tolist():
            if number not in met:
                day = date.fromordinal(number + DAY_ZERO)
                met[number] = number_of(later(day, days) if days else add_years(day, years or 0))
        return np.array([met[number] for number in distinct.tolist()], dtype=np.int64)[inverse]

    def _sign(self, out: Codes, row: Codes, parts: Codes) -> None:
        """The papers of a row, in order, as one signature."""
        if len(parts) and int(parts.max()) >> PART_BITS:
            raise OverflowError("too many different papers")
        starts = np.flatnonzero(np.diff(row, prepend=-1))
        whose = np.cumsum(np.diff(row, prepend=-1) > 0) - 1
        place = np.arange(len(row)) - starts[whose]
        words = [np.zeros(len(starts), dtype=np.uint64) for _ in range(int(place.max()) // IN_A_WORD + 1)]
        for n in range(int(place.max()) + 1):
            here = place == n
            shift = np.uint64(PART_BITS * (n % IN_A_WORD))
            words[n // IN_A_WORD][whose[here]] |= (parts[here] + 1).astype(np.uint64) << shift
        ids, fresh, _ = self._rows.lookup([Word.of(word) for word in words], len(starts))
        for number in fresh.tolist():
            self._signatures.append(self.coder.signatures(("together", number)))
        out[row[starts]] = self._signatures[ids]


@dataclass(frozen=True, slots=True)
class _Renewals:
    """The renewals of papers.

    `places`: of each paper its row in the tables, -1 where it has none. `begins`, `lengths`: the days on which its
    renewals begin, and how many days each adds, in order.
    """

    places: Codes
    begins: Codes
    lengths: Codes

    @classmethod
    def read(cls, papers: pa.StructArray) -> tuple[_Renewals, Flags]:
        """(the renewals of all papers, the papers that have what is no renewal, or too many)."""
        count = np.zeros(len(papers), dtype=np.int64)
        kind = {field.name: field.type for field in papers.type}.get("renewals")
        if kind is not None:
            held = papers.field("renewals")
            count = whole_numbers(pc.list_value_length(held), 0)
        if kind is None or not pa.types.is_list(kind) or kind.value_type != RENEWAL:
            return cls(np.full(len(count), -1), *np.zeros((2, 0, 0), np.int64)), count > 0
        found = held.flatten()
        whose = np.repeat(np.arange(len(count)), count)
        lengths = whole_numbers(found.field("days"), -1)
        wrong = count > MOST_RENEWALS
        wrong[whose[lengths < 0]] = True
        if found.null_count:
            wrong[whose[~found.is_valid().to_numpy(zero_copy_only=False)]] = True
        # whatever goes beyond the calendar ends with it
        lengths = np.minimum(lengths, LAST_DAY - number_of(date.min))
        renewed = np.flatnonzero(count)
        places = np.full(len(count), -1)
        places[renewed] = np.arange(len(renewed))
        nth = np.arange(len(whose)) - np.repeat(np.cumsum(count) - count, count)
        few = nth < MOST_RENEWALS
        at = places[whose[few]], nth[few]
        begun, added = np.full((len(renewed), MOST_RENEWALS), NEVER), np.zeros((len(renewed), MOST_RENEWALS), np.int64)
        begun[at], added[at] = whole_numbers(found.field("from").cast(pa.int32()), -NEVER)[few], lengths[few]
        return cls(places, begun, added), wrong

    def of(self, papers: Codes) -> _Renewals:
        """Those of some papers."""
        return _Renewals(self.places[papers], self.begins, self.lengths)

    def moved(self, last: Codes, day: Codes, rule: Requirement | None) -> Codes:
        """The last days of papers, moved by the renewals that count on a day (`papers.end_of`)."""
        where = np.flatnonzero((self.places >= 0) & (last != NEVER))
        if not len(where):
            return last
        at = self.places[where]
        counted, lengths = self.begins[at] <= day[where, None], self.lengths[at]
        if rule is not None and rule.renewals_max is not None:
            counted &= np.cumsum(counted, axis=1) <= rule.renewals_max
        if rule is not None and rule.renewal_days:
            lengths = np.minimum(lengths, rule.renewal_days)
        out = last.copy()
        out[where] = np.minimum(last[where] + (lengths * counted).sum(axis=1), LAST_DAY)
        return out


def _days(days: pa.Array) -> Codes:
    """Day numbers, NEVER where there is none."""
    return whole_numbers(days.cast(pa.int32()), NEVER)
