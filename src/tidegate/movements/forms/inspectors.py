"""Forms of inspectors' links and of what is reported through them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements.commands.inspectors import HOURS, OPENINGS
from tidegate.movements.forms.asked import ActForm
from tidegate.movements.forms.fields import Line, Words
from tidegate.movements.models import InspectorReport


class IssueForm(ActForm):
    """A new link."""

    purpose = Line(_("For whom, and why"), required=True, max_length=200,
                   help_text=_("Kept in the journal. Name the service, not a person."))  # fmt: skip
    hours = forms.IntegerField(label=_("Hours"), min_value=1, max_value=HOURS, initial=12)
    openings = forms.IntegerField(label=_("Openings at most"), min_value=1, max_value=OPENINGS, initial=10)


class ReviewForm(ActForm):
    """What came of a report."""

    outcome = Words(_("What came of it"), required=True)


class ReportForm(forms.Form):
    """What an inspector saw."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    office = Line(_("Your service and number"), required=True, max_length=120)
    place = Line(_("Place"), required=True, max_length=200, help_text=_("Road and kilometre, or address."))
    seal = forms.ChoiceField(label=_("Seals"), choices=InspectorReport.Seal.choices, widget=forms.RadioSelect)
    text = Words(_("What you saw"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = uuid4()
