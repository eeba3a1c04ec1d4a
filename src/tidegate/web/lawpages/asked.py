"""Reading what an address asks for: days, States, roles. What cannot be read is said, and the page still answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from tidegate.law import Book, State


@dataclass
class Asked:
    """A request's parameters, with the complaints about those that could not be read."""

    request: HttpRequest
    complaints: list[str] = field(default_factory=list)

    def day(self, name: str, default: date | None = None) -> date | None:
        """A day; the default, with a complaint, where there is one that is none."""
        text = self.request.GET.get(name, "").strip()
        if not text:
            return default
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.complaints.append(_("“%(text)s” is not a day as YYYY-MM-DD.") % {"text": text[:40]})
            return default

    def on(self, name: str = "on") -> date:
        """A day, today where none is given."""
        return self.day(name) or today()

    def state(self, book: Book, name: str = "state") -> str | None:
        """A State whose law the book holds."""
        text = self.request.GET.get(name, "").strip().upper()
        if not text:
            return None
        if text in book.national_states:
            return text
        self.complaints.append(
            _("The rulebook holds no law of a State with the code “%(text)s”.") % {"text": text[:40]}
        )
        return None

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of several words."""
        text = self.request.GET.get(name, "").strip()
        return text if text in allowed else default


def today() -> date:
    """The day that stands in where none is given."""
    return datetime.now(UTC).date()


def state_or_404(iso: str, book: Book) -> State:
    """The State of a page's address, with national law in the book or without."""
    state = book.states.get(iso.upper())
    if state is None:
        raise Http404(_("The rulebook knows no State with this code."))
    return state


def lawgiver_or_404(iso: str, book: Book) -> State:
    """The State of an address that shows its national law alone: there is none to show without it."""
    state = state_or_404(iso, book)
    if state.iso not in book.national_states:
        raise Http404(_("The rulebook holds no law of a State with this code."))
    return state
