"""Basel, its agreements, regional and Union law in one world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from tidegate.law.records import REGIMES, Book
from tidegate.screening.classify import Tri
from tidegate.screening.evaluate.binding import bind
from tidegate.screening.evaluate.compiled import Compiled
from tidegate.screening.evaluate.papers_asked import missing_papers
from tidegate.screening.evaluate.results import DISPLACED, EFFECT, REGIME_EFFECT, REGIME_RANK, Question, Seen
from tidegate.screening.evaluate.trial import Grid, asked, bound, domain, open_facts
from tidegate.screening.logic import Case


def _regimes(states: Sequence[tuple[Compiled, Tri]], *, possible: bool = False) -> tuple[dict[str, str], str, bool]:
    """(regime by layer, the strictest of all, whether something turns on facts not known)."""
    by_layer: dict[str, int] = {"basel": 0}
    displaced = unsure = False
    for c, state in states:
        rule = c.rule
        if not c.binds:
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


def look_international(case: Case, rules: tuple[Compiled, ...], days: Mapping[str, date], book: Book) -> Seen:
    """Basel, its agreements, regional and Union law in one world."""
    states = bind(case, rules, days)
    states = [(c, s) for c, s in states if not (c.unless and c.excused(case))]
    seen = Seen(set(), [], [], {}, [], {}, [])
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
        if not c.binds:
            seen.alerts.append(rule.id)
            continue
        if rule.layer == "basel" and displaced and rule.regime:
            seen.bound.append((c, "displaced"))
            continue
        # not sure to bind: shown only where the settled regime is its own whatever a person would answer
        if state is None and not (settled and rule.regime == settled and open_facts(c, case)):
            continue
        effect = REGIME_EFFECT[rule.regime] if rule.regime else EFFECT.get(rule.kind, "allow")
        seen.bound.append((c, effect))
        if rule.regime == "prohibited":
            seen.prohibiting.append(rule.id)
        else:
            strictest = seen.regimes.get(rule.layer, {None})
            if rule.regime is None or strictest == {rule.regime}:
                seen.missing += missing_papers(c, case, book, seen.verify)
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
    seen: Seen,
) -> None:
    turns_on = {c.rule.id: open_facts(c, case) for c in pending}
    names = list(dict.fromkeys(n for facts in turns_on.values() for n in facts))
    if not names:
        return
    grid = Grid({n: domain(n, pending, case, book) for n in names})
    sure = [(c, s) for c, s in states if c not in pending]
    trials = [(sure, grid.every)]  # which rules bind, in which combinations
    for c in pending:
        binds = bound(c, case, days, grid)
        trials = [([*trial, (c, True)], where & binds) for trial, where in trials] + [
            (trial, where & ~binds) for trial, where in trials
        ]
        trials = [(trial, where) for trial, where in trials if where]
    found: dict[str, int] = {}
    tried: list[dict[str, str]] = []
    for trial, where in trials:
        regimes, overall, _ = _regimes(trial)
        found[overall] = found.get(overall, 0) | where
        tried.append(regimes)
    # a layer of which no rule binds in one of the trials controls nothing there
    seen.regimes = {
        layer: {regimes.get(layer, "no_basel_control") for regimes in tried}
        for layer in dict.fromkeys(layer for regimes in tried for layer in regimes)
    }
    seen.overall = set(found)
    if len(found) == 1:
        return
    matter = [n for n in names if any(grid.matters(n, where) for where in found.values())]
    for name in matter:
        question = seen.questions.setdefault(asked(name, case), Question(weight=1.0 / len(matter)))
        question.rules.update(dict.fromkeys(r for r, facts in turns_on.items() if name in facts))
        question.decides.update(dict.fromkeys(sorted(seen.overall, key=REGIME_RANK.__getitem__)))
