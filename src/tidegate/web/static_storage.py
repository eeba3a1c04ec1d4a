"""Addresses of static files that change when the file does, without a collectstatic step."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


class VersionedStaticFilesStorage(StaticFilesStorage):
    """``{% static %}`` gives ``/static/NAME?v=HASH``: a browser keeps a file until its content changes."""

    def url(self, name: str | None) -> str:
        address = super().url(name)
        version = _version(name or "", settings.DEBUG)
        return f"{address}?v={version}" if version else address


def _version(name: str, fresh: bool) -> str:
    return _hash(name) if fresh else _kept_hash(name)


def _hash(name: str) -> str:
    found = finders.find(name)
    if not found:
        return ""
    return hashlib.sha256(Path(str(found)).read_bytes()).hexdigest()[:10]


_kept_hash = lru_cache(maxsize=512)(_hash)
