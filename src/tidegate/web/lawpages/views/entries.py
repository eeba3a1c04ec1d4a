"""Entries of the Basel Convention: what they cover, under which control, and which rules name them."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tidegate.law import Book, Rule
from tidegate.law.records import Heading, Stream
from tidegate.parties.rulebook import book as current_book
from tidegate.web.lawpages import arrange, phrases
from tidegate.web.lawpages.asked import today


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every entry that the book knows."""
    book, day = current_book(), today()
    found = [(code, arrange.row(rule, book, day)) for code, rule in book.entries.items()]
    return render(request, "lawpages/entries.html", {"entries": found, "day": day})


@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """One entry."""
    book, day = current_book(), today()
    rule = book.entries.get(code)
    if rule is None:
        raise Http404(_("The rulebook does not know this entry."))
    naming = [r for r in book.rules.values() if code in r.basel and r.id != rule.id]
    international = [r for r in naming if r.state is None]
    national: dict[str, list[Rule]] = {}
    for other in naming:
        if other.state:
            national.setdefault(other.state, []).append(other)
    context = {
        "code": code,
        "rule": rule,
        "row": arrange.row(rule, book, day),
        "day": day,
        "international": arrange.section("international", "", international, book, day),
        "national": sorted(
            (arrange.place(rules[0], book).partition(",")[0], iso, arrange.section(iso, "", rules, book, day))
            for iso, rules in national.items()
        ),
        "headings": [(phrases.heading_name(h.code), h) for h in headings(book, code)],
        "streams": streams(book, code),
    }
    return render(request, "lawpages/entry.html", context)


def headings(book: Book, code: str) -> Sequence[Heading]:
    """Headings of the Harmonized System under which waste of this entry may be declared."""
    return [h for h in book.headings if code in h.candidates]


def streams(book: Book, code: str) -> Sequence[Stream]:
    """Waste streams that fall under the entry."""
    return [s for s in book.streams.values() if any(entry == code for entry, _, _ in s.entries)]
