"""The check page through the front door: what it asks, what it says, and how it fails."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import localdate
from lxml import html as lxml_html

from tests.web.shipments import CLEAN_PE_TO_MALAYSIA, MIXED_TO_THAILAND, all_papers
from tidegate.law import load_rulebook
from tidegate.screening import decide, parse_shipment
from tidegate.web.check.answers import permalink
from tidegate.web.check.examples import EXAMPLES

CLEAR_ON_PAPER = {**CLEAN_PE_TO_MALAYSIA, "facts": {"source": "industrial"}, "documents": all_papers()}


class Seen:
    """A page as a reader sees it."""

    def __init__(self, response: Any) -> None:
        assert response.status_code == 200, response.status_code
        self.response = response
        self.tree: Any = lxml_html.fromstring(response.content.decode())

    def text(self, css: str) -> str:
        return " ".join(" ".join(part.text_content().split()) for part in self.tree.cssselect(css))

    def count(self, css: str) -> int:
        return len(self.tree.cssselect(css))


def see(client: Client, shipment: dict[str, Any] | str, **headers: str) -> Seen:
    return Seen(client.get(shipment if isinstance(shipment, str) else permalink(shipment), headers=headers))


def decision(shipment: dict[str, Any]) -> dict[str, Any]:
    book = load_rulebook(())
    return decide(parse_shipment({"id": "1", **shipment}, book), book, changes=True)


def test_a_page_opened_afresh_asks_and_does_not_complain(client: Client) -> None:
    page = see(client, "/")
    assert page.count(".ck-answer") == 0
    assert page.count(".ck-error") == 0
    assert page.count(".ck-examples a") == len(EXAMPLES)
    assert page.count("#from option") > 200
    assert page.tree.cssselect("#date")[0].get("value")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.title))
def test_every_example_gives_the_answer_of_the_core(client: Client, example: Any) -> None:
    page = see(client, example.url)
    expected = decision(dict(example.shipment))
    words = {"prohibited": "Prohibited", "undetermined": "Undetermined", "needs": "Papers needed"}
    assert page.text("#verdict-title") == words.get(expected["outcome"], "Clear on paper")
    shown = {e.get("id") for e in page.tree.cssselect(".ck-reasons > li")}
    assert {f"rule-{reason['rule']}" for reason in expected["reasons"]} <= shown
    for reason in expected["reasons"]:
        assert " ".join(reason["instrument"].split()) in page.text(f"[id='rule-{reason['rule']}']")
        assert page.count(f"[id='rule-{reason['rule']}'] a[href='{reason['url']}']") == 1


def test_the_next_best_question_comes_first_and_not_known_is_an_answer(client: Client) -> None:
    shipment = {"export": "JP", "import": "VN", "date": "2026-11-21", "polymers": {"PE": "99"}}
    book = load_rulebook(())
    asked = [question["fact"] for question in decision(shipment)["questions"]]
    page = see(client, shipment)
    assert page.text("#ask-title") == book.facts[asked[0]].label
    assert page.count(f"#ask button[name=skip][value='{asked[0]}']") == 1
    skipped = see(client, permalink(shipment, skipped=[asked[0]]))
    assert skipped.text("#ask-title") == book.facts[asked[1]].label
    assert book.facts[asked[0]].label in skipped.text("#more")
    assert skipped.count(f"#more button[name=unskip][value='{asked[0]}']") == 1


def test_each_fact_that_is_asked_for_can_be_answered(client: Client) -> None:
    """Answer every question with its first answer until none is left: the page never runs into a wall."""
    address = permalink({"export": "JP", "import": "VN", "date": "2026-11-21", "polymers": {"PE": "99"}})
    for _ in range(30):
        page = see(client, address)
        if not page.count("#ask-title"):
            break
        question = page.text("#ask-title")
        card = page.tree.cssselect("#ask .ck-ask > .card-body")[0]
        buttons = [b for b in card.cssselect("button[name]") if b.get("name") != "skip"]
        field = card.cssselect("select[name], input[name]")
        if buttons:
            name, value = buttons[0].get("name"), buttons[0].get("value")
        elif field and field[0].tag == "select":
            name, value = field[0].get("name"), field[0].cssselect("option[value]")[1].get("value")
        else:
            name, value = field[0].get("name"), "1"
        address = client.get(f"{address}&{name}={value}&go=1").headers["Location"]
        assert see(client, address).text("#ask-title") != question
    else:
        pytest.fail("the questions do not come to an end")


def test_clear_is_never_said_without_what_is_left_to_check(client: Client) -> None:
    expected = decision(CLEAR_ON_PAPER)
    assert expected["outcome"] == "clear"
    assert expected["verify"]
    page = see(client, CLEAR_ON_PAPER)
    assert page.text("#verdict-title") == "Clear on paper"
    assert "Still to check" in page.text(".ck-banner-text")
    assert page.count("#checks .ck-check") == len(expected["verify"])
    assert page.count(".td-tone-clear") == 0
    assert "Clear on paper; still to check" in page.text("#verdict-voice")
    # What an inspection found is an answer like any other, and settles the item.
    known = {item["fact"]: item["fact"] == "packing" for item in expected["verify"]}
    checked = {**CLEAR_ON_PAPER, "facts": {"source": "industrial", **known}}
    assert decision(checked)["verify"] == []
    page = see(client, checked)
    assert page.text("#verdict-title") == "Clear"
    assert page.count("#checks") == 0


def test_the_missing_papers_are_a_checklist_and_a_fault_says_what_it_is(client: Client) -> None:
    page = see(client, CLEAN_PE_TO_MALAYSIA)
    wanted = {kind for item in decision(CLEAN_PE_TO_MALAYSIA)["missing"] for kind in item["documents"]}
    assert {box.get("value") for box in page.tree.cssselect("#papers input[name=doc]")} == wanted
    expired = {**CLEAN_PE_TO_MALAYSIA, "documents": [{"kind": "COA", "valid_to": "2026-11-20"}]}
    page = see(client, expired)
    paper = next(item for item in page.tree.cssselect(".ck-paper") if item.cssselect("[value=COA]"))
    assert "Expired on the day" in paper.text_content()
    assert paper.cssselect("[name='doc.COA.valid_to']")[0].get("value") == "2026-11-20"


def test_a_choice_of_papers_is_shown_as_a_choice(client: Client) -> None:
    page = see(client, {"export": "JP", "import": "VN", "date": "2026-11-21"})
    paper = next(item for item in page.tree.cssselect(".ck-paper") if item.cssselect("[value=ENV_PERMIT]"))
    assert paper.cssselect("[value=ENV_CERTIFICATE]")


def test_a_rule_that_was_not_checked_against_its_gazette_is_labelled(client: Client) -> None:
    book = load_rulebook(())
    shipment = {**CLEAN_PE_TO_MALAYSIA, "facts": {"source": "industrial"}}
    page = see(client, shipment)
    for reason in decision(shipment)["reasons"]:
        rule = book.rules[reason["rule"]]
        labelled = "not checked against the gazette" in page.text(f"[id='rule-{rule.id}']")
        assert labelled == (rule.confidence != "high")
        assert ("date inferred" in page.text(f"[id='rule-{rule.id}']")) == (rule.dates == "inferred")
    assert "not checked against the gazette" in page.text(".ck-labels")


def test_what_forbids_stands_in_the_verdict_itself(client: Client) -> None:
    book = load_rulebook(())
    page = see(client, MIXED_TO_THAILAND)
    forbidding = [r["rule"] for r in decision(MIXED_TO_THAILAND)["reasons"] if r["effect"] == "prohibit"]
    assert forbidding
    for rule in forbidding:
        assert book.rules[rule].text in page.text(".ck-forbidding")


def test_the_two_days_around_a_change_of_law_differ(client: Client) -> None:
    shipment = dict(next(e for e in EXAMPLES if e.shipment["date"] == "2026-11-20").shipment)
    today, tomorrow = decision(shipment), decision({**shipment, "date": "2026-11-21"})
    assert today["outcome"] != tomorrow["outcome"]
    page = see(client, shipment)
    assert "21 November 2026" in page.text(".ck-changes")
    assert see(client, {**shipment, "date": "2026-11-21"}).text("#verdict-title") == "Prohibited"


def test_papers_that_run_out_are_named_as_the_cause_of_a_change(client: Client) -> None:
    page = see(client, CLEAR_ON_PAPER)
    assert "1 June 2027" in page.text(".ck-changes")
    assert "Certificate of Approval" in page.text(".ck-changes")


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"polymers": {"PE": "140"}}, "#goods"),
        ({"polymers": {"PE": "80", "PP": "15"}, "contamination_pct": "30"}, "#goods"),
        ({"contamination_pct": "-1"}, "#goods"),
        ({"contamination_pct": "1,000"}, "#goods"),
        ({"hs": "39"}, "#goods"),
        ({"operation": "R99"}, "#goods"),
        ({"net_kg": "-5"}, "#goods"),
        ({"gross_kg": "many"}, "#more"),
        ({"events": {"arrived": "soon"}}, "#route"),
        ({"origin": "XX"}, "#route"),
        ({"facts": {"storage_steps": "few"}}, "#more"),
        ({"documents": [{"kind": "COA", "valid_to": "2026-13-41"}]}, "#papers"),
        ({"transit": ["XX"]}, "#route"),
    ],
    ids=str,
)
def test_a_wrong_answer_is_said_at_its_field_and_counts_as_not_known(
    client: Client, wrong: dict[str, Any], where: str
) -> None:
    page = see(client, {**CLEAN_PE_TO_MALAYSIA, **wrong})
    assert page.count(f"{where} .ck-error") == 1
    assert "expected" in page.text(f"{where} .ck-error")
    assert page.count(".ck-answer") == 1
    without = {
        k: v
        for k, v in {**CLEAN_PE_TO_MALAYSIA, **wrong}.items()
        if k not in wrong or (k == "polymers" and len(wrong) == 2)
    }
    assert page.text("#verdict-title") == see(client, without).text("#verdict-title")
    assert "could not be read" in page.text(".ck-answer")


def test_what_a_decision_cannot_do_without_gives_no_verdict(client: Client) -> None:
    page = see(client, {**CLEAN_PE_TO_MALAYSIA, "date": "21.11.2026"})
    assert page.count(".ck-answer") == 0
    assert "YYYY-MM-DD" in page.text("#route .ck-error")
    assert see(client, {"export": "JP", "date": "2026-11-21"}).count(".ck-answer") == 0
    assert see(client, "/?from=ZZ&to=MY&date=2026-11-21").count("#route .ck-error") == 1


def test_the_plain_form_ends_in_the_short_address(client: Client) -> None:
    sent = client.get("/?go=1&from=JP&to=MY&via=&date=2026-11-21&p=PE&pct=99&p=&pct=&hs=&skip=")
    assert sent.status_code == 302
    assert sent.headers["Location"] == "/?from=JP&to=MY&date=2026-11-21&mix=PE:99"


def test_htmx_gets_the_parts_that_change_and_the_address(client: Client) -> None:
    response = client.get(permalink(CLEAN_PE_TO_MALAYSIA) + "&go=1", headers={"HX-Request": "true"})
    assert response.headers["HX-Push-Url"] == permalink(CLEAN_PE_TO_MALAYSIA)
    body = response.content.decode()
    assert "<html" not in body
    assert set(re.findall(r'id="(\w+)"[^>]*hx-swap-oob', body)) >= {"ask", "goods", "more", "verdict", "map"}
    assert "HX-Request" in response.headers["Vary"]
    full = client.get(permalink(CLEAN_PE_TO_MALAYSIA))
    assert "hx-swap-oob" not in full.content.decode()


def test_the_link_to_copy_is_the_page_itself(client: Client) -> None:
    page = see(client, CLEAR_ON_PAPER)
    link = page.tree.cssselect("[data-td-copy]")[0].get("data-td-copy")
    assert link == "http://testserver" + permalink(CLEAR_ON_PAPER)
    assert see(client, link.removeprefix("http://testserver")).text("#verdict-title") == "Clear on paper"


def test_a_key_of_the_callers_is_kept(client: Client) -> None:
    page = see(client, permalink(CLEAN_PE_TO_MALAYSIA) + "&id=DECL-7")
    assert page.tree.cssselect("input[name=id]")[0].get("value") == "DECL-7"


def test_the_pdf_carries_the_decision(client: Client) -> None:
    response = client.get(permalink(CLEAN_PE_TO_MALAYSIA).replace("/?", "/check.pdf?"))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert "tidegate-JP-MY-2026-11-21.pdf" in response.headers["Content-Disposition"]
    assert client.get("/check.pdf?from=JP").status_code == 302


def test_the_route_is_a_picture_for_day_and_night(client: Client) -> None:
    light = client.get("/check/route.svg?states=JP-SG-MY")
    dark = client.get("/check/route.svg?states=JP-SG-MY&theme=dark")
    assert light.headers["Content-Type"] == "image/svg+xml"
    assert b"Singapore" in light.content
    assert light.content != dark.content
    assert "max-age" in light.headers["Cache-Control"]
    for wrong in ("", "XX-MY", "JP-" * 20, "<script>"):
        assert client.get("/check/route.svg", {"states": wrong}).status_code == 404


def test_what_is_typed_is_never_markup(client: Client) -> None:
    attack = "\"><script>alert(1)</script>'"
    shipment = {
        **CLEAN_PE_TO_MALAYSIA,
        "material": attack,
        "hs": attack,
        "polymers": {attack: attack},
        "facts": {"source": attack},
        "documents": [{"kind": attack, "number": attack}],
        "consignee": {"name": attack},
    }
    response = client.get(permalink(shipment))
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()
    assert "<script>alert(1)" in unescape(response.content.decode())


def test_only_reading_is_allowed(client: Client) -> None:
    assert client.post("/").status_code == 405
    assert client.head("/").status_code == 200


def test_an_overlay_is_on_the_page_without_a_restart(client: Client, tmp_path: Any, settings: Any) -> None:
    (tmp_path / "rule.yaml").write_text(
        """
state: MY
defaults: {role: import, status: gazetted, confidence: high, hs: ['3915'], basel: [any]}
rules:
- id: MY-IMP-EMERGENCY-TEST
  kind: prohibition
  from: 2026-11-01
  to: null
  dates: seen
  text: No plastic waste is let in for the time being.
  instrument: A notice made for a test
  url: https://example.org/notice
  checked: 2026-11-20
""",
        encoding="utf-8",
    )
    assert see(client, CLEAN_PE_TO_MALAYSIA).text("#verdict-title") != "Prohibited"
    settings.TIDEGATE_OVERLAYS = (tmp_path,)
    page = see(client, CLEAN_PE_TO_MALAYSIA)
    assert page.text("#verdict-title") == "Prohibited"
    assert "No plastic waste is let in for the time being." in page.text(".ck-forbidding")


def test_the_days_of_the_stops_are_asked_for_and_kept(client: Client) -> None:
    route = {
        "export": "JP",
        "import": "LA",
        "date": "2026-11-21",
        "transit": [{"state": "TH", "arrived": "2026-11-19"}],
    }
    page = see(client, route)
    assert page.text("#route-said") == "Japan → Thailand → Lao PDR, 21 November 2026"
    fields = {i.get("name"): i.get("value") for i in page.tree.cssselect("#stops input")}
    assert fields == {"via.TH.arrived": "2026-11-19", "via.TH.departed": ""}
    labels = {label.get("for"): label.text_content() for label in page.tree.cssselect("#stops label")}
    assert labels == {"via-0-arrived": "Arrived in Thailand", "via-0-departed": "Left Thailand"}
    assert page.response.context["permalink"].endswith("via=TH&via.TH.arrived=2026-11-19&date=2026-11-21")
    # A State that joins the route brings its fields with it, and a day that is none is said.
    part = see(client, "/?from=JP&to=LA&via=TH,SG&date=2026-11-21", **{"HX-Request": "true"})
    assert len(part.tree.cssselect("#stops[hx-swap-oob] input")) == 4
    wrong = see(client, "/?from=JP&to=LA&via=TH&via.TH.arrived=2026-13-01&date=2026-11-21")
    assert "a day of the calendar as YYYY-MM-DD" in wrong.text("#via-error")


def test_the_stops_day_decides_what_holds_there(client: Client) -> None:
    """Singapore's law of 2021 on transit counts from the day on which the goods come there."""
    for arrived, bound in (("2020-12-31", False), ("2021-01-01", True)):
        stop = {"state": "SG", "arrived": arrived}
        page = see(client, permalink({**MIXED_TO_THAILAND, "date": "2021-02-01", "transit": [stop]}))
        assert bool(page.count("#rule-SG-TRN-HWA-2021")) is bound


def test_every_renewal_has_its_row_and_an_empty_one_follows(client: Client) -> None:
    renewals = [{"from": "2026-05-01", "days": "90"}, {"from": "2026-08-01", "days": "60"}]
    goods = {
        "export": "JP",
        "import": "LA",
        "date": "2026-11-21",
        "documents": [{"kind": "LA_CERT", "renewals": renewals}],
    }
    page = see(client, goods)
    dates = page.tree.cssselect("input[name='doc.LA_CERT.renewed']")
    assert [i.get("value") for i in dates] == ["2026-05-01", "2026-08-01", ""]
    assert len({i.get("id") for i in dates}) == 3
    form = page.tree.cssselect("form#check")[0]
    sent = client.get("/", [(k, v) for k, v in form.form_values() if k != "skip"])
    assert "renewed:2026-05-01/90;renewed:2026-08-01/60" in sent["Location"]


def test_a_rule_leads_to_its_reasons_or_to_its_page_of_law(client: Client) -> None:
    page = see(client, {**CLEAN_PE_TO_MALAYSIA, "declared_entry": "Y48"})
    for reason in page.tree.cssselect(".ck-reasons > li"):
        rule = reason.get("id").removeprefix("rule-")
        assert reason.cssselect(f".td-code a[href='/law/rules/{rule}']")
    ids = {e.get("id") for e in page.tree.cssselect("[id^=rule-]")}
    links = [a.get("href") for a in page.tree.cssselect("#verdict .td-code a")]
    assert links
    for link in links:
        assert link[1:] in ids if link.startswith("#") else client.get(link).status_code == 200, link
    # What is no rule of the book is no link.
    assert "DECLARED-ENTRY" in page.text("#alerts")
    assert not page.tree.xpath("//a[text()='DECLARED-ENTRY']")


def test_the_record_is_of_the_day_of_the_page(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, Any] = {}
    monkeypatch.setattr("tidegate.paper.decision_pdf", lambda *_given, **named: said.update(named) or b"%PDF-")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "vi"
    assert client.get(f"/check.pdf{permalink(CLEAN_PE_TO_MALAYSIA)[1:]}").status_code == 200
    assert (said["language"], said["today"]) == ("vi", localdate())
    assert said["translate"]("Alerts") == "Cảnh báo"


def test_what_a_question_decides_is_said_in_words(client: Client) -> None:
    # paper out of the Union: barred if it goes to disposal, under no control if it is recovered
    paper = {"date": "2026-11-21", "export": "DE", "import": "BR", "hs": "470710", "material": "paper", "waste": True,
             "hazardous": False, "documents": []}  # fmt: skip
    assert decision(paper)["questions"][0]["decides"] == ["no_basel_control", "prohibited"]
    said = see(client, paper).text(".ck-stake")
    assert "Decides no consent procedure or prohibited" in said
    assert "no_basel_control" not in said
