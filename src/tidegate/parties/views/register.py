"""The register: organisations with their facilities and people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tidegate.parties import commands, queries
from tidegate.parties.access import needs
from tidegate.parties.commanding import Missing, Refused
from tidegate.parties.forms import FacilityForm, OrganisationForm
from tidegate.parties.models import Organisation

PER_PAGE = 50


def kept(form: Any, call: Any) -> Any:
    """What a command gives; None, with its refusal beside the field that it is about, where it refuses.

    Missing passes: it is a page that is not there, not a field that is wrong.
    """
    try:
        return call()
    except Missing:
        raise
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.text))
        return None


def organisation_of(request: HttpRequest, pk: UUID) -> Organisation:
    """The organisation, where the reader sees it; else Http404."""
    rows = queries.organisations(request.actor, closed=True)  # type: ignore[attr-defined]
    found = rows.filter(pk=pk).select_related("holder").first()
    if found is None:
        raise Http404
    return found


@needs("parties.organisation.read")
@require_safe
def organisations(request: HttpRequest) -> HttpResponseBase:
    """The register, by name, with a search; a company finds itself."""
    actor = request.actor  # type: ignore[attr-defined]
    text, kind = request.GET.get("q", "")[:200], request.GET.get("kind", "")
    closed = request.GET.get("closed") == "1"
    rows = queries.organisations(actor, text=text, kind=kind, closed=closed)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "query": f"{query.urlencode()}&" if query else "",
        "text": text,
        "kind": kind,
        "closed": closed,
        "kinds": Organisation.Kind.choices,
        "asked": bool(text or kind),
    }
    return render(request, "parties/organisations.html", context)


@needs("parties.organisation.read")
@require_safe
def organisation(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One entry of the register: data, facilities and, for its managers, people."""
    actor = request.actor  # type: ignore[attr-defined]
    found = organisation_of(request, pk)
    manages = queries.may_manage(actor, found)
    return render(
        request,
        "parties/organisation.html",
        {
            "organisation": found,
            "facilities": queries.facilities(actor, organisation=found),
            "members": queries.members(actor, found) if manages else [],
            "manages": manages,
            "today": found.holder.today(),
        },
    )


@needs("parties.organisation.keep")
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponseBase:
    """A new entry of the register."""
    actor = request.actor  # type: ignore[attr-defined]
    form = OrganisationForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if name != "revision"}
        made = kept(form, lambda: commands.add_organisation(actor, **given))
        if made is not None:
            messages.success(request, _("%(name)s is in the register.") % {"name": made.name})
            return redirect("parties:organisation", pk=made.pk)
    return _form(request, form, _("New organisation"), "parties:organisations")


@needs("parties.organisation.keep")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Change an entry."""
    actor = request.actor  # type: ignore[attr-defined]
    found = organisation_of(request, pk)
    form = OrganisationForm(actor, request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if name != "revision"}
        revision = form.cleaned_data["revision"] or 0
        done = kept(form, lambda: commands.edit_organisation(actor, pk, revision=revision, **given))
        if done is not None:
            messages.success(request, _("Kept."))
            return redirect("parties:organisation", pk=pk)
    return _form(request, form, str(found), "parties:organisation", pk)


@needs("parties.facility.keep")
@require_http_methods(["GET", "POST"])
def add_facility(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A new facility of an organisation."""
    actor = request.actor  # type: ignore[attr-defined]
    owner = organisation_of(request, pk)
    form = FacilityForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if name != "revision"}
        if kept(form, lambda: commands.add_facility(actor, owner.pk, **given)) is not None:
            messages.success(request, _("Kept."))
            return redirect("parties:organisation", pk=owner.pk)
    return _form(request, form, _("New facility of %(name)s") % {"name": owner}, "parties:organisation", pk)


@needs("parties.facility.keep")
@require_http_methods(["GET", "POST"])
def edit_facility(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Change what a facility may take, and when."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.facilities(actor).filter(pk=pk).first()
    if found is None:
        raise Http404
    form = FacilityForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        given = {name: value for name, value in form.cleaned_data.items() if name != "revision"}
        revision = form.cleaned_data["revision"] or 0
        if kept(form, lambda: commands.edit_facility(actor, pk, revision=revision, **given)) is not None:
            messages.success(request, _("Kept."))
            return redirect("parties:organisation", pk=found.organisation_id)
    return _form(request, form, str(found), "parties:organisation", found.organisation_id)


def _form(request: HttpRequest, form: Any, title: str, back: str, *args: Any) -> HttpResponse:
    """A form on a page of its own. What a refusal left in `form.instance` must not be taken for what is kept."""
    from django.urls import reverse

    context = {"form": form, "title": title, "back": reverse(back, args=args)}
    return render(request, "parties/form.html", context, status=422 if form.errors else 200)
