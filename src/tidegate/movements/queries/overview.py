"""The list of notifications, and what of a case its page shows beside `cases.case`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, OuterRef, QuerySet, Subquery, Sum

from tidegate.movements import calendars, evidence, ledger
from tidegate.movements.models import Account, Attachment, Clock, InfoRequest, Movement, Notification, SavedFilter
from tidegate.movements.queries import cases
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.models import JournalEntry
from tidegate.parties.scope import visible

# What people look for, and the statuses that it means.
GROUPS: Mapping[str, Sequence[str]] = {
    "draft": ("draft",),
    "open": ("submitted", "incomplete", "transmitted", "acknowledged"),
    "running": ("decided_consented", "active", "suspended", "exhausted"),
    "ended": ("decided_objected", "refused_to_forward", "expired", "revoked", "closed", "withdrawn"),
}


def listed(actor: Actor, *, text: str = "", status: str = "", state: str = "", due: str = "") -> QuerySet[Notification]:
    """The notifications that the actor sees, with the next deadline as `due`, the latest change first.

    `status`: a status or a group of them; `state`: a State on the route; `due`: `over` or `week`, by the next deadline.
    """
    rows = cases.find(actor, text) if text else cases.notifications(actor)
    if status:
        rows = rows.filter(status__in=GROUPS.get(status, (status,)))
    if state:
        rows = rows.filter(pk__in=rows.filter(route__state=state).values("pk"))
    first = (
        Clock.objects.filter(case=OuterRef("case"), holder=OuterRef("holder"), ended_at=None, due_at__isnull=False)
        .order_by()
        .values("case")
        .annotate(first=Min("due_at"))
        .values("first")
    )
    rows = rows.annotate(due=Subquery(first))
    now = times.now()
    if due == "over":
        rows = rows.filter(due__lt=now)
    elif due == "week":
        rows = rows.filter(due__gte=now, due__lt=now + timedelta(days=7))
    return rows.prefetch_related("route").order_by("-updated_at", "-pk")


def saved(actor: Actor, desk: str) -> list[SavedFilter]:
    """The filters that a person kept for a desk or list."""
    if actor.person is None:
        return []
    return list(SavedFilter.objects.filter(person=actor.person, desk=desk).order_by("name"))


# ── parts of a case ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Bar:
    """An account's balance as parts of a hundred for a picture; the figures stand beside it."""

    balance: ledger.Balance
    used: Decimal
    reserved: Decimal
    lapsed: Decimal
    over: bool
    foreign: bool

    @property
    def reserved_from(self) -> Decimal:
        """Where the part that is set aside begins."""
        return self.used + self.lapsed


def bar(account: Account | None) -> Bar | None:
    """The balance of an account; None without one."""
    if account is None:
        return None
    stand = ledger.balance(account)
    whole = max(stand.limit, stand.used + stand.reserved + stand.lapsed, Decimal(1))
    share = [(part * 100 / whole).quantize(Decimal("0.1")) for part in (stand.used, stand.reserved, stand.lapsed)]
    return Bar(stand, share[0], share[1], share[2], stand.available < 0, account.home != account.holder_id)


@dataclass(frozen=True)
class Outlook:
    """For how long the quantity that is left suffices, judged by the shipments so far.

    `average_kg` of a shipment; `loads` more of them fit into what is left, of `count_left` that are allowed (None: any
    number); `used_up_on` the day on which it is used up at the pace so far, where that comes before `until`.
    """

    average_kg: Decimal
    loads: int
    count_left: int | None
    used_up_on: date | None
    until: date | None

    @property
    def short(self) -> bool:
        """Whether the quantity ends before the shipments or the days do."""
        return self.used_up_on is not None or (self.count_left is not None and self.loads < self.count_left)


def outlook(row: Notification, account: Account | None) -> Outlook | None:
    """The early warning that a consented quantity runs out (facts/movement.md 1, row 8); None before the first load."""
    if account is None or row.ended_as or row.used_up:
        return None
    gone = Movement.objects.filter(notification=row, take_back=False, loaded_kg__gt=0, departed_at__isnull=False)
    sums = gone.aggregate(n=Count("pk"), kg=Sum("loaded_kg"), first=Min("departed_at"))
    if not sums["n"]:
        return None
    stand, average = ledger.balance(account), (sums["kg"] / sums["n"]).quantize(Decimal("0.001"))
    left, day = max(stand.available, Decimal(0)), calendars.today(row.home)
    days = max((times.now() - sums["first"]).days, 1)
    more = int(left * days / sums["kg"])
    until = account.valid_until or row.last_departure
    soon = until is not None and day + timedelta(days=min(more, 36_500)) < until
    return Outlook(average, int(left // average), stand.count_left, day + timedelta(days=more) if soon else None, until)


def movements(actor: Actor, row: Notification) -> list[Movement]:
    """The movements under a notification that the actor sees, by number."""
    return list(visible(Movement.objects.filter(notification=row), actor, "movements.movement.read").order_by("serial"))


def attachments(actor: Actor, row: Notification) -> QuerySet[Attachment]:
    """The files of a case that the actor sees, oldest first."""
    rows = Attachment.objects.filter(case=row.case, subject__in=evidence.OF_NOTIFICATIONS)
    return visible(rows, actor, cases.READ).order_by("added_at", "pk")


@dataclass(frozen=True)
class ShownFile:
    """A file of a case, what it is, whether its bytes are here, and the question that it answers."""

    file: Attachment
    kind: str
    here: bool
    answers: InfoRequest | None


def files(actor: Actor, row: Notification) -> list[ShownFile]:
    """The files of a case for its page, oldest first."""
    asked = {one.pk: one for one in row.info_requests.all()}
    return [
        ShownFile(one, str(evidence.NOTIFIED.get(one.kind, one.kind)), evidence.here(one), asked.get(one.subject_id))
        for one in attachments(actor, row)
    ]


def changed_since(row: Any, revision: int) -> list[JournalEntry]:
    """What was done to a row after a revision, oldest first: what to show who decided on an older one."""
    found = JournalEntry.objects.filter(holder=row.holder_id, subject_id=row.pk, revision__gt=revision)
    return list(found.select_related("person", "principal").order_by("revision", "id"))
