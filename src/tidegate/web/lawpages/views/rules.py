"""Everything that the book holds of one rule."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tidegate.law import Book, Rule
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words as shared
from tidegate.web.lawpages import arrange, cases, phrases, words
from tidegate.web.lawpages.asked import today


@require_safe
def page(request: HttpRequest, rule_id: str) -> HttpResponse:
    """The rule: what it asks, of whom, from when, on what authority, and cases on either side of it."""
    book, day = current_book(), today()
    rule = book.rules.get(rule_id)
    if rule is None:
        raise Http404(_("The rulebook has no rule of this name."))
    found = cases.examples(rule, book)
    sides = found.sides if found else ()
    context = {
        "rule": rule,
        "row": arrange.row(rule, book, day),
        "standing": arrange.standing(rule, day),
        "kind_text": _effect(rule),
        "event": words.EVENTS.get(rule.event, rule.event),
        "confidence": words.CONFIDENCES.get(rule.confidence, rule.confidence),
        "entries": [(e, phrases.entry_name(e), e in book.entries) for e in rule.basel],
        "headings": [phrases.heading_name(h) for h in rule.hs],
        "suspects": [phrases.heading_name(h) for h in rule.suspects],
        "when": phrases.phrase(rule.when, book),
        "fails": [phrases.phrase(c, book) for c in rule.fails],
        "unless": [phrases.phrase(c, book) for c in rule.unless],
        "papers": phrases.papers(rule, book),
        "needs": [words.fact(name) for name in rule.needs],
        "verify": [_checked(name, book) for name in rule.verify],
        "exempts": arrange.rows((book.rules[i] for i in rule.exempts if i in book.rules), book, day),
        "exempted_by": arrange.rows((r for r in book.rules.values() if rule.id in r.exempts), book, day),
        "displaces": str(shared.LAYERS.get(rule.displaces or "", rule.displaces or "")),
        "examples": found,
        "example_url": next((c.url for s in sides if s.key != "not" for c in s.cases), None),
        "before_after": _neighbours(rule, book),
        "note": shared.book_text(rule.note),
        "penalty": shared.book_text(rule.penalty),
    }
    return render(request, "lawpages/rule.html", context)


def _effect(rule: Rule) -> str:
    """What the rule does, in a sentence."""
    if rule.kind == "regime" and rule.regime is not None and rule.regime in shared.REGIMES:
        return str(shared.REGIMES[rule.regime][1])
    return str(words.KIND_TEXTS.get(rule.kind, ""))


def _checked(name: str, book: Book) -> tuple[str, str]:
    """(what has to be looked at, who can show it)."""
    fact = book.facts.get(name)
    by = fact.by if fact else "register"
    return words.fact(name), str(shared.KNOWN_BY.get(by, by))


def _neighbours(rule: Rule, book: Book) -> list[Rule]:
    """The other rules of the same layer, in the order of the book, for going on reading."""
    mine = list(book.by_layer[rule.layer_name])
    at = mine.index(rule)
    return [r for r in (mine[at - 1] if at else None, mine[at + 1] if at + 1 < len(mine) else None) if r is not None]
