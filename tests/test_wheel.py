"""The wheel, installed into an empty environment outside the repository, does what people need."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.ci, pytest.mark.xdist_group("wheel")]

ROOT = Path(__file__).resolve().parents[1]
SHIPMENT = {
    "id": "W-1",
    "date": "2026-11-21",
    "export": "AU",
    "import": "MY",
    "hs": "391510",
    "net_kg": 24000,
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", str(out), str(ROOT)], check=True, capture_output=True)
    (built,) = out.glob("tidegate-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new environment that holds the locked run-time packages and the wheel, no more."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The person's own package index, cache and certificates, not the state folder of the tests.
    env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    lock = str(ROOT / "requirements-runtime.lock")
    subprocess.run([*pip, "--require-hashes", "-r", lock], check=True, env=env)
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, env=env)
    return venv / "bin"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that has nothing to do with the repository, and a state of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    monkeypatch.setenv("TIDEGATE_DATA_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def run(program: Path, *args: str, given: str = "") -> str:
    result = subprocess.run([str(program), *args], input=given, capture_output=True, text=True)
    assert result.returncode == 0, f"{args}: {result.stderr}"
    return result.stdout


def test_the_wheel_holds_the_data_and_none_of_the_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in ("rulebook/", ".html", ".ttf", ".mo", "py.typed", "licenses/LICENSE"):
        assert any(needed in name for name in names), needed
    # All that lies in the package folder in the repository is in the wheel, whatever its kind.
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "src/tidegate"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    files = {name.removeprefix("src/") for name in listed.split("\0") if name and (ROOT / name).is_file()}
    assert files - set(names) == set()
    assert {name for name in names if not name.startswith("tidegate")} == set()


def test_screen_decides_one_line(installed: Path, elsewhere: Path) -> None:
    out = run(installed / "tidegate", "screen", "-", "-o", "-", given=json.dumps(SHIPMENT) + "\n")
    (decision,) = [json.loads(line) for line in out.splitlines()]
    assert decision["id"] == "W-1"
    assert decision["outcome"] in ("prohibited", "undetermined", "needs", "clear")
    assert decision["rulebook"]


def test_screen_makes_a_pdf(installed: Path, elsewhere: Path) -> None:
    pdf = elsewhere / "decision.pdf"
    run(installed / "tidegate", "screen", "-", "-o", "-", "--pdf", str(pdf), given=json.dumps(SHIPMENT) + "\n")
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")


@pytest.fixture
def address(installed: Path, elsewhere: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = elsewhere / "serve.log"
    with log.open("w") as out:
        server = subprocess.Popen([str(installed / "tidegate"), "serve", "--port", str(port)], stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(600):
            if server.poll() is not None:
                pytest.fail(f"tidegate serve ended with {server.returncode}: {log.read_text()}")
            try:
                urllib.request.urlopen(url, timeout=30).close()
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail(f"tidegate serve never answered: {log.read_text()}")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=60)


def test_serve_answers_with_the_check_page_and_its_style(address: str) -> None:
    with urllib.request.urlopen(address, timeout=60) as page:
        html = page.read().decode()
        assert page.status == 200
    assert "Tidegate" in html
    styles = re.findall(r'href="([^"?]+\.css[^"]*)"', html)
    assert styles
    for style in styles:
        with urllib.request.urlopen(address.rstrip("/") + style, timeout=60) as sheet:
            assert sheet.status == 200
            assert sheet.headers.get_content_type() == "text/css"
