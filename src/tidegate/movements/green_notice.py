"""How early the form of a green-listed shipment has to be handed in, and whether it was: dated law of clocks.yaml.

The time is counted back from the departure by the working days of each State on the route whose law sets it; the first
day that comes of it is the last on which the form is in time. Late forms are kept and flagged, in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tidegate.movements import calendars, clocks, guard
from tidegate.movements.calendars import Calendar
from tidegate.movements.models import GreenShipment
from tidegate.parties import figures

STEP = "notice_annex_vii"


def worked_out(
    row: GreenShipment, day: date | None = None, calendar_of: Callable[[str], Calendar] = calendars.calendar_of
) -> tuple[dict[str, Any], bool]:
    """By when the form had to be handed in for a departure on a day (its own), and whether it came later.

    The first is {"rule", "law", "source", "state", "length", "unit", "day", "due", "lodged"}, days in ISO form as the
    State `state` counts them; {} where no State on the route has such law on that day.
    """
    if day is None:
        day = row.planned_on if row.departed_at is None else calendars.today(row.state_export, row.departed_at)
    roles = [(row.state_export, "export"), *((one, "transit") for one in row.transit), (row.state_import, "import")]
    found = []
    for state, role in roles:
        rule = clocks.rule_for(STEP, state=state, role=role, day=day, book=guard.book())
        if rule is None or rule.length is None:
            continue
        calendar = calendar_of(state)
        latest = clocks.due(rule, calendar.start(day), (), calendar)
        if latest is not None:
            found.append((latest, rule, calendar))
    if not found:
        return {}, False
    latest, rule, calendar = min(found, key=lambda one: one[0])
    said = {
        "rule": rule.id,
        "law": f"{rule.regime}, {rule.basis}",
        "source": rule.source,
        "state": calendar.state,
        "length": rule.length,
        "unit": rule.unit,
        "day": day.isoformat(),
        "due": calendar.day(latest).isoformat(),
        "lodged": calendar.day(row.lodged_at).isoformat(),
    }
    return said, row.lodged_at > latest


def stamp(row: GreenShipment, calendar_of: Callable[[str], Calendar] = calendars.calendar_of) -> None:
    """Put both into a row, for the day on which it left or is to leave."""
    row.notice, row.late_notice = worked_out(row, calendar_of=calendar_of)


def due_of(row: GreenShipment) -> date | None:
    """The last day on which the form was in time; None where no law sets one."""
    return date.fromisoformat(row.notice["due"]) if row.notice else None


def why_late(notice: Mapping[str, Any], late: bool) -> str:
    """What `worked_out` gave, in a sentence of the reader's language; "" where the form is not late."""
    if not late:
        return ""
    said = {name: figures.day(date.fromisoformat(notice[name])) for name in ("day", "due", "lodged")}
    return _(
        "Its form was handed in on %(lodged)s, too late for a departure on %(day)s: it was due by %(due)s, "
        "%(length)s before (%(law)s; days of %(state)s)."
    ) % {**said, "length": _length(notice), "law": notice["law"], "state": notice["state"]}  # fmt: skip


def _length(notice: Mapping[str, Any]) -> str:
    count = notice["length"]
    number = {"count": count}
    if notice["unit"] == "working":
        return ngettext("%(count)d working day", "%(count)d working days", count) % number
    if notice["unit"] == "months":
        return ngettext("%(count)d month", "%(count)d months", count) % number
    if notice["unit"] == "years":
        return ngettext("%(count)d year", "%(count)d years", count) % number
    return ngettext("%(count)d day", "%(count)d days", count) % number
