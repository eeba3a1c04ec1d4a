"""How one value of somebody else's table becomes a value of the contract: words, days, units, numbers,
States.

The keys of a rule, all optional, in the order in which they act:

* `empty`: words that stand for not known here ("-", "N/A");
* `values`: translations, source → field; `otherwise` says what becomes of a value that is not listed:
  `reject` (the default), `empty` or `keep`;
* `convert: alpha2`: a State's alpha-3 or numeric code or English name to its alpha-2 code;
* `dates`: formats of Python's strptime, tried in order; `calendar: buddhist` takes 543 from the year; `day:
  first` or `last` says which day a month or a year stands for;
* `decimal`, `thousands`: the signs of a number ("," and "." in Indonesia and Viet Nam);
* `unit` or `unit_from` (a column that holds the unit): masses become kilograms, shares per cent;
* `pad`: zeros to the left up to this many digits; `split`: the sign between the words of a list.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tidegate.formats.cells import cell_text, decimal_or_none, number_text
from tidegate.formats.iso import alpha2
from tidegate.formats.rejects import FormatError, RowError

#: Factors to kilograms. Names are compared without case; codes of UN/ECE Recommendation 20 are among them.
MASS_UNITS: dict[str, Decimal] = {
    **dict.fromkeys(("kg", "kgm", "kgs", "kilogram", "kilograms", "kilogramme"), Decimal(1)),
    **dict.fromkeys(("g", "grm", "gram", "grams"), Decimal("0.001")),
    **dict.fromkeys(("t", "tne", "mt", "tonne", "tonnes", "metric ton", "metric tons"), Decimal(1000)),
    **dict.fromkeys(("dtn", "quintal"), Decimal(100)),
    **dict.fromkeys(("lb", "lbr", "lbs", "pound", "pounds"), Decimal("0.45359237")),
    **dict.fromkeys(("ltn", "long ton", "long tons"), Decimal("1016.0469088")),
    **dict.fromkeys(("stn", "short ton", "short tons"), Decimal("907.18474")),
}
#: Factors to per cent of mass.
SHARE_UNITS: dict[str, Decimal] = {
    **dict.fromkeys(("%", "pct", "percent", "per cent"), Decimal(1)),
    "fraction": Decimal(100),
    "permille": Decimal("0.1"),
}
_YEAR = re.compile(r"(?<!\d)(2[3-6]\d\d)(?!\d)")
_MEMORY = 20_000


@dataclass
class Conversion:
    """A compiled conversion. Call it with the target field, the cell and (with `unit_from`) the unit's
    cell."""

    empty: frozenset[str] = frozenset()
    values: dict[str, Any] | None = None
    otherwise: str = "reject"
    to_alpha2: bool = False
    dates: tuple[str, ...] = ()
    day: str | None = None
    buddhist: bool = False
    decimal: str | None = None
    thousands: str | None = None
    unit: str | None = None
    unit_from: str | None = None
    unit_values: dict[str, str] = field(default_factory=dict)
    pad: int = 0
    split: str | None = None
    _seen: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.plain = self.values is None and not any(
            (
                self.empty, self.to_alpha2, self.dates, self.decimal, self.thousands, self.unit,
                self.unit_from, self.pad, self.split,
            )
        )  # fmt: skip

    def __call__(self, target: str, value: Any, unit: str | None = None) -> Any:
        """The value for the field, None for not known. Raises `RowError` for one that cannot be turned."""
        if value is None or self.plain:
            return value
        if not isinstance(value, str):
            return self._turn(target, value, unit)
        key = (target, value, unit)
        try:
            return self._seen[key]
        except KeyError:
            turned = self._turn(target, value, unit)
            if len(self._seen) < _MEMORY:
                self._seen[key] = turned
            return turned

    def _turn(self, target: str, value: Any, unit: str | None) -> Any:
        if isinstance(value, list | dict):
            return value
        text = cell_text(value, target).strip()
        if not text or text in self.empty:
            return None
        if self.values is not None:
            if text in self.values:
                return self.values[text]
            if self.otherwise == "empty":
                return None
            if self.otherwise == "reject":
                raise RowError(target, text, f"one of {', '.join(list(self.values)[:20])}")
        if self.to_alpha2:
            code = alpha2(text)
            if code is None:
                raise RowError(target, text, "a State (code or English name)")
            return code
        if self.dates and not isinstance(value, dt.date):
            return self._date(target, text)
        if self.unit or self.unit_from or self.decimal or self.thousands:
            return self._number(target, value, text, unit)
        if self.pad:
            digits = re.sub(r"[\s.]", "", text)
            return digits.rjust(self.pad, "0") if digits.isdecimal() else text
        if self.split:
            return ";".join(word for part in text.split(self.split) if (word := part.strip()))
        return value if not isinstance(value, str) else text

    def _date(self, target: str, text: str) -> str:
        era = text
        if self.buddhist:
            era = _YEAR.sub(lambda match: f"{int(match[1]) - 543:04}", text)
        for pattern in self.dates:
            try:
                day = dt.datetime.strptime(era, pattern).date()  # noqa: DTZ007  (days have no zone)
            except ValueError:
                continue
            if self.day == "last" and "%d" not in pattern:
                month = day.month if any(sign in pattern for sign in ("%m", "%b", "%B")) else 12
                day = day.replace(month=month, day=calendar.monthrange(day.year, month)[1])
            return day.isoformat()
        raise RowError(target, text, f"a day written {' or '.join(self.dates)}"
                       + (" (Buddhist era)" if self.buddhist else ""))  # fmt: skip

    def _number(self, target: str, value: Any, text: str, unit: str | None) -> str | None:
        plain = text if isinstance(value, str) else number_text(value, target)
        if isinstance(value, str):
            if self.thousands:
                plain = plain.replace(self.thousands, "")
                if self.thousands == " ":
                    plain = plain.replace("\N{NO-BREAK SPACE}", "").replace("\N{NARROW NO-BREAK SPACE}", "")
            if self.decimal and self.decimal != ".":
                if "." in plain:
                    raise RowError(target, text, f"a number with the decimal sign {self.decimal!r}")
                plain = plain.replace(self.decimal, ".")
        number = decimal_or_none(plain)
        if number is None:
            raise RowError(target, text, "a number")
        name = self.unit
        if self.unit_from:
            word = (unit or "").strip()
            name = self.unit_values.get(word, word)
        if name is None:
            return plain
        factor = unit_factor(name)
        if factor is None:
            raise RowError(target, f"{text} {name}".strip(), f"a unit of mass or share ({_unit_words()})")
        return plain if factor == 1 else number_text((number * factor).normalize(), target)


def unit_factor(name: str) -> Decimal | None:
    """The factor to kilograms or per cent, or None. "Ton" alone is three different units and is not taken."""
    key = " ".join(name.split()).casefold().rstrip(".")
    return MASS_UNITS.get(key) or SHARE_UNITS.get(key)


def _unit_words() -> str:
    return "kg, g, t, lb, long ton, short ton; %, fraction; write which ton is meant"


def compile_conversion(spec: Mapping[str, Any], where: str) -> Conversion:
    """The conversion that a rule of a map asks for. `FormatError` for a word that it cannot mean."""

    def choice(key: str, *allowed: str) -> str | None:
        value = spec.get(key)
        if value is not None and value not in allowed:
            raise FormatError(f"{where}: {key} is one of {', '.join(allowed)}", field="map", value=value)
        return value

    unit = None if spec.get("unit") is None else str(spec["unit"])
    if unit is not None and unit_factor(unit) is None:
        raise FormatError(f"{where}: unit {unit!r} is not known ({_unit_words()})", field="map", value=unit)
    unit_from = spec.get("unit_from")
    unit_values: dict[str, str] = {}
    if isinstance(unit_from, Mapping):
        unit_values = {str(k): str(v) for k, v in (unit_from.get("values") or {}).items()}
        unit_from = unit_from.get("column")
    dates = spec.get("dates") or ()
    dates = (dates,) if isinstance(dates, str) else tuple(str(d) for d in dates)
    buddhist = choice("calendar", "gregorian", "buddhist") == "buddhist"
    if buddhist and any("%y" in pattern for pattern in dates):
        raise FormatError(f"{where}: years of the Buddhist era need four digits (%Y)", field="map")
    values = spec.get("values")
    empty = spec.get("empty") or ()
    pad = str(spec.get("pad") or "0")
    if not pad.isdecimal() or int(pad) > 10:
        raise FormatError(f"{where}: pad is a number of digits, 10 at most", field="map", value=pad)
    return Conversion(
        empty=frozenset([empty] if isinstance(empty, str) else (str(word) for word in empty)),
        values=None if values is None else {str(k): v for k, v in values.items()},
        otherwise=choice("otherwise", "reject", "empty", "keep") or "reject",
        to_alpha2=choice("convert", "alpha2") == "alpha2",
        dates=dates,
        day=choice("day", "first", "last"),
        buddhist=buddhist,
        decimal=choice("decimal", ".", ","),
        thousands=choice("thousands", ".", ",", " ", "'"),
        unit=unit,
        unit_from=None if unit_from is None else str(unit_from),
        unit_values=unit_values,
        pad=int(pad),
        split=None if spec.get("split") is None else str(spec["split"]),
    )
