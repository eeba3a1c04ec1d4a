"""What the border keeps: where a container is used, what was written off, and the runs of line files."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import kilograms
from tidegate.movements.models.ledger import Account
from tidegate.movements.models.movements import Movement
from tidegate.parties.models import Held, Organisation


class ContainerUse(Held):
    """A container of a movement, so that the border finds the movement by it. Follows `Movement.particulars`."""

    movement = models.ForeignKey(Movement, on_delete=models.CASCADE, related_name="container_uses")
    number = models.CharField(_("container"), max_length=32)

    class Meta:
        db_table = "container_use"
        indexes = [models.Index(fields=["holder", "number"], name="container_number")]
        constraints = [models.UniqueConstraint(fields=["movement", "number"], name="container_once")]


class WriteOff(Held):
    """What customs wrote off a permit or quota for an item of a declaration; never changed, a correction is a new row.

    `transaction` is the sender's own number of the entry: the same again has no effect and gives the same reply.
    """

    class Usage(models.TextChoices):
        ORIGINAL = "original", pgettext_lazy("write-off", "First entry")
        ADJUSTED = "adjusted", pgettext_lazy("write-off", "Corrected")
        CONTRA = "contra", pgettext_lazy("write-off", "Taken back")
        LATE = "late", pgettext_lazy("write-off", "Entered late")

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="write_offs")
    office = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    transaction = models.CharField(max_length=120)
    licence = models.CharField(_("permit or quota"), max_length=96)
    declaration = models.CharField(_("declaration number"), max_length=64)
    item = models.PositiveIntegerField(_("item"))
    usage = models.CharField(_("kind of entry"), max_length=8, choices=Usage.choices)
    kg = kilograms(_("kg"))
    draw = models.CharField(max_length=96)
    at = models.DateTimeField(_("time"))
    recorded_at = models.DateTimeField()
    # What was answered: {"accepted", "code", "text", "left_kg", "breach"}.
    reply = models.JSONField(default=dict)

    class Meta:
        db_table = "write_off"
        indexes = [models.Index(fields=["holder", "declaration", "item"], name="write_off_declaration")]
        constraints = [models.UniqueConstraint(fields=["office", "transaction"], name="write_off_transaction")]


class LineRun(Held):
    """One line file to or from an office, by its run number: runs follow each other without a gap."""

    class Direction(models.TextChoices):
        OUT = "out", pgettext_lazy("line file", "To the office")
        IN = "in", pgettext_lazy("line file", "From the office")

    office = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    direction = models.CharField(max_length=3, choices=Direction.choices)
    run = models.PositiveIntegerField(_("run number"))
    at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    # What goes (or went) back to the office: the file itself, or the replies to it.
    answer = models.TextField(blank=True)
    # Permits whose status the file told: {key: revision}.
    told = models.JSONField(default=dict)

    class Meta:
        db_table = "line_run"
        constraints = [models.UniqueConstraint(fields=["office", "direction", "run"], name="line_run_once")]
