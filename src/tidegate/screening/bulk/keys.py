"""Packing small codes into 64-bit keys, and keys into dense ids that stay the same from batch to batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


def unique_inverse(keys: npt.NDArray[np.uint64] | Codes) -> tuple[Codes, Codes, Codes]:
    """(distinct keys, index of the first row of each, for each row the position of its key). Hashed, not sorted."""
    encoded = pc.dictionary_encode(pa.array(keys.view(np.int64)))
    inverse = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    distinct = encoded.dictionary.to_numpy(zero_copy_only=False)
    first = np.empty(len(distinct), dtype=np.int64)
    first[inverse[::-1]] = np.arange(len(inverse) - 1, -1, -1, dtype=np.int64)
    return distinct, first, inverse


class KeyIndex:
    """Dense ids for 64-bit keys: an id never changes while the index lives."""

    def __init__(self) -> None:
        self._keys = np.empty(0, dtype=np.int64)
        self._ids = np.empty(0, dtype=np.int64)
        self.size = 0

    def lookup(self, keys: npt.NDArray[np.uint64] | Codes) -> tuple[Codes, Codes, Codes]:
        """(id of each row, ids that are new in this batch, the first row of each new one)."""
        distinct, first, inverse = unique_inverse(keys)
        where = np.searchsorted(self._keys, distinct)
        where_safe = np.minimum(where, max(0, len(self._keys) - 1))
        known = self._keys[where_safe] == distinct if len(self._keys) else np.zeros(len(distinct), dtype=bool)
        ids = np.empty(len(distinct), dtype=np.int64)
        if len(self._keys):
            ids[known] = self._ids[where_safe[known]]
        fresh = np.flatnonzero(~known)
        new_ids = np.arange(self.size, self.size + len(fresh), dtype=np.int64)
        ids[fresh] = new_ids
        if len(fresh):
            order = np.argsort(distinct[fresh], kind="stable")
            places = where[fresh][order]
            self._keys = np.insert(self._keys, places, distinct[fresh][order])
            self._ids = np.insert(self._ids, places, new_ids[order])
            self.size += len(fresh)
        return ids[inverse], new_ids, first[fresh]


class WordIndex:
    """Dense ids for keys of several 64-bit words: looked for by a hash, taken as the same only where every word is."""

    def __init__(self) -> None:
        self._index = KeyIndex()
        self._words: list[npt.NDArray[np.uint64]] = []  # the words of every id

    def lookup(self, words: Sequence[Words]) -> tuple[Codes, Codes, Codes]:
        """(id of each row, ids that are new in this batch, the first row of each new one)."""
        ids, fresh, first, same = self._find(words, 0)
        seed = 0
        while not same.all():
            # another key had this hash first: these go by another one
            rows = np.flatnonzero(~same)
            seed += 1
            ids[rows], added, places, same[rows] = self._find([word[rows] for word in words], seed)
            fresh, first = np.concatenate([fresh, added]), np.concatenate([first, rows[places]])
        return ids, fresh, first

    def _find(self, words: Sequence[Words], seed: int) -> tuple[Codes, Codes, Codes, npt.NDArray[np.bool_]]:
        ids, fresh, first = self._index.lookup(mixed(words, seed))
        room = len(self._words[0]) if self._words else 0
        self._words += [np.zeros(room, dtype=np.uint64) for _ in range(len(words) - len(self._words))]
        if self._index.size > room:
            more = np.zeros(self._index.size * 5 // 4 + 1024 - room, dtype=np.uint64)
            self._words = [np.concatenate([known, more]) for known in self._words]
        same = np.ones(len(ids), dtype=bool)
        for n, known in enumerate(self._words):
            if n < len(words):
                known[fresh] = words[n][first]
                same &= known[ids] == words[n]
            else:
                same &= known[ids] == 0
        return ids, fresh, first, same


def mixed(words: Sequence[Words], seed: int) -> Words:
    """A hash of words side by side."""
    out = np.full(len(words[0]), seed, dtype=np.uint64)
    turned = np.empty_like(out)
    for word in words:
        out ^= word
        np.right_shift(out, np.uint64(32), out=turned)
        out ^= turned
        out *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        out ^= out >> np.uint64(shift)
        out *= np.uint64(factor)
    return out


class Packer:
    """Packs columns of codes of a fixed width into one key a row.

    Codes stand side by side in words of 64 bits; where they need more than one, the words become an id. No two
    different rows ever share a key. A code that does not fit its width is an error of the caller, and is raised.
    """

    WIDEST, FORM_BITS = 34, 8

    def __init__(self) -> None:
        self._forms: dict[tuple[int, ...], int] = {}  # columns of other widths give other keys
        self._ids = WordIndex()

    def pack(self, columns: Sequence[tuple[Codes, int]], rows: int) -> npt.NDArray[np.uint64]:
        """The key of each row. Raises OverflowError."""
        form = self._forms.setdefault(tuple(bits for _, bits in columns), len(self._forms))
        word = np.full(rows, form, dtype=np.uint64)
        words, used = [word], self.FORM_BITS
        if form >> self.FORM_BITS:
            raise OverflowError("too many forms of one key")
        for codes, bits in columns:
            if bits > self.WIDEST:
                raise OverflowError(f"a part of {bits} bits is wider than {self.WIDEST}")
            # a negative code becomes a huge one
            part = codes.view(np.uint64) if codes.dtype == np.int64 else codes
            top = int(part.max()) if rows else 0
            if top >> bits or top < 0:
                raise OverflowError(f"a code of {int(codes.max())} does not fit {bits} bits")
            if used + bits > 64:
                word = np.zeros(rows, dtype=np.uint64)
                words.append(word)
                used = 0
            if top:
                word |= np.left_shift(part, used, dtype=np.uint64, casting="unsafe")
            used += bits
        if len(words) == 1:
            return word
        return self._ids.lookup(words)[0].view(np.uint64) << np.uint64(self.FORM_BITS) | np.uint64(form)


class Numbers:
    """Numbers by id: one more at a time, read for many ids at once."""

    def __init__(self) -> None:
        self._known = np.empty(0, dtype=np.int64)
        self._new: list[int] = []

    def append(self, number: int) -> None:
        self._new.append(number)

    def __len__(self) -> int:
        return len(self._known) + len(self._new)

    def extend(self, numbers: npt.NDArray[Any]) -> None:
        """Adds many at once."""
        self._known = np.concatenate([self._known, np.array(self._new, np.int64), numbers.astype(np.int64)])
        self._new = []

    def __getitem__(self, ids: Codes) -> Codes:
        if self._new:
            self._known = np.concatenate([self._known, np.array(self._new, dtype=np.int64)])
            self._new = []
        return self._known[ids]


class Records:
    """Rows of small numbers, `width` each, by id: more at a time, read for many ids at once."""

    def __init__(self, width: int) -> None:
        self._held = np.zeros((1024, width), dtype=np.int32, order="F")  # mostly a column is read
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def rows(self) -> npt.NDArray[np.int32]:
        """All of them; not to be kept while more are added."""
        return self._held[: self._size]

    def extend(self, rows: npt.NDArray[Any]) -> None:
        """Adds many at once."""
        size = self._size + len(rows)
        if size > len(self._held):
            room = np.zeros((max(size, len(self._held) * 3 // 2), self._held.shape[1]), dtype=np.int32, order="F")
            room[: self._size] = self.rows
            self._held = room
        self._held[self._size : size] = rows
        self._size = size

    def append(self, *row: int) -> int:
        """Adds one, and gives its id."""
        self.extend(np.array([row]))
        return self._size - 1


class Memo:
    """What combinations of small numbers come to, `width` numbers each: each combination is worked out once."""

    BITS = 32

    def __init__(self, width: int) -> None:
        self._packer, self._index, self._answers = Packer(), KeyIndex(), Records(width)

    def of(self, columns: Iterable[npt.NDArray[Any]], answer: Callable[[int], Sequence[int]]) -> npt.NDArray[np.int32]:
        """The answer for each row. `columns`: numbers from 0; `answer`: for the row that shows a new one first."""
        parts = [(codes, self.BITS) for codes in columns]
        keys = self._packer.pack(parts, len(parts[0][0]))
        ids, _, first = self._index.lookup(keys)
        if len(first):
            self._answers.extend(np.array([answer(i) for i in first.tolist()]))
        return self._answers.rows[ids]


class Interner:
    """Dense codes for hashable values, kept for the life of a session."""

    def __init__(self) -> None:
        self.codes: dict[object, int] = {}
        self.values: list[Any] = []

    def __call__(self, value: object) -> int:
        code = self.codes.get(value)
        if code is None:
            code = self.codes[value] = len(self.values)
            self.values.append(value)
        return code
