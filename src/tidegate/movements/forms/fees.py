"""Forms of fees: a line of the schedule, a payment, a waiver."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements.fees import KINDS
from tidegate.movements.forms.asked import ActForm, Choice, Day, Mass, Reason


class RateForm(ActForm):
    """What a kind of filing costs from a day on."""

    kind = Choice(label=_("For"), choices=KINDS.items())
    fixed = Mass(label=_("Fixed amount"), initial="0")
    per_tonne = Mass(label=_("Per tonne"), initial="0")
    currency = forms.CharField(label=_("Currency"), max_length=3, help_text=_("Three letters, such as THB."))
    valid_from = Day(label=_("From"))
    valid_until = Day(label=_("Until"), required=False)
    source = forms.CharField(label=_("Legal source"), max_length=300)
    blocks = forms.BooleanField(label=_("Holds up the acknowledgement until it is paid"), required=False)


class PaidForm(ActForm):
    """What was paid elsewhere."""

    reference = forms.CharField(label=_("Reference of the payment"), max_length=120)
    paid_on = Day(label=_("Paid on"), required=False, help_text=_("Left out, it is today."))


class WaiveForm(ActForm):
    """Why it is not charged."""

    reference = forms.CharField(label=_("Reference of the decision"), max_length=120)
    reason = Reason()
