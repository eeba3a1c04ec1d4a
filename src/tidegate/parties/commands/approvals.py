"""The second person: approves a stored act, which is carried out now, or refuses it."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import COMMANDS, Missing, Refused, command, locked
from tidegate.parties.journal import record
from tidegate.parties.models import Approval
from tidegate.parties.published import APPROVAL_APPROVED, APPROVAL_REFUSED, APPROVAL_WITHDRAWN


@command("parties.approval.decide", "parties.approval.approve")
def approve(actor: Actor, approval_id: UUID) -> Approval:
    """Carry out a stored act as its second person, all in one transaction.

    The second person needs the act's own right. Raises Missing, Refused; whatever the act itself raises leaves the
    proposal waiting.
    """
    row = _waiting(actor, approval_id)
    if row.command not in COMMANDS:
        raise Refused("unknown", _("This installation does not know this act any more."), value=row.command)
    arguments, named = row.arguments
    COMMANDS[row.command](actor, *arguments, **named, approval=row)
    return _decide(actor, row, Approval.Status.APPROVED, APPROVAL_APPROVED)


@command("parties.approval.decide", "parties.approval.refuse")
def refuse(actor: Actor, approval_id: UUID, *, reason: str) -> Approval:
    """Refuse a stored act as its second person; `reason` is for the one who proposed it. Raises Missing, Refused."""
    row = _waiting(actor, approval_id)
    if not reason.strip():
        raise Refused("reason", _("Say why, so that the other can put it right."), field="reason")
    row.reason = reason.strip()
    return _decide(actor, row, Approval.Status.REFUSED, APPROVAL_REFUSED)


@command("parties.approval.decide", "parties.approval.withdraw")
def withdraw(actor: Actor, approval_id: UUID) -> Approval:
    """Take back what one proposed oneself. Raises Missing, Refused."""
    row: Approval = locked(Approval, approval_id, actor)
    if actor.person is None or row.proposed_by_id != actor.person.pk:
        raise Missing("approval")
    if row.status != Approval.Status.WAITING:
        raise Refused("approval_void", _("This proposal no longer waits for a decision."), field="approval")
    row.status = Approval.Status.VOID
    row.revision += 1
    row.save(update_fields=["status", "revision"])
    record(actor, APPROVAL_WITHDRAWN, row, revision=row.revision, case=row.case, payload={"command": row.command})
    return row


def _waiting(actor: Actor, approval_id: UUID) -> Approval:
    """The proposal, locked, where this person may decide on it."""
    row: Approval = locked(Approval, approval_id, actor)
    if actor.organisation is None or row.organisation_id != actor.organisation.pk:
        raise Missing("approval")
    if row.status != Approval.Status.WAITING:
        raise Refused("approval_void", _("This proposal no longer waits for a decision."), field="approval")
    if actor.person is None or row.proposed_by_id == actor.person.pk:
        raise Refused("same_person", _("The person who proposed it cannot also approve it."), field="approval")
    return row


def _decide(actor: Actor, row: Approval, status: str, event: str) -> Approval:
    row.status = status
    row.decided_by, row.decided_at = actor.person, times.now()
    row.revision += 1
    row.save(update_fields=["status", "decided_by", "decided_at", "reason", "revision"])
    payload = {
        "command": row.command,
        "subject": str(row.subject_id),
        "proposed_by": str(row.proposed_by_id),
        "reason": row.reason,
    }
    record(actor, event, row, revision=row.revision, case=row.case, payload=payload)
    return row
