"""What the border is told, what it writes off, and the line files of an office that has only e-mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from tests.movements.people import NOON, actor, issued, state
from tidegate.cli import main
from tidegate.movements import ledger, linefile
from tidegate.movements.border import Answer, as_json, check
from tidegate.movements.commands import certificates, linefiles, permits
from tidegate.movements.commands.border import write_off
from tidegate.movements.linefile import Head
from tidegate.movements.models import Account, Breach, Consent, Movement, Notification, Permit, WriteOff
from tidegate.movements.queries import permits as queries
from tidegate.movements.writeoffs import Line, Unreadable, of_asycuda, of_wco
from tidegate.parties import journal, times
from tidegate.parties.actors import system
from tidegate.parties.commanding import Forbidden, Missing, Refused

CASE = "TH-AAAA-BBBB-CCCC"


@pytest.fixture
def noon(db: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.TIDEGATE_DATA_DIR = tmp_path
    with times.at(NOON):
        yield


@pytest.fixture
def permit(noon: None) -> Permit:
    return issued(conditions=[{"kind": "text", "text": "only through Hai Phong"}])


@pytest.fixture
def movement(noon: None) -> Movement:
    """A load under way from Thailand, as Viet Nam's copy has it, with the home's word on the balance an hour old."""
    state("TH")
    state("VN")
    case = Notification.objects.create(
        holder_id="VN", case=CASE, number="TH 000123", state_export="TH", state_import="VN", status="active"
    )
    for code, conditions in (("TH", []), ("VN", [{"kind": "maximum_load", "kg": "25000.000"}])):
        Consent.objects.create(
            holder_id="VN", case=CASE, notification=case, authority=code, role="import", status="consented",
            requested_at=NOON, valid_from=date(2026, 11, 1), valid_until=date(2027, 10, 31), conditions=conditions,
        )  # fmt: skip
    Account.objects.create(
        holder_id="VN", home="TH", kind="notification", reference=CASE, case=CASE, limit_kg=Decimal(100_000),
        used_kg=Decimal(20_000), limit_count=5, count=1, as_of=NOON - timedelta(hours=1),
    )  # fmt: skip
    row = Movement.objects.create(
        holder_id="VN", case=CASE, notification=case, serial=3, planned_on=NOON.date(), announced_kg=Decimal(24_000),
        loaded_kg=Decimal(24_100), status="in_transit", announced_at=NOON, departed_at=NOON,
        particulars={"containers": ["TGHU 123456-7"]},
    )  # fmt: skip
    with transaction.atomic():
        journal.record(system("VN"), "movement.departed", row, revision=1, case=CASE, state="TH")
    return row


def one(text: str, **more: Any) -> Answer:
    found = check(actor("customs", "clerk"), text, **more)
    assert len(found) == 1
    return found[0]


def codes(answer: Answer) -> list[str]:
    return [reason.code for reason in (*answer.reasons, *answer.unknowns)]


def test_a_permit_in_force(permit: Permit) -> None:
    for number in ("IMP-7", "VN-IMP-7", f" {permit.case} "):
        answer = one(number, kg=Decimal(24_000), wastes=["B3011"], hs=["3915.10"])
        assert (answer.answer, answer.subject, answer.holder) == ("valid", "permit", "vn-consignee (fictitious)")
    said = as_json(answer)
    assert said["left"] == [
        {"account": "VN-IMP-7", "home": "VN", "kg": "100000.000", "shipments": None, "as_of": NOON.isoformat()}
    ]
    assert said["conditions"][0]["text"] == "only through Hai Phong"
    assert said["valid_until"] == "2027-10-31"


def test_every_reason_against_a_permit(permit: Permit) -> None:
    assert codes(one("IMP-7", kg=Decimal("100000.001"))) == ["quantity"]
    assert codes(one("IMP-7", wastes=["Y48"], hs=["4004.00"])) == ["scope", "scope"]
    assert codes(one("IMP-7", at=NOON + timedelta(days=400))) == ["expired"]
    permits.suspend(actor("competent_authority"), permit.pk, revision=Permit.objects.get().revision, reason="x")
    suspended = one("IMP-7")
    assert (suspended.answer, codes(suspended)) == ("not_valid", ["permit_suspended", "closed"])
    with pytest.raises(Missing):
        check(actor("customs", "clerk"), "IMP-8")
    with pytest.raises(Forbidden):
        check(actor("consignee", "clerk"), "IMP-7")


def test_the_qr_code_and_the_permit_behind_it(permit: Permit) -> None:
    token = certificates.issue(actor("competent_authority"), permit.pk, kind="permit").token
    assert one(token).answer == "valid"
    assert one(token).left[0].kg == 100_000
    with transaction.atomic():
        ledger.resize("VN", "VN-IMP-7", open=False)
    assert codes(one(token)) == ["closed"]
    assert one(token[:-3] + "AAA").answer == "not_valid"


@pytest.mark.parametrize("number", [f"{CASE}/3", "TH 000123/3", "TGHU1234567", "tghu 123456-7"])
def test_a_movement_is_found_by_any_of_its_numbers(movement: Movement, number: str) -> None:
    answer = one(number)
    assert (answer.answer, answer.number) == ("valid", "TH 000123/3")
    assert (answer.left[0].kg, answer.left[0].shipments) == (Decimal(80_000), 4)
    assert answer.left[0].as_of == NOON - timedelta(hours=1)
    assert [(c.authority, c.met) for c in answer.conditions] == [("VN", True)]


def test_a_condition_that_is_not_met_now(movement: Movement) -> None:
    answer = one(f"{CASE}/3", kg=Decimal(26_000))
    assert (answer.answer, codes(answer)) == ("not_valid", ["condition"])
    assert answer.conditions[0].met is False


def test_an_old_word_is_unknown_and_an_end_on_record_is_not(movement: Movement) -> None:
    later = NOON + timedelta(hours=30)
    stale = one(CASE, at=later)
    assert (stale.answer, stale.stale_since) == ("unknown", NOON + timedelta(hours=23))
    assert one(f"{CASE}/3", at=later).answer == "unknown"
    Account.objects.all().delete()
    assert (one(CASE).answer, codes(one(CASE))) == ("unknown", ["no_balance"])
    Notification.objects.update(status="suspended")
    assert one(CASE, at=later).answer == "not_valid"
    assert one(f"{CASE}/3", at=later).answer == "not_valid"
    Notification.objects.update(status="active")
    Consent.objects.filter(authority="TH").update(status="withdrawn")
    assert "consent" in codes(one(CASE))
    Movement.objects.update(status="held")
    assert "movement_held" in codes(one(f"{CASE}/3"))


# --- write-offs ----------------------------------------------------------------------------------------


def line(
    transaction: str, kg: str, usage: str = "original", item: int = 1, licence: str = "IMP-7", **more: Any
) -> Line:
    return Line(transaction, licence, "HPH-2026-C1", item, Decimal(kg), NOON, usage, **more)


def left() -> Decimal:
    return ledger.balance(Account.objects.get(reference="VN-IMP-7")).available


def test_each_kind_of_entry(permit: Permit) -> None:
    customs = actor("customs", "clerk")
    first = write_off(customs, [line("t1", "24500.5"), line("t2", "500", item=2)])
    assert [(r.accepted, r.left_kg) for r in first] == [(True, "75499.500"), (True, "74999.500")]
    assert write_off(customs, [line("t1", "24500.5")])[0] == first[0]
    assert left() == Decimal("74999.500")
    replies = write_off(
        customs,
        [
            line("t1", "1"),
            line("t3", "24500.5"),
            line("t4", "24000", "adjusted"),
            line("t5", "0", "contra", item=2),
            line("t6", "600", "late", item=2),
            line("t7", "1", "adjusted", item=9),
            line("t8", "1", licence="NONE"),
        ],
    )
    assert [r.code for r in replies] == [
        "transaction_reused", "written_off_already", "", "", "", "not_written_off", "unknown_licence"
    ]  # fmt: skip
    assert left() == 100_000 - 24_000 - 600
    assert WriteOff.objects.count() == 5


def test_too_much_is_stored_and_opens_a_breach(permit: Permit) -> None:
    reply = write_off(actor("customs", "clerk"), [line("t1", "100000.001")])[0]
    assert (reply.accepted, reply.breach, reply.left_kg) == (True, True, "-0.001")
    assert Breach.objects.get().kind == "ledger_limit"
    assert codes(one("IMP-7")) == ["breached", "used_up"]


def test_one_load_is_counted_once(permit: Permit) -> None:
    """A movement has set the quantity aside and left; the declaration's own figure takes its place."""
    with transaction.atomic():
        ledger.reserve(
            "VN", "VN-IMP-7", draw=f"{CASE}/3", kg=Decimal(24_000), day=NOON.date(), expires_at=NOON + timedelta(9)
        )
        ledger.commit("VN", "VN-IMP-7", draw=f"{CASE}/3", kg=Decimal(24_100), at=NOON)
    write_off(actor("customs", "clerk"), [line("t1", "24080", movement=f"{CASE}/3")])
    assert left() == 100_000 - 24_080


WCO = """<?xml version="1.0"?>
<Declaration xmlns="urn:wco:datamodel:WCO:DEC-DMS:2"><ID>HPH26C7</ID><GoodsShipment>
<GovernmentAgencyGoodsItem><SequenceNumeric>1</SequenceNumeric>
<AdditionalDocument><CategoryCode>L</CategoryCode><ID>IMP-7</ID>
<WriteOff><Quantity unitCode="TNE">24.5</Quantity></WriteOff></AdditionalDocument>
<AdditionalDocument><CategoryCode>I</CategoryCode><ID>INV-1</ID></AdditionalDocument></GovernmentAgencyGoodsItem>
</GoodsShipment></Declaration>"""
ASYCUDA = """<ASYCUDA><Identification><Office_segment><Customs_clearance_office_code>HPH</Customs_clearance_office_code>
</Office_segment><Registration><Serial_number>C</Serial_number><Number>7</Number><Date>2026-11-02</Date></Registration>
</Identification><Item><Tarification><HScode><Commodity_code>39151000</Commodity_code></HScode></Tarification>
<Licence_number>IMP-7</Licence_number><Quantity_deducted_from_licence>1500.250</Quantity_deducted_from_licence></Item>
<Item><Tarification><HScode><Commodity_code>39151000</Commodity_code></HScode></Tarification></Item></ASYCUDA>"""


def test_a_declaration_of_each_kind_says_what_it_takes_off() -> None:
    wco = of_wco(WCO.encode(), "d.xml", at=NOON)
    assert [(x.licence, x.declaration, x.item, x.kg) for x in wco] == [("IMP-7", "HPH26C7", 1, Decimal("24500.000"))]
    asycuda = of_asycuda(ASYCUDA.encode(), "sad.xml", at=NOON)
    assert [(x.licence, x.declaration, x.item, x.kg) for x in asycuda] == [
        ("IMP-7", "HPH-2026-C7", 1, Decimal("1500.250"))
    ]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("TNE", "PCE", "unit 'PCE'"),
        ("24.5<", "24,5<", "WriteOff/Quantity"),
        ("24.5<", "-1<", "WriteOff/Quantity"),
        ("<ID>HPH26C7</ID>", "", "ID"),
        ("<ID>IMP-7</ID>", "", "AdditionalDocument"),
        ('<?xml version="1.0"?>', "<!DOCTYPE x [<!ENTITY a 'b'>]>", "not readable XML"),
    ],
)
def test_a_declaration_that_cannot_be_read_is_named(old: str, new: str, named: str) -> None:
    with pytest.raises(Unreadable, match=named):
        of_wco(WCO.replace(old, new).encode(), "d.xml", at=NOON)


# --- line files ----------------------------------------------------------------------------------------


def usage(run: int, *records: tuple[object, ...], office: str = "vn-customs") -> str:
    return linefile.write(Head("usage", "VN", office, run, NOON), records)


def test_an_office_with_only_email(permit: Permit) -> None:
    customs = actor("customs", "clerk")
    out = linefiles.lines_out(customs)
    told = linefile.read(out.answer, "permits")
    assert [row[:4] for _n, row in told.records] == [["PERMIT", "insert", "IMP-7", "import"]]
    text = usage(
        1,
        ("USAGE", "t1", "original", "IMP-7", "HPH-1", 1, "24000", "2026-11-02", ""),
        ("USAGE", "t2", "original", "IMP-7", "HPH-1", 2, "24.0005", "2026-11-02", ""),
        ("ACK", out.run),
        ("NOISE",),
    )
    replies = linefile.read(linefiles.lines_in(customs, text).answer, "replies")
    assert [(row[1], row[2], row[3]) for _n, row in replies.records] == [
        ("t1", "accepted", ""), ("t2", "rejected", "unreadable"), ("ACK 1", "accepted", ""),
        ("", "rejected", "unreadable"),
    ]  # fmt: skip
    assert "line 3, kg" in replies.records[1][1][6]
    assert queries.unacknowledged(Permit.objects.get()) == []
    # The same run again: the same answer, no effect.
    assert linefile.read(linefiles.lines_in(customs, text).answer, "replies") == replies
    assert left() == 76_000
    changed = linefile.read(linefiles.lines_out(customs).answer, "permits")
    assert [(row[1], row[9]) for _n, row in changed.records] == [("replace", "76000.000")]
    permits.revoke(actor("competent_authority"), permit.pk, revision=Permit.objects.get().revision, reason="x")
    ended = linefile.read(linefiles.lines_out(customs).answer, "permits")
    assert (ended.head.run, [(row[1], row[4]) for _n, row in ended.records]) == (3, [("cancel", "revoked")])
    assert linefile.read(linefiles.lines_out(customs).answer, "permits").records == []
    assert len(queries.unacknowledged(Permit.objects.get())) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (lambda: usage(2), "run_gap"),
        (lambda: usage(1, office="other"), "office"),
        (lambda: usage(1).replace("2|END|0", "2|END|1"), "line_file"),
        (lambda: "", "line_file"),
        (lambda: usage(1).replace("tidegate-lines|1", "tidegate-lines|2"), "line_file"),
        (lambda: usage(1, ("ACK", 1)).replace("2|ACK", "3|ACK"), "line_file"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_whole(permit: Permit, text: Any, code: str) -> None:
    with pytest.raises(Refused) as refused:
        linefiles.lines_in(actor("customs", "clerk"), text())
    assert refused.value.code == code


def test_a_run_number_is_used_once(permit: Permit) -> None:
    customs = actor("customs", "clerk")
    linefiles.lines_in(customs, usage(1))
    with pytest.raises(Refused) as reused:
        linefiles.lines_in(customs, usage(1, ("ACK", 1)))
    assert reused.value.code == "run_reused"


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r")), min_size=1)))
def test_every_field_comes_back_as_it_went(records: list[list[str]]) -> None:
    head = Head("usage", "VN", "off|ice\\", 7, NOON)
    read = linefile.read(linefile.write(head, [["USAGE", *row, "."] for row in records]), "usage")
    assert (read.head, [row for _n, row in read.records]) == (head, [["USAGE", *row, "."] for row in records])


# --- the command ---------------------------------------------------------------------------------------


def test_the_command(permit: Permit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    actor("customs", "clerk")
    office = ["--office", "VN:vn-customs"]
    assert main(["border", "check", "IMP-7", "--kg", "24000", *office]) == 0
    assert "IMP-7: valid (permit" in capsys.readouterr().out
    assert main(["border", "check", "IMP-7", "--kg", "200000", *office]) == 1
    assert "More than is left." in capsys.readouterr().out
    assert main(["border", "check", "NONE", *office]) == 2
    assert main(["border", "check", "IMP-7", "--office", "VN:nobody"]) == 2
    assert "expected State and registration" in capsys.readouterr().err
    declaration = tmp_path / "d.xml"
    declaration.write_text(WCO)
    assert main(["border", "write-off", str(declaration), "--format", "wco", *office]) == 0
    assert "accepted" in capsys.readouterr().out
    assert left() == 75_500
    file = tmp_path / "usage.txt"
    file.write_text(usage(1, ("USAGE", "t1", "contra", "IMP-7", "HPH26C7", 1, "", "2026-11-02", "")))
    assert main(["border", "lines", "in", str(file), *office]) == 0
    assert "2|REPLY|t1|accepted|" in capsys.readouterr().out
    assert left() == 100_000
    assert main(["border", "lines", "out", *office]) == 0
    assert "|PERMIT|insert|IMP-7|" in capsys.readouterr().out
    assert main(["border", "keys", "VN"]) == 0
    assert '"kid": "vn.dea:' in capsys.readouterr().out
