"""What an installation may set about the API. A Django setting of the name wins over the environment.

| name | meaning | default |
|---|---|---|
| TIDEGATE_API_RATE | units that a client gets back each second; 0 takes the limit off | 50 |
| TIDEGATE_API_BURST | units that a client may spend at once | 500 |
| TIDEGATE_API_PROXIES | proxies in front that write X-Forwarded-For | 1 where one sets the scheme, else 0 |
| TIDEGATE_API_MAX_BYTES | largest body of one shipment, bytes | 262144 |
| TIDEGATE_API_BATCH_MAX_BYTES | largest body of a batch, bytes | 8388608 |
| TIDEGATE_API_BATCH_MAX_ROWS | most rows of a batch; a tenth of it with `changes` | 1000 |
| TIDEGATE_API_CORS_ORIGINS | origins whose pages may call the API, with commas | none |

A request costs one unit; a batch one more for each 20 rows, and one for each 2 rows with `changes`.
"""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def _named(name: str) -> Any:
    found = getattr(settings, name, None)
    return os.environ.get(name) if found is None else found


def _number(name: str, default: float, least: float = 0) -> float:
    given = _named(name)
    if given is None or given == "":
        return default
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = -1
    if value < least:
        raise ImproperlyConfigured(f"{name}: {given!r}; expected a number of at least {least:g}")
    return value


def rate() -> float:
    """Units a second for each client; 0 means no limit."""
    return _number("TIDEGATE_API_RATE", 50)


def burst() -> int:
    """Units that a client may spend at once."""
    return int(_number("TIDEGATE_API_BURST", 500, least=1))


def proxies() -> int:
    """How many addresses at the right end of X-Forwarded-For were written by proxies of this installation."""
    behind = 1 if getattr(settings, "SECURE_PROXY_SSL_HEADER", None) else 0
    return int(_number("TIDEGATE_API_PROXIES", behind))


def max_bytes() -> int:
    """Largest body of one shipment, in bytes."""
    return int(_number("TIDEGATE_API_MAX_BYTES", 256 * 1024, least=1))


def batch_max_bytes() -> int:
    """Largest body of a batch, in bytes."""
    return int(_number("TIDEGATE_API_BATCH_MAX_BYTES", 8 * 1024 * 1024, least=1))


def batch_max_rows() -> int:
    """Most rows of a batch."""
    return int(_number("TIDEGATE_API_BATCH_MAX_ROWS", 1000, least=1))


def cors_origins() -> frozenset[str]:
    """Origins whose pages a browser lets call the API."""
    given = _named("TIDEGATE_API_CORS_ORIGINS") or ()
    items = given.split(",") if isinstance(given, str) else given
    return frozenset(item.strip().rstrip("/") for item in items if item.strip())
