"""Fields and the form that the acts on movements, permits and cases share: moments in the State's own time, masses."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.parties.forms import Codes, Day
from tidegate.parties.ids import uuid7

__all__ = ["ActForm", "Choice", "Codes", "Day", "Mass", "Moment", "Names", "Reason", "Stops", "Text", "YesNo"]


class Moment(forms.DateTimeField):
    """A day with its time, read in the zone that is active (the acting State's). Left out, it is now."""

    def __init__(self, **more: Any):
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        more.setdefault("label", _("When"))
        more.setdefault("required", False)
        more.setdefault("help_text", _("In your State's time; leave it empty for now."))
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **more)


class Mass(forms.CharField):
    """Kilograms as typed; the command reads them exactly and says what is wrong with them."""

    def __init__(self, **more: Any):
        more.setdefault("max_length", 24)
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **more)

    def prepare_value(self, value: Any) -> Any:
        """Without noughts at its end."""
        text = str(value) if value is not None else ""
        return text.rstrip("0").rstrip(".") if re.fullmatch(r"[0-9]+\.[0-9]+", text) else value

    def to_python(self, value: Any) -> str:
        # A blank or an apostrophe between thousands is no matter of doubt; a comma is, and is left in.
        return re.sub(r"[\s'\u2019]", "", str(value or ""))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it is another mass, however it is written."""
        try:
            return Decimal(str(initial)) != Decimal(self.to_python(data))
        except InvalidOperation:
            return (initial or "") != (data or "")


class Names(forms.CharField):
    """Free names, one a line or divided by commas, kept as they were written."""

    def __init__(self, **more: Any):
        more.setdefault("widget", forms.Textarea(attrs={"rows": 2}))
        super().__init__(**more)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        found = [part.strip() for part in re.split(r"[\n,;]+", str(value or ""))]
        return list(dict.fromkeys(part for part in found if part))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)


class Stops(forms.CharField):
    """The stops of a route, each on a line: State | point of entry | point of exit."""

    PARTS = ("state", "entry", "exit")

    def __init__(self, **more: Any):
        super().__init__(widget=forms.Textarea(attrs={"rows": 4}), **more)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(" | ".join(stop.get(name) or "" for name in self.PARTS).rstrip(" |") for stop in value)

    def to_python(self, value: Any) -> list[dict[str, str]]:  # type: ignore[override]
        lines = [line.split("|", 2) for line in str(value or "").splitlines() if line.strip()]
        return [{name: part.strip() for name, part in zip(self.PARTS, line, strict=False)} for line in lines]


class Text(forms.CharField):
    """Several lines of text."""

    def __init__(self, **more: Any):
        rows = more.pop("rows", 3)
        more.setdefault("max_length", 4000)
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **more)


class Reason(Text):
    """Why, in the actor's own words."""

    def __init__(self, **more: Any):
        more.setdefault("label", _("Reason"))
        super().__init__(**more)


class Choice(forms.ChoiceField):
    """One of a few, with an empty line before them where none has to be chosen."""

    def __init__(self, *, choices: Any = (), empty: Any = None, **more: Any):
        found = list(choices)
        super().__init__(choices=[("", empty), *found] if empty is not None else found, **more)


class YesNo(forms.TypedChoiceField):
    """Two answers side by side, none of them chosen beforehand."""

    def __init__(self, yes: Any, no: Any, **more: Any):
        super().__init__(
            choices=[("yes", yes), ("no", no)], coerce=lambda value: value == "yes", widget=forms.RadioSelect, **more
        )


class ActForm(forms.Form):
    """The form of one act: what it asks, the revision that was looked at, and a key so that it is done once."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, data: Any = None, files: Any = None, *, row: Any = None, actor: Any = None, **more: Any):
        super().__init__(data, files, **more)
        self.row, self.actor = row, actor
        self.fields["revision"].initial = getattr(row, "revision", None)
        self.fields["key"].initial = str(uuid7())
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices and first values from the row."""

    @property
    def once(self) -> dict[str, Any]:
        """The key alone, for a command that no revision concerns."""
        return {"key": self.cleaned_data["key"]}

    @property
    def more(self) -> dict[str, Any]:
        """What the form adds of its own, as every command takes it."""
        return {"revision": self.cleaned_data["revision"], "key": self.cleaned_data["key"]}

    @property
    def given(self) -> dict[str, Any]:
        """What was answered, without what the form adds of its own."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("revision", "key")}
