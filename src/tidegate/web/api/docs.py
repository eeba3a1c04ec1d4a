"""The OpenAPI document, and the page that shows it without any script or font from elsewhere."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tidegate.web.api import conf, reference
from tidegate.web.api.answers import kept_answer
from tidegate.web.api.document import openapi


def document(request: HttpRequest) -> HttpResponse:
    """`openapi.json`."""
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    return kept_answer(request, openapi)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """What the API offers, with examples that can be tried on the page."""
    found = openapi()
    context = {
        "document": found,
        "groups": reference.groups(found, request.build_absolute_uri("/").rstrip("/")),
        "types": reference.types(found),
        "problems": reference.problems(),
        "base": request.build_absolute_uri("/api/v1"),
        "rate": conf.rate(),
        "burst": conf.burst(),
    }
    return render(request, "api/docs.html", context)
