"""The pages of green-listed shipments: the form, one shipment with its paper and acts, lists with row errors."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tidegate.movements import green, green_control, green_files, green_notice, guard
from tidegate.movements.calendars import today
from tidegate.movements.commands import green as commands
from tidegate.movements.commands import green_control as control
from tidegate.movements.forms import green as forms
from tidegate.movements.machines import GREEN_SHIPMENT as MACHINE
from tidegate.movements.models import GreenShipment
from tidegate.movements.papers_green import green_pdf
from tidegate.movements.queries import green as queries
from tidegate.movements.queries import screens, shipments
from tidegate.movements.views.acting import Act, Acts, attachment, say
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Conflict, Forbidden, Missing, Refused
from tidegate.parties.ids import uuid7
from tidegate.parties.models import State

PER_PAGE = 50
Status = GreenShipment.Status


def page_of(row: GreenShipment) -> str:
    """The address of a shipment's page."""
    return reverse("movements:green-shipment", args=[row.case])


def _step(event: str, *, there: bool) -> Any:
    """Worth offering where this State writes the fact, and the life cycle goes on with it from here."""

    def may(actor: Actor, row: GreenShipment) -> bool:
        place = row.writer
        if there and State.objects.filter(pk=row.state_import).exists():
            place = row.state_import
        step = MACHINE.table.get((row.status, event))
        stopped = (event == "departed" and row.law == GreenShipment.Law.BARRED) or (
            event in ("departed", "recovered") and bool(row.holds)
        )
        return actor.state == place and step is not None and step.target == step.event and not stopped

    return may


def _here(actor: Actor, row: GreenShipment) -> bool:
    return actor.state in green_control.route(row)


def _holds(actor: Actor, row: GreenShipment) -> bool:
    return green_control.hold_of(row, actor.state) is not None


def _at(form: Any) -> dict[str, Any]:
    at = form.cleaned_data.get("at")
    return {"at": at.isoformat() if at else None, **form.more}


def _at_office(form: Any) -> dict[str, Any]:
    at = form.cleaned_data.get("at")
    return {"office": form.cleaned_data["office"], "at": at.isoformat() if at else None, **form.once}


GREEN = Acts(
    "green", "shipments/green/<slug:case>/", lambda actor, case: queries.shipment(actor, case),
    lambda row: {"case": row.case}, page_of, lambda row: row.reference,
    (
        Act("depart", _("Report the departure"), commands.ENTER,
            lambda a, r, f: commands.depart(a, r.pk, loaded_kg=f.cleaned_data["loaded_kg"], **_at(f)),
            _step("departed", there=False), forms.DepartForm, "truck", "primary", done=_("It is under way."),
            text=_("The law is asked once more, for the day of departure.")),
        Act("cancel", _("Cancel"), commands.ENTER,
            lambda a, r, f: commands.cancel(a, r.pk, reason=f.cleaned_data["reason"], **f.more),
            _step("cancelled", there=False), forms.CancelForm, "ban", "danger", done=_("Cancelled.")),
        Act("receive", _("Confirm the receipt"), commands.RECEIVE,
            lambda a, r, f: commands.receive(
                a, r.pk, received_kg=f.cleaned_data["received_kg"], rejected_kg=f.cleaned_data["rejected_kg"],
                reason=f.cleaned_data["reason"], **_at(f)),
            _step("received", there=True), forms.ReceiveForm, "package", "primary", done=_("Receipt confirmed.")),
        Act("recover", _("Confirm the recovery"), commands.RECEIVE,
            lambda a, r, f: commands.recover(a, r.pk, operation=f.cleaned_data["operation"], **_at(f)),
            _step("recovered", there=True), forms.RecoverForm, "recycle", "primary", done=_("Recovery confirmed.")),
        Act("pass_border", _("Record passage"), control.OBSERVE,
            lambda a, r, f: control.pass_border(
                a, r.pk, kind=f.cleaned_data["kind"], note=f.cleaned_data["note"], **_at_office(f)),
            lambda a, r: _here(a, r) and r.status in (Status.ENTERED, Status.DEPARTED), forms.PassForm, "flag",
            done=_("Recorded; the other States are told.")),
        Act("hold", _("Hold"), control.HOLD,
            lambda a, r, f: control.hold(a, r.pk, reason=f.cleaned_data["reason"], **_at_office(f)),
            lambda a, r: _here(a, r) and r.status in green_control.HOLDABLE and not _holds(a, r), forms.HoldForm,
            "hand-stop", done=_("Held; the other States are told."),
            text=_("It is not reported as departed or recovered until every State that holds it has let it go.")),
        Act("release", _("End the hold"), control.HOLD,
            lambda a, r, f: control.release_hold(a, r.pk, reason=f.cleaned_data["reason"], **_at_office(f)),
            _holds, forms.HoldForm, "check", done=_("The hold of this State has ended.")),
    ),
)  # fmt: skip


@needs(queries.READ)
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """The shipments that the reader sees."""
    actor = request.actor  # type: ignore[attr-defined]
    text, status, law, mark = (request.GET.get(name, "")[:200] for name in ("q", "status", "law", "mark"))
    rows = queries.find(actor, text=text, status=status, law=law, mark=mark)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "query": f"{query.urlencode()}&" if query else "",
        "text": text,
        "status": status,
        "law": law,
        "mark": mark,
        "marks": queries.MARKS.items(),
        "statuses": Status.choices,
        "laws": GreenShipment.Law.choices,
        "asked": bool(text or status or law or mark),
        "enters": actor.may(commands.ENTER),
    }
    return render(request, "movements/green_index.html", context)


# ── the form ─────────────────────────────────────────────────────────────────────────────────────────────────


@needs(commands.ENTER)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """A new shipment."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return _form(request, actor, None)


@needs(commands.ENTER)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, case: str) -> HttpResponseBase:
    """Another content for a shipment that has not left."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = queries.shipment(actor, case)
    if row.status != Status.ENTERED or row.holder_id != row.writer:
        messages.info(request, __("It has left or is over: its form stays."))
        return redirect(page_of(row))
    return _form(request, actor, row)


def _form(request: HttpRequest, actor: Actor, row: GreenShipment | None) -> HttpResponseBase:
    """The form: asked of the law (`ask`), given another row (`add`), or kept."""
    given = forms.started(row.content) if row is not None else _start(actor)
    context: dict[str, Any] = {"row": row, "key": str(uuid7()), "revision": row.revision if row is not None else ""}
    if request.method != "POST":
        made = forms.GreenForm(given)
        if row is not None:
            context["screen"] = screens.arranged(row.screen, guard.book())
        return render(request, "movements/green_form.html", {**context, "step": made})
    made = forms.GreenForm(given, request.POST)
    said = made.content()
    context |= {"key": request.POST.get("key", "")[:64], "revision": request.POST.get("revision", "")[:12]}
    status = 200
    if "add" not in request.POST:
        asking = "ask" in request.POST
        context["screen"] = _law(said)
        if asking and not made.wrong:
            # What the law asks next may be another question now: its fields are drawn anew.
            made = forms.GreenForm(said, asked=context["screen"].questions)
        elif not asking:
            status, kept = _keep(actor, row, made, said, context)
            if kept is not None:
                words = {
                    "green": __("Entered: it may move as green-listed."),
                    "open": __("Entered. Whether it may move as green-listed is not settled yet: see the questions."),
                    "barred": __("Entered, and flagged: the law does not let it move as green-listed."),
                }
                level = messages.success if kept.law == "green" else messages.warning
                level(request, words[kept.law])
                if late := green_notice.why_late(kept.notice, kept.late_notice):
                    messages.warning(request, late)
                return redirect(page_of(kept))
    return render(request, "movements/green_form.html", {**context, "step": made}, status=status)


def _keep(
    actor: Actor, row: GreenShipment | None, made: forms.GreenForm, said: Mapping[str, Any], context: dict[str, Any]
) -> tuple[int, GreenShipment | None]:
    """Enter or change it; everything that is wrong is put at its field, and what has none above the form."""
    above: list[str] = []
    context["above"] = above
    if made.wrong:
        return 422, None
    try:
        content = green.read(said)
        for field, _value, expected in green.problems(content, guard.book()):
            text = __("Expected: %(expected)s.") % {"expected": expected}
            if not made.refused(field, text):
                above.append(f"{field}: {text}")
        if made.wrong or above:
            return 422, None
        if row is None:
            return 200, commands.enter(actor, content=said, key=context["key"])
        number = context["revision"]
        return 200, commands.amend(
            actor, row.pk, revision=int(number) if number.isdecimal() else -1, content=said, key=context["key"]
        )
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        text = str(refused.text)
        if refused.expected not in (None, ""):
            text = __("%(text)s Expected: %(expected)s.") % {"text": text, "expected": refused.expected}
        if not made.refused(refused.field, text):
            above.append(text)
        return 409 if isinstance(refused, Conflict) else 422, None


def _start(actor: Actor) -> dict[str, Any]:
    """What is known before anything is typed: who arranges it, and from where."""
    body = actor.organisation
    if body is None:
        return {}
    party = {name: getattr(body, name, "") or "" for name in ("registration", "name", "address", "email")}
    return {"arranger": party, "state_export": actor.state}


def _law(said: Mapping[str, Any]) -> screens.Screen:
    """What the law says of a form as far as it is filled in."""
    try:
        content = green.read(said)
        if not (content.state_export and content.state_import):
            return screens.Screen(error=__("The law can be asked once both States are named."), about="route")
        day = content.planned_on or today(content.state_export)
        return screens.arranged(green.screen(content, day, guard.book()), guard.book())
    except Refused as refused:
        text = __("%(text)s Field %(field)s: %(expected)s.") % {
            "text": refused.text, "field": refused.field, "expected": refused.expected,
        }  # fmt: skip
        return screens.Screen(error=text, about="load")


# ── one shipment ─────────────────────────────────────────────────────────────────────────────────────────────


@needs(queries.READ)
@require_safe
def show(request: HttpRequest, case: str) -> HttpResponseBase:
    """One shipment: what the law says, its form, where it stands, its history, and what may be done."""
    actor = request.actor  # type: ignore[attr-defined]
    row = queries.shipment(actor, case)
    offers = GREEN.offers(actor, row)
    content = green.read(row.content)
    context = {
        "row": row,
        "content": content,
        "screen": screens.arranged(row.screen, guard.book()),
        "against": green.against(row),
        "operation": row.content.get("operation"),
        "parties": _parties(content),
        "codes": [(label, ", ".join(getattr(content.codes, name))) for name, label in CODES.items()
                  if getattr(content.codes, name)],
        "first": [one for one in offers if one.tone == "primary"],
        "more": [one for one in offers if one.tone != "primary"],
        "edits": row.status == Status.ENTERED and row.holder_id == row.writer and actor.may(commands.ENTER),
        "breaches": shipments.breaches(row, official=actor.official),
        "closes": actor.may("movements.breach.close"),
        "history": shipments.history(row),
        "opens": actor.may("movements.take_back.open"),
        "due": green_notice.due_of(row),
        "holds": [(one, datetime.fromisoformat(one["at"])) for one in row.holds],
        "passages": [(one, green_control.PASSAGES.get(one["kind"], one["kind"]), datetime.fromisoformat(one["at"]))
                     for one in row.passages],
    }  # fmt: skip
    return render(request, "movements/green.html", context)


CODES: Mapping[str, Any] = {
    "basel": _("Basel"), "oecd": _("OECD"), "annex_iiia": _("Annex IIIA"), "annex_iiib": _("Annex IIIB"),
    "ec_list": _("EC list"), "national": _("National code"), "hs": _("HS code"),
}  # fmt: skip


def _parties(content: green.Content) -> list[tuple[Any, Any]]:
    named = [
        (_("Person who arranges it"), content.arranger), (_("Importer"), content.importer),
        *((_("Carrier"), one) for one in content.carriers), (_("Generator"), content.generator),
        (_("Facility"), content.facility),
    ]  # fmt: skip
    return [(label, one) for label, one in named if one.name]


@needs(queries.READ)
@require_safe
def by_key(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The page of a shipment whose key is known, as in the journal."""
    return redirect(page_of(queries.shipment(request.actor, pk)))  # type: ignore[attr-defined]


@needs(queries.READ)
@require_safe
def paper(request: HttpRequest, case: str) -> HttpResponseBase:
    """The information form as a PDF, as far as this State's copy knows it."""
    row = queries.shipment(request.actor, case)  # type: ignore[attr-defined]
    address = request.build_absolute_uri(page_of(row))
    made = green_pdf(row, language=get_language() or "en", url=address)
    return attachment(made, f"green-{row.case}.pdf", "application/pdf", inline=True)


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────


@needs(queries.READ)
@require_http_methods(["GET", "POST"])
def lists(request: HttpRequest) -> HttpResponseBase:
    """Take a list in, and the lists that were taken in."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    enters = actor.may(commands.ENTER)
    if request.method == "POST" and not enters:
        raise Forbidden(commands.ENTER)
    form = forms.ListForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > green_files.MAX_BYTES:
                raise Refused("file", _("The file is empty or too large."), field="file", value=file.size,
                              expected=f"≤ {green_files.MAX_BYTES}")  # fmt: skip
            data = base64.b64encode(file.read()).decode()
            made = commands.upload(actor, name=file.name, data=data)
        except (Missing, Forbidden):
            raise
        except Refused as refused:
            say(form, refused)
        else:
            return redirect("movements:green-list", pk=made.pk)
    context = {
        "form": form,
        "enters": enters,
        "page": Paginator(queries.uploads(actor), PER_PAGE).get_page(request.GET.get("page")),
        "columns": green_files.COLUMNS,
        "needed": green_files.NEEDED,
    }
    return render(request, "movements/green_lists.html", context, status=422 if form.is_bound and form.errors else 200)


@needs(queries.READ)
@require_safe
def one_list(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """What became of a list: its counts, its shipments, and what was wrong, row by row."""
    actor = request.actor  # type: ignore[attr-defined]
    made = queries.upload(actor, pk)
    taken = queries.shipments(actor).filter(upload=made)
    context = {
        "made": made,
        "flagged": taken.exclude(law=GreenShipment.Law.GREEN).count(),
        "late": taken.filter(late_notice=True).count(),
        "page": Paginator(taken.order_by("created_at"), PER_PAGE).get_page(request.GET.get("page")),
        "rejects": made.rejects[:200],
        "more_rejects": max(0, len(made.rejects) - 200),
    }
    return render(request, "movements/green_list.html", context)


@needs(queries.READ)
@require_safe
def rejects(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """What was wrong in a list, as CSV."""
    made = queries.upload(request.actor, pk)  # type: ignore[attr-defined]
    return attachment(green_files.rejects(made.rejects), f"rejected-{made.pk}.csv", "text/csv; charset=utf-8")


@needs(queries.READ)
@require_safe
def template(request: HttpRequest) -> HttpResponseBase:
    """The list to fill in: its columns, and one row that shows how."""
    return attachment(green_files.template(), "green-listed-shipments.csv", "text/csv; charset=utf-8")


pages = [
    path("shipments/green/", index, name="green"),
    path("shipments/green/new/", new, name="new-green"),
    path("shipments/green/lists/", lists, name="green-lists"),
    path("shipments/green/lists/template.csv", template, name="green-template"),
    path("shipments/green/lists/<uuid:pk>/", one_list, name="green-list"),
    path("shipments/green/lists/<uuid:pk>/rejected.csv", rejects, name="green-rejects"),
    path("shipments/green/by/<uuid:pk>/", by_key, name="green-by-key"),
    path("shipments/green/<slug:case>/", show, name="green-shipment"),
    path("shipments/green/<slug:case>/edit/", edit, name="edit-green"),
    path("shipments/green/<slug:case>/form.pdf", paper, name="green-paper"),
    *GREEN.patterns(),
]
