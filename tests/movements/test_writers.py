"""Concurrent writers on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import postgres_server

ROOT = Path(__file__).resolve().parents[2]


def environ(folder: Path, address: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "DJANGO_", "PYTEST_"))
    }
    return {
        **kept, "TIDEGATE_DATA_DIR": str(folder), "TIDEGATE_DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "tidegate.web.settings.test",
    }  # fmt: skip


def write(folder: Path, address: str, threads: int, draws: int, module: str = "writers") -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.movements.{module}", str(threads), str(draws)],
        cwd=ROOT, env=environ(folder, address), capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def nothing_lost(found: dict[str, Any]) -> None:
    assert found["failures"] == []
    assert found["overdrawn"] == "0"
    assert not found["breached"]
    assert found["row_is_rows"]
    assert found["row_is_postings"]
    assert found["unbalanced"] == 0
    assert found["count"]
    assert found["entries"]
    # The test would show nothing if the limit was never reached.
    assert found["told"]["ledger_insufficient"] > 0
    assert found["ends"]["committed"] > 50


@pytest.mark.ci
def test_two_writers_on_sqlite(tmp_path: Path) -> None:
    nothing_lost(write(tmp_path, f"sqlite:///{tmp_path}/writers.sqlite3", 2, 280))


def one_case_for_all(found: dict[str, Any]) -> None:
    """Several people on one case: every copy comes to the same, and the account is its shipments."""
    assert (found["failures"], found["rejected"], found["differ"]) == ([], [], [])
    assert not found["overdrawn"]
    assert (found["used"], found["reserved"], found["serials"], found["folded"]) == (True, True, True, True)
    assert found["unbalanced"] == 0
    # They have met: some acts came too late for what another had done.
    assert found["told"]["state"] > 0
    assert found["shared"] > 3


@pytest.mark.ci
def test_two_people_on_one_case_on_sqlite(tmp_path: Path) -> None:
    one_case_for_all(write(tmp_path, f"sqlite:///{tmp_path}/case.sqlite3", 2, 25, "case_writers"))


@pytest.fixture
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of the test's own."""
    with postgres_server() as address:
        yield address


@pytest.mark.ci
@pytest.mark.postgres
def test_eight_writers_on_postgresql(tmp_path: Path, postgres: str) -> None:
    found = write(tmp_path, postgres, 8, 80)
    nothing_lost(found)
    assert found["database"] == "postgresql"


@pytest.mark.ci
@pytest.mark.postgres
def test_four_people_on_one_case_on_postgresql(tmp_path: Path, postgres: str) -> None:
    found = write(tmp_path, postgres, 4, 20, "case_writers")
    one_case_for_all(found)
    assert found["database"] == "postgresql"
