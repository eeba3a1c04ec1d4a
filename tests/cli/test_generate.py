"""`tidegate generate` at its own door."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tidegate.cli import main
from tidegate.formats.generate.example import SHIPPED


def test_rows_of_a_seed_are_written_and_written_again_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, other = (tmp_path / f"{n}.csv" for n in "abc")
    assert main(["generate", "1e2", "-o", str(first), "--profile", "B"]) == 0
    assert "100 declarations in" in capsys.readouterr().err
    assert main(["generate", "100", "-o", str(second), "--profile", "B", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["generate", "100", "-o", str(other), "--profile", "B", "--seed", "5"]) == 0
    assert first.read_bytes() == second.read_bytes() != other.read_bytes()
    assert first.read_text(encoding="utf-8").count("\n") == 101


def test_a_run_may_begin_in_the_middle(tmp_path: Path) -> None:
    whole, half = tmp_path / "whole.parquet", tmp_path / "half.parquet"
    assert main(["generate", "60", "-o", str(whole)]) == 0
    assert main(["generate", "25", "-o", str(half), "--start-row", "35"]) == 0
    assert pq.read_table(half).to_pylist() == pq.read_table(whole).slice(35).to_pylist()


def test_the_example_is_remade(tmp_path: Path) -> None:
    path = tmp_path / "declarations.csv"
    assert main(["generate", "--example", "-o", str(path)]) == 0
    assert path.read_bytes()[:2000] == SHIPPED.read_bytes()[:2000]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "x.csv"], "give the number of rows, or --example"),
        (["5", "--example", "-o", "x.csv"], "give the number of rows, or --example"),
        (["5", "-o", "x.xlsx"], "expected parquet, csv, jsonl"),
        (["5", "-o", "no/such/folder/x.csv"], "cannot be written"),
        (["--example", "-o", "x.parquet"], "the example is a CSV file"),
        (["5", "-o", "x.csv", "--rulebook", "no-such-folder"], "no such folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["generate", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rows", ["0", "-3", "1.5", "many", "nan", "inf"])
def test_a_number_of_rows_that_is_none_is_refused(rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["generate", rows, "-o", "x.csv"])
    assert ended.value.code == 2
    assert "usage: tidegate generate" in capsys.readouterr().err
