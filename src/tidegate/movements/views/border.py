"""The border desk: one field, one answer, what to do next; lists of numbers, deductions, line files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tidegate.movements import border, writeoffs
from tidegate.movements.border import Answer, check
from tidegate.movements.commands import border as commands
from tidegate.movements.commands import linefiles, permits
from tidegate.movements.forms.border import CheckForm, FileForm, WriteOffForm
from tidegate.movements.masses import kilograms
from tidegate.movements.models import GreenShipment, LineRun, Movement, WriteOff
from tidegate.movements.queries import green as green_queries
from tidegate.movements.queries import permits as permit_queries
from tidegate.movements.views.acting import Offer, attachment, in_words, say
from tidegate.movements.views.green import GREEN
from tidegate.movements.views.movements import MOVEMENT, page_of
from tidegate.movements.views.scanning import scans
from tidegate.parties import times
from tidegate.parties.access import needs
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Forbidden, Missing, Refused
from tidegate.parties.scope import visible

MAX_ROWS = 2000
# What of a movement, or of a green-listed shipment, is done at a border, in this order.
AT_THE_BORDER = ("pass_border", "saw_departure", "hold", "release", "seize")


@dataclass(frozen=True)
class Shown:
    """An answer as the page shows it: the conditions in words, where its own page is, what to do next."""

    answer: Answer
    conditions: list[tuple[str, str, bool | None, Any]]
    home: str
    offers: list[Offer]


# ── one number ───────────────────────────────────────────────────────────────────────────────────────────────


@needs("movements.border.check")
@require_http_methods(["GET", "POST"])
@scans
def desk(request: HttpRequest) -> HttpResponseBase:
    """Ask for a number, a container, a declaration or the text of a QR code; the answer on the same page.

    A long text (a scanned code) is sent by POST, so that it stands in no address and no log.
    """
    actor = request.actor  # type: ignore[attr-defined]
    given = request.POST if request.method == "POST" else request.GET
    form = CheckForm(given or None)
    asked, found, missing = "", [], False
    if given.get("q", "").strip() and form.is_valid():
        asked = form.cleaned_data["q"].strip()
        try:
            found = [shown(actor, one) for one in check(actor, asked, **form.load)]
        except Missing:
            missing = True
    context = {
        "form": form,
        "asked": asked,
        "asked_short": asked if len(asked) <= 60 else f"{asked[:40]}…",
        "answers": found,
        "missing": missing,
        "at": times.now(),
        "changed": permit_queries.to_acknowledge(actor)[:20],
        "writes": actor.may("movements.border.write_off"),
        "more_known": any(given.get(name) for name in ("kg", "wastes", "hs", "origin")),
    }
    part = request.headers.get("HX-Request") and not request.headers.get("HX-Boosted")
    name = "movements/border_answers.html" if part else "movements/border.html"
    return render(request, name, context, status=422 if form.is_bound and form.errors else 200)


def shown(actor: Actor, answer: Answer) -> Shown:
    """An answer with everything that its card shows."""
    # A condition that is only words says nothing more than its own text.
    conditions = [
        (one.authority, in_words(one.condition), one.met, "" if one.condition.get("kind") == "text" else one.text)
        for one in answer.conditions
    ]
    row: Movement | GreenShipment | None = None
    if answer.subject == "movement":
        row = visible(Movement.objects.all(), actor, "movements.movement.read").filter(pk=answer.key).first()
    elif answer.subject == "green":
        row = green_queries.shipments(actor).filter(pk=answer.key).first()
    return Shown(answer, conditions, _home(answer, row), list(_offers(actor, answer, row)))


def _home(answer: Answer, row: Movement | GreenShipment | None) -> str:
    """The page of what was asked about; "" where there is none to open."""
    if row is not None:
        return GREEN.home(row) if isinstance(row, GreenShipment) else page_of(row)
    names = {"permit": "movements:permit", "quota": "movements:allocation", "notification": "movements:case"}
    try:
        if answer.subject == "notification":
            return reverse(names["notification"], args=[answer.left[0].reference]) if answer.left else ""
        return reverse(names[answer.subject], args=[answer.key]) if answer.subject in names else ""
    except NoReverseMatch:
        return ""


def _offers(actor: Actor, answer: Answer, row: Movement | GreenShipment | None) -> Iterable[Offer]:
    """The next steps: write off, then what is done to the shipment, then a take-back case."""
    own = next((one for one in answer.left if one.home == actor.state), None)
    if (
        own is not None
        and answer.subject in ("permit", "quota", "certificate")
        and actor.may("movements.border.write_off")
    ):
        address = f"{reverse('movements:border-write-off')}?licence={own.reference}"
        yield Offer("write_off", _("Write off"), "minus", "primary", address)
    if row is None:
        return
    acts = GREEN if isinstance(row, GreenShipment) else MOVEMENT
    found = {one.name: one for one in acts.offers(actor, row)}
    yield from (found[name] for name in AT_THE_BORDER if name in found)
    if actor.may("movements.take_back.open") and isinstance(row, Movement):
        try:
            address = f"{reverse('movements:new-take-back')}?movement={row.pk}"
        except NoReverseMatch:
            return
        yield Offer("take_back", _("Open a take-back case"), "flag", "danger", address)


@needs("movements.permit.acknowledge")
@require_POST
def acknowledge(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """This office knows a permit's new status."""
    permits.acknowledge(request.actor, pk)  # type: ignore[attr-defined]
    messages.success(request, _("Confirmed."))
    return redirect("movements:border")


# ── many numbers ─────────────────────────────────────────────────────────────────────────────────────────────


@needs("movements.border.check")
@require_http_methods(["GET", "POST"])
def many(request: HttpRequest) -> HttpResponseBase:
    """A CSV file of numbers: an answer or an error for each row; on the page, or as CSV."""
    actor = request.actor  # type: ignore[attr-defined]
    form = FileForm(request.POST or None, request.FILES or None)
    rows: list[dict[str, Any]] = []
    if request.method == "POST" and form.is_valid():
        try:
            rows = list(answers_to(actor, form.cleaned_data["file"]))
        except writeoffs.Unreadable as error:
            form.add_error("file", str(error))
    if rows and request.POST.get("as") == "csv":
        return attachment(_as_csv(rows), "border-answers.csv", "text/csv; charset=utf-8")
    counts = {answer: sum(1 for row in rows if row["answer"] == answer) for answer in
              ("valid", "not_valid", "unknown", "error")}  # fmt: skip
    context = {"form": form, "rows": rows, "counts": counts, "most": MAX_ROWS}
    return render(request, "movements/border_many.html", context, status=422 if form.errors else 200)


def answers_to(actor: Actor, file: Any) -> Iterable[dict[str, Any]]:
    """For each row of a CSV file (columns number, kg, wastes, hs, origin; a file without a head line: numbers alone) a
    dict of row, number, answer (valid, not_valid, unknown, error), text, left (for a file) and balances.

    Raises Unreadable for the whole file.
    """
    if file.size > settings.TIDEGATE_UPLOAD_MAX_BYTES:
        most = settings.TIDEGATE_UPLOAD_MAX_BYTES
        raise writeoffs.Unreadable(f"{file.name}: {file.size} bytes; expected at most {most}")
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise writeoffs.Unreadable(f"{file.name}: not UTF-8 text") from None
    first = text.partition("\n")[0]
    lines = list(csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ","))
    names = [cell.strip().lower() for cell in lines[0]] if lines else []
    headed = "number" in names
    if not headed:
        names = ["number", "kg", "wastes", "hs", "origin"]
    body = [(n, line) for n, line in enumerate(lines, start=1) if any(c.strip() for c in line)][1 if headed else 0 :]
    if not body:
        raise writeoffs.Unreadable(f"{file.name}: no rows; expected a number in each row")
    if len(body) > MAX_ROWS:
        raise writeoffs.Unreadable(f"{file.name}: {len(body)} rows; expected at most {MAX_ROWS}")
    for number, line in body:
        cells = dict(zip(names, (cell.strip() for cell in line), strict=False))
        yield from _answered(actor, number, cells)


def _answered(actor: Actor, row: int, cells: dict[str, str]) -> Iterable[dict[str, Any]]:
    asked = cells.get("number", "")
    base = {"row": row, "number": asked, "subject": "", "left": "", "balances": (), "flagged": False}
    if not asked:
        yield {**base, "answer": "error", "text": _("number: empty; expected a number")}
        return
    try:
        kg: Decimal | None = kilograms(cells["kg"]) if cells.get("kg") else None
    except Refused as refused:
        text = _("kg: %(value)s; expected %(expected)s") % {"value": cells["kg"][:40], "expected": refused.expected}
        yield {**base, "answer": "error", "text": text}
        return
    wastes, hs = (cells.get(name, "").upper().replace(";", " ").split() for name in ("wastes", "hs"))
    try:
        found = check(actor, asked, kg=kg, origin=cells.get("origin", "").upper(), wastes=wastes, hs=hs)
    except Missing:
        yield {**base, "answer": "error", "text": _("number: not known here")}
        return
    for one in found:
        reasons = [*one.reasons, *one.unknowns, *one.flags]
        yield {
            **base,
            "answer": one.answer,
            "subject": one.subject,
            "text": " ".join(str(reason.text) for reason in reasons),
            "left": "; ".join(f"{left.kg} kg ({left.reference})" for left in one.left),
            "balances": one.left,
            "flagged": bool(one.flags),
        }


def _as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    names = ("row", "number", "subject", "answer", "text", "left")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        # A cell that a spreadsheet would take for a formula is made text.
        cells = [str(row[name]) for name in names]
        writer.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" else cell for cell in cells])
    return "\ufeff" + out.getvalue()


# ── deductions ───────────────────────────────────────────────────────────────────────────────────────────────


@needs("movements.border.write_off")
@require_http_methods(["GET", "POST"])
def write_off(request: HttpRequest) -> HttpResponseBase:
    """Take an item of a declaration off a permit or quota; the form's key is the entry's own number."""
    actor = request.actor  # type: ignore[attr-defined]
    first = {name: request.GET.get(name, "") for name in ("licence", "declaration", "movement", "kg")}
    form = WriteOffForm(request.POST if request.method == "POST" else None, actor=actor, initial=first)
    replies: list[commands.Reply] = []
    if request.method == "POST" and form.is_valid():
        said = form.given
        fields = {name: str(value or "") for name, value in said.items() if name != "at"}
        fields["transaction"] = form.cleaned_data["key"] or f"{said['declaration']}/{said['item']}/{said['licence']}"
        fields["at"] = (said["at"] or times.now()).isoformat()
        try:
            replies = commands.write_off(actor, [writeoffs.of_fields(fields, _("form"))])
        except writeoffs.Unreadable as error:
            form.add_error(None, str(error))
        else:
            if not replies[0].accepted:
                form.add_error(None, replies[0].text)
    rows = visible(WriteOff.objects.all(), actor, "movements.border.write_off").filter(office=actor.organisation)
    context = {
        "form": form,
        "replies": [one for one in replies if one.accepted],
        "page": Paginator(rows.select_related("account").order_by("-recorded_at"), 25).get_page(
            request.GET.get("page")
        ),
    }  # fmt: skip
    return render(request, "movements/border_write_off.html", context, status=422 if form.errors else 200)


@needs("movements.border.write_off")
@require_http_methods(["GET", "POST"])
def declarations(request: HttpRequest) -> HttpResponseBase:
    """The deductions of declarations in WCO or ASYCUDA XML: a reply for each line."""
    actor = request.actor  # type: ignore[attr-defined]
    form = FileForm(request.POST or None, request.FILES or None)
    replies: list[commands.Reply] = []
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > settings.TIDEGATE_UPLOAD_MAX_BYTES:
                raise writeoffs.Unreadable(f"{file.name}: {file.size} bytes; too large")
            data = file.read()
            read = writeoffs.of_asycuda if b"<ASYCUDA" in data[:4096] else writeoffs.of_wco
            lines = read(data, file.name, at=times.now())
            if not lines:
                raise writeoffs.Unreadable(_("%(name)s: no deduction in it") % {"name": file.name})
            replies = commands.write_off(actor, lines)
        except writeoffs.Unreadable as error:
            form.add_error("file", str(error))
    context = {"form": form, "replies": replies}
    return render(request, "movements/border_declarations.html", context, status=422 if form.errors else 200)


# ── line files ───────────────────────────────────────────────────────────────────────────────────────────────


@needs("movements.border.write_off")
@require_http_methods(["GET", "POST"])
def lines(request: HttpRequest) -> HttpResponseBase:
    """The runs of this office's line files; make the next one, or take one in."""
    actor = request.actor  # type: ignore[attr-defined]
    taking = request.method == "POST" and request.POST.get("way") == "in"
    form = FileForm(request.POST if taking else None, request.FILES if taking else None)
    if request.method == "POST" and not taking:
        run = linefiles.lines_out(actor, full=request.POST.get("full") == "1")
        messages.success(request, _("Run %(run)s is ready to be sent.") % {"run": run.run})
        return redirect("movements:border-lines")
    if taking and form.is_valid():
        try:
            run = linefiles.lines_in(actor, form.cleaned_data["file"].read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            form.add_error("file", _("This is not UTF-8 text."))
        except (Missing, Forbidden):
            raise
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, _("Run %(run)s was taken in; its replies are ready.") % {"run": run.run})
            return redirect("movements:border-lines")
    rows = LineRun.objects.filter(holder=actor.state, office=actor.organisation).order_by("-at")
    context = {"form": form, "page": Paginator(rows, 25).get_page(request.GET.get("page"))}
    return render(request, "movements/border_lines.html", context, status=422 if form.errors else 200)


@needs("movements.border.write_off")
@require_safe
def line_file(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """What goes to the office: the permits of a run out, the replies of a run in."""
    actor = request.actor  # type: ignore[attr-defined]
    run = LineRun.objects.filter(pk=pk, holder=actor.state, office=actor.organisation).first()
    if run is None:
        raise Http404
    what = "permits" if run.direction == LineRun.Direction.OUT else "replies"
    return attachment(run.answer, f"tidegate-{what}-{run.run}.txt", "text/plain; charset=utf-8")


pages = [
    path("border", desk, name="border"),
    path("border/many/", many, name="border-many"),
    path("border/write-off/", write_off, name="border-write-off"),
    path("border/declarations/", declarations, name="border-declarations"),
    path("border/lines/", lines, name="border-lines"),
    path("border/lines/<uuid:pk>/", line_file, name="border-line-file"),
    path("border/permits/<uuid:pk>/acknowledge/", acknowledge, name="border-acknowledge"),
]
__all__ = ["border", "pages"]
