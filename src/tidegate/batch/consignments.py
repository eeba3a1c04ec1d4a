"""The strictest outcome of each consignment, for millions of them: 9 bytes each.

A consignment is known by a 64-bit mark of its number and not by the number itself, since only counts are asked for.
Among two million consignments two share a mark once in ten million runs.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.screening.evaluate import OUTCOMES

MOST = 2_000_000
LONG = 64  # bytes; longer numbers are shortened before they are marked
Marks = npt.NDArray[np.uint64]


class Consignments:
    """Strictest outcomes by consignment. `cut`: there were more than `MOST`, and the rest are not counted."""

    def __init__(self) -> None:
        self._marks: Marks = np.zeros(0, dtype=np.uint64)
        self._ranks = np.zeros(0, dtype=np.uint8)
        self.cut = False

    def add(self, numbers: Sequence[str], ranks: Sequence[int] | npt.NDArray[Any]) -> None:
        """Lines of consignments: the number of each, and the place of its outcome among OUTCOMES."""
        if len(numbers):
            self._merge(marks_of(numbers), np.asarray(ranks, dtype=np.uint8))

    def merge(self, other: Consignments) -> None:
        """Adds the consignments of another part of the same run."""
        self.cut = self.cut or other.cut
        self._merge(other._marks, other._ranks)

    def _merge(self, marks: Marks, ranks: npt.NDArray[np.uint8]) -> None:
        distinct, inverse = np.unique(marks, return_inverse=True)
        strictest = np.zeros(len(distinct), dtype=np.uint8)
        np.maximum.at(strictest, inverse, ranks)
        places = np.searchsorted(self._marks, distinct)
        known = np.zeros(len(distinct), dtype=bool)
        inside = places < len(self._marks)
        known[inside] = self._marks[places[inside]] == distinct[inside]
        at = places[known]
        self._ranks[at] = np.maximum(self._ranks[at], strictest[known])
        new = np.flatnonzero(~known)
        room = MOST - len(self._marks)
        if len(new) > room:
            self.cut = True
            new = new[:room]
        if len(new):
            self._marks = np.insert(self._marks, places[new], distinct[new])
            self._ranks = np.insert(self._ranks, places[new], strictest[new])

    def outcomes(self) -> Counter[str]:
        """How many consignments have each outcome as their strictest."""
        counts = np.bincount(self._ranks, minlength=len(OUTCOMES)).tolist()
        return Counter({outcome: n for outcome, n in zip(OUTCOMES, counts, strict=True) if n})

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"marks": self._marks.tolist(), "ranks": self._ranks.tolist(), "cut": self.cut}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Consignments:
        """What `as_dict` wrote."""
        found = cls()
        found._marks = np.array(raw["marks"], dtype=np.uint64)
        found._ranks = np.array(raw["ranks"], dtype=np.uint8)
        found.cut = raw["cut"]
        return found


def marks_of(numbers: Sequence[str]) -> Marks:
    """A 64-bit mark of each number, the same in every run."""
    data = [number.encode("utf-8", "surrogatepass") for number in numbers]
    data = [d if len(d) <= LONG else hashlib.blake2b(d, digest_size=LONG).digest() for d in data]
    width = -(-max(map(len, data)) // 8) or 1
    words = np.array(data, dtype=f"S{8 * width}").view("<u8").reshape(len(data), width)
    marks = np.full(len(data), 0x9E3779B97F4A7C15, dtype=np.uint64)
    for column in words.T:
        # a word of nothing lies beyond the end: a mark does not turn on how wide the others are
        marks = np.where(column == 0, marks, _mixed(marks ^ column))
    return marks


def _mixed(marks: Marks) -> Marks:
    """splitmix64: each bit of the result hangs on every bit given."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        marks = (marks ^ (marks >> np.uint64(shift))) * np.uint64(factor)
    return marks ^ (marks >> np.uint64(31))
