"""`tidegate screen --consignments`: each group with the strictest outcome of its lines, whichever way the run went."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tidegate.batch import screen_file, stream
from tidegate.batch.consignment_file import COLUMNS, Lines, gather
from tidegate.cli import main
from tidegate.law import load_rulebook
from tidegate.screening.engines import duckdb

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "declarations.csv"
BOOK = load_rulebook(())
ORDER = ("prohibited", "undetermined", "needs", "clear")
CLEAR = {
    "id": "1", "date": "2026-01-01", "export": "JP", "import": "US", "hs": "391510", "polymers": {"PE": "99"},
    "contamination_pct": "1", "operation": "R3", "hazardous": False, "waste": True,
    "facts": {"to_specification": True},
}  # fmt: skip
SETTLED = {**CLEAR, "date": "2018-06-01", "import": "KR"}


def example(folder: Path, rows: int = 600) -> Path:
    """Some rows of the example, their consignments spread so that many have lines far apart."""
    with EXAMPLE.open(newline="", encoding="utf-8") as stream_in:
        held = list(csv.DictReader(stream_in))[:rows]
    for n, row in enumerate(held):
        row["consignment"] = "" if n % 11 == 0 else f"=G-{n % 97}"
    path = folder / "in.csv"
    with path.open("w", newline="", encoding="utf-8") as stream_out:
        writer = csv.DictWriter(stream_out, list(held[0]))
        writer.writeheader()
        writer.writerows(held)
    return path


def wanted(source: Path, decisions: Path) -> list[dict[str, Any]]:
    """The same, worked out from the decisions one by one."""
    with source.open(newline="", encoding="utf-8") as stream_in:
        named = {n: row["consignment"] for n, row in enumerate(csv.DictReader(stream_in), start=1)}
    found: dict[str, dict[str, Any]] = {}
    for line in decisions.read_text(encoding="utf-8").splitlines():
        decision = json.loads(line)
        if not (number := named[decision["row"]]):
            continue
        group = found.setdefault(number, {**dict.fromkeys(COLUMNS, 0), "consignment": number, "first": {}})
        group["lines"] += 1
        group[decision["outcome"]] += 1
        group["clear_to_verify"] += decision["outcome"] == "clear" and bool(decision["verify"])
        group["first"].setdefault(decision["outcome"], decision["row"])
    for group in found.values():
        first = group.pop("first")
        group["outcome"] = next(outcome for outcome in ORDER if outcome in first)
        group["row"] = first[group["outcome"]]
    return sorted(found.values(), key=lambda group: group["row"])


def read(path: Path) -> list[dict[str, Any]]:
    """A file of consignments, whatever its form."""
    if path.suffix == ".parquet":
        table: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return table
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path)["consignments"]
        head, *rows = [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    else:
        with path.open(newline="", encoding="utf-8") as stream_in:
            head, *rows = csv.reader(stream_in)
    numbers = [name for name in COLUMNS if name not in ("consignment", "outcome")]
    found = [dict(zip(head, row, strict=True)) for row in rows]
    return [{k: int(v) if k in numbers else v.removeprefix("'") for k, v in row.items()} for row in found]


def screen(source: Path | str, output: Path | str, *more: str) -> int:
    return main(["screen", str(source), "-o", str(output), "--quiet", *more])


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """Some shipments, and what their consignments come to."""
    folder = tmp_path_factory.mktemp("held")
    source = example(folder)
    screen_file(source, folder / "out.jsonl", book=BOOK)
    return source, wanted(source, folder / "out.jsonl")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "xlsx"])
def test_a_row_for_each_consignment_with_its_strictest_outcome(
    kind: str, held: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    source, groups = held
    assert len({group["outcome"] for group in groups}) > 1
    assert any(group["clear_to_verify"] for group in groups)
    path = tmp_path / f"groups.{kind}"
    assert screen(source, tmp_path / "out.jsonl", "--consignments", str(path), "--summary", f"{tmp_path}/s.json") == 0
    assert read(path) == groups
    counts = json.loads((tmp_path / "s.json").read_text())["consignment_outcomes"]
    assert counts == Counter(group["outcome"] for group in groups)
    assert {p.name for p in tmp_path.iterdir()} <= {path.name, "out.jsonl", "out.rejects.jsonl", "s.json"}
    if kind == "csv":
        assert path.read_text().splitlines()[1].startswith("'=G-")  # no spreadsheet runs it


@pytest.mark.parametrize("more", [("--compact",), ("--resume",), ("--changes",)], ids=["compact", "parts", "changes"])
def test_every_way_through_gives_the_same(
    more: tuple[str, ...], held: tuple[Path, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BATCH_ROWS", 100)
    monkeypatch.setattr(stream, "PART_ROWS", 200)
    source, groups = held
    assert screen(source, tmp_path / "out.parquet", *more, "--consignments", f"{tmp_path}/groups.jsonl") == 0
    assert read(tmp_path / "groups.jsonl") == groups


def test_from_standard_input_to_standard_output(held: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> None:
    source, groups = held
    command = [sys.executable, "-m", "tidegate.cli", "screen", "-", "-o", "-", "--format", "csv", "--quiet"]
    with source.open("rb") as text:
        done = subprocess.run(
            [*command, "--consignments", "groups.jsonl"], stdin=text, capture_output=True, cwd=tmp_path
        )
    assert done.returncode == 0, done.stderr
    assert read(tmp_path / "groups.jsonl") == groups
    assert [path.name for path in tmp_path.iterdir()] == ["groups.jsonl"]


def test_a_run_that_was_cut_off_goes_on(
    held: tuple[Path, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BATCH_ROWS", 100)
    monkeypatch.setattr(stream, "PART_ROWS", 200)
    source, groups = held
    asked = (source, tmp_path / "out.jsonl", "--resume", "--consignments", f"{tmp_path}/groups.csv")
    one = stream._Run._one

    def cut(self: Any, *given: Any) -> None:
        if self.rows >= 250:
            raise KeyboardInterrupt
        one(self, *given)

    with monkeypatch.context() as during:
        during.setattr(stream._Run, "_one", cut)
        assert screen(*asked) == 130
    parts = tmp_path / "out.jsonl.parts"
    assert (parts / "part-000000.json").exists()
    assert {path.name for path in tmp_path.iterdir() if path != parts} <= {"out.rejects.jsonl"}
    stamp = (parts / "part-000000.jsonl").stat().st_mtime_ns

    def kept(self: Any, paths: list[Path], *rest: Any) -> Any:
        assert paths[0].stat().st_mtime_ns == stamp  # the first part was not decided again
        return join(self, paths, *rest)

    join = stream._Run._join
    monkeypatch.setattr(stream._Run, "_join", kept)
    assert screen(*asked) == 0
    assert read(tmp_path / "groups.csv") == groups


def test_parts_of_a_run_that_asked_for_none_are_decided_again(
    held: tuple[Path, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, groups = held
    monkeypatch.setattr(stream._Run, "_join", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert screen(source, tmp_path / "out.jsonl", "--resume") == 130
    monkeypatch.undo()
    path = tmp_path / "groups.jsonl"
    assert screen(source, tmp_path / "out.jsonl", "--resume", "--consignments", str(path)) == 0
    assert read(path) == groups


def test_a_number_is_read_alike_in_rows_and_in_bulk(tmp_path: Path) -> None:
    numbers = ["C1", " C1", "C1 ", "", "  ", None, "C2"]
    rows = [{**(SETTLED if n == 6 else CLEAR), "id": str(n), "consignment": c} for n, c in enumerate(numbers)]
    lines, table = tmp_path / "in.jsonl", tmp_path / "in.parquet"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), table)
    found = []
    for source in (lines, table):
        summary = screen_file(source, tmp_path / "out.jsonl", book=BOOK, consignments=tmp_path / "groups.jsonl")
        assert summary.consignment_outcomes() == {"clear": 2}
        assert (summary.outcomes["clear"], summary.clear_to_verify) == (7, 6)
        found.append(read(tmp_path / "groups.jsonl"))
    assert found[0] == found[1]
    assert [(g["consignment"], g["lines"], g["clear"], g["clear_to_verify"]) for g in found[0]] == [
        ("C1", 3, 3, 3), ("C2", 1, 1, 0),
    ]  # fmt: skip


def test_no_row_names_one(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps(CLEAR) + "\n")
    summary = screen_file(source, tmp_path / "out.jsonl", book=BOOK, consignments=tmp_path / "groups.csv")
    assert any("no row names a consignment" in note for note in summary.notes)
    assert (tmp_path / "groups.csv").read_text().splitlines() == [",".join(COLUMNS)]


def test_more_than_memory_holds_goes_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count, at_once = 1_000_000, 125_000
    lines = Lines(tmp_path / "lines.parquet")
    for first in range(0, count, at_once):
        rows = np.arange(first, first + at_once)
        numbers = pa.array([f"C{row // 2:09}" for row in rows.tolist()]).dictionary_encode()
        lines.add(numbers, rows % 4, rows % 3 == 0, rows + 1)
    lines.close()
    monkeypatch.setattr(duckdb, "SPILLING", "60MB")
    assert gather([tmp_path / "lines.parquet"], tmp_path / "groups.parquet") == count // 2
    table = pq.read_table(tmp_path / "groups.parquet")
    assert sum(table["lines"].to_pylist()) == count
    assert Counter(table["outcome"].to_pylist()) == {"needs": count // 4, "prohibited": count // 4}
    assert {path.name for path in tmp_path.iterdir()} == {"lines.parquet", "groups.parquet"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("groups.txt.gz", "the name does not say which format to write"),
        ("-", "the name does not say which format to write"),
        ("out.csv", "is the file of the decisions itself; name another file for the consignments"),
        ("in.csv", "is the input itself"),
        ("sum.csv", "is the summary itself"),
        ("nowhere/groups.csv", "cannot be written: No such file or directory"),
    ],
)
def test_what_will_not_do_ends_the_run_before_it_begins(
    name: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("id,date,export,import,hs\nA,2026-11-21,AU,MY,391510\n")
    before = Path("in.csv").read_bytes()
    assert screen("in.csv", "out.csv", "--summary", "sum.csv", "--consignments", name) == 2
    told = capsys.readouterr().err
    assert why in told
    assert told.count("\n") == 1
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("in.csv", before)]


def test_a_run_that_fails_leaves_an_earlier_file(tmp_path: Path) -> None:
    source, groups = tmp_path / "in.xlsx", tmp_path / "groups.csv"
    source.write_text("no workbook")
    groups.write_text("earlier")
    assert screen(source, tmp_path / "out.jsonl", "--consignments", str(groups)) == 2
    assert groups.read_text() == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["groups.csv", "in.xlsx"]
