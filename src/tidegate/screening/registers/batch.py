"""One batch with what a register knows of it.

Numbered steps of `Enrichment.enriched`:
 1. the papers and the parties of the batch are joined with the register (see join.py)
 2. what answers mean depends on few things (the paper or the subject, the day among the register's days, what the
    shipment says itself): each distinct case goes once through the functions of answers.py
 3. the rows take the results back as columns
Rows of rare shapes (facts as one text, facts for one layer, States of transit with facts of their own) that the
register speaks of go through `Enricher.one`, which is what a row by itself goes through.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tidegate.law.records import Fact
from tidegate.screening.bulk.columns import DAY_ZERO, NO_DAY, Columns, days
from tidegate.screening.bulk.keys import Codes
from tidegate.screening.papers import KG_PER_TONNE
from tidegate.screening.registers.answers import (
    ANSWERS,
    CLEAR,
    CONFIRMED,
    KEEP,
    Candidate,
    in_tonnes,
    settle,
    value_of,
    written,
)
from tidegate.screening.registers.enrich import EVERYWHERE, Ask, load_of, paper_items, subject_of
from tidegate.screening.registers.protocol import (
    ABOUT,
    Load,
    PaperKey,
    normal,
    record_on,
)
from tidegate.screening.registers.spread import (
    Alerts,
    Part,
    Spoken,
    answered,
    as_text,
    distinct,
    dumps,
    put_in,
    raised,
)
from tidegate.screening.registers.tables import cell, edges
from tidegate.screening.shipment import (
    LAYER,
    Document,
    Reject,
    _documents,
    _list,
    _number,
    _state,
    _typed,
    parse_shipment,
)

if TYPE_CHECKING:
    from tidegate.screening.registers.join import Join

Mask = npt.NDArray[np.bool_]
LOAD = ("export", "import", "origin", "hs", "declared_entry", "operation")  # beside mass and parties


@dataclass(slots=True)
class Enriched:
    """A batch with its answers. `alerts`: for each row the place of its alerts in `texts`, 0 where there are none."""

    batch: pa.RecordBatch
    alerts: Codes
    texts: list[Alerts]

    @property
    def beside(self) -> pa.RecordBatch:
        """The columns to be written beside the decisions: who answered what."""
        return self.batch.select([n for n in self.batch.schema.names if n.removeprefix("source.") == ANSWERS])


class Enrichment:
    """One batch on its way through the steps."""

    def __init__(self, join: Join, batch: pa.RecordBatch):
        self.join, self.batch, self.book = join, batch, join.book
        self.columns = Columns(batch)
        self.rows = batch.num_rows
        self.changed: dict[str, pa.Array] = {}  # columns that are new or other than they were
        self.parts: list[Part] = []
        bad = np.zeros(self.rows, dtype=bool)
        day = days(self.columns, "date", bad)
        self.day = np.full(self.rows, NO_DAY, np.int64) if day is None else day
        self.readable = ~bad & (self.day > NO_DAY)
        self.rare = self._rare_shapes()

    def enriched(self) -> Enriched:
        candidates = self._candidates() if self.join.enricher.asks else {}
        alone = self._alone(candidates)
        self._judge_papers(~alone & self.readable)
        plain = ~alone & ~self.rare & self.readable
        for name, found in candidates.items():
            self._settle_fact(name, found, plain)
        self._one_by_one(np.flatnonzero(alone & self.readable))
        return self._result()

    # ── rows of rare shapes ────────────────────────────────────────────────────────────────────────────

    def _rare_shapes(self) -> Mask:
        rare = np.zeros(self.rows, dtype=bool)
        columns = self.columns
        for name in ("facts", "evaluate", "events"):
            codes = columns.codes(name, lambda v: v not in (None, ""))
            if codes is not None:
                rare |= codes > 0
        for name in columns.named("facts."):
            if LAYER.match(name.removeprefix("facts.").partition(".")[0]):
                rare |= columns.arrays[name].is_valid().to_numpy(zero_copy_only=False)
        stops = columns.get("transit")
        if stops is not None:
            if pa.types.is_list(stops.type) or pa.types.is_large_list(stops.type):
                if not pa.types.is_string(stops.type.value_type):
                    rare |= stops.is_valid().to_numpy(zero_copy_only=False)
            else:
                rare |= self._codes("transit", lambda v: isinstance(v, str) and v.lstrip()[:1] in ("[", "{")) > 0
        return rare

    def _codes(self, name: str, code_of: Callable[[Any], int | bool]) -> Codes:
        found = self.columns.codes(name, code_of)
        return np.zeros(self.rows, dtype=np.int64) if found is None else found

    def _alone(self, candidates: Mapping[str, list[tuple[Ask, Spoken]]]) -> Mask:
        """Rows to enrich by themselves: of rare shape, or with an answer for one layer only, and spoken of."""
        alone = np.zeros(self.rows, dtype=bool)
        for found in candidates.values():
            for ask, part in found:
                spoken = part.codes > 0
                alone |= spoken & self.rare if ask.slot == EVERYWHERE else spoken
        return alone

    # ── papers ─────────────────────────────────────────────────────────────────────────────────────────

    def _judge_papers(self, rows: Mask) -> None:
        array = self.columns.get("documents")
        if array is None or not self.join.knows_papers:
            return
        texts = as_text(array)
        encoded = pc.dictionary_encode(texts)
        positions = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        cells = encoded.dictionary.to_pylist()
        read = [_papers(text) for text in cells]
        keys = [PaperKey.of(d.kind, d.number) for papers in read for _, d in papers if d.number]
        records = self.join.papers(keys) if keys else {}
        authorities = self.join.enricher.authorities
        kinds = {kind for kind in {d.kind for papers in read for _, d in papers} if _governed(kind, authorities)}
        spoken = np.array(
            [
                any(d.kind in kinds or (d.number and PaperKey.of(d.kind, d.number) in records) for _, d in papers)
                for papers in read
            ]
            + [False]
        )
        here = np.flatnonzero(rows & spoken[positions])
        if not len(here):
            return
        starts = {r.status_from.toordinal() for r in records.values() if r.status_from is not None}
        starts |= {r.left_from.toordinal() for r in records.values() if r.left_from is not None}
        limits = np.array(sorted(starts | set(self.join.authority_edges)), dtype=np.int64) - DAY_ZERO
        segment = np.searchsorted(limits, self.day[here], side="right")
        keys_here = [positions[here], segment]
        limited = [r for r in records.values() if r.scope is not None or r.left_kg is not None]
        if limited:
            loads, load_at = self._load_codes({r.left_kg for r in limited if r.left_kg is not None})
            bound = {r.key for r in limited}
            named = [any(PaperKey.of(d.kind, d.number) in bound for _, d in papers) for papers in read]
            said = np.array([*named, False])
            keys_here.append(np.where(said[positions[here]], loads[here], 0))
        first, inverse = distinct(keys_here)
        part = Part.of(self.rows)
        new: list[str | None] = []
        for i in first.tolist():
            at = int(positions[here[i]])
            load = load_at(int(here[i])) if limited else Load()
            kept, told = self.join.enricher.judge(read[at], records, _date(int(self.day[here[i]])), load)
            new.append(None if kept is None else dumps(kept))
            part.cases.append(told)
        part.codes[here] = inverse + 1
        self.parts.append(part)
        moved = np.array([text is not None for text in new])[inverse]
        if moved.any():
            self.changed["documents"] = put_in(texts, here[moved], pa.array(new, pa.string()).take(inverse[moved]))

    # ── facts ──────────────────────────────────────────────────────────────────────────────────────────

    def _candidates(self) -> dict[str, list[tuple[Ask, Spoken]]]:
        """For each fact that the register answers here: who is spoken of, by which record."""
        subjects = {about: self._subjects(about) for about in ABOUT}
        out: dict[str, list[tuple[Ask, Spoken]]] = {}
        for name, asks in self.join.enricher.asks.items():
            for ask in asks:
                named = subjects[ask.shape.about]
                if named is None:
                    continue
                part = self._spoken_of(ask, *named)
                if part is not None:
                    out.setdefault(name, []).append((ask, part))
        return out

    def _subjects(self, about: str) -> tuple[Codes, list[str | None]] | None:
        """(place of each row's id among the distinct ones, the ids as they are written, None for no id)."""
        found: list[tuple[Codes, list[str | None]]] = []
        for name, of in ((f"{about}.id", lambda v: subject_of({"id": v})), (about, subject_of)):
            encoded = self.columns.encoded(name)
            if encoded is not None:
                found.append((encoded[0], [of(value) for value in encoded[1]]))
        if not found:
            return None
        codes, names = found[0]
        for more, others in found[1:]:
            known = np.array([n is not None for n in names])[codes]
            codes = np.where(known, codes, more + len(names))
            names = [*names, *others]
        return codes, names

    def _spoken_of(self, ask: Ask, codes: Codes, names: Sequence[str | None]) -> Spoken | None:
        keys = [None if name is None else normal(name) for name in names]
        records = self.join.facts(ask).speaking(list(dict.fromkeys(k for k in keys if k is not None)))
        if not records:
            return None
        rows = self.readable & np.array([key in records for key in keys])[codes]
        if ask.rule is not None:
            rows &= self.rare | self._binding(ask)
        here = np.flatnonzero(rows)
        if not len(here):
            return None
        periods = {(r.valid_from, r.valid_to) for pair in records.values() for rs in pair for r in rs}
        limits = np.array(edges(periods), dtype=np.int64) - DAY_ZERO
        segment = np.searchsorted(limits, self.day[here], side="right")
        keys_here = [codes[here], segment]
        limited = any(r.scope is not None for pair in records.values() for rs in pair for r in rs)
        if limited:
            loads, load_at = self._load_codes(())
            keys_here.append(loads[here])
        first, inverse = distinct(keys_here)
        part = Spoken(np.zeros(self.rows, dtype=np.int64))
        places = []
        for i in first.tolist():
            at = int(codes[here[i]])
            own, for_any = records[str(keys[at])]
            day = _date(int(self.day[here[i]]))
            load = load_at(int(here[i])) if limited else Load()
            record = record_on(own, day, load) or record_on(for_any, day, load)
            if record is None:
                places.append(0)
                continue
            part.cases.append(Candidate(record, str(names[at])))
            places.append(len(part.cases) - 1)
        part.codes[here] = np.array(places, dtype=np.int64)[inverse]
        return part

    def _binding(self, ask: Ask) -> Mask:
        """Rows on whose route the rule lies, in force on the day of its event."""
        rule = ask.rule
        assert rule is not None
        bad = np.zeros(self.rows, dtype=bool)
        own = days(self.columns, f"events.{rule.event}", bad)
        day = self.day if own is None else np.where(own <= NO_DAY, self.day, own)
        rows = np.ones(self.rows, dtype=bool)
        if rule.valid_from is not None:
            rows &= day >= rule.valid_from.toordinal() - DAY_ZERO
        if rule.valid_to is not None:
            rows &= day <= rule.valid_to.toordinal() - DAY_ZERO
        if rule.state is None:
            return rows
        if rule.role == "transit":
            stops = self.columns.get("transit")
            if stops is None:
                return np.zeros(self.rows, dtype=bool)
            if pa.types.is_list(stops.type) or pa.types.is_large_list(stops.type):
                lists = stops.to_pylist()
                return rows & np.array([rule.state in self._states(stop) for stop in lists])
            return rows & (self._codes("transit", lambda v: rule.state in self._states(v)) > 0)
        return rows & (self._codes(str(rule.role), lambda v: rule.state in self._states([v])) > 0)

    def _states(self, value: Any) -> list[str | None]:
        try:
            return [_state(item, "", self.book) for item in _list(value) or ()]
        except Reject:
            return []

    def _settle_fact(self, name: str, found: Sequence[tuple[Ask, Spoken]], plain: Mask) -> None:
        fact = self.book.facts[name]
        codes = [part.codes for _, part in found]
        rows = plain & (np.max(codes, axis=0) > 0)
        said, values = self._claims(name)
        loads, masses = self._loads(fact, found)
        rows &= np.array([value is not KEEP for value in values])[said]
        rows &= np.array([mass is not KEEP for mass in masses])[loads]
        here = np.flatnonzero(rows)
        if not len(here):
            return
        keys = [*(c[here] for c in codes), said[here], loads[here]]
        first, inverse = distinct(keys)
        part = Part.of(self.rows)
        new: list[Any] = []
        for i in first.tolist():
            candidates = [c for (_, p), k in zip(found, keys, strict=False) if (c := p.cases[int(k[i])]) is not None]
            claim = values[int(said[here[i]])]
            value, told = settle(fact, candidates, () if claim is None else (claim,), masses[int(loads[here[i]])])
            part.cases.append(told)
            new.append(KEEP if told and told[0].effect == CONFIRMED else value)
        part.codes[here] = inverse + 1
        self.parts.append(part)
        moved = np.array([value is not KEEP for value in new])[inverse]
        if moved.any():
            texts = pa.array([None if v in (KEEP, CLEAR) else cell(written(v)) for v in new], pa.string())
            held = self._fact_texts(name)
            self.changed[f"facts.{name}"] = put_in(held, here[moved], texts.take(inverse[moved]))

    def _claims(self, name: str) -> tuple[Codes, list[Any]]:
        """(place of each row's own value of a fact, the values; KEEP for one that the fact cannot have)."""
        encoded = self.columns.encoded(f"facts.{name}")
        if encoded is None:
            return np.zeros(self.rows, dtype=np.int64), [None]
        fact = self.book.facts[name]

        def typed(value: Any) -> Any:
            try:
                return None if value is None or value == "" else _typed(value, fact, "")
            except Reject:
                return KEEP

        return encoded[0], [typed(value) for value in encoded[1]]

    def _loads(self, fact: Fact, found: Sequence[tuple[Ask, Spoken]]) -> tuple[Codes, list[Any]]:
        """(place of each row's net mass, masses in kg; KEEP for one that cannot be).

        One mass stands for all between two figures that records give; facts that are not in tonnes ask for none.
        """
        if not in_tonnes(fact):
            return np.zeros(self.rows, dtype=np.int64), [None]
        given = {value_of(fact, c.record) for _, spoken in found for c in spoken.cases if c is not None}
        return self._mass_codes({v * KG_PER_TONNE for v in given if v is not None})

    def _mass_codes(self, figures: Collection[Decimal]) -> tuple[Codes, list[Any]]:
        """(place of each row's net mass, one mass in kg for all between two figures; KEEP for one that cannot be)."""
        encoded = self.columns.encoded("net_kg")
        if encoded is None:
            return np.zeros(self.rows, dtype=np.int64), [None]
        limits = sorted(figures)
        places: dict[Any, int] = {}
        masses: list[Any] = []
        table = []
        for value in encoded[1]:
            try:
                mass: Any = _number(value, "net_kg", Decimal(0))
                key: Any = None if mass is None else bisect_left(limits, mass)
            except Reject:
                mass = key = KEEP
            place = places.setdefault(key, len(masses))
            if place == len(masses):
                masses.append(mass)
            table.append(place)
        return np.array(table, dtype=np.int64)[encoded[0]], masses

    def _load_codes(self, masses: Collection[Decimal]) -> tuple[Codes, Callable[[int], Load]]:
        """(place of each row among the loads that records can tell apart, the load of a row that stands for its place).

        `masses`: figures in kg that a load's net mass is held against. A load that cannot be read is of a row that is
        rejected later.
        """
        keys = [found[0] for name in LOAD if (found := self.columns.encoded(name)) is not None]
        subjects = {about: found for about in ABOUT if (found := self._subjects(about)) is not None}
        keys += [codes for codes, _ in subjects.values()]
        nets, kilograms = self._mass_codes(masses)
        _, places = distinct([*keys, nets])

        def load_at(row: int) -> Load:
            raw = self.columns.row(row)
            try:
                s = parse_shipment({name: raw.get(name) for name in ("date", *LOAD)} | {"id": "1"}, self.book)
            except Reject:
                return Load()
            net = kilograms[int(nets[row])]
            load = load_of(s, {about: {"id": names[int(codes[row])]} for about, (codes, names) in subjects.items()})
            return replace(load, net_kg=None if net is KEEP else net)

        return places, load_at

    def _fact_texts(self, name: str) -> pa.Array:
        """The column of a fact as text."""
        array = self._column(f"facts.{name}")
        encoded = self.columns.encoded(f"facts.{name}")
        if encoded is None or pa.types.is_string(array.type):
            return as_text(array)
        values = pa.array([None if v is None or v != v else cell(v) for v in encoded[1]], pa.string())
        return values.take(pa.array(encoded[0]))

    def _column(self, name: str) -> pa.Array:
        array = self.changed.get(name, self.columns.arrays.get(name))
        return pa.nulls(self.rows, pa.string()) if array is None else array

    # ── one by one ─────────────────────────────────────────────────────────────────────────────────────

    def _one_by_one(self, rows: Codes) -> None:
        part = Part.of(self.rows)
        cells: dict[str, dict[int, str]] = {"documents": {}, "facts": {}, "transit": {}}
        for i in rows.tolist():
            row = self.columns.row(i)
            out, told = self.join.enricher.one(row)
            if not told:
                continue
            part.cases.append(told)
            part.codes[i] = len(part.cases) - 1
            for name, column in cells.items():
                if out.get(name) is not row.get(name):
                    column[i] = dumps(out[name])
        self.parts.append(part)
        for name, column in cells.items():
            if not column:
                continue
            where = np.array(list(column), dtype=np.int64)
            values = pa.array(list(column.values()), pa.string())
            self.changed[name] = put_in(as_text(self._column(name)), where, values)
            if name == "facts":
                self._empty_facts(where)

    def _empty_facts(self, where: Codes) -> None:
        """Facts of these rows stand in one text now."""
        keep = np.ones(self.rows, dtype=bool)
        keep[where] = False
        for name in [n for n in {**self.columns.arrays, **self.changed} if n.startswith("facts.")]:
            self.changed[name] = self._column(name).take(pa.array(np.arange(self.rows), mask=~keep))

    # ── the batch, put together ────────────────────────────────────────────────────────────────────────

    def _result(self) -> Enriched:
        parts = self.parts or [Part.of(self.rows)]
        return Enriched(self._columns_with(answered(parts)), *raised(parts))

    def _columns_with(self, answers: pa.Array) -> pa.RecordBatch:
        new: dict[str, pa.Array] = {}
        facts = any(name.partition(".")[0] == "facts" for name in self.changed)
        for name, array in zip(self.batch.schema.names, self.batch.columns, strict=True):
            if not (facts and name.partition(".")[0] == "facts"):
                new[name] = array
        if facts:  # nested facts become columns of their own
            new.update((n, a) for n, a in self.columns.arrays.items() if n.partition(".")[0] == "facts")
        new.update(self.changed)
        if ANSWERS in new:
            new[f"source.{ANSWERS}"] = new.pop(ANSWERS)
        new[ANSWERS] = answers
        return pa.RecordBatch.from_arrays(list(new.values()), names=list(new))


def _papers(text: str) -> list[tuple[Any, Document]]:
    """(paper as written, the same read) of a cell; nothing where it cannot be read: the row is rejected later."""
    try:
        return list(zip(paper_items(text), _documents(text) or (), strict=True))
    except Reject:
        return []


def _governed(kind: str, authorities: Mapping[str, Any]) -> bool:
    return kind in authorities or kind.partition(":")[0] in authorities


def _date(number: int) -> date:
    return date.fromordinal(number + DAY_ZERO)
