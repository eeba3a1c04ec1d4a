"""A shipment in an address, and back: what is written is read again, and a form says the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from tidegate.web.check.answers import decimal_point, permalink, read, to_query
from tidegate.web.check.fields import shown

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
    lambda text: text.strip() == text
)
DAY = st.dates().map(lambda day: day.isoformat())
STATE = st.sampled_from(["JP", "MY", "TH", "DE", "SG", "LA"])
SHARE = st.integers(0, 100).map(str)
PAPER = st.fixed_dictionaries(
    {"kind": st.sampled_from(["COA", "CONSENT:MY", "API-P"])},
    optional={
        "number": TEXT,
        "issued": DAY,
        "valid_to": DAY,
        "standard": TEXT,
        "renewals": st.lists(st.fixed_dictionaries({"from": DAY, "days": st.just("90")}), min_size=1, max_size=2),
    },
)
STOP = st.fixed_dictionaries({"state": STATE}, optional={"arrived": DAY, "departed": DAY}).filter(lambda s: len(s) > 1)
SHIPMENT = st.fixed_dictionaries(
    {"export": STATE, "import": STATE, "date": DAY},
    optional={
        "transit": st.lists(st.one_of(STATE, STOP), min_size=1, max_size=3),
        "hs": st.sampled_from(["3915", "391510"]),
        "polymers": st.dictionaries(st.sampled_from(["PE", "HDPE", "mixed"]), SHARE, min_size=1),
        "contamination_pct": SHARE,
        "operation": st.sampled_from(["R3", "D10", "product"]),
        "hazardous": st.booleans(),
        "material": TEXT,
        "annex_i": st.just(["Y31", "Y33"]),
        "events": st.fixed_dictionaries({"arrived": DAY}),
        "consignee": st.fixed_dictionaries({"name": TEXT}),
        "facts": st.dictionaries(
            st.sampled_from(["form", "source"]), TEXT.filter(lambda t: t.lower() not in "yn"), min_size=1
        ),
        "documents": st.lists(PAPER, max_size=2, unique_by=lambda paper: paper["kind"]),
    },
)


def answers(query: str) -> Any:
    return read(QueryDict(query))


@given(SHIPMENT)
def test_what_is_written_is_read_again(shipment: dict[str, Any]) -> None:
    query = to_query(shipment)
    again = answers(query)
    assert again.query == query
    for name, value in shipment.items():
        if name in ("facts", "documents", "material", "consignee"):
            continue  # text with a decimal comma becomes a number on the way; compared below without it
        assert again.shipment.get(name) == value, name
    for name in ("kind", "renewals", "issued"):
        assert [p.get(name) for p in again.shipment.get("documents") or []] == [
            p.get(name) for p in shipment.get("documents") or []
        ]


@given(st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=12), max_size=3), max_size=8))
def test_any_address_is_read_and_its_short_spelling_stays(parameters: dict[str, list[str]]) -> None:
    once = answers(urlencode(parameters, doseq=True, errors="replace"))
    assert answers(once.query).query == once.query


def test_scoped_facts_and_signs_inside_papers_come_through() -> None:
    shipment = {
        "export": "JP",
        "import": "VN",
        "transit": [{"state": "LA", "facts": {"mode": "road"}}],
        "date": "2026-11-21",
        "facts": {"VN:import": {"own_plant": True}, "food_residue": False},
        "documents": [{"kind": "COA", "number": "A;B:C/50%&x=1", "value": "18.5"}],
    }
    again = answers(to_query(shipment)).shipment
    assert again["facts"] == {
        "VN:import": {"own_plant": True},
        "LA:transit": {"mode": "road"},
        "food_residue": False,
    }
    assert again["documents"] == [{"kind": "COA", "number": "A;B:C/50%&x=1", "value": "18.5"}]
    assert again["transit"] == ["LA"]


def test_the_form_says_the_same_as_the_short_spelling() -> None:
    form = urlencode(
        [
            ("go", "1"),
            ("from", "JP"),
            ("to", "MY"),
            ("via", "SG"),
            ("via", ""),
            ("date", "2026-11-21"),
            ("p", "HDPE"),
            ("pct", "60,5"),
            ("p", "PP"),
            ("pct", "38"),
            ("p", ""),
            ("pct", ""),
            ("foreign", "1,5"),
            ("hs", ""),
            ("op", "R3"),
            ("hazardous", "n"),
            ("f.source", ""),
            ("doc", "COA"),
            ("doc.COA.issued", "2026-01-02"),
            ("doc.COA.number", ""),
            ("doc.MISW.number", "not ticked"),
        ]
    )
    expected = (
        "from=JP&to=MY&via=SG&date=2026-11-21&mix=HDPE:60.5,PP:38&foreign=1.5&op=R3&hazardous=n"
        "&doc=COA;issued:2026-01-02"
    )
    assert answers(form).query == expected
    assert answers(expected).query == expected


def test_the_form_keeps_the_days_of_each_stop_and_every_renewal() -> None:
    form = urlencode(
        [
            *[("from", "JP"), ("to", "LA"), ("via", "SG"), ("via", "TH"), ("via", "SG"), ("via", "")],
            *[("via.SG.arrived", ""), ("via.SG.departed", ""), ("via.TH.arrived", "2026-11-03")],
            *[("via.TH.departed", "2026-11-04"), ("via.SG.arrived", "2026-11-06"), ("via.SG.departed", "")],
            *[("via.MY.arrived", "2026-11-01"), ("date", "2026-11-21"), ("doc", "API-P")],
            *[("doc.API-P.renewed", "2025-05-01"), ("doc.API-P.renewal_days", "90")],
            *[("doc.API-P.renewed", "2025-08-01"), ("doc.API-P.renewal_days", "60")],
            *[("doc.API-P.renewed", ""), ("doc.API-P.renewal_days", "")],
        ]
    )
    read_once = answers(form)
    assert read_once.stops == ["SG", "TH", "SG"]
    assert read_once.shipment["transit"] == [
        "SG",
        {"state": "TH", "arrived": "2026-11-03", "departed": "2026-11-04"},
        {"state": "SG", "arrived": "2026-11-06"},
    ]
    assert read_once.shipment["documents"] == [
        {
            "kind": "API-P",
            "renewals": [{"from": "2025-05-01", "days": "90"}, {"from": "2025-08-01", "days": "60"}],
        }
    ]
    assert answers(read_once.query).shipment == read_once.shipment


def test_nothing_held_and_nothing_known_of_the_papers_are_two_answers() -> None:
    assert answers("doc=none").shipment["documents"] == []
    assert "documents" not in answers("from=JP").shipment
    assert answers(to_query({"documents": []})).shipment["documents"] == []


def test_a_question_left_open_can_be_answered_or_taken_up_again() -> None:
    assert answers("skip=source,hazardous").skipped == ("source", "hazardous")
    assert answers("skip=source&skip=hazardous").skipped == ("source", "hazardous")
    assert answers("skip=source,hazardous&hazardous=n").skipped == ("source",)
    assert answers("skip=source,hazardous&unskip=source").skipped == ("hazardous",)
    assert answers("skip=VN:transit.mode&f.VN:transit.mode=road").skipped == ()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *[("98,5", "98.5"), ("98.5", "98.5"), ("1,000", "1,000"), ("0,1234", "0.1234"), ("33.333", "33.333")],
        *[("1.000,5", "1000.5"), ("1,234.5", "1234.5"), ("1.234.567", "1234567"), ("1,234,567", "1234567")],
        *[("1,2,3", "1,2,3"), ("abc", "abc"), ("", "")],
    ],
)
def test_a_decimal_comma_is_read_only_where_it_can_be_nothing_else(typed: str, meant: str) -> None:
    with override("en"):
        assert decimal_point(typed) == meant


@pytest.mark.parametrize("language", ["vi", "id"])
def test_where_the_comma_is_the_decimal_sign_it_is_always_read_as_one(language: str) -> None:
    with override(language):
        assert decimal_point("1,000") == "1.000"
        assert decimal_point("33,333") == "33.333"
        assert decimal_point("33.333") == "33.333"


@given(st.decimals(min_value=0, max_value=10**12, places=4), st.sampled_from(["en", "vi", "th", "id", "ms"]))
def test_a_figure_is_read_back_as_it_is_shown(figure: Decimal, language: str) -> None:
    with override(language):
        read = decimal_point(shown(str(figure)))
        assert Decimal(read) == figure


def test_shares_of_one_polymer_are_added_and_a_share_without_a_name_is_not_identified() -> None:
    mix = answers(urlencode([("p", "PE"), ("pct", "40"), ("p", "PE"), ("pct", "20.5"), ("p", ""), ("pct", "5")]))
    assert mix.shipment["polymers"] == {"PE": "60.5", "mixed": "5"}


def test_permalink_of_a_shipment_from_elsewhere() -> None:
    assert permalink({}) == "/"
    assert permalink({"export": "DE", "import": "ID", "origin": "DE", "unknown": 1, "net_kg": 1000.0}) == (
        "/?from=DE&to=ID&net_kg=1000"
    )
