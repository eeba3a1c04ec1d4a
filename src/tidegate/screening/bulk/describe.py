"""What the rules of a layer can tell apart, read off their conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.law.conditions import COMPARISONS, atoms
from tidegate.law.records import Book, Rule
from tidegate.screening.bulk.columns import DAY_ZERO
from tidegate.screening.bulk.keys import Interner, KeyIndex, Packer
from tidegate.screening.logic import RESOLVERS, STATE_FACTS

# what a condition reads from the shipment itself, not from `facts`
OWN = frozenset(RESOLVERS) | {"contains", "event_before", "holds", "entry", "hs"} | STATE_FACTS


@dataclass(slots=True)
class Layer:
    """One layer's view of a shipment, and the distinct cases met so far."""

    name: str
    rules: tuple[Rule, ...]
    boundaries: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    facts: dict[str, tuple[tuple[Decimal, ...], tuple[Any, ...]]] = field(default_factory=dict)
    state_atoms: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    prefixes: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    masses: tuple[Decimal, ...] = ()
    has_documents: bool = False
    consents: bool = False
    route_packer: Packer = field(default_factory=Packer)
    route_index: KeyIndex = field(default_factory=KeyIndex)
    route_residuals: list[int] = field(default_factory=list)
    packer: Packer = field(default_factory=Packer)
    index: KeyIndex = field(default_factory=KeyIndex)
    results: list[int] = field(default_factory=list)
    hs_table: list[int] = field(default_factory=list)
    hs_codes: Interner = field(default_factory=Interner)


def numbers_of(days: Iterable[date]) -> npt.NDArray[np.int64]:
    """Sorted day numbers."""
    return np.array(sorted({d.toordinal() - DAY_ZERO for d in days}), dtype=np.int64)


def describe(name: str, rules: tuple[Rule, ...], book: Book) -> Layer:
    """The layer's dates by event, facts with their limits and words, State groups, HS prefixes and papers."""
    layer = Layer(name, rules)
    moments: dict[str, set[date]] = {}
    limits: dict[str, set[Decimal]] = {}
    words: dict[str, dict[Any, None]] = {}
    groups: dict[str, dict[tuple[str, ...], None]] = {}
    prefixes: dict[str, None] = {}
    masses: set[Decimal] = set()
    own: set[str] = set()
    for rule in rules:
        days = moments.setdefault(rule.event, set())
        days |= {d for d in (rule.valid_from, rule.valid_to and rule.valid_to + timedelta(days=1)) if d}
        prefixes.update(dict.fromkeys(p for p in (*rule.hs, *rule.suspects) if p.isdigit()))
        if "listed" in rule.hs:
            words.setdefault("listed_item", {})
        for known in (*rule.verify, *rule.needs):
            words.setdefault(known, {})
        layer.has_documents = layer.has_documents or bool(rule.documents)
        layer.consents = layer.consents or any(k.endswith(":transit") for d in rule.documents for k in d.kinds)
        for requirement in rule.documents:
            masses |= {below * 1000 for below, _ in requirement.value_by_tonnes if below is not None}
        conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
        for fact, op, operand in (a for c in conditions for a in atoms(c)):
            if fact == "event_before":
                days.add(operand)
            elif fact == "holds":
                layer.has_documents = True
            elif fact in STATE_FACTS:
                groups.setdefault(fact, {})[operand] = None
            elif fact == "hs":
                prefixes.update(dict.fromkeys(operand))
            else:
                words.setdefault(fact, {})
                if op in COMPARISONS:
                    limits.setdefault(fact, set()).add(operand)
                else:
                    words[fact].update(dict.fromkeys(operand))
                    if fact == "net_kg":
                        limits.setdefault(fact, set()).update(operand)
    for fact in words:
        if fact in OWN:
            own.add(fact)
        if fact in book.facts and fact not in ("waste", "operation", "consumer", "material", "halogenated"):
            layer.facts[fact] = (tuple(sorted(limits.get(fact, ()))), tuple(words[fact]))
    layer.boundaries = {event: numbers_of(days) for event, days in moments.items()}
    layer.state_atoms = {fact: tuple(names) for fact, names in groups.items()}
    layer.prefixes = tuple(prefixes)
    layer.own = frozenset(own)
    layer.masses = tuple(sorted(masses | limits.get("net_kg", set())))
    return layer
