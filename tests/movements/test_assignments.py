"""A case is taken, handed to a colleague and given back; the desk is filtered by it, and no other State hears of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import START, Wire, actor, sent_on, wired
from tests.movements.test_api import calls, post
from tests.movements.test_api_reads import read
from tidegate.movements.commands import assignments
from tidegate.movements.models import Assignment
from tidegate.movements.queries import cases, desk
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused
from tidegate.parties.models import JournalEntry, Membership, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire(settings: Any) -> Any:
    settings.TIDEGATE_SECOND_FACTOR = False
    with wired() as found, times.at(START):
        yield found


def of_desk(actor: Actor, /, **asked: Any) -> set[tuple[str, str]]:
    return {(item.case, item.assigned) for item in desk.desk(actor, **asked).items if item.case}


def person_of(actor: Actor) -> Person:
    assert actor.person is not None
    return actor.person


def test_two_colleagues_divide_the_cases_of_a_desk(wire: Wire) -> None:
    first, second = sent_on(), sent_on()
    wire.settle()
    here, head = actor("DE"), actor("DE", role="manager")
    other = actor("DE", role="clerk")
    send(signed_in(here), f"/desk/{first.case}/take/")
    name = str(here.person)
    assert of_desk(here) == {(first.case, name), (second.case, "")}
    assert of_desk(here, who="mine") == {(first.case, name)}
    assert of_desk(other, who="mine") == set()
    assert of_desk(other, who="nobody") == {(second.case, "")}
    shown = page(signed_in(here), "/desk/?who=mine")
    assert first.number in shown
    assert second.number not in shown
    with pytest.raises(Refused, match="already"):
        assignments.take(other, first.case)
    # A head hands it on; whoever has it gives it back.
    assert str(other.person) in page(signed_in(head), f"/desk/{first.case}/hand/")
    send(signed_in(head), f"/desk/{first.case}/hand/", person=str(person_of(other).pk))
    assert of_desk(other, who="mine") == {(first.case, str(other.person))}
    case_page = page(signed_in(here), f"/notifications/{first.case}/")
    assert "Who deals with it" in case_page
    assert f"→ {other.person}" in case_page
    send(signed_in(other), f"/desk/{first.case}/give-back/")
    assert of_desk(other, who="nobody") == {(first.case, ""), (second.case, "")}
    assignments.take(here, second.case)
    assert f'href="/desk/{second.case}/hand/">{name}' in page(signed_in(other), "/desk/")
    send(signed_in(head), f"/desk/{second.case}/hand/", person="")
    assert of_desk(here, who="mine") == set()
    entries = JournalEntry.objects.filter(subject="assignment", case=first.case).order_by("id")
    assert [(one.type, one.holder_id, one.case) for one in entries] == [
        (f"assignment.{event}", "DE", first.case) for event in ("taken", "handed", "given_back")
    ]


def test_it_stays_within_the_authority(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    here, customs, abroad = actor("DE"), actor("DE", "customs"), actor("TH")
    assignments.take(here, row.case)
    wire.settle()
    assert Assignment.objects.exclude(holder="DE").count() == 0
    assert of_desk(customs, who="mine") == set()
    # Another authority of the State divides its own work.
    assert assignments.take(customs, row.case).person == customs.person
    for stranger in (customs, abroad):
        with pytest.raises(Refused, check=lambda error: error.code == "person"):
            assignments.hand(here, row.case, person=str(person_of(stranger).pk))
    with pytest.raises(Missing):
        assignments.take(actor("SG"), "TH-NONE")
    trader = actor("TH", "notifier", "clerk")
    with pytest.raises(Forbidden):
        assignments.take(trader, row.case)
    with pytest.raises(Forbidden):
        assignments.take(actor("DE", role="viewer"), row.case)
    assignments.take(abroad, row.case)
    assert "assignment" in {moment.subject for moment in cases.timeline(abroad, row)}
    assert "assignment" not in {moment.subject for moment in cases.timeline(trader, row)}
    assert "Who deals with it" not in page(signed_in(trader), f"/notifications/{row.case}/")


def test_who_has_left_the_authority_deals_with_nothing(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    gone, stays = actor("DE"), actor("DE")
    assignments.take(gone, row.case)
    yesterday = START.date() - timedelta(days=1)
    Membership.objects.filter(person=gone.person).update(valid_from=yesterday, valid_until=yesterday)
    assert of_desk(stays, who="nobody") == {(row.case, "")}
    assert assignments.take(stays, row.case).person == stays.person


def test_what_changed_meanwhile_is_shown(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    one, two = actor("DE"), actor("DE")
    made = assignments.hand(one, row.case, person=person_of(one).email)
    with pytest.raises(Refused, check=lambda error: error.code == "conflict"):
        assignments.hand(two, row.case, person=str(person_of(two).pk), revision=0)
    assignments.hand(two, row.case, person=str(person_of(two).pk), revision=made.revision)
    with pytest.raises(Conflict):
        assignments.give_back(one, row.case, revision=made.revision)
    shown = send(signed_in(one), f"/desk/{row.case}/give-back/", 409, revision=str(made.revision))
    assert "Case handed to a colleague" in shown


def test_the_api_hands_cases_and_filters_the_desk(client: Client, wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    officer, software = actor("DE"), calls("DE", "competent_authority", "officer")
    assert post(client, "/commands/case/take", {"case": row.case}, software).status_code == 422
    said = {"case": row.case, "person": person_of(officer).email}
    assert post(client, "/commands/case/hand", said, software).status_code == 200
    assert {one["assigned"] for one in read(client, "/desk", software)["items"] if one["case"]} == {str(officer.person)}
    assert not any(one["case"] for one in read(client, "/desk?who=nobody", software)["items"])
    assert post(client, "/commands/case/give_back", {"case": row.case}, software).status_code == 200
    assert any(one["case"] for one in read(client, "/desk?who=nobody", software)["items"])
