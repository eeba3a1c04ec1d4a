"""The one door to DuckDB: ordered pages, bound values, and nothing outside the files that were named."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tidegate.screening.engines import duckdb


@pytest.fixture
def table(tmp_path: Path) -> Path:
    # A folder and a name with every sign that a pattern or a text of SQL could stumble over.
    folder = tmp_path / "it's [a] fold*er?"
    folder.mkdir()
    path = folder / "re'sults.parquet"
    rows = {
        "row": list(range(1, 1001)),
        "id": [f"id-{n:04d}" for n in range(1000)],
        'the "odd" name': ["a'b;--" if n % 10 == 0 else "plain" for n in range(1000)],
    }
    pq.write_table(pa.table(rows), path, row_group_size=100)
    return path


def test_pages_come_in_order_and_whole(table: Path) -> None:
    seen = []
    for offset in range(0, 1000, 70):
        seen += duckdb.query(table, columns=["row", "id"], order='"row"', limit=70, offset=offset)
    assert [row["row"] for row in seen] == list(range(1, 1001))
    assert seen[-1] == {"row": 1000, "id": "id-0999"}


def test_values_are_bound(table: Path) -> None:
    odd = duckdb.name('the "odd" name')
    assert duckdb.count(table) == 1000
    assert duckdb.count(table, f"{odd} = ?", ["a'b;--"]) == 100
    assert duckdb.count(table, f"{odd} = ?", ["' OR 1=1 --"]) == 0
    assert duckdb.query(table, "id = ?", ["id-0003"])[0]["row"] == 4


def test_the_schema_and_a_derived_table(table: Path) -> None:
    assert list(duckdb.schema(table)) == ["row", "id", 'the "odd" name']
    target = table.with_name("deri'ved.parquet")
    written = duckdb.derive(table, target, {"n": '"row" * 2', "key'": "upper(id)"}, where='"row" <= 3')
    assert written == 3
    assert pq.read_table(target).to_pylist() == [{"n": 2 * n, "key'": f"ID-{n - 1:04d}"} for n in (1, 2, 3)]


def test_nothing_else_can_be_reached(table: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.parquet"
    pq.write_table(pa.table({"x": [1]}), secret)
    for text in (
        "SELECT * FROM read_parquet(?)",
        "SELECT * FROM read_csv(?)",
        "SELECT * FROM read_text(?)",
    ):
        with pytest.raises(duckdb.QueryError, match="Permission"), duckdb.connect(table) as connection:
            connection.execute(text, [str(secret)]).fetchall()
    with pytest.raises(duckdb.QueryError), duckdb.connect(table) as connection:
        connection.execute("SET enable_external_access = true")
    with pytest.raises(duckdb.QueryError), duckdb.connect(table) as connection:
        connection.execute("COPY (SELECT 1) TO '" + str(tmp_path / "out.csv") + "'")
    assert not (tmp_path / "out.csv").exists()


def test_a_damaged_file_is_an_error_in_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and then nothing")
    for call in (duckdb.count, duckdb.query, duckdb.schema):
        with pytest.raises(duckdb.QueryError) as error:
            call(broken)
        assert "\n" not in str(error.value)
