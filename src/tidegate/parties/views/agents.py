"""Who acts for us: delegations, and keys for software."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.parties import commands, queries
from tidegate.parties.access import needs
from tidegate.parties.forms import DelegationForm, KeyForm
from tidegate.parties.views.register import kept


@needs("parties.delegation.keep")
@require_safe
def delegations(request: HttpRequest) -> HttpResponseBase:
    """Delegations given and held."""
    actor = request.actor  # type: ignore[attr-defined]
    rows = list(queries.delegations(actor))
    own = actor.organisation.pk
    return render(
        request,
        "parties/delegations.html",
        {
            "given": [row for row in rows if row.principal_id == own],
            "held": [row for row in rows if row.agent_id == own],
            "today": queries.today_of(actor),
        },
    )


@needs("parties.delegation.keep")
@require_http_methods(["GET", "POST"])
def give(request: HttpRequest) -> HttpResponseBase:
    """Give a delegation."""
    actor = request.actor  # type: ignore[attr-defined]
    form = DelegationForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        agent = given.pop("agent")
        if kept(form, lambda: commands.give_delegation(actor, agent_id=agent.pk, **given)) is not None:
            messages.success(request, _("%(name)s may now act for you.") % {"name": agent})
            return redirect("parties:delegations")
    return render(request, "parties/give.html", {"form": form}, status=422 if form.errors else 200)


@needs("parties.delegation.keep")
@require_POST
def revoke(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """End a delegation now."""
    commands.revoke_delegation(request.actor, pk)  # type: ignore[attr-defined]
    messages.success(request, _("The delegation is revoked, with the keys made under it."))
    return redirect("parties:delegations")


@needs("parties.key.keep")
@require_safe
def keys(request: HttpRequest) -> HttpResponseBase:
    """The keys with which software acts for the organisation."""
    actor = request.actor  # type: ignore[attr-defined]
    return render(request, "parties/keys.html", {"keys": queries.keys(actor), "today": queries.today_of(actor)})


@needs("parties.key.keep", fresh=True)
@require_http_methods(["GET", "POST"])
def make_key(request: HttpRequest) -> HttpResponseBase:
    """Make a key. Its secret stands on the answer to this request and nowhere else."""
    actor = request.actor  # type: ignore[attr-defined]
    form = KeyForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        chosen = given.pop("delegation")
        made = kept(form, lambda: commands.make_key(actor, delegation_id=UUID(chosen) if chosen else None, **given))
        if made is not None:
            return render(request, "parties/key_made.html", {"key": made})
    return render(request, "parties/make_key.html", {"form": form}, status=422 if form.errors else 200)


@needs("parties.key.keep")
@require_POST
def revoke_key(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """End a key now."""
    commands.revoke_key(request.actor, pk)  # type: ignore[attr-defined]
    messages.success(request, _("The key is revoked."))
    return redirect("parties:keys")
