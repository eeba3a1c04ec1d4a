"""Odd and hostile rows: decided or rejected row by row exactly as in batches, with nothing lost and no row's answer
turning on its neighbours."""

from __future__ import annotations

import csv
import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tidegate.batch import screen_file, stream
from tidegate.formats import rejects_path
from tidegate.law import load_rulebook
from tidegate.screening import Reject, decide, parse_shipment

BOOK = load_rulebook(())
ROW: dict[str, Any] = {"id": "1", "date": "2026-11-21", "export": "JP", "import": "MY", "hs": "391510"}
TWO: dict[str, Any] = {"id": ["a", "b"], "date": ["2026-11-21"] * 2, "export": ["JP"] * 2, "import": ["MY"] * 2}
ACCEPTED = dict[int, dict[str, Any]]


def screened(source: Path, output: Path, **how: Any) -> tuple[ACCEPTED, dict[int, str]]:
    """Decisions by row, and the field of each reject by row."""
    screen_file(source, output, book=BOOK, **how)
    decided = {d["row"]: d for d in map(json.loads, output.open(encoding="utf-8"))}
    if how.get("changes"):
        decided = {row: {**d, "changes": []} for row, d in decided.items()}
    path = rejects_path(output)
    rejects = map(json.loads, path.open(encoding="utf-8")) if path.exists() else ()
    return decided, {r["row"]: r["error"]["field"] for r in rejects}


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("odd", "field"),
    [
        ({"facts": {"storage_steps": 1e50}}, None),  # once the end of the run
        ({"documents": "[" * 50_000}, "documents"),
        ({"polymers": '{"PE": NaN}'}, "polymers"),
        ({"documents": 5}, "documents[0]"),
        ({"id": True}, "id"),
        ({"id": {"a": 1}}, "id"),
        ({"date": "2026-W47-6"}, "date"),
        ({"export": "ß"}, "export"),  # its capital letters are those of South Sudan
        ({"facts": {"form": ["bale"]}}, "facts.form"),
        ({"facts": {"VN:transit": 5}}, "facts.VN:transit"),
        ({"facts": {"VN:transit": {"used": "maybe"}}}, "facts.VN:transit.used"),
        ({"transit": [{"state": "SG", "facts": {"used": "maybe"}}]}, "transit[0].facts.used"),
        ({"material": ["tyres"]}, "material"),
        ({"documents": [{"kind": "AP", "renewals": [{"days": 1.5}]}]}, "documents[0].renewals[0].days"),
        ({"lot": 5, "marks": [1, {"a": None}], "facts": {"shoe": 41}, "consignee": {"vat": 7}}, None),
        ({"facts": {"VN:transit": {"shoe": "41"}}}, None),
    ],
)
def test_lines_one_by_one_and_in_batches(odd: dict[str, Any], field: str | None, tmp_path: Path) -> None:
    source = lines(tmp_path / "in.jsonl", {**ROW, **odd}, ROW)
    single = screened(source, tmp_path / "single.jsonl")
    assert screened(source, tmp_path / "batch.jsonl", resume=True) == single
    decided, rejected = single
    assert rejected == ({} if field is None else {1: field})
    assert len(decided) + len(rejected) == 2
    if field is None:
        beside = {name: value for name, value in odd.items() if name != "consignee" and name in decided[1]}
        assert all(decided[1][name] == value for name, value in beside.items())
        assert "storage_steps" in odd.get("facts", {}) or beside


@pytest.mark.parametrize(
    ("column", "rejected"),
    [
        ({"date": pa.array([2**30, 20_000], pa.int32()).cast(pa.date32())}, {1: "date"}),
        ({"events.arrived": pa.array([2**30, None], pa.int32()).cast(pa.date32())}, {1: "events.arrived"}),
        ({"export": [b"JP", b"\xff"]}, {2: "export"}),
        ({"id": [1.0, float("nan")]}, {2: "id"}),
        ({"documents": [{"kind": "COA"}, None]}, {}),
        ({"transit": [["SG", None], ["SG"]]}, {1: "transit[1]"}),
        ({"contamination_pct": [float("nan"), 101.0]}, {2: "contamination_pct"}),
        ({"hs": [float("nan"), 391510.0]}, {}),
        ({"facts.form": [["bale"], None]}, {1: "facts.form"}),
        ({"events": ['{"arrived": "2026-11-20"}', "x"]}, {2: "events"}),
        ({"polymers": [{"PE": 50.0}, {"PE": 50.0}], "polymers.PE": [None, 40.0]}, {2: "polymers.PE"}),
        ({"stamp": [b"\xff", b"x"], "lot": [float("nan"), float("inf")]}, {}),
    ],
)
def test_columns_of_parquet_one_by_one_and_in_batches(
    column: dict[str, Any], rejected: dict[int, str], tmp_path: Path
) -> None:
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table({**TWO, **column}), source)
    batch, fields = screened(source, tmp_path / "batch.jsonl")
    assert fields == rejected
    assert len(batch) + len(fields) == 2
    single, _ = screened(source, tmp_path / "single.jsonl", changes=True)  # asked for changes, rows are read one by one
    beside = {"stamp", "lot"}
    assert {r: {k: v for k, v in d.items() if k not in beside} for r, d in batch.items()} == {
        r: {k: v for k, v in d.items() if k not in beside} for r, d in single.items()
    }


def test_the_same_mix_in_another_order_and_company_is_the_same() -> None:
    def deserves(**polymers: float) -> dict[str, Any]:
        raw = {**ROW, "date": "2020-03-04", "export": "GH", "import": "KH", "hs": None, "polymers": polymers}
        return decide(parse_shipment(raw, BOOK), BOOK)

    assert deserves(PE=50, PP=50) == deserves(PP=50, PE=50)
    assert deserves(PE=50, mixed=50) == deserves(mixed=50, PE=50)


def test_a_mix_is_decided_alike_whoever_comes_before_it(tmp_path: Path) -> None:
    mix = {"id": "2", "date": "2020-03-04", "export": "GH", "import": "KH", "polymers": {"LDPE": 50.0, "XYZ": 50.0}}
    before = {**ROW, "polymers": {"XYZ": 0}}  # names the polymer first, and holds none of it
    alone, _ = screened(lines(tmp_path / "a.jsonl", mix), tmp_path / "alone.jsonl")
    after, _ = screened(lines(tmp_path / "b.jsonl", before, mix), tmp_path / "after.jsonl", resume=True)
    assert {**after[2], "row": 1} == alone[1]


def test_facts_of_more_layers_than_a_table_has_columns(tmp_path: Path) -> None:
    states = sorted(BOOK.states)
    facts = ("used", "cut", "cleaned", "own_plant", "listed_item")
    rows = [
        {**ROW, "id": f"{state}{role}", "facts": {f"{state}:{role}": dict.fromkeys(facts, True)}}
        for state in states[:200]
        for role in ("import", "export", "transit")
    ]
    source = lines(tmp_path / "in.jsonl", *rows)
    decided, rejected = screened(source, tmp_path / "out.jsonl", resume=True)
    assert len(decided) == len(rows) == 600
    assert not rejected


def test_a_renewal_of_unknown_length_leaves_the_end_open() -> None:
    def why(days: int | None) -> tuple[str | None, bool]:
        paper = {"kind": "COA", "issued": "2020-01-01", "valid_to": "2020-12-31"}
        paper["renewals"] = [{"from": "2020-12-01", "days": days}]  # type: ignore[assignment]
        decision = decide(parse_shipment({**ROW, "waste": True, "documents": [paper]}, BOOK), BOOK)
        missing = {m["rule"]: m["why"] for m in decision["missing"]}
        return missing.get("MY-IMP-COA-2025"), any(v["fact"] == "document:COA" for v in decision["verify"])

    assert why(30) == ("expired", False)
    assert why(None) == (None, True)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_parts_with_columns_of_their_own_come_together(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BATCH_ROWS", 2)
    monkeypatch.setattr(stream, "PART_ROWS", 2)
    rows = [{**ROW, "id": str(n), f"note {n // 2}": f'a "{n}"\nb'} for n in range(6)]
    output = tmp_path / f"out.{kind}"
    screen_file(lines(tmp_path / "in.jsonl", *rows), output, book=BOOK, resume=True)
    if kind == "csv":
        with output.open(encoding="utf-8", newline="") as file:
            found: list[dict[str, Any]] = list(csv.DictReader(file))
    elif kind == "parquet":
        found = pq.read_table(output).to_pylist()
    else:
        found = [json.loads(line) for line in output.open(encoding="utf-8")]
    assert [row["id"] for row in found] == [str(n) for n in range(6)]
    assert [row.get(f"note {n // 2}") for n, row in enumerate(found)] == [f'a "{n}"\nb' for n in range(6)]


def test_a_run_does_not_go_on_from_another_file_of_the_same_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BATCH_ROWS", 2)
    monkeypatch.setattr(stream, "PART_ROWS", 2)
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"

    def stop(done: int, of: int | None, rows: int) -> None:
        if rows >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        screen_file(lines(source, *[ROW] * 6), output, book=BOOK, resume=True, progress=stop)
    lines(source, *[{**ROW, "import": "TH"}] * 6)
    screen_file(source, output, book=BOOK, resume=True)
    layers = [[layer["layer"] for layer in json.loads(line)["layers"]] for line in output.open(encoding="utf-8")]
    assert all("national:TH:import" in names for names in layers)


def test_a_number_that_is_none_never_comes_out_as_one(tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    when = [dt.datetime.fromisoformat("2026-01-01"), None]
    table = {**TWO, "lot": [float("nan"), 1.5], "when": when, "mass": [Decimal("1.10"), None]}
    pq.write_table(pa.table(table), source)
    for kind in ("jsonl", "csv", "xlsx"):
        screen_file(source, tmp_path / f"out.{kind}", book=BOOK)
    text = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert json.loads(text.splitlines()[0])["when"] == "2026-01-01"


def test_what_cannot_be_a_text_is_named() -> None:
    with pytest.raises(Reject, match="declared_entry"):
        parse_shipment({**ROW, "declared_entry": {"a": 1}}, BOOK)
