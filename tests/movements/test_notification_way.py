"""A notification's whole way, over the States' own copies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from tests.movements import cases
from tests.movements.cases import ROUTE, START, Wire, actor, consent, copy, decide, drafted, sent_on
from tidegate.exchange import delivery, outbox
from tidegate.exchange.models import Outbox
from tidegate.movements import ledger, rounds, standing
from tidegate.movements.commands import consents, guarantees, notifications, preconsents
from tidegate.movements.models import (
    Account,
    Amendment,
    Breach,
    Clock,
    Consent,
    Contract,
    Guarantee,
    InfoRequest,
    Movement,
    Notification,
    Version,
)
from tidegate.movements.queries import cases as queries
from tidegate.parties import times
from tidegate.parties.commanding import AwaitingSecond, Conflict, Missing, Refused
from tidegate.parties.models import Approval, JournalEntry, State
from tidegate.parties.registry import Message, Rejected, registry

pytestmark = pytest.mark.django_db
STATES = [code for code, _role in ROUTE]


@pytest.fixture(autouse=True)
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    monkeypatch.delitem(rounds.ROUNDS, "holidays")
    with cases.wired() as found, times.at(START):
        yield found


def statuses(row: Notification) -> dict[str, str]:
    return dict(Notification.objects.filter(case=row.case).values_list("holder", "status"))


def test_from_draft_to_active_over_four_copies(wire: Wire) -> None:
    row = sent_on()
    assert row.number == "TH 000001"
    wire.settle()
    assert statuses(row) == dict.fromkeys(STATES, "transmitted")
    needed = {c.authority: c.required for c in Consent.objects.filter(notification=row)}
    assert needed == dict.fromkeys(STATES, True)
    cases.all_consent(row, wire, STATES)
    assert statuses(row) == dict.fromkeys(STATES, "decided_consented")
    account = Account.objects.get(holder="TH", reference=row.case)
    assert (account.limit_kg, account.limit_count, account.open) == (Decimal("250000.000"), 10, True)
    with times.at(START + timedelta(days=63)):
        rounds.tick()
        wire.settle()
    assert statuses(row) == dict.fromkeys(STATES, "active")


def test_what_is_missing_is_named_block_by_block(wire: Wire) -> None:
    row = drafted(papers=False)
    trader = actor("TH", "notifier", "clerk")
    notifications.save(trader, row.pk, content={"designation": "", "operations": ["D5"], "shipments": 1})
    with pytest.raises(Refused) as caught:
        notifications.submit(trader, row.pk)
    assert (caught.value.code, caught.value.field) == ("incomplete", "4 shipments")
    assert "3 fields" in str(caught.value)
    notifications.save(trader, row.pk, content={"designation": "Waste", "operations": ["R3"], "shipments": 4})
    with pytest.raises(Refused) as caught:
        notifications.submit(trader, row.pk)
    assert caught.value.code == "contract"
    guarantees.lodge_contract(trader, row.pk, number="K-1", takes_back=True)
    with pytest.raises(Refused) as caught:
        notifications.submit(trader, row.pk)
    assert caught.value.code == "guarantee"
    guarantees.propose_guarantee(trader, row.pk, number="G-1")
    assert notifications.submit(trader, row.pk).status == "submitted"
    with pytest.raises(Refused) as caught:
        notifications.save(trader, row.pk, content={"designation": "Other"})
    assert caught.value.code == "state"
    assert wire.sent == []


def test_a_prohibited_load_needs_a_reasoned_override(wire: Wire) -> None:
    route = [("VN", "export"), ("SG", "transit"), ("MY", "import")]
    row = drafted(route)
    trader, officer = actor("VN", "notifier", "clerk"), actor("VN")
    with pytest.raises(Refused) as caught:
        notifications.submit(trader, row.pk)
    assert caught.value.code == "prohibited"
    assert "MY-IMP-PURITY-2025" in caught.value.value
    with pytest.raises(Refused):
        notifications.override(officer, row.pk, reason=" ")
    notifications.override(officer, row.pk, reason="Court order of the example court")
    assert notifications.submit(trader, row.pk).status == "submitted"
    notifications.transmit(officer, row.pk)
    wire.settle()
    assert copy(row, "MY").override_reason == "Court order of the example court"


def test_longer_than_the_law_lets_one_notification_cover(wire: Wire) -> None:
    row = drafted(last_departure="2028-03-01")
    with pytest.raises(Refused) as caught:
        notifications.submit(actor("TH", "notifier", "clerk"), row.pk)
    assert (caught.value.code, caught.value.field) == ("span", "last_departure")
    assert "2028-02-29" in caught.value.expected


def test_a_consent_covers_no_longer_than_the_law_allows_and_no_more_than_was_notified(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    for given, code in (
        ({"valid_until": "2028-02-01"}, "span"),
        ({"valid_from": "2027-06-01", "valid_until": "2027-05-01"}, "dates"),
        ({"valid_until": None}, "day"),
        ({"quantity_kg": "250000.001"}, "quantity"),
        ({"quantity_kg": 1.5}, "mass"),
        ({"shipments": 11}, "shipments"),
        ({"conditions": [{"kind": "season", "from": "02-01", "to": "05-31"}]}, "conditions"),
        ({"outcome": "consented_with_conditions"}, "conditions"),
        ({"outcome": "tacit"}, "outcome"),
        ({"outcome": "objected", "grounds": []}, "grounds"),
    ):
        with pytest.raises(Refused) as caught:
            decide(row, "SG", **given)
        assert caught.value.code == code, given
    assert consent(row, "SG").status == "requested"
    assert decide(row, "SG", valid_until="2028-01-31").status == "consented"


def test_only_the_authority_itself_decides(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    theirs = consent(row, "SG", holder="TH")
    with pytest.raises(Refused) as caught:
        consents.decide(actor("TH"), theirs.pk, outcome="objected", grounds=["No"])
    assert caught.value.code == "not_owner"
    with pytest.raises(Refused) as caught:
        consents.decide(actor("TH"), consent(row, "SG").pk, outcome="objected", grounds=["No"])
    assert caught.value.code == "not_found"
    with pytest.raises(Refused) as caught:
        guarantees.confirm_contract(actor("SG"), copy(row, "SG").pk, number="K-1")
    assert caught.value.code == "not_owner"


def test_a_message_about_anothers_fact_is_rejected(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    notifications.acknowledge(actor("SG"), copy(row, "SG").pk)
    decide(row, "SG")
    forged = next(m for m in wire.sent if m.type == "decision.consented")
    for sender, to, type, body in (
        ("NL", "TH", "decision.consented", {**forged.body}),
        ("NL", "TH", "contract.confirmed", {"number": "K-1", "at": START.isoformat()}),
        ("NL", "SG", "notification.withdrawn", {"at": START.isoformat()}),
        ("VN", "TH", "notification.suspended", {"at": START.isoformat()}),
        ("SG", "NL", "notification.revised", wire.sent[0].body),
    ):
        message = Message("x", sender, to, row.case, 1, type, body, START)
        with pytest.raises(Rejected) as caught:
            registry.messages[type].handler(message)
        assert caught.value.code in ("not_entitled", "not_concerned"), type


def test_two_persons_decide_where_the_state_says_so_and_an_edit_voids_the_first(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    State.objects.filter(pk="SG").update(two_person=["movements.consent.decide"])
    mine = consent(row, "SG")
    terms = {"outcome": "consented", "valid_from": "2027-02-01", "valid_until": "2027-12-31", "quantity_kg": "1000"}
    first, second = actor("SG"), actor("SG")
    with pytest.raises(AwaitingSecond) as waiting:
        consents.decide(first, mine.pk, **terms)
    with pytest.raises(AwaitingSecond) as edited:
        consents.decide(first, mine.pk, **{**terms, "quantity_kg": "2000"})
    old, new = (Approval.objects.get(pk=w.value.approval.pk) for w in (waiting, edited))
    assert (old.status, new.status) == ("void", "waiting")
    assert consent(row, "SG").status == "requested"
    with pytest.raises(Refused) as caught:
        consents.decide(first, *new.arguments[0], approval=new, **new.arguments[1])
    assert caught.value.code == "same_person"
    done = consents.decide(second, *new.arguments[0], approval=new, **new.arguments[1])
    assert (done.status, done.quantity_kg) == ("consented", Decimal("2000.000"))


def test_two_officers_at_once_the_later_sees_that_it_changed(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    mine = consent(row, "SG")
    decide(row, "SG", revision=mine.revision)
    with pytest.raises(Conflict):
        decide(row, "SG", revision=mine.revision)


def test_a_question_stops_the_clock_and_the_answer_starts_it_again(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    notifications.acknowledge(actor("NL"), copy(row, "NL").pk)
    due = clock(row, "NL").due_at
    with cases.later(4):
        asked = notifications.request_info(actor("NL"), copy(row, "NL").pk, question="Which plant?")
        wire.settle()
        assert statuses(row) == dict.fromkeys(STATES, "incomplete")
        assert [clock(row, "NL", holder).due_at for holder in STATES] == [None] * 4
    with cases.later(9):
        mine = InfoRequest.objects.get(holder="TH", reference=asked.reference)
        notifications.supply_info(actor("TH", "notifier", "clerk"), mine.pk, answer="That of Sample")
        wire.settle()
    dues = {clock(row, "NL", holder).due_at for holder in STATES}
    assert dues == {due + timedelta(days=6)}
    assert {c.status for c in Consent.objects.filter(case=row.case, authority="NL")} == {"acknowledged"}


def clock(row: Notification, authority: str, holder: str = "") -> Any:
    return Clock.objects.get(subject_id=consent(row, authority, holder).pk)


def test_silence_is_consent_for_the_one_whose_law_says_so_and_for_nobody_else(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    for code in STATES:
        notifications.acknowledge(actor(code), copy(row, code).pk)
    wire.settle()
    with cases.later(29.9):
        rounds.tick()
        assert consent(row, "NL", "TH").status == "acknowledged"
    with cases.later(200):
        rounds.tick()
        wire.settle()
        found = dict(Consent.objects.filter(holder="TH", case=row.case).values_list("authority", "status"))
    assert found == {"TH": "acknowledged", "SG": "acknowledged", "NL": "tacit", "DE": "acknowledged"}
    tacit = consent(row, "NL", "DE")
    assert (tacit.valid_from, tacit.valid_until) == (date(2027, 1, 1), date(2027, 12, 31))
    with cases.later(201), pytest.raises(Refused) as caught:
        decide(row, "NL", "objected")
    assert caught.value.code == "state"
    entry = JournalEntry.objects.filter(subject_id=tacit.pk, type="consent.tacit").get()
    assert entry.payload["waiver"] == "eu-2024-transit"
    assert JournalEntry.objects.filter(holder="SG", type="notification.overdue", case=row.case).exists()


def test_an_objection_in_time_that_comes_late_goes_before_the_silence(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    notifications.acknowledge(actor("NL"), copy(row, "NL").pk)
    wire.settle()
    with cases.later(29):
        decide(row, "NL", "objected")
    with cases.later(35):
        rounds.tick()
        assert consent(row, "NL", "TH").status == "tacit"
        wire.settle()
    assert statuses(row) == dict.fromkeys(STATES, "decided_objected")


def test_a_new_state_of_transit_is_asked_and_told_what_the_others_said(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    cases.state("BE")
    decide(row, "SG")
    guarantees.confirm_contract(actor("DE"), copy(row, "DE").pk, number="K-1")
    wire.settle()
    longer = [*ROUTE[:3], ("BE", "transit"), ROUTE[3]]
    route = cases.content(longer)["route"]
    notifications.revise(actor("TH", "notifier", "clerk"), row.pk, content={"route": route}, reason="Another port")
    wire.settle()
    assert sorted(statuses(row)) == sorted([*STATES, "BE"])
    for holder in [*STATES, "BE"]:
        found = dict(Consent.objects.filter(holder=holder, case=row.case).values_list("authority", "status"))
        # What Singapore consented to went another way: it decides anew.
        assert found == dict.fromkeys([*STATES, "BE"], "requested"), holder
        assert Contract.objects.get(holder=holder, case=row.case).status == "confirmed"
    notifications.revise(
        actor("TH", "notifier", "clerk"), row.pk, content={"route": cases.content()["route"]}, reason="The old port"
    )
    wire.settle()
    assert {c.status for c in Consent.objects.filter(case=row.case, authority="BE")} == {"superseded"}
    for code in ("SG", "TH", "NL", "DE"):
        decide(row, code)
    wire.settle()
    assert set(statuses(row).values()) == {"decided_consented"}


def test_a_forgotten_state_blocks_until_it_has_consented(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    for code in ("TH", "SG", "NL"):
        decide(row, code)
    guarantees.confirm_contract(actor("DE"), copy(row, "DE").pk, number="K-1")
    wire.settle()
    with cases.later(70):
        rounds.tick()
        wire.settle()
        assert standing.blocked(cases.again(row), date(2027, 3, 1)) == ["consent:DE"]
        assert set(statuses(row).values()) == {"transmitted"}
        decide(row, "DE")
        wire.settle()
        assert standing.blocked(cases.again(row), date(2027, 3, 1)) == []
        assert set(statuses(row).values()) == {"active"}
        assert standing.blocked(cases.again(row), date(2028, 1, 1)) != []


def test_suspension_lifting_and_withdrawal_open_and_close_the_account(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    cases.all_consent(row, wire, STATES)
    with cases.later(70):
        rounds.tick()
        wire.settle()
        consents.suspend(actor("SG"), consent(row, "SG").pk, reason="Inquiry")
        notifications.suspend(actor("DE"), copy(row, "DE").pk, reason="Fire")
        wire.settle()
        assert set(statuses(row).values()) == {"suspended"}
        assert not Account.objects.get(holder="TH", reference=row.case).open
        consents.lift(actor("SG"), consent(row, "SG").pk)
        wire.settle()
        assert set(statuses(row).values()) == {"suspended"}
        notifications.lift(actor("DE"), copy(row, "DE").pk)
        wire.settle()
        assert set(statuses(row).values()) == {"active"}
        assert Account.objects.get(holder="TH", reference=row.case).open
        consents.withdraw(actor("NL"), consent(row, "NL").pk, reason="Port closed")
        wire.settle()
        assert set(statuses(row).values()) == {"revoked"}
        assert not Account.objects.get(holder="TH", reference=row.case).open


def test_the_account_takes_the_least_of_what_was_consented_and_every_window(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    decide(row, "TH")
    decide(row, "SG", quantity_kg="90000", shipments=4)
    decide(row, "NL")
    limits = [
        {"kind": "maximum_load", "kg": "30000", "days": 30},
        {"kind": "maximum_load", "kg": "25000"},
        {"kind": "season", "from": "03-01", "to": "10-31"},
    ]
    decide(row, "DE", "consented_with_conditions", conditions=limits, valid_from="2027-03-01")
    guarantees.confirm_contract(actor("DE"), copy(row, "DE").pk, number="K-1")
    wire.settle()
    account = Account.objects.get(holder="TH", reference=row.case)
    assert (account.limit_kg, account.limit_count) == (Decimal("90000.000"), 4)
    assert [(p.days, p.limit_kg) for p in account.sub_periods.all()] == [(30, Decimal("30000.000"))]
    assert (account.valid_from, account.valid_until) == (date(2027, 3, 1), date(2027, 12, 31))


def test_contract_and_guarantee_that_end_suspend_and_dates_that_do_not_fit_are_flagged(wire: Wire) -> None:
    row = drafted(papers=False)
    trader, officer = actor("TH", "notifier", "clerk"), actor("TH")
    with pytest.raises(Refused) as caught:
        guarantees.lodge_contract(trader, row.pk, number="K-1")
    assert caught.value.code == "return_obligation"
    guarantees.lodge_contract(trader, row.pk, number="K-1", valid_until="2027-12-31", takes_back=True)
    guarantees.propose_guarantee(trader, row.pk, number="G-1", valid_until="2027-06-30")
    notifications.submit(trader, row.pk)
    notifications.transmit(officer, row.pk)
    wire.settle()
    cases.all_consent(row, wire, STATES)
    assert set(statuses(row).values()) == {"decided_consented"}
    assert {(f["authority"], f["paper"]) for f in standing.flags(row)} == {(code, "guarantee") for code in STATES}
    with cases.later(70):
        rounds.tick()
        wire.settle()
        assert set(statuses(row).values()) == {"decided_consented"}  # the guarantee is not approved yet
        guarantees.approve_guarantee(officer, row.pk)
        wire.settle()
        assert set(statuses(row).values()) == {"active"}
    with cases.later(220):
        rounds.tick()
        wire.settle()
        assert set(statuses(row).values()) == {"suspended"}
        guarantees.propose_guarantee(trader, row.pk, number="G-2", valid_until="2028-06-30")
        guarantees.approve_guarantee(officer, row.pk)
        wire.settle()
        assert set(statuses(row).values()) == {"active"}
        assert Guarantee.objects.get(holder="DE", case=row.case).number == "G-2"
    with cases.later(400):
        rounds.tick()
        wire.settle()
        assert set(statuses(row).values()) == {"expired"}
        guarantees.release(officer, row.pk)
        notifications.close(officer, row.pk)
        wire.settle()
        assert set(statuses(row).values()) == {"closed"}


def test_an_amendment_is_approved_by_all_and_what_is_material_is_a_new_notification(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    cases.all_consent(row, wire, STATES)
    trader = actor("TH", "notifier", "clerk")
    for content in (
        {"quantity_kg": "250000.001"},
        {"shipments": 11},
        {"last_departure": "2028-01-01"},
        {"codes": {"basel": ["A3210"]}},
        {"facility": cases.party("DE", "other")},
        {"route": cases.content(ROUTE[:1] + ROUTE[2:])["route"]},
    ):
        with pytest.raises(Refused) as caught:
            notifications.amend(trader, row.pk, content=content, reason="Because")
        assert caught.value.code == "material", content
    change = {"quantity_kg": "100000", "handling": "Keep dry", "special_handling": True}
    made = notifications.amend(trader, row.pk, content=change, reason="Less than planned")
    wire.settle()
    for code in STATES:
        theirs = Amendment.objects.get(holder=code, case=row.case)
        notifications.approve_amendment(actor(code), theirs.pk, approved=True)
    wire.settle()
    assert set(Amendment.objects.filter(case=row.case).values_list("status", flat=True)) == {"approved"}
    for code in STATES:
        theirs_now = copy(row, code)
        assert (theirs_now.quantity_kg, theirs_now.blocks["handling"], theirs_now.version) == (
            Decimal("100000.000"), "Keep dry", 2,
        )  # fmt: skip
        assert theirs_now.status == "decided_consented"
    assert Account.objects.get(holder="TH", reference=row.case).limit_kg == Decimal("100000.000")
    again = notifications.amend(trader, row.pk, content={"handling": ""}, reason="Not needed")
    wire.settle()
    theirs = Amendment.objects.get(holder="NL", case=row.case, number=again.number)
    notifications.approve_amendment(actor("NL"), theirs.pk, approved=False, reason="It rains")
    wire.settle()
    assert (made.number, again.number) == (1, 2)
    assert set(Amendment.objects.filter(case=row.case, number=2).values_list("status", flat=True)) == {"refused"}
    assert Version.objects.get(notification=row, number=1).content["quantity_kg"] == "250000.000"


def test_a_renewal_takes_the_place_of_the_old_one_when_it_is_in_force(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    cases.all_consent(row, wire, STATES)
    trader = actor("TH", "notifier", "clerk")
    period = {"first_departure": "2027-06-01", "last_departure": "2028-05-31", "quantity_kg": "300000"}
    declared = cases.content()["exporter_declaration"]
    new = notifications.renew(trader, row.pk, content={**period, "exporter_declaration": declared})
    differences = {d.field for d in queries.from_supersedes(trader, new.pk)}
    assert differences == {"first_departure", "last_departure", "quantity_kg"}
    guarantees.lodge_contract(trader, new.pk, number="K-1", takes_back=True)
    guarantees.propose_guarantee(trader, new.pk, number="G-1")
    guarantees.approve_guarantee(actor("TH"), new.pk)
    notifications.submit(trader, new.pk)
    notifications.transmit(actor("TH"), new.pk)
    wire.settle()
    with cases.later(70):
        rounds.tick()
        cases.all_consent(new, wire, STATES)
        wire.settle()
        assert set(statuses(new).values()) == {"active"}
        assert set(statuses(row).values()) == {"closed"}
        assert not Account.objects.get(holder="TH", reference=row.case).open
    assert cases.again(new).number == "TH 000002"


def test_questions_before_it_is_sent_on_refusal_to_forward_and_withdrawal(wire: Wire) -> None:
    row = drafted()
    trader, officer = actor("TH", "notifier", "clerk"), actor("TH")
    notifications.submit(trader, row.pk)
    asked = notifications.request_info(officer, row.pk, question="Which plant?")
    assert cases.again(row).status == "incomplete"
    with pytest.raises(Refused):
        notifications.transmit(officer, row.pk)
    notifications.supply_info(trader, asked.pk, answer="That of Sample")
    notifications.revise(trader, row.pk, content={"technology": "Washing"}, reason="As asked")
    notifications.transmit(officer, row.pk)
    wire.settle()
    assert Version.objects.get(notification=copy(row, "DE"), number=2).content["technology"] == "Washing"
    notifications.withdraw(trader, row.pk, reason="No longer needed")
    wire.settle()
    assert set(statuses(row).values()) == {"withdrawn"}
    other = drafted()
    notifications.submit(trader, other.pk)
    with pytest.raises(Refused):
        notifications.not_forward(officer, other.pk, reason="")
    assert notifications.not_forward(officer, other.pk, reason="Not complete").status == "refused_to_forward"
    assert Notification.objects.filter(case=other.case).count() == 1


def test_used_up_is_told_to_everybody(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    cases.all_consent(row, wire, STATES)
    with cases.later(70):
        rounds.tick()
        with transaction.atomic():
            ledger.commit("TH", row.case, draw="m/1", kg=Decimal(250000), at=times.now())
            notifications.exhausted("TH", row.case)
        wire.settle()
        assert set(statuses(row).values()) == {"exhausted"}
        with transaction.atomic():
            ledger.adjust("TH", row.case, draw="m/1", kg=Decimal(24000), at=times.now(), reason="Weighed again")
            notifications.exhausted("TH", row.case)
        wire.settle()
        assert set(statuses(row).values()) == {"active"}


def test_companies_see_their_own_cases_and_no_official_by_name(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    decide(row, "DE")
    trader, stranger = actor("TH", "notifier", "clerk"), actor("TH", "notifier", "clerk", registration="TH-other")
    importer = actor("DE", "facility", "viewer")
    assert [n.pk for n in queries.notifications(trader)] == [row.pk]
    assert not queries.notifications(stranger).exists()
    assert [n.pk for n in queries.notifications(importer)] == [copy(row, "DE").pk]
    with pytest.raises(Missing):
        queries.case(stranger, row.case)
    view = queries.case(trader, row.number)
    assert [c.authority for c in view.consents] == STATES
    assert view.may["revise"]
    assert not view.may["transmit"]
    seen = queries.timeline(importer, copy(row, "DE"))
    assert "consent.consented" in {m.type for m in seen}
    assert not any("officer of" in m.who for m in seen)
    assert any("officer of" in m.who for m in queries.timeline(actor("DE"), copy(row, "DE")))
    lines = queries.deadlines(copy(row, "SG"))
    assert all(line.lines for line in lines)


def test_templates_and_clones_carry_the_content_and_no_signature(wire: Wire) -> None:
    row = drafted()
    trader = actor("TH", "notifier", "clerk")
    kept = notifications.keep_template(trader, row.pk, name="Mixed plastics to Germany")
    for made in (notifications.create(trader, template=kept.pk), notifications.clone(trader, row.pk)):
        assert made.blocks["designation"] == "Mixed plastic waste"
        assert not made.blocks["exporter_declaration"]["made"]
        assert made.load == row.load
        assert made.case != row.case
        assert [s.state for s in made.route.all()] == STATES
    with pytest.raises(Missing):
        notifications.create(actor("TH", "notifier", "clerk", registration="TH-other"), template=kept.pk)


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"quantity_kg": 25.5}, "quantity_kg"),
        ({"load": {"polymers": {"PE": 98.5}}}, "load.polymers.PE"),
        ({"nonsense": 1}, "nonsense"),
        ({"carriers": [{"name": "X", "colour": "red"}]}, "carriers.0.colour"),
        ({"route": [{"state": "XX", "role": "export"}]}, "route.0.state"),
        ({"route": [{"state": "DE", "role": "export"}]}, "route.0.state"),
        ({"first_departure": "01/03/2027"}, "first_departure"),
        ({"multiple": "yes"}, "multiple"),
        ({"form_version": "2050"}, "form_version"),
        ({"composition": [{"name": "PE", "percent": 60.5}]}, "composition.0.percent"),
    ],
)
def test_a_value_that_is_not_what_its_field_takes_is_refused_by_name(content: Any, field: str, wire: Wire) -> None:
    row = drafted(papers=False)
    with pytest.raises(Refused) as caught:
        notifications.save(actor("TH", "notifier", "clerk"), row.pk, content=content)
    assert caught.value.field == field


def test_the_state_of_export_of_the_union_waits_for_transit_outside_the_oecd(wire: Wire) -> None:
    route = [("DE", "export"), ("SG", "transit"), ("JP", "import")]
    load = {"waste": True, "hazardous": False, "polymers": {"PE": "99"}, "contamination_pct": "1", "operation": "R3"}
    row = sent_on(route, load=load)
    wire.settle()
    notifications.acknowledge(actor("SG"), copy(row, "SG").pk)
    wire.settle()
    with cases.later(60), pytest.raises(Refused) as caught:
        decide(row, "DE")
    assert caught.value.code == "too_early"
    with cases.later(61):
        assert decide(row, "DE").status == "consented"


def test_over_the_exchange_itself(settings: Any, tmp_path: Any) -> None:
    """The same way with signed envelopes, outbox and inbox in between."""
    settings.TIDEGATE_DATA_DIR = tmp_path
    registry.subscribers[:] = [outbox.carry]
    row = sent_on()
    delivery.settle()
    assert statuses(row) == dict.fromkeys(STATES, "transmitted")
    for code in STATES:
        decide(row, code)
    guarantees.confirm_contract(actor("DE"), copy(row, "DE").pk, number="K-1")
    delivery.settle()
    assert statuses(row) == dict.fromkeys(STATES, "decided_consented")
    assert not Outbox.objects.exclude(state=Outbox.Status.ACCEPTED).exists()


def test_a_state_outside_the_exchange_answers_on_paper(wire: Wire) -> None:
    row = sent_on(without=("SG",))
    wire.settle()
    officer, theirs = actor("TH"), consent(row, "SG", "TH")
    for code in ("TH", "NL", "DE"):
        decide(row, code)
    guarantees.confirm_contract(actor("DE"), copy(row, "DE").pk, number="K-1")
    wire.settle()
    terms = {"valid_from": "2027-02-01", "valid_until": "2027-12-31", "document": "Letter 7", "outcome": "consented"}
    with pytest.raises(Refused) as caught:
        consents.key_in(officer, consent(row, "NL", "TH").pk, decided_on="2026-12-01", **terms)
    assert caught.value.code == "takes_part"
    with pytest.raises(Refused) as caught:
        consents.key_in(officer, theirs.pk, decided_on="2026-11-30", **terms)
    assert caught.value.code == "dates"
    with cases.later(10):
        consents.key_in(officer, theirs.pk, decided_on="2026-12-09", **terms)
        wire.settle()
    assert set(statuses(row).values()) == {"decided_consented"}
    assert consent(row, "SG", "DE").remarks == "[Letter 7]"


def test_a_withdrawal_that_comes_late_is_held_against_what_left_meanwhile(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    cases.all_consent(row, wire, STATES)
    with cases.later(95):
        rounds.tick()
        wire.settle()
        gone = Movement.objects.create(
            holder_id="TH", case=row.case, notification=row, serial=1, planned_on=date(2027, 3, 7), announced_kg=1000,
            status="in_transit", departed_at=START + timedelta(days=96),
        )  # fmt: skip
        before = Movement.objects.create(
            holder_id="TH", case=row.case, notification=row, serial=2, planned_on=date(2027, 3, 5), announced_kg=1000,
            status="in_transit", departed_at=START + timedelta(days=94),
        )  # fmt: skip
        consents.withdraw(actor("SG"), consent(row, "SG").pk, reason="Port closed")
    with cases.later(99):
        wire.settle()
    breach = Breach.objects.get(holder="TH", subject_id=gone.pk)
    assert breach.kind == "no_consent"
    assert breach.detail["true_since"] < breach.detail["departed_at"] < breach.detail["known_since"]
    assert not Breach.objects.filter(subject_id=before.pk).exists()
    assert cases.again(gone).status == "in_transit"


def test_a_denied_preconsent_gives_every_state_the_usual_limits(wire: Wire) -> None:
    row = sent_on([("NL", "export"), ("DE", "import")], preconsented=True)
    wire.settle()
    notifications.acknowledge(actor("DE"), copy(row, "DE").pk)
    wire.settle()

    def limits() -> set[tuple[str, str]]:
        rows = Clock.objects.filter(case=row.case, authority="DE", subject="consent", ended_at=None)
        return set(rows.values_list("holder", "rule"))

    assert {rule for _holder, rule in limits()} == {"eu-2024-decide-preconsented"}
    with pytest.raises(Refused, match="Only the State of import"):
        preconsents.deny(actor("NL"), row.pk, reason="no such permit")
    preconsents.deny(actor("DE"), copy(row, "DE").pk, reason="Its pre-consent ended in 2025")
    wire.settle()
    assert limits() == {("DE", "eu-2024-decide"), ("NL", "eu-2024-decide")}
    assert not cases.again(row).preconsent_counts
    with pytest.raises(Refused, match="no pre-consent to deny"):
        preconsents.deny(actor("DE"), copy(row, "DE").pk, reason="again")
    # Another content claims it anew.
    facility = cases.party("DE", "facility", name="Another site", site="3 Sample Street")
    notifications.revise(actor("NL", "notifier", "clerk"), row.pk, content={"facility": facility}, reason="Other site")
    wire.settle()
    assert copy(row, "DE").preconsent_counts
