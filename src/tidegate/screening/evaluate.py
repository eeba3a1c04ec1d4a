"""What the law says of one shipment, layer by layer, with reasons.

The order of work: classify the content (which worlds are open), then look at each layer in each world, then put the
layers together, strictest on top. Where a fact is not known, the prohibitions that turn on it are tried with every
value it may take: only when the answers differ is the layer undetermined, and the fact a question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

from tidegate.law.conditions import atoms
from tidegate.law.records import FAILING_KINDS, INTERNATIONAL, PAPER_KINDS, REGIMES, Book, Requirement, Rule
from tidegate.screening.classify import Classification, Tri
from tidegate.screening.logic import (
    ALWAYS_KNOWN,
    ASK_INSTEAD,
    Case,
    compile_condition,
    event_day,
    matches_entry,
    matches_hs,
)
from tidegate.screening.papers import NOT_HELD, check
from tidegate.screening.shipment import Shipment

OUTCOMES = ("clear", "needs", "undetermined", "prohibited")
SEVERITY = {name: n for n, name in enumerate(OUTCOMES)}
REGIME_RANK = {name: n for n, name in enumerate(REGIMES)}
DISPLACED = "displaced_art11"
MOST_COMBINATIONS = 1024
EFFECT = {"prohibition": "prohibit", "exemption": "allow"} | dict.fromkeys(FAILING_KINDS, "standard")
EFFECT |= dict.fromkeys(PAPER_KINDS, "require")
REGIME_EFFECT = {"prohibited": "prohibit", "pic_required": "require", "no_basel_control": "allow", None: "allow"}


# ── the rulebook, compiled ─────────────────────────────────────────────────────────────────────────────────


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
        self.events = {name: tuple(dict.fromkeys(c.rule.event for c in rules)) for name, rules in self.layers.items()}

    def active(self, layer: str, days: Mapping[str, date]) -> tuple[Compiled, ...]:
        """The rules of a layer in force, each on the day of its own event."""
        key = (layer, *(days[e] for e in self.events.get(layer, ())))
        found = self._active.get(key)
        if found is None:
            if len(self._active) > 50_000:
                self._active.clear()
            found = tuple(c for c in self.layers.get(layer, ()) if c.rule.in_force(days[c.rule.event]))
            self._active[key] = found
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


# ── results ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Question:
    """A fact that decides: the rules that turn on it and the answers it decides between."""

    rules: dict[str, None] = field(default_factory=dict)
    decides: dict[str | None, None] = field(default_factory=dict)
    weight: float = 0.0


@dataclass(slots=True)
class LayerResult:
    """What one layer says, independent of the shipment's id and of every other layer."""

    name: str
    outcome: str
    regime: str | None = None
    international: bool = False
    rules: list[str] = field(default_factory=list)
    reasons: list[tuple[str, str]] = field(default_factory=list)
    missing: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)
    verify: dict[str, dict[str, None]] = field(default_factory=dict)
    alerts: list[tuple[str, str]] = field(default_factory=list)
    questions: dict[str, Question] = field(default_factory=dict)
    entry_rules: tuple[str, ...] = ()
    binding: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    """One layer in one world."""

    outcomes: set[str]
    bound: list[tuple[Compiled, str]]
    missing: list[tuple[str, tuple[str, ...], str]]
    verify: dict[str, dict[str, None]]
    alerts: list[str]
    questions: dict[str, Question]
    prohibiting: list[str]
    regimes: dict[str, set[str]] = field(default_factory=dict)
    overall: set[str] = field(default_factory=set)


# ── one layer in one world ─────────────────────────────────────────────────────────────────────────────────


def _bind(case: Case, rules: Iterable[Compiled], days: Mapping[str, date]) -> list[tuple[Compiled, Tri]]:
    """The rules whose scope and conditions hold (True) or may hold (None) in this case."""
    out: list[tuple[Compiled, Tri]] = []
    for c in rules:
        rule = c.rule
        if not matches_entry(rule.basel, case.world):
            continue
        case.day = days[rule.event]
        scope = matches_hs(rule.hs, case)
        if scope is False:
            continue
        holds: Tri = True if c.when is None else c.when(case)
        if holds is False:
            continue
        out.append((c, True if scope and holds else None))
    return out


def _fails(c: Compiled, case: Case) -> Tri:
    unknown = False
    for test in c.fails:
        found = test(case)
        if found:
            return True
        unknown = unknown or found is None
    return None if unknown else False


def _prohibits(c: Compiled, state: Tri, case: Case) -> Tri:
    """Whether the rule prohibits: as its kind says (contract)."""
    if c.rule.kind == "prohibition":
        return state
    if c.rule.kind not in FAILING_KINDS:
        return False
    failing = _fails(c, case)
    if failing is False or state is False:
        return False
    return True if failing and state else None


def _again(c: Compiled, case: Case, days: Mapping[str, date]) -> Tri:
    """The same question with the facts assumed in `case.assumed`."""
    case.day = days[c.rule.event]
    scope = matches_hs(c.rule.hs, case)
    if scope is False:
        return False
    holds: Tri = True if c.when is None else c.when(case)
    if holds is False:
        return False
    return _prohibits(c, True if scope and holds else None, case)


def _open_facts(c: Compiled, case: Case) -> list[str]:
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


def _domain(name: str, rules: Sequence[Compiled], case: Case, book: Book) -> list[Any]:
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


def _national(case: Case, rules: Sequence[Compiled], days: Mapping[str, date], book: Book) -> _Seen:
    """One national layer in one world."""
    states = _bind(case, rules, days)
    switched_off = {
        x for c, state in states if c.rule.exempts and state and not c.excused(case) for x in c.rule.exempts
    }
    seen = _Seen({"clear"}, [], [], {}, [], {}, [])
    pending: list[Compiled] = []
    for c, state in states:
        rule = c.rule
        case.day = days[rule.event]
        if rule.id in switched_off:
            continue
        excused = bool(c.unless) and c.excused(case)
        if not rule.binds:
            if not excused and _alerting(c, case):
                seen.alerts.append(rule.id)
            continue
        if excused:
            if state:
                seen.bound.append((c, "allow"))
            continue
        if state is None and (rule.exempts or (rule.kind in PAPER_KINDS and not (c.requirements or rule.needs))):
            continue  # an exemption counts only when shown; a rule that needs nothing binds only when it surely does
        if rule.kind == "exemption" or rule.kind in PAPER_KINDS:
            seen.bound.append((c, EFFECT[rule.kind]))
            seen.missing += _missing(c, case, book, seen.verify)
        else:
            verdict = _prohibits(c, state, case)
            if verdict is True:
                seen.prohibiting.append(rule.id)
                seen.bound.append((c, "prohibit"))
            else:
                if state:
                    seen.bound.append((c, EFFECT[rule.kind] if rule.kind != "prohibition" else "prohibit"))
                if verdict is None:
                    pending.append(c)
        for name in c.inspects:
            if case.value(name) is None:
                seen.verify.setdefault(name, {})[rule.id] = None
    _suspicions(case, rules, days, seen)
    open_outcome = "needs" if seen.missing else "clear"
    if seen.prohibiting:
        seen.outcomes = {"prohibited"}
        return seen
    seen.outcomes = {open_outcome}
    if pending:
        answers, questions = _try_out(case, pending, days, book, open_outcome)
        seen.outcomes, seen.questions = answers, questions
        if answers == {"prohibited"}:
            seen.prohibiting = [c.rule.id for c in pending]
            known = {c.rule.id for c, _ in seen.bound}
            seen.bound += [(c, "prohibit") for c in pending if c.rule.id not in known]
    return seen


def _alerting(c: Compiled, case: Case) -> bool:
    """A rule that may not bind raises an alert, unless the shipment is known to meet its limits."""
    if c.rule.kind in FAILING_KINDS and c.fails:
        return _fails(c, case) is not False
    return True


def _missing(
    c: Compiled, case: Case, book: Book, verify: dict[str, dict[str, None]]
) -> list[tuple[str, tuple[str, ...], str]]:
    """Papers of the rule that are not held, not valid, of the wrong standard or too small; loose ones to verify."""
    rule = c.rule
    by_why: dict[str, list[str]] = {}
    alternatives: list[tuple[str, str]] = []
    satisfied = False
    for requirement, when in c.requirements:
        asked: Tri = True if when is None else when(case)
        if asked is False:
            continue
        for kinds, shown in _expand(requirement, case):
            why, unsure = check(case.s, kinds, requirement, case.day, book)
            if unsure is not None:
                verify.setdefault(f"document:{shown[kinds.index(unsure)]}", {})[rule.id] = None
            if asked is None:
                # which of these papers is the right one is not known: one of them is enough
                satisfied = satisfied or why is None
                if why is not None:
                    alternatives.append((shown[0], why))
            elif why is not None:
                by_why.setdefault(why, []).append("/".join(shown))
    if alternatives and not satisfied:
        by_why.setdefault(alternatives[0][1], []).append("/".join(dict.fromkeys(k for k, _ in alternatives)))
    for name in rule.needs:
        if case.value(name) is not True:
            by_why.setdefault(NOT_HELD, []).append(name)
    return [(rule.id, tuple(kinds), why) for why, kinds in by_why.items()]


def _expand(requirement: Requirement, case: Case) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(kinds to look for, kinds to show) of a requirement.

    `CONSENT:import` and its like become the States of the route; transit States that are not Parties drop out. What is
    shown keeps a place (`CONSENT:@import`, `CONSENT:@transit0`) that the decision fills in: so a layer's result is the
    same for every route that the law cannot tell apart.
    """
    kind, _, who = requirement.kinds[0].partition(":")
    if not who:
        return [(requirement.kinds, requirement.kinds)]
    if who == "transit":
        found: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        for n, state in enumerate(case.states["transit"]):
            if state in case.states["transit"][:n]:
                continue
            if case.book.in_group(state, ("basel_party",), case.day):
                found.append(((f"{kind}:{state}",), (f"{kind}:@transit{n}",)))
        return found
    return [((f"{kind}:{state}",), (f"{kind}:@{who}",)) for state in case.states.get(who, (who,))]


def _suspicions(case: Case, rules: Sequence[Compiled], days: Mapping[str, date], seen: _Seen) -> None:
    """Rules on content that hides under other codes: what only inspection can show goes under `verify`."""
    if not case.world.waste:
        return
    for c in rules:
        rule = c.rule
        if not rule.suspects or not rule.binds or matches_entry(rule.basel, case.world):
            continue
        case.day = days[rule.event]
        if matches_hs(rule.suspects, case) is False:
            continue
        for name in c.inspects:
            if case.value(name) is None:
                seen.verify.setdefault(name, {})[rule.id] = None


def _try_out(
    case: Case, pending: Sequence[Compiled], days: Mapping[str, date], book: Book, open_outcome: str
) -> tuple[set[str], dict[str, Question]]:
    """Try every value of the facts not known: the outcomes that come out, and the facts that make the difference."""
    turns_on = {c.rule.id: _open_facts(c, case) for c in pending}
    names = list(dict.fromkeys(n for facts in turns_on.values() for n in facts))
    if not names:
        return {open_outcome}, {}
    domains = [_domain(n, pending, case, book) for n in names]
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
            table[places] = any(_again(c, case, days) is True for c in pending)
        case.assumed = {}
        outcomes = {"prohibited" if hit else open_outcome for hit in table.values()}
        if len(outcomes) == 1:
            return outcomes, {}
        matter = {n for i, n in enumerate(names) if _matters(table, i, len(domains[i]))}
    questions: dict[str, Question] = {}
    share = 1.0 / max(1, len({ASK_INSTEAD.get(n, n) for n in matter}))
    for name in names:
        if name not in matter:
            continue
        asked = _asked(name, case)
        question = questions.setdefault(asked, Question(weight=share))
        question.rules.update(dict.fromkeys(r for r, facts in turns_on.items() if name in facts))
        question.decides.update(dict.fromkeys(sorted(outcomes, key=SEVERITY.__getitem__)))
    return outcomes, questions


def _asked(name: str, case: Case) -> str:
    if name == "contains":
        return "polymers"
    if name == "foreign_matter_pct" and case.s.contamination_pct is not None:
        return "polymers"
    return ASK_INSTEAD.get(name, name)


def _matters(table: Mapping[tuple[int, ...], Any], position: int, size: int) -> bool:
    """Whether changing this one fact alone ever changes the answer."""
    for places, hit in table.items():
        if places[position] != 0:
            continue
        for k in range(1, size):
            if table[(*places[:position], k, *places[position + 1 :])] != hit:
                return True
    return False


# ── the international layers, together ─────────────────────────────────────────────────────────────────────


def _regimes(states: Sequence[tuple[Compiled, Tri]], *, possible: bool = False) -> tuple[dict[str, str], str, bool]:
    """(regime by layer, the strictest of all, whether something turns on facts not known)."""
    by_layer: dict[str, int] = {"basel": 0}
    displaced = unsure = False
    for c, state in states:
        rule = c.rule
        if not rule.binds:
            continue
        if state is None and (rule.regime or rule.displaces):
            unsure = True
            if not possible:
                continue
        if rule.regime:
            by_layer[rule.layer] = max(by_layer.get(rule.layer, 0), REGIME_RANK[rule.regime])
        elif rule.displaces:
            by_layer.setdefault(rule.layer, 0)
        displaced = displaced or bool(rule.displaces and state)
    named = {layer: REGIMES[rank] for layer, rank in by_layer.items()}
    overall = max((rank for layer, rank in by_layer.items() if not (displaced and layer == "basel")), default=0)
    if displaced and by_layer["basel"]:
        named["basel"] = DISPLACED
    return named, REGIMES[overall], unsure


def _international(case: Case, rules: Sequence[Compiled], days: Mapping[str, date], book: Book) -> _Seen:
    """Basel, its agreements, regional and Union law in one world."""
    states = _bind(case, rules, days)
    states = [(c, s) for c, s in states if not (c.unless and c.excused(case))]
    seen = _Seen(set(), [], [], {}, [], {}, [])
    regimes, overall, unsure = _regimes(states)
    seen.regimes = {k: {v} for k, v in regimes.items()}
    seen.overall = {overall}
    if unsure:
        pending = [c for c, s in states if s is None and (c.rule.regime or c.rule.displaces)]
        _try_regimes(case, states, pending, days, book, seen)
    displaced = seen.regimes.get("basel") == {DISPLACED}
    settled = next(iter(seen.overall)) if len(seen.overall) == 1 else None
    for c, state in states:
        rule = c.rule
        case.day = days[rule.event]
        if not rule.binds:
            seen.alerts.append(rule.id)
            continue
        if rule.layer == "basel" and displaced and rule.regime:
            seen.bound.append((c, "displaced"))
            continue
        if state is None and not (settled and rule.regime == settled):
            continue
        effect = REGIME_EFFECT[rule.regime] if rule.regime else EFFECT.get(rule.kind, "allow")
        seen.bound.append((c, effect))
        if rule.regime == "prohibited":
            seen.prohibiting.append(rule.id)
        else:
            strictest = seen.regimes.get(rule.layer, {None})
            if rule.regime is None or strictest == {rule.regime}:
                seen.missing += _missing(c, case, book, seen.verify)
        for name in c.inspects:
            if case.value(name) is None:
                seen.verify.setdefault(name, {})[rule.id] = None
    return seen


def _try_regimes(
    case: Case,
    states: Sequence[tuple[Compiled, Tri]],
    pending: Sequence[Compiled],
    days: Mapping[str, date],
    book: Book,
    seen: _Seen,
) -> None:
    turns_on = {c.rule.id: _open_facts(c, case) for c in pending}
    names = list(dict.fromkeys(n for facts in turns_on.values() for n in facts))
    if not names:
        return
    domains = [_domain(n, pending, case, book) for n in names]
    table: dict[tuple[int, ...], str] = {}
    by_layer: dict[str, set[str]] = {}
    sure = [(c, s) for c, s in states if c not in pending]
    for places in product(*(range(len(d)) for d in domains)):
        case.assumed = {n: domains[i][k] for i, (n, k) in enumerate(zip(names, places, strict=True))}
        trial = list(sure)
        for c in pending:
            case.day = days[c.rule.event]
            scope = matches_hs(c.rule.hs, case)
            holds = True if c.when is None else c.when(case)
            if scope and holds:
                trial.append((c, True))
        regimes, overall, _ = _regimes(trial)
        table[places] = overall
        for layer, regime in regimes.items():
            by_layer.setdefault(layer, set()).add(regime)
    case.assumed = {}
    seen.regimes = by_layer
    seen.overall = set(table.values())
    if len(seen.overall) == 1:
        return
    matter = [n for i, n in enumerate(names) if _matters(table, i, len(domains[i]))]
    for name in matter:
        question = seen.questions.setdefault(_asked(name, case), Question(weight=1.0 / len(matter)))
        question.rules.update(dict.fromkeys(r for r, facts in turns_on.items() if name in facts))
        question.decides.update(dict.fromkeys(sorted(seen.overall, key=REGIME_RANK.__getitem__)))


# ── a layer over all open worlds ───────────────────────────────────────────────────────────────────────────


def layer_days(s: Shipment, role: str | None, position: int | None = None) -> dict[str, date]:
    """The day of each event as a layer sees it."""
    return {
        e: event_day(s, e, role, position)
        for e in ("declared", "departed", "bill_of_lading", "arrived", "import_completed")
    }


def national_layer(
    s: Shipment, book: Book, cls: Classification, state: str, role: str, position: int | None = None
) -> LayerResult:
    """What the law of one State says in one role."""
    name = f"national:{state}:{role}"
    days = layer_days(s, role, position)
    rules = compiled(book).active(name, days)
    key = f"{state}:{role}"
    facts: Mapping[str, Any] = s.facts
    own = s.transit[position].facts if position is not None else {}
    if own or key in s.scoped:
        facts = {**s.facts, **own, **s.scoped.get(key, {})}
    case = Case(s, book, state, role, facts)
    views: list[_Seen] = []
    for world in cls.worlds:
        case.world = world
        views.append(_national(case, rules, days, book))
    result = _merge(name, views, cls)
    if state not in book.national_states and any(w.waste for w in cls.worlds):
        result.verify.setdefault("national_law", {})[name] = None
    return result


def international_layers(s: Shipment, book: Book, cls: Classification) -> tuple[list[LayerResult], str | None]:
    """Basel and its neighbours, and the regime that results; None while it is open."""
    days = layer_days(s, None)
    book_c = compiled(book)
    rules = [c for layer in INTERNATIONAL for c in book_c.active(layer, days)]
    case = Case(s, book, None, None, s.facts)
    views: list[_Seen] = []
    for world in cls.worlds:
        case.world = world
        views.append(_international(case, rules, days, book))
    overall = set().union(*(v.overall for v in views))
    regime = next(iter(overall)) if len(overall) == 1 else None
    results = []
    for layer in INTERNATIONAL:
        seen_layers = [v for v in views if layer in v.regimes]
        involved = any(c.rule.layer == layer for v in views for c, _ in v.bound)
        if layer != "basel" and not involved and not any(v.regimes[layer] - {"no_basel_control"} for v in seen_layers):
            continue
        results.append(_international_result(layer, views, cls, regime))
    if regime is None:
        # what leaves the regime open is asked once, with the first layer
        first = results[0]
        if len(views) > 1:
            first.entry_rules = first.entry_rules or tuple(dict.fromkeys(c.rule.id for v in views for c, _ in v.bound))
        for v in views:
            for fact, question in v.questions.items():
                mine = first.questions.setdefault(fact, Question(weight=question.weight))
                mine.rules.update(question.rules)
                mine.decides.update(question.decides)
    return results, regime


def _international_result(layer: str, views: Sequence[_Seen], cls: Classification, overall: str | None) -> LayerResult:
    narrowed = []
    regimes: set[str] = set()
    for v in views:
        mine = v.regimes.get(layer, {"no_basel_control"})
        regimes |= mine
        ids = {c.rule.id for c, _ in v.bound if c.rule.layer == layer}
        missing = [m for m in v.missing if m[0] in ids]
        outcomes = {
            "prohibited" if r == "prohibited" else "needs" if missing and r != DISPLACED else "clear" for r in mine
        }
        if any(r == "pic_required" for r in mine) and not missing and len(mine) > 1:
            outcomes.discard("clear")
            outcomes.add("needs")
        narrowed.append(
            _Seen(
                outcomes,
                [b for b in v.bound if b[0].rule.layer == layer],
                missing,
                {n: kept for n, r in v.verify.items() if (kept := {x: None for x in r if x in ids})},
                [a for a in v.alerts if a in ids],
                {},
                [p for p in v.prohibiting if p in ids],
            )
        )
    result = _merge(layer, narrowed, cls)
    result.international = True
    result.regime = next(iter(regimes)) if len(regimes) == 1 else None
    if overall is not None and result.outcome == "undetermined":
        # this layer turns on what is open, but the sum of the layers does not: unless it may prohibit, it asks nothing
        strictest = max((o for v in narrowed for o in v.outcomes), key=SEVERITY.__getitem__)
        result.outcome = result.outcome if strictest == "prohibited" else strictest
    return result


def _merge(name: str, views: Sequence[_Seen], cls: Classification) -> LayerResult:
    """The layer over all worlds: what holds in each of them is said, what differs is open."""
    outcomes = set().union(*(v.outcomes for v in views))
    result = LayerResult(name, next(iter(outcomes)) if len(outcomes) == 1 else "undetermined")
    shared = set.intersection(*({c.rule.id for c, _ in v.bound} for v in views))
    effects: dict[str, str] = {}
    order: dict[str, Compiled] = {}
    for v in views:
        for c, effect in v.bound:
            if c.rule.id in shared:
                order[c.rule.id] = c
                if effects.get(c.rule.id) != "prohibit":
                    effects[c.rule.id] = effect
    # a rule that prohibits in each world by itself or with others stands as one that prohibits
    settled = result.outcome == "prohibited"
    for rule_id in shared:
        in_every = all(rule_id in v.prohibiting for v in views)
        if effects[rule_id] == "prohibit" and not in_every:
            effects[rule_id] = EFFECT.get(order[rule_id].rule.kind, "prohibit")
        if in_every and settled:
            effects[rule_id] = "prohibit"
    ids = sorted(shared, key=lambda r: order[r].rule.order)
    result.rules = ids
    result.reasons = [(r, effects[r]) for r in ids if effects[r] != "displaced"]
    result.binding = [r for r, effect in result.reasons if effect != "allow"]
    common = [m for m in views[0].missing if all(m in v.missing for v in views[1:])]
    if not common and result.outcome == "needs":
        common = list(dict.fromkeys(m for v in views for m in v.missing))
    result.missing = common
    for v in views:
        for fact, rules in v.verify.items():
            result.verify.setdefault(fact, {}).update(rules)
        for alert in v.alerts:
            if (alert, "") not in result.alerts:
                result.alerts.append((alert, ""))
        for fact, question in v.questions.items():
            mine = result.questions.setdefault(fact, Question(weight=question.weight))
            mine.rules.update(question.rules)
            mine.decides.update(question.decides)
    if len({frozenset(v.outcomes) for v in views}) > 1:
        every = dict.fromkeys(c.rule.id for v in views for c, _ in v.bound)
        pending = dict.fromkeys(r for v in views for r in v.prohibiting)
        result.entry_rules = tuple(r for r in {**every, **pending} if r not in shared)
    if result.outcome != "undetermined":
        result.questions = {}
        result.entry_rules = ()
    return result
