"""The API: the same answers as everywhere, errors that a program can act on, limits and rates."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest
from django.test import Client

from tests.web.api_calls import BASE, SHIPMENT, post, problem
from tests.web.shipments import MIXED_TO_THAILAND
from tidegate.law import load_rulebook
from tidegate.screening import decide, parse_shipment
from tidegate.web.api.ratelimit import Buckets, client_of
from tidegate.web.api.schemas.shipment import CLEAN_PE, THROUGH_VIET_NAM

pytestmark = pytest.mark.django_db


# ── screening ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shipment", [SHIPMENT, {"id": "b", **MIXED_TO_THAILAND}, CLEAN_PE, THROUGH_VIET_NAM])
@pytest.mark.parametrize("asked", [False, True])
def test_a_shipment_gets_the_decision_of_the_evaluator(client: Client, shipment: dict[str, Any], asked: bool) -> None:
    response = post(client, shipment, "/screen?changes=true" if asked else "/screen")
    assert response.status_code == 200
    book = load_rulebook()
    assert response.json() == decide(parse_shipment(shipment, book), book, changes=asked)
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


def test_what_the_caller_added_comes_back(client: Client) -> None:
    given = {**SHIPMENT, "office": "KL-04", "share": 0.1, "outcome": "mine", "facts": {"weather": "rain"}}
    answer = post(client, given).json()
    assert (answer["office"], answer["share"], answer["source.outcome"]) == ("KL-04", 0.1, "mine")
    assert answer["facts"] == {"weather": "rain"}
    assert answer["outcome"] != "mine"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("import", "ZZ", "ISO 3166-1"),
        ("date", "2026-02-30", "YYYY-MM-DD"),
        ("contamination_pct", 101, "at most 100"),
        ("net_kg", -1, "at least 0"),
        ("operation", "R99", "R1…R13"),
        ("id", "", "not empty"),
        ("hs", "39x5", "digits"),
    ],
)
def test_a_shipment_that_cannot_be_read_names_field_value_and_expectation(
    client: Client, field: str, value: Any, expected: str
) -> None:
    found = problem(post(client, {**SHIPMENT, field: value}), "rejected")
    assert (found["field"], found["value"]) == (field, value)
    assert expected in found["expected"]
    assert expected in found["detail"]


def test_what_is_no_object_is_rejected(client: Client) -> None:
    for body in ([SHIPMENT], "text", 3, None, True):
        assert problem(post(client, json.dumps(body)), "rejected")["field"] == "row"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "empty"),
        ("{", "character 2"),
        (b"\xff\xfe", "UTF-8 at byte 1"),
        ('{"id": 1, "id": 2}', "given twice"),
        ('{"id": NaN}', "NaN"),
        ('{"id": "\\ud800"}', "surrogate"),
        ('{"a": ' * 40 + "1" + "}" * 40, "nested too deep"),
        ('{"net_kg": ' + "9" * 500 + "}", "digits"),
    ],
)
def test_what_is_not_json_is_said_to_be_so(client: Client, body: str | bytes, said: str) -> None:
    assert said in problem(post(client, body), "not-json")["detail"]


def test_other_media_types_and_encodings_are_refused(client: Client) -> None:
    found = post(client, "id,date", content_type="text/csv")
    assert problem(found, "media-type")
    assert found["Accept-Post"] == "application/json"
    squeezed = gzip.compress(json.dumps(SHIPMENT).encode())
    assert problem(post(client, squeezed, headers={"Content-Encoding": "gzip"}), "media-type")
    assert problem(post(client, "{}", content_type="application/json; charset=utf-16"), "media-type")
    assert post(client, SHIPMENT, content_type="application/json; charset=UTF-8").status_code == 200


def test_a_number_is_taken_as_it_is_written(client: Client) -> None:
    """0.1 + 0.2 in binary is more than 0.3: the limit of 100 must not break on that."""
    text = json.dumps({**SHIPMENT, "polymers": {}}).replace("{}", '{"PE": 99.7, "PP": 0.1}')
    assert post(client, text.replace('"contamination_pct": "0"', '"contamination_pct": 0.2')).status_code == 200


# ── batches ────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_in_are_decisions_and_errors_out_in_place(client: Client) -> None:
    rows = [SHIPMENT, {**SHIPMENT, "id": 7, "import": "ZZ"}, 3, SHIPMENT]
    response = post(client, rows, "/screen/batch")
    answer = response.json()
    assert [(r["id"], r["row"], "error" in r) for r in answer] == [
        ("a-1", 1, False), ("7", 2, True), (None, 3, True), ("a-1", 4, False),
    ]  # fmt: skip
    assert answer[1]["error"]["field"] == "import"
    assert {k: v for k, v in answer[0].items() if k != "row"} == post(client, SHIPMENT).json()
    assert (response["Tidegate-Decided"], response["Tidegate-Rejected"]) == ("2", "2")


def test_lines_in_are_lines_out(client: Client) -> None:
    body = "\n".join([json.dumps(SHIPMENT), "", "{broken", '{"id": 1, "id": 2}', json.dumps(SHIPMENT)]) + "\r\n"
    response = post(client, body, "/screen/batch", "application/x-ndjson")
    assert response["Content-Type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in response.content.decode().splitlines()]
    assert [(line["row"], "error" in line) for line in lines] == [(1, False), (2, True), (3, True), (4, False)]
    assert "character 2" in lines[1]["error"]["message"]
    assert "twice" in lines[2]["error"]["message"]


def test_an_empty_batch_is_an_empty_answer(client: Client) -> None:
    assert post(client, [], "/screen/batch").json() == []
    assert post(client, "\n\n", "/screen/batch", "application/x-ndjson").content == b""


def test_a_batch_that_is_no_array_is_refused_as_a_whole(client: Client) -> None:
    assert "array" in problem(post(client, SHIPMENT, "/screen/batch"), "not-json")["detail"]
    assert problem(post(client, "[1", "/screen/batch"), "not-json")


def test_one_row_nested_too_deep_does_not_take_the_others_down(client: Client) -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    answer = post(client, [{**SHIPMENT, "x": deep}, SHIPMENT], "/screen/batch").json()
    assert "nested" in answer[0]["error"]["message"]
    assert answer[1]["outcome"]


def test_batches_have_limits(client: Client, settings: Any) -> None:
    settings.TIDEGATE_API_BATCH_MAX_ROWS = 20
    assert post(client, [SHIPMENT] * 20, "/screen/batch").status_code == 200
    found = problem(post(client, [SHIPMENT] * 21, "/screen/batch"), "too-large")
    assert (found["field"], found["value"]) == ("rows", 21)
    assert post(client, [SHIPMENT] * 2, "/screen/batch?changes=true").status_code == 200
    assert problem(post(client, [SHIPMENT] * 3, "/screen/batch?changes=true"), "too-large")
    settings.TIDEGATE_API_BATCH_MAX_BYTES = 500
    assert problem(post(client, [SHIPMENT] * 5, "/screen/batch"), "too-large")["field"] == "body"


def test_a_body_of_unknown_length_or_too_many_bytes_is_not_read(client: Client, settings: Any) -> None:
    settings.TIDEGATE_API_MAX_BYTES = 100
    assert problem(post(client, SHIPMENT), "too-large")["expected"] == "at most 100 bytes"
    chunked = client.generic("POST", f"{BASE}/screen", b"", CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert problem(chunked, "length")


# ── caching, methods, other origins ────────────────────────────────────────────────────────────────────────


def test_the_law_is_sent_again_only_when_it_changed(client: Client, settings: Any, tmp_path: Any) -> None:
    address = f"{BASE}/law/rules/MY-IMP-COA-2025"
    first = client.get(address)
    tag = first["ETag"]
    for held in (tag, f"W/{tag}", f'"other", {tag}'):
        again = client.get(address, headers={"If-None-Match": held})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200
    (tmp_path / "emergency.yaml").write_text("state: MY\nrules: []\n", encoding="utf-8")
    settings.TIDEGATE_OVERLAYS = (tmp_path,)
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_head_is_get_without_a_body(client: Client) -> None:
    got, headed = client.get(f"{BASE}/law/facts"), client.head(f"{BASE}/law/facts")
    assert headed.status_code == 200
    assert headed.content == b""
    assert headed["Content-Length"] == str(len(got.content))
    assert headed["ETag"] == got["ETag"]


def test_other_methods_and_addresses_are_problems_too(client: Client) -> None:
    wrong = client.delete(f"{BASE}/screen")
    assert problem(wrong, "method")
    assert wrong["Allow"] == "POST"
    assert client.put(f"{BASE}/law/facts")["Allow"] == "GET, HEAD"
    assert problem(client.get(f"{BASE}/nothing/here"), "not-found")
    assert client.options(f"{BASE}/screen").status_code == 204


def test_every_answer_has_an_id(client: Client) -> None:
    assert client.get(f"{BASE}/health", headers={"X-Request-ID": "office-7.42"})["X-Request-ID"] == "office-7.42"
    made = client.get(f"{BASE}/health", headers={"X-Request-ID": "a b\x7f<script>"})["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{16}", made)


def test_other_origins_are_shut_out_until_the_installation_lets_them_in(client: Client, settings: Any) -> None:
    origin = {"Origin": "https://portal.example"}
    assert "Access-Control-Allow-Origin" not in client.get(f"{BASE}/health", headers=origin)
    assert "Access-Control-Allow-Methods" not in client.options(f"{BASE}/screen", headers=origin)
    settings.TIDEGATE_API_CORS_ORIGINS = "https://portal.example/, https://other.example"
    let_in = client.get(f"{BASE}/health", headers=origin)
    assert let_in["Access-Control-Allow-Origin"] == "https://portal.example"
    assert "Origin" in let_in["Vary"]
    assert "Access-Control-Allow-Credentials" not in let_in
    assert "POST" in client.options(f"{BASE}/screen", headers=origin)["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Origin" not in client.get(f"{BASE}/health", headers={"Origin": "https://evil.example"})


def test_a_failure_of_ours_shows_nothing_of_it(client: Client, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the cable is cut")

    monkeypatch.setattr("tidegate.web.registers.decide", broken)
    client.raise_request_exception = False
    found = problem(post(client, {**SHIPMENT, "id": "secret-consignment"}), "internal")
    assert "cable" not in json.dumps(found)
    assert found["request_id"] in caplog.text
    assert "secret-consignment" not in caplog.text


# ── rates ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_client_that_asks_too_often_waits(client: Client, settings: Any) -> None:
    settings.TIDEGATE_API_RATE, settings.TIDEGATE_API_BURST = 0.5, 3
    first = client.get(f"{BASE}/health")
    assert first["RateLimit-Policy"] == '"client";q=3;w=6'
    assert first["RateLimit"].startswith('"client";r=2;t=')
    assert [client.get(f"{BASE}/health").status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get(f"{BASE}/health")
    assert problem(refused, "rate")
    assert 1 <= int(refused["Retry-After"]) <= 2
    assert client.get(f"{BASE}/health", REMOTE_ADDR="192.0.2.9").status_code == 200
    settings.TIDEGATE_API_RATE = 0
    assert client.get(f"{BASE}/health").status_code == 200


def test_a_batch_costs_by_its_rows(client: Client, settings: Any) -> None:
    settings.TIDEGATE_API_RATE, settings.TIDEGATE_API_BURST = 0.001, 10
    assert post(client, [SHIPMENT] * 100, "/screen/batch")["RateLimit"].startswith('"client";r=4;')
    assert problem(post(client, [SHIPMENT] * 100, "/screen/batch"), "rate")


def test_buckets_fill_with_time_and_forget_the_quietest() -> None:
    now = 0.0
    buckets = Buckets(clock=lambda: now, most=2)
    assert [buckets.take("a", 1, rate=1, burst=2).allowed for _ in range(3)] == [True, True, False]
    assert buckets.take("a", 1, 1, 2).retry_in == pytest.approx(1)
    now = 1.0
    assert buckets.take("a", 1, 1, 2).allowed
    now = 100.0
    assert buckets.take("a", 50, 1, 2).allowed, "what costs more than a full bucket passes when it is full"
    assert not buckets.take("a", 1, 1, 2).allowed
    buckets.take("b", 1, 1, 2)
    buckets.take("c", 1, 1, 2)
    assert buckets.take("a", 1, 1, 2).allowed, "a was forgotten and starts full"


def test_the_client_is_who_our_proxies_say(rf: Any) -> None:
    def request(address: str, forwarded: str = "") -> Any:
        return rf.get("/", REMOTE_ADDR=address, HTTP_X_FORWARDED_FOR=forwarded)

    assert client_of(request("192.0.2.1", "203.0.113.9"), 0) == "192.0.2.1"
    assert client_of(request("192.0.2.1", "198.51.100.7, 203.0.113.9"), 1) == "203.0.113.9"
    assert client_of(request("192.0.2.1", "198.51.100.7, 203.0.113.9"), 2) == "198.51.100.7"
    assert client_of(request("192.0.2.1"), 1) == "192.0.2.1"
    assert client_of(request("2001:db8:1:2:3:4:5:6"), 0) == client_of(request("2001:db8:1:2::1"), 0)
    assert client_of(request("::ffff:192.0.2.1"), 0) == "192.0.2.1"
    assert client_of(request("192.0.2.1", "<script>"), 1) == "unknown"
