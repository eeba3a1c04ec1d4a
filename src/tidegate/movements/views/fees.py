"""The pages of fees: a State's schedule, what is due, one fee with its payment, and the receipt."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tidegate.movements.calendars import today
from tidegate.movements.commands import fees as commands
from tidegate.movements.fees import KINDS
from tidegate.movements.forms import fees as forms
from tidegate.movements.models import Fee
from tidegate.movements.queries import fees as queries
from tidegate.movements.queries import shipments
from tidegate.movements.views.acting import Act, Acts, attachment, say
from tidegate.paper import Block, form_pdf
from tidegate.parties import figures, times
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.models import State

PER_PAGE = 50


def page_of(row: Fee) -> str:
    """The address of a fee's page."""
    return reverse("movements:fee", args=[row.pk])


def about(row: Fee) -> tuple[str, str]:
    """Number and address of what a fee is for."""
    if row.notification is not None:
        return row.notification.number or row.case, reverse("movements:case", args=[row.case])
    assert row.permit is not None
    return row.permit.number or row.case, reverse("movements:permit", args=[row.permit.pk])


def sum_of(row: Fee) -> list[tuple[str, str]]:
    """How a fee comes about, line by line."""
    lines = [(__("Fixed amount"), figures.money(row.fixed, row.currency))]
    if row.per_tonne:
        lines += [
            (__("Per tonne"), figures.money(row.per_tonne, row.currency)),
            (__("Quantity (kg)"), figures.grouped(row.kg) if row.kg is not None else "–"),
        ]
    return [*lines, (__("Fee"), figures.money(row.amount, row.currency))]


def _own(actor: Actor, row: Fee) -> bool:
    return row.status == Fee.Status.DUE and row.authority == actor.state


FEE = Acts(
    "fee", "fees/<uuid:pk>/", lambda actor, pk: queries.fee(actor, pk), lambda row: {"pk": row.pk}, page_of,
    lambda row: about(row)[0],
    (
        Act("pay", _("Record the payment"), commands.RECORD,
            lambda a, r, f: commands.pay(a, r.pk, **f.given, **f.more), _own, forms.PaidForm, "check", "primary",
            _("Nothing is paid here: record what came in at the till or the bank."), _("The payment is on record.")),
        Act("waive", _("Waive the fee"), commands.WAIVE,
            lambda a, r, f: commands.waive(a, str(r.pk), **f.given, **f.more), _own, forms.WaiveForm, "x",
            done=_("It is waived.")),
    ),
)  # fmt: skip


@needs(queries.READ)
@require_http_methods(["GET", "POST"])
def fees(request: HttpRequest) -> HttpResponseBase:
    """A State's schedule, and the fees that the reader sees; an authority sets a rate."""
    actor = request.actor  # type: ignore[attr-defined]
    state = request.GET.get("state", "").upper() or actor.state
    if not State.objects.filter(pk=state).exists():
        raise Http404
    may_keep = actor.may(commands.KEEP) and state == actor.state
    form = forms.RateForm(request.POST if request.method == "POST" else None, actor=actor)
    if request.method == "POST":
        if not may_keep:
            raise Forbidden(commands.KEEP)
        if form.is_valid():
            try:
                commands.set_rate(actor, **form.given, **form.once)
            except (Missing, Forbidden):
                raise
            except Refused as refused:
                say(form, refused)
            else:
                messages.success(request, __("The rate is set."))
                return redirect("movements:fees")
    status = request.GET.get("status", "")
    rows = queries.fees(actor)
    rows = rows.filter(status=status) if status in Fee.Status.values else rows
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "state": state,
        "states": State.objects.filter(here=True).order_by("code"),
        "rates": [(rate, KINDS.get(rate.kind, rate.kind)) for rate in queries.rates(state)],
        "today": today(actor.state),
        "page": page,
        "rows": [(row, *about(row)) for row in page.object_list],
        "form": form,
        "may_keep": may_keep,
    }
    return render(request, "movements/fees.html", context, status=422 if form.errors else 200)


@needs(queries.READ)
@require_safe
def fee(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One fee: how it comes about, by which law, and what was recorded."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.fee(actor, pk)
    number, address = about(row)
    context: dict[str, Any] = {
        "row": row,
        "number": number,
        "address": address,
        "kind": KINDS.get(row.kind, row.kind),
        "lines": sum_of(row),
        "offers": FEE.offers(actor, row),
        "history": shipments.history(row),
    }
    return render(request, "movements/fee.html", context)


@needs(queries.READ)
@require_safe
def receipt(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The receipt of a fee that was paid or waived, as a PDF."""
    row = queries.fee(request.actor, pk)  # type: ignore[attr-defined]
    if row.settled_on is None:
        raise Http404
    number, address = about(row)
    now = times.now()
    settled = [(__("Date"), figures.day(row.settled_on)), (__("Reference"), row.reference)]
    blocks = [
        Block("1", __("Authority"), [("", str(__(State.objects.get(pk=row.authority).name)))]),
        Block("2", __("For"), [("", str(KINDS.get(row.kind, row.kind))), (__("Number"), number)]),
        Block("3", __("Fee"), sum_of(row), wide=True),
        Block("4", __("Legal source"), [("", row.source), (__("Assessed on"), figures.day(row.assessed_on))]),
        Block("5", row.get_status_display(), [*settled, *([(__("Reason"), row.reason)] if row.reason else [])]),
    ]
    made = form_pdf(
        blocks, title=__("Receipt of a fee"), kind=__("Receipt"), reference=number,
        subtitle=__("Number %(number)s · copy held by %(state)s") % {"number": number, "state": row.holder.name},
        footer=__("Case %(case)s · revision %(revision)s · made %(time)s UTC") % {
            "case": row.case, "revision": row.revision, "time": figures.moment(now.astimezone(UTC))},
        generated=now, state=row.get_status_display(), language=get_language() or "en",
        url=request.build_absolute_uri(address), translate=__,
    )  # fmt: skip
    return attachment(made, f"fee-{number.replace(' ', '-')}.pdf", "application/pdf", inline=True)


pages = [
    path("fees/", fees, name="fees"),
    path("fees/<uuid:pk>/", fee, name="fee"),
    path("fees/<uuid:pk>/receipt.pdf", receipt, name="fee-receipt"),
    *FEE.patterns(),
]
