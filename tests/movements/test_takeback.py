"""A load that must go home, from the finding to the end, over the States' own copies (invariants 29 to 32)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from tests.movements import cases
from tests.movements.cases import START, Wire, actor, organisation
from tests.movements.shipments import (
    DAY,
    STATES,
    again,
    announced,
    arrived,
    at,
    breaches,
    customs,
    departed,
    everywhere,
    facility,
    in_force,
    kg,
    statuses,
    there,
    trader,
)  # fmt: skip
from tidegate.movements import clocks, ledger, letters, machines, rounds
from tidegate.movements.calendars import calendar_of
from tidegate.movements.commands import guarantees, held_guarantees, movements, takeback
from tidegate.movements.models import Account, Attachment, Clock, CostLine, Movement, Notification, TakeBack
from tidegate.parties import times
from tidegate.parties.commanding import Refused
from tidegate.parties.models import JournalEntry

pytestmark = pytest.mark.django_db
PLAN = {"how": "return", "carrier": "Example line", "borne_by": "the exporter", "on": "2027-04-20"}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, settings: Any) -> None:
    assert django_settings.configured
    settings.TIDEGATE_DATA_DIR = tmp_path


@pytest.fixture
def wire() -> Iterator[Wire]:
    with cases.wired() as found, times.at(START):
        yield found


@pytest.fixture
def row(wire: Wire) -> Iterator[Notification]:
    found = in_force(wire)
    with times.at(DAY):
        yield found


def refused(code: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def of(case: TakeBack, code: str) -> TakeBack:
    """A State's copy of a case."""
    return TakeBack.objects.get(holder=code, case=case.case)


def last(clock: Clock) -> date:
    """The last day of a limit, where it counts."""
    assert clock.due_at is not None
    return calendar_of(clock.authority).day(clock.due_at)


def stands(case: TakeBack) -> dict[str, str]:
    return dict(TakeBack.objects.filter(case=case.case).values_list("holder", "status"))


def opened(wire: Wire, made: Movement, code: str = "DE", mass: str = "20000") -> TakeBack:
    case = takeback.open(
        customs(code), at(made, code).pk, finding="household waste", custody_place="Example port", custody_kg=mass
    )
    wire.settle()
    return again(case)


def informed(wire: Wire, made: Movement, basis: str = "art9_exporter", code: str = "DE") -> TakeBack:
    case = opened(wire, made, code)
    grounds = [] if basis == "art8" else ["d"]
    takeback.classify(actor(code), case.pk, basis=basis, grounds=grounds)
    takeback.inform(actor(code), case.pk)
    wire.settle()
    return again(case)


def agreed(wire: Wire, case: TakeBack, **more: Any) -> None:
    """A plan that every State has signed."""
    plan = {**PLAN, **more}
    by = case.opener if case.basis == "art9_importer" else "TH"
    takeback.plan(actor(by, role="clerk"), of(case, by).pk, **plan)
    wire.settle()
    number = of(case, "TH").plan_number
    for code in STATES:
        takeback.agree_plan(actor(code), of(case, code).pk, number=number)
        wire.settle()


def going_home(wire: Wire, case: TakeBack, mass: str = "20000") -> Movement:
    """Consents to the return, and its departure."""
    for code in STATES:
        takeback.consent_return(actor(code), of(case, code).pk, agreed=True)
        wire.settle()
    plant = organisation("TH", "facility").registration
    takeback.start_return(actor("TH"), of(case, "TH").pk, kg=mass, planned_on="2027-04-20", receiver=plant)
    wire.settle()
    return Movement.objects.get(holder="TH", take_back=True)


def test_an_illegal_load_goes_home(wire: Wire, row: Notification) -> None:
    made = arrived(wire, row)
    used = ledger.balance(Account.objects.get(holder="TH", reference=row.case)).used
    case = opened(wire, made)
    assert stands(case) == everywhere("opened")
    assert not Clock.objects.filter(subject="takeback").exists(), "no limit runs from the detection (invariant 30)"
    with refused("state"):
        takeback.inform(actor("DE"), case.pk)
    with refused("grounds"):
        takeback.classify(actor("DE"), case.pk, basis="art9_exporter")
    with refused("writer"):
        takeback.classify(actor("TH"), of(case, "TH").pk, basis="art9_exporter", grounds=["d"])
    takeback.classify(actor("DE"), case.pk, basis="art9_exporter", grounds=["c", "d"])
    takeback.add_evidence(customs("DE"), case.pk, name="photo.png", media_type="image/png",
                          data=b"\x89PNG\r\n\x1a\n rest")  # fmt: skip
    with refused("file"):
        takeback.add_evidence(customs("DE"), case.pk, name="x.pdf", media_type="application/pdf", data=b"MZ")
    told = DAY + timedelta(days=3)
    with times.at(told):
        takeback.inform(actor("DE"), case.pk)
        wire.settle()
    assert breaches("DE", there(made)) == {"illegal_traffic"}
    for code in STATES:
        clock = Clock.objects.get(holder=code, subject_id=of(case, code).pk)
        assert (clock.rule, clock.started_at, clock.authority) == ("basel-art9-2", told, "TH")
        assert last(clock) == date(2027, 4, 3), "thirty days"
        assert Attachment.objects.filter(holder=code, kind="evidence").count() == 1
    kept = {one.kind.split("@")[0] for one in letters.of(again(case))}
    assert kept == {"letter:information_art9", "letter:illegal_traffic_report"}

    takeback.acknowledge(actor("TH"), of(case, "TH").pk)
    takeback.accept(actor("TH"), of(case, "TH").pk)
    wire.settle()
    with refused("state"):
        takeback.start_return(actor("TH"), of(case, "TH").pk, kg="20000", planned_on="2027-04-20")
    agreed(wire, case)
    assert stands(case) == everywhere("plan_agreed")
    assert statuses(made) == everywhere("return_ordered")
    with refused("ground"):  # nobody opposes a return, but for safety or the route (invariant 32)
        takeback.consent_return(actor("SG"), of(case, "SG").pk, agreed=False, ground="policy", remarks="no")
    home = going_home(wire, case)
    assert stands(case) == everywhere("returning")
    assert (home.original, home.take_back, home.draws) == (again(made), True, [])
    assert statuses(home) == everywhere("announced")
    with refused("custody"):  # invariant 31
        takeback.start_return(actor("TH"), of(case, "TH").pk, kg="0.001", planned_on="2027-04-21")
    with refused("writer"):
        movements.saw_departure(customs("TH"), home.pk, loaded_kg="20000")
    movements.saw_departure(customs("DE"), at(home, "DE").pk, loaded_kg="20000")
    wire.settle()
    movements.arrive(actor("TH", "facility", "clerk"), home.pk)
    movements.receive(actor("TH", "facility", "clerk"), home.pk, received_kg="20000", accepted_kg="20000")
    takeback.arrived_home(customs("TH"), of(case, "TH").pk, kg="20000")
    wire.settle()
    assert stands(case) == everywhere("returned")
    assert statuses(made) == everywhere("returned")
    assert statuses(home) == everywhere("received_accepted")
    plant = {"facility": "Example plant", "code": "D10", "final": True, "input_kg": "20000"}
    movements.complete(actor("TH", "facility", "clerk"), home.pk, **plant)
    with refused("take_back"):  # invariant 31: not before the case is closed
        guarantees.release(actor("TH"), row.pk)
    takeback.dispose(customs("TH"), of(case, "TH").pk, kg="20000", operation="D10", facility="Example plant")
    wire.settle()
    takeback.close(actor("DE"), case.pk, how="disposed")
    wire.settle()
    assert stands(case) == everywhere("closed")
    assert not Clock.objects.filter(subject="takeback", ended_at=None).exists()
    now = ledger.balance(Account.objects.get(holder="TH", reference=row.case)).used
    assert now == used == kg("20000"), "what left stays drawn (invariant 32)"
    for copy in TakeBack.objects.all():
        types = JournalEntry.objects.filter(subject_id=copy.pk).order_by("revision").values_list("type", flat=True)
        assert machines.fold(machines.TAKE_BACK, types) == copy.status


def test_article_8_gives_ninety_days_and_tells_the_secretariat(wire: Wire, row: Notification) -> None:
    made = arrived(wire, row)
    movements.receive(
        facility(), there(made).pk, received_kg="20000", accepted_kg="0", rejected_kg="20000", reason="mud"
    )
    wire.settle()
    case = TakeBack.objects.get(holder="DE")
    assert stands(case) == everywhere("opened")
    with refused("open_case"):  # exactly one (invariant 29)
        takeback.open(customs("DE"), there(made).pk, finding="x", custody_place="y", custody_kg="1")
    with refused("open_case"):
        takeback.open(customs("SG"), at(made, "SG").pk, finding="x", custody_place="y", custody_kg="1")
    other = announced(wire, row, "1")
    assert statuses(other) == everywhere("announced"), "a case stops its own movement, not every other"
    takeback.classify(actor("DE"), case.pk, basis="art8")
    takeback.inform(actor("DE"), case.pk)
    wire.settle()
    clock = Clock.objects.get(holder="TH", subject_id=of(case, "TH").pk)
    assert clock.rule == "basel-art8"
    assert last(clock) == date(2027, 5, 30)
    kept = {one.kind.split("@")[0]: one for one in letters.of(again(case))}
    assert set(kept) == {"letter:take_back_request", "letter:secretariat_art8"}
    assert case.case in letters.text_of(kept["letter:take_back_request"])
    takeback.accept(actor("TH"), of(case, "TH").pk)
    wire.settle()
    agreed(wire, case, agreed_until="2027-08-31")
    for code in STATES:
        assert of(case, code).agreed_until == date(2027, 8, 31)
        running = Clock.objects.get(holder=code, subject_id=of(case, code).pk, ended_at=None)
        assert (running.rule, last(running)) == ("basel-take-back-agreed", date(2027, 8, 31))
        why = "\n".join(clocks.explain(running))
        assert "agreed on the last day" in why
        assert "31" in why
        assert "no limit" not in why


def test_the_importer_s_fault_binds_the_state_of_import(wire: Wire, row: Notification) -> None:
    made = arrived(wire, row)
    case = informed(wire, made, "art9_importer")
    clock = Clock.objects.get(holder="SG", subject_id=of(case, "SG").pk)
    assert (clock.rule, clock.authority) == ("eu-2024-illegal-consignee", "DE"), "the stricter law of that State"
    with refused("writer"):
        takeback.plan(actor("TH", role="clerk"), of(case, "TH").pk, **PLAN)
    agreed(wire, case, how="dispose", facility="Example plant", operation="D10")
    assert stands(case) == everywhere("plan_agreed"), "nobody has to consent to a disposal where it is"
    takeback.dispose(customs("DE"), case.pk, kg="20000", operation="D10", facility="Example plant")
    wire.settle()
    assert statuses(made) == everywhere("alternatively_disposed")
    with refused("writer"):
        takeback.close(actor("TH"), of(case, "TH").pk, how="disposed")
    takeback.close(actor("DE"), case.pk, how="disposed")
    wire.settle()
    assert stands(case) == everywhere("closed")


def test_a_dispute_is_answered_by_a_new_finding(wire: Wire, row: Notification) -> None:
    made = arrived(wire, row)
    case = informed(wire, made)
    with refused("text"):
        takeback.dispute(actor("TH"), of(case, "TH").pk, reason=" ")
    takeback.dispute(actor("TH"), of(case, "TH").pk, reason="it was sorted when it left")
    wire.settle()
    assert stands(case) == everywhere("disputed")
    assert Clock.objects.get(holder="TH", subject_id=of(case, "TH").pk).ended_at is None, "a dispute stops no clock"
    later = DAY + timedelta(days=10)
    with times.at(later):
        takeback.classify(actor("DE"), case.pk, basis="art9_unassigned", grounds=["d"])
        takeback.inform(actor("DE"), case.pk)
        wire.settle()
    assert {of(case, code).informed_at for code in STATES} == {later}
    assert not Clock.objects.filter(subject="takeback", ended_at=None).exists(), "Article 9(4) sets no limit"
    takeback.dispute(actor("TH"), of(case, "TH").pk, reason="still")
    wire.settle()
    takeback.classify(actor("DE"), case.pk, basis="not_a_case", reason="the papers were found")
    wire.settle()
    assert stands(case) == everywhere("not_a_case")
    assert opened(wire, made).status == "opened", "a later one may be opened"
    assert TakeBack.objects.filter(holder="TH").exclude(status__in=TakeBack.ENDED).count() == 1


@pytest.mark.parametrize("under_way", [False, True])
def test_a_case_closes_only_when_the_load_is_gone(wire: Wire, row: Notification, under_way: bool) -> None:
    """Invariant 29: a load that is on its way home is handed over to nobody else."""
    case = informed(wire, arrived(wire, row))
    takeback.accept(actor("TH"), of(case, "TH").pk)
    wire.settle()
    if under_way:
        agreed(wire, case)
        going_home(wire, case)
    for how in ("returned", "disposed", *(["transferred"] if under_way else [])):
        with refused("state"):
            takeback.close(actor("DE"), case.pk, how=how, reason="to the public prosecutor")
    if under_way:
        return
    with refused("text"):
        takeback.close(actor("DE"), case.pk, how="transferred")
    takeback.close(actor("DE"), case.pk, how="transferred", reason="to the public prosecutor")
    wire.settle()
    assert stands(case) == everywhere("closed")


def test_a_part_that_is_left_keeps_the_case_open(wire: Wire, row: Notification) -> None:
    case = informed(wire, arrived(wire, row))
    takeback.accept(actor("TH"), of(case, "TH").pk)
    wire.settle()
    agreed(wire, case)
    going_home(wire, case, "12000")
    takeback.arrived_home(customs("TH"), of(case, "TH").pk, kg="12000")
    wire.settle()
    with refused("custody"):
        takeback.close(actor("DE"), case.pk, how="returned")
    takeback.start_return(actor("TH"), of(case, "TH").pk, kg="8000", planned_on="2027-04-25")
    takeback.arrived_home(customs("TH"), of(case, "TH").pk, kg="8000")
    wire.settle()
    takeback.close(actor("DE"), case.pk, how="returned")
    wire.settle()
    assert stands(case) == everywhere("closed")


def test_an_objection_to_the_route_asks_for_another_plan(wire: Wire, row: Notification) -> None:
    case = informed(wire, arrived(wire, row))
    takeback.accept(actor("TH"), of(case, "TH").pk)
    wire.settle()
    agreed(wire, case)
    takeback.consent_return(actor("SG"), of(case, "SG").pk, agreed=False, ground="route", remarks="not this strait")
    for code in ("TH", "DE"):
        takeback.consent_return(actor(code), of(case, code).pk, agreed=True)
    wire.settle()
    assert stands(case) == everywhere("plan_agreed")
    takeback.plan(actor("TH", role="clerk"), of(case, "TH").pk, **PLAN)
    wire.settle()
    assert stands(case) == everywhere("accepted")
    with refused("plan"):
        takeback.agree_plan(actor("SG"), of(case, "SG").pk, number=1)


@pytest.mark.parametrize(("minutes", "which"), [(1, -1), (0, -1), (0, 0)])
def test_two_states_open_at_once_and_one_case_goes_on(wire: Wire, row: Notification, minutes: int, which: int) -> None:
    """Invariant 29, whatever the order of messages; of one moment, that whose reference comes first goes on."""
    made = departed(wire, row)
    first = takeback.open(customs("SG"), at(made, "SG").pk, finding="x", custody_place="port", custody_kg="20000")
    with times.at(DAY + timedelta(minutes=minutes)):
        second = takeback.open(customs("DE"), there(made).pk, finding="y", custody_place="port", custody_kg="20000")
    wire.settle(lambda pairs: pairs[which])
    first, second = sorted((first, second), key=lambda case: (case.opened_at, case.case))
    assert stands(first) == everywhere("opened")
    assert stands(second) == everywhere("not_a_case")
    assert {case.movement for case in TakeBack.objects.filter(case=second.case)} == {at(made, c) for c in STATES}


def test_costs_reminders_and_referral(wire: Wire, row: Notification) -> None:
    case = informed(wire, arrived(wire, row))
    line = takeback.cost(customs("DE"), case.pk, kind="storage", amount="1200.50", currency="eur", borne_by="exporter")
    wire.settle()
    assert {(c.amount, c.currency, c.status) for c in CostLine.objects.all()} == {(line.amount, "EUR", "open")}
    with refused("missing"):
        takeback.settle_cost(customs("TH"), of(case, "TH").pk, reference=line.reference)
    taken = {"reference": line.reference, "how": "guarantee_called"}
    with refused("guarantee"):  # that of the State of export is not Germany's to take from
        takeback.settle_cost(customs("DE"), case.pk, **taken)
    authority, key = actor("DE"), cases.copy(row, "DE").pk
    held_guarantees.require(authority, key, amount="1500", currency="EUR")
    held_guarantees.record(authority, key, number="G-DE", issuer="B", amount="1500", valid_until="2028-12-31")
    with refused("guarantee"):
        takeback.settle_cost(customs("DE"), case.pk, **taken)
    held_guarantees.call_own(authority, str(key), reason="The exporter does not pay")
    takeback.settle_cost(customs("DE"), case.pk, **taken)
    more = {"kind": "storage", "borne_by": "exporter"}
    other = takeback.cost(customs("DE"), case.pk, amount="299.51", currency="EUR", **more)
    with refused("amount"):
        takeback.settle_cost(customs("DE"), case.pk, reference=other.reference, how="guarantee_called")
    takeback.settle_cost(customs("DE"), case.pk, reference=other.reference, how="written_off")
    takeback.refer(actor("DE"), case.pk, to="prosecution", note="fraud")
    takeback.refer(actor("DE"), case.pk, to="alert_network", note="watch this exporter")
    wire.settle()
    assert set(CostLine.objects.values_list("status", flat=True)) == {"guarantee_called", "written_off"}
    assert [one["to"] for one in of(case, "DE").referred] == ["prosecution", "alert_network"]
    assert [one["to"] for one in of(case, "TH").referred] == ["alert_network"], "prosecution is told to nobody"
    sent = []
    for day in (1, 9, 9, 25, 31, 46):
        with times.at(DAY + timedelta(days=day)):
            rounds.tick()
            rounds.tick()
            wire.settle()
            sent.append(len(of(case, "DE").reminders))
    assert sent == [0, 1, 1, 2, 3, 4]
    assert [one["step"] for one in of(case, "DE").reminders] == ["unanswered", "ending", "overdue", "overdue+1"]
    assert breaches("DE", of(case, "DE")) == {"overdue"}
    assert JournalEntry.objects.filter(holder="TH", type="take_back.reminded").count() == 4


def test_a_load_that_no_notification_names(wire: Wire, row: Notification) -> None:
    with refused("state"):
        takeback.open(customs("DE"), state_export="Thailand", finding="x", custody_place="y", custody_kg="1")
    case = takeback.open(
        customs("DE"), state_export="TH", transit=["SG"], finding="a container of mixed waste", custody_place="port",
        custody_kg="18000", containers=["EXAM7654321"],
        load={"description": "declared as plastic flakes", "hs": "3915.90", "exporter": {"name": "Example trader"}},
    )  # fmt: skip
    takeback.classify(actor("DE"), case.pk, basis="art9_exporter", grounds=["a", "b"])
    takeback.inform(actor("DE"), case.pk)
    wire.settle()
    takeback.accept(actor("TH"), of(case, "TH").pk)
    wire.settle()
    agreed(wire, case)
    for code in STATES:
        takeback.consent_return(actor(code), of(case, code).pk, agreed=True)
        wire.settle()
    with refused("custody"):
        takeback.start_return(actor("TH"), of(case, "TH").pk, kg="18000.001", planned_on="2027-04-20")
    takeback.start_return(actor("TH"), of(case, "TH").pk, kg="18000", planned_on="2027-04-20")
    takeback.arrived_home(customs("TH"), of(case, "TH").pk, kg="18000")
    wire.settle()
    takeback.close(actor("DE"), case.pk, how="returned")
    wire.settle()
    assert stands(case) == everywhere("closed")
    report = letters.compose(of(case, "DE"), "illegal_traffic_report")
    assert dict(report.fields)["Exporter"] == "Example trader"
    assert dict(report.fields)["Notification number"] == "not known"


def test_what_is_under_a_case_does_not_leave(wire: Wire, row: Notification) -> None:
    made = announced(wire, row)
    opened(wire, made, "SG")
    with refused("open_case"):
        movements.depart(trader(), made.pk, loaded_kg="20000")


def test_a_case_waits_for_its_movement(wire: Wire, row: Notification) -> None:
    made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000")
    movements.announce(trader(), made.pk)
    wire.deliver(("TH", "DE"))
    while ("TH", "DE") in wire.waiting():
        wire.deliver(("TH", "DE"))
    case = takeback.open(customs("DE"), there(made).pk, finding="x", custody_place="y", custody_kg="20000")
    while ("DE", "SG") in wire.waiting():
        wire.deliver(("DE", "SG"))
    assert "SG" not in stands(case), "Singapore has not heard of the movement yet"
    wire.settle()
    assert stands(case) == everywhere("opened")
    assert of(case, "SG").movement == at(made, "SG")


def test_every_letter_is_a_paper(wire: Wire, row: Notification) -> None:
    case = informed(wire, arrived(wire, row))
    for name in letters.templates():
        subject = (
            there(Movement.objects.get(holder="TH")) if name in ("refusal_of_goods", "information_request") else case
        )
        letter = letters.compose(again(subject), name, to="TH", question="Where is it?", finding="soil")
        assert "{" not in letter.text()
    paper = letters.compose(case, "information_art9", to="TH").paper(generated=datetime(2027, 3, 1, tzinfo=UTC))
    assert paper.startswith(b"%PDF-")
    with refused("template"):
        letters.compose(case, "love_letter")


HOMEWARD = [
    {"state": "DE", "exit": "Hamburg"},
    {"state": "MY", "entry": "Port Klang; Penang", "exit": "Port Klang"},
    {"state": "TH", "entry": "Laem Chabang"},
]


def test_a_plan_names_the_way_home(wire: Wire, row: Notification) -> None:
    """Whose consent the return needs follows from its route; one that was none of the case is brought in."""
    cases.organisation("MY", "competent_authority")
    case = informed(wire, arrived(wire, row))
    takeback.accept(actor("TH"), of(case, "TH").pk)
    wire.settle()
    home = actor("TH", role="clerk")
    takeback.plan(home, of(case, "TH").pk, **PLAN)
    wire.settle()
    came = of(case, "DE").plan["route"]
    assert [(stop["state"], stop["role"], stop["entry"], stop["exit"]) for stop in came] == [
        ("DE", "export", "", "port of DE"), ("SG", "transit", "port of SG", "port of SG"),
        ("TH", "import", "port of TH", ""),
    ]  # fmt: skip
    for wrong in (
        [{"state": "SG"}, {"state": "TH"}], [{"state": "DE"}, {"state": "SG"}], [{"state": "DE"}, {"state": "TH"}] * 2,
        [{"state": "DE"}, {"state": "QQ"}, {"state": "TH"}], "DE-TH",
    ):  # fmt: skip
        with refused("route"):
            takeback.plan(home, of(case, "TH").pk, **PLAN, route=wrong)
    takeback.plan(home, of(case, "TH").pk, **PLAN, route=HOMEWARD)
    wire.settle()
    assert stands(case) == {**everywhere("accepted"), "MY": "accepted"}
    there = of(case, "MY")
    assert (there.states, there.basis, there.informed_at) == (["TH", "SG", "DE", "MY"], case.basis, case.informed_at)
    assert there.load["description"] == "Mixed plastic waste"
    number = of(case, "TH").plan_number
    for code in (*STATES, "MY"):
        takeback.agree_plan(actor(code), of(case, code).pk, number=number)
        wire.settle()
    for code in ("DE", "TH"):
        takeback.consent_return(actor(code), of(case, code).pk, agreed=True)
        wire.settle()
    assert set(stands(case).values()) == {"plan_agreed"}, "Malaysia lies on the way, Singapore does not"
    takeback.consent_return(actor("MY"), of(case, "MY").pk, agreed=True)
    wire.settle()
    assert set(stands(case).values()) == {"consents_ok"}
    letter = letters.compose(again(case), "return_plan").text()
    assert "DE (Hamburg) → MY (Port Klang; Penang, Port Klang) → TH (Laem Chabang)" in letter
    takeback.start_return(actor("TH"), of(case, "TH").pk, kg="20000", planned_on="2027-04-20")
    wire.settle()
    for copy in TakeBack.objects.filter(case=case.case):
        types = JournalEntry.objects.filter(subject_id=copy.pk).order_by("revision").values_list("type", flat=True)
        assert machines.fold(machines.TAKE_BACK, types) == copy.status == "returning"
    takeback.arrived_home(customs("TH"), of(case, "TH").pk, kg="20000")
    wire.settle()
    takeback.close(actor("DE"), case.pk, how="returned")
    wire.settle()
    assert set(stands(case).values()) == {"closed"}


def test_a_return_that_leaves_its_way_is_a_breach(wire: Wire, row: Notification) -> None:
    case = informed(wire, arrived(wire, row))
    takeback.accept(actor("TH"), of(case, "TH").pk)
    wire.settle()
    direct = [{"state": "DE", "exit": "Hamburg"}, {"state": "TH", "entry": "Laem Chabang"}]
    agreed(wire, case, route=direct)
    for code in ("DE", "TH"):
        takeback.consent_return(actor(code), of(case, code).pk, agreed=True)
        wire.settle()
    takeback.start_return(actor("TH"), of(case, "TH").pk, kg="20000", planned_on="2027-04-20")
    wire.settle()
    home = Movement.objects.get(holder="TH", take_back=True)
    movements.saw_departure(customs("DE"), at(home, "DE").pk, loaded_kg="20000")
    movements.pass_border(customs("DE"), at(home, "DE").pk, place="hamburg", leaving=True)
    wire.settle()
    for code in STATES:
        assert breaches(code, at(home, code)) == set()
    movements.pass_border(customs("SG"), at(home, "SG").pk, place="port of SG")
    wire.settle()
    for code in STATES:
        assert breaches(code, at(home, code)) == {"condition"}, "all States learn that it left its way"
    other = Movement.objects.filter(take_back=False, holder="TH").get()
    assert breaches("TH", other) == set()


def test_a_return_at_another_point_of_entry_is_a_breach(wire: Wire, row: Notification) -> None:
    case = informed(wire, arrived(wire, row))
    takeback.accept(actor("TH"), of(case, "TH").pk)
    wire.settle()
    agreed(wire, case)
    home = going_home(wire, case)
    movements.pass_border(customs("SG"), at(home, "SG").pk, place="port of SG")
    assert breaches("SG", at(home, "SG")) == set()
    movements.pass_border(customs("SG"), at(home, "SG").pk, place="Another pier", leaving=True)
    assert breaches("SG", at(home, "SG")) == {"condition"}
