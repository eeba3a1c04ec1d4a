"""What changes soon: a place is looked at again only where its answer may be another, and that loses no change."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.screening.aim import Raw
from tests.screening.strategies import shipments, vocabulary
from tidegate.law import load_rulebook
from tidegate.screening import Reject, decide, parse_shipment
from tidegate.screening.route import boundaries, moved

BOOK = load_rulebook(())
V = vocabulary(BOOK)


def step_by_step(raw: Raw) -> list[tuple[str, str]]:
    """Every date on which something turns, with the whole decision made anew on each of them."""
    s = parse_shipment(raw, BOOK)
    current = decide(s, BOOK)["outcome"]
    out = []
    for day in boundaries(s, BOOK):
        reached = decide(moved(s, day), BOOK)["outcome"]
        if reached != current:
            current = reached
            out.append((day.isoformat(), current))
    return out


def told(raw: Raw) -> list[tuple[str, str]]:
    found: list[dict[str, Any]] = decide(parse_shipment(raw, BOOK), BOOK, changes=True)["changes"]
    return [(change["date"], change["outcome"]) for change in found]


@given(shipments(V), st.dates(date(2012, 1, 1), date(2026, 11, 21)))
def test_changes_are_those_of_deciding_anew_on_each_date(raw: Raw, day: date) -> None:
    raw = {**copy.deepcopy(raw), "date": day.isoformat()}
    try:
        parse_shipment(raw, BOOK)
    except Reject:
        return
    assert told(raw) == step_by_step(raw)


def test_a_renewal_moves_the_day_on_which_the_paper_is_missing() -> None:
    licence = {"kind": "AU_LICENCE", "issued": "2022-07-10", "valid_from": "2022-07-10", "valid_to": "2023-03-31"}
    raw: Raw = {
        "id": "1", "date": "2022-08-01", "export": "AU", "import": "ID", "hs": "391510", "waste": True,
        "operation": "R3", "polymers": {"PE": 99.5}, "contamination_pct": 0.2, "hazardous": False, "net_kg": 20000,
        "facts": {"processed": "flake", "destination_on_licence": True}, "evaluate": ["AU:export"],
    }  # fmt: skip
    ends: Raw = {**raw, "documents": [licence, {"kind": "AU_WELD_DECL"}]}
    renewed = {
        **raw,
        "documents": [{**licence, "renewals": [{"from": "2023-02-01", "days": 90}]}, *ends["documents"][1:]],
    }
    assert ("2023-04-01", "needs") in told(ends)
    assert ("2023-04-01", "needs") not in told(renewed)
    assert ("2023-06-30", "needs") in told(renewed)
    assert told(renewed) == step_by_step(renewed)


def test_a_paper_that_is_renewed_after_a_gap_counts_again_from_that_day() -> None:
    licence = {"kind": "AU_LICENCE", "issued": "2022-07-10", "valid_from": "2022-07-10", "valid_to": "2023-03-31"}
    raw: Raw = {
        "id": "1", "date": "2022-08-01", "export": "AU", "import": "ID", "hs": "391510", "waste": True,
        "operation": "R3", "polymers": {"PE": 99.5}, "contamination_pct": 0.2, "hazardous": False, "net_kg": 20000,
        "facts": {"processed": "flake", "destination_on_licence": True}, "evaluate": ["AU:export"],
        "documents": [{**licence, "renewals": [{"from": "2023-05-15", "days": 90}]}, {"kind": "AU_WELD_DECL"}],
    }  # fmt: skip
    dates = [day for day, _outcome in told(raw)]
    assert "2023-04-01" in dates
    assert "2023-05-15" in dates


def test_what_departed_just_before_a_rule_began_could_not_depart_any_more_the_next_day() -> None:
    raw: Raw = {
        "id": "1", "date": "2022-07-05", "events": {"departed": "2022-06-30"}, "export": "AU", "import": "SG",
        "hs": "391510", "waste": True, "operation": "R3", "polymers": {"PE": 100}, "contamination_pct": 0,
        "hazardous": False, "documents": [{"kind": "AU_LICENCE", "issued": "2021-08-01"}, {"kind": "AU_WELD_DECL"}],
        "facts": {"processed": False, "form": "bale", "destination_on_licence": True},
    }  # fmt: skip
    assert decide(parse_shipment(raw, BOOK), BOOK)["outcome"] == "clear"
    assert told(raw)[0] == ("2022-07-06", "prohibited")
    stop = {**raw, "export": "JP", "import": "LA", "hs": "392010", "waste": False, "operation": "product",
            "date": "2025-01-20", "events": {}, "transit": [{"state": "VN", "arrived": "2024-12-31"}],
            "facts": {"used": True, "enters_territory": True}}  # fmt: skip
    assert told(stop)[0] == ("2025-01-21", "prohibited")
    assert told({**stop, "transit": ["VN"], "date": "2024-12-31"})[0] == ("2025-01-01", "prohibited")
