"""Forms of analyses: what a laboratory is asked, and what it hands in."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements.commands.analyses import laboratories
from tidegate.movements.forms.asked import ActForm, Choice, Day, Mass, Text, YesNo
from tidegate.movements.forms.files import kept_file

_SHARE = re.compile(r"(\S+?)[\s:=]+([0-9]+(?:[.,][0-9]+)?)\s*%?")
_PERCENT = _("Per cent of mass; empty: not analysed.")


class AnalyseForm(ActForm):
    """Which laboratory is asked, and what."""

    laboratory_id = Choice(label=_("Laboratory"))
    question = Text(label=_("What is asked"), help_text=_("The laboratory sees this, and nothing else of the case."))
    due_on = Day(label=_("Wanted by"), required=False)

    def prepare(self) -> None:
        """Offer the laboratories of the State's register."""
        found = [(str(one.pk), one.name) for one in laboratories(self.actor.state)]
        self.fields["laboratory_id"].choices = found  # type: ignore[attr-defined]


class DeclarationForm(AnalyseForm):
    """The same of a declaration that stands for no consignment, movement or take-back case."""

    declared_as = forms.CharField(
        label=_("Reference of the declaration"), max_length=200,
        help_text=_("Its number, or the batch and the row."),
    )  # fmt: skip


class QualityForm(ActForm):
    """What a certificate of quality says beside what was measured."""

    load = Text(label=_("Load"), max_length=300, rows=2, help_text=_("What was sampled: containers, a lot."))
    standard = forms.CharField(label=_("Standard of quality"), max_length=200)
    conforms = YesNo(_("Yes"), _("No"), label=_("Does the load meet it?"))
    remarks = forms.CharField(label=_("Remarks"), max_length=200, required=False)


class SubmitForm(ActForm):
    """What was found, and the report."""

    sample = forms.CharField(label=_("Sample number"), max_length=64)
    sampled_on = Day(label=_("Sampled on"))
    analysed_on = Day(label=_("Analysed on"))
    method = forms.CharField(label=_("Method or standard"), max_length=200)
    accreditation = forms.CharField(label=_("Accreditation number"), max_length=64)
    contamination_pct = Mass(label=_("Contamination"), required=False, help_text=_PERCENT)
    moisture_pct = Mass(label=_("Moisture"), required=False, help_text=_PERCENT)
    polymers = Text(
        label=_("Polymers"), required=False, help_text=_("One a line, with its per cent of mass: PE 60.")
    )  # fmt: skip
    hazardous = Choice(
        label=_("Is it hazardous (Annex I and III)?"), required=False, choices=[("yes", _("Yes")), ("no", _("No"))],
        empty=_("not analysed"),
    )  # fmt: skip
    remarks = Text(label=_("Remarks"), required=False)
    file = kept_file(required=True)

    def clean_polymers(self) -> dict[str, str]:
        """The shares by polymer."""
        found: dict[str, str] = {}
        for line in filter(None, (part.strip() for part in self.cleaned_data["polymers"].splitlines())):
            share = _SHARE.fullmatch(line)
            if share is None or share[1].upper() in found:
                raise forms.ValidationError(_("This is no share of a polymer: %(line)s"), params={"line": line[:60]})
            found[share[1].upper()] = share[2].replace(",", ".")
        return found

    @property
    def given(self) -> dict[str, Any]:
        """The findings as the command takes them, without the file."""
        said = {name: value for name, value in super().given.items() if name != "file"}
        return {**said, "hazardous": {"yes": True, "no": False}.get(said["hazardous"])}
