"""The forms of passkeys: allauth's, with the one label that they leave to the name of the field, in English."""

from __future__ import annotations

from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _


class AddKey(AddWebAuthnForm):
    """A passkey added; allauth gives it a name where none is typed."""

    name = forms.CharField(label=_("Name"), required=False)


class EditKey(EditWebAuthnForm):
    """A passkey's name changed."""

    name = forms.CharField(label=_("Name"))
