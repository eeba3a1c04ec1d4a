"""Where the decisions of batches go: Parquet (whole or as sets), JSON Lines, and tables of text."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.batch.beside import column_of, nested, values_of
from tidegate.batch.texts import HEADS, LIST_COLUMNS, TEXTS, BodyTable
from tidegate.formats import DecisionWriter, rejects_path
from tidegate.formats.flat_decision import json_line, passed_name
from tidegate.formats.writers import LINE_END
from tidegate.screening.bulk.keys import Codes, unique_inverse

COPIED = 1 << 20  # bytes, or characters, of a part that are copied at once
#: How Parquet holds decisions: `whole` has each as one JSON text, `compact` sets and a table of them, `columns` the
#: lists of each as columns.
FORMS = ("whole", "compact", "columns")
TABLE = tuple(name for name in TEXTS if name not in LIST_COLUMNS)
SET_SCHEMA = pa.schema([("set", pa.int64()), *((name, pa.string()) for name in (*TEXTS, "body"))])
# the view that expands the compact form: equal to the full form on every row and field
EXPAND_SQL = """
SELECT d.id, d.row, s.outcome, s.entry, s.entry_candidates, s.eu_entry, s.regime, s.confidence, s.rulebook,
       s.rules, s.missing_documents, s.question_facts,
       '{{"id":' || to_json(d.id)::VARCHAR || ',"row":' || d.row || ',' || s.body AS decision_json,
       d.* EXCLUDE (id, row, outcome, entry, regime, "set")
FROM read_parquet('{decisions}') d JOIN read_parquet('{sets}') s USING ("set")
"""
# the view that gives the full form from the form of columns, equal on every row and field
WHOLE_SQL = """
SELECT id, row, outcome, entry,
       nullif(array_to_string(from_json(entry_candidates, '["VARCHAR"]'), ';'), '') AS entry_candidates,
       eu_entry, regime, confidence, rulebook, rules, missing_documents, question_facts,
       '{{"id":' || to_json(id)::VARCHAR || ',"row":' || row || ',"outcome":' || to_json(outcome)::VARCHAR
       || ',"entry":' || coalesce(to_json(entry)::VARCHAR, 'null') || ',"entry_candidates":' || d.entry_candidates
       || ',"eu_entry":' || coalesce(to_json(eu_entry)::VARCHAR, 'null')
       || ',"regime":' || coalesce(to_json(regime)::VARCHAR, 'null') || ',"layers":' || layers
       || ',"reasons":' || reasons || ',"missing":' || missing || ',"questions":' || questions || ',"verify":' || verify
       || ',"alerts":' || alerts || ',"changes":[],"confidence":' || to_json(confidence)::VARCHAR
       || ',"rulebook":' || to_json(rulebook)::VARCHAR || '}}' AS decision_json,
       * EXCLUDE (id, row, outcome, entry, entry_candidates, eu_entry, regime, confidence, rulebook, rules,
                  missing_documents, question_facts, layers, reasons, missing, questions, verify, alerts)
FROM read_parquet('{decisions}') d
"""
GROUP_ROWS = 1 << 18  # of the form of columns, written at a time
DICTIONARY_BYTES = 256 << 20  # of different texts in one column of one group of rows


class Sink(Protocol):
    """Takes the decided rows of batches and the rejects; the file appears when it is closed."""

    def write(self, rows: Any, ids: Any, sets: Any, passed: dict[str, pa.Array], table: BodyTable) -> None: ...
    def reject(self, record: dict[str, Any]) -> None: ...
    def put_sets(self, sets: Codes, table: BodyTable) -> None: ...
    def close(self) -> None: ...
    def discard(self) -> None: ...


class _Rejects:
    def __init__(self, path: Path):
        self.path = rejects_path(path)
        self._part = self.path.with_name(self.path.name + ".part")
        self._stream: Any = None

    def write(self, record: dict[str, Any]) -> None:
        if self._stream is None:
            self._stream = self._part.open("w", encoding="utf-8", errors="surrogatepass")
        self._stream.write(json_line(record) + "\n")

    def close(self) -> None:
        if self._stream is None:
            self.path.unlink(missing_ok=True)
            return
        self._stream.close()
        os.replace(self._part, self.path)

    def discard(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._part.unlink(missing_ok=True)


def sets_path(path: Path) -> Path:
    """`DECISIONS.parquet` → `DECISIONS.sets.parquet`."""
    return path.with_name(path.stem + ".sets" + path.suffix)


class ParquetSink:
    """Flat Parquet in one of FORMS."""

    def __init__(self, path: Path, form: str = "whole"):
        self.path, self.form, self.compact = path, form, form == "compact"
        self._part = path.with_name(path.name + ".part")
        self._sets_part = sets_path(path).with_name(sets_path(path).name + ".part")
        self._writer: pq.ParquetWriter | None = None
        self._sets_writer: pq.ParquetWriter | None = None
        self._passed: list[str] | None = None
        self._aside: list[Path] = []
        self._by: list[tuple[pa.Table, Codes, BodyTable]] = []  # rows of one session that are not written yet
        self._rejects = _Rejects(path)

    def reject(self, record: dict[str, Any]) -> None:
        self._rejects.write(record)

    def write(self, rows: Any, ids: Any, sets: Any, passed: dict[str, pa.Array], table: BodyTable) -> None:
        if not len(rows):
            return
        columns = {"id": ids.cast(pa.string()) if isinstance(ids, pa.Array) else pa.array([str(i) for i in ids])}
        columns["row"] = pa.array(rows, pa.int64())
        if self._passed is None:
            self._passed = list(passed)
        elif late := [column for column in passed if column not in self._passed]:
            self._set_aside()
            self._passed += late
        beside = {
            passed_name(name): column_of(passed[name]) if name in passed else pa.nulls(len(rows), pa.string())
            for name in self._passed
        }
        if self.compact:
            columns |= {name: table.column(name, sets) for name in HEADS}
            columns["set"] = pa.array(sets + table.offset, pa.int64())
            self._write(pa.table({**columns, **beside}))
            return
        if self.form == "columns":
            self._put_by(pa.table({**columns, **beside}), sets, table)
            return
        heads = _heads(columns["id"], columns["row"])
        for part in table.slices(sets):
            mine = {name: column[part] for name, column in columns.items()}
            mine |= {name: table.column(name, sets[part]) for name in TEXTS}
            mine["decision_json"] = table.texts(sets[part], heads[part])
            self._write(pa.table({**mine, **{name: column[part] for name, column in beside.items()}}))

    def _put_by(self, made: pa.Table, sets: Codes, table: BodyTable) -> None:
        """Keeps rows until they are a group: each different text of a column is written once for a group."""
        if self._by and self._by[0][0].schema != made.schema:
            self._flush()
        self._by.append((made, sets, table))
        if sum(len(held) for _, held, _ in self._by) >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._by:
            return
        table = self._by[0][2]
        made = pa.concat_tables([rows for rows, _, _ in self._by])
        distinct, _, inverse = unique_inverse(np.concatenate([sets for _, sets, _ in self._by]))
        self._by = []
        place = pa.array(inverse)
        texts = {name: table.column(name, distinct) for name in TABLE}
        texts |= {name: table.list_column(name, distinct) for name in LIST_COLUMNS}
        for at, (name, words) in enumerate(texts.items()):
            coded = pa.DictionaryArray.from_arrays(words.indices.take(place), words.dictionary)
            made = made.add_column(2 + at, name, coded)
        self._write(made)
        del made, texts
        pa.default_memory_pool().release_unused()  # else it is held beside what the next batch needs

    def _write(self, made: pa.Table) -> None:
        if self._writer is None:
            self._writer = _writer(self._part, made.schema)
        self._writer.write_table(made.cast(self._writer.schema))

    def _set_aside(self) -> None:
        """A column has come that the rows so far have not: they stay as they are, and are joined at the end."""
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._aside.append(self._part.with_name(f"{self._part.name}.{len(self._aside)}"))
            os.replace(self._part, self._aside[-1])

    def put_sets(self, sets: Codes, table: BodyTable) -> None:
        """The table of sets: the flat texts of each, and its JSON. The session ends."""
        self._flush()
        if not self.compact:
            return
        for part in table.slices(sets):
            mine = sets[part]
            columns = {"set": pa.array(mine + table.offset), "body": table.texts(mine)}
            columns |= {name: table.column(name, mine) for name in TEXTS}
            if self._sets_writer is None:
                self._sets_writer = pq.ParquetWriter(self._sets_part, SET_SCHEMA, compression="zstd")
            self._sets_writer.write_table(pa.table(columns).select(SET_SCHEMA.names).cast(SET_SCHEMA))

    def close(self) -> None:
        self._flush()
        if self._writer is None:
            names = {
                "whole": [*TEXTS, "decision_json"],
                "compact": ["outcome", "entry", "regime", "set"],
                "columns": [*TABLE, *LIST_COLUMNS],
            }[self.form]
            schema = pa.schema([("id", pa.string()), ("row", pa.int64()), *((n, pa.string()) for n in names)])
            self._writer = pq.ParquetWriter(self._part, schema)
        if self._aside:
            self._set_aside()
            self.join(self._aside, self._part)
            for path in self._aside:
                path.unlink()
        else:
            self._writer.close()
        if self._sets_writer is not None:
            self._sets_writer.close()
            os.replace(self._sets_part, sets_path(self.path))
        self._rejects.close()
        os.replace(self._part, self.path)

    def discard(self) -> None:
        for writer, part in ((self._writer, self._part), (self._sets_writer, self._sets_part)):
            if writer is not None:
                writer.close()
                part.unlink(missing_ok=True)
        for path in self._aside:
            path.unlink(missing_ok=True)
        self._rejects.discard()

    @staticmethod
    def join(parts: list[Path], output: Path, compact: bool = False) -> None:
        """The parts as one file with the columns of all, in order; set ids of later parts are moved up."""
        offset = 0
        files = [pq.ParquetFile(path) for path in parts]
        # A part without rows says nothing about types.
        known = [file for file in files if file.metadata.num_rows] or files[:1]
        schema = pa.unify_schemas([file.schema_arrow for file in known])
        writer = sets_writer = None
        part = output.with_name(output.name + ".part")
        sets_part = sets_path(output).with_name(sets_path(output).name + ".part")
        for path, file in zip(parts, files, strict=True):
            writer = writer or _writer(part, schema)
            for group in range(file.num_row_groups):
                rows = file.read_row_group(group)
                if compact:
                    moved = pa.compute.add(rows["set"], offset)
                    rows = rows.set_column(rows.schema.get_field_index("set"), "set", moved)
                for field in schema:
                    if field.name not in rows.column_names:
                        rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
                writer.write_table(rows.select(schema.names))
            if compact and sets_path(path).exists():
                sets = pq.read_table(sets_path(path))
                top = pa.compute.max(sets["set"]).as_py()
                moved = pa.compute.add(sets["set"], offset)
                sets = sets.set_column(0, "set", moved)
                sets_writer = sets_writer or pq.ParquetWriter(sets_part, sets.schema, compression="zstd")
                sets_writer.write_table(sets)
                offset += (top or 0) + 1
        if writer is not None:
            writer.close()
            os.replace(part, output)
        if sets_writer is not None:
            sets_writer.close()
            os.replace(sets_part, sets_path(output))


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """Writes columns whose texts come again as dictionaries, and numbers of rows and sets by their differences."""
    numbers = [name for name in ("row", "set") if name in schema.names]
    again = [name for name in schema.names if name not in ("id", "decision_json", *numbers)]
    return pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=again, dictionary_pagesize_limit=DICTIONARY_BYTES,
        column_encoding=dict.fromkeys(numbers, "DELTA_BINARY_PACKED"), write_statistics=["id", "row"],
    )  # fmt: skip


class JsonLinesSink:
    """One decision a line, in the order of the input."""

    def __init__(self, path: Path):
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._stream = self._part.open("w", encoding="utf-8", errors="surrogatepass")
        self._rejects = _Rejects(path)

    def reject(self, record: dict[str, Any]) -> None:
        self._rejects.write(record)

    def write(self, rows: Any, ids: Any, sets: Any, passed: dict[str, pa.Array], table: BodyTable) -> None:
        extras = {passed_name(k): values_of(v) for k, v in passed.items()}
        names = pa.array([str(i) for i in (ids.to_pylist() if isinstance(ids, pa.Array) else ids)], pa.string())
        numbers = pa.array(rows, pa.int64())
        heads = _heads(names, numbers)
        for part in table.slices(sets):
            out = []
            for n, line in enumerate(table.texts(sets[part], heads[part]).to_pylist(), part.start):
                beside = nested({k: v[n] for k, v in extras.items() if v[n] is not None})
                if beside:
                    line = line[:-1] + "," + json.dumps(beside, ensure_ascii=False, default=str)[1:]
                out.append(line + "\n")
            self._stream.write("".join(out))

    def put_sets(self, sets: Codes, table: BodyTable) -> None:
        """Nothing: every line is whole."""

    def close(self) -> None:
        self._stream.close()
        self._rejects.close()
        os.replace(self._part, self.path)

    def discard(self) -> None:
        self._stream.close()
        self._part.unlink(missing_ok=True)
        self._rejects.discard()

    @staticmethod
    def join(parts: list[Path], output: Path) -> None:
        """The parts one after the other."""
        joined_part = output.with_name(output.name + ".part")
        with joined_part.open("wb") as out:
            for path in parts:
                with path.open("rb") as part:
                    shutil.copyfileobj(part, out, COPIED)
        os.replace(joined_part, output)


class TableTextSink:
    """CSV and XLSX through the writer of `formats`."""

    def __init__(self, path: Path, kind: str):
        self._writer = DecisionWriter(path, kind)

    def reject(self, record: dict[str, Any]) -> None:
        self._writer.reject(record)

    def write(self, rows: Any, ids: Any, sets: Any, passed: dict[str, pa.Array], table: BodyTable) -> None:
        names = ids.to_pylist() if isinstance(ids, pa.Array) else ids
        extras = {k: values_of(v) for k, v in passed.items()}
        for n, (row, identity, set_id) in enumerate(zip(rows.tolist(), names, sets.tolist(), strict=True)):
            decision = {"id": str(identity), "row": row, **table.body(set_id)}
            self._writer.write(decision, row=row, extra={k: v[n] for k, v in extras.items()})

    def put_sets(self, sets: Codes, table: BodyTable) -> None:
        """Nothing: every row is whole."""

    def close(self) -> None:
        self._writer.close()

    def discard(self) -> None:
        self._writer.discard()

    @staticmethod
    def join(parts: list[Path], output: Path) -> None:
        """The CSV parts as one table with the columns of all, in order."""
        headers = [_header(path) for path in parts]
        columns = list(dict.fromkeys(name for header in headers for name in header))
        joined_part = output.with_name(output.name + ".part")
        with joined_part.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out, lineterminator=LINE_END).writerow(columns)
            for path, header in zip(parts, headers, strict=True):
                with path.open(encoding="utf-8", newline="") as part:
                    rows = csv.reader(part)
                    next(rows)
                    if header == columns:  # what was read of the part is its header, to the end of a line
                        shutil.copyfileobj(part, out, COPIED)
                        continue
                    places = [header.index(name) if name in header else None for name in columns]
                    table = csv.writer(out, lineterminator=LINE_END)
                    table.writerows(["" if n is None else row[n] for n in places] for row in rows)
        os.replace(joined_part, output)


def _header(path: Path) -> list[str]:
    csv.field_size_limit(max(csv.field_size_limit(), 1 << 30))  # a decision may be long
    with path.open(encoding="utf-8", newline="") as part:
        return next(csv.reader(part))


def _heads(ids: pa.Array, rows: pa.Array) -> pa.Array:
    """The beginning of each decision's JSON: `{"id":…,"row":…,`."""
    return pa.compute.binary_join_element_wise('{"id":', _json_text(ids), ',"row":', rows.cast(pa.string()), ",", "")


def _json_text(ids: pa.Array) -> pa.Array:
    """Ids as JSON strings; the few that need escaping one by one."""
    plain = pa.compute.binary_join_element_wise('"', ids, '"', "")
    letters = np.frombuffer(ids.buffers()[2] or b"", dtype=np.uint8)
    if not ((letters < ord(" ")) | (letters == ord('"')) | (letters == ord("\\"))).any():
        return plain
    odd = pa.compute.match_substring_regex(ids, r'["\\\x00-\x1f]').to_pylist()
    texts = [
        json.dumps(v, ensure_ascii=False) if o else p
        for v, o, p in zip(ids.to_pylist(), odd, plain.to_pylist(), strict=True)
    ]
    return pa.array(texts, pa.string())


__all__ = ["EXPAND_SQL", "JsonLinesSink", "ParquetSink", "Sink", "TableTextSink", "sets_path"]
