"""The pages of quotas: what is open and left, for everybody; applications and grants, for those concerned."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tidegate.movements.commands import quotas as commands
from tidegate.movements.forms import permits as forms
from tidegate.movements.models import QuotaAllocation, QuotaPool
from tidegate.movements.queries import permits as queries
from tidegate.movements.views.acting import Act, Acts, say
from tidegate.parties.access import needs, private, public
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing, Refused


def pool_page(row: QuotaPool) -> str:
    """The address of a quota's page."""
    return reverse("movements:quota", args=[row.pk])


def part_page(row: QuotaAllocation) -> str:
    """The address of an allocation's page."""
    return reverse("movements:allocation", args=[row.pk])


def _pool(actor: Actor, pk: UUID) -> QuotaPool:
    found = queries.pools(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("quota")
    return found


def _part(actor: Actor, pk: UUID) -> QuotaAllocation:
    found = queries.allocations(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("allocation")
    return found


QUOTA = Acts(
    "quota", "quotas/<uuid:pk>/", _pool, lambda row: {"pk": row.pk}, pool_page, lambda row: row.number,
    (
        Act("apply", _("Apply for a part"), "movements.quota.apply",
            lambda a, r, f: commands.apply(
                a, r.pk, kg=f.cleaned_data["kg"], reason=f.cleaned_data["reason"], **f.once),
            lambda a, r: r.status == "open", forms.AskPartForm, "send", "primary", onward=part_page,
            done=_("Applied for.")),
        Act("open", _("Open"), "movements.quota.keep",
            lambda a, r, f: commands.open_pool(a, r.pk, **f.more), lambda a, r: r.status == "draft",
            icon="check", tone="primary", text=_("Companies may apply from now on, and the balance is public.")),
        Act("change", _("Change"), "movements.quota.keep",
            lambda a, r, f: commands.change(a, r.pk, content=f.content, **f.more),
            lambda a, r: r.status != "closed", forms.PoolForm, "pencil"),
        Act("close", _("Close"), "movements.quota.keep",
            lambda a, r, f: commands.close_pool(a, r.pk, **f.more), lambda a, r: r.status == "open",
            icon="x", tone="danger", text=_("What is left of every part goes back, and lapses or is carried over.")),
    ),
)  # fmt: skip

ALLOCATION = Acts(
    "allocation", "allocations/<uuid:pk>/", _part, lambda row: {"pk": row.pk}, part_page, lambda row: row.number,
    (
        Act("grant", _("Grant"), "movements.quota.decide",
            lambda a, r, f: commands.grant(a, str(r.pk), kg=f.cleaned_data["kg"], **f.more),
            lambda a, r: r.status == "applied", forms.GrantForm, "check", "primary", done=_("Granted.")),
        Act("refuse", _("Refuse"), "movements.quota.decide",
            lambda a, r, f: commands.refuse(a, str(r.pk), reason=f.cleaned_data["reason"], **f.more),
            lambda a, r: r.status == "applied", forms.ReasonForm, "x", "danger"),
        Act("close", _("End early"), "movements.quota.decide",
            lambda a, r, f: commands.close_allocation(a, str(r.pk), **f.more),
            lambda a, r: r.status == "granted", icon="x", tone="danger",
            text=_("What is neither used nor reserved goes back to the quota.")),
    ),
)  # fmt: skip


@public
@require_safe
def quotas(request: HttpRequest) -> HttpResponseBase:
    """Every quota that was opened, with what is granted, used and left; whoever signed in finds their own, too."""
    actor = getattr(request, "actor", None)
    state = request.GET.get("state", "")[:2].upper()
    shown = QuotaPool.objects.exclude(status=QuotaPool.Status.DRAFT).filter(holder__here=True)
    rows = shown.select_related("account", "holder").order_by("holder", "-opens_on", "number")
    rows = rows.filter(holder=state) if state else rows
    context = {
        "pools": [(row, queries.pool_balance(row)) for row in rows],
        "states": shown.order_by("holder").values_list("holder__code", "holder__name").distinct(),
        "state": state,
        "drafts": queries.pools(actor).filter(status=QuotaPool.Status.DRAFT) if actor else [],
        "parts": queries.allocations(actor)[:50] if actor else [],
        "keeps": bool(actor and actor.may("movements.quota.keep")),
    }
    response = render(request, "movements/quotas.html", context)
    return private(response) if actor else response


@public
@require_safe
def quota(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One quota: its balance for everybody, the parts of it for those concerned; a draft for its authorities."""
    actor = getattr(request, "actor", None)
    rows = QuotaPool.objects.filter(pk=pk, holder__here=True).select_related("account", "holder")
    row = rows.exclude(status=QuotaPool.Status.DRAFT).first()
    if row is None and actor:
        row = queries.pools(actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    own = bool(actor) and actor.state == row.holder_id  # type: ignore[union-attr]
    context = {
        "row": row,
        "balance": queries.pool_balance(row),
        "offers": QUOTA.offers(actor, row) if own else [],  # type: ignore[arg-type]
        "parts": queries.allocations(actor).filter(pool=row) if own else [],
    }
    response = render(request, "movements/quota.html", context)
    return private(response) if actor else response


@needs("movements.quota.keep")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """A new quota, kept as a draft until it is opened."""
    actor = request.actor  # type: ignore[attr-defined]
    form = forms.PoolForm(request.POST if request.method == "POST" else None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.create(
                actor, form.cleaned_data["number"], content=form.content, key=form.cleaned_data.get("key") or ""
            )
        except (Missing, Forbidden):
            raise
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, __("Kept as a draft. Open it when it is ready."))
            return redirect(pool_page(made))
    context = {"form": form, "title": _("New quota"), "back": reverse("movements:quotas")}
    return render(request, "parties/form.html", context, status=422 if form.errors else 200)


@needs("movements.quota.read")
@require_safe
def allocation(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """A part of a quota: what was asked for, granted and drawn."""
    actor = request.actor  # type: ignore[attr-defined]
    row = _part(actor, pk)
    context = {"row": row, "offers": ALLOCATION.offers(actor, row), "drawn": queries.used(row)[:100]}
    return render(request, "movements/allocation.html", context)


pages = [
    path("quotas/", quotas, name="quotas"),
    path("quotas/new/", new, name="new-quota"),
    path("quotas/<uuid:pk>/", quota, name="quota"),
    *QUOTA.patterns(),
    path("allocations/<uuid:pk>/", allocation, name="allocation"),
    *ALLOCATION.patterns(),
]
