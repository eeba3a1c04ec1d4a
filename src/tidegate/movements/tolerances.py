"""How far a received mass may be from the loaded one before that is a discrepancy: a dated setting of a State's
authority, for each regime under which it is asked. Each State judges its own copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements import carriage, guard
from tidegate.movements.calendars import today
from tidegate.movements.models import GreenShipment, Movement, Tolerance
from tidegate.parties import times

# No text that was read gives a figure: chosen, as the error of two road weighbridges.
DEFAULT = Decimal(1)
EVERY, GREEN = "", "green"
# The layers of law (`carriage.layer`), green-listed shipments, and what holds for every other.
REGIMES: Mapping[str, Any] = {
    EVERY: _("Every regime"),
    "basel": _("Basel Convention"),
    "oecd": _("OECD Decision"),
    "eu": _("European Union"),
    "waigani": _("Waigani Convention"),
    "art11": _("Agreement under Article 11"),
    "national": _("National law"),
    GREEN: _("Green-listed shipments"),
}


@dataclass(frozen=True, slots=True)
class Applied:
    """The tolerance in per cent and why it is this one; without `since` it is the default."""

    percent: Decimal = DEFAULT
    state: str = ""
    regime: str = ""
    since: date | None = None
    source: str = ""

    def exceeded(self, expected: Decimal, kg: Decimal) -> bool:
        """Whether a mass is further from the expected one than is tolerated."""
        return abs(kg - expected) * 100 > expected * self.percent

    def more(self, expected: Decimal, kg: Decimal) -> bool:
        """Whether it is above the expected one by more than that."""
        return kg > expected and self.exceeded(expected, kg)

    @property
    def detail(self) -> dict[str, Any]:
        """What a breach says of it."""
        why = {"regime": self.regime or "every", "since": self.since, "source": self.source, "set_by": self.state}
        return {"tolerance_pct": self.percent, **(why if self.since else {"set_by": "default"})}


def settings_of(state: str) -> list[Tolerance]:
    """What the authority of a State has set, the latest first."""
    return list(Tolerance.objects.filter(holder=state, removed=False).order_by("-since", "-id"))


def applied(state: str, regimes: set[str], day: date, rows: Iterable[Tolerance]) -> Applied:
    """The one in force on a day: of the regimes the strictest (of each the latest), else the latest of every regime,
    else the default."""
    latest: dict[str, Tolerance] = {}
    for row in rows:
        if row.since <= day:
            latest.setdefault(row.regime, row)
    own = [latest[regime] for regime in sorted(regimes) if regime in latest]
    found = min(own, key=lambda row: row.percent) if own else latest.get(EVERY)
    return Applied() if found is None else Applied(found.percent, state, found.regime, found.since, found.source)


def of(movement: Movement, rows: list[Tolerance] | None = None) -> Applied:
    """That of a movement in its holder's copy, on the day of its receipt. `rows`: what the State has set."""
    state = movement.holder_id
    rows = settings_of(state) if rows is None else rows
    if not rows:
        return Applied()
    day = today(state, movement.received_at or times.now())
    return applied(state, carriage.layers(movement.notification, state, guard.book()), day, rows)


def of_green(row: GreenShipment) -> Applied:
    """That of a green-listed shipment."""
    day = today(row.holder_id, row.received_at or times.now())
    return applied(row.holder_id, {GREEN}, day, settings_of(row.holder_id))
