"""How long records of a kind are kept, what must not be erased, and what was."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import CaseRow
from tidegate.parties.models import Held, Organisation


class KeepingKind(models.TextChoices):
    """The kinds of records that have a period of keeping of their own."""

    NOTIFICATION = "notification", pgettext_lazy("record", "Notification with its movements")
    GREEN = "green", pgettext_lazy("record", "Green-listed shipment")
    TAKE_BACK = "take_back", pgettext_lazy("record", "Take-back case")


class KeepingPeriod(Held):
    """How many years a State keeps records of a kind, from a day on; the latest that has begun counts."""

    kind = models.CharField(_("kind of record"), max_length=16, choices=KeepingKind.choices)
    years = models.PositiveSmallIntegerField(_("years"))
    valid_from = models.DateField(_("from"))
    basis = models.CharField(_("legal basis"), max_length=300)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "keeping_period"
        ordering = ["kind", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["holder", "kind", "valid_from"], name="keeping_period_once"),
            models.CheckConstraint(name="keeping_period_years", condition=Q(years__gte=1, years__lte=100)),
        ]


class LegalHold(CaseRow):
    """Nothing of a case is erased while this stands: an inquiry, a court, a dispute."""

    reason = models.TextField(_("reason"))
    placed_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_reason = models.TextField(blank=True)

    class Meta:
        db_table = "legal_hold"
        constraints = [
            models.UniqueConstraint(fields=["holder", "case"], condition=Q(lifted_at=None), name="legal_hold_one"),
        ]


class Erasure(CaseRow):
    """That the personal data, files and messages of a case were erased in this State's copy; hashes stay."""

    kind = models.CharField(max_length=16, choices=KeepingKind.choices)
    since = models.DateTimeField()
    due_on = models.DateField()
    basis = models.CharField(max_length=300)
    erased_at = models.DateTimeField()
    files = models.PositiveIntegerField()
    messages = models.PositiveIntegerField()

    class Meta:
        db_table = "erasure"
        constraints = [models.UniqueConstraint(fields=["holder", "kind", "case"], name="erasure_once")]
