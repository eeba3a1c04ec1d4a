"""The law of one State in one world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from tidegate.law.records import PAPER_KINDS, Book
from tidegate.screening.evaluate.binding import alerting, bind, prohibits
from tidegate.screening.evaluate.compiled import Compiled, compiled
from tidegate.screening.evaluate.papers_asked import missing_papers
from tidegate.screening.evaluate.results import EFFECT, Seen
from tidegate.screening.evaluate.trial import try_out
from tidegate.screening.logic import Case, matches_hs


def look_national(case: Case, rules: tuple[Compiled, ...], days: Mapping[str, date], book: Book) -> Seen:
    """One national layer in one world."""
    states = bind(case, rules, days)
    switched_off = {
        x for c, state in states if c.rule.exempts and state and not c.excused(case) for x in c.rule.exempts
    }
    seen = Seen({"clear"}, [], [], {}, [], {}, [])
    pending: list[Compiled] = []
    for c, state in states:
        rule = c.rule
        case.day = days[rule.event]
        if rule.id in switched_off:
            continue
        excused = bool(c.unless) and c.excused(case)
        if not c.binds:
            if not excused and alerting(c, case):
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
            seen.missing += missing_papers(c, case, book, seen.verify)
        else:
            verdict = prohibits(c, state, case)
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
    suspicions(case, compiled(book).suspecting(rules, case.world), days, seen)
    open_outcome = "needs" if seen.missing else "clear"
    if seen.prohibiting:
        seen.outcomes = {"prohibited"}
        return seen
    seen.outcomes = {open_outcome}
    if pending:
        answers, questions = try_out(case, pending, days, book, open_outcome)
        seen.outcomes, seen.questions = answers, questions
        if answers == {"prohibited"}:
            seen.prohibiting = [c.rule.id for c in pending]
            known = {c.rule.id for c, _ in seen.bound}
            seen.bound += [(c, "prohibit") for c in pending if c.rule.id not in known]
    return seen


def suspicions(case: Case, rules: Sequence[Compiled], days: Mapping[str, date], seen: Seen) -> None:
    """Rules on content that hides under other codes: what only inspection can show goes under `verify`."""
    for c in rules:
        rule = c.rule
        case.day = days[rule.event]
        if matches_hs(rule.suspects, case) is False:
            continue
        for name in c.inspects:
            if case.value(name) is None:
                seen.verify.setdefault(name, {})[rule.id] = None
