"""What-if over HTTP: a draft standard tried on shipments, or on a batch of the caller's, as a background job."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Router
from pydantic import ValidationError

from tidegate.law import regional
from tidegate.web.api import body, conf
from tidegate.web.api.answers import as_json, json_answer
from tidegate.web.api.guard import charge
from tidegate.web.api.problems import Problem, parameter_problem
from tidegate.web.api.schemas import whatif as schemas
from tidegate.web.api.schemas.decision import Problem as ProblemSchema
from tidegate.web.batch import queries as batches
from tidegate.web.batch.models import Batch
from tidegate.web.whatif import commands, queries
from tidegate.web.whatif.models import WhatIf

router = Router(tags=["Law"], by_alias=True)

REFUSED = dict.fromkeys((400, 404, 411, 413, 415, 422, 429, 500), ProblemSchema)
ASKED = {"$ref": "#/components/schemas/WhatIfAsked"}


@router.post(
    "/what-if",
    response={202: schemas.WhatIfAnswer, **REFUSED},
    operation_id="start_what_if",
    summary="Try the draft regional standard",
    openapi_extra={"requestBody": {"required": True, "content": {body.JSON: {"schema": ASKED}}}},
)
def start(request: HttpRequest) -> HttpResponse:
    """How many shipments would come out otherwise if the draft common standard held. Nobody has adopted it.

    Every shipment is decided twice, by the law as it stands and with the draft on top, as `tidegate law whatif` does.
    The comparison is a background job: read `address` until `state` is `done`.
    """
    body.media_type(request, lines=False)
    value = body.one_value(body.text_of(request, conf.batch_max_bytes()))
    try:
        asked = schemas.WhatIfAsked.model_validate(value)
    except ValidationError as error:
        raise parameter_problem(error.errors(), value if isinstance(value, dict) else {}) from None
    try:
        limits = regional.read(asked.limits.model_dump(exclude_unset=True))
    except regional.LimitError as error:
        raise _wrong(error.field, error.value, error.expected) from None
    if (asked.shipments is None) is (asked.batch is None):
        raise _wrong("shipments", "both" if asked.batch else "nothing", "either `shipments` or `batch`")
    if asked.batch is not None:
        run = commands.start(limits, any_day=asked.any_day, batch=_batch(request, asked.batch))
    else:
        run = commands.start(limits, any_day=asked.any_day, shipments=_lines(request, asked.shipments or []))
    response = json_answer(_answer(run), status=202)
    response["Location"] = _address(run)
    return response


def _wrong(field: str, value: Any, expected: str) -> Problem:
    said = {"field": field, "value": str(value), "expected": expected}
    return Problem("parameter", f"{field}: {value}: expected {expected}", errors=[said])


def _batch(request: HttpRequest, token: str) -> Batch:
    """A batch that the caller sees, as on the batch pages."""
    try:
        batch = batches.find(request, token)
    except Http404:
        raise Problem("not-found", "There is no such batch, or the caller does not see it.") from None
    if not batch.readable:
        raise _wrong("batch", token, "a batch that was screened here, with its file")
    return batch


def _lines(request: HttpRequest, shipments: list[Any]) -> str:
    most = conf.batch_max_rows()
    if len(shipments) > most:
        raise Problem(
            "too-large",
            f"{len(shipments)} shipments; at most {most} are read.",
            field="shipments",
            value=len(shipments),
            expected=f"at most {most} shipments",
        )
    charge(request, len(shipments) / 10)  # each is decided twice
    return "\n".join(as_json(shipment).decode() for shipment in shipments)


@router.get(
    "/what-if/{token}",
    response={200: schemas.WhatIfAnswer, **dict.fromkeys((404, 422, 429, 500), ProblemSchema)},
    operation_id="get_what_if",
    url_name="get_what_if",
    summary="A what-if run",
)
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Where a run stands and what came of it.

    One on shipments is for whoever has its address, and goes after two days; one on a batch is for whoever sees the
    batch, and goes with it.
    """
    try:
        run = queries.find(request, token, api=True)
    except Http404:
        raise Problem("not-found", "There is no such run, or the caller does not see it.") from None
    return json_answer(_answer(run))


def _address(run: WhatIf) -> str:
    return reverse("api-v1:get_what_if", args=[run.token])


def _answer(run: WhatIf) -> dict[str, Any]:
    limits = run.standard
    figures: dict[str, Any] = {name: limits.figures.get(name) for name in regional.FIGURES}
    error = run.job.error if run.job and run.state == "failed" else None
    return {
        "token": run.token,
        "address": _address(run),
        "state": run.state.value,
        "percent": 100 if run.figures is not None else run.job.percent if run.job else None,
        "error": error,
        "draft": "Nobody has adopted this standard; its figures are an example.",
        "limits": {**figures, **{name: name in limits.bars for name in regional.BARS}},
        "any_day": run.any_day,
        "rulebook": run.rulebook or None,
        "shipments": run.figures,
        "rows": run.rows,
    }
