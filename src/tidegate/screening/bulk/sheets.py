"""Decisions of sets put together from parts that many sets share.

A set is its classification and the results of its layers. What each of these adds to a decision (a layer, its reasons,
the papers lacking, the questions of these layers) is made, and written as JSON, once, and is a number from then on. The
decisions of many sets are then rows of such numbers. They equal what `assemble` gives and `json.dumps` writes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.law.records import CONFIDENCES, Book
from tidegate.screening.bulk.keys import Codes, Interner, Memo, Records
from tidegate.screening.bulk.sets import ABSENT, COLUMNS, Sets
from tidegate.screening.classify import Classification
from tidegate.screening.decision import Route, alerts, lacking, layer_dict, questions, reason, verifications
from tidegate.screening.evaluate import LayerResult

Numbers32 = npt.NDArray[np.int32]
Head = tuple[str, str | None, str | None]  # outcome, entry, regime
Reason = tuple[str, str]  # rule, effect
LISTS = ("reasons", "missing", "questions", "verify", "alerts")  # after the first, `layers`
# words that come from what a set's layers say; of these a table shows all but the last
WORDS = ("entry_candidates", "eu_entry", "confidence", "missing_documents", "question_facts", "verify_facts")
HIGHEST = CONFIDENCES.index("high")
# what of a route a name by its place turns on (`CONSENT:@import`)
EXPORT, IMPORT, TRANSIT = 1, 2, 4


def compact(value: Any) -> str:
    """JSON as decisions are written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass(slots=True)
class Laid:
    """Decisions as numbers, a row each; 0 stands for nothing.

    `start`, `layers`, `reasons`, `lists` (LISTS after the first) and `end`: of pieces of JSON, which in this order make
    the decision without id and opening brace. `rules`: words, which make the list of its rules. `pages`: whose reasons
    it gives. `words`: by column of WORDS.
    """

    start: Numbers32
    layers: Numbers32
    reasons: Numbers32
    lists: Numbers32
    end: Numbers32
    rules: Numbers32
    pages: Numbers32
    words: dict[str, Numbers32]

    def pieces(self, between: int) -> Numbers32:
        """All of them in order. between: the piece that stands between layers and reasons."""
        parted = np.full((len(self.start), 1), between)
        parts = [self.start[:, None], self.layers, parted, self.reasons, self.lists, self.end[:, None]]
        return np.concatenate(parts, axis=1, dtype=np.int32)


class Sheets:
    """The decisions of the sets of a session, by the results of its layers (`results`, `intl`) and its `classes`.

    `pieces` and `rules`: the texts that the numbers of `Laid` mean; `words`: the words by column; `told`: the reasons
    of each page. What has no layers (a decision that is a text) is a page of its own.
    """

    # What the results of some layers add to a decision whatever the other layers say is a page. Of each is known the
    # number of: its layers and reasons as JSON and its rules as words, where they come first and where others come
    # before; the results among it with questions, with papers that lack, with something to verify, with alerts; what
    # of the route the names of papers and of things to verify turn on; whether a layer hangs on the entry; the
    # confidence.
    PAGE = ("layers", "more_layers", "reasons", "more_reasons", "rules", "more_rules", "asks", "lacks", "checks",
            "warns", "lacks_by", "checks_by", "hangs", "confidence")  # fmt: skip

    def __init__(
        self, book: Book, sets: Sets, classes: list[Classification], results: list[LayerResult],
        intl: list[tuple[tuple[int, ...], str | None]], heads: list[Head],
        states: list[str], transits: list[tuple[str, ...]], declared: list[str | None],
    ):  # fmt: skip
        self.book, self.sets, self.classes, self.results, self.intl, self.heads = (
            book, sets, classes, results, intl, heads
        )  # fmt: skip
        self.states, self.transits, self.declared = states, transits, declared
        self.pieces, self.rules = Interner(), Interner()
        self.pieces("")
        self.rules("")
        self.words = {name: Interner() for name in WORDS}
        self.told: list[tuple[Reason, ...]] = []
        self._results = Interner()  # some results together
        self._results(())
        self._pages = Records(len(self.PAGE))
        self._page_of: dict[tuple[Any, ...], int] = {}  # by results, or by reasons
        self._treaties, self._nationals = Records(1), Records(1)  # the page of each, 0 where it is not made
        self._twice = Records(1)  # of each route through States whether one of them comes twice
        self._parts: list[tuple[str, tuple[str, ...]]] = [("", ())]  # entries as JSON, and the words of them
        self._part_of: dict[Any, int] = {}
        self._starts, self._lists = Memo(4), {name: Memo(2) for name in LISTS[1:]}
        self._placed = {name: Memo(1) for name in ("missing", "verify")}
        self._page(())  # the blank page
        label = compact(book.label)
        self._ends = [self.pieces(f'],"changes":[],"confidence":"{c}","rulebook":{label}}}') for c in CONFIDENCES]
        self._confidences = [self.words["confidence"](c) for c in CONFIDENCES]
        self.between = self.pieces('],"reasons":[')

    def lay(self, sets: Codes) -> Laid:
        """The decisions of sets that are put together from layers."""
        pages = self._pages_of(sets)
        about = dict(zip(self.PAGE, np.moveaxis(self._pages.rows[pages], 2, 0), strict=True))
        start, named, eu_entry, decided = self._begin(sets).T
        # as `assemble`: the entry is asked for while it, the regime or a layer hangs on it
        cls = self.sets.column("cls", sets)
        asked = (decided == 0) | about["hangs"].any(axis=1)
        missing, lacking = self._missing(sets, pages, about).T
        questions, facts = self._questions(np.where(asked, cls + 1, 0), about["asks"]).T
        verify, checked = self._verify(sets, pages, about).T
        warned, _ = self._alerts(sets, cls, about["warns"]).T
        confidence = about["confidence"].min(axis=1)
        words = (named, eu_entry, np.array(self._confidences)[confidence], lacking, facts, checked)
        return Laid(
            start,
            _joined(about["layers"], about["more_layers"]),
            _joined(about["reasons"], about["more_reasons"]),
            np.stack([missing, questions, verify, warned], axis=1),
            np.array(self._ends, dtype=np.int32)[confidence],
            _joined(about["rules"], about["more_rules"]),
            pages,
            dict(zip(WORDS, words, strict=True)),
        )

    def text(self, text: str) -> Laid:
        """A decision that is a text, in the same form."""
        body = json.loads("{" + text)
        told = tuple([(item["rule"], item["effect"]) for item in body["reasons"]])
        found = {
            "entry_candidates": _shown(body["entry_candidates"]),
            "eu_entry": body["eu_entry"],
            "confidence": body["confidence"],
            "missing_documents": tuple(dict.fromkeys(kind for item in body["missing"] for kind in item["documents"])),
            "question_facts": tuple(item["fact"] for item in body["questions"]),
            "verify_facts": tuple(item["fact"] for item in body["verify"]),
        }
        page = self._page_of.get(told)
        if page is None:
            page = self._page_of[told] = self._add_page(told)
        rules = self._pages.rows[page, self.PAGE.index("rules")]
        words = {name: np.array([self.words[name](word)], dtype=np.int32) for name, word in found.items()}
        layers, reasons, *lists = (compact(body[name])[1:-1] for name in ("layers", *LISTS))
        return Laid(
            np.array([self._start(body)]),
            np.array([[self.pieces(layers)]]),
            np.array([[self.pieces(reasons)]]),
            np.array([[self._open(name, text) for name, text in zip(LISTS[1:], lists, strict=True)]]),
            np.array([self._ends[CONFIDENCES.index(body["confidence"])]]),
            np.array([[rules]]),
            np.array([[page]], dtype=np.int32),
            words,
        )

    def route(self, number: int) -> Route:
        """The States of a set, and the entry on its papers where it contradicts the content."""
        codes = dict(zip(COLUMNS, self.sets.rows[number].tolist(), strict=False))
        return Route(
            self.states[codes["export"]],
            self.states[codes["import_"]],
            self.transits[codes["transit"]],
            self.declared[codes["declared"]],
        )

    # ── pages ──────────────────────────────────────────────────────────────────────────────────────────

    def _pages_of(self, sets: Codes) -> Numbers32:
        """The pages of each set in the order of its layers: treaties, then the route's States."""
        national = self.sets.layers(sets)
        intl = self.sets.column("intl", sets)
        pages = np.zeros((len(sets), 1 + national.shape[1]), dtype=np.int32)
        pages[:, 0] = self._made(self._treaties, intl, lambda n: self.intl[n][0])
        there = national != ABSENT
        pages[:, 1:][there] = self._made(self._nationals, national[there], lambda n: (n,))
        # where the route comes through a State twice its reasons are given once: its layers are one page
        for stops in self.transits[len(self._twice) :]:
            self._twice.append(len(set(stops)) < len(stops))
        for i in np.flatnonzero(self._twice.rows[self.sets.column("transit", sets), 0]).tolist():
            pages[i, 1:] = 0
            pages[i, 1] = self._page(tuple(national[i][there[i]].tolist()))
        return pages

    def _made(self, known: Records, numbers: npt.NDArray[Any], results: Callable[[int], tuple[int, ...]]) -> Numbers32:
        """The page of each number, made where it is met first."""
        top = int(numbers.max(initial=-1)) + 1
        if top > len(known):
            known.extend(np.zeros((top - len(known), 1)))
        found = known.rows[numbers, 0]
        for n in np.unique(numbers[found == 0]).tolist():
            known.rows[n, 0] = self._page(results(n))
        return known.rows[numbers, 0]

    def _page(self, numbers: tuple[int, ...]) -> int:
        found = self._page_of.get(numbers)
        if found is None:
            layers = self._of(numbers)
            told: dict[str, str] = {}
            for layer in layers:
                for rule, effect in layer.reasons:
                    told.setdefault(rule, effect)
            shown = [
                layer_dict(layer)
                for layer in layers
                if layer.international or layer.rules or layer.name.startswith("national:")
            ]
            found = self._page_of[numbers] = self._add_page(
                tuple(told.items()),
                compact(shown)[1:-1],
                compact([reason(self.book, rule, effect) for rule, effect in told.items()])[1:-1],
                asks=tuple([n for n in numbers if self.results[n].questions or self.results[n].entry_rules]),
                lacks=tuple([n for n in numbers if self.results[n].missing]),
                checks=tuple([n for n in numbers if self.results[n].verify]),
                warns=tuple([n for n in numbers if self.results[n].alerts]),
                lacks_by=_turn_on(kind for layer in layers for _, kinds, _ in layer.missing for kind in kinds),
                checks_by=_turn_on(fact for layer in layers for fact in layer.verify),
                hangs=any(layer.entry_rules for layer in layers),
                confidence=min(
                    (CONFIDENCES.index(self.book.rules[r].confidence) for layer in layers for r in layer.binding),
                    default=HIGHEST,
                ),
            )
        return found

    def _add_page(self, told: tuple[Reason, ...], layers: str = "", reasons: str = "", **about: Any) -> int:
        rules = ";".join([rule for rule, _ in told])
        row = {
            "layers": self.pieces(layers),
            "more_layers": self.pieces(layers and f",{layers}"),
            "reasons": self.pieces(reasons),
            "more_reasons": self.pieces(reasons and f",{reasons}"),
            "rules": self.rules(rules),
            "more_rules": self.rules(rules and f";{rules}"),
            **{name: self._results(value) if isinstance(value, tuple) else int(value) for name, value in about.items()},
        }
        self.told.append(told)
        return self._pages.append(*(row.get(name, 0) for name in self.PAGE))

    # ── what turns on more than one page ───────────────────────────────────────────────────────────────

    def _begin(self, sets: Codes) -> Numbers32:
        """(the fields before the lists, the open entries, the EU entry, whether entry and regime are decided)."""
        cls, head = self.sets.column("cls", sets), self.sets.column("head", sets)

        def begun(i: int) -> tuple[int, ...]:
            found, (outcome, entry, regime) = self.classes[cls[i]], self.heads[head[i]]
            entries = [e for e in found.entries if e is not None or len(found.entries) > 1]
            fields = {
                "outcome": outcome,
                "entry": entry,
                "entry_candidates": entries,
                "eu_entry": found.eu_entry,
                "regime": regime,
            }
            return (
                self._start(fields),
                self.words["entry_candidates"](_shown(entries)),
                self.words["eu_entry"](found.eu_entry),
                regime is not None and found.decided,
            )

        return self._starts.of((cls, head), begun)

    def _missing(self, sets: Codes, pages: Numbers32, about: dict[str, Numbers32]) -> Numbers32:
        def wanting(numbers: tuple[int, ...], route: Route) -> tuple[list[dict[str, Any]], list[str]]:
            found = lacking(route, self._of(numbers))
            return found, [kind for item in found for kind in item["documents"]]

        parts = self._by_place("missing", sets, pages, about["lacks"], about["lacks_by"], wanting)
        return self._lists["missing"].of(parts.T, lambda i: self._list("missing", parts[i]))

    def _verify(self, sets: Codes, pages: Numbers32, about: dict[str, Numbers32]) -> Numbers32:
        def verified(numbers: tuple[int, ...], route: Route) -> tuple[list[dict[str, Any]], list[str]]:
            found = verifications(route, self.book, self._of(numbers))
            return found, [item["fact"] for item in found]

        parts = self._by_place("verify", sets, pages, about["checks"], about["checks_by"], verified)

        def together(i: int) -> tuple[int, int]:
            named = [word for n in parts[i].tolist() for word in self._parts[n][1]]
            if len(set(named)) == len(named):
                return self._list("verify", parts[i])
            # two pages name one fact: it is verified once, for the rules of both
            numbers = tuple([n for ids in about["checks"][i].tolist() for n in self._numbers(ids)])
            return self._list("verify", [self._part(*verified(numbers, self.route(int(sets[i]))))])

        return self._lists["verify"].of(parts.T, together)

    def _questions(self, asked: Codes, asks: Numbers32) -> Numbers32:
        """asked: 1 + the classification where its entry is asked for, else 0."""

        def made(i: int) -> tuple[int, int]:
            layers = self._of([n for ids in asks[i].tolist() for n in self._numbers(ids)])
            found = questions(self.book, self.classes[asked[i] - 1], layers, asked[i] > 0)
            return self._list("questions", [self._part(found, [item["fact"] for item in found])])

        return self._lists["questions"].of((asked, *asks.T), made)

    def _alerts(self, sets: Codes, cls: Codes, warns: Numbers32) -> Numbers32:
        # a code of the entry that the papers name where it contradicts the content, else 0
        declared = self.sets.column("declared", sets)
        stays = self.sets.column("export", sets) == self.sets.column("import_", sets)
        for i in np.flatnonzero(stays).tolist():
            stays[i] = self.route(int(sets[i])).stays

        def made(i: int) -> tuple[int, int]:
            layers = self._of([n for ids in warns[i].tolist() for n in self._numbers(ids)])
            found = alerts(self.route(int(sets[i])), self.book, self.classes[cls[i]], layers)
            return self._list("alerts", [self._part(found, ())])

        return self._lists["alerts"].of((declared, np.where(declared > 0, cls, 0), stays, *warns.T), made)

    def _by_place(
        self, name: str, sets: Codes, pages: Numbers32, numbers: Numbers32, by: Numbers32,
        made: Callable[[tuple[int, ...], Route], tuple[list[dict[str, Any]], list[str]]],
    ) -> Numbers32:  # fmt: skip
        """For each page of each set the part that its results (`numbers`) make on the set's route, as far as they turn
        on it (`by`)."""
        out = np.zeros_like(pages)
        where = np.nonzero(numbers)
        if not len(where[0]):
            return out
        mine, turns, held = sets[where[0]], by[where], numbers[where]
        route = [
            np.where(turns & place, self.sets.column(column, mine) + 1, 0)
            for column, place in (("export", EXPORT), ("import_", IMPORT), ("transit", TRANSIT))
        ]

        def part(i: int) -> tuple[int]:
            return (self._part(*made(self._numbers(int(held[i])), self.route(int(mine[i])))),)

        out[where] = self._placed[name].of((held, *route), part)[:, 0]
        return out

    def _list(self, name: str, parts: Sequence[int] | Numbers32) -> tuple[int, int]:
        """(the piece, the words) of a list that parts make up."""
        found = [self._parts[n] for n in parts if n]
        text = ",".join([text for text, _ in found if text])
        words = tuple(dict.fromkeys([word for _, words in found for word in words]))
        column = {"missing": "missing_documents", "questions": "question_facts", "verify": "verify_facts"}.get(name)
        return self._open(name, text), self.words[column](words) if column else 0

    def _start(self, body: dict[str, Any]) -> int:
        """The piece of the fields before the lists."""
        fields = {name: body[name] for name in ("outcome", "entry", "entry_candidates", "eu_entry", "regime")}
        return self.pieces(f'{compact(fields)[1:-1]},"layers":[')

    def _open(self, name: str, text: str) -> int:
        """The piece of a list that comes after another; `items_of` gives its items back."""
        return self.pieces(f'],"{name}":[{text}')

    def _part(self, items: Sequence[dict[str, Any]], words: Sequence[str]) -> int:
        part = compact(items)[1:-1], tuple(words)
        found = self._part_of.get(part)
        if found is None:
            found = self._part_of[part] = len(self._parts)
            self._parts.append(part)
        return found

    def _of(self, numbers: Sequence[int]) -> list[LayerResult]:
        return [self.results[n] for n in numbers]

    def _numbers(self, code: int) -> tuple[int, ...]:
        found: Any = self._results.values[code]
        return found


def items_of(piece: str) -> str:
    """The list, as JSON, that a piece of LISTS after the first holds."""
    return f"[{piece.partition(':[')[2]}]"


def candidates_of(piece: str) -> str:
    """The open entries, as JSON, that a piece of the fields before the lists holds."""
    return compact(json.loads(f"{{{piece}]}}")["entry_candidates"])


def _joined(first: Numbers32, more: Numbers32) -> Numbers32:
    """Numbers of texts side by side: `first` for the first that is there, `more` for those that come after others."""
    there = first > 0
    return np.where(there & (np.cumsum(there, axis=1) == 1), first, more)


def _turn_on(names: Any) -> int:
    """What of a route names turn on."""
    found = 0
    for name in names:
        place = name.partition("@")[2]
        found |= TRANSIT if place.startswith("transit") else {"export": EXPORT, "import": IMPORT}.get(place, 0)
    return found


def _shown(entries: Sequence[str | None]) -> str | None:
    """The open entries as a table shows them."""
    return ";".join(entry for entry in entries if entry is not None) or None
