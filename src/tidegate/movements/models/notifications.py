"""The notification, its route, versions, information requests and amendments."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements import searchwords
from tidegate.movements.models.base import CaseRow, Found, Word, kilograms
from tidegate.parties.models import Involving, Organisation


class Notification(Found, CaseRow):
    """One State's copy of a notification (Basel Convention Article 6, Annex V A).

    What is counted, weighed and dated are columns; the remaining blocks are `blocks`, typed by `blocks.Blocks`. `load`
    is the shipment of the screening contract that the law is asked about. `version` counts submitted contents.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("notification", "Draft")
        SUBMITTED = "submitted", pgettext_lazy("notification", "Submitted")
        INCOMPLETE = "incomplete", pgettext_lazy("notification", "Information asked for")
        TRANSMITTED = "transmitted", pgettext_lazy("notification", "Sent to the other authorities")
        REFUSED = "refused_to_forward", pgettext_lazy("notification", "Not forwarded")
        ACKNOWLEDGED = "acknowledged", pgettext_lazy("notification", "Acknowledged")
        CONSENTED = "decided_consented", pgettext_lazy("notification", "Consented by all")
        OBJECTED = "decided_objected", pgettext_lazy("notification", "Objected to")
        ACTIVE = "active", pgettext_lazy("notification", "In force")
        SUSPENDED = "suspended", pgettext_lazy("notification", "Suspended")
        EXHAUSTED = "exhausted", pgettext_lazy("notification", "Used up")
        EXPIRED = "expired", pgettext_lazy("notification", "Expired")
        REVOKED = "revoked", pgettext_lazy("notification", "Revoked")
        CLOSED = "closed", pgettext_lazy("notification", "Closed")
        WITHDRAWN = "withdrawn", pgettext_lazy("notification", "Withdrawn")

    number = models.CharField(_("notification number"), max_length=32, blank=True)
    status = models.CharField(max_length=24, choices=Status.choices, default=Status.DRAFT)
    form_version = models.CharField(_("form"), max_length=24, default="viii-18")
    state_export = models.CharField(_("State of export"), max_length=2)
    state_import = models.CharField(_("State of import"), max_length=2, blank=True)
    multiple = models.BooleanField(_("several shipments"), default=False)
    disposal = models.BooleanField(_("for disposal"), default=False)
    preconsented = models.BooleanField(_("pre-consented facility"), default=False)
    # The State of import's fact: the material version in which it denied that the facility is pre-consented; 0: none.
    preconsent_denied = models.PositiveIntegerField(default=0)
    shipments = models.PositiveIntegerField(_("intended number of shipments"), null=True)
    quantity_kg = kilograms(_("intended quantity (kg)"), null=True)
    quantity_m3 = models.DecimalField(_("intended volume (m³)"), max_digits=14, decimal_places=3, null=True)
    first_departure = models.DateField(_("first departure"), null=True)
    last_departure = models.DateField(_("last departure"), null=True)
    blocks = models.JSONField(default=dict)
    load = models.JSONField(default=dict)
    # The screen's answer when it was last asked: outcome, layers, what is missing, the rulebook's label.
    screen = models.JSONField(default=dict)
    law_version = models.CharField(max_length=64, blank=True)
    override_reason = models.TextField(_("reason for going on"), blank=True)
    version = models.PositiveIntegerField(default=0)
    # The last version that changed waste, quantity, route, facility or period: consents to earlier ones are no longer.
    material_version = models.PositiveIntegerField(default=0)
    supersedes = models.CharField(max_length=64, blank=True)
    source = models.CharField(max_length=16, default="form")
    # The State whose authority keyed it in from paper, since that of export takes part in no exchange; else empty.
    keyed_by = models.CharField(max_length=2, blank=True)
    submitted_at = models.DateTimeField(null=True)
    transmitted_at = models.DateTimeField(null=True)
    # Who suspended it, each until it lifts it again: [{"state", "at", "reason"}].
    suspended_by = models.JSONField(default=list)
    # Which fields are confidential (`confidential.FIELDS`): the State of export's fact.
    confidential = models.JSONField(default=list)
    # Facts of the State of export: the account is used up; it was withdrawn, revoked, superseded or closed.
    used_up = models.BooleanField(default=False)
    ended_as = models.CharField(max_length=16, blank=True)
    ended_reason = models.TextField(blank=True)
    WORDS = "SearchWord"
    SEARCHED = frozenset({"number", "case", "blocks"})

    def searched(self) -> list[Any]:
        """The texts whose words find it."""
        return searchwords.of_notification(self.number, self.case, self.blocks)

    @property
    def basis(self) -> str:
        """What its masses are (`bases`): net unless it says so."""
        return str(self.blocks.get("basis") or "net")

    @property
    def home(self) -> str:
        """The State that writes what is the State of export's to say, and that keeps the quantity account."""
        return self.keyed_by or self.state_export

    @property
    def preconsent_counts(self) -> bool:
        """Whether time limits are those of a pre-consented facility: notified, and not denied since."""
        return self.preconsented and self.preconsent_denied != max(self.material_version, 1)

    class Meta:
        db_table = "notification"
        indexes = [
            # The few that came on paper: what waits for the authority that keyed them in is found from here.
            models.Index(fields=["keyed_by"], condition=models.Q(keyed_by__gt=""), name="notification_keyed"),
            models.Index(fields=["holder", "status", "updated_at"], name="notification_desk"),
            models.Index(fields=["holder", "number"], name="notification_number"),
            models.Index(fields=["holder", "-updated_at", "-id"], name="notification_latest"),
            models.Index(fields=["holder", "supersedes"], name="notification_supersedes", condition=~Q(supersedes="")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["holder", "case"], name="notification_case"),
            models.UniqueConstraint(
                fields=["holder", "number"], condition=~Q(number=""), name="notification_number_once"
            ),
            models.CheckConstraint(name="notification_kg", condition=Q(quantity_kg=None) | Q(quantity_kg__gt=0)),
            models.CheckConstraint(name="notification_count", condition=Q(shipments=None) | Q(shipments__gt=0)),
            models.CheckConstraint(
                name="notification_dates",
                condition=Q(first_departure=None)
                | Q(last_departure=None)
                | Q(last_departure__gte=F("first_departure")),
            ),
        ]


class SearchWord(Word):
    """A word that one State's copy of a notification is found by."""

    OF = "notification"
    pk = models.CompositePrimaryKey("holder_id", "word", "notification_id")
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        db_table = "search_word"
        indexes = [models.Index(fields=["notification", "word"], name="search_word_of")]


class FieldRelease(CaseRow):
    """A confidential field, released to one organisation to the end of a day, or until it is revoked.

    `reference`, on another State's copy, is the key that it has at the home.
    """

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="releases")
    reference = models.CharField(max_length=36, blank=True)
    field = models.CharField(_("field"), max_length=32)
    state = models.CharField(_("State"), max_length=2)
    registration = models.CharField(_("registration number"), max_length=300)
    name = models.CharField(_("name"), max_length=300)
    reason = models.TextField(_("reason"))
    until = models.DateField(_("to the end of"))
    at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.TextField(blank=True)

    class Meta:
        db_table = "field_release"

    @property
    def holds(self) -> bool:
        """Whether it counts now, where the copy lies."""
        return self.revoked_at is None and self.holder.today() <= self.until


class RouteStop(models.Model):
    """A State on the route, in order: export first, transit in between, import last (block 15)."""

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="route")
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=2)
    role = models.CharField(
        max_length=8, choices=[("export", _("export")), ("transit", _("transit")), ("import", _("import"))]
    )
    authority_code = models.CharField(_("authority's code number"), max_length=32, blank=True)
    entry = models.CharField(_("point of entry"), max_length=120, blank=True)
    exit = models.CharField(_("point of exit"), max_length=120, blank=True)

    class Meta:
        db_table = "route_stop"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["notification", "position"], name="route_stop_position")]


class Version(models.Model):
    """What a notification said when it was submitted, or a revision of it: for the diff, never changed."""

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "notification_version"
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["notification", "number"], name="notification_version_once")]


class InfoRequest(CaseRow):
    """An authority asks for information; by the law of its State this may pause its clock."""

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="info_requests")
    reference = models.CharField(max_length=64)
    authority = models.CharField(max_length=2)
    question = models.TextField(_("what is asked"))
    asked_at = models.DateTimeField()
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "info_request"
        indexes = [models.Index(fields=["holder", "asked_at"], name="info_request_desk", condition=Q(answered_at=None))]
        constraints = [models.UniqueConstraint(fields=["holder", "reference"], name="info_request_once")]


class Amendment(CaseRow):
    """A change to a consented notification that is not a new movement: each authority concerned approves it."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("amendment", "Proposed")
        APPROVED = "approved", pgettext_lazy("amendment", "Approved by all")
        REFUSED = "refused", pgettext_lazy("amendment", "Refused")

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="amendments")
    number = models.PositiveIntegerField()
    changes = models.JSONField()
    reason = models.TextField(_("reason"))
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PROPOSED)
    proposed_at = models.DateTimeField()

    class Meta:
        db_table = "amendment"
        indexes = [
            models.Index(fields=["holder", "proposed_at"], name="amendment_desk", condition=Q(status="proposed"))
        ]
        constraints = [models.UniqueConstraint(fields=["notification", "number"], name="amendment_once")]


class Approval(models.Model):
    """One authority's answer to an amendment, or to a movement's correction (`subject` says which)."""

    subject = models.CharField(max_length=16)
    subject_id = models.UUIDField()
    authority = models.CharField(max_length=2)
    approved = models.BooleanField()
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "amendment_approval"
        constraints = [models.UniqueConstraint(fields=["subject_id", "authority"], name="approval_once")]


class Template(Involving):
    """Blocks that a notifier uses again."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    content = models.JSONField()

    class Meta:
        db_table = "notification_template"
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="template_name")]
