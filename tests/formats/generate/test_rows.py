"""The generated rows: the same whatever is asked for, and mixed as the project's figures say."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.formats.generate import COMPLETE, generate
from tidegate.formats.generate.text import LETTERS
from tidegate.law import Book, load_rulebook
from tidegate.screening import decide, parse_shipment
from tidegate.screening.bulk.columns import Columns

ROWS = 60_000


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook([])


@pytest.fixture(scope="module")
def plain(book: Book) -> pa.Table:
    return pa.Table.from_batches(list(generate(ROWS, profile="A", book=book))).combine_chunks()


@pytest.fixture(scope="module")
def with_papers(book: Book) -> pa.Table:
    return pa.Table.from_batches(list(generate(ROWS, profile="B", book=book))).combine_chunks()


def shipments(table: pa.Table) -> list[dict[str, Any]]:
    rows = []
    for batch in table.to_batches():
        columns = Columns(batch)
        rows += [columns.row(i) for i in range(batch.num_rows)]
    return rows


# ── the same rows ──────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=max(6, settings().max_examples // 10))
@given(
    start=st.integers(0, 40_000),
    rows=st.integers(1, 2_000),
    batch_rows=st.integers(1, 30_000),
    profile=st.sampled_from("AB"),
)
def test_a_row_is_the_same_wherever_a_run_begins_and_however_it_is_cut(
    book: Book, plain: pa.Table, with_papers: pa.Table, start: int, rows: int, batch_rows: int, profile: str
) -> None:
    whole = plain if profile == "A" else with_papers
    batches = list(generate(rows, profile=profile, book=book, start_row=start, batch_rows=batch_rows))
    assert [b.num_rows for b in batches[:-1]] == [batch_rows] * (len(batches) - 1)
    drawn = pa.Table.from_batches(batches)
    assert drawn.schema == whole.schema
    assert drawn.to_pylist() == whole.slice(start, rows).to_pylist()


def test_another_seed_gives_other_rows(book: Book, plain: pa.Table) -> None:
    other = pa.Table.from_batches(list(generate(1_000, seed=7, book=book)))
    same = [a == b for a, b in zip(other["export"].to_pylist(), plain["export"].to_pylist(), strict=False)]
    assert sum(same) < 300


def test_no_rows_are_no_batches(book: Book) -> None:
    assert list(generate(0, book=book)) == []


@pytest.mark.parametrize("wrong", [{"rows": -1}, {"profile": "C"}, {"start_row": -5}, {"seed": -1}, {"batch_rows": -1}])
def test_what_cannot_be_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected 0 or more|profile 'C' is not known"):
        generate(**{"rows": 1, **wrong})


# ── the mix ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_fifth_travels_over_one_to_three_states_of_transit(plain: pa.Table) -> None:
    routes = [t.split(";") for t in plain["transit"].to_pylist() if t]
    assert 0.19 < len(routes) / ROWS < 0.21
    assert {len(stops) for stops in routes} == {1, 2, 3}
    assert all(len(set(stops)) == len(stops) for stops in routes)


def test_four_in_ten_lack_facts(plain: pa.Table) -> None:
    lacking = np.zeros(ROWS, dtype=bool)
    for name in COMPLETE:
        if name == "polymers":
            stated = np.asarray(plain["material"].is_valid())
            for column in plain.column_names:
                if column.startswith("polymers."):
                    stated = stated | np.asarray(plain[column].is_valid())
        else:
            stated = np.asarray(plain[name].is_valid())
        lacking |= ~stated
    assert 0.38 < lacking.mean() < 0.42


def test_papers_are_on_three_rows_in_ten_of_profile_b_and_on_none_of_a(plain: pa.Table, with_papers: pa.Table) -> None:
    assert "documents" not in plain.column_names
    held = with_papers["documents"].to_pylist()
    assert 0.28 < sum(bool(papers) for papers in held) / ROWS < 0.32
    assert any(papers == [] for papers in held)
    papers = [p for row in held for p in row or ()]
    assert any(len(p["renewals"] or ()) == 2 for p in papers)
    bare = [p for p in papers if all(v is None for k, v in p.items() if k != "kind")]
    assert 0.05 < len(bare) / len(papers) < 0.5


def test_every_state_of_the_book_comes_and_those_with_law_far_more_often(book: Book, plain: pa.Table) -> None:
    counts = Counter([*plain["export"].to_pylist(), *plain["import"].to_pylist()])
    assert set(counts) == set(book.states)
    lawful = [counts[s] for s in book.national_states]
    others = [counts[s] for s in book.states if s not in book.national_states]
    assert sum(lawful) / len(lawful) > 10 * sum(others) / len(others)
    assert all(a != b for a, b in zip(plain["export"].to_pylist(), plain["import"].to_pylist(), strict=True))


def test_days_run_from_2012_to_2028(plain: pa.Table) -> None:
    days = plain["date"].to_pylist()
    assert {d.year for d in days} == set(range(2012, 2029))
    assert min(days) >= date(2012, 1, 1)
    assert max(days) <= date(2028, 12, 31)


def test_every_heading_of_the_book_is_declared(book: Book, plain: pa.Table) -> None:
    declared = {h.replace(".", "") for h in plain["hs"].to_pylist() if h}
    missing = [h.code for h in book.headings if not any(code.startswith(h.code) for code in declared)]
    assert missing == []


def test_shares_are_decimals_that_add_up_to_100_at_most(plain: pa.Table) -> None:
    columns = [n for n in plain.column_names if n.startswith("polymers.")] + ["contamination_pct"]
    total = np.zeros(ROWS, dtype=np.int64)
    for name in columns:
        values = plain[name].to_pylist()
        thousandths = [0 if v is None else int(Decimal(repr(v)) * 1000) for v in values]
        assert all(v is None or Decimal(repr(v)) * 1000 == n for v, n in zip(values, thousandths, strict=True))
        total += np.array(thousandths)
    assert total.max() <= 100_000
    tenths = [v for v in plain["contamination_pct"].to_pylist() if v is not None]
    assert 0.02 < sum(round(v * 10) != v * 10 for v in tenths) / len(tenths) < 0.2


def test_consignments_have_one_to_four_lines_of_one_route(plain: pa.Table) -> None:
    first: dict[str, tuple[Any, ...]] = {}
    lines: Counter[str] = Counter()
    columns = ("consignment", "export", "import", "transit", "date", "containers", "consignee.name")
    for group, *route in zip(*(plain[c].to_pylist() for c in columns), strict=True):
        assert first.setdefault(group, tuple(route)) == tuple(route)
        lines[group] += 1
    assert set(lines.values()) == {1, 2, 3, 4}


def test_companies_are_invented_and_say_so(plain: pa.Table) -> None:
    for column in ("consignor.name", "consignee.name", "facility.name"):
        assert all("(fictitious)" in name for name in set(plain[column].to_pylist()) - {None})


def test_containers_have_valid_check_digits(plain: pa.Table) -> None:
    for numbers in plain["containers"].to_pylist()[:500]:
        for number in (numbers or "").split(";") if numbers else ():
            values = [LETTERS[c] if c.isalpha() else int(c) for c in number[:10]]
            assert sum(v * 2**n for n, v in enumerate(values)) % 11 % 10 == int(number[10])


def test_keys_are_unique(plain: pa.Table) -> None:
    assert len(set(plain["id"].to_pylist())) == ROWS


# ── what the law makes of them ─────────────────────────────────────────────────────────────────────────────


def never_bound(book: Book, table: pa.Table) -> tuple[list[str], Counter[str], Counter[str]]:
    """Rules that no row meets though they are in force in these years, and what came of the rows and their papers."""
    bound: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    why: Counter[str] = Counter()
    for row in shipments(table):
        decision = decide(parse_shipment(row, book), book)
        outcomes[decision["outcome"]] += 1
        bound.update({rule for layer in decision["layers"] for rule in layer["rules"]})
        bound.update(alert["rule"] for alert in decision["alerts"])
        why.update(m["why"] for m in decision["missing"])
    # a rule that ended before the first generated day cannot bind
    over = {r.id for r in book.rules.values() if r.valid_to and r.valid_to < date(2012, 1, 1)}
    return [rule for rule in book.rules if not bound[rule] and rule not in over], outcomes, why


def test_rows_can_be_read_and_come_out_in_every_way(book: Book, with_papers: pa.Table) -> None:
    never, outcomes, why = never_bound(book, with_papers.slice(0, 3_000))
    assert min(outcomes[o] for o in ("prohibited", "undetermined", "needs", "clear")) > 150
    assert {"not held", "expired"} <= set(why)
    assert len(never) <= 0.1 * len(book.rules), never


@pytest.mark.ci
def test_nearly_every_rule_binds_somewhere(book: Book, with_papers: pa.Table) -> None:
    never, _, why = never_bound(book, with_papers.slice(0, 20_000))
    assert set(why) == {"not held", "expired", "wrong standard", "too small"}
    assert len(never) <= 0.02 * len(book.rules), never


def test_distinct_cases_are_many_and_do_not_grow_with_the_rows(book: Book) -> None:
    """Most rows are standing trades: what the law looks at repeats, while keys, masses and days do not."""

    def distinct(rows: int) -> int:
        table = pa.Table.from_batches(list(generate(rows, book=book)))
        kept = [
            n for n in table.column_names if n.startswith(("polymers.", "facts.")) or n in ("export", "import", "hs")
        ]
        return table.select(kept).group_by(kept).aggregate([]).num_rows

    few, many = distinct(65_536), distinct(262_144)
    assert few > 25_000
    assert many < 1.8 * few
