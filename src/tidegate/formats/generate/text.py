"""Many short texts at once: running numbers and container numbers, written as rows of bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegate.formats.generate.draws import Codes, Mask

Bytes = npt.NDArray[np.uint8]
ZERO = ord("0")
# ISO 6346 gives letters the numbers from 10 on, leaving out the multiples of 11
LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (n for n in range(10, 39) if n % 11), strict=True))


def digits(numbers: Codes, width: int) -> Bytes:
    """Each number in `width` ASCII digits, zeros in front."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (numbers[:, None] // powers % 10 + ZERO).astype(np.uint8)


def literal(text: str, rows: int) -> Bytes:
    """The same text in every row."""
    return np.tile(np.frombuffer(text.encode("ascii"), dtype=np.uint8), (rows, 1))


def texts(parts: list[Bytes], shown: Mask | None = None, known: Mask | None = None) -> pa.Array:
    """Rows of bytes side by side as an Arrow column. `shown`: which bytes of a row are part of it."""
    table = np.concatenate(parts, axis=1)
    rows, width = table.shape
    lengths = np.full(rows, width) if shown is None else shown.sum(axis=1)
    if known is not None:
        lengths = np.where(known, lengths, 0)
        shown = np.broadcast_to(known[:, None], table.shape) & (True if shown is None else shown)
    data = table.ravel() if shown is None else table[shown]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    validity = None if known is None else pa.py_buffer(np.packbits(known, bitorder="little").tobytes())
    return pa.Array.from_buffers(
        pa.string(), rows, [validity, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data.tobytes())]
    )


def containers(owner: str, serials: Codes) -> Bytes:
    """Container numbers of ISO 6346: owner, six digits, check digit."""
    body = digits(serials, 6)
    values = np.concatenate(
        [np.tile([LETTERS[letter] for letter in owner], (len(serials), 1)), body.astype(np.int64) - ZERO], axis=1
    )
    check = (values * 2 ** np.arange(10)).sum(axis=1) % 11 % 10
    return np.concatenate([literal(owner, len(serials)), body, (check[:, None] + ZERO).astype(np.uint8)], axis=1)
