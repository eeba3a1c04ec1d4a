"""Small wrong versions of a rule: a day off, a figure off, an effect turned round.

Each stands for a slip of the pen. A set of scenarios is good enough when every one of them makes some
scenario fail (see `tidegate.screening.mutation`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from tidegate.law.conditions import Condition
from tidegate.law.records import FAILING_KINDS, PAPER_KINDS, REGIMES, Parameter, Requirement, Rule

DAY = timedelta(days=1)
SWAPPED = {"gt": "ge", "ge": "gt", "lt": "le", "le": "lt"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """What was changed, in words, and the changed rule; None when the rule was taken out.

    `day`: the one day on which the change can show; None when any day may show it.
    """

    change: str
    rule: Rule | None
    day: date | None = None


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Every mutant of a rule: dates, figures, effects, papers, exceptions."""
    yield from _dates(rule)
    for changed, text in _conditions(rule):
        yield Mutant(text, changed)
    for changed, text in _papers(rule):
        yield Mutant(text, changed)
    for changed, text in _effects(rule):
        yield Mutant(text, changed)
    yield Mutant("rule taken out", None)


def parameter_mutants(parameter: Parameter) -> Iterator[tuple[Parameter, str]]:
    """A parameter with its value or a day off."""
    for value in _off(parameter.value):
        yield replace(parameter, value=value), f"value {parameter.value} → {value}"
    for days in (-DAY, DAY):
        if parameter.start:
            yield replace(parameter, start=parameter.start + days), f"from {_moved(parameter.start, days)}"
        if parameter.end:
            yield replace(parameter, end=parameter.end + days), f"to {_moved(parameter.end, days)}"


# ── dates ──────────────────────────────────────────────────────────────────────────────────────────────────


def _dates(rule: Rule) -> Iterator[Mutant]:
    for days in (-DAY, DAY):
        if rule.valid_from:
            start = rule.valid_from + days
            shows = min(start, rule.valid_from)
            yield Mutant(f"from {_moved(rule.valid_from, days)}", replace(rule, valid_from=start), shows)
        if rule.valid_to:
            end = rule.valid_to + days
            yield Mutant(f"to {_moved(rule.valid_to, days)}", replace(rule, valid_to=end), max(end, rule.valid_to))


def _moved(day: date, days: timedelta) -> str:
    return f"{day} → {day + days}"


# ── figures in conditions ──────────────────────────────────────────────────────────────────────────────────


def _conditions(rule: Rule) -> Iterator[tuple[Rule, str]]:
    for when, text in _variants(rule.when):
        yield replace(rule, when=when), f"when: {text}"
    for field in ("fails", "unless"):
        items: tuple[Condition, ...] = getattr(rule, field)
        for n, item in enumerate(items):
            for variant, text in _variants(item):
                yield _with(rule, field, (*items[:n], variant, *items[n + 1 :])), f"{field}: {text}"
            yield _with(rule, field, items[:n] + items[n + 1 :]), f"{field}: item {n + 1} dropped"


def _with(rule: Rule, field: str, items: tuple[Condition, ...]) -> Rule:
    return replace(rule, fails=items) if field == "fails" else replace(rule, unless=items)


def _variants(condition: Condition | None) -> Iterator[tuple[Condition, str]]:
    """The condition with one figure or day changed, or one limit turned inclusive or exclusive."""
    if condition is None:
        return
    kind = condition[0]
    if kind == "not":
        for inner, text in _variants(condition[1]):
            yield ("not", inner), text
    elif kind in ("all", "any"):
        for n, part in enumerate(condition[1]):
            for inner, text in _variants(part):
                yield (kind, (*condition[1][:n], inner, *condition[1][n + 1 :])), text
    else:
        yield from _atom_variants(condition)


def _atom_variants(atom: Condition) -> Iterator[tuple[Condition, str]]:
    _, fact, op, operand = atom
    if isinstance(operand, Decimal):
        for value in _off(operand):
            yield ("atom", fact, op, value), f"{fact} {op} {operand} → {value}"
        yield ("atom", fact, SWAPPED[op], operand), f"{fact} {op} → {SWAPPED[op]} {operand}"
    elif op == "before":
        for days in (-DAY, DAY):
            yield ("atom", fact, op, operand + days), f"{fact} {_moved(operand, days)}"
    elif op == "holds":
        kinds, before, standard = operand
        for days in (-DAY, DAY):
            if before is not None:
                yield (
                    ("atom", fact, op, (kinds, before + days, standard)),
                    f"issued before {_moved(before, days)}",
                )


def _off(value: Decimal) -> Iterator[Decimal]:
    """The value one unit of its last digit down and up; never below zero."""
    exponent = value.as_tuple().exponent
    unit = Decimal(1).scaleb(min(0, exponent if isinstance(exponent, int) else 0))
    if value - unit >= 0:
        yield value - unit
    yield value + unit


# ── papers ─────────────────────────────────────────────────────────────────────────────────────────────────


def _papers(rule: Rule) -> Iterator[tuple[Rule, str]]:
    for n, requirement in enumerate(rule.documents):
        before, after = rule.documents[:n], rule.documents[n + 1 :]
        name = "/".join(requirement.kinds)
        yield replace(rule, documents=before + after), f"document {name} dropped"
        for changed, text in _requirement(requirement):
            yield replace(rule, documents=(*before, changed, *after)), f"document {name}: {text}"
    for n, name in enumerate(rule.needs):
        yield replace(rule, needs=rule.needs[:n] + rule.needs[n + 1 :]), f"needs {name} dropped"


def _requirement(r: Requirement) -> Iterator[tuple[Requirement, str]]:
    if len(r.kinds) > 1:
        for n, kind in enumerate(r.kinds):
            yield replace(r, kinds=r.kinds[:n] + r.kinds[n + 1 :]), f"{kind} no longer enough"
    for when, text in _variants(r.when):
        yield replace(r, when=when), f"when: {text}"
    if r.when is not None:
        yield replace(r, when=None), "asked for always"
    for field in ("term_days", "term_years", "renewals_max", "renewal_days", "longest_years"):
        value = getattr(r, field)
        if value is not None:
            for other in (value - 1, value + 1):
                # a number set to zero would read as none at all
                if other > 0 or field == "renewals_max":
                    yield replace(r, **{field: other}), f"{field} {value} → {other}"
    if r.outside:
        yield replace(r, outside=""), f"outside {r.outside} dropped"
    if r.old_before is not None and r.old_until is not None:
        for days in (-DAY, DAY):
            yield replace(r, old_before=r.old_before + days), f"old before {_moved(r.old_before, days)}"
            yield replace(r, old_until=r.old_until + days), f"old until {_moved(r.old_until, days)}"
    for n, standard in enumerate(r.standards):
        yield (
            replace(r, standards=(*r.standards[:n], f"NOT {standard}", *r.standards[n + 1 :])),
            f"standard {standard} no longer enough",
        )
    for n, (below, least) in enumerate(r.value_by_tonnes):
        changes: list[tuple[tuple[Decimal | None, Decimal], str]] = [
            ((below, value), f"least value {least} → {value}") for value in _off(least)
        ]
        if below is not None:
            changes += [((limit, least), f"below {below} t → {limit} t") for limit in _off(below)]
        for step, text in changes:
            steps = (*r.value_by_tonnes[:n], step, *r.value_by_tonnes[n + 1 :])
            yield replace(r, value_by_tonnes=steps), text


# ── effects ────────────────────────────────────────────────────────────────────────────────────────────────


def _effects(rule: Rule) -> Iterator[tuple[Rule, str]]:
    if rule.regime:
        for regime in REGIMES:
            if regime != rule.regime:
                yield replace(rule, regime=regime), f"regime {rule.regime} → {regime}"
    else:
        yield from _other_kinds(rule)
    if rule.displaces:
        yield replace(rule, displaces=None), f"no longer displaces {rule.displaces}"
    if rule.binds:
        yield replace(rule, status="announced"), f"status {rule.status} → announced"
    else:
        yield (
            replace(rule, status="gazetted", confidence="high", alert_only=False),
            f"status {rule.status} → binding",
        )
    for n, name in enumerate(rule.exempts):
        yield replace(rule, exempts=rule.exempts[:n] + rule.exempts[n + 1 :]), f"no longer exempts {name}"


def _other_kinds(rule: Rule) -> Iterator[tuple[Rule, str]]:
    """The kind turned into one of another effect; kinds of the same effect are not told apart."""
    if not rule.binds:
        return  # it only alerts, whatever its kind
    if rule.layer != "national":
        yield replace(rule, regime="prohibited"), f"kind {rule.kind} → regime prohibited"
    elif rule.kind == "prohibition":
        yield replace(rule, kind="licence"), "kind prohibition → licence"
    elif rule.kind in FAILING_KINDS:
        yield replace(rule, kind="prohibition"), f"kind {rule.kind} → prohibition"
        if rule.fails:
            yield replace(rule, kind="licence"), f"kind {rule.kind} → licence"
    elif rule.kind in PAPER_KINDS or rule.kind == "exemption":
        yield replace(rule, kind="prohibition"), f"kind {rule.kind} → prohibition"
