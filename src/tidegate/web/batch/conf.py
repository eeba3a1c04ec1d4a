"""What an installation may set about batches. A Django setting of the name wins over the environment.

| name | meaning | default |
|---|---|---|
| TIDEGATE_BATCHES_OPEN | whoever reaches the page sees every batch; else each browser session its own | no |
| TIDEGATE_BATCH_KEEP_DAYS | days after which a batch and its files are removed; 0 keeps them | 30 |
| TIDEGATE_BATCH_MAX_FILES | most ASYCUDA files of one upload | 1000 |
| TIDEGATE_BATCH_XLSX_ROWS | most decisions that are written as a workbook (about 3 ms each) | 20000 |
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def _named(name: str, default: Any) -> Any:
    found = getattr(settings, name, None)
    if found is None:
        found = os.environ.get(name) or None
    return default if found is None else found


def _number(name: str, default: int, least: int = 0) -> int:
    given = _named(name, default)
    try:
        value = int(given)
    except (TypeError, ValueError):
        value = least - 1
    if value < least:
        raise ImproperlyConfigured(f"{name}: {given!r}; expected a whole number of at least {least}")
    return value


def open_to_all() -> bool:
    """Whether every visitor sees every batch (one person's machine)."""
    return str(_named("TIDEGATE_BATCHES_OPEN", False)).lower() in ("1", "true", "yes")


def keep() -> timedelta | None:
    """How long a batch is kept; None for ever."""
    days = _number("TIDEGATE_BATCH_KEEP_DAYS", 30)
    return timedelta(days=days) if days else None


def max_files() -> int:
    """Most files of one upload."""
    return _number("TIDEGATE_BATCH_MAX_FILES", 1000, least=1)


def max_bytes() -> int:
    """Largest upload, in bytes, all files together."""
    return int(settings.TIDEGATE_UPLOAD_MAX_BYTES)


def xlsx_rows() -> int:
    """Most decisions that are written as a workbook."""
    return _number("TIDEGATE_BATCH_XLSX_ROWS", 20_000, least=1)


def folder() -> Path:
    """Where the files of batches lie."""
    return Path(settings.MEDIA_ROOT) / "batches"
