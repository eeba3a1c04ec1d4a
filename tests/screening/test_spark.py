"""The Spark engine gives the same file as the embedded one, in one process and on a cluster of two workers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.test_screen_register import REGISTERS, many
from tests.screening.aim import Raw, settle
from tests.screening.strategies import shipments as drawn_shipments
from tests.screening.strategies import vocabulary
from tests.screening.tables import FORMS, expected
from tidegate.batch import screen_file
from tidegate.batch.sinks import EXPAND_SQL, sets_path
from tidegate.cli import main
from tidegate.formats import rejects_path
from tidegate.formats.generate import generate
from tidegate.formats.registers import open_registers
from tidegate.law import load_rulebook
from tidegate.screening.registers import ANSWERS, FactRecord, MemoryRegister, Register

pytestmark = [pytest.mark.spark, pytest.mark.needs("pyspark", "java")]
ROWS = 1_500
BOOK = load_rulebook(())
V = vocabulary(BOOK)


@pytest.fixture(scope="module")
def shipments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spark") / "shipments.parquet"
    batches = list(generate(ROWS, profile="B"))
    with pq.ParquetWriter(path, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return path


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shipments of which the example registers know something; some cannot be read, some were answered before."""
    path = many(tmp_path_factory.mktemp("known"))
    table = pq.read_table(path)
    days = table["date"].to_pylist()
    days[7] = "2024-02-30"
    before = [json.dumps(["answered before"]) if n % 2 else None for n in range(len(days))]
    table = table.set_column(table.schema.get_field_index("date"), "date", [days])
    pq.write_table(table.append_column(ANSWERS, [before]), path)
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    return [{**row, "decision_json": json.loads(row["decision_json"])} for row in pq.read_table(path).to_pylist()]


def same(shipments: Path, tmp_path: Path, master: str, register: Register | None = None) -> None:
    plain, spread = tmp_path / "plain.parquet", tmp_path / "spark.parquet"
    one = screen_file(shipments, plain, register=register, keep=("documents",))
    two = screen_file(shipments, spread, register=register, keep=("documents",), engine="spark", master=master)
    assert pq.read_schema(spread).names == pq.read_schema(plain).names
    assert rows(spread) == rows(plain)
    assert {**two.as_dict(), "output": ""} == {**one.as_dict(), "output": ""}
    refused = [rejects_path(path) for path in (plain, spread)]
    assert [path.exists() for path in refused] == [one.rejected > 0] * 2
    if one.rejected:
        assert refused[1].read_text(encoding="utf-8") == refused[0].read_text(encoding="utf-8")


def test_one_process(shipments: Path, tmp_path: Path) -> None:
    same(shipments, tmp_path, "local[2]")


@pytest.mark.ci
@given(st.lists(drawn_shipments(V), min_size=30, max_size=60), st.sampled_from(sorted(FORMS)))
@settings(max_examples=min(40, max(2, settings().max_examples // 20)))  # Spark takes ten seconds for each
def test_what_is_drawn_is_decided_as_by_the_evaluator(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[Raw], form: str
) -> None:
    """Spark itself, with nothing in its place: each decision and each reject is the evaluator's, in every field."""
    folder = tmp_path_factory.mktemp("drawn")
    raw = [settle({**one, "id": str(n)}) for n, one in enumerate(drawn, start=1)]
    pq.write_table(pa.Table.from_batches([FORMS[form](raw)]), folder / "in.parquet")
    wanted = expected(raw, BOOK)
    decided = folder / "out.jsonl"
    screen_file(folder / "in.parquet", decided, book=BOOK, engine="spark", master="local[2]")
    told = [json.loads(line) for line in decided.read_text(encoding="utf-8").splitlines()]
    assert [{**one, "row": None} for one in told] == [
        {**json.loads(json.dumps(decision)), "row": None} for kind, decision in wanted if kind == "decided"
    ]
    refused = rejects_path(decided)
    errors = [json.loads(line) for line in refused.read_text(encoding="utf-8").splitlines()] if refused.exists() else []
    assert [(one["id"], one["error"]["field"]) for one in errors] == [
        (str(n), found[0]) for n, (kind, found) in enumerate(wanted, start=1) if kind == "rejected"
    ]


@pytest.mark.ci
def test_registers_are_asked_by_the_workers(known: Path, tmp_path: Path) -> None:
    same(known, tmp_path, "local[2]", open_registers([REGISTERS]))
    alerts = [row["decision_json"]["alerts"] for row in rows(tmp_path / "spark.parquet")]
    assert {a["rule"] for found in alerts for a in found} >= {"REGISTER-TONNES", "REGISTER-UNKNOWN-PAPER"}
    assert pq.read_table(tmp_path / "spark.parquet")["source.register_answers"].null_count < len(alerts)


@pytest.mark.ci
def test_the_command_with_a_register_and_sets(known: Path, tmp_path: Path) -> None:
    plain, spread = tmp_path / "plain.parquet", tmp_path / "spark.parquet"
    asked = ["screen", str(known), "--register", str(REGISTERS), "--compact", "--quiet"]
    assert main([*asked, "-o", str(plain)]) == 0
    assert main([*asked, "-o", str(spread), "--engine", "spark", "--master", "local[2]"]) == 0
    found = []
    for path in (plain, spread):
        text = EXPAND_SQL.format(decisions=path, sets=sets_path(path)) + " ORDER BY d.row"
        found.append(duckdb.sql(text).fetchall())
    assert len(found[0]) == 359
    assert found[1] == found[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        path.name for out in (plain, spread) for path in (out, sets_path(out), rejects_path(out))
    )


@pytest.mark.ci
def test_what_goes_wrong_on_a_worker_is_one_line(
    known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = FactRecord("plant_on_approved_list", "facility", "EX-PLANT-02", "maybe", answered_by="Fictitious List")
    monkeypatch.setattr("tidegate.cli.registers.registers_of", lambda paths, book, **_: MemoryRegister(facts=[wrong]))
    output = tmp_path / "o.parquet"
    asked = ["--register", "the one above"]
    assert main(["screen", str(known), "-o", str(output), "--engine", "spark", "--master", "local[1]", *asked]) == 2
    *_, last = capfd.readouterr().err.strip().splitlines()
    assert last.endswith(
        "tidegate screen: Spark: Fictitious List: plant_on_approved_list of facility EX-PLANT-02: 'maybe': "
        "expected true or false"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("master", ["spark://127.0.0.1:1", "spark://127.0.0.1", "spark://127.0.0.1:99999"])
def test_a_master_that_is_not_there(
    master: str, known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "o.parquet"
    assert main(["screen", str(known), "-o", str(output), "--engine", "spark", "--master", master]) == 2
    told = capsys.readouterr().err
    assert told.startswith("tidegate screen: Spark: ")
    assert master in told
    assert told.count("\n") == 1
    assert not output.exists()


def listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A standalone master and two workers on the loopback address."""
    import pyspark

    home = Path(pyspark.__file__).parent
    host = "127.0.0.1"
    with socket.create_server((host, 0)) as free:
        port = free.getsockname()[1]
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
            while not listens(host, port):
                assert running[0].poll() is None, (tmp_path / "log0").read_text()
                time.sleep(0.2)
        yield master
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(timeout=30)


@pytest.mark.ci
def test_a_real_cluster(cluster: str, known: Path, tmp_path: Path) -> None:
    same(known, tmp_path, cluster, open_registers([REGISTERS]))
