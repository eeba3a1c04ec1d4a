"""The one way to write the journal."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict
from tidegate.parties.models import Held, JournalEntry
from tidegate.parties.registry import Post, registry
from tidegate.parties.rows import insert

log = logging.getLogger("tidegate.parties")


def record(
    actor: Actor,
    type: str,
    subject: Held,
    *,
    revision: int,
    case: str = "",
    payload: Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
    state: str | None = None,
    law_version: str = "",
    posts: Sequence[Post] = (),
) -> JournalEntry:
    """Write one entry and hand it, with the messages that go out with it, to the subscribers.

    Must be called inside the transaction of the change. `revision` is the subject's after the change: two writers of
    the same revision meet the unique constraint, and the later gets Conflict. `state` is the State whose fact it is,
    where that is not the holder (a fact that came by message). `payload` is JSON; a Decimal in it is kept as text.

    Raises Conflict; ValueError for an unregistered type, an unregistered message, or a call outside a transaction.
    """
    if type not in registry.events:
        raise ValueError(f"the event {type!r} is not registered")
    if not transaction.get_connection().in_atomic_block:
        raise ValueError("the journal is written in the transaction of the change")
    for post in posts:
        if post.type not in registry.messages:
            raise ValueError(f"the message {post.type!r} is not registered")
    body = as_json(payload or {})
    now = times.now()
    entry = JournalEntry(
        holder_id=subject.holder_id,
        type=type,
        subject=subject._meta.model_name or "",
        subject_id=subject.pk,
        case=case,
        revision=revision,
        occurred_at=occurred_at or now,
        recorded_at=now,
        state=state or actor.state,
        principal=actor.organisation,
        agent=actor.agent,
        person=actor.person,
        role=actor.role,
        law_version=law_version,
        payload=body,
    )
    entry.digest = digest_of(entry)
    if not insert(entry, once=("subject_id", "revision")):
        raise Conflict(subject._meta.model_name or "row", subject.pk, revision - 1)
    if posts and not registry.subscribers:
        raise ValueError("no app of this installation carries messages: they would be lost")
    for subscriber in registry.subscribers:
        subscriber(entry, posts)
    return entry


def as_json(value: Any) -> Any:
    """The value as JSON reads it back: Decimals, days, times and keys as text, in one spelling.

    Raises ValueError for a float: databases spell one and the same float differently, and no quantity is one.
    """
    return json.loads(json.dumps(value, cls=_Plain, sort_keys=True), parse_float=_no_float)


def _no_float(text: str) -> Any:
    raise ValueError(f"{text}: a journal entry holds Decimals, not floats")


class _Plain(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        if isinstance(o, Decimal):
            return format(o, "f")
        if isinstance(o, datetime):
            return o.isoformat()
        if isinstance(o, UUID):
            return str(o)
        return super().default(o)


def digest_of(entry: JournalEntry) -> str:
    """SHA-256 over what the entry says, hexadecimal: the same for the same entry on every database."""
    said = [
        str(entry.pk), entry.holder_id, entry.type, entry.subject, str(entry.subject_id), entry.case, entry.revision,
        _moment(entry.occurred_at), _moment(entry.recorded_at), entry.state, _key(entry.principal_id),
        _key(entry.agent_id), _key(entry.person_id), entry.role, entry.law_version, entry.payload,
    ]  # fmt: skip
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _key(value: UUID | None) -> str:
    return "" if value is None else str(value)


def _moment(value: datetime) -> str:
    """One spelling of a moment, whatever zone it was written in: databases give it back in UTC."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")
