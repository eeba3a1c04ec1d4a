"""The SQL oracle, the evaluator and the bulk path agree on entries and on the national rules that bind."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.ask import BOOK, Entries, V, Verdicts, aimed_rows, by_duckdb, differences
from tests.oracle.complete import complete
from tests.screening.aim import Raw
from tests.screening.strategies import shipments
from tests.screening.tables import as_flat, expected, screened


def agree(rows: Sequence[Raw], answers: tuple[Entries, Verdicts]) -> None:
    wanted = expected(rows, BOOK)
    assert {kind for kind, _ in wanted} == {"decided"}
    decisions = [decision for _, decision in wanted]
    found = differences(rows, decisions, *answers)
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:4])
    bulk = [decision for _, decision in screened([as_flat(rows)], BOOK)]
    found = differences(rows, bulk, *answers)
    assert not found, f"bulk, {len(found)} differences:\n" + "\n".join(found[:4])


@pytest.fixture(scope="module")
def every_rule(request: pytest.FixtureRequest) -> list[Raw]:
    return aimed_rows(8 if request.config.getoption("--size") == "newcomer" else 1, seed=5)


@pytest.fixture(scope="module")
def answers(every_rule: list[Raw]) -> tuple[Entries, Verdicts]:
    return by_duckdb(every_rule)


def test_the_oracle_has_something_to_say_of_every_rule(answers: tuple[Entries, Verdicts]) -> None:
    """Every national rule is met, those that can prohibit also do, and every entry but those of headings comes out."""
    entries, verdicts = answers
    met = {rule for (_, _, rule), effect in verdicts.items() if effect != "none"}
    national = {r.id for r in BOOK.rules.values() if r.state}
    assert national - met == set()
    prohibited = {rule for (_, _, rule), effect in verdicts.items() if effect == "prohibit"}
    can = {r.id for r in BOOK.rules.values() if r.state and r.binds and (r.kind == "prohibition" or r.fails)}
    assert can - prohibited == set()
    streams = {e for s in BOOK.streams.values() for e, _, _ in s.entries}
    assert streams | {"A3210", "B3011", "Y48", "B3010"} <= {entry for entry, _ in entries.values()}
    assert {"EU3011", "EU48", "AC300", None} <= {union for _, union in entries.values()}


def test_oracle_evaluator_and_bulk_agree_on_every_rule(
    every_rule: list[Raw], answers: tuple[Entries, Verdicts]
) -> None:
    agree(every_rule, answers)


@settings(max_examples=max(4, settings().max_examples // 5))
@given(st.lists(shipments(V), min_size=20, max_size=40), st.integers(0, 2**32))
def test_oracle_evaluator_and_bulk_agree_on_what_is_drawn(drawn: list[Raw], seed: int) -> None:
    draw = random.Random(seed)
    rows = [complete({**raw, "id": str(n)}, V, draw) for n, raw in enumerate(drawn)]
    agree(rows, by_duckdb(rows))
