"""Sentences of the core that are put together from values, so that a reader of another language can have them too.

The data contract carries the finished English sentence. `parts` finds the message and its values again in such a
sentence, fresh or from a file written long ago; a page then says the message in its own language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

# What a reject expects.
AT_LEAST = "a number of at least %(minimum)s"
AT_MOST = "a number of at most %(maximum)s"
ONE_OF = "one of %(values)s"
PRE_OR_POST = "pre or post"
WHOLE = "a whole number"
# What an alert says.
OTHER_ENTRY = "The papers name %(declared)s; the content stated falls under %(entries)s."
NO_ENTRY = "no entry"
NO_BORDER = "Export and import name the same State and no State of transit is named: this shipment crosses no border."
NOT_EVALUATED = "This rule could not be evaluated; report it."

# Message ids for translators; values stand as %(name)s.
MESSAGES = (
    AT_LEAST,
    AT_MOST,
    ONE_OF,
    PRE_OR_POST,
    WHOLE,
    OTHER_ENTRY,
    NO_ENTRY,
    NO_BORDER,
    NOT_EVALUATED,
)


def say(message: str, **values: object) -> str:
    """The English sentence of one of `MESSAGES`."""
    return message % values


@lru_cache(maxsize=1024)
def parts(text: str) -> tuple[str, dict[str, str]] | None:
    """The message of which `text` is made, and its values; None for a text that no message with values gives."""
    return found(_PATTERNS, text)


def found(known: Mapping[str, re.Pattern[str]], text: str) -> tuple[str, dict[str, str]] | None:
    """The first of the known messages that gives `text`, and its values."""
    for message, pattern in known.items():
        if match := pattern.fullmatch(text):
            return message, match.groupdict()
    return None


def patterns(messages: Iterable[str]) -> dict[str, re.Pattern[str]]:
    """How to find each of the messages that hold values again."""
    return {message: _pattern(message) for message in messages if "%(" in message}


def _pattern(message: str) -> re.Pattern[str]:
    pieces = re.split(r"%\((\w+)\)s", message)
    return re.compile(
        "".join(f"(?P<{piece}>.+)" if n % 2 else re.escape(piece) for n, piece in enumerate(pieces)), re.DOTALL
    )


_PATTERNS = patterns(MESSAGES)
