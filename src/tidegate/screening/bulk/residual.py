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
from tidegate.screening.logic import STATE_FACTS, Case, Test, compile_condition, matches_entry, matches_hs
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
    _same: dict[tuple[Compiled, ...], tuple[Compiled, ...]] = field(default_factory=dict)
    _fits: dict[tuple[int, tuple[World, ...]], list[tuple[Compiled, tuple[bool, ...]]]] = field(default_factory=dict)
    _route_tests: dict[str, tuple[Test, ...]] = field(default_factory=dict)

    def of(
        self, s: Shipment, rules: tuple[Compiled, ...], days: Mapping[str, date], here: str | None, role: str | None,
        worlds: Sequence[World],
    ) -> int:  # fmt: skip
        """The id of the residual for a shipment's route, days and code in these worlds."""
        case = BlankCase(s, self.book, here, role, {})
        case.blank = True
        left: list[Any] = [tuple((w.waste, w.hazardous, w.entry in ("B3011", "")) for w in worlds)]
        kept = []
        for c, fits in self._fitting(rules, tuple(worlds)):
            case.day = days[c.rule.event]
            tests = self._tests(c)
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
                    shape.append((scope, *[test(case) for test in tests]))
                elif c.rule.suspects and matches_hs(c.rule.suspects, case) is not False:
                    alive = True
                    shape.append("suspects")
                else:
                    shape.append(None)
            if alive:
                left.append((c.rule.id, tuple(shape)))
                kept.append(c)
        key = tuple(left)
        known = len(self.ids.values)
        number = self.ids(key)
        if number == known:
            own = tuple(c.rule for c in kept)
            consents = any(k.endswith(":transit") for r in own for d in r.documents for k in d.kinds)
            self.needs.append(Needs(describe("residual", own, self.book), consents))
        return number

    def one(self, rules: tuple[Compiled, ...]) -> tuple[Compiled, ...]:
        """The same tuple for the same rules, so that what is known of them is found again."""
        return self._same.setdefault(rules, rules)

    def _fitting(
        self, rules: tuple[Compiled, ...], worlds: tuple[World, ...]
    ) -> list[tuple[Compiled, tuple[bool, ...]]]:
        """The rules (a tuple of `one`) that fit some world, or suspect what hides, and which worlds they fit."""
        found = self._fits.get((id(rules), worlds))
        if found is None:
            found = self._fits[id(rules), worlds] = [
                (c, fits)
                for c in rules
                if any(fits := tuple(matches_entry(c.rule.basel, world) for world in worlds)) or c.rule.suspects
            ]
        return found

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


def rules_in_force(s: Shipment, book: Book, name: str, role: str | None, position: int | None) -> tuple[Compiled, ...]:
    """The compiled rules of a layer in force for a shipment."""
    days = layer_days(s, role, position)
    whole = compiled(book)
    return whole.international(days) if name == "international" else whole.active(name, days)
