"""Trying every value of what is not known: which answers come out, and which facts make the difference."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import pairwise, product
from typing import Any

from tidegate.law.records import FAILING_KINDS, Book
from tidegate.screening.classify import Tri
from tidegate.screening.evaluate.binding import applies
from tidegate.screening.evaluate.compiled import Compiled
from tidegate.screening.evaluate.results import SEVERITY, Question
from tidegate.screening.logic import ASK_INSTEAD, Case, matches_hs

MOST_COMBINATIONS = 1024


def open_facts(c: Compiled, case: Case) -> list[str]:
    """Facts that a person can be asked for and that are not known, in the order of the rule."""
    out = []
    for name in c.asks:
        if name == "contains":
            if case.s.polymers is None or "mixed" in case.s.polymers:
                out.append(name)
            continue
        value = case.value(name)
        if value is None or value.__class__ is tuple:
            out.append(name)
    if matches_hs(c.rule.hs, case) is None or any(
        a[0] == "hs" and matches_hs(a[2], case) is None for a in c.atoms if a[0] == "hs"
    ):
        out.append("hs")
    return out


def domain(name: str, rules: Sequence[Compiled], case: Case, book: Book) -> list[Any]:
    """Values that stand for every value the fact may take, as far as these rules can tell them apart."""
    if name == "hs":
        return [True, False]
    fact = book.facts.get(name)
    points: dict[Any, None] = {}
    limits: set[Decimal] = set()
    for c in rules:
        for atom_name, op, operand in c.atoms:
            if atom_name != name:
                continue
            if op in ("in", "not_in"):
                points.update(dict.fromkeys(operand))
            elif isinstance(operand, Decimal):
                limits.add(operand)
    if fact is not None and fact.type == "bool":
        return [True, False]
    if limits:
        known = case.value(name)
        low, high = known if known.__class__ is tuple else (Decimal(0), Decimal(100))
        edges = sorted({low, high, *(x for x in limits if low <= x <= high)})
        return sorted({*edges, *((a + b) / 2 for a, b in pairwise(edges))})
    if name == "operation":
        return ["R3", "D1", "product"]
    return [*points, "\0other"]


def try_out(
    case: Case, pending: Sequence[Compiled], days: Mapping[str, date], book: Book, open_outcome: str
) -> tuple[set[str], dict[str, Question]]:
    """Try every value of the facts not known: the outcomes that come out, and the facts that make the difference."""
    turns_on = {c.rule.id: open_facts(c, case) for c in pending}
    names = list(dict.fromkeys(n for facts in turns_on.values() for n in facts))
    if not names:
        return {open_outcome}, {}
    grid = Grid({n: domain(n, pending, case, book) for n in names})
    matter = set(names)
    if grid.size <= MOST_COMBINATIONS:
        hit = 0
        for c in pending:
            hit |= prohibited(c, case, days, grid)
        if hit in (0, grid.every):
            return {"prohibited" if hit else open_outcome}, {}
        matter = {n for n in names if grid.matters(n, hit)}
    outcomes = {"prohibited", open_outcome}
    questions: dict[str, Question] = {}
    share = 1.0 / max(1, len({ASK_INSTEAD.get(n, n) for n in matter}))
    for name in names:
        if name not in matter:
            continue
        fact = asked(name, case)
        question = questions.setdefault(fact, Question(weight=share))
        question.rules.update(dict.fromkeys(r for r, facts in turns_on.items() if name in facts))
        question.decides.update(dict.fromkeys(sorted(outcomes, key=SEVERITY.__getitem__)))
    return outcomes, questions


class Grid:
    """Every combination of the values that some facts may take; a set of combinations is a number, a bit for each."""

    def __init__(self, domains: Mapping[str, Sequence[Any]]):
        self.domains = domains
        self.strides: dict[str, int] = {}
        self.size = 1
        for name, values in domains.items():
            self.strides[name] = self.size
            self.size *= len(values)
        self.every = (1 << self.size) - 1

    def where(self, name: str, place: int) -> int:
        """The combinations in which a fact has the value at a place of its domain."""
        stride = self.strides[name]
        period = stride * len(self.domains[name])
        once = ((1 << stride) - 1) << (stride * place)
        return once * (self.every // ((1 << period) - 1))

    def true(self, case: Case, facts: Collection[str], test: Callable[[], Tri]) -> int:
        """The combinations in which `test` is true; it reads none but these facts of those that are open."""
        own = [name for name in self.domains if name in facts]
        found = 0
        for places in product(*(range(len(self.domains[name])) for name in own)):
            case.assumed = {name: self.domains[name][place] for name, place in zip(own, places, strict=True)}
            if test() is True:
                met = self.every
                for name, place in zip(own, places, strict=True):
                    met &= self.where(name, place)
                found |= met
        case.assumed = {}
        return found

    def matters(self, name: str, found: int) -> bool:
        """Whether changing this one fact alone ever leads into or out of a set of combinations."""
        stride = self.strides[name]
        first = found & self.where(name, 0)
        places = range(1, len(self.domains[name]))
        return any(first << (stride * place) != found & self.where(name, place) for place in places)


def bound(c: Compiled, case: Case, days: Mapping[str, date], grid: Grid) -> int:
    """The combinations in which the rule binds."""
    return grid.true(case, c.reads[0], lambda: applies(c, case, days))


def prohibited(c: Compiled, case: Case, days: Mapping[str, date], grid: Grid) -> int:
    """The combinations in which the rule prohibits; `prohibits` for what is known."""
    binds = bound(c, case, days, grid)
    if c.rule.kind == "prohibition" or not binds:
        return binds
    fails = 0
    for test, facts in zip(c.fails, c.reads[1], strict=True):
        fails |= grid.true(case, facts, partial(test, case))
    return binds & fails if c.rule.kind in FAILING_KINDS else 0


def asked(name: str, case: Case) -> str:
    if name == "contains":
        return "polymers"
    if name == "foreign_matter_pct" and case.s.contamination_pct is not None:
        return "polymers"
    return ASK_INSTEAD.get(name, name)
