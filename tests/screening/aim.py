"""Shipments aimed at the rules of a book: one that meets a rule, and its neighbours one step away on every side.

All of it is read off the book (conditions, dates, papers, streams, polymers, States), so a rule that is new is aimed
at without a change here. Nothing is decided here: an aim that misses only tests less.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from tidegate.law import Book, Rule
from tidegate.law.conditions import COMPARISONS, atoms
from tidegate.law.records import Requirement

Raw = dict[str, Any]
MIDDLE = date(2024, 6, 15)  # a day on which most of the law of today is in force
STEP = Decimal("0.001")  # how far a number is moved to stand just over or just under a limit
FIELDS_OF_SHIPMENT = frozenset(
    "id date events export import origin transit consignment hs hs_edition description declared_entry operation waste "
    "polymers contamination_pct halogenated hazardous annex_i annex_iii consumer material net_kg gross_kg value "
    "currency "
    "consignor consignee facility containers documents facts evaluate".split()
)
STATE_FACTS = frozenset("export import origin counterpart here transit".split())


class Vocabulary:
    """Everything of a book that a shipment can be aimed with."""

    def __init__(self, book: Book):
        self.book = book

    @cached_property
    def conditions(self) -> list[tuple[str, str, Any]]:
        """Every atom of every condition."""
        return [a for rule in self.book.rules.values() for c in conditions_of(rule) for a in atoms(c)]

    @cached_property
    def days(self) -> list[date]:
        """The first and last days of everything dated in the book, and the days beside them."""
        found: set[date] = {MIDDLE, date(2012, 1, 1), date(2028, 12, 31)}
        for rule in self.book.rules.values():
            found |= edges_of(rule.valid_from, rule.valid_to)
            for requirement in rule.documents:
                found |= edges_of(requirement.old_before, requirement.old_until)
        for _, op, operand in self.conditions:
            if op == "before":
                found |= edges_of(operand, None)
        for parameter in self.book.parameters:
            found |= edges_of(parameter.start, parameter.end)
        for _, start in self.book.editions:
            found |= edges_of(start, None)
        for state in self.book.states.values():
            for periods in state.groups.values():
                for period in periods:
                    found |= edges_of(period.start, period.end)
        return sorted(d for d in found if d.year >= 1985)

    @cached_property
    def states(self) -> list[str]:
        """States with law of their own, those that conditions name, and one of each set of memberships."""
        found = dict.fromkeys(sorted(self.book.national_states))
        for fact, _, operand in self.conditions:
            if fact in STATE_FACTS:
                found.update(dict.fromkeys(name for name in operand if name in self.book.states))
        seen: set[Any] = set()
        for state in self.book.states.values():
            profile = tuple(sorted((g, tuple((p.start, p.end) for p in ps)) for g, ps in state.groups.items()))
            if profile not in seen:
                seen.add(profile)
                found[state.iso] = None
        return list(found)

    @cached_property
    def hs_codes(self) -> list[str]:
        """Codes on, above and below every prefix of the book, and codes that it does not know."""
        found: dict[str, None] = {}
        prefixes = {h.code for h in self.book.headings} | {p for _, op, p in self.conditions if op == "hs"}
        for rule in self.book.rules.values():
            prefixes |= {p for p in (*rule.hs, *rule.suspects) if p.isdigit()}
        for fact, _, operand in self.conditions:
            if fact == "hs":
                prefixes |= set(operand)
        prefixes |= set(self.book.polymers.hs.values())
        for stream in self.book.streams.values():
            prefixes |= set(stream.deserves.values())
        for code in sorted(prefixes):
            for cut in (4, 6, 8):
                if len(code) >= cut:
                    found[code[:cut]] = None
            if code.isdigit():
                found[(code + "0000")[: max(8, len(code))]] = None
        return [*(c for c in found if c.isdigit() and len(c) >= 4), "3901", "940370", "0101"]

    @cached_property
    def polymers(self) -> list[str]:
        """Codes of every family, grades, the unknown and what was not identified."""
        p = self.book.polymers
        families = [p.mixable, p.non_halogenated, p.halogenated, p.cured, p.fluoro, p.b3010_excluded, set(p.hs)]
        found = dict.fromkeys(code for family in families for code in sorted(family) if code != "default")
        found.update(dict.fromkeys(code for fact, _, o in self.conditions if fact == "contains" for code in o))
        return [*found, *p.grades, "mixed", "XQZ", "Polyunobtainium"]

    @cached_property
    def percentages(self) -> list[Decimal]:
        """Every limit in % that the book knows, just under it, on it and just over it."""
        limits = {Decimal(0), Decimal(100)}
        limits |= {p.value for p in self.book.parameters if p.unit.startswith("%")}
        limits |= {Decimal(o) for f, op, o in self.conditions if op in COMPARISONS and f.endswith("_pct")}
        limits |= {100 - x for x in limits}
        around = {x + d for x in limits for d in (-STEP, Decimal(0), STEP)}
        return sorted(x for x in around if 0 <= x <= 100)

    @cached_property
    def materials(self) -> list[str]:
        """Every stream, the words that conditions name, and words that nobody knows."""
        named = [w for fact, _, operand in self.conditions if fact == "material" for w in operand]
        return list(dict.fromkeys([*self.book.streams, *named, "wood", "plastic", "Household_Refuse"]))

    @cached_property
    def facts(self) -> dict[str, list[Any]]:
        """Facts of the registry that are no fields of the shipment, each with values on each side of what is asked."""
        found: dict[str, list[Any]] = {}
        for fact in self.book.facts.values():
            if fact.by == "derived" or fact.name in FIELDS_OF_SHIPMENT:
                continue
            if fact.type == "bool":
                found[fact.name] = [True, False]
            elif fact.type == "number":
                limits = {Decimal(0), Decimal(1)}
                for name, op, operand in self.conditions:
                    if name == fact.name:
                        limits |= {operand} if op in COMPARISONS else set(operand)
                if fact.name == "household_refuse_pct":
                    limits |= {p.value for p in self.book.parameters if p.name == "household_refuse_min_pct"}
                step = 1 if fact.counted else STEP
                around = {x + d for x in limits for d in (-step, 0, step)}
                found[fact.name] = [plain(x) for x in sorted(around) if 0 <= x <= 100]
            elif fact.type == "text":
                named = [
                    v for name, op, o in self.conditions if name == fact.name and op in ("in", "not_in") for v in o
                ]
                words = dict.fromkeys([*fact.values, *named])
                found[fact.name] = [*(False if w == "false" else w for w in words), "something else"]
        return found

    @cached_property
    def masses(self) -> list[Decimal]:
        """Net masses in kg on each side of every step that a rule makes."""
        steps = {Decimal(1), Decimal(20)}
        for rule in self.book.rules.values():
            for requirement in rule.documents:
                steps |= {below for below, _ in requirement.value_by_tonnes if below is not None}
        limits = {step * 1000 for step in steps}
        limits |= {o for name, op, o in self.conditions if name == "net_kg" and op in COMPARISONS}
        return sorted({x + d for x in limits for d in (-STEP, Decimal(0), STEP)})

    @cached_property
    def document_kinds(self) -> list[str]:
        """Every kind; consents by their place on the route (`CONSENT:@import`)."""
        found: dict[str, None] = {}
        for kind in self.book.documents.values():
            if kind.per_state:
                found |= dict.fromkeys(f"{kind.kind}:@{place}" for place in ("export", "import", "transit"))
                found[f"{kind.kind}:{self.states[0]}"] = None
            else:
                found[kind.kind] = None
        for rule in self.book.rules.values():
            for requirement in rule.documents:
                found |= dict.fromkeys(k for k in requirement.kinds if ":" not in k)
        return [*found, "A_KIND_NOBODY_KNOWS"]

    @cached_property
    def standards(self) -> list[str]:
        """Standards that rules name, spelled as people spell them, and one that none does."""
        named = {s for rule in self.book.rules.values() for d in rule.documents for s in d.standards}
        named |= {o[2] for _, op, o in self.conditions if op == "holds" and o[2]}
        spelled = [s for name in sorted(named) for s in (name, name.replace("QCVN", "QCVN ") + "/BTNMT", name.lower())]
        return [*spelled, "ISO 1"]

    @cached_property
    def document_values(self) -> list[Decimal]:
        steps = {v for r in self.book.rules.values() for d in r.documents for _, v in d.value_by_tonnes} | {Decimal(1)}
        return sorted({x + d for x in steps for d in (-STEP, Decimal(0), STEP)})

    @cached_property
    def terms(self) -> list[int]:
        """Ages in days at which a paper may end: every term, with and without renewals, and the days beside."""
        found = {0, 30, 365}
        for rule in self.book.rules.values():
            for d in rule.documents:
                term = d.term_days or (d.term_years or 0) * 365
                for renewals in range(min(3, (d.renewals_max or 0) + 2)):
                    found.add(term + renewals * (d.renewal_days or 0))
                found |= {term + 1, term + 2, term + 3}
        return sorted({x + d for x in found for d in (-1, 0, 1)} - {-1})

    @cached_property
    def cut_off_days(self) -> list[date]:
        """Days before which a paper has to be issued for a rule to look at it differently."""
        found: set[date] = set()
        for _, op, operand in self.conditions:
            if op == "holds" and operand[1]:
                found |= edges_of(operand[1], None)
        for rule in self.book.rules.values():
            for d in rule.documents:
                found |= edges_of(d.old_before, d.old_until)
        return sorted(found)

    @cached_property
    def layers(self) -> list[str]:
        """Names that `evaluate` takes: every national layer with rules, and one without."""
        named = [name.removeprefix("national:") for name in self.book.by_layer if name.startswith("national:")]
        return [*named, "BR:import"]

    # ── aiming ─────────────────────────────────────────────────────────────────────────────────────────

    def recipes(self, token: str, day: date) -> list[Raw]:
        """Contents that fall under a token of a rule's Basel scope, as far as the book's tables tell."""
        clean: Raw = {"polymers": {"PE": 99}, "contamination_pct": 1, "hazardous": False, "operation": "R3"}
        clean["facts"] = {"to_specification": True}
        mixed: Raw = {"polymers": {"PE": 55, "PS": 40}, "contamination_pct": 5, "hazardous": False, "operation": "R3"}
        mixed["facts"] = {"to_specification": False}
        hazardous: Raw = {**clean, "hazardous": True}
        wood: Raw = {"material": "wood", "operation": "R3", "hazardous": False}
        named: dict[str, list[Raw]] = {
            "any": [clean, mixed],
            "A3210": [hazardous],
            "B3011": [clean],
            "B3010": [clean],
            "Y48": [mixed],
            "EU3011": [{**clean, "polymers": {"PVC": 99}}],
            "EU48": [mixed],
            "A-list": [hazardous],
            "controlled": [mixed, hazardous],
            "B-list": [clean, {"material": "paper", "operation": "R3", "hazardous": False}],
            "unlisted": [wood],
            "hazardous-unlisted": [{**wood, "hazardous": True}],
        }
        found = named.get(token, [])
        for stream in self.book.streams.values():
            for entry, hazard, barred in stream.entries:
                if entry == token:
                    operation = "D10" if "R" in barred else "R3"
                    found = [*found, {"material": stream.material, "hazardous": bool(hazard), "operation": operation}]
        for heading in self.book.headings:
            # what nothing is known of but its heading
            if token in heading.candidates and not found:
                found = [{"hs": heading.code, "operation": "R4", "hazardous": token[0] == "A"}]
        return [copy.deepcopy(r) for r in found or [clean]]

    def aimed(self, rule: Rule) -> Iterator[Raw]:
        """Shipments that should meet the scope and the conditions of a rule, with the papers it asks for."""
        day = day_inside(rule)
        for token in rule.basel:
            for recipe in self.recipes(token, day):
                raw: Raw = {"id": rule.id, "date": day.isoformat(), "export": "BR", "import": "ZA", "waste": True}
                raw.update(recipe)
                codes = [p for p in rule.hs if p.isdigit()]
                if codes:
                    raw["hs"] = codes[0]
                if rule.state:
                    put_state(raw, rule.role or "", rule.state)
                for condition in (rule.when, *(f for f in rule.fails[:1])):
                    self.meet(condition, raw, rule, day)
                if "listed" in rule.hs:
                    raw.setdefault("facts", {})["listed_item"] = True
                raw["documents"] = [self.paper(r, raw, day) for r in rule.documents]
                raw["documents"] += held_papers(rule.when)
                yield raw

    def paper(self, requirement: Requirement, raw: Raw, day: date) -> Raw:
        """A paper that satisfies a requirement on a day."""
        paper: Raw = {"kind": requirement.kinds[0], "issued": (day - timedelta(days=10)).isoformat()}
        head, colon, place = paper["kind"].partition(":")
        if colon:
            paper["kind"] = f"{head}:@{place}"
        paper["valid_to"] = (day + timedelta(days=10)).isoformat()
        if requirement.standards:
            paper["standard"] = requirement.standards[0]
        if requirement.value_by_tonnes:
            paper["value"] = plain(max(v for _, v in requirement.value_by_tonnes))
        return paper

    def meet(self, condition: Any, raw: Raw, rule: Rule, day: date, wanted: bool = True) -> None:
        """Changes a shipment so that a condition holds (or does not)."""
        if condition is None:
            return
        kind = condition[0]
        if kind == "not":
            self.meet(condition[1], raw, rule, day, not wanted)
        elif kind in ("all", "any"):
            every = (kind == "all") is wanted
            for part in condition[1] if every else condition[1][:1]:
                self.meet(part, raw, rule, day, wanted)
        else:
            self._meet_atom(condition[1], condition[2], condition[3], raw, rule, day, wanted)

    def _meet_atom(self, fact: str, op: str, operand: Any, raw: Raw, rule: Rule, day: date, wanted: bool) -> None:
        inside = wanted is (op != "not_in")
        if fact in STATE_FACTS:
            self._meet_place(
                "transit" if fact == "transit" else place_of(fact, rule), raw, rule, day, (fact, operand, inside)
            )
        elif fact in ("event_before", "holds", "entry", "waste"):
            return  # days and papers are varied for themselves
        elif fact == "hs":
            raw["hs"] = operand[0] if inside else "3901"
        elif fact == "contains":
            raw.update(polymers={operand[0] if inside else "PVC": 99}, contamination_pct=1)
        elif fact == "polymer_mix":
            mixes: dict[str, Raw] = {
                "single": {"PE": 99},
                "pe_pp_pet": {"PE": 50, "PP": 49},
                "other": {"PE": 50, "PS": 49},
            }
            words = [w for w in mixes if (w in operand) is inside]
            raw.update(polymers=dict(mixes[words[0]]), contamination_pct=1)
        elif op in COMPARISONS:
            less = (op in ("lt", "le")) is wanted
            set_fact(raw, fact, plain(max(Decimal(0), operand - 1) if less else operand + 1))
        elif fact == "operation":
            raw["operation"] = {"R": "R3", "D": "D10"}.get(operand[0], operand[0]) if inside else "R1"
        else:
            values = self.own_values(fact) if fact in FIELDS_OF_SHIPMENT else self.facts.get(fact, [])
            others = [v for v in values if v not in operand]
            set_fact(raw, fact, operand[0] if inside else (others or [None])[0])

    def _meet_place(self, place: str, raw: Raw, rule: Rule, day: date, asked: tuple[str, Any, bool]) -> None:
        """Puts a State into a place of the route: one that fits what is asked, and most of what else the rule asks."""
        if place == "here":
            return
        _, operand, inside = asked
        wishes = [
            (o, op != "not_in") for f, op, o in atoms(rule.when) if f in STATE_FACTS and place_of(f, rule) == place
        ]

        def fits(iso: str) -> tuple[bool, int]:
            met = sum(self.book.in_group(iso, names, day) is wanted for names, wanted in wishes)
            return self.book.in_group(iso, operand, day) is inside, met

        stops = raw.get("transit") or [None]
        held = stops[0] if place == "transit" else raw.get(place)
        others = {raw["export"], raw["import"]} - {held}
        best = max((iso for iso in [held, *self.states] if iso is not None and iso not in others), key=fits)
        put_state(raw, place, best)

    # ── neighbours ─────────────────────────────────────────────────────────────────────────────────────

    def around(self, rule: Rule) -> Iterator[Raw]:
        """A shipment that meets the rule, and every one that lies one step away from it."""
        for n, base in enumerate(self.aimed(rule)):
            yield base
            yield from self._steps(rule, base)
            if n:
                continue
            bare = {k: v for k, v in base.items() if k in ("id", "date", "export", "import", "transit", "hs")}
            yield bare
            yield {**bare, "polymers": {"mixed": 100}}

    def _steps(self, rule: Rule, base: Raw) -> Iterator[Raw]:
        for day in sorted(edges_of(rule.valid_from, rule.valid_to)):
            yield {**base, "date": day.isoformat()}
            yield {**base, "events": {rule.event: day.isoformat()}}
        yield {**base, "documents": []}
        yield {k: v for k, v in base.items() if k != "documents"}
        for name in ("hs", "operation", "waste", "hazardous", "polymers", "contamination_pct", "facts"):
            if name in base:
                yield {k: v for k, v in base.items() if k != name}
        for condition in conditions_of(rule):
            for fact, op, operand in atoms(condition):
                yield from self._values(fact, op, operand, base, rule)
        for n, requirement in enumerate(rule.documents):
            yield from self._papers(n, requirement, base)

    def _values(self, fact: str, op: str, operand: Any, base: Raw, rule: Rule) -> Iterator[Raw]:
        if fact == "event_before":
            for day in sorted(edges_of(operand, None)):
                yield {**base, "date": day.isoformat()}
        elif fact == "holds":
            kinds, before, standard = operand
            for day in sorted(edges_of(before, None)) or [MIDDLE - timedelta(days=400)]:
                for named in (standard, None, "ISO 1"):
                    paper = {"kind": kinds[-1], "issued": day.isoformat()} | ({"standard": named} if named else {})
                    yield {**base, "documents": [*base["documents"], paper]}
        elif fact in STATE_FACTS:
            place = place_of(fact, rule)
            wanted = {True: 1, False: 1}
            day = day_inside(rule)
            for iso in self.states:
                inside = self.book.in_group(iso, operand, day)
                if wanted[inside]:
                    wanted[inside] -= 1
                    moved = copy.deepcopy(base)
                    put_state(moved, place, iso)
                    yield moved
        elif fact in ("contains", "polymer_mix", "target_purity_pct", "foreign_matter_pct"):
            for mix in (
                {"PE": 99},
                {"PE": 50, "PP": 48},
                {"PE": 97, "PVC": 2},
                {"PET": 60, "mixed": 39},
                {"mixed": 99},
            ):
                yield {**base, "polymers": mix, "contamination_pct": 1}
            if op in COMPARISONS:
                for x in (operand - STEP, operand, operand + STEP):
                    if 0 <= x <= 100:
                        yield with_fact(base, fact, plain(x))
                        yield {**base, "polymers": {"PE": plain(100 - x)}, "contamination_pct": plain(x)}
        elif op in COMPARISONS:
            for x in (operand - STEP, operand, operand + STEP):
                yield with_fact(base, fact, plain(max(Decimal(0), x)))
        elif fact in self.facts:
            for value in (*self.facts[fact], None):
                yield with_fact(base, fact, value)
                if rule.state:
                    yield with_fact(base, fact, value, layer=f"{rule.state}:{rule.role}")
        elif fact in FIELDS_OF_SHIPMENT:
            for value in (*self.own_values(fact), None):
                yield with_fact(base, fact, value)

    def own_values(self, name: str) -> Sequence[Any]:
        """Values of a field of the shipment itself."""
        if name in ("waste", "hazardous", "halogenated"):
            return (True, False)
        if name == "operation":
            return ("R3", "R13", "R1", "D1", "product")
        if name == "consumer":
            return ("pre", "post")
        if name == "material":
            return self.materials
        if name == "hs":
            return self.hs_codes
        if name == "contamination_pct":
            return [plain(x) for x in self.percentages]
        if name in ("net_kg", "gross_kg"):
            return [plain(x) for x in self.masses]
        if name == "declared_entry":
            return [*self.book.entries, "GB040"]
        if name == "hs_edition":
            return [edition for edition, _ in self.book.editions]
        return ["USD", "EUR"]

    def _papers(self, n: int, requirement: Requirement, base: Raw) -> Iterator[Raw]:
        day = date.fromisoformat(base["date"])

        def held(**change: Any) -> Raw:
            papers = copy.deepcopy(base["documents"])
            papers[n] = {k: v for k, v in {**papers[n], **change}.items() if v is not None}
            return {**base, "documents": papers}

        yield {**base, "documents": [p for k, p in enumerate(base["documents"]) if k != n]}
        yield {**base, "documents": [base["documents"][n]["kind"]]}
        for kind in requirement.kinds[1:]:
            yield held(kind=kind if ":" not in kind else kind.replace(":", ":@"))
        yield held(valid_to=day.isoformat())
        yield held(valid_to=(day - timedelta(days=1)).isoformat())
        yield held(valid_from=(day + timedelta(days=1)).isoformat(), issued=None)
        yield held(issued=(day + timedelta(days=1)).isoformat())
        for term in self.terms if requirement.term_days or requirement.term_years else ():
            issued = (day - timedelta(days=term)).isoformat()
            yield held(issued=issued, valid_to=None)
            renewal = {"from": day.isoformat(), "days": requirement.renewal_days or 90}
            yield held(issued=issued, valid_to=None, renewals=[renewal])
            yield held(issued=issued, valid_to=None, renewals=[renewal, {"days": 90}])
        for issued_on in edges_of(requirement.old_before, None):
            yield held(issued=issued_on.isoformat())
        for days in (365, 366, 367) if requirement.longest_years else ():
            ends = day + timedelta(days=10)
            begins, last = (ends - timedelta(days=days)).isoformat(), ends.isoformat()
            yield held(valid_from=begins, valid_to=last)
            yield held(issued=begins, valid_from=None, valid_to=last)
            yield held(issued=None, valid_from=None, valid_to=last)
        for standard in (None, "ISO 1", *requirement.standards) if requirement.standards else ():
            yield held(standard=standard)
        for value in self.document_values if requirement.value_by_tonnes else ():
            for mass in (None, *self.masses):
                if mass is None:
                    yield held(value=plain(value))
                elif value == value.to_integral_value():
                    yield {**held(value=plain(value)), "net_kg": plain(mass)}


def conditions_of(rule: Rule) -> list[Any]:
    """Every condition of a rule, those of its papers among them."""
    return [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]


def edges_of(start: date | None, end: date | None) -> set[date]:
    """The first and last day, the day before the first and the day after the last."""
    found = set()
    if start:
        found |= {start, start - timedelta(days=1)}
    if end:
        found |= {end, end + timedelta(days=1)}
    return found


def day_inside(rule: Rule) -> date:
    """A day on which the rule is in force."""
    if rule.in_force(MIDDLE):
        return MIDDLE
    return rule.valid_from or rule.valid_to or MIDDLE


def place_of(fact: str, rule: Rule) -> str:
    """Where on the route the State stands that a condition asks for."""
    if fact == "counterpart":
        return "import" if rule.role == "export" else "export"
    return fact


def held_papers(condition: Any) -> list[Raw]:
    """Papers on whose holding a condition hangs, old enough and of the standard that it names."""
    papers = []
    for _, op, operand in atoms(condition):
        if op == "holds":
            kinds, before, standard = operand
            paper: Raw = {"kind": kinds[0]}
            if before:
                paper["issued"] = (before - timedelta(days=1)).isoformat()
            papers.append(paper | ({"standard": standard} if standard else {}))
    return papers


def plain(number: Decimal) -> int | float:
    """The number as JSON would carry it."""
    return int(number) if number == number.to_integral_value() else float(number)


def set_fact(raw: Raw, fact: str, value: Any) -> None:
    """Puts a fact where the contract has it; None takes it away."""
    value = plain(value) if isinstance(value, Decimal) else value
    if fact in FIELDS_OF_SHIPMENT:
        raw[fact] = value
    else:
        raw["facts"] = {**raw.get("facts", {}), fact: value}


def with_fact(raw: Raw, fact: str, value: Any, layer: str | None = None) -> Raw:
    """A copy with one fact changed, for every layer or for one."""
    out = copy.deepcopy(raw)
    if layer is None:
        set_fact(out, fact, value)
    elif fact not in FIELDS_OF_SHIPMENT:
        out["facts"] = {**out.get("facts", {}), layer: {fact: value}}
    return out


def put_state(raw: Raw, place: str, iso: str) -> None:
    """A State into a role, the other places kept apart from it."""
    if place == "transit":
        raw["transit"] = [iso]
    elif place in ("export", "import", "origin"):
        other = {"export": "import", "import": "export"}.get(place)
        if other and raw.get(other) == iso:
            raw[other] = raw[place]
        raw[place] = iso


def settle(raw: Mapping[str, Any]) -> Raw:
    """The shipment with the places in its papers filled in, and without what is not known."""
    out = {k: copy.deepcopy(v) for k, v in raw.items() if v is not None}
    stops = [s["state"] if isinstance(s, Mapping) else s for s in out.get("transit") or ()]
    places = {"export": out.get("export"), "import": out.get("import"), "transit": stops[0] if stops else "SG"}
    for paper in out.get("documents") or ():
        if isinstance(paper, dict):
            head, at, place = paper["kind"].partition("@")
            if at:
                paper["kind"] = head + str(places.get(place, "SG"))
    return out
