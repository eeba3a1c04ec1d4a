"""The form of an attachment."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements import evidence


def kept_file(*, required: bool) -> forms.FileField:
    """The field of a file that a case keeps."""
    return forms.FileField(
        label=_("File"),
        required=required,
        max_length=200,
        help_text=_("PDF, JPEG, PNG or plain text, 20 MB at most."),
        widget=forms.FileInput(attrs={"accept": ",".join(evidence.KINDS)}),
    )


class FileForm(forms.Form):
    """A file with what it is. Content and size are checked by the command."""

    kind = forms.ChoiceField(label=_("What it is"), choices=list(evidence.NOTIFIED.items()))
    request = forms.UUIDField(label=_("Answers the question"), required=False)
    file = kept_file(required=True)
