"""Numbers as the batch pages write them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from tidegate.parties import figures

register = template.Library()


@register.filter
def grouped(value: int | None) -> str:
    """A count in groups as the reader's language has them, as the charts write it: 12,345."""
    return "" if value is None else figures.grouped(value)


@register.filter
def percent(share: float | None) -> str:
    """A share as a percentage: one figure after the point below ten, and never 0 % or 100 % for what is not."""
    if share is None:
        return ""
    value = 100 * share
    if 0 < value < 0.1:
        return f"< {figures.number('0.1')}\u202f%"
    text = f"{value:.1f}" if value < 10 and value != int(value) else f"{value:.0f}"
    if text == "100" and share < 1:
        text = "99.9"
    # As it was rounded: the nought of 5.0 % says that it is not 5.4 %.
    return f"{number_format(text)}\u202f%"


@register.filter
def svg(value: float) -> str:
    """A number in a drawing, whatever the reader's language."""
    return f"{value:.1f}"


@register.filter
def duration(value: timedelta | float | None) -> str:
    """A span of time in words: 42 s, 3 min 5 s, 1 h 20 min."""
    if value is None:
        return ""
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    if seconds < 60:
        return _("%(s)s s") % {"s": max(seconds, 0)}
    if seconds < 3600:
        return _("%(m)s min %(s)s s") % {"m": seconds // 60, "s": seconds % 60}
    return _("%(h)s h %(m)s min") % {"h": seconds // 3600, "m": seconds % 3600 // 60}


@register.filter
def at_most(items: Any, most: int) -> Any:
    """The first of a list."""
    return items[:most]
