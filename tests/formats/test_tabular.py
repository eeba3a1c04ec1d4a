"""Flat and nested are the same row."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.formats import FormatError, RowError, flatten, nest, passthrough
from tidegate.formats.cells import hs_text, words
from tidegate.formats.fields import FACT_TYPES
from tidegate.formats.tabular import join_words, name_columns

WORD = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=";"), min_size=1, max_size=12).filter(
    lambda t: t[0] not in "[{"
)
PHRASE = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=30).filter(
    lambda t: t.strip() == t and t[0] not in "[{"
)
NUMBER = st.decimals(0, 100, places=3).map(lambda d: format(d, "f"))
DAY = st.dates(dt.date(2012, 1, 1), dt.date(2028, 12, 31)).map(lambda d: d.isoformat())
POLYMER = st.sampled_from(["PE", "PP", "PET", "PS", "HDPE", "PA66", "mixed", "urea_formaldehyde_cured"])
NOTHING: dict[str, st.SearchStrategy[object]] = {}
NAMED_FACTS = st.fixed_dictionaries(
    NOTHING,
    optional={
        name: st.booleans() if kind == "bool" else NUMBER if kind == "number" else PHRASE
        for name, kind in FACT_TYPES.items()
        if kind != "bool_or_text"
    },
)
DOCUMENT = st.fixed_dictionaries(
    {"kind": WORD},
    optional={
        "number": PHRASE,
        "issued": DAY,
        "valid_to": DAY,
        "standard": PHRASE,
        "note": st.none() | PHRASE,
    },
)
PARTY = st.dictionaries(st.sampled_from(["name", "id", "address"]), PHRASE, min_size=1)
LIST = st.lists(WORD | st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=9), max_size=4)
SHIPMENT = st.fixed_dictionaries(
    {"id": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)},
    optional={
        "date": DAY,
        "events": st.dictionaries(st.sampled_from(["declared", "arrived", "departed"]), DAY, min_size=1),
        "export": WORD,
        "import": WORD,
        "hs": st.from_regex(r"0?39\.?15(\.?\d\d)?", fullmatch=True),
        "description": PHRASE,
        "waste": st.booleans(),
        "hazardous": st.booleans(),
        "polymers": st.dictionaries(POLYMER, NUMBER, min_size=1),
        "contamination_pct": NUMBER,
        "annex_i": LIST,
        "containers": LIST,
        "transit": LIST | st.lists(st.fixed_dictionaries({"state": WORD}, optional={"arrived": DAY}), min_size=1),
        "documents": st.lists(DOCUMENT | WORD, max_size=3),
        "consignee": PARTY,
        "facility": PARTY,
        "facts": st.builds(
            lambda plain, scoped: {**plain, **scoped},
            NAMED_FACTS,
            st.dictionaries(st.sampled_from(["VN:transit", "MY:import"]), NAMED_FACTS.filter(bool), max_size=2),
        ).filter(bool),
        "unknown column": PHRASE,
        "Another.One": PHRASE,
    },
)


@given(SHIPMENT)
def test_a_shipment_comes_back_from_the_table(shipment: dict[str, Any]) -> None:
    flat = flatten(shipment)
    assert all(isinstance(cell, str) for cell in flat.values())
    assert nest(flat) == shipment


@given(SHIPMENT)
def test_a_table_row_comes_back_from_the_shipment(shipment: dict[str, Any]) -> None:
    flat = flatten(shipment)
    assert flatten(nest(flat)) == flat


@given(LIST)
def test_lists_come_back_from_a_cell(items: list[str]) -> None:
    assert words("containers", join_words(items)) == items


def test_what_is_not_known_is_left_out_and_an_empty_list_is_not_nothing() -> None:
    assert flatten({"id": "1", "waste": None, "transit": [], "documents": []}) == {
        "id": "1",
        "transit": "[]",
        "documents": "[]",
    }
    assert nest({"id": "1", "waste": "", "transit": "[]", "documents": "", "net_kg": None}) == {
        "id": "1",
        "transit": [],
    }


@pytest.mark.parametrize(
    ("cell", "known"),
    [("TRUE", True), ("yes", True), ("1", True), ("Có", True), ("ใช่", True), ("ya", True), (" False ", False),
     ("no", False), ("0", False), ("không", False), ("ไม่ใช่", False), ("tidak", False), (True, True),
     (Decimal(0), False)],
)  # fmt: skip
def test_words_for_true_and_false(cell: object, known: bool) -> None:
    assert nest({"waste": cell, "facts.cleaned": cell}) == {"waste": known, "facts": {"cleaned": known}}


def test_a_word_that_is_neither_is_left_for_screening_to_refuse() -> None:
    assert nest({"waste": "perhaps"}) == {"waste": "perhaps"}


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (Decimal("39151000"), "39151000"), (391510, "391510"), (391510.0, "391510"), (Decimal("391510.0"), "391510"),
        (3915.1, "391510"), (Decimal("3915.10"), "391510"), (3915, "3915"), (10121, "010121"), (101.21, "010121"),
        (3915.9012, "39159012"), ("0101.21", "0101.21"), ("010121", "010121"), ("10121", "10121"), (" 3915 ", "3915"),
    ],
)  # fmt: skip
def test_hs_codes_survive_spreadsheets(cell: object, code: str) -> None:
    assert hs_text(cell) == code
    assert nest({"hs": cell}) == {"hs": code}


@pytest.mark.parametrize("cell", [float("nan"), float("inf"), -3915.0, Decimal("1e3000"), True])
def test_numbers_that_are_no_hs_code(cell: object) -> None:
    with pytest.raises(RowError):
        hs_text(cell)


def test_facts_are_typed_by_the_registry_that_is_handed_in() -> None:
    flat = {
        "facts.cleaned": "yes",
        "facts.new_flag": "no",
        "facts.new_text": "no",
        "facts.processed": "false",
    }
    assert nest(flat, {"new_flag": "bool", "new_text": "text", "processed": "bool_or_text"})["facts"] == {
        "cleaned": "yes",
        "new_flag": False,
        "new_text": "no",
        "processed": False,
    }


def test_objects_may_stand_as_json_in_one_cell_but_not_twice() -> None:
    assert nest({"polymers": '{"PE": 99.50}', "polymers.PP": "0.5"}) == {
        "polymers": {"PE": Decimal("99.50"), "PP": "0.5"}
    }
    with pytest.raises(RowError, match=r"polymers\.PE"):
        nest({"polymers": '{"PE": 99}', "polymers.PE": "98"})
    assert nest({"consignee": "Example Trading (fictitious)"}) == {
        "consignee": {"name": "Example Trading (fictitious)"}
    }


@pytest.mark.parametrize("cell", ["[{'kind': 'AP'}]", '[{"kind": "AP"}', '[{"kind": "AP", "kind": "COA"}]', "[NaN]"])
def test_broken_json_in_a_cell_names_its_column(cell: str) -> None:
    with pytest.raises(RowError) as caught:
        nest({"id": "1", "documents": cell})
    assert caught.value.field == "documents"
    assert caught.value.expected == "JSON"


def test_documents_may_be_bare_kinds() -> None:
    assert nest({"documents": "AP; COA"}) == {"documents": ["AP", "COA"]}


def test_passthrough_is_what_the_contract_does_not_know() -> None:
    data = {
        "id": "1",
        "Vessel": "Example",
        "remarks": ["a", 1],
        "consignee": {"name": "x", "phone": "12"},
        "facts": {"cleaned": True, "smell": "none", "VN:transit": {"smell": 1, "gate": "g"}},
    }
    assert passthrough(data) == {
        "Vessel": "Example",
        "remarks": '["a",1]',
        "consignee.phone": "12",
        "facts.smell": "none",
        "facts.VN:transit.smell": "1",
    }


def test_column_names_are_brought_to_the_contract_and_kept_apart() -> None:
    assert name_columns(["ID", "Net_KG", "Polymers.PE", "Vessel", "Vessel", "", "Consignee.Id"], 10) == [
        "id", "net_kg", "polymers.PE", "Vessel", "Vessel (2)", "column 6", "consignee.id",
    ]  # fmt: skip
    assert name_columns(["Export", "export"], 10) == ["Export", "export"]
    with pytest.raises(FormatError, match="columns 1 and 2 are both the field export"):
        name_columns(["Export", "EXPORT"], 10)
    with pytest.raises(FormatError, match="3 columns; at most 2"):
        name_columns(["a", "b", "c"], 2)
