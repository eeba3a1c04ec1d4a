"""The app of proposals to change the law."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UpkeepConfig(AppConfig):
    name = "tidegate.web.upkeep"
    label = "upkeep"
    verbose_name = _("Upkeep of the law")

    def ready(self) -> None:
        """Publish rights and events."""
        import_module("tidegate.web.upkeep.published")
