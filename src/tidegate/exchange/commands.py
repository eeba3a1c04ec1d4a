"""What a person may do about messages that did not get through: try again, put away, send again."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.exchange import envelope, inbox, log, outbox
from tidegate.exchange.models import Inbox, Key, LogEntry, Outbox
from tidegate.exchange.published import ANSWER, CLOSED, KEEP_QUEUE, RESENT, RETRIED
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.journal import record
from tidegate.parties.models import State
from tidegate.parties.registry import Post


@command(KEEP_QUEUE, "exchange.message.retry")
def retry(actor: Actor, message_id: UUID, *, revision: int) -> Inbox:
    """Run the business step of a rejected message once more, when what stood in its way is gone.

    With success the message is accepted and its sender is told; else it stays where it is, with the newest reason. Its
    place in the case is the one that it had: what came after it has had its effect already.
    Raises Missing, Conflict, Refused (settled).
    """
    row: Inbox = locked(Inbox, message_id, actor, revision)
    _waits(row)
    raw = bytes(row.bytes)
    token = envelope.read(raw)
    message = envelope.open_with(token, bytes.fromhex(Key.objects.get(kid=token.kid).public))
    sender, to = State.objects.get(node=row.peer), State.objects.get(pk=row.holder_id)
    verdict = inbox.effect(message, sender, to)
    row.revision += 1
    row.reason, row.reason_text = verdict.code, verdict.text[:500]
    posts = []
    if not verdict.code:
        row.verdict, row.settled = Inbox.Verdict.ACCEPTED, times.now()
        told = {"message": str(row.pk), "outcome": "accepted"}
        posts.append(Post(sender.code, row.case, ANSWER, told, nominal=False, reply_to=str(row.pk)))
    row.save()
    _note(row)
    payload = {"message": str(row.pk), "type": row.type, "outcome": row.verdict, "reason": row.reason}
    record(actor, RETRIED, row, revision=row.revision, case=row.case, payload=payload, posts=posts)
    return row


@command(KEEP_QUEUE, "exchange.message.close")
def close(actor: Actor, message_id: UUID, *, revision: int, note: str) -> Inbox:
    """Put a rejected message away: it stays rejected, and nobody has to look at it any more. `note` says why.

    Raises Missing, Conflict, Refused (settled, note).
    """
    row: Inbox = locked(Inbox, message_id, actor, revision)
    _waits(row)
    note = note.strip()
    if not 0 < len(note) <= 200:
        raise Refused("note", _("Say in one sentence why it is put away."), field="note", value=note[:40])
    row.settled, row.note = times.now(), note
    row.revision += 1
    row.save(update_fields=["settled", "note", "revision"])
    _note(row)
    payload = {"message": str(row.pk), "type": row.type, "note": note}
    record(actor, CLOSED, row, revision=row.revision, case=row.case, payload=payload)
    return row


@command(KEEP_QUEUE, "exchange.message.resend")
def resend(actor: Actor, message_id: UUID, *, revision: int) -> Outbox:
    """Send a message again that was stopped or ran out of time: the same bytes, in the same place of its case. One that
    was refused because its key was revoked is signed anew first, and with it what waits behind it.

    Raises Missing, Conflict, Refused (not_stopped).
    """
    row: Outbox = locked(Outbox, message_id, actor, revision)
    if row.state not in Outbox.BLOCKED:
        raise Refused("not_stopped", _("This message is not stopped."), field="state", value=row.state)
    reason = row.reason
    signed = outbox.sign_anew(row)
    row.state, row.reason, row.reason_text = Outbox.Status.QUEUED, "", ""
    row.overdue_allowed, row.tries, row.next_try = True, 0, times.now()
    row.revision += 1
    row.save()
    _note(row)
    payload = {"message": str(row.pk), "type": row.type, "stopped_for": reason, "signed_anew": signed}
    record(actor, RESENT, row, revision=row.revision, case=row.case, payload=payload)
    outbox.try_after_commit(row.pk)
    return row


def _waits(row: Inbox) -> None:
    if row.verdict != Inbox.Verdict.REJECTED or row.settled is not None:
        raise Refused("settled", _("This message waits for nobody."), field="verdict", value=row.verdict)


def _note(row: Inbox | Outbox) -> None:
    log.note(row.holder_id, LogEntry.Kind.ADMIN, str(row.pk), row.sha256, times.now())
