"""Spark, for when one machine is outgrown: the same function over the same Arrow batches.

Nothing is decided here. A Parquet file is read by the cluster, each task hands its Arrow batches to a function of ours
(`mapInArrow`), and what the function gives back is written as Parquet. Needs the extra `tidegate[spark]` and Java 17.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

ROW_INDEX = "tidegate_row_index"
Kernel = Callable[[Iterator["pa.RecordBatch"]], Iterator["pa.RecordBatch"]]
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",  # columns of other spellings are other columns
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.files.maxRecordsPerFile": "0",  # one task, one file
}


class SparkUnavailable(ValueError):
    """PySpark or Java is missing; the message says what to install."""


class SparkFailed(ValueError):
    """The cluster gave up; the message is the reason, in one line."""


def map_parquet(
    source: Path, folder: Path, kernel: Kernel, schema: str, master: str | None = None, *, show: bool = False
) -> None:
    """Sends every batch of the Parquet file `source` through `kernel` and writes the results into `folder`.

    The batches carry the columns of the file, in its order and named c0, c1, …, and behind them `ROW_INDEX`: the place
    of the row in the file, from 0. Each file in `folder` holds what one task gave, in order; the rows of a task follow
    each other in `source`. Both paths must lead every machine of the cluster to the same storage.

    schema: of what the kernel yields, as Spark writes it (`id string, row bigint`). master: of the cluster; all cores
    of this machine when left out. show: Spark draws its own progress on the terminal. Raises SparkUnavailable and
    SparkFailed.
    """
    try:
        from py4j.protocol import Py4JError  # type: ignore[import-untyped]
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
        from pyspark.sql.functions import col
    except ImportError:
        raise SparkUnavailable("the Spark engine needs PySpark: install tidegate[spark]") from None
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise SparkUnavailable("the Spark engine needs Java 17 on the path (on Debian: openjdk-17-jre-headless)")
    if master is not None and master.startswith("spark://"):
        _knock(master)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # the workers run in the environment that we run in
    builder = SparkSession.builder.master(master or "local[*]").appName("tidegate")
    for name, value in {**SETTINGS, "spark.ui.showConsoleProgress": str(show).lower()}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
        try:
            session.sparkContext.setLogLevel("OFF")  # what went wrong is said once, below
            rows = session.read.parquet(f"file://{source}")
            numbered = rows.withColumn(ROW_INDEX, col("_metadata.row_index"))
            # Spark reads a dot in a name as the way into a structure
            plain = numbered.toDF(*(f"c{n}" for n in range(len(rows.columns))), ROW_INDEX)
            plain.mapInArrow(kernel, schema).write.mode("overwrite").parquet(f"file://{folder}")
        finally:
            session.stop()
    except (PySparkException, Py4JError) as error:
        raise SparkFailed(f"Spark: {reason(str(error))}") from None


def _knock(master: str) -> None:
    """Raises SparkFailed where no master answers; Spark itself takes minutes to say so, in other words."""
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        if not host or not port.isdecimal():
            raise SparkFailed(f"Spark: {master!r} is no address of a master: expected spark://HOST:PORT")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except (OSError, OverflowError):
            continue
        return
    raise SparkFailed(f"Spark: no master answers at {master}")


def reason(text: str) -> str:
    """What a person needs of an error of Spark: the last words of Python on a worker, else Spark's own first line."""
    _, failed, trace = text.rpartition("Traceback (most recent call last):")
    if failed:
        lines = [line for line in trace.splitlines() if line.strip()]
        said = next((line for line in lines if not line[0].isspace()), lines[-1] if lines else "")
    else:
        lines = [line for line in text.splitlines() if line.strip()]
        called = bool(lines) and lines[0].startswith("An error occurred while calling")
        said = "".join(lines[called : called + 1]).strip().removeprefix(": ")
    return re.sub(r"^(?:[\w$]+\.)*[\w$]+(?:Error|Exception): ", "", said.strip()) or "no reason given"
