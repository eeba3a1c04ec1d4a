"""The Bitstring Status List (W3C Recommendation 2025-05-15): one bit a certificate, signed as a whole."""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tidegate.movements.credentials.tokens import CONTEXT, Malformed, dump, issuer, moment, read_moment, status_id

# The shortest list that the recommendation allows, in bits: so that a place says little about its certificate.
LEAST = 131_072
# A list that unpacks to more than this (16 million certificates) is not read.
MAX_BYTES = 2_097_152
# How long a signed list is good for: after that a checker says that it does not know.
TTL = timedelta(hours=24)


@dataclass(frozen=True)
class StatusBits:
    """A status list that was read: whose, for which purpose, good until when."""

    id: str
    purpose: str
    bits: bytes
    issued: datetime
    valid_until: datetime

    def is_set(self, index: int) -> bool:
        """Whether the bit is set. Raises Malformed for a place that the list does not have."""
        if not 0 <= index < len(self.bits) * 8:
            raise Malformed(f"the status list {self.id} has no place {index}")
        return is_set(self.bits, index)


def empty() -> bytes:
    """A list in which nothing is set."""
    return bytes(LEAST // 8)


def is_set(bits: bytes, index: int) -> bool:
    """The bit at a place; place 0 is the leftmost bit of the first byte."""
    return bool(bits[index // 8] >> (7 - index % 8) & 1)


def with_bit(bits: bytes, index: int, on: bool) -> bytes:
    """The list with one bit changed; longer, in steps of the shortest, where the place lies behind its end."""
    row = bytearray(bits)
    while index >= len(row) * 8:
        row += empty()
    mask = 1 << (7 - index % 8)
    row[index // 8] = row[index // 8] | mask if on else row[index // 8] & ~mask
    return bytes(row)


def payload(*, state: str, purpose: str, bits: bytes, version: int, issued: datetime) -> bytes:
    """The list as a credential, as the bytes to be signed."""
    packed = base64.urlsafe_b64encode(gzip.compress(bits, mtime=0)).rstrip(b"=").decode()
    return dump(
        {
            "@context": [CONTEXT[0]],
            "id": status_id(state, purpose),
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": issuer(state),
            "iat": int(issued.timestamp()),
            "validFrom": moment(issued),
            "validUntil": moment(issued + TTL),
            "credentialSubject": {
                "id": f"{status_id(state, purpose)}#list",
                "type": "BitstringStatusList",
                "statusPurpose": purpose,
                "encodedList": f"u{packed}",
                "version": version,
            },
        }
    )


def read(value: Mapping[str, Any]) -> StatusBits:
    """The list that a credential holds, its signature checked by the caller. Raises Malformed."""
    subject = value.get("credentialSubject")
    if not isinstance(subject, dict) or subject.get("type") != "BitstringStatusList":
        raise Malformed("it is no status list")
    encoded = subject.get("encodedList")
    if not isinstance(encoded, str) or not encoded.startswith("u"):
        raise Malformed("its list is not in multibase base64url")
    try:
        packed = base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4))
        unpacker = zlib.decompressobj(wbits=31)
        bits = unpacker.decompress(packed, MAX_BYTES + 1)
    except (ValueError, zlib.error):
        raise Malformed("its list cannot be unpacked") from None
    if not LEAST // 8 <= len(bits) <= MAX_BYTES or unpacker.unconsumed_tail:
        raise Malformed(f"its list has not between {LEAST} and {MAX_BYTES * 8} places")
    return StatusBits(
        str(value.get("id")), str(subject.get("statusPurpose")), bits, read_moment(value.get("validFrom")),
        read_moment(value.get("validUntil")),
    )  # fmt: skip
