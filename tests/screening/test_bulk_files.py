"""Whatever goes in and whatever comes out, the decisions are the same: row by row, in batches, compact, in parts."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.screening.aim import Raw, settle
from tests.screening.strategies import vocabulary
from tests.screening.tables import as_flat, as_nested, as_text, expected
from tidegate.batch import Summary, screen_file, sinks, stream, texts
from tidegate.batch.sinks import EXPAND_SQL, WHOLE_SQL, sets_path
from tidegate.formats import FormatError, flat_decision, rejects_path
from tidegate.law import load_rulebook

BOOK = load_rulebook(())
V = vocabulary(BOOK)
FLAT = (
    "outcome entry entry_candidates eu_entry regime confidence rulebook rules missing_documents question_facts".split()
)
COUNTS = (
    "rows decided rejected outcomes imports exports entries months rules effects prohibiting missing questions flows "
    "clear_to_verify clear_to_verify_by".split()
)


def mixed_rows(count: int, seed: int) -> list[Raw]:
    """Neighbours of many rules with consignments, unknown columns and facts, odd ids, and rows to reject."""
    draw = random.Random(seed)
    rules = list(BOOK.rules.values())
    rows: list[Raw] = []
    while len(rows) < count:
        options = list(V.around(draw.choice(rules)))
        for raw in draw.sample(options, min(3, len(options))):
            row = settle({**raw, "id": draw.choice(["", "№ ", 'q"', "tab\t"]) + str(len(rows) + 1)})
            row["consignment"] = f"C{draw.randint(1, 40)}"
            row["colour"] = draw.choice(["red", "blå"])
            row["facts"] = {**row.get("facts", {}), "shoe_size": draw.choice(["41", "42"])}
            if draw.random() < 0.06:
                bad = [
                    ("export", "ZZ"),
                    ("date", "2024-02-30"),
                    ("contamination_pct", 101),
                    ("operation", "R99"),
                    ("hs", "39"),
                ]
                row |= dict([draw.choice(bad)])
            rows.append(row)
    return rows[:count]


@pytest.fixture(scope="module")
def rows() -> list[Raw]:
    return mixed_rows(700, seed=11)


@pytest.fixture(scope="module")
def wanted(rows: list[Raw]) -> dict[int, Raw]:
    """Row → decision (without what is passed through), by the evaluator of one shipment."""
    keys = {"facts", "colour"}
    return {
        n: {"id": d["id"], "row": n, **{k: v for k, v in d.items() if k not in keys}}
        for n, (kind, d) in enumerate(expected(rows, BOOK), start=1)
        if kind == "decided"
    }


@pytest.fixture(scope="module")
def rejected(rows: list[Raw]) -> dict[int, tuple[str, str]]:
    return {n: d for n, (kind, d) in enumerate(expected(rows, BOOK), start=1) if kind == "rejected"}


def write(path: Path, rows: Sequence[Raw], form: str) -> Path:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
        return path
    batch = {"text": as_text, "flat": as_flat, "nested": as_nested}[form](rows)
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as stream_out:
            writer = csv.writer(stream_out)
            writer.writerow(batch.schema.names)
            writer.writerows(zip(*(c.to_pylist() for c in batch.columns), strict=True))
        return path
    pq.write_table(pa.Table.from_batches([batch]), path, row_group_size=97)
    return path


def check_rejects(output: Path, rejected: dict[int, tuple[str, str]]) -> None:
    lines = [json.loads(line) for line in rejects_path(output).read_text(encoding="utf-8").splitlines()]
    assert {r["row"]: (r["error"]["field"], r["error"]["expected"]) for r in lines} == rejected
    assert all(r["error"]["message"] and "value" in r["error"] for r in lines)
    assert len(lines) == len(rejected)


def check_lines(decisions: Sequence[Raw], wanted: dict[int, Raw], rows: Sequence[Raw]) -> None:
    assert [d["row"] for d in decisions] == sorted(wanted)
    for d in decisions:
        row = rows[d["row"] - 1]
        want = wanted[d["row"]]
        assert {k: d[k] for k in want} == want
        assert d["colour"] == row["colour"]
        held = d["facts"]["shoe_size"] if "facts" in d else d["facts.shoe_size"]
        assert held == row["facts"]["shoe_size"]
        assert set(d) - set(want) <= {"colour", "facts", "facts.shoe_size"}


def check_flat(table: Sequence[Raw], wanted: dict[int, Raw], rows: Sequence[Raw]) -> None:
    assert [r["row"] for r in table] == sorted(wanted)
    for r in table:
        want = wanted[r["row"]]
        assert json.loads(r["decision_json"]) == want
        flat = flat_decision(want)
        assert {k: r[k] for k in ("id", *FLAT)} == {k: flat[k] for k in ("id", *FLAT)}
        assert r["colour"] == rows[r["row"] - 1]["colour"]
        assert r["facts.shoe_size"] == rows[r["row"] - 1]["facts"]["shoe_size"]


def counted(summary: Summary) -> dict[str, Any]:
    held = summary.as_dict()
    return {name: held[name] for name in COUNTS} | {"lines": held["consignment_outcomes"]}


@pytest.fixture(scope="module")
def by_row(rows: list[Raw], tmp_path_factory: pytest.TempPathFactory) -> Summary:
    """The summary of the run that decides each row by itself."""
    folder = tmp_path_factory.mktemp("by-row")
    return screen_file(write(folder / "in.jsonl", rows, "lines"), folder / "out.jsonl", book=BOOK)


def test_lines_one_by_one(
    rows: list[Raw], wanted: dict[int, Raw], rejected: dict[int, tuple[str, str]], tmp_path: Path
) -> None:
    output = tmp_path / "out.jsonl"
    summary = screen_file(write(tmp_path / "in.jsonl", rows, "lines"), output, book=BOOK)
    check_lines([json.loads(x) for x in output.read_text("utf-8").splitlines()], wanted, rows)
    check_rejects(output, rejected)
    assert (summary.rows, summary.decided, summary.rejected) == (len(rows), len(wanted), len(rejected))


@pytest.mark.parametrize("form", ["flat", "nested", "text"])
def test_parquet_in_full_parquet_out(
    form: str,
    rows: list[Raw],
    wanted: dict[int, Raw],
    rejected: dict[int, tuple[str, str]],
    by_row: Summary,
    tmp_path: Path,
) -> None:
    output = tmp_path / "out.parquet"
    summary = screen_file(write(tmp_path / "in.parquet", rows, form), output, book=BOOK)
    check_flat(pq.read_table(output).to_pylist(), wanted, rows)
    check_rejects(output, rejected)
    assert counted(summary) == counted(by_row)


def test_compact_expands_to_the_full_form(
    rows: list[Raw], wanted: dict[int, Raw], rejected: dict[int, tuple[str, str]], by_row: Summary, tmp_path: Path
) -> None:
    """The view over set ids equals the full form on every row and field, unknown columns among them."""
    output, full = tmp_path / "out.parquet", tmp_path / "full.parquet"
    source = write(tmp_path / "in.parquet", rows, "flat")
    summary = screen_file(source, output, book=BOOK, compact=True)
    screen_file(source, full, book=BOOK)
    sql = EXPAND_SQL.format(decisions=output, sets=sets_path(output))
    expanded = duckdb.sql(f"SELECT * FROM ({sql}) ORDER BY row").to_arrow_table()
    check_flat(expanded.to_pylist(), wanted, rows)
    assert expanded.to_pylist() == [{k: r[k] for k in expanded.column_names} for r in pq.read_table(full).to_pylist()]
    assert set(expanded.column_names) == set(pq.read_schema(full).names)
    check_rejects(output, rejected)
    assert counted(summary) == counted(by_row)


def test_lists_as_columns_are_the_full_form(
    rows: list[Raw], wanted: dict[int, Raw], rejected: dict[int, tuple[str, str]], by_row: Summary, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each list of a decision in a column of its own; put together they are the decision, byte for byte."""
    monkeypatch.setattr(stream, "BATCH_ROWS", 100)
    monkeypatch.setattr(sinks, "GROUP_ROWS", 250)
    output, full = tmp_path / "out.parquet", tmp_path / "full.parquet"
    source = write(tmp_path / "in.parquet", rows, "flat")
    summary = screen_file(source, output, book=BOOK, columns=True)
    screen_file(source, full, book=BOOK)
    made = whole(output)
    check_flat(made, wanted, rows)
    for r in pq.read_table(output).to_pylist():
        for name in ("entry_candidates", "layers", "reasons", "missing", "questions", "verify", "alerts"):
            assert json.loads(r[name]) == wanted[r["row"]][name], name
    names = pq.read_schema(full).names
    assert made == [{name: r[name] for name in made[0]} for r in pq.read_table(full).to_pylist()]
    assert set(made[0]) == set(names)
    lists = {"layers", "reasons", "missing", "questions", "verify", "alerts"}
    assert set(pq.read_schema(output).names) == set(names) - {"decision_json"} | lists
    assert pq.ParquetFile(output).metadata.num_row_groups == 3
    check_rejects(output, rejected)
    assert counted(summary) == counted(by_row)


def whole(output: Path) -> list[Raw]:
    """The rows of a file with lists as columns in the full form."""
    found: list[Raw] = duckdb.sql(f"{WHOLE_SQL.format(decisions=output)} ORDER BY row").to_arrow_table().to_pylist()
    return found


@pytest.mark.parametrize(
    ("more", "name", "says"),
    [
        ({"compact": True}, "out.parquet", "choose one"),
        ({"changes": True}, "out.parquet", "without changes"),
        ({}, "out.csv", "Parquet"),
        ({}, "out.jsonl", "Parquet"),
        ({}, "-", "Parquet"),
    ],
)
def test_lists_as_columns_that_cannot_be(more: Raw, name: str, says: str, rows: list[Raw], tmp_path: Path) -> None:
    source = write(tmp_path / "in.parquet", rows[:3], "flat")
    output = name if name == "-" else tmp_path / name
    with pytest.raises(FormatError, match=says):
        screen_file(source, output, book=BOOK, columns=True, **more)
    assert name == "-" or not Path(output).exists()


def test_parquet_in_lines_out(rows: list[Raw], wanted: dict[int, Raw], tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    screen_file(write(tmp_path / "in.parquet", rows, "flat"), output, book=BOOK)
    check_lines([json.loads(x) for x in output.read_text("utf-8").splitlines()], wanted, rows)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "columns"])
def test_text_in_parts(
    kind: str,
    rows: list[Raw],
    wanted: dict[int, Raw],
    rejected: dict[int, tuple[str, str]],
    by_row: Summary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Batches and parts of a few rows: joined, they are what one go gives."""
    monkeypatch.setattr(stream, "BATCH_ROWS", 50)
    monkeypatch.setattr(stream, "PART_ROWS", 150)
    source = write(tmp_path / ("in.jsonl" if kind == "jsonl" else "in.csv"), rows, "text")
    output = tmp_path / f"out.{kind.replace('columns', 'parquet')}"
    summary = screen_file(source, output, book=BOOK, resume=True, columns=kind == "columns")
    if kind == "columns":
        check_flat(whole(output), wanted, rows)
        metadata = pq.ParquetFile(output).metadata.row_group(0)
        for n in range(metadata.num_columns):
            column = metadata.column(n)
            assert "RLE_DICTIONARY" in column.encodings or column.path_in_schema in ("id", "row")
    elif kind == "jsonl":
        check_lines([json.loads(x) for x in output.read_text("utf-8").splitlines()], wanted, rows)
    elif kind == "parquet":
        check_flat(pq.read_table(output).to_pylist(), wanted, rows)
    else:
        with output.open(newline="", encoding="utf-8-sig") as stream_in:
            table: list[Raw] = [{k: v or None for k, v in r.items()} for r in csv.DictReader(stream_in)]
        for r in table:
            r["row"] = int(r["row"])
            r["id"] = r["id"].removeprefix("'")
        check_flat(table, wanted, rows)
    check_rejects(output, rejected)
    assert counted(summary) == counted(by_row)


def test_a_run_that_was_cut_off_goes_on(
    rows: list[Raw], wanted: dict[int, Raw], by_row: Summary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BATCH_ROWS", 50)
    monkeypatch.setattr(stream, "PART_ROWS", 100)
    source, output = write(tmp_path / "in.parquet", rows, "flat"), tmp_path / "out.parquet"

    class Cut(Exception):
        """The power fails."""

    def fail_at(rows_done: int) -> Any:
        def progress(done: int, of: int | None, decided: int) -> None:
            if done >= rows_done:
                raise Cut

        return progress

    for stop in (300, 500):
        with pytest.raises(Cut):
            screen_file(source, output, book=BOOK, resume=True, progress=fail_at(stop))
        assert not output.exists(), "an output appears only when it is whole"
    summary = screen_file(source, output, book=BOOK, resume=True)
    check_flat(pq.read_table(output).to_pylist(), wanted, rows)
    assert counted(summary) == counted(by_row)
    assert list(tmp_path.glob("*.parts*")) == []


@pytest.mark.parametrize("form", ["whole", "compact", "columns"])
def test_sessions_that_are_begun_anew_change_nothing(
    form: str,
    rows: list[Raw],
    wanted: dict[int, Raw],
    by_row: Summary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "BATCH_ROWS", 40)
    monkeypatch.setattr(stream, "MOST_SETS", 60)
    monkeypatch.setattr(texts, "TEXT_BYTES", 20_000)
    monkeypatch.setattr(texts, "SETS_A_TICK", 7)
    output = tmp_path / "out.parquet"
    asked = {} if form == "whole" else {form: True}
    summary = screen_file(write(tmp_path / "in.parquet", rows, "flat"), output, book=BOOK, **asked)  # type: ignore[arg-type]
    if form == "columns":
        table = whole(output)
    elif form == "compact":
        sql = EXPAND_SQL.format(decisions=output, sets=sets_path(output))
        table = duckdb.sql(f"SELECT * FROM ({sql}) ORDER BY row").to_arrow_table().to_pylist()
    else:
        table = pq.read_table(output).to_pylist()
    check_flat(table, wanted, rows)
    assert counted(summary) == counted(by_row)


@pytest.mark.parametrize("form", ["whole", "compact", "columns"])
def test_a_column_that_comes_late(
    form: str, rows: list[Raw], wanted: dict[int, Raw], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines that bring a key which those of the batches before have not."""
    monkeypatch.setattr(stream, "BATCH_ROWS", 50)
    named = [{**row, "late": f"L{n}"} if n > 400 else row for n, row in enumerate(rows, start=1)]
    output = tmp_path / "out.parquet"
    source, asked = write(tmp_path / "in.jsonl", named, "lines"), {} if form == "whole" else {form: True}
    screen_file(source, output, book=BOOK, resume=form == "whole", **asked)  # type: ignore[arg-type]
    if form == "columns":
        table = whole(output)
    elif form == "compact":
        sql = EXPAND_SQL.format(decisions=output, sets=sets_path(output))
        table = duckdb.sql(f"SELECT * FROM ({sql}) ORDER BY row").to_arrow_table().to_pylist()
    else:
        table = pq.read_table(output).to_pylist()
    check_flat(table, wanted, rows)
    assert [r["late"] for r in table] == [f"L{r['row']}" if r["row"] > 400 else None for r in table]


@pytest.mark.parametrize("form", ["lines", "flat"])
@pytest.mark.parametrize("kind", ["jsonl", "parquet", "columns", "csv"])
def test_columns_that_are_called_as_a_decision_calls_its_own(form: str, kind: str, tmp_path: Path) -> None:
    """A file of decisions screened again: what was told stands beside what is decided, and neither is lost."""
    route = {"date": "2024-06-15", "export": "JP", "import": "MY", "hs": "3915"}
    told = {
        "outcome": "as told", "regime": "none", "rules": "A;B", "error": "old", "decision_json": "{}", "layers": "[]"
    }  # fmt: skip
    rows: list[Raw] = [{"id": "1", **route, **told}, {"id": "2", **route, **told, "evaluate": ["MY:import"]}]
    source = write(tmp_path / ("in.jsonl" if form == "lines" else "in.parquet"), rows, form)
    output = tmp_path / f"out.{kind.replace('columns', 'parquet')}"
    screen_file(source, output, book=BOOK, columns=kind == "columns")
    if kind == "jsonl":
        lines = [json.loads(x) for x in output.read_text("utf-8").splitlines()]
    elif kind in ("parquet", "columns"):
        lines = pq.read_table(output).to_pylist()
    else:
        with output.open(newline="", encoding="utf-8-sig") as stream_in:
            lines = list(csv.DictReader(stream_in))
    for line, (_, want) in zip(lines, expected([{**r, **dict.fromkeys(told)} for r in rows], BOOK), strict=True):
        assert line["outcome"] == want["outcome"]
        for name, value in told.items():
            assert line[f"source.{name}"] == value
