"""The exchange over HTTP, for a State's own software: what was sent and came, and its proof. Nodes do not meet here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from ninja.params.functions import Query
from pydantic import Field

from tidegate.exchange import commands, queries
from tidegate.exchange.models import Inbox, LogEntry, Outbox
from tidegate.exchange.published import KEEP_QUEUE, READ_QUEUE
from tidegate.parties.api import actor_required
from tidegate.parties.commanding import Missing

router = Router(tags=["Exchange"], by_alias=True)

# Log entries that one call looks at, however few of them match.
LOOKED_AT = 5000
STATES = (*Outbox.Status.values,)


class Item(Schema):
    """One message of the caller's State."""

    n: int | None = Field(description="Its place in the State's log, without gaps from 1; null for less than a second.")
    id: UUID
    way: Literal["out", "in"]
    peer: str = Field(description="Exchange address of the other side.")
    case: str
    seq: int = Field(description="Its number in the case, from 1, each way.")
    type: str
    state: Literal[STATES] = Field(description="`accepted` and `rejected` are the receiver's answer.")  # type: ignore[valid-type]
    reason: str = Field(description="Why it was refused, rejected or stopped: a code; empty where there is no reason.")
    reason_text: str
    at: datetime = Field(description="When it was written (out) or came (in).")
    deadline: datetime | None = Field(description="When an answer is due.")
    deadline_rule: str
    reply_to: UUID | None
    quarantined: bool = Field(description="It came in, could not take effect, and waits for a person.")
    sha256: str = Field(description="Of the envelope's bytes, hexadecimal.")
    revision: int


class Part(Schema):
    """Messages in the order of the State's log."""

    messages: list[Item]
    next: int = Field(description="Ask for `after` this number next time: nothing before it is left unread.")
    more: bool


class LogItem(Schema):
    """One entry of the State's log about the message."""

    n: int | None
    kind: Literal[tuple(LogEntry.Kind.values)]  # type: ignore[valid-type]
    head: str
    at: datetime


class CheckItem(Schema):
    """One thing that was verified anew for this answer."""

    what: Literal["bytes", "signature", "receipt", "bound", "log"]
    holds: bool
    detail: str


class Whole(Item):
    """A message with all that proves it."""

    body: Any = Field(description="What the message says; null where it cannot be read.")
    envelope: str = Field(description="The signed envelope: a compact JWS, the very bytes that travelled.")
    receipt: str | None = Field(description="The receiver's receipt: a compact JWS; null until there is one.")
    log: list[LogItem]
    checks: list[CheckItem]


class Act(Schema):
    """What a person or program asks about a message."""

    revision: int = Field(ge=0, description="The revision that was read: another one meanwhile is a conflict.")


class Note(Act):
    """Putting away asks for a reason."""

    note: str = Field(min_length=1, max_length=200)


def item(row: Outbox | Inbox, n: int | None) -> dict[str, Any]:
    """A message as lists give it."""
    sent = isinstance(row, Outbox)
    return {
        "n": n,
        "id": row.pk,
        "way": "out" if sent else "in",
        "peer": row.peer,
        "case": row.case,
        "seq": row.seq,
        "type": row.type,
        "state": row.state if isinstance(row, Outbox) else row.verdict,
        "reason": row.reason,
        "reason_text": row.reason_text,
        "at": row.created if isinstance(row, Outbox) else row.received,
        "deadline": row.deadline,
        "deadline_rule": row.deadline_rule,
        "reply_to": row.reply_to,
        "quarantined": isinstance(row, Inbox) and row.verdict == Inbox.Verdict.REJECTED and row.settled is None,
        "sha256": row.sha256,
        "revision": row.revision,
    }


def _query(**said: Any) -> Any:
    return Query(..., **said)


After = Annotated[int, _query(ge=0, le=2**62, description="The log's number after which to begin; 0: the beginning.")]
Limit = Annotated[int, _query(ge=1, le=1000, description="At most so many messages.")]
Peer = Annotated[str | None, _query(max_length=64, description="Only with this exchange address.")]
Case = Annotated[str | None, _query(max_length=64, description="Only of this case.")]
Way = Annotated[Literal["out", "in"] | None, _query(description="Only what was sent, or only what came.")]


@router.get(
    "/exchange/messages",
    response=Part,
    auth=actor_required(READ_QUEUE),
    operation_id="exchange_messages",
    summary="Messages between States",
)
def list_messages(
    request: HttpRequest, after: After = 0, limit: Limit = 100, peer: Peer = None, case: Case = None, way: Way = None
) -> dict[str, Any]:
    """What the caller's State sent and received after a number of its log, in the log's order, as it stands now."""
    actor = request.auth  # type: ignore[attr-defined]
    kinds = [LogEntry.Kind.OUT, LogEntry.Kind.IN] if way is None else [way]
    entries = LogEntry.objects.filter(holder=actor.state, n__gt=after, kind__in=kinds).order_by("n")
    seen = list(entries.values_list("n", "ref")[:LOOKED_AT])
    keys = [ref for _, ref in seen]
    chosen = {name: value for name, value in (("peer", peer), ("case", case)) if value}
    rows: dict[str, Outbox | Inbox] = {}
    for found in (queries.outgoing(actor), queries.incoming(actor)):
        for start in range(0, len(keys), 500):
            rows |= {str(row.pk): row for row in found.filter(pk__in=keys[start : start + 500], **chosen)}
    messages: list[dict[str, Any]] = []
    last, more = after, len(seen) == LOOKED_AT
    for n, ref in seen:
        if len(messages) == limit:
            more = True
            break
        if ref in rows:
            messages.append(item(rows[ref], n))
        last = n or last
    return {"messages": messages, "next": last, "more": more}


@router.get(
    "/exchange/messages/{uuid:message_id}",
    response=Whole,
    auth=actor_required(READ_QUEUE),
    operation_id="exchange_message",
    summary="One message with its proof",
)
def get_message(request: HttpRequest, message_id: UUID) -> dict[str, Any]:
    """Envelope, content, receipt, place in the log, and what a fresh verification of all of it gave."""
    return _whole(request, message_id)


@router.get(
    "/exchange/messages/{uuid:message_id}/receipt",
    auth=actor_required(READ_QUEUE),
    operation_id="exchange_receipt",
    summary="The receipt of a message",
)
def get_receipt(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """The receipt's own bytes, a compact JWS, to be kept or verified elsewhere."""
    shown = queries.message(request.auth, message_id)  # type: ignore[attr-defined]
    if shown is None or not shown.row.receipt:
        raise Missing("receipt")
    return HttpResponse(bytes(shown.row.receipt), content_type="application/jose")


@router.post(
    "/exchange/messages/{uuid:message_id}/retry",
    response=Whole,
    auth=actor_required(KEEP_QUEUE),
    operation_id="exchange_retry",
    summary="Try a rejected message again",
)
def retry(request: HttpRequest, message_id: UUID, act: Act) -> dict[str, Any]:
    """Run the business step of a message in quarantine once more. Rejected again, it stays, with the new reason."""
    commands.retry(request.auth, message_id, revision=act.revision)  # type: ignore[attr-defined]
    return _whole(request, message_id)


@router.post(
    "/exchange/messages/{uuid:message_id}/close",
    response=Whole,
    auth=actor_required(KEEP_QUEUE),
    operation_id="exchange_close",
    summary="Put a rejected message away",
)
def close(request: HttpRequest, message_id: UUID, act: Note) -> dict[str, Any]:
    """It stays rejected, and nobody has to look at it any more."""
    commands.close(request.auth, message_id, revision=act.revision, note=act.note)  # type: ignore[attr-defined]
    return _whole(request, message_id)


@router.post(
    "/exchange/messages/{uuid:message_id}/resend",
    response=Whole,
    auth=actor_required(KEEP_QUEUE),
    operation_id="exchange_resend",
    summary="Send a stopped message again",
)
def resend(request: HttpRequest, message_id: UUID, act: Act) -> dict[str, Any]:
    """The same bytes, in the same place of their case."""
    commands.resend(request.auth, message_id, revision=act.revision)  # type: ignore[attr-defined]
    return _whole(request, message_id)


def _whole(request: HttpRequest, message_id: UUID) -> dict[str, Any]:
    shown = queries.message(request.auth, message_id)  # type: ignore[attr-defined]
    if shown is None:
        raise Missing("message")
    own = "out" if shown.outgoing else "in"
    n = next((entry.n for entry in shown.entries if entry.kind == own), None)
    return {
        **item(shown.row, n),
        "body": None if shown.message is None else shown.message.body,
        "envelope": bytes(shown.row.bytes).decode("ascii"),
        "receipt": bytes(shown.row.receipt).decode("ascii") if shown.row.receipt else None,
        "log": [{"n": e.n, "kind": e.kind, "head": e.head, "at": e.at} for e in shown.entries],
        "checks": [{"what": c.name, "holds": c.holds, "detail": c.detail} for c in shown.checks],
    }
