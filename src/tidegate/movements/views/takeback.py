"""The pages of take-back cases: the list, one case with its stages, plan, costs and letters, and its acts."""

from __future__ import annotations

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

from tidegate.movements import letters, takebacks
from tidegate.movements.commands import takeback as commands
from tidegate.movements.commands.letters import WRITE, write
from tidegate.movements.forms import takeback as forms
from tidegate.movements.machines import TAKE_BACK as MACHINE
from tidegate.movements.models import Movement, TakeBack
from tidegate.movements.queries import analyses, files, shipments
from tidegate.movements.queries import takeback as queries
from tidegate.movements.views import assignments
from tidegate.movements.views.acting import Act, Acts, attachment, say
from tidegate.movements.views.analyses import asking
from tidegate.movements.views.attachments import download
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing, Refused

PER_PAGE = 50
Status = TakeBack.Status


def page_of(row: TakeBack) -> str:
    """The address of a case's page."""
    return reverse("movements:take-back", args=[row.case])


def _step(event: str, *statuses: str) -> Any:
    """Worth offering where this State writes the event and the life cycle has it from here."""

    def may(actor: Actor, row: TakeBack) -> bool:
        if actor.state not in takebacks.writers(row, event):
            return False
        return row.status in statuses if statuses else (row.status, event) in MACHINE.table

    return may


def _signs(actor: Actor, row: TakeBack) -> bool:
    asked = bool(row.plan) and actor.state in takebacks.signers(row)
    return asked and actor.state not in row.plan_signed and _step("plan_signed")(actor, row)


def _consents(actor: Actor, row: TakeBack) -> bool:
    planned = row.status in (Status.PLANNED, Status.CONSENTS_OK)
    return planned and actor.state in takebacks.consents_needed(row)


def _disposes(actor: Actor, row: TakeBack) -> bool:
    elsewhere = row.plan.get("how") == "dispose" and row.status in (Status.PLANNED, Status.CONSENTS_OK)
    back = row.status == Status.RETURNED
    return (elsewhere or back) and actor.state in takebacks.writers(row, "finally_disposed")


def _open_costs(actor: Actor, row: TakeBack) -> bool:
    return row.costs.filter(status="open", reference__startswith=f"{actor.state}-").exists()


def _load(row: TakeBack) -> list[tuple[Any, Any]]:
    """What is known of a load that no notification names, under the names of the form in which it was said."""
    fields = forms.FoundForm.base_fields
    return [
        (fields[name].label, value.get("name", "") if isinstance(value, dict) else value)
        for name, value in row.load.items()
        if name in fields
    ]


def _plan(form: Any) -> dict[str, Any]:
    said = form.given
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in said.items()}


def _evidence(actor: Actor, row: TakeBack, form: Any) -> Any:
    file = form.cleaned_data["file"]
    return commands.add_evidence(
        actor, row.pk, name=file.name, media_type=file.content_type or "", data=file.read()
    )  # fmt: skip


ACTS = (
    Act("classify", _("Classify"), "movements.take_back.classify",
        lambda a, r, f: commands.classify(
            a, str(r.pk), basis=f.cleaned_data["basis"], grounds=f.cleaned_data["grounds"],
            reason=f.cleaned_data["reason"], finding=f.cleaned_data["finding"], **f.more),
        _step("classified", "opened", "classified", "notified", "acknowledged", "disputed"), forms.ClassifyForm,
        "gavel", "primary",
        text=_("The finding decides which time limit runs, and for whom.")),
    Act("inform", _("Inform the State of export"), "movements.take_back.inform",
        lambda a, r, f: commands.inform(a, r.pk, **f.more), _step("notified"), icon="send", tone="primary",
        text=_("The formal information, with the evidence. The time limit starts with it.")),
    Act("acknowledge", _("Acknowledge"), "movements.take_back.answer",
        lambda a, r, f: commands.acknowledge(a, r.pk, **f.more), _step("acknowledged"), icon="check"),
    Act("accept", _("Accept"), "movements.take_back.answer",
        lambda a, r, f: commands.accept(a, r.pk, reason=f.cleaned_data["reason"], **f.more), _step("accepted"),
        forms.MaybeReasonForm, "check", "primary", text=_("The finding is accepted; a plan follows.")),
    Act("dispute", _("Dispute"), "movements.take_back.answer",
        lambda a, r, f: commands.dispute(a, r.pk, reason=f.cleaned_data["reason"], **f.more), _step("disputed"),
        forms.ReasonForm, "x", "danger", text=_("The time limit goes on: the Convention knows no pause.")),
    Act("plan", _("Propose a plan"), "movements.take_back.plan",
        lambda a, r, f: commands.plan(a, r.pk, **_plan(f), **f.more), _step("plan_proposed"), forms.PlanForm,
        "route", "primary", text=_("Every State signs it; a new plan is signed anew.")),
    Act("agree", _("Sign the plan"), "movements.take_back.agree",
        lambda a, r, f: commands.agree_plan(a, str(r.pk), number=f.cleaned_data["number"], **f.more), _signs,
        forms.SignForm, "pencil", "primary"),
    Act("consent", _("Answer the return"), "movements.take_back.consent",
        lambda a, r, f: commands.consent_return(a, str(r.pk), **f.given, **f.more), _consents, forms.ConsentForm,
        "checklist", "primary"),
    Act("start_return", _("Start the return"), "movements.take_back.start_return",
        lambda a, r, f: commands.start_return(
            a, r.pk, kg=f.cleaned_data["kg"], planned_on=f.cleaned_data["planned_on"],
            receiver=f.cleaned_data["receiver"], particulars=f.particulars, **f.more),
        _step("returning", Status.CONSENTS_OK, Status.RETURNING, Status.RETURNED), forms.ReturnForm, "truck",
        "primary", text=_("A return movement is announced to all; it draws on no quantity.")),
    Act("home", _("It is back"), "movements.take_back.return",
        lambda a, r, f: commands.arrived_home(a, r.pk, **f.once, **f.given), _step("returned"), forms.HomeForm,
        "map-pin", "primary"),
    Act("dispose", _("Record its disposal"), "movements.take_back.return",
        lambda a, r, f: commands.dispose(a, r.pk, **f.once, **f.given), _disposes, forms.DisposeForm, "recycle"),
    Act("evidence", _("Add evidence"), "movements.take_back.evidence", _evidence,
        lambda a, r: r.status not in TakeBack.ENDED and a.state == r.opener, forms.EvidenceForm, "file-upload"),
    asking("take_back_id"),
    Act("cost", _("Record a cost"), "movements.take_back.cost",
        lambda a, r, f: commands.cost(a, r.pk, **f.once, **f.given), _step("cost_added"), forms.CostForm, "plus"),
    Act("settle", _("Settle a cost"), "movements.take_back.cost",
        lambda a, r, f: commands.settle_cost(a, r.pk, **f.once, **f.given), _open_costs, forms.SettleForm,
        "check"),
    Act("refer", _("Refer"), "movements.take_back.refer",
        lambda a, r, f: commands.refer(a, r.pk, **f.once, **f.given), _step("referred"), forms.ReferForm, "flag"),
    Act("close", _("Close the case"), "movements.take_back.close",
        lambda a, r, f: commands.close(
            a, str(r.pk), how=f.cleaned_data["how"], reason=f.cleaned_data["reason"], **f.more),
        _step("closed"), forms.CloseForm, "checklist"),
)  # fmt: skip

TAKE_BACK = Acts(
    "take-back", "take-back/<slug:case>/", queries.take_back, lambda row: {"case": row.case}, page_of,
    lambda row: row.case, ACTS,
)  # fmt: skip


@needs("movements.take_back.read")
@require_safe
def take_backs(request: HttpRequest) -> HttpResponseBase:
    """The take-back cases that the reader's State takes part in."""
    actor = request.actor  # type: ignore[attr-defined]
    text, status = request.GET.get("q", "")[:200], request.GET.get("status", "")
    ended = request.GET.get("ended") == "1"
    rows = queries.find(actor, text=text, status=status, ended=ended or bool(status))
    query = request.GET.copy()
    query.pop("page", None)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(row, takebacks.running(row)) for row in page.object_list],
        "query": f"{query.urlencode()}&" if query else "",
        "text": text,
        "status": status,
        "ended": ended,
        "statuses": Status.choices,
        "asked": bool(text or status),
        "opens": actor.may("movements.take_back.open"),
    }
    return render(request, "movements/take_backs.html", context)


@needs("movements.take_back.read")
@require_safe
def take_back(request: HttpRequest, case: str) -> HttpResponseBase:
    """One case: where it stands, its time limit and why, custody, plan and signatures, consents, costs, letters."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.take_back(actor, case)
    offers = TAKE_BACK.offers(actor, row)
    context = {
        "row": row,
        "view": queries.view(actor, row),
        "panel": assignments.panel(actor, row.case),
        "analyses": analyses.analyses(actor).filter(take_back=row),
        "first": [one for one in offers if one.tone == "primary"],
        "more": [one for one in offers if one.tone != "primary"],
        "grounds": [commands.GROUNDS[letter] for letter in row.grounds if letter in commands.GROUNDS],
        "load": _load(row),
        "costs": forms.COST_NAMES,
        "settled": forms.SETTLED_NAMES,
        "hows": dict(forms.HOW_PLANNED),
        "referred": [
            (one, forms.REFERRED_NAMES.get(one["to"], one["to"])) for one in row.referred if actor.official
        ],
        "templates": letters.offered(row) if actor.may(WRITE) else [],
    }  # fmt: skip
    return render(request, "movements/take_back.html", context)


@needs("movements.take_back.open")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """Open a case: of a movement (`?movement=`), or of a load that no notification names."""
    actor = request.actor  # type: ignore[attr-defined]
    movement: Movement | None = None
    if wanted := request.GET.get("movement", ""):
        try:
            movement = shipments.by_key(actor, UUID(wanted))
        except ValueError:
            raise Http404 from None
    kind = forms.OpenForm if movement is not None else forms.FoundForm
    first: dict[str, Any] = {}
    if movement is not None:
        kg = movement.received_kg or movement.loaded_kg or movement.announced_kg
        first = {"containers": movement.particulars.get("containers"), "custody_kg": kg}
    form = kind(request.POST if request.method == "POST" else None, actor=actor, initial=first)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        given = {name: said[name] for name in ("finding", "custody_place", "custody_kg", "containers", "detected_at")}
        if isinstance(form, forms.FoundForm):
            given |= {"state_export": said["state_export"], "transit": said["transit"], "load": form.load}
        try:
            made = commands.open(actor, movement.pk if movement else None, key=form.cleaned_data["key"], **given)
        except (Missing, Forbidden):
            raise
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, __("The case is open, and every State concerned was told."))
            return redirect(page_of(made))
    context = {"form": form, "movement": movement}
    return render(request, "movements/new_take_back.html", context, status=422 if form.errors else 200)


@needs("movements.take_back.read")
@require_safe
def by_key(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The page of a case whose key is known, as in the journal."""
    return redirect(page_of(queries.take_back_by_key(request.actor, pk)))  # type: ignore[attr-defined]


@needs("movements.take_back.read")
@require_safe
def file(request: HttpRequest, case: str, pk: UUID) -> HttpResponseBase:
    """A file of the case, or a letter as it was written."""
    actor = request.actor  # type: ignore[attr-defined]
    return download(files.one(actor, queries.take_back(actor, case), pk))


@needs(WRITE)
@require_http_methods(["GET", "HEAD", "POST"])
def letter(request: HttpRequest, case: str, template: str) -> HttpResponseBase:
    """A standard letter with what the case knows now, for a look (text, or `?as=pdf`), or to be kept with the case."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.take_back(actor, case)
    if template not in letters.templates():
        raise Http404
    if request.method == "POST":
        write(actor, row.pk, template=template)
        messages.success(request, __("The letter is kept with the case."))
        return redirect(page_of(row))
    composed = letters.compose(row, template, to=row.state_export)
    if request.GET.get("as") == "pdf":
        paper = composed.paper(language=get_language() or "en")
        return attachment(paper, f"{template}-{row.case}.pdf", "application/pdf", inline=True)
    return render(request, "movements/letter.html", {"row": row, "letter": composed, "text": composed.text()})


pages = [
    path("take-back/", take_backs, name="take-backs"),
    path("take-back/new/", new, name="new-take-back"),
    path("take-back/by/<uuid:pk>/", by_key, name="take-back-by-key"),
    path("take-back/<slug:case>/", take_back, name="take-back"),
    path("take-back/<slug:case>/files/<uuid:pk>/", file, name="take-back-file"),
    path("take-back/<slug:case>/letters/<slug:template>/", letter, name="take-back-letter"),
    *TAKE_BACK.patterns(),
]
