"""The pages of certificates: the list, one with its QR code, issue, suspend, revoke; and /verify/ for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.cache import cache
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from tidegate.movements.commands import certificates as commands
from tidegate.movements.credentials import tokens
from tidegate.movements.credentials.verify import REASONS, Verdict, load, verify
from tidegate.movements.forms import permits as forms
from tidegate.movements.machines import CERTIFICATE as MACHINE
from tidegate.movements.models import Certificate, Consent, Movement, Permit
from tidegate.movements.queries import analyses
from tidegate.movements.queries import permits as queries
from tidegate.movements.views.acting import Act, Acts, attachment, say
from tidegate.movements.views.scanning import scans
from tidegate.paper import certificate_pdf
from tidegate.paper.qr import qr_svg
from tidegate.parties import figures, times
from tidegate.parties.access import needs, public
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.models import State
from tidegate.parties.rulebook import book

PER_PAGE = 50
# How long the public file of keys and lists may be a copy: a new revocation is known after that at the latest.
FRESH = 60

KINDS: Mapping[str, Any] = {
    "permit": _("Permit"),
    "consent": _("Consent"),
    "receipt": _("Receipt"),
    "recovery": _("Recovery or disposal"),
    "inspection": _("Inspection"),
    "preconsent": _("Pre-consent"),
    "quality": _("Quality of a load"),
    "training": _("Training"),
}
# What a certificate says → its name for people.
CLAIMS: Mapping[str, Any] = {
    "number": _("Number"), "kind": _("Kind"), "permit": _("Permit"), "permitKind": _("Kind of permit"),
    "holder": _("Holder"), "registration": _("Registration number"), "wastes": _("Basel entries"),
    "hs": _("HS codes"), "origins": _("States of origin"), "kg": _("Quantity (kg)"), "case": _("Case"),
    "notification": _("Notification"), "authority": _("Authority"), "decision": _("Decision"),
    "stateOfExport": _("State of export"), "stateOfImport": _("State of import"), "shipments": _("Shipments"),
    "conditions": _("Number of conditions"), "serial": _("Serial number"), "receivedAt": _("Received"),
    "acceptedKg": _("Accepted (kg)"), "rejectedKg": _("Rejected (kg)"), "completedAt": _("Completed"),
    "operations": _("Operations"), "consignment": _("Consignment"), "declaration": _("Declaration"),
    "place": _("Place"), "inspectedAt": _("Inspected"), "passed": _("Passed"), "result": _("Result"),
    "facility": _("Facility"), "operator": _("Operator"), "remarks": _("Remarks"), "replaces": _("Replaces"),
    "load": _("Load"), "standard": _("Standard"), "conforms": _("Meets the standard"),
    "contaminationPct": _("Contamination, per cent of mass"), "moisturePct": _("Moisture, per cent of mass"),
    "polymers": _("Polymers"), "hazardous": _("Hazardous"), "sample": _("Sample number"),
    "sampledOn": _("Sampled on"), "analysedOn": _("Analysed on"), "method": _("Method or standard"),
    "laboratory": _("Laboratory"), "accreditation": _("Accreditation number"), "analysis": _("Analysis"),
    "person": _("Person"), "role": _("Role"), "course": _("Course"), "provider": _("Training body"),
    "trainedOn": _("Trained on"), "organisation": _("Organisation"),
}  # fmt: skip


def certificate_of(actor: Actor, pk: UUID) -> Certificate:
    """A certificate that the actor sees. Raises Missing."""
    found = queries.certificates(actor).filter(pk=pk).first()
    if found is None:
        raise Missing("certificate")
    return found


def page_of(row: Certificate) -> str:
    """The address of a certificate's page."""
    return reverse("movements:certificate", args=[row.pk])


def said(claims: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """What a certificate says, for people."""
    found = []
    for name, value in claims.items():
        if name == "kind":
            text = str(KINDS.get(value, value))
        elif name == "decision":
            text = str(dict(Consent.Status.choices).get(value, value))
        elif name in ("authority", "stateOfExport", "stateOfImport"):
            text = _state_name(value)
        elif name == "origins":
            text = ", ".join(_state_name(one) for one in value or ())
        elif name.lower().endswith("kg"):  # the label says the unit
            text = figures.grouped(value)
        else:
            text = figures.said(name, value)
        found.append((CLAIMS.get(name, name), text))
    return found


def _state_name(code: str) -> str:
    record = book().states.get(code)
    return __(record.name) if record else code


def _step(event: str) -> Any:
    def may(actor: Actor, row: Certificate) -> bool:
        return row.holder_id == actor.state and (row.status, event) in MACHINE.table

    return may


CERTIFICATE = Acts(
    "certificate", "certificates/<uuid:pk>/", certificate_of, lambda row: {"pk": row.pk}, page_of,
    lambda row: row.number,
    (
        Act("renew", _("Replace by a new one"), "movements.certificate.issue",
            lambda a, r, f: commands.supersede(a, r.pk, remarks=f.cleaned_data["remarks"], **f.more),
            lambda a, r: r.kind in commands.KINDS and _step("superseded")(a, r), forms.RemarksForm, "copy",
            onward=page_of,
            text=_("The new one says how things stand now; this one no longer holds.")),
        Act("suspend", _("Suspend"), "movements.certificate.suspend",
            lambda a, r, f: commands.suspend(a, r.pk, reason=f.cleaned_data["reason"], **f.more),
            _step("suspended"), forms.ReasonForm, "hand-stop", "danger"),
        Act("reinstate", _("Let it hold again"), "movements.certificate.suspend",
            lambda a, r, f: commands.reinstate(a, r.pk, reason=f.cleaned_data["reason"], **f.more),
            _step("reinstated"), forms.MaybeReasonForm, "check", "primary"),
        Act("revoke", _("Revoke"), "movements.certificate.suspend",
            lambda a, r, f: commands.revoke(a, r.pk, reason=f.cleaned_data["reason"], **f.more),
            _step("revoked"), forms.ReasonForm, "ban", "danger", text=_("It never holds again.")),
        Act("retract", _("Take it back"), commands.QUALITY,
            lambda a, r, f: commands.retract(a, r.pk, reason=f.cleaned_data["reason"], **f.more),
            lambda a, r: r.kind == "quality" and r.issued_by == a.organisation and not a.official
            and _step("revoked")(a, r), forms.ReasonForm, "ban", "danger", text=_("It never holds again.")),
    ),
)  # fmt: skip


@needs("movements.certificate.read")
@require_safe
def certificates(request: HttpRequest) -> HttpResponseBase:
    """The certificates that the reader sees, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    text, kind = request.GET.get("q", "")[:200], request.GET.get("kind", "")
    rows = queries.certificates(actor, text)
    rows = rows.filter(kind=kind) if kind in KINDS else rows
    query = request.GET.copy()
    query.pop("page", None)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(row, KINDS.get(row.kind, row.kind)) for row in page.object_list],
        "query": f"{query.urlencode()}&" if query else "",
        "text": text,
        "kind": kind,
        "kinds": KINDS.items(),
        "asked": bool(text or kind),
    }
    return render(request, "movements/certificates.html", context)


@needs("movements.certificate.read")
@require_safe
def certificate(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One certificate with its QR code; the page prints as the certificate."""
    actor = request.actor  # type: ignore[attr-defined]
    row = certificate_of(actor, pk)
    context = {
        "row": row,
        "kind": KINDS.get(row.kind, row.kind),
        "claims": said(row.claims),
        "offers": CERTIFICATE.offers(actor, row),
        "about": _subject(actor, row),
    }
    return render(request, "movements/certificate.html", context)


def _subject(actor: Actor, row: Certificate) -> str:
    if row.subject == "permit":
        return reverse("movements:permit", args=[row.subject_id])
    if row.subject == "analysis":
        seen = analyses.analyses(actor).filter(pk=row.subject_id).exists()  # a trader sees the certificate alone
        return reverse("movements:analysis", args=[row.subject_id]) if seen else ""
    if row.subject == "movement":
        found = Movement.objects.filter(pk=row.subject_id).first()
        return reverse("movements:movement", args=[found.case, found.serial]) if found is not None else ""
    return ""


@needs("movements.certificate.read")
@require_safe
def qr(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The QR code of a certificate: the signed text itself, so that it verifies with no network."""
    row = certificate_of(request.actor, pk)  # type: ignore[attr-defined]
    return HttpResponse(qr_svg(row.token, title=row.number), content_type="image/svg+xml")


@needs("movements.certificate.read")
@require_safe
def token(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The signed text of a certificate as a file (W3C VC 2.0, application/vc+jwt)."""
    row = certificate_of(request.actor, pk)  # type: ignore[attr-defined]
    return attachment(row.token, f"{row.number}.jwt", "application/vc+jwt")


@needs("movements.certificate.read")
@require_safe
def paper(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The certificate as a PDF: what it says, and its signed text as a QR code and as a file."""
    row = certificate_of(request.actor, pk)  # type: ignore[attr-defined]
    now = times.now()
    fields = [(str(label), text) for label, text in said(row.claims)]
    if row.valid_until:
        fields.append((__("Valid until"), figures.day(row.valid_until)))
    made = certificate_pdf(
        fields,
        token=row.token,
        title=__("Certificate: %(kind)s") % {"kind": KINDS.get(row.kind, row.kind)},
        kind=__("Certificate"),
        number=row.number,
        subtitle=__("%(state)s, signed %(at)s UTC") % {
            "state": row.holder.name, "at": figures.moment(row.issued_at.astimezone(UTC))},
        state=__("%(status)s on %(day)s") % {"status": row.get_status_display(), "day": figures.day(now.date())},
        tone="clear" if row.status == Certificate.Status.PUBLISHED else "prohibited",
        footer=__("Certificate %(number)s · made %(time)s UTC") % {
            "number": row.number, "time": figures.moment(now.astimezone(UTC))},
        generated=now,
        notes=[
            __("The code holds the signed text itself: it can be checked with no network, by the keys and lists of any "
               "office. Whether it still holds is what the check says, not this paper."),
        ],
        check_at=request.build_absolute_uri(reverse("movements:verify")),
        language=get_language() or "en",
        translate=__,
    )  # fmt: skip
    return attachment(made, f"certificate-{row.number}.pdf", "application/pdf", inline=True)


@needs("movements.certificate.issue")
@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest, kind: str, pk: UUID) -> HttpResponseBase:
    """Sign a certificate about a row of the actor's State."""
    actor = request.actor  # type: ignore[attr-defined]
    if kind not in commands.KINDS:
        raise Http404
    model = commands.KINDS[kind][0]
    row = model._default_manager.filter(pk=pk, holder=actor.state).first()
    if row is None:
        raise Http404
    form = forms.RemarksForm(request.POST if request.method == "POST" else None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.issue(
                actor, pk, kind=kind, remarks=form.cleaned_data["remarks"], key=form.cleaned_data.get("key") or ""
            )
        except (Missing, Forbidden):
            raise
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, __("Signed and published."))
            return redirect(page_of(made))
    title = __("Certificate: %(kind)s") % {"kind": KINDS[kind]}
    back = reverse("movements:permit", args=[pk]) if isinstance(row, Permit) else reverse("movements:certificates")
    if isinstance(row, Movement):
        back = reverse("movements:movement", args=[row.case, row.serial])
    return render(
        request, "parties/form.html", {"form": form, "title": title, "back": back}, status=422 if form.errors else 200
    )


@needs(commands.ISSUE)
@require_http_methods(["GET", "POST"])
def train(request: HttpRequest) -> HttpResponseBase:
    """Sign a certificate of training of somebody at an organisation of the State's register."""
    actor = request.actor  # type: ignore[attr-defined]
    form = forms.TrainingForm(request.POST if request.method == "POST" else None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.certify_training(actor, **form.given, **form.once)
        except (Missing, Forbidden):
            raise
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, __("Signed and published."))
            return redirect(page_of(made))
    title = __("Certificate: %(kind)s") % {"kind": KINDS["training"]}
    context = {"form": form, "title": title, "back": reverse("movements:certificates")}
    return render(request, "parties/form.html", context, status=422 if form.errors else 200)


# ── for everybody ────────────────────────────────────────────────────────────────────────────────────────────


def public_bundle(state: str = "") -> str:
    """Keys and status lists of the States kept here (or of one), as JSON text; a copy of at most FRESH seconds."""
    name = f"movements.bundle.{state}"
    found = cache.get(name)
    if found is None:
        # A State's first signature makes its key.
        with transaction.atomic():
            found = commands.bundle([state] if state else ()).dump()
        cache.set(name, found, FRESH)
    return str(found)


@public
@require_http_methods(["GET", "POST"])
@scans
def check(request: HttpRequest) -> HttpResponseBase:
    """Is this certificate valid? Answered from this office's keys and status lists; nothing asked is kept."""
    form = forms.VerifyForm(request.POST if request.method == "POST" else None)
    verdict: Verdict | None = None
    if request.method == "POST" and form.is_valid():
        known = load(public_bundle())
        verdict = verify(form.cleaned_data["token"], known.keys, known.status_lists, times.now())
    context = {
        "form": form,
        "verdict": verdict,
        "reason": REASONS.get(verdict.reason, "") if verdict is not None else "",
        "claims": said(verdict.claims) if verdict is not None else [],
        "issuer": verdict.issuer.rpartition(":")[2] if verdict is not None else "",
        "states": State.objects.filter(here=True).order_by("code"),
    }
    return render(request, "movements/verify.html", context, status=422 if form.errors else 200)


@public
@require_safe
def keys(request: HttpRequest) -> HttpResponseBase:
    """Every key and status list known here: the file that `tidegate verify --keys` checks with, offline."""
    return _open(HttpResponse(public_bundle(), content_type="application/json"))


@public
@require_safe
def status(request: HttpRequest, state: str) -> HttpResponseBase:
    """A State's status lists, signed: {"state", "purposes", "status_lists"}."""
    if not State.objects.filter(pk=state.upper(), here=True).exists():
        raise Http404
    known = load(public_bundle(state.upper()))
    return _open(
        JsonResponse(
            {
                "state": state.upper(),
                "as_of": tokens.moment(known.as_of),
                "purposes": list(tokens.PURPOSES),
                "status_lists": list(known.status_lists),
            }
        )
    )


def _open(response: HttpResponse) -> HttpResponse:
    """Anybody's browser may read it, and keep it for a minute."""
    response["Access-Control-Allow-Origin"] = "*"
    patch_cache_control(response, public=True, max_age=FRESH)
    return response


pages = [
    path("certificates/", certificates, name="certificates"),
    path("certificates/training/", train, name="certificate-train"),
    path("certificates/<uuid:pk>/", certificate, name="certificate"),
    path("certificates/<uuid:pk>/qr.svg", qr, name="certificate-qr"),
    path("certificates/<uuid:pk>/certificate.pdf", paper, name="certificate-paper"),
    path("certificates/<uuid:pk>/token.jwt", token, name="certificate-token"),
    path("certificates/issue/<slug:kind>/<uuid:pk>/", issue, name="certificate-issue"),
    *CERTIFICATE.patterns(),
    path("verify/", check, name="verify"),
    path("verify/keys.json", keys, name="verify-keys"),
    path("verify/status/<slug:state>", status, name="verify-status"),
]
