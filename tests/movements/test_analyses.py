"""Analyses of laboratories: asked for, handed in, seen by whom, and what the law says to what was measured."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.movements import shipments
from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import LOAD, Wire, actor, state, wired
from tests.movements.shipments import DAY, arrived, at, in_force
from tests.movements.test_api import calls, post
from tests.movements.test_api_reads import read
from tests.web.api_calls import problem
from tidegate.movements import machines
from tidegate.movements.commands import analyses, consignments, takeback
from tidegate.movements.models import Analysis, Attachment, Consignment, Movement
from tidegate.movements.queries import analyses as queries
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.models import JournalEntry
from tidegate.web.check.answers import permalink

pytestmark = pytest.mark.django_db
ROUTE = [{"state": "TH", "role": "export"}, {"state": "DE", "role": "import"}]
CLEAN = {**LOAD, "polymers": {"PE": "99.5"}, "contamination_pct": "0.5", "hs": "3915.10"}
PDF = b"%PDF-1.7 a report"
GIVEN: dict[str, Any] = {
    "sample": "S-1", "sampled_on": "2027-02-20", "analysed_on": "2027-02-26", "method": "EN 15347",
    "accreditation": "LAB-17025", "name": "report.pdf", "media_type": "application/pdf", "data": PDF,
}  # fmt: skip


@pytest.fixture
def wire(settings: Any, tmp_path: Path) -> Iterator[Wire]:
    settings.TIDEGATE_SECOND_FACTOR = False
    settings.TIDEGATE_DATA_DIR = tmp_path
    with wired() as found, times.at(DAY):
        for code in ("TH", "DE"):
            state(code)
        yield found


def laboratory(registration: str = "", code: str = "DE") -> Actor:
    return actor(code, "laboratory", "clerk", registration)


def customs() -> Actor:
    return shipments.customs("DE")


def registered(load: dict[str, Any] = CLEAN) -> Consignment:
    return consignments.register(customs(), declaration="26DE1", load=load, route=ROUTE, expected_on="2027-03-01")


def requested(lab: Actor | None = None, **about: Any) -> Analysis:
    body = (lab or laboratory()).organisation
    assert body is not None
    about = about or {"consignment_id": registered().pk}
    return analyses.request(customs(), laboratory_id=body.pk, question="What is it?", **about)


def submitted(row: Analysis, **more: Any) -> Analysis:
    return analyses.submit(laboratory(), row.pk, **{**GIVEN, "contamination_pct": "12", **more})


def refused(code: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def test_customs_asks_the_laboratory_hands_in_and_the_law_answers_anew(wire: Wire) -> None:
    row, lab = registered(), laboratory()
    assert lab.organisation is not None
    office = signed_in(customs())
    where = f"/consignments/{row.reference}/"
    send(office, f"{where}analyse/", laboratory_id=str(lab.organisation.pk), question="Composition?")
    made = Analysis.objects.get()
    own = f"/analyses/{made.pk}/"
    mine = signed_in(lab)
    assert made.reference in page(mine, "/desk/")
    shown = page(mine, own)
    assert "Composition?" in shown
    assert "26DE1" not in shown  # it sees what it is asked, and nothing of the case
    assert mine.get(where).status_code == 404
    given = {
        "sample": "S-1", "sampled_on": "2027-02-20", "analysed_on": "2027-02-26", "method": "EN 15347",
        "accreditation": "LAB-17025", "contamination_pct": "12", "polymers": "PE 60\nPVC: 25,5 %", "hazardous": "no",
        "revision": made.revision, "key": "once", "moisture_pct": "",
    }  # fmt: skip
    for _twice in range(2):
        file = SimpleUploadedFile("report.pdf", PDF, "application/pdf")
        assert mine.post(f"{own}submit/", {**given, "file": file}).status_code == 302
    made.refresh_from_db()
    assert (made.status, str(made.contamination_pct), made.hazardous) == ("submitted", "12.000", False)
    assert made.polymers == {"PE": "60.000", "PVC": "25.500"}
    assert Attachment.objects.filter(subject_id=made.pk, kind="analysis").count() == 1
    types = JournalEntry.objects.filter(subject_id=made.pk).order_by("revision").values_list("type", flat=True)
    assert list(types) == ["analysis.requested", "analysis.submitted"]
    assert machines.fold(machines.ANALYSIS, types) == made.status
    assert made.reference not in page(mine, "/desk/")
    shown = page(office, own)
    assert "Screened again with the analysis" in shown
    assert "Screened again" not in page(mine, own)
    found = queries.screened(made)
    assert found is not None
    assert "B3011" in found.declared["entry_candidates"]
    assert "B3011" not in found.measured["entry_candidates"]
    assert (found.values[0].declared, found.values[0].measured) == ("0.5", "12.000")
    assert "PVC 25.5 %" in page(office, where)
    report = Attachment.objects.get(subject_id=made.pk)
    answer: Any = office.get(f"{own}files/{report.pk}/")
    assert b"".join(answer.streaming_content) == PDF


def test_measured_contamination_leaves_declared_shares_no_room(wire: Wire) -> None:
    found = queries.screened(submitted(requested()))
    assert found is not None
    assert (found.left_out, found.refused) == (True, "")
    assert "B3011" not in found.measured["entry_candidates"]
    fits = queries.screened(submitted(requested(consignment_id=again_registered().pk), contamination_pct="0.4"))
    assert fits is not None
    assert not fits.left_out


def again_registered() -> Consignment:
    return consignments.register(customs(), declaration="26DE2", load=CLEAN, route=ROUTE, expected_on="2027-03-01")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"contamination_pct": None}, "findings"),
        ({"contamination_pct": "101"}, "percent"),
        ({"contamination_pct": 0.1}, "percent"),
        ({"polymers": {"PE": "90"}}, "polymers"),
        ({"polymers": {"": "9"}}, "polymers"),
        ({"analysed_on": "2027-02-01"}, "dates"),
        ({"analysed_on": "2028-02-01"}, "dates"),
        ({"method": " "}, "text"),
        ({"data": b"MZ"}, "file"),
    ],
)
def test_what_cannot_be_an_analysis_is_refused(said: dict[str, Any], code: str, wire: Wire) -> None:
    row = requested()
    with refused(code):
        submitted(row, **said)
    row.refresh_from_db()
    assert (row.status, Attachment.objects.count()) == ("requested", 0)


def test_a_laboratory_sees_and_answers_only_what_it_is_asked(wire: Wire) -> None:
    row, other = requested(), laboratory("other")
    with pytest.raises(Missing):
        analyses.submit(other, row.pk, **GIVEN, contamination_pct="1")
    with pytest.raises(Forbidden):
        analyses.submit(customs(), row.pk, **GIVEN, contamination_pct="1")
    assert not queries.analyses(other).exists()
    for who in (other, laboratory(code="TH"), actor("TH"), actor("DE", "consignee", "clerk")):
        assert signed_in(who).get(f"/analyses/{row.pk}/").status_code in (403, 404)
    assert page(signed_in(actor("DE", "agency", "clerk")), f"/analyses/{row.pk}/")
    analyses.withdraw(customs(), row.pk, reason="Released")
    with refused("state"):
        submitted(row)


def test_it_is_of_one_row_and_of_a_laboratory_of_this_state(wire: Wire) -> None:
    row = registered()
    with refused("about"):
        requested(consignment_id=row.pk, movement_id=row.pk)
    with refused("laboratory"):
        requested(laboratory(code="TH"), consignment_id=row.pk)
    with pytest.raises(Missing):
        requested(consignment_id=uuid_of_nothing())


def uuid_of_nothing() -> str:
    return "00000000-0000-7000-8000-000000000000"


def test_it_stands_on_the_movement_at_the_border_and_in_the_take_back_case(client: Client, wire: Wire) -> None:
    made: Movement = at(arrived(wire, in_force(wire)), "DE")
    submitted(requested(movement_id=made.pk), contamination_pct="3.5")
    office = signed_in(actor("DE"))
    assert "3.5 %" in page(office, f"/movements/{made.case}/{made.serial}/")
    answer = office.get("/border", {"q": f"{made.case}/{made.serial}"}).content.decode()
    assert "What a laboratory found" in answer
    found = read(client, "/border/check", calls("DE", "customs"), number=f"{made.case}/{made.serial}")
    assert [one["contamination_pct"] for one in found["answers"][0]["analyses"]] == ["3.500"]
    case = takeback.open(customs(), made.pk, finding="Refuse", custody_place="Pier 4", custody_kg="20000")
    row = requested(take_back_id=case.pk)
    assert row.reference in page(office, f"/take-back/{case.case}/")
    assert row.reference in page(office, f"/movements/{made.case}/{made.serial}/")
    assert row.reference not in page(signed_in(shipments.facility()), f"/movements/{made.case}/{made.serial}/")


def test_the_api_asks_hands_in_and_reads(client: Client, wire: Wire) -> None:
    row, lab = registered(), laboratory()
    assert lab.organisation is not None
    body = {"laboratory_id": str(lab.organisation.pk), "question": "Composition?", "consignment_id": str(row.pk)}
    first = post(client, "/commands/analysis/request", body, calls("DE", "customs"))
    assert first.status_code == 200, first.content
    said = {**GIVEN, "analysis_id": first.json()["id"], "hazardous": True, "data": base64.b64encode(PDF).decode()}
    wrong = post(client, "/commands/analysis/submit", {**said, "moisture_pct": "200"}, calls("DE", "laboratory"))
    assert problem(wrong, "refused")["field"] == "moisture_pct"
    assert post(client, "/commands/analysis/submit", said, calls("DE", "laboratory")).status_code == 200
    [listed] = read(client, "/analyses", calls("DE", "laboratory"))["items"]
    assert str(row.pk) not in str(listed)
    assert row.case not in str(listed)
    whole = read(client, f"/analyses/{first.json()['id']}", calls("DE", "customs"))
    assert whole["analysis"]["hazardous"] is True
    assert [one["name"] for one in whole["files"]] == ["report.pdf"]
    assert whole["screen"]["values"] == [
        {"label": whole["screen"]["values"][0]["label"], "declared": False, "measured": True}
    ]
    assert whole["screen"]["declared"]["outcome"] != ""
    assert read(client, f"/analyses/{first.json()['id']}", calls("DE", "laboratory"))["screen"] is None


# ── of a declaration that stands for nothing else ────────────────────────────────────────────────────────────


def test_an_officer_asks_from_a_checked_declaration_and_it_is_screened_again(wire: Wire, client: Client) -> None:
    lab = laboratory()
    assert lab.organisation is not None
    address = permalink({**CLEAN, "export": "TH", "import": "DE", "date": "2027-02-14"})
    office = signed_in(customs())
    assert "/check/analyse/?" in page(office, address)
    assert "/check/analyse/" not in page(client, address)  # the public
    ask = f"/check/analyse/{address.removeprefix('/')}&source=October.csv,+row+12"
    assert "October.csv, row 12" in page(office, ask)
    send(office, ask, laboratory_id=str(lab.organisation.pk), question="Composition?", declared_as="26DE7, row 12")
    made = Analysis.objects.get()
    assert made.declaration is not None
    assert (made.declared_as, made.declaration["polymers"]["PE"], made.consignment) == ("26DE7, row 12", "99.5", None)
    shown = page(signed_in(lab), f"/analyses/{made.pk}/")
    assert "Composition?" in shown
    assert "26DE7" not in shown
    assert "3915" not in shown
    found = queries.screened(submitted(made, polymers={"PE": "60", "PVC": "25"}, hazardous=False))
    assert found is not None
    assert (found.declared["entry"], found.measured["entry"]) == ("B3011", "Y48")
    shown = page(office, f"/analyses/{made.pk}/")
    assert "Screened again with the analysis" in shown
    assert "26DE7, row 12" in shown
    for who in (signed_in(actor("DE", "consignee", "clerk")), signed_in(lab)):
        assert who.get(ask).status_code == 403
    assert client.get(ask).status_code == 302
    wrong = office.get("/check/analyse/?from=TH&to=DE&date=2027-02-14&contamination_pct=many")
    assert wrong["Location"].startswith("/?")  # the check page says what cannot be read


def test_a_declaration_that_cannot_be_read_is_not_analysed(wire: Wire, client: Client) -> None:
    lab = laboratory()
    assert lab.organisation is not None
    body = {"laboratory_id": str(lab.organisation.pk), "question": "What is it?", "declared_as": "26DE7"}
    whole = {**CLEAN, "export": "TH", "import": "DE", "date": "2027-02-14"}
    officer = calls("DE", "customs", "officer")
    for said, code in (({"declaration": {**whole, "date": "soon"}}, "load"), ({"declaration": {}}, "load"),
                       ({"declaration": whole, "declared_as": " "}, "text"), ({}, "about")):  # fmt: skip
        answer = post(client, "/commands/analysis/request", {**body, **said}, officer)
        assert answer.json()["code"] == code
    answer = post(client, "/commands/analysis/request", {**body, "declaration": whole}, officer)
    assert answer.status_code == 200, answer.content
    assert Analysis.objects.get().declaration == whole
