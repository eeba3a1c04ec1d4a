"""What is left of a layer's rules once route, dates and declared code are known.

Most of what a layer could ask never matters to a given shipment: the rules in force on its day, between its States,
for its open worlds, are few, and each reads a few facts. So a layer's rows collapse twice: first by route, dates and
code to the rules that are left (the residual), then, within a residual, by the facts and papers that those rules read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any

from tidegate.law.conditions import atoms
from tidegate.law.records import Book, Rule
from tidegate.screening.bulk.describe import describe
from tidegate.screening.bulk.keys import Interner, Numbers
from tidegate.screening.classify import World
from tidegate.screening.evaluate import Compiled, compiled, layer_days
from tidegate.screening.logic import STATE_FACTS, Case, Test, compile_condition, matches_entry, matches_hs
from tidegate.screening.shipment import Shipment

ROUTE_FACTS = STATE_FACTS | {"event_before"}
CODE_FACTS = frozenset({"entry", "hs"})
Place = tuple[str, str]
Reader = Callable[[Mapping[Place, int]], Any]
Fitting = tuple[Compiled, int, Reader]  # a rule, a code for its form (see `_form`), what it reads of route and days


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


Known = Callable[[], tuple[BlankCase, Mapping[str, date]]]


@dataclass(slots=True)
class Residuals:
    """The residuals met in one layer."""

    book: Book
    ids: Interner = field(default_factory=Interner)
    #: what the rules of each read of a shipment: facts, fields, `net_kg`, `documents`, `consents` along the route
    reads: list[frozenset[str]] = field(default_factory=list)
    # by the rules in force and a content (see `_fitting`)
    _fits: dict[tuple[int, int], tuple[tuple[Any, ...], list[Fitting], Reader]] = field(default_factory=dict)
    _forms: dict[tuple[str, int], int | None] = field(default_factory=dict)
    _form_codes: Interner = field(default_factory=Interner)
    _numbers: dict[Any, int] = field(default_factory=dict)
    _tested: dict[str, tuple[list[Test], list[Test]]] = field(default_factory=dict)
    #: by rule and what it reads of the route, a code for what its tests of the route come to
    _on_route: dict[Any, int] = field(default_factory=dict)
    _route_codes: Interner = field(default_factory=Interner)
    _places: dict[str, list[Place]] = field(default_factory=dict)
    _shapes: dict[Any, int | None] = field(default_factory=dict)
    _shape_codes: Interner = field(default_factory=Interner)
    _rule_reads: dict[str, frozenset[str]] = field(default_factory=dict)
    _reading: dict[tuple[str, ...], Numbers] = field(default_factory=dict)

    def of(
        self, force: int, rules: Sequence[Compiled], worlds: Sequence[World], content: int,
        seen: Mapping[Place, int], known: Known,
    ) -> int:  # fmt: skip
        """The id of the residual for a shipment's route, days and code in these worlds.

        force, content: codes for the rules in force, and for the worlds and the HS code; seen: for what a condition
        reads of the route, a code for the value: where a rule reads the same, nothing of it is worked out again.
        known: asked only where something is.
        """
        fitting = self._fits.get((force, content))
        if fitting is None:
            fitting = self._fits[force, content] = self._fitting(rules, worlds, content, known)
        fixed, turning, read = fitting
        whole = force, content, read(seen)
        number = self._numbers.get(whole)
        if number is None:
            left = [*fixed[1:], *self._left(turning, worlds, seen, known)]
            number = self._numbers[whole] = self.ids((fixed[0], *[shape for shape, _ in left]))
            if number == len(self.reads):
                self.reads.append(frozenset().union(*(self._rule_reading(c.rule) for _, c in left)))
        return number

    def _left(
        self, among: Sequence[Fitting], worlds: Sequence[World], seen: Mapping[Place, int], known: Known
    ) -> Iterator[tuple[int, Compiled]]:
        """The rules that are left, each with a code for what is left of it."""
        for c, form, read in among:
            route = c.rule.id, read(seen)
            come = self._on_route.get(route)
            if come is None:
                case, days = known()
                case.day = days[c.rule.event]
                tests = self._tests(c)[0]
                come = self._on_route[route] = self._route_codes((c.rule.id, *[test(case) for test in tests]))
            key = form, come
            if key not in self._shapes:
                self._shapes[key] = self._shape(c, worlds, form, come, known)
            shape = self._shapes[key]
            if shape is not None:
                yield shape, c

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

    def _form(self, c: Compiled, worlds: Sequence[World], case: BlankCase) -> int | None:
        """A code for all that the rule can tell of worlds and code; None where it binds in no world, nor suspects."""
        form: list[Any] = []
        for world in worlds:
            case.world = world
            if matches_entry(c.rule.basel, world):
                # a list of the law turns on a fact
                scope = None if "listed" in c.rule.hs else matches_hs(c.rule.hs, case)
                tests = [test(case) for test in self._tests(c)[1]]
                about = world.waste, world.hazardous, world.entry == "B3011"
                form.append(scope is not False and (scope, *about, *tests))
            else:
                hides = c.rule.suspects and matches_hs(c.rule.suspects, case) is not False
                form.append("suspects" if hides else None)
        return self._form_codes((c.rule.id, *form)) if any(form) else None

    def _shape(self, c: Compiled, worlds: Sequence[World], form: int, come: int, known: Known) -> int | None:
        """A code for the rule and what its scope and tests come to in each world; None where nothing is left of it."""
        case, days = known()
        case.day = days[c.rule.event]
        shape: list[Any] = []
        whole: Any = self._form_codes.values[form]
        for world, fit in zip(worlds, whole[1:], strict=True):
            case.world = world
            holds = c.when is None or fit.__class__ is not tuple or c.when(case) is not False
            shape.append(holds and fit)
        return self._shape_codes((come, *shape)) if any(shape) else None

    def _read(self, c: Compiled) -> list[Place]:
        """What the rule's conditions read of the route and of days: (fact, event)."""
        found = self._places.get(c.rule.id)
        if found is None:
            rule = c.rule
            conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
            facts = {fact for condition in conditions for fact, _, _ in atoms(condition)}
            read = sorted(facts & (STATE_FACTS | {"event_before"}))
            found = self._places[rule.id] = [(fact, rule.event) for fact in read]
        return found

    def _fitting(
        self, rules: Sequence[Compiled], worlds: Sequence[World], content: int, known: Known
    ) -> tuple[tuple[Any, ...], list[Fitting], Reader]:
        """What is left of the rules for a content whatever the route; those that turn on it; what these read of it."""
        fixed: list[Fitting] = []
        turning: list[Fitting] = []
        places: dict[Place, None] = {}
        case, _ = known()
        for c in rules:
            if (c.rule.id, content) not in self._forms:
                self._forms[c.rule.id, content] = self._form(c, worlds, case)
            form = self._forms[c.rule.id, content]
            if form is not None:
                read = self._read(c)
                (turning if read else fixed).append((c, form, reader(read)))
                places.update(dict.fromkeys(read))
        mine = tuple((w.waste, w.hazardous, w.entry in ("B3011", "")) for w in worlds)
        return (mine, *self._left(fixed, worlds, {}, known)), turning, reader(list(places))

    def _tests(self, c: Compiled) -> tuple[list[Test], list[Test]]:
        """The conditions of a rule that turn on route or dates, and those that turn on code and world."""
        found = self._tested.get(c.rule.id)
        if found is None:
            rule = c.rule
            conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
            found = self._tested[c.rule.id] = [], []
            for fact, op, operand in (atom for condition in conditions for atom in atoms(condition)):
                if fact in ROUTE_FACTS or fact in CODE_FACTS:
                    test = compile_condition(("atom", fact, op, operand))
                    assert test is not None
                    found[fact in CODE_FACTS].append(test)
        return found


def reader(places: Sequence[Place]) -> Reader:
    """Reads the codes of some places."""
    return itemgetter(*places) if places else lambda seen: ()


def rules_in_force(s: Shipment, book: Book, name: str, role: str | None, position: int | None) -> tuple[Compiled, ...]:
    """The compiled rules of a layer in force for a shipment."""
    days = layer_days(s, role, position)
    whole = compiled(book)
    return whole.international(days) if name == "international" else whole.active(name, days)
