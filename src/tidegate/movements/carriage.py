"""One step of a movement: its status, its journal entry, and the message that tells the other States.

Every State on the route keeps a copy. Each fact has one writer (`writers`); the columns that come with it (`OWNED`) are
set on the other copies by the message of that step alone. Steps of different States may overtake each other: each copy
takes what the life cycle allows and keeps the rest as told late, and both ways lead to the same status (`settle`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.law import Book
from tidegate.movements import alternatives, facts, legs, machines
from tidegate.movements.facts import Early, moment
from tidegate.movements.machines import MOVEMENT
from tidegate.movements.models import Custody, Movement, Notification, Operation
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.models import JournalEntry
from tidegate.parties.registry import Message, Rejected

EXPORT, IMPORT, START, ANY = "export", "import", "start", "any"
# Step → whose fact it is: the State of export's, the State of import's, that of the State where the journey starts, or
# that of any State on the route.
WRITERS: Mapping[str, str] = {
    "announced": EXPORT, "amended": EXPORT, "cancelled": EXPORT, "departed": START, "custody_transferred": ANY,
    "border_passed": ANY, "transit_exit": ANY, "held": ANY, "released": ANY, "hold_ended": ANY, "seized": ANY,
    "remarked": ANY, "consignee_received": IMPORT,
    "arrived": IMPORT, "received_accepted": IMPORT, "received_partly": IMPORT, "received_rejected": IMPORT,
    "certified": IMPORT, "interim_done": IMPORT, "completed": IMPORT, "return_ordered": ANY, "returned": EXPORT,
    "alternatively_disposed": ANY,
}  # fmt: skip
# A load that goes home ends where the other one began.
HOMEWARD = frozenset(event for event, writer in WRITERS.items() if writer == IMPORT)
# From where a stop (a hold, a seizure) parks it.
STOPPABLE = frozenset(source for source, event in MOVEMENT.table if event == "held") - MOVEMENT.parking
# What is said at the receipt (block 18) beside its figures.
SIGNED = ("received_by", "received_facility", "received_operation", "expected_on")
_RECEIPT = ("received_kg", "received_as", "accepted_kg", "rejected_kg", "received_at", *SIGNED)
_CERTIFICATE = ("certified_on", "certified_by")
# Step → the columns that come with it.
OWNED: Mapping[str, Sequence[str]] = {
    "announced": ("planned_on", "announced_kg", "volume_m3", "packages", "particulars", "announced_at", "late_notice"),
    "amended": ("planned_on", "announced_kg", "volume_m3", "packages", "particulars"),
    "departed": ("loaded_kg", "loaded_as", "departed_at", "packages", "particulars"),
    "arrived": ("arrived_at",),
    "received_accepted": _RECEIPT,
    "received_partly": _RECEIPT,
    "received_rejected": _RECEIPT,
    "completed": ("completed_at", *_CERTIFICATE),
    "certified": _CERTIFICATE,
}
CUSTODY = ("kind", "carrier", "registration", "means", "vehicle", "place", "at", "person", "note")
OPERATION = ("reference", "after", "final", "code", "facility", "input_kg", "output_kg", "loss_kg", "at")

_TEXT = {"type": "string", "maxLength": 4000}
_LINE = {"type": "string", "maxLength": 200}
_DAY = {"type": "string", "format": "date", "maxLength": 10}
_MASS = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,3})?$"}
_MOMENT = {"type": "string", "format": "date-time", "maxLength": 40}


def _or_null(kind: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [kind, {"type": "null"}]}


_BASIS = {"enum": ["gross", "net", "dry"]}
_AS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "basis": _BASIS,
        "weighed": {
            "type": "object",
            "required": ["basis", "kg"],
            "properties": {
                "basis": _BASIS,
                **{name: {"type": "string", "maxLength": 40} for name in ("kg", "tare_kg", "moisture_pct")},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["movement", "at", "fields"],
    "properties": {
        "movement": {
            "type": "object",
            "required": ["serial", "planned_on", "announced_kg"],
            "properties": {
                "serial": {"type": "integer", "minimum": 1, "maximum": 10**6},
                "planned_on": _DAY,
                "announced_kg": _MASS,
                "take_back": {"type": "boolean"},
                "original": _or_null({"type": "integer", "minimum": 1}),
                "starts_in": {"type": "string", "pattern": "^[A-Z]{2}$"},
            },
        },
        "at": _MOMENT,
        "fields": {
            "type": "object",
            "properties": {
                "planned_on": _DAY,
                "announced_kg": _MASS,
                "volume_m3": _or_null({"type": "string", "pattern": r"^[0-9]{1,11}(\.[0-9]{1,3})?$"}),
                "packages": _or_null({"type": "integer", "minimum": 0, "maximum": 10**6}),
                "particulars": {"type": "object"},
                "loaded_as": _AS,
                "received_as": _AS,
                "late_notice": {"type": "boolean"},
                **dict.fromkeys(("received_by", "received_facility", "certified_by"), _LINE),
                "received_operation": {"type": "string", "maxLength": 4},
                **dict.fromkeys(("expected_on", "certified_on"), _or_null(_DAY)),
                **{name: _or_null(_MASS) for name in ("loaded_kg", "received_kg", "accepted_kg", "rejected_kg")},
                **{
                    f"{name}_at": _or_null(_MOMENT)
                    for name in ("announced", "departed", "arrived", "received", "completed")
                },
            },
            "additionalProperties": False,
        },
        "reason": _TEXT,
        "custody": {
            "type": "object",
            "required": ["kind", "at"],
            "properties": {**dict.fromkeys(CUSTODY, _LINE), "at": _MOMENT, "note": _TEXT},
        },
        "operation": {
            "type": "object",
            "required": list(OPERATION),
            "properties": {
                "reference": {"type": "string", "maxLength": 64},
                "after": {"type": "string", "maxLength": 64},
                "final": {"type": "boolean"},
                "code": {"type": "string", "maxLength": 4},
                "facility": _LINE,
                **dict.fromkeys(("input_kg", "output_kg", "loss_kg"), _MASS),
                "at": _MOMENT,
            },
        },
    },
}


def writers(movement: Movement, event: str) -> set[str]:
    """The States whose fact a step of this movement may be."""
    notification = movement.notification
    writer = WRITERS[event]
    if movement.take_back and event in HOMEWARD:
        writer = EXPORT
    if writer == START:
        return {movement.starts_in or notification.home}
    if writer == EXPORT:
        return {notification.home}
    if writer == IMPORT:
        return {notification.state_import}
    return set(notification.route.values_list("state", flat=True))


def place(actor: Actor, movement: Movement, event: str) -> None:
    """Raises Refused("writer") where this step is another State's fact."""
    allowed = writers(movement, event)
    if actor.state not in allowed:
        raise Refused(
            "writer", _("Only the State whose fact it is records this."), field="state", value=actor.state,
            expected=", ".join(sorted(allowed)),
        )  # fmt: skip


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
    _advance(movement, event)
    return _write(
        actor, movement, f"movement.{event}", event, at=at, tell=tell, state=state, reason=reason, custody=custody,
        operation=operation, payload=payload,
    )  # fmt: skip


def _advance(movement: Movement, event: str) -> None:
    movement.status, back = machines.after(MOVEMENT, movement.status, movement.held_from, event)
    movement.held_from = back if movement.status in MOVEMENT.parking else ""


def observed(
    actor: Actor,
    movement: Movement,
    event: str,
    *,
    at: datetime,
    tell: bool = True,
    state: str | None = None,
    reason: str = "",
    custody: Custody | None = None,
    operation: Operation | None = None,
    **payload: Any,
) -> bool:
    """Record what was seen, whether the life cycle has a step for it or not; gives whether it has.

    Where it has none, the fact is journalled as told late, and the status stays.
    """
    takes = possible(movement, event)
    kind = f"movement.{event}" if takes or event == "hold_ended" else "movement.told_late"
    if takes:
        _advance(movement, event)
    _write(
        actor, movement, kind, event, at=at, tell=tell, state=state, reason=reason, custody=custody,
        operation=operation, payload=payload if takes else {"event": event, **payload},
    )  # fmt: skip
    settle(actor, movement)
    return takes


def possible(movement: Movement, event: str) -> bool:
    """Whether the life cycle has a step for an event from where the movement is, parked or not."""
    if (movement.status, event) not in MOVEMENT.table:
        return False
    # Parked, it is still where it was: what is no step from there is none.
    parked = movement.status in MOVEMENT.parking
    return not (parked and event in ("cancelled", "completed") and (movement.held_from, event) not in MOVEMENT.table)


def settle(actor: Actor, movement: Movement) -> None:
    """Park a movement that a State holds or has seized and that got, by a fact known late, to where this matters."""
    if movement.status not in STOPPABLE or not movement.holds:
        return
    how = "seized" if any(hold["how"] == "seized" for hold in movement.holds) else "held"
    step(actor, movement, how, holds=movement.holds)


def _write(
    actor: Actor,
    movement: Movement,
    kind: str,
    event: str,
    *,
    at: datetime | None,
    tell: bool,
    state: str | None,
    reason: str,
    custody: Custody | None,
    operation: Operation | None,
    payload: Mapping[str, Any],
) -> JournalEntry:
    when = at or times.now()
    original = movement.original
    body: dict[str, Any] = {
        "movement": {
            "serial": movement.serial,
            "planned_on": movement.planned_on,
            "announced_kg": movement.announced_kg,
            "take_back": movement.take_back,
            "original": None if original is None else original.serial,
            "starts_in": movement.starts_in or movement.notification.home,
        },
        "at": when,
        "fields": {name: getattr(movement, name) for name in OWNED.get(event, ())},
        "reason": reason,
    }
    if custody is not None:
        body["custody"] = {name: getattr(custody, name) for name in CUSTODY}
    if operation is not None:
        body["operation"] = {name: getattr(operation, name) for name in OPERATION}
    posts = facts.posts(movement.notification, f"movement.{event}", body, legal="Basel 6(9)") if tell else []
    return facts.note(
        actor, kind, movement, payload={**body, **payload}, state=state, occurred_at=when, posts=posts
    )  # fmt: skip


def add_custody(movement: Movement, **said: Any) -> Custody:
    """The next link of the custody chain."""
    if said["kind"] == "transfer":  # who has it now sees it
        facts.link(movement, [said])
    last = movement.custody.order_by("-position").values_list("position", flat=True).first()
    return Custody.objects.create(holder_id=movement.holder_id, movement=movement, position=(last or 0) + 1, **said)


def stop(movement: Movement, state: str, how: str, at: datetime, reason: str) -> None:
    """Note that a State holds or has seized it."""
    kept = [hold for hold in movement.holds if (hold["state"], hold["how"]) != (state, how)]
    movement.holds = [*kept, {"state": state, "how": how, "at": at.isoformat(), "reason": reason}]


def end_hold(movement: Movement, state: str) -> None:
    """Note that a State holds it no longer. A seizure stays."""
    movement.holds = [hold for hold in movement.holds if hold["state"] != state or hold["how"] == "seized"]


def freed(movement: Movement) -> str:
    """The step of a hold that has ended: `released` where it was the last."""
    return "hold_ended" if movement.holds else "released"


def held_by(movement: Movement) -> list[str]:
    """The States that hold it or have seized it."""
    return sorted({hold["state"] for hold in movement.holds})


# ── what the others say ──────────────────────────────────────────────────────────────────────────────────────


def receive(message: Message, event: str) -> Movement:
    """Apply another State's step to this State's copy. Raises Early; Rejected: not_entitled, contradiction."""
    notification = facts.copy_of(message)
    movement = _copy(notification, message, event)
    if message.sender not in writers(movement, event):
        raise Rejected("not_entitled", f"{event} is not a fact of {message.sender}")
    actor = Actor(message.to)
    body = message.body
    at = moment(body["at"])
    said = body["fields"]
    values = {name: _value(name, said[name]) for name in OWNED.get(event, ()) if name in said}
    for name, value in values.items():
        setattr(movement, name, value)
    if event.startswith("received_") and movement.received_kg != (movement.accepted_kg or 0) + (
        movement.rejected_kg or 0
    ):
        raise Rejected("quantity", "accepted and rejected are not what was received")
    reason = str(body.get("reason", ""))
    if event in ("held", "seized"):
        stop(movement, message.sender, event, at, reason)
    elif event in ("released", "hold_ended"):
        end_hold(movement, message.sender)
    custody = operation = None
    if told := body.get("custody"):
        kept = {name: str(told.get(name) or "") for name in CUSTODY if name != "at"}
        custody = add_custody(movement, **kept, state=message.sender, at=moment(told["at"]))
    if told := body.get("operation"):
        operation = add_operation(movement, told)
    if event in ("announced", "departed"):
        link(movement)
    if event in ("released", "hold_ended"):
        # Whether it is free now depends on who else holds it, as this copy knows.
        event = freed(movement)
    observed(
        actor, movement, event, at=at, tell=False, state=message.sender, reason=reason, custody=custody,
        operation=operation,
    )  # fmt: skip
    return movement


def _copy(notification: Notification, message: Message, event: str) -> Movement:
    """This State's copy; made by what the State where the journey starts says of it first. Raises Early."""
    said = message.body["movement"]
    of = {"holder": message.to, "case": message.case}
    found = Movement.objects.select_for_update().filter(**of, serial=said["serial"]).first()
    if found is not None:
        return found
    starts = said.get("starts_in") or notification.home
    if starts != notification.home and not said.get("take_back"):
        raise Rejected("not_entitled", f"a shipment starts in {notification.home}, not in {starts}")
    if event not in ("announced", "departed"):
        raise Early
    original = None
    if said.get("take_back"):
        original = Movement.objects.filter(**of, serial=said.get("original")).first()
        if original is None:
            raise Early
    movement = Movement(
        holder_id=message.to,
        case=message.case,
        notification=notification,
        serial=said["serial"],
        status="",
        planned_on=_value("planned_on", said["planned_on"]),
        announced_kg=_value("announced_kg", said["announced_kg"]),
        take_back=bool(said.get("take_back")),
        original=original,
        starts_in=starts,
    )
    if message.sender not in writers(movement, event):
        raise Rejected("not_entitled", f"{event} is not a fact of {message.sender}")
    movement.save(force_insert=True)
    return movement


def add_operation(movement: Movement, said: Mapping[str, Any]) -> Operation:
    """An operation that the State of import has recorded; the same reference is kept once."""
    values = {name: _value(name, said[name]) for name in OPERATION if name != "reference"}
    if values["input_kg"] <= 0 or values["input_kg"] < values["output_kg"] + values["loss_kg"]:
        raise Rejected("quantity", "more comes out of the operation than went in")
    made, _made = Operation.objects.get_or_create(
        holder_id=movement.holder_id, reference=said["reference"], defaults={"movement": movement, **values}
    )
    return made


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith(("_kg", "_m3")):
        return Decimal(str(value))
    if name.endswith("_on"):
        return facts.day(value, name)
    if name == "at" or name.endswith("_at"):
        return moment(value)
    return value


# ── what conditions look at ──────────────────────────────────────────────────────────────────────────────────


def facts_of(movement: Movement, at: datetime | None = None, kg: Decimal | None = None) -> dict[str, Any]:
    """What conditions of consents look at (`conditions.check`), for a movement as it stands; unknown is left out."""
    notification = movement.notification
    said = movement.particulars
    blocks = notification.blocks
    carriers = legs.named(movement)
    announced = at or movement.announced_at or times.now()
    found: dict[str, Any] = {
        "day": movement.planned_on,
        "kg": movement.announced_kg if kg is None else kg,
        "route": [stop["state"] for stop in alternatives.own_route(movement)],
        "points": alternatives.own_points(movement),
        "facility": alternatives.names(alternatives.own_facility(movement)),
        "operation": alternatives.own_operation(movement),
        "codes": [code for codes in (blocks.get("codes") or {}).values() if isinstance(codes, list) for code in codes],
        "carriers": [c.get("registration") or c.get("name") for c in carriers],
        "means": [letter for c in carriers for letter in (c.get("means") or [])],
        "packaging": said.get("packaging") or blocks.get("packaging"),
        "notice_days": (movement.planned_on - announced.date()).days,
        "containers": said.get("containers"),
    }
    return {name: value for name, value in found.items() if value not in (None, [], "")}


def layer(notification: Notification, state: str, book: Book) -> str:
    """The layer of law under which an authority is asked about it; the Convention's where several are, or none."""
    found = layers(notification, state, book)
    return "basel" if "basel" in found else sorted(found)[0]


def layers(notification: Notification, state: str, book: Book) -> set[str]:
    """Every layer of law under which it is asked; the Convention's where none is known."""
    consent = notification.consents.filter(authority=state).first()
    found = {book.rules[rule].layer for rule in (consent.rules if consent else ()) if rule in book.rules}
    return found or {"basel"}


def link(movement: Movement, also: Iterable[Any] = ()) -> None:
    """Those who take part in the notification, and the carriers that this State's register knows, see the movement."""
    facts.link(movement, movement.particulars.get("carriers") or (), [*movement.notification.involved.all(), *also])
