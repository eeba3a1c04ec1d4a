"""Addresses of static files that change when the file does, without a collectstatic step."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage

# By what all addresses begin with, and the name: those that templates name, some dozens.
_KEPT: dict[tuple[str | None, str], str] = {}


class VersionedStaticFilesStorage(StaticFilesStorage):
    """``{% static %}`` gives ``/static/NAME?v=HASH``: a browser keeps a file until its content changes."""

    def url(self, name: str | None) -> str:
        key = (self.base_url, name or "")
        address = None if settings.DEBUG else _KEPT.get(key)
        if address is None:
            version = _hash(name or "")
            address = f"{super().url(name)}?v={version}" if version else super().url(name)
            if version:
                _KEPT[key] = address
        return address


def _hash(name: str) -> str:
    found = finders.find(name)
    if not found:
        return ""
    return hashlib.sha256(Path(str(found)).read_bytes()).hexdigest()[:10]
