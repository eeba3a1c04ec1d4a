"""At the border: customs of each State on the route holds a green-listed shipment, lets it go, and records its passage.

The other States are told of each. What was seen is always stored; what should not have happened opens a breach.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts, green, green_control
from tidegate.movements.breaches import open_breach
from tidegate.movements.commands.green import past, told
from tidegate.movements.models import GreenShipment
from tidegate.movements.particulars import moment
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked

Status = GreenShipment.Status
HOLD = "movements.green.hold"
OBSERVE = "movements.green.observe"
# As long as a place of the custody chain of a movement.
OFFICE, NOTE = 200, 4000


@command(HOLD)
def hold(
    actor: Actor, shipment_id: UUID | str, *, reason: str, office: str = "", at: datetime | str | None = None
) -> GreenShipment:
    """Hold it where it is: it is not reported as departed or recovered until every State that holds it has let it go.

    `office` is where (left out: the acting organisation). Raises Refused: place (not on the route), state (recovered or
    cancelled), recorded (this State holds it already), text, moment; Missing.
    """
    row = _here(actor, shipment_id)
    if row.status not in green_control.HOLDABLE:
        raise Refused("state", _("It is over: there is nothing to hold."), field="status", value=row.status,
                      expected=", ".join(green_control.HOLDABLE))  # fmt: skip
    if green_control.hold_of(row, actor.state) is not None:
        raise Refused("recorded", _("This State holds it already."), field="state", value=actor.state,
                      expected=_("its hold has ended"))  # fmt: skip
    why, when = facts.words(reason, "reason", _("a reason")), past(moment(at), "at")
    where = _office(actor, office)
    green_control.stop(row, actor.state, at=when, office=where, reason=why)
    found = told(actor, row, "held", at=when, reason=why, office=where)
    green_control.overtaken(actor, row, actor.state)
    return found


@command(HOLD, "movements.green.release_hold")
def release_hold(
    actor: Actor, shipment_id: UUID | str, *, reason: str, office: str = "", at: datetime | str | None = None
) -> GreenShipment:
    """End this State's own hold. It stays held while another State holds it too.

    Raises Refused: place, holder (this State does not hold it), text, moment; Missing.
    """
    row = _here(actor, shipment_id)
    if not green_control.let_go(row, actor.state):
        raise Refused("holder", _("This State does not hold it."), field="state", value=actor.state,
                      expected=", ".join(row.held_by))  # fmt: skip
    why, when = facts.words(reason, "reason", _("a reason")), past(moment(at), "at")
    return told(actor, row, "released", at=when, reason=why, office=_office(actor, office))


@command(OBSERVE, "movements.green.pass_border")
def pass_border(
    actor: Actor,
    shipment_id: UUID | str,
    *,
    kind: str,
    office: str = "",
    at: datetime | str | None = None,
    note: str = "",
) -> GreenShipment:
    """It was seen at an office of this State: `kind` is entry, exit or arrival (at the office).

    Stored whatever the law said; it opens a breach where the law bars it, where it is held and comes in or goes out,
    and where it had been cancelled. Raises Refused: place, choice (the kind), recorded (the same again), moment;
    Missing.
    """
    row = _here(actor, shipment_id)
    if kind not in green_control.PASSAGES:
        raise Refused("choice", _("This is no kind of passage."), field="kind", value=str(kind)[:20],
                      expected=", ".join(green_control.PASSAGES))  # fmt: skip
    when, where = past(moment(at), "at"), _office(actor, office)
    said: dict[str, Any] = {"kind": kind, "office": where, "note": str(note or "").strip()[:NOTE]}
    if not green_control.passed(row, actor.state, at=when, **said):
        raise Refused("recorded", _("This passage is recorded already."), field="at", value=when.isoformat())
    found = told(actor, row, "passed", at=when, **said)
    if kind != green_control.ARRIVAL:
        green_control.moved(actor, row, when)
    if row.law == GreenShipment.Law.BARRED:
        open_breach(actor, row, "not_green", rules=[one["rule"] for one in green.against(row)])
    if row.status == Status.CANCELLED:
        open_breach(actor, row, "not_announced", status=row.status, at=when)
    return found


def _here(actor: Actor, key: UUID | str) -> GreenShipment:
    """The row, locked, where the actor's State is on its route."""
    row: GreenShipment = locked(GreenShipment, key, actor)
    if actor.state not in green_control.route(row):
        raise Refused("place", _("This State is not on its route."), field="state", value=actor.state,
                      expected=", ".join(green_control.route(row)))  # fmt: skip
    return row


def _office(actor: Actor, office: Any) -> str:
    named = str(office or "").strip() or (actor.organisation.name if actor.organisation is not None else "")
    return named[:OFFICE]
