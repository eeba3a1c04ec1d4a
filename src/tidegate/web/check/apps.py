"""The check page: one shipment, asked and answered in a browser."""

from __future__ import annotations

from django.apps import AppConfig


class CheckConfig(AppConfig):
    name = "tidegate.web.check"
    label = "check"
    verbose_name = "Check page"
