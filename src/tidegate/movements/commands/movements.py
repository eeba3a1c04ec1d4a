"""Movements before they leave: draft, announce (quantities reserved at every home), amend, cancel, close.

An authorisation: refused when a guard fails. What happens on the road is in `transport`, at the facility in `receipt`,
corrections in `corrections`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import (
    alternatives,
    calendars,
    carriage,
    clocks,
    draws,
    evidence,
    facts,
    guard,
    standing,
)  # fmt: skip
from tidegate.movements import (
    particulars as read,
)
from tidegate.movements.breaches import open_breach
from tidegate.movements.carriage import step
from tidegate.movements.commands.corrections import approve_correction, correct
from tidegate.movements.commands.notifications import exhausted
from tidegate.movements.commands.receipt import certify, complete, receive
from tidegate.movements.commands.transport import (
    arrive,
    consignee_receive,
    depart,
    hold,
    pass_border,
    release_hold,
    remark,
    saw_departure,
    seize,
    transfer,
)  # fmt: skip
from tidegate.movements.leaving import may_leave
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Breach, Movement, Notification, TakeBack
from tidegate.movements.owning import by_the_right_hand
from tidegate.parties import times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Refused, command, locked

__all__ = [
    "amend", "announce", "approve_correction", "arrive", "cancel", "certify", "close", "complete", "consignee_receive",
    "correct", "depart", "draft", "draws_settled", "hold", "pass_border", "receive", "release_hold", "remark",
    "saw_departure", "seize", "transfer",
]  # fmt: skip

Status = Movement.Status


@command("movements.movement.draft")
def draft(
    actor: Actor,
    notification_id: UUID | str,
    *,
    planned_on: date | str,
    announced_kg: Decimal | str,
    packages: int | None = None,
    volume_m3: Decimal | str | None = None,
    particulars: Mapping[str, Any] | None = None,
) -> Movement:
    """A movement under a notification, with the next serial number. One that is given up keeps its number for ever.

    Raises Refused: writer (the State of export's copy alone), state (the notification was not consented to), serials
    (all shipments are used or planned), mass, day, particulars; Missing.
    """
    notification: Notification = locked(Notification, notification_id, actor)
    if actor.state != notification.home:
        raise Refused(
            "writer", _("Only the State whose fact it is records this."), field="state", value=actor.state,
            expected=notification.home,
        )  # fmt: skip
    by_the_right_hand(actor, notification)
    if notification.status not in (Notification.Status.CONSENTED, Notification.Status.ACTIVE):
        raise Refused(
            "state", _("Movements can be drafted once every authority has consented."), field="notification",
            value=notification.status, expected=Notification.Status.ACTIVE,
        )  # fmt: skip
    live = notification.movements.exclude(status=Status.CANCELLED).filter(take_back=False).count()
    most = standing.terms(notification)["shipments"]
    if most is not None and live >= most:
        raise Refused(
            "serials", _("Every shipment of this notification is used or planned already."), field="serial",
            value=live + 1, expected=most,
        )  # fmt: skip
    return made(
        actor,
        notification,
        planned_on=facts.needed_day(planned_on, "planned_on"),
        announced_kg=kilograms(announced_kg, "announced_kg"),
        volume_m3=read.volume(volume_m3),
        packages=read.packages(packages),
        particulars=alternatives.within(notification, read.read(particulars or {})),
        starts_in=notification.home,
    )


def made(actor: Actor, notification: Notification, **columns: Any) -> Movement:
    """A draft with the next serial number of its notification, which the caller has locked."""
    last = notification.movements.order_by("-serial").values_list("serial", flat=True).first() or 0
    movement = Movement(
        holder_id=actor.state, case=notification.case, notification=notification, serial=last + 1, status="", **columns
    )
    movement.save(force_insert=True)
    carriage.link(movement)
    step(actor, movement, "drafted")
    return movement


@command("movements.movement.announce")
def announce(
    actor: Actor,
    movement_id: UUID | str,
    *,
    revision: int | None = None,
    particulars: Mapping[str, Any] | None = None,
) -> Movement:
    """Announce a movement: pre-notice to every authority concerned, the quantity reserved at every home.

    `particulars` add to the draft's, such as the points, the facility and the operation that this shipment takes where
    the notification leaves them open.

    1. The notification is in force, and every required consent on the planned day; the contract is confirmed.
    2. Every condition of every consent is met; what is not known is not met.
    3. No take-back case of the movement and no breach of its quantity is open.
    4. The quantity is reserved at each home. Where another State is the home of one, it is asked by message, and the
       movement is announced only once all have confirmed (`draws_settled`); until then it is `announcing`.
    A notice shorter than the law's is announced all the same, flagged, and opens a breach.

    Raises Refused: writer, state, particulars, consent, condition, open_case, and what `ledger.reserve` raises;
    Conflict; Missing.
    """
    movement: Movement = locked(Movement, movement_id, actor, revision)
    carriage.place(actor, movement, "announced")
    by_the_right_hand(actor, movement.notification)
    if movement.status != Status.DRAFT:
        raise Refused(
            "state", _("Only a draft can be announced."), field="movement", value=movement.status, expected=Status.DRAFT
        )
    movement.announced_at = times.now()
    if particulars:
        said = alternatives.within(movement.notification, read.read(particulars))
        movement.particulars = {**movement.particulars, **said}
        carriage.link(movement)
    if movement.take_back:
        _announced(actor, movement)
        return movement
    may_leave(movement)
    movement.save(update_fields=["announced_at", "particulars"])
    draws.ask(actor, movement)
    if draws.outcome(movement) == draws.CONFIRMED:
        _announced(actor, movement)
    else:
        step(actor, movement, "announcing")
    return movement


def draws_settled(movement: Movement) -> None:
    """What the last home answered: announce the movement where all have confirmed, undo it where one has refused.

    Called in the transaction of the answer's message, with the movement locked. Does nothing while it is no
    announcement that waits.
    """
    by = system(movement.holder_id)
    if movement.status != Status.ANNOUNCING:
        return
    outcome = draws.outcome(movement)
    if outcome == draws.CONFIRMED:
        try:
            may_leave(movement)
        except Refused as refused:
            # A consent or a quantity changed while the homes answered.
            _undo(by, movement, str(refused.text))
            return
        _announced(by, movement)
    elif outcome == draws.REFUSED:
        reasons = [f"{row['account']}: {row.get('reason') or row.get('code')}" for row in movement.draws
                   if row["status"] == draws.REFUSED]  # fmt: skip
        _undo(by, movement, "; ".join(reasons))


def _announced(actor: Actor, movement: Movement) -> None:
    movement.late_notice = not movement.take_back and _late(movement)
    step(actor, movement, "announced", at=movement.announced_at, tell=True)
    evidence.tell_first(actor, movement)
    if movement.late_notice:
        open_breach(actor, movement, "late_notice", planned_on=movement.planned_on, announced_at=movement.announced_at)


def _undo(actor: Actor, movement: Movement, reason: str) -> None:
    draws.release(actor, movement, times.now())
    movement.announced_at = None
    step(actor, movement, "not_announced", reason=reason)


def _late(movement: Movement) -> bool:
    """Whether any authority on the route gets less notice than the dated law asks for."""
    notification, book = movement.notification, guard.book()
    for stop in notification.route.all():
        rule = clocks.rule_for(
            "notice", state=stop.state, role=stop.role, day=movement.planned_on, book=book,
            layer=carriage.layer(notification, stop.state, book), preconsented=notification.preconsent_counts,
        )  # fmt: skip
        if rule is None or rule.length is None:
            continue
        calendar = calendars.calendar_of(stop.state)
        latest = clocks.due(rule, calendar.start(movement.planned_on), (), calendar)
        if latest is not None and movement.announced_at is not None and movement.announced_at > latest:
            return True
    return False


@command("movements.movement.amend")
def amend(
    actor: Actor,
    movement_id: UUID | str,
    *,
    revision: int | None = None,
    planned_on: date | str | None = None,
    announced_kg: Decimal | str | None = None,
    packages: int | None = None,
    volume_m3: Decimal | str | None = None,
    particulars: Mapping[str, Any] | None = None,
) -> Movement:
    """Change day, quantity, vehicle or carriers, up to its departure: an announced one is checked and reserved anew,
    all of it or nothing. A day, quantity or account that another State has reserved is changed by a new announcement.

    Raises Refused as `announce`, and other_home for the case just named.
    """
    movement: Movement = locked(Movement, movement_id, actor, revision)
    carriage.place(actor, movement, "amended")
    by_the_right_hand(actor, movement.notification)
    before = (movement.planned_on, movement.announced_kg, draws.accounts_for(movement))
    if planned_on is not None:
        movement.planned_on = facts.needed_day(planned_on, "planned_on")
    if announced_kg is not None:
        movement.announced_kg = kilograms(announced_kg, "announced_kg")
    if packages is not None:
        movement.packages = read.packages(packages)
    if volume_m3 is not None:
        movement.volume_m3 = read.volume(volume_m3)
    if particulars is not None:
        said = alternatives.within(movement.notification, read.read(particulars))
        movement.particulars = {**movement.particulars, **said}
    if movement.status == Status.DRAFT:
        facts.note(actor, "movement.redrafted", movement)
        carriage.link(movement)
        return movement
    # Asked of the life cycle first: a shipment that has left is corrected, not amended.
    if movement.loaded_kg is not None or (movement.status, "amended") not in carriage.MOVEMENT.table:
        raise Refused(
            "state", _("Only an announced movement that has not left can be changed."), field="movement",
            value=movement.status, expected=Status.ANNOUNCED,
        )  # fmt: skip
    changed = before != (movement.planned_on, movement.announced_kg, draws.accounts_for(movement))
    if not movement.take_back:
        if changed and any(draw["home"] != actor.state for draw in movement.draws):
            raise Refused(
                "other_home",
                _("Another State has reserved this quantity: cancel the announcement and announce it anew."),
                field="announced_kg",
            )
        may_leave(movement)
        if changed:
            draws.ask(actor, movement)
    step(actor, movement, "amended", tell=True)
    carriage.link(movement)
    return movement


@command("movements.movement.cancel")
def cancel(actor: Actor, movement_id: UUID | str, *, reason: str, revision: int | None = None) -> Movement:
    """Give up a movement that has not left: what was reserved is given back, its serial is never used again."""
    movement: Movement = locked(Movement, movement_id, actor, revision)
    carriage.place(actor, movement, "cancelled")
    by_the_right_hand(actor, movement.notification)
    if movement.status in carriage.MOVEMENT.parking:
        raise Refused(
            "state", _("It is held: only the State that holds it can end that."), field="movement",
            value=movement.status, expected=", ".join(carriage.held_by(movement)),
        )  # fmt: skip
    give_up(actor, movement, facts.words(reason, "reason", _("a reason")))
    return movement


def give_up(actor: Actor, movement: Movement, reason: str) -> None:
    """Cancel a locked movement that has not left."""
    told = movement.status == Status.ANNOUNCED
    if movement.status != Status.DRAFT:
        draws.release(actor, movement, times.now())
    step(actor, movement, "cancelled", tell=told, reason=reason)
    exhausted(movement.holder_id, movement.case)


@command("movements.movement.close")
def close(actor: Actor, movement_id: UUID | str, *, revision: int | None = None) -> Movement:
    """Close this State's copy of a movement whose confirmations are in.

    Raises Refused: state, open_breach, open_case, balance (of an accepted part not every kilogram is accounted for),
    certificate (that of its completion is not in).
    """
    movement: Movement = locked(Movement, movement_id, actor, revision)
    if Breach.objects.filter(subject_id=movement.pk, closed_at=None).exists():
        raise Refused("open_breach", _("A breach of this movement is still open."), field="movement")
    if movement.take_backs.exclude(status__in=TakeBack.ENDED).exists():
        raise Refused("open_case", _("A take-back case of this movement is open."), field="movement")
    if movement.accepted_kg and movement.completed_at is None and movement.status != Status.ALTERNATIVE:
        raise Refused(
            "balance", _("Not every accepted kilogram is recovered or disposed of yet."), field="accepted_kg",
            value=str(movement.accepted_kg), expected=Status.COMPLETED,
        )  # fmt: skip
    if movement.completed_at is not None and movement.certified_on is None:
        raise Refused(
            "certificate", _("The certificate of its recovery or disposal is not in yet."), field="certified_on"
        )
    step(actor, movement, "closed")
    return movement
