"""Identifiers: unguessable, in order of time, and safe to read aloud."""

from __future__ import annotations

import os
import secrets
import time
import uuid

# Crockford's base 32: no I, L, O or U, so that nobody reads one sign for another.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def uuid7() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562 5.7): 48 bits of milliseconds, then 74 random bits."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def reference(prefix: str, length: int = 12) -> str:
    """A public reference such as `VN-7K3F-90QX-M2TA`: `length` random signs (5 bits each) in groups of four."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(length))
    return "-".join([prefix, *(signs[n : n + 4] for n in range(0, length, 4))])
