"""Inspectors on the road who have no account: a way in for a short time, and what they report."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import CaseRow
from tidegate.movements.models.movements import Movement
from tidegate.movements.models.notifications import Notification
from tidegate.parties.models import Organisation


class InspectorAccess(CaseRow):
    """A link to one case for somebody without an account: until a moment, so many times, unless it is revoked. Only a
    digest of what the link holds is kept. The State's own: other States are not told."""

    # What the link holds: only on the row that `commands.inspectors.issue` gives back.
    shown: str = ""

    notification = models.ForeignKey(Notification, on_delete=models.PROTECT, related_name="inspector_accesses")
    movement = models.ForeignKey(Movement, on_delete=models.PROTECT, null=True, related_name="inspector_accesses")
    issued_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(_("for whom, and why"), max_length=200)
    digest = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("until"))
    limit = models.PositiveSmallIntegerField(_("openings at most"))
    openings = models.PositiveSmallIntegerField(default=0)
    last_opened = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "inspector_access"
        constraints = [
            models.CheckConstraint(name="inspector_access_count", condition=Q(openings__lte=models.F("limit"))),
        ]


class InspectorReport(CaseRow):
    """What somebody with such a link says to have seen. Not verified: nobody signed in."""

    class Seal(models.TextChoices):
        INTACT = "intact", pgettext_lazy("seal", "Intact, numbers agree")
        BROKEN = "broken", pgettext_lazy("seal", "Broken, missing or another number")
        UNCHECKED = "unchecked", pgettext_lazy("seal", "Not checked")

    access = models.ForeignKey(InspectorAccess, on_delete=models.PROTECT, related_name="reports")
    key = models.UUIDField(unique=True)
    office = models.CharField(_("service and number"), max_length=120)
    seen_at = models.DateTimeField(_("seen"))
    place = models.CharField(_("place"), max_length=200)
    seal = models.CharField(_("seals"), max_length=12, choices=Seal.choices)
    text = models.TextField(_("what was seen"), blank=True)
    received_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)
    outcome = models.TextField(_("what came of it"), blank=True)

    class Meta:
        db_table = "inspector_report"
        indexes = [
            models.Index(fields=["holder", "received_at"], name="inspector_report_desk", condition=Q(reviewed_at=None))
        ]
