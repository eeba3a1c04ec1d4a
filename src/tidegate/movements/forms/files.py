"""The form of an attachment."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tidegate.movements import evidence
from tidegate.movements.forms.asked import ActForm
from tidegate.movements.queries.files import kept, names_of_papers


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


class ShipmentFileForm(ActForm):
    """A file of a movement or of an inspection."""

    kind = forms.ChoiceField(label=_("What it is"), choices=list(evidence.ON_THE_WAY.items()))
    file = kept_file(required=True)


class ApplicationFileForm(ActForm):
    """A paper of an application: one that is asked for, or another."""

    kind = forms.ChoiceField(label=_("What it is"))
    file = kept_file(required=True)

    def prepare(self) -> None:
        """Offer the papers that the law asks with this application."""
        self.fields["kind"].choices = list(names_of_papers(self.row).items())  # type: ignore[attr-defined]


class TakeAwayForm(ActForm):
    """Which file of a draft goes."""

    file = forms.ChoiceField(label=_("File"))

    def prepare(self) -> None:
        """Offer the files that are there."""
        found = kept(self.actor, self.row, names_of_papers(self.row))
        self.fields["file"].choices = [  # type: ignore[attr-defined]
            (str(one.file.pk), f"{one.kind}: {one.file.name}") for one in found
        ]
