"""What other States say of movements and their corrections."""

from __future__ import annotations

from tidegate.movements import carriage
from tidegate.movements.commands import receipt
from tidegate.movements.models import Correction, Movement
from tidegate.parties.actors import Actor
from tidegate.parties.registry import Handler, Message, Rejected, registry


def _handler(event: str) -> Handler:
    def handle(message: Message) -> None:
        movement = carriage.receive_step(message, event)
        if event.startswith("received_"):
            receipt.receipt_known(movement)
        elif event == "departed":
            receipt.compare(Actor(message.to), movement)
        elif event == "completed":
            receipt.completion_known(movement)

    handle.__name__ = handle.__qualname__ = event
    return handle


for _event in carriage.WRITERS:
    registry.message(f"movement.{_event}", carriage.SCHEMA)(_handler(_event))

_PROPOSED = {
    "type": "object",
    "required": ["serial", "reference", "changes", "reason"],
    "properties": {
        "serial": {"type": "integer", "minimum": 1},
        "reference": {"type": "string", "maxLength": 64},
        "changes": {
            "type": "object",
            "propertyNames": {"enum": list(receipt.CORRECTABLE)},
            "additionalProperties": {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,3})?$"},
        },
        "reason": {"type": "string", "maxLength": 4000},
    },
}
_ANSWERED = {
    "type": "object",
    "required": ["reference", "approved"],
    "properties": {
        "reference": {"type": "string", "maxLength": 64},
        "approved": {"type": "boolean"},
        "reason": {"type": "string", "maxLength": 4000},
    },
}


@registry.message("correction.proposed", _PROPOSED)
def correction_proposed(message: Message) -> None:
    """A State proposes to correct a figure that is its own. Raises Rejected: unknown_case, not_the_writer."""
    said = message.body
    movement = Movement.objects.filter(holder=message.to, case=message.case, serial=said["serial"]).first()
    if movement is None:
        raise Rejected("unknown_case", f"{message.case}: this movement is not known here")
    owner = {
        carriage.EXPORT: movement.notification.state_export,
        carriage.IMPORT: movement.notification.state_import,
    }
    if any(owner[receipt.CORRECTABLE[name]] != message.sender for name in said["changes"]):
        raise Rejected("not_the_writer", f"{message.sender} may not correct these figures")
    if Correction.objects.filter(holder=message.to, reference=said["reference"]).exists():
        return
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
    row.involved.add(*movement.involved.all())
    receipt.record(Actor(message.to), row, "proposed", [], state=message.sender)


@registry.message("correction.answered", _ANSWERED)
def correction_answered(message: Message) -> None:
    """A State answers a correction. Raises Rejected: unknown_case, not_the_writer, too_early."""
    row = (
        Correction.objects.select_for_update()
        .filter(holder=message.to, case=message.case, reference=message.body["reference"])
        .first()
    )
    if row is None:
        raise Rejected("too_early", f"{message.body['reference']}: this correction is not known here yet")
    if message.sender == row.proposed_by or message.sender in row.answers:
        raise Rejected("not_the_writer", f"{message.sender} has no answer to give")
    said = message.body
    receipt.answered(
        Actor(message.to), row, message.sender, approved=said["approved"], reason=str(said.get("reason", ""))
    )
