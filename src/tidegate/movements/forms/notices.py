"""Forms of notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements import notices
from tidegate.movements.commands.notices import FURTHEST
from tidegate.movements.models import Subscription
from tidegate.parties.actors import Actor

Channel = Subscription.Channel


class _Told(forms.Form):
    """What is told: the same for letters and webhooks."""

    events = forms.MultipleChoiceField(
        label=_("Of what"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Of everything that you may see, where none is marked."),
    )
    days_ahead = forms.IntegerField(label=_("Days before a deadline"), min_value=1, max_value=FURTHEST, initial=3)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["events"].choices = notices.groups()  # type: ignore[attr-defined]


class _Changed(forms.Form):
    """What only a change asks."""

    active = forms.BooleanField(label=_("Switched on"), required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput)


class MailForm(_Told):
    """A notice by e-mail."""

    channel = forms.ChoiceField(
        label=_("When"), choices=[(Channel.EMAIL, _("At once")), (Channel.DIGEST, _("Once a day"))]
    )
    address = forms.ChoiceField(label=_("To"))
    field_order: Sequence[str] = ("channel", "address", "events", "days_ahead")

    def __init__(self, actor: Actor, *args: Any, own: str = "", **kwargs: Any):
        super().__init__(*args, **kwargs)
        person = own or (actor.person.email if actor.person is not None else "")
        office = actor.organisation.email if actor.organisation is not None else ""
        self.fields["address"].choices = [  # type: ignore[attr-defined]
            (text, text) for text in dict.fromkeys((person, office)) if text
        ]


class ChangeMailForm(MailForm, _Changed):
    """A notice by e-mail that there is."""

    field_order = ("channel", "address", "events", "days_ahead", "active", "revision")


class WebhookForm(_Told):
    """A webhook."""

    address = forms.CharField(
        label=_("Address"),
        max_length=300,
        help_text=_("https:// only, at a host of the public network. Redirects are not followed."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
    )
    from_start = forms.BooleanField(
        label=_("Begin with the first entry"),
        required=False,
        help_text=_("Else only what happens from now on is sent."),
    )
    field_order = ("address", "events", "days_ahead", "from_start")


class ChangeWebhookForm(_Told, _Changed):
    """A webhook that there is."""

    address = WebhookForm.base_fields["address"]
    again_after = forms.IntegerField(
        label=_("Send again what came after number"), required=False, min_value=0, help_text=_("Empty: go on as it is.")
    )
    field_order = ("address", "events", "days_ahead", "again_after", "active", "revision")
