"""Each rule is governed by the event that its State's law names."""

from __future__ import annotations

from tidegate.law import load_rulebook
from tidegate.law.records import Rule

# law-national.md section 6: the day that counts differs. Thailand looks at the completion of import, Viet Nam at the
# declaration, Sri Lanka at the arrival. Where nothing is said an import or transit counts on arrival, an export and
# an international movement on departure.
USUAL = {"import": "arrived", "transit": "arrived", "export": "departed", None: "departed"}
NAMED = {("TH", "import"): "import_completed", ("VN", "import"): "declared", ("VN", "transit"): "declared"}


def expected(rule: Rule) -> str:
    return NAMED.get((rule.state or "", rule.role or ""), USUAL[rule.role])


def test_the_governing_event_is_that_of_the_state() -> None:
    rules = load_rulebook(()).rules.values()
    assert [(r.id, r.event) for r in rules if r.event != expected(r)] == []


def test_the_events_named_are_in_use() -> None:
    seen = {(r.state, r.role) for r in load_rulebook(()).rules.values()}
    assert set(NAMED) <= seen
