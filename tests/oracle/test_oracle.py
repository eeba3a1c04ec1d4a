"""The SQL oracle, the evaluator and the bulk path agree on entries and on the national rules that bind."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle import tables
from tests.oracle.complete import complete
from tests.screening.aim import Raw, settle
from tests.screening.strategies import shipments, vocabulary
from tests.screening.tables import as_flat, expected, screened
from tidegate.law import load_rulebook

BOOK = load_rulebook(())
V = vocabulary(BOOK)
LAW = tables.rulebook_rows()
Entries = dict[str, tuple[str | None, str | None]]
Verdicts = dict[tuple[str, str, str], str]  # (id, layer, rule) → effect


def by_duckdb(rows: Sequence[Raw]) -> tuple[Entries, Verdicts]:
    """What the oracle says, run by DuckDB."""
    connection = duckdb.connect()
    for name, table in oracle_tables(rows).items():
        connection.register(f"given_{name}", table)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given_{name}")
    for name, query in tables.sections():
        connection.execute(f"CREATE TABLE {name} AS {query}")

    def fetch(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query).fetchall()

    return read(fetch)


def oracle_tables(rows: Sequence[Raw]) -> dict[str, pa.Table]:
    held = tables.shipment_rows(rows)
    return tables.as_tables({name: LAW[name] or held[name] for name in tables.COLUMNS})


def read(fetch: Callable[[str], Sequence[tuple[Any, ...]]]) -> tuple[Entries, Verdicts]:
    entries = {i: (entry, union) for i, entry, union in fetch("SELECT id, entry, eu_entry FROM classified")}
    found = fetch("SELECT id, state, role, rule, effect FROM verdict")
    return entries, {(i, f"national:{s}:{r}", rule): effect for i, s, r, rule, effect in found}


def told(decision: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(layer, rule) → effect, of a decision; alerts stand without their layer."""
    effects = {r["rule"]: r["effect"] for r in decision["reasons"]}
    out = {}
    for layer in decision["layers"]:
        if layer["layer"].startswith("national:"):
            for rule in layer["rules"]:
                effect = effects[rule]
                out[layer["layer"], rule] = effect if effect in ("prohibit", "allow") else "other"
    for alert in decision["alerts"]:
        rule = BOOK.rules.get(alert["rule"])
        if rule is not None and rule.state is not None:
            out[rule.layer_name, rule.id] = "alert"
    return out


def differences(
    rows: Sequence[Raw], decisions: Sequence[Mapping[str, Any]], entries: Entries, verdicts: Verdicts
) -> list[str]:
    open_rules: dict[str, set[str]] = {}
    sure: dict[str, dict[tuple[str, str], str]] = {row["id"]: {} for row in rows}
    for (identity, layer, rule), effect in verdicts.items():
        if effect == "unknown":
            open_rules.setdefault(identity, set()).add(rule)
        elif effect != "none":
            sure[identity][layer, rule] = effect
    out = []
    for row, decision in zip(rows, decisions, strict=True):
        identity = row["id"]
        # a rule that the load leaves open is compared neither way, nor is one that it would switch off
        left_out = open_rules.get(identity, set())
        left_out |= {x for rule in left_out for x in BOOK.rules[rule].exempts}
        want = {k: e for k, e in sure[identity].items() if k[1] not in left_out}
        have = {k: e for k, e in told(decision).items() if k[1] not in left_out}
        if (decision["entry"], decision["eu_entry"]) != entries[identity]:
            out.append(f"entry: oracle {entries[identity]}, decided {decision['entry'], decision['eu_entry']}\n  {row}")
        if want != have:
            only = {k: (want.get(k), have.get(k)) for k in want.keys() | have.keys() if want.get(k) != have.get(k)}
            out.append(f"rules (oracle, decided): {only}\n  {row}")
    return out


def agree(rows: Sequence[Raw], answers: tuple[Entries, Verdicts]) -> None:
    wanted = expected(rows, BOOK)
    assert {kind for kind, _ in wanted} == {"decided"}
    decisions = [decision for _, decision in wanted]
    found = differences(rows, decisions, *answers)
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:4])
    bulk = [decision for _, decision in screened([as_flat(rows)], BOOK)]
    found = differences(rows, bulk, *answers)
    assert not found, f"bulk, {len(found)} differences:\n" + "\n".join(found[:4])


def aimed_rows(step: int, seed: int) -> list[Raw]:
    """Every national rule and every entry, with neighbours on each side of each edge, everything known."""
    draw = random.Random(seed)
    rows: list[Raw] = []
    for rule in BOOK.rules.values():
        around = list(V.around(rule))
        for raw in around[:2] + around[2 + draw.randrange(step) :: step]:
            rows.append(complete(settle({**raw, "id": str(len(rows) + 1)}), V, draw))
    return rows


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
