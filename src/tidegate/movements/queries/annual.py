"""The annual report to the Convention (Article 13): what was exported and imported in a year, by waste and State.

An export counts in the year in which it left, an import in the year in which it was received. The partner State's own
figures, where this node's copy holds them, stand beside them: what both say is reconciled, what differs is listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tidegate.movements import tolerances
from tidegate.movements.models import GreenShipment, Movement
from tidegate.movements.queries import green
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden
from tidegate.parties.models import State

ZERO = Decimal("0.000")
# A load that was taken up counts; one that was refused, seized or sent back does not, and is listed on its own.
NOT_COUNTED = ("cancelled", "draft", "announcing", "announced")


@dataclass(frozen=True)
class Line:
    """One row of a table of the report: so many kg of a waste, to (or from) a State, for an operation."""

    way: str
    state: str
    transit: str
    basel: str
    y: str
    operation: str
    shipments: int
    kg: Decimal


@dataclass(frozen=True)
class Difference:
    """A shipment of which the two States' figures differ by more than the tolerance, or of which one says nothing."""

    case: str
    number: str
    serial: int
    way: str
    partner: str
    loaded_kg: Decimal | None
    received_kg: Decimal | None
    like: bool = True

    @property
    def kg(self) -> Decimal | None:
        """Received less loaded; None where one of them is missing, or where they are on unlike bases."""
        if self.loaded_kg is None or self.received_kg is None or not self.like:
            return None
        return self.received_kg - self.loaded_kg


@dataclass(frozen=True)
class Partner:
    """What this State and a partner say of the year's shipments between them, in kg."""

    way: str
    state: str
    shipments: int
    ours: Decimal
    theirs: Decimal
    silent: int

    @property
    def difference(self) -> Decimal:
        """Theirs less ours, of the shipments of which both say something."""
        return self.theirs - self.ours


@dataclass
class Report:
    """A State's annual report: its tables, the reconciliation with each partner, and the shipments that differ."""

    state: str
    year: int
    exports: list[Line] = field(default_factory=list)
    imports: list[Line] = field(default_factory=list)
    partners: list[Partner] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    # Outside the Convention's tables, for they are no waste under control: what moved as green-listed.
    green: list[Line] = field(default_factory=list)
    returns: int = 0

    @property
    def exported(self) -> Decimal:
        """All that was exported, in kg."""
        return sum((line.kg for line in self.exports), ZERO)

    @property
    def imported(self) -> Decimal:
        """All that was imported, in kg."""
        return sum((line.kg for line in self.imports), ZERO)


def years(actor: Actor) -> list[int]:
    """The years of which the actor's State holds shipments, the latest first."""
    rows = Movement.objects.filter(holder=actor.state)
    found = {*rows.exclude(departed_at=None).dates("departed_at", "year")}
    found |= {*rows.exclude(received_at=None).dates("received_at", "year")}
    listed = GreenShipment.objects.filter(holder=actor.state)
    for name in ("departed_at", "received_at"):
        found |= {*listed.exclude(**{name: None}).dates(name, "year")}
    return sorted({day.year for day in found}, reverse=True)


def report(actor: Actor, year: int) -> Report:
    """The report of the actor's State for a calendar year, counted in its own time. Raises Forbidden."""
    if not actor.may("movements.report.read"):
        raise Forbidden("movements.report.read")
    zone = ZoneInfo(State.objects.values_list("time_zone", flat=True).get(pk=actor.state))
    first = datetime(year, 1, 1, tzinfo=zone).astimezone(UTC)
    last = datetime(year + 1, 1, 1, tzinfo=zone).astimezone(UTC)
    out = Report(actor.state, year)
    rows = (
        Movement.objects.filter(holder=actor.state)
        .exclude(status__in=NOT_COUNTED)
        .select_related("notification")
        .prefetch_related("notification__route")
        .order_by("case", "serial")
    )
    exports = rows.filter(notification__state_export=actor.state, departed_at__gte=first, departed_at__lt=last)
    imports = rows.filter(notification__state_import=actor.state, received_at__gte=first, received_at__lt=last)
    sent = [row for row in exports if row.loaded_kg is not None]
    came = [row for row in imports if row.received_kg is not None]
    out.returns = sum(1 for row in (*sent, *came) if row.take_back)
    sent, came = ([row for row in group if not row.take_back] for group in (sent, came))
    out.exports = _lines("export", sent, "loaded_kg")
    out.imports = _lines("import", came, "accepted_kg")
    out.partners = [*_partners("export", sent), *_partners("import", came)]
    out.green = [line for way, group in zip(("export", "import"), green.of_year(actor.state, first, last), strict=True)
                 for line in _green(way, group)]  # fmt: skip
    out.differences = [*_differences("export", sent), *_differences("import", came)]
    return out


def _lines(way: str, rows: Iterable[Movement], column: str) -> list[Line]:
    sums: dict[tuple[str, str, str, str, str], list[Any]] = {}
    for row in rows:
        kg = getattr(row, column) or ZERO
        if not kg:
            continue
        blocks = row.notification.blocks
        codes = blocks.get("codes") or {}
        key = (
            _partner(way, row),
            ", ".join(stop.state for stop in row.notification.route.all() if stop.role == "transit"),
            ", ".join(codes.get("basel") or []),
            ", ".join(codes.get("y") or []),
            str(row.particulars.get("operation") or ", ".join(blocks.get("operations") or [])),
        )
        found = sums.setdefault(key, [0, ZERO])
        found[0], found[1] = found[0] + 1, found[1] + kg
    return [Line(way, *key, shipments=count, kg=kg) for key, (count, kg) in sorted(sums.items())]


def _green(way: str, rows: Iterable[GreenShipment]) -> list[Line]:
    """Exports by what was loaded, imports by what was accepted."""
    sums: dict[tuple[str, str, str, str, str], list[Any]] = {}
    for row in rows:
        kg = (row.loaded_kg if way == "export" else row.accepted_kg) or ZERO
        if not kg:
            continue
        codes = row.content.get("codes") or {}
        key = (
            row.state_import if way == "export" else row.state_export, ", ".join(row.transit),
            ", ".join(codes.get("basel") or codes.get("oecd") or []), "", str(row.content.get("operation") or ""),
        )  # fmt: skip
        found = sums.setdefault(key, [0, ZERO])
        found[0], found[1] = found[0] + 1, found[1] + kg
    return [Line(way, *key, shipments=count, kg=kg) for key, (count, kg) in sorted(sums.items())]


def _partner(way: str, row: Movement) -> str:
    return row.notification.state_import if way == "export" else row.notification.state_export


def _figures(way: str, row: Movement) -> tuple[Decimal | None, Decimal | None]:
    """(ours, theirs): what left is the State of export's figure, what was received the State of import's."""
    return (row.loaded_kg, row.received_kg) if way == "export" else (row.received_kg, row.loaded_kg)


def _partners(way: str, rows: Iterable[Movement]) -> list[Partner]:
    groups: dict[str, list[Movement]] = {}
    for row in rows:
        groups.setdefault(_partner(way, row), []).append(row)
    found = []
    for state, members in sorted(groups.items()):
        figures = [_figures(way, row) for row in members if row.loaded_basis == row.received_basis]
        both = [(ours, theirs) for ours, theirs in figures if ours is not None and theirs is not None]
        found.append(
            Partner(
                way, state, len(members), sum((ours for ours, _t in both), ZERO), sum((t for _o, t in both), ZERO),
                len(members) - len(both),
            )
        )  # fmt: skip
    return found


def _differences(way: str, rows: Iterable[Movement]) -> list[Difference]:
    found, kept = [], None
    for row in rows:
        kept = tolerances.settings_of(row.holder_id) if kept is None else kept
        loaded, received = row.loaded_kg, row.received_kg
        like = row.loaded_basis == row.received_basis
        known = like and loaded is not None and received is not None
        if known and not tolerances.of(row, kept).exceeded(loaded, received):
            continue
        found.append(
            Difference(
                row.case, row.notification.number or row.case, row.serial, way, _partner(way, row), loaded, received,
                like,
            )
        )  # fmt: skip
    return found
