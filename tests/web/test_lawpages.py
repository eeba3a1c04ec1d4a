"""The law pages through the front door: what they say of the book, and how they take a wrong address."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import icalendar
import pytest
from django.test import Client
from django.utils import translation
from lxml import html as lxml_html

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
ATOM = "{http://www.w3.org/2005/Atom}"


class Seen:
    """A page as a reader sees it."""

    def __init__(self, response: Any) -> None:
        assert response.status_code == 200, (response.status_code, response.request["PATH_INFO"])
        self.response = response
        self.tree: Any = lxml_html.fromstring(response.content.decode())

    def text(self, css: str = "main") -> str:
        return " ".join(" ".join(part.text_content().split()) for part in self.tree.cssselect(css))

    def all(self, css: str) -> list[Any]:
        return list(self.tree.cssselect(css))

    def links(self, css: str = "main") -> list[str]:
        return [a.get("href") for part in self.tree.cssselect(css) for a in part.cssselect("a[href]")]


def see(client: Client, address: str, **headers: str) -> Seen:
    return Seen(client.get(f"/law/{address}", headers=headers))


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook()


def overlay(settings: Any, folder: Path, text: str) -> None:
    """Lay YAML over the book of this test."""
    folder.mkdir(exist_ok=True)
    (folder / "laid-over.yaml").write_text(text, encoding="utf-8")
    settings.TIDEGATE_OVERLAYS = (folder,)


RULE = """
state: MY
rules:
- id: {id}
  role: import
  kind: {kind}
  status: {status}
  confidence: high
  from: {start}
  to: {end}
  dates: seen
  event: arrived
  hs: ['3915']
  basel: [any]
  checked: 2026-11-21
  text: {text}
  instrument: {instrument}
  url: {url}
"""


def rule_yaml(**given: str) -> str:
    usual = {
        "id": "MY-IMP-TEST-2031",
        "kind": "prohibition",
        "status": "gazetted",
        "start": "2031-03-04",
        "end": "null",
        "text": "A rule of this test.",
        "instrument": "Order of this test",
        "url": "https://gazette.example/2031",
    }
    return RULE.format(**(usual | given))


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
            expected = {r.id for r in book.by_layer.get(f"national:{iso}:{role}", ()) if r.in_force(day)}
            shown = {
                e.text_content() for e in page.all(f"section#{role} > .lp-rules > .lp-rule .lp-rule-foot > .td-code")
            }
            assert shown == expected, (iso, role)
        table = {e.text_content() for e in page.all("section[aria-labelledby=timeline-title] tbody th")}
        assert table == {r.id for r in book.rules.values() if r.state == iso}


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
    "address", ["states/XX", "states/DE", "rules/NO-RULE", "entries/Y99", "layers/national", "layers/x"]
)
def test_what_the_book_does_not_hold_is_not_found(client: Client, address: str) -> None:
    assert client.get(f"/law/{address}").status_code == 404


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
    assert said([{"not": {"waste": True}}, {"export": "JP"}]) == "not: waste and state of export: Japan"
    assert said([{"origin": {"not_in": ["basel_party"]}}]).endswith("not among: Parties to the Basel Convention")
    assert (
        said([{"any": [{"cut": False}, {"event_before": "2025-06-30"}]}])
        == "not: cut or shredded or before 30 June 2025"
    )
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


# ── standards ──────────────────────────────────────────────────────────────────────────────────────────────


def row_of(page: Seen, state: str) -> str:
    return " ".join(
        " ".join(row.text_content().split())
        for row in page.all(".lp-standards tbody tr")
        if state in row.text_content()
    )


def test_limits_follow_the_day(client: Client) -> None:
    now = row_of(see(client, "standards?on=2026-11-21"), "Malaysia")
    assert "at most 2 %" in now
    assert "at least 99.5 %" in now
    assert "99.5" not in row_of(see(client, "standards?on=2025-06-30"), "Malaysia")


def test_what_binds_nobody_is_marked(client: Client, settings: Any, tmp_path: Path) -> None:
    draft = rule_yaml(id="MY-IMP-DRAFT", kind="standard", status="draft", start="2026-01-01") + (
        "  fails:\n  - foreign_matter_pct: {gt: 0.5}\n"
    )
    overlay(settings, tmp_path, draft)
    page = see(client, "standards?on=2026-11-21")
    (loose,) = [r for r in page.all(".lp-standards tr.lp-loose") if "Malaysia" in r.text_content()]
    assert "binds nobody" in loose.text_content()
    assert "0.5\u202f%" in loose.text_content()
    # The chart shows the law, not proposals.
    picture = ElementTree.fromstring(client.get("/law/standards.svg?on=2026-11-21").content)
    figures = {"".join(t.itertext()) for t in picture.iter(f"{SVG}text")}
    assert "2\u202f%" in figures
    assert "0.5\u202f%" not in figures


def test_the_table_can_be_taken_along(client: Client) -> None:
    text = client.get("/law/standards.csv?on=2026-11-21").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    mine = {(r["column"], r["value"]) for r in rows if r["state"] == "MY" and r["binding"] == "yes"}
    assert ("foreign_matter_pct", "2") in mine
    assert ("target_purity_pct", "99.5") in mine


# ── changes, calendar, feed ────────────────────────────────────────────────────────────────────────────────


def test_changes_stand_under_their_days(client: Client, book: Book) -> None:
    page = see(client, "changes?from=2025-01-01")
    shown = [
        (day.cssselect("time")[0].get("datetime"), link.get("href"))
        for day in page.all(".lp-days > li")
        for link in day.cssselect(".lp-rule-text a")
    ]
    assert shown == [(str(c.date), f"/law/rules/{c.rule.id}") for c in changes(book, date(2025, 1, 1))]
    mine = see(client, "changes?from=2025-01-01&state=MY").links(".lp-days")
    assert mine
    assert all(link.startswith("/law/rules/MY-") for link in mine)


def events(client: Client, query: str = "") -> dict[str, Any]:
    response = client.get(f"/law/changes.ics{query}")
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = icalendar.Calendar.from_ical(response.content)
    found = {str(e["UID"]): e for e in calendar.walk("VEVENT")}
    assert len(found) == len(list(calendar.walk("VEVENT"))), "every event has an id of its own"
    return found


def test_a_calendar_follows_a_date_that_moves(client: Client, settings: Any, tmp_path: Path) -> None:
    overlay(settings, tmp_path / "one", rule_yaml())
    before = events(client, "?state=MY")
    overlay(settings, tmp_path / "two", rule_yaml(start="2031-09-01"))
    after = events(client, "?state=MY")
    assert before.keys() == after.keys()
    (uid,) = [u for u in after if "MY-IMP-TEST-2031" in u]
    assert (before[uid]["DTSTART"].dt, after[uid]["DTSTART"].dt) == (date(2031, 3, 4), date(2031, 9, 1))
    assert str(after[uid]["URL"]) == "http://testserver/law/rules/MY-IMP-TEST-2031"
    assert client.get(str(after[uid]["URL"])).status_code == 200


def test_the_calendar_is_the_same_until_the_book_changes(client: Client) -> None:
    assert client.get("/law/changes.ics").content == client.get("/law/changes.ics").content


def test_the_feed_is_atom(client: Client, book: Book) -> None:
    response = client.get("/law/changes.atom")
    assert response["Content-Type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(response.content)
    entries = feed.findall(f"{ATOM}entry")
    names = [e.findtext(f"{ATOM}id") for e in entries]
    assert len(set(names)) == len(names) == len(changes(book, today() - timedelta(days=366)))
    for part in ("id", "title", "updated"):
        assert feed.findtext(f"{ATOM}{part}")
        assert all(e.findtext(f"{ATOM}{part}") for e in entries)
    link = entries[0].find(f"{ATOM}link")
    assert link is not None
    assert client.get(link.get("href", "")).status_code == 200


# ── two days ───────────────────────────────────────────────────────────────────────────────────────────────


def test_two_days_side_by_side(client: Client) -> None:
    page = see(client, "compare?a=2025-06-30&b=2025-07-01&state=MY")
    begun = page.links("section[aria-labelledby=begun-title]")
    assert "/law/rules/MY-IMP-COA-2025" in begun
    assert page.links("section[aria-labelledby=ended-title]") == ["/law/rules/MY-IMP-AP-NSWMD"]
    assert page.text(".lp-score dd").split()[:2] == [str(len(begun)), "1"]
    back = see(client, "compare?a=2025-07-01&b=2025-06-30&state=MY")
    assert back.links("section[aria-labelledby=ended-title]") == begun
    assert "the same on both days" in see(client, "compare?a=2025-07-02&b=2025-07-03&state=MY").text()


def test_the_offered_days_are_days_of_change(client: Client) -> None:
    for link in see(client, "compare").links(".lp-offered"):
        assert "the same on both days" not in see(client, f"compare{link}").text(), link


# ── what a rulebook may hold ───────────────────────────────────────────────────────────────────────────────


def test_text_of_a_rule_is_never_markup(client: Client, settings: Any, tmp_path: Path) -> None:
    bad = "'<script>alert(1)</script> & \"quoted\"'"
    overlay(settings, tmp_path, rule_yaml(text=bad, instrument=bad, url="'javascript:alert(1)'"))
    for address in (
        "rules/MY-IMP-TEST-2031",
        "states/MY",
        "changes",
        "search?q=quoted",
        "compare?a=2031-01-01&b=2031-12-31",
        "",
    ):
        response = client.get(f"/law/{address}")
        assert b"<script>alert" not in response.content, address
        assert b'href="javascript:' not in response.content, address
    assert b"<script>alert" not in client.get("/law/changes.atom").content


def test_an_emergency_rule_is_there_at_once(client: Client, settings: Any, tmp_path: Path) -> None:
    overlay(settings, tmp_path, rule_yaml(id="MY-IMP-EMERGENCY", start="2026-01-01"))
    assert "MY-IMP-EMERGENCY" in see(client, "states/MY").text("section#import > .lp-rules")


@pytest.mark.parametrize("language", ["en", "vi", "th", "id", "ms"])
def test_every_page_speaks_every_language(client: Client, language: str) -> None:
    client.cookies["django_language"] = language
    for address in (
        "",
        "states/MY",
        "rules/MY-IMP-PURITY-2025",
        "standards",
        "changes",
        "compare",
        "entries/Y48",
        "search?q=PE",
    ):
        page = see(client, address)
        assert page.tree.get("lang") == language
        assert translation.get_language_info(language)
        assert "%(" not in page.text(), address


def test_links_between_the_pages_lead_somewhere(client: Client) -> None:
    seen: set[str] = set()
    for start in (
        "",
        "states/VN",
        "layers/eu",
        "rules/VN-IMP-QCVN-TRANS",
        "entries/Y48",
        "standards",
        "changes",
        "compare",
    ):
        for link in see(client, start).links("body"):
            if link.startswith("/law/") and not link.startswith("/law/rules/"):
                seen.add(link.partition("#")[0])
    assert len(seen) > 30
    for link in sorted(seen):
        assert client.get(link).status_code == 200, link
