"""What happens on the road: departure, hand-over, passage, arrival; and what an authority does to it: hold, seize.

`depart` is the notifier's act and is guarded. Everything else here was seen: it is stored whatever the guards say, and
what should not have happened opens a breach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import alternatives, bases, carriage, chasing, draws, evidence, facts, homeward, legs
from tidegate.movements import particulars as read
from tidegate.movements.breaches import open_breach
from tidegate.movements.calendars import today
from tidegate.movements.carriage import add_custody, observed
from tidegate.movements.commands.notifications import exhausted
from tidegate.movements.leaving import flag, may_leave, overtaken, unmet
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Movement, Notification
from tidegate.movements.owning import by_the_right_hand
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked

Status = Movement.Status


@command("movements.movement.depart")
def depart(
    actor: Actor,
    movement_id: UUID | str,
    *,
    loaded_kg: Decimal | str,
    basis: str = "",
    tare_kg: Decimal | str | None = None,
    moisture_pct: Decimal | str | None = None,
    at: datetime | str | None = None,
    packages: int | None = None,
    particulars: Mapping[str, Any] | None = None,
    revision: int | None = None,
) -> Movement:
    """The shipment leaves: the reservation becomes use, at the weighed quantity. On another `basis` (gross, net, dry)
    than the notification's it is worked out from tare or moisture.

    A carrier records only the departure of what it carries first, and what it knows of the load.

    Raises Refused: writer, leg, state (not announced, or held), consent, condition, mass, basis (tare or moisture is
    wanting), moisture, moment, particulars;
    Conflict; Missing.
    """
    movement: Movement = locked(Movement, movement_id, actor, revision)
    carriage.place(actor, movement, "departed")
    by_the_right_hand(actor, movement.notification)
    legs.departs(actor, movement, particulars)
    if movement.status != Status.ANNOUNCED:
        raise Refused(
            "state", _("Only an announced movement that is not held may leave."), field="movement",
            value=movement.status, expected=Status.ANNOUNCED,
        )  # fmt: skip
    moment = read.moment(at)
    loaded, came_about = bases.weigh(
        movement.notification, kilograms(loaded_kg, "loaded_kg"), basis=basis, tare_kg=tare_kg,
        moisture_pct=moisture_pct, need=True,
    )  # fmt: skip
    _describe(movement, packages, particulars, alternatives.within)
    may_leave(movement, day=today(actor.state, moment), kg=loaded)
    _depart(actor, movement, loaded, came_about, moment)
    return movement


@command("movements.movement.observe", "movements.movement.saw_departure")
def saw_departure(
    actor: Actor,
    movement_id: UUID | str,
    *,
    loaded_kg: Decimal | str,
    basis: str = "",
    tare_kg: Decimal | str | None = None,
    moisture_pct: Decimal | str | None = None,
    at: datetime | str | None = None,
    packages: int | None = None,
    particulars: Mapping[str, Any] | None = None,
) -> Movement:
    """Customs saw it leave: stored in any case. What was not in order opens a breach: not announced, held, no consent,
    a condition not met; more than was reserved opens the ledger's own. Weighed on another `basis` than the
    notification's, with nothing to work that out from, it is held against nothing until it is corrected.

    Raises Refused: writer, recorded, mass, basis, moisture, moment.
    """
    movement: Movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement, "departed")
    moment = read.moment(at)
    loaded, came_about = bases.weigh(
        movement.notification, kilograms(loaded_kg, "loaded_kg"), basis=basis, tare_kg=tare_kg,
        moisture_pct=moisture_pct,
    )  # fmt: skip
    before = movement.status
    _describe(movement, packages, particulars)
    _depart(actor, movement, loaded, came_about, moment)
    day = today(actor.state, moment)
    if before in (Status.DRAFT, Status.ANNOUNCING, Status.CANCELLED):
        evidence.tell_first(actor, movement)
        open_breach(actor, movement, "not_announced", status=before, at=moment)
    if before in carriage.MOVEMENT.parking:
        open_breach(actor, movement, "left_while_held", status=before, at=moment)
    flag(actor, movement, day, moment)
    if not movement.take_back and (failed := unmet(movement, day, bases.like(movement, "loaded_kg"))):
        open_breach(actor, movement, "condition", conditions=[one.condition for one in failed], at=moment)
    return movement


def _describe(
    movement: Movement,
    packages: int | None,
    particulars: Mapping[str, Any] | None,
    allowed: Callable[[Notification, dict[str, Any]], dict[str, Any]] = lambda _notification, said: said,
) -> None:
    if packages is not None:
        movement.packages = read.packages(packages)
    if particulars:
        said = allowed(movement.notification, read.read(particulars))
        movement.particulars = {**movement.particulars, **said}


def _depart(actor: Actor, movement: Movement, loaded: Decimal, came_about: dict[str, Any], at: datetime) -> None:
    if movement.loaded_kg is not None:
        raise Refused("recorded", _("Its departure is recorded already; propose a correction."), field="loaded_kg")
    movement.loaded_kg, movement.loaded_as, movement.departed_at = loaded, came_about, at
    carriage.link(movement)
    if not movement.take_back:
        if movement.received_kg is None:
            draws.commit(actor, movement, bases.counted(movement), at)
        else:  # it came before its departure was known: the higher figure is what left
            draws.adjust(actor, movement, bases.counted(movement), at, "departed")
        exhausted(movement.holder_id, movement.case)
    observed(actor, movement, "departed", at=at)
    overtaken(actor, movement)
    chasing.departed(actor, movement)


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
    signed_by: str = "",
    note: str = "",
) -> Movement:
    """The next carrier takes it over: one more link of the custody chain. A carrier records what it hands over, or
    takes over where the movement names it. Raises Refused: writer, leg, text, moment."""
    name = facts.words(carrier, "carrier", _("the carrier's name"))
    onto = {"registration": registration.strip(), "name": name}
    return _custody(
        actor, movement_id, "custody_transferred", "transfer", at, lambda row: legs.transfers(actor, row, onto),
        place=place, note=note, vehicle=vehicle, carrier=name, registration=registration, means=means, person=signed_by,
    )  # fmt: skip


@command("movements.movement.remark")
def remark(
    actor: Actor, movement_id: UUID | str, *, text: str, signed_by: str = "", at: datetime | str | None = None
) -> Movement:
    """A party to the movement adds a remark (block 16): a link of the custody chain like any other, never changed.

    Raises Refused: writer, state (nobody was told of it yet), text, moment.
    """
    assert actor.organisation is not None
    return _custody(
        actor, movement_id, "remarked", "remark", at, _told, carrier=actor.organisation.name,
        registration=actor.organisation.registration, person=signed_by, note=facts.words(text, "text", _("a remark")),
    )  # fmt: skip


def _told(movement: Movement) -> None:
    if (movement.status, "remarked") not in carriage.MOVEMENT.table:
        raise Refused(
            "state", _("Nobody has been told of this movement yet."), field="movement", value=movement.status,
            expected=Status.ANNOUNCED,
        )  # fmt: skip


@command("movements.movement.receive", "movements.movement.consignee_receive")
def consignee_receive(
    actor: Actor,
    movement_id: UUID | str,
    *,
    place: str = "",
    signed_by: str = "",
    at: datetime | str | None = None,
    note: str = "",
) -> Movement:
    """The consignee, where it is not the facility, has received it (block 17 of the movement document).

    Raises Refused: writer, facility (they are the same), recorded, moment.
    """
    importer = locked(Movement, movement_id, actor).notification.blocks.get("importer") or {}

    def apart(movement: Movement) -> None:
        if not alternatives.consigned_apart(movement):
            raise Refused(
                "facility", _("The consignee is the facility itself: record the receipt."), field="movement",
                value=importer.get("name"),
            )  # fmt: skip
        if movement.custody.filter(kind="consignee").exists():
            raise Refused("recorded", _("The consignee's receipt is recorded already."), field="at")

    return _custody(
        actor, movement_id, "consignee_received", "consignee", at, apart, carrier=importer.get("name", ""),
        registration=importer.get("registration", ""), place=place, person=signed_by, note=note,
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
    """Customs of this State saw it come in, or (`leaving`) go out. Without consents in force a breach opens; so it does
    where a return passes elsewhere than its plan says.

    Raises Refused: writer, moment.
    """
    event = "transit_exit" if leaving else "border_passed"
    moment = read.moment(at)
    kind = "exit" if leaving else "entry"
    movement = _custody(actor, movement_id, event, kind, moment, place=place, note=note)
    flag(actor, movement, today(actor.state, moment), moment)
    if movement.status in carriage.MOVEMENT.parking:
        open_breach(actor, movement, "left_while_held", status=movement.status, at=moment)
    return movement


LENGTHS = {"carrier": 200, "registration": 64, "means": 8, "vehicle": 120, "place": 200, "person": 200, "note": 4000}


def _custody(
    actor: Actor,
    movement_id: UUID | str,
    event: str,
    kind: str,
    at: datetime | str | None,
    may: Callable[[Movement], None] = lambda _movement: None,
    **said: str,
) -> Movement:
    movement: Movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement, event)
    may(movement)
    moment = read.moment(at)
    kept = {name: str(value or "").strip()[: LENGTHS[name]] for name, value in said.items()}
    link = add_custody(movement, kind=kind, state=actor.state, at=moment, **kept)
    seen(actor, movement, event, moment, custody=link)
    homeward.astray(actor, movement, link)
    return movement


def seen(actor: Actor, movement: Movement, event: str, at: datetime, **more: Any) -> None:
    """Store and tell an observation, also where the life cycle has no step for it: then it opens a breach."""
    before = movement.status
    if not observed(actor, movement, event, at=at, **more):
        open_breach(actor, movement, "not_announced", status=before, event=event, at=at)


@command("movements.movement.receive", "movements.movement.arrive")
def arrive(actor: Actor, movement_id: UUID | str, *, at: datetime | str | None = None, place: str = "") -> Movement:
    """It has arrived at the consignee or facility. Raises Refused: writer, recorded, moment."""
    movement: Movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement, "arrived")
    moment = read.moment(at)
    if movement.arrived_at is not None:
        raise Refused("recorded", _("Its arrival is recorded already."), field="at")
    movement.arrived_at = moment
    link = add_custody(movement, kind="arrival", state=actor.state, at=moment, place=str(place).strip()[:200])
    seen(actor, movement, "arrived", moment, custody=link)
    chasing.arrived(actor, movement)
    flag(actor, movement, today(actor.state, moment), moment)
    return movement


@command("movements.movement.hold")
def hold(actor: Actor, movement_id: UUID | str, *, reason: str, at: datetime | str | None = None) -> Movement:
    """Hold it where it is: nothing may leave until every State that holds it has released it.

    Raises Refused: writer, state (recovered, returned or given up already), text, moment.
    """
    return _stop(actor, movement_id, "held", reason, at)


@command("movements.movement.hold", "movements.movement.seize")
def seize(actor: Actor, movement_id: UUID | str, *, reason: str, at: datetime | str | None = None) -> Movement:
    """Seize it: only a return or a disposal ends that. Raises Refused as `hold`."""
    return _stop(actor, movement_id, "seized", reason, at)


def _stop(actor: Actor, movement_id: UUID | str, event: str, reason: str, at: datetime | str | None) -> Movement:
    movement: Movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement, event)
    why = facts.words(reason, "reason", _("a reason"))
    moment = read.moment(at)
    carriage.stop(movement, actor.state, event, moment, why)
    carriage.step(actor, movement, event, at=moment, tell=True, reason=why)
    return movement


@command("movements.movement.hold", "movements.movement.release_hold")
def release_hold(actor: Actor, movement_id: UUID | str, *, reason: str, at: datetime | str | None = None) -> Movement:
    """End this State's own hold. It stays held while another State holds it too.

    Raises Refused: writer, holder (this State does not hold it), text, moment.
    """
    movement: Movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement, "released")
    if not any(one["state"] == actor.state and one["how"] == "held" for one in movement.holds):
        raise Refused(
            "holder", _("This State does not hold it."), field="movement", value=actor.state,
            expected=", ".join(carriage.held_by(movement)),
        )  # fmt: skip
    why = facts.words(reason, "reason", _("a reason"))
    carriage.end_hold(movement, actor.state)
    observed(actor, movement, carriage.freed(movement), at=read.moment(at), reason=why)
    return movement
