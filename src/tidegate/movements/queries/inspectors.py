"""What an inspector without an account sees of a case, and what the authority sees of inspectors' links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from tidegate.movements import alternatives, border, legs
from tidegate.movements.commands.inspectors import KEEP
from tidegate.movements.models import InspectorAccess, InspectorReport, Movement, Notification
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.models import Organisation
from tidegate.parties.scope import visible


@dataclass(frozen=True)
class Roadside:
    """A case on the road: what is needed to hold load and papers against each other, and whom to call. No field that
    can be confidential, and of companies the name alone."""

    access: InspectorAccess
    notification: Notification
    movement: Movement | None
    answer: border.Answer
    wastes: Sequence[str]
    parties: Sequence[tuple[str, str]]
    carriers: Sequence[str]
    containers: Sequence[str]
    seals: Sequence[str]
    vehicle: str
    call: Sequence[Organisation]


def roadside(access: InspectorAccess) -> Roadside:
    """What the link of an access shows."""
    row, movement = access.notification, access.movement
    said: dict[str, Any] = {} if movement is None else movement.particulars
    codes = row.blocks.get("codes") or {}
    facility = alternatives.own_facility(movement) if movement is not None else row.blocks.get("facility") or {}
    carriers = legs.named(movement) if movement is not None else row.blocks.get("carriers") or []
    return Roadside(
        access=access,
        notification=row,
        movement=movement,
        answer=border.stands(movement or row),
        wastes=list(dict.fromkeys(code for name in ("basel", "y", "hs") for code in codes.get(name) or ())),
        parties=[
            (role, str(party.get("name") or ""))
            for role, party in (("exporter", row.blocks.get("exporter") or {}),
                                ("importer", row.blocks.get("importer") or {}), ("facility", facility))
        ],
        carriers=[str(one.get("name") or "") for one in carriers],
        containers=said.get("containers") or [],
        seals=said.get("seals") or [],
        vehicle=str(said.get("vehicle") or ""),
        call=_desks(access),
    )  # fmt: skip


def _desks(access: InspectorAccess) -> list[Organisation]:
    """Who issued the link, then the State's competent authorities that can be called."""
    others = Organisation.objects.filter(
        holder=access.holder_id, kind=Organisation.Kind.COMPETENT_AUTHORITY, active=True
    ).exclude(pk=access.issued_by_id)
    return [access.issued_by, *(one for one in others[:5] if one.telephone or one.email)]


def accesses(actor: Actor, row: Notification | Movement) -> QuerySet[InspectorAccess]:
    """The links to a notification or a movement, the latest first."""
    about = {"movement": row} if isinstance(row, Movement) else {"notification": row, "movement": None}
    rows = visible(InspectorAccess.objects.filter(**about), actor, KEEP)
    return rows.select_related("issued_by").order_by("-issued_at", "-pk")


def reports(actor: Actor) -> QuerySet[InspectorReport]:
    """What inspectors reported to the actor's State, the latest first."""
    return visible(InspectorReport.objects.select_related("access__movement"), actor, KEEP).order_by("-received_at")


def report(actor: Actor, key: UUID) -> InspectorReport:
    """One of them. Raises Missing."""
    found = reports(actor).filter(pk=key).first()
    if found is None:
        raise Missing("inspector_report")
    return found
