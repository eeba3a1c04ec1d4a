"""Who deals with a case at an authority."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tidegate.parties.models import Held, Organisation, Person


class Assignment(Held):
    """The person of an authority who deals with a case; none once it was given back. No other State is told.

    `revision` counts the row's journal entries.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    case = models.CharField(_("case"), max_length=64)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    since = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "assignment"
        constraints = [models.UniqueConstraint(fields=["organisation", "case"], name="assignment_once")]
