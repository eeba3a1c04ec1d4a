r"""The line file: how an office that has only e-mail is told of permits and says what it wrote off. Pure: no database.

UTF-8 text, one record a line, fields divided by `|` (written `\|` inside a field, a backslash `\\`, a line break `\n`):

    1|HEAD|tidegate-lines|1|usage|VN|CUSTOMS-01|12|2026-11-21T08:00:00Z
    2|USAGE|T-0001|original|VN-IMP-7|HPH-2026-C1001|1|24500.000|2026-11-20|
    3|ACK|31
    4|END|2

HEAD: format, version, content (permits, usage, replies), State, office, run number, time. END: how many records stand
between. Runs of an office follow each other without a gap, each way on its own; a run that comes again changes nothing
and gets the same answer.

    PERMIT|insert, replace or cancel|number|kind|status|holder's registration|holder|first day|last day|kg left|
           shipments left|HS codes|wastes|origins|revision      (one line; lists divided by commas)
    USAGE|transaction|original, adjusted, contra or late|permit or quota|declaration|item|kg|day or time|movement
    ACK|run                                   (the office knows every status that this run told)
    REPLY|transaction|accepted or rejected|code|kg left|shipments left|text
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

FORMAT, VERSION = "tidegate-lines", "1"
CONTENTS = ("permits", "usage", "replies")
MAX_LINES = 100_000
USAGE_FIELDS = ("transaction", "usage", "licence", "declaration", "item", "kg", "at", "movement")


class Unreadable(ValueError):
    """The file as a whole cannot be read; the message names line, field, value and expectation."""


@dataclass(frozen=True)
class Head:
    """Who sends what to whom, and the number of the run."""

    content: str
    state: str
    office: str
    run: int
    at: datetime


@dataclass(frozen=True)
class File:
    """A file that was read: its head and its records, each with the number of its line."""

    head: Head
    records: Sequence[tuple[int, Sequence[str]]]


def write(head: Head, records: Iterable[Sequence[object]]) -> str:
    """The text of a file."""
    at = head.at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    rows: list[Sequence[object]] = [
        ("HEAD", FORMAT, VERSION, head.content, head.state, head.office, head.run, at),
        *records,
    ]
    rows.append(("END", len(rows) - 1))
    return "".join(f"{n}|{'|'.join(_escaped(field) for field in row)}\n" for n, row in enumerate(rows, start=1))


def read(text: str, content: str) -> File:
    """A file of that content. Raises Unreadable."""
    # Only a line feed ends a line: a name may hold signs that Python takes for line breaks, too.
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n") if line.strip()]
    if not 2 <= len(lines) <= MAX_LINES:
        raise Unreadable(f"{len(lines)} lines; expected HEAD, records and END, at most {MAX_LINES}")
    rows = []
    for number, line in enumerate(lines, start=1):
        fields = _split(line)
        if fields[0] != str(number) or len(fields) < 2:
            raise Unreadable(f"line {number}, number: {fields[0][:20]!r}; expected {number} (is a line missing?)")
        rows.append(fields[1:])
    head = _head(rows[0], content)
    if rows[-1][0] != "END" or rows[-1][1:] != [str(len(rows) - 2)]:
        raise Unreadable(f"line {len(rows)}: expected END|{len(rows) - 2} (is the file cut off?)")
    return File(head, [(number, row) for number, row in enumerate(rows[1:-1], start=2)])


def _head(row: Sequence[str], content: str) -> Head:
    if len(row) != 8 or row[0] != "HEAD" or row[1] != FORMAT:
        raise Unreadable(f"line 1: expected 1|HEAD|{FORMAT}|{VERSION}|{content}|State|office|run|time")
    if row[2] != VERSION:
        raise Unreadable(f"line 1, version: {row[2][:20]!r}; expected {VERSION}")
    if row[3] != content:
        raise Unreadable(f"line 1, content: {row[3][:20]!r}; expected {content}")
    if not row[6].isdecimal() or not 0 < int(row[6]) < 2**31:
        raise Unreadable(f"line 1, run: {row[6][:20]!r}; expected a whole number from 1")
    try:
        at = datetime.fromisoformat(row[7])
        if at.tzinfo is None:
            raise ValueError
    except ValueError:
        raise Unreadable(f"line 1, time: {row[7][:40]!r}; expected one such as 2026-11-21T08:00:00Z") from None
    return Head(content, row[4], row[5], int(row[6]), at)


def _escaped(field: object) -> str:
    text = "" if field is None else str(field)
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\r", "").replace("\n", "\\n")


def _split(line: str) -> list[str]:
    fields, current, escaped = [], "", False
    for sign in line:
        if escaped:
            current, escaped = current + ("\n" if sign == "n" else sign), False
        elif sign == "\\":
            escaped = True
        elif sign == "|":
            fields.append(current)
            current = ""
        else:
            current += sign
    return [*fields, current]
