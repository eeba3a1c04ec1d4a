"""The movement of one shipment, its custody chain, and what became of the waste."""

from __future__ import annotations

from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import CaseRow, kilograms
from tidegate.movements.models.notifications import Notification
from tidegate.parties.models import Held


class Movement(CaseRow):
    """One State's copy of one shipment under a notification (the movement document, Article 4(7)(c), Annex V B).

    Three quantities: announced, loaded, received; received = accepted + rejected. `announcing` means that the homes of
    the accounts have been asked and not all have confirmed: it is no announcement yet.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("movement", "Draft")
        ANNOUNCING = "announcing", pgettext_lazy("movement", "Waiting for quantities to be reserved")
        ANNOUNCED = "announced", pgettext_lazy("movement", "Announced")
        CANCELLED = "cancelled", pgettext_lazy("movement", "Cancelled")
        HELD = "held", pgettext_lazy("movement", "Held")
        SEIZED = "seized", pgettext_lazy("movement", "Seized")
        IN_TRANSIT = "in_transit", pgettext_lazy("movement", "Under way")
        ARRIVED = "arrived", pgettext_lazy("movement", "Arrived")
        ACCEPTED = "received_accepted", pgettext_lazy("movement", "Received and accepted")
        PARTLY = "received_partly", pgettext_lazy("movement", "Partly accepted")
        REJECTED = "received_rejected", pgettext_lazy("movement", "Rejected")
        INTERIM = "interim_done", pgettext_lazy("movement", "Interim operation done")
        COMPLETED = "completed", pgettext_lazy("movement", "Recovered or disposed of")
        RETURN_ORDERED = "return_ordered", pgettext_lazy("movement", "Return ordered")
        RETURNED = "returned", pgettext_lazy("movement", "Returned")
        ALTERNATIVE = "alternatively_disposed", pgettext_lazy("movement", "Disposed of in another way")
        CLOSED = "closed", pgettext_lazy("movement", "Closed")

    notification = models.ForeignKey(Notification, on_delete=models.PROTECT, related_name="movements")
    serial = models.PositiveIntegerField(_("serial number"))
    status = models.CharField(max_length=24, choices=Status.choices, default=Status.DRAFT)
    # While it is held: where it goes back to; and which States hold it or have seized it:
    # [{"state", "how": "held"|"seized", "at", "reason"}].
    held_from = models.CharField(max_length=24, blank=True)
    holds = models.JSONField(default=list)
    planned_on = models.DateField(_("planned day of departure"))
    announced_kg = kilograms(_("announced (kg)"))
    loaded_kg = kilograms(_("loaded (kg)"), null=True)
    received_kg = kilograms(_("received (kg)"), null=True)
    accepted_kg = kilograms(_("accepted (kg)"), null=True)
    rejected_kg = kilograms(_("rejected (kg)"), null=True)
    # How they came about: {"weighed": {"basis", "kg", "tare_kg", "moisture_pct"}} where they were put on the basis
    # of the account; {"basis"} where they could not be, and stand on another one. Else they were weighed on it.
    loaded_as = models.JSONField(default=dict)
    received_as = models.JSONField(default=dict)
    volume_m3 = models.DecimalField(_("volume (m³)"), max_digits=14, decimal_places=3, null=True)
    packages = models.PositiveIntegerField(_("number of packages"), null=True)
    # Carriers in order with means of transport; containers and seals; what it takes of the points of entry and exit,
    # facilities and operations that the notification leaves open.
    particulars = models.JSONField(default=dict)
    announced_at = models.DateTimeField(null=True)
    departed_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    # Block 18: who signs, as declared; where and for what it was taken in, where that is not as announced.
    received_by = models.CharField(max_length=200, blank=True)
    received_facility = models.CharField(max_length=200, blank=True)
    received_operation = models.CharField(max_length=4, blank=True)
    expected_on = models.DateField(null=True)
    completed_at = models.DateTimeField(null=True)
    # Block 19: the certificate that it is completed; it may come after the last operation.
    certified_on = models.DateField(null=True)
    certified_by = models.CharField(max_length=200, blank=True)
    # The rules of clocks.yaml whose time limits ran out.
    overdue = models.JSONField(default=list)
    late_notice = models.BooleanField(default=False)
    take_back = models.BooleanField(_("return of refused or illegal waste"), default=False)
    # Where the journey starts: in the State of export; of a return, in the State where the load is kept.
    starts_in = models.CharField(max_length=2, blank=True)
    original = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="returns")
    source = models.CharField(max_length=16, default="form")
    # The accounts drawn on: [{"home": "VN", "account": "…", "status": "asked"|"confirmed"|"refused", "reservation": …}]
    draws = models.JSONField(default=list)

    @classmethod
    def named(cls, key: UUID | None) -> tuple[str, ...]:
        """The case and the notification's number of a movement; nothing where there is none."""
        found = cls.objects.filter(pk=key).values_list("case", "notification__number").first() if key else None
        return found or ()

    @property
    def loaded_basis(self) -> str:
        """What the loaded mass is (`bases`)."""
        return str(self.loaded_as.get("basis") or self.notification.basis)

    @property
    def received_basis(self) -> str:
        """What the received, accepted and rejected mass is."""
        return str(self.received_as.get("basis") or self.notification.basis)

    class Meta:
        db_table = "movement"
        indexes = [
            models.Index(fields=["holder", "status", "planned_on"], name="movement_desk"),
            models.Index(fields=["holder", "-planned_on", "-created_at"], name="movement_latest"),
            # Those that wait to be closed are many, for they hurry nobody.
            models.Index(
                fields=["holder", "updated_at", "id"],
                name="movement_closing",
                condition=Q(status__in=("completed", "returned", "alternatively_disposed")),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["holder", "case", "serial"], name="movement_serial"),
            models.CheckConstraint(name="movement_announced", condition=Q(announced_kg__gt=0)),
            models.CheckConstraint(
                name="movement_received",
                condition=Q(received_kg=None) | Q(received_kg=F("accepted_kg") + F("rejected_kg")),
            ),
        ]


class Custody(Held):
    """A hand-over, a passage or a remark, in the order in which it was recorded; never changed."""

    movement = models.ForeignKey(Movement, on_delete=models.CASCADE, related_name="custody")
    kind = models.CharField(max_length=24)
    position = models.PositiveIntegerField()
    carrier = models.CharField(_("carrier"), max_length=200, blank=True)
    registration = models.CharField(max_length=64, blank=True)
    means = models.CharField(_("means of transport"), max_length=8, blank=True)
    vehicle = models.CharField(_("vehicle, vessel or flight"), max_length=120, blank=True)
    place = models.CharField(_("place"), max_length=200, blank=True)
    state = models.CharField(max_length=2, blank=True)
    at = models.DateTimeField()
    person = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        db_table = "custody"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["movement", "position"], name="custody_position")]


class Operation(Held):
    """An interim or final recovery or disposal of what was accepted: inputs = outputs + declared loss."""

    movement = models.ForeignKey(Movement, on_delete=models.CASCADE, related_name="operations")
    reference = models.CharField(max_length=64)
    after = models.CharField(max_length=64, blank=True)
    final = models.BooleanField()
    code = models.CharField(_("operation"), max_length=4)
    facility = models.CharField(_("facility"), max_length=200)
    input_kg = kilograms(_("taken in (kg)"))
    output_kg = kilograms(_("passed on (kg)"), default=0)
    loss_kg = kilograms(_("declared loss (kg)"), default=0)
    at = models.DateTimeField()

    class Meta:
        db_table = "operation"
        constraints = [
            models.UniqueConstraint(fields=["holder", "reference"], name="operation_once"),
            models.CheckConstraint(
                name="operation_mass",
                condition=Q(input_kg__gt=0, output_kg__gte=0, loss_kg__gte=0)
                & Q(input_kg__gte=F("output_kg") + F("loss_kg")),
            ),
        ]


class Correction(CaseRow):
    """A proposal to correct what was recorded of a movement: the other States concerned approve it, or it is refused.

    Nothing is overwritten: what was recorded stays in the journal.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("correction", "Proposed")
        APPROVED = "approved", pgettext_lazy("correction", "Approved by all")
        REFUSED = "refused", pgettext_lazy("correction", "Refused")

    movement = models.ForeignKey(Movement, on_delete=models.CASCADE, related_name="corrections")
    reference = models.CharField(max_length=64)
    proposed_by = models.CharField(max_length=2)
    changes = models.JSONField()
    reason = models.TextField(_("reason"))
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PROPOSED)
    # State to its answer: {"MY": {"approved": true, "reason": ""}}.
    answers = models.JSONField(default=dict)
    proposed_at = models.DateTimeField()

    class Meta:
        db_table = "movement_correction"
        indexes = [
            models.Index(fields=["holder", "proposed_at"], name="correction_desk", condition=Q(status="proposed"))
        ]
        constraints = [models.UniqueConstraint(fields=["holder", "reference"], name="correction_once")]
