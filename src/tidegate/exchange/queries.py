"""What officials see of the exchange: by peer, by case, and one message with its proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet

from tidegate.exchange import codes, envelope, jose, keys, log, receipt
from tidegate.exchange.envelope import Envelope
from tidegate.exchange.jose import Unreadable
from tidegate.exchange.models import Blob, Hold, Inbox, Key, LogEntry, LogHead, Outbox, Refusal
from tidegate.exchange.published import READ_QUEUE
from tidegate.exchange.receipt import Receipt
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.models import State
from tidegate.parties.scope import visible

QUARANTINE = Q(verdict=Inbox.Verdict.REJECTED, settled=None)
OUT_STATES = ("queued", "sent", "received", "accepted", "rejected", "expired", "stopped")


@dataclass
class Line:
    """Counts of one peer, or of one case with it. `we_owe` and `they_owe` are answers whose time has passed."""

    peer: str
    case: str = ""
    name: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    came: int = 0
    quarantine: int = 0
    held: int = 0
    we_owe: int = 0
    they_owe: int = 0
    last_sent: datetime | None = None
    last_came: datetime | None = None
    next_try: datetime | None = None
    reasons: list[str] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        """Messages without a receipt yet."""
        return self.counts.get("queued", 0) + self.counts.get("sent", 0)

    @property
    def resting(self) -> int:
        """Messages that go no further without a person."""
        return self.counts.get("expired", 0) + self.counts.get("stopped", 0)

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to look."""
        return bool(self.resting or self.quarantine or self.we_owe or self.they_owe or self.counts.get("rejected"))


def outgoing(actor: Actor | None) -> QuerySet[Outbox]:
    """What the actor's State sent, as far as the actor sees it."""
    return visible(Outbox.objects.all(), actor, READ_QUEUE)


def incoming(actor: Actor | None) -> QuerySet[Inbox]:
    """What came to the actor's State, as far as the actor sees it."""
    return visible(Inbox.objects.all(), actor, READ_QUEUE)


def overdue_theirs(rows: QuerySet[Outbox]) -> QuerySet[Outbox]:
    """Messages whose answer is due from the other side and has not come."""
    answers = Inbox.objects.filter(holder=OuterRef("holder"), peer=OuterRef("peer"), reply_to=OuterRef("pk"))
    return rows.filter(~Exists(answers), deadline__lt=times.now())


def overdue_ours(rows: QuerySet[Inbox]) -> QuerySet[Inbox]:
    """Messages whose answer is due from us and has not been sent."""
    answers = Outbox.objects.filter(holder=OuterRef("holder"), peer=OuterRef("peer"), reply_to=OuterRef("pk"))
    return rows.filter(~Exists(answers), deadline__lt=times.now())


def refusals(actor: Actor | None) -> QuerySet[Refusal]:
    """What was refused at the door of the actor's State, day by day, the latest first."""
    return visible(Refusal.objects.all(), actor, READ_QUEUE).order_by("-last")


def missing(actor: Actor | None) -> QuerySet[Blob]:
    """Files that were named to the actor's State and have not come, those first that are missed longest."""
    return visible(Blob.objects.filter(stored=None), actor, READ_QUEUE).order_by("named")


def peers(actor: Actor) -> list[Line]:
    """One line for each peer that the State has ever exchanged a message with."""
    held = visible(Hold.objects.all(), actor, READ_QUEUE)
    lines = _lines((outgoing(actor), incoming(actor), held), ("peer",))
    names = dict(State.objects.values_list("node", "name"))
    for line in lines:
        line.name = names.get(line.peer, "")
    return sorted(lines, key=lambda line: (not line.needs_person, line.name or line.peer))


def cases(actor: Actor, peer: str = "", case: str = "") -> list[Line]:
    """One line for each case (with one peer), those first that need a person, then the newest."""
    chosen = (Q(peer=peer) if peer else Q()) & (Q(case=case) if case else Q())
    held = visible(Hold.objects.all(), actor, READ_QUEUE)
    tables = (outgoing(actor).filter(chosen), incoming(actor).filter(chosen), held.filter(chosen))
    lines = _lines(tables, ("peer", "case"))
    return sorted(lines, key=lambda line: (not line.needs_person, -_stamp(line)))


def counts(state: str) -> list[Line]:
    """One line for each peer of a State, for who runs this node and sees numbers alone."""
    tables = (model._default_manager.filter(holder=state) for model in (Outbox, Inbox, Hold))
    return sorted(_lines(tuple(tables), ("peer",)), key=lambda line: line.peer)


def _stamp(line: Line) -> float:
    return max((at.timestamp() for at in (line.last_sent, line.last_came) if at is not None), default=0.0)


def _lines(tables: tuple[QuerySet[Any], ...], by: tuple[str, ...]) -> list[Line]:
    found: dict[tuple[str, ...], Line] = {}

    def line(row: Mapping[str, Any]) -> Line:
        key = tuple(row[name] for name in by)
        return found.setdefault(key, Line(**dict(zip(by, key, strict=True))))

    sent, got, held = (table.order_by() for table in tables)
    counted = {name: Count("pk", filter=Q(state=name)) for name in OUT_STATES}
    last = {"last": Max("created"), "next": Min("next_try", filter=Q(state__in=Outbox.ACTIVE))}
    for row in sent.values(*by).annotate(**counted, **last):
        made = line(row)
        made.counts = {name: row[name] for name in OUT_STATES if row[name]}
        made.last_sent, made.next_try = row["last"], row["next"]
    for row in sent.exclude(reason="").exclude(state=Outbox.Status.ACCEPTED).values(*by, "reason").distinct():
        line(row).reasons.append(row["reason"])
    for row in got.values(*by).annotate(all=Count("pk"), rejected=Count("pk", filter=QUARANTINE), last=Max("received")):
        made = line(row)
        made.came, made.quarantine, made.last_came = row["all"], row["rejected"], row["last"]
    for row in overdue_theirs(sent).values(*by).annotate(n=Count("pk")):
        line(row).they_owe = row["n"]
    for row in overdue_ours(got).values(*by).annotate(n=Count("pk")):
        line(row).we_owe = row["n"]
    for row in held.values(*by).annotate(n=Count("pk")):
        line(row).held = row["n"]
    return list(found.values())


# ── one message ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Check:
    """One thing that was verified anew for the reader: what, whether it holds, and a detail."""

    name: str
    holds: bool
    detail: str = ""


@dataclass(frozen=True)
class Shown:
    """A message with all that proves it. `row` is of Outbox or Inbox; `told` the receipt, where there is one."""

    row: Outbox | Inbox
    outgoing: bool
    message: Envelope | None
    told: Receipt | None
    entries: list[LogEntry]
    checks: list[Check]


def find(actor: Actor | None, key: UUID) -> Outbox | Inbox | None:
    """One message that the actor's State sent or received; None where there is none, or none that the actor sees."""
    return outgoing(actor).filter(pk=key).first() or incoming(actor).filter(pk=key).first()


def message(actor: Actor | None, key: UUID) -> Shown | None:
    """One message of the actor's State with its envelope, receipt, place in the log and fresh verification."""
    row = find(actor, key)
    if row is None:
        return None
    raw, answer = bytes(row.bytes), bytes(row.receipt or b"")
    checks: list[Check] = []
    opened = None
    if row.erased_at is None:
        checks.append(Check("bytes", jose.digest(raw) == row.sha256, row.sha256))
        opened = _open_message(raw, checks)
    told = _open_receipt(answer, checks) if answer else None
    if told is not None:
        checks.append(Check("bound", told.sha256 == row.sha256 and told.receipt_for == str(row.pk)))
    entries = list(LogEntry.objects.filter(holder=row.holder_id, ref=str(row.pk)).order_by("n"))
    checks += [_entry_holds(entry) for entry in entries if entry.n is not None]
    return Shown(row, isinstance(row, Outbox), opened, told, entries, checks)


def _open_message(raw: bytes, checks: list[Check]) -> Envelope | None:
    try:
        token = envelope.read(raw)
        key = keys.find(token.kid)
        if key is None:
            raise Unreadable("unknown_key", token.kid)
        opened = envelope.open_with(token, bytes.fromhex(key.public))
    except Unreadable as error:
        checks.append(Check("signature", False, str(codes.label(error.code))))
        return None
    checks.append(Check("signature", opened.sender == key.node, key.kid))
    return opened


def _open_receipt(raw: bytes, checks: list[Check]) -> Receipt | None:
    try:
        token = receipt.read(raw)
        key = keys.find(token.kid)
        if key is None:
            raise Unreadable("unknown_key", token.kid)
        told = receipt.open_with(token, bytes.fromhex(key.public))
    except Unreadable as error:
        checks.append(Check("receipt", False, str(codes.label(error.code))))
        return None
    checks.append(Check("receipt", told.sender == key.node, key.kid))
    return told


def _entry_holds(entry: LogEntry) -> Check:
    """The entry's own link: its head follows from the one before it."""
    n = entry.n or 0
    before = log.first_head(entry.holder_id)
    if n > 1:
        found = LogEntry.objects.filter(holder=entry.holder_id, n=n - 1).values_list("head", flat=True).first()
        before = found or ""
    holds = bool(before) and entry.head == log.next_head(
        before, n, entry.kind, entry.bytes_sha256, entry.receipt_sha256
    )
    return Check("log", holds, str(n))


def log_end(state: str) -> LogHead | None:
    """Where a State's log ends."""
    return LogHead.objects.filter(holder=state).first()


def own_keys(state: str) -> list[Key]:
    """The keys of a State, the one that signs now last."""
    return list(Key.objects.filter(node__in=State.objects.filter(pk=state).values("node")).order_by("valid_from"))
