"""What may lie between loaded and received: a dated setting of each State's authority, by regime."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse

from tests.movements import cases
from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import START, Wire, actor
from tests.movements.shipments import DAY, STATES, arrived, at, breaches, facility, in_force, there
from tidegate.movements.commands import movements
from tidegate.movements.commands.tolerances import add_tolerance, remove_tolerance
from tidegate.movements.models import Breach, Movement, Notification, Tolerance
from tidegate.parties import times
from tidegate.parties.commanding import Forbidden, Missing, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire() -> Iterator[Wire]:
    with cases.wired() as found, times.at(START):
        yield found


@pytest.fixture
def row(wire: Wire) -> Iterator[Notification]:
    found = in_force(wire)
    with times.at(DAY):
        yield found


def received(wire: Wire, row: Notification, kg: str) -> Movement:
    """20 t that left, weighed again."""
    made = arrived(wire, row)
    movements.receive(facility(), there(made).pk, received_kg=kg, accepted_kg=kg)
    wire.settle()
    return made


def detail(code: str, made: Movement) -> dict[str, Any]:
    return Breach.objects.get(holder=code, subject_id=at(made, code).pk, kind="quantity_difference").detail


def test_each_state_judges_by_its_own_tolerance(wire: Wire, row: Notification) -> None:
    add_tolerance(actor("DE"), regime="", percent="3", since="2026-01-01", source="Example decree")
    add_tolerance(actor("SG"), regime="", percent="0.5", since="2026-01-01", source="Example circular")
    made = received(wire, row, "19600")
    assert {code: breaches(code, at(made, code)) for code in STATES} == {
        "TH": {"quantity_difference"}, "SG": {"quantity_difference"}, "DE": set(),
    }  # fmt: skip
    said = detail("TH", made)
    assert (said["tolerance_pct"], said["set_by"]) == ("1", "default")
    said = detail("SG", made)
    assert (said["tolerance_pct"], said["set_by"], said["since"], said["source"], said["regime"]) == (
        "0.500", "SG", "2026-01-01", "Example circular", "every",
    )  # fmt: skip
    assert "Example circular" in page(signed_in(actor("SG")), f"/movements/{made.case}/{made.serial}/")


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ([("", "5", "2026-01-01"), ("eu", "0.1", "2026-06-01")], {"quantity_difference"}),
        ([("", "0.1", "2026-01-01"), ("eu", "5", "2026-06-01")], set()),
        ([("oecd", "0.1", "2026-01-01"), ("basel", "0.1", "2026-01-01")], set()),
        ([("eu", "5", "2026-01-01"), ("eu", "0.1", "2027-03-01")], {"quantity_difference"}),
        ([("eu", "5", "2026-01-01"), ("eu", "0.1", "2027-03-02")], set()),
    ],
)  # fmt: skip
def test_the_latest_of_its_regime_applies(
    wire: Wire, row: Notification, settings: list[tuple[str, str, str]], wanted: set[str]
) -> None:
    # Thailand is asked under the law of the Union here, since the load goes to Germany.
    for regime, percent, since in settings:
        add_tolerance(actor("TH"), regime=regime, percent=percent, since=since, source="Example decree")
    made = received(wire, row, "19900")
    assert breaches("TH", at(made, "TH")) == wanted


def test_an_authority_keeps_its_tolerances(wire: Wire) -> None:
    cases.state("TH")
    keeper, where = signed_in(actor("TH")), reverse("movements:tolerances")
    assert "Nothing is set" in page(keeper, where)
    said: dict[str, Any] = {"regime": "eu", "percent": "2.5", "since": "2027-01-01", "source": "Example decree 7"}
    for wrong in ({"percent": "101"}, {"percent": "x"}, {"source": ""}, {"since": ""}, {"regime": "moon"}):
        send(keeper, where, status=422, **{**said, **wrong})
    send(keeper, where, **said)
    assert "Example decree 7" in page(keeper, where)
    assert "from this day on" in send(keeper, where, status=422, **said)
    made = Tolerance.objects.get()
    with pytest.raises(Forbidden):
        add_tolerance(facility(), **said)
    with pytest.raises(Missing):
        remove_tolerance(actor("DE"), made.pk)
    keeper.post(reverse("movements:remove-tolerance", args=[made.pk]))
    assert "Nothing is set" in page(keeper, where)
    send(keeper, where, **said)
    with pytest.raises(Refused):
        add_tolerance(actor("TH"), regime="green", percent=2.5, since="2027-01-01", source="x")
