"""Pages that belong to no folder: health, robots and the error pages."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tidegate.parties.rulebook import book


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and the rulebook loads; for a monitor, so no detail of a failure."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok", "rulebook": book().label})


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """A check carries a trader's data in its address: no crawler should keep it."""
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The mark, for whatever asks for it without having read a page."""
    return HttpResponseRedirect(static("tidegate/mark.svg"))


def _error(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "error.html", {"title": title, "text": text, "status": status}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(
        request,
        400,
        _("This request could not be read"),
        _("Go back, look over what was sent and try again."),
    )


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(
        request,
        403,
        _("This is not open to you"),
        _("The page may have been open for too long. Load it again, and sign in if it asks for that."),
    )


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(
        request,
        404,
        _("There is no such page"),
        _("The address may be old or mistyped. The menu leads to every page."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    # The frame itself may be what failed, so this page is built from nothing but its own text.
    return HttpResponse(
        render_plain(
            _("Something went wrong here"),
            _("It was recorded. Nothing that you sent was lost by trying again."),
        ),
        status=500,
    )


def render_plain(title: str, text: str) -> str:
    """A page without frame, style or database."""
    return format_html(
        '<!doctype html><html lang="{}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>{}</title><h1>{}</h1><p>{}</p></html>',
        get_language() or "en",
        title,
        title,
        text,
    )
