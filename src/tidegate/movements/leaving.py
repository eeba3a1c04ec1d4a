"""Whether a movement may leave: the guards of its announcement and of its departure; what was seen without them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements import alternatives, carriage, conditions, draws, standing
from tidegate.movements.breaches import open_breach
from tidegate.movements.models import Movement, Permit, TakeBack
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.models import JournalEntry


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
            _("A condition of a consent or permit is not met: %(why)s") % {"why": failed.text},
            field="condition",
            value=conditions.describe(failed.condition),
            expected=str(failed.condition.get("authority", "")),
        )


def unmet(movement: Movement, day: date, kg: Decimal | None = None) -> list[conditions.Failed]:
    """The conditions of the consents, and of permits of this State, that it does not meet on a day, with a mass."""
    return conditions.check(_given(movement), carriage.facts_of(movement, kg=kg) | {"day": day})


def treated(actor: Actor, movement: Movement, *, facility: str, operation: str, at: datetime) -> None:
    """Open a breach where it was taken in or treated at another facility, or for another operation, than a condition
    of a consent or permit allows. What is not said is as announced."""
    if movement.take_back:
        return
    said = carriage.facts_of(movement)
    if facility:
        said["facility"] = alternatives.called(movement.notification, facility)
    if operation:
        said["operation"] = operation
    given = [one for one in _given(movement) if one.get("kind") in ("facility", "operation")]
    if failed := conditions.check(given, said):
        open_breach(
            actor, movement, "condition", conditions=[one.condition for one in failed], facility=said.get("facility"),
            operation=said.get("operation"), at=at,
        )  # fmt: skip


def _given(movement: Movement) -> list[dict[str, Any]]:
    return [*standing.all_conditions(movement.notification), *of_permits(movement)]


def of_permits(movement: Movement) -> list[dict[str, Any]]:
    """The conditions of the permits that it draws on and that this State granted, each with its authority.

    Another State tests those of its own permits when it is asked to set the quantity aside.
    """
    named = [reference for _home, reference in draws.homes(movement)[1:]]
    if not named:
        return []
    rows = Permit.objects.filter(holder=movement.holder_id, account__reference__in=named)
    live = rows.exclude(status=Permit.Status.SUPERSEDED)
    return [{**one, "authority": movement.holder_id} for row in live for one in row.conditions]


def flag(actor: Actor, movement: Movement, day: date, at: datetime) -> None:
    """Open a breach where it was seen under way without the consents or the contract that it needs."""
    if movement.take_back:
        return
    why = [code for code in standing.blocked(movement.notification, day) if code.partition(":")[0] in UNDER_WAY]
    if why:
        open_breach(actor, movement, "no_consent", why=why, at=at)


def overtaken(actor: Actor, movement: Movement) -> None:
    """Open a breach where it left while a State had stopped it: also where the departure is learnt of after the stop,
    or after its end. The stop and the departure count by their own days, not by that of their coming (invariant 11).
    """
    left = movement.departed_at
    if left is None or movement.take_back:
        return
    # A State's consent and its word on the whole notification stop it each by itself.
    since: dict[tuple[str, str], datetime] = {}
    required = set(movement.notification.consents.filter(required=True).values_list("authority", flat=True))
    entries = JournalEntry.objects.filter(holder=movement.holder_id, case=movement.case, type__in=STOPS)
    for entry in entries.order_by("id"):
        said = entry.payload
        who = str(said.get("authority") or said.get("by") or said.get("state"))
        at = datetime.fromisoformat(said["at"]) if said.get("at") else entry.occurred_at
        way = (who, entry.type.partition(".")[0])
        if not STOPS[entry.type]:
            begun = since.pop(way, None)
            if begun is None or not begun <= left < at:
                continue
        elif who in required or way[1] == "notification":
            begun = since.setdefault(way, at)
            continue
        else:
            continue
        _overtaken(actor, movement, who, begun)
    for (who, _way), begun in since.items():
        if begun <= left:
            _overtaken(actor, movement, who, begun)


def _overtaken(actor: Actor, movement: Movement, who: str, since: datetime) -> None:
    open_breach(
        actor, movement, "no_consent", by=who, true_since=since, known_since=times.now(),
        departed_at=movement.departed_at,
    )  # fmt: skip


# What is in the journal of a State that stops departures (True), or lets them go on.
STOPS: Mapping[str, bool] = {
    "consent.suspended": True, "consent.withdrawn": True, "consent.objected": True, "consent.lifted": False,
    "notification.suspension": True, "notification.suspension_lifted": False,
}  # fmt: skip
# What must hold also after the departure; that the notification is used up by then is no fault.
UNDER_WAY = ("consent", "contract", "guarantee")
