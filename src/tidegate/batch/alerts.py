"""Alerts that belong to a row rather than to its case: a session whose sets may carry alerts of registers.

A set stays a set: rows with the same results and the same alerts share one, so the table of sets grows by the kinds of
alert and not by the papers that raise them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tidegate.law import Book
from tidegate.screening.bulk import Session
from tidegate.screening.bulk.keys import Codes, unique_inverse
from tidegate.screening.bulk.sheets import Line, compact

Alerts = list[dict[str, str]]


class AlertingSession(Session):
    """A session that also makes sets of other sets with alerts added at the end."""

    def __init__(self, book: Book):
        super().__init__(book)
        self._alerted: dict[int, tuple[int, Alerts]] = {}
        self._alerted_ids: dict[tuple[int, tuple[str, ...]], int] = {}

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
        found = self._alerted_ids.get(key)
        if found is None:
            found = self._alerted_ids[key] = len(self.sets)
            self.sets.append(self.sets[set_id])
            self.heads.append(self.heads[set_id])
            self._alerted[found] = (set_id, alerts)
        return found

    def decision(self, set_id: int) -> dict[str, Any]:
        base, alerts = self._alerted.get(set_id, (set_id, []))
        decision = super().decision(base)
        return {**decision, "alerts": [*decision["alerts"], *alerts]} if alerts else decision

    def written(self, set_id: int) -> tuple[dict[str, Any], str]:
        base, alerts = self._alerted.get(set_id, (set_id, []))
        if not alerts:
            return super().written(base)
        decision = self.decision(set_id)
        return decision, compact(decision)[1:]

    def line(self, set_id: int) -> Line | None:
        base, alerts = self._alerted.get(set_id, (set_id, []))
        return None if alerts else super().line(base)
