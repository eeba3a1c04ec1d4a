"""Green-listed shipments over HTTP: the reads. Entering them is an operation of `api`, as every command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from tidegate.movements import green_notice
from tidegate.movements.api import Limit, Offset, Words, actor_of, item, router
from tidegate.movements.models import GreenShipment
from tidegate.movements.queries import green as queries
from tidegate.parties.api import actor_required


class GreenItem(Schema):
    """One State's copy of a green-listed shipment."""

    id: UUID
    case: str = Field(description="Global reference, the same on every State's copy.")
    reference: str
    status: str
    law: str = Field(description="green, open or barred: whether the law lets it move as green-listed.")
    state_export: str
    state_import: str
    planned_on: date
    quantity_kg: str
    loaded_kg: str | None
    received_kg: str | None
    rejected_kg: str | None
    lodged_at: datetime = Field(description="When its form was handed in.")
    late_notice: bool = Field(description="Whether that was later than the law of a State on the route asks for.")
    notice_due: date | None = Field(description="The last day on which it was in time; null where no law sets one.")
    why_late: str = Field(description="The reason in words; empty where it was in time.")
    held_by: list[str] = Field(description="The States that hold it.")
    departed_at: datetime | None
    received_at: datetime | None
    recovered_at: datetime | None
    revision: int


class GreenWhole(GreenItem):
    """A green-listed shipment with its form and the law's answer."""

    content: dict[str, Any] = Field(description="The information form, by field.")
    screen: dict[str, Any] = Field(description="The law's answer: outcome, reasons, papers, questions.")
    notice: dict[str, Any] = Field(description="How early the form had to be handed in: rule, law, source, days.")
    holds: list[dict[str, Any]] = Field(description="state, office, at, reason of each State that holds it.")
    passages: list[dict[str, Any]] = Field(description="state, kind (entry, exit, arrival), office, at, note.")


class GreenItems(Schema):
    """Green-listed shipments, the latest first."""

    count: int
    shipments: list[GreenItem]


class GreenListed(Schema):
    """What became of a list: rows = accepted + rejected."""

    id: UUID
    name: str
    at: datetime
    rows: int
    accepted: int
    rejected: int
    rejects: list[dict[str, Any]] = Field(description="row, line, reference, field, value, expected: one a field.")
    notes: list[str]


@router.get(
    "/green-shipments",
    response=GreenItems,
    auth=actor_required(queries.READ),
    operation_id="list_green_shipments",
    summary="Green-listed shipments",
)
def list_green_shipments(
    request: HttpRequest,
    q: Words = "",
    status: str = "",
    law: str = "",
    mark: str = "",
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """The green-listed shipments that the caller sees; `law` is green, open or barred, `mark` late or held."""
    rows = queries.find(actor_of(request), text=q, status=status, law=law, mark=mark)
    fields = GreenItem.model_fields
    return {"count": rows.count(), "shipments": [_shown(row, fields) for row in rows[offset : offset + limit]]}


def _shown(row: GreenShipment, fields: Mapping[str, Any]) -> dict[str, Any]:
    late = green_notice.why_late(row.notice, row.late_notice)
    return {**item(row, fields), "notice_due": green_notice.due_of(row), "why_late": late}


@router.get(
    "/green-shipments/{case}",
    response=GreenWhole,
    auth=actor_required(queries.READ),
    operation_id="green_shipment",
    summary="One green-listed shipment",
)
def one_green_shipment(request: HttpRequest, case: str) -> dict[str, Any]:
    """A green-listed shipment by its case or key, with its form and what the law says of it."""
    return _shown(queries.shipment(actor_of(request), case), GreenWhole.model_fields)


@router.get(
    "/green-lists/{key}",
    response=GreenListed,
    auth=actor_required(queries.READ),
    operation_id="green_list",
    summary="What became of a list",
)
def one_green_list(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """A list of green-listed shipments that was taken in, with every row that could not be."""
    return item(queries.upload(actor_of(request), key), GreenListed.model_fields)
