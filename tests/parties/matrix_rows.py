"""Rows for the matrix test: for the organisation that acts, one that it sees, one that it does not, and one of another
State. Another room has its own in tests/<room>/matrix_rows.py, in a `ROWS` of the same form."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from tests.parties.world import COMPANIES, ELSEWHERE, HERE, World, today
from tidegate.parties.actors import system
from tidegate.parties.commands.agents import digest_of_secret
from tidegate.parties.ids import uuid7
from tidegate.parties.journal import record
from tidegate.parties.models import AccessKey, Approval, Delegation, Facility, JournalEntry, Organisation

Named = dict[str, Any]


@dataclass(frozen=True)
class Places:
    """What an address names. `own` opens (None: there is none for this organisation); `other` is its State's, but not
    for it (None: it sees all of its State's); `elsewhere` is another State's."""

    own: Named | None
    other: Named | None
    elsewhere: Named


Maker = Callable[[World, Organisation], Places]


def _company(world: World, acting: Organisation) -> Organisation:
    """The company that a row is made for: the acting one, or any where an authority acts."""
    return world.body(COMPANIES[0]) if acting.official else acting


def _stranger(world: World, acting: Organisation) -> Organisation | None:
    """A company of the same State that the acting one has nothing to do with; none is hidden from an authority."""
    return None if acting.official else world.body(acting.kind, number=1)


def _made(make: Callable[[Organisation], Any]) -> Maker:
    def maker(world: World, acting: Organisation) -> Places:
        other = _stranger(world, acting)
        return Places(
            {"pk": make(_company(world, acting)).pk},
            {"pk": make(other).pk} if other else None,
            {"pk": make(world.body(COMPANIES[0], ELSEWHERE)).pk},
        )

    return maker


def organisation(world: World, acting: Organisation) -> Places:
    other = _stranger(world, acting)
    elsewhere = world.body(COMPANIES[0], ELSEWHERE)
    return Places({"pk": _company(world, acting).pk}, {"pk": other.pk} if other else None, {"pk": elsewhere.pk})


def own_organisation(world: World, acting: Organisation) -> Places:
    """Authorities see every organisation, but give roles only in some: see commands.invite."""
    other = _stranger(world, acting)
    if acting.official:
        other = world.body(Organisation.Kind.COMPETENT_AUTHORITY)
        other = None if other == acting else other
    return Places({"pk": acting.pk}, {"pk": other.pk} if other else None, {"pk": world.body(acting.kind, ELSEWHERE).pk})


def facility(owner: Organisation) -> Facility:
    return Facility.objects.create(holder_id=owner.holder_id, organisation=owner, name="site", address="a", revision=1)


def membership(world: World, acting: Organisation) -> Places:
    other = world.membership(acting.kind, "viewer", number=1) if not acting.official else None
    return Places(
        {"pk": world.membership(acting.kind, "viewer").pk},
        {"pk": other.pk} if other else None,
        {"pk": world.membership(acting.kind, "viewer", ELSEWHERE).pk},
    )


def _days() -> Named:
    return {"valid_from": today() - timedelta(days=1), "valid_until": today() + timedelta(days=1)}


def delegation(world: World, acting: Organisation) -> Places:
    def make(principal: Organisation, agent: Organisation) -> Named:
        row = Delegation.objects.create(holder_id=principal.holder_id, principal=principal, agent=agent, **_days())
        return {"pk": row.pk}

    carrier = Organisation.Kind.CARRIER if acting.kind != Organisation.Kind.CARRIER else Organisation.Kind.FACILITY
    strangers = world.body(carrier, number=0), world.body(carrier, number=1)
    return Places(
        make(acting, strangers[0]),
        make(*strangers),
        make(world.body(carrier, ELSEWHERE), world.body(carrier, ELSEWHERE, 1)),
    )


def access_key(world: World, acting: Organisation) -> Places:
    def make(owner: Organisation) -> Named:
        row = AccessKey.objects.create(
            holder_id=owner.holder_id,
            organisation=owner,
            label="k",
            role="viewer",
            digest=digest_of_secret(str(uuid7())),
            **_days(),
        )
        return {"pk": row.pk}

    other = next(o for found in world.bodies[HERE].values() for o in found if o.pk != acting.pk)
    return Places(make(acting), make(other), make(world.body(acting.kind, ELSEWHERE)))


def approval(world: World, acting: Organisation) -> Places:
    def make(owner: Organisation) -> Named:
        row = Approval.objects.create(
            holder_id=owner.holder_id,
            organisation=owner,
            command="nobody.knows",
            arguments=[[], {}],
            subject_id=uuid7(),
            proposed_by=world.membership(owner.kind, "manager", owner.holder_id).person,
            proposed_at=timezone.now(),
            revision=1,
        )
        return {"pk": row.pk}

    other = next(o for found in world.bodies[HERE].values() for o in found if o.pk != acting.pk and o.official)
    return Places(make(acting), make(other), make(world.body(acting.kind, ELSEWHERE)))


def entry(owner: Organisation) -> Any:
    revision = 1 + JournalEntry.objects.filter(subject_id=owner.pk).count()
    with transaction.atomic():
        return record(system(owner.holder_id), "organisation.changed", owner, revision=revision)


ROWS: dict[str, Maker] = {
    "organisation": organisation,
    "own-organisation": own_organisation,
    "facility": _made(facility),
    "membership": membership,
    "delegation": delegation,
    "access-key": access_key,
    "approval": approval,
    "entry": _made(entry),
}


def all_rows() -> dict[str, Maker]:
    """These, and those of the other rooms."""
    found = dict(ROWS)
    for room in ("exchange", "movements", "web"):
        name = f"tests.{room}.matrix_rows"
        if importlib.util.find_spec(f"tests.{room}") and importlib.util.find_spec(name):
            found |= importlib.import_module(name).ROWS
    return found
