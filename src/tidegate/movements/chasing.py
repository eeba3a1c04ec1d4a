"""The time limits of a movement: started and ended by what is known of it, chased by a round."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from tidegate.movements import carriage, clocks, draws, guard
from tidegate.movements.breaches import open_breach
from tidegate.movements.calendars import calendar_of, today
from tidegate.movements.models import Clock, Movement
from tidegate.movements.rounds import round_
from tidegate.parties import times
from tidegate.parties.actors import Actor, system

# What is owed after the arrival, after the receipt, and after the completion (by step); and what the State of export
# does where it hears nothing.
RECEIPT, COMPLETION, CERTIFICATE = ("receipt", "record_receipt"), ("completion_latest",), ("completion",)
CHASED = ("chase_receipt",)


def departed(actor: Actor, movement: Movement) -> None:
    """News of the receipt is awaited from now on."""
    if movement.received_at is None and movement.departed_at is not None:
        _start(actor, movement, CHASED, movement.departed_at)


def arrived(actor: Actor, movement: Movement) -> None:
    """The facility has to confirm the receipt."""
    if movement.received_at is None and movement.arrived_at is not None:
        _start(actor, movement, RECEIPT, movement.arrived_at)


def received(actor: Actor, movement: Movement) -> None:
    """What awaited the receipt ends; of what was accepted, recovery or disposal is awaited."""
    at = movement.received_at or times.now()
    clocks.end_all(movement, at, "met", steps=(*CHASED, *RECEIPT))
    if movement.accepted_kg and movement.completed_at is None:
        _start(actor, movement, COMPLETION, at)


def completed(actor: Actor, movement: Movement) -> None:
    """Nothing but the certificate is awaited any more; the limit from the receipt on is for it, too."""
    if movement.certified_on is not None:
        certified(actor, movement)
    elif movement.completed_at is not None:
        _start(actor, movement, CERTIFICATE, movement.completed_at)


def certified(actor: Actor, movement: Movement) -> None:
    """Nothing is awaited any more. Where the law's last day was before that of the certificate, or before it came to
    this copy, a breach opens (Regulation (EU) 2024/1157 Art. 38; Basel Art. 6(9) names no number of days)."""
    now, day = times.now(), movement.certified_on
    clocks.end_all(movement, now, "met")
    for steps, since in ((CERTIFICATE, movement.completed_at), (COMPLETION, movement.received_at)):
        if since is None or day is None:
            continue
        for rule, state in _limits(movement, steps, since):
            calendar = calendar_of(state)
            last = clocks.due(rule, since, (), calendar)
            if rule.law and last is not None and (now > last or day > calendar.day(last)):
                open_breach(
                    actor, movement, "late_certificate", rule=rule.id, due_at=last, certified_on=day, known_at=now
                )  # fmt: skip


def _start(actor: Actor, movement: Movement, steps: tuple[str, ...], at: datetime) -> None:
    for rule, state in _limits(movement, steps, at):
        clocks.start(actor, rule=rule.id, subject=movement, case=movement.case, authority=state, at=at)


def _limits(movement: Movement, steps: tuple[str, ...], at: datetime) -> list[tuple[clocks.Rule, str]]:
    """The time limits of some steps, each with the State whose law it is: that of import goes before that of export,
    and any law before what this system chose. None for a return: its time limit is that of the take-back case."""
    if movement.take_back:
        return []
    notification, book = movement.notification, guard.book()
    found: list[tuple[clocks.Rule, str]] = []
    for name in steps:
        of_step: dict[str, tuple[clocks.Rule, str]] = {}
        for role in ("export",) if steps == CHASED else ("import", "export"):
            state = notification.home if role == "export" else notification.state_import
            rule = clocks.rule_for(
                name, state=state, role=role, day=today(state, at), book=book,
                layer=carriage.layer(notification, state, book), preconsented=notification.preconsent_counts,
            )  # fmt: skip
            if rule is not None and rule.length is not None:
                of_step.setdefault(rule.id, (rule, state))
        laws = [pair for pair in of_step.values() if pair[0].law]
        found += laws or of_step.values()
    return found


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
