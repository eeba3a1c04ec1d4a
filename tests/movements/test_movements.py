"""A shipment's whole way, over the States' own copies: announced, under way, at the facility, recovered, closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from tests.movements import cases, shipments
from tests.movements.cases import START, Wire, actor
from tests.movements.shipments import (
    DAY,
    STATES,
    again,
    announced,
    arrived,
    at,
    breaches,
    carrier,
    customs,
    departed,
    everywhere,
    facility,
    folded,
    in_force,
    kg,
    statuses,
    there,
    trader,
)  # fmt: skip
from tidegate.movements import ledger, rounds
from tidegate.movements.commands import consents, movements
from tidegate.movements.models import Account, Clock, Correction, Movement, Notification, TakeBack
from tidegate.movements.queries import overview
from tidegate.parties import times
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused
from tidegate.parties.models import JournalEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire() -> Iterator[Wire]:
    with cases.wired() as found, times.at(START):
        yield found


@pytest.fixture
def row(wire: Wire) -> Iterator[Notification]:
    """A notification in force; the test goes on from its first of March."""
    found = in_force(wire)
    with times.at(DAY):
        yield found


def refused(code: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def balance(row: Notification | Movement) -> ledger.Balance:
    return ledger.balance(Account.objects.get(holder="TH", reference=row.case))


def announcing(row: Notification) -> Movement:
    """A movement of the first of March that its notifier wants to announce, rolled back where that is refused."""
    with transaction.atomic():
        made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000")
        announced_: Movement = movements.announce(trader(), made.pk, revision=made.revision)
    return announced_


@pytest.mark.parametrize("contract", ["first", "last"])
def test_nothing_leaves_before_the_last_consent_and_the_contract(wire: Wire, contract: str) -> None:
    """Invariant 9: not before each consent and the contract's confirmation, and not once one of them holds no more."""
    row = cases.sent_on(shipments.ROUTE)
    wire.settle()
    if contract == "first":
        cases.guarantees.confirm_contract(actor("DE"), cases.copy(row, "DE").pk, number="K-1")
    for code in STATES:
        with times.at(DAY), refused("state"):
            announcing(row)
        cases.notifications.acknowledge(actor(code), cases.copy(row, code).pk)
        cases.decide(row, code)
        wire.settle()
    if contract == "last":
        with times.at(DAY), refused("state"):
            announcing(row)
        cases.guarantees.confirm_contract(actor("DE"), cases.copy(row, "DE").pk, number="K-1")
        wire.settle()
    with times.at(DAY):
        rounds.tick()
        wire.settle()
        made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000")
        consents.suspend(actor("SG"), cases.consent(row, "SG").pk, reason="Inquiry")
        wire.settle()
        with refused("consent") as caught:
            movements.announce(trader(), made.pk)
        assert caught.value.expected == "consent:SG"
        consents.lift(actor("SG"), cases.consent(row, "SG").pk)
        wire.settle()
        assert announcing(row).status == "announced"
        # Another contract takes the place of the one that was confirmed.
        cases.guarantees.lodge_contract(trader(), row.pk, number="K-2", takes_back=True)
        with refused("consent") as caught:
            movements.announce(trader(), made.pk)
    assert caught.value.expected == "contract"


def stands(row: Notification) -> dict[str, str]:
    """The status of a notification in every State's copy."""
    return dict(Notification.objects.filter(case=row.case).values_list("holder", "status"))


@pytest.mark.parametrize("against", STATES)
@pytest.mark.parametrize("first", [True, False])
def test_one_objection_keeps_it_out_of_force_whoever_answers_when(wire: Wire, against: str, first: bool) -> None:
    """Invariant 13: from the moment on at which it is known, also while others have not answered yet."""
    row = cases.sent_on(shipments.ROUTE)
    wire.settle()
    others = [code for code in STATES if code != against]
    for code in (against, *others) if first else (*others, against):
        cases.notifications.acknowledge(actor(code), cases.copy(row, code).pk)
        cases.decide(row, code, "objected" if code == against else "consented")
        wire.settle()
        if first or code == against:
            assert stands(row) == everywhere("decided_objected")
    cases.guarantees.confirm_contract(actor("DE"), cases.copy(row, "DE").pk, number="K-1")
    wire.settle()
    with times.at(DAY):
        rounds.tick()
        wire.settle()
        assert stands(row) == everywhere("decided_objected")
        with refused("state"):
            announcing(row)


def test_from_draft_to_closed(wire: Wire, row: Notification) -> None:
    made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000", packages=10)
    assert statuses(made) == {"TH": "draft"}
    movements.announce(trader(), made.pk, revision=made.revision)
    wire.settle()
    assert statuses(made) == everywhere("announced")
    assert (balance(row).reserved, balance(row).used) == (kg("20000"), kg("0"))
    assert at(made, "SG").packages == 10

    with times.at(DAY + timedelta(days=14)):
        movements.depart(trader(), made.pk, loaded_kg="19900.5", particulars={"containers": ["EXAM1234567"]})
        wire.settle()
        assert statuses(made) == everywhere("in_transit")
        assert (balance(row).reserved, balance(row).used) == (kg("0"), kg("19900.5"))
        movements.transfer(carrier(), made.pk, carrier="Example shipping line", means="S", vehicle="MV Example")
        movements.pass_border(customs("SG"), at(made, "SG").pk, place="Example port")
        wire.settle()
        movements.pass_border(customs("SG"), at(made, "SG").pk, place="Example port", leaving=True)
        movements.pass_border(customs("DE"), there(made).pk, place="Other port")
        movements.arrive(facility(), there(made).pk, place="Example plant")
        wire.settle()
        assert statuses(made) == everywhere("arrived")
        for code in STATES:
            chain = set(at(made, code).custody.values_list("kind", "state"))
            assert chain == {
                ("transfer", "TH"), ("entry", "SG"), ("exit", "SG"), ("entry", "DE"), ("arrival", "DE")
            }  # fmt: skip

        movements.receive(facility(), there(made).pk, received_kg="19900", accepted_kg="19900")
        wire.settle()
        assert statuses(made) == everywhere("received_accepted")
        movements.complete(
            facility(), there(made).pk, code="R12", final=False, input_kg="19900", output_kg="19000", loss_kg="900",
            facility="Example sorter",
        )  # fmt: skip
        wire.settle()
        assert statuses(made) == everywhere("interim_done")
        first = there(made).operations.get()
        movements.complete(
            facility(), there(made).pk, code="R3", final=True, input_kg="10000", facility="Example plant",
            after=first.reference,
        )  # fmt: skip
        wire.settle()
        assert statuses(made) == everywhere("interim_done"), "9 000 kg are not accounted for yet"
        movements.complete(
            facility(), there(made).pk, code="R3", final=True, input_kg="9000", facility="Example plant",
            after=first.reference,
        )  # fmt: skip
        wire.settle()
    assert statuses(made) == everywhere("completed")
    assert {at(made, code).operations.count() for code in STATES} == {3}
    for code in STATES:
        assert breaches(code) == set()
        movements.close(actor(code), at(made, code).pk)
        assert folded(at(made, code)) == at(made, code).status == "closed"


def test_nobody_announces_what_is_not_allowed(wire: Wire, row: Notification) -> None:
    made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000")
    with pytest.raises(Forbidden):
        movements.announce(carrier(), made.pk)
    with pytest.raises(Missing):
        movements.announce(actor("TH", "notifier", "clerk", "another notifier"), made.pk)
    with pytest.raises(Conflict):
        movements.announce(trader(), made.pk, revision=made.revision + 1)
    movements.amend(trader(), made.pk, planned_on="2028-06-01")
    with refused("consent"):  # no consent holds on that day (invariant 9)
        movements.announce(trader(), made.pk)
    movements.amend(trader(), made.pk, planned_on="2027-03-15", announced_kg="250000.001")
    with refused("ledger_insufficient"):
        movements.announce(trader(), made.pk)
    assert statuses(made) == {"TH": "draft"}
    assert balance(row).reserved == 0
    with refused("mass"):
        movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg=20000.5)
    with refused("writer"):
        movements.draft(actor("DE", "consignee", "clerk"), cases.copy(row, "DE").pk, planned_on="2027-03-15",
                        announced_kg="1")  # fmt: skip


def test_a_condition_that_is_not_met_refuses_the_announcement(wire: Wire) -> None:
    """Invariant 17; what is not known is not met either."""
    row = cases.sent_on(shipments.ROUTE)
    wire.settle()
    conditions = [{"kind": "maximum_load", "kg": "21000"}, {"kind": "packaging", "packaging": ["5"]}]
    for code in STATES:
        cases.notifications.acknowledge(actor(code), cases.copy(row, code).pk)
        wire.settle()
        more: dict[str, Any] = {}
        if code == "DE":
            more = {"outcome": "consented_with_conditions", "conditions": conditions}
        cases.decide(row, code, **more)
        wire.settle()
    cases.guarantees.confirm_contract(actor("DE"), cases.copy(row, "DE").pk, number="K-1")
    wire.settle()
    with times.at(DAY):
        rounds.tick()
        wire.settle()
        made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="21000.001")
        with refused("condition"):
            movements.announce(trader(), made.pk)
        movements.amend(trader(), made.pk, announced_kg="21000")
        movements.announce(trader(), made.pk)
        wire.settle()
        with refused("condition"):  # weighed, it is more than DE has allowed
            movements.depart(trader(), made.pk, loaded_kg="21000.001")
        assert statuses(made) == everywhere("announced")
        # Customs see it leave all the same: stored, and a breach (invariant 6).
        movements.saw_departure(customs("TH"), made.pk, loaded_kg="21000.001")
        wire.settle()
    assert statuses(made) == everywhere("in_transit")
    assert breaches("TH", made) == {"condition"}
    assert balance(row).used == kg("21000.001")


def test_cancelled_gives_its_quantity_back_and_burns_its_number(wire: Wire, row: Notification) -> None:
    first = announced(wire, row)
    movements.cancel(trader(), first.pk, reason="no ship", revision=first.revision)
    wire.settle()
    assert statuses(first) == everywhere("cancelled")
    assert balance(row).reserved == 0
    with refused("state"):
        movements.cancel(trader(), first.pk, reason="again")
    assert announced(wire, row).serial == 2


def test_amended_is_checked_and_reserved_anew(wire: Wire, row: Notification) -> None:
    made = announced(wire, row)
    movements.amend(trader(), made.pk, announced_kg="24000", particulars={"vehicle": "MV Example"})
    wire.settle()
    assert balance(row).reserved == kg("24000")
    assert {(at(made, c).announced_kg, at(made, c).particulars["vehicle"]) for c in STATES} == {
        (kg("24000"), "MV Example")
    }
    with refused("ledger_insufficient"):
        movements.amend(trader(), made.pk, announced_kg="250001")
    assert (again(made).announced_kg, balance(row).reserved) == (kg("24000"), kg("24000"))
    movements.depart(trader(), made.pk, loaded_kg="24000")
    with refused("state"):
        movements.amend(trader(), made.pk, announced_kg="23000")


def test_a_hold_stops_it_until_every_holder_lets_go(wire: Wire, row: Notification) -> None:
    made = announced(wire, row)
    movements.hold(customs("TH"), made.pk, reason="inspection")
    movements.hold(customs("SG"), at(made, "SG").pk, reason="a question")
    wire.settle()
    assert statuses(made) == everywhere("held")
    with refused("state"):
        movements.depart(trader(), made.pk, loaded_kg="20000")
    with refused("holder"):
        movements.release_hold(customs("DE"), there(made).pk, reason="not ours")
    movements.release_hold(customs("TH"), made.pk, reason="in order")
    wire.settle()
    assert statuses(made) == everywhere("held")
    movements.release_hold(customs("SG"), at(made, "SG").pk, reason="answered")
    wire.settle()
    assert statuses(made) == everywhere("announced")
    movements.depart(trader(), made.pk, loaded_kg="20000")
    wire.settle()
    movements.seize(customs("SG"), at(made, "SG").pk, reason="false papers")
    wire.settle()
    assert statuses(made) == everywhere("seized")
    for code in STATES:
        assert folded(at(made, code)) == "seized"


def test_what_was_seen_is_stored_and_opens_a_breach(wire: Wire, row: Notification) -> None:
    """Invariants 6 and 9: refused to the notifier, stored for customs."""
    made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000")
    with refused("state"):
        movements.depart(trader(), made.pk, loaded_kg="20000")
    movements.saw_departure(customs("TH"), made.pk, loaded_kg="260000")
    wire.settle()
    assert statuses(made) == everywhere("in_transit")
    assert breaches("TH", made) == {"not_announced"}
    assert breaches("TH") == {"not_announced", "ledger_limit"}
    assert balance(row).used == kg("260000"), "a late actual is never clipped"
    with refused("state"):  # used up, so that nothing more is drafted
        movements.draft(trader(), row.pk, planned_on="2027-03-16", announced_kg="1")


def test_without_consent_it_is_refused_or_flagged(wire: Wire, row: Notification) -> None:
    made = announced(wire, row)
    consents.withdraw(actor("SG"), cases.consent(row, "SG").pk, reason="the port is closed")
    wire.settle()
    with refused("consent"):
        movements.depart(trader(), made.pk, loaded_kg="20000")
    movements.saw_departure(customs("TH"), made.pk, loaded_kg="20000")
    wire.settle()
    movements.pass_border(customs("SG"), at(made, "SG").pk, place="Example port")
    wire.settle()
    assert "no_consent" in breaches("TH", made)
    assert breaches("SG", at(made, "SG")) == {"no_consent"}
    assert statuses(made) == everywhere("in_transit")


def test_partly_accepted_opens_one_take_back_case(wire: Wire, row: Notification) -> None:
    made = arrived(wire, row)
    with refused("balance"):
        movements.receive(facility(), there(made).pk, received_kg="20000", accepted_kg="15000", rejected_kg="4000",
                          reason="soil")  # fmt: skip
    with refused("text"):
        movements.receive(facility(), there(made).pk, received_kg="20000", accepted_kg="15000", rejected_kg="5000")
    movements.receive(
        facility(), there(made).pk, received_kg="20000", accepted_kg="15000", rejected_kg="5000", reason="soil"
    )
    wire.settle()
    assert statuses(made) == everywhere("received_partly")
    opened = TakeBack.objects.get(holder="DE")
    assert (opened.status, opened.custody_kg, opened.movement) == ("opened", kg("5000"), there(made))
    with refused("open_case"):
        movements.close(actor("DE"), there(made).pk)


def test_more_received_than_loaded_corrects_the_ledger(wire: Wire, row: Notification) -> None:
    made = arrived(wire, row)
    movements.receive(facility(), there(made).pk, received_kg="20500", accepted_kg="20500")
    wire.settle()
    assert balance(row).used == kg("20500")
    assert breaches("TH", again(made)) == breaches("DE", there(made)) == {"quantity_difference"}
    less = arrived(wire, row)
    movements.receive(facility(), there(less).pk, received_kg="19000", accepted_kg="19000")
    wire.settle()
    assert balance(row).used == kg("40500"), "less than was loaded is not credited back"


def test_operations_that_do_not_add_up(wire: Wire, row: Notification) -> None:
    made = arrived(wire, row)
    movements.receive(facility(), there(made).pk, received_kg="20000", accepted_kg="20000")
    plant = {"facility": "Example plant"}
    with refused("balance"):
        movements.complete(facility(), there(made).pk, code="R12", final=False, input_kg="10", output_kg="11", **plant)
    with refused("balance"):  # what is lost counts with what is passed on
        movements.complete(
            facility(), there(made).pk, code="R12", final=False, input_kg="10", output_kg="6", loss_kg="4.001", **plant
        )
    with refused("code"):
        movements.complete(facility(), there(made).pk, code="R14", final=True, input_kg="10", **plant)
    movements.complete(facility(), there(made).pk, code="R3", final=True, input_kg="12000", **plant)
    assert (breaches("DE", there(made)), there(made).completed_at) == (set(), None)
    # Each of the two fits; together they take in a gram more than was accepted.
    movements.complete(facility(), there(made).pk, code="D1", final=True, input_kg="8000.001", **plant)
    wire.settle()
    assert breaches("DE", there(made)) == {"operation_not_allowed", "mass_balance"}
    assert statuses(made) == everywhere("completed")


def test_a_correction_takes_effect_when_all_agree(wire: Wire, row: Notification) -> None:
    made = arrived(wire, row)
    movements.receive(facility(), there(made).pk, received_kg="20000", accepted_kg="20000")
    wire.settle()
    with refused("writer"):
        movements.correct(customs("DE"), there(made).pk, changes={"loaded_kg": "1"}, reason="wrong")
    with refused("balance"):
        movements.correct(facility(), there(made).pk, changes={"received_kg": "21000"}, reason="wrong")
    movements.correct(
        facility(), there(made).pk, changes={"received_kg": "21000", "accepted_kg": "21000"}, reason="wrong scale"
    )
    wire.settle()
    for code in ("TH", "SG"):
        assert at(made, code).received_kg == kg("20000"), "not before all have agreed"
        waiting = Correction.objects.get(holder=code)
        movements.approve_correction(actor(code), waiting.pk, approved=True)
        with refused("recorded"):
            movements.approve_correction(actor(code), waiting.pk, approved=True)
        wire.settle()
    assert {at(made, code).received_kg for code in STATES} == {kg("21000")}
    assert {c.status for c in Correction.objects.all()} == {"approved"}
    assert balance(row).used == kg("21000")
    kept = JournalEntry.objects.filter(subject_id=there(made).pk, type="movement.corrected").get().payload
    assert kept["before"]["received_kg"] == "20000.000", "what was recorded stays on record (invariant 20)"


def test_one_refusal_refuses_a_correction(wire: Wire, row: Notification) -> None:
    made = departed(wire, row)
    movements.correct(customs("TH"), made.pk, changes={"loaded_kg": "19000"}, reason="wrong scale")
    wire.settle()
    for code, says in (("SG", False), ("DE", True)):
        movements.approve_correction(
            actor(code), Correction.objects.get(holder=code).pk, approved=says, reason="we saw 20 t"
        )
    wire.settle()
    assert {c.status for c in Correction.objects.all()} == {"refused"}
    assert {at(made, code).loaded_kg for code in STATES} == {kg("20000")}


def test_what_has_a_successor_is_never_deleted(wire: Wire, row: Notification) -> None:
    """Invariant 20."""
    made = departed(wire, row)
    with pytest.raises(Exception, match=r"protected|Cannot delete|restrict"):
        row.delete()
    assert Movement.objects.filter(pk=made.pk).exists()


NOTICE = """
clocks:
- {id: example-notice, step: notice, regime: Example law, basis: s. 1, text: Three working days., roles: [export],
   of: [TH], starts: departure, direction: before, length: 3, unit: working, source: https://law.example,
   confidence: low}
"""


def test_a_notice_that_is_too_short_is_flagged(wire: Wire, row: Notification, tmp_path: Path, settings: Any) -> None:
    """Announced all the same, flagged in every copy; here an overlay gives Thailand a time limit."""
    (tmp_path / "clocks.yaml").write_text(NOTICE, encoding="utf-8")
    settings.TIDEGATE_OVERLAYS = [tmp_path]
    in_time, short = announced(wire, row, planned_on="2027-03-22"), announced(wire, row, planned_on="2027-03-03")
    assert {at(in_time, code).late_notice for code in STATES} == {False}
    assert {at(short, code).late_notice for code in STATES} == {True}
    assert statuses(short) == everywhere("announced")
    assert (breaches("TH", in_time), breaches("TH", short)) == (set(), {"late_notice"})


def permit(limit: str) -> str:
    """An account at the State of import."""
    with transaction.atomic():
        account = ledger.open_account(
            holder="DE", kind="permit", reference="DE-PERM-0001", home="DE", limit_kg=kg(limit), case="DE-PERM-0001"
        )
    return account.reference


def test_with_a_permit_of_the_state_of_import_both_homes_confirm(wire: Wire, row: Notification) -> None:
    number = permit("30000")
    made = movements.draft(
        trader(), row.pk, planned_on="2027-03-15", announced_kg="20000", particulars={"permits": [number]}
    )
    movements.announce(trader(), made.pk)
    assert statuses(made) == {"TH": "announcing"}, "the permit's home has not confirmed, so nobody is told"
    wire.settle()
    assert statuses(made) == everywhere("announced")
    there_left = ledger.balance(Account.objects.get(holder="DE", reference=number))
    assert (there_left.reserved, balance(row).reserved) == (kg("20000"), kg("20000"))
    second = movements.draft(
        trader(), row.pk, planned_on="2027-03-16", announced_kg="20000", particulars={"permits": [number]}
    )
    movements.announce(trader(), second.pk)
    wire.settle()
    assert statuses(second) == {"TH": "draft"}, "refused by one home, given back at the other"
    assert balance(row).reserved == kg("20000")
    with refused("other_home"):
        movements.amend(trader(), made.pk, announced_kg="25000")
    movements.depart(trader(), made.pk, loaded_kg="20100")
    wire.settle()
    assert ledger.balance(Account.objects.get(holder="DE", reference=number)).used == kg("20100")


def test_time_makes_it_overdue_and_ends_what_never_left(wire: Wire, row: Notification) -> None:
    waits, gone = announced(wire, row), arrived(wire, row)
    due = Clock.objects.filter(holder="DE", subject_id=there(gone).pk, ended_at=None)
    assert due.exists(), "the Union's law sets a limit for the confirmation of receipt"
    with times.at(datetime(2027, 4, 20, tzinfo=UTC)):
        rounds.tick()
        rounds.tick()
        wire.settle()
        assert statuses(waits) == everywhere("cancelled")
        assert balance(row).reserved == 0
        assert there(gone).overdue
        assert statuses(gone) == everywhere("arrived")
        assert "overdue" in breaches("DE", there(gone))
        movements.receive(facility(), there(gone).pk, received_kg="20000", accepted_kg="20000")
        wire.settle()
    assert not Clock.objects.filter(subject_id=there(gone).pk, ended_at=None, rule__contains="receipt").exists()
    assert folded(there(gone)) == "received_accepted"


def test_no_more_shipments_than_intended(wire: Wire) -> None:
    """Invariant 2: those that were given up do not count, and their numbers never come again."""
    row = in_force(wire, shipments=2)
    with times.at(DAY):
        first, second = announced(wire, row), announced(wire, row)
        with refused("serials"):
            movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="1")
        movements.cancel(trader(), second.pk, reason="no ship")
        third = announced(wire, row)
    assert (first.serial, second.serial, third.serial) == (1, 2, 3)


def test_an_early_warning_says_when_the_quantity_will_not_last(row: Notification, wire: Wire) -> None:
    def seen(days: int) -> overview.Outlook | None:  # of 250,000 kg in 10 shipments, until the end of the year
        with times.at(DAY + timedelta(days=days)):
            return overview.outlook(again(row), Account.objects.get(holder="TH", reference=row.case))

    assert seen(0) is None  # nothing has left yet
    with times.at(DAY + timedelta(days=14)):
        departed(wire, row, "25000")
    found = seen(44)  # 25,000 kg in 30 days: nine more fit, and they last 270 days
    assert found is not None
    assert (found.average_kg, found.loads, found.count_left, found.short) == (kg("25000"), 9, 9, False)
    with times.at(DAY + timedelta(days=45)):
        departed(wire, row, "75000")
    found = seen(46)
    assert found is not None
    assert (found.average_kg, found.loads, found.count_left, found.short) == (kg("50000"), 3, 8, True)
    assert found.used_up_on == date(2027, 6, 3)
