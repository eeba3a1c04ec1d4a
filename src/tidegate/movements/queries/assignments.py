"""Which cases are in whose hands, within one authority."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from tidegate.movements.models import (
    Analysis,
    Assignment,
    Consignment,
    GreenShipment,
    Notification,
    Permit,
    QuotaAllocation,
    TakeBack,
)
from tidegate.parties.actors import Actor, valid_on
from tidegate.parties.models import Membership, Person
from tidegate.parties.rights import rights
from tidegate.parties.scope import visible

ASSIGN = "movements.case.assign"
# What has a case, and the right by which it is seen.
OF_CASES = (
    (Notification, "movements.notification.read"), (TakeBack, "movements.take_back.read"),
    (GreenShipment, "movements.green.read"), (Permit, "movements.permit.read"),
    (QuotaAllocation, "movements.quota.read"), (Consignment, "movements.consignment.read"),
    (Analysis, "movements.analysis.read"),
)  # fmt: skip


def known(actor: Actor, case: str) -> bool:
    """Whether the actor sees anything of a case."""
    return bool(case) and any(
        visible(model._default_manager.filter(case=case), actor, right).exists() for model, right in OF_CASES
    )


def colleagues(actor: Actor) -> QuerySet[Person]:
    """The people of the actor's authority who deal with cases today."""
    if actor.organisation is None:
        return Person.objects.none()
    kind = actor.organisation.kind
    roles = [role for of, role in rights.table[ASSIGN].holders if of == kind]
    held = Membership.objects.filter(
        valid_on(actor.organisation.holder.today()), organisation=actor.organisation, role__in=roles
    )
    return Person.objects.filter(is_active=True, pk__in=held.values("person")).order_by("name", "pk")


def assigned(actor: Actor) -> QuerySet[Assignment]:
    """The cases that somebody of the actor's authority deals with. Who has left it deals with none."""
    rows = visible(Assignment.objects.all(), actor, ASSIGN).filter(organisation=actor.organisation)
    return rows.filter(person__in=colleagues(actor).order_by())


def names(actor: Actor, cases: Iterable[str]) -> dict[str, str]:
    """Who deals with each of some cases."""
    found = assigned(actor).filter(case__in=set(cases)).select_related("person")
    return {row.case: str(row.person) for row in found}


def of_case(actor: Actor, case: str) -> Assignment:
    """The authority's row of a case; a new one, not saved, where there is none yet."""
    row = visible(Assignment.objects.all(), actor, ASSIGN).filter(organisation=actor.organisation, case=case).first()
    return row or Assignment(holder_id=actor.state, organisation=actor.organisation, case=case)
