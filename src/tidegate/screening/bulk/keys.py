"""Packing small codes into 64-bit keys, and keys into dense ids that stay the same from batch to batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

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
    """Dense ids for 64-bit keys: an id never changes while the index lives.

    A key's place in the table is its hash, or the next free one behind. Millions of keys are found among millions by
    one look or two each, whatever came before: the rows of a batch need not be made distinct first.
    """

    def __init__(self) -> None:
        self._table = np.zeros(64, dtype=np.int32)  # 1 + the id of the key that lies there, 0 where none does
        self._keys = np.zeros(64, dtype=np.int64)  # of each id, one place on
        self.size = 0

    def lookup(self, keys: npt.NDArray[np.uint64] | Codes) -> tuple[Codes, Codes, Codes]:
        """(id of each row, ids that are new in this batch, the first row of each new one)."""
        keys = keys.view(np.int64)
        ids = self._find(keys)
        new = np.flatnonzero(ids < 0)
        if not len(new):
            return ids, new, new
        distinct, first, inverse = unique_inverse(keys[new])
        fresh = np.arange(self.size, self.size + len(distinct), dtype=np.int64)
        ids[new] = fresh[inverse]
        self._put(distinct)
        return ids, fresh, new[first]

    def _place(self, keys: Codes) -> Codes:
        places = keys.view(np.uint64) >> np.uint64(32)
        places ^= keys.view(np.uint64)
        places *= np.uint64(0x9E3779B97F4A7C15)
        places >>= np.uint64(65 - len(self._table).bit_length())
        return places.view(np.int64)

    def _find(self, keys: Codes) -> Codes:
        """The id of each key, -1 where it is not known."""
        places = self._place(keys)
        found = self._table.take(places)
        left = np.flatnonzero((self._keys.take(found) != keys) & (found > 0))
        while len(left):  # another key lies there
            places[left] = places[left] + 1 & len(self._table) - 1
            found[left] = beside = self._table[places[left]]
            left = left[(self._keys[beside] != keys[left]) & (beside > 0)]
        return found.astype(np.int64) - 1

    def _put(self, keys: Codes) -> None:
        """Takes in keys that are not known yet."""
        size = self.size + len(keys)
        self._keys = grown(self._keys, size + 1)
        self._keys[self.size + 1 : size + 1] = keys
        ids = np.arange(self.size, size)
        if size * 2 > len(self._table):
            self._table = np.zeros(1 << (size * 2).bit_length(), dtype=np.int32)
            ids = np.arange(size)
        self.size = size
        places = self._place(self._keys[ids + 1])
        while len(ids):
            free = self._table[places] == 0
            self._table[places[free]] = ids[free] + 1  # of several that want a place, the last has it
            left = self._table[places] != ids + 1
            ids, places = ids[left], places[left] + 1 & len(self._table) - 1


class Word(NamedTuple):
    """A 64-bit word of each row. Where few rows have one that is not 0, these rows and theirs; else all, and which."""

    values: Words
    rows: Codes | None
    known: npt.NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, values: Words) -> Word:
        """A word that every row states."""
        known = values != 0
        if np.count_nonzero(known) * 3 < len(values):
            rows = np.flatnonzero(known)
            return cls(values[rows], rows)
        return cls(values, None, known)

    def at(self, rows: Codes) -> Words:
        """The words of some rows."""
        if self.rows is None:
            return self.values[rows]
        out = np.zeros(len(rows), dtype=np.uint64)
        places = np.searchsorted(self.rows, rows)
        there = np.flatnonzero(np.append(self.rows, -1)[places] == rows)
        out[there] = self.values[places[there]]
        return out


class WordIndex:
    """Dense ids for keys of several 64-bit words: looked for by a hash, taken as the same only where every word is."""

    def __init__(self) -> None:
        self._index = KeyIndex()
        self._words: list[npt.NDArray[np.uint64]] = []  # the words of every id
        self._counts = np.zeros(0, dtype=np.uint16)  # how many of them are not 0

    def lookup(self, words: Sequence[Word], rows: int) -> tuple[Codes, Codes, Codes]:
        """(id of each of so many rows, ids that are new in this batch, the first row of each new one)."""
        ids, fresh, first, same = self._find(words, rows, 0)
        seed = 0
        while not same.all():
            # another key had this hash first: these go by another one
            left = np.flatnonzero(~same)
            seed += 1
            again = [Word.of(word.at(left)) for word in words]
            ids[left], added, places, same[left] = self._find(again, len(left), seed)
            fresh, first = np.concatenate([fresh, added]), np.concatenate([first, left[places]])
        return ids, fresh, first

    def _find(self, words: Sequence[Word], rows: int, seed: int) -> tuple[Codes, Codes, Codes, npt.NDArray[np.bool_]]:
        ids, fresh, first = self._index.lookup(mixed(words, rows, seed))
        self._words += [np.zeros(0, dtype=np.uint64) for _ in range(len(words) - len(self._words))]
        self._words = [grown(known, self._index.size) for known in self._words]
        self._counts = grown(self._counts, self._index.size)
        # a key is told by its words that are not 0, and by how many they are: most of many words are 0
        few = [word.rows for word in words if word.rows is not None]
        counts = np.bincount(np.concatenate(few), minlength=rows) if few else np.zeros(rows, dtype=np.int64)
        same = np.ones(rows, dtype=bool)
        for word, known in zip(words, self._words, strict=False):
            if len(fresh):
                known[fresh] = word.at(first)
            if word.known is not None:
                counts += word.known
                same &= known.take(ids) == word.values
            elif word.rows is not None:
                other = known.take(ids.take(word.rows)) != word.values
                if other.any():
                    same[word.rows[other]] = False
        self._counts[fresh] = counts[first]
        same &= self._counts.take(ids) == counts
        return ids, fresh, first, same


def mixed(words: Sequence[Word], rows: int, seed: int) -> Words:
    """A hash of words side by side. A word of 0 adds nothing."""
    out = np.full(rows, seed * 0xBF58476D1CE4E5B9 & 2**64 - 1, dtype=np.uint64)
    for n, word in enumerate(words):
        part = word.values * np.uint64((2 * n + 1) * 0x9E3779B97F4A7C15 & 2**64 - 1)
        part ^= part >> np.uint64(32)
        part *= np.uint64(0x94D049BB133111EB)
        if word.rows is None:
            out += part
        else:
            out[word.rows] += part
    return out


def grown(known: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """The same numbers with room for `size`, and for some more, so that it is seldom made."""
    if size <= len(known):
        return known
    more = np.zeros(size * 5 // 4 + 1024, dtype=known.dtype)
    more[: len(known)] = known
    return more


class Packer:
    """Packs columns of codes of a fixed width into one key a row.

    Codes stand side by side in words of 64 bits; where they need more than one, the words become an id. No two
    different rows ever share a key. A code that does not fit its width is an error of the caller, and is raised.
    """

    WIDEST, FORM_BITS = 34, 8

    def __init__(self) -> None:
        self._forms: dict[tuple[int, ...], int] = {}  # columns of other widths give other keys
        self._orders: list[list[int]] = []  # of each form, in which order its columns stand
        self._ids = WordIndex()

    def pack(self, columns: Sequence[tuple[npt.NDArray[Any], int]], rows: int) -> npt.NDArray[np.uint64]:
        """The key of each row. Raises OverflowError."""
        form = self._forms.setdefault(tuple(bits for _, bits in columns), len(self._forms))
        word = np.full(rows, form, dtype=np.uint64)
        words, used = [word], self.FORM_BITS
        if form >> self.FORM_BITS:
            raise OverflowError("too many forms of one key")
        if form == len(self._orders):
            # codes that are mostly 0 stand together: a word of theirs is 0 in most rows, and costs nothing there
            held = [np.count_nonzero(codes) for codes, _ in columns]
            self._orders.append(sorted(range(len(columns)), key=lambda n: -held[n]))
        for part, bits in self._joined([columns[n] for n in self._orders[form]], rows):
            if used + bits > 64:
                word = np.zeros(rows, dtype=np.uint64)
                words.append(word)
                used = 0
            if part is not None:
                word |= np.left_shift(part, used, dtype=np.uint64, casting="unsafe")
            used += bits
        if len(words) == 1:
            return word
        ids = self._ids.lookup([Word.of(word) for word in words], rows)[0].view(np.uint64)
        return ids << np.uint64(self.FORM_BITS) | np.uint64(form)

    def _joined(
        self, columns: Sequence[tuple[npt.NDArray[Any], int]], rows: int
    ) -> Iterator[tuple[npt.NDArray[Any] | None, int]]:
        """The columns with their widths, narrow ones put together to bytes first; None for what is 0 in every row."""
        byte, used = None, 0
        for codes, bits in columns:
            if bits > self.WIDEST:
                raise OverflowError(f"a part of {bits} bits is wider than {self.WIDEST}")
            # a negative code becomes a huge one
            part = codes.view(f"u{codes.itemsize}")
            top = int(part.max()) if rows else 0
            if top >> bits:
                raise OverflowError(f"a code of {int(codes.max())} does not fit {bits} bits")
            if bits > 8:
                yield part if top else None, bits
                continue
            if used + bits > 8:
                yield byte, 8
                byte, used = None, 0
            if top:
                part = part.astype(np.uint8, copy=False) << np.uint8(used)
                byte = part if byte is None else byte | part
            used += bits
        if used:
            yield byte, 8


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
        return self._known.take(ids)


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
