"""A batch: one upload, the map that it is read with, and its result. The files lie beside (`store`)."""

from __future__ import annotations

import secrets

from django.db import models
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from tidegate.web.jobs.models import Job


def new_token() -> str:
    """What stands in the address of a batch: 192 random bits."""
    return secrets.token_urlsafe(24)


def new_folder() -> str:
    """The name of a batch's folder; not the token, so that a listing of the disk opens no page."""
    return secrets.token_hex(16)


class Batch(models.Model):
    """One file (or several of ASYCUDA) that is to be screened, is being screened, or was.

    `owner`: digest of the browser session's secret; "" for what the installation itself has registered, which only
    an installation open to all shows. `map`: the
    confirmed column map as `formats.load_map` reads it; null where the columns are the contract's own. `result`:
    the folder of the result, "" until there is one. `asked_for`: its result holds what registers answered that
    organisation, and nobody else sees it. `checks`: rows that are clear on paper with something left to
    check.
    """

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("state of a batch", "Columns to be confirmed")
        QUEUED = "queued", pgettext_lazy("state of a batch", "Waiting")
        RUNNING = "running", pgettext_lazy("state of a batch", "Being screened")
        FAILED = "failed", pgettext_lazy("state of a batch", "Could not be screened")
        CANCELLED = "cancelled", pgettext_lazy("state of a batch", "Cancelled")
        DONE = "done", pgettext_lazy("state of a batch", "Screened")

    token = models.CharField(max_length=48, unique=True, default=new_token)
    folder = models.CharField(max_length=32, unique=True, default=new_folder)
    owner = models.CharField(max_length=64, blank=True, db_index=True)
    name = models.CharField(max_length=255)
    files = models.JSONField(default=list)
    size = models.BigIntegerField(default=0)
    format = models.CharField(max_length=16, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    registered = models.BooleanField(default=False)
    map = models.JSONField(null=True)
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, related_name="batch")
    result = models.CharField(max_length=64, blank=True)
    finished = models.DateTimeField(null=True)
    # Whose registers were asked, or are to be: organisation, person and role that asked; empty where none is.
    asked_for = models.CharField(max_length=36, blank=True)
    asked_by = models.CharField(max_length=36, blank=True)
    asked_as = models.CharField(max_length=16, blank=True)
    rulebook = models.CharField(max_length=80, blank=True)
    rows = models.BigIntegerField(default=0)
    decided = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    checks = models.BigIntegerField(default=0)
    outcomes = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(
                name="batch_rows_add_up", condition=models.Q(rows=models.F("decided") + models.F("rejected"))
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("batch:show", args=[self.token])

    @property
    def state(self) -> State:
        """Where the batch stands: its result, else its job, says so."""
        if self.result:
            return self.State.DONE
        job = self.job
        if job is None or job.state == Job.State.DONE:
            return self.State.DRAFT
        return self.State(job.state)

    @property
    def active(self) -> bool:
        """True while it waits for a worker or is in its hands."""
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def readable(self) -> bool:
        """Whether it was screened and its shipments can still be read; of a registered result there may be none."""
        return self.state == self.State.DONE and bool(self.files)

    @property
    def state_label(self) -> str:
        """The state in words."""
        return str(self.state.label)
