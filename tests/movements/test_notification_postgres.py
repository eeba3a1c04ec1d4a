"""Cases on PostgreSQL: what stands on locks and constraints runs again on a server of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import postgres_server

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
AGAIN = (
    "test_notification_way.py",
    "test_notification_machine.py",
    "test_clocks.py",
    "test_registers.py",
    "test_terms.py",
    "test_whole_case.py",
    "test_movements.py",
    "test_takeback.py",
    "test_movements_orders.py",
    "test_movements_exchange.py",
    "test_green.py",
)


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
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", str(HERE / name)],
        env={**os.environ, "TIDEGATE_DATABASE_URL": server},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-4000:]
