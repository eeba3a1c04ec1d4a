"""What happens on the road: departure, hand-over, passage, arrival; and what an authority does to it: hold, seize.

`depart` is the notifier's act and is guarded. Everything else here was seen: it is stored whatever the guards say, and
what should not have happened opens a breach.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import calendars, carriage, clocks, conditions, draws, guard
from tidegate.movements.breaches import open_breach
from tidegate.movements.carriage import add_custody, step
from tidegate.movements.commands.movements import may_leave, read_moment, read_particulars
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Consent, Movement
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked

SEALED = ("containers", "seals", "vehicle", "packaging")


@command("movements.movement.depart")
def depart(
    actor: Actor,
    movement_id: UUID | str,
    *,
    revision: int,
    loaded_kg: Decimal | str,
    at: datetime | str | None = None,
    packages: int | None = None,
    particulars: Mapping[str, Any] | None = None,
) -> Movement:
    """The shipment leaves: the reservation becomes use, at the weighed quantity.

    Raises Refused: state (not announced, or held), consent, condition, mass, moment; Conflict; Missing.
    """
    movement = locked(Movement, movement_id, actor, revision)
    carriage.place(actor, movement.notification, "departed")
    if movement.status != Movement.Status.ANNOUNCED:
        raise Refused(
            "state", _("Only an announced movement that is not held may leave."), field="movement",
            value=movement.status, expected=Movement.Status.ANNOUNCED,
        )  # fmt: skip
    moment = read_moment(at)
    loaded = kilograms(loaded_kg, "loaded_kg")
    day = moment.astimezone(calendars.calendar_of(actor.state).zone).date()
    may_leave(movement, day=day, kg=loaded)
    _depart(actor, movement, loaded, moment, packages, particulars)
    return movement


@command("movements.movement.observe", "movements.movement.saw_departure")
def saw_departure(
    actor: Actor,
    movement_id: UUID | str,
    *,
    loaded_kg: Decimal | str,
    at: datetime | str | None = None,
    particulars: Mapping[str, Any] | None = None,
) -> Movement:
    """Customs saw it leave: stored in any case. What was not in order opens a breach: not announced, held, no consent,
    a condition not met, more than was reserved."""
    movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement.notification, "departed")
    moment = read_moment(at)
    loaded = kilograms(loaded_kg, "loaded_kg")
    before = movement.status
    _depart(actor, movement, loaded, moment, None, particulars)
    if before in ("draft", "announcing", "cancelled"):
        open_breach(actor, movement, "not_announced", status=before, at=moment)
    if before in ("held", "seized"):
        open_breach(actor, movement, "left_while_held", status=before, at=moment)
    day = moment.astimezone(calendars.calendar_of(actor.state).zone).date()
    if missing := carriage.consents_in_force(movement.notification, day):
        open_breach(actor, movement, "no_consent", states=missing, at=moment)
    facts = carriage.facts_of(movement, kg=loaded) | {"day": day}
    for consent in movement.notification.consents.filter(status__in=Consent.GIVEN):
        for failed in conditions.check(consent.conditions, facts):
            open_breach(actor, movement, "condition", authority=consent.authority, condition=failed.condition)
    return movement


def _depart(
    actor: Actor,
    movement: Movement,
    loaded: Decimal,
    at: datetime,
    packages: int | None,
    particulars: Mapping[str, Any] | None,
) -> None:
    if movement.loaded_kg is not None:
        raise Refused("recorded", _("Its departure is recorded already; propose a correction."), field="loaded_kg")
    movement.loaded_kg, movement.departed_at = loaded, at
    if packages is not None:
        movement.packages = packages
    if particulars:
        movement.particulars = {**movement.particulars, **read_particulars(particulars)}
        carriage.link(movement)
    draws.commit(actor, movement, loaded, at)
    step(actor, movement, "departed", at=at, tell=True)
    _await(actor, movement, "receipt", at)


def _await(actor: Actor, movement: Movement, name: str, at: datetime) -> None:
    """Start the clock of a step that the State of import owes, where dated law sets one."""
    notification = movement.notification
    rule = clocks.rule_for(
        name, state=notification.state_import, role="import", day=at.date(), book=guard.book(),
        preconsented=notification.preconsented,
    )  # fmt: skip
    if rule is not None and rule.length is not None:
        clocks.start(
            actor, rule=rule.id, subject=movement, case=movement.case, authority=notification.state_import, at=at
        )


@command("movements.movement.carry", "movements.movement.transfer")
def transfer(
    actor: Actor,
    movement_id: UUID | str,
    *,
    carrier: str,
    registration: str = "",
    means: str = "",
    vehicle: str = "",
    place: str = "",
    at: datetime | str | None = None,
    note: str = "",
) -> Movement:
    """The next carrier takes it over."""
    return _custody(
        actor, movement_id, "custody_transferred", "transfer", at, carrier=carrier, registration=registration,
        means=means, vehicle=vehicle, place=place, note=note,
    )  # fmt: skip


@command("movements.movement.observe", "movements.movement.pass_border")
def pass_border(
    actor: Actor,
    movement_id: UUID | str,
    *,
    place: str,
    leaving: bool = False,
    at: datetime | str | None = None,
    note: str = "",
) -> Movement:
    """Customs of this State saw it come in, or (`leaving`) go out. Without consents in force a breach opens."""
    event = "transit_exit" if leaving else "border_passed"
    movement = _custody(actor, movement_id, event, "exit" if leaving else "entry", at, place=place, note=note)
    moment = read_moment(at)
    day = moment.astimezone(calendars.calendar_of(actor.state).zone).date()
    if missing := carriage.consents_in_force(movement.notification, day):
        open_breach(actor, movement, "no_consent", states=missing, at=moment)
    if movement.status in ("held", "seized"):
        open_breach(actor, movement, "left_while_held", status=movement.status, at=moment)
    return movement


def _custody(
    actor: Actor, movement_id: UUID | str, event: str, kind: str, at: datetime | str | None, **said: str
) -> Movement:
    movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement.notification, event)
    moment = read_moment(at)
    kept = {name: str(value).strip()[:200] for name, value in said.items()}
    if kind == "transfer" and not kept.get("carrier"):
        raise Refused("required", _("Name the carrier."), field="carrier", expected=_("a name"))
    link = add_custody(movement, kind=kind, state=actor.state, at=moment, **kept)
    _seen(actor, movement, event, moment, custody=link)
    return movement


def _seen(actor: Actor, movement: Movement, event: str, at: datetime, **more: Any) -> None:
    """Store an observation also where the life cycle has no step for it any more."""
    if (movement.status, event) in carriage.MOVEMENT.table:
        step(actor, movement, event, at=at, tell=True, **more)
    else:
        open_breach(actor, movement, "not_announced", status=movement.status, event=event, at=at)
        carriage.note(actor, movement, event, at=at, state=actor.state)


@command("movements.movement.receive", "movements.movement.arrive")
def arrive(actor: Actor, movement_id: UUID | str, *, at: datetime | str | None = None, place: str = "") -> Movement:
    """It has arrived at the consignee or facility."""
    movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement.notification, "arrived")
    moment = read_moment(at)
    if movement.arrived_at is not None:
        raise Refused("recorded", _("Its arrival is recorded already."), field="at")
    movement.arrived_at = moment
    link = add_custody(movement, kind="arrival", state=actor.state, at=moment, place=place.strip()[:200])
    _seen(actor, movement, "arrived", moment, custody=link)
    return movement


@command("movements.movement.hold")
def hold(actor: Actor, movement_id: UUID | str, *, reason: str, at: datetime | str | None = None) -> Movement:
    """Hold it where it is: nothing may leave until the same State releases it."""
    return _stop(actor, movement_id, "held", reason, at)


@command("movements.movement.hold", "movements.movement.seize")
def seize(actor: Actor, movement_id: UUID | str, *, reason: str, at: datetime | str | None = None) -> Movement:
    """Seize it."""
    return _stop(actor, movement_id, "seized", reason, at)


def _stop(actor: Actor, movement_id: UUID | str, event: str, reason: str, at: datetime | str | None) -> Movement:
    movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement.notification, event)
    if not reason.strip():
        raise Refused("required", _("Say why."), field="reason", expected=_("a reason"))
    movement.held_by = actor.state
    step(actor, movement, event, at=read_moment(at), tell=True, reason=reason.strip())
    return movement


@command("movements.movement.hold", "movements.movement.release_hold")
def release_hold(actor: Actor, movement_id: UUID | str, *, reason: str, at: datetime | str | None = None) -> Movement:
    """End this State's own hold. Raises Refused("holder") for another State's."""
    movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement.notification, "released")
    if movement.status == Movement.Status.HELD and movement.held_by != actor.state:
        raise Refused(
            "holder", _("Only the State that holds it can release it."), field="movement", value=actor.state,
            expected=movement.held_by,
        )  # fmt: skip
    movement.held_by = ""
    step(actor, movement, "released", at=read_moment(at), tell=True, reason=reason.strip())
    return movement
