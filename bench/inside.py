"""Inside a bulk run: where its CPU time goes, and whether it says what the evaluator says of each row."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

STAGES = ("reading", "columns as codes", "known cases", "classification", "international law", "national law",
          "sets of new cases", "counting", "writing rows", "putting sets together", "the rest")  # fmt: skip


def stages(file: str) -> dict[str, Any]:
    """CPU seconds of each stage of `tidegate screen --compact`, and how much there was to decide."""
    from tidegate.batch import sinks, stream
    from tidegate.screening.bulk import classes, layers, session, view

    spent = dict.fromkeys(STAGES, 0.0)
    stack: list[str] = []
    mark = [time.process_time()]

    def switch() -> None:
        now = time.process_time()
        spent[stack[-1] if stack else "the rest"] += now - mark[0]
        mark[0] = now

    def count(owner: Any, name: str, stage: str) -> None:
        inner = getattr(owner, name)

        @wraps(inner)
        def timed(*given: Any, **named: Any) -> Any:
            switch()
            stack.append(stage)
            try:
                return inner(*given, **named)
            finally:
                switch()
                stack.pop()

        setattr(owner, name, timed)

    def counted(batches: Callable[..., Any]) -> Callable[..., Any]:
        def read(self: Any) -> Any:
            found = batches(self)
            while True:
                switch()
                stack.append("reading")
                item = next(found, None)
                switch()
                stack.pop()
                if item is None:
                    return
                yield item

        return read

    met: dict[str, int] = {}

    def size(self: Any, *given: Any) -> Any:
        s = self.session
        met.update({"whole cases": s._case_index.size, "sets": len(s.sets), "layer results": len(s.layers.results)})
        return settle(self, *given)

    run: Any = stream._Run
    settle = run._settle
    run._settle, run._batches = size, counted(run._batches)
    count(view.View, "__init__", "columns as codes")
    count(session.Session, "_cases", "known cases")
    count(classes.Classes, "of", "classification")
    count(layers.Layers, "international", "international law")
    count(layers.Layers, "national", "national law")
    count(session.Session, "_sets", "sets of new cases")
    count(stream.Tally, "count", "counting")
    count(sinks.ParquetSink, "write", "writing rows")
    count(stream.Tally, "settle", "putting sets together")
    with TemporaryDirectory() as folder:
        from tidegate.batch.run import screen_file

        rows = screen_file(file, Path(folder) / "out.parquet", compact=True).rows
    switch()
    return {"rows": rows, "stages": spent, **met}


def equal(profile: str, rows: str, seed: str) -> dict[str, Any]:
    """How many cells of bulk decisions, in each form that Parquet has, are not what the evaluator says."""
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    from bench.work import objects
    from tidegate.batch.run import screen_file
    from tidegate.batch.sinks import EXPAND_SQL, WHOLE_SQL
    from tidegate.formats.flat_decision import flat_decision
    from tidegate.formats.generate import generate
    from tidegate.law import load_rulebook
    from tidegate.screening import parse_shipment
    from tidegate.screening.decision import decide_body

    book = load_rulebook([])
    table = pa.Table.from_batches(list(generate(int(rows), profile=profile, seed=int(seed), book=book)))
    wrong = cells = 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        pq.write_table(table, folder / "in.parquet")
        screen_file(folder / "in.parquet", folder / "sets.parquet", compact=True, book=book)
        screen_file(folder / "in.parquet", folder / "full.parquet", book=book)
        screen_file(folder / "in.parquet", folder / "columns.parquet", columns=True, book=book)
        query = EXPAND_SQL.format(decisions=folder / "sets.parquet", sets=folder / "sets.sets.parquet")
        duckdb.connect().execute(f"COPY ({query} ORDER BY row) TO '{folder / 'expanded.parquet'}' (FORMAT parquet)")
        query = WHOLE_SQL.format(decisions=folder / "columns.parquet")
        duckdb.connect().execute(f"COPY ({query} ORDER BY row) TO '{folder / 'together.parquet'}' (FORMAT parquet)")
        files = [
            pq.ParquetFile(folder / f"{kind}.parquet").iter_batches(1_000) for kind in ("expanded", "together", "full")
        ]
        row = 0
        for raws in table.to_batches(1_000):
            tables = [_rows(file, raws.num_rows) for file in files]
            for raw, *got in zip(objects(raws), *tables, strict=True):
                row += 1
                s = parse_shipment(raw, book)
                want = flat_decision({"id": s.id, "row": row, **decide_body(s, book)})
                cells += len(want) * len(got)
                wrong += sum(found[key] != value for found in got for key, value in want.items())
    return {"rows": row, "cells": cells, "wrong": wrong}


def _rows(batches: Any, wanted: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < wanted:
        found += next(batches).to_pylist()
    return found
