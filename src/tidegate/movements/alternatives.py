"""What a general notification leaves open (points of entry and exit, facility, operation), and what one shipment says
of it. Blocks 10, 11 and 15 of the notification document name every alternative; a movement takes one of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements.conditions import same
from tidegate.movements.models import Movement, Notification
from tidegate.parties.commanding import Refused

WAYS = ("entry", "exit")


def parted(points: str) -> list[str]:
    """Points of one field of a route; semicolons part them."""
    return [point.strip() for point in points.split(";") if point.strip()]


def points(notification: Notification) -> dict[tuple[str, str], list[str]]:
    """(State, entry or exit) to the points notified for it, in the order of the route."""
    found = {}
    for stop in notification.route.order_by("position"):
        for way in WAYS:
            if named := parted(getattr(stop, way)):
                found[stop.state, way] = named
    return found


def facilities(notification: Notification) -> list[Mapping[str, Any]]:
    """The facility notified, then those that a shipment may go to instead, or before."""
    named = [notification.blocks.get("facility") or {}, *(notification.blocks.get("further_facilities") or ())]
    return [one for one in named if names(one)]


def operations(notification: Notification) -> list[str]:
    """The operations notified."""
    return list(notification.blocks.get("operations") or ())


def names(facility: Mapping[str, Any]) -> list[str]:
    """What a condition or a paper may call a facility."""
    return [str(facility[name]) for name in ("registration", "name") if facility.get(name)]


def facility(notification: Notification, text: str) -> Mapping[str, Any] | None:
    """The facility of the notification that a registration number or a name means."""
    return next((one for one in facilities(notification) if any(same(text, name) for name in names(one))), None)


def called(notification: Notification, text: str) -> list[str]:
    """What a facility may be called: all its names where the notification has it, else as it was said."""
    known = facility(notification, text)
    return names(known) if known is not None else [text] if text else []


def own_route(movement: Movement) -> list[Mapping[str, str]]:
    """The stops of a shipment, in order: those notified; of a return, those of its plan."""
    notified = movement.notification.route.order_by("position").values("state", "role", "entry", "exit")
    return movement.particulars.get("route") or list(notified)


def own_points(movement: Movement) -> list[str]:
    """The points that a shipment passes: its own choice, and of what it does not say the first one notified; of a
    return, those of its plan."""
    if movement.particulars.get("route"):
        return [stop[way] for stop in own_route(movement) for way in WAYS if stop[way]]
    chosen = movement.particulars.get("points") or {}
    return [
        (chosen.get(state) or {}).get(way) or among[0] for (state, way), among in points(movement.notification).items()
    ]


def own_facility(movement: Movement) -> Mapping[str, Any]:
    """Where a shipment goes: what it says, else the facility notified."""
    said = str(movement.particulars.get("facility") or "")
    known = facility(movement.notification, said) if said else next(iter(facilities(movement.notification)), {})
    return known if known is not None else {"name": said}


def own_operation(movement: Movement) -> str:
    """What it goes for: what it says, else the first operation notified."""
    return movement.particulars.get("operation") or next(iter(operations(movement.notification)), "")


def consigned_apart(movement: Movement) -> bool:
    """Whether the consignee is another than the facility that it goes to: then block 17 is the consignee's."""
    importer = movement.notification.blocks.get("importer") or {}
    there = own_facility(movement)
    name = "registration" if importer.get("registration") and there.get("registration") else "name"
    return bool(importer.get(name)) and not same(importer[name], there.get(name))


def within(notification: Notification, said: Mapping[str, Any]) -> dict[str, Any]:
    """Particulars whose points, facility and operation are among the notification's, in its spelling: anything else is
    another movement than was notified. Raises Refused("particulars")."""
    kept, among = dict(said), points(notification)
    if "points" in said:
        kept["points"] = {
            state: {
                way: _one(f"points.{state}.{way}", point, among.get((state, way), ())) for way, point in own.items()
            }
            for state, own in said["points"].items()
        }
    if said.get("facility"):
        known = facility(notification, said["facility"])
        if known is None:
            every = [name for one in facilities(notification) for name in names(one)]
            raise _refused("facility", said["facility"], every)
        kept["facility"] = names(known)[0]
    if said.get("operation"):
        kept["operation"] = _one("operation", said["operation"], operations(notification))
    return kept


def _one(field: str, value: str, among: Sequence[str]) -> str:
    found = next((one for one in among if same(one, value)), None)
    if found is None:
        raise _refused(field, value, among)
    return found


def _refused(field: str, value: str, among: Sequence[str]) -> Refused:
    return Refused(
        "particulars", _("The notification does not name this."), field=f"particulars.{field}", value=value[:60],
        expected=", ".join(among),
    )  # fmt: skip
