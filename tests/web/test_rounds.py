"""Small rounds: each in its time, one that fails stops no other, and the journal is sealed by them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from tidegate.parties import sealing
from tidegate.web.jobs import registry
from tidegate.web.jobs.registry import periodic
from tidegate.web.jobs.worker import SLOWEST, Rounds, Worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Rounds that a test registers are gone after it, and time is a number."""
    monkeypatch.setattr(registry, "_rounds", {})
    return [100.0]


def counted(seconds: float, made: list[str], name: str) -> Callable[[], None]:
    @periodic(seconds=seconds)
    def round_() -> None:
        made.append(name)

    return round_


def test_each_round_is_made_in_its_time(clock: list[float]) -> None:
    made: list[str] = []
    counted(1, made, "quick")
    counted(5, made, "slow")
    rounds = Rounds(threading.Event(), clock=lambda: clock[0])
    assert rounds.make_due() == pytest.approx(1)
    assert sorted(made) == ["quick", "slow"]
    for _ in range(5):
        clock[0] += 1
        rounds.make_due()
    assert (made.count("quick"), made.count("slow")) == (6, 2)
    clock[0] += 0.5
    assert rounds.make_due() == pytest.approx(0.5)
    assert made.count("quick") == 6


def test_a_round_that_fails_is_tried_later_each_time_and_stops_no_other(clock: list[float]) -> None:
    made, tried = list[str](), list[float]()

    @periodic(seconds=1)
    def broken() -> None:
        tried.append(clock[0])
        raise OSError("no disk")

    counted(1, made, "good")
    rounds = Rounds(threading.Event(), clock=lambda: clock[0])
    for _ in range(200):
        rounds.make_due()
        clock[0] += 1
    assert len(made) == 200
    waits = [int(b - a) for a, b in pairwise(tried)]
    assert waits[:6] == [2, 4, 8, 16, 32, int(SLOWEST)]


def test_a_round_needs_a_moment() -> None:
    with pytest.raises(ValueError, match="moment"):
        periodic(seconds=0)


def test_the_journal_is_sealed_by_a_round() -> None:
    assert registry.rounds()[sealing.seal_all] == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_makes_rounds_beside_its_jobs(clock: list[float]) -> None:
    made: list[str] = []
    counted(0.01, made, "round")
    worker = Worker("w", poll=0.01)
    thread = threading.Thread(target=worker.run)
    thread.start()
    until = time.monotonic() + 30
    while len(made) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    worker.stop.set()
    thread.join(30)
    assert len(made) >= 3
