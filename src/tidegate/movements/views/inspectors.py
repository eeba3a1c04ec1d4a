"""The pages of inspectors' links: those of a case with a new one, a report on the desk; and what the link itself opens,
for somebody without an account."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as __
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from tidegate.movements.commands import inspectors as commands
from tidegate.movements.commands.inspectors import KEEP
from tidegate.movements.forms.inspectors import IssueForm, ReportForm, ReviewForm
from tidegate.movements.models import InspectorAccess, Movement, Notification
from tidegate.movements.queries import cases, inspectors, shipments
from tidegate.movements.views.acting import attempt, in_words, say
from tidegate.paper import qr_svg
from tidegate.parties import times
from tidegate.parties.access import needs, public
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused

# Requests that one address may make to links of inspectors in a minute, whether they open anything or not.
A_MINUTE = 20


@needs(KEEP)
@require_http_methods(["GET", "POST"])
def of_case(request: HttpRequest, case: str, serial: int | None = None) -> HttpResponseBase:
    """The links to a notification or a movement, and a new one. What it holds stands on the answer to this request and
    nowhere else."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row: Notification | Movement
    row = cases.notification(actor, case) if serial is None else shipments.movement(actor, case, serial)
    form = IssueForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"row": row, "home": _home(row), "name": _name(row), "form": form, "now": times.now()}
    status = 200
    if request.method == "POST":
        status = 422
        about = {"notification_id": row.pk} if serial is None else {"movement_id": row.pk}
        if form.is_valid():
            tried = attempt(form, row, lambda: commands.issue(actor, **about, **form.given, **form.once))
            if tried.ok:
                status = 200
                secret = tried.result.shown
                link = request.build_absolute_uri(reverse("movements:inspect", args=[secret])) if secret else ""
                context |= {"made": tried.result, "link": link}
                if link:
                    context["qr"] = mark_safe(qr_svg(link, title=__("QR code of the link")))  # noqa: S308 - our drawing
    context["accesses"] = list(inspectors.accesses(actor, row).prefetch_related("reports"))
    return render(request, "movements/inspectors.html", context, status=status)


@needs(KEEP)
@require_POST
def revoke(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Revoke a link."""
    made = commands.revoke(request.actor, pk)  # type: ignore[attr-defined]
    messages.success(request, __("It is revoked."))
    return redirect(_page(made))


@needs(KEEP)
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """What somebody reported, and what came of it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = inspectors.report(actor, pk)
    about = row.access.movement or row.access.notification
    form = ReviewForm(request.POST if request.method == "POST" else None, row=row)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() and attempt(form, row, lambda: commands.review(actor, pk, **form.given, **form.more)).ok:
            messages.success(request, __("It is kept."))
            return redirect("movements:desk")
    context = {"row": row, "form": form, "home": _home(about), "name": _name(about)}
    return render(request, "movements/inspector_report.html", context, status=status)


# ── for somebody without an account ──────────────────────────────────────────────────────────────────────────


@public
@sensitive_variables("secret")
@require_http_methods(["GET", "POST"])
def inspect(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The case page that a link opens, read-only, and a report that is left there. Every opening is journalled."""
    form = ReportForm(request.POST if request.method == "POST" else None)
    kept = None
    if _too_many(request):
        return _safe(render(request, "movements/roadside_none.html", {"many": True}, status=429))
    try:
        if request.method == "POST" and form.is_valid():
            try:
                kept = commands.report(secret, **form.cleaned_data)
                form = ReportForm()
            except Missing:
                raise
            except Refused as refused:
                say(form, refused)
        # What was typed wrong, or was reported, is shown with the case again: that is an opening, too.
        found = inspectors.roadside(commands.opened(secret))
    except Missing:
        status = 404 if kept is None else 200
        return _safe(render(request, "movements/roadside_none.html", {"kept": kept}, status=status))
    context = {"f": found, "a": found.answer, "n": found.notification, "m": found.movement, "form": form, "kept": kept}
    context["conditions"] = [(one.authority, in_words(one.condition), one.met) for one in found.answer.conditions]
    return _safe(render(request, "movements/roadside.html", context, status=422 if form.errors else 200))


def _too_many(request: HttpRequest) -> bool:
    """Whether this address asked too often within this minute. The address itself is not kept."""
    address = get_adapter().get_client_ip(request) or ""
    minute = int(times.now().timestamp() // 60)
    name = "inspect." + hashlib.sha256(f"{address} {minute}".encode()).hexdigest()
    cache.add(name, 0, 120)
    return int(cache.incr(name)) > A_MINUTE


def _safe(response: HttpResponseBase) -> HttpResponseBase:
    """Kept by nobody and found by no crawler; that its address is told to no other site is a setting of all pages."""
    add_never_cache_headers(response)
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def _home(row: Notification | Movement) -> str:
    if isinstance(row, Movement):
        return reverse("movements:movement", args=[row.case, row.serial])
    return reverse("movements:case", args=[row.case])


def _name(row: Notification | Movement) -> str:
    if isinstance(row, Movement):
        return f"{row.notification.number or row.case}/{row.serial}"
    return row.number or row.case


def _page(made: InspectorAccess) -> str:
    if made.movement is not None:
        return reverse("movements:movement-inspectors", args=[made.case, made.movement.serial])
    return reverse("movements:inspectors", args=[made.case])


pages = [
    path("notifications/<slug:case>/inspectors/", of_case, name="inspectors"),
    path("movements/<slug:case>/<int:serial>/inspectors/", of_case, name="movement-inspectors"),
    path("inspectors/<uuid:pk>/revoke/", revoke, name="revoke-inspector"),
    path("inspectors/reports/<uuid:pk>/", report, name="inspector-report"),
    path("inspect/<str:secret>/", inspect, name="inspect"),
]
