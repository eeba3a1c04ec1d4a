"""The pages of movements: the list, one shipment with its acts, its paper, its corrections and breaches."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.movements import alternatives, legs
from tidegate.movements.carriage import held_by, possible, writers
from tidegate.movements.commands import attachments
from tidegate.movements.commands import movements as commands
from tidegate.movements.forms import shipments as forms
from tidegate.movements.forms.files import ShipmentFileForm
from tidegate.movements.models import Correction, Movement, Notification, TakeBack
from tidegate.movements.owning import in_hand
from tidegate.movements.papers import movement_pdf
from tidegate.movements.queries import analyses, cases, files, takeback
from tidegate.movements.queries import shipments as queries
from tidegate.movements.views.acting import Act, Acts, attachment, expected, say
from tidegate.movements.views.analyses import asking
from tidegate.movements.views.attachments import download, file_of
from tidegate.movements.views.paging import Pages
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing, Refused

PER_PAGE = 50
Status = Movement.Status


def page_of(row: Movement) -> str:
    """The address of a shipment's page."""
    return reverse("movements:movement", args=[row.case, row.serial])


def name_of(row: Movement) -> str:
    """A shipment for people: the notification's number and the serial."""
    return f"{row.notification.number or row.case} / {row.serial}"


# ── what may be done ─────────────────────────────────────────────────────────────────────────────────────────


def _writes(actor: Actor, row: Movement, event: str) -> bool:
    return actor.state in writers(row, event)


def _step(event: str, *statuses: str) -> Any:
    """Worth offering where this State writes the event and the life cycle has it from here."""

    def may(actor: Actor, row: Movement) -> bool:
        return _writes(actor, row, event) and (row.status in statuses if statuses else possible(row, event))

    return may


def _writer(event: str, *statuses: str) -> Any:
    """The same for what the notifier writes, or the authority that keyed in what came on paper."""
    step = _step(event, *statuses)

    def may(actor: Actor, row: Movement) -> bool:
        return step(actor, row) and actor.official == bool(row.notification.keyed_by)

    return may


def _holds(actor: Actor, row: Movement) -> bool:
    return any(one["state"] == actor.state and one["how"] == "held" for one in row.holds)


def _under_way(actor: Actor, row: Movement) -> bool:
    return row.departed_at is not None and row.received_at is None and _writes(actor, row, "border_passed")


def _correctable(actor: Actor, row: Movement) -> bool:
    open_one = row.corrections.filter(status=Correction.Status.PROPOSED).exists()
    loaded = row.loaded_kg is not None and _writes(actor, row, "departed")
    received = row.received_kg is not None and _writes(actor, row, "arrived")
    return not open_one and (loaded or received)


def _given(form: Any, *names: str) -> dict[str, Any]:
    return {name: form.cleaned_data[name] for name in names if form.cleaned_data.get(name) not in (None, "")}


def _load(form: Any) -> dict[str, Any]:
    said = form.cleaned_data
    return {
        "planned_on": said["planned_on"],
        "announced_kg": said["announced_kg"],
        "packages": said["packages"],
        "volume_m3": said["volume_m3"] or None,
        "particulars": form.particulars,
    }


ACTS = (
    Act("announce", _("Announce"), "movements.movement.announce",
        lambda a, r, f: commands.announce(a, r.pk, particulars=f.chosen or None, **f.more),
        _writer("announced", Status.DRAFT), forms.AnnounceForm, "send", "primary",
        done=_("Announced, or waiting for quantities."),
        text=_("Every authority on the route is told, and the quantity is reserved at every home.")),
    Act("amend", _("Change"), "movements.movement.amend",
        lambda a, r, f: commands.amend(a, r.pk, **f.more, **_load(f)),
        _writer("amended", Status.DRAFT, Status.ANNOUNCED, Status.HELD), forms.AmendForm, "pencil", done=_("Changed.")),
    Act("depart", _("Record departure"), "movements.movement.depart",
        lambda a, r, f: commands.depart(
            a, r.pk, loaded_kg=f.cleaned_data["loaded_kg"], revision=f.cleaned_data["revision"],
            particulars=f.particulars, **f.once, **_given(f, "at", "packages", "basis", "tare_kg", "moisture_pct")),
        lambda a, r: _writer("departed", Status.ANNOUNCED)(a, r) and legs.may_depart(a, r),
        forms.DepartForm, "truck", "primary", done=_("Departure recorded.")),
    Act("saw_departure", _("It was seen leaving"), "movements.movement.observe",
        lambda a, r, f: commands.saw_departure(
            a, r.pk, loaded_kg=f.cleaned_data["loaded_kg"], particulars=f.particulars, **f.once,
            **_given(f, "at", "packages", "basis", "tare_kg", "moisture_pct")),
        lambda a, r: r.loaded_kg is None and _writes(a, r, "departed"), forms.DepartForm, "eye-search",
        text=_("What was seen is stored in any case; what was not in order opens a breach.")),
    Act("transfer", _("Hand over to another carrier"), "movements.movement.carry",
        lambda a, r, f: commands.transfer(a, r.pk, **f.once, **f.given),
        lambda a, r: _under_way(a, r) and legs.may_transfer(a, r), forms.TransferForm, "users"),
    Act("pass_border", _("Record passage"), "movements.movement.observe",
        lambda a, r, f: commands.pass_border(a, r.pk, **f.once, **f.given), _under_way, forms.PassForm, "flag"),
    Act("consignee_receive", _("Received by the consignee"), "movements.movement.receive",
        lambda a, r, f: commands.consignee_receive(a, r.pk, **f.once, **f.given),
        lambda a, r: r.received_at is None and possible(r, "consignee_received") and alternatives.consigned_apart(r)
        and _writes(a, r, "consignee_received") and not r.custody.filter(kind="consignee").exists(),
        forms.ConsigneeForm, "package",
        text=_("Where the consignee takes it in before the facility does (block 17 of the movement document).")),
    Act("arrive", _("Record arrival"), "movements.movement.receive",
        lambda a, r, f: commands.arrive(a, r.pk, **f.once, **f.given),
        lambda a, r: r.arrived_at is None and _step("arrived")(a, r), forms.ArriveForm, "map-pin", "primary"),
    Act("receive", _("Record receipt"), "movements.movement.receive",
        lambda a, r, f: commands.receive(a, r.pk, **f.once, **f.given),
        lambda a, r: r.received_kg is None and r.arrived_at is not None and _writes(a, r, "received_accepted"),
        forms.ReceiveForm, "scale", "primary",
        text=_("Accepted and rejected add up to what was weighed in. What is rejected opens a take-back case.")),
    Act("complete", _("Record an operation"), "movements.movement.complete",
        lambda a, r, f: commands.complete(a, r.pk, **f.once, **f.given),
        lambda a, r: bool(r.accepted_kg) and r.completed_at is None and _writes(a, r, "completed"),
        forms.CompleteForm, "recycle", "primary"),
    Act("certify", _("Certify recovery or disposal"), "movements.movement.complete",
        lambda a, r, f: commands.certify(a, r.pk, **f.once, **f.given),
        lambda a, r: r.completed_at is not None and r.certified_on is None and _writes(a, r, "certified"),
        forms.CertifyForm, "certificate", "primary"),
    Act("remark", _("Add a remark"), "movements.movement.remark",
        lambda a, r, f: commands.remark(a, r.pk, **f.once, **f.given),
        lambda a, r: possible(r, "remarked"), forms.RemarkForm, "info-circle",
        text=_("Every State on the route gets it, and nobody can change it.")),
    Act("hold", _("Hold"), "movements.movement.hold",
        lambda a, r, f: commands.hold(a, r.pk, **f.once, **f.given),
        lambda a, r: _step("held")(a, r) and not _holds(a, r), forms.StopForm, "hand-stop",
        text=_("Nothing leaves until every State that holds it has let it go.")),
    Act("release", _("End the hold"), "movements.movement.hold",
        lambda a, r, f: commands.release_hold(a, r.pk, **f.once, **f.given), _holds, forms.StopForm, "check"),
    Act("seize", _("Seize"), "movements.movement.hold",
        lambda a, r, f: commands.seize(a, r.pk, **f.once, **f.given), _step("seized"), forms.StopForm, "lock",
        "danger", text=_("Only a return or a disposal ends a seizure.")),
    Act("correct", _("Correct figures"), "movements.movement.correct",
        lambda a, r, f: commands.correct(
            a, r.pk, changes=f.changes, reason=f.cleaned_data["reason"], **f.once),
        _correctable, forms.CorrectForm, "edit", done=_("Proposed; the other States answer."),
        onward=lambda made: page_of(made.movement),
        text=_("Every other State on the route has to agree. What was recorded stays in the journal.")),
    Act("attach", _("Attach a file"), attachments.ON_MOVEMENT,
        lambda a, r, f: attachments.attach_to_movement(a, r.pk, **f.once, **file_of(f)),
        lambda a, r: r.status != Status.CLOSED, ShipmentFileForm, "file-upload", done=_("The file is kept."),
        text=_("The other States on the route get it, too.")),
    asking("movement_id"),
    Act("cancel", _("Give up"), "movements.movement.cancel",
        lambda a, r, f: commands.cancel(
            a, r.pk, reason=f.cleaned_data["reason"], **f.more),
        _writer("cancelled", Status.DRAFT, Status.ANNOUNCING, Status.ANNOUNCED), forms.ReasonForm, "x", "danger",
        text=_("What was reserved is given back; the serial number is never used again.")),
    Act("close", _("Close"), "movements.movement.close",
        lambda a, r, f: commands.close(a, r.pk, **f.more),
        lambda a, r: possible(r, "closed"), icon="checklist"),
)  # fmt: skip

MOVEMENT = Acts(
    "movement",
    "movements/<str:case>/<int:serial>/",
    queries.movement,
    lambda row: {"case": row.case, "serial": row.serial},
    page_of,
    name_of,
    ACTS,
)

CORRECTION = Acts(
    "correction",
    "corrections/<uuid:pk>/",
    lambda actor, pk: queries.correction(actor, pk),
    lambda row: {"pk": row.pk},
    lambda row: page_of(row.movement),
    lambda row: name_of(row.movement),
    (
        Act("answer", _("Answer the correction"), "movements.correction.answer",
            lambda a, r, f: commands.approve_correction(a, r.pk, **f.once, **f.given),
            lambda a, r: r.proposed_by != a.state and a.state not in r.answers, forms.AnswerForm, "gavel", "primary"),
    ),
)  # fmt: skip


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────


@needs("movements.movement.read")
@require_safe
def movements(request: HttpRequest) -> HttpResponseBase:
    """The shipments that the reader's State holds, or that a company takes part in."""
    actor = request.actor  # type: ignore[attr-defined]
    text, status = request.GET.get("q", "")[:200], request.GET.get("status", "")
    flagged = request.GET.get("flagged") == "1"
    rows = queries.find(actor, text=text, status=status, flagged=flagged)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": Pages(rows, PER_PAGE).get_page(request.GET.get("page")),
        "query": f"{query.urlencode()}&" if query else "",
        "text": text,
        "status": status,
        "flagged": flagged,
        "statuses": Status.choices,
        "asked": bool(text or status or flagged),
        "drafts": actor.may("movements.movement.draft") and (not actor.official or _running(actor).exists()),
    }
    return render(request, "movements/movements.html", context)


@needs("movements.movement.read")
@require_safe
def movement(request: HttpRequest, case: str, serial: int) -> HttpResponseBase:
    """One shipment: quantities, draws, journey, operations, breaches, corrections, time limits, acts."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.movement(actor, case, serial)
    view = queries.view(actor, row)
    offers = MOVEMENT.offers(actor, row)
    context = {
        "view": view,
        "row": row,
        "name": name_of(row),
        "first": [one for one in offers if one.tone == "primary"],
        "more": [one for one in offers if one.tone != "primary"],
        "corrections": [(one, CORRECTION.offers(actor, one)) for one in view.corrections],
        "closes": actor.may("movements.breach.close"),
        "held_by": held_by(row),
        "certifies": [kind for kind in ("receipt", "recovery") if _certifies(actor, row, kind)],
        "files": files.kept(actor, row),
        "analyses": analyses.analyses(actor).filter(analyses.of_movement(row)),
        "fetches": actor.may(attachments.KEEP),
        "take_backs": takeback.take_backs(actor).filter(movement=row),
        "opens": _may_open(actor, row),
        "registers": actor.may("movements.consignment.register") and row.status in ("in_transit", "arrived"),
    }  # fmt: skip
    return render(request, "movements/movement.html", context)


def _running(actor: Actor) -> QuerySet[Notification]:
    """The notifications under which the reader may draft a shipment."""
    live = (Notification.Status.ACTIVE, Notification.Status.CONSENTED)
    return in_hand(cases.notifications(actor), actor).filter(status__in=live)


def _may_open(actor: Actor, row: Movement) -> bool:
    """Whether a take-back case of it may be opened here: by another State than that of export, once it has left."""
    elsewhere = actor.state != row.notification.state_export and row.departed_at is not None and not row.take_back
    none_open = not row.take_backs.exclude(status__in=TakeBack.ENDED).exists()
    return elsewhere and none_open and actor.may("movements.take_back.open")


def _certifies(actor: Actor, row: Movement, kind: str) -> bool:
    at = row.received_at if kind == "receipt" else row.completed_at
    own = row.holder_id == row.notification.state_import
    return at is not None and own and actor.may("movements.certificate.issue")


@needs("movements.movement.read")
@require_safe
def by_key(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The page of a shipment whose key is known, as in the journal."""
    return redirect(page_of(queries.by_key(request.actor, pk)))  # type: ignore[attr-defined]


@needs("movements.movement.read")
@require_safe
def paper(request: HttpRequest, case: str, serial: int) -> HttpResponseBase:
    """The movement document as a PDF, as far as this State's copy knows it."""
    row = queries.movement(request.actor, case, serial)  # type: ignore[attr-defined]
    address = request.build_absolute_uri(page_of(row))
    made = movement_pdf(row, request.actor, language=get_language() or "en", url=address)  # type: ignore[attr-defined]
    return attachment(made, f"movement-{row.case}-{row.serial}.pdf", "application/pdf", inline=True)


@needs("movements.movement.read")
@require_safe
def file(request: HttpRequest, case: str, serial: int, pk: UUID) -> HttpResponseBase:
    """A file of the shipment."""
    actor = request.actor  # type: ignore[attr-defined]
    return download(files.one(actor, queries.movement(actor, case, serial), pk))


@needs(attachments.KEEP)
@require_POST
def fetch(request: HttpRequest, case: str, serial: int, pk: UUID) -> HttpResponseBase:
    """Ask the State that a file came from for it once more."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.movement(actor, case, serial)
    try:
        asked = attachments.fetch(actor, files.one(actor, row, pk).pk)
        messages.success(request, __("It is asked for.") if asked else __("The file is here."))
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, expected(refused))
    return redirect(page_of(row))


@needs("movements.movement.draft")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """A new shipment: first under which notification, then what and when."""
    actor = request.actor  # type: ignore[attr-defined]
    wanted = request.GET.get("case", "")[:64]
    running = _running(actor)
    if not wanted:
        return render(request, "movements/new_movement.html", {"running": running.order_by("-created_at")[:100]})
    notification = cases.notification(actor, wanted)
    form = forms.DraftForm(request.POST if request.method == "POST" else None, row=notification, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.draft(actor, notification.pk, key=form.cleaned_data["key"], **_load(form))
        except (Missing, Forbidden):
            raise
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, __("Drafted. Announce it when it is ready."))
            return redirect(page_of(made))
    context = {"form": form, "notification": notification}
    return render(request, "movements/new_movement.html", context, status=422 if form.errors else 200)


pages = [
    path("movements/", movements, name="movements"),
    path("movements/new/", new, name="new-movement"),
    path("movements/by/<uuid:pk>/", by_key, name="movement-by-key"),
    path("movements/<str:case>/<int:serial>/", movement, name="movement"),
    path("movements/<str:case>/<int:serial>/paper.pdf", paper, name="movement-paper"),
    path("movements/<str:case>/<int:serial>/files/<uuid:pk>/", file, name="movement-file"),
    path("movements/<str:case>/<int:serial>/files/<uuid:pk>/fetch/", fetch, name="movement-fetch"),
    *MOVEMENT.patterns(),
    *CORRECTION.patterns(),
]
