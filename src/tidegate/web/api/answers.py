"""Answers as plain JSON, and answers about the law that a client may keep until the law changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from tidegate import __version__
from tidegate.formats.tabular import jsonable
from tidegate.parties.rulebook import book


def as_json(value: Any) -> bytes:
    """Compact JSON without NaN; days as ISO text, decimals as numbers where that loses no digit."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except TypeError:
        text = json.dumps(jsonable(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()


def json_answer(value: Any, *, status: int = 200) -> HttpResponse:
    """An answer that nobody keeps: it is about one trader's shipment, or about this very moment."""
    response = HttpResponse(as_json(value), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


def kept_answer(request: HttpRequest, build: Callable[[], Any]) -> HttpResponse:
    """An answer about the law, with an ETag; 304, without building it, where the client has it already.

    The tag covers the rulebook's bytes, the address, this version, and the day, which stands in for `on`.
    """
    named = "\0".join(
        [
            book().hash,
            __version__,
            request.path,
            request.GET.urlencode(),
            datetime.now(UTC).date().isoformat(),
        ]
    )
    tag = f'"{hashlib.sha256(named.encode()).hexdigest()[:32]}"'
    held = parse_etags(request.headers.get("If-None-Match", ""))
    if tag in (one.removeprefix("W/") for one in held) or held == ["*"]:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(as_json(build()), content_type="application/json")
    response["ETag"] = tag
    # Ask again each time: an emergency rule must be seen as soon as it is laid over the book.
    response["Cache-Control"] = "no-cache"
    return response


def number(value: Decimal | None) -> int | float | None:
    """A figure of the rulebook as a JSON number."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
