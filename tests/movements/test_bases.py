"""Gross, net and dry masses, on the basis of the account or held against nothing (facts/movement.md 4.0, rule 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.movements import cases
from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import START, Wire, actor
from tests.movements.shipments import (
    DAY,
    STATES,
    again,
    announced,
    at,
    breaches,
    customs,
    departed,
    facility,
    in_force,
    kg,
    there,
    trader,
)  # fmt: skip
from tidegate.movements import ledger
from tidegate.movements.commands import movements, notifications
from tidegate.movements.models import Account, Correction, Movement, Notification
from tidegate.parties import times
from tidegate.parties.commanding import Refused

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


def refused(code: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def used(row: Notification) -> Any:
    return ledger.balance(Account.objects.get(holder="TH", reference=row.case)).used


def test_gross_less_tare_is_what_the_account_counts(wire: Wire, row: Notification) -> None:
    made = announced(wire, row)
    with refused("basis"):
        movements.depart(trader(), made.pk, loaded_kg="22300", basis="gross")
    with refused("basis"):
        movements.depart(trader(), made.pk, loaded_kg="22300", basis="tare")
    with refused("mass"):
        movements.depart(trader(), made.pk, loaded_kg="22300", basis="gross", tare_kg="22300")
    movements.depart(trader(), made.pk, loaded_kg="22300", basis="gross", tare_kg="2300")
    wire.settle()
    for code in STATES:
        copy = at(made, code)
        assert (copy.loaded_kg, copy.loaded_basis) == (kg("20000"), "net")
        assert copy.loaded_as == {"weighed": {"basis": "gross", "kg": "22300.000", "tare_kg": "2300.000"}}
    assert used(row) == kg("20000")


def test_dry_mass_with_its_moisture_is_the_net_mass(wire: Wire, row: Notification) -> None:
    made = departed(wire, row)
    movements.arrive(facility(), there(made).pk)
    with refused("moisture"):
        movements.receive(facility(), there(made).pk, received_kg="18000", accepted_kg="20000", basis="dry",
                          moisture_pct="100")  # fmt: skip
    with refused("balance"):
        movements.receive(facility(), there(made).pk, received_kg="18000", accepted_kg="18000", basis="dry",
                          moisture_pct="10")  # fmt: skip
    movements.receive(
        facility(), there(made).pk, received_kg="18000", accepted_kg="20000", basis="dry", moisture_pct="10"
    )
    wire.settle()
    assert (again(made).received_kg, again(made).received_basis) == (kg("20000"), "net")
    assert {code: breaches(code, at(made, code)) for code in STATES} == {code: set() for code in STATES}


def test_masses_on_unlike_bases_are_held_against_nothing(wire: Wire, row: Notification) -> None:
    """Stored as it was weighed; judged once a correction has put both on one basis."""
    made = departed(wire, row)
    movements.arrive(facility(), there(made).pk)
    movements.receive(facility(), there(made).pk, received_kg="22300", accepted_kg="22300", basis="gross")
    wire.settle()
    for code in STATES:
        assert at(made, code).received_basis == "gross"
        assert breaches(code, at(made, code)) == set()
    assert used(row) == kg("20000"), "a gross mass is no use of a net quantity"
    address = f"/movements/{made.case}/{made.serial}/"
    assert "on another basis: not compared" in page(signed_in(customs("DE")), address)
    changes = {"received_kg": "19000", "accepted_kg": "19000", "received_basis": "net"}
    movements.correct(facility(), there(made).pk, changes=changes, reason="tare of 3,300 kg")
    wire.settle()
    for code in ("TH", "SG"):
        waiting = Correction.objects.get(holder=code)
        movements.approve_correction(actor(code), waiting.pk, approved=True)
        wire.settle()
    for code in STATES:
        assert (at(made, code).received_kg, at(made, code).received_basis) == (kg("19000"), "net")
        assert breaches(code, at(made, code)) == {"quantity_difference"}
    assert used(row) == kg("20000"), "less is not credited back"
    assert "on another basis: not compared" not in page(signed_in(customs("DE")), address)


def test_customs_may_see_a_gross_mass_leave(wire: Wire, row: Notification) -> None:
    made = announced(wire, row)
    page_of = f"/movements/{made.case}/{made.serial}/"
    send(signed_in(customs("TH")), f"{page_of}saw-departure/", loaded_kg="22300", basis="gross")
    wire.settle()
    copy = Movement.objects.get(holder="DE", case=made.case, serial=made.serial)
    assert (copy.loaded_kg, copy.loaded_basis) == (kg("22300"), "gross")
    assert used(row) == kg("20000"), "what was reserved counts until the net mass is known"
    assert breaches("TH", again(made)) == set()
    movements.arrive(facility(), copy.pk)
    send(signed_in(facility()), f"{page_of}receive/", received_kg="21500", accepted_kg="20500", rejected_kg="0",
         basis="gross", tare_kg="1000")  # fmt: skip
    wire.settle()
    assert used(row) == kg("20500"), "more than was reserved came, and that is known now"


def test_a_notification_may_count_gross(wire: Wire) -> None:
    row = in_force(wire, basis="gross")
    with times.at(DAY):
        made = announced(wire, row, "20000")
        movements.depart(trader(), made.pk, loaded_kg="18000", basis="net", tare_kg="2000")
        wire.settle()
        assert (again(made).loaded_kg, again(made).loaded_basis) == (kg("20000"), "gross")
        assert there(made).notification.basis == "gross"
        assert used(row) == kg("20000")
        other = movements.draft(trader(), row.pk, planned_on="2027-04-01", announced_kg="1000",
                                particulars={"permits": ["DE-P-1"]})  # fmt: skip
        with refused("basis"):
            movements.announce(trader(), other.pk)


def test_a_draft_says_the_basis_of_its_quantity(wire: Wire) -> None:
    with refused("form"):
        notifications.create(trader(), content={"basis": "wet"})
    assert notifications.create(trader(), content={"basis": "dry"}).basis == "dry"
