"""Permits through their life, border offices that confirm, certificates that follow, and public quotas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.movements.people import NOON, actor, issued, state
from tidegate.movements import ledger, machines
from tidegate.movements.commands import permits, quotas
from tidegate.movements.models import Account, Permit, QuotaAllocation, QuotaPool
from tidegate.movements.queries import permits as queries
from tidegate.parties import times
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused
from tidegate.parties.models import JournalEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with times.at(NOON):
        yield


def use(permit: Permit, draw: str, kg: str) -> None:
    assert permit.account is not None
    with transaction.atomic():
        ledger.commit("VN", permit.account.reference, draw=draw, kg=Decimal(kg), at=times.now())


def again(permit: Permit) -> Permit:
    return Permit.objects.get(pk=permit.pk)


def folded(permit: Permit) -> str:
    types = JournalEntry.objects.filter(subject_id=permit.pk).order_by("revision").values_list("type", flat=True)
    return machines.fold(machines.PERMIT, list(types))


def test_an_application_becomes_a_permit_with_an_account() -> None:
    importer, authority = actor("consignee", "clerk"), actor("competent_authority")
    permit = permits.draft(importer, "import", content={"wastes": ["B3011"], "quantity_kg": "5000"})
    with pytest.raises(Forbidden):
        permits.review(importer, permit.pk, revision=permit.revision)
    permit = permits.apply(importer, permit.pk, revision=0)
    with pytest.raises(Conflict):
        permits.review(authority, permit.pk, revision=0)
    permit = permits.request_info(authority, permit.pk, revision=1, question="Which facility?")
    permit = permits.supply_info(importer, permit.pk, revision=2, answer="The one", content={"quantity_kg": "4000"})
    permit = permits.issue(
        authority, permit.pk, revision=3, valid_from="2026-11-01", valid_until="2027-10-31", limit_count=3,
        sub_periods=[[30, "2500", None]],
    )  # fmt: skip
    assert permit.status == "active"
    assert permit.number == permit.case
    assert permit.account is not None
    assert ledger.balance(permit.account).available == 4000
    assert ledger.balance(permit.account).count_left == 3
    assert permit.account.sub_periods.get().limit_kg == 2500
    assert folded(permit) == "active"
    other = actor("consignee", "clerk", name="another importer")
    with pytest.raises(Missing):
        queries.permit(other, permit.pk)
    assert queries.permit(importer, permit.pk).pk == permit.pk


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"quantity_kg": 1.5}, "quantity_kg"),
        ({"quantity_kg": "-1"}, "quantity_kg"),
        ({"wastes": "B3011"}, "wastes"),
        ({"valid_from": "1 May"}, "valid_from"),
        ({"valid_from": "2026-05-02", "valid_until": "2026-05-01"}, "valid_until"),
        ({"status": "active"}, "status"),
    ],
)
def test_what_cannot_be_read_is_named(content: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        permits.draft(actor("consignee", "clerk"), "import", content=content)
    assert refused.value.field == field


def test_a_variation_takes_the_account_along() -> None:
    permit = issued(kg="1000")
    use(permit, "a", "400")
    authority = actor("competent_authority")
    with pytest.raises(Refused) as below:
        permits.vary(
            authority, permit.pk, revision=again(permit).revision, reason="less", content={"quantity_kg": "399"}
        )
    assert below.value.code == "ledger_below_use"
    assert again(permit).status == "active"
    new = permits.vary(
        authority, permit.pk, revision=again(permit).revision, reason="more", number="IMP-8",
        content={"quantity_kg": "1500", "valid_until": "2027-12-31"},
    )  # fmt: skip
    assert again(permit).status == "superseded"
    assert (new.status, new.account_id) == ("active", permit.account_id)
    account = Account.objects.get(pk=str(new.account_id))
    assert (ledger.balance(account).available, account.valid_until) == (Decimal(1100), new.valid_until)


def test_suspended_nothing_is_drawn_and_border_offices_have_to_confirm() -> None:
    permit = issued()
    border, authority = actor("customs", "clerk"), actor("competent_authority")
    permits.acknowledge(border, permit.pk)
    assert queries.unacknowledged(again(permit)) == []
    later = NOON + timedelta(hours=3)
    with times.at(later):
        permit = permits.suspend(authority, permit.pk, revision=again(permit).revision, reason="contaminated loads")
    open_ones = queries.unacknowledged(permit)
    assert [(one.office.pk, one.since) for one in open_ones] == [
        (border.organisation and border.organisation.pk, later)
    ]
    assert [row.pk for row in queries.to_acknowledge(border)] == [permit.pk]
    assert permit.account is not None
    with pytest.raises(Refused) as closed, transaction.atomic():
        ledger.reserve("VN", permit.account.reference, draw="a", kg=Decimal(1), day=later.date(), expires_at=later)
    assert closed.value.code == "ledger_closed"
    permits.acknowledge(border, permit.pk)
    assert queries.unacknowledged(again(permit)) == []
    permit = permits.lift(authority, permit.pk, revision=again(permit).revision)
    assert permit.status == "active"
    assert folded(permit) == "active"
    assert len(queries.unacknowledged(permit)) == 1


def test_time_and_use_end_a_permit() -> None:
    permit = issued(kg="1000", valid_from="2026-11-10")
    assert permit.status == "issued"
    with times.at(NOON + timedelta(days=8)):
        permits.passing(times.now())
        assert again(permit).status == "active"
        use(permit, "a", "1000")
        assert permits.passing(times.now()) == 1
        assert permits.passing(times.now()) == 0
        assert again(permit).status == "exhausted"
        with transaction.atomic():
            ledger.adjust("VN", "VN-IMP-7", draw="a", kg=Decimal(900), at=times.now(), reason="weighed again")
        permits.passing(times.now())
        assert again(permit).status == "active"
    # The last day ends where the State is: at 17:00 UTC for Bangkok's zone.
    permits.passing(datetime(2027, 10, 31, 16, 59, tzinfo=UTC))
    assert again(permit).status == "active"
    permits.passing(datetime(2027, 10, 31, 17, 1, tzinfo=UTC))
    assert again(permit).status == "expired"
    assert folded(permit) == "expired"
    assert not Account.objects.get(reference="VN-IMP-7").open


def test_a_holder_gives_it_back_and_a_stranger_cannot() -> None:
    permit = issued()
    with pytest.raises(Missing):
        permits.surrender(actor("consignee", "clerk", name="stranger"), permit.pk, revision=permit.revision)
    done = permits.surrender(actor("consignee", "clerk"), permit.pk, revision=permit.revision)
    assert done.status == "surrendered"


# --- quotas --------------------------------------------------------------------------------------------


def pool(number: str = "Q-2026", kg: str = "1000", **more: Any) -> QuotaPool:
    keeper = actor("competent_authority")
    content = {
        "name": "PET flakes", "kg": kg, "opens_on": "2026-11-01", "closes_on": "2026-12-31", "hs": ["3915.90"], **more
    }  # fmt: skip
    return quotas.create(keeper, number, content=content)


def test_what_is_left_of_a_quota_goes_into_the_next() -> None:
    keeper, holder = actor("competent_authority"), actor("consignee", "clerk")
    first = quotas.open_pool(keeper, pool(carry_over=True).pk, revision=0)
    after = pool("Q-2027", "500", opens_on="2027-01-01", closes_on="2027-12-31")
    part = quotas.apply(holder, first.pk, kg="700", reason="a contract")
    with pytest.raises(Refused) as more:
        quotas.grant(keeper, part.pk, revision=0, kg="701")
    assert more.value.code == "quantity"
    part = quotas.grant(keeper, part.pk, revision=0, kg="600")
    assert part.account is not None
    with transaction.atomic():
        ledger.commit("VN", part.account.reference, draw="decl/1", kg=Decimal("250.5"), at=times.now())
    public = queries.public_pools("VN")[0]
    assert (public.allocated, public.unallocated, public.used) == (Decimal(600), Decimal(400), Decimal("250.5"))
    with times.at(datetime(2027, 1, 1, 1, tzinfo=UTC)):
        assert quotas.passing(times.now()) == 1
        assert quotas.passing(times.now()) == 0
    closed = queries.public_pools("VN")[0]
    assert (closed.status, closed.allocated, closed.lapsed) == ("closed", Decimal("250.5"), Decimal("749.5"))
    assert QuotaPool.objects.get(pk=after.pk).kg == Decimal("1249.5")
    assert QuotaAllocation.objects.get().status == "closed"


class Quotas(RuleBasedStateMachine):
    """Invariant 5: allocations within the pool, use within the allocation, whatever is asked in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.granted: dict[Any, Decimal] = {}
        self.drawn: dict[Any, Decimal] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    @initialize(kg=st.integers(1, 3000))
    def begin(self, kg: int) -> None:
        self.total = Decimal(kg)
        self.keeper, self.holder = actor("competent_authority"), actor("consignee", "clerk")
        self.pool = quotas.open_pool(self.keeper, pool(kg=str(kg)).pk, revision=0)

    @rule(kg=st.integers(1, 2500))
    def grant(self, kg: int) -> None:
        part = quotas.apply(self.holder, self.pool.pk, kg=str(kg))
        fits = sum(self.granted.values(), Decimal(0)) + kg <= self.total
        try:
            part = quotas.grant(self.keeper, part.pk, revision=0)
        except Refused:
            part.kg = None
        assert (part.kg is not None) == fits
        if fits:
            self.granted[part.pk], self.drawn[part.pk] = Decimal(kg), Decimal(0)

    @rule(pick=st.integers(0, 20), kg=st.integers(1, 2500).map(lambda n: Decimal(n) / 10))
    def draw(self, pick: int, kg: Decimal) -> None:
        if not self.granted:
            return
        key = sorted(self.granted)[pick % len(self.granted)]
        part = QuotaAllocation.objects.get(pk=key)
        assert part.account is not None
        draw = f"d{self.drawn[key]}"
        may = part.status == "granted" and self.drawn[key] + kg <= self.granted[key]
        try:
            with transaction.atomic():
                ledger.reserve(
                    "VN", part.account.reference, draw=draw, kg=kg, day=NOON.date(), expires_at=NOON + timedelta(1)
                )
                ledger.commit("VN", part.account.reference, draw=draw, kg=kg, at=NOON)
            done = True
        except Refused:
            done = False
        assert done == may
        self.drawn[key] += kg if may else 0

    @rule(pick=st.integers(0, 20))
    def give_back(self, pick: int) -> None:
        live = [key for key in sorted(self.granted) if QuotaAllocation.objects.get(pk=key).status == "granted"]
        if live:
            key = live[pick % len(live)]
            quotas.close_allocation(self.keeper, key, revision=QuotaAllocation.objects.get(pk=key).revision)
            self.granted[key] = self.drawn[key]

    @invariant()
    def adds_up(self) -> None:
        if not hasattr(self, "pool"):
            return
        stand = queries.pool_balance(QuotaPool.objects.get(pk=self.pool.pk))
        granted = sum(self.granted.values(), Decimal(0))
        assert (stand.allocated, stand.unallocated) == (granted, self.total - granted)
        assert stand.used == sum(self.drawn.values(), Decimal(0))
        assert stand.unallocated >= 0


def test_a_quota_is_never_given_twice() -> None:
    state()
    run_state_machine_as_test(Quotas, settings=settings(settings(), stateful_step_count=15))


def test_typed_conditions_are_read_and_limits_within_days_go_to_the_ledger() -> None:
    """Conditions of permits are those of consents: what cannot be read is refused by name, and nothing is kept."""
    with pytest.raises(Refused) as refused:
        issued(conditions=[{"kind": "season", "from": "02-31", "to": "03-01"}])
    assert (refused.value.code, refused.value.field) == ("condition", "conditions.0.from")
    with pytest.raises(Refused) as refused:
        issued(number="IMP-8", kg=None, conditions=[{"kind": "maximum_load", "days": 30, "kg": "5000"}])
    assert refused.value.field == "quantity_kg"
    limit = {"kind": "maximum_load", "days": 30, "kg": "5000"}
    permit = issued(number="IMP-9", conditions=[limit], sub_periods=[(7, "2000", None)])
    assert permit.account is not None

    def windows() -> list[tuple[int, Decimal | None]]:
        assert permit.account is not None
        return sorted(permit.account.sub_periods.values_list("days", "limit_kg"))

    assert windows() == [(7, Decimal(2000)), (30, Decimal(5000))]
    authority = actor("competent_authority")
    new = permits.vary(
        authority, permit.pk, revision=permit.revision, reason="less", conditions=[{**limit, "kg": "4000"}]
    )  # fmt: skip
    assert windows() == [(7, Decimal(2000)), (30, Decimal(4000))]
    new = permits.vary(authority, new.pk, revision=new.revision, reason="as before")
    assert windows() == [(7, Decimal(2000)), (30, Decimal(4000))]
    assert new.conditions == [{**limit, "kg": "4000.000"}]
    with pytest.raises(Refused) as refused, transaction.atomic():
        ledger.reserve(
            "VN", permit.account.reference, draw="d", kg=Decimal(2001), day=NOON.date(),
            expires_at=NOON + timedelta(days=3),
        )  # fmt: skip
    assert refused.value.code == "ledger_period"
