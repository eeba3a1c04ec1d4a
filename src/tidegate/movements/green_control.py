"""What customs does to a green-listed shipment on its way: each State's own holds, and where it was seen to pass.

A hold belongs to the State that set it and ends by its word alone; nothing is reported as departed or recovered while
one stands. What was seen all the same is stored, and opens a breach.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.breaches import open_breach
from tidegate.movements.models import GreenShipment
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused

Status = GreenShipment.Status
# From where it may be held: until it is recovered or given up.
HOLDABLE = (Status.ENTERED, Status.DEPARTED, Status.RECEIVED, Status.REJECTED)
ENTRY, EXIT, ARRIVAL = "entry", "exit", "arrival"
PASSAGES = {
    ENTRY: pgettext_lazy("passage", "It came in"),
    EXIT: pgettext_lazy("passage", "It went out"),
    ARRIVAL: pgettext_lazy("passage", "It arrived at the office"),
}
_MOVES = ("departed_at", "received_at", "recovered_at")


def route(row: GreenShipment) -> list[str]:
    """The States concerned, in the order of the way."""
    return [row.state_export, *row.transit, row.state_import]


def hold_of(row: GreenShipment, state: str) -> Mapping[str, str] | None:
    """A State's own hold, or None."""
    return next((one for one in row.holds if one["state"] == state), None)


def stop(row: GreenShipment, state: str, *, at: datetime, office: str, reason: str) -> bool:
    """Note that a State holds it; gives whether that is new."""
    said = {"state": state, "office": office, "at": _written(at), "reason": reason}
    if hold_of(row, state) == said:
        return False
    row.holds = sorted([*(one for one in row.holds if one["state"] != state), said], key=lambda one: one["state"])
    return True


def let_go(row: GreenShipment, state: str) -> bool:
    """Note that a State holds it no longer; gives whether it did."""
    if hold_of(row, state) is None:
        return False
    row.holds = [one for one in row.holds if one["state"] != state]
    return True


def passed(row: GreenShipment, state: str, *, kind: str, at: datetime, office: str, note: str) -> bool:
    """Note where it was seen; gives whether that is new. Every copy has them in the same order."""
    said = {"state": state, "kind": kind, "office": office, "at": _written(at), "note": note}
    if said in row.passages:
        return False
    row.passages = sorted([*row.passages, said], key=lambda one: (one["at"], *one.values()))
    return True


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def must_be_free(row: GreenShipment) -> None:
    """Raises Refused("held") while a State holds it."""
    if row.holds:
        raise Refused("held", _("It is held."), field="holds", value=", ".join(row.held_by),
                      expected=_("every State that holds it has let it go"))  # fmt: skip


def moved(actor: Actor, row: GreenShipment, at: datetime) -> None:
    """Open a breach where it moved at a moment when a State held it."""
    for hold in row.holds:
        if at > datetime.fromisoformat(hold["at"]):
            open_breach(actor, row, "left_while_held", by=hold["state"], held_at=hold["at"], at=at)


def overtaken(actor: Actor, row: GreenShipment, state: str) -> None:
    """The same where a State's hold is learnt of after what was done in spite of it."""
    hold = hold_of(row, state)
    moments = [getattr(row, name) for name in _MOVES] + [
        datetime.fromisoformat(one["at"]) for one in row.passages if one["kind"] in (ENTRY, EXIT)
    ]
    later = [at for at in moments if hold is not None and at is not None and at > datetime.fromisoformat(hold["at"])]
    if hold is not None and later:
        open_breach(actor, row, "left_while_held", by=state, held_at=hold["at"], at=min(later))
