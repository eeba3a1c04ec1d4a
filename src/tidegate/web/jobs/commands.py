"""Every change to the job table.

Two workers never hold one job: each change is a single UPDATE whose WHERE names the state that it starts from (and the
lease, once there is one), and the number of rows that it touched says whether it happened. That holds on SQLite, where
writers take turns, and on PostgreSQL, where an UPDATE that waited for another looks at its WHERE again.

Times are those of the machine that calls, aware UTC; machines that share a table have to agree within half a lease.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from tidegate.web.jobs.models import Job

LEASE = timedelta(seconds=60)
KEEP = timedelta(days=30)
# Kept in English; a page shows it in the reader's language.
STOPPED_EACH_TIME = gettext_noop("The work was begun several times, and the program that did it stopped each time.")
State = Job.State
_UNLEASED: dict[str, Any] = {"lease_token": "", "lease_until": None}


class LeaseLost(Exception):
    """The job belongs to another worker by now, or was taken away: whatever was done for it must not count."""


@dataclass(frozen=True)
class Lease:
    """The right to work on a job: its number, the token that proves it, and what is to be done."""

    job: int
    token: str
    kind: str
    payload: Mapping[str, Any]
    attempt: int


def enqueue(
    kind: str,
    payload: Mapping[str, Any],
    *,
    not_before: datetime | None = None,
    max_attempts: int = 3,
    now: datetime | None = None,
) -> Job:
    """Puts a job into the table; a worker sees it when the caller's transaction is committed."""
    now = now or timezone.now()
    return Job.objects.create(
        kind=kind, payload=dict(payload), created=now, not_before=not_before or now, max_attempts=max_attempts
    )


def claim(worker: str, *, lease: timedelta = LEASE, now: datetime | None = None) -> Lease | None:
    """Takes the next job for `worker`, or None when there is none.

    1. Look for the oldest waiting job whose time has come and that nobody has asked to cancel. Nothing is locked, so
       another worker may see the same one.
    2. Update it to running, with a new token and a lease, where it is still waiting.
    3. One row touched: it is ours. None: another worker was first; look for the next one.
    """
    while True:
        now_ = now or timezone.now()
        seen = Job.objects.filter(state=State.QUEUED, not_before__lte=now_, cancel_asked=False).order_by("id").first()
        if seen is None:
            return None
        token = secrets.token_hex(16)
        ours = Job.objects.filter(pk=seen.pk, state=State.QUEUED, not_before=seen.not_before).update(
            state=State.RUNNING,
            worker=worker,
            lease_token=token,
            lease_until=now_ + lease,
            started=now_,
            attempts=F("attempts") + 1,
            done=0,
            total=None,
            rows=0,
            error="",
        )
        if ours:
            return Lease(seen.pk, token, seen.kind, seen.payload, seen.attempts + 1)


def heartbeat(
    held: Lease,
    *,
    done: int | None = None,
    total: int | None = None,
    rows: int | None = None,
    lease: timedelta = LEASE,
    now: datetime | None = None,
) -> bool:
    """Renews the lease, writes how far the work is, and says whether the job should go on (False: cancelled).

    1. Update the lease's end where the token is still the one in the table.
    2. No row touched: the lease ran out and the reaper gave the job away. Raises LeaseLost.
    3. Read whether somebody asked to cancel.
    """
    now = now or timezone.now()
    values: dict[str, Any] = {"lease_until": now + lease}
    if done is not None:
        values |= {"done": done, "total": total, "rows": rows or 0}
    mine = _held(held)
    if not mine.update(**values):
        raise LeaseLost(f"job {held.job}")
    return not mine.values_list("cancel_asked", flat=True).get()


def finish(held: Lease, result: Any = None, *, now: datetime | None = None) -> None:
    """Ends the job well. Called in the transaction that makes its result count.

    One UPDATE where the token still holds; no row touched raises LeaseLost, which rolls the caller's transaction back.
    """
    _end(held, State.DONE, now, result=result)


def fail(held: Lease, error: str, *, retry_after: timedelta | None = None, now: datetime | None = None) -> bool:
    """Ends the job badly, or, with `retry_after` and attempts left, sends it back to wait. True: it will be retried.

    1. With attempts left: update to waiting, to be taken after `retry_after`, where the token still holds and nobody
       asked to cancel.
    2. Otherwise, or when that touched no row: update to failed where the token still holds, else LeaseLost.
    """
    now = now or timezone.now()
    if retry_after is not None:
        again = _held(held).filter(attempts__lt=F("max_attempts"), cancel_asked=False)
        if again.update(state=State.QUEUED, not_before=now + retry_after, error=error, **_UNLEASED):
            return True
    _end(held, State.FAILED, now, error=error)
    return False


def give_up_cancelled(held: Lease, *, now: datetime | None = None) -> None:
    """Ends a running job that somebody asked to cancel, where the token still holds, else LeaseLost."""
    _end(held, State.CANCELLED, now)


def release(held: Lease, *, now: datetime | None = None) -> None:
    """Hands a job back unfinished, as when the worker is told to stop: it waits again and the attempt does not count.

    Without a lease any more it does nothing: the job is with another worker. A wish to cancel that came meanwhile stays
    in the table; no worker claims such a job and the reaper ends it.
    """
    now = now or timezone.now()
    _held(held).update(state=State.QUEUED, not_before=now, attempts=F("attempts") - 1, **_UNLEASED)


def cancel(job: int, *, now: datetime | None = None) -> bool:
    """Asks for a job to end. True when it was still waiting or running.

    1. Waiting: update to cancelled, where it is still waiting. Nobody works on it, so that is all.
    2. Otherwise running: write the wish down, where it is still running; the worker reads it with its next heartbeat
       (or, when the worker is dead, the reaper does).
    """
    now = now or timezone.now()
    asked = Job.objects.filter(pk=job)
    if asked.filter(state=State.QUEUED).update(state=State.CANCELLED, ended=now):
        return True
    return bool(asked.filter(state=State.RUNNING).update(cancel_asked=True))


def reap(*, keep: timedelta = KEEP, now: datetime | None = None) -> dict[str, int]:
    """Takes the jobs of dead workers away from them, and removes jobs that ended long ago; gives the counts.

    Each step is one UPDATE (DELETE) over the leases that have run out, so that two reapers share the work instead of
    doing it twice, and a lease that is renewed meanwhile is left alone.

    1. Somebody asked to cancel (also of a job that was handed back at that moment): cancelled.
    2. Attempts left: waiting again, at once. The old worker's token is gone from the table, so whatever it still
       writes touches no row.
    3. No attempt left: failed, with a sentence for the person who waits.
    4. Ended before `keep`: removed.
    """
    now = now or timezone.now()
    dead = Job.objects.filter(state=State.RUNNING, lease_until__lt=now)
    cancelled = dead.filter(cancel_asked=True).update(state=State.CANCELLED, ended=now, **_UNLEASED)
    cancelled += Job.objects.filter(state=State.QUEUED, cancel_asked=True).update(state=State.CANCELLED, ended=now)
    requeued = dead.filter(attempts__lt=F("max_attempts")).update(state=State.QUEUED, not_before=now, **_UNLEASED)
    failed = dead.update(
        state=State.FAILED,
        ended=now,
        error=STOPPED_EACH_TIME,
        **_UNLEASED,
    )
    removed, _ = Job.objects.filter(state__in=Job.ENDED, ended__lt=now - keep).delete()
    return {"cancelled": cancelled, "requeued": requeued, "failed": failed, "removed": removed}


def _held(held: Lease) -> QuerySet[Job]:
    return Job.objects.filter(pk=held.job, state=State.RUNNING, lease_token=held.token)


def _end(held: Lease, state: Job.State, now: datetime | None, **values: Any) -> None:
    if not _held(held).update(state=state, ended=now or timezone.now(), **_UNLEASED, **values):
        raise LeaseLost(f"job {held.job}")
