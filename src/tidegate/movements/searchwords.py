"""The words that a row is found by, and how a text is cut into them.

A word is a run of letters, marks and digits, without regard to case. It is kept as its bytes in UTF-8, which every
database puts in the same order, whatever its language: one range of an index is what begins alike. Where a script puts
no space between words, each of its letters begins one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# Of a longer word, only so many letters count.
LONGEST = 32
# Words of a text that are looked for.
MOST = 8
_PLAIN = re.compile(r"[a-z0-9]+")
# Thai and Lao; Burmese; Khmer; Japanese and Chinese.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
NAMED = ("exporter", "importer", "facility")


def asked(text: str) -> list[bytes]:
    """The words of a text that somebody looks for."""
    return [run[:LONGEST].encode() for run in dict.fromkeys(_runs(text))][:MOST]


def begins(word: bytes) -> dict[str, bytes]:
    """The condition that a kept word begins with a word that is looked for. No UTF-8 holds the byte FF."""
    return {"word__gte": word, "word__lt": word + b"\xff"}


def of(texts: Iterable[Any]) -> set[bytes]:
    """The words of some texts."""
    return {word for text in texts for run in _runs(str(text or "")) for word in _beginnings(run)}


def of_notification(number: str, case: str, blocks: Mapping[str, Any]) -> list[Any]:
    """By number, case, designation, and the names of exporter, importer and facility."""
    return [
        number,
        case,
        blocks.get("designation"),
        blocks.get("designation_second"),
        *((blocks.get(name) or {}).get("name") for name in NAMED),
    ]


def _runs(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return _PLAIN.findall(folded)
    return "".join(sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in folded).split()


def _beginnings(run: str) -> Iterator[bytes]:
    yield run[:LONGEST].encode()
    if run.startswith("0"):  # a number is said without the noughts before it
        yield run.lstrip("0")[:LONGEST].encode() or b"0"
    if not run.isascii():
        for found in _UNSPACED.finditer(run, 1):
            if unicodedata.category(found[0])[0] == "L":
                yield run[found.start() : found.start() + LONGEST].encode()
