"""The form of a green-listed shipment on one page, in the order of the information form; lists; receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements import codes
from tidegate.movements.forms.asked import ActForm, Choice, Mass, Moment, Reason, Text
from tidegate.movements.forms.fields import Day, Exact, Items, Line, Stated, Tri, Words
from tidegate.movements.forms.steps import (
    CarrierForm,
    FacilityForm,
    GeneratorForm,
    Part,
    PartyForm,
    PolymerForm,
    Waste,
    facts_form,
)
from tidegate.movements.green_control import PASSAGES

_OPERATIONS = [("", pgettext_lazy("operation", "Choose")), *((c, f"{c} {text}") for c, text in codes.RECOVERY.items())]


class ShipmentForm(forms.Form):
    reference = Line(_("Your own reference"), max_length=64, help_text=_("Left empty, one is made."))
    planned_on = Day(_("Day of departure"))
    quantity_kg = Exact(_("Quantity (kg)"))
    quantity_m3 = Exact(_("Volume (m³)"))
    contract = Line(_("Contract"), help_text=_("The number by which the contract with the importer is known."))
    contract_on = Day(_("Signed on"))
    containers = Items(_("Containers"), help_text=_("Parted by commas, such as MSCU 123456-7."))


class WasteForm(forms.Form):
    designation = Words(_("What the waste is called"), rows=2)
    operation = forms.ChoiceField(label=_("Recovery operation"), choices=_OPERATIONS, required=False)
    laboratory = forms.BooleanField(label=_("It goes to a laboratory, as a sample"), required=False)


class CodesForm(forms.Form):
    basel = Items(_("(i) Basel, Annex IX"), help_text=_("Such as B3011."))
    oecd = Items(_("(ii) OECD"), help_text=_("Where it is another one."))
    annex_iiia = Items(_("(iii) Annex IIIA of the European Union"))
    annex_iiib = Items(_("(iv) Annex IIIB of the European Union"))
    ec_list = Items(_("(v) List of the European Union"))
    national = Items(_("(vi) National code"), upper=False)
    hs = Items(_("Customs code (HS)"), help_text=_("Such as 3915.10."))


class LoadForm(forms.Form):
    """What the law is asked about: facts, not papers."""

    hazardous = Tri(_("Is it hazardous (Annex I and III)?"))
    halogenated = Tri(_("Are halogenated polymers in it?"))
    contamination_pct = Exact(_("Contamination, per cent of mass"))


class RouteForm(forms.Form):
    state_export = Stated(_("State of export"))
    exit = Line(_("Point of exit"), max_length=120)
    transit = Items(_("States of transit"), help_text=_("Two-letter codes, in the order in which they are passed."))
    state_import = Stated(_("State of import"))
    entry = Line(_("Point of entry"), max_length=120)


class GreenForm(Waste):
    """The whole form. Nothing is kept of it until it is complete."""

    name, title, icon = "green", _("Green-listed shipment"), "recycle"

    def make(self) -> Sequence[Part]:
        self.facts = facts_form(self.given.get("load") or {}, self.asked)
        return (
            Part("", _("Shipment"), ShipmentForm),
            Part("arranger", _("Person who arranges the shipment"), PartyForm),
            Part("importer", _("Importer or consignee"), PartyForm, _(
                "The registration number in the State of import lets the consignee see the shipment there.")),
            Part("carriers", _("Carriers"), CarrierForm, rows=True, row_title=_("Carrier")),
            Part("generator", _("Waste generator"), GeneratorForm),
            Part("facility", _("Recovery facility or laboratory"), FacilityForm, _(
                "Its registration number lets it confirm the receipt.")),
            Part("", _("The waste"), WasteForm),
            Part("codes", _("Waste identification"), CodesForm),
            Part("", _("States concerned"), RouteForm),
            Part("load", _("What the law asks about"), LoadForm, _(
                "Facts about the load. They decide whether it may move as green-listed.")),
            Part("polymers", _("Polymers"), PolymerForm, rows=True, row_title=_("Polymer")),
            Part("facts", _("What turns the law's answer"), self.facts, _(
                "The law's answer turns on these. Leave empty what is not known.")),
        )  # fmt: skip

    def content(self) -> dict[str, Any]:
        """The form as the command takes it: nothing in the place of an empty day."""
        said = super().content()
        for name in ("planned_on", "contract_on"):
            said[name] = said.get(name) or None
        said["laboratory"] = bool(said.get("laboratory"))
        return said


def started(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a form begins with, without an empty document's None."""
    return {name: value for name, value in given.items() if value is not None}


class ListForm(forms.Form):
    """A list as a file."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or XLSX with the columns of the template, 10 MB and 2,000 rows at most."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt"}),
    )


class DepartForm(ActForm):
    """It has left."""

    loaded_kg = Mass(label=_("Loaded (kg)"))
    at = Moment()

    def prepare(self) -> None:
        self.fields["loaded_kg"].initial = self.row.quantity_kg


class CancelForm(ActForm):
    """It does not leave."""

    reason = Reason()


class ReceiveForm(ActForm):
    """What came, and what of it was turned away."""

    received_kg = Mass(label=_("Received (kg)"))
    rejected_kg = Mass(label=_("Of it turned away (kg)"), initial="0")
    at = Moment()
    reason = Reason(label=_("Why it was turned away"), required=False)


class RecoverForm(ActForm):
    """Which operation it was."""

    operation = Choice(
        label=_("Recovery operation"), choices=[(c, f"{c} {text}") for c, text in codes.RECOVERY.items()]
    )
    at = Moment()

    def prepare(self) -> None:
        self.fields["operation"].initial = self.row.content.get("operation")


class _AtOffice(ActForm):
    """An act at an office of customs: first the acting organisation's own."""

    office = forms.CharField(label=_("Office"), required=False, max_length=200)
    at = Moment()

    def prepare(self) -> None:
        if self.actor is not None and self.actor.organisation is not None:
            self.fields["office"].initial = self.actor.organisation.name


class HoldForm(_AtOffice):
    """Hold it, or let it go, with the reason."""

    reason = Reason()


class PassForm(_AtOffice):
    """Where it was seen."""

    kind = Choice(label=_("What was seen"), choices=PASSAGES.items(), empty=_("Choose"))
    note = Text(label=_("Note"), required=False, rows=2)

    field_order = ("kind", "office", "at", "note")
