"""The quantity ledger against a plain oracle (invariants 1, 2, 3, 5, 6, 7, 8, 22 of facts/movement.md 4.8)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.movements.oracle import Plain
from tidegate.movements import ledger
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Account, Breach, Posting, Reservation
from tidegate.movements.models.mass import Kilograms
from tidegate.parties import times
from tidegate.parties.commanding import Missing, Refused
from tidegate.parties.models import JournalEntry, State

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
# Few, and the limit above what one takes: most histories come back to a draw that is there.
DRAWS = st.sampled_from([f"case/{n}" for n in range(1, 5)])
# Thirds and tenths of a gram's neighbours: what binary fractions get wrong.
MASSES = st.integers(1, 4_000).map(lambda n: Decimal(n) * Decimal("0.1") + Decimal("0.003"))
DAYS = st.integers(0, 12).map(lambda n: date(2026, 11, 1) + timedelta(days=n))


@pytest.fixture(autouse=True)
def on_the_first_day() -> Iterator[None]:
    """Tests that move time say so."""
    with times.at(START):
        yield


def state(code: str = "VN") -> State:
    return State.objects.get_or_create(code=code, defaults={"name": code, "node": f"{code.lower()}.ca", "here": True})[
        0
    ]


def opened(limit: str = "1000", **more: Any) -> Account:
    state()
    with transaction.atomic():
        return ledger.open_account(
            holder="VN", kind="notification", reference="VN-1", home="VN", limit_kg=Decimal(limit), case="VN-1", **more
        )


def reserve(draw: str, kg: str, day: date = date(2026, 11, 5), **more: Any) -> Reservation:
    with transaction.atomic():
        return ledger.reserve(
            "VN", "VN-1", draw=draw, kg=Decimal(kg), day=day, expires_at=START + timedelta(days=9), **more
        )


def commit(draw: str, kg: str, at: datetime = START) -> Breach | None:
    with transaction.atomic():
        return ledger.commit("VN", "VN-1", draw=draw, kg=Decimal(kg), at=at)


def now() -> ledger.Balance:
    return ledger.balance(Account.objects.get(holder="VN", reference="VN-1"))


class Ledger(RuleBasedStateMachine):
    """Everything that can happen to one account, in any order, with time moved by rule."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.at = START
        self.entries = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    @initialize(
        limit=st.integers(5_000, 12_000).map(lambda n: Decimal(n) / 10),
        most=st.none() | st.integers(1, 5),
        periods=st.lists(
            st.tuples(st.integers(1, 6), st.none() | st.integers(1, 800).map(Decimal), st.none() | st.integers(1, 3)),
            max_size=2,
        ),
    )
    def open(self, limit: Decimal, most: int | None, periods: list[Any]) -> None:
        self.plain = Plain(limit, most, periods)
        self.row = opened(str(limit), limit_count=most, sub_periods=periods)

    def clock(self) -> Any:
        return times.at(self.at)

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule(draw=DRAWS, kg=MASSES, day=DAYS, hours=st.integers(1, 90))
    def reserve(self, draw: str, kg: Decimal, day: date, hours: int) -> None:
        expires = self.at + timedelta(hours=hours)
        expected = self.plain.reserve(draw, kg, day, expires, self.at)
        try:
            with self.clock(), transaction.atomic():
                for _again in range(2):  # the same request twice: one effect (invariant 22)
                    ledger.reserve("VN", "VN-1", draw=draw, kg=kg, day=day, expires_at=expires)
            code = ""
        except Refused as refused:
            code = refused.code
        refusals = {"ledger_insufficient", "ledger_closed", "ledger_period", "ledger_breached", "ledger_ended"}
        assert (code in refusals, code == "") == (not expected, expected)

    @rule(draw=DRAWS, kg=MASSES | st.just(Decimal(0)))
    def commit(self, draw: str, kg: Decimal) -> None:
        expected = self.plain.commit(draw, kg, self.at.date(), self.at)
        with self.clock(), transaction.atomic():
            breach = ledger.commit("VN", "VN-1", draw=draw, kg=kg, at=self.at)
            again = ledger.commit("VN", "VN-1", draw=draw, kg=kg, at=self.at)
        assert (breach is not None) == bool(expected)
        assert again is None

    @rule(draw=DRAWS, kg=MASSES | st.just(Decimal(0)))
    def adjust(self, draw: str, kg: Decimal) -> None:
        expected = self.plain.adjust(draw, kg, self.at.date(), self.at)
        with self.clock(), transaction.atomic():
            breach = ledger.adjust("VN", "VN-1", draw=draw, kg=kg, at=self.at, reason="weighed again")
        assert (breach is not None) == bool(expected)

    @rule(draw=DRAWS)
    def release(self, draw: str) -> None:
        own = self.plain.draws.get(draw)
        live = own is not None and own.state == "live"
        if own is not None and live:
            own.state = "released"
        with self.clock(), transaction.atomic():
            assert (ledger.release("VN", "VN-1", draw=draw, at=self.at) is not None) == live
            assert ledger.release("VN", "VN-1", draw=draw, at=self.at) is None

    @rule()
    def sweep(self) -> None:
        with self.clock():
            assert ledger.expire_due(self.at) == self.plain.sweep(self.at)
            assert ledger.expire_due(self.at) == 0

    @rule(limit=st.integers(0, 15_000).map(lambda n: Decimal(n) / 10))
    def resize(self, limit: Decimal) -> None:
        taken = self.plain.reserved + self.plain.used + self.plain.lapsed
        may = limit >= self.plain.limit or limit >= taken
        outcome = nullcontext() if may else pytest.raises(Refused, match="reserved or used already")
        with outcome, self.clock(), transaction.atomic():
            ledger.resize("VN", "VN-1", limit_kg=limit)
        if may:
            self.plain.limit = limit
            self.plain.free()

    @precondition(lambda self: self.plain.open)
    @rule()
    def lapse(self) -> None:
        rest = max(self.plain.left, Decimal(0))
        with self.clock(), transaction.atomic():
            assert ledger.lapse("VN", "VN-1", at=self.at) == rest
        self.plain.lapsed += rest
        self.plain.open = False

    @rule()
    def settle(self) -> None:
        """A person closes the breaches, then the account."""
        Breach.objects.update(closed_at=self.at)
        self.plain.open_breaches = 0
        fits = self.plain.left >= 0 and (self.plain.most is None or self.plain.count <= self.plain.most)
        may = fits or not self.plain.breached
        outcome = nullcontext() if may else pytest.raises(Refused, match="More is drawn")
        with outcome, self.clock(), transaction.atomic():
            ledger.settle("VN", "VN-1")
        self.plain.breached = self.plain.breached and not may

    @invariant()
    def the_same_as_the_oracle(self) -> None:
        if not hasattr(self, "plain"):
            return
        row = Account.objects.get(pk=self.row.pk)
        plain = self.plain
        assert (row.limit_kg, row.reserved_kg, row.used_kg, row.lapsed_kg, row.count, row.open, row.breached) == (
            plain.limit, plain.reserved, plain.used, plain.lapsed, plain.count, plain.open, plain.breached
        )  # fmt: skip
        # 1 and 2: never over, or a breach that blocks.
        assert plain.breached or (plain.left >= 0 and (plain.most is None or plain.count <= plain.most))
        # 5: every transaction is zero, and the postings alone give the same balance.
        for kg in Posting.objects.values("transaction").annotate(sum=models.Sum("kg")).values_list("sum", flat=True):
            assert kg == 0
        legs = ledger.replay(row)
        assert legs == {
            "limit": -plain.limit, "available": plain.left, "reserved": plain.reserved, "used": plain.used,
            "lapsed": plain.lapsed,
        }  # fmt: skip
        # 3: what is reserved is what is live; each reservation ends once, and keeps what it ended as.
        rows = list(Reservation.objects.filter(account=row))
        assert sum(r.kg for r in rows if r.status == "live") == row.reserved_kg
        assert {r.draw: r.status for r in rows} == {name: d.state for name, d in plain.draws.items()}
        # 8: nothing but Decimals.
        assert all(isinstance(kg, Decimal) for r in rows for kg in (r.kg, r.committed_kg) if kg is not None)
        # History only grows, one entry a change.
        entries = JournalEntry.objects.filter(subject_id=row.pk)
        assert list(entries.order_by("revision").values_list("revision", flat=True)) == list(range(row.revision + 1))


@pytest.mark.django_db
def test_the_ledger_is_what_plain_arithmetic_says() -> None:
    run_state_machine_as_test(Ledger, settings=settings(settings(), stateful_step_count=25))


@pytest.mark.django_db
def test_a_late_higher_actual_is_stored_whole_and_blocks() -> None:
    opened("100")
    reserve("a", "60")
    breach = commit("a", "140.5")
    assert breach is not None
    assert breach.kind == "ledger_limit"
    assert breach.detail["kg"] == "140.500"
    assert now().used == Decimal("140.500")
    assert now().available == Decimal("-40.500")
    with pytest.raises(Refused) as blocked:
        reserve("b", "1")
    assert blocked.value.code == "ledger_breached"
    with transaction.atomic(), pytest.raises(Refused) as open_breach:
        ledger.settle("VN", "VN-1")
    assert open_breach.value.code == "ledger_breached"
    Breach.objects.update(closed_at=START)
    with transaction.atomic():
        ledger.resize("VN", "VN-1", limit_kg=Decimal(200))
        ledger.settle("VN", "VN-1")
    reserve("b", "59.5")
    assert now().available == 0


@pytest.mark.django_db
def test_the_last_gram_can_be_drawn() -> None:
    """0.1 + 0.2 = 0.3 exactly, in the constraints of the database too."""
    opened("0.3")
    reserve("a", "0.1")
    reserve("b", "0.2")
    assert now().available == 0
    with pytest.raises(Refused) as short:
        reserve("c", "0.001")
    assert (short.value.code, short.value.expected) == ("ledger_insufficient", "0.000")


@pytest.mark.django_db
def test_the_database_itself_refuses_an_overdraft() -> None:
    account = opened("100")
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=account.pk).update(used_kg=Decimal("100.001"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=account.pk).update(reserved_kg=Decimal("-0.001"))


@pytest.mark.django_db
def test_every_window_holds_not_only_the_calendar_ones() -> None:
    opened("10000", sub_periods=[(7, Decimal(100), None), (30, None, 3)])
    reserve("a", "60", date(2026, 11, 7))
    with pytest.raises(Refused) as full:
        reserve("b", "50", date(2026, 11, 1))
    assert full.value.code == "ledger_period"
    reserve("b", "50", date(2026, 10, 31))
    with pytest.raises(Refused):
        reserve("c", "45", date(2026, 11, 6))
    reserve("c", "40", date(2026, 11, 13))
    with pytest.raises(Refused):
        reserve("d", "1", date(2026, 11, 20))


@pytest.mark.django_db
def test_what_leaves_heavier_is_a_breach_although_less_was_used_than_allowed() -> None:
    opened("100")
    reserve("a", "60")
    reserve("b", "40")
    heavier = commit("a", "60.001")  # what is set aside for the other counts too
    assert heavier is not None
    assert heavier.detail["broken"] == ["limit"]
    assert commit("a", "60.001") is None


@pytest.mark.django_db
def test_the_window_is_that_of_the_day_on_which_it_left() -> None:
    opened("1000", sub_periods=[(7, Decimal(100), None)])
    reserve("a", "60", date(2026, 11, 7))
    reserve("b", "50", date(2026, 10, 31))
    late = commit("b", "50")  # on 1 November, with the other in one window of seven days
    assert late is not None
    assert late.detail["broken"] == ["period"]


@pytest.mark.django_db
def test_an_expired_reservation_makes_room_at_once_and_its_late_use_is_kept() -> None:
    opened("100")
    with times.at(START):
        reserve("a", "80")
    with times.at(START + timedelta(days=10)):
        reserve("b", "30")
        assert Reservation.objects.get(draw="a").status == "expired"
        assert commit("a", "80", START + timedelta(days=10)) is not None
    assert (now().used, now().reserved, now().available) == (Decimal(80), Decimal(30), Decimal(-10))
    assert Reservation.objects.get(draw="a").status == "expired"
    assert now().count_left is None


@pytest.mark.django_db
def test_a_change_of_plan_is_reserved_anew_all_or_nothing() -> None:
    opened("100", limit_count=1)
    reserve("a", "60")
    reserve("a", "100")
    assert now().reserved == 100
    with pytest.raises(Refused):
        reserve("a", "100.001")
    assert now().reserved == 100
    assert now().count_left == 0


@pytest.mark.django_db
def test_nobody_draws_on_a_copy_or_outside_a_transaction() -> None:
    opened()
    state("TH")
    Account.objects.create(
        holder_id="TH", home="VN", kind="notification", reference="VN-1", limit_kg=Decimal(1), as_of=START
    )
    with transaction.atomic(), pytest.raises(ValueError, match="holds a copy"):
        ledger.commit("TH", "VN-1", draw="a", kg=Decimal(1), at=START)
    with transaction.atomic(), pytest.raises(Missing):
        ledger.commit("VN", "VN-2", draw="a", kg=Decimal(1), at=START)


def test_the_ledger_asks_for_a_transaction() -> None:
    with pytest.raises(ValueError, match="transaction"):
        ledger.release("VN", "VN-1", draw="a", at=START)


@pytest.mark.parametrize("value", [0.1, 1.0, True, "1.0001", "", "x", "-1", "1e15", None, "NaN"])
def test_a_mass_is_exact_or_refused(value: Any) -> None:
    with pytest.raises(Refused) as refused:
        kilograms(value, "quantity_kg")
    assert refused.value.field == "quantity_kg"


@pytest.mark.parametrize(
    ("value", "mass"), [("25000", "25000.000"), (7, "7.000"), (" 0.001 ", "0.001"), (Decimal("1.50"), "1.500")]
)
def test_a_mass_keeps_every_gram(value: Any, mass: str) -> None:
    assert str(kilograms(value)) == mass
    grams = Kilograms().get_prep_value(kilograms(value))
    assert isinstance(grams, int)
    assert str(Kilograms().from_db_value(grams, None, None)) == mass


def test_a_column_takes_no_float() -> None:
    for value in (0.1, 0.5, 1.0):  # 0.5 and 1.0 are exact as binary fractions, and floats all the same
        with pytest.raises(ValidationError):
            Kilograms().get_prep_value(value)
    masses = [f for model in (Account, Reservation, Posting) for f in model._meta.fields if f.name.endswith("kg")]
    assert len(masses) == 7
    assert all(isinstance(f, Kilograms) for f in masses)
