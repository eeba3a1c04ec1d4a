"""Time limits: pure counting, dated law, days off, and why a date is what it is (invariants 12 and 16)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.movements import cases
from tidegate.law import load_rulebook
from tidegate.movements import calendars, clockbook, clocks, rounds
from tidegate.movements.calendars import Calendar
from tidegate.movements.commands import calendars as keeping
from tidegate.movements.models import Clock, Holiday
from tidegate.parties import times
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.models import JournalEntry

BOOK = load_rulebook(())
START = datetime(2026, 6, 1, 9, tzinfo=UTC)
RULES = list(clockbook.read(((clockbook.SHIPPED.name, clockbook.SHIPPED.read_bytes()),)).rules.values())
COUNTED = [rule for rule in RULES if rule.length is not None and rule.direction == "after"]
HOURS = st.integers(0, 24 * 90).map(lambda n: START + timedelta(hours=n))
PAUSES = st.lists(st.tuples(HOURS, st.integers(0, 24 * 20).map(lambda n: timedelta(hours=n))), max_size=4).map(
    lambda found: [(since, since + length) for since, length in found]
)
DAYS_OFF = st.lists(st.integers(0, 200), max_size=20).map(
    lambda found: {START.date() + timedelta(days=n): "Day" for n in found}
)


def plain(rule: clocks.Rule, start: date, pauses: list[Any], calendar: Calendar) -> date:
    """The last day, one day after another, in the plainest Python."""
    rested = set()
    for since, until in pauses if rule.pauses else []:
        day = calendar.day(since)
        while day <= calendar.day(until):
            rested.add(day)
            day += timedelta(days=1)
    assert rule.length is not None
    if rule.unit in ("months", "years"):
        end, day = clocks.add_months(start, rule.length * {"months": 1, "years": 12}[rule.unit]), start
        while day < end:
            day += timedelta(days=1)
            end += timedelta(days=day in rested)
        return end
    day, left = start, rule.length
    while left:
        day += timedelta(days=1)
        works = day.weekday() not in calendar.weekend and day not in calendar.off
        left -= day not in rested and (rule.unit == "calendar" or works)
    return day


@given(rule=st.sampled_from(COUNTED), pauses=PAUSES, off=DAYS_OFF, zone=st.sampled_from(["UTC", "Pacific/Apia"]))
def test_a_limit_ends_where_counting_by_hand_ends(
    rule: clocks.Rule, pauses: list[Any], off: dict[date, str], zone: str
) -> None:
    calendar = Calendar("XX", zone, off=off)
    due = clocks.due(rule, START, pauses, calendar)
    assert due is not None
    assert calendar.day(due) == plain(rule, calendar.day(START), pauses, calendar)
    assert calendar.day(due + timedelta(microseconds=1)) == calendar.day(due) + timedelta(days=1)


@given(rule=st.sampled_from(COUNTED), pauses=PAUSES, more=PAUSES, off=DAYS_OFF, order=st.randoms(use_true_random=False))
def test_a_pause_never_shortens_and_order_does_not_matter(
    rule: clocks.Rule, pauses: list[Any], more: list[Any], off: dict[date, str], order: Any
) -> None:
    calendar = Calendar("XX", off=off)
    without = clocks.due(rule, START, pauses, calendar)
    every = [*pauses, *more]
    with_more = clocks.due(rule, START, every, calendar)
    assert with_more >= without  # type: ignore[operator]
    order.shuffle(every)
    assert clocks.due(rule, START, every, calendar) == with_more
    waiting = clocks.due(rule, START, [*pauses, (START, None)], calendar)
    assert (waiting is None) == rule.pauses


@given(off=DAYS_OFF, extra=DAYS_OFF)
def test_a_notice_leaves_whole_working_days_before_departure(off: dict[date, str], extra: dict[date, str]) -> None:
    rule = next(rule for rule in RULES if rule.id == "eu-1013-notice")
    departure = datetime(2026, 9, 1, 12, tzinfo=UTC)
    calendar = Calendar("XX", off=off)
    last = clocks.due(rule, departure, [], calendar)
    assert last is not None
    between = [
        day
        for n in range((departure.date() - last.date()).days)
        if calendar.working(day := last.date() + timedelta(days=n))
    ]
    assert len(between) == 3
    more = clocks.due(rule, departure, [], Calendar("XX", off={**off, **extra}))
    assert more is not None
    assert more <= last


@pytest.mark.parametrize(
    ("step", "state", "role", "day", "layer", "preconsented", "expected"),
    [
        ("decide", "MY", "transit", date(2027, 1, 1), "basel", False, "basel-transit-answer"),
        ("decide", "MY", "import", date(2027, 1, 1), "basel", False, "basel-import-answer"),
        ("decide", "NL", "transit", date(2026, 5, 20), "basel", False, "eu-1013-decide"),
        ("decide", "NL", "transit", date(2026, 5, 21), "basel", False, "eu-2024-decide"),
        ("decide", "DE", "import", date(2027, 1, 1), "eu", True, "eu-2024-decide-preconsented"),
        ("decide", "JP", "import", date(2027, 1, 1), "oecd", False, "oecd-decide"),
        ("decide", "JP", "import", date(2027, 1, 1), "basel", False, "basel-import-answer"),
        ("forward", "DE", "export", date(2026, 5, 20), "basel", False, "eu-1013-forward"),
        ("forward", "DE", "export", date(2026, 5, 21), "basel", False, None),
        ("notice", "AU", "export", date(2027, 1, 1), "oecd", False, "oecd-notice"),
        ("notice", "VN", "export", date(2027, 1, 1), "basel", False, None),
        ("span", "VN", "export", date(2027, 1, 1), "basel", False, "basel-span"),
        ("span", "US", "import", date(2027, 1, 1), "basel", False, "us-span"),
        ("span", "DE", "import", date(2027, 1, 1), "eu", True, "eu-2024-span-preconsented"),
        ("notify_before_first", "US", "import", date(2027, 1, 1), "basel", False, "us-import-notice"),
        ("notify_before_first", "US", "export", date(2027, 1, 1), "basel", False, None),
        ("take_back_art8", "VN", "export", date(2027, 1, 1), "basel", False, "basel-art8"),
        ("take_back_art9_exporter", "VN", "export", date(2027, 1, 1), "basel", False, "basel-art9-2"),
        ("decide", "TL", "transit", date(2027, 1, 1), "basel", False, None),
    ],
)
def test_the_limit_is_that_of_the_state_the_role_and_the_day(
    step: str, state: str, role: str, day: date, layer: str, preconsented: bool, expected: str | None
) -> None:
    found = clocks.rule_for(step, state=state, role=role, day=day, book=BOOK, layer=layer, preconsented=preconsented)
    assert (found and found.id) == expected


@given(
    state=st.sampled_from(sorted(BOOK.states)),
    day=st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    layers=st.lists(st.sampled_from(["basel", "waigani", "national"]), max_size=3),
)
def test_silence_of_the_state_of_import_is_never_consent_under_the_convention(
    state: str, day: date, layers: list[str]
) -> None:
    assert clocks.tacit(state=state, role="import", day=day, book=BOOK, layers=layers) is None
    both = [*layers, "basel", "oecd"]
    assert clocks.tacit(state=state, role="import", day=day, book=BOOK, layers=both) is None
    # Nor where a file of waivers names it: the file is refused (below), and were it read, it would not be believed.
    known = clocks.clocks()
    wrong = {name: replace(one, roles=("import",), layers=()) for name, one in known.waivers.items()}
    with patch.object(clocks, "clocks", lambda: replace(known, waivers=wrong)):
        for asked in (layers, both):
            assert clocks.tacit(state=state, role="import", day=day, book=BOOK, layers=asked) is None


def test_silence_is_consent_only_by_dated_law_of_that_state() -> None:
    def waiver(state: str, role: str, day: date, *layers: str) -> str:
        found = clocks.tacit(state=state, role=role, day=day, book=BOOK, layers=layers)
        return found.id if found else ""

    assert waiver("NL", "transit", date(2027, 1, 1), "basel") == "eu-2024-transit"
    assert waiver("NL", "transit", date(2026, 5, 20), "basel") == "eu-1013-transit"
    assert waiver("NL", "transit", date(2007, 7, 11), "basel") == ""
    assert waiver("SG", "transit", date(2027, 1, 1), "basel") == ""
    assert waiver("JP", "import", date(2027, 1, 1), "oecd") == "oecd-amber"
    assert waiver("JP", "import", date(2027, 1, 1)) == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (("waivers:\n- {id: x, of: [TH], roles: [import], clock: basel-transit-answer, basis: b, source: s, "
         "confidence: high}\n"), "x: roles: ['import']; expected no import"),
        (("waivers:\n- {id: x, of: [TH], roles: [import], layers: [oecd, basel], clock: oecd-decide, basis: b, "
         "source: s, confidence: high}\n"), "x: roles"),
        (("clocks:\n- {id: y, step: decide, regime: r, basis: b, text: t, roles: [transit], of: [TH], starts: s, "
         "length: 2.5, unit: working, source: s, confidence: high}\n"), "y: length: 2.5; expected a whole number"),
        ("weekends:\n- {state: TH, days: [7]}\n", "TH: days: [7]"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_refused_by_name(text: str, says: str, tmp_path: Path, settings: Any) -> None:
    (tmp_path / "own.yaml").write_text(text)
    settings.TIDEGATE_OVERLAYS = (tmp_path,)
    with pytest.raises(clocks.ClockError) as caught:
        clocks.clocks()
    assert says in str(caught.value)
    assert "own.yaml" in str(caught.value)


def test_a_states_own_law_in_an_overlay_goes_first(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "sg.yaml").write_text(
        "clocks:\n- {id: sg-transit, step: decide, regime: Sample Act, basis: s. 1, text: In ten working days., "
        "roles: [transit], of: [SG], starts: acknowledged, length: 10, unit: working, pauses: true, effect: escalate, "
        "from: 2027-01-01, source: a gazette, confidence: high}\n"
        "waivers:\n- {id: sg-silence, of: [SG], roles: [transit], clock: sg-transit, from: 2027-01-01, basis: s. 2, "
        "source: a gazette, confidence: high}\n"
    )
    settings.TIDEGATE_OVERLAYS = (tmp_path,)

    def of(day: date) -> tuple[str, bool]:
        rule = clocks.rule_for("decide", state="SG", role="transit", day=day, book=BOOK)
        silent = clocks.tacit(state="SG", role="transit", day=day, book=BOOK, layers=["basel"])
        return rule.id if rule else "", silent is not None

    assert of(date(2026, 12, 31)) == ("basel-transit-answer", False)
    assert of(date(2027, 1, 1)) == ("sg-transit", True)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────


def started(rule: str = "eu-2024-decide-preconsented", state: str = "NL") -> Clock:
    subject = cases.organisation(state, "competent_authority")
    return clocks.start(state, rule=rule, subject=subject, case="NL-1", authority=state, at=START)


@pytest.mark.django_db
def test_a_day_off_added_later_moves_open_clocks_and_no_ended_one() -> None:
    running = started()
    assert running.due_at is not None
    assert running.due_at.date() == date(2026, 6, 10)
    body = cases.organisation("NL", "agency")
    ended = clocks.start("NL", rule="eu-2024-decide-preconsented", subject=body, case="NL-2", authority="NL", at=START)
    clocks.end(body, ended.rule, START + timedelta(days=1), "done")
    manager = cases.actor("NL", role="manager")
    day = keeping.add_holiday(manager, day="2026-06-03", name="Day of the Dike")
    assert cases.again(running).due_at.date() == date(2026, 6, 11)
    assert cases.again(ended).due_at.date() == date(2026, 6, 10)
    keeping.remove_holiday(manager, day.pk)
    assert cases.again(running).due_at.date() == date(2026, 6, 10)
    assert JournalEntry.objects.filter(type__startswith="holiday.").count() == 2


@pytest.mark.django_db
def test_another_holders_clock_follows_with_its_next_round() -> None:
    subject = cases.organisation("TH", "competent_authority")
    cases.state("NL")
    row = clocks.start("TH", rule="eu-2024-decide-preconsented", subject=subject, case="TH-1", authority="NL", at=START)
    keeping.add_holiday(cases.actor("NL", role="manager"), day="2026-06-03", name="Day of the Dike")
    assert cases.again(row).due_at.date() == date(2026, 6, 10)
    assert rounds.ROUNDS["clocks"](START) == 1
    assert cases.again(row).due_at.date() == date(2026, 6, 11)


@pytest.mark.django_db
def test_pause_and_resume_in_any_order_give_the_same_end() -> None:
    row = started("basel-transit-answer", "SG")
    subject = cases.organisation("SG", "competent_authority")
    clocks.pause(subject, row.rule, START + timedelta(days=3))
    assert cases.again(row).due_at is None
    clocks.pause(subject, row.rule, START + timedelta(days=4))  # it rests already
    clocks.resume(subject, row.rule, START + timedelta(days=10))
    at_once = clocks.start(
        "SG", rule=row.rule, subject=subject, case="SG-1", authority="SG", at=START,
        pauses=[(START + timedelta(days=3), START + timedelta(days=10))],
    )  # fmt: skip
    assert cases.again(row).due_at == at_once.due_at
    assert at_once.due_at is not None
    assert (at_once.due_at.date() - START.date()).days == 60 + 8


@pytest.mark.django_db
def test_why_this_date() -> None:
    cases.state("NL")
    Holiday.objects.create(holder_id="NL", day=date(2026, 6, 3), name="Day of the Dike", estimated=True)
    lines = " | ".join(clocks.explain(started()))
    for said in (
        "Art. 14",
        "7 working days",
        "weekends",
        "Day of the Dike",
        "estimated",
        "11 June 2026",
        "no consent",
    ):
        assert said in lines, lines
    none = " | ".join(clocks.explain(started("basel-import-answer", "DE")))
    assert "sets no limit" in none


@pytest.mark.django_db
def test_public_holidays_are_copied_once_and_then_kept_by_people() -> None:
    cases.state("BN")
    assert calendars.seed("BN", [2027]) > 10
    assert Holiday.objects.filter(holder="BN", estimated=True).exists()
    assert calendars.seed("BN", [2027]) == 0
    manager = cases.actor("BN", role="manager")
    moon = Holiday.objects.filter(holder="BN", estimated=True).first()
    assert moon is not None
    keeping.confirm_holiday(manager, moon.pk)
    keeping.remove_holiday(manager, moon.pk)
    assert calendars.seed("BN", [2027]) == 0
    calendar = calendars.calendar_of("BN")
    assert moon.day not in calendar.off
    assert calendar.weekend == frozenset({4, 6})
    with pytest.raises(Refused, match="This is not a day"):
        keeping.add_holiday(manager, day="30 February", name="x")
    with pytest.raises(Missing):
        keeping.remove_holiday(cases.actor("SG", role="manager"), moon.pk)
    with pytest.raises(Forbidden):
        keeping.add_holiday(cases.actor("BN", "notifier", "manager"), day="2027-01-05", name="x")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "code", "KH ID LA MY MM PH SG BN TH VN TL LK AU NZ PG WS TO KI MH FM NR PW CK MV FJ SB TV VU".split()
)
def test_every_state_of_the_region_has_its_days(code: str) -> None:
    assert calendars.known_days(code, [2026])


@pytest.mark.django_db
def test_years_ahead_are_copied_by_a_round() -> None:
    cases.state("SG")
    with times.at(START):
        assert rounds.ROUNDS["holidays"](START) > 20
        assert rounds.ROUNDS["holidays"](START) == 0
    assert set(Holiday.objects.filter(holder="SG").values_list("day__year", flat=True)) >= {2026, 2027, 2028}
