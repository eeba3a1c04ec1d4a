"""Packing small codes into 64-bit keys, and keys into dense ids that stay the same from batch to batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]


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


class Packer:
    """Packs columns of codes of a fixed width into one key a row.

    When 64 bits are full, what is packed so far becomes a dense id and the packing goes on, so no two different rows
    ever share a key. A code that does not fit its width is an error of the caller, and is raised.
    """

    ID_BITS = 34

    def __init__(self) -> None:
        self._folds: list[KeyIndex] = []

    def pack(self, columns: Sequence[tuple[Codes, int]], rows: int) -> npt.NDArray[np.uint64]:
        key = np.zeros(rows, dtype=np.uint64)
        used = fold = 0
        for codes, bits in columns:
            if bits > 64 - self.ID_BITS:
                raise OverflowError(f"a part of {bits} bits is wider than {64 - self.ID_BITS}")
            if rows and (int(codes.max(initial=0)) >> bits or int(codes.min(initial=0)) < 0):
                raise OverflowError(f"a code of {int(codes.max())} does not fit {bits} bits")
            if used + bits > 64:
                if fold == len(self._folds):
                    self._folds.append(KeyIndex())
                key = self._folds[fold].lookup(key)[0].astype(np.uint64)
                used = self.ID_BITS
                fold += 1
            key = (key << np.uint64(bits)) | codes.astype(np.uint64)
            used += bits
        return key


class Interner:
    """Dense codes for hashable values, kept for the life of a session."""

    def __init__(self) -> None:
        self.codes: dict[object, int] = {}
        self.values: list[object] = []

    def __call__(self, value: object) -> int:
        code = self.codes.get(value)
        if code is None:
            code = self.codes[value] = len(self.values)
            self.values.append(value)
        return code
