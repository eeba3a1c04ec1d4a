"""`tidegate demo` and `tidegate serve` at their own doors."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tidegate.cli import main
from tidegate.formats.generate.example import ROWS


def test_the_demo_screens_the_example_and_says_what_came_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "decisions.parquet"
    assert main(["demo", "--no-serve", "-o", str(output)]) == 0
    shown = capsys.readouterr().out
    for part in ("prohibited", "undetermined", "needs", "clear", "papers missing most", "TYPING-ERROR-STATE"):
        assert part in shown
    assert str(output) in shown
    rejects = [json.loads(line) for line in (tmp_path / "decisions.rejects.jsonl").read_text().splitlines()]
    decisions = pq.read_table(output)
    assert decisions.num_rows + len(rejects) == ROWS
    assert [r["id"] for r in rejects] == ["TYPING-ERROR-SHARE", "TYPING-ERROR-STATE", "TYPING-ERROR-DAY"]
    found = dict(zip(decisions["id"].to_pylist(), decisions["outcome"].to_pylist(), strict=True))
    # the Union's ban on plastic waste to States outside the OECD Decision begins on 21 November 2026
    assert (found["EU-MY-EVE"], found["EU-MY-DAY"]) == ("needs", "prohibited")
    assert found["JP-TH-TURN-OF-YEAR"] == "prohibited"
    assert found["NZ-AQ-SOUTH"] == "prohibited"
    assert found["NL-TR-UNKNOWN"] == "undetermined"


def test_the_demo_writes_parquet_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--no-serve", "-o", str(tmp_path / "x.csv")]) == 2
    assert "ends with .parquet" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_said_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    error = capsys.readouterr().err
    assert "cannot serve at 127.0.0.1" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_does_not_exist_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", port])
    assert ended.value.code == 2
    assert "expected 1 to 65535" in capsys.readouterr().err
