"""At the facility: receipt, interim and final operations with their mass balance.

Both were seen: they are stored whatever they say, once their own figures add up.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from tidegate.movements import alternatives, bases, carriage, chasing, draws, facts, tolerances
from tidegate.movements import particulars as read
from tidegate.movements.breaches import open_breach
from tidegate.movements.calendars import today
from tidegate.movements.codes import OPERATIONS
from tidegate.movements.commands.notifications import exhausted
from tidegate.movements.commands.transport import seen
from tidegate.movements.leaving import flag, treated
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Movement, Operation
from tidegate.parties import times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.ids import reference


@command("movements.movement.receive")
def receive(
    actor: Actor,
    movement_id: UUID | str,
    *,
    received_kg: Decimal | str,
    accepted_kg: Decimal | str,
    rejected_kg: Decimal | str = "0",
    basis: str = "",
    tare_kg: Decimal | str | None = None,
    moisture_pct: Decimal | str | None = None,
    at: datetime | str | None = None,
    reason: str = "",
    signed_by: str = "",
    facility: str = "",
    operation: str = "",
    expected_on: date | str | None = None,
) -> Movement:
    """What the facility weighed in: accepted + rejected = received. What is rejected needs a reason, and opens a
    take-back case unless one is open.

    `signed_by` is who signs block 18 of the movement document, `expected_on` the approximate day of recovery or
    disposal, `facility` and `operation` where and for what it was taken in, where that is not as announced.

    On another `basis` (gross, net, dry) than the notification's, what was received is worked out from tare or moisture,
    and what was accepted and rejected adds up to that. Without these it is stored as it was weighed, and held against
    nothing until it is corrected. Operations count on the basis of the receipt.

    A difference from what was loaded beyond the tolerance opens a breach, as does a facility or an operation that a
    condition of a consent bars; more than was loaded also corrects the ledger. Less is not credited back: the waste
    has left (invariant 32).

    Raises Refused: writer, balance, text, recorded, mass, basis, moisture, moment, code, day.
    """
    movement: Movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement, "received_accepted")
    if movement.received_kg is not None:
        raise Refused("recorded", _("Its receipt is recorded already; propose a correction."), field="received_kg")
    received, movement.received_as = bases.weigh(
        movement.notification, kilograms(received_kg, "received_kg"), basis=basis, tare_kg=tare_kg,
        moisture_pct=moisture_pct,
    )  # fmt: skip
    accepted = kilograms(accepted_kg, "accepted_kg", zero=True)
    rejected = kilograms(rejected_kg, "rejected_kg", zero=True)
    adds_up(received, accepted, rejected)
    why = facts.words(reason, "reason", _("why it was rejected")) if rejected else str(reason or "").strip()
    moment = read.moment(at)
    movement.received_kg, movement.accepted_kg, movement.rejected_kg = received, accepted, rejected
    movement.received_at = moment
    movement.received_by, movement.received_facility = _line(signed_by), _line(facility)
    movement.received_operation = _operation(operation, "operation") if operation else ""
    movement.expected_on = facts.day(expected_on, "expected_on")
    event = "received_rejected" if not accepted else "received_partly" if rejected else "received_accepted"
    seen(actor, movement, event, moment, reason=why)
    known(actor, movement)
    flag(actor, movement, today(actor.state, moment), moment)
    if rejected and not movement.take_back:
        from tidegate.movements.commands.takeback import open_for_rejected

        open_for_rejected(actor, movement, why, moment)
    return movement


def known(actor: Actor, movement: Movement) -> None:
    """A receipt is known in this copy: compare it with what was loaded; at home the ledger follows, upwards."""
    chasing.received(actor, movement)
    compare(actor, movement)
    at = movement.received_at or times.now()
    treated(actor, movement, facility=movement.received_facility, operation=movement.received_operation, at=at)
    notification = movement.notification
    if movement.holder_id != notification.home or movement.received_kg is None or movement.take_back:
        return
    by = system(movement.holder_id)
    if movement.loaded_kg is None:
        # It arrived although no departure was ever recorded: what came is what left.
        draws.commit(by, movement, bases.counted(movement), at)
        open_breach(by, movement, "not_announced", received_kg=movement.received_kg)
    elif (came := bases.like(movement, "received_kg")) is not None and came > (
        bases.like(movement, "loaded_kg") or movement.announced_kg
    ):
        draws.adjust(by, movement, came, at, "received")
    exhausted(movement.holder_id, movement.case)


def compare(actor: Actor, movement: Movement) -> None:
    """Open a breach where what was received differs from what was loaded by more than this State's tolerance; on unlike
    bases there is no telling."""
    if not bases.compared(movement):
        return
    loaded, received = movement.loaded_kg, movement.received_kg
    assert loaded is not None
    assert received is not None
    tolerance = tolerances.of(movement)
    if tolerance.exceeded(loaded, received):
        open_breach(
            actor, movement, "quantity_difference", loaded_kg=loaded, received_kg=received, **tolerance.detail
        )  # fmt: skip


def _line(text: Any) -> str:
    return str(text or "").strip()[:200]


def _operation(code: Any, field: str) -> str:
    word = str(code).strip().upper()
    if word not in OPERATIONS:
        raise Refused(
            "code", _("This is no operation of Annex IV."), field=field, value=str(code)[:10], expected="D1–D15, R1–R13"
        )
    return word


def adds_up(received: Decimal, accepted: Decimal, rejected: Decimal) -> None:
    """Raises Refused("balance") unless accepted + rejected = received."""
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
    facility: str,
    output_kg: Decimal | str = "0",
    loss_kg: Decimal | str = "0",
    after: str = "",
    at: datetime | str | None = None,
    certified: bool = True,
    certified_by: str = "",
    certified_on: date | str | None = None,
) -> Movement:
    """An operation on what was accepted, or (`after`, a reference) on what an interim operation passed on.

    When final operations and declared losses account for every accepted kilogram, the movement is completed, and with
    it certified (`certified_by` signs block 19, today unless `certified_on` is another day), unless the certificate
    comes later (`certified` false, then `certify`). An operation that the notification does not name, that a condition
    bars, as it may bar the facility, or that takes in more than there is, is stored and opens a breach.

    Raises Refused: writer, state (nothing was accepted), code, mass, balance (more out than in), text, missing, day.
    """
    movement: Movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement, "completed")
    if not movement.accepted_kg:
        raise Refused("state", _("Nothing of this shipment was accepted."), field="movement", value=movement.status)
    taken = kilograms(input_kg, "input_kg")
    out = kilograms(output_kg, "output_kg", zero=True)
    loss = kilograms(loss_kg, "loss_kg", zero=True)
    if out + loss > taken:
        raise Refused(
            "balance", _("More comes out than went in."), field="output_kg", value=str(out + loss), expected=str(taken)
        )
    word = _operation(code, "code")
    previous = None
    if after:
        previous = movement.operations.filter(reference=after, final=False).first()
        if previous is None:
            raise Refused("missing", _("There is no such interim operation."), field="after", value=after[:64])
    moment = read.moment(at)
    operation = Operation.objects.create(
        holder_id=actor.state, movement=movement, reference=reference(actor.state), after=after, final=bool(final),
        code=word, facility=facts.words(facility, "facility", _("the facility's name"))[:200], input_kg=taken,
        output_kg=out, loss_kg=loss, at=moment,
    )  # fmt: skip
    judge(actor, movement, operation)
    available = previous.output_kg if previous is not None else movement.accepted_kg
    used = movement.operations.filter(after=after).aggregate(sum=Sum("input_kg"))["sum"] or Decimal(0)
    if used > available:
        open_breach(actor, movement, "mass_balance", after=after, input_kg=used, available_kg=available)
    done = balance(movement)["open_kg"] <= 0
    more: dict[str, Any] = {"operation": operation}
    if done and movement.completed_at is None:
        movement.completed_at = moment
        if certified:
            _sign(actor, movement, certified_by, certified_on)
        seen(actor, movement, "completed", moment, **more)
        chasing.completed(actor, movement)
    else:
        seen(actor, movement, "interim_done", moment, **more)
    return movement


def judge(actor: Actor, movement: Movement, operation: Operation) -> None:
    """Open a breach where a final operation is none that was notified, or a condition bars it or its facility."""
    if not operation.final or movement.take_back:
        return
    allowed = alternatives.operations(movement.notification)
    if allowed and operation.code not in allowed:
        open_breach(actor, movement, "operation_not_allowed", code=operation.code, allowed=allowed)
    treated(actor, movement, facility=operation.facility, operation=operation.code, at=operation.at)


@command("movements.movement.complete", "movements.movement.certify")
def certify(
    actor: Actor, movement_id: UUID | str, *, certified_by: str = "", certified_on: date | str | None = None
) -> Movement:
    """The certificate of a completed recovery or disposal, where it comes after the last operation: `certified_by`
    signs block 19, today unless `certified_on` is another day. Too late by law, it is stored and opens a breach.

    Raises Refused: writer, state (it is not completed), recorded, day.
    """
    movement: Movement = locked(Movement, movement_id, actor)
    carriage.place(actor, movement, "certified")
    if movement.completed_at is None:
        raise Refused(
            "state", _("Not every accepted kilogram is recovered or disposed of yet."), field="movement",
            value=movement.status, expected=Movement.Status.COMPLETED,
        )  # fmt: skip
    if movement.certified_on is not None:
        raise Refused("recorded", _("It is certified already."), field="certified_on")
    _sign(actor, movement, certified_by, certified_on)
    seen(actor, movement, "certified", times.now())
    chasing.certified(actor, movement)
    return movement


def _sign(actor: Actor, movement: Movement, by: str, on: date | str | None) -> None:
    assert movement.completed_at is not None
    day, now = facts.day(on, "certified_on"), today(actor.state)
    first = today(actor.state, movement.completed_at)
    if day is not None and not first <= day <= now:
        raise Refused(
            "day", _("A certificate is signed after the completion, and not in days to come."), field="certified_on",
            value=day.isoformat(), expected=f"{first.isoformat()} – {now.isoformat()}",
        )  # fmt: skip
    movement.certified_on, movement.certified_by = day or now, _line(by)


def balance(movement: Movement) -> dict[str, Decimal]:
    """Where the accepted kilograms are: `final_kg` taken in by final operations, `lost_kg` declared lost on the way to
    them, `interim_kg` passed on by interim operations and not taken in yet, `open_kg` not accounted for."""
    rows = list(movement.operations.all())
    final = sum((row.input_kg for row in rows if row.final), Decimal(0))
    lost = sum((row.loss_kg for row in rows if not row.final), Decimal(0))
    interim = sum((row.output_kg for row in rows if not row.final), Decimal(0))
    onward = sum((row.input_kg for row in rows if row.after), Decimal(0))
    accepted = movement.accepted_kg or Decimal(0)
    return {
        "accepted_kg": accepted,
        "final_kg": final,
        "lost_kg": lost,
        "interim_kg": interim - onward,
        "open_kg": accepted - final - lost,
    }
