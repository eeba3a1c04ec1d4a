"""The form of a day off."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements.forms.fields import Day, Line


class DayForm(forms.Form):
    """A day and its name."""

    day = Day(_("Day"), required=True)
    name = Line(_("What the day is called"), max_length=200, required=True)
