"""What changes next: a list by days, a calendar to subscribe to, and a feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tidegate.law import Book
from tidegate.law.timeline import Change, changes, icalendar
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words as shared
from tidegate.web.lawpages import arrange, feeds
from tidegate.web.lawpages.asked import Asked, today


@dataclass(frozen=True)
class Day:
    """A day on which the law changes."""

    date: date
    away: int
    events: tuple[arrange.Event, ...]

    @property
    def past(self) -> bool:
        return self.away < 0


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What begins and ends from a day on."""
    book, asked = current_book(), Asked(request)
    start = asked.on("from")
    state = asked.state(book)
    found = changes(book, start, state=state)
    query = urlencode({"state": state}) if state else ""
    context = {
        "start": start,
        "is_today": start == today(),
        "state": state,
        "states": sorted((shared.state_name(iso, book.states), iso) for iso in book.national_states),
        "complaints": asked.complaints,
        "days": days(book, found),
        "count": len(found),
        "year_before": start.replace(year=start.year - 1)
        if (start.month, start.day) != (2, 29)
        else start - timedelta(366),
        "ics": _absolute(request, "law:changes-ics", query),
        "webcal": "webcal://" + _absolute(request, "law:changes-ics", query).partition("://")[2],
        "atom": _absolute(request, "law:changes-atom", query),
    }
    return render(request, "lawpages/changes.html", context)


def days(book: Book, found: list[Change]) -> list[Day]:
    """Changes gathered by day."""
    now = today()
    return [
        Day(when, (when - now).days, tuple(arrange.event(c, book, now) for c in on_day))
        for when, on_day in groupby(found, key=lambda c: c.date)
    ]


def _subscribed(request: HttpRequest) -> tuple[Book, str | None, list[Change], str]:
    """The last year and all that lies ahead: a calendar keeps what it was told of lately."""
    book = current_book()
    state = Asked(request).state(book)
    found = changes(book, today() - timedelta(days=366), state=state)
    title = _("Plastic waste law: what changes")
    if state:
        title += f" · {shared.state_name(state, book.states)}"
    return book, state, found, title


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """The changes as a calendar file (RFC 5545); each event keeps its UID, so that a subscription follows a date."""
    book, state, found, title = _subscribed(request)
    address = request.build_absolute_uri(reverse("law:index")).rstrip("/")
    text = icalendar(book, found, stamp=feeds.book_moment(book), name=title, address=address)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'inline; filename="tidegate-changes{f"-{state.lower()}" if state else ""}.ics"'
    patch_cache_control(response, private=True, max_age=3600)
    return response


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """The changes as an Atom feed (RFC 4287)."""
    book, state, found, title = _subscribed(request)
    query = urlencode({"state": state}) if state else ""
    text = feeds.atom(
        book,
        found,
        title=title,
        feed=_absolute(request, "law:changes-atom", query),
        page=_absolute(request, "law:changes", query),
        rule_page=request.build_absolute_uri(reverse("law:rule", args=["RULE"])),
    )
    response = HttpResponse(text, content_type="application/atom+xml; charset=utf-8")
    patch_cache_control(response, private=True, max_age=3600)
    return response


def _absolute(request: HttpRequest, name: str, query: str) -> str:
    return request.build_absolute_uri(reverse(name) + (f"?{query}" if query else ""))
