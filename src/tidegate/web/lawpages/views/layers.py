"""One body of international or regional law: its timeline and its rules on a day."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tidegate.law.records import INTERNATIONAL
from tidegate.law.timeline import changes
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words as shared
from tidegate.web.lawpages import arrange, charts
from tidegate.web.lawpages.asked import Asked, today


def _known(layer: str) -> str:
    if layer not in INTERNATIONAL or layer not in current_book().by_layer:
        raise Http404(layer)
    return layer


@require_safe
def page(request: HttpRequest, layer: str) -> HttpResponse:
    """The rules of a treaty, a decision or the Union on a day."""
    book = current_book()
    rules = book.by_layer[_known(layer)]
    asked = Asked(request)
    day = asked.on()
    name = str(shared.LAYERS[layer])
    context = {
        "layer": layer,
        "name": name,
        "day": day,
        "is_today": day == today(),
        "complaints": asked.complaints,
        "section": arrange.section(layer, name, rules, book, day),
        "counts": arrange.counts(rules, day),
        "timeline_rows": arrange.rows(charts.timeline_rules(book, layer=layer), book, day),
        "coming": [arrange.event(c, book, day) for c in changes(book, day, layer=layer) if c.date > day],
    }
    return render(request, "lawpages/layer.html", context)


@require_safe
def timeline(request: HttpRequest, layer: str) -> HttpResponse:
    """The rules over time as a picture."""
    theme = charts.theme_of(request.GET.get("theme"))
    narrow = request.GET.get("narrow") == "1"
    return charts.svg_answer(charts.timeline_svg(None, _known(layer), theme, Asked(request).on(), narrow=narrow))
