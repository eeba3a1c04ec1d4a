"""The case of a load that must go home (Articles 8 and 9)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.movements.models.base import CaseRow, Found, Word, kilograms
from tidegate.movements.models.movements import Movement
from tidegate.parties.models import Held


class TakeBack(Found, CaseRow):
    """One State's copy of a take-back case. Its clock starts on the day of information, not of detection."""

    class Status(models.TextChoices):
        OPENED = "opened", pgettext_lazy("take-back", "Opened")
        CLASSIFIED = "classified", pgettext_lazy("take-back", "Classified")
        NOT_A_CASE = "not_a_case", pgettext_lazy("take-back", "Not a case")
        NOTIFIED = "notified", pgettext_lazy("take-back", "State of export informed")
        ACKNOWLEDGED = "acknowledged", pgettext_lazy("take-back", "Acknowledged")
        ACCEPTED = "accepted", pgettext_lazy("take-back", "Accepted")
        DISPUTED = "disputed", pgettext_lazy("take-back", "Disputed")
        PLANNED = "plan_agreed", pgettext_lazy("take-back", "Plan agreed")
        CONSENTS_OK = "consents_ok", pgettext_lazy("take-back", "Consents for the return are in")
        RETURNING = "returning", pgettext_lazy("take-back", "Under way home")
        RETURNED = "returned", pgettext_lazy("take-back", "Back in the State of export")
        DISPOSED = "finally_disposed", pgettext_lazy("take-back", "Finally disposed of")
        CLOSED = "closed", pgettext_lazy("take-back", "Closed")

    class Basis(models.TextChoices):
        ART8 = "art8", pgettext_lazy("take-back", "Article 8: it cannot be completed")
        ART9_EXPORTER = "art9_exporter", pgettext_lazy("take-back", "Article 9(2): conduct of exporter or generator")
        ART9_IMPORTER = "art9_importer", pgettext_lazy("take-back", "Article 9(3): conduct of importer or disposer")
        ART9_UNASSIGNED = "art9_unassigned", pgettext_lazy("take-back", "Article 9(4): nobody can be held responsible")

    ENDED = ("closed", "not_a_case")

    movement = models.ForeignKey(Movement, on_delete=models.PROTECT, null=True, related_name="take_backs")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.OPENED)
    basis = models.CharField(max_length=20, choices=Basis.choices, blank=True)
    # Letters of Article 9(1): a to e.
    grounds = models.JSONField(default=list)
    opener = models.CharField(max_length=2)
    opened_at = models.DateTimeField()
    # Earlier cases of the same movement that had ended when this one was opened.
    after = models.JSONField(default=list)
    # It is classified anew after a dispute: answers to an earlier finding do not count for a later one.
    round = models.PositiveSmallIntegerField(default=0)
    state_export = models.CharField(max_length=2)
    states = models.JSONField(default=list)
    # Of them, those that were none of the case until a plan led through them.
    joined = models.JSONField(default=list)
    finding = models.TextField(_("what was found"))
    detected_at = models.DateTimeField(_("found"))
    informed_at = models.DateTimeField(_("State of export informed"), null=True)
    custody_place = models.CharField(_("where it is kept"), max_length=200, blank=True)
    custody_kg = kilograms(_("in custody (kg)"), null=True)
    containers = models.JSONField(default=list)
    # What is known of a load that no notification names: description, codes, exporter, importer, carrier, means.
    load = models.JSONField(default=dict)
    # Route (stops as a notification's, from where the load is kept to the State of export), carrier, day, who bears the
    # cost, alternative disposal; and the longer period that the States agreed.
    plan = models.JSONField(default=dict)
    # Its number rises with every proposal.
    plan_number = models.PositiveSmallIntegerField(default=0)
    plan_signed = models.JSONField(default=list)
    agreed_until = models.DateField(null=True)
    # Reminders sent: [{"step", "at"}].
    reminders = models.JSONField(default=list)
    referred = models.JSONField(default=list)
    closed_at = models.DateTimeField(null=True)
    closed_how = models.CharField(max_length=32, blank=True)

    WORDS = "TakeBackWord"
    SEARCHED = frozenset({"case", "finding", "containers", "movement"})

    def searched(self) -> list[Any]:
        """By case, what was found, containers, and the case and number of the movement's notification."""
        return [self.case, self.finding, *self.containers, *Movement.named(self.movement_id)]

    class Meta:
        db_table = "take_back"
        indexes = [models.Index(fields=["holder", "status"], name="take_back_desk")]
        constraints = [
            models.UniqueConstraint(fields=["holder", "case"], name="take_back_case"),
            # A movement found illegal has one open case.
            models.UniqueConstraint(
                fields=["movement"],
                condition=~Q(status__in=["closed", "not_a_case"]) & Q(movement__isnull=False),
                name="take_back_one_open",
            ),
        ]


class TakeBackWord(Word):
    """A word that one State's copy of a take-back case is found by."""

    OF = "take_back"
    pk = models.CompositePrimaryKey("holder_id", "word", "take_back_id")
    take_back = models.ForeignKey(TakeBack, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        db_table = "take_back_word"
        indexes = [models.Index(fields=["take_back", "word"], name="take_back_word_of")]


class ReturnConsent(Held):
    """A State's answer to a return: it cannot oppose it, but for safety or the route (Article 8, 9(2))."""

    take_back = models.ForeignKey(TakeBack, on_delete=models.CASCADE, related_name="consents")
    authority = models.CharField(max_length=2)
    role = models.CharField(max_length=8)
    plan_number = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=16, default="requested")
    ground = models.CharField(max_length=16, blank=True)
    remarks = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "return_consent"
        constraints = [
            models.UniqueConstraint(fields=["take_back", "authority"], name="return_consent_once"),
            models.CheckConstraint(
                name="return_consent_ground",
                condition=~Q(status="objected") | Q(ground__in=["safety", "route"]),
            ),
        ]


class CostLine(Held):
    """What a take-back costs, who bears it, and whether it is settled."""

    take_back = models.ForeignKey(TakeBack, on_delete=models.CASCADE, related_name="costs")
    reference = models.CharField(max_length=64)
    kind = models.CharField(_("kind"), max_length=24)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    borne_by = models.CharField(_("borne by"), max_length=200)
    status = models.CharField(max_length=16, default="open")
    at = models.DateTimeField()

    class Meta:
        db_table = "take_back_cost"
        constraints = [models.UniqueConstraint(fields=["holder", "reference"], name="take_back_cost_once")]
