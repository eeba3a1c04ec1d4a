"""Who wants to be told of what, and how; what each was told; and filters that a person keeps."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import Clock
from tidegate.parties.models import Held, Organisation, Person


class Subscription(Held):
    """Notices by e-mail (at once or as a daily digest) or by signed webhook.

    `after` is the cursor in the feed; `delivered` the cursor that was last told, so that what a webhook gets next says
    where it goes on from. An e-mail is its person's; a webhook is the organisation's. `active` is false once somebody
    ended it (`ended_at`), or when it was switched off: then `last_error` says why.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail, at once")
        DIGEST = "digest", _("E-mail, once a day")
        WEBHOOK = "webhook", _("Webhook")

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    channel = models.CharField(_("how"), max_length=8, choices=Channel.choices)
    address = models.CharField(_("address"), max_length=300)
    # Groups of events ("consent": all that begin so), whole event types, "deadline"; everything where empty.
    events = models.JSONField(_("events"), default=list, blank=True)
    # A nonce, from which with the installation's own key the webhook's secret comes: see `notices.secret_of`.
    secret = models.CharField(max_length=64, blank=True)
    after = models.PositiveBigIntegerField(default=0)
    active = models.BooleanField(_("active"), default=True)
    failures = models.PositiveIntegerField(default=0)
    # A code of `notices.ERRORS`.
    last_error = models.TextField(blank=True)
    # Not before this moment; while one process sends, the end of its claim.
    next_try = models.DateTimeField(null=True)
    delivered = models.PositiveBigIntegerField(default=0)
    # So many days before it is due a deadline is told.
    days_ahead = models.PositiveSmallIntegerField(_("days before a deadline"), default=3)
    # The day, where the State lies, of the last digest.
    digest_on = models.DateField(null=True)
    last_sent = models.DateTimeField(null=True)
    tested_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "subscription"
        indexes = [
            models.Index(fields=["next_try"], name="subscription_active", condition=models.Q(active=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.address}"

    @property
    def webhook(self) -> bool:
        """Whether software is told, and not a person."""
        return bool(self.channel == self.Channel.WEBHOOK)


class DeadlineTold(models.Model):
    """A deadline of which a subscriber was told: once before it is due, once when it is over.

    A clock whose end moves has another deadline, which is told anew.
    """

    class Kind(models.TextChoices):
        SOON = "soon", pgettext_lazy("deadline", "ends soon")
        OVERDUE = "overdue", pgettext_lazy("deadline", "overdue")

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="told")
    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    due_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        db_table = "deadline_told"
        constraints = [
            models.UniqueConstraint(fields=["subscription", "clock", "kind", "due_at"], name="deadline_told_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.clock_id}"


class SavedFilter(models.Model):
    """A desk's filter that a person keeps under a name."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    desk = models.CharField(max_length=32)
    name = models.CharField(_("name"), max_length=120)
    query = models.CharField(max_length=500)

    class Meta:
        db_table = "saved_filter"
        constraints = [models.UniqueConstraint(fields=["person", "desk", "name"], name="saved_filter_name")]
