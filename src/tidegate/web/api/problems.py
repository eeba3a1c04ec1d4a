"""Errors as RFC 9457 problem details. The texts are English: programs and their authors read them.

`type` is the address, on this installation, of the paragraph that explains the problem.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from tidegate.formats.rejects import shorten
from tidegate.screening import Reject

MEDIA_TYPE = "application/problem+json"

#: key → (status, title, explanation on the documentation page)
KINDS: Mapping[str, tuple[int, str, str]] = {
    "not-json": (
        400,
        "The body is not JSON",
        "It is not UTF-8, not JSON, gives a key twice, holds NaN, or is nested too deep. `detail` says where.",
    ),
    "unauthenticated": (
        401,
        "Nobody is signed in",
        "Send an access key that is known, not revoked and of today as `Authorization: Bearer …`, or use a session.",
    ),
    "forbidden": (403, "This role may not do that", "`field` names the right that the caller lacks."),
    "not-found": (404, "There is no such thing", "Nothing has this address, or the caller does not see it."),
    "method": (405, "This method is not allowed here", "The `Allow` header lists the methods of this address."),
    "conflict": (
        409,
        "Somebody else changed it meanwhile",
        "The revision that was sent is not the row's own any more. Read the row again, and decide anew.",
    ),
    "length": (
        411,
        "The length of the body is not given",
        "Send `Content-Length`; bodies of unknown length (chunked) are not read.",
    ),
    "too-large": (
        413,
        "The body is too large",
        "`expected` gives the limit of this installation. Larger files go through the batch page or `tidegate screen`.",
    ),
    "media-type": (
        415,
        "The body is of a type that is not read here",
        "Send `application/json`; a batch may also be `application/x-ndjson`. Compressed bodies are not read.",
    ),
    "refused": (
        422,
        "A guard of the command fails",
        "Nothing was changed. `code` says which guard, `field`, `value` and `expected` what would do.",
    ),
    "rejected": (
        422,
        "The shipment cannot be read",
        "A required field is lacking, or a value cannot be what its field is: see `field`, `value`, `expected`.",
    ),
    "parameter": (
        422,
        "A parameter cannot be read",
        "A part of the address is not what it has to be: see `field`, `value` and `expected` of each of `errors`.",
    ),
    "rate": (
        429,
        "Too many requests",
        "This address has used up its units. `Retry-After` says in how many seconds there will be enough again.",
    ),
    "internal": (
        500,
        "Something went wrong here",
        "The failure was recorded under `request_id`; quote it to the people who run this installation.",
    ),
    "unavailable": (503, "Not ready", "The database does not answer or the rulebook cannot be loaded."),
}


class Problem(Exception):
    """An answer that is an error. `extra` are further members, such as field, value and expected."""

    def __init__(self, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any):
        super().__init__(detail)
        self.kind, self.detail, self.extra = kind, detail, extra
        self.headers = dict(headers or {})

    @classmethod
    def of_reject(cls, reject: Reject) -> Problem:
        """The problem of a shipment that cannot be read."""
        error = reject_error(reject)
        return cls("rejected", error.pop("message"), **error)

    def response(self, request: HttpRequest) -> HttpResponse:
        """The problem as an answer to `request`."""
        status, title, _ = KINDS[self.kind]
        content: dict[str, Any] = {
            "type": f"{reverse('api-v1:docs')}#problem-{self.kind}",
            "title": title,
            "status": status,
            "detail": self.detail,
            "instance": request.path,
            "request_id": getattr(request, "api_id", None),
            **self.extra,
        }
        response = HttpResponse(json.dumps(content, ensure_ascii=True), status=status, content_type=MEDIA_TYPE)
        for name, value in self.headers.items():
            response[name] = value
        response["Cache-Control"] = "no-store"
        return response


def plain(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Further members as JSON can hold them: what is empty is left out, long texts are cut."""
    kept = {}
    for name, value in extra.items():
        if value is None or value == "":
            continue
        kept[name] = value if isinstance(value, (bool, int)) else shorten(str(value))
    return kept


def reject_error(reject: Reject) -> dict[str, Any]:
    """The `error` object of the contract: field, value, expected and a sentence; values cut to what can be shown."""
    value = reject.value
    if not (value is None or isinstance(value, (bool, int, float))) or (isinstance(value, int) and abs(value) > 10**15):
        value = shorten(value)
    return {
        "field": reject.field,
        "value": value,
        "expected": reject.expected,
        "message": f"{reject.field}: {shorten(reject.value)}: expected {reject.expected}",
    }


def parameter_problem(errors: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> Problem:
    """The problem of parameters that pydantic refused. `given`: the parameters as they came."""
    listed = []
    for error in errors:
        name = str(error["loc"][-1]) if error["loc"] else "body"
        listed.append({"field": name, "value": shorten(given.get(name)), "expected": _expected(error)})
    detail = "; ".join(f"{item['field']}: {item['value']}: expected {item['expected']}" for item in listed)
    return Problem("parameter", detail, errors=listed)


def _expected(error: Mapping[str, Any]) -> str:
    """What pydantic wanted, in the words of the other errors."""
    kind, context = str(error.get("type", "")), error.get("ctx") or {}
    if kind.startswith("date"):
        return "a day of the calendar as YYYY-MM-DD"
    if kind in ("literal_error", "enum"):
        return str(context.get("expected", "one of the values in the documentation"))
    if kind.startswith("bool"):
        return "true or false"
    if kind.startswith("int"):
        return "a whole number"
    if kind == "missing":
        return "a value"
    bounds = {"greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most")}
    if kind in bounds:
        key, words = bounds[kind]
        return f"a number of {words} {context.get(key)}"
    if kind == "string_too_long":
        return f"at most {context.get('max_length')} characters"
    if kind == "string_pattern_mismatch":
        return f"text of the form {context.get('pattern')}"
    return str(error.get("msg", "another value"))
