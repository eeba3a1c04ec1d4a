"""The rulebook in other forms."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tidegate.law import Book, load_rulebook
from tidegate.law.export import CSV_COLUMNS, rule_files, select, to_csv, to_json, to_yaml
from tidegate.law.factsheet import factsheet
from tidegate.law.proposals import FIELD_ORDER
from tidegate.law.yaml_text import dump


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook(())


def test_what_is_exported_as_yaml_loads_as_the_same_rules(book: Book, tmp_path: Path) -> None:
    for number, (_, content) in enumerate(rule_files(book, book.rules.values())):
        (tmp_path / f"{number}.yaml").write_text(dump(content), encoding="utf-8")
    again = load_rulebook([tmp_path])
    assert set(again.rules) == set(book.rules)
    for rule in book.rules.values():
        assert replace(again.rules[rule.id], order=0, source_file="") == replace(rule, order=0, source_file="")


def test_the_yaml_text_holds_one_document_for_each_state(book: Book) -> None:
    documents = list(yaml.safe_load_all(to_yaml(book, select(book))))
    assert {d.get("state") for d in documents if d.get("state")} == set(book.national_states)
    assert sum(len(d["rules"]) for d in documents) == len(book.rules)


def test_json_holds_every_rule_with_its_source(book: Book) -> None:
    whole = json.loads(to_json(book, select(book)))
    assert (whole["version"], whole["hash"]) == (book.version, book.hash)
    assert [r["id"] for r in whole["rules"]] == list(book.rules)
    ban = next(r for r in whole["rules"] if r["id"] == "TH-IMP-BAN-2025")
    assert (ban["state"], ban["kind"], ban["from"], ban["to"]) == ("TH", "prohibition", "2025-01-01", None)
    deposit = next(r for r in whole["rules"] if r["id"] == "VN-IMP-DEPOSIT")
    assert deposit["documents"][0]["value_by_tonnes"][0] == {"below": 100, "value": 15}


def test_csv_has_a_line_for_each_rule(book: Book) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(book, select(book, state="MY")))))
    assert tuple(rows[0]) == CSV_COLUMNS == tuple(dict.fromkeys(CSV_COLUMNS))
    assert {r["place"].partition(",")[0] for r in rows} == {"Malaysia"}
    purity = next(r for r in rows if r["id"] == "MY-IMP-PURITY-2025")
    assert "target purity (%) below 99.5" in purity["fails"]


def test_a_spreadsheet_runs_nothing(book: Book) -> None:
    rule = replace(book.rules["TH-IMP-BAN-2025"], text="=HYPERLINK(1)", note="@SUM(A1)")
    (row,) = csv.DictReader(io.StringIO(to_csv(book, [rule])))
    assert (row["text"], row["note"]) == ("'=HYPERLINK(1)", "'@SUM(A1)")


def test_select_by_state_and_layer(book: Book) -> None:
    assert {r.state for r in select(book, state="LK")} == {"LK"}
    assert {r.layer for r in select(book, layer="basel")} == {"basel"}
    assert {r.layer_name for r in select(book, layer="national:TH:transit")} == {"national:TH:transit"}


def test_a_factsheet_says_what_holds_what_changes_and_what_ended(book: Book) -> None:
    text = factsheet(book, "TH", date(2024, 12, 20))
    part = {title: body for title, _, body in (p.partition("\n") for p in text.split("\n## ")[1:])}
    assert "### TH-IMP-WINDOW-2024" in part["Import"]
    assert "### TH-IMP-BAN-2025" not in part["Import"]
    assert "2025-01-01: TH-IMP-BAN-2025 begins" in part["What changes next"]
    assert "TH-IMP-FZ-2023" in part["No longer in force"]
    assert "Party to the Basel Convention: from" in part["Treaties and groups"]
    assert "Not legal advice" in text
    assert book.label in text


def test_a_factsheet_warns_where_a_rule_was_not_checked(book: Book) -> None:
    text = factsheet(book, "ID", date(2026, 11, 21))
    stop = text.partition("### ID-IMP-STOP-2025")[2].partition("###")[0]
    assert "Take care: administrative, binds nobody" in stop
    assert "| import | Foreign matter | at most 2 % | ID-IMP-IMPURITY-2020 |" in text


def test_proposals_know_every_field_of_a_rule() -> None:
    from tidegate.law.loader import RULE_FIELDS

    assert set(FIELD_ORDER) == RULE_FIELDS


# ── writing YAML ───────────────────────────────────────────────────────────────────────────────────────────

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.dates(),
    st.text(st.characters(exclude_categories=["Cs", "Co", "Cn"]), max_size=40),
    st.sampled_from(
        ["no", "Yes", "null", "~", "1e3", "0x1", "2026-01-01", "a: b", "- a", "#", "'", '"', "", " ", "=", "@a"]
    ),
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(DATA)
def test_what_is_written_reads_back_the_same(value: object) -> None:
    assert yaml.safe_load(dump(value)) == value


def test_figures_keep_their_digits() -> None:
    assert yaml.safe_load(dump({"a": Decimal("99.5"), "b": Decimal("2")})) == {"a": 99.5, "b": 2}
