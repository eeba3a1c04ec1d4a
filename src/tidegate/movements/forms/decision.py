"""An authority's decision: outcome, terms, structured conditions, grounds of an objection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements import conditions, languages
from tidegate.movements.forms.asked import ActForm
from tidegate.movements.forms.fields import Count, Day, Exact, Items, Line, Words

OUTCOMES = (
    ("consented", _("Consent")),
    ("consented_with_conditions", _("Consent with conditions")),
    ("objected", _("Objection")),
)
# What authorities object for most; a text says the rest (Annex V B, block 21).
GROUNDS = (
    ("", _("Choose")),
    ("prohibited", _("The law of this State prohibits it")),
    ("not_sound", _("It would not be managed in an environmentally sound manner")),
    ("facility", _("The facility is not authorised, or not for this waste")),
    ("capacity", _("The capacity does not suffice")),
    ("classification", _("The waste is not what it is declared to be")),
    ("papers", _("Contract, guarantee or other papers do not suffice")),
    ("record", _("The notifier, consignee or facility has broken the law before")),
    ("route", _("The route or the transport is not safe")),
    ("other", _("Another ground")),
)
EMPTY_ROWS = 3


class DecideForm(ActForm):
    """The decision itself; conditions and grounds are rows beside it."""

    outcome = forms.ChoiceField(label=_("Decision"), choices=OUTCOMES, widget=forms.RadioSelect)
    valid_from = Day(_("Valid from"))
    valid_until = Day(_("Valid until"))
    quantity_kg = Exact(_("Quantity consented to (kg)"), help_text=_("Empty: as notified."))
    shipments = Count(_("Shipments consented to"), help_text=_("Empty: as notified."))
    remarks = Words(_("Remarks"), help_text=_("Shown to everybody concerned. They decide nothing; a condition does."))
    remarks_second = Words(_("Translation of the remarks"))
    language = forms.ChoiceField(label=_("Language of the texts (binding)"), choices=languages.choices, required=False)
    second_language = forms.ChoiceField(
        label=_("Language of the translations"), choices=languages.choices, required=False
    )

    def __init__(self, data: Any = None, files: Any = None, **more: Any):
        super().__init__(data, files, **more)
        self.conditions = [ConditionForm(data, prefix=f"c{n}") for n in range(rows_asked(data, "c"))]
        self.grounds = [GroundForm(data, prefix=f"g{n}") for n in range(rows_asked(data, "g"))]

    def is_valid(self) -> bool:
        rows = [form.is_valid() for form in (*self.conditions, *self.grounds) if form.is_bound]
        return super().is_valid() and all(rows)

    @property
    def given(self) -> dict[str, Any]:
        said = super().given
        said["conditions"] = [form.value for form in self.conditions if form.value]
        said["grounds"] = [form.value for form in self.grounds if form.value]
        if said["outcome"] == "objected":
            kept = ("outcome", "grounds", "remarks", "remarks_second", "language", "second_language")
            said = {name: said[name] for name in kept}
        else:
            del said["grounds"]
        return said

    def refused(self, field: str, text: str) -> bool:
        """Put a refusal at the row that it is about; whether there is one."""
        head, _dot, rest = field.partition(".")
        table: dict[str, list[Any]] = {"conditions": [*self.conditions], "grounds": [*self.grounds]}
        rows = table.get(head, [])
        number, _dot, name = rest.partition(".")
        given = [form for form in rows if form.is_bound and form.value]
        if not number.isdigit() or int(number) >= len(given):
            return False
        form = given[int(number)]
        form.add_error(name if name in form.fields else None, text)
        return True


def rows_asked(data: Mapping[str, Any] | None, prefix: str) -> int:
    """How many rows of a kind (`c` conditions, `g` grounds) a form shows."""
    try:
        asked = int((data or {}).get(f"{prefix}-rows", EMPTY_ROWS))
    except ValueError:
        asked = EMPTY_ROWS
    more = 3 if data is not None and data.get("more") == prefix else 0
    return min(max(asked + more, 1), 30)


KIND_LABELS = {
    "states": _("States of the route, in order"),
    "points": _("Points of entry and exit"),
    "kg": _("Kilograms"),
    "days": _("Days"),
    "count": _("Shipments"),
    "from": _("From (MM-DD)"),
    "to": _("Until (MM-DD)"),
    "facilities": _("Facilities (number or name)"),
    "operations": _("Operations"),
    "codes": _("Waste codes"),
    "carriers": _("Carriers (number or name)"),
    "means": _("Means of transport (R, T, S, A, W)"),
    "packaging": _("Packaging codes"),
    "text": _("In words"),
    "text_second": _("Translation"),
}
ALWAYS = ("text", "text_second")
UPPER = {"states", "operations", "codes", "means", "packaging"}


class ConditionForm(forms.Form):
    """One condition: its kind, and the fields that the kind has. A row without a kind is no condition."""

    kind = forms.ChoiceField(label=_("Condition"), required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("None")), *((k.name, k.label) for k in conditions.KINDS.values())]  # type: ignore[attr-defined]
        for name, label in KIND_LABELS.items():
            self.fields[name] = self._field(name, label)

    @staticmethod
    def _field(name: str, label: Any) -> forms.Field:
        if name in ("days", "count"):
            return Count(label)
        if name == "kg":
            return Exact(label)
        if name in ("from", "to"):
            return Line(label, max_length=5)
        if name in ALWAYS:
            return Words(label, rows=2, max_length=2000)
        return Items(label, upper=name in UPPER)

    @property
    def uses(self) -> dict[str, list[str]]:
        """Which kinds use a field: the page hides what the chosen kind has not."""
        found: dict[str, list[str]] = {name: [] for name in KIND_LABELS}
        for kind in conditions.KINDS.values():
            for name in dict.fromkeys([*kind.fields, *ALWAYS]):
                found[name].append(kind.name)
        return found

    @property
    def rows(self) -> list[tuple[Any, str]]:
        """Each field with the kinds that use it."""
        return [(self[name], " ".join(kinds)) for name, kinds in self.uses.items()]

    @property
    def value(self) -> dict[str, Any] | None:
        """The condition as the command reads it; None for an empty row."""
        data = getattr(self, "cleaned_data", {})
        kind = conditions.KINDS.get(data.get("kind", ""))
        if kind is None:
            return None
        found = {name: data.get(name) for name in dict.fromkeys([*kind.fields, *ALWAYS])}
        return {"kind": kind.name, **{name: value for name, value in found.items() if value not in (None, "", [])}}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        filled = any(data.get(name) not in (None, "", []) for name in KIND_LABELS)
        if filled and not data.get("kind"):
            self.add_error("kind", _("Say what kind of condition it is."))
        return data


class GroundForm(forms.Form):
    """One ground of an objection."""

    code = forms.ChoiceField(label=_("Ground"), required=False, choices=GROUNDS)
    text = Words(_("In words"), rows=2, max_length=4000)
    text_second = Words(_("Translation"), rows=2, max_length=4000)

    @property
    def value(self) -> dict[str, str] | None:
        data = getattr(self, "cleaned_data", {})
        found = {name: data.get(name, "").strip() for name in ("code", "text", "text_second")}
        return found if found["code"] or found["text"] else None


def ground_label(code: str) -> Any:
    """A ground in words."""
    return dict(GROUNDS[1:]).get(code, code)


__all__ = ["OUTCOMES", "ConditionForm", "DecideForm", "GroundForm", "ground_label", "rows_asked"]
