"""States, organisations, people, roles, delegation and the journal."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartiesConfig(AppConfig):
    name = "tidegate.parties"
    label = "parties"
    verbose_name = _("Parties and rights")

    def ready(self) -> None:
        from tidegate.parties import commands, published  # noqa: F401 - registers the commands and the events
