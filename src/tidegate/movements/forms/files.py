"""The form of an attachment."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements import evidence
from tidegate.movements.commands.attachments import KINDS


class FileForm(forms.Form):
    """A file with what it is. Content and size are checked by the command."""

    kind = forms.ChoiceField(label=_("What it is"), choices=list(KINDS.items()))
    file = forms.FileField(
        label=_("File"),
        max_length=200,
        help_text=_("PDF, JPEG, PNG or plain text, 20 MB at most."),
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(evidence.KINDS)}),
    )
