"""One consignment, all agencies: released only when every one of them has answered and none says no."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.movements.cases import LOAD, START, actor, organisation, state
from tidegate.movements import naming
from tidegate.movements.commands import consignments
from tidegate.movements.models import Consignment, JointInspection, Requirement
from tidegate.movements.queries import consignments as reads
from tidegate.parties import times
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.models import Organisation

pytestmark = pytest.mark.django_db
ROUTE = [{"state": "TH", "role": "export"}, {"state": "DE", "role": "import"}]
KINDS = ("competent_authority", "customs", "agency")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.TIDEGATE_DATA_DIR = tmp_path
    with times.at(START):
        for code in ("TH", "DE"):
            state(code)
        for kind in KINDS:
            organisation("DE", kind)
        yield


def refused(code: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def registered(number: str = "26DE1") -> Consignment:
    return consignments.register(
        actor("DE", "customs", "clerk"), declaration=number, load=LOAD, route=ROUTE, expected_on="2027-03-01",
        office="Example port",
    )  # fmt: skip


def officer(agency: Organisation, role: str = "officer") -> Any:
    return actor(agency.holder_id, agency.kind, role, agency.registration)


def test_missing_papers_become_requirements_of_agencies() -> None:
    row = registered()
    asked = list(row.requirements.all())
    papers = {one.document for one in asked if one.agency.kind == "competent_authority"}
    assert {"NOTIFICATION", "CONTRACT"} <= papers
    assert all(one.due_at is not None and one.rule for one in asked)
    assert row.screen["outcome"] == "needs"
    with refused("waiting"):
        consignments.release(actor("DE", "customs", "clerk"), row.pk)
    with refused("registered"):
        registered()
    with refused("route"):
        consignments.register(actor("DE", "customs", "clerk"), declaration="2", load=LOAD, route=ROUTE[:1])
    with refused("declaration"):
        consignments.register(actor("DE", "customs", "clerk"), load=LOAD, route=ROUTE)
    with pytest.raises(Forbidden):
        consignments.register(actor("DE", "consignee", "clerk"), declaration="3", load=LOAD, route=ROUTE)


def test_only_the_agency_that_asks_answers() -> None:
    row = registered()
    port_health = organisation("DE", "agency")
    mine = consignments.require(officer(port_health), row.pk, what="Fumigation certificate", due_at="2027-03-01T08:00Z")
    with refused("agency"):
        consignments.answer(actor("DE", "customs", "clerk"), mine.pk, met=True)
    with refused("text"):
        consignments.answer(officer(port_health), mine.pk, met=False)
    consignments.answer(officer(port_health), mine.pk, met=False, text="live insects")
    assert Consignment.objects.get(pk=row.pk).status == "held"
    consignments.answer(officer(port_health), mine.pk, met=True, text="treated")
    assert Consignment.objects.get(pk=row.pk).status == "open"
    with pytest.raises(Missing):
        consignments.answer(actor("TH", "customs", "clerk"), mine.pk, met=True)
    consignments.refuse(officer(port_health), row.pk, reason="treated too late")
    with refused("state"):
        consignments.answer(officer(port_health), mine.pk, met=True)


def test_a_failed_joint_inspection_holds_it() -> None:
    row = registered()
    made = consignments.joint_inspection(
        actor("DE", "customs", "clerk"), row.pk, place="Shed 2", at="2027-03-01T08:00:00+00:00"
    )
    assert {one.kind for one in made.agencies.all()} >= {"competent_authority", "customs"}
    with refused("agency"):
        consignments.inspect(actor("DE", "agency", "clerk"), made.pk, passed=True, result="fine")
    consignments.inspect(actor("DE", "customs", "clerk"), made.pk, passed=False, result="household waste")
    assert Consignment.objects.get(pk=row.pk).status == "held"
    with refused("recorded"):
        consignments.inspect(actor("DE", "customs", "clerk"), made.pk, passed=True, result="fine")


def test_papers_and_facts_are_asked_for_by_their_names() -> None:
    """No page shows a code of the rulebook: neither a paper's nor a fact's, in whatever language."""
    row = consignments.register(
        actor("DE", "customs", "clerk"), declaration="26DE7", expected_on="2027-03-01",
        load={"hs": "3915.10", "declared_entry": "Y48"}, route=[{"state": "VN", "role": "export"},
                                                              {"state": "DE", "role": "import"}],
    )  # fmt: skip
    for one in row.requirements.select_related("agency"):
        for text in (one.what, naming.asked(one)):
            assert not re.search(r"[A-Z]{3,}[_:]|document:|[a-z]_[a-z]", text), text
    paper = row.requirements.select_related("agency").get(document="NOTIFICATION")
    assert naming.asked(paper) == "Paper: Notification document"
    paper.document = "document:GUARANTEE"
    assert naming.asked(paper).startswith("To be checked: validity of: ")
    paper.rule = ""  # an agency's own words stay as they were written
    assert naming.asked(paper) == paper.what


def test_each_agency_finds_what_it_has_to_do() -> None:
    row = registered()
    authority = actor("DE")
    assert "Example competent_authority of DE" in reads.waiting_for(reads.consignment(authority, row.reference))
    assert list(reads.find(authority, mine=True)) == [row]
    assert list(reads.find(authority, text=row.reference.lower(), status="open")) == [row]
    assert list(reads.find(authority, text="no such")) == []
    assert list(reads.find(actor("DE", "agency"), mine=True)) == []
    assert list(reads.find(actor("TH"))) == []
    with pytest.raises(Missing):
        reads.consignment(actor("TH"), row.reference)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_released_only_when_all_have_answered(data: st.DataObject) -> None:
    with transaction.atomic():
        row = registered()
        bodies = {kind: organisation("DE", kind) for kind in KINDS}
        people = {kind: officer(body) for kind, body in bodies.items()}
        for _step in range(data.draw(st.integers(1, 14))):
            who = people[data.draw(st.sampled_from(KINDS))]
            act = data.draw(st.sampled_from(["require", "answer", "answer", "waive", "inspect", "found", "release"]))
            rows = list(row.requirements.order_by("pk"))
            inspections = list(row.inspections.order_by("pk"))
            try:
                if act == "require":
                    consignments.require(who, row.pk, what="another paper")
                elif act == "inspect":
                    consignments.joint_inspection(who, row.pk, place="shed", at=START)
                elif act == "found" and inspections:
                    good = data.draw(st.booleans())
                    consignments.inspect(who, data.draw(st.sampled_from(inspections)).pk, passed=good, result="seen")
                elif act in ("answer", "waive"):
                    one = data.draw(st.sampled_from(rows))
                    if act == "answer":
                        met = data.draw(st.booleans())
                        consignments.answer(people[one.agency.kind], one.pk, met=met, text="said")
                    else:
                        consignments.waive(people[one.agency.kind], one.pk, reason="known trader")
                elif act == "release":
                    consignments.release(people["customs"], row.pk)
            except Refused:
                pass
            now = Consignment.objects.get(pk=row.pk)
            open_ones = Requirement.objects.filter(consignment=row).exclude(status__in=["met", "waived"])
            undone = JointInspection.objects.filter(consignment=row).exclude(passed=True)
            if now.status == "released":
                assert not open_ones.exists()
                assert not undone.exists()
            elif act == "release":
                assert open_ones.exists() or undone.exists()
        transaction.set_rollback(True)
