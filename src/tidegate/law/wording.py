"""Plain words for what a rule says: conditions, papers, periods. English message ids."""

from __future__ import annotations

from datetime import date
from typing import Any

from tidegate.law.conditions import Condition, positive
from tidegate.law.records import INTERNATIONAL, Book, Requirement, Rule

LAYER_NAMES = {
    "basel": "Basel Convention",
    "oecd": "OECD Decision",
    "eu": "European Union",
    "waigani": "Waigani Convention",
    "art11": "Agreements under Article 11",
}
# Groups of States that readers know by another name than the rulebook's word for them.
GROUP_NAMES = {
    "basel_party": "Party to the Basel Convention",
    "plastics_amendments": "Plastic waste amendments (2021)",
    "ewaste_amendments": "E-waste amendments (2025)",
    "ban_bound": "Ban Amendment",
    "annex_vii": "Annex VII",
    "oecd": "OECD member",
    "oecd_decision": "OECD Decision on waste",
    "eu": "European Union",
    "efta_party": "EFTA State and Party to the Convention",
    "waigani_island": "Waigani Convention, island Party",
    "waigani_other": "Waigani Convention",
    "forum_island": "Pacific Islands Forum",
    "eu_replied": "Answered the Union's questionnaire",
    "eu_unlisted_reply": "Did not answer the Union's questionnaire",
    "asean": "ASEAN",
    "project": "State of the regional plan",
}
COMPARISONS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
STATE_FACTS = ("export", "import", "origin", "counterpart", "here", "transit")


def fact_name(name: str) -> str:
    """`foreign_matter_pct` as `foreign matter (%)`, `net_kg` as `net (kg)`."""
    for ending, unit in (("_pct", "%"), ("_kg", "kg"), ("_t", "t")):
        if name.endswith(ending):
            return f"{name.removesuffix(ending).replace('_', ' ')} ({unit})"
    return name.replace("_", " ")


def condition_text(condition: Condition | None) -> str:
    """A condition as a phrase: `foreign matter (%) above 2`, `zone is not free zone`."""
    return _said(positive(condition)) if condition is not None else ""


def _said(condition: Condition) -> str:
    kind = condition[0]
    if kind in ("all", "any"):
        return (" and " if kind == "all" else " or ").join(_inner(part) for part in condition[1])
    denied = kind == "not"
    _, fact, op, operand = condition[1] if denied else condition
    if op == "holds":
        kinds, before, standard = operand
        said = f"{'does not hold' if denied else 'holds'} {' or '.join(kinds)}"
        said += f" issued before {before}" if before else ""
        return said + (f" to standard {standard}" if standard else "")
    if op == "before":
        return f"from {operand} on" if denied else f"before {operand}"
    if op in COMPARISONS:
        return f"{fact_name(fact)} {COMPARISONS[op]} {operand}"
    values = [_value(v) for v in operand]
    if op == "in":
        return f"{fact_name(fact)} is {' or '.join(values)}"
    # "not A or B" would leave open whether B is denied too
    return f"{fact_name(fact)} is {'not ' if len(values) == 1 else 'neither '}{' nor '.join(values)}"


def _inner(part: Condition) -> str:
    said = _said(part)
    return f"({said})" if part[0] in ("all", "any") and len(part[1]) > 1 else said


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def requirement_text(requirement: Requirement) -> str:
    """A paper with what it must satisfy: `LA_CERT (at most 180 days, 1 renewal of at most 90 days)`."""
    said = " or ".join(requirement.kinds)
    terms = []
    for value, unit in ((requirement.term_days, "days"), (requirement.term_years, "years")):
        if value is not None:
            terms.append(f"at most {value} {unit}")
    if requirement.renewals_max is not None:
        days = f" of at most {requirement.renewal_days} days" if requirement.renewal_days else ""
        terms.append(f"{requirement.renewals_max} renewal{'s' if requirement.renewals_max != 1 else ''}{days}")
    if requirement.standards:
        terms.append("to " + " or ".join(requirement.standards))
    for below, least in requirement.value_by_tonnes:
        terms.append(f"{least} below {below} t" if below is not None else f"{least} from there on")
    if requirement.old_before is not None:
        terms.append(f"one issued before {requirement.old_before} counts until {requirement.old_until}")
    if requirement.longest_years is not None:
        terms.append(f"one for more than {requirement.longest_years * 12} months is to be checked")
    if requirement.outside:
        terms.append(f"of States outside {requirement.outside} alone")
    if requirement.when is not None:
        terms.append(f"where {condition_text(requirement.when)}")
    return f"{said} ({', '.join(terms)})" if terms else said


def period_text(start: date | None, end: date | None, dates: str = "seen") -> str:
    """`from 2025-01-01`, `2019-11-23 to 2025-08-28`, `in force, start not seen`."""
    if start is None:
        said = f"until {end}, start not seen" if end else "in force, start not seen"
    else:
        said = f"{start} to {end}" if end else f"from {start}"
    return said + (" (date inferred)" if dates == "inferred" else "")


def layer_text(book: Book, rule: Rule) -> str:
    """`Malaysia, import`, or the name of the treaty."""
    if rule.state is None:
        return LAYER_NAMES.get(rule.layer, rule.layer)
    return f"{state_text(book, rule.state)}, {rule.role}"


def group_text(group: str) -> str:
    """A group of States as readers know it; a group of an overlay by its own word."""
    return GROUP_NAMES.get(group, group.replace("_", " "))


def state_text(book: Book, iso: str) -> str:
    """The State's name, or its code where the book has no such State."""
    state = book.states.get(iso)
    return state.name if state is not None else iso


def caution_text(rule: Rule) -> str:
    """What a page must say beside a rule that was not checked against its gazette; empty when it was."""
    parts = []
    if rule.status != "gazetted":
        parts.append(f"{rule.status}, binds nobody")
    elif rule.confidence == "low" or rule.alert_only:
        parts.append("only alerts")
    if rule.confidence != "high":
        parts.append(f"confidence {rule.confidence}, not checked against the gazette")
    if rule.dates == "inferred":
        parts.append("date inferred")
    if rule.dates == "not_seen":
        parts.append("date not seen")
    return "; ".join(parts)


def layer_order(layer: str) -> tuple[int, str]:
    """Sorts layers: the treaties in their order, then States by name of the layer."""
    return (INTERNATIONAL.index(layer), "") if layer in INTERNATIONAL else (len(INTERNATIONAL), layer)
