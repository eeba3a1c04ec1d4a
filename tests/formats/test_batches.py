"""The bulk door gives what the single door gives."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.test_tabular import SHIPMENT
from tidegate.formats import (
    Limits,
    Rejects,
    arrow_batches,
    flatten,
    load_map,
    nest,
    open_shipments,
)
from tidegate.formats.cells import to_json


def table_of(source: Any, **options: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All rows of all batches without nulls, and all rejects."""
    rows: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    for item in arrow_batches(io.BytesIO(source) if isinstance(source, bytes) else source, **options):
        if isinstance(item, Rejects):
            rejects += item
        else:
            assert item.schema.names[0] == "row"
            rows += [{k: v for k, v in row.items() if v is not None} for row in item.to_pylist()]
    return rows, rejects


def one_by_one(source: bytes, **options: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    with open_shipments(io.BytesIO(source), **options) as reader:
        rows = list(reader)
    good = [
        {"row": row.row, **{("source.row" if k == "row" else k): v for k, v in flatten(row.data).items()}}
        for row in rows
        if row.data is not None
    ]
    return good, [row.reject for row in rows if row.reject is not None]


MAPS: list[Any] = [
    None,
    {"columns": {"id": "id", "when": {"to": "date", "dates": ["%d/%m/%Y", "%Y-%m-%d"]},
                 "net_kg": {"to": "net_kg", "unit": "t", "pass_through": True}, "waste": None,
                 "mode": {"to": "facts.mode", "values": {"10": "sea"}, "otherwise": "empty"}},
     "constants": {"import": "VN", "export": "AU"}},
    {"columns": {"when": ["date", "events.arrived"], "id": "id"}, "templates": {"consignment": "{id}-{mode}"}},
    {"columns": {"mode": {"to": "origin", "fallback": True}, "export": {"to": "export", "when": {"waste": "yes"}}}},
]  # fmt: skip
CELL = st.sampled_from(
    ["", "1", "yes", "no", "maybe", "10", "AU", "29/02/2024", "2024-02-29", " x ", "a;b", "[]", '["a;b"]', "[1", "0.50",
     '{"PE": 5}', "=1+1"]
)  # fmt: skip
COLUMNS = ["id", "when", "mode", "net_kg", "waste", "export", "annex_i", "documents", "facts.cleaned", "Row", "row"]


@given(
    st.lists(st.lists(CELL, min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=8),
    st.sampled_from(MAPS),
    st.integers(1, 5),
)
def test_csv_in_batches_is_csv_row_by_row(cells: list[list[str]], map_: Any, batch_rows: int) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(cells)
    options: dict[str, Any] = {"format": "csv", "map": map_}
    good, rejects = one_by_one(text.getvalue().encode(), **options)
    batched, batch_rejects = table_of(text.getvalue().encode(), batch_rows=batch_rows, **options)
    assert batched == good
    assert batch_rejects == rejects


@given(st.lists(SHIPMENT, min_size=1, max_size=6), st.integers(1, 4))
def test_json_lines_in_batches_are_the_flat_form(items: list[dict[str, Any]], batch_rows: int) -> None:
    data = "\n".join(to_json(item) for item in items).encode()
    batched, rejects = table_of(data, format="jsonl", batch_rows=batch_rows)
    assert rejects == []
    assert [row.pop("row") for row in batched] == list(range(1, len(items) + 1))
    assert [nest(row) for row in batched] == items


def test_parquet_is_streamed_as_it_is_stored(tmp_path: Path) -> None:
    table = pa.table(
        {
            "ID": ["a", "b", "c"],
            "polymers": [{"PE": 1.0}, {"PE": None}, {"PE": float("nan")}],
            "row": [7, 8, 9],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    batches = [item for item in arrow_batches(tmp_path / "a.parquet", batch_rows=2) if isinstance(item, pa.RecordBatch)]
    assert [batch.num_rows for batch in batches] == [2, 1]
    assert batches[0].schema.names == ["row", "id", "polymers", "source.row"]
    assert batches[0].schema.field("polymers").type == table.schema.field("polymers").type
    assert [n for batch in batches for n in batch.column("row").to_pylist()] == [1, 2, 3]


def test_parquet_with_a_map_becomes_text(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"ref": [1, 2], "hs": [391510.0, 3915.9], "PE": [99.5, float("nan")]}), tmp_path / "a.parquet"
    )
    rows, rejects = table_of(tmp_path / "a.parquet", map=load_map({"columns": {"ref": "id", "PE": "polymers.PE"}}))
    assert rows == [
        {"row": 1, "id": "1", "hs": "391510", "polymers.PE": "99.5"},
        {"row": 2, "id": "2", "hs": "391590"},  # NaN is how a column of numbers writes an empty cell
    ]
    assert rejects == []


def test_rows_and_rejects_add_up_over_many_batches() -> None:
    lines = [b'{"id": "%d"}' % n if n % 3 else b"broken" for n in range(1000)]
    rows, rejects = table_of(b"\n".join(lines), format="jsonl", batch_rows=37)
    assert sorted([row["row"] for row in rows] + [reject["row"] for reject in rejects]) == list(range(1, 1001))


def test_new_keys_may_come_late_and_without_end_but_a_batch_stays_narrow() -> None:
    rows, _ = table_of(b'{"id": "1"}\n{"id": "2", "Vessel": "x"}', format="jsonl", batch_rows=1)
    assert rows == [{"row": 1, "id": "1"}, {"row": 2, "id": "2", "Vessel": "x"}]
    many = b"\n".join(b'{"id": "%d", "facts": {"k%d": "x"}}' % (n, n) for n in range(50))
    batches = list(arrow_batches(io.BytesIO(many), format="jsonl", limits=Limits(columns=20)))
    assert max(batch.num_columns for batch in batches if isinstance(batch, pa.RecordBatch)) <= 21
    rows, _ = table_of(many, format="jsonl", limits=Limits(columns=20))
    assert rows == [{"row": n + 1, "id": str(n), f"facts.k{n}": "x"} for n in range(50)]


def test_a_reader_may_be_handed_over() -> None:
    with open_shipments(io.BytesIO(b"id,hs\n1,3915\n\n2,3915\n"), format="csv") as reader:
        (batch,) = arrow_batches(reader)
        assert isinstance(batch, pa.RecordBatch)
        assert batch.column("row").to_pylist() == [1, 2]
        assert "1 blank rows were left out" in reader.notes


@pytest.mark.parametrize(
    ("values", "left_out"),
    [
        ([0.0, None, 5.5, float("nan")], True),
        ([0, 7], True),
        ([-0.5, 5.0], False),
        ([float("inf")], False),
        ([Decimal(1)], False),
        ([True], False),
        (["5"], False),
        ([None, None], False),
    ],
)
def test_a_column_of_numbers_is_left_out_only_where_the_file_shows_that_it_holds_no_wrong_one(
    values: list[Any], left_out: bool, tmp_path: Path
) -> None:
    table = pa.table({"id": [str(n) for n in range(len(values))], "gross_kg": values})
    pq.write_table(table, tmp_path / "a.parquet")
    (batch,) = arrow_batches(tmp_path / "a.parquet", unread={"gross_kg"})
    assert isinstance(batch, pa.RecordBatch)
    assert ("gross_kg" not in batch.schema.names) == left_out
