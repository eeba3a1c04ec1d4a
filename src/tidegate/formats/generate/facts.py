"""Which facts a generated declaration states, how often, and with what values.

Only facts that the book's rules read get a column. A fact that is not described here gets a plain share by who can
know it, so that a new rule with a new fact is met without a change here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tidegate.law.conditions import atoms
from tidegate.law.records import Book, Fact
from tidegate.screening.shipment import FIELDS

# facts that the classification reads beside those of the rules
CLASSIFYING: Final = (
    "separate_recycling",
    "storage_steps",
    "r3_documented",
    "to_specification",
    "household_refuse_pct",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How one fact comes.

    known: share of the rows (of those that `when` names) that state it. values: each with its weight.
    of_route: the same for every line of a consignment. always: complete declarations always state it.
    when: a trait of the row (generator.py) without which the fact is left out.
    """

    known: float
    values: Mapping[str, float] = field(default_factory=lambda: {"true": 1, "false": 1})
    of_route: bool = False
    always: bool = False
    when: str | None = None


YES: Final = {"true": 9, "false": 1}
NO: Final = {"true": 1, "false": 9}
SHAPES: Final[dict[str, Shape]] = {
    "form": Shape(
        0.8, {"bale": 40, "flake": 22, "pellet": 8, "film": 8, "regrind": 10, "lump": 5, "loose": 5, "powder": 2}
    ),
    "source": Shape(
        0.8,
        {"industrial": 45, "commercial": 22, "household": 18, "agricultural": 8, "landfill": 3,
         "used electronics casings": 4},
        always=True,
    ),
    "used": Shape(0.8, {"true": 55, "false": 45}, always=True),
    "cut": Shape(0.6, {"true": 75, "false": 25}, when="used"),
    "cleaned": Shape(0.6, {"true": 75, "false": 25}, when="used"),
    "processed": Shape(0.6, {"false": 50, "flake": 30, "pellet": 20}),
    "to_specification": Shape(0.5, {"true": 65, "false": 35}),
    "separate_recycling": Shape(0.75, {"true": 60, "false": 40}, when="mixture"),
    "storage_steps": Shape(0.8, {"1": 75, "2": 20, "3": 5}, when="stored"),
    "r3_documented": Shape(0.8, {"true": 75, "false": 25}, when="stored"),
    "mode": Shape(0.8, {"sea": 82, "road": 9, "rail": 4, "air": 5}, of_route=True, always=True),
    "zone": Shape(0.7, {"none": 80, "free zone": 13, "SEZ": 5, "EOU": 2}, of_route=True, always=True),
    "importer_type": Shape(0.7, {"producer": 70, "general trader": 30}, of_route=True, always=True),
    "own_plant": Shape(0.6, {"true": 70, "false": 30}, of_route=True),
    "output_exported": Shape(0.25, {"true": 60, "false": 40}, of_route=True),
    "plant_on_approved_list": Shape(0.08, YES, of_route=True),
    "gate_listed": Shape(0.35, YES, of_route=True),
    "ap_status": Shape(0.15, {"valid": 90, "revoked": 5, "expired": 5}, of_route=True),
    "listed_item": Shape(0.3, {"true": 30, "false": 70}),
    "destination_on_licence": Shape(0.25, YES, of_route=True),
    "temporary_import": Shape(0.2, NO, of_route=True),
    "personal_use": Shape(0.05, NO, of_route=True),
    "customs_regime": Shape(
        0.12,
        {"home use": 60, "warehousing": 15, "transit": 10, "temporary import for re-export": 10, "merchanting": 5},
        of_route=True,
    ),
    "enters_territory": Shape(0.6, of_route=True, when="transit"),
    "direct_shipment": Shape(0.03, {"true": 1}, of_route=True, when="direct"),
    "foreign_matter_pct": Shape(0.06, {"0": 10, "0.5": 20, "1": 20, "2": 20, "2.1": 10, "3": 10, "5.5": 10}),
    "other_listed_hs_pct": Shape(0.15, {"0": 50, "5": 20, "12.5": 10, "20": 10, "20.5": 5, "35": 5}),
    "target_purity_pct": Shape(0.04, {"99.9": 40, "99.5": 30, "99.4": 15, "98": 15}),
    "household_refuse_pct": Shape(0.01, {"0": 60, "2.5": 15, "19.9": 10, "20": 10, "45": 5}),
    "quota_left_t": Shape(0.02, {"0": 10, "120": 50, "5000": 40}, of_route=True),
    "capacity_left_t": Shape(0.02, {"0": 10, "250": 50, "9000": 40}, of_route=True),
}  # fmt: skip
SELDOM: Final = {"declaration": 0.2, "document": 0.2, "register": 0.015, "inspection": 0.01}


def facts_in_use(book: Book) -> tuple[str, ...]:
    """Facts that a rule or the classification reads and that stand under `facts`, in the order of the registry."""
    used = set(CLASSIFYING)
    for rule in book.rules.values():
        for condition in (rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)):
            used.update(fact for fact, _, _ in atoms(condition))
        used.update(rule.needs, rule.verify)
    return tuple(
        name
        for name, fact in book.facts.items()
        if name in used and name not in FIELDS and fact.by != "derived" and fact.type in ("bool", "number", "text")
    )


def shape_of(fact: Fact) -> Shape:
    """The shape of a fact, described above or worked out from the registry."""
    if fact.name in SHAPES:
        return SHAPES[fact.name]
    known = SELDOM.get(fact.by, 0.01)
    of_route = fact.group in ("route", "place", "papers")
    if fact.type == "bool":
        return Shape(known, of_route=of_route)
    if fact.type == "number":
        return Shape(known, {"0": 1, "1": 2, "10": 2, "100": 1}, of_route=of_route)
    return Shape(known, dict.fromkeys(fact.values or ("stated",), 1), of_route=of_route)
