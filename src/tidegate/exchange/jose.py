"""One strict kind of JWS in compact form, and one strict kind of JSON. Pure: no database, no clock.

Everything that a stranger may send passes here first, so the limits come before the work: size before decoding, depth
before parsing, a closed header before any key is looked for. Whatever is wrong ends in `Unreadable`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

ALGORITHM = "Ed25519"  # RFC 9864 2.2: the full name, so that no header leaves the curve open
HEADER = frozenset({"alg", "kid", "typ"})
MAX_PAYLOAD = 90_000
MAX_HEADER = 512
SIGNATURE = 86  # 64 bytes in base64url
MAX_TOKEN = MAX_HEADER + MAX_PAYLOAD * 4 // 3 + SIGNATURE + 2
MAX_DEPTH = 20
MAX_DIGITS = 40
KID = re.compile(r"[a-z0-9][a-z0-9.:-]{0,127}")

_SEGMENT = re.compile(rb"[A-Za-z0-9_-]+")


class Unreadable(ValueError):
    """Bytes that are not what they have to be. `code` is one of codes.REFUSALS; the text says where and what."""

    def __init__(self, code: str, text: str):
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Token:
    """A token whose form is right and whose signature nobody has checked yet."""

    kid: str
    raw: bytes
    payload: bytes


def sign(payload: bytes, *, kid: str, typ: str, key: Ed25519PrivateKey) -> bytes:
    """The payload, signed, as a compact JWS. Raises Unreadable where nobody would be allowed to read it."""
    if len(payload) > MAX_PAYLOAD:
        raise Unreadable("too_large", f"the payload has {len(payload)} bytes; expected at most {MAX_PAYLOAD}")
    if not KID.fullmatch(kid):
        raise Unreadable("header", f"{kid!r} is no key id")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    header = {"alg": ALGORITHM, "kid": kid, "typ": typ}
    return jws.serialize_compact(header, payload, OKPKey.import_key(pem), algorithms=[ALGORITHM]).encode("ascii")


def read(raw: bytes, typ: str) -> Token:
    """Take a token apart without believing it.

    1. Size, three segments, base64url without padding in its one spelling.
    2. The protected header is a JSON object of exactly `alg`, `kid` and `typ`: `b64`, `crit`, `jwk`, `jku`, `x5u` and
       everything else is refused, for what a header cannot say it cannot do.

    Raises Unreadable (too_large, malformed, header).
    """
    if len(raw) > MAX_TOKEN:
        raise Unreadable("too_large", f"{len(raw)} bytes; expected at most {MAX_TOKEN}")
    parts = raw.split(b".")
    if len(parts) != 3:
        raise Unreadable("malformed", f"{len(parts)} parts; expected header.payload.signature")
    head, body, signature = parts
    if len(head) > MAX_HEADER:
        raise Unreadable("too_large", f"the header has {len(head)} bytes; expected at most {MAX_HEADER}")
    if len(signature) != SIGNATURE:
        raise Unreadable("malformed", f"the signature has {len(signature)} characters; expected {SIGNATURE}")
    header = strict_json(_decoded(head, "header"))
    _decoded(signature, "signature")
    payload = _decoded(body, "payload")
    if len(payload) > MAX_PAYLOAD:
        raise Unreadable("too_large", f"the payload has {len(payload)} bytes; expected at most {MAX_PAYLOAD}")
    if not isinstance(header, dict) or header.keys() != HEADER:
        raise Unreadable("header", f"the protected header must hold {', '.join(sorted(HEADER))} and nothing else")
    if header["alg"] != ALGORITHM:
        raise Unreadable("header", f"alg: {_shown(header['alg'])}; expected {ALGORITHM}")
    if header["typ"] != typ:
        raise Unreadable("header", f"typ: {_shown(header['typ'])}; expected {typ}")
    kid = header["kid"]
    if not isinstance(kid, str) or not KID.fullmatch(kid):
        raise Unreadable("header", f"kid: {_shown(kid)}; expected a key id")
    return Token(kid, raw, payload)


def check(token: Token, public: bytes) -> bytes:
    """The payload, once the signature by the key of these 32 raw bytes holds. Raises Unreadable (signature)."""
    x = base64.urlsafe_b64encode(public).rstrip(b"=").decode("ascii")
    try:
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
        found = jws.deserialize_compact(token.raw, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        raise Unreadable("signature", f"the signature is not that of {token.kid}") from None
    return found.payload


def digest(raw: bytes) -> str:
    """SHA-256 of bytes, hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


def dump(value: Any) -> bytes:
    """A value as JSON bytes: UTF-8, no blanks, keys in the order given. What is signed is these bytes, for ever."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def strict_json(raw: bytes) -> Any:
    """JSON in which nothing can be read in two ways.

    UTF-8 without a byte order mark; no key twice; no NaN, no infinity; no lone surrogate; at most 20 levels; no number
    of more than 40 digits. Fractions are Decimals. Raises Unreadable (malformed).
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("malformed", f"byte {error.start} is not UTF-8") from None
    _check_depth(text)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_whole, parse_float=_fraction
        )
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable("malformed", f"not JSON: {str(error)[:120]}") from None
    # Only an escape can bring half a character in, and only a `\u` can write one.
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
        except UnicodeEncodeError:
            raise Unreadable("malformed", "half a character (a lone surrogate)") from None
    return value


def _check_depth(text: str) -> None:
    depth, inside, skip = 0, False, False
    for sign in text:
        if skip:
            skip = False
        elif inside:
            if sign == "\\":
                skip = True
            elif sign == '"':
                inside = False
        elif sign == '"':
            inside = True
        elif sign in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Unreadable("malformed", f"more than {MAX_DEPTH} levels deep")
        elif sign in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Unreadable("malformed", f"the key {_shown(twice)} stands twice")
    return found


def _constant(name: str) -> NoReturn:
    raise Unreadable("malformed", f"{name} is no number of JSON")


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise Unreadable("malformed", f"a number of more than {MAX_DIGITS} digits")
    return int(text)


def _fraction(text: str) -> Decimal:
    value = Decimal(text) if len(text) <= MAX_DIGITS else None
    if value is None or not value.is_finite() or abs(value.adjusted()) > MAX_DIGITS:
        raise Unreadable("malformed", f"a number of more than {MAX_DIGITS} digits")
    return value


def _decoded(segment: bytes, name: str) -> bytes:
    """base64url in its one spelling: no padding, no other sign, no bits left over."""
    if not _SEGMENT.fullmatch(segment):
        raise Unreadable("malformed", f"the {name} is not base64url")
    try:
        found = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except ValueError:
        raise Unreadable("malformed", f"the {name} is not base64url") from None
    if base64.urlsafe_b64encode(found).rstrip(b"=") != segment:
        raise Unreadable("malformed", f"the {name} is not base64url in its one spelling")
    return found


def _shown(value: Any) -> str:
    # repr keeps half characters as escapes, so that the text itself can always be written.
    return ascii(value)[:60]
