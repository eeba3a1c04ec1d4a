"""Days as foreign systems write them, read only where they can be read in one way.

A wrong month is a wrong law, so an ambiguous day (6/10/25) is never settled by a default: either the caller
names the order, or another day of the same document shows it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januari janvier", "feb february februari fevrier février pebruari",
            "mar march mac maret mars", "apr april avr avril", "may mei mai", "jun june juni juin",
            "jul july julai juli juillet", "aug august ogos agustus agu aout août",
            "sep sept september septembre", "oct october oktober okt octobre",
            "nov november novembre", "dec december disember desember dis des decembre décembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip

_PARTS = re.compile(r"^\s*(\d{1,4})\s*[-/.\s]\s*(\d{1,2})\s*[-/.\s]\s*(\d{1,4})(?:[T\s,].*)?$")
_COMPACT = re.compile(r"^\s*(\d{4})(\d{2})(\d{2})(?:\d{6})?\s*$")
_DAY_NAME_YEAR = re.compile(r"^\s*(\d{1,2})[-/.\s]*([^\W\d_]{3,})[-/.,\s]*(\d{2}|\d{4})(?:[T\s,].*)?$")
_NAME_DAY_YEAR = re.compile(r"^\s*([^\W\d_]{3,})\.?\s*(\d{1,2}),?\s+(\d{4})(?:[T\s,].*)?$")


class Ambiguous(ValueError):
    """The text is a day in two ways."""

    def __init__(self, readings: tuple[dt.date, dt.date]) -> None:
        self.readings = readings
        super().__init__(f"either {readings[0]} or {readings[1]}")


def parse_day(text: str, order: str | None = None) -> dt.date:
    """The day that the text names. `order`: dmy, mdy or ymd, where it is known.

    Raises `Ambiguous` where two readings are possible, `ValueError` where none is.
    """
    if match := _COMPACT.match(text):
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    if match := _DAY_NAME_YEAR.match(text):
        return _named(match[3], match[2], match[1])
    if match := _NAME_DAY_YEAR.match(text):
        return _named(match[3], match[1], match[2])
    match = _PARTS.match(text)
    if not match:
        raise ValueError(f"{text!r} is not a day")
    first, second, third = match[1], match[2], match[3]
    if len(first) >= 3:
        return dt.date(_year(first), int(second), int(third))
    readings: dict[dt.date, str] = {}
    for pattern, (year, month, day) in (
        ("dmy", (third, second, first)),
        ("mdy", (third, first, second)),
        ("ymd", (first, second, third)),
    ):
        if order is not None and pattern != order:
            continue
        # Two-digit years first (25/06/10) are only believed when they are asked for.
        if pattern == "ymd" and order != "ymd":
            continue
        try:
            readings.setdefault(dt.date(_year(year), int(month), int(day)), pattern)
        except ValueError:
            continue
    if not readings:
        raise ValueError(f"{text!r} is not a day")
    if len(readings) == 2:
        one, other = sorted(readings)
        raise Ambiguous((one, other))
    return next(iter(readings))


def order_shown(texts: Iterable[str]) -> str | None:
    """The order of day and month that the unambiguous ones among these texts show; None where they show
    none or both."""
    shown = set()
    for text in texts:
        match = _PARTS.match(text)
        if not match or len(match[1]) >= 3:
            continue
        first, second = int(match[1]), int(match[2])
        if 12 < first <= 31 and second <= 12:
            shown.add("dmy")
        elif 12 < second <= 31 and first <= 12:
            shown.add("mdy")
    return shown.pop() if len(shown) == 1 else None


def _named(year: str, month: str, day: str) -> dt.date:
    number = _MONTHS.get(month.casefold())
    if number is None:
        raise ValueError(f"{month!r} is not a month")
    return dt.date(_year(year), number, int(day))


def _year(text: str) -> int:
    if len(text) == 2:
        return 2000 + int(text)
    if len(text) != 4:
        raise ValueError(f"{text!r} is not a year")
    return int(text)
