"""Acts for two persons, and which acts those are."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.parties import commands, queries
from tidegate.parties.access import needs
from tidegate.parties.commanding import Missing, Refused
from tidegate.parties.forms import StateForm
from tidegate.parties.models import State
from tidegate.parties.registry import registry
from tidegate.parties.views.register import kept


@needs("parties.approval.decide")
@require_safe
def approvals(request: HttpRequest) -> HttpResponseBase:
    """What waits for a second person, and what was decided lately."""
    actor = request.actor  # type: ignore[attr-defined]
    waiting = [
        {
            "approval": row,
            "arguments": queries.arguments_of(row),
            "own": row.proposed_by_id == actor.person.pk,
            "address": registry.act_address(row.command, row.subject_id),
            "label": registry.act_label(row.command),
        }
        for row in queries.approvals(actor)
    ]
    decided = Paginator(queries.approvals(actor, waiting=False), 20).get_page(request.GET.get("page"))
    labelled = [{"approval": row, "label": registry.act_label(row.command)} for row in decided]
    return render(request, "parties/approvals.html", {"waiting": waiting, "decided": labelled, "page": decided})


@needs("parties.approval.decide", fresh=True)
@require_POST
def decide(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Approve, refuse, or take back one's own."""
    actor = request.actor  # type: ignore[attr-defined]
    answer = request.POST.get("answer", "")
    try:
        if answer == "approve":
            commands.approve(actor, pk)
            messages.success(request, _("Approved and carried out."))
        elif answer == "withdraw":
            commands.withdraw(actor, pk)
            messages.success(request, _("Withdrawn."))
        else:
            commands.refuse(actor, pk, reason=request.POST.get("reason", ""))
            messages.success(request, _("Refused."))
    except Missing:
        raise
    except Refused as refused:
        messages.error(request, str(refused.text))
    return redirect("parties:approvals")


@needs("parties.state.keep")
@require_http_methods(["GET", "POST"])
def state(request: HttpRequest) -> HttpResponseBase:
    """What the State sets for itself."""
    actor = request.actor  # type: ignore[attr-defined]
    row = State.objects.get(pk=actor.state)
    name = str(row)
    form = StateForm(request.POST or None, instance=row)
    if (
        request.method == "POST"
        and form.is_valid()
        and kept(form, lambda: commands.set_two_person(actor, **form.cleaned_data)) is not None
    ):
        messages.success(request, _("Kept."))
        return redirect("parties:state")
    return render(request, "parties/state.html", {"form": form, "name": name}, status=422 if form.errors else 200)
