"""Days, moments and figures as a reader's language writes them; what is kept as JSON, as people read it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from tidegate.parties import figures

WRITTEN = {
    "en": ("21 November 2026", "12,000.5 kg"),
    "vi": ("21 tháng 11 năm 2026", "12.000,5 kg"),
    "th": ("21 พฤศจิกายน 2026", "12,000.5 kg"),
    "id": ("21 November 2026", "12.000,5 kg"),
    "ms": ("21 November 2026", "12,000.5 kg"),
}


@pytest.mark.parametrize("language", WRITTEN)
def test_what_is_kept_as_json_is_read_in_the_readers_language(language: str) -> None:
    day, mass = WRITTEN[language]
    with translation.override(language), timezone.override("Asia/Ho_Chi_Minh"):
        assert figures.said("first_departure", "2026-11-21") == figures.said("day", date(2026, 11, 21)) == day
        assert figures.said("at", "2026-11-20T23:30:00+00:00") == f"{day}, 06:30"
        assert figures.said("at", datetime(2026, 11, 20, 23, 30, tzinfo=UTC)) == f"{day}, 06:30"
        assert figures.said("loaded_kg", "12000.500") == figures.said("acceptedKg", Decimal("12000.5")) == mass
        assert figures.said("kg", ["12000.500", "12000.500"]) == f"{mass}, {mass}"
        assert figures.said("draw", {"kg": "12000.500", "on": "2026-11-21"}) == f"kg: {mass}, on: {day}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", "TH 000123"),
        ("kg", "a ton"),
        ("day", "2026-13-45"),
        ("case", "2026-11"),
        ("hs", "391590"),
        ("kg", ""),
    ],
)
def test_what_is_no_figure_and_no_day_stays(name: str, value: Any) -> None:
    with translation.override("id"):
        assert figures.said(name, value) == value


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=3))
def test_no_figure_is_rounded_or_says_more_than_it_is(value: Decimal) -> None:
    """In each language the written mass is the same figure again once its signs are those of a machine."""
    signs = {"en": (",", "."), "vi": (".", ","), "th": (",", "."), "id": (".", ","), "ms": (",", ".")}
    for language, (groups, point) in signs.items():
        with translation.override(language):
            for text in (figures.grouped(value), figures.number(value)):
                plain = text.replace(groups, "") if text == figures.grouped(value) else text
                assert Decimal(plain.replace(point, ".")) == value
                assert not plain.partition(point)[2].endswith("0")
