"""What a shipment says of itself: what the notification leaves open, who signs, what parties remark, which carrier."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from tests.movements import cases, shipments
from tests.movements.browsing import page, send, signed_in
from tests.movements.cases import Wire, actor, wired
from tests.movements.shipments import (
    DAY,
    STATES,
    again,
    arrived,
    at,
    breaches,
    carrier,
    customs,
    departed,
    everywhere,
    facility,
    folded,
    in_force,
    statuses,
    there,
    trader,
)
from tidegate.movements import border, rounds
from tidegate.movements.commands import movements
from tidegate.movements.models import Clock, Movement, Notification
from tidegate.parties import times
from tidegate.parties.commanding import Forbidden, Refused

pytestmark = pytest.mark.django_db

SECOND = {**cases.party("DE", "second"), "site": "3 Sample Street", "interim": True}
LINE = {**cases.party("TH", "carrier"), "means": ["R"]}
SHIP = {**cases.party("TH", "line"), "registration": "TH-line-1", "means": ["S"]}


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.code == code, (caught.value.code, str(caught.value.text), caught.value.expected)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with wired() as found, times.at(DAY):
        yield found


def consented(wire: Wire, *conditions: dict[str, Any], leaves: str, **more: Any) -> Notification:
    """In force, with these points of exit; the State of import has consented with conditions."""
    row = cases.drafted(shipments.ROUTE, **more)
    route = cases.content(shipments.ROUTE)["route"]
    cases.notifications.save(trader(), row.pk, content={"route": [{**route[0], "exit": leaves}, *route[1:]]})
    cases.notifications.submit(trader(), row.pk)
    cases.notifications.transmit(actor("TH"), row.pk)
    wire.settle()
    for code in STATES:
        cases.notifications.acknowledge(actor(code), cases.copy(row, code).pk)
        wire.settle()
        said: dict[str, Any] = {}
        if code == "DE":
            said = {"outcome": "consented_with_conditions", "conditions": list(conditions)}
        cases.decide(row, code, **said)
        wire.settle()
    cases.guarantees.confirm_contract(actor("DE"), cases.copy(row, "DE").pk, number="K-1")
    wire.settle()
    rounds.tick()
    wire.settle()
    return cases.copy(row, "TH")


def found(row: Movement) -> set[str]:
    """The kinds of breaches that are open in every State's copy."""
    kinds = [breaches(code, at(row, code)) for code in STATES]
    assert kinds == [kinds[0]] * len(STATES)
    return kinds[0]


def several(wire: Wire) -> Notification:
    """Two ports of exit, two facilities, two operations; consented to for the second of each."""
    return consented(
        wire,
        {"kind": "route", "points": ["other port"]},
        {"kind": "facility", "facilities": ["Example second of DE"]},
        {"kind": "operation", "operations": ["R12"]},
        leaves="Port of TH; Other port", further_facilities=[SECOND], operations=["R3", "R12"],
    )  # fmt: skip


CHOSEN = {"points": {"TH": {"exit": "other  port"}}, "facility": "example second of DE", "operation": "r12"}


def test_a_shipment_is_held_against_what_it_says_of_itself(wire: Wire) -> None:
    row = several(wire)
    made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000")
    for name in CHOSEN:  # each of them is needed: what it does not say is the notification's first
        with refused("condition"):
            movements.announce(trader(), made.pk, particulars={n: v for n, v in CHOSEN.items() if n != name})
    for wrong in ({"points": {"TH": {"exit": "Third port"}}}, {"facility": "Elsewhere"}, {"operation": "R1"},
                  {"points": {"DE": {"exit": "port of DE"}}}):  # fmt: skip
        with refused("particulars"):
            movements.announce(trader(), made.pk, particulars={**CHOSEN, **wrong})
    movements.announce(trader(), made.pk, particulars=CHOSEN)
    wire.settle()
    kept = {"points": {"TH": {"exit": "Other port"}}, "facility": "DE-second-1", "operation": "R12"}
    for code in STATES:
        assert at(made, code).particulars == kept
    with refused("condition"):
        movements.amend(trader(), made.pk, particulars={"operation": "R3"})
    with refused("condition"):  # and again at the departure
        movements.depart(trader(), made.pk, loaded_kg="20000", particulars={"facility": "Example facility of DE"})
    movements.depart(trader(), made.pk, loaded_kg="20000")
    wire.settle()
    answer = border.check(customs("DE"), f"{row.case}/1")[0]
    assert [one.met for one in answer.conditions] == [True, True, True]
    # What customs see leave otherwise is stored.
    Movement.objects.filter(holder="DE", serial=1).update(particulars={**kept, "facility": "Example facility of DE"})
    answer = border.check(customs("DE"), f"{row.case}/1")[0]
    assert (answer.answer, [one.met for one in answer.conditions]) == ("not_valid", [True, False, True])


def test_the_form_offers_what_the_notification_leaves_open(wire: Wire) -> None:
    row = several(wire)
    owner = signed_in(trader())
    send(owner, f"/movements/new/?case={row.case}", planned_on="2027-03-15", announced_kg="20000")
    made = Movement.objects.get(holder="TH", case=row.case)
    address = f"/movements/{row.case}/1/"
    assert made.particulars["points"] == {"TH": {"exit": "Port of TH"}}, "the first, unless another is chosen"
    send(owner, f"{address}announce/", 422)
    send(owner, f"{address}announce/", exit_TH="Other port", facility="DE-second-1", operation="R12")
    wire.settle()
    assert statuses(made) == everywhere("announced")
    text = page(owner, address)
    assert "Other port" in text
    assert "Example second of DE" in text
    plain = in_force(wire)
    assert "exit_TH" not in page(owner, f"/movements/new/?case={plain.case}"), "nothing is asked where nothing is open"


def test_another_facility_or_operation_than_consented_opens_a_breach(wire: Wire) -> None:
    row = several(wire)

    def there_() -> Movement:
        made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000", particulars=CHOSEN)
        movements.announce(trader(), made.pk)
        movements.depart(trader(), made.pk, loaded_kg="20000")
        wire.settle()
        movements.arrive(facility(), there(made).pk)
        return made

    as_said, elsewhere, other = there_(), there_(), there_()
    weighed = {"received_kg": "20000", "accepted_kg": "20000"}
    final = {"final": True, "input_kg": "20000"}
    movements.receive(facility(), there(as_said).pk, **weighed)
    movements.complete(facility(), there(as_said).pk, code="R12", facility="DE-second-1", **final)
    movements.receive(facility(), there(elsewhere).pk, **weighed, facility="Example facility of DE", operation="R12")
    movements.receive(facility(), there(other).pk, **weighed)
    wire.settle()
    assert found(elsewhere) == {"condition"}
    assert found(other) == set()
    movements.complete(facility(), there(other).pk, code="R3", facility="Example second of DE", **final)
    wire.settle()
    assert found(other) == {"condition"}
    assert found(as_said) == set()
    assert statuses(other) == everywhere("completed"), "what was done is recorded all the same"


# ── the certificate ──────────────────────────────────────────────────────────────────────────────────────────


def treated(wire: Wire, days: float = 0, **certificate: Any) -> Movement:
    """Received and recovered on DAY; recorded some days later."""
    made = arrived(wire, in_force(wire))
    movements.receive(facility(), there(made).pk, received_kg="20000", accepted_kg="20000")
    wire.settle()
    with times.at(DAY + timedelta(days=days)):
        movements.complete(
            facility(), there(made).pk, code="R3", final=True, input_kg="20000", facility="Example plant",
            at=DAY.isoformat(), **certificate,
        )  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("days", "said", "late"),
    [(30, {}, False), (31, {}, True), (30, {"certified_on": "2027-03-05"}, False),
     (31, {"certified_on": "2027-03-31"}, True)],
)  # fmt: skip
def test_a_certificate_comes_within_thirty_days(wire: Wire, days: int, said: dict[str, str], late: bool) -> None:
    """Regulation (EU) 2024/1157, Art. 38, whose State is that of import; the last day is the 31st of March."""
    made = treated(wire, days, certified_by="A. Example", **said)
    with times.at(DAY + timedelta(days=days)):
        wire.settle()
    kinds = {"late_certificate"} if late else set()
    assert found(made) == kinds
    assert statuses(made) == everywhere("completed")
    day = datetime.fromisoformat(said.get("certified_on") or (DAY + timedelta(days=days)).date().isoformat()).date()
    assert {(at(made, c).certified_on, at(made, c).certified_by) for c in STATES} == {(day, "A. Example")}


def test_a_certificate_that_is_long_on_its_way_is_late_where_it_comes_late(wire: Wire) -> None:
    made = treated(wire, 29)
    with times.at(DAY + timedelta(days=40)):
        wire.settle()
    assert [breaches(code, at(made, code)) for code in STATES] == [{"late_certificate"}, {"late_certificate"}, set()]


def test_a_certificate_comes_within_a_year_of_the_receipt(wire: Wire) -> None:
    made = arrived(wire, in_force(wire))
    movements.receive(facility(), there(made).pk, received_kg="20000", accepted_kg="20000")
    with times.at(DAY + timedelta(days=367)):
        movements.complete(facility(), there(made).pk, code="R3", final=True, input_kg="20000", facility="Plant")
    assert breaches("DE", there(made)) == {"late_certificate"}


def test_a_certificate_that_comes_after_the_operation_is_waited_for(wire: Wire) -> None:
    made = treated(wire, certified=False)
    wire.settle()
    running = Clock.objects.filter(holder="DE", subject_id=there(made).pk, ended_at=None)
    assert set(running.values_list("rule", flat=True)) == {"eu-2024-completion", "eu-2024-completion-latest"}
    with refused("certificate"):
        movements.close(actor("DE"), there(made).pk)
    plant = signed_in(facility())
    address = f"/movements/{made.case}/{made.serial}/"
    assert f"{address}certify/" in page(plant, address)
    with times.at(DAY + timedelta(days=31)):
        rounds.tick()
        wire.settle()
        assert found(made) == {"overdue"}
        with refused("day"):
            movements.certify(facility(), there(made).pk, certified_on="2027-02-28")
        movements.certify(facility(), there(made).pk, certified_by="A. Example", certified_on="2027-03-02")
        wire.settle()
        with refused("recorded"):
            movements.certify(facility(), there(made).pk)
    for code in STATES:
        assert breaches(code, at(made, code)) == {"overdue", "late_certificate"}
        assert (str(at(made, code).certified_on), at(made, code).status) == ("2027-03-02", "completed")
        assert folded(at(made, code)) == "completed"
        assert not Clock.objects.filter(subject_id=at(made, code).pk, ended_at=None).exists()


# ── the document ─────────────────────────────────────────────────────────────────────────────────────────────


def test_who_signs_and_who_remarks_is_on_the_movement_document(wire: Wire) -> None:
    made = departed(wire, in_force(wire))
    consignee, plant = signed_in(actor("DE", "consignee", "clerk")), signed_in(facility())
    address = f"/movements/{made.case}/{made.serial}/"
    send(consignee, f"{address}consignee-receive/", place="Example yard", signed_by="B. Consignee")
    with refused("recorded"):
        movements.consignee_receive(actor("DE", "consignee", "clerk"), there(made).pk)
    send(plant, f"{address}arrive/")
    send(plant, f"{address}receive/", received_kg="20000", accepted_kg="20000", signed_by="C. Plant",
         expected_on="2027-04-30")  # fmt: skip
    send(plant, f"{address}complete/", code="R3", final="yes", input_kg="20000", facility="Example plant",
         certified_by="D. Signer")  # fmt: skip
    movements.remark(trader(), made.pk, text="Two bales were wet.", signed_by="E. Trader")
    movements.remark(customs("SG"), at(made, "SG").pk, text="Seal replaced.")
    wire.settle()
    for code in STATES:
        copy = at(made, code)
        assert (copy.received_by, copy.certified_by, str(copy.expected_on)) == ("C. Plant", "D. Signer", "2027-04-30")
        said = {(c.kind, c.person or c.note) for c in copy.custody.all()}
        assert said == {
            ("consignee", "B. Consignee"), ("arrival", ""), ("remark", "E. Trader"), ("remark", "Seal replaced.")
        }  # fmt: skip
    seen = page(plant, address)
    answer = plant.get(f"{address}paper.pdf")
    paper = " ".join(part.extract_text() for part in PdfReader(io.BytesIO(answer.content)).pages)
    for words in ("B. Consignee", "C. Plant", "D. Signer", "Two bales were wet.", "Seal replaced."):
        assert words in seen
        assert words in " ".join(paper.split())


def test_a_remark_is_for_the_parties_and_not_before_anybody_was_told(wire: Wire) -> None:
    row = in_force(wire)
    made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000")
    with refused("state"):
        movements.remark(trader(), made.pk, text="not yet")
    movements.announce(trader(), made.pk)
    with pytest.raises(Refused):
        movements.remark(actor("TH", "notifier", "clerk", "TH-stranger-1"), made.pk, text="a stranger")
    with pytest.raises(Forbidden):
        movements.remark(actor("TH", "notifier", "viewer"), made.pk, text="only reads")


def test_where_the_consignee_is_the_facility_it_records_the_receipt(wire: Wire) -> None:
    same = cases.party("DE", "facility", site="2 Sample Street")
    made = departed(wire, in_force(wire, importer=cases.party("DE", "facility"), facility=same))
    with refused("facility"):
        movements.consignee_receive(facility(), there(made).pk)


# ── carriers ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_carrier_records_its_own_leg_and_no_other(wire: Wire) -> None:
    cases.organisation("TH", "carrier", "TH-line-1")
    row = in_force(wire, carriers=[LINE, SHIP])
    other = actor("TH", "carrier", "clerk", "TH-line-1")
    made = shipments.announced(wire, row, particulars={"carriers": [LINE, SHIP]})
    address = f"/movements/{made.case}/{made.serial}/"
    assert f"{address}depart/" in page(signed_in(carrier()), address)
    assert f"{address}depart/" not in page(signed_in(other), address)
    with refused("leg"):
        movements.depart(other, made.pk, loaded_kg="20000")
    with refused("particulars"):
        movements.depart(carrier(), made.pk, loaded_kg="20000", particulars={"carriers": [SHIP]})
    movements.depart(carrier(), made.pk, loaded_kg="20000", particulars={"seals": ["S-1"]})
    wire.settle()
    assert statuses(made) == everywhere("in_transit")
    with refused("leg"):  # what it has not yet, it cannot hand on
        movements.transfer(other, made.pk, carrier="Somebody else")
    movements.transfer(other, made.pk, carrier="Example line of TH", registration="TH-line-1", signed_by="F. Mate")
    with refused("leg"):
        movements.transfer(carrier(), made.pk, carrier="Somebody else")
    third = actor("TH", "carrier", "clerk", "TH-third-1")
    movements.transfer(other, made.pk, carrier="Example third", registration="TH-third-1")
    movements.transfer(third, made.pk, carrier="Somebody else")
    wire.settle()
    chain = there(made).custody.filter(kind="transfer").values_list("carrier", "person")
    assert list(chain) == [("Example line of TH", "F. Mate"), ("Example third", ""), ("Somebody else", "")]
    assert again(made).status == "in_transit"
