"""Shipments of green-listed waste: they move on an information form (Annex VII), with no consent before them."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import CaseRow, kilograms
from tidegate.parties import times
from tidegate.parties.models import Held, Organisation, Person


class GreenUpload(Held):
    """A file or list of green-listed shipments as it was taken in: rows = accepted + rejected.

    `rejects` are what was wrong, an entry a field: {"row", "line", "reference", "field", "value", "expected"}.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("file"), max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(_("taken in"))
    rows = models.PositiveIntegerField(_("rows"))
    accepted = models.PositiveIntegerField(_("accepted"))
    rejected = models.PositiveIntegerField(_("rejected"))
    rejects = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "green_upload"
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(name="green_upload_rows", condition=Q(rows=F("accepted") + F("rejected"))),
        ]


class GreenShipment(CaseRow):
    """One State's copy of one shipment of green-listed waste.

    `writer` is the State whose content it is: that of export, or that of import where the State of export takes part in
    no exchange. Receipt and recovery are the State of import's. `law` is what the holder's own rulebook says of it as
    green-listed, on its day: each copy asks anew, also by when its form had to be handed in. `entered_by` is empty on
    copies. Each State holds it, lets it go and sees it pass for itself.
    """

    class Status(models.TextChoices):
        ENTERED = "entered", pgettext_lazy("green-listed shipment", "Entered")
        DEPARTED = "departed", pgettext_lazy("green-listed shipment", "Under way")
        RECEIVED = "received", pgettext_lazy("green-listed shipment", "Received")
        REJECTED = "rejected", pgettext_lazy("green-listed shipment", "Rejected")
        RECOVERED = "recovered", pgettext_lazy("green-listed shipment", "Recovered")
        CANCELLED = "cancelled", pgettext_lazy("green-listed shipment", "Cancelled")

    class Law(models.TextChoices):
        GREEN = "green", pgettext_lazy("green-listed shipment", "May move as green-listed")
        OPEN = "open", pgettext_lazy("green-listed shipment", "Not settled")
        BARRED = "barred", pgettext_lazy("green-listed shipment", "May not move as green-listed")

    writer = models.CharField(max_length=2)
    reference = models.CharField(_("own reference"), max_length=64)
    entered_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    upload = models.ForeignKey(GreenUpload, on_delete=models.PROTECT, null=True, related_name="shipments")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ENTERED)
    law = models.CharField(max_length=8, choices=Law.choices, default=Law.OPEN)
    law_version = models.CharField(max_length=64, blank=True)
    screen = models.JSONField(default=dict)
    state_export = models.CharField(_("State of export"), max_length=2)
    state_import = models.CharField(_("State of import"), max_length=2)
    transit = models.JSONField(_("States of transit"), default=list)
    planned_on = models.DateField(_("planned day of departure"))
    # When its form was handed in, and by when it had to be (`green_notice.worked_out`); {} where no law sets a day.
    lodged_at = models.DateTimeField(_("handed in"), default=times.now)
    notice = models.JSONField(default=dict)
    late_notice = models.BooleanField(default=False)
    quantity_kg = kilograms(_("quantity (kg)"))
    loaded_kg = kilograms(_("loaded (kg)"), null=True)
    received_kg = kilograms(_("received (kg)"), null=True)
    rejected_kg = kilograms(_("rejected (kg)"), null=True)
    departed_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    recovered_at = models.DateTimeField(null=True)
    # The States that hold it: [{"state", "office", "at", "reason"}]; where it was seen:
    # [{"state", "kind": "entry"|"exit"|"arrival", "office", "at", "note"}].
    holds = models.JSONField(default=list)
    passages = models.JSONField(default=list)
    # The whole form (`green.Content`), and why it was cancelled or rejected.
    content = models.JSONField(default=dict)
    reason = models.TextField(blank=True)

    class Meta:
        db_table = "green_shipment"
        indexes = [
            models.Index(fields=["holder", "status", "planned_on"], name="green_desk"),
            models.Index(fields=["holder", "reference"], name="green_reference"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["holder", "case"], name="green_case"),
            models.UniqueConstraint(
                fields=["entered_by", "reference"], condition=~Q(status="cancelled"), name="green_own_reference"
            ),
            models.CheckConstraint(name="green_quantity", condition=Q(quantity_kg__gt=0)),
            models.CheckConstraint(
                name="green_received", condition=Q(received_kg=None) | Q(received_kg__gte=F("rejected_kg"))
            ),
        ]

    @property
    def held_by(self) -> list[str]:
        """The States that hold it, by their codes."""
        return [hold["state"] for hold in self.holds]

    @property
    def accepted_kg(self) -> Decimal | None:
        """What was received and not turned away; None before its receipt."""
        return None if self.received_kg is None else self.received_kg - (self.rejected_kg or 0)


class GreenContainer(Held):
    """A container of a green-listed shipment, so that the border finds it. Follows `GreenShipment.content`."""

    shipment = models.ForeignKey(GreenShipment, on_delete=models.CASCADE, related_name="container_uses")
    number = models.CharField(_("container"), max_length=32)

    class Meta:
        db_table = "green_container"
        indexes = [models.Index(fields=["holder", "number"], name="green_container_number")]
        constraints = [models.UniqueConstraint(fields=["shipment", "number"], name="green_container_once")]
