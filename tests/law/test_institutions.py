"""The authorities of a State and its trade figures: complete, cited, and safe to hand on."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tidegate.law import load_rulebook
from tidegate.law.institutions import WORLD, institutions, trade_3915

PROJECT = ("KH", "ID", "LA", "MY", "PH", "TH", "LK", "VN")
BODIES = ("environment", "trade", "customs")


@pytest.mark.parametrize("iso", [*PROJECT, "AU", "SG", "BN", "MM", "JP", "KR", "CN", "HK", "IN", "TL"])
def test_each_state_names_its_authorities_and_sources(iso: str) -> None:
    record = institutions(iso)
    assert record is not None
    assert record["environment"]["body"]
    assert record["customs"]["body"]
    assert record["sources"]
    assert record["confidence"] in ("high", "medium", "low")
    for body in BODIES:
        assert body not in record or record[body]["body"]


def test_the_malaysian_authority_changed_hands() -> None:
    record = institutions("my")
    assert record is not None
    assert "SIRIM" in record["trade"]["body"]
    assert record["former"][0]["to"] == "2025-06-30"


def test_a_state_without_a_record_has_none() -> None:
    assert institutions("BR") is None


def test_a_record_is_the_callers_own_and_ready_for_json() -> None:
    record = institutions("TH")
    assert record is not None
    record["environment"]["body"] = "changed"
    again = institutions("TH")
    assert again is not None
    assert again["environment"]["body"] != "changed"
    assert json.loads(json.dumps(again)) == again


def test_every_state_of_the_records_is_in_the_book() -> None:
    states = load_rulebook(()).states
    for iso in [*PROJECT, "AU", "TL"]:
        assert iso in states
    for figure in trade_3915():
        if len(figure.reporter) == 2 and figure.reporter.isalpha() and figure.reporter != "EU":
            assert figure.reporter in states
        if len(figure.partner) == 2:
            assert figure.partner in states


def test_trade_figures_stand_as_reported() -> None:
    by_year = {f.year: f for f in trade_3915("TH", flow="import") if f.partner == WORLD and "Comtrade" in f.source}
    assert by_year[2018].tonnes == Decimal(552727)
    assert by_year[2021].tonnes is None, "no report is not a zero"
    japan = [f.year for f in trade_3915("JP", flow="export") if f.partner == WORLD]
    assert japan == [2015, *range(2017, 2022)]


def test_two_sources_of_one_year_stand_side_by_side() -> None:
    of_2018 = [f for f in trade_3915("ID", flow="import") if f.period == "2018"]
    assert {f.tonnes for f in of_2018} == {Decimal(320519), Decimal(283000)}
    assert len({f.source for f in of_2018}) == 2


def test_every_figure_is_cited_and_dated() -> None:
    figures = trade_3915()
    assert len(figures) > 100
    for figure in figures:
        assert figure.source
        assert figure.flow in ("import", "export")
        assert figure.confidence in ("high", "medium", "low")
        assert 2015 <= figure.year <= 2026
        assert figure.tonnes is None or figure.tonnes > 0
    assert {f.flow for f in trade_3915("PH")} == {"import", "export"}
