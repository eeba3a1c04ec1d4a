"""The same on PostgreSQL: what stands on locks, triggers and constraints runs again on a server of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import postgres_server

ROOT = Path(__file__).parents[1]
# By what runs together: a run of its own for each file would spend its time on making the tables.
AGAIN = {
    "parties": (
        "tests/parties/test_sealing.py",
        "tests/parties/test_feed.py",
        "tests/parties/test_commands.py",
        "tests/parties/test_delegation.py",
    ),
    "exchange": (
        "tests/exchange/test_exchange.py",
        "tests/exchange/test_faults.py",
        "tests/exchange/test_concurrency.py",
    ),
    "movements, paper": (
        "tests/movements/test_ledger.py",
        "tests/movements/test_ledger_rows.py",
        "tests/movements/test_permits.py",
        "tests/movements/test_draws.py",
        "tests/movements/test_border.py",
        "tests/movements/test_credentials.py",
        "tests/movements/test_notification_way.py",
        "tests/movements/test_notification_machine.py",
        "tests/movements/test_clocks.py",
        "tests/movements/test_registers.py",
        "tests/movements/test_search.py",
        "tests/movements/test_assignments.py",
        "tests/movements/test_overdue.py",
    ),
    "movements, ways": (
        "tests/movements/test_terms.py",
        "tests/movements/test_whole_case.py",
        "tests/movements/test_movements.py",
        "tests/movements/test_takeback.py",
        "tests/movements/test_movements_orders.py",
        "tests/movements/test_movements_exchange.py",
        "tests/movements/test_green.py",
        "tests/movements/test_green_control.py",
        "tests/movements/test_desk_plans.py",
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a PostgreSQL that ends with the module."""
    with postgres_server() as address:
        yield address


@pytest.mark.ci
@pytest.mark.postgres
@pytest.mark.skipif("TIDEGATE_DATABASE_URL" in os.environ, reason="this run has a database already")
@pytest.mark.parametrize("name", AGAIN)
def test_the_same_on_postgresql(name: str, server: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *AGAIN[name]],
        env={**os.environ, "TIDEGATE_DATABASE_URL": server},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout[-4000:]
