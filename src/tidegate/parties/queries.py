"""What is read of parties and rights: every list through the one rule of `scope`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from tidegate.parties import figures, times
from tidegate.parties.actors import Actor
from tidegate.parties.models import (
    AccessKey,
    Approval,
    Delegation,
    Facility,
    Held,
    JournalEntry,
    Membership,
    Organisation,
    Person,
)
from tidegate.parties.rights import rights
from tidegate.parties.scope import held, visible

READ_JOURNAL = "parties.journal.read"
READ_FEED = "parties.feed.read"
# The most entries that one call of the feed looks at, however few of them the reader may see.
LOOKED_AT = 5000
PART = 500


# ── the journal ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Feed:
    """A part of the change feed. `next` is the last number that was looked at: what to ask for `after` next time."""

    entries: list[JournalEntry]
    next: int
    more: bool


def feed(actor: Actor, after: int = 0, limit: int = 100) -> Feed:
    """The sealed entries of the actor's State after a number, in order, as far as the actor sees them.

    Numbers have no gaps, and a sealed entry never comes in before another: who goes on from `next` misses nothing. A
    company sees the entries of rows in which it is involved, so that its numbers skip; `next` then still moves on over
    what was looked at, and never past what was not.
    """
    found: list[JournalEntry] = []
    last = after
    if not actor.may(READ_FEED):
        return Feed(found, last, False)
    sealed = JournalEntry.objects.filter(holder=actor.state).exclude(number=None).order_by("number")
    looked = 0
    while looked < LOOKED_AT:
        part = list(sealed.filter(number__gt=last)[:PART])
        allowed = seen(actor, part)
        for entry in part:
            if len(found) == limit:
                return Feed(found, last, True)
            if entry.pk in allowed:
                found.append(entry)
            last = entry.number or last
        looked += len(part)
        if len(part) < PART:
            return Feed(found, last, False)
    return Feed(found, last, True)


def seen(actor: Actor, entries: Sequence[JournalEntry]) -> set[UUID]:
    """The keys of those entries that the actor sees: all of its State for an authority; for a company those that it
    wrote itself, and those of rows in which it is involved."""
    own = [entry for entry in entries if entry.holder_id == actor.state]
    if actor.organisation is None:
        return set()
    if actor.official:
        return {entry.pk for entry in own}
    me = actor.organisation.pk
    allowed = {entry.pk for entry in own if me in (entry.principal_id, entry.agent_id)}
    by_kind: dict[str, set[UUID]] = defaultdict(set)
    for entry in own:
        by_kind[entry.subject].add(entry.subject_id)
    for kind, keys in by_kind.items():
        model = subject_model(kind)
        if model is None:
            continue
        rows = set(held(model._default_manager.filter(pk__in=keys), actor).values_list("pk", flat=True))
        allowed |= {entry.pk for entry in own if entry.subject == kind and entry.subject_id in rows}
    return allowed


def subject_model(kind: str) -> type[Model] | None:
    """The table of a kind of subject in the journal, where its rows are held by a State."""
    for model in apps.get_models():
        if model._meta.model_name == kind and issubclass(model, Held):
            return model
    return None


def journal(
    actor: Actor,
    *,
    case: str = "",
    type: str = "",
    day: date | None = None,
    subject: UUID | None = None,
) -> QuerySet[JournalEntry]:
    """The journal for the State's own officials, newest first, sealed or not. `day` is one of the State's own days."""
    rows = visible(JournalEntry.objects.all(), actor, READ_JOURNAL)
    if case:
        rows = rows.filter(case=case)
    if type:
        rows = rows.filter(type=type)
    if subject is not None:
        rows = rows.filter(subject_id=subject)
    if day is not None and actor.organisation is not None:
        zone = actor.organisation.holder.zone
        start = datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)
        rows = rows.filter(recorded_at__gte=start, recorded_at__lt=end)
    return rows.select_related("principal", "agent", "person").order_by("-id")


# ── the register ───────────────────────────────────────────────────────────────────────────────────────────


def organisations(actor: Actor, *, text: str = "", kind: str = "", closed: bool = False) -> QuerySet[Organisation]:
    """The register that the actor sees, by name. `text` is looked for in names, numbers and addresses."""
    rows = visible(Organisation.objects.all(), actor, "parties.organisation.read")
    for word in text.split()[:8]:
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(registration__icontains=word)
            | Q(authority_code__icontains=word)
            | Q(address__icontains=word)
        )
    if kind:
        rows = rows.filter(kind=kind)
    if not closed:
        rows = rows.filter(active=True)
    return rows.order_by("name", "pk")


def facilities(actor: Actor, *, organisation: Organisation | None = None) -> QuerySet[Facility]:
    """The facilities of the register that the actor sees."""
    rows = visible(Facility.objects.select_related("organisation"), actor, "parties.organisation.read")
    return rows.filter(organisation=organisation) if organisation is not None else rows


def may_manage(actor: Actor, organisation: Organisation) -> bool:
    """Whether the actor gives and ends roles in an organisation: the rule of `commands.invite`."""
    own = actor.organisation
    if own is None or not actor.may("parties.membership.keep") or organisation.holder_id != actor.state:
        return False
    if own.pk == organisation.pk:
        return True
    competent = Organisation.Kind.COMPETENT_AUTHORITY
    if not actor.official:
        return False
    return not organisation.official or (own.kind == competent and organisation.kind != competent)


def members(actor: Actor, organisation: Organisation) -> QuerySet[Membership]:
    """The roles in an organisation, those that hold first."""
    rows = visible(Membership.objects.all(), actor, "parties.membership.read", through="organisation__")
    rows = rows.filter(organisation=organisation).select_related("person", "organisation", "organisation__holder")
    return rows.order_by("person__name", "role", "valid_from")


# ── who acts for whom ──────────────────────────────────────────────────────────────────────────────────────


def delegations(actor: Actor) -> QuerySet[Delegation]:
    """Delegations of the own organisation: given and held."""
    rows = visible(Delegation.objects.all(), actor, "parties.delegation.keep")
    own = Q(principal=actor.organisation) | Q(agent=actor.organisation)
    return rows.filter(own).select_related("principal", "agent", "holder").order_by("-valid_from", "-pk")


def keys(actor: Actor) -> QuerySet[AccessKey]:
    """The own organisation's keys for software."""
    rows = visible(AccessKey.objects.all(), actor, "parties.key.keep").filter(organisation=actor.organisation)
    return rows.select_related("delegation", "delegation__principal", "holder").order_by("-valid_from", "-pk")


def agents(actor: Actor) -> QuerySet[Organisation]:
    """Organisations of the State's register that the own one may let act for it."""
    own = actor.organisation
    if own is None or not actor.may("parties.delegation.keep"):
        return Organisation.objects.none()
    rows = Organisation.objects.filter(holder=actor.state, active=True).exclude(pk=own.pk)
    official = Q(kind__in=Organisation.OFFICIAL)
    return rows.filter(official if own.official else ~official).order_by("name")


def approvals(actor: Actor, *, waiting: bool = True) -> QuerySet[Approval]:
    """The own authority's acts for two persons: those that wait, oldest first, or the decided ones, newest first."""
    rows = visible(Approval.objects.all(), actor, "parties.approval.decide").filter(organisation=actor.organisation)
    rows = rows.select_related("proposed_by", "decided_by", "organisation")
    if waiting:
        return rows.filter(status=Approval.Status.WAITING).order_by("proposed_at")
    return rows.exclude(status=Approval.Status.WAITING).order_by("-proposed_at")


def person_of(email: str) -> Person | None:
    """The person with an address, whatever its case."""
    return Person.objects.filter(email=email.strip().lower()).first()


# ── words ──────────────────────────────────────────────────────────────────────────────────────────────────


def arguments_of(approval: Approval) -> list[tuple[str, str]]:
    """What a stored act says, name by name, as the person who decides on it reads it."""
    _, named = approval.arguments
    return [(name, figures.said(name, value)) for name, value in sorted(named.items()) if name != "revision"]


def decisions() -> list[str]:
    """The rights for which a State may ask two persons."""
    return sorted(right.name for right in rights.table.values() if right.decision)


def today_of(actor: Actor) -> date:
    """The day that it is now where the actor's State lies."""
    return actor.organisation.holder.today() if actor.organisation is not None else times.now().date()
