"""Whose leg of a journey it is: a carrier records the departure and the hand-overs of what it carries itself, and
nothing else. Who sends or controls the shipment is not bound by this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tidegate.movements.conditions import same
from tidegate.movements.models import Movement
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.models import Organisation

# What a carrier knows of a load; whom it is handed to, and what is drawn on, is for who sends it to say.
CARRIES = ("vehicle", "containers", "seals", "packaging", "note")


def named(movement: Movement) -> list[Mapping[str, Any]]:
    """The carriers of a movement in their order: its own, else those notified."""
    return movement.particulars.get("carriers") or movement.notification.blocks.get("carriers") or []


def now_with(movement: Movement) -> Mapping[str, Any]:
    """Who carries it: who took it over last, else the first carrier."""
    last = movement.custody.filter(kind="transfer").order_by("-position").first()
    if last is not None:
        return {"registration": last.registration, "name": last.carrier}
    return next(iter(named(movement)), {})


def is_of(party: Mapping[str, Any], body: Organisation) -> bool:
    """Whether a party is this organisation: by its number, or by its name where it has none."""
    if number := party.get("registration"):
        return same(number, body.registration)
    return bool(party.get("name")) and same(party["name"], body.name)


def carries(actor: Actor) -> Organisation | None:
    """The carrier for which the actor acts; None for everybody else."""
    body = actor.organisation
    return body if body is not None and body.kind == Organisation.Kind.CARRIER else None


def may_depart(actor: Actor, movement: Movement) -> bool:
    """Whether its departure is this actor's to record: of a carrier, the one with whom it begins."""
    body = carries(actor)
    return body is None or is_of(next(iter(named(movement)), {}), body)


def may_transfer(actor: Actor, movement: Movement) -> bool:
    """Whether one of its hand-overs may be: of a carrier, who has it, or is named to take it over."""
    body = carries(actor)
    return body is None or is_of(now_with(movement), body) or any(is_of(one, body) for one in named(movement))


def departs(actor: Actor, movement: Movement, particulars: Mapping[str, Any] | None) -> None:
    """Raises Refused: leg, particulars (what is not a carrier's to say)."""
    if not may_depart(actor, movement):
        raise _refused(actor)
    if carries(actor) is not None and (other := sorted(set(particulars or ()) - set(CARRIES))):
        raise Refused(
            "particulars", _("This is not for a carrier to say."), field=f"particulars.{other[0]}", value=other[0],
            expected=", ".join(CARRIES),
        )  # fmt: skip


def transfers(actor: Actor, movement: Movement, onto: Mapping[str, Any]) -> None:
    """Raises Refused("leg") unless the carrier hands over what it has, or, named for it, takes it over itself."""
    body = carries(actor)
    if body is None or is_of(now_with(movement), body):
        return
    if not (may_transfer(actor, movement) and is_of(onto, body)):
        raise _refused(actor)


def first_is(body: Organisation) -> Q:
    """Movements that begin with this carrier."""
    own = Q(particulars__carriers__0__registration=body.registration)
    return own | Q(
        particulars__carriers__isnull=True, notification__blocks__carriers__0__registration=body.registration
    )


def _refused(actor: Actor) -> Refused:
    assert actor.organisation is not None
    return Refused(
        "leg", _("A carrier records its own leg of the journey alone."), field="carrier", value=actor.organisation.name
    )
