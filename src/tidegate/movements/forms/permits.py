"""Forms of permits, quotas and certificates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements.applications import ASKED_FOR
from tidegate.movements.commands.quotas import POOL_FIELDS
from tidegate.movements.forms.asked import ActForm, Choice, Codes, Day, Mass, Reason, Text
from tidegate.movements.forms.decision import ConditionForm, rows_asked
from tidegate.movements.models import Permit
from tidegate.parties.models import Organisation

_WASTES = _("Entries of the Convention, such as B3011, Y48, A3210. Empty: every one.")
_HS = _("Codes of the Harmonized System, such as 3915 or 3915.10. Empty: every one.")
_ORIGINS = _("Two-letter codes of States. Empty: every one.")


class _Scope(ActForm):
    """What a permit covers."""

    wastes = Codes(label=_("Basel entries"), required=False, help_text=_WASTES)
    hs = Codes(label=_("HS codes"), required=False, help_text=_HS)
    origins = Codes(label=_("States of origin"), required=False, help_text=_ORIGINS)
    quantity_kg = Mass(label=_("Quantity (kg)"), required=False, help_text=_("Empty: without a limit."))
    valid_from = Day(label=_("First day"), required=False)
    valid_until = Day(label=_("Last day"), required=False)

    def prepare(self) -> None:
        for name in ASKED_FOR:
            if name in self.fields and self.row is not None:
                self.fields[name].initial = getattr(self.row, name)

    @property
    def content(self) -> dict[str, Any]:
        """The fields of an application, as JSON can hold them."""
        found = {name: self.cleaned_data[name] for name in ASKED_FOR if name in self.cleaned_data}
        return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


class ApplyForm(_Scope):
    """An application, or what is changed in its draft."""

    note = Text(label=_("What is asked for, and why"), required=False)


class NewForm(ApplyForm):
    """A new application."""

    kind = Choice(label=_("Kind"), choices=Permit.Kind.choices)

    field_order = ["kind"]


class QuestionForm(ActForm):
    """What the applicant is asked."""

    question = Text(label=_("Question"))


class SupplyForm(ApplyForm):
    """The applicant's answer, with what is changed in the application."""

    answer = Text(label=_("Answer"))

    field_order = ["answer"]


class _Conditions(_Scope):
    """The terms of a permit: typed conditions in rows beside it, the rest in words."""

    conditions = Text(
        label=_("Conditions in words"),
        required=False,
        help_text=_("One a line; shown at the border, and tests nothing."),
    )

    def __init__(self, data: Any = None, files: Any = None, **more: Any):
        super().__init__(data, files, **more)
        typed = [one for one in self.row.conditions if one.get("kind") != "text"]
        # A request that has no rows says nothing of them: they stay as they were.
        self.kept = typed if data is not None and "c-rows" not in data else None
        count = max(rows_asked(data, "c"), len(typed) + 1)
        self.rows = [
            ConditionForm(
                None if self.kept is not None else data, prefix=f"c{n}",
                initial=typed[n] if n < len(typed) else {},
            )
            for n in range(count)
        ]  # fmt: skip

    def prepare(self) -> None:
        super().prepare()
        said = [one for one in (self.row.conditions if self.row is not None else []) if one.get("kind") == "text"]
        self.fields["conditions"].initial = "\n".join(one["text"] for one in said if one.get("text"))

    def is_valid(self) -> bool:
        rows = [form.is_valid() for form in self.rows if form.is_bound]
        return super().is_valid() and all(rows)

    @property
    def said_conditions(self) -> list[dict[str, Any]]:
        """The typed conditions, then each line as a condition in words."""
        lines = [line.strip() for line in self.cleaned_data["conditions"].splitlines() if line.strip()]
        return [*self._typed, *({"kind": "text", "text": line} for line in lines)]

    @property
    def _typed(self) -> list[dict[str, Any]]:
        if self.kept is not None:
            return self.kept
        return [form.value for form in self.rows if form.value]

    def refused(self, field: str, text: str) -> bool:
        """Put a refusal at the row of the condition that it is about; whether there is one."""
        head, _dot, rest = field.partition(".")
        number, _dot, name = rest.partition(".")
        given = [form for form in self.rows if form.is_bound and form.value]
        if head != "conditions" or not number.isdigit() or int(number) >= len(given):
            return False
        form = given[int(number)]
        form.add_error(name if name in form.fields else None, text)
        return True


class IssueForm(_Conditions):
    """Grant an application, for what was asked or for less."""

    number = forms.CharField(
        label=_("Number"), required=False, max_length=64, help_text=_("Your own; left empty, a reference is made.")
    )
    limit_count = forms.IntegerField(label=_("Number of shipments"), required=False, min_value=1)
    window_days = forms.IntegerField(label=_("Further limit: within days"), required=False, min_value=1)
    window_kg = Mass(label=_("At most so much within them (kg)"), required=False)

    field_order = ["number", "valid_from", "valid_until", "quantity_kg", "limit_count"]

    def prepare(self) -> None:
        super().prepare()
        self.fields["valid_from"].required = self.fields["valid_until"].required = True

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if bool(said.get("window_days")) != bool(said.get("window_kg")):
            self.add_error("window_kg", _("A further limit has a number of days and a quantity."))
        return said

    @property
    def terms(self) -> dict[str, Any]:
        """What `permits.issue` takes, as JSON can hold it."""
        said = self.cleaned_data
        window = [[said["window_days"], said["window_kg"], None]] if said.get("window_days") else []
        return {
            "number": said["number"],
            "valid_from": said["valid_from"].isoformat(),
            "valid_until": said["valid_until"].isoformat(),
            "quantity_kg": said["quantity_kg"] or None,
            "limit_count": said["limit_count"],
            "sub_periods": window,
            "wastes": said["wastes"],
            "hs": said["hs"],
            "origins": said["origins"],
            "conditions": self.said_conditions,
        }


class VaryForm(_Conditions):
    """A new permit in the place of this one; the account goes over to it."""

    number = forms.CharField(label=_("New number"), required=False, max_length=64)
    reason = Reason()

    field_order = ["reason", "number"]


class ReasonForm(ActForm):
    """An act with its reason."""

    reason = Reason()


class MaybeReasonForm(ActForm):
    """An act that may give a reason."""

    reason = Reason(required=False)


class PoolForm(ActForm):
    """A quota of a State."""

    number = forms.CharField(label=_("Number"), max_length=64, help_text=_("Left empty, a reference is made."),
                             required=False)  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=200)
    kg = Mass(label=_("Quantity (kg)"))
    opens_on = Day(label=_("Opens on"))
    closes_on = Day(label=_("Closes on"))
    wastes = Codes(label=_("Basel entries"), required=False, help_text=_WASTES)
    hs = Codes(label=_("HS codes"), required=False, help_text=_HS)
    origins = Codes(label=_("States of origin"), required=False, help_text=_ORIGINS)
    carry_over = forms.BooleanField(label=_("Carry the rest over into the next one"), required=False)

    def prepare(self) -> None:
        if self.row is None:
            return
        del self.fields["number"]
        for name in POOL_FIELDS:
            self.fields[name].initial = getattr(self.row, name)
        if self.row.status == "open":
            for name in set(POOL_FIELDS) - {"kg"}:
                del self.fields[name]

    @property
    def content(self) -> dict[str, Any]:
        """The fields of a quota, as JSON can hold them."""
        return {name: _plain(self.cleaned_data[name]) for name in POOL_FIELDS if name in self.cleaned_data}


class AskPartForm(ActForm):
    """Apply for a part of a quota."""

    kg = Mass(label=_("Quantity (kg)"))
    reason = Reason(label=_("What for"), required=False)


class GrantForm(ActForm):
    """Grant a part in whole or in part."""

    kg = Mass(label=_("Granted (kg)"))

    def prepare(self) -> None:
        self.fields["kg"].initial = self.row.asked_kg


class RemarksForm(ActForm):
    """A certificate is signed as it is; only a remark may be added."""

    remarks = forms.CharField(label=_("Remarks"), max_length=200, required=False)


class TrainingForm(ActForm):
    """Who was trained, where, in what, and until when that counts."""

    organisation_id = Choice(label=_("Organisation"))
    person = forms.CharField(label=_("Person"), max_length=200, required=False)
    role = forms.CharField(
        label=_("Role"), max_length=120, required=False, help_text=_("A person, a role, or both.")
    )  # fmt: skip
    course = forms.CharField(label=_("Course"), max_length=200)
    provider = forms.CharField(label=_("Training body"), max_length=200, required=False)
    trained_on = Day(label=_("Trained on"))
    valid_until = Day(label=_("Valid until"), required=False)
    remarks = forms.CharField(label=_("Remarks"), max_length=200, required=False)

    def prepare(self) -> None:
        """Offer the organisations of the State's register."""
        rows = Organisation.objects.filter(holder=self.actor.state, active=True).order_by("name")
        self.fields["organisation_id"].choices = [(str(one.pk), str(one)) for one in rows]  # type: ignore[attr-defined]


class VerifyForm(forms.Form):
    """The text of a certificate."""

    token = Text(
        label=_("Text of the QR code"), rows=5, max_length=20_000,
        help_text=_("Scan the code with any reader and paste what it gives."),
    )  # fmt: skip
