"""The law pages by day: limits, changes, calendar and feed, two days; and what a rulebook may hold."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import icalendar
import pytest
from django.test import Client
from django.utils import translation

from tests.web.law_calls import Seen, overlay, rule_yaml, see
from tidegate.law import Book, load_rulebook
from tidegate.law.institutions import institutions
from tidegate.law.timeline import changes
from tidegate.web import words
from tidegate.web.lawpages.asked import today

pytestmark = pytest.mark.django_db

SVG = "{http://www.w3.org/2000/svg}"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook()


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


# ── who decides ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_state_names_its_authorities_with_their_sources(client: Client, book: Book) -> None:
    for iso in book.national_states:
        record, page = institutions(iso), see(client, f"states/{iso}")
        if record is None:
            assert not page.all("#authorities")
            continue
        shown = page.text("#authorities")
        for kind in ("environment", "trade", "customs"):
            if kind in record:
                assert record[kind]["body"] in shown
                assert record[kind].get("role", "") in shown
        assert record.get("window", "") in shown
        assert all(source in page.text("#authorities details") for source in record["sources"])
        assert ("not confirmed" in shown) is (
            "low" in (record.get("window_confidence"), record["confidence"]) or record["confidence"] == "medium"
        )
    malaysia = see(client, "states/MY").text("#authorities")
    assert "Approved Permit, until 30 June 2025" in malaysia


def test_the_names_of_authorities_say_their_language(client: Client) -> None:
    client.cookies["django_language"] = "vi"
    page = see(client, "states/VN")
    assert [b.get("lang") or b.getparent().get("lang") for b in page.all("#authorities dd b")] == ["en"] * 4


def test_what_an_authority_decides_says_its_language(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role is translated apart from the name beside it: where it is not, the page says that it is English."""
    held = {"border gates and suspension of transit": "cửa khẩu và tạm ngừng quá cảnh"}
    monkeypatch.setattr(words, "gettext", lambda text: held.get(text, text))
    monkeypatch.setattr(words, "_held", lambda text: text in held)
    client.cookies["django_language"] = "vi"
    shown = {e.text_content(): e.get("lang") for e in see(client, "states/VN").all("#authorities dd b + span")}
    assert shown["environmental permit; Basel authority"] == "en"
    assert shown["cửa khẩu và tạm ngừng quá cảnh"] is None
