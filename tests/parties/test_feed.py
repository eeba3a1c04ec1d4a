"""The change feed: who goes on from `next` reads everything that is for them, once, in order (invariant 25)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.parties.world import World
from tidegate.parties import queries, sealing
from tidegate.parties.actors import Actor, acting, system
from tidegate.parties.journal import record
from tidegate.parties.models import JournalEntry, Organisation

pytestmark = pytest.mark.django_db


def write(body: Organisation, by: Actor | None = None) -> UUID:
    revision = 1 + JournalEntry.objects.filter(subject_id=body.pk).count()
    with transaction.atomic():
        return record(by or system(body.holder_id), "organisation.changed", body, revision=revision).pk


@given(data=st.data())
@settings(suppress_health_check=list(HealthCheck))
def test_no_batch_limit_leaves_anything_unread(world: World, data: st.DataObject) -> None:
    """Writers, a sealer and readers of both kinds in any order; each reader ends with exactly what is for it."""
    with transaction.atomic():
        company, stranger = world.body("notifier"), world.body("carrier")
        foreign = world.body("notifier", "MY")
        actors = {"official": world.actor("customs", "viewer"), "company": world.actor("notifier", "viewer")}
        after = dict.fromkeys(actors, 0)
        read: dict[str, list[UUID]] = {name: [] for name in actors}
        meant: dict[str, set[UUID]] = {name: set() for name in actors}
        steps = data.draw(st.lists(st.sampled_from(["own", "other", "foreign", "by", "seal", *actors]), max_size=30))
        for step in [*steps, "seal", *(name for name in actors for _ in range(len(steps) + 2))]:
            if step == "own":
                key = write(company)
                meant["official"].add(key)
                meant["company"].add(key)
            elif step == "other":
                meant["official"].add(write(stranger))
            elif step == "by":
                # The company itself did something to a row that it is not otherwise involved in.
                key = write(stranger, actors["company"])
                meant["official"].add(key)
                meant["company"].add(key)
            elif step == "foreign":
                write(foreign)
            elif step == "seal":
                sealing.seal_all()
            else:
                limit = data.draw(st.integers(1, 4))
                part = queries.feed(actors[step], after[step], limit)
                assert len(part.entries) <= limit
                assert part.next >= after[step]
                assert all(after[step] < (entry.number or 0) <= part.next for entry in part.entries)
                read[step] += [entry.pk for entry in part.entries]
                after[step] = part.next
        for name in actors:
            assert len(read[name]) == len(set(read[name]))
            assert set(read[name]) == meant[name]
        transaction.set_rollback(True)


def test_who_sees_little_still_gets_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's one entry behind many others: each call looks at so many, and `next` moves over them."""
    monkeypatch.setattr(queries, "LOOKED_AT", 20)
    monkeypatch.setattr(queries, "PART", 10)
    for _ in range(50):
        write(world.body("carrier"))
    key = write(world.body("notifier"))
    sealing.seal_all()
    actor = world.actor("notifier", "viewer")
    first = queries.feed(actor, 0, 5)
    assert (first.entries, first.next, first.more) == ([], 20, True)
    second = queries.feed(actor, first.next, 5)
    third = queries.feed(actor, second.next, 5)
    assert [entry.pk for entry in third.entries] == [key]
    assert (third.next, third.more) == (51, False)
    assert queries.feed(actor, 51, 5).next == 51


def test_what_is_not_sealed_is_not_in_the_feed(world: World) -> None:
    write(world.body("carrier"))
    actor = world.actor("competent_authority", "officer")
    assert queries.feed(actor).entries == []
    sealing.seal_all()
    assert [entry.number for entry in queries.feed(actor).entries] == [1]


def test_nobody_in_no_role_reads_nothing(world: World) -> None:
    write(world.body("carrier"))
    sealing.seal_all()
    assert queries.feed(system("VN")).entries == []
    assert queries.feed(world.actor("carrier", "viewer", number=1)).entries == []


def test_a_principals_entries_are_its_agents_to_read_only_under_the_delegation(world: World) -> None:
    from tests.parties.test_delegation import delegated

    write(world.body("notifier"))
    sealing.seal_all()
    agent = world.membership("broker", "clerk")
    assert queries.feed(acting(agent)).entries == []
    allowed = delegated(world, rights=["parties.feed.read"])
    assert len(queries.feed(acting(agent, allowed)).entries) == 1
    other: Any = delegated(world, rights=["parties.organisation.read"], number=1)
    assert queries.feed(acting(world.membership("broker", "clerk", number=1), other)).entries == []
