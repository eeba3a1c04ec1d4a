"""A delegated act is valid only inside the grant's scope and days (invariant 19); so is one by an access key."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.parties.world import World, today
from tidegate.parties import commands, times
from tidegate.parties.actors import acting, delegations_of, key_actor, memberships_of
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.models import AccessKey, Delegation, JournalEntry, Membership
from tidegate.parties.rights import rights

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 21)
SCOPE = ["parties.feed.read", "parties.organisation.read"]


def delegated(world: World, *, rights: list[str], number: int = 0, **days: Any) -> Delegation:
    """The notifier lets the broker act for it."""
    days = {"valid_from": today() - timedelta(days=1), "valid_until": today() + timedelta(days=30), **days}
    principal = world.body("notifier", number=number)
    return Delegation.objects.create(
        holder_id=principal.holder_id,
        principal=principal,
        agent=world.body("broker", number=number),
        rights=rights,
        revision=1,
        **days,
    )


def noon_in_hanoi(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).astimezone(UTC)


offsets = st.integers(-3, 3)
# Rights that an officer of the principal has and may give away: of these, scope and days alone decide.
GIVEN = sorted(
    name for name, known in rights.table.items() if known.delegable and ("notifier", "officer") in known.holders
)
ANY = sorted(rights.table)
ONE: dict[str, Any] = {"scope": {GIVEN[0]}, "asked": GIVEN[0], "role": "officer", "length": 1, "revoked": False}


@given(
    scope=st.sets(st.sampled_from(ANY)) | st.just(set(ANY)),
    asked=st.sampled_from(GIVEN) | st.sampled_from(ANY),
    role=st.sampled_from(["viewer", "clerk", "officer", "manager"]),
    start=offsets,
    length=st.integers(0, 3),
    on=offsets,
    revoked=st.booleans(),
)
@example(start=0, on=-1, **ONE)
@example(start=0, on=0, **ONE)
@example(start=0, on=1, **ONE)
@example(start=0, on=2, **ONE)
@example(start=0, on=0, **{**ONE, "revoked": True})
@example(start=0, on=0, **{**ONE, "scope": set(GIVEN[1:])})
@settings(suppress_health_check=list(HealthCheck), max_examples=120)
def test_a_delegated_act_is_valid_only_in_scope_and_on_its_days(
    world: World, scope: set[str], asked: str, role: str, start: int, length: int, on: int, revoked: bool
) -> None:
    first, last = DAY + timedelta(days=start), DAY + timedelta(days=start + length)
    grant = Delegation(
        holder=world.body("notifier").holder,
        principal=world.body("notifier"),
        agent=world.body("broker"),
        rights=sorted(scope),
        valid_from=first,
        valid_until=last,
        revoked_at=times.now() if revoked else None,
    )
    with times.at(noon_in_hanoi(DAY + timedelta(days=on))):
        actor = acting(world.membership("broker", role), grant)
        known = rights.table[asked]
        allowed = (
            not revoked
            and start <= on <= start + length
            and asked in scope
            and known.delegable
            and ("notifier", role) in known.holders
        )
        assert actor.may(asked) == allowed
        # What the agent's own organisation may do is no part of it.
        assert (actor.organisation, actor.agent) == (world.body("notifier"), world.body("broker"))


def test_a_grant_ends_at_midnight_where_the_principal_is(world: World) -> None:
    """Ha Noi is seven hours ahead: its 21 November is over at 17:00 UTC of the same day."""
    grant = delegated(world, rights=SCOPE, valid_from=DAY, valid_until=DAY)
    agent = world.body("broker")
    for moment, held in (
        (datetime(2026, 11, 20, 16, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 20, 17, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 21, 16, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 21, 17, 0, tzinfo=UTC), False),
    ):
        with times.at(moment):
            assert bool(delegations_of(agent)) is held
            assert acting(world.membership("broker", "clerk"), grant).may(SCOPE[0]) is held


def test_roles_hold_on_their_days(world: World) -> None:
    row = world.membership("customs", "officer")
    Membership.objects.filter(pk=row.pk).update(valid_from=DAY, valid_until=DAY)
    with times.at(noon_in_hanoi(DAY)):
        assert [found.pk for found in memberships_of(row.person)] == [row.pk]
    for off in (-1, 1):
        with times.at(noon_in_hanoi(DAY + timedelta(days=off))):
            assert memberships_of(row.person) == []


def test_giving_and_revoking(world: World) -> None:
    manager, agent = world.actor("notifier", "manager"), world.body("broker")
    days = {"valid_from": today(), "valid_until": today() + timedelta(days=10)}
    row = commands.give_delegation(manager, agent_id=agent.pk, rights=SCOPE, **days)
    assert acting(world.membership("broker", "clerk"), row).may(SCOPE[0])
    key = commands.make_key(world.actor("broker", "manager"), label="erp", role="clerk", delegation_id=row.pk, **days)
    assert key_actor(key).may(SCOPE[0])
    with pytest.raises(Missing):
        commands.revoke_delegation(world.actor("carrier", "manager"), row.pk)
    commands.revoke_delegation(manager, row.pk)
    row.refresh_from_db()
    assert not acting(world.membership("broker", "clerk"), row).may(SCOPE[0])
    assert AccessKey.objects.get(pk=key.pk).revoked_at is not None
    commands.revoke_delegation(manager, row.pk)
    types = JournalEntry.objects.order_by("id").values_list("type", flat=True)
    assert list(types) == ["delegation.given", "accesskey.made", "delegation.revoked", "accesskey.revoked"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rights": ["parties.key.keep"]}, "rights"),
        ({"rights": ["parties.journal.read"]}, "rights"),
        ({"rights": []}, "rights"),
        ({"valid_until": today() - timedelta(days=1)}, "valid_until"),
        ({"valid_until": today() + timedelta(days=5000)}, "valid_until"),
        ({"agent": "customs"}, "agent"),
        ({"agent": "notifier"}, "agent"),
    ],
)
def test_what_may_not_be_given_away(world: World, change: dict[str, Any], field: str) -> None:
    given = {"rights": SCOPE, "valid_from": today(), "valid_until": today() + timedelta(days=1), **change}
    agent = world.body(given.pop("agent", "broker"))
    with pytest.raises(Refused) as refused:
        commands.give_delegation(world.actor("notifier", "manager"), agent_id=agent.pk, **given)
    assert refused.value.field == field
    assert not Delegation.objects.exists()


def test_no_agent_of_another_state_and_none_at_second_hand(world: World) -> None:
    days = {"valid_from": today(), "valid_until": today() + timedelta(days=1)}
    with pytest.raises(Missing):
        commands.give_delegation(
            world.actor("notifier", "manager"), agent_id=world.body("broker", "MY").pk, rights=SCOPE, **days
        )
    second_hand = acting(world.membership("broker", "manager"), delegated(world, rights=sorted(rights.table)))
    with pytest.raises(Forbidden):
        commands.give_delegation(second_hand, agent_id=world.body("carrier").pk, rights=SCOPE, **days)


def test_a_key_is_narrower_than_its_role(world: World) -> None:
    manager = world.actor("customs", "manager")
    days = {"valid_from": today(), "valid_until": today() + timedelta(days=1)}
    key = commands.make_key(manager, label="feed", role="viewer", rights=["parties.feed.read"], **days)
    secret = key.secret  # type: ignore[attr-defined]
    assert secret not in str(AccessKey.objects.values().get())
    actor = key_actor(AccessKey.objects.select_related("organisation__holder").get())
    assert actor.may("parties.feed.read")
    assert not actor.may("parties.journal.read")
    for change in ({"role": "manager"}, {"rights": ["parties.key.keep"]}, {"label": " "}, {"role": "king"}):
        with pytest.raises(Refused):
            commands.make_key(manager, **{"label": "x", "role": "viewer", **days, **change})
    with pytest.raises(Missing):
        commands.revoke_key(world.actor("competent_authority", "manager"), key.pk)
    commands.revoke_key(manager, key.pk)
    assert not key_actor(AccessKey.objects.select_related("organisation__holder").get()).may("parties.feed.read")
