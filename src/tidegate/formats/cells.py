"""Single cells: numbers, HS codes, truth values and lists, from whatever type a source has given them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tidegate.formats.rejects import RowError

TRUE_WORDS = frozenset("true t yes y 1 ya có co ใช่ oui".split())
FALSE_WORDS = frozenset("false f no n 0 tidak bukan không khong ไม่ ไม่ใช่ non".split())

_HS_NUMBER = re.compile(r"\d+(\.\d+)?")
_LARGEST_EXPONENT = 400


def number_text(value: object, field: str = "number") -> str:
    """A number of any type as plain decimal text: no exponent, no `.0` that only a binary float has added."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:  # thousands of digits
            raise RowError(field, "a number of thousands of digits", "a number of reasonable size") from None
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise RowError(field, str(value), "a number (leave the cell empty for not known)")
        if value.is_integer() and abs(value) < 1e18:
            return str(int(value))
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise RowError(field, str(value), "a number (leave the cell empty for not known)")
        if abs(value.adjusted()) > _LARGEST_EXPONENT:
            raise RowError(field, str(value), "a number of reasonable size")
        return format(value, "f")
    raise RowError(field, value, "a number")


def hs_text(value: object) -> str:
    """An HS code as text, also where a spreadsheet has made a number of it.

    A number has lost the zeros at both ends, and they can be put back: codes have an even number of digits,
    the first four before the dot. 39151000 and 391510.0 lose nothing; 10121 was 010121; 3915.1 was 3915.10;
    101.21 was 0101.21. Text is never touched.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 30:
        value = value.normalize()
    text = number_text(value, "hs")
    if not _HS_NUMBER.fullmatch(text):
        raise RowError("hs", text, "an HS code of 4 to 10 digits")
    whole, _, rest = text.partition(".")
    if rest:
        return whole.rjust(4, "0") + (rest + "0" if len(rest) % 2 else rest)
    return whole.rjust(len(whole) + len(whole) % 2, "0")


def flag(value: object) -> object:
    """True, false, None for an empty cell; any other word is handed on as it is, for screening to refuse."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal) and value in (0, 1):
        return bool(value)
    text = str(value).strip()
    folded = text.casefold()
    if folded in TRUE_WORDS:
        return True
    if folded in FALSE_WORDS:
        return False
    return text or None


def cell_text(value: object, field: str = "cell") -> str:
    """Any cell as text: days as ISO dates, numbers without exponent, true and false, lists and objects as
    JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return number_text(value, field)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time(0)
        return value.date().isoformat() if midnight else value.isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise RowError(field, value, "text in UTF-8") from None
    if isinstance(value, list | tuple | dict):
        return to_json(value)
    return str(value)


def to_json(value: object) -> str:
    """Compact JSON that keeps every script readable and every decimal exact."""
    return json.dumps(jsonable(value), ensure_ascii=False, separators=(",", ":"))


def jsonable(value: Any) -> Any:
    """The value with days as ISO text and decimals as JSON numbers where that loses no digit, else as
    text."""
    if isinstance(value, Mapping):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(v) for v in value]
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value.adjusted()) < 15:
            return int(value)
        as_float = float(value)
        return as_float if Decimal(repr(as_float)) == value else str(value)
    if isinstance(value, dt.date | dt.datetime | dt.time):
        return cell_text(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value


def words(field: str, value: object) -> list[Any] | None:
    """A list cell: JSON, or words joined by `;`. None when the cell is empty."""
    if value is None or isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    text = cell_text(value, field).strip()
    if not text:
        return None
    if text[0] in "[{":
        parsed = parse_json_cell(field, text)
        return parsed if isinstance(parsed, list) else [parsed]
    return [word for part in text.split(";") if (word := part.strip())]


def parse_json_cell(field: str, text: str) -> Any:
    """JSON in a cell, with the same strictness as a line of JSON Lines."""
    from tidegate.formats.jsonl import loads  # late: jsonl needs this module too

    try:
        return loads(text)
    except RowError as error:
        raise RowError(field, text, "JSON", f"{field}: the JSON in the cell cannot be read: {error.message}") from None


def decimal_or_none(text: str) -> Decimal | None:
    """The text as a finite decimal, or None."""
    try:
        value = Decimal(text)
    except (InvalidOperation, ValueError):
        return None
    return value if value.is_finite() else None
