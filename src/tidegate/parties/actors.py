"""Who acts: a person or software, in a role of an organisation, for it or for its principal, on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

from tidegate.parties import times
from tidegate.parties.models import AccessKey, Delegation, Membership, Organisation, Person
from tidegate.parties.rights import rights


@dataclass(frozen=True)
class Actor:
    """`organisation` is on whose behalf; `agent` the organisation that in fact acts, where it is another one.

    An actor of the system itself (a clock, an inbound message) has a State and nothing else: it may do nothing that
    asks a right, so commands for it are separate functions.
    """

    state: str
    organisation: Organisation | None = None
    role: str = ""
    person: Person | None = None
    agent: Organisation | None = None
    delegation: Delegation | None = None
    key: AccessKey | None = None

    def may(self, right: str) -> bool:
        """Whether it has a right: its role in the acting organisation's kind, inside the scope and the days of its
        delegation and its key."""
        if self.organisation is None:
            return False
        known = rights.table.get(right)
        if known is None or not rights.holds(self.organisation.kind, self.role, right):
            return False
        if self.key is not None and not (in_force(self.key) and (not self.key.rights or right in self.key.rights)):
            return False
        if self.delegation is None:
            return True
        return known.delegable and right in self.delegation.rights and in_force(self.delegation)

    @property
    def official(self) -> bool:
        """Whether it acts for its State, and not for a company."""
        return self.organisation is not None and self.organisation.official

    @property
    def sender(self) -> str:
        """Whose idempotency keys its commands use."""
        if self.key is not None:
            return f"key:{self.key.pk}"
        return f"person:{self.person.pk}" if self.person is not None else f"state:{self.state}"


def valid_on(day: date) -> Q:
    """Rows with `valid_from` and `valid_until` that hold on a day."""
    return Q(valid_from__lte=day) & (Q(valid_until=None) | Q(valid_until__gte=day))


def in_force(row: Delegation | AccessKey) -> bool:
    """Whether a delegation or a key holds now: not revoked, and on one of its days where its State lies."""
    return row.revoked_at is None and row.valid_from <= row.holder.today() <= row.valid_until


def _around(day: date | None) -> Q:
    """Rows that hold on a day; without one, on any day that it may be somewhere on Earth now."""
    if day is not None:
        return valid_on(day)
    now = times.now().date()
    first, last = now - timedelta(days=1), now + timedelta(days=1)
    return Q(valid_from__lte=last) & (Q(valid_until=None) | Q(valid_until__gte=first))


def memberships_of(person: Person, day: date | None = None) -> list[Membership]:
    """The roles that a person has on a day (today, where the organisation is), in active organisations kept here."""
    found = Membership.objects.filter(
        _around(day),
        person=person,
        person__is_active=True,
        organisation__active=True,
        organisation__holder__here=True,
    )
    rows = found.select_related("organisation", "organisation__holder", "person").order_by("organisation__name", "role")
    return [row for row in rows if day is not None or _holds(row, row.organisation.holder.today())]


def delegations_of(organisation: Organisation, day: date | None = None) -> list[Delegation]:
    """The delegations that an agent holds on a day (today, where the principal is) and that were not revoked."""
    found = Delegation.objects.filter(
        _around(day), agent=organisation, revoked_at=None, principal__active=True, principal__holder__here=True
    )
    rows = found.select_related("principal", "principal__holder", "holder", "agent").order_by("principal__name")
    return [row for row in rows if day is not None or _holds(row, row.holder.today())]


def _holds(row: Membership | Delegation, day: date) -> bool:
    return row.valid_from <= day and (row.valid_until is None or day <= row.valid_until)


def acting(membership: Membership, delegation: Delegation | None = None) -> Actor:
    """The actor of a role, for its organisation or for a principal of it."""
    own = membership.organisation
    if delegation is None:
        return Actor(own.holder_id, own, membership.role, membership.person)
    if delegation.agent_id != own.pk:
        raise ValueError("the delegation is another organisation's")
    principal = delegation.principal
    return Actor(principal.holder_id, principal, membership.role, membership.person, own, delegation)


def key_actor(key: AccessKey) -> Actor:
    """The actor of software: its organisation, or the principal of the key's delegation."""
    own = key.organisation
    if key.delegation is None:
        return Actor(own.holder_id, own, key.role, key=key)
    principal = key.delegation.principal
    return Actor(principal.holder_id, principal, key.role, agent=own, delegation=key.delegation, key=key)


def system(state: str) -> Actor:
    """The State's own machinery: a clock or a message from elsewhere."""
    return Actor(state)
