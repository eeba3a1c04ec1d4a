"""What the ledger's hand-written statements stand on: the order of reading and locking, and what a connection keeps."""

from __future__ import annotations

import re
import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from tests.movements.test_ledger import commit, now, opened, reserve
from tests.parties.test_sealing import TestTogether as Together
from tidegate.movements import ledger
from tidegate.parties import times
from tidegate.parties.commanding import Refused


@pytest.mark.usefixtures("own_database")
class TestWaiting:
    """A draw that waits for the account sees all that the change before it did, not the account's own row alone."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_a_further_limit_that_came_meanwhile_counts(self) -> None:
        opened()
        held = threading.Event()
        told: list[str] = []

        def limit() -> None:
            with transaction.atomic():
                ledger.resize("VN", "VN-1", sub_periods=[(5, Decimal(100), None)])
                held.set()
                until_another_waits()

        def draw() -> None:
            assert held.wait(30)
            try:
                reserve("a", "500")
            except Refused as refused:
                told.append(refused.code)

        Together().run(limit, draw)
        assert told == ["ledger_period"]
        assert now().reserved == 0

    def test_a_draw_that_was_used_meanwhile_is_used_once(self) -> None:
        opened()
        reserve("a", "500")
        held = threading.Event()

        def first() -> None:
            with transaction.atomic():
                ledger.commit("VN", "VN-1", draw="a", kg=Decimal(400), at=times.now())
                held.set()
                until_another_waits()

        def second() -> None:
            assert held.wait(30)
            commit("a", "450")

        Together().run(first, second)
        assert (now().reserved, now().used) == (Decimal(0), Decimal(400))


def until_another_waits() -> None:
    """On SQLite nobody gets as far as a row: the transaction itself waits."""
    if connection.vendor != "postgresql":
        return
    until = time.monotonic() + 30
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() != (0,):
                return
            time.sleep(0.02)
    raise AssertionError("nobody waited")


@pytest.mark.django_db
def test_a_statement_is_the_same_whatever_its_values_and_kept_once() -> None:
    opened("900000000", sub_periods=[(5, None, 90)])
    asked: list[set[str]] = []

    def seen(execute: Any, sql: str, *more: Any) -> Any:
        asked[-1].add(" ".join(sql.split()))
        return execute(sql, *more)

    for n, kg in enumerate(["0.007", "7", "70000", "7000000"] * 2):
        asked.append(set())
        with connection.execute_wrapper(seen):
            reserve(f"a/{n}", kg)
            commit(f"a/{n}", kg)
    texts = [{sql for sql in found if not sql.startswith(("SAVEPOINT", "RELEASE"))} for found in asked]
    assert texts.count(texts[0]) == 8
    assert len(texts[0]) == 8
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        kept = [re.sub(r"\$\d+", "%s", " ".join(statement.split())) for (statement,) in cursor.fetchall()]
    assert sorted(set(kept) & texts[0]) == sorted(texts[0])
    assert len(kept) == len(set(kept))
