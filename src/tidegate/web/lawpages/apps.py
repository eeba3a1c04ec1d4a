"""The app that holds the law pages' templates and static files."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LawPagesConfig(AppConfig):
    name = "tidegate.web.lawpages"
    label = "lawpages"
    verbose_name = _("The law")
    default_auto_field = "django.db.models.BigAutoField"
