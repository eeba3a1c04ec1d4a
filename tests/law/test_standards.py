"""The States' limits side by side: what the table of law-national.md section 5 says, read off the rules."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tidegate.law import Book, load_rulebook
from tidegate.law.conditions import parse_all, positive
from tidegate.law.standards import Standard, standards
from tidegate.law.wording import condition_text

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook(())


def row(book: Book, state: str, day: date = TODAY, role: str = "import") -> Standard:
    rows = [s for s in standards(book, day, states=[state], role=role) if s.binding]
    assert len(rows) == 1
    return rows[0]


def words(standard: Standard, column: str) -> set[str]:
    return {cell.text for cell in standard.cells.get(column, ())}


def test_malaysia(book: Book) -> None:
    malaysia = row(book, "MY")
    assert malaysia.figure("foreign_matter_pct") == 2
    assert malaysia.figure("target_purity_pct") == Decimal("99.5")
    assert words(malaysia, "polymers") == {"one polymer, or PE, PP and PET together"}
    assert {"food residue", "mould", "pests", "hazardous", "landfill"} <= words(malaysia, "zero_tolerance")
    assert "COA" in words(malaysia, "documents")
    assert row(book, "MY", date(2025, 6, 30)).figure("target_purity_pct") is None


def test_indonesia_allowed_nothing_for_half_a_year(book: Book) -> None:
    assert row(book, "ID").figure("foreign_matter_pct") == 2
    assert row(book, "ID", date(2020, 5, 26)).figure("foreign_matter_pct") == 0
    assert words(row(book, "ID", date(2020, 5, 26)), "foreign_matter_pct") == {"none"}
    assert row(book, "ID", date(2020, 5, 27)).figure("foreign_matter_pct") == 2


def test_viet_nam_before_and_after_the_edition_of_2024(book: Book) -> None:
    before = row(book, "VN", date(2025, 6, 29))
    assert before.figure("other_listed_hs_pct") == 20
    assert before.figure("foreign_matter_pct") == 2
    after = row(book, "VN")
    assert after.figure("other_listed_hs_pct") is None  # only for holders of older permits
    assert all("issued before 2023-06-01" in cell.where for cell in after.cells["other_listed_hs_pct"])


def test_china_2018(book: Book) -> None:
    assert row(book, "CN", date(2018, 6, 1)).figure("foreign_matter_pct") == Decimal("0.5")


def test_korea_names_the_forms_that_it_takes(book: Book) -> None:
    assert "flake or pellet" in words(row(book, "KR"), "form")


def test_thailand_prohibits(book: Book) -> None:
    assert "prohibited" in words(row(book, "TH"), "prohibitions")


def test_export_standards_stand_apart_from_import(book: Book) -> None:
    assert "polymers" in row(book, "AU", role="export").cells
    assert "polymers" not in row(book, "AU").cells


def test_what_does_not_bind_has_a_row_of_its_own(book: Book) -> None:
    rows = standards(book, TODAY, states=["ID"])
    assert [s.binding for s in rows] == [True, False]
    assert len(standards(book, TODAY, states=["ID"], proposals=False)) == 1


def test_states_may_be_a_group_and_are_in_the_order_of_their_names(book: Book) -> None:
    rows = standards(book, TODAY, states=["project"], proposals=False)
    assert {s.state for s in rows} == {"ID", "KH", "LA", "LK", "MY", "PH", "TH", "VN"}
    assert [s.name for s in rows] == sorted(s.name for s in rows)


def test_a_cell_says_which_rule_it_comes_from_and_whether_that_was_checked(book: Book) -> None:
    for standard in standards(book, TODAY):
        for cells in standard.cells.values():
            for cell in cells:
                assert cell.rule in standard.rules
                assert cell.unchecked is book.rules[cell.rule].unchecked
                assert cell.text


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"not": {"own_plant": True}}, "own plant is false"),
        ({"not": {"own_plant": False}}, "own plant is true"),
        ({"not": {"operation": "D"}}, "operation is not D"),
        ({"zone": {"not_in": ["SEZ", "EOU"]}}, "zone is neither SEZ nor EOU"),
        ({"not": {"zone": {"not_in": ["SEZ", "EOU"]}}}, "zone is SEZ or EOU"),
        ({"not": {"foreign_matter_pct": {"gt": 2}}}, "foreign matter (%) at most 2"),
        ({"not": {"foreign_matter_pct": {"lt": 2}}}, "foreign matter (%) at least 2"),
        ({"not": {"holds": "AP"}}, "does not hold AP"),
        ({"not": {"event_before": "2025-06-30"}}, "from 2025-06-30 on"),
        ({"not": [{"waste": True}, {"form": "flake"}]}, "waste is false or form is not flake"),
        (
            [{"waste": True}, {"not": [{"cut": True}, {"any": [{"form": "flake"}, {"not": {"holds": "AP"}}]}]}],
            "waste is true and (cut is false or (form is not flake and holds AP))",
        ),
    ],
)
def test_a_denial_is_told_of_each_part(raw: Any, said: str) -> None:
    condition = parse_all(raw)
    assert condition_text(condition) == said
    assert condition is not None
    assert positive(positive(condition)) == positive(condition)


def test_no_rule_of_the_book_is_told_with_a_not_before_a_fact(book: Book) -> None:
    for rule in book.rules.values():
        for condition in (rule.when, *rule.fails, *rule.unless):
            said = f" {condition_text(condition)}"
            assert said.replace(" is not ", " ").replace(" does not hold ", " ").count(" not ") == 0, rule.id
