"""The examples of the how-tos: a draft regional standard, and another waste stream by YAML alone."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.screening.tables import FORMS, differences, expected, screened
from tidegate.batch import screen_file
from tidegate.law import Book, load_rulebook
from tidegate.law.factsheet import factsheet
from tidegate.law.lint import lint
from tidegate.law.search import search
from tidegate.law.standards import standards
from tidegate.law.timeline import changes
from tidegate.screening import decide, parse_shipment
from tidegate.screening.impact import impact
from tidegate.screening.mutation import mutate
from tidegate.screening.scenarios import Scenario, load_scenarios, run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DRAFT, GAZETTED = EXAMPLES / "regional-standard" / "draft", EXAMPLES / "regional-standard" / "gazetted"
BATTERIES = EXAMPLES / "used-batteries"
PROJECT = ("ID", "KH", "LA", "LK", "MY", "PH", "TH", "VN")
FOLDERS = {"draft": DRAFT, "gazetted": GAZETTED, "batteries": BATTERIES}
CASES = [(name, s) for name, folder in FOLDERS.items() for s in load_scenarios([folder / "scenarios"])]


@pytest.mark.parametrize(("name", "scenario"), CASES, ids=[f"{n}-{s.id}" for n, s in CASES])
def test_the_scenarios_of_the_examples_hold(name: str, scenario: Scenario) -> None:
    assert run(scenario, load_rulebook([FOLDERS[name]])) == []


@pytest.mark.parametrize("name", FOLDERS)
def test_the_linter_has_nothing_against_them_and_misses_no_scenario(name: str) -> None:
    folder = FOLDERS[name]
    own = {r for s in load_scenarios([folder / "scenarios"]) for r in s.rules}
    added = [r for r in load_rulebook([folder]).rules.values() if r.source_file.startswith("overlay")]
    assert lint([folder]) == []
    assert {r.id for r in added} == own
    report = mutate([folder], rules=sorted(own), processes=1)
    assert report.mutants > 40
    assert [str(s) for s in report.survivors] == []
    assert report.mistaken == ()


# ── the regional standard ──────────────────────────────────────────────────────────────────────────────────

DIRTY = {
    "date": "2027-08-01",
    "export": "JP",
    "hs": "391510",
    "polymers": {"PE": 97},
    "contamination_pct": 3,
    "hazardous": False,
    "operation": "R3",
    "consumer": "pre",
}


def test_both_variants_say_the_same_but_for_their_standing() -> None:
    for iso in PROJECT:
        texts = [(folder / f"{iso.lower()}.yaml").read_text(encoding="utf-8") for folder in (DRAFT, GAZETTED)]
        rules = [re.sub(r"(?m)^(#|    status:|    instrument:).*$", "", text) for text in texts]
        assert rules[0] == rules[1]


def test_a_draft_alerts_in_each_of_the_eight_states_and_changes_no_outcome() -> None:
    old, new = load_rulebook(()), load_rulebook([DRAFT])
    rows = [{**DIRTY, "id": iso, "import": iso} for iso in PROJECT]
    found = impact(old, new, rows)
    assert (found.shipments, found.changed) == (8, 0)
    assert found.alerts == {f"{iso}-IMP-RCQS-2027": 1 for iso in PROJECT}


def test_gazetted_it_prohibits_what_no_law_prohibited_before() -> None:
    old, new = load_rulebook(()), load_rulebook([GAZETTED])
    rows = [{**DIRTY, "id": iso, "import": iso} for iso in PROJECT]
    found = impact(old, new, rows)
    before = {iso: decide(parse_shipment(row), old)["outcome"] for iso, row in zip(PROJECT, rows, strict=True)}
    barred = {iso for iso, outcome in before.items() if outcome == "prohibited"}
    assert {"TH", "ID", "MY"} <= barred  # a ban, and limits of 2 % already in force
    assert set(found.by_place) == set(PROJECT) - barred
    assert {after for moves in found.by_place.values() for _, after in moves} == {"prohibited"}


def test_the_proposal_stands_beside_the_law_in_the_table_of_standards() -> None:
    from datetime import date

    rows = standards(load_rulebook([DRAFT]), date(2027, 7, 1), states=["project"])
    proposed = {s.state: s for s in rows if not s.binding and f"{s.state}-IMP-RCQS-2027" in s.rules}
    assert set(proposed) == set(PROJECT)
    for standard in proposed.values():
        assert standard.figure("foreign_matter_pct") == 2
        assert standard.figure("target_purity_pct") == 99


# ── another waste stream ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def batteries() -> Book:
    return load_rulebook([BATTERIES])


def test_without_the_overlay_the_stream_is_not_known() -> None:
    shipped = load_rulebook(())
    assert "lead-acid batteries" not in shipped.streams
    assert "BASEL-A1160" not in shipped.rules


def test_a_heading_alone_leads_to_the_questions_that_decide(batteries: Book) -> None:
    raw = {"id": "b", "date": "2026-11-21", "export": "JP", "import": "LK", "hs": "854919"}
    decision = decide(parse_shipment(raw, batteries), batteries)
    assert decision["outcome"] == "undetermined"
    assert set(decision["entry_candidates"]) == {"A1170", "B1090"}
    asked = {q["fact"]: q for q in decision["questions"]}
    assert {"hazardous", "battery_chemistry"} <= set(asked)
    assert batteries.facts["battery_chemistry"].label == "What kind of batteries are they?"
    answered = {**raw, "hazardous": False, "facts": {"battery_chemistry": "lithium"}}
    after = decide(parse_shipment(answered, batteries), batteries)
    assert (after["entry"], after["regime"], after["questions"]) == ("B1090", "no_basel_control", [])


def test_national_law_on_hazardous_waste_reaches_it(batteries: Book) -> None:
    raw = {"id": "b", "date": "2026-11-21", "export": "JP", "import": "PH", "material": "lead-acid batteries"}
    decision = decide(parse_shipment(raw, batteries), batteries)
    assert decision["entry"] == "A1160"
    # PH-IMP-HAZ-1990 bars Annex VIII waste
    assert decision["outcome"] == "prohibited"
    assert "PH-IMP-HAZ-1990" in {r["rule"] for r in decision["reasons"]}


def test_its_fact_is_typed_and_kept(batteries: Book) -> None:
    raw = {"id": "b", "date": "2026-11-21", "export": "JP", "import": "LK", "facts": {"battery_chemistry": "LITHIUM"}}
    assert parse_shipment(raw, batteries).facts == {"battery_chemistry": "lithium"}


# Every kind of the stream's goods, in States with and without a rule of their own, on both sides of the draft's first
# day; what decides is given, denied or left open.
GOODS = (
    {"hs": "854911", "material": "lead-acid batteries"},
    {"hs": "854914", "material": "unsorted batteries"},
    {"hs": "854919", "material": "used batteries"},
    {"hs": "854913"},
)
CHEMISTRY: tuple[dict[str, Any], ...] = (
    {},
    {"battery_chemistry": "lithium", "terminals_protected": True},
    {"battery_chemistry": "nickel-cadmium"},
    {"battery_chemistry": "mixed", "terminals_protected": False},
)


@pytest.fixture(scope="module")
def battery_loads() -> list[dict[str, Any]]:
    """The scenarios of the example, then each combination of the above."""
    rows = [json.loads(json.dumps(s.shipment, default=str)) for s in load_scenarios([BATTERIES / "scenarios"])]
    for goods, known, hazardous, (to, day) in itertools.product(
        GOODS, CHEMISTRY, (None, False, True), (("LK", "2026-12-31"), ("LK", "2027-01-01"), ("PH", "2026-11-21"))
    ):
        row = {"date": day, "export": "JP", "import": to, "operation": "R4", "waste": True, **goods, "facts": known}
        rows.append(row | ({} if hazardous is None else {"hazardous": hazardous}))
    return [{**row, "id": str(n)} for n, row in enumerate(rows, start=1)]


@pytest.mark.parametrize("form", FORMS)
def test_the_bulk_path_says_the_same_in_every_field(
    batteries: Book, battery_loads: list[dict[str, Any]], form: str
) -> None:
    wanted = expected(battery_loads, batteries)
    assert {kind for kind, _ in wanted} == {"decided"}
    # The rows are worth comparing: they meet every entry, every outcome but an unlikely one, and the draft's alert.
    assert {"A1160", "A1170", "B1090", None} <= {d["entry"] for _, d in wanted}
    assert {d["outcome"] for _, d in wanted} >= {"prohibited", "undetermined", "needs"}
    assert any("LK-IMP-BATTERY-DRAFT" in {a["rule"] for a in d["alerts"]} for _, d in wanted)
    found = screened([FORMS[form](battery_loads)], batteries)
    assert differences(wanted, found, battery_loads) == []


def test_the_bulk_path_without_the_overlay_says_something_else(
    batteries: Book, battery_loads: list[dict[str, Any]]
) -> None:
    table, book = FORMS["nested"](battery_loads), load_rulebook(())
    # A1170 is an entry of the shipped book, too; its rule there is another one.
    added = {"BASEL-A1160", "BASEL-B1090", "BASEL-B1090-METALS", "LK-IMP-BATTERY-DRAFT"}
    assert not added & {*book.rules}
    met: set[str] = set()
    for (_, laid), (kind, shipped) in zip(screened([table], batteries), screened([table], book), strict=True):
        assert kind == "decided"
        named = {item["rule"] for item in laid["reasons"] + laid["alerts"]} & added
        met |= named
        assert not named & {item["rule"] for item in shipped["reasons"] + shipped["alerts"]}
        if laid["entry"] in ("A1160", "B1090"):
            assert shipped["entry"] != laid["entry"]
    assert met == added


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_file_of_them_says_the_same(
    batteries: Book,
    battery_loads: list[dict[str, Any]],
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Parquet takes the bulk path, few lines go one by one."""
    source, target = tmp_path / f"in.{kind}", tmp_path / "out.jsonl"
    if kind == "parquet":
        pq.write_table(pa.Table.from_batches([FORMS["nested"](battery_loads)]), source)
    else:
        source.write_text("".join(json.dumps(row) + "\n" for row in battery_loads), encoding="utf-8")
    other = "tidegate.batch.run._row_by_row" if kind == "parquet" else "tidegate.batch.stream.screen_batches"
    monkeypatch.setattr(other, lambda *_, **__: pytest.fail("the other path was taken"))
    summary = screen_file(source, target, book=batteries)
    assert (summary.decided, summary.rejected) == (len(battery_loads), 0)
    decided = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    for row, decision in zip(battery_loads, decided, strict=True):
        single = decide(parse_shipment(row, batteries), batteries)
        assert {name: decision.get(name) for name in single} == json.loads(json.dumps(single)), row


def test_the_law_pages_have_something_to_show(batteries: Book) -> None:
    from datetime import date

    assert set(batteries.entries) >= {"A1160", "A1170", "B1090"}
    assert search(batteries, "lead-acid crushed")[0].rule.id == "BASEL-A1160"
    assert "LK-IMP-BATTERY-DRAFT" in factsheet(batteries, "LK", date(2027, 1, 1))
    coming = [c.sentence for c in changes(batteries, date(2026, 11, 21), state="LK")]
    assert "LK-IMP-BATTERY-DRAFT begins" in coming
