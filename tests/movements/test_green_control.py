"""Green-listed shipments: how early the form is handed in; holds and passages at the border, told to every State."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import transaction

from tests.movements.cases import Wire, actor, again, wired
from tests.movements.green_forms import MIXED, at, folded, form, officer, plant, ready, trader
from tidegate.movements import border, clocks, green_notice
from tidegate.movements.commands import green as commands
from tidegate.movements.commands import green_control as control
from tidegate.movements.models import Breach, EarlyFact, GreenShipment, Holiday
from tidegate.movements.queries import green as queries
from tidegate.parties import times
from tidegate.parties.commanding import Forbidden, Refused
from tidegate.parties.models import JournalEntry
from tidegate.parties.registry import Message, Rejected, registry

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 2, 2, tzinfo=UTC)
# The Thursday before the form's day of departure, Monday 1 March 2027: two working days before it.
THURSDAY = datetime(2027, 2, 25, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def wire() -> Iterator[Wire]:
    ready("TH", "SG", "DE", "VN", "NL")
    with times.at(NOW), wired() as made:
        yield made


def entered(wire: Wire, at: datetime = THURSDAY, **more: Any) -> GreenShipment:
    with times.at(at):
        row: GreenShipment = commands.enter(trader(), content=form(**more))
        wire.settle()
    return row


def kinds(code: str) -> set[str]:
    return set(Breach.objects.filter(holder=code).values_list("kind", flat=True))


# ── two working days ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lodged", "late"),
    [
        # The last day ends at midnight in Berlin, an hour after UTC.
        ("2027-02-25T22:59:59+00:00", False),
        ("2027-02-25T23:00:00+00:00", True),
        ("2027-02-28T08:00:00+00:00", True),
        ("2027-03-02T02:00:00+00:00", True),
    ],
)
def test_two_working_days_before_it_leaves(wire: Wire, lodged: str, late: bool) -> None:
    row = entered(wire, datetime.fromisoformat(lodged))
    for one in (row, at(row, "SG"), at(row, "DE")):
        assert (one.late_notice, one.notice["due"], one.notice["state"]) == (late, "2027-02-25", "DE")
        assert one.lodged_at == datetime.fromisoformat(lodged)
        assert one.notice["source"].startswith("https://eur-lex.europa.eu/")
    assert queries.find(officer("DE"), mark="late").exists() is late
    if not late:
        return
    answer = border.check(officer("DE"), row.case, at=datetime(2027, 3, 1, 12, tzinfo=UTC))[0]
    assert (answer.answer, [one.code for one in answer.flags]) == ("valid", ["late_notice"])
    text = str(answer.flags[0].text)
    for wanted in ("25 February 2027", "1 March 2027", "2 working days", "2024/1157", "DE"):
        assert wanted in text, wanted
    assert border.as_json(answer)["flags"] == [{"code": "late_notice", "text": text}]


def test_a_day_off_moves_the_day(wire: Wire) -> None:
    Holiday.objects.create(holder_id="DE", day=date(2027, 2, 26), name="Example day off")
    assert entered(wire).notice["due"] == "2027-02-24"
    assert GreenShipment.objects.filter(late_notice=True).count() == 3


@pytest.mark.parametrize(
    ("route", "due"),
    [
        ({"state_import": "VN", "transit": ["SG"]}, None),
        ({"state_import": "VN", "transit": ["NL"]}, "2027-02-25"),
        ({"state_import": "DE", "transit": []}, "2027-02-25"),
    ],
)
def test_only_where_a_state_of_the_union_is_on_the_route(wire: Wire, route: dict[str, Any], due: str | None) -> None:
    row = entered(wire, NOW, **route)
    assert row.notice.get("due") == due
    assert row.late_notice is (due is not None)


def test_only_from_the_day_on_which_the_regulation_applies(wire: Wire) -> None:
    known = clocks.rule("eu-2024-annex-vii-notice")
    assert (known.valid_from, known.length, known.unit, known.direction) == (date(2026, 5, 21), 2, "working", "before")
    before = entered(wire, datetime(2026, 5, 20, 2, tzinfo=UTC), planned_on="2026-05-20", reference="before")
    after = entered(wire, datetime(2026, 5, 20, 2, tzinfo=UTC), planned_on="2026-05-21", reference="after")
    assert (before.notice, before.late_notice) == ({}, False)
    assert (after.notice["due"], after.late_notice) == ("2026-05-19", True)


def test_the_departure_itself_decides(wire: Wire) -> None:
    # Late for the day that was planned; a departure three working days later is in time, and says nothing.
    row = entered(wire, datetime(2027, 2, 24, 2, tzinfo=UTC), planned_on="2027-02-24")
    assert row.late_notice
    with times.at(datetime(2027, 3, 1, 9, tzinfo=UTC)):
        assert not border.check(officer("TH"), row.case)[0].flags
        commands.depart(trader(), row.pk, loaded_kg="24000")
        wire.settle()
    assert [at(row, code).late_notice for code in ("TH", "SG", "DE")] == [False] * 3
    assert not Breach.objects.exists()
    # In time for the day that was planned; one that leaves before is late, and each State has its breach.
    early = entered(wire, datetime(2027, 2, 22, 2, tzinfo=UTC), planned_on="2027-02-26")
    assert not early.late_notice
    commands.depart(trader(), early.pk, loaded_kg="24000", at="2027-02-23T09:00:00+07:00")
    wire.settle()
    for code in ("TH", "SG", "DE"):
        assert at(early, code).late_notice
        assert kinds(code) == {"late_notice"}


def test_a_change_of_the_day_is_counted_from_when_the_form_came(wire: Wire) -> None:
    row = entered(wire, planned_on="2027-03-01")
    row = commands.amend(trader(), row.pk, revision=row.revision, content=form(planned_on="2027-02-26"))
    wire.settle()
    assert [at(row, code).late_notice for code in ("TH", "DE")] == [True, True]
    assert at(row, "DE").lodged_at == THURSDAY
    row = commands.amend(trader(), row.pk, revision=again(row).revision, content=form(planned_on="2027-03-08"))
    wire.settle()
    assert [at(row, code).late_notice for code in ("TH", "DE")] == [False, False]


# ── holds ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_state_holds_does_not_leave_until_it_lets_go(wire: Wire) -> None:
    row = entered(wire)
    with times.at(THURSDAY):
        control.hold(officer("TH"), row.pk, reason="seal broken")
        control.hold(officer("DE"), at(row, "DE").pk, reason="papers", office="Port of Hamburg")
        wire.settle()
        for code in ("TH", "SG", "DE"):
            there = at(row, code)
            assert there.held_by == ["DE", "TH"]
            assert there.holds[0]["office"] == "Port of Hamburg"
            answer = border.check(officer(code), row.case)[0]
            assert answer.answer == "not_valid"
            assert "Port of Hamburg" in " ".join(str(one.text) for one in answer.reasons if one.code == "held")
        assert queries.find(officer("SG"), mark="held").get().case == row.case
        with pytest.raises(Refused) as refused:
            commands.depart(trader(), row.pk, loaded_kg="24000")
        assert (refused.value.code, refused.value.value) == ("held", "DE, TH")
        # A hold is its State's own: nobody else ends it.
        with pytest.raises(Refused) as refused:
            control.release_hold(officer("SG"), at(row, "SG").pk, reason="seen")
        assert refused.value.code == "holder"
        control.release_hold(officer("TH"), row.pk, reason="sealed anew")
        wire.settle()
        assert at(row, "DE").held_by == ["DE"]
        with pytest.raises(Refused):
            commands.depart(trader(), row.pk, loaded_kg="24000")
        control.release_hold(officer("DE"), at(row, "DE").pk, reason="papers are in order")
        wire.settle()
    assert commands.depart(trader(), row.pk, loaded_kg="24000", at="2027-03-01T08:00:00+07:00").status == "departed"
    wire.settle()
    assert not Breach.objects.exists()
    said = JournalEntry.objects.filter(subject_id=at(row, "SG").pk, type="green_shipment.held").order_by("state")
    assert [(one.state, one.payload["reason"]) for one in said] == [("DE", "papers"), ("TH", "seal broken")]
    assert [folded(at(row, code)) for code in ("TH", "SG", "DE")] == ["departed"] * 3


def test_what_is_held_is_not_recovered_and_its_receipt_is_stored_with_a_breach(wire: Wire) -> None:
    row = entered(wire)
    commands.depart(trader(), row.pk, loaded_kg="24000", at="2027-03-01T08:00:00+07:00")
    wire.settle()
    there = at(row, "DE")
    control.hold(officer("DE"), there.pk, reason="sample taken", at="2027-03-01T10:00:00+00:00")
    commands.receive(plant(), there.pk, received_kg="24000")
    with pytest.raises(Refused) as refused:
        commands.recover(plant(), there.pk)
    assert refused.value.code == "held"
    wire.settle()
    assert [kinds(code) for code in ("TH", "SG", "DE")] == [{"left_while_held"}] * 3
    control.release_hold(officer("DE"), there.pk, reason="clean")
    commands.recover(plant(), there.pk)
    with pytest.raises(Refused) as refused:
        control.hold(officer("DE"), there.pk, reason="again")
    assert refused.value.code == "state"


def test_a_hold_and_a_departure_that_cross_come_to_the_same(wire: Wire) -> None:
    row = entered(wire)
    control.hold(officer("DE"), at(row, "DE").pk, reason="papers", at="2027-03-01T00:30:00+00:00")
    commands.depart(trader(), row.pk, loaded_kg="24000", at="2027-03-01T08:00:00+07:00")
    wire.settle()
    for code in ("TH", "SG", "DE"):
        there = at(row, code)
        assert (there.status, there.held_by) == ("departed", ["DE"])
        assert kinds(code) == {"left_while_held"}


def test_who_holds_and_what_is_refused(wire: Wire) -> None:
    row = entered(wire)
    with pytest.raises(Forbidden):
        control.hold(trader(), row.pk, reason="mine")
    with pytest.raises(Forbidden):
        control.pass_border(plant(), at(row, "DE").pk, kind="entry")
    with pytest.raises(Refused) as refused:
        control.hold(officer("TH"), row.pk, reason=" ")
    assert refused.value.field == "reason"
    with pytest.raises(Refused) as refused:
        control.hold(officer("TH"), row.pk, reason="x", at="2030-01-01T00:00:00+00:00")
    assert refused.value.code == "moment"
    control.hold(officer("TH"), row.pk, reason="x")
    with pytest.raises(Refused) as refused:
        control.hold(actor("TH"), row.pk, reason="y")
    assert refused.value.code == "recorded"
    assert again(row).holds[0]["reason"] == "x"


# ── passages ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_where_it_was_seen_stands_in_every_copy_in_the_order_of_the_days(wire: Wire) -> None:
    row = entered(wire)
    commands.depart(trader(), row.pk, loaded_kg="24000", at="2027-03-01T08:00:00+07:00")
    wire.settle()
    # Told in another order than it happened, and once more in another envelope.
    control.pass_border(officer("DE"), at(row, "DE").pk, kind="arrival", at="2027-03-02T01:00:00+00:00")
    control.pass_border(officer("TH"), row.pk, kind="exit", office="Laem Chabang", at="2027-03-01T03:00:00+00:00")
    control.pass_border(officer("SG"), at(row, "SG").pk, kind="entry", at="2027-03-01T20:00:00+08:00", note="by ship")
    while pairs := wire.waiting():
        wire.deliver(pairs[-1], twice=True)
    expected = [
        ("TH", "exit", "Laem Chabang"), ("SG", "entry", "Example customs of SG"),
        ("DE", "arrival", "Example customs of DE"),
    ]  # fmt: skip
    for code in ("TH", "SG", "DE"):
        there = at(row, code)
        assert [(one["state"], one["kind"], one["office"]) for one in there.passages] == expected
        assert JournalEntry.objects.filter(subject_id=there.pk, type="green_shipment.passed").count() == 3
        assert there.status == "departed"
    assert at(row, "DE").passages[1]["note"] == "by ship"
    for more, code in (
        ({"kind": "flight"}, "choice"),
        ({"kind": "entry", "at": "2027-03-01T20:00:00+08:00"}, "recorded"),
    ):
        with pytest.raises(Refused) as refused:
            control.pass_border(officer("SG"), at(row, "SG").pk, note="by ship", **more)
        assert refused.value.code == code


def test_what_should_not_pass_is_stored_with_a_breach(wire: Wire) -> None:
    barred = entered(wire, load=MIXED, reference="barred")
    control.pass_border(officer("DE"), at(barred, "DE").pk, kind="entry")
    assert kinds("DE") == {"not_green"}
    given_up = entered(wire, reference="given up")
    commands.cancel(trader(), given_up.pk, reason="sold elsewhere")
    control.pass_border(officer("TH"), given_up.pk, kind="exit")
    assert kinds("TH") == {"not_announced"}
    held = entered(wire, reference="held")
    control.hold(officer("SG"), at(held, "SG").pk, reason="papers", at="2027-03-01T00:00:00+00:00")
    control.pass_border(officer("SG"), at(held, "SG").pk, kind="arrival", at="2027-03-01T01:00:00+00:00")
    assert kinds("SG") == set()
    control.pass_border(officer("SG"), at(held, "SG").pk, kind="exit", at="2027-03-01T02:00:00+00:00")
    wire.settle()
    assert kinds("SG") == {"left_while_held"}


# ── between the States ───────────────────────────────────────────────────────────────────────────────────────


def test_another_states_hold_is_not_ended_by_message_and_a_stranger_is_not_heard(wire: Wire) -> None:
    row = entered(wire)
    control.hold(officer("DE"), at(row, "DE").pk, reason="papers")
    wire.settle()
    held = next(one for one in wire.sent if one.type == "green_shipment.held" and one.to == "TH")

    def hand_over(sender: str, name: str, **more: Any) -> None:
        message = Message(f"x-{sender}-{name}", sender, "TH", row.case, 9, name, {**held.body, **more}, held.created)
        with transaction.atomic():
            registry.messages[name].handler(message)

    hand_over("SG", "green_shipment.released")
    assert again(row).held_by == ["DE"]
    # A State that is not on the route waits until the form says that it is.
    hand_over("VN", "green_shipment.held")
    assert again(row).held_by == ["DE"]
    assert EarlyFact.objects.get(holder="TH").sender == "VN"
    with pytest.raises(Rejected):
        hand_over("SG", "green_shipment.passed", at="no moment", kind="entry")
    made = commands.amend(trader(), row.pk, revision=again(row).revision, content=form(transit=["SG", "VN"]))
    assert made.held_by == ["DE", "VN"]


def test_words_of_a_late_form_fit_every_unit() -> None:
    said = {"law": "L", "state": "DE", "day": "2027-03-01", "due": "2027-02-25", "lodged": "2027-02-28"}
    for unit, words in {
        "working": "1 working day",
        "calendar": "1 day",
        "months": "1 month",
        "years": "1 year",
    }.items():
        assert words in green_notice.why_late({**said, "unit": unit, "length": 1}, True)
        assert green_notice.why_late({**said, "unit": unit, "length": 1}, False) == ""
