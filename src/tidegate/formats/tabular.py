"""Flat rows and nested shipments: the same consignment line as a table and as an object.

The rules of the flat form:

* objects are dotted columns (`polymers.PE`, `facts.form`, `events.arrived`, `consignee.id`); a fact scoped
  to one layer is `facts.VN:transit.enters_territory`;
* lists of words are joined by `;` (`Y8;Y12`). `[]` is the empty list ("none"), an empty cell is "not
  known". Where a word itself holds a `;`, the cell is a JSON list;
* `documents`, and `transit` with objects in it, are JSON in the cell. Plain words joined by `;` are read
  too;
* numbers stay decimal text; true and false may be written in the words of `TRUE_WORDS` and `FALSE_WORDS`;
* an empty cell is not known: never false, never zero;
* a column that the contract does not know is kept under its own name and passed through.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tidegate.formats import fields
from tidegate.formats.cells import cell_text, flag, hs_text, jsonable, parse_json_cell, to_json, words
from tidegate.formats.rejects import FormatError, RowError

__all__ = ["flatten", "jsonable", "name_columns", "nest", "passthrough"]


# ---------------------------------------------------------------- flat to nested


def nest(flat: Mapping[str, Any], fact_types: Mapping[str, str] = fields.FACT_TYPES) -> dict[str, Any]:
    """A flat row as a nested shipment. Keys are contract names (`fields.canonical`) or unknown columns.

    Empty cells are left out. Raises `RowError` for a cell that is not what its column holds.
    """
    out: dict[str, Any] = {}
    for column, value in flat.items():
        if value is None or value == "":
            continue
        root, dot, rest = column.partition(".")
        if root not in fields.ROOTS or (dot and fields.canonical(column) is None):
            _put(out, column, value if isinstance(value, list | dict) else cell_text(value, column))
        elif not dot:
            known = _root_value(root, value, fact_types)
            if known is not None:
                _put(out, root, known)
        else:
            known = _member_value(root, rest, value, fact_types)
            if known is not None:
                _put_member(out, root, rest, known)
    return out


def _put(out: dict[str, Any], key: str, value: Any) -> None:
    have = out.get(key)
    if isinstance(have, dict) and isinstance(value, dict):
        for inner, item in value.items():
            _put_once(have, key, inner, item)
    elif key in out:
        raise RowError(key, cell_text(value, key), "given once (it also stands in columns of its own)")
    else:
        out[key] = value


def _put_member(out: dict[str, Any], root: str, rest: str, value: Any) -> None:
    holder = out.setdefault(root, {})
    if not isinstance(holder, dict):
        raise RowError(root, cell_text(holder, root), f"given once (there is also a column {root}.{rest})")
    layer, dot, fact = rest.partition(".")
    if root == "facts" and dot and ":" in layer:
        scoped = holder.setdefault(layer, {})
        if not isinstance(scoped, dict):
            raise RowError(f"facts.{layer}", cell_text(scoped), "the facts of one layer")
        _put_once(scoped, f"facts.{layer}", fact, value)
    else:
        _put_once(holder, root, rest, value)


def _put_once(holder: dict[str, Any], name: str, key: str, value: Any) -> None:
    if key in holder:
        raise RowError(f"{name}.{key}", cell_text(value), "given once")
    holder[key] = value


def _root_value(root: str, value: Any, fact_types: Mapping[str, str]) -> Any:
    if root == "id":
        return cell_text(value, root)
    if root == "hs":
        return hs_text(value) or None
    if root == "date":
        return _day(root, value)
    if root in fields.FLAGS:
        return flag(value)
    if root in fields.LISTS or root in fields.MIXED_LISTS:
        return words(root, value)
    if root in fields.PARTIES:
        return _party(root, value)
    if root in fields.OPEN_OBJECTS or root == "events":
        return _object(root, value, fact_types)
    return cell_text(value, root).strip() or None


def _member_value(root: str, rest: str, value: Any, fact_types: Mapping[str, str]) -> Any:
    column = f"{root}.{rest}"
    if root == "events":
        return _day(column, value)
    if root == "facts":
        layer, _, fact = rest.partition(".")
        return _fact(column, fact if ":" in layer and fact else rest, value, fact_types)
    return cell_text(value, column).strip() or None


def _day(column: str, value: Any) -> str | None:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return cell_text(value, column).strip() or None


def _party(root: str, value: Any) -> Any:
    """An object; text that is not JSON is the party's name, the only thing that it can sensibly be."""
    if isinstance(value, Mapping):
        return {k: cell_text(v, root) for k, v in value.items() if v is not None} or None
    text = cell_text(value, root).strip()
    if text.startswith("{"):
        return parse_json_cell(root, text)
    return {"name": text} if text else None


def _object(root: str, value: Any, fact_types: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        members = {}
        for key, item in value.items():
            if item is None:
                continue
            if root == "facts" and isinstance(item, Mapping):
                members[key] = {k: v for k, v in item.items() if v is not None}
            elif root == "events" or isinstance(item, str | int | float | Decimal | dt.date):
                members[key] = _member_value(root, key, item, fact_types)
            else:
                members[key] = item
        return members
    text = cell_text(value, root).strip()
    if not text:
        return None
    parsed = parse_json_cell(root, text) if text.startswith("{") else None
    if not isinstance(parsed, dict):
        raise RowError(root, text, f"a JSON object (or use columns {root}.…)")
    return parsed


def _fact(column: str, name: str, value: Any, fact_types: Mapping[str, str]) -> Any:
    kind = fact_types.get(name, "")
    if isinstance(value, bool | list | dict):
        return value
    if kind == "bool":
        return flag(value)
    text = cell_text(value, column).strip()
    if not text:
        return None
    if kind in ("number", "text", "date"):
        return text
    if kind == "list":
        return words(column, text)
    # "bool_or_text", and facts that nobody has registered: only the two plain words are a truth value.
    if text.casefold() in ("true", "false"):
        return text.casefold() == "true"
    if text[0] in "[{":
        try:
            return parse_json_cell(column, text)
        except RowError:
            return text
    return text


# ---------------------------------------------------------------- nested to flat


def flatten(data: Mapping[str, Any]) -> dict[str, str]:
    """A nested shipment as a flat row of text: the exact opposite of `nest`. What is not known is left
    out."""
    out: dict[str, str] = {}
    for key, value in data.items():
        if value is None:
            continue
        if isinstance(value, Mapping) and (key in fields.PARTIES or key == "events" or key in fields.OPEN_OBJECTS):
            for rest, member in value.items():
                if key == "facts" and ":" in str(rest) and isinstance(member, Mapping):
                    for fact, item in member.items():
                        if item is not None:
                            out[f"facts.{rest}.{fact}"] = cell_text(item)
                elif member is not None:
                    out[f"{key}.{rest}"] = cell_text(member)
        elif isinstance(value, list | tuple) and (key in fields.LISTS or key in fields.MIXED_LISTS):
            out[key] = join_words(value, json_only=key == "documents")
        else:
            out[key] = cell_text(value)
    return out


def join_words(value: Sequence[Any], *, json_only: bool = False) -> str:
    """Words joined by `;`; as a JSON list where that could not be read back."""
    plain = (
        not json_only
        and value
        and all(isinstance(word, str) and word and word == word.strip() and ";" not in word for word in value)
    )
    if plain and value[0][0] not in "[{":
        return ";".join(value)
    return to_json(list(value))


def passthrough(
    data: Mapping[str, Any], fact_types: Mapping[str, str] | Iterable[str] = fields.FACT_TYPES
) -> dict[str, str]:
    """The columns of a nested shipment that the contract does not know, as flat text.

    Also unknown keys inside its objects (`consignee.phone`) and facts that are not in `fact_types`.
    """
    known_facts = frozenset(fact_types)
    out: dict[str, str] = {}
    for column, text in flatten({k: v for k, v in data.items() if k not in fields.ROOTS}).items():
        out[column] = text
    for key in (*fields.PARTIES, "events", "facts"):
        value = data.get(key)
        if not isinstance(value, Mapping):
            continue
        for column, text in flatten({key: value}).items():
            if key == "facts":
                rest = column.removeprefix("facts.")
                layer, _, fact = rest.partition(".")
                name = fact if ":" in layer and fact else rest
                if name not in known_facts:
                    out[column] = text
            elif fields.canonical(column) is None:
                out[column] = text
    return out


# ---------------------------------------------------------------- headers


def name_columns(headers: Sequence[object], limit: int, *, canonical: bool = True) -> list[str]:
    """The names under which the cells of a table are kept, one for each header cell, all different.

    A header that the contract knows gets the contract's spelling (`canonical`), unless another column
    already has it exactly. A column without a name is called after its place. Two columns for one contract
    field are refused: nobody could say which of them is true. Other repeated names get a number.
    """
    if len(headers) > limit:
        raise FormatError(f"the table has {len(headers)} columns; at most {limit} are read", field="header")
    raw = [cell_text(h).strip() for h in headers]
    exact = set(raw)
    names: list[str] = []
    taken: dict[str, int] = {}
    for place, text in enumerate(raw, start=1):
        name = text or f"column {place}"
        known = fields.canonical(name) if canonical else None
        if known is not None and (known == name or known not in exact):
            name = known
        if name in taken:
            if known is not None:
                raise FormatError(
                    f"columns {taken[name]} and {place} are both the field {name}: only one may be",
                    field=name,
                    expected="each field in one column",
                )
            copy = 2
            while f"{name} ({copy})" in taken:
                copy += 1
            name = f"{name} ({copy})"
        taken[name] = place
        names.append(name)
    return names
