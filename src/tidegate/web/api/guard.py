"""What every request to the API passes through, whatever operation it is for.

1. It gets an id (its own `X-Request-ID` where that is a plain word), which every answer and log line carries.
2. Its client pays one unit; without units the answer is 429 with `Retry-After`.
3. A page of another origin gets an answer that its browser lets it read only where the installation says so.
4. `HEAD` is answered as `GET` without a body; every error is a problem of RFC 9457, and no traceback leaves.
"""

from __future__ import annotations

import logging
import math
import re
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from tidegate.web.api import conf
from tidegate.web.api.problems import Problem
from tidegate.web.api.ratelimit import BUCKETS, Verdict, client_of

log = logging.getLogger("tidegate.api")

View = Callable[..., HttpResponseBase]
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")
# What a page of an allowed origin may read besides the body.
EXPOSED = "ETag, Link, RateLimit, RateLimit-Policy, Retry-After, Tidegate-Decided, Tidegate-Rejected, X-Request-ID"
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match, X-Request-ID",
    "Access-Control-Max-Age": "3600",
}


def guarded(view: View) -> View:
    """`view` behind the guard."""

    @csrf_exempt
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        request.api_id = given if _PLAIN.fullmatch(given) else secrets.token_hex(8)  # type: ignore[attr-defined]
        headed = request.method == "HEAD"
        if headed:
            request.method = "GET"
        response: HttpResponseBase
        try:
            charge(request, 1)
            response = _answer(view, request, args, kwargs)
        except Problem as problem:
            response = problem.response(request)
        _finish(request, response)
        if headed and isinstance(response, HttpResponse):
            length = str(len(response.content))
            response.content = b""
            response["Content-Length"] = length
        return response

    return inner


def charge(request: HttpRequest, cost: float) -> None:
    """Take `cost` units from the client's bucket. Raises Problem when they are not there."""
    rate = conf.rate()
    if not rate:
        return
    burst = conf.burst()
    verdict = BUCKETS.take(client_of(request, conf.proxies()), cost, rate, burst)
    request.api_rate = (verdict, rate, burst)  # type: ignore[attr-defined]
    if not verdict.allowed:
        wait = max(1, math.ceil(verdict.retry_in))
        raise Problem(
            "rate",
            f"This address may make {rate:g} requests a second, {burst} at once. Try again in {wait} s.",
            headers={"Retry-After": str(wait)},
        )


def _answer(view: View, request: HttpRequest, args: Any, kwargs: Any) -> HttpResponseBase:
    if request.method == "OPTIONS":
        return _options(request)
    try:
        response = view(request, *args, **kwargs)
    except Http404 as missing:
        raise Problem("not-found", str(missing) or f"{request.path} does not exist.") from None
    except SuspiciousOperation:
        raise Problem("not-json", "The request could not be read.") from None
    except Problem:
        raise
    except Exception:
        # The shipment itself is not logged: it is a trader's data.
        log.exception("request %s: %s %s failed", request.api_id, request.method, request.path)  # type: ignore[attr-defined]
        raise Problem("internal", "The request failed here; it was recorded.") from None
    if response.status_code == 405:
        allowed = response.headers.get("Allow", "")
        if "GET" in allowed and "HEAD" not in allowed:
            allowed = allowed.replace("GET", "GET, HEAD")
        raise Problem("method", f"{request.method} is not one of: {allowed}.", headers={"Allow": allowed})
    return response


def _options(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(status=204)
    response["Allow"] = PREFLIGHT["Access-Control-Allow-Methods"]
    if request.headers.get("Origin") in conf.cors_origins():
        for name, value in PREFLIGHT.items():
            response[name] = value
    return response


def _finish(request: HttpRequest, response: HttpResponseBase) -> None:
    response["X-Request-ID"] = request.api_id  # type: ignore[attr-defined]
    response.headers.setdefault("Content-Language", "en")
    if response.status_code in (204, 304):
        del response["Content-Type"]
    if getattr(request, "auth", None) is not None:
        # The answer is for this caller: no cache on the way keeps it.
        response.headers.setdefault("Cache-Control", "private, no-store")
        patch_vary_headers(response, ["Authorization", "Cookie"])
    # A refused shipment is ordinary work, not a warning for this installation's log.
    response._has_been_logged = True  # type: ignore[attr-defined]
    charged: tuple[Verdict, float, int] | None = getattr(request, "api_rate", None)
    if charged is not None:
        verdict, rate, burst = charged
        response["RateLimit-Policy"] = f'"client";q={burst};w={max(1, math.ceil(burst / rate))}'
        response["RateLimit"] = f'"client";r={verdict.left};t={math.ceil(verdict.full_in)}'
    allowed = conf.cors_origins()
    if allowed:
        patch_vary_headers(response, ["Origin"])
        origin = request.headers.get("Origin", "")
        if origin in allowed:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = EXPOSED
