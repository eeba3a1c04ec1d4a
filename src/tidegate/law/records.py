"""The records of the rulebook: rules, facts, States, documents, entries, and the book that holds them.

Dates of law are calendar dates, both ends included. `None` as a start means that the start was not seen,
as an end that the rule is in force as far as was seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

NATIONAL = "national"
INTERNATIONAL = ("basel", "oecd", "eu", "waigani", "art11")
ROLES = ("export", "transit", "import")
KINDS = (
    "prohibition",
    "standard",
    "port",
    "quota",
    "licence",
    "certificate",
    "document",
    "inspection",
    "pic",
    "exemption",
    "regime",
)
FAILING_KINDS = frozenset({"standard", "port", "quota"})
PAPER_KINDS = frozenset({"licence", "certificate", "document", "inspection", "pic"})
STATUSES = ("gazetted", "administrative", "announced", "draft")
CONFIDENCES = ("low", "medium", "high")
EVENTS = ("declared", "departed", "bill_of_lading", "arrived", "import_completed")
REGIMES = ("no_basel_control", "pic_required", "prohibited")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A paper that a rule asks for: one of `kinds`, with the validity logic that the rule gives it.

    `term_days` / `term_years`: the longest term, counted from the day of issue, the last day included.
    `renewals_max`, `renewal_days`: how many renewals count and how many days each may add.
    `standards`: the values of the paper's `standard` that satisfy the rule.
    `value_by_tonnes`: steps (below this many tonnes or None, least value), read in order.
    `old_before`, `old_until`: a paper issued before the first day is good until the second at the latest.
    `longest_years`: a paper whose own period is longer, or names no first day, counts and is to be checked.
    `outside`: of the States of transit, only those outside this group are asked.
    """

    kinds: tuple[str, ...]
    when: Any = None
    term_days: int | None = None
    term_years: int | None = None
    renewals_max: int | None = None
    renewal_days: int | None = None
    standards: tuple[str, ...] = ()
    value_by_tonnes: tuple[tuple[Decimal | None, Decimal], ...] = ()
    old_before: date | None = None
    old_until: date | None = None
    longest_years: int | None = None
    outside: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One requirement of law. See docs/rulebook-format.md for what each field means."""

    id: str
    layer: str
    state: str | None
    role: str | None
    kind: str
    status: str
    confidence: str
    valid_from: date | None
    valid_to: date | None
    dates: str
    event: str
    hs: tuple[str, ...]
    basel: tuple[str, ...]
    text: str
    instrument: str
    url: str
    checked: date
    note: str = ""
    penalty: str = ""
    when: Any = None
    fails: tuple[Any, ...] = ()
    unless: tuple[Any, ...] = ()
    suspects: tuple[str, ...] = ()
    documents: tuple[Requirement, ...] = ()
    needs: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    exempts: tuple[str, ...] = ()
    regime: str | None = None
    displaces: str | None = None
    alert_only: bool = False
    summary: Mapping[str, Any] = field(default_factory=dict)
    source_file: str = ""
    order: int = 0

    @property
    def binds(self) -> bool:
        """Whether the rule may prohibit or require (contract: gazetted, confidence above low, not alert-only)."""
        return self.status == "gazetted" and self.confidence != "low" and not self.alert_only

    @property
    def enacted(self) -> bool:
        """False for a draft or an announcement: no act was seen, whatever day it names."""
        return self.status in ("gazetted", "administrative")

    def in_force(self, day: date) -> bool:
        """True when the rule is in force on `day`, a date of its governing event."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    @property
    def layer_name(self) -> str:
        """`basel`, `eu`, … or `national:TH:import`."""
        return self.layer if self.state is None else f"national:{self.state}:{self.role}"

    @property
    def unchecked(self) -> bool:
        """True when a page must say that the rule was not checked against its gazette."""
        return self.confidence != "high" or self.dates == "inferred"


@dataclass(frozen=True, slots=True)
class Fact:
    """A word that conditions may use: its type, unit, meaning and who can know it."""

    name: str
    type: str
    by: str
    label: str
    meaning: str
    values: tuple[str, ...] = ()
    unit: str = ""
    group: str = ""
    order: int = 0

    @property
    def counted(self) -> bool:
        """True for a number of things that come whole: storage steps."""
        return self.unit == "steps"

    @property
    def askable(self) -> bool:
        """True when the declaration or a paper can tell; else inspection or a register must."""
        return self.by in ("declaration", "document", "derived")


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A paper that a rule may ask for. `dated`: the paper itself carries a term of validity."""

    kind: str
    name: str
    issuer: str
    meaning: str
    dated: bool = False
    per_state: bool = False
    has: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """A dated membership, both ends included."""

    start: date | None
    end: date | None
    confidence: str = "medium"
    note: str = ""

    def covers(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class State:
    """A State or territory of ISO 3166-1 with the dated groups that it belongs to."""

    iso: str
    iso3: str
    name: str
    lat: float
    lon: float
    groups: Mapping[str, tuple[Period, ...]]
    part_of: str | None = None
    sources: tuple[str, ...] = ()

    def member(self, group: str, day: date) -> bool:
        """Whether the State belongs to `group` on `day`."""
        return any(p.covers(day) for p in self.groups.get(group, ()))


@dataclass(frozen=True, slots=True)
class Heading:
    """A Harmonized System heading: it narrows the candidate entries and never decides (facts §6)."""

    code: str
    editions: tuple[str, ...]
    title: str
    candidates: tuple[str, ...]
    waste: str
    polymer: str | None = None
    material: str | None = None
    note: str = ""
    source: str = ""
    confidence: str = "medium"


@dataclass(frozen=True, slots=True)
class Stream:
    """A waste stream named by `material`, and the entries it falls under.

    `entries`: (code, hazardous True/False/None, operation classes excluded). `deserves`: the HS code that such
    a load deserves whatever code was declared, by edition. `plastics_max_pct`: with more polymers than that (% of mass)
    the load is no such stream. `also`: other words for the same.
    """

    material: str
    label: str
    plastic: bool
    entries: tuple[tuple[str, bool | None, tuple[str, ...]], ...]
    deserves: Mapping[str, str]
    source: str = ""
    plastics_max_pct: Decimal | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Polymers:
    """Polymer codes and families (decision BC-14/12)."""

    grades: Mapping[str, str]
    non_halogenated: frozenset[str]
    halogenated: frozenset[str]
    cured: frozenset[str]
    fluoro: frozenset[str]
    mixable: frozenset[str]
    b3010_excluded: frozenset[str]
    hs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a treaty leaves open: by group of States and date."""

    name: str
    value: Decimal
    unit: str
    states: tuple[str, ...]
    start: date | None
    end: date | None
    confidence: str
    source: str
    note: str = ""


@dataclass(frozen=True)
class Book:
    """The rulebook, read and checked. Immutable; `hash` covers every byte of every file, overlays included."""

    version: str
    hash: str
    rules: Mapping[str, Rule]
    facts: Mapping[str, Fact]
    documents: Mapping[str, DocumentKind]
    states: Mapping[str, State]
    headings: tuple[Heading, ...]
    editions: tuple[tuple[str, date], ...]
    streams: Mapping[str, Stream]
    polymers: Polymers
    parameters: tuple[Parameter, ...]
    overlays: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Version and short hash: what every decision records."""
        return f"{self.version}+{self.hash[:12]}"

    @cached_property
    def by_layer(self) -> Mapping[str, tuple[Rule, ...]]:
        """Rules by layer name, in the order of the files."""
        out: dict[str, list[Rule]] = {}
        for rule in self.rules.values():
            out.setdefault(rule.layer_name, []).append(rule)
        return {name: tuple(rules) for name, rules in out.items()}

    @cached_property
    def national_states(self) -> frozenset[str]:
        """The States whose national law the book holds."""
        return frozenset(r.state for r in self.rules.values() if r.state)

    @cached_property
    def entries(self) -> Mapping[str, Rule]:
        """The Basel entries that the book knows, each with the rule that carries its control."""
        out: dict[str, Rule] = {}
        for rule in self.by_layer.get("basel", ()):
            if rule.id.startswith("BASEL-") and len(rule.basel) == 1 and rule.id == f"BASEL-{rule.basel[0]}":
                out[rule.basel[0]] = rule
        return out

    @cached_property
    def stream_words(self) -> Mapping[str, str]:
        """The word of a stream by each word that is used for it."""
        return {word: name for name, stream in self.streams.items() for word in (*stream.also, name)}

    @cached_property
    def heading_of(self) -> Mapping[str, Heading]:
        """The headings of the HS table by code; the table holds each code once."""
        return {heading.code: heading for heading in self.headings}

    @cached_property
    def _values(self) -> Mapping[str, tuple[Parameter, ...]]:
        out: dict[str, list[Parameter]] = {}
        for parameter in self.parameters:
            out.setdefault(parameter.name, []).append(parameter)
        return {name: tuple(values) for name, values in out.items()}

    @cached_property
    def _stays(self) -> dict[tuple[str, tuple[str, ...]], tuple[Period, ...]]:
        return {}

    def edition_on(self, day: date) -> str:
        """The edition of the Harmonized System in force on `day`."""
        current = self.editions[0][0]
        for edition, start in self.editions:
            if start <= day:
                current = edition
        return current

    def parameter(self, name: str, states: tuple[str, ...], day: date) -> Parameter:
        """The value of `name` for a movement between `states` on `day`: the smallest that applies.

        A parameter without States is the general one and applies where no State on the route has its own.
        """
        own = [
            p
            for p in self._values.get(name, ())
            if p.states
            and (p.start is None or p.start <= day)
            and (p.end is None or day <= p.end)
            and any(self.in_group(s, p.states, day) for s in states)
        ]
        if own:
            return min(own, key=lambda p: p.value)
        general = [p for p in self._values.get(name, ()) if not p.states]
        if not general:
            raise KeyError(f"the rulebook has no general value of the parameter {name!r}")
        begun = [p for p in general if p.start is None or p.start <= day]
        # before the first value was published, the first value is the best there is
        return (
            max(begun, key=lambda p: p.start or date.min) if begun else min(general, key=lambda p: p.start or date.min)
        )

    def in_group(self, iso: str, names: tuple[str, ...], day: date) -> bool:
        """Whether `iso` is named in `names` (ISO codes or dated groups) on `day`."""
        stays = self._stays.get((iso, names))
        if stays is None:
            stays = self._stays[(iso, names)] = tuple(self._periods(iso, names))
        for stay in stays:
            if (stay.start is None or stay.start <= day) and (stay.end is None or day <= stay.end):
                return True
        return False

    def _periods(self, iso: str, names: tuple[str, ...]) -> Iterator[Period]:
        """The times in which `iso` is named in `names`: always by its own code, else as its groups say."""
        state = self.states.get(iso)
        for name in names:
            if name == iso:
                yield Period(None, None)
            elif state is not None and (len(name) > 2 or not name.isupper()):
                yield from state.groups.get(name, ())
