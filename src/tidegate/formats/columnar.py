"""Tables as Arrow batches, column by column: the fast way for CSV and XLSX with a plain header or a plain
map.

A year of declarations repeats itself: a few thousand codes, a few hundred dates, a few States. Each
different cell of a column is turned once and remembered. The result is that of the row by row way in
`batches`, cell for cell; where a map needs to look at several columns at once, or a column holds whole
objects, that way is taken instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from tidegate.formats import fields
from tidegate.formats.cells import cell_text
from tidegate.formats.columns import ColumnMap, free_name
from tidegate.formats.conversions import Conversion
from tidegate.formats.places import Places
from tidegate.formats.reader import ShipmentReader
from tidegate.formats.rejects import RowError
from tidegate.formats.tabular import flatten, nest

ROW = "row"
_MEMORY = 50_000


class Rejects(list[dict[str, Any]]):
    """Reject records, in order of row, that fell between the rows of two batches."""


def row_name(name: str) -> str:
    """The name of an input column in a batch, whose own column `row` comes first."""
    return f"source.{ROW}" if name == ROW else name


class _Bad:
    """A cell that rejects its row."""

    __slots__ = ("error",)

    def __init__(self, error: RowError) -> None:
        self.error = error


class Columnar:
    """How each source column becomes one or more columns of text."""

    def __init__(
        self,
        reader: ShipmentReader,
        plan: list[tuple[int, str, Callable[[Any], Any]]],
        constants: Mapping[str, str],
        id_at: int | None,
    ) -> None:
        self._reader = reader
        self._plan = plan
        self._constants = constants
        self._id_at = id_at

    @classmethod
    def of(cls, reader: ShipmentReader) -> Columnar | None:
        """The plan for this reader, or None where rows have to be looked at as a whole."""
        if reader.columns is None or not reader.is_table:
            return None
        map_ = reader.map
        if map_ is not None and (map_.templates or not _is_plain(map_)):
            return None
        plan: list[tuple[int, str, Callable[[Any], Any]]] = []
        kept: list[tuple[int, str]] = []
        targets: set[str] = set()
        id_at: int | None = None
        for place, column in enumerate(reader.columns):
            rules = map_.rules_for(column) if map_ is not None else None
            if rules is None:
                kept.append((place, column))
                continue
            if not rules or any(rule.pass_through for rule in rules):
                kept.append((place, free_name(column)))
            for rule in rules:
                for target in rule.to:
                    if target in targets or not _is_single(target):
                        return None
                    targets.add(target)
                    id_at = place if target == "id" else id_at
                    plan.append((place, target, _cell(target, rule.to[0], rule.convert, reader.fact_types)))
        for place, name in kept:
            # Whether the name is free shows only row by row, where the field is empty in one and not in another.
            if name in targets or not _is_single(name):
                return None
            targets.add(name)
            id_at = place if name == "id" else id_at
            plan.append((place, name, _cell(name, name, None, reader.fact_types)))
        constants = dict(map_.constants) if map_ is not None else {}
        for target, constant in constants.items():
            if not _is_single(target) or isinstance(_cell(target, target, None, reader.fact_types)(constant), _Bad):
                return None
        return cls(reader, plan, constants, id_at)

    def batches(self, batch_rows: int) -> Iterator[pa.RecordBatch | Rejects]:
        """Batches of at most `batch_rows` rows, and the rejects between them."""
        rows: list[int] = []
        lines: list[int | None] = []
        cells: list[list[Any]] = []
        rejects: dict[int, dict[str, Any]] = {}
        width = 0
        for row, line, values, error in self._reader.table_rows() or ():
            if error is not None:
                rejects[row] = self._reader.reject(error, row, line, None)
            elif values is not None:
                rows.append(row)
                lines.append(line)
                cells.append(values)
                width += sum(len(value) for value in values if isinstance(value, str))
            if len(rows) + len(rejects) >= batch_rows or width > self._reader.limits.line_bytes * 4:
                yield from self._turn(rows, lines, cells, rejects)
                rows, lines, cells, rejects, width = [], [], [], {}, 0
        yield from self._turn(rows, lines, cells, rejects)

    def _turn(
        self,
        rows: list[int],
        lines: list[int | None],
        cells: list[list[Any]],
        rejects: dict[int, dict[str, Any]],
    ) -> Iterator[pa.RecordBatch | Rejects]:
        bad: dict[int, RowError] = {}
        names: list[str] = []
        columns: list[list[Any]] = []
        by_place = list(zip(*cells, strict=True)) if cells else []
        for place, name, turn in self._plan:
            if not cells:
                break
            column = [turn(value) for value in by_place[place]]
            if _Bad in set(map(type, column)):
                for i, value in enumerate(column):
                    if isinstance(value, _Bad):
                        bad.setdefault(i, value.error)
            names.append(name)
            columns.append(column)
        for name, constant in self._constants.items():
            text = _cell(name, name, None, self._reader.fact_types)(constant)
            if name in names:
                at = names.index(name)
                columns[at] = [text if value is None else value for value in columns[at]]
            else:
                names.append(name)
                columns.append([text] * len(rows))
        for i, error in bad.items():
            id = cells[i][self._id_at] if self._id_at is not None else None
            rejects[rows[i]] = self._reader.reject(error, rows[i], lines[i], id)
        if rejects:
            yield Rejects(rejects[row] for row in sorted(rejects))
        keep = [i for i in range(len(rows)) if i not in bad] if bad else None
        if not rows or keep == []:
            return
        picked = rows if keep is None else [rows[i] for i in keep]
        arrays = [pa.array(picked, pa.int64())]
        arrays += [pa.array(c if keep is None else [c[i] for i in keep], pa.string()) for c in columns]
        places = Places(lines if keep is None else [lines[i] for i in keep])
        yield places.on(pa.RecordBatch.from_arrays(arrays, names=[ROW, *map(row_name, names)]))


def _is_plain(map_: ColumnMap) -> bool:
    return all(
        not rule.when and not rule.fallback and rule.convert.unit_from is None
        for rules in map_.rules.values()
        for rule in rules
    )


def _is_single(name: str) -> bool:
    """True where a cell of the column stays in that column: not for whole objects, which spread over
    several."""
    return name not in (*fields.PARTIES, *fields.OPEN_OBJECTS, "events")


def _cell(name: str, target: str, convert: Conversion | None, fact_types: Mapping[str, str]) -> Callable[[Any], Any]:
    """A cell's text in normal form, None for not known, `_Bad` for one that rejects its row."""
    known = name.partition(".")[0] in fields.ROOTS and name != "id"
    seen: dict[str, Any] = {"": None}

    def work_out(value: Any) -> Any:
        try:
            turned = convert(target, value) if convert is not None else value
            if turned is None or turned == "":
                return None
            if not known:
                return cell_text(turned, name)
            return flatten(nest({name: turned}, fact_types)).get(name)
        except RowError as error:
            return _Bad(error)

    def turn(value: Any) -> Any:
        if not isinstance(value, str):
            return None if value is None else work_out(value)
        try:
            return seen[value]
        except KeyError:
            found = work_out(value)
            if len(seen) < _MEMORY:
                seen[value] = found
            return found

    return turn
