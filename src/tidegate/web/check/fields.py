"""Form controls made from the fact registry: one fact, one control, "not known" always among the answers.

Nothing here knows what an answer means in law. A fact added to the rulebook gets its question and its control
from its own record (label, type, values, unit, meaning).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tidegate.law import Book, Fact
from tidegate.parties import figures
from tidegate.screening.shipment import FIELDS, OPERATIONS
from tidegate.web import words
from tidegate.web.check.answers import SHORT, YES_NO, plain

# Up to this many values a closed question is answered by one press of a button.
BUTTONS_AT_MOST = 5
# Facts that the fixed part of the form already asks for.
ON_THE_FORM = frozenset(
    "export import transit origin events date hs polymers contamination_pct net_kg material operation".split()
)


@dataclass(frozen=True)
class Option:
    value: str
    label: str | Promise


@dataclass(frozen=True)
class Control:
    """What a template needs to draw one question.

    `kind`: buttons, select, number, date, text, states or polymers. `name` is the form control's name; `fact`
    the key under which the fact is skipped (scope included, as in ``VN:transit.enters_territory``).
    """

    fact: str
    name: str
    kind: str
    question: str
    help: str
    unit: str
    options: tuple[Option, ...]
    value: str
    scope: str = ""
    open: bool = False
    error: str = ""

    @property
    def id(self) -> str:
        return "q-" + "".join(c if c.isalnum() else "-" for c in self.fact)

    @property
    def listed(self) -> bool:
        """Whether the answer is one of the options."""
        return any(option.value == self.value for option in self.options)

    @property
    def said(self) -> str:
        """The answer in words."""
        for option in self.options:
            if option.value == self.value:
                return str(option.label)
        return self.value


def control(fact: str, book: Book, shipment: Mapping[str, Any], errors: Mapping[str, str] | None = None) -> Control:
    """The control of a fact; `fact` may be scoped to a layer (``VN:transit.enters_territory``)."""
    scope, name = split_scope(fact)
    record = book.facts.get(name) or Fact(name, "text", "declaration", name.replace("_", " ").capitalize(), "")
    field_name = (SHORT.get(name, name) if name in FIELDS else f"f.{name}") if not scope else f"f.{scope}.{name}"
    options = tuple(options_of(record, book))
    value = value_of(fact, shipment)
    return Control(
        fact=fact,
        name=field_name,
        kind=_kind(record, options),
        question=words.book_text(record.label),
        help=words.book_text(record.meaning),
        unit=words.book_text(record.unit),
        options=options,
        value=shown(value) if record.type == "number" else value,
        scope=scope,
        open=record.type == "text" and bool(record.values) and _is_open(record),
        error=(errors or {}).get(fact, ""),
    )


def split_scope(fact: str) -> tuple[str, str]:
    """``VN:transit.enters_territory`` → ("VN:transit", "enters_territory"); without a scope it is ""."""
    scope, dot, name = fact.rpartition(".")
    return (scope, name) if dot else ("", fact)


def value_of(fact: str, shipment: Mapping[str, Any]) -> str:
    """The answer as the form writes it; "" when it is not known."""
    scope, name = split_scope(fact)
    facts = shipment.get("facts") or {}
    if scope:
        found = (facts.get(scope) or {}).get(name)
    elif name in FIELDS:
        found = shipment.get(name)
    else:
        found = facts.get(name)
    if found is None or isinstance(found, Mapping):
        return ""
    return plain(found)


def shown(value: Any) -> str:
    """A figure as the form shows it, in the page's language; what is no figure as it was typed."""
    return "" if value is None else figures.number(plain(value))


def options_of(record: Fact, book: Book) -> Iterable[Option]:
    """The answers to choose from, without "not known", which every control offers."""
    if record.type == "bool":
        return (Option("y", _("Yes")), Option("n", _("No")))
    if record.name in ("export", "import", "origin"):
        return (Option(code, words.state_name(code, book.states)) for code in book.states)
    values = record.values
    if record.name == "operation":
        values = tuple(sorted(OPERATIONS, key=_operation_order))
    if record.name == "material":
        values = tuple(book.streams)
    return (Option(_form_value(value), words.value_label(record.name, value, book)) for value in values)


def _form_value(value: str) -> str:
    return "n" if value in ("False", "false") else value


def _operation_order(code: str) -> tuple[int, int]:
    """Recovery first, then disposal, then what is claimed to be no waste."""
    return ("RDp".index(code[0]), int(code[1:]) if code[1:].isdigit() else 0)


def _is_open(record: Fact) -> bool:
    return bool(getattr(record, "open", False))


def _kind(record: Fact, options: Sequence[Option]) -> str:
    if record.name == "polymers":
        return "polymers"
    if record.name == "transit":
        return "states"
    if record.name in YES_NO or record.type == "bool":
        return "buttons"
    if record.type in ("number", "date"):
        return record.type
    if options:
        return "buttons" if len(options) <= BUTTONS_AT_MOST and not _is_open(record) else "select"
    return "text"


def answered(shipment: Mapping[str, Any], book: Book) -> list[str]:
    """The facts that have an answer and no place in the fixed part of the form, in the registry's order."""
    names = [
        name for name in shipment if name in FIELDS and name not in ON_THE_FORM | {"facts", "documents", "events", "id"}
    ]
    for name, value in (shipment.get("facts") or {}).items():
        if isinstance(value, Mapping):
            names += [f"{name}.{inner}" for inner in value]
        elif name in book.facts:
            names.append(name)
    order = {fact.name: fact.order for fact in book.facts.values()}
    return sorted(names, key=lambda name: (order.get(split_scope(name)[1], 999), name))
