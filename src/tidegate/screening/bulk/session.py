"""The collapse: a batch of Arrow columns in, the results of its distinct cases out.

Numbered steps of `Session.screen`:
 1. read each column as codes; what a field cannot hold, and what is rare, is set aside to be decided row by row
 2. composition and documents become signatures
 3. rows collapse to the distinct cases of the classification; each is classified once
 4. rows collapse, layer by layer, to the distinct cases of that layer; each is decided once
 5. each row is the tuple of its results; equal tuples are one set
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegate.law.records import INTERNATIONAL, Book
from tidegate.screening.bulk import composition as comp
from tidegate.screening.bulk import documents as docs
from tidegate.screening.bulk.class_masks import ClassMasks
from tidegate.screening.bulk.columns import DAY_ZERO, Columns
from tidegate.screening.bulk.composition import PIECE
from tidegate.screening.bulk.describe import Layer, describe, numbers_of
from tidegate.screening.bulk.keys import Codes, Interner, KeyIndex, Packer, unique_inverse
from tidegate.screening.bulk.residual import Needs, Residuals, rules_in_force
from tidegate.screening.bulk.view import Shipments, View, deserved_codes, material_words
from tidegate.screening.classify import Classification, classify
from tidegate.screening.decision import Route, assemble, contradicts, decide_body, headline
from tidegate.screening.evaluate import LayerResult, international_layers, national_layer
from tidegate.screening.shipment import Reject, Shipment, parse_shipment

MOST_TRANSIT = 8
CLASS_FACTS = ("household_refuse_pct", "to_specification", "separate_recycling", "storage_steps", "r3_documented")


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


@dataclass(frozen=True, slots=True)
class SetRecord:
    """A set of results: the classification and the layers, or a whole decision taken row by row."""

    route: Route
    cls: int = -1
    layers: tuple[int, ...] = ()
    whole: int = -1


class Session:
    """Screens batches with one rulebook, remembering every distinct case it has decided.

    Use one session for a file, or for a worker's share of it. Not for several threads.
    """

    def __init__(self, book: Book):
        self.book = book
        self.states = Interner()
        for iso in sorted(book.states):
            self.states(iso)
        self.composition = comp.CompositionCoder(book)
        self.documents = docs.DocumentCoder(book)
        self.classes: list[Classification] = []
        self.class_worlds: list[int] = []
        self._class_ids: dict[Any, int] = {}
        self._worlds = Interner()
        self._class_packer, self._class_index = Packer(), KeyIndex()
        self._class_results: list[int] = []
        self._class_boundaries = self._boundaries_of_classes()
        self.layer_results: list[LayerResult] = []
        self._layer_ids: dict[Any, int] = {}
        self._layers: dict[str, Layer] = {}
        self._profiles: dict[tuple[Any, ...], Interner] = {}
        self.transits = Interner()
        self.transits(())
        self.hs_values = Interner()
        self.hs_values(None)
        self.headings = Interner()
        self.materials = Interner()
        self.material_words = material_words(book)
        self.deserved = deserved_codes(book)
        self.entries_declared = Interner()
        self.entries_declared(None)
        self.sets: list[SetRecord] = []
        self.heads: list[tuple[str, str | None, str | None]] = []  # outcome, entry, regime of each set
        self._set_ids: dict[Any, int] = {}
        self._set_packer, self._set_index = Packer(), KeyIndex()
        self._set_of_key: list[int] = []
        self.whole: list[dict[str, Any]] = []
        self.regimes: list[str | None] = []
        self._intl_ids: dict[Any, int] = {}
        self.intl: list[tuple[tuple[int, ...], str | None]] = []
        self._residuals: dict[str, Residuals] = {}
        self._profile_tables: dict[tuple[tuple[str, ...], ...], tuple[Codes, Interner]] = {}
        self._group_day_lists: dict[tuple[tuple[str, ...], ...], npt.NDArray[np.int64]] = {}

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
            sets[together] = self._collapse(view, together)
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
        decision = decide_body(s, self.book)
        self.whole.append(decision)
        self.sets.append(SetRecord(Route.of(s), whole=len(self.whole) - 1))
        self.heads.append((decision["outcome"], decision["entry"], decision["regime"]))
        return len(self.sets) - 1

    # ── 3 to 5 ─────────────────────────────────────────────────────────────────────────────────────────

    def _collapse(self, view: View, rows: Codes) -> Codes:
        shipments = Shipments(self.book, view.columns)
        cls = self._classify(view, rows, shipments)
        worlds = np.asarray(self.class_worlds, dtype=np.int64)[cls]
        intl = self._international(view, rows, worlds, cls, shipments)
        export = self._national(view, rows, worlds, cls, "export", view.export[rows], None, shipments)
        import_ = self._national(view, rows, worlds, cls, "import", view.import_[rows], None, shipments)
        transit_key = view.transit[rows]
        stops: list[Codes] = []
        lists = self.transits.values
        depth = max((len(lists[t]) for t in np.unique(transit_key).tolist()), default=0)
        for position in range(depth):
            table = np.fromiter(
                (
                    self.states.codes[t[position]] if len(t) > position else -1  # type: ignore[index,arg-type]
                    for t in lists
                ),
                dtype=np.int64,
                count=len(lists),
            )
            state = table[transit_key]
            here = np.flatnonzero(state >= 0)
            found = np.full(len(rows), -1, dtype=np.int64)
            if len(here):
                found[here] = self._national(
                    view, rows[here], worlds[here], cls[here], "transit", state[here], position, shipments
                )
            stops.append(found)
        return self._sets(view, rows, cls, intl, export, import_, transit_key, stops)

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
        for _, i in zip(fresh.tolist(), first.tolist(), strict=True):
            states = self.transits.values[int(transit[i])]
            name = self.entries_declared.values[int(declared[i])]
            route = Route(
                str(self.states.values[int(view.export[rows[i]])]),
                str(self.states.values[int(view.import_[rows[i]])]),
                states,  # type: ignore[arg-type]
                name,  # type: ignore[arg-type]
            )
            layers = (int(export[i]), *(int(s[i]) for s in stops if s[i] >= 0), int(import_[i]))
            record = SetRecord(route, int(cls[i]), (int(intl[i]), *layers))
            self.sets.append(record)
            classification, results, regime = self._parts(record)
            self.heads.append((*headline(classification, results, regime, True), regime))
            self._set_of_key.append(len(self.sets) - 1)
        return np.asarray(self._set_of_key, dtype=np.int64)[ids]

    def _contradictions(self, view: View, rows: Codes, cls: Codes) -> Codes:
        """The declared entry where the papers contradict the content, else the code of none."""
        codes = view.declared
        if not codes.any():
            return np.zeros(len(rows), dtype=np.int64)
        pairs = codes[rows] * (len(self.classes) + 1) + cls
        distinct, first, inverse = unique_inverse(pairs)
        table = np.zeros(len(distinct), dtype=np.int64)
        for n, i in enumerate(first.tolist()):
            code = int(codes[rows[i]])
            name = self.entries_declared.values[code]
            table[n] = code if contradicts(name, self.classes[int(cls[i])]) else 0  # type: ignore[arg-type]
        return table[inverse]

    # ── the classification ─────────────────────────────────────────────────────────────────────────────

    def _boundaries_of_classes(self) -> npt.NDArray[np.int64]:
        found: set[date] = set()
        for rule in self.book.entries.values():
            found |= {d for d in (rule.valid_from, rule.valid_to and rule.valid_to + timedelta(days=1)) if d}
        for p in self.book.parameters:
            found |= {d for d in (p.start, p.end and p.end + timedelta(days=1)) if d}
        return numbers_of(found)

    def _classify(self, view: View, rows: Codes, shipments: Shipments) -> Codes:
        n = len(rows)
        departed = view.day("departed")[rows]
        groups = ("eu", "oecd_decision", *dict.fromkeys(g for p in self.book.parameters for g in p.states))
        names = tuple((g,) for g in groups)
        masks = ClassMasks(self, view, rows, departed)
        parts: list[tuple[Codes, int]] = [
            (np.searchsorted(self._class_boundaries, departed, side="right"), 10),
            (masks.heading(), 20),
            (self._profile(view.export[rows], departed, names), 12),
            (self._profile(view.import_[rows], departed, names), 12),
            (view.tri("waste")[rows], 2),
            (view.operation[rows], 6),
            (view.tri("hazardous")[rows], 2),
            (view.tri("halogenated")[rows], 2),
            (masks.consumer(), 2),
            (view.material[rows], 16),
            (view.annex("annex_i")[rows], 3),
            (view.annex("annex_iii")[rows], 3),
            (masks.composition(), comp.BITS),
        ]
        refuse = tuple(sorted({p.value for p in self.book.parameters if p.name == "household_refuse_min_pct"}))
        limits = {"household_refuse_pct": refuse, "storage_steps": (Decimal(1),)}
        for name in CLASS_FACTS:
            parts.append((masks.fact(name, view.fact(name, limits.get(name, ()), ())[rows]), 5))
        ids, fresh, first = self._class_index.lookup(self._class_packer.pack(parts, n))
        shipments.fetch(rows[first])
        for _, i in zip(fresh.tolist(), first.tolist(), strict=True):
            self._class_results.append(self._class_id(classify(shipments[int(rows[i])], self.book)))
        return np.asarray(self._class_results, dtype=np.int64)[ids]

    def _class_id(self, cls: Classification) -> int:
        key = (cls.worlds, tuple(cls.asks.items()))
        found = self._class_ids.get(key)
        if found is None:
            found = self._class_ids[key] = len(self.classes)
            self.classes.append(cls)
            self.class_worlds.append(self._worlds(cls.worlds))
        return found

    def edition_of_heading(self) -> Codes:
        """For each code of a heading, a code for its edition alone."""
        places = {edition: n for n, (edition, _) in enumerate(self.book.editions)}
        return np.array([places[h[2]] for h in self.headings.values], dtype=np.int64)  # type: ignore[index]

    # ── layers ─────────────────────────────────────────────────────────────────────────────────────────

    def _layer(self, name: str) -> Layer:
        layer = self._layers.get(name)
        if layer is None:
            names = INTERNATIONAL if name == "international" else (name,)
            rules = tuple(r for n in names for r in self.book.by_layer.get(n, ()))
            layer = self._layers[name] = describe(name, rules, self.book)
        return layer

    def _route_key(
        self, layer: Layer, view: View, rows: Codes, worlds: Codes, counterpart: Codes, here: str | None
    ) -> tuple[Codes, Codes, Codes]:
        """Everything of the route, the dates and the declared code that the layer can tell apart."""
        parts: list[tuple[Codes, int]] = [(worlds, 20)]
        for event, limits in layer.boundaries.items():
            parts.append((np.searchsorted(limits, view.day(event)[rows], side="right"), 10))
        known = {"export": view.export, "import": view.import_, "origin": view.origin}
        for fact, names in layer.state_atoms.items():
            for event in layer.boundaries or ("departed",):
                day = view.day(event)[rows]
                if fact == "transit":
                    parts.append((self._transit_profile(layer.name, view.transit[rows], day, names), 20))
                elif fact != "here" or here is not None:
                    codes = known[fact][rows] if fact in known else counterpart
                    if fact == "here" and here is not None:
                        codes = np.full(len(rows), self.states.codes[here], np.int64)
                    parts.append((self._profile(codes, day, names), 16))
        if layer.prefixes:
            parts.append((view.hs_signature(layer)[rows], 16))
        return layer.route_index.lookup(layer.route_packer.pack(parts, len(rows)))

    def _facts_key(
        self, layer: Layer, residuals: Residuals, view: View, rows: Codes, worlds: Codes, left: Codes
    ) -> Any:
        """The residual, and what its rules read; columns that they do not read are blanked."""
        needs = residuals.needs
        present = np.unique(left).tolist()
        parts: list[tuple[Codes, int]] = [(worlds, 20), (left, 20)]

        def add(codes: Codes, bits: int, wanted: Callable[[Needs], bool]) -> None:
            table = np.zeros(len(needs), dtype=np.int64)
            for n in present:
                table[n] = wanted(needs[n])
            if table.any():
                parts.append(((codes[rows] + 1) * table[left], bits + 1))
            else:
                parts.append((left * 0, bits + 1))

        for fact, (limits_of, words) in layer.facts.items():
            add(view.fact(fact, limits_of, words), 6, lambda n, fact=fact: fact in n.layer.facts)  # type: ignore[misc]
        mix = {"foreign_matter_pct", "contamination_pct", "target_purity_pct", "polymer_mix", "contains"}
        own = layer.own
        if own & mix:
            add(view.composition.rules, PIECE, lambda n: bool(n.layer.own & mix))
        if own & {"material", "foreign_matter_pct"}:
            add(view.material, 16, lambda n: bool(n.layer.own & {"material", "foreign_matter_pct"}))
            add(view.composition.known.astype(np.int64), 1, lambda n: "material" in n.layer.own)
        for fact in ("waste", "hazardous", "halogenated"):
            if fact in own:
                add(view.tri(fact), 2, lambda n, fact=fact: fact in n.layer.own)  # type: ignore[misc]
        if "operation" in own:
            add(view.operation, 6, lambda n: "operation" in n.layer.own)
        if "consumer" in own:
            add(view.consumer, 2, lambda n: "consumer" in n.layer.own)
        if "direct_shipment" in own:
            add((view.transit > 0).astype(np.int64), 1, lambda n: "direct_shipment" in n.layer.own)
        if layer.masses:
            add(view.net_kg(layer.masses), 6, lambda n: bool(n.layer.masses))
        if "declared_entry" in own:
            add(view.declared, 16, lambda n: "declared_entry" in n.layer.own)
        if layer.has_documents:
            add(view.papers, docs.BITS, lambda n: n.layer.has_documents)
        if layer.consents:
            # which places of transit are Parties, and which repeat, decides whose consent is asked for
            day = view.day("departed")
            places = self._transit_profile("consents", view.transit, day, (("basel_party",),))
            add(places, 20, lambda n: n.consents)
        return layer.packer.pack(parts, len(rows))

    def _left(
        self,
        layer: Layer,
        view: View,
        rows: Codes,
        worlds: Codes,
        cls: Codes,
        counterpart: Codes,
        shipments: Shipments,
        here: str | None = None,
        role: str | None = None,
        position: int | None = None,
    ) -> tuple[Residuals, Codes]:
        """The residual of each row."""
        residuals = self._residuals.setdefault(layer.name, Residuals(self.book))
        ids, fresh, first = self._route_key(layer, view, rows, worlds, counterpart, here)
        shipments.fetch(rows[first])
        for _, i in zip(fresh.tolist(), first.tolist(), strict=True):
            shipment = shipments[int(rows[i])]
            rules, days = rules_in_force(shipment, self.book, layer.name, role, position)
            worlds_here = self.classes[int(cls[i])].worlds
            layer.route_residuals.append(residuals.of(shipment, rules, days, here, role, worlds_here))
        return residuals, np.asarray(layer.route_residuals, dtype=np.int64)[ids]

    def _international(self, view: View, rows: Codes, worlds: Codes, cls: Codes, shipments: Shipments) -> Codes:
        layer = self._layer("international")
        residuals, left = self._left(layer, view, rows, worlds, cls, view.import_[rows], shipments)
        ids, fresh, first = layer.index.lookup(self._facts_key(layer, residuals, view, rows, worlds, left))
        shipments.fetch(rows[first])
        for _, i in zip(fresh.tolist(), first.tolist(), strict=True):
            results, regime = international_layers(shipments[int(rows[i])], self.book, self.classes[int(cls[i])])
            found = (tuple(self._layer_id(r) for r in results), regime)
            if found not in self._intl_ids:
                self._intl_ids[found] = len(self.intl)
                self.intl.append(found)
            layer.results.append(self._intl_ids[found])
        return np.asarray(layer.results, dtype=np.int64)[ids]

    def _national(
        self,
        view: View,
        rows: Codes,
        worlds: Codes,
        cls: Codes,
        role: str,
        state: Codes,
        position: int | None,
        shipments: Shipments,
    ) -> Codes:
        out = np.empty(len(rows), dtype=np.int64)
        counterpart = view.import_[rows] if role == "export" else view.export[rows]
        order = np.argsort(state, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(state[order]) != 0])
        for a, b in zip(starts.tolist(), [*starts.tolist()[1:], len(order)], strict=True):
            here = order[a:b]
            iso = str(self.states.values[int(state[here[0]])])
            layer = self._layer(f"national:{iso}:{role}")
            mine, there = rows[here], counterpart[here]
            residuals, left = self._left(
                layer, view, mine, worlds[here], cls[here], there, shipments, iso, role, position
            )
            ids, fresh, first = layer.index.lookup(self._facts_key(layer, residuals, view, mine, worlds[here], left))
            for _, i in zip(fresh.tolist(), first.tolist(), strict=True):
                shipment = shipments[int(mine[i])]
                result = national_layer(shipment, self.book, self.classes[int(cls[here[i]])], iso, role, position)
                layer.results.append(self._layer_id(result))
            out[here] = np.asarray(layer.results, dtype=np.int64)[ids]
        return out

    def _layer_id(self, result: LayerResult) -> int:
        key = _frozen(result)
        found = self._layer_ids.get(key)
        if found is None:
            found = self._layer_ids[key] = len(self.layer_results)
            self.layer_results.append(result)
        return found

    # ── States and dates ───────────────────────────────────────────────────────────────────────────────

    def _profile(self, states: Codes, day: Codes, names: tuple[tuple[str, ...], ...]) -> Codes:
        """A code for (in_group for each of `names`) of each row's State on its day."""
        limits = self._group_days(names)
        segment = np.searchsorted(limits, day, side="right")
        # a stretch of days between two changes of membership has one answer for each State
        table, intern = self._profile_tables.setdefault(
            names, (np.full((len(self.states.values), len(limits) + 1), -1, dtype=np.int64), Interner())
        )
        found = table[states, segment]
        for i in np.flatnonzero(found < 0).tolist():
            state, stretch = int(states[i]), int(segment[i])
            if table[state, stretch] < 0:
                iso, on = str(self.states.values[state]), _day(int(day[i]))
                table[state, stretch] = intern(tuple(self.book.in_group(iso, group, on) for group in names))
        return np.where(found < 0, table[states, segment], found)

    def _transit_profile(self, who: str, transit: Codes, day: Codes, names: tuple[tuple[str, ...], ...]) -> Codes:
        limits = self._group_days(names)
        segment = np.searchsorted(limits, day, side="right")
        distinct, first, inverse = unique_inverse(transit * (len(limits) + 1) + segment)
        intern = self._profiles.setdefault((who, "transit", names), Interner())
        table = np.empty(len(distinct), dtype=np.int64)
        for n, i in enumerate(first.tolist()):
            states: Any = self.transits.values[int(transit[i])]
            on = _day(int(day[i]))
            table[n] = intern(
                tuple(
                    (s in states[:k], *(self.book.in_group(s, group, on) for group in names))
                    for k, s in enumerate(states)
                )
            )
        return table[inverse]

    def _group_days(self, names: tuple[tuple[str, ...], ...]) -> npt.NDArray[np.int64]:
        found = self._group_day_lists.get(names)
        if found is not None:
            return found
        wanted = {g for group in names for g in group if len(g) > 2 or not g.isupper()}
        moments: set[date] = set()
        for state in self.book.states.values():
            for group, periods in state.groups.items():
                if group in wanted:
                    for p in periods:
                        moments |= {d for d in (p.start, p.end and date.fromordinal(p.end.toordinal() + 1)) if d}
        limits = self._group_day_lists[names] = numbers_of(moments)
        return limits

    # ── results ────────────────────────────────────────────────────────────────────────────────────────

    def _parts(self, record: SetRecord) -> tuple[Classification, list[LayerResult], str | None]:
        intl, *national = record.layers
        layer_ids, regime = self.intl[intl]
        return self.classes[record.cls], [self.layer_results[n] for n in (*layer_ids, *national)], regime

    def decision(self, set_id: int) -> dict[str, Any]:
        """The decision of a set, without id."""
        record = self.sets[set_id]
        if record.whole >= 0:
            return self.whole[record.whole]
        return assemble(record.route, self.book, *self._parts(record))


def _frozen(result: LayerResult) -> Any:
    """A layer's result as a key: results that say the same are one."""
    return (
        result.name,
        result.outcome,
        result.regime,
        tuple(result.rules),
        tuple(result.reasons),
        tuple(result.missing),
        tuple((k, tuple(v)) for k, v in result.verify.items()),
        tuple(result.alerts),
        tuple((k, tuple(q.rules), tuple(q.decides), q.weight) for k, q in result.questions.items()),
        result.entry_rules,
        tuple(result.binding),
    )


def _day(number: int) -> date:
    return date.fromordinal(number + DAY_ZERO)
