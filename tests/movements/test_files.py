"""Files of movements, joint inspections and applications: who adds and reads them, and where they travel."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from tests.movements import shipments
from tests.movements.browsing import page, signed_in
from tests.movements.cases import LOAD, Wire, actor, state, wired
from tests.movements.shipments import DAY, PLANNED, again, announced, at, in_force
from tests.movements.test_api import calls, post
from tests.movements.test_api_reads import read
from tests.web.api_calls import problem
from tidegate.movements import applications, evidence
from tidegate.movements.commands import consignments, movements, permits
from tidegate.movements.models import Attachment, EarlyFact, JointInspection, Movement, Permit
from tidegate.parties import files, times
from tidegate.parties.ids import uuid7
from tidegate.parties.models import JournalEntry
from tidegate.parties.registry import Message, Rejected, registry

pytestmark = pytest.mark.django_db
PHOTO = b"\x89PNG\r\n\x1a\n a container"


@pytest.fixture
def wire(settings: Any, tmp_path: Path) -> Iterator[Wire]:
    settings.TIDEGATE_SECOND_FACTOR = False
    settings.TIDEGATE_DATA_DIR = tmp_path
    with wired() as found, times.at(DAY):
        yield found


def where(row: Movement, act: str = "") -> str:
    return f"/movements/{row.case}/{row.serial}/{act}"


def put(client: Client, address: str, data: bytes = PHOTO, kind: str = "photo", **said: Any) -> Any:
    """Post the form of an act with a file."""
    file = SimpleUploadedFile(said.pop("name", "box.png"), data, said.pop("media", "image/png"))
    return client.post(address, {"kind": kind, "file": file, "key": str(uuid7()), **said})


def opened(client: Client, address: str) -> bytes:
    answer: Any = client.get(address)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    return b"".join(answer.streaming_content)


def on(row: Movement, code: str) -> list[Attachment]:
    return list(Attachment.objects.filter(holder=code, subject_id=at(row, code).pk).order_by("added_at", "pk"))


# ── movements ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_of_a_draft_goes_out_with_the_announcement(wire: Wire) -> None:
    made = movements.draft(shipments.trader(), in_force(wire).pk, planned_on=PLANNED, announced_kg="20000")
    mine = signed_in(shipments.trader())
    for _twice in range(2):
        assert put(mine, where(made, "attach/"), kind="packing_list", key="once").status_code == 302
    wire.settle()
    assert Attachment.objects.count() == 1
    movements.announce(shipments.trader(), made.pk, revision=again(made).revision)
    wire.settle()
    for code in ("SG", "DE"):
        [file] = on(made, code)
        assert (file.name, file.kind, file.told_by, file.size) == ("box.png", "packing_list", "TH", len(PHOTO))
        assert shipments.folded(at(made, code)) == "announced"


def test_every_party_adds_files_and_each_state_hands_them_to_the_others(wire: Wire) -> None:
    made = announced(wire, in_force(wire))
    for who in (shipments.trader(), shipments.customs("SG"), shipments.facility()):
        mine = at(made, who.state)
        data = PHOTO + who.state.encode()
        assert put(signed_in(who), where(mine, "attach/"), data, name=f"{who.state}.png").status_code == 302
    wire.settle()
    officer = signed_in(actor("DE"))
    shown = page(officer, where(made))
    for code in shipments.STATES:
        assert {(one.name, one.told_by) for one in on(made, code)} == {
            (f"{name}.png", "" if name == code else name) for name in shipments.STATES
        }
        assert f"{code}.png" in shown
    file = next(one for one in on(made, "DE") if one.told_by == "SG")
    assert opened(officer, where(made, f"files/{file.pk}/")) == PHOTO + b"SG"
    entry = JournalEntry.objects.filter(holder="DE", type="movement.attached").get(state="SG")
    assert entry.payload["files"][0]["sha256"] == file.sha256
    # What another State sent is for authorities; a stranger, and another State, find nothing at all.
    consignee = signed_in(actor("DE", "consignee", "clerk"))
    assert "DE.png" in page(consignee, where(made))
    assert "SG.png" not in page(consignee, where(made))
    assert consignee.get(where(made, f"files/{file.pk}/")).status_code == 404
    stranger = signed_in(actor("DE", "notifier", "clerk", "stranger"))
    assert stranger.get(where(made, "attach/")).status_code == 404
    assert signed_in(actor("SG")).get(where(made, f"files/{file.pk}/")).status_code == 404
    # It is no file of the notification.
    assert "SG.png" not in page(officer, f"/notifications/{made.case}/")


def test_a_file_whose_bytes_did_not_come_is_asked_for_again(wire: Wire) -> None:
    made = announced(wire, in_force(wire))
    put(signed_in(shipments.trader()), where(made, "attach/"))
    wire.settle()
    [file] = on(made, "DE")
    files.path_of(file.sha256).unlink()
    officer = signed_in(actor("DE"))
    shown = page(officer, where(made))
    assert "has not come" in shown
    assert where(made, f"files/{file.pk}/fetch/") in shown
    assert officer.get(where(made, f"files/{file.pk}/")).status_code == 404
    answer = officer.post(where(made, f"files/{file.pk}/fetch/"), follow=True).content.decode()
    assert "It is asked for." in answer or "The file is here." in answer


@pytest.mark.parametrize(
    ("data", "media", "kind", "said"),
    [
        (b"MZ a program", "image/png", "photo", "is not what it says it is"),
        (b"PK", "application/zip", "photo", "is not taken"),
        (PHOTO + b" " * 40, "image/png", "photo", "too large"),
        (PHOTO, "image/png", "contract", "Select a valid choice"),
    ],
)
def test_a_file_that_is_refused_says_why(
    data: bytes, media: str, kind: str, said: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = movements.draft(shipments.trader(), in_force(wire).pk, planned_on=PLANNED, announced_kg="20000")
    monkeypatch.setattr(evidence, "LARGEST", len(PHOTO))
    answer = put(signed_in(shipments.trader()), where(made, "attach/"), data, kind, media=media)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Attachment.objects.exists()


def told(made: Movement, sender: str, *, serial: int | None = None, start: int = 0, number: int = 1) -> None:
    named = {"name": "a", "media_type": "text/plain", "size": 1, "kind": "photo"}
    body = {
        "serial": serial or made.serial,
        "files": [{**named, "sha256": f"{n:064x}"} for n in range(start, start + number)],
    }
    kind = registry.messages["movement.attached"]
    with transaction.atomic():
        kind.handler(Message(str(uuid7()), sender, "DE", made.case, 1, kind.name, body, times.now()))


def test_files_come_from_states_of_the_route_alone_and_wait_for_their_movement(wire: Wire) -> None:
    made = announced(wire, in_force(wire))
    actor("VN")
    with pytest.raises(Rejected, match="no part"):
        told(made, "VN")
    told(made, "TH", serial=2)
    assert EarlyFact.objects.filter(holder="DE", type="movement.attached").count() == 1
    for start in (0, 50):
        told(made, "TH", start=start, number=50)
        told(made, "TH", start=start, number=50)  # the same again changes nothing
    assert len(on(made, "DE")) == 100
    with pytest.raises(Rejected, match="100 files"):
        told(made, "TH", start=100)


def test_the_api_adds_and_lists_files_of_a_movement(client: Client, wire: Wire) -> None:
    made = announced(wire, in_force(wire))
    headers = {**calls("TH", "notifier"), "Idempotency-Key": "file"}
    said = {"movement_id": str(made.pk), "kind": "weighbridge", "name": "w.txt", "media_type": "text/plain"}
    body = {**said, "data": base64.b64encode(b"20010 kg").decode()}
    first = post(client, "/commands/movement/attach", body, headers)
    assert first.status_code == 200, first.content
    assert post(client, "/commands/movement/attach", body, headers).json()["id"] == first.json()["id"]
    wrong = post(client, "/commands/movement/attach", {**body, "kind": "permit"}, calls("TH", "notifier"))
    assert problem(wrong, "refused")["field"] == "kind"
    wire.settle()
    for code in ("TH", "DE"):
        found = read(client, f"/movements/{made.case}/{made.serial}", calls(code, "competent_authority"))["files"]
        assert [(one["name"], one["kind"], one["size"]) for one in found] == [("w.txt", "weighbridge", 8)]


# ── joint inspections ────────────────────────────────────────────────────────────────────────────────────────


def test_the_agencies_of_an_inspection_keep_its_files(client: Client, wire: Wire) -> None:
    for code in ("TH", "DE"):
        state(code)
    office, authority = shipments.customs("DE"), actor("DE")
    route = [{"state": "TH", "role": "export"}, {"state": "DE", "role": "import"}]
    row = consignments.register(office, declaration="26DE1", load=LOAD, route=route)
    consignments.joint_inspection(office, row.pk, place="Pier 4", at=DAY)
    made = JointInspection.objects.get()
    act = f"/inspections/{made.pk}/attach/"
    assert put(signed_in(office), act, kind="report").status_code == 302
    stranger = actor("DE", "agency", "clerk")
    assert "Only an agency that takes part" in put(signed_in(stranger), act).content.decode()
    [file] = Attachment.objects.all()
    assert (file.subject_id, file.case) == (made.pk, row.case)
    shown = page(signed_in(authority), f"/consignments/{row.reference}/")
    assert f"/inspections/{made.pk}/files/{file.pk}/" in shown
    assert opened(signed_in(authority), f"/inspections/{made.pk}/files/{file.pk}/") == PHOTO
    assert signed_in(actor("TH")).get(f"/inspections/{made.pk}/files/{file.pk}/").status_code == 404
    found = read(client, f"/consignments/{row.reference}", calls("DE", "competent_authority"))
    assert [one["name"] for one in found["inspections"][0]["files"]] == ["box.png"]


# ── applications ─────────────────────────────────────────────────────────────────────────────────────────────


def application(code: str = "ID") -> Permit:
    return permits.draft(actor(code, "consignee", "clerk"), "import", content={"hs": ["3915"], "quantity_kg": "5000"})


def test_the_reviewer_sees_which_papers_are_there_and_which_are_missing(client: Client, wire: Wire) -> None:
    row = application()
    assert applications.papers_asked(row) == {
        "API-P": "ID-IMP-24-2025", "REKOM_ENV": "ID-IMP-REKOM", "REKOM_IND": "ID-IMP-REKOM",
    }  # fmt: skip
    mine, own = signed_in(actor("ID", "consignee", "clerk")), f"/permits/{row.pk}/"
    assert page(mine, own).count("missing</span>") == 3
    assert put(mine, f"{own}attach/", kind="REKOM_ENV", name="recommendation.png").status_code == 302
    assert put(mine, f"{own}attach/", PHOTO + b"2", kind="other", name="plan.png").status_code == 302
    assert put(mine, f"{own}attach/", PHOTO + b"3", kind="AP").status_code == 422
    permits.apply(actor("ID", "consignee", "clerk"), row.pk, revision=again(row).revision)
    shown = page(signed_in(actor("ID")), own)
    assert (shown.count("missing</span>"), shown.count("attached</span>")) == (2, 1)
    assert "recommendation.png" in shown
    assert "plan.png" in shown
    found = read(client, f"/permits/{row.pk}", calls("ID", "competent_authority"))
    assert [(one["rule"], len(one["files"])) for one in found["papers"]] == [
        ("ID-IMP-24-2025", 0), ("ID-IMP-REKOM", 1), ("ID-IMP-REKOM", 0),
    ]  # fmt: skip
    assert [one["name"] for one in found["files"]] == ["recommendation.png", "plan.png"]
    file = Attachment.objects.get(kind="REKOM_ENV")
    assert opened(signed_in(actor("ID")), f"{own}files/{file.pk}/") == PHOTO
    assert signed_in(actor("ID", "consignee", "clerk", "stranger")).get(f"{own}files/{file.pk}/").status_code == 404


def test_a_paper_is_taken_away_before_the_application_is_handed_in_and_never_after(wire: Wire) -> None:
    row = application()
    mine, own = signed_in(actor("ID", "consignee", "clerk")), f"/permits/{row.pk}/"
    put(mine, f"{own}attach/", kind="other")
    file = Attachment.objects.get()
    assert mine.post(f"{own}detach/", {"file": str(file.pk), "key": "once"}).status_code == 302
    assert not Attachment.objects.exists()
    put(mine, f"{own}attach/", kind="other")
    permits.apply(actor("ID", "consignee", "clerk"), row.pk, revision=again(row).revision)
    late = {"file": str(Attachment.objects.get().pk), "key": "late"}
    assert mine.post(f"{own}detach/", late).status_code == 422
    assert Attachment.objects.count() == 1


def test_a_paper_is_asked_for_while_its_rule_is_in_force(wire: Wire) -> None:
    assert applications.papers_asked(application("TH")) == {}  # both rules of Thailand ended with 2024
    assert list(applications.papers_asked(application("LK"))) == ["EPL", "LAB_REPORT"]
