"""Conditions of a consent as typed data, evaluated when a movement is announced, departs, or stands at a border.

An authority picks kinds and fills them in; what no kind expresses is kept as `text`, which is shown and never decides.
A fact that is not known does not satisfy a condition: it fails as "not known", for nothing passes by silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tidegate.movements import codes
from tidegate.movements.masses import kilograms
from tidegate.parties import figures
from tidegate.parties.commanding import Refused

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """A condition that a movement does not meet; `unknown`: it cannot be told yet."""

    condition: Mapping[str, Any]
    text: str | Promise
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of condition: its name for people, its fields (name to whether it must be given), its test.

    `test(condition, facts)` gives None where it is met, `UNKNOWN`, or why not.
    """

    name: str
    label: Any
    fields: Mapping[str, bool]
    test: Callable[[Mapping[str, Any], Facts], Any]


class _Unknown:
    """Says that a fact that the condition turns on is not known."""


UNKNOWN = _Unknown()


def check(conditions: Sequence[Mapping[str, Any]], movement_facts: Facts) -> list[Failed]:
    """The conditions that a movement does not meet.

    `movement_facts`: `day` (date), `kg` (Decimal), `route` (list of State codes), `points` (list of points of entry and
    exit), `facility` (its names), `operation`, `codes` (list), `carriers` (registrations or names), `means`
    (letters), `packaging` (codes), `notice_days` (whole days between announcement and departure), `containers`.
    What is left out is not known.
    """
    failed = []
    for condition in conditions:
        kind = KINDS.get(str(condition.get("kind")))
        if kind is None:
            failed.append(Failed(condition, _("This kind of condition is not known here."), unknown=True))
            continue
        answer = kind.test(condition, movement_facts)
        if answer is UNKNOWN:
            failed.append(Failed(condition, _("Whether this is met is not known."), unknown=True))
        elif answer is not None:
            failed.append(Failed(condition, answer))
    return failed


def read(given: Any, field: str = "conditions") -> list[dict[str, Any]]:
    """Conditions as they are kept, from JSON. Raises Refused("condition"), naming the field and what was expected."""
    if not isinstance(given, list):
        raise _refused(field, given, _("a list of conditions"))
    return [_one(item, f"{field}.{number}") for number, item in enumerate(given)]


def _one(item: Any, field: str) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        raise _refused(field, item, _("a condition with its kind"))
    kind = KINDS.get(str(item.get("kind")))
    if kind is None:
        raise _refused(f"{field}.kind", item.get("kind"), ", ".join(KINDS))
    kept: dict[str, Any] = {"kind": kind.name}
    for name, needed in kind.fields.items():
        value = item.get(name)
        if value in (None, "", []):
            if needed:
                raise _refused(f"{field}.{name}", value, _("a value"))
            continue
        kept[name] = _READ[name](f"{field}.{name}", value)
    if extra := sorted(set(item) - set(kind.fields) - {"kind", "text", "text_second"}):
        raise _refused(f"{field}.{extra[0]}", item[extra[0]], ", ".join(kind.fields))
    if item.get("text") and "text" not in kept:
        kept["text"] = str(item["text"])[:2000]
    if item.get("text_second"):
        if "text" not in kept:
            raise _refused(f"{field}.text", "", _("the text of which this is the translation"))
        kept["text_second"] = _text(f"{field}.text_second", item["text_second"])
    if kind.name == "maximum_load" and "kg" not in kept and "days" in kept:
        raise _refused(f"{field}.kg", None, _("a mass in kilograms"))
    if kind.name == "season" and kept["from"] == kept["to"]:
        raise _refused(f"{field}.to", kept["to"], _("another day than the first"))
    return kept


def _refused(field: str, value: Any, expected: Any) -> Refused:
    return Refused(
        "condition", _("This condition cannot be read."), field=field, value=str(value)[:120], expected=expected
    )


def _words(field: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) and word.strip() for word in value):
        raise _refused(field, value, _("a list of words"))
    return [word.strip() for word in value]


def _mass(field: str, value: Any) -> str:
    return format(kilograms(value, field), "f")


def _number(field: str, value: Any) -> int:
    try:
        if isinstance(value, bool | float):
            raise ValueError
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise _refused(field, value, _("a whole number from 1"))
    return number


def _day_of_year(field: str, value: Any) -> str:
    try:
        month, day = (int(part) for part in str(value).split("-"))
        date(2024, month, day)
    except ValueError:
        raise _refused(field, value, _("month and day as MM-DD")) from None
    return f"{month:02d}-{day:02d}"


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _refused(field, value, _("text"))
    return value.strip()[:2000]


_READ: Mapping[str, Callable[[str, Any], Any]] = {
    "states": _words,
    "points": _words,
    "kg": _mass,
    "days": _number,
    "count": _number,
    "from": _day_of_year,
    "to": _day_of_year,
    "facilities": _words,
    "operations": _words,
    "codes": _words,
    "carriers": _words,
    "means": _words,
    "packaging": _words,
    "text": _text,
}


# ── kinds ────────────────────────────────────────────────────────────────────────────────────────────────────


def _route(condition: Mapping[str, Any], facts: Facts) -> Any:
    if "states" in condition:
        route = facts.get("route")
        if route is None:
            return UNKNOWN
        if list(route) != condition["states"]:
            return _("The route is not the one that was consented to.")
    if "points" in condition:
        points = facts.get("points")
        if points is None:
            return UNKNOWN
        if not {_plain(p) for p in condition["points"]} <= {_plain(p) for p in points}:
            return _("It does not pass the points of entry and exit that were consented to.")
    return None


def _load(condition: Mapping[str, Any], facts: Facts) -> Any:
    # With `days` the limit is one of the ledger's, over every window of so many days: see `sub_periods`.
    if "days" in condition:
        return None
    kg = facts.get("kg")
    if kg is None:
        return UNKNOWN
    try:
        mass = kg if isinstance(kg, Decimal) else Decimal(str(kg))
    except InvalidOperation:
        return UNKNOWN
    return None if mass <= Decimal(condition["kg"]) else _("The load is more than was consented to for one shipment.")


def _season(condition: Mapping[str, Any], facts: Facts) -> Any:
    day = facts.get("day")
    if day is None:
        return UNKNOWN
    here, first, last = f"{day:%m-%d}", condition["from"], condition["to"]
    inside = first <= here <= last if first <= last else here >= first or here <= last
    return None if inside else _("The day lies outside the season that was consented to.")


def _among(
    fact: str, field: str, text: Any, enough: Callable[[Iterable[bool]], bool] = all
) -> Callable[[Mapping[str, Any], Facts], Any]:
    """A test that every value of a fact (`any`: one of them) is one of those consented to."""

    def test(condition: Mapping[str, Any], facts: Facts) -> Any:
        found = facts.get(fact)
        if found is None or found == "" or found == []:
            return UNKNOWN
        values = [found] if isinstance(found, str) else list(found)
        allowed = {_plain(word) for word in condition[field]}
        return None if enough(_plain(value) in allowed for value in values) else text

    return test


def _notice(condition: Mapping[str, Any], facts: Facts) -> Any:
    days = facts.get("notice_days")
    if days is None:
        return UNKNOWN
    return None if days >= condition["days"] else _("The notice is shorter than was asked for.")


def _never(condition: Mapping[str, Any], facts: Facts) -> Any:
    return None


def _plain(word: Any) -> str:
    return " ".join(str(word).casefold().split())


def same(one: Any, other: Any) -> bool:
    """Whether two words are the same but for case and spaces."""
    return _plain(one) == _plain(other)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("route", _("Route"), {"states": False, "points": False}, _route),
        Kind("maximum_load", _("Maximum load"), {"kg": False, "days": False, "count": False}, _load),
        Kind("season", _("Season"), {"from": True, "to": True}, _season),
        Kind(
            "facility",
            _("Facility"),
            {"facilities": True},
            # It has a number and a name: a condition may give either.
            _among("facility", "facilities", _("The facility is not one that was consented to."), any),
        ),
        Kind(
            "operation",
            _("Operation"),
            {"operations": True},
            _among("operation", "operations", _("The operation is not one that was consented to.")),
        ),
        Kind(
            "code",
            _("Waste code"),
            {"codes": True},
            _among("codes", "codes", _("The waste code is not one that was consented to.")),
        ),
        Kind(
            "carrier",
            _("Carrier"),
            {"carriers": True},
            _among("carriers", "carriers", _("A carrier is not one that was consented to.")),
        ),
        Kind(
            "means",
            _("Means of transport"),
            {"means": True},
            _among("means", "means", _("A means of transport is not one that was consented to.")),
        ),
        Kind(
            "packaging",
            _("Packaging"),
            {"packaging": True},
            _among("packaging", "packaging", _("The packaging is not one that was consented to.")),
        ),
        Kind("notice", _("Notice before departure"), {"days": True}, _notice),
        Kind("text", _("Other condition"), {"text": True}, _never),
    )
}


def sub_periods(conditions: Sequence[Mapping[str, Any]]) -> list[tuple[int, Decimal | None, int | None]]:
    """(days, kg, shipments) of the conditions that limit every window of so many days: further limits of the ledger."""
    found = []
    for condition in conditions:
        if condition.get("kind") == "maximum_load" and "days" in condition:
            kg = condition.get("kg")
            found.append((int(condition["days"]), None if kg is None else Decimal(kg), condition.get("count")))
    return found


def describe(condition: Mapping[str, Any]) -> str:
    """One condition in words, for pages and papers: “Maximum load – 25,000 kg”."""
    kind = KINDS.get(str(condition.get("kind")))
    label = str(kind.label) if kind is not None else str(condition.get("kind"))
    names = [name for name in condition if name not in ("kind", "text", "text_second")]
    values = [_said(name, condition[name], condition) for name in names]
    said = [label] + ([", ".join(values)] if values else []) + ([str(condition["text"])] if "text" in condition else [])
    return " – ".join(said)


def _said(name: str, value: Any, condition: Mapping[str, Any]) -> str:
    """One field of a condition in words. What cannot be read is shown as it was written."""
    if isinstance(value, list):
        known: Mapping[str, Any] = _NAMED.get(name, {})
        return ", ".join(f"{one} {known[one]}" if one in known else str(one) for one in value)
    try:
        if name == "kg":
            return _("%(kg)s kg") % {"kg": figures.grouped(Decimal(value))}
        if name == "days" and condition.get("kind") == "maximum_load":
            return ngettext("within %(n)d day", "within %(n)d days", int(value)) % {"n": int(value)}
        if name == "days":
            return ngettext("%(n)d day", "%(n)d days", int(value)) % {"n": int(value)}
        if name == "count":
            return ngettext("%(n)d shipment", "%(n)d shipments", int(value)) % {"n": int(value)}
        if name in ("from", "to"):
            month, day = map(int, str(value).split("-"))
            shown = date_format(date(2000, month, day), "MONTH_DAY_FORMAT")
            return (_("from %(day)s") if name == "from" else _("until %(day)s")) % {"day": shown}
    except (ArithmeticError, TypeError, ValueError):
        return str(value)
    return str(value)


_NAMED: Mapping[str, Mapping[str, Any]] = {
    "operations": codes.OPERATIONS, "means": codes.TRANSPORT, "packaging": codes.PACKAGING,
}  # fmt: skip
