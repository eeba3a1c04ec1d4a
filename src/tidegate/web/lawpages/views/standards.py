"""The States' limits side by side on a day: a table to read and to print, a chart, and a file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tidegate.formats.safety import guard
from tidegate.law import Book
from tidegate.law.records import ROLES
from tidegate.law.standards import COLUMNS, FIGURES, Standard, standards
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words as shared
from tidegate.web.lawpages import charts, words
from tidegate.web.lawpages.asked import Asked, today
from tidegate.web.lawpages.limits import Limit, limits


@dataclass(frozen=True)
class Line:
    """One State in the table: what each column says."""

    state: str
    name: str
    binding: bool
    cells: dict[str, Limit]


def _found(request: HttpRequest) -> tuple[Book, date, str, list[Standard], Asked]:
    book, asked = current_book(), Asked(request)
    day = asked.on()
    role = asked.choice("role", ROLES, "import")
    return book, day, role, standards(book, day, role=role), asked


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Limits side by side."""
    book, day, role, found, asked = _found(request)
    lines = [
        Line(
            s.state, shared.book_text(s.name), s.binding, {limit.column: limit for limit in limits(s, book, every=True)}
        )
        for s in found
    ]
    quality = [c for c in COLUMNS if c not in ("documents", "prohibitions")]
    shown = [c for c in quality if any(c in line.cells for line in lines)]
    limited = [line for line in lines if any(c in line.cells for c in shown)]
    told = {line.state for line in limited}
    context = {
        "day": day,
        "is_today": day == today(),
        "role": role,
        "roles": [(r, str(words.ROLE_TITLES[r])) for r in ("import", "transit", "export")],
        "complaints": asked.complaints,
        "columns": [(c, str(words.COLUMNS[c])) for c in shown],
        "lines": limited,
        "without": sorted({(line.state, line.name) for line in lines if line.state not in told}, key=lambda s: s[1]),
        "charted": bool(charts.figures(found)),
        "query": f"on={day.isoformat()}&role={role}",
    }
    return render(request, "lawpages/standards.html", context)


@require_safe
def chart(request: HttpRequest) -> HttpResponse:
    """The figures as a picture."""
    _book, _day, _role, found, _asked = _found(request)
    narrow = request.GET.get("size") == "narrow"
    return charts.svg_answer(
        charts.standards_svg(charts.figures(found), charts.theme_of(request.GET.get("theme")), narrow=narrow)
    )


@require_safe
def table(request: HttpRequest) -> HttpResponse:
    """Every cell as a line of CSV."""
    _book, day, role, found, _asked = _found(request)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow("on role state name binding column value text where rule unchecked".split())
    for standard in found:
        for column, cells in standard.cells.items():
            for cell in cells:
                value = "" if cell.value is None or column not in FIGURES else str(cell.value)
                line = [day, role, standard.state, standard.name, "yes" if standard.binding else "no", column, value]
                line += [cell.text, cell.where, cell.rule, "yes" if cell.unchecked else "no"]
                writer.writerow([guard(str(item)) for item in line])
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="tidegate-standards-{role}-{day.isoformat()}.csv"'
    return response
