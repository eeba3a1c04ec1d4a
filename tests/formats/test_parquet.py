"""Parquet: flat and nested columns, and files that are not whole."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.formats.support import check_rows, errors, read, shipments
from tidegate.formats import FormatError, Limits, RawRow


def rows_of(path: Path, **options: Any) -> list[RawRow]:
    rows = read(path, **options)
    check_rows(rows)
    return rows


def test_nested_columns(tmp_path: Path) -> None:
    row = {
        "id": "1",
        "date": dt.date(2024, 2, 29),
        "hs": "391510",
        "transit": ["SG", "MY"],
        "polymers": {"PE": 99.5, "PP": None},
        "documents": [{"kind": "AP", "issued": dt.date(2024, 1, 1), "value": Decimal("20.50")}],
        "facts": {"cleaned": True, "form": None},
        "waste": None,
    }
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    assert shipments(rows_of(tmp_path / "a.parquet")) == [
        {
            "id": "1",
            "date": "2024-02-29",
            "hs": "391510",
            "transit": ["SG", "MY"],
            "polymers": {"PE": "99.5"},
            "documents": [{"kind": "AP", "issued": "2024-01-01", "value": Decimal("20.50")}],
            "facts": {"cleaned": True},
        }
    ]


def test_flat_columns_of_many_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "ID": pa.array([1], pa.int64()),
            "date": pa.array([1_709_182_800 * 10**9], pa.timestamp("ns")),
            "hs": pa.array([391510.0], pa.float64()),
            "net_kg": pa.array([0.1], pa.float32()),
            "value": pa.array([Decimal("12.30")], pa.decimal128(10, 2)),
            "polymers.PE": pa.array(["99"]).dictionary_encode(),
            "annex_i": pa.array(["Y8;Y12"], pa.large_string()),
            "facts.cleaned": pa.array([True]),
            "documents": pa.array(['[{"kind": "AP"}]']),
            "consignee": pa.array([[("name", "Example (fictitious)")]], pa.map_(pa.string(), pa.string())),
            "blob": pa.array([b"text"], pa.binary()),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    assert shipments(rows_of(tmp_path / "a.parquet")) == [
        {
            "id": "1",
            "date": "2024-02-29",
            "hs": "391510",
            "net_kg": "0.1",
            "value": "12.30",
            "polymers": {"PE": "99"},
            "annex_i": ["Y8", "Y12"],
            "facts": {"cleaned": True},
            "documents": [{"kind": "AP"}],
            "consignee": {"name": "Example (fictitious)"},
            "blob": "text",
        }
    ]


def test_cells_that_cannot_be_values_reject_their_rows_alone(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["a", "b", "c", "d"],
            "net_kg": pa.array([1.0, float("nan"), float("inf"), None]),
            "note": pa.array([b"\xff", b"x", b"x", b"x"], pa.binary()),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    rows = rows_of(tmp_path / "a.parquet")
    assert [row.data is not None for row in rows] == [True, True, False, True]
    assert [error["field"] for error in errors(rows)] == ["net_kg"]
    assert [row.reject["id"] for row in rows if row.reject] == ["c"]
    assert rows[0].data == {"id": "a", "net_kg": "1", "note": "\\xff"}  # a column of the caller's own is never a reject
    assert rows[1].data == {"id": "b", "note": "x"}  # a column of numbers writes NaN for an empty cell


def test_no_rows(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), tmp_path / "a.parquet")
    assert rows_of(tmp_path / "a.parquet") == []


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [str(n) for n in range(5000)]}), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(FormatError, match="not a whole Parquet file"):
        read(path)


def test_a_damaged_page_is_reported_with_the_rows_before_it(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table({"id": [f"{n:040}" for n in range(40_000)]})
    pq.write_table(
        table, path, row_group_size=10_000, compression="zstd", write_page_checksum=True, use_dictionary=False
    )
    data = bytearray(path.read_bytes())
    middle = len(data) * 6 // 10
    data[middle : middle + 200] = bytes(200)
    path.write_bytes(bytes(data))
    with pytest.raises(FormatError, match=r"damaged after row \d+ of 40000"):
        read(path)


def test_too_many_or_repeated_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({f"c{n}": [1] for n in range(30)}), path)
    with pytest.raises(FormatError, match="30 columns"):
        read(path, limits=Limits(columns=20))
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"]), path)
    with pytest.raises(FormatError, match="twice"):
        read(path)


def test_content_wins_over_the_name_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    pq.write_table(pa.table({"id": ["1"]}), path)
    from tidegate.formats import open_shipments

    with open_shipments(path) as reader:
        assert reader.format == "parquet"
        assert "named like csv" in reader.notes[0]
        assert [row.data for row in reader] == [{"id": "1"}]
