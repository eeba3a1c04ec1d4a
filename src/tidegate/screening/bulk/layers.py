"""The distinct cases of each layer of law, each decided once by the evaluator itself.

A layer's rows collapse three times: by route, days and declared code to the rules that are left (residual.py); within
these by what they read of facts and papers; and what is new after that by what the evaluator in truth looks at
(watch.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.law.records import INTERNATIONAL, Book
from tidegate.screening.bulk import documents as docs
from tidegate.screening.bulk.composition import PIECE
from tidegate.screening.bulk.describe import Layer, describe
from tidegate.screening.bulk.keys import Codes, Interner, Numbers
from tidegate.screening.bulk.residual import BlankCase, Place, Residuals, rules_in_force
from tidegate.screening.bulk.shipments import Shipments
from tidegate.screening.bulk.standing import Standing
from tidegate.screening.bulk.view import OPERATION_CODES, View
from tidegate.screening.bulk.watch import Watched
from tidegate.screening.classify import Classification
from tidegate.screening.evaluate import LayerResult, international_layers, layer_days, national_layer
from tidegate.screening.logic import Case, matches_entry, matches_hs

# what is known of a case before the evaluator looks at it
SETTLED = frozenset("date events export import_ origin hs scoped evaluate".split())


class Layers:
    """Results of layers, as ids that last for a session.

    `results`: what one layer says; `intl`: the results of the international layers together, and their regime.
    """

    def __init__(self, book: Book, states: Interner, standing: Standing, classes: list[Classification]):
        self.book, self.states, self.standing, self.classes = book, states, standing, classes
        self.results: list[LayerResult] = []
        self.intl: list[tuple[tuple[int, ...], str | None]] = []
        self._ids: dict[Any, int] = {}
        self._intl_ids: dict[Any, int] = {}
        self._layers: dict[str, Layer] = {}
        self._residuals: dict[str, Residuals] = {}
        self._named: dict[str, Codes] = {}
        self._waste = Numbers()  # whether each classification may be waste
        self._ruleless: dict[str, tuple[npt.NDArray[np.bool_], Codes]] = {}

    def layer(self, name: str) -> Layer:
        layer = self._layers.get(name)
        if layer is None:
            names = INTERNATIONAL if name == "international" else (name,)
            rules = tuple(r for n in names for r in self.book.by_layer.get(n, ()))
            layer = self._layers[name] = describe(name, rules, self.book)
        return layer

    def _content(self, layer: Layer, view: View, rows: Codes, worlds: Codes, cls: Codes, shipments: Shipments) -> Codes:
        """A code for what the layer can tell apart of the open worlds and the HS code declared."""
        for declared in view.session.hs_values.values[len(layer.declared) :]:
            hs = str(declared or "\0")  # what is not declared begins with nothing
            told = [(hs.startswith(mark), mark.startswith(hs)) for mark in layer.marks]
            layer.declared.append(layer.declared_codes((declared is None, *told)))
        codes = layer.declared[view.hs[rows]]
        ids, _, first = layer.content_index.lookup((worlds << 24) | codes)
        for i, code in zip(first.tolist(), codes[first].tolist(), strict=True):
            case: Case | None = None
            seen = []
            for world in self.classes[int(cls[i])].worlds:
                about = layer.worlds.get(world)
                if about is None:
                    fits = tuple(matches_entry(words, world) for words in layer.entries)
                    about = layer.worlds[world] = (world.waste, world.hazardous, world.entry in ("B3011", ""), fits)
                scope = layer.scopes.get((code, world.deserves))
                if scope is None:
                    case = case or Case(shipments[int(rows[i])], self.book, None, None, {})
                    case.world = world
                    scope = tuple(matches_hs(prefixes, case) for prefixes in layer.headings)
                    layer.scopes[code, world.deserves] = scope
                seen.append((about, scope))
            layer.contents.append(layer.content_codes(tuple(seen)))
        return layer.contents[ids]

    def _route_key(
        self, layer: Layer, view: View, rows: Codes, content: Codes, forces: Codes, counterpart: Codes, here: str | None
    ) -> tuple[Codes, Codes, dict[Place, Codes]]:
        """Everything of the route, the dates and the declared code that the layer can tell apart.

        (a code for all of it, the rows that show it first, a code for each thing read of route and days). forces: for
        each row a code for the rules in force on its days.
        """
        seen: dict[Place, Codes] = {}
        for event, days in layer.named_days.items():
            seen["event_before", event] = np.searchsorted(days, view.day(event)[rows], side="right")
        known = {fact: codes[rows] for fact, codes in
                 (("export", view.export), ("import", view.import_), ("origin", view.origin))}  # fmt: skip
        known["counterpart"] = counterpart
        known["here"] = np.full(len(rows), self.states.codes[here] if here else 0)
        for (fact, event), names in layer.state_atoms.items():
            day = view.day(event)[rows]
            if fact == "transit":
                seen[fact, event] = self.standing.along_transit(layer.name, view.transit[rows], day, names)
            else:
                seen[fact, event] = self.standing.profile(known[fact], day, names)
        parts = [(content, 20), (forces, 20), *((codes, 20) for codes in seen.values())]
        ids, _, first = layer.route_index.lookup(layer.route_packer.pack(parts, len(rows)))
        return ids, first, seen

    def _facts_key(self, layer: Layer, residuals: Residuals, view: View, rows: Codes, left: Codes) -> Any:
        """The residual, and what its rules read; columns that they do not read are blanked."""
        parts: list[tuple[Codes, int]] = [(left, 20)]

        def add(codes: npt.NDArray[Any], bits: int, *names: str) -> None:
            parts.append(((codes + 1) * residuals.reading(*names)[left], bits + 1))

        for fact in layer.facts:
            add(view.seen_by(layer, fact)[view.fact(fact)[rows]], 6, f"facts.{fact}")
        mix = ("foreign_matter_pct", "contamination_pct", "target_purity_pct", "polymer_mix", "contains")
        own = layer.own
        if not own.isdisjoint(mix):
            add(view.composition.rules[rows], PIECE, *mix)
        if own & {"material", "foreign_matter_pct"}:
            add(view.material[rows], 16, "material", "foreign_matter_pct")
            add(view.composition.known[rows].astype(np.int64), 1, "material")
        for fact in ("waste", "hazardous", "halogenated"):
            if fact in own:
                add(view.tri(fact)[rows], 2, fact)
        if "operation" in own:
            add(self._operations(layer)[view.operation[rows]], 6, "operation")
        if "consumer" in own:
            add(view.consumer[rows], 2, "consumer")
        if "direct_shipment" in own:
            add((view.transit[rows] > 0).astype(np.int64), 1, "direct_shipment")
        if layer.masses:
            add(view.seen_by(layer, "net_kg")[view.net_kg()[rows]], 6, "net_kg")
        if "declared_entry" in own:
            add(view.declared[rows], 16, "declared_entry")
        if layer.has_documents:
            add(view.papers[rows], docs.BITS, "documents")
        if layer.consents:
            add(self._places(layer, view, rows), 20, "consents")
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
        content = self._content(layer, view, rows, worlds, cls, shipments)
        days = np.zeros(len(rows), dtype=np.int64)
        for event, turns in layer.boundaries.items():
            days = days * (len(turns) + 1) + np.searchsorted(turns, view.day(event)[rows], side="right")
        stretches, _, first = layer.days_index.lookup(days)
        for row in rows[first].tolist():
            rules = rules_in_force(shipments[row], self.book, layer.name, role, position)
            layer.forces.append(layer.in_force(rules))
        forces = layer.forces[stretches]
        ids, first, seen = self._route_key(layer, view, rows, content, forces, counterpart, here)
        each = [codes[first].tolist() for codes in (rows, forces, cls, content, *seen.values())]
        for row, force, which, what, *values in zip(*each, strict=True):
            known = partial(self._blank, shipments, row, here, role, position)
            at = dict(zip(seen, values, strict=True))
            in_force: Any = layer.in_force.values[force]
            number = residuals.of(force, in_force, self.classes[which].worlds, what, at, known)
            layer.route_residuals.append(number)
        return residuals, layer.route_residuals[ids]

    def _blank(
        self, shipments: Shipments, row: int, here: str | None, role: str | None, position: int | None
    ) -> tuple[BlankCase, dict[str, date]]:
        """A shipment of which only the route is known, and its days."""
        case = BlankCase(shipments[row], self.book, here, role, {})
        case.blank = True
        return case, layer_days(shipments[row], role, position)

    def international(self, view: View, rows: Codes, worlds: Codes, cls: Codes, shipments: Shipments) -> Codes:
        layer = self.layer("international")
        residuals, left = self._left(layer, view, rows, worlds, cls, view.import_[rows], shipments)
        ids, _, first = layer.index.lookup(self._facts_key(layer, residuals, view, rows, left))

        def decide(shipment: Any, i: int) -> int:
            results, regime = international_layers(shipment, self.book, self.classes[int(cls[i])])
            found = (tuple(self._id(r) for r in results), regime)
            if found not in self._intl_ids:
                self._intl_ids[found] = len(self.intl)
                self.intl.append(found)
            return self._intl_ids[found]

        self._answer(layer, view, rows, left, first, shipments, decide)
        return layer.results[ids]

    def national(
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
        out = self._without_rules(rows, cls, role, state, position, shipments)
        ruled = np.flatnonzero(out < 0)
        counterpart = view.import_[rows] if role == "export" else view.export[rows]
        order = ruled[np.argsort(state[ruled], kind="stable")]
        starts = np.flatnonzero(np.diff(state[order], prepend=-1))
        for a, b in zip(starts.tolist(), [*starts.tolist()[1:], len(order)] if len(order) else [], strict=True):
            here = order[a:b]
            iso = str(self.states.values[int(state[here[0]])])
            layer = self.layer(f"national:{iso}:{role}")
            mine, there = rows[here], counterpart[here]
            residuals, left = self._left(
                layer, view, mine, worlds[here], cls[here], there, shipments, iso, role, position
            )
            ids, _, first = layer.index.lookup(self._facts_key(layer, residuals, view, mine, left))

            def decide(shipment: Any, i: int, iso: str = iso, here: Codes = here) -> int:
                worlds = self.classes[int(cls[here[i]])]
                return self._id(national_layer(shipment, self.book, worlds, iso, role, position))

            self._answer(layer, view, mine, left, first, shipments, decide)
            out[here] = layer.results[ids]
        return out

    def _answer(
        self,
        layer: Layer,
        view: View,
        rows: Codes,
        left: Codes,
        fresh: Codes,
        shipments: Shipments,
        decide: Callable[[Any, int], int],
    ) -> None:
        """Decides cases that are new to a layer, unless what the evaluator would look at was all met before."""
        columns: dict[str, list[int] | None] = {}
        new = rows[fresh]
        each = zip(fresh.tolist(), new.tolist(), left[fresh].tolist(), strict=True)
        for n, (i, row, residual) in enumerate(each):

            def code(what: str, n: int = n) -> int | None:
                if what not in columns:
                    found = self._column(layer, view, what, new)
                    columns[what] = None if found is None else found.tolist()
                column = columns[what]
                return None if column is None else column[n]

            found = layer.answers.find(residual, code)
            if found is None:
                watched = Watched(shipments[row], SETTLED)
                found = decide(watched, i)
                layer.answers.keep(residual, code, watched.reads, found)
            layer.results.append(found)

    def _column(self, layer: Layer, view: View, what: str, rows: Codes) -> Codes | None:
        """Codes for what the layer can tell apart of a field or fact; None where that is not known."""
        if what == "transit":
            return self._places(layer, view, rows)
        if what == "operation":
            return self._operations(layer)[view.operation[rows]]
        return view.column(layer, what, rows)

    def _places(self, layer: Layer, view: View, rows: Codes) -> Codes:
        """A code for which places of transit are Parties, and which repeat: they decide whose consent is asked for."""
        groups = tuple((name,) for name in layer.consents or ("basel_party",))
        return self.standing.of_transit("consents", view.transit[rows], view.day("departed")[rows], groups)

    def _operations(self, layer: Layer) -> Codes:
        """For each code of an operation, a code for which of those that the layer names it is."""
        found = self._named.get(layer.name)
        if found is None:
            told = Interner()
            seen = [None if code is None else tuple(word in ((code,) if code == "product" else (code, code[0]))
                    for word in layer.operations) for code in OPERATION_CODES]  # fmt: skip
            found = self._named[layer.name] = np.array([told(each) for each in seen], dtype=np.int64)
        return found

    def _without_rules(
        self, rows: Codes, cls: Codes, role: str, state: Codes, position: int | None, shipments: Shipments
    ) -> Codes:
        """Results where a State has no rules in a role: they turn on whether the load may be waste; else -1."""
        if role not in self._ruleless:
            names = [f"national:{iso}:{role}" for iso in self.states.values]
            without = np.array([not self.book.by_layer.get(name) for name in names], dtype=bool)
            self._ruleless[role] = without, np.full((len(names), 2), -1, dtype=np.int64)
        bare, table = self._ruleless[role]
        for c in self.classes[len(self._waste) :]:
            self._waste.append(any(w.waste for w in c.worlds))
        waste = self._waste[cls]
        out = table[state, waste]
        for i in np.flatnonzero(bare[state] & (out < 0)).tolist():
            if table[state[i], waste[i]] < 0:
                iso = str(self.states.values[int(state[i])])
                shipment, worlds = shipments[int(rows[i])], self.classes[int(cls[i])]
                result = national_layer(shipment, self.book, worlds, iso, role, position)
                table[state[i], waste[i]] = self._id(result)
        return table[state, waste]

    def _id(self, result: LayerResult) -> int:
        key = _frozen(result)
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = len(self.results)
            self.results.append(result)
        return found


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
