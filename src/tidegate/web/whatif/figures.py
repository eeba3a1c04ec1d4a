"""What came of a run, arranged for reading: from which outcome to which, by State, and the pictures of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language, gettext, gettext_lazy
from django.utils.translation import gettext as _

from tidegate.law import Book, regional
from tidegate.law.standards import FIGURES, standards
from tidegate.paper.palette import Theme
from tidegate.parties.figures import signs
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words
from tidegate.web.lawpages import phrases
from tidegate.web.lawpages.asked import today
from tidegate.web.lawpages.limits import figure
from tidegate.web.lawpages.words import COLUMNS
from tidegate.web.whatif.models import WhatIf

PICTURES = ("by_import", "by_export")
STATES_DRAWN = 12
BARS = {
    "polymer_mix": gettext_lazy("One polymer, or PE, PP and PET together"),
    "hazardous": gettext_lazy("No hazardous content"),
    "food_residue": gettext_lazy("No food residue"),
}
Moves = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Line:
    """Shipments of one State, or of all, that go from one outcome to another. `first`: the State's first line, which
    names it, with `total` over all its lines; `span` is how many there are."""

    name: str
    before: str
    after: str
    count: int
    total: int
    span: int
    first: bool


def lines(table: Mapping[str, Moves], book: Book) -> list[Line]:
    """A table of States (or layers) as lines, the State with most changes first."""
    out = []
    for place, moves in _largest(table):
        name = str(words.LAYERS.get(place) or words.state_name(place, book.states))
        total = _total(moves)
        out += [
            Line(name, move["before"], move["after"], move["shipments"], total, len(moves), not number)
            for number, move in enumerate(moves)
        ]
    return out


def _largest(table: Mapping[str, Moves]) -> list[tuple[str, Moves]]:
    return sorted(table.items(), key=lambda item: (-_total(item[1]), item[0]))


def _total(moves: Moves) -> int:
    return sum(move["shipments"] for move in moves)


def asked(limits: regional.Limits) -> list[str]:
    """The limits of a standard in words."""
    said = [f"{COLUMNS[name]}: {figure(limits.figures[name], name)}" for name in FIGURES if name in limits.figures]
    return [*said, *(str(BARS[name]) for name in limits.bars)]


def held_today(book: Book) -> dict[str, str]:
    """The limits that the eight States have today, by figure: `2 %: Malaysia, Viet Nam`."""
    found = [s for s in standards(book, today(), states=[regional.GROUP], proposals=False) if s.binding]
    out = {}
    for name in FIGURES:
        held: dict[Any, list[str]] = {}
        for standard in found:
            value = standard.figure(name)
            if value is not None:
                held.setdefault(value, []).append(words.book_text(standard.name))
        said = [f"{phrases.number(value)}\u202f% {', '.join(held[value])}" for value in sorted(held)]
        out[name] = "; ".join(said)
    return out


def picture(run: WhatIf, name: str, theme: Theme, *, narrow: bool = False) -> str:
    """Bars: shipments whose outcome changes, by State and the outcome that they would have."""
    table = (run.figures or {}).get(name, {})
    rows = tuple(
        (place, move["after"], move["shipments"]) for place, moves in _largest(table)[:STATES_DRAWN] for move in moves
    )
    return _picture(rows, name, theme, get_language() or "en", current_book().label, 200 if narrow else 400)


@lru_cache(maxsize=128)
def _picture(
    rows: tuple[tuple[str, str, int], ...], name: str, theme: Theme, language: str, label: str, width: int
) -> str:
    from tidegate.paper import chart_svg

    titles = {
        "by_import": _("Shipments whose outcome changes, by State of import and the outcome they would have"),
        "by_export": _("Shipments whose outcome changes, by State of export and the outcome they would have"),
    }
    states = current_book().states
    return chart_svg(
        "outcomes_by_state",
        [{"state": words.state_name(code, states), "outcome": outcome, "count": n} for code, outcome, n in rows],
        title=titles[name],
        description=_("The same figures stand in the table beside the chart."),
        theme=theme,
        translate=gettext,
        signs=signs(),
        width=width,
    )
