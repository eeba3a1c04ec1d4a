"""Forms of periods of keeping and of legal holds."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements.forms.asked import ActForm
from tidegate.movements.forms.fields import Day, Line, Words
from tidegate.movements.models import KeepingKind


class PeriodForm(ActForm):
    """How long a kind of record is kept."""

    kind = forms.ChoiceField(label=_("Kind of record"), choices=KeepingKind.choices)
    years = forms.IntegerField(label=_("Years"), min_value=1, max_value=100, initial=5)
    valid_from = Day(_("From"), required=True)
    basis = Line(_("Legal basis"), required=True)


class HoldForm(ActForm):
    """A legal hold."""

    case = Line(_("Case or number"), required=True, max_length=64)
    reason = Words(_("Reason"), required=True)


class LiftForm(ActForm):
    """The end of a legal hold."""

    reason = Words(_("Reason"), required=True)
