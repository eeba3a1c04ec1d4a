"""What a whole case stands on: its States, its people, its messages and its days (see whole.py)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.movements import cases
from tests.movements.cases import Wire, actor
from tests.movements.oracle import Refusal, Shipment, Trade
from tests.movements.shipments import DAY
from tidegate.movements import rounds
from tidegate.movements.commands import consents, notifications, permits, quotas
from tidegate.movements.models import (
    Account,
    Correction,
    Movement,
    Notification,
    TakeBack,
)
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused
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


class Core(RuleBasedStateMachine):
    """One case, who acts on it, what each copy has been told, and what the oracle makes of it."""

    base: ClassVar[Base]
    route: list[str]
    case: str
    line: Wire
    told: dict[str, Told]
    trade: Trade
    refusals: dict[str, Refusal]
    mended: dict[str, Mended]
    stops: list[list[Any]]  # who, from, until, and which way: "consent" or "notification"
    serials: int

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now = DAY
        self.ready = False

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

    def fits(self, serial: int, kg: Decimal, day: date) -> bool:
        return self.trade.fits(serial, kg, day, self.now) and not self.account().breached

    def account(self) -> Account:
        return Account.objects.get(holder=HOME, reference=self.case)

    def set_aside(self, one: Shipment) -> None:
        end = datetime.combine(one.day + timedelta(days=1), datetime.min.time(), ZONE)
        one.set_aside, one.expires = True, end + timedelta(days=14)

    def open_case(self, code: str, serial: int) -> TakeBack | None:
        rows = TakeBack.objects.filter(holder=code, movement__case=self.case, movement__serial=serial)
        return rows.exclude(status__in=TakeBack.ENDED).first()

    def stop_or_go(self, code: str, way: str, *, stop: bool) -> None:
        running = [one for one in self.stops if one[0] == code and one[3] == way and one[2] is None]
        if stop and not running:
            self.stops.append([code, self.now, None, way])
        elif not stop and running:
            running[0][2] = self.now

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

    @rule(hours=st.sampled_from([1, 20, 30, 80, 24 * 8, 24 * 20]))
    def later(self, hours: int) -> None:
        if self.today < date(2027, 11, 1):  # the consents hold all the time
            self.now += timedelta(hours=hours)
            self.tick()

    def settle(self) -> None:
        while pairs := self.line.waiting():
            self.hand_over(pairs[0])
