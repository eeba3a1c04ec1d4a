"""Files of a notification: added by who takes part, taken away while it is a draft."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import evidence, facts
from tidegate.movements.models import Attachment, Notification
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command, locked

KEEP = "movements.attachment.keep"
KINDS = {
    "contract": _("Contract"),
    "guarantee": _("Guarantee or insurance"),
    "analysis": _("Analysis of the waste"),
    "permit": _("Permit or licence"),
    "route": _("Route or transport plan"),
    "other": _("Other"),
}
AT_MOST = 30


@command(KEEP)
def attach(
    actor: Actor, notification_id: UUID | str, *, kind: str, name: str, media_type: str, data: bytes
) -> Attachment:
    """Add a file to a notification that has not ended.

    Raises Refused: state; kind; file (too large, of no kind that is taken, not what it says it is, one too many).
    """
    row: Notification = locked(Notification, notification_id, actor)
    if row.ended_as:
        raise Refused("state", _("The notification has ended."), field="status", value=row.status)
    if kind not in KINDS:
        raise Refused("kind", _("There is no such kind of file."), field="kind", value=kind[:40],
                      expected=", ".join(KINDS))  # fmt: skip
    if Attachment.objects.filter(holder=row.holder_id, subject_id=row.pk).count() >= AT_MOST:
        raise Refused("file", _("There are too many files already."), field="file", value=AT_MOST + 1,
                      expected=f"≤ {AT_MOST}")  # fmt: skip
    made = evidence.keep(actor, row, name=name, media_type=media_type, data=data, kind=kind)
    made.involved.set(row.involved.all())
    payload = {"name": made.name, "kind": kind, "sha256": made.sha256, "size": made.size}
    facts.note(actor, "notification.attached", row, payload=payload)
    return made


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
