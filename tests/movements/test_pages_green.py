"""The pages and the API of green-listed shipments: the form, a list with row errors, receipt, border, paper, report."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pypdf import PdfReader

from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import Wire, actor, again, wired
from tests.movements.green_forms import LINE, MIXED, form, ready, trader
from tests.movements.test_api import calls, post
from tests.web.api_calls import BASE
from tidegate.movements.commands import green as commands
from tidegate.movements.models import GreenShipment, GreenUpload
from tidegate.parties import times

pytestmark = pytest.mark.django_db
HOME = "/shipments/green/"


@pytest.fixture(autouse=True)
def wire(settings: Any) -> Iterator[Wire]:
    settings.TIDEGATE_SECOND_FACTOR = False
    ready()
    with wired() as made, times.at(datetime(2027, 3, 2, 2, tzinfo=UTC)):
        yield made


def typed(**more: str) -> dict[str, str]:
    """The form as somebody types it."""
    return {
        "shipment-reference": "OWN-1", "shipment-planned_on": "2027-03-01", "shipment-quantity_kg": "24 000",
        "shipment-contract": "K-7", "shipment-containers": "abcu 123456-7",
        "arranger-name": "Example notifier of TH", "arranger-address": "1 Sample Street",
        "importer-name": "Example consignee of DE", "importer-registration": "DE-consignee-1",
        "carriers-rows": "1", "carriers.0-seen": "1", "carriers.0-name": "Example carrier", "carriers.0-means": "S",
        "facility-name": "Example facility of DE", "facility-registration": "DE-facility-1",
        "waste-designation": "Polyethylene film, baled", "waste-operation": "R3", "codes-basel": "b3011",
        "codes-hs": "3915.10", "route-state_export": "TH", "route-transit": "SG", "route-state_import": "DE",
        "load-hazardous": "n", "load-contamination_pct": "0.5",
        "polymers-rows": "1", "polymers.0-seen": "1", "polymers.0-polymer": "PE", "polymers.0-percent": "99.5",
        **more,
    }  # fmt: skip


def listed(*lines: dict[str, str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, [*LINE])
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def on_paper(client: Client, row: GreenShipment) -> str:
    """What the form of a shipment says as a PDF, broken into lines or not."""
    answer = client.get(f"{HOME}{row.case}/form.pdf")
    assert answer["Content-Type"] == "application/pdf"
    text = " ".join(part.extract_text() for part in PdfReader(io.BytesIO(answer.content)).pages)
    return " ".join(text.split())


def test_from_the_form_to_the_recovery(wire: Wire) -> None:
    mine = signed_in(trader())
    assert "New green-listed shipment" in page(mine, HOME + "new/")
    asked = mine.post(HOME + "new/", typed(ask="1"))
    assert asked.status_code == 200
    assert not GreenShipment.objects.exists()
    assert "No consent procedure" in asked.content.decode()
    wrong = mine.post(HOME + "new/", typed(**{"waste-operation": "", "shipment-contract": "", "load-hazardous": ""}))
    assert wrong.status_code == 422
    text = wrong.content.decode()
    assert 'href="#id_waste-operation"' in text
    assert "a recovery operation, R1 to R13" in text
    mine.post(HOME + "new/", typed(key="one"))
    mine.post(HOME + "new/", typed(key="one"))
    row = GreenShipment.objects.get()
    assert (row.reference, row.law, row.content["containers"]) == ("OWN-1", "green", ["ABCU1234567"])
    own = f"{HOME}{row.case}/"
    for wanted in ("OWN-1", "24,000 kg", "Example facility of DE", "Thailand"):
        assert wanted in page(mine, own), wanted
    send(mine, own + "depart/", loaded_kg="23,990", status=422)
    send(mine, own + "depart/", loaded_kg="23990")
    wire.settle()
    plant = signed_in(actor("DE", "facility", "clerk"))
    there = GreenShipment.objects.get(holder="DE")
    assert "OWN-1" in page(plant, HOME)
    assert "Confirm the receipt of the green-listed shipment" in page(plant, "/desk/")
    send(plant, own + "receive/", received_kg="23980", rejected_kg="80", reason="", status=422)
    assert again(there).status == "departed"
    send(plant, own + "receive/", received_kg="23980", rejected_kg="80", reason="wet")
    send(plant, own + "recover/", operation="R3")
    wire.settle()
    assert "Recovered" in page(mine, own)
    customs = signed_in(actor("DE", "customs", "clerk"))
    text = page(customs, "/border?q=OWN-1")
    assert "Green-listed shipment" in text
    assert "Not valid" in text  # it has been received already
    report = page(signed_in(actor("DE")), "/reports/annual/?year=2027")
    assert "Green-listed shipments" in report
    assert "23,900 kg" in report
    lines = signed_in(actor("DE")).get("/reports/annual/green.csv?year=2027").content.decode()
    assert "import,TH,SG,B3011,R3,1,23900.000" in lines
    words = on_paper(mine, row)
    for wanted in ("OWN-1", "Person who arranges the shipment", "Polyethylene film, baled", "B3011", "ABCU1234567"):
        assert wanted in words, wanted


def test_what_the_law_bars_is_shown_with_its_reasons(wire: Wire) -> None:
    mine = signed_in(trader())
    answer = mine.post(
        HOME + "new/",
        typed(**{"load-contamination_pct": "10", "polymers-rows": "2", "polymers.0-percent": "60",
                 "polymers.1-seen": "1", "polymers.1-polymer": "PVC", "polymers.1-percent": "30"}),
        follow=True,
    )  # fmt: skip
    row = GreenShipment.objects.get()
    assert row.law == "barred"
    text = answer.content.decode()
    assert "does not let it move as green-listed" in text
    assert "BASEL-Y48" in text
    assert "Report the departure" not in text
    assert re.search(r"does not let it move as green-listed\. [A-Z0-9, -]*BASEL-Y48", on_paper(mine, row))
    send(mine, f"{HOME}{row.case}/depart/", loaded_kg="24000", status=422)
    wire.settle()
    office = signed_in(actor("DE"))
    assert "Look at it: the law does not let it move as green-listed" in page(office, "/desk/")
    assert row.reference in page(office, HOME + "?law=barred")
    assert "Nothing found" in page(office, HOME + "?law=green")
    # Put right before it leaves; what somebody else changed meanwhile is no longer overwritten.
    assert mine.post(f"{HOME}{row.case}/edit/", typed(revision="0")).status_code == 409
    assert mine.post(f"{HOME}{row.case}/edit/", typed(revision=str(row.revision))).status_code == 302
    assert again(row).law == "green"


def test_a_list_is_taken_in_and_its_slips_go_back(wire: Wire) -> None:
    mine = signed_in(trader())
    template = mine.get(HOME + "lists/template.csv").content.decode()
    assert template.startswith("\ufeffreference,arranger_name")
    text = listed(
        LINE, {**LINE, "reference": "T-2", "operation": "D1"}, {**LINE, "reference": "=1+1", "hs": "x", "transit": "TH"}
    )
    answer = mine.post(HOME + "lists/", {"file": SimpleUploadedFile("march.csv", text.encode())}, follow=True)
    shown = answer.content.decode()
    made = GreenUpload.objects.get()
    assert (made.rows, made.accepted, made.rejected) == (3, 1, 2)
    for wanted in ("march.csv", "T-2", "R1 to R13", "each State once"):
        assert wanted in shown, wanted
    back = mine.get(f"{HOME}lists/{made.pk}/rejected.csv").content.decode()
    assert "2,3,T-2,operation,D1" in back
    assert "'=1+1" in back
    assert signed_in(actor("TH", "notifier", "clerk", "TH-other")).get(f"{HOME}lists/{made.pk}/").status_code == 404
    bad = mine.post(HOME + "lists/", {"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04nothing")})
    assert bad.status_code == 422
    assert "pa-error" in bad.content.decode()
    assert signed_in(actor("TH", "customs", "clerk")).post(HOME + "lists/").status_code == 403


def test_one_and_many_over_the_api(client: Client, wire: Wire) -> None:
    headers = calls("TH", "notifier")
    one = post(client, "/commands/green/enter", {"content": form(reference="A")}, headers)
    assert one.status_code == 200, one.content
    case = one.json()["case"]
    whole = client.get(f"{BASE}/green-shipments/{case}", headers=headers).json()
    assert (whole["law"], whole["quantity_kg"], whole["content"]["reference"]) == ("green", "24000.000", "A")
    many = post(
        client, "/commands/green/enter_many",
        {"shipments": [form(reference="B"), form(reference="A"), form(reference="C", load=MIXED)]}, headers,
    ).json()  # fmt: skip
    kept = client.get(f"{BASE}/green-lists/{many['id']}", headers=headers).json()
    assert (kept["rows"], kept["accepted"], kept["rejected"]) == (3, 2, 1)
    assert kept["rejects"][0]["field"] == "reference"
    file = base64.b64encode(listed({**LINE, "reference": "D"}).encode()).decode()
    assert post(client, "/commands/green/upload", {"name": "d.csv", "data": file}, headers).status_code == 200
    found = client.get(f"{BASE}/green-shipments?law=green", headers=headers).json()
    assert found["count"] == 3
    wire.settle()
    seen = client.get(f"{BASE}/green-shipments?q=D", headers=calls("DE", "customs")).json()
    assert [item["reference"] for item in seen["shipments"]].count("D") == 1
    answer = client.get(f"{BASE}/border/check?number=B&kg=30000", headers=calls("DE", "customs")).json()["answers"][0]
    assert (answer["subject"], answer["answer"]) == ("green", "not_valid")
    assert answer["reasons"][0]["code"] == "quantity"
    assert json.loads(json.dumps(answer))["left"][0]["kg"] == "24000.000"
    assert commands.MAX_ROWS == 2000


def test_a_late_form_is_seen_wherever_the_shipment_is(client: Client, wire: Wire) -> None:
    mine = signed_in(trader())
    entered = mine.post(HOME + "new/", typed(), follow=True).content.decode()
    row = GreenShipment.objects.get(holder="TH")
    wanted = "due by 25 February 2027"
    assert wanted in entered
    assert "2 working days" in entered
    assert wanted in page(mine, HOME)
    assert wanted in page(mine, HOME + "?mark=late")
    assert "Nothing found" in page(mine, HOME + "?mark=held")
    mine.post(HOME + "lists/", {"file": SimpleUploadedFile("l.csv", listed({**LINE, "reference": "T-9"}).encode())})
    assert "Handed in late" in page(mine, f"{HOME}lists/{GreenUpload.objects.get().pk}/")
    wire.settle()
    customs = signed_in(actor("DE", "customs", "clerk"))
    assert wanted in page(customs, f"{HOME}{row.case}/")
    assert "Look at it: its form was handed in too late" in page(customs, "/desk/")
    with times.at(datetime(2027, 3, 1, 2, tzinfo=UTC)):
        shown = page(customs, f"/border?q={row.case}")
        assert "Valid, but flagged" in shown
        assert wanted in shown
        file = SimpleUploadedFile("n.csv", f"number\n{row.case}\n".encode())
        many = customs.post("/border/many/", {"file": file, "as": "page"}).content.decode()
        assert "Valid, but flagged" in many
        assert wanted in many
        headers = calls("DE", "customs")
        answer = client.get(f"{BASE}/border/check?number={row.case}", headers=headers).json()["answers"][0]
    assert (answer["answer"], answer["flags"][0]["code"]) == ("valid", "late_notice")
    said = client.get(f"{BASE}/green-shipments?mark=late", headers=headers).json()["shipments"]
    assert {(one["late_notice"], one["notice_due"]) for one in said} == {(True, "2027-02-25")}
    assert all(wanted in one["why_late"] for one in said)
    whole = client.get(f"{BASE}/green-shipments/{row.case}", headers=headers).json()
    assert whole["notice"]["rule"] == "eu-2024-annex-vii-notice"
    for reader in (mine, customs):
        assert whole["why_late"] in on_paper(reader, row)


def test_customs_holds_and_lets_go_from_the_border(client: Client, wire: Wire) -> None:
    with times.at(datetime(2027, 2, 22, 2, tzinfo=UTC)):
        row = commands.enter(trader(), content=form(reference="OWN-1"))
        wire.settle()
    customs, mine = signed_in(actor("DE", "customs", "clerk")), signed_in(trader())
    own = f"{HOME}{row.case}/"
    shown = page(customs, f"/border?q={row.case}")
    for act in ("hold/", "pass-border/"):
        assert f'href="{own}{act}"' in shown
    assert f'href="{own}release/"' not in shown
    assert "Example customs of DE" in page(customs, own + "hold/")
    send(customs, own + "hold/", reason="", status=422)
    send(customs, own + "hold/", reason="papers", office="Port of Hamburg")
    send(customs, own + "pass-border/", kind="arrival", office="Port of Hamburg", note="one seal missing")
    wire.settle()
    text = page(mine, own)
    for wanted in ("Held by", "Germany", "Port of Hamburg", "papers", "It arrived at the office", "one seal missing"):
        assert wanted in text, wanted
    assert f'href="{own}depart/"' not in text
    assert "Held by DE" in page(mine, HOME + "?mark=held")
    held = "Held by Germany · Port of Hamburg · 2 March 2027, 02:00 UTC: papers"
    assert [held in on_paper(reader, row) for reader in (mine, customs)] == [True, True]
    send(mine, own + "depart/", loaded_kg="24000", status=422)
    shown = page(customs, f"/border?q={row.case}")
    assert "Not valid" in shown
    assert f'href="{own}release/"' in shown
    assert "Decide on the held load" in page(customs, "/desk/")
    headers = calls("DE", "customs")
    whole = client.get(f"{BASE}/green-shipments/{row.case}", headers=headers).json()
    assert (whole["held_by"], whole["holds"][0]["reason"]) == (["DE"], "papers")
    assert whole["passages"][0]["kind"] == "arrival"
    there = GreenShipment.objects.get(holder="DE", case=row.case)
    ended = {"shipment_id": str(there.pk), "reason": "in order"}
    assert post(client, "/commands/green/release_hold", ended, headers).status_code == 200
    again_ = post(client, "/commands/green/release_hold", ended, headers)
    assert again_.status_code == 422, again_.content
    seen = {"shipment_id": str(there.pk), "kind": "entry", "at": "2027-03-01T10:00:00+01:00"}
    assert post(client, "/commands/green/pass_border", seen, headers).status_code == 200
    assert post(client, "/commands/green/hold", ended, calls("DE", "facility")).status_code == 403
    wire.settle()
    assert [one["kind"] for one in again(row).passages] == ["entry", "arrival"]
    assert again(row).holds == []
    assert "Held by" not in on_paper(mine, row)
    send(mine, own + "depart/", loaded_kg="24000")


@pytest.mark.parametrize("address", ["", "new/", "lists/", "{case}/", "{case}/edit/", "{case}/depart/"])
def test_the_navigation_says_where_the_reader_is(wire: Wire, address: str) -> None:
    row = commands.enter(trader(), content=form())
    text = page(signed_in(trader()), HOME + address.format(case=row.case))
    entries = re.findall(r'<a[^>]*href="([^"]+)"[^>]*aria-current="page"', text)
    assert "/movements/" in entries, entries
