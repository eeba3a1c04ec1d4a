"""The background job that compares a batch under the law and under the law with the draft standard on top."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from tidegate.formats import ShipmentReader, guard, open_shipments
from tidegate.formats.batches import Rejects, arrow_batches
from tidegate.formats.jsonl import loads
from tidegate.formats.limits import Limits
from tidegate.law import Book, load_rulebook, regional
from tidegate.screening.bulk.compared import impact_of_batches
from tidegate.screening.impact import Impact, Shift, impact, on_any_day
from tidegate.web.batch import store
from tidegate.web.batch.tasks import DRAFTS, in_words
from tidegate.web.check.answers import permalink
from tidegate.web.jobs.registry import sweeper, task
from tidegate.web.jobs.worker import Cancelled, Task
from tidegate.web.whatif import commands
from tidegate.web.whatif.models import WhatIf

EXAMPLES = 3  # of each State, as on the command line
CHANGED = "row id date export import before after places rules".split()
Rows = Iterable[Mapping[str, Any] | None]


@task(commands.RUN)
def compare(task: Task) -> None:
    """Compares the shipments of a run.

    1. Write the shipments whose outcome changes into a file of this attempt's own.
    2. In one transaction: make its outcome the run's, where the run is still there and still this job's, and end the
       job, where the lease still holds.
    3. Remove what did not count, now and from earlier attempts.
    """
    run = WhatIf.objects.select_related("batch").filter(pk=task.payload["whatif"], job=task.lease.job).first()
    if run is None:
        return
    path = None if run.batch is None else store.home(run.batch) / f"whatif-{run.pk}-{task.lease.token}.csv"
    for earlier in path.parent.glob(f"whatif-{run.pk}-*.csv") if path else ():
        earlier.unlink(missing_ok=True)
    counted = False
    try:
        with in_words(run):
            old, new = books(run.standard, any_day=run.any_day)
            kept: list[Shift] = []
            with _written(path) as write:
                result = _compared(run, old, new, task, write or kept.append)
            task.check()
            shown = kept if path is None else _examples(result)
            outcome = {
                "rulebook": old.label,
                "figures": result.as_dict(),
                "rows": [_row(shift) for shift in shown],
                "changed": path.name if path else "",
            }
            with transaction.atomic():
                if not commands.conclude(run, task.lease.job, **outcome):
                    raise Cancelled
                task.finish({"read": result.shipments, "changed": result.changed})
            counted = True
    finally:
        if path is not None and not counted:
            path.unlink(missing_ok=True)


def books(limits: regional.Limits, *, any_day: bool) -> tuple[Book, Book]:
    """The law of this installation, and with the standard on top. Raises RulebookError."""
    old = load_rulebook(settings.TIDEGATE_OVERLAYS)
    with regional.overlay(limits) as folder:
        new = load_rulebook([*settings.TIDEGATE_OVERLAYS, folder])
    return old, on_any_day(old, new) if any_day else new


def _compared(run: WhatIf, old: Book, new: Book, task: Task, each: Callable[[Shift], object]) -> Impact:
    """A batch by its distinct cases; the few shipments of the API as they are."""
    if run.batch is None:
        lines = run.shipments.split("\n") if run.shipments else []
        values = (loads(line, Limits()) for line in lines)
        rows = _told((v if isinstance(v, Mapping) else None for v in values), len(lines), task)
        return impact(old, new, rows, examples=EXAMPLES, each=each)
    types = {name: fact.type for name, fact in new.facts.items()}
    total, done, at_hand = run.batch.rows, 0, 0

    def items(reader: ShipmentReader) -> Iterator[Any]:
        nonlocal done, at_hand
        for item in arrow_batches(reader):
            at_hand = len(item) if isinstance(item, Rejects) else item.num_rows
            yield item
            done += at_hand
            task.progress(done, total, done)

    def tick(share: float) -> None:
        rows = done + int(share * at_hand)
        task.progress(rows, total, rows)

    with open_shipments(store.source(run.batch), map=run.batch.map, fact_types=types) as reader:
        return impact_of_batches(old, new, items(reader), examples=EXAMPLES, each=each, tick=tick)


def _told(rows: Rows, total: int, task: Task) -> Iterator[Mapping[str, Any] | None]:
    for number, row in enumerate(rows):
        task.progress(number, total, number)
        yield row


@contextmanager
def _written(path: Path | None) -> Iterator[Callable[[Shift], object] | None]:
    """What writes a shipment into the file; None where there is none."""
    if path is None:
        yield None
        return
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CHANGED)
        yield lambda shift: writer.writerow([guard(str(cell)) for cell in _cells(shift)])


def _cells(shift: Shift) -> list[Any]:
    found = shift.shipment
    listed = ("; ".join(shift.places), "; ".join(shift.rules))
    return [shift.row, shift.id, found.date, found.export, found.import_, shift.before, shift.after, *listed]


def _row(shift: Shift) -> dict[str, Any]:
    found = shift.shipment
    return {
        "row": shift.row,
        "id": shift.id,
        "date": found.date.isoformat(),
        "export": found.export,
        "import": found.import_,
        "before": shift.before,
        "after": shift.after,
        "places": list(shift.places),
        "rules": list(shift.rules),
        "check": permalink(found.as_dict()),
    }


def _examples(result: Impact) -> list[Shift]:
    """The first few of each State, each once, in the order of the file."""
    rows = {shift.row: shift for shifts in result.examples.values() for shift in shifts}
    return [rows[number] for number in sorted(rows)]


@sweeper
def remove_old(now: datetime) -> int:
    """Removes runs that came over the API; those on a batch go with it."""
    return WhatIf.objects.filter(batch=None, created__lt=now - DRAFTS).delete()[0]
