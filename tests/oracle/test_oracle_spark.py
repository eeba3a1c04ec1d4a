"""The SQL oracle says the same on Spark as on DuckDB, and so does the Spark engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.oracle.ask import BOOK, aimed_rows, by_duckdb, by_spark, differences
from tests.screening.tables import as_flat
from tidegate.batch import screen_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.ci, pytest.mark.spark]
STEP = 60  # neighbours of each rule that are left out between two that are taken


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[SparkSession]:
    from pyspark.sql import SparkSession

    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.master("local[2]").appName("oracle")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        # few rows in many stages: what a stage costs to plan and compile is more than what it does
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def test_the_oracle_and_the_engine_say_the_same_on_spark(session: SparkSession, tmp_path: Path) -> None:
    rows = aimed_rows(STEP, seed=11)
    entries, verdicts = by_spark(rows, session)
    session.stop()
    assert (entries, verdicts) == by_duckdb(rows)
    assert {"prohibit", "allow", "alert", "other", "unknown"} <= set(verdicts.values())
    source, output = tmp_path / "shipments.parquet", tmp_path / "decisions.parquet"
    pq.write_table(pa.Table.from_batches([as_flat(rows)]), source)
    screen_file(source, output, engine="spark", master="local[2]", book=BOOK)
    decisions = [json.loads(text) for text in pq.read_table(output)["decision_json"].to_pylist()]
    found = differences(rows, decisions, entries, verdicts)
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:4])
