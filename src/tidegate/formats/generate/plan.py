"""Everything of the book that the generator draws from, compiled once into tables of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from tidegate.formats.generate import words
from tidegate.formats.generate.aims import PLACES, Aim, aims_of, number
from tidegate.formats.generate.draws import Codes, Floats, Mask, Ragged, Weighted
from tidegate.formats.generate.facts import facts_in_use, shape_of
from tidegate.formats.generate.wishes import FIRST_DAY, LAST_DAY
from tidegate.law.records import EVENTS, Book
from tidegate.screening.shipment import OPERATIONS

DAY_ZERO = date(1970, 1, 1).toordinal()
OPERATION_WORDS = tuple(sorted(OPERATIONS, key=lambda o: (o[0], len(o), o)))
FLAGS = ("waste", "hazardous", "halogenated")
CONSUMER = ("pre", "post")
# how the same heading is written: refined to 8 or 10 digits, or with a dot
TAILS = ("", "00", "10", "90", "9000")


def number_of(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - DAY_ZERO


class Plan:
    """The tables for one book. `papers`: whether rows may hold documents (profile B)."""

    def __init__(self, book: Book, papers: bool) -> None:
        self.book = book
        self.states = tuple(sorted(book.states))
        self.state_place = {iso: n for n, iso in enumerate(self.states)}
        self.exports = self._partners(words.EXPORTS, words.REST, words.WITH_LAW)
        self.imports = self._partners(words.IMPORTS, words.REST, words.WITH_LAW)
        self.hubs = self._partners(words.HUBS, words.REST_OF_HUBS, words.WITH_LAW)
        self.japan, self.usa = self.state_place["JP"], self.state_place["US"]
        self.years = Weighted(words.YEARS)
        self.year_first = np.array([number_of(date(int(y), 1, 1)) for y in self.years.words])
        self.year_days = np.array([date(int(y), 12, 31).timetuple().tm_yday for y in self.years.words])
        self.turning_days = self._turning_days()
        self.first_day, self.last_day = number_of(FIRST_DAY), number_of(LAST_DAY)
        self._polymers()
        self._headings()
        self._materials()
        self.phrases = tuple(p for group in words.PHRASES for p in group)
        starts = np.cumsum([0, *(len(g) for g in words.PHRASES)])
        self.phrases_of = Ragged([range(a, b) for a, b in pairwise(starts.tolist())])
        self.edition_words = tuple(edition for edition, _ in book.editions)
        self.edition_days = np.array([number_of(start) for _, start in book.editions])
        self.facts = {name: shape_of(book.facts[name]) for name in facts_in_use(book)}
        self.fact_words: dict[str, tuple[str, ...]] = {}
        aims = tuple(a for a in aims_of(book) if papers or not a.papers)
        self._aim_tables(aims)

    def _partners(self, weights: Mapping[str, float], rest: float, with_law: float) -> Weighted:
        lawful = self.book.national_states
        return Weighted({s: max(weights.get(s, rest), with_law if s in lawful else 0) for s in self.states})

    def _turning_days(self) -> Codes:
        """The first day of each rule and the eve, its last day and the morrow."""
        days: set[date] = set()
        for rule in self.book.rules.values():
            if rule.valid_from:
                days |= {rule.valid_from, rule.valid_from - timedelta(days=1)}
            if rule.valid_to:
                days |= {rule.valid_to, rule.valid_to + timedelta(days=1)}
        return np.array(sorted(number_of(d) for d in days if FIRST_DAY <= d <= LAST_DAY))

    def _polymers(self) -> None:
        p = self.book.polymers
        self.polymers = tuple(words.POLYMERS)
        self.polymer_place = {code: n for n, code in enumerate(self.polymers)}
        grade = {c: p.grades.get(c, c) for c in self.polymers}

        def drawn(keep: Sequence[str]) -> tuple[Weighted, Codes]:
            return (
                Weighted({c: words.POLYMERS[c] for c in keep}),
                np.array([self.polymer_place[c] for c in keep], dtype=np.int64),
            )

        known = [c for c in self.polymers if c != "mixed"]
        plain = [c for c in known if grade[c] not in p.halogenated | p.fluoro | p.cured]
        self.any_polymer = drawn(known)
        self.plain_polymer = drawn(plain)
        self.halogenated_polymer = drawn([c for c in known if grade[c] in p.halogenated])
        self.fluoro_polymer = drawn([c for c in known if grade[c] in p.fluoro])
        self.cured_polymer = drawn([c for c in known if grade[c] in p.cured])
        self.mixable = Ragged(
            [[self.polymer_place[c] for c in known if grade[c] == code] for code in sorted(p.mixable)]
        )
        self.mixables = len(p.mixable)
        self.with_halogen = np.array([grade[c] in p.halogenated | p.fluoro for c in self.polymers])
        default = p.hs.get("default", "3915")
        self.heading_of_polymer = [p.hs.get(grade[c], default) for c in self.polymers]

    def _headings(self) -> None:
        codes = tuple(h.code for h in self.book.headings)
        place = {code: n for n, code in enumerate(codes)}
        self.heading_count = len(codes)
        extra = {code for rule in self.book.rules.values() for code in (*rule.hs, *rule.suspects) if code.isdigit()}
        written = [f"{code}{tail}" for code in codes for tail in TAILS]
        dotted = [f"{code[:4]}.{code[4:]}" if len(code) > 4 else f"{code}.90" for code in codes]
        more = sorted(extra - set(written))
        self.hs_words = (*written, *dotted, *more)
        self.polymer_heading = np.array([place.get(h, place["3915"]) for h in self.heading_of_polymer])
        plastic = {"B3011", "Y48"}
        self.plastic_headings = np.array(
            [place[h.code] for h in self.book.headings if plastic & set(h.candidates) and h.material is None]
        )
        self.article_headings = np.array([place[c] for c in codes if "3916" <= c[:4] <= "3926"])
        self.other_headings = np.array(
            [place[h.code] for h in self.book.headings if h.material is None and not plastic & set(h.candidates)]
        )
        self.hidden_headings = np.array([place[c] for c in ("391590", "470790", "3915") if c in place])
        self.headings_of_stream = {
            name: [place[h.code] for h in self.book.headings if h.material == name]
            or [place[c] for c in dict.fromkeys(stream.deserves.values()) if c in place]
            for name, stream in self.book.streams.items()
        }

    def _materials(self) -> None:
        streams = tuple(name for name, s in self.book.streams.items() if not s.plastic)
        plastic = tuple(name for name, s in self.book.streams.items() if s.plastic)
        self.material_words = (*streams, *plastic, *words.OTHER_MATERIALS.words)
        self.material_place = {name: n for n, name in enumerate(self.material_words)}
        self.streams = len(streams)
        self.plastic_materials = np.array([self.material_place[m] for m in plastic], dtype=np.int64)
        self.first_other = len(streams) + len(plastic)
        self.stream_headings = Ragged([self.headings_of_stream.get(m, []) for m in self.material_words])
        self.stream_hazard = np.array(
            [
                any(h is not None for _, h, _ in self.book.streams[m].entries) if m in self.book.streams else False
                for m in self.material_words
            ]
        )
        self.stream_phrases = tuple(words.STREAM_PHRASES.get(m, "Recovered material") for m in self.material_words)

    # ── aims ───────────────────────────────────────────────────────────────────────────────────────────────

    def _aim_tables(self, aims: tuple[Aim, ...]) -> None:
        self.aims = aims
        by_rule: dict[str, int] = {}
        for aim in aims:
            by_rule[aim.rule] = by_rule.get(aim.rule, 0) + 1
        # a rule with many ways weighs somewhat more, so that each way is met
        self.aim = Weighted({str(n): by_rule[a.rule] ** -0.6 for n, a in enumerate(aims)})
        self.aim_first = np.array([number_of(a.first) for a in aims] + [self.first_day])
        self.aim_last = np.array([number_of(a.last) for a in aims] + [self.last_day])
        self.aim_event = np.array([EVENTS.index(a.event) for a in aims] + [EVENTS.index("arrived")])
        self.aim_states = {
            place: Ragged([[self.state_place[s] for s in a.states.get(place, ())] for a in aims]) for place in PLACES
        }
        self.aim_allows = {place: self._allowed(choices) for place, choices in self.aim_states.items()}
        self.aim_direct = np.array([a.direct for a in aims] + [False])
        self.aim_hs = Ragged([self._written_under(a.hs) for a in aims])
        self.aim_recipe = Ragged([list(a.recipes) for a in aims])
        self.aim_material = np.array([self._material(a.material) for a in aims] + [-1])
        self.aim_polymer = Ragged(
            [[self.polymer_place[p] for p in a.polymers if p in self.polymer_place] for a in aims]
        )
        self.aim_papers = tuple(a.papers for a in aims)
        self.aim_has_papers = np.array([bool(a.papers) for a in aims] + [False])
        self.aim_flags = {name: self._flag(name, aims) for name in FLAGS}
        self.aim_operation = self._word("operation", OPERATION_WORDS, aims)
        self.aim_consumer = self._word("consumer", CONSUMER, aims)
        self.aim_contamination = self._number("contamination_pct", aims)
        self.aim_kilograms = self._number("net_kg", aims)
        self.aim_facts: dict[str, Codes | Floats] = {}
        for name, shape in self.facts.items():
            kind = self.book.facts[name].type
            if kind == "bool":
                self.aim_facts[name] = self._flag(name, aims)
            elif kind == "number":
                self.aim_facts[name] = self._number(name, aims)
            else:
                aimed = (str(a.values[name]).lower() if a.values[name] is False else str(a.values[name])
                         for a in aims if name in a.values)  # fmt: skip
                self.fact_words[name] = tuple(dict.fromkeys((*shape.values, *aimed)))
                self.aim_facts[name] = self._word(name, self.fact_words[name], aims)

    def _allowed(self, choices: Ragged) -> Mask:
        allowed = np.zeros((len(choices.counts), len(self.states)), dtype=bool)
        owner, member = choices.spread(np.arange(len(choices.counts)))
        allowed[owner, member] = True
        return allowed

    def _written_under(self, prefixes: tuple[str, ...]) -> list[int]:
        return [n for n, word in enumerate(self.hs_words) if word.startswith(prefixes)] if prefixes else []

    def _material(self, name: str | None) -> int:
        return -1 if name is None else self.material_place.get(name, -1)

    def _flag(self, name: str, aims: Sequence[Aim]) -> Codes:
        return np.array([-1 if name not in a.values else int(bool(a.values[name])) for a in aims] + [-1])

    def _word(self, name: str, known: tuple[str, ...], aims: Sequence[Aim]) -> Codes:
        def place(value: Any) -> int:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            return known.index(text) if text in known else -1

        return np.array([place(a.values[name]) if name in a.values else -1 for a in aims] + [-1])

    def _number(self, name: str, aims: Sequence[Aim]) -> Floats:
        return np.array([number(a.values[name]) if name in a.values else np.nan for a in aims] + [np.nan])


_PLANS: dict[tuple[str, bool], Plan] = {}


def plan_for(book: Book, papers: bool) -> Plan:
    """The plan of a book, compiled once."""
    key = (book.hash, papers)
    if key not in _PLANS:
        if len(_PLANS) >= 4:
            _PLANS.clear()
        _PLANS[key] = Plan(book, papers)
    return _PLANS[key]
