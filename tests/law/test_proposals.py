"""Upkeep by people: proposals, and approval by a second person; what a change would change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tidegate.law import Book, load_rulebook
from tidegate.law.lint import lint
from tidegate.law.proposals import Proposal, ProposalError, approve, as_overlay, new_rule, read, rule_change, write
from tidegate.screening.impact import impact, scenario_shifts
from tidegate.screening.scenarios import load_scenarios

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NEW = {
    "id": "ZW-IMP-TRIAL-2027",
    "role": "import",
    "kind": "prohibition",
    "status": "gazetted",
    "confidence": "high",
    "from": "2027-01-01",
    "dates": "seen",
    "hs": ["3915"],
    "basel": ["any"],
    "text": "No plastic scrap.",
    "instrument": "An order that a test made up",
    "url": "https://example.org/order",
    "checked": "2026-11-21",
}
CASES = {
    "scenarios": [
        {
            "id": "zw-trial",
            "rules": ["ZW-IMP-TRIAL-2027"],
            "source": "the order",
            "shipment": {"date": "2027-01-01", "export": "JP", "import": "ZW", "hs": "3915", "evaluate": ["ZW:import"]},
            "expect": {"outcome": "prohibited"},
        }
    ]
}


@pytest.fixture(scope="module")
def book() -> Book:
    return load_rulebook(())


def propose(book: Book, folder: Path, content: dict[str, Any], cases: dict[str, Any] | None = None) -> Proposal:
    return write(folder, content, by="A. Proposer", why="the gazette of today", book=book, at=AT, cases=cases)


def test_a_change_keeps_what_it_does_not_change(book: Book, tmp_path: Path) -> None:
    proposal = propose(book, tmp_path, rule_change(book, "TH-IMP-BAN-2025", {"to": "2027-12-31", "penalty": None}))
    assert (proposal.by, proposal.at, proposal.book, proposal.rules) == (
        "A. Proposer",
        AT,
        book.label,
        ("TH-IMP-BAN-2025",),
    )
    with as_overlay(proposal) as folder:
        rule = load_rulebook([folder]).rules["TH-IMP-BAN-2025"]
    old = book.rules["TH-IMP-BAN-2025"]
    assert str(rule.valid_to) == "2027-12-31"
    assert rule.penalty == ""
    assert (rule.text, rule.hs, rule.event, rule.valid_from) == (old.text, old.hs, old.event, old.valid_from)


def test_a_new_rule_is_written_in_the_order_of_the_format(book: Book, tmp_path: Path) -> None:
    proposal = propose(book, tmp_path, new_rule(book, "ZW", dict(reversed(NEW.items()))))
    assert proposal.path is not None
    (rule,) = yaml.safe_load(proposal.path.read_text(encoding="utf-8"))["rules"]
    assert list(rule)[:3] == ["id", "role", "kind"]
    assert rule["to"] is None


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda b: rule_change(b, "NO-SUCH", {}), "not in the rulebook"),
        (lambda b: rule_change(b, "TH-IMP-BAN-2025", {"id": "X"}), "never changes"),
        (lambda b: rule_change(b, "TH-IMP-BAN-2025", {"until": "2027-01-01"}), "until: not a field of rules"),
        (lambda b: new_rule(b, "ZW", {}), "needs an id"),
        (lambda b: new_rule(b, "ZW", {"id": "TH-IMP-BAN-2025"}), "is in the rulebook already"),
        (lambda b: new_rule(b, "ZZ", {"id": "ZZ-IMP-1"}), "place 'ZZ'"),
    ],
)
def test_a_proposal_that_cannot_be_made_says_why(book: Book, make: Callable[[Book], object], said: str) -> None:
    with pytest.raises(ProposalError, match=said):
        make(book)


@pytest.mark.parametrize(
    ("by", "why", "content", "said"),
    [
        (" ", "x", {"state": "ZW", "rules": [NEW]}, "by: empty"),
        ("A", "", {"state": "ZW", "rules": [NEW]}, "why: empty"),
        ("A", "x", {"state": "ZW"}, "holds no rule"),
        ("A", "x", {"state": "ZW", "ruels": [NEW]}, "ruels: not a table"),
        ("A", "x", {"state": "ZW", "rules": [{}]}, "each with an id"),
    ],
)
def test_a_proposal_needs_a_person_a_reason_and_content(
    book: Book, tmp_path: Path, by: str, why: str, content: dict[str, Any], said: str
) -> None:
    with pytest.raises(ProposalError, match=said):
        write(tmp_path, content, by=by, why=why, book=book)
    assert list(tmp_path.iterdir()) == []


def test_two_proposals_of_one_day_do_not_meet(book: Book, tmp_path: Path) -> None:
    first, second = (propose(book, tmp_path, new_rule(book, "ZW", NEW)) for _ in range(2))
    assert first.path != second.path
    assert {first.id, second.id} == {"2026-11-21-ZW-IMP-TRIAL-2027", "2026-11-21-ZW-IMP-TRIAL-2027-2"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "expected a mapping with `proposal`"),
        ("a: [", "not readable as YAML"),
        ("proposal: {id: x, by: a, at: now, why: w, book: b}\nrules: [{id: a}]", "proposal.at is 'now'"),
        ("proposal: {id: x, at: 2026-01-01, why: w, book: b}", "proposal.by is None"),
        ("proposal: {id: x, by: a, at: 2026-01-01, why: w, book: b}", "holds no rule"),
    ],
)
def test_a_file_that_is_no_proposal_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProposalError) as caught:
        read(path)
    assert said in str(caught.value)
    assert "p.yaml" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProposalError, match=r"p\.yaml: cannot be read"):
        read(tmp_path / "p.yaml")


# ── approval ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_person_approves_and_the_overlay_tells_both(book: Book, tmp_path: Path) -> None:
    proposal = propose(book, tmp_path / "proposals", new_rule(book, "ZW", NEW), cases=CASES)
    into = tmp_path / "overlay"
    law, cases = approve(proposal, by="B. Approver", into=into, at=AT, remarks=["a remark\nof two lines"])
    text = law.read_text(encoding="utf-8")
    for word in ("A. Proposer", "B. Approver", "the gazette of today", proposal.digest, book.label, "# of two lines"):
        assert word in text.partition("state:")[0]
    assert "ZW-IMP-TRIAL-2027" in load_rulebook([into]).rules
    exercised = {r for s in load_scenarios(overlays=[into]) for r in s.rules}
    assert "ZW-IMP-TRIAL-2027" in exercised
    assert cases.parent.name == "scenarios"
    assert [f for f in lint([into]) if "ZW" in f.rule] == []
    assert proposal.path is not None
    approved = read(proposal.path).approved
    assert approved is not None
    assert approved["by"] == "B. Approver"


@pytest.mark.parametrize("name", ["A. Proposer", "a.  PROPOSER ", ""])
def test_nobody_approves_what_he_proposed(book: Book, tmp_path: Path, name: str) -> None:
    proposal = propose(book, tmp_path, new_rule(book, "ZW", NEW))
    with pytest.raises(ProposalError, match=r"second person|empty"):
        approve(proposal, by=name, into=tmp_path / "overlay")
    assert not (tmp_path / "overlay").exists()


def test_a_proposal_is_approved_once(book: Book, tmp_path: Path) -> None:
    proposal = propose(book, tmp_path, new_rule(book, "ZW", NEW))
    approve(proposal, by="B", into=tmp_path / "overlay")
    assert proposal.path is not None
    with pytest.raises(ProposalError, match="approved already, by B"):
        approve(read(proposal.path), by="C", into=tmp_path / "other")


def test_a_later_change_sets_the_earlier_file_aside(book: Book, tmp_path: Path) -> None:
    into = tmp_path / "overlay"
    for name, end in (("one", "2027-01-31"), ("two", "2027-02-28")):
        change = rule_change(book, "TH-IMP-BAN-2025", {"to": end})
        approve(propose(book, tmp_path / name, change), by="B", into=into) if name == "one" else approve(
            propose(book, tmp_path / "one", change), by="B", into=into
        )
    assert str(load_rulebook([into]).rules["TH-IMP-BAN-2025"].valid_to) == "2027-02-28"
    assert len(list(into.glob("*.superseded"))) == 1
    assert lint([into]) == []


def test_a_file_that_holds_more_is_not_set_aside(book: Book, tmp_path: Path) -> None:
    into = tmp_path / "overlay"
    both = rule_change(book, "TH-IMP-BAN-2025", {"to": "2027-01-31"})
    both["rules"].append({**rule_change(book, "TH-IMP-MSW-2019", {})["rules"][0]})
    approve(propose(book, tmp_path, both), by="B", into=into)
    one = propose(book, tmp_path, rule_change(book, "TH-IMP-BAN-2025", {"to": None}))
    with pytest.raises(ProposalError, match="TH-IMP-MSW-2019"):
        approve(one, by="B", into=into)


# ── impact ─────────────────────────────────────────────────────────────────────────────────────────────────

SHIPMENT = {
    "id": "1",
    "date": "2026-12-15",
    "export": "JP",
    "import": "TH",
    "hs": "391510",
    "polymers": {"PE": 99},
    "contamination_pct": 1,
    "hazardous": False,
    "operation": "R3",
}


@pytest.fixture
def ended(book: Book, tmp_path: Path) -> Iterator[Book]:
    """The book under which the ban of Thailand ends in November 2026."""
    proposal = propose(book, tmp_path, rule_change(book, "TH-IMP-BAN-2025", {"to": "2026-11-30"}))
    with as_overlay(proposal) as folder:
        yield load_rulebook([folder])


def test_shipments_that_change_are_counted_by_state_with_examples(book: Book, ended: Book) -> None:
    rows = [
        SHIPMENT,
        {**SHIPMENT, "id": "2"},
        {**SHIPMENT, "id": "3", "date": "2026-11-30"},
        {**SHIPMENT, "id": "4", "import": "MY"},
        {**SHIPMENT, "id": "5", "contamination_pct": 120},
        None,
    ]
    found = impact(book, ended, rows, examples=1)
    assert (found.shipments, found.rejected, found.changed, found.touched) == (4, 2, 2, 0)
    assert found.by_place == {"TH": {("prohibited", "clear"): 2}}
    assert found.moves == {("prohibited", "clear"): 2}
    (example,) = found.examples["TH"]
    assert (example.id, example.row, example.places) == ("1", 1, ("national:TH:import",))


def test_a_shipment_with_the_same_outcome_but_other_alerts_is_touched(book: Book, tmp_path: Path) -> None:
    draft = {**NEW, "id": "TH-IMP-DRAFT", "status": "draft", "kind": "prohibition", "from": "2026-01-01"}
    proposal = propose(book, tmp_path, new_rule(book, "TH", draft))
    with as_overlay(proposal) as folder:
        found = impact(book, load_rulebook([folder]), [SHIPMENT])
    assert (found.changed, found.touched) == (0, 1)
    assert found.alerts == {"TH-IMP-DRAFT": 1}


def test_scenarios_that_break_mend_or_differ(book: Book, ended: Book) -> None:
    scenarios = [s for s in load_scenarios() if "TH-IMP-BAN-2025" in s.rules or s.id.startswith("my-")]
    shifts = {s.scenario: s for s in scenario_shifts(book, ended, scenarios)}
    assert shifts
    assert {s.what for s in shifts.values()} <= {"breaks", "differs"}
    assert all(name.startswith(("th-", "extra-")) or "th" in name for name in shifts)
    broken = [s for s in shifts.values() if s.what == "breaks"]
    assert broken
    assert all(s.told for s in shifts.values())
    back = scenario_shifts(ended, book, [s for s in scenarios if s.id in {b.scenario for b in broken}])
    assert {s.what for s in back} == {"mends"}


def test_a_book_changes_nothing_of_itself(book: Book) -> None:
    assert impact(book, book, [SHIPMENT]).changed == 0
    assert scenario_shifts(book, book, load_scenarios()[:50]) == []
