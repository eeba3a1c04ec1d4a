"""The columns of one batch as codes: for each thing that a condition may see, a small number a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tidegate.law.conditions import atoms
from tidegate.law.records import Book
from tidegate.screening.bulk.columns import NO_DAY, UNIT, Columns, days, flags, measured
from tidegate.screening.bulk.composition import Composition
from tidegate.screening.bulk.describe import Layer, numbers_of
from tidegate.screening.bulk.keys import Codes
from tidegate.screening.bulk.shipments import READERS
from tidegate.screening.classify import heading_for
from tidegate.screening.shipment import (
    FIELDS,
    LAYER,
    OPERATIONS,
    Reject,
    _bool,
    _choice,
    _codes,
    _edition,
    _hs,
    _list,
    _material,
    _operation,
    _state,
    _text,
    _typed,
)

if TYPE_CHECKING:
    from tidegate.screening.bulk.session import Session

BAD = -1
EVENTS = ("declared", "departed", "bill_of_lading", "arrived", "import_completed")
OPERATION_CODES = {None: 0} | {code: n + 1 for n, code in enumerate(sorted(OPERATIONS))}
# fields whose codes every layer sees alike, and where they are held
CODED = {"operation": "operation", "consumer": "consumer", "material": "material", "declared_entry": "declared",
         "documents": "papers"}  # fmt: skip
# objects written as one column of text or of lists: such rows are rare and are decided by themselves
WHOLE = ("polymers", "facts", "events", "evaluate")
# fields that hold one plain value: a list or an object there is none, which the row says when it is read by itself
PLAIN = READERS.keys() - {"transit", "annex_i", "annex_iii", "documents"} | {"id", "consignment"}


class View:
    """Codes of a batch. `bad`: rows with a value that its field cannot have. `alone`: rows to decide by themselves."""

    def __init__(self, session: Session, columns: Columns):
        self.session, self.book, self.columns = session, session.book, columns
        self.rows = columns.rows
        self.bad: npt.NDArray[np.bool_] = np.zeros(self.rows, dtype=bool)
        self.alone: npt.NDArray[np.bool_] = np.zeros(self.rows, dtype=bool)
        self._facts: dict[str, npt.NDArray[Any]] = {}
        self._days: dict[str, Codes] = {}
        self._tri: dict[str, Codes] = {}
        self._annex: dict[str, Codes] = {}
        self._required()
        self._set_apart()
        self.export = self._state("export")
        self.import_ = self._state("import")
        own = self._state("origin")
        self.origin = self.export + (own - self.export) * (own >= 0)
        for event in EVENTS:
            self.day(event)
        self.transit = self._transit()
        self.operation = self._coded("operation", lambda v: OPERATION_CODES[_operation(v)])
        self.consumer = self._coded(
            "consumer", lambda v: (None, "pre", "post").index(_choice(v, "consumer", ("pre", "post"), ""))
        )
        self.material = self._coded("material", self._material_code)
        self.hs = self._coded("hs", lambda v: session.hs_values(_hs(v)), session.hs_values(None))
        for name in ("waste", "hazardous", "halogenated"):
            self.tri(name)
        for name in ("annex_i", "annex_iii"):
            self.annex(name)
        self._check_facts()
        self.heading = self._heading()
        self.declared = self._coded("declared_entry", lambda v: session.entries_declared(_text(v)))
        paper = self.material == self._material_code("paper")
        self.composition: Composition = session.composition.encode(
            columns, paper, self.material > 0, self.bad, self.alone
        )
        for name in ("gross_kg", "value"):
            self._check_number(name)
        self._net = self._limited("net_kg", session.sight.masses, None)
        _ = self.papers

    # ── rows that cannot be, and rows that stand alone ─────────────────────────────────────────────────

    def _required(self) -> None:
        for name in ("id", "date", "export", "import"):
            array = self.columns.arrays.get(name)
            if array is None:
                self.bad[:] = True
                continue
            if array.null_count:
                self.bad |= ~array.is_valid().to_numpy(zero_copy_only=False)
            if pa.types.is_string(array.type) and name == "id":
                empty = pc.equal(array, "")
                if pc.any(empty).as_py():
                    self.bad |= empty.fill_null(False).to_numpy(zero_copy_only=False)

    def _set_apart(self) -> None:
        for name in WHOLE:
            array = self.columns.get(name)
            if array is not None:
                empty = self._coded_raw(name, lambda v: 1 if v in (None, "") else 0)
                self.alone |= empty == 0
        for name in [n for n, array in self.columns.arrays.items() if pa.types.is_nested(array.type)]:
            if name in PLAIN or (name.startswith("facts.") and name.removeprefix("facts.") in self.book.facts):
                self.alone |= self.columns.arrays[name].is_valid().to_numpy(zero_copy_only=False)
        for name in self.columns.named("facts."):
            tail = name.removeprefix("facts.")
            if LAYER.match(tail.partition(".")[0]):
                self.alone |= self.columns.arrays[name].is_valid().to_numpy(zero_copy_only=False)

    def _coded_raw(self, name: str, code_of: Callable[[Any], int]) -> Codes:
        found = self.columns.codes(name, code_of)
        return np.zeros(self.rows, dtype=np.int64) if found is None else found

    def _coded(
        self, name: str, code_of: Callable[[Any], int], absent: int = 0, kind: type[np.signedinteger[Any]] = np.int64
    ) -> npt.NDArray[Any]:
        """Codes of a column; a value that its field cannot have marks the row bad."""

        def safe(value: Any) -> int:
            try:
                return code_of(value)
            except Reject:
                return BAD

        array = self.columns.get(name)
        if array is None:
            return np.full(self.rows, absent, dtype=kind)
        if pa.types.is_boolean(array.type):
            table = [safe(None), safe(True), safe(False)]
            found: npt.NDArray[Any] = flags(array) if table == [0, 1, 2] else np.array(table)[flags(array)]
        else:
            known = self.session.remembered.setdefault(name, {})
            coded = self.columns.codes(name, safe, known, kind)
            assert coded is not None
            found = coded
        if found.dtype == kind and len(found) and found.min() == BAD:
            self.bad |= found == BAD
            found = np.maximum(found, 0)
        return found

    # ── single columns ─────────────────────────────────────────────────────────────────────────────────

    def _state(self, name: str) -> Codes:
        """Codes of States; of the origin -1 where none is stated."""
        states, more = self.session.states, int(name == "origin")

        def code(value: Any) -> int:
            iso = _state(value, name, self.book)
            return states.codes[iso] + more if iso else 0

        return self._coded(name, code) - more

    def day(self, event: str) -> Codes:
        """Day numbers of an event; `date` stands in where it is left out."""
        found = self._days.get(event)
        if found is None:
            base = self._days.get("date")
            if base is None:
                base = days(self.columns, "date", self.bad)
                if base is None:
                    base = np.full(self.rows, NO_DAY, np.int64)
                self.bad |= base <= NO_DAY
                base = self._days["date"] = np.where(base <= NO_DAY, 0, base)
            own = days(self.columns, f"events.{event}", self.bad)
            found = base if own is None else base + (own - base) * (own > NO_DAY)
            self._days[event] = found
        return found

    def tri(self, name: str) -> Codes:
        """0 not known, 1 true, 2 false."""
        found = self._tri.get(name)
        if found is None:
            found = self._tri[name] = self._coded(name, lambda v: (None, True, False).index(_bool(v, name)))
        return found

    def annex(self, name: str) -> Codes:
        """0 not known, 1 known to be none, 2 some."""
        found = self._annex.get(name)
        if found is None:
            array = self.columns.get(name)
            if array is not None and (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
                # as JSON every item stays one item, also one that is empty or holds a `;`
                self.columns.arrays[name] = pa.array(
                    [None if v is None else json.dumps(v, default=str) for v in array.to_pylist()], pa.string()
                )

            def code(value: Any) -> int:
                codes = _codes(value, name)
                return 0 if codes is None else 2 if codes else 1

            found = self._annex[name] = self._coded(name, code)
        return found

    def _material_code(self, value: Any) -> int:
        word = _material(value, self.book)
        if word is None:
            return 0
        return self.session.materials(word if word in self.session.material_words else "\0other") + 1

    def _heading(self) -> Codes:
        """A code for (heading, whether a code was declared, edition)."""
        session, book = self.session, self.book
        editions = [e for e, _ in book.editions]
        named = self._coded("hs_edition", lambda v: editions.index(e) + 1 if (e := _edition(v, book)) else 0)
        starts = numbers_of(day for _, day in book.editions)
        current = np.maximum(np.searchsorted(starts, self.day("arrived"), side="right"), 1)
        edition = current + (named - current) * (named > 0)
        self.edition, self.edition_named = edition, named > 0
        self.edition_arrived = current
        keys = self.hs * (len(editions) + 1) + edition
        table = np.full(len(session.hs_values.values) * (len(editions) + 1), -1)
        table[keys] = 0
        for key in np.flatnonzero(table == 0).tolist():
            if key not in session.heading_codes:
                hs: Any = session.hs_values.values[key // (len(editions) + 1)]
                name = editions[key % (len(editions) + 1) - 1]
                heading = heading_for(hs, name, book)
                says = None if heading is None else (heading.waste, heading.material, heading.candidates)
                session.heading_codes[key] = session.headings((says, hs is None, name))
            table[key] = session.heading_codes[key]
        return table.take(keys)

    def edition_of_heading(self) -> Codes:
        """For each code of a heading, a code for its edition alone."""
        places = {edition: n for n, (edition, _) in enumerate(self.book.editions)}
        return np.array([places[h[2]] for h in self.session.headings.values], dtype=np.int64)

    def _transit(self) -> Codes:
        """A code for the list of States; lists of objects stand alone."""
        array = self.columns.get("transit")
        if array is None:
            return np.zeros(self.rows, dtype=np.int64)
        session, book = self.session, self.book
        if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
            if not pa.types.is_string(array.type.value_type):
                self.alone |= array.is_valid().to_numpy(zero_copy_only=False)
                return np.zeros(self.rows, dtype=np.int64)
            # as JSON an item that is empty stays one
            texts = [None if v is None else ";".join(v) if all(v) else json.dumps(v) for v in array.to_pylist()]
            self.columns.arrays["transit"] = pa.array(texts, pa.string())

        def code(value: Any) -> int:
            if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
                return -2
            states = tuple(_state(v, "transit", book, required=True) for v in _list(value) or ())
            if len(states) > 8:
                return -2
            return session.transits(states)

        def safe(value: Any) -> int:
            try:
                return code(value)
            except Reject:
                return BAD

        found = self.columns.codes("transit", safe, session.remembered.setdefault("transit", {}))
        assert found is not None
        self.bad |= found == BAD
        self.alone |= found == -2
        return np.maximum(found, 0)

    # ── facts ──────────────────────────────────────────────────────────────────────────────────────────

    def _check_facts(self) -> None:
        """Every column of a registered fact is read once, so that a value it cannot have is found."""
        for name in self.columns.named("facts."):
            fact = self.book.facts.get(name.removeprefix("facts."))
            if fact is not None:
                self.fact(fact.name)

    def _check_number(self, name: str) -> None:
        """A number that no rule reads must still be one."""
        array = self.columns.get(name)
        if array is None:
            return
        if pa.types.is_floating(array.type):
            ends = pc.min_max(array).as_py()
            if 0 <= ends["min"] <= ends["max"] < 2.0**31:
                return
        measured(self.columns, name, self.bad, self.alone, None)

    def fact(self, name: str) -> npt.NDArray[Any]:
        """0 not known; else a code for the value as far as any rule can tell it from others."""
        found = self._facts.get(name)
        if found is not None:
            return found
        fact = self.book.facts.get(name)
        column = f"facts.{name}"
        limits, words = self.session.sight.facts.get(name, ((), ()))
        if fact is None or self.columns.get(column) is None or fact.by == "derived":
            found = np.zeros(self.rows, dtype=np.int16)
        elif fact.type == "number":
            top = 100 if name.endswith("_pct") else None
            found = self._limited(column, edges_of(limits, words), top, whole=fact.counted)
        else:
            places = {word: n + 2 for n, word in enumerate(words)} if fact.type != "bool" else {True: 1, False: 2}

            def code_of(value: Any) -> int:
                if value is None or value == "":
                    return 0
                typed = _typed(value, fact, column)
                return 0 if typed is None else places.get(typed, 1)

            found = self._coded(column, code_of, kind=np.int16)
        self._facts[name] = found
        return found

    def _limited(
        self, column: str, limits: Sequence[Decimal], top: int | None, whole: bool = False
    ) -> npt.NDArray[Any]:
        """0 where a number is not known, else 1 + how many limits it exceeds + how many it reaches. `whole`: a part of
        one marks the row bad."""
        out = np.zeros(self.rows, dtype=np.int16)
        got = measured(self.columns, column, self.bad, self.alone, top)
        if got is None:
            return out
        where, value = got
        if whole:
            self.bad[where[value % UNIT != 0]] = True
        # in whole numbers, to exceed a limit is to reach one more
        edges = sorted(int(limit * UNIT) + more for limit in limits for more in (0, 1))
        out[where] = 1 + np.searchsorted(edges, value, side="right")
        return out

    def seen_by(self, layer: Layer, name: str) -> npt.NDArray[np.int64]:
        """For each code of a fact (`net_kg`: of the mass), the code for what a layer can tell apart."""
        found = layer.coarser.get(name)
        if found is None:
            found = layer.coarser[name] = self._seen_by(layer, name)
        return found

    def _seen_by(self, layer: Layer, name: str) -> npt.NDArray[np.int64]:
        sight = self.session.sight
        if name == "net_kg":
            return _coarser(sight.masses, layer.masses)
        fact = self.book.facts[name]
        whole, mine = sight.facts.get(name, ((), ())), layer.facts[name]
        if fact.type == "number":
            return _coarser(edges_of(*whole), edges_of(*mine))
        if fact.type == "bool":
            return np.arange(3)
        places = {word: n + 2 for n, word in enumerate(mine[1])}
        return np.array([0, 1, *(places.get(word, 1) for word in whole[1])], dtype=np.int64)

    def column(self, layer: Layer, what: str, rows: Codes) -> Codes | None:
        """Codes of some rows for what a layer can tell apart of a field or fact; None where that is not known."""
        head, _, fact = what.partition(".")
        if head == "facts":
            known = self.book.facts.get(fact)
            if known is None or known.by == "derived" or fact in FIELDS:
                return np.zeros(len(rows), dtype=np.int64)  # never among the facts of a shipment
            return self.seen_by(layer, fact)[self.fact(fact)[rows]] if fact in layer.facts else None
        if what in ("waste", "hazardous", "halogenated"):
            return self.tri(what)[rows]
        if what in ("polymers", "contamination_pct"):
            return self.session.composition.seen_by(layer.name, layer.mix)[self.composition.rules[rows]]
        if what == "net_kg":
            return self.seen_by(layer, what)[self._net[rows]]
        held = CODED.get(what)
        found: Codes | None = None if held is None else getattr(self, held)[rows]
        return found

    def net_kg(self) -> npt.NDArray[Any]:
        """0 where the net mass is not known, else a code for the limits (in kilograms) that it exceeds and reaches."""
        return self._net

    def case_parts(self) -> list[tuple[npt.NDArray[Any], int]]:
        """Everything that any layer can tell apart, as codes with their widths in bits."""
        session = self.session
        parts: list[tuple[npt.NDArray[Any], int]] = [(self.edition, 3), (self.operation, 5), (self.consumer, 2)]
        parts += [(self.tri(name), 2) for name in ("waste", "hazardous", "halogenated")]
        parts += [(self.annex(name), 2) for name in ("annex_i", "annex_iii")]
        for name, (limits, words) in session.sight.facts.items():
            codes = self.fact(name)
            parts.append((codes, (2 * len(limits) + 2 * len(words) + 2).bit_length()))
        parts.append((self._net, (2 * len(session.sight.masses) + 1).bit_length()))
        parts += [(self.material, 16), (self.declared, 16), (self.composition.entry, 24), (self.composition.rules, 24)]
        parts += [(self.hs, 24), (self.papers, 26), (self.export, 9), (self.import_, 9), (self.origin, 9)]
        parts.append((self.transit, 20))
        for event in EVENTS:
            days = self.day(event)
            parts.append((session.spans[event](days), 10))
        return parts

    @cached_property
    def papers(self) -> Codes:
        """The signature of the papers held."""
        session = self.session
        return session.documents.encode(
            self.columns,
            {event: self.day(event) for event in EVENTS},
            {"export": self.export, "import": self.import_},
            session.states,
            session.transits.values,
            self.transit,
            self.bad,
        )


def edges_of(limits: Sequence[Decimal], words: Sequence[Any]) -> list[Decimal]:
    """The numbers that conditions compare a fact with, in order."""
    return sorted({*limits, *(w for w in words if isinstance(w, Decimal))})


def _coarser(whole: Sequence[Decimal], mine: Sequence[Decimal]) -> npt.NDArray[np.int64]:
    """For each code that tells `whole` limits apart, the code that tells only `mine`, some of them, apart."""
    kept = np.cumsum([0, *(limit in mine for limit in whole)])
    codes = np.arange(1, 2 * len(whole) + 2)
    return np.concatenate([[0], 1 + kept[(codes - 1) // 2] + kept[codes // 2]])


def material_words(book: Book) -> frozenset[str]:
    """Words of `material` that the book tells apart: its streams, and those that conditions name."""
    named = {
        str(word)
        for rule in book.rules.values()
        for c in (rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents))
        for fact, _, operand in atoms(c)
        if fact == "material"
        for word in operand
    }
    return frozenset(named | set(book.streams) | {"paper"})


__all__ = ["View", "material_words"]
