"""The pages of permits: the list, an application, one permit with its ledger and acts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tidegate.movements import applications, fees, ledger
from tidegate.movements.commands import attachments
from tidegate.movements.commands import permits as commands
from tidegate.movements.forms import permits as forms
from tidegate.movements.forms.files import ApplicationFileForm, TakeAwayForm
from tidegate.movements.machines import PERMIT as MACHINE
from tidegate.movements.models import Certificate, Permit
from tidegate.movements.queries import fees as fee_queries
from tidegate.movements.queries import files
from tidegate.movements.queries import permits as queries
from tidegate.movements.queries.shipments import history
from tidegate.movements.views.acting import Act, Acts, in_words, say
from tidegate.movements.views.attachments import download, file_of
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing, Refused

PER_PAGE = 50


def _step(event: str) -> Any:
    def may(_actor: Actor, row: Permit) -> bool:
        return (row.status, event) in MACHINE.table

    return may


def _own(actor: Actor, row: Permit) -> bool:
    return actor.organisation is not None and row.organisation_id == actor.organisation.pk


def _office(actor: Actor, row: Permit) -> bool:
    office = str(actor.organisation.pk) if actor.organisation is not None else ""
    return row.status in queries.TOLD and row.status_at is not None and office not in row.acknowledged


ACTS = (
    Act("edit", _("Change"), "movements.permit.apply",
        lambda a, r, f: commands.edit(a, r.pk, content=f.content, **f.more),
        lambda a, r: r.status == "draft" and _own(a, r), forms.ApplyForm, "pencil", done=_("Changed.")),
    Act("apply", _("Hand in"), "movements.permit.apply",
        lambda a, r, f: commands.apply(a, r.pk, **f.more), lambda a, r: _own(a, r) and _step("applied")(a, r),
        icon="send", tone="primary", done=_("Handed in.")),
    Act("attach", _("Attach a file"), "movements.permit.apply",
        lambda a, r, f: attachments.attach_to_permit(a, r.pk, **f.once, **file_of(f)),
        lambda a, r: _own(a, r) and r.status in applications.APPLYING, ApplicationFileForm, "file-upload",
        done=_("The file is kept.")),
    Act("detach", _("Take a file away"), "movements.permit.apply",
        lambda a, r, f: attachments.detach_from_permit(a, r.pk, file=f.cleaned_data["file"], **f.once),
        lambda a, r: _own(a, r) and r.status == "draft" and bool(files.kept(a, r)), TakeAwayForm, "trash",
        done=_("The file is taken away.")),
    Act("review", _("Take up"), "movements.permit.review",
        lambda a, r, f: commands.review(a, r.pk, **f.more), lambda a, r: r.status == "applied",
        icon="eye", tone="primary", done=_("Under review.")),
    Act("ask", _("Ask the applicant"), "movements.permit.review",
        lambda a, r, f: commands.request_info(a, r.pk, question=f.cleaned_data["question"], **f.more),
        _step("info_requested"), forms.QuestionForm, "message-question"),
    Act("supply", _("Answer"), "movements.permit.apply",
        lambda a, r, f: commands.supply_info(
            a, r.pk, answer=f.cleaned_data["answer"], content=f.content, **f.more),
        lambda a, r: _own(a, r) and _step("info_supplied")(a, r), forms.SupplyForm, "send", "primary"),
    Act("issue", _("Grant"), "movements.permit.decide",
        lambda a, r, f: commands.issue(a, str(r.pk), **f.terms, **f.more), _step("issued"), forms.IssueForm,
        "check", "primary", done=_("Granted."), template="movements/permit_terms.html"),
    Act("refuse", _("Refuse"), "movements.permit.decide",
        lambda a, r, f: commands.refuse(a, str(r.pk), reason=f.cleaned_data["reason"], **f.more), _step("refused"),
        forms.ReasonForm, "x", "danger"),
    Act("vary", _("Vary"), "movements.permit.decide",
        lambda a, r, f: commands.vary(
            a, str(r.pk), reason=f.cleaned_data["reason"], number=f.cleaned_data["number"], content=f.content,
            conditions=f.said_conditions, **f.more),
        _step("superseded"), forms.VaryForm, "copy", onward=lambda made: page_of(made),
        text=_("A new permit takes its place, with everything that was drawn on this one."),
        template="movements/permit_terms.html"),
    Act("suspend", _("Suspend"), "movements.permit.suspend",
        lambda a, r, f: commands.suspend(a, str(r.pk), reason=f.cleaned_data["reason"], **f.more),
        _step("suspended"), forms.ReasonForm, "hand-stop", "danger",
        text=_("Nothing may be drawn until it is lifted. Every border office has to confirm that it knows.")),
    Act("lift", _("Lift the suspension"), "movements.permit.suspend",
        lambda a, r, f: commands.lift(a, str(r.pk), reason=f.cleaned_data["reason"], **f.more),
        _step("reinstated"), forms.MaybeReasonForm, "check", "primary"),
    Act("revoke", _("Revoke"), "movements.permit.suspend",
        lambda a, r, f: commands.revoke(a, str(r.pk), reason=f.cleaned_data["reason"], **f.more),
        _step("revoked"), forms.ReasonForm, "ban", "danger", text=_("It is taken away for good.")),
    Act("surrender", _("Give back"), "movements.permit.surrender",
        lambda a, r, f: commands.surrender(a, r.pk, reason=f.cleaned_data["reason"], **f.more),
        lambda a, r: _own(a, r) and _step("surrendered")(a, r), forms.MaybeReasonForm, "arrow-left", "danger",
        text=_("A permit that was given back cannot be used again.")),
    Act("acknowledge", _("We know this status"), "movements.permit.acknowledge",
        lambda a, r, f: commands.acknowledge(a, r.pk, **f.more), _office, icon="check", done=_("Confirmed.")),
)  # fmt: skip


def page_of(row: Permit) -> str:
    """The address of a permit's page."""
    return reverse("movements:permit", args=[row.pk])


ACTS_ON_PERMITS = Acts(
    "permit", "permits/<uuid:pk>/", lambda actor, pk: queries.permit(actor, pk), lambda row: {"pk": row.pk}, page_of,
    lambda row: row.number or row.case, ACTS,
)  # fmt: skip


@needs("movements.permit.read")
@require_safe
def permits(request: HttpRequest) -> HttpResponseBase:
    """The permits that the reader sees: an authority all of its State's, a company its own."""
    actor = request.actor  # type: ignore[attr-defined]
    text, status, kind = (request.GET.get(name, "")[:200] for name in ("q", "status", "kind"))
    rows = queries.permits(actor, text)
    rows = rows.filter(status=status) if status in Permit.Status.values else rows
    rows = rows.filter(kind=kind) if kind in Permit.Kind.values else rows
    query = request.GET.copy()
    query.pop("page", None)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    offices = queries.offices(actor.state) if actor.official else []
    context = {
        "page": page,
        "rows": [(row, len(queries.unacknowledged(row, offices))) for row in page.object_list],
        "query": f"{query.urlencode()}&" if query else "",
        "text": text,
        "status": status,
        "kind": kind,
        "statuses": Permit.Status.choices,
        "kinds": Permit.Kind.choices,
        "asked": bool(text or status or kind),
        "applies": actor.may("movements.permit.apply"),
    }
    return render(request, "movements/permits.html", context)


@needs("movements.permit.apply")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """A new application: kept as a draft, handed in from its page."""
    actor = request.actor  # type: ignore[attr-defined]
    form = forms.NewForm(request.POST if request.method == "POST" else None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.draft(
                actor, form.cleaned_data["kind"], content=form.content, key=form.cleaned_data.get("key") or ""
            )
        except (Missing, Forbidden):
            raise
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, __("Kept as a draft. Hand it in when it is ready."))
            return redirect(page_of(made))
    context = {"form": form, "title": _("Apply for a permit"), "back": reverse("movements:permits")}
    return render(request, "parties/form.html", context, status=422 if form.errors else 200)


@needs("movements.permit.read")
@require_safe
def permit(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One permit: what it covers, what is drawn on it, who knows its status, its certificates, its acts."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.permit(actor, pk)
    offers = ACTS_ON_PERMITS.offers(actor, row)
    stand = None if row.account is None else ledger.balance(row.account)
    papers, others = files.of_application(actor, row)
    certified = row.status in (Permit.Status.ISSUED, Permit.Status.ACTIVE, Permit.Status.EXHAUSTED)
    context = {
        "row": row,
        "first": [one for one in offers if one.tone == "primary"],
        "more": [one for one in offers if one.tone != "primary"],
        "papers": papers,
        "others": others,
        "stand": stand,
        "drawn": queries.used(row)[:100],
        "periods": list(row.account.sub_periods.all()) if row.account is not None else [],
        "waiting": queries.unacknowledged(row) if actor.official else [],
        "conditions": [in_words(one) for one in row.conditions],
        "certificates": queries.certificates(actor).filter(subject_id=row.pk),
        "issues": certified and actor.may("movements.certificate.issue"),
        "fees": fee_queries.fees(actor).filter(permit=row),
        "expected": fees.expected(row) if row.status == Permit.Status.DRAFT else [],
        "replaced_by": row.superseded_by.order_by("-created_at").first(),
        "history": history(row),
        "published": Certificate.Status.PUBLISHED,
    }
    return render(request, "movements/permit.html", context)


@needs("movements.permit.read")
@require_safe
def file(request: HttpRequest, pk: UUID, file: UUID) -> HttpResponseBase:
    """A file of an application."""
    actor = request.actor  # type: ignore[attr-defined]
    return download(files.one(actor, queries.permit(actor, pk), file))


pages = [
    path("permits/", permits, name="permits"),
    path("permits/new/", new, name="new-permit"),
    path("permits/<uuid:pk>/", permit, name="permit"),
    path("permits/<uuid:pk>/files/<uuid:file>/", file, name="permit-file"),
    *ACTS_ON_PERMITS.patterns(),
]
