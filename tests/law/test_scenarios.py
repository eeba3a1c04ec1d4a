"""Every scenario beside the law holds, each as a test of its own; and what the scenario language promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.law import load_rulebook
from tidegate.screening.scenarios import Scenario, ScenarioError, compare, load_scenarios, overlay, run

SHIPPED = load_scenarios()


@pytest.mark.parametrize("scenario", SHIPPED, ids=lambda s: s.id)
def test_the_law_gives_what_its_text_says(scenario: Scenario) -> None:
    failures = run(scenario, load_rulebook(()))
    assert not failures, f"{scenario.file} ({scenario.source}):\n  " + "\n  ".join(failures)


def test_scenarios_are_shipped_for_every_national_law() -> None:
    book = load_rulebook(())
    exercised = {rule for scenario in SHIPPED for rule in scenario.rules}
    told = {book.rules[r].state for r in exercised if r in book.rules}
    assert book.national_states <= told


def test_every_rule_that_a_scenario_names_is_in_the_book() -> None:
    book = load_rulebook(())
    assert {r for s in SHIPPED for r in s.rules if r not in book.rules} == set()


# ── the language of scenarios ──────────────────────────────────────────────────────────────────────────────


def test_a_shipment_is_laid_over_its_base_key_by_key() -> None:
    base = {"hs": "3915", "polymers": {"PE": 99}, "facts": {"zone": "none", "used": True}, "consumer": "post"}
    top = {"polymers": {"PET": 99}, "facts": {"zone": "free zone", "used": None}, "consumer": None}
    assert overlay(base, top) == {"hs": "3915", "polymers": {"PET": 99}, "facts": {"zone": "free zone"}}


CASE = """
base:
  clean: {date: 2026-11-21, export: JP, import: TH, hs: '391510', polymers: {PE: 99}, contamination_pct: 1,
    hazardous: false, operation: R3}
scenarios:
  - id: one
    rules: [TH-IMP-BAN-2025]
    source: a source
    base: clean
    shipment: {%s}
    expect: {%s}
"""


def case(tmp_path: Path, shipment: str, expect: str) -> list[str]:
    path = tmp_path / "case.yaml"
    path.write_text(CASE % (shipment, expect), encoding="utf-8")
    (scenario,) = load_scenarios([path])
    return run(scenario, load_rulebook(()))


def test_a_scenario_that_holds_has_no_failures(tmp_path: Path) -> None:
    assert case(tmp_path, "", "outcome: prohibited, binds: [TH-IMP-BAN-2025]") == []


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("outcome: clear", "outcome: expected clear, found prohibited"),
        ("entry: Y48", "entry: expected Y48, found B3011"),
        ("entry: null", "entry: expected nothing, found B3011"),
        ("regime: pic_required", "regime: expected pic_required, found no_basel_control"),
        ("layers: {'national:TH:import': clear}", "expected national:TH:import to be clear, found"),
        ("layers: {basel: pic_required}", "basel to be pic_required, found no_basel_control"),
        ("layers: {'national:TH:import': null}", "expected no layer national:TH:import, found"),
        ("binds: [TH-IMP-LIC-PRE2025]", "binds: expected TH-IMP-LIC-PRE2025 among them"),
        ("not_binds: [TH-IMP-BAN-2025]", "not_binds: did not expect TH-IMP-BAN-2025"),
        ("effects: {TH-IMP-BAN-2025: allow}", "effects: expected TH-IMP-BAN-2025 to allow, found prohibit"),
        ("missing: {JP-EXP-BASEL: [NO_SUCH]}", "missing: expected NO_SUCH for JP-EXP-BASEL, found none"),
        ("missing: [NO_SUCH]", "missing: expected NO_SUCH, found"),
        ("questions: [zone]", "questions: expected zone among them"),
        ("verify: [mould]", "verify: expected mould among them"),
        ("alerts: [NO-SUCH]", "alerts: expected NO-SUCH among them"),
        ("changes: [{date: 2027-01-01, outcome: clear}]", "changes: expected 2027-01-01 clear, found none"),
        ("reject: hs", "reject: expected field hs to be refused"),
    ],
)
def test_what_comes_out_otherwise_is_said_in_words(tmp_path: Path, expect: str, said: str) -> None:
    failures = case(tmp_path, "", expect)
    assert any(said in failure for failure in failures), failures


def test_an_expected_reject_holds_and_an_unexpected_one_fails(tmp_path: Path) -> None:
    assert case(tmp_path, "contamination_pct: 120", "reject: contamination_pct") == []
    failures = case(tmp_path, "contamination_pct: 120", "outcome: clear")
    assert len(failures) == 1
    assert "rejected: contamination_pct: 120" in failures[0]


def test_missing_papers_by_rule_are_exact() -> None:
    decision = {
        "missing": [
            {"rule": "A", "documents": ["X", "Y"], "why": "not held"},
            {"rule": "A", "documents": ["Z"], "why": "expired"},
        ],
        "reasons": [],
        "questions": [],
        "verify": [],
        "alerts": [],
    }
    assert compare({"missing": {"A": ["Z", "X", "Y"], "B": []}}, decision) == []
    said = ["missing: expected X, Y for A, found X, Y, Z"]
    assert compare({"missing": {"A": ["X", "Y"]}}, decision) == said
    assert compare({"missing_why": {"A": ["expired", "not held"]}}, decision) == []
    assert compare({"missing_why": {"A": "expired"}}, decision) != []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scenarios: [{id: a, rules: [], source: s, expect: {outcom: clear}}]", "expect.outcom"),
        ("scenarios: [{id: a, rules: [], source: s, expect: {outcome: fine}}]", "expect.outcome is 'fine'"),
        ("scenarios: [{id: a, rules: [], source: s, base: x, expect: {outcome: clear}}]", "base is 'x'"),
        ("scenarios: [{id: a, rules: [], expect: {outcome: clear}}]", "source is None"),
        ("scenarios: [{id: a, rules: [], source: s}]", "expect is None"),
        ("scenarios: [{id: a, rules: [], source: s, expects: {}}]", "expects is {}"),
        ("scenarios: [{rules: []}]", "expected a mapping with an id"),
        ("scenario: []", "unknown key 'scenario'"),
        ("scenarios: {a: 1}", "expected a list"),
        ("- a", "expected a mapping"),
        ("a: [", "not readable as YAML"),
        ("scenarios: [{id: a, rules: [], source: s, expect: {layers: {eu: fine}}}]", "expect.layers.eu"),
    ],
)
def test_a_scenario_file_that_cannot_be_read_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"bad\.yaml") as caught:
        load_scenarios([path])
    assert said in str(caught.value)


def test_two_scenarios_may_not_share_an_id(tmp_path: Path) -> None:
    text = "scenarios: [{id: a, rules: [], source: s, expect: {outcome: clear}}]"
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"scenario a: id stands in .*one\.yaml too"):
        load_scenarios([tmp_path])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nowhere\.yaml: cannot be read"):
        load_scenarios([tmp_path / "nowhere.yaml"])


def test_an_overlay_brings_scenarios_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "own.yaml").write_text(
        "scenarios: [{id: own-case, rules: [], source: s, expect: {outcome: clear}}]", encoding="utf-8"
    )
    ids = {s.id for s in load_scenarios(overlays=[tmp_path])}
    assert "own-case" in ids
    assert {s.id for s in SHIPPED} < ids
