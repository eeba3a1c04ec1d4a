"""The basis of a mass (facts/movement.md 4.0, rule 6): gross (with packaging and container), net (the waste as it is
shipped) or dry. An account counts on the basis of its notification; masses on unlike bases are never held against each
other. Gross less tare is net; dry mass with the share of moisture gives the net mass."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.movements.masses import kilograms
from tidegate.movements.models import Movement, Notification
from tidegate.movements.models.mass import GRAM
from tidegate.parties.commanding import Refused

GROSS, NET, DRY = "gross", "net", "dry"
NAMES: Mapping[str, Any] = {NET: _("net"), GROSS: _("gross"), DRY: _("dry")}


def read(value: Any, default: str) -> str:
    """One of the bases; nothing is the default. Raises Refused("basis")."""
    found = str(value or default).strip().lower()
    if found not in NAMES:
        raise Refused("basis", _("This is no basis of a mass."), field="basis", value=str(value)[:20],
                      expected=", ".join(NAMES))  # fmt: skip
    return found


def weigh(
    notification: Notification, kg: Decimal, *, basis: str, tare_kg: Any, moisture_pct: Any, need: bool = False
) -> tuple[Decimal, dict[str, Any]]:
    """A weighed mass on the notification's basis, and how it came about (`Movement.loaded_as`). Where tare or moisture
    is wanting it stays as it was weighed, with its own basis; with `need` it is refused.

    Raises Refused: basis, mass, moisture.
    """
    wanted = notification.basis
    given = read(basis, wanted)
    if given == wanted:
        return kg, {}
    aids: dict[str, Decimal] = {}
    for name, one, value in (("tare_kg", GROSS, tare_kg), ("moisture_pct", DRY, moisture_pct)):
        if one not in (given, wanted):
            continue
        if value in (None, ""):
            if not need:
                return kg, {"basis": given}
            raise Refused(
                "basis", _("The quantity is consented to on another basis: say the tare, or the share of moisture."),
                field=name, value=given, expected=wanted,
            )  # fmt: skip
        aids[name] = kilograms(value, name, zero=True) if one == GROSS else _share(value)
    tare, part = aids.get("tare_kg", Decimal(0)), 1 - aids.get("moisture_pct", Decimal(0)) / 100
    net = {GROSS: kg - tare, NET: kg, DRY: kg / part}[given]
    exact = {GROSS: net + tare, NET: net, DRY: net * part}[wanted].quantize(GRAM, ROUND_HALF_UP)
    if exact <= 0:
        raise Refused("mass", _("The tare is as much as was weighed."), field="tare_kg", value=str(tare),
                      expected=f"< {kg}")  # fmt: skip
    return exact, {"weighed": {"basis": given, "kg": str(kg), **{name: str(value) for name, value in aids.items()}}}


def _share(value: Any) -> Decimal:
    try:
        found = None if isinstance(value, float) else Decimal(str(value).strip())
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or not 0 <= found < 100:
        raise Refused("moisture", _("This is not a share of moisture."), field="moisture_pct", value=str(value)[:40],
                      expected=_("per cent, from 0 to below 100"))  # fmt: skip
    return found


def like(movement: Movement, name: str) -> Decimal | None:
    """The loaded or received mass (`loaded_kg`, `received_kg`), where it is on the basis of the account."""
    basis = movement.loaded_basis if name == "loaded_kg" else movement.received_basis
    kg: Decimal | None = getattr(movement, name)
    return kg if basis == movement.notification.basis else None


def counted(movement: Movement) -> Decimal:
    """What the account counts of a shipment that has left: the most that is known on its basis, else what was
    announced."""
    known = [kg for name in ("loaded_kg", "received_kg") if (kg := like(movement, name)) is not None]
    return max(known, default=movement.announced_kg)


def compared(movement: Movement) -> bool:
    """Whether what was loaded and what was received are known, and on one basis."""
    known = movement.loaded_kg is not None and movement.received_kg is not None
    return known and movement.loaded_basis == movement.received_basis


def words(kg: str, basis: str) -> str:
    """A mass as it is printed: its basis stands with it, unless it is net as everywhere."""
    return f"{kg} ({NAMES.get(basis, basis)})" if kg and basis != NET else kg
