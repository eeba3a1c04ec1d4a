"""Reading masses and counts that people, forms and messages give: exact, or refused by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tidegate.movements.models.mass import Kilograms
from tidegate.parties.commanding import Refused

_KILOGRAMS: Kilograms = Kilograms()


def kilograms(value: Any, field: str = "kg", *, zero: bool = False) -> Decimal:
    """A mass in kg with three places, from Decimal, int or text (`25000`, `25000.5`).

    Raises Refused("mass") for a float, for more than three places, below zero, for zero unless `zero`, and from 10^15
    kg on. Nothing is ever rounded.
    """
    try:
        mass = _KILOGRAMS.to_python(value.strip() if isinstance(value, str) else value)
    except ValidationError:
        mass = None
    if mass is None or mass < 0 or (not mass and not zero) or mass.adjusted() >= 15:
        raise Refused(
            "mass",
            _("This is not a mass in kilograms."),
            field=field,
            value=str(value)[:60],
            expected=_("a number of kilograms, above zero, with at most three places"),
        )
    return mass


def shipments(value: Any, field: str = "shipments") -> int:
    """A number of shipments, from 1 on. Raises Refused("count")."""
    try:
        if isinstance(value, float | bool):
            raise ValueError
        count = int(value)
    except (TypeError, ValueError):
        count = 0
    if not 0 < count < 2**31:
        raise Refused(
            "count",
            _("This is not a number of shipments."),
            field=field,
            value=str(value)[:60],
            expected=_("a whole number from 1"),
        )
    return count
