"""The reminder ladder of take-back cases: what the opener tells the State that has to act, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from tidegate.movements import letters, takebacks
from tidegate.movements.breaches import open_breach
from tidegate.movements.models import TakeBack
from tidegate.movements.rounds import round_
from tidegate.parties.actors import system

# After the information: without an acknowledgement.
UNANSWERED = timedelta(days=7)
# Before the end of the period, and after it again and again. Chosen: no text names them.
BEFORE = timedelta(days=7)
AGAIN = timedelta(days=14)


@round_("take_back")
def remind(now: datetime) -> int:
    """Send the reminders that are due, one a case and round; the end of the period is a breach once."""
    done = 0
    waiting = TakeBack.objects.filter(holder__here=True, informed_at__isnull=False).exclude(status__in=TakeBack.ENDED)
    for key in list(waiting.values_list("pk", flat=True)):
        with transaction.atomic():
            done += _one(key, now)
    return done


def due_step(row: TakeBack, now: datetime) -> str:
    """The reminder that is due and was not sent: unanswered, ending, overdue, overdue+N; empty where none is."""
    sent = {reminder["step"] for reminder in row.reminders if reminder.get("round") == row.round}
    clock = takebacks.running(row)
    end = clock.due_at if clock is not None else None
    # The last step that is due: those before it are not sent any more.
    if end is not None and now > end and row.status not in ("returned", "finally_disposed"):
        times = (now - end) // AGAIN
        step = "overdue" if not times else f"overdue+{times}"
    elif end is not None and now > end - BEFORE and row.status not in ("returning", "returned", "finally_disposed"):
        step = "ending"
    elif row.status == "notified" and row.informed_at is not None and now > row.informed_at + UNANSWERED:
        step = "unanswered"
    else:
        return ""
    return "" if step in sent else step


def _one(key: UUID, now: datetime) -> int:
    row = TakeBack.objects.select_for_update().get(pk=key)
    if row.holder_id != row.opener or not (step := due_step(row, now)):
        return 0
    actor = system(row.holder_id)
    row.reminders = [*row.reminders, {"step": step, "round": row.round, "at": now.isoformat()}]
    body = {"round": row.round, "step": step}
    takebacks.step(actor, row, "reminded", body=body, messages=takebacks.posts(row, "reminded", body))
    to = sorted(takebacks.duty(row))[0] if len(takebacks.duty(row)) == 1 else row.state_export
    letters.write(actor, row, "reminder", to=to, question=QUESTIONS[step.partition("+")[0]]())
    if step.startswith("overdue"):
        open_breach(actor, row, "overdue", case=row.case)
    return 1


QUESTIONS = {
    "unanswered": lambda: _("We have not received your acknowledgement yet."),
    "ending": lambda: _("The period ends soon, and the load has not left."),
    "overdue": lambda: _("The period is over, and the load has not left."),
}
