"""People and the roles that they have; what a State sets for itself."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict, Missing, Refused, command, locked
from tidegate.parties.journal import record
from tidegate.parties.models import Membership, Organisation, Person, Role, State
from tidegate.parties.published import MEMBERSHIP_ENDED, MEMBERSHIP_GIVEN, STATE_CHANGED
from tidegate.parties.rights import rights

# A State's code is no UUID; its entries in the journal stand under one made from it.
STATES = uuid.UUID("5d1c3f0e-6a6b-5c57-9d55-1f7b6c1d0a11")


@command("parties.membership.keep", "parties.membership.give")
def invite(
    actor: Actor,
    organisation_id: UUID,
    *,
    email: str,
    name: str,
    role: str,
    valid_from: date,
    valid_until: date | None = None,
) -> Membership:
    """Give a person a role in an organisation; who is not known yet is entered without a password (see `way_in`).

    A manager gives roles in the own organisation. An authority gives them in companies of its register, too, and a
    competent authority in the other authorities of its State, so that each gets its first manager.

    Raises Missing, Refused.
    """
    organisation = _manageable(actor, organisation_id)
    if role not in Role.values:
        raise Refused("role", _("There is no such role."), field="role", value=role)
    if valid_until is not None and valid_until < valid_from:
        raise Refused("dates", _("It ends before it begins."), field="valid_until", value=valid_until)
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise Refused("email", _("This is no e-mail address."), field="email", value=email) from None
    if actor.official and actor.person is not None and address == actor.person.email:
        raise Refused("own_role", _("In an authority nobody gives a role to themselves."), field="email", value=email)
    person = Person.objects.filter(email=address).first()
    if person is None:
        if not name.strip():
            raise Refused("name", _("A new person needs a name or an office."), field="name")
        person = Person.objects.create_user(address, name=name.strip())
    if not person.is_active:
        raise Refused("inactive", _("This person's access is closed."), field="email", value=email)
    same = Membership.objects.filter(person=person, organisation=organisation, role=role)
    if same.filter(Q(valid_until=None) | Q(valid_until__gte=valid_from)).exists():
        raise Refused("has_role", _("The person has this role already."), field="role", value=role)
    row = Membership(
        person=person,
        organisation=organisation,
        role=role,
        valid_from=valid_from,
        valid_until=valid_until,
        revision=1,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Refused("has_role", _("The person has this role already."), field="role", value=role) from None
    payload = {
        "organisation": str(organisation.pk),
        "person": str(person.pk),
        "role": role,
        "valid_from": valid_from,
        "valid_until": valid_until,
    }
    record(actor, MEMBERSHIP_GIVEN, row, revision=1, payload=payload)  # type: ignore[arg-type]
    return row


@command("parties.membership.keep", "parties.membership.end")
def end_membership(actor: Actor, membership_id: UUID, *, day: date, revision: int | None = None) -> Membership:
    """The role ends with `day`, its last. An organisation keeps a manager.

    Raises Missing, Conflict, Refused.
    """
    found = Membership.objects.select_for_update(of=("self",)).select_related("organisation", "organisation__holder")
    try:
        row = found.get(pk=membership_id, organisation__holder=actor.state)
    except (Membership.DoesNotExist, ValidationError):
        raise Missing("membership") from None
    organisation = _manageable(actor, row.organisation_id)
    if revision is not None and row.revision != revision:
        raise Conflict("membership", membership_id, revision)
    if day < row.valid_from:
        raise Refused("dates", _("It ends before it begins."), field="day", value=day, expected=row.valid_from)
    if row.valid_until is not None and row.valid_until <= day:
        raise Refused("ended", _("The role has ended by then."), field="day", value=day)
    if row.role == Role.MANAGER:
        others = Membership.objects.filter(organisation=organisation, role=Role.MANAGER).exclude(pk=row.pk)
        if not others.filter(Q(valid_until=None) | Q(valid_until__gt=day)).exists():
            raise Refused("last_manager", _("An organisation keeps at least one manager."), field="membership")
    row.valid_until = day
    row.revision += 1
    row.save(update_fields=["valid_until", "revision"])
    payload = {"organisation": str(organisation.pk), "person": str(row.person_id), "role": row.role, "until": day}
    record(actor, MEMBERSHIP_ENDED, row, revision=row.revision, payload=payload)  # type: ignore[arg-type]
    return row


def way_in(person: Person) -> str | None:
    """The path under which an invited person sets the first password, once, within PASSWORD_RESET_TIMEOUT.

    None for who has a password or a passkey already: no manager gets a key to somebody's account.
    """
    if person.has_usable_password() or person.last_login is not None:
        return None
    key = default_token_generator.make_token(person)
    arguments = {"uidb36": user_pk_to_url_str(person), "key": key}
    return reverse("account_reset_password_from_key", kwargs=arguments)


def _manageable(actor: Actor, organisation_id: UUID) -> Organisation:
    """The organisation, locked, where the actor gives and ends roles in it. Raises Missing."""
    row: Organisation = locked(Organisation, organisation_id, actor)
    own = actor.organisation
    assert own is not None
    if row.pk == own.pk or not row.official:
        return row
    kinds = Organisation.Kind
    if own.kind == kinds.COMPETENT_AUTHORITY and row.kind != kinds.COMPETENT_AUTHORITY:
        return row
    raise Missing("organisation")


@dataclass
class _StateRow:
    """A State as the journal knows its subjects."""

    holder_id: str
    _meta = State._meta

    @property
    def pk(self) -> UUID:
        return uuid.uuid5(STATES, self.holder_id)


@command("parties.state.keep", "parties.state.set")
def set_two_person(
    actor: Actor, *, two_person: Sequence[str], revision: int, time_zone: str = "", language: str = ""
) -> State:
    """Say which decisions take two persons in this State, and in which zone and language it lives.

    Raises Conflict, and Refused for a right that is no decision or a zone that there is not.
    """
    state = State.objects.select_for_update(no_key=True).get(pk=actor.state)
    if state.revision != revision:
        raise Conflict("state", state.pk, revision)
    chosen = sorted(set(two_person))
    for right in chosen:
        known = rights.table.get(right)
        if known is None or not known.decision:
            raise Refused("right", _("This is no decision."), field="two_person", value=right)
    if time_zone:
        try:
            ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise Refused(
                "time_zone", _("There is no such time zone."), field="time_zone", value=time_zone, expected="Asia/…"
            ) from None
    before = {"two_person": state.two_person, "time_zone": state.time_zone, "language": state.language}
    after: dict[str, Any] = {
        "two_person": chosen,
        "time_zone": time_zone or state.time_zone,
        "language": language or state.language,
    }
    if before == after:
        return state
    for field, value in after.items():
        setattr(state, field, value)
    state.revision += 1
    state.save(update_fields=[*after, "revision"])
    row: Any = _StateRow(actor.state)
    record(actor, STATE_CHANGED, row, revision=state.revision, payload={"before": before, "after": after})
    return state
