"""Every change to a batch: taken in, started, cancelled, deleted, or registered as finished."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from tidegate.batch.summary_file import as_json, public
from tidegate.formats import rejects_path
from tidegate.screening.engines import duckdb
from tidegate.web.batch import results, store
from tidegate.web.batch.models import Batch
from tidegate.web.batch.uploads import Incoming
from tidegate.web.jobs import commands as jobs

if TYPE_CHECKING:
    from tidegate.batch import Summary
    from tidegate.parties.actors import Actor

SCREEN = "batch.screen"


class NotNow(Exception):
    """The batch is in a state in which this cannot be done: it is being screened, or it was."""


def create(owner: str, uploads: Sequence[Incoming]) -> Batch:
    """Takes uploads in as a new batch: moves the files into its folder, then writes the row.

    A folder without a row (the process died between the two) is removed by the reaper.
    """
    batch = Batch(owner=owner, size=sum(upload.size or 0 for upload in uploads), files=[])
    store.source_folder(batch).mkdir(mode=0o700, parents=True)
    try:
        for upload in uploads:
            name = store.safe_name(str(upload.name), batch.files)
            upload.take(store.source_folder(batch) / name)
            batch.files.append(name)
        first = str(uploads[0].name)
        batch.name = (first if len(uploads) == 1 else f"{first} + {len(uploads) - 1}")[:255]
        batch.save(force_insert=True)
    except BaseException:
        store.remove(batch.folder)
        raise
    return batch


def set_map(batch: Batch, definition: Mapping[str, Any] | None, format: str = "") -> None:
    """Keeps the map of a batch that has not been started. Raises NotNow."""
    values: dict[str, Any] = {"map": None if definition is None else dict(definition)}
    if format:
        values["format"] = format
    if batch.active or not Batch.objects.filter(pk=batch.pk, job=batch.job_id, result="").update(**values):
        raise NotNow
    for name, value in values.items():
        setattr(batch, name, value)


def start(batch: Batch, definition: Mapping[str, Any] | None, actor: Actor | None = None) -> None:
    """Puts the screening of a batch into the job table. Raises NotNow.

    `actor`: who asks the registers of its State meanwhile; None asks none. The worker asks again whether it may.

    1. A batch that has a result, or whose job waits or runs, is not started again.
    2. In one transaction: put the job in, and write it into the batch where the batch still has the job (or none) that
       was seen in step 1. No row touched means that somebody else has started it: everything is rolled back.
    """
    if batch.active or batch.result:
        raise NotNow
    with transaction.atomic():
        job = jobs.enqueue(SCREEN, {"batch": batch.pk})
        values = {"job": job, "map": None if definition is None else dict(definition), **_asked(actor)}
        if not Batch.objects.filter(pk=batch.pk, job=batch.job_id, result="").update(**values):
            raise NotNow
    batch.job = job


def _asked(actor: Actor | None) -> dict[str, str]:
    if actor is None or actor.organisation is None or actor.person is None:
        return {"asked_for": "", "asked_by": "", "asked_as": ""}
    return {"asked_for": str(actor.organisation.pk), "asked_by": str(actor.person.pk), "asked_as": actor.role}


def cancel(batch: Batch) -> bool:
    """Asks for the screening of a batch to end; False when it was not under way."""
    return batch.job_id is not None and jobs.cancel(batch.job_id)


def delete(batch: Batch) -> None:
    """Removes a batch and its files. A worker that is at it finds the row gone and leaves nothing behind."""
    cancel(batch)
    Batch.objects.filter(pk=batch.pk).delete()
    store.remove(batch.folder)


def conclude(batch_id: int, job_id: int, folder: str, counts: Mapping[str, Any]) -> bool:
    """Makes a result the one that counts, where the batch is still there and still this job's. Called in the
    transaction that ends the job."""
    mine = Batch.objects.filter(pk=batch_id, job=job_id, result="")
    return bool(mine.update(result=folder, finished=timezone.now(), **counts))


def counts_of(summary: Mapping[str, Any], checks: int) -> dict[str, Any]:
    """What the table of batches shows of a result."""
    return {
        "rulebook": summary["rulebook"],
        "rows": summary["rows"],
        "decided": summary["decided"],
        "rejected": summary["rejected"],
        "outcomes": dict(summary["outcomes"]),
        "checks": checks,
    }


def register(
    decisions: str | os.PathLike[str],
    source_name: str,
    summary: Summary | Mapping[str, Any],
    source: str | os.PathLike[str] | None = None,
) -> Batch:
    """See `tidegate.web.batch.load_result`."""
    path = Path(decisions)
    figures = public(summary if isinstance(summary, Mapping) else summary.as_dict(), source_name)
    batch = Batch(name=source_name[:255], registered=True, result="result-registered", format="parquet")
    folder = store.result(batch)
    folder.mkdir(mode=0o700, parents=True)
    try:
        shutil.copyfile(path, folder / store.DECISIONS)
        if rejects_path(path).exists():
            shutil.copyfile(rejects_path(path), rejects_path(folder / store.DECISIONS))
        if source is not None:
            batch.files = [store.safe_name(Path(source).name, [])]
            store.source_folder(batch).mkdir(mode=0o700, parents=True)
            shutil.copyfile(source, store.source_folder(batch) / batch.files[0])
        (folder / store.SUMMARY).write_bytes(as_json(figures))
        found, checks = results.build(folder)
        if found != figures["decided"]:
            raise ValueError(f"{path}: holds {found} decisions, the summary says {figures['decided']}")
        for name, value in counts_of(figures, checks).items():
            setattr(batch, name, value)
        batch.size = path.stat().st_size
        batch.finished = timezone.now()
        earlier = list(Batch.objects.filter(registered=True, name=batch.name))
        batch.save(force_insert=True)
    except duckdb.QueryError as error:
        store.remove(batch.folder)
        raise ValueError(f"{path}: not a result in the full form: {error}") from None
    except BaseException:
        store.remove(batch.folder)
        raise
    for old in earlier:
        delete(old)
    return batch
