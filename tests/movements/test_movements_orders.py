"""The same facts in any order of messages give the same status on every copy; a copy's journal folds to its status.

Each State says what it saw; what is on its way between two States stays in order, everything else is shuffled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.movements import cases
from tests.movements.cases import START, Wire, actor
from tests.movements.shipments import (
    DAY,
    STATES,
    at,
    customs,
    facility,
    folded,
    in_force,
    statuses,
    trader,
)  # fmt: skip
from tidegate.movements.commands import movements, takeback
from tidegate.movements.models import EarlyFact, Movement, Notification, TakeBack
from tidegate.parties import times
from tidegate.parties.commanding import Refused

pytestmark = pytest.mark.django_db


def _home(row: Movement) -> Movement:
    return at(row, "TH")


def _receive(accepted: str, rejected: str) -> Callable[[Movement], Any]:
    said = {"received_kg": "20000", "accepted_kg": accepted, "rejected_kg": rejected, "reason": "soil"}
    return lambda row: movements.receive(facility(), at(row, "DE").pk, **said)


def _complete(row: Movement) -> Any:
    copy = at(row, "DE")
    kg = copy.accepted_kg or "1"
    said = {"code": "R3", "final": True, "input_kg": kg, "facility": "Example plant"}
    return movements.complete(facility(), copy.pk, **said, certified=False)


# What somebody may do or see, each in the copy that the State has at that moment.
ACTS: dict[str, Callable[[Movement], Any]] = {
    "cancel": lambda row: movements.cancel(trader(), _home(row).pk, reason="no ship"),
    "depart": lambda row: movements.depart(trader(), _home(row).pk, loaded_kg="20000"),
    "seen leaving": lambda row: movements.saw_departure(customs("TH"), _home(row).pk, loaded_kg="20000"),
    "hold TH": lambda row: movements.hold(customs("TH"), at(row, "TH").pk, reason="x"),
    "hold SG": lambda row: movements.hold(customs("SG"), at(row, "SG").pk, reason="x"),
    "hold DE": lambda row: movements.hold(customs("DE"), at(row, "DE").pk, reason="x"),
    "release TH": lambda row: movements.release_hold(customs("TH"), at(row, "TH").pk, reason="x"),
    "release SG": lambda row: movements.release_hold(customs("SG"), at(row, "SG").pk, reason="x"),
    "release DE": lambda row: movements.release_hold(customs("DE"), at(row, "DE").pk, reason="x"),
    "seize SG": lambda row: movements.seize(customs("SG"), at(row, "SG").pk, reason="x"),
    "pass SG": lambda row: movements.pass_border(customs("SG"), at(row, "SG").pk, place="port"),
    "arrive": lambda row: movements.arrive(facility(), at(row, "DE").pk),
    "accept": _receive("20000", "0"),
    "reject a part": _receive("15000", "5000"),
    "complete": _complete,
    "certify": lambda row: movements.certify(facility(), at(row, "DE").pk, certified_by="A. Example"),
    "consignee": lambda row: movements.consignee_receive(facility(), at(row, "DE").pk, signed_by="B. Example"),
    "remark SG": lambda row: movements.remark(customs("SG"), at(row, "SG").pk, text="seal replaced"),
}


FIGURES = ("loaded_kg", "received_kg", "accepted_kg", "rejected_kg", "completed_at", "certified_on", "certified_by")
CHAIN = ("kind", "state", "at", "person", "note")


def _everything(wire: Wire, choose: Callable[[int], int]) -> None:
    wire.settle(lambda pairs: pairs[choose(len(pairs))])


@pytest.fixture
def ready(tmp_path: Path, settings: Any) -> Iterator[tuple[Wire, Notification]]:
    """A notification in force, made once for all examples: each is undone before the next."""
    settings.TIDEGATE_DATA_DIR = tmp_path
    with cases.wired() as wire, times.at(START):
        yield wire, in_force(wire)


# Each example takes a second or two: a third of what else is run.
EXAMPLES = hypothesis_settings(
    max_examples=max(8, hypothesis_settings().max_examples // 3),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@EXAMPLES
@given(data=st.data())
def test_any_order_of_messages_gives_one_status(ready: tuple[Wire, Notification], data: st.DataObject) -> None:
    wire, row = ready
    wire.queues.clear()
    with transaction.atomic():
        with times.at(DAY):
            made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000")
            movements.announce(trader(), made.pk)
            wire.settle()
            for minute in range(data.draw(st.integers(1, 9), label="acts")):
                act = data.draw(st.sampled_from(sorted(ACTS)), label="act")
                with times.at(DAY + timedelta(minutes=minute)):
                    try:
                        ACTS[act](made)
                    except Refused:
                        pass
                    for _n in range(data.draw(st.integers(0, 3), label="delivered")):
                        if pairs := wire.waiting():
                            wire.deliver(data.draw(st.sampled_from(pairs)))
            _everything(wire, lambda n: data.draw(st.integers(0, n - 1)))
        found = statuses(made)
        assert len(set(found.values())) == 1, found
        for code in STATES:
            copy = at(made, code)
            assert folded(copy) == copy.status, code
            home = at(made, "TH")
            assert [getattr(copy, name) for name in FIGURES] == [getattr(home, name) for name in FIGURES]
            assert sorted(copy.custody.values_list(*CHAIN)) == sorted(home.custody.values_list(*CHAIN))
            if copy.received_kg is not None:
                assert copy.accepted_kg + copy.rejected_kg == copy.received_kg
        assert not EarlyFact.objects.exists()
        open_cases = TakeBack.objects.filter(movement__serial=made.serial).exclude(status__in=TakeBack.ENDED)
        assert {open_cases.filter(holder=code).count() for code in STATES} <= {0, 1}, "at most one (invariant 29)"
        transaction.set_rollback(True)


@EXAMPLES
@given(data=st.data())
def test_a_case_comes_to_one_end_whatever_overtakes_what(ready: tuple[Wire, Notification], data: st.DataObject) -> None:
    """Findings, answers, plans, signatures and consents of three States, delivered in any order."""
    wire, row = ready
    wire.queues.clear()
    with transaction.atomic():
        with times.at(DAY):
            made = movements.draft(trader(), row.pk, planned_on="2027-03-15", announced_kg="20000")
            movements.announce(trader(), made.pk)
            movements.depart(trader(), made.pk, loaded_kg="20000")
            wire.settle()
            case = takeback.open(
                customs("DE"), at(made, "DE").pk, finding="x", custody_place="port", custody_kg="20000"
            )
            takeback.classify(actor("DE"), case.pk, basis="art9_exporter", grounds=["d"])
            takeback.inform(actor("DE"), case.pk)
            for minute in range(data.draw(st.integers(4, 16), label="acts")):
                with times.at(DAY + timedelta(minutes=minute)):
                    name = data.draw(st.sampled_from(sorted(CASE)), label="act")
                    try:
                        CASE[name](case)
                    except (Refused, TakeBack.DoesNotExist):
                        pass
                    for _n in range(data.draw(st.integers(0, 4), label="delivered")):
                        if pairs := wire.waiting():
                            wire.deliver(data.draw(st.sampled_from(pairs)))
            _everything(wire, lambda n: data.draw(st.integers(0, n - 1)))
        copies = TakeBack.objects.filter(case=case.case)
        said = {(c.status, c.round, c.basis, c.plan_number, tuple(c.plan_signed), c.informed_at) for c in copies}
        assert copies.count() == len(STATES)
        assert len(said) == 1, said
        assert not EarlyFact.objects.exists()
        assert len(set(statuses(made).values())) == 1
        for copy in copies:
            live = Movement.objects.filter(holder=copy.holder_id, take_back=True).exclude(status="cancelled")
            assert sum(one.announced_kg for one in live) <= (copy.custody_kg or 0), "invariant 31"
        transaction.set_rollback(True)


def _of(case: TakeBack, code: str) -> TakeBack:
    return TakeBack.objects.get(case=case.case, holder=code)


def _sign(code: str, case: TakeBack) -> Any:
    copy = _of(case, code)
    return takeback.agree_plan(actor(code), copy.pk, number=copy.plan_number)


def _agree(code: str, case: TakeBack) -> Any:
    return takeback.consent_return(actor(code), _of(case, code).pk, agreed=True)


PLAN = {"how": "return", "carrier": "Example line", "borne_by": "the exporter"}
CASE: dict[str, Callable[[TakeBack], Any]] = {
    "acknowledge": lambda case: takeback.acknowledge(actor("TH"), _of(case, "TH").pk),
    "accept": lambda case: takeback.accept(actor("TH"), _of(case, "TH").pk),
    "dispute": lambda case: takeback.dispute(actor("TH"), _of(case, "TH").pk, reason="x"),
    "classify anew": lambda case: takeback.classify(actor("DE"), case.pk, basis="art9_exporter", grounds=["a"]),
    "inform": lambda case: takeback.inform(actor("DE"), case.pk),
    "plan": lambda case: takeback.plan(actor("TH", role="clerk"), _of(case, "TH").pk, **PLAN),
    "not a case": lambda case: takeback.classify(actor("DE"), case.pk, basis="not_a_case", reason="x"),
    **{f"sign {code}": partial(_sign, code) for code in STATES},
    **{f"consent {code}": partial(_agree, code) for code in STATES},
    "return": lambda case: takeback.start_return(actor("TH"), _of(case, "TH").pk, kg="20000", planned_on="2027-04-01"),
    "home": lambda case: takeback.arrived_home(customs("TH"), _of(case, "TH").pk, kg="20000"),
    "close": lambda case: takeback.close(actor("DE"), case.pk, how="returned"),
    "transfer": lambda case: takeback.close(actor("DE"), case.pk, how="transferred", reason="x"),
}
