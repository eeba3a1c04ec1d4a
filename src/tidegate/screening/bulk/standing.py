"""Which groups each State belongs to on a day, as codes."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.law.records import Book
from tidegate.screening.bulk.columns import DAY_ZERO
from tidegate.screening.bulk.describe import numbers_of
from tidegate.screening.bulk.keys import Codes, Interner, unique_inverse


class Standing:
    """Membership of groups, remembered for every stretch of days between two changes of it."""

    def __init__(self, book: Book, states: Interner, transits: Interner):
        self.book, self.states, self.transits = book, states, transits
        self._profiles: dict[tuple[Any, ...], Interner] = {}
        self._tables: dict[tuple[tuple[str, ...], ...], tuple[Codes, Interner]] = {}
        self._turns: dict[tuple[tuple[str, ...], ...], npt.NDArray[np.int64]] = {}

    def profile(self, states: Codes, day: Codes, names: tuple[tuple[str, ...], ...]) -> Codes:
        """A code for (in_group for each of `names`) of each row's State on its day."""
        limits = self.turns(names)
        segment = np.searchsorted(limits, day, side="right")
        # a stretch of days between two changes of membership has one answer for each State
        table, intern = self._tables.setdefault(
            names, (np.full((len(self.states.values), len(limits) + 1), -1, dtype=np.int64), Interner())
        )
        found = table[states, segment]
        for i in np.flatnonzero(found < 0).tolist():
            state, stretch = int(states[i]), int(segment[i])
            if table[state, stretch] < 0:
                iso, on = str(self.states.values[state]), _day(int(day[i]))
                table[state, stretch] = intern(tuple(self.book.in_group(iso, group, on) for group in names))
        return np.where(found < 0, table[states, segment], found)

    def of_transit(self, who: str, transit: Codes, day: Codes, names: tuple[tuple[str, ...], ...]) -> Codes:
        limits = self.turns(names)
        segment = np.searchsorted(limits, day, side="right")
        distinct, first, inverse = unique_inverse(transit * (len(limits) + 1) + segment)
        intern = self._profiles.setdefault((who, "transit", names), Interner())
        table = np.empty(len(distinct), dtype=np.int64)
        for n, i in enumerate(first.tolist()):
            states: Any = self.transits.values[int(transit[i])]
            on = _day(int(day[i]))
            table[n] = intern(
                tuple(
                    (s in states[:k], *(self.book.in_group(s, group, on) for group in names))
                    for k, s in enumerate(states)
                )
            )
        return table[inverse]

    def turns(self, names: tuple[tuple[str, ...], ...]) -> npt.NDArray[np.int64]:
        found = self._turns.get(names)
        if found is not None:
            return found
        wanted = {g for group in names for g in group if len(g) > 2 or not g.isupper()}
        moments: set[date] = set()
        for state in self.book.states.values():
            for group, periods in state.groups.items():
                if group in wanted:
                    for p in periods:
                        moments |= {d for d in (p.start, p.end and date.fromordinal(p.end.toordinal() + 1)) if d}
        limits = self._turns[names] = numbers_of(moments)
        return limits


def _day(number: int) -> date:
    return date.fromordinal(number + DAY_ZERO)
