"""The demo's live cases: notifications, movements, permits and quotas in many states, made through the commands alone.

Every company and every case is fictitious. What crosses a border goes through the exchange, between five States on one
node. `build` does nothing where cases are there already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from tidegate.movements import calendars, draws, lapsing, rounds
from tidegate.movements.commands import (
    analyses,
    certificates,
    consents,
    consignments,
    fees,
    green,
    green_control,
    guarantees,
    movements,
    notifications,
    permits,
    quotas,
    receipt,
    takeback,
    transport,
)
from tidegate.movements.green_control import ARRIVAL
from tidegate.movements.models import Account, Consent, Consignment, GreenShipment, Movement, Notification, TakeBack
from tidegate.parties import times
from tidegate.parties.actors import Actor, acting
from tidegate.parties.demo import COUNTRIES
from tidegate.parties.models import Membership, Organisation, Role

Settle = Callable[[], Any]
VINYL = {
    "waste": True, "hazardous": False, "polymers": {"PVC": "99.5"}, "contamination_pct": "0.5", "operation": "R3",
    "facts": {"source": "industrial", "processed": "flake"},
}  # fmt: skip
MIX = {
    "waste": True, "hazardous": False, "polymers": {"PE": "60", "PVC": "30"}, "contamination_pct": "10",
    "operation": "R3",
}  # fmt: skip
NORTH = (("VN", "export"), ("MY", "transit"), ("ID", "transit"), ("AU", "import"))
SOUTH = (("AU", "export"), ("ID", "transit"), ("MY", "import"))
# of each State that exports: who notifies, and who carries
TRADERS = {"VN": ("heron", "redriver"), "AU": ("wattle", "tasman"), "TH": ("garuda", "gulf")}
# of each State that imports: the consignee, and the plant
PLANTS = {"AU": ("kookaburra", "kookaburra"), "MY": ("banyan", "hornbill")}
PORTS = {"VN": "Hai Phong", "MY": "Port Klang", "TH": "Laem Chabang", "AU": "Port Botany", "ID": "Tanjung Priok"}


def build(settle: Settle) -> int:
    """Make the cases; gives how many notifications there are then. `settle` delivers what is on its way.

    Raises nothing of its own: every step is a command that its actor may do.
    """
    if Notification.objects.exists():
        return Notification.objects.filter(holder__code__in=[c.code for c in COUNTRIES]).count()
    today = timezone.now()
    for country in COUNTRIES:
        calendars.seed(country.code, [today.year, today.year + 1])
    from tidegate.movements.demo_control import Control
    from tidegate.movements.demo_stages import Stages

    story = Story(settle, today)
    # The oldest first: whatever is there when a day is looked at, the round of that day deals with.
    story.schedules()
    story.northbound()
    story.southbound()
    story.licences()
    story.deciding()
    story.drafts()
    story.green_listed()
    story.gate()
    story.going_home()
    Stages(story).tell()
    Control(story).tell()
    rounds.tick(today)
    settle()
    return Notification.objects.count()


def who(code: str, slug: str, role: str = Role.CLERK) -> Actor:
    """Somebody of a demo organisation, in a role."""
    member = (
        Membership.objects.filter(organisation__registration=f"DEMO-{code}-{slug.upper()}", role=role)
        .select_related("organisation", "person")
        .order_by("person__email")
        .first()
    )
    if member is None:
        raise ValueError(f"the demo has no {role} at {code} {slug}")
    return acting(member)


class Story:
    """Tells the cases in order, each step on its own day before `today`."""

    def __init__(self, settle: Settle, today: datetime):
        self.settle = settle
        self.today = today.replace(hour=2, minute=0, second=0, microsecond=0)

    def on(self, days: float) -> Any:
        """`days` from today, as `with self.on(-30):`."""
        return times.at(self.today + timedelta(days=days))

    def day(self, days: float) -> str:
        """The day `days` from today, ISO."""
        return (self.today + timedelta(days=days)).date().isoformat()

    def drafts(self) -> None:
        """One that its notifier is still writing, one that waits for the authority of export."""
        with self.on(-3):
            notifications.create(who("VN", "heron"), content=self.content(NORTH, MIX, quantity_kg="120000"))
        self.submitted(-2, NORTH, MIX, "VN", quantity_kg="60000", shipments=3)

    def deciding(self) -> None:
        """One asked for information, one objected to by a State of transit."""
        asked = self.sent(-20, NORTH, MIX, "VN", quantity_kg="180000", shipments=9)
        with self.on(-15):
            notifications.acknowledge(who("AU", "ca"), self.copy(asked, "AU").pk)
            notifications.request_info(
                who("AU", "ca"), self.copy(asked, "AU").pk, question="Name the plant that will take the residues."
            )
            self.settle()
        refused = self.sent(-26, SOUTH, VINYL, "AU", quantity_kg="90000", shipments=5)
        with self.on(-22):
            notifications.acknowledge(who("ID", "ca"), self.copy(refused, "ID").pk)
            self.decide(refused, "ID", "objected")

    def schedules(self) -> None:
        """What authorities charge: each for its part of a notification, Malaysia for import permits, too."""
        source = "Example fee schedule (fictitious), section 1"
        with self.on(-400):
            for code, kind, fixed, per_tonne, currency in (
                ("VN", "export", "2000000", "0", "VND"), ("AU", "export", "7920", "0", "AUD"),
                ("AU", "import", "1500", "4.50", "AUD"), ("MY", "import", "500", "2.50", "MYR"),
                ("MY", "permit_import", "150", "0", "MYR"),
            ):  # fmt: skip
                fees.set_rate(
                    who(code, "ca", Role.OFFICER), kind=kind, fixed=fixed, per_tonne=per_tonne, currency=currency,
                    valid_from=self.day(-400), source=source,
                )  # fmt: skip

    def northbound(self) -> None:
        """A general notification in force, with shipments at every stage."""
        row = self.in_force(-120, NORTH, MIX, "VN", quantity_kg="240000", shipments=12)
        trader = who("VN", "heron")
        with self.on(-95):
            first = self.announced(trader, row, -90, "20000")
        self.leaves(trader, first, -90, "19850.5")
        with self.on(-80):
            transport.transfer(
                who("VN", "redriver"), first.pk, carrier="Red River Lines (fictitious)", means="S",
                vehicle="MV Example One", place="Hai Phong",
            )  # fmt: skip
            transport.pass_border(who("MY", "customs"), self.at(first, "MY").pk, place="Port Klang")
            transport.pass_border(who("MY", "customs"), self.at(first, "MY").pk, place="Port Klang", leaving=True)
            self.settle()
        plant = who("AU", "kookaburra")
        with self.on(-70):
            there = self.at(first, "AU")
            transport.arrive(plant, there.pk, place="Port Botany")
            receipt.receive(plant, there.pk, received_kg="19850.5", accepted_kg="19850.5")
            self.settle()
        with self.on(-40):
            receipt.complete(
                plant, there.pk, code="R3", final=True, input_kg="19850.5", output_kg="17600", loss_kg="2250.5",
                facility="Kookaburra Reprocessing (fictitious)",
            )  # fmt: skip
            self.settle()
        with self.on(-30):
            movements.close(who("VN", "ca"), first.pk, revision=self.now(first).revision)
        with self.on(-35):
            second = self.announced(trader, row, -30, "21000")
        self.leaves(trader, second, -30, "21150")
        with self.on(-12):
            there = self.at(second, "AU")
            transport.arrive(plant, there.pk, place="Port Botany")
            receipt.receive(
                plant, there.pk, received_kg="21150", accepted_kg="15150", rejected_kg="6000",
                reason="Bales with household refuse",
            )  # fmt: skip
            self.settle()
        with self.on(-10):
            third = self.announced(trader, row, -5, "20500")
        self.leaves(trader, third, -5, "20480")
        with self.on(-2):
            transport.hold(who("MY", "customs"), self.at(third, "MY").pk, reason="Weight differs from the manifest")
            self.settle()
        with self.on(-1):
            self.announced(trader, row, 6, "20000")
            movements.draft(trader, row.pk, planned_on=self.day(20), announced_kg="20000")

    def southbound(self) -> None:
        """Another in force, with one shipment at sea."""
        row = self.in_force(-75, SOUTH, VINYL, "AU", quantity_kg="100000", shipments=5)
        trader = who("AU", "wattle")
        with self.on(-14):
            made = self.announced(trader, row, -8, "18000")
        self.leaves(trader, made, -8, "18010")
        with self.on(-4):
            transport.pass_border(who("ID", "customs"), self.at(made, "ID").pk, place="Tanjung Priok")
            self.settle()
        certificates.issue(who("MY", "ca", Role.OFFICER), self.consent(row, "MY").pk, kind="consent")

    def licences(self) -> None:
        """An import permit in force, one under review, and a quota that is half given out."""
        with self.on(-200):
            permit = permits.draft(
                who("MY", "banyan"), "import",
                content={"hs": ["3915"], "wastes": ["B3011", "Y48"], "quantity_kg": "500000", "note": "Demo"},
            )  # fmt: skip
            permit = permits.apply(who("MY", "banyan"), permit.pk, revision=permit.revision)
            permit = permits.issue(
                who("MY", "ca", Role.OFFICER), permit.pk, revision=permit.revision, valid_from=self.day(-190),
                valid_until=self.day(170), quantity_kg="500000",
            )  # fmt: skip
        with self.on(-6):
            other = permits.draft(
                who("MY", "hornbill"), "facility", content={"wastes": ["B3011"], "note": "Renewal of the licence"}
            )
            other = permits.apply(who("MY", "hornbill"), other.pk, revision=other.revision)
            permits.review(who("MY", "ca"), other.pk, revision=other.revision)
        year = self.today.year
        with self.on(-150):
            officer = who("MY", "ca", Role.OFFICER)
            pool = quotas.create(
                officer, f"MY-3915-{year}",
                content={
                    "name": f"Plastic waste of heading 3915, {year}", "hs": ["3915"], "kg": "40000000",
                    "opens_on": date(year, 1, 1).isoformat(), "closes_on": date(year, 12, 31).isoformat(),
                },
            )  # fmt: skip
            quotas.open_pool(officer, pool.pk, revision=pool.revision)
            part = quotas.apply(who("MY", "banyan"), pool.pk, kg="12000000", reason="Capacity of the plant")
            quotas.grant(officer, part.pk, revision=part.revision, kg="9000000")
            quotas.apply(who("MY", "hornbill"), pool.pk, kg="15000000", reason="Second line")
        self.settle()

    def gate(self) -> None:
        """What arrives, before all agencies of a State: one that waits for them, one held, one released."""
        customs, port = who("AU", "customs"), who("AU", "port", Role.OFFICER)
        laboratory = who("AU", "banksia")
        assert laboratory.organisation is not None
        with self.on(-9):
            released = self.arriving("26AU-1001", -8, {"polymers": {"PE": "99.5"}, "contamination_pct": "0.5"})
            consignments.require(port, released.pk, what="Scan of the boxes")
            self.answered(released)
            consignments.release(customs, released.pk, revision=self.now(released).revision)
        with self.on(-3):
            held = self.arriving("26AU-1002", -2, {"polymers": {"PP": "99"}, "contamination_pct": "1"})
            asked = consignments.require(port, held.pk, what="Certificate of fumigation")
            consignments.answer(port, asked.pk, met=False, text="Live insects in two of four boxes")
            sampled = analyses.request(
                customs, laboratory_id=laboratory.organisation.pk, consignment_id=held.pk,
                question="Declared as polypropylene film, 1 % contamination. Composition and contamination?",
            )  # fmt: skip
        with self.on(-2):
            analyses.submit(
                laboratory, sampled.pk, sample="S-2041", sampled_on=self.day(-3), analysed_on=self.day(-2),
                method="EN 15347, sorting and FTIR", accreditation="DEMO-LAB-17025", contamination_pct="7.4",
                polymers={"PP": "71.6", "PVC": "18"}, hazardous=False, moisture_pct="3", name="report.txt",
                media_type="text/plain", data=b"Example report: PP 71.6 %, PVC 18 %, contamination 7.4 %\n",
            )  # fmt: skip
            certificates.certify_quality(
                who("AU", "ca", Role.OFFICER), sampled.pk, load="26AU-1002, bales 1 to 24", conforms=False,
                standard="Contract of sale: at most 2 % contamination",
            )  # fmt: skip
        with self.on(-1):
            waiting = self.arriving("26AU-1003", 1, {"polymers": {"PE": "60", "PVC": "30"}, "contamination_pct": "10"})
            consignments.require(port, waiting.pk, what="Scan of the boxes")
            consignments.joint_inspection(customs, waiting.pk, place="Port Botany, shed 2", at=f"{self.day(1)}T00:00Z")
            analyses.request(
                customs, laboratory_id=laboratory.organisation.pk, declared_as="26AU-0877, batch of last month, row 12",
                question="Declared as clean polyethylene. Composition and contamination?",
                declaration={**MIX, "export": "MY", "import": "AU", "date": self.day(-20), "hs": "3915.10",
                             "polymers": {"PE": "99.5"}, "contamination_pct": "0.5"},
            )  # fmt: skip
            analyses.request(
                customs, laboratory_id=laboratory.organisation.pk, consignment_id=waiting.pk, due_on=self.day(7),
                question="Two samples of mixed bales, taken on arrival. Is there hazardous matter in them?",
            )  # fmt: skip

    def arriving(self, declaration: str, day: float, content: Mapping[str, Any]) -> Consignment:
        """A declared load that customs registers; what the law asks of it becomes requirements."""
        load = {"hs": "3915.90", "waste": True, "hazardous": False, "operation": "R3", "net_kg": "21000", **content}
        route = [{"state": "VN", "role": "export"}, {"state": "AU", "role": "import"}]
        made: Consignment = consignments.register(
            who("AU", "customs"), declaration=declaration, office=PORTS["AU"], expected_on=self.day(day), load=load,
            route=route,
        )  # fmt: skip
        return made

    def answered(self, row: Consignment) -> None:
        """Every agency has what it asks for."""
        for asked in row.requirements.select_related("agency"):
            slug = asked.agency.registration.rpartition("-")[2].lower()
            role = Role.OFFICER if slug == "port" else Role.CLERK
            consignments.answer(who("AU", slug, role), asked.pk, met=True, text="Seen and in order")

    def going_home(self) -> None:
        """Illegal traffic that no notification names: found in a port of transit, on its way home."""
        customs = who("MY", "customs")
        with self.on(-45):
            found = takeback.open(
                customs, finding="Declared as pellets: bales of mixed household plastics", state_export="AU",
                custody_place="Port Klang", custody_kg="43500", containers=["EXTB0000451", "EXTB0000452"],
                load={"description": "Mixed plastic waste", "basel": "Y48", "declared_as": "3901.10"},
            )  # fmt: skip
            self.settle()
        self.goes_home(found, "returning", since=-43, basis="art9_exporter", grounds=["a", "d"], by_way_of="ID")

    def green_listed(self) -> None:
        """Shipments with no consent before them: one recovered, one under way, one entered, one that the law bars, one
        that customs holds, one whose form came too late."""
        trader, plant = who("VN", "heron"), who("AU", "kookaburra")
        film = {"hazardous": False, "polymers": {"PE": "99.5"}, "contamination_pct": "0.5"}
        mixed = {"hazardous": False, "polymers": {"PE": "60", "PVC": "30"}, "contamination_pct": "10"}
        for name, day, load in (("G-001", -40, film), ("G-002", -6, film), ("G-003", 9, film), ("G-004", 12, mixed)):
            row = self.listed(trader, day, self.green_form(name, day, load))
            if day < -20:
                there = GreenShipment.objects.get(holder="AU", case=row.case)
                with self.on(day + 18):
                    green.receive(plant, there.pk, received_kg="21960")
                    self.settle()
                with self.on(day + 24):
                    green.recover(plant, there.pk)
                    self.settle()
        held = self.listed(trader, -18, self.green_form("G-005", -18, film))
        customs, there = who("AU", "customs"), GreenShipment.objects.get(holder="AU", case=held.case)
        with self.on(-1):
            green_control.pass_border(customs, there.pk, kind=ARRIVAL, office=PORTS["AU"])
            green_control.hold(
                customs, there.pk, office=PORTS["AU"], reason="Two bales hold household refuse; samples are taken"
            )
            self.settle()
        # The Union wants the form two working days before the departure; this one comes the day before.
        buyer = {"name": "Elbe Polymer Works (fictitious)", "address": "1 Musterweg, Hamburg, Germany"}
        bound = {"importer": buyer, "facility": buyer, "transit": ["MY"], "state_import": "DE", "entry": "Hamburg"}
        self.listed(trader, -2, {**self.green_form("G-006", -2, film), **bound}, before=1)

    # ── the steps that the cases share ───────────────────────────────────────────────────────────────────

    def listed(self, trader: Actor, day: float, content: Mapping[str, Any], *, before: float = 3) -> GreenShipment:
        """A green-listed shipment entered so many days before the day on which it leaves, gone where that is over."""
        with self.on(min(day, 0) - before):
            row: GreenShipment = green.enter(trader, content=content)
            self.settle()
        if day < 0:
            with self.on(day):
                green.depart(trader, row.pk, loaded_kg="21980")
                self.settle()
        return row

    def green_form(self, name: str, day: float, load: Mapping[str, Any], home: str = "VN") -> dict[str, Any]:
        """The information form of a shipment to Australia."""
        exporter, carrier = TRADERS[home]
        return {
            "reference": name,
            "arranger": self.party(home, exporter),
            "importer": self.party("AU", "kookaburra"),
            "carriers": [{**self.party(home, carrier), "means": ["S"]}],
            "generator": self.party(home, exporter),
            "facility": {**self.party("AU", "kookaburra"), "site": "Site 1"},
            "quantity_kg": "22000",
            "planned_on": self.day(day),
            "operation": "R3",
            "designation": "Polyethylene film, baled",
            "codes": {"basel": ["B3011"], "hs": ["3915.10"]},
            "state_export": home,
            "state_import": "AU",
            "exit": PORTS[home],
            "entry": PORTS["AU"],
            "contract": "GC-2026-1",
            "containers": [f"EXGR{abs(int(day)):07d}"],
            "load": dict(load),
        }

    def goes_home(
        self,
        found: TakeBack,
        until: str,
        *,
        since: float,
        basis: str,
        grounds: Sequence[str] = (),
        how: str = "return",
        by_way_of: str = "",
    ) -> None:
        """A take-back case, step by step to a status, three days between two. The plan may lead through another State
        than those of the case."""
        opener, home = found.opener, found.state_export
        passed = [code for code in (opener, by_way_of, home) if code]
        officers = {code: who(code, "ca", Role.OFFICER) for code in passed}
        mine, theirs = found.pk, self.case(found, home).pk
        kg = str(found.custody_kg)

        def planned() -> None:
            takeback.plan(
                officers[home], theirs, how=how, carrier=f"{PORTS[home]} feeder (fictitious)", borne_by="the exporter",
                on=self.day(since + 25), facility="" if how == "return" else "Example incinerator (fictitious)",
                operation="" if how == "return" else "D10",
                route=[{"state": code, "entry": PORTS[code], "exit": PORTS[code]} for code in passed],
            )  # fmt: skip
            self.settle()
            for code, signer in officers.items():
                number = self.case(found, code).plan_number
                takeback.agree_plan(signer, self.case(found, code).pk, number=number)
                self.settle()

        def consented() -> None:
            for code, signer in officers.items():
                takeback.consent_return(signer, self.case(found, code).pk, agreed=True)
                self.settle()

        ways: dict[str, Callable[[], Any]] = {
            "classified": lambda: takeback.classify(officers[opener], mine, basis=basis, grounds=grounds),
            "notified": lambda: takeback.inform(officers[opener], mine),
            "acknowledged": lambda: takeback.acknowledge(officers[home], theirs),
            "accepted": lambda: takeback.accept(officers[home], theirs),
            "plan_agreed": planned,
            "consents_ok": consented,
            "returning": lambda: takeback.start_return(officers[home], theirs, kg=kg, planned_on=self.day(since + 30)),
            "returned": lambda: takeback.arrived_home(officers[home], theirs, kg=kg, place=PORTS[home]),
            "finally_disposed": lambda: takeback.dispose(
                officers[home], theirs, kg=kg, operation="D10", facility="Example incinerator (fictitious)"
            ),
            "closed": lambda: takeback.close(officers[opener], mine, how="disposed"),
        }
        if how != "return":
            ways = {name: way for name, way in ways.items() if name not in ("consents_ok", "returning", "returned")}
        for number, (status, way) in enumerate(ways.items()):
            with self.on(since + 3 * number):
                way()
                self.settle()
            if status == until:
                return

    def submitted(self, day: float, route: Any, load: Mapping[str, Any], home: str, **more: Any) -> Notification:
        """A notification that waits for the authority of export, with contract and guarantee."""
        trader = who(home, TRADERS[home][0])
        with self.on(day):
            row = notifications.create(trader, content=self.content(route, load, day=day, **more))
            guarantees.lodge_contract(
                trader, row.pk, number=f"C-{row.case[-4:]}", signed_on=self.day(day - 5), valid_until=self.day(500),
                takes_back=True,
            )  # fmt: skip
            guarantees.propose_guarantee(
                trader, row.pk, number=f"G-{row.case[-4:]}", issuer="Example Surety (fictitious)", amount="150000.00",
                currency="USD", valid_until=self.day(500),
            )  # fmt: skip
            guarantees.approve_guarantee(who(home, "ca", Role.OFFICER), row.pk)
            notifications.submit(trader, row.pk)
        return self.now(row)

    def sent(self, day: float, route: Any, load: Mapping[str, Any], home: str, **more: Any) -> Notification:
        """The same, sent to every authority concerned."""
        row = self.submitted(day, route, load, home, **more)
        with self.on(day + 1):
            notifications.transmit(who(home, "ca", Role.OFFICER), row.pk)
            self.settle()
        return self.now(row)

    def in_force(self, day: float, route: Any, load: Mapping[str, Any], home: str, **more: Any) -> Notification:
        """Consented to by all and in force."""
        row = self.sent(day, route, load, home, **more)
        there = route[-1][0]
        for step, (code, _role) in enumerate(route):
            with self.on(day + 3 + step):
                notifications.acknowledge(who(code, "ca"), self.copy(row, code).pk)
                self.settle()
                self.decide(row, code, "consented", valid_from=self.day(day + 8), valid_until=self.day(day + 340))
        with self.on(day + 8):
            guarantees.confirm_contract(
                who(there, "ca", Role.OFFICER), self.copy(row, there).pk, number=f"C-{row.case[-4:]}"
            )
            self.settle()
        with self.on(day + 9):
            self.first_day(row.case)
        return self.now(row)

    def first_day(self, case: str) -> None:
        """A notification comes into force. For it alone: the other cases are told on other days."""
        for key in Notification.objects.filter(case=case).values_list("pk", flat=True):
            lapsing.turn(key, times.now())
        for key in Account.objects.filter(case=case, holder=F("home")).values_list("pk", flat=True):
            draws.tell_balance(key, times.now())
        self.settle()

    def decide(self, row: Notification, code: str, outcome: str, **terms: Any) -> None:
        """An authority decides in its own copy."""
        grounds = [{"code": "capacity", "text": "No capacity at the port of transit"}] if outcome == "objected" else []
        officer = who(code, "ca", Role.OFFICER)
        consents.decide(officer, self.consent(row, code).pk, outcome=outcome, grounds=grounds, **terms)
        self.settle()

    def announced(self, trader: Actor, row: Notification, day: float, kg: str) -> Movement:
        """A movement that everybody was told of."""
        made = movements.draft(
            trader, row.pk, planned_on=self.day(day), announced_kg=kg, packages=24,
            particulars={"containers": [f"EXAM{len(kg)}{abs(int(day)):06d}"], "vehicle": "MV Example"},
        )  # fmt: skip
        movements.announce(trader, made.pk, revision=made.revision)
        self.settle()
        return self.now(made)

    def leaves(self, trader: Actor, made: Movement, day: float, kg: str, **weighed: str) -> None:
        """It departs at its weighed quantity; `weighed`: on which basis, and what puts that on the notification's."""
        with self.on(day):
            transport.depart(trader, made.pk, loaded_kg=kg, particulars={"seals": ["DEMO-001"]}, **weighed)
            self.settle()

    def content(
        self, route: Sequence[tuple[str, str]], load: Mapping[str, Any], *, day: float = 0, **more: Any
    ) -> dict[str, Any]:
        """A complete content for a route between demo organisations."""
        home, there = route[0][0], route[-1][0]
        (exporter, carrier), (importer, plant) = TRADERS[home], PLANTS[there]
        return {
            "multiple": True,
            "shipments": 6,
            "quantity_kg": "100000",
            "first_departure": self.day(day + 12),
            "last_departure": self.day(day + 330),
            "importer": self.party(there, importer),
            "packaging": ["5"],
            "special_handling": False,
            "carriers": [{**self.party(home, carrier), "means": ["S"]}],
            "generators": [{**self.party(home, exporter), "process": "Sorting of plastics from commerce"}],
            "facility": {**self.party(there, plant), "site": "Site 1"},
            "operations": ["R3"],
            "technology": "Washing, sorting and extrusion",
            "reason_for_export": "No plant for this material",
            "language": "en",
            "second_language": "ms",
            "reason_for_export_second": "Tiada kilang untuk bahan ini",
            "designation": "Plastic waste, mixed" if load is MIX else "Plastic waste of vinyl chloride polymers",
            "composition": [{"name": name, "percent": share} for name, share in load["polymers"].items()],
            "physical": ["2"],
            "codes": {"basel": ["Y48"], "y": ["Y48"], "hs": ["3915.90"]},
            "annexes": 0,
            "exporter_declaration": {"made": True, "name": "Office of the exporter", "day": self.day(day)},
            "route": [
                {
                    "state": code,
                    "role": role,
                    "entry": "" if role == "export" else PORTS[code],
                    "exit": "" if role == "import" else PORTS[code],
                }
                for code, role in route
            ],
            "load": dict(load),
            **more,
        }

    def party(self, code: str, slug: str) -> dict[str, str]:
        """A demo organisation as the form asks for it."""
        row = Organisation.objects.get(registration=f"DEMO-{code}-{slug.upper()}")
        return {"registration": row.registration, "name": row.name, "address": row.address, "email": row.email}

    def now(self, row: Any) -> Any:
        """The row as it is."""
        return type(row).objects.get(pk=row.pk)

    def copy(self, row: Notification, code: str) -> Notification:
        """A State's copy of a notification."""
        return Notification.objects.get(case=row.case, holder=code)

    def at(self, row: Movement, code: str) -> Movement:
        """A State's copy of a movement."""
        return Movement.objects.get(case=row.case, serial=row.serial, holder=code)

    def case(self, row: TakeBack, code: str) -> TakeBack:
        """A State's copy of a take-back case."""
        return TakeBack.objects.get(case=row.case, holder=code)

    def consent(self, row: Notification, code: str) -> Consent:
        """An authority's own consent."""
        return Consent.objects.get(case=row.case, holder=code, authority=code)
