"""Forms: what people type, read into what the commands take."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tidegate.parties import queries
from tidegate.parties.actors import Actor, delegations_of
from tidegate.parties.commands.agents import delegable, rights_of_key
from tidegate.parties.models import Facility, Organisation, Person, Role, State
from tidegate.parties.names import label_of

if TYPE_CHECKING:
    from django.forms import ModelForm as _Model
else:

    class _Model(forms.ModelForm):
        """Django's own, which takes its table in brackets only for the type checker."""

        def __class_getitem__(cls, model: Any) -> Any:
            return cls


LANGUAGES = [("", _("As in the browser")), *settings.LANGUAGES]


class Day(forms.DateField):
    """A day, typed or picked."""

    def __init__(self, **more: Any):
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more)


class Codes(forms.CharField):
    """Codes with commas or spaces between them, read into a list without doubles."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        words = re.split(r"[\s,;]+", str(value or "").upper())
        return list(dict.fromkeys(word for word in words if word))


class MeForm(_Model[Person]):
    """What people may change of themselves."""

    class Meta:
        model = Person
        fields = ("name", "language")

    language = forms.ChoiceField(label=_("Language of letters"), choices=LANGUAGES, required=False)


class OrganisationForm(_Model[Organisation]):
    """An entry of the register. The kind is chosen once."""

    class Meta:
        model = Organisation
        fields = (
            "kind", "name", "registration", "address", "contact", "telephone", "fax", "email", "authority_code",
            "active",
        )  # fmt: skip
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.instance.revision:
            del self.fields["kind"]
            self.fields["revision"].initial = self.instance.revision
        else:
            del self.fields["active"]
            competent = Organisation.Kind.COMPETENT_AUTHORITY
            whole = actor.organisation is not None and actor.organisation.kind == competent
            self.fields["kind"].choices = [  # type: ignore[attr-defined]
                (value, label)
                for value, label in Organisation.Kind.choices
                if whole or value not in Organisation.OFFICIAL
            ]

    def _get_validation_exclusions(self) -> set[str]:
        # The command says that a number is taken: the form knows no State.
        return {*super()._get_validation_exclusions(), "holder"}  # type: ignore[misc]


class FacilityForm(_Model[Facility]):
    """A site with what it may take, and when."""

    class Meta:
        model = Facility
        fields = (
            "name", "address", "permit_number", "operations", "wastes", "capacity_kg_year", "authorised_from",
            "authorised_until", "preconsented_from", "preconsented_until", "preconsented_kg",
        )  # fmt: skip
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}

    operations = Codes(label=_("Authorised operations"), help_text=_("Codes of Annex IV, such as R3, R13, D10."))
    wastes = Codes(label=_("Authorised wastes"), help_text=_("Entries of the Convention, such as B3011, Y48, A3210."))
    authorised_from = Day(label=_("Authorised from"), required=False)
    authorised_until = Day(label=_("Authorised until"), required=False)
    preconsented_from = Day(label=_("Pre-consented from"), required=False)
    preconsented_until = Day(label=_("Pre-consented until"), required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.instance.revision:
            self.fields["revision"].initial = self.instance.revision


class InviteForm(forms.Form):
    """A person and a role."""

    email = forms.EmailField(label=_("E-mail"))
    name = forms.CharField(
        label=_("Name or office"),
        max_length=120,
        required=False,
        help_text=_("For a person who is new here; others keep the name that they have."),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    valid_from = Day(label=_("From"))
    valid_until = Day(label=_("Until"), required=False, help_text=_("Leave it empty where no end is known."))

    def __init__(self, today: date, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["valid_from"].initial = today


class DelegationForm(forms.Form):
    """Who acts for us, in what, and when."""

    agent = forms.ModelChoiceField(label=_("Agent"), queryset=Organisation.objects.none())
    rights = forms.MultipleChoiceField(label=_("What the agent may do"), widget=forms.CheckboxSelectMultiple)
    valid_from = Day(label=_("From"))
    valid_until = Day(label=_("Until"))

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        assert actor.organisation is not None
        today = queries.today_of(actor)
        self.fields["agent"].queryset = queries.agents(actor)  # type: ignore[attr-defined]
        self.fields["rights"].choices = [  # type: ignore[attr-defined]
            (right, label_of(right)) for right in delegable(actor.organisation)
        ]
        self.fields["valid_from"].initial = today
        self.fields["valid_until"].initial = today + timedelta(days=365)


class KeyForm(forms.Form):
    """A key for software: what for, as whom, until when."""

    label = forms.CharField(label=_("What is it for?"), max_length=120)
    delegation = forms.ChoiceField(label=_("Acting for"), required=False)
    role = forms.ChoiceField(label=_("Role"), choices=[c for c in Role.choices if c[0] != Role.MANAGER])
    rights = forms.MultipleChoiceField(
        label=_("Limited to"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Without a mark the key may do all that the role may."),
    )
    valid_from = Day(label=_("From"))
    valid_until = Day(label=_("Until"), help_text=_("At most a year ahead."))

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        own = actor.organisation
        assert own is not None
        held = delegations_of(own)
        self.fields["delegation"].choices = [  # type: ignore[attr-defined]
            ("", own.name),
            *((str(d.pk), d.principal.name) for d in held),
        ]
        roles = [role for role in Role.values if role != Role.MANAGER]
        names = {name for role in roles for name in rights_of_key(own.kind, role)}
        names |= {name for d in held for name in d.rights}
        self.fields["rights"].choices = [  # type: ignore[attr-defined]
            (name, label_of(name)) for name in sorted(names)
        ]
        today = queries.today_of(actor)
        self.fields["valid_from"].initial = today
        self.fields["valid_until"].initial = today + timedelta(days=365)


class StateForm(_Model[State]):
    """What a State sets for itself."""

    class Meta:
        model = State
        fields = ("two_person", "time_zone", "language")

    two_person = forms.MultipleChoiceField(
        label=_("Decisions that take two persons"), widget=forms.CheckboxSelectMultiple, required=False
    )
    language = forms.ChoiceField(label=_("Language of letters"), choices=settings.LANGUAGES)
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["two_person"].choices = [  # type: ignore[attr-defined]
            (right, label_of(right)) for right in queries.decisions()
        ]
        self.fields["revision"].initial = self.instance.revision


class JournalFilter(forms.Form):
    """What of the journal is shown."""

    case = forms.CharField(label=_("Case"), required=False, max_length=64)
    type = forms.ChoiceField(label=_("What happened"), required=False)
    day = Day(label=_("Day"), required=False)

    def __init__(self, types: list[tuple[str, str]], *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["type"].choices = [("", _("Everything")), *types]  # type: ignore[attr-defined]
