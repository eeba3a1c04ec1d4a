"""Work that outlives a request: one leased table of jobs, the workers that take from it, and a reaper.

    registry.py   what a kind of job does, and what the reaper sweeps
    commands.py   every change to the table; concurrency is decided here and nowhere else
    worker.py     takes a job, keeps its lease, runs it
    models.py     the table

A job is done at least once: a worker that dies is replaced, and its job is begun anew by another. What a job leaves
behind counts only when `Task.finish` is called in the same transaction; that can happen once.
"""

from __future__ import annotations

import os


def work(settings: str | None = None, *, drain: bool = False) -> None:
    """Do background jobs in this process until told to stop; with `drain`, only those that are there.

    For `tidegate serve --worker`. `settings` is a settings module; left out, ``DJANGO_SETTINGS_MODULE`` or the demo
    settings hold. Sets Django up and brings the database's tables to this version first.
    """
    from tidegate.web.serve import DEFAULT_SETTINGS, prepare

    if settings:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", DEFAULT_SETTINGS)
    prepare()
    from django.core.management import call_command

    call_command("worker", drain=drain)
