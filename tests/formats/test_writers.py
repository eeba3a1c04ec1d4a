"""Decisions out: the flat form of the contract, atomic files, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.support import read, shipments
from tidegate.formats import (
    DECISION_COLUMNS,
    DecisionWriter,
    FormatError,
    flat_decision,
    guard,
    output_format,
    reject_for,
    rejects_path,
    unguard,
)

DECISION: dict[str, Any] = {
    "id": "=cmd|' /C calc'!A0",
    "outcome": "needs",
    "entry": None,
    "entry_candidates": ["B3011", "Y48"],
    "eu_entry": None,
    "regime": None,
    "layers": [{"layer": "basel", "regime": None, "rules": ["BASEL-Y48"]}],
    "reasons": [{"rule": "BASEL-Y48"}, {"rule": "MY-IMP-COA-2025"}, {"rule": "BASEL-Y48"}],
    "missing": [
        {"rule": "MY-IMP-COA-2025", "documents": ["COA"], "why": "not held"},
        {"rule": "OTHER", "documents": ["PSI_REPORT", "COA"], "why": "expired"},
    ],
    "questions": [{"fact": "contamination_pct", "rules": [], "decides": []}, {"fact": "waste"}],
    "verify": [],
    "alerts": [],
    "confidence": "high",
    "rulebook": "2026.11.21+abc",
}
FLAT = {
    "id": "=cmd|' /C calc'!A0",
    "row": 7,
    "outcome": "needs",
    "entry": None,
    "entry_candidates": "B3011;Y48",
    "eu_entry": None,
    "regime": None,
    "confidence": "high",
    "rulebook": "2026.11.21+abc",
    "rules": "BASEL-Y48;MY-IMP-COA-2025",
    "missing_documents": "COA;PSI_REPORT",
    "question_facts": "contamination_pct;waste",
}
EXTRA = {"Vessel": "-Example", "outcome": "theirs", "Zeile": "\tt"}
REJECT = reject_for({"id": "9"}, "net_kg", "-5", "a mass of 0 or more", row=8, line=9)


def write(path: Path, **options: Any) -> None:
    with DecisionWriter(path, **options) as writer:
        writer.write(DECISION, row=7, extra=EXTRA)
        writer.write({**DECISION, "id": "plain"}, row=9)
        writer.reject(REJECT)


def test_the_flat_form() -> None:
    flat = flat_decision(DECISION, row=7, extra=EXTRA)
    assert list(flat) == [*DECISION_COLUMNS, "Vessel", "source.outcome", "Zeile"]
    assert json.loads(flat.pop("decision_json")) == DECISION
    assert flat == {**FLAT, "Vessel": "-Example", "source.outcome": "theirs", "Zeile": "\tt"}


@pytest.mark.parametrize("columns", [None, ["Vessel", "outcome", "Zeile"]])
def test_csv(tmp_path: Path, columns: list[str] | None) -> None:
    path = tmp_path / "out.csv"
    write(path, columns=columns)
    raw = list(csv.reader(path.open(encoding="utf-8", newline="")))
    assert raw[0] == [*DECISION_COLUMNS, "Vessel", "source.outcome", "Zeile"]
    first = dict(zip(raw[0], raw[1], strict=True))
    assert first["id"] == "'=cmd|' /C calc'!A0"
    assert first["Vessel"] == "'-Example"
    assert first["Zeile"] == "'\tt"
    assert {k: unguard(v) for k, v in first.items() if k in FLAT} == {
        k: "" if v is None else str(v) for k, v in FLAT.items()
    }
    assert json.loads(first["decision_json"]) == DECISION
    assert raw[2][0] == "plain"


def test_xlsx(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    write(path)
    sheet = openpyxl.load_workbook(path)["decisions"]
    header, first, second = list(sheet.iter_rows())
    assert [cell.value for cell in header] == [*DECISION_COLUMNS, "Vessel", "source.outcome", "Zeile"]
    assert all(cell.data_type in ("s", "n") for cell in (*first, *second))
    assert first[0].value == DECISION["id"]
    assert first[0].data_type == "s"
    assert first[0].quotePrefix
    assert not second[0].quotePrefix
    assert first[1].value == 7


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    write(path)
    first, second = pq.read_table(path).to_pylist()
    assert json.loads(first.pop("decision_json")) == DECISION
    assert first == {**FLAT, "Vessel": "-Example", "source.outcome": "theirs", "Zeile": "\tt"}
    assert second["id"] == "plain"
    assert second["Vessel"] is None


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    write(path)
    first, second = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert list(first)[:2] == ["id", "row"]
    assert first == {**DECISION, "row": 7, "Vessel": "-Example", "source.outcome": "theirs", "Zeile": "\tt"}
    assert second["row"] == 9


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "xlsx", "parquet"])
def test_rejects_stand_beside_and_do_not_outlive_their_run(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out.{suffix}"
    write(path)
    rejects = tmp_path / "out.rejects.jsonl"
    assert rejects_path(path) == rejects
    assert json.loads(rejects.read_text()) == {
        "row": 8, "line": 9, "id": "9",
        "error": {"field": "net_kg", "value": "-5", "expected": "a mass of 0 or more",
                  "message": "row 8, line 9: net_kg: -5 is not a mass of 0 or more"},
    }  # fmt: skip
    with DecisionWriter(path) as writer:
        writer.write(DECISION, row=1)
    assert not rejects.exists()
    assert (writer.decided, writer.rejected) == (1, 0)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "xlsx", "parquet"])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out.{suffix}"
    path.write_bytes(b"old")

    def fail_in_the_middle() -> None:
        with DecisionWriter(path) as writer:
            writer.write(DECISION, row=1)
            writer.reject(REJECT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_the_middle()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"old"


def test_no_decision_at_all_is_still_a_whole_file(tmp_path: Path) -> None:
    for suffix in ("jsonl", "csv", "xlsx", "parquet"):
        with DecisionWriter(tmp_path / f"out.{suffix}"):
            pass
    assert (tmp_path / "out.jsonl").read_bytes() == b""
    assert (tmp_path / "out.csv").read_text().strip() == ",".join(DECISION_COLUMNS)
    assert pq.read_table(tmp_path / "out.parquet").column_names == list(DECISION_COLUMNS)


def test_standard_output_takes_rejects_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    with DecisionWriter("-") as writer:
        writer.write(DECISION, row=1)
        writer.reject(REJECT)
        writer.write(DECISION, row=3)
    assert isinstance(out.buffer, io.BytesIO)
    lines = [json.loads(line) for line in out.buffer.getvalue().splitlines()]
    assert [line.get("outcome") for line in lines] == ["needs", None, "needs"]
    assert next(iter(lines[1])) == "id"
    assert lines[1]["error"]["field"] == "net_kg"
    with pytest.raises(FormatError):
        DecisionWriter("-", format="csv")


def test_formats_by_name() -> None:
    assert [output_format(name) for name in ("a.jsonl", "b.CSV", "c.xlsx", "d.parquet", "-")] == [
        "jsonl", "csv", "xlsx", "parquet", "jsonl",
    ]  # fmt: skip
    for name in ("a.pdf", "a"):
        with pytest.raises(FormatError, match="does not say which format"):
            output_format(name)
    with pytest.raises(FormatError, match="cannot be written"):
        output_format("a.csv", "xml")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be written"):
        DecisionWriter(tmp_path / "none" / "out.csv")


def test_a_column_that_was_not_announced_is_an_error_not_a_loss(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="not announced"), DecisionWriter(tmp_path / "a.csv", columns=[]) as writer:
        writer.write(DECISION, row=1, extra={"Vessel": "x"})


def test_texts_too_long_for_a_cell_stand_whole_on_a_sheet_of_their_own(tmp_path: Path) -> None:
    long = {**DECISION, "id": "L", "alerts": [{"rule": "R", "status": "draft", "text": "ก\x07" * 40_000}]}
    path = tmp_path / "out.xlsx"
    with DecisionWriter(path) as writer:
        writer.write(long, row=5)
    book = openpyxl.load_workbook(path)
    header, first = list(book["decisions"].values)
    shown = dict(zip(header, first, strict=True))["decision_json"]
    assert isinstance(shown, str)
    assert len(shown) < 32_767
    pieces = list(book["long texts"].values)[1:]
    assert {(row, column) for row, column, _, _ in pieces} == {(5, "decision_json")}
    assert json.loads("".join(str(text) for *_, text in pieces)) == long


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.from_regex(
    r"'*[=+\-@\t]?[0-9a-z]*", fullmatch=True
)


@given(TEXT)
def test_guarded_text_is_safe_and_comes_back(text: str) -> None:
    cell = guard(text)
    assert unguard(cell) == text
    try:
        float(cell)
    except ValueError:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=6))
def test_ids_and_passed_columns_come_back_from_every_table(rows: list[tuple[str, str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("csv", "xlsx", "parquet"):
            path = Path(folder) / f"out.{suffix}"
            with DecisionWriter(path, columns=["note"]) as writer:
                for number, (id, note) in enumerate(rows, start=1):
                    writer.write({"id": id, "outcome": "clear"}, row=number, extra={"note": note})
            if suffix == "csv":
                with path.open(encoding="utf-8", newline="") as file:
                    back = [(unguard(r["id"]), unguard(r["note"])) for r in csv.DictReader(file)]
            elif suffix == "parquet":
                back = [(r["id"], r["note"]) for r in pq.read_table(path).to_pylist()]
            else:
                back = [(s["id"], s.get("note", "")) for s in shipments(read(path))]
            assert back == rows
