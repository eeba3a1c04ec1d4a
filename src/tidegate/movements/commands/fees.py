"""The schedule of fees that an authority keeps, and what it records as paid or waived."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts, fees
from tidegate.movements.calendars import today
from tidegate.movements.commands.guarantees import money
from tidegate.movements.models import Fee, FeeRate
from tidegate.parties import journal
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.models import State

KEEP, RECORD, WAIVE = "movements.fee.keep", "movements.fee.record", "movements.fee.waive"


@command(KEEP, "movements.fee.set_rate")
def set_rate(
    actor: Actor,
    *,
    kind: str,
    currency: str,
    valid_from: date | str,
    source: str,
    fixed: Any = "0",
    per_tonne: Any = "0",
    valid_until: date | str | None = None,
    blocks: bool = False,
) -> FeeRate:
    """A line of this State's schedule. One that was open until now ends on the day before; an amount of nothing for
    both ends the fee. Fees that were assessed stay as they are.

    Raises Refused: kind, amount, currency, day, dates (it would hold beside another), text (the legal source).
    """
    if kind not in fees.KINDS:
        raise Refused("kind", _("There is no fee of this kind."), field="kind", value=str(kind)[:24],
                      expected=", ".join(fees.KINDS))  # fmt: skip
    first, last = facts.needed_day(valid_from, "valid_from"), facts.day(valid_until, "valid_until")
    if last is not None and last < first:
        raise Refused("dates", _("It ends before it begins."), field="valid_until", value=last.isoformat(),
                      expected=f"≥ {first.isoformat()}")  # fmt: skip
    State.objects.select_for_update(no_key=True).get(pk=actor.state)  # one schedule, one writer at a time
    rows = FeeRate.objects.filter(holder=actor.state, kind=kind)
    rows.filter(valid_from__lt=first, valid_until=None).update(valid_until=first - timedelta(days=1))
    beside = rows.filter(Q(valid_until=None) | Q(valid_until__gte=first))
    beside = beside if last is None else beside.filter(valid_from__lte=last)
    if (other := beside.first()) is not None:
        raise Refused("dates", _("Another rate holds on these days."), field="valid_from", value=first.isoformat(),
                      expected=f"> {(other.valid_until or other.valid_from).isoformat()}")  # fmt: skip
    one, said = money(fixed or "0", currency, least=False)
    row = FeeRate(
        holder_id=actor.state, kind=kind, fixed=one, per_tonne=money(per_tonne or "0", currency, least=False)[0],
        currency=said, valid_from=first, valid_until=last, blocks=bool(blocks),
        source=facts.words(source, "source", _("the law or decree that sets the fee"))[:300],
    )  # fmt: skip
    row.save(force_insert=True)
    payload = {
        name: getattr(row, name)
        for name in ("kind", "fixed", "per_tonne", "currency", "valid_from", "valid_until", "source", "blocks")
    }
    journal.record(actor, "fee_rate.set", row, revision=1, payload=payload)
    return row


@command(RECORD, "movements.fee.pay")
def pay(
    actor: Actor, fee_id: UUID | str, *, reference: str, paid_on: date | str | None = None, revision: int | None = None
) -> Fee:
    """It was paid: `reference` is the receipt of till or bank. Raises Refused: not_owner, state, text, dates."""
    return _settle(actor, fee_id, revision, "paid", reference, paid_on, "")


@command(WAIVE)
def waive(actor: Actor, fee_id: UUID | str, *, reason: str, reference: str, revision: int | None = None) -> Fee:
    """It is not charged, by the decision of that reference. Raises Refused: not_owner, state, text."""
    return _settle(actor, fee_id, revision, "waived", reference, None, facts.words(reason, "reason", _("a reason")))


def _settle(
    actor: Actor, fee_id: UUID | str, revision: int | None, event: str, reference: str, day: Any, reason: str
) -> Fee:
    fee: Fee = locked(Fee, fee_id, actor, revision)
    if fee.authority != actor.state:
        raise Refused("not_owner", _("This fee is another State's."), field="authority", value=actor.state,
                      expected=fee.authority)  # fmt: skip
    fee.reference = facts.words(reference, "reference", _("number of the receipt or the decision"))[:120]
    fee.settled_on, fee.reason = facts.day(day, "paid_on") or today(actor.state), reason
    if fee.settled_on > today(actor.state):
        raise Refused("dates", _("This day is still to come."), field="paid_on", value=fee.settled_on.isoformat(),
                      expected=f"≤ {today(actor.state).isoformat()}")  # fmt: skip
    return fees.step(actor, fee, event)
