"""One consignment, all agencies: what each asks, and one release."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import CaseRow, Found, Word
from tidegate.movements.models.movements import Movement
from tidegate.parties.models import Held, Organisation


class Consignment(Found, CaseRow):
    """What arrives at a border under one declaration or movement document, for every agency of the State."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("consignment", "Waiting for answers")
        HELD = "held", pgettext_lazy("consignment", "Held")
        RELEASED = "released", pgettext_lazy("consignment", "Released")
        REFUSED = "refused", pgettext_lazy("consignment", "Refused")

    reference = models.CharField(_("reference"), max_length=64)
    declaration = models.CharField(_("declaration number"), max_length=64, blank=True)
    movement = models.ForeignKey(Movement, on_delete=models.PROTECT, null=True, related_name="consignments")
    office = models.CharField(_("customs office"), max_length=120, blank=True)
    expected_on = models.DateField(_("expected on"), null=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    # The shipment of the screening contract, and the screen's answer.
    load = models.JSONField(default=dict)
    screen = models.JSONField(default=dict)
    released_at = models.DateTimeField(null=True)

    WORDS = "ConsignmentWord"
    SEARCHED = frozenset({"reference", "declaration", "office", "case", "movement"})

    def searched(self) -> list[Any]:
        """By reference, declaration, office, case, and the case and number of the movement's notification."""
        return [self.reference, self.declaration, self.office, self.case, *Movement.named(self.movement_id)]

    class Meta:
        db_table = "consignment"
        indexes = [
            models.Index(fields=["holder", "status", "expected_on"], name="consignment_desk"),
            models.Index(fields=["holder", "declaration"], name="consignment_declaration"),
        ]
        constraints = [models.UniqueConstraint(fields=["holder", "reference"], name="consignment_reference")]


class ConsignmentWord(Word):
    """A word that one State's copy of a consignment is found by."""

    OF = "consignment"
    pk = models.CompositePrimaryKey("holder_id", "word", "consignment_id")
    consignment = models.ForeignKey(Consignment, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        db_table = "consignment_word"
        indexes = [models.Index(fields=["consignment", "word"], name="consignment_word_of")]


class Requirement(Held):
    """What one agency asks of a consignment, and its answer."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("requirement", "Open")
        MET = "met", pgettext_lazy("requirement", "Met")
        REFUSED = "refused", pgettext_lazy("requirement", "Not met")
        WAIVED = "waived", pgettext_lazy("requirement", "Waived")

    consignment = models.ForeignKey(Consignment, on_delete=models.CASCADE, related_name="requirements")
    agency = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    what = models.CharField(_("what is asked"), max_length=200)
    document = models.CharField(max_length=48, blank=True)
    rule = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    due_at = models.DateTimeField(_("due"), null=True)
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "requirement"
        indexes = [models.Index(fields=["agency"], name="requirement_desk", condition=models.Q(status="open"))]


class JointInspection(Held):
    """One inspection for all agencies, instead of one each."""

    consignment = models.ForeignKey(Consignment, on_delete=models.CASCADE, related_name="inspections")
    place = models.CharField(_("place"), max_length=200)
    at = models.DateTimeField(_("when"))
    agencies = models.ManyToManyField(Organisation, related_name="+")
    result = models.TextField(_("result"), blank=True)
    passed = models.BooleanField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "joint_inspection"
