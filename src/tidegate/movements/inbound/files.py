"""Files of notifications and movements that another State tells of; their bytes come with the message, or are asked
for again."""

from __future__ import annotations

from tidegate.movements import evidence, facts
from tidegate.movements.facts import Early, inbound
from tidegate.movements.models import Attachment, InfoRequest, Movement, Notification
from tidegate.parties.registry import Message, Rejected

# A State tells of so many in one case: what it takes itself, and room for two States' ideas of that.
AT_MOST = 100
TOLD = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": {
                "type": "object",
                "required": [*evidence.NAMED, "kind"],
                "properties": {
                    **evidence.NAMED,
                    "kind": {"enum": list(evidence.NOTIFIED)},
                    # The information request that it answers.
                    "request": {"type": "string", "maxLength": 64},
                },
            },
        }
    },
}


@inbound("attachment.told", TOLD)
def told(message: Message) -> None:
    """Files of another State's copy, for the authorities of this one; what is known already stays as it is."""
    row = facts.copy_of(message)
    facts.concerned(message, row)
    new = []
    for said in message.body["files"]:
        about: Notification | InfoRequest = row
        if reference := said.get("request"):
            about = InfoRequest.objects.filter(notification=row, reference=reference).first() or row
        if evidence.came(about, said, message.sender):
            new.append({"name": said["name"], "kind": said["kind"], "sha256": said["sha256"], "size": said["size"]})
    came = Attachment.objects.filter(holder=message.to, case=row.case, told_by=message.sender)
    if came.filter(subject__in=evidence.OF_NOTIFICATIONS).count() > AT_MOST:
        raise Rejected("quantity", f"more than {AT_MOST} files in one case")
    if new:
        facts.note(message.to, "notification.attached", row, payload={"files": new}, state=message.sender)


ATTACHED = {
    "type": "object",
    "required": ["serial", "files"],
    "properties": {
        "serial": {"type": "integer", "minimum": 1, "maximum": 10**6},
        "files": {
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "items": {
                "type": "object",
                "required": [*evidence.NAMED, "kind"],
                "properties": {**evidence.NAMED, "kind": {"enum": list(evidence.ON_THE_WAY)}},
            },
        },
    },
}


@inbound("movement.attached", ATTACHED)
def attached(message: Message) -> None:
    """Files that another State put on a movement; what is known already stays as it is. Raises Early; Rejected."""
    facts.concerned(message, facts.copy_of(message))
    of = {"holder": message.to, "case": message.case, "serial": message.body["serial"]}
    row = Movement.objects.select_for_update().filter(**of).first()
    if row is None:
        raise Early
    new = [said for said in message.body["files"] if evidence.came(row, said, message.sender)]
    if Attachment.objects.filter(subject_id=row.pk, told_by=message.sender).count() > AT_MOST:
        raise Rejected("quantity", f"more than {AT_MOST} files of one movement")
    if new:
        facts.note(message.to, "movement.attached", row, payload={"files": new}, state=message.sender)
