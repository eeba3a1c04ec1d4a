"""The demo's cases that stand elsewhere than its stories lead: together every status of every life cycle is there.

They are Thailand's for the most part: exports to Australia, loads found in Malaysia; and permits of Malaysia.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tidegate.movements import evidence
from tidegate.movements.commands import (
    attachments,
    border,
    certificates,
    consents,
    fees,
    green,
    guarantees,
    held_guarantees,
    movements,
    notifications,
    paper,
    permits,
    quotas,
    receipt,
    takeback,
    transport,
)
from tidegate.movements.demo import MIX, PORTS, Story, who
from tidegate.movements.models import Certificate, Fee, GreenShipment, Movement, Notification, Permit, TakeBack
from tidegate.movements.papers import notification_pdf
from tidegate.movements.writeoffs import Line
from tidegate.parties import times
from tidegate.parties.models import Role

WEST = (("TH", "export"), ("AU", "import"))
FILM = {"hazardous": False, "polymers": {"PE": "99.5"}, "contamination_pct": "0.5"}


class Stages:
    """Tells them beside the stories."""

    def __init__(self, story: Story):
        self.story, self.on, self.day, self.settle = story, story.on, story.day, story.settle
        self.trader, self.home = who("TH", "garuda"), who("TH", "ca", Role.OFFICER)
        self.plant, self.there = who("AU", "kookaburra"), who("AU", "ca", Role.OFFICER)

    def tell(self) -> None:
        """All of them, notifications that are over first."""
        self.over()
        self.stopped()
        self.on_the_road()
        self.not_decided()
        self.on_paper()
        self.found()
        self.permits()
        self.quotas()
        self.certificates()
        self.fees()
        self.green_listed()

    # ── what came on paper ───────────────────────────────────────────────────────────────────────────────

    def on_paper(self) -> None:
        """From Germany, which takes part in no exchange: one keyed in and waiting for the authority, one begun."""
        clerk = who("MY", "ca")
        for days, number, entered in ((-6, "DE 0815/000042", True), (-1, "DE 0815/000043", False)):
            with self.on(days):
                row = paper.key_in(clerk, state_export="DE", number=number, content=self._german(days))
                if entered:
                    attachments.attach(
                        clerk, row.pk, kind=evidence.SCAN, name="notification-by-post.pdf",
                        media_type="application/pdf", data=notification_pdf(row, clerk),
                    )  # fmt: skip
                    paper.enter(clerk, row.pk, received_on=self.day(days - 1))
                self.settle()

    def _german(self, days: float) -> dict[str, Any]:
        """What stands on the paper; its sender left the technology open."""
        said = self.story.content((("AU", "export"), ("MY", "import")), MIX, day=days, technology="")
        sender = {
            "registration": "DEMO-DE-ELBE", "name": "Elbe Recycling (fictitious)", "address": "1 Sample Quay",
            "email": "office@elbe.example",
        }  # fmt: skip
        route = [
            {"state": "DE", "role": "export", "entry": "", "exit": "Hamburg"},
            {"state": "MY", "role": "import", "entry": PORTS["MY"], "exit": ""},
        ]
        return {
            **said, "exporter": sender, "route": route, "carriers": [{**sender, "means": ["S"]}],
            "generators": [{**sender, "process": "Sorting of plastics from commerce"}],
        }  # fmt: skip

    # ── notifications ────────────────────────────────────────────────────────────────────────────────────

    def over(self) -> None:
        """One whose days are over, one that was closed after them."""
        self.story.in_force(-358, WEST, MIX, "TH", quantity_kg="60000", shipments=3)
        closed = self.story.in_force(-356, WEST, MIX, "TH", quantity_kg="40000", shipments=2)
        with self.on(-14):
            guarantees.release(self.home, closed.pk)
            notifications.close(self.home, closed.pk)
            self.settle()

    def stopped(self) -> None:
        """In force once: used up, suspended, revoked."""
        used = self.story.in_force(-110, WEST, MIX, "TH", quantity_kg="21000", shipments=1, multiple=False)
        self.received(self.under_way(used, -80, "21000"), -70, accepted="21000")
        suspended = self.story.in_force(-64, WEST, MIX, "TH", quantity_kg="80000", shipments=4)
        with self.on(-20):
            consents.suspend(
                self.there, self.story.consent(suspended, "AU").pk, reason="The plant's permit is under review"
            )
            self.settle()
        revoked = self.story.in_force(-90, WEST, MIX, "TH", quantity_kg="60000", shipments=3)
        with self.on(-33):
            consents.withdraw(
                self.there, self.story.consent(revoked, "AU").pk, reason="The contract with the plant has ended"
            )
            self.settle()

    def not_decided(self) -> None:
        """Not sent on, withdrawn, and on each step of its way to a decision."""
        refused = self.story.submitted(-17, WEST, MIX, "TH", quantity_kg="60000", shipments=3)
        with self.on(-15):
            notifications.not_forward(self.home, refused.pk, reason="The analysis is of another material")
        withdrawn = self.story.submitted(-16, WEST, MIX, "TH", quantity_kg="20000", shipments=1, multiple=False)
        with self.on(-13):
            notifications.withdraw(self.trader, withdrawn.pk, reason="The buyer has stepped back")
        decided = self.story.sent(-19, WEST, MIX, "TH", quantity_kg="100000", shipments=5)
        with self.on(-12):
            notifications.acknowledge(who("AU", "ca"), self.story.copy(decided, "AU").pk)
            self.settle()
            guarantees.confirm_contract(self.there, self.story.copy(decided, "AU").pk, number=f"C-{decided.case[-4:]}")
            self.settle()
        with self.on(-6):
            days = {"valid_from": self.day(10), "valid_until": self.day(300)}
            self.story.decide(decided, "TH", "consented", **days)
            most = [{"kind": "maximum_load", "kg": "20000"}]
            self.story.decide(decided, "AU", "consented_with_conditions", conditions=most, **days)
            # Australia asks for a guarantee of its own: here it is recorded, in the next case it is still waited for.
            own = self.story.copy(decided, "AU").pk
            held_guarantees.require(self.there, own, amount="50000", currency="AUD", until=self.day(300))
            held_guarantees.record(
                self.there, own, number="AU-G-0042", issuer="Example Bank", amount="50000", valid_until=self.day(330)
            )
            self.settle()
        acknowledged = self.story.sent(-11, WEST, MIX, "TH", quantity_kg="60000", shipments=3)
        with self.on(-7):
            notifications.acknowledge(who("AU", "ca"), self.story.copy(acknowledged, "AU").pk)
            self.settle()
            asked = self.story.copy(acknowledged, "AU").pk
            held_guarantees.require(self.there, asked, amount="30000", currency="AUD", until=self.day(330))
            self.settle()
        self.story.sent(-5, WEST, MIX, "TH", quantity_kg="80000", shipments=4)

    # ── movements ────────────────────────────────────────────────────────────────────────────────────────

    def under_way(self, row: Notification, day: float, kg: str) -> Movement:
        """A movement that has left."""
        with self.on(day - 5):
            made = self.story.announced(self.trader, row, day, kg)
        self.story.leaves(self.trader, made, day, kg)
        return made

    def received(self, made: Movement, day: float, *, accepted: str = "0", rejected: str = "0") -> None:
        """It has come to the plant, which takes it or does not."""
        with self.on(day):
            there = self.story.at(made, "AU")
            transport.arrive(self.plant, there.pk, place=PORTS["AU"])
            total = str(Decimal(accepted) + Decimal(rejected))
            receipt.receive(
                self.plant, there.pk, received_kg=total, accepted_kg=accepted, rejected_kg=rejected,
                reason="" if rejected == "0" else "Bales with medical waste",
            )  # fmt: skip
            self.settle()

    def on_the_road(self) -> None:
        """Shipments under one notification: given up, seized, at the plant, treated in part, and sent home or not."""
        row = self.story.in_force(-105, WEST, MIX, "TH", quantity_kg="240000", shipments=12)
        for day, status, how in (
            (-82, "returned", "return"), (-79, "finally_disposed", "dispose"), (-76, "returning", "return"),
        ):  # fmt: skip
            made = self.under_way(row, day, "18000")
            self.received(made, day + 12, rejected="18000")
            case = TakeBack.objects.get(holder="AU", movement=self.story.at(made, "AU"))
            self.story.goes_home(case, status, since=day + 15, basis="art8", how=how)
        self.received(self.under_way(row, -15, "19000"), -3, rejected="19000")
        treated = self.under_way(row, -60, "20000")
        self.received(treated, -48, accepted="20000")
        with self.on(-30):
            receipt.complete(
                self.plant, self.story.at(treated, "AU").pk, code="R12", final=False, input_kg="20000",
                output_kg="19400", loss_kg="600", facility="Kookaburra Reprocessing (fictitious)",
            )  # fmt: skip
            self.settle()
        self.received(self.under_way(row, -25, "18500"), -9, accepted="18500")
        came = self.under_way(row, -13, "19500")
        seized = self.under_way(row, -11, "20500")
        with self.on(-1):
            transport.arrive(self.plant, self.story.at(came, "AU").pk, place=PORTS["AU"])
            transport.seize(
                who("AU", "customs"), self.story.at(seized, "AU").pk, reason="Scan shows something else than the papers"
            )
            self.settle()
            given_up = self.story.announced(self.trader, row, 4, "20000")
            movements.cancel(self.trader, given_up.pk, reason="No ship")
            self.settle()

    # ── what has to go home ──────────────────────────────────────────────────────────────────────────────

    def found(self) -> None:
        """Loads found in Port Klang, one at each step of their way home."""
        for number, status in enumerate(
            ("opened", "classified", "notified", "acknowledged", "accepted", "plan_agreed", "consents_ok", "closed")
        ):
            since = -66 if status == "closed" else -34 + number
            case = self.opened(since - 1, f"{500 + number:07d}")
            if status != "opened":
                self.story.goes_home(case, status, since=since, basis="art9_exporter", grounds=["a"])
        disputed = self.opened(-31, "0000520")
        self.story.goes_home(disputed, "acknowledged", since=-30, basis="art9_exporter", grounds=["d"])
        with self.on(-18):
            takeback.dispute(
                self.home, self.story.case(disputed, "TH").pk, reason="The load was classified before it was sorted"
            )
            self.settle()
        none = self.opened(-29, "0000521")
        with self.on(-27):
            officer = who("MY", "ca", Role.OFFICER)
            takeback.classify(officer, none.pk, basis="not_a_case", reason="The samples are virgin polymer")
            self.settle()

    def opened(self, day: float, number: str) -> TakeBack:
        """A load without papers, held in Port Klang."""
        with self.on(day):
            case: TakeBack = takeback.open(
                who("MY", "customs"), finding="Declared as pellets: bales of mixed plastics", state_export="TH",
                custody_place=PORTS["MY"], custody_kg="21000", containers=[f"EXTB{number}"],
                load={"description": "Mixed plastic waste", "basel": "Y48", "declared_as": "3901.10"},
            )  # fmt: skip
            self.settle()
        return case

    # ── permits, quotas, certificates ────────────────────────────────────────────────────────────────────

    def permits(self) -> None:
        """One at each step, from the application to each of its ends."""
        holder, officer = who("MY", "banyan"), who("MY", "ca", Role.OFFICER)

        def applied(day: float, note: str) -> Permit:
            with self.on(day):
                made = permits.draft(
                    holder, "import",
                    content={"hs": ["3915"], "wastes": ["B3011"], "quantity_kg": "200000", "note": note},
                )  # fmt: skip
                return permits.apply(holder, made.pk, revision=made.revision)

        def issued(day: float, note: str, first: float, last: float) -> Permit:
            made = applied(day, note)
            with self.on(day + 3):
                return permits.issue(
                    officer, made.pk, revision=made.revision, valid_from=self.day(first), valid_until=self.day(last),
                    quantity_kg="200000",
                )  # fmt: skip

        issued(-200, "Of last year", -190, -10)
        used = issued(-100, "Used up", -95, 200)
        with self.on(-30):
            line = Line("DEMO-1", used.number, "26MY-2001", 1, Decimal(200_000), times.now())
            border.write_off(who("MY", "customs"), [line])
        suspended, revoked, varied, surrendered = [
            issued(-60 + n, note, -50, 150) for n, note in enumerate(("Suspended", "Revoked", "Varied", "Given back"))
        ]
        with self.on(-8):
            permits.suspend(officer, suspended.pk, revision=suspended.revision, reason="An inspection is due")
            permits.revoke(officer, revoked.pk, revision=revoked.revision, reason="The plant has burnt down")
            permits.vary(
                officer, varied.pk, revision=varied.revision, reason="A second line", content={"quantity_kg": "300000"}
            )
            permits.surrender(holder, surrendered.pk, revision=surrendered.revision, reason="The plant is closed")
        issued(-7, "From next month", 20, 380)
        refused, asked = applied(-12, "Without a plant"), applied(-10, "Second plant")
        applied(-2, "New buyer")
        with self.on(-5):
            permits.refuse(officer, refused.pk, revision=refused.revision, reason="No plant is named")
            permits.request_info(officer, asked.pk, revision=asked.revision, question="What is its capacity?")
        with self.on(-1):
            permits.draft(holder, "import", content={"hs": ["3915"], "wastes": ["B3011"], "note": "Not ready"})

    def quotas(self) -> None:
        """Next year's is not open yet, last year's is closed; one application was refused."""
        holder, officer = who("MY", "banyan"), who("MY", "ca", Role.OFFICER)

        def pool(year: int) -> Any:
            return quotas.create(
                officer, f"MY-3915-{year}",
                content={
                    "name": f"Plastic waste of heading 3915, {year}", "hs": ["3915"], "kg": "40000000",
                    "opens_on": f"{year}-01-01", "closes_on": f"{year}-12-31",
                },
            )  # fmt: skip

        year = self.story.today.year
        with self.on(-(self.story.today.timetuple().tm_yday + 300)):
            last = pool(year - 1)
            quotas.open_pool(officer, last.pk, revision=last.revision)
            some, more = quotas.apply(holder, last.pk, kg="2000000"), quotas.apply(holder, last.pk, kg="90000000")
            quotas.grant(officer, some.pk, revision=some.revision)
            quotas.refuse(officer, more.pk, revision=more.revision, reason="More than the quota")
        with self.on(-3):
            pool(year + 1)
            self.settle()

    def certificates(self) -> None:
        """Of permits: suspended, revoked, and replaced by a later one; and of a training."""
        officer = who("MY", "ca", Role.OFFICER)
        row = Permit.objects.filter(holder="MY", status=Permit.Status.ACTIVE).order_by("case").first()
        assert row is not None
        made: list[Certificate] = []
        with self.on(-6):
            for _number in range(3):
                made.append(certificates.issue(officer, row.pk, kind="permit"))
        with self.on(-4):
            certificates.suspend(officer, made[0].pk, revision=made[0].revision, reason="Under review")
            certificates.revoke(officer, made[1].pk, revision=made[1].revision, reason="Issued twice")
            certificates.supersede(officer, made[2].pk, revision=made[2].revision)
            certificates.certify_training(
                officer, row.organisation_id, course="Classification of plastic waste", role="Customs declarant",
                provider="Example training institute", trained_on=self.day(-40), valid_until=self.day(690),
            )  # fmt: skip
            self.settle()

    def fees(self) -> None:
        """The oldest of a State is paid, the next waived; the others are due."""
        with self.on(-1):
            for code in ("VN", "AU", "MY"):
                paid, waived = Fee.objects.filter(holder=code, authority=code).order_by("created_at", "case")[:2]
                officer = who(code, "ca", Role.OFFICER)
                fees.pay(officer, paid.pk, reference="TILL-0001", revision=paid.revision)
                fees.waive(
                    officer, waived.pk, reference="D-0001", reason="Filed anew by mistake", revision=waived.revision
                )
            self.settle()

    # ── green-listed ─────────────────────────────────────────────────────────────────────────────────────

    def green_listed(self) -> None:
        """Received, turned away, and given up."""
        listed = {
            name: self.story.listed(self.trader, day, self.story.green_form(name, day, FILM, "TH"))
            for name, day in (("T-001", -28), ("T-002", -27), ("T-003", 8))
        }
        with self.on(-10):
            for name, turned in (("T-001", "0"), ("T-002", "21980")):
                there = GreenShipment.objects.get(holder="AU", case=listed[name].case)
                reason = "" if turned == "0" else "Wet, and smells of fuel"
                green.receive(self.plant, there.pk, received_kg="21980", rejected_kg=turned, reason=reason)
                self.settle()
        with self.on(-1):
            green.cancel(self.trader, listed["T-003"].pk, reason="Sold at home")
            self.settle()
