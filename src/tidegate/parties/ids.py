"""Identifiers: unguessable, in order of time, and safe to read aloud."""

from __future__ import annotations

import os
import secrets
import threading
import time
import uuid

# Crockford's base 32: no I, L, O or U, so that nobody reads one sign for another.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


_LOCK = threading.Lock()
_last = 0


def uuid7() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562 5.7): milliseconds, 12 bits of their fraction (6.2, method 3), 62 random bits.

    Each one that a process makes is greater than the one before: what was written later stands later, also within a
    millisecond.
    """
    global _last
    whole, rest = divmod(time.time_ns(), 1_000_000)
    with _LOCK:
        _last = stamp = max(whole << 12 | (rest << 12) // 1_000_000, _last + 1)
    value = (stamp >> 12 & (1 << 48) - 1) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0x2 << 62
    return uuid.UUID(int=value | int.from_bytes(os.urandom(8), "big") >> 2)


def reference(prefix: str, length: int = 12) -> str:
    """A public reference such as `VN-7K3F-90QX-M2TA`: `length` random signs (5 bits each) in groups of four."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(length))
    return "-".join([prefix, *(signs[n : n + 4] for n in range(0, length, 4))])
