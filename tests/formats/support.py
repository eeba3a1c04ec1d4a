"""What the tests of this room share: reading everything, and streams that are larger than any memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tidegate.formats import RawRow, open_shipments


def read(source: Any, **options: Any) -> list[RawRow]:
    """Every row of an input; bytes are read as a stream."""
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    with open_shipments(source, **options) as reader:
        return list(reader)


def shipments(rows: Iterable[RawRow]) -> list[dict[str, Any]]:
    return [row.data for row in rows if row.data is not None]


def errors(rows: Iterable[RawRow]) -> list[dict[str, Any]]:
    """The `error` objects of the rejects."""
    return [row.reject["error"] for row in rows if row.reject is not None]


def check_rows(rows: list[RawRow]) -> None:
    """Rows are counted from 1 without a gap, and each is a shipment or a reject, never both, never neither."""
    assert [row.row for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert (row.data is None) != (row.reject is None)
        if row.reject is not None:
            assert row.reject["row"] == row.row
            assert row.reject["line"] == row.line
            assert set(row.reject["error"]) == {"field", "value", "expected", "message"}
            assert row.reject["error"]["message"].startswith(f"row {row.row}")


class Endless(io.RawIOBase):
    """A stream that gives `head`, then `size` bytes of `filler`, then `tail`, without ever holding them."""

    def __init__(self, head: bytes, filler: bytes, size: int, tail: bytes) -> None:
        super().__init__()
        self._parts = [(head, len(head)), (filler, size), (tail, len(tail))]
        self.largest_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.largest_read = max(self.largest_read, len(buffer))
        while self._parts:
            data, left = self._parts[0]
            if left == 0:
                self._parts.pop(0)
                continue
            take = min(len(buffer), left)
            whole = len(data) == left
            buffer[:take] = data[:take] if whole else (data * (take // len(data) + 1))[:take]
            self._parts[0] = (data[take:] if whole else data, left - take)
            return take
        return 0


CONTENT_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'spreadsheetml.sheet.main+xml"/></Types>'
)
RELS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{type}" '
    'Target="{target}"/></Relationships>'
)
WORKBOOK = (
    '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
SHEET = (
    '<?xml version="1.0"?>{doctype}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{rows}</sheetData></worksheet>"
)


def workbook(path: Path, rows: str, *, doctype: str = "", extra: dict[str, bytes] | None = None) -> Path:
    """A workbook written by hand, so that it can be as wrong as a test needs."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("[Content_Types].xml", CONTENT_TYPES)
        z.writestr("_rels/.rels", RELS.format(type="officeDocument", target="xl/workbook.xml"))
        z.writestr("xl/workbook.xml", WORKBOOK)
        z.writestr("xl/_rels/workbook.xml.rels", RELS.format(type="worksheet", target="worksheets/sheet1.xml"))
        z.writestr("xl/worksheets/sheet1.xml", SHEET.format(rows=rows, doctype=doctype))
        for name, data in (extra or {}).items():
            z.writestr(name, data)
    return path


def text_row(number: int, *values: str) -> str:
    """A row of text cells for `workbook`."""
    cells = "".join(
        f'<c r="{chr(65 + i)}{number}" t="inlineStr"><is><t>{value}</t></is></c>' for i, value in enumerate(values)
    )
    return f'<row r="{number}">{cells}</row>'
