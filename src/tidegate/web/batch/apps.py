"""The batch page."""

from __future__ import annotations

from django.apps import AppConfig


class BatchConfig(AppConfig):
    name = "tidegate.web.batch"
    label = "batch"
    verbose_name = "Batch page"

    def ready(self) -> None:
        from tidegate.web.batch import tasks  # noqa: F401 - registers the job and the sweeper
