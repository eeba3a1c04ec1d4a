"""A State's limits in the reader's language: the figures and conditions that `tidegate.law.standards` reads off rules.

The words of a cell are made anew from the rule's own conditions, because those of `tidegate.law` are English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from tidegate.law import Book, Rule
from tidegate.law.standards import COLUMNS, FIGURES, Cell, Standard
from tidegate.law.wording import condition_text
from tidegate.web import words as shared
from tidegate.web.lawpages import phrases, words

# How `tidegate.law.standards` begins and ends the cells that are conditions.
FAILS, REQUIRED = "fails if ", " required"
# Columns of requirements that have a place of their own on a State's page.
ELSEWHERE = ("documents", "prohibitions")


@dataclass(frozen=True)
class Said:
    """One thing that a rule asks, with the rule and whether it was checked."""

    text: str
    where: str
    rule: str
    url: str
    unchecked: bool
    figure: bool


@dataclass(frozen=True)
class Limit:
    """A column of the standards for one State."""

    column: str
    title: str
    said: tuple[Said, ...]

    @property
    def groups(self) -> tuple[tuple[str, tuple[Said, ...]], ...]:
        """(where it holds only, what is said there): what holds everywhere first, each place once."""
        places = sorted(dict.fromkeys(one.where for one in self.said), key=bool)
        return tuple((where, tuple(one for one in self.said if one.where == where)) for where in places)


def limits(found: Standard, book: Book, *, every: bool = False) -> list[Limit]:
    """The columns of a State that say something; with `every` also papers and bars."""
    return [
        Limit(column, str(words.COLUMNS[column]), tuple(said(cell, column, book) for cell in found.cells[column]))
        for column in COLUMNS
        if column in found.cells and (every or column not in ELSEWHERE)
    ]


def said(cell: Cell, column: str, book: Book) -> Said:
    """A cell in the reader's language."""
    rule = book.rules[cell.rule]
    known = _conditions(rule, book)
    return Said(
        text=_text(cell, column, rule, known, book),
        where=known.get(cell.where, shared.book_text(cell.where)),
        rule=cell.rule,
        url=reverse("law:rule", args=[cell.rule]),
        unchecked=cell.unchecked,
        figure=cell.value is not None,
    )


def _conditions(rule: Rule, book: Book) -> dict[str, str]:
    """The English of each condition of a rule, alone and beside its scope, in the reader's language."""
    found: dict[str, str] = {}
    scope = condition_text(rule.when)
    scope_said = phrases.line(phrases.phrase(rule.when, book))
    found[scope] = scope_said
    for item in (*rule.fails, *rule.unless):
        for part in (item, *(item[1] if item[0] == "all" else ())):
            english, own = condition_text(part), phrases.line(phrases.phrase(part, book))
            found[english] = own
            if scope:
                found[f"{scope} and {english}"] = _("%(first)s and %(second)s") % {"first": scope_said, "second": own}
    return found


def _text(cell: Cell, column: str, rule: Rule, known: Mapping[str, str], book: Book) -> str:
    if column in FIGURES and cell.value is not None:
        return figure(cell.value, column)
    if column == "documents":
        for asked, paper in zip(rule.documents, phrases.papers(rule, book), strict=True):
            if all(kind in cell.text for kind in asked.kinds):
                return phrases.listed(choice[1] for choice in paper.choices)
    if column == "prohibitions":
        return phrases.listed(phrases.entry_name(e) for e in rule.basel)
    if column == "zero_tolerance":
        name = cell.text.replace(" ", "_")
        for candidate in (name, f"{name}_pct"):
            if candidate in words.FACTS:
                return words.fact(candidate)
        return words.value("source", cell.text)
    if cell.text.startswith(FAILS):
        english = cell.text.removeprefix(FAILS)
        return _("fails if: %(condition)s") % {"condition": known.get(english, english)}
    if cell.text.endswith(REQUIRED):
        return _("required: %(fact)s") % {"fact": words.fact(cell.text.removesuffix(REQUIRED).replace(" ", "_"))}
    return shared.book_text(cell.text)


def figure(value: Decimal, column: str) -> str:
    """ "at most 2 %" or "at least 99.5 %"."""
    shown = f"{phrases.number(value)}\u202f%"
    if column == "target_purity_pct":
        return _("at least %(figure)s") % {"figure": shown}
    return _("none at all") if value == 0 else _("at most %(figure)s") % {"figure": shown}
