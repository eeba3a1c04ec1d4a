"""What time does: functions that a background round calls again and again, each of which may be called any number of
times with the same effect as once.

    @round_("clocks")
    def lapse(now: datetime) -> int: ...
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from tidegate.parties import times

log = logging.getLogger("tidegate.movements")

Round = Callable[[datetime], int]
R = TypeVar("R", bound=Round)
ROUNDS: dict[str, Round] = {}


def round_(name: str) -> Callable[[R], R]:
    """Register a function that does what is due at a moment and gives the number of rows that it changed."""

    def register(function: R) -> R:
        if ROUNDS.setdefault(name, function) is not function:
            raise ValueError(f"two rounds are called {name!r}")
        return function

    return register


def tick(now: datetime | None = None) -> dict[str, int]:
    """Do everything that is due; gives the number of changed rows by round.

    A round that fails does not keep the others from their work; afterwards all failures are raised together.
    """
    moment = now or times.now()
    done: dict[str, int] = {}
    failed: list[Exception] = []
    with times.at(moment):
        for name, function in ROUNDS.items():
            try:
                done[name] = function(moment)
            except Exception as error:
                log.exception("the round %r failed", name)
                failed.append(error)
    if failed:
        raise ExceptionGroup("rounds failed", failed)
    return done
