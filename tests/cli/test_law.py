"""`tidegate law` from the command line: what a person types, what comes out, and the exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import icalendar
import pytest
import yaml

from tidegate.cli import main

ROOT = Path(__file__).resolve().parents[2]
SHIPMENT = {
    "id": "demo-1",
    "date": "2027-08-01",
    "export": "JP",
    "import": "MY",
    "hs": "391510",
    "polymers": {"PE": 97},
    "contamination_pct": 3,
    "hazardous": False,
    "operation": "R3",
}


class Told:
    """What a command printed, and its exit status."""

    def __init__(self, status: int, out: str, err: str):
        self.status, self.out, self.err = status, out, err


Law = Callable[..., Told]


@pytest.fixture
def law(capsys: pytest.CaptureFixture[str]) -> Law:
    def call(*arguments: object) -> Told:
        try:
            status = main(["law", *map(str, arguments)])
        except SystemExit as stop:
            status = int(stop.code or 0)
        out, err = capsys.readouterr()
        return Told(status, out, err)

    return call


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    path = tmp_path / "batch.jsonl"
    rows = [SHIPMENT, {**SHIPMENT, "id": "demo-2", "import": "VN"}, {**SHIPMENT, "id": "demo-3", "date": "soon"}]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def test_show_a_rule(law: Law) -> None:
    told = law("show", "th-imp-ban-2025")
    assert told.status == 0
    assert told.out.startswith("TH-IMP-BAN-2025  Thailand, import\n")
    assert "  in force: from 2025-01-01" in told.out
    assert "  source: https://" in told.out


def test_show_a_rule_that_was_not_checked_says_so(law: Law) -> None:
    assert "take care: administrative, binds nobody" in law("show", "ID-IMP-STOP-2025").out


@pytest.mark.parametrize("what", ["TH", "tha", "Thailand"])
def test_show_a_state_on_a_day(law: Law, what: str) -> None:
    told = law("show", what, "--on", "2024-12-31")
    assert told.out.startswith("# Thailand")
    assert "### TH-IMP-WINDOW-2024" in told.out


def test_show_an_entry_and_a_heading(law: Law) -> None:
    entry = law("show", "y48").out
    assert entry.startswith("BASEL-Y48")
    assert "EU-EXP-Y48-NONOECD-2021" in entry
    assert "391590" in entry
    heading = law("show", "3915.30").out
    assert "Waste of polymers of vinyl chloride" in heading


def test_show_what_is_not_there_names_what_is_near(law: Law) -> None:
    told = law("show", "TH-IMP-BAN")
    assert told.status == 2
    assert "neither a rule, a State, an entry nor an HS heading" in told.err
    assert "TH-IMP-BAN-2025" in told.err
    assert law("show", "0101").status == 2


def test_timeline_of_a_state_and_of_coming_days(law: Law) -> None:
    whole = law("timeline", "TH").out.splitlines()
    assert whole[0].split("\t")[:2] == ["period", "rule"]
    assert any(line.startswith("from 2025-01-01\tTH-IMP-BAN-2025\t") for line in whole)
    days = law("timeline", "--from", "2026-11-21", "--to", "2026-11-21").out
    assert "2026-11-21\tEuropean Union\tEU-EXP-B3011-NONOECD-BAN-2026 begins" in days
    assert "No change is known" in law("timeline", "TH", "--from", "2090-01-01").out


def test_timeline_as_a_calendar_file(law: Law, tmp_path: Path) -> None:
    path = tmp_path / "law.ics"
    told = law("timeline", "--from", "2026-11-21", "--ics", "-o", path)
    assert (told.status, told.out) == (0, "")
    events = icalendar.Calendar.from_ical(path.read_bytes()).walk("VEVENT")
    assert "EU-EXP-B3011-NONOECD-BAN-2026 begins" in " ".join(str(e["summary"]) for e in events)


def test_timeline_into_a_file(law: Law, tmp_path: Path) -> None:
    assert law("timeline", "MY", "-o", tmp_path / "my.tsv").out == ""
    assert (tmp_path / "my.tsv").read_text(encoding="utf-8") == law("timeline", "MY").out
    assert law("timeline", "-o", tmp_path / "no" / "a").status == 2


def test_a_file_of_which_nothing_can_be_read_ends_with_3(law: Law, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("id,date,export,import\n1,soon,JP,MY\n", encoding="utf-8")
    told = law("whatif", ROOT / "examples/regional-standard/draft", tmp_path / "bad.csv")
    assert told.status == 3
    assert "no shipment could be read; 1 rows were rejected" in told.err


EMERGENCY = """
state: MY
rules:
- id: MY-IMP-EMERGENCY-2026
  role: import
  kind: prohibition
  confidence: high
  from: 2026-01-01
  hs: ["3915"]
  text: Nothing comes in.
  instrument: An order of the day
"""


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (EMERGENCY.replace("rules:", "rule:"), "'rule' is no table of a rulebook"),
        (EMERGENCY.replace("state: MY", "state: my"), "state is 'my', expected a State"),
        (EMERGENCY + "  to: 2025-01-01\n", "expected a day not before from"),
        (EMERGENCY.replace('"3915"', "3915x"), "hs is '3915x'"),
        (EMERGENCY + "  role: export\n", "'role' is given twice"),
        (EMERGENCY + EMERGENCY.partition("rules:\n")[2], "stands there twice"),
        (EMERGENCY + "  fails: [{contamination_pct: {gt: much}}]\n", "compares with 'much', expected a number"),
        (EMERGENCY + "  documents: [{kinds: [COA]}]\n", "expected a `kind`"),
    ],
)
def test_an_emergency_rule_that_would_do_nothing_is_refused(
    law: Law, batch: Path, wrong: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "law"
    folder.mkdir()
    asked = ["screen", str(batch), "-o", str(tmp_path / "out.jsonl"), "--quiet", "--rulebook", str(folder)]
    (folder / "my.yaml").write_text(EMERGENCY, encoding="utf-8")
    assert main(asked) == 0
    assert '"MY-IMP-EMERGENCY-2026"' in (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    (folder / "my.yaml").write_text(wrong, encoding="utf-8")
    assert main(asked) == 2
    told = capsys.readouterr().err
    assert says in told
    assert f"{folder / 'my.yaml'}" in told  # where it can be found and mended
    (folder / "my.yaml").rename(folder / "my.yml")
    assert main(asked) == 2
    assert "expected a name that ends in .yaml" in capsys.readouterr().err


def test_diff_of_two_days(law: Law) -> None:
    told = law("diff", "2020-12-31", "2021-01-01")
    assert "In force on 2021-01-01, not on 2020-12-31" in told.out
    assert "BASEL-Y48" in told.out
    assert "European Union\t2 left\tGibraltar, United Kingdom" in told.out
    assert "b3011_non_target_pct" in told.out
    state = law("diff", "2024-12-31", "2025-01-01", "--state", "thailand").out
    assert "TH-IMP-BAN-2025" in state
    assert "BASEL" not in state
    assert "the same on 2026-01-01" in law("diff", "2026-01-01", "2026-01-01").out


def test_states_that_an_amendment_binds_together_stand_in_one_line(law: Law) -> None:
    lines = law("diff", "2024-12-31", "2025-01-01").out.splitlines()
    (joined,) = [line for line in lines if line.startswith("E-waste amendments (2025)\t")]
    assert ", Thailand, " in joined


def test_what_is_said_of_a_state_leaves_no_union_law_out_in_silence(law: Law) -> None:
    # A member of the Union has no rule of its own in the book, and is bound by the Union's all the same.
    beside = "Treaties and regional law stand beside it"
    assert f"no national law of France. {beside}" in law("timeline", "FR").out
    told = law("diff", "2027-05-20", "2027-05-22", "--state", "FR").out
    assert told.startswith("The national law of France is the same")
    assert beside in told
    assert "EU-EXP-UNLISTED-2027" in law("diff", "2027-05-20", "2027-05-22").out
    sheet = law("show", "FR").out
    assert "treaties and regional law bind France beside it" in sheet
    assert "The rulebook holds no national law of France." in sheet
    assert "- European Union: from" in sheet


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diff", "2026-01-01"], "expected two"),
        (["diff", "2026-01-01", "2026-13-01"], "'2026-13-01' is not a day, expected YYYY-MM-DD"),
        (["diff", "2026-01-01", "2026-01-02", "--state", "Atlantis"], "state 'Atlantis': no such State"),
        (["export", "--format", "md"], "expected --state"),
        (["export", "--format", "json", "--layer", "moon"], "no rule in moon, expected one of"),
        (["export", "--format", "json", "-o", "/nowhere/x.json"], "cannot be written"),
        (["show", "TH", "--rulebook", "/nowhere"], "overlay /nowhere: no such folder"),
        (["test", "/nowhere.yaml"], "/nowhere.yaml: cannot be read"),
        (["impact", "/nowhere.yaml"], "/nowhere.yaml: cannot be read"),
        (["propose"], "expected --rule, --new, --file or --form"),
        (["propose", "--rule", "TH-IMP-BAN-2025", "--set", "to", "--by", "A", "--why", "b"], "expected FIELD=VALUE"),
        (["propose", "--rule", "TH-IMP-BAN-2025", "--set", "to=[", "--by", "A", "--why", "b"], "is not YAML"),
        ([], "required: WHAT"),
    ],
)
def test_wrong_usage_is_said_and_ends_with_2(
    law: Law, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115 - closed with the test
    told = law(*arguments)
    assert told.status == 2
    assert said in told.err
    assert "Traceback" not in told.err


def test_search(law: Law) -> None:
    told = law("search", "malaysia", "guarantee")
    assert told.status == 0
    assert told.out.splitlines()[1].startswith("MY-IMP-BG-2025\tMalaysia, import\t")
    assert law("search", "qqqqq").status == 1


def test_standards_side_by_side(law: Law) -> None:
    told = law("standards", "--on", "2026-11-21", "--states", "project")
    lines = {line.split("\t")[0]: line for line in told.out.splitlines()}
    assert "at least 99.5 %" in lines["Malaysia"]
    assert "at most 2 %" in lines["Indonesia"]
    assert "Indonesia (not binding)" in lines
    assert law("standards", "--hs", "0101", "--states", "TH", "--role", "transit").status == 1
    # What several rules ask is named once.
    papers = lines["Indonesia"].split("\t")[lines["State"].split("\t").index("Papers")].split("; ")
    assert papers.count("LS") == 1
    assert lines["Indonesia"].count("A-list prohibited") == 1
    for line in lines.values():
        for cell in line.split("\t"):
            assert len(cell.split("; ")) == len(set(cell.split("; "))), cell
    assert "fails if own plant is false and importer type is general trader" in lines["Viet Nam"]


def test_a_state_without_national_law_is_told_with_its_treaties(law: Law) -> None:
    told = law("show", "France", "--on", "2026-11-21")
    assert told.status == 0
    assert "holds no national law of France" in told.out
    assert "- European Union: " in told.out
    assert "## Import" not in told.out
    # San Marino is in no group of the book: nothing is said to bind it.
    assert "bind San Marino" not in law("show", "SM").out


def test_the_package_itself_is_a_command() -> None:
    told = subprocess.run([sys.executable, "-m", "tidegate", "--version"], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("tidegate ")


@pytest.mark.parametrize(
    ("form", "start"), [("json", "{"), ("csv", "id,layer"), ("yaml", "# Thailand"), ("md", "# Thai")]
)
def test_export_in_each_form(law: Law, tmp_path: Path, form: str, start: str) -> None:
    path = tmp_path / "out"
    assert law("export", "--format", form, "--state", "TH", "-o", path).status == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith(start)
    assert "TH-IMP-BAN-2025" in text


def test_test_runs_the_scenarios_of_a_file(law: Law, tmp_path: Path) -> None:
    told = law("test", "--rule", "TH-IMP-BAN-2025")
    assert told.status == 0
    assert "scenarios hold, rulebook" in told.out
    path = tmp_path / "s.yaml"
    path.write_text(
        "scenarios: [{id: a, rules: [NO-RULE], source: s, expect: {outcome: clear},"
        " shipment: {date: 2026-01-01, export: JP, import: TH, hs: '3915'}}]",
        encoding="utf-8",
    )
    told = law("test", path)
    assert told.status == 1
    assert "FAIL a  (" in told.out
    assert "outcome: expected clear, found prohibited" in told.out
    assert "a scenario names NO-RULE" in told.out


# ── upkeep ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_from_a_proposal_to_an_approved_rule(law: Law, batch: Path, tmp_path: Path) -> None:
    folder, overlay = tmp_path / "proposals", tmp_path / "overlay"
    cases = tmp_path / "cases.yaml"
    cases.write_text(
        "scenarios:\n- {id: ph-trial, rules: [PH-IMP-TRIAL-2027], source: the order, expect: {outcome: prohibited},"
        " shipment: {date: 2027-01-01, export: JP, import: PH, hs: '3915', facts: {used: true},"
        " evaluate: ['PH:import']}}\n",
        encoding="utf-8",
    )
    fields = {
        "id": "PH-IMP-TRIAL-2027",
        "role": "import",
        "kind": "prohibition",
        "status": "gazetted",
        "confidence": "high",
        "from": "2027-01-01",
        "hs": "['3915']",
        "when": "[{used: true}]",
        "text": "No plastic scrap that was in use.",
        "instrument": "An order that a test made up",
        "url": "https://example.org/order",
        "checked": "2026-11-21",
    }
    pairs = [x for name, value in fields.items() for x in ("--set", f"{name}={value}")]
    told = law("propose", "--new", "PH", *pairs, "--by", "Officer A", "--why", "gazette", "--folder", folder)
    assert told.status == 0
    assert "before it can be approved: " in told.out
    (first,) = folder.glob("*.yaml")
    told = law("approve", first, "--by", "Officer B", "--into", overlay)
    assert told.status == 1
    assert "at least one scenario that exercises it" in told.out
    assert not overlay.exists()

    first.unlink()
    told = law(
        "propose", "--new", "PH", *pairs, "--by", "Officer A", "--why", "gazette", "--folder", folder, "--cases", cases
    )
    assert "before it can be approved" not in told.out
    (proposal,) = folder.glob("*.yaml")
    used = {**SHIPMENT, "import": "PH", "facts": {"used": True}}
    batch.write_text(json.dumps(used) + "\n", encoding="utf-8")
    told = law("impact", proposal, batch)
    assert told.status == 0
    assert "outcome changes: 1 (100.0%)" in told.out
    assert "Philippines\tneeds\tprohibited\t1" in told.out
    assert "PH-IMP-TRIAL-2027" in told.out
    assert law("approve", proposal, "--by", "officer  a", "--into", overlay).status == 2
    told = law("approve", proposal, "--by", "Officer B", "--into", overlay, "--accept-broken")
    assert told.status == 0
    assert law("show", "PH-IMP-TRIAL-2027", "--rulebook", overlay).status == 0
    told = law("diff", "--rulebook", overlay)
    assert "PH-IMP-TRIAL-2027" in told.out
    assert law("show", "PH-IMP-TRIAL-2027").status == 2


def test_scenarios_that_break_stand_against_an_approval(law: Law, tmp_path: Path) -> None:
    folder, overlay = tmp_path / "proposals", tmp_path / "overlay"
    law("propose", "--rule", "TH-IMP-BAN-2025", "--set", "to=2026-10-31", "--by", "A", "--why", "w", "--folder", folder)
    (proposal,) = folder.glob("*.yaml")
    told = law("impact", proposal)
    assert "Scenarios that come out otherwise" in told.out
    assert "breaks" in told.out
    told = law("approve", proposal, "--by", "B", "--into", overlay)
    assert told.status == 1
    assert "fails under the new law" in told.out
    assert law("approve", proposal, "--by", "B", "--into", overlay, "--accept-broken").status == 0
    (saved,) = overlay.glob("*.yaml")
    assert "# accepted: these scenarios fail under it: " in saved.read_text(encoding="utf-8")


def test_a_proposal_from_a_file_and_as_json(law: Law, batch: Path, tmp_path: Path) -> None:
    source = ROOT / "examples" / "regional-standard" / "gazetted" / "my.yaml"
    law("propose", "--file", source, "--by", "A", "--why", "w", "--folder", tmp_path / "p")
    (proposal,) = (tmp_path / "p").glob("*.yaml")
    told = json.loads(law("impact", proposal, batch, "--json").out)
    assert told["shipments"]["read"] == 2
    assert told["shipments"]["rejected"] == 1
    assert told["before"] != told["after"]


def test_what_if(law: Law, batch: Path) -> None:
    folder = ROOT / "examples" / "regional-standard" / "gazetted"
    told = json.loads(law("whatif", folder, batch, "--json").out)
    (move,) = told["shipments"]["by_place"]["VN"]
    assert (move["after"], move["shipments"]) == ("prohibited", 1)
    assert told["shipments"]["examples"]["VN"][0]["rules"] == ["VN-IMP-RCQS-2027"]
    one = law("whatif", folder / "vn.yaml", batch)
    assert one.status == 0
    assert "Viet Nam" in one.out
    draft = law("whatif", ROOT / "examples" / "regional-standard" / "draft", batch).out
    assert "outcome changes: 0" in draft
    assert "VN-IMP-RCQS-2027\t1" in draft


def test_the_form_asks_for_every_field(tmp_path: Path) -> None:
    answers = [
        "",  # a new rule
        "TH",
        "TH-IMP-FORM-2027",
        "import",
        "standard",
        "",  # status as offered
        "high",
        "2027-01-01",
        "",
        "",
        "",
        "",
        "",
        "",
        "[{foreign_matter_pct: {gt: 1}}]",
        "",
        "",
        "",
        "Scrap may hold 1 % of foreign matter: no more.",
        "An order that a test made up",
        "https://example.org/order",
        "2026-11-21",
        "",
        "the gazette of today",
        "Officer A",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tidegate.cli", "law", "propose", "--form", "--folder", str(tmp_path)],
        input="\n".join(answers) + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("*.yaml")
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    (rule,) = whole["rules"]
    assert (whole["state"], whole["proposal"]["by"]) == ("TH", "Officer A")
    assert (rule["id"], rule["status"], rule["confidence"]) == ("TH-IMP-FORM-2027", "gazetted", "high")
    assert rule["fails"] == [{"foreign_matter_pct": {"gt": 1}}]
    assert rule["text"] == "Scrap may hold 1 % of foreign matter: no more."
    left = subprocess.run(
        [sys.executable, "-m", "tidegate.cli", "law", "propose", "--form", "--folder", str(tmp_path / "none")],
        input="\nTH\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert left.returncode == 2
    assert "the form was left before its end" in left.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("standards", "--states", "ZZ"), "state 'ZZ': no such State"),
        (("standards", "--states", "project,Atlantis"), "state 'Atlantis': no such State"),
        (("standards", "--hs", "abc"), "'abc' is not an HS heading, expected 4 to 10 digits"),
        (("search", "plastic", "--limit", "0"), "'0': expected 1 or more"),
    ],
)
def test_a_wrong_word_is_named_and_not_taken_for_an_answer(law: Law, asked: tuple[str, ...], told: str) -> None:
    answer = law(*asked)
    assert (answer.status, answer.out) == (2, "")
    assert told in answer.err


def test_standards_take_a_state_by_name_and_by_small_letters(law: Law) -> None:
    day = ("standards", "--on", "2026-11-21", "--states")
    assert law(*day, "my,Thailand").out == law(*day, "MY,TH").out
