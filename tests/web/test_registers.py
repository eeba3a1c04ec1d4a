"""Registers asked from the pages and the API: who is answered, what is shown beside the verdict, and who sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.movements.cases import actor, organisation
from tests.movements.test_registers import IMPORTER, LOAD, NOON, OTHER, PLANT, permit, plant, shown
from tests.web.batches import page as parsed
from tests.web.batches import text
from tidegate.cli import main
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commands.agents import digest_of_secret
from tidegate.parties.models import AccessKey
from tidegate.web.batch.models import Batch
from tidegate.web.jobs.worker import Worker

CHECK = (
    "/?from=JP&to=TH&date=2024-06-15&hs=391510&mix=PE:99.5&foreign=0.5&op=R3&waste=y&hazardous=n&halogenated=n"
    f"&net_kg=20000&declared_entry=B3011&consignee.id={IMPORTER}&facility.id={PLANT}&f.zone=free+zone"
    "&f.separate_recycling=y&f.output_exported=y&f.to_specification=y&doc=TH_IMPORT_LICENCE;number:L-7"
)


@pytest.fixture
def noon(db: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    with times.at(NOON):
        yield


def signed_in(who: Actor) -> Client:
    client = Client()
    assert who.person is not None
    client.force_login(who.person)
    return client


def customs() -> Actor:
    return actor("TH", "customs", "clerk")


# ── the check page ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_check_page_shows_answers_with_source_and_moment(noon: None) -> None:
    permit("L-7", "50000", status="revoked", status_at=NOON - timedelta(days=3))
    plant(capacity_kg_year=None)
    tree = parsed(signed_in(customs()).get(CHECK))
    said = text(tree.get_element_by_id("told"))
    assert "revoked" in said
    assert "L-7" in said
    assert "TH: register of permits" in said
    assert "as of 15 June 2024" in said
    assert "Is the plant on the list of approved plants? TH-facility-1" in said
    assert "By the register the TH_IMPORT_LICENCE shown is revoked" in text(tree.get_element_by_id("alerts"))
    field = tree.get_element_by_id("consignee-id")
    assert (field.get("name"), field.get("value")) == ("consignee.id", IMPORTER)


def test_who_may_not_ask_sees_the_page_as_it_was(noon: None) -> None:
    permit("L-7", status="revoked")
    public = Client().get(CHECK).content.decode()
    assert "register of permits" not in public
    assert 'id="register-form"' not in public
    assert f'name="consignee.id" value="{IMPORTER}"' in public  # handed on, unseen, as before
    stranger = signed_in(actor("TH", "consignee", "clerk", OTHER)).get(CHECK).content.decode()
    assert "they hold nothing under the numbers given" in stranger
    own = text(parsed(signed_in(actor("TH", "consignee", "clerk", IMPORTER)).get(CHECK)).get_element_by_id("told"))
    assert "revoked" in own


def test_the_decision_on_paper_says_that_registers_were_asked(noon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    permit("L-7", "50000")
    given: list[Any] = []

    def write(decision: Any, *_: Any, **__: Any) -> bytes:
        given.append(decision)
        return b"%PDF"

    monkeypatch.setattr("tidegate.paper.decision_pdf", write)
    address = reverse("check:pdf") + CHECK[1:]
    signed_in(customs()).get(address)
    Client().get(address)
    asked, public = ({a["rule"]: a["text"] for a in decision["alerts"]} for decision in given)
    assert "TH: register of permits, 2024-06-15 05:00 UTC" in asked["REGISTERS-ASKED"]
    assert "REGISTERS-ASKED" not in public


# ── the API ────────────────────────────────────────────────────────────────────────────────────────────────


def key_of(who: Actor, *rights: str) -> dict[str, str]:
    assert who.organisation is not None
    secret = f"secret-{who.organisation.registration}-{'-'.join(rights)}"
    AccessKey.objects.create(
        holder_id=who.state, organisation=who.organisation, label="x", role="viewer", rights=list(rights),
        digest=digest_of_secret(secret), valid_from=date(2024, 1, 1), valid_until=date(2024, 12, 31),
    )  # fmt: skip
    return {"authorization": f"Bearer {secret}"}


def call(path: str, value: Any, headers: dict[str, str] | None = None, client: Client | None = None) -> Any:
    return (client or Client()).post(
        f"/api/v1/{path}", json.dumps(value), content_type="application/json", headers=headers or {}
    )


def test_the_api_asks_registers_for_a_key_that_may(noon: None) -> None:
    permit("L-7", "19000")
    key = key_of(customs())
    plain = call("screen", shown("L-7"), key).json()
    assert plain == call("screen", shown("L-7")).json()
    asked = call("screen?registers=true", shown("L-7"), key).json()
    assert asked["register_answers"][0]["answer"] == "too little left"
    assert {a["rule"] for a in asked["alerts"]} == {"REGISTER-LEFT"}
    nobody = call("screen?registers=true", shown("L-7"))
    assert (nobody.status_code, nobody["Content-Type"]) == (401, "application/problem+json")
    assert call("screen?registers=true", shown("L-7"), {"authorization": "Bearer wrong"}).status_code == 401
    limited = key_of(customs(), "movements.border.check")
    assert call("screen?registers=true", shown("L-7"), limited).status_code == 403


def test_a_batch_over_the_api_is_answered_as_each_of_its_rows(noon: None, django_assert_max_num_queries: Any) -> None:
    permit("L-7", "50000")
    permit("L-8", status="suspended")
    plant()
    key = key_of(customs())
    rows = [{**shown(n), "id": str(i), "net_kg": 1000 * i} for i, n in enumerate(["L-7", "L-8", "L-9"] * 20, start=1)]
    rows.append({**LOAD, "id": "forged", "register_answers": "mine"})
    rows.append({**LOAD, "date": "x"})
    with django_assert_max_num_queries(40):
        many = call("screen/batch?registers=true", rows, key).json()
    for row, got in zip(rows, many, strict=True):
        one = call("screen?registers=true", row, key).json()
        if "error" not in got:
            assert {k: v for k, v in got.items() if k != "row"} == one
    assert many[-2]["source.register_answers"] == "mine"
    assert all(a["answered_by"].startswith("TH: ") for a in many[-2]["register_answers"])
    assert call("screen/batch?registers=true", rows).status_code == 401


# ── the batch page ─────────────────────────────────────────────────────────────────────────────────────────


def uploaded(client: Client) -> Batch:
    from django.core.files.uploadedfile import SimpleUploadedFile

    rows = [{**shown(number), "id": number} for number in ("L-7", "L-8", "L-404")]
    rows.append({**LOAD, "id": "forged", "facility": {}, "register_answers": '[{"document": "AP", "answer": "valid"}]'})
    data = "\n".join(json.dumps(row) for row in rows).encode()
    client.post("/batch/upload/", {"files": [SimpleUploadedFile("lines.jsonl", data)]})
    return Batch.objects.get()


def test_a_batch_asks_the_registers_where_that_was_chosen(noon: None) -> None:
    permit("L-7", "50000")
    permit("L-8", status="suspended")
    office = signed_in(customs())
    batch = uploaded(office)
    assert 'name="registers"' in office.get(f"/batch/{batch.token}/columns/").content.decode()
    office.post(f"/batch/{batch.token}/columns/", {"do": "start", "registers": "y"})
    Worker("test").drain()
    batch.refresh_from_db()
    assert batch.state == "done"
    assert "TH: registers, as of 2024-06-15T05:00Z" in text(parsed(office.get(f"/batch/{batch.token}/")))
    second = parsed(office.get(f"/batch/{batch.token}/rows/2/"))
    row = text(second.get_element_by_id("told"))
    changes = text(second.xpath("//section[@aria-labelledby='changes-title']")[0])
    assert "Registers were asked, and their answers are not kept" in changes
    assert "stays the same" not in changes
    assert "suspended" in row
    assert "TH: register of permits" in row
    assert b'id="told"' not in office.get(f"/batch/{batch.token}/rows/4/").content  # nobody's answer
    # What registers answered is for that organisation alone, also where a batch is open to all.
    assert Client().get(f"/batch/{batch.token}/").status_code == 404
    assert signed_in(actor("JP", "customs", "clerk")).get(f"/batch/{batch.token}/").status_code == 404
    office.logout()
    assert office.get(f"/batch/{batch.token}/").status_code == 404


def test_who_may_not_ask_cannot_choose_to(noon: None) -> None:
    permit("L-8", status="suspended")
    public = Client()
    batch = uploaded(public)
    assert 'name="registers"' not in public.get(f"/batch/{batch.token}/columns/").content.decode()
    public.post(f"/batch/{batch.token}/columns/", {"do": "start", "registers": "y"})
    Worker("test").drain()
    batch.refresh_from_db()
    assert (batch.state, batch.asked_for) == ("done", "")
    assert b"register of permits" not in public.get(f"/batch/{batch.token}/rows/2/").content


def test_a_right_that_ended_before_the_worker_came_ends_the_batch(noon: None) -> None:
    who = customs()
    office = signed_in(who)
    batch = uploaded(office)
    office.post(f"/batch/{batch.token}/columns/", {"do": "start", "registers": "y"})
    who.person.memberships.update(valid_until=date(2024, 6, 1))  # type: ignore[union-attr]
    Worker("test").drain()
    batch.refresh_from_db()
    assert batch.state == "failed"


# ── the command line ───────────────────────────────────────────────────────────────────────────────────────


def test_the_command_asks_our_registers(noon: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    permit("L-8", status="suspended")
    organisation("TH", "customs")
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(shown("L-8")) + "\n")
    asks = ["screen", str(source), "-o", str(out), "--quiet", "--register", "our"]
    assert main([*asks, "--acting", "TH:TH-customs-1"]) == 0
    assert json.loads(json.loads(out.read_text())["register_answers"])[0]["answer"] == "suspended"
    for more, said in (
        ([], "say which organisation asks"),
        (["--acting", "TH:nobody"], "no organisation of this registration number"),
    ):
        assert main([*asks, *more]) == 2
        assert said in capsys.readouterr().err
    assert main(["screen", str(source), "-o", str(out), "--acting", "TH:TH-customs-1"]) == 2
    assert "only `--register our` asks" in capsys.readouterr().err
    folder = tmp_path / "plants"
    folder.mkdir()
    (folder / "p.csv").write_text(f"fact,about,subject,value\nplant_on_approved_list,facility,{PLANT},false\n")
    assert main([*asks, "--register", str(folder), "--acting", "TH:TH-customs-1"]) == 0
    assert "plant_on_approved_list" in out.read_text()


# ── in a browser ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.ci
def test_an_officer_asks_about_a_permit(live_server: Any, open_context: Any, axe: Any, settings: Any) -> None:
    settings.TIDEGATE_SECOND_FACTOR = False
    permit("L-7", status="revoked", status_at=NOON - timedelta(days=3))
    plant(capacity_kg_year=Decimal(1))
    who = actor("TH", "customs", "clerk")
    client = signed_in(who)
    for width in (1280, 390):
        context = open_context(width=width)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.goto(live_server.url + CHECK.replace(";number:L-7", "").replace(f"&facility.id={PLANT}", ""))
        page.get_by_label("Plant of destination").fill(PLANT)
        page.get_by_label("Plant of destination").press("Tab")
        page.locator("#told", has_text="Is the plant on the list").wait_for()
        assert axe(page) == []
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow == 0
        assert "as of" in page.locator("#told").inner_text()
