"""A finished batch: its figures, its rows, its rejects, one row in full, and all of it as files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import urlencode
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tidegate.batch.consignment_file import STRICTEST
from tidegate.batch.summary_file import as_json
from tidegate.law import Book
from tidegate.paper.geo import BOUNDARY_NOTE
from tidegate.paper.palette import Theme
from tidegate.parties.rulebook import book as current_book
from tidegate.screening import Reject, decide, parse_shipment
from tidegate.screening.registers import ANSWERS
from tidegate.web import registers, words
from tidegate.web.batch import conf, overview, queries, results, store
from tidegate.web.batch import downloads as files
from tidegate.web.batch.models import Batch
from tidegate.web.batch.results import Filter, Found, Rows
from tidegate.web.batch.targets import label, said
from tidegate.web.check.answers import permalink, to_query
from tidegate.web.check.panel import Panel, panel
from tidegate.web.middleware import csp_update

PER_PAGE = 50
REGISTER = "register: "  # how a run notes whom it asked
MOST_OPTIONS = 300


def _private(response: HttpResponseBase) -> HttpResponseBase:
    patch_cache_control(response, private=True, no_store=True)
    return response


def _done(request: HttpRequest, token: str) -> Batch:
    batch = queries.find(request, token)
    if batch.state != Batch.State.DONE:
        raise Http404(_("This batch has no result yet."))
    return batch


def result(request: HttpRequest, batch: Batch) -> HttpResponse:
    """The figures of a result."""
    figures = results.summary(batch)
    book = current_book()
    return render(
        request,
        "batch/result.html",
        {
            "batch": batch,
            "tab": "overview",
            "o": overview.overview(batch, figures, book),
            "seconds": _seconds(batch),
            "boundary_note": _(BOUNDARY_NOTE),
            "months_drawn": overview.MONTHS_DRAWN,
            "states_drawn": overview.STATES_DRAWN,
            "other_book": _other_book(batch, book),
            "asked": _asked(batch, figures),
        },
    )


def _asked(batch: Batch, figures: Mapping[str, Any]) -> str:
    """Which registers were asked, as of when and for whom; "" where none were."""
    notes = figures.get("notes", ()) if batch.asked_for else ()
    return next((note.removeprefix(REGISTER) for note in notes if note.startswith(REGISTER)), "")


def _seconds(batch: Batch) -> float | None:
    job = batch.job
    return (job.ended - job.started).total_seconds() if job and job.ended and job.started else None


def _other_book(batch: Batch, book: Book) -> str:
    """The label of the rulebook in force, where the result was made with another."""
    return book.label if batch.rulebook != book.label else ""


# ── rows ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Choice:
    """A filter as the form shows it."""

    name: str
    label: str
    options: list[tuple[str, str, int]]
    value: str


@require_safe
def rows(request: HttpRequest, token: str) -> HttpResponseBase:
    """The rows of a result, narrowed and a page at a time."""
    batch = _done(request, token)
    book = current_book()
    chosen = Filter.read(request.GET)
    found = Rows(batch, chosen)
    page = _page(request, found)
    context = {
        "batch": batch,
        "tab": "rows",
        "filter": chosen,
        "choices": _choices(batch, results.summary(batch), chosen, book),
        "page": page,
        "count": found.count(),
        "query": f"{chosen.query}&" if chosen.query else "",
        "xlsx_rows": conf.xlsx_rows(),
    }
    return _private(render(request, "batch/rows.html", context))


def _page(request: HttpRequest, found: Any) -> Page[Any]:
    return Paginator(found, PER_PAGE).get_page(request.GET.get("page"))


def _choices(batch: Batch, figures: dict[str, Any], chosen: Filter, book: Book) -> list[Choice]:
    """The filters with what can be chosen and how many rows have it; the largest first."""

    def sums(table: dict[str, dict[str, int]]) -> dict[str, int]:
        return {key: sum(counts.values()) for key, counts in table.items()}

    clear = figures["outcomes"].get("clear", 0)
    tones = words.TONES
    outcomes = [
        (name, str(tones[name].word), figures["outcomes"].get(name, 0))
        for name in ("prohibited", "undetermined", "needs")
    ]
    outcomes += [
        ("verify", _("Clear on paper, still to check"), batch.checks),
        ("settled", _("Clear, nothing left to check"), clear - batch.checks),
        ("clear", _("Clear, with and without checks left"), clear),
    ]

    def state(code: str) -> str:
        return words.state_name(code, book.states)

    listed: list[tuple[str, str, dict[str, int], Any]] = [
        ("of", _("State of export"), sums(figures["exports"]), state),
        ("to", _("State of import"), sums(figures["imports"]), state),
        ("entry", _("Basel entry"), sums(figures["entries"]), overview.entry_label),
        ("rule", _("Rule that bound"), figures["rules"], str),
        ("prohibits", _("Rule that prohibits"), figures["prohibiting"], str),
        ("month", _("Month"), sums(figures["months"]), str),
        ("question", _("Open question"), figures["questions"], lambda fact: overview.question_label(fact, book)),
        ("paper", _("Missing paper"), figures["missing"], lambda kind: overview.paper_label(kind, book)),
    ]
    choices = [Choice("outcome", _("Outcome"), [o for o in outcomes if o[2]], chosen.outcome)]
    for name, title, counts, word in listed:
        value = getattr(chosen, name)
        if name == "month":
            ordered = sorted(counts.items(), reverse=True)[:MOST_OPTIONS]
        else:
            ordered = results.sorted_counts(counts, MOST_OPTIONS)
        options = [(key, word(key), count) for key, count in ordered]
        if value and value not in counts:
            options.append((value, value, 0))
        if name in ("of", "to"):
            options.sort(key=lambda option: option[1])
        choices.append(Choice(name, title, options, value))
    return choices


# ── one row ────────────────────────────────────────────────────────────────────────────────────────────────


@require_safe
def row(request: HttpRequest, token: str, number: int) -> HttpResponseBase:
    """One row in full: what was declared, and the decision as the check page shows it."""
    batch = _done(request, token)
    book = current_book()
    types = {fact.name: fact.type for fact in book.facts.values()}
    found = results.row(batch, number, types)
    if found is None:
        raise Http404(_("This result has no decision on row %(number)s.") % {"number": number})
    chosen = Filter.read(request.GET)
    before, after = Rows(batch, chosen).beside(number)
    told = _told(found, batch, book)
    shown, changes_unknown = _panel(found, batch, book)
    route = [found.shipment.get("export"), *_transit(found.shipment), found.shipment.get("import")]
    codes = [code.strip().upper() for code in route if isinstance(code, str) and code.strip()]
    context = {
        "batch": batch,
        "tab": "rows",
        "found": found,
        "d": found.decision,
        "panel": shown,
        "changes_unknown": changes_unknown,
        "told": told,
        "route": codes if found.complete else [],
        "route_states": "-".join(codes) if found.complete and all(code in book.states for code in codes) else "",
        "declared": [(label(name, book), name, said(name, value, book)) for name, value in _declared(found)],
        "check_url": permalink(found.shipment) if found.complete else "",
        "analyse_url": _analyse_url(batch, found) if found.complete else "",
        "before": before,
        "after": after,
        "filter": chosen,
        "other_book": _other_book(batch, book),
        "boundary_note": _(BOUNDARY_NOTE),
    }
    return _private(render(request, "batch/row.html", context))


def _analyse_url(batch: Batch, found: Found) -> str:
    """Where a laboratory is asked about a row; the row is named as the batch names it."""
    source = _("%(batch)s, row %(number)s") % {"batch": batch.name, "number": found.row}
    return f"{reverse('check:analyse')}?{to_query(found.shipment)}&{urlencode({'source': source})}"


def _told(found: Found, batch: Batch, book: Book) -> list[registers.Told]:
    """What registers answered of this row, taken from the columns beside it. A file that asked none may have a column
    of that name too: that is nobody's answer."""
    if not batch.asked_for or ANSWERS not in found.beside:
        return []
    return registers.told(json.loads(found.beside.pop(ANSWERS)), book)


def _panel(found: Found, batch: Batch, book: Book) -> tuple[Panel, str]:
    """The decision arranged for reading, and why nothing can be said of what changes soon; "" where it can."""
    decision, why = dict(found.decision), ""
    # The list is there and empty, too, where nobody asked for changes, as no batch from the pages does.
    if not decision.get("changes"):
        why, decision["changes"] = _changes(found, batch, book)
    return panel(decision, book, found.shipment), why


def _changes(found: Found, batch: Batch, book: Book) -> tuple[str, list[Any]]:
    """Why it cannot be told what changes soon for a row; or "" and what does, worked out anew."""
    unreadable = _(
        "The declaration was not kept whole or can no longer be read, so what changes soon cannot be worked out."
    )
    if not found.complete:
        return unreadable, []
    if batch.asked_for:
        return _(
            "Registers were asked, and their answers are not kept as part of the declaration, so what changes soon "
            "cannot be worked out."
        ), []
    if _other_book(batch, book):
        return _(
            "Another rulebook is in force now than the one that decided this row, so what changes soon cannot be "
            "worked out."
        ), []
    try:
        shipment = parse_shipment(found.shipment, book)
    except Reject:
        # kept by an installation that read it otherwise; the decision stands as it was made
        return unreadable, []
    return "", decide(shipment, book, changes=True)["changes"]


def _transit(shipment: dict[str, Any]) -> Iterator[str]:
    for stop in shipment.get("transit") or ():
        yield str(stop.get("state", "")) if isinstance(stop, dict) else str(stop)


def _declared(found: Found) -> Iterator[tuple[str, str]]:
    """What was declared, field by field as a table has it, then what was passed through."""
    from tidegate.formats import flatten

    order = {name: n for n, name in enumerate(_FIRST)}
    flat = flatten(found.shipment)
    yield from sorted(flat.items(), key=lambda item: (order.get(item[0].partition(".")[0], len(order)), item[0]))
    yield from found.beside.items()


_FIRST = (
    "id consignment date events export transit import origin hs hs_edition description material polymers "
    "contamination_pct operation waste hazardous halogenated annex_i annex_iii consumer declared_entry net_kg gross_kg "
    "value currency consignor consignee facility containers documents"
).split()


# ── rejects, files, pictures ───────────────────────────────────────────────────────────────────────────────


@require_safe
def rejects(request: HttpRequest, token: str) -> HttpResponseBase:
    """The rows that could not be read: where, which field, which value, and what was expected."""
    batch = _done(request, token)
    figures = results.summary(batch)
    field = request.GET.get("field", "").strip()[:200]
    found = results.reject_rows(batch, field)
    book = current_book()
    page = _page(request, found)
    for record in page.object_list:
        record["label"] = label(record["field"] or "", book)
        record["expected"] = words.book_text(record["expected"])
    context = {
        "batch": batch,
        "tab": "rejects",
        "field": field,
        "fields": [(name, label(name, book), n) for name, n in results.sorted_counts(figures["reject_fields"])],
        "page": page,
        "count": found.count(),
        "query": f"field={field}&" if field else "",
        "many": len(batch.files) > 1,
    }
    return _private(render(request, "batch/rejects.html", context))


@require_safe
def consignments(request: HttpRequest, token: str) -> HttpResponseBase:
    """The consignments of a batch, each with the strictest outcome of its lines."""
    batch = _done(request, token)
    figures = results.summary(batch).get("consignment_outcomes", {})
    outcome = request.GET.get("outcome", "").strip()[:200]
    there = store.consignments(batch).exists()  # a result of an earlier version has no such table
    context: dict[str, Any] = {"batch": batch, "tab": "consignments", "there": there, "outcome": outcome}
    if there:
        found = results.consignment_rows(batch, outcome)
        page = _page(request, found)
        for one in page.object_list:
            one["settled"] = one["clear"] - one["clear_to_verify"]
        context |= {
            "choices": [(name, words.tone(name, True).word, n) for name in STRICTEST if (n := figures.get(name))],
            "page": page,
            "count": found.count(),
            "total": results.consignment_rows(batch).count(),
            "query": f"outcome={outcome}&" if outcome in STRICTEST else "",
            "xlsx_rows": conf.xlsx_rows(),
        }
    return _private(render(request, "batch/consignments.html", context))


@require_safe
def downloads(request: HttpRequest, token: str) -> HttpResponseBase:
    """What can be taken away."""
    batch = _done(request, token)
    context = {
        "batch": batch,
        "tab": "downloads",
        "xlsx_rows": conf.xlsx_rows(),
        "size": store.decisions(batch).stat().st_size,
        "consignments": results.consignment_rows(batch).count() if store.consignments(batch).exists() else 0,
    }
    return _private(render(request, "batch/downloads.html", context))


@require_safe
def download(request: HttpRequest, token: str, what: str) -> HttpResponseBase:
    """One file of a result: ``decisions.csv`` and its kin (narrowed by the filter of the address), the rejects as JSON
    Lines, ``consignments.csv`` and its kin (whole), the counts as JSON."""
    batch = _done(request, token)
    stem = slugify(batch.name.rpartition(".")[0] or batch.name) or "batch"
    chosen = Filter.read(request.GET)
    kind, _dot, suffix = what.partition(".")
    response: HttpResponseBase
    if what == "summary.json":
        response = HttpResponse(as_json(results.summary(batch)), content_type="application/json")
    elif what == "rejects.jsonl":
        path = store.rejects_lines(batch)
        body = path.open("rb") if path.exists() else iter((b"",))
        response = FileResponse(body) if path.exists() else HttpResponse(b"")
        response["Content-Type"] = files.FORMATS["jsonl"]
    elif kind == "consignments" and suffix in files.FORMATS and store.consignments(batch).exists():
        if suffix == "xlsx" and results.consignment_rows(batch).count() > conf.xlsx_rows():
            return redirect("batch:downloads", token=token)
        response = FileResponse(files.consignments(batch, suffix), content_type=files.FORMATS[suffix])
    elif kind == "decisions" and suffix == "parquet":
        if chosen:
            raise Http404(_("Parquet is sent whole; take part of a result as CSV, JSON Lines or a workbook."))
        response = FileResponse(store.decisions(batch).open("rb"), content_type=files.FORMATS[suffix])
    elif kind == "decisions" and suffix in ("csv", "jsonl"):
        lines = files.csv_lines(batch, chosen) if suffix == "csv" else files.json_lines(batch, chosen)
        response = StreamingHttpResponse(lines, content_type=files.FORMATS[suffix])
    elif kind == "decisions" and suffix == "xlsx":
        if Rows(batch, chosen).count() > conf.xlsx_rows():
            return redirect("batch:downloads", token=token)
        response = FileResponse(files.workbook(batch, chosen), content_type=files.FORMATS[suffix])
    else:
        raise Http404(_("There is no such file."))
    part = "-part" if chosen and kind == "decisions" else ""
    response["Content-Disposition"] = f'attachment; filename="{stem}-{kind}{part}.{suffix}"'
    return _private(response)


@require_safe
def picture(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """A chart or the map of flows as SVG, in light or dark. A result does not change, so a browser may keep it."""
    batch = _done(request, token)
    if name not in overview.PICTURES:
        raise Http404(name)
    theme: Theme = "dark" if request.GET.get("theme") == "dark" else "light"
    drawn = overview.picture(batch, name, theme, current_book(), narrow=request.GET.get("size") == "narrow")
    response = HttpResponse(drawn, content_type="image/svg+xml")
    patch_cache_control(response, private=True, max_age=86400)
    # The picture carries its own colours in a <style>; it is drawn here and holds no script.
    return csp_update(response, style_src=["'unsafe-inline'"])
