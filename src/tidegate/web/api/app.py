"""The API itself: its operations and how it words their errors."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tidegate.exchange.api import router as exchange
from tidegate.movements.api import commands
from tidegate.movements.api import router as movements
from tidegate.parties.api import NotSignedIn
from tidegate.parties.api import router as parties
from tidegate.parties.commanding import AwaitingSecond, Conflict, Forbidden, Missing, Refused
from tidegate.web.api.law import router as law
from tidegate.web.api.law import service
from tidegate.web.api.problems import Problem, parameter_problem, plain
from tidegate.web.api.screen import router as screening
from tidegate.web.api.whatif import router as whatif

NAMESPACE = "api-v1"

api = NinjaAPI(
    title="Tidegate",
    version="1",
    description=(
        "May this plastic waste move, and on what papers? One shipment or many against dated, cited law, with the "
        "reasons. The same rulebook and the same evaluator answer here, in the browser and on the command line."
    ),
    urls_namespace=NAMESPACE,
    docs_url=None,
    openapi_url=None,
)
for router in (screening, law, whatif, service, parties, exchange, movements, commands):
    api.add_router("", router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problem.response(request)


@api.exception_handler(ValidationError)
def _parameter(request: HttpRequest, error: ValidationError) -> HttpResponse:
    given = {**request.GET.dict(), **(request.resolver_match.kwargs if request.resolver_match else {})}
    return parameter_problem(error.errors, given).response(request)


@api.exception_handler(Refused)
def _guarded(request: HttpRequest, refused: Refused) -> HttpResponse:
    """What a command refuses. `code` is for programs; the sentence is in the caller's language."""
    kinds = {NotSignedIn: "unauthenticated", Forbidden: "forbidden", Missing: "not-found", Conflict: "conflict"}
    kind = next((kind for type_, kind in kinds.items() if isinstance(refused, type_)), "refused")
    headers = {"WWW-Authenticate": 'Bearer realm="tidegate"'} if kind == "unauthenticated" else {}
    extra = {"code": refused.code, "field": refused.field, "value": refused.value, "expected": refused.expected}
    return Problem(kind, str(refused.text), headers=headers, **plain(extra)).response(request)


@api.exception_handler(AwaitingSecond)
def _waiting(request: HttpRequest, waiting: AwaitingSecond) -> HttpResponse:
    """Not an error: the proposal is stored until a second person has decided."""
    row = waiting.approval
    answer = {"status": row.status, "approval": str(row.pk), "command": row.command, "subject": str(row.subject_id)}
    return JsonResponse(answer, status=202, headers={"Cache-Control": "no-store"})


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return _guarded(request, NotSignedIn("Send an access key as `Authorization: Bearer …`, or sign in."))


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    kind = {404: "not-found", 405: "method", 413: "too-large", 429: "rate"}.get(error.status_code, "not-json")
    return Problem(kind, str(error)).response(request)


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    raise error  # the guard records it under the request's id
