"""`./dev bench --only control`: desk, border check and ledger over a PostgreSQL of our own, filled and thrown away.

What is measured: pages through the whole stack of Django (its test client: routing, session, rights, templates), as a
signed-in officer of one of eight States, each of which holds its own copies; then the ledger's commands with their
journal, one after another and by several processes at once, beside the plain commits of as many processes; and at the
end whether every sum still holds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.measure import ROOT, Failed, note
from tests.databases import postgres_server

WORK = [sys.executable, "-m", "bench.control_work"]
WRITERS, SECONDS = 8, 15
ONE_BY_ONE = 300
# Accounts that the writers share: many, as on a working day; and one that they overrun.
MANY, SCARCE = ("900000000.000", 400), ("2000.000", 1)
# The bars: milliseconds at p95 of a page, milliseconds of CPU and commits of a command, commands a second.
PAGE_MS, COMMAND_MS, RATE = 150, 5, 300


def control(args: argparse.Namespace) -> list[str]:
    """The tables, as lines of Markdown."""
    with (
        tempfile.TemporaryDirectory(prefix="tidegate-control-") as folder,
        postgres_server(shared_buffers=f"{memory_mb() // 4}MB") as address,
    ):
        env = environ(Path(folder), address)
        work(env, "prepare")
        note(f"filling {args.notifications:,} notifications and {args.movements:,} movements")
        began = time.monotonic()
        rows = work(env, "fill", args.notifications, args.movements)
        lines = ["## Control of movements", "", *filled(rows, time.monotonic() - began, versions(env)), ""]
        note("pages")
        lines += [*pages(work(env, "pages", args.requests)), ""]
        note("the ledger")
        lines += [*ledger(env, Path(folder)), ""]
    return lines


def memory_mb() -> int:
    """This machine's memory: a database server gets a quarter of it (docs/operators.md)."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20


def environ(folder: Path, address: str) -> dict[str, str]:
    """What a measured process runs with: its own data, the given database, no limit on calls of the API."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "DJANGO_"))}
    return {
        **kept, "TIDEGATE_DATA_DIR": str(folder), "TIDEGATE_DATABASE_URL": address, "TIDEGATE_API_RATE": "0",
        "DJANGO_SETTINGS_MODULE": "tidegate.web.settings.test",
    }  # fmt: skip


def work(env: dict[str, str], *task: Any) -> dict[str, Any]:
    """One task of bench/control_work.py in a process of its own."""
    return together(env, [task])[0]


def together(env: dict[str, str], tasks: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Several tasks at once, a process each. Raises Failed."""
    running = [
        subprocess.Popen(
            [*WORK, *map(str, task)], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for task in tasks
    ]  # fmt: skip
    for child in running if tasks[0][0] in ("write", "plain") else ():
        assert child.stdout is not None
        child.stdout.readline()  # "ready"
    for child in running if tasks[0][0] in ("write", "plain") else ():
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    found = []
    for task, child in zip(tasks, running, strict=True):
        out, err = child.communicate()
        if child.returncode:
            raise Failed(f"{task[0]} ended with {child.returncode}:\n{err[-4000:]}")
        if task[0] == "fill":
            print(err, file=sys.stderr, end="", flush=True)
        found.append(json.loads(out.splitlines()[-1]))
    return found


def versions(env: dict[str, str]) -> str:
    """Which database it is, and with what settings."""
    import psycopg

    with psycopg.connect(env["TIDEGATE_DATABASE_URL"]) as link:
        said = {
            name: link.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
            for name in ("server_version", "shared_buffers", "work_mem", "fsync", "synchronous_commit")
        }
        (size,) = link.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()  # type: ignore[misc]
    version = said.pop("server_version")
    return f"PostgreSQL {version} ({', '.join(f'{name} {value}' for name, value in said.items())}), {size}"


def filled(rows: dict[str, int], seconds: float, database: str) -> list[str]:
    """What was filled in."""
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in rows.items())
    where = "Eight States on one node; every State's copy of a row is counted as a row."
    return [f"{database}. {where} Filled in {seconds:.0f} s: {told}."]


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────


def pages(found: dict[str, dict[str, Any]]) -> list[str]:
    """A line a page; which of them are held to the bar."""
    bar = f"bar p95 below {PAGE_MS} ms for the desk and the border check"
    lines = [
        f"Pages: {bar}. CPU is that of a request: Django's, and the database's for it.",
        "",
        "| page | requests | queries | p50 ms | p95 ms | p99 ms | CPU ms | CPU p95 | database CPU | answers | bar |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|---|",
    ]
    for name, f in found.items():
        held = name.startswith(("desk", "border"))
        bar = "" if not held else "held" if f["p95"] < PAGE_MS else "MISSED"
        statuses = ", ".join(f"{status} × {count}" for status, count in f["statuses"].items())
        lines.append(
            f"| {name} | {f['count']} | {f['queries']} | {f['p50']:.0f} | {f['p95']:.0f} | {f['p99']:.0f} "
            f"| {f['cpu']:.0f} | {f['cpu95']:.0f} | {f['database']:.0f} | {statuses} | {bar} |"
        )
    for name, f in found.items():
        if f["slowest"][0] > PAGE_MS / 3:
            note(f"{name}: {f['slowest'][0]:.0f} ms: {f['slowest'][1][:3000]}")
    return lines


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────────────────


def ledger(env: dict[str, str], folder: Path) -> list[str]:
    """One command after another, then many writers."""
    lines = [
        f"Ledger: bar one commit and at most {COMMAND_MS} ms of CPU for a command, its journal entry included.",
        "",
        "| database | command | CPU ms | database CPU ms | commits | bar |",
        "|---|---|---:|---:|---:|---|",
    ]
    lite = {**env, "TIDEGATE_DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3"}
    for label, where in (("PostgreSQL", env), ("SQLite", lite)):
        f = work(where, "single", ONE_BY_ONE)
        each = f["commits"] / f["commands"]
        for name, cpu in f["cpu"].items():
            theirs = f"{f['database']:.2f}" if label == "PostgreSQL" else "within"
            bar = "held" if cpu + f["database"] <= COMMAND_MS and round(each, 1) == 1 else "MISSED"
            shown = f"{each:.2f}" if label == "PostgreSQL" else "1"
            lines.append(f"| {label} | {name} | {cpu:.2f} | {theirs} | {shown} | {bar} |")
        if "write_off" in f:
            off = f["write_off"]
            lines.append(f"| {label} | write-off at the border, whole | {off['cpu']:.2f} | | {off['commits']:.2f} | |")
    return [*lines, "", *writers(env)]


def writers(env: dict[str, str]) -> list[str]:
    """As many processes at once as WRITERS: plain commits, then the ledger on many accounts, then on one."""
    import psycopg

    with psycopg.connect(env["TIDEGATE_DATABASE_URL"], autocommit=True) as link:
        link.execute("CREATE TABLE bench_commit (writer integer, n integer)")
    note("commits")
    rates = [sum(f["done"] for f in together(env, [("plain", n, SECONDS / 2) for n in range(WRITERS)])) / (SECONDS / 2)]
    right = "accounts, draws, postings, journal and what each writer was told agree"
    lines = [
        f"{WRITERS} writers at once, a process each. Bar: the smaller of half the commit rate and {RATE} a second.",
        f"No over-draw, nothing lost: {right}.",
        "",
        "| what | a second | bar | CPU ms each | refused | over-drawn kg | accounts that do not add up | lost |",
        "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    found = []
    for label, (limit, number) in (("ledger, 400 accounts", MANY), ("ledger, one account, overrun", SCARCE)):
        note(label)
        work(env, "accounts", number, limit)
        before = sum(work(env, "sums", limit)["rows"].values())
        told: Counter[str] = Counter()
        done = together(env, [("write", n, SECONDS, limit, number) for n in range(WRITERS)])
        for f in done:
            told.update(f["told"])
        kept = work(env, "sums", limit)
        commands = told["reserved"] + told["released"] + told["committed"]
        expected = {"committed": told["committed"], "released": told["released"]}
        lost = sum(abs(count - kept["rows"].get(name, 0)) for name, count in expected.items()) - before
        lost += int(sum(Decimal(f["used"]) for f in done) != Decimal(kept["used"]))
        refused = sum(told.values()) - commands
        each = sum(f["cpu"] for f in done) / max(sum(told.values()), 1) * 1000
        found.append((label, commands / SECONDS, each, refused, kept["over"], len(kept["wrong"]), lost))
    rates.append(
        sum(f["done"] for f in together(env, [("plain", n, SECONDS / 2) for n in range(WRITERS)])) / (SECONDS / 2)
    )
    rate = sum(rates) / 2
    asked = min(rate / 2, RATE)
    lines.append(f"| plain commits (before {rates[0]:.0f}, after {rates[1]:.0f}) | {rate:.0f} | | | | | | |")
    for n, (label, done_, each, refused, over, wrong, lost) in enumerate(found):
        sound = over in ("0", "0.000") and not wrong and not lost
        bar = ("held" if done_ >= asked else "MISSED") + f" ({asked:.0f})" if n == 0 else ""
        lines.append(
            f"| {label} | {done_:.0f} | {bar}{'' if sound else ' SUMS WRONG'} | {each:.2f} | {refused} | {over} "
            f"| {wrong} | {lost} |"
        )
    return lines
