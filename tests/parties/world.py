"""Two States on one node, an organisation of every kind (companies twice), a person in every role of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.test import Client
from django.utils import timezone

from tidegate.parties.actors import Actor, acting
from tidegate.parties.models import Membership, Organisation, Person, Role, State

HERE, ELSEWHERE = "VN", "MY"
KINDS = tuple(kind for kind in Organisation.Kind.values if kind != Organisation.Kind.PUBLIC)
ROLES = tuple(Role.values)
COMPANIES = tuple(kind for kind in KINDS if kind not in Organisation.OFFICIAL)


def today() -> date:
    return timezone.now().date()


@dataclass
class World:
    """`bodies[state][kind]` are its organisations: one of each official kind, two of each company kind."""

    bodies: dict[str, dict[str, list[Organisation]]] = field(default_factory=dict)
    people: dict[tuple[str, str, str, int], Membership] = field(default_factory=dict)

    def body(self, kind: str, state: str = HERE, number: int = 0) -> Organisation:
        return self.bodies[state][kind][number]

    def membership(self, kind: str, role: str, state: str = HERE, number: int = 0) -> Membership:
        return self.people[(state, kind, role, number)]

    def actor(self, kind: str, role: str, state: str = HERE, number: int = 0) -> Actor:
        return acting(self.membership(kind, role, state, number))

    def client(self, kind: str, role: str, state: str = HERE, number: int = 0) -> Client:
        """A browser in which the person of that role is signed in."""
        client = Client()
        client.force_login(self.membership(kind, role, state, number).person)
        return client


def make_world() -> World:
    world = World()
    since = today() - timedelta(days=30)
    people, memberships = [], []
    for code, name, zone in ((HERE, "Viet Nam", "Asia/Ho_Chi_Minh"), (ELSEWHERE, "Malaysia", "Asia/Kuala_Lumpur")):
        state = State.objects.create(code=code, name=name, node=f"{code.lower()}.test", here=True, time_zone=zone)
        world.bodies[code] = {}
        for kind in KINDS:
            made = world.bodies[code][kind] = [
                Organisation(holder=state, kind=kind, name=f"{kind} {number} {code}", registration=f"{kind}-{number}")
                for number in range(1 if kind in Organisation.OFFICIAL else 2)
            ]
            for number, body in enumerate(made):
                for role in ROLES:
                    email = f"{role}.{kind}.{number}.{code.lower()}@example.org"
                    person = Person(email=email, name=f"{role} of {body.name}", password="!")
                    people.append(person)
                    row = Membership(person=person, organisation=body, role=role, valid_from=since)
                    memberships.append(row)
                    world.people[(code, kind, role, number)] = row
    Organisation.objects.bulk_create([o for kinds in world.bodies.values() for found in kinds.values() for o in found])
    Person.objects.bulk_create(people)
    Membership.objects.bulk_create(memberships)
    return world
