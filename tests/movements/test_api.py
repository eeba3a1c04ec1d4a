"""The control of movements over HTTP: scoped reads, the border check, and commands as operations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.test import Client

from tests.movements import cases
from tests.movements.cases import START, Wire, actor, again, drafted
from tests.web.api_calls import BASE, problem
from tidegate.movements import notices
from tidegate.movements.models import Notification, Subscription
from tidegate.parties import times
from tidegate.parties.commands.agents import digest_of_secret
from tidegate.parties.models import AccessKey, Done, JournalEntry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def wire() -> Iterator[Wire]:
    with cases.wired() as found, times.at(START):
        yield found


def calls(code: str, kind: str, role: str = "clerk") -> dict[str, str]:
    """The header with which software of a body of a State calls."""
    by = actor(code, kind, "manager")
    assert by.organisation is not None
    assert by.person is not None
    secret = f"tgk_{code}_{kind}_{role}_{by.person.pk}"
    AccessKey.objects.create(
        holder_id=code, organisation=by.organisation, label="test", role=role, digest=digest_of_secret(secret),
        valid_from=date(2026, 1, 1), valid_until=date(2028, 1, 1), rights=[], revision=1,
    )  # fmt: skip
    return {"Authorization": f"Bearer {secret}"}


def post(client: Client, path: str, body: Any, headers: dict[str, str]) -> Any:
    return client.post(f"{BASE}{path}", json.dumps(body), content_type="application/json", headers=headers)


def test_a_company_sees_what_it_takes_part_in_and_nobody_else_does(client: Client) -> None:
    row = drafted()
    own = client.get(f"{BASE}/notifications", headers=calls("TH", "notifier"))
    assert [item["case"] for item in own.json()["notifications"]] == [row.case]
    assert client.get(f"{BASE}/notifications", headers=calls("DE", "customs")).json()["count"] == 0
    whole = client.get(f"{BASE}/notifications/{row.case}", headers=calls("TH", "competent_authority")).json()
    assert whole["quantity_kg"] == "250000.000"
    assert whole["content"]["exporter"]["registration"] == "TH-notifier-1"
    assert problem(client.get(f"{BASE}/notifications/{row.case}", headers=calls("DE", "customs")), "not-found")


def test_a_command_is_an_operation_and_a_repeated_request_has_one_effect(client: Client) -> None:
    row = drafted()
    headers = {**calls("TH", "notifier"), "Idempotency-Key": "one"}
    body = {"notification_id": str(row.pk), "revision": row.revision}
    first = post(client, "/commands/notification/submit", body, headers)
    assert first.status_code == 200, first.content
    assert (first.json()["status"], first.json()["case"]) == ("submitted", row.case)
    assert post(client, "/commands/notification/submit", body, headers).json()["id"] == first.json()["id"]
    assert again(row).status == Notification.Status.SUBMITTED
    other = {**headers, "Idempotency-Key": "two"}
    assert post(client, "/commands/notification/submit", body, other).status_code == 409


def test_what_a_command_refuses_names_code_and_field(client: Client) -> None:
    row = drafted(papers=False)
    answer = post(
        client, "/commands/notification/submit", {"notification_id": str(row.pk)}, calls("TH", "notifier")
    )  # fmt: skip
    said = problem(answer, "refused")
    assert said["code"] == "contract"
    assert answer.status_code == 422
    unknown = post(client, "/commands/notification/submit", {"id": "1", "colour": "red"}, calls("TH", "notifier"))
    assert unknown.status_code == 422
    wrong = post(client, "/commands/notification/submit", {"notification_id": "x"}, calls("TH", "notifier"))
    assert problem(wrong, "not-found")


def test_a_mass_is_a_text_and_no_float_gets_in(client: Client) -> None:
    row = drafted()
    body = {"notification_id": str(row.pk), "planned_on": "2027-03-15", "announced_kg": 20000.1}
    assert post(client, "/commands/movement/draft", body, calls("TH", "notifier")).status_code == 422


def test_who_has_not_the_right_is_refused(client: Client) -> None:
    row = drafted()
    answer = post(
        client, "/commands/notification/transmit", {"notification_id": str(row.pk)}, calls("TH", "notifier")
    )  # fmt: skip
    assert problem(answer, "forbidden")


def test_the_border_answers_for_a_number_and_for_one_that_nobody_knows(client: Client) -> None:
    row = drafted()
    officer = calls("TH", "customs", "viewer")
    said = client.get(f"{BASE}/border/check", {"number": row.case}, headers=officer).json()
    assert said["answers"][0]["answer"] == "not_valid"
    assert said["answers"][0]["reasons"]
    assert problem(client.get(f"{BASE}/border/check", {"number": "NOBODY-KNOWS"}, headers=officer), "not-found")


def test_a_webhooks_secret_is_in_one_answer_and_never_again(client: Client) -> None:
    """Made and given a new secret over the API: each is told once, not to a repeated request, and nowhere else."""
    headers = calls("TH", "notifier", "manager")
    body = {"channel": "webhook", "address": "https://hooks.example/notices"}
    first = post(client, "/commands/notice/subscribe", body, {**headers, "Idempotency-Key": "a"})
    assert first.status_code == 200, first.content
    made = first.json()
    assert made["secret"] == notices.secret_of(Subscription.objects.get(pk=made["id"]))
    assert "no-store" in first["Cache-Control"]
    again_ = post(client, "/commands/notice/subscribe", body, {**headers, "Idempotency-Key": "a"}).json()
    assert (again_["id"], again_["secret"]) == (made["id"], None)
    changed = post(
        client, "/commands/notice/change", {"subscription_id": made["id"], "revision": 1, "days_ahead": 5}, headers
    ).json()  # fmt: skip
    assert (changed["revision"], changed["secret"]) == (2, None)
    renewed = post(client, "/commands/notice/renew_secret", {"subscription_id": made["id"]}, headers).json()
    assert renewed["secret"] not in (None, made["secret"])
    row = Subscription.objects.get(pk=made["id"])
    assert renewed["secret"] == notices.secret_of(row)
    # Not in the journal, the answers kept for repeated requests, or the row itself.
    kept = [str(list(model.objects.values())) for model in (JournalEntry, Done, Subscription)]
    assert not any(one["secret"][4:] in text for one in (made, renewed) for text in kept)
    # An e-mail notice has none; another company's webhook gives none.
    other = calls("DE", "notifier", "manager")
    refused = post(client, "/commands/notice/renew_secret", {"subscription_id": made["id"]}, other)
    assert refused.status_code == 404
    assert notices.secret_of(Subscription.objects.get(pk=made["id"])) == renewed["secret"]
