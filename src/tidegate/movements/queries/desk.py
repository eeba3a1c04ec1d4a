"""What waits for an actor, by deadline: one queue for every role, made from what each right lets it do.

Nothing here is a list of its own: an item is a row that waits, with the earliest open time limit that runs on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tidegate.movements import clocks, machines
from tidegate.movements.models import (
    Amendment,
    Approval,
    Breach,
    Clock,
    Consent,
    Contract,
    Correction,
    Guarantee,
    InfoRequest,
    Movement,
    Notification,
    Permit,
    QuotaAllocation,
    Requirement,
    TakeBack,
)
from tidegate.movements.queries import cases, permits
from tidegate.parties import queries as parties
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.registry import registry
from tidegate.parties.scope import visible

DESK = "parties.feed.read"
# What kinds of work there are, in the order in which a desk counts them.
KINDS: dict[str, Any] = {
    "breach": gettext_lazy("Breaches"),
    "decide": gettext_lazy("Decisions"),
    "acknowledge": gettext_lazy("Acknowledgements"),
    "forward": gettext_lazy("To be sent on"),
    "question": gettext_lazy("Questions"),
    "approve": gettext_lazy("Approvals"),
    "draft": gettext_lazy("Drafts"),
    "movement": gettext_lazy("Movements"),
    "take_back": gettext_lazy("Take-back"),
    "permit": gettext_lazy("Permits and quotas"),
    "border": gettext_lazy("Border"),
    "clock": gettext_lazy("Other time limits"),
    "others": gettext_lazy("Waiting for others"),
}


@dataclass(frozen=True)
class Item:
    """One thing that waits. `what` is to be done, about `title`; `due` the end of its time limit, where one runs."""

    kind: str
    what: str
    title: str
    case: str
    subject: str
    subject_id: UUID
    since: datetime
    due: datetime | None
    state: str = ""
    over: bool = False

    @property
    def uid(self) -> str:
        """Known by this to a calendar, also when its day moves."""
        return f"{self.subject}-{self.subject_id}-{self.kind}"


@dataclass(frozen=True)
class Desk:
    """A queue: its items by deadline, and how many there are of each kind; overdue and due within a week."""

    items: list[Item]
    counts: list[tuple[str, Any, int]]
    over: int
    week: int
    total: int


def desk(actor: Actor, *, kind: str = "", text: str = "", due: str = "") -> Desk:
    """What waits for an actor. The counts are those of the whole desk, whatever the filter."""
    now = times.now()
    items = sorted(_items(actor, now), key=_order)
    counted = Counter(item.kind for item in items)
    soon = now + timedelta(days=7)
    shown = [
        item
        for item in items
        if (not kind or item.kind == kind)
        and (not text or text.casefold() in f"{item.title} {item.case} {item.what}".casefold())
        and (not due or (due == "over" and item.over) or (due == "week" and item.due is not None and item.due < soon))
    ]
    return Desk(
        shown,
        [(name, label, counted[name]) for name, label in KINDS.items() if counted[name]],
        sum(item.over for item in items),
        sum(item.due is not None and now <= item.due < soon for item in items),
        len(items),
    )


def _order(item: Item) -> tuple[bool, datetime, datetime]:
    # What has no day comes after what has one; then what has waited longest.
    return (item.due is None, item.due or datetime.max.replace(tzinfo=UTC), item.since)


def _items(actor: Actor, now: datetime) -> Iterator[Item]:
    seen = cases.notifications(actor)
    titles = {row.case: _title(row) for row in seen.only("case", "number", "blocks", "status")}
    open_clocks = list(
        Clock.objects.filter(holder=actor.state, ended_at=None, case__in=titles).order_by("due_at")
        if not actor.official
        else Clock.objects.filter(holder=actor.state, ended_at=None).order_by("due_at")
    )
    first: dict[UUID, Clock] = {}
    for clock in open_clocks:
        if clock.due_at is not None and clock.authority == actor.state:
            first.setdefault(clock.subject_id, clock)
    shown: set[UUID] = set()

    def item(kind: str, what: str, row: Any, since: datetime | None, about: Any = None, title: str = "") -> Item:
        case = getattr(row, "case", "") or ""
        clock = first.get(row.pk) or (first.get(about.pk) if about is not None else None)
        if clock is not None:
            shown.add(clock.pk)
        due = clock.due_at if clock is not None else getattr(row, "due_at", None)
        return Item(
            kind, what, title or titles.get(case, case), case, row._meta.model_name or "", row.pk,
            since or getattr(row, "created_at", None) or now, due, actor.state, due is not None and due < now,
        )  # fmt: skip

    for source in SOURCES:
        yield from source(actor, item)
    for clock in open_clocks:
        if clock.pk in shown or clock.due_at is None:
            continue
        rule = clocks.clocks().rules.get(clock.rule)
        mine = clock.authority == actor.state and actor.official
        if rule is None or (mine and clock.effect == Clock.Effect.NONE and rule.step == "export_not_before"):
            continue
        yield Item(
            "clock" if mine else "others", rule.step, titles.get(clock.case, clock.case), clock.case, clock.subject,
            clock.subject_id, clock.started_at, clock.due_at, clock.authority, clock.due_at < now,
        )  # fmt: skip


def _title(row: Notification) -> str:
    return " · ".join(filter(None, [row.number or row.case, str(row.blocks.get("designation") or "")[:80]]))


Make = Callable[..., Item]


def _notifications(actor: Actor, item: Make) -> Iterator[Item]:
    rows = cases.notifications(actor)
    if actor.may("movements.notification.draft"):
        for row in rows.filter(status="draft"):
            yield item("draft", _("Finish the draft and submit it"), row, row.created_at)
    if actor.may("movements.notification.transmit"):
        for row in rows.filter(status="submitted", holder_id=actor.state, state_export=actor.state):
            yield item("forward", _("Send it to the authorities concerned"), row, row.submitted_at)
    if actor.may("movements.notification.answer"):
        asked = visible(InfoRequest.objects.filter(answered_at=None), actor, cases.READ).filter(
            notification__state_export=actor.state, notification__ended_as=""
        )
        for question in asked.exclude(notification__status="refused_to_forward").select_related("notification"):
            yield item("question", _("Answer the question of an authority"), question, question.asked_at)


def _consents(actor: Actor, item: Make) -> Iterator[Item]:
    own = visible(Consent.objects.all(), actor, cases.READ).filter(authority=actor.state, notification__ended_as="")
    if actor.may("movements.notification.acknowledge"):
        for row in own.filter(status="requested").select_related("notification"):
            yield item("acknowledge", _("Acknowledge the notification"), row, row.requested_at, row.notification)
    if actor.may("movements.consent.decide"):
        waiting = [status for status in machines.WAITING if status != "requested"]
        for row in own.filter(status__in=waiting).select_related("notification"):
            yield item("decide", _("Decide on the notification"), row, row.acknowledged_at, row.notification)
    if actor.may("movements.contract.confirm"):
        lodged = visible(Contract.objects.filter(status="lodged"), actor, cases.READ)
        for paper in lodged.filter(notification__state_import=actor.state, notification__transmitted_at__isnull=False):
            yield item("approve", _("Confirm the contract"), paper, paper.created_at)
    if actor.may("movements.guarantee.approve"):
        proposed = visible(Guarantee.objects.filter(status="proposed"), actor, cases.READ)
        for bond in proposed.filter(notification__state_export=actor.state, notification__ended_as="").exclude(
            notification__status="draft"
        ):
            yield item("approve", _("Approve the guarantee"), bond, bond.created_at)
    if actor.may("movements.amendment.approve"):
        answered = Approval.objects.filter(subject="amendment", authority=actor.state).values("subject_id")
        open_ = visible(Amendment.objects.filter(status="proposed"), actor, cases.READ).exclude(pk__in=answered)
        for made in open_.filter(notification__consents__authority=actor.state).distinct():
            yield item("approve", _("Answer the amendment"), made, made.proposed_at)
    if actor.may("parties.approval.decide"):
        for approval in parties.approvals(actor):
            about = registry.act_label(approval.command)
            yield item("approve", _("Approve as the second person"), approval, approval.proposed_at, title=about)


# The statuses of a movement in which somebody has to do something: right, statuses, what, in which State.
MOVEMENTS: Sequence[tuple[str, tuple[str, ...], Any, str]] = (
    ("movements.movement.announce", ("draft",), gettext_lazy("Announce the movement"), "export"),
    ("movements.movement.depart", ("announced",), gettext_lazy("Report the departure"), "export"),
    ("movements.movement.receive", ("in_transit",), gettext_lazy("Report the arrival"), "import"),
    ("movements.movement.receive", ("arrived",), gettext_lazy("Confirm the receipt"), "import"),
    ("movements.movement.complete", ("received_accepted", "received_partly", "interim_done"),
     gettext_lazy("Confirm recovery or disposal"), "import"),
    ("movements.movement.hold", ("held", "seized"), gettext_lazy("Decide on the held load"), ""),
    ("movements.movement.close", ("completed", "returned", "alternatively_disposed"),
     gettext_lazy("Close the movement"), "export"),
)  # fmt: skip


def _movements(actor: Actor, item: Make) -> Iterator[Item]:
    seen = visible(Movement.objects.select_related("notification"), actor, "movements.movement.read")
    for right, statuses, what, where in MOVEMENTS:
        if not actor.may(right):
            continue
        rows = seen.filter(status__in=statuses)
        if where:
            rows = rows.filter(**{f"notification__state_{where}": actor.state})
        for row in rows:
            title = f"{_title(row.notification)} · {row.serial}"
            yield item("movement", str(what), row, row.updated_at, title=title)
    if actor.may("movements.correction.answer"):
        for made in visible(Correction.objects.filter(status="proposed"), actor, "movements.movement.read"):
            if made.proposed_by != actor.state and actor.state not in made.answers:
                yield item("movement", _("Answer the correction"), made, made.proposed_at)


def _take_backs(actor: Actor, item: Make) -> Iterator[Item]:
    if actor.official:
        rows: QuerySet[TakeBack] = visible(TakeBack.objects.all(), actor, "movements.movement.read")
        for row in rows.exclude(status__in=TakeBack.ENDED):
            yield item("take_back", row.get_status_display(), row, row.detected_at)


def _permits(actor: Actor, item: Make) -> Iterator[Item]:
    if actor.may("movements.permit.decide"):
        for row in permits.permits(actor).filter(status__in=(Permit.Status.APPLIED, Permit.Status.UNDER_REVIEW)):
            yield item("permit", _("Decide on the permit"), row, row.created_at, title=str(row.organisation))
    if actor.may("movements.permit.acknowledge"):
        for row in permits.to_acknowledge(actor):
            yield item("permit", _("Confirm the permit's new status"), row, row.status_at, title=row.number)
    if actor.may("movements.permit.apply"):
        for row in permits.permits(actor).filter(status=Permit.Status.INFO_REQUESTED):
            yield item("permit", _("Give the information asked for"), row, row.updated_at, title=row.number or row.case)
    if actor.may("movements.quota.decide"):
        for part in permits.allocations(actor).filter(status=QuotaAllocation.Status.APPLIED):
            yield item("permit", _("Decide on the allocation"), part, part.created_at, title=str(part.organisation))


def _border(actor: Actor, item: Make) -> Iterator[Item]:
    if actor.official and actor.organisation is not None:
        rows = Requirement.objects.filter(status="open", agency=actor.organisation).select_related("consignment")
        for row in rows.filter(consignment__holder=actor.state):
            since = row.consignment.created_at
            yield item("border", str(row.what), row, since, title=row.consignment.reference)


def _breaches(actor: Actor, item: Make) -> Iterator[Item]:
    if actor.may("movements.breach.close"):
        for row in Breach.objects.filter(holder=actor.state, closed_at=None):
            yield item("breach", row.kind, row, row.opened_at)


SOURCES: Sequence[Callable[[Actor, Make], Iterator[Item]]] = (
    _breaches, _consents, _notifications, _movements, _take_backs, _permits, _border,
)  # fmt: skip
