"""Who wants to be told of what, and how; and filters that a person keeps."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tidegate.parties.models import Held, Organisation, Person


class Subscription(Held):
    """Notices by e-mail (at once or as a daily digest) or by signed webhook. `after` is the cursor in the feed."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    channel = models.CharField(
        _("how"),
        max_length=8,
        choices=[("email", _("E-mail")), ("digest", _("Daily digest")), ("webhook", _("Webhook"))],
    )
    address = models.CharField(_("address"), max_length=300)
    events = models.JSONField(_("events"), default=list, blank=True)
    secret = models.CharField(max_length=64, blank=True)
    after = models.PositiveBigIntegerField(default=0)
    active = models.BooleanField(_("active"), default=True)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    next_try = models.DateTimeField(null=True)

    class Meta:
        db_table = "subscription"


class SavedFilter(models.Model):
    """A desk's filter that a person keeps under a name."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    desk = models.CharField(max_length=32)
    name = models.CharField(_("name"), max_length=120)
    query = models.CharField(max_length=500)

    class Meta:
        db_table = "saved_filter"
        constraints = [models.UniqueConstraint(fields=["person", "desk", "name"], name="saved_filter_name")]
