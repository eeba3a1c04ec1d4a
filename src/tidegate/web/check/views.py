"""The check page: the answers in the address go in, the questions and the verdict come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.timezone import localdate
from django.utils.translation import get_language, gettext, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tidegate.law import Book
from tidegate.paper.geo import BOUNDARY_NOTE
from tidegate.paper.palette import MAP_CSS, Theme, css_variables
from tidegate.parties import figures
from tidegate.parties.registry import RegisterOfState
from tidegate.parties.rulebook import book as current_book
from tidegate.screening.registers import Answer
from tidegate.web import registers, words
from tidegate.web.check import form
from tidegate.web.check.answers import Answers, read
from tidegate.web.check.examples import EXAMPLES
from tidegate.web.check.panel import Panel, panel
from tidegate.web.check.reading import Reading, read_shipment
from tidegate.web.middleware import csp_update


@dataclass(frozen=True)
class Checked:
    """One request worked through: what was answered, what of it could be read, what the law says of it."""

    answers: Answers
    reading: Reading
    decision: Mapping[str, Any] | None
    panel: Panel | None
    told: tuple[Answer, ...] = ()


def check(answers: Answers, book: Book, register: RegisterOfState | None = None) -> Checked:
    """Decide as far as the answers go. Without date and route there is nothing to decide yet.

    `register`: that of the reader's State, where the reader may ask it; it is asked before the shipment is decided.
    """
    if not answers.complete:
        return Checked(answers, Reading(None, answers.shipment, {}), None, None)
    reading = read_shipment(answers, book)
    if reading.shipment is None:
        return Checked(answers, reading, None, None)
    decision, _shipment, told = registers.decided(
        reading.shipment, register.live if register else None, book, changes=True
    )
    return Checked(answers, reading, decision, panel(decision, book, answers.shipment, answers.skipped), told)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The page, or, for htmx, the parts of it that an answer may change."""
    answers = read(request.GET)
    if "go" in request.GET and not request.headers.get("HX-Request"):
        # The plain form sends every control, empty ones too; the address bar keeps the short spelling.
        return HttpResponseRedirect(_address(answers))
    if not answers.shipment.get("date"):
        answers.shipment["date"] = localdate().isoformat()
    book = current_book()
    register = registers.of_page(request, book)
    checked = check(answers, book, register)
    context = {
        "answers": answers,
        "reading": checked.reading,
        "d": checked.decision,
        "asks_registers": register is not None,
        "told": registers.told(checked.told, book),
        "parties": [(name, label, _party_id(answers, name)) for name, label in PARTIES.items()],
        "panel": checked.panel,
        "form": form.build(
            answers, checked.reading, book, elsewhere=[f"{name}.id" for name in PARTIES] if register else ()
        ),
        "examples": EXAMPLES,
        "permalink": request.build_absolute_uri(_address(answers)),
        "query": answers.query,
        "panel_errors": _errors(checked.reading, book),
        "boundary_note": _(BOUNDARY_NOTE),
        "coverage": {
            "rules": len(book.rules),
            "states": len(book.national_states),
            "checked": max((rule.checked for rule in book.rules.values()), default=None),
        },
        "route_states": "-".join(_route_states(answers)) if checked.panel else "",
    }
    if request.headers.get("HX-Request") and request.headers.get("HX-Request-Type") != "full":
        response = render(request, "check/live.html", {**context, "oob": True})
        response["HX-Push-Url"] = _address(answers)
    else:
        response = render(request, "check/page.html", context)
    # One address, two bodies: a cache must not give the one for the other.
    response["Vary"] = ", ".join(filter(None, [response.get("Vary"), "HX-Request, HX-Request-Type"]))
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_safe
def pdf(request: HttpRequest) -> HttpResponse:
    """The decision on paper, with a QR code that leads back to this very check."""
    from tidegate.paper import decision_pdf

    answers = read(request.GET)
    book = current_book()
    checked = check(answers, book, registers.of_page(request, book))
    if checked.decision is None or checked.reading.shipment is None:
        return HttpResponseRedirect(_address(answers))
    decision = dict(checked.decision)
    if checked.told:
        # On paper nobody sees that registers were asked, unless it says so.
        decision["alerts"] = [*decision["alerts"], registers.as_alert(checked.told, book)]
    data = decision_pdf(
        decision,
        checked.reading.shipment.as_dict(),
        url=request.build_absolute_uri(_address(answers)),
        language=figures.page_language(),
        today=localdate(),
        book=book,
        translate=words.translated,
    )
    response = HttpResponse(data, content_type="application/pdf")
    name = f"tidegate-{answers.shipment['export']}-{answers.shipment['import']}-{answers.shipment['date']}.pdf"
    response["Content-Disposition"] = f'inline; filename="{"".join(c for c in name if c.isalnum() or c in "-.")}"'
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_safe
def route(request: HttpRequest) -> HttpResponse:
    """The route as a picture: ``?states=DE-SG-MY&theme=dark``. A browser may keep it for a day."""
    book = current_book()
    states = tuple(request.GET.get("states", "").upper().split("-"))
    theme: Theme = "dark" if request.GET.get("theme") == "dark" else "light"
    if not 1 <= len(states) <= 12 or any(code not in book.states for code in states):
        raise Http404("states: 1 to 12 codes of ISO 3166-1 alpha-2, joined by -")
    language = get_language() or "en"
    names = tuple((code, words.state_name(code, book.states)) for code in states)
    response = HttpResponse(_route_svg(states, theme, language, names), content_type="image/svg+xml")
    patch_cache_control(response, private=True, max_age=86400)
    # The picture carries its own colours in a <style>; it is data drawn here and holds no script.
    return csp_update(response, style_src=["'unsafe-inline'"])


@lru_cache(maxsize=128)
def _route_svg(states: tuple[str, ...], theme: Theme, language: str, names: tuple[tuple[str, str], ...]) -> str:
    from tidegate.paper.maps import route_svg

    drawing = route_svg(
        states,
        title=_("Route"),
        theme_classes=True,
        translate=gettext,
        names=dict(names),
        width=440,
        height=280,
    )
    style = f"<style>:root{{{css_variables(theme)}}}{MAP_CSS}</style>"
    head, tag, rest = drawing.partition(">")
    return f"{head}{tag}{style}{rest}"


# Whose numbers registers are asked by; in the order of the form.
PARTIES = {
    "consignee": gettext_lazy("Importer"),
    "facility": gettext_lazy("Plant of destination"),
    "consignor": gettext_lazy("Exporter"),
}


def _party_id(answers: Answers, name: str) -> str:
    about = answers.shipment.get(name)
    return str(about.get("id", "")) if isinstance(about, Mapping) else ""


def _errors(reading: Reading, book: Book) -> list[tuple[str, str]]:
    """Every answer that could not be read, under the question that it answers."""
    found = []
    for field, message in reading.errors.items():
        name = field.removeprefix("facts.").partition(".")[0].partition("[")[0]
        fact = book.facts.get(name)
        found.append((words.book_text(fact.label) if fact else field, message))
    return found


def _address(answers: Answers) -> str:
    query = answers.query
    return reverse("check:page") + (f"?{query}" if query else "")


def _route_states(answers: Answers) -> list[str]:
    shipment = answers.shipment
    return [shipment["export"], *answers.stops, shipment["import"]]
