"""A proposal to change the law as the rulebook holds it."""

from __future__ import annotations

from datetime import UTC

from django.db import models
from django.utils.translation import gettext_lazy as _

from tidegate.law import proposals
from tidegate.law.loader import parse_yaml
from tidegate.parties.models import Held, Organisation, Person


class Proposal(Held):
    """A new rule of a State, or a change of one, that waits for a second person.

    `rule`: its id. `content`: YAML in the form of a rulebook file. `cases`: YAML of a scenario file, or "". `book`:
    label of the rulebook that it was written against. `remarks`: what its approval had to say. `tried`: what came of
    trying it out, and under what (`trials`).
    """

    class Status(models.TextChoices):
        OPEN = "open", _("Waits for a second person")
        APPROVED = "approved", _("Approved")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    revision = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.OPEN)
    rule = models.CharField(max_length=80)
    fresh = models.BooleanField(default=False)
    content = models.TextField()
    cases = models.TextField(blank=True)
    why = models.TextField()
    book = models.CharField(max_length=120)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    remarks = models.JSONField(default=list)
    tried = models.JSONField(default=dict)

    class Meta:
        ordering = ["-proposed_at"]
        indexes = [models.Index(fields=["holder", "status", "-proposed_at"], name="upkeep_proposal_status")]

    def __str__(self) -> str:
        return self.rule

    @property
    def name(self) -> str:
        """What its file in the overlay is called: no other proposal has it."""
        return f"{self.proposed_at.astimezone(UTC):%Y-%m-%d}-{self.rule}-{self.pk.hex[-6:]}"

    def as_law(self) -> proposals.Proposal:
        """As the law room reads it."""
        return proposals.Proposal(
            id=self.name,
            by=signature(self.proposed_by, self.organisation),
            at=self.proposed_at,
            why=self.why,
            book=self.book,
            content=parse_yaml(self.rule, self.content.encode()),
            cases=(parse_yaml(self.rule, self.cases.encode()) or {}) if self.cases.strip() else {},
            digest=proposals.digest_of(self.content, self.cases),
        )


def signature(person: Person, organisation: Organisation) -> str:
    """How a person signs in the overlay's file; the address tells namesakes apart."""
    return f"{person.name}, {organisation.name} <{person.email}>"
