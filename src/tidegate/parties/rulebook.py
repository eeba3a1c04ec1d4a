"""The rulebook in force for this installation: the shipped one with the installation's overlays laid on top."""

from __future__ import annotations

import time
from threading import Lock

from django.conf import settings

from tidegate.law import Book, load_rulebook

# How long one may go on with the book one has before the files are looked at again, in seconds.
FRESH_FOR = 2.0

_lock = Lock()
_held: tuple[float, tuple[str, ...], Book] | None = None


def book() -> Book:
    """The rulebook in force for this installation.

    Loading looks at every file of the book, and one page or command asks dozens of times: so the answer is kept for
    two seconds. An emergency rule laid over the book is in force everywhere after that, without a restart.
    """
    global _held
    overlays = tuple(str(folder) for folder in settings.TIDEGATE_OVERLAYS)
    held = _held
    if held is not None and held[1] == overlays and time.monotonic() - held[0] < FRESH_FOR:
        return held[2]
    with _lock:
        found = load_rulebook(overlays)
        _held = (time.monotonic(), overlays, found)
    return found
