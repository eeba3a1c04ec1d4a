"""Worksheets, read as data: nothing is calculated, nothing is fetched, one row in memory at a time.

* A formula counts as the result that the sender's program last stored beside it; a formula without a stored
  result rejects its row, as does an error value such as `#N/A`.
* A number in a cell formatted as a day is that day (both of the file's calendars).
* The first visible sheet with a header is read, or the one that is named; the others are named in the
  notes.
* `line` is the row number as the spreadsheet program shows it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree.ElementTree import Element

from tidegate.formats.cells import cell_text
from tidegate.formats.limits import Limits
from tidegate.formats.rejects import FormatError, RowError
from tidegate.formats.xlsx_package import Package, local

#: row, line, cells (None when rejected), error
Parsed = tuple[int, int, list[Any] | None, RowError | None]

_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_QUOTED = re.compile(r'"[^"]*"|[\\_*].|\[[^\]]*\]')
_DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)))
_EPOCH_1900, _EPOCH_1904 = dt.datetime(1899, 12, 30), dt.datetime(1904, 1, 1)  # noqa: DTZ001 (local by nature)


@dataclass
class XlsxTable:
    """A worksheet after its header. `rows()` may be walked once."""

    header: list[Any]
    header_line: int
    sheet: str
    notes: list[str]
    _rows: Iterator[tuple[int, dict[int, Any]]]
    blank: int = 0
    formulas: int = field(default=0)

    def rows(self) -> Iterator[Parsed]:
        """Every row below the header that is not blank."""
        width = len(self.header)
        row = 0
        for line, sparse in self._rows:
            used = {at: value for at, value in sparse.items() if value is not None and value != ""}
            if not used:
                self.blank += 1
                continue
            row += 1
            cells: list[Any] = [None] * width
            error: RowError | None = None
            for at, value in used.items():
                name = cell_text(self.header[at]).strip() if at < width else f"column {at + 1}"
                if at >= width:
                    error = RowError(name, _shown(value), f"{width} columns, as in the header",
                                     f"a cell stands outside the {width} columns of the header")  # fmt: skip
                elif isinstance(value, _Bad):
                    error = RowError(name or f"column {at + 1}", value.shown, value.expected)
                else:
                    cells[at] = value
            yield (row, line, cells, None) if error is None else (row, line, None, error)


@dataclass(frozen=True, slots=True)
class _Bad:
    """A cell that holds no value that can be used."""

    shown: str
    expected: str


def _shown(value: object) -> object:
    return value.shown if isinstance(value, _Bad) else value


def open_xlsx(
    package: Package, limits: Limits, *, sheet: str | None = None, header_row: int | None = None
) -> XlsxTable:
    """Find the sheet and its header: the row `header_row` as the program shows it, or the first row with
    text."""
    book = _Workbook(package)
    notes: list[str] = []
    visible = [name for name, state, _ in book.sheets if state == "visible"]
    if sheet is not None and sheet not in [name for name, _, _ in book.sheets]:
        raise FormatError(f"{package.name}: there is no sheet {sheet!r}", value=sheet, expected=f"one of {visible}")
    for name, state, part in book.sheets:
        if name != sheet if sheet is not None else state != "visible":
            continue
        rows = _sheet_rows(package, part, book, limits)
        for line, sparse in rows:
            if header_row is not None and line < header_row:
                continue
            if any(value is not None and cell_text(_shown(value)).strip() for value in sparse.values()):
                break
        else:
            continue
        header = [_header_cell(sparse.get(at), at, package.name) for at in range(max(sparse) + 1)]
        others = [other for other, _, _ in book.sheets if other != name]
        if others:
            notes.append(f"only the sheet {name!r} is read; not read: {', '.join(others)}")
        return XlsxTable(header, line, name, notes, rows)
    raise FormatError(f"{package.name}: no sheet with a header row", expected="a sheet with column names")


def _header_cell(value: Any, at: int, name: str) -> Any:
    if isinstance(value, _Bad):
        raise FormatError(f"{name}: the header of column {at + 1} is {value.shown}, not a name", expected="a name")
    return "" if value is None else value


class _Workbook:
    """Sheets, calendar, formats and shared texts of a workbook."""

    def __init__(self, package: Package) -> None:
        main = next((t for kind, t in package.relations("").values() if kind == "officeDocument"), "xl/workbook.xml")
        if not package.has(main):
            raise FormatError(f"{package.name}: the workbook has no main part", expected="xlsx")
        relations = package.relations(main)
        root = package.tree(main)
        self.sheets: list[tuple[str, str, str]] = []
        self.epoch = _EPOCH_1900
        for element in root.iter():
            if local(element.tag) == "workbookPr" and element.get("date1904") in ("1", "true"):
                self.epoch = _EPOCH_1904
            if local(element.tag) == "sheet":
                id = next((v for k, v in element.attrib.items() if local(k) == "id"), "")
                kind, part = relations.get(id, ("", ""))
                if kind == "worksheet" and package.has(part):
                    self.sheets.append((element.get("name", ""), element.get("state", "visible"), part))
        parts = {kind: part for kind, part in relations.values() if package.has(part)}
        self.date_styles = _date_styles(package.tree(parts["styles"])) if "styles" in parts else frozenset()
        self.texts = _shared_texts(package, parts["sharedStrings"]) if "sharedStrings" in parts else []


def _date_styles(root: Element) -> frozenset[int]:
    custom = {}
    styles: list[int] = []
    for element in root.iter():
        name = local(element.tag)
        if name == "numFmt":
            custom[_int(element.get("numFmtId"))] = element.get("formatCode", "")
        elif name == "cellXfs":
            styles = [_int(xf.get("numFmtId")) for xf in element]
    return frozenset(
        index
        for index, number in enumerate(styles)
        if (_is_date_code(custom[number]) if number in custom else number in _DATE_FORMATS)
    )


def _is_date_code(code: str) -> bool:
    """A format code shows a day or a time when letters of those remain once quoted text and colours are
    gone."""
    return bool(re.search(r"[dmyhsDMYHSeb]", _QUOTED.sub("", code.split(";")[0].replace("General", ""))))


def _shared_texts(package: Package, part: str) -> list[str]:
    if package.size(part) > package.limits.shared_text_bytes:
        raise FormatError(
            f"{package.name}: the table of texts is {package.size(part)} bytes; at most "
            f"{package.limits.shared_text_bytes} are read. Save it as CSV"
        )
    texts: list[str] = []
    root: Element | None = None
    for event, element in package.events(part):
        if root is None:
            root = element
        if event == "end" and local(element.tag) == "si":
            texts.append(_text(element))
            root.clear()
    return texts


def _text(element: Element) -> str:
    """The text of a cell or shared text with all its runs; reading aids (phonetic runs) left out."""
    parts = []
    for child in element:
        name = local(child.tag)
        if name == "t":
            parts.append(child.text or "")
        elif name == "r":
            parts.extend(t.text or "" for t in child if local(t.tag) == "t")
    return _unescape("".join(parts))


def _unescape(text: str) -> str:
    """Undo the standard's way of writing control characters (`_x000D_`); half a surrogate pair is left as
    written."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if 0xD800 <= code <= 0xDFFF else chr(code)


def _int(text: str | None) -> int:
    try:
        return int(text or "0")
    except ValueError:
        return 0


def _sheet_rows(package: Package, part: str, book: _Workbook, limits: Limits) -> Iterator[tuple[int, dict[int, Any]]]:
    """Rows that are there, as (row number, {column from 0: value})."""
    holder: Element | None = None
    line = 0
    for event, element in package.events(part):
        name = local(element.tag)
        if event == "start":
            if name == "sheetData":
                holder = element
            continue
        if name != "row" or holder is None:
            continue
        number = element.get("r")
        line = _int(number) if number else line + 1
        if not 0 < line <= limits.sheet_rows:
            raise FormatError(f"{package.name}: a row claims to be number {number}", expected="rows of a spreadsheet")
        sparse: dict[int, Any] = {}
        at = -1
        for cell in element:
            if local(cell.tag) != "c":
                continue
            at = _column(cell.get("r"), at + 1)
            if at >= limits.columns:
                raise FormatError(f"{package.name}: row {line} has a cell in column {at + 1}; at most "
                                  f"{limits.columns} columns are read")  # fmt: skip
            value = _cell(cell, book)
            if value is not None:
                sparse[at] = value
        yield line, sparse
        holder.clear()


def _column(reference: str | None, otherwise: int) -> int:
    match = _REFERENCE.fullmatch(reference or "")
    if not match:
        return otherwise
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _cell(cell: Element, book: _Workbook) -> Any:
    kind = cell.get("t", "n")
    raw: str | None = None
    formula = False
    inline: str | None = None
    for child in cell:
        name = local(child.tag)
        if name == "v":
            raw = child.text
        elif name == "f":
            formula = True
        elif name == "is":
            inline = _text(child)
    if kind == "inlineStr":
        return inline
    if raw is None or raw == "":
        if formula and kind != "str":
            return _Bad("a formula without a stored result", "a value (open the file and save it, or paste values)")
        return None
    if kind == "s":
        index = _int(raw)
        return book.texts[index] if 0 <= index < len(book.texts) else _Bad(f"text number {raw}", "a text of the file")
    if kind == "str":
        return _unescape(raw)
    if kind == "b":
        return raw.strip() in ("1", "true")
    if kind == "e":
        return _Bad(raw, "a value, not an error of the spreadsheet")
    if kind == "d":
        return raw.removesuffix("T00:00:00")
    return _number(raw, _int(cell.get("s")) in book.date_styles, book.epoch)


def _number(raw: str, is_date: bool, epoch: dt.datetime) -> Any:
    try:
        value = Decimal(raw.strip())
        if not value.is_finite() or abs(value.adjusted()) > 308:
            return _Bad(raw, "a number")
    except InvalidOperation:
        return _Bad(raw, "a number")
    if is_date:
        return _day(value, epoch)
    # Spreadsheets store binary numbers with 17 digits; the shortest text of the same is what was typed.
    return Decimal(repr(float(value))) if len(value.as_tuple().digits) > 15 else value


def _day(serial: Decimal, epoch: dt.datetime) -> Any:
    """The day (and time) behind a serial number. The 1900 calendar has a 29 February 1900 that never was."""
    if epoch is _EPOCH_1900 and 1 <= serial < 60:
        serial += 1
    try:
        moment = epoch + dt.timedelta(seconds=round(serial * 86400))
    except OverflowError:
        return _Bad(str(serial), "a day")
    return moment if serial >= 1 else moment.time()
