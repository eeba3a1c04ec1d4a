"""Random draws that stay the same on every machine, and tables to draw from.

Everything is made from uniform numbers of PCG64: the bit generator and its seeding are fixed by numpy's compatibility
promise, the shaped distributions of `Generator` are not. A block of rows has a generator of its own, seeded by the
seed and the number of the block, so that a row is the same wherever a run begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Draws:
    """The random numbers of one block. `kind`: what is drawn; each kind has numbers of its own."""

    def __init__(self, seed: int, kind: int, block: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, kind, block])))

    def uniform(self, rows: int) -> Floats:
        """Numbers in [0, 1)."""
        return self._generator.random(rows)

    def chance(self, share: float | Floats, rows: int) -> Mask:
        """True for about `share` of the rows."""
        return self._generator.random(rows) < share

    def below(self, limit: int | Codes, rows: int) -> Codes:
        """Whole numbers in [0, limit)."""
        return (self._generator.random(rows) * limit).astype(np.int64)

    def between(self, low: int | Codes, high: int | Codes, rows: int) -> Codes:
        """Whole numbers in [low, high], both ends included."""
        return low + self.below(high - low + 1, rows)


class Weighted:
    """Words, each with the weight of being drawn; a draw gives the word's place."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.words = tuple(weights)
        total = np.cumsum(np.fromiter(weights.values(), dtype=np.float64))
        self._edges = total[:-1] / total[-1]

    def draw(self, draws: Draws, rows: int) -> Codes:
        return np.searchsorted(self._edges, draws.uniform(rows), side="right")

    def place(self, word: str) -> int:
        return self.words.index(word)


class Ragged:
    """A list of choices for each of many cases; the last case has none, so that case -1 means no choice."""

    def __init__(self, choices: Iterable[Sequence[int]]) -> None:
        lists = [*choices, ()]
        self.counts = np.array([len(c) for c in lists], dtype=np.int64)
        self.starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]]).astype(np.int64)
        self.values = np.array([v for c in lists for v in c] or [0], dtype=np.int64)

    def pick(self, which: Codes, draws: Draws) -> Codes:
        """One of the choices of each case at random; -1 where the case has none."""
        counts = self.counts[which]
        places = self.starts[which] + draws.below(np.maximum(counts, 1), len(which))
        return np.where(counts > 0, self.values[np.minimum(places, len(self.values) - 1)], -1)

    def spread(self, which: Codes) -> tuple[Codes, Codes]:
        """Every choice of every case: (position in `which`, choice)."""
        counts = self.counts[which]
        owner = np.repeat(np.arange(len(which), dtype=np.int64), counts)
        ends = np.cumsum(counts)
        within = np.arange(len(owner), dtype=np.int64) - np.repeat(ends - counts, counts)
        return owner, self.values[np.repeat(self.starts[which], counts) + within]
