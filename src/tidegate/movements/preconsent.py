"""Whether the register of the State of import bears out that a notification's facility is pre-consented.

For the authority's eyes alone. Time limits and the longest span go by what was notified, until the State of import
denies it (`commands.preconsents`): every copy works them out from the same facts, and no other State can look into this
register.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from tidegate.movements.models import Notification
from tidegate.parties import figures, queries
from tidegate.parties.actors import Actor
from tidegate.parties.models import Facility
from tidegate.screening.registers.protocol import normal


@dataclass(frozen=True)
class Preconsent:
    """What the register says of the facility; `wanting`, in words, is all that it does not bear out."""

    facility: Facility | None
    wanting: list[str]


def judge(actor: Actor, row: Notification) -> Preconsent | None:
    """What to tell an authority of the State of import about a case in its own copy.

    None where there is nothing to tell: to anybody else, once the case has ended, and where pre-consent is neither
    notified nor in the register.
    """
    if row.preconsented and not row.preconsent_counts:
        return None  # denied already
    if not actor.official or actor.state != row.holder_id or row.holder_id != row.state_import or row.ended_as:
        return None
    number = str((row.blocks.get("facility") or {}).get("registration") or "").strip()
    facility, found = _named(actor, normal(number))
    if facility is None:
        said = Preconsent(None, [_unnamed(number, found)])
    else:
        said = Preconsent(facility, [*_wanting(facility, row), *_too_much(facility, row)])
    return said if row.preconsented or not said.wanting else None


def _named(actor: Actor, number: str) -> tuple[Facility | None, int]:
    """The facility of a number, and how many have it. A permit number names a site; that of a company only its one."""
    if not number:
        return None, 0
    rows = queries.facilities(actor).filter(organisation__active=True).order_by("pk")
    found = list(rows.filter(Q(permit_number__iexact=number) | Q(organisation__registration__iexact=number)))
    permitted = [one for one in found if normal(one.permit_number) == number]
    sites = permitted or found
    return (sites[0] if len(sites) == 1 else None), len(sites)


def _unnamed(number: str, found: int) -> str:
    if not number:
        return _("The notification gives no registration number of the facility.")
    if not found:
        return _("No facility of the register has the number %(number)s.") % {"number": number}
    text = _("The number %(number)s stands for several facilities of the register, and does not say for which.")
    return text % {"number": number}


def _wanting(facility: Facility, row: Notification) -> Iterator[str]:
    first, last = facility.preconsented_from, facility.preconsented_until
    if first is None:  # as for its certificate: a last day alone is no pre-consent
        yield _("The facility is in the register, but not as pre-consented.")
        return
    if row.first_departure is not None and row.first_departure < first:
        yield _("Not for the whole period: pre-consented only from %(day)s.") % {"day": figures.day(first)}
    if row.last_departure is not None and last is not None and last < row.last_departure:
        yield _("Not for the whole period: pre-consented only until %(day)s.") % {"day": figures.day(last)}
    if wastes := _other_wastes(facility, row.blocks.get("codes") or {}):
        yield _("Not for this waste: %(codes)s.") % {"codes": ", ".join(wastes)}
    if operations := [code for code in row.blocks.get("operations") or () if code not in facility.operations]:
        yield _("Not for this operation: %(codes)s.") % {"codes": ", ".join(operations)}


def _too_much(facility: Facility, row: Notification) -> Iterator[str]:
    """Where all that is notified to the facility as pre-consented is more than its pre-consent covers."""
    if facility.preconsented_kg is None or not row.preconsented:
        return
    number = (row.blocks.get("facility") or {}).get("registration")
    live = Notification.objects.filter(
        holder=row.holder_id, state_import=row.holder_id, preconsented=True, blocks__facility__registration=number
    ).exclude(Q(pk=row.pk) | Q(status__in=(Notification.Status.OBJECTED, Notification.Status.DRAFT)))
    # What has ended counts with what was used of it, which its own account knows; it is left out of a warning.
    others = live.filter(ended_as="").aggregate(kg=Sum("quantity_kg"))["kg"] or Decimal(0)
    together = others + (row.quantity_kg or Decimal(0))
    if together > facility.preconsented_kg:
        text = _("More than it covers: %(kg)s is notified to this facility as pre-consented, for %(most)s.")
        yield text % {"kg": figures.mass(together), "most": figures.mass(facility.preconsented_kg)}


def _other_wastes(facility: Facility, codes: dict[str, Any]) -> list[str]:
    """The codes of the waste that the facility is not entered for. Basel entries and Y codes name the same waste twice:
    one of the two lists suffices. What only another list identifies is not in the register."""
    named = [codes[name] for name in ("basel", "y") if codes.get(name)]
    if not named:
        return list(codes.get("other") or ["–"])
    others = [[code for code in one if code not in facility.wastes] for one in named]
    return [] if [] in others else others[0]
