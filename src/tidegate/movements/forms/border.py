"""Forms of the border desk."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements.forms.asked import ActForm, Choice, Codes, Mass, Moment
from tidegate.movements.masses import kilograms
from tidegate.movements.models import WriteOff
from tidegate.parties.commanding import Refused


class CheckForm(forms.Form):
    """What is asked, and what stands at the border where that is known."""

    q = forms.CharField(label=_("Number"), max_length=4000, required=False)
    kg = Mass(label=_("Quantity at the border (kg)"), required=False)
    wastes = Codes(label=_("Basel entries"), required=False)
    hs = Codes(label=_("HS codes"), required=False)
    origin = forms.CharField(label=_("State of origin (two letters)"), required=False, max_length=2)

    def clean_kg(self) -> Decimal | None:
        """The mass, exact."""
        if not self.cleaned_data["kg"]:
            return None
        try:
            return kilograms(self.cleaned_data["kg"])
        except Refused as refused:
            raise forms.ValidationError(str(refused.text)) from None

    def clean_origin(self) -> str:
        return str(self.cleaned_data["origin"]).upper()

    @property
    def load(self) -> dict[str, Any]:
        """What `border.check` is told of the load."""
        return {name: self.cleaned_data[name] for name in ("kg", "wastes", "hs", "origin")}


class WriteOffForm(ActForm):
    """What customs takes off a permit or quota for one item of a declaration."""

    licence = forms.CharField(label=_("Permit, quota or account"), max_length=96)
    declaration = forms.CharField(label=_("Declaration number"), max_length=64)
    item = forms.IntegerField(label=_("Item"), min_value=1, max_value=999_999, initial=1)
    kg = Mass(label=_("Quantity (kg)"), required=False, help_text=_("Not needed where an entry is taken back."))
    usage = Choice(label=_("Kind of entry"), choices=WriteOff.Usage.choices)
    movement = forms.CharField(
        label=_("Movement"),
        required=False,
        max_length=96,
        help_text=_("Case and serial (case/serial), so that one load is counted once."),
    )
    at = Moment()

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("usage") != WriteOff.Usage.CONTRA and not said.get("kg") and "kg" not in self.errors:
            self.add_error("kg", _("Say how many kilograms."))
        return said


class FileForm(forms.Form):
    """One file."""

    file = forms.FileField(label=_("File"), widget=forms.FileInput)
