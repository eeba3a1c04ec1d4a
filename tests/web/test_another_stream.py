"""Another waste stream by YAML alone, seen from the pages: used batteries laid over the book of this installation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.web import batches, law_calls
from tests.web.law_calls import Seen
from tidegate.law import Book, load_rulebook
from tidegate.screening import decide, parse_shipment
from tidegate.web.check.answers import permalink

pytestmark = pytest.mark.django_db

BATTERIES = Path(__file__).resolve().parents[2] / "examples" / "used-batteries"
LEAD = {"date": "2026-11-21", "export": "JP", "import": "BD", "hs": "854911", "material": "lead-acid batteries"}
SORTED = {"date": "2027-02-01", "export": "JP", "import": "LK", "hs": "854919", "operation": "R4", "waste": True}


@pytest.fixture
def overlay(settings: Any) -> Book:
    """The example as this installation's rulebook; nothing else is changed."""
    settings.TIDEGATE_OVERLAYS = (BATTERIES,)
    return load_rulebook([BATTERIES])


def checked(client: Client, shipment: dict[str, Any]) -> Seen:
    return Seen(client.get(permalink(shipment)))


def options(page: Seen, css: str) -> set[str]:
    return {option.get("value") for option in page.all(f"{css} option")}


# ── the check page ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_form_offers_the_materials_and_the_headings(client: Client, overlay: Book, settings: Any) -> None:
    materials = {"lead-acid batteries", "unsorted batteries", "used batteries"}
    headings = {"854810", "854911", "854912", "854913", "854914", "854919"}
    page = checked(client, {})
    assert materials <= options(page, "#materials")
    assert headings <= options(page, "#hs-codes")
    settings.TIDEGATE_OVERLAYS = ()
    assert not materials & options(checked(client, {}), "#materials")


def test_the_material_gives_the_verdict_with_the_rule(client: Client, overlay: Book, settings: Any) -> None:
    page = checked(client, LEAD)
    assert page.text("#verdict-title") == "Papers needed"
    assert "A1160" in page.text(".ck-entry")
    assert "/law/rules/BASEL-A1160" in page.links("#rule-BASEL-A1160")
    assert overlay.rules["BASEL-A1160"].text in page.text("#rule-BASEL-A1160")
    settings.TIDEGATE_OVERLAYS = ()
    without = checked(client, LEAD)
    assert not without.all("#rule-BASEL-A1160")
    assert "A1160" not in without.text(".ck-entry")


def test_the_page_asks_for_the_fact_of_the_stream_until_it_is_answered(client: Client, overlay: Book) -> None:
    page = checked(client, {**SORTED, "hazardous": False})
    assert page.text("#verdict-title") == "Undetermined"
    assert page.text("#ask-title") == "What kind of batteries are they?"
    values = set(overlay.facts["battery_chemistry"].values)
    assert values <= options(page, "#ask select[name='f.battery_chemistry']")
    for kind, verdict, rule in (
        ("lithium", "Clear", "BASEL-B1090"),
        ("nickel-cadmium", "Papers needed", "BASEL-B1090-METALS"),
    ):
        # The answer comes as the form sends it.
        shipment = {**SORTED, "hazardous": False, "facts": {"battery_chemistry": kind}}
        answered = Seen(client.get(f"{page.response.context['permalink']}&f.battery_chemistry={kind}"))
        wanted = decide(parse_shipment({"id": "1", **shipment}, overlay), overlay)
        assert wanted["questions"] == []
        assert answered.text("#verdict-title") == verdict
        assert answered.all(f"#rule-{rule}")
        assert {e.get("id") for e in answered.all("li[id^='rule-']")} == {
            f"rule-{r['rule']}" for r in wanted["reasons"]
        }
        # The answer stays on the form, to be changed.
        chosen = answered.all("select[name='f.battery_chemistry'] option[selected]")
        assert kind in {option.get("value") for option in chosen}


def test_a_draft_of_the_stream_is_no_rule_in_force(client: Client, overlay: Book) -> None:
    rules = [r for r in overlay.rules.values() if r.state == "LK"]
    page = Seen(client.get("/law/states/LK?on=2027-06-01"))
    assert f"{len(rules) - 1} rules in force" in page.text(".td-lead")
    assert "1 more is a draft" in page.text(".td-lead")


def test_a_draft_of_the_stream_warns(client: Client, overlay: Book) -> None:
    page = checked(client, {**SORTED, "hazardous": False, "facts": {"battery_chemistry": "mixed"}})
    assert "/law/rules/LK-IMP-BATTERY-DRAFT" in page.links("#alerts")
    assert overlay.rules["LK-IMP-BATTERY-DRAFT"].text in page.text("#alerts")


# ── the batch page ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_on_the_batch_page_is_decided_by_it(
    client: Client, overlay: Book, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    rows = [{"id": "lead", **LEAD}, {"id": "sorted", **SORTED}]
    batch = batches.screened(client, "lines.jsonl", "\n".join(map(json.dumps, rows)).encode())
    assert batch.rulebook == overlay.label
    first = Seen(client.get(f"/batch/{batch.token}/rows/1/"))
    assert "A1160" in first.text(".ck-entry")
    assert first.all("#rule-BASEL-A1160")
    second = Seen(client.get(f"/batch/{batch.token}/rows/2/"))
    assert "What kind of batteries are they?" in second.text()
    found = Seen(client.get(f"/batch/{batch.token}/rows/?rule=BASEL-A1160"))
    assert [" ".join(a.text_content().split()) for a in found.all("tbody td.ba-c-id a")] == ["lead"]


# ── the law pages ──────────────────────────────────────────────────────────────────────────────────────────


def test_each_rule_has_its_page(client: Client, overlay: Book, settings: Any) -> None:
    shipped = load_rulebook(())
    added = [rule for rule in overlay.rules.values() if shipped.rules.get(rule.id) != rule]
    assert {rule.id for rule in added} == {
        "BASEL-A1160", "BASEL-A1170", "BASEL-B1090", "BASEL-B1090-METALS", "LK-IMP-BATTERY-DRAFT"
    }  # fmt: skip
    for rule in added:
        page = law_calls.see(client, f"rules/{rule.id}")
        assert rule.id in page.text("h1")
        assert page.text(".lp-hero-text") == rule.text
        assert rule.instrument in page.text(".lp-instrument")
        assert page.all(".lp-cases .lp-case"), f"{rule.id}: the scenarios of the overlay stand on its page"
    # What is a fact of the overlay is called by its name on the page.
    assert "Battery chemistry" in law_calls.see(client, "rules/BASEL-B1090-METALS").text(".lp-detail")
    settings.TIDEGATE_OVERLAYS = ()
    assert client.get("/law/rules/BASEL-A1160").status_code == 404


def test_search_finds_them(client: Client, overlay: Book) -> None:
    found = law_calls.see(client, "search?q=lead-acid").links(".lp-rules")
    assert {"/law/rules/BASEL-A1160", "/law/rules/BASEL-B1090-METALS"} <= set(found)
    assert "/law/entries/A1160" in law_calls.see(client, "search?q=a1160").links()


def test_their_entries_stand_among_the_others(client: Client, overlay: Book) -> None:
    listed = law_calls.see(client, "entries/").links(".lp-entries")
    assert {f"/law/entries/{code}" for code in ("A1160", "A1170", "B1090")} <= set(listed)
    page = law_calls.see(client, "entries/B1090")
    assert {"/law/rules/BASEL-B1090-METALS", "/law/rules/LK-IMP-BATTERY-DRAFT"} <= set(page.links())
    assert "8549.19" in page.text()
    assert "Waste batteries sorted by kind, without lead-acid ones" in page.text()


def test_the_page_of_the_state_and_the_calendar_show_the_draft(client: Client, overlay: Book) -> None:
    rule = "/law/rules/LK-IMP-BATTERY-DRAFT"
    assert rule in law_calls.see(client, "states/LK?on=2027-02-01").links("#import")
    assert rule in law_calls.see(client, "changes?state=LK&from=2026-12-01").links(".lp-days")
