"""Two states of the law side by side: two days under one rulebook, or two rulebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from tidegate.law.conditions import Condition
from tidegate.law.records import Book, Parameter, Requirement, Rule
from tidegate.law.wording import condition_text, requirement_text

# not part of what a rule says
PLACE = frozenset({"order", "source_file"})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a rule or record: what it was, what it is, both in words."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that two rulebooks hold in different words."""

    old: Rule
    new: Rule
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """A State that joins or leaves a group."""

    state: str
    group: str
    joins: bool


@dataclass(frozen=True, slots=True)
class DayDiff:
    """What holds on the second day and not on the first (`begun`), and the other way round (`ended`)."""

    first: date
    second: date
    begun: tuple[Rule, ...]
    ended: tuple[Rule, ...]
    kept: int
    memberships: tuple[Membership, ...]
    parameters: tuple[FieldChange, ...]

    @property
    def empty(self) -> bool:
        """Whether the law is the same on both days."""
        return not (self.begun or self.ended or self.memberships or self.parameters)


@dataclass(frozen=True, slots=True)
class BookDiff:
    """How one rulebook differs from another. `tables`: changes of other records, as (table, change)."""

    old: str
    new: str
    added: tuple[Rule, ...]
    removed: tuple[Rule, ...]
    changed: tuple[RuleChange, ...]
    tables: tuple[tuple[str, FieldChange], ...]

    @property
    def empty(self) -> bool:
        """Whether both say the same."""
        return not (self.added or self.removed or self.changed or self.tables)


# ── two days ───────────────────────────────────────────────────────────────────────────────────────────────


def compare_days(
    book: Book, first: date, second: date, *, state: str | None = None, layer: str | None = None
) -> DayDiff:
    """What differs between the law of two days; the days may be given in either order of the calendar.

    `state`: only the national rules, memberships and parameters of that State. `layer`: only rules of this
    layer.
    """
    rules = [
        r
        for r in book.rules.values()
        if (state is None or r.state == state) and (layer is None or r.layer_name == layer)
    ]
    before = {r.id for r in rules if r.in_force(first)}
    after = {r.id for r in rules if r.in_force(second)}
    memberships = [
        Membership(iso, group, now)
        for iso, record in book.states.items()
        if (state is None or iso == state) and layer is None
        for group in record.groups
        if (now := record.member(group, second)) is not record.member(group, first)
    ]
    return DayDiff(
        first,
        second,
        tuple(r for r in rules if r.id in after - before),
        tuple(r for r in rules if r.id in before - after),
        len(before & after),
        tuple(memberships),
        tuple(_parameters(book, first, second, state)) if layer is None else (),
    )


def _parameters(book: Book, first: date, second: date, state: str | None) -> list[FieldChange]:
    def on(day: date) -> dict[str, Parameter]:
        return {
            f"{p.name} ({', '.join(p.states) or 'every State'})": p
            for p in book.parameters
            if (p.start is None or p.start <= day) and (p.end is None or day <= p.end)
            if state is None or not p.states or book.in_group(state, p.states, day)
        }

    old, new = on(first), on(second)
    out = []
    for name in dict.fromkeys((*old, *new)):
        was, now = _figure(old.get(name)), _figure(new.get(name))
        if was != now:
            out.append(FieldChange(name, was, now))
    return out


def _figure(parameter: Parameter | None) -> str:
    return f"{parameter.value} {parameter.unit}".strip() if parameter is not None else ""


# ── two rulebooks ──────────────────────────────────────────────────────────────────────────────────────────


def compare_books(old: Book, new: Book, *, state: str | None = None) -> BookDiff:
    """What the second rulebook adds, removes and changes. `state`: only rules of that State."""

    def wanted(rule: Rule) -> bool:
        return state is None or rule.state == state

    changed = []
    for identity, rule in new.rules.items():
        before = old.rules.get(identity)
        if before is None or not wanted(rule):
            continue
        differing = field_changes(before, rule)
        if differing:
            changed.append(RuleChange(before, rule, differing))
    return BookDiff(
        old.label,
        new.label,
        tuple(r for r in new.rules.values() if r.id not in old.rules and wanted(r)),
        tuple(r for r in old.rules.values() if r.id not in new.rules and wanted(r)),
        tuple(changed),
        tuple(_tables(old, new)) if state is None else (),
    )


def field_changes(old: Rule, new: Rule) -> tuple[FieldChange, ...]:
    """The fields in which two versions of a rule differ, in words."""
    out = []
    for field in fields(Rule):
        was, now = getattr(old, field.name), getattr(new, field.name)
        if field.name not in PLACE and was != now:
            out.append(FieldChange(field.name, in_words(was), in_words(now)))
    return tuple(out)


def in_words(value: Any) -> str:
    """A value of a rule's field in words."""
    if value is None:
        return ""
    if isinstance(value, Requirement):
        return requirement_text(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {v}" for k, v in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        if _is_condition(value):
            return condition_text(value)
        return "; ".join(in_words(v) for v in value)
    return str(value)


def _is_condition(value: tuple[Any, ...]) -> bool:
    kinds: Mapping[str, int] = {"all": 2, "any": 2, "not": 2, "atom": 4}
    return bool(value) and isinstance(value[0], str) and kinds.get(value[0]) == len(value) and _nested(value)


def _nested(value: Condition) -> bool:
    return value[0] == "atom" or isinstance(value[1], tuple)


def _tables(old: Book, new: Book) -> list[tuple[str, FieldChange]]:
    out: list[tuple[str, FieldChange]] = []
    for table in ("states", "facts", "documents", "streams"):
        was, now = getattr(old, table), getattr(new, table)
        for key in dict.fromkeys((*was, *now)):
            if was.get(key) != now.get(key):
                out.append((table, FieldChange(key, _record(was.get(key)), _record(now.get(key)))))
    for table, key_of in (("headings", _heading_key), ("parameters", _parameter_key)):
        before = {key_of(r): r for r in getattr(old, table)}
        after = {key_of(r): r for r in getattr(new, table)}
        for key in dict.fromkeys((*before, *after)):
            if before.get(key) != after.get(key):
                out.append((table, FieldChange(key, _record(before.get(key)), _record(after.get(key)))))
    if old.polymers != new.polymers:
        out.append(("polymers", FieldChange("polymers", "", "changed")))
    return out


def _heading_key(heading: Any) -> str:
    return f"{heading.code} ({', '.join(heading.editions)})"


def _parameter_key(parameter: Parameter) -> str:
    states = ", ".join(parameter.states) or "every State"
    return f"{parameter.name} ({states}, from {parameter.start or 'the start'})"


def _record(record: Any) -> str:
    if record is None:
        return ""
    if isinstance(record, Parameter):
        return _figure(record)
    names = [f.name for f in fields(record) if f.name not in ("order",)]
    return "; ".join(f"{n}: {_flat(getattr(record, n))}" for n in names if getattr(record, n) not in (None, "", ()))


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_flat(v)}" for k, v in value.items())
    if isinstance(value, (tuple, list, frozenset)):
        return "[" + ", ".join(_flat(v) for v in value) + "]"
    if hasattr(value, "start") and hasattr(value, "end"):
        return f"{value.start or '…'} to {value.end or '…'}"
    return str(value)
