"""The information form of a green-listed shipment as a paper (Annex VII): fourteen blocks, tagged, with its QR code.

Above the blocks stands what its page shows first: who holds it, a form handed in too late, a law that bars it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tidegate.movements import green, green_notice, guard, naming
from tidegate.movements.models import GreenShipment
from tidegate.movements.papers import _coded, _in, _pairs, _party, _press, _text
from tidegate.paper import Block

CODES = {
    "basel": gettext_lazy("(i) Basel Annex IX"),
    "oecd": gettext_lazy("(ii) OECD"),
    "annex_iiia": gettext_lazy("(iii) Annex IIIA"),
    "annex_iiib": gettext_lazy("(iv) Annex IIIB"),
    "ec_list": gettext_lazy("(v) EC list"),
    "national": gettext_lazy("(vi) National code"),
    "hs": gettext_lazy("HS code"),
}
WIDE = ("5", "10", "11", "12")


def green_pdf(row: GreenShipment, *, language: str = "en", second: str = "", url: str | None = None) -> bytes:
    """The form, filled in as far as this State's copy knows it. `second`: a language beside the first; `url`: QR."""
    said = green.read(row.content)
    plain: dict[str, Any] = said.model_dump(mode="json")
    with translation.override(language):
        route = [stop.state for stop in green.route_of(said)]
        places = _pairs((_("Point of exit"), said.exit), (_("Point of entry"), said.entry))
        fields: Sequence[tuple[str, Any, list[tuple[str, str]]]] = [
            ("1", gettext_lazy("Person who arranges the shipment"), _party(plain["arranger"])),
            ("2", gettext_lazy("Importer or consignee"), _party(plain["importer"])),
            ("3", gettext_lazy("Actual quantity"), _pairs(
                (_("Mass (kg)"), _text(row.loaded_kg or row.quantity_kg)),
                (_("Volume (m³)"), _text(said.quantity_m3)))),
            ("4", gettext_lazy("Actual date of shipment"), [("", _text(row.departed_at or row.planned_on))]),
            ("5", gettext_lazy("Carriers, in order"), [
                line for n, one in enumerate(plain["carriers"], 1)
                for line in [(f"{n}", str(one["name"])), *_party(one, skip=("name", "means")),
                             *_pairs((_("Means of transport"), _coded("means", one["means"])))]]),
            ("6", gettext_lazy("Waste generator"), _party(plain["generator"])),
            ("7", gettext_lazy("Laboratory") if said.laboratory else gettext_lazy("Recovery facility"),
             _party(plain["facility"])),
            ("8", gettext_lazy("Recovery operation"), [("", _coded("operations", [said.operation]))]),
            ("9", gettext_lazy("Usual description of the waste"), [("", said.designation)]),
            ("10", gettext_lazy("Waste identification"), _pairs(
                *((str(label), ", ".join(getattr(said.codes, name))) for name, label in CODES.items()))),
            ("11", gettext_lazy("States concerned"), [("", " → ".join(route)), *places]),
            ("12", gettext_lazy("Contract, and declaration of the person who arranges the shipment"), _pairs(
                (_("Contract"), said.contract), (_("Signed on"), _text(said.contract_on)),
                (_("Containers"), ", ".join(said.containers)),
                (_("Declared"), _("The information is complete and correct; a contract in writing is in force.")))),
            ("13", gettext_lazy("Receipt by the consignee"), _pairs(
                (_("Date"), _text(row.received_at)), (_("Received (kg)"), _text(row.received_kg)))),
            ("14", gettext_lazy("Receipt at the recovery facility"), _pairs(
                (_("Date"), _text(row.received_at)),
                (_("Accepted (kg)"), _text(row.accepted_kg)),
                (_("Rejected (kg)"), _text(row.rejected_kg)), (_("Recovered"), _text(row.recovered_at)))),
        ]  # fmt: skip
        parts = [
            Block(number, str(label), lines, _in(second, label), wide=number in WIDE) for number, label, lines in fields
        ]
        return _press(
            parts,
            title=gettext_lazy("Information accompanying a shipment of green-listed waste"),
            kind=_("Information form"),
            row=row,
            number=row.reference,
            status=row.get_status_display(),
            second=second,
            language=language,
            url=url,
            data=plain,
            flags=list(_flags(row)),
        )


def _flags(row: GreenShipment) -> Iterator[tuple[str, str]]:
    """What stands against it in this State's copy, in the order of its page: whose colour it has, the words."""
    for hold in row.holds:
        held = _("Held by %(state)s") % {"state": naming.place(hold["state"], guard.book())}
        yield "prohibited", f"{held} · {hold['office']} · {_text(datetime.fromisoformat(hold['at']))}: {hold['reason']}"
    if late := green_notice.why_late(row.notice, row.late_notice):
        yield "needs", late
    if row.law == green.Law.BARRED:
        rules = ", ".join(str(one["rule"]) for one in green.against(row))
        yield "prohibited", f"{_('The law does not let it move as green-listed.')} {rules}".rstrip()
    elif row.law == green.Law.OPEN:
        yield "undetermined", _("Whether the law lets it move as green-listed turns on what is not known.")
