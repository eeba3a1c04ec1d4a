"""One step of a movement: its status, its journal entry, and the message that tells the other States.

Every State on the route keeps a copy. Each fact has one writer (`WRITERS`); the columns that come with it (`OWNED`) are
set on the other copies by the message of that step alone. A message says enough of the movement for a State that has
not heard of it yet: steps of different States may overtake each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from tidegate.movements import machines
from tidegate.movements.machines import MOVEMENT
from tidegate.movements.models import Consent, Custody, Movement, Notification, Operation
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.models import JournalEntry, Organisation
from tidegate.parties.registry import Message, Post, Rejected

EXPORT, IMPORT, ANY = "export", "import", "any"
# Step → whose fact it is: the State of export's, the State of import's, or that of any State on the route.
WRITERS: Mapping[str, str] = {
    "announced": EXPORT, "amended": EXPORT, "cancelled": EXPORT, "departed": EXPORT, "custody_transferred": ANY,
    "border_passed": ANY, "transit_exit": ANY, "held": ANY, "released": ANY, "seized": ANY, "arrived": IMPORT,
    "received_accepted": IMPORT, "received_partly": IMPORT, "received_rejected": IMPORT, "interim_done": IMPORT,
    "completed": IMPORT, "return_ordered": ANY, "returned": EXPORT, "alternatively_disposed": ANY,
}  # fmt: skip
RECEIPT = ("received_kg", "accepted_kg", "rejected_kg", "received_at")
# Step → the columns that come with it.
OWNED: Mapping[str, Sequence[str]] = {
    "announced": ("planned_on", "announced_kg", "volume_m3", "packages", "particulars", "announced_at", "late_notice"),
    "amended": ("planned_on", "announced_kg", "volume_m3", "packages", "particulars"),
    "departed": ("loaded_kg", "departed_at", "packages", "particulars"),
    "held": ("held_by",),
    "released": ("held_by",),
    "seized": ("held_by",),
    "arrived": ("arrived_at",),
    "received_accepted": RECEIPT,
    "received_partly": RECEIPT,
    "received_rejected": RECEIPT,
    "completed": ("completed_at",),
}
_TEXT = {"type": "string", "maxLength": 4000}
_MASS = {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,3})?$"}
_MOMENT = {"type": "string", "format": "date-time", "maxLength": 40}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["movement", "at", "fields"],
    "properties": {
        "movement": {
            "type": "object",
            "required": ["serial", "planned_on", "announced_kg"],
            "properties": {
                "serial": {"type": "integer", "minimum": 1},
                "planned_on": {"type": "string", "format": "date"},
                "announced_kg": _MASS,
                "take_back": {"type": "boolean"},
            },
        },
        "at": _MOMENT,
        "fields": {"type": "object"},
        "reason": _TEXT,
        "custody": {"type": "object"},
        "operation": {"type": "object"},
    },
}


def concerned(movement: Movement) -> list[str]:
    """The other States on the route: those that are told of every step."""
    route = movement.notification.route.order_by("position").values_list("state", flat=True)
    return [state for state in dict.fromkeys(route) if state != movement.holder_id]


def place(actor: Actor, notification: Notification, event: str) -> None:
    """Raises Refused("writer") where this step is another State's fact."""
    writer = WRITERS[event]
    own = {EXPORT: notification.state_export, IMPORT: notification.state_import}.get(writer, actor.state)
    if actor.state != own or not notification.route.filter(state=actor.state).exists():
        raise Refused(
            "writer", _("Only the State whose fact it is records this."), field="state", value=actor.state, expected=own
        )


def step(
    actor: Actor,
    movement: Movement,
    event: str,
    *,
    at: datetime | None = None,
    tell: bool = False,
    state: str | None = None,
    reason: str = "",
    custody: Custody | None = None,
    operation: Operation | None = None,
    **payload: Any,
) -> JournalEntry:
    """Take a movement, changed already in its columns, through a step: save, journal, and tell the others.

    Raises Refused("state") where the life cycle has no such step from where the movement is.
    """
    before = movement.status
    after = machines.step(MOVEMENT, before, event, movement.held_from)
    if after in MOVEMENT.parking and before not in MOVEMENT.parking:
        movement.held_from = before
    elif before in MOVEMENT.parking:
        if (movement.held_from, event) in MOVEMENT.table:
            movement.held_from = machines.step(MOVEMENT, movement.held_from, event)
        if after not in MOVEMENT.parking:
            movement.held_from = ""
    movement.status = after
    movement.revision += 1
    movement.save()
    moment = at or times.now()
    body = {
        "movement": {
            "serial": movement.serial,
            "planned_on": movement.planned_on,
            "announced_kg": movement.announced_kg,
            "take_back": movement.take_back,
        },
        "at": moment,
        "fields": {name: getattr(movement, name) for name in OWNED.get(event, ())},
        "reason": reason,
    }
    if custody is not None:
        body["custody"] = {name: getattr(custody, name) for name in CUSTODY}
    if operation is not None:
        body["operation"] = {name: getattr(operation, name) for name in OPERATION}
    posts = []
    if tell:
        said = journal.as_json(body)
        posts = [Post(to, movement.case, f"movement.{event}", said, legal="Basel 6(9)") for to in concerned(movement)]
    return journal.record(
        actor,
        f"movement.{event}",
        movement,
        revision=movement.revision,
        case=movement.case,
        payload={**body, **payload},
        occurred_at=moment,
        state=state,
        posts=posts,
    )


CUSTODY = ("kind", "carrier", "registration", "means", "vehicle", "place", "state", "at", "note")
OPERATION = ("reference", "after", "final", "code", "facility", "input_kg", "output_kg", "loss_kg", "at")


def add_custody(movement: Movement, **said: Any) -> Custody:
    """The next link of the custody chain."""
    last = movement.custody.order_by("-position").values_list("position", flat=True).first()
    return Custody.objects.create(holder_id=movement.holder_id, movement=movement, position=(last or 0) + 1, **said)


def receive_step(message: Message, event: str) -> Movement:
    """Apply another State's step to this State's copy. Raises Rejected: unknown_case, not_the_writer, state, content."""
    notification = (
        Notification.objects.select_for_update().filter(holder=message.to, case=message.case).first()
    )  # fmt: skip
    if notification is None:
        raise Rejected("unknown_case", f"{message.case}: no copy of this notification is kept here")
    writer = WRITERS[event]
    allowed = {EXPORT: {notification.state_export}, IMPORT: {notification.state_import}}.get(
        writer, set(notification.route.values_list("state", flat=True))
    )
    if message.sender not in allowed:
        raise Rejected("not_the_writer", f"{event} is not a fact of {message.sender}")
    body = message.body
    actor = Actor(message.to)
    movement = _copy(actor, notification, message)
    values = {name: _value(name, body["fields"][name]) for name in OWNED.get(event, ()) if name in body["fields"]}
    for name, value in values.items():
        setattr(movement, name, {**movement.particulars, **value} if name == "particulars" else value)
    at = parse_datetime(str(body["at"]))
    custody = operation = None
    if said := body.get("custody"):
        held = {name: said.get(name, "") for name in CUSTODY if name != "at"}
        custody = add_custody(movement, **{**held, "state": message.sender}, at=parse_datetime(str(said["at"])) or at)
    if said := body.get("operation"):
        operation = add_operation(movement, said)
    known = (movement.status, event) in MOVEMENT.table
    if event == "released" and movement.status != "held":
        known = False
    if known:
        step(actor, movement, event, at=at, state=message.sender, reason=str(body.get("reason", "")))
    else:
        # A step that was overtaken by a later one: its facts are kept, the status stays.
        note(actor, movement, event, at=at, state=message.sender, fields=journal.as_json(values))
    return movement


def note(actor: Actor, movement: Movement, event: str, *, at: datetime | None, state: str, **payload: Any) -> None:
    """Keep what became known late without taking a step."""
    movement.revision += 1
    movement.save()
    journal.record(
        actor,
        "movement.told_late",
        movement,
        revision=movement.revision,
        case=movement.case,
        payload={"event": event, **payload},
        occurred_at=at,
        state=state,
    )


def add_operation(movement: Movement, said: Mapping[str, Any]) -> Operation:
    """An operation that the State of import has recorded; the same reference is kept once."""
    values = {name: _value(name, said.get(name, "")) for name in OPERATION if name != "reference"}
    made, _made = Operation.objects.get_or_create(
        holder_id=movement.holder_id, reference=said["reference"], defaults={"movement": movement, **values}
    )
    return made


def _copy(actor: Actor, notification: Notification, message: Message) -> Movement:
    said = message.body["movement"]
    found = Movement.objects.select_for_update().filter(
        holder=message.to, case=message.case, serial=said["serial"]
    ).first()  # fmt: skip
    if found is not None:
        return found
    movement = Movement(
        holder_id=message.to,
        case=message.case,
        notification=notification,
        serial=said["serial"],
        status="",
        planned_on=_value("planned_on", said["planned_on"]),
        announced_kg=_value("announced_kg", said["announced_kg"]),
        take_back=bool(said.get("take_back")),
        particulars={},
    )
    movement.save(force_insert=True)
    movement.involved.add(*notification.involved.all())
    if message.type != "movement.announced":
        step(actor, movement, "announced", state=message.sender)
    return movement


_DAYS = frozenset({"planned_on"})
_MOMENTS = frozenset({"announced_at", "departed_at", "arrived_at", "received_at", "completed_at", "at"})


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith(("_kg", "_m3")):
        return Decimal(str(value))
    if name in _DAYS:
        return parse_date(str(value))
    if name in _MOMENTS:
        return parse_datetime(str(value))
    return value


def facts_of(movement: Movement, at: datetime | None = None, kg: Decimal | None = None) -> dict[str, Any]:
    """What conditions of consents look at (`conditions.check`), for a movement as it stands; unknown is left out."""
    notification = movement.notification
    said = movement.particulars
    blocks = notification.blocks
    carriers = said.get("carriers") or blocks.get("carriers") or []
    announced = at or movement.announced_at or times.now()
    stops = list(notification.route.order_by("position"))
    facts: dict[str, Any] = {
        "day": movement.planned_on,
        "kg": movement.announced_kg if kg is None else kg,
        "route": [stop.state for stop in stops],
        "points": [point for stop in stops for point in (stop.entry, stop.exit) if point],
        "facility": (blocks.get("facility") or {}).get("registration") or (blocks.get("facility") or {}).get("name"),
        "operation": said.get("operation") or next(iter(blocks.get("operations") or []), None),
        "codes": [code for codes in (blocks.get("codes") or {}).values() for code in codes],
        "carriers": [c.get("registration") or c.get("name") for c in carriers],
        "means": [letter for c in carriers for letter in (c.get("means") or [])],
        "packaging": said.get("packaging") or blocks.get("packaging"),
        "notice_days": (movement.planned_on - announced.date()).days,
        "containers": said.get("containers"),
    }
    return {name: value for name, value in facts.items() if value not in (None, [], "")}


def consents_in_force(notification: Notification, day: date) -> list[str]:
    """The States whose required consent is not in force on a day; empty when all are, and the contract is confirmed
    where there is one (its State of import is then named)."""
    missing = [
        consent.authority
        for consent in notification.consents.filter(required=True).exclude(status="superseded")
        if consent.status not in Consent.GIVEN
        or (consent.valid_from is not None and day < consent.valid_from)
        or (consent.valid_until is not None and day > consent.valid_until)
    ]
    contract = getattr(notification, "contract", None)
    if (contract is None or contract.status != "confirmed") and notification.state_import not in missing:
        missing.append(notification.state_import)
    return missing


def link(movement: Movement) -> None:
    """Those who take part in the notification, and the carriers that this State's register knows, see the movement."""
    movement.involved.add(*movement.notification.involved.all())
    carriers = [c.get("registration") for c in movement.particulars.get("carriers", []) if c.get("registration")]
    if carriers:
        known = Organisation.objects.filter(holder=movement.holder_id, registration__in=carriers)
        movement.involved.add(*known)
