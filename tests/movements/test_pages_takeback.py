"""The pages of take-back, consignments and the annual report, through the client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.movements import shipments
from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import Wire, wired
from tests.movements.shipments import DAY, actor, again, arrived, at, in_force
from tidegate.movements.commands import movements
from tidegate.movements.models import Consignment, CostLine, Movement, Requirement, TakeBack
from tidegate.parties import times

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fixed(tmp_path: Path, settings: Any) -> None:
    settings.TIDEGATE_SECOND_FACTOR = False
    settings.TIDEGATE_DATA_DIR = tmp_path


@pytest.fixture
def wire() -> Iterator[Wire]:
    with wired() as found, times.at(DAY):
        yield found


def office(code: str) -> Client:
    return signed_in(actor(code))


def test_a_load_goes_home_page_by_page(wire: Wire) -> None:
    """From the border to the return, each State on its own pages."""
    made = arrived(wire, in_force(wire))
    there = at(made, "DE")
    customs = signed_in(shipments.customs("DE"))
    text = page(customs, f"/border?q={made.case}/{made.serial}")
    assert f"/take-back/new/?movement={there.pk}" in text
    send(customs, f"/take-back/new/?movement={there.pk}", finding="Household refuse", custody_place="Pier 4",
         custody_kg="20000")  # fmt: skip
    wire.settle()
    case = TakeBack.objects.get(holder="DE")
    own = f"/take-back/{case.case}/"
    german, thai, singapore = office("DE"), office("TH"), office("SG")
    assert "no time limit runs" in page(german, own)
    assert "Take-back: Classify" in page(german, "/desk/"), "the desk names the act that is next"
    assert "Take-back: Opened" in page(thai, "/desk/"), "and how a case stands that waits for another State"
    send(german, f"{own}evidence/", file=SimpleUploadedFile("photo.png", b"\x89PNG\r\n\x1a\n1", "image/png"))
    send(german, f"{own}classify/", status=422, basis="art9_exporter")
    send(german, f"{own}classify/", basis="art9_exporter", grounds=["d"])
    send(german, f"{own}inform/")
    wire.settle()
    text = page(thai, own)
    for wanted in ("Household refuse", "Why this date", "photo.png", "materially not in conformity"):
        assert wanted in text, wanted
    text = page(german, own)
    assert "Letters" in text
    letter = page(german, f"{own}letters/information_art9/")
    assert case.case in letter
    assert german.get(f"{own}letters/information_art9/?as=pdf").content.startswith(b"%PDF")
    assert "Take-back: Acknowledge" in page(thai, "/desk/")
    send(thai, f"{own}accept/")
    wire.settle()
    assert "Take-back: Propose a plan" in page(thai, "/desk/")
    assert "DE |  | port of DE\nSG |" in page(thai, f"{own}plan/"), "the way that it came is offered"
    said: dict[str, Any] = {"how": "return", "carrier": "Example line", "borne_by": "the exporter", "on": "2027-03-20"}
    assert "This is no way home" in send(thai, f"{own}plan/", status=422, **said, route="SG\nTH")
    send(thai, f"{own}plan/", **said, route="de | | Hamburg\n\nSG | Pier 1 | Pier 2\nTH | Laem Chabang")
    wire.settle()
    assert "Pier 1 → Pier 2" in page(german, own)
    assert "Take-back: Sign the plan" in page(german, "/desk/")
    assert "not signed" in page(german, own)
    for one in (thai, german, singapore):
        if f"{own}agree/" in page(one, own):
            send(one, f"{own}agree/")
        wire.settle()
    assert again(case).status == "plan_agreed"
    send(singapore, f"{own}consent/", status=422, agreed="no", ground="")
    for one in (german, singapore, thai):
        if f"{own}consent/" in page(one, own):
            send(one, f"{own}consent/", agreed="yes")
        wire.settle()
    assert again(case).status == "consents_ok"
    send(german, f"{own}cost/", kind="storage", amount="1200.50", currency="eur", borne_by="the exporter")
    wire.settle()
    assert "1,200.50 EUR" in page(thai, own)
    line = CostLine.objects.get(holder="DE")
    send(german, f"{own}settle/", reference=line.reference, how="settled")
    wire.settle()
    send(thai, f"{own}start-return/", kg="20000", planned_on="2027-03-20")
    wire.settle()
    back = Movement.objects.get(holder="DE", take_back=True)
    assert "Hamburg → Pier 1 → Pier 2 → Laem Chabang" in page(german, f"/movements/{back.case}/{back.serial}/")
    assert f"/movements/{back.case}/{back.serial}/" in page(german, own)
    send(thai, f"{own}home/", kg="20000")
    wire.settle()
    send(german, f"{own}close/", how="returned")
    wire.settle()
    assert again(case).status == "closed"
    assert case.case in page(thai, "/take-back/?ended=1")
    assert case.case not in page(thai, "/take-back/")


def test_a_load_that_no_notification_names(wire: Wire) -> None:
    in_force(wire)
    customs = signed_in(shipments.customs("DE"))
    send(customs, "/take-back/new/", status=422, finding="Bales", custody_place="Pier 4", custody_kg="12000",
         state_export="12")  # fmt: skip
    send(customs, "/take-back/new/", finding="Bales of mixed waste", custody_place="Pier 4", custody_kg="12000",
         state_export="th", exporter="Nobody Trading (fictitious)", containers="ABCU1234567")  # fmt: skip
    wire.settle()
    case = TakeBack.objects.get(holder="TH")
    text = page(office("TH"), f"/take-back/{case.case}/")
    assert "Nobody Trading (fictitious)" in text
    assert f"Request to take waste back: case {case.case}" in text
    assert "{case}" not in text
    assert "ABCU1234567" in text
    stranger = signed_in(actor("TH", "notifier", "clerk", "TH-stranger"))
    assert stranger.get(f"/take-back/{case.case}/").status_code == 404


def test_one_load_all_agencies_one_release(wire: Wire) -> None:
    made = arrived(wire, in_force(wire))
    port, customs = actor("DE", "agency", "officer"), shipments.customs("DE")
    desk, agency = signed_in(customs), signed_in(port)
    send(desk, "/consignments/new/", status=422, movement="NO-1/9")
    send(desk, "/consignments/new/", movement=f"{made.case}/{made.serial}", office="Hamburg")
    row = Consignment.objects.get()
    own = f"/consignments/{row.reference}/"
    send(desk, f"{own}require/", what="Weigh it", agency_id=str(port.organisation.pk))  # type: ignore[union-attr]
    text = page(desk, own)
    assert "It cannot be released yet" in text
    assert f"{own}release/" not in text
    asked = Requirement.objects.get(what="Weigh it")
    assert "Only the agency" in send(desk, f"/requirements/{asked.pk}/answer/", status=422, met="yes")
    send(agency, f"/requirements/{asked.pk}/answer/", status=422, met="no")
    assert row.reference in page(agency, "/consignments/?mine=1")
    send(agency, f"/requirements/{asked.pk}/answer/", met="no", text="No scale is free")
    assert again(row).status == "held"
    send(agency, f"/requirements/{asked.pk}/answer/", met="yes", text="20,010 kg")
    for one in Requirement.objects.exclude(status="met"):
        body = one.agency
        client = signed_in(actor("DE", body.kind, "officer", body.registration))
        send(client, f"/requirements/{one.pk}/answer/", met="yes")
    send(desk, f"{own}inspection/", place="Pier 4", at="2027-03-02T09:00",
         agency_ids=[str(port.organisation.pk)])  # type: ignore[union-attr]  # fmt: skip
    made_inspection = row.inspections.get()
    send(agency, f"/inspections/{made_inspection.pk}/result/", passed="yes", result="As declared")
    send(desk, f"{own}release/")
    assert again(row).status == "released"
    assert "As declared" in page(desk, own)


def test_the_annual_report_counts_and_reconciles(wire: Wire) -> None:
    made = arrived(wire, in_force(wire))
    with times.at(DAY):
        movements.receive(shipments.facility(), at(made, "DE").pk, received_kg="15000", accepted_kg="15000")
        wire.settle()
    thai = office("TH")
    text = page(thai, "/reports/annual/?year=2027")
    for wanted in ("20,000 kg", "15,000 kg", "-5,000 kg", "Y48", "R3"):
        assert wanted in text, wanted
    assert "Nothing in this year" in page(thai, "/reports/annual/?year=2026")
    german = office("DE").get("/reports/annual/imports.csv?year=2027").content.decode("utf-8-sig").splitlines()
    assert german[0] == "way,state,transit,basel,y,operation,shipments,kg"
    assert german[1] == "import,TH,SG,Y48,Y48,R3,1,15000.000"
    lines = thai.get("/reports/annual/differences.csv?year=2027").content.decode("utf-8-sig").splitlines()
    assert lines[1].endswith(",1,20000.000,15000.000,-5000.000")
    assert thai.get("/reports/annual/?year=x").status_code == 404
    assert signed_in(shipments.trader()).get("/reports/annual/").status_code == 403
