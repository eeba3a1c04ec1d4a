"""The guarantee that a State of import or of transit holds itself: asked for, recorded, called, released, lapsed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.movements import cases, shipments
from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import Wire, actor, copy, wired
from tests.movements.shipments import DAY, again, announced, in_force
from tests.movements.test_api import calls, post
from tests.movements.test_api_reads import read
from tidegate.movements import machines, rounds, standing
from tidegate.movements.commands import held_guarantees, movements, notifications
from tidegate.movements.models import HeldGuarantee, Notification
from tidegate.movements.queries import desk
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Refused
from tidegate.parties.models import JournalEntry

pytestmark = pytest.mark.django_db
LODGED: dict[str, Any] = {"number": "G-SG-1", "issuer": "Example Bank", "amount": "60000", "valid_until": "2028-01-31"}


@pytest.fixture
def wire(settings: Any) -> Iterator[Wire]:
    settings.TIDEGATE_SECOND_FACTOR = False
    with wired() as found, times.at(DAY):
        yield found


def refused(code: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def stands(row: Notification) -> set[str]:
    """The status in every copy; each is what its journal leads to."""
    found = list(HeldGuarantee.objects.filter(case=row.case))
    for one in found:
        types = JournalEntry.objects.filter(subject_id=one.pk).order_by("revision").values_list("type", flat=True)
        assert machines.fold(machines.HELD_GUARANTEE, types) == one.status
    return {one.status for one in found}


def test_a_state_of_transit_asks_for_its_own_and_nothing_departs_without_it(wire: Wire) -> None:
    row = in_force(wire)
    made = announced(wire, row)
    own = f"/notifications/{row.case}/"
    officer = signed_in(actor("SG"))
    send(officer, f"{own}require-guarantee/", amount="50000", currency="sgd", until="2027-12-31")
    wire.settle()
    assert HeldGuarantee.objects.count() == 3
    assert stands(row) == {"required"}
    shown = page(signed_in(actor("TH")), own)
    assert "Guarantee of" in shown
    assert "50,000.00 SGD" in shown
    with refused("consent"):
        movements.depart(shipments.trader(), made.pk, loaded_kg="20000")
    for wrong, code in (({"amount": "49999.99"}, "amount"), ({"valid_until": "2027-12-30"}, "dates")):
        with refused(code):
            held_guarantees.record(actor("SG"), copy(row, "SG").pk, **{**LODGED, **wrong})
    send(officer, f"{own}record-guarantee/", **LODGED)
    wire.settle()
    assert stands(row) == {"in_force"}
    movements.depart(shipments.trader(), again(made).pk, loaded_kg="20000")
    with refused("movements"):
        held_guarantees.release_own(actor("SG"), str(copy(row, "SG").pk))
    send(officer, f"{own}call-own-guarantee/", reason="The load is given up")
    wire.settle()
    assert stands(row) == {"called"}
    assert standing.blocked(again(row), DAY.date()) == ["guarantee:SG"]


def test_only_the_authority_of_a_state_that_is_not_of_export_asks(wire: Wire) -> None:
    row = in_force(wire)
    asked = {"amount": "1", "currency": "EUR"}
    with refused("not_owner"):
        held_guarantees.require(actor("TH"), row.pk, **asked)
    with pytest.raises(Forbidden):
        held_guarantees.require(shipments.customs("DE"), copy(row, "DE").pk, **asked)
    with refused("state"):
        held_guarantees.record(actor("DE"), copy(row, "DE").pk, **LODGED)
    for wrong, code in (({"amount": "0"}, "amount"), ({"amount": 1.5}, "amount"), ({"currency": "E"}, "currency")):
        with refused(code):
            held_guarantees.require(actor("DE"), copy(row, "DE").pk, **{**asked, **wrong})


def test_it_lapses_with_its_last_day_and_is_released_when_nothing_runs(wire: Wire) -> None:
    row = in_force(wire)
    there = copy(row, "DE").pk
    held_guarantees.require(actor("DE"), there, amount="100", currency="EUR")
    held_guarantees.record(actor("DE"), there, **{**LODGED, "valid_until": "2027-03-20"})
    wire.settle()
    with times.at(DAY + timedelta(days=25)):
        rounds.tick()
        wire.settle()
        assert stands(row) == {"lapsed"}
        held_guarantees.release_own(actor("DE"), str(there))
        wire.settle()
    assert stands(row) == {"released"}
    assert standing.blocked(again(row), DAY.date()) == []


def test_it_stands_on_the_desk_of_who_must_see_to_it(wire: Wire) -> None:
    row = in_force(wire)
    there = copy(row, "SG").pk

    def waits(who: Actor) -> list[str]:
        return [item.what for item in desk.desk(who, kind="guarantee").items]

    assert waits(actor("SG")) == []
    held_guarantees.require(actor("SG"), there, amount="100", currency="EUR")
    wire.settle()
    assert waits(actor("SG")) == ["Record your State's own guarantee"]
    assert waits(shipments.trader()) == ["Lodge the guarantee that a State of the route asks for"]
    for other in (actor("DE"), actor("TH"), shipments.customs("SG"), actor("SG", role="viewer")):
        assert waits(other) == []
    assert f'href="/notifications/{row.case}/">Record your State' in page(
        signed_in(actor("SG")), "/desk/?kind=guarantee"
    )
    held_guarantees.record(actor("SG"), there, **{**LODGED, "valid_until": "2027-03-20"})
    wire.settle()
    assert waits(actor("SG")) == waits(shipments.trader()) == []
    with times.at(DAY + timedelta(days=25)):  # it has lapsed: the next is waited for
        rounds.tick()
        wire.settle()
        assert len(waits(actor("SG"))) == len(waits(shipments.trader())) == 1


def test_a_state_that_comes_onto_the_route_is_told_at_once(wire: Wire) -> None:
    row = cases.sent_on()
    wire.settle()
    held_guarantees.require(actor("SG"), copy(row, "SG").pk, amount="50000", currency="SGD", until="2027-12-31")
    held_guarantees.record(actor("SG"), copy(row, "SG").pk, **LODGED)
    wire.settle()
    cases.state("BE")
    route = cases.content([*cases.ROUTE[:3], ("BE", "transit"), cases.ROUTE[3]])["route"]
    notifications.revise(actor("TH", "notifier", "clerk"), row.pk, content={"route": route}, reason="Another port")
    wire.settle()
    found = HeldGuarantee.objects.get(holder="BE", case=row.case)
    told = HeldGuarantee.objects.get(holder="SG", case=row.case)
    assert (found.authority, found.status, found.number) == ("SG", "in_force", "G-SG-1")
    assert (found.amount, found.required_until, found.origin) == (told.amount, told.required_until, told.revision)
    held_guarantees.call_own(actor("SG"), str(copy(row, "SG").pk), reason="The load is given up")
    wire.settle()
    assert stands(row) == {"called"}


def test_the_api_records_and_reads_it(client: Client, wire: Wire) -> None:
    row = in_force(wire)
    there = {"notification_id": str(copy(row, "DE").pk)}
    officer = calls("DE", "competent_authority", "officer")
    asked = post(client, "/commands/guarantee/require", {**there, "amount": "100.00", "currency": "EUR"}, officer)
    assert asked.status_code == 200, asked.content
    assert post(client, "/commands/guarantee/record", {**there, **LODGED}, officer).status_code == 200
    wire.settle()
    for code in ("TH", "DE"):
        [found] = read(client, f"/notifications/{row.case}", calls(code, "competent_authority"))["held_guarantees"]
        assert (found["authority"], found["status"], found["amount"]) == ("DE", "in_force", "60000.00")
