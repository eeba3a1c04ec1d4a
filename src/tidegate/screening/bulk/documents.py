"""Papers held as a signature: everything that the checks of papers.py can see of them.

Of each paper: its kind (consents by their place on the route), its standard, which steps its value reaches, and for
each day that a rule may look at whether it is not yet valid, valid, expired, or of unknown end, with and without the
terms that rules give. The signature of a row is its papers in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tidegate.law.conditions import atoms
from tidegate.law.records import Book, Requirement
from tidegate.screening.bulk.columns import DAY_ZERO, NO_DAY, Columns
from tidegate.screening.bulk.keys import Codes, Interner
from tidegate.screening.bulk.paper_columns import PaperColumns, typed
from tidegate.screening.papers import end_of, norm
from tidegate.screening.shipment import Document, Reject, _documents

BITS = 26
NONE_KNOWN = 0  # `documents` is null: nothing is held, nothing is denied; the checks treat it as none held


@dataclass(frozen=True, slots=True)
class _Day:
    """A day on which papers are looked at: the column of day numbers, and which kinds matter there."""

    name: str


class DocumentCoder:
    """Turns the `documents` column into signatures that last for a session."""

    def __init__(self, book: Book):
        self.book = book
        self.signatures = Interner()
        self.signatures(())
        self.terms: dict[str, list[Requirement]] = {}
        self.standards: set[str] = set()
        self.value_steps: dict[str, list[Any]] = {}
        self.issued_before: dict[str, list[date]] = {}
        self.kinds: set[str] = set()
        self.parsed: dict[Any, tuple[Document, ...] | None] = {}
        for rule in book.rules.values():
            for requirement in rule.documents:
                for kind in requirement.kinds:
                    head = kind.partition(":")[0]
                    self.kinds.add(head)
                    # its terms alone: rules that differ in what else they ask look at the same days
                    terms = replace(requirement, kinds=(), when=None, standards=(), value_by_tonnes=())
                    if terms != Requirement(()):
                        variants = self.terms.setdefault(head, [])
                        if terms not in variants:
                            variants.append(terms)
                    if requirement.value_by_tonnes:
                        self.value_steps[head] = sorted(
                            {v for _, v in requirement.value_by_tonnes} | set(self.value_steps.get(head, []))
                        )
                self.standards |= {norm(x) for x in requirement.standards}
            conditions = [rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents)]
            for fact, _, operand in (a for c in conditions for a in atoms(c)):
                if fact == "holds":
                    for kind in operand[0]:
                        self.kinds.add(kind)
                        if operand[1] and operand[1] not in self.issued_before.setdefault(kind, []):
                            self.issued_before[kind].append(operand[1])
                    if operand[2]:
                        self.standards.add(norm(operand[2]))
        self._columns = PaperColumns(self)

    def encode(
        self,
        columns: Columns,
        days: Mapping[str, Codes],
        route: Mapping[str, Codes],
        states: Interner,
        transit: list[tuple[str, ...]],
        transit_codes: Codes,
        bad: npt.NDArray[np.bool_],
    ) -> Codes:
        """The signature of each row. `days`: day numbers by event; `route`: State codes of export and import."""
        rows = columns.rows
        values: Iterable[tuple[int, Any]]
        out = np.zeros(rows, dtype=np.int64)
        array = columns.get("documents")
        if array is None:
            return out
        export, import_ = route["export"], route["import"]
        if typed(array.type):
            out, alone = self._columns.encode(array, days, route, states, transit, transit_codes)
            values = zip(alone.tolist(), array.take(pa.array(alone)).to_pylist(), strict=True)
        else:
            values = enumerate(array.to_pylist())
        for i, value in values:
            if value is None or value == "" or value == []:
                continue
            documents = self._parse(value)
            if documents is None:
                bad[i] = True
                continue
            places = (
                str(states.values[export[i]]),
                str(states.values[import_[i]]),
                transit[transit_codes[i]],
            )
            day_row = np.array([found[i] for found in days.values()])
            parts = []
            for document in documents:
                part = self._one(document, day_row, places)
                if part is not None:
                    parts.append(part)
            out[i] = self.signatures(tuple(parts))
        return out

    def _parse(self, value: Any) -> tuple[Document, ...] | None:
        if isinstance(value, str):
            found = self.parsed.get(value, False)
            if found is not False:
                return found  # type: ignore[return-value]
        held = [value] if isinstance(value, Mapping) else value
        try:
            documents = _documents([_clean(v) for v in held] if isinstance(held, list) else held)
        except (Reject, json.JSONDecodeError):
            documents = None
        if isinstance(value, str) and len(self.parsed) < 200_000:
            self.parsed[value] = documents
        return documents

    def _one(
        self, document: Document, day_row: npt.NDArray[np.int64], places: tuple[str, str, tuple[str, ...]]
    ) -> tuple[Any, ...] | None:
        """What the checks can see of one paper; None when no rule asks for its kind."""
        head, _, who = document.kind.partition(":")
        if head not in self.kinds:
            return None
        if who:
            export, import_, stops = places
            found = [("e", export), ("i", import_), *((f"t{n}", s) for n, s in enumerate(stops))]
            shown = tuple(place for place, state in found if state == who)
            if not shown:
                return None
            kind = (head, shown)
        else:
            kind = (head, ())
        standard = None
        if document.standard is not None:
            named = norm(document.standard)
            standard = named if named in self.standards else "other"
        reached: tuple[int, ...] | None = None
        if head in self.value_steps:
            steps = self.value_steps[head]
            reached = None if document.value is None else (sum(document.value >= s for s in steps),)
        issued = (
            document.issued is None,
            *(document.issued is not None and document.issued < d for d in self.issued_before.get(head, ())),
        )
        spans = []
        variants: tuple[Requirement | None, ...] = (None, *self.terms.get(head, ()))
        for number in day_row.tolist():
            day = date.fromordinal(number + DAY_ZERO) if number > NO_DAY else date.min
            early = (document.valid_from is not None and day < document.valid_from) or (
                document.issued is not None and day < document.issued
            )
            state: list[Any] = [early]
            for variant in variants:
                end, known = end_of(document, day, variant)
                state.append((end is None or day <= end, known))
            spans.append(tuple(state))
        return (kind, standard, reached, issued, tuple(spans))


def _clean(value: Any) -> Any:
    """A struct from Arrow holds every field, null where it was not given."""
    if isinstance(value, Mapping):
        return {k: v for k, v in value.items() if v is not None}
    return value


def documents_type() -> pa.DataType:
    """The nested Arrow type of a `documents` column."""
    renewal = pa.struct([("from", pa.date32()), ("days", pa.int64())])
    return pa.list_(
        pa.struct(
            [
                ("kind", pa.string()),
                ("number", pa.string()),
                ("issued", pa.date32()),
                ("valid_from", pa.date32()),
                ("valid_to", pa.date32()),
                ("value", pa.float64()),
                ("standard", pa.string()),
                ("renewals", pa.list_(renewal)),
            ]
        )
    )
