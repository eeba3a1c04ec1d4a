"""What the contract does not know of a shipment: kept, and written beside its decision."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite, isnan
from typing import Any

import pyarrow as pa

from tidegate.formats.cells import cell_text, jsonable
from tidegate.formats.fields import EVENTS, PARTIES, canonical
from tidegate.law import Book
from tidegate.screening.shipment import FIELDS, LAYER, unknown_facts

OBJECTS = (*PARTIES, "events", "facts")


def unknown_parts(data: Mapping[str, Any], book: Book) -> dict[str, Any]:
    """Unknown keys of a raw shipment, also inside its objects: `{"colour": …, "facts": {"shoe_size": …}}`."""
    out: dict[str, Any] = {name: value for name, value in data.items() if name not in FIELDS}
    for name in OBJECTS:
        inner = data.get(name)
        if not isinstance(inner, Mapping):
            continue
        facts = name == "facts"
        unknown = (
            unknown_facts(data, book) if facts else {k: v for k, v in inner.items() if is_unknown(f"{name}.{k}", book)}
        )
        if unknown:
            out[name] = unknown
    return out


def is_unknown(column: str, book: Book) -> bool:
    """Whether a dotted column under a field of the contract names something that the contract does not know."""
    head, dot, tail = column.partition(".")
    if not dot:
        return False
    if head == "facts":
        layer, scoped, fact = tail.partition(".")
        name = fact if scoped and LAYER.match(layer) else tail
        return name not in book.facts and not LAYER.match(tail)
    return (head in PARTIES and canonical(column) is None) or (head == "events" and tail not in EVENTS)


def nested(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as objects, for forms that hold objects."""
    out: dict[str, Any] = {}
    for name, value in extra.items():
        head, dot, tail = name.partition(".")
        if head not in OBJECTS:
            out[name] = value
        elif not dot:
            out.setdefault(name, {}).update(value)
        else:
            inner = out.setdefault(head, {})
            layer, scoped, fact = tail.partition(".")
            if head == "facts" and scoped and LAYER.match(layer):
                inner, tail = inner.setdefault(layer, {}), fact
            inner[tail] = value
    return out


def values_of(column: pa.Array) -> list[Any]:
    """The cells of a column that is passed through, as JSON can hold them: no number that is none, no bytes."""
    if isinstance(column.type, pa.JsonType):
        return [None if value is None else json.loads(value) for value in column.to_pylist()]
    try:
        values: list[Any] = column.to_pylist()
    except (OverflowError, ValueError):  # a day beyond the calendar
        values = column.cast(pa.string()).to_pylist()
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return values
    return [_finite(jsonable(value)) for value in values]


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not isfinite(value):
        return None if isnan(value) else str(value)
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value


def column_of(column: pa.Array) -> pa.Array:
    """A column that is passed through, as a table holds it."""
    if not isinstance(column.type, pa.JsonType):
        return column
    return pa.array([None if value is None else cell_text(value) for value in values_of(column)], pa.string())
