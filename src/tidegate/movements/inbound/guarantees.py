"""What a State of import or of transit says of the guarantee that it holds itself."""

from __future__ import annotations

from decimal import Decimal

from tidegate.movements import facts, machines, standing
from tidegate.movements.commands.held_guarantees import FIELDS
from tidegate.movements.models import HeldGuarantee
from tidegate.parties.registry import Message, Rejected

_DAY = {"type": ["string", "null"], "maxLength": 10}
_AMOUNT = {"type": "string", "pattern": r"^\d{1,16}\.\d{2}$"}
_TOLD = {
    "type": "object",
    "required": [*FIELDS, "status", "revision"],
    "properties": {
        "required_amount": _AMOUNT,
        "amount": {"anyOf": [_AMOUNT, {"type": "null"}]},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "required_until": _DAY,
        "valid_from": _DAY,
        "valid_until": _DAY,
        "number": {"type": "string", "maxLength": 64},
        "issuer": {"type": "string", "maxLength": 200},
        "status": {"enum": list(HeldGuarantee.Status.values)},
        "revision": {"type": "integer", "minimum": 1},
    },
}


@facts.inbound("held_guarantee.told", _TOLD)
def told(message: Message) -> None:
    """Another State's own guarantee as it stands now; a later revision wins. Raises Early; Rejected."""
    row, said = facts.copy_of(message), message.body
    if not row.route.filter(state=message.sender).exclude(role="export").exists():
        raise Rejected("not_entitled", f"{message.sender} is no State of import or of transit of {message.case}")
    held = HeldGuarantee.objects.select_for_update().filter(notification=row, authority=message.sender).first()
    if held is not None and said["revision"] <= held.origin:
        return
    held = held or HeldGuarantee(
        holder_id=row.holder_id, case=row.case, notification=row, authority=message.sender, status=""
    )
    way = machines.way(machines.HELD_GUARANTEE, held.status, said["status"])
    if way is None:
        raise Rejected("contradiction", f"from {held.status or 'nothing'} there is no way to {said['status']}")
    for name in FIELDS:
        value = said[name]
        if name.endswith("amount"):
            value = None if value is None else Decimal(value)
        elif name.startswith("valid") or name.endswith("until"):
            value = facts.day(value, name)
        setattr(held, name, value)
    held.origin = said["revision"]
    if held._state.adding:
        held.save(force_insert=True)
        held.involved.set(row.involved.all())
    for event in way or ["told"]:
        if way:
            held.status = machines.step(machines.HELD_GUARANTEE, held.status, event)
        payload = {"number": held.number}
        facts.note(row.holder_id, f"held_guarantee.{event}", held, payload=payload, state=message.sender)
    standing.refresh(row, state=message.sender)
