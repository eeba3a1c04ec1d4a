"""Fees of authorities (facts/movement.md 1, row 25): a dated schedule gives what a filing costs, exactly.

A fee is its fixed amount and so much for each tonne, rounded once, half up, to the hundredth of its currency. Nothing
is paid here: an authority records what was paid elsewhere. An unpaid fee holds up an acknowledgement where the
authority's schedule says so, and never a fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts, machines
from tidegate.movements.calendars import today
from tidegate.movements.models import Fee, FeeRate, Notification, Permit
from tidegate.parties.actors import Actor
from tidegate.parties.models import State

CENT, TONNE = Decimal("0.01"), Decimal(1000)
KINDS: Mapping[str, Any] = {
    "export": _("Notification, State of export"),
    "transit": _("Notification, State of transit"),
    "import": _("Notification, State of import"),
    **{f"permit_{kind.value}": kind.label for kind in Permit.Kind},
}
TERMS = ("kind", "fixed", "per_tonne", "kg", "amount", "currency", "source", "blocks", "assessed_on", "settled_on",
         "reference", "reason")  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """What a filing would cost at one authority on a day."""

    state: str
    amount: Decimal
    rate: FeeRate


def rate_of(state: str, kind: str, day: date) -> FeeRate | None:
    """The line of a State's schedule that holds for a kind of filing on a day."""
    rows = FeeRate.objects.filter(holder=state, kind=kind, valid_from__lte=day)
    return rows.filter(Q(valid_until=None) | Q(valid_until__gte=day)).order_by("-valid_from").first()


def amount_of(fixed: Decimal, per_tonne: Decimal, kg: Decimal | None) -> Decimal:
    """The fee. Where no mass is given there is nothing to charge by the tonne."""
    return (fixed + per_tonne * (kg or Decimal(0)) / TONNE).quantize(CENT, ROUND_HALF_UP)


def expected(row: Notification | Permit) -> list[Expected]:
    """What filing a draft would cost today, at every authority whose schedule is kept here."""
    asked = [(stop.state, stop.role) for stop in row.route.all()] if isinstance(row, Notification) else [
        (row.holder_id, f"permit_{row.kind}")]  # fmt: skip
    found = []
    for state, kind in asked:
        here = State.objects.filter(pk=state).exists()
        rate = rate_of(state, kind, today(state)) if here else None
        if rate is not None:
            found.append(Expected(state, amount_of(rate.fixed, rate.per_tonne, row.quantity_kg), rate))
    return found


def assess(actor: Actor | str, row: Notification | Permit, state: str) -> Fee | None:
    """The fee of this State for a filing, by its schedule of the day; again where the mass changes while it is due.

    None where the schedule has nothing. The State of export is told, for the notifier reads it there.
    """
    if isinstance(row, Notification):
        about: dict[str, Any] = {"notification": row}
        kind = row.route.filter(state=state).values_list("role", flat=True).first() or ""
    else:
        about, kind = {"permit": row}, f"permit_{row.kind}"
    fee = Fee.objects.select_for_update().filter(authority=state, **about).first()
    if fee is None:
        day = today(state)
        rate = rate_of(state, kind, day)
        if rate is None or not (rate.fixed or rate.per_tonne):
            return None
        terms = {name: getattr(rate, name) for name in ("kind", "fixed", "per_tonne", "currency", "source", "blocks")}
        fee = Fee(
            holder_id=state, case=row.case, authority=state, assessed_on=day, amount=Decimal(-1), status="",
            **about, **terms,
        )  # fmt: skip
    amount = amount_of(fee.fixed, fee.per_tonne, row.quantity_kg)
    if amount != fee.amount and fee.status in ("", Fee.Status.DUE):
        fee.amount, fee.kg = amount, row.quantity_kg
        step(actor, fee, "changed" if fee.status else "due")
    return fee


def step(actor: Actor | str, fee: Fee, event: str) -> Fee:
    """Take a step of a fee's life, and tell the State of export how it stands."""
    fee.status = machines.step(machines.FEE, fee.status, event)
    said = {name: getattr(fee, name) for name in TERMS}
    row = fee.notification
    if fee._state.adding:
        fee.save(force_insert=True)
        fee.involved.set((row or fee.permit).involved.all())  # type: ignore[union-attr]
    told = row is not None and row.home != fee.authority and State.objects.filter(pk=row.home).exists()
    body = {**said, "status": fee.status, "revision": fee.revision + 1}
    messages = facts.posts(row, "fee.told", body, to=[row.home]) if row is not None and told else []
    facts.note(actor, f"fee.{event}", fee, payload=said, posts=messages)
    return fee


def unpaid(row: Notification, state: str) -> Fee | None:
    """The fee that holds up this State's acknowledgement, if one does."""
    return Fee.objects.filter(notification=row, authority=state, status=Fee.Status.DUE, blocks=True).first()
