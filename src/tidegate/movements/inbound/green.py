"""Green-listed shipments: what the State that entered one, and the State where it arrives, say of it.

Each copy asks its own rulebook whether the law lets it move so: a State is bound by its own reading, not the sender's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tidegate.movements import facts, green, green_control, green_notice, guard
from tidegate.movements.breaches import open_breach
from tidegate.movements.calendars import Calendar, calendar_of
from tidegate.movements.facts import Early, inbound
from tidegate.movements.green_entering import Entering
from tidegate.movements.inbound.schemas import MOMENT, STATE, TEXT
from tidegate.movements.machines import GREEN_SHIPMENT, step
from tidegate.movements.models import GreenContainer, GreenShipment
from tidegate.parties import journal
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.models import State
from tidegate.parties.registry import Message, Post, Rejected

LEGAL = "Regulation (EU) 2024/1157, Article 18; OECD/LEGAL/0266"
_MASS = {"type": ["string", "null"], "pattern": r"^[0-9]{1,12}(\.[0-9]{1,3})?$"}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["writer", "revision", "at"],
    "properties": {
        "writer": STATE,
        "revision": {"type": "integer", "minimum": 1},
        "at": MOMENT,
        "content": {"type": "object"},
        "lodged_at": MOMENT,
        "office": {"type": "string", "maxLength": 200},
        "kind": {"enum": list(green_control.PASSAGES)},
        "note": TEXT,
        "reason": TEXT,
        "loaded_kg": _MASS,
        "received_kg": _MASS,
        "rejected_kg": _MASS,
        "operation": {"type": "string", "maxLength": 4},
    },
}
# Step → what travels with it.
OWNED: Mapping[str, tuple[str, ...]] = {
    "entered": ("content", "lodged_at"),
    "amended": ("content", "lodged_at"),
    "departed": ("loaded_kg",),
    "cancelled": ("reason",),
    "received": ("received_kg", "rejected_kg", "reason"),
    "rejected": ("received_kg", "rejected_kg", "reason"),
    "recovered": (),
    "held": (),
    "released": (),
    "passed": (),
}
AT = {"departed": "departed_at", "received": "received_at", "rejected": "received_at", "recovered": "recovered_at"}
BY_WRITER = frozenset({"entered", "amended", "departed", "cancelled"})
# Each State's own facts, whichever it is on the route.
BY_ANY = frozenset({"held", "released", "passed"})


def fill(
    row: GreenShipment,
    content: green.Content,
    answer: Mapping[str, Any],
    calendar_of: Callable[[str], Calendar] = calendar_of,
) -> None:
    """Put a form, and what the law says of it, into a row; `packed` follows once it is saved."""
    assert content.planned_on is not None
    assert content.quantity_kg is not None
    row.reference, row.content = content.reference, content.model_dump(mode="json")
    row.state_export, row.state_import, row.transit = content.state_export, content.state_import, content.transit
    row.planned_on, row.quantity_kg = content.planned_on, content.quantity_kg
    row.screen = green.shown(answer)
    row.law, row.law_version = green.standing(answer), str(answer.get("law_version") or "")
    green_notice.stamp(row, calendar_of)


def late(actor: Actor, row: GreenShipment) -> None:
    """Open a breach where it has left, and its form had been handed in too late for that."""
    if row.late_notice:
        open_breach(actor, row, "late_notice", lodged_at=row.lodged_at, due=row.notice["due"], rule=row.notice["rule"])


def packed(row: GreenShipment) -> None:
    """Let the border find a saved row by the containers of its form."""
    numbers = list(row.content.get("containers") or [])
    row.container_uses.exclude(number__in=numbers).delete()
    for number in numbers:
        GreenContainer.objects.get_or_create(shipment=row, number=number, defaults={"holder_id": row.holder_id})


def others(row: GreenShipment, entering: Entering) -> list[str]:
    """The other States concerned that take part in the exchange, in the order of the route."""
    wanted = [state for state in dict.fromkeys(green_control.route(row)) if state != row.holder_id]
    return [state for state in wanted if entering.here(state)]


def posts(row: GreenShipment, event: str, at: datetime, entering: Entering | None = None, **more: Any) -> list[Post]:
    """The message of a step to every other State; `row` is not saved under its next revision yet."""
    body = {
        "writer": row.writer, "revision": row.revision + 1, "at": at,
        **{name: getattr(row, name) for name in OWNED[event]}, **more,
    }  # fmt: skip
    plain = journal.as_json(body)
    return [
        Post(state, row.case, f"green_shipment.{event}", plain, legal=LEGAL)
        for state in others(row, entering or Entering())
    ]


def _entered(message: Message) -> GreenShipment:
    """The copy that a content is about: found, or made by the State whose content it is."""
    said = message.body
    row = GreenShipment.objects.select_for_update().filter(holder=message.to, case=message.case).first()
    if row is not None:
        facts.only(message, row.writer)
        return row
    content = said.get("content") or {}
    owner = content.get("state_export")
    if not State.objects.filter(pk=owner).exists():
        owner = content.get("state_import")
    if said["writer"] != message.sender or message.sender != owner:
        raise Rejected("not_entitled", f"the content of {message.case} is {owner}'s, not {message.sender}'s")
    return GreenShipment(holder_id=message.to, case=message.case, writer=message.sender, status="")


def _take_content(message: Message, event: str) -> None:
    row = _entered(message)
    # The order within a case is kept by the exchange; what comes again or late changes nothing.
    if not row._state.adding and message.body["revision"] <= row.origin:
        return
    event = event if row._state.adding == (event == "entered") else "entered" if row._state.adding else "amended"
    try:
        content = green.read(message.body.get("content"))
        problem = next(green.problems(content, guard.book()), None)
        if problem is not None:
            raise Rejected("form", f"{problem[0]}: {problem[1]!r}; expected {problem[2]}")
        assert content.planned_on is not None
        answer = green.screen(content, content.planned_on, guard.book())
    except Refused as refused:
        raise Rejected("form", f"{refused.field}: {refused.value!r}; expected {refused.expected}") from None
    if message.to not in [stop.state for stop in green.route_of(content)] and row._state.adding:
        raise Rejected("not_concerned", f"{message.to} is not on the route of {message.case}")
    if row._state.adding or message.body.get("lodged_at"):
        row.lodged_at = facts.moment(message.body.get("lodged_at") or message.body["at"])
    fill(row, content, answer)
    row.origin = message.body["revision"]
    row.status = step(GREEN_SHIPMENT, row.status, event)
    if row._state.adding:
        row.save(force_insert=True)
    packed(row)
    facts.link(row, green.parties(content))
    _note(message, row, event)


def _note(message: Message, row: GreenShipment, event: str, **payload: Any) -> None:
    facts.note(
        message.to, f"green_shipment.{event}", row, payload={"law": row.law, **payload}, state=message.sender,
        occurred_at=facts.moment(message.body["at"]), law_version=row.law_version,
    )  # fmt: skip


def _take_fact(message: Message, event: str) -> None:
    row = GreenShipment.objects.select_for_update().filter(holder=message.to, case=message.case).first()
    if row is None:
        raise Early
    place = row.state_import if State.objects.filter(pk=row.state_import).exists() else row.writer
    facts.only(message, row.writer if event in BY_WRITER else place)
    said, column = message.body, AT.get(event, "")
    if column and getattr(row, column) is not None:
        return  # known already
    if event == "cancelled" and row.status == "cancelled":
        return
    if event == "recovered" and row.received_kg is None:
        raise Early
    for name in OWNED[event]:
        value = said.get(name)
        setattr(row, name, Decimal(value) if name.endswith("_kg") and value is not None else value or "")
    if event in ("received", "rejected") and (
        row.received_kg is None or row.rejected_kg is None or row.rejected_kg > row.received_kg
    ):
        raise Rejected("quantity", "more was turned away than came, or the figures are missing")
    if column:
        setattr(row, column, facts.moment(said["at"]))
    if event == "departed":
        _ask_again(row)
    if (row.status, event) not in GREEN_SHIPMENT.table:
        raise Rejected("contradiction", f"{row.status} and then {event}")
    row.status = step(GREEN_SHIPMENT, row.status, event)
    _note(message, row, event, **({"operation": said["operation"]} if said.get("operation") else {}))
    own = facts.system(message.to)
    if event == "departed":
        late(own, row)
        if row.law == GreenShipment.Law.BARRED:
            open_breach(own, row, "not_green", rules=[one["rule"] for one in green.against(row)])
    if column:
        green_control.moved(own, row, getattr(row, column))


def _take_control(message: Message, event: str) -> None:
    """Another State holds it, lets it go, or has seen it pass."""
    row = GreenShipment.objects.select_for_update().filter(holder=message.to, case=message.case).first()
    if row is None or (message.sender not in green_control.route(row) and message.sender not in row.held_by):
        # The change of the form that puts the sender on the route is still on its way.
        raise Early
    said, at = message.body, facts.moment(message.body["at"])
    office = str(said.get("office") or "")
    more = {"office": office}
    if event == "passed":
        if not said.get("kind"):
            raise Rejected("form", "kind: nothing; expected a kind of passage")
        more |= {"kind": said["kind"], "note": str(said.get("note") or "")}
        new = green_control.passed(row, message.sender, at=at, **more)
    else:
        more["reason"] = str(said.get("reason") or "")
        new = (
            green_control.stop(row, message.sender, at=at, **more)
            if event == "held"
            else green_control.let_go(row, message.sender)
        )
    if not new:
        return  # known already
    row.status = step(GREEN_SHIPMENT, row.status, event)
    _note(message, row, event, **more)
    own = facts.system(message.to)
    if event == "held":
        green_control.overtaken(own, row, message.sender)
    elif event == "passed" and more["kind"] != green_control.ARRIVAL:
        green_control.moved(own, row, at)


def _ask_again(row: GreenShipment) -> None:
    """The law of the day on which it left."""
    assert row.departed_at is not None
    content = green.read(row.content)
    day: date = facts.day(row.departed_at.date(), "at") or row.planned_on
    fill(row, content, green.screen(content, day, guard.book()))


def _register(event: str) -> None:
    take = _take_content if event in ("entered", "amended") else _take_control if event in BY_ANY else _take_fact

    def handle(message: Message) -> None:
        take(message, event)

    handle.__doc__ = f"Another State's fact about a green-listed shipment: {event}."
    inbound(f"green_shipment.{event}", SCHEMA)(handle)


for _event in OWNED:
    _register(_event)
