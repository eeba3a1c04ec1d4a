"""The envelope: one signed message from one State to one State. Pure: no database, no clock.

It is a compact JWS (`jose`) whose payload is JSON, signed once: the bytes are kept and sent, never written anew. Fields
that a later 1.x adds are kept unread; another major version is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidegate.exchange import jose
from tidegate.exchange.jose import Token, Unreadable

TYP = "tg+msg"
VERSION = "1.0"
# Traffic Light Protocol 2.0 (FIRST, 2022-08).
TLP = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
ACKS = ("receipt", "receipt+answer")
MAX_SEQ = 2**31 - 1
MAX_ATTACHMENTS = 50

NODE = re.compile(r"[a-z]{2}\.[a-z0-9](?:[a-z0-9-]{0,59}[a-z0-9])?")
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HEX = re.compile(r"[0-9a-f]{64}")
TYPE = re.compile(r"[a-z][a-z0-9_]*(?:[.-][a-z0-9_]+)*")
_VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z")
_MEDIA = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")


@dataclass(frozen=True)
class Schema:
    """Which schema the body was written to: name, version and SHA-256 of the schema itself."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Deadline:
    """When the receiver's answer is due, and which rule says so."""

    at: datetime
    rule: str = ""


@dataclass(frozen=True)
class Attachment:
    """A file that goes separately, by its hash. `size` in bytes."""

    name: str
    media_type: str
    size: int
    sha256: str
    encrypted: bool = False


@dataclass(frozen=True)
class Envelope:
    """What the payload says. `sender` and `to` are addresses (`cc.agency`); times are aware UTC.

    `seq` counts from 1 without gaps in each (sender, to, case); `prev` is the SHA-256 of the envelope before it, empty
    for the first. `created` is the sender's clock, informative; `expires` ends only the attempts to deliver it first.
    `officer` is a pseudonym; `approvals` name the decisions of a second person.
    """

    id: str
    sender: str
    to: str
    case: str
    seq: int
    prev: str
    type: str
    schema: Schema
    created: datetime
    expires: datetime
    body: Mapping[str, Any]
    tlp: str = "AMBER"
    purpose: str = ""
    legal: str = ""
    nominal: bool = True
    ack: str = "receipt+answer"
    deadline: Deadline | None = None
    reply_to: str = ""
    supersedes: str = ""
    cancels: str = ""
    attachments: tuple[Attachment, ...] = ()
    role: str = ""
    officer: str = ""
    approvals: tuple[str, ...] = ()
    version: str = VERSION
    extra: Mapping[str, Any] = field(default_factory=dict)


def payload_of(message: Envelope) -> bytes:
    """The bytes to be signed. Raises Unreadable where a receiver would refuse them."""
    due = message.deadline
    value = {
        "v": message.version,
        "id": message.id,
        "from": message.sender,
        "to": message.to,
        "case": message.case,
        "seq": message.seq,
        "prev": message.prev or None,
        "type": message.type,
        "schema": {
            "name": message.schema.name,
            "version": message.schema.version,
            "sha256": message.schema.sha256,
        },
        "created": moment(message.created),
        "expires": moment(message.expires),
        "deadline": None if due is None else {"at": moment(due.at), "rule": due.rule},
        "tlp": message.tlp,
        "purpose": message.purpose,
        "legal": message.legal,
        "nominal": message.nominal,
        "reply_to": message.reply_to or None,
        "supersedes": message.supersedes or None,
        "cancels": message.cancels or None,
        "ack": message.ack,
        "body": dict(message.body),
        "att": [
            {
                "name": a.name,
                "media_type": a.media_type,
                "size": a.size,
                "sha256": a.sha256,
                "encrypted": a.encrypted,
            }
            for a in message.attachments
        ],
        "auth": {"role": message.role, "officer": message.officer, "approvals": list(message.approvals)},
        **message.extra,
    }
    try:
        payload = jose.dump(value)
    except (TypeError, ValueError) as error:
        raise Unreadable("malformed", f"the body is not plain JSON: {error}") from None
    parse(payload)
    return payload


def seal(message: Envelope, kid: str, key: Ed25519PrivateKey) -> bytes:
    """The envelope, signed: the bytes that are kept and sent. Raises Unreadable where a receiver would refuse them."""
    return jose.sign(payload_of(message), kid=kid, typ=TYP, key=key)


def read(raw: bytes) -> Token:
    """Size, form and header of an envelope; nothing of it is believed yet. Raises Unreadable."""
    return jose.read(raw, TYP)


def open_with(token: Token, public: bytes) -> Envelope:
    """What the envelope says, once its signature holds. Raises Unreadable (signature, version, field, malformed)."""
    return parse(jose.check(token, public))


def parse(payload: bytes) -> Envelope:
    """A payload as an Envelope. Raises Unreadable that names field, value and expectation."""
    if len(payload) > jose.MAX_PAYLOAD:
        raise Unreadable("too_large", f"the payload has {len(payload)} bytes; expected at most {jose.MAX_PAYLOAD}")
    value = jose.strict_json(payload)
    if not isinstance(value, dict):
        raise Unreadable("field", "the payload is no JSON object")
    fields = Fields(dict(value))
    version = fields.text("v", _VERSION)
    if version.split(".")[0] != VERSION.split(".")[0]:
        raise Unreadable("version", f"v: {version}; expected {VERSION.split('.')[0]}.x")
    found = Envelope(
        version=version,
        id=fields.text("id", UUID7),
        sender=fields.text("from", NODE, 64),
        to=fields.text("to", NODE, 64),
        case=fields.line("case", 64, least=1),
        seq=fields.number("seq", 1, MAX_SEQ),
        prev=fields.text("prev", HEX, absent=True),
        type=fields.text("type", TYPE, 64),
        schema=_schema(fields.object("schema")),
        created=fields.moment("created"),
        expires=fields.moment("expires"),
        deadline=_deadline(fields.object("deadline", absent=True)),
        tlp=fields.choice("tlp", TLP),
        purpose=fields.line("purpose", 200),
        legal=fields.line("legal", 200),
        nominal=fields.flag("nominal"),
        reply_to=fields.text("reply_to", UUID7, absent=True),
        supersedes=fields.text("supersedes", UUID7, absent=True),
        cancels=fields.text("cancels", UUID7, absent=True),
        ack=fields.choice("ack", ACKS),
        body=fields.object("body") or {},
        attachments=tuple(_attachment(item) for item in fields.list("att", MAX_ATTACHMENTS)),
        **_auth(fields.object("auth")),
        extra=fields.left,
    )
    if (found.seq == 1) != (not found.prev):
        raise Unreadable("field", "prev: the first of a case has none, every other names the one before it")
    if found.expires <= found.created:
        raise Unreadable("field", "expires: not later than created")
    return found


def moment(value: datetime) -> str:
    """A time as it stands in messages: UTC, to the microsecond, with a Z. Raises ValueError for a time without zone."""
    if value.tzinfo is None:
        raise ValueError("a time needs its zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_moment(text: str) -> datetime | None:
    """The time, or None where it is not written as `moment` does (a shorter fraction of the second will do)."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


class Fields:
    """Takes fields out of an object, each once and strictly; `left` is what nobody asked for."""

    def __init__(self, left: dict[str, Any], path: str = ""):
        self.left = left
        self.path = path

    def take(self, name: str) -> Any:
        if name not in self.left:
            raise Unreadable("field", f"{self.path}{name}: not there")
        return self.left.pop(name)

    def refuse(self, name: str, value: Any, expected: str) -> Unreadable:
        return Unreadable("field", f"{self.path}{name}: {ascii(value)[:60]}; expected {expected}")

    def text(self, name: str, form: re.Pattern[str], most: int = 128, *, absent: bool = False) -> str:
        value = self.take(name)
        if value is None and absent:
            return ""
        if not isinstance(value, str) or len(value) > most or not form.fullmatch(value):
            raise self.refuse(name, value, f"{form.pattern}, at most {most} characters")
        return value

    def line(self, name: str, most: int, least: int = 0) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not least <= len(value) <= most or not (value == "" or value.isprintable()):
            raise self.refuse(name, value, f"one line of {least} to {most} characters")
        return value

    def number(self, name: str, least: int, most: int) -> int:
        value = self.take(name)
        if type(value) is not int or not least <= value <= most:
            raise self.refuse(name, value, f"a whole number from {least} to {most}")
        return value

    def flag(self, name: str) -> bool:
        value = self.take(name)
        if type(value) is not bool:
            raise self.refuse(name, value, "true or false")
        return value

    def choice(self, name: str, among: tuple[str, ...]) -> str:
        value = self.take(name)
        if not isinstance(value, str) or value not in among:
            raise self.refuse(name, value, ", ".join(among))
        return value

    def moment(self, name: str) -> datetime:
        value = self.take(name)
        found = read_moment(value) if isinstance(value, str) else None
        if found is None:
            raise self.refuse(name, value, "a time in UTC such as 2026-11-21T08:00:00.000000Z")
        return found

    def object(self, name: str, *, absent: bool = False) -> dict[str, Any] | None:
        value = self.take(name)
        if value is None and absent:
            return None
        if not isinstance(value, dict):
            raise self.refuse(name, value, "an object")
        return value

    def list(self, name: str, most: int) -> list[Any]:
        value = self.take(name)
        if not isinstance(value, list) or len(value) > most:
            raise self.refuse(name, value, f"a list of at most {most}")
        return value


def _schema(value: dict[str, Any] | None) -> Schema:
    fields = Fields(dict(value or {}), "schema.")
    return Schema(fields.text("name", TYPE, 64), fields.text("version", _VERSION), fields.text("sha256", HEX))


def _deadline(value: dict[str, Any] | None) -> Deadline | None:
    if value is None:
        return None
    fields = Fields(dict(value), "deadline.")
    return Deadline(fields.moment("at"), fields.line("rule", 200))


def _attachment(value: Any) -> Attachment:
    if not isinstance(value, dict):
        raise Unreadable("field", f"att: {ascii(value)[:60]}; expected an object")
    fields = Fields(dict(value), "att.")
    return Attachment(
        fields.line("name", 200, least=1),
        fields.text("media_type", _MEDIA),
        fields.number("size", 0, 2**40),
        fields.text("sha256", HEX),
        fields.flag("encrypted"),
    )


def _auth(value: dict[str, Any] | None) -> dict[str, Any]:
    fields = Fields(dict(value or {}), "auth.")
    approvals = fields.list("approvals", 10)
    if not all(isinstance(item, str) and 0 < len(item) <= 64 and item.isprintable() for item in approvals):
        raise fields.refuse("approvals", approvals, "references of at most 64 characters")
    return {
        "role": fields.line("role", 64),
        "officer": fields.line("officer", 64),
        "approvals": tuple(approvals),
    }
