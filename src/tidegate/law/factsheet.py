"""What the law of one State asks, on a page: Markdown for print, mail or a web page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from tidegate.law.records import ROLES, Book, Rule
from tidegate.law.standards import COLUMNS, standards
from tidegate.law.timeline import changes, spans
from tidegate.law.wording import (
    caution_text,
    condition_text,
    fact_name,
    group_text,
    period_text,
    requirement_text,
    state_text,
)

ROLE_TITLES = {"import": "Import", "export": "Export", "transit": "Transit"}
COLUMN_TITLES = {
    "foreign_matter_pct": "Foreign matter",
    "other_polymer_pct": "Other polymers",
    "other_listed_hs_pct": "Plastic of other listed codes",
    "target_purity_pct": "Purity of the target polymer",
    "polymers": "Polymers",
    "form": "Form",
    "zero_tolerance": "Zero tolerance",
    "other_conditions": "Other conditions",
    "documents": "Papers",
    "prohibitions": "Prohibitions",
}


def factsheet(book: Book, state: str, day: date) -> str:
    """The State's law on `day` as Markdown: treaties, rules in force, limits, what changes and ended.

    Of a State without national law in the book: the treaties, and that sentence.
    """
    return "\n".join(_lines(book, state, day)) + "\n"


def _lines(book: Book, state: str, day: date) -> Iterator[str]:
    name = state_text(book, state)
    yield f"# {name}: plastic waste across the border"
    yield ""
    yield f"The law on {day} as read in rulebook {book.label}."
    yield "Not legal advice: the instruments named decide."
    if state not in book.national_states:
        yield f"The rulebook holds no national law of {name}. It may have rules of its own all the same."
        record = book.states.get(state)
        if record is not None and any(record.member(group, day) for group in record.groups):
            yield f"The treaties and regional law bind {name} beside it, and change on days of their own."
        yield ""
        yield from _treaties(book, state, day)
        return
    yield f"National law alone: treaties and regional law bind {name} beside it, and change on days of their own."
    yield ""
    yield from _treaties(book, state, day)
    mine = [span.rule for span in spans(book, state=state)]
    for role in ("import", "transit", "export"):
        rules = [r for r in mine if r.role == role and r.in_force(day)]
        yield f"## {ROLE_TITLES[role]}"
        yield ""
        if not rules:
            yield "No rule of national law is held in the rulebook for this day."
            yield ""
        for binding in (True, False):
            chosen = [r for r in rules if r.binds is binding]
            if chosen and not binding:
                yield "Known, but binding nobody:"
                yield ""
            for rule in chosen:
                yield from _rule(rule)
    yield from _limits(book, state, day)
    yield from _coming(book, state, day)
    yield from _ended([r for r in mine if r.valid_to is not None and r.valid_to < day])


def _treaties(book: Book, state: str, day: date) -> Iterator[str]:
    record = book.states.get(state)
    yield "## Treaties and groups"
    yield ""
    found = False
    for group, periods in (record.groups if record else {}).items():
        for period in periods:
            if period.covers(day):
                found = True
                unsure = "" if period.confidence == "high" else f" (confidence {period.confidence})"
                why = f". {period.note.rstrip('.')}" if period.note else ""
                yield f"- {group_text(group)}: {period_text(period.start, period.end)}{unsure}{why}"
    if not found:
        yield "None is held in the rulebook for this day."
    yield ""


def _rule(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}"
    yield ""
    yield rule.text
    yield ""
    caution = caution_text(rule)
    scope = [f"HS {', '.join(rule.hs)}", f"Basel entries: {', '.join(rule.basel)}"]
    period = period_text(rule.valid_from, rule.valid_to, rule.dates)
    yield f"- {rule.kind}, {period}, on the day of: {rule.event.replace('_', ' ')}"
    yield f"- {'; '.join(scope)}"
    for title, texts in (
        ("Where", [condition_text(rule.when)] if rule.when is not None else []),
        ("Fails if", [condition_text(c) for c in rule.fails]),
        ("Unless", [condition_text(c) for c in rule.unless]),
        ("Papers", [requirement_text(r) for r in rule.documents]),
        ("To be checked", [fact_name(v) for v in rule.verify]),
    ):
        if texts:
            yield f"- {title}: {'; '.join(texts)}"
    if rule.penalty:
        yield f"- Penalty: {rule.penalty}"
    yield f"- Source: [{_brackets(rule.instrument)}](<{rule.url}>), checked {rule.checked}"
    if caution:
        yield f"- **Take care: {caution}.**"
    if rule.note:
        yield f"- Note: {rule.note}"
    yield ""


def _limits(book: Book, state: str, day: date) -> Iterator[str]:
    rows = [s for role in ROLES for s in standards(book, day, states=[state], role=role)]
    rows = [s for s in rows if any(c in s.cells for c in COLUMNS if c not in ("documents", "prohibitions"))]
    if not rows:
        return
    yield "## Limits"
    yield ""
    yield "| Role | What | Limit | Rule |"
    yield "|---|---|---|---|"
    for row in rows:
        for column, cells in row.cells.items():
            if column in ("documents", "prohibitions"):
                continue
            for cell in cells:
                where = f" (where {cell.where})" if cell.where else ""
                role = row.role if row.binding else f"{row.role}, not binding"
                yield f"| {role} | {COLUMN_TITLES[column]} | {_pipes(cell.text + where)} | {cell.rule} |"
    yield ""


def _coming(book: Book, state: str, day: date) -> Iterator[str]:
    yield "## What changes next"
    yield ""
    coming = [c for c in changes(book, day, state=state) if c.date > day]
    for change in coming:
        yield f"- {change.date}: {change.sentence}. {change.rule.text}"
    if not coming:
        yield "No later change of national law is known."
    yield ""


def _ended(rules: Sequence[Rule]) -> Iterator[str]:
    if not rules:
        return
    yield "## No longer in force"
    yield ""
    for rule in rules:
        yield f"- {rule.id}, {period_text(rule.valid_from, rule.valid_to, rule.dates)}: {rule.text}"
    yield ""


def _pipes(text: str) -> str:
    return text.replace("|", "\\|")


def _brackets(text: str) -> str:
    return text.replace("[", "\\[").replace("]", "\\]")
