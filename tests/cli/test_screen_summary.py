"""`tidegate screen --summary`: the counts of a run as a file agree with its decisions, whichever way it went."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tidegate.batch import Summary, stream
from tidegate.cli import main
from tidegate.cli.summary import print_summary
from tidegate.formats.writers import AtomicFile

CLEAN = {
    "hs": "391510", "polymers": {"PE": 99}, "contamination_pct": 1, "operation": "R3", "hazardous": False,
    "waste": True, "facts": {"to_specification": True},
}  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {"id": "A", "date": "2026-11-21", "export": "AU", "import": "MY", "hs": "391510", "net_kg": 24000},
    {"id": "B", "date": "2026-11-20", "export": "JP", "import": "KH", "hs": "391510", "consignment": "C1"},
    {"id": "C", "date": "2026-12-01", "export": "JP", "import": "TH", "hs": "391590", "consignment": "C1"},
    {"id": "D", "date": "2024-06-15", "export": "NL", "import": "VN", "entry": "B3011", "consignment": "=C2"},
    {"id": "E", "date": "2024-06-15", "export": "NL", "import": "DE", "entry": "Y48"},
    # clear on paper with something left to verify, and with nothing
    {"id": "G", "date": "2026-01-01", "export": "JP", "import": "US", **CLEAN},
    {"id": "H", "date": "2018-06-01", "export": "JP", "import": "KR", **CLEAN},
    {"id": "F", "date": "never", "export": "NL", "import": "VN"},
]
TABLES = ("exports", "imports", "flows", "entries", "months")


def shipments(path: Path, rows: Iterable[dict[str, Any]] = ROWS) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def screen(source: Path | str, output: Path | str, summary: Path, *more: str) -> int:
    return main(["screen", str(source), "-o", str(output), "--summary", str(summary), "--quiet", *more])


def of_json(path: Path) -> dict[str, dict[tuple[str, str, str], int]]:
    """The counts of the JSON in the form of the table: group → (key, outcome, effect) → count."""
    held = json.loads(path.read_text(encoding="utf-8"))
    out: dict[str, dict[tuple[str, str, str], int]] = {
        "source": {(held["source"], "", ""): held["rows"]},
        "rulebook": {(held["rulebook"], "", ""): held["decided"]},
        "rules": {(rule, "", e): n for rule, counts in held["effects"].items() for e, n in counts.items()},
    }
    left = {f"clear_to_verify_by.{name}": counts for name, counts in held["clear_to_verify_by"].items()}
    out |= {name: {(k, "clear", ""): n for k, n in counts.items()} for name, counts in left.items()}
    out["clear_to_verify"] = {("", "clear", ""): held["clear_to_verify"]} if held["clear_to_verify"] else {}
    out |= {name: {("", "", ""): held[name]} for name in ("rows", "decided", "rejected")}
    out |= {name: {("", o, ""): n for o, n in held[name].items()} for name in ("outcomes", "consignment_outcomes")}
    out |= {name: {(k, o, ""): n for k, c in held[name].items() for o, n in c.items()} for name in TABLES}
    out |= {name: {(k, "", ""): n for k, n in held[name].items()} for name in ("missing", "questions", "reject_fields")}
    assert {rule: sum(counts.values()) for rule, counts in held["effects"].items()} == held["rules"]
    assert {rule: c["prohibit"] for rule, c in held["effects"].items() if "prohibit" in c} == held["prohibiting"]
    return {name: counts for name, counts in out.items() if counts}


def of_csv(text: str) -> dict[str, dict[tuple[str, str, str], int]]:
    """The same of the CSV."""
    out: dict[str, dict[tuple[str, str, str], int]] = {}
    for line in csv.DictReader(io.StringIO(text, newline="")):
        cell = (line["key"], line["outcome"], line["effect"])
        assert cell not in out.setdefault(line["group"], {})
        out[line["group"]][cell] = int(line["count"])
    return out


def of_decisions(decisions: list[dict[str, Any]], rows: Iterable[dict[str, Any]]) -> dict[str, Counter[Any]]:
    """The same, counted from the decisions."""
    given = {row["id"]: row for row in rows}
    out: dict[str, Counter[Any]] = {}

    def count(group: str, key: str = "", outcome: str = "", effect: str = "") -> None:
        out.setdefault(group, Counter())[key, outcome, effect] += 1

    for decision in decisions:
        row, outcome = given[decision["id"]], decision["outcome"]
        count("decided")
        count("outcomes", outcome=outcome)
        left = outcome == "clear" and bool(decision["verify"])
        if left:
            count("clear_to_verify", outcome=outcome)
        for table, key in (
            ("exports", row["export"]),
            ("imports", row["import"]),
            ("flows", f"{row['export']}>{row['import']}"),
            ("entries", decision["entry"] or "open"),
            ("months", row["date"][:7]),
        ):
            count(table, key, outcome)
            if left:
                count(f"clear_to_verify_by.{table}", key, outcome)
        for reason in decision["reasons"]:
            count("rules", reason["rule"], effect=reason["effect"])
        for kind in {kind for missing in decision["missing"] for kind in missing["documents"]}:
            count("missing", kind)
        for question in decision["questions"]:
            count("questions", question["fact"])
    return out


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def agree(found: dict[str, dict[tuple[str, str, str], int]], wanted: dict[str, Counter[Any]]) -> None:
    for group, counts in wanted.items():
        assert found[group] == counts, group
    decided = found["decided"]["", "", ""]
    for group in ("outcomes", *TABLES):
        assert sum(found[group].values()) == decided, group
    rejected = sum(found["rejected"].values())
    assert sum(found["rows"].values()) == decided + rejected
    assert sum(found.get("reject_fields", {}).values()) == rejected


@pytest.mark.parametrize("more", [(), ("--resume",), ("--changes",)], ids=["rows", "parts", "changes"])
def test_json_and_csv_agree_with_the_decisions(more: tuple[str, ...], tmp_path: Path) -> None:
    source, output = shipments(tmp_path / "in.jsonl"), tmp_path / "out.jsonl"
    for name in ("sum.json", "SUM.CSV"):
        assert screen(source, output, tmp_path / name, *more) == 0
    found, table = of_json(tmp_path / "sum.json"), of_csv((tmp_path / "SUM.CSV").read_bytes().decode())
    assert found == table
    agree(found, of_decisions(lines(output), ROWS))
    assert found["source"] == {("in.jsonl", "", ""): 8}
    assert found["reject_fields"] == {("date", "", ""): 1}
    assert sum(found["consignment_outcomes"].values()) == 2
    assert {effect for _, _, effect in found["rules"]} >= {"prohibit"}
    left = {"in.jsonl", "out.jsonl", "out.rejects.jsonl", "sum.json", "SUM.CSV"}
    assert {path.name for path in tmp_path.iterdir()} == left


def test_bulk_and_compact_give_the_counts_of_single_rows(tmp_path: Path) -> None:
    rows = ROWS[:7]
    by_row = tmp_path / "rows.json"
    assert screen(shipments(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl", by_row) == 0
    source = tmp_path / "in.parquet"
    names = dict.fromkeys(name for row in rows for name in row)
    pq.write_table(pa.Table.from_pylist([{**names, **row} for row in rows]), source)
    for more in ((), ("--compact",)):
        assert screen(source, tmp_path / "out.parquet", tmp_path / "bulk.json", *more) == 0
        found, wanted = of_json(tmp_path / "bulk.json"), of_json(by_row)
        assert {**found, "source": None} == {**wanted, "source": None}
        assert str(tmp_path) not in (tmp_path / "bulk.json").read_text()


def test_a_run_that_was_cut_off_is_counted_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BATCH_ROWS", 5)
    monkeypatch.setattr(stream, "PART_ROWS", 10)
    rows = [{**row, "id": f"{row['id']}{n}"} for n in range(8) for row in ROWS]
    source, output, summary = shipments(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl", tmp_path / "sum.json"
    one = stream._Run._one
    met = []

    def cut(self: Any, *given: Any) -> None:
        met.append(1)
        if len(met) == 6:
            raise KeyboardInterrupt
        one(self, *given)

    with monkeypatch.context() as during:
        during.setattr(stream._Run, "_one", cut)
        assert screen(source, output, summary, "--resume") == 130
    assert (tmp_path / "out.jsonl.parts" / "part-000000.json").exists()
    assert not summary.exists()
    assert not list(tmp_path.glob(".sum*"))
    assert screen(source, output, summary, "--resume") == 0
    agree(of_json(summary), of_decisions(lines(output), rows))
    assert of_json(summary)["decided"] == {("", "", ""): 56}


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_from_standard_input_to_standard_output(kind: str, tmp_path: Path) -> None:
    text = "".join(json.dumps(row) + "\n" for row in ROWS)
    command = [sys.executable, "-m", "tidegate.cli", "screen", "-", "-o", "-", "--summary", f"sum.{kind}", "--quiet"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    path = tmp_path / f"sum.{kind}"
    found = of_json(path) if kind == "json" else of_csv(path.read_text(encoding="utf-8"))
    agree(found, of_decisions([line for line in told if "outcome" in line], ROWS))
    assert found["source"] == {("standard input", "", ""): 8}


def test_one_shipment_and_none_decided(tmp_path: Path) -> None:
    assert screen(shipments(tmp_path / "in.jsonl", ROWS[:1]), tmp_path / "out.jsonl", tmp_path / "one.csv") == 0
    agree(of_csv((tmp_path / "one.csv").read_text()), of_decisions(lines(tmp_path / "out.jsonl"), ROWS))
    assert screen(shipments(tmp_path / "in.jsonl", ROWS[7:]), tmp_path / "out.jsonl", tmp_path / "none.csv") == 3
    found = of_csv((tmp_path / "none.csv").read_text())
    assert (found["decided"], found["rejected"]) == ({("", "", ""): 0}, {("", "", ""): 1})


def test_a_name_that_a_spreadsheet_would_run_is_quoted(tmp_path: Path) -> None:
    source = shipments(tmp_path / "=1+1.jsonl", ROWS[:1])
    assert screen(source, tmp_path / "out.jsonl", tmp_path / "sum.csv") == 0
    assert "source,'=1+1.jsonl,,,1\r\n" in (tmp_path / "sum.csv").read_bytes().decode()


@pytest.mark.parametrize(("last", "shown"), [("2027-12", "month"), ("2028-01", "year")])
def test_the_terminal_counts_by_month_where_two_years_hold_them(
    last: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = Summary(rows=3, decided=3)
    for month in ("2026-01", "2026-02", last):
        summary.add_month(month, "clear", 1, to_verify=False)
    print_summary(summary)
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [shown] in table
    assert (
        ["2026", "·", "·", "·", "·", "2"] in table if shown == "year" else ["2026-02", "·", "·", "·", "·", "1"] in table
    )


# ── what is refused ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["sum.txt", "sum", "sum.jsonl", "sum.json.gz", "-", ""])
def test_any_other_ending_is_refused_before_anything_is_screened(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source, output = shipments(tmp_path / "in.jsonl"), tmp_path / "out.jsonl"
    assert main(["screen", str(source), "-o", str(output), "--summary", name]) == 2
    wanted = f"{Path(name)}: a summary is written as JSON or CSV: give a name that ends in .json or .csv"
    assert capsys.readouterr().err == f"tidegate screen: {wanted}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("in.csv", "is the input itself"),
        ("./sub/../in.csv", "is the input itself"),
        ("hard.csv", "is the input itself"),
        ("out.csv", "is the file of the decisions itself"),
        ("link.csv", "is the file of the rejects itself"),
        ("papers.csv", "is a register itself"),
        ("permits/sum.csv", "lies among the registers of permits"),
        ("a.csv", "is the PDF itself"),
        ("folder.csv", "is a folder"),
    ],
)
def test_a_summary_takes_the_place_of_nothing(
    name: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("id,date,export,import,hs\nA,2026-11-21,AU,MY,391510\n")
    Path("hard.csv").hardlink_to("in.csv")
    Path("link.csv").symlink_to("out.rejects.jsonl")
    for folder in ("sub", "permits", "folder.csv"):
        Path(folder).mkdir()
    Path("papers.csv").write_text("kind,number,status\nAP,EX-AP-2024-0017,valid\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    asked = ["--register", "papers.csv", "--register", "permits", "--pdf", "a.csv"]
    assert main(["screen", "in.csv", "-o", "out.csv", "--summary", name, *asked]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"tidegate screen: --summary {Path(name)}: {why}")
    assert told.count("\n") == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_folder_that_is_not_there_ends_the_run_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = shipments(tmp_path / "in.jsonl"), tmp_path / "out.jsonl"
    assert screen(source, output, tmp_path / "nowhere" / "sum.json") == 2
    assert "nowhere/sum.json: cannot be written" in capsys.readouterr().err
    assert not output.exists()


def test_a_run_that_fails_leaves_an_earlier_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, summary = tmp_path / "in.xlsx", tmp_path / "sum.json"
    source.write_text("no workbook")
    summary.write_text("earlier")
    assert screen(source, tmp_path / "out.jsonl", summary) == 2
    assert capsys.readouterr().err.startswith("tidegate screen: ")
    assert summary.read_text() == "earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.xlsx", "sum.json"]


def test_a_disk_that_is_full_at_the_end_has_the_decisions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output, summary = shipments(tmp_path / "in.jsonl"), tmp_path / "out.jsonl", tmp_path / "sum.json"
    commit = AtomicFile.commit

    def full(self: AtomicFile) -> None:
        if self.path == summary:
            raise OSError(28, "No space left on device")
        commit(self)

    monkeypatch.setattr(AtomicFile, "commit", full)
    assert screen(source, output, summary) == 2
    told = capsys.readouterr().err
    assert told.endswith(f"sum.json: cannot be written: No space left on device; the decisions are in {output}\n")
    assert len(lines(output)) == 7
    assert not list(tmp_path.glob("*sum*"))
