"""The law of one State: its timeline, its rules by role on a day, its limits, what changes, and a factsheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tidegate.law import Book, State
from tidegate.law.export import select, to_csv, to_json
from tidegate.law.factsheet import factsheet as markdown
from tidegate.law.institutions import institutions
from tidegate.law.records import ROLES
from tidegate.law.standards import Standard, standards
from tidegate.law.timeline import changes
from tidegate.parties import figures
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words as shared
from tidegate.web.lawpages import arrange, charts, words
from tidegate.web.lawpages.asked import Asked, lawgiver_or_404, state_or_404, today
from tidegate.web.lawpages.limits import Limit, limits
from tidegate.web.lawpages.views import index


@dataclass(frozen=True)
class Membership:
    """A group that a State belonged to, and when."""

    group: str
    label: str
    start: date | None
    end: date | None
    now: bool
    unsure: bool
    note: str


@dataclass(frozen=True)
class Authority:
    """A body that decides in a State: for what, its name, and what it decides here. `until`: of one of old."""

    title: str
    body: str
    role: str
    until: str = ""


@dataclass(frozen=True)
class Authorities:
    """Who decides in a State and where to file, as far as was read."""

    bodies: tuple[Authority, ...]
    former: tuple[Authority, ...]
    window: str
    window_unsure: bool
    unsure: bool
    note: str
    checked: str
    sources: tuple[str, ...]


FORMS: dict[str, tuple[str, Callable[[Book, str, date], str]]] = {
    "md": ("text/markdown; charset=utf-8", markdown),
    "json": ("application/json", lambda book, iso, day: to_json(book, select(book, state=iso))),
    "csv": ("text/csv; charset=utf-8", lambda book, iso, day: "\ufeff" + to_csv(book, select(book, state=iso))),
}
# Of these forms nothing is left without rules; the other one still names treaties and groups.
RULES_ALONE = frozenset(("json", "csv"))
# Whoever belongs to one of the groups is bound by the layer.
BOUND_BY = {
    "basel": ("basel_party",),
    "oecd": ("oecd_decision",),
    "eu": ("eu",),
    "waigani": ("waigani_island", "waigani_other"),
}


@require_safe
def page(request: HttpRequest, iso: str) -> HttpResponse:
    """A State's law on a day; where the book holds none, the treaties and the regional law that bind it."""
    book = current_book()
    state = state_or_404(iso, book)
    asked = Asked(request)
    day = asked.on()
    if state.iso not in book.national_states:
        return _without_law(request, state, book, asked, day)
    rules = charts.timeline_rules(book, state=state.iso)
    context = {
        **_heading(state, book, asked, day),
        "sections": arrange.by_role(state.iso, book, day),
        "roles_without": [str(words.ROLE_TITLES[r]) for r in ROLES if f"national:{state.iso}:{r}" not in book.by_layer],
        "counts": arrange.counts(arrange.state_rules(state.iso, book), day),
        "authorities": authorities(state.iso),
        "timeline": rules,
        "timeline_rows": arrange.rows(rules, book, day),
        "limits": state_limits(book, state.iso, day),
        "coming": [arrange.event(c, book, day) for c in changes(book, day, state=state.iso) if c.date > day],
    }
    return render(request, "lawpages/state.html", context)


def _without_law(request: HttpRequest, state: State, book: Book, asked: Asked, day: date) -> HttpResponse:
    """A State of whose national law the book holds nothing."""
    binding = bound_by(state, day)
    coming = [c for c in changes(book, day) if c.date > day and c.rule.layer in binding]
    context = {
        **_heading(state, book, asked, day),
        "layers": [item for item in index.layers(book, day, coming) if item.key in binding],
        "coming": [arrange.event(c, book, day) for c in coming[: index.NEXT]],
    }
    return render(request, "lawpages/state_without_law.html", context)


def _heading(state: State, book: Book, asked: Asked, day: date) -> dict[str, Any]:
    """What the page of every State shows, with national law in the book or without."""
    return {
        "state": state,
        "name": shared.state_name(state.iso, book.states),
        "day": day,
        "is_today": day == today(),
        "complaints": asked.complaints,
        "memberships": memberships(state, day),
    }


@require_safe
def timeline(request: HttpRequest, iso: str) -> HttpResponse:
    """The State's rules over time as a picture."""
    state = lawgiver_or_404(iso, current_book())
    theme = charts.theme_of(request.GET.get("theme"))
    narrow = request.GET.get("narrow") == "1"
    return charts.svg_answer(charts.timeline_svg(state.iso, None, theme, Asked(request).on(), narrow=narrow))


@require_safe
def factsheet(request: HttpRequest, iso: str, form: str) -> HttpResponse:
    """The State's law as a file: Markdown for people, JSON and CSV for programs."""
    book = current_book()
    if form not in FORMS:
        raise Http404(form)
    state = (lawgiver_or_404 if form in RULES_ALONE else state_or_404)(iso, book)
    day = Asked(request).on()
    media, write = FORMS[form]
    response = HttpResponse(write(book, state.iso, day), content_type=media)
    name = f"tidegate-{state.iso.lower()}-{day.isoformat()}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def bound_by(state: State, day: date) -> tuple[str, ...]:
    """The international and regional layers that bind a State on a day as one of their own."""
    return tuple(layer for layer, groups in BOUND_BY.items() if any(state.member(group, day) for group in groups))


def memberships(state: State, day: date) -> list[Membership]:
    """The groups of a State that have a name of their own on the page, those it belongs to on the day first."""
    found = []
    for group in words.MEMBER:
        if group in ("project", "eu_replied", "eu_unlisted_reply"):
            continue  # how the rulebook sorts States, not what they are bound by
        for period in state.groups.get(group, ()):
            found.append(
                Membership(
                    group,
                    words.member(group),
                    period.start,
                    period.end,
                    period.covers(day),
                    period.confidence != "high",
                    shared.book_text(period.note),
                )
            )
    return sorted(found, key=lambda m: not m.now)


def authorities(iso: str) -> Authorities | None:
    """The authorities of a State; None where the rulebook names none."""
    record = institutions(iso)
    if record is None:
        return None
    titles = (("environment", _("Environment")), ("trade", _("Trade")), ("customs", _("Customs")))
    return Authorities(
        bodies=tuple(_authority(title, record[kind]) for kind, title in titles if kind in record),
        former=tuple(_authority("", one) for one in record.get("former", ())),
        window=shared.book_text(record.get("window")),
        window_unsure=record.get("window_confidence", record["confidence"]) != "high",
        unsure=record["confidence"] != "high",
        note=shared.book_text(record.get("note")),
        checked=record["checked"],
        sources=tuple(record["sources"]),
    )


def _authority(title: str, record: Mapping[str, str]) -> Authority:
    until = str(record.get("to", ""))
    if len(until) == len("YYYY-MM-DD"):
        until = figures.day(date.fromisoformat(until))
    return Authority(title, shared.book_text(record["body"]), shared.book_text(record.get("role")), until)


def state_limits(book: Book, iso: str, day: date) -> list[tuple[str, Standard, list[Limit]]]:
    """What the State asks of a load, role by role: (role, row, limits)."""
    out = []
    for role in arrange.ROLE_ORDER:
        for found in standards(book, day, states=[iso], role=role):
            mine = limits(found, book)
            if mine:
                out.append((str(words.ROLE_TITLES[role]), found, mine))
    return out
