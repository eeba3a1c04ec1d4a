"""Screening over HTTP: one shipment, or a batch of them in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from tidegate.formats.flat_decision import nested_decision
from tidegate.formats.rejects import RowError, shorten
from tidegate.law import Book
from tidegate.parties.api import AccessKeyAuth, NotSignedIn, SessionAuth
from tidegate.parties.registry import RegisterOfState, registry
from tidegate.parties.rulebook import book as current_book
from tidegate.screening import Reject, parse_shipment
from tidegate.screening.registers import ANSWERS, Register
from tidegate.web import registers as asking
from tidegate.web.api import body, conf
from tidegate.web.api.answers import as_json, json_answer
from tidegate.web.api.guard import charge
from tidegate.web.api.problems import Problem, reject_error
from tidegate.web.api.schemas.decision import BatchDecision, BatchReject, Decision
from tidegate.web.api.schemas.decision import Problem as ProblemSchema

router = Router(tags=["Screening"], by_alias=True)

REFUSED = dict.fromkeys((400, 401, 403, 411, 413, 415, 422, 429, 500), ProblemSchema)
SHIPMENT = {"$ref": "#/components/schemas/Shipment"}
Changes = Annotated[
    bool,
    Query(
        ...,
        description="Also the next days on which the outcome changes under the law known today; ten times the work.",
    ),
]

Registers = Annotated[
    bool,
    Query(
        ...,
        description=(
            "Also ask the registers that the caller's State keeps here: permits, consents, quota, facilities. Needs an "
            "access key, or a session, that has the right to. `register_answers` then says who answered what, and as "
            "of when."
        ),
    ),
]


@router.post(
    "/screen",
    response={200: Decision, **REFUSED},
    operation_id="screen",
    summary="Screen one shipment",
    openapi_extra={"requestBody": {"required": True, "content": {body.JSON: {"schema": SHIPMENT}}}},
)
def screen(request: HttpRequest, changes: Changes = False, registers: Registers = False) -> HttpResponse:
    """What the law of the day says of one consignment line.

    Outcome, Basel entry, regime, the papers that are missing, the questions that decide, and the reasons of every
    layer with article and source.
    """
    body.media_type(request, lines=False)
    book = current_book()
    register = _register(request, book) if registers else None
    value = body.one_value(body.text_of(request, conf.max_bytes()))
    try:
        decision = _decided(value, book, changes, register.live if register else None)
    except Reject as reject:
        raise Problem.of_reject(reject) from None
    decision.pop("row")
    return json_answer(decision)


@router.post(
    "/screen/batch",
    response={200: list[BatchDecision | BatchReject], **REFUSED},
    operation_id="screen_batch",
    summary="Screen a batch",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                body.JSON: {"schema": {"type": "array", "items": SHIPMENT}},
                body.NDJSON[0]: {"schema": SHIPMENT},
            },
        },
    },
)
def screen_batch(request: HttpRequest, changes: Changes = False, registers: Registers = False) -> HttpResponse:
    """Rows in are decisions out, in the same order and the same form: an array for an array, lines for lines.

    A row that cannot be read comes out in its place as `{"id", "row", "error"}`; the others are decided all the same.
    `Tidegate-Decided` and `Tidegate-Rejected` count both. Larger files: the batch page, or `tidegate screen`.
    """
    media = body.media_type(request, lines=True)
    book = current_book()
    asked = _register(request, book) if registers else None
    text = body.text_of(request, conf.batch_max_bytes())
    most = conf.batch_max_rows()
    rows = list(body.rows_of(text, media, max(1, most // 10) if changes else most))
    charge(request, len(rows) / (2 if changes else 20))
    register = asking.gathered(asked.live, rows, book) if asked else None
    out = [_placed(row, number, book, changes, register) for number, row in enumerate(rows, start=1)]
    rejected = sum("error" in item for item in out)
    if media == body.JSON:
        response = json_answer(out)
    else:
        response = HttpResponse(b"".join(as_json(item) + b"\n" for item in out), content_type=media)
        response["Cache-Control"] = "no-store"
    response["Tidegate-Decided"] = str(len(out) - rejected)
    response["Tidegate-Rejected"] = str(rejected)
    return response


def _register(request: HttpRequest, book: Book) -> RegisterOfState:
    """The register that answers the caller. Raises NotSignedIn, Forbidden; Problem where none is kept here."""
    right = registry.register_right
    if not right:
        raise Problem("not-found", "No registers are kept by this installation.")
    actor = AccessKeyAuth(right)(request) or SessionAuth(right)(request)
    register = asking.of_actor(actor, book)
    if register is None:
        raise NotSignedIn("Registers answer only who sends an access key as `Authorization: Bearer …`, or signs in.")
    return register


def _decided(
    value: Any, book: Book, changes: bool, register: Register | None, row: int | None = None
) -> dict[str, Any]:
    """The decision, with the caller's own columns beside it. Raises Reject."""
    decision, shipment, answers = asking.decided(parse_shipment(value, book), register, book, changes=changes)
    extra = dict(shipment.passthrough)
    if answers:
        extra[ANSWERS] = [answer.as_dict() for answer in answers]
    return nested_decision(decision, row=row, extra=extra)


def _placed(value: Any, row: int, book: Book, changes: bool, register: Register | None) -> dict[str, Any]:
    """The decision on one row of a batch, or its reject in the same place."""
    try:
        if isinstance(value, RowError):
            error = {
                "field": value.field,
                "value": shorten(value.value),
                "expected": value.expected,
                "message": value.message,
            }
        else:
            return _decided(value, book, changes, register, row)
    except Reject as reject:
        error = reject_error(reject)
    given = value.get("id") if isinstance(value, Mapping) else None
    known = isinstance(given, (str, int)) and not isinstance(given, bool)
    return {"id": shorten(given) if known else None, "row": row, "error": error}
