"""What is overdue at which authority: counted over the cases that one's own State holds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests.movements import shipments
from tests.movements.browsing import page, signed_in
from tests.movements.cases import START, Wire, actor, copy, sent_on, wired
from tests.movements.shipments import DAY
from tests.movements.test_api import calls
from tests.movements.test_api_reads import read
from tidegate.movements.commands import notifications
from tidegate.movements.models import Clock
from tidegate.movements.queries import overdue
from tidegate.movements.queries.overdue import Overdue
from tidegate.parties import times

pytestmark = pytest.mark.django_db


@pytest.fixture
def wire(settings: Any) -> Any:
    settings.TIDEGATE_SECOND_FACTOR = False
    with wired() as found:
        yield found


def test_decisions_are_counted_at_the_state_that_owes_them(wire: Wire, client: Client) -> None:
    with times.at(START):
        first, second = sent_on(), sent_on()
        wire.settle()
        for row in (first, second):
            notifications.acknowledge(actor("DE"), copy(row, "DE").pk)
        wire.settle()
    running = Clock.objects.filter(holder="TH", authority="DE", ended_at=None, subject="consent")
    due = running.get(case=first.case).due_at
    assert due is not None
    running.filter(case=second.case).update(due_at=due - timedelta(days=3))
    with times.at(due + timedelta(days=10, hours=1)):
        [found] = [row for row in overdue.compared(actor("TH")) if row.state == "DE"]
        assert found == Overdue("DE", "decision", 2, second.case, 13, Decimal("11.5"))
        head = actor("TH", role="manager")
        desk = page(signed_in(head), "/desk/")
        assert 'href="/reports/overdue/"' in desk
        shown = page(signed_in(head), "/reports/overdue/")
        assert second.case in shown
        assert "11.5" in shown
        assert f"DE,decision,2,{second.case},13,11.5" in page(signed_in(head), "/reports/overdue.csv")
        told = read(client, "/overdue", calls("TH", "competent_authority", "officer"))
        assert {"state": "DE", "kind": "decision", "count": 2, "oldest_case": second.case, "oldest_days": 13,
                "median_days": "11.5"} in told  # fmt: skip
        # A State that holds none of the cases counts none; a company and a case worker do not ask.
        assert overdue.compared(actor("CA")) == []
        page(signed_in(actor("TH", role="clerk")), "/reports/overdue/", 403)
        page(signed_in(actor("TH", "notifier")), "/reports/overdue/", 403)
        assert 'href="/reports/overdue/"' not in page(signed_in(actor("TH", role="clerk")), "/desk/")


def test_a_receipt_is_owed_by_the_state_of_import_and_counts_once(wire: Wire) -> None:
    with times.at(DAY):
        row = shipments.in_force(wire)
        made = shipments.arrived(wire, row)
        wire.settle()
    with times.at(DAY + timedelta(days=90)):
        for code in ("TH", "DE"):
            found = {(one.state, one.kind): one for one in overdue.compared(actor(code))}
            assert found["DE", "receipt"].count == 1, code
            assert found["DE", "receipt"].oldest_case == made.case
            assert ("TH", "receipt") not in found
