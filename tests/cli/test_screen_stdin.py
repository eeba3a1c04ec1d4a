"""`tidegate screen -`: standard input is there once, whatever is asked of it besides the decisions."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

ROWS = "id,date,export,import,hs,net_kg\nA,2026-11-21,AU,MY,391510,24000\nB,2026-11-21,AU,MY,391510,1000\n"


@pytest.mark.parametrize("asked", [["--guess-map"], ["--pdf", "a.pdf"], ["--guess-map", "--pdf", "a.pdf"]])
def test_no_row_of_standard_input_is_lost(asked: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tidegate.cli", "screen", "-", "-o", "out.csv", *asked]
    done = subprocess.run(command, input=ROWS, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out.csv").open(encoding="utf-8-sig") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["A", "B"]
    if "--pdf" in asked:
        assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
