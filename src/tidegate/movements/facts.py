"""What every command and handler does with a fact: journal it, tell the others, keep it until its case is here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements.models import CaseRow, EarlyFact, Notification
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Refused
from tidegate.parties.models import JournalEntry, Organisation, State
from tidegate.parties.registry import Enclosed, Message, Post, Rejected, registry


def note(
    actor: Actor | str,
    type: str,
    row: CaseRow,
    *,
    payload: Mapping[str, Any] | None = None,
    posts: Sequence[Post] = (),
    state: str | None = None,
    occurred_at: datetime | None = None,
    law_version: str = "",
) -> JournalEntry:
    """Save a row under its next revision and write its journal entry, with the messages that go out with it.

    `actor` may be a State's code: then its own machinery acts. `state` is whose fact it is, where it came by message.
    """
    row.revision += 1
    row.save()
    return journal.record(
        system(actor) if isinstance(actor, str) else actor,
        type,
        row,
        revision=row.revision,
        case=row.case,
        payload=payload,
        state=state,
        occurred_at=occurred_at,
        law_version=law_version,
        posts=posts,
    )


# ── who is told ──────────────────────────────────────────────────────────────────────────────────────────────


def others(notification: Notification) -> list[str]:
    """The other States on the route that take part in the exchange, in the order of the route."""
    route = list(notification.route.values_list("state", flat=True))
    # A State that left the route knows of the case still, and must hear how it ends.
    route += list(notification.consents.values_list("authority", flat=True))
    wanted = [state for state in dict.fromkeys(route) if state != notification.holder_id]
    here = set(State.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    return [state for state in wanted if state in here]


def posts(
    notification: Notification,
    type: str,
    body: Mapping[str, Any],
    *,
    to: Iterable[str] | None = None,
    legal: str = "",
    deadline: datetime | None = None,
    rule: str = "",
    attachments: Sequence[Enclosed] = (),
) -> list[Post]:
    """The same message to every other State concerned (or to some of them)."""
    plain = journal.as_json(dict(body))
    return [
        Post(state, notification.case, type, plain, legal=legal, deadline=deadline, rule=rule, attachments=attachments)
        for state in (others(notification) if to is None else to)
    ]


def link(row: CaseRow, parties: Iterable[Mapping[str, Any]], also: Iterable[Organisation] = ()) -> None:
    """Let the organisations of the holder's own register that take part see the row: by registration number."""
    numbers = {str(party.get("registration") or "").strip() for party in parties} - {""}
    found = Organisation.objects.filter(holder=row.holder_id, registration__in=numbers)
    row.involved.add(*found, *also)


def parties_in(blocks: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every party that a notification's blocks name."""
    named = [blocks.get(name) or {} for name in ("exporter", "importer", "facility")]
    return [
        *named,
        *(one for name in ("further_facilities", "carriers", "generators") for one in blocks.get(name) or ()),
    ]


# ── what comes in ────────────────────────────────────────────────────────────────────────────────────────────


class Early(Exception):
    """A handler cannot place a fact yet: what it is about has not come."""


def inbound(name: str, schema: Mapping[str, Any]) -> Callable[[Callable[[Message], None]], Callable[[Message], None]]:
    """Register a handler. What it cannot place yet (`Early`) is kept; after each fact that it could, the kept ones of
    the case are tried again."""

    def register(function: Callable[[Message], None]) -> Callable[[Message], None]:
        HANDLERS[name] = function

        def handle(message: Message) -> None:
            try:
                function(message)
            except Early:
                keep(message)
                return
            replay(message.to, message.case)

        registry.message(name, schema)(handle)
        return function

    return register


HANDLERS: dict[str, Callable[[Message], None]] = {}


def keep(message: Message) -> None:
    """Keep a fact whose case is not here yet."""
    EarlyFact.objects.get_or_create(
        holder_id=message.to,
        message=message.id,
        defaults={
            "case": message.case,
            "sender": message.sender,
            "type": message.type,
            "body": dict(message.body),
            "created_at": message.created,
            "kept_at": times.now(),
        },
    )


def replay(state: str, case: str) -> int:
    """Apply what was kept for a case, as far as it has its place now; gives how many facts were."""
    applied = 0
    moved = True
    while moved:
        moved = False
        for row in list(EarlyFact.objects.filter(holder=state, case=case)):
            message = Message(row.message, row.sender, state, case, 0, row.type, row.body, row.created_at)
            row.delete()
            try:
                HANDLERS[row.type](message)
            except Early:
                keep(message)
                continue
            applied += 1
            moved = True
    return applied


def copy_of(message: Message) -> Notification:
    """This State's copy of the message's case, locked. Raises Early where the case is not here yet."""
    row = Notification.objects.select_for_update().filter(holder=message.to, case=message.case).first()
    if row is None:
        raise Early
    return row


def only(message: Message, state: str) -> None:
    """The sender must be the fact's one writer. Raises Rejected("not_entitled")."""
    if message.sender != state:
        raise Rejected("not_entitled", f"{message.type}: this fact is {state}'s, not {message.sender}'s")


def speaks_for(message: Message, notification: Notification, authority: str) -> None:
    """The sender must be the authority's State; or the State of export, for a State that takes part in no exchange and
    whose paper it keyed in. Raises Rejected("not_entitled")."""
    if message.sender == authority:
        return
    elsewhere = not State.objects.filter(pk=authority).exists()
    if not (elsewhere and message.sender == notification.home):
        only(message, authority)


def concerned(message: Message, notification: Notification) -> None:
    """The sender must be a State of the route, or have been one. Raises Rejected("not_concerned")."""
    on_route = notification.route.filter(state=message.sender).exists()
    if not on_route and not notification.consents.filter(authority=message.sender).exists():
        raise Rejected("not_concerned", f"{message.sender} has no part in {message.case}")


# ── plain values ─────────────────────────────────────────────────────────────────────────────────────────────


def moment(text: Any) -> datetime:
    """A moment of a message's body, aware. Raises Rejected("dates")."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise Rejected("dates", f"{text!r} is no moment") from None
    if found.tzinfo is None:
        raise Rejected("dates", f"{text!r} has no time zone")
    return found


def day(value: Any, field: str) -> date | None:
    """A day from a date or from text as YYYY-MM-DD; None from nothing. Raises Refused("day")."""
    if value in (None, ""):
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise Refused(
            "day", _("This is not a day."), field=field, value=str(value)[:40], expected="YYYY-MM-DD"
        ) from None


def needed_day(value: Any, field: str) -> date:
    """The same where nothing will not do."""
    found = day(value, field)
    if found is None:
        raise Refused("day", _("A day is missing."), field=field, value=None, expected="YYYY-MM-DD")
    return found


def words(value: Any, field: str, what: Any) -> str:
    """Text that must not be empty. Raises Refused("text")."""
    text = str(value or "").strip()
    if not text:
        raise Refused("text", _("A text is missing."), field=field, value="", expected=what)
    return text[:10_000]


def digest(value: Any) -> str:
    """SHA-256 of JSON in one spelling, hexadecimal: what a sealed content is known by."""
    text = json.dumps(journal.as_json(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
