"""At the facility: receipt, interim and final operations with their mass balance; corrections that others approve.

Receipt and operations were seen: they are stored whatever they say, once their own figures add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from tidegate.movements import carriage, clocks, draws, guard, machines
from tidegate.movements.breaches import open_breach
from tidegate.movements.carriage import step
from tidegate.movements.commands.movements import read_moment
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Clock, Correction, Movement, Operation
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.ids import reference
from tidegate.parties.registry import Post

# A difference between loaded and received above this share is a discrepancy. No text that was read gives a figure:
# chosen, as the error of two road weighbridges.
TOLERANCE = Decimal("0.01")
CORRECTABLE: Mapping[str, str] = {
    "loaded_kg": carriage.EXPORT,
    "received_kg": carriage.IMPORT,
    "accepted_kg": carriage.IMPORT,
    "rejected_kg": carriage.IMPORT,
}


@command("movements.movement.receive")
def receive(
    actor: Actor,
    movement_id: UUID | str,
    *,
    received_kg: Decimal | str,
    accepted_kg: Decimal | str,
    rejected_kg: Decimal | str = "0",
    at: datetime | str | None = None,
    reason: str = "",
) -> Movement:
    """What the facility weighed in: accepted + rejected = received. What is rejected needs a reason.

    A difference from what was loaded beyond the tolerance opens a breach; more than was loaded also corrects the
    ledger. Less is not credited back: the waste has left (invariant 32).

    Raises Refused: balance, required, recorded, mass, moment.
    """
    movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement.notification, "received_accepted")
    if movement.received_kg is not None:
        raise Refused("recorded", _("Its receipt is recorded already; propose a correction."), field="received_kg")
    received = kilograms(received_kg, "received_kg")
    accepted = kilograms(accepted_kg, "accepted_kg", zero=True)
    rejected = kilograms(rejected_kg, "rejected_kg", zero=True)
    _adds_up(received, accepted, rejected)
    if rejected and not reason.strip():
        raise Refused("required", _("Say why it was rejected."), field="reason", expected=_("a reason"))
    moment = read_moment(at)
    movement.received_kg, movement.accepted_kg, movement.rejected_kg = received, accepted, rejected
    movement.received_at = moment
    event = "received_rejected" if not accepted else "received_partly" if rejected else "received_accepted"
    if (movement.status, event) in carriage.MOVEMENT.table:
        step(actor, movement, event, at=moment, tell=True, reason=reason.strip())
    else:
        open_breach(actor, movement, "not_announced", status=movement.status, event=event, at=moment)
        carriage.note(actor, movement, event, at=moment, state=actor.state)
    compare(actor, movement)
    for clock in Clock.objects.filter(subject_id=movement.pk, ended_at=None):
        if clocks.rule(clock.rule).step in ("receipt", "no_news"):
            clocks.end(movement, clock.rule, moment, "met")
    if accepted:
        _await_completion(actor, movement, moment)
    return movement


def compare(actor: Actor, movement: Movement) -> None:
    """Open a breach where what was received differs from what was loaded by more than the tolerance."""
    loaded, received = movement.loaded_kg, movement.received_kg
    if loaded is None or received is None:
        return
    if abs(received - loaded) > loaded * TOLERANCE:
        open_breach(actor, movement, "quantity_difference", loaded_kg=loaded, received_kg=received)


def receipt_known(movement: Movement) -> None:
    """At the State of export, once it knows the receipt: the ledger follows what was in fact received, upwards."""
    if movement.holder_id != movement.notification.state_export:
        return
    by = system(movement.holder_id)
    compare(by, movement)
    loaded, received = movement.loaded_kg, movement.received_kg
    if received is None:
        return
    at = movement.received_at or times.now()
    if loaded is None:
        # It arrived although no departure was ever recorded: what came is what left.
        draws.commit(by, movement, received, at)
        open_breach(by, movement, "not_announced", received_kg=received)
    elif received > loaded:
        draws.adjust(by, movement, received, at, "received")
    for clock in Clock.objects.filter(subject_id=movement.pk, ended_at=None):
        if clocks.rule(clock.rule).step in ("receipt", "no_news"):
            clocks.end(movement, clock.rule, at, "met")
    if movement.accepted_kg:
        _await_completion(by, movement, at)


def completion_known(movement: Movement) -> None:
    """Every clock of a movement ends with its completion."""
    for clock in Clock.objects.filter(subject_id=movement.pk, ended_at=None):
        clocks.end(movement, clock.rule, movement.completed_at or times.now(), "met")


def _await_completion(actor: Actor, movement: Movement, at: datetime) -> None:
    notification = movement.notification
    for name in ("completion", "completion_latest"):
        rule = clocks.rule_for(
            name, state=notification.state_import, role="import", day=at.date(), book=guard.book(),
            preconsented=notification.preconsented,
        )  # fmt: skip
        if rule is not None and rule.length is not None:
            clocks.start(
                actor, rule=rule.id, subject=movement, case=movement.case, authority=notification.state_import, at=at
            )


def _adds_up(received: Decimal, accepted: Decimal, rejected: Decimal) -> None:
    if accepted + rejected != received:
        raise Refused(
            "balance", _("Accepted and rejected do not add up to what was received."), field="received_kg",
            value=str(received), expected=str(accepted + rejected),
        )  # fmt: skip


@command("movements.movement.complete")
def complete(
    actor: Actor,
    movement_id: UUID | str,
    *,
    code: str,
    final: bool,
    input_kg: Decimal | str,
    output_kg: Decimal | str = "0",
    loss_kg: Decimal | str = "0",
    facility: str,
    after: str = "",
    at: datetime | str | None = None,
) -> Movement:
    """An operation on what was accepted, or (`after`) on what an interim operation passed on.

    When final operations and declared losses account for every accepted kilogram, the movement is completed. An
    operation that the notification does not name, or that takes in more than there is, is stored and opens a breach.

    Raises Refused: state (nothing was accepted), code, mass, balance (more out than in), required, missing (`after`).
    """
    movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement.notification, "completed")
    if not movement.accepted_kg:
        raise Refused("state", _("Nothing of this shipment was accepted."), field="movement", value=movement.status)
    taken = kilograms(input_kg, "input_kg")
    out = kilograms(output_kg, "output_kg", zero=True)
    loss = kilograms(loss_kg, "loss_kg", zero=True)
    if out + loss > taken:
        raise Refused(
            "balance", _("More comes out than went in."), field="output_kg", value=str(out + loss), expected=str(taken)
        )
    if not facility.strip():
        raise Refused("required", _("Name the facility."), field="facility", expected=_("a name"))
    word = code.strip().upper()
    if not _is_operation(word):
        raise Refused(
            "code", _("This is no operation of Annex IV."), field="code", value=code[:10], expected="D1–D15, R1–R13"
        )
    previous = None
    if after:
        previous = movement.operations.filter(reference=after, final=False).first()
        if previous is None:
            raise Refused("missing", _("There is no such interim operation."), field="after", value=after[:64])
    moment = read_moment(at)
    operation = Operation.objects.create(
        holder_id=actor.state, movement=movement, reference=reference(actor.state), after=after, final=final, code=word,
        facility=facility.strip()[:200], input_kg=taken, output_kg=out, loss_kg=loss, at=moment,
    )  # fmt: skip
    allowed = movement.notification.blocks.get("operations") or []
    if final and allowed and word not in allowed:
        open_breach(actor, movement, "operation_not_allowed", code=word, allowed=allowed)
    available = previous.output_kg if previous is not None else movement.accepted_kg
    used = movement.operations.filter(after=after).aggregate(sum=Sum("input_kg"))["sum"] or Decimal(0)
    if used > available:
        open_breach(actor, movement, "mass_balance", after=after, input_kg=used, available_kg=available)
    done = accounted(movement) >= movement.accepted_kg
    event = "completed" if done else "interim_done"
    if done:
        movement.completed_at = moment
    if (movement.status, event) in carriage.MOVEMENT.table:
        step(actor, movement, event, at=moment, tell=True, operation=operation)
    else:
        carriage.note(actor, movement, event, at=moment, state=actor.state)
    if done:
        completion_known(movement)
    return movement


def accounted(movement: Movement) -> Decimal:
    """The kilograms of a movement that final operations took in, and those declared as lost on the way to them."""
    rows = movement.operations.all()
    final = sum((row.input_kg for row in rows if row.final), Decimal(0))
    return final + sum((row.loss_kg for row in rows if not row.final), Decimal(0))


def _is_operation(word: str) -> bool:
    letter, number = word[:1], word[1:]
    return number.isdecimal() and not number.startswith("0") and int(number) <= {"D": 15, "R": 13}.get(letter, 0)


# ── corrections ──────────────────────────────────────────────────────────────────────────────────────────────


@command("movements.movement.correct")
def correct(actor: Actor, movement_id: UUID | str, *, changes: Mapping[str, str], reason: str) -> Correction:
    """Propose to correct a recorded figure: the State whose fact it is proposes, every other State on the route answers.

    Raises Refused: required, field (not one that can be corrected), writer, balance.
    """
    movement = locked(Movement, movement_id, actor)
    if not changes or not reason.strip():
        raise Refused("required", _("Say what is wrong and why."), field="changes", expected=_("a figure and a reason"))
    figures: dict[str, Decimal] = {}
    for name, value in changes.items():
        if name not in CORRECTABLE or getattr(movement, name) is None:
            raise Refused(
                "field", _("This cannot be corrected."), field=name, value=str(value)[:40],
                expected=", ".join(CORRECTABLE),
            )  # fmt: skip
        carriage.place(actor, movement.notification, "departed" if name == "loaded_kg" else "arrived")
        figures[name] = kilograms(value, name, zero=True)
    _check(movement, figures)
    row = Correction(
        holder_id=actor.state, case=movement.case, movement=movement, reference=reference(actor.state),
        proposed_by=actor.state, changes=journal.as_json(figures), reason=reason.strip(), status="",
        proposed_at=times.now(),
    )  # fmt: skip
    row.save(force_insert=True)
    row.involved.add(*movement.involved.all())
    said = {
        "serial": movement.serial, "reference": row.reference, "changes": row.changes, "reason": row.reason,
    }  # fmt: skip
    record(
        actor, row, "proposed", [Post(to, row.case, "correction.proposed", said) for to in carriage.concerned(movement)]
    )
    return row


def _check(movement: Movement, figures: Mapping[str, Decimal]) -> None:
    if {"received_kg", "accepted_kg", "rejected_kg"} & set(figures):
        now = {
            name: figures.get(name, getattr(movement, name)) for name in ("received_kg", "accepted_kg", "rejected_kg")
        }
        _adds_up(now["received_kg"], now["accepted_kg"], now["rejected_kg"])


@command("movements.correction.answer")
def approve_correction(actor: Actor, correction_id: UUID | str, *, approved: bool, reason: str = "") -> Correction:
    """This State's answer to another's correction. Raises Refused("state"), Refused("own")."""
    row = locked(Correction, correction_id, actor)
    if row.proposed_by == actor.state:
        raise Refused("own", _("A State does not answer its own proposal."), field="correction")
    if actor.state in row.answers:
        raise Refused("recorded", _("This State has answered already."), field="correction")
    if not approved and not reason.strip():
        raise Refused("required", _("Say why."), field="reason", expected=_("a reason"))
    said = {"reference": row.reference, "approved": approved, "reason": reason.strip()}
    posts = [Post(to, row.case, "correction.answered", said) for to in carriage.concerned(row.movement)]
    answered(actor, row, actor.state, approved=approved, reason=reason.strip(), posts=posts)
    return row


def answered(
    actor: Actor, row: Correction, state: str, *, approved: bool, reason: str, posts: list[Post] | None = None
) -> None:
    """Keep an answer; when all are in, the correction is applied (or refused)."""
    row.answers = {**row.answers, state: {"approved": approved, "reason": reason}}
    record(actor, row, "answered", posts or [], state=state)
    if row.status != Correction.Status.PROPOSED:
        return
    route = set(row.movement.notification.route.values_list("state", flat=True)) - {row.proposed_by}
    if any(not answer["approved"] for answer in row.answers.values()):
        record(actor, row, "refused", [])
    elif route <= set(row.answers):
        record(actor, row, "approved", [])
        apply(actor, row)


def apply(actor: Actor, row: Correction) -> None:
    """Put an approved correction into effect on this copy; at the State of export the ledger follows."""
    movement = Movement.objects.select_for_update().get(pk=row.movement_id)
    before = {name: getattr(movement, name) for name in row.changes}
    for name, value in row.changes.items():
        setattr(movement, name, Decimal(value))
    step(actor, movement, "corrected", reason=row.reason, before=before, changes=row.changes, state=row.proposed_by)
    if movement.holder_id == movement.notification.state_export:
        actual = max(figure for figure in (movement.loaded_kg, movement.received_kg) if figure is not None)
        draws.adjust(actor, movement, actual, times.now(), "correction")
    compare(actor, movement)


def record(actor: Actor, row: Correction, event: str, posts: list[Post], *, state: str | None = None) -> None:
    """One step of a correction, journalled and told."""
    row.status = machines.step(machines.CORRECTION, row.status, event)
    row.revision += 1
    row.save()
    payload: dict[str, Any] = {
        "serial": row.movement.serial, "changes": row.changes, "reason": row.reason, "answers": row.answers,
    }  # fmt: skip
    journal.record(
        actor, f"correction.{event}", row, revision=row.revision, case=row.case, payload=payload, state=state,
        posts=posts,
    )  # fmt: skip
