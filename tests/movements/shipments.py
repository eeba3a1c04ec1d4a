"""What the tests of movements stand on: a notification in force in three States' copies, and those who act on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.movements import cases
from tests.movements.cases import Wire, actor, copy, sent_on
from tidegate.movements import machines, rounds
from tidegate.movements.commands import movements
from tidegate.movements.models import Breach, Movement, Notification
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.models import JournalEntry

ROUTE = [("TH", "export"), ("SG", "transit"), ("DE", "import")]
STATES = [code for code, _role in ROUTE]
# In force, before the first shipment.
DAY = datetime(2027, 3, 1, 2, tzinfo=UTC)
PLANNED = "2027-03-15"


def trader() -> Actor:
    return actor("TH", "notifier", "clerk")


def carrier() -> Actor:
    return actor("TH", "carrier", "clerk")


def customs(code: str) -> Actor:
    return actor(code, "customs", "clerk")


def facility() -> Actor:
    return actor("DE", "facility", "clerk")


def in_force(wire: Wire, route: Sequence[tuple[str, str]] = ROUTE, **more: Any) -> Notification:
    """A notification that everybody has consented to, on the first of March, everywhere delivered."""
    row = sent_on(route, **more)
    wire.settle()
    cases.all_consent(row, wire, [code for code, _role in route])
    with times.at(DAY):
        rounds.tick()
        wire.settle()
    found = copy(row, route[0][0])
    assert found.status == Notification.Status.ACTIVE
    return found


def announced(wire: Wire, row: Notification, kg: str = "20000", *, planned_on: str = PLANNED, **more: Any) -> Movement:
    """A movement that every State was told of."""
    made = movements.draft(trader(), row.pk, planned_on=planned_on, announced_kg=kg, **more)
    movements.announce(trader(), made.pk, revision=made.revision)
    wire.settle()
    return again(made)


def departed(wire: Wire, row: Notification, kg: str = "20000") -> Movement:
    """A movement under way."""
    made = announced(wire, row, kg)
    movements.depart(trader(), made.pk, loaded_kg=kg)
    wire.settle()
    return again(made)


def arrived(wire: Wire, row: Notification, kg: str = "20000") -> Movement:
    """A movement at the facility."""
    made = departed(wire, row, kg)
    movements.arrive(facility(), there(made).pk)
    wire.settle()
    return again(made)


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def at(row: Movement, code: str) -> Movement:
    """A State's copy of a movement."""
    return Movement.objects.get(holder=code, case=row.case, serial=row.serial)


def there(row: Movement) -> Movement:
    return at(row, "DE")


def statuses(row: Movement) -> dict[str, str]:
    """The status of each State's copy."""
    found = Movement.objects.filter(case=row.case, serial=row.serial)
    return dict(found.values_list("holder", "status"))


def everywhere(status: str, states: Sequence[str] = STATES) -> dict[str, str]:
    return dict.fromkeys(states, status)


def folded(row: Movement) -> str:
    """The status that a copy's journal leads to."""
    types = JournalEntry.objects.filter(subject_id=row.pk).order_by("revision").values_list("type", flat=True)
    return machines.fold(machines.MOVEMENT, types)


def breaches(code: str, row: Any = None) -> set[str]:
    """The kinds of open breaches in a State's copy."""
    found = Breach.objects.filter(holder=code, closed_at=None)
    if row is not None:
        found = found.filter(subject_id=row.pk)
    return set(found.values_list("kind", flat=True))


def kg(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("0.001"))
