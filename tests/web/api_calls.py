"""Calls of the API that its tests share."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from tests.web.shipments import CLEAN_PE_TO_MALAYSIA
from tidegate.web.api.problems import KINDS

BASE = "/api/v1"
SHIPMENT = {"id": "a-1", **CLEAN_PE_TO_MALAYSIA}


def post(client: Client, body: Any, path: str = "/screen", content_type: str = "application/json", **more: Any) -> Any:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(BASE + path, data, content_type=content_type, **more)


def problem(response: Any, kind: str) -> dict[str, Any]:
    """The problem that a response is, after checking its form."""
    assert response["Content-Type"] == "application/problem+json"
    content = response.json()
    assert content["status"] == response.status_code == KINDS[kind][0]
    assert content["type"] == f"{BASE}/docs/#problem-{kind}"
    assert content["title"] == KINDS[kind][1]
    assert content["request_id"] == response["X-Request-ID"]
    assert content["instance"].startswith(BASE)
    return content
