"""A notification's whole way, over the States' own copies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.movements import cases
from tests.movements.cases import ROUTE, START, Wire, sent_on
from tidegate.movements import rounds
from tidegate.movements.models import Account, Consent, Notification
from tidegate.parties import times

pytestmark = pytest.mark.django_db
STATES = [code for code, _role in ROUTE]


@pytest.fixture(autouse=True)
def wire() -> Iterator[Wire]:
    with cases.wired() as found, times.at(START):
        yield found


def statuses(row: Notification) -> dict[str, str]:
    return dict(Notification.objects.filter(case=row.case).values_list("holder", "status"))


def test_from_draft_to_active_over_four_copies(wire: Wire) -> None:
    row = sent_on()
    assert row.number == "TH 000001"
    wire.settle()
    assert statuses(row) == dict.fromkeys(STATES, "transmitted")
    needed = {c.authority: c.required for c in Consent.objects.filter(notification=row)}
    assert needed == dict.fromkeys(STATES, True)
    cases.all_consent(row, wire, STATES)
    assert statuses(row) == dict.fromkeys(STATES, "decided_consented")
    account = Account.objects.get(holder="TH", reference=row.case)
    assert (account.limit_kg, account.limit_count, account.open) == (Decimal("250000.000"), 10, True)
    with times.at(START + timedelta(days=63)):
        rounds.tick()
        wire.settle()
    assert statuses(row) == dict.fromkeys(STATES, "active")
