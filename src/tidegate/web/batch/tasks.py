"""The background job that screens a batch, and what the reaper removes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_noop

from tidegate.batch import WHOLE_SHIPMENT, screen_file
from tidegate.batch.summary_file import as_json, public
from tidegate.formats import FormatError, rejects_path
from tidegate.law import Book, RulebookError, load_rulebook
from tidegate.parties.actors import acting, memberships_of
from tidegate.parties.models import Person
from tidegate.screening.registers import Register
from tidegate.web import registers
from tidegate.web.batch import commands, conf, results, store
from tidegate.web.batch.models import Batch
from tidegate.web.jobs.registry import JobFailed, sweeper, task
from tidegate.web.jobs.worker import Cancelled, Task

FULL = gettext_noop("The disk of this installation is full. Delete batches that are no longer needed, and try again.")
NO_REGISTER = gettext_noop("Who started this may not ask the registers of the State any more.")
NO_RULEBOOK = gettext_noop("The rulebook of this installation cannot be read; its keeper has to look at it.")
# Uploads that nobody starts, and files that no batch owns, are not kept as long as results are.
DRAFTS = timedelta(days=2)
ORPHANS = timedelta(hours=6)


@task(commands.SCREEN)
def screen(task: Task) -> None:
    """Screens a batch.

    1. Screen into a folder of this attempt's own, so that an attempt that lost its lease disturbs no other.
    2. Add the index, the rejects as a table and the counts.
    3. In one transaction: make that folder the batch's result, where the batch is still there and still this job's, and
       end the job, where the lease still holds. Either both or neither.
    4. Whatever did not count is removed, now and from earlier attempts.
    """
    batch = Batch.objects.filter(pk=task.payload["batch"], job=task.lease.job).first()
    if batch is None:
        return
    name = f"result-{task.lease.token}"
    store.sweep_results(batch, running=name)
    folder = store.home(batch) / name
    counted = False
    try:
        with in_words(batch):
            folder.mkdir(mode=0o700, parents=True)
            counts = _screen(task, batch, folder)
            with transaction.atomic():
                if not commands.conclude(batch.pk, task.lease.job, name, counts):
                    raise Cancelled
                task.finish({"rows": counts["rows"], "decided": counts["decided"], "rejected": counts["rejected"]})
            counted = True
    finally:
        if not counted:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def in_words(row: Model) -> Iterator[None]:
    """What can keep a job on a batch from its end, as JobFailed in words; Cancelled where its row was deleted, and its
    files with it."""
    try:
        yield
    except FormatError as error:
        raise JobFailed(str(error)) from error
    except RulebookError as error:
        raise JobFailed(NO_RULEBOOK) from error
    except FileNotFoundError:
        if not type(row)._default_manager.filter(pk=row.pk).exists():
            raise Cancelled from None
        raise
    except OSError as error:
        if error.errno == 28:  # ENOSPC
            raise JobFailed(FULL) from error
        raise


def _screen(task: Task, batch: Batch, folder: Path) -> dict[str, Any]:
    decisions = folder / store.DECISIONS
    book = load_rulebook(settings.TIDEGATE_OVERLAYS)
    summary = screen_file(
        store.source(batch),
        decisions,
        map=batch.map,
        keep=WHOLE_SHIPMENT,
        book=book,
        register=_register(batch, book),
        progress=lambda done, total, rows: task.progress(done, total, rows),
    )
    task.check()
    _name_files(folder, store.source_folder(batch), batch.files)
    figures = public(summary.as_dict(), batch.name)
    (folder / store.SUMMARY).write_bytes(as_json(figures))
    found, checks = results.build(folder)
    if found != summary.decided or results.count_rejects(folder) != summary.rejected:
        raise RuntimeError(f"batch {batch.pk}: {found} decisions written, {summary.decided} counted")
    task.check()
    return commands.counts_of(figures, checks)


def _register(batch: Batch, book: Book) -> Register | None:
    """The registers that the batch asks, as they are now; None where it asks none. Raises JobFailed where whoever
    started it may not ask them any more."""
    if not batch.asked_for:
        return None
    person = Person.objects.filter(pk=batch.asked_by).first()
    held = [] if person is None else memberships_of(person)
    role = next((m for m in held if str(m.organisation_id) == batch.asked_for and m.role == batch.asked_as), None)
    register = None if role is None else registers.of_actor(acting(role), book)
    if register is None:
        raise JobFailed(NO_REGISTER)
    return register.frozen()


def _name_files(folder: Path, source: Path, files: Sequence[str]) -> None:
    """Where several files were read as one, rejects name them; take the path of this machine away from the names."""
    path = rejects_path(folder / store.DECISIONS)
    if len(files) < 2 or not path.exists():
        return
    prefix = json.dumps(f"{source}/", ensure_ascii=False)[1:-1].encode()
    part = path.with_name(path.name + ".part")
    with path.open("rb") as lines, part.open("wb") as out:
        for line in lines:
            out.write(line.replace(prefix, b""))
    part.replace(path)


@sweeper
def remove_old(now: datetime) -> int:
    """Removes batches past their time, uploads that nobody started, and files that belong to no batch."""
    gone = 0
    old = Batch.objects.select_related("job").filter(created__lt=now - DRAFTS, registered=False)
    keep = conf.keep()
    for batch in old:
        expired = keep is not None and (batch.finished or batch.created) < now - keep
        if not batch.active and (expired or batch.state == Batch.State.DRAFT):
            commands.delete(batch)
            gone += 1
    return gone + store.sweep(set(Batch.objects.values_list("folder", flat=True)), now - ORPHANS)
