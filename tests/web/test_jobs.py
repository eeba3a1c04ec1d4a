"""Background jobs: one worker for one job, whatever else happens; a dead worker's job is done by another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from tidegate.web.jobs import commands, registry
from tidegate.web.jobs.commands import LeaseLost
from tidegate.web.jobs.models import Job
from tidegate.web.jobs.registry import JobFailed, task
from tidegate.web.jobs.worker import Task, Worker, reap_and_sweep

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("worker_process.py")
LATER = timedelta(minutes=10)

pytestmark = pytest.mark.django_db


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds of jobs that a test registers are gone after it."""
    monkeypatch.setattr(registry, "_handlers", dict(registry._handlers))


def state(job: Job) -> str:
    job.refresh_from_db()
    return str(job.state)


# ── the table ──────────────────────────────────────────────────────────────────────────────────────────────


def test_jobs_are_taken_oldest_first_and_once() -> None:
    first, second = commands.enqueue("k", {"n": 1}), commands.enqueue("k", {"n": 2})
    one, two = commands.claim("a"), commands.claim("b")
    assert one is not None
    assert two is not None
    assert (one.job, two.job) == (first.pk, second.pk)
    assert one.payload == {"n": 1}
    assert one.token != two.token
    assert commands.claim("c") is None


def test_a_job_waits_for_its_time() -> None:
    now = timezone.now()
    commands.enqueue("k", {}, not_before=now + LATER, now=now)
    assert commands.claim("a", now=now) is None
    assert commands.claim("a", now=now + LATER) is not None


def test_a_claim_that_comes_second_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both workers have seen the same row; the update of one has touched it first."""
    only = commands.enqueue("k", {})
    seen = Job.objects.get(pk=only.pk)
    first = commands.claim("a")
    assert first is not None
    found = iter([seen, None])
    monkeypatch.setattr("django.db.models.query.QuerySet.first", lambda self: next(found))
    assert commands.claim("b") is None
    only.refresh_from_db()
    assert (only.worker, only.lease_token, only.attempts) == ("a", first.token, 1)


def test_a_lease_that_ran_out_is_worth_nothing_to_its_old_holder() -> None:
    job = commands.enqueue("k", {})
    old = commands.claim("a")
    assert old is not None
    assert commands.reap(now=timezone.now() + LATER)["requeued"] == 1
    new = commands.claim("b", now=timezone.now() + LATER)
    assert new is not None
    assert new.job == job.pk
    assert new.attempt == 2
    for write in (
        lambda: commands.heartbeat(old, done=5),
        lambda: commands.finish(old, "old"),
        lambda: commands.fail(old, "old"),
        lambda: commands.give_up_cancelled(old),
    ):
        with pytest.raises(LeaseLost):
            write()
    commands.release(old)
    job.refresh_from_db()
    assert (job.state, job.worker, job.lease_token) == ("running", "b", new.token)
    commands.finish(new, {"by": "b"})
    job.refresh_from_db()
    assert (job.state, job.result, job.lease_token, job.lease_until) == ("done", {"by": "b"}, "", None)


def test_a_renewed_lease_is_left_alone() -> None:
    commands.enqueue("k", {})
    held = commands.claim("a")
    assert held is not None
    assert commands.heartbeat(held, done=3, total=9, rows=3, now=timezone.now() + LATER)
    assert not any(commands.reap(now=timezone.now() + LATER).values())
    job = Job.objects.get()
    assert (job.state, job.done, job.total, job.rows, job.percent) == ("running", 3, 9, 3, 33)


def test_a_job_that_kills_every_worker_is_given_up_with_a_sentence() -> None:
    job = commands.enqueue("k", {}, max_attempts=2)
    now = timezone.now()
    for attempt in (1, 2):
        held = commands.claim("w", now=now)
        assert held is not None
        assert held.attempt == attempt
        now += LATER
        commands.reap(now=now)
    assert state(job) == "failed"
    assert job.error == commands.STOPPED_EACH_TIME
    assert commands.claim("w", now=now) is None


def test_cancelling() -> None:
    waiting, running, dead = (commands.enqueue("k", {"n": n}) for n in range(3))
    assert commands.cancel(waiting.pk)
    assert state(waiting) == "cancelled"
    held, lost = commands.claim("a"), commands.claim("b")
    assert held is not None
    assert lost is not None
    assert (held.job, lost.job) == (running.pk, dead.pk)
    assert commands.cancel(running.pk)
    assert not commands.heartbeat(held)
    commands.give_up_cancelled(held)
    assert state(running) == "cancelled"
    assert not commands.cancel(running.pk)
    # Nobody is left to read the wish: the reaper does.
    assert commands.cancel(dead.pk)
    assert commands.reap(now=timezone.now() + LATER)["cancelled"] == 1
    assert state(dead) == "cancelled"


def test_a_wish_to_cancel_survives_being_handed_back() -> None:
    job = commands.enqueue("k", {})
    held = commands.claim("a")
    assert held is not None
    commands.cancel(job.pk)
    commands.release(held)
    assert commands.claim("b") is None
    commands.reap()
    assert state(job) == "cancelled"


def test_handing_back_does_not_count_as_an_attempt() -> None:
    commands.enqueue("k", {}, max_attempts=1)
    held = commands.claim("a")
    assert held is not None
    commands.release(held)
    again = commands.claim("b")
    assert again is not None
    assert again.attempt == 1


def test_old_jobs_are_removed_and_active_ones_never() -> None:
    done, waiting = commands.enqueue("k", {}), commands.enqueue("k", {})
    held = commands.claim("a")
    assert held is not None
    commands.finish(held)
    assert commands.reap(now=timezone.now() + commands.KEEP + LATER)["removed"] == 1
    assert list(Job.objects.values_list("pk", flat=True)) == [waiting.pk]
    assert done.pk != waiting.pk


def test_the_table_refuses_a_running_job_without_a_lease() -> None:
    from django.db import IntegrityError

    job = commands.enqueue("k", {})
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state="running")
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(state="asleep")


# ── the worker ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_worker_does_a_job_and_keeps_what_it_returns(kinds: None) -> None:
    @task("t.ok")
    def ok(task: Task) -> dict[str, Any]:
        return {"twice": task.payload["n"] * 2}

    job = commands.enqueue("t.ok", {"n": 21})
    assert Worker("w").drain() == 1
    assert state(job) == "done"
    assert job.result == {"twice": 42}


def test_a_reason_that_a_person_can_act_on_ends_the_job_at_once(kinds: None) -> None:
    @task("t.bad")
    def bad(task: Task) -> None:
        raise JobFailed("the file is cut off")

    job = commands.enqueue("t.bad", {})
    assert Worker("w").drain() == 1
    assert state(job) == "failed"
    assert (job.error, job.attempts) == ("the file is cut off", 1)


def test_a_fault_of_ours_is_tried_again_and_then_given_up(kinds: None) -> None:
    tried: list[int] = []

    @task("t.fault")
    def fault(task: Task) -> None:
        tried.append(task.attempt)
        raise KeyError("secret detail")

    job = commands.enqueue("t.fault", {})
    for _ in range(3):
        assert Worker("w").drain() <= 1
        Job.objects.filter(state="queued").update(not_before=timezone.now())
    assert tried == [1, 2, 3]
    assert state(job) == "failed"
    assert "secret" not in job.error


def test_a_kind_that_nobody_knows_fails_with_words() -> None:
    job = commands.enqueue("nobody.knows", {})
    Worker("w").drain()
    assert state(job) == "failed"
    assert "nobody.knows" in job.error


def test_a_worker_reads_the_wish_to_cancel(kinds: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidegate.web.jobs.worker.BEAT", 0)
    reached: list[int] = []

    @task("t.long")
    def long(task: Task) -> None:
        for n in range(1000):
            reached.append(n)
            if n == 3:
                commands.cancel(task.lease.job)
            task.progress(n, 1000, n)

    job = commands.enqueue("t.long", {})
    Worker("w").drain()
    assert state(job) == "cancelled"
    assert reached == [0, 1, 2, 3]


def test_a_worker_that_is_stopped_hands_its_job_back(kinds: None) -> None:
    stop = threading.Event()

    @task("t.stopped")
    def stopped(task: Task) -> None:
        stop.set()
        task.progress(1)

    job = commands.enqueue("t.stopped", {})
    Worker("w", stop=stop).drain()
    assert state(job) == "queued"
    assert job.attempts == 0


def test_finishing_and_its_effect_happen_together_or_not_at_all(kinds: None) -> None:
    """The lease is lost while the work is at its last step: what it wrote is rolled back."""

    @task("t.late")
    def late(task: Task) -> None:
        commands.reap(now=timezone.now() + LATER)
        with transaction.atomic():
            Job.objects.create(kind="effect", created=timezone.now(), not_before=timezone.now() + LATER)
            task.finish()

    job = commands.enqueue("t.late", {})
    assert Worker("w").run_once()
    assert state(job) == "queued"
    assert not Job.objects.filter(kind="effect").exists()


@pytest.mark.django_db(transaction=True)
def test_a_busy_job_keeps_its_lease(kinds: None) -> None:
    """The work says nothing for longer than its lease; the second thread renews it."""
    renewed: list[bool] = []

    @task("t.busy")
    def busy(task: Task) -> None:
        first = Job.objects.get(pk=task.lease.job).lease_until
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if Job.objects.get(pk=task.lease.job).lease_until > first:  # type: ignore[operator]
                renewed.append(True)
                return
            time.sleep(0.05)

    job = commands.enqueue("t.busy", {})
    Worker("w", lease=timedelta(seconds=1)).drain()
    assert renewed == [True]
    assert state(job) == "done"


def test_the_reaper_goes_on_when_one_sweeper_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(now: Any) -> int:
        raise OSError("no disk")

    def good(now: Any) -> int:
        return 7

    monkeypatch.setattr(registry, "_sweepers", [broken, good])
    counts = reap_and_sweep()
    assert [count for name, count in counts.items() if name.endswith(".good")] == [7]


def test_a_kind_is_registered_once(kinds: None) -> None:
    task("t.twice")(lambda task: None)
    with pytest.raises(ValueError, match=r"t\.twice"):
        task("t.twice")(lambda task: None)


# ── processes ──────────────────────────────────────────────────────────────────────────────────────────────


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Start]:
    """Worker processes on the database that this process sees, too: PostgreSQL where the run has one, else a file of
    SQLite, for what is in memory no other process can reach."""
    environment = {
        **os.environ,
        "TIDEGATE_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tidegate.web.settings.test",
        "TIDEGATE_TEST_GATE": str(tmp_path / "gate"),
        "PYTHONPATH": f"{ROOT}/src",
    }
    settings = connection.settings_dict
    held = settings["NAME"], connection.connection
    in_memory = connection.vendor == "sqlite"
    if in_memory:
        environment.pop("TIDEGATE_DATABASE_URL", None)
        settings["NAME"] = str(tmp_path / "tidegate.sqlite3")
        connection.connection = None
        call_command("migrate", verbosity=0)
    else:
        address = urlsplit(os.environ["TIDEGATE_DATABASE_URL"])
        environment["TIDEGATE_DATABASE_URL"] = urlunsplit(address._replace(path=f"/{settings['NAME']}"))
    running: list[subprocess.Popen[bytes]] = []

    def start(mode: str, name: str) -> subprocess.Popen[bytes]:
        made = subprocess.Popen([sys.executable, str(SCRIPT), mode, name], env=environment, cwd=tmp_path)
        running.append(made)
        return made

    start.gate = tmp_path / "gate"  # type: ignore[attr-defined]
    start.environment = environment  # type: ignore[attr-defined]
    try:
        yield start
    finally:
        for process in running:
            process.kill()
            process.wait()
        if in_memory:
            connection.close()
            settings["NAME"], connection.connection = held


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until, "it did not happen within a minute"
        time.sleep(0.05)


class TestProcesses:
    """Workers in processes that know nothing of each other."""

    pytestmark = [pytest.mark.ci, pytest.mark.django_db(transaction=True)]

    def test_two_workers_do_every_job_exactly_once(self, installation: Any, tmp_path: Path) -> None:
        book = tmp_path / "done"
        for n in range(40):
            commands.enqueue("test.note", {"n": n, "file": str(book)})
        workers = [installation("drain", name) for name in ("one", "two")]
        installation.gate.touch()
        assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
        assert Counter(book.read_text().split()) == Counter(str(n) for n in range(40))
        assert set(Job.objects.values_list("state", flat=True)) == {"done"}
        assert {job.result["n"] for job in Job.objects.all() if job.result} == set(range(40))

    def test_a_killed_workers_job_is_done_by_another(self, installation: Any, tmp_path: Path) -> None:
        book = tmp_path / "tries"
        job = commands.enqueue("test.hang", {"file": str(book)})
        first = installation("run", "first")
        wait_for(lambda: book.exists() and book.read_text() == "attempt 1\n")
        first.kill()
        first.wait()
        assert state(job) == "running"
        assert not commands.reap()["requeued"], "the lease still holds"
        assert commands.reap(now=timezone.now() + LATER)["requeued"] == 1
        installation.gate.touch()
        # The reaper spoke of a time to come; the job is to be taken now.
        Job.objects.update(not_before=timezone.now())
        assert installation("drain", "second").wait(timeout=120) == 0
        assert book.read_text().split("\n")[:2] == ["attempt 1", "attempt 2"]
        job.refresh_from_db()
        assert (job.state, job.result, job.worker, job.attempts) == ("done", "done", "second", 2)

    def test_a_worker_told_to_stop_hands_its_job_back(self, installation: Any, tmp_path: Path) -> None:
        book = tmp_path / "tries"
        job = commands.enqueue("test.hang", {"file": str(book)})
        worker = installation("run", "first")
        wait_for(lambda: book.exists() and book.read_text() == "attempt 1\n")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=60) == 0
        job.refresh_from_db()
        assert (job.state, job.attempts, job.lease_token) == ("queued", 0, "")

    def test_the_command_does_what_is_there(self, installation: Any) -> None:
        job = commands.enqueue("nobody.knows", {})
        done = subprocess.run(
            [sys.executable, "-m", "django", "worker", "--drain", "--name", "shell"],
            env=installation.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "1 jobs done" in done.stdout
        job.refresh_from_db()
        assert (job.state, job.worker) == ("failed", "shell")
