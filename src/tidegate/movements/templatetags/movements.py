"""Words of the control of movements for templates: steps of clocks, kinds of breaches. `{% load movements %}`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tidegate.movements import breaches, green_notice, naming
from tidegate.movements.models import GreenShipment, Requirement
from tidegate.movements.queries import desk
from tidegate.parties import figures, times

register = template.Library()

# The steps of clocks.yaml.
STEPS: dict[str, Any] = {
    "forward": _("Send the notification on"),
    "acknowledge": _("Acknowledge the notification"),
    "decide": _("Decide on the notification"),
    "export_not_before": _("First day on which the State of export may decide"),
    "notice": _("Announce before departure"),
    "notice_annex_vii": _("Announce before departure (Annex VII)"),
    "notify_before_first": _("Notify before the first shipment"),
    "span": _("What one notification may cover"),
    "receipt": _("Confirm the receipt"),
    "record_receipt": _("Record the receipt"),
    "chase_receipt": _("Ask after a receipt that did not come"),
    "completion": _("Confirm recovery or disposal"),
    "completion_latest": _("Recover or dispose of it"),
    "take_back_art8": _("Take it back (Article 8)"),
    "take_back_art9_exporter": _("Take it back (Article 9(2))"),
    "take_back_art9_importer": _("See to sound disposal (Article 9(3))"),
    "take_back_art9_unassigned": _("See to sound disposal together (Article 9(4))"),
    "take_back_agreed": _("Take it back, as the States agreed"),
}


@register.filter
def clock_step(name: str | None) -> Any:
    """What a time limit is for."""
    return STEPS.get(name or "", name or _("Time limit"))


@register.filter
def breach(kind: str) -> Any:
    """A kind of breach in a sentence; those of the ledger are known by their beginning."""
    return breaches.KINDS.get(kind, kind)


@register.filter
def due_of(row: GreenShipment) -> date | None:
    """The last day on which the form of a green-listed shipment was in time."""
    return green_notice.due_of(row)


@register.filter
def why_late(row: GreenShipment) -> str:
    """Why the form of a green-listed shipment came too late, in a sentence."""
    return green_notice.why_late(row.notice, row.late_notice)


@register.filter
def asked(row: Requirement) -> str:
    """What an agency asks of a consignment, by the names of papers and facts."""
    return naming.asked(row)


@register.filter
def over(moment: datetime | None) -> bool:
    """Whether a time limit is over."""
    return moment is not None and moment < times.now()


@register.filter
def at_most(count: int) -> str:
    """A count that stops at the most that is counted: “1,000+” beyond it."""
    return f"{desk.MOST:,}+" if count > desk.MOST else f"{count}"


@register.filter
def measured(value: Any) -> str:
    """A declared or measured fact for a table: a share, shares by polymer, yes or no."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, Mapping):
        return ", ".join(f"{code} {figures.number(share)} %" for code, share in value.items())
    return f"{figures.number(value)} %"


@register.filter
def grouped(value: Decimal) -> str:
    """A figure as the reader's language writes it."""
    return figures.grouped(value)
