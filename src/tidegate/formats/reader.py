"""The one door in: any file that holds shipments, as rows that are either a shipment or a reject."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase, RawIOBase
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from tidegate.formats import fields
from tidegate.formats.columns import ColumnMap, load_map
from tidegate.formats.encodings import Encoding, detect_encoding, given_encoding
from tidegate.formats.limits import Limits
from tidegate.formats.rejects import FormatError, RowError, reject_record
from tidegate.formats.streams import FORMATS, STDIN, Opened, detect_format, open_source
from tidegate.formats.tabular import flatten, name_columns, nest

if TYPE_CHECKING:
    from tidegate.formats.parquet import ParquetTable

_XML = (".xml", ".xml.gz")
Source = str | Path | IO[bytes] | RawIOBase | BufferedIOBase | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of the input. Exactly one of `data` (a nested raw shipment) and `reject` is there.

    `row` counts rows of data from 1, over all files read as one. `line` is the line of a text, the row of a
    worksheet as its program shows it, or None. `file` is the name of its file where several are read as one.
    """

    row: int
    line: int | None
    file: str | None
    data: dict[str, Any] | None
    reject: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class FlatRow:
    """As `RawRow`, with a flat row of cells under the names of the output instead of a nested shipment."""

    row: int
    line: int | None
    file: str | None
    cells: dict[str, Any] | None
    reject: dict[str, Any] | None


class ShipmentReader:
    """An iterable of `RawRow`, walked once, in constant memory. Use it in a `with`, or close it.

    format: "jsonl", "csv", "parquet", "xlsx" or "asycuda".
    columns: the columns of a table as the source names them; None where rows carry their own names.
    encoding: of a text; None for binary formats.
    notes: sentences on what was assumed; more may come while rows are read.
    """

    def __init__(
        self,
        source: Source,
        *,
        format: str | None = None,
        map: ColumnMap | str | Path | Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        encoding: str | None = None,
        fact_types: Mapping[str, str] = fields.FACT_TYPES,
    ) -> None:
        self.limits = limits or Limits()
        self.map = None if map is None else load_map(map)
        self.notes: list[str] = []
        self.columns: list[str] | None = None
        self.encoding: str | None = None
        self.row_count: int | None = None
        self.table: ParquetTable | None = None
        self._table: Any = None
        self.fact_types = fact_types
        self._files = _files(source)
        self._many = len(self._files) > 1
        self._closers: list[Any] = []
        self._encoding_asked = encoding or (self.map.source.encoding if self.map else None)
        asked = format or (self.map.source.format if self.map else None)
        if asked is not None and asked not in FORMATS:
            raise FormatError(f"format {asked!r} is not known", value=asked, expected=f"one of {', '.join(FORMATS)}")
        if asked is None and self._many and all(str(p).lower().endswith(_XML) for p in self._files):
            asked = "asycuda"  # so that the first of them may be anything
        self._name: str | None = None  # of the file that is being read, where there are many
        self._opened = self._first()
        self._sizes = [self._opened.size, *(_size(path) for path in self._files[1:])]
        self._done = 0
        try:
            self.format, notes = (asked, []) if asked else detect_format(self._opened)
            self.notes += notes
            if self._many and self.format != "asycuda":
                raise FormatError("several files are read as one only for ASYCUDA XML", value=self.format)
            if not self._opened.sample and not self._many:
                raise FormatError(f"{self._opened.name}: the input is empty", expected=self.format)
            self._rows = self._open()
        except BaseException:
            self.close()
            raise

    def _first(self) -> Opened:
        try:
            return open_source(self._files[0], self.limits)
        except FormatError:
            if not self._many:
                raise
            return open_source(io.BytesIO(), self.limits)  # it is told of when its turn comes

    # ------------------------------------------------------------ being a reader

    def __enter__(self) -> ShipmentReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        for closer in reversed(self._closers):
            closer.close()
        self._closers.clear()
        self._opened.stream.close()

    @property
    def passed_columns(self) -> list[str] | None:
        """The columns that the contract does not know, where they are known beforehand; for
        `DecisionWriter`."""
        if self.columns is None or self.map is not None:
            return None
        if any(name in fields.PARTIES or name == "facts" or name.startswith("facts.") for name in self.columns):
            return None  # what these hold beside the known keys shows only row by row
        return [
            name for name in self.columns if name.partition(".")[0] not in fields.ROOTS or not fields.canonical(name)
        ]

    @property
    def unfilled(self) -> tuple[str, ...]:
        """The required fields that neither a column of the table nor the map gives, so that every row lacks them; ()
        where rows carry their own names."""
        if self.columns is None:
            return ()
        names = set(self.columns) | (set() if self.map is None else self.map.targets)
        return tuple(name for name in fields.REQUIRED if name not in names)

    @property
    def identity(self) -> list[Any]:
        """What tells this input from another: its files as they are now, and how they are read."""
        paths = [path for path in self._files if isinstance(path, str | Path)]
        files = [[str(path), _size(path), Path(path).exists() and os.stat(path).st_mtime_ns] for path in paths]
        how = repr((self.columns, self.encoding, None if self.map is None else self.map.definition))
        return [files, hashlib.sha256(how.encode()).hexdigest()]

    @property
    def size(self) -> int | None:
        """Bytes of all files as stored, for a progress bar; None for a pipe."""
        return None if None in self._sizes else sum(size or 0 for size in self._sizes)

    @property
    def position(self) -> int:
        """Bytes read so far of `size`. Means nothing for Parquet and XLSX, which are not read from front to
        end."""
        return self._done + self._opened.taken

    def __iter__(self) -> Iterator[RawRow]:
        for flat in self.flat_rows():
            if flat.cells is None:
                yield RawRow(flat.row, flat.line, flat.file, None, flat.reject)
                continue
            try:
                data = flat.cells if self.nested else nest(flat.cells, self.fact_types)
            except RowError as error:
                reject = self.reject(error, flat.row, flat.line, flat.cells.get("id"))
                yield RawRow(flat.row, flat.line, flat.file, None, reject)
            else:
                yield RawRow(flat.row, flat.line, flat.file, data, None)

    def flat_rows(self) -> Iterator[FlatRow]:
        """Rows before nesting: cells under contract names and passed-through columns.

        JSON Lines without a map come as they are, nested.
        """
        for row, line, cells, error, id in self._rows:
            if error is None and cells is not None and self.map is not None and self._map_here:
                try:
                    cells = self.map.apply(cells)
                    id = cells.get("id", id)
                except RowError as slip:
                    error, id = slip, id if id is not None else self._mapped_id(cells)
            if error is not None:
                yield FlatRow(row, line, self._name, None, self.reject(error, row, line, id))
            else:
                yield FlatRow(row, line, self._name, cells, None)

    def _mapped_id(self, cells: Mapping[str, Any]) -> Any:
        """The id of a row that the map could not turn, where one column holds it."""
        for column, rules in self.map.rules.items() if self.map else ():
            if any(rule.to == ("id",) for rule in rules):
                return cells.get(column)
        return None

    def reject(self, error: RowError, row: int, line: int | None, id: Any) -> dict[str, Any]:
        """The reject record of a row of this input."""
        if isinstance(id, dict | list | float):
            id = None
        return reject_record(error, row=row, line=line, id=id, file=self._name)

    # ------------------------------------------------------------ the formats

    def _open(self) -> Iterator[tuple[int, int | None, dict[str, Any] | None, RowError | None, Any]]:
        self.nested = False
        self._map_here = True
        match self.format:
            case "jsonl":
                return self._open_jsonl()
            case "csv":
                return self._open_csv()
            case "parquet":
                return self._open_parquet()
            case "xlsx":
                return self._open_xlsx()
            case _:
                return self._open_asycuda()

    def _text_encoding(self, *, json: bool = False) -> Encoding:
        sample = self._opened.sample
        if self._encoding_asked:
            found = given_encoding(self._encoding_asked, sample)
        else:
            found = detect_encoding(sample)
            if json and not found.bom and not found.wide:
                found = Encoding("utf-8", b"", "UTF-8, as JSON is")
        self.encoding = found.name
        self.notes.append(f"encoding: {found.said}")
        return found

    def _open_jsonl(self) -> Iterator[Any]:
        from tidegate.formats import jsonl

        encoding = self._text_encoding(json=True)
        self.nested = self.map is None
        return self._rows_of_jsonl(jsonl.read(self._opened, encoding, self.limits))

    def _rows_of_jsonl(self, parsed: Iterator[Any]) -> Iterator[Any]:
        for row, line, value, error, id in parsed:
            cells = value
            if value is not None and not self.nested:
                try:
                    cells = flatten(value)
                except RowError as slip:
                    cells, error = None, slip
            yield row, line, cells, error, id

    def _open_csv(self) -> Iterator[Any]:
        from tidegate.formats import csv_in

        encoding = self._text_encoding()
        source = self.map.source if self.map else None
        table = csv_in.open_csv(
            self._opened, encoding, self.limits,
            delimiter=source.delimiter if source else None,
            header_row=source.header_row if source else None,
        )  # fmt: skip
        self.notes += table.notes
        return self._table_rows(table, table.header)

    def _open_xlsx(self) -> Iterator[Any]:
        from tidegate.formats import xlsx
        from tidegate.formats.xlsx_package import Package, seekable

        path = self._opened.path
        stream = path if path is not None else seekable(self._opened.stream, self.limits, self._opened.name)
        package = Package(stream, self._opened.name, self.limits)
        self._closers.append(package)
        source = self.map.source if self.map else None
        table = xlsx.open_xlsx(
            package, self.limits,
            sheet=source.sheet if source else None,
            header_row=source.header_row if source else None,
        )  # fmt: skip
        self.notes += table.notes
        return self._table_rows(table, table.header)

    def _table_rows(self, table: Any, header: Sequence[Any]) -> Iterator[Any]:
        self._table = table
        return self._rows_of_table(table, self._named(header))

    @property
    def is_table(self) -> bool:
        """True for CSV and XLSX."""
        return self._table is not None

    def table_rows(self) -> Iterator[tuple[int, int | None, list[Any] | None, RowError | None]] | None:
        """The rows of CSV and XLSX as plain lists of cells under `columns`, before any map; None for other
        formats.

        Walked instead of the reader itself, never beside it.
        """
        return None if self._table is None else self._counted(self._table)

    def _counted(self, table: Any) -> Iterator[Any]:
        yield from table.rows()
        if table.blank:
            self.notes.append(f"{table.blank} blank rows were left out")

    def _rows_of_table(self, table: Any, names: list[str]) -> Iterator[Any]:
        at = names.index("id") if "id" in names else None
        for row, line, cells, error in self._counted(table):
            if error is None:
                yield row, line, dict(zip(names, cells, strict=True)), None, None if at is None else cells[at]
            else:
                yield row, line, None, error, None

    def _named(self, header: Sequence[Any]) -> list[str]:
        """The names of the columns; a map that the table does not fit is refused before the first row."""
        names = name_columns(header, self.limits.columns, canonical=self.map is None)
        self.columns = names
        if self.map is not None:
            missing = self.map.missing_columns(names)
            if missing:
                raise FormatError(
                    f"{self._opened.name}: the map {self.map.name} needs columns that are not there: "
                    f"{', '.join(missing)}",
                    field="map", value=", ".join(names[:30]), expected=", ".join(missing),
                )  # fmt: skip
        return names

    def _open_parquet(self) -> Iterator[Any]:
        from tidegate.formats.parquet import ParquetTable
        from tidegate.formats.xlsx_package import seekable

        opened = self._opened
        stream = opened.path if opened.path is not None else seekable(opened.stream, self.limits, opened.name)
        self.table = ParquetTable(stream, opened.name, self.limits)
        self._closers.append(self.table)
        self.row_count = self.table.row_count
        names = dict(zip(self.table.schema.names, self._named(self.table.schema.names), strict=True))
        return self._rows_of_parquet(self.table, names)

    def _rows_of_parquet(self, table: ParquetTable, names: dict[str, str]) -> Iterator[Any]:
        for row, cells, error, id in table.rows():
            if cells is not None:
                cells = {names[column]: cell for column, cell in cells.items()}
            yield row, None, cells, error, id if cells is None else cells.get("id")

    def _open_asycuda(self) -> Iterator[Any]:
        self._map_here = self.map is not None and bool(self.map.rules or self.map.constants or self.map.templates)
        if self._many:
            return self._rows_of_asycuda(None)  # each file has its own
        encoding = self._xml_encoding()
        self.encoding = encoding.name
        self.notes.append(f"encoding: {encoding.said}")
        return self._rows_of_asycuda(encoding)

    def _xml_encoding(self) -> Encoding:
        from tidegate.formats.asycuda_xml import xml_encoding

        sample = self._opened.sample
        return given_encoding(self._encoding_asked, sample) if self._encoding_asked else xml_encoding(sample)

    def _rows_of_asycuda(self, encoding: Encoding | None) -> Iterator[Any]:
        from tidegate.formats import asycuda

        row = 0
        for path in self._files:
            before = row
            self._name = os.path.basename(str(path)) if self._many else None
            try:
                if encoding is None or self._many:
                    self._next_file(path)
                    encoding = self._xml_encoding()
                name = self._opened.path.stem if self._opened.path else "declaration"
                stream = self._opened.stream
                for _, line, cells, error, id in asycuda.read(stream, encoding, self.limits, name, self.map):
                    row += 1
                    yield row, line, cells, error, id
                if row == before:
                    message = f"{self._opened.name}: no ASYCUDA declaration in it"
                    raise FormatError(message, expected="<ASYCUDA> … </ASYCUDA>")
            except FormatError as slip:
                # One bad file among many costs only itself.
                if not self._many:
                    raise
                row += 1
                yield (
                    row,
                    None,
                    None,
                    RowError("file", os.path.basename(str(path)), slip.expected or "a readable file", slip.message),
                    None,
                )

    def _next_file(self, path: Any) -> None:
        if self._opened.path != path:
            self._done += self._opened.taken
        self._opened.stream.close()
        self._opened = open_source(path, self.limits)


def _files(source: Source) -> list[Any]:
    """The files to read: a directory stands for the XML files in it, in order of name."""
    if isinstance(source, str | Path):
        path = Path(source)
        if str(source) != STDIN and path.is_dir():
            found = sorted(p for p in path.iterdir() if p.name.lower().endswith(_XML))
            if not found:
                raise FormatError(f"{path}: a folder without XML files", value=str(path), expected="ASYCUDA XML files")
            return list(found)
        return [source]
    if isinstance(source, Sequence):
        if not source:
            raise FormatError("no file was given")
        return list(source)
    return [source]


def _size(path: Any) -> int | None:
    try:
        return os.stat(path).st_size
    except (OSError, TypeError):
        return None


def open_shipments(
    source: Source,
    *,
    format: str | None = None,
    map: ColumnMap | str | Path | Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    encoding: str | None = None,
    fact_types: Mapping[str, str] = fields.FACT_TYPES,
) -> ShipmentReader:
    """Open shipments in any format.

    source: a path; `-` for standard input; a binary stream; a folder or list of ASYCUDA XML files. `.gz` is
    unpacked.
    format, encoding: where they should not be found out. map: a `ColumnMap`, a YAML file or a shipped map's
    name.
    fact_types: fact name → "bool", "number" or "text", for typing cells; the rulebook's registry fits.

    Raises `FormatError` when the input as a whole cannot be read, here or (a file damaged further down) on
    the way.
    """
    return ShipmentReader(
        source, format=format, map=map, limits=limits, encoding=encoding, fact_types=fact_types
    )  # fmt: skip
