"""The bulk path says of every row, in every field, what the evaluator of one shipment says.

Each test screens shipments both ways and compares whole decisions and rejects: every rule of the book on each side of
each of its edges, neighbourhoods that hypothesis draws, and the forms, sizes and orders in which batches may come.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.screening.aim import Raw, settle
from tests.screening.strategies import neighbourhoods, shipments, vocabulary
from tests.screening.tables import FORMS, as_flat, as_nested, as_text, differences, expected, screened
from tidegate.law import Book, load_rulebook
from tidegate.screening import Reject, parse_shipment
from tidegate.screening.bulk import Session

BOOK = load_rulebook(())
V = vocabulary(BOOK)
SHAPES = Path(__file__).parent / "overlays" / "shapes"
ROUTE: Raw = {
    "date": "2024-06-15",
    "export": "JP",
    "import": "MY",
    "operation": "R3",
    "waste": True,
    "hazardous": False,
}


def same(rows: Sequence[Raw], book: Book = BOOK, forms: Sequence[str] = tuple(FORMS)) -> None:
    wanted = expected(rows, book)
    for name in forms:
        told = differences(wanted, screened([FORMS[name](rows)], book), rows)
        assert not told, f"as {name}, {len(told)} differences:\n" + "\n".join(told[:5])


def numbered(rows: Sequence[Raw]) -> list[Raw]:
    return [settle({**row, "id": str(n + 1)}) for n, row in enumerate(rows)]


# ── every rule, every edge ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def every_rule(request: pytest.FixtureRequest) -> list[Raw]:
    """Each rule's aim and its neighbours; a newcomer's run takes every fifth neighbour."""
    small = request.config.getoption("--size") == "newcomer"
    rows: list[Raw] = []
    for n, rule in enumerate(BOOK.rules.values()):
        around = list(V.around(rule))
        rows += around[:1] + around[1 + n % 5 :: 5] if small else around
    return numbered(rows)


def test_the_aims_reach_every_rule_of_the_book() -> None:
    """The other tests are worth what they reach: no rule may be left that no shipment here meets."""
    met: set[str] = set()
    for rule in BOOK.rules.values():
        rows = numbered(list(V.aimed(rule)))
        for kind, decision in expected(rows, BOOK):
            if kind == "decided":
                met |= {r["rule"] for r in decision["reasons"]} | {a["rule"] for a in decision["alerts"]}
    missed = set(BOOK.rules) - met
    # what cannot be met by an aim alone is met one step away
    for rule_id in missed:
        for kind, decision in expected(numbered(list(V.around(BOOK.rules[rule_id]))), BOOK):
            if kind == "decided":
                met |= {r["rule"] for r in decision["reasons"]} | {a["rule"] for a in decision["alerts"]}
    assert set(BOOK.rules) - met == set()


@pytest.mark.parametrize("form", ["text", *(pytest.param(form, marks=pytest.mark.ci) for form in ("flat", "nested"))])
def test_every_rule_on_each_side_of_its_edges(form: str, every_rule: list[Raw]) -> None:
    same(every_rule, forms=[form])


def test_rules_of_every_shape_that_the_language_allows() -> None:
    book = load_rulebook([SHAPES])
    v = vocabulary(book)
    rules = [r for r in book.rules.values() if r.source_file.startswith("overlay")]
    same(numbered([raw for rule in rules for raw in v.around(rule)]), book, forms=["flat", "text"])


# ── drawn ──────────────────────────────────────────────────────────────────────────────────────────────────


@given(neighbourhoods(V), st.sampled_from(sorted(FORMS)))
def test_neighbours_that_differ_in_one_field(rows: list[Raw], form: str) -> None:
    same(rows, forms=[form])


@given(st.lists(shipments(V), min_size=2, max_size=12), st.data())
def test_batches_of_any_size_order_and_columns(rows: list[Raw], data: st.DataObject) -> None:
    """One session, fed in pieces of any form and size, in another order, with columns that come and go."""
    rows = numbered(rows)
    order = data.draw(st.permutations(range(len(rows))))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(rows) - 1), max_size=4)))
    mixed = [rows[n] for n in order]
    batches = []
    for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        form = data.draw(st.sampled_from(sorted(FORMS)))
        batches.append(FORMS[form](mixed[a:b]))
    wanted = expected(mixed, BOOK)
    told = differences(wanted, screened(batches, BOOK), mixed)
    assert not told, "\n".join(told)


@given(neighbourhoods(V, size=12))
def test_a_session_that_has_seen_much_answers_as_a_new_one(rows: list[Raw]) -> None:
    """Results that a session has kept from earlier batches are never given to rows that differ."""
    told = differences(expected(rows, BOOK), screened([as_flat(rows)], BOOK, WORN), rows)
    assert not told, "\n".join(told)


WORN = Session(BOOK)


# ── numbers ────────────────────────────────────────────────────────────────────────────────────────────────


def test_numbers_however_near_to_a_limit() -> None:
    """Long decimals and the noise of binary floats: both paths see them on the same side."""
    steps = [0, 1e-12, 1e-10, 4e-10, 1e-9, 1.5e-9, 1e-8, 1e-7, 9e-7, 1e-6, 1e-5, 1e-4]
    rows: list[Raw] = []
    for limit in (0.5, 2.0, 3.0, 6.0, 20.0, 99.5):
        near = [limit + sign * step for step in steps for sign in (1, -1)]
        near += [math.nextafter(limit, 200), math.nextafter(limit, 0)]
        for x in near:
            rows.append({**ROUTE, "polymers": {"PE": 0.25}, "contamination_pct": x})
            rows.append({**ROUTE, "polymers": {"PE": max(0, 99 - x), "PS": x}, "contamination_pct": 0.5, "hs": "3915"})
            rows.append({**ROUTE, "polymers": {"PE": 99 - x / 2}})
            for fact, state in (
                ("foreign_matter_pct", "VN"),
                ("target_purity_pct", "MY"),
                ("other_listed_hs_pct", "VN"),
            ):
                rows.append({**ROUTE, "import": state, "hs": "3915", "facts": {fact: x}})
            rows.append({**ROUTE, "import": "ID", "hs": "3915", "facts": {"household_refuse_pct": x}})
    same(numbered(rows))


def test_sums_of_shares_near_a_hundred() -> None:
    """What is over 100 in sum is a reject on both paths, and what is not is not."""
    rows: list[Raw] = []
    for over in (0, 1e-10, 4e-7, 5e-7, 6e-7, 1e-6, 2e-6, 1e-5, 0.01, 1):
        rows.append({**ROUTE, "polymers": {"PE": 60, "PP": 40 + over}})
        rows.append({**ROUTE, "polymers": {"PE": 99}, "contamination_pct": 1 + over})
        rows.append({**ROUTE, "polymers": {"PE": 99.9, "PS": 0.05, "PVC": 0.05 + over}, "contamination_pct": 0})
    same(numbered(rows))


def test_hs_codes_that_a_data_frame_has_made_numbers_of() -> None:
    codes: list[Any] = [3915.9, 3915.1, 391590.0, 3915.0, 39159.0, 101.21, 0.5, 1e40, None]
    rows = [{**ROUTE, "import": "VN", "hs": code, "polymers": {"PE": 99}, "contamination_pct": 1} for code in codes]
    same(numbered(rows), forms=["flat", "nested"])
    binding = {r["rule"] for r in expected(numbered(rows), BOOK)[0][1]["reasons"]}
    assert binding == {r["rule"] for r in decide_text("3915.90")["reasons"]}


def decide_text(code: str) -> dict[str, Any]:
    row = {**ROUTE, "import": "VN", "hs": code, "polymers": {"PE": 99}, "contamination_pct": 1}
    [(_, decision)] = expected(numbered([row]), BOOK)
    return dict(decision)


def test_very_large_and_very_small_masses() -> None:
    masses = [0, 1e-9, 99_999.999999, 100_000, 100_000.000001, 500_000, 1e12, 4e12, 1e18, 1e30]
    deposit = {"kind": "DEPOSIT", "value": 15}
    rows = [{**ROUTE, "import": "VN", "hs": "3915", "net_kg": m, "documents": [deposit]} for m in masses]
    same(numbered(rows))


def test_codes_of_the_annexes_in_every_form() -> None:
    """Those that exist and those that do not, one by one, with rows that hold several, none or nothing."""
    y = [f"{letter}{n}" for letter in "Yy" for n in range(100)]
    h = [f"{letter}{n}{tail}" for letter in "Hh" for n in range(20) for tail in ("", ".0", ".1", ".2", ".3", ".4")]
    held: list[Any] = [[], ["Y31", "Y99"], ["Y46"], ["Y08", " y8 "], ["Y๓๑"], ["Y010"], ["A3210"], None]
    mixed = {**ROUTE, "hazardous": None, "hs": "3915", "polymers": {"PE": 99}, "contamination_pct": 1}
    rows: list[Raw] = [{**mixed, "annex_i": [code], "annex_iii": ["H12"]} for code in y]
    rows += [{**mixed, "annex_i": ["Y31"], "annex_iii": [code]} for code in (*h, "H77")]
    rows += [{**mixed, "annex_i": codes, "annex_iii": ["H12"]} for codes in held]
    rows = numbered(rows)
    same(rows)
    # as items of a list these are no codes; in one text they are two, or one and nothing
    same(numbered([{**mixed, "annex_i": codes, "annex_iii": ["H12"]} for codes in (["Y31;Y45"], [""], ["Y31", ""])]),
         forms=["nested"])  # fmt: skip
    told: dict[int, Raw] = {}
    for n, row in enumerate(rows, start=1):
        try:
            parse_shipment(row, BOOK)
        except Reject as reject:
            told[n] = reject.as_dict()
    for form in FORMS.values():
        assert {n: error for n, _, error in Session(BOOK).screen(form(rows)).rejects} == told
    assert [n for n in range(1, 101) if n not in told] == [n + 1 for n in range(1, 46)]
    assert {(told[n]["field"], told[n]["value"]) for n in (100, 47)} == {("annex_i", "Y99"), ("annex_i", "Y46")}
    assert len(rows) - len(told) == 2 * 45 + 2 * 14 + 4, "Y and H codes in either case, and four of the last eight"


# ── shapes of batches ──────────────────────────────────────────────────────────────────────────────────────


def random_mixes(codes: Sequence[str], count: int, seed: int) -> list[Raw]:
    draw = random.Random(seed)
    rows: list[Raw] = []
    for _ in range(count):
        chosen = draw.sample(list(codes), min(len(codes), draw.choice([1, 2, 3])))
        foreign = draw.choice([0, 0.5, 1, 2, 3])
        left = 100 - foreign - draw.choice([0, 1, 3])
        mix: dict[str, float] = {}
        for code in chosen[:-1]:
            mix[code] = draw.choice([0.5, 1, 2, 2.5, 30])
            left -= mix[code]
        mix[chosen[-1]] = left
        row: Raw = {**ROUTE, "hs": "3915", "polymers": mix}
        if draw.random() < 0.7:
            row["contamination_pct"] = foreign
        rows.append(row)
    return numbered(rows)


def test_every_polymer_as_a_column_of_one_table() -> None:
    same(random_mixes(V.polymers, 400, seed=1), forms=["flat"])


@pytest.mark.parametrize("unknown", [20, 40, 200])
def test_tables_with_many_codes_that_nobody_knows(unknown: int) -> None:
    """Misspelt and invented codes are more polymers each; a wide table is no reason for another answer."""
    codes = [*V.polymers, *(f"NEW{n}" for n in range(unknown))]
    same(random_mixes(codes, 500, seed=unknown), forms=["flat", "nested"])


def test_columns_that_are_all_null_or_empty() -> None:
    rows = numbered([{**ROUTE, "hs": "391510", "polymers": {"PE": 99}, "contamination_pct": 1}] * 3)
    plain = as_flat(rows)
    names = ["annex_i", "transit", "documents", "facts.zone", "events.arrived", "polymers.PVC", "net_kg", "evaluate"]
    for empty in (pa.nulls(3), pa.array([""] * 3), pa.array([None, "", None], pa.string()), pa.nulls(3, pa.float64())):
        batch = pa.RecordBatch.from_arrays([*plain.columns, *[empty] * len(names)], names=[*plain.schema.names, *names])
        told = differences(expected(rows, BOOK), screened([batch], BOOK), rows)
        assert not told, f"{empty.type}: " + "\n".join(told)


def test_batches_without_rows_and_with_one() -> None:
    rows = numbered([{**ROUTE, "polymers": {"PE": 99}}])
    batch = as_flat(rows)
    assert screened([batch.slice(0, 0)], BOOK) == []
    told = differences(expected(rows, BOOK), screened([batch.slice(0, 0), batch], BOOK), rows)
    assert not told, "\n".join(told)


def test_slices_dictionaries_and_large_strings() -> None:
    """Arrow's other ways of writing the same columns."""
    rows = random_mixes(["PE", "PVC", "mixed"], 40, seed=5)
    for n, row in enumerate(rows):
        row |= {"transit": [["SG"], ["VN", "TH"], None][n % 3], "facts": {"form": ["bale", "flake"][n % 2]}}
    rows = [{k: v for k, v in row.items() if v is not None} for row in rows]
    wanted = expected(rows, BOOK)

    def recast(batch: pa.RecordBatch, change: Any) -> pa.RecordBatch:
        arrays = [change(a) if pa.types.is_string(a.type) else a for a in batch.columns]
        return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)

    changes = {
        "dictionary": lambda a: a.dictionary_encode(),
        "large": lambda a: a.cast(pa.large_string()),
        "view": lambda a: a.cast(pa.string_view()),
    }
    for name, change in changes.items():
        told = differences(wanted, screened([recast(as_text(rows), change)], BOOK), rows)
        assert not told, f"{name}:\n" + "\n".join(told[:3])
    for form in (as_text, as_flat, as_nested):
        whole = form(rows)
        pieces = [whole.slice(0, 7), whole.slice(7, 30), whole.slice(37)]
        told = differences(wanted, screened(pieces, BOOK), rows)
        assert not told, f"slices of {form.__name__}:\n" + "\n".join(told[:3])


def test_types_that_a_database_would_write() -> None:
    """Days as timestamps, numbers as decimals and integers, truth as words."""
    rows = random_mixes(["PE", "PS"], 12, seed=7)
    wanted = expected(rows, BOOK)
    flat = as_flat(rows)
    columns = dict(zip(flat.schema.names, flat.columns, strict=True))
    columns["date"] = columns["date"].cast(pa.timestamp("us"))
    for name in list(columns):
        if pa.types.is_floating(columns[name].type):
            columns[name] = columns[name].cast(pa.decimal128(12, 4))
        elif pa.types.is_boolean(columns[name].type):
            columns[name] = pa.array([None if v is None else "YES" if v else "no" for v in columns[name].to_pylist()])
    batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    told = differences(wanted, screened([batch], BOOK), rows)
    assert not told, "\n".join(told[:3])


def test_repeated_ids_and_ids_of_other_types_are_each_decided() -> None:
    rows = numbered(random_mixes(["PE"], 4, seed=3))
    batch = as_flat(rows)
    for ids in (pa.array(["same"] * 4), pa.array([7, 7, 8, 9]), pa.array(["a", "№ 1", 'q"uote', "x\ty"])):
        again = batch.set_column(batch.schema.get_field_index("id"), "id", ids)
        named = [{**row, "id": str(i)} for row, i in zip(rows, ids.to_pylist(), strict=True)]
        told = differences(expected(named, BOOK), screened([again], BOOK), named)
        assert not told, "\n".join(told)


def test_a_route_that_stays_in_one_state_is_told_in_both_paths() -> None:
    """Beside rows of the same goods that do cross a border, with and without an entry that contradicts them."""
    goods = {**ROUTE, "polymers": {"PE": 99}, "contamination_pct": 0.5}
    rows = numbered(
        [
            {**goods, "export": export, "import": import_, "transit": transit, **more}
            for export, import_ in (("MY", "MY"), ("JP", "MY"), ("FR", "FR"), ("FR", "GP"))
            for transit in ([], ["SG"], [import_])
            for more in ({}, {"declared_entry": "A3210"}, {"hs": "391510"}, {"facts": {"enters_territory": False}})
        ]
    )
    same(rows)
    for row, (kind, decision) in zip(rows, expected(rows, BOOK), strict=True):
        assert kind == "decided"
        told = [a["rule"] for a in decision["alerts"] if a["rule"] == "NO-BORDER"]
        assert told == (["NO-BORDER"] if row["export"] == row["import"] and not row["transit"] else [])
