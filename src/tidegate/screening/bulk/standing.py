"""Which groups each State belongs to on a day, as codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.law.records import Book
from tidegate.screening.bulk.columns import DAY_ZERO
from tidegate.screening.bulk.describe import numbers_of
from tidegate.screening.bulk.keys import Codes, Interner, KeyIndex, Numbers


class Standing:
    """Membership of groups, remembered for every stretch of days between two changes of it."""

    def __init__(self, book: Book, states: Interner, transits: Interner):
        self.book, self.states, self.transits = book, states, transits
        self._stretches: dict[tuple[Any, ...], tuple[KeyIndex, Numbers, Interner]] = {}
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
        """A code for what each place of transit is: whether its State came before, and of which groups it is."""

        def seen(states: Sequence[str], on: date) -> Any:
            return tuple(
                (s in states[:k], *(self.book.in_group(s, group, on) for group in names)) for k, s in enumerate(states)
            )

        return self._transit((who, "places"), transit, day, names, seen)

    def along_transit(self, who: str, transit: Codes, day: Codes, names: tuple[tuple[str, ...], ...]) -> Codes:
        """A code for what a condition sees of all places together: for each group whether any, and whether all are."""

        def seen(states: Sequence[str], on: date) -> Any:
            inside = [[self.book.in_group(s, group, on) for s in states] for group in names]
            return tuple((any(found), all(found)) for found in inside)

        return self._transit((who, "along"), transit, day, names, seen)

    def _transit(
        self,
        who: tuple[str, str],
        transit: Codes,
        day: Codes,
        names: tuple[tuple[str, ...], ...],
        seen: Callable[[Sequence[str], date], Any],
    ) -> Codes:
        limits = self.turns(names)
        index, codes, intern = self._stretches.setdefault((*who, names), (KeyIndex(), Numbers(), Interner()))
        stretch = np.searchsorted(limits, day, side="right")
        ids, _, first = index.lookup(transit * (len(limits) + 1) + stretch)
        for i in first.tolist():
            states: Any = self.transits.values[int(transit[i])]
            codes.append(intern(seen(states, _day(int(day[i])))))
        return codes[ids]

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
