"""Days, moments and figures as people read them, in the reader's language: on pages, in papers and in letters.

Files for machines (API, CSV, the journal) keep ISO dates and plain figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, get_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

# Where Django's names of months do not read well after a day: Vietnamese counts months, in small letters.
_DAYS: Mapping[str, str] = {"vi": r"j \t\h\á\n\g n \n\ă\m Y"}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*")
_FIGURE = re.compile(r"-?\d+\.\d+")


def page_language() -> str:
    """The language of the page, as its `lang` attribute says it."""
    return (get_language() or "en").partition("-")[0]


def day(value: date) -> str:
    """A day as people write it in the reader's language: 21 November 2026, 21 tháng 11 năm 2026."""
    return _written(value.year, value.month, value.day, get_language() or "en")


@lru_cache(maxsize=4096)
def _written(year: int, month: int, day: int, language: str) -> str:
    # The language is the active one: it stands among the arguments because the names of months are its own.
    return date_format(date(year, month, day), _DAYS.get(language.partition("-")[0], "j F Y"))


def moment(value: datetime) -> str:
    """A day with the time of day, in the zone that `value` is in."""
    return f"{day(value)}, {date_format(value, 'H:i')}"


def number(value: Decimal | float | str) -> str:
    """A figure with the decimal sign of the reader's language, without exponent and without zeros that say nothing.

    What is no finite number is given back as it came. Nothing is grouped, so that `decimal_point` of the check page
    reads what is written here.
    """
    figure = _figure(value)
    return str(value) if figure is None else number_format(figure)


def grouped(value: Decimal | int | str) -> str:
    """The same, in groups as the reader's language has them: 12,000. For reading alone."""
    figure = _figure(value)
    return str(value) if figure is None else number_format(figure, use_l10n=True, force_grouping=True)


def signs() -> tuple[str, str]:
    """The decimal sign of the reader's language, and the one between groups of three figures."""
    return get_format("DECIMAL_SEPARATOR"), get_format("THOUSAND_SEPARATOR")


def money(value: Decimal, currency: str) -> str:
    """An amount with its currency: 1,594.50 AUD."""
    return f"{number_format(value, 2, use_l10n=True, force_grouping=True)} {currency}"


def mass(value: Decimal | int | str | None) -> str:
    """Kilograms as people read them: grouped, without zeros that say nothing, with the unit; a dash for none."""
    if value is None or value == "":
        return "–"
    return str(value) if _figure(value) is None else f"{grouped(value)} kg"


def said(name: str, value: Any) -> str:
    """A value that was kept as JSON, as people read it: ISO days and moments (in the zone of the page), masses under
    names that end in `kg`, exact figures, yes and no, lists and mappings of these; "" for none. Other text stays."""
    match value:
        case None | "":
            return ""
        case bool():
            return _("yes") if value else _("no")
        case list() | tuple():
            return ", ".join(said(name, one) for one in value)
        case dict():
            return ", ".join(f"{inner}: {said(str(inner), one)}" for inner, one in value.items())
        case datetime():
            return moment(timezone.localtime(value))
        case date():
            return day(value)
    text = str(value)
    if name.lower().endswith("kg"):
        return mass(text)
    try:
        if _DAY.fullmatch(text):
            return day(date.fromisoformat(text))
        if _MOMENT.fullmatch(text):
            return said(name, datetime.fromisoformat(text))
    except ValueError:
        return text
    return grouped(text) if _FIGURE.fullmatch(text) else text


def _figure(value: Decimal | float | str) -> Decimal | None:
    """A finite figure without zeros that say nothing and without exponent; None for anything else."""
    try:
        figure = Decimal(str(value))
    except InvalidOperation:
        return None
    return Decimal(format(figure.normalize(), "f")) if figure.is_finite() else None
