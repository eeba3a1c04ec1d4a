"""The app of what-if runs."""

from __future__ import annotations

from django.apps import AppConfig


class WhatIfConfig(AppConfig):
    name = "tidegate.web.whatif"
    label = "whatif"
    verbose_name = "What if"

    def ready(self) -> None:
        from tidegate.web.whatif import tasks  # noqa: F401 - registers the job and the sweeper
