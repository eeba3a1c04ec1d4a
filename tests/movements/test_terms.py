"""Routes that change and days that do not fit (invariants 10, 14, 15): the database against plain arithmetic."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.movements import cases
from tests.movements.cases import START, actor, consent, copy
from tidegate.movements import standing
from tidegate.movements.commands import consents, guarantees, notifications
from tidegate.movements.models import Consent, Notification
from tidegate.parties import times
from tidegate.parties.commanding import Refused

pytestmark = pytest.mark.django_db
FEW = settings(max_examples=max(8, settings().max_examples // 4), suppress_health_check=list(HealthCheck))
TRANSIT = ["SG", "NL", "MY"]


@pytest.mark.ci
@FEW
@given(data=st.data())
def test_who_comes_onto_the_route_is_asked_and_everybody_decides_anew(data: st.DataObject) -> None:
    """Invariant 10, for any route, any decisions before, any order of messages."""
    between = data.draw(st.lists(st.sampled_from(TRANSIT), max_size=2, unique=True), label="transit")
    route = ["TH", *between, "DE"]
    place = data.draw(st.integers(1, len(route) - 1), label="place")
    longer = [*route[:place], data.draw(st.sampled_from([c for c in TRANSIT if c not in between])), *route[place:]]

    def roles(codes: list[str]) -> list[tuple[str, str]]:
        last = len(codes) - 1
        return [(code, "export" if n == 0 else "import" if n == last else "transit") for n, code in enumerate(codes)]

    with cases.wired() as wire, times.at(START), transaction.atomic():
        for code in longer:
            cases.state(code)
        row = cases.sent_on(roles(route))
        wire.settle()
        decided = data.draw(st.lists(st.sampled_from(route), unique=True), label="decided")
        for code in decided:
            cases.decide(row, code)
        # One that was given and rests is a decision on the old route as well.
        rested = data.draw(st.sampled_from(decided), label="rested") if 0 < len(decided) < len(route) else ""
        if rested:
            consents.suspend(actor(rested), consent(row, rested).pk, reason="Inquiry")
        guarantees.confirm_contract(actor("DE"), copy(row, "DE").pk, number="K-1")
        content = {"route": cases.content(roles(longer))["route"]}
        notifications.revise(actor("TH", "notifier", "clerk"), row.pk, content=content, reason="Another port")
        wire.settle(lambda pairs: pairs[data.draw(st.integers(0, len(pairs) - 1))])
        for holder in longer:
            asked = Consent.objects.filter(holder=holder, case=row.case).exclude(status="superseded")
            assert dict(asked.values_list("authority", "required")) == dict.fromkeys(longer, True)
            assert not set(asked.values_list("status", flat=True)) & {*Consent.GIVEN, "suspended"}, holder
            assert copy(row, holder).status in ("transmitted", "acknowledged")
        last = data.draw(st.sampled_from(longer), label="the last to decide")
        for code in longer:
            if code != last:
                cases.decide(row, code)
        wire.settle()
        assert not Notification.objects.filter(case=row.case, status__in=("decided_consented", "active")).exists()
        cases.decide(row, last)
        wire.settle()
        found = set(Notification.objects.filter(case=row.case).values_list("status", flat=True))
        assert found == {"decided_consented"}
        transaction.set_rollback(True)


ENDS = st.integers(0, 700).map(lambda n: date(2027, 5, 1) + timedelta(days=n))
SPANS = st.tuples(
    st.integers(0, 60).map(lambda n: date(2027, 2, 1) + timedelta(days=n)),
    st.integers(1, 200) | st.integers(360, 370),
)


@FEW
@given(spans=st.lists(SPANS, min_size=3, max_size=3), contract=ENDS, guarantee=ENDS)
def test_no_consent_is_too_long_and_what_outlasts_a_paper_is_flagged(
    spans: list[tuple[date, int]], contract: date, guarantee: date
) -> None:
    """Invariants 14 and 15: a year at most, counted from its own first day; never silently beyond contract or
    guarantee."""
    with cases.wired() as wire, times.at(START), transaction.atomic():
        route = [("TH", "export"), ("SG", "transit"), ("DE", "import")]
        row = cases.drafted(route, papers=False)
        trader = actor("TH", "notifier", "clerk")
        guarantees.lodge_contract(
            trader, row.pk, number="K-1", signed_on="2026-11-01", valid_until=contract.isoformat(), takes_back=True
        )
        guarantees.propose_guarantee(
            trader, row.pk, number="G-1", amount="1.00", currency="THB", valid_until=guarantee.isoformat()
        )
        guarantees.approve_guarantee(actor("TH"), row.pk)
        notifications.submit(trader, row.pk)
        notifications.transmit(actor("TH"), row.pk)
        wire.settle()
        given_until = {}
        for (code, _role), (first, days) in zip(route, spans, strict=True):
            until = first + timedelta(days=days)
            fits = until < first.replace(year=first.year + 1)
            outcome: Any = nullcontext() if fits else pytest.raises(Refused, check=lambda error: error.code == "span")
            with outcome:
                consents.decide(
                    actor(code), consent(row, code).pk, outcome="consented", valid_from=first.isoformat(),
                    valid_until=until.isoformat(),
                )  # fmt: skip
            if fits:
                given_until[code] = until
        wire.settle()
        expected = {
            (code, paper)
            for code, until in given_until.items()
            for paper, end in (("contract", contract), ("guarantee", guarantee))
            if until > end
        }
        for holder in ("TH", "SG", "DE"):
            flags = standing.flags(copy(row, holder))
            assert {(flag["authority"], flag["paper"]) for flag in flags} == expected, holder
        transaction.set_rollback(True)
