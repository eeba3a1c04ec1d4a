"""CSV and its relatives: delimiter told from the text, rows in constant memory, each slip rejected alone.

A quotation mark that is opened and never closed would swallow the rest of the file. Here the record ends
after `Limits.record_lines` lines or `Limits.line_bytes` bytes: its first line is rejected and reading goes
on with the second. Quoting is strict, because `"PE "film" scrap"` read leniently puts words into the wrong
column.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tidegate.formats import fields
from tidegate.formats.encodings import Encoding
from tidegate.formats.limits import Limits
from tidegate.formats.rejects import FormatError, RowError
from tidegate.formats.streams import Line, Opened, decode, line_codec, text_lines

DELIMITERS = (",", ";", "\t", "|")
_SEP_LINE = re.compile(r"sep=(.)\s*$", re.IGNORECASE)

#: row, line, cells (None when rejected), error
Parsed = tuple[int, int, list[str] | None, RowError | None]


class _Runaway(Exception):
    """The record did not end where it had to."""


@dataclass
class CsvTable:
    """A CSV input after its header. `rows()` may be walked once."""

    delimiter: str
    header: list[str]
    header_line: int
    limits: Limits
    _lines: _Lines
    blank: int = 0
    notes: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[Parsed]:
        """Every row below the header that is not blank."""
        width = len(self.header)
        row = 0
        for number, cells, error in _records(self._lines, self.delimiter, self.limits):
            if cells is not None and not any(cells):
                self.blank += 1
                continue
            row += 1
            if cells is not None and len(cells) != width:
                extra = [cell for cell in cells[width:] if cell.strip()]
                if len(cells) > width and not extra:
                    cells = cells[:width]
                else:
                    error = RowError(
                        "line", f"{len(cells)} cells", f"{width} cells, as in the header",
                        f"the row has {len(cells)} cells, the header {width}",
                    )  # fmt: skip
            if cells is not None and error is None and any("\0" in cell for cell in cells):
                at = next(i for i, cell in enumerate(cells) if "\0" in cell)
                error = RowError(self.header[at], cells[at], "text without zero bytes")
            yield (row, number, cells, None) if error is None else (row, number, None, error)


class _Lines:
    """Decoded physical lines that can be handed back."""

    def __init__(self, lines: Iterator[Line], codec: str, encoding: Encoding, limits: Limits) -> None:
        self._lines = lines
        self._codec = codec
        self._encoding = encoding
        self._limits = limits
        self._back: deque[tuple[int, str | RowError]] = deque()

    def __iter__(self) -> Iterator[tuple[int, str | RowError]]:
        return self

    def __next__(self) -> tuple[int, str | RowError]:
        if self._back:
            return self._back.popleft()
        line = next(self._lines)
        if line.data is None:
            most = self._limits.line_bytes
            return line.number, RowError(
                "line", line.head, f"a line of at most {most} bytes",
                f"the line is {line.size} bytes long; at most {most} are read",
            )  # fmt: skip
        try:
            return line.number, decode(line.data, self._codec, self._encoding)
        except RowError as error:
            return line.number, error

    def hand_back(self, lines: Sequence[tuple[int, str | RowError]]) -> None:
        self._back.extendleft(reversed(lines))


class _Feed:
    """Gives `csv.reader` the lines of one record at a time, remembering them, and stops it when it asks for
    too many."""

    def __init__(self, lines: _Lines, limits: Limits) -> None:
        self._lines = lines
        self._limits = limits
        self.given: list[tuple[int, str | RowError]] = []
        self._size = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        try:
            number, text = next(self._lines)
        except StopIteration:
            if self.given:
                raise _Runaway from None
            raise
        self.given.append((number, text))
        if isinstance(text, RowError):
            raise text
        self._size += len(text)
        if len(self.given) > 1 and (
            len(self.given) > self._limits.record_lines or self._size > self._limits.line_bytes
        ):
            raise _Runaway
        return text

    def forget(self) -> None:
        self.given = []
        self._size = 0


def _records(lines: _Lines, delimiter: str, limits: Limits) -> Iterator[tuple[int, list[str] | None, RowError | None]]:
    """Records as `(first line, cells, error)`; blank lines come as a record of no cells."""
    # One setting for the whole process; it is only ever raised, to what our own limit allows.
    csv.field_size_limit(max(csv.field_size_limit(), limits.line_bytes))
    feed = _Feed(lines, limits)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.forget()
        error: RowError
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _Runaway:
            error = RowError(
                "line", feed.given[0][1], "a closing quotation mark",
                "a quotation mark is opened on this line and never closed",
            )  # fmt: skip
        except RowError as broken:
            if len(feed.given) == 1:
                error = broken
            else:
                first = feed.given[0][1]
                error = RowError(
                    "line", first, "a closing quotation mark",
                    f"a quotation mark is opened on this line, and line {feed.given[-1][0]}, which would "
                    f"belong to the same cell, cannot be read ({broken.message})",
                )  # fmt: skip
        except csv.Error as slip:
            error = RowError("line", feed.given[0][1], "CSV with quotation marks doubled inside quoted cells",
                             f"the quoting is broken: {slip}")  # fmt: skip
        else:
            yield feed.given[0][0], cells, None
            continue
        first_line = feed.given[0][0]
        lines.hand_back(feed.given[1:])
        reader = csv.reader(feed, delimiter=delimiter, strict=True)
        yield first_line, None, error


def open_csv(
    opened: Opened,
    encoding: Encoding,
    limits: Limits,
    *,
    delimiter: str | None = None,
    header_row: int | None = None,
) -> CsvTable:
    """Find the delimiter and the header. `header_row` counts physical lines; left out, it is the first with
    text."""
    codec = line_codec(opened, encoding)
    lines = _Lines(text_lines(opened, encoding, limits), codec, encoding, limits)
    notes: list[str] = []
    if delimiter is None:
        delimiter, said = sniff_delimiter(opened, encoding, limits, header_row)
        notes.append(said)
    while True:
        try:
            number, text = next(lines)
        except StopIteration:
            raise FormatError(f"{opened.name}: no header line found", expected="a line with column names") from None
        if header_row is not None and number < header_row:
            continue
        if isinstance(text, RowError):
            raise FormatError(f"{opened.name}: the header (line {number}) cannot be read: {text.message}")
        marked = _SEP_LINE.match(text)
        if marked:
            delimiter = marked[1]
            continue
        if text.strip(f"{delimiter} \t\r\n"):
            lines.hand_back([(number, text)])
            break
    number, header, error = next(_records(lines, delimiter, limits))
    if header is None or error is not None:
        reason = error.message if error else "it is empty"
        raise FormatError(f"{opened.name}: the header (line {number}) cannot be read: {reason}")
    if any("\0" in name for name in header):
        raise FormatError(f"{opened.name}: the header holds zero bytes: this is not a text file", expected="csv")
    return CsvTable(delimiter, header, number, limits, lines, notes=notes)


def sniff_delimiter(
    opened: Opened, encoding: Encoding, limits: Limits, header_row: int | None = None
) -> tuple[str, str]:
    """The delimiter under which the first rows have most cells and agree best with the header."""
    text = opened.sample[len(encoding.bom) :].decode(encoding.name, "replace").replace("\r\n", "\n").replace("\r", "\n")
    whole = text.split("\n")
    if len(whole) > 2 and len(opened.sample) >= limits.sample_bytes:
        whole.pop()
    if header_row is not None:
        whole = whole[header_row - 1 :]
    shown = [line for line in whole if line.strip() and not _SEP_LINE.match(line)][:50]
    csv.field_size_limit(max(csv.field_size_limit(), limits.line_bytes))
    best, best_score = ",", 0.0
    for candidate in DELIMITERS:
        try:
            rows = list(csv.reader(shown, delimiter=candidate))
        except csv.Error:
            continue
        if not rows or len(rows[0]) < 2:
            continue
        agree = sum(1 for row in rows if len(row) == len(rows[0])) / len(rows)
        known = sum(1 for name in rows[0] if fields.canonical(name) is not None)
        score = agree * len(rows[0]) + 2 * known
        if score > best_score:
            best, best_score = candidate, score
    name = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[best]
    return best, f"columns are separated by {name}" + ("" if best_score else " (assumed: only one column seen)")
