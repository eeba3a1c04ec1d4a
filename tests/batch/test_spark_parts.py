"""What the Spark engine does on either side of Spark, without Spark: tasks of workers, and what is made of their parts.

`tests/screening/test_spark.py` runs the real one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.test_screen_register import REGISTERS, many
from tests.screening.aim import Raw
from tests.screening.strategies import shipments, vocabulary
from tests.screening.tables import FORMS
from tidegate import __version__
from tidegate.batch import screen_file, spark, spark_worker
from tidegate.cli import main
from tidegate.formats.registers import open_registers
from tidegate.law import load_rulebook
from tidegate.screening.engines.spark import ROW_INDEX, SparkFailed, reason

BOOK = load_rulebook(())
V = vocabulary(BOOK)


def tasks(rows_a_task: int, rows_a_batch: int) -> Callable[..., None]:
    """Stands in for `map_parquet`: tasks of so many rows, in batches of so many, each into a file of its own."""

    def run(source: Path, folder: Path, kernel: Any, schema: str, master: str | None = None, *, show: bool) -> None:
        table = pq.read_table(source)
        table = table.rename_columns([f"c{n}" for n in range(table.num_columns)])
        table = table.append_column(ROW_INDEX, [pa.array(range(table.num_rows), pa.int64())])
        folder.mkdir()
        for n, first in enumerate(range(0, table.num_rows, rows_a_task)):
            batches = table.slice(first, rows_a_task).combine_chunks().to_batches(rows_a_batch)
            told = pa.Table.from_batches(kernel(iter(batches)))
            pq.write_table(told, folder / f"part-{-n % 7}-{n}.parquet")  # names in no order

    return run


def decisions(path: Path) -> list[dict[str, Any]]:
    return [{**row, "decision_json": json.loads(row["decision_json"])} for row in pq.read_table(path).to_pylist()]


def the_same(source: Path, folder: Path, **asked: Any) -> None:
    groups = [folder / f"groups-{name}.jsonl" for name in ("plain", "spark")]
    one = screen_file(source, folder / "plain.parquet", book=BOOK, consignments=groups[0], **asked)
    two = screen_file(source, folder / "spark.parquet", book=BOOK, engine="spark", consignments=groups[1], **asked)
    assert groups[1].read_text() == groups[0].read_text()
    assert decisions(folder / "spark.parquet") == decisions(folder / "plain.parquet")
    assert {**two.as_dict(), "output": ""} == {**one.as_dict(), "output": ""}


@given(
    st.lists(shipments(V), min_size=1, max_size=40),
    st.sampled_from(sorted(FORMS)),
    st.integers(1, 30),
    st.integers(1, 12),
    st.sampled_from([2, 10, 1000]),
)
@settings(max_examples=max(8, settings().max_examples // 3))
def test_however_the_rows_are_dealt_out_the_file_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Raw], form: str, task: int, batch: int, most: int
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    rows = [{**raw, "id": str(n)} for n, raw in enumerate(drawn)]
    pq.write_table(pa.Table.from_batches([FORMS[form](rows)]), folder / "in.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spark, "map_parquet", tasks(task, batch))
        patch.setattr(spark, "BATCH_ROWS", 7)
        patch.setattr(spark, "MOST_SETS", most)
        patch.setattr(spark_worker, "MOST_SETS", most)
        the_same(folder / "in.parquet", folder)


@pytest.mark.ci
@pytest.mark.parametrize("output", ["out.jsonl", "out.csv", "out.parquet", "columns.parquet"])
def test_every_output_with_a_register(output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "map_parquet", tasks(100, 9))
    monkeypatch.setattr(spark, "MOST_SETS", 5)
    monkeypatch.setattr(spark_worker, "MOST_SETS", 5)
    source, register = many(tmp_path), open_registers([REGISTERS], BOOK)
    assert register is not None
    kept = {"keep": ("documents", "net_kg"), "register": register, "book": BOOK}
    plain, spread = tmp_path / f"plain-{output}", tmp_path / f"spark-{output}"
    columns = output.startswith("columns")
    compact = plain.suffix == ".parquet" and not columns
    screen_file(source, plain, compact=compact, columns=columns, **kept)  # type: ignore[arg-type]
    summary = screen_file(source, spread, engine="spark", columns=columns, **kept)  # type: ignore[arg-type]
    assert summary.notes == [f"register: {register.label}"]
    if columns:
        assert pq.read_table(spread).to_pylist() == pq.read_table(plain).to_pylist()
    elif plain.suffix == ".parquet":
        names = ["id", "row", "outcome", "entry", "regime", "documents", "net_kg", "register_answers"]
        assert pq.read_table(spread, columns=names).equals(pq.read_table(plain, columns=names))
    elif plain.suffix == ".jsonl":
        assert spread.read_text(encoding="utf-8") == plain.read_text(encoding="utf-8")
    else:
        assert spread.read_bytes() == plain.read_bytes()


def test_the_summary_in_a_file_is_that_of_the_embedded_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "map_parquet", tasks(7, 3))
    source = str(many(tmp_path, 4))
    for engine in ("duckdb", "spark"):
        asked = ["--engine", engine, "--summary", str(tmp_path / f"{engine}.json"), "--quiet"]
        assert main(["screen", source, "-o", str(tmp_path / "out.parquet"), *asked]) == 0
    one, two = (json.loads((tmp_path / f"{engine}.json").read_text()) for engine in ("duckdb", "spark"))
    assert one == two
    assert sum(one["outcomes"].values()) == one["decided"] > 0


def test_rows_that_do_not_come_back_are_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tasks(100, 100)

    def lose(source: Path, folder: Path, *given: Any, **named: Any) -> None:
        run(source, folder, *given, **named)
        sorted(folder.iterdir())[1].unlink()

    monkeypatch.setattr(spark, "map_parquet", lose)
    with pytest.raises(SparkFailed, match=r"row \d*1 did not come back"):
        screen_file(many(tmp_path), tmp_path / "out.parquet", engine="spark", book=BOOK)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many.parquet"]


def test_an_overlay_goes_with_the_task_and_another_version_is_refused() -> None:
    overlaid = load_rulebook([Path(__file__).resolve().parents[2] / "examples" / "used-batteries"])
    rows = pa.record_batch({"id": ["1"], "date": ["2024-06-15"], "export": ["JP"], "import": ["MY"]})
    batch = rows.append_column(ROW_INDEX, pa.array([0], pa.int64()))
    task = spark_worker.Task(__version__, overlaid, tuple(rows.schema.names), None)
    (told,) = spark_worker.decided(task, iter([batch]))
    assert json.loads("{" + told["body"][0].as_py())["rulebook"] == overlaid.label != BOOK.label
    other = spark_worker.Task("0.0.1", BOOK, (), None)
    with pytest.raises(RuntimeError, match=r"0\.0\.1 asks it"):
        list(spark_worker.decided(other, iter([batch])))


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--changes"], ["changes"]),
        (["--resume"], ["one go"]),
        (["--map", "korea-synthetic"], ["without a map"]),
    ],
)
def test_what_the_spark_engine_cannot_do_is_said_before_it_starts(
    words: list[str], parts: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "o.parquet"
    assert main(["screen", str(many(tmp_path, 1)), "-o", str(output), "--engine", "spark", *words]) == 2
    told = capsys.readouterr().err
    assert "Spark" in told
    assert all(part in told for part in parts)
    assert told.count("\n") == 1
    assert not output.exists()


@pytest.mark.parametrize("source", ["-", "lines"])
def test_the_spark_engine_reads_parquet_only(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"id": "1", "date": "2024-06-15", "export": "JP", "import": "MY"}\n', encoding="utf-8")
    asked = "-" if source == "-" else str(path)
    assert main(["screen", asked, "-o", str(tmp_path / "o.parquet"), "--engine", "spark"]) == 2
    assert "Parquet" in capsys.readouterr().err


def test_the_reason_of_an_error_of_spark() -> None:
    nested = (
        "[JOB] Job aborted due to stage failure:\nCaused by: PythonException: Traceback (most recent call last):\n"
        '  File "worker.py", line 1, in main\n    process()\ntidegate.x.RegisterError: a list: expected true\n\n'
        "\tat org.apache.spark.api.python.BasePythonRunner\n"
    )
    assert reason(nested) == "a list: expected true"
    java = "An error occurred while calling o1.parquet.\n: org.apache.spark.SparkException: Master removed it\n\tat a.b"
    assert reason(java) == "Master removed it"
    assert reason("[PATH_NOT_FOUND] Path does not exist: file:/x") == "[PATH_NOT_FOUND] Path does not exist: file:/x"
    assert reason("") == "no reason given"
