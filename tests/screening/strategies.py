"""Hypothesis strategies for raw shipments that reach every fact, paper, State, day and edge that a book knows.

A shipment is a base (bare, or aimed at a rule) under a list of changes of one field each, so that a failing one
shrinks to the few changes that matter. A neighbourhood is one shipment and many that differ from it in one field:
rows that the bulk path must tell apart, or may not.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from tests.screening.aim import Raw, Vocabulary, plain, settle
from tidegate.law import Book
from tidegate.law.records import EVENTS


@dataclass(frozen=True)
class Change:
    """One field set to a value; None takes it away. Readable in a failing example."""

    field: str
    value: Any
    member: str | None = None

    def on(self, raw: Raw) -> Raw:
        out = dict(raw)
        if self.member is not None:
            inner = dict(out.get(self.field) or {})
            if self.value is None:
                inner.pop(self.member, None)
            else:
                inner[self.member] = self.value
            out[self.field] = inner
        elif self.field == "composition":
            for name in ("polymers", "contamination_pct"):
                out.pop(name, None)
            out.update(copy.deepcopy(self.value))
        elif self.value is None:
            out.pop(self.field, None)
        else:
            out[self.field] = copy.deepcopy(self.value)
        return out


_VOCABULARIES: dict[str, Vocabulary] = {}


def vocabulary(book: Book) -> Vocabulary:
    """The vocabulary of a book, made once."""
    return _VOCABULARIES.setdefault(book.hash, Vocabulary(book))


# ── values ─────────────────────────────────────────────────────────────────────────────────────────────────


def days(v: Vocabulary) -> st.SearchStrategy[str]:
    """ISO days: on the edges of the law, and between them."""
    free = st.dates(date(2012, 1, 1), date(2028, 12, 31))
    return st.one_of(st.sampled_from([d for d in v.days if d.year >= 2005]), st.sampled_from(v.days), free).map(
        lambda d: d.isoformat()
    )


@st.composite
def compositions(draw: st.DrawFn, v: Vocabulary) -> Raw:
    """Polymers and contamination with sums on the edges of the limits; either may be unknown."""
    edge = st.sampled_from([x for x in v.percentages if x <= 50])
    foreign = draw(st.one_of(edge, st.just(Decimal(1)), st.just(Decimal("0.3"))))
    other = draw(st.one_of(st.just(Decimal(0)), edge))
    lacking = draw(st.one_of(st.just(Decimal(0)), st.just(Decimal(0)), edge))
    count = draw(st.sampled_from([0, 1, 1, 2, 2, 3, 5]))
    codes = draw(st.lists(st.sampled_from(v.polymers), min_size=count, max_size=count, unique=True))
    polymers: dict[str, Decimal] = {}
    left = max(Decimal(0), 100 - foreign - lacking)
    for code in codes[1:]:
        share = min(left, other / max(1, len(codes) - 1) if other else left / (len(codes) + 1)).quantize(
            Decimal("0.001")
        )
        polymers[code] = share
        left -= share
    if codes:
        polymers[codes[0]] = left
    out: Raw = {}
    if polymers:
        out["polymers"] = {code: plain(share) for code, share in polymers.items()}
    if draw(st.sampled_from([True, True, False])):
        out["contamination_pct"] = plain(foreign)
    return out


def _shifted(day: str | None, offset: int) -> str:
    return (date.fromisoformat(day or "2024-06-15") + timedelta(days=offset)).isoformat()


@st.composite
def papers(draw: st.DrawFn, v: Vocabulary, day: str) -> Any:
    """One paper held: bare, or with dates on the edges of terms, a standard, a value, renewals."""
    kind = draw(st.sampled_from(v.document_kinds))
    if draw(st.integers(0, 4)) == 0:
        return kind
    paper: Raw = {"kind": kind}
    near = st.sampled_from([-400, -1, 0, 1, 30])
    if draw(st.booleans()):
        ages = st.sampled_from(v.terms).map(lambda age: _shifted(day, -age))
        cut_off = st.sampled_from([d.isoformat() for d in v.cut_off_days] or ["2020-01-01"])
        paper["issued"] = draw(st.one_of(ages, cut_off, near.map(lambda n: _shifted(day, n))))
    if draw(st.booleans()):
        paper["valid_to"] = draw(near.map(lambda n: _shifted(day, n)))
    if draw(st.integers(0, 4)) == 0:
        paper["valid_from"] = draw(near.map(lambda n: _shifted(day, n)))
    if draw(st.booleans()):
        paper["standard"] = draw(st.sampled_from(v.standards))
    if draw(st.booleans()):
        paper["value"] = plain(draw(st.sampled_from(v.document_values)))
    if draw(st.integers(0, 3)) == 0:
        renewal = st.fixed_dictionaries(
            {"days": st.sampled_from([0, 30, 89, 90, 91, 180])}, optional={"from": near.map(lambda n: _shifted(day, n))}
        )
        paper["renewals"] = draw(st.lists(renewal, min_size=1, max_size=3))
    if draw(st.integers(0, 5)) == 0:
        paper["number"] = draw(st.sampled_from(["N-1", "№ 7/ก", '"quoted"; 1']))
    return paper


def _stops(v: Vocabulary) -> st.SearchStrategy[Any]:
    state = st.sampled_from(v.states)
    stop = st.fixed_dictionaries(
        {"state": state},
        optional={
            "arrived": days(v),
            "departed": days(v),
            "facts": fact_values(v, few=True),
        },
    )
    plain_list = st.lists(state, max_size=4)
    long_list = st.lists(state, min_size=9, max_size=11)
    objects = st.lists(st.one_of(stop, state), min_size=1, max_size=3)
    return st.one_of(plain_list, plain_list, plain_list, objects, long_list)


def fact_values(v: Vocabulary, few: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Some facts with values on each side of what rules ask."""
    one = st.sampled_from(sorted(v.facts)).flatmap(lambda n: st.tuples(st.just(n), st.sampled_from(v.facts[n])))
    return st.lists(one, min_size=1, max_size=2 if few else 12).map(dict)


# ── changes ────────────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=64)
def changes(v: Vocabulary, day: str = "2024-06-15") -> st.SearchStrategy[Change]:
    """One change of one field. `day`: the day that papers are dated around."""
    state = st.sampled_from(v.states)
    tri = st.sampled_from([True, False, None])

    def field(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Change]:
        return values.map(lambda value: Change(name, value))

    facts = st.sampled_from(sorted(v.facts)).flatmap(
        lambda name: st.sampled_from([*v.facts[name], None]).map(lambda value: Change("facts", value, name))
    )
    scoped = st.builds(
        lambda layer, inner: Change("facts", inner, layer), st.sampled_from(v.layers), fact_values(v, few=True)
    )
    events = st.sampled_from(EVENTS).flatmap(
        lambda name: st.one_of(days(v), st.none()).map(lambda value: Change("events", value, name))
    )
    documents = st.one_of(st.none(), st.lists(papers(v, day), max_size=8))
    return st.one_of(
        field("date", days(v)),
        field("export", state),
        field("import", state),
        field("origin", st.one_of(state, st.none())),
        field("transit", st.one_of(_stops(v), st.none())),
        field("hs", st.one_of(st.sampled_from(v.hs_codes), st.none())),
        field("hs_edition", st.sampled_from([*(e for e, _ in v.book.editions), None])),
        field("operation", st.sampled_from(["R3", "R3", "R13", "R1", "R12", "D1", "D10", "product", None])),
        field("waste", tri),
        field("hazardous", tri),
        field("halogenated", tri),
        field("annex_i", st.sampled_from([["Y31"], ["y01", "Y45"], [], None])),
        field("annex_iii", st.sampled_from([["H12"], ["h6.1"], [], None])),
        field("consumer", st.sampled_from(["pre", "post", None])),
        field("material", st.one_of(st.sampled_from(v.materials), st.none())),
        field("net_kg", st.one_of(st.sampled_from([plain(m) for m in v.masses]), st.none())),
        field("declared_entry", st.sampled_from([*v.book.entries, "GB040", None])),
        field("documents", documents),
        compositions(v).map(lambda mix: Change("composition", mix)),
        compositions(v).map(lambda mix: Change("composition", mix)),
        facts,
        facts,
        facts,
        scoped,
        events,
        field("evaluate", st.one_of(st.none(), st.none(), st.lists(st.sampled_from(v.layers), min_size=1, max_size=3))),
    )


# ── shipments ──────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def bases(draw: st.DrawFn, v: Vocabulary) -> Raw:
    """A shipment aimed at a rule, or a bare one between two States that matter."""
    if draw(st.integers(0, 3)):
        rule = v.book.rules[draw(st.sampled_from(sorted(v.book.rules)))]
        options = list(v.aimed(rule))
        return options[draw(st.integers(0, len(options) - 1))]
    state = st.sampled_from(v.states)
    return {"id": "bare", "date": draw(days(v)), "export": draw(state), "import": draw(state)}


@st.composite
def shipments(draw: st.DrawFn, v: Vocabulary, most_changes: int = 12) -> Raw:
    """One raw shipment."""
    raw = draw(bases(v))
    for change in draw(st.lists(changes(v, raw["date"]), max_size=most_changes)):
        raw = change.on(raw)
    return settle(raw)


@st.composite
def neighbourhoods(draw: st.DrawFn, v: Vocabulary, size: int = 24) -> list[Raw]:
    """A shipment, and others that differ from it in one field each; ids count from 1."""
    raw = draw(bases(v))
    for change in draw(st.lists(changes(v, raw["date"]), max_size=8)):
        raw = change.on(raw)
    steps = draw(st.lists(changes(v, raw["date"]), min_size=size // 2, max_size=size))
    rows = [raw, *(change.on(raw) for change in steps)]
    return [settle({**row, "id": str(n + 1)}) for n, row in enumerate(rows)]
