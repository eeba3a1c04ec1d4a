"""The page of the tolerances between loaded and received masses."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tidegate.movements import tolerances
from tidegate.movements.commands import tolerances as commands
from tidegate.movements.forms.days import ToleranceForm
from tidegate.movements.views.acting import expected
from tidegate.parties.access import needs
from tidegate.parties.commanding import Forbidden, Missing, Refused

KEEP = "movements.tolerance.keep"


@needs("movements.notification.read")
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponseBase:
    """What the State's authority has set, by regime and day; those who may, keep it."""
    actor = request.actor  # type: ignore[attr-defined]
    form, status = ToleranceForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        if not actor.may(KEEP):
            raise Forbidden(KEEP)
        status = 422
        if form.is_valid():
            try:
                commands.add_tolerance(actor, **form.cleaned_data)
                messages.success(request, _("The tolerance is set."))
                return redirect("movements:tolerances")
            except (Missing, Forbidden):
                raise
            except Refused as refused:
                form.add_error(refused.field if refused.field in form.fields else None, expected(refused))
    context = {
        "rows": [(row, tolerances.REGIMES.get(row.regime, row.regime)) for row in tolerances.settings_of(actor.state)],
        "form": form,
        "default": tolerances.DEFAULT,
        "may_keep": actor.may(KEEP),
        "state": actor.state,
    }
    return render(request, "movements/tolerances.html", context, status=status)


@needs(KEEP)
@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One was set wrongly."""
    commands.remove_tolerance(request.actor, pk)  # type: ignore[attr-defined]
    messages.success(request, _("The tolerance is removed."))
    return redirect("movements:tolerances")
