"""Fees: the dated schedule, what a filing costs, who is told, payment and waiver, and what an unpaid one holds up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.movements import cases
from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import Wire, actor, copy, drafted, wired
from tests.movements.test_api import calls, post
from tests.movements.test_api_reads import read
from tidegate.movements import fees as rule
from tidegate.movements import machines
from tidegate.movements.commands import fees, notifications, permits
from tidegate.movements.models import Fee, FeeRate, Notification
from tidegate.parties import times
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.models import JournalEntry, State

pytestmark = pytest.mark.django_db
RATE: dict[str, Any] = {
    "kind": "import", "fixed": "100", "per_tonne": "1.55", "currency": "EUR", "valid_from": "2026-01-01",
    "source": "Example Fees Decree, section 3",
}  # fmt: skip


@pytest.fixture
def wire(settings: Any) -> Any:
    settings.TIDEGATE_SECOND_FACTOR = False
    with wired() as found, times.at(cases.START):
        for code in ("TH", "SG", "NL", "DE"):
            cases.state(code)
        yield found


def refused(code: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def filed(wire: Wire, **more: Any) -> Notification:
    row = drafted(**more)
    notifications.submit(actor("TH", "notifier", "clerk"), row.pk)
    notifications.transmit(actor("TH"), row.pk)
    wire.settle()
    return cases.again(row)


def due(row: Notification, state: str) -> dict[str, str]:
    """What a State's copy says of the fees: authority to amount and status."""
    found = Fee.objects.filter(holder=state, case=row.case)
    return {fee.authority: f"{fee.amount} {fee.currency} {fee.status}" for fee in found}


@given(fixed=st.decimals(0, 10**6, places=2), rate=st.decimals(0, 10**4, places=2),
       kg=st.none() | st.decimals(0, 10**9, places=3))  # fmt: skip
def test_the_amount_is_exact_to_half_a_hundredth(fixed: Decimal, rate: Decimal, kg: Decimal | None) -> None:
    found = rule.amount_of(fixed, rate, kg)
    assert found.as_tuple().exponent == -2
    assert abs(found - fixed - rate * (kg or 0) / 1000) <= Decimal("0.005")
    assert found >= fixed


def test_what_a_filing_costs_is_shown_before_it_and_told_to_the_notifier(wire: Wire, client: Client) -> None:
    officer = signed_in(actor("DE"))
    send(officer, "/fees/", **RATE)
    fees.set_rate(actor("TH"), **{**RATE, "kind": "export", "fixed": "2000", "per_tonne": "0", "currency": "THB"})
    row = drafted(quantity_kg="250010")
    mine = signed_in(actor("TH", "notifier", "clerk"))
    for address in (f"/notifications/{row.case}/", f"/notifications/{row.case}/edit/review/"):
        shown = page(mine, address)
        assert "487.52" in shown  # 100 + 1.55 × 250.010 = 487.5155
        assert "2,000.00 THB" in shown
    assert not Fee.objects.exists()
    notifications.submit(actor("TH", "notifier", "clerk"), row.pk)
    assert due(row, "TH") == {"TH": "2000.00 THB due"}
    notifications.transmit(actor("TH"), row.pk)
    wire.settle()
    assert due(row, "TH") == {"TH": "2000.00 THB due", "DE": "487.52 EUR due"}
    assert due(row, "DE") == {"DE": "487.52 EUR due"}  # what another State charges is not its business
    assert due(row, "SG") == {}
    assert "Pay the fee" in page(mine, "/desk/?kind=fee")
    assert "Record the payment" in page(officer, "/desk/?kind=fee")
    found = read(client, "/fees", calls("TH", "notifier"))
    assert {one["amount"] for one in found["items"]} == {"2000.00", "487.52"}
    rates = read(client, "/fee-rates", calls("TH", "notifier"), state="DE")
    assert rates["items"][0]["source"] == RATE["source"]
    stranger = signed_in(actor("TH", "notifier", "clerk", "TH-other"))
    assert stranger.get(f"/fees/{Fee.objects.get(holder='TH', authority='TH').pk}/").status_code == 404


def test_the_authority_records_a_payment_and_the_notifier_prints_the_receipt(wire: Wire) -> None:
    fees.set_rate(actor("DE"), **RATE)
    row = filed(wire)
    own = Fee.objects.get(holder="DE")
    officer = signed_in(actor("DE"))
    assert officer.get(f"/fees/{own.pk}/receipt.pdf").status_code == 404
    send(officer, f"/fees/{own.pk}/pay/", reference="Till 4711")
    wire.settle()
    theirs = Fee.objects.get(holder="TH")
    assert (theirs.status, theirs.reference, str(theirs.settled_on)) == ("paid", "Till 4711", "2026-12-01")
    mine = signed_in(actor("TH", "notifier", "clerk"))
    assert "Till 4711" in page(mine, f"/fees/{theirs.pk}/")
    assert "Paid" in page(mine, f"/notifications/{row.case}/")
    assert mine.get(f"/fees/{theirs.pk}/receipt.pdf").content.startswith(b"%PDF")
    for fee in (own, theirs):
        types = JournalEntry.objects.filter(subject_id=fee.pk).order_by("revision").values_list("type", flat=True)
        assert machines.fold(machines.FEE, types) == "paid"
    with refused("state"):
        fees.waive(actor("DE"), own.pk, reason="twice", reference="X")
    with refused("not_owner"):
        fees.pay(actor("TH"), theirs.pk, reference="ours")
    for who in (actor("DE", "consignee", "officer"), actor("DE", "customs")):
        with pytest.raises((Forbidden, Missing)):
            fees.pay(who, own.pk, reference="not ours")


def test_an_unpaid_fee_holds_up_the_acknowledgement_only_where_the_schedule_says_so(wire: Wire) -> None:
    fees.set_rate(actor("DE"), **RATE, blocks=True)
    fees.set_rate(actor("SG"), **{**RATE, "kind": "transit"})
    row = filed(wire)
    notifications.acknowledge(actor("SG"), copy(row, "SG").pk)
    with refused("fee"):
        notifications.acknowledge(actor("DE"), copy(row, "DE").pk)
    fees.waive(actor("DE"), Fee.objects.get(holder="DE").pk, reason="A return of waste", reference="D-12")
    notifications.acknowledge(actor("DE"), copy(row, "DE").pk)
    wire.settle()
    assert due(row, "TH") == {"SG": "487.50 EUR due", "DE": "487.50 EUR waived"}


def test_a_later_mass_changes_a_fee_that_is_due_and_a_later_rate_changes_none(wire: Wire) -> None:
    fees.set_rate(actor("DE"), **RATE)
    row = filed(wire)
    fees.set_rate(actor("DE"), **{**RATE, "fixed": "900", "valid_from": "2026-12-01"})
    notifications.revise(actor("TH", "notifier", "clerk"), row.pk, content={"quantity_kg": "100000"}, reason="less")
    wire.settle()
    assert due(row, "DE") == due(row, "TH") == {"DE": "255.00 EUR due"}
    fees.pay(actor("DE"), Fee.objects.get(holder="DE").pk, reference="Till 1")
    notifications.revise(actor("TH", "notifier", "clerk"), row.pk, content={"quantity_kg": "90000"}, reason="less")
    wire.settle()
    assert due(row, "DE") == due(row, "TH") == {"DE": "255.00 EUR paid"}


def test_an_application_for_a_permit_has_its_fee(wire: Wire, client: Client) -> None:
    body = {**RATE, "kind": "permit_import", "per_tonne": "0"}
    answer = post(client, "/commands/fee/set_rate", body, calls("DE", "agency", "officer"))
    assert answer.status_code == 200, answer.content
    holder = actor("DE", "consignee", "clerk")
    made = permits.draft(holder, "import", content={"note": "Needed"})
    mine = signed_in(holder)
    assert "100" in page(mine, f"/permits/{made.pk}/")
    permits.apply(holder, made.pk, revision=made.revision)
    fee = Fee.objects.get()
    assert (fee.permit_id, fee.amount, fee.status) == (made.pk, Decimal("100.00"), "due")
    assert f"/fees/{fee.pk}/" in page(mine, f"/permits/{made.pk}/")


def test_one_rate_holds_on_a_day(wire: Wire) -> None:
    officer = actor("DE")
    fees.set_rate(officer, **RATE)
    fees.set_rate(officer, **{**RATE, "valid_from": "2027-01-01", "fixed": "0", "per_tonne": "0"})
    first, second = FeeRate.objects.filter(holder="DE").order_by("valid_from")
    assert (str(first.valid_until), second.valid_until) == ("2026-12-31", None)
    for wrong in (
        {"valid_from": "2026-06-01", "valid_until": "2026-07-01"}, {"valid_from": "2025-01-01"},
        {"valid_from": "2028-01-01", "valid_until": "2027-01-01"},
    ):  # fmt: skip
        with refused("dates"):
            fees.set_rate(officer, **{**RATE, **wrong})
    for wrong, code in (({"kind": "gift"}, "kind"), ({"fixed": "-1"}, "amount"), ({"currency": "E"}, "currency"),
                        ({"source": " "}, "text")):  # fmt: skip
        with refused(code):
            fees.set_rate(officer, **{**RATE, "valid_from": "2029-01-01", **wrong})
    with pytest.raises(Forbidden):
        fees.set_rate(actor("DE", "customs"), **RATE)
    with times.at(cases.START.replace(year=2027)):
        filed(wire, first_departure="2028-03-01", last_departure="2028-10-01")
    assert not Fee.objects.exists()  # the schedule charges nothing any more


def test_two_persons_waive_where_the_state_asks_for_it(wire: Wire) -> None:
    fees.set_rate(actor("DE"), **RATE)
    filed(wire)
    State.objects.filter(pk="DE").update(two_person=["movements.fee.waive"])
    own = Fee.objects.get(holder="DE")
    send(signed_in(actor("DE")), f"/fees/{own.pk}/waive/", reference="D-1", reason="Hardship")
    own.refresh_from_db()
    assert own.status == "due"
