"""The table of invariants (docs/invariants.md): whole, and true of the tests that it names."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| *\d+ *\|", line)
]
# What runs the files that it names on the other database, and what runs there by itself.
AGAIN = "tests/test_on_postgresql.py"
THERE = "tests/movements/test_writers.py"


@cache
def functions(path: str) -> dict[str, ast.FunctionDef]:
    """The test functions of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@cache
def on_postgresql() -> set[str]:
    """The files that run on PostgreSQL too."""
    return {THERE, *re.findall(r'"(tests/\w+/test_\w+\.py)"', (ROOT / AGAIN).read_text(encoding="utf-8"))}


def makes_its_own_cases(function: ast.FunctionDef) -> bool:
    """Whether hypothesis makes up what a test tries."""
    text = ast.unparse(function)
    return "@given(" in text or "run_state_machine_as_test(" in text


def test_all_thirty_two_are_there() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 33))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_table_says_what_is_so(row: list[str]) -> None:
    _number, _holds, named, kind, databases = row
    tests = [tuple(one.split("::")) for one in re.findall(r"`([^`]+)`", named)]
    assert tests
    missing = [f"{path}::{name}" for path, name in tests if name not in functions(path)]
    assert missing == []
    generated = any(makes_its_own_cases(functions(path)[name]) for path, name in tests)
    assert kind == ("property" if generated else "scenario")
    also = any(path in on_postgresql() for path, _name in tests)
    assert databases == ("SQLite, PostgreSQL" if also else "SQLite")
