"""The small language in which rules state their conditions, as a checked tree.

A condition is one of

    ("all", (c, …)) · ("any", (c, …)) · ("not", c) · ("atom", fact, operator, operand)

Operators: `in`, `not_in` (operand: tuple of values), `gt`, `ge`, `lt`, `le` (Decimal), `before` (date; facts
`event_before` only), `holds` (kinds, issued_before, standard). The tree is built once, when the book is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

Condition = tuple[Any, ...]
COMPARISONS = frozenset({"gt", "ge", "lt", "le"})
OPPOSITE = {"in": "not_in", "not_in": "in", "gt": "le", "le": "gt", "ge": "lt", "lt": "ge"}


class ConditionError(ValueError):
    """A condition that is not of the language; the message names what was found and what was expected."""


def parse_all(raw: Any) -> Condition | None:
    """A list of conditions that must all hold; None when there is none."""
    if not raw:
        return None
    items = raw if isinstance(raw, list) else [raw]
    parsed = tuple(parse(item) for item in items)
    return parsed[0] if len(parsed) == 1 else ("all", parsed)


def parse(raw: Any) -> Condition:
    """One condition from its YAML form. Raises ConditionError."""
    if not isinstance(raw, Mapping) or not raw:
        raise ConditionError(f"found {raw!r}, expected a mapping such as `zone: free zone`")
    parts = tuple(_one(str(key), value) for key, value in raw.items())
    return parts[0] if len(parts) == 1 else ("all", parts)


def _one(key: str, value: Any) -> Condition:
    if key in ("all", "any"):
        if not isinstance(value, list) or not value:
            raise ConditionError(f"`{key}` expects a list of conditions, found {value!r}")
        return (key, tuple(parse(item) for item in value))
    if key == "not":
        return ("not", parse_all(value))
    if key == "event_before":
        return ("atom", key, "before", _date(value))
    if key == "holds":
        spec = value if isinstance(value, Mapping) else {"kind": value}
        unknown = set(spec) - {"kind", "issued_before", "standard"}
        if unknown:
            raise ConditionError(f"`holds` does not know {sorted(unknown)}")
        kinds = spec["kind"] if isinstance(spec["kind"], list) else [spec["kind"]]
        before = _date(spec["issued_before"]) if spec.get("issued_before") else None
        return ("atom", "holds", "holds", (tuple(kinds), before, spec.get("standard")))
    if isinstance(value, Mapping):
        if len(value) != 1:
            return ("all", tuple(_one(key, {op: operand}) for op, operand in value.items()))
        op, operand = next(iter(value.items()))
        if op in ("in", "not_in"):
            values = operand if isinstance(operand, list) else [operand]
            return ("atom", key, op, tuple(_scalar(v) for v in values))
        if op in COMPARISONS:
            try:
                return ("atom", key, op, Decimal(str(operand)))
            except InvalidOperation:
                raise ConditionError(f"`{key}` compares with {operand!r}, expected a number") from None
        raise ConditionError(f"`{key}` does not know the operator {op!r}; in, not_in, gt, ge, lt, le are known")
    values = value if isinstance(value, list) else [value]
    return ("atom", key, "in", tuple(_scalar(v) for v in values))


def _scalar(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def atoms(condition: Condition | None) -> Iterator[tuple[str, str, Any]]:
    """Every (fact, operator, operand) in the tree."""
    if condition is None:
        return
    if condition[0] == "atom":
        yield condition[1], condition[2], condition[3]
    elif condition[0] == "not":
        yield from atoms(condition[1])
    else:
        for part in condition[1]:
            yield from atoms(part)


def positive(condition: Condition, denied: bool = False) -> Condition:
    """The same condition as people say it: what is denied is each part, not the whole.

    `not` is left before `holds` and `before` alone: they have no operator for the opposite.
    """
    kind = condition[0]
    if kind == "not":
        return positive(condition[1], not denied)
    if kind in ("all", "any"):
        joined = kind if not denied else "any" if kind == "all" else "all"
        return (joined, tuple(positive(part, denied) for part in condition[1]))
    _, fact, op, operand = condition
    if not denied:
        return condition
    if op == "in" and operand in ((True,), (False,)):
        return ("atom", fact, op, (not operand[0],))
    return ("atom", fact, OPPOSITE[op], operand) if op in OPPOSITE else ("not", condition)


def describe(condition: Condition | None) -> str:
    """The condition in words close to the YAML, for reasons and the lawyer's view."""
    if condition is None:
        return ""
    kind = condition[0]
    if kind == "not":
        return f"not ({describe(condition[1])})"
    if kind in ("all", "any"):
        joined = (" and " if kind == "all" else " or ").join(describe(part) for part in condition[1])
        return f"({joined})"
    _, fact, op, operand = condition
    if op == "holds":
        kinds, before, standard = operand
        extra = (f" issued before {before}" if before else "") + (f" to {standard}" if standard else "")
        return f"holds {' or '.join(kinds)}{extra}"
    words = {"in": "is", "not_in": "is not", "gt": ">", "ge": "≥", "lt": "<", "le": "≤", "before": "before"}
    value = (
        " or ".join(str(v).lower() if isinstance(v, bool) else str(v) for v in operand)
        if isinstance(operand, tuple)
        else operand
    )
    return f"{fact} {words[op]} {value}"
