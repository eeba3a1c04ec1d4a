"""The annual report to the Convention, with reconciliation, and what is overdue at which authority; both as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from tidegate.movements.queries import annual, overdue
from tidegate.movements.views.acting import attachment
from tidegate.parties import times
from tidegate.parties.access import needs

HEADS = {
    "exports": ("way", "state", "transit", "basel", "y", "operation", "shipments", "kg"),
    "imports": ("way", "state", "transit", "basel", "y", "operation", "shipments", "kg"),
    "green": ("way", "state", "transit", "basel", "operation", "shipments", "kg"),
    "reconciliation": ("way", "state", "shipments", "ours", "theirs", "difference", "silent"),
    "differences": ("way", "partner", "number", "serial", "loaded_kg", "received_kg", "kg"),
}


def _year(request: HttpRequest) -> int:
    wanted = request.GET.get("year", "")
    if wanted.isdecimal() and 1989 <= int(wanted) <= 9998:
        return int(wanted)
    if wanted:
        raise Http404
    return timezone.localtime(times.now()).year


@needs("movements.report.read")
@require_safe
def report(request: HttpRequest) -> HttpResponseBase:
    """A year's tables, what the partner States say of it, and the shipments of which the figures differ."""
    actor = request.actor  # type: ignore[attr-defined]
    year = _year(request)
    known = annual.years(actor)
    context = {
        "report": annual.report(actor, year),
        "year": year,
        "years": sorted({year, *known}, reverse=True),
        "parts": list(HEADS),
    }
    return render(request, "movements/annual.html", context)


@needs("movements.report.read")
@require_safe
def download(request: HttpRequest, part: str) -> HttpResponseBase:
    """One of the tables as CSV: exports, imports, green, reconciliation, differences."""
    if part not in HEADS:
        raise Http404
    made = annual.report(request.actor, _year(request))  # type: ignore[attr-defined]
    rows: dict[str, Iterable[Any]] = {
        "exports": made.exports,
        "imports": made.imports,
        "green": made.green,
        "reconciliation": made.partners,
        "differences": made.differences,
    }
    return _csv(HEADS[part], rows[part], f"{made.state}-{made.year}-{part}.csv")


@needs(overdue.COMPARE)
@require_safe
def compare(request: HttpRequest) -> HttpResponseBase:
    """What is overdue at which authority on the route, of the cases that the State holds."""
    return render(request, "movements/overdue.html", {"rows": overdue.compared(request.actor)})  # type: ignore[attr-defined]


@needs(overdue.COMPARE)
@require_safe
def compare_csv(request: HttpRequest) -> HttpResponseBase:
    """The same as CSV."""
    actor = request.actor  # type: ignore[attr-defined]
    heads = tuple(field.name for field in fields(overdue.Overdue))
    return _csv(heads, overdue.compared(actor), f"{actor.state}-{times.now().date()}-overdue.csv")


def _csv(heads: Sequence[str], rows: Iterable[Any], name: str) -> HttpResponseBase:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads)
    for row in rows:
        cells = ["" if (value := getattr(row, head)) is None else str(value) for head in heads]
        # A cell that a spreadsheet would take for a formula is made text; a negative figure is none.
        writer.writerow([f"'{c}" if c[:1] in "=+@\t\r" or (c[:1] == "-" and not _figure(c)) else c for c in cells])
    return attachment("\ufeff" + out.getvalue(), name, "text/csv; charset=utf-8")


def _figure(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


pages = [
    path("reports/annual/", report, name="annual"),
    path("reports/overdue/", compare, name="overdue"),
    path("reports/overdue.csv", compare_csv, name="overdue-csv"),
    path("reports/annual/<slug:part>.csv", download, name="annual-csv"),
]
