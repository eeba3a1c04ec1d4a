"""Permits and licences, quotas, certificates and their status list."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import CaseRow, Found, Word, kilograms
from tidegate.movements.models.ledger import Account
from tidegate.parties.models import Held, Involving, Organisation


class Permit(Found, CaseRow):
    """A permit, licence or registration, from the application on. `case` is its own reference."""

    class Kind(models.TextChoices):
        IMPORT = "import", pgettext_lazy("permit", "Import permit")
        EXPORT = "export", pgettext_lazy("permit", "Export permit")
        FACILITY = "facility", pgettext_lazy("permit", "Facility licence")
        CARRIER = "carrier", pgettext_lazy("permit", "Carrier licence")
        REGISTRATION = "registration", pgettext_lazy("permit", "Registration")

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("permit status", "Draft")
        APPLIED = "applied", pgettext_lazy("permit status", "Applied for")
        UNDER_REVIEW = "under_review", pgettext_lazy("permit status", "Under review")
        INFO_REQUESTED = "info_requested", pgettext_lazy("permit status", "Information asked for")
        REFUSED = "refused", pgettext_lazy("permit status", "Refused")
        ISSUED = "issued", pgettext_lazy("permit status", "Issued")
        ACTIVE = "active", pgettext_lazy("permit status", "In force")
        SUSPENDED = "suspended", pgettext_lazy("permit status", "Suspended")
        EXHAUSTED = "exhausted", pgettext_lazy("permit status", "Used up")
        EXPIRED = "expired", pgettext_lazy("permit status", "Expired")
        REVOKED = "revoked", pgettext_lazy("permit status", "Revoked")
        SURRENDERED = "surrendered", pgettext_lazy("permit status", "Surrendered")
        SUPERSEDED = "superseded", pgettext_lazy("permit status", "Replaced")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    number = models.CharField(_("number"), max_length=64, blank=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="permits")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    # HS codes, Basel entries and States of origin that it covers; empty is any.
    hs = models.JSONField(_("HS codes"), default=list, blank=True)
    wastes = models.JSONField(_("Basel entries"), default=list, blank=True)
    origins = models.JSONField(_("States of origin"), default=list, blank=True)
    quantity_kg = kilograms(_("quantity (kg)"), null=True)
    valid_from = models.DateField(_("valid from"), null=True)
    valid_until = models.DateField(_("valid until"), null=True)
    conditions = models.JSONField(default=list, blank=True)
    note = models.TextField(_("what is asked for, and why"), blank=True)
    reason = models.TextField(blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    supersedes = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="superseded_by")
    # Border offices that have confirmed the present status: {"office": "ISO moment"}.
    acknowledged = models.JSONField(default=dict)
    status_at = models.DateTimeField(null=True)

    WORDS = "PermitWord"
    SEARCHED = frozenset({"number", "case", "organisation"})

    def searched(self) -> list[Any]:
        """By number, case and the name of its holder."""
        return [self.number, self.case, self.organisation.name]

    class Meta:
        db_table = "permit"
        indexes = [
            models.Index(fields=["holder", "status"], name="permit_desk"),
            models.Index(fields=["holder", "case"], name="permit_case"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["holder", "number"], condition=~Q(number=""), name="permit_number"),
            models.CheckConstraint(
                name="permit_dates",
                condition=Q(valid_from=None) | Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
            ),
        ]


class PermitWord(Word):
    """A word that one State's copy of a permit is found by."""

    OF = "permit"
    pk = models.CompositePrimaryKey("holder_id", "word", "permit_id")
    permit = models.ForeignKey(Permit, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        db_table = "permit_word"
        indexes = [models.Index(fields=["permit", "word"], name="permit_word_of")]


class QuotaPool(Held):
    """A State's quota for a period and a scope. What is left unused at its end lapses or is carried over, by rule."""

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("quota", "Draft")
        OPEN = "open", pgettext_lazy("quota", "Open")
        CLOSED = "closed", pgettext_lazy("quota", "Closed")

    name = models.CharField(_("name"), max_length=200)
    number = models.CharField(_("number"), max_length=64)
    hs = models.JSONField(_("HS codes"), default=list, blank=True)
    wastes = models.JSONField(_("Basel entries"), default=list, blank=True)
    origins = models.JSONField(_("States of origin"), default=list, blank=True)
    kg = kilograms(_("quantity (kg)"))
    opens_on = models.DateField(_("opens on"))
    closes_on = models.DateField(_("closes on"))
    carry_over = models.BooleanField(_("carry the rest over"), default=False)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "quota_pool"
        constraints = [
            models.UniqueConstraint(fields=["holder", "number"], name="quota_pool_number"),
            models.CheckConstraint(name="quota_pool_dates", condition=Q(closes_on__gte=F("opens_on"))),
            models.CheckConstraint(name="quota_pool_kg", condition=Q(kg__gt=0)),
        ]


class QuotaAllocation(CaseRow):
    """A holder's part of a pool: asked for, then granted in part or in whole."""

    class Status(models.TextChoices):
        APPLIED = "applied", pgettext_lazy("allocation", "Applied for")
        GRANTED = "granted", pgettext_lazy("allocation", "Granted")
        REFUSED = "refused", pgettext_lazy("allocation", "Refused")
        CLOSED = "closed", pgettext_lazy("allocation", "Closed")

    pool = models.ForeignKey(QuotaPool, on_delete=models.PROTECT, related_name="allocations")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="allocations")
    number = models.CharField(max_length=96)
    asked_kg = kilograms(_("asked for (kg)"))
    kg = kilograms(_("granted (kg)"), null=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.APPLIED)
    reason = models.TextField(blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "quota_allocation"
        indexes = [models.Index(fields=["holder", "status"], name="quota_allocation_desk")]
        constraints = [models.UniqueConstraint(fields=["holder", "number"], name="quota_allocation_number")]


class StatusList(Held):
    """The bitstring of a State's certificates (W3C Bitstring Status List): one bit a certificate, set when revoked or
    suspended. `version` only rises."""

    purpose = models.CharField(max_length=16, default="revocation")
    bits = models.BinaryField()
    next_index = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "status_list"
        constraints = [models.UniqueConstraint(fields=["holder", "purpose"], name="status_list_purpose")]


class Certificate(Found, Involving):
    """A signed statement that others can check: consent, permit, receipt, recovery, inspection, pre-consent,
    quality, training.

    `token` is the credential (W3C VC 2.0, secured with JOSE); its QR verifies with no network.
    """

    class Status(models.TextChoices):
        PUBLISHED = "published", pgettext_lazy("certificate", "Valid")
        SUSPENDED = "suspended", pgettext_lazy("certificate", "Suspended")
        REVOKED = "revoked", pgettext_lazy("certificate", "Revoked")
        SUPERSEDED = "superseded", pgettext_lazy("certificate", "Replaced")

    kind = models.CharField(max_length=24)
    number = models.CharField(max_length=64)
    case = models.CharField(max_length=64, blank=True)
    subject = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    # The body for whose State's key it is signed.
    issued_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    claims = models.JSONField()
    token = models.TextField()
    status_index = models.PositiveIntegerField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PUBLISHED)
    issued_at = models.DateTimeField()
    valid_until = models.DateField(null=True)
    revision = models.PositiveIntegerField(default=0)

    WORDS = "CertificateWord"
    SEARCHED = frozenset({"number", "case"})

    def searched(self) -> list[Any]:
        """By number and case."""
        return [self.number, self.case]

    class Meta:
        db_table = "certificate"
        constraints = [
            models.UniqueConstraint(fields=["number"], name="certificate_number"),
            models.UniqueConstraint(fields=["holder", "status_index"], name="certificate_index"),
        ]


class CertificateWord(Word):
    """A word that one State's copy of a certificate is found by."""

    OF = "certificate"
    pk = models.CompositePrimaryKey("holder_id", "word", "certificate_id")
    certificate = models.ForeignKey(Certificate, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        db_table = "certificate_word"
        indexes = [models.Index(fields=["certificate", "word"], name="certificate_word_of")]
