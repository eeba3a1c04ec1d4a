"""Reads of take-back cases for pages and API: every one scoped to the actor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from tidegate.movements import clocks, evidence, letters, takebacks
from tidegate.movements.commands.returns import costs_of, in_custody
from tidegate.movements.models import Attachment, Clock, CostLine, Movement, ReturnConsent, TakeBack, TakeBackWord
from tidegate.movements.queries import worded
from tidegate.movements.queries.cases import Deadline
from tidegate.movements.queries.shipments import history
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.models import JournalEntry
from tidegate.parties.scope import visible

READ = "movements.take_back.read"
Status = TakeBack.Status
# The way of a case, in the order of the life cycle; each stage with the statuses that it stands for.
STAGES: Sequence[tuple[str, Sequence[str]]] = (
    (Status.OPENED, (Status.OPENED,)),
    (Status.CLASSIFIED, (Status.CLASSIFIED,)),
    (Status.NOTIFIED, (Status.NOTIFIED, Status.ACKNOWLEDGED)),
    (Status.ACCEPTED, (Status.ACCEPTED, Status.DISPUTED)),
    (Status.PLANNED, (Status.PLANNED,)),
    (Status.CONSENTS_OK, (Status.CONSENTS_OK,)),
    (Status.RETURNING, (Status.RETURNING,)),
    (Status.RETURNED, (Status.RETURNED,)),
    (Status.DISPOSED, (Status.DISPOSED,)),
    (Status.CLOSED, (Status.CLOSED, Status.NOT_A_CASE)),
)


@dataclass(frozen=True)
class Stage:
    """One stage of the bar: done, now, or to come."""

    label: Any
    done: bool
    now: bool


@dataclass(frozen=True)
class CaseView:
    """Everything that one State's copy holds of a take-back case."""

    row: TakeBack
    stages: list[Stage]
    deadlines: list[Deadline]
    signatures: list[tuple[str, bool]]
    consents: list[ReturnConsent]
    consents_open: list[str]
    costs: list[CostLine]
    sums: Mapping[str, Decimal]
    letters: list[Attachment]
    evidence: list[Attachment]
    returns: list[Movement]
    left: Decimal
    history: list[tuple[JournalEntry, Any]]
    duty: list[str]


def take_backs(actor: Actor | None) -> QuerySet[TakeBack]:
    """The take-back cases that the actor sees, the latest first."""
    rows = visible(TakeBack.objects.all(), actor, READ)
    return rows.select_related("movement__notification").order_by("-opened_at")


def find(actor: Actor | None, *, text: str = "", status: str = "", ended: bool = True) -> QuerySet[TakeBack]:
    """Those with words of case, movement, finding or containers that begin with the words of a text; of a status;
    `ended` or open ones alone."""
    rows = worded.named(take_backs(actor), TakeBackWord, actor, READ, text)
    if status:
        rows = rows.filter(status=status)
    return rows if ended else rows.exclude(status__in=TakeBack.ENDED)


def take_back(actor: Actor | None, case: str) -> TakeBack:
    """One case by its reference. Raises Missing."""
    found = take_backs(actor).filter(case=case).first()
    if found is None:
        raise Missing("take_back")
    return found


def take_back_by_key(actor: Actor | None, key: UUID | str) -> TakeBack:
    """One case by its key. Raises Missing."""
    found = take_backs(actor).filter(pk=key).first()
    if found is None:
        raise Missing("take_back")
    return found


def view(actor: Actor, row: TakeBack) -> CaseView:
    """All that the actor's State holds of a case, for its page; letters, and what others sent, for officials."""
    known, now = clocks.clocks().rules, times.now()
    running = Clock.objects.filter(subject_id=row.pk, ended_at=None).order_by("due_at")
    return CaseView(
        row=row,
        stages=stages(row),
        deadlines=[
            Deadline(one, known.get(one.rule), clocks.explain(one), one.due_at is not None and one.due_at < now)
            for one in running
        ],
        signatures=[(state, state in row.plan_signed) for state in takebacks.signers(row)],
        consents=list(row.consents.filter(plan_number=row.plan_number).order_by("authority")),
        consents_open=takebacks.consents_open(row) if row.status == Status.PLANNED else [],
        costs=list(row.costs.order_by("at", "pk")),
        sums=costs_of(row),
        letters=letters.of(row) if actor.official else [],
        evidence=[one for one in evidence.of(row) if actor.official or not one.told_by],
        returns=_returns(row),
        left=in_custody(row),
        history=history(row),
        duty=sorted(takebacks.duty(row)) if row.basis else [],
    )


def stages(row: TakeBack) -> list[Stage]:
    """The bar of a case: what lies behind it, where it is."""
    at = next((n for n, (_name, inside) in enumerate(STAGES) if row.status in inside), 0)
    return [
        Stage(row.get_status_display() if n == at else Status(name).label, n < at, n == at)
        for n, (name, _inside) in enumerate(STAGES)
    ]


def _returns(row: TakeBack) -> list[Movement]:
    if row.movement is None:
        return []
    return list(Movement.objects.filter(original=row.movement, take_back=True).order_by("serial"))
