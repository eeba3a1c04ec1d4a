"""`tidegate screen --engine spark`: a Parquet file through a cluster, into the file that the embedded engine writes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tidegate.batch.beside import is_unknown
from tidegate.batch.sinks import TEXTS, flat_of, text_of
from tidegate.batch.summary import Summary
from tidegate.formats import FormatError, rejects_path
from tidegate.formats.flat_decision import passed_name
from tidegate.formats.writers import output_format
from tidegate.law import Book, load_rulebook
from tidegate.screening.bulk import Session
from tidegate.screening.bulk.keys import unique_inverse
from tidegate.screening.engines.spark import DOT, ROW_INDEX, map_parquet
from tidegate.screening.shipment import FIELDS

RESULT = "id string, row bigint, export string, import string, month string, body string, error string"


def screen_parquet(source: str, output: str, book: Book, summary: Summary, *, master: str | None = None) -> None:
    """Screens one Parquet file on Spark; the output equals that of the embedded engine, row for row.

    Raises FormatError for other inputs and outputs, SparkUnavailable where PySpark or Java is missing.
    """
    if not source.endswith(".parquet") or not Path(source).is_file():
        raise FormatError("the Spark engine reads one Parquet file", value=source, expected="FILE.parquet")
    if output == "-" or output_format(output) != "parquet":
        raise FormatError("the Spark engine writes Parquet", value=output, expected="DECISIONS.parquet")
    overlays = book.overlays

    def kernel(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        session = Session(load_rulebook(overlays))
        for batch in batches:
            yield _decided(session, batch)

    with tempfile.TemporaryDirectory(prefix="tidegate-spark-") as folder:
        parts = str(Path(folder) / "parts")
        map_parquet(str(Path(source).resolve()), parts, kernel, RESULT, master)
        _gather(parts, source, Path(output), summary, book)


def _decided(session: Session, batch: pa.RecordBatch) -> pa.RecordBatch:
    """One batch decided: a row of the result for each row of the input."""
    index = batch.column(batch.schema.get_field_index(ROW_INDEX)).to_numpy()
    names = [n.replace(DOT, ".") for n in batch.schema.names]
    batch = batch.rename_columns(names)
    names = [n for n in names if n != ROW_INDEX]
    result = session.screen(batch.select(names))
    rows = len(index)
    bodies: list[str | None] = [None] * rows
    errors: list[str | None] = [None] * rows
    exports: list[str | None] = [None] * rows
    imports: list[str | None] = [None] * rows
    months: list[str | None] = [None] * rows
    identities = [None if v is None else str(v) for v in batch.column(names.index("id")).to_pylist()]
    days = batch.column(names.index("date")).to_pylist()
    distinct, _, inverse = unique_inverse(result.set)
    texts = [text_of(session.decision(int(s))) for s in distinct]
    for place, at in zip(result.index.tolist(), inverse.tolist(), strict=True):
        route = session.sets[int(distinct[at])].route
        bodies[place], exports[place], imports[place] = texts[at], route.export, route.import_
        months[place] = str(days[place])[:7]
    for row, _identity, error in result.rejects:
        number = int(index[row - 1]) + 1
        errors[row - 1] = json.dumps({**error, "message": f"row {number}: {error['message']}"}, ensure_ascii=False)
    columns = [identities, index + 1, exports, imports, months, bodies, errors]
    types = [pa.string(), pa.int64(), *([pa.string()] * 5)]
    arrays = [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=["id", "row", "export", "import", "month", "body", "error"])


def _gather(parts: str, source: str, output: Path, summary: Summary, book: Book) -> None:
    """The parts of the cluster, in the order of the input, as one file, with the columns that are passed through."""
    table = pq.read_table(parts).sort_by("row")
    refused = table.filter(pc.is_valid(table["error"]))
    kept = table.filter(pc.is_null(table["error"]))
    encoded = pc.dictionary_encode(kept["body"].combine_chunks())
    bodies: list[dict[str, Any]] = [json.loads("{" + text) for text in encoded.dictionary.to_pylist()]
    flats = [flat_of(body) for body in bodies]
    places = encoded.indices.to_numpy(zero_copy_only=False)
    columns: dict[str, Any] = {"id": kept["id"].combine_chunks(), "row": kept["row"].combine_chunks()}
    for name in TEXTS:
        columns[name] = pa.array([f[name] for f in flats], pa.string()).take(pa.array(places))
    heads = [f'{{"id":{json.dumps(i, ensure_ascii=False)},"row":{r},' for i, r in zip(
        columns["id"].to_pylist(), columns["row"].to_pylist(), strict=True)]  # fmt: skip
    columns["decision_json"] = pc.binary_join_element_wise(
        pa.array(heads, pa.string()), kept["body"].combine_chunks(), ""
    )
    beside = [n for n in pq.read_schema(source).names if n.partition(".")[0] not in FIELDS or is_unknown(n, book)]
    if beside:
        given = pq.read_table(source, columns=beside).take(pa.array(np.asarray(columns["row"]) - 1))
        columns |= {passed_name(name): given[name] for name in beside}
    pq.write_table(pa.table(columns), output, compression="zstd")
    for record in refused.select(["row", "id", "error"]).to_pylist():
        summary.reject({"error": json.loads(record["error"])})
    target = rejects_path(output)
    if refused.num_rows:
        with target.open("w", encoding="utf-8") as stream:
            for record in refused.select(["row", "id", "error"]).to_pylist():
                line = {"row": record["row"], "line": None, "id": record["id"], "error": json.loads(record["error"])}
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    else:
        target.unlink(missing_ok=True)
    exports, imports, months = (kept[n].to_pylist() for n in ("export", "import", "month"))
    for place, export, import_, month in zip(places.tolist(), exports, imports, months, strict=True):
        summary.add(bodies[place], export, import_, month)
