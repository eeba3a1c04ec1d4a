"""`tidegate screen` and the streams and names that a shell hands it: standard input is there once, whatever is asked of
it besides the decisions; a stream may be closed, and a name need not be UTF-8."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
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


def closed(numbers: str, arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the command as a shell does that closed these of its standard streams."""
    line = f'exec "$0" -m tidegate.cli "$@" {numbers}'
    return subprocess.run(
        ["sh", "-c", line, sys.executable, *arguments], capture_output=True, text=True, cwd=folder, check=False
    )


@pytest.mark.parametrize("numbers", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_keep_a_file_from_being_screened(numbers: str, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(ROWS, encoding="utf-8")
    done = closed(numbers, ["screen", "in.csv", "-o", "out.csv"], tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out.csv").open(encoding="utf-8-sig") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["A", "B"]


def test_a_closed_stream_that_is_asked_for_is_named(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(ROWS, encoding="utf-8")
    done = closed(">&-", ["screen", "in.csv", "-o", "-"], tmp_path)
    assert (done.returncode, done.stderr) == (
        2, "tidegate screen: standard output is closed; name a file for the decisions\n",
    )  # fmt: skip
    done = closed("<&-", ["screen", "-", "-o", "out.csv"], tmp_path)
    assert (done.returncode, done.stderr) == (2, "tidegate screen: standard input: the input is empty\n")


def test_a_reader_that_leaves_early_is_told_of(tmp_path: Path) -> None:
    head, *rows = ROWS.splitlines(keepends=True)
    (tmp_path / "in.csv").write_text(head + "".join(rows) * 200, encoding="utf-8")
    command = [sys.executable, "-m", "tidegate.cli", "screen", "in.csv", "-o", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.readline().startswith('{"id":"A"')
        run.stdout.close()
        told = run.stderr.read()
    assert run.returncode == 2
    assert told.startswith("tidegate screen: standard output was closed before the end;")


def named(folder: Path, name: bytes) -> Path:
    """A path whose name is not UTF-8; skips where the file system has no such names."""
    path = folder / os.fsdecode(name)
    try:
        path.touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    return path


@pytest.mark.parametrize("option", [[], ["--resume"], ["--columns"]])
def test_parquet_under_a_name_that_is_not_utf_8_is_read(option: list[str], tmp_path: Path) -> None:
    path = named(tmp_path, b"d\xe9clarations.parquet")
    head, *rows = (line.split(",") for line in ROWS.splitlines())
    with path.open("wb") as file:
        pq.write_table(pa.table({name: [row[at] for row in rows] for at, name in enumerate(head)}), file)
    command = [sys.executable, "-m", "tidegate.cli", "screen", str(path), "-o", "out.parquet", *option]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert pq.read_table(tmp_path / "out.parquet")["id"].to_pylist() == ["A", "B"]


def test_an_output_name_that_is_not_utf_8_is_named_where_it_cannot_be(tmp_path: Path) -> None:
    path = named(tmp_path, b"d\xe9cisions.parquet")
    (tmp_path / "in.csv").write_text(ROWS, encoding="utf-8")
    command = [sys.executable, "-m", "tidegate.cli", "screen", "in.csv", "-o", str(path), "--compact"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "cisions.parquet" in done.stderr
    assert "the name is not UTF-8; give one that is" in done.stderr


@pytest.mark.parametrize("option", [[], ["--resume"]])
def test_a_figure_with_a_line_in_it_is_no_number(option: list[str], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(ROWS.replace("24000", "24_000"), encoding="utf-8")
    command = [sys.executable, "-m", "tidegate.cli", "screen", "in.csv", "-o", "out.jsonl", *option]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    (reject,) = (tmp_path / "out.rejects.jsonl").read_text(encoding="utf-8").splitlines()
    error = json.loads(reject)["error"]
    assert (error["field"], error["value"], error["expected"]) == ("net_kg", "24_000", "a number")
