"""Texts of a document in two languages: the one in which it was written, which binds, and a translation.

A text that can be given twice has its translation beside it under its own name and `_second`. What was not translated
is shown as missing; nothing is translated here. Basel Convention, Article 6(1): the notification is written in a
language acceptable to the State of import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf.locale import LANG_INFO
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from tidegate.parties.commanding import Refused

SECOND = "_second"
# By the two letters of ISO 639-1; Django's own catalogues have the names, but for the last two.
NAMES: Mapping[str, Any] = {
    **{code: gettext_lazy(info["name"]) for code, info in LANG_INFO.items() if len(code) == 2 and "name" in info},
    "lo": _("Lao"),
    "tl": _("Filipino"),
}


def choices() -> list[tuple[str, Any]]:
    """Languages by name, for a form."""
    return [("", _("Not stated")), *sorted(NAMES.items(), key=lambda pair: str(pair[1]))]


def name(code: str) -> str:
    """A language in words."""
    return str(NAMES.get(code, code))


def binding(language: str, second: str) -> str:
    """Which language of a paper binds, in a sentence."""
    if not language:
        return gettext("The language of the texts is not stated; they bind as they were first given.")
    if not second:
        return gettext("The texts are in %(language)s, which is binding; there is no translation.") % {
            "language": name(language)
        }
    return gettext("The texts in %(language)s are binding; those in %(second)s are a translation.") % {
        "language": name(language), "second": name(second),
    }  # fmt: skip


def missing() -> str:
    """What stands where a translation should."""
    return gettext("no translation given")


def translated(said: Mapping[str, Any], second: str) -> str:
    """The translation of a condition, a ground or a remark (`text`); that it is missing, where there should be one."""
    return str(said.get("text_second") or (missing() if second and said.get("text") else ""))


def completed(said: Mapping[str, Any], second: str) -> dict[str, Any]:
    """The same texts, each translation that is not there said to be missing where there is a second language.

    What has languages of its own, a decision, is left as it is.
    """
    found = dict(said)
    for key, value in said.items():
        if isinstance(value, list):
            found[key] = [
                completed(one, second) if isinstance(one, Mapping) and "second_language" not in one else one
                for one in value
            ]
        elif second and key.endswith(SECOND) and not value and said.get(key.removesuffix(SECOND)):
            found[key] = missing()
    return found


def wrong(language: str, second: str, translated: bool) -> tuple[str, str, Any] | None:
    """Field, value and expectation of the first thing that is wrong with a pair of languages, or nothing."""
    for field, code in (("language", language), ("second_language", second)):
        if code and code not in NAMES:
            return field, code, _("a language by its two letters (ISO 639-1)")
    if second and not language:
        return "language", language, _("the language in which the texts are written, beside that of the translation")
    if second and second == language:
        return "second_language", second, _("another language than that of the texts")
    if translated and not second:
        return "second_language", second, _("the language of the translation")
    return None


def read(language: Any, second: Any, *, translated: bool) -> tuple[str, str]:
    """A pair of languages as it is kept. Raises Refused("language") that names the field."""
    pair = str(language or "").strip().lower(), str(second or "").strip().lower()
    if found := wrong(*pair, translated):
        raise Refused("language", _("The languages of the texts do not fit."), field=found[0], value=found[1][:40],
                      expected=found[2])  # fmt: skip
    return pair
