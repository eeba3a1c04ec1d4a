"""Reading what people say of a shipment: carriers, containers, packages, volume, moments; exact, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements import blocks
from tidegate.parties import times
from tidegate.parties.commanding import Refused

# Carriers as in block 8 of the movement document, `points` as State to entry and exit, `permits` as references of
# permits and allocations, the rest as texts and lists of texts.
NAMES = (
    "carriers", "containers", "seals", "vehicle", "points", "facility", "operation", "packaging", "permits", "note",
    "note_second",
)  # fmt: skip
LISTS = ("containers", "seals", "packaging", "permits")
CARRIERS = 40


def moment(value: datetime | str | None, field: str = "at") -> datetime:
    """A moment with its zone, from a datetime or ISO text; none given is now. Raises Refused("moment")."""
    if value in (None, ""):
        return times.now()
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refused(
            "moment", _("This is not a moment with its time zone."), field=field, value=str(value)[:40],
            expected="2026-11-21T08:00+00:00",
        )  # fmt: skip
    return found


def read(given: Mapping[str, Any]) -> dict[str, Any]:
    """Particulars as they are kept. Raises Refused: particulars, form (a carrier)."""
    if not isinstance(given, Mapping):
        raise _refused("particulars", given, ", ".join(NAMES))
    kept: dict[str, Any] = {}
    for name, value in given.items():
        field = f"particulars.{name}"
        if name not in NAMES:
            raise _refused(field, name, ", ".join(NAMES))
        if name == "carriers":
            if not isinstance(value, list) or len(value) > CARRIERS:
                raise _refused(field, value, _("a list of carriers"))
            kept[name] = [blocks.read(blocks.Carrier, one).model_dump(mode="json") for one in value]
        elif name == "points":
            kept[name] = _points(field, value)
        elif name in LISTS:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise _refused(field, value, _("a list of texts"))
            kept[name] = [one.strip()[:120] for one in value if one.strip()][:200]
        elif isinstance(value, str):
            kept[name] = value.strip()[:2000]
        else:
            raise _refused(field, value, _("a text"))
    return kept


def _points(field: str, value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, Mapping) or not all(isinstance(own, Mapping) for own in value.values()):
        raise _refused(field, value, '{"TH": {"exit": "…"}, "DE": {"entry": "…"}}')
    kept: dict[str, dict[str, str]] = {}
    for state, own in value.items():
        for way, point in own.items():
            if way not in ("entry", "exit") or not isinstance(point, str):
                raise _refused(f"{field}.{state}.{way}", point, "entry, exit")
            if point.strip():
                kept.setdefault(str(state)[:2].upper(), {})[way] = point.strip()[:120]
    return kept


def _refused(field: str, value: Any, expected: Any) -> Refused:
    return Refused("particulars", _("This cannot be read."), field=field, value=str(value)[:60], expected=expected)


def packages(value: Any) -> int | None:
    """A number of packages; None from nothing. Raises Refused("count")."""
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not str(value).isdecimal() or int(value) > 10**6:
        raise Refused(
            "count", _("This is not a number of packages."), field="packages", value=str(value)[:40],
            expected=_("a whole number"),
        )  # fmt: skip
    return int(value)


def volume(value: Any) -> Decimal | None:
    """Cubic metres with three places; None from nothing. Raises Refused("volume"): nothing is rounded."""
    if value in (None, ""):
        return None
    try:
        found = None if isinstance(value, float) else Decimal(str(value).strip())
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or not 0 < found < 10**9 or found != round(found, 3):
        raise Refused(
            "volume", _("This is not a volume in cubic metres."), field="volume_m3", value=str(value)[:40],
            expected=_("a number above zero with at most three places"),
        )  # fmt: skip
    return found.quantize(Decimal("0.001"))
