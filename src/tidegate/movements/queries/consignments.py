"""Reads of consignments for the one page of all agencies: every one scoped to the actor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from tidegate.movements.commands.consignments import OPEN, waiting_for
from tidegate.movements.models import Consignment, JointInspection, Requirement
from tidegate.movements.queries.shipments import history
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.models import JournalEntry, Organisation
from tidegate.parties.scope import visible

READ = "movements.consignment.read"


@dataclass(frozen=True)
class Line:
    """What one agency asks. `mine`: the actor's agency answers it; `over`: its due time is past and it is open."""

    requirement: Requirement
    mine: bool
    over: bool


@dataclass(frozen=True)
class ConsignmentView:
    """A consignment for its page: each agency with what it asks, inspections, and for whom the release waits."""

    consignment: Consignment
    agencies: list[tuple[Organisation, list[Line]]]
    inspections: list[JointInspection]
    waiting_for: list[str]
    may_release: bool
    history: list[tuple[JournalEntry, Any]]


def consignments(actor: Actor | None) -> QuerySet[Consignment]:
    """Those that the actor sees, the next to arrive first, each with its number of open requirements (`waiting`)."""
    rows = visible(Consignment.objects.all(), actor, READ).select_related("movement__notification")
    waiting = Count("requirements", filter=Q(requirements__status__in=["open", "refused"]), distinct=True)
    return rows.annotate(waiting=waiting).order_by("expected_on", "reference")


def find(
    actor: Actor | None, *, text: str = "", status: str = "", mine: bool = False, live: bool = False,
    until: date | None = None,
) -> QuerySet[Consignment]:  # fmt: skip
    """Those whose reference, declaration, office or notification holds a text; of a status; with an open requirement of
    the actor's own agency (`mine`); not released or refused yet (`live`); expected up to a day."""
    rows = consignments(actor)
    if wanted := text.strip():
        rows = rows.filter(
            Q(reference__icontains=wanted)
            | Q(declaration__icontains=wanted)
            | Q(office__icontains=wanted)
            | Q(movement__notification__number__icontains=wanted)
        )
    if status:
        rows = rows.filter(status=status)
    if mine and actor and actor.organisation is not None:
        own = Requirement.objects.filter(agency=actor.organisation, status=Requirement.Status.OPEN)
        rows = rows.filter(pk__in=own.values("consignment"))
    if live:
        rows = rows.filter(status__in=OPEN)
    return rows if until is None else rows.filter(expected_on__lte=until)


def consignment(actor: Actor | None, key: UUID | str) -> Consignment:
    """One consignment by its key or its reference. Raises Missing."""
    by = {"reference": key} if isinstance(key, str) and len(key) < 32 else {"pk": key}
    found = consignments(actor).filter(**by).first()
    if found is None:
        raise Missing("consignment")
    return found


def view(actor: Actor, row: Consignment) -> ConsignmentView:
    """All that the State holds of a consignment."""
    now, own = times.now(), actor.organisation.pk if actor.organisation is not None else None
    agencies: dict[Organisation, list[Line]] = {}
    for one in row.requirements.select_related("agency").order_by("agency__name", "due_at", "pk"):
        over = one.status == Requirement.Status.OPEN and one.due_at is not None and one.due_at < now
        agencies.setdefault(one.agency, []).append(Line(one, one.agency_id == own, over))
    waiting = waiting_for(row)
    return ConsignmentView(
        consignment=row,
        agencies=list(agencies.items()),
        inspections=list(row.inspections.prefetch_related("agencies").order_by("at")),
        waiting_for=waiting,
        may_release=row.status in OPEN and not waiting and actor.may("movements.consignment.release"),
        history=history(row),
    )
