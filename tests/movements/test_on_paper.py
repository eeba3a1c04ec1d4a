"""A notification that came on paper from a State outside the exchange: keyed in as the same record, to the last."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.movements import cases
from tests.movements.cases import START, Wire, actor, again, consent, copy, decide, wired
from tests.movements.test_pages_notifications import authority, page, text, trader
from tidegate.movements import rounds
from tidegate.movements.commands import (
    attachments,
    consents,
    guarantees,
    movements,
    notifications,
    paper,
    takeback,
)
from tidegate.movements.models import Account, Attachment, Notification, TakeBack
from tidegate.movements.queries import desk
from tidegate.parties import times
from tidegate.parties.commanding import Forbidden, Refused
from tidegate.parties.registry import Message, Rejected, registry

pytestmark = pytest.mark.django_db
# A load from Germany by way of Singapore to Malaysia; Germany takes part in no exchange.
ROUTE = [("DE", "export"), ("SG", "transit"), ("MY", "import")]
NUMBER = "DE 4710/000815"
SCAN = {"kind": "scan", "name": "fax.pdf", "media_type": "application/pdf", "data": b"%PDF-1.7 the paper"}


@pytest.fixture(autouse=True)
def wire(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> Iterator[Wire]:
    monkeypatch.delitem(rounds.ROUNDS, "holidays")
    settings.TIDEGATE_DATA_DIR = tmp_path
    for code in ("SG", "MY"):
        cases.state(code)
    for kind in ("consignee", "facility"):
        cases.organisation("MY", kind)
    with wired() as found, times.at(START):
        yield found


def begun(**more: Any) -> Notification:
    """A draft of the Malaysian authority, with the scan, of what the paper says."""
    said = cases.content(ROUTE, exporter=cases.party("DE", "notifier"), **more)
    row = paper.key_in(actor("MY", role="clerk"), state_export="de", number=f" {NUMBER} ", content=said)
    attachments.attach(actor("MY"), row.pk, **SCAN)
    return again(row)


def entered(wire: Wire, **more: Any) -> Notification:
    row = begun(**more)
    paper.enter(actor("MY"), row.pk, received_on="2026-11-27")
    wire.settle()
    return again(row)


def in_force(wire: Wire) -> Notification:
    """Everybody has consented; Germany by letter."""
    row = entered(wire)
    mine = actor("MY")
    guarantees.lodge_contract(mine, row.pk, number="K-1", signed_on="2026-11-01", takes_back=True)
    guarantees.propose_guarantee(mine, row.pk, number="G-1", amount="1000000.00", currency="EUR")
    guarantees.approve_guarantee(mine, row.pk)
    wire.settle()
    for code in ("SG", "MY"):
        notifications.acknowledge(actor(code), copy(row, code).pk)
        decide(row, code)
        wire.settle()
    answer = consent(row, "DE", "MY")
    consents.key_in(
        mine, answer.pk, outcome="consented", decided_on="2026-11-20", document="letter 12 of 2026-11-20",
        valid_from="2027-02-01", valid_until="2027-12-31",
    )  # fmt: skip
    guarantees.confirm_contract(mine, row.pk, number="K-1")
    wire.settle()
    return again(row)


def test_it_is_the_same_record_marked_as_from_paper_with_the_hash_of_its_scan(wire: Wire) -> None:
    row = entered(wire)
    assert (row.number, row.state_export, row.keyed_by, row.source) == (NUMBER, "DE", "MY", "paper")
    assert row.status == "transmitted"
    entry = cases.JournalEntry.objects.get(case=row.case, holder="MY", type="notification.submitted")
    scan = Attachment.objects.get(subject_id=row.pk, kind="scan")
    assert entry.payload["scan"] == scan.sha256
    assert entry.payload["received_on"] == "2026-11-27"
    there = copy(row, "SG")
    assert (there.number, there.state_export, there.keyed_by, there.source) == (NUMBER, "DE", "MY", "message")
    assert {c.authority for c in there.consents.all()} == {"DE", "SG", "MY"}


def test_the_law_counts_from_the_day_on_which_the_paper_came(wire: Wire) -> None:
    row = entered(wire)
    assert row.transmitted_at is not None
    assert row.transmitted_at.isoformat() == "2026-11-26T16:00:00+00:00"  # the day begins
    with pytest.raises(Refused, match="still to come"):
        paper.enter(actor("MY"), begun_again().pk, received_on="2026-12-05")


def begun_again() -> Notification:
    row = paper.key_in(actor("MY"), state_export="DE", number="DE 2", content=cases.content(ROUTE))
    return again(row)


@pytest.mark.parametrize("lost", [{"quantity_kg": None}, {"operations": ["R99"]}, {"designation": ""}])
def test_without_what_makes_a_case_it_is_not_entered(wire: Wire, lost: dict[str, Any]) -> None:
    row = begun(**lost)
    with pytest.raises(Refused) as refused:
        paper.enter(actor("MY"), row.pk, received_on="2026-11-27")
    assert refused.value.code == "incomplete"
    assert again(row).status == "draft"


def test_what_the_paper_leaves_open_stays_open_and_is_shown(wire: Wire) -> None:
    row = entered(wire, technology="", reason_for_export="", exporter_declaration={})
    entry = cases.JournalEntry.objects.get(case=row.case, holder="MY", type="notification.submitted")
    assert entry.payload["open"] == ["exporter_declaration", "reason_for_export", "technology"]
    shown = text(authority("MY").get(page(row)))
    assert "The paper leaves open:" in shown
    assert "It came on paper from Germany" in shown
    assert "Received 27 November 2026." in shown


def test_a_prohibited_load_on_paper_is_recorded_for_the_authority_to_object_to(wire: Wire) -> None:
    load = {**cases.LOAD, "hazardous": True, "annex_i": ["Y18"], "annex_iii": ["H11"]}
    row = entered(wire, load=load)
    assert row.screen["outcome"] == "prohibited"
    assert row.status == "transmitted"


def test_nothing_is_entered_without_the_paper_itself(wire: Wire) -> None:
    row = begun_again()
    with pytest.raises(Refused, match="paper itself") as refused:
        paper.enter(actor("MY"), row.pk, received_on="2026-11-27")
    assert refused.value.code == "scan"


def test_a_state_of_the_exchange_notifies_by_itself_and_a_number_stands_once(wire: Wire) -> None:
    with pytest.raises(Refused) as refused:
        paper.key_in(actor("MY"), state_export="SG", number="SG 1")
    assert refused.value.code == "takes_part"
    begun()
    with pytest.raises(Refused) as refused:
        paper.key_in(actor("MY"), state_export="DE", number=NUMBER)
    assert refused.value.code == "number"
    with pytest.raises(Refused) as refused:
        paper.key_in(actor("MY"), state_export="XX", number="1")
    assert refused.value.field == "state_export"


def test_a_company_keys_in_no_paper_and_an_authority_notifies_nothing(wire: Wire) -> None:
    with pytest.raises(Forbidden):
        paper.key_in(actor("MY", "notifier", "clerk"), state_export="DE", number="1")
    with pytest.raises(Refused, match="notifier writes"):
        notifications.create(actor("MY"))
    own = cases.drafted([("MY", "export"), ("SG", "import")])
    with pytest.raises(Refused, match="notifier writes"):
        notifications.save(actor("MY"), own.pk, content={"shipments": 3})
    row = begun()
    row.involved.add(cases.organisation("MY", "notifier"))
    with pytest.raises(Refused, match="came on paper"):
        notifications.save(actor("MY", "notifier", "clerk"), row.pk, content={"shipments": 3})


def test_the_keying_state_keeps_the_account_and_the_shipments_to_the_last(wire: Wire) -> None:
    row = in_force(wire)
    with times.at(times.now().replace(year=2027, month=3, day=2)):
        rounds.tick()
        wire.settle()
        row = again(row)
        assert row.status == "active"
        account = Account.objects.get(holder="MY", reference=row.case)
        assert (account.home, account.limit_kg) == ("MY", Decimal(250000))
        mine = actor("MY")
        made = movements.draft(mine, row.pk, planned_on="2027-03-10", announced_kg="24000")
        movements.announce(mine, made.pk)
        wire.settle()
        assert cases.again(made).status == "announced"
    with times.at(times.now().replace(year=2027, month=3, day=10, hour=4)):
        movements.depart(mine, made.pk, loaded_kg="24000")
        wire.settle()
    with times.at(times.now().replace(year=2027, month=4, day=2)):
        facility = actor("MY", "facility", "clerk")
        movements.arrive(facility, made.pk, place="port of MY")
        movements.receive(facility, made.pk, received_kg="24000", accepted_kg="24000", rejected_kg="0")
        wire.settle()
    account.refresh_from_db()
    assert account.used_kg == Decimal(24000)
    assert {one.status for one in type(made).objects.filter(case=row.case)} == {"received_accepted"}


def test_a_load_of_a_state_outside_is_taken_back_through_its_letters(wire: Wire) -> None:
    opened = takeback.open(
        actor("MY"), finding="Household waste under scrap papers", custody_place="Port Klang", custody_kg="20000",
        state_export="DE", load={"description": "mixed plastics"},
    )  # fmt: skip
    takeback.classify(actor("MY"), opened.pk, basis="art9_exporter", grounds=["d"])
    takeback.inform(actor("MY"), opened.pk)
    takeback.acknowledge(actor("MY"), opened.pk)
    takeback.accept(actor("MY"), opened.pk, reason="letter of 2026-12-01")
    assert TakeBack.objects.get(pk=opened.pk).status == "accepted"


def test_only_who_keyed_it_in_and_lies_on_the_route_speaks_for_the_state_outside(wire: Wire) -> None:
    row = begun()
    paper.enter(actor("MY"), row.pk, received_on="2026-11-27")
    sent = next(one for one in wire.sent if one.type == "notification.submitted")
    handler = registry.messages[sent.type].handler

    def told(sender: str, **body: Any) -> None:
        handler(Message("1", sender, "SG", sent.case, 1, sent.type, {**sent.body, **body}, sent.created))

    cases.state("TH")
    with pytest.raises(Rejected, match="State of export is DE"):
        told("MY", keyed_by="")
    with pytest.raises(Rejected, match="State of export is DE"):
        told("TH", keyed_by="TH")
    cases.state("DE")
    with pytest.raises(Rejected, match="State of export is DE"):
        told("MY")


def test_two_authorities_that_key_in_one_paper_are_told_of_each_other(wire: Wire) -> None:
    said = cases.content(ROUTE, exporter=cases.party("DE", "notifier"))
    paper.key_in(actor("SG"), state_export="DE", number=NUMBER, content=said)
    row = begun()
    paper.enter(actor("MY"), row.pk, received_on="2026-11-27")
    with pytest.raises(Rejected, match=f"number {NUMBER} stands here as case SG-"):
        wire.settle()


def test_it_is_keyed_in_on_pages_and_stands_on_the_authoritys_desk(wire: Wire) -> None:
    mine = authority("MY")
    assert "Key in from paper" in text(mine.get(reverse("movements:notifications")))
    assert "New notification" not in text(mine.get(reverse("movements:desk")))
    assert mine.get(reverse("movements:new")).headers["Location"] == reverse("movements:on-paper")
    wrong = mine.post(reverse("movements:on-paper"), {"state_export": "DE", "number": "", "form_version": "viii-18"})
    assert wrong.status_code == 422
    made = mine.post(reverse("movements:on-paper"), {"state_export": "DE", "number": NUMBER, "form_version": "viii-18"})
    row = Notification.objects.get(number=NUMBER)
    assert made.headers["Location"] == page(row, "edit", "parties")
    review = text(mine.get(page(row, "edit", "review")))
    assert "Scan of the notification on paper" in review
    assert "Submit to the authority of export" not in review
    notifications.save(actor("MY"), row.pk, content=cases.content(ROUTE, exporter=cases.party("DE", "notifier")))
    file = SimpleUploadedFile("fax.pdf", b"%PDF-1.7 paper", content_type="application/pdf")
    mine.post(page(row, "attach"), {"kind": "scan", "file": file, "back": "files"})
    assert any(item.kind == "draft" for item in desk.desk(actor("MY")).items)
    refused = mine.post(page(row, "enter"), {"received_on": "2027-01-01", "revision": again(row).revision})
    assert refused.status_code == 422
    assert "still to come" in text(refused)
    mine.post(page(row, "enter"), {"received_on": "2026-11-30", "revision": again(row).revision})
    assert again(row).status == "transmitted"
    assert trader("MY").get(reverse("movements:on-paper")).status_code == 403
