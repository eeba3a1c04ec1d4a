"""What the State of export says of confidential fields, into this State's copy."""

from __future__ import annotations

from datetime import date

from tidegate.movements import confidential, facts
from tidegate.movements.facts import inbound
from tidegate.movements.inbound.schemas import FIELD_RELEASED, FIELD_REVOKED, FIELDS_MARKED
from tidegate.movements.models import FieldRelease, Notification
from tidegate.parties.registry import Message, Rejected


@inbound("notification.confidential", FIELDS_MARKED)
def marked(message: Message) -> None:
    """Which fields are confidential from now on."""
    row = _of_home(message)
    row.confidential = fields(message.body["fields"])
    payload = {"fields": row.confidential}
    facts.note(message.to, "notification.confidential", row, payload=payload, state=message.sender)


@inbound("field_release.given", FIELD_RELEASED)
def given(message: Message) -> None:
    """A field is released to a party of this State."""
    row, body = _of_home(message), message.body
    if FieldRelease.objects.filter(notification=row, reference=body["reference"]).exists():
        return
    (name,) = fields([body["field"]])
    try:
        until = date.fromisoformat(body["until"])
    except ValueError:
        raise Rejected("dates", f"{body['until']!r} is no day") from None
    made = FieldRelease(
        holder_id=message.to, case=row.case, notification=row, reference=body["reference"], field=name,
        state=message.to, registration=body["registration"], name=body["name"], reason=body["reason"], until=until,
        at=facts.moment(body["at"]),
    )  # fmt: skip
    made.save(force_insert=True)
    facts.note(message.to, "field_release.given", made, payload=body, state=message.sender)
    made.involved.set(row.involved.filter(registration=made.registration))


@inbound("field_release.revoked", FIELD_REVOKED)
def revoked(message: Message) -> None:
    """A release is revoked."""
    row, body = _of_home(message), message.body
    made = FieldRelease.objects.select_for_update().filter(notification=row, reference=body["reference"]).first()
    if made is None:
        raise facts.Early
    if made.revoked_at is None:
        made.revoked_at, made.revoked_reason = facts.moment(body["at"]), body["reason"]
        facts.note(message.to, "field_release.revoked", made, payload=body, state=message.sender)


def fields(said: list[str]) -> list[str]:
    """The names of confidential fields. Raises Rejected("schema") for one that this copy cannot keep from anybody."""
    if unknown := set(said) - set(confidential.FIELDS):
        raise Rejected("schema", f"no confidential field: {sorted(unknown)[0]}")
    return [name for name in confidential.FIELDS if name in said]


def _of_home(message: Message) -> Notification:
    row = facts.copy_of(message)
    facts.only(message, row.home)
    return row
