"""The bench measures what it says. No figure is tested here: figures depend on the machine."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from bench import work
from bench.measure import Failed, run
from tidegate.formats.generate import generate
from tidegate.formats.generate.files import write_declarations
from tidegate.law import load_rulebook

ROOT = Path(__file__).resolve().parents[2]
ROWS = 3_000
#: Columns of a declaration that no rule of any book can read.
NOT_READ = {
    "id", "consignment", "description", "gross_kg", "value", "currency", "consignor.name", "consignor.id",
    "consignee.name", "consignee.id", "facility.name", "containers", "documents",
}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "b.parquet"
    write_declarations(generate(ROWS, profile="B", book=load_rulebook([])), path)
    return path


def test_the_scan_sums_every_column_that_the_rules_read(file: Path) -> None:
    text = (ROOT / "bench" / "scan.sql").read_text()
    named = set(re.findall(r'AS "([^"]+)"', text))
    table = pq.read_table(file)
    assert named == set(table.column_names) - NOT_READ, "a fact came or went: bring bench/scan.sql up to date"
    base = duckdb.connect()
    base.execute("SET VARIABLE file = ?", [str(file)])
    found = dict(zip([c[0] for c in base.execute(text).description], base.fetchall()[0], strict=True))
    assert found["rows"] == ROWS
    assert found["export"] == 2 * ROWS
    assert found["net_kg"] == pytest.approx(pc.sum(table["net_kg"]).as_py())
    assert found["facts.form"] == pc.sum(pc.utf8_length(table["facts.form"])).as_py()
    assert found["waste"] == pc.sum(table["waste"]).as_py()
    assert all(value is not None for value in found.values())


def test_the_scan_of_papers_reads_every_paper(file: Path) -> None:
    papers = [p for row in pq.read_table(file)["documents"].to_pylist() for p in row or ()]
    assert work.scan(str(file), "yes") == {"rows": ROWS, "papers": len(papers)}
    assert work.scan(str(file), "no") == {"rows": ROWS, "papers": 0}


def test_the_plain_join_finds_the_rules_in_scope(file: Path, tmp_path: Path) -> None:
    scopes, output = tmp_path / "rules.parquet", tmp_path / "plain.parquet"
    assert work.rules(str(scopes))["rows"] > 300
    assert work.plain(str(file), str(scopes), str(output)) == {"rows": ROWS}
    numbers = {rule: n for n, rule in enumerate(load_rulebook([]).rules)}
    shipments = {row["id"]: row for row in pq.read_table(file).to_pylist()}
    joined = pq.read_table(output).to_pylist()
    banned = [r["id"] for r in joined if numbers["TH-IMP-BAN-2025"] in (r["rules"] or ())]
    assert banned
    for id in banned:
        assert shipments[id]["import"] == "TH"
        assert (shipments[id]["events.import_completed"] or shipments[id]["date"]).year >= 2025
        assert shipments[id]["hs"].startswith("3915")


def test_the_loop_decides_each_row(file: Path) -> None:
    found = work.loop(str(file), "1000")
    assert found["rows"] == 1_000
    assert found["cpu"] > 0


def test_percentiles_are_of_the_nearest_rank() -> None:
    found = work.spread([n / 1000 for n in range(100, 0, -1)])
    assert found == {"p50": 50, "p95": 95, "p99": 99, "count": 100}


def test_a_process_is_measured_with_its_children() -> None:
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'x = bytearray(80_000_000)'])"
    usage = run([sys.executable, "-c", program])
    assert usage.peak_mb > 80
    assert usage.cpu > 0
    assert run([sys.executable, "-c", "print(input())"], given=b"told\n").out == "told\n"


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(Failed, match="ended with 3:\nno such thing"):
        run([sys.executable, "-c", "import sys; sys.stderr.write('no such thing'); sys.exit(3)"])
