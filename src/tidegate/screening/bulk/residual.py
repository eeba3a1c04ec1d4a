"""What is left of a layer's rules once route, dates and declared code are known.

Most of what a layer could ask never matters to a given shipment: the rules in force on its day, between its States,
for its open worlds, are few, and each reads a few facts. So a layer's rows collapse twice: first by route, dates and
code to the rules that are left (the residual), then, within a residual, by the facts and papers that those rules read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tidegate.law.conditions import atoms
from tidegate.law.records import Book, Rule
from tidegate.screening.bulk.describe import describe
from tidegate.screening.bulk.keys import Interner, Numbers
from tidegate.screening.classify import World
from tidegate.screening.evaluate import Compiled, compiled, layer_days
from tidegate.screening.logic import STATE_FACTS, Case, Test, Tri, compile_condition, matches_entry, matches_hs
from tidegate.screening.shipment import Shipment

ROUTE_FACTS = STATE_FACTS | {"event_before", "hs"}
Place = tuple[str, str]
Fitting = tuple[Compiled, tuple[bool, ...], tuple[Place, ...]]


class BlankCase(Case):
    """A case of which only the route, the dates, the code and the world are known."""

    __slots__ = ()

    def value(self, fact: str) -> Any:
        if fact == "waste":
            return self.world.waste
        if fact == "hazardous" and self.world.waste:
            return self.world.hazardous
        if fact == "operation" and self.world.entry == "B3011":
            return "R"
        return None


@dataclass(slots=True)
class Residuals:
    """The residuals met in one layer."""

    book: Book
    ids: Interner = field(default_factory=Interner)
    #: what the rules of each read of a shipment: facts, fields, `net_kg`, `documents`, `consents` along the route
    reads: list[frozenset[str]] = field(default_factory=list)
    _same: dict[tuple[Compiled, ...], tuple[Compiled, ...]] = field(default_factory=dict)
    # what is left of rules (a tuple of `one`) for a content whatever the route, and those that turn on the route
    # (and what these read of it)
    _fits: dict[tuple[int, int], tuple[tuple[Any, ...], list[Fitting], tuple[Place, ...]]] = field(default_factory=dict)
    _numbers: dict[tuple[int, ...], int] = field(default_factory=dict)
    _tested: dict[str, tuple[list[Test], list[Test]]] = field(default_factory=dict)
    _on_route: dict[Any, list[Tri]] = field(default_factory=dict)  # by rule and what it reads of the route
    _places: dict[str, tuple[Place, ...]] = field(default_factory=dict)
    _shapes: dict[Any, Any] = field(default_factory=dict)
    _rule_reads: dict[str, frozenset[str]] = field(default_factory=dict)
    _reading: dict[tuple[str, ...], Numbers] = field(default_factory=dict)

    def of(
        self, rules: tuple[Compiled, ...], worlds: Sequence[World], content: int, seen: Callable[[Place], int],
        case: Callable[[], BlankCase], days: Callable[[], Mapping[str, date]],
    ) -> int:  # fmt: skip
        """The id of the residual for a shipment's route, days and code in these worlds.

        content: a code for the worlds and the HS code; seen: for what a condition reads of the route, a code for the
        value: where a rule reads the same, nothing of it is worked out again. case, days: what is known of it, made
        only where something is.
        """

        blank: BlankCase | None = None
        on: Mapping[str, date] = {}

        def left(among: Sequence[Fitting]) -> Iterator[tuple[Any, Compiled]]:
            nonlocal blank, on
            for c, fits, places in among:
                route = tuple([seen(place) for place in places])
                shape = self._shapes.get((c.rule.id, content, route))
                if shape is None:
                    if blank is None:
                        blank, on = case(), days()
                        blank.blank = True
                    blank.day = on[c.rule.event]
                    shape = self._shapes[c.rule.id, content, route] = self._shape(c, blank, worlds, fits, route)
                if shape[1]:
                    yield shape[0], c

        fitting = self._fits.get((id(rules), content))
        if fitting is None:
            fixed, turning = self._fitting(rules, tuple(worlds))
            mine = tuple((w.waste, w.hazardous, w.entry in ("B3011", "")) for w in worlds)
            places = tuple(dict.fromkeys(place for _, _, read in turning for place in read))
            fitting = self._fits[id(rules), content] = (mine, *left(fixed)), turning, places
        whole = (id(rules), content, *[seen(place) for place in fitting[2]])
        number = self._numbers.get(whole)
        if number is None:
            kept = [*fitting[0], *left(fitting[1])]
            number = self._numbers[whole] = self.ids((kept[0], *[shape for shape, _ in kept[1:]]))
            if number == len(self.reads):
                self.reads.append(frozenset().union(*(self._rule_reading(c.rule) for _, c in kept[1:])))
        return number

    def reading(self, *names: str) -> Numbers:
        """For each residual whether its rules read one of these."""
        found = self._reading.setdefault(names, Numbers())
        for reads in self.reads[len(found) :]:
            found.append(not reads.isdisjoint(names))
        return found

    def _rule_reading(self, rule: Rule) -> frozenset[str]:
        found = self._rule_reads.get(rule.id)
        if found is None:
            layer = describe("rule", (rule,), self.book)
            named = {f"facts.{fact}" for fact in layer.facts} | layer.own
            named |= {"net_kg"} if layer.masses else set()
            named |= {"documents"} if layer.has_documents else set()
            named |= {"consents"} if layer.consents else set()
            found = self._rule_reads[rule.id] = frozenset(named)
        return found

    def _shape(
        self, c: Compiled, case: BlankCase, worlds: Sequence[World], fits: tuple[bool, ...], route: tuple[int, ...]
    ) -> Any:
        """(the rule and what its scope and tests come to in each world, whether it is left)."""
        on_route, on_code = self._tests(c)
        come = self._on_route.get((c.rule.id, route))
        if come is None:
            come = self._on_route[c.rule.id, route] = [test(case) for test in on_route]
        shape: list[Any] = []
        alive = False
        for world, fit in zip(worlds, fits, strict=True):
            case.world = world
            if fit:
                # a list of the law turns on a fact
                scope = None if "listed" in c.rule.hs else matches_hs(c.rule.hs, case)
                if scope is False or (c.when is not None and c.when(case) is False):
                    shape.append(False)
                    continue
                alive = True
                shape.append((scope, *[test(case) for test in on_code]))
            elif c.rule.suspects and matches_hs(c.rule.suspects, case) is not False:
                alive = True
                shape.append("suspects")
            else:
                shape.append(None)
        return (c.rule.id, *come, *shape), alive

    def _read(self, c: Compiled) -> tuple[Place, ...]:
        """What the rule's conditions read of the route and of days: (fact, event)."""
        found = self._places.get(c.rule.id)
        if found is None:
            rule = c.rule
            conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
            facts = {fact for condition in conditions for fact, _, _ in atoms(condition)}
            read = sorted(facts & (STATE_FACTS | {"event_before"}))
            found = self._places[rule.id] = tuple((fact, rule.event) for fact in read)
        return found

    def one(self, rules: tuple[Compiled, ...]) -> tuple[Compiled, ...]:
        """The same tuple for the same rules, so that what is known of them is found again."""
        return self._same.setdefault(rules, rules)

    def _fitting(self, rules: tuple[Compiled, ...], worlds: tuple[World, ...]) -> tuple[list[Fitting], list[Fitting]]:
        """The rules (a tuple of `one`) that fit some world, or suspect what hides, which worlds they fit, and what they
        read of route and days: those that read nothing of it, and the others."""
        found = [
            (c, fits, self._read(c))
            for c in rules
            if any(fits := tuple(matches_entry(c.rule.basel, world) for world in worlds)) or c.rule.suspects
        ]
        return [one for one in found if not one[2]], [one for one in found if one[2]]

    def _tests(self, c: Compiled) -> tuple[list[Test], list[Test]]:
        """The conditions of a rule that turn on route or dates, and those that turn on the code, which a world has a
        say in."""
        found = self._tested.get(c.rule.id)
        if found is None:
            rule = c.rule
            conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
            found = self._tested[c.rule.id] = [], []
            for fact, op, operand in (atom for condition in conditions for atom in atoms(condition)):
                test = compile_condition(("atom", fact, op, operand)) if fact in ROUTE_FACTS else None
                if test is not None:
                    found[fact == "hs"].append(test)
        return found


def rules_in_force(s: Shipment, book: Book, name: str, role: str | None, position: int | None) -> tuple[Compiled, ...]:
    """The compiled rules of a layer in force for a shipment."""
    days = layer_days(s, role, position)
    whole = compiled(book)
    return whole.international(days) if name == "international" else whole.active(name, days)
