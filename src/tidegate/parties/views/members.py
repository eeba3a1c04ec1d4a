"""People of an organisation: a role given, a role ended, the way in for who is new."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tidegate.parties import commands, letters, queries
from tidegate.parties.access import needs
from tidegate.parties.commanding import Conflict, Missing, Refused
from tidegate.parties.forms import InviteForm
from tidegate.parties.models import Membership
from tidegate.parties.views.register import kept, organisation_of


@needs("parties.membership.keep")
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Give a person a role; who is new gets a link for the first password, mailed and shown once."""
    actor = request.actor  # type: ignore[attr-defined]
    found = organisation_of(request, pk)
    if not queries.may_manage(actor, found):
        raise Http404
    form = InviteForm(found.holder.today(), request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = kept(form, lambda: commands.invite(actor, pk, **form.cleaned_data))
        if made is not None:
            return _invited(request, made)
    context = {"form": form, "organisation": found}
    return render(request, "parties/invite.html", context, status=422 if form.errors else 200)


def _invited(request: HttpRequest, made: Membership) -> HttpResponseBase:
    way = commands.way_in(made.person)
    address = request.build_absolute_uri(way) if way else ""
    sent = letters.invitation(made, address, request.build_absolute_uri("/"))
    return render(request, "parties/invited.html", {"membership": made, "address": address, "sent": sent})


@needs("parties.membership.keep")
@require_POST
def again(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A new link for who has not come in yet; the old one holds until it is used or its time is over."""
    actor = request.actor  # type: ignore[attr-defined]
    found = Membership.objects.select_related("organisation", "organisation__holder", "person").filter(pk=pk).first()
    if found is None or not queries.may_manage(actor, found.organisation) or commands.way_in(found.person) is None:
        raise Http404
    return _invited(request, found)


@needs("parties.membership.keep")
@require_POST
def end(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The role ends today."""
    actor = request.actor  # type: ignore[attr-defined]
    try:
        row = commands.end_membership(actor, pk, day=queries.today_of(actor))
    except (Missing, Conflict):
        raise
    except Refused as refused:
        messages.error(request, str(refused.text))
        found = Membership.objects.filter(pk=pk).first()
        return redirect("parties:organisation", pk=found.organisation_id) if found else redirect("parties:me")
    messages.success(request, _("The role ends today."))
    return redirect("parties:organisation", pk=row.organisation_id)
