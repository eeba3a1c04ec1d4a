"""The addresses of `/api/v1/`, each behind the guard."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.generic import RedirectView

from tidegate.web.api import docs
from tidegate.web.api.app import NAMESPACE, api
from tidegate.web.api.guard import guarded
from tidegate.web.api.problems import Problem

app_name = NAMESPACE
# Each operation of such an address says for itself whom it asks (parties/api.py).
OPERATIONS = "operations"


def not_found(request: HttpRequest) -> HttpResponse:
    """Any other address under `/api/v1/`: a program gets a problem, not a page."""
    raise Problem("not-found", f"{request.path} is no operation of this API.")


def _behind_guard(pattern: URLPattern) -> URLPattern:
    view = guarded(pattern.callback)
    view.access = OPERATIONS  # type: ignore[attr-defined]
    return URLPattern(pattern.pattern, view, pattern.default_args, pattern.name)


to_docs = RedirectView.as_view(pattern_name="api-v1:docs")

urlpatterns = [
    path("", to_docs),
    path("docs", to_docs),
    path("docs/", docs.page, name="docs"),
    path("openapi.json", guarded(docs.document), name="openapi"),
    *(_behind_guard(p) for p in api.urls[0] if isinstance(p, URLPattern) and p.name != "api-root"),
    re_path(r"^.*$", guarded(not_found)),
]
