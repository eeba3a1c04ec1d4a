"""Measuring a whole process from outside: CPU of it and of its children, wall time, peak memory.

Nothing large may be imported here: the kernel counts the memory of the process that starts a child into the child's
peak until the child has become its own program.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class Failed(Exception):
    """A measured process ended badly; the message holds its last words."""


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds (user and system, children that it waited for included), wall seconds, peak MB of the largest."""

    cpu: float
    wall: float
    peak_mb: float
    out: str

    def per_row(self, rows: int) -> float:
        """CPU microseconds for each row."""
        return self.cpu / rows * 1e6


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, given: bytes = b"") -> Usage:
    """Runs a command to its end, in the folder of the checkout. Raises Failed when it does not end with 0."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as feed:
        feed.write(given)
        feed.seek(0)
        began = time.perf_counter()
        child = subprocess.Popen(
            command, stdin=feed, stdout=out, stderr=err, env={**os.environ, **(env or {})}, cwd=ROOT
        )
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            raise Failed(f"{' '.join(command)} ended with {child.returncode}:\n{err.read().decode()[-2000:]}")
        scale = 1024 if sys.platform != "darwin" else 1024 * 1024
        return Usage(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / scale, out.read().decode())


def note(text: str) -> None:
    """What is going on, for whoever waits."""
    print(f"… {text}", file=sys.stderr, flush=True)


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    import platform
    from importlib.metadata import version

    model = memory = ""
    try:
        with open("/proc/cpuinfo") as lines:
            model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
        with open("/proc/meminfo") as lines:
            memory = f"{int(next(lines).split()[1]) / 2**20:.0f} GB"
    except OSError:
        pass  # not Linux: the other lines say enough
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pyarrow", "numpy"))
    return {
        "machine": f"{model or platform.machine()}, {cores} cores, {memory}, {platform.system()} {platform.release()}",
        "load when it began": " ".join(f"{n:.2f}" for n in os.getloadavg()),
        "versions": f"Python {platform.python_version()}, {packages}",
    }
