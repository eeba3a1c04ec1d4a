"""The SQL oracle asked: the tables it reads, its answers by DuckDB and by Spark, and how decisions differ from them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import sqlglot

from tests.oracle import tables
from tests.oracle.complete import complete
from tests.screening.aim import Raw, settle
from tests.screening.strategies import vocabulary
from tidegate.law import load_rulebook

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

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


def by_spark(rows: Sequence[Raw], session: SparkSession) -> tuple[Entries, Verdicts]:
    """The same, run by Spark: the text is carried over to its dialect by SQLGlot."""
    for name, table in oracle_tables(rows).items():
        session.createDataFrame(table).createOrReplaceTempView(name)
    for name, query in tables.sections():
        (text,) = sqlglot.transpile(query, read="duckdb", write="spark")
        # each section is worked out once, not again for every section that reads it
        session.sql(text).localCheckpoint().createOrReplaceTempView(name)

    def fetch(query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in session.sql(query).collect()]

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


def aimed_rows(step: int, seed: int) -> list[Raw]:
    """Every national rule and every entry, with neighbours on each side of each edge, everything known."""
    draw = random.Random(seed)
    rows: list[Raw] = []
    for rule in BOOK.rules.values():
        around = list(V.around(rule))
        for raw in around[:2] + around[2 + draw.randrange(step) :: step]:
            rows.append(complete(settle({**raw, "id": str(len(rows) + 1)}), V, draw))
    return rows
