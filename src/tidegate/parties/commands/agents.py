"""Who acts for whom: delegations to agents, and keys for software."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused, command, locked
from tidegate.parties.journal import record
from tidegate.parties.models import AccessKey, Delegation, Organisation, Role
from tidegate.parties.published import DELEGATION_GIVEN, DELEGATION_REVOKED, KEY_MADE, KEY_REVOKED
from tidegate.parties.rights import rights

LONGEST_DELEGATION = timedelta(days=3 * 366)
LONGEST_KEY = timedelta(days=366)
# So that a secret which strays into a log or a repository is known for what it is.
PREFIX = "tgk_"


@command("parties.delegation.keep", "parties.delegation.give")
def give_delegation(
    actor: Actor, *, agent_id: UUID, rights: Sequence[str], valid_from: date, valid_until: date
) -> Delegation:
    """Let another organisation of the register act for the own one: with these rights, on these days.

    Raises Missing for an agent that the State does not keep, Refused for a right that may not be given away.
    """
    agent = Organisation.objects.filter(pk=agent_id, holder=actor.state, active=True).first()
    if agent is None:
        raise Missing("organisation")
    principal = actor.organisation
    assert principal is not None
    if agent.pk == principal.pk:
        raise Refused("own", _("An organisation is not its own agent."), field="agent")
    if agent.official != principal.official:
        raise Refused("agent", _("An authority and a company do not act for each other."), field="agent")
    chosen = sorted(set(rights))
    possible = delegable(principal)
    if not chosen:
        raise Refused("rights", _("Choose at least one right."), field="rights")
    for right in chosen:
        if right not in possible:
            raise Refused("rights", _("This right is not yours to give."), field="rights", value=right)
    _check_days(valid_from, valid_until, LONGEST_DELEGATION)
    row = Delegation.objects.create(
        holder_id=actor.state,
        principal=principal,
        agent=agent,
        rights=chosen,
        valid_from=valid_from,
        valid_until=valid_until,
        revision=1,
    )
    payload = {
        "principal": str(principal.pk),
        "agent": str(agent.pk),
        "rights": chosen,
        "valid_from": valid_from,
        "valid_until": valid_until,
    }
    record(actor, DELEGATION_GIVEN, row, revision=1, payload=payload)
    return row


def delegable(principal: Organisation) -> list[str]:
    """The rights that an organisation of this kind may give to an agent."""
    table = rights.table.values()
    return sorted(r.name for r in table if r.delegable and any(kind == principal.kind for kind, _ in r.holders))


@command("parties.delegation.keep", "parties.delegation.revoke")
def revoke_delegation(actor: Actor, delegation_id: UUID) -> Delegation:
    """End a delegation now, by its principal or its agent; the keys made under it end with it.

    Again on a revoked one changes nothing. Raises Missing.
    """
    row: Delegation = locked(Delegation, delegation_id, actor)
    own = actor.organisation
    if own is None or own.pk not in (row.principal_id, row.agent_id):
        raise Missing("delegation")
    if row.revoked_at is not None:
        return row
    row.revoked_at = times.now()
    row.revision += 1
    row.save(update_fields=["revoked_at", "revision"])
    record(actor, DELEGATION_REVOKED, row, revision=row.revision)
    for key in AccessKey.objects.select_for_update().filter(delegation=row, revoked_at=None):
        _revoke(actor, key)
    return row


@command("parties.key.keep", "parties.key.make")
def make_key(
    actor: Actor,
    *,
    label: str,
    role: str,
    valid_from: date,
    valid_until: date,
    rights: Sequence[str] = (),
    delegation_id: UUID | None = None,
) -> AccessKey:
    """Make a key with which software acts in a role of the own organisation, or under a delegation that it holds.

    The row's `secret` is there only now: the database keeps its digest alone. `rights` narrows the role.

    Raises Missing, Refused.
    """
    own = actor.organisation
    assert own is not None
    if not label.strip():
        raise Refused("label", _("A key needs a name, so that it can be told from others."), field="label")
    if role not in Role.values or role == Role.MANAGER:
        raise Refused("role", _("Software reads, works on cases or decides; it manages nobody."), field="role")
    _check_days(valid_from, valid_until, LONGEST_KEY)
    delegation = None
    if delegation_id is not None:
        found = Delegation.objects.filter(pk=delegation_id, agent=own, revoked_at=None)
        delegation = found.select_related("principal").first()
        if delegation is None:
            raise Missing("delegation")
        if valid_until > delegation.valid_until:
            raise Refused(
                "dates",
                _("The key outlives the delegation."),
                field="valid_until",
                value=valid_until,
                expected=delegation.valid_until,
            )
    kind = delegation.principal.kind if delegation else own.kind
    chosen = sorted(set(rights))
    possible = rights_of_key(kind, role, delegation)
    for right in chosen:
        if right not in possible:
            raise Refused("rights", _("The role has not this right."), field="rights", value=right)
    secret = PREFIX + secrets.token_urlsafe(32)
    row = AccessKey.objects.create(
        holder_id=actor.state,
        organisation=own,
        delegation=delegation,
        label=label.strip(),
        role=role,
        rights=chosen,
        digest=digest_of_secret(secret),
        valid_from=valid_from,
        valid_until=valid_until,
        revision=1,
    )
    payload = {
        "organisation": str(own.pk),
        "delegation": str(delegation.pk) if delegation else None,
        "label": row.label,
        "role": role,
        "rights": chosen,
        "valid_from": valid_from,
        "valid_until": valid_until,
    }
    record(actor, KEY_MADE, row, revision=1, payload=payload)
    row.secret = secret  # type: ignore[attr-defined]
    return row


def rights_of_key(kind: str, role: str, delegation: Delegation | None = None) -> list[str]:
    """The rights that a key of this role may be narrowed to."""
    names = (r.name for r in rights.table.values() if (kind, role) in r.holders)
    return sorted(name for name in names if delegation is None or name in delegation.rights)


def digest_of_secret(secret: str) -> str:
    """What the database keeps of a key's secret. It is 256 random bits: nobody guesses it from its digest."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@command("parties.key.keep", "parties.key.revoke")
def revoke_key(actor: Actor, key_id: UUID) -> AccessKey:
    """End a key now. Again on a revoked one changes nothing. Raises Missing."""
    row: AccessKey = locked(AccessKey, key_id, actor)
    if actor.organisation is None or row.organisation_id != actor.organisation.pk:
        raise Missing("accesskey")
    if row.revoked_at is None:
        _revoke(actor, row)
    return row


def _revoke(actor: Actor, key: AccessKey) -> None:
    key.revoked_at = times.now()
    key.revision += 1
    key.save(update_fields=["revoked_at", "revision"])
    record(actor, KEY_REVOKED, key, revision=key.revision, payload={"label": key.label})


def _check_days(first: date, last: date, longest: timedelta) -> None:
    if last < first:
        raise Refused("dates", _("It ends before it begins."), field="valid_until", value=last, expected=first)
    if last - first > longest:
        raise Refused(
            "dates",
            _("It is given for too long a time."),
            field="valid_until",
            value=last,
            expected=first + longest,
        )
