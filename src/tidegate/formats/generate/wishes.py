"""What has to be true of a declaration for a condition of the rulebook to hold: the conditions read backwards.

A wish is a mapping: States for `export`, `import`, `origin`, `transit`; `hs` prefixes; `token`, the Basel tokens that
the content may answer to; `polymer` and `mix`, what the load may be made of; `window`, the days of the governing event;
`papers` held; and for every other name the value of that fact or field. Several wishes are several ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from tidegate.law.conditions import Condition
from tidegate.law.records import Book

Wish = dict[str, Any]
MOST_WAYS = 6
CHOICES = frozenset({"export", "import", "origin", "transit", "token", "mix", "polymer", "hs"})
FIRST_DAY, LAST_DAY = date(2012, 1, 1), date(2028, 12, 31)
MIXES = ("single", "pe_pp_pet", "other")


@dataclass(frozen=True, slots=True)
class HeldPaper:
    """A paper that must be held: one of the kinds, issued before a day, made out to a standard."""

    kind: str
    issued_before: date | None = None
    standard: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """From where a rule looks: its book, the role of its State, and two days on which groups are read."""

    book: Book
    role: str | None
    days: tuple[date, date]


def merge(left: Wish, right: Wish) -> Wish | None:
    """Both wishes at once; None when they contradict each other."""
    out = dict(left)
    for name, value in right.items():
        if name not in out:
            out[name] = value
            continue
        held = out[name]
        both: Any
        if name == "hs":
            both = {a if len(a) >= len(b) else b for a in held for b in value if a.startswith(b) or b.startswith(a)}
        elif name in CHOICES:
            both = held & value
        elif name == "window":
            both = (max(held[0], value[0]), min(held[1], value[1]))
            if both[0] > both[1]:
                return None
        elif name == "papers":
            both = (*held, *value)
        elif held == value:
            continue
        else:
            return None
        if not both:
            return None
        out[name] = frozenset(both) if name in CHOICES else both
    return out


def ways(condition: Condition | None, setting: Setting, wanted: bool = True) -> list[Wish]:
    """Ways in which the condition holds (or, with `wanted` false, fails), at most `MOST_WAYS`."""
    if condition is None:
        return [{}]
    kind = condition[0]
    if kind == "not":
        return ways(condition[1], setting, not wanted)
    if kind in ("all", "any"):
        parts = [ways(part, setting, wanted) for part in condition[1]]
        if (kind == "all") is wanted:
            return together(parts)
        return [way for found in zip_longest(parts) for way in found][:MOST_WAYS]
    found = _atom(condition[1], condition[2], condition[3], setting, wanted)
    return [] if found is None else found


def zip_longest(parts: Sequence[Sequence[Wish]]) -> list[list[Wish]]:
    """The first way of each part, then the second: so that a cut leaves something of every part."""
    longest = max((len(p) for p in parts), default=0)
    return [[p[i] for p in parts if i < len(p)] for i in range(longest)]


def together(parts: Sequence[Sequence[Wish]]) -> list[Wish]:
    """Every part at once, in as many ways as there are, at most `MOST_WAYS`."""
    out: list[Wish] = []
    for combination in product(*parts):
        merged: Wish | None = {}
        for way in combination:
            merged = None if merged is None else merge(merged, way)
        if merged is not None:
            out.append(merged)
        if len(out) == MOST_WAYS:
            break
    return out


def _atom(fact: str, op: str, operand: Any, setting: Setting, wanted: bool) -> list[Wish] | None:
    if op in ("in", "not_in"):
        return _membership(fact, operand, setting, (op == "in") is wanted)
    if op == "before":
        eve = operand - timedelta(days=1)
        return [{"window": (FIRST_DAY, eve) if wanted else (operand, LAST_DAY)}]
    if op == "holds":
        kinds, before, standard = operand
        return [{"papers": (HeldPaper(k, before, standard),)} for k in kinds] if wanted else [{}]
    return [{fact: value} for value in _numbers(op, operand, fact, wanted)]


def _numbers(op: str, limit: Decimal, fact: str, wanted: bool) -> list[Decimal]:
    """Values on the wanted side: one at or next to the limit, one well away from it."""
    above = (op in ("gt", "ge")) is wanted
    includes = (op in ("ge", "le")) is wanted
    step = Decimal("0.1")
    first = limit if includes else limit + (step if above else -step)
    second = limit + 5 if above else limit / 2
    top = Decimal(100) if fact.endswith("_pct") else None
    return [v for v in dict.fromkeys((first, second)) if v >= 0 and (top is None or v <= top)]


def _membership(fact: str, operand: tuple[Any, ...], setting: Setting, inside: bool) -> list[Wish] | None:
    book = setting.book
    if fact in ("export", "import", "origin", "transit", "counterpart", "here"):
        if fact == "here":
            return [{}]
        name = fact
        if fact == "counterpart":
            name = "import" if setting.role == "export" else "export"
        members = frozenset(
            iso for iso in book.states if all(book.in_group(iso, operand, day) is inside for day in setting.days)
        )
        return [{name: members}] if members else None
    if fact == "hs":
        return [{"hs": frozenset(operand)}] if inside else [{}]
    if fact == "entry":
        return [{"token": frozenset(operand)}] if inside else [{}]
    if fact == "contains":
        if inside:
            return [{"polymer": frozenset(operand)}]
        return [{"polymer": book.polymers.non_halogenated - set(operand)}]
    if fact == "polymer_mix":
        return [{"mix": frozenset(m for m in MIXES if (m in operand) is inside)}]
    if fact == "operation":
        return _operations(operand, inside)
    if fact == "material":
        return [{"material": v} for v in operand] if inside else [{}]
    known = book.facts.get(fact)
    if known is not None and known.type == "bool":
        return [{fact: v} for v in (True, False) if (v in operand) is inside]
    if inside:
        return [{fact: v} for v in operand]
    others = [v for v in (known.values if known is not None else ()) if v not in operand]
    return [{fact: v} for v in others[:2]] or [{}]


def _operations(operand: tuple[Any, ...], inside: bool) -> list[Wish]:
    def fits(code: str) -> bool:
        return (code in operand or (code != "product" and code[0] in operand)) is inside

    return [{"operation": code} for code in ("R3", "D10", "R1", "D1", "R13", "product") if fits(code)][:2]
