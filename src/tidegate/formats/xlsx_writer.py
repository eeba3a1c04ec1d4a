"""Decisions as a workbook: text stays text, nothing in it can be run, long texts are not lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.writer.excel import ExcelWriter

from tidegate.formats.safety import risky
from tidegate.formats.writers import TableSink

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_LONGEST = 32_767
_LAST_ROW = 1_048_576
_CONTINUED = " … (whole text on the sheet 'long texts')"


def escape(text: str) -> str:
    """Characters that XML cannot hold as the standard writes them (`_x0007_`), and what looks like that,
    protected."""
    return _CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


class XlsxSink(TableSink):
    """Sheets `title`, `title 2`, … (a sheet ends at its last row), and `long texts` where cells
    overflow.

    A cell holds 32,767 characters at most. A longer text is shown cut, and stands whole, in pieces, on the
    sheet `long texts` with its row, its column and the number of the piece.
    """

    def __init__(self, stream: IO[bytes], columns: Sequence[str], own: Sequence[str], title: str) -> None:
        super().__init__(columns, own)
        self._title = title
        self._stream = stream
        self._book = Workbook(write_only=True)
        self._long: list[tuple[Any, str, int, str]] = []
        self._sheets = 0
        self._open_sheet()

    def _open_sheet(self) -> None:
        self._sheets += 1
        title = self._title if self._sheets == 1 else f"{self._title} {self._sheets}"
        self._sheet = self._book.create_sheet(title)
        self._sheet.freeze_panes = "A2"
        self._sheet.append([self._cell(name, bold=True) for name in self.columns])
        self._rows = 1

    def _put(self, cells: list[Any]) -> None:
        if self._rows >= _LAST_ROW:
            self._open_sheet()
        row = cells[self.columns.index("row")]
        shown = []
        for column, value in zip(self.columns, cells, strict=True):
            if isinstance(value, str) and len(escape(value)) > _LONGEST:
                self._keep_long(row, column, value)
                value = value[: (_LONGEST - len(_CONTINUED)) // 7] + _CONTINUED
            shown.append(self._cell(value) if isinstance(value, str) else value)
        self._sheet.append(shown)
        self._rows += 1

    def _keep_long(self, row: Any, column: str, value: str) -> None:
        # Seven characters at most for one control character; a seventh of a cell always fits.
        size = _LONGEST // 7
        pieces = [value[i : i + size] for i in range(0, len(value), size)]
        self._long += [(row, column, number, piece) for number, piece in enumerate(pieces, start=1)]

    def _cell(self, value: str, *, bold: bool = False) -> Any:
        cell = WriteOnlyCell(self._sheet, escape(value))
        cell.data_type = "s"
        if risky(value):
            cell.quotePrefix = True
        if bold:
            cell.font = Font(bold=True)
        return cell

    def finish(self) -> None:
        if self._long:
            self._sheet = self._book.create_sheet("long texts")
            self._sheet.append([self._cell(name, bold=True) for name in ("row", "column", "piece", "text")])
            for row, column, number, piece in self._long:
                self._sheet.append([row, self._cell(column), number, self._cell(piece)])
        archive = ZipFile(self._stream, "w", ZIP_DEFLATED, allowZip64=True)
        try:
            ExcelWriter(self._book, archive).save()
        except BaseException:
            archive.fp = None  # on a full disk it would try once more when it is let go of, and say so to the terminal
            raise
