"""A credential as the payload of a compact JWS (W3C VC-JOSE-COSE 1.0, `vc+jwt`), small enough for one QR code."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

TYP = "vc+jwt"
ALGORITHM = "Ed25519"
CONTEXT = ("https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2")
# What a QR code of medium error correction holds, in bytes.
QR_BYTES = 2300
# A longer text is not looked at; a status list of a million certificates has about 170,000 signs.
MAX_TOKEN = 400_000
PURPOSES = ("revocation", "suspension")

_TOKEN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})")


class Malformed(ValueError):
    """A text that is no credential; the message says what is wrong with it."""


@dataclass(frozen=True)
class Read:
    """A token taken apart; nobody has checked its signature yet."""

    kid: str
    payload: Mapping[str, Any]
    text: str


def issuer(state: str) -> str:
    """The name under which a State signs."""
    return f"urn:tidegate:state:{state}"


def status_id(state: str, purpose: str) -> str:
    """The name of a State's status list."""
    return f"urn:tidegate:status:{state}:{purpose}"


def payload(
    *,
    number: str,
    kind: str,
    state: str,
    subject: Mapping[str, Any],
    index: int,
    issued: datetime,
    valid_from: datetime,
    valid_until: datetime | None,
) -> bytes:
    """The credential of a certificate, as the bytes to be signed. `index` is its place in the status lists."""
    value: dict[str, Any] = {
        "@context": list(CONTEXT),
        "id": f"urn:tidegate:certificate:{number}",
        "type": ["VerifiableCredential", f"Tidegate{kind.title().replace('_', '')}"],
        "issuer": issuer(state),
        "iat": int(issued.timestamp()),
        "validFrom": moment(valid_from),
        "credentialSubject": {"number": number, "kind": kind, **subject},
        "credentialStatus": [
            {
                "type": "BitstringStatusListEntry",
                "statusPurpose": purpose,
                "statusListIndex": str(index),
                "statusListCredential": status_id(state, purpose),
            }
            for purpose in PURPOSES
        ],
    }
    if valid_until is not None:
        value["validUntil"] = moment(valid_until)
    return dump(value)


def dump(value: Any) -> bytes:
    """JSON bytes without blanks."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def moment(value: datetime) -> str:
    """A time to the second, in UTC, with a Z."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def read_moment(value: Any) -> datetime:
    """The time. Raises Malformed."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Malformed(f"{str(value)[:40]!r} is not a time; expected one such as 2026-11-21T08:00:00Z") from None
    if found.tzinfo is None:
        raise Malformed(f"{value!r} names no zone")
    return found


def read(text: str) -> Read:
    """Take a token apart without believing it: a header of algorithm, key id and type, and a JSON object.

    Blanks and line breaks around and inside it (a copied or scanned text) are passed over. Raises Malformed.
    """
    text = "".join(text.split())
    if len(text) > MAX_TOKEN:
        raise Malformed(f"{len(text)} characters; expected at most {MAX_TOKEN}")
    parts = _TOKEN.fullmatch(text)
    if parts is None:
        raise Malformed("it is not header.payload.signature in base64url")
    header, body = (_json(parts[n], name) for n, name in ((1, "header"), (2, "payload")))
    if header.keys() != {"alg", "kid", "typ"} or header["alg"] != ALGORITHM or header["typ"] != TYP:
        raise Malformed(f"its header must hold alg {ALGORITHM}, typ {TYP}, a kid, and nothing else")
    if not isinstance(header["kid"], str):
        raise Malformed("its key id is no text")
    return Read(header["kid"], body, text)


def _json(segment: str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        raise Malformed(f"its {name} is not JSON in base64url") from None
    if not isinstance(value, dict):
        raise Malformed(f"its {name} is no JSON object")
    return value
