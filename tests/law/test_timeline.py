"""What changes when, and the calendar file that tells it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest

from tidegate.law import Book, load_rulebook
from tidegate.law.timeline import Change, changes, spans, states
from tidegate.law.timeline import icalendar as calendar_text

STAMP = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook(())


def told(found: list[Change]) -> list[tuple[str, str]]:
    return [(str(c.date), c.sentence) for c in found]


def test_changes_ahead_name_both_ends_of_a_rule(book: Book) -> None:
    found = told(changes(book, date(2024, 12, 17), date(2025, 1, 1), state="TH"))
    # law-national.yaml: the last window closes on 2024-12-31, the ban begins the day after
    assert ("2025-01-01", "TH-IMP-BAN-2025 begins") in found
    assert ("2025-01-01", "TH-IMP-WINDOW-2024 ends") in found


def test_changes_are_in_the_order_of_their_days_and_within_the_days_asked(book: Book) -> None:
    found = changes(book, date(2020, 1, 1), date(2025, 12, 31))
    days = [c.date for c in found]
    assert days == sorted(days)
    assert days[0] >= date(2020, 1, 1)
    assert days[-1] <= date(2025, 12, 31)
    assert all(c.rule.valid_from == c.date for c in found if c.what == "begins")
    assert all(c.rule.valid_to == c.date - timedelta(days=1) for c in found if c.what == "ends")


def test_changes_of_one_layer(book: Book) -> None:
    found = changes(book, date(2020, 1, 1), date(2021, 1, 1), layer="basel")
    assert {c.rule.layer for c in found} == {"basel"}
    assert "BASEL-B3010 ends" in {c.sentence for c in found}


def test_the_coming_ban_of_the_union_stands_in_the_calendar(book: Book) -> None:
    coming = changes(book, date(2026, 11, 21), date(2026, 11, 21), layer="eu")
    assert "EU-EXP-B3011-NONOECD-BAN-2026 begins" in [c.sentence for c in coming]


def test_spans_begin_with_the_oldest(book: Book) -> None:
    starts = [s.start or date.min for s in spans(book, state="MY")]
    assert starts == sorted(starts)
    assert {s.rule.state for s in spans(book, state="MY")} == {"MY"}
    assert set(states(book)) == set(book.national_states)


# ── the calendar file ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def text(book: Book) -> str:
    every = changes(book, date(1990, 1, 1))
    return calendar_text(book, every, stamp=STAMP, name="Law; all, of it", address="https://tidegate.example/law/")


def test_a_reader_of_calendars_finds_every_change(book: Book, text: str) -> None:
    every = changes(book, date(1990, 1, 1))
    calendar = icalendar.Calendar.from_ical(text)
    events = list(calendar.walk("VEVENT"))
    assert len(events) == len(every)
    for event, change in zip(events, every, strict=True):
        assert event.decoded("dtstart") == change.date
        assert event.decoded("dtend") == change.date + timedelta(days=1)
        assert event.decoded("dtstamp") == STAMP
        assert change.sentence in str(event["summary"])
        assert change.rule.text in str(event["description"])
        assert str(event["url"]) == f"https://tidegate.example/law/rules/{change.rule.id}"
        assert event["status"] in ("CONFIRMED", "TENTATIVE")
    assert calendar["version"] == "2.0"
    assert "\r\nNAME:Law\\; all\\, of it\r\n" in text
    assert len({str(e["uid"]) for e in events}) == len(events)


def test_lines_are_folded_at_75_octets_and_end_as_the_standard_says(text: str) -> None:
    assert text.endswith("END:VCALENDAR\r\n")
    lines = text.split("\r\n")
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert max(len(line.encode()) for line in lines) <= 75
    assert any(line.startswith(" ") for line in lines)


def test_an_event_keeps_its_uid_when_its_day_moves(book: Book) -> None:
    from dataclasses import replace

    rule = book.rules["TH-IMP-BAN-2025"]
    later = replace(rule, valid_from=date(2025, 2, 1))
    uids = []
    for r in (rule, later):
        assert r.valid_from
        change = Change(r.valid_from, "begins", r)
        event = icalendar.Calendar.from_ical(calendar_text(book, [change], stamp=STAMP, name="x")).walk("VEVENT")[0]
        uids.append(str(event["uid"]))
    assert uids[0] == uids[1]


def test_what_does_not_bind_or_was_inferred_is_tentative(book: Book) -> None:
    def status(rule_id: str) -> str:
        rule = book.rules[rule_id]
        change = Change(rule.valid_from or date.min, "begins", rule)
        text = calendar_text(book, [change], stamp=STAMP, name="x")
        return str(icalendar.Calendar.from_ical(text).walk("VEVENT")[0]["status"])

    assert status("TH-IMP-BAN-2025") == "CONFIRMED"
    assert status("ID-IMP-STOP-2025") == "TENTATIVE"


def test_the_stamp_must_be_aware(book: Book) -> None:
    with pytest.raises(ValueError, match="aware"):
        calendar_text(book, [], stamp=datetime(2026, 1, 1), name="x")  # noqa: DTZ001
