"""Periods of keeping and legal holds: set, placed, lifted by the competent authority."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts
from tidegate.movements.calendars import today
from tidegate.movements.models import (
    GreenShipment,
    KeepingKind,
    KeepingPeriod,
    LegalHold,
    Notification,
    TakeBack,
)
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command, locked

READ, SET, HOLD = "movements.keeping.read", "movements.keeping.set", "movements.keeping.hold"


@command(SET, "movements.keeping.set")
def set_period(actor: Actor, *, kind: str, years: int, valid_from: date | str, basis: str) -> KeepingPeriod:
    """How many years records of a kind are kept in this State, from a day on; the same day again replaces it.

    Raises Refused: kind, years (1 to 100), day (before today), text (no legal basis).
    """
    if kind not in KeepingKind.values:
        raise Refused("kind", _("There is no such kind of record."), field="kind", value=kind[:40],
                      expected=", ".join(KeepingKind.values))  # fmt: skip
    if isinstance(years, bool) or not isinstance(years, int) or not 1 <= years <= 100:
        raise Refused("years", _("This is not a number in the range."), field="years", value=str(years)[:40],
                      expected="1 – 100")  # fmt: skip
    day = facts.needed_day(valid_from, "valid_from")
    if day < today(actor.state):
        raise Refused("day", _("It cannot begin in the past."), field="valid_from", value=day,
                      expected=f"≥ {today(actor.state).isoformat()}")  # fmt: skip
    found = KeepingPeriod.objects.select_for_update().filter(holder=actor.state, kind=kind, valid_from=day).first()
    row = found or KeepingPeriod(holder_id=actor.state, kind=kind, valid_from=day)
    row.years, row.basis = years, facts.words(basis, "basis", _("the legal basis"))[:300]
    row.revision += 1
    row.save()
    payload = {"kind": kind, "years": years, "valid_from": day, "basis": row.basis}
    journal.record(actor, "keeping.period_set", row, revision=row.revision, payload=payload)
    return row


@command(HOLD, "movements.keeping.hold")
def place(actor: Actor, *, case: str, reason: str) -> LegalHold:
    """A legal hold on a notification, a green-listed shipment or a take-back case, by its reference or number.

    Raises Missing; Refused: text, state (one stands already).
    """
    found: list[str] = [
        *Notification.objects.filter(holder=actor.state, number=case).exclude(number="").values_list("case", flat=True),
        *(kept.case for model in (Notification, GreenShipment, TakeBack)
          for kept in model._default_manager.filter(holder=actor.state, case=case)),
    ]  # fmt: skip
    if not found:
        raise Missing("case")
    if LegalHold.objects.filter(holder=actor.state, case=found[0], lifted_at=None).exists():
        raise Refused("state", _("A legal hold stands on it already."), field="case", value=found[0])
    assert actor.organisation is not None
    row = LegalHold(
        holder_id=actor.state, case=found[0], placed_by=actor.organisation, placed_at=times.now(),
        reason=facts.words(reason, "reason", _("why it must be kept")),
    )  # fmt: skip
    row.save(force_insert=True)
    facts.note(actor, "legal_hold.placed", row, payload={"reason": row.reason})
    return row


@command(HOLD, "movements.keeping.lift")
def lift(actor: Actor, hold_id: UUID | str, *, reason: str) -> LegalHold:
    """Lift a legal hold. Raises Missing; Refused: text, state."""
    row: LegalHold = locked(LegalHold, hold_id, actor)
    if row.lifted_at is not None:
        raise Refused("state", _("It is lifted already."), field="hold", value=row.lifted_at)
    row.lifted_at, row.lifted_reason = times.now(), facts.words(reason, "reason", _("why it is lifted"))
    facts.note(actor, "legal_hold.lifted", row, payload={"reason": row.lifted_reason})
    return row
