"""What other States say of movements and their corrections."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tidegate.movements import bases, carriage, chasing, facts, homeward, leaving, takebacks
from tidegate.movements.commands import corrections, receipt
from tidegate.movements.facts import Early
from tidegate.movements.models import Correction, Movement
from tidegate.parties.actors import Actor
from tidegate.parties.registry import Message, Rejected


def _handler(event: str) -> Any:
    def handle(message: Message) -> None:
        movement = carriage.receive(message, event)
        actor = Actor(message.to)
        if event in ("announced", "departed"):
            takebacks.wake(message.to)
        if event.startswith("received_"):
            receipt.known(actor, movement)
        elif event == "departed":
            chasing.departed(actor, movement)
            leaving.overtaken(actor, movement)
            receipt.compare(actor, movement)
        elif event in ("border_passed", "transit_exit") and (link := movement.custody.last()) is not None:
            homeward.astray(actor, movement, link)
        elif event == "arrived":
            chasing.arrived(actor, movement)
        elif event == "completed":
            chasing.completed(actor, movement)
        elif event == "certified":
            chasing.certified(actor, movement)
        if event in ("completed", "interim_done"):
            for operation in movement.operations.filter(reference=message.body["operation"]["reference"]):
                receipt.judge(actor, movement, operation)

    handle.__name__ = handle.__qualname__ = event
    return handle


for _event in carriage.WRITERS:
    facts.inbound(f"movement.{_event}", carriage.SCHEMA)(_handler(_event))

RECEIPT = ("received_kg", "accepted_kg", "rejected_kg")
_PROPOSED = {
    "type": "object",
    "required": ["serial", "reference", "changes", "reason"],
    "properties": {
        "serial": {"type": "integer", "minimum": 1},
        "reference": {"type": "string", "minLength": 1, "maxLength": 64},
        "changes": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"enum": list(corrections.CORRECTABLE)},
            "properties": {name: {"enum": list(bases.NAMES)} for name in corrections.BASES},
            "additionalProperties": {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,3})?$"},
        },
        "reason": {"type": "string", "maxLength": 10_000},
    },
}
_ANSWERED = {
    "type": "object",
    "required": ["reference", "approved"],
    "properties": {
        "reference": {"type": "string", "maxLength": 64},
        "approved": {"type": "boolean"},
        "reason": {"type": "string", "maxLength": 10_000},
    },
}


@facts.inbound("correction.proposed", _PROPOSED)
def correction_proposed(message: Message) -> None:
    """A State proposes to correct a figure that is its own. Raises Early; Rejected: not_entitled."""
    facts.copy_of(message)
    said = message.body
    movement = Movement.objects.filter(holder=message.to, case=message.case, serial=said["serial"]).first()
    if movement is None:
        raise Early
    for name in said["changes"]:
        if message.sender not in carriage.writers(movement, corrections.CORRECTABLE[name]):
            raise Rejected("not_entitled", f"{message.sender} may not correct {name}")
    if Correction.objects.filter(holder=message.to, reference=said["reference"]).exists():
        return
    receipt_of = {name: Decimal(said["changes"].get(name) or getattr(movement, name) or 0) for name in RECEIPT}
    if receipt_of["received_kg"] != receipt_of["accepted_kg"] + receipt_of["rejected_kg"]:
        raise Rejected("quantity", "accepted and rejected would not be what was received")
    row = Correction(
        holder_id=message.to,
        case=message.case,
        movement=movement,
        reference=said["reference"],
        proposed_by=message.sender,
        changes=said["changes"],
        reason=said["reason"],
        status="",
        proposed_at=message.created,
    )
    row.save(force_insert=True)
    row.involved.set(movement.involved.all())
    corrections.record(Actor(message.to), row, "proposed", [], state=message.sender)


@facts.inbound("correction.answered", _ANSWERED)
def correction_answered(message: Message) -> None:
    """A State answers a correction. Raises Early; Rejected: not_concerned, duplicate."""
    notification = facts.copy_of(message)
    facts.concerned(message, notification)
    said = message.body
    rows = Correction.objects.select_for_update().filter(holder=message.to, case=message.case)
    row = rows.filter(reference=said["reference"]).first()
    if row is None:
        raise Early
    if message.sender == row.proposed_by:
        raise Rejected("not_entitled", f"{message.sender} made this proposal")
    if message.sender in row.answers:
        raise Rejected("duplicate", f"{message.sender} has answered already")
    corrections.answered(
        Actor(message.to), row, message.sender, approved=said["approved"], reason=str(said.get("reason", ""))
    )
