"""`tidegate demo` and `tidegate serve` at their own doors."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
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


def wait_for(there: Callable[[], bool]) -> None:
    """Until something is there; a minute of waiting is a failure, not a figure."""
    for _ in range(600):
        if there():
            return
        time.sleep(0.1)
    pytest.fail("it did not come")


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


def test_the_demo_sees_that_the_port_is_taken_before_it_screens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "decisions.parquet"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["demo", "--port", str(taken.getsockname()[1]), "-o", str(output)]) == 2
    error = capsys.readouterr().err
    assert "cannot serve at 127.0.0.1" in error
    assert "--no-serve" in error
    assert "screening" not in error
    assert not output.exists()


@pytest.mark.ci
def test_a_worker_of_its_own_does_the_jobs_that_wait(tmp_path: Path) -> None:
    """A batch put into the table by one process is screened by `tidegate serve --worker` in another."""
    environment = {
        **os.environ,
        "TIDEGATE_DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "tidegate.web.settings.demo",
    }
    (tmp_path / "x.csv").write_text("id,date,export,import\n1,2026-01-01,JP,MY\n", encoding="utf-8")
    put = f"""
from tidegate.web.serve import prepare
prepare()
from pathlib import Path
from tidegate.web.batch import commands, store
from tidegate.web.batch.uploads import Incoming
file = Incoming("x.csv", "text/csv", store.incoming())
file.add(Path({str(tmp_path / "x.csv")!r}).read_bytes())
file.complete()
commands.start(commands.create("somebody", [file]), None)
"""
    subprocess.run([sys.executable, "-c", put], env=environment, check=True, timeout=120)
    worked = subprocess.run(
        [sys.executable, "-m", "tidegate.cli", "serve", "--worker", "--drain"],
        env=environment,
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert "1 jobs done" in worked.stdout
    look = (
        "from tidegate.web.serve import prepare; prepare(); from tidegate.web.batch.models import Batch; "
        "b = Batch.objects.get(); print(b.state, b.decided)"
    )
    shown = subprocess.run([sys.executable, "-c", look], env=environment, check=True, capture_output=True, text=True)
    assert shown.stdout.split() == ["done", "1"]


def test_a_worker_ends_when_it_is_told_to(tmp_path: Path) -> None:
    environment = {**os.environ, "TIDEGATE_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "tidegate.cli", "serve", "--worker", "--settings", "demo"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        try:
            assert worker.stderr is not None
            assert "background jobs" in worker.stderr.readline()
            # It can be told from the moment on at which it looks for jobs; before, the signal just ends it.
            wait_for(lambda: list((tmp_path / "data").glob("*.sqlite3")) != [])
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) in (0, -signal.SIGTERM)
        finally:
            worker.kill()


def test_what_hinders_a_worker_is_said_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--drain"]) == 2
    assert "--worker" in capsys.readouterr().err
    environment = {**os.environ, "TIDEGATE_DATA_DIR": str(tmp_path), "TIDEGATE_DATABASE_URL": "nonsense://"}
    failed = subprocess.run(
        [sys.executable, "-m", "tidegate.cli", "serve", "--worker"], env=environment, capture_output=True, text=True
    )
    assert failed.returncode == 2
    assert "TIDEGATE_DATABASE_URL" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_does_not_exist_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", port])
    assert ended.value.code == 2
    assert "expected 1 to 65535" in capsys.readouterr().err


def test_who_waits_for_the_first_start_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tidegate.web.serve.serve", lambda *args, **options: None)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["serve", "--port", "18199"]) == 0
    assert "the first start takes up to a minute" in capsys.readouterr().err
