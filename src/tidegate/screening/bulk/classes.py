"""The distinct cases of the classification, each classified once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.law.records import Book
from tidegate.screening.bulk.class_masks import READ_BY, ClassMasks
from tidegate.screening.bulk.composition import PIECE
from tidegate.screening.bulk.describe import numbers_of
from tidegate.screening.bulk.keys import Codes, Interner, KeyIndex, Numbers, Packer
from tidegate.screening.bulk.shipments import Shipments
from tidegate.screening.bulk.standing import Standing
from tidegate.screening.bulk.view import View
from tidegate.screening.classify import Classification, classify, content_of, terms_of


class Classes:
    """Classifications as ids that last for a session. `worlds`: for each a code for its worlds alone."""

    def __init__(self, book: Book, standing: Standing):
        self.book, self.standing = book, standing
        self.found: list[Classification] = []
        self.worlds: list[int] = []
        self.turns = self._turning_days()
        states = (g for p in book.parameters for g in p.states)
        self._ids: dict[Any, int] = {}
        self._worlds = Interner()
        self._groups = tuple((g,) for g in dict.fromkeys(("eu", "oecd_decision", *states)))
        self._routes, self._of_route, self._known_terms = KeyIndex(), Numbers(), Interner()
        self._mixes, self._of_mix, self._contents = KeyIndex(), Numbers(), Interner()
        self._reading = Numbers()  # of each content, which facts its targets turn on
        self._contents(None)
        self._reading.append(0)
        self._packer, self._index, self._of_key = Packer(), KeyIndex(), Numbers()

    def _turning_days(self) -> npt.NDArray[np.int64]:
        found: set[date] = set()
        for rule in self.book.entries.values():
            found |= {d for d in (rule.valid_from, rule.valid_to and rule.valid_to + timedelta(days=1)) if d}
        for p in self.book.parameters:
            found |= {d for d in (p.start, p.end and p.end + timedelta(days=1)) if d}
        return numbers_of(found)

    def of(self, view: View, rows: Codes, shipments: Shipments) -> Codes:
        departed = view.day("departed")[rows]
        turn = np.searchsorted(self.turns, departed, side="right")
        masks = ClassMasks(view, rows, departed)
        terms = self._terms(view, rows, departed, turn, shipments)
        content = self._content(view, rows, terms, np.flatnonzero(masks.tested), shipments)
        parts = [(turn, 10), *masks.parts(terms, content, self._reading[content])]
        ids, _, first = self._index.lookup(self._packer.pack(parts, len(rows)))
        for row in rows[first].tolist():
            self._of_key.append(self._id(classify(shipments[row], self.book)))
        return self._of_key[ids]

    def _terms(self, view: View, rows: Codes, departed: Codes, turn: Codes, shipments: Shipments) -> Codes:
        """A code for what route and day say of plastics."""
        route = [self.standing.profile(codes[rows], departed, self._groups) for codes in (view.export, view.import_)]
        ids, _, first = self._routes.lookup((turn << 24) | (route[0] << 12) | route[1])
        for row in rows[first].tolist():
            s = shipments[row]
            self._of_route.append(self._known_terms(terms_of(s.export, s.import_, self.book, s.event("departed"))))
        return self._of_route[ids]

    def _content(self, view: View, rows: Codes, terms: Codes, where: Codes, shipments: Shipments) -> Codes:
        """A code for what the tests of plastics read of the mix, where they look at it; else 0."""
        out = np.zeros(len(rows), dtype=np.int64)
        ids, _, first = self._mixes.lookup((terms[where] << PIECE) | view.composition.entry[rows[where]])
        for i in where[first].tolist():
            found: Any = self._known_terms.values[int(terms[i])]
            content = content_of(shipments[int(rows[i])], self.book, found)
            code = self._contents(content)
            self._of_mix.append(code)
            if code == len(self._reading):
                kinds = {kind for kind, _ in (*content.targets, *content.union)}
                self._reading.append(sum(bit for bit, of in READ_BY.items() if kinds & of))
        out[where] = self._of_mix[ids]
        return out

    def _id(self, cls: Classification) -> int:
        key = (cls.worlds, tuple(cls.asks.items()))
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = len(self.found)
            self.found.append(cls)
            self.worlds.append(self._worlds(cls.worlds))
        return found
