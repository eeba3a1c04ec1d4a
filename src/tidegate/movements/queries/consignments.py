"""Reads of consignments for the one page of all agencies: every one scoped to the actor."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from tidegate.movements.commands.consignments import OPEN, waiting_for
from tidegate.movements.models import Consignment, ConsignmentWord, JointInspection, Requirement
from tidegate.movements.queries import worded
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.scope import visible

READ = "movements.consignment.read"

__all__ = ["READ", "consignment", "consignments", "find", "inspection", "requirement", "waiting_for"]


def consignments(actor: Actor | None) -> QuerySet[Consignment]:
    """Those that the actor sees, expected last first, each with its number of unmet requirements (`waiting`)."""
    rows = visible(Consignment.objects.all(), actor, READ).select_related("movement__notification")
    waiting = Count("requirements", filter=Q(requirements__status__in=("open", "refused")), distinct=True)
    return rows.annotate(waiting=waiting).order_by("-expected_on", "-pk")


def find(actor: Actor | None, *, text: str = "", status: str = "", mine: bool = False) -> QuerySet[Consignment]:
    """Those with words of reference, declaration, office or notification that begin with the words of a text; of a
    status; not released yet and with an open requirement of the actor's own agency (`mine`)."""
    rows = worded.named(consignments(actor), ConsignmentWord, actor, READ, text)
    if status:
        rows = rows.filter(status=status)
    if mine and actor and actor.organisation is not None:
        own = Requirement.objects.filter(agency=actor.organisation, status=Requirement.Status.OPEN)
        rows = rows.filter(status__in=OPEN, pk__in=own.values("consignment"))
    return rows


def consignment(actor: Actor | None, reference: str) -> Consignment:
    """One consignment by its reference. Raises Missing."""
    found = consignments(actor).filter(reference=reference).first()
    if found is None:
        raise Missing("consignment")
    return found


def requirement(actor: Actor, key: UUID | str) -> Requirement:
    """A requirement of a consignment that the actor sees. Raises Missing."""
    found = Requirement.objects.filter(pk=key, holder=actor.state).select_related("consignment", "agency").first()
    if found is None or not consignments(actor).filter(pk=found.consignment_id).exists():
        raise Missing("requirement")
    return found


def inspection(actor: Actor, key: UUID | str) -> JointInspection:
    """A joint inspection of a consignment that the actor sees. Raises Missing."""
    found = JointInspection.objects.filter(pk=key, holder=actor.state).select_related("consignment").first()
    if found is None or not consignments(actor).filter(pk=found.consignment_id).exists():
        raise Missing("inspection")
    return found
