"""Results in other formats, written while they are sent."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import pyarrow.parquet as pq

from tidegate.batch.consignment_file import write
from tidegate.formats import DECISION_COLUMNS, DecisionWriter, flatten, guard
from tidegate.web.batch import store
from tidegate.web.batch.models import Batch
from tidegate.web.batch.results import Filter, Rows, read_row

FORMATS = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BATCH = 2_000


def csv_lines(batch: Batch, chosen: Filter) -> Iterator[bytes]:
    """The decisions as CSV in UTF-8, a piece at a time; cells that a spreadsheet would run are guarded."""
    columns = _columns(batch)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([guard(name) for name in columns])
    for cells in _rows(batch, chosen):
        writer.writerow([_cell(cells[name]) for name in columns])
        if text.tell() > 64_000:
            yield _taken(text)
    yield _taken(text)


def json_lines(batch: Batch, chosen: Filter) -> Iterator[bytes]:
    """The decisions as JSON Lines, each as the contract has it, with the shipment's columns after it."""
    for cells in _rows(batch, chosen):
        found = read_row(cells)
        beside = {name: value for name, value in found.shipment.items() if name != "id"} | found.beside
        line: str = cells["decision_json"]
        if beside:
            line = line[:-1] + "," + json.dumps(beside, ensure_ascii=False, default=str)[1:]
        yield line.encode("utf-8", "backslashreplace") + b"\n"


def workbook(batch: Batch, chosen: Filter) -> IO[bytes]:
    """The decisions as an Excel workbook, in a file that goes away when it is closed."""
    folder = tempfile.TemporaryDirectory(prefix="tidegate-")
    with folder:
        passed = [name for name in _columns(batch) if name not in DECISION_COLUMNS]
        path = f"{folder.name}/decisions.xlsx"
        with DecisionWriter(path, "xlsx", columns=passed) as writer:
            for cells in _rows(batch, chosen):
                extra = {name: _text(cells[name]) for name in passed}
                writer.write(json.loads(cells["decision_json"]), row=cells["row"], extra=extra)
        return open(path, "rb")


def consignments(batch: Batch, kind: str) -> IO[bytes]:
    """The consignments of a result in another format, in a file that goes away when it is closed."""
    table = store.consignments(batch)
    if kind == "parquet":
        return table.open("rb")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    write(table, file, kind)
    file.seek(0)
    return file


def _columns(batch: Batch) -> list[str]:
    return list(pq.ParquetFile(store.decisions(batch)).schema_arrow.names)


def _rows(batch: Batch, chosen: Filter) -> Iterator[dict[str, Any]]:
    """The rows of a result in order; under a filter, those that it lets through."""
    wanted = frozenset(Rows(batch, chosen).numbers()) if chosen else None
    file = pq.ParquetFile(store.decisions(batch))
    for part in file.iter_batches(batch_size=_BATCH):
        if wanted is None:
            yield from part.to_pylist()
            continue
        numbers = part.column("row").to_pylist()
        places = [place for place, number in enumerate(numbers) if number in wanted]
        if places:
            yield from part.take(places).to_pylist()


def _text(value: Any) -> str:
    """A cell as the flat form writes it: lists and objects as JSON, days as ISO dates."""
    return "" if value is None else flatten({"cell": value}).get("cell", "")


def _cell(value: Any) -> Any:
    text = _text(value)
    return guard(text) if isinstance(value, str) else text


def _taken(text: io.StringIO) -> bytes:
    data = text.getvalue().encode("utf-8", "backslashreplace")
    text.seek(0)
    text.truncate()
    return data
