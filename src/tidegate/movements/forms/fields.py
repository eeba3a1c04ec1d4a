"""Fields that read what people type into what the commands take: ISO days, exact figures as text, lists of codes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

UNKNOWN: tuple[tuple[str, Any], ...] = (("", _("Not known")), ("y", _("Yes")), ("n", _("No")))


class Line(forms.CharField):
    """One line."""

    def __init__(self, label: Any, *, max_length: int = 300, required: bool = False, **more: Any):
        super().__init__(label=label, max_length=max_length, required=required, **more)


class Words(forms.CharField):
    """Several lines."""

    def __init__(self, label: Any, *, rows: int = 3, required: bool = False, max_length: int = 10_000, **more: Any):
        super().__init__(
            label=label, max_length=max_length, required=required, widget=forms.Textarea(attrs={"rows": rows}), **more
        )


class Day(forms.DateField):
    """A day, given on as ISO text ("" for none), so that it can wait for a second person."""

    def __init__(self, label: Any, *, required: bool = False, **more: Any):
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(label=label, required=required, widget=widget, input_formats=["%Y-%m-%d"], **more)

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        return found.isoformat() if isinstance(found, date) else ""


class Exact(forms.CharField):
    """A figure, exact, given on as text with a point; "" for none. A comma or spaces between thousands are refused
    rather than guessed at."""

    def __init__(self, label: Any, *, required: bool = False, places: int = 3, **more: Any):
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(label=label, required=required, max_length=40, widget=widget, **more)
        self.places = places

    def clean(self, value: Any) -> str:
        text = str(super().clean(value)).replace("\u00a0", "").replace(" ", "")
        if not text:
            return ""
        try:
            figure = Decimal(text)
            fits = figure.is_finite() and figure >= 0 and -int(figure.as_tuple().exponent) <= self.places
        except InvalidOperation:
            fits = False
        if not fits:
            raise ValidationError(
                _("“%(value)s” is not a figure: write it as 12000 or 12000.5, with a point and at most %(n)d places."),
                params={"value": text[:40], "n": self.places},
            )
        return format(figure, "f")

    def prepare_value(self, value: Any) -> Any:
        """A figure as people type it: without noughts at its end."""
        if isinstance(value, str) and re.fullmatch(r"\d+\.\d+", value):
            return value.rstrip("0").rstrip(".")
        return value


class Tri(forms.ChoiceField):
    """Yes, no, or not known (None)."""

    def __init__(self, label: Any, **more: Any):
        super().__init__(label=label, required=False, choices=UNKNOWN, **more)

    def clean(self, value: Any) -> bool | None:
        return {"y": True, "n": False}.get(str(super().clean(value)))

    def prepare_value(self, value: Any) -> Any:
        return {True: "y", False: "n", None: ""}.get(value, value) if not isinstance(value, str) else value


class Items(forms.CharField):
    """Codes or words, parted by commas, semicolons or lines, given on as a list without doubles."""

    def __init__(self, label: Any, *, upper: bool = True, required: bool = False, **more: Any):
        super().__init__(label=label, required=required, max_length=4000, **more)
        self.upper = upper

    def clean(self, value: Any) -> list[str]:
        text = str(super().clean(value))
        words = [" ".join(word.split()) for word in re.split(r"[,;\n]", text.upper() if self.upper else text)]
        return list(dict.fromkeys(word for word in words if word))

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


class Count(forms.IntegerField):
    """A whole number from 1, or nothing."""

    def __init__(self, label: Any, *, required: bool = False, least: int = 1, **more: Any):
        super().__init__(label=label, required=required, min_value=least, max_value=2**31 - 1, **more)


class Marks(forms.MultipleChoiceField):
    """Several of a list of codes, each with its name."""

    def __init__(self, label: Any, codes: Iterable[tuple[str, Any]], *, required: bool = False, **more: Any):
        choices = [(code, f"{code} {name}" if name else code) for code, name in codes]
        super().__init__(label=label, required=required, choices=choices, widget=forms.CheckboxSelectMultiple, **more)


class Stated(forms.ChoiceField):
    """A State, by name."""

    def __init__(self, label: Any, *, required: bool = False, without: str = "", **more: Any):
        from django.utils.translation import gettext

        from tidegate.movements.guard import book

        def choices() -> list[tuple[str, Any]]:
            found = [(code, gettext(row.name)) for code, row in book().states.items() if code != without]
            return [("", pgettext_lazy("State", "Choose")), *sorted(found, key=lambda pair: str(pair[1]))]

        super().__init__(label=label, required=required, choices=choices, **more)
