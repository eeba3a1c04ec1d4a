"""A layer over all open worlds: what holds in each of them is said, what differs is open."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from tidegate.law.records import EVENTS, INTERNATIONAL, Book
from tidegate.screening.classify import Classification, World
from tidegate.screening.evaluate.compiled import Compiled, compiled
from tidegate.screening.evaluate.international import look_international
from tidegate.screening.evaluate.national import look_national
from tidegate.screening.evaluate.results import DISPLACED, EFFECT, SEVERITY, LayerResult, Question, Seen
from tidegate.screening.logic import Case, event_day
from tidegate.screening.shipment import Shipment

LOG = logging.getLogger(__name__)


def layer_days(s: Shipment, role: str | None, position: int | None = None) -> dict[str, date]:
    """The day of each event as a layer sees it."""
    if position is not None:
        return {event: event_day(s, event, role, position) for event in EVENTS}
    own, day = s.events, s.date
    return {event: own.get(event, day) for event in EVENTS}


def _views(
    look: Callable[[Case, tuple[Compiled, ...], Mapping[str, date], Book], Seen],
    case: Case,
    rules: tuple[Compiled, ...],
    days: Mapping[str, date],
    book: Book,
    cls: Classification,
) -> tuple[list[Seen], list[str]]:
    """Every world as one look sees it, and the rules that failed to evaluate and were left out."""
    try:
        return [_in_world(look, case, world, rules, days, book) for world in cls.worlds], []
    except Exception as error:
        failure = error
    broken = []
    for c in rules:
        try:
            for world in cls.worlds:
                _in_world(look, case, world, (c,), days, book)
        except Exception:
            broken.append(c.rule.id)
    LOG.error("%s could not be evaluated: %r", ", ".join(broken) or "the rulebook", failure)
    sound = tuple(c for c in rules if c.rule.id not in broken)
    return [_in_world(look, case, world, sound, days, book) for world in cls.worlds], broken or ["RULEBOOK"]


def _in_world(
    look: Callable[[Case, tuple[Compiled, ...], Mapping[str, date], Book], Seen],
    case: Case,
    world: World,
    rules: tuple[Compiled, ...],
    days: Mapping[str, date],
    book: Book,
) -> Seen:
    case.world = world
    case.assumed = {}
    return look(case, rules, days, book)


def _admit(result: LayerResult, broken: Sequence[str]) -> None:
    """A rule that fails to evaluate gives undetermined with an alert, never clear (contract)."""
    for rule_id in broken:
        result.alerts.append((rule_id, "failed"))
        if SEVERITY[result.outcome] < SEVERITY["undetermined"]:
            result.outcome = "undetermined"


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
    views, broken = _views(look_national, case, rules, days, book, cls)
    result = merge(name, views, cls)
    _admit(result, broken)
    if state not in book.national_states and any(w.waste for w in cls.worlds):
        result.verify.setdefault("national_law", {})[name] = None
    return result


def international_layers(s: Shipment, book: Book, cls: Classification) -> tuple[list[LayerResult], str | None]:
    """Basel and its neighbours, and the regime that results; None while it is open."""
    days = layer_days(s, None)
    rules = compiled(book).international(days)
    case = Case(s, book, None, None, s.facts)
    views, broken = _views(look_international, case, rules, days, book, cls)
    overall = set().union(*(v.overall for v in views))
    regime = next(iter(overall)) if len(overall) == 1 else None
    involved = {"basel", *(c.rule.layer for v in views for c, _ in v.bound)}
    involved |= {layer for v in views for layer, regimes in v.regimes.items() if regimes - {"no_basel_control"}}
    involved |= {book.rules[alert].layer for v in views for alert in v.alerts}
    results = [international_result(layer, views, cls, regime, book) for layer in INTERNATIONAL if layer in involved]
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
    if broken:
        _admit(results[0], broken)
        regime = regime if regime == "prohibited" else None
    return results, regime


def international_result(
    layer: str, views: Sequence[Seen], cls: Classification, overall: str | None, book: Book
) -> LayerResult:
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
        if len(mine) > 1:
            # open in this world: the papers of what may bind are not known yet
            outcomes = {
                "prohibited" if r == "prohibited" else "needs" if r == "pic_required" else "clear" for r in mine
            }
        narrowed.append(
            Seen(
                outcomes,
                [b for b in v.bound if b[0].rule.layer == layer],
                missing,
                {n: kept for n, r in v.verify.items() if (kept := {x: None for x in r if x in ids})},
                [a for a in v.alerts if book.rules[a].layer == layer],
                {},
                [p for p in v.prohibiting if p in ids],
            )
        )
    result = merge(layer, narrowed, cls)
    result.international = True
    result.regime = next(iter(regimes)) if len(regimes) == 1 else None
    if overall is not None and result.outcome == "undetermined":
        # this layer turns on what is open, but the sum of the layers does not: unless it may prohibit, it asks nothing
        strictest = max((o for v in narrowed for o in v.outcomes), key=SEVERITY.__getitem__)
        result.outcome = result.outcome if strictest == "prohibited" else strictest
    return result


def merge(name: str, views: Sequence[Seen], cls: Classification) -> LayerResult:
    """The layer over all worlds: what holds in each of them is said, what differs is open."""
    outcomes = set().union(*(v.outcomes for v in views))
    result = LayerResult(name, next(iter(outcomes)) if len(outcomes) == 1 else "undetermined")
    bound = [dict(v.bound) for v in views]
    shared = [c for c in bound[0] if all(c in others for others in bound[1:])]
    for c in sorted(shared, key=lambda c: c.rule.order):
        rule_id, effects = c.rule.id, [effects[c] for effects in bound]
        effect = "prohibit" if "prohibit" in effects else effects[-1]
        in_every = all(rule_id in v.prohibiting for v in views)
        if effect == "prohibit" and not in_every:
            effect = EFFECT.get(c.rule.kind, "prohibit")
        if in_every and result.outcome == "prohibited":
            effect = "prohibit"  # in each world, by itself or with others
        result.rules.append(rule_id)
        if effect != "displaced":
            result.reasons.append((rule_id, effect))
            if effect != "allow":
                result.binding.append(rule_id)
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
        result.entry_rules = tuple(r for r in {**every, **pending} if r not in result.rules)
    if result.outcome != "undetermined":
        result.questions = {}
        result.entry_rules = ()
    return result
