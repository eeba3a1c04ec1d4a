"""The law pages through the front door: States, rules, entries and search say what the book says."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from tests.web.law_calls import Seen, see
from tidegate.law import Book, load_rulebook
from tidegate.law.conditions import parse_all
from tidegate.law.records import INTERNATIONAL, Rule
from tidegate.law.timeline import changes
from tidegate.screening import decide, parse_shipment
from tidegate.screening.scenarios import load_scenarios
from tidegate.web.lawpages import cases, phrases
from tidegate.web.lawpages.asked import today

pytestmark = pytest.mark.django_db

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook()


# ── index and search ───────────────────────────────────────────────────────────────────────────────────────


def test_the_index_leads_to_every_state_and_treaty(client: Client, book: Book) -> None:
    page = see(client, "")
    links = set(page.links())
    assert {f"/law/states/{iso}" for iso in book.national_states} <= links
    assert {f"/law/layers/{layer}" for layer in INTERNATIONAL} <= links
    assert str(len(book.rules)) in page.text(".td-lead")
    on_the_map = {a.get("href") for a in page.all("svg.lp-atlas a.lp-state")}
    assert "/law/states/MY" in on_the_map
    # What lies beyond the picture is named under it.
    beyond = {f"/law/states/{iso}" for iso in book.national_states} - on_the_map
    assert beyond == {"/law/states/CA", "/law/states/GB"}
    assert "Canada, United Kingdom" in page.text(".lp-legend")


def test_the_index_tells_what_comes_next(client: Client, book: Book) -> None:
    coming = changes(book, today() + timedelta(days=1))
    assert coming, "the shipped book knows later changes"
    shown = [a.get("href") for a in see(client, "").all("section[aria-labelledby=next-title] .lp-event-text a")]
    assert shown == [f"/law/rules/{c.rule.id}" for c in coming[: len(shown)]]


def test_search_finds_rules_states_and_entries(client: Client) -> None:
    assert "/law/rules/MY-IMP-COA-2025" in see(client, "search?q=certificate+of+approval").links(".lp-rules")
    assert "/law/states/MY" in see(client, "search?q=malay").links(".lp-jump")
    assert "/law/entries/Y48" in see(client, "search?q=y48").links(".lp-jump")
    only = see(client, "search?q=licence&state=TH&in_force=1").links(".lp-rules")
    assert only == [] or all(link.startswith("/law/rules/TH-") for link in only)
    assert see(client, "search?q=france").links(".lp-jump") == ["/law/states/FR"]
    assert "/law/states/FR" in see(client, "search?q=fr").links(".lp-jump")
    assert see(client, "search?q=guinea-b").links(".lp-jump") == ["/law/states/GW"]
    assert see(client, "search?q=rance").links(".lp-jump") == []
    assert "Nothing found" not in see(client, "search?q=fr").text()
    assert "Nothing found" in see(client, "search?q=zzzzqqqq").text()
    assert see(client, "search").all(".lp-rules") == []


def test_htmx_gets_the_list_alone(client: Client) -> None:
    response = client.get("/law/search?q=plastic", headers={"HX-Request": "true"})
    assert b"<html" not in response.content
    assert b"lp-rules" in response.content
    assert "HX-Request" in response["Vary"]


# ── States and treaties ────────────────────────────────────────────────────────────────────────────────────


def test_every_state_shows_its_rules_on_a_day(client: Client, book: Book) -> None:
    day = date(2026, 11, 21)
    for iso in book.national_states:
        page = see(client, f"states/{iso}?on={day}")
        for role in ("import", "transit", "export"):
            expected = {r.id for r in book.by_layer.get(f"national:{iso}:{role}", ()) if r.in_force(day) and r.enacted}
            shown = {
                e.text_content() for e in page.all(f"section#{role} > .lp-rules > .lp-rule .lp-rule-foot > .td-code")
            }
            assert shown == expected, (iso, role)
        table = {e.text_content() for e in page.all("section[aria-labelledby=timeline-title] tbody th")}
        assert table == {r.id for r in book.rules.values() if r.state == iso}


def test_drafts_and_announcements_are_named_apart(client: Client, book: Book) -> None:
    day = date(2026, 11, 21)
    assert book.rules["MY-IMP-EWASTE-2026"].in_force(day)
    held = [r for r in book.rules.values() if r.state == "MY" and r.in_force(day)]
    page = see(client, f"states/MY?on={day}")
    assert f"{len(held) - 1} rules in force" in page.text(".td-lead")
    assert "1 more is a draft or an announcement" in page.text(".td-lead")
    assert "MY-IMP-EWASTE-2026" not in page.text("section#import > .lp-rules")
    assert "MY-IMP-EWASTE-2026" in page.text("section#import > .lp-fold[open]")
    assert "more is a draft" not in see(client, "states/MY?on=2026-02-03").text(".td-lead")
    assert "Announced: binds nobody" in see(client, "rules/MY-IMP-EWASTE-2026").text()
    assert "in force" not in see(client, "rules/MY-IMP-EWASTE-2026").text(".lp-hero-kind").replace("not in force", "")
    pledged = see(client, "rules/GB-EXP-BAN-PLEDGED").text(".lp-hero-kind")
    assert "first day not seen" in pledged
    assert "in force" not in pledged.replace("not in force", "")
    assert see(client, "search?q=MY-IMP-EWASTE-2026&in_force=1").links(".lp-rules") == []


def test_another_day_is_another_law(client: Client) -> None:
    before = see(client, "states/TH?on=2024-12-31").text("section#import > .lp-rules")
    after = see(client, "states/TH?on=2025-01-01").text("section#import > .lp-rules")
    assert "TH-IMP-BAN-2025" not in before
    assert "TH-IMP-BAN-2025" in after
    assert "TH-IMP-LIC-PRE2025" in before
    assert "TH-IMP-LIC-PRE2025" not in after


def test_a_wrong_day_is_said_and_today_is_shown(client: Client) -> None:
    page = see(client, "states/MY?on=31.12.2025")
    assert "“31.12.2025” is not a day" in page.text("[role=alert]")
    assert "MY-IMP-COA-2025" in page.text("section#import > .lp-rules")
    assert "XX" in see(client, "changes?state=XX").text("[role=alert]")
    assert "nonsense" in see(client, "compare?a=nonsense").text("[role=alert]")


@pytest.mark.parametrize(
    "address",
    [
        "states/XX",
        "states/DE/timeline.svg",
        "states/DE/factsheet.csv",
        "rules/NO-RULE",
        "entries/Y99",
        "layers/national",
        "layers/x",
    ],
)
def test_what_the_book_does_not_hold_is_not_found(client: Client, address: str) -> None:
    assert client.get(f"/law/{address}").status_code == 404


def test_a_state_without_national_law_shows_what_binds_it(client: Client, book: Book) -> None:
    page = see(client, "states/FR?on=2026-11-21")
    assert "The rulebook holds no national law of France." in page.text(".td-lead")
    assert page.links("section[aria-labelledby=layers-title]") == [
        f"/law/layers/{layer}?on=2026-11-21" for layer in ("basel", "oecd", "eu")
    ]
    assert "since 5 May 1992" in page.text(".lp-members")
    assert "the Decision binds from 2002 by its own rule" in page.text(".lp-members .lp-why")
    assert "European Union" in page.text(".lp-members .lp-now")
    # No picture of nothing, no role without a rule, no table without a line.
    assert not page.all("section#import, section#export, .lp-picture, .lp-limits")
    layers = {book.rules[link.rpartition("/")[2]].layer for link in page.links(".lp-event-text")}
    assert layers <= {"basel", "oecd", "eu"}
    assert page.links("section[aria-labelledby=take-title]") == ["/law/states/FR/factsheet.md?on=2026-11-21"]


def test_what_binds_a_state_is_that_of_the_day(client: Client) -> None:
    layers = "section[aria-labelledby=layers-title]"
    assert "/law/layers/waigani" in see(client, "states/FJ").links(layers)
    assert "/law/layers/eu?on=2003-01-01" not in see(client, "states/HU?on=2003-01-01").links(layers)
    assert "/law/layers/eu?on=2024-01-01" in see(client, "states/HU?on=2024-01-01").links(layers)
    nothing = see(client, "states/SM")
    assert nothing.all(".lp-main section") == []
    assert "no treaty or group of this State either" in nothing.text(".lp-main")


def test_every_state_without_national_law_has_a_page_and_the_index_leads_to_it(client: Client, book: Book) -> None:
    folded = see(client, "").all("details#others")
    assert [fold.get("open") for fold in folded] == [None]
    links = [a.get("href") for a in folded[0].cssselect("a")]
    assert sorted(links) == sorted(f"/law/states/{iso}" for iso in set(book.states) - book.national_states)
    for link in links[::20]:
        assert "no national law of" in see(client, link.removeprefix("/law/")).text(".td-lead")


def test_the_factsheet_of_a_state_without_national_law_names_its_treaties(client: Client) -> None:
    text = client.get("/law/states/FR/factsheet.md?on=2026-11-21").content.decode()
    assert "The rulebook holds no national law of France" in text
    assert re.findall("^## (.+)$", text, re.MULTILINE) == ["Treaties and groups"]
    assert "- European Union: " in text
    assert "(confidence medium). Day of accession from memory\n" in text


@pytest.mark.parametrize("address", ["states/MY/timeline.svg", "layers/eu/timeline.svg?theme=dark", "standards.svg"])
def test_pictures_are_drawn_here(client: Client, address: str) -> None:
    response = client.get(f"/law/{address}")
    assert response["Content-Type"].startswith("image/svg+xml")
    picture = ElementTree.fromstring(response.content)
    assert picture.find(f"{SVG}title") is not None
    assert b"http" not in response.content.replace(b"http://www.w3.org", b"")


def test_the_picture_names_every_rule(client: Client, book: Book) -> None:
    picture = ElementTree.fromstring(client.get("/law/states/TH/timeline.svg").content)
    texts = {"".join(t.itertext()) for t in picture.iter(f"{SVG}text")}
    assert {r.id for r in book.rules.values() if r.state == "TH"} <= texts


def test_factsheets_hold_the_state_and_nothing_else(client: Client, book: Book) -> None:
    mine = [r.id for r in book.rules.values() if r.state == "MY"]
    sheet = client.get("/law/states/MY/factsheet.md?on=2026-11-21")
    assert sheet["Content-Disposition"] == 'attachment; filename="tidegate-my-2026-11-21.md"'
    text = sheet.content.decode()
    assert text.startswith("# Malaysia")
    assert all(identity in text for identity in mine)
    data = json.loads(client.get("/law/states/MY/factsheet.json").content)
    assert [r["id"] for r in data["rules"]] == mine
    rows = list(csv.DictReader(io.StringIO(client.get("/law/states/MY/factsheet.csv").content.decode("utf-8-sig"))))
    assert [r["id"] for r in rows] == mine
    assert client.get("/law/states/MY/factsheet.exe").status_code == 404


# ── rules ──────────────────────────────────────────────────────────────────────────────────────────────────


def whole(page: Seen, rule: Rule) -> None:
    """What the page of a rule may never leave out."""
    assert page.text("h1") == rule.id
    assert page.text(".lp-hero-text") == rule.text
    assert rule.instrument in page.text("section[aria-labelledby=source-title]")
    links = page.links("section[aria-labelledby=source-title]")
    assert links == ([rule.url] if rule.url.startswith("http") else [])
    labels = page.text(".lp-hero-labels")
    assert ("not checked against the gazette" in labels) is (rule.confidence != "high")
    assert ("date inferred" in labels) is (rule.dates == "inferred")
    assert ("binds nobody" in labels) is (rule.status != "gazetted")
    papers = page.text(".lp-papers")
    for requirement in rule.documents:
        assert all(kind in papers for kind in requirement.kinds), rule.id
    assert len(page.all("section[aria-labelledby=verify-title] li")) == len(rule.verify)


def test_a_rule_of_each_kind_is_told_whole(client: Client, book: Book) -> None:
    kinds = {(r.kind, r.status, r.confidence, r.dates, bool(r.when), bool(r.unless)): r for r in book.rules.values()}
    for rule in kinds.values():
        whole(see(client, f"rules/{rule.id}"), rule)


@pytest.mark.ci
def test_every_rule_is_told_whole(client: Client, book: Book) -> None:
    for rule in book.rules.values():
        whole(see(client, f"rules/{rule.id}"), rule)


def test_conditions_are_told_in_words(book: Book) -> None:
    def said(raw: Any) -> str:
        return phrases.line(phrases.phrase(parse_all(raw), book))

    assert said([{"foreign_matter_pct": {"gt": 2}}]) == "foreign matter above 2\u202f%"
    assert said([{"zone": {"not_in": ["free zone", "SEZ"]}}]) == "zone other than: free zone or SEZ"
    assert said([{"not": {"waste": True}}, {"export": "JP"}]) == "not waste and state of export: Japan"
    assert said([{"origin": {"not_in": ["basel_party"]}}]).endswith("not among: Parties to the Basel Convention")
    assert (
        said([{"any": [{"cut": False}, {"event_before": "2025-06-30"}]}])
        == "neither cut nor shredded or before 30 June 2025"
    )
    # A denial says of each part what is not so.
    vietnam = {"not": [{"own_plant": True}, {"foreign_matter_pct": {"le": 2}}, {"zone": "SEZ"}]}
    assert said(vietnam) == (
        "does not go to the importer's own plant or foreign matter above 2\u202f% or zone other than: SEZ"
    )
    assert said([{"not": {"holds": "AP"}}, {"not": {"event_before": "2025-06-30"}}]).startswith("not held: ")
    assert said({"not": {"event_before": "2025-06-30"}}) == "from 30 June 2025 on"
    assert said({"not": {"not": {"any": [{"waste": False}, {"pests": True}]}}}) == "not waste or pests"
    assert said({"not": {"mould": True}}) == "not: mould"
    assert "issued before 1 June 2023" in said([{"holds": {"kind": "AP", "issued_before": "2023-06-01"}}])


def test_terms_of_papers_are_told(client: Client) -> None:
    terms = see(client, "rules/LA-IMP-CERT-2020").text(".lp-terms")
    assert "at most 180 days from issue" in terms
    assert "renewed 1 time" in terms
    assert "90 days at most" in terms
    steps = see(client, "rules/VN-IMP-DEPOSIT").text(".lp-terms")
    assert re.search(
        r"15 or more, below 100 t.*18 or more, from 100 t to below 500 t.*20 or more, from 500 t on", steps
    )


def test_exemptions_are_linked_both_ways(client: Client, book: Book) -> None:
    giver = next(r for r in book.rules.values() if r.exempts)
    taker = giver.exempts[0]
    assert f"/law/rules/{taker}" in see(client, f"rules/{giver.id}").links("section[aria-labelledby=exempts-title]")
    assert f"/law/rules/{giver.id}" in see(client, f"rules/{taker}").links("section[aria-labelledby=exempted-title]")


def test_cases_stand_on_the_side_where_the_law_puts_them(book: Book) -> None:
    """The side comes from the evaluator, the expectation from the text of the law: they have to agree."""
    scenarios = {s.id: s for s in load_scenarios()}
    seen = {"met": 0, "against": 0, "not": 0}
    for rule in (r for r in book.rules.values() if r.state in ("MY", "VN", "LA")):
        found = cases.examples(rule, book)
        for side in found.sides if found else ():
            for case in side.cases:
                expect = scenarios[case.id].expect
                if rule.id in expect.get("not_binds", ()):
                    assert side.key in ("not", "open", "alert"), (rule.id, case.id)
                if (expect.get("missing") or {}) and rule.id in dict.fromkeys(expect["missing"]):
                    wanted = expect["missing"][rule.id] if isinstance(expect["missing"], dict) else ["?"]
                    assert (side.key == "against") is bool(wanted), (rule.id, case.id)
                seen[side.key] = seen.get(side.key, 0) + 1
    assert min(seen[key] for key in ("met", "against", "not")) > 20


def test_a_case_opens_on_the_check_page_with_the_same_answer(client: Client, book: Book) -> None:
    page = see(client, "rules/MY-IMP-PURITY-2025")
    example = page.links(".td-head-actions")[0]
    assert example.startswith("/?from=")
    found = cases.examples(book.rules["MY-IMP-PURITY-2025"], book)
    assert found is not None
    first = found.sides[0].cases[0]
    assert first.url == example
    shipment = next(s for s in load_scenarios() if s.id == first.id).shipment
    assert decide(parse_shipment(shipment, book), book)["outcome"] == first.outcome == "prohibited"
    assert "Prohibited" in Seen(client.get(example)).text(".ck-answer")


def test_each_case_says_only_what_is_its_own(book: Book) -> None:
    found = cases.examples(book.rules["VN-IMP-DEPOSIT"], book)
    assert found is not None
    usual = dict(found.usual)
    assert usual["State of import"] == "Viet Nam"
    for side in found.sides:
        for case in side.cases:
            assert all(usual.get(name) != value for name, value in case.says)


# ── entries ────────────────────────────────────────────────────────────────────────────────────────────────


def test_entries_name_their_rules_and_headings(client: Client, book: Book) -> None:
    assert {f"/law/entries/{code}" for code in book.entries} <= set(see(client, "entries/").links())
    for code in book.entries:
        page = see(client, f"entries/{code}")
        naming = {f"/law/rules/{r.id}" for r in book.rules.values() if code in r.basel}
        assert naming <= set(page.links())
        headings = [h for h in book.headings if code in h.candidates]
        assert len(page.all("ul[aria-labelledby=hs-title] li")) == len(headings)


def test_the_picture_of_the_limits_has_a_narrow_form_for_a_telephone(client: Client) -> None:
    wide, narrow = (
        float(re.search(r'viewBox="0 0 ([\d.]+)', client.get(f"/law/standards.svg?size={size}").content.decode())[1])  # type: ignore[index]
        for size in ("", "narrow")
    )
    assert narrow < 400 < wide
    assert "size=narrow" in client.get("/law/standards").content.decode()
