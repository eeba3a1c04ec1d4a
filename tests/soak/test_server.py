"""A server that is used for long: its memory and its open files come to rest."""

from __future__ import annotations

import gc
import http.client
import http.cookiejar
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from tests.soak.lasting import chance, passing
from tests.web.batches import SHIPMENTS

PROC = Path("/proc")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "declarations.csv"
GROWTH = 64 << 20  # bytes that the server may hold more at the end than once it was warm
FILES = 8  # and open files

pytestmark = [
    pytest.mark.soak,
    pytest.mark.xdist_group("soak-server"),
    pytest.mark.skipif(not PROC.is_dir(), reason="reads memory and open files from /proc"),
]


@dataclass
class Server:
    """A server in a process of its own, and a visitor of its pages."""

    process: subprocess.Popen[bytes]
    address: str
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def __post_init__(self) -> None:
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies)).open

    def get(self, path: str) -> bytes:
        with self._open(self.address + path, timeout=120) as answer:
            return bytes(answer.read())

    def post(self, path: str, fields: dict[str, str], file: tuple[str, bytes] | None = None) -> tuple[str, bytes]:
        """Sends a form; gives the address where that led, and the page there."""
        edge = uuid.uuid4().hex
        parts = [f'--{edge}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
        body = "".join(parts).encode()
        if file is not None:
            head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{file[0]}"\r\n\r\n'
            body += head.encode() + file[1] + b"\r\n"
        body += f"--{edge}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        with self._open(urllib.request.Request(self.address + path, body, headers), timeout=120) as answer:
            return answer.geturl(), bytes(answer.read())

    def held(self) -> tuple[int, int]:
        """(bytes in memory, open files) of the server and the processes that it has begun."""
        known, memory, files = [self.process.pid], 0, 0
        for process in known:
            home = PROC / str(process)
            known += [int(child) for child in (home / "task" / str(process) / "children").read_text().split()]
            found = re.search(r"^VmRSS:\s+(\d+) kB", (home / "status").read_text(), re.MULTILINE)
            assert found is not None
            memory += 1024 * int(found[1])
            files += len(list((home / "fd").iterdir()))
        assert len(known) > 1, "the server has begun no process that answers"
        return memory, files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server has on the disk."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "TIDEGATE_DATA_DIR": str(folder / "data"), "TIDEGATE_API_RATE": "0"}
    command = [sys.executable, "-m", "tidegate.cli", "serve", "--settings", "demo", "--port", str(port)]
    log = (folder / "log").open("wb")
    with log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
        found = Server(process, f"http://127.0.0.1:{port}")
        try:
            for _ in range(3000):
                try:
                    found.get("/api/v1/rulebook")
                    break
                except (urllib.error.URLError, http.client.HTTPException, OSError):
                    assert process.poll() is None, (folder / "log").read_text()
                    time.sleep(0.2)
            else:
                pytest.fail("the server did not come up")
            yield found
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass
class Watch:
    """What a process holds while it works: read once in a while, judged at the end."""

    server: Server
    seen: list[tuple[float, int, int]] = field(default_factory=list)

    def look(self, passed: float) -> None:
        """`passed`: how much of the time is over, from 0 to 1."""
        self.seen.append((passed, *self.server.held()))

    def judge(self) -> None:
        """Warm is the second quarter of the time. What is held in the last one may be little more."""
        warm = [held for passed, *held in self.seen if 0.25 <= passed < 0.5]
        last = [held for passed, *held in self.seen if passed >= 0.75]
        assert len(warm) > 2, "the soak is too short to tell"
        assert len(last) > 2, "the soak is too short to tell"
        before, after = ([statistics.median(column) for column in zip(*part, strict=True)] for part in (warm, last))
        told = [(round(passed, 2), held >> 20, opened) for passed, held, opened in self.seen]
        print(f"{len(told)} looks (share of the time, MB, files): {told[:: max(1, len(told) // 20)]}")
        assert after[0] - before[0] < GROWTH, f"memory grew by {(after[0] - before[0]) / 2**20:.0f} MB: {told}"
        assert after[1] - before[1] <= FILES, f"open files grew by {after[1] - before[1]:.0f}: {told}"


def batch(server: Server, data: bytes, name: str) -> dict[str, Any]:
    """A batch from upload to result, looked at, and deleted; gives its summary."""
    token = _token(server.get("/batch/"))
    where, page = server.post("/batch/upload/", {"csrfmiddlewaretoken": token}, (name, data))
    home = re.search(r"/batch/([\w-]{20,})/", where)
    assert home is not None, where
    root = home[0]
    tree: Any = lxml.html.fromstring(page)
    form = tree.get_element_by_id("columns-form")
    chosen = {name: value for name, value in form.form_values() if name.startswith(("c", "source_"))}
    server.post(f"{root}columns/", {**chosen, "do": "start"})
    for _ in range(3000):
        try:
            figures: dict[str, Any] = json.loads(server.get(f"{root}download/summary.json"))
            break
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != 404:
                raise
            time.sleep(0.05)
    else:
        pytest.fail(f"{name}: no result came")
    for part in ("", "rows/?outcome=prohibited", "consignments/", "picture/outcomes.svg", "download/decisions.csv"):
        server.get(root + part)
    server.post(f"{root}delete/", {"csrfmiddlewaretoken": _token(server.get(f"{root}delete/"))})
    return figures


def _token(page: bytes) -> str:
    found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found is not None
    return found[1].decode()


def test_many_batches_one_after_the_other(server: Server, folder: Path) -> None:
    """Jobs of a worker in the server: some hundreds of rows each, and now and then some thousands."""
    draw = chance()
    head, *rows = EXAMPLE.read_bytes().splitlines(keepends=True)
    watch = Watch(server)
    for n, passed in enumerate(passing(0.25, least=12)):
        chosen = draw.sample(rows, 3000 if n % 10 == 5 else draw.randint(1, 400))
        figures = batch(server, head + b"".join(chosen), f"batch-{n}.csv")
        assert figures["rows"] == len(chosen) == figures["decided"] + figures["rejected"]
        watch.look(passed)
    watch.judge()
    assert not list((folder / "data").rglob("*.parquet"))


def test_many_single_screens_over_the_api(server: Server) -> None:
    draw = chance()
    at, _, port = server.address.removeprefix("http://").partition(":")
    link = http.client.HTTPConnection(at, int(port), timeout=60)
    watch = Watch(server)
    for n, passed in enumerate(passing(0.15, least=600)):
        given = {**draw.choice(SHIPMENTS), "id": f"A-{n}", "net_kg": draw.randint(1, 10**6), "polymers": {
            "PE": f"{draw.randint(0, 9000) / 100}"}}  # fmt: skip
        link.request("POST", "/api/v1/screen", json.dumps(given), {"Content-Type": "application/json"})
        answer = link.getresponse()
        told = json.loads(answer.read())
        assert (answer.status, told["id"]) == (200, given["id"]), told
        if n % 50 == 0:
            watch.look(passed)
    link.close()
    gc.collect()
    watch.judge()
