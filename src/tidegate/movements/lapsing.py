"""What time does to notifications and consents: silence, first and last days, papers that run out, what is overdue."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from tidegate.movements import clocks, consenting, facts, guard, standing
from tidegate.movements.calendars import seed, today
from tidegate.movements.models import Clock, Consent, Holiday, Notification
from tidegate.movements.rounds import round_
from tidegate.parties.models import State

LIVE = (
    Notification.Status.TRANSMITTED, Notification.Status.INCOMPLETE, Notification.Status.ACKNOWLEDGED,
    Notification.Status.CONSENTED, Notification.Status.OBJECTED, Notification.Status.ACTIVE,
    Notification.Status.SUSPENDED, Notification.Status.EXHAUSTED,
)  # fmt: skip
# Years of public holidays that are copied ahead.
AHEAD = 2


@round_("silence")
def silence(now: datetime) -> int:
    """Silence that counts as consent by dated law; in every copy that is kept here, each for itself."""
    due = clocks.lapsed(now, subject="consent", effect=Clock.Effect.DEEMED_CONSENT, holder__here=True)
    done = 0
    for key in list(due.values_list("subject_id", flat=True)):
        with transaction.atomic():
            consent = Consent.objects.select_for_update().select_related("notification").filter(pk=key).first()
            if consent is None or consent.notification.ended_as:
                continue
            row = Notification.objects.select_for_update().get(pk=consent.notification_id)
            consent.notification = row
            if consenting.lapse(consent, now, guard.book()):
                standing.refresh(row)
                done += 1
    return done


@round_("days")
def days(now: datetime) -> int:
    """First and last days: notifications come into force and end, consents expire, contract and guarantee lapse."""
    keys = Notification.objects.filter(holder__here=True, status__in=LIVE).values_list("pk", flat=True)
    return sum(turn(key, now) for key in list(keys))


def turn(key: UUID, now: datetime) -> int:
    """The same for one copy of a notification."""
    from tidegate.movements.commands import guarantees

    changed = 0
    with transaction.atomic():
        row = Notification.objects.select_for_update().get(pk=key)
        if row.status not in LIVE:
            return 0
        before = row.revision
        for consent in Consent.objects.select_for_update().filter(notification=row):
            consent.notification = row
            changed += consenting.expire(consent, now)
        if row.holder_id == row.home:
            changed += guarantees.lapse(row)
        standing.refresh(row)
        changed += row.revision != before
    return changed


@round_("overdue")
def overdue(now: datetime) -> int:
    """Authorities whose time is over without an answer: reported once, to those who wait; silence stays nothing."""
    due = clocks.lapsed(now, effect=Clock.Effect.ESCALATE, outcome="", holder__here=True)
    found = 0
    for key in list(due.filter(subject__in=("consent", "notification")).values_list("pk", flat=True)):
        with transaction.atomic():
            clock = Clock.objects.select_for_update().get(pk=key)
            if clock.ended_at is not None or clock.outcome:
                continue
            row = _notification(clock)
            if row is None:
                continue
            clock.outcome = "overdue"
            clock.save(update_fields=["outcome"])
            payload = {"clock": clock.rule, "authority": clock.authority, "due_at": clock.due_at}
            facts.note(clock.holder_id, "notification.overdue", row, payload=payload)
            found += 1
    return found


def _notification(clock: Clock) -> Notification | None:
    rows = Notification.objects.select_for_update()
    if clock.subject == "notification":
        return rows.filter(pk=clock.subject_id).first()
    consent = Consent.objects.filter(pk=clock.subject_id).first()
    return None if consent is None else rows.get(pk=consent.notification_id)


@round_("holidays")
def holidays_ahead(now: datetime) -> int:
    """Public holidays of each State that takes part, copied some years ahead; a year is copied once."""
    added = 0
    for state in State.objects.values_list("pk", flat=True):
        year = today(state, now).year
        known = set(Holiday.objects.filter(holder=state).values_list("day__year", flat=True).distinct())
        wanted = [y for y in range(year, year + AHEAD + 1) if y not in known]
        if wanted:
            added += seed(state, wanted)
    return added
