"""Links for inspectors without an account: what they show, how often and how long; what is reported through them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.movements import cases
from tests.movements.browsing import page, signed_in
from tests.movements.cases import Wire, actor, again, sent_on, wired
from tidegate.movements.commands import confidential, inspectors
from tidegate.movements.models import InspectorAccess, InspectorReport, Notification
from tidegate.movements.queries import desk
from tidegate.parties import figures, times
from tidegate.parties.commanding import Forbidden, Refused
from tidegate.parties.models import JournalEntry, Organisation

pytestmark = pytest.mark.django_db
SEEN = {
    "key": "0190d0c0-0000-7000-8000-000000000001", "office": "Highway Police 12", "place": "Route 3, km 41",
    "seal": "broken", "text": "Second container open",
}  # fmt: skip


@pytest.fixture
def wire() -> Iterator[Wire]:
    with times.at(cases.START), wired() as made:
        yield made


def under_way(wire: Wire) -> Notification:
    row = sent_on(technology="Zymotic sorting line 7")
    wire.settle()
    Organisation.objects.filter(kind="competent_authority").update(
        telephone="+66 2 000 0000", contact="Somchai (private)"
    )
    return again(row)


def issued(row: Notification, **more: Any) -> str:
    made = inspectors.issue(actor("TH"), notification_id=row.pk, purpose="Highway police, route 3", **more)
    return str(made.shown)


def types_of(row: Notification) -> list[str]:
    found = JournalEntry.objects.filter(case=row.case, type__startswith="inspector").order_by("id")
    return list(found.values_list("type", flat=True))


def test_a_link_from_the_case_page_shows_the_road_what_it_needs_and_no_more(wire: Wire) -> None:
    row = under_way(wire)
    client = signed_in(actor("TH", "customs", "clerk"))
    confidential.mark(actor("TH"), row.pk, fields=["technology", "generators"])
    page = client.get(f"/notifications/{row.case}/").content.decode()
    assert f"/notifications/{row.case}/inspectors/" in page
    answer = client.post(
        f"/notifications/{row.case}/inspectors/", {"purpose": "Highway police", "hours": "6", "openings": "3"}
    )
    shown = answer.content.decode()
    found = re.search(r'value="(http://testserver(/inspect/[^"]+))"', shown)
    assert found, shown
    assert "<svg" in shown
    assert found[1].rsplit("/", 2)[1] not in str(InspectorAccess.objects.values()), "only a digest is kept"
    road = Client().get(found[2])
    text = road.content.decode()
    assert road.status_code == 200
    assert (road["X-Robots-Tag"], "no-store" in road["Cache-Control"]) == ("noindex, nofollow, noarchive", True)
    for wanted in (row.number, "Mixed plastic waste", "Y48", "port of TH", "+66 2 000 0000", "Not valid"):
        assert wanted in text, wanted
    for kept in ("Zymotic", "Somchai", "a@x.test</a><br>Example", "Sorting of household", "1 Sample Street"):
        assert kept not in text, kept
    assert types_of(row) == ["inspector_access.issued", "inspector_access.opened"]


def test_it_ends_by_time_by_count_and_by_being_revoked(wire: Wire, client: Client) -> None:
    row = under_way(wire)
    counted, timed, revoked = issued(row, openings=2), issued(row, hours=1), issued(row)
    assert [client.get(f"/inspect/{counted}/").status_code for _n in range(3)] == [200, 200, 404]
    assert client.get(f"/inspect/{revoked}/").status_code == 200
    one = InspectorAccess.objects.get(limit=10, openings=1)
    assert signed_in(actor("TH")).post(f"/inspectors/{one.pk}/revoke/").status_code == 302
    assert Client().get(f"/inspect/{revoked}/").status_code == 404
    with cases.later(1):
        assert client.get(f"/inspect/{timed}/").status_code == 404
    assert client.get("/inspect/nothing/").status_code == 404
    with cases.later(1):
        listed = page(signed_in(actor("TH")), f"/notifications/{row.case}/inspectors/")
    assert listed.count(f"Example competent_authority of TH · {figures.day(cases.START.date())}, ") == 3
    assert types_of(row).count("inspector_access.opened") == 3


def test_a_report_comes_onto_the_desk_as_not_verified_once(wire: Wire, client: Client) -> None:
    row = under_way(wire)
    secret, officer = issued(row), actor("TH")
    for _again in range(2):
        answer = client.post(f"/inspect/{secret}/", SEEN)
        assert answer.status_code == 200, answer.content.decode()
        assert "Your report is kept" in answer.content.decode()
    made = InspectorReport.objects.get(case=row.case)
    assert (made.seal, made.place, made.holder_id) == ("broken", "Route 3, km 41", "TH")
    [item] = desk.desk(officer, kind="inspector").items
    assert (item.title, item.case) == ("Route 3, km 41", row.case)
    assert desk.desk(actor("DE"), kind="inspector").items == []
    client = signed_in(officer)
    assert str(made.pk) in client.get("/desk/").content.decode()
    page = client.get(f"/inspectors/reports/{made.pk}/").content.decode()
    assert "not verified" in page
    assert "Second container open" in page
    assert client.post(f"/inspectors/reports/{made.pk}/", {"outcome": "Customs sent", "revision": 1}).status_code == 302
    assert desk.desk(officer, kind="inspector").items == []
    assert types_of(row)[-1] == "inspector_report.reviewed"


def test_what_is_typed_wrong_is_said_and_kept_nowhere(wire: Wire, client: Client) -> None:
    row = under_way(wire)
    secret = issued(row)
    assert client.post(f"/inspect/{secret}/", {**SEEN, "place": ""}).status_code == 422
    assert client.post("/inspect/nothing/", SEEN).status_code == 404
    assert not InspectorReport.objects.exists()


def test_one_address_asks_so_often_in_a_minute(wire: Wire) -> None:
    row = under_way(wire)
    secret = issued(row)
    statuses = [Client().get(f"/inspect/guess{n}/").status_code for n in range(21)]
    assert statuses == [404] * 20 + [429]
    assert Client().get(f"/inspect/{secret}/").status_code == 429
    assert InspectorAccess.objects.get().openings == 0


@pytest.mark.parametrize("more", [{"hours": 0}, {"hours": 73}, {"openings": 51}, {"purpose": " "}])
def test_a_link_has_its_bounds_and_its_issuers(wire: Wire, more: dict[str, Any]) -> None:
    row = under_way(wire)
    with pytest.raises(Refused):
        inspectors.issue(actor("TH"), **{"notification_id": row.pk, "purpose": "Police", **more})
    with pytest.raises(Forbidden):
        inspectors.issue(actor("TH", "notifier", "clerk"), notification_id=row.pk, purpose="Police")
