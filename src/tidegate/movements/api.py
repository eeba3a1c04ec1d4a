"""The control of movements over HTTP: what a State's copy holds, the border check, and every command.

Each guarded command is an operation of its own: its body is the command's arguments, its right the command's. Masses
are texts (`"20000.5"`), days ISO dates, moments ISO with their zone. A repeated request is safe with an
`Idempotency-Key`.
"""

from __future__ import annotations

import inspect
import pkgutil
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from typing import Annotated, Any, Union
from uuid import UUID

from django.db import models
from django.http import HttpRequest
from ninja import Router, Schema
from ninja.params.functions import Header, Query
from pydantic import BaseModel, ConfigDict, Field, create_model

from tidegate.movements import border, carriage, ledger
from tidegate.movements import commands as rooms
from tidegate.movements.models import Account, LineRun
from tidegate.movements.queries import cases, files, overview, shipments
from tidegate.movements.queries import permits as permit_queries
from tidegate.parties import journal
from tidegate.parties.actors import Actor
from tidegate.parties.api import actor_required
from tidegate.parties.commanding import COMMANDS, RIGHTS, Missing
from tidegate.parties.scope import visible

router = Router(tags=["Movements"], by_alias=True)
commands = Router(tags=["Commands"], by_alias=True)

Limit = Annotated[int, Query(100, ge=1, le=1000, description="At most so many.")]
Offset = Annotated[int, Query(0, ge=0, le=1_000_000, description="Leave out so many at the start.")]
Words = Annotated[
    str, Query("", max_length=200, description="Beginnings of words of number, case, designation or party.")
]


class NotificationItem(Schema):
    """One State's copy of a notification."""

    id: UUID
    case: str = Field(description="Global reference, the same on every State's copy.")
    number: str
    status: str
    state_export: str
    state_import: str
    shipments: int | None
    quantity_kg: str | None
    first_departure: date | None
    last_departure: date | None
    source: str = Field(description="form, paper (keyed in here) or message (another State's).")
    keyed_by: str = Field(description="The State that keyed in the paper of a State outside the exchange; else empty.")
    revision: int


class NotificationList(Schema):
    """Notifications, the latest first."""

    count: int
    notifications: list[NotificationItem]


class NotificationWhole(NotificationItem):
    """A notification with everything that this State's copy holds of it."""

    content: dict[str, Any] = Field(description="All blocks of the form, by field; what is kept from you is empty.")
    confidential: list[str] = Field(description="The confidential fields.")
    kept_from: list[str] = Field(description="Those of them that were not released to you: empty here, not missing.")
    releases: list[dict[str, Any]] = Field(description="To whom fields were released, as far as you may know of it.")
    consents: list[dict[str, Any]]
    contract: dict[str, Any] | None
    guarantee: dict[str, Any] | None
    held_guarantees: list[dict[str, Any]] = Field(
        description="Those that States of import and transit hold themselves."
    )
    balance: dict[str, Any] | None
    outlook: dict[str, Any] | None = Field(
        description="Of the shipments so far: average_kg, how many more loads fit, used_up_on where that is early."
    )
    deadlines: list[dict[str, Any]]
    breaches: list[dict[str, Any]]
    questions: list[dict[str, Any]] = Field(description="What authorities asked, and what was answered.")
    amendments: list[dict[str, Any]] = Field(description="Each with what the authorities answered (`answers`).")
    versions: list[dict[str, Any]] = Field(description="Every content that was submitted, the first first.")
    files: list[dict[str, Any]] = Field(description="name, kind, media type, size and SHA-256 of each.")


class MovementItem(Schema):
    """One State's copy of a shipment under a notification."""

    id: UUID
    case: str
    serial: int
    status: str
    planned_on: date
    announced_kg: str
    loaded_kg: str | None
    received_kg: str | None
    loaded_basis: str = Field(description="gross, net or dry; masses on unlike bases are held against nothing.")
    received_basis: str
    accepted_kg: str | None
    rejected_kg: str | None
    departed_at: datetime | None
    received_at: datetime | None
    completed_at: datetime | None
    certified_on: date | None
    take_back: bool
    overdue: list[str] = Field(description="What is late, by the kind of the time limit.")
    revision: int


class MovementWhole(MovementItem):
    """A movement with everything that this State's copy holds of it."""

    particulars: dict[str, Any] = Field(
        description="Containers, seals, vehicle, permits, points, facility and the rest, by field."
    )
    received_by: str = Field(description="Who signs the receipt, as declared.")
    received_facility: str = Field(description="Where it was taken in, where that is not as announced.")
    received_operation: str
    expected_on: date | None = Field(description="Approximate day of recovery or disposal, given at the receipt.")
    certified_by: str = Field(description="Who signs the certificate of recovery or disposal, as declared.")
    custody: list[dict[str, Any]] = Field(description="Hand-overs, passages, arrivals and remarks, in their order.")
    operations: list[dict[str, Any]] = Field(description="Interim and final operations, with their masses.")
    draws: list[dict[str, Any]] = Field(description="home, account, status, kg and reason of what is drawn.")
    corrections: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]
    breaches: list[dict[str, Any]]
    files: list[dict[str, Any]] = Field(description="name, kind, media type, size and SHA-256 of each.")


class MovementList(Schema):
    """Movements, the latest first."""

    count: int
    movements: list[MovementItem]


class PermitItem(Schema):
    """A permit or licence."""

    id: UUID
    number: str
    kind: str
    status: str
    valid_from: date | None
    valid_until: date | None
    quantity_kg: str | None
    revision: int


class PermitWhole(PermitItem):
    """A permit or an application for one, with the papers that the law asks with it."""

    organisation: UUID
    hs: list[str]
    wastes: list[str]
    origins: list[str]
    conditions: list[dict[str, Any]]
    note: str
    papers: list[dict[str, Any]] = Field(description="Asked for: `name`, `rule`, and the `files` (ids) that are it.")
    files: list[dict[str, Any]] = Field(description="name, kind, media type, size and SHA-256 of each.")


class PermitList(Schema):
    """Permits, the latest first."""

    count: int
    permits: list[PermitItem]


class BalanceItem(Schema):
    """Where an account stands, as of a moment: its home alone reserves."""

    reference: str
    home: str
    limit: str
    reserved: str
    used: str
    lapsed: str
    available: str
    count_left: int | None
    as_of: datetime


class BorderAnswers(Schema):
    """What a number may mean, each with its answer: `valid`, `not_valid` or `unknown`."""

    answers: list[dict[str, Any]]


class Changed(Schema):
    """The row that a command changed."""

    kind: str
    id: UUID | None
    case: str
    status: str
    revision: int | None
    replies: list[dict[str, Any]] = Field([], description="Of write-offs: what became of each line, in their order.")
    file: str | None = Field(None, description="Of a line file: the text that goes to the office.")
    secret: str | None = Field(
        None,
        description="The secret of a webhook that was just made or given a new one: in this answer and never again.",
    )


def actor_of(request: HttpRequest) -> Actor:
    """Who calls."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    return actor


def item(row: models.Model, names: Mapping[str, Any]) -> dict[str, Any]:
    """The named columns of a row; masses as text."""
    said = {name: getattr(row, name) for name in names if hasattr(row, name)}
    return {
        name: format(value, "f") if isinstance(value, Decimal) else value
        for name, value in said.items()
        if not callable(value)
    }


def plain(row: models.Model | None) -> dict[str, Any] | None:
    """The columns of a row as JSON; keys of other rows by their key."""
    if row is None:
        return None
    said: dict[str, Any] = journal.as_json({f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields})
    return said


def deadlines(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Time limits, each with why it ends when it does."""
    return [{**(plain(one.clock) or {}), "why": [str(line) for line in one.lines], "over": one.over} for one in found]


@router.get(
    "/notifications",
    response=NotificationList,
    auth=actor_required(cases.READ),
    operation_id="list_notifications",
    summary="Notifications",
)
def list_notifications(
    request: HttpRequest, q: Words = "", status: str = "", limit: Limit = 100, offset: Offset = 0
) -> dict[str, Any]:
    """The notifications that the caller sees: an authority its State's copies, a company those it takes part in."""
    rows = cases.find(actor_of(request), q).order_by("-updated_at")
    if status:
        rows = rows.filter(status=status)
    fields = NotificationItem.model_fields
    return {"count": rows.count(), "notifications": [item(row, fields) for row in rows[offset : offset + limit]]}


@router.get(
    "/notifications/{case}",
    response=NotificationWhole,
    auth=actor_required(cases.READ),
    operation_id="notification",
    summary="One notification",
)
def one_notification(request: HttpRequest, case: str) -> dict[str, Any]:
    """Everything that the State's copy holds, by case, number or key."""
    actor = actor_of(request)
    view = cases.case(actor, case)
    return {
        **item(view.notification, NotificationItem.model_fields),
        "content": view.content.model_dump(mode="json"),
        "confidential": view.confidential,
        "kept_from": view.kept_from,
        "releases": [plain(row) for row in view.releases],
        "consents": [plain(row) for row in view.consents],
        "contract": plain(view.contract),
        "guarantee": plain(view.guarantee),
        "held_guarantees": [plain(row) for row in view.held_guarantees],
        "balance": balance(view.account) if view.account else None,
        "outlook": asdict(found) if (found := overview.outlook(view.notification, view.account)) else None,
        "deadlines": deadlines(view.deadlines),
        "breaches": [plain(row) for row in view.breaches],
        "questions": [plain(row) for row in view.questions],
        "amendments": [
            {**(plain(row) or {}), "answers": [plain(one) for one in answers]} for row, answers in view.amendments
        ],
        "versions": [plain(row) for row in view.versions],
        "files": [plain(row) for row in overview.attachments(actor, view.notification)],
    }


@router.get(
    "/movements",
    response=MovementList,
    auth=actor_required("movements.movement.read"),
    operation_id="list_movements",
    summary="Movements",
)
def list_movements(
    request: HttpRequest, q: Words = "", status: str = "", limit: Limit = 100, offset: Offset = 0
) -> dict[str, Any]:
    """The movements that the caller sees."""
    rows = shipments.find(actor_of(request), text=q, status=status).order_by("-updated_at")
    fields = MovementItem.model_fields
    return {"count": rows.count(), "movements": [item(row, fields) for row in rows[offset : offset + limit]]}


@router.get(
    "/movements/{case}/{serial}",
    response=MovementWhole,
    auth=actor_required("movements.movement.read"),
    operation_id="movement",
    summary="One movement",
)
def one_movement(request: HttpRequest, case: str, serial: int) -> dict[str, Any]:
    """A movement by its notification's case and its serial number, with everything that the State's copy holds."""
    actor = actor_of(request)
    row = shipments.movement(actor, case, serial)
    view = shipments.view(actor, row)
    return {
        **item(row, MovementItem.model_fields),
        "particulars": journal.as_json(row.particulars),
        **item(row, dict.fromkeys((*carriage.SIGNED, "certified_by"))),
        "custody": [plain(one) for one in row.custody.order_by("position")],
        "operations": [plain(one) for one in view.operations],
        "draws": [
            {"home": d.home, "account": d.account, "status": str(d.status), "kg": d.kg, "reason": str(d.reason)}
            for d in view.draws
        ],
        "corrections": [plain(one) for one in view.corrections],
        "deadlines": deadlines(view.deadlines),
        "breaches": [plain(one.breach) for one in view.breaches],
        "files": [plain(one.file) for one in files.kept(actor, row)],
    }


@router.get(
    "/permits",
    response=PermitList,
    auth=actor_required("movements.permit.read"),
    operation_id="list_permits",
    summary="Permits and licences",
)
def list_permits(request: HttpRequest, limit: Limit = 100, offset: Offset = 0) -> dict[str, Any]:
    """The permits that the caller sees."""
    rows = permit_queries.permits(actor_of(request))
    fields = PermitItem.model_fields
    return {"count": rows.count(), "permits": [item(row, fields) for row in rows[offset : offset + limit]]}


@router.get(
    "/permits/{key}",
    response=PermitWhole,
    auth=actor_required("movements.permit.read"),
    operation_id="permit",
    summary="One permit",
)
def one_permit(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """A permit or an application: while it is one, with the papers asked for, those that are there and not."""
    actor = actor_of(request)
    row = permit_queries.permit(actor, key)
    papers, others = files.of_application(actor, row)
    return {
        **item(row, PermitWhole.model_fields),
        "organisation": row.organisation_id,
        "papers": [
            {"name": one.name, "rule": one.rule, "files": [str(kept.file.pk) for kept in one.files]} for one in papers
        ],
        "files": [plain(one.file) for one in (*(kept for paper in papers for kept in paper.files), *others)],
    }


@router.get(
    "/ledger/{reference}",
    response=BalanceItem,
    auth=actor_required("movements.ledger.read"),
    operation_id="ledger_balance",
    summary="What is left",
)
def onebalance(request: HttpRequest, reference: str) -> dict[str, Any]:
    """The balance of a consented quantity, a permit or a quota; a copy says as of when."""
    row = visible(Account.objects.all(), actor_of(request), "movements.ledger.read").filter(reference=reference).first()
    if row is None:
        raise Missing("account")
    return balance(row)


def balance(row: Account) -> dict[str, Any]:
    stand = ledger.balance(row)
    masses = {name: format(getattr(stand, name), "f") for name in ("limit", "reserved", "used", "lapsed", "available")}
    return {
        "reference": row.reference, "home": row.home, "count_left": stand.count_left, "as_of": stand.as_of, **masses,
    }  # fmt: skip


@router.get(
    "/border/check",
    response=BorderAnswers,
    auth=actor_required("movements.border.check"),
    operation_id="border_check",
    summary="May it pass?",
)
def border_check(
    request: HttpRequest,
    number: Annotated[str, Query(..., min_length=1, max_length=4000, description="Number, container or QR text.")],
    kg: Annotated[str, Query("", pattern=r"^$|^[0-9]{1,15}(\.[0-9]{1,3})?$", description="What stands there.")] = "",
    hs: Annotated[str, Query("", max_length=20)] = "",
    origin: Annotated[str, Query("", max_length=2)] = "",
) -> dict[str, Any]:
    """Valid, not valid or unknown, with reasons; what is left and as of when; which conditions apply now."""
    found = border.check(
        actor_of(request), number, kg=Decimal(kg) if kg else None, hs=[hs] if hs else [], origin=origin.upper()
    )
    return {"answers": [border.as_json(answer) for answer in found]}


# ── every command ────────────────────────────────────────────────────────────────────────────────────────────


def _hint(said: Any) -> Any:
    """How an argument is said in JSON: masses as text, days and moments in ISO form, files in base64, whatever the
    command takes."""
    if said in (Decimal, bytes):
        return str
    if said is inspect.Parameter.empty:
        return Any
    origin = typing.get_origin(said)
    if origin in (Union, types.UnionType):
        parts = [_hint(part) for part in typing.get_args(said)]
        # A text that reads as a key, day or moment is one: what is no such text is for the command to refuse.
        parts = [part for part in parts if part not in (UUID, date, datetime)] if str in parts else parts
        return Union[tuple(dict.fromkeys(parts))]  # noqa: UP007 - made of parts
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return dict[str, Any]
    if origin is not None and isinstance(origin, type) and issubclass(origin, Iterable):
        return list[Any]
    if said in (UUID, date, datetime, bool, int, str) or said is type(None):
        return said
    return Any


def _body(name: str, function: Callable[..., Any]) -> tuple[type[BaseModel], list[str]]:
    """The schema of a command's arguments, and the names of those that are given by place."""
    plain = inspect.unwrap(function)
    hints = typing.get_type_hints(plain)
    fields: dict[str, Any] = {}
    placed = []
    for parameter in list(inspect.signature(plain).parameters.values())[1:]:
        required = parameter.default is inspect.Parameter.empty
        kind = _hint(hints.get(parameter.name, Any))
        fields[parameter.name] = (kind, ... if required else parameter.default)
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            placed.append(parameter.name)
    title = "".join(part.title() for part in name.replace("_", ".").split(".")[1:])
    return create_model(title, __config__=ConfigDict(extra="forbid"), **fields), placed


def _operation(name: str) -> None:
    function = COMMANDS[name]
    schema, placed = _body(name, function)
    noun, verb = name.split(".")[1:]
    text = inspect.getdoc(inspect.unwrap(function)) or ""

    def run(request: HttpRequest, said: Any, idempotency_key: str = "") -> Any:
        given = said.model_dump(mode="json", exclude_unset=True)
        by_place = [given.pop(argument) for argument in placed if argument in given]
        result = function(actor_of(request), *by_place, key=idempotency_key, **given)
        return _changed(result)

    run.__annotations__ = {
        "request": HttpRequest,
        "said": schema,
        "idempotency_key": Annotated[str, Header("", alias="Idempotency-Key", max_length=128)],
        "return": Any,
    }
    run.__name__ = f"{noun}_{verb}"
    commands.post(
        f"/commands/{noun}/{verb}",
        response=Changed,
        auth=actor_required(RIGHTS[name]),
        operation_id=f"command_{noun}_{verb}",
        summary=text.partition("\n")[0],
        description=text,
    )(run)


def _changed(result: Any) -> dict[str, Any]:
    row = result if isinstance(result, models.Model) else None
    told = result if isinstance(result, list) else []
    return {
        "kind": "" if row is None else str(row._meta.model_name),
        "id": None if row is None else row.pk,
        "case": getattr(row, "case", "") or "",
        "status": str(getattr(row, "status", "") or ""),
        "revision": getattr(row, "revision", None),
        # A repeated request gets them as they were kept.
        "replies": [one if isinstance(one, dict) else asdict(one) for one in told],
        "file": row.answer if isinstance(row, LineRun) else None,
        # The command puts it on the row that it gives back, and nowhere else: a repeated request has it no more.
        "secret": getattr(row, "shown", "") or None,
    }


for _reads in ("api_green", "api_reads"):
    import_module(f"tidegate.movements.{_reads}")  # their reads stand with these
for _module in pkgutil.iter_modules(rooms.__path__, f"{rooms.__name__}."):
    import_module(_module.name)  # each registers its commands
for _name in sorted(COMMANDS):
    if _name.startswith("movements."):
        _operation(_name)
