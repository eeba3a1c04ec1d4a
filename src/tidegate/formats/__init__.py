"""How the world writes shipments and decisions down.

Readers for JSON Lines, CSV, Parquet, XLSX and ASYCUDA SAD XML give raw shipments row by row or as Arrow
batches; column maps turn other people's tables into the contract; writers put decisions out. Nothing here
decides anything. The large libraries (pyarrow, openpyxl) are imported only when a file needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tidegate.formats.columns import ColumnMap, Guess, load_map, read_map, shipped_maps
from tidegate.formats.fields import FACT_TYPES
from tidegate.formats.flat_decision import DECISION_COLUMNS, flat_decision
from tidegate.formats.limits import Limits
from tidegate.formats.preview import sample_rows
from tidegate.formats.reader import FlatRow, RawRow, ShipmentReader, open_shipments
from tidegate.formats.rejects import FormatError, RowError, reject_for, reject_record
from tidegate.formats.safety import guard, unguard
from tidegate.formats.tabular import flatten, nest, passthrough
from tidegate.formats.writers import DecisionWriter, output_format, rejects_path

if TYPE_CHECKING:
    from tidegate.formats.batches import Rejects, arrow_batches
    from tidegate.formats.guess import guess_map

_LATE = {
    "Rejects": "tidegate.formats.batches",
    "arrow_batches": "tidegate.formats.batches",
    "guess_map": "tidegate.formats.guess",
}

__all__ = [
    "DECISION_COLUMNS", "FACT_TYPES", "ColumnMap", "DecisionWriter", "FlatRow", "FormatError", "Guess",
    "Limits", "RawRow", "Rejects", "RowError", "ShipmentReader", "arrow_batches", "flat_decision", "flatten",
    "guard", "guess_map", "load_map", "nest", "open_shipments", "output_format", "passthrough", "read_map",
    "reject_for", "reject_record", "rejects_path", "sample_rows", "shipped_maps", "unguard",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
