"""Reading what was sent: one JSON value, or one JSON object a line; strictly, and never more than is allowed.

The same strict reader of JSON as for files (`tidegate.formats.jsonl`): no NaN, no key given twice, no half of a
surrogate pair, numbers exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest

from tidegate.formats.jsonl import loads
from tidegate.formats.limits import Limits
from tidegate.formats.rejects import RowError
from tidegate.web.api.problems import Problem

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
LIMITS = Limits()
# The depth of a batch is looked at row by row: the reader's own count would walk through every character of it.
_WHOLE = Limits(depth=1_000_000)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]+)", re.I)


def media_type(request: HttpRequest, *, lines: bool) -> str:
    """`application/json`, or `application/x-ndjson` where `lines` may come. Raises Problem."""
    given = request.headers.get("Content-Type", "") or JSON
    name = given.partition(";")[0].strip().lower()
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    charset = _CHARSET.search(given)
    read = [JSON, *(NDJSON[:1] if lines else ())]
    if coding not in ("", "identity"):
        raise Problem("media-type", f"A body in {coding} is not read.", headers={"Accept-Encoding": "identity"})
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Problem("media-type", f"A body in {charset[1]} is not read; send UTF-8.")
    if name == JSON or (name.startswith("application/") and name.endswith("+json")):
        return JSON
    if lines and name in NDJSON:
        return NDJSON[0]
    raise Problem(
        "media-type",
        f"{name[:80]} is not read here; send {' or '.join(read)}.",
        headers={"Accept-Post": ", ".join(read)},
    )


def text_of(request: HttpRequest, limit: int) -> str:
    """The body as text, at most `limit` bytes of it. Raises Problem."""
    length = request.headers.get("Content-Length", "")
    if not length:
        if request.headers.get("Transfer-Encoding"):
            raise Problem("length", "The body came in chunks of unknown length; send Content-Length.")
        length = "0"
    if not length.isdigit():
        raise Problem("length", "Content-Length is not a number of bytes.")
    if int(length) > limit:
        raise Problem(
            "too-large",
            f"The body is {int(length)} bytes long; at most {limit} are read.",
            field="body",
            value=int(length),
            expected=f"at most {limit} bytes",
        )
    data = request.read(limit + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem("not-json", f"The body is not UTF-8 at byte {error.start + 1}.") from None


def one_value(text: str) -> Any:
    """One JSON value. Raises Problem."""
    if not text.strip():
        raise Problem("not-json", "The body is empty.")
    try:
        return loads(text, LIMITS)
    except RowError as error:
        raise Problem("not-json", _said(error)) from None


def rows_of(text: str, media: str, most: int) -> Iterator[Any]:
    """Each row of a batch: its JSON value, or the RowError that says why it has none.

    Raises Problem, before the first row, when there are more than `most` or when an array cannot be read as a whole.
    """
    rows: list[Any]
    if media == JSON:
        try:
            value = loads(text, _WHOLE) if text.strip() else []
        except RowError as error:
            raise Problem("not-json", _said(error)) from None
        if not isinstance(value, list):
            raise Problem(
                "not-json",
                "The body is JSON, but not an array of shipments; one shipment alone goes to /screen.",
            )
        rows = value
    else:
        rows = [line for line in text.split("\n") if line.strip()]
    if len(rows) > most:
        raise Problem(
            "too-large",
            f"The batch has {len(rows)} rows; at most {most} are decided at once.",
            field="rows",
            value=len(rows),
            expected=f"at most {most} rows",
        )
    return (_row(row, media) for row in rows)


def _row(row: Any, media: str) -> Any:
    if media != JSON:
        try:
            return loads(row.strip(" \t\r"), LIMITS)
        except RowError as error:
            return error
    if deeper(row, LIMITS.depth):
        return RowError("row", None, f"JSON nested at most {LIMITS.depth} deep", "the JSON is nested too deep")
    return row


def deeper(value: Any, most: int) -> bool:
    """Whether objects and lists stand more than `most` deep in each other."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for item in level
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return any(isinstance(item, (dict, list)) for item in level)


def _said(error: RowError) -> str:
    return f"{error.message[:1].upper()}{error.message[1:]}."
