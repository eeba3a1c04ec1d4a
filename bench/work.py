"""What a measured process does. Each task is one process: `python -m bench.work TASK …`; figures go out as JSON."""

from __future__ import annotations

import http.client
import json
import math
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).parent
GROUPS: dict[str, Callable[[str], bool]] = {
    "A-list": lambda e: e.startswith("A"),
    "B-list": lambda e: e.startswith("B"),
    "controlled": lambda e: e[0] in "AY",
}


def scan(file: str, documents: str) -> dict[str, Any]:
    """The columns that the rules read, summed (bench/scan.sql)."""
    import duckdb

    base = duckdb.connect()
    base.execute("SET VARIABLE file = ?", [file])
    rows = base.execute((HERE / "scan.sql").read_text()).fetchall()[0][0]
    papers = base.execute((HERE / "scan_documents.sql").read_text()).fetchall()[0][0] if documents == "yes" else 0
    return {"rows": rows, "papers": papers}


def rules(output: str) -> dict[str, Any]:
    """The scope of each rule as a table for bench/plain.sql: one row for each heading and entry."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tidegate.law import load_rulebook

    book = load_rulebook([])
    found = []
    for number, rule in enumerate(book.rules.values()):
        entries: list[str] = []
        for token in rule.basel:
            belongs = GROUPS.get(token)
            entries += [""] if token == "any" else [e for e in book.entries if belongs(e)] if belongs else [token]
        for entry in dict.fromkeys(entries):
            for hs in rule.hs:
                found.append(
                    {
                        "number": number,
                        "state": rule.state or "",
                        "role": rule.role or "",
                        "event": rule.event,
                        "first": rule.valid_from or date(1900, 1, 1),
                        "last": rule.valid_to or date(2100, 1, 1),
                        "hs": hs if hs.isdigit() else "",
                        "entry": entry,
                    }
                )
    pq.write_table(pa.Table.from_pylist(found), output)
    return {"rows": len(found)}


def plain(file: str, scopes: str, output: str) -> dict[str, Any]:
    """The plain join of bench/plain.sql."""
    import duckdb

    base = duckdb.connect()
    base.execute(f"SET temp_directory = '{Path(output).parent}'")
    for name, value in (("file", file), ("rules", scopes), ("output", output)):
        base.execute(f"SET VARIABLE {name} = ?", [value])
    base.execute((HERE / "plain.sql").read_text())
    (rows,) = base.execute("SELECT count(*) FROM read_parquet(getvariable('output'))").fetchall()[0]
    return {"rows": rows}


def objects(batch: Any) -> list[dict[str, Any]]:
    """The rows of a batch as the objects that `parse_shipment` reads."""
    rows: list[dict[str, Any]] = [{} for _ in range(batch.num_rows)]
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        head, dot, tail = name.partition(".")
        for row, value in zip(rows, column.to_pylist(), strict=True):
            if value is None:
                continue
            if dot:
                row.setdefault(head, {})[tail] = value
            else:
                row[name] = value
    return rows


def loop(file: str, most: str) -> dict[str, Any]:
    """Row by row in Python: the evaluator itself for each row. Gives the CPU time of the loop alone as well."""
    import pyarrow.parquet as pq

    from tidegate.law import load_rulebook
    from tidegate.screening import decide, parse_shipment

    book = load_rulebook([])
    rows = 0
    cpu = 0.0
    for batch in pq.ParquetFile(file).iter_batches(batch_size=1_000):
        if rows >= int(most):
            break
        began = time.process_time()
        for raw in objects(batch):
            decide(parse_shipment(raw, book), book)
        cpu += time.process_time() - began
        rows += batch.num_rows
    return {"rows": rows, "cpu": cpu}


def one(file: str, most: str) -> dict[str, Any]:
    """One shipment in process, again and again: with reasons, and with ranked questions and changes."""
    import pyarrow.parquet as pq

    from tidegate.law import load_rulebook

    book = load_rulebook([])
    shipments = objects(next(pq.ParquetFile(file).iter_batches(batch_size=int(most))))
    timed(shipments[:300], book, True)  # as a server that has been asked before
    return {
        "reasons": timed(shipments, book, False),
        "changes": timed(shipments[: len(shipments) // 4], book, True),
    }


def timed(shipments: Sequence[dict[str, Any]], book: Any, changes: bool) -> dict[str, float]:
    """Percentiles of wall time and the mean of CPU time, both in milliseconds, of reading and deciding."""
    from tidegate.screening import decide, parse_shipment

    times = []
    cpu = time.process_time()
    for raw in shipments:
        began = time.perf_counter()
        decide(parse_shipment(raw, book), book, changes=changes)
        times.append(time.perf_counter() - began)
    return {**spread(times), "cpu": (time.process_time() - cpu) / len(shipments) * 1000}


def api(address: str, file: str, clients: str, requests: str) -> dict[str, Any]:
    """Requests to /api/v1/screen from several clients at once, each on a connection of its own."""
    parts = urlsplit(address)
    bodies = [line.encode() for line in Path(file).read_text(encoding="utf-8").splitlines()]
    times: list[float] = []
    refused: list[str] = []

    def client(first: int) -> None:
        link = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        mine = []
        for n in range(int(requests)):
            body = bodies[(first + n * int(clients)) % len(bodies)]
            began = time.perf_counter()
            link.request("POST", "/api/v1/screen", body, {"Content-Type": "application/json"})
            answer = link.getresponse()
            text = answer.read()
            mine.append(time.perf_counter() - began)
            if answer.status != 200:
                refused.append(f"{answer.status} {text[:200]!r}")
        times.extend(mine)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(int(clients))]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - began
    return {**spread(times), "refused": len(refused), "why": refused[:1], "per_second": len(times) / whole}


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles in milliseconds, by nearest rank."""
    ordered = sorted(seconds)
    return {
        name: ordered[max(0, math.ceil(len(ordered) * share) - 1)] * 1000
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    } | {"count": len(ordered)}


def _inside(name: str) -> Callable[..., dict[str, Any]]:
    def task(*given: str) -> dict[str, Any]:
        from bench import inside

        return getattr(inside, name)(*given)

    return task


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "scan": scan,
    "rules": rules,
    "plain": plain,
    "loop": loop,
    "one": one,
    "api": api,
    "stages": _inside("stages"),
    "equal": _inside("equal"),
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
