"""What the frame of every page shows: navigation, languages, the rulebook's label."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language, get_language_info

from tidegate import __version__
from tidegate.web.navigation import entries
from tidegate.web.rulebook import book


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template context of every page. ``td`` groups it so that a page's own names stay free."""
    language = (get_language() or settings.LANGUAGE_CODE).split("-")[0]
    return {
        "td": {
            "nav": entries(request),
            "languages": [
                {"code": code, "name": get_language_info(code)["name_local"]} for code, _name in settings.LANGUAGES
            ],
            "language": language,
            "machine_draft": language in settings.TIDEGATE_MACHINE_DRAFTS,
            "version": __version__,
            "rulebook": _Label(),
        }
    }


class _Label:
    """The rulebook's label, read only by a page that shows it."""

    def __str__(self) -> str:
        return book().label
