"""What an application for a permit holds: read field by field from JSON or a form, exact, or refused by name; and the
papers that the law asks with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.law.loader import parse_yaml
from tidegate.movements import guard, ledger
from tidegate.movements.calendars import today
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Permit
from tidegate.parties.commanding import Refused

PAPERS = Path(__file__).with_name("permit_papers.yaml")
OTHER = "other"
# While an applicant may still say something.
APPLYING = (
    Permit.Status.DRAFT, Permit.Status.APPLIED, Permit.Status.UNDER_REVIEW, Permit.Status.INFO_REQUESTED,
)  # fmt: skip
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


# ── papers ───────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def _papers() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    found: Mapping[str, Mapping[str, Mapping[str, Any]]] = parse_yaml(PAPERS.name, PAPERS.read_bytes())
    return found


def permit_papers() -> Mapping[str, Mapping[str, str]]:
    """State → kind of permit → the paper of the rulebook that it is."""
    return _papers()["stands_for"]


def asking_rules() -> Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]:
    """State → kind of permit → rule → the papers that it asks with the application."""
    return _papers()["asked_by"]


def papers_asked(row: Permit) -> dict[str, str]:
    """The papers that the law in force today asks with an application, each with the rule."""
    day, rules = today(row.holder_id), guard.book().rules
    named = asking_rules().get(row.holder_id, {}).get(row.kind, {})
    return {
        paper: rule for rule, papers in named.items() if rule in rules and rules[rule].in_force(day) for paper in papers
    }


def kinds_of_files(row: Permit) -> list[str]:
    """What a file of an application may be: a paper that is asked for, or another."""
    return [*papers_asked(row), OTHER]
