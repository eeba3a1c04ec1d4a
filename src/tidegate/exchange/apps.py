"""Signed messages between States."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    name = "tidegate.exchange"
    label = "exchange"
    verbose_name = _("Exchange")

    def ready(self) -> None:
        """Declare what the exchange tells the other rooms, and its system check."""
        from tidegate.exchange import durable, published  # noqa: F401
