"""Alerts that belong to a row rather than to its case: a session whose sets may carry alerts of registers.

A set stays a set: rows with the same results and the same alerts share one, so the table of sets grows by the kinds of
alert and not by the papers that raise them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tidegate.law import Book
from tidegate.screening.bulk import Session
from tidegate.screening.bulk.keys import Codes, unique_inverse
from tidegate.screening.bulk.sheets import compact

Alerts = list[dict[str, str]]


class AlertingSession(Session):
    """A session that also makes sets of other sets with alerts added at the end."""

    def __init__(self, book: Book):
        super().__init__(book)
        self._alerted: dict[tuple[int, tuple[str, ...]], int] = {}

    def with_alerts(self, sets: Codes, codes: Codes, texts: Sequence[Alerts]) -> Codes:
        """The set of each row with its alerts. `codes`: each row's place in `texts`, 0 for none."""
        rows = np.flatnonzero(codes)
        if not len(rows):
            return sets
        _, first, inverse = unique_inverse(sets[rows] * len(texts) + codes[rows])
        made = [self._with(int(sets[rows[i]]), texts[int(codes[rows[i]])]) for i in first.tolist()]
        out = sets.copy()
        out[rows] = np.array(made, dtype=np.int64)[inverse]
        return out

    def _with(self, set_id: int, alerts: Alerts) -> int:
        key = (set_id, tuple(alert["text"] for alert in alerts))
        found = self._alerted.get(key)
        if found is None:
            decision, route = self.decision(set_id), self.sheets.route(set_id)
            decision = {**decision, "alerts": [*decision["alerts"], *alerts]}
            found = self._alerted[key] = self.told(compact(decision)[1:], route.export, route.import_)
        return found
