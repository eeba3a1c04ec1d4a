"""The API itself: its operations and how it words their errors."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from tidegate.web.api.law import router as law
from tidegate.web.api.law import service
from tidegate.web.api.problems import Problem, parameter_problem
from tidegate.web.api.screen import router as screening

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
for router in (screening, law, service):
    api.add_router("", router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problem.response(request)


@api.exception_handler(ValidationError)
def _parameter(request: HttpRequest, error: ValidationError) -> HttpResponse:
    given = {**request.GET.dict(), **(request.resolver_match.kwargs if request.resolver_match else {})}
    return parameter_problem(error.errors, given).response(request)


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    kind = {404: "not-found", 405: "method", 413: "too-large", 429: "rate"}.get(error.status_code, "not-json")
    return Problem(kind, str(error)).response(request)


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    raise error  # the guard records it under the request's id
