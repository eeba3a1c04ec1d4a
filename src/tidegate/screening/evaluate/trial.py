"""Trying every value of what is not known: which answers come out, and which facts make the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

from tidegate.law.records import Book
from tidegate.screening.evaluate.binding import again
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
    domains = [domain(n, pending, case, book) for n in names]
    size = 1
    for d in domains:
        size *= len(d)
    if size > MOST_COMBINATIONS:
        matter = set(names)
        outcomes = {"prohibited", open_outcome}
    else:
        table: dict[tuple[int, ...], bool] = {}
        for places in product(*(range(len(d)) for d in domains)):
            case.assumed = {n: domains[i][k] for i, (n, k) in enumerate(zip(names, places, strict=True))}
            table[places] = any(again(c, case, days) is True for c in pending)
        case.assumed = {}
        outcomes = {"prohibited" if hit else open_outcome for hit in table.values()}
        if len(outcomes) == 1:
            return outcomes, {}
        matter = {n for i, n in enumerate(names) if matters(table, i, len(domains[i]))}
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


def asked(name: str, case: Case) -> str:
    if name == "contains":
        return "polymers"
    if name == "foreign_matter_pct" and case.s.contamination_pct is not None:
        return "polymers"
    return ASK_INSTEAD.get(name, name)


def matters(table: Mapping[tuple[int, ...], Any], position: int, size: int) -> bool:
    """Whether changing this one fact alone ever changes the answer."""
    for places, hit in table.items():
        if places[position] != 0:
            continue
        for k in range(1, size):
            if table[(*places[:position], k, *places[position + 1 :])] != hit:
                return True
    return False
