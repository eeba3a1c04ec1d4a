"""A what-if run: a draft standard tried on a batch, or on shipments that came over the API."""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from tidegate.law import regional
from tidegate.web.batch.models import Batch, new_token
from tidegate.web.jobs.models import Job


class WhatIf(models.Model):
    """The draft with `limits` (`regional.Limits.as_dict`) laid over the law of the installation, and what came of it.

    `batch`: whose shipments; null where they came over the API, as JSON Lines in `shipments`, kept only until they are
    compared. `any_day`: the standard is taken as in force on every day. `figures`: `Impact.as_dict`, null until there
    is an outcome. `rows`: shipments whose outcome changes: the first of each State, or all of those of the API.
    `changed`: the file beside the batch that holds all of them.
    """

    token = models.CharField(max_length=48, unique=True, default=new_token)
    batch = models.ForeignKey(Batch, null=True, on_delete=models.CASCADE, related_name="whatifs")
    shipments = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)
    limits = models.JSONField()
    any_day = models.BooleanField()
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, related_name="whatif")
    finished = models.DateTimeField(null=True)
    rulebook = models.CharField(max_length=80, blank=True)
    figures = models.JSONField(null=True)
    rows = models.JSONField(default=list)
    changed = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"what if {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("whatif:show", args=[self.token])

    @property
    def state(self) -> Job.State:
        """Where it stands: its outcome, else its job, says so. A job that is swept away without one was given up."""
        if self.figures is not None:
            return Job.State.DONE
        return Job.State(self.job.state) if self.job else Job.State.CANCELLED

    @property
    def state_label(self) -> str:
        """The state in words."""
        return str(self.state.label)

    @property
    def active(self) -> bool:
        """True while it waits for a worker or is in its hands."""
        return self.state in (Job.State.QUEUED, Job.State.RUNNING)

    @property
    def standard(self) -> regional.Limits:
        """The limits that are tried."""
        return regional.read(self.limits)
