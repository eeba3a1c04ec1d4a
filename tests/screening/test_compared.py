"""What a change of the law would do to a file: by its distinct cases, the same as a row at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tidegate.cli import main
from tidegate.formats import open_shipments
from tidegate.formats.batches import arrow_batches
from tidegate.law import Book, load_rulebook
from tidegate.screening.bulk import compared
from tidegate.screening.bulk.compared import impact_of_batches
from tidegate.screening.impact import Impact, Shift, impact, on_any_day
from tidegate.screening.scenarios import load_scenarios

ROOT = Path(__file__).resolve().parents[2]
STANDARD = ROOT / "examples" / "regional-standard" / "gazetted"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shipments of the scenarios, some twice, with rows that ask for some layers alone and rows that cannot be read."""
    out = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    shipments = [dict(s.shipment) for s in load_scenarios()][::9]
    lines: list[Any] = [*shipments, *shipments[::3]]
    lines[5:5] = [{**shipments[0], "date": "2026-02-30"}, {**shipments[1], "evaluate": ["MY:import"]}]
    lines += [{**shipments[2], "contamination_pct": 101}, {**shipments[3], "transit": ["TH", "PH"]}]
    text = [json.dumps({**row, "id": f"row-{n}"}, default=str) for n, row in enumerate(lines)]
    out.write_text("\n".join([*text[:40], "not JSON", *text[40:]]), encoding="utf-8")
    return out


def both(old: Book, new: Book, path: Path) -> tuple[tuple[Impact, list[Shift]], tuple[Impact, list[Shift]]]:
    """(what comes of it, shipments that change) a row at a time and by distinct cases."""
    types = {name: fact.type for name, fact in new.facts.items()}
    one: list[Shift] = []
    two: list[Shift] = []
    with open_shipments(path, fact_types=types) as reader:
        first = impact(old, new, (raw.data for raw in reader), examples=2, each=one.append)
    with open_shipments(path, fact_types=types) as reader:
        second = impact_of_batches(old, new, arrow_batches(reader, batch_rows=100), examples=2, each=two.append)
    return (first, one), (second, two)


def told(shifts: list[Shift]) -> list[tuple[Any, ...]]:
    return [
        (s.row, s.id, s.before, s.after, s.places, s.rules, s.shipment.date, s.shipment.export, s.shipment.import_)
        for s in shifts
    ]


@pytest.mark.parametrize("any_day", [False, True])
def test_by_distinct_cases_as_a_row_at_a_time(rows: Path, any_day: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compared, "MOST_SETS", 40)  # sessions begin anew now and then
    old, new = load_rulebook(), load_rulebook([STANDARD])
    (first, one), (second, two) = both(old, on_any_day(old, new) if any_day else new, rows)
    assert json.dumps(second.as_dict()) == json.dumps(first.as_dict())  # the order, too
    assert told(two) == told(one)
    assert (second.rejected, bool(two)) == (3, any_day)


def test_a_treaty_that_changes_reaches_every_row(rows: Path, tmp_path: Path) -> None:
    text = (ROOT / "src/tidegate/law/rulebook/basel.yaml").read_text(encoding="utf-8")
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "basel.yaml").write_text(text.replace("longest: {years: 1}", "longest: {years: 2}"), encoding="utf-8")
    (first, _), (second, _) = both(load_rulebook(), load_rulebook([overlay]), rows)
    assert json.dumps(second.as_dict()) == json.dumps(first.as_dict())
    assert second.touched


def test_the_command_says_the_same_of_each_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for kind in ("csv", "parquet"):
        out = tmp_path / f"rows.{kind}"
        assert main(["generate", "300", "-o", str(out), "--profile", "B", "--seed", "4", "--quiet"]) == 0
        capsys.readouterr()
        assert main(["law", "whatif", str(STANDARD), str(out), "--any-day", "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)["shipments"])
    assert found[0] == found[1]
    assert found[0]["changed"] > 10
