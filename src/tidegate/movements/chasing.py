"""The time limits of a movement: started and ended by what is known of it, chased by a round."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from tidegate.movements import carriage, clocks, draws, guard
from tidegate.movements.breaches import open_breach
from tidegate.movements.calendars import today
from tidegate.movements.models import Clock, Movement
from tidegate.movements.rounds import round_
from tidegate.parties import times
from tidegate.parties.actors import Actor, system

# What the State of import owes (by step), and what the State of export does where it hears nothing.
OWED = ("receipt", "record_receipt", "completion_latest")
CHASED = ("chase_receipt",)


def departed(actor: Actor, movement: Movement) -> None:
    """News of the receipt is awaited from now on."""
    if movement.received_at is None and movement.departed_at is not None:
        _start(actor, movement, CHASED, movement.notification.home, "export", movement.departed_at)


def arrived(actor: Actor, movement: Movement) -> None:
    """The facility has to confirm the receipt."""
    if movement.received_at is None and movement.arrived_at is not None:
        _start(actor, movement, OWED[:2], movement.notification.state_import, "import", movement.arrived_at)


def received(actor: Actor, movement: Movement) -> None:
    """What awaited the receipt ends; of what was accepted, recovery or disposal is awaited."""
    at = movement.received_at or times.now()
    clocks.end_all(movement, at, "met", steps=(*CHASED, *OWED[:2]))
    if movement.accepted_kg and movement.completed_at is None:
        _start(actor, movement, OWED[2:], movement.notification.state_import, "import", at)


def completed(movement: Movement) -> None:
    """Nothing is awaited any more."""
    clocks.end_all(movement, movement.completed_at or times.now(), "met")


def _start(actor: Actor, movement: Movement, steps: tuple[str, ...], state: str, role: str, at: datetime) -> None:
    if movement.take_back:
        return  # its time limit is that of the take-back case
    notification, book = movement.notification, guard.book()
    for name in steps:
        rule = clocks.rule_for(
            name, state=state, role=role, day=today(state, at), book=book,
            layer=carriage.layer(notification, state, book), preconsented=notification.preconsent_counts,
        )  # fmt: skip
        if rule is not None and rule.length is not None:
            clocks.start(actor, rule=rule.id, subject=movement, case=movement.case, authority=state, at=at)


@round_("movements")
def chase(now: datetime) -> int:
    """What time does to movements: those that did not start lapse, those without news in time become overdue."""
    done = 0
    unstarted = Movement.objects.filter(
        holder__here=True,
        status__in=[Movement.Status.ANNOUNCED, Movement.Status.ANNOUNCING],
        planned_on__lt=(now - draws.HOLD).date(),
    )
    for key in list(unstarted.values_list("pk", flat=True)):
        done += _one(key, _not_started)
    late = clocks.lapsed(now, subject="movement", effect=Clock.Effect.ESCALATE, holder__here=True)
    for key, rule in list(late.values_list("subject_id", "rule")):
        done += _one(key, partial(_overdue, rule=rule))
    return done


def _one(key: UUID, act: Callable[[Movement], bool]) -> int:
    with transaction.atomic():
        movement = Movement.objects.select_for_update().filter(pk=key).first()
        return int(movement is not None and act(movement))


def _not_started(movement: Movement) -> bool:
    from tidegate.movements.commands.movements import give_up

    state = movement.notification.home
    ours = movement.holder_id == state and movement.status in (Movement.Status.ANNOUNCED, Movement.Status.ANNOUNCING)
    if not ours or movement.take_back or today(state) <= movement.planned_on + draws.HOLD:
        return False
    give_up(system(movement.holder_id), movement, "not started in time")
    return True


def _overdue(movement: Movement, rule: str) -> bool:
    if rule in movement.overdue or (movement.status, "overdue") not in carriage.MOVEMENT.table:
        return False
    movement.overdue = [*movement.overdue, rule]
    by = system(movement.holder_id)
    carriage.step(by, movement, "overdue", rule=rule)
    open_breach(by, movement, "overdue", rule=rule)
    return True
