"""Which rules bind in a case, and whether they prohibit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tidegate.law.records import FAILING_KINDS
from tidegate.screening.classify import Tri
from tidegate.screening.evaluate.compiled import Compiled, compiled
from tidegate.screening.logic import Case, matches_hs


def bind(case: Case, rules: tuple[Compiled, ...], days: Mapping[str, date]) -> list[tuple[Compiled, Tri]]:
    """The rules whose scope and conditions hold (True) or may hold (None) in this case."""
    out: list[tuple[Compiled, Tri]] = []
    for c in compiled(case.book).fitting(rules, case.world):
        state = applies(c, case, days)
        if state is not False:
            out.append((c, state))
    return out


def applies(c: Compiled, case: Case, days: Mapping[str, date]) -> Tri:
    """Whether the rule's scope and conditions hold on the day of its event."""
    case.day = days[c.rule.event]
    scope = matches_hs(c.rule.hs, case)
    if scope is False:
        return False
    holds: Tri = True if c.when is None else c.when(case)
    if holds is False:
        return False
    return True if scope and holds else None


def fails(c: Compiled, case: Case) -> Tri:
    unknown = False
    for test in c.fails:
        found = test(case)
        if found:
            return True
        unknown = unknown or found is None
    return None if unknown else False


def prohibits(c: Compiled, state: Tri, case: Case) -> Tri:
    """Whether the rule prohibits: as its kind says (contract)."""
    if c.rule.kind == "prohibition":
        return state
    if c.rule.kind not in FAILING_KINDS:
        return False
    failing = fails(c, case)
    if failing is False or state is False:
        return False
    return True if failing and state else None


def alerting(c: Compiled, case: Case) -> bool:
    """A rule that may not bind raises an alert, unless the shipment is known to meet its limits."""
    if c.rule.kind in FAILING_KINDS and c.fails:
        return fails(c, case) is not False
    return True
