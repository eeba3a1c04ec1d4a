"""What comes in: checked, numbered, carried out and answered in one commit, once, for ever.

`receive` is the one door, whatever brought the bytes. What it answers is a signed receipt that the sender can keep; the
same bytes again get the same receipt, byte for byte.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import translation
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tidegate.exchange import blobs, codes, delivery, envelope, fetching, jose, keys, log, receipt
from tidegate.exchange.durable import assert_durable
from tidegate.exchange.envelope import Envelope
from tidegate.exchange.jose import Unreadable
from tidegate.exchange.models import Blob, Hold, Inbox, Key, LogEntry, LogHead, Refusal, Stream
from tidegate.exchange.outbox import locked_stream, schema_digest
from tidegate.parties import times
from tidegate.parties.commanding import Conflict, Refused
from tidegate.parties.models import State
from tidegate.parties.registry import Message, MessageType, Rejected, registry

logger = logging.getLogger("tidegate.exchange")

# What may wait out of order, in one case and from one peer altogether.
HELD_IN_CASE = 100
HELD_FROM_PEER = 1000
# How often a handler that met another writer is run again before the message is put aside.
CONFLICTS = 3


@dataclass(frozen=True)
class Verdict:
    """What the business step said: accepted where `code` is empty, else rejected for this reason."""

    code: str = ""
    text: str = ""


@dataclass(frozen=True)
class _Checked:
    """An envelope whose signature, key and addressee hold."""

    raw: bytes
    message: Envelope
    key: Key
    sender: State
    to: State


def receive(data: bytes, at: str | None = None, *, now: datetime | None = None) -> bytes:
    """Take in one envelope and answer with a receipt; never raises for anything that the bytes could be.

    `at` is the address at which they came in; left out, the one that they name.

    1. Size; form; key known; signature over the raw bytes; key bound to the sender; addressed to us.
    2. Known id: the stored receipt, byte for byte.
    3. Key not revoked, nor retired when it was written.
    4. Sequence: its turn, or kept aside and answered with the first number that is missing.
    5. Schema, then inbox + effect + log + receipt in one commit. A failing business step is undone, recorded and
       answered; the message takes its number all the same.
    6. Whatever waited for it follows, each in a commit of its own.

    Only the database itself failing raises (OperationalError): nothing is kept then, and the sender tries again.
    """
    assert_durable(connection)
    now = now or times.now()
    mine = State.objects.filter(here=True, node=at).first() if at is not None else None
    if at is not None and mine is None:
        return _refusal(
            None, data, None, Unreadable("not_addressed", f"{at[:64]!r} is not an address of this node"), now
        )
    checked: _Checked | None = None
    try:
        checked = _check(data, mine)
        answer, stored = _take_in(checked, now)
    except Unreadable as error:
        return _refusal(checked.to if checked else mine, data, checked, error, now)
    if stored:
        _follow(checked.to, checked.message.sender, checked.message.case, now)
    delivery.heard_from(checked.to.code, checked.message.sender, now)
    return answer


def take_held(now: datetime | None = None) -> int:
    """Carry on where a crash came between a message and those that waited for it; gives how many cases there were."""
    before = Stream.objects.filter(
        holder=OuterRef("holder"), way=Stream.Way.IN, peer=OuterRef("peer"), case=OuterRef("case")
    )
    ready = Hold.objects.filter(Exists(before.filter(seq__gte=OuterRef("seq") - 1))).select_related("holder")
    found = {(hold.holder_id, hold.peer, hold.case): hold for hold in ready}
    for hold in found.values():
        _follow(hold.holder, hold.peer, hold.case, now or times.now())
    return len(found)


def effect(message: Envelope, sender: State, to: State) -> Verdict:
    """Run the business step of a message in a savepoint; what fails leaves nothing behind.

    Rejected, Refused and every bug become a verdict; a database that fails does not (see `receive`).
    """
    kind = registry.messages.get(message.type)
    if kind is None:
        return Verdict("unknown_type", message.type)
    if wrong := schema_complaint(kind, message):
        return Verdict("schema", wrong)
    known = Message(
        message.id, sender.code, to.code, message.case, message.seq, message.type, message.body, message.created,
        message.reply_to,
    )  # fmt: skip
    for attempt in range(1, CONFLICTS + 1):
        try:
            with transaction.atomic(), translation.override(to.language):
                _files(message, to)
                kind.handler(known)
            return Verdict()
        except Rejected as error:
            return Verdict(codes.rejection(error.code), _told(error.code, error.text))
        except Conflict as error:
            if attempt == CONFLICTS:
                return Verdict("conflict", error.text if isinstance(error.text, str) else str(error))
        except Refused as error:
            return Verdict(codes.rejection(error.code), _told(error.code, str(error)))
        except (OperationalError, InterfaceError, MemoryError):
            raise
        except Exception:
            # The content is not logged: it is a trader's data.
            logger.exception("message %s (%s): its handler failed", message.id, message.type)
            return Verdict("internal")
    raise AssertionError("the last attempt returns")


def _files(message: Envelope, to: State) -> None:
    """Note the files of a message; those whose bytes are not here, or are others, are asked for."""
    now = times.now()
    lack = [
        item.sha256 for item in message.attachments if not blobs.came(to.code, item, message.sender, message.case, now)
    ]
    if lack and message.type != fetching.SENT:
        fetching.ask(Blob.objects.filter(holder=to, sha256__in=lack), now)


def schema_complaint(kind: MessageType, message: Envelope) -> str:
    """What the body lacks of its schema: where, and what was expected; empty where it meets it."""
    if message.schema.name != kind.name or message.schema.version.split(".")[0] != kind.version.split(".")[0]:
        return f"schema {message.schema.name} {message.schema.version}; expected {kind.name} {kind.version}"
    if message.schema.version == kind.version and message.schema.sha256 != schema_digest(kind.name):
        logger.warning("%s %s: the sender's schema is not ours", kind.name, kind.version)
    try:
        error = next(_validator(kind).iter_errors(message.body), None)
    except RecursionError:
        return "nested too deep"
    if error is None:
        return ""
    expected = error.validator_value
    shown = str(expected) if isinstance(expected, str | int | list) else ""
    return receipt.plain(f"body{error.json_path[1:]}: expected {error.validator} {shown}".strip())


_validators: dict[str, tuple[MessageType, Draft202012Validator]] = {}


def _validator(kind: MessageType) -> Draft202012Validator:
    known = _validators.get(kind.name)
    if known is None or known[0] is not kind:
        checker = Draft202012Validator.FORMAT_CHECKER
        known = _validators[kind.name] = (kind, Draft202012Validator(dict(kind.schema), format_checker=checker))
    return known[1]


def _told(code: str, text: str) -> str:
    return text if code in codes.REJECTIONS else f"{code}: {text}"


def _check(data: bytes, mine: State | None) -> _Checked:
    """Steps 1 of `receive`. Raises Unreadable."""
    token = envelope.read(data)
    key = keys.find(token.kid)
    sender = State.objects.filter(node=key.node).first() if key is not None else None
    if key is None or sender is None:
        raise Unreadable("unknown_key", f"the key {token.kid} is not known here")
    message = envelope.open_with(token, bytes.fromhex(key.public))
    if message.sender != key.node:
        raise Unreadable("wrong_sender", f"from: {message.sender}; the key is {key.node}'s")
    to = State.objects.filter(here=True, node=message.to).first()
    if to is None or (mine is not None and mine != to):
        raise Unreadable("not_addressed", f"to: {message.to}; expected an address of this node")
    return _Checked(data, message, key, sender, to)


def _take_in(checked: _Checked, now: datetime) -> tuple[bytes, bool]:
    """Steps 2 to 5 of `receive`, in one transaction. Gives the answer, and whether something was stored."""
    message, to = checked.message, checked.to
    sha256 = jose.digest(checked.raw)
    with transaction.atomic():
        stream = locked_stream(to.code, Stream.Way.IN, message.sender, message.case)
        known = Inbox.objects.filter(pk=message.id).first()
        if known is not None:
            if known.holder_id != to.code or known.sha256 != sha256:
                raise Unreadable("id_taken", "another message with this id has come before")
            return bytes(known.receipt), False
        _check_key(checked)
        if message.seq <= stream.seq:
            raise Unreadable("number_taken", f"seq: {message.seq}; the case stands at {stream.seq}")
        if message.seq > stream.seq + 1:
            _hold(checked, stream, now)
            end = LogHead.objects.filter(holder=to).first()
            told = receipt.Receipt(
                message.id, to.node, message.sender, sha256, end.n if end else 0,
                end.head if end else log.first_head(to.code), now, receipt.GAP, first_missing=stream.seq + 1,
            )  # fmt: skip
            return _signed(to, told), False
        if message.prev != stream.sha256:
            raise Unreadable("chain_broken", "prev: not the SHA-256 of the message before it")
        verdict = effect(message, checked.sender, to)
        kid, private = keys.signing(to)
        end = log.lock(to.code)
        told = receipt.Receipt(
            message.id, to.node, message.sender, sha256, end.n + 1, end.head, now, receipt.STORED,
            receipt.REJECTED if verdict.code else receipt.ACCEPTED, verdict.code, verdict.text,
        )  # fmt: skip
        answer = receipt.seal(told, kid, private)
        Inbox.objects.create(
            id=message.id,
            holder=to,
            peer=message.sender,
            case=message.case,
            seq=message.seq,
            type=message.type,
            bytes=checked.raw,
            sha256=sha256,
            receipt=answer,
            received=now,
            deadline=message.deadline.at if message.deadline else None,
            deadline_rule=message.deadline.rule if message.deadline else "",
            reply_to=message.reply_to or None,
            verdict=Inbox.Verdict.REJECTED if verdict.code else Inbox.Verdict.ACCEPTED,
            reason=verdict.code,
            reason_text=receipt.plain(verdict.text),
        )
        stream.seq, stream.sha256 = message.seq, sha256
        stream.save(update_fields=["seq", "sha256"])
        log.append(end, LogEntry.Kind.IN, message.id, sha256, jose.digest(answer), at=now)
    return answer, True


def _check_key(checked: _Checked) -> None:
    if checked.key.revoked_at is not None:
        raise Unreadable("revoked_key", f"the key {checked.key.kid} was revoked")
    # A retired key has no file any more, so only what was written before can still come. Both times are the sender's.
    if checked.key.retired_at is not None and checked.message.created > checked.key.retired_at:
        raise Unreadable("retired_key", f"the key {checked.key.kid} was retired before this was written")


def _hold(checked: _Checked, stream: Stream, now: datetime) -> None:
    """Keep a message aside until its turn. Raises Unreadable where another is kept, or there is no room."""
    message = checked.message
    same = Hold.objects.filter(holder=checked.to, peer=message.sender)
    for held in same.filter(case=message.case, seq=message.seq) | same.filter(pk=message.id):
        if bytes(held.bytes) == checked.raw:
            return
        raise Unreadable("number_taken", f"seq: {message.seq}; another message waits under this number or id")
    if Hold.objects.filter(pk=message.id).exists():
        raise Unreadable("id_taken", "another message with this id waits")
    if same.filter(case=message.case).count() >= HELD_IN_CASE or same.count() >= HELD_FROM_PEER:
        raise Unreadable("holding_full", f"{HELD_IN_CASE} messages wait for number {stream.seq + 1}")
    Hold.objects.create(
        id=message.id,
        holder=checked.to,
        peer=message.sender,
        case=message.case,
        seq=message.seq,
        bytes=checked.raw,
        received=now,
    )


def _follow(to: State, peer: str, case: str, now: datetime) -> None:
    """Take in what waited for the message that has just been stored."""
    which = {"holder": to, "peer": peer, "case": case}
    while True:
        stream = Stream.objects.filter(way=Stream.Way.IN, **which).first()
        held = Hold.objects.filter(**which, seq__lte=(stream.seq if stream else 0) + 1)
        first = held.order_by("seq").first()
        if first is None:
            return
        raw = bytes(first.bytes)
        try:
            with transaction.atomic():
                # Gone in the same commit as the message is stored in.
                Hold.objects.filter(pk=first.pk).delete()
                _take_in(_check(raw, to), now)
        except Unreadable as error:
            # Its key was revoked while it waited, or its number was taken: it is refused when it comes again.
            logger.warning("message %s no longer waits: %s", first.pk, error.text)
            _count(to, peer, jose.digest(raw), error, now)
            Hold.objects.filter(pk=first.pk).delete()


def _refusal(state: State | None, data: bytes, checked: _Checked | None, error: Unreadable, now: datetime) -> bytes:
    """The answer to what is not taken in; signed where there is somebody to sign it. Nothing of it is stored."""
    logger.warning("a message was refused (%s): %s", error.code, error.text)
    if state is None:
        return jose.dump({"verdict": receipt.REFUSED, "code": error.code})
    _count(state, checked.message.sender if checked else "", jose.digest(data), error, now)
    end = LogHead.objects.filter(holder=state).first()
    told = receipt.Receipt(
        checked.message.id if checked else "",
        state.node,
        checked.message.sender if checked else "",
        jose.digest(data),
        end.n if end else 0,
        end.head if end else log.first_head(state.code),
        now,
        receipt.REFUSED,
        code=error.code,
        text=error.text,
    )
    return _signed(state, told)


def _count(state: State, peer: str, sha256: str, error: Unreadable, now: datetime) -> None:
    """Let the State's officers see what was refused, however much of it comes."""
    which: dict[str, Any] = {"holder": state, "peer": peer, "code": error.code, "day": now.date()}
    with transaction.atomic():
        Refusal.objects.get_or_create(**which, defaults={"sha256": sha256, "last": now})
        Refusal.objects.filter(**which).update(
            times=F("times") + 1, sha256=sha256, last=now, text=receipt.plain(error.text)[:500]
        )


def _signed(state: State, told: receipt.Receipt) -> bytes:
    kid, private = keys.signing(state)
    return receipt.seal(told, kid, private)
