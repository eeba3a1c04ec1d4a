"""`keep`: the shipment beside its decision, the same by whichever way the file went, and nothing of it lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import tidegate.batch.run as run
import tidegate.batch.stream as stream
from tidegate.batch import WHOLE_SHIPMENT, screen_file
from tidegate.formats import nest
from tidegate.law import load_rulebook
from tidegate.screening import decide, parse_shipment

ROWS: list[dict[str, Any]] = [
    {"id": f"r{n}", "date": "2026-11-21", "export": "DE", "import": "MY", "polymers": {"PE": "90"}, "note": f"n{n}"}
    for n in range(7)
]
# Columns that only later rows have, of the contract and not.
ROWS[4] |= {"facts": {"source": "industrial", "our_own": "7"}, "late": "L"}
ROWS[5] |= {"documents": ["AP", {"kind": "COA", "issued": "2026-01-01"}], "transit": ["SG", "TH"]}
ROWS[6] |= {"consignment": "C1", "import": "XX"}
DECIDED = ROWS[:6]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS))
    return path


@pytest.fixture(params=["row by row", "batches", "parts"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The ways that a file can go; the last two in batches so small that columns come and go between them."""
    if request.param != "row by row":
        monkeypatch.setattr(run, "SMALL_BYTES", 0)
        monkeypatch.setattr(stream, "BATCH_ROWS", 2)
        monkeypatch.setattr(stream, "PART_ROWS", 2)
    return {"resume": request.param == "parts"}


def test_the_whole_shipment_is_read_back(source: Path, tmp_path: Path, way: dict[str, Any]) -> None:
    out = tmp_path / "out.parquet"
    summary = screen_file(source, out, keep=WHOLE_SHIPMENT, **way)
    assert (summary.rows, summary.decided, summary.rejected) == (7, 6, 1)
    book = load_rulebook()
    found = pq.read_table(out).to_pylist()
    assert [row["id"] for row in found] == [row["id"] for row in DECIDED]
    for row, given in zip(found, DECIDED, strict=True):
        kept = {name: value for name, value in row.items() if name.partition(".")[0] in WHOLE_SHIPMENT}
        shipment = {"id": row["id"], **nest(kept)}
        assert {k: v for k, v in given.items() if k not in ("note", "late")} == shipment
        # What was kept decides to what was decided.
        again = decide(parse_shipment(shipment, book), book)
        stored = json.loads(row["decision_json"])
        assert {k: v for k, v in again.items() if k != "facts"} == {k: v for k, v in stored.items() if k != "row"}
        assert row["note"] == given["note"]
        assert row["late"] == given.get("late")
    assert not list(tmp_path.glob("*.part*"))


def test_only_what_is_named_is_kept(source: Path, tmp_path: Path, way: dict[str, Any]) -> None:
    out = tmp_path / "out.parquet"
    screen_file(source, out, keep=("import", "polymers"), **way)
    names = pq.read_schema(out).names
    assert {"import", "polymers.PE"} <= set(names)
    assert not {"export", "date", "documents", "transit"} & set(names)


def test_without_keep_the_result_is_as_it_was(source: Path, tmp_path: Path, way: dict[str, Any]) -> None:
    out = tmp_path / "out.parquet"
    screen_file(source, out, **way)
    names = pq.read_schema(out).names
    assert not set(WHOLE_SHIPMENT) - {"facts"} & set(names)
    assert {"note", "late"} <= set(names)
