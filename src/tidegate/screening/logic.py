"""Conditions of the rulebook as functions of a case, in three-valued logic.

`compile_condition` turns the checked tree of `tidegate.law.conditions` into a closure that returns True, False or
None (not known). A `Case` is one shipment seen from one layer in one `World`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from tidegate.law.conditions import COMPARISONS, Condition
from tidegate.law.records import Book
from tidegate.screening.classify import (
    ZERO,
    Tri,
    World,
    contamination_bounds,
    polymer_mix,
    target_purity,
)
from tidegate.screening.papers import held
from tidegate.screening.shipment import Shipment

Test = Callable[["Case"], Tri]
STATE_FACTS = frozenset({"export", "import", "origin", "counterpart", "here", "transit"})
# what to ask a person for when a derived fact is not known
ASK_INSTEAD = {"foreign_matter_pct": "contamination_pct", "target_purity_pct": "polymers", "polymer_mix": "polymers"}
ALWAYS_KNOWN = STATE_FACTS | {"event_before", "holds", "entry", "waste"}


class Case:
    """One shipment seen from one layer: what a condition may ask, and what is assumed while worlds are tried."""

    __slots__ = ("assumed", "blank", "book", "day", "facts", "here", "met", "role", "s", "world")

    def __init__(self, s: Shipment, book: Book, here: str | None, role: str | None, facts: Mapping[str, Any]):
        self.s, self.book, self.here, self.role, self.facts = s, book, here, role, facts
        self.day = s.date
        self.blank = False  # true while only the route is known, not what is held
        self.world: World = World(None)
        self.assumed: dict[str, Any] = {}
        self.met: dict[Any, bool] = {}  # what conditions on States came to, by condition and day

    def states(self, fact: str) -> Sequence[str]:
        """The States of the route that a condition calls by this name."""
        return STATES[fact](self)

    def value(self, fact: str) -> Any:
        """The value of a fact, (low, high) where a number is known only to lie between, None where not known."""
        if fact in self.assumed:
            return self.assumed[fact]
        found = self.facts.get(fact)
        if found is not None:
            return found
        resolver = RESOLVERS.get(fact)
        return resolver(self) if resolver is not None else None


STATES: Mapping[str, Callable[[Case], Sequence[str]]] = {
    "export": lambda c: (c.s.export,),
    "import": lambda c: (c.s.import_,),
    "origin": lambda c: (c.s.origin,),
    "here": lambda c: (c.here,) if c.here else (),
    "transit": lambda c: tuple(t.state for t in c.s.transit),
    "counterpart": lambda c: (c.s.import_ if c.role == "export" else c.s.export,),
}


def _foreign_matter(case: Case) -> Any:
    low, high = contamination_bounds(case.s)
    if case.s.material == "paper" and case.s.polymers:
        # in a bale of paper the plastics are foreign matter too (TH-IMP-PAPER-2025: non-paper matter)
        plastics = sum(case.s.polymers.values(), ZERO)
        low, high = low + plastics, high + plastics
    return low if low == high else (low, high)


def _material(case: Case) -> Any:
    if case.s.material is not None:
        return case.s.material
    return "plastic" if case.s.polymers else None


def _operation(case: Case) -> Any:
    if case.s.operation is None and "B3011" in (case.world.entry, ""):
        return "R"  # B3011 is on its way to recycling by definition
    return case.s.operation


def _purity(case: Case) -> Any:
    bounds = target_purity(case.s, case.book)
    if bounds is None:
        return None
    return bounds[0] if bounds[0] == bounds[1] else bounds


RESOLVERS: Mapping[str, Callable[[Case], Any]] = {
    "waste": lambda c: c.world.waste,
    "hazardous": lambda c: c.world.hazardous if c.world.waste else c.s.hazardous,
    "consumer": lambda c: c.s.consumer,
    "halogenated": lambda c: c.s.halogenated,
    "material": _material,
    "operation": _operation,
    "contamination_pct": lambda c: c.s.contamination_pct,
    "net_kg": lambda c: c.s.net_kg,
    "foreign_matter_pct": _foreign_matter,
    "target_purity_pct": _purity,
    "polymer_mix": lambda c: polymer_mix(c.s, c.book, c.day),
    "direct_shipment": lambda c: not c.s.transit,
    "declared_entry": lambda c: c.s.declared_entry,
}


def matches_entry(words: Sequence[str], world: World) -> bool:
    """Whether one of a rule's words for entries fits the world."""
    for word in words:
        if word == "any" or (word in (world.entry, world.eu) and world.waste):
            return True
        if word == "A-list" and world.a_list:
            return True
        if word == "B-list" and world.waste and not world.controlled and world.entry is not None:
            return True
        if word == "controlled" and world.controlled:
            return True
        if word == "unlisted" and world.waste and world.entry is None:
            return True
        if word == "hazardous-unlisted" and world.waste and world.hazardous and world.entry is None:
            return True
    return False


def matches_hs(prefixes: Sequence[str], case: Case) -> Tri:
    """Whether the code declared or the code deserved falls under one of the prefixes.

    A code shorter than a prefix may fall under it: not known. A deserved code that the declared one only refines
    adds nothing.
    """
    if "any" in prefixes:
        return True
    if "listed" in prefixes:
        return case.value("listed_item") is True
    declared, deserved = case.s.hs, case.world.deserves
    codes = [declared] if declared else []
    if deserved and not (declared and declared.startswith(deserved)):
        codes.append(deserved)
    unsure = False
    for code in codes:
        for prefix in prefixes:
            if code.startswith(prefix):
                return True
            if prefix.startswith(code):
                unsure = True
    if unsure:
        assumed = case.assumed.get("hs")
        return assumed if assumed is not None else None
    return False


def compile_condition(condition: Condition | None) -> Test | None:
    """The condition as a closure; None when there is nothing to hold."""
    if condition is None:
        return None
    kind = condition[0]
    if kind == "not":
        inner = compile_condition(condition[1])
        assert inner is not None
        return lambda case: None if (found := inner(case)) is None else not found
    if kind in ("all", "any"):
        parts = [test for part in condition[1] if (test := compile_condition(part)) is not None]
        return _all(parts) if kind == "all" else _any(parts)
    return _atom(condition[1], condition[2], condition[3])


def _all(parts: Sequence[Test]) -> Test:
    def test(case: Case) -> Tri:
        unknown = False
        for part in parts:
            found = part(case)
            if found is False:
                return False
            unknown = unknown or found is None
        return None if unknown else True

    return test


def _any(parts: Sequence[Test]) -> Test:
    def test(case: Case) -> Tri:
        unknown = False
        for part in parts:
            found = part(case)
            if found:
                return True
            unknown = unknown or found is None
        return None if unknown else False

    return test


def _atom(fact: str, op: str, operand: Any) -> Test:
    if fact in STATE_FACTS:
        return _state_atom(fact, op, operand)
    if fact == "event_before":
        return lambda case: case.day < operand
    if fact == "holds":
        kinds, before, standard = operand
        return lambda case: None if case.blank else held(case.s, kinds, case.day, before, standard)
    if fact == "entry":
        return lambda case: matches_entry(operand, case.world) is (op == "in")
    if fact == "hs":
        return lambda case: _flip(matches_hs(operand, case), op)
    if fact == "contains":
        return _contains(operand, op)
    if op in COMPARISONS:
        return _number_atom(fact, op, operand)
    members = frozenset(operand)
    classes = fact == "operation"

    def test(case: Case) -> Tri:
        value = case.value(fact)
        if value is None or value.__class__ is tuple:
            return None
        inside = value in members or (classes and value != "product" and value[0] in members)
        return inside is (op == "in")

    return test


def _flip(found: Tri, op: str) -> Tri:
    return found if found is None or op == "in" else not found


@cache
def _state_atom(fact: str, op: str, names: tuple[str, ...]) -> Test:
    """One test for all rules that ask the same; it comes to the same in every world."""
    wanted, states, own = op == "in", STATES[fact], object()

    def test(case: Case) -> Tri:
        key = own, case.day
        found = case.met.get(key)
        if found is None:
            found = wanted in [case.book.in_group(state, names, case.day) for state in states(case)]
            case.met[key] = found
        return found

    return test


def _contains(polymers: tuple[str, ...], op: str) -> Test:
    def test(case: Case) -> Tri:
        assumed = case.assumed.get("contains")
        if assumed is not None:
            return (assumed in polymers) is (op == "in")
        held_polymers = case.s.polymers
        if held_polymers is None or case.blank:
            return None
        if any(code in polymers for code in held_polymers):
            return op == "in"
        return None if "mixed" in held_polymers else op != "in"

    return test


def _number_atom(fact: str, op: str, limit: Decimal) -> Test:
    if op == "gt":
        return _bounds(fact, lambda low, high: True if low > limit else (False if high <= limit else None))
    if op == "ge":
        return _bounds(fact, lambda low, high: True if low >= limit else (False if high < limit else None))
    if op == "lt":
        return _bounds(fact, lambda low, high: True if high < limit else (False if low >= limit else None))
    return _bounds(fact, lambda low, high: True if high <= limit else (False if low > limit else None))


def _bounds(fact: str, compare: Callable[[Any, Any], Tri]) -> Test:
    def test(case: Case) -> Tri:
        value = case.value(fact)
        if value is None:
            return None
        return compare(*value) if value.__class__ is tuple else compare(value, value)

    return test


def event_day(s: Shipment, event: str, role: str | None, position: int | None) -> date:
    """The day of a rule's event; a State of transit has days of its own where they are known."""
    if role == "transit" and position is not None:
        stop = s.transit[position]
        own = stop.arrived if event in ("arrived", "declared") else stop.departed if event == "departed" else None
        if own is not None:
            return own
    return s.event(event)
