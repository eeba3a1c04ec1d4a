"""The rulebook compiled: conditions as closures, and the rules in force by layer and day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from tidegate.law.conditions import Condition, atoms
from tidegate.law.records import INTERNATIONAL, Book, Requirement, Rule
from tidegate.screening.classify import World
from tidegate.screening.logic import ALWAYS_KNOWN, STATE_FACTS, Case, compile_condition, matches_entry
from tidegate.screening.papers import later

WORLDWIDE = "international"  # every international layer, looked at as one


class Compiled:
    """A rule with its conditions as closures, and the facts that can be asked for or must be checked."""

    __slots__ = (
        "asks", "atoms", "binds", "fails", "groups", "inspects", "papers", "reads", "requirements", "rule", "turns",
        "unless", "when",
    )  # fmt: skip

    def __init__(self, rule: Rule, book: Book):
        self.rule = rule
        self.binds = rule.binds
        self.when = compile_condition(rule.when)
        self.fails = [t for c in rule.fails if (t := compile_condition(c)) is not None]
        self.unless = [t for c in rule.unless if (t := compile_condition(c)) is not None]
        self.requirements = [(r, compile_condition(r.when)) for r in rule.documents]
        self.atoms = [a for c in (rule.when, *rule.fails) for a in atoms(c)]
        scope = {"hs", "listed_item"} if "any" not in rule.hs else set()
        # the facts that scope and conditions read, and those that each of `fails` reads
        self.reads = (scope | facts_of(rule.when), [facts_of(c) for c in rule.fails])
        names = dict.fromkeys(a[0] for a in self.atoms if a[0] not in ALWAYS_KNOWN and a[0] != "hs")
        self.asks = [n for n in names if n not in book.facts or book.facts[n].askable]
        self.inspects = list(
            dict.fromkeys([*rule.verify, *(n for n in names if n in book.facts and not book.facts[n].askable)])
        )

        self._watch(rule, book)

    def _watch(self, rule: Rule, book: Book) -> None:
        """What time may change: days of the rule itself, groups of States, and papers (kinds, as it asks for them)."""
        self.turns = {d for d in (rule.valid_from, rule.valid_to and later(rule.valid_to, 1)) if d}
        self.groups = set(consent_groups(rule))
        self.papers: list[tuple[set[str], Requirement | None]] = [(heads(r.kinds), r) for r in rule.documents]
        conditions = (rule.when, *rule.fails, *rule.unless, *(r.when for r in rule.documents))
        for fact, _, operand in (a for c in conditions for a in atoms(c)):
            if fact == "event_before":
                self.turns.add(operand)
            elif fact == "holds":
                self.papers.append((heads(operand[0]), None))
            elif fact in STATE_FACTS:
                self.groups.update(operand)
            elif fact == "polymer_mix":
                for p in book.parameters:
                    self.turns |= {d for d in (p.start, p.end and later(p.end, 1)) if d}
                    self.groups.update(p.states)

    def excused(self, case: Case) -> bool:
        """An exception counts only when it is shown."""
        return any(test(case) is True for test in self.unless)


def consent_groups(rule: Rule) -> list[str]:
    """The groups that decide which States of transit are asked for their consent; empty where none is."""
    asked = [r for r in rule.documents if any(k.endswith(":transit") for k in r.kinds)]
    return ["basel_party", *sorted({r.outside for r in asked if r.outside})] if asked else []


def heads(kinds: Iterable[str]) -> set[str]:
    """The kinds of papers without the States that they name."""
    return {kind.partition(":")[0] for kind in kinds}


def facts_of(condition: Condition | None) -> set[str]:
    """The facts that a condition reads."""
    return {fact for fact, _, _ in atoms(condition)}


class Fitting(NamedTuple):
    """Of the rules in force, those that concern one world.

    It holds the rules too, so that no others take their place in memory while they are known by it.
    """

    rules: tuple[Compiled, ...]
    fitting: tuple[Compiled, ...]
    suspecting: tuple[Compiled, ...]


def stretches(rules: Iterable[Rule]) -> dict[str, list[date]]:
    """The days of each event on which one of the rules begins, or is no longer in force; sorted."""
    found: dict[str, set[date]] = {}
    for rule in rules:
        days = found.setdefault(rule.event, set())
        days |= {d for d in (rule.valid_from, rule.valid_to and later(rule.valid_to, 1)) if d}
    return {event: sorted(days) for event, days in found.items()}


class CompiledBook:
    """Every rule compiled, and the rules in force by layer and day of each event.

    From one day on which a rule begins or ends to the next the same rules are in force: what is worked out for one
    day of such a stretch is remembered for all of them.
    """

    def __init__(self, book: Book):
        self.book = book
        self.layers = {name: tuple(Compiled(r, book) for r in rules) for name, rules in book.by_layer.items()}
        self.layers[WORLDWIDE] = tuple(c for layer in INTERNATIONAL for c in self.layers.get(layer, ()))
        self.turns = {name: frozenset[date]().union(*(c.turns for c in rules)) for name, rules in self.layers.items()}
        self._stretches = {name: stretches(c.rule for c in rules) for name, rules in self.layers.items()}
        self._active: dict[tuple[Any, ...], tuple[Compiled, ...]] = {}
        self._fitting: dict[tuple[int, World], Fitting] = {}

    def active(self, layer: str, days: Mapping[str, date]) -> tuple[Compiled, ...]:
        """The rules of a layer in force, each on the day of its own event."""
        limits = self._stretches.get(layer)
        if limits is None:
            return ()
        key = (layer, *(bisect_right(limits[event], days[event]) for event in limits))
        found = self._active.get(key)
        if found is None:
            found = tuple(c for c in self.layers.get(layer, ()) if c.rule.in_force(days[c.rule.event]))
            self._active[key] = found
        return found

    def fitting(self, rules: tuple[Compiled, ...], world: World) -> tuple[Compiled, ...]:
        """Those of `rules` (a tuple that `active` gave) whose entries fit the world, remembered."""
        return self._fit(rules, world).fitting

    def suspecting(self, rules: tuple[Compiled, ...], world: World) -> tuple[Compiled, ...]:
        """Those that bind on other content, and name codes under which it hides: only a look inside can tell."""
        return self._fit(rules, world).suspecting

    def _fit(self, rules: tuple[Compiled, ...], world: World) -> Fitting:
        key = (id(rules), world)
        found = self._fitting.get(key)
        if found is None:
            fitting = tuple(c for c in rules if matches_entry(c.rule.basel, world))
            others = (c for c in rules if c.rule.suspects and c.binds and c not in fitting)
            if len(self._fitting) > 50_000:
                self._fitting.clear()
            found = self._fitting[key] = Fitting(rules, fitting, tuple(others) if world.waste else ())
        return found

    def international(self, days: Mapping[str, date]) -> tuple[Compiled, ...]:
        """The rules of every international layer in force."""
        return self.active(WORLDWIDE, days)


_COMPILED: dict[str, CompiledBook] = {}


def compiled(book: Book) -> CompiledBook:
    """The compiled form of a book, made once for each hash."""
    found = _COMPILED.get(book.hash)
    if found is None or found.book is not book:
        if len(_COMPILED) > 8:
            _COMPILED.clear()
        found = _COMPILED[book.hash] = CompiledBook(book)
    return found
