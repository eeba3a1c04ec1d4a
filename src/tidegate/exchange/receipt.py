"""The receipt: what a receiver says, signed, of the bytes that came. Pure: no database, no clock.

`stored`: it is on the receiver's disk, at position `n` of its log, with its effect or its recorded refusal (`answer`).
`gap`: an earlier message of the case has not come; it is kept aside, and `first_missing` says where to begin again.
`refused`: it was not taken in, for a reason of codes.REFUSALS; it takes no number.

`head` is the chain's head before this entry: the entry itself commits to the receipt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.exchange import jose
from tidegate.exchange.envelope import HEX, MAX_SEQ, NODE, UUID7, Fields, moment
from tidegate.exchange.jose import Token, Unreadable

TYP = "tg+rcpt"
VERSION = "1.0"
STORED, GAP, REFUSED = "stored", "gap", "refused"
ACCEPTED, REJECTED = "accepted", "rejected"
MAX_TEXT = 500
_CODE = re.compile(r"[a-z][a-z0-9_]{0,47}")


@dataclass(frozen=True)
class Receipt:
    """`receipt_for` is the message's id (empty where the bytes could not be read); `sha256` that of its bytes.

    `outcome` is accepted or rejected where the verdict is stored; `code` and `text` tell why of a rejection or refusal.
    """

    receipt_for: str
    sender: str
    to: str
    sha256: str
    n: int
    head: str
    received: datetime
    verdict: str
    outcome: str = ""
    code: str = ""
    text: str = ""
    first_missing: int = 0


def seal(receipt: Receipt, kid: str, key: Ed25519PrivateKey) -> bytes:
    """The receipt, signed by the receiver of the message."""
    value: dict[str, Any] = {
        "v": VERSION,
        "receipt_for": receipt.receipt_for or None,
        "from": receipt.sender,
        "to": receipt.to or None,
        "sha256": receipt.sha256,
        "n": receipt.n,
        "head": receipt.head,
        "received": moment(receipt.received),
        "verdict": receipt.verdict,
        "outcome": receipt.outcome or None,
        "code": receipt.code or None,
        "text": plain(receipt.text),
        "first_missing": receipt.first_missing or None,
    }
    return jose.sign(jose.dump(value), kid=kid, typ=TYP, key=key)


def read(raw: bytes) -> Token:
    """Size, form and header of a receipt; nothing of it is believed yet. Raises Unreadable."""
    return jose.read(raw, TYP)


def open_with(token: Token, public: bytes) -> Receipt:
    """What the receipt says, once its signature holds. Raises Unreadable."""
    value = jose.strict_json(jose.check(token, public))
    if not isinstance(value, dict):
        raise Unreadable("field", "the payload is no JSON object")
    fields = Fields(dict(value))
    if (version := fields.line("v", 8)).split(".")[0] != VERSION.split(".")[0]:
        raise Unreadable("version", f"v: {version!r}; expected {VERSION.split('.')[0]}.x")
    found = Receipt(
        receipt_for=fields.text("receipt_for", UUID7, absent=True),
        sender=fields.text("from", NODE, 64),
        to=fields.text("to", NODE, 64, absent=True),
        sha256=fields.text("sha256", HEX),
        n=fields.number("n", 0, 2**62),
        head=fields.text("head", HEX),
        received=fields.moment("received"),
        verdict=fields.choice("verdict", (STORED, GAP, REFUSED)),
        outcome=_optional(fields, "outcome", (ACCEPTED, REJECTED)),
        code=fields.text("code", _CODE, absent=True),
        text=fields.line("text", MAX_TEXT),
        first_missing=0 if fields.left.get("first_missing", 0) is None else fields.number("first_missing", 1, MAX_SEQ),
    )
    if (found.verdict == GAP) != bool(found.first_missing):
        raise Unreadable("field", "first_missing: given with a gap and with nothing else")
    return found


def plain(text: str) -> str:
    """A text as one printable line of at most 500 characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:MAX_TEXT]


def _optional(fields: Fields, name: str, among: tuple[str, ...]) -> str:
    if name in fields.left and fields.left[name] is None:
        fields.left.pop(name)
        return ""
    return fields.choice(name, among)
