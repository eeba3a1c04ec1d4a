"""The best rules come first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.law import Book, load_rulebook
from tidegate.law.search import search


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook(())


def ids(book: Book, words: str, limit: int | None = 50) -> list[str]:
    return [hit.rule.id for hit in search(book, words, limit=limit)]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("TH-IMP-BAN-2025", "TH-IMP-BAN-2025"),
        ("th-imp-ban-2025", "TH-IMP-BAN-2025"),
        ("Malaysia bank guarantee", "MY-IMP-BG-2025"),
        ("A3210 hazardous plastic", "BASEL-A3210"),
        ("Decree 08/2022 deposit", "VN-IMP-DEPOSIT"),
        ("BANK_GUARANTEE", "MY-IMP-BG-2025"),
    ],
)
def test_the_rule_meant_comes_first(book: Book, words: str, first: str) -> None:
    assert ids(book, words)[0] == first


def test_every_word_must_stand_somewhere(book: Book) -> None:
    found = search(book, "thailand municipal")
    assert found
    assert all(hit.rule.state == "TH" for hit in found)


def test_where_no_rule_has_all_words_those_with_most_are_told(book: Book) -> None:
    assert ids(book, "TH-IMP-BAN-2025 zzzzz") == ids(book, "TH-IMP-BAN-2025")


def test_the_beginning_of_a_word_is_enough_but_counts_less(book: Book) -> None:
    assert "TH-IMP-BAN-2025" in ids(book, "thail scrap")
    whole, part = search(book, "guarantee")[0], search(book, "guarant")[0]
    assert whole.rule == part.rule
    assert whole.score > part.score


def test_codes_are_found_with_and_without_dots_and_words_without_accents(book: Book) -> None:
    assert ids(book, "3915.10.10") == ids(book, "39151010")
    assert ids(book, "Türkiye") == ids(book, "turkiye")


def test_scores_fall_and_the_limit_holds(book: Book) -> None:
    scores = [hit.score for hit in search(book, "plastic waste", limit=None)]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) > 20
    assert len(ids(book, "plastic waste", limit=3)) == 3


def test_nothing_is_found_for_nothing(book: Book) -> None:
    assert ids(book, "") == []
    assert ids(book, "qqqqq") == []


def test_an_overlay_is_searched_too(tmp_path: Path) -> None:
    (tmp_path / "zw.yaml").write_text(
        "state: ZW\nrules: [{id: ZW-IMP-TRIAL, role: import, kind: prohibition, confidence: high, from: 2030-01-01,"
        " to: null, text: Quokka bedding., instrument: An order, url: 'https://example.org', checked: 2026-11-21}]",
        encoding="utf-8",
    )
    assert ids(load_rulebook([tmp_path]), "quokka") == ["ZW-IMP-TRIAL"]
