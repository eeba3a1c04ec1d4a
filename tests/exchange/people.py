"""People who look at the exchange: an officer of a State's authority, and others who may not."""

from __future__ import annotations

from datetime import date

from tidegate.parties.actors import Actor, acting
from tidegate.parties.models import Membership, Organisation, Person, State


def person(state: str, kind: str, role: str) -> Person:
    """Somebody with one role in an organisation of a State."""
    name = f"{state.lower()}-{kind}-{role}"
    organisation = Organisation.objects.create(
        holder=State.objects.get(pk=state), kind=kind, name=name, registration=name
    )
    made = Person.objects.create_user(f"{name}@example.test", "a long enough passphrase", name=name)
    Membership.objects.create(person=made, organisation=organisation, role=role, valid_from=date(2020, 1, 1))
    return made


def actor(state: str, kind: str = "competent_authority", role: str = "officer") -> Actor:
    """The actor of such a person."""
    return acting(
        Membership.objects.select_related("organisation__holder", "person").get(person=person(state, kind, role))
    )
