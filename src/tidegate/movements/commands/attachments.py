"""Files of a notification: added by who takes part, told to the other States, taken away while it is a draft."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import evidence, facts
from tidegate.movements.models import Attachment, InfoRequest, Notification
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command, locked
from tidegate.parties.registry import registry
from tidegate.parties.scope import held

KEEP = "movements.attachment.keep"
AT_MOST = 30


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
    if kind not in evidence.NOTIFIED:
        raise Refused("kind", _("There is no such kind of file."), field="kind", value=kind[:40],
                      expected=", ".join(evidence.NOTIFIED))  # fmt: skip
    about: Notification | InfoRequest = row
    if request_id is not None:
        about = InfoRequest.objects.filter(pk=request_id, notification=row).first() or row
    already = evidence.own(row)
    made = evidence.keep(actor, about, name=name, media_type=media_type, data=data, kind=kind)
    if made.pk not in {one.pk for one in already} and len(already) >= AT_MOST:
        raise Refused("file", _("There are too many files already."), field="file", value=AT_MOST + 1,
                      expected=f"≤ {AT_MOST}")  # fmt: skip
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
