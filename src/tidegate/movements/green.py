"""Shipments of green-listed waste: what their information form holds, what keeps it from being taken, what law says.

Waste on a green list for recovery moves with no consent before it, on a form that its person who arranges fills in
(Annex VII of Regulation (EU) 2024/1157; the OECD Decision leaves it to commercial controls). Whether a load may move so
is for the dated law to say, not for the form: `standing` reads the screen's answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict

from tidegate.law import Book
from tidegate.movements import blocks, codes, guard
from tidegate.movements.blocks import Carrier, Facility, Generator, Party
from tidegate.movements.content import Line, Number, Text
from tidegate.movements.masses import kilograms
from tidegate.movements.models import GreenShipment
from tidegate.parties.commanding import Refused

Law = GreenShipment.Law
# As many carriers as the form has boxes for, with those on a list beside it.
CARRIERS = 10
# Papers of the procedure of consent: law that asks for one of them does not let the waste move as green-listed.
OF_CONSENT = ("NOTIFICATION", "CONSENT", "MOVEMENT_DOCUMENT")
FREE = "no_basel_control"


@dataclass
class Stop:
    """A State on the route."""

    state: str
    role: str


class GreenCodes(BaseModel):
    """Block 10, and the customs code."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    basel: list[str] = []
    oecd: list[str] = []
    annex_iiia: list[str] = []
    annex_iiib: list[str] = []
    ec_list: list[str] = []
    national: list[str] = []
    hs: list[str] = []


class Content(BaseModel):
    """The information form of one shipment, blocks 1 to 12. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, validate_default=True)

    reference: Line = ""
    arranger: Party = Party()
    importer: Party = Party()
    quantity_kg: Number | None = None
    quantity_m3: Number | None = None
    planned_on: date | None = None
    carriers: list[Carrier] = []
    generator: Generator = Generator()
    facility: Facility = Facility()
    laboratory: bool = False
    operation: str = ""
    designation: Text = ""
    codes: GreenCodes = GreenCodes()
    state_export: str = ""
    transit: list[str] = []
    state_import: str = ""
    exit: Line = ""
    entry: Line = ""
    contract: Line = ""
    contract_on: date | None = None
    containers: list[str] = []
    # The shipment of the screening contract, without its route: facts, not papers.
    load: dict[str, Any] = {}


def route_of(content: Content) -> Sequence[guard.Stop]:
    """Every State concerned, in order, in its role."""
    roles = [(content.state_export, "export"), *((one, "transit") for one in content.transit)]
    return [Stop(state, role) for state, role in (*roles, (content.state_import, "import"))]


def read(said: Any) -> Content:
    """A content from plain data, codes in capitals. Raises Refused("form") that names field, value and expectation."""
    found: Content = blocks.read(Content, said)
    found.load = guard.plain(found.load)
    for name in ("state_export", "state_import", "operation"):
        setattr(found, name, getattr(found, name).upper())
    found.transit = [state.strip().upper() for state in found.transit if state.strip()]
    found.containers = list(dict.fromkeys(_packed(number) for number in found.containers if number.strip()))
    return found


def _packed(number: str) -> str:
    return "".join(sign for sign in number.upper() if sign.isalnum())[:32]


Problem = tuple[str, Any, str | Promise]


def problems(content: Content, book: Book) -> Iterator[Problem]:
    """What keeps a form from being taken: field, value, what would do; in the order of its blocks."""
    if len(content.reference) > 64:
        yield "reference", content.reference, _("at most 64 signs")
    for name in ("arranger", "importer", "facility"):
        if not getattr(content, name).name:
            yield f"{name}.name", "", _("a name")
    if not content.arranger.address:
        yield "arranger.address", "", _("an address")
    try:
        kilograms(content.quantity_kg, "quantity_kg")
    except Refused as error:
        yield "quantity_kg", None if content.quantity_kg is None else str(content.quantity_kg), error.expected
    if content.quantity_m3 is not None and not 0 < content.quantity_m3 < 10**9:
        yield "quantity_m3", str(content.quantity_m3), _("more than zero, or nothing")
    if content.planned_on is None:
        yield "planned_on", None, _("the day of departure as YYYY-MM-DD")
    if not 0 < len(content.carriers) <= CARRIERS:
        yield "carriers", len(content.carriers), _("from one carrier to ten")
    for number, carrier in enumerate(content.carriers):
        if not carrier.name:
            yield f"carriers.{number}.name", "", _("a name")
        if wrong := [means for means in carrier.means if means not in codes.TRANSPORT]:
            yield f"carriers.{number}.means", wrong[0], ", ".join(codes.TRANSPORT)
    if content.operation not in codes.RECOVERY:
        yield "operation", content.operation, _("a recovery operation, R1 to R13")
    if not content.designation:
        yield "designation", "", _("what the waste is called")
    if not any(getattr(content.codes, name) for name in GreenCodes.model_fields if name != "hs"):
        yield "codes.basel", "", _("a waste code such as B3011")
    yield from _states(content, book)
    if not content.contract:
        yield "contract", "", _("the number or date by which the contract is known")


def _states(content: Content, book: Book) -> Iterator[Problem]:
    named = [("state_export", content.state_export), ("state_import", content.state_import)]
    named += [(f"transit.{number}", state) for number, state in enumerate(content.transit)]
    seen: set[str] = set()
    for field, state in named:
        if state not in book.states:
            yield field, state, _("the two-letter code of a State")
        elif state in seen:
            yield field, state, _("each State once")
        seen.add(state)


def load_of(content: Content) -> dict[str, Any]:
    """What the screen is told: the load, and from the form what it leaves out. A waste form is about waste."""
    load = dict(content.load)
    filled = {
        "waste": True,
        "hs": next(iter(content.codes.hs), None),
        "declared_entry": next(iter(content.codes.basel), None),
        "operation": content.operation or None,
        "description": content.designation or None,
        "net_kg": None if content.quantity_kg is None else format(Decimal(content.quantity_kg), "f"),
        "containers": content.containers or None,
    }
    held = list(load.get("documents") or [])
    # The form itself is one of the papers that law may ask for, and is here.
    load["documents"] = [*held, {"kind": "ANNEX_VII"}, {"kind": "CONTRACT"}]
    return {**{name: value for name, value in filled.items() if value is not None}, **load}


def screen(content: Content, day: date, book: Book) -> dict[str, Any]:
    """The decision of the screening contract for a form on a day. Raises Refused("load") naming the field."""
    return guard.decision(route_of(content), load_of(content), day, book)


def standing(answer: Mapping[str, Any]) -> str:
    """What the law's answer means for a shipment that moves as green-listed: `Law`.

    Barred: it is prohibited, or needs consent. Open: the law's answer turns on what is not known.
    """
    needs_consent = bool({kind.partition(":")[0] for kind in guard.documents(answer)} & set(OF_CONSENT))
    regime = answer.get("regime")
    if guard.prohibited(answer) or regime not in (None, FREE):
        return Law.BARRED
    if answer.get("outcome") == "undetermined":
        return Law.OPEN
    return Law.BARRED if needs_consent else Law.GREEN


def shown(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an answer, as JSON."""
    names = ("outcome", "regime", "entry", "reasons", "missing", "questions", "verify", "law_version", "day", "layers")
    kept: dict[str, Any] = guard.plain({name: answer[name] for name in names if name in answer}, "screen")
    return kept


def against(row: GreenShipment) -> list[Mapping[str, Any]]:
    """The reasons of law that bar a shipment: what prohibits; else what asks for a consent."""
    reasons = row.screen.get("reasons") or []
    found = [one for one in reasons if one["effect"] == "prohibit"]
    if found or row.law != Law.BARRED:
        return found
    asking = {
        item["rule"]
        for item in row.screen.get("missing") or []
        if any(kind.partition(":")[0] in OF_CONSENT for text in item["documents"] for kind in text.split("/"))
    }
    return [one for one in reasons if one["rule"] in asking] or [one for one in reasons if one["effect"] == "require"]


def parties(content: Content) -> list[Mapping[str, Any]]:
    """Every party that the form names."""
    named: list[Party] = [
        content.arranger, content.importer, content.generator, content.facility, *content.carriers,
    ]  # fmt: skip
    return [one.model_dump(mode="json") for one in named]
