"""Changes of the register, of roles and of a State's settings; idempotency keys; acts for two persons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.parties.test_sealing import TestTogether as Together
from tests.parties.world import World, make_world, today
from tidegate.parties import commanding, commands
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import (
    COMMANDS,
    RIGHTS,
    AwaitingSecond,
    Conflict,
    Forbidden,
    Missing,
    Refused,
    command,
    locked,
)
from tidegate.parties.journal import record
from tidegate.parties.models import Approval, Done, Facility, JournalEntry, Membership, Organisation, Person, State
from tidegate.parties.rights import rights

pytestmark = pytest.mark.django_db

NEW = {"kind": "carrier", "name": "Heron Lines (fictitious)", "registration": "C-1"}


def entries() -> list[str]:
    return list(JournalEntry.objects.order_by("id").values_list("type", flat=True))


# ── idempotency (invariant 22) ─────────────────────────────────────────────────────────────────────────────


calls = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from([0, 1])), max_size=12)


@given(calls)
@settings(suppress_health_check=list(HealthCheck))
def test_the_same_key_twice_is_one_effect_and_the_same_answer(world: World, calls: list[tuple[str, str, int]]) -> None:
    from django.db import transaction

    actors = [world.actor("competent_authority", "manager"), world.actor("customs", "manager")]
    with transaction.atomic():
        before = Organisation.objects.count()
        kept: dict[tuple[int, str], tuple[str, UUID]] = {}
        for key, name, who in calls:
            given = {**NEW, "name": name, "registration": f"{who}{key}{name}"}
            earlier = kept.get((who, key))
            if earlier is not None and earlier[0] != name:
                with pytest.raises(Refused, match="another request"):
                    commands.add_organisation(actors[who], **given, key=key)
                continue
            row = commands.add_organisation(actors[who], **given, key=key)
            if earlier is None:
                kept[(who, key)] = (name, row.pk)
            else:
                assert row.pk == earlier[1]
        assert Organisation.objects.count() == before + len(kept)
        assert len(entries()) == len(kept)
        transaction.set_rollback(True)


@pytest.mark.usefixtures("own_database")
class TestKeysTogether:
    """The same request sent by several at once."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_one_of_them_takes_effect(self) -> None:
        actor = make_world().actor("competent_authority", "manager")
        answers: list[Any] = []

        def ask() -> None:
            try:
                answers.append(commands.add_organisation(actor, **NEW, key="k").pk)
            except Refused as refused:
                answers.append(refused.code)

        Together().run(*[ask] * 5)
        assert Organisation.objects.filter(registration="C-1").count() == 1
        assert entries() == ["organisation.added"]
        made = {answer for answer in answers if isinstance(answer, UUID)}
        assert len(made) == 1
        assert {answer for answer in answers if isinstance(answer, str)} <= {"key_in_use", "taken"}
        assert commands.add_organisation(actor, **NEW, key="k").pk in made


# ── the register ───────────────────────────────────────────────────────────────────────────────────────────


def test_an_entry_of_the_register_is_made_and_changed(world: World) -> None:
    actor = world.actor("customs", "manager")
    row = commands.add_organisation(actor, **NEW, address="Quay 1")
    assert (row.holder_id, row.revision) == ("VN", 1)
    changed = commands.edit_organisation(actor, row.pk, revision=1, name="Heron", active=False)
    assert changed.revision == 2
    with pytest.raises(Conflict):
        commands.edit_organisation(actor, row.pk, revision=1, name="Late")
    again = commands.edit_organisation(actor, row.pk, revision=2, name="Heron")
    assert again.revision == 2, "nothing was different"
    assert entries() == ["organisation.added", "organisation.changed"]
    last = JournalEntry.objects.order_by("-id").first()
    assert last is not None
    assert last.payload == {"name": "Heron", "active": False}
    assert (last.revision, last.person, last.role) == (2, actor.person, "manager")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "king"}, "kind"),
        ({"kind": "customs"}, "kind"),
        ({"registration": "carrier-0"}, "registration"),
        ({"email": "nowhere"}, "email"),
        ({"name": ""}, "name"),
        ({"holder_id": "MY"}, "holder_id"),
    ],
)
def test_what_the_register_does_not_take(world: World, change: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        commands.add_organisation(world.actor("customs", "manager"), **{**NEW, **change})
    assert refused.value.field == field
    assert entries() == []


def test_an_authority_keeps_its_own_entry(world: World) -> None:
    customs, competent = world.body("customs"), world.body("competent_authority")
    with pytest.raises(Refused, match="keeps its own"):
        commands.edit_organisation(world.actor("customs", "manager"), competent.pk, revision=0, name="x")
    assert commands.edit_organisation(
        world.actor("competent_authority", "manager"), customs.pk, revision=0, name="Customs"
    )
    with pytest.raises(Refused, match="does not put itself out"):
        commands.edit_organisation(world.actor("customs", "manager"), customs.pk, revision=1, active=False)
    with pytest.raises(Missing):
        commands.edit_organisation(
            world.actor("customs", "manager"), world.body("carrier", "MY").pk, revision=0, name="x"
        )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"operations": ["R14"]}, "operations"),
        ({"wastes": ["B30111"]}, "wastes"),
        ({"capacity_kg_year": -1}, "capacity_kg_year"),
        ({"authorised_from": today(), "authorised_until": today() - timedelta(days=1)}, "authorised_until"),
    ],
)
def test_what_a_facility_is_not(world: World, change: dict[str, Any], field: str) -> None:
    officer = world.actor("competent_authority", "officer")
    given = {"name": "site", "address": "a", "operations": ["R3"], "wastes": ["B3011"], "capacity_kg_year": 5}
    with pytest.raises(Refused) as refused:
        commands.add_facility(officer, world.body("facility").pk, **{**given, **change})
    assert refused.value.field == field
    row = commands.add_facility(officer, world.body("facility").pk, **given)
    with pytest.raises(Refused):
        commands.edit_facility(officer, row.pk, revision=1, **change)
    assert Facility.objects.get().revision == 1
    with pytest.raises(Forbidden):
        commands.edit_facility(world.actor("customs", "officer"), row.pk, revision=1, name="x")


def test_a_company_locks_only_what_it_is_involved_in(world: World) -> None:
    from django.db import transaction

    mine = Facility.objects.create(holder_id="VN", organisation=world.body("facility"), name="s", address="a")
    with transaction.atomic():
        assert locked(Facility, mine.pk, world.actor("facility", "clerk")) == mine
        for actor in (world.actor("facility", "clerk", number=1), world.actor("facility", "clerk", "MY")):
            with pytest.raises(Missing):
                locked(Facility, mine.pk, actor)
        with pytest.raises(Missing):
            locked(Facility, "no key", world.actor("customs", "clerk"))


# ── roles ──────────────────────────────────────────────────────────────────────────────────────────────────


def invited(actor: Actor, organisation: Organisation, **change: Any) -> Membership:
    given: dict[str, Any] = {"email": "New@Example.org", "name": "Clerk", "role": "clerk", "valid_from": today()}
    return commands.invite(actor, organisation.pk, **{**given, **change})


def test_a_person_gets_a_role_and_a_way_in_once(world: World) -> None:
    manager = world.actor("carrier", "manager")
    row = invited(manager, world.body("carrier"))
    assert row.person.email == "new@example.org"
    assert not row.person.has_usable_password()
    assert commands.way_in(row.person) is not None
    second = invited(manager, world.body("carrier"), email="new@example.org", name="", role="viewer")
    assert second.person == row.person
    row.person.set_password("a long enough secret")
    row.person.save()
    assert commands.way_in(row.person) is None
    with pytest.raises(Refused, match="already"):
        invited(manager, world.body("carrier"))
    assert entries() == ["membership.given", "membership.given"]
    assert JournalEntry.objects.filter(holder="VN", subject="membership").count() == 2
    assert mail.outbox == [], "letters are the pages' doing"


def test_who_gives_roles_where(world: World) -> None:
    competent, customs = world.actor("competent_authority", "manager"), world.actor("customs", "manager")
    assert invited(competent, world.body("customs"))
    assert invited(customs, world.body("carrier"))
    for actor, body in (
        (customs, world.body("competent_authority")),
        (world.actor("carrier", "manager"), world.body("carrier", number=1)),
        (competent, world.body("carrier", "MY")),
    ):
        with pytest.raises(Missing):
            invited(actor, body, email="other@example.org")
    with pytest.raises(Forbidden):
        invited(world.actor("carrier", "officer"), world.body("carrier"))
    assert customs.person is not None
    with pytest.raises(Refused, match="themselves"):
        invited(customs, world.body("customs"), email=customs.person.email)


def test_a_role_ends_and_a_manager_stays(world: World) -> None:
    manager = world.actor("carrier", "manager")
    officer = world.membership("carrier", "officer")
    row = commands.end_membership(manager, officer.pk, day=today())
    assert row.valid_until == today()
    with pytest.raises(Refused, match="has ended"):
        commands.end_membership(manager, officer.pk, day=today())
    with pytest.raises(Refused, match="at least one manager"):
        commands.end_membership(manager, world.membership("carrier", "manager").pk, day=today())
    with pytest.raises(Missing):
        commands.end_membership(manager, world.membership("carrier", "officer", number=1).pk, day=today())
    with pytest.raises(Conflict):
        commands.end_membership(manager, world.membership("carrier", "clerk").pk, day=today(), revision=7)
    assert entries() == ["membership.ended"]
    assert not Person.objects.filter(is_active=False).exists()


# ── two persons ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def close() -> Iterator[Any]:
    """An act that a State may leave to two persons: it closes an organisation."""
    right = "test.organisation.close"
    rights.grant(right, ["competent_authority", "customs"], ["officer"], decision=True)

    @command(right)
    def close(actor: Actor, organisation_id: UUID, *, revision: int, reason: str) -> Organisation:
        row: Organisation = locked(Organisation, organisation_id, actor, revision)
        row.active, row.revision = False, row.revision + 1
        row.save()
        record(actor, "organisation.changed", row, revision=row.revision, payload={"reason": reason})
        return row

    yield close
    del COMMANDS[right], rights.table[right]


def two(world: World, *names: str) -> None:
    commands.set_two_person(world.actor("competent_authority", "manager"), two_person=names, revision=0)


def colleague(world: World) -> Actor:
    """A second officer of the competent authority."""
    manager = world.actor("competent_authority", "manager")
    row = invited(manager, world.body("competent_authority"), email="second@example.org", role="officer")
    return Actor("VN", row.organisation, "officer", row.person)


def propose(close: Any, actor: Actor, target: Organisation, **change: Any) -> Approval:
    with pytest.raises(AwaitingSecond) as waiting:
        close(actor, target.pk, **{"revision": 0, "reason": "gone", **change})
    return waiting.value.approval


def test_an_act_for_two_takes_effect_when_the_second_approves(world: World, close: Any) -> None:
    two(world, "test.organisation.close")
    first, second, target = world.actor("competent_authority", "officer"), colleague(world), world.body("carrier")
    row = propose(close, first, target)
    assert propose(close, first, target) == row, "asked again, it is the same proposal"
    target.refresh_from_db()
    assert target.active
    with pytest.raises(Refused, match="cannot also approve"):
        commands.approve(first, row.pk)
    with pytest.raises(Refused, match="cannot also approve"):
        close(first, target.pk, revision=0, reason="gone", approval=row)
    with pytest.raises(Missing):
        commands.approve(world.actor("customs", "officer"), row.pk)
    commands.approve(second, row.pk)
    target.refresh_from_db()
    row.refresh_from_db()
    assert Organisation.objects.get(pk=target.pk).active is False
    assert (row.status, row.decided_by) == ("approved", second.person)
    with pytest.raises(Refused, match="no longer waits"):
        commands.approve(second, row.pk)
    with pytest.raises(Refused, match="no longer waits"):
        close(second, target.pk, revision=0, reason="gone", approval=row)
    assert entries()[-3:] == ["approval.proposed", "organisation.changed", "approval.approved"]
    last = JournalEntry.objects.order_by("-id").first()
    assert last is not None
    assert last.payload["proposed_by"] == str(first.person and first.person.pk)


def test_an_edit_voids_the_proposal_before(world: World, close: Any) -> None:
    two(world, "test.organisation.close")
    first, second, target = world.actor("competent_authority", "officer"), colleague(world), world.body("carrier")
    before = propose(close, first, target)
    after = propose(close, first, target, reason="moved")
    before.refresh_from_db()
    assert before.status == "void"
    with pytest.raises(Refused):
        commands.approve(second, before.pk)
    commands.refuse(second, after.pk, reason="it did not move")
    after.refresh_from_db()
    assert (after.status, after.reason) == ("refused", "it did not move")
    with pytest.raises(Refused, match="Say why"):
        commands.refuse(second, propose(close, first, target).pk, reason=" ")
    target.refresh_from_db()
    assert target.active


def test_what_the_act_itself_refuses_leaves_the_proposal_waiting(world: World, close: Any) -> None:
    two(world, "test.organisation.close")
    first, second, target = world.actor("competent_authority", "officer"), colleague(world), world.body("carrier")
    row = propose(close, first, target)
    commands.edit_organisation(world.actor("customs", "manager"), target.pk, revision=0, name="New name")
    with pytest.raises(Conflict):
        commands.approve(second, row.pk)
    row.refresh_from_db()
    assert row.status == "waiting"
    with pytest.raises(Missing):
        commands.withdraw(second, row.pk)
    assert commands.withdraw(first, row.pk).status == "void"


def test_where_one_person_is_enough_it_is_done_at_once(world: World, close: Any) -> None:
    assert not close(world.actor("customs", "officer"), world.body("carrier").pk, revision=0, reason="gone").active
    assert not Approval.objects.exists()


def test_the_states_own_settings(world: World) -> None:
    manager = world.actor("competent_authority", "manager")
    for change, field in (
        ({"two_person": ["parties.key.keep"]}, "two_person"),
        ({"two_person": [], "time_zone": "Asia/Nowhere"}, "time_zone"),
    ):
        with pytest.raises(Refused) as refused:
            commands.set_two_person(manager, revision=0, **change)
        assert refused.value.field == field
    state = commands.set_two_person(manager, two_person=[], revision=0, time_zone="Asia/Bangkok", language="vi")
    assert (state.revision, state.time_zone) == (1, "Asia/Bangkok")
    with pytest.raises(Conflict):
        commands.set_two_person(manager, two_person=[], revision=0)
    assert State.objects.get(pk="MY").time_zone == "Asia/Kuala_Lumpur"
    assert entries() == ["state.changed"]
    assert not Done.objects.exists()


def test_a_deadlock_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two commands that wait for each other the database undoes one: it is carried out once more."""
    tried: list[int] = []

    class Undone(Exception):
        sqlstate = "40P01"

    def act(actor: Actor, undone: int) -> int:
        tried.append(undone)
        if len(tried) <= undone:
            raise OperationalError("deadlock detected") from Undone()
        return len(tried)

    right = next(iter(RIGHTS.values()))
    run = command(right, "test.deadlock")(act)
    try:
        monkeypatch.setattr(Actor, "may", lambda self, right: True)
        someone = world.actor("competent_authority", "manager")
        with pytest.raises(OperationalError):  # within another transaction nothing can be tried again
            run(someone, 1)
        monkeypatch.setattr(commanding, "connection", SimpleNamespace(in_atomic_block=False))
        tried.clear()
        assert run(someone, 2) == 3
        tried.clear()
        with pytest.raises(OperationalError):
            run(someone, 3)
    finally:
        del COMMANDS["test.deadlock"], RIGHTS["test.deadlock"]
