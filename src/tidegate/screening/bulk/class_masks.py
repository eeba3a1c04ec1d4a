"""What the classification never looks at for a given row, blanked, so that more rows are one case.

Each blank is a fact of classify.py: composition is read only for plastics, the storage of R13 only under R13, and the
like. The property test that holds bulk and evaluator equal is what keeps this file honest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tidegate.screening.bulk.keys import Codes
from tidegate.screening.bulk.view import OPERATION_CODES, View

if TYPE_CHECKING:
    from tidegate.screening.bulk.session import Session


class ClassMasks:
    """Blanked columns for the classification of some rows of a view."""

    def __init__(self, session: Session, view: View, rows: Codes, departed: Codes):
        self.session, self.view, self.rows = session, view, rows
        book = session.book
        start = book.entries["B3011"].valid_from if "B3011" in book.entries else None
        day = start.toordinal() - 719163 if start else -(2**40)
        self.listed_now = departed >= day
        table = np.zeros(len(session.materials.values) + 1, dtype=bool)
        for word, code in session.materials.codes.items():
            stream = book.streams.get(str(word))
            table[code + 1] = stream is not None and not stream.plastic
        self.other_stream = table[view.material[rows]]  # decided by the stream, whatever the polymers
        operation = view.operation[rows]
        recycling = {OPERATION_CODES[None], OPERATION_CODES["R3"], OPERATION_CODES["R13"]}
        self.not_recycled = ~np.isin(operation, list(recycling)) & self.listed_now
        self.storage = operation == OPERATION_CODES["R13"]

    def heading(self) -> Codes:
        """The heading counts for the status of waste and where nothing is known of the content."""
        view, rows = self.view, self.rows
        content = (view.material[rows] > 0) | view.composition.known[rows]
        stated = (view.tri("waste")[rows] > 0) & content
        editions = self.session.edition_of_heading()
        codes = view.heading[rows]
        return np.where(stated, editions[codes], codes + len(self.session.book.editions) + 1)

    def composition(self) -> Codes:
        """The mix counts for plastics; where it cannot pass anyway, only its main polymer does."""
        view, rows = self.view, self.rows
        codes = view.composition.entry[rows]
        known = view.composition.known[rows].astype(np.int64)
        coarse = view.composition.main[rows] * 2 + known
        span = np.int64(1) << 24
        return np.where(self.other_stream, known, np.where(self.not_recycled, coarse, codes + span))

    def consumer(self) -> Codes:
        """Origin counts for the closed list of fluoropolymers only (facts §1.3, test 4c)."""
        return self.view.consumer[self.rows] * self.view.composition.fluoro[self.rows]

    def fact(self, name: str, codes: Codes) -> Codes:
        """Storage and contract count under R13, the specification before 2021, separate recycling for a mix."""
        if name in ("storage_steps", "r3_documented"):
            return codes * self.storage
        if name == "to_specification":
            return codes * ~self.listed_now
        if name == "separate_recycling":
            return codes * self.view.composition.mixable[self.rows]
        return codes
