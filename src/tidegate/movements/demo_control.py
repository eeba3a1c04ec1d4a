"""The demo's cases of masses and of the road: weighed gross and dry, judged by dated tolerances, seen by inspectors.

One notification from Thailand to Australia, told in the order of time.
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tidegate.movements.commands import green, inspectors, receipt, tolerances, transport
from tidegate.movements.demo import MIX, PORTS, Story, who
from tidegate.movements.demo_stages import FILM, WEST
from tidegate.movements.models import GreenShipment, InspectorReport, Movement
from tidegate.parties.ids import uuid7
from tidegate.parties.models import Role
from tidegate.parties.registry import DemoCase

SHORT = "T-004"
# Movements of the notification, by what is to be seen.
GROSS, DRY, WIDE, STRICT, WAITING, ROAD = range(1, 7)


def pointed_out() -> list[DemoCase]:
    """The cases that the demo's first page offers; none before they are told."""
    report = InspectorReport.objects.order_by("received_at").first()
    short = GreenShipment.objects.filter(holder="AU", reference=SHORT).first()
    if report is None or short is None:
        return []
    case = report.case
    home, customs = ("DEMO-TH-CA", Role.OFFICER), ("DEMO-TH-CUSTOMS", Role.CLERK)
    there, plant = ("DEMO-AU-CA", Role.OFFICER), ("DEMO-AU-KOOKABURRA", Role.CLERK)
    rows: list[tuple[Any, str, list[Any], tuple[str, str]]] = [
        (_("Weighed gross at departure, with its tare"), "movement", [case, GROSS], home),
        (_("Weighed dry on receipt, with its moisture"), "movement", [case, DRY], plant),
        (_("Weighed gross on receipt, without a tare: waits for a correction"), "movement", [case, WAITING], plant),
        (_("Tolerances by regime and day"), "tolerances", [], there),
        (_("0.8 per cent short under the wide tolerance: no breach"), "movement", [case, WIDE], there),
        (_("0.8 per cent short under the strict tolerance: a breach"), "movement", [case, STRICT], there),
        (_("0.8 per cent short, green-listed: tolerated"), "green-shipment", [short.case], there),
        (_("Links for inspectors: one open, one over"), "movement-inspectors", [case, ROAD], customs),
        (_("A report of an inspector, not verified"), "inspector-report", [report.pk], customs),
    ]
    return [DemoCase(title, reverse(f"movements:{page}", args=args), *by) for title, page, args, by in rows]


class Control:
    """Tells them beside the stories."""

    def __init__(self, story: Story):
        self.story, self.on, self.day, self.settle = story, story.on, story.day, story.settle
        self.trader, self.plant = who("TH", "garuda"), who("AU", "kookaburra")

    def tell(self) -> None:
        """The tolerances, what was weighed under them, what was seen on the road."""
        self.tolerances()
        self.row = self.story.in_force(-100, WEST, MIX, "TH", quantity_kg="240000", shipments=12)
        self.weighed()
        self.green_listed()
        self.inspected()

    # ── masses ───────────────────────────────────────────────────────────────────────────────────────────────

    def tolerances(self) -> None:
        """Australia lets masses differ more under a green-listed form than under a notification, and since a month and
        a half less under that than before."""
        officer = who("AU", "ca", Role.OFFICER)
        for since, regime, percent, name in (
            (-300, "basel", "1.5", "2, section 1"), (-300, "green", "2", "2, section 3"), (-45, "basel", "0.5", "7"),
        ):  # fmt: skip
            with self.on(since - 20):
                tolerances.add_tolerance(
                    officer, regime=regime, percent=percent, since=self.day(since),
                    source=f"Example circular on weighing (fictitious), no. {name}",
                )  # fmt: skip

    def weighed(self) -> None:
        """Left gross with its tare; received dry with its moisture; short by 0.8 per cent before and after the
        tolerance became stricter; and received gross without a tare, which waits for a correction."""
        gross = self.left(-78, "22300", basis="gross", tare_kg="2300")
        self.received(gross, -66, "20000")
        dry = self.left(-72, "20000")
        self.received(dry, -60, "18000", accepted="20000", basis="dry", moisture_pct="10")
        self.received(self.left(-70, "20000"), -58, "19840")
        self.received(self.left(-32, "20000"), -20, "19840")
        self.received(self.left(-18, "20000"), -6, "22150", basis="gross")

    def green_listed(self) -> None:
        """Short by as much without a notification: that is tolerated."""
        row = self.story.listed(self.trader, -30, self.story.green_form(SHORT, -30, FILM, "TH"))
        there = GreenShipment.objects.get(holder="AU", case=row.case)
        with self.on(-17):
            green.receive(self.plant, there.pk, received_kg="21804")
            self.settle()

    def left(self, day: float, kg: str, **weighed: str) -> Movement:
        """A movement of 20 t that has left, as it was weighed."""
        with self.on(day - 5):
            made = self.story.announced(self.trader, self.row, day, "20000")
        self.story.leaves(self.trader, made, day, kg, **weighed)
        return made

    def received(self, made: Movement, day: float, kg: str, *, accepted: str = "", **weighed: str) -> None:
        """The plant takes all of it, as it was weighed there."""
        with self.on(day):
            there = self.story.at(made, "AU")
            transport.arrive(self.plant, there.pk, place=PORTS["AU"])
            receipt.receive(self.plant, there.pk, received_kg=kg, accepted_kg=accepted or kg, **weighed)
            self.settle()

    # ── on the road ──────────────────────────────────────────────────────────────────────────────────────────

    def inspected(self) -> None:
        """On its way to the port: a link that was over after half a day, and one that is open, through which a broken
        seal was reported."""
        made, customs = self.left(-2, "20000"), who("TH", "customs")
        with self.on(-1.9):
            first = inspectors.issue(customs, movement_id=made.pk, purpose="Highway police, route 7", hours=12)
            self.settle()
        with self.on(-1.7):
            inspectors.opened(first.shown)
        with self.on(-1):
            second = inspectors.issue(
                customs, movement_id=made.pk, purpose="Port police, Laem Chabang", hours=72, openings=20
            )
            self.settle()
        with self.on(-0.9):
            inspectors.opened(second.shown)
            inspectors.report(
                second.shown, key=uuid7(), office="Port police, gate 2", place="Laem Chabang, gate 2",
                seal=InspectorReport.Seal.BROKEN, text="The seal of the box is another one than on the papers.",
            )  # fmt: skip
            self.settle()
