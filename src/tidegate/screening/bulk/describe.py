"""What the rules of a layer can tell apart, read off their conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.law.conditions import COMPARISONS, Condition, atoms
from tidegate.law.records import Book, Rule
from tidegate.screening.bulk.columns import number_of
from tidegate.screening.bulk.keys import Interner, KeyIndex, Numbers, Packer
from tidegate.screening.bulk.watch import Answers
from tidegate.screening.classify import World, deserved_codes
from tidegate.screening.evaluate.compiled import consent_groups
from tidegate.screening.logic import RESOLVERS, STATE_FACTS

# what a condition reads from the shipment itself, not from `facts`
OWN = frozenset(RESOLVERS) | {"contains", "event_before", "holds", "entry", "hs"} | STATE_FACTS


@dataclass(frozen=True, slots=True)
class Mix:
    """What conditions see of a mix: limits of foreign matter and purity (%), polymers that may be contained."""

    foreign: tuple[Decimal, ...] = ()
    purity: tuple[Decimal, ...] = ()
    contains: tuple[str, ...] = ()
    kind: bool = False  # whether `polymer_mix` is asked


def mix_of(conditions: Iterable[Condition | None]) -> Mix:
    """What conditions see of a mix."""
    foreign: set[Decimal] = set()
    purity: set[Decimal] = set()
    contains: dict[str, None] = {}
    kind = False
    for fact, op, operand in (a for c in conditions for a in atoms(c)):
        kind = kind or fact == "polymer_mix"
        if fact == "contains":
            contains.update(dict.fromkeys(operand))
        elif op in COMPARISONS and fact in ("foreign_matter_pct", "contamination_pct"):
            foreign.add(operand)
        elif op in COMPARISONS and fact == "target_purity_pct":
            purity.add(operand)
    return Mix(tuple(sorted(foreign)), tuple(sorted(purity)), tuple(contains), kind)


def conditions_of(rules: Iterable[Rule]) -> list[Condition | None]:
    """Every condition of some rules."""
    return [c for r in rules for c in (r.when, *r.fails, *r.unless, *(d.when for d in r.documents))]


@dataclass(slots=True)
class Layer:
    """One layer's view of a shipment, and the distinct cases met so far."""

    name: str
    rules: tuple[Rule, ...]
    boundaries: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    #: those of them that conditions name themselves
    named_days: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    facts: dict[str, tuple[tuple[Decimal, ...], tuple[Any, ...]]] = field(default_factory=dict)
    #: by (fact, event of the rule): the groups that a State is looked for in
    state_atoms: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    entries: tuple[tuple[str, ...], ...] = ()  # lists of words for entries
    headings: tuple[tuple[str, ...], ...] = ()  # lists of HS prefixes
    #: those prefixes and the codes that content may deserve: of a code declared it counts how it begins with them, or
    #: they with it
    marks: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    masses: tuple[Decimal, ...] = ()
    operations: tuple[str, ...] = ()  # operations, and their letters, that conditions name
    mix: Mix = field(default_factory=lambda: Mix())
    has_documents: bool = False
    consents: tuple[str, ...] = ()  # groups that decide whose consent is asked for along the route
    #: what the layer can tell of a world, and of an HS code (by its code) in a world that deserves another
    worlds: dict[World, Any] = field(default_factory=dict)
    #: by fact, for each code of it the code for what the layer can tell apart (`View.seen_by`)
    coarser: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    scopes: dict[tuple[int, str | None], Any] = field(default_factory=dict)
    declared: Numbers = field(default_factory=Numbers)
    declared_codes: Interner = field(default_factory=Interner)
    contents: Numbers = field(default_factory=Numbers)
    content_index: KeyIndex = field(default_factory=KeyIndex)
    content_codes: Interner = field(default_factory=Interner)
    days_index: KeyIndex = field(default_factory=KeyIndex)
    forces: Numbers = field(default_factory=Numbers)  # by days: a code for the rules in force
    in_force: Interner = field(default_factory=Interner)
    route_packer: Packer = field(default_factory=Packer)
    route_index: KeyIndex = field(default_factory=KeyIndex)
    route_residuals: Numbers = field(default_factory=Numbers)
    answers: Answers = field(default_factory=Answers)
    packer: Packer = field(default_factory=Packer)
    index: KeyIndex = field(default_factory=KeyIndex)
    results: Numbers = field(default_factory=Numbers)


class Spans:
    """Finds the stretch between turning days in which a day lies, by a table over the days that people write."""

    FIRST, LAST = -25_567, 73_049  # 1900 to 2169

    def __init__(self, turns: npt.NDArray[np.int64]):
        self._table = np.searchsorted(turns, np.arange(self.FIRST, self.LAST + 1), side="right")

    def __call__(self, days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return self._table[np.clip(days, self.FIRST, self.LAST) - self.FIRST]


def numbers_of(days: Iterable[date]) -> npt.NDArray[np.int64]:
    """Sorted day numbers."""
    return np.array(sorted(set(map(number_of, days))), dtype=np.int64)


def describe(name: str, rules: tuple[Rule, ...], book: Book) -> Layer:
    """The layer's dates by event, facts with their limits and words, State groups, HS prefixes and papers."""
    layer = Layer(name, rules)
    moments: dict[str, set[date]] = {}
    named_days: dict[str, set[date]] = {}
    limits: dict[str, set[Decimal]] = {}
    words: dict[str, dict[Any, None]] = {}
    groups: dict[tuple[str, str], dict[tuple[str, ...], None]] = {}
    headings: dict[tuple[str, ...], None] = {}
    entries: dict[tuple[str, ...], None] = {}
    masses: set[Decimal] = set()
    own: set[str] = set()
    for rule in rules:
        days = moments.setdefault(rule.event, set())
        days |= {d for d in (rule.valid_from, rule.valid_to and rule.valid_to + timedelta(days=1)) if d}
        entries[tuple(rule.basel)] = None
        headings.update(dict.fromkeys(tuple(p) for p in (rule.hs, rule.suspects) if p and p[0].isdigit()))
        if "listed" in rule.hs:
            words.setdefault("listed_item", {})
        for known in (*rule.verify, *rule.needs):
            words.setdefault(known, {})
        layer.has_documents = layer.has_documents or bool(rule.documents)
        layer.consents = tuple(dict.fromkeys((*layer.consents, *consent_groups(rule))))
        for requirement in rule.documents:
            masses |= {below * 1000 for below, _ in requirement.value_by_tonnes if below is not None}
        conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
        for fact, op, operand in (a for c in conditions for a in atoms(c)):
            if fact == "event_before":
                days.add(operand)
                named_days.setdefault(rule.event, set()).add(operand)
            elif fact == "holds":
                layer.has_documents = True
            elif fact in STATE_FACTS:
                groups.setdefault((fact, rule.event), {})[operand] = None
            elif fact == "hs":
                headings[tuple(operand)] = None
            elif fact == "entry":
                entries[tuple(operand)] = None
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
    layer.named_days = {event: numbers_of(days) for event, days in named_days.items()}
    layer.state_atoms = {place: tuple(names) for place, names in groups.items()}
    layer.entries, layer.headings = tuple(entries), tuple(headings)
    if headings:
        layer.marks = tuple({prefix for heading in headings for prefix in heading} | deserved_codes(book))
    layer.own = frozenset(own)
    layer.operations = tuple(words.get("operation", ()))
    layer.mix = mix_of(conditions_of(rules))
    layer.masses = tuple(sorted(masses | limits.get("net_kg", set())))
    return layer
