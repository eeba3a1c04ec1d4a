"""What authorities charge: their dated schedule, and the fee of one notification or application."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import CaseRow, kilograms
from tidegate.movements.models.notifications import Notification
from tidegate.movements.models.permits import Permit
from tidegate.parties.models import Held


def _money(name: object, **more: object) -> models.DecimalField:  # type: ignore[type-arg]
    return models.DecimalField(name, max_digits=18, decimal_places=2, **more)  # type: ignore[arg-type]


class FeeRate(Held):
    """One line of a State's schedule: what it charges for a kind of filing from a day on, and by which law.

    `blocks`: while the fee is due the notification is not acknowledged.
    """

    kind = models.CharField(_("for"), max_length=24)
    fixed = _money(_("fixed amount"))
    per_tonne = _money(_("per tonne"))
    currency = models.CharField(_("currency"), max_length=3)
    valid_from = models.DateField(_("from"))
    valid_until = models.DateField(_("until"), null=True)
    source = models.CharField(_("legal source"), max_length=300)
    blocks = models.BooleanField(_("holds up the acknowledgement until it is paid"), default=False)

    class Meta:
        db_table = "fee_rate"
        ordering = ["kind", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["holder", "kind", "valid_from"], name="fee_rate_once"),
            models.CheckConstraint(name="fee_rate_amounts", condition=Q(fixed__gte=0, per_tonne__gte=0)),
            models.CheckConstraint(
                name="fee_rate_dates", condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from"))
            ),
        ]


class Fee(CaseRow):
    """The fee of a notification or an application; only the copy whose holder is `authority` is written by a command.

    What the schedule said on `assessed_on` is kept here: a later rate changes nothing of it.
    """

    class Status(models.TextChoices):
        DUE = "due", pgettext_lazy("fee", "To be paid")
        PAID = "paid", pgettext_lazy("fee", "Paid")
        WAIVED = "waived", pgettext_lazy("fee", "Waived")

    authority = models.CharField(_("authority's State"), max_length=2)
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, null=True, related_name="fees")
    permit = models.ForeignKey(Permit, on_delete=models.CASCADE, null=True, related_name="fees")
    kind = models.CharField(_("for"), max_length=24)
    fixed = _money(_("fixed amount"))
    per_tonne = _money(_("per tonne"))
    kg = kilograms(_("quantity (kg)"), null=True)
    amount = _money(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    source = models.CharField(_("legal source"), max_length=300)
    blocks = models.BooleanField(default=False)
    assessed_on = models.DateField(_("assessed on"))
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DUE)
    settled_on = models.DateField(_("settled on"), null=True)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        db_table = "fee"
        indexes = [models.Index(fields=["holder", "created_at"], name="fee_desk", condition=Q(status="due"))]
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "authority"], name="fee_of_notification", condition=~Q(notification=None)
            ),
            models.UniqueConstraint(fields=["permit"], name="fee_of_permit", condition=~Q(permit=None)),
            models.CheckConstraint(
                name="fee_of_one",
                condition=Q(notification__isnull=False, permit=None) | Q(notification=None, permit__isnull=False),
            ),
            models.CheckConstraint(name="fee_amount", condition=Q(amount__gte=0)),
        ]
