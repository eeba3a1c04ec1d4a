"""What a person may act as: each role, and each principal that the role's organisation has a delegation of."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from tidegate.parties.actors import Actor, delegations_of, memberships_of
from tidegate.parties.models import Delegation, Membership, Person


@dataclass(frozen=True)
class Choice:
    """One of them. `current` says that the person acts so now."""

    membership: Membership
    delegation: Delegation | None
    current: bool

    @property
    def key(self) -> str:
        """What the form sends: the role's key, and the delegation's behind a point."""
        return f"{self.membership.pk}.{self.delegation.pk}" if self.delegation else str(self.membership.pk)

    @property
    def label(self) -> str:
        """“Officer, Environment Agency”; for a principal, the principal's name."""
        name = self.delegation.principal.name if self.delegation else self.membership.organisation.name
        return f"{self.membership.get_role_display()}, {name}"


def of(request: HttpRequest) -> list[Choice]:
    """Everything that the person signed in may act as now, the current one marked. Kept for the request."""
    kept: list[Choice] | None = getattr(request, "_acting_choices", None)
    if kept is None:
        kept = list(_made(request))
        request._acting_choices = kept  # type: ignore[attr-defined]
    return kept


def memberships(request: HttpRequest) -> list[Membership]:
    """The roles that the person signed in has today; none for the public. Read once for each request."""
    person = request.user
    if not isinstance(person, Person):
        return []
    kept: tuple[UUID, list[Membership]] | None = getattr(request, "_memberships", None)
    if kept is None or kept[0] != person.pk:
        kept = (person.pk, memberships_of(person))
        request._memberships = kept  # type: ignore[attr-defined]
    return kept[1]


def _made(request: HttpRequest) -> list[Choice]:
    actor: Actor | None = getattr(request, "actor", None)
    held = memberships(request)
    # Few are anybody's agents: one short question spares most people the long one for each of their organisations.
    own = {membership.organisation_id for membership in held}
    agents = set(Delegation.objects.filter(agent__in=own, revoked_at=None).values_list("agent", flat=True))
    made = []
    for membership in held:
        delegations = delegations_of(membership.organisation) if membership.organisation_id in agents else []
        for delegation in (None, *delegations):
            made.append(Choice(membership, delegation, _is(actor, membership, delegation)))
    return made


def _is(actor: Actor | None, membership: Membership, delegation: Delegation | None) -> bool:
    if not actor or actor.organisation is None or actor.role != membership.role:
        return False
    if delegation is None:
        return actor.delegation is None and actor.organisation.pk == membership.organisation_id
    acting_agent = actor.agent is not None and actor.agent.pk == membership.organisation_id
    return acting_agent and actor.delegation is not None and actor.delegation.pk == delegation.pk
