"""A whole case over the States' own copies: every act, every message, every day in any order, against the oracle.

The machine's rules are what people, messages and time may do; `oracle.Trade` and `oracle.Refusal` are what plain
arithmetic makes of it. Messages keep their order between two States and nothing else; some come twice. Run by
test_whole_case.py.
"""

from __future__ import annotations

import copy as copying
import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import models, transaction
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from tests.movements import cases
from tests.movements.oracle import Shipment, Trade
from tests.movements.shipments import folded
from tests.movements.whole_core import (
    BETWEEN,
    ELSEWHERE,
    HOME,
    KG,
    LIMIT,
    LOAD,
    MOST,
    SEASON,
    THERE,
    WINDOW,
    Told,
    base,
    granted,
)
from tests.movements.whole_returns import Returns
from tidegate.movements import ledger, machines, rounds
from tidegate.movements.models import (
    Account,
    Breach,
    Clock,
    EarlyFact,
    Movement,
    Posting,
    QuotaAllocation,
    TakeBack,
)
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.models import JournalEntry
from tidegate.parties.registry import registry


class Whole(Returns):
    """Two to five States, one case: how it begins, what always holds, and what it comes to in the end."""

    def teardown(self) -> None:
        try:
            if self.ready:
                for _again in range(2):  # what is delivered may be over already, and what ends is told
                    self.settle()
                    self.tick()
                self.settle()
                self.converged()
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    @initialize(
        stage=st.integers(-1, 9),
        kg=KG,
        wants=st.sampled_from(["", "", "permit", "quota", "both"]),
        part=st.sampled_from([0, 0.75, 0.75, 1]),
    )
    def begin(self, stage: int, kg: str, wants: str, part: float) -> None:
        """How far it has come before anything else happens; -1: the State of import has not answered yet."""
        self.route, self.case = self.base.route, self.base.row.case
        self.line = copying.deepcopy(self.base.wire)
        registry.subscribers[:] = [self.line.carry]
        given = {code: "waiting" if code == THERE else "given" for code in self.route}
        self.told = {code: Told(dict(given)) for code in self.route}
        self.trade = Trade(LIMIT, MOST, LOAD, date(2027, 2, 1), date(2027, 12, 31), SEASON, [WINDOW])
        self.refusals = {}
        self.mended = {}
        self.stops = []
        self.serials = 0
        self.ready = True
        if stage >= 0:
            self.decide("consented_with_conditions")
            self.confirm_contract()
            self.settle()
            self.tick()
            self.settle()
        later: list[Callable[[], Any]] = [
            lambda: self.announce(kg, 9, wants),
            lambda: self.depart(0, kg, False, 0),
            lambda: self.arrive(0),
            lambda: self.receive(0, 0, part),
            lambda: self.find(0, THERE, kg),
            lambda: self.refuse(0, "classify", THERE, "art9_exporter"),
            lambda: self.refuse(0, "inform", THERE, ""),
            lambda: self.refuse(0, "accept", HOME, ""),
            lambda: self.plan_and_sign(),
        ]
        for step in later[: max(stage, 0)]:
            step()
            self.settle()

    @invariant()
    def the_account_is_its_shipments(self) -> None:
        """1, 2, 3, 6, 32: at every moment the home's account is what its shipments add up to, or a breach is open."""
        if not self.ready or not Account.objects.filter(holder=HOME, reference=self.case).exists():
            return
        row, plain = self.account(), self.trade.account()
        assert (row.reserved_kg, row.used_kg, row.count) == (plain.reserved, plain.used, plain.count)
        assert row.breached or (plain.left >= 0 and plain.count <= MOST)
        here = Movement.objects.filter(holder=HOME, case=self.case, take_back=False)
        assert here.exclude(status="cancelled").count() == self.trade.counted

    @invariant()
    def one_case_of_a_shipment(self) -> None:
        """29, in every copy."""
        if self.ready:
            rows = TakeBack.objects.filter(movement__case=self.case).exclude(status__in=TakeBack.ENDED)
            assert not rows.values("movement").annotate(n=models.Count("pk")).filter(n__gt=1).exists()

    def converged(self) -> None:
        for early in EarlyFact.objects.all():
            # What home saw of a shipment that it has not announced waits until it does.
            serial = early.body["movement"]["serial"]
            assert Movement.objects.get(holder=HOME, case=self.case, serial=serial).status in ("draft", "cancelled")
        self.journals_fold()
        for serial, one in self.trade.shipments.items():
            rows = {row.holder_id: row for row in Movement.objects.filter(case=self.case, serial=serial)}
            if set(rows) == {HOME} and rows[HOME].status in ("draft", "cancelled"):
                continue
            assert set(rows) == set(self.route)
            assert len({row.status for row in rows.values()}) == 1, {c: r.status for c, r in rows.items()}
            for row in rows.values():
                found = (row.received_kg, row.accepted_kg, row.rejected_kg)
                assert row.loaded_kg == one.loaded
                assert found == (one.seen or (None, None, None))
                assert (row.completed_at is not None) == one.done or self.mended or not one.seen
            self.left_without_consent(serial, one)
        self.ledgers()
        self.cases_end_alike()

    def journals_fold(self) -> None:
        """21: in every copy."""
        for row in Movement.objects.filter(case=self.case):
            assert folded(row) == row.status
        for case in TakeBack.objects.filter(movement__case=self.case):
            types = JournalEntry.objects.filter(subject_id=case.pk).order_by("revision").values_list("type", flat=True)
            assert machines.fold(machines.TAKE_BACK, types) == case.status

    def left_without_consent(self, serial: int, one: Shipment) -> None:
        """11: whoever learns, in whatever order, that it left while somebody had stopped it, keeps a breach of it."""
        if one.left is None:
            return
        if any(start <= one.left and (end is None or one.left < end) for _who, start, end, _way in self.stops):
            for code in self.route:
                row = self.movement(code, serial)
                assert row is not None
                assert Breach.objects.filter(holder=code, subject_id=row.pk, kind="no_consent").exists(), code

    def ledgers(self) -> None:
        """5, and the accounts of other homes."""
        for kg in Posting.objects.values("transaction").annotate(sum=models.Sum("kg")).values_list("sum", flat=True):
            assert kg == 0
        for name, reference in self.base.accounts.items():
            row = Account.objects.get(holder=THERE, reference=reference)
            plain = self.trade.account(reference, ELSEWHERE)
            assert (row.reserved_kg, row.used_kg) == (plain.reserved, plain.used), name
            assert row.breached or plain.left >= 0
            legs = ledger.replay(row)
            assert (legs["reserved"], legs["used"]) == (row.reserved_kg, row.used_kg)
        pool = QuotaAllocation.objects.get(number=self.base.accounts["quota"]).pool
        assert pool.account is not None
        assert pool.account.used_kg <= pool.kg

    def cases_end_alike(self) -> None:
        """24, 29, 30, 31."""
        for key, one in self.refusals.items():
            rows = list(TakeBack.objects.filter(case=key))
            assert {row.holder_id for row in rows} == set(self.route)
            assert len({(row.status, row.basis, row.round, row.informed_at, row.plan_number) for row in rows}) == 1
            merged = rows[0].closed_how.startswith("merged:")
            assert (rows[0].status in TakeBack.ENDED) == (one.ended or merged)
            home = Movement.objects.filter(holder=HOME, take_back=True, original__serial=one.serial, case=self.case)
            assert sum((row.announced_kg for row in home), Decimal(0)) <= sum(
                (other.custody for other in self.refusals.values() if other.serial == one.serial), Decimal(0)
            )
            for row in rows:
                clock = Clock.objects.filter(subject_id=row.pk, ended_at=None).first()
                if one.informed is None or merged:
                    assert clock is None, "no limit runs from the finding"
                elif clock is not None:
                    assert clock.started_at == one.informed == row.informed_at
                else:
                    assert row.status in TakeBack.ENDED or row.basis == "art9_unassigned"


# A newcomer's run takes two States of transit; CI takes them all, and all again on PostgreSQL.
LEFT = () if "TIDEGATE_DATABASE_URL" in os.environ else pytest.mark.ci
ROUTES = [pytest.param(between, marks=() if len(between) == 2 else LEFT) for between in BETWEEN]


@pytest.fixture(params=ROUTES, ids=lambda between: f"{len(between)} of transit")
def whole(request: Any, db: None, tmp_path: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One route, made once for all examples: each example is undone before the next."""
    settings.TIDEGATE_DATA_DIR = tmp_path
    monkeypatch.delitem(rounds.ROUNDS, "holidays")  # no clock of these routes counts working days
    people: dict[tuple[str, str], Actor] = {}
    with times.at(cases.START):
        for code in (HOME, *request.param, THERE):
            cases.state(code)
        cases.organisation(THERE, "consignee")
        Whole.base = base(request.param, people, granted(people))
