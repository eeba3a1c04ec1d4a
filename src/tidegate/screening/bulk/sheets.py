"""Decisions of sets put together from parts that many sets share.

A set is its classification and the results of its layers. What each of these adds to a decision (a layer, its reasons,
the papers lacking, the questions of these layers) is made, and written as JSON, once; a decision is then these parts
side by side. It equals what `assemble` gives and `json.dumps` writes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tidegate.law.records import CONFIDENCES, Book
from tidegate.screening.decision import alerts, layer_dict, questions, reason, verifications

if TYPE_CHECKING:
    from tidegate.screening.bulk.session import SetRecord
    from tidegate.screening.classify import Classification
    from tidegate.screening.decision import Route
    from tidegate.screening.evaluate import LayerResult

Part = tuple[list[dict[str, Any]], str]  # entries of one list of a decision, and their JSON joined by commas
NOTHING: Part = ([], "")
MOST_KEPT = 10_000


def compact(value: Any) -> str:
    """JSON as decisions are written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def written(items: list[dict[str, Any]]) -> Part:
    """Entries of a list with their JSON."""
    return items, compact(items)[1:-1]


def joined(parts: Sequence[Part]) -> Part:
    """Parts one after the other."""
    kept = [part for part in parts if part[1]]
    if len(kept) < 2:
        return kept[0] if kept else NOTHING
    return [item for part in kept for item in part[0]], ",".join([part[1] for part in kept])


@dataclass(slots=True)
class Page:
    """What the results of some layers add to a decision whatever the other layers say.

    `lacking`: the papers, None where they are named by their place on the route. `asks`, `checks`, `warns`: those of
    its layers with questions, with something to verify, with alerts.
    """

    layers: Part
    reasons: Part
    lacking: Part | None
    asks: tuple[int, ...]
    hangs: bool
    checks: tuple[int, ...]
    placed: bool
    warns: tuple[int, ...]
    rank: int


class Sheets:
    """The decisions of the sets of a session, by the results of its layers (`results`, `intl`) and its `classes`."""

    def __init__(
        self,
        book: Book,
        classes: list[Classification],
        results: list[LayerResult],
        intl: list[tuple[tuple[int, ...], str | None]],
    ):
        self.book, self.classes, self.results, self.intl = book, classes, results, intl
        self._treaties: dict[int, Page] = {}
        self._pages: dict[int, Page] = {}
        self._kept: dict[Any, Part] = {}
        self._starts: dict[Any, tuple[dict[str, Any], str]] = {}
        self._ends = [f'"changes":[],"confidence":"{c}","rulebook":{compact(book.label)}}}' for c in CONFIDENCES]

    def of(self, record: SetRecord, head: tuple[str, str | None, str | None]) -> tuple[dict[str, Any], str]:
        """(the decision without id, its JSON without the opening brace). The parts of the decision are shared."""
        route, cls = record.route, self.classes[record.cls]
        treaties = self._treaties.get(record.layers[0])
        if treaties is None:
            treaties = self._treaties[record.layers[0]] = self._page(self.intl[record.layers[0]][0])
        national = record.layers[1:]
        if len(set(route.transit)) < len(route.transit):
            pages = [treaties, self._page(national)]  # a State's reasons are given once
        else:
            pages = [treaties, *[self._pages.get(n) or self._new(n) for n in national]]
        # as `assemble`: the entry is asked for while it, the regime or a layer hangs on it
        asked = head[2] is None or not cls.decided or any(page.hangs for page in pages)
        asking = tuple([n for page in pages for n in page.asks])
        checks = tuple([n for page in pages for n in page.checks])
        warned = tuple([n for page in pages for n in page.warns])
        declared = route.declared_entry
        parts: dict[str, Part] = {
            "layers": joined([page.layers for page in pages]),
            "reasons": joined([page.reasons for page in pages]),
            "missing": self._lacking(record, pages),
            "questions": self._part(
                ("questions", record.cls if asked else -1, asking),
                lambda: questions(self.book, cls, self._of(asking), asked),
            ),
            "verify": self._part(
                ("verify", checks, self._places(route) if any(page.placed for page in pages) else None),
                lambda: verifications(route, self.book, self._of(checks)),
            ),
            "alerts": self._part(
                ("alerts", declared and record.cls, declared, warned),
                lambda: alerts(route, self.book, cls, self._of(warned)),
            ),
        }
        rank = min([page.rank for page in pages])
        start, text = self._start(record.cls, head)
        body: dict[str, Any] = {
            **start,
            **{name: part[0] for name, part in parts.items()},
            "changes": [],
            "confidence": CONFIDENCES[rank],
            "rulebook": self.book.label,
        }
        lists = "".join([f'"{name}":[{part[1]}],' for name, part in parts.items()])
        return body, f"{text},{lists}{self._ends[rank]}"

    def _start(self, number: int, head: tuple[str, str | None, str | None]) -> tuple[dict[str, Any], str]:
        found = self._starts.get((number, head))
        if found is None:
            cls = self.classes[number]
            start = {
                "outcome": head[0],
                "entry": head[1],
                "entry_candidates": [e for e in cls.entries if e is not None or len(cls.entries) > 1],
                "eu_entry": cls.eu_entry,
                "regime": head[2],
            }
            found = self._starts[number, head] = start, compact(start)[1:-1]
        return found

    def _of(self, numbers: Sequence[int]) -> list[LayerResult]:
        return [self.results[n] for n in numbers]

    def _new(self, number: int) -> Page:
        page = self._pages[number] = self._page((number,))
        return page

    def _page(self, numbers: Sequence[int]) -> Page:
        layers = self._of(numbers)
        effects: dict[str, str] = {}
        for layer in layers:
            for rule_id, effect in layer.reasons:
                effects.setdefault(rule_id, effect)
        shown = [
            layer_dict(layer)
            for layer in layers
            if layer.international or layer.rules or layer.name.startswith("national:")
        ]
        lacking = [
            {"rule": rule, "documents": list(kinds), "why": why}
            for layer in layers
            for rule, kinds, why in layer.missing
        ]
        by_place = any("@" in kind for entry in lacking for kind in entry["documents"])
        ranks = [CONFIDENCES.index(self.book.rules[r].confidence) for layer in layers for r in layer.binding]
        return Page(
            written(shown),
            written([reason(self.book, rule_id, effect) for rule_id, effect in effects.items()]),
            None if by_place else written(lacking),
            tuple(n for n in numbers if self.results[n].questions or self.results[n].entry_rules),
            any(layer.entry_rules for layer in layers),
            tuple(n for n in numbers if self.results[n].verify),
            any("@" in name for layer in layers for name in layer.verify),
            tuple(n for n in numbers if self.results[n].alerts),
            min(ranks, default=CONFIDENCES.index("high")),
        )

    def _lacking(self, record: SetRecord, pages: Sequence[Page]) -> Part:
        parts = [page.lacking for page in pages if page.lacking is not None]
        if len(parts) == len(pages):
            return joined(parts)
        route = record.route
        numbers = (*self.intl[record.layers[0]][0], *record.layers[1:])
        return self._part(
            ("missing", tuple([n for n in numbers if self.results[n].missing]), self._places(route)),
            lambda: [
                {"rule": rule, "documents": [route.fill(k) for k in kinds], "why": why}
                for layer in self._of(numbers)
                for rule, kinds, why in layer.missing
            ],
        )

    @staticmethod
    def _places(route: Route) -> tuple[Any, ...]:
        return route.export, route.import_, route.transit

    def _part(self, key: Any, make: Callable[[], list[dict[str, Any]]]) -> Part:
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = written(make())
        return found
