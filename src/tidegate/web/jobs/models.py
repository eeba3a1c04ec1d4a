"""The job table. Only `commands` writes to it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy


class Job(models.Model):
    """One piece of background work.

    `lease_token` names the one worker that may write to a running job, until `lease_until`. `done`, `total` and
    `rows` are how far it is (`done` of `total` in whatever the work counts; `total` null where that is not known).
    """

    class State(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("state of a job", "Waiting")
        RUNNING = "running", pgettext_lazy("state of a job", "Running")
        DONE = "done", pgettext_lazy("state of a job", "Done")
        FAILED = "failed", pgettext_lazy("state of a job", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("state of a job", "Cancelled")

    ENDED = (State.DONE, State.FAILED, State.CANCELLED)

    kind = models.CharField(max_length=64)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    created = models.DateTimeField()
    not_before = models.DateTimeField()
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=3)
    worker = models.CharField(max_length=128, blank=True)
    lease_token = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    cancel_asked = models.BooleanField(default=False)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    rows = models.BigIntegerField(default=0)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        db_table = "job"
        ordering = ["id"]
        indexes = [
            models.Index(fields=["state", "not_before", "id"], name="job_next"),
            models.Index(fields=["state", "lease_until"], name="job_lease"),
        ]
        constraints = [
            models.CheckConstraint(
                name="job_state",
                condition=models.Q(state__in=["queued", "running", "done", "failed", "cancelled"]),
            ),
            # A lease belongs to a running job, and a running job to a lease.
            models.CheckConstraint(
                name="job_running_is_leased",
                condition=models.Q(state="running", lease_until__isnull=False) & ~models.Q(lease_token="")
                | ~models.Q(state="running") & models.Q(lease_until__isnull=True, lease_token=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} ({self.state})"

    @property
    def active(self) -> bool:
        """True while it waits or runs."""
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int | None:
        """How far it is, 0 to 100; None where that is not known."""
        if not self.total:
            return None
        return max(0, min(100, int(100 * self.done / self.total)))
