"""The pages of analyses: what laboratories are asked, what they found, and the law's answer to it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tidegate.movements.commands import analyses as commands
from tidegate.movements.commands import certificates as certifying
from tidegate.movements.forms import analyses as forms
from tidegate.movements.forms.takeback import ReasonForm
from tidegate.movements.models import Analysis
from tidegate.movements.queries import analyses as queries
from tidegate.movements.queries import files, permits, shipments
from tidegate.movements.views import certificates
from tidegate.movements.views.acting import Act, Acts
from tidegate.movements.views.attachments import download, uploaded
from tidegate.parties.access import needs

PER_PAGE = 50


def page_of(row: Analysis) -> str:
    """The address of an analysis's page."""
    return reverse("movements:analysis", args=[row.pk])


def asking(name: str) -> Act:
    """The act by which a laboratory is asked about a row: `name` is the command's argument for it."""
    return Act(
        "analyse", _("Ask a laboratory"), commands.REQUEST,
        lambda a, r, f: commands.request(a, **{name: r.pk}, **f.once, **f.given), lambda a, r: True,
        forms.AnalyseForm, "test-pipe", done=_("The laboratory is asked."), onward=page_of,
    )  # fmt: skip


ANALYSIS = Acts(
    "analysis", "analyses/<uuid:pk>/", lambda actor, pk: queries.analysis(actor, pk), lambda row: {"pk": row.pk},
    page_of, lambda row: row.reference,
    (
        Act("submit", _("Hand in the analysis"), commands.SUBMIT,
            lambda a, r, f: commands.submit(a, r.pk, **f.given, **uploaded(f.cleaned_data["file"]), **f.more),
            lambda a, r: r.status == Analysis.Status.REQUESTED, forms.SubmitForm, "send", "primary",
            done=_("Handed in.")),
        Act("withdraw", _("Withdraw the request"), commands.REQUEST,
            lambda a, r, f: commands.withdraw(a, r.pk, reason=f.cleaned_data["reason"], **f.more),
            lambda a, r: r.status == Analysis.Status.REQUESTED, ReasonForm, "x", "danger"),
        Act("certify", _("Certify the quality"), certifying.QUALITY,
            lambda a, r, f: certifying.certify_quality(a, r.pk, **f.given, **f.once),
            lambda a, r: r.status == Analysis.Status.SUBMITTED, forms.QualityForm, "certificate",
            text=_("What was measured is signed with the key of the State. Anybody can check it with no network."),
            done=_("Signed and published."), onward=certificates.page_of,
            initial=lambda a, r: {"load": queries.load_in_words(r) if a.official else ""}),
    ),
)  # fmt: skip


@needs(queries.READ)
@require_safe
def analyses(request: HttpRequest) -> HttpResponseBase:
    """The analyses that the reader sees."""
    actor = request.actor  # type: ignore[attr-defined]
    text, status = request.GET.get("q", "")[:200], request.GET.get("status", "")
    status = status if status in Analysis.Status.values else ""
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": Paginator(queries.find(actor, text=text, status=status), PER_PAGE).get_page(request.GET.get("page")),
        "query": f"{query.urlencode()}&" if query else "",
        "text": text,
        "status": status,
        "statuses": Analysis.Status.choices,
        "asked": bool(text or status),
    }
    return render(request, "movements/analyses.html", context)


@needs(queries.READ)
@require_safe
def analysis(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One analysis: what is asked, what was found, the report; for authorities, the law's answer with it."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.analysis(actor, pk)
    offers = ANALYSIS.offers(actor, row)
    context: dict[str, Any] = {
        "row": row,
        "files": files.kept(actor, row),
        "certificates": permits.certificates(actor).filter(subject="analysis", subject_id=row.pk),
        "first": [one for one in offers if one.tone == "primary"],
        "more": [one for one in offers if one.tone != "primary"],
        "screened": queries.screened(row) if actor.official else None,
        "history": shipments.history(row),
    }
    return render(request, "movements/analysis.html", context)


@needs(queries.READ)
@require_safe
def file(request: HttpRequest, pk: UUID, file: UUID) -> HttpResponseBase:
    """The report."""
    actor = request.actor  # type: ignore[attr-defined]
    return download(files.one(actor, queries.analysis(actor, pk), file))


pages = [
    path("analyses/", analyses, name="analyses"),
    path("analyses/<uuid:pk>/", analysis, name="analysis"),
    path("analyses/<uuid:pk>/files/<uuid:file>/", file, name="analysis-file"),
    *ANALYSIS.patterns(),
]
