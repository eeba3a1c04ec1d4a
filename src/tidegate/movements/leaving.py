"""Whether a movement may leave: the guards of its announcement and of its departure; what was seen without them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from tidegate.movements import carriage, conditions, standing
from tidegate.movements.breaches import open_breach
from tidegate.movements.models import Movement, TakeBack
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused


def may_leave(movement: Movement, *, day: date | None = None, kg: Decimal | None = None) -> None:
    """The guards for the planned day, or for another day and mass. A return needs none of them: nobody may oppose it.

    Raises Refused: consent (why: `standing.blocked`), open_case, condition.
    """
    if movement.take_back:
        return
    notification = movement.notification
    day = day or movement.planned_on
    if why := standing.blocked(notification, day):
        raise Refused(
            "consent",
            _("On that day not every required consent is in force, or the contract is not confirmed."),
            field="planned_on",
            value=day.isoformat(),
            expected=", ".join(why),
        )
    if movement.pk and TakeBack.objects.filter(movement=movement).exclude(status__in=TakeBack.ENDED).exists():
        raise Refused("open_case", _("A take-back case of this movement is open."), field="movement")
    for failed in unmet(movement, day, kg):
        raise Refused(
            "condition",
            _("A condition of a consent is not met: %(why)s") % {"why": failed.text},
            field="condition",
            value=conditions.describe(failed.condition),
            expected=str(failed.condition.get("authority", "")),
        )


def unmet(movement: Movement, day: date, kg: Decimal | None = None) -> list[conditions.Failed]:
    """The conditions of the consents that it does not meet on a day, with a mass."""
    given = standing.all_conditions(movement.notification)
    return conditions.check(given, carriage.facts_of(movement, kg=kg) | {"day": day})


def flag(actor: Actor, movement: Movement, day: date, at: datetime) -> None:
    """Open a breach where it was seen under way without the consents or the contract that it needs."""
    if movement.take_back:
        return
    why = [code for code in standing.blocked(movement.notification, day) if code.partition(":")[0] in UNDER_WAY]
    if why:
        open_breach(actor, movement, "no_consent", why=why, at=at)


# What must hold also after the departure; that the notification is used up by then is no fault.
UNDER_WAY = ("consent", "contract", "guarantee")
