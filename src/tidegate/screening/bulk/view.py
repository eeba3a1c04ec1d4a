"""The columns of one batch as codes: for each thing that a condition may see, a small number a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegate.law.conditions import atoms
from tidegate.law.records import Book
from tidegate.screening.bulk.columns import NO_DAY, UNIT, Columns, billionths, days
from tidegate.screening.bulk.composition import Composition
from tidegate.screening.bulk.describe import Layer
from tidegate.screening.bulk.keys import Codes, Interner, unique_inverse
from tidegate.screening.classify import heading_for
from tidegate.screening.shipment import (
    LAYER,
    OPERATIONS,
    Reject,
    Shipment,
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
    parse_shipment,
)

if TYPE_CHECKING:
    from tidegate.screening.bulk.session import Session

BAD = -1
EVENTS = ("declared", "departed", "bill_of_lading", "arrived", "import_completed")
OPERATION_CODES = {None: 0} | {code: n + 1 for n, code in enumerate(sorted(OPERATIONS))}
# objects written as one column of text or of lists: such rows are rare and are decided by themselves
WHOLE = ("polymers", "facts", "events", "evaluate")


class Shipments:
    """Rows read as shipments, each at most once."""

    def __init__(self, book: Book, columns: Columns):
        self._book, self._columns, self._kept = book, columns, dict[int, Shipment]()

    def fetch(self, rows: Codes) -> None:
        """Reads several rows at once, which costs less than one by one."""
        wanted = [int(r) for r in dict.fromkeys(rows.tolist()) if r not in self._kept]
        for row, raw in zip(wanted, self._columns.take(wanted), strict=True):
            self._kept[row] = parse_shipment(raw, self._book)

    def __getitem__(self, row: int) -> Shipment:
        found = self._kept.get(row)
        if found is None:
            found = self._kept[row] = parse_shipment(self._columns.row(row), self._book)
        return found


class View:
    """Codes of a batch. `bad`: rows with a value that its field cannot have. `alone`: rows to decide by themselves."""

    def __init__(self, session: Session, columns: Columns):
        self.session, self.book, self.columns = session, session.book, columns
        self.rows = columns.rows
        self.bad: npt.NDArray[np.bool_] = np.zeros(self.rows, dtype=bool)
        self.alone: npt.NDArray[np.bool_] = np.zeros(self.rows, dtype=bool)
        self._facts: dict[Any, Codes] = {}
        self._days: dict[str, Codes] = {}
        self._tri: dict[str, Codes] = {}
        self._annex: dict[str, Codes] = {}
        self._required()
        self._set_apart()
        self.export = self._state("export")
        self.import_ = self._state("import")
        own = self._state("origin")
        self.origin = np.where(own >= 0, own, self.export) if columns.get("origin") is not None else self.export
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
        self.declared = self._coded_raw("declared_entry", lambda v: session.entries_declared(_text(v)))
        paper = self.material == self._material_code("paper")
        self.composition: Composition = session.composition.encode(
            columns, paper, self.material > 0, self.bad, self.alone
        )
        for name in ("net_kg", "gross_kg", "value"):
            billionths(columns, name, self.bad, self.alone, None)
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
                self.bad |= self._coded_raw(name, lambda v: 1 if v in (None, "") else 0) > 0

    def _set_apart(self) -> None:
        for name in WHOLE:
            array = self.columns.get(name)
            if array is not None:
                empty = self._coded_raw(name, lambda v: 1 if v in (None, "") else 0)
                self.alone |= empty == 0
        for name in self.columns.named("facts."):
            tail = name.removeprefix("facts.")
            if LAYER.match(tail.partition(".")[0]):
                self.alone |= self.columns.arrays[name].is_valid().to_numpy(zero_copy_only=False)

    def _coded_raw(self, name: str, code_of: Callable[[Any], int]) -> Codes:
        found = self.columns.codes(name, code_of)
        return np.zeros(self.rows, dtype=np.int64) if found is None else found

    def _coded(self, name: str, code_of: Callable[[Any], int], absent: int = 0) -> Codes:
        """Codes of a column; a value that its field cannot have marks the row bad."""

        def safe(value: Any) -> int:
            try:
                return code_of(value)
            except Reject:
                return BAD

        found = self.columns.codes(name, safe)
        if found is None:
            return np.full(self.rows, absent, dtype=np.int64)
        self.bad |= found == BAD
        return np.maximum(found, 0)

    # ── single columns ─────────────────────────────────────────────────────────────────────────────────

    def _state(self, name: str) -> Codes:
        states = self.session.states

        def code(value: Any) -> int:
            iso = _state(value, name, self.book)
            return states.codes[iso] + 1 if iso else 0

        return self._coded(name, code) - 1 if name == "origin" else np.maximum(self._coded(name, code) - 1, 0)

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
            found = base if own is None else np.where(own <= NO_DAY, base, own)
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
            import re

            pattern = re.compile(r"^Y\d{1,2}$" if name == "annex_i" else r"^H\d{1,2}(\.\d)?$")
            array = self.columns.get(name)
            if array is not None and (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
                self.columns.arrays[name] = pa.array(
                    [None if v is None else ";".join(str(x) for x in v) or "[]" for v in array.to_pylist()], pa.string()
                )

            def code(value: Any) -> int:
                if value == "[]":
                    return 1
                codes = _codes(value, name, pattern, "")
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
        starts = np.array([d.toordinal() for _, d in book.editions], dtype=np.int64) - 719163
        current = np.maximum(np.searchsorted(starts, self.day("arrived"), side="right"), 1)
        edition = np.where(named > 0, named, current)
        distinct, first, inverse = unique_inverse(self.hs * (len(editions) + 1) + edition)
        table = np.empty(len(distinct), dtype=np.int64)
        for n, i in enumerate(first.tolist()):
            hs: Any = session.hs_values.values[int(self.hs[i])]
            name = editions[int(edition[i]) - 1]
            heading = heading_for(hs, name, book)
            table[n] = session.headings((heading.code if heading else None, hs is None, name))
        return table[inverse]

    def hs_signature(self, layer: Layer) -> Codes:
        """A code for how the declared HS code stands to every prefix of a layer, and to every code deserved."""
        session = self.session
        table = layer.hs_table
        for hs in session.hs_values.values[len(table) :]:
            if not isinstance(hs, str):
                table.append(layer.hs_codes(None))
                continue
            code = layer.hs_codes(
                (
                    tuple((hs.startswith(p), p.startswith(hs)) for p in layer.prefixes),
                    tuple(hs.startswith(d) for d in session.deserved),
                )
            )
            table.append(code)
        return np.asarray(table, dtype=np.int64)[self.hs]

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
            array = pa.array([None if v is None else ";".join(v) for v in array.to_pylist()], pa.string())
            self.columns.arrays["transit"] = array

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

        found = self.columns.codes("transit", safe)
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
                self.fact(fact.name, (), ())

    def fact(self, name: str, limits: Sequence[Decimal], words: Sequence[Any]) -> Codes:
        """0 not known; else a code for the value as far as the limits and words can tell it from others."""
        key = (name, tuple(limits), tuple(words))
        found = self._facts.get(key)
        if found is not None:
            return found
        fact = self.book.facts.get(name)
        column = f"facts.{name}"
        if fact is None or self.columns.get(column) is None or fact.by == "derived":
            found = np.zeros(self.rows, dtype=np.int64)
        elif fact.type == "number":
            got = billionths(self.columns, column, self.bad, self.alone, 100 if name.endswith("_pct") else None)
            assert got is not None
            value, known = got
            edges = {*limits, *(w for w in words if isinstance(w, Decimal))}
            found = np.where(known, _compared(value, sorted(edges)), 0)
        else:
            places = {word: n + 2 for n, word in enumerate(words)} if fact.type != "bool" else {True: 1, False: 2}

            def code_of(value: Any) -> int:
                if value is None or value == "":
                    return 0
                typed = _typed(value, fact, column)
                return 0 if typed is None else places.get(typed, 1)

            found = self._coded(column, code_of)
        self._facts[key] = found
        return found

    def net_kg(self, limits: Sequence[Decimal]) -> Codes:
        """0 where the net mass is not known, else a code for the limits (in kilograms) that it exceeds and reaches."""
        got = billionths(self.columns, "net_kg", self.bad, self.alone, None)
        if got is None:
            return np.zeros(self.rows, dtype=np.int64)
        value, known = got
        return np.where(known, _compared(value, limits), 0)

    @cached_property
    def papers(self) -> Codes:
        """The signature of the papers held."""
        session = self.session
        return session.documents.encode(
            self.columns,
            {event: self.day(event) for event in EVENTS},
            {"export": self.export, "import": self.import_},
            session.states,
            session.transits.values,  # type: ignore[arg-type]
            self.transit,
            self.bad,
        )


def _compared(value: Codes, limits: Sequence[Decimal]) -> Codes:
    """1 + how many limits the value exceeds + how many it reaches."""
    code = np.ones(len(value), dtype=np.int64)
    for limit in limits:
        edge = int(limit * UNIT)
        code += (value > edge).astype(np.int64) + (value >= edge)
    return code


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


def deserved_codes(book: Book) -> tuple[str, ...]:
    """Every HS code that some content may deserve."""
    found = {"3915", *book.polymers.hs.values()}
    for stream in book.streams.values():
        found |= set(stream.deserves.values())
    return tuple(sorted(found))


__all__ = ["Interner", "Shipments", "View", "deserved_codes", "material_words"]
