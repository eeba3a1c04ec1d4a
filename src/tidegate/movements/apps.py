"""The control of movements."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MovementsConfig(AppConfig):
    name = "tidegate.movements"
    label = "movements"
    verbose_name = _("Movements")

    def ready(self) -> None:
        """Publish rights, events and messages."""
        import_module("tidegate.movements.published")
