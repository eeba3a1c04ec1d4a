"""The way into the law: a map and a list of States, bodies of law, a search, and what changes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tidegate.law import Book
from tidegate.law.records import INTERNATIONAL
from tidegate.law.timeline import Change, changes
from tidegate.paper.geo import BOUNDARY_NOTE
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words as shared
from tidegate.web.lawpages import arrange, atlas
from tidegate.web.lawpages.asked import today

# How many coming changes stand on the page.
NEXT = 5


@dataclass(frozen=True)
class Item:
    """A State or a body of law in a list: rules held, rules in force today, the next change."""

    key: str
    name: str
    rules: int
    in_force: int
    next_change: date | None


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The index of the law pages."""
    book, day = current_book(), today()
    coming = changes(book, day + timedelta(days=1))
    context = {
        "day": day,
        "states": states(book, day, coming),
        "others": others(book),
        "layers": layers(book, day, coming),
        "entries": [(code, shared.book_text(rule.text), arrange.look(rule)) for code, rule in book.entries.items()],
        "coming": [arrange.event(c, book, day) for c in coming[:NEXT]],
        "coming_count": len(coming),
        "lately": [
            arrange.event(c, book, day) for c in reversed(changes(book, day - timedelta(days=365), day)[-NEXT:])
        ],
        "atlas": atlas.atlas(book, frozenset(c.rule.state for c in coming if c.rule.state)),
        "off_the_map": off_the_map(book),
        "boundary_note": _(BOUNDARY_NOTE),
        "totals": {
            "rules": len(book.rules),
            "states": len(book.national_states),
            "checked": max((r.checked for r in book.rules.values()), default=None),
        },
    }
    return render(request, "lawpages/index.html", context)


def states(book: Book, day: date, coming: list[Change]) -> list[Item]:
    """The States whose law the book holds, by name."""
    found = []
    for iso in book.national_states:
        counts = arrange.counts(arrange.state_rules(iso, book), day)
        ahead = next((c.date for c in coming if c.rule.state == iso), None)
        found.append(Item(iso, shared.state_name(iso, book.states), counts["held"], counts["in_force"], ahead))
    return sorted(found, key=lambda item: item.name)


def others(book: Book) -> list[tuple[str, str]]:
    """(code, name) of the States whose national law the book does not hold, by name."""
    found = [(iso, shared.state_name(iso, book.states)) for iso in book.states if iso not in book.national_states]
    return sorted(found, key=lambda one: one[1])


def layers(book: Book, day: date, coming: list[Change]) -> list[Item]:
    """International and regional law."""
    found = []
    for layer in INTERNATIONAL:
        rules = book.by_layer.get(layer, ())
        if rules:
            ahead = next((c.date for c in coming if c.rule.layer == layer), None)
            counts = arrange.counts(rules, day)
            found.append(Item(layer, str(shared.LAYERS[layer]), counts["held"], counts["in_force"], ahead))
    return found


def off_the_map(book: Book) -> list[str]:
    """Names of the States that the picture does not reach."""
    return [shared.state_name(iso, book.states) for iso in sorted(atlas.unseen(book.national_states))]
