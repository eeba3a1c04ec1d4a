"""A legal officer proposes a rule as a form, sees what it would change; a second person puts it into force."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from lxml import html as lxml_html

from tests.browsing import SERIOUS
from tests.parties.world import World, make_world
from tests.web.batches import screened
from tidegate.law import load_rulebook
from tidegate.parties.commanding import Refused
from tidegate.parties.models import JournalEntry
from tidegate.screening.approval import Trial
from tidegate.screening.impact import same
from tidegate.web.batch import load_result, store
from tidegate.web.upkeep import commands, trials
from tidegate.web.upkeep.models import Proposal

AUTHORITY = "competent_authority"
RULE = "VN-IMP-QCVN-2024"

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture(autouse=True)
def law(settings: Any, tmp_path: Path) -> Path:
    """The installation's own overlay, empty."""
    folder = tmp_path / "law"
    folder.mkdir()
    settings.TIDEGATE_LAW_DIR = folder
    settings.TIDEGATE_OVERLAYS = (folder,)
    settings.ACCOUNT_REAUTHENTICATION_REQUIRED = False
    return folder


def filled(client: Client, address: str) -> dict[str, str]:
    """What a form sends when nothing in it is changed."""
    tree: Any = lxml_html.fromstring(client.get(address).content.decode())
    form = next(f for f in tree.forms if f.get("method", "").lower() == "post" and "novalidate" in f.attrib)
    return {name: value or "" for name, value in form.form_values() if name != "csrfmiddlewaretoken"}


def propose(client: Client, address: str, **fields: str) -> Proposal:
    answer = client.post(address, {**filled(client, address), **fields})
    assert answer.status_code == 302, answer.content.decode()
    return Proposal.objects.latest("proposed_at")


NEW = {
    "id": "VN-IMP-TRIAL-2027",
    "text": "Foreign matter at most 0.3 % by a made-up order.",
    "kind": "standard",
    "fails": "- foreign_matter_pct: {gt: 0.3}",
    "event": "declared",
    "first": "2027-01-01",
    "hs": "3915",
    "basel": "any",
    "instrument": "An order that a test made up",
    "url": "https://example.org/order",
    "confidence": "high",
    "why": "The made-up order, article 1",
}
CASES = """
base:
  trial:
    {date: 2027-01-01, export: JP, import: VN, hs: '3915', evaluate: ['VN:import'], facts: {foreign_matter_pct: 0.4}}
scenarios:
- id: vn-trial-on
  rules: [VN-IMP-TRIAL-2027]
  source: the order
  base: trial
  expect: {binds: [VN-IMP-TRIAL-2027], outcome: prohibited}
- id: vn-trial-below
  rules: [VN-IMP-TRIAL-2027]
  source: the order
  base: trial
  shipment: {facts: {foreign_matter_pct: 0.3}}
  expect: {effects: {VN-IMP-TRIAL-2027: standard}}
- id: vn-trial-before
  rules: [VN-IMP-TRIAL-2027]
  source: the order
  base: trial
  shipment: {date: 2026-12-31}
  expect: {not_binds: [VN-IMP-TRIAL-2027]}
"""


def test_a_new_rule_is_in_force_once_a_second_person_approves_it(world: World, law: Path) -> None:
    one, two = world.client(AUTHORITY, "clerk"), world.client(AUTHORITY, "officer")
    row = propose(one, "/law/proposals/new", **NEW, cases=CASES)
    shown = one.get(f"/law/proposals/{row.pk}/").content.decode()
    assert "You proposed this" in shown
    assert not list(law.rglob("*.yaml"))
    page = two.get(f"/law/proposals/{row.pk}/").content.decode()
    assert "What the linter has against it" not in page
    # the Viet Nam scenarios of 2027 and later come out otherwise, and the page names them
    assert "Cases that come out otherwise" in page
    assert 'name="accept_broken"' in page
    decide = f"/law/proposals/{row.pk}/decide"
    two.post(decide, {"answer": "approve", "revision": "1"})
    row.refresh_from_db()
    assert row.status == "open", "cases of the book fail: not without a word"
    two.post(decide, {"answer": "approve", "revision": "1", "accept_broken": "on"})
    row.refresh_from_db()
    assert row.status == "approved"
    assert row.remarks
    written = (law / f"{row.name}.yaml").read_text(encoding="utf-8")
    assert "proposed by clerk of" in written
    assert "approved by officer of" in written
    assert (law / "scenarios" / f"{row.name}.yaml").exists()
    assert "VN-IMP-TRIAL-2027" in load_rulebook((law,)).rules
    assert two.get("/law/rules/VN-IMP-TRIAL-2027").status_code in (200, 404)  # at most two seconds old
    assert [e.type for e in JournalEntry.objects.filter(subject_id=row.pk).order_by("revision")] == [
        "law.proposed",
        "law.approved",
    ]


def test_a_change_of_a_rule_keeps_what_the_form_does_not_show(world: World) -> None:
    client = world.client(AUTHORITY, "officer")
    row = propose(client, f"/law/proposals/change/{RULE}", last="2031-12-31", why="A made-up amendment")
    old, new = load_rulebook(()).rules[RULE], yaml.safe_load(row.content)["rules"][0]
    assert str(new["to"]) == "2031-12-31"
    assert new["text"] == old.text
    assert row.fresh is False
    page = client.get(f"/law/proposals/{row.pk}/").content.decode()
    assert "What it changes" in page
    assert "2031-12-31" in page


MORE = {
    "exempts": "VN-IMP-QCVN-2024",
    "needs": "destination_on_licence",
    "suspects": "3915, 4707",
    "summary": "max_foreign_pct: 0.3\nreexport_days: 30",
    "penalty": "A fine of VND 1 million that a test made up.",
}


def test_a_new_rule_may_switch_off_another_need_facts_and_give_figures(world: World, law: Path) -> None:
    one, two = world.client(AUTHORITY, "clerk"), world.client(AUTHORITY, "officer")
    row = propose(one, "/law/proposals/new", **{**NEW, **MORE}, cases=CASES)
    decide = f"/law/proposals/{row.pk}/decide"
    two.post(decide, {"answer": "approve", "revision": "1", "accept_broken": "on"})
    row.refresh_from_db()
    assert row.status == "approved", two.get(f"/law/proposals/{row.pk}/").content.decode()
    rule = load_rulebook((law,)).rules["VN-IMP-TRIAL-2027"]
    assert (rule.exempts, rule.needs) == (("VN-IMP-QCVN-2024",), ("destination_on_licence",))
    assert rule.suspects == ("3915", "4707")
    assert rule.penalty == MORE["penalty"]
    assert dict(rule.summary) == {"max_foreign_pct": 0.3, "reexport_days": 30}
    shown = two.get(f"/law/proposals/{row.pk}/").content.decode()
    assert "reexport_days: 30" in shown


EVERYTHING = """
state: VN
rules:
- id: VN-IMP-ALL-2027
  role: import
  kind: standard
  status: gazetted
  confidence: high
  alert_only: true
  from: 2027-01-01
  to: null
  dates: seen
  event: declared
  hs: ['3915']
  basel: [any]
  suspects: ['3915', '4707']
  fails: [{foreign_matter_pct: {gt: 0.3}}]
  unless: [{holds: {kind: [COA], issued_before: 2026-01-01}}]
  exempts: [VN-IMP-QCVN-2024, VN-IMP-DEPOSIT]
  documents: [COA, {kind: LA_CERT, term: {days: 180}}]
  needs: [destination_on_licence]
  verify: [quota_left_t]
  text: A made-up order.
  instrument: Order
  url: https://example.org/order
  checked: 2026-11-21
  penalty: "A fine of VND 1 million: made up."
  summary: {max_foreign_pct: 0.3, annex_vii_paper_until: 2026-12-31, unit: 'no: figure'}
  note: Nothing was seen.
"""


@pytest.mark.parametrize(
    ("state", "rule"),
    [
        ("VN", "VN-IMP-ALL-2027"),
        ("VN", "VN-IMP-QCVN-TRANS"),
        ("VN", "VN-IMP-DEPOSIT"),
        ("MY", "MY-IMP-PURITY-2025"),
        ("MY", "MY-IMP-AP-NSWMD"),
    ],
)
def test_a_rule_opened_as_a_change_keeps_every_other_field(world: World, law: Path, state: str, rule: str) -> None:
    (law / "all.yaml").write_text(EVERYTHING, encoding="utf-8")
    old = load_rulebook((law,)).rules[rule]
    client = world.client(AUTHORITY, "officer", state)
    row = propose(client, f"/law/proposals/change/{rule}", note="Another note.", why="A made-up reason")
    (law / "change.yaml").write_text(row.content, encoding="utf-8")
    new = load_rulebook((law,)).rules[rule]
    assert new.note == "Another note."
    assert same(replace(new, note=old.note), old)
    # Emptied on purpose, they go.
    emptied = dict.fromkeys(("exempts", "needs", "suspects", "summary", "penalty"), "")
    row = propose(client, f"/law/proposals/change/{rule}", **emptied, why="A made-up reason")
    assert not set(emptied) & set(yaml.safe_load(row.content)["rules"][0])


def test_opened_again_it_is_tried_anew_only_when_something_changed(
    world: World, law: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = propose(world.client(AUTHORITY, "clerk"), "/law/proposals/new", **NEW, cases=CASES)
    client = world.client(AUTHORITY, "officer")
    tried: list[Trial] = []

    def try_out(proposal: Proposal) -> Trial:
        tried.append(commands.trial_of(proposal))
        return tried[-1]

    monkeypatch.setattr(trials, "trial_of", try_out)

    def shown() -> str:
        text = client.get(f"/law/proposals/{row.pk}/").content.decode()
        tree: Any = lxml_html.fromstring(text)
        return " ".join(tree.get_element_by_id("main").text_content().split())

    first = shown()
    assert (shown(), len(tried)) == (first, 1)
    assert tried[0].broken
    assert all(scenario in first for scenario in tried[0].broken)
    # Another case of the office's own, which comes out otherwise.
    (law / "scenarios").mkdir()
    case = yaml.safe_load(CASES)
    case["scenarios"] = [
        {**case["scenarios"][0], "id": "vn-of-the-office", "rules": [], "expect": {"outcome": "clear"}}
    ]
    (law / "scenarios" / "own.yaml").write_text(yaml.safe_dump(case))
    assert "vn-of-the-office" in shown()
    assert (shown() == shown(), len(tried)) == (True, 2)
    # The law under it changes.
    (law / "other.yaml").write_text("version: '2099.1'\n")
    shown()
    assert (shown() == shown(), len(tried)) == (True, 3)
    # The proposal itself changes.
    Proposal.objects.filter(pk=row.pk).update(content=row.content.replace("0.3", "0.35"))
    other = shown()
    assert (shown(), len(tried)) == (other, 4)
    # What was kept is no ground for approving: that is tried out each time.
    Proposal.objects.filter(pk=row.pk).update(tried={**row.tried, "findings": [], "broken": [], "own": []})
    with pytest.raises(Refused) as refused:
        commands.approve(world.actor(AUTHORITY, "officer"), row.pk, revision=1)
    assert refused.value.code in ("broken", "findings")


def test_whoever_proposed_cannot_approve(world: World, law: Path) -> None:
    client = world.client(AUTHORITY, "officer")
    row = propose(client, "/law/proposals/new", **NEW, cases=CASES)
    answer = client.post(
        f"/law/proposals/{row.pk}/decide", {"answer": "approve", "revision": "1", "accept_broken": "on"}, follow=True
    )
    assert "cannot also approve" in answer.content.decode()
    row.refresh_from_db()
    assert row.status == "open"
    assert not list(law.rglob("*.yaml"))


def test_the_linter_stands_before_the_second_person(world: World) -> None:
    row = propose(world.client(AUTHORITY, "clerk"), "/law/proposals/new", **NEW)  # no case exercises it
    page = world.client(AUTHORITY, "officer").get(f"/law/proposals/{row.pk}/").content.decode()
    assert "What the linter has against it" in page
    assert 'value="approve"' not in page
    # What was written is in the form of the next one, which a case and nothing else is added to.
    clerk, anew = world.client(AUTHORITY, "clerk"), f"/law/proposals/new?from={row.pk}"
    assert anew in page
    again = propose(clerk, anew, cases=CASES)
    assert (again.content, again.why, again.cases) == (row.content, row.why, CASES.strip())
    assert clerk.get(f"/law/proposals/change/{RULE}?from={row.pk}").status_code == 404, "another rule's"
    with pytest.raises(Refused) as refused:
        commands.approve(world.actor(AUTHORITY, "officer"), row.pk, revision=1)
    assert refused.value.code == "findings"


def test_a_withdrawn_proposal_is_no_longer_open(world: World) -> None:
    one = world.client(AUTHORITY, "clerk")
    row = propose(one, "/law/proposals/new", **NEW, cases=CASES)
    one.post(f"/law/proposals/{row.pk}/decide", {"answer": "withdraw", "revision": "1"})
    row.refresh_from_db()
    assert row.status == "withdrawn"
    with pytest.raises(Refused) as refused:
        commands.approve(world.actor(AUTHORITY, "officer"), row.pk, revision=2, accept_broken=True)
    assert refused.value.code == "state"


def test_only_ones_own_states_law(world: World) -> None:
    client = world.client(AUTHORITY, "officer")
    assert client.get("/law/proposals/change/MY-IMP-COA-2025").status_code == 404
    with pytest.raises(Refused) as refused:
        commands.propose(world.actor(AUTHORITY, "officer"), "MY-IMP-COA-2025", {"to": None}, why="no")
    assert refused.value.code == "elsewhere"
    answer = client.post(
        "/law/proposals/new", {**filled(client, "/law/proposals/new"), **NEW, "id": "MY-IMP-TRIAL-2027"}
    )
    assert answer.status_code == 422
    assert "begins with VN-" in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("fails", "- [", "cannot be read as YAML"),
        ("cases", "cases: none", "Expected `scenarios:`"),
        ("last", "2026-01-01", "lies before the first"),
        ("id", "vn imp", "capitals and digits"),
        ("url", "not an address", "URL"),
        ("why", " ", "required"),
        ("exempts", "VN-IMP-NONE-1999", "“VN-IMP-NONE-1999”; expected: the id of a rule in the book"),
        ("needs", "nice_weather", "“nice_weather”; expected: a fact of the registry"),
        ("needs", "zone", "“zone”; expected: a fact that is a bool"),
        ("suspects", "39.15", "“39.15”; expected: a code prefix"),
        ("summary", "max_foreign_pct: 1", "“max_foreign_pct: 1”; expected: 0.3"),
        ("summary", "one per cent", "“one per cent”; expected: figures by name"),
        ("summary", "a: [1, 2]", "expected: one figure for each name"),
        ("fails", "- foreign_matter: {gt: 1}", "“foreign_matter”; expected: a fact of the registry"),
        ("basel", "B9999", "“B9999”; expected: an entry"),
    ],
)
def test_what_cannot_be_read_comes_back_at_its_field(world: World, field: str, value: str, told: str) -> None:
    client = world.client(AUTHORITY, "clerk")
    answer = client.post(
        "/law/proposals/new", {**filled(client, "/law/proposals/new"), **NEW, "cases": CASES, field: value}
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert told in text
    assert "Foreign matter at most 0.3 % by a made-up order." in text, "nothing typed is lost"
    assert not Proposal.objects.exists()


def test_the_shipments_of_a_batch_that_would_change(world: World, settings: Any, tmp_path: Path) -> None:
    settings.TIDEGATE_BATCHES_OPEN = True
    rows = tmp_path / "rows.jsonl"
    rows.write_text(
        '{"id":"1","date":"2027-02-01","export":"JP","import":"VN","hs":"391510","facts":{"foreign_matter_pct":1}}\n'
        '{"id":"2","date":"2027-02-01","export":"JP","import":"TH","hs":"391510"}\n'
        '{"id":"3","date":"2027-02-30","export":"JP","import":"VN","hs":"391510"}\n'
    )
    row = propose(world.client(AUTHORITY, "clerk"), "/law/proposals/new", **NEW, cases=CASES)
    client = world.client(AUTHORITY, "officer")
    batch = screened(client, data=rows.read_bytes())
    page = client.get(f"/law/proposals/{row.pk}/", {"batch": batch.token}).content.decode()
    tree: Any = lxml_html.fromstring(page)
    told = tree.get_element_by_id("shipments").text_content()
    told = re.sub(r"\s+", "", told)
    for said in ("Shipmentsread2", "Rejected1", "Outcomechanges1", "VietNamUndeterminedProhibited1"):
        assert said in told
    # A result that was put here without its file cannot be read again: it is not offered, and says so.
    bare = load_result(store.decisions(batch), "a year.parquet", json.loads(store.summary(batch).read_text()))
    asked = client.get(f"/law/proposals/{row.pk}/", {"batch": bare.token})
    assert asked.status_code == 404
    assert bare.token not in client.get(f"/law/proposals/{row.pk}/").content.decode()
    whole = load_result(store.decisions(batch), "rows.jsonl", json.loads(store.summary(batch).read_text()), rows)
    tree = lxml_html.fromstring(client.get(f"/law/proposals/{row.pk}/", {"batch": whole.token}).content.decode())
    assert "Shipmentsread2" in re.sub(r"\s+", "", tree.get_element_by_id("shipments").text_content())


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.ci
def test_in_a_browser(
    world: World, live_server: Any, open_context: Callable[..., Any], axe_source: str, settings: Any
) -> None:
    client = world.client(AUTHORITY, "officer")
    row = propose(world.client(AUTHORITY, "clerk"), "/law/proposals/new", **NEW, cases=CASES)
    for width in (1280, 390):
        context = open_context(width=width)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        for address in ("", "new", f"change/{RULE}", f"{row.pk}/"):
            page.goto(f"{live_server.url}/law/proposals/{address}")
            page.evaluate(axe_source)
            found = page.evaluate("axe.run()")["violations"]
            assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found if v["impact"] in SERIOUS] == [], address
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        # What is missing far down the form is where the reader is led.
        page.goto(f"{live_server.url}/law/proposals/change/{RULE}")
        page.get_by_role("button", name="Propose").click()
        page.locator("#id_why.is-invalid").wait_for()
        assert page.evaluate("document.activeElement.id") == "id_why"
