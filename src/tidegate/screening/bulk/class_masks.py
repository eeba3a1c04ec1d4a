"""What the classification never looks at for a given row, blanked, so that more rows are one case.

Each blank is a fact of classify.py: composition is read only for plastics, the storage of R13 only under R13, nothing
at all of what is not waste, and the like. The property test that holds bulk and evaluator equal is what keeps this file
honest.
"""

from __future__ import annotations

import numpy as np

from tidegate.screening.bulk.columns import NO_DAY, number_of
from tidegate.screening.bulk.composition import PIECE
from tidegate.screening.bulk.keys import Codes
from tidegate.screening.bulk.view import OPERATION_CODES, View

YES, NO = 1, 2  # of three values; 0 is not known
# an operation is seen by its letter, and R3 and R13 by themselves
SEEN = {code: 0 if code is None else 1 if code == "product" else {"R3": 2, "R13": 3}.get(code, 4 + (code[0] == "D"))
        for code in OPERATION_CODES}  # fmt: skip
SEEN_OPERATION = np.array([SEEN[code] for code in OPERATION_CODES], dtype=np.int64)
NOT_STATED, PRODUCT, R3, R13 = range(4)
CLASS_FACTS = ("household_refuse_pct", "to_specification", "separate_recycling", "storage_steps", "r3_documented")


class ClassMasks:
    """Blanked columns for the classification of some rows of a view."""

    def __init__(self, view: View, rows: Codes, departed: Codes):
        self.view, self.rows = view, rows
        book, session = view.book, view.session
        start = book.entries["B3011"].valid_from if "B3011" in book.entries else None
        day = number_of(start) if start else NO_DAY
        listed_now = departed >= day
        table = np.zeros(len(session.materials.values) + 1, dtype=bool)
        for word, code in session.materials.codes.items():
            stream = book.streams.get(str(word))
            table[code + 1] = stream is not None and not stream.plastic
        self.operation = SEEN_OPERATION[view.operation[rows]]
        self.known = view.composition.known[rows]
        self.content = (view.material[rows] > 0) | self.known
        self.waste = self._waste()
        self.hazard = self._hazard()
        dead = self.waste == NO
        refuse = view.fact("household_refuse_pct")[rows] > 0  # may make it household waste whatever else it is
        settled = self.content & ~refuse
        #: decided by the stream, whatever the polymers
        self.stream = table[view.material[rows]] & ~refuse
        #: plastics by content
        self.plastic = settled & ~self.stream
        #: hazardous plastics: nothing but the main polymer and the route counts
        self.toxic = self.plastic & (self.hazard == YES)
        self.not_recycled = ((self.operation == PRODUCT) | (self.operation > R13)) & listed_now
        self.storage = self.operation == R13
        self.before = ~listed_now
        self.live = ~dead
        self.heading = self._heading() * self.live
        self._columns: dict[str, Codes] = {"operation": self._operation() * self.live}

    def _waste(self) -> Codes:
        """Waste as stated or by the operation; 0 where the heading decides."""
        waste = self.view.tri("waste")[self.rows]
        return np.where((waste == 0) & (self.operation > PRODUCT), YES, waste)

    def _hazard(self) -> Codes:
        view, rows = self.view, self.rows
        first, third = view.annex("annex_i")[rows], view.annex("annex_iii")[rows]
        stated = view.tri("hazardous")[rows]
        none = np.where((first == 1) | (third == 1), NO, 0)
        return np.where((first == 2) & (third == 2), YES, np.where(stated > 0, stated, none))

    def parts(self) -> list[tuple[Codes, int]]:
        """Every part but route and dates, each blank where it does not count."""
        view, rows = self.view, self.rows
        live = self.live
        plain = live & ~self.stream & ~self.toxic  # what the tests of plastics look at
        parts: list[tuple[Codes, int]] = [
            (self.waste, 2),
            (self.heading, 20),
            (self.hazard * live, 2),
            (self._columns["operation"], 3),
            (view.tri("halogenated")[rows] * plain, 2),
            # the closed list of fluoropolymers asks for the origin (facts §1.3, test 4c)
            (view.consumer[rows] * (plain & view.composition.fluoro[rows]), 2),
            (np.where(self.plastic & self.known, 0, view.material[rows]) * live, 16),
            (self._mix() * live, PIECE + 1),
            (view.fact("household_refuse_pct")[rows] * live, 8),
            (view.fact("to_specification")[rows] * (plain & self.before), 8),
            (view.fact("separate_recycling")[rows] * (plain & view.composition.mixable[rows]), 8),
        ]
        for name in ("storage_steps", "r3_documented"):
            parts.append((view.fact(name)[rows] * (plain & self.storage), 8))
        return parts

    def on_route(self, name: str, codes: Codes) -> Codes:
        """The States' groups set the limits for plastics."""
        self._columns[name] = (codes + 1) * (self.live & ~self.stream)
        return self._columns[name]

    def column(self, what: str) -> Codes | None:
        """Codes for what the classification can tell apart of a field or fact; None where that is not known."""
        found = self._columns.get(what)
        if found is not None:
            return found
        view, rows = self.view, self.rows
        head, _, fact = what.partition(".")
        if head == "facts":
            codes = view.fact(fact) if fact in CLASS_FACTS else None
        elif what in ("waste", "hazardous", "halogenated"):
            codes = view.tri(what)
        elif what in ("annex_i", "annex_iii"):
            codes = view.annex(what)
        elif what in ("polymers", "contamination_pct"):
            codes = view.composition.entry
        else:
            codes = {"consumer": view.consumer, "material": view.material}.get(what)
        if codes is None:
            return None
        self._columns[what] = codes[rows]
        return self._columns[what]

    def _heading(self) -> Codes:
        """The heading counts for the status of waste and where nothing is known of the content."""
        view, rows = self.view, self.rows
        editions = view.edition_of_heading()
        codes = view.heading[rows]
        span = len(view.book.editions) + 1
        named = view.edition_named[rows] * view.edition_arrived[rows]
        full = 2 * span + codes * span + named
        by_content = np.where(self.plastic, 1, 2 + editions[codes])
        return np.where((self.waste > 0) & self.content, by_content, full)

    def _operation(self) -> Codes:
        """Streams ask for the letter, plastics for R3 and R13, and before 2021 for nothing."""
        unseen = (self.waste > 0) & (self.toxic | (self.plastic & self.before))
        return np.where(unseen, 7, self.operation)

    def _mix(self) -> Codes:
        """The mix counts for plastics; where it cannot pass anyway, only its main polymer does."""
        view, rows = self.view, self.rows
        known = self.known.astype(np.int64)
        coarse = view.composition.main[rows] * 2 + known
        whole = view.composition.entry[rows] + (1 << PIECE)
        return np.where(self.stream, 0, np.where(self.toxic | (self.plastic & self.not_recycled), coarse, whole))
