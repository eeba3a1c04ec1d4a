"""What is overdue at each authority on the routes of a State's cases: decisions, receipts, certificates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from tidegate.movements import clocks
from tidegate.movements.chasing import CERTIFICATE, CHASED, COMPLETION, RECEIPT
from tidegate.movements.models import Clock, Notification
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.scope import visible

COMPARE = "movements.overdue.read"
KINDS: dict[str, Any] = {"decision": _("Decisions"), "receipt": _("Receipts"), "certificate": _("Certificates")}
# The steps of clocks.yaml that each is owed under.
STEPS = {"decision": ("decide",), "receipt": (*RECEIPT, *CHASED), "certificate": (*COMPLETION, *CERTIFICATE)}


@dataclass(frozen=True)
class Overdue:
    """What is overdue of a kind at the authority of a State: how many, the case that is longest overdue, the days."""

    state: str
    kind: str
    count: int
    oldest_case: str
    oldest_days: int
    median_days: Decimal

    @property
    def label(self) -> Any:
        return KINDS[self.kind]


def compared(actor: Actor) -> list[Overdue]:
    """By State and kind, of the cases that the actor's State holds.

    A decision is owed by the State whose time limit it is; a receipt and a certificate by that of import, whoever's law
    sets the day and also where it is the State of export that has to ask after it. A movement counts once.
    """
    kind_of = {
        rule.id: kind for rule in clocks.clocks().rules.values() for kind, steps in STEPS.items() if rule.step in steps
    }
    now = times.now()
    rows = visible(Clock.objects.filter(ended_at=None, due_at__lt=now, rule__in=kind_of), actor, COMPARE)
    importing = Notification.objects.filter(holder=OuterRef("holder"), case=OuterRef("case")).values("state_import")
    found: dict[tuple[str, str], dict[UUID, tuple[datetime, str]]] = {}
    for rule, authority, to, subject, due, case in rows.values_list(
        "rule", "authority", Subquery(importing[:1]), "subject_id", "due_at", "case"
    ).iterator():
        kind = kind_of[rule]
        owed = found.setdefault((authority if kind == "decision" else to or authority, kind), {})
        owed[subject] = min(owed.get(subject, (due, case)), (due, case))
    order = list(KINDS)
    return [
        _row(state, kind, list(owed.values()), now)
        for (state, kind), owed in sorted(found.items(), key=lambda item: (item[0][0], order.index(item[0][1])))
    ]


def _row(state: str, kind: str, owed: Sequence[tuple[datetime, str]], now: datetime) -> Overdue:
    since, case = min(owed)
    days = median(Decimal((now - due).days) for due, _case in owed)
    return Overdue(state, kind, len(owed), case, (now - since).days, days)
