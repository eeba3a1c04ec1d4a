"""Rules are met on purpose: also a rule that nobody knew when the generator was written."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tidegate.formats.generate import generate
from tidegate.formats.generate.aims import aims_of, unaimed
from tidegate.formats.generate.plan import plan_for
from tidegate.formats.generate.wishes import HeldPaper, Setting, merge, ways
from tidegate.law import Book, load_rulebook
from tidegate.law.conditions import parse
from tidegate.screening import decide, parse_shipment
from tidegate.screening.bulk.columns import Columns

DAY = date(2024, 6, 1)
NEW_LAW = """
state: PG
facts:
  - name: lagoon_side
    type: text
    values: [east, west]
    by: declaration
    group: place
    label: On which side of the lagoon?
    meaning: A fact that only this overlay knows.
rules:
  - id: PG-IMP-LAGOON-2024
    role: import
    kind: prohibition
    status: gazetted
    confidence: high
    from: 2024-03-01
    to: 2024-09-30
    dates: seen
    event: arrived
    hs: ['3915']
    basel: [any]
    when:
      - lagoon_side: west
      - net_kg: {gt: 777000}
    unless:
      - holds: ANNEX_VII
    text: For a test.
    instrument: None
    url: https://example.org/
    checked: 2026-11-21
"""


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook([])


def test_a_rule_of_an_overlay_is_met_with_its_own_fact_and_its_exception(tmp_path: Path) -> None:
    (tmp_path / "pg.yaml").write_text(NEW_LAW)
    book = load_rulebook([tmp_path])
    met: Counter[str] = Counter()
    for batch in generate(40_000, profile="B", book=book):
        assert "facts.lagoon_side" in batch.schema.names
        rows = Columns(batch)
        imports, sides = batch["import"].to_pylist(), batch["facts.lagoon_side"].to_pylist()
        for i in range(batch.num_rows):
            if imports[i] != "PG" or sides[i] != "west":
                continue
            decision = decide(parse_shipment(rows.row(i), book), book)
            met.update(r["effect"] for r in decision["reasons"] if r["rule"] == "PG-IMP-LAGOON-2024")
    assert met["prohibit"] > 0
    assert met["allow"] > 0


def test_every_rule_in_force_in_these_years_has_an_aim(book: Book) -> None:
    over = {r.id for r in book.rules.values() if r.valid_to and r.valid_to < date(2012, 1, 1)}
    assert set(unaimed(book)) == over
    for aim in aims_of(book):
        rule = book.rules[aim.rule]
        assert rule.in_force(aim.first)
        assert rule.in_force(aim.last)
        assert rule.state is None or aim.states[str(rule.role)] == (rule.state,)


def test_aims_that_need_papers_are_left_out_where_there_are_none(book: Book) -> None:
    without, having = plan_for(book, papers=False), plan_for(book, papers=True)
    assert not any(aim.papers for aim in without.aims)
    assert [a for a in having.aims if not a.papers] == list(without.aims)
    assert any(aim.papers for aim in having.aims)


# ── conditions read backwards ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def importing(book: Book) -> Setting:
    return Setting(book, "import", (DAY, DAY))


def test_a_limit_is_met_next_to_it_and_away_from_it(importing: Setting) -> None:
    over = [float(w["foreign_matter_pct"]) for w in ways(parse({"foreign_matter_pct": {"gt": 2}}), importing)]
    under = [float(w["foreign_matter_pct"]) for w in ways(parse({"foreign_matter_pct": {"gt": 2}}), importing, False)]
    assert over == [2.1, 7]
    assert under == [2, 1]


def test_no_share_goes_beyond_what_a_share_can_be(importing: Setting) -> None:
    values = [float(w["target_purity_pct"]) for w in ways(parse({"target_purity_pct": {"ge": 99.5}}), importing)]
    assert values == [99.5]


def test_a_group_becomes_its_members_and_its_absence_all_others(importing: Setting, book: Book) -> None:
    (inside,) = ways(parse({"export": "eu"}), importing)
    (outside,) = ways(parse({"export": {"not_in": ["eu"]}}), importing)
    assert {"DE", "FR"} <= inside["export"]
    assert "GB" not in inside["export"]
    assert inside["export"] | outside["export"] == set(book.states)
    assert not inside["export"] & outside["export"]


def test_the_counterpart_stands_at_the_other_end(importing: Setting, book: Book) -> None:
    condition = parse({"counterpart": "US"})
    assert ways(condition, importing) == [{"export": frozenset({"US"})}]
    assert ways(condition, Setting(book, "export", (DAY, DAY))) == [{"import": frozenset({"US"})}]


def test_all_joins_and_any_chooses_and_not_turns_round(importing: Setting) -> None:
    condition = parse({"all": [{"used": True}, {"any": [{"cut": False}, {"cleaned": False}]}]})
    assert ways(condition, importing) == [{"used": True, "cut": False}, {"used": True, "cleaned": False}]
    assert ways(parse({"not": [{"used": True}]}), importing) == [{"used": False}]
    assert {"cut": True, "cleaned": True} in ways(condition, importing, False)


def test_a_paper_asked_for_is_held_and_one_that_may_not_be_is_not(importing: Setting) -> None:
    condition = parse({"holds": {"kind": ["A", "B"], "issued_before": "2023-06-01"}})
    assert ways(condition, importing) == [
        {"papers": (HeldPaper("A", date(2023, 6, 1)),)},
        {"papers": (HeldPaper("B", date(2023, 6, 1)),)},
    ]
    assert ways(condition, importing, False) == [{}]


def test_wishes_that_contradict_each_other_come_to_nothing() -> None:
    assert merge({"used": True}, {"used": False}) is None
    assert merge({"export": frozenset({"DE"})}, {"export": frozenset({"FR"})}) is None
    assert merge({"hs": frozenset({"3915", "4707"})}, {"hs": frozenset({"391510"})}) == {"hs": frozenset({"391510"})}
    late, early = (date(2025, 1, 1), date(2025, 2, 1)), (date(2024, 1, 1), date(2024, 12, 31))
    assert merge({"window": late}, {"window": early}) is None
