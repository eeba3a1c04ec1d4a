"""Reads of fees, scoped to the actor. A State's schedule is public law: whoever signs in reads it."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from tidegate.movements.models import Fee, FeeRate
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.scope import visible

READ = "movements.fee.read"


def fees(actor: Actor | None) -> QuerySet[Fee]:
    """The fees that the actor sees, the latest first: an authority its State's, a company its own."""
    rows = visible(Fee.objects.all(), actor, READ)
    return rows.select_related("notification", "permit").order_by("-created_at", "-pk")


def fee(actor: Actor | None, key: UUID | str) -> Fee:
    """One fee. Raises Missing."""
    found = fees(actor).filter(pk=key).first()
    if found is None:
        raise Missing("fee")
    return found


def rates(state: str) -> QuerySet[FeeRate]:
    """A State's schedule, by kind, the latest first."""
    return FeeRate.objects.filter(holder=state)
