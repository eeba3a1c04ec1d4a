"""To whom a case is handed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tidegate.movements.forms.asked import ActForm, Choice
from tidegate.movements.queries import assignments


class Hand(ActForm):
    """A colleague of the same authority, or nobody."""

    person = Choice(label=_("Colleague"), required=False)

    def prepare(self) -> None:
        """Those who deal with cases, without who has it now."""
        people = assignments.colleagues(self.actor).exclude(pk=self.row.person_id)
        self.fields["person"].choices = [("", _("Nobody: give it back")), *((str(one.pk), str(one)) for one in people)]  # type: ignore[attr-defined]
