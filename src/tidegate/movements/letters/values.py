"""What placeholders of letters stand for: read from a take-back case or a movement, as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tidegate.movements import alternatives, bases
from tidegate.movements.calendars import calendar_of
from tidegate.movements.models import Clock, Movement, TakeBack
from tidegate.movements.models.base import CaseRow
from tidegate.parties import figures
from tidegate.parties.models import Organisation, State

NAMES = (
    "addressee", "authority", "agreed_until", "basis", "carrier", "case", "codes", "consignee", "containers",
    "custody_kg", "custody_place", "departed_on", "designation", "detected_on", "due_on", "exporter", "facility",
    "finding", "grounds", "informed_on", "means", "movement", "notification", "plan_carrier", "question", "received_kg",
    "rejected_kg", "route", "state", "state_export", "state_import", "today", "way_home",
)  # fmt: skip


def of(row: CaseRow, *, to: str, at: datetime) -> dict[str, str]:
    """Every value that is known; the others are left out or empty. `to` is a State's code, or a name as it is."""
    holder = row.holder_id
    found = {
        "authority": _authority(holder), "case": row.case, "state": _state(holder),
        "today": _day(calendar_of(holder).day(at)),
        "addressee": _authority(to) if State.objects.filter(pk=to).exists() else to,
    }  # fmt: skip
    if isinstance(row, TakeBack):
        found |= _of_case(row)
    if isinstance(row, Movement):
        found |= _of_movement(row)
    return found


def _of_case(row: TakeBack) -> dict[str, str]:
    from tidegate.movements.commands.takeback import GROUNDS

    calendar = calendar_of(row.holder_id)
    clock = Clock.objects.filter(subject_id=row.pk, ended_at=None).first()
    load: Mapping[str, Any] = row.load
    found = {
        "basis": str(row.get_basis_display()),
        "grounds": "; ".join(f"({letter}) {GROUNDS[letter]}" for letter in row.grounds),
        "finding": row.finding,
        "detected_on": _day(calendar.day(row.detected_at)),
        "informed_on": _day(calendar.day(row.informed_at)) if row.informed_at else "",
        "due_on": _day(calendar.day(clock.due_at)) if clock is not None and clock.due_at is not None else "",
        "agreed_until": _day(row.agreed_until) if row.agreed_until else "",
        "custody_place": row.custody_place,
        "custody_kg": _kg(row.custody_kg),
        "containers": ", ".join(row.containers),
        "state_export": _state(row.state_export),
        "designation": str(load.get("description") or ""),
        "codes": ", ".join(str(load[name]) for name in ("basel", "hs") if load.get(name)),
        "exporter": _party(load.get("exporter")),
        "consignee": _party(load.get("importer")),
        "carrier": _party(load.get("carrier")),
        "means": str(load.get("means") or ""),
        "route": " → ".join(_state(code) for code in row.states if code not in row.joined),
        "way_home": " → ".join(_stop(stop) for stop in row.plan.get("route") or ()),
        "plan_carrier": str(row.plan.get("carrier") or ""),
    }
    if row.movement is not None:
        known = {name: value for name, value in _of_movement(row.movement).items() if value}
        found = {**found, **known, **{name: value for name, value in found.items() if name == "containers" and value}}
    return found


def _of_movement(row: Movement) -> dict[str, str]:
    notification = row.notification
    blocks: Mapping[str, Any] = notification.blocks
    carriers = row.particulars.get("carriers") or blocks.get("carriers") or []
    stops = [stop["state"] for stop in alternatives.own_route(row)]
    codes = blocks.get("codes") or {}
    return {
        "notification": notification.number or notification.case,
        "movement": f"{row.serial} / {notification.shipments or '–'}",
        "exporter": _party(blocks.get("exporter")),
        "consignee": _party(blocks.get("importer")),
        "facility": _party(blocks.get("facility")),
        "carrier": "; ".join(_party(one) for one in carriers),
        "means": ", ".join(dict.fromkeys(letter for one in carriers for letter in one.get("means") or ())),
        "containers": ", ".join(row.particulars.get("containers") or ()),
        "designation": str(blocks.get("designation") or ""),
        "codes": ", ".join(str(code) for name in ("basel", "y", "hs") for code in codes.get(name) or ()),
        "departed_on": _day(calendar_of(row.holder_id).day(row.departed_at)) if row.departed_at else "",
        "received_kg": bases.words(_kg(row.received_kg), row.received_basis),
        "rejected_kg": _kg(row.rejected_kg),
        "route": " → ".join(_state(code) for code in stops),
        "state_export": _state(notification.state_export),
        "state_import": _state(notification.state_import),
    }


def exporter_of(row: Movement) -> str:
    """The exporter of a movement, as a letter names it."""
    return _party(row.notification.blocks.get("exporter"))


def _authority(code: str) -> str:
    """A State's competent authority as this node knows it; else the State."""
    kind = Organisation.Kind.COMPETENT_AUTHORITY
    found = Organisation.objects.filter(holder=code, kind=kind, active=True).order_by("name").first()
    return f"{found.name}, {_state(code)}" if found is not None else _state(code)


def _state(code: str) -> str:
    found = State.objects.filter(pk=code).first()
    return found.name if found is not None else code


def _stop(stop: Mapping[str, str]) -> str:
    points = ", ".join(dict.fromkeys(filter(None, (stop["entry"], stop["exit"]))))
    return f"{_state(stop['state'])} ({points})" if points else _state(stop["state"])


def _party(said: Any) -> str:
    if not isinstance(said, Mapping):
        return ""
    return ", ".join(str(said[name]) for name in ("name", "registration", "address") if said.get(name))


def _kg(value: Decimal | None) -> str:
    return "" if value is None else figures.mass(value)


def _day(day: date) -> str:
    return figures.day(day)
