"""The API of parties: access keys, sessions, the feed, and what a command refuses as a problem."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import hypothesis
import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck
from schemathesis.checks import CHECKS

from tests.parties.test_delegation import delegated
from tests.parties.test_feed import write
from tests.parties.world import World, today
from tests.web.api_calls import BASE, problem
from tidegate.parties import commands, sealing
from tidegate.parties.models import AccessKey, Delegation, Organisation

pytestmark = pytest.mark.django_db


def key_for(world: World, kind: str, role: str = "viewer", **more: Any) -> dict[str, str]:
    """The header with which software calls."""
    days = {"valid_from": today(), "valid_until": today() + timedelta(days=1)}
    key = commands.make_key(world.actor(kind, "manager"), label="erp", role=role, **{**days, **more})
    return {"Authorization": f"Bearer {key.secret}"}  # type: ignore[attr-defined]


def test_who_calls(world: World, client: Client) -> None:
    answer = client.get(f"{BASE}/me", headers=key_for(world, "carrier", "clerk"))
    said = answer.json()
    assert "no-store" in answer["Cache-Control"]
    assert (said["state"], said["role"], said["person"], said["key"]) == ("VN", "clerk", None, "erp")
    assert said["organisation"]["registration"] == "carrier-0"
    assert "parties.journal.read" not in said["rights"]
    person = world.client("customs", "officer").get(f"{BASE}/me").json()
    assert person["person"] == "officer.customs.0.vn@example.org"
    assert "parties.journal.read" in person["rights"]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer nothing", "Bearer tgk_é", "Basic abc", "Bearer " + "x" * 9000]
)
def test_who_is_not_known_is_told_so(world: World, client: Client, header: str) -> None:
    answer = client.get(f"{BASE}/me", headers={"Authorization": header} if header else {})
    assert problem(answer, "unauthenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("end", ["revoked", "over", "to come", "closed", "delegation", "principal"])
def test_a_key_ends(world: World, client: Client, end: str) -> None:
    grant = delegated(world, rights=["parties.organisation.read"])
    header = key_for(world, "broker", delegation_id=grant.pk)
    assert client.get(f"{BASE}/me", headers=header).json()["organisation"]["registration"] == "notifier-0"
    if end == "revoked":
        commands.revoke_key(world.actor("broker", "manager"), AccessKey.objects.get().pk)
    elif end == "over":
        AccessKey.objects.update(valid_from=today() - timedelta(days=9), valid_until=today() - timedelta(days=2))
    elif end == "to come":
        AccessKey.objects.update(valid_from=today() + timedelta(days=2), valid_until=today() + timedelta(days=3))
    elif end == "closed":
        Organisation.objects.filter(registration="broker-0").update(active=False)
    elif end == "principal":
        Organisation.objects.filter(registration="notifier-0").update(active=False)
    else:
        Delegation.objects.update(valid_from=today() - timedelta(days=9), valid_until=today() - timedelta(days=2))
    assert problem(client.get(f"{BASE}/me", headers=header), "unauthenticated")


def test_a_key_outside_its_scope_is_forbidden(world: World, client: Client) -> None:
    grant = delegated(world, rights=["parties.organisation.read"])
    found = problem(
        client.get(f"{BASE}/journal", headers=key_for(world, "broker", delegation_id=grant.pk)), "forbidden"
    )
    assert (found["code"], found["field"]) == ("forbidden", "parties.feed.read")


def test_the_feed_is_read_to_its_end(world: World, client: Client) -> None:
    body = world.body("notifier")
    for _ in range(7):
        write(body)
        write(world.body("carrier"))
    header, company = key_for(world, "customs"), key_for(world, "notifier")
    sealing.seal_all()
    seen, after, more = [], 0, True
    while more:
        part = client.get(f"{BASE}/journal?after={after}&limit=3", headers=header).json()
        seen += [entry["number"] for entry in part["entries"]]
        after, more = part["next"], part["more"]
    assert seen == list(range(1, 17))
    entry = client.get(f"{BASE}/journal?after=15", headers=header).json()["entries"][0]
    assert entry["type"] == "accesskey.made"
    assert len(entry["head"]) == 64
    mine = client.get(f"{BASE}/journal", headers=company).json()
    assert {e["subject_id"] for e in mine["entries"] if e["subject"] == "organisation"} == {str(body.pk)}
    assert mine["next"] == 16
    assert problem(client.get(f"{BASE}/journal?after=-1", headers=header), "parameter")
    assert client.get(f"{BASE}/journal?after=99", headers=header).json() == {"entries": [], "next": 99, "more": False}


def test_the_register_by_program(world: World, client: Client) -> None:
    header = key_for(world, "customs")
    found = client.get(f"{BASE}/organisations?q=carrier&limit=1", headers=header).json()
    assert (found["count"], len(found["organisations"])) == (2, 1)
    company = client.get(f"{BASE}/organisations", headers=key_for(world, "carrier")).json()
    assert [row["registration"] for row in company["organisations"]] == ["carrier-0"]


def test_last_use_is_noted(world: World, client: Client) -> None:
    header = key_for(world, "customs")
    assert AccessKey.objects.get().last_used is None
    client.get(f"{BASE}/me", headers=header)
    first = AccessKey.objects.get().last_used
    client.get(f"{BASE}/me", headers=header)
    assert AccessKey.objects.get().last_used == first is not None


@pytest.mark.parametrize("path", ["/me", "/journal", "/organisations"])
def test_what_the_document_promises(world: World, path: str, settings: Any) -> None:
    settings.TIDEGATE_API_RATE = 0
    header = key_for(world, "customs")
    schema = schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", get_wsgi_application())
    operation = schema[BASE + path]["GET"]
    # The header is ours: what an operation does without it is tried above.
    excluded = CHECKS.get_by_names(["ignored_auth"])

    @hypothesis.settings(max_examples=20, suppress_health_check=list(HealthCheck))
    @hypothesis.given(case=operation.as_strategy())
    def keeps(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(excluded_checks=cast(Any, excluded), headers={**header, "Accept-Encoding": "identity"})

    keeps()
