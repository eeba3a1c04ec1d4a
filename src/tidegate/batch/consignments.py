"""The strictest outcome of each consignment, for millions of them: 9 bytes each.

A consignment is known by a 64-bit mark of its number and not by the number itself, since only counts are asked for.
Among two million consignments two share a mark once in ten million runs.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegate.screening.evaluate import OUTCOMES

MOST = 2_000_000
AT_ONCE = 8_192  # lines given one by one
MARKED_AT_ONCE = 500_000
LONG = 64  # bytes; longer numbers are shortened before they are marked
Marks = npt.NDArray[np.uint64]


class Consignments:
    """Strictest outcomes by consignment. `cut`: there were more than `MOST`, and the rest are not counted."""

    def __init__(self) -> None:
        self._marks: Marks = np.zeros(0, dtype=np.uint64)
        self._ranks = np.zeros(0, dtype=np.uint8)
        self.cut = False
        self._waiting: dict[str, int] = {}
        self._marked: list[tuple[Marks, npt.NDArray[np.uint8]]] = []

    def add(self, encoded: pa.DictionaryArray, ranks: npt.NDArray[Any]) -> None:
        """Lines of consignments: the number of each, and the place of its outcome among OUTCOMES."""
        if not len(encoded):
            return
        # 1 + the rank: what stands in the dictionary alone is no line
        strictest = np.zeros(len(encoded.dictionary), dtype=np.uint8)
        np.maximum.at(strictest, encoded.indices.to_numpy(), ranks.astype(np.uint8) + 1)
        marks, met = marks_of(encoded.dictionary), strictest > 0
        self._marked.append((marks[met], strictest[met] - 1))
        if sum(len(marks) for marks, _ in self._marked) >= MARKED_AT_ONCE:
            self._settle()

    def add_one(self, number: str, rank: int) -> None:
        """One line. Lines wait for others, since many at once cost little more than one."""
        self._waiting[number] = max(rank, self._waiting.get(number, 0))
        if len(self._waiting) >= AT_ONCE:
            self._settle()

    def _settle(self) -> None:
        if self._waiting:
            numbers = [number.encode("utf-8", "surrogatepass") for number in self._waiting]
            ranks = np.array(list(self._waiting.values()), dtype=np.uint8)
            self._marked.append((marks_of(pa.array(numbers, pa.binary())), ranks))
            self._waiting = {}
        if self._marked:
            marks, ranks = (np.concatenate(found) for found in zip(*self._marked, strict=True))
            self._marked = []
            self._merge(marks, ranks)

    def merge(self, other: Consignments) -> None:
        """Adds the consignments of another part of the same run."""
        self._settle()
        other._settle()
        self.cut = self.cut or other.cut
        self._merge(other._marks, other._ranks)

    def _merge(self, marks: Marks, ranks: npt.NDArray[np.uint8]) -> None:
        if not len(marks):
            return
        order = np.argsort(marks)
        marks = marks[order]
        starts = np.flatnonzero(np.concatenate([[True], marks[1:] != marks[:-1]]))
        distinct, strictest = marks[starts], np.maximum.reduceat(ranks[order], starts)
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
        self._settle()
        counts = np.bincount(self._ranks, minlength=len(OUTCOMES)).tolist()
        return Counter({outcome: n for outcome, n in zip(OUTCOMES, counts, strict=True) if n})

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        self._settle()
        return {"marks": self._marks.tolist(), "ranks": self._ranks.tolist(), "cut": self.cut}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Consignments:
        """What `as_dict` wrote."""
        found = cls()
        found._marks = np.array(raw["marks"], dtype=np.uint64)
        found._ranks = np.array(raw["ranks"], dtype=np.uint8)
        found.cut = raw["cut"]
        return found


def marks_of(numbers: pa.StringArray | pa.BinaryArray) -> Marks:
    """A 64-bit mark of each number, the same in every run."""
    offsets = np.frombuffer(numbers.buffers()[1], np.int32, len(numbers) + 1, 4 * numbers.offset)
    lengths = np.diff(offsets)
    if lengths.max(initial=0) > LONG:
        data = [value.as_buffer().to_pybytes() for value in numbers]
        data = [d if len(d) <= LONG else hashlib.blake2b(d, digest_size=LONG).digest() for d in data]
        return marks_of(pa.array(data, pa.binary()))
    width = -(-int(lengths.max(initial=0)) // 8) or 1
    letters = np.zeros((len(numbers), 8 * width), dtype=np.uint8)
    if lengths.any():
        text = np.frombuffer(numbers.buffers()[2], np.uint8, int(lengths.sum()), int(offsets[0]))
        letters[np.arange(8 * width) < lengths[:, None]] = text
    marks = np.full(len(numbers), 0x9E3779B97F4A7C15, dtype=np.uint64)
    for column in letters.view("<u8").T:
        # a word of nothing lies beyond the end: a mark does not turn on how wide the others are
        marks = np.where(column == 0, marks, _mixed(marks ^ column))
    return marks


def _mixed(marks: Marks) -> Marks:
    """splitmix64: each bit of the result hangs on every bit given."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        marks = (marks ^ (marks >> np.uint64(shift))) * np.uint64(factor)
    return marks ^ (marks >> np.uint64(31))
