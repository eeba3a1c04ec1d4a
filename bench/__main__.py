"""`./dev bench`: the figures that the documentation quotes, measured side by side in one run.

Whole processes are measured from outside (bench/measure.py), so that starting, reading, deciding and writing all count.
Ratios are to the scan of the same file in the same run (bench/scan.sql). Nothing here is a test: a busy machine gives
other figures, and the table says what it ran on.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.measure import ROOT, Failed, Usage, machine, note, run

RESULTS = ROOT / "bench" / "results.md"
PYTHON = sys.executable
TIDEGATE = [PYTHON, "-m", "tidegate.cli"]
PARTS = ("bulk", "stages", "equal", "plain", "loop", "one", "cold", "api")
# Takes a quarter of an hour and 40 GB, so it is measured only when it is named.
NAMED = ("control",)
LOOP_ROWS, ONE_ROWS = 5_000, 4_000
COLD_RUNS = 5
CLIENTS, REQUESTS = 4, 400
EQUAL_ROWS = 20_000
# times the scan, at 10 million rows: (profile, what is written) → the most that is allowed
BARS = {("A", "set ids"): 5, ("A", "full text"): 7, ("B", "set ids"): 10, ("B", "full text"): 10}
FORMS = {"set ids": "compact", "full text": "columns"}  # what is written → the option that asks for it
BAR_ROWS, BAR_MB, BAR_API_MS = 10_000_000, 1_000, 25
# how far the cost of a row at a larger size may be from that at BAR_ROWS
BAR_FLAT = 0.2


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").strip())
    parser.add_argument(
        "--rows", nargs="+", type=lambda t: int(float(t)), default=[1_000_000], help="sizes, such as 1e6 1e7"
    )
    parser.add_argument("--profile", nargs="+", choices=("A", "B"), default=["A", "B"], help="without, with papers")
    parser.add_argument("--only", nargs="+", choices=(*PARTS, *NAMED), default=list(PARTS), help="some of the figures")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each bulk figure; the least CPU counts")
    for name, size in (("notifications", 1_000_000), ("movements", 10_000_000), ("requests", 200)):
        parser.add_argument(
            f"--{name}", type=lambda t: int(float(t)), default=size, help=f"of the figures of control ({size:,})"
        )
    parser.add_argument("--seed", type=int, default=1, help="of the rows that are compared one by one")
    parser.add_argument("--data", type=Path, default=ROOT / "build" / "bench", help="where inputs are kept")
    parser.add_argument("--write", action="store_true", help="also write the table to bench/results.md")
    args = parser.parse_args(argv)
    if min(args.rows) < 1 or args.repeat < 1:
        parser.error("--rows and --repeat are 1 at least")
    args.data = args.data.resolve()
    args.data.mkdir(parents=True, exist_ok=True)
    began = datetime.now(UTC)
    lines = ["# Figures", "", *(f"- {name}: {text}" for name, text in machine().items())]
    try:
        label = subprocess.run(
            [*TIDEGATE, "--version"], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout.strip()
        lines += [f"- {label}", f"- date: {began:%Y-%m-%d %H:%M} UTC"]
        lines += [f"- command: `{shlex.join(['python', '-m', 'bench', *without_paths(argv)])}`", ""]
        with tempfile.TemporaryDirectory(prefix="tidegate-bench-", dir=args.data) as folder:
            for block in tables(args, Path(folder), label):
                lines += [*block, ""]
                print("\n".join(block), end="\n\n", flush=True)
    except (Failed, OSError, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    text = "\n".join(lines)
    if "control" in args.only:
        (ROOT / "bench" / "results-control.md").write_text(text, encoding="utf-8")
    if args.write:
        # the largest sizes are measured apart, seldom
        file = RESULTS if max(args.rows) <= BAR_ROWS else RESULTS.with_stem("results-large")
        file.write_text(text, encoding="utf-8")
        print(f"written to {file.relative_to(ROOT)}", file=sys.stderr)
    else:
        print("\n".join(lines[2:8]))
    return 0


def without_paths(argv: list[str]) -> list[str]:
    """The command as anyone would give it: where this machine keeps its inputs is its own affair."""
    out = []
    words = iter(argv)
    for word in words:
        if word == "--data":
            next(words, None)
        elif not word.startswith("--data="):
            out.append(word)
    return out


def tables(args: argparse.Namespace, folder: Path, label: str) -> Iterator[list[str]]:
    """The tables asked for, each as lines of Markdown."""
    if {"bulk", "plain", "loop"} & set(args.only):
        yield bulk(args, folder, label)
    if "stages" in args.only:
        yield stages(args, label)
    if "equal" in args.only:
        yield equal(args)
    if "one" in args.only:
        yield one(declarations(args.data, 20_000, "B", label))
    if "cold" in args.only:
        yield cold(folder)
    if "api" in args.only:
        yield api(args.data, folder, label)
    if "control" in args.only:
        from bench.control import control

        yield control(args)


def declarations(data: Path, rows: int, profile: str, label: str, kind: str = "parquet") -> Path:
    """A generated file, kept for the next run with the same rulebook."""
    book = label.rsplit("+", 1)[-1]
    path = data / f"declarations-{book}-{profile}-{rows}.{kind}"
    if not path.exists():
        note(f"making {path.name}")
        run([*TIDEGATE, "generate", str(rows), "-o", str(path), "--profile", profile, "--quiet"])
    return path


# ── bulk ───────────────────────────────────────────────────────────────────────────────────────────────────


def bulk(args: argparse.Namespace, folder: Path, label: str) -> list[str]:
    """CPU for each row and peak memory of whole processes, and their ratio to the scan."""
    from tidegate.batch.stream import MOST_SETS

    lines = [
        "## Bulk: whole processes, ratios to the scan in the same run",
        "",
        "Bars at 10 million rows: × scan at most 5 with set ids and 7 with full text on profile A, 10 on profile B;",
        "full text is each list of a decision in a column of its own (`--columns`); the flat form, each decision as",
        "one JSON text (`decision_json`), stands beside it, without a bar;",
        f"peak memory below {BAR_MB:,} MB; above, the cost of a row within ±{BAR_FLAT:.0%} of that at 10 million.",
        "Smaller runs bear the start and the first meeting with each case alone. Peak memory grows until a run has met",
        f"{MOST_SETS:,} distinct cases; then what it knows is given back and begun anew, so that it stays flat.",
        "",
        "| profile | rows | what | CPU s | wall s | CPU µs a row | × scan | peak MB | MB out | distinct cases | bar |",
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    flat: dict[tuple[str, str], float] = {}  # the cost of a row at the size of the bars
    for profile in args.profile:
        for rows in args.rows:
            file = declarations(args.data, rows, profile, label)
            scan = least(
                args.repeat, "scan", [PYTHON, "-m", "bench.work", "scan", str(file), "yes" if profile == "B" else "no"]
            )
            lines.append(line(profile, rows, "scan (bench/scan.sql)", scan, scan))
            if "bulk" in args.only:
                for what, option in FORMS.items():
                    output = folder / f"{option}.parquet"
                    found = least(args.repeat, what, screening(file, output, f"--{option}"))
                    bar = verdict(profile, rows, what, found, scan, flat.get((profile, what)))
                    if rows == BAR_ROWS:
                        flat[profile, what] = found.per_row(rows)
                    cases = distinct(output) if option == "compact" else ""
                    lines.append(line(profile, rows, f"screen, {what}", found, scan, cases, bar, output))
                if rows <= BAR_ROWS:  # ten times as many are 220 GB of JSON
                    output = folder / "whole.parquet"
                    found = least(args.repeat, "decision_json", screening(file, output))
                    lines.append(line(profile, rows, "screen, decision_json", found, scan, made=output))
            if "plain" in args.only:
                scopes = folder / "rules.parquet"
                run([PYTHON, "-m", "bench.work", "rules", str(scopes)])
                out = str(folder / "plain.parquet")
                found = least(
                    args.repeat, "plain join", [PYTHON, "-m", "bench.work", "plain", str(file), str(scopes), out]
                )
                lines.append(line(profile, rows, "plain SQL join: scope and day only", found, scan))
            if "loop" in args.only:
                lines.append(looped(profile, rows, file, scan))
            for left in folder.iterdir():
                left.unlink()
    return lines


def screening(file: Path, output: Path, *more: str) -> list[str]:
    return [*TIDEGATE, "screen", str(file), "-o", str(output), "--quiet", *more]


def least(repeat: int, name: str, command: list[str]) -> Usage:
    """The run with the least CPU time."""
    note(name)
    return min((run(command) for _ in range(repeat)), key=lambda usage: usage.cpu)


def verdict(profile: str, rows: int, what: str, found: Usage, scan: Usage, flat: float | None = None) -> str:
    """Whether the bars are met, at the size for which they are set and above it. `flat`: the cost of a row there."""
    if rows < BAR_ROWS:
        return ""
    most = BARS[profile, what]
    apart = 0.0 if flat is None else found.per_row(rows) / flat - 1
    missed = [
        name
        for name, bad in (
            (f"× {most}", found.cpu > most * scan.cpu),
            ("memory", found.peak_mb > BAR_MB),
            (f"flat ({apart:+.0%})", abs(apart) > BAR_FLAT),
        )
        if bad
    ]
    return f"MISSED: {', '.join(missed)}" if missed else "met"


def line(
    profile: str,
    rows: int,
    what: str,
    usage: Usage,
    scan: Usage,
    cases: str = "",
    bar: str = "",
    made: Path | None = None,
) -> str:
    size = "" if made is None else f"{sum(f.stat().st_size for f in made.parent.glob(f'{made.stem}*')) / 1e6:,.0f}"
    return (
        f"| {profile} | {rows:,} | {what} | {usage.cpu:.2f} | {usage.wall:.2f} | {usage.per_row(rows):.2f} "
        f"| {usage.cpu / scan.cpu:.2f} | {usage.peak_mb:.0f} | {size} | {cases} | {bar} |"
    )


def looped(profile: str, rows: int, file: Path, scan: Usage) -> str:
    """The loop over some of the rows, scaled to all of them."""
    note("row by row")
    usage = run([PYTHON, "-m", "bench.work", "loop", str(file), str(min(rows, LOOP_ROWS))])
    found = json.loads(usage.out)
    each = found["cpu"] / found["rows"]
    return (
        f"| {profile} | {rows:,} | row by row in Python, scaled from {found['rows']:,} rows | {each * rows:.0f} |  "
        f"| {each * 1e6:.2f} | {each * rows / scan.cpu:.0f} | {usage.peak_mb:.0f} |  |  |  |"
    )


def distinct(decisions: Path) -> str:
    """How many distinct cases the screening met."""
    sets = decisions.with_name(f"{decisions.stem}.sets.parquet")
    count = "import sys, pyarrow.parquet as pq; print(pq.read_metadata(sys.argv[1]).num_rows)"
    return f"{int(run([PYTHON, '-c', count, str(sets)]).out):,}"


def stages(args: argparse.Namespace, label: str) -> list[str]:
    """Where the CPU time of a run with set ids goes."""
    lines = ["## Where the time of a run with set ids goes: CPU s", ""]
    found = []
    for profile in args.profile:
        for rows in args.rows:
            note(f"stages, {profile}, {rows:,} rows")
            file = declarations(args.data, rows, profile, label)
            found.append(
                (f"{profile}, {rows:,}", json.loads(run([PYTHON, "-m", "bench.work", "stages", str(file)]).out))
            )
    lines.append("| stage | " + " | ".join(name for name, _ in found) + " |")
    lines.append("|---|" + "---:|" * len(found))
    for stage in found[0][1]["stages"]:
        lines.append(f"| {stage} | " + " | ".join(f"{f['stages'][stage]:.1f}" for _, f in found) + " |")
    for size in ("whole cases", "sets", "layer results"):
        lines.append(f"| {size} met | " + " | ".join(f"{f[size]:,}" for _, f in found) + " |")
    return lines


def equal(args: argparse.Namespace) -> list[str]:
    """Random rows, bulk against the evaluator, in every column. Raises Failed where they differ."""
    lines = [
        f"## Bulk against the evaluator, row by row (seed {args.seed})",
        "",
        "| profile | rows | cells compared (sets expanded, lists as columns, and JSON) | different |",
        "|---|---:|---:|---:|",
    ]
    for profile in args.profile:
        note(f"bulk against the evaluator, {profile}")
        f = json.loads(run([PYTHON, "-m", "bench.work", "equal", profile, str(EQUAL_ROWS), str(args.seed)]).out)
        lines.append(f"| {profile} | {f['rows']:,} | {f['cells']:,} | {f['wrong']} |")
        if f["wrong"]:
            raise Failed(f"{f['wrong']} cells of profile {profile}, seed {args.seed}, are not what the evaluator says")
    return lines


# ── one shipment ───────────────────────────────────────────────────────────────────────────────────────────


def one(sample: Path) -> list[str]:
    """One shipment in a process that is already there."""
    note("one shipment in process")
    found = json.loads(run([PYTHON, "-m", "bench.work", "one", str(sample), str(ONE_ROWS)]).out)
    lines = [
        "## One shipment in process",
        "",
        "| what | shipments | p50 ms | p95 ms | p99 ms | CPU ms |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, what in (("reasons", "read and decide, with reasons"), ("changes", "with ranked questions and changes")):
        f = found[name]
        lines.append(f"| {what} | {f['count']:,} | {f['p50']:.2f} | {f['p95']:.2f} | {f['p99']:.2f} | {f['cpu']:.2f} |")
    return lines


SHIPMENT = {
    "id": "1", "date": "2026-11-21", "export": "DE", "import": "MY", "transit": ["SG"], "hs": "391510", "waste": True,
    "operation": "R3", "polymers": {"PE": 99}, "contamination_pct": 1, "hazardous": False, "net_kg": 24000,
}  # fmt: skip


def cold(folder: Path) -> list[str]:
    """`tidegate screen` of one line: a new process, with and without the compiled rulebook in the cache."""
    note("one line, cold")
    given = json.dumps(SHIPMENT).encode() + b"\n"
    command = [*TIDEGATE, "screen", "-", "-o", "-", "--quiet"]
    lines = [
        "## `tidegate screen` of one line, a new process each time",
        "",
        f"| cache of the rulebook | median wall s of {COLD_RUNS} | CPU s | peak MB |",
        "|---|---:|---:|---:|",
    ]
    for name, keep in (("empty", False), ("filled", True)):
        runs = []
        for n in range(COLD_RUNS + keep):
            cache = folder / ("cache" if keep else f"cache{n}")
            runs.append(run(command, env={"XDG_CACHE_HOME": str(cache)}, given=given))
        runs = runs[keep:]  # the first run fills the cache
        lines.append(
            f"| {name} | {median(r.wall for r in runs):.2f} | {median(r.cpu for r in runs):.2f} "
            f"| {max(r.peak_mb for r in runs):.0f} |"
        )
    for left in folder.glob("cache*"):
        shutil.rmtree(left)
    return lines


# ── the API ────────────────────────────────────────────────────────────────────────────────────────────────


def api(data: Path, folder: Path, label: str) -> list[str]:
    """Latency of /api/v1/screen on loopback with the demo settings."""
    note("the API")
    sample = declarations(data, 2_000, "B", label, "jsonl")
    with server(folder / "state") as address:
        ask = [PYTHON, "-m", "bench.work", "api", address, str(sample)]
        run([*ask, "1", "200"])  # as a server that has been asked before
        lines = [
            "## API: POST /api/v1/screen on loopback",
            "",
            f"Bar: p95 below {BAR_API_MS} ms at {CLIENTS} clients.",
            "",
            "| clients | requests | p50 ms | p95 ms | p99 ms | requests a second | refused | bar |",
            "|---:|---:|---:|---:|---:|---:|---:|---|",
        ]
        for clients in (1, CLIENTS):
            f = json.loads(run([*ask, str(clients), str(REQUESTS)]).out)
            lines.append(
                f"| {clients} | {f['count']:,} | {f['p50']:.1f} | {f['p95']:.1f} | {f['p99']:.1f} "
                f"| {f['per_second']:.0f} | {f['refused']} {''.join(f['why'])} "
                f"| {'' if clients < CLIENTS else 'met' if f['p95'] < BAR_API_MS else 'MISSED'} |"
            )
    shutil.rmtree(folder / "state", ignore_errors=True)
    return lines


@contextmanager
def server(state: Path) -> Iterator[str]:
    """`tidegate serve` on a free port with a state of its own and no limit of rate; ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "TIDEGATE_DATA_DIR": str(state), "TIDEGATE_API_RATE": "0"}
    log = state.with_suffix(".log")
    with log.open("wb") as out:
        serving = subprocess.Popen(
            [*TIDEGATE, "serve", "--port", str(port), "--settings", "demo"], stdout=out, stderr=out, env=env, cwd=ROOT
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, lambda: serving.poll() is not None, log)
        yield address
    finally:
        serving.terminate()
        serving.wait(timeout=30)
        log.unlink(missing_ok=True)


def wait_for(address: str, ended: Callable[[], bool], log: Path) -> None:
    """Returns when the server answers; raises Failed when it ends or stays silent."""
    for _ in range(300):
        if ended():
            break
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise Failed(f"the server at {address} does not answer:\n{log.read_text(errors='replace')[-2000:]}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
