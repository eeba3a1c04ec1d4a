"""The quantity ledger: exact kilograms, double entry, one home for each account."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import kilograms
from tidegate.parties.models import Held, Involving


class Account(Involving):
    """An allowance of kilograms (and of shipments): of a consented notification, a permit, a quota pool or allocation.

    Its home is the State of export's authority for a notification, the granting State for a quota or permit. Only the
    row whose holder is the home is reserved from and committed to; every other row is a copy "as of" a moment.
    available = limit - reserved - used - lapsed. `breached`: a late actual went over the limit; no new reserve then.
    """

    class Kind(models.TextChoices):
        NOTIFICATION = "notification", pgettext_lazy("account", "Consented quantity")
        PERMIT = "permit", pgettext_lazy("account", "Permit")
        QUOTA_POOL = "quota_pool", pgettext_lazy("account", "Quota pool")
        QUOTA_ALLOCATION = "quota_allocation", pgettext_lazy("account", "Quota allocation")

    kind = models.CharField(max_length=24, choices=Kind.choices)
    home = models.CharField(max_length=2)
    # Global: the same on every copy. For a notification its case; for a permit or quota its number.
    reference = models.CharField(max_length=96)
    case = models.CharField(max_length=64, blank=True)
    limit_kg = kilograms(_("limit (kg)"))
    reserved_kg = kilograms(_("reserved (kg)"), default=0)
    used_kg = kilograms(_("used (kg)"), default=0)
    lapsed_kg = kilograms(_("lapsed (kg)"), default=0)
    limit_count = models.PositiveIntegerField(_("shipments allowed"), null=True)
    count = models.PositiveIntegerField(_("shipments"), default=0)
    open = models.BooleanField(default=True)
    breached = models.BooleanField(default=False)
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    as_of = models.DateTimeField()
    revision = models.PositiveIntegerField(default=0)
    # The States that keep a copy, which revision they were told of last, and when.
    shared = models.JSONField(default=list)
    told = models.PositiveIntegerField(default=0)
    told_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_account"
        constraints = [
            models.UniqueConstraint(fields=["holder", "reference"], name="account_reference"),
            models.CheckConstraint(
                name="account_signs", condition=Q(limit_kg__gte=0, reserved_kg__gte=0, used_kg__gte=0, lapsed_kg__gte=0)
            ),
            models.CheckConstraint(
                name="account_not_overdrawn",
                condition=Q(breached=True) | Q(limit_kg__gte=F("reserved_kg") + F("used_kg") + F("lapsed_kg")),
            ),
            models.CheckConstraint(
                name="account_count",
                condition=Q(breached=True) | Q(limit_count=None) | Q(limit_count__gte=F("count")),
            ),
        ]


class SubPeriod(models.Model):
    """A further limit on an account: in every window of `days` days at most so much, so many."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="sub_periods")
    days = models.PositiveIntegerField()
    limit_kg = kilograms(_("limit (kg)"), null=True)
    limit_count = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = "ledger_sub_period"


class Reservation(Held):
    """A quantity set aside for one draw (a movement, a declaration): it ends exactly once."""

    class Status(models.TextChoices):
        LIVE = "live", pgettext_lazy("reservation", "Reserved")
        COMMITTED = "committed", pgettext_lazy("reservation", "Used")
        RELEASED = "released", pgettext_lazy("reservation", "Released")
        EXPIRED = "expired", pgettext_lazy("reservation", "Expired")

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="reservations", db_index=False)
    # What draws: globally unique, so that a repeated request reserves once.
    draw = models.CharField(max_length=96)
    kg = kilograms(_("kg"))
    committed_kg = kilograms(_("used (kg)"), null=True)
    day = models.DateField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.LIVE)
    expires_at = models.DateTimeField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_reservation"
        indexes = [
            models.Index(fields=["expires_at"], name="reservation_live", condition=Q(status="live")),
            models.Index(fields=["account", "day"], name="reservation_day"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["account", "draw"], name="reservation_draw"),
            models.CheckConstraint(name="reservation_kg", condition=Q(kg__gt=0)),
            models.CheckConstraint(
                name="reservation_ends_once",
                condition=Q(status="live", ended_at=None) | (~Q(status="live") & Q(ended_at__isnull=False)),
            ),
        ]


class Posting(Held):
    """One leg of a transaction: the legs of a transaction add up to zero. Never changed.

    Legs: `limit` (what was granted, negative), `available`, `reserved`, `used`, `lapsed`.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings", db_index=False)
    transaction = models.UUIDField()
    leg = models.CharField(max_length=12)
    kg = kilograms(_("kg"))
    kind = models.CharField(max_length=16)
    draw = models.CharField(max_length=96, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "ledger_posting"
        indexes = [models.Index(fields=["account", "at"], name="posting_account")]
        constraints = [models.UniqueConstraint(fields=["transaction", "leg"], name="posting_leg")]
