"""JSON Lines: one object a line, read strictly, each bad line rejected alone.

Stricter than Python's own reader where leniency would let a wrong shipment through: no NaN or Infinity, no
key given twice, no text after the object, no nesting without end. Numbers with a point become `Decimal`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tidegate.formats.encodings import Encoding
from tidegate.formats.limits import Limits
from tidegate.formats.rejects import FormatError, RowError
from tidegate.formats.streams import Opened, decode, line_codec, text_lines

_DEFAULTS = Limits()
_ID = re.compile(r'"id"\s*:\s*("(?:[^"\\]|\\.){0,200}"|-?\d{1,30}(?=\s*[,}]))')
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')

#: row, line, object (None when rejected), error, id as far as it could be made out
Parsed = tuple[int, int, dict[str, Any] | None, RowError | None, Any]


def loads(text: str, limits: Limits = _DEFAULTS) -> Any:
    """One JSON value, strictly. Raises `RowError`."""
    if text.count("{") + text.count("[") > limits.depth and _depth(text) > limits.depth:
        raise RowError("line", text, f"JSON nested at most {limits.depth} deep", "the JSON is nested too deep")
    try:
        value = json.loads(
            text,
            parse_float=lambda digits: _number(digits, limits),
            parse_int=lambda digits: _integer(digits, limits),
            parse_constant=_constant,
            object_pairs_hook=_object,
        )
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
        return value
    except RowError as error:
        if error.field == "number":
            error.field = _key_of(str(error.value), text)
        raise
    except UnicodeEncodeError:
        raise RowError("line", text, "text", "half of a surrogate pair (\\ud800 to \\udfff) stands alone") from None
    except json.JSONDecodeError as error:
        shown = text[max(0, error.pos - 20) : error.pos + 40]
        raise RowError(
            "line", shown, "one JSON object", f"not JSON at character {error.pos + 1}: {error.msg}"
        ) from None
    except RecursionError:
        raise RowError("line", text, f"JSON nested at most {limits.depth} deep") from None


def _key_of(number: str, text: str) -> str:
    """The key under which a number stands that cannot be one; the line where it is not told apart from others."""
    found = re.search(r'"((?:[^"\\]|\\.)*)"\s*:[\s\[]*' + re.escape(number), text)
    return found[1] if found else "line"


def _depth(text: str) -> int:
    deepest = now = 0
    for sign in _STRING.sub("", text):
        if sign in "[{":
            now += 1
            deepest = max(deepest, now)
        elif sign in "]}":
            now -= 1
    return deepest


def _number(digits: str, limits: Limits) -> Decimal:
    value = Decimal(digits)
    if len(digits) > limits.number_digits or (value and abs(value.adjusted()) > limits.number_digits):
        raise RowError("number", digits, f"a number of at most {limits.number_digits} digits")
    return value


def _integer(digits: str, limits: Limits) -> int:
    if len(digits) > limits.number_digits:
        raise RowError("number", digits, f"a number of at most {limits.number_digits} digits")
    return int(digits)


def _constant(name: str) -> Any:
    raise RowError("number", name, "a number (null stands for not known)", f"{name} is not a number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        seen: set[str] = set()
        for key, value in pairs:
            if key in seen:
                raise RowError(key, value, "given once", f"the key {key!r} is given twice")
            seen.add(key)
    return out


def read(opened: Opened, encoding: Encoding, limits: Limits) -> Iterator[Parsed]:
    """Each line that is not blank as `(row, line, object, error, id)`."""
    _refuse_documents(opened, encoding)
    codec = line_codec(opened, encoding)
    row = 0
    for line in text_lines(opened, encoding, limits):
        if line.data is not None and not line.data.strip():
            continue
        row += 1
        text = ""
        try:
            if line.data is None:
                raise RowError(
                    "line", line.head, f"a line of at most {limits.line_bytes} bytes",
                    f"the line is {line.size} bytes long; at most {limits.line_bytes} are read",
                )  # fmt: skip
            text = decode(line.data, codec, encoding)
            value = loads(text.strip(" \t\r\n"), limits)
            if not isinstance(value, dict):
                raise RowError("line", text, "one JSON object", "the line is JSON, but not an object")
            if len(value) > limits.columns:
                raise RowError("line", text, f"an object of at most {limits.columns} keys")
        except RowError as error:
            head = text[:4096] if text else (line.data or line.head)[:4096].decode("utf-8", "replace")
            yield row, line.number, None, error, _salvage_id(head)
        else:
            yield row, line.number, value, None, value.get("id")


def _salvage_id(head: str) -> str | None:
    found = _ID.search(head)
    if not found:
        return None
    try:
        return str(json.loads(found[1]))
    except ValueError:
        return None


def _refuse_documents(opened: Opened, encoding: Encoding) -> None:
    """An array, or one object spread over lines, would be rejected line by line; say once what is wrong."""
    head = opened.sample[len(encoding.bom) : len(encoding.bom) + 4096]
    start = head.decode(encoding.name, "replace").lstrip()
    array = start.startswith("[")
    if array or re.match(r'\{\s*\n\s*["}]', start):
        found = "a JSON list" if array else "one JSON object over several lines"
        raise FormatError(
            f"{opened.name}: {found}; JSON Lines wants one object on each line, with no brackets or commas around them",
            expected="JSON Lines",
        )
