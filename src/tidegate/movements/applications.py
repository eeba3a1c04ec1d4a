"""What an application for a permit holds: read field by field from JSON or a form, exact, or refused by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements import ledger
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Permit
from tidegate.parties.commanding import Refused

# What an applicant fills in.
ASKED_FOR = ("hs", "wastes", "origins", "quantity_kg", "valid_from", "valid_until", "note")


def fill(permit: Permit, content: Mapping[str, Any]) -> None:
    """Put fields of ASKED_FOR into a permit that is not saved yet. Raises Refused that names the field."""
    for name, value in content.items():
        if name not in ASKED_FOR:
            raise Refused("field", _("There is no such field."), field=name, expected=", ".join(ASKED_FOR))
        setattr(permit, name, _field(name, value))
    if permit.valid_from and permit.valid_until and permit.valid_until < permit.valid_from:
        raise Refused(
            "dates", _("The last day is before the first."), field="valid_until", value=permit.valid_until.isoformat()
        )


def _field(name: str, value: Any) -> Any:
    if name == "quantity_kg":
        return None if value in (None, "") else kilograms(value, name)
    if name in ("valid_from", "valid_until"):
        return day(value, name)
    if name == "note":
        return str(value).strip()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item.strip() for item in value):
        raise Refused("list", _("This is not a list of codes."), field=name, value=str(value)[:60])
    return [item.strip() for item in value]


def day(value: str | date | None, field: str) -> date | None:
    """A day, from ISO text or a date. Raises Refused("dates")."""
    if value is None or value == "":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise Refused(
            "dates", _("This is not a day."), field=field, value=str(value)[:60], expected="2026-12-31"
        ) from None


def periods(rows: Iterable[Any]) -> list[ledger.Period]:
    """Further limits of an account from triples (days, kg or None, shipments or None). Raises Refused("period")."""
    found = []
    for row in rows:
        try:
            days, mass, count = row
            found.append(ledger.Period(int(days), None if mass is None else kilograms(mass), count))
        except (TypeError, ValueError):
            raise Refused(
                "period", _("This is not a period."), field="sub_periods", value=str(row)[:60],
                expected=_("days, kilograms or nothing, shipments or nothing"),
            ) from None  # fmt: skip
    return found
