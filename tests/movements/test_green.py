"""Green-listed shipments: entry, the law's answer, each State's own copy, receipt, recovery; lists with row errors."""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import openpyxl
import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.movements.cases import Wire, actor, again, wired
from tests.movements.green_forms import LINE, MIXED, at, folded, form, officer, plant, ready, trader
from tidegate.movements import border, green_entering, green_files
from tidegate.movements.commands import green as commands
from tidegate.movements.commands import green_control as control
from tidegate.movements.models import Breach, GreenShipment, GreenUpload
from tidegate.parties import times
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.models import State
from tidegate.parties.registry import Rejected, registry

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 2, 2, tzinfo=UTC)
# More than two working days before the form's day of departure, Monday 1 March 2027.
IN_TIME = datetime(2027, 2, 22, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now() -> Iterator[None]:
    with times.at(NOW):
        yield


@pytest.fixture
def wire() -> Iterator[Wire]:
    ready()
    with wired() as made:
        yield made


def upload(text: str | bytes, name: str = "list.csv") -> GreenUpload:
    data = text.encode() if isinstance(text, str) else text
    made: GreenUpload = commands.upload(trader(), name=name, data=base64.b64encode(data).decode())
    return made


def sheet(*lines: dict[str, Any], also: tuple[str, ...] = ()) -> str:
    names = [*LINE, *also]
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


# ── one shipment ─────────────────────────────────────────────────────────────────────────────────────────────


def test_from_the_form_to_recovery_in_every_copy(wire: Wire) -> None:
    with times.at(IN_TIME):
        row = commands.enter(trader(), content=form(reference="OWN-1"))
    assert (row.law, row.status, row.quantity_kg) == ("green", "entered", Decimal("24000.000"))
    assert not row.late_notice
    wire.settle()
    for code in ("SG", "DE"):
        there = at(row, code)
        assert (there.law, there.reference, there.content["facility"]["site"]) == ("green", "OWN-1", "2 Sample Street")
        assert border.check(actor(code, "customs", "clerk"), "OWN-1")[0].answer == "valid"
        assert border.check(actor(code, "customs", "clerk"), "ABCU1234567")[0].number == "OWN-1"
    row = commands.depart(trader(), row.pk, revision=row.revision, loaded_kg="23990.5", at="2027-03-01T08:00:00+07:00")
    wire.settle()
    with pytest.raises(Refused) as refused:
        commands.receive(actor("TH", "consignee", "clerk"), row.pk, received_kg="1")
    assert refused.value.code in ("not_found", "place")
    commands.receive(plant(), at(row, "DE").pk, received_kg="23990", rejected_kg="90", reason="wet")
    commands.recover(plant(), at(row, "DE").pk)
    wire.settle()
    for code in ("TH", "SG", "DE"):
        there = at(row, code)
        assert (there.status, there.received_kg, there.rejected_kg) == ("recovered", Decimal(23990), Decimal(90))
        assert there.loaded_kg == Decimal("23990.5")
        assert folded(there) == "recovered"
    assert not Breach.objects.exists()


def test_what_the_law_bars_is_kept_and_flagged_and_cannot_leave(wire: Wire) -> None:
    row = commands.enter(trader(), content=form(load=MIXED))
    wire.settle()
    there = at(row, "DE")
    assert (row.law, there.law) == ("barred", "barred")
    answer = border.check(actor("DE", "customs", "clerk"), row.case)[0]
    assert answer.answer == "not_valid"
    assert "law" in [one.code for one in answer.reasons]
    with pytest.raises(Refused) as refused:
        commands.depart(trader(), row.pk, loaded_kg="24000")
    assert (refused.value.code, refused.value.field) == ("law", "law")
    assert refused.value.value
    assert again(row).status == "entered"
    # What was seen is stored, whatever the law says of it.
    commands.receive(plant(), there.pk, received_kg="20000")
    assert set(Breach.objects.values_list("kind", flat=True)) == {"not_green", "quantity_difference"}
    # With the facts put right it may leave.
    row = commands.enter(trader(), content=form(load=MIXED))
    row = commands.amend(trader(), row.pk, revision=row.revision, content=form())
    assert commands.depart(trader(), row.pk, loaded_kg="24000").status == "departed"


def test_what_is_not_known_is_open_and_the_border_says_so(wire: Wire) -> None:
    row = commands.enter(trader(), content=form(load={}))
    assert row.law == "open"
    assert row.screen["questions"]
    answer = border.check(actor("TH", "customs", "clerk"), row.case)[0]
    assert (answer.answer, answer.unknowns[0].code) == ("unknown", "law_open")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"operation": "D10"}, "operation"),
        ({"quantity_kg": "0"}, "quantity_kg"),
        ({"quantity_kg": None}, "quantity_kg"),
        ({"planned_on": None}, "planned_on"),
        ({"state_import": "XX"}, "state_import"),
        ({"transit": ["TH"]}, "transit.0"),
        ({"carriers": []}, "carriers"),
        ({"codes": {"hs": ["3915"]}}, "codes.basel"),
        ({"contract": ""}, "contract"),
        ({"facility": {}}, "facility.name"),
        ({"load": {"contamination_pct": "140"}}, "contamination_pct"),
        ({"quantity_kg": 24000.5}, "quantity_kg"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_wrong_is_named(wire: Wire, more: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        commands.enter(trader(), content=form(**more))
    assert refused.value.field == field
    assert refused.value.expected
    assert not GreenShipment.objects.exists()


def test_who_enters_and_who_sees(wire: Wire) -> None:
    with pytest.raises(Forbidden):
        commands.enter(actor("TH", "customs", "clerk"), content=form())
    with pytest.raises(Refused) as refused:
        commands.enter(actor("DE", "consignee", "clerk"), content=form())
    assert refused.value.code == "writer"
    row = commands.enter(trader(), content=form())
    wire.settle()
    stranger = actor("DE", "facility", "clerk", "DE-other")
    with pytest.raises(Missing):
        commands.receive(stranger, at(row, "DE").pk, received_kg="1")
    with pytest.raises(Refused) as refused:
        commands.cancel(actor("DE", "consignee", "clerk"), at(row, "DE").pk, reason="no")
    assert refused.value.code == "writer"
    # Where the State of export takes part in no exchange, it is entered in that of import.
    assert not State.objects.filter(pk="VN").exists()
    made = commands.enter(actor("DE", "consignee", "clerk"), content=form(state_export="VN"))
    assert (made.writer, made.law) == ("DE", "green")


def test_a_reference_stands_for_one_live_shipment(wire: Wire) -> None:
    row = commands.enter(trader(), content=form(reference="A"))
    with pytest.raises(Refused) as refused:
        commands.enter(trader(), content=form(reference="A"))
    assert (refused.value.code, refused.value.field) == ("taken", "reference")
    commands.cancel(trader(), row.pk, reason="sold elsewhere")
    assert commands.enter(trader(), content=form(reference="A")).pk != row.pk
    assert border.check(actor("TH", "customs", "clerk"), row.case)[0].answer == "not_valid"


def test_a_fact_of_another_state_is_refused(wire: Wire) -> None:
    row = commands.enter(trader(), content=form())
    wire.settle()
    commands.cancel(trader(), row.pk, reason="sold elsewhere")
    message = next(one for one in list(wire.queues["TH", "DE"]) if one.type == "green_shipment.cancelled")
    forged = type(message)(
        "x", "SG", "DE", message.case, 9, message.type, message.body, message.created
    )  # fmt: skip
    with pytest.raises(Rejected), transaction.atomic():
        registry.messages[message.type].handler(forged)
    assert at(row, "DE").status == "entered"


@settings(deadline=None, max_examples=12)
@given(data=st.data())
def test_copies_meet_whatever_the_order_of_messages(data: st.DataObject) -> None:
    """Departure or cancelling here, receipt there: delivered in any order, twice or once, all copies come to one."""
    with transaction.atomic():
        ready()
        with wired() as wire:
            row = commands.enter(trader(), content=form())
            wire.deliver(("TH", "DE"))
            controls = {
                "hold": lambda code: control.hold(officer(code), at(row, code).pk, reason=f"look {code}"),
                "release": lambda code: control.release_hold(officer(code), at(row, code).pk, reason="seen"),
                "pass": lambda code: control.pass_border(officer(code), at(row, code).pk, kind="entry"),
            }
            acts: dict[str, Callable[[], Any]] = {
                "depart": lambda: commands.depart(trader(), row.pk, loaded_kg="24000"),
                "cancel": lambda: commands.cancel(trader(), row.pk, reason="sold"),
                "amend": lambda: commands.amend(
                    trader(), row.pk, revision=again(row).revision, content=form(designation="film")
                ),
                "receive": lambda: commands.receive(plant(), at(row, "DE").pk, received_kg="24000"),
                "reject": lambda: commands.receive(
                    plant(), at(row, "DE").pk, received_kg="24000", rejected_kg="24000", reason="waste"
                ),
                "recover": lambda: commands.recover(plant(), at(row, "DE").pk),
                **{
                    f"{name} {code}": partial(controls[name], code)
                    for name in controls for code in ("TH", "SG", "DE") if code != "SG" or name != "pass"
                },
            }  # fmt: skip
            for _step in range(data.draw(st.integers(3, 12))):
                waiting = wire.waiting()
                name = data.draw(st.sampled_from([*acts, *(["deliver"] * 3 if waiting else [])]))
                if name == "deliver":
                    wire.deliver(data.draw(st.sampled_from(waiting)), twice=data.draw(st.booleans()))
                    continue
                try:
                    with transaction.atomic():
                        acts[name]()
                except (Refused, GreenShipment.DoesNotExist):  # its copy is still on its way
                    continue
            wire.settle(lambda pairs: data.draw(st.sampled_from(pairs)))
            copies = [at(row, code) for code in ("TH", "SG", "DE")]
            said = {
                (
                    one.status, one.law, one.loaded_kg, one.received_kg, one.rejected_kg, one.content["designation"],
                    json.dumps([one.holds, one.passages, one.notice]), one.lodged_at, one.late_notice,
                )
                for one in copies
            }  # fmt: skip
            assert len(said) == 1, said
            assert [folded(one) for one in copies] == [one.status for one in copies]
        transaction.set_rollback(True)


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_list_with_slips_takes_the_rest(wire: Wire) -> None:
    lines = [
        {**LINE, "reference": "1"},
        {**LINE, "reference": "2", "quantity_kg": "24,000"},
        {**LINE, "reference": "3", "planned_on": "03/04/2027"},
        {**LINE, "reference": "1"},
        {**LINE, "reference": "5", "state_import": "Germany", "operation": "D1"},
        {**LINE, "reference": "6", "polymers": "PE 60; PVC 30", "contamination_pct": "10"},
        {**LINE, "reference": "7", "quantity_kg": "", "quantity_t": "24.0005"},
    ]
    made = upload(sheet(*lines, also=("quantity_t", "colour")))
    assert (made.rows, made.accepted, made.rejected) == (7, 3, 4)
    named = [(one["row"], one["field"]) for one in made.rejects]
    assert named == [(2, "quantity_kg"), (3, "planned_on"), (4, "reference"), (5, "operation"), (5, "state_import")]
    assert all(one["expected"] for one in made.rejects)
    assert made.rejects[0]["value"] == "24,000"
    assert any("colour" in note for note in made.notes)
    taken = {row.reference: row for row in made.shipments.all()}
    assert sorted(taken) == ["1", "6", "7"]
    assert taken["7"].quantity_kg == Decimal("24000.500")
    assert [taken[name].law for name in ("1", "6")] == ["green", "barred"]
    wire.settle()
    assert GreenShipment.objects.filter(holder="DE").count() == 3
    # The same list again makes nothing twice.
    again_ = upload(sheet(*lines, also=("quantity_t", "colour")))
    assert (again_.accepted, again_.rejected) == (0, 7)


def test_a_reference_that_somebody_takes_meanwhile_is_a_slip_of_its_row(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.enter(trader(), content=form(reference="1"))
    # As if the shipment had come after the list was looked at.
    monkeypatch.setattr(green_entering.Entering, "look", lambda self, *_said: setattr(self, "taken", set()))
    made = upload(sheet({**LINE, "reference": "1"}, {**LINE, "reference": "2"}, {**LINE, "reference": "2"}))
    assert (made.accepted, [(one["row"], one["field"]) for one in made.rejects]) == (
        1, [(1, "reference"), (3, "reference")],
    )  # fmt: skip


def test_a_list_does_as_the_form_does(wire: Wire) -> None:
    """What a list keeps of a row is what the form keeps of it: parties, containers, law, notice, messages."""
    one = commands.enter(trader(), content=form(reference="form"))
    many = commands.enter_many(trader(), shipments=[form(reference="list"), form(reference="again")])
    row = many.shipments.get(reference="list")
    left = {"reference": "", "planned_on": ""}
    assert {**row.content, **left} == {**one.content, **left}
    assert (row.law, row.notice, row.late_notice, row.revision) == (one.law, one.notice, one.late_notice, one.revision)
    for name in ("involved", "container_uses"):
        column = "registration" if name == "involved" else "number"
        said = [list(getattr(x, name).order_by(column).values_list(column, flat=True)) for x in (row, one)]
        assert said[0] == said[1] != []
    sent = [(one.to, one.type) for one in wire.sent if one.case == row.case]
    assert sent == [("SG", "green_shipment.entered"), ("DE", "green_shipment.entered")]
    assert folded(row) == "entered"


def test_the_template_can_be_filled_in_and_taken(wire: Wire) -> None:
    text = green_files.template()
    table = green_files.read(text.encode(), "template.csv", most=10)
    assert [row.errors for row in table.rows] == [[]]
    assert not [note for note in table.notes if note.startswith("not read")]


def test_a_workbook_is_read_as_data(wire: Wire) -> None:
    book = openpyxl.Workbook()
    page: Any = book.active
    page.append([*LINE, "fact_source"])
    one = {**LINE, "quantity_kg": 24000, "planned_on": datetime(2027, 3, 1), "hs": 3915.1, "reference": "X-1"}  # noqa: DTZ001
    page.append([*one.values(), "unknown"])
    page.append([*{**one, "reference": "X-2", "quantity_kg": "=1+1"}.values()])
    data = io.BytesIO()
    book.save(data)
    made = upload(data.getvalue(), "list.xlsx")
    assert (made.accepted, made.rejected) == (1, 1)
    assert made.rejects[0]["line"] == 3
    row = made.shipments.get()
    assert (row.quantity_kg, row.content["codes"]["hs"], row.content["planned_on"]) == (
        Decimal(24000), ["391510"], "2027-03-01",
    )  # fmt: skip


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/workbook.xml", b"0" * (120 * 1024 * 1024))
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"a,b\n1,2\n", b"PK\x03\x04 not a workbook", sheet().encode(), b"\xff\xfe\x00", b"x" * 100,
        pytest.param(None, id="bomb"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_whole(wire: Wire, data: bytes | None) -> None:
    with pytest.raises(Refused) as refused:
        upload(bomb() if data is None else data, "list.xlsx")
    assert refused.value.field == "file"
    assert not GreenUpload.objects.exists()


def test_what_is_no_base64_and_too_many_rows_are_refused(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused) as refused:
        commands.upload(trader(), name="x", data="§")
    assert refused.value.field == "data"
    monkeypatch.setattr(commands, "MAX_ROWS", 2)
    with pytest.raises(Refused) as refused:
        upload(sheet(*({**LINE, "reference": str(n)} for n in range(3))))
    assert refused.value.code == "rows"


def test_rejects_go_out_as_text_that_no_spreadsheet_runs(wire: Wire) -> None:
    made = upload(sheet({**LINE, "reference": "=cmd|'/c calc'!A1", "operation": "=2+5"}))
    out = green_files.rejects(made.rejects)
    cells = next(csv.reader(io.StringIO(out.removeprefix("\ufeff").partition("\n")[2])))
    assert cells[2].startswith("'=cmd")
    assert cells[4].startswith("'=2")


@settings(deadline=None, max_examples=10)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                name: st.sampled_from(
                    ["", "R3", "24000", "0", "-5", "TH", "DE", "\u202e", "2027-03-01", "=1", "1e5", "ก"]
                )
                for name in ("reference", "quantity_kg", "planned_on", "operation", "transit", "polymers", "hazardous")
            },
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_goes_in_comes_out(changes: list[dict[str, str]]) -> None:
    """Whatever the cells: rows = accepted + rejected, each rejected row is named, each taken one is there."""
    with transaction.atomic():
        ready()
        with wired():
            made = upload(sheet(*({**LINE, "reference": f"r{n}", **one} for n, one in enumerate(changes))))
            assert made.rows == len(changes) == made.accepted + made.rejected
            assert {one["row"] for one in made.rejects}.isdisjoint({0})
            assert len({one["row"] for one in made.rejects}) == made.rejected
            assert made.shipments.count() == made.accepted
        transaction.set_rollback(True)


def test_many_over_the_command(wire: Wire) -> None:
    who = trader()
    made = commands.enter_many(who, shipments=[form(reference="a"), "nonsense", form(operation="?")], key="k")
    assert (made.rows, made.accepted) == (3, 1)
    assert [(one["row"], one["field"]) for one in made.rejects][-1] == (3, "operation")
    same = commands.enter_many(who, shipments=[form(reference="a"), "nonsense", form(operation="?")], key="k")
    assert same.pk == made.pk
    assert connection.in_atomic_block
