"""Reads of take-back cases for pages and API: every one scoped to the actor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from tidegate.movements import evidence, letters, takebacks
from tidegate.movements.commands.returns import costs_of, in_custody
from tidegate.movements.commands.takeback import GROUNDS
from tidegate.movements.machines import TAKE_BACK
from tidegate.movements.models import Attachment, Clock, CostLine, Movement, ReturnConsent, TakeBack
from tidegate.movements.queries.cases import Deadline
from tidegate.movements.queries.shipments import deadlines, history
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.models import JournalEntry
from tidegate.parties.scope import visible

READ = "movements.take_back.read"


@dataclass(frozen=True)
class TakeBackView:
    """A case for its page. `signed` and `consents`: each State of the case with its answer, None where it is open.

    `steps`: the events that the life cycle allows now and whose writer the actor's State is.
    """

    case: TakeBack
    movement: Movement | None
    returns: list[Movement]
    grounds: list[tuple[str, Any]]
    deadlines: list[Deadline]
    duty: list[str]
    left_kg: Decimal
    signed: list[tuple[str, bool]]
    consents: list[tuple[str, ReturnConsent | None]]
    costs: list[CostLine]
    sums: Mapping[str, Decimal]
    evidence: list[Attachment]
    letters: list[Attachment]
    steps: list[str]
    history: list[tuple[JournalEntry, Any]]


def take_backs(actor: Actor | None) -> QuerySet[TakeBack]:
    """The cases that the actor sees, each with the end of its time limit (`due_at`), the soonest first."""
    due = Clock.objects.filter(subject_id=OuterRef("pk"), ended_at=None, due_at__isnull=False).order_by("due_at")
    rows = visible(TakeBack.objects.all(), actor, READ).select_related("movement__notification")
    return rows.annotate(due_at=Subquery(due.values("due_at")[:1])).order_by("due_at", "-opened_at")


def find(
    actor: Actor | None, *, text: str = "", status: str = "", basis: str = "", live: bool = False,
    before: datetime | None = None,
) -> QuerySet[TakeBack]:  # fmt: skip
    """Those whose reference, notification, finding or container holds a text; of a status or finding; that have not
    ended (`live`); whose time limit ends before a moment."""
    rows = take_backs(actor)
    if wanted := text.strip():
        rows = rows.filter(
            Q(case__icontains=wanted)
            | Q(movement__notification__number__icontains=wanted)
            | Q(movement__case__icontains=wanted)
            | Q(finding__icontains=wanted)
            | Q(containers__icontains=wanted)
        )
    if status:
        rows = rows.filter(status=status)
    if basis:
        rows = rows.filter(basis=basis)
    if live:
        rows = rows.exclude(status__in=TakeBack.ENDED)
    return rows if before is None else rows.filter(Q(due_at__lt=before))


def take_back(actor: Actor | None, case: str) -> TakeBack:
    """One case by its reference. Raises Missing."""
    found = take_backs(actor).filter(case=case).first() if case else None
    if found is None:
        raise Missing("takeback")
    return found


def by_key(actor: Actor | None, key: UUID | str) -> TakeBack:
    """One case by its key. Raises Missing."""
    found = take_backs(actor).filter(pk=key).first()
    if found is None:
        raise Missing("takeback")
    return found


def view(actor: Actor, row: TakeBack) -> TakeBackView:
    """All that the actor's State holds of a case. A company is not shown the letters and the evidence."""
    answers = {one.authority: one for one in row.consents.filter(plan_number=row.plan_number)}
    shown = actor.official
    return TakeBackView(
        case=row,
        movement=row.movement,
        returns=list(row.movement.returns.order_by("serial")) if row.movement is not None else [],
        grounds=[(letter, GROUNDS[letter]) for letter in row.grounds],
        deadlines=deadlines(row),
        duty=sorted(takebacks.duty(row)) if row.basis else [],
        left_kg=in_custody(row),
        signed=[(state, state in row.plan_signed) for state in takebacks.parties(row)] if row.plan_number else [],
        consents=[(state, answers.get(state)) for state in takebacks.consents_needed(row)],
        costs=list(row.costs.order_by("at", "pk")),
        sums=costs_of(row),
        evidence=evidence.of(row) if shown else [],
        letters=letters.of(row) if shown else [],
        steps=[e for e in TAKE_BACK.allowed(row.status) if actor.state in takebacks.writers(row, e)] if shown else [],
        history=history(row),
    )
