"""The law of two days side by side."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tidegate.law import Book
from tidegate.law.compare import Membership, compare_days
from tidegate.law.timeline import changes
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words as shared
from tidegate.web.lawpages import arrange, words
from tidegate.web.lawpages.asked import Asked, today

# How many days of change are offered to choose from.
OFFERED = 12


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What begins, what ends, who joins and which figures change between two days."""
    book, asked, now = current_book(), Asked(request), today()
    offered = change_days(book, now)
    last = next((d for d in reversed(offered) if d <= now), now)
    first = asked.day("a") or last - timedelta(days=1)
    second = asked.day("b") or last
    state = asked.state(book)
    found = compare_days(book, first, second, state=state)
    context = {
        "a": first,
        "b": second,
        "state": state,
        "states": sorted((shared.state_name(iso, book.states), iso) for iso in book.national_states),
        "complaints": asked.complaints,
        "offered": [
            (d, d - timedelta(days=1), d == second and d - timedelta(days=1) == first) for d in reversed(offered)
        ],
        "diff": found,
        "begun": by_place(arrange.rows(found.begun, book, second)),
        "ended": by_place(arrange.rows(found.ended, book, second)),
        "joining": memberships(found.memberships, book, True),
        "leaving": memberships(found.memberships, book, False),
    }
    return render(request, "lawpages/compare.html", context)


def change_days(book: Book, now: date) -> list[date]:
    """The days of change nearest to today, in the order of the calendar."""
    every = sorted({c.date for c in changes(book, date.min)}, key=lambda d: abs((d - now).days))
    return sorted(every[:OFFERED])


def by_place(rows: tuple[arrange.Row, ...]) -> list[tuple[str, list[arrange.Row]]]:
    """Rows gathered by the body of law that they belong to."""
    found: dict[str, list[arrange.Row]] = {}
    for row in rows:
        found.setdefault(row.place, []).append(row)
    return list(found.items())


def memberships(found: Iterable[Membership], book: Book, joins: bool) -> list[tuple[str, list[str]]]:
    """(group, names of the States) that join or leave it."""
    by_group: dict[str, list[str]] = {}
    for one in found:
        if one.joins is joins:
            by_group.setdefault(words.group(one.group), []).append(shared.state_name(one.state, book.states))
    return [(group, sorted(names)) for group, names in by_group.items()]
