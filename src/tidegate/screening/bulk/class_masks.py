"""What the classification never looks at for a given row, blanked, so that more rows are one case.

Each blank is a fact of classify.py: composition is read only for plastics, the storage of R13 only under R13, nothing
at all of what is not waste, and the like. The property test that holds bulk and evaluator equal is what keeps this file
honest.
"""

from __future__ import annotations

import numpy as np

from tidegate.screening.bulk.columns import NO_DAY, UNIT, number_of
from tidegate.screening.bulk.composition import PIECE, stream_limits
from tidegate.screening.bulk.keys import Codes
from tidegate.screening.bulk.view import OPERATION_CODES, View

YES, NO = 1, 2  # of three values; 0 is not known
# an operation is seen by its letter, and R3 and R13 by themselves
SEEN = {code: 0 if code is None else 1 if code == "product" else {"R3": 2, "R13": 3}.get(code, 4 + (code[0] == "D"))
        for code in OPERATION_CODES}  # fmt: skip
SEEN_OPERATION = np.array([SEEN[code] for code in OPERATION_CODES], dtype=np.int64)
NOT_STATED, PRODUCT, R3, R13 = range(4)
# what the targets of a content turn on, and which of them turn on it (`_allowed` of classify.py)
HALOGENATED, CONSUMER, SEPARATE = 1, 2, 4
READ_BY = {HALOGENATED: {"listed", "other", "mixable"}, CONSUMER: {"fluoro", "perfluoroalkoxy"}, SEPARATE: {"mixable"}}
CLASS_FACTS = ("household_refuse_pct", "to_specification", "separate_recycling", "storage_steps", "r3_documented")


class ClassMasks:
    """Blanked columns for the classification of some rows of a view."""

    def __init__(self, view: View, rows: Codes, departed: Codes):
        self.view, self.rows = view, rows
        book, session = view.book, view.session
        start = book.entries["B3011"].valid_from if "B3011" in book.entries else None
        day = number_of(start) if start else NO_DAY
        table, named = (np.zeros(len(session.materials.values) + 1, dtype=bool) for _ in range(2))
        limits = stream_limits(book)
        most = np.full(len(table), len(limits), dtype=np.int64)  # limits of polymers that a stream may exceed
        for word, code in session.materials.codes.items():
            stream = book.streams.get(str(word))
            named[code + 1] = stream is not None
            table[code + 1] = stream is not None and not stream.plastic
            if stream is not None and stream.plastics_max_pct is not None:
                most[code + 1] = limits.index(int(stream.plastics_max_pct * UNIT))
        self.operation = SEEN_OPERATION[view.operation[rows]]
        self.known = view.composition.known[rows]
        self.content = named[view.material[rows]] | self.known
        self.waste = self._waste()
        self.hazard = self._hazard()
        refuse = view.fact("household_refuse_pct")[rows] > 0  # may make it household waste whatever else it is
        settled = self.content & ~refuse
        #: decided by the stream, whatever the polymers
        self.other = view.composition.much[rows] > most[view.material[rows]]
        self.stream = table[view.material[rows]] & ~self.other & ~refuse
        #: plastics by content
        self.plastic = settled & ~self.stream
        not_recycled = ((self.operation == PRODUCT) | (self.operation > R13)) & (departed >= day)
        self.before = departed < day
        self.live = self.waste != NO
        #: where the tests of plastics may look at the mix: not of a stream, not hazardous, on its way to recycling
        self.tested = self.live & ~self.stream & (self.hazard != YES) & ~not_recycled

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

    def parts(self, terms: Codes, content: Codes, reading: Codes) -> list[tuple[Codes, int]]:
        """Every part but the day, each blank where it does not count."""
        view, rows = self.view, self.rows
        live, tested = self.live, self.tested
        plastic = live & ~self.stream
        parts: list[tuple[Codes, int]] = [
            ((terms + 1) * plastic, 12),
            (self.waste, 2),
            (self._heading() * live, 20),
            (self.hazard * live, 2),
            (self._operation() * live, 3),
            (np.where(self.plastic & self.known, 0, view.material[rows]) * live, 16),
            # where the mix cannot pass anyway, only its main polymer counts
            (self.other * live, 1),
            ((view.composition.main[rows] * 2 + self.known) * plastic, 9),
            (content, PIECE),
            (view.tri("halogenated")[rows] * (reading & HALOGENATED > 0), 2),
            (view.consumer[rows] * (reading & CONSUMER > 0), 2),
            (view.fact("separate_recycling")[rows] * (reading & SEPARATE > 0), 8),
            (view.fact("household_refuse_pct")[rows] * live, 8),
            (view.fact("to_specification")[rows] * (tested & self.before), 8),
        ]
        storage = tested & (self.operation == R13)
        return [*parts, *((view.fact(name)[rows] * storage, 8) for name in ("storage_steps", "r3_documented"))]

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
        unseen = (self.waste > 0) & self.plastic & ((self.hazard == YES) | self.before)
        return np.where(unseen, 7, self.operation)
