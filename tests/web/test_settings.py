"""Where an installation keeps its state, how it is told so, and how it starts."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tidegate.web.serve import CannotServe, serve
from tidegate.web.settings.datadir import data_dir, database, secret_key


def test_the_data_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = data_dir({"TIDEGATE_DATA_DIR": str(tmp_path / "a" / "b")})
    assert folder.is_dir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert data_dir({"XDG_DATA_HOME": str(tmp_path)}) == (tmp_path / "tidegate").resolve()
    (tmp_path / "file").write_text("")
    with pytest.raises(ImproperlyConfigured, match="TIDEGATE_DATA_DIR"):
        data_dir({"TIDEGATE_DATA_DIR": str(tmp_path / "file" / "inside")})


def test_the_secret_key_is_made_once_also_when_many_start_together(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _n: secret_key(tmp_path, {}), range(32)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 50
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert secret_key(tmp_path, {"TIDEGATE_SECRET_KEY": "from outside"}) == "from outside"
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(ImproperlyConfigured, match="remove the file"):
        secret_key(tmp_path, {})


def test_databases_are_named_by_an_address(tmp_path: Path) -> None:
    own = database(tmp_path, {})
    assert own["NAME"] == str(tmp_path / "tidegate.sqlite3")
    assert own["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "synchronous=FULL" in own["OPTIONS"]["init_command"]
    assert "journal_mode=WAL" in own["OPTIONS"]["init_command"]
    elsewhere = database(tmp_path, {"TIDEGATE_DATABASE_URL": f"sqlite:///{tmp_path}/x%20y.db"})
    assert elsewhere["NAME"] == f"{tmp_path}/x y.db"
    shared = database(
        tmp_path,
        {"TIDEGATE_DATABASE_URL": "postgresql://officer:p%40ss@db.example:5433/tidegate?sslmode=require"},
    )
    assert shared["ENGINE"] == "django.db.backends.postgresql"
    assert (shared["USER"], shared["PASSWORD"], shared["HOST"], shared["PORT"], shared["NAME"]) == (
        "officer",
        "p@ss",
        "db.example",
        "5433",
        "tidegate",
    )
    quick = "-c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1"
    assert shared["OPTIONS"] == {"options": quick, "prepare_threshold": 1, "sslmode": "require"}
    pooled = database(tmp_path, {"TIDEGATE_DATABASE_URL": "postgresql://db.example/tidegate?prepare_threshold=off"})
    assert pooled["OPTIONS"] == {"options": quick, "prepare_threshold": None}
    by_socket = database(tmp_path, {"TIDEGATE_DATABASE_URL": "postgresql:///tidegate?host=/run/db"})
    assert by_socket["HOST"] == "/run/db"


@pytest.mark.parametrize(
    "address",
    [
        "mysql://x/y",
        "postgresql://host",
        "postgresql://host:port/name",
        "postgresql://host/name?prepare_threshold=no",
        "sqlite://relative",
        "tidegate.db",
    ],
)
def test_an_address_that_is_none_says_what_was_expected(tmp_path: Path, address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="TIDEGATE_DATABASE_URL"):
        database(tmp_path, {"TIDEGATE_DATABASE_URL": address})


def python(code: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "TIDEGATE_DATA_DIR": str(folder), **environ},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("name", ["office", *(pytest.param(n, marks=pytest.mark.ci) for n in ("demo", "dev"))])
def test_the_settings_load_and_djangos_own_check_is_content(tmp_path: Path, name: str) -> None:
    code = (
        "import django; django.setup(); from django.core.management import call_command;"
        f"call_command('check', deploy={name == 'office'}, fail_level='WARNING')"
    )
    environ = {"DJANGO_SETTINGS_MODULE": f"tidegate.web.settings.{name}"}
    if name == "office":
        refused = python(code, tmp_path, **environ)
        assert "TIDEGATE_ALLOWED_HOSTS" in refused.stderr
        environ["TIDEGATE_ALLOWED_HOSTS"] = "tidegate.example"
    done = python(code, tmp_path, **environ)
    assert done.returncode == 0, done.stderr


def test_the_demo_answers_on_loopback_only(tmp_path: Path) -> None:
    code = "from tidegate.web.settings import demo; print(demo.DEBUG, *demo.ALLOWED_HOSTS)"
    assert python(code, tmp_path).stdout.split() == ["False", "127.0.0.1", "localhost", "[::1]"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.ci
def test_serve_prepares_the_database_and_answers(tmp_path: Path) -> None:
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "DJANGO_"))}
    process = subprocess.Popen(
        [sys.executable, "-c", f"from tidegate.web.serve import serve; serve('127.0.0.1', {port})"],
        env={**kept, "TIDEGATE_DATA_DIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        assert f"http://127.0.0.1:{port}/" in process.stderr.readline()
        for _attempt in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/", timeout=60) as response:
                    assert json.load(response)["status"] == "ok"
                break
            except OSError:
                if process.poll() is not None:
                    pytest.fail(process.stderr.read())
                time.sleep(0.1)
        else:
            pytest.fail("the server did not answer")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/static/tidegate/shell.css", timeout=60) as file:
            assert "max-age" in file.headers["Cache-Control"]
        # The demo's cases were printed while the database was prepared: the server has to print after that, too.
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/check.pdf?from=JP&to=MY&date=2026-11-23", timeout=120
        ) as pdf:
            assert pdf.read(5) == b"%PDF-"
        request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(request, timeout=60)
        # The demo, which asks nobody for a password, has a database of its own.
        assert (tmp_path / "demo.sqlite3").is_file()
        assert not (tmp_path / "tidegate.sqlite3").exists()
        assert (tmp_path / "secret_key").is_file()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def test_a_port_that_is_taken_or_none_is_said_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CannotServe, match="choose another"):
            serve("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(CannotServe, match="1 to 65535"):
        serve("127.0.0.1", 70000)
