"""The app that holds the shared templates, static files and template tags."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "tidegate.web"
    label = "web"
    verbose_name = "Tidegate"

    def ready(self) -> None:
        from tidegate.web import background  # noqa: F401 - registers the small rounds
