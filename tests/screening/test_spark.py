"""The Spark engine gives the same file as the embedded one, in one process and on a cluster of two workers."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tidegate.batch import screen_file
from tidegate.formats.generate import generate

pytestmark = [pytest.mark.spark, pytest.mark.needs("pyspark", "java")]
ROWS = 1_500


@pytest.fixture(scope="module")
def shipments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spark") / "shipments.parquet"
    batches = list(generate(ROWS, profile="B"))
    with pq.ParquetWriter(path, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return path


def rows(path: Path) -> list[dict[str, object]]:
    return [{**row, "decision_json": json.loads(row["decision_json"])} for row in pq.read_table(path).to_pylist()]


def same(shipments: Path, tmp_path: Path, master: str) -> None:
    plain, spread = tmp_path / "plain.parquet", tmp_path / "spark.parquet"
    one = screen_file(shipments, plain)
    two = screen_file(shipments, spread, engine="spark", master=master)
    assert rows(spread) == rows(plain)
    assert (two.rows, two.decided, two.outcomes, two.rules) == (one.rows, one.decided, one.outcomes, one.rules)


def test_one_process(shipments: Path, tmp_path: Path) -> None:
    same(shipments, tmp_path, "local[2]")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A standalone master and two workers on the loopback address."""
    import pyspark

    home = Path(pyspark.__file__).parent
    host, port = "127.0.0.1", 17_077
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": host}
    master = f"spark://{host}:{port}"
    starts = [["org.apache.spark.deploy.master.Master", "--host", host, "--port", str(port), "--webui-port", "0"]]
    for n in range(2):
        worker = ["org.apache.spark.deploy.worker.Worker", "--host", host, "--cores", "1", "--memory", "1g"]
        starts.append([*worker, "--webui-port", "0", "--work-dir", str(tmp_path / f"work{n}"), master])
    running: list[subprocess.Popen[bytes]] = []
    try:
        for start in starts:
            log = (tmp_path / f"log{len(running)}").open("w")
            command = [str(home / "bin" / "spark-class"), *start]
            running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
            time.sleep(4)
        yield master
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(timeout=30)


def test_a_real_cluster(cluster: str, shipments: Path, tmp_path: Path) -> None:
    same(shipments, tmp_path, cluster)
