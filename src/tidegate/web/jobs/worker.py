"""Takes jobs from the table and does them: as a process of its own, or as a thread of a small installation's server."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from tidegate.web.jobs import commands
from tidegate.web.jobs.commands import LEASE, Lease, LeaseLost
from tidegate.web.jobs.registry import JobFailed, Round, handler_of, rounds, sweepers

log = logging.getLogger("tidegate.jobs")

POLL = 1.0  # seconds between two looks at an empty table
BEAT = 1.0  # seconds between two writes of the progress
REAP_EVERY = 30.0
RETRY = timedelta(seconds=10)
SLOWEST = 60.0  # seconds between two tries of a round that keeps failing
OUR_FAULT = gettext_noop("Something went wrong here that nothing in the request explains. It was recorded.")


class Cancelled(Exception):
    """Somebody asked for the job to end."""


class Stopped(Exception):
    """The worker was told to stop; the job goes back into the table."""


class Task:
    """A job in the hands of a worker: what is to be done, and the ways to say how far it is and that it is done."""

    def __init__(self, lease: Lease, *, length: timedelta = LEASE, stop: threading.Event | None = None):
        self.lease = lease
        self.payload = lease.payload
        self.attempt = lease.attempt
        self.finished = False
        self._length = length
        self._stop = stop or threading.Event()
        self._beaten = time.monotonic()
        self._end: type[Exception] | None = None
        self._lock = threading.Lock()

    def progress(self, done: int, total: int | None = None, rows: int | None = None) -> None:
        """Says how far the work is. Cheap enough to be called often: it writes once a second.

        Raises Cancelled, Stopped or LeaseLost where the work should end; let it pass.
        """
        self.check()
        if time.monotonic() - self._beaten >= BEAT:
            self._beat(done=done, total=total, rows=rows)
            self.check()

    def check(self) -> None:
        """Raises Cancelled, Stopped or LeaseLost where the work should end."""
        if self._end is not None:
            raise self._end
        if self._stop.is_set():
            raise Stopped

    def finish(self, result: Any = None) -> None:
        """Says that the work is done. Call it in the transaction that makes the result count, as its last step.

        Raises LeaseLost, which has to roll that transaction back, when the job is another worker's by now.
        """
        commands.finish(self.lease, result)
        self.finished = True

    @contextmanager
    def kept(self) -> Any:
        """Renews the lease from a thread of its own while the work is too busy to call `progress`."""
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(over,), name=f"lease-{self.lease.job}", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _keep(self, over: threading.Event) -> None:
        third = self._length.total_seconds() / 3
        try:
            while not over.wait(third / 4) and self._end is None:
                if time.monotonic() - self._beaten < third:
                    continue
                try:
                    self._beat()
                except DatabaseError:
                    # The lease outlives a moment without database; the next round tries again.
                    log.warning("job %s: the lease could not be renewed", self.lease.job, exc_info=True)
        finally:
            connection.close()

    def _beat(self, **values: Any) -> None:
        with self._lock:
            try:
                if not commands.heartbeat(self.lease, lease=self._length, **values):
                    self._end = Cancelled
            except LeaseLost:
                self._end = LeaseLost
            self._beaten = time.monotonic()


class Worker:
    """Does one job after the other.

    `name` says in the table who works; `lease` is how long a job is held between two signs of life; `stop` ends the
    work: the job in hand goes back into the table.
    """

    def __init__(
        self,
        name: str = "",
        *,
        lease: timedelta = LEASE,
        poll: float = POLL,
        stop: threading.Event | None = None,
    ):
        self.name = name or f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
        self.lease = lease
        self.poll = poll
        self.stop = stop or threading.Event()
        self._reaped = float("-inf")

    def run(self) -> None:
        """Work until `stop` is set. The small rounds are made in a thread of their own: a job may take an hour.

        1. Every half minute: reap, so that one living worker is enough to take over from dead ones.
        2. Claim a job and do it; without one, wait a moment.
        3. A database that does not answer is waited for, not died of.
        """
        beside = threading.Thread(target=Rounds(self.stop).run, name=f"rounds-{self.name}", daemon=True)
        beside.start()
        try:
            self._run()
        finally:
            beside.join(self.poll if self.stop.is_set() else 0)

    def _run(self) -> None:
        while not self.stop.is_set():
            try:
                close_old_connections()
                self._reap_now_and_then()
                if self.run_once():
                    continue
            except DatabaseError:
                log.exception("the job table cannot be reached; trying again")
                self.stop.wait(5)
            self.stop.wait(self.poll)

    def drain(self) -> int:
        """Do every job that is there and return how many there were."""
        done = 0
        while not self.stop.is_set() and self.run_once():
            done += 1
        return done

    def run_once(self) -> bool:
        """Claim one job and see it to its end. False when there was none."""
        held = commands.claim(self.name, lease=self.lease)
        if held is None:
            return False
        self._work(held)
        return True

    def _work(self, held: Lease) -> None:
        """One job, from claim to end.

        1. Run its function while a second thread keeps the lease.
        2. It returned: finish, unless it did so itself in its own transaction.
        3. It failed for a reason that a person can act on (JobFailed): failed, with that reason, at once.
        4. Cancelled, or the worker was stopped: written down, or handed back.
        5. The lease is lost: nothing is written, another worker has the job.
        6. Anything else is a fault of ours: logged with its trace, tried again later, failed when that does not help.
        """
        task = Task(held, length=self.lease, stop=self.stop)
        log.info("job %s (%s): begun, attempt %s", held.job, held.kind, held.attempt)
        try:
            with task.kept():
                result = handler_of(held.kind)(task)
                if not task.finished:
                    with transaction.atomic():
                        task.finish(result)
        except JobFailed as failure:
            reason = str(failure)
            self._say(held, lambda: commands.fail(held, reason))
        except Cancelled:
            self._say(held, lambda: commands.give_up_cancelled(held))
        except Stopped:
            commands.release(held)
        except LeaseLost:
            log.warning("job %s: the lease was lost; another worker has it", held.job)
        except Exception:
            log.exception("job %s (%s): failed", held.job, held.kind)
            self._say(
                held,
                lambda: commands.fail(
                    held,
                    OUR_FAULT,
                    retry_after=RETRY * 4 ** (held.attempt - 1),
                ),
            )
        else:
            log.info("job %s (%s): done", held.job, held.kind)

    def _say(self, held: Lease, end: Callable[[], Any]) -> None:
        try:
            end()
        except LeaseLost:
            log.warning("job %s: the lease was lost; another worker has it", held.job)

    def _reap_now_and_then(self) -> None:
        if time.monotonic() - self._reaped < REAP_EVERY:
            return
        self._reaped = time.monotonic()
        reap_and_sweep()


class Rounds:
    """Makes the small rounds, each when its time has come; one that fails is tried again, later each time."""

    def __init__(self, stop: threading.Event, clock: Callable[[], float] = time.monotonic):
        self.stop = stop
        self._clock = clock
        self._due: dict[Round, float] = {}
        self._failed: dict[Round, int] = {}

    def run(self) -> None:
        """Until `stop` is set."""
        try:
            while not self.stop.is_set():
                self.stop.wait(self.make_due())
        finally:
            connection.close()

    def make_due(self) -> float:
        """Make the rounds whose time has come; gives the seconds until the next one."""
        for round_, seconds in rounds().items():
            if self.stop.is_set() or self._due.get(round_, float("-inf")) > self._clock():
                continue
            wait = seconds
            try:
                close_old_connections()
                round_()
                self._failed.pop(round_, None)
            except Exception:
                failed = self._failed[round_] = self._failed.get(round_, 0) + 1
                wait = min(max(SLOWEST, seconds), seconds * 2**failed)
                log.exception("the round %s.%s failed", round_.__module__, round_.__name__)
            self._due[round_] = self._clock() + wait
        now = self._clock()
        return max(0.0, min((due - now for due in self._due.values()), default=POLL))


def reap_and_sweep() -> dict[str, int]:
    """One round of the reaper: dead workers' jobs, old jobs, and what each app has registered to be swept."""
    counts = commands.reap()
    for sweep in sweepers():
        try:
            counts[f"{sweep.__module__}.{sweep.__name__}"] = sweep(timezone.now())
        except Exception:
            log.exception("sweeping failed: %s", sweep)
    return counts


_thread: threading.Thread | None = None
_starting = threading.Lock()


def start_thread() -> threading.Thread:
    """Start a worker as a thread of this process, once.

    It ends with the process; another worker, or the next start, takes its job over when the lease has run out.
    """
    global _thread
    with _starting:
        if _thread is None or not _thread.is_alive():
            worker = Worker()

            def run() -> None:
                try:
                    worker.run()
                finally:
                    connection.close()

            _thread = threading.Thread(target=run, name="tidegate-worker", daemon=True)
            _thread.start()
        return _thread
