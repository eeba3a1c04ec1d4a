"""Files of notifications and movements, told to the other States; of inspections and applications, which stay here."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import applications, evidence, facts
from tidegate.movements.models import Attachment, InfoRequest, JointInspection, Movement, Notification, Permit
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command, locked
from tidegate.parties.registry import registry
from tidegate.parties.scope import held

KEEP = "movements.attachment.keep"
ON_MOVEMENT = "movements.movement.attach"


@command(KEEP)
def attach(
    actor: Actor,
    notification_id: UUID | str,
    *,
    kind: str,
    name: str,
    media_type: str,
    data: bytes | str,
    request_id: UUID | str | None = None,
) -> Attachment:
    """Add a file to a notification that has not ended; the other States get it with the notification, or at once.

    `data` is its bytes, or they in base64; `request_id` the information request that it answers. The same file again
    only brings back bytes that were lost.
    Raises Refused: state; kind; file (too large, of no kind that is taken, not what it says it is, one too many).
    """
    row: Notification = locked(Notification, notification_id, actor)
    if row.ended_as:
        raise Refused("state", _("The notification has ended."), field="status", value=row.status)
    about: Notification | InfoRequest = row
    if request_id is not None:
        about = InfoRequest.objects.filter(pk=request_id, notification=row).first() or row
    made = evidence.add(
        actor, about, evidence.NOTIFIED, evidence.own(row), kind=kind, name=name, media_type=media_type, data=data
    )
    made.involved.set(row.involved.all())
    payload = {"name": made.name, "kind": kind, "sha256": made.sha256, "size": made.size}
    messages = evidence.posts(row, [made]) if row.transmitted_at is not None else []
    facts.note(actor, "notification.attached", row, payload=payload, posts=messages)
    return made


@command(KEEP, "movements.attachment.fetch")
def fetch(actor: Actor, attachment_id: UUID | str) -> int:
    """Ask the State that a file came from for its bytes, where they are not here; gives how many were asked for.

    Raises Missing; Refused("file") for a file that this State added itself: only it can add it again.
    """
    found = held(Attachment.objects.filter(pk=attachment_id), actor).first()
    if found is None:
        raise Missing("attachment")
    if found.erased_at is not None:
        raise Refused("file", _("It was erased when its period of keeping was over."), field="file", value=found.sha256)
    if not found.told_by:
        raise Refused("file", _("It was added here: add it once more."), field="file", value=found.name)
    return registry.fetch(actor.state, [found.sha256]) if registry.fetch is not None else 0


@command(KEEP, "movements.attachment.drop")
def detach(actor: Actor, attachment_id: UUID | str) -> None:
    """Take a file away from a draft; what was submitted keeps its files. Raises Missing, Refused("state")."""
    found = Attachment.objects.filter(pk=attachment_id, holder=actor.state, subject="notification").first()
    if found is None:
        raise Missing("attachment")
    row: Notification = locked(Notification, found.subject_id, actor)
    if row.status != Notification.Status.DRAFT:
        raise Refused("state", _("It has been submitted: its files stay."), field="status", value=row.status,
                      expected="draft")  # fmt: skip
    facts.note(actor, "notification.detached", row, payload={"name": found.name, "sha256": found.sha256})
    found.delete()


@command(ON_MOVEMENT)
def attach_to_movement(
    actor: Actor, movement_id: UUID | str, *, kind: str, name: str, media_type: str, data: bytes | str
) -> Attachment:
    """Put a photo, a weighbridge ticket, a packing list or another paper on a movement, as long as it is not closed.

    The other States get it with the announcement, or at once where they know of the movement.
    Raises Refused: state; kind; file.
    """
    row: Movement = locked(Movement, movement_id, actor)
    if row.status == Movement.Status.CLOSED:
        raise Refused("state", _("The movement is closed."), field="movement", value=row.status)
    made = evidence.add(
        actor, row, evidence.ON_THE_WAY, evidence.added(row, evidence.ON_THE_WAY), kind=kind, name=name,
        media_type=media_type, data=data,
    )  # fmt: skip
    made.involved.set(row.involved.all())
    evidence.tell(actor, row, [made])
    return made


@command("movements.consignment.inspect", "movements.inspection.attach")
def attach_to_inspection(
    actor: Actor, inspection_id: UUID | str, *, kind: str, name: str, media_type: str, data: bytes | str
) -> Attachment:
    """Put a file on a joint inspection: an agency that takes part, before the result or after it.

    Raises Missing; Refused: agency; kind; file.
    """
    row = JointInspection.objects.select_for_update().filter(pk=inspection_id, holder=actor.state).first()
    if row is None:
        raise Missing("inspection")
    if actor.organisation is None or not row.agencies.filter(pk=actor.organisation.pk).exists():
        raise Refused("agency", _("Only an agency that takes part records it."), field="inspection")
    made = evidence.add(
        actor, row, evidence.ON_THE_WAY, evidence.added(row, evidence.ON_THE_WAY), kind=kind, name=name,
        media_type=media_type, data=data,
    )  # fmt: skip
    payload = {"inspection": row.pk, **evidence.told(made), "kind": kind}
    facts.note(actor, "consignment.attached", row.consignment, payload=payload)
    return made


@command("movements.permit.apply", "movements.permit.attach")
def attach_to_permit(
    actor: Actor, permit_id: UUID | str, *, kind: str, name: str, media_type: str, data: bytes | str
) -> Attachment:
    """Put a paper on an application: `kind` is the paper of the rulebook that is asked for, or `other`.

    Raises Refused: state (it is decided); kind; file.
    """
    row = _application(actor, permit_id, *applications.APPLYING)
    kinds = applications.kinds_of_files(row)
    made = evidence.add(
        actor, row, kinds, evidence.added(row, kinds), kind=kind, name=name, media_type=media_type, data=data
    )  # fmt: skip
    made.involved.set(row.involved.all())
    facts.note(actor, "permit.attached", row, payload={**evidence.told(made), "kind": kind})
    return made


@command("movements.permit.apply", "movements.permit.detach")
def detach_from_permit(actor: Actor, permit_id: UUID | str, *, file: UUID | str) -> Permit:
    """Take a file away from an application that is not handed in yet. Raises Refused: state; Missing."""
    row = _application(actor, permit_id, Permit.Status.DRAFT)
    found = evidence.added(row, applications.kinds_of_files(row)).filter(pk=file).first()
    if found is None:
        raise Missing("attachment")
    facts.note(actor, "permit.detached", row, payload={"name": found.name, "sha256": found.sha256})
    found.delete()
    return row


def _application(actor: Actor, key: UUID | str, *statuses: str) -> Permit:
    row: Permit = locked(Permit, key, actor)
    if row.status not in statuses:
        raise Refused("state", _("This cannot be done now."), field="permit", value=row.status,
                      expected=", ".join(statuses))  # fmt: skip
    return row
