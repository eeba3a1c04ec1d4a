"""What is kept of a desk between two looks at it changes nothing of what is seen; and a search that means too much."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils.translation import override

from tests.movements.cases import START, actor, again, copy, sent_on, wired
from tests.movements.test_scale import multiply
from tidegate.movements.commands import notifications
from tidegate.movements.models import Clock, Consent, Movement, Notification
from tidegate.movements.queries import desk
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.ids import uuid7

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire() -> Any:
    with wired() as found, times.at(START):
        yield found


def both(monkeypatch: pytest.MonkeyPatch, who: Actor, **asked: Any) -> tuple[desk.Desk, desk.Desk]:
    """A desk as whoever looks again sees it, and as it is with nothing kept."""
    desk.desk(who, **asked)
    kept = desk.desk(who, **asked)
    with monkeypatch.context() as nothing:
        nothing.setattr(desk, "_plan", desk._plan.__wrapped__)
        return kept, desk.desk(who, **asked)


def test_everybody_sees_the_own_desk_whoever_looked_before(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row = sent_on()
    wire.settle()
    notifications.acknowledge(actor("DE"), copy(row, "DE").pk)
    multiply(copy(row, "DE"), 3)
    here = actor("DE")
    people = [
        here, replace(here, role="viewer"), replace(here, role="manager"), actor("DE", "customs"), actor("NL"),
        actor("TH"), actor("TH", "notifier", "clerk"), actor("TH", "notifier", "clerk", "TH-other"),
    ]  # fmt: skip
    seen = []
    for _round in range(2):
        for who in people:
            kept, fresh = both(monkeypatch, who)
            assert kept == fresh
            seen.append((kept.total, tuple(item.uid for item in kept.items)))
    assert seen[: len(people)] == seen[len(people) :]
    # They see very different things, so that one's desk could not pass for another's.
    assert len(set(seen)) >= 5


def test_the_labels_are_in_the_language_of_who_looks(wire: Any) -> None:
    sent_on()
    wire.settle()
    who = actor("DE")
    english = {item.what for item in desk.desk(who).items}
    with override("vi"):
        assert english.isdisjoint(item.what for item in desk.desk(who).items if item.kind == "acknowledge")
    assert {item.what for item in desk.desk(who).items} == english


def test_what_is_over_is_counted_by_the_moment_of_the_look(wire: Any) -> None:
    row = sent_on()
    wire.settle()
    who = actor("DE")
    Clock.objects.filter(holder="DE").delete()
    running(copy(row, "DE"), "movement", uuid7(), hours=2)
    running(copy(row, "DE"), "movement", uuid7(), hours=24 * 7 + 3)
    looks = []
    for hours in (0, 1, 3, 4):  # all on one day
        with times.at(START + timedelta(hours=hours)):
            found = desk.desk(who)
            looks.append((found.over, found.week, sum(item.over for item in found.items)))
    assert looks == [(0, 1, 0), (0, 1, 0), (1, 0, 1), (1, 1, 1)]


def running(row: Notification, subject: str, key: Any, *, hours: float = 48, authority: str = "DE") -> Clock:
    """A time limit that runs on something of a State's copy of a case."""
    return Clock.objects.create(
        holder_id=row.holder_id, case=row.case, rule=f"test-{uuid7().hex[-12:]}", authority=authority, subject=subject,
        subject_id=key, started_at=START, due_at=START + timedelta(hours=hours), effect="none",
    )  # fmt: skip


@pytest.mark.parametrize("status", ["requested", "info_requested", "objected"])
def test_a_time_limit_alone_is_counted_once_wherever_it_runs(wire: Any, status: str) -> None:
    """As many as run on nothing that waits: those on a decided consent, on a movement under way, on anything else."""
    row = settled(wire)
    who = actor("DE")
    Clock.objects.all().delete()
    own = Consent.objects.get(notification=row, authority="DE")
    Consent.objects.filter(pk=own.pk).update(status=status)
    shipped = [
        Movement.objects.create(
            holder_id="DE", case=row.case, notification=row, serial=serial, planned_on=START.date(), announced_kg=1000,
            status=standing,
        )
        for serial, standing in enumerate(("held", "in_transit", "completed", "announced"), 1)
    ]  # fmt: skip
    alone, waited_for = [uuid7(), uuid7()], [shipped[0].pk]
    (alone if status == "objected" else waited_for).extend([own.pk, row.pk])
    alone += [one.pk for one in shipped[1:]]  # to close them is for the State of export
    places = {own.pk: "consent", row.pk: "notification", alone[0]: "takeback", alone[1]: "permit"}
    for n, key in enumerate([*alone, *waited_for, *alone]):
        running(row, places.get(key, "movement"), key, hours=100 - n)
    whole, shown = desk.desk(who), desk.desk(who, kind="clock")
    assert {kind: count for kind, _label, count in whole.counts}["clock"] == len(alone) * 2
    assert len(shown.items) == shown.matching == len(alone) * 2
    assert {item.subject_id for item in shown.items} == set(alone)
    assert [item.due for item in shown.items] == sorted(item.due for item in shown.items if item.due)
    # What is held is found by its time limit where only movements are asked for.
    moved = desk.desk(who, kind="movement")
    assert [(item.subject_id, item.due is not None) for item in moved.items] == [(shipped[0].pk, True)]


def settled(wire: Any) -> Notification:
    row = sent_on()
    wire.settle()
    return copy(row, "DE")


def test_a_search_that_means_too_many_cases_takes_the_latest(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row = settled(wire)
    multiply(row, 6)
    for n in range(6):
        late = START + timedelta(hours=(5 * n) % 6)
        Notification.objects.filter(case=f"TH-MANY-{n:04}", holder="DE").update(updated_at=late)
    Notification.objects.filter(pk=row.pk).update(updated_at=START - timedelta(days=1))
    monkeypatch.setattr(desk, "CASES", 2)
    found = {item.case for item in desk.desk(actor("DE"), text="mixed").items}
    latest = Notification.objects.filter(holder="DE").order_by("-updated_at")[:2]
    assert found == {one.case for one in latest}
    monkeypatch.setattr(desk, "CASES", 500)
    assert len({item.case for item in desk.desk(actor("DE"), text="mixed").items}) == 7
    assert again(row).case in {item.case for item in desk.desk(actor("DE"), text="mixed").items}
