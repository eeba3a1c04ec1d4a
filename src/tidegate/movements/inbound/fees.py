"""What another State's authority charges for a notification, into the copy of the State of export."""

from __future__ import annotations

from decimal import Decimal

from tidegate.movements import facts, machines
from tidegate.movements.fees import KINDS, TERMS
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Fee
from tidegate.parties.registry import Message, Rejected

_DAY = {"type": ["string", "null"], "maxLength": 10}
_AMOUNT = {"type": "string", "pattern": r"^\d{1,16}\.\d{2}$"}
_TOLD = {
    "type": "object",
    "required": [*TERMS, "status", "revision"],
    "properties": {
        "kind": {"enum": list(KINDS)},
        "fixed": _AMOUNT,
        "per_tonne": _AMOUNT,
        "amount": _AMOUNT,
        "kg": {"type": ["string", "null"], "pattern": r"^\d{1,15}\.\d{3}$"},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "source": {"type": "string", "maxLength": 300},
        "blocks": {"type": "boolean"},
        "assessed_on": {"type": "string", "maxLength": 10},
        "settled_on": _DAY,
        "reference": {"type": "string", "maxLength": 120},
        "reason": {"type": "string", "maxLength": 20_000},
        "status": {"enum": list(Fee.Status.values)},
        "revision": {"type": "integer", "minimum": 1},
    },
}


@facts.inbound("fee.told", _TOLD)
def told(message: Message) -> None:
    """Another State's fee as it stands now; a later revision wins. Raises Early; Rejected."""
    row, said = facts.copy_of(message), message.body
    if not row.route.filter(state=message.sender).exclude(role="export").exists():
        raise Rejected("not_entitled", f"{message.sender} is no State of import or of transit of {message.case}")
    fee = Fee.objects.select_for_update().filter(notification=row, authority=message.sender).first()
    if fee is not None and said["revision"] <= fee.origin:
        return
    fee = fee or Fee(holder_id=row.holder_id, case=row.case, notification=row, authority=message.sender, status="")
    way = machines.way(machines.FEE, fee.status, said["status"])
    if way is None:
        raise Rejected("contradiction", f"from {fee.status or 'nothing'} there is no way to {said['status']}")
    for name in TERMS:
        value = said[name]
        if name in ("fixed", "per_tonne", "amount"):
            value = Decimal(value)
        elif name == "kg":
            value = None if value is None else kilograms(value, name)
        elif name.endswith("_on"):
            value = facts.day(value, name)
        setattr(fee, name, value)
    fee.origin = said["revision"]
    if fee._state.adding:
        fee.save(force_insert=True)
        fee.involved.set(row.involved.all())
    for event in way or ["told"]:
        if way:
            fee.status = machines.step(machines.FEE, fee.status, event)
        facts.note(row.holder_id, f"fee.{event}", fee, payload={"amount": fee.amount}, state=message.sender)
