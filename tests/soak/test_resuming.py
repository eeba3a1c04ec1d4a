"""A long run that is cut off again and again, by a person and by the power: what comes out is what one go gives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.soak.lasting import MINUTES, chance
from tidegate.batch.sinks import sets_path

ROWS = int(300_000 * MINUTES)
BATCH = max(4_096, ROWS // 120)
CUTS = 8
# The command line with some thirty parts, so that there are many of them to cut between.
DRIVER = f"""
import sys
from tidegate.batch import stream
stream.BATCH_ROWS, stream.PART_ROWS = {BATCH}, {4 * BATCH}
from tidegate.cli import main
sys.exit(main(sys.argv[1:]))
"""
# Which rows have which decision, as one number: of each row its id, its place and the text of its set.
MARK = """
SELECT count(*), bit_xor(hash(d.id, d.row, d.outcome, s.mark)), sum(hash(d.row, s.mark) % 1000003)
FROM read_parquet(?) d JOIN (SELECT "set", hash(body) AS mark FROM read_parquet(?)) s USING ("set")
"""

pytestmark = pytest.mark.soak


def screen(source: Path, folder: Path, *more: str) -> subprocess.Popen[bytes]:
    files = {name: str(folder / f"{name}.{kind}") for name, kind in (("summary", "json"), ("consignments", "csv"))}
    asked = [part for name, path in files.items() for part in (f"--{name}", path)]
    output = str(folder / "out.parquet")
    command = [sys.executable, "-c", DRIVER, "screen", str(source), "-o", output, "--compact", *asked, *more]
    return subprocess.Popen([*command, "--quiet"], stderr=subprocess.PIPE)


def done(parts: Path) -> int:
    """How many parts are done."""
    return len([path for path in parts.glob("part-*.json") if path.stem.count(".") == 0])


def told(folder: Path) -> tuple[Any, dict[str, Any], bytes, bytes]:
    """Everything that a run has to say."""
    output = folder / "out.parquet"
    mark = duckdb.execute(MARK, [str(output), str(sets_path(output))]).fetchone()
    figures = json.loads((folder / "summary.json").read_text())
    rejects = folder / "out.rejects.jsonl"
    kept = rejects.read_bytes() if rejects.exists() else b""
    return mark, figures, (folder / "consignments.csv").read_bytes(), kept


def test_what_was_cut_off_anywhere_comes_out_as_if_it_had_not_been(tmp_path: Path) -> None:
    draw = chance()
    source = tmp_path / "in.parquet"
    command = [sys.executable, "-m", "tidegate.cli", "generate", str(ROWS), "-o", str(source), "--profile", "B"]
    subprocess.run([*command, "--quiet"], check=True)
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    began = time.monotonic()
    with screen(source, tmp_path / "whole") as run:
        assert run.wait() == 0, run.stderr and run.stderr.read()
    took = time.monotonic() - began

    parts = tmp_path / "cut" / "out.parquet.parts"
    seen = [0]  # parts that were done when the run was cut off
    while True:
        with screen(source, tmp_path / "cut", "--resume") as run:
            # now and then before anything is done, mostly somewhere, at last not at all
            wanted = seen[-1] + draw.randint(0, 4) if len(seen) <= CUTS else ROWS
            while run.poll() is None and done(parts) < wanted:
                time.sleep(0.02)
            try:
                run.wait(draw.uniform(0, took / 10) if len(seen) <= CUTS else None)
            except subprocess.TimeoutExpired:
                run.send_signal(draw.choice((signal.SIGINT, signal.SIGKILL)))
                run.wait()
                assert not (tmp_path / "cut" / "out.parquet").exists()
                assert not (tmp_path / "cut" / "summary.json").exists()
                seen.append(done(parts))
                continue
            assert run.returncode == 0, run.stderr and run.stderr.read()
            break
    print(f"{ROWS} rows, cut off with so many parts done: {seen[1:]}")
    assert seen == sorted(seen), f"parts were lost: {seen}"
    assert seen[-1] > 1, f"it never got far enough to have something to go on from: {seen}"
    whole, cut = told(tmp_path / "whole"), told(tmp_path / "cut")
    assert whole[0][0] + whole[1]["rejected"] == whole[1]["rows"] == ROWS
    assert cut == whole, os.fspath(tmp_path)
    assert not parts.exists()
