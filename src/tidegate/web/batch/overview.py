"""The figures of a result: tiles, tables beside charts, and the pictures themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext as _

from tidegate.batch.summary import parted
from tidegate.law import Book
from tidegate.paper.palette import MAP_CSS, Theme, css_variables
from tidegate.parties.figures import signs
from tidegate.parties.rulebook import book as current_book
from tidegate.web import words
from tidegate.web.batch import results, store
from tidegate.web.batch.models import Batch
from tidegate.web.check.panel import document_about

STATES_DRAWN = 12
RULES_DRAWN = 12
MONTHS_DRAWN = 36
FLOWS_DRAWN = 30
PICTURES = ("outcomes", "imports", "exports", "months", "rules", "flows", "flows-prohibited")
FILTERS = {"clear_to_verify": "verify", "clear": "settled"}  # class of outcome → what the rows are filtered by
Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Tile:
    """One outcome: how many rows, what share, and where they are listed. `x`, `width`: its part of a bar of 1000."""

    tone: words.Tone
    count: int
    share: float
    query: str
    x: float
    width: float


@dataclass(frozen=True)
class Row:
    """A line of a table: what is counted, in how many rows in all, and by outcome where that is known."""

    key: str
    label: str
    text: str
    total: int
    query: str
    counts: tuple[tuple[str, int, str], ...] = ()
    labels: tuple[Any, ...] = ()
    share: float = 0

    @property
    def permille(self) -> float:
        """The share as a length in a drawing 1000 wide."""
        return 1000 * self.share


@dataclass(frozen=True)
class Overview:
    """All that the result page shows besides the rows."""

    tiles: tuple[Tile, ...]
    consignments: tuple[Tile, ...]
    consignments_cut: bool
    imports: tuple[Row, ...]
    exports: tuple[Row, ...]
    entries: tuple[Row, ...]
    months: tuple[Row, ...]
    rules: tuple[Row, ...]
    prohibiting: tuple[Row, ...]
    papers: tuple[Row, ...]
    questions: tuple[Row, ...]
    flows: tuple[Row, ...]
    reject_fields: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    months_left_out: int


def overview(batch: Batch, figures: Figures, book: Book) -> Overview:
    """Arranges the counts of a result."""
    decided = max(1, batch.decided)
    rules = results.sorted_counts(figures["rules"])
    return Overview(
        tiles=_tiles(figures["outcomes"], batch.checks),
        consignments=_tiles(figures.get("consignment_outcomes", {}), None),
        consignments_cut=bool(figures.get("consignments_cut")),
        imports=_by_outcome(figures, "imports", "to", lambda code: words.state_name(code, book.states)),
        exports=_by_outcome(figures, "exports", "of", lambda code: words.state_name(code, book.states)),
        entries=_by_outcome(figures, "entries", "entry", lambda entry: entry_label(entry), book),
        months=tuple(
            sorted(_by_outcome(figures, "months", "month", lambda m: m), key=lambda row: row.key, reverse=True)
        ),
        rules=tuple(_rule(rule, count, decided, book) for rule, count in rules),
        prohibiting=tuple(
            _rule(rule, count, decided, book, "prohibits")
            for rule, count in results.sorted_counts(figures["prohibiting"])
        ),
        papers=tuple(
            Row(kind, paper_label(kind, book), kind, count, _query(paper=kind), share=count / decided)
            for kind, count in results.sorted_counts(figures["missing"])
        ),
        questions=tuple(
            Row(fact, question_label(fact, book), fact, count, _query(question=fact), share=count / decided)
            for fact, count in results.sorted_counts(figures["questions"])
        ),
        flows=tuple(
            Row(
                pair,
                " → ".join(words.state_name(code, book.states) for code in pair.split(">")),
                "",
                sum(counts.values()),
                _query(of=pair.partition(">")[0], to=pair.partition(">")[2]),
                _cells(_parted(figures, "flows", pair), of=pair.partition(">")[0], to=pair.partition(">")[2]),
            )
            for pair, counts in _largest(figures["flows"])[:FLOWS_DRAWN]
        ),
        reject_fields=tuple(results.sorted_counts(figures["reject_fields"])),
        notes=tuple(figures.get("notes", ())),
        months_left_out=max(0, len(figures["months"]) - MONTHS_DRAWN),
    )


def entry_label(entry: str) -> str:
    """A Basel entry; `open` is what the facts leave open."""
    return _("not settled") if entry == "open" else entry


def paper_label(kind: str, book: Book) -> str:
    """The name of a paper, or of a choice of papers written ``A/B``."""
    return f" {_('or')} ".join(document_about(part, book)[0] for part in kind.split("/"))


def question_label(fact: str, book: Book) -> str:
    """The question that a fact answers, with the layer that asks where it is scoped."""
    scope, _dot, name = fact.rpartition(".")
    found = book.facts.get(name or fact)
    text = words.book_text(found.label) if found else fact
    if not scope:
        return text
    return f"{words.layer_label(f'national:{scope}', book.states)}: {text}"


def _tiles(outcomes: Mapping[str, int], checks: int | None) -> tuple[Tile, ...]:
    """The outcomes, strictest first; what is clear is parted by whether something is left to check, where that is
    known, for only what has nothing left may look green."""
    clear = outcomes.get("clear", 0)
    parts = [(words.TONES[name], outcomes.get(name, 0), name) for name in ("prohibited", "undetermined", "needs")]
    if checks is None:
        parts.append((words.TONES["verify"], clear, "clear"))
    else:
        parts += [(words.TONES["verify"], checks, "verify"), (words.TONES["clear"], clear - checks, "settled")]
    total = sum(count for _tone, count, _name in parts)
    tiles = []
    x = 0.0
    for tone, count, name in parts:
        width = 1000 * count / total if total else 0
        tiles.append(Tile(tone, count, count / total if total else 0, _query(outcome=name), x, max(0, width - 3)))
        x += width
    return tuple(tiles)


def _largest(table: Mapping[str, Mapping[str, int]]) -> list[tuple[str, Mapping[str, int]]]:
    return sorted(table.items(), key=lambda item: (-sum(item[1].values()), item[0]))


def _parted(figures: Figures, table: str, key: str) -> dict[str, int]:
    """A line of a table by class of outcome: what is clear, by whether something is left to check."""
    left = figures.get("clear_to_verify_by")  # a summary of an earlier version has none
    return parted(figures[table][key], None if left is None else left.get(table, {}).get(key, 0))


def _by_outcome(figures: Figures, table: str, name: str, label: Any, book: Book | None = None) -> tuple[Row, ...]:
    rows = []
    for key, counts in _largest(figures[table]):
        about = book.entries.get(key) if book else None
        rows.append(
            Row(
                key,
                str(label(key)),
                words.book_text(about.text) if about else "",
                sum(counts.values()),
                _query(**{name: key}),
                _cells(_parted(figures, table, key), **{name: key}),
            )
        )
    return tuple(rows)


def _cells(counts: Mapping[str, int], **chosen: str) -> tuple[tuple[str, int, str], ...]:
    return tuple((name, count, _query(outcome=FILTERS.get(name, name), **chosen)) for name, count in counts.items())


def _rule(rule: str, count: int, decided: int, book: Book, name: str = "rule") -> Row:
    record = book.rules.get(rule)
    return Row(
        rule,
        rule,
        words.book_text(record.text) if record else "",
        count,
        _query(**{name: rule}),
        labels=tuple(words.confidence_labels(record.confidence, record.dates)) if record else (),
        share=count / decided,
    )


def _query(**chosen: str) -> str:
    return urlencode({name: value for name, value in chosen.items() if value})


# ── pictures ───────────────────────────────────────────────────────────────────────────────────────────────


def picture(batch: Batch, name: str, theme: Theme, book: Book, *, narrow: bool = False) -> str:
    """One of `PICTURES` of a result as SVG, `narrow` for a phone. What was drawn is kept: a result does not change."""
    return _picture(store.summary(batch), name, theme, get_language() or "en", book.label, narrow)


@lru_cache(maxsize=256)
def _picture(path: Path, name: str, theme: Theme, language: str, label: str, narrow: bool) -> str:
    figures = json.loads(path.read_text(encoding="utf-8"))
    if not name.startswith("flows"):
        return _chart(figures, name, theme, current_book(), 200 if narrow else 400)
    drawn = _flows(figures, name, current_book(), (480, 420) if narrow else (1180, 520))
    style = f"<style>:root{{{css_variables(theme)}}}{MAP_CSS}</style>"
    head, tag, rest = drawn.partition(">")
    return f"{head}{tag}{style}{rest}"


def _flows(figures: Figures, name: str, book: Book, size: tuple[int, int]) -> str:
    from tidegate.paper import flow_svg

    only = "prohibited" if name == "flows-prohibited" else None
    flows = []
    for pair, counts in figures["flows"].items():
        export, _sign, to = pair.partition(">")
        count = counts.get(only, 0) if only else sum(counts.values())
        flows.append((export, to, float(count)))
    codes = {code for export, to, _count in flows for code in (export, to)}
    return flow_svg(
        flows,
        title=_("Prohibited lines between States") if only else _("Lines between States"),
        unit=_("lines"),
        top=FLOWS_DRAWN,
        translate=gettext,
        signs=signs(),
        names={code: words.state_name(code, book.states) for code in codes if code in book.states},
        width=size[0],
        height=size[1],
    )


def _chart(figures: Figures, name: str, theme: Theme, book: Book, width: int) -> str:
    from tidegate.paper import chart_svg

    titles = {
        "outcomes": ("outcomes", _("Rows by outcome")),
        "imports": ("outcomes_by_state", _("Rows by State of import and outcome")),
        "exports": ("outcomes_by_state", _("Rows by State of export and outcome")),
        "months": ("outcomes_by_month", _("Rows by month and outcome")),
        "rules": ("rules_binding", _("Rules that bound most rows")),
    }
    chart, title = titles[name]
    rows: Iterable[Mapping[str, Any]]
    if name == "outcomes":
        found = parted(figures["outcomes"], figures.get("clear_to_verify"))
        rows = [{"outcome": outcome, "count": count} for outcome, count in found.items()]
    elif name in ("imports", "exports"):
        rows = [
            {"state": words.state_name(code, book.states), "outcome": outcome, "count": count}
            for code, _counts in _largest(figures[name])[:STATES_DRAWN]
            for outcome, count in _parted(figures, name, code).items()
            if count
        ]
    elif name == "months":
        rows = [
            {"month": month, "outcome": outcome, "count": count}
            for month in sorted(figures["months"])[-MONTHS_DRAWN:]
            for outcome, count in _parted(figures, "months", month).items()
            if count
        ]
    else:
        rows = [{"rule": rule, "count": count} for rule, count in results.sorted_counts(figures["rules"], RULES_DRAWN)]
    return chart_svg(
        chart,
        rows,
        title=title,
        description=_("The same figures stand in the table beside the chart."),
        theme=theme,
        translate=gettext,
        signs=signs(),
        width=width,
    )
