"""The way home of a load (Articles 8 and 9): read from a plan, worked out where the plan names none, and held against
what is seen. Its stops are those of a notification's route: the State where the load is kept, States of transit, the
State of export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements import alternatives, guard
from tidegate.movements.breaches import open_breach
from tidegate.movements.conditions import same
from tidegate.movements.models import Custody, Movement, TakeBack
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.registry import Rejected

MOST = 20
_POINT = {"type": "string", "maxLength": 120}
SCHEMA: Mapping[str, Any] = {
    "type": "array",
    "maxItems": MOST,
    "items": {
        "type": "object",
        "required": ["state", "role", "entry", "exit"],
        "properties": {
            "state": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "role": {"enum": ["export", "transit", "import"]},
            "entry": _POINT,
            "exit": _POINT,
        },
        "additionalProperties": False,
    },
}


def read(row: TakeBack, given: Any) -> list[dict[str, str]]:
    """The stops of a plan: as given (`[{"state", "entry", "exit"}]`), else the way that it came. Raises
    Refused("route")."""
    if not given:
        return back(row)
    if not isinstance(given, list | tuple) or not all(isinstance(one, Mapping) for one in given):
        raise _refused(given, '[{"state": "MY", "exit": "…"}, …]')
    stops = _stops([tuple(str(one.get(name) or "").strip() for name in ("state", "entry", "exit")) for one in given])
    if unknown := [stop["state"] for stop in stops if stop["state"] not in guard.book().states]:
        raise _refused(unknown[0], _("a State by its two letters"))
    if why := _wrong(row, stops):
        raise _refused(" ".join(stop["state"] for stop in stops), why)
    return stops


def told(row: TakeBack, stops: Sequence[Mapping[str, str]]) -> None:
    """The same of a plan that another State proposes; it may name none. Raises Rejected("contradiction")."""
    if stops and (why := _wrong(row, stops)):
        raise Rejected("contradiction", f"the way home: expected {why}")


def back(row: TakeBack) -> list[dict[str, str]]:
    """The way that it came, from where it is kept; a point of entry is one of exit now."""
    if row.movement is not None:
        came = [(stop.state, stop.exit, stop.entry) for stop in row.movement.notification.route.order_by("position")]
    else:
        came = [(state, "", "") for state in row.states if state not in row.joined]
    passed = came[: [state for state, *_points in came].index(row.opener) + 1]
    return _stops(passed[::-1])


def _stops(said: Sequence[tuple[str, ...]]) -> list[dict[str, str]]:
    last = len(said) - 1
    return [
        {
            "state": state.upper(),
            "role": "export" if number == 0 else "import" if number == last else "transit",
            "entry": entry[:120] if number else "",
            "exit": leaving[:120] if number < last else "",
        }
        for number, (state, entry, leaving) in enumerate(said)
    ]


def _wrong(row: TakeBack, stops: Sequence[Mapping[str, str]]) -> Any:
    """What was expected, where it is no way home; else nothing."""
    states = [stop["state"] for stop in stops]
    if states[0] != row.opener or states[-1] != row.state_export or len(states) > MOST:
        return f"{row.opener} → … → {row.state_export}"
    return _("each State once") if len(set(states)) != len(states) else None


def _refused(value: Any, expected: Any) -> Refused:
    return Refused(
        "route", _("This is no way home for the load."), field="route", value=str(value)[:60], expected=expected
    )


def states(row: TakeBack) -> list[str]:
    """The States on the way home of the plan in force, in order."""
    return [stop["state"] for stop in row.plan.get("route") or ()]


def astray(actor: Actor, movement: Movement, link: Custody) -> None:
    """Open a breach where customs saw a return in a State, or at a point, that its plan does not name: to this way
    alone the States consented."""
    way = movement.particulars.get("route") or []
    if not way or link.kind not in alternatives.WAYS:
        return
    here = next((stop for stop in way if stop["state"] == link.state), None)
    named = alternatives.parted(here[link.kind]) if here is not None else []
    if here is not None and not (named and link.place and not any(same(point, link.place) for point in named)):
        return
    agreed = {"kind": "route", "states": [stop["state"] for stop in way], "points": alternatives.own_points(movement)}
    open_breach(actor, movement, "condition", conditions=[agreed], state=link.state, place=link.place, at=link.at)
