"""What goes out: the business change, the signed envelope and the log's entry are one commit.

The journal calls `carry` in the transaction of the change. The row of the stream is locked, so that numbers have no gap
however many write to one case; when the transaction is undone, so are the number, the envelope and the entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from tidegate.exchange import blobs, delivery, envelope, jose, keys, log
from tidegate.exchange.durable import assert_durable
from tidegate.exchange.jose import Unreadable
from tidegate.exchange.models import Key, LogEntry, Outbox, Stream
from tidegate.exchange.receipt import plain
from tidegate.parties import times
from tidegate.parties.commanding import Refused
from tidegate.parties.ids import uuid7
from tidegate.parties.journal import as_json
from tidegate.parties.models import JournalEntry, State
from tidegate.parties.registry import Post, registry

# After so long without a single receipt a person has to look.
LIFE = timedelta(days=365)
# What a receiver may use a message for, unless its sender says otherwise.
PURPOSE = "control of transboundary movements of waste"


def carry(entry: JournalEntry, posts: Sequence[Post]) -> None:
    """The journal's subscriber: put the messages of an entry into the outbox, in the entry's own transaction."""
    if not posts:
        return
    state = State.objects.get(pk=entry.holder_id)
    officer = "" if entry.person_id is None else pseudonym(state, str(entry.person_id))
    # One order for all, so that two writers never wait for each other's streams crosswise.
    for post in sorted(posts, key=lambda post: (post.to, post.case)):
        queue(state, post, entry=entry, role=entry.role, officer=officer)


def queue(
    state: State,
    post: Post,
    *,
    entry: JournalEntry | None = None,
    role: str = "",
    officer: str = "",
    now: datetime | None = None,
) -> Outbox:
    """Number, sign and keep one message; it is tried as soon as the transaction is committed.

    1. Lock the stream (sender, receiver, case) and take its next number.
    2. Sign the envelope: from here on its bytes never change (but see `sign_anew`).
    3. Write outbox, stream and log.

    Raises ValueError for an unknown State; Refused (message_too_large, message_malformed) for a body that no receiver
    would read.
    """
    if not connection.in_atomic_block:
        raise ValueError("a message is queued in the transaction of what it tells")
    assert_durable(connection)
    peer = address_of(post.to)
    now = now or times.now()
    kid, private = keys.signing(state)
    files = tuple(blobs.enclose(state.code, file, now) for file in post.attachments)
    stream = locked_stream(state.code, Stream.Way.OUT, peer, post.case)
    kind = registry.messages[post.type]
    message = envelope.Envelope(
        id=str(uuid7()),
        sender=state.node,
        to=peer,
        case=post.case,
        seq=stream.seq + 1,
        prev=stream.sha256,
        type=post.type,
        schema=envelope.Schema(post.type, kind.version, schema_digest(post.type)),
        created=now,
        expires=now + LIFE,
        deadline=None if post.deadline is None else envelope.Deadline(post.deadline, plain(post.rule)[:200]),
        purpose=PURPOSE,
        legal=plain(post.legal)[:200],
        nominal=post.nominal,
        reply_to=post.reply_to,
        body=as_json(post.body),
        attachments=files,
        role=role,
        officer=officer,
        approvals=tuple(str(approval) for approval in post.approvals),
    )
    try:
        raw = envelope.seal(message, kid, private)
    except Unreadable as error:
        if error.code == "too_large":
            raise Refused(
                "message_too_large",
                _("What has to be told to the other State is too long for one message. Shorten it, or send files."),
                field=post.type,
                expected=jose.MAX_PAYLOAD,
            ) from error
        raise Refused("message_malformed", error.text, field=post.type) from error
    row = Outbox.objects.create(
        id=message.id,
        holder=state,
        peer=peer,
        case=post.case,
        seq=message.seq,
        type=post.type,
        bytes=raw,
        sha256=jose.digest(raw),
        created=now,
        expires=message.expires,
        deadline=post.deadline,
        deadline_rule=message.deadline.rule if message.deadline else "",
        reply_to=post.reply_to or None,
        journal_entry=entry.pk if entry is not None else None,
        next_try=now,
    )
    stream.seq, stream.sha256 = message.seq, row.sha256
    stream.save(update_fields=["seq", "sha256"])
    log.note(state.code, LogEntry.Kind.OUT, message.id, row.sha256, now)
    try_after_commit(message.id)
    return row


def sign_anew(row: Outbox) -> int:
    """Sign a message that was refused for its revoked key, and all that waits behind it in its case, with the key that
    signs now; gives how many there were, 0 where its key was not revoked.

    The receiver has none of them: it knows an id before it looks at the key, and takes nothing out of its turn. Id,
    number and content stay; each new envelope names the new bytes of the one before. The hashes of the old bytes stay
    in the log.
    """
    old = Key.objects.filter(kid=envelope.read(bytes(row.bytes)).kid).exclude(revoked_at=None)
    if row.reason != "revoked_key" or not old.exists():
        return 0
    stream = locked_stream(row.holder_id, Stream.Way.OUT, row.peer, row.case)
    kid, private = keys.signing(row.holder)
    waiting = Outbox.objects.select_for_update().filter(
        holder=row.holder_id, peer=row.peer, case=row.case, seq__gte=row.seq
    )
    prev = ""
    done = 0
    for one in waiting.order_by("seq"):
        message = envelope.parse(envelope.read(bytes(one.bytes)).payload)
        one.bytes = envelope.seal(replace(message, prev=prev or message.prev), kid, private)
        one.sha256 = prev = jose.digest(one.bytes)
        one.save(update_fields=["bytes", "sha256"])
        log.note(one.holder_id, LogEntry.Kind.OUT, str(one.pk), one.sha256, times.now())
        if one.pk == row.pk:
            row.bytes, row.sha256 = one.bytes, one.sha256
        done += 1
    stream.sha256 = prev
    stream.save(update_fields=["sha256"])
    return done


def try_after_commit(message_id: UUID | str) -> None:
    """Try the message's case as soon as the transaction is committed; whatever fails then is the next round's."""
    transaction.on_commit(partial(delivery.soon, str(message_id)), robust=True)


def address_of(to: str) -> str:
    """The exchange address of a State's code, or the address itself. Raises ValueError for one that is not known."""
    found = State.objects.filter(**{"node" if "." in to else "pk": to}).values_list("node", flat=True).first()
    if found is None:
        raise ValueError(f"no State {to!r} is known here: nothing can be sent to it")
    return found


def locked_stream(holder: str, way: str, peer: str, case: str) -> Stream:
    """The counter of a stream, ours until the transaction ends."""
    which: dict[str, Any] = {"holder_id": holder, "way": way, "peer": peer, "case": case}
    Stream.objects.get_or_create(**which)
    return Stream.objects.select_for_update().get(**which)


def pseudonym(state: State, person: str) -> str:
    """A reference to an officer that means nothing outside the State, and always the same one within it."""
    return hashlib.sha256(f"tidegate officer {state.node} {person}".encode()).hexdigest()[:16]


def schema_digest(type: str) -> str:
    """SHA-256 of a message type's schema, however its keys are ordered."""
    return _digest(type, id(registry.messages[type].schema))


@lru_cache(maxsize=512)
def _digest(type: str, identity: int) -> str:
    return jose.digest(jose.dump(_sorted(registry.messages[type].schema)))


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value
