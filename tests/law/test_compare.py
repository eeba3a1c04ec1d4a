"""Two days of the law, and two rulebooks, side by side."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tidegate.law import Book, load_rulebook
from tidegate.law.compare import compare_books, compare_days


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook(())


def test_the_turn_of_2021_brings_the_new_entries(book: Book) -> None:
    diff = compare_days(book, date(2020, 12, 31), date(2021, 1, 1), layer="basel")
    # decision BC-14/12: A3210, Y48 and B3011 come, B3010 goes
    assert {"BASEL-A3210", "BASEL-Y48", "BASEL-B3011"} <= {r.id for r in diff.begun}
    assert "BASEL-B3010" in {r.id for r in diff.ended}
    assert diff.kept > 0


def test_days_in_the_other_order_give_the_other_view(book: Book) -> None:
    forth = compare_days(book, date(2024, 12, 31), date(2025, 1, 1), state="TH")
    back = compare_days(book, date(2025, 1, 1), date(2024, 12, 31), state="TH")
    assert forth.begun == back.ended
    assert forth.ended == back.begun
    assert forth.begun


def test_a_day_does_not_differ_from_itself(book: Book) -> None:
    assert compare_days(book, date(2026, 1, 1), date(2026, 1, 1)).empty


def test_a_state_that_joins_a_group_is_named(book: Book) -> None:
    # law-international.md 4: the United Kingdom leaves the Union's waste law at the end of 2020
    diff = compare_days(book, date(2020, 12, 31), date(2021, 1, 1), state="GB")
    assert ("GB", "eu", False) in {(m.state, m.group, m.joins) for m in diff.memberships}


def test_a_figure_that_appears_is_told(book: Book) -> None:
    diff = compare_days(book, date(2020, 12, 31), date(2021, 1, 1))
    figures = {p.field: (p.old, p.new) for p in diff.parameters}
    assert figures["b3011_non_target_pct (every State)"] == ("", "2 % of mass")


OVERLAY = """
state: ZW
rules:
  - {id: ZW-IMP-TRIAL, role: import, kind: prohibition, confidence: high, from: 2030-01-01, to: null, hs: ['3915'],
     text: A trial., instrument: An order, url: 'https://example.org', checked: 2026-11-21}
facts:
  - {name: smell, type: bool, by: inspection, group: goods, label: Does it smell?, meaning: A smell.}
parameters:
  - {name: b3011_non_target_pct, value: 5, states: [ZW], source: a trial}
"""


def test_an_overlay_differs_by_what_it_adds(book: Book, tmp_path: Path) -> None:
    (tmp_path / "zw.yaml").write_text(OVERLAY, encoding="utf-8")
    diff = compare_books(book, load_rulebook([tmp_path]))
    assert [r.id for r in diff.added] == ["ZW-IMP-TRIAL"]
    assert (diff.removed, diff.changed) == ((), ())
    assert {(table, change.field.partition(" ")[0]) for table, change in diff.tables} == {
        ("facts", "smell"),
        ("parameters", "b3011_non_target_pct"),
    }
    back = compare_books(load_rulebook([tmp_path]), book)
    assert [r.id for r in back.removed] == ["ZW-IMP-TRIAL"]


def test_a_changed_rule_is_told_field_by_field_in_words(book: Book, tmp_path: Path) -> None:
    from tidegate.law.export import rule_as_written
    from tidegate.law.yaml_text import dump

    rule = rule_as_written(book.rules["ID-IMP-IMPURITY-2020"])
    rule["fails"] = [{"foreign_matter_pct": {"gt": 1}}]
    rule["to"] = "2026-12-31"
    (tmp_path / "id.yaml").write_text(dump({"state": "ID", "rules": [rule]}), encoding="utf-8")
    diff = compare_books(book, load_rulebook([tmp_path]), state="ID")
    (changed,) = diff.changed
    assert {(c.field, c.old, c.new) for c in changed.changes} == {
        ("fails", "foreign matter (%) above 2", "foreign matter (%) above 1"),
        ("valid_to", "", "2026-12-31"),
    }
    assert (diff.added, diff.removed) == ((), ())


def test_a_book_does_not_differ_from_itself(book: Book) -> None:
    assert compare_books(book, book).empty
