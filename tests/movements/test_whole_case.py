"""Whole cases in any order of acts, messages and days; and, one by one, what that has found (docs/invariants.md)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.movements import cases
from tests.movements.cases import START, Wire, actor
from tests.movements.shipments import (
    DAY,
    STATES,
    announced,
    at,
    breaches,
    customs,
    everywhere,
    facility,
    in_force,
    kg,
    statuses,
    trader,
)
from tests.movements.whole import Whole, whole
from tidegate.movements import ledger
from tidegate.movements.commands import consents, movements, notifications
from tidegate.movements.models import Account, Notification
from tidegate.parties import times
from tidegate.parties.registry import registry

__all__ = ["whole"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def subscribers() -> Iterator[None]:
    """Each example puts its own wire in the place of the exchange."""
    before = list(registry.subscribers)
    yield
    registry.subscribers[:] = before


def test_whole_cases(whole: None) -> None:
    """Each of four routes gets a fourth of the examples."""
    few = settings(
        max_examples=max(settings().max_examples // 4, 5), stateful_step_count=20,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
    )  # fmt: skip
    run_state_machine_as_test(Whole, settings=few)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with cases.wired() as found, times.at(START):
        yield found


@pytest.fixture
def row(wire: Wire) -> Iterator[Notification]:
    found = in_force(wire)
    with times.at(DAY):
        yield found


def test_two_accounts_of_one_home_both_count(wire: Wire, row: Notification) -> None:
    """Both are drawn on under the same key: an answer names its account."""
    cases.organisation("DE", "consignee")
    for number in ("DE-1", "DE-2"):
        with_account(number)
    made = movements.draft(
        trader(), row.pk, planned_on="2027-03-15", announced_kg="20000", particulars={"permits": ["DE-1", "DE-2"]}
    )
    movements.announce(trader(), made.pk)
    wire.settle()
    assert statuses(made) == everywhere("announced")


def with_account(number: str) -> None:
    from django.db import transaction

    with transaction.atomic():
        ledger.open_account(
            holder="DE", kind="permit", reference=number, home="DE", limit_kg=kg("30000"), case=number
        )  # fmt: skip


def test_a_departure_that_is_known_after_the_receipt_counts_whole(wire: Wire, row: Notification) -> None:
    """The receipt was known first; then what had left was more than what came."""
    made = announced(wire, row)
    movements.receive(facility(), at(made, "DE").pk, received_kg="20000", accepted_kg="20000")
    wire.settle()
    movements.saw_departure(customs("TH"), made.pk, loaded_kg="20150")
    wire.settle()
    balance = ledger.balance(Account.objects.get(holder="TH", reference=row.case))
    assert (balance.reserved, balance.used) == (kg("0"), kg("20150"))


@pytest.mark.parametrize("way", ["consent", "notification"])
@pytest.mark.parametrize("lifted", [True, False])
def test_a_stop_that_its_shipment_overtook_is_a_breach_in_every_copy(
    way: str, lifted: bool, wire: Wire, row: Notification
) -> None:
    """Singapore stops it, Thailand does not know yet and lets it leave; whoever hears of both keeps the breach, whether
    the stop has ended by then or not."""
    made = announced(wire, row)
    with times.at(DAY + timedelta(hours=1)):
        if way == "consent":
            consents.suspend(actor("SG"), cases.consent(row, "SG").pk, reason="Inquiry")
        else:
            notifications.suspend(actor("SG"), cases.copy(row, "SG").pk, reason="Inquiry")
    with times.at(DAY + timedelta(hours=2)):
        movements.depart(trader(), made.pk, loaded_kg="20000")
    with times.at(DAY + timedelta(hours=3)):
        if not lifted:
            pass
        elif way == "consent":
            consents.lift(actor("SG"), cases.consent(row, "SG").pk)
        else:
            notifications.lift(actor("SG"), cases.copy(row, "SG").pk)
        while ("SG", "DE") in wire.waiting():
            wire.deliver(("SG", "DE"))
        wire.settle()
    assert [breaches(code, at(made, code)) for code in STATES] == [{"no_consent"}] * len(STATES)
    if not lifted:
        return
    with times.at(DAY + timedelta(hours=4)):
        later = announced(wire, row)
        movements.depart(trader(), later.pk, loaded_kg="20000")
        wire.settle()
    assert breaches("DE", at(later, "DE")) == set(), "it left when it might again"
