"""What a laboratory is asked about a load, and what it found."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import CaseRow
from tidegate.movements.models.consignments import Consignment
from tidegate.movements.models.movements import Movement
from tidegate.movements.models.takeback import TakeBack
from tidegate.parties.models import Organisation


def _percent(name: Any) -> models.DecimalField:  # type: ignore[type-arg]
    return models.DecimalField(name, max_digits=6, decimal_places=3, null=True)


class Analysis(CaseRow):
    """An analysis of a consignment, a movement, a take-back case, or a screened declaration that stands for none.

    The State's own: the laboratory and the State's authorities see it, nobody else.

    A finding that is null was not analysed. `polymers` are shares of the mass by ISO 1043 code, as texts.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", pgettext_lazy("analysis", "Asked for")
        SUBMITTED = "submitted", pgettext_lazy("analysis", "Handed in")
        WITHDRAWN = "withdrawn", pgettext_lazy("analysis", "Not needed any more")

    reference = models.CharField(_("reference"), max_length=64)
    laboratory = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    consignment = models.ForeignKey(Consignment, on_delete=models.PROTECT, null=True, related_name="analyses")
    movement = models.ForeignKey(Movement, on_delete=models.PROTECT, null=True, related_name="analyses")
    take_back = models.ForeignKey(TakeBack, on_delete=models.PROTECT, null=True, related_name="analyses")
    # A shipment of the screening contract, and where it is found: a row of a batch, a number of the customs.
    declaration = models.JSONField(null=True)
    declared_as = models.CharField(_("reference of the declaration"), max_length=200, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.REQUESTED)
    question = models.TextField(_("what is asked"))
    asked_at = models.DateTimeField()
    due_on = models.DateField(_("wanted by"), null=True)
    sample = models.CharField(_("sample number"), max_length=64, blank=True)
    sampled_on = models.DateField(_("sampled on"), null=True)
    analysed_on = models.DateField(_("analysed on"), null=True)
    method = models.CharField(_("method or standard"), max_length=200, blank=True)
    accreditation = models.CharField(_("accreditation number"), max_length=64, blank=True)
    contamination_pct = _percent(_("contamination, per cent of mass"))
    moisture_pct = _percent(_("moisture, per cent of mass"))
    polymers = models.JSONField(_("polymers, per cent of mass"), default=dict)
    hazardous = models.BooleanField(_("hazardous"), null=True)
    remarks = models.TextField(_("remarks"), blank=True)
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "analysis"
        indexes = [
            models.Index(fields=["laboratory", "asked_at"], name="analysis_desk", condition=Q(status="requested"))
        ]
        constraints = [
            models.UniqueConstraint(fields=["holder", "reference"], name="analysis_once"),
            models.CheckConstraint(
                name="analysis_of_one",
                condition=Q(consignment__isnull=False, movement=None, take_back=None, declaration__isnull=True)
                | Q(consignment=None, movement__isnull=False, take_back=None, declaration__isnull=True)
                | Q(consignment=None, movement=None, take_back__isnull=False, declaration__isnull=True)
                | Q(consignment=None, movement=None, take_back=None, declaration__isnull=False),
            ),
            models.CheckConstraint(
                name="analysis_percent",
                condition=(Q(contamination_pct=None) | Q(contamination_pct__gte=0, contamination_pct__lte=100))
                & (Q(moisture_pct=None) | Q(moisture_pct__gte=0, moisture_pct__lte=100)),
            ),
        ]
