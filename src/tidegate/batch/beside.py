"""What the contract does not know of a shipment: kept, and written beside its decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegate.formats.fields import PARTIES, canonical
from tidegate.law import Book
from tidegate.screening.shipment import FIELDS, LAYER


def unknown_parts(data: Mapping[str, Any], book: Book) -> dict[str, Any]:
    """Unknown keys of a raw shipment, also inside its objects: `{"colour": …, "facts": {"shoe_size": …}}`."""
    out: dict[str, Any] = {name: value for name, value in data.items() if name not in FIELDS}
    for name in (*PARTIES, "facts"):
        inner = data.get(name)
        if isinstance(inner, Mapping):
            unknown = {k: v for k, v in inner.items() if is_unknown(f"{name}.{k}", book)}
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
    return head in PARTIES and canonical(column) is None


def nested(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as objects, for forms that hold objects."""
    out: dict[str, Any] = {}
    for name, value in extra.items():
        head, dot, tail = name.partition(".")
        if dot and head in (*PARTIES, "facts"):
            inner = out.setdefault(head, {})
            if isinstance(inner, dict):
                inner[tail] = value
                continue
        out[name] = value
    return out
