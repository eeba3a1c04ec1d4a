"""The pages of consignments: what every agency asks of a load, one joint inspection, one release."""

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

from tidegate.movements import naming
from tidegate.movements.commands import attachments
from tidegate.movements.commands import consignments as commands
from tidegate.movements.forms import takeback as forms
from tidegate.movements.forms.files import ShipmentFileForm
from tidegate.movements.models import Consignment, JointInspection, Requirement
from tidegate.movements.queries import analyses, files, shipments
from tidegate.movements.queries import consignments as queries
from tidegate.movements.views.acting import Act, Acts, say
from tidegate.movements.views.analyses import asking
from tidegate.movements.views.attachments import download, file_of
from tidegate.parties import times
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing, Refused

PER_PAGE = 50
OPEN = commands.OPEN


def page_of(row: Consignment) -> str:
    """The address of a consignment's page."""
    return reverse("movements:consignment", args=[row.reference])


def _open(_actor: Actor, row: Consignment) -> bool:
    return row.status in OPEN


def _own(actor: Actor, row: Requirement) -> bool:
    body = actor.organisation
    return row.consignment.status in OPEN and body is not None and row.agency_id == body.pk and row.status != "waived"


def _takes_part(actor: Actor, row: JointInspection) -> bool:
    body = actor.organisation
    return body is not None and row.agencies.filter(pk=body.pk).exists()


CONSIGNMENT = Acts(
    "consignment", "consignments/<slug:reference>/", queries.consignment, lambda row: {"reference": row.reference},
    page_of, lambda row: row.declaration or row.reference,
    (
        Act("release", _("Release"), "movements.consignment.release",
            lambda a, r, f: commands.release(a, r.pk, **f.more),
            lambda a, r: r.status in OPEN and not queries.waiting_for(r), icon="check", tone="primary",
            text=_("One release for every agency."), done=_("Released.")),
        Act("require", _("Ask for something"), "movements.consignment.require",
            lambda a, r, f: commands.require(
                a, r.pk, what=f.cleaned_data["what"], agency_id=f.cleaned_data["agency_id"],
                document=f.cleaned_data["document"], due_at=f.cleaned_data["due_at"], **f.more),
            _open, forms.RequireForm, "plus"),
        Act("inspection", _("Joint inspection"), "movements.consignment.inspect",
            lambda a, r, f: commands.joint_inspection(
                a, r.pk, place=f.cleaned_data["place"], at=f.cleaned_data["at"],
                agency_ids=f.cleaned_data["agency_ids"], **f.once),
            _open, forms.InspectionForm, "eye-search", text=_("One inspection for all agencies, instead of one each.")),
        asking("consignment_id"),
        Act("refuse", _("Refuse the goods"), "movements.consignment.refuse",
            lambda a, r, f: commands.refuse(a, r.pk, reason=f.cleaned_data["reason"], **f.more),
            _open, forms.ReasonForm, "ban", "danger"),
    ),
)  # fmt: skip

REQUIREMENT = Acts(
    "requirement", "requirements/<uuid:pk>/", lambda actor, pk: queries.requirement(actor, pk),
    lambda row: {"pk": row.pk}, lambda row: page_of(row.consignment), naming.asked,
    (
        Act("answer", _("Answer"), "movements.consignment.answer",
            lambda a, r, f: commands.answer(a, r.pk, **f.once, **f.given), _own, forms.AnswerForm,
            "check", "primary"),
        Act("waive", _("Waive"), "movements.consignment.waive",
            lambda a, r, f: commands.waive(a, r.pk, reason=f.cleaned_data["reason"], **f.once),
            _own, forms.ReasonForm, "x"),
    ),
)  # fmt: skip

INSPECTION = Acts(
    "inspection", "inspections/<uuid:pk>/", lambda actor, pk: queries.inspection(actor, pk),
    lambda row: {"pk": row.pk}, lambda row: page_of(row.consignment), lambda row: row.place,
    (
        Act("result", _("Record the result"), "movements.consignment.inspect",
            lambda a, r, f: commands.inspect(a, r.pk, **f.once, **f.given),
            lambda a, r: r.done_at is None and r.consignment.status in OPEN and _takes_part(a, r),
            forms.ResultForm, "pencil", "primary"),
        Act("attach", _("Attach a file"), "movements.consignment.inspect",
            lambda a, r, f: attachments.attach_to_inspection(a, r.pk, **f.once, **file_of(f)), _takes_part,
            ShipmentFileForm, "file-upload", done=_("The file is kept.")),
    ),
)  # fmt: skip


@needs("movements.consignment.read")
@require_safe
def consignments(request: HttpRequest) -> HttpResponseBase:
    """What arrives at the State's borders, with what is still asked of it."""
    actor = request.actor  # type: ignore[attr-defined]
    text, status = request.GET.get("q", "")[:200], request.GET.get("status", "")
    mine = request.GET.get("mine") == "1"
    status = status if status in Consignment.Status.values else ""
    rows = queries.find(actor, text=text, status=status, mine=mine)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "query": f"{query.urlencode()}&" if query else "",
        "text": text,
        "status": status,
        "mine": mine,
        "statuses": Consignment.Status.choices,
        "asked": bool(text or status or mine),
        "registers": actor.may("movements.consignment.register"),
    }
    return render(request, "movements/consignments.html", context)


@needs("movements.consignment.read")
@require_safe
def consignment(request: HttpRequest, reference: str) -> HttpResponseBase:
    """One consignment: each agency's requirement with its holder, status and due time; inspections; the release."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.consignment(actor, reference)
    offers = CONSIGNMENT.offers(actor, row)
    requirements = row.requirements.select_related("agency").order_by("agency__name", "pk")
    context = {
        "row": row,
        "requirements": [(one, REQUIREMENT.offers(actor, one)) for one in requirements],
        "inspections": [
            (one, INSPECTION.offers(actor, one), files.kept(actor, one)) for one in row.inspections.order_by("at")
        ],
        "analyses": analyses.analyses(actor).filter(consignment=row),
        "waiting": queries.waiting_for(row),
        "first": [one for one in offers if one.tone == "primary"],
        "more": [one for one in offers if one.tone != "primary"],
        "now": times.now(),
        "history": shipments.history(row),
    }
    return render(request, "movements/consignment.html", context)


@needs("movements.consignment.read")
@require_safe
def file(request: HttpRequest, pk: UUID, file: UUID) -> HttpResponseBase:
    """A file of a joint inspection."""
    actor = request.actor  # type: ignore[attr-defined]
    return download(files.one(actor, queries.inspection(actor, pk), file))


@needs("movements.consignment.register")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """Register what arrives; the law is asked, and each missing paper becomes a requirement."""
    actor = request.actor  # type: ignore[attr-defined]
    first = {name: request.GET.get(name, "")[:96] for name in ("movement", "declaration")}
    form = forms.RegisterForm(request.POST if request.method == "POST" else None, actor=actor, initial=first)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = commands.register(
                actor, declaration=said["declaration"], office=said["office"], expected_on=said["expected_on"],
                key=said.get("key") or "", **_about(actor, form),
            )  # fmt: skip
        except Forbidden:
            raise
        except Missing:
            form.add_error("movement", __("There is no such movement here."))
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, __("Registered; the agencies see what is asked of them."))
            return redirect(page_of(made))
    context = {"form": form, "title": _("Register a consignment"), "back": reverse("movements:consignments")}
    return render(request, "parties/form.html", context, status=422 if form.errors else 200)


def _about(actor: Actor, form: Any) -> dict[str, Any]:
    """The movement, or the load and route that were given instead."""
    wanted = form.cleaned_data["movement"].strip()
    if not wanted:
        return {"load": form.load, "route": form.route(actor.state)}
    case, _slash, serial = wanted.rpartition("/")
    if not serial.isdecimal() or len(serial) > 6:
        raise Missing("movement")
    return {"movement_id": shipments.movement(actor, case, int(serial)).pk}


pages = [
    path("consignments/", consignments, name="consignments"),
    path("consignments/new/", new, name="new-consignment"),
    path("consignments/<slug:reference>/", consignment, name="consignment"),
    *CONSIGNMENT.patterns(),
    *REQUIREMENT.patterns(),
    path("inspections/<uuid:pk>/files/<uuid:file>/", file, name="inspection-file"),
    *INSPECTION.patterns(),
]
