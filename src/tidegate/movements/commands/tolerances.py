"""The tolerance between loaded and received masses, kept by the State's own authority."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts
from tidegate.movements.models import Tolerance
from tidegate.movements.tolerances import REGIMES
from tidegate.parties import journal
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command


@command("movements.tolerance.keep", "movements.tolerance.add")
def add_tolerance(actor: Actor, *, percent: Decimal | str, since: Any, source: str, regime: str = "") -> Tolerance:
    """From a day on, a received mass may be so many per cent from the loaded one, under one regime or (empty) under
    every one that has none of its own. `source` is the law or decision that says so.

    Raises Refused: regime, percent, day, text, taken (this regime has one from that day on).
    """
    if regime not in REGIMES:
        raise Refused("regime", _("This is no regime."), field="regime", value=str(regime)[:20],
                      expected=", ".join(filter(None, REGIMES)))  # fmt: skip
    row = Tolerance(
        holder_id=actor.state, regime=regime, percent=_percent(percent), since=facts.needed_day(since, "since"),
        source=facts.words(source, "source", _("the law or decision"))[:200],
    )  # fmt: skip
    if Tolerance.objects.filter(holder=actor.state, regime=regime, since=row.since, removed=False).exists():
        raise Refused("taken", _("One is set from this day on."), field="since", value=row.since.isoformat())
    row.save(force_insert=True)
    _note(actor, "tolerance.added", row, 1)
    return row


@command("movements.tolerance.keep", "movements.tolerance.remove")
def remove_tolerance(actor: Actor, tolerance_id: UUID | str) -> Tolerance:
    """It was set wrongly: the one before it counts again. What was judged by it stays. Raises Missing."""
    try:
        row = Tolerance.objects.select_for_update().filter(pk=tolerance_id, holder=actor.state, removed=False).first()
    except (ValueError, TypeError):
        row = None
    if row is None:
        raise Missing("tolerance")
    row.removed = True
    row.save(update_fields=["removed"])
    _note(actor, "tolerance.removed", row, 2)
    return row


def _percent(value: Any) -> Decimal:
    try:
        found = None if isinstance(value, float) else Decimal(str(value).strip())
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or not 0 <= found <= 100 or found != round(found, 3):
        raise Refused("percent", _("This is not a tolerance."), field="percent", value=str(value)[:40],
                      expected=_("per cent, from 0 to 100"))  # fmt: skip
    return found


def _note(actor: Actor, type: str, row: Tolerance, revision: int) -> None:
    payload = {"regime": row.regime, "percent": row.percent, "since": row.since, "source": row.source}
    journal.record(actor, type, row, revision=revision, payload=payload)
