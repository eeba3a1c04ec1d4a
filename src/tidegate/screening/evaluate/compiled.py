"""The rulebook compiled: conditions as closures, and the rules in force by layer and day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from tidegate.law.conditions import atoms
from tidegate.law.records import INTERNATIONAL, Book, Rule
from tidegate.screening.classify import World
from tidegate.screening.logic import ALWAYS_KNOWN, Case, compile_condition, matches_entry


class Compiled:
    """A rule with its conditions as closures, and the facts that can be asked for or must be checked."""

    __slots__ = ("asks", "atoms", "fails", "inspects", "requirements", "rule", "unless", "when")

    def __init__(self, rule: Rule, book: Book):
        self.rule = rule
        self.when = compile_condition(rule.when)
        self.fails = [t for c in rule.fails if (t := compile_condition(c)) is not None]
        self.unless = [t for c in rule.unless if (t := compile_condition(c)) is not None]
        self.requirements = [(r, compile_condition(r.when)) for r in rule.documents]
        self.atoms = [a for c in (rule.when, *rule.fails) for a in atoms(c)]
        names = dict.fromkeys(a[0] for a in self.atoms if a[0] not in ALWAYS_KNOWN and a[0] != "hs")
        self.asks = [n for n in names if n not in book.facts or book.facts[n].askable]
        self.inspects = list(
            dict.fromkeys([*rule.verify, *(n for n in names if n in book.facts and not book.facts[n].askable)])
        )

    def excused(self, case: Case) -> bool:
        """An exception counts only when it is shown."""
        return any(test(case) is True for test in self.unless)


class CompiledBook:
    """Every rule compiled, and the rules in force by layer and day of each event, remembered."""

    def __init__(self, book: Book):
        self.book = book
        self.layers = {name: tuple(Compiled(r, book) for r in rules) for name, rules in book.by_layer.items()}
        self._active: dict[tuple[Any, ...], tuple[Compiled, ...]] = {}
        self._kept: list[tuple[Compiled, ...]] = []  # so that no id is used twice
        self._fitting: dict[tuple[int, World], tuple[tuple[Compiled, ...], tuple[Compiled, ...]]] = {}
        self.events = {name: tuple(dict.fromkeys(c.rule.event for c in rules)) for name, rules in self.layers.items()}

    def active(self, layer: str, days: Mapping[str, date]) -> tuple[Compiled, ...]:
        """The rules of a layer in force, each on the day of its own event."""
        key = (layer, *(days[e] for e in self.events.get(layer, ())))
        found = self._active.get(key)
        if found is None:
            if len(self._active) > 50_000:
                self._active.clear()
                self._fitting.clear()
                self._kept.clear()
            found = tuple(c for c in self.layers.get(layer, ()) if c.rule.in_force(days[c.rule.event]))
            self._active[key] = found
        return found

    def fitting(self, rules: tuple[Compiled, ...], world: World) -> tuple[Compiled, ...]:
        """Those of `rules` (a tuple that `active` gave) whose entries fit the world, remembered."""
        key = (id(rules), world)
        found = self._fitting.get(key)
        if found is None or found[0] is not rules:
            if len(self._fitting) > 50_000:
                self._fitting.clear()
            fitting = tuple(c for c in rules if matches_entry(c.rule.basel, world))
            found = self._fitting[key] = (rules, fitting)
        return found[1]

    def international(self, days: Mapping[str, date]) -> tuple[Compiled, ...]:
        """The rules of every international layer in force."""
        parts = tuple(self.active(layer, days) for layer in INTERNATIONAL)
        key = ("international", *(id(p) for p in parts))
        found = self._active.get(key)
        if found is None:
            self._kept.extend(parts)
            found = self._active[key] = tuple(c for part in parts for c in part)
        return found


_COMPILED: dict[str, CompiledBook] = {}


def compiled(book: Book) -> CompiledBook:
    """The compiled form of a book, made once for each hash."""
    found = _COMPILED.get(book.hash)
    if found is None or found.book is not book:
        if len(_COMPILED) > 8:
            _COMPILED.clear()
        found = _COMPILED[book.hash] = CompiledBook(book)
    return found
