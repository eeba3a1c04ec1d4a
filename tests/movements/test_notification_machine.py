"""Any order of acts, of messages and of days: every copy comes to the same, and to what the plain rules say.

Invariants of facts/movement.md 4.8 that are held here: 9, 12, 13, 16, 21 and, of the exchange, 24; 11 and 20 in part.
"""

from __future__ import annotations

import copy as copying
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.movements import cases
from tests.movements.cases import ROUTE, START, Wire, actor
from tidegate.movements import facts, machines, rounds, standing
from tidegate.movements.commands import consents, guarantees, notifications
from tidegate.movements.models import Consent, Contract, EarlyFact, Guarantee, InfoRequest, Notification, Version
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.models import JournalEntry
from tidegate.parties.registry import registry

STATES = [code for code, _role in ROUTE]
AUTHORITY = st.sampled_from(STATES)
SILENT = "NL"  # the one whose silence is consent, after 30 days


@dataclass
class Said:
    """What one authority has said, in the plainest form."""

    acks: list[tuple[datetime, int]] = field(default_factory=list)
    outcome: str = ""
    version: int = 0
    suspended: bool = False
    withdrawn: bool = False
    questions: list[list[datetime | None]] = field(default_factory=list)


class Cases(RuleBasedStateMachine):
    """One notification over four States; commands that are refused change nothing."""

    row: ClassVar[Notification]
    wire: ClassVar[Wire]
    people: ClassVar[dict[tuple[str, str], Actor]]

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now = START + timedelta(hours=1)
        self.line = copying.deepcopy(self.wire)
        registry.subscribers[:] = [self.line.carry]
        self.said = {code: Said() for code in STATES}
        self.confirmed = False
        self.stopped: set[str] = set()
        self.version, self.material = 1, 1

    @initialize(begun=st.sampled_from(["sent", "delivered", "answered", "answered", "in force"]))
    def begin(self, begun: str) -> None:
        """How far it has come before anything else happens."""
        if begun != "sent":
            self.settle()
        if begun in ("answered", "in force"):
            for code in STATES:
                self.decide(code, "consented")
            self.confirm_contract()
        if begun == "in force":
            self.settle()
            self.days_pass(70)

    def teardown(self) -> None:
        try:
            self.settle()
            self.converged()
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    # ── acts ─────────────────────────────────────────────────────────────────────────────────────────────

    def act(self, function: Any, code: str, *args: Any, kind: str = "competent_authority", **kwargs: Any) -> bool:
        self.now += timedelta(minutes=7)
        try:
            with times.at(self.now), transaction.atomic():
                function(self.people[code, kind], *args, **kwargs)
        except Refused:
            return False
        return True

    def here(self, code: str) -> Notification | None:
        return Notification.objects.filter(case=self.row.case, holder=code).first()

    def own(self, code: str) -> Consent | None:
        return Consent.objects.filter(case=self.row.case, holder=code, authority=code).first()

    @rule(code=AUTHORITY)
    def acknowledge(self, code: str) -> None:
        row = self.here(code)
        if row is not None and self.act(notifications.acknowledge, code, row.pk):
            self.said[code].acks.append((self.now, cases.again(row).version))

    @rule(code=AUTHORITY, outcome=st.sampled_from(["consented"] * 4 + ["objected"]))
    def decide(self, code: str, outcome: str) -> None:
        mine = self.own(code)
        if mine is None:
            return
        terms: dict[str, Any] = {"valid_from": "2027-02-01", "valid_until": "2027-12-31"}
        if outcome == "objected":
            terms = {"grounds": ["No capacity"]}
        if self.act(consents.decide, code, mine.pk, outcome=outcome, **terms):
            said = self.said[code]
            said.outcome, said.version = outcome, cases.again(mine).version
            said.acks.append((self.now, said.version))

    @rule(code=AUTHORITY)
    def suspend_consent(self, code: str) -> None:
        mine = self.own(code)
        if mine is not None and self.act(consents.suspend, code, mine.pk, reason="Inquiry"):
            self.said[code].suspended = True
            self.said[code].outcome = self.said[code].outcome or "tacit"
            self.said[code].version = cases.again(mine).version

    @rule(code=AUTHORITY)
    def lift_consent(self, code: str) -> None:
        mine = self.own(code)
        if mine is not None and self.act(consents.lift, code, mine.pk):
            self.said[code].suspended = False

    @rule(code=AUTHORITY, sure=st.integers(0, 3))
    def withdraw_consent(self, code: str, sure: int) -> None:
        mine = self.own(code)
        if sure == 0 and mine is not None and self.act(consents.withdraw, code, mine.pk, reason="Capacity is gone"):
            self.said[code].withdrawn = True

    @rule(code=AUTHORITY)
    def ask(self, code: str) -> None:
        row = self.here(code)
        if row is not None and self.act(notifications.request_info, code, row.pk, question="Which plant?"):
            self.said[code].questions.append([self.now, None])

    @rule(number=st.integers(0, 5))
    def answer(self, number: int) -> None:
        waiting = list(InfoRequest.objects.filter(holder="TH", answered_at=None).order_by("asked_at"))
        if not waiting:
            return
        question = waiting[number % len(waiting)]
        if self.act(notifications.supply_info, "TH", question.pk, answer="The one of Sample", kind="notifier"):
            mine = [q for q in self.said[question.authority].questions if q[0] == question.asked_at]
            mine[0][1] = self.now

    @rule()
    def confirm_contract(self) -> None:
        row = self.here("DE")
        if row is not None and self.act(guarantees.confirm_contract, "DE", row.pk, number="K-1"):
            self.confirmed = True

    @rule(code=AUTHORITY)
    def suspend(self, code: str) -> None:
        row = self.here(code)
        if row is not None and self.act(notifications.suspend, code, row.pk, reason="Fire at the plant"):
            self.stopped.add(code)

    @rule(code=AUTHORITY)
    def lift(self, code: str) -> None:
        row = self.here(code)
        if row is not None and self.act(notifications.lift, code, row.pk):
            self.stopped.discard(code)

    @rule(material=st.booleans(), number=st.integers(1, 10**6))
    def revise(self, material: bool, number: int) -> None:
        change = {"designation": f"Mixed plastics, lot {number}"} if material else {"handling": f"Keep dry ({number})"}
        done = self.act(notifications.revise, "TH", self.row.pk, content=change, reason="Corrected", kind="notifier")
        if done:
            self.version += 1
            if material:
                self.material = self.version

    # ── messages and time ────────────────────────────────────────────────────────────────────────────────

    @rule(number=st.integers(0, 20), twice=st.booleans())
    def deliver(self, number: int, twice: bool) -> None:
        if pairs := self.line.waiting():
            with times.at(self.now):
                self.line.deliver(pairs[number % len(pairs)], twice=twice)

    @rule(days=st.sampled_from([1, 5, 29, 31, 70]))
    def days_pass(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.tick()

    def tick(self) -> None:
        with times.at(self.now):
            rounds.tick(self.now)

    def settle(self) -> None:
        for _again in range(3):  # what is delivered may start clocks that have run out already
            with times.at(self.now):
                self.line.settle()
            self.tick()

    # ── what always holds ────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def journals_fold(self) -> None:
        """Invariant 21: the stored status is the fold of the journal, in every copy."""
        for model, machine in (
            (Notification, machines.NOTIFICATION), (Consent, machines.CONSENT), (Contract, machines.CONTRACT),
            (Guarantee, machines.GUARANTEE),
        ):  # fmt: skip
            for key, status in model.objects.filter(case=self.row.case).values_list("pk", "status"):
                types = JournalEntry.objects.filter(subject_id=key).order_by("revision").values_list("type", flat=True)
                assert machines.fold(machine, types) == status, (model.__name__, list(types))

    @invariant()
    def nothing_runs_without_consent(self) -> None:
        """Invariants 9 and 13: in force only with every required consent and the confirmed contract."""
        for row in Notification.objects.filter(case=self.row.case, status="active"):
            with times.at(self.now):
                day = self.now.astimezone(ZoneInfo("Asia/Bangkok")).date()
                assert standing.blocked(row, day) == []
            given = Consent.objects.filter(notification=row, required=True)
            assert {c.status for c in given} <= set(machines.GIVEN)
            assert self.confirmed

    @invariant()
    def silence_is_consent_where_law_says_so(self) -> None:
        """Invariant 12."""
        for consent in Consent.objects.filter(case=self.row.case, status="tacit"):
            assert consent.authority == SILENT
            assert consent.role == "transit"
            assert consent.acknowledged_at is not None
            assert consent.decided_at is not None
            assert (consent.decided_at - consent.acknowledged_at).days >= 29

    @invariant()
    def versions_are_sealed(self) -> None:
        """Invariant 20: what was submitted stays as its digest in the journal says."""
        told = JournalEntry.objects.filter(
            holder="TH", case=self.row.case, type__in=("notification.submitted", "notification.revised")
        )
        for entry in told:
            kept = Version.objects.get(notification=self.row, number=entry.payload["version"])
            assert facts.digest(kept.content) == entry.payload["digest"]

    # ── in the end ───────────────────────────────────────────────────────────────────────────────────────

    def converged(self) -> None:
        """Every copy is the same, and what the plain rules make of what was said (invariants 13, 16, 24)."""
        assert not EarlyFact.objects.filter(case=self.row.case).exists()
        expected = {code: self.consent_of(code) for code in STATES}
        status = self.status_of(expected)
        for code in STATES:
            row = self.here(code)
            assert row is not None
            found = dict(Consent.objects.filter(notification=row).values_list("authority", "status"))
            assert found == expected, code
            assert row.status == status, (code, expected)
            assert (row.version, row.material_version) == (self.version, self.material)

    def consent_of(self, code: str) -> str:
        said = self.said[code]
        if said.withdrawn:
            return "withdrawn"
        valid = bool(said.outcome) and said.version >= self.material
        if valid and said.outcome == "objected":
            return "objected"
        if valid:
            over = self.now.astimezone(ZoneInfo(cases.ZONES.get(code, "UTC"))).date() > date(2027, 12, 31)
            return "expired" if over else "suspended" if said.suspended else said.outcome
        if code == SILENT and (ended := self.silent_since(said)):
            until = date(2027, 12, 31)
            day = self.now.astimezone(ZoneInfo(cases.ZONES[code])).date()
            return "expired" if day > max(until, ended + timedelta(days=1)) else "tacit"
        if any(answered is None for _asked, answered in said.questions):
            return "info_requested"
        return "requested" if self.acked(said) is None else "acknowledged"

    def acked(self, said: Said) -> datetime | None:
        """When it first acknowledged the content that counts."""
        return next((at for at, version in said.acks if version >= self.material), None)

    def silent_since(self, said: Said) -> date | None:
        """The last of 30 days that no question touches, counted one by one; None where it is not over."""
        zone = ZoneInfo(cases.ZONES[SILENT])
        acked = self.acked(said)
        if acked is None or any(answered is None for _asked, answered in said.questions):
            return None
        day = acked.astimezone(zone).date()
        left = 30
        while left:
            day += timedelta(days=1)
            rests = any(
                asked is not None and answered is not None
                and asked.astimezone(zone).date() <= day <= answered.astimezone(zone).date()
                for asked, answered in said.questions
            )  # fmt: skip
            left -= not rests
        return day if self.now.astimezone(zone).date() > day else None

    def status_of(self, consents: dict[str, str]) -> str:
        found = set(consents.values())
        if "withdrawn" in found:
            return "revoked"
        if "objected" in found:
            return "decided_objected"
        if found <= {*machines.GIVEN, "suspended", "expired"} and self.confirmed:
            if "expired" in found:
                return "expired"
            if self.stopped or "suspended" in found:
                return "suspended"
            begun = self.now.astimezone(ZoneInfo("Asia/Bangkok")).date() >= date(2027, 2, 1)
            return "active" if begun else "decided_consented"
        if "info_requested" in found:
            return "incomplete"
        return "acknowledged" if self.acked(self.said["DE"]) else "transmitted"


@pytest.fixture
def sent(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A notification that was sent on, its messages still on the wire."""
    monkeypatch.delitem(rounds.ROUNDS, "holidays")  # no clock of this route counts working days
    with cases.wired() as wire, times.at(START):
        Cases.row = cases.sent_on()
        Cases.wire = wire
        Cases.people = {
            (code, kind): actor(code, kind, "clerk" if kind == "notifier" else "officer")
            for code in STATES
            for kind in ("competent_authority", "notifier")
        }
        yield


def test_every_order_of_acts_messages_and_days(sent: None) -> None:
    """The machine above; a notifier's authority decides all the acts that it may."""
    few = settings(max_examples=max(settings().max_examples // 3, 8), stateful_step_count=25)
    run_state_machine_as_test(Cases, settings=few)
