"""The pages of permits, quotas, certificates, /verify/ and the border, through the client."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from pypdf import PdfReader

from tests.movements.browsing import page, send, signed_in
from tests.movements.people import NOON, actor, issued
from tidegate.movements import ledger
from tidegate.movements.commands import certificates as certificate_commands
from tidegate.movements.credentials.verify import load, verify
from tidegate.movements.models import Account, Certificate, Permit, QuotaAllocation, QuotaPool, WriteOff
from tidegate.parties import times
from tidegate.parties.models import Approval, State

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(settings: Any) -> Iterator[None]:
    settings.TIDEGATE_SECOND_FACTOR = False
    with times.at(NOON):
        yield


def importer() -> Client:
    return signed_in(actor("consignee", "clerk"))


def authority() -> Client:
    return signed_in(actor("competent_authority"))


def customs() -> Client:
    return signed_in(actor("customs", "clerk"))


def test_a_permit_from_application_to_revocation() -> None:
    mine, office = importer(), authority()
    send(mine, "/permits/new/", kind="import", wastes="b3011, y48", quantity_kg="5000", note="For recycling")
    permit = Permit.objects.get()
    own = f"/permits/{permit.pk}/"
    assert permit.wastes == ["B3011", "Y48"]
    assert f"{own}apply/" in page(mine, own)
    send(mine, f"{own}apply/")
    assert f"{own}review/" in page(office, own)
    send(office, f"{own}review/")
    send(office, f"{own}ask/", question="Which facility?")
    send(mine, f"{own}supply/", answer="The one in Binh Duong", quantity_kg="4000")
    send(office, f"{own}issue/", status=422, valid_from="2026-11-01", valid_until="2020-01-01")
    send(office, f"{own}issue/", valid_from="2026-11-01", valid_until="2027-10-31", number="IMP-9",
         conditions="Only through Hai Phong\nBales only", window_days="30", window_kg="2000")  # fmt: skip
    permit.refresh_from_db()
    assert (permit.status, [one["text"] for one in permit.conditions]) == (
        "active", ["Only through Hai Phong", "Bales only"],
    )  # fmt: skip
    actor("customs", "clerk")
    text = page(office, own)
    for wanted in (
        "4,000 kg left of 4,000 kg",
        "At most 2,000 kg within 30 days",
        "unacknowledged since",
        "Bales only",
    ):
        assert wanted in text, wanted
    desk = customs()
    assert "IMP-9" in page(desk, "/border")
    assert desk.post(f"/border/permits/{permit.pk}/acknowledge/").status_code == 302
    assert "unacknowledged since" not in page(office, own)
    send(office, f"{own}suspend/", status=422, reason=" ")
    send(office, f"{own}suspend/", reason="False papers")
    assert "False papers" in page(mine, own)
    send(office, f"{own}lift/")
    send(office, f"{own}vary/", reason="More was asked for", number="IMP-9A", quantity_kg="6000")
    new = Permit.objects.get(number="IMP-9A")
    assert "It was replaced by" in page(mine, own)
    send(office, f"/permits/{new.pk}/revoke/", reason="No longer a plant")
    assert "Revoked" in page(mine, "/permits/?status=revoked")
    assert "Nothing found" in page(mine, "/permits/?q=NOPE")


def test_two_persons_decide_where_the_state_asks_it() -> None:
    permit = issued()
    State.objects.filter(pk="VN").update(two_person=["movements.permit.suspend"])
    office = authority()
    response = office.post(f"/permits/{permit.pk}/suspend/", {"reason": "Why", "revision": permit.revision, "key": ""})
    assert response["Location"] == "/approvals/"
    assert Approval.objects.get().command == "movements.permit.suspend"
    assert "Suspend a permit" in page(office, "/approvals/")
    permit.refresh_from_db()
    assert permit.status == "active"


def test_a_permit_of_another_company_is_not_there() -> None:
    permit = issued()
    other = signed_in(actor("consignee", "clerk", name="another"))
    assert other.get(f"/permits/{permit.pk}/").status_code == 404
    assert importer().get(f"/permits/{permit.pk}/issue/").status_code == 403


def test_a_quota_is_public_and_its_parts_are_not() -> None:
    office, mine, nobody = authority(), importer(), Client()
    send(office, "/quotas/new/", name="Scrap 2027", number="Q-27", kg="100000", opens_on="2026-11-01",
         closes_on="2027-10-31")  # fmt: skip
    pool = QuotaPool.objects.get()
    own = f"/quotas/{pool.pk}/"
    assert nobody.get(own).status_code == 404
    assert "Scrap 2027" in page(office, "/quotas/")
    assert "Scrap 2027" not in page(nobody, "/quotas/")
    send(office, f"{own}open/")
    send(mine, f"{own}apply/", kg="30000", reason="For the plant")
    part = QuotaAllocation.objects.get()
    send(office, f"/allocations/{part.pk}/grant/", status=422, kg="40000")
    send(office, f"/allocations/{part.pk}/grant/", kg="25000")
    text = page(nobody, own)
    assert "75,000 kg of 100,000 kg not granted" in text
    assert part.number not in text
    assert "consignee" not in text
    assert part.number in page(mine, "/quotas/")
    assert "25,000 kg" in page(mine, f"/allocations/{part.pk}/")
    assert signed_in(actor("consignee", "clerk", name="another")).get(f"/allocations/{part.pk}/").status_code == 404


def test_a_certificate_is_issued_checked_by_anybody_and_revoked() -> None:
    permit = issued()
    office, nobody = authority(), Client()
    send(office, f"/certificates/issue/permit/{permit.pk}/", remarks="As agreed")
    row = Certificate.objects.get()
    own = f"/certificates/{row.pk}/"
    text = page(office, own)
    assert "IMP-7" in text
    assert "<svg" in office.get(f"{own}qr.svg").content.decode()
    assert office.get(f"{own}token.jwt").content.decode() == row.token
    answer = nobody.post("/verify/", {"token": row.token}).content.decode()
    assert "Valid" in answer
    assert "IMP-7" in answer
    assert "Not valid" in nobody.post("/verify/", {"token": row.token[:-5] + "AAAAA"}).content.decode()
    assert "It is not a certificate" in nobody.post("/verify/", {"token": "nonsense"}).content.decode()
    keys = nobody.get("/verify/keys.json")
    assert keys["Access-Control-Allow-Origin"] == "*"
    known = load(keys.content.decode())
    assert verify(row.token, known.keys, known.status_lists, times.now()).answer == "valid"
    lists = json.loads(nobody.get("/verify/status/VN").content)
    assert lists["state"] == "VN"
    assert len(lists["status_lists"]) == 2
    assert nobody.get("/verify/status/XX").status_code == 404
    send(office, f"{own}revoke/", reason="Issued in error")
    cache.clear()
    assert "It was revoked" in nobody.post("/verify/", {"token": row.token}).content.decode()
    assert "Not valid" in page(customs(), f"/border?q={row.number}")


def test_what_is_scanned_at_the_border_may_be_long() -> None:
    permit = issued()
    row = certificate_commands.issue(actor("competent_authority"), permit.pk, kind="permit")
    response = customs().post("/border", {"q": row.token})
    text = response.content.decode()
    assert "Valid" in text
    assert "100,000 kg" in text


def test_the_border_answers_in_words() -> None:
    permit = issued(conditions=[{"kind": "text", "text": "Only in bales"}])
    desk = customs()
    text = page(desk, "/border?q=IMP-7")
    for wanted in ("Valid", "100,000 kg", "Only in bales", "to be checked", "Write off", "as of"):
        assert wanted in text, wanted
    text = page(desk, "/border?q=IMP-7&kg=200000&origin=us")
    assert "Not valid" in text
    assert "More than is left" in text
    assert "That is no proof" in page(desk, "/border?q=NOTHING-1")
    page(desk, "/border?q=IMP-7&kg=12,5", status=422)
    send(authority(), f"/permits/{permit.pk}/suspend/", reason="Stopped")
    assert "Not valid" in page(desk, "/border?q=IMP-7")
    part = desk.get("/border?q=IMP-7", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Not valid" in part


def test_a_stale_balance_is_unknown_since_when() -> None:
    permit = issued()
    Account.objects.filter(reference=permit.account.reference).update(  # type: ignore[union-attr]
        home="TH", as_of=NOON.replace(year=2025)
    )
    text = page(customs(), "/border?q=IMP-7")
    assert "Unknown" in text
    assert "2025" in text


def test_customs_writes_off_once_and_over_the_limit_with_a_breach() -> None:
    issued(kg="1000")
    desk = customs()
    given = {"licence": "IMP-7", "declaration": "HPH-1", "item": "1", "kg": "600", "usage": "original", "key": "K-1"}
    assert "400 kg" in desk.post("/border/write-off/", given).content.decode()
    assert "400 kg" in desk.post("/border/write-off/", given).content.decode()
    assert WriteOff.objects.count() == 1
    again = {**given, "key": "K-2"}
    assert "written off already" in desk.post("/border/write-off/", again).content.decode()
    over = {**given, "key": "K-3", "item": "2"}
    assert "more was used than is allowed" in desk.post("/border/write-off/", over).content.decode()
    assert ledger.balance(Account.objects.get(reference="VN-IMP-7")).used == Decimal(1200)
    assert desk.post("/border/write-off/", {**given, "key": "K-4", "kg": ""}).status_code == 422


def test_many_numbers_at_once_with_the_errors_of_rows() -> None:
    issued()
    desk = customs()
    data = b"number,kg\nIMP-7,500\nIMP-7,a lot\n,1\nNOPE,\nIMP-7,900000\n"
    response = desk.post("/border/many/", {"file": SimpleUploadedFile("n.csv", data), "as": "page"})
    rows = response.context["rows"]
    assert [(row["row"], row["answer"]) for row in rows] == [
        (2, "valid"), (3, "error"), (4, "error"), (5, "error"), (6, "not_valid"),
    ]  # fmt: skip
    assert "kg: a lot" in rows[1]["text"]
    response = desk.post("/border/many/", {"file": SimpleUploadedFile("n.csv", b"IMP-7\r\n=2+2\r\n"), "as": "csv"})
    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("1,IMP-7,permit,valid")
    assert lines[2].startswith("2,'=2+2,")
    bad = desk.post("/border/many/", {"file": SimpleUploadedFile("n.csv", b"\xff\xfe\x00"), "as": "page"})
    assert "not UTF-8" in bad.content.decode()


def test_line_files_go_out_and_come_in() -> None:
    issued()
    desk = customs()
    assert desk.post("/border/lines/", {"way": "out"}).status_code == 302
    text = page(desk, "/border/lines/")
    assert "Permits, run 1" in text
    address = text.split('<a href="/border/lines/')[1].split('"')[0]
    sent = page(desk, f"/border/lines/{address}")
    assert "IMP-7" in sent
    number = actor("customs", "clerk").organisation.registration  # type: ignore[union-attr]
    back = (
        f"1|HEAD|tidegate-lines|1|usage|VN|{number}|1|2026-11-02T08:00:00Z\n"
        "2|USAGE|T-1|original|IMP-7|HPH-2|1|100.000|2026-11-02|\n3|ACK|1\n4|END|2\n"
    )
    file = SimpleUploadedFile("in.txt", back.encode())
    assert desk.post("/border/lines/", {"way": "in", "file": file}).status_code == 302
    assert "Replies to run 1" in page(desk, "/border/lines/")
    gap = SimpleUploadedFile("in.txt", back.replace("|1|2026-11-02T08", "|5|2026-11-02T08").encode())
    response = desk.post("/border/lines/", {"way": "in", "file": gap})
    assert response.status_code == 422
    assert "A run is missing" in response.content.decode()


def test_declarations_in_xml_are_written_off() -> None:
    issued()
    xml = (
        b"<Declaration><ID>HPH-9</ID><GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric>"
        b"<AdditionalDocument><ID>IMP-7</ID><WriteOff><Quantity unitCode='TNE'>2.5</Quantity></WriteOff>"
        b"</AdditionalDocument></GovernmentAgencyGoodsItem></Declaration>"
    )
    desk = customs()
    for _again in range(2):
        text = desk.post("/border/declarations/", {"file": SimpleUploadedFile("d.xml", xml)}).content.decode()
        assert "97,500 kg" in text
    assert WriteOff.objects.count() == 1
    response = desk.post("/border/declarations/", {"file": SimpleUploadedFile("d.xml", b"<broken")})
    assert response.status_code == 422
    assert "not readable XML" in response.content.decode()


def test_a_draw_stands_on_the_permits_page() -> None:
    permit = issued()
    with transaction.atomic():
        ledger.commit("VN", permit.account.reference, draw="HPH-3/1", kg=Decimal(2500), at=NOON)  # type: ignore[union-attr]
    text = page(authority(), f"/permits/{permit.pk}/")
    assert "HPH-3/1" in text
    assert "97,500 kg left" in text


def test_typed_conditions_in_the_review_and_at_the_border() -> None:
    """Rows of conditions as a consent has them: filled in when granting, shown, tested at the border, varied."""
    mine, office = importer(), authority()
    send(mine, "/permits/new/", kind="import", wastes="b3011", quantity_kg="5000", note="For recycling")
    permit = Permit.objects.get()
    own = f"/permits/{permit.pk}/"
    send(mine, f"{own}apply/")
    terms: dict[str, Any] = {"valid_from": "2026-11-01", "valid_until": "2027-10-31", "number": "IMP-5", "c-rows": "3",
             "c0-kind": "maximum_load", "c0-kg": "1000", "c1-kind": "season", "c1-from": "13-40", "c1-to": "12-31",
             "conditions": "Bales only"}  # fmt: skip
    more = office.post(f"{own}issue/", {**terms, "more": "c"})
    assert more.content.decode().count("data-mv-condition") == 6
    wrong = send(office, f"{own}issue/", status=422, **terms)
    assert "month and day as MM-DD" in wrong
    send(office, f"{own}issue/", **{**terms, "c1-from": "03-01"})
    permit.refresh_from_db()
    assert permit.conditions == [
        {"kind": "maximum_load", "kg": "1000.000"}, {"kind": "season", "from": "03-01", "to": "12-31"},
        {"kind": "text", "text": "Bales only"},
    ]  # fmt: skip
    desk = customs()
    text = page(desk, "/border?q=IMP-5&kg=1500")
    assert "Not valid" in text
    assert "The load is more than was consented to for one shipment." in text
    assert "Bales only" in text
    assert "Not valid" not in page(desk, "/border?q=IMP-5&kg=900")
    # A variation begins with the conditions that there are; those left out are gone.
    form = page(office, f"{own}vary/")
    assert 'value="1000"' in form
    send(
        office,
        f"{own}vary/",
        reason="A bigger lorry",
        number="IMP-5A",
        **dict[str, Any]({"c-rows": "1", "c0-kind": "maximum_load", "c0-kg": "1600"}),
    )
    new = Permit.objects.get(number="IMP-5A")
    assert new.conditions == [{"kind": "maximum_load", "kg": "1600.000"}, {"kind": "text", "text": "Bales only"}]
    assert "Not valid" not in page(desk, "/border?q=IMP-5A&kg=1500")


def test_a_certificate_is_a_paper_whose_code_verifies() -> None:
    """The PDF says what the certificate says, carries the signed text, and its status on the day it was printed."""
    office = authority()
    permit = issued(number="IMP-4")
    made = certificate_commands.issue(actor("competent_authority"), permit.pk, kind="permit")
    assert f"/certificates/{made.pk}/certificate.pdf" in page(office, f"/certificates/{made.pk}/")
    answer = office.get(f"/certificates/{made.pk}/certificate.pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    read = PdfReader(io.BytesIO(answer.content))
    text = " ".join(one.extract_text() for one in read.pages)
    for wanted in (made.number, "IMP-4", "Permit", "Valid on 2 November 2026", "/verify/"):
        assert wanted in text.replace("\u200b", "").replace("\n", ""), wanted
    signed = read.attachments["certificate.jwt"][0].decode()
    assert signed == made.token
    known = load(office.get("/verify/keys.json").content.decode())
    assert verify(signed, known.keys, known.status_lists, NOON).answer == "valid"
    send(office, f"/certificates/{made.pk}/revoke/", reason="false papers")
    again_ = PdfReader(io.BytesIO(office.get(f"/certificates/{made.pk}/certificate.pdf").content))
    assert "Revoked on" in " ".join(one.extract_text() for one in again_.pages)
    assert importer().get(f"/certificates/{made.pk}/certificate.pdf").status_code == 200
    stranger = signed_in(actor("consignee", "clerk", name="vn-other"))
    assert stranger.get(f"/certificates/{made.pk}/certificate.pdf").status_code == 404
