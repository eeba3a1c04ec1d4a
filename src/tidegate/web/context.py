"""What the frame of every page shows: navigation, languages, the rulebook's label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, get_language_info

from tidegate import __version__
from tidegate.parties import choices
from tidegate.parties.rulebook import book
from tidegate.web.navigation import entries, work


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template context of every page. ``td`` groups it so that a page's own names stay free."""
    language = (get_language() or settings.LANGUAGE_CODE).split("-")[0]
    return {
        "td": {
            "nav": entries(request),
            "work": _Lazy(lambda: work(request)),
            "choices": _Lazy(lambda: choices.of(request)),
            "demo": settings.TIDEGATE_DEMO,
            "languages": [
                {"code": code, "name": get_language_info(code)["name_local"]} for code, _name in settings.LANGUAGES
            ],
            "language": language,
            "machine_draft": language in settings.TIDEGATE_MACHINE_DRAFTS,
            "version": __version__,
            "rulebook": _Label(),
        }
    }


class _Lazy:
    """A list that is made when a page first shows it: a page without the frame asks the database nothing."""

    def __init__(self, make: Callable[[], list[Any]]):
        self._make = make
        self._made: list[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        if self._made is None:
            self._made = self._make()
        return iter(self._made)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Label:
    """The rulebook's label, read only by a page that shows it."""

    def __str__(self) -> str:
        return book().label
