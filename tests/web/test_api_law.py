"""The law over HTTP, and the document in which the API says what it does."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import hypothesis
import jsonschema_rs
import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from tests.web.api_calls import BASE, post, problem
from tidegate.law import load_rulebook
from tidegate.law.compare import compare_days
from tidegate.law.timeline import changes
from tidegate.web.api.problems import KINDS
from tidegate.web.api.schemas.shipment import CLEAN_PE

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    return client.get(f"{BASE}/openapi.json").json()


# ── the law ────────────────────────────────────────────────────────────────────────────────────────────────


def ids(response: Any) -> list[str]:
    return [rule["id"] for rule in response.json()["rules"]]


def test_rules_are_filtered(client: Client) -> None:
    book = load_rulebook()
    got = client.get(f"{BASE}/law/rules?state=my&role=import&on=2026-11-21")
    day = date(2026, 11, 21)
    assert ids(got) == [r.id for r in book.by_layer["national:MY:import"] if r.in_force(day)]
    assert set(ids(client.get(f"{BASE}/law/rules?status=announced"))) == {
        r.id for r in book.rules.values() if r.status == "announced"
    }
    assert ids(client.get(f"{BASE}/law/rules?layer=waigani")) == [r.id for r in book.by_layer["waigani"]]
    assert ids(client.get(f"{BASE}/law/rules?q=MY-IMP-COA-2025"))[0] == "MY-IMP-COA-2025"


def test_pages_of_rules_hold_each_rule_once(client: Client) -> None:
    found, address = [], f"{BASE}/law/rules?limit=60"
    while address:
        answer = client.get(address).json()
        found += [rule["id"] for rule in answer["rules"]]
        address = answer["next"]
    assert found == list(load_rulebook().rules)


def test_a_rule_is_told_whole(client: Client) -> None:
    rule = client.get(f"{BASE}/law/rules/VN-IMP-DEPOSIT").json()["rule"]
    record = load_rulebook().rules["VN-IMP-DEPOSIT"]
    assert (rule["text"], rule["instrument"], rule["url"]) == (record.text, record.instrument, record.url)
    steps = [s for r in rule["documents"] for s in r["value_by_tonnes"]]
    assert [s["below_t"] for s in steps] == [100, 500, None]
    assert [s["value"] for s in steps] == [15, 18, 20]
    assert problem(client.get(f"{BASE}/law/rules/NO-SUCH-RULE"), "not-found")


def test_a_state_on_a_day(client: Client) -> None:
    before, after = (client.get(f"{BASE}/law/states/th?on={day}").json() for day in ("2024-12-31", "2025-01-01"))
    assert "TH-IMP-BAN-2025" not in [r["id"] for r in before["rules"]["import"]]
    assert "TH-IMP-BAN-2025" in [r["id"] for r in after["rules"]["import"]]
    assert "basel_party" in after["groups"]
    assert problem(client.get(f"{BASE}/law/states/xx"), "not-found")
    # A State without national law is no unknown one: its page, its memberships and no rule.
    france = client.get(f"{BASE}/law/states/fr?on=2026-11-21").json()
    assert france["state"]["rules"] == 0
    assert "eu" in france["groups"]
    assert not any(france["rules"].values())


def test_the_timeline_and_the_difference_agree_with_the_book(client: Client) -> None:
    book = load_rulebook()
    told = client.get(f"{BASE}/law/timeline?from=2025-01-01&to=2025-12-31&state=MY").json()["changes"]
    expected = changes(book, date(2025, 1, 1), date(2025, 12, 31), state="MY")
    assert [(c["date"], c["what"], c["rule"]) for c in told] == [(str(c.date), c.what, c.rule.id) for c in expected]
    diff = client.get(f"{BASE}/law/diff?a=2025-06-30&b=2025-07-01&state=MY").json()
    same = compare_days(book, date(2025, 6, 30), date(2025, 7, 1), state="MY")
    assert [r["id"] for r in diff["begun"]] == [r.id for r in same.begun]
    assert [r["id"] for r in diff["ended"]] == [r.id for r in same.ended] == ["MY-IMP-AP-NSWMD"]


def test_limits_side_by_side(client: Client) -> None:
    rows = client.get(f"{BASE}/law/standards?on=2026-11-21").json()["standards"]
    mine = next(r for r in rows if r["state"] == "MY" and r["binding"])
    assert mine["figures"]["foreign_matter_pct"] == 2
    assert mine["figures"]["target_purity_pct"] == 99.5
    before = client.get(f"{BASE}/law/standards?on=2025-06-30&state=MY").json()["standards"]
    assert all(r["figures"]["target_purity_pct"] is None for r in before)


def test_registries_and_service(client: Client) -> None:
    book = load_rulebook()
    assert client.get(f"{BASE}/law/facts").json()["count"] == len(book.facts)
    papers = client.get(f"{BASE}/law/documents").json()["documents"]
    assert "MY-IMP-COA-2025" in next(d for d in papers if d["kind"] == "COA")["rules"]
    assert {e["code"] for e in client.get(f"{BASE}/law/entries").json()["entries"]} == set(book.entries)
    states = client.get(f"{BASE}/law/states").json()
    assert states["count"] == len(book.states)
    about = client.get(f"{BASE}/rulebook").json()
    assert (about["version"], about["hash"]) == (book.version, f"sha256:{book.hash}")
    assert client.get(f"{BASE}/health").json() == {"status": "ok", "rulebook": book.label}


@pytest.mark.parametrize(
    ("query", "field", "expected"),
    [
        ("rules?on=tomorrow", "on", "YYYY-MM-DD"),
        ("rules?limit=0", "limit", "at least 1"),
        ("rules?role=owner", "role", "export"),
        ("rules?state=USA", "state", "A-Z"),
        ("diff?a=2025-01-01", "b", "a value"),
    ],
)
def test_a_wrong_parameter_is_named(client: Client, query: str, field: str, expected: str) -> None:
    found = problem(client.get(f"{BASE}/law/{query}"), "parameter")
    (error,) = found["errors"]
    assert error["field"] == field
    assert expected in error["expected"]


# ── the document ───────────────────────────────────────────────────────────────────────────────────────────


def validator(document: dict[str, Any], name: str) -> jsonschema_rs.Draft202012Validator:
    """The validator that schemathesis brings along, for one type of the document."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def test_the_document_is_typed_and_its_examples_are_true(client: Client, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    assert "MY" in schemas["StateCode"]["enum"]
    assert schemas["Facts"]["properties"]["zone"]["type"] == ["string", "null"]
    for example in schemas["Shipment"]["examples"]:
        validator(document, "Shipment").validate(example)
        decision = post(client, example, "/screen?changes=true").json()
        validator(document, "Decision").validate(decision)
    for example in schemas["Decision"]["examples"]:
        validator(document, "Decision").validate(example)
    validator(document, "Problem").validate(post(client, {}).json())
    with pytest.raises(jsonschema_rs.ValidationError):
        validator(document, "Shipment").validate({**CLEAN_PE, "import": "ZZ"})


def test_every_operation_says_what_it_answers(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert operation["description"], path
            for status, response in operation["responses"].items():
                kinds = set(response.get("content", {}))
                assert (
                    kinds == {"application/problem+json"}
                    if int(status) >= 400
                    else "application/problem+json" not in kinds
                )
            for parameter in operation["parameters"]:
                assert "null" not in json.dumps(parameter["schema"])


def test_an_overlay_brings_its_facts_into_the_document(client: Client, settings: Any, tmp_path: Any) -> None:
    fact = "{name: battery_chemistry, type: text, by: declaration, label: Which chemistry?, meaning: Of the cells.}"
    (tmp_path / "batteries.yaml").write_text(f"facts:\n- {fact}\n", encoding="utf-8")
    settings.TIDEGATE_OVERLAYS = (tmp_path,)
    facts = client.get(f"{BASE}/openapi.json").json()["components"]["schemas"]["Facts"]["properties"]
    assert "battery_chemistry" in facts


def test_the_page_shows_every_operation_and_problem_and_loads_nothing_from_elsewhere(
    client: Client, document: dict[str, Any]
) -> None:
    response = client.get(f"{BASE}/docs/")
    page = response.content.decode()
    for methods in document["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page
    for kind in KINDS:
        assert f'id="problem-{kind}"' in page
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', page)
    assert loaded
    assert all(address.startswith("/") for address in loaded)
    assert "'unsafe-inline'" not in response["Content-Security-Policy"]


def test_a_person_who_opens_the_root_reads_the_page(client: Client) -> None:
    for address in (f"{BASE}/", f"{BASE}/docs"):
        assert client.get(address, follow=True).request["PATH_INFO"] == f"{BASE}/docs/"


# ── everything that the document promises, tried with data made from the document itself ──────────────────────

OPERATIONS = (
    "POST /screen", "POST /screen/batch", "GET /law/rules", "GET /law/rules/{rule_id}", "GET /law/states",
    "GET /law/states/{iso}", "GET /law/timeline", "GET /law/diff", "GET /law/standards", "GET /law/facts",
    "GET /law/documents", "GET /law/entries", "GET /rulebook", "GET /health", "POST /what-if",
    "GET /what-if/{token}",
)  # fmt: skip


def test_the_list_of_operations_is_complete(document: dict[str, Any]) -> None:
    """Of those open to everybody; what asks who calls is tried by the tests of its own room."""
    found = [
        f"{method.upper()} {path.removeprefix(BASE)}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not operation.get("security")
    ]
    assert sorted(found) == sorted(OPERATIONS)


# What takes nothing from its caller cannot be given anything wrong; any text may be the name of a rule.
TAKING = [o for o in OPERATIONS if o.startswith("POST") or re.search(r"rules$|iso|timeline|diff|standards", o)]
TRIED = [*((o, GenerationMode.POSITIVE) for o in OPERATIONS), *((o, GenerationMode.NEGATIVE) for o in TAKING)]


@pytest.mark.parametrize(("operation", "mode"), TRIED, ids=lambda value: getattr(value, "value", value))
def test_the_api_keeps_what_its_document_promises(operation: str, mode: GenerationMode, settings: Any) -> None:
    settings.TIDEGATE_API_RATE = 0
    schema = schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", get_wsgi_application())
    method, path = operation.split()
    excluded: list[Any] = []
    if method == "POST":
        # The reader is more lenient than the types ("12" is a number, "" is not known), as it is with files; and no
        # schema can say that shares add up to 100 at most.
        excluded = CHECKS.get_by_names(["negative_data_rejection", "positive_data_acceptance"])
    # Making such data is slow: a third of what the profile asks for, 2,000 at most.
    profile = hypothesis.settings.default
    assert profile is not None
    examples = min(2_000, max(25, profile.max_examples // 3))

    @hypothesis.settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @hypothesis.given(case=schema[BASE + path][method].as_strategy(generation_mode=mode))
    def keeps(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(excluded_checks=excluded, headers={"Accept-Encoding": "identity"})

    keeps()
