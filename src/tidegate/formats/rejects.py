"""The two ways in which input is refused, and the record that a refused row leaves behind.

`FormatError`: the input as a whole cannot be read (the command line ends with status 2).
`RowError`: one row cannot be read. The readers turn it into a reject record, so that rows in are always equal
to shipments plus rejects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SHOWN = 120


class FormatError(Exception):
    """The input cannot be read at all. `str()` is a sentence fit to be shown to the person who sent the
    file."""

    def __init__(self, message: str, *, field: str = "", value: object = None, expected: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value
        self.expected = expected


class RowError(Exception):
    """One row cannot be read: the field, the value that stands there, and what was expected instead."""

    def __init__(self, field: str, value: object, expected: str, message: str | None = None) -> None:
        self.field = field
        self.value = value
        self.expected = expected
        self.message = message or f"{field}: {shorten(value)} is not {expected}"
        super().__init__(self.message)


def shorten(value: object, limit: int = _SHOWN) -> str | None:
    """The value as text, at most `limit` characters, with its full length named when it was cut."""
    if value is None:
        return None
    if isinstance(value, bytes | bytearray):
        value = bytes(value[: limit * 4]).decode("utf-8", "backslashreplace")
    text = value if isinstance(value, str) else str(value)
    # Lone surrogates cannot be written as UTF-8, and control characters can play tricks on a terminal.
    text = "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode() for c in text[: limit + 1])
    return text if len(text) <= limit else f"{text[:limit]}…"


def reject_record(
    error: RowError,
    *,
    row: int,
    line: int | None = None,
    id: object = None,
    file: str | None = None,
) -> dict[str, Any]:
    """The record of a refused row: `{"row", "line", "id", "error": {"field", "value", "expected",
    "message"}}`.

    `file` is added only where several files are read as one. `id` is whatever could still be made out.
    """
    where = f"row {row}" if line is None else f"row {row}, line {line}"
    if file is not None:
        where = f"{file}, {where}"
    record: dict[str, Any] = {
        "row": row,
        "line": line,
        "id": id if id is None or isinstance(id, str) else str(id),
        "error": {
            "field": error.field,
            "value": shorten(error.value),
            "expected": error.expected,
            "message": f"{where}: {error.message}",
        },
    }
    if file is not None:
        record["file"] = file
    return record


def reject_for(
    data: Mapping[str, Any] | None,
    field: str,
    value: object,
    expected: str,
    *,
    row: int,
    line: int | None = None,
    message: str | None = None,
    file: str | None = None,
) -> dict[str, Any]:
    """A reject record for a row that was read, but that a later room (screening) refuses."""
    id = data.get("id") if data is not None else None
    if isinstance(id, dict | list):
        id = None
    return reject_record(RowError(field, value, expected, message), row=row, line=line, id=id, file=file)
