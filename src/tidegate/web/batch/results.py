"""A result as pages ask for it: filtered, counted, a page at a time, one row in full.

Filters run over `index.parquet`, a narrow table made once when the result is there: what the filters need of each
decision, States and months in one spelling whatever the input had. The decision itself, with the shipment beside it,
is read from `decisions.parquet` one row at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.parquet as pq

from tidegate.batch.consignment_file import gather
from tidegate.formats import FACT_TYPES, nest, rejects_path
from tidegate.formats.fields import ROOTS, canonical
from tidegate.formats.flat_decision import DECISION_COLUMNS
from tidegate.screening.engines import duckdb
from tidegate.web.batch import store
from tidegate.web.batch.models import Batch

LISTS = ("rules", "prohibits", "papers", "questions")
# The rules among the reasons that prohibit, joined as `rules` is.
_PROHIBITING = """nullif(array_to_string(list_transform(list_filter(
    from_json(json_extract(decision_json, '$.reasons'), '[{"rule": "VARCHAR", "effect": "VARCHAR"}]'),
    lambda r: r.effect = 'prohibit'), lambda r: r.rule), ';'), '')"""
BLANKS = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"  # round the number of a consignment
REJECT_SCHEMA = pa.schema(
    [("row", pa.int64()), ("line", pa.int64())]
    + [(name, pa.string()) for name in ("id", "field", "value", "expected", "message", "file")]
)
_BATCH = 10_000


# ── making the index ───────────────────────────────────────────────────────────────────────────────────────


def build(folder: Path) -> tuple[int, int]:
    """Makes the tables of a result that pages read; gives the number of decisions, and of those that are
    clear on paper with something left to check. Raises QueryError when the decisions are not in the full form."""
    decisions, index = folder / store.DECISIONS, folder / store.INDEX
    there = duckdb.schema(decisions)
    found = duckdb.derive(
        decisions,
        index,
        {
            "row": '"row"',
            "id": "id",
            "outcome": "outcome",
            "entry": "coalesce(entry, 'open')",
            "regime": "regime",
            "rules": "rules",
            "prohibits": _PROHIBITING,
            "papers": "missing_documents",
            "questions": "question_facts",
            "checks": "coalesce(json_array_length(decision_json, '$.verify'), 0)::INTEGER",
            "alerts": "coalesce(json_array_length(decision_json, '$.alerts'), 0)::INTEGER",
            "export": _plain("export", there, "upper(trim({}))"),
            "import": _plain("import", there, "upper(trim({}))"),
            "day": _plain("date", there, "left(trim({}), 10)"),
            "consignment": _plain("consignment", there, f"nullif(trim({{}}, {BLANKS}), '')"),
        },
    )
    gather([index], folder / store.CONSIGNMENTS)
    _build_rejects(folder)
    return found, duckdb.count(index, "outcome = 'clear' AND checks > 0")


def _plain(column: str, there: Mapping[str, str], pattern: str) -> str:
    """A column as text, or null where the result does not have it."""
    return pattern.format(f"{duckdb.name(column)}::VARCHAR") if column in there else "NULL::VARCHAR"


def _build_rejects(folder: Path) -> None:
    with pq.ParquetWriter(folder / store.REJECTS, REJECT_SCHEMA, compression="zstd") as writer:
        for records in _chunks(_reject_lines(rejects_path(folder / store.DECISIONS))):
            writer.write_table(pa.Table.from_pylist(records, schema=REJECT_SCHEMA))


def _reject_lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="surrogatepass") as lines:
        for line in lines:
            record = json.loads(line)
            error = record.get("error") or {}
            yield {
                "row": record.get("row"),
                "line": record.get("line"),
                **{
                    name: _text(value)
                    for name, value in (
                        ("id", record.get("id")),
                        ("field", error.get("field") or "row"),
                        ("value", error.get("value")),
                        ("expected", error.get("expected")),
                        ("message", error.get("message")),
                        ("file", record.get("file")),
                    )
                },
            }


def _text(value: Any) -> str | None:
    # Half a surrogate pair is no text, and Parquet refuses it.
    return None if value is None else str(value).encode("utf-8", "backslashreplace").decode()


def _chunks(records: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    held: list[dict[str, Any]] = []
    for record in records:
        held.append(record)
        if len(held) >= _BATCH:
            yield held
            held = []
    if held:
        yield held


def count_rejects(folder: Path) -> int:
    """How many rejects the table of a result holds."""
    return duckdb.count(folder / store.REJECTS)


# ── filters ────────────────────────────────────────────────────────────────────────────────────────────────

OUTCOMES = {
    "prohibited": "outcome = 'prohibited'",
    "undetermined": "outcome = 'undetermined'",
    "needs": "outcome = 'needs'",
    "clear": "outcome = 'clear'",
    # Clear on paper, by whether something is left to check.
    "verify": "outcome = 'clear' AND checks > 0",
    "settled": "outcome = 'clear' AND checks = 0",
}


@dataclass(frozen=True)
class Filter:
    """What the rows of a result are narrowed to; "" means any. `text` is sought in ids and consignments; `consignment`
    is one, whole."""

    outcome: str = ""
    to: str = ""
    of: str = ""
    entry: str = ""
    rule: str = ""
    prohibits: str = ""
    month: str = ""
    question: str = ""
    paper: str = ""
    text: str = ""
    consignment: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filter:
        """The filter in a query string; a value that none can have is kept and finds nothing."""
        return cls(**{field.name: (query.get(field.name) or "").strip()[:200] for field in fields(cls)})

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    @property
    def query(self) -> str:
        """The filter as a query string."""
        return urlencode({field.name: value for field in fields(self) if (value := getattr(self, field.name))})

    @property
    def where(self) -> tuple[str, list[Any]]:
        """SQL over the index, with its values."""
        parts: list[str] = []
        values: list[Any] = []
        if self.outcome:
            parts.append(OUTCOMES.get(self.outcome, "false"))
        plain = (("import", self.to), ("export", self.of), ("entry", self.entry), ("consignment", self.consignment))
        for column, value in plain:
            if value:
                parts.append(f"{duckdb.name(column)} = ?")
                values.append(value)
        if self.month:
            parts.append("starts_with(day, ?)")
            values.append(self.month)
        for column, value in zip(LISTS, (self.rule, self.prohibits, self.paper, self.question), strict=True):
            if value:
                parts.append(f"contains(';' || {column} || ';', ';' || ? || ';')")
                values.append(value)
        if self.text:
            parts.append("(contains(lower(id), lower(?)) OR contains(lower(consignment), lower(?)))")
            values += [self.text, self.text]
        return " AND ".join(parts), values


class Rows:
    """The rows of a result under a filter, as Django's Paginator takes them: counted, and sliced."""

    def __init__(self, batch: Batch, chosen: Filter):
        self._path = store.index(batch)
        self._where, self._values = chosen.where
        self._count: int | None = None if chosen else batch.decided

    def count(self) -> int:
        if self._count is None:
            self._count = duckdb.count(self._path, self._where, self._values)
        return self._count

    __len__ = count

    def __getitem__(self, part: slice) -> list[dict[str, Any]]:
        start, stop = part.start or 0, part.stop if part.stop is not None else self.count()
        found = duckdb.query(
            self._path, self._where, self._values, order='"row"', limit=max(0, stop - start), offset=start
        )
        for row in found:
            for name in LISTS:
                row[name] = _split(row[name])
        return found

    def beside(self, row: int) -> tuple[int | None, int | None]:
        """The rows before and after `row` under this filter."""
        joined = f"({self._where}) AND " if self._where else ""
        found = []
        for comparison, order in ((f'{joined}"row" < ?', '"row" DESC'), (f'{joined}"row" > ?', '"row"')):
            one = duckdb.query(self._path, comparison, [*self._values, row], columns=["row"], order=order, limit=1)
            found.append(one[0]["row"] if one else None)
        return found[0], found[1]

    def numbers(self) -> list[int]:
        """The row numbers, in order; for a download of part of a result."""
        return [
            row["row"] for row in duckdb.query(self._path, self._where, self._values, columns=["row"], order='"row"')
        ]


class Table:
    """A table of a result, of the rows with one `value` in a `column` where it is given."""

    def __init__(self, path: Path, column: str, value: str = "", *, count: int | None = None):
        self._path = path
        self._where, self._values = (f"{duckdb.name(column)} = ?", [value]) if value else ("", [])
        self._count = None if value else count

    def count(self) -> int:
        if self._count is None:
            self._count = duckdb.count(self._path, self._where, self._values)
        return self._count

    __len__ = count

    def __getitem__(self, part: slice) -> list[dict[str, Any]]:
        start, stop = part.start or 0, part.stop if part.stop is not None else self.count()
        return duckdb.query(
            self._path, self._where, self._values, order='"row"', limit=max(0, stop - start), offset=start
        )


def reject_rows(batch: Batch, field: str = "") -> Table:
    """The rejects of a result, of one field where `field` is given."""
    return Table(store.rejects(batch), "field", field, count=batch.rejected)


def consignment_rows(batch: Batch, outcome: str = "") -> Table:
    """The consignments of a result in the order of the file, with one outcome where it is given."""
    return Table(store.consignments(batch), "outcome", outcome)


def _split(joined: str | None) -> list[str]:
    return [word for word in (joined or "").split(";") if word]


# ── one row ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Found:
    """One row of a result: the decision, the shipment as far as it was kept, and the columns passed through."""

    row: int
    decision: dict[str, Any]
    shipment: dict[str, Any]
    beside: dict[str, str]

    @property
    def complete(self) -> bool:
        """Whether the shipment was kept, so that it can be checked again."""
        return all(self.shipment.get(name) for name in ("date", "export", "import"))


def row(batch: Batch, number: int, fact_types: Mapping[str, str] = FACT_TYPES) -> Found | None:
    """One row in full, or None where the result has no such row."""
    found = duckdb.query(store.decisions(batch), '"row" = ?', [number], limit=1)
    if not found:
        return None
    return read_row(found[0], fact_types)


def read_row(cells: Mapping[str, Any], fact_types: Mapping[str, str] = FACT_TYPES) -> Found:
    """A row of `decisions.parquet` as decision, shipment and columns passed through."""
    shipment = {}
    beside = {}
    for name, value in cells.items():
        if name in DECISION_COLUMNS or value is None or value == "":
            continue
        if name.partition(".")[0] in ROOTS and canonical(name) is not None:
            shipment[name] = value
        else:
            beside[name] = str(value)
    decision = json.loads(cells["decision_json"])
    made = nest(shipment, fact_types)
    return Found(int(cells["row"]), decision, {"id": cells["id"], **made}, beside)


def sorted_counts(counts: Mapping[str, int], most: int | None = None) -> list[tuple[str, int]]:
    """Counts with the largest first, equal ones by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


def summary(batch: Batch) -> dict[str, Any]:
    """The counts of a result, as `tidegate.batch.Summary.as_dict` gives them."""
    found: dict[str, Any] = json.loads(store.summary(batch).read_text(encoding="utf-8"))
    return found
