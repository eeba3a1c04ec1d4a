"""What the workers can do: one function for each kind of job, what the reaper sweeps, and small rounds besides.

An app registers in a module that its AppConfig imports in `ready`:

    @task("batch.screen")
    def screen(task: Task) -> None: ...

    @sweeper
    def remove_old(now: datetime) -> int: ...

    @periodic(seconds=1)
    def deliver_due() -> int: ...
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tidegate.web.jobs.worker import Task

Handler = Callable[["Task"], Any]
Sweeper = Callable[[datetime], int]
Round = Callable[[], Any]

_handlers: dict[str, Handler] = {}
_sweepers: list[Sweeper] = []
_rounds: dict[Round, float] = {}
_H = TypeVar("_H", bound=Handler)
_S = TypeVar("_S", bound=Sweeper)
_R = TypeVar("_R", bound=Round)


class JobFailed(Exception):
    """The work cannot be done, now or later: the message is for the person who asked for it."""


def task(kind: str) -> Callable[[_H], _H]:
    """Registers the function that does the jobs of a kind. What it returns is kept as the job's result (JSON)."""

    def register(handler: _H) -> _H:
        if _handlers.setdefault(kind, handler) is not handler:
            raise ValueError(f"the kind of job {kind!r} is registered twice")
        return handler

    return register


def sweeper(function: _S) -> _S:
    """Registers a function that the reaper calls with the time; it gives the number of things it removed."""
    if function not in _sweepers:
        _sweepers.append(function)
    return function


def periodic(seconds: float) -> Callable[[_R], _R]:
    """Registers a small round that every worker makes so many seconds after its last one ended.

    Several workers make it at the same time, and a worker may die in the middle: it has to be safe against both.
    """
    if seconds <= 0:
        raise ValueError("a round needs a moment between two of its kind")

    def register(function: _R) -> _R:
        _rounds.setdefault(function, seconds)
        return function

    return register


def rounds() -> dict[Round, float]:
    """Every round, with the seconds between two of it."""
    return dict(_rounds)


def handler_of(kind: str) -> Handler:
    """The function for a kind. Raises JobFailed when no app has registered it."""
    try:
        return _handlers[kind]
    except KeyError:
        raise JobFailed(f"no worker of this installation knows jobs of the kind {kind!r}") from None


def sweepers() -> tuple[Sweeper, ...]:
    """Everything that the reaper sweeps."""
    return tuple(_sweepers)
