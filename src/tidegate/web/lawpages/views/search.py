"""Rules found by words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tidegate.law.search import search
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words as shared
from tidegate.web.lawpages import arrange
from tidegate.web.lawpages.asked import Asked, today
from tidegate.web.lawpages.views.index import others

MOST = 60
# Where a word stood, as `tidegate.law.search` names it.
FIELDS = {
    "id": _("name"),
    "place": _("State or treaty"),
    "scope": _("entries and headings"),
    "kind": _("kind"),
    "instrument": _("instrument"),
    "text": _("text"),
    "papers": _("papers"),
    "conditions": _("conditions"),
    "note": _("note"),
}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The rules that match; for htmx only the list."""
    book, asked = current_book(), Asked(request)
    query = request.GET.get("q", "").strip()[:200]
    state = asked.state(book)
    in_force = request.GET.get("in_force") == "1"
    now = today()
    hits = [
        hit
        for hit in (search(book, query, limit=None) if query else [])
        if (state is None or hit.rule.state == state)
        and (not in_force or arrange.standing(hit.rule, now) == arrange.IN_FORCE)
    ]
    # A word that is the code or the name of a State, or an entry, leads to its page as well.
    folded = query.casefold()
    states = sorted((shared.state_name(iso, book.states), iso) for iso in book.national_states)
    context = {
        "q": query,
        "state": state,
        "in_force": in_force,
        "states": states,
        "complaints": asked.complaints,
        "count": len(hits),
        "hits": [
            (arrange.row(hit.rule, book, now), [str(FIELDS.get(f, f)) for f in hit.fields[:3]]) for hit in hits[:MOST]
        ],
        "more": max(0, len(hits) - MOST),
        "state_pages": [
            (iso, name)
            for name, iso in states
            if len(query) > 1 and (folded == iso.casefold() or folded in name.casefold())
        ]
        + [(iso, name) for iso, name in others(book) if len(query) > 1 and _names(folded, iso, name)],
        "entry_pages": [code for code in book.entries if folded == code.casefold()],
    }
    partial = request.headers.get("HX-Request") and request.headers.get("HX-Request-Type") != "full"
    response = render(request, "lawpages/hits.html" if partial else "lawpages/search.html", context)
    response["Vary"] = ", ".join(filter(None, [response.get("Vary"), "HX-Request, HX-Request-Type"]))
    return response


def _names(folded: str, iso: str, name: str) -> bool:
    """Whether a query is the code of a State, or what one of the words of its name begins with."""
    return folded == iso.casefold() or f" {folded}" in f" {name.casefold()}"
