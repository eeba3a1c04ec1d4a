"""A first look at an input: its columns and first rows, for a preview and for guessing a map."""

from __future__ import annotations

from typing import Any

from tidegate.formats.cells import cell_text
from tidegate.formats.columns import ColumnMap
from tidegate.formats.reader import ShipmentReader, Source, open_shipments


def sample_rows(
    source: Source, count: int = 200, **options: Any
) -> tuple[list[str], list[dict[str, str]], ShipmentReader]:
    """Headers, first rows as text, and the (closed) reader with its notes: what `guess_map` and a preview
    need.

    For JSON Lines and XML the headers are those of the flat form of the rows seen.
    """
    headers: dict[str, None] = {}
    rows: list[dict[str, str]] = []
    # A map that renames nothing keeps the source's own names.
    with open_shipments(source, map=options.pop("map", ColumnMap()), **options) as reader:
        if reader.columns is not None:
            headers.update(dict.fromkeys(reader.columns))
        for flat in reader.flat_rows():
            if flat.cells is not None:
                row = {column: cell_text(cell) for column, cell in flat.cells.items()}
                headers.update(dict.fromkeys(row))
                rows.append(row)
            if len(rows) >= count:
                break
    return list(headers), rows, reader
