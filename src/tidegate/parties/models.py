"""States, organisations, people, roles, delegation, approvals, and the journal.

A row that belongs to one State's copy of a case is `Held`: it names its holder. `scope.visible` is the one rule of who
sees such a row; `journal.record` is the one way to write the journal.
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tidegate.parties import times
from tidegate.parties.ids import uuid7


class State(models.Model):
    """A State that takes part, by its ISO 3166-1 alpha-2 code.

    `here` says that this node keeps the State's copy. `node` is its address in the exchange (`cc.agency`).
    """

    code = models.CharField(_("code"), max_length=2, primary_key=True, validators=[RegexValidator(r"^[A-Z]{2}$")])
    name = models.CharField(_("name"), max_length=120)
    node = models.CharField(_("exchange address"), max_length=64, unique=True)
    here = models.BooleanField(_("kept on this node"), default=False)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=8, default="en")
    # The rights for which this State's law or practice asks a second person.
    two_person = models.JSONField(_("acts that take two persons"), default=list, blank=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "state"
        ordering = ["code"]
        verbose_name = _("State")

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """Its clock."""
        return ZoneInfo(self.time_zone)

    def today(self) -> date:
        """The day that it is there now."""
        return times.now().astimezone(self.zone).date()


class Held(models.Model):
    """A row of one State's copy: its holder alone changes it, others by a message."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: whatever is looked for is looked for by more than its holder.
    holder = models.ForeignKey(
        State, on_delete=models.PROTECT, related_name="+", verbose_name=_("held by"), db_index=False
    )

    # The path to the held row that decides which companies see this one ("notification__"), where it is another.
    seen_through: ClassVar[str] = ""

    class Meta:
        abstract = True


class Organisation(Held):
    """An authority, a company or another body in the register of the State that holds the row."""

    class Kind(models.TextChoices):
        COMPETENT_AUTHORITY = "competent_authority", _("Competent authority")
        CUSTOMS = "customs", _("Customs")
        AGENCY = "agency", _("Other agency")
        NOTIFIER = "notifier", _("Exporter or notifier")
        CONSIGNEE = "consignee", _("Importer or consignee")
        CARRIER = "carrier", _("Carrier")
        FACILITY = "facility", _("Facility")
        LABORATORY = "laboratory", _("Laboratory")
        BROKER = "broker", _("Broker or agent")
        SECRETARIAT = "secretariat", _("Secretariat")
        PUBLIC = "public", _("The public")

    # Kinds that act for the State: they see every row that their State holds, of the kinds their rights name.
    OFFICIAL = ("competent_authority", "customs", "agency", "secretariat")

    kind = models.CharField(_("kind"), max_length=24, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=200)
    registration = models.CharField(_("registration number"), max_length=64)
    address = models.TextField(_("address"), blank=True)
    contact = models.CharField(_("contact person or office"), max_length=200, blank=True)
    telephone = models.CharField(_("telephone"), max_length=40, blank=True)
    fax = models.CharField(_("fax"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    # Of an authority: its number on the forms (block 15 (b)).
    authority_code = models.CharField(_("authority's code number"), max_length=32, blank=True)
    active = models.BooleanField(_("active"), default=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "organisation"
        ordering = ["name"]
        verbose_name = _("organisation")
        constraints = [
            models.UniqueConstraint(fields=["holder", "registration"], name="organisation_registration"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def official(self) -> bool:
        """Whether it acts for its State."""
        return self.kind in self.OFFICIAL


class Involving(Held):
    """A held row in which organisations take part: each of them sees it beside the holder's own authorities."""

    involved = models.ManyToManyField(Organisation, related_name="+", blank=True)

    class Meta:
        abstract = True


class Facility(Held):
    """A site where waste is recovered or disposed of, with what it may take and when."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="facilities")
    name = models.CharField(_("name"), max_length=200)
    address = models.TextField(_("address of the site"))
    permit_number = models.CharField(_("permit number"), max_length=64, blank=True)
    # Operation codes of Annex IV (D1-D15, R1-R13) and Basel entries (B3011, Y48 …).
    operations = models.JSONField(_("authorised operations"), default=list)
    wastes = models.JSONField(_("authorised wastes"), default=list)
    capacity_kg_year = models.DecimalField(
        _("capacity (kg a year)"), max_digits=18, decimal_places=3, null=True, blank=True
    )
    authorised_from = models.DateField(_("authorised from"), null=True, blank=True)
    authorised_until = models.DateField(_("authorised until"), null=True, blank=True)
    preconsented_from = models.DateField(_("pre-consented from"), null=True, blank=True)
    preconsented_until = models.DateField(_("pre-consented until"), null=True, blank=True)
    preconsented_kg = models.DecimalField(
        _("pre-consented quantity (kg)"), max_digits=18, decimal_places=3, null=True, blank=True
    )
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "facility"
        ordering = ["name"]
        verbose_name = _("facility")
        constraints = [
            models.CheckConstraint(
                name="facility_capacity", condition=Q(capacity_kg_year=None) | Q(capacity_kg_year__gte=0)
            ),
            models.CheckConstraint(
                name="facility_dates",
                condition=Q(authorised_from=None)
                | Q(authorised_until=None)
                | Q(authorised_until__gte=F("authorised_from")),
            ),
            models.CheckConstraint(
                name="facility_preconsent",
                condition=Q(preconsented_from=None)
                | Q(preconsented_until=None)
                | Q(preconsented_until__gte=F("preconsented_from")),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PersonManager(BaseUserManager["Person"]):
    """Makes people; an address is unique whatever its case."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> Person:
        """A person who may sign in. Raises ValueError without an address."""
        if not email:
            raise ValueError("a person needs an e-mail address")
        person = self.model(email=email.strip().lower(), **extra)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> Person:
        """The person with this address."""
        return self.get(email=(username or "").strip().lower())


class Person(AbstractBaseUser):
    """Somebody who signs in. What they may do comes from their roles alone: there is no superuser."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name or office"), max_length=120)
    language = models.CharField(_("language"), max_length=8, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = PersonManager()

    class Meta:
        db_table = "person"
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.name or self.email


class Role(models.TextChoices):
    """What a person does in an organisation."""

    VIEWER = "viewer", pgettext_lazy("role", "Reader")
    CLERK = "clerk", pgettext_lazy("role", "Case worker")
    OFFICER = "officer", pgettext_lazy("role", "Officer who decides")
    MANAGER = "manager", pgettext_lazy("role", "Manager of people and roles")


class Membership(models.Model):
    """A person's role in an organisation, for a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    valid_from = models.DateField(_("from"))
    valid_until = models.DateField(_("until"), null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "membership"
        constraints = [
            models.UniqueConstraint(fields=["person", "organisation", "role", "valid_from"], name="membership_once"),
            models.CheckConstraint(
                name="membership_dates", condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.organisation}"

    @property
    def holder_id(self) -> str:
        """The State in whose copy the role is: that of the organisation."""
        return self.organisation.holder_id


class Delegation(Held):
    """A principal lets an agent act for it: only the named rights, only on the named days, until it is revoked."""

    principal = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="delegations_given")
    agent = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="delegations_held")
    rights = models.JSONField(_("rights"), default=list)
    valid_from = models.DateField(_("from"))
    valid_until = models.DateField(_("until"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "delegation"
        constraints = [
            models.CheckConstraint(name="delegation_dates", condition=Q(valid_until__gte=F("valid_from"))),
            models.CheckConstraint(name="delegation_other", condition=~Q(principal=F("agent"))),
        ]

    def __str__(self) -> str:
        return f"{self.agent} for {self.principal}"


class AccessKey(Held):
    """A key with which software acts for an organisation. Only a digest of its secret is kept."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="keys")
    # Whom the organisation is acting for with this key; its own where empty.
    delegation = models.ForeignKey(Delegation, on_delete=models.PROTECT, null=True, blank=True, related_name="keys")
    label = models.CharField(_("label"), max_length=120)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    # The rights that it is limited to; all that the role has where empty.
    rights = models.JSONField(_("limited to"), default=list, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    valid_from = models.DateField(_("from"))
    valid_until = models.DateField(_("until"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used = models.DateTimeField(_("last used"), null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "access_key"
        constraints = [
            models.CheckConstraint(name="access_key_dates", condition=Q(valid_until__gte=F("valid_from"))),
        ]

    def __str__(self) -> str:
        return self.label


class JournalEntry(models.Model):
    """One thing that was done or seen: event log, audit trail and change feed in one.

    Written in the transaction of the change itself, never changed or deleted (a trigger of the database refuses it).
    A sealer later gives the committed rows of each State a number without gaps and chains their digests; until then
    `number` is empty, and readers show the row as not sealed yet.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    holder = models.ForeignKey(State, on_delete=models.PROTECT, related_name="+", db_index=False)
    type = models.CharField(max_length=64)
    # What it happened to: kind of row, its key, the case that it belongs to, and the row's revision afterwards.
    subject = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    case = models.CharField(max_length=64, blank=True)
    revision = models.PositiveIntegerField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    # Who: the State that did it (another State's for a fact that came by message), for whom, by whom.
    state = models.CharField(max_length=2)
    principal = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    agent = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=16, blank=True)
    law_version = models.CharField(max_length=64, blank=True)
    payload = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    number = models.PositiveBigIntegerField(null=True)
    head = models.CharField(max_length=64, blank=True)
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "journal"
        indexes = [
            models.Index(fields=["holder", "case", "id"], name="journal_case"),
            models.Index(fields=["id"], name="journal_unsealed", condition=Q(number=None)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["holder", "number"], name="journal_number"),
            models.UniqueConstraint(fields=["subject_id", "revision"], name="journal_revision"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_id}"


class Done(models.Model):
    """An idempotency key that was used, and what came of it: the same key again gives the same answer."""

    sender = models.CharField(max_length=64)
    key = models.CharField(max_length=128)
    right = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    result = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "idempotency"
        constraints = [models.UniqueConstraint(fields=["sender", "key"], name="idempotency_once")]

    def __str__(self) -> str:
        return f"{self.sender} {self.key}"


class Approval(Held):
    """An act that waits for its second person, where the State sets that two decide.

    `command` and `arguments` are what will be carried out. An edit makes a new proposal: the old approval is void.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("approval", "Waiting for a second person")
        APPROVED = "approved", pgettext_lazy("approval", "Approved and carried out")
        REFUSED = "refused", pgettext_lazy("approval", "Refused")
        VOID = "void", pgettext_lazy("approval", "Void")

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    command = models.CharField(max_length=64)
    arguments = models.JSONField()
    subject_id = models.UUIDField()
    case = models.CharField(max_length=64, blank=True)
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.WAITING)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "approval"
        constraints = [
            models.CheckConstraint(name="approval_two", condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by"))),
            models.UniqueConstraint(
                fields=["command", "subject_id"], condition=Q(status="waiting"), name="approval_one_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.command} {self.subject_id}"
