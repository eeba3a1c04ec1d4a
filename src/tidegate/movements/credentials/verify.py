"""Is this certificate valid? Answered from the token, a file of keys and status lists, and the time: no network.

The answer is *valid*, *invalid* with the reason, or *unknown*: where a key is not known, or the status list is missing
or too old, nobody can say that it was not revoked meanwhile, and then the answer is never "valid".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from tidegate.movements.credentials import status, tokens
from tidegate.movements.credentials.tokens import ALGORITHM, Malformed, Read
from tidegate.parties.registry import VerifyKey

VALID, INVALID, UNKNOWN = "valid", "invalid", "unknown"


@dataclass(frozen=True)
class Verdict:
    """`answer`: valid, invalid or unknown; `reason` a code of REASONS, empty when valid; `detail` for a technician.

    `stale_since`: since when it cannot be known. `claims` is what the certificate says, where its signature holds.
    """

    answer: str
    reason: str = ""
    detail: str = ""
    stale_since: datetime | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    issuer: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None


# Reason → a sentence for people.
REASONS: Mapping[str, Promise] = {
    "malformed": _("It is not a certificate."),
    "signature": _("The signature does not hold: it was changed, or somebody else wrote it."),
    "issuer": _("It was signed with another State's key than the one that it names."),
    "key_revoked": _("The key that signed it was revoked."),
    "key_retired": _("It was signed with a key that had been retired before."),
    "not_yet_valid": _("It is not valid yet."),
    "expired": _("It has expired."),
    "revoked": _("It was revoked."),
    "suspended": _("It is suspended."),
    "key_unknown": _("The key that signed it is not known here."),
    "no_status": _("No list of revoked certificates of that State is at hand."),
    "status_stale": _("The list of revoked certificates is too old."),
}


@dataclass(frozen=True)
class Bundle:
    """What a checker carries: keys, signed status lists, and when they were put together."""

    keys: tuple[VerifyKey, ...]
    status_lists: tuple[str, ...]
    as_of: datetime

    def dump(self) -> str:
        """The file, as JSON text."""
        rows = [
            {
                "kid": key.kid,
                "state": key.state,
                "public": key.public,
                "retired_at": None if key.retired_at is None else tokens.moment(key.retired_at),
                "revoked": key.revoked,
            }
            for key in self.keys
        ]
        said = {"as_of": tokens.moment(self.as_of), "keys": rows, "status_lists": list(self.status_lists)}
        return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def load(text: str) -> Bundle:
    """Keys and status lists of a file. Raises Malformed that names the field."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Malformed(f"the file of keys is not JSON: {error}") from None
    if not isinstance(value, dict) or not isinstance(value.get("keys"), list):
        raise Malformed("keys: not there; expected a list of keys")
    found = []
    for number, row in enumerate(value["keys"], start=1):
        try:
            public = str(row["public"])
            if len(bytes.fromhex(public)) != 32:
                raise ValueError
            retired = None if row.get("retired_at") is None else tokens.read_moment(row["retired_at"])
            found.append(VerifyKey(str(row["kid"]), str(row["state"]), public, retired, bool(row.get("revoked"))))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Malformed(
                f"keys, entry {number}: {error!s}; expected kid, state and public (32 bytes in hexadecimal)"
            ) from None
    lists = value.get("status_lists", [])
    if not isinstance(lists, list) or not all(isinstance(item, str) for item in lists):
        raise Malformed("status_lists: expected a list of signed status lists")
    return Bundle(tuple(found), tuple(lists), tokens.read_moment(value.get("as_of")))


def verify(token: str, keys: Iterable[VerifyKey], status_list: Iterable[str], now: datetime) -> Verdict:
    """Whether a certificate holds at a moment. Pure; raises nothing.

    1. Form and signature; the key is one of the issuer's, neither revoked nor retired when it was signed.
    2. Its days.
    3. Its places in the newest status lists of the issuer. What was revoked stays revoked in an old list, too.
    """
    known = {key.kid: key for key in keys}
    try:
        read = tokens.read(token)
    except Malformed as error:
        return Verdict(INVALID, "malformed", str(error))
    key = known.get(read.kid)
    if key is None:
        return Verdict(UNKNOWN, "key_unknown", read.kid)
    if reason := _unsigned(read, key):
        return Verdict(INVALID, reason, read.kid)
    try:
        return _standing(read, known, status_list, now)
    except Malformed as error:
        return Verdict(INVALID, "malformed", str(error))


def _standing(read: Read, known: Mapping[str, VerifyKey], lists: Iterable[str], now: datetime) -> Verdict:
    said = read.payload
    subject = said.get("credentialSubject")
    if not isinstance(subject, dict):
        raise Malformed("it says nothing")
    first = tokens.read_moment(said.get("validFrom"))
    last = None if said.get("validUntil") is None else tokens.read_moment(said["validUntil"])

    def verdict(answer: str, reason: str = "", stale: datetime | None = None) -> Verdict:
        return Verdict(answer, reason, "", stale, subject, str(said.get("issuer")), first, last)

    if last is not None and last < now:
        return verdict(INVALID, "expired")
    places = _places(said)
    found = _newest(known, lists, str(said.get("issuer")))
    stale: datetime | None = None
    missing = False
    suspended = False
    for purpose, (name, index) in places.items():
        row = found.get(name)
        if row is None or row.purpose != purpose:
            missing = True
            continue
        bit = row.is_set(index)
        if purpose == "revocation" and bit:
            return verdict(INVALID, "revoked")
        if row.valid_until < now:
            stale = row.valid_until if stale is None else min(stale, row.valid_until)
        elif bit:
            suspended = True
    if suspended:
        return verdict(INVALID, "suspended")
    if first > now:
        return verdict(INVALID, "not_yet_valid")
    if missing:
        return verdict(UNKNOWN, "no_status")
    if stale is not None:
        return verdict(UNKNOWN, "status_stale", stale)
    return verdict(VALID)


def _unsigned(read: Read, key: VerifyKey) -> str:
    """Why a key does not vouch for a token, or nothing."""
    x = base64.urlsafe_b64encode(bytes.fromhex(key.public)).rstrip(b"=").decode()
    try:
        jws.deserialize_compact(
            read.text, OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x}), algorithms=[ALGORITHM]
        )
    except (JoseError, ValueError):
        return "signature"
    if read.payload.get("issuer") != tokens.issuer(key.state):
        return "issuer"
    if key.revoked:
        return "key_revoked"
    issued = read.payload.get("iat")
    if type(issued) is not int or not 0 <= issued < 2**40:
        return "malformed"
    if key.retired_at is not None and datetime.fromtimestamp(issued, UTC) > key.retired_at:
        return "key_retired"
    return ""


def _places(said: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
    """Purpose → (name of the list, place). A certificate without both cannot be revoked, and is none."""
    found = {}
    entries = said.get("credentialStatus")
    for entry in entries if isinstance(entries, list) else []:
        try:
            index = int(entry["statusListIndex"])
            found[str(entry["statusPurpose"])] = (str(entry["statusListCredential"]), index)
        except (KeyError, TypeError, ValueError):
            raise Malformed("its place in the status list cannot be read") from None
    if set(tokens.PURPOSES) - set(found):
        raise Malformed("it names no status list")
    return found


def _newest(known: Mapping[str, VerifyKey], lists: Iterable[str], issuer: str) -> dict[str, status.StatusBits]:
    """The newest list of each name that the issuer itself signed; what does not hold is passed over."""
    found: dict[str, status.StatusBits] = {}
    for text in lists:
        try:
            read = tokens.read(text)
            key = known.get(read.kid)
            if key is None or read.payload.get("issuer") != issuer or _unsigned(read, key):
                continue
            row = status.read(read.payload)
        except Malformed:
            continue
        if row.id not in found or found[row.id].issued < row.issued:
            found[row.id] = row
    return found
