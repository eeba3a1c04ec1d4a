"""The distinct cases of the classification, each classified once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.law.records import Book
from tidegate.screening.bulk.class_masks import ClassMasks
from tidegate.screening.bulk.describe import numbers_of
from tidegate.screening.bulk.keys import Codes, Interner, KeyIndex, Numbers, Packer
from tidegate.screening.bulk.shipments import Shipments
from tidegate.screening.bulk.standing import Standing
from tidegate.screening.bulk.view import View
from tidegate.screening.bulk.watch import Answers, Watched
from tidegate.screening.classify import Classification, classify

# what is known of a case before the classification looks at it
SETTLED = frozenset({"date", "events", "hs", "hs_edition"})


class Classes:
    """Classifications as ids that last for a session. `worlds`: for each a code for its worlds alone."""

    def __init__(self, book: Book, standing: Standing):
        self.book, self.standing = book, standing
        self.found: list[Classification] = []
        self.worlds: list[int] = []
        self.turns = self._turning_days()
        self._ids: dict[Any, int] = {}
        self._worlds = Interner()
        self._packer, self._index = Packer(), KeyIndex()
        self._of_key = Numbers()
        self._answers = Answers()

    def _turning_days(self) -> npt.NDArray[np.int64]:
        found: set[date] = set()
        for rule in self.book.entries.values():
            found |= {d for d in (rule.valid_from, rule.valid_to and rule.valid_to + timedelta(days=1)) if d}
        for p in self.book.parameters:
            found |= {d for d in (p.start, p.end and p.end + timedelta(days=1)) if d}
        return numbers_of(found)

    def of(self, view: View, rows: Codes, shipments: Shipments) -> Codes:
        n = len(rows)
        departed = view.day("departed")[rows]
        groups = ("eu", "oecd_decision", *dict.fromkeys(g for p in self.book.parameters for g in p.states))
        names = tuple((g,) for g in groups)
        masks = ClassMasks(view, rows, departed)
        parts = [
            (np.searchsorted(self.turns, departed, side="right"), 10),
            *((masks.on_route(name, self.standing.profile(codes[rows], departed, names)), 12)
              for name, codes in (("export", view.export), ("import_", view.import_))),
            *masks.parts(),
        ]  # fmt: skip
        ids, _, first = self._index.lookup(self._packer.pack(parts, n))
        columns: dict[str, list[int] | None] = {}
        each = zip(rows[first].tolist(), parts[0][0][first].tolist(), masks.heading[first].tolist(), strict=True)
        for n, (row, *turn_and_heading) in enumerate(each):

            def code(what: str, n: int = n) -> int | None:
                if what not in columns:
                    found = masks.column(what)
                    columns[what] = None if found is None else found[first].tolist()
                column = columns[what]
                return None if column is None else column[n]

            root = tuple(turn_and_heading)
            found = self._answers.find(root, code)
            if found is None:
                watched = Watched(shipments[row], SETTLED)
                found = self._id(classify(watched, self.book))  # type: ignore[arg-type]
                self._answers.keep(root, code, watched.reads, found)
            self._of_key.append(found)
        return self._of_key[ids]

    def _id(self, cls: Classification) -> int:
        key = (cls.worlds, tuple(cls.asks.items()))
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = len(self.found)
            self.found.append(cls)
            self.worlds.append(self._worlds(cls.worlds))
        return found
