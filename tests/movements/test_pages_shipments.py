"""The pages of movements, through the client: list, one shipment, its acts, its paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.movements import shipments
from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import Wire, wired
from tests.movements.shipments import DAY, again, announced, arrived, departed, in_force, there
from tidegate.movements.models import Breach, Correction, Movement
from tidegate.parties import times

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_second_factor(settings: Any) -> None:
    settings.TIDEGATE_SECOND_FACTOR = False


@pytest.fixture
def wire() -> Iterator[Wire]:
    with wired() as found, times.at(DAY):
        yield found


def trader() -> Client:
    return signed_in(shipments.trader())


def at(row: Movement, act: str = "") -> str:
    return f"/movements/{row.case}/{row.serial}/{act}"


def test_a_shipment_goes_its_way_page_by_page(wire: Wire) -> None:
    row = in_force(wire)
    owner = trader()
    assert "No movement yet" in page(owner, "/movements/")
    assert row.number in page(owner, "/movements/new/")
    send(owner, f"/movements/new/?case={row.case}", planned_on="2027-03-15", announced_kg="20000",
         containers="MSCU 123456-7", carriers=["0"])  # fmt: skip
    made = Movement.objects.get(holder="TH", case=row.case)
    text = page(owner, at(made))
    assert "20,000 kg" in text
    assert f"{at(made)}announce/" in text
    assert f"{at(made)}hold/" not in text
    send(owner, at(made, "announce/"))
    wire.settle()
    assert again(made).status == "announced"
    assert made.particulars["containers"] == ["MSCU 123456-7"]
    send(owner, at(made, "amend/"), announced_kg="19000")
    assert again(made).announced_kg == 19000
    assert again(made).particulars["containers"] == ["MSCU 123456-7"]
    send(owner, at(made, "depart/"), loaded_kg="19010.5", at="2027-03-01T10:00")
    wire.settle()
    assert again(made).departed_at.isoformat() == "2027-03-01T03:00:00+00:00"
    customs = signed_in(shipments.customs("SG"))
    send(customs, at(made, "pass-border/"), leaving="no", place="Tuas")
    wire.settle()
    plant = signed_in(shipments.facility())
    send(plant, at(made, "arrive/"))
    send(plant, at(made, "receive/"), received_kg="19000", accepted_kg="18000", rejected_kg="900", status=422)
    text = send(plant, at(made, "receive/"), received_kg="19000", accepted_kg="19000")
    wire.settle()
    send(plant, at(made, "complete/"), code="R3", final="yes", input_kg="19000")
    wire.settle()
    text = page(owner, at(made))
    for wanted in ("19,010.5 kg", "-10.5 kg", "Tuas", "Recovered or disposed of", "Movement document"):
        assert wanted in text, wanted
    assert again(made).status == "completed"
    paper = owner.get(at(made, "paper.pdf"))
    assert paper["Content-Type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF")


def test_a_refusal_stands_at_its_field_and_a_conflict_says_so(wire: Wire) -> None:
    row = in_force(wire)
    owner = trader()
    text = send(owner, f"/movements/new/?case={row.case}", status=422, planned_on="2027-03-15", announced_kg="20,5")
    assert "not a mass in kilograms" in text
    made = announced(wire, row)
    assert "Somebody else changed it meanwhile" in send(owner, at(made, "amend/"), status=409, revision=1)
    text = send(owner, at(made, "amend/"), status=422, announced_kg="99000000")
    assert "Not enough is left" in text


def test_the_same_form_twice_is_done_once(wire: Wire) -> None:
    row = in_force(wire)
    owner = trader()
    address = f"/movements/new/?case={row.case}"
    given = {"planned_on": "2027-03-15", "announced_kg": "1000", "key": "one"}
    assert [owner.post(address, given).status_code for _again in range(2)] == [302, 302]
    assert Movement.objects.filter(holder="TH", case=row.case).count() == 1


def test_acts_are_for_those_who_have_the_right(wire: Wire) -> None:
    made = departed(wire, in_force(wire))
    owner, customs = trader(), signed_in(shipments.customs("SG"))
    assert owner.get(at(made, "hold/")).status_code == 403
    assert "Hold" in page(customs, at(made))
    send(customs, at(made, "hold/"), status=422, reason="")
    send(customs, at(made, "hold/"), reason="Sampled")
    wire.settle()
    assert "Sampled" in page(owner, at(made))
    assert again(made).status == "held"
    stranger = signed_in(shipments.actor("TH", "notifier", "clerk", "TH-stranger"))
    assert stranger.get(at(made)).status_code == 404
    assert Client().get(at(made)).status_code == 302


def test_breaches_are_closed_and_corrections_answered(wire: Wire) -> None:
    made = arrived(wire, in_force(wire))
    plant, authority = signed_in(shipments.facility()), signed_in(shipments.actor("DE"))
    send(plant, at(made, "receive/"), received_kg="15000", accepted_kg="15000")
    wire.settle()
    text = page(authority, at(made))
    assert "What was received differs" in text
    breach = Breach.objects.get(holder="DE", kind="quantity_difference")
    assert made.case in page(authority, "/movements/?flagged=1")
    for shown in (text, page(authority, f"/breaches/{breach.pk}/")):
        assert all(words in shown for words in ("Tolerated, %", "15,000 kg", "nobody"))
        assert not any(name in shown for name in ("tolerance_pct", "set_by", "received_kg:"))
    send(authority, f"/breaches/{breach.pk}/", reason="Wet cargo dried on the way")
    assert again(breach).closed_at is not None
    assert plant.get(f"/breaches/{breach.pk}/").status_code == 403
    send(plant, at(made, "correct/"), received_kg="19990", accepted_kg="19990", reason="Wrong weighbridge ticket")
    wire.settle()
    correction = Correction.objects.get(holder="TH")
    exporter = signed_in(shipments.actor("TH"))
    assert "Wrong weighbridge ticket" in page(exporter, at(made))
    send(exporter, f"/corrections/{correction.pk}/answer/", approved="yes")
    send(signed_in(shipments.actor("SG")), f"/corrections/{Correction.objects.get(holder='SG').pk}/answer/",
         approved="yes")  # fmt: skip
    wire.settle()
    assert again(there(made)).received_kg == 19990


def test_movements_are_found(wire: Wire) -> None:
    made = announced(wire, in_force(wire), particulars={"containers": ["MSCU1234567"]})
    owner = trader()
    for asked in (made.case, f"{made.case}/{made.serial}", "Example consignee"):
        assert at(made) in page(owner, f"/movements/?q={asked}"), asked
    assert "Nothing found" in page(owner, "/movements/?q=ZZZ9")
    assert "Nothing found" in page(owner, "/movements/?status=completed")
