"""Notifications: the list, a new one, the case page, papers, differences, and the acts of its way."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.movements import blocks, breaches, conditions, confidential, evidence, fees, guard, languages, preconsent
from tidegate.movements.calendars import today
from tidegate.movements.commands import attachments, filters, keeping, paper
from tidegate.movements.commands import confidential as confiding
from tidegate.movements.commands import notifications as commands
from tidegate.movements.forms import acts as forms
from tidegate.movements.forms.decision import ground_label
from tidegate.movements.models import (
    Amendment,
    Attachment,
    Breach,
    Consent,
    Contract,
    Erasure,
    FieldRelease,
    Guarantee,
    InfoRequest,
    LegalHold,
    Notification,
    RouteStop,
)
from tidegate.movements.papers import LABELS, block_lines, in_words, notification_pdf
from tidegate.movements.queries import cases, overview, screens
from tidegate.movements.queries import fees as fee_queries
from tidegate.movements.views import assignments, consents
from tidegate.movements.views.acting import Act, Acts, Offer, attempt
from tidegate.movements.views.attachments import uploaded
from tidegate.movements.views.consents import can
from tidegate.movements.views.paging import Pages
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.ids import uuid7
from tidegate.parties.scope import held, visible

PER_PAGE = 30
READ = cases.READ
DRAFT = "movements.notification.draft"


def page_of(row: Notification) -> str:
    """The address of a case's page."""
    return reverse("movements:case", args=[row.case])


# ── the list ─────────────────────────────────────────────────────────────────────────────────────────────────


@needs(READ)
@require_safe
def index(request: HttpRequest) -> HttpResponseBase:
    """The notifications that the reader sees, with filters; filters can be kept under a name."""
    actor = request.actor  # type: ignore[attr-defined]
    asked = {name: request.GET.get(name, "")[:200] for name in ("q", "status", "state", "due")}
    rows = overview.listed(actor, text=asked["q"], status=asked["status"], state=asked["state"], due=asked["due"])
    query = request.GET.copy()
    query.pop("page", None)
    groups = [
        ("draft", __("Drafts")), ("open", __("Under way")), ("running", __("Consented")), ("ended", __("Ended")),
    ]  # fmt: skip
    context = {
        "page": Pages(rows, PER_PAGE).get_page(request.GET.get("page")),
        "query": f"{query.urlencode()}&" if query else "",
        "asked": asked,
        "is_asked": any(asked.values()),
        "groups": groups,
        "statuses": Notification.Status.choices,
        "states": _states_of(actor),
        "filters": overview.saved(actor, "notifications"),
        "kept_query": query.urlencode(),
        "may_draft": actor.may(DRAFT) and not actor.official,
        "may_key_in": actor.may(paper.KEY_IN),
    }
    return render(request, "movements/notifications.html", context)


def _states_of(actor: Actor) -> list[str]:
    """The States on the routes of what the reader sees."""
    """The States on the routes of the latest thousand."""
    latest = cases.notifications(actor).order_by("-updated_at", "-pk").values("pk")[:1000]
    stops = RouteStop.objects.filter(notification__in=latest).order_by("state")
    return list(stops.values_list("state", flat=True).distinct())


@needs(filters.KEEP)
@require_POST
def keep_filter(request: HttpRequest) -> HttpResponseBase:
    """Keep the present filter of a list under a name, or drop one."""
    actor = request.actor  # type: ignore[attr-defined]
    desk = "desk" if request.POST.get("desk") == "desk" else "notifications"
    name, query = request.POST.get("name", "").strip()[:120], request.POST.get("query", "")[:500]
    where = "movements:desk" if desk == "desk" else "movements:notifications"
    if request.POST.get("drop"):
        filters.drop(actor, desk=desk, name=name)
        messages.success(request, __("The filter is dropped."))
        return redirect(where)
    if not name:
        messages.error(request, __("Give the filter a name."))
    else:
        filters.keep(actor, desk=desk, name=name, query=query)
        messages.success(request, __("The filter is kept."))
    response = redirect(where)
    if query:
        response["Location"] += f"?{query}"
    return response


# ── a new one ────────────────────────────────────────────────────────────────────────────────────────────────


@needs(DRAFT)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponseBase:
    """Begin a draft: blank, from a template, as a copy of a notification, or in the place of one that ends."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.official:
        return redirect("movements:on-paper")
    if request.method == "POST":
        how, source = request.POST.get("how", "blank"), request.POST.get("source", "")
        key = request.POST.get("key", "")[:64]
        version = request.POST.get("form_version", "")
        if how == "clone":
            made = commands.clone(actor, cases.notification(actor, source).pk, key=key)
        elif how == "renew":
            made = commands.renew(actor, cases.notification(actor, source).pk, key=key)
        else:
            if version not in blocks.FORMS:
                version = blocks.FORM_2006
            template = source or None if how == "template" else None
            made = commands.create(actor, template=template, form_version=version, key=key)
        messages.success(request, __("The draft is made. It is kept as you go on."))
        return redirect("movements:edit", case=made.case, step="parties")
    rows = cases.notifications(actor).exclude(status="draft").order_by("-updated_at")
    context = {
        "templates": list(cases.templates(actor)),
        "versions": blocks.FORMS.items(),
        "sources": list(rows[:100]),
        "renewable": [row for row in rows[:100] if row.holder_id == row.home and row.status != "withdrawn"],
        "key": str(uuid7()),
        "source": request.GET.get("from", ""),
        "how": request.GET.get("how", "blank"),
    }
    return render(request, "movements/new.html", context)


@needs(paper.KEY_IN)
@require_http_methods(["GET", "POST"])
def on_paper(request: HttpRequest) -> HttpResponseBase:
    """Begin the record of a notification that came on paper from a State outside the exchange."""
    actor = request.actor  # type: ignore[attr-defined]
    form = forms.KeyIn(request.POST if request.method == "POST" else None, row=None, actor=actor)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            tried = attempt(form, None, lambda: paper.key_in(actor, **form.given, **form.once))
            if tried.ok:
                messages.success(request, __("The draft is made. It is kept as you go on."))
                return redirect("movements:edit", case=tried.result.case, step="parties")
    return render(request, "movements/on_paper.html", {"form": form}, status=status)


# ── the case ─────────────────────────────────────────────────────────────────────────────────────────────────

# What is offered first where several acts are possible.
FIRST = ("transmit", "acknowledge", "decide", "confirm-contract", "approve-guarantee", "lift")


@needs(READ)
@require_safe
def case(request: HttpRequest, case: str) -> HttpResponseBase:
    """All that this State's copy holds of a notification, and what the reader may do now."""
    actor = request.actor  # type: ignore[attr-defined]
    found = cases.case(actor, case)
    row = found.notification
    if str(row.case) != case:  # by key or number: there is one address for a case
        return redirect("movements:case", case=row.case)
    return render(request, "movements/case.html", {**case_context(actor, found), "may": found.may})


def case_context(actor: Actor, found: cases.CaseView) -> dict[str, Any]:
    """What the templates of the case page show."""
    row = found.notification
    layout = blocks.LAYOUTS[row.form_version]
    supersedes = None
    if row.supersedes:
        supersedes = cases.notifications(actor).filter(case=row.supersedes).first()
    return {
        "v": found,
        "n": row,
        "offered": offered(actor, found),
        "confidential": [confidential.label(name) for name in found.confidential],
        "kept_from": [confidential.label(name) for name in found.kept_from],
        "releases": [(confidential.label(one.field), one) for one in found.releases],
        "may_release": actor.may(confidential.KEEP) and confidential.keeps(actor, row),
        "fees": fee_queries.fees(actor).filter(notification=row),
        "expected": fees.expected(row) if row.status == "draft" else [],
        "binding": languages.binding(found.content.language, found.content.second_language),
        "sections": summary(found.content, row.form_version),
        "layout": layout,
        "stops": _stops(found),
        "screen": screens.live(row) if row.transmitted_at is None and not row.ended_as else screens.kept(row),
        "preconsent": preconsent.judge(actor, row),
        "bar": overview.bar(found.account),
        "outlook": overview.outlook(row, found.account),
        "movements": overview.movements(actor, row),
        "files": overview.files(actor, row),
        "moments": cases.timeline(actor, row, limit=200),
        "supersedes": supersedes,
        "successors": list(cases.notifications(actor).filter(supersedes=row.case)),
        "languages": settings.LANGUAGES,
        "forms": blocks.FORMS.items(),
        "own_state": actor.state,
        "is_copy": row.holder_id != row.home,
        "missing": _missing(row),
        "open_on_paper": [field_label(one.field) for one in paper.left_open(row)] if row.keyed_by else [],
        "panel": assignments.panel(actor, row.case),
        "came_on_paper": _paper_of(row) if row.keyed_by else None,
        "amendments": [
            {"made": made, "answers": answers, "lines": amended(actor, row, made)} for made, answers in found.amendments
        ],
        "open_amendment": next((made for made, _answers in found.amendments if made.status == "proposed"), None),
        "may_close_breach": actor.may("movements.breach.close"),
        "legal_hold": visible(LegalHold.objects.filter(case=row.case, lifted_at=None), actor, keeping.READ).first(),
        "erasure": Erasure.objects.filter(holder=row.holder_id, case=row.case).first(),
        "may_attach": actor.may(attachments.KEEP) and not row.ended_as,
        "file_kinds": evidence.NOTIFIED.items(),
    }


def _missing(row: Notification) -> list[blocks.Problem]:
    if row.status != "draft":
        return []
    return paper.wrong(row) if row.keyed_by else blocks.problems(row, guard.book())


def _paper_of(row: Notification) -> dict[str, Any]:
    """Who keyed in a paper, when it came, and the scan."""
    scan = Attachment.objects.filter(holder=row.holder_id, case=row.case, kind=evidence.SCAN).order_by("added_at")
    came = None if row.submitted_at is None else today(row.keyed_by, row.submitted_at)
    return {"state": row.keyed_by, "at": came, "scan": scan.first()}


def offered(actor: Actor, found: cases.CaseView) -> list[Offer]:
    """The acts that are possible now, the expected one first."""
    row = found.notification
    row.offered = found.may  # type: ignore[attr-defined]
    place = {name: number for number, name in enumerate(FIRST)}
    # An act of its own address (a question, an amendment, the wizard) stands in its own section.
    return sorted(NOTIFICATION.offers(actor, row), key=lambda one: place.get(one.name, len(place)))


def _stops(found: cases.CaseView) -> list[dict[str, Any]]:
    """The route with each State's consent."""
    consents = {consent.authority: consent for consent in found.consents}
    rows: list[dict[str, Any]] = []
    for stop in found.notification.route.all():
        rows.append({"stop": stop, "consent": consents.pop(stop.state, None), "here": found.takes_part[stop.state]})
    rows += [{"stop": None, "consent": consent, "here": True} for consent in consents.values()]
    for item in rows:
        consent = item["consent"]
        if consent is not None:
            second = consent.second_language
            item["conditions"] = [(conditions.describe(c), languages.translated(c, second)) for c in consent.conditions]
            item["grounds"] = [
                (ground_label(g.get("code", "")), g.get("text", ""), languages.translated(g, second))
                for g in consent.grounds
            ]
            item["remarks_second"] = languages.translated(
                {"text": consent.remarks, "text_second": consent.remarks_second}, second
            )
            if consent.conditions or consent.grounds or consent.remarks:
                item["binding"] = languages.binding(consent.language, consent.second_language)
            item["copy"] = consent.authority != consent.holder_id
            item["clock"] = next((d for d in found.deadlines if d.clock.subject_id == consent.pk), None)
    return rows


def summary(content: blocks.Content, version: str) -> list[tuple[str, Any, list[tuple[str, str]]]]:
    """The blocks of the form in words: number, name, (label, value). What authorities say stands elsewhere."""
    filled = blocks.to_form(content, version)
    found = []
    for number, (label, fields) in blocks.LAYOUTS[version].items():
        if set(fields) & {"route", "acknowledgements", "decisions"}:
            continue
        found.append((number, label, block_lines(fields, filled[number], content.second_language)))
    return found


@needs(READ)
@require_safe
def of_row(request: HttpRequest, pk: UUID, kind: str) -> HttpResponseBase:
    """From a row of a case to the page of its case: for the journal and for what waits for a second person."""
    actor = request.actor  # type: ignore[attr-defined]
    model = {
        "consent": Consent, "contract": Contract, "guarantee": Guarantee, "info_request": InfoRequest,
        "amendment": Amendment,
    }[kind]  # fmt: skip
    row: Any = held(model._default_manager.filter(pk=pk), actor).first()
    if row is None:
        raise Http404
    return redirect("movements:case", case=cases.notification(actor, row.notification_id).case)


@needs(READ)
@require_safe
def document(request: HttpRequest, case: str) -> HttpResponseBase:
    """The notification document as PDF: `form` is the form, `language` and `second` its languages."""
    actor = request.actor  # type: ignore[attr-defined]
    row = cases.notification(actor, case)
    known = [code for code, _name in settings.LANGUAGES]
    language, second = request.GET.get("language", ""), request.GET.get("second", "")
    version = request.GET.get("form", "")
    data = notification_pdf(
        row,
        actor,
        language=language if language in known else "en",
        second=second if second in known and second != language else "",
        form_version=version if version in blocks.FORMS else "",
        url=request.build_absolute_uri(f"/notifications/{row.case}/"),
    )
    response = HttpResponse(data, content_type="application/pdf")
    name = "".join(sign for sign in (row.number or row.case).replace(" ", "-") if sign.isalnum() or sign == "-")
    response["Content-Disposition"] = f'attachment; filename="notification-{name}.pdf"'
    return response


@needs(READ)
@require_safe
def versions(request: HttpRequest, case: str, before: int, after: int) -> HttpResponseBase:
    """What two versions differ in."""
    actor = request.actor  # type: ignore[attr-defined]
    row = cases.notification(actor, case)
    found = cases.difference(actor, row.pk, before, after)
    context = {
        "n": row, "before": before, "after": after, "lines": differences(found, row.form_version),
        "title": __("Version %(after)d against version %(before)d") % {"before": before, "after": after},
        "reason": next((v.reason for v in row.versions.all() if v.number == after), ""),
    }  # fmt: skip
    return render(request, "movements/differences.html", context)


@needs(READ)
@require_safe
def renewal(request: HttpRequest, case: str) -> HttpResponseBase:
    """What a renewal differs in from the notification whose place it is to take."""
    actor = request.actor  # type: ignore[attr-defined]
    row = cases.notification(actor, case)
    found = cases.from_supersedes(actor, row.pk)
    context = {
        "n": row, "lines": differences(found, row.form_version), "title": __("Against the notification that it renews"),
    }  # fmt: skip
    return render(request, "movements/differences.html", context)


def differences(found: list[cases.Difference], version: str) -> list[dict[str, Any]]:
    """Differences in words: block, its name, the field, before and after."""
    layout = blocks.LAYOUTS[version]
    return [
        {
            "block": item.block,
            "name": layout[item.block][0] if item.block in layout else "",
            "field": field_label(item.field),
            "before": _shown(item.field, item.before),
            "after": _shown(item.field, item.after),
        }
        for item in found
    ]


def _shown(path: str, value: Any) -> str:
    name = next((part for part in reversed(path.split(".")) if not part.isdigit()), path)
    return in_words(name, value)


# Parts of the form that hold fields of their own.
PARTS = {
    "exporter": _("Exporter or notifier"), "importer": _("Importer or consignee"), "carriers": _("Intended carriers"),
    "generators": _("Waste generators"), "facility": _("Disposal or recovery facility"),
    "further_facilities": _("Further facilities"), "composition": _("Composition"), "codes": _("Identification"),
    "customs": _("Customs offices"), "route": _("Route"),
}  # fmt: skip


def field_label(path: str) -> str:
    """A field of the form in words: `carriers.0.name` becomes “Intended carriers · 1 · Name”."""
    parts = []
    for part in path.split("."):
        parts.append(str(int(part) + 1) if part.isdigit() else str(LABELS.get(part) or PARTS.get(part) or part))
    return " · ".join(parts)


# ── questions and amendments ─────────────────────────────────────────────────────────────────────────────────


def amended(actor: Actor, row: Notification, made: Amendment) -> list[dict[str, Any]]:
    """What an amendment changes, in words."""
    before = confidential.content_for(actor, row, decisions=False).model_dump(mode="json")
    changes = confidential.shown(actor, row, made.changes)
    if made.status == Amendment.Status.APPROVED:
        return [
            {"field": field_label(name), "before": "", "after": _shown(name, value)} for name, value in changes.items()
        ]
    found = cases.differences({name: before.get(name) for name in changes}, changes, row.form_version)
    return differences(found, row.form_version)


def _question(actor: Actor, case: str, pk: UUID) -> InfoRequest:
    asked = InfoRequest.objects.filter(notification=cases.notification(actor, case), pk=pk).first()
    if asked is None:
        raise Missing("info_request")
    return asked


def _release(actor: Actor, case: str, pk: UUID) -> FieldRelease:
    row = cases.notification(actor, case)
    found = row.releases.filter(pk=pk).first() if confidential.keeps(actor, row) else None
    if found is None:
        raise Missing("field_release")
    return found


def _amendment(actor: Actor, case: str, number: int) -> Amendment:
    made = cases.notification(actor, case).amendments.filter(number=number).first()
    if made is None:
        raise Missing("amendment")
    return made


def _answer(actor: Actor, asked: InfoRequest, form: Any) -> InfoRequest:
    """The answer, with its file if there is one: both or neither. The file goes first, so that no State reads an answer
    to which a file is still to come."""
    said = form.given
    file, kind = said.pop("file", None), said.pop("kind", "") or "other"
    with transaction.atomic():
        if file is not None and asked.answered_at is None:
            attachments.attach(actor, asked.notification_id, kind=kind, request_id=asked.pk, **uploaded(file))
        made: InfoRequest = commands.supply_info(actor, asked.pk, **said, **form.more)
    return made


ANSWERS = (
    Act("answer", _("Answer a question"), "movements.notification.answer", _answer, lambda a, r: r.answered_at is None,
        forms.Answer, "check", done=_("The answer is sent."), button=_("Send the answer"),
        shows=lambda a, r: {"quote": r.question}),
    Act("amendment", _("Answer an amendment"), "movements.amendment.approve",
        lambda a, r, f: commands.approve_amendment(a, str(r.pk), **f.once, **f.given),
        lambda a, r: can("approve_amendment")(a, r.notification), forms.AnswerAmendment, "check",
        done=_("The answer is sent."), button=_("Send the answer"),
        shows=lambda a, r: {"quote": r.reason, "lines": amended(a, r.notification, r)}),
    Act("revoke-release", _("Revoke a release"), confidential.KEEP,
        lambda a, r, f: confiding.revoke(a, r.pk, **f.given, **f.more),
        lambda a, r: r.revoked_at is None and confidential.keeps(a, r.notification), forms.OwnReason, "lock", "danger",
        _("The party reads the field no more."), _("It is revoked."), button=_("Revoke it"),
        shows=lambda a, r: {"quote": f"{confidential.label(r.field)}: {r.name}"}),
)  # fmt: skip


def answers(number: int, find: Any) -> Any:
    """The page of an answer to a row below the notification."""
    home = lambda row: page_of(row.notification)  # noqa: E731
    table = Acts(
        "", "", find, lambda row: {}, home, lambda row: row.notification.number or row.notification.case, ANSWERS
    )  # fmt: skip
    return table.view(ANSWERS[number])


answer, answer_amendment, revoke_release = (answers(n, f) for n, f in enumerate((_question, _amendment, _release)))


# ── the acts of its way ───────────────────────────────────────────────────────────────────────────────────────


def _first_step(made: Notification) -> str:
    return reverse("movements:edit", args=[made.case, "parties"])


ACTS: tuple[Act, ...] = (
    Act("enter", _("Enter the notification"), paper.KEY_IN,
        lambda a, r, f: paper.enter(a, r.pk, **f.given, **f.more), can("enter"), forms.Enter, "file-upload", "primary",
        _("It is sealed as it was keyed in and goes to the other States of the route that take part. What the paper "
          "leaves open stays open and is shown."),
        _("It is entered. Acknowledge it when it is complete."), button=_("Enter it")),
    Act("transmit", _("Send to the authorities concerned"), "movements.notification.transmit",
        lambda a, r, f: commands.transmit(a, r.pk, **f.more), can("transmit"), icon="send", tone="primary",
        text=_("The law is asked again, and every authority that it names gets the notification."),
        done=_("It is sent on. The law says who must consent."), button=_("Send it on")),
    Act("acknowledge", _("Acknowledge"), "movements.notification.acknowledge",
        lambda a, r, f: commands.acknowledge(a, r.pk, received_on=f.given["received_on"] or None, **f.more),
        can("acknowledge"), forms.Acknowledge, "check", "primary",
        _("You have the complete notification. The time limit of your decision starts now."),
        _("It is acknowledged. Your time limit runs.")),
    Act("ask", _("Ask for information"), "movements.notification.ask",
        lambda a, r, f: commands.request_info(a, r.pk, **f.given, **f.more), can("ask"), forms.Ask,
        "message-question", done=_("The question is sent."), button=_("Ask")),
    Act("override", _("Let it be notified all the same"), "movements.notification.override",
        lambda a, r, f: commands.override(a, str(r.pk), **f.given, **f.more), can("override"), forms.Reason, "gavel",
        "danger",
        _("The screen says that the law prohibits this load on this route. Your decision and its reason go into the "
           "journal and to every State concerned."),
        _("It may be notified; the reason is on record."), button=_("Let it be notified")),
    Act("suspend", _("Suspend the notification"), "movements.notification.suspend",
        lambda a, r, f: commands.suspend(a, str(r.pk), **f.given, **f.more), can("suspend"), forms.Reason,
        "hand-stop", "danger",
        _("No new shipment may depart until you lift this again. What is under way arrives."),
        _("It is suspended: nothing new may depart."), button=_("Suspend it")),
    Act("lift", _("Lift the suspension"), "movements.notification.suspend",
        lambda a, r, f: commands.lift(a, str(r.pk), **f.given, **f.more), can("lift"), forms.MaybeReason,
        "player-play", done=_("The suspension of your State is lifted."), button=_("Lift it")),
    Act("not-forward", _("Do not forward it"), "movements.notification.transmit",
        lambda a, r, f: commands.not_forward(a, r.pk, **f.given, **f.more), can("not_forward"), forms.Reason,
        "circle-x", "danger", _("No other State is told of it. The notifier reads the reason."),
        _("It is not forwarded.")),
    Act("withdraw", _("Withdraw the notification"), "movements.notification.withdraw",
        lambda a, r, f: commands.withdraw(a, r.pk, **f.given, **f.more), can("withdraw"), forms.Reason, "x",
        "danger", _("It ends, and every authority concerned is told."), _("It is withdrawn."),
        button=_("Withdraw it")),
    Act("revoke", _("Revoke the notification"), "movements.notification.revoke",
        lambda a, r, f: commands.revoke(a, str(r.pk), **f.given, **f.more), can("revoke"), forms.Reason, "ban",
        "danger", _("It ends for good, and every authority concerned is told."),
        _("It is revoked: nothing more may start under it."), button=_("Revoke it")),
    Act("close", _("Close the notification"), "movements.notification.close",
        lambda a, r, f: commands.close(a, r.pk, **f.more), can("close"), icon="lock",
        text=_("Every movement is finished, no case is open, and the guarantee is released."),
        done=_("It is closed."), button=_("Close it")),
    Act("confidential", _("Say what is confidential"), confidential.KEEP,
        lambda a, r, f: confiding.mark(a, r.pk, fields=f.given["confidential"], **f.more), confidential.keeps,
        forms.MarkConfidential, "lock",
        text=_("What is marked is read by the authorities and by you, and by no other party unless you release it. "
               "What a party has read or printed already cannot be taken back."),
        done=_("It is kept."), button=_("Keep it"), initial=lambda a, r: {"confidential": r.confidential}),
    Act("release-field", _("Release a confidential field"), confidential.KEEP,
        lambda a, r, f: confiding.release(a, r.pk, **f.given, **f.more),
        lambda a, r: bool(r.confidential) and confidential.keeps(a, r), forms.ReleaseField, "eye",
        text=_("One party reads one field, to the end of the day that you set. You can revoke it."),
        done=_("The field is released."), button=_("Release it")),
    Act("clone", _("Copy into a new draft"), DRAFT,
        lambda a, r, f: commands.clone(a, r.pk, **f.once), can("clone"), icon="copy",
        done=_("The draft is made. It is kept as you go on."), button=_("Copy it"), onward=_first_step),
    Act("renew", _("Renew"), DRAFT,
        lambda a, r, f: commands.renew(a, r.pk, **f.once), can("renew"), icon="refresh",
        text=_("A new draft that takes the place of this notification once it is in force. The period has to be said "
                "anew."),
        done=_("The draft is made. It is kept as you go on."), button=_("Draft the renewal"), onward=_first_step),
    Act("keep-template", _("Keep as a template"), "movements.template.keep",
        lambda a, r, f: commands.keep_template(a, r.pk, **f.once, **f.given), can("clone"), forms.NameForm,
        "copy", done=_("It is kept as a template."), button=_("Keep it")),
)  # fmt: skip

NOTIFICATION = Acts(
    "", "notifications/<slug:case>/", lambda actor, case: cases.notification(actor, case),
    lambda row: {"case": row.case}, page_of, lambda row: row.number or row.case, (*consents.ACTS, *ACTS),
)  # fmt: skip


# ── breaches ─────────────────────────────────────────────────────────────────────────────────────────────────


@needs("movements.breach.close")
@require_http_methods(["GET", "POST"])
def breach(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Close something that should not have happened, with what came of it."""
    actor = request.actor  # type: ignore[attr-defined]
    found = Breach.objects.filter(pk=pk, holder=actor.state).first()
    if found is None:
        raise Http404
    row = cases.notifications(actor).filter(case=found.case).first()
    form = forms.CloseBreach(request.POST if request.method == "POST" else None, row=found)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            key = form.more["key"]
            if attempt(form, found, lambda: breaches.close(actor, str(pk), key=key, **form.given)).ok:
                messages.success(request, __("It is closed."))
                return redirect("movements:desk") if row is None else redirect("movements:case", case=row.case)
    context = {"breach": found, "detail": breaches.told(found), "n": row, "form": form}
    return render(request, "movements/breach.html", context, status=status)
