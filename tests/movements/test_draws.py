# mypy: disable-error-code="comparison-overlap"
"""A movement that draws on accounts of two homes, over the exchange: announced only when every home has confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from tests.movements.people import NOON, actor, issued, state
from tidegate.exchange import delivery
from tidegate.exchange.models import Inbox
from tidegate.movements import draws, ledger
from tidegate.movements.commands import permits
from tidegate.movements.models import Account, Breach, Movement, Notification, Permit, Reservation
from tidegate.parties import times
from tidegate.parties.actors import system
from tidegate.parties.commanding import Refused
from tidegate.parties.models import Organisation

pytestmark = pytest.mark.django_db
CASE = "TH-AAAA-BBBB-CCCC"
DAY = date(2026, 11, 10)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the movement's own module is told, in order."""
    told: list[str] = []
    monkeypatch.setattr(draws, "_settled", lambda movement: told.append(draws.outcome(movement)))
    return told


@pytest.fixture(autouse=True)
def trade(settings: Any, tmp_path: Path, settled: list[str]) -> Iterator[None]:
    """Thailand exports to Viet Nam under a case that both know, and under a Vietnamese import permit of 100 t."""
    settings.TIDEGATE_DATA_DIR = tmp_path
    with times.at(NOON):
        for code in ("TH", "VN"):
            state(code)
            case = Notification.objects.create(
                holder_id=code, case=CASE, state_export="TH", state_import="VN", status="active",
                blocks={"codes": {"basel": ["B3011"], "hs": ["3915.10"]}},
            )  # fmt: skip
            case.involved.add(*Organisation.objects.filter(holder=code, kind="consignee"))
        permit = issued()
        Notification.objects.get(holder="VN").involved.add(permit.organisation)
        with transaction.atomic():
            ledger.open_account(
                holder="TH", kind="notification", reference=CASE, home="TH", limit_kg=Decimal(60_000), case=CASE,
                limit_count=2, shared=["VN"],
            )  # fmt: skip
        yield


def movement(serial: int = 1, kg: str = "20000", status: str = "announcing") -> Movement:
    return Movement.objects.create(
        holder_id="TH", case=CASE, notification=Notification.objects.get(holder="TH"), serial=serial, planned_on=DAY,
        announced_kg=Decimal(kg), particulars={"permits": ["VN-IMP-7"]}, status=status,
    )  # fmt: skip


def ask(row: Movement) -> Movement:
    with transaction.atomic():
        draws.ask(system("TH"), row)
    delivery.settle()
    return Movement.objects.get(pk=row.pk)


def stands(holder: str, reference: str) -> tuple[Decimal, Decimal]:
    row = Account.objects.get(holder=holder, reference=reference)
    return row.reserved_kg, row.used_kg


def statuses(row: Movement) -> list[str]:
    return [draw["status"] for draw in row.draws]


def test_both_homes_confirm(settled: list[str]) -> None:
    row = movement()
    with transaction.atomic():
        draws.ask(system("TH"), row)
    # Our own home has set it aside; the other has not answered, and that is no yes.
    assert statuses(row) == ["confirmed", "asked"]
    assert settled == []
    delivery.settle()
    row.refresh_from_db()
    assert statuses(row) == ["confirmed", "confirmed"]
    assert settled == ["confirmed"]
    assert stands("TH", CASE) == (20_000, 0)
    assert stands("VN", "VN-IMP-7") == (20_000, 0)
    with transaction.atomic():
        assert draws.commit(system("TH"), row, Decimal("20120.5"), times.now()) == []
    delivery.settle()
    assert stands("TH", CASE) == (0, Decimal("20120.5"))
    assert stands("VN", "VN-IMP-7") == (0, Decimal("20120.5"))
    with transaction.atomic():
        draws.adjust(system("TH"), row, Decimal(20_000), times.now(), "weighed again")
    delivery.settle()
    assert stands("VN", "VN-IMP-7") == (0, 20_000)
    assert not Inbox.objects.filter(verdict="rejected").exists()


def test_one_refusal_gives_everything_back(settled: list[str]) -> None:
    permit = Permit.objects.get()
    permits.suspend(actor("competent_authority"), permit.pk, revision=permit.revision, reason="x")
    row = ask(movement())
    assert settled == ["refused"]
    assert statuses(row) == ["released", "refused"]
    assert row.draws[1]["code"] == "ledger_closed"
    assert stands("TH", CASE) == (0, 0)
    # Asked anew, under another key: what was given back once stays given back.
    permits.lift(actor("competent_authority"), permit.pk, revision=Permit.objects.get().revision)
    row = ask(row)
    assert statuses(row) == ["confirmed", "confirmed"]
    assert row.draws[0]["reservation"] == f"{CASE}/1/2"
    assert Reservation.objects.filter(status="live").count() == 2


def test_what_the_permit_does_not_cover_is_refused_there(settled: list[str]) -> None:
    Notification.objects.filter(holder="VN").update(blocks={"codes": {"basel": ["Y48"], "hs": ["3915.10"]}})
    row = ask(movement())
    assert (settled, row.draws[1]["code"]) == (["refused"], "ledger_scope")
    Notification.objects.filter(holder="VN").update(blocks={})
    Notification.objects.get(holder="VN").involved.clear()
    row = ask(row)
    assert row.draws[1]["code"] == "ledger_not_yours"


def test_our_own_home_refuses_at_once() -> None:
    row = movement(kg="60000.001")
    with pytest.raises(Refused) as refused:
        ask(row)
    assert refused.value.code == "ledger_insufficient"
    assert stands("TH", CASE) == (0, 0)
    row.refresh_from_db()
    assert row.draws == []


def test_silence_is_no_confirmation(settled: list[str]) -> None:
    row = movement()
    with transaction.atomic():
        draws.ask(system("TH"), row)
    assert draws.refuse_unanswered(NOON + timedelta(hours=71)) == 0
    with times.at(NOON + timedelta(hours=73)):
        assert draws.refuse_unanswered(times.now()) == 1
        row.refresh_from_db()
        assert settled == ["refused"]
        assert stands("TH", CASE) == (0, 0)
        row.status = "draft"
        row.save()
        # The answer comes after all: it is given back, and announces nothing.
        delivery.settle()
    assert settled == ["refused"]
    assert stands("VN", "VN-IMP-7") == (0, 0)


def test_a_movement_that_does_not_start_gives_back_at_both() -> None:
    row = ask(movement())
    with transaction.atomic():
        draws.release(system("TH"), row, times.now())
        draws.release(system("TH"), row, times.now())
    delivery.settle()
    assert stands("TH", CASE) == (0, 0)
    assert stands("VN", "VN-IMP-7") == (0, 0)


def test_a_reservation_expires_at_each_home_by_itself() -> None:
    ask(movement())
    later = NOON + timedelta(days=23)
    with times.at(later):
        assert draws.expire_reservations(later) == 2
        assert draws.expire_reservations(later) == 0
    assert stands("TH", CASE) == (0, 0)
    assert stands("VN", "VN-IMP-7") == (0, 0)


def test_what_left_unannounced_is_counted_at_both_homes() -> None:
    row = movement(status="in_transit", kg="70000")
    with transaction.atomic():
        breaches = draws.commit(system("TH"), row, Decimal(70_000), times.now())
    delivery.settle()
    assert [breach.kind for breach in breaches] == ["ledger_limit"]
    assert stands("TH", CASE) == (0, 70_000)
    assert stands("VN", "VN-IMP-7") == (0, 70_000)
    assert Breach.objects.filter(holder="TH").count() == 1


def test_copies_of_the_balance_say_as_of_when() -> None:
    ask(movement())
    assert draws.tell_balances(times.now()) == 1
    delivery.settle()
    copy = Account.objects.get(holder="VN", reference=CASE)
    assert (copy.home, ledger.balance(copy).available, ledger.balance(copy).as_of) == ("TH", 40_000, NOON)
    assert draws.tell_balances(NOON + timedelta(hours=1)) == 0
    # Nothing changed, and yet its word is repeated, so that the copy shows that it is fresh.
    with times.at(NOON + timedelta(hours=7)):
        assert draws.tell_balances(times.now()) == 1
        delivery.settle()
    copy.refresh_from_db()
    assert copy.as_of == NOON + timedelta(hours=7)


def test_a_state_that_is_not_the_exporters_draws_nothing() -> None:
    """Malaysia asks for Vietnamese quantity in a case that is Thailand's; then says what its balance is."""
    from tidegate.parties.registry import Message, Rejected, registry

    state("MY")
    body = {
        "account": "VN-IMP-7", "draw": f"{CASE}/9", "serial": 9, "kg": "1.000", "day": "2026-11-10",
        "expires_at": "2026-11-20T00:00:00+00:00",
    }  # fmt: skip
    message = Message("m1", "MY", "VN", CASE, 1, "ledger.reserve.asked", body, NOON)
    with pytest.raises(Rejected) as rejected, transaction.atomic():
        registry.messages["ledger.reserve.asked"].handler(message)
    assert rejected.value.code == "not_entitled"
    told = ledger.tell(Account.objects.get(holder="TH", reference=CASE))[0]
    forged = Message("m2", "MY", "VN", CASE, 2, "ledger.balance", told.body, NOON)
    with pytest.raises(Rejected) as lie, transaction.atomic():
        registry.messages["ledger.balance"].handler(forged)
    assert lie.value.code == "not_entitled"


def test_a_condition_of_the_permit_is_tested_at_its_home(settled: list[str]) -> None:
    """The State that granted the permit looks at route, load, season, facility and code when it is asked to reserve."""
    permit = Permit.objects.get()
    permit = permits.vary(
        actor("competent_authority"), permit.pk, revision=permit.revision, reason="conditions", number="IMP-7A",
        conditions=[{"kind": "maximum_load", "kg": "19000"}, {"kind": "season", "from": "11-01", "to": "12-31"}],
    )  # fmt: skip
    row = ask(movement(kg="20000"))
    assert (settled, row.draws[1]["code"]) == (["refused"], "condition")
    assert "load is more" in row.draws[1]["reason"]
    assert stands("VN", "VN-IMP-7") == (0, 0)
    row.announced_kg = Decimal(18_000)
    row.save()
    row = ask(row)
    assert (settled[-1], statuses(row)) == ("confirmed", ["confirmed", "confirmed"])
    # What the asking State does not say is not met: a facility is asked for, and none is known.
    permits.vary(
        actor("competent_authority"), permit.pk, revision=Permit.objects.get(number="IMP-7A").revision,
        reason="facility", number="IMP-8", conditions=[{"kind": "facility", "facilities": ["Plant 1"]}],
    )  # fmt: skip
    row.announced_kg = Decimal(17_000)
    row.save()
    assert ask(row).draws[1]["code"] == "condition"
