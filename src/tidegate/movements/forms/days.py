"""The forms of a day off and of a tolerance."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements.forms.fields import Day, Exact, Line
from tidegate.movements.tolerances import REGIMES


class DayForm(forms.Form):
    """A day and its name."""

    day = Day(_("Day"), required=True)
    name = Line(_("What the day is called"), max_length=200, required=True)


class ToleranceForm(forms.Form):
    """How far a received mass may be from the loaded one."""

    regime = forms.ChoiceField(label=_("Regime"), choices=list(REGIMES.items()), required=False)
    percent = Exact(_("Per cent"), required=True)
    since = Day(_("From"), required=True)
    source = Line(_("Law or decision"), max_length=200, required=True)
