"""Pictures of the law, drawn on the server: a State's rules over time, and the States' limits side by side."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from django.http import HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext as _

from tidegate.law import Book, Rule
from tidegate.law.standards import FIGURES, Standard
from tidegate.law.timeline import spans
from tidegate.paper.palette import Theme
from tidegate.parties.figures import signs
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words as shared
from tidegate.web.lawpages import words

# Figures that a chart shows, and in which unit.
CHARTED = tuple(FIGURES)
# Pixels that the bars of a timeline take beside the names of the rules: of a phone's width the names take half.
WIDE, NARROW = 540, 170
# The same for the standards, whose names are those of States.
STANDARDS_WIDE, STANDARDS_NARROW = 600, 200


def timeline_rules(book: Book, *, state: str | None = None, layer: str | None = None) -> list[Rule]:
    """The rules of a picture from top to bottom: those that began first on top."""
    return [span.rule for span in spans(book, state=state, layer=layer)]


def timeline_svg(state: str | None, layer: str | None, theme: Theme, today: date, *, narrow: bool = False) -> str:
    """The timeline of a State or of a body of law, in the reader's language; `narrow` for a phone."""
    width = NARROW if narrow else WIDE
    return _timeline(current_book().hash, state, layer, theme, today, get_language() or "en", width)


@lru_cache(maxsize=256)
def _timeline(
    digest: str, state: str | None, layer: str | None, theme: Theme, today: date, language: str, width: int
) -> str:
    from tidegate.paper.charts import chart_svg

    book = current_book()
    rules = timeline_rules(book, state=state, layer=layer)
    name = shared.state_name(state, book.states) if state else str(shared.LAYERS.get(layer or "", layer))
    return chart_svg(
        "state_timeline",
        [
            {"rule": r.id, "start": r.valid_from, "end": r.valid_to, "status": r.status, "kind": _group(r)}
            for r in rules
        ],
        title=_("%(name)s: the rules over time") % {"name": name},
        description=_("One bar for each of %(count)s rules; the table below gives the same days.")
        % {"count": len(rules)},
        theme=theme,
        translate=gettext,
        signs=signs(),
        width=width,
        today=today,
    )


def _group(rule: Rule) -> str:
    """The kind that gives a bar its colour; a treaty's rule has that of the control it brings."""
    if rule.kind != "regime":
        return rule.kind
    return {"prohibited": "prohibition", "pic_required": "pic"}.get(rule.regime or "", "exemption")


def standards_svg(rows: tuple[tuple[str, str, str], ...], theme: Theme, *, narrow: bool = False) -> str:
    """Limits side by side. `rows`: (State as shown, column, figure as text). `narrow`: for a telephone, where the
    letters of the wide picture could not be read."""
    return _standards(rows, theme, get_language() or "en", STANDARDS_NARROW if narrow else STANDARDS_WIDE)


@lru_cache(maxsize=64)
def _standards(rows: tuple[tuple[str, str, str], ...], theme: Theme, language: str, width: int) -> str:
    from tidegate.paper.charts import chart_svg

    return chart_svg(
        "standards",
        [{"state": s, "limit": str(words.COLUMNS[c]), "value": float(v), "unit": "%"} for s, c, v in rows],
        title=_("The States' limits side by side"),
        description=_("The strictest figure of each State, in % of mass; the table below gives every figure."),
        theme=theme,
        translate=gettext,
        signs=signs(),
        width=width,
    )


def figures(found: list[Standard]) -> tuple[tuple[str, str, str], ...]:
    """What the chart of standards shows: binding figures only, column by column."""
    out = []
    for column in CHARTED:
        for standard in found:
            figure = standard.figure(column)
            if standard.binding and figure is not None:
                out.append((shared.book_text(standard.name), column, format(figure.normalize(), "f")))
    return tuple(out)


def svg_answer(drawing: str) -> HttpResponse:
    """A picture as an answer that a browser may keep for an hour."""
    response = HttpResponse(drawing, content_type="image/svg+xml; charset=utf-8")
    patch_cache_control(response, private=True, max_age=3600)
    return response


def theme_of(value: str | None) -> Theme:
    """`dark` or `light`, from an address."""
    return "dark" if value == "dark" else "light"
