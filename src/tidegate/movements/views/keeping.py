"""The page of keeping: periods, what is due to be erased, legal holds."""

from __future__ import annotations

from itertools import islice
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tidegate.movements import keeping
from tidegate.movements.calendars import today
from tidegate.movements.commands import keeping as commands
from tidegate.movements.forms.keeping import HoldForm, LiftForm, PeriodForm
from tidegate.movements.models import Erasure, KeepingKind, KeepingPeriod, LegalHold
from tidegate.movements.views.acting import attempt
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.scope import visible

SHOWN = 200


@needs(commands.READ)
@require_http_methods(["GET"])
def index(request: HttpRequest) -> HttpResponseBase:
    """What is kept how long, what is due, and what is held."""
    return _page(request)


@needs(commands.SET)
@require_http_methods(["GET", "POST"])
def set_period(request: HttpRequest) -> HttpResponseBase:
    """Set a period."""
    form = PeriodForm(request.POST if request.method == "POST" else None)
    return _done(request, form, "period", lambda actor: commands.set_period(actor, **form.given, **form.once))


@needs(commands.HOLD)
@require_http_methods(["GET", "POST"])
def hold(request: HttpRequest) -> HttpResponseBase:
    """Place a legal hold."""
    form = HoldForm(request.POST if request.method == "POST" else None, initial={"case": request.GET.get("case", "")})
    return _done(request, form, "hold", lambda actor: commands.place(actor, **form.given, **form.once))


@needs(commands.HOLD)
@require_http_methods(["GET", "POST"])
def lift(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Lift a legal hold."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = visible(LegalHold.objects.filter(pk=pk), actor, commands.HOLD).first()
    if row is None:
        raise Missing("legal_hold")
    form = LiftForm(request.POST if request.method == "POST" else None, row=row)
    more = {"lifted": row}
    return _done(request, form, "lift", lambda actor: commands.lift(actor, pk, **form.given, **form.once), more)


def _done(request: HttpRequest, form: Any, name: str, call: Any, more: Any = None) -> HttpResponseBase:
    status = 200
    if request.method == "POST":
        status = 422
        actor: Actor = request.actor  # type: ignore[attr-defined]
        try:
            if form.is_valid() and attempt(form, None, lambda: call(actor)).ok:
                messages.success(request, _("It is kept."))
                return redirect("movements:keeping")
        except Missing as missing:
            if name != "hold":
                raise
            form.add_error("case", str(missing.text))
    return _page(request, {"form": form, "asked": name, **(more or {})}, status)


def _page(request: HttpRequest, more: dict[str, Any] | None = None, status: int = 200) -> HttpResponseBase:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    state, day = actor.state, today(actor.state)
    found = list(islice(keeping.due(state), SHOWN + 1))
    context = {
        "periods": [(label, *keeping.period(state, kind, day)) for kind, label in KeepingKind.choices],
        "coming": visible(KeepingPeriod.objects.filter(valid_from__gt=day), actor, commands.READ),
        "due": found[:SHOWN],
        "more": len(found) > SHOWN,
        "kinds": dict(KeepingKind.choices),
        "holds": visible(LegalHold.objects.filter(lifted_at=None), actor, commands.READ).order_by("-placed_at"),
        "erased": visible(Erasure.objects.all(), actor, commands.READ).order_by("-erased_at")[:SHOWN],
        "may_set": actor.may(commands.SET),
        "may_hold": actor.may(commands.HOLD),
        **(more or {}),
    }
    return render(request, "movements/keeping.html", context, status=status)


pages = [
    path("keeping/", index, name="keeping"),
    path("keeping/period/", set_period, name="keeping-period"),
    path("keeping/hold/", hold, name="keeping-hold"),
    path("keeping/holds/<uuid:pk>/lift/", lift, name="keeping-lift"),
]
