"""A rule as a form: what most rules are made of, each field as the rulebook writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from tidegate.law import Rule
from tidegate.law.export import rule_as_written
from tidegate.law.lint import lint_rule
from tidegate.law.loader import RulebookError, parse_yaml
from tidegate.law.records import CONFIDENCES, EVENTS, KINDS, ROLES, STATUSES
from tidegate.law.yaml_text import dump
from tidegate.parties.forms import Day
from tidegate.web import words as shared
from tidegate.web.lawpages import words
from tidegate.web.lawpages.asked import today

DATES = {"seen": _("seen in the source"), "inferred": _("inferred"), "not_seen": _("not seen")}
NATIONAL = tuple(kind for kind in KINDS if kind != "regime")
LONGEST = 20_000


def _choices(values: Iterable[str], names: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(value, names.get(value, value)) for value in values]


def _read(name: str, text: str) -> Any:
    """Typed YAML as data. Raises ValidationError."""
    try:
        return parse_yaml(name, text.encode())
    except (RulebookError, ValueError) as error:
        raise forms.ValidationError(__("This cannot be read as YAML: %(error)s") % {"error": error}) from error


class Words(forms.CharField):
    """Codes or names with commas between them, as a list."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        return [word for word in re.split(r"[\s,;]+", str(value or "").strip("[] ")) if word]


class Yaml(forms.CharField):
    """A list of conditions or papers, as the rulebook writes them."""

    def __init__(self, **more: Any):
        super().__init__(widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}), max_length=LONGEST, **more)

    def prepare_value(self, value: Any) -> Any:
        return dump(value).strip() if isinstance(value, (list, tuple)) and value else value or ""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return []
        found = _read(str(self.label), text)
        return found if isinstance(found, list) else [found]


class Figures(Yaml):
    """Figures by name, as the rulebook writes them."""

    def prepare_value(self, value: Any) -> Any:
        return dump(value).strip() if isinstance(value, Mapping) and value else value or ""

    def to_python(self, value: Any) -> Any:
        text = forms.CharField.to_python(self, value)
        if not text:
            return {}
        found = _read(str(self.label), text)
        if not isinstance(found, Mapping):
            raise forms.ValidationError(_expected(found, __("figures by name, such as max_foreign_pct: 1")))
        for name, figure in found.items():
            if isinstance(figure, (Mapping, list)) or figure is None:
                raise forms.ValidationError(_expected(f"{name}: {figure}", __("one figure for each name")))
        return dict(found)


def _expected(value: Any, expected: str) -> str:
    """What is wrong with a value, as the linter says it."""
    text = value if isinstance(value, str) else "–" if value is None else str(value)
    shown = text if len(text) <= 120 else text[:119] + "…"
    return __("“%(value)s”; expected: %(expected)s") % {"value": shown, "expected": expected}


class RuleForm(forms.Form):
    """Fields are named as in the rulebook; `from` and `to` are `first` and `last` here, since Python keeps `from`."""

    id = forms.RegexField(
        r"^[A-Z]{2}(-[A-Z0-9]+)+$",
        label=_("Name of the rule"),
        max_length=80,
        help_text=_("Such as XX-IMP-WORDS-2027: the State, the role, what it is about, the year."),
        error_messages={
            "invalid": _("Write capitals and digits with hyphens between them, such as XX-IMP-WORDS-2027.")
        },
    )
    text = forms.CharField(
        label=_("What it demands, in one plain sentence"), widget=forms.Textarea(attrs={"rows": 2}), max_length=LONGEST
    )
    role = forms.ChoiceField(label=_("Role of the State"), choices=_choices(ROLES, words.ROLE_TITLES))
    kind = forms.ChoiceField(label=_("Kind of rule"), choices=_choices(NATIONAL, words.KINDS))
    first = Day(label=_("First day"), required=False, help_text=_("Empty where it was not seen."))
    last = Day(label=_("Last day"), required=False, help_text=_("Empty while it goes on."))
    dates = forms.ChoiceField(label=_("Days"), choices=list(DATES.items()))
    event = forms.ChoiceField(label=_("Decided by"), choices=_choices(EVENTS, words.EVENTS))
    hs = Words(label=_("Headings"), help_text=_("Beginnings of HS codes, such as 3915, or any."))
    basel = Words(label=_("Basel entries"), help_text=_("Such as Y48, B3011, or any."))
    suspects = Words(
        label=_("Headings under which the same content hides"),
        required=False,
        help_text=_("Beginnings of HS codes, such as 3915, 4707: what is to be looked at is raised there, too."),
    )
    when = Yaml(label=_("Only where"), required=False, help_text=_("Such as: - zone: free zone"))
    fails = Yaml(
        label=_("A load fails it by any of"),
        required=False,
        help_text=_("Such as: - foreign_matter_pct: {gt: 1}. For standards, places of entry and quotas."),
    )
    unless = Yaml(label=_("Not where it is shown that"), required=False)
    exempts = Words(
        label=_("Rules that it switches off"),
        required=False,
        help_text=_("Names of rules of the book: while this one binds, those do not."),
    )
    documents = Yaml(label=_("Papers that it asks for"), required=False, help_text=_("Such as: - COA"))
    needs = Words(
        label=_("What has to be shown before the outcome is clear"),
        required=False,
        help_text=_("Names of facts that are true or false, such as destination_on_licence."),
    )
    verify = Words(
        label=_("What only an inspection or a register can show"), required=False, help_text=_("Names of facts.")
    )
    status = forms.ChoiceField(label=_("Status"), choices=_choices(STATUSES, {}))
    confidence = forms.ChoiceField(label=_("Confidence"), choices=_choices(CONFIDENCES, words.CONFIDENCES))
    instrument = forms.CharField(label=_("Name of the act"), max_length=1000)
    url = forms.URLField(label=_("Address of the source"), max_length=2000, assume_scheme="https")
    checked = Day(label=_("Compared with the source on"))
    penalty = forms.CharField(
        label=_("Penalty"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=LONGEST,
        help_text=_("What the act threatens, in the currency of the act. It is shown, never reckoned with."),
    )
    summary = Figures(
        label=_("Figures for comparing States"),
        required=False,
        help_text=_("Such as: max_foreign_pct: 1. A limit named here is the one under which a load fails, above."),
    )
    note = forms.CharField(
        label=_("Note"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=LONGEST,
        help_text=_("What was not seen."),
    )
    why = forms.CharField(label=_("Why, with the source"), widget=forms.Textarea(attrs={"rows": 2}), max_length=LONGEST)
    cases = forms.CharField(
        label=_("Cases that go with it"),
        required=False,
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text=_(
            "Scenarios as YAML: what must come out on each side of each day and threshold. One of the same id "
            "replaces an older one."
        ),
    )

    SPELLED = {"first": "from", "last": "to"}

    def __init__(self, data: Any = None, *, rule: Rule | None, state: str, given: Mapping[str, Any] | None = None):
        """`given`: what an earlier proposal wrote, in the rulebook's own form, with its `why` and `cases`."""
        self.rule, self.state = rule, state
        self.as_written = rule_as_written(rule) if rule else {}
        written = given or self.as_written
        initial = {name: written.get(self.SPELLED.get(name, name)) for name in self.base_fields}
        if rule is None and not given:
            initial |= {"hs": ["3915"], "basel": ["any"], "status": "gazetted", "confidence": "medium"}
            initial |= {"role": "import", "kind": "prohibition", "dates": "seen", "checked": today(), "id": ""}
        super().__init__(data, initial={k: v for k, v in initial.items() if v is not None})
        statuses = self.fields["status"]
        assert isinstance(statuses, forms.ChoiceField)
        statuses.choices = _choices(STATUSES, shared.STATUSES)
        if rule is not None:
            del self.fields["id"]

    def clean_id(self) -> str:
        """A rule is named after its State."""
        found = str(self.cleaned_data["id"])
        if not found.startswith(f"{self.state}-"):
            raise forms.ValidationError(__("The name begins with %(state)s-") % {"state": self.state})
        return found

    def clean_cases(self) -> str:
        """YAML with `scenarios`, or nothing."""
        text = str(self.cleaned_data["cases"]).strip()
        if not text:
            return ""
        found = _read("cases", text)
        if not isinstance(found, Mapping) or not isinstance(found.get("scenarios"), list):
            raise forms.ValidationError(__("Expected `scenarios:` with a list under it."))
        return text

    def clean(self) -> dict[str, Any]:
        """A last day before the first is a slip; then the linter reads the rule as it would be written."""
        data = super().clean() or {}
        if data.get("first") and data.get("last") and data["last"] < data["first"]:
            self.add_error("last", __("The last day lies before the first."))
        if not self.errors:
            self._lint()
        return data

    def _lint(self) -> None:
        """What the linter has against a field stands at the field. The rest waits for the whole book, after this."""
        names = {written: name for name, written in self.SPELLED.items()}
        raw = {"from": None, "to": None, "id": self.cleaned_data.get("id"), **self.as_written, **self.rule_fields()}
        for found in lint_rule({"state": self.state}, raw, settings.TIDEGATE_OVERLAYS):
            written, _sep, part = found.field.partition(": ")
            name = names.get(written, written)
            if name in self.fields:
                value = f"{part}: {found.value}" if part else found.value
                self.add_error(name, _expected(value, found.expected))

    def rule_fields(self) -> dict[str, Any]:
        """What differs from the rule as it stands, in the rulebook's own form; None for what was emptied."""
        out: dict[str, Any] = {}
        for name in self.fields:
            if name in ("id", "why", "cases"):
                continue
            written = self.SPELLED.get(name, name)
            value = self.cleaned_data[name]
            value = None if value in ("", [], {}, None) else value
            if value != self.as_written.get(written) or self.rule is None:
                out[written] = value
        return {name: value for name, value in out.items() if self.rule is not None or value is not None}
