"""What a State's copy holds, read over HTTP; and the commands whose arguments or answers are no plain fields."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.movements import cases, shipments
from tests.movements.cases import START, Wire, actor, drafted
from tests.movements.shipments import DAY, arrived, at, in_force
from tests.movements.test_api import calls, post
from tests.web.api_calls import BASE, problem
from tidegate.movements.commands import certificates, consignments, permits, quotas, takeback
from tidegate.movements.models import Attachment, Permit, TakeBack, WriteOff
from tidegate.parties import times

pytestmark = [pytest.mark.django_db, pytest.mark.ci]
PNG = b"\x89PNG\r\n\x1a\n1"


@pytest.fixture
def wire(settings: Any, tmp_path: Path) -> Iterator[Wire]:
    settings.TIDEGATE_DATA_DIR = tmp_path
    with cases.wired() as found, times.at(DAY):
        yield found


def read(client: Client, path: str, headers: dict[str, str], **asked: Any) -> Any:
    answer = client.get(f"{BASE}{path}", asked, headers=headers)
    assert answer.status_code == 200, answer.content
    return answer.json()


def permit(number: str = "IMP-7") -> Permit:
    trader, officer = actor("DE", "consignee", "clerk"), actor("DE", "competent_authority")
    made = permits.draft(trader, "import", content={"hs": ["3915"], "wastes": ["B3011"], "quantity_kg": "100000"})
    made = permits.apply(trader, made.pk, revision=made.revision)
    days = {"valid_from": "2027-01-01", "valid_until": "2027-12-31"}
    return permits.issue(officer, made.pk, revision=made.revision, number=number, quantity_kg="100000", **days)


def test_a_movement_is_read_with_all_that_the_copy_holds(client: Client, wire: Wire) -> None:
    made = arrived(wire, in_force(wire))
    authority = calls("TH", "competent_authority")
    [listed] = read(client, "/movements", authority)["movements"]
    assert (listed["serial"], listed["overdue"]) == (made.serial, [])
    found = read(client, f"/movements/{made.case}/{made.serial}", authority)
    assert found["loaded_kg"] == "20000.000"
    assert [one["kind"] for one in found["custody"]] == ["arrival"]
    assert [(one["account"], one["status"]) for one in found["draws"]] == [(made.case, "committed")]
    assert all(one["why"] for one in found["deadlines"])
    whole = read(client, f"/notifications/{made.case}", authority)
    assert [one["number"] for one in whole["versions"]] == [1]
    assert (whole["questions"], whole["amendments"]) == ([], [])


def test_a_take_back_case_is_commanded_and_read(client: Client, wire: Wire) -> None:
    made = arrived(wire, in_force(wire))
    takeback.open(
        shipments.customs("DE"), at(made, "DE").pk, finding="Refuse", custody_place="Pier 4", custody_kg="20000"
    )
    wire.settle()
    case = TakeBack.objects.get(holder="DE")
    there, home = calls("DE", "competent_authority", "officer"), calls("TH", "competent_authority", "officer")
    photo = {"take_back_id": str(case.pk), "name": "photo.png", "media_type": "image/png"}
    sent = post(client, "/commands/take_back/evidence", {**photo, "data": base64.b64encode(PNG).decode()}, there)
    assert sent.status_code == 200, sent.content
    wrong = post(client, "/commands/take_back/evidence", {**photo, "data": "no base64!"}, there)
    assert problem(wrong, "refused")["field"] == "data"
    basis = {"take_back_id": str(case.pk), "basis": "art9_exporter", "grounds": ["d"]}
    assert post(client, "/commands/take_back/classify", basis, there).status_code == 200
    wire.settle()
    found = read(client, f"/take-backs/{case.case}", there)
    assert (found["case"]["status"], found["duty"], found["in_custody_kg"]) == ("classified", ["TH"], "20000.000")
    assert [one["name"] for one in found["evidence"]] == ["photo.png"]
    assert read(client, "/take-backs", home, status="classified")["count"] == 1
    assert read(client, "/take-backs", calls("SG", "notifier"))["count"] == 0
    assert problem(client.get(f"{BASE}/take-backs/NOBODY", headers=there), "not-found")


def test_a_file_goes_onto_a_notification(client: Client, wire: Wire) -> None:
    row = drafted()
    said = {"notification_id": str(row.pk), "kind": "analysis", "name": "a.txt", "media_type": "text/plain"}
    headers = {**calls("TH", "notifier"), "Idempotency-Key": "file"}
    body = {**said, "data": base64.b64encode(b"PE 60 %").decode()}
    first = post(client, "/commands/attachment/keep", body, headers)
    assert first.status_code == 200, first.content
    assert post(client, "/commands/attachment/keep", body, headers).json()["id"] == first.json()["id"]
    assert Attachment.objects.get().size == 7
    files = read(client, f"/notifications/{row.case}", calls("TH", "notifier"))["files"]
    assert [one["name"] for one in files] == ["a.txt"]


def test_customs_writes_off_and_fetches_its_line_file(client: Client, wire: Wire) -> None:
    permit()
    customs = {**calls("DE", "customs"), "Idempotency-Key": "declaration"}
    line = {
        "transaction": "t1",
        "licence": "IMP-7",
        "declaration": "26DE1",
        "item": 1,
        "kg": "500.5",
        "at": "2027-03-01",
    }
    more = {**line, "transaction": "t2", "licence": "NONE"}
    answer = post(client, "/commands/border/write_off", {"lines": [line, more]}, customs)
    assert answer.status_code == 200, answer.content
    told = answer.json()["replies"]
    assert [one["accepted"] for one in told] == [True, False]
    assert (told[0]["transaction"], told[0]["left_kg"]) == ("t1", "99499.500")
    again = post(client, "/commands/border/write_off", {"lines": [line, more]}, customs)
    assert again.json()["replies"] == told, "the same request again"
    assert WriteOff.objects.filter(transaction="t1").count() == 1
    other = calls("DE", "customs")
    for lines, named in (([{**line, "kg": "many"}], "kg"), (["text"], "line 1")):
        refused = problem(post(client, "/commands/border/write_off", {"lines": lines}, other), "refused")
        assert named in json.dumps(refused)
    out = post(client, "/commands/border/lines_out", {}, other).json()
    assert "IMP-7" in out["file"]


def test_many_numbers_at_the_border(client: Client, wire: Wire) -> None:
    permit()
    customs = calls("DE", "customs")
    asked = {
        "numbers": [{"number": "IMP-7", "kg": "500"}, {"number": "NOBODY-KNOWS"}, {"number": "IMP-7", "kg": "200000"}]
    }
    found = post(client, "/border/checks", asked, customs).json()["results"]
    assert [one["number"] for one in found] == ["IMP-7", "NOBODY-KNOWS", "IMP-7"]
    assert [[answer["answer"] for answer in one["answers"]] for one in found] == [["valid"], [], ["not_valid"]]
    assert post(client, "/border/checks", {"numbers": []}, customs).status_code == 422


def test_quotas_certificates_and_consignments(client: Client, wire: Wire) -> None:
    officer, trader = actor("DE", "competent_authority"), actor("DE", "consignee", "clerk")
    days = {"opens_on": "2027-01-01", "closes_on": "2027-12-31"}
    pool = quotas.create(officer, "DE-3915", content={"name": "Heading 3915", "hs": ["3915"], "kg": "900", **days})
    assert read(client, "/quotas", calls("DE", "consignee"))["count"] == 0, "not open yet"
    quotas.open_pool(officer, pool.pk, revision=pool.revision)
    quotas.apply(trader, pool.pk, kg="100")
    authority = calls("DE", "competent_authority")
    [quota] = read(client, "/quotas", authority)["quotas"]
    assert (quota["number"], quota["total"], quota["unallocated"]) == ("DE-3915", "900.000", "900.000")
    assert read(client, "/quota-allocations", calls("DE", "consignee"))["items"][0]["status"] == "applied"
    certificates.issue(officer, permit().pk, kind="permit")
    [listed] = read(client, "/permits", authority)["permits"]
    assert (listed["number"], listed["quantity_kg"]) == ("IMP-7", "100000.000")
    assert read(client, "/ledger/DE-IMP-7", authority)["available"] == "100000.000"
    [paper] = read(client, "/certificates", authority)["items"]
    assert (paper["kind"], paper["status"]) == ("permit", "published")
    customs = shipments.customs("DE")
    load = {"hs": "3915.90", "waste": True, "net_kg": "21000"}
    route = [{"state": "TH", "role": "export"}, {"state": "DE", "role": "import"}]
    made = consignments.register(customs, declaration="27DE1", load=load, route=route)
    found = read(client, f"/consignments/{made.reference}", calls("DE", "customs"))
    assert found["consignment"]["declaration"] == "27DE1"
    assert len(found["requirements"]) == made.requirements.count()
    assert read(client, "/consignments", calls("DE", "customs"), q="27DE1")["count"] == 1
    assert read(client, "/consignments", calls("TH", "customs"))["count"] == 0


def test_the_desk_and_the_annual_report(client: Client, wire: Wire) -> None:
    arrived(wire, in_force(wire))
    found = read(client, "/desk", calls("DE", "competent_authority", "officer"))
    assert found["total"] == len(found["items"]) > 0
    assert all(one["what"] for one in found["items"])
    report = read(client, f"/annual-reports/{START.year + 1}", calls("TH", "competent_authority", "officer"))
    assert [(row["state"], row["kg"]) for row in report["exports"]] == [("DE", "20000.000")]
    assert problem(client.get(f"{BASE}/annual-reports/12", headers=calls("TH", "competent_authority")), "not-found")
