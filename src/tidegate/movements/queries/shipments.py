"""Reads of movements for pages and API: every one scoped to the actor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from tidegate.movements import alternatives, bases, clocks, conditions, standing, tolerances
from tidegate.movements.breaches import KINDS as BREACHES
from tidegate.movements.breaches import told
from tidegate.movements.commands.receipt import balance
from tidegate.movements.models import (
    Account,
    Breach,
    Clock,
    ContainerUse,
    Correction,
    Custody,
    Movement,
    Operation,
)
from tidegate.movements.models.base import CaseRow
from tidegate.movements.queries.cases import CASES, Deadline, notifications
from tidegate.movements.queries.cases import find as find_cases
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.models import JournalEntry
from tidegate.parties.registry import registry
from tidegate.parties.scope import visible

READ = "movements.movement.read"


@dataclass(frozen=True)
class Quantity:
    """One of the three quantities, and how far it is from the one before it: `wide` is beyond the tolerance."""

    name: str
    kg: Decimal | None
    difference: Decimal | None = None
    percent: Decimal | None = None
    wide: bool = False
    basis: str = ""
    # It is on another basis than the one before it, so that there is no telling.
    unlike: bool = False


@dataclass(frozen=True)
class Link:
    """A step of the journey as this copy knows it: when, where, by whom, whose fact."""

    at: datetime | None
    kind: str
    label: Any
    state: str
    place: str = ""
    carrier: str = ""
    vehicle: str = ""
    note: str = ""
    position: int = 0
    person: str = ""


@dataclass(frozen=True)
class Draw:
    """What is drawn on one account: its home, its state, and what the home says is left."""

    home: str
    account: str
    status: str
    kg: str
    reason: str
    left: Account | None


@dataclass(frozen=True)
class BreachLine:
    """A breach with its name for people and what it says."""

    breach: Breach
    label: Any
    detail: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class MovementView:
    """Everything that one State's copy holds of a shipment."""

    movement: Movement
    route: list[Mapping[str, str]]
    quantities: list[Quantity]
    draws: list[Draw]
    journey: list[Link]
    operations: list[Operation]
    balance: Mapping[str, Decimal]
    breaches: list[BreachLine]
    corrections: list[Correction]
    deadlines: list[Deadline]
    conditions: list[tuple[str, str, bool | None, Any]]
    history: list[tuple[JournalEntry, Any]]
    returns: list[Movement]
    points: list[str]
    facility: str


def movements(actor: Actor | None) -> QuerySet[Movement]:
    """The movements that the actor sees, those planned last first."""
    rows = visible(Movement.objects.all(), actor, READ)
    return rows.select_related("notification").order_by("-planned_on", "-created_at")


def find(actor: Actor | None, *, text: str = "", status: str = "", flagged: bool = False) -> QuerySet[Movement]:
    """Those of the cases that a text means (`cases.find`; the latest CASES of them), or with that container; of a
    status; with an open breach."""
    rows = movements(actor)
    wanted = text.strip()
    if wanted:
        number, slash, serial = wanted.rpartition("/")
        packed = "".join(sign for sign in wanted.upper() if sign.isalnum())
        meant = find_cases(actor, wanted).order_by("-updated_at", "-pk").values_list("pk", flat=True)
        boxes = visible(ContainerUse.objects.filter(number=packed), actor, READ, through="movement__")
        asked = Q(notification__in=list(meant[:CASES])) | Q(
            pk__in=list(boxes.values_list("movement", flat=True)[:CASES])
        )
        if slash and serial.isdecimal() and len(serial) < 7:
            asked |= Q(notification__number=number, serial=int(serial)) | Q(case=number, serial=int(serial))
        rows = rows.filter(asked)
    if status:
        rows = rows.filter(status=status)
    open_breaches = (
        Breach.objects.filter(subject_id=OuterRef("pk"), closed_at=None)
        .order_by().values("subject_id").annotate(n=Count("pk")).values("n")
    )  # fmt: skip
    rows = rows.annotate(open_breaches=Subquery(open_breaches))
    return rows.filter(open_breaches__gt=0) if flagged else rows


def movement(actor: Actor | None, case: str, serial: int) -> Movement:
    """One shipment by its case (or the notification's number) and serial. Raises Missing."""
    # By its case alone, for which there is an index with the serial.
    numbered = notifications(actor).filter(number=case).values_list("case", flat=True)
    found = movements(actor).filter(case__in=[case, *numbered[:5]], serial=serial).first() if case else None
    if found is None:
        raise Missing("movement")
    return found


def by_key(actor: Actor | None, key: UUID | str) -> Movement:
    """One shipment by its key. Raises Missing."""
    found = movements(actor).filter(pk=key).first()
    if found is None:
        raise Missing("movement")
    return found


def correction(actor: Actor, key: UUID | str) -> Correction:
    """A correction that the actor sees. Raises Missing."""
    rows = visible(Correction.objects.all(), actor, READ)
    found = rows.filter(pk=key).select_related("movement__notification").first()
    if found is None:
        raise Missing("correction")
    return found


def view(actor: Actor, row: Movement) -> MovementView:
    """All that the actor's State holds of a shipment, for its page."""
    return MovementView(
        movement=row,
        route=alternatives.own_route(row),
        quantities=quantities(row),
        draws=draws(row),
        journey=journey(row),
        operations=list(row.operations.order_by("at", "pk")),
        balance=balance(row),
        breaches=breaches(row, official=actor.official),
        corrections=list(row.corrections.order_by("-proposed_at")),
        deadlines=deadlines(row),
        conditions=_conditions(row),
        history=history(row),
        returns=list(row.returns.order_by("serial")),
        points=alternatives.own_points(row),
        facility=str(alternatives.own_facility(row).get("name") or ""),
    )


def quantities(row: Movement) -> list[Quantity]:
    """Announced, loaded, received, each with its difference from the one before."""
    found: list[Quantity] = []
    before, last = None, ""
    of = {"announced_kg": row.notification.basis, "loaded_kg": row.loaded_basis, "received_kg": row.received_basis}
    for name, basis in of.items():
        kg = getattr(row, name)
        shown = str(bases.NAMES.get(basis, basis))
        if kg is None or before is None or basis != last:
            found.append(Quantity(name, kg, basis=shown, unlike=kg is not None and before is not None))
        else:
            change = kg - before
            percent = (change * 100 / before).quantize(Decimal("0.1")) if before else None
            wide = name == "received_kg" and tolerances.of(row).exceeded(before, kg)
            found.append(Quantity(name, kg, change, percent, wide, shown))
        before, last = (kg, basis) if kg is not None else (before, last)
    return found


def draws(row: Movement) -> list[Draw]:
    """The accounts that it draws on, with what this copy knows to be left of each."""
    known = {
        account.reference: account
        for account in Account.objects.filter(
            holder=row.holder_id, reference__in=[draw["account"] for draw in row.draws]
        )
    }
    return [
        Draw(
            draw["home"], draw["account"], draw["status"], draw.get("kg", ""), draw.get("reason") or "",
            known.get(draw["account"]),
        )
        for draw in row.draws
    ]  # fmt: skip


# What the custody chain holds → its name for people, as the journal calls it.
_KINDS = {
    "transfer": "movement.custody_transferred",
    "entry": "movement.border_passed",
    "exit": "movement.transit_exit",
    "arrival": "movement.arrived",
    "consignee": "movement.consignee_received",
    "remark": "movement.remarked",
}
_DATED = {
    "announced_at": ("movement.announced", "home"),
    "departed_at": ("movement.departed", "home"),
    "received_at": ("movement.received_accepted", "state_import"),
    "completed_at": ("movement.completed", "state_import"),
}


# What comes first of what was recorded for the same moment.
_ORDER = ("announced", "departed", "held", "seized", "exit", "transfer", "entry", "arrival", "received", "completed")


def journey(row: Movement) -> list[Link]:
    """The journey in the order of time: announced, departed, every hand-over and passage, received, recovered."""
    notification = row.notification
    found = []
    for name, (event, whose) in _DATED.items():
        at = getattr(row, name)
        if at is None:
            continue
        if name == "received_at" and not row.accepted_kg:
            event = "movement.received_rejected"
        elif name == "received_at" and row.rejected_kg:
            event = "movement.received_partly"
        person = {"received_at": row.received_by, "completed_at": row.certified_by}.get(name, "")
        state = getattr(notification, whose)
        found.append(Link(at, name.removesuffix("_at"), registry.events[event], state, person=person))
    found += [_link(link) for link in row.custody.order_by("position")]
    if row.arrived_at is not None and not any(link.kind == "arrival" for link in found):
        found.append(Link(row.arrived_at, "arrival", registry.events["movement.arrived"], notification.state_import))
    for hold in row.holds:
        event = "movement.seized" if hold["how"] == "seized" else "movement.held"
        at = datetime.fromisoformat(hold["at"])
        found.append(Link(at, hold["how"], registry.events[event], hold["state"], note=hold.get("reason", "")))
    order = {kind: rank for rank, kind in enumerate(_ORDER)}
    return sorted(found, key=lambda link: (link.at or times.now(), order.get(link.kind, 0), link.position))


def _link(link: Custody) -> Link:
    label = registry.events.get(_KINDS.get(link.kind, ""), link.kind)
    return Link(
        link.at, link.kind, label, link.state, link.place, link.carrier, link.vehicle, link.note, link.position,
        link.person,
    )  # fmt: skip


def breaches(row: CaseRow, *, official: bool) -> list[BreachLine]:
    """The breaches of a row of a case, open ones first; what they say in detail is for officials."""
    rows = Breach.objects.filter(holder=row.holder_id, subject_id=row.pk).select_related("closed_by")
    found = rows.order_by(F("closed_at").asc(nulls_first=True), "opened_at")
    return [
        BreachLine(
            one, BREACHES.get(one.kind, one.kind),
            told(one) if official else [],
        )
        for one in found
    ]  # fmt: skip


def deadlines(row: CaseRow) -> list[Deadline]:
    """The clocks that run for a shipment, the next one first; each with its reasons."""
    known, now = clocks.clocks().rules, times.now()
    found = [
        Deadline(clock, known.get(clock.rule), clocks.explain(clock), clock.due_at is not None and clock.due_at < now)
        for clock in Clock.objects.filter(subject_id=row.pk, ended_at=None)
    ]
    return sorted(found, key=lambda d: (d.clock.due_at is None, d.clock.due_at or d.clock.started_at))


def _conditions(row: Movement) -> list[tuple[str, str, bool | None, Any]]:
    """(authority, condition in words, met True / not met False / not known None, why not) of every consent and
    of permits of this State."""
    if row.take_back:
        return []
    from tidegate.movements import carriage, leaving

    given = [*standing.all_conditions(row.notification), *leaving.of_permits(row)]
    failed = {id(one.condition): one for one in conditions.check(given, carriage.facts_of(row))}
    found = []
    for one in given:
        miss = failed.get(id(one))
        met = True if miss is None else None if miss.unknown else False
        bare = {name: value for name, value in one.items() if name != "authority"}
        found.append((one["authority"], conditions.describe(bare), met, "" if miss is None else miss.text))
    return found


def history(row: CaseRow, limit: int = 100) -> list[tuple[JournalEntry, Any]]:
    """What this State's journal holds of a row, the latest first, with its name for people."""
    entries = JournalEntry.objects.filter(holder=row.holder_id, subject_id=row.pk).order_by("-id")[:limit]
    return [(entry, registry.events.get(entry.type, entry.type)) for entry in entries]
