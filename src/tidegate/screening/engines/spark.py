"""Spark, for when one machine is outgrown: the same function over the same Arrow batches.

Nothing is decided here. A Parquet file is read by the cluster, each task hands its Arrow batches to a function of ours
(`mapInArrow`), and what the function gives back is written as Parquet. Needs the extra `tidegate[spark]` and Java 17.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

ROW_INDEX = "tidegate_row_index"
DOT = "\u00b7"  # stands for the dot of `facts.form` while the column is inside Spark
Kernel = Callable[[Iterator["pa.RecordBatch"]], Iterator["pa.RecordBatch"]]


class SparkUnavailable(ValueError):
    """PySpark or Java is missing; the message says what to install."""


def map_parquet(source: str, folder: str, kernel: Kernel, schema: str, master: str | None = None) -> None:
    """Sends every batch of the Parquet file `source` through `kernel` and writes the results into `folder`.

    The batches carry, beside the columns of the file (with `DOT` for a dot in their names), `ROW_INDEX`: the place of
    the row in the file, from 0. schema:
    of what the kernel yields, as Spark writes it (`id string, row bigint`). master: of the cluster; all cores of this
    machine when left out. Raises SparkUnavailable.
    """
    try:
        from pyspark.sql import SparkSession
        from pyspark.sql.functions import col
    except ImportError:
        raise SparkUnavailable("the Spark engine needs PySpark: install tidegate[spark]") from None
    if shutil.which("java") is None:
        raise SparkUnavailable("the Spark engine needs Java 17 on the path (on Debian: openjdk-17-jre-headless)")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # the workers run in the environment that we run in
    session = (
        SparkSession.builder.master(master or "local[*]")
        .appName("tidegate")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "65536")
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    try:
        rows = session.read.parquet(source)
        numbered = rows.withColumn(ROW_INDEX, col("_metadata.row_index"))
        # Spark reads a dot in a name as the way into a structure
        plain = numbered.toDF(*(name.replace(".", DOT) for name in numbered.columns))
        plain.mapInArrow(kernel, schema).write.mode("overwrite").parquet(folder)
    finally:
        session.stop()
