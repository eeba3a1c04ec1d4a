"""What was answered, spread over the rows of a batch; and cells of columns as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tidegate.screening.bulk.keys import Codes, unique_inverse
from tidegate.screening.registers.answers import Answer, Candidate, alerts_of, answers_json

Alerts = list[dict[str, str]]


@dataclass(slots=True)
class Spoken:
    """For each row the record that speaks of it: a place in `cases`, 0 for none."""

    codes: Codes
    cases: list[Candidate | None] = field(default_factory=lambda: [None])


@dataclass(slots=True)
class Part:
    """What one step says of the rows: for each row a place in `cases`, 0 for nothing."""

    codes: Codes
    cases: list[Sequence[Answer]] = field(default_factory=lambda: [()])

    @classmethod
    def of(cls, rows: int) -> Part:
        return cls(np.zeros(rows, dtype=np.int64))

    def texts(self) -> pa.Array:
        """The answers of each row as members of a JSON list, each with a comma behind it."""
        texts = [answers_json(told)[1:-1] + "," if told else "" for told in self.cases]
        return pa.array(texts, pa.string()).take(pa.array(self.codes))


def answered(parts: Sequence[Part]) -> pa.Array:
    """The column `register_answers`."""
    members = pc.utf8_rtrim(pc.binary_join_element_wise(*(part.texts() for part in parts), ""), ",")
    lists = pc.binary_join_element_wise("[", members, "]", "")
    return pc.if_else(pc.equal(members, ""), pa.scalar(None, pa.string()), lists)


def raised(parts: Sequence[Part]) -> tuple[Codes, list[Alerts]]:
    """(for each row the place of its alerts, the alerts; none at place 0)."""
    kinds: list[list[Alerts]] = []
    codes: list[Codes] = []
    for part in parts:
        found: dict[str, int] = {"[]": 0}
        alerts: list[Alerts] = [[]]
        places = np.zeros(len(part.cases), dtype=np.int64)
        for n, told in enumerate(part.cases):
            mine = alerts_of(told)
            places[n] = found.setdefault(json.dumps(mine), len(alerts))
            if places[n] == len(alerts):
                alerts.append(mine)
        kinds.append(alerts)
        codes.append(places[part.codes])
    first, inverse = distinct(codes)
    texts: list[Alerts] = [[]]
    numbers = np.zeros(len(first), dtype=np.int64)
    for n, i in enumerate(first.tolist()):
        whole = {(a["rule"], a["text"]): a for mine, c in zip(kinds, codes, strict=True) for a in mine[int(c[i])]}
        if whole:
            numbers[n] = len(texts)
            texts.append(list(whole.values()))
    return numbers[inverse], texts


def distinct(keys: Sequence[Codes]) -> tuple[Codes, Codes]:
    """(first row of each distinct combination, place of each row's combination)."""
    combined = np.zeros(len(keys[0]), dtype=np.int64)
    first = combined[:0]
    for codes in keys:
        combined = combined * (int(codes.max(initial=0)) + 1) + codes
        _, first, combined = unique_inverse(combined)
    return first, combined


# ── cells ──────────────────────────────────────────────────────────────────────────────────────────────────


def as_text(array: pa.Array) -> pa.Array:
    """Text cells as they are; everything else as JSON, what a struct does not hold left out."""
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_string(array.type):
        return array
    if pa.types.is_large_string(array.type):
        return array.cast(pa.string())
    return pa.array([None if v is None else dumps(_held(v)) for v in array.to_pylist()], pa.string())


def _held(value: Any) -> Any:
    if isinstance(value, list):
        return [_held(v) for v in value]
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, Mapping) else value


def dumps(value: Any) -> str:
    """Compact JSON; days as ISO text, decimals as text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_jsonable)


def _jsonable(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def put_in(array: pa.Array, where: Codes, values: pa.Array) -> pa.Array:
    """The array with other values in some places."""
    places = np.full(len(array), -1, dtype=np.int64)
    places[where] = np.arange(len(where))
    return pc.if_else(pa.array(places >= 0), values.take(pa.array(places, mask=places < 0)), array)
