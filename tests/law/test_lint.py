"""The linter lets the shipped book pass and refuses, by name, what cannot be relied on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.law.lint import lint
from tidegate.screening.mutation import mutate
from tidegate.screening.scenarios import load_scenarios

RULE = """
state: TH
rules:
  - id: TH-IMP-TRIAL
    role: import
    kind: standard
    status: gazetted
    confidence: high
    from: 2030-01-01
    to: null
    dates: seen
    hs: ['3915']
    basel: [any]
    fails:
      - foreign_matter_pct: {gt: 1}
    text: Plastic scrap may hold 1 % of foreign matter.
    instrument: An order that a test made up
    url: https://example.org/order
    checked: 2026-11-21
"""
LICENCE = RULE.replace("standard", "licence").replace("    fails:\n      - foreign_matter_pct: {gt: 1}\n", "")


def findings(folder: Path, text: str, name: str = "trial.yaml") -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return [str(f) for f in lint([folder])]


def changed(old: str, new: str, text: str = RULE) -> str:
    assert old in text
    return text.replace(old, new)


def test_the_shipped_book_passes() -> None:
    exercised = {rule for scenario in load_scenarios() for rule in scenario.rules}
    assert [str(f) for f in lint(exercised=exercised)] == []


def test_a_sound_overlay_passes(tmp_path: Path) -> None:
    assert findings(tmp_path, RULE) == []
    assert findings(tmp_path, LICENCE) != []  # TH-IMP-BAN-2025 bars all that it permits


WRONG = {
    "no source": (
        changed("    url: https://example.org/order\n", ""),
        "url is None",
        "the address of the source",
    ),
    "bad source": (changed("https://example.org/order", "the ministry"), "url is the ministry", "http"),
    "no instrument": (changed("An order that a test made up", '""'), "instrument is empty", "some text"),
    "no text": (changed("Plastic scrap may hold 1 % of foreign matter.", ""), "text is None", "some text"),
    "no day of check": (changed("    checked: 2026-11-21\n", ""), "checked is None", "last compared"),
    "fact": (changed("foreign_matter_pct", "foreign_pct"), "fails is foreign_pct", "facts.yaml"),
    "fact to verify": (
        changed("    text:", "    verify: [smell]\n    text:"),
        "verify is smell",
        "facts.yaml",
    ),
    "fact needed": (
        changed("    text:", "    needs: [zone]\n    text:"),
        "needs is zone",
        "a fact that is a bool",
    ),
    "kind of fact": (changed("foreign_matter_pct: {gt: 1}", "zone: {gt: 1}"), "gt 1", "no comparison"),
    "share": (changed("gt: 1", "gt: 101"), "gt 101", "a share from 0 to 100"),
    "value": (
        changed("foreign_matter_pct: {gt: 1}", "zone: harbour"),
        "zone is harbour",
        "one of none, free zone",
    ),
    "bool": (changed("foreign_matter_pct: {gt: 1}", "cleaned: maybe"), "cleaned is maybe", "true or false"),
    "operator": (changed("gt: 1", "above: 1"), "fails is", "does not know the operator 'above'"),
    "document": (
        changed("    text:", "    documents: [CAO]\n    text:"),
        "documents is CAO",
        "documents.yaml",
    ),
    "document per State": (
        changed("    text:", "    documents: ['AP:MY']\n    text:"),
        "documents is AP:MY",
        "AP without a State",
    ),
    "term": (
        changed("    text:", "    documents: [{kind: AP, term: {months: 6}}]\n    text:"),
        "term months 6",
        "days or years",
    ),
    "longest": (
        changed("    text:", "    documents: [{kind: AP, longest: {days: 400}}]\n    text:"),
        "longest days 400",
        "years",
    ),
    "outside": (
        changed("    text:", "    documents: [{kind: AP, outside: eu}]\n    text:"),
        "outside eu",
        "beside a kind such as CONSENT:transit",
    ),
    "outside whom": (
        changed("    text:", "    documents: [{kind: 'CONSENT:transit', outside: pacific}]\n    text:"),
        "outside pacific",
        "a group of States",
    ),
    "steps": (
        changed(
            "    text:",
            "    documents: [{kind: AP, value_by_tonnes: [{value: 1}, {below: 9, value: 2}]}]\n    text:",
        ),
        "documents is",
        "ascending order",
    ),
    "group": (
        changed("    fails:", "    when: [{export: {in: [pacific]}}]\n    fails:"),
        "export is pacific",
        "a registered group of States",
    ),
    "polymer": (
        changed("    fails:", "    when: [{contains: {in: [PEE]}}]\n    fails:"),
        "contains is PEE",
        "polymers.yaml",
    ),
    "kind held": (
        changed("    fails:", "    when: [{holds: PERMIT}]\n    fails:"),
        "holds is PERMIT",
        "documents.yaml",
    ),
    "entry": (changed("basel: [any]", "basel: [B3012]"), "basel is B3012", "an entry with a rule of its own"),
    "code": (changed("'3915'", "3915"), "hs is 3915", "a code prefix of 2 to 10 digits as text"),
    "suspects": (
        changed("    text:", "    suspects: [paper]\n    text:"),
        "suspects is paper",
        "a code prefix",
    ),
    "exempts": (
        changed("    text:", "    exempts: [TH-NO]\n    text:"),
        "exempts is TH-NO",
        "the id of a rule",
    ),
    "dates": (changed("to: null", "to: 2029-12-31"), "to is 2029-12-31", "not before from, 2030-01-01"),
    "day": (changed("2030-01-01", "spring 2030"), "from is spring 2030", "a day of the calendar as YYYY-MM-DD"),
    "dates seen": (changed("from: 2030-01-01", "from: null"), "dates is seen", "not_seen or inferred"),
    "dates not seen": (
        changed("dates: seen", "dates: not_seen"),
        "dates is not_seen",
        "starts on 2030-01-01",
    ),
    "status": (changed("gazetted", "official"), "status is official", "one of gazetted"),
    "kind": (changed("kind: standard", "kind: ban"), "kind is ban", "one of prohibition"),
    "role": (changed("role: import", "role: storage"), "role is storage", "one of export, transit, import"),
    "confidence": (changed("    confidence: high\n", ""), "confidence is None", "one of low"),
    "fails in vain": (
        changed("kind: standard", "kind: document"),
        "kind is document",
        "for a rule with `fails`",
    ),
    "regime": (
        changed("    text:", "    regime: prohibited\n    text:"),
        "regime is prohibited",
        "no regime",
    ),
    "field": (changed("    text:", "    sources: x\n    text:"), "sources is x", "a field of rules"),
    "figure": (
        changed("    text:", "    summary: {max_foreign_pct: 2}\n    text:"),
        "max_foreign_pct is 2",
        "expected 1",
    ),
    "no State": (changed("state: TH", ""), "state is None", "a State in the head of the file"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_fault_in_a_rule_is_named(fault: str, tmp_path: Path) -> None:
    text, value, expected = WRONG[fault]
    found = findings(tmp_path, text)
    assert any(value in f and expected in f and "trial.yaml" in f and "TH-IMP-TRIAL" in f for f in found), found


TABLES = {
    "fact": ("facts: [{name: smell, type: odour, by: nose}]", "facts smell: type is odour"),
    "document": ("documents: [{kind: X}]", "documents X: issuer is None"),
    "State": (
        "states: [{iso: XX, name: X, groups: {pacific: [{from: 2020-01-01, to: 2019-01-01}]}}]",
        "states XX: groups is pacific",
    ),
    "period": (
        "states: [{iso: XX, name: X, groups: {eu: [{from: 2020-01-01, to: 2019-01-01}]}}]",
        "a last day not before the first",
    ),
    "periods": (
        "states: [{iso: XX, name: X, groups: {eu: [{from: 2020-01-01}, {from: 2021-01-01}]}}]",
        "periods in order that do not overlap",
    ),
    "heading": ("headings: [{code: '39', title: t, editions: ['1999'], source: s}]", "editions is 1999"),
    "stream": ("streams: [{material: m, source: s, entries: [{entry: A9999}]}]", "entries is A9999"),
    "parameter": ("parameters: [{name: limit, value: 2, source: s}]", "parameters limit: name is limit"),
    "parameter without source": (
        "parameters: [{name: b3011_non_target_pct, value: 2, states: [TH]}]",
        "parameters b3011_non_target_pct: source is None",
    ),
    "parameter for nobody": (
        "parameters: [{name: b3011_non_target_pct, value: 2, states: [asian], source: s}]",
        "states is asian",
    ),
    "group": ("groups: [{group: pacific}]", "groups pacific: meaning is None"),
    "table": ("ruels: []", "ruels is a table of this name"),
    "rules": ("state: TH\nrules: {a: 1}", "rules is dict"),
    "rule": ("state: TH\nrules: [one]", "rules is one"),
    "nameless": ("facts: [{type: bool}]", "facts (no name): name is None"),
    "twice": (
        (
            "documents: [{kind: X, name: n, issuer: i, meaning: m, dated: true},"
            " {kind: X, name: n, issuer: i, meaning: m, dated: true}]"
        ),
        "a name of its own",
    ),
}


@pytest.mark.parametrize("fault", TABLES)
def test_a_fault_in_a_table_is_named(fault: str, tmp_path: Path) -> None:
    text, said = TABLES[fault]
    found = findings(tmp_path, text)
    assert any(said in f and "trial.yaml" in f for f in found), found


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, "rules: [")
    assert "trial.yaml: not readable as YAML" in found
    (found,) = findings(tmp_path, changed("2030-01-01", "2030-02-30"))
    assert "trial.yaml: not readable as YAML: day is out of range" in found
    (found,) = findings(tmp_path, "- a")
    assert "expected a mapping at the top" in found


def test_an_id_stands_once_in_a_book_but_an_overlay_may_replace_it(tmp_path: Path) -> None:
    assert findings(tmp_path / "once", changed("TH-IMP-TRIAL", "TH-IMP-BAN-2025")) == []
    findings(tmp_path, RULE)
    found = findings(tmp_path, RULE, "other.yaml")
    assert any("id is TH-IMP-TRIAL, expected an id of its own" in f for f in found)


def test_a_rule_that_no_scenario_exercises_is_named(tmp_path: Path) -> None:
    findings(tmp_path, RULE)
    exercised = {rule for scenario in load_scenarios() for rule in scenario.rules}
    (found,) = lint([tmp_path], exercised=exercised)
    assert (found.rule, found.field) == ("TH-IMP-TRIAL", "scenarios")
    assert lint([tmp_path], exercised={*exercised, "TH-IMP-TRIAL"}) == []


# ── contradictions ─────────────────────────────────────────────────────────────────────────────────────────


def pair(folder: Path, **second: str) -> list[str]:
    """A bar on dirty plastic in a trial State, and a second rule beside it."""
    fields = {
        "id": "ZW-IMP-TWO",
        "role": "import",
        "kind": "exemption",
        "from": "2024-01-01",
        "to": "null",
        "hs": "['3915']",
        "basel": "[Y48]",
        **second,
    }
    bar = {**fields, "id": "ZW-IMP-BAR", "kind": "prohibition", "from": "2020-01-01", "to": "2025-12-31"}
    bar |= {"hs": "['3915']", "basel": "[Y48]", "when": "[{zone: none}]"}
    bar["role"] = "import"
    bar.pop("exempts", None)
    common = "confidence: high, text: t, instrument: i, url: 'https://example.org/x', checked: 2026-11-21"
    rules = ["{" + ", ".join(f"{k}: {v}" for k, v in r.items()) + f", {common}}}" for r in (bar, fields)]
    return findings(folder, "state: ZW\nrules:\n- " + "\n- ".join(rules))


def test_an_exemption_must_name_the_bar_that_it_lifts(tmp_path: Path) -> None:
    (found,) = pair(tmp_path)
    assert "ZW-IMP-TWO: exempts is empty, expected ZW-IMP-BAR among them" in found
    assert "both hold from 2024-01-01 to 2025-12-31" in found
    assert pair(tmp_path, exempts="[ZW-IMP-BAR]") == []


@pytest.mark.parametrize(
    "apart",
    [
        {"from": "2026-01-01"},
        {"basel": "[B3011]"},
        {"hs": "['4707']"},
        {"role": "export"},
        {"when": "[{zone: free zone}]"},
        {"when": "[{zone: {not_in: [none]}}]"},
        {"status": "announced"},
    ],
)
def test_rules_that_never_meet_do_not_contradict(tmp_path: Path, apart: dict[str, str]) -> None:
    assert pair(tmp_path, **apart) == []


def test_a_permission_wholly_inside_a_bar_could_never_be_used(tmp_path: Path) -> None:
    inside = {"kind": "licence", "hs": "['391510']", "when": "[{zone: none}, {used: true}]"}
    (found,) = pair(tmp_path, **inside)
    assert "ZW-IMP-TWO: kind is licence, expected an end before ZW-IMP-BAR" in found
    assert pair(tmp_path, kind="licence") == []  # it also covers other zones, where nothing is barred
    assert pair(tmp_path, **{**inside, "basel": "[any]"}) == []
    assert pair(tmp_path, **{**inside, "exempts": "[ZW-IMP-BAR]"}) == []


def test_two_regimes_for_one_entry_contradict(tmp_path: Path) -> None:
    text = """
layer: basel
rules:
- {id: BASEL-Y48-AGAIN, regime: no_basel_control, basel: [Y48], from: 2026-01-01, to: null, confidence: high,
   when: [{any: [{export: {in: [basel_party]}}, {import: {in: [basel_party]}}]}],
   text: t, instrument: i, url: 'https://example.org/x', checked: 2026-11-21}
"""
    (found,) = findings(tmp_path, text)
    assert "BASEL-Y48-AGAIN: regime is no_basel_control, expected pic_required as in BASEL-Y48" in found
    assert findings(tmp_path, text.replace("{import: {in: [basel_party]}}", "{import: NZ}")) == []


def test_an_exemption_from_nothing_is_refused(tmp_path: Path) -> None:
    assert "another rule than itself" in " ".join(pair(tmp_path, exempts="[ZW-IMP-BAR, ZW-IMP-TWO]"))
    assert "a rule of the same layer" in " ".join(pair(tmp_path, exempts="[ZW-IMP-BAR, TH-IMP-BAN-2025]"))
    late = pair(tmp_path, **{"from": "2026-01-01", "exempts": "[ZW-IMP-BAR]"})
    assert "in force at the same time" in " ".join(late)


# ── mutation ───────────────────────────────────────────────────────────────────────────────────────────────

CASES = """
base:
  clean: {date: 2030-01-01, export: JP, import: ZW, hs: '391510', polymers: {PE: 98.5}, hazardous: false,
    operation: R3, evaluate: ['ZW:import']}
scenarios:
"""
CASE = """
  - {id: zw-%s, rules: [ZW-IMP-TRIAL], source: the order, base: clean, shipment: {%s}, expect: {%s}}
"""
HIT = "outcome: prohibited, binds: [ZW-IMP-TRIAL]"
WHOLE = {
    "at-the-limit": ("contamination_pct: 1", "outcome: clear, binds: [ZW-IMP-TRIAL]"),
    "over-it": ("contamination_pct: 1.5", HIT),
    "below-it": ("contamination_pct: 0.5", "outcome: clear, binds: [ZW-IMP-TRIAL]"),
    "eve": ("date: 2029-12-31, contamination_pct: 1.5", "outcome: clear, not_binds: [ZW-IMP-TRIAL]"),
}


def survivors(folder: Path, *names: str, equivalent: str = "") -> list[str]:
    folder.mkdir(exist_ok=True)
    rule = RULE.replace("TH-IMP", "ZW-IMP").replace("state: TH", "state: ZW")
    (folder / "zw.yaml").write_text(rule, encoding="utf-8")
    (folder / "scenarios").mkdir(exist_ok=True)
    cases = CASES + "".join(CASE % (name, *WHOLE[name]) for name in names) + equivalent
    (folder / "scenarios" / "zw.yaml").write_text(cases, encoding="utf-8")
    report = mutate([folder], rules=["ZW-IMP-TRIAL"], processes=1)
    return [s.change for s in report.survivors] + [f"mistaken: {e.change}" for e in report.mistaken]


def test_scenarios_on_each_side_leave_no_slip_unnoticed(tmp_path: Path) -> None:
    assert survivors(tmp_path, *WHOLE) == []


@pytest.mark.parametrize(
    ("left_out", "unnoticed"),
    [
        ("at-the-limit", ["fails: foreign_matter_pct gt → ge 1"]),
        (
            "over-it",
            ["fails: foreign_matter_pct gt 1 → 2", "fails: item 1 dropped", "kind standard → licence"],
        ),
        ("eve", ["from 2030-01-01 → 2029-12-31"]),
    ],
)
def test_a_scenario_left_out_is_missed(tmp_path: Path, left_out: str, unnoticed: list[str]) -> None:
    found = survivors(tmp_path, *(name for name in WHOLE if name != left_out))
    assert set(unnoticed) <= set(found)


def test_a_change_may_be_declared_to_make_no_difference(tmp_path: Path) -> None:
    names = [name for name in WHOLE if name != "eve"]
    declared = "equivalent: [{rules: [ZW-IMP-TRIAL], change: 'from 2030-01-01 → 2029-12-31', why: a test}]\n"
    assert survivors(tmp_path / "a", *names, equivalent=declared) == []
    mistaken = survivors(tmp_path / "b", *WHOLE, equivalent=declared)
    assert mistaken == ["mistaken: from 2030-01-01 → 2029-12-31"]


@pytest.mark.ci
def test_no_slip_in_the_shipped_book_goes_unnoticed() -> None:
    report = mutate()
    assert report.mutants > 1000
    assert [str(s) for s in report.survivors] == []
    assert [f"{e.rule}: {e.change}" for e in report.mistaken] == []
    assert report.failing == ()


# ── the command ────────────────────────────────────────────────────────────────────────────────────────────


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tidegate.cli", "law", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_tells_findings_and_its_status(tmp_path: Path) -> None:
    done = command("lint")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no findings" in done.stdout
    findings(tmp_path, WRONG["fact"][0])
    done = command("lint", "--rulebook", str(tmp_path))
    assert done.returncode == 1
    assert "TH-IMP-TRIAL: fails is foreign_pct, expected a fact of the registry" in done.stdout


def test_the_command_tells_what_goes_unnoticed(tmp_path: Path) -> None:
    survivors(tmp_path, "over-it")
    done = command("lint", "--mutate", "--rule", "ZW-IMP-TRIAL", "--rulebook", str(tmp_path))
    assert done.returncode == 1
    assert "ZW-IMP-TRIAL: from 2030-01-01 → 2029-12-31" in done.stdout
    done = command("lint", "--mutate", "--rule", "NO-SUCH-RULE")
    assert done.returncode == 2
    assert "no rule NO-SUCH-RULE" in done.stderr
