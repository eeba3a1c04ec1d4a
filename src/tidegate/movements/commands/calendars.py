"""Days off, kept by the State's own people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from tidegate.movements import calendars, clocks, facts
from tidegate.movements.models import Holiday
from tidegate.parties import journal
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command


@command("movements.calendar.keep", "movements.calendar.add")
def add_holiday(actor: Actor, *, day: Any, name: str, source: str = "") -> Holiday:
    """A day on which the authorities of the actor's State do not work. Open clocks are worked out anew, ended ones not.

    Raises Refused: day, text; taken where the day has this name already.
    """
    row = Holiday(
        holder_id=actor.state,
        day=facts.needed_day(day, "day"),
        name=facts.words(name, "name", _("what the day is called"))[:200],
        source=str(source or "").strip()[:64],
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        found = Holiday.objects.get(holder=actor.state, day=row.day, name=row.name)
        if not found.removed:
            raise Refused(
                "taken", _("This day is on record already."), field="day", value=row.day.isoformat()
            ) from None
        found.removed = False
        found.save(update_fields=["removed"])
        row = found
    _note(actor, "holiday.added", row)
    return row


@command("movements.calendar.keep", "movements.calendar.remove")
def remove_holiday(actor: Actor, holiday_id: UUID | str) -> Holiday:
    """The day is a working day after all. The row stays, so that it is not copied again."""
    row = _own(actor, holiday_id)
    if row.removed:
        raise Refused("state", _("It is a working day already."), field="day", value=row.day.isoformat())
    row.removed = True
    row.save(update_fields=["removed"])
    _note(actor, "holiday.removed", row)
    return row


@command("movements.calendar.keep", "movements.calendar.confirm")
def confirm_holiday(actor: Actor, holiday_id: UUID | str) -> Holiday:
    """An estimated day has been announced: it is certain now."""
    row = _own(actor, holiday_id)
    row.estimated = False
    row.save(update_fields=["estimated"])
    _note(actor, "holiday.confirmed", row)
    return row


@command("movements.calendar.keep", "movements.calendar.seed")
def seed_holidays(actor: Actor, *, year: int) -> int:
    """Copy the State's public holidays of a year from the `holidays` library; gives how many days were added.

    What people removed or changed stays as they left it.
    """
    before = set(Holiday.objects.filter(holder=actor.state).values_list("pk", flat=True))
    calendars.seed(actor.state, [year])
    added = list(Holiday.objects.filter(holder=actor.state).exclude(pk__in=before).order_by("day", "name"))
    for row in added:
        journal.record(
            actor, "holiday.added", row, revision=1, payload={"day": row.day, "name": row.name, "source": row.source}
        )
    clocks.recompute(authority=actor.state, holder=actor.state)
    return len(added)


def _own(actor: Actor, key: UUID | str) -> Holiday:
    try:
        row = Holiday.objects.select_for_update().filter(pk=key, holder=actor.state).first()
    except (ValueError, TypeError):
        row = None
    if row is None:
        raise Missing("holiday")
    return row


def _note(actor: Actor, type: str, row: Holiday) -> None:
    """Journal it, and move the clocks of the State's own copy; others' copies follow with their next round."""
    revision = journal.JournalEntry.objects.filter(subject_id=row.pk).count() + 1
    journal.record(actor, type, row, revision=revision, payload={"day": row.day, "name": row.name})
    clocks.recompute(authority=actor.state, holder=actor.state)
