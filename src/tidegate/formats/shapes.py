"""What the values of a column look like: shares of them that could be a State, an HS code, a day, a number,
…"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidegate.formats.cells import FALSE_WORDS, TRUE_WORDS, decimal_or_none
from tidegate.formats.iso import alpha2, alpha2_codes

_HS = re.compile(r"(0[1-9]|[1-8]\d|9[0-7])\d{2}(\.?\d{2}){0,3}")
_HS6 = re.compile(r"(0[1-9]|[1-8]\d|9[0-7])\d{2}\.?\d{2}(\.?\d{2}){0,2}")
_BASEL = re.compile(r"Y4[678]|Y\d{1,2}|[AB][1-4]\d{3}|[AE]C?\d{3,4}", re.IGNORECASE)
_OPERATION = re.compile(r"R ?(1[0-3]|[1-9])|D ?(1[0-5]|[1-9])", re.IGNORECASE)
_CURRENCY = re.compile(r"[A-Z]{3}")
_CONTAINER = re.compile(r"([A-Z]{3}[UJZ])\s?(\d{6})-?(\d)")
_POINT = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_COMMA = re.compile(r"-?(\d{1,3}(\.\d{3})+(,\d+)?|\d+,\d+)")
_BUDDHIST = re.compile(r"(?<!\d)2[4-6]\d\d(?!\d)")
#: Letters of a container number count 10 to 38, leaving out the multiples of eleven (ISO 6346).
_WEIGHTS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", [n for n in range(10, 39) if n % 11], strict=True))

_FORMATS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%y",
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M",
    "%Y-%m", "%Y%m",
)  # fmt: skip
_TURNED = {
    "%d/%m/%Y": "%m/%d/%Y",
    "%d-%m-%Y": "%m-%d-%Y",
    "%d/%m/%y": "%m/%d/%y",
    "%d/%m/%Y %H:%M": "%m/%d/%Y %H:%M",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Shares from 0 to 1 of the values that are not empty."""

    count: int = 0
    distinct: float = 1.0
    alpha2: float = 0.0
    state: float = 0.0
    hs: float = 0.0
    hs6: float = 0.0
    number: float = 0.0
    largest: float | None = None
    fractional: bool = False
    decimal_comma: bool = False
    thousands_comma: bool = False
    iso_date: float = 0.0
    date: float = 0.0
    date_formats: tuple[str, ...] = ()
    ambiguous_date: bool = False
    month_only: bool = False
    buddhist: bool = False
    flag: float = 0.0
    currency: float = 0.0
    basel: float = 0.0
    operation: float = 0.0
    container: float = 0.0
    separator: str | None = None
    values: tuple[str, ...] = ()


def shape_of(values: Sequence[str]) -> Shape:
    """The shape of a column's values that are not empty."""
    if not values:
        return Shape()
    count = len(values)

    def share(test: Callable[[str], object]) -> float:
        return sum(1 for value in values if test(value)) / count

    codes = alpha2_codes()
    separator = _separator(values)
    comma = sum(1 for value in values if _COMMA.fullmatch(value) and not _POINT.fullmatch(value))
    point = sum(1 for value in values if _POINT.fullmatch(value))
    plain = [
        value.replace(".", "").replace(",", ".") if comma else value.replace(",", "") if point else value
        for value in values
    ]
    numbers = [number for value in plain if (number := decimal_or_none(value)) is not None]
    formats, dates, ambiguous, buddhist = _dates(values)
    return Shape(
        count=count,
        distinct=len(set(values)) / count,
        alpha2=share(lambda v: v in codes),
        state=share(lambda v: not v.isdecimal() and alpha2(v) is not None),
        hs=share(_HS.fullmatch),
        hs6=share(_HS6.fullmatch),
        number=len(numbers) / count,
        largest=float(max(numbers)) if numbers else None,
        fractional=any(number != int(number) for number in numbers if abs(number) < 10**12),
        decimal_comma=comma > 0 and point == 0,
        thousands_comma=point > 0 and comma == 0,
        iso_date=share(_is_iso_date),
        date=dates,
        date_formats=formats,
        ambiguous_date=ambiguous,
        month_only=bool(formats) and all("%d" not in pattern for pattern in formats),
        buddhist=buddhist,
        flag=share(lambda v: v.casefold() in TRUE_WORDS or v.casefold() in FALSE_WORDS),
        currency=share(_CURRENCY.fullmatch),
        basel=share(_BASEL.fullmatch),
        operation=share(_OPERATION.fullmatch),
        container=share(lambda v: _is_containers(v, separator)),
        separator=separator,
        values=tuple(value for value, _ in Counter(values).most_common(50)),
    )


def _separator(values: Sequence[str]) -> str | None:
    """The sign between the words of a list, where cells hold several; `;` is the contract's own and needs
    no mention."""
    for sign in (",", "/", "|"):
        if sum(1 for value in values if sign in value) * 10 >= len(values):
            return sign
    return None


def _is_iso_date(value: str) -> bool:
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return len(value) == 10 and not _BUDDHIST.match(value)


def _dates(values: Sequence[str]) -> tuple[tuple[str, ...], float, bool, bool]:
    """The format under which most values are days between 1990 and 2040, and under which share of them; whether
    another does as well; whether the years are of the Buddhist era.

    A few values may be no days: a slip in one row must not hide what the column is.
    """
    least = len(values) - max(len(values) // 5, 1 if len(values) > 2 else 0)
    years = sum(1 for value in values if _BUDDHIST.search(value))
    buddhist = years >= least and any(not value.isdecimal() or len(value) == 8 for value in values)
    texts = [_BUDDHIST.sub(lambda m: str(int(m[0]) - 543), value) for value in values] if buddhist else list(values)
    fits = {pattern: sum(1 for text in texts if _is_day(text, pattern)) for pattern in ("%Y-%m-%d", *_FORMATS)}
    best = max(fits, key=lambda pattern: fits[pattern])  # the first of equals
    if fits[best] < least or not fits[best]:
        return (), 0.0, False, False
    turned = _TURNED.get(best)
    return (best,), fits[best] / len(texts), turned is not None and fits[turned] == fits[best], buddhist


def _is_day(text: str, pattern: str) -> bool:
    try:
        day = dt.datetime.strptime(text, pattern)  # noqa: DTZ007  (days have no zone)
    except ValueError:
        return False
    return 1990 <= day.year <= 2040


def _is_containers(value: str, separator: str | None) -> bool:
    words = [word.strip() for word in re.split(f"[;{re.escape(separator or ';')}]", value) if word.strip()]
    return bool(words) and all(is_container(word) for word in words)


def is_container(text: str) -> bool:
    """True for a container number of ISO 6346 whose check digit is right."""
    match = _CONTAINER.fullmatch(text.upper())
    if not match:
        return False
    total = sum(
        (_WEIGHTS[sign] if sign.isalpha() else int(sign)) * 2**place for place, sign in enumerate(match[1] + match[2])
    )
    return total % 11 % 10 == int(match[3])
