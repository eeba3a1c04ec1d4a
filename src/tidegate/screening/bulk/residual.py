"""What is left of a layer's rules once route, dates and declared code are known.

Most of what a layer could ask never matters to a given shipment: the rules in force on its day, between its States,
for its open worlds, are few, and each reads a few facts. So a layer's rows collapse twice: first by route, dates and
code to the rules that are left (the residual), then, within a residual, by the facts and papers that those rules read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tidegate.law.conditions import atoms
from tidegate.law.records import Book
from tidegate.screening.bulk.describe import Layer, describe
from tidegate.screening.bulk.keys import Interner
from tidegate.screening.classify import World
from tidegate.screening.evaluate import Compiled, compiled, layer_days
from tidegate.screening.logic import STATE_FACTS, Case, Test, compile_condition, matches_hs
from tidegate.screening.shipment import Shipment

ROUTE_FACTS = STATE_FACTS | {"event_before", "hs"}


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
class Needs:
    """What the rules of one residual read: a `Layer` description of those rules alone."""

    layer: Layer
    consents: bool = False


@dataclass(slots=True)
class Residuals:
    """The residuals met in one layer."""

    book: Book
    ids: Interner = field(default_factory=Interner)
    needs: list[Needs] = field(default_factory=list)
    _route_tests: dict[str, tuple[Test, ...]] = field(default_factory=dict)

    def of(
        self, s: Shipment, rules: tuple[Compiled, ...], days: Mapping[str, date], here: str | None, role: str | None,
        worlds: Sequence[World],
    ) -> int:  # fmt: skip
        """The id of the residual for a shipment's route, days and code in these worlds."""
        case = BlankCase(s, self.book, here, role, {})
        case.blank = True
        left = []
        kept = []
        whole = compiled(self.book)
        fitting = [set(whole.fitting(rules, world)) for world in worlds]
        for c in rules:
            if not c.rule.suspects and not any(c in found for found in fitting):
                continue
            case.day = days[c.rule.event]
            shape: list[Any] = []
            alive = False
            for world, found in zip(worlds, fitting, strict=True):
                case.world = world
                fits = c in found
                scope = matches_hs(c.rule.hs, case) if fits else False
                if "listed" in c.rule.hs and fits:
                    scope = None  # turns on a fact
                holds = scope is not False and (c.when is None or c.when(case) is not False)
                suspects = bool(c.rule.suspects) and not fits and matches_hs(c.rule.suspects, case) is not False
                alive = alive or holds or suspects
                shape.append((fits, scope, suspects))
            if not alive:
                continue
            truths = tuple(test(case) for test in self._tests(c))
            left.append((c.rule.id, tuple(shape), truths))
            kept.append(c)
        key = tuple(left)
        known = len(self.ids.values)
        number = self.ids(key)
        if number == known:
            own = tuple(c.rule for c in kept)
            consents = any(k.endswith(":transit") for r in own for d in r.documents for k in d.kinds)
            self.needs.append(Needs(describe("residual", own, self.book), consents))
        return number

    def _tests(self, c: Compiled) -> tuple[Test, ...]:
        """The conditions of a rule that turn on route, dates or code."""
        found = self._route_tests.get(c.rule.id)
        if found is None:
            rule = c.rule
            conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
            tests = [
                compile_condition(("atom", fact, op, operand))
                for condition in conditions
                for fact, op, operand in atoms(condition)
                if fact in ROUTE_FACTS
            ]
            found = self._route_tests[c.rule.id] = tuple(t for t in tests if t is not None)
        return found


def rules_in_force(
    s: Shipment, book: Book, name: str, role: str | None, position: int | None
) -> tuple[tuple[Compiled, ...], dict[str, date]]:
    """The compiled rules of a layer in force for a shipment, and the days of its events."""
    days = layer_days(s, role, position)
    whole = compiled(book)
    return (whole.international(days) if name == "international" else whole.active(name, days)), days
