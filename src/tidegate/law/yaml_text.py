"""Writes plain data as YAML text. Reading YAML needs a library; writing what the rulebook holds does not.

What comes out reads back as the same data with any YAML reader: mappings and lists in block form, text
quoted where a bare word could be read as something else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./()-]*(?: [A-Za-z0-9_./()-]+)*")
# controls, breaks of a line, byte order marks
UNSAFE = re.compile(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
NOT_BARE = frozenset("true false yes no on off null none y n nan inf".split())


def dump(value: Any, *, indent: int = 0) -> str:
    """The YAML text of mappings, lists, text, numbers, dates, booleans and None, ending in a line break."""
    return "\n".join(_lines(value, indent)) + "\n"


def _lines(value: Any, indent: int) -> Iterator[str]:
    space = " " * indent
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            if _block(item):
                yield f"{space}{_scalar(key)}:"
                yield from _lines(item, indent + 2)
            else:
                yield f"{space}{_scalar(key)}: {_inline(item)}"
    elif isinstance(value, (list, tuple)) and value:
        for item in value:
            if _block(item):
                first, *rest = _lines(item, indent + 2)
                yield f"{space}- {first.lstrip()}"
                yield from rest
            else:
                yield f"{space}- {_inline(item)}"
    else:
        yield space + _inline(value)


def _block(value: Any) -> bool:
    """Whether a value takes lines of its own: mappings, and lists that hold more than plain words."""
    if isinstance(value, Mapping):
        return bool(value)
    if isinstance(value, (list, tuple)):
        return any(isinstance(v, (Mapping, list, tuple)) for v in value) or len(", ".join(map(str, value))) > 90
    return False


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_scalar(v) for v in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    if BARE.fullmatch(text) and text.lower() not in NOT_BARE:
        return text
    # a JSON string is a double-quoted YAML scalar, but for what YAML wants escaped
    return UNSAFE.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))
