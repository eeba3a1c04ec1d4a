"""The desk of every role, its calendar, and the days off."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from tests.movements import cases
from tests.movements.cases import Wire, actor, again, copy, drafted, later, sent_on, wired
from tests.movements.test_pages_notifications import authority, client_of, page, text, trader
from tidegate.movements import rounds
from tidegate.movements.commands import consignments, permits
from tidegate.movements.commands import notifications as commands
from tidegate.movements.models import Breach, Holiday, Requirement
from tidegate.movements.queries import desk
from tidegate.parties import times
from tidegate.parties.models import Membership

pytestmark = pytest.mark.django_db
DESK = "/desk/"


@pytest.fixture
def wire() -> Any:
    with wired() as found, times.at(cases.START):
        yield found


def kinds(who: Any, **more: Any) -> list[str]:
    return [item.kind for item in desk.desk(who, **more).items]


def test_each_role_finds_what_it_has_to_do_and_nothing_else(wire: Wire) -> None:
    row = drafted()
    mine, home, there = actor("TH", "notifier", "clerk"), actor("TH"), actor("DE")
    assert kinds(mine) == ["draft"]
    assert "forward" not in kinds(home)
    commands.submit(mine, row.pk)
    assert "draft" not in kinds(mine)
    assert "forward" in kinds(home)
    commands.transmit(home, row.pk)
    wire.settle()
    assert {"acknowledge", "approve"} <= set(kinds(there))  # the contract waits for its confirmation
    commands.acknowledge(there, copy(row, "DE").pk)
    assert "decide" in kinds(there)
    assert "acknowledge" not in kinds(there)
    assert not {"decide", "acknowledge"} & set(kinds(actor("DE", role="viewer")))
    commands.request_info(there, copy(row, "DE").pk, question="Which polymers?")
    wire.settle()
    assert "question" in kinds(mine)
    assert kinds(actor("TH", "notifier", "clerk", "TH-other")) == []


def test_the_next_deadline_comes_first_and_what_is_over_is_counted(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    commands.acknowledge(actor("NL"), copy(row, "NL").pk)
    with later(60):
        found = desk.desk(actor("NL"))
        dues = [item.due for item in found.items if item.due]
        assert dues == sorted(dues)
        assert found.over == sum(item.over for item in found.items) > 0
        assert all(item.over for item in desk.desk(actor("NL"), due="over").items)
        shown = text(authority("NL").get(DESK))
    assert page(row) in shown
    assert "Overdue:" in shown


def test_filters_of_the_desk(wire: Wire) -> None:
    sent_on()
    wire.settle()
    there = authority("DE")
    assert "Acknowledge the notification" in text(there.get(DESK + "?kind=acknowledge&q=mixed"))
    assert "Nothing found" in text(there.get(DESK + "?q=copper"))
    there.post(reverse("movements:filters"), {"desk": "desk", "name": "Soon", "query": "due=week"})
    assert "/desk/?due=week" in text(there.get(DESK))


def test_breaches_stand_on_the_desk_until_somebody_says_what_came_of_it(wire: Wire) -> None:
    row = sent_on()
    found = Breach.objects.create(
        holder_id="TH", case=row.case, kind="overdue", subject="notification", subject_id=row.pk, opened_at=times.now()
    )
    home = authority("TH")
    where = reverse("movements:breach", args=[found.pk])
    assert where in text(home.get(DESK))
    assert where in text(home.get(page(row)))
    assert home.post(where, {"reason": ""}).status_code == 422
    home.post(where, {"reason": "Reminded by telephone"})
    assert again(found).closed_reason == "Reminded by telephone"
    assert where not in text(home.get(DESK))
    assert authority("DE").get(where).status_code == 404


# ── the calendar ─────────────────────────────────────────────────────────────────────────────────────────────


def feed_of(client: Client) -> str:
    shown = text(client.get(DESK))
    return shown.split('calendar.ics"')[0].rsplit('href="', 1)[1] + "calendar.ics"


def test_the_calendar_opens_without_a_sign_in_and_holds_the_time_limits(wire: Wire) -> None:
    row = sent_on()
    wire.settle()
    commands.acknowledge(actor("NL"), copy(row, "NL").pk)
    answer = Client().get(feed_of(authority("NL")))
    assert answer.status_code == 200
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert any("Mixed plastic waste" in str(event["summary"]) for event in events)
    assert all(str(event["url"]).startswith("http://testserver/") for event in events if "url" in event)


def test_the_calendar_ends_with_the_role_and_with_the_password(wire: Wire) -> None:
    sent_on()
    who = actor("TH")
    assert who.person is not None
    address = feed_of(client_of(who))
    assert Client().get(address).status_code == 200
    assert Client().get(address.replace("/desk/", "/desk/x")).status_code == 404
    who.person.set_password("another secret entirely")
    who.person.save()
    assert Client().get(address).status_code == 404
    fresh = actor("TH")
    address = feed_of(client_of(fresh))
    Membership.objects.filter(person=fresh.person).update(valid_until=date(2020, 1, 2))
    assert Client().get(address).status_code == 404


# ── days off ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_days_off_are_copied_added_removed_and_put_back(wire: Wire) -> None:
    cases.state("VN")
    keeper = authority("VN", "manager")
    where = reverse("movements:holidays")
    keeper.post(reverse("movements:seed-holidays"), {"year": "2027"})
    count = Holiday.objects.filter(holder="VN", day__year=2027).count()
    assert count > 5
    answer = keeper.post(where, {"day": "2027-03-04", "name": "Office move", "year": "2027"})
    assert answer["Location"].endswith("?year=2027")
    twice = keeper.post(where, {"day": "2027-03-04", "name": "Office move", "year": "2027"})
    assert twice.status_code == 422
    assert "on record already" in text(twice)
    made = Holiday.objects.get(name="Office move")
    for what, removed in (("remove", True), ("back", False)):
        keeper.post(reverse("movements:keep-holiday", args=[made.pk]), {"what": what})
        assert again(made).removed is removed
    keeper.post(reverse("movements:seed-holidays"), {"year": "2027"})
    assert Holiday.objects.filter(holder="VN", day__year=2027).count() == count + 1


def test_estimated_days_are_marked_and_confirmed(wire: Wire) -> None:
    cases.state("MY")
    made = Holiday.objects.create(holder_id="MY", day="2026-12-24", name="Feast", estimated=True)
    keeper = authority("MY", "officer")
    shown = text(keeper.get(reverse("movements:holidays") + "?year=2026"))
    assert "estimated: may move" in shown
    keeper.post(reverse("movements:keep-holiday", args=[made.pk]), {"what": "confirm"})
    assert not again(made).estimated


def test_who_may_not_keep_days_reads_them(wire: Wire) -> None:
    cases.state("TH")
    mine = trader()
    where = reverse("movements:holidays")
    assert mine.get(where).status_code == 200
    assert mine.post(where, {"day": "2027-03-04", "name": "x"}).status_code == 403
    assert not Holiday.objects.exists()


# ── what is no notification ──────────────────────────────────────────────────────────────────────────────────


def todo(who: Any, kind: str) -> list[str]:
    return [item.what for item in desk.desk(who, kind=kind).items]


def test_permits_wait_for_who_applies_takes_up_and_decides(wire: Wire) -> None:
    importer, clerk, officer = actor("DE", "consignee", "clerk"), actor("DE", role="clerk"), actor("DE")
    permit = permits.draft(importer, "import", content={"wastes": ["Y48"], "note": "for recycling"})
    assert todo(importer, "permit") == ["Hand in the application"]
    assert todo(officer, "permit") == []
    permit = permits.apply(importer, permit.pk, revision=permit.revision)
    assert todo(clerk, "permit") == ["Take up the application"]
    permit = permits.review(clerk, permit.pk, revision=permit.revision)
    assert todo(clerk, "permit") == []
    assert todo(officer, "permit") == ["Decide on the permit"]
    permits.issue(
        officer, permit.pk, revision=permit.revision, valid_from="2026-11-01", valid_until="2027-01-10", number="P-1",
        quantity_kg="1000",
    )  # fmt: skip
    rounds.tick()
    # It ends within two months: its holder sees to the next one, and that has a day.
    [item] = desk.desk(importer, kind="permit").items
    assert (item.what, item.title) == ("Apply for the permit that follows it", "P-1")
    assert item.due == datetime(2027, 1, 10, tzinfo=UTC)
    assert todo(actor("DE", "consignee", "clerk", "DE-other"), "permit") == []
    assert [one.uid for one in desk.dated(importer)] == [item.uid]
    with times.at(cases.START + timedelta(days=60)):
        assert todo(importer, "permit") == []


def test_the_annual_report_waits_for_the_authority_in_the_last_months_of_the_year(wire: Wire) -> None:
    officer = actor("DE")
    assert todo(officer, "report") == ["Send the annual report for 2025 to the Secretariat"]
    shown = text(client_of(officer).get(DESK))
    assert "/reports/annual/?year=2025" in shown
    assert desk.desk(officer, due="week").items == []
    assert todo(actor("DE", "customs"), "report") == todo(actor("DE", role="viewer"), "report") == []
    with times.at(cases.START + timedelta(days=60)):
        assert todo(officer, "report") == []


def test_a_consignment_waits_for_its_agencies_and_then_for_its_release(wire: Wire) -> None:
    for code in ("TH", "DE"):
        cases.state(code)
    office, authority = actor("DE", "customs"), actor("DE")
    assert office.organisation is not None
    assert authority.organisation is not None
    route = [{"state": "TH", "role": "export"}, {"state": "DE", "role": "import"}]
    row = consignments.register(office, declaration="26DE1", load=cases.LOAD, route=route)
    Requirement.objects.filter(consignment=row).update(status="waived")
    asked = consignments.require(
        office, row.pk, what="Certificate", agency_id=authority.organisation.pk, due_at="2026-12-03T00:00:00+00:00"
    )
    later = "2026-12-02T08:00:00+00:00"
    own = [office.organisation.pk, authority.organisation.pk]
    made = consignments.joint_inspection(office, row.pk, place="Shed 2", at=later, agency_ids=own)
    assert todo(office, "border") == ["Inspect together and record the result"]
    found = desk.desk(authority, kind="border").items
    assert [item.due for item in found] == sorted(item.due for item in found if item.due)
    assert {item.title for item in found} == {row.reference}
    assert f"/consignments/{row.reference}/" in text(client_of(authority).get(DESK))
    consignments.inspect(office, made.pk, passed=True, result="as declared")
    consignments.answer(authority, asked.pk, met=True)
    assert todo(authority, "border") == []
    assert todo(office, "border") == ["Release the consignment: every agency has agreed"]
    consignments.release(office, row.pk)
    assert todo(office, "border") == []
