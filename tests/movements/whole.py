"""A whole case over the States' own copies: every act, every message, every day in any order, against the oracle.

The machine's rules are what people, messages and time may do; `oracle.Trade` and `oracle.Refusal` are what plain
arithmetic makes of it. Messages keep their order between two States and nothing else; some come twice. Run by
test_whole_case.py.
"""

from __future__ import annotations

import copy as copying
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from django.db import models, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.movements import cases
from tests.movements.cases import Wire, actor
from tests.movements.oracle import Refusal, Shipment, Trade
from tests.movements.shipments import DAY, folded
from tidegate.movements import border, breaches, ledger, machines, rounds
from tidegate.movements.commands import consents, guarantees, movements, notifications, permits, quotas, takeback
from tidegate.movements.models import (
    Account,
    Breach,
    Clock,
    Correction,
    EarlyFact,
    Movement,
    Notification,
    Permit,
    Posting,
    QuotaAllocation,
    TakeBack,
)
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
from tidegate.parties.models import JournalEntry
from tidegate.parties.registry import Message, Rejected, registry

HOME, THERE = "TH", "DE"
BETWEEN = [[], ["SG"], ["SG", "NL"], ["SG", "MY", "NL"]]
ZONE = ZoneInfo("Asia/Bangkok")
LIMIT, MOST, LOAD = Decimal(60_000), 4, Decimal(24_000)
SEASON = (date(2027, 3, 1), date(2027, 3, 28))
WINDOW = (7, Decimal(45_000), None)
ELSEWHERE = Decimal(45_000)
CONDITIONS = [
    {"kind": "maximum_load", "kg": str(LOAD)},
    {"kind": "maximum_load", "days": WINDOW[0], "kg": str(WINDOW[1])},
    {"kind": "season", "from": "03-01", "to": "03-28"},
]
PLAN = {"carrier": "Example line", "borne_by": "the exporter"}
KG = st.sampled_from(["20000", "24000", "24000.001", "12000.5"]) | st.integers(1, 26_000_000).map(
    lambda grams: str(Decimal(grams) / 1000)
)
NTH = st.integers(0, 6)
TTL = timedelta(hours=24)


@dataclass
class Base:
    """A notification for one route that all but the State of import have consented to, and who acts on it."""

    route: list[str]
    row: Notification
    wire: Wire
    people: dict[tuple[str, str], Actor]
    accounts: dict[str, str]


def base(between: Sequence[str], people: dict[tuple[str, str], Actor], accounts: dict[str, str]) -> Base:
    """Acknowledged everywhere, consented to everywhere but in the State of import."""
    route = [HOME, *between, THERE]
    roles = [(HOME, "export"), *((code, "transit") for code in between), (THERE, "import")]
    with cases.wired() as wire:
        row = cases.sent_on(roles, quantity_kg=str(LIMIT), shipments=MOST)
        wire.settle()
        for code in route:
            notifications.acknowledge(person(people, code, "competent_authority"), cases.copy(row, code).pk)
            wire.settle()
        for code in route[:-1]:
            consents.decide(
                person(people, code, "competent_authority"), cases.consent(row, code).pk, outcome="consented",
                valid_from="2027-02-01", valid_until="2027-12-31",
            )  # fmt: skip
            wire.settle()
    return Base(route, row, wire, people, accounts)


def person(people: dict[tuple[str, str], Actor], code: str, kind: str) -> Actor:
    """The same person for every act of a body."""
    if (code, kind) not in people:
        role = "officer" if kind == "competent_authority" else "clerk"
        people[code, kind] = actor(code, kind, role)
    return people[code, kind]


def granted(people: dict[tuple[str, str], Actor]) -> dict[str, str]:
    """An import permit and a part of a quota of the State of import: accounts with another home."""
    importer, office = person(people, THERE, "consignee"), person(people, THERE, "competent_authority")
    row = permits.draft(importer, "import", content={"wastes": ["Y48"]})
    row = permits.review(office, permits.apply(importer, row.pk, revision=row.revision).pk, revision=row.revision + 1)
    row = permits.issue(
        office, row.pk, revision=row.revision, valid_from="2026-11-01", valid_until="2027-10-31", number="IMP-1",
        quantity_kg=str(ELSEWHERE),
    )  # fmt: skip
    content = {"name": "Mixed plastics", "kg": str(ELSEWHERE), "opens_on": "2026-11-01", "closes_on": "2027-12-31"}
    pool = quotas.open_pool(office, quotas.create(office, "Q-2027", content=content).pk, revision=0)
    part = quotas.grant(office, quotas.apply(importer, pool.pk, kg=str(ELSEWHERE)).pk, revision=0)
    assert row.account is not None
    assert part.account is not None
    return {"permit": row.account.reference, "quota": part.account.reference}


@dataclass
class Told:
    """What one State's copy knows of who lets the case go on."""

    consents: dict[str, str]
    contract: bool = False
    guarantee: bool = True
    stopped: set[str] = field(default_factory=set)
    balance: datetime | None = None


@dataclass
class Mended:
    """A proposed correction, and each State's answer to it."""

    serial: int
    by: str
    loaded: Decimal | None
    seen: tuple[Decimal, Decimal, Decimal] | None
    answers: dict[str, bool] = field(default_factory=dict)


class Whole(RuleBasedStateMachine):
    """Two to five States, one case."""

    base: ClassVar[Base]

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now = DAY
        self.ready = False

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
        self.refusals: dict[str, Refusal] = {}
        self.mended: dict[str, Mended] = {}
        self.stops: list[list[Any]] = []  # who, from, until, and which way: "consent" or "notification"
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

    # ── acting ───────────────────────────────────────────────────────────────────────────────────────────

    def act(self, code: str, kind: str, function: Any, /, *args: Any, **kwargs: Any) -> tuple[Any, str]:
        """What it gives, and the code of its refusal."""
        self.pass_time(timedelta(minutes=7))
        try:
            with times.at(self.now), transaction.atomic():
                return function(person(self.base.people, code, kind), *args, **kwargs), ""
        except Refused as refused:
            return None, refused.code

    def pass_time(self, span: timedelta) -> None:
        before, self.now = self.now.astimezone(ZONE).date(), self.now + span
        if self.now.astimezone(ZONE).date() != before:
            self.tick()

    def tick(self) -> None:
        with times.at(self.now):
            rounds.tick(self.now)
        for one in self.trade.shipments.values():
            if one.expires is not None and one.expires <= self.now and one.used is None:
                one.set_aside = False
        self.look()

    def movement(self, code: str, serial: int) -> Movement | None:
        return Movement.objects.filter(holder=code, case=self.case, serial=serial).first()

    def pick(self, nth: int) -> int:
        """The serial of one of the shipments, 0 where there is none."""
        known = sorted(self.trade.shipments)
        return known[nth % len(known)] if known else 0

    def own(self, code: str) -> Notification:
        return Notification.objects.get(case=self.case, holder=code)

    @property
    def today(self) -> date:
        return self.now.astimezone(ZONE).date()

    # ── what the oracle expects ──────────────────────────────────────────────────────────────────────────

    def barred(self, code: str, day: date) -> bool:
        """By what a State's copy knows, nothing may leave on a day."""
        told = self.told[code]
        given = all(status == "given" for status in told.consents.values())
        papers = told.contract and told.guarantee
        return not (given and papers and not told.stopped and self.trade.first <= day <= self.trade.last)

    def why_not(self, serial: int, kg: Decimal, day: date) -> str:
        """The first guard that fails for a shipment that is to leave."""
        if self.barred(HOME, day) or self.own(HOME).used_up:
            return "consent"
        if TakeBack.objects.filter(holder=HOME, movement__serial=serial).exclude(status__in=TakeBack.ENDED).exists():
            return "open_case"
        return "" if self.trade.condition_met(kg, day) else "condition"

    def look(self) -> None:
        """Announcements that wait for other homes: announced when all have confirmed, given back when one has not;
        and those that time has ended."""
        for serial, one in self.trade.shipments.items():
            row = self.movement(HOME, serial)
            assert row is not None
            if one.waits and row.status != "announcing":
                one.waits = False
                late = one.asked is not None and self.now >= one.asked + timedelta(hours=72)
                if row.status == "announced":
                    assert [one.answers.get(account) for account in one.elsewhere] == [True] * len(one.elsewhere)
                elif row.status == "draft":
                    barred = bool(self.why_not(serial, one.kg, one.day))
                    assert late or barred or False in one.answers.values(), "given back for a reason"
                    one.set_aside = False
            elif one.waits:
                assert not all(account in one.answers for account in one.elsewhere)
                assert False not in one.answers.values()
            if row.status == "cancelled" and not one.given_up:
                assert self.today > row.planned_on + timedelta(days=14)
                one.given_up, one.set_aside = True, False

    # ── notification ─────────────────────────────────────────────────────────────────────────────────────

    @rule(outcome=st.sampled_from(["consented_with_conditions", "consented_with_conditions", "objected"]))
    def decide(self, outcome: str) -> None:
        terms: dict[str, Any] = {
            "valid_from": "2027-02-01", "valid_until": "2027-12-31", "conditions": CONDITIONS
        }  # fmt: skip
        if outcome == "objected":
            terms = {"grounds": ["No capacity"]}
        mine = cases.consent(self.base.row, THERE)
        _row, code = self.act(THERE, "competent_authority", consents.decide, mine.pk, outcome=outcome, **terms)
        told = self.told[THERE].consents
        assert (code == "") == (told[THERE] == "waiting" and "withdrawn" not in told.values()), code
        if not code:
            self.told[THERE].consents[THERE] = "objected" if outcome == "objected" else "given"

    @rule()
    def confirm_contract(self) -> None:
        _row, code = self.act(
            THERE, "competent_authority", guarantees.confirm_contract, self.own(THERE).pk, number="K-1"
        )
        self.told[THERE].contract = self.told[THERE].contract or not code

    @rule(nth=NTH, what=st.sampled_from(["suspend", "suspend", "lift", "lift", "withdraw"]))
    def change_mind(self, nth: int, what: str) -> None:
        code = self.route[nth % len(self.route)]
        mine = cases.consent(self.base.row, code)
        reason = {} if what == "lift" else {"reason": "Inquiry"}
        _row, refused = self.act(code, "competent_authority", getattr(consents, what), mine.pk, **reason)
        told, before = self.told[code].consents, self.told[code].consents[code]
        may = {"suspend": ("given",), "lift": ("suspended",), "withdraw": ("given", "suspended")}[what]
        over = what != "withdraw" and "withdrawn" in told.values()
        assert (refused == "") == (before in may and not over), (what, before, refused)
        if not refused:
            told[code] = {"suspend": "suspended", "lift": "given", "withdraw": "withdrawn"}[what]
            self.stop_or_go(code, "consent", stop=what != "lift")

    @rule(nth=NTH, stop=st.booleans())
    def suspend_all(self, nth: int, stop: bool) -> None:
        code = self.route[nth % len(self.route)]
        function = notifications.suspend if stop else notifications.lift
        _row, refused = self.act(code, "competent_authority", function, self.own(code).pk, reason="Fire")
        assert (refused == "") == ((code in self.told[code].stopped) != stop)
        if not refused:
            (self.told[code].stopped.add if stop else self.told[code].stopped.discard)(code)
            self.stop_or_go(code, "notification", stop=stop)

    def stop_or_go(self, code: str, way: str, *, stop: bool) -> None:
        running = [one for one in self.stops if one[0] == code and one[3] == way and one[2] is None]
        if stop and not running:
            self.stops.append([code, self.now, None, way])
        elif not stop and running:
            running[0][2] = self.now

    @rule(suspend=st.booleans())
    def permit(self, suspend: bool) -> None:
        row = Permit.objects.get(account__reference=self.base.accounts["permit"])
        function = permits.suspend if suspend else permits.lift
        more = {"reason": "Inquiry"} if suspend else {}
        self.act(THERE, "competent_authority", function, row.pk, revision=row.revision, **more)

    # ── shipments ────────────────────────────────────────────────────────────────────────────────────────

    @rule(kg=KG, ahead=st.integers(0, 30), wants=st.sampled_from(["", "", "permit", "quota", "both"]))
    def announce(self, kg: str, ahead: int, wants: str) -> None:
        named = {"permit": ["permit"], "quota": ["quota"], "both": ["permit", "quota"]}.get(wants, [])
        accounts = tuple(self.base.accounts[name] for name in named)
        day = self.today + timedelta(days=ahead)
        status = self.own(HOME).status
        row, code = self.act(
            HOME, "notifier", movements.draft, self.own(HOME).pk, planned_on=day.isoformat(), announced_kg=kg,
            particulars={"permits": list(accounts)},
        )  # fmt: skip
        if code:
            assert code == "state" if status not in ("active", "decided_consented") else code == "serials", code
            assert code == "state" or self.trade.counted >= MOST
            return
        assert self.trade.counted < MOST
        self.serials += 1
        assert row.serial == self.serials, "numbers rise, and none comes again"
        self.trade.shipments[row.serial] = Shipment(Decimal(kg), day, accounts)
        self.announce_draft(len(self.trade.shipments) - 1)

    @rule(nth=NTH)
    def announce_draft(self, nth: int) -> None:
        serial = self.pick(nth)
        row = self.movement(HOME, serial) if serial else None
        if row is None or row.status != "draft":
            return
        one = self.trade.shipments[serial]
        one.kg, one.day = row.announced_kg, row.planned_on
        _row, code = self.act(HOME, "notifier", movements.announce, row.pk)
        expected = self.why_not(serial, one.kg, one.day)
        if not expected and not self.fits(serial, one.kg, one.day):
            expected = "ledger"
        assert code.partition("_")[0] == expected.partition("_")[0], (code, expected)
        if not code:
            self.set_aside(one)
            one.waits, one.asked, one.answers = bool(one.elsewhere), self.now, {}

    def fits(self, serial: int, kg: Decimal, day: date) -> bool:
        return self.trade.fits(serial, kg, day, self.now) and not self.account().breached

    def account(self) -> Account:
        return Account.objects.get(holder=HOME, reference=self.case)

    def set_aside(self, one: Shipment) -> None:
        end = datetime.combine(one.day + timedelta(days=1), datetime.min.time(), ZONE)
        one.set_aside, one.expires = True, end + timedelta(days=14)

    @rule(nth=NTH, kg=KG)
    def amend(self, nth: int, kg: str) -> None:
        serial = self.pick(nth)
        row = self.movement(HOME, serial) if serial else None
        if row is None:
            return
        one, before = self.trade.shipments[serial], row.status
        _row, code = self.act(HOME, "notifier", movements.amend, row.pk, announced_kg=kg)
        if before == "draft":
            assert code == ""
        elif not code:
            assert (before == "announced") or before in ("held", "seized")
            assert not self.why_not(serial, Decimal(kg), one.day)
            assert one.kg == Decimal(kg) or self.trade.fits(serial, Decimal(kg), one.day, self.now)
            one.kg = Decimal(kg)
            if not one.elsewhere:
                self.set_aside(one)

    @rule(nth=NTH)
    def cancel(self, nth: int) -> None:
        serial = self.pick(nth)
        row = self.movement(HOME, serial) if serial else None
        if row is None:
            return
        _row, code = self.act(HOME, "notifier", movements.cancel, row.pk, reason="no ship")
        one = self.trade.shipments[serial]
        assert (code == "") == (row.status in ("draft", "announcing", "announced"))
        if not code:
            one.given_up, one.set_aside, one.waits = True, False, False

    @rule(nth=NTH, kg=KG, seen=st.booleans(), ago=st.sampled_from([0, 0, 0, 6, 30]))
    def depart(self, nth: int, kg: str, seen: bool, ago: int) -> None:
        """By the notifier, guarded; or seen by customs, also afterwards, and never refused."""
        serial = self.pick(nth)
        row = self.movement(HOME, serial) if serial else None
        if row is None:
            return
        one, mass = self.trade.shipments[serial], Decimal(kg)
        if seen:
            at = self.now - timedelta(hours=ago)
            _row, code = self.act(HOME, "customs", movements.saw_departure, row.pk, loaded_kg=kg, at=at.isoformat())
            assert (code == "recorded") == (one.loaded is not None)
            assert code in ("", "recorded")
        else:
            _row, code = self.act(HOME, "notifier", movements.depart, row.pk, loaded_kg=kg)
            at = self.now
            expected = "state" if row.status != "announced" else self.why_not(serial, mass, self.today)
            assert code == (expected or ("recorded" if one.loaded is not None else "")), (code, expected)
        if not code:
            if one.used is None:
                one.day = at.astimezone(ZONE).date()
            one.loaded, one.left, one.set_aside, one.waits, one.given_up = mass, at, False, False, False

    @rule(nth=NTH, what=st.sampled_from(["hold", "hold", "release_hold", "seize", "pass_border"]), where=NTH)
    def on_the_way(self, nth: int, what: str, where: int) -> None:
        code = self.route[where % len(self.route)]
        row = self.movement(code, self.pick(nth))
        if row is not None:
            said: dict[str, Any] = {"place": "port"} if what == "pass_border" else {"reason": "x"}
            _row, refused = self.act(code, "customs", getattr(movements, what), row.pk, **said)
            assert what != "pass_border" or not refused, "what was seen is stored"

    @rule(nth=NTH)
    def arrive(self, nth: int) -> None:
        if (row := self.movement(THERE, self.pick(nth))) is not None:
            self.act(THERE, "facility", movements.arrive, row.pk)

    @rule(nth=NTH, more=st.sampled_from([-500, 0, 0, 500]), part=st.sampled_from([0, 0.75, 1, 1]))
    def receive(self, nth: int, more: int, part: float) -> None:
        serial = self.pick(nth)
        if (row := self.movement(THERE, serial)) is None:
            return
        received = max((row.loaded_kg or row.announced_kg) + more, Decimal("0.001"))
        accepted = (received * Decimal(str(part))).quantize(Decimal("0.001"))
        seen = (received, accepted, received - accepted)
        _row, code = self.act(
            THERE, "facility", movements.receive, row.pk, received_kg=str(received), accepted_kg=str(accepted),
            rejected_kg=str(seen[2]), reason="soil",
        )  # fmt: skip
        one = self.trade.shipments[serial]
        assert (code == "recorded") == (one.seen is not None), code
        if not code:
            one.seen = seen
            if seen[2] and not self.open_case(THERE, serial):
                raise AssertionError("what was rejected has its case")
            for case in TakeBack.objects.filter(holder=THERE, movement=row, opener=THERE):
                self.refusals.setdefault(case.case, Refusal(serial, case.custody_kg or Decimal(0), THERE))

    @rule(nth=NTH, final=st.booleans(), tenths=st.integers(1, 11), lost=st.integers(0, 5))
    def complete(self, nth: int, final: bool, tenths: int, lost: int) -> None:
        serial = self.pick(nth)
        row = self.movement(THERE, serial)
        if row is None or not row.accepted_kg:
            return
        taken = (row.accepted_kg * tenths / 10).quantize(Decimal("0.001"))
        loss = Decimal(0) if final else (taken * lost / 10).quantize(Decimal("0.001"))
        said = {"output_kg": str(taken - loss)} if not final else {}
        _row, code = self.act(
            THERE, "facility", movements.complete, row.pk, code="R3" if final else "R12", final=final,
            input_kg=str(taken), loss_kg=str(loss), facility="Example plant", **said,
        )  # fmt: skip
        if not code:
            self.trade.shipments[serial].lots.append((final, taken, loss))

    @rule(nth=NTH, kg=KG, loaded=st.booleans())
    def correct(self, nth: int, kg: str, loaded: bool) -> None:
        code = HOME if loaded else THERE
        serial = self.pick(nth)
        if (row := self.movement(code, serial)) is None:
            return
        mass, seen = Decimal(kg), self.trade.shipments[serial].seen
        changes = {"loaded_kg": kg}
        if not loaded:
            if seen is None:
                return
            seen = (mass + seen[2], mass, seen[2])
            changes = {"received_kg": str(seen[0]), "accepted_kg": kg}
        who = "customs" if loaded else "facility"
        made, refused = self.act(code, who, movements.correct, row.pk, changes=changes, reason="wrong scale")
        if not refused:
            self.mended[made.reference] = Mended(serial, code, mass if loaded else None, None if loaded else seen)

    @rule(nth=NTH, where=NTH, agreed=st.sampled_from([True, True, True, False]))
    def answer(self, nth: int, where: int, agreed: bool) -> None:
        code = self.route[where % len(self.route)]
        waiting = list(Correction.objects.filter(holder=code, case=self.case).order_by("proposed_at"))
        if not waiting:
            return
        row = waiting[nth % len(waiting)]
        one = self.mended[row.reference]
        _row, refused = self.act(
            code, "competent_authority", movements.approve_correction, row.pk, approved=agreed, reason="seen"
        )
        assert (refused == "") == (code != one.by and code not in one.answers), refused
        if not refused:
            one.answers[code] = agreed
            self.mend()

    def mend(self) -> None:
        """Corrections that the State of export knows all answers to are in force there."""
        for row in Correction.objects.filter(holder=HOME, case=self.case, status="approved"):
            one = self.mended.pop(row.reference, None)
            if one is None:
                continue
            assert one.answers == {code: True for code in self.route if code != one.by}, "all have agreed"
            shipment = self.trade.shipments[one.serial]
            if one.loaded is not None:
                shipment.loaded = one.loaded
            if one.seen is not None:
                shipment.seen, shipment.received = one.seen, one.seen[0]

    @rule()
    def close_breaches(self) -> None:
        for row in Breach.objects.filter(holder=HOME, case=self.case, closed_at=None, subject="account"):
            _row, code = self.act(HOME, "competent_authority", breaches.close, row.pk, reason="Fined")
            assert code == ""

    # ── take-back ────────────────────────────────────────────────────────────────────────────────────────

    def open_case(self, code: str, serial: int) -> TakeBack | None:
        rows = TakeBack.objects.filter(holder=code, movement__case=self.case, movement__serial=serial)
        return rows.exclude(status__in=TakeBack.ENDED).first()

    @rule(nth=NTH, code=st.sampled_from(["SG", THERE]), kg=KG)
    def find(self, nth: int, code: str, kg: str) -> None:
        serial = self.pick(nth)
        if code not in self.route or (row := self.movement(code, serial)) is None:
            return
        before = self.open_case(code, serial)
        case, refused = self.act(
            code, "customs", takeback.open, row.pk, finding="x", custody_place="port", custody_kg=kg,
            detected_at=(self.now - timedelta(days=3)).isoformat(),
        )  # fmt: skip
        assert (refused == "open_case") == (before is not None), refused
        if not refused:
            self.refusals[case.case] = Refusal(serial, Decimal(kg), code)

    def chosen(self, nth: int) -> tuple[str, Refusal] | None:
        known = sorted(self.refusals)
        return (known[nth % len(known)], self.refusals[known[nth % len(known)]]) if known else None

    @rule(
        nth=NTH,
        what=st.sampled_from("classify inform accept dispute sign agree object home dispose close release".split()),
        where=NTH | st.sampled_from([HOME, THERE]),
        how=st.sampled_from(["art8", "art9_exporter", "art9_importer", "safety", "policy", "returned", "disposed",
                             "transferred", "not_a_case"]),
    )  # fmt: skip
    def refuse(self, nth: int, what: str, where: int | str, how: str) -> None:
        """One State's act on a take-back case."""
        if (found := self.chosen(nth)) is None:
            return
        key, one = found
        code = where if isinstance(where, str) else self.route[where % len(self.route)]
        row = TakeBack.objects.filter(holder=code, case=key).first()
        if row is None:
            return
        office = "competent_authority"
        if what == "classify":
            basis = how if how.startswith("art") or how == "not_a_case" else "art9_exporter"
            more: dict[str, Any] = {"reason": "x"} if basis == "not_a_case" else {}
            grounds = ["d"] if basis.startswith("art9") else []
            _row, refused = self.act(code, office, takeback.classify, row.pk, basis=basis, grounds=grounds, **more)
            if not refused:
                assert code == one.opener
                one.basis, one.ended = basis, one.ended or basis == "not_a_case"
        elif what == "inform":
            _row, refused = self.act(code, office, takeback.inform, row.pk)
            one.informed = one.informed if refused else self.now
        elif what in ("accept", "dispute"):
            self.act(code, office, getattr(takeback, what), row.pk, reason="x")
        elif what == "sign":
            self.act(code, office, takeback.agree_plan, row.pk, number=row.plan_number)
        elif what in ("agree", "object"):
            said = {"agreed": what == "agree", "ground": how, "remarks": "x"}
            _row, refused = self.act(code, office, takeback.consent_return, row.pk, **said)
            # No ground but these stands against a return.
            assert refused or what == "agree" or how in ("safety", "route")
        elif what == "home":
            _row, refused = self.act(code, "customs", takeback.arrived_home, row.pk, kg="1")
            one.home = one.home or not refused
        elif what == "dispose":
            said = {"kg": "1", "operation": "D10", "facility": "Example plant"}
            _row, refused = self.act(code, "customs", takeback.dispose, row.pk, **said)
            one.disposed = one.disposed or not refused
        elif what == "close":
            _row, refused = self.act(code, office, takeback.close, row.pk, how=how, reason="to the prosecutor")
            if not refused:
                whole = one.custody - one.going <= one.custody / 100
                assert {"returned": one.home and whole, "disposed": one.disposed}.get(how, how == "transferred")
                one.ended = True
        else:
            self.release()

    @rule(nth=NTH, how=st.sampled_from(["return", "return", "dispose"]))
    def plan(self, nth: int, how: str) -> None:
        if (found := self.chosen(nth)) is None:
            return
        code = THERE if found[1].basis == "art9_importer" else HOME
        if (row := TakeBack.objects.filter(holder=code, case=found[0]).first()) is not None:
            more = {"facility": "Example plant", "operation": "D10"} if how == "dispose" else {}
            self.act(code, "competent_authority", takeback.plan, row.pk, how=how, **PLAN, **more)

    @rule()
    def plan_and_sign(self) -> None:
        """A plan that everybody signs and consents to."""
        self.plan(0, "return")
        for what in ("sign", "agree"):
            self.settle()
            for code in self.route:
                self.refuse(0, what, code, "")

    @rule(nth=NTH, kg=KG)
    def send_home(self, nth: int, kg: str) -> None:
        if (found := self.chosen(nth)) is None:
            return
        key, one = found
        row = TakeBack.objects.filter(holder=HOME, case=key).first()
        if row is None:
            return
        mass = min(Decimal(kg), one.custody) if nth % 2 else Decimal(kg)
        day = (self.today + timedelta(days=3)).isoformat()
        _row, code = self.act(HOME, "competent_authority", takeback.start_return, row.pk, kg=str(mass), planned_on=day)
        if row.status in ("consents_ok", "returning", "returned"):
            # No more goes home than is in custody.
            assert (code == "custody") == (one.going + mass > one.custody), code
        if not code:
            one.going += mass
            self.serials += 1

    @rule()
    def release(self) -> None:
        """The guarantee stays while a case is open or a shipment is not finished."""
        _row, code = self.act(HOME, "competent_authority", guarantees.release, self.own(HOME).pk)
        if not code:
            self.told[HOME].guarantee = False
            here = TakeBack.objects.filter(holder=HOME, movement__case=self.case)
            assert not here.exclude(status__in=TakeBack.ENDED).exists()
            ended = ("draft", "cancelled", "completed", "closed", "returned", "alternatively_disposed")
            rows = Movement.objects.filter(holder=HOME, case=self.case)
            assert not rows.exclude(status__in=ended).exists()

    # ── border, messages, time ───────────────────────────────────────────────────────────────────────────

    @rule(nth=NTH, where=NTH)
    def at_the_border(self, nth: int, where: int) -> None:
        """Never valid against what is known there, nor on a word of the home that is too old."""
        code = self.route[where % len(self.route)]
        serial = self.pick(nth)
        row = self.movement(code, serial) if serial else None
        if row is None or row.status == "draft":
            return
        found, refused = self.act(code, "customs", border.check, f"{self.case}/{serial}")
        assert not refused
        if found[0].answer == "valid":
            told = self.told[code]
            assert not told.stopped
            assert set(told.consents.values()) == {"given"}
            if code != HOME:
                assert told.balance is not None
                assert self.now - told.balance <= TTL
                since = [start for who, start, end, _way in self.stops if who == HOME and end is None]
                assert all(self.now - start <= TTL for start in since)

    @rule(number=st.integers(0, 20), count=st.integers(1, 6), twice=st.booleans())
    def deliver(self, number: int, count: int, twice: bool) -> None:
        for n in range(count):
            if pairs := self.line.waiting():
                self.hand_over(pairs[(number + n) % len(pairs)], twice=twice)

    def hand_over(self, pair: tuple[str, str], *, twice: bool = False) -> None:
        with times.at(self.now):
            message = self.line.deliver(pair)
            if twice:
                with suppress(Rejected), transaction.atomic():
                    registry.messages[message.type].handler(message)
        self.heard(message)

    def heard(self, message: Message) -> None:
        told, kind, body = self.told[message.to], message.type, message.body
        said = {"consented": "given", "consented_with_conditions": "given", "lifted": "given"}
        if kind.startswith("decision."):
            event = kind.removeprefix("decision.")
            told.consents[message.sender] = said.get(event, event)
        elif kind == "notification.suspended":
            told.stopped.add(message.sender)
        elif kind == "notification.lifted":
            told.stopped.discard(message.sender)
        elif kind == "contract.confirmed":
            told.contract = True
        elif kind == "guarantee.released":
            told.guarantee = False
        elif kind == "ledger.balance" and body["reference"] == self.case:
            told.balance = datetime.fromisoformat(body["as_of"])
        elif message.to == HOME:
            one = self.trade.shipments.get(body.get("serial", 0)) if kind.startswith("ledger.reserve.") else None
            if one is not None and one.waits:
                one.answers[body["account"]] = kind.endswith("confirmed")
            if kind.startswith("movement.received_"):
                self.weighed(body)
            self.mend()
            self.look()

    def weighed(self, body: Any) -> None:
        """The State of export hears what came: without a departure on record, that is what left."""
        one = self.trade.shipments.get(body["movement"]["serial"])
        if one is None:
            return
        if one.used is None:
            one.day = datetime.fromisoformat(body["fields"]["received_at"]).astimezone(ZONE).date()
        one.received = Decimal(body["fields"]["received_kg"])
        one.set_aside = one.waits = one.given_up = False

    @rule(hours=st.sampled_from([1, 20, 30, 80, 24 * 8, 24 * 20]))
    def later(self, hours: int) -> None:
        if self.today < date(2027, 11, 1):  # the consents hold all the time
            self.now += timedelta(hours=hours)
            self.tick()

    def settle(self) -> None:
        while pairs := self.line.waiting():
            self.hand_over(pairs[0])

    # ── what always holds ────────────────────────────────────────────────────────────────────────────────

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

    # ── in the end ───────────────────────────────────────────────────────────────────────────────────────

    def converged(self) -> None:
        assert not EarlyFact.objects.exists()
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


@pytest.fixture(params=BETWEEN, ids=lambda between: f"{len(between)} of transit")
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
