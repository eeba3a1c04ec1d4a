"""The collapse: a batch of Arrow columns in, the results of its distinct cases out.

Numbered steps of `Session.screen`:
 1. read each column as codes; what a field cannot hold, and what is rare, is set aside to be decided row by row
 2. composition and documents become signatures
 3. rows collapse to whole cases: everything that any layer can tell apart; the rest is for new cases only
 4. these collapse to the distinct cases of the classification, and layer by layer to those of that layer; each is
    decided once
 5. a case is the tuple of its results; equal tuples are one set
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegate.law.records import Book
from tidegate.screening.bulk import composition as comp
from tidegate.screening.bulk import documents as docs
from tidegate.screening.bulk.class_masks import CLASS_FACTS
from tidegate.screening.bulk.classes import Classes
from tidegate.screening.bulk.columns import Columns
from tidegate.screening.bulk.describe import Layer, Spans, describe, numbers_of
from tidegate.screening.bulk.keys import Codes, Interner, KeyIndex, Numbers, Packer, unique_inverse
from tidegate.screening.bulk.layers import Layers
from tidegate.screening.bulk.sets import ABSENT, COLUMNS, MOST_TRANSIT, NO_LAYERS, Sets
from tidegate.screening.bulk.sheets import Sheets, compact
from tidegate.screening.bulk.shipments import Readings, Shipments
from tidegate.screening.bulk.standing import Standing
from tidegate.screening.bulk.view import EVENTS, View, material_words
from tidegate.screening.decision import assemble, contradicts, decide_body, headline
from tidegate.screening.evaluate import SEVERITY
from tidegate.screening.shipment import Reject, Shipment, parse_shipment

CASES_AT_ONCE = 8_192  # new cases looked at together


@dataclass(slots=True)
class BatchResult:
    """What a batch came to. Arrays run over the rows that were decided, in order.

    `row`: number of the row in the file (1-based). `set`: id of the set of results. `rejects`: (row, id, error).
    """

    row: Codes
    ids: list[Any] | pa.Array
    set: Codes
    rejects: list[tuple[int, Any, dict[str, Any]]]
    index: Codes  # position of each decided row in the batch


def _untold(share: float) -> None:
    """Nobody wants to know."""


class Session:
    """Screens batches with one rulebook, remembering every distinct case it has decided.

    Use one session for a file, or for a worker's share of it. Not for several threads.
    """

    def __init__(self, book: Book):
        self.book = book
        #: told now and then which share of a batch's new cases is decided, from 0 to 1; what it raises ends the work
        self.tick: Callable[[float], None] = _untold
        self.states, self.transits = Interner(), Interner()
        for iso in sorted(book.states):
            self.states(iso)
        self.transits(())
        self.standing = Standing(book, self.states, self.transits)
        self.composition = comp.CompositionCoder(book)
        self.documents = docs.DocumentCoder(book)
        self.classes = Classes(book, self.standing)
        self.layers = Layers(book, self.states, self.standing, self.classes.found)
        # what a View needs to give the same codes from batch to batch
        self.sight = self._sight()
        self.spans = {event: Spans(days) for event, days in self._turning_days().items()}
        self.remembered: dict[str, dict[Any, dict[Any, int]]] = {}
        self.hs_values, self.headings, self.materials, self.entries_declared = (Interner() for _ in range(4))
        self.hs_values(None)
        self.entries_declared(None)
        self.heading_codes: dict[int, int] = {}
        self.material_words = material_words(book)
        self._readings = Readings(book)
        self._case_packer, self._case_index = Packer(), KeyIndex()
        self._set_of_case = np.empty(0, dtype=np.int64)
        self.sets, self.heads = Sets(), Interner()  # heads: outcome, entry, regime
        self.texts: list[str] = []  # decisions without id and opening brace, of sets that no layers make up
        self._text_sets: dict[tuple[str, str, str], int] = {}
        self._heads: dict[int, int] = {}
        self._set_packer, self._set_index = Packer(), KeyIndex()
        self._set_of_key, self._severities = Numbers(), Numbers()
        self.sheets = Sheets(
            book, self.sets, self.classes.found, self.layers.results, self.layers.intl, self.heads.values,
            self.states.values, self.transits.values, self.entries_declared.values,
        )  # fmt: skip

    # ── 1: codes ───────────────────────────────────────────────────────────────────────────────────────

    def screen(self, batch: pa.RecordBatch, first_row: int = 1, ids: str = "id") -> BatchResult:
        """Decides every row of a batch. `first_row`: number of its first row in the file."""
        columns = Columns(batch)
        rows = columns.rows
        view = View(self, columns)
        bad, alone = view.bad, view.alone
        rejects: list[tuple[int, Any, dict[str, Any]]] = []
        sets = np.full(rows, -1, dtype=np.int64)
        apart = bad | alone
        together = np.flatnonzero(~apart)
        if len(together):
            sets[together] = self._cases(view, together)
        for i in np.flatnonzero(apart).tolist():
            row = columns.row(i)
            try:
                shipment = parse_shipment(row, self.book)
            except Reject as reject:
                rejects.append((first_row + i, row.get("id"), reject.as_dict()))
                continue
            sets[i] = self._whole(shipment)
        decided = np.flatnonzero(sets >= 0)
        id_column = columns.arrays.get(ids)
        assert id_column is not None or not len(decided)
        kept = (
            id_column
            if id_column is not None and len(decided) == rows
            else (id_column.take(pa.array(decided)) if id_column is not None else pa.array([], pa.string()))
        )
        return BatchResult(decided + first_row, kept, sets[decided], rejects, decided)

    def _whole(self, s: Shipment) -> int:
        return self.told(compact(decide_body(s, self.book))[1:], s.export, s.import_)

    def told(self, text: str, export: str, import_: str) -> int:
        """The set of a decision that is a text (JSON without id and opening brace), between two States."""
        key = (text, export, import_)
        found = self._text_sets.get(key)
        if found is None:
            self.texts.append(text)
            body = json.loads("{" + text)
            columns = {
                "head": self.heads((body["outcome"], body["entry"], body["regime"])),
                "export": self.states(export),
                "import_": self.states(import_),
                "text": len(self.texts),
            }
            (number,) = self.sets.add(NO_LAYERS, **{name: np.array([code]) for name, code in columns.items()})
            found = self._text_sets[key] = int(number)
        return found

    # ── 3: whole cases ─────────────────────────────────────────────────────────────────────────────────

    def _sight(self) -> Layer:
        """What some rule, or the classification, can tell apart."""
        sight = describe("", tuple(self.book.rules.values()), self.book)
        refuse = {p.value for p in self.book.parameters if p.name == "household_refuse_min_pct"}
        for name in CLASS_FACTS:
            limits, words = sight.facts.get(name, ((), ()))
            own = refuse if name == "household_refuse_pct" else {Decimal(1)} if name == "storage_steps" else set()
            sight.facts[name] = tuple(sorted({*limits, *own})), words
        return sight

    def _turning_days(self) -> dict[str, npt.NDArray[np.int64]]:
        """For each event the days from which something of the law or of a State's standing may differ."""
        groups = tuple(dict.fromkeys(g for state in self.book.states.values() for g in state.groups))
        changes = self.standing.turns((groups,))
        editions = numbers_of(start for _, start in self.book.editions)
        days = {e: [changes, self.sight.boundaries.get(e, changes[:0])] for e in EVENTS}
        days["departed"].append(self.classes.turns)
        days["arrived"].append(editions)
        return {event: np.unique(np.concatenate(found)) for event, found in days.items()}

    def _cases(self, view: View, rows: Codes) -> Codes:
        """The set of each row: a whole case that was met before is not looked at again."""
        everything = len(rows) == view.rows
        parts = [(codes if everything else codes[rows], bits) for codes, bits in view.case_parts()]
        ids, fresh, first = self._case_index.lookup(self._case_packer.pack(parts, len(rows)))
        if len(fresh):
            new = rows[first]
            found = []
            for n in range(0, len(new), CASES_AT_ONCE):
                piece = new[n : n + CASES_AT_ONCE]

                def told(share: float, n: int = n, size: int = len(piece)) -> None:
                    self.tick((n + share * size) / len(new))

                found.append(self._collapse(view, piece, told))
            self._set_of_case = np.concatenate([self._set_of_case, *found])
        return self._set_of_case[ids]

    # ── 3 to 5 ─────────────────────────────────────────────────────────────────────────────────────────

    def _collapse(self, view: View, rows: Codes, told: Callable[[float], None]) -> Codes:
        shipments = Shipments(self._readings, view.columns)
        cls = self.classes.of(view, rows, shipments)
        told(0.25)
        worlds = np.asarray(self.classes.worlds, dtype=np.int64)[cls]
        intl = self.layers.international(view, rows, worlds, cls, shipments)
        told(0.6)
        export = self.layers.national(view, rows, worlds, cls, "export", view.export[rows], None, shipments)
        told(0.7)
        import_ = self.layers.national(view, rows, worlds, cls, "import", view.import_[rows], None, shipments)
        told(0.9)
        transit_key = view.transit[rows]
        stops: list[Codes] = []
        lists = self.transits.values
        depth = max((len(lists[t]) for t in np.unique(transit_key).tolist()), default=0)
        for position in range(depth):
            table = np.fromiter(
                (self.states.codes[t[position]] if len(t) > position else -1 for t in lists),
                dtype=np.int64,
                count=len(lists),
            )
            state = table[transit_key]
            here = np.flatnonzero(state >= 0)
            found = np.full(len(rows), -1, dtype=np.int64)
            if len(here):
                found[here] = self.layers.national(
                    view, rows[here], worlds[here], cls[here], "transit", state[here], position, shipments
                )
            stops.append(found)
        sets = self._sets(view, rows, cls, intl, export, import_, transit_key, stops)
        shipments.close()
        told(1.0)
        return sets

    def _sets(
        self,
        view: View,
        rows: Codes,
        cls: Codes,
        intl: Codes,
        export: Codes,
        import_: Codes,
        transit: Codes,
        stops: Sequence[Codes],
    ) -> Codes:
        declared = self._contradictions(view, rows, cls)
        parts = [(cls, 22), (intl, 24), (export, 26), (import_, 26), (transit, 20), (declared, 16)]
        parts += [(view.export[rows], 9), (view.import_[rows], 9)]
        parts += [(s + 1, 26) for s in stops] + [(np.zeros(len(rows), np.int64), 26)] * (MOST_TRANSIT - len(stops))
        ids, fresh, first = self._set_index.lookup(self._set_packer.pack(parts, len(rows)))
        if len(fresh):
            layers = [export, *stops, *[np.full(len(rows), ABSENT)] * (MOST_TRANSIT - len(stops)), import_]
            national = np.stack([codes[first] for codes in layers], axis=1)
            made = self.sets.add(
                national,
                cls=cls[first],
                intl=intl[first],
                head=self._heads_of(cls[first], intl[first], national),
                export=view.export[rows[first]],
                import_=view.import_[rows[first]],
                transit=transit[first],
                declared=declared[first],
            )
            self._set_of_key.extend(made)
        return self._set_of_key[ids]

    def _heads_of(self, cls: Codes, intl: Codes, national: Codes) -> Codes:
        """The code of (outcome, entry, regime): the national layers count by the strictest of them."""
        results = self.layers.results
        for result in results[len(self._severities) :]:
            self._severities.append(SEVERITY[result.outcome])
        severities = np.where(national == ABSENT, -1, self._severities[national])
        strictest = severities.argmax(axis=1)
        keys = (cls << 32 | intl) << 3 | severities.max(axis=1)
        distinct, first, inverse = unique_inverse(keys)
        codes = []
        for key, i in zip(distinct.tolist(), first.tolist(), strict=True):
            if key not in self._heads:
                ids, regime = self.layers.intl[intl[i]]
                layers = [results[n] for n in (*ids, national[i, strictest[i]])]
                self._heads[key] = self.heads((*headline(self.classes.found[cls[i]], layers, regime, True), regime))
            codes.append(self._heads[key])
        return np.array(codes, dtype=np.int64)[inverse]

    def _contradictions(self, view: View, rows: Codes, cls: Codes) -> Codes:
        """The declared entry where the papers contradict the content, else the code of none."""
        codes = view.declared
        if not codes.any():
            return np.zeros(len(rows), dtype=np.int64)
        pairs = codes[rows] * (len(self.classes.found) + 1) + cls
        distinct, first, inverse = unique_inverse(pairs)
        table = np.zeros(len(distinct), dtype=np.int64)
        for n, i in enumerate(first.tolist()):
            code = int(codes[rows[i]])
            name = self.entries_declared.values[code]
            table[n] = code if contradicts(name, self.classes.found[int(cls[i])]) else 0
        return table[inverse]

    # ── results ────────────────────────────────────────────────────────────────────────────────────────

    def decision(self, set_id: int) -> dict[str, Any]:
        """The decision of a set, without id."""
        codes = dict(zip(COLUMNS, self.sets.rows[set_id].tolist(), strict=False))
        if codes["text"]:
            body: dict[str, Any] = json.loads("{" + self.texts[codes["text"] - 1])
            return body
        ids, regime = self.layers.intl[codes["intl"]]
        national = [n for n in self.sets.rows[set_id, len(COLUMNS) :].tolist() if n != ABSENT]
        layers = [self.layers.results[n] for n in (*ids, *national)]
        return assemble(self.sheets.route(set_id), self.book, self.classes.found[codes["cls"]], layers, regime)
