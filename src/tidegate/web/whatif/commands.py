"""Every change to a what-if run: started, cancelled, ended with an outcome, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from tidegate.law.regional import Limits
from tidegate.web.batch import store
from tidegate.web.batch.models import Batch
from tidegate.web.jobs import commands as jobs
from tidegate.web.whatif.models import WhatIf

RUN = "whatif.run"


def start(limits: Limits, *, any_day: bool, batch: Batch | None = None, shipments: str = "") -> WhatIf:
    """Put a run on a batch, or on `shipments` as JSON Lines, into the job table."""
    with transaction.atomic():
        run = WhatIf(batch=batch, shipments=shipments, limits=limits.as_dict(), any_day=any_day)
        run.save(force_insert=True)
        run.job = jobs.enqueue(RUN, {"whatif": run.pk})
        run.save(update_fields=["job"])
    return run


def cancel(run: WhatIf) -> bool:
    """Ask for a run to end; False when it was not under way."""
    return run.job_id is not None and jobs.cancel(run.job_id)


def conclude(run: WhatIf, job_id: int, **outcome: Any) -> bool:
    """Make an outcome the one that counts, where the run is still there and still this job's. Called in the transaction
    that ends the job."""
    mine = WhatIf.objects.filter(pk=run.pk, job=job_id, figures__isnull=True)
    return bool(mine.update(finished=timezone.now(), shipments="", **outcome))


def delete(run: WhatIf) -> None:
    """Remove a run and its file. A worker that is at it finds the row gone and leaves nothing behind."""
    cancel(run)
    WhatIf.objects.filter(pk=run.pk).delete()
    path = changed_file(run)
    if path is not None:
        path.unlink(missing_ok=True)


def changed_file(run: WhatIf) -> Path | None:
    """The file of all shipments whose outcome changes; None where there is none."""
    return store.home(run.batch) / run.changed if run.batch is not None and run.changed else None
