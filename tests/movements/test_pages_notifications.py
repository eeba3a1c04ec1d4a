"""The pages of notifications: list, case, decisions, acts; forms, errors and rights, through the browser's door."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.movements import cases
from tests.movements.cases import Wire, actor, again, consent, copy, drafted, organisation, sent_on, wired
from tidegate.movements.commands import notifications as commands
from tidegate.movements.models import Consent, Notification, SavedFilter
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commands import register
from tidegate.parties.models import Approval, Facility, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire() -> Any:
    with wired() as found, times.at(cases.START):
        yield found


def client_of(who: Actor) -> Client:
    """A browser in which this person is signed in; each has one role."""
    client = Client()
    assert who.person is not None
    client.force_login(who.person)
    return client


def authority(code: str, role: str = "officer") -> Client:
    return client_of(actor(code, "competent_authority", role))


def trader(code: str = "TH", role: str = "clerk") -> Client:
    return client_of(actor(code, "notifier", role))


def page(row: Notification, name: str = "case", *more: Any) -> str:
    return reverse(f"movements:{name}", args=[row.case, *more])


def text(response: Any) -> str:
    return response.content.decode()


# ── the list ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_shows_what_one_takes_part_in_and_filters_it(wire: Wire) -> None:
    row = sent_on()
    mine = trader()
    shown = text(mine.get(reverse("movements:notifications")))
    assert page(row) in shown
    assert "Mixed plastic waste" in shown
    stranger = client_of(actor("TH", "notifier", "clerk", "TH-other"))
    assert page(row) not in text(stranger.get(reverse("movements:notifications")))
    for query, there in (
        ("?status=open", True), ("?status=draft", False), ("?status=transmitted", True), ("?state=NL", True),
        ("?state=VN", False), ("?q=mixed", True), ("?q=copper", False), ("?due=over", False),
    ):  # fmt: skip
        assert (page(row) in text(mine.get(reverse("movements:notifications") + query))) is there, query


def test_each_state_reads_its_own_time_and_the_journal_that_of_all(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    for code, clock in (("TH", "1 December 2026, 09:00"), ("DE", "1 December 2026, 03:00")):
        assert clock in text(authority(code).get(page(copy(row, code)))), code
        assert "Times: " + {"TH": "Asia/Bangkok (UTC+0700)", "DE": "Europe/Berlin (UTC+0100)"}[code] in text(
            authority(code).get(page(copy(row, code)))
        )
    journal = text(authority("TH").get(reverse("parties:journal")))
    assert "2026-12-01 02:00:00" in journal
    assert "Times: UTC" in journal


def test_a_filter_is_kept_under_a_name_and_dropped(wire: Wire) -> None:
    drafted()
    mine = trader()
    answer = mine.post(reverse("movements:filters"), {"name": "Ours", "query": "status=open"})
    assert answer["Location"].endswith("?status=open")
    assert "Ours" in text(mine.get(reverse("movements:notifications")))
    assert "Ours" not in text(trader().get(reverse("movements:notifications")))  # another person
    mine.post(reverse("movements:filters"), {"name": "Ours", "drop": "1"})
    assert not SavedFilter.objects.exists()


# ── a new one ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_draft_is_begun_once_however_often_the_button_is_pressed(wire: Wire) -> None:
    for code in ("TH", "DE"):
        cases.state(code)
    mine = trader()
    said = {"how": "blank", "form_version": "1994", "key": "k-1"}
    first = mine.post(reverse("movements:new"), said)
    assert mine.post(reverse("movements:new"), said)["Location"] == first["Location"]
    made = Notification.objects.get()
    assert (made.status, made.form_version) == ("draft", "1994")
    assert first["Location"] == page(made, "edit", "parties")


def test_copy_and_renewal_begin_drafts_and_the_renewal_shows_its_differences(wire: Wire) -> None:
    row = sent_on()
    mine = trader()
    mine.post(reverse("movements:new"), {"how": "clone", "source": row.case, "key": "a"})
    mine.post(reverse("movements:new"), {"how": "renew", "source": row.case, "key": "b"})
    copied, renewed = Notification.objects.filter(status="draft").order_by("created_at")
    assert (copied.supersedes, renewed.supersedes) == ("", row.case)
    assert "First departure" in text(mine.get(page(renewed, "renewal")))
    assert page(row) in text(mine.get(page(renewed)))


# ── the case page ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_case_page_opens_for_every_role_that_takes_part_and_offers_what_it_may(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    seen = text(authority("DE").get(page(copy(row, "DE"))))
    for name in ("acknowledge", "decide", "ask"):
        assert page(row, name) in seen
    assert page(row, "transmit") not in seen
    viewer = text(authority("DE", "viewer").get(page(copy(row, "DE"))))
    assert page(row, "decide") not in viewer
    assert "Mixed plastic waste" in viewer
    home = text(trader().get(page(row)))
    assert page(row, "withdraw") in home
    assert page(row, "decide") not in home
    customs = client_of(actor("DE", "customs", "clerk"))
    assert customs.get(page(row)).status_code == 200


def test_a_company_of_another_case_and_another_state_find_nothing(wire: Wire) -> None:
    row = sent_on()  # not delivered yet: Germany has no copy
    assert authority("DE").get(page(row)).status_code == 404
    stranger = client_of(actor("TH", "notifier", "clerk", "TH-other"))
    assert stranger.get(page(row)).status_code == 404
    assert stranger.get(page(row, "document")).status_code == 404


def test_the_case_page_is_found_by_its_key_and_leads_to_its_address(wire: Wire) -> None:
    row = sent_on()
    answer = trader().get(reverse("movements:case", args=[row.pk]))
    assert answer["Location"] == page(row)


@pytest.mark.parametrize(("first", "late"), [("2027-01-30", False), ("2027-01-29", True)])
def test_a_notification_that_comes_too_short_before_the_first_departure_is_flagged_in_every_copy(
    wire: Wire, first: str, late: bool
) -> None:
    """Sent on, on the first of December, sixty days before 30 January. A later first departure mends it."""
    said = "asks to be notified by 30 November 2026 (United States, 40 CFR 262.84, import of hazardous waste)"
    row = drafted([("CA", "export"), ("US", "import")], first_departure=first)
    assert (said in text(trader("CA").get(page(row)))) is late, "who drafts it knows before it is sent"
    commands.submit(actor("CA", "notifier", "clerk"), row.pk)
    commands.transmit(actor("CA"), row.pk)
    wire.settle()
    with cases.later(20):
        for code in ("CA", "US"):
            assert (said in text(authority(code).get(page(row)))) is late, code
        later = {"first_departure": "2027-03-01", "last_departure": "2027-12-31"}
        commands.revise(actor("CA", "notifier", "clerk"), row.pk, content=later, reason="Too short")
        wire.settle()
        assert "asks to be notified" not in text(authority("US").get(page(row)))


def test_why_this_date_is_explained(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    commands.acknowledge(actor("NL"), copy(row, "NL").pk)
    seen = text(authority("NL").get(page(row)))
    assert "Why this date" in seen
    assert "It starts on the day after" in seen


def test_the_document_is_a_pdf_in_both_forms(wire: Wire) -> None:
    row = sent_on()
    for form in ("viii-18", "1994"):
        answer = trader().get(page(row, "document") + f"?form={form}&language=en&second=vi")
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")


# ── the way: submit, send on, acknowledge, ask, decide ───────────────────────────────────────────────────────


def test_from_draft_to_decision_through_the_pages(wire: Wire) -> None:
    row = drafted()
    mine, home, there = trader(), authority("TH"), authority("DE")
    assert "Nothing is missing" in text(mine.get(page(row, "edit", "review")))
    assert mine.post(page(row, "submit"), {"revision": row.revision, "key": "s"}).status_code == 302
    assert again(row).status == "submitted"
    assert home.post(page(row, "transmit"), {"revision": again(row).revision}).status_code == 302
    wire.settle()
    german = copy(row, "DE")
    assert (
        there.post(page(row, "acknowledge"), {"revision": german.revision, "received_on": "2026-12-01"}).status_code
        == 302
    )
    there.post(page(row, "ask"), {"revision": again(german).revision, "question": "Which polymers?"})
    wire.settle()
    asked = row.info_requests.get()
    assert "Which polymers?" in text(mine.get(page(row)))
    answer = mine.post(page(row, "answer", asked.pk), {"revision": asked.revision, "answer": "PE and PVC"})
    assert answer.status_code == 302
    wire.settle()
    own = consent(row, "DE")
    said = {
        "outcome": "consented_with_conditions", "revision": own.revision, "valid_from": "2027-03-01",
        "valid_until": "2027-12-31", "quantity_kg": "200000", "c-rows": "3", "c0-kind": "maximum_load",
        "c0-kg": "25000", "g-rows": "1",
    }  # fmt: skip
    assert there.post(page(row, "decide"), said).status_code == 302
    own = again(own)
    assert own.status == "consented_with_conditions"
    assert own.conditions == [{"kind": "maximum_load", "kg": "25000.000"}]
    wire.settle()
    assert "25,000" in text(mine.get(page(row)))


def test_an_objection_needs_its_grounds_and_says_so_at_the_form(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    there, own = authority("DE"), consent(row, "DE")
    answer = there.post(page(row, "decide"), {"outcome": "objected", "revision": own.revision, "g-rows": "1"})
    assert answer.status_code == 422
    assert "An objection needs its grounds." in text(answer)
    answer = there.post(
        page(row, "decide"), {"outcome": "objected", "revision": own.revision, "g-rows": "1", "g0-code": "capacity"}
    )
    assert answer.status_code == 302
    assert again(own).grounds == [{"code": "capacity", "text": ""}]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"valid_from": "2027-03-01", "valid_until": "2027-02-01"}, "It ends before it begins."),
        ({"valid_from": "2027-03-01", "valid_until": "2029-02-01"}, "It is longer than one consent may cover."),
        ({"valid_from": "2027-03-01", "valid_until": "2027-12-31", "quantity_kg": "12,5"}, "is not a figure"),
        ({"valid_from": "2027-03-01", "valid_until": "2027-12-31", "quantity_kg": "999999"}, "More than was notified."),
        (
            {"valid_from": "2027-03-01", "valid_until": "2027-12-31", "c0-kind": "season"},
            "This condition cannot be read.",
        ),
        ({"valid_from": "2027-03-01", "valid_until": "2027-12-31", "c0-kg": "5"}, "Say what kind of condition it is."),
    ],
)
def test_a_decision_that_is_wrong_says_what_and_keeps_what_was_typed(
    wire: Wire, said: dict[str, str], wanted: str
) -> None:
    row = sent_on()
    wire.settle()
    own = consent(row, "DE")
    given = {"outcome": "consented", "revision": own.revision, "remarks": "kept remark", "c-rows": "1", **said}
    answer = authority("DE").post(page(row, "decide"), given)
    assert answer.status_code == 422
    assert wanted in text(answer)
    assert "kept remark" in text(answer)
    assert again(own).status == "requested"


# ── what the register says of a pre-consented facility ───────────────────────────────────────────────────────

UNPROVED = "Your register does not bear this out"
PROVED = "By your register the facility is pre-consented"
# As `cases.content` needs it: Y48, R3, March to December 2027.
ENTERED = {
    "name": "Site 1", "address": "2 Sample Street", "permit_number": "P/1", "operations": ["R3", "R12"],
    "wastes": ["Y48"], "preconsented_from": date(2027, 1, 1), "preconsented_until": date(2027, 12, 31),
}  # fmt: skip


def entered(**more: Any) -> Facility:
    """A facility in the register of the State of import."""
    return register.add_facility(actor("DE"), organisation("DE", "facility").pk, **{**ENTERED, **more})


def seen_in(row: Notification, code: str = "DE") -> tuple[str, str]:
    """The case page and the page of the decision, as the authority of a State has them."""
    client = authority(code)
    answers = client.get(page(row)), client.get(page(row, "decide"))
    assert [one.status_code for one in answers] == [200, 200]
    return text(answers[0]), text(answers[1])


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (None, "No facility of the register has the number DE-facility-1."),
        ({"preconsented_from": None, "preconsented_until": None}, "in the register, but not as pre-consented."),
        ({"preconsented_from": None}, "in the register, but not as pre-consented."),
        ({"preconsented_from": date(2027, 3, 2)}, "Not for the whole period: pre-consented only from 2 March 2027."),
        (
            {"preconsented_until": date(2027, 12, 30)},
            "Not for the whole period: pre-consented only until 30 December 2027.",
        ),
        ({"wastes": ["B3011"]}, "Not for this waste: Y48."),
        ({"operations": ["R1"]}, "Not for this operation: R3."),
    ],
)
def test_a_claim_of_pre_consent_that_the_register_does_not_bear_out_says_what_is_wanting(
    wire: Wire, said: dict[str, Any] | None, wanted: str
) -> None:
    row = sent_on(preconsented=True)
    wire.settle()
    if said is not None:
        entered(**said)
    for shown in seen_in(row):
        assert UNPROVED in shown
        assert wanted in shown
        assert shown.count("Not for ") == wanted.count("Not for ")  # and nothing else is
        assert PROVED not in shown


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ({}, {}),
        ({"preconsented_from": date(2027, 3, 1)}, {}),
        ({"preconsented_until": None}, {}),
        ({"wastes": ["A3210", "B3011"]}, {"basel": ["A3210"], "y": ["Y45"]}),
        ({"wastes": ["Y45"]}, {"basel": ["A3210"], "y": ["Y45"]}),
    ],
)
def test_pre_consent_that_the_register_bears_out_is_confirmed(
    wire: Wire, said: dict[str, Any], codes: dict[str, Any]
) -> None:
    more: dict[str, Any] = {"codes": {"hs": ["3915.90"], **codes}} if codes else {}
    row = sent_on(preconsented=True, **more)
    wire.settle()
    entered(**said)
    for shown in seen_in(row):
        assert PROVED in shown
        assert UNPROVED not in shown


def test_more_than_a_preconsent_covers_is_said(wire: Wire) -> None:
    entered(preconsented_kg="400000")
    first = sent_on(preconsented=True)
    second = sent_on(preconsented=True)
    wire.settle()
    shown = text(authority("DE").get(page(second)))
    assert "More than it covers: 500,000 kg is notified to this facility as pre-consented, for 400,000 kg." in shown
    answer = authority("DE").post(
        page(second, "deny-preconsent"),
        {"reason": "The quantity is used up", "revision": cases.copy(second, "DE").revision},
    )
    assert answer.status_code == 302
    assert "has denied that the facility is pre-consented" in text(authority("DE").get(page(second)))
    assert first.preconsent_counts


def test_a_permit_number_names_one_site_and_the_number_of_a_company_none_of_several(wire: Wire) -> None:
    entered()
    entered(name="Site 2", permit_number="P/2", preconsented_from=None, preconsented_until=None)
    by_company = sent_on(preconsented=True)
    by_nothing = sent_on(preconsented=True, facility=cases.party("DE", "facility", registration="", site="Here"))
    by_permit = {
        number: sent_on(preconsented=True, facility=cases.party("DE", "facility", registration=number, site="Here"))
        for number in ("P/1", "p/2")
    }
    wire.settle()
    assert "stands for several facilities of the register" in seen_in(by_company)[0]
    assert "gives no registration number of the facility" in seen_in(by_nothing)[0]
    assert PROVED in seen_in(by_permit["P/1"])[0]
    assert "in the register, but not as pre-consented." in seen_in(by_permit["p/2"])[0]


def test_what_is_not_claimed_is_not_missed_and_a_closed_company_proves_nothing(wire: Wire) -> None:
    unclaimed, claimed = sent_on(), sent_on(preconsented=True)
    wire.settle()
    assert UNPROVED not in seen_in(unclaimed)[0]
    entered()
    assert PROVED in seen_in(unclaimed)[0]
    body = organisation("DE", "facility")
    register.edit_organisation(actor("DE", role="manager"), body.pk, revision=body.revision, active=False)
    assert UNPROVED in seen_in(claimed)[0]


def test_only_the_state_of_import_judges_and_only_by_its_own_register(wire: Wire) -> None:
    """The copies of the other States lie on the same node: none looks into another's register."""
    row = sent_on(preconsented=True)
    wire.settle()
    # The same number, in the register of a State of transit.
    register.add_facility(actor("NL"), organisation("NL", "facility", "DE-facility-1").pk, **ENTERED)
    assert UNPROVED in seen_in(row)[0]
    for other in ("NL", "TH"):
        for shown in seen_in(row, other):
            assert UNPROVED not in shown
            assert PROVED not in shown
    plant = client_of(actor("DE", "facility", "clerk")).get(page(row))
    assert plant.status_code == 200
    assert UNPROVED not in text(plant)


def test_more_rows_decide_nothing(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    own = consent(row, "DE")
    given = {"outcome": "consented", "revision": own.revision, "c-rows": "3", "more": "c"}
    answer = authority("DE").post(page(row, "decide"), given)
    assert answer.status_code == 200
    assert 'name="c5-kind"' in text(answer)
    assert again(own).status == "requested"


def test_who_decides_on_an_older_revision_sees_what_changed(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    there, own = authority("DE"), consent(row, "DE")
    commands.acknowledge(actor("DE"), copy(row, "DE").pk)
    said = {"outcome": "consented", "valid_from": "2027-03-01", "valid_until": "2027-12-31", "c-rows": "1"}
    answer = there.post(page(row, "decide"), {**said, "revision": own.revision})
    assert answer.status_code == 409
    assert "Receipt acknowledged by the authority" in text(answer)
    now = again(own).revision
    assert f'name="revision" value="{now}"' in text(answer)
    assert there.post(page(row, "decide"), {**said, "revision": now}).status_code == 302


def test_what_two_persons_decide_waits_for_the_second(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    State.objects.filter(pk="DE").update(two_person=["movements.consent.decide"])
    own = consent(row, "DE")
    said = {
        "outcome": "consented", "revision": own.revision, "valid_from": "2027-03-01", "valid_until": "2027-12-31",
    }  # fmt: skip
    answer = authority("DE").post(page(row, "decide"), said)
    assert answer["Location"] == reverse("parties:approvals")
    assert again(own).status == "requested"
    waiting = Approval.objects.get()
    second = authority("DE")
    assert page(row) in text(second.get(reverse("parties:approvals"))) or reverse(
        "movements:of-consent", args=[own.pk]
    ) in text(second.get(reverse("parties:approvals")))
    second.post(reverse("parties:decide", args=[waiting.pk]), {"answer": "approve"})
    assert again(own).status == "consented"


def test_a_state_that_is_not_asked_cannot_decide(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    Consent.objects.filter(holder="SG", authority="SG").delete()
    answer = authority("SG").post(page(row, "decide"), {"outcome": "consented"})
    assert answer.status_code == 422
    assert "This State is not asked" in text(answer)


def test_contract_and_guarantee_through_the_pages(wire: Wire) -> None:
    row = drafted(papers=False)
    mine = trader()
    answer = mine.post(page(row, "contract"), {"number": "K-9"})
    assert answer.status_code == 422
    assert "oblige to take the waste back" in text(answer)
    mine.post(page(row, "contract"), {"number": "K-9", "takes_back": "on", "valid_until": "2028-01-01"})
    mine.post(page(row, "guarantee"), {"number": "G-9", "amount": "10.50", "currency": "THB"})
    assert (row.contract.number, str(row.guarantee.amount)) == ("K-9", "10.50")
    authority("TH").post(page(row, "approve-guarantee"))
    assert again(row.guarantee).status == "approved"
    mine.post(page(row, "submit"), {"revision": again(row).revision})
    authority("TH").post(page(row, "transmit"), {})
    wire.settle()
    there = authority("DE")
    answer = there.post(page(row, "confirm-contract"), {"number": "K-8"})
    assert answer.status_code == 422
    assert "This is not the contract that was lodged." in text(answer)
    there.post(page(row, "confirm-contract"), {"number": "K-9"})
    wire.settle()
    assert again(row.contract).status == "confirmed"


def test_suspend_lift_and_withdraw_show_their_reasons(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    there = authority("DE")
    assert there.post(page(row, "suspend"), {"reason": ""}).status_code == 422
    there.post(page(row, "suspend"), {"reason": "Seal in doubt"})
    wire.settle()
    assert "Seal in doubt" in text(trader().get(page(row)))
    there.post(page(row, "lift"), {})
    assert copy(row, "DE").suspended_by == []
    trader().post(page(row, "withdraw"), {"reason": "Sold elsewhere", "revision": again(row).revision})
    assert again(row).status == "withdrawn"
    assert "Sold elsewhere" in text(trader().get(page(row)))


def test_revising_sends_only_what_changed_and_shows_the_difference(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    mine = trader()
    shown = mine.get(page(row, "revise"))
    data = fields_of(text(shown))
    data |= {"quantity-quantity_kg": "200000", "reason": "Less is left"}
    answer = mine.post(page(row, "revise"), data)
    assert answer.status_code == 302, text(answer)
    row = again(row)
    assert (row.version, str(row.quantity_kg)) == (2, "200000.000")
    seen = text(mine.get(page(row, "versions", 1, 2)))
    assert "250,000" in seen
    assert "200,000" in seen
    assert "Designation" not in seen


def fields_of(html: str) -> dict[str, Any]:
    """What a browser would send of the page's main form."""
    from lxml import html as reader

    tree: Any = reader.fromstring(html)
    form = max(tree.forms, key=lambda one: len(list(one.fields)))
    found: dict[str, Any] = {}
    for name, value in form.form_values():
        if name in found:
            found[name] = [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
        else:
            found[name] = value
    return found
