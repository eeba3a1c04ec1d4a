"""Decisions of sets put together from parts that many sets share.

A set is its classification and the results of its layers. What each of these adds to a decision (a layer, its reasons,
the papers lacking, the questions of these layers) is made, and written as JSON, once; a decision is then these parts
side by side. It equals what `assemble` gives and `json.dumps` writes of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tidegate.law.records import CONFIDENCES, Book
from tidegate.screening.decision import alerts, contradicts, layer_dict, questions, reason, verifications

if TYPE_CHECKING:
    from tidegate.screening.bulk.session import SetRecord
    from tidegate.screening.classify import Classification
    from tidegate.screening.decision import Route
    from tidegate.screening.evaluate import LayerResult

MOST_KEPT = 10_000
Reason = tuple[str, str]  # rule, effect


@dataclass(slots=True, eq=False)
class Part:
    """Entries of one list of a decision, their JSON joined by commas, and the words that a table shows of them.

    `after`: the same JSON where it comes after other entries.
    """

    items: list[dict[str, Any]]
    text: str
    words: tuple[str, ...] = ()
    after: str = ""


NOTHING = Part([], "")
LISTS = ("layers", "reasons", "missing", "questions", "verify", "alerts")
OPENINGS = (',"layers":[', *(f'],"{name}":[' for name in LISTS[1:]))
HIGHEST = CONFIDENCES.index("high")


def compact(value: Any) -> str:
    """JSON as decisions are written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def written(items: list[dict[str, Any]], named: str = "") -> Part:
    """Entries of a list with their JSON. `named`: the key whose values are the words of the list, each once."""
    found: dict[str, None] = {}
    for item in items if named else ():
        value = item[named]
        found.update(dict.fromkeys(value if isinstance(value, list) else (value,)))
    text = compact(items)[1:-1]
    return Part(items, text, tuple(found), f",{text}")


def told(words: Sequence[str]) -> str | None:
    """Words as a table shows them."""
    return ";".join(words) or None


@dataclass(slots=True)
class Line:
    """A decision as pieces of text that many decisions share, with what a table shows of it.

    `pieces`: put together, its JSON without id and opening brace. `candidates`, `eu_entry`, `confidence`: as a table
    shows them. `pages`: what its layers add, rules among it. `lacking`: papers. `asked`: facts.
    """

    pieces: list[str]
    candidates: str | None
    eu_entry: str | None
    confidence: str
    pages: list[Page]
    lacking: tuple[str, ...]
    asked: tuple[str, ...]

    @property
    def text(self) -> str:
        """The JSON."""
        return "".join(self.pieces)


@dataclass(eq=False)
class Page:
    """What the results of some layers add to a decision whatever the other layers say.

    `lacking`: the papers, None where they are named by their place on the route. `asks`, `lacks`, `checks`, `warns`:
    those of its layers with questions, with papers that are lacking, with something to verify, with alerts.
    """

    layers: Part
    reasons: Part
    lacking: Part | None
    asks: tuple[int, ...]
    hangs: bool
    lacks: tuple[int, ...]
    checks: tuple[int, ...]
    warns: tuple[int, ...]
    rank: int

    @cached_property
    def told(self) -> tuple[Reason, ...]:
        """Its reasons, as a summary counts them."""
        return tuple([(item["rule"], item["effect"]) for item in self.reasons.items])

    @cached_property
    def quiet(self) -> bool:
        """Whether nothing of it is asked, lacking, checked or warned of."""
        return not (self.asks or self.hangs or self.lacks or self.checks or self.warns)


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
        self._starts: dict[Any, tuple[dict[str, Any], str, str | None, bool]] = {}
        self._places: dict[tuple[str, tuple[int, ...]], tuple[str, ...]] = {}
        self._ends = [f'],"changes":[],"confidence":"{c}","rulebook":{compact(book.label)}}}' for c in CONFIDENCES]

    def of(self, record: SetRecord, head: tuple[str, str | None, str | None]) -> tuple[dict[str, Any], str]:
        """(the decision without id, its JSON without the opening brace). The parts of the decision are shared."""
        start, parts, line = self._made(record, head)
        body: dict[str, Any] = dict(start)
        for name, found in zip(LISTS, parts, strict=True):
            body[name] = [item for part in found for item in part.items]
        body |= {"changes": [], "confidence": line.confidence, "rulebook": self.book.label}
        return body, line.text

    def line(self, record: SetRecord, head: tuple[str, str | None, str | None]) -> Line:
        """The same decision as text alone."""
        return self._made(record, head)[2]

    def _made(
        self, record: SetRecord, head: tuple[str, str | None, str | None]
    ) -> tuple[dict[str, Any], tuple[Sequence[Part], ...], Line]:
        """The decision's beginning, the parts of each of its lists, and the whole as text."""
        route, cls = record.route, self.classes[record.cls]
        treaties = self._treaties.get(record.layers[0])
        if treaties is None:
            treaties = self._treaties[record.layers[0]] = self._page(self.intl[record.layers[0]][0])
        national = record.layers[1:]
        if len(set(route.transit)) < len(route.transit):
            pages = [treaties, self._page(national)]  # a State's reasons are given once
        else:
            pages = [treaties, *[self._pages.get(n) or self._new(n) for n in national]]
        start, text, candidates, decided = self._start(record.cls, head)
        # as `assemble`: the entry is asked for while it, the regime or a layer hangs on it
        asked = head[2] is None or not decided
        asking: tuple[int, ...] = ()
        warned: tuple[int, ...] = ()
        rank = HIGHEST
        layers: list[Part] = []
        reasons: list[Part] = []
        lacking: list[Part] = []
        checked: list[Page] = []
        for page in pages:
            if page.layers.text:
                layers.append(page.layers)
            if page.reasons.text:
                reasons.append(page.reasons)
            if page.rank < rank:
                rank = page.rank
            if page.quiet:
                continue
            asked = asked or page.hangs
            asking += page.asks
            warned += page.warns
            if page.lacks:
                lacking.append(page.lacking or self._missing(page.lacks, route))
            if page.checks:
                checked.append(page)
        asks = NOTHING
        if asked or asking:
            key = ("questions", record.cls if asked else -1, asking)
            asks = self._kept.get(key) or self._keep(key, questions(self.book, cls, self._of(asking), asked), "fact")
        verify = self._verify(checked, route) if checked else []
        alarms = self._alarms(record, warned) if warned or route.declared_entry else []
        parts = (layers, reasons, lacking, (asks,), verify, alarms)
        pieces = [text]
        for opening, found in zip(OPENINGS, parts, strict=True):
            pieces.append(opening)
            first = True
            for part in found:
                if part.text:
                    pieces.append(part.text if first else part.after)
                    first = False
        pieces.append(self._ends[rank])
        papers = tuple(dict.fromkeys([word for part in lacking for word in part.words]))
        line = Line(pieces, candidates, start["eu_entry"], CONFIDENCES[rank], pages, papers, asks.words)
        return start, parts, line

    def _start(
        self, number: int, head: tuple[str, str | None, str | None]
    ) -> tuple[dict[str, Any], str, str | None, bool]:
        """(the fields before the lists, their JSON, the open entries as a table shows them, whether one is left)."""
        found = self._starts.get((number, head))
        if found is None:
            cls = self.classes[number]
            entries = [e for e in cls.entries if e is not None or len(cls.entries) > 1]
            start = {
                "outcome": head[0],
                "entry": head[1],
                "entry_candidates": entries,
                "eu_entry": cls.eu_entry,
                "regime": head[2],
            }
            named = told([e for e in entries if e is not None])
            found = self._starts[number, head] = start, compact(start)[1:-1], named, cls.decided
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
            written([reason(self.book, rule_id, effect) for rule_id, effect in effects.items()], "rule"),
            None if by_place else written(lacking, "documents"),
            tuple(n for n in numbers if self.results[n].questions or self.results[n].entry_rules),
            any(layer.entry_rules for layer in layers),
            tuple(n for n in numbers if self.results[n].missing),
            tuple(n for n in numbers if self.results[n].verify),
            tuple(n for n in numbers if self.results[n].alerts),
            min(ranks, default=HIGHEST),
        )

    def _missing(self, numbers: tuple[int, ...], route: Route) -> Part:
        """Papers that are named by their place on the route."""
        key = ("missing", numbers, self._filled("missing", numbers, route))
        return self._kept.get(key) or self._keep(
            key,
            [
                {"rule": rule, "documents": [route.fill(k) for k in kinds], "why": why}
                for layer in self._of(numbers)
                for rule, kinds, why in layer.missing
            ],
            "documents",
        )

    def _verify(self, pages: Sequence[Page], route: Route) -> list[Part]:
        """What is to be verified: page by page, but together where two name one fact."""
        found = [self._verified(page.checks, route) for page in pages]
        if len(found) > 1 and len({word for part in found for word in part.words}) < sum(len(p.words) for p in found):
            return [self._verified(tuple([n for page in pages for n in page.checks]), route)]
        return found

    def _verified(self, numbers: tuple[int, ...], route: Route) -> Part:
        key = ("verify", numbers, self._filled("verify", numbers, route))
        return self._kept.get(key) or self._keep(key, verifications(route, self.book, self._of(numbers)), "fact")

    def _alarms(self, record: SetRecord, warned: tuple[int, ...]) -> list[Part]:
        """The alerts of layers, and that of papers which contradict the content."""
        cls, declared, found = self.classes[record.cls], record.route.declared_entry, []
        if warned:
            key: Any = ("alerts", warned)
            quiet = replace(record.route, declared_entry=None)
            found.append(self._kept.get(key) or self._keep(key, alerts(quiet, self.book, cls, self._of(warned))))
        if declared and contradicts(declared, cls):
            key = ("declared", declared, record.cls)
            found.append(self._kept.get(key) or self._keep(key, alerts(record.route, self.book, cls, ())))
        return found

    def _filled(self, what: str, numbers: tuple[int, ...], route: Route) -> tuple[str, ...]:
        """What a route makes of the names by place (`CONSENT:@import`) in some results: all that they turn on."""
        named = self._places.get((what, numbers))
        if named is None:
            layers = self._of(numbers)
            names = (
                [fact for layer in layers for fact in layer.verify]
                if what == "verify"
                else [kind for layer in layers for _, kinds, _ in layer.missing for kind in kinds]
            )
            named = self._places[what, numbers] = tuple(dict.fromkeys(name for name in names if "@" in name))
        return tuple([route.fill(name) for name in named])

    def _keep(self, key: Any, items: list[dict[str, Any]], named: str = "") -> Part:
        """A part that other decisions may share."""
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        found = self._kept[key] = written(items, named)
        return found
