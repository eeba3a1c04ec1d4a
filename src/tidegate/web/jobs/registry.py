"""What the workers can do: one function for each kind of job, and what the reaper sweeps besides.

An app registers in a module that its AppConfig imports in `ready`:

    @task("batch.screen")
    def screen(task: Task) -> None: ...

    @sweeper
    def remove_old(now: datetime) -> int: ...
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tidegate.web.jobs.worker import Task

Handler = Callable[["Task"], Any]
Sweeper = Callable[[datetime], int]

_handlers: dict[str, Handler] = {}
_sweepers: list[Sweeper] = []
_H = TypeVar("_H", bound=Handler)
_S = TypeVar("_S", bound=Sweeper)


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


def handler_of(kind: str) -> Handler:
    """The function for a kind. Raises JobFailed when no app has registered it."""
    try:
        return _handlers[kind]
    except KeyError:
        raise JobFailed(f"no worker of this installation knows jobs of the kind {kind!r}") from None


def sweepers() -> tuple[Sweeper, ...]:
    """Everything that the reaper sweeps."""
    return tuple(_sweepers)
