"""Questions of an authority, and the notifier's answers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import clocks, consenting, facts, guard, machines, standing
from tidegate.movements.models import Consent, InfoRequest, Notification
from tidegate.movements.owning import LEGAL, exporting, own_consent
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.ids import reference

Status = Notification.Status


@command("movements.notification.ask")
def request_info(
    actor: Actor, notification_id: UUID | str, *, question: str, revision: int | None = None
) -> InfoRequest:
    """An authority concerned asks the notifier for information; by the law of its State its clock rests meanwhile."""
    row: Notification = locked(Notification, notification_id, actor, revision)
    asked = facts.words(question, "question", _("what is asked"))
    now = times.now()
    before_sending = row.transmitted_at is None
    if before_sending:
        exporting(actor, notification_id)
        row.status = machines.step(machines.NOTIFICATION, row.status, "info_asked")
        facts.note(actor, "notification.info_asked", row)
        for clock in (rule.id for rule in clocks.clocks().rules.values() if rule.step == "forward"):
            clocks.pause(row, clock, now)
    elif row.ended_as:
        raise Refused("state", _("The notification has ended."), field="status", value=row.status)
    request = InfoRequest(
        holder_id=row.holder_id,
        case=row.case,
        notification=row,
        reference=reference(f"{actor.state}-Q"),
        authority=actor.state,
        question=asked,
        asked_at=now,
    )
    if not before_sending:
        consent = own_consent(actor, row)
        consenting.lapse(consent, now, guard.book())
        if consent.status not in machines.WAITING:
            raise Refused("state", _("This authority has decided already."), field="status", value=consent.status)
    request.save(force_insert=True)
    request.involved.set(row.involved.all())
    body = {"reference": request.reference, "authority": actor.state, "question": asked, "at": now}
    messages = [] if before_sending else facts.posts(row, "info.requested", body, legal=LEGAL)
    facts.note(actor, "info_request.asked", request, payload={"reference": request.reference}, posts=messages)
    if not before_sending:
        consenting.rest(consent, actor)
        standing.decision_clock(consent, guard.book())
        standing.refresh(row)
    return request


@command("movements.notification.answer")
def supply_info(actor: Actor, request_id: UUID | str, *, answer: str, revision: int | None = None) -> InfoRequest:
    """The notifier answers. Where the content itself has to change, revise the notification as well."""
    request: InfoRequest = locked(InfoRequest, request_id, actor, revision)
    row = exporting(actor, request.notification_id, pen=True)
    if request.answered_at is not None:
        raise Refused("state", _("It has been answered already."), field="answer", value=request.reference)
    if row.ended_as or row.status == Status.REFUSED:
        raise Refused("state", _("The notification has ended."), field="status", value=row.status)
    now = times.now()
    request.answer = facts.words(answer, "answer", _("the information asked for"))
    request.answered_at = now
    body = {"reference": request.reference, "answer": request.answer, "at": now}
    messages = [] if row.transmitted_at is None else facts.posts(row, "info.supplied", body, legal=LEGAL)
    facts.note(actor, "info_request.answered", request, payload={"reference": request.reference}, posts=messages)
    answered(row, request, actor, now)
    return request


def answered(row: Notification, request: InfoRequest, actor: Actor | str, now: datetime, state: str = "") -> None:
    """What follows from an answer: clocks run again, the consent is no longer waiting for it."""
    if row.transmitted_at is None:
        if not InfoRequest.objects.filter(notification=row, answered_at=None).exists():
            row.status = machines.step(machines.NOTIFICATION, row.status, "info_given")
            facts.note(actor, "notification.info_given", row, state=state or None)
            for clock in (rule.id for rule in clocks.clocks().rules.values() if rule.step == "forward"):
                clocks.resume(row, clock, now)
        return
    consent = Consent.objects.select_for_update().filter(notification=row, authority=request.authority).first()
    if consent is not None:
        consenting.rest(consent, actor, state=state or None)
        standing.decision_clock(consent, guard.book())
    standing.refresh(row, state=state or None)
