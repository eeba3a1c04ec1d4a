"""The States' quality limits side by side on one day, read off the rules themselves.

A limit comes from a `fails` condition of a rule in force: `foreign_matter_pct: {gt: 2}` is a limit of 2 %.
Rules that do not bind (drafts, announcements, practice) stand apart, so that a proposal can be laid beside
the law.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from tidegate.law.conditions import Condition, atoms
from tidegate.law.records import FAILING_KINDS, Book, Rule
from tidegate.law.wording import condition_text, requirement_text, state_text

PLASTIC = "3915"
# column → (fact, comparisons that fail, the stricter of two: the smaller or the larger)
FIGURES: Mapping[str, tuple[str, tuple[str, ...], Any]] = {
    "foreign_matter_pct": ("foreign_matter_pct", ("gt", "ge"), min),
    "other_polymer_pct": ("other_polymer_pct", ("gt", "ge"), min),
    "other_listed_hs_pct": ("other_listed_hs_pct", ("gt", "ge"), min),
    "target_purity_pct": ("target_purity_pct", ("lt", "le"), max),
}
COLUMNS = (*FIGURES, "polymers", "form", "zero_tolerance", "other_conditions", "documents", "prohibitions")


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing that a rule says: in words, `value` for a figure (in %), `where` it holds only if so."""

    rule: str
    text: str
    value: Decimal | None = None
    where: str = ""
    unchecked: bool = False


@dataclass(frozen=True, slots=True)
class Standard:
    """What one State asks of a load in one role. `cells`: by column; an empty column says nothing of it.

    `rules`: every rule that was read. `binding` is False for the row of rules that bind nobody (drafts and
    others).
    """

    state: str
    name: str
    role: str
    binding: bool
    cells: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)
    rules: tuple[str, ...] = ()

    def figure(self, column: str) -> Decimal | None:
        """The strictest figure of a column without a condition of its own; None when the State has none."""
        values = [c.value for c in self.cells.get(column, ()) if c.value is not None and not c.where]
        return FIGURES[column][2](values) if values else None


def standards(
    book: Book,
    day: date,
    *,
    states: Sequence[str] | None = None,
    role: str = "import",
    hs: str = PLASTIC,
    proposals: bool = True,
) -> list[Standard]:
    """The standards of the States on `day`, one row for each State with a rule for `hs`, by name.

    `states`: ISO codes or one dated group such as `project`; all with national law when left out.
    `proposals`: also a row of what does not bind, where there is any.
    """
    codes = sorted(_states(book, states, day), key=lambda iso: state_text(book, iso))
    out = []
    for iso in codes:
        rules = [
            r
            for r in book.by_layer.get(f"national:{iso}:{role}", ())
            if r.in_force(day) and _touches(r.hs, hs) and _plastic(r)
        ]
        for binding in (True, False):
            chosen = [r for r in rules if r.binds is binding]
            if chosen and (binding or proposals):
                out.append(_standard(book, iso, role, binding, chosen))
    return out


def _states(book: Book, names: Sequence[str] | None, day: date) -> list[str]:
    if names is None:
        return list(book.national_states)
    return [iso for iso in book.states if book.in_group(iso, tuple(names), day)]


def _touches(prefixes: Sequence[str], hs: str) -> bool:
    return any(p == "any" or p.startswith(hs) or hs.startswith(p) for p in prefixes)


def _plastic(rule: Rule) -> bool:
    """Whether plastic waste can fall under the rule's entries; a bar on e-waste alone says nothing of it."""
    plastic = {"any", "A3210", "B3011", "Y48", "A-list", "B-list", "controlled", "EU3011", "EU48"}
    return bool(plastic & set(rule.basel))


def _standard(book: Book, iso: str, role: str, binding: bool, rules: Sequence[Rule]) -> Standard:
    cells: dict[str, list[Cell]] = {}
    for rule in rules:
        for column, cell in _cells(rule):
            if cell not in cells.setdefault(column, []):
                cells[column].append(cell)
    ordered = {column: tuple(cells[column]) for column in COLUMNS if column in cells}
    return Standard(iso, state_text(book, iso), role, binding, ordered, tuple(r.id for r in rules))


# ── one rule ───────────────────────────────────────────────────────────────────────────────────────────────


def _cells(rule: Rule) -> Iterator[tuple[str, Cell]]:
    scope = condition_text(rule.when)
    for requirement in rule.documents:
        yield "documents", _cell(rule, requirement_text(requirement), where=scope)
    if rule.kind == "prohibition":
        entries = "" if "any" in rule.basel else f"{', '.join(rule.basel)} "
        said = f"{entries}prohibited".strip()
        unless = " or ".join(condition_text(c) for c in rule.unless)
        yield "prohibitions", _cell(rule, said + (f" unless {unless}" if unless else ""), where=scope)
    for condition in (rule.when, *rule.unless):
        yield from _words(rule, condition, scope)
    if rule.kind in FAILING_KINDS:
        for item in rule.fails:
            yield from _failing(rule, item, scope)


def _failing(rule: Rule, item: Condition, scope: str) -> Iterator[tuple[str, Cell]]:
    """A condition under which a load fails: a figure, something that may not be there, or something else."""
    limit, others = _split(item)
    where = " and ".join(part for part in (scope, *(condition_text(o) for o in others)) if part)
    if limit is None:
        yield _plain(rule, item, scope)
        return
    _, fact, op, operand = limit
    column = next((c for c, (name, ops, _) in FIGURES.items() if name == fact and op in ops), None)
    if column is not None and not (column == "foreign_matter_pct" and operand == 0):
        bound = "at least" if op in ("lt", "le") else "at most" if op == "gt" else "below"
        yield column, _cell(rule, f"{bound} {operand} %", value=operand, where=where)
    elif op in ("gt", "ge") and operand == 0:
        text = fact.removesuffix("_pct").replace("_", " ")
        if column is not None:
            yield column, _cell(rule, "none", value=operand, where=where)
        else:
            yield "zero_tolerance", _cell(rule, text, where=where)
    else:
        yield _plain(rule, item, scope)


def _split(item: Condition) -> tuple[Condition | None, list[Condition]]:
    """The one comparison in a conjunction, and what stands beside it."""
    parts = list(item[1]) if item[0] == "all" else [item]
    limits = [p for p in parts if p[0] == "atom" and isinstance(p[3], Decimal)]
    if len(limits) != 1:
        return None, []
    return limits[0], [p for p in parts if p is not limits[0]]


def _plain(rule: Rule, item: Condition, scope: str) -> tuple[str, Cell]:
    if item[0] == "atom" and item[2] == "in" and isinstance(item[3], tuple):
        _, fact, _, values = item
        name = fact.replace("_", " ")
        if fact == "polymer_mix":
            allowed = {"other": "one polymer, or PE, PP and PET together"}
            return "polymers", _cell(rule, allowed.get(str(values[0]), f"not {values[0]}"), where=scope)
        if values == (True,):
            return "zero_tolerance", _cell(rule, name, where=scope)
        if fact == "source":
            return "zero_tolerance", _cell(rule, " or ".join(str(v) for v in values), where=scope)
        if values == (False,):
            return "other_conditions", _cell(rule, f"{name} required", where=scope)
    column = "polymers" if "polymer_mix" in {a[0] for a in atoms(item)} else "other_conditions"
    if "form" in {a[0] for a in atoms(item)}:
        column = "form"
    return column, _cell(rule, f"fails if {condition_text(item)}", where=scope)


def _words(rule: Rule, condition: Condition | None, scope: str) -> Iterator[tuple[str, Cell]]:
    """Polymers and forms that the scope or an exception of a rule names."""
    for fact, op, operand in atoms(condition):
        if fact == "contains" and op == "in" and rule.kind != "prohibition":
            yield "polymers", _cell(rule, ", ".join(operand))
        if fact == "form":
            said = " or ".join(str(v) for v in operand)
            yield (
                "form",
                _cell(rule, said if op == "in" else f"not {said}", where="" if op == "in" else scope),
            )


def _cell(rule: Rule, text: str, *, value: Decimal | None = None, where: str = "") -> Cell:
    return Cell(rule.id, text, value, where, rule.unchecked)
