"""Papers that a rule asks for and that are not held, not valid, of the wrong standard or too small."""

from __future__ import annotations

from tidegate.law.records import Book, Requirement
from tidegate.screening.classify import Tri
from tidegate.screening.evaluate.compiled import Compiled
from tidegate.screening.logic import Case
from tidegate.screening.papers import NOT_HELD, check


def missing_papers(
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
        for kinds, shown in expand(requirement, case):
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


def expand(requirement: Requirement, case: Case) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(kinds to look for, kinds to show) of a requirement.

    `CONSENT:import` and its like become the States of the route; transit States that are not Parties drop out, so do
    those of the group that it leaves out. What is shown keeps a place (`CONSENT:@import`, `CONSENT:@transit0`) that the
    decision fills in: so a layer's result is the same for every route that the law cannot tell apart.
    """
    kind, _, who = requirement.kinds[0].partition(":")
    if not who:
        return [(requirement.kinds, requirement.kinds)]
    if who == "transit":
        found: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        states = case.states("transit")
        for n, state in enumerate(states):
            if state in states[:n]:
                continue
            if requirement.outside and case.book.in_group(state, (requirement.outside,), case.day):
                continue
            if case.book.in_group(state, ("basel_party",), case.day):
                found.append(((f"{kind}:{state}",), (f"{kind}:@transit{n}",)))
        return found
    if who == "counterpart":
        who = "import" if case.role == "export" else "export"
    if who in ("import", "export"):
        return [((f"{kind}:{case.states(who)[0]}",), (f"{kind}:@{who}",))]
    named = (f"{kind}:{case.here if who == 'here' else who}",)
    return [(named, named)]
