"""One authority's consent, and the guarantee and contract that it leans on."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import CaseRow, kilograms
from tidegate.movements.models.notifications import Notification


class Consent(CaseRow):
    """One State's copy of one authority's decision on a notification.

    `conditions` are structured (`conditions.Condition`): they are evaluated when a movement is announced. `grounds` are
    the reasons of an objection. Only the copy whose holder is `authority` is written by a command.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", pgettext_lazy("consent", "Requested")
        ACKNOWLEDGED = "acknowledged", pgettext_lazy("consent", "Acknowledged")
        INFO_REQUESTED = "info_requested", pgettext_lazy("consent", "Information asked for")
        CONSENTED = "consented", pgettext_lazy("consent", "Consented")
        CONDITIONAL = "consented_with_conditions", pgettext_lazy("consent", "Consented with conditions")
        OBJECTED = "objected", pgettext_lazy("consent", "Objected to")
        TACIT = "tacit", pgettext_lazy("consent", "Tacit consent")
        SUSPENDED = "suspended", pgettext_lazy("consent", "Suspended")
        WITHDRAWN = "withdrawn", pgettext_lazy("consent", "Withdrawn")
        EXPIRED = "expired", pgettext_lazy("consent", "Expired")
        SUPERSEDED = "superseded", pgettext_lazy("consent", "Replaced")

    GIVEN = ("consented", "consented_with_conditions", "tacit")

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="consents")
    authority = models.CharField(_("authority's State"), max_length=2)
    role = models.CharField(max_length=8)
    status = models.CharField(max_length=32, choices=Status.choices, default=Status.REQUESTED)
    # Whether the dated law asks for it at all, and on which rules; a State that need only be told is not required.
    required = models.BooleanField(default=True)
    rules = models.JSONField(default=list)
    requested_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    # The version that was acknowledged: a later material one has to be acknowledged again before a clock runs.
    acked_version = models.PositiveIntegerField(default=0)
    decided_at = models.DateTimeField(null=True)
    valid_from = models.DateField(_("valid from"), null=True)
    valid_until = models.DateField(_("valid until"), null=True)
    quantity_kg = kilograms(_("quantity consented to (kg)"), null=True)
    shipments = models.PositiveIntegerField(_("shipments consented to"), null=True)
    conditions = models.JSONField(default=list)
    grounds = models.JSONField(default=list)
    remarks = models.TextField(_("remarks"), blank=True)
    # The language in which its texts bind, and that of their translation (`text_second` of conditions and grounds).
    language = models.CharField(_("language"), max_length=2, blank=True)
    second_language = models.CharField(_("second language"), max_length=2, blank=True)
    remarks_second = models.TextField(_("remarks in the second language"), blank=True)
    certificate = models.UUIDField(null=True)
    # The waiver of clocks.yaml by which silence is consent for this authority; empty: it never is.
    tacit_by = models.CharField(max_length=64, blank=True)
    # The version of the notification that was decided upon; a later material one asks for the decision anew.
    version = models.PositiveIntegerField(default=0)
    # What it was before it was suspended.
    given_as = models.CharField(max_length=32, blank=True)

    class Meta:
        db_table = "consent"
        indexes = [models.Index(fields=["holder", "authority", "status"], name="consent_desk")]
        constraints = [
            models.UniqueConstraint(fields=["holder", "case", "authority"], name="consent_once"),
            models.CheckConstraint(
                name="consent_dates",
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
            ),
        ]


class Contract(CaseRow):
    """The contract between notifier and disposer; the State of import confirms that it exists (Article 6(3)(b))."""

    class Status(models.TextChoices):
        LODGED = "lodged", pgettext_lazy("contract", "Lodged")
        CONFIRMED = "confirmed", pgettext_lazy("contract", "Confirmed by the State of import")
        ENDED = "ended", pgettext_lazy("contract", "Ended")

    notification = models.OneToOneField(Notification, on_delete=models.CASCADE, related_name="contract")
    number = models.CharField(_("contract number"), max_length=64)
    signed_on = models.DateField(_("signed on"), null=True)
    valid_until = models.DateField(_("valid until"), null=True)
    takes_back = models.BooleanField(_("obliges to take back"), default=False)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.LODGED)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contract"
        indexes = [models.Index(fields=["holder", "created_at"], name="contract_desk", condition=Q(status="lodged"))]


class Guarantee(CaseRow):
    """Insurance, bond or other guarantee (Article 6(11))."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("guarantee", "Proposed")
        APPROVED = "approved", pgettext_lazy("guarantee", "Approved")
        IN_FORCE = "in_force", pgettext_lazy("guarantee", "In force")
        CALLED = "called", pgettext_lazy("guarantee", "Called")
        RELEASED = "released", pgettext_lazy("guarantee", "Released")
        LAPSED = "lapsed", pgettext_lazy("guarantee", "Lapsed")

    notification = models.OneToOneField(Notification, on_delete=models.CASCADE, related_name="guarantee")
    number = models.CharField(_("guarantee number"), max_length=64)
    issuer = models.CharField(_("issued by"), max_length=200, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2, null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    valid_from = models.DateField(_("valid from"), null=True)
    valid_until = models.DateField(_("valid until"), null=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PROPOSED)

    class Meta:
        db_table = "guarantee"
        indexes = [models.Index(fields=["holder", "created_at"], name="guarantee_desk", condition=Q(status="proposed"))]
        constraints = [models.CheckConstraint(name="guarantee_amount", condition=Q(amount=None) | Q(amount__gte=0))]


class HeldGuarantee(CaseRow):
    """The guarantee that a State of import or of transit requires and holds itself (Article 6(11)): each State's copy.

    Only the copy whose holder is `authority` is written by a command. What is asked for stands in `required_amount`,
    `currency` and `required_until`; what was lodged in the other columns.
    """

    class Status(models.TextChoices):
        REQUIRED = "required", pgettext_lazy("guarantee", "Asked for")
        IN_FORCE = "in_force", pgettext_lazy("guarantee", "In force")
        CALLED = "called", pgettext_lazy("guarantee", "Called")
        RELEASED = "released", pgettext_lazy("guarantee", "Released")
        LAPSED = "lapsed", pgettext_lazy("guarantee", "Lapsed")

    # In which it has yet to be lodged.
    WANTED = ("required", "lapsed")

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="held_guarantees")
    authority = models.CharField(_("authority's State"), max_length=2)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.REQUIRED)
    required_amount = models.DecimalField(_("amount asked for"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    required_until = models.DateField(_("asked for until"), null=True)
    number = models.CharField(_("guarantee number"), max_length=64, blank=True)
    issuer = models.CharField(_("issued by"), max_length=200, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2, null=True)
    valid_from = models.DateField(_("valid from"), null=True)
    valid_until = models.DateField(_("valid until"), null=True)

    class Meta:
        db_table = "held_guarantee"
        indexes = [
            models.Index(
                fields=["holder", "updated_at"],
                name="held_guarantee_desk",
                condition=Q(status__in=["required", "lapsed"]),
            )
        ]
        constraints = [models.UniqueConstraint(fields=["notification", "authority"], name="held_guarantee_once")]
