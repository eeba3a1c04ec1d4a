"""The draft standard as a form: a batch, and limits that can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from tidegate.law import Book, regional
from tidegate.law.standards import FIGURES
from tidegate.web.batch.models import Batch
from tidegate.web.lawpages.words import COLUMNS
from tidegate.web.whatif.figures import BARS, held_today


class WhatIfForm(forms.Form):
    """`batch`, one field for each figure and each bar of the draft, and whether it is tried on every day."""

    batch = forms.ChoiceField(label=_("Batch"))
    any_day = forms.BooleanField(
        label=_("As if in force on every day"),
        required=False,
        help_text=_(
            "For shipments of the past. Otherwise the draft holds from its own first day, 1 July 2027, and earlier "
            "shipments do not meet it."
        ),
    )

    def __init__(
        self, data: Any = None, *, batches: Sequence[Batch], book: Book, limits: regional.Limits, **initial: Any
    ):
        given = limits.as_dict()
        super().__init__(data, initial={"any_day": True, **given, **initial})
        chosen = self.fields["batch"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [(batch.token, batch.name) for batch in batches]
        held = held_today(book)
        for name in FIGURES:
            today = __("Today: %(held)s") % {"held": held[name]} if held[name] else __("Today: none of the eight")
            self.fields[name] = forms.DecimalField(
                label=f"{COLUMNS[name]} (%)",
                required=False,
                min_value=0,
                max_value=100,
                decimal_places=4,
                help_text=today,
                widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
            )
        for name, label in BARS.items():
            self.fields[name] = forms.BooleanField(label=label, required=False)

    def clean(self) -> dict[str, Any]:
        """A standard without any limit asks nothing."""
        data = super().clean() or {}
        if not self.errors:
            try:
                self.limits = regional.read({name: data[name] for name in (*FIGURES, *BARS)})
            except regional.LimitError as error:
                raise forms.ValidationError(__("Give at least one limit.")) from error
        return data

    @property
    def figures(self) -> list[forms.BoundField]:
        """The limits in %."""
        return [self[name] for name in FIGURES]

    @property
    def bars(self) -> list[forms.BoundField]:
        """What the load may not be or hold."""
        return [self[name] for name in BARS]
