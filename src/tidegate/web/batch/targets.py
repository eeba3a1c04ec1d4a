"""The fields that a column can be taken for, in words and in groups.

The contract's own fields have their words here; facts have theirs in the rulebook, so a fact added there can be chosen
at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tidegate.formats.fields import EVENTS, PARTIES, PARTY_KEYS, canonical
from tidegate.law import Book
from tidegate.parties import figures
from tidegate.screening.shipment import FIELDS
from tidegate.web import words
from tidegate.web.check.answers import NUMBERS
from tidegate.web.check.panel import document_about

REQUIRED = ("id", "date", "export", "import")
_LABELS: dict[str, str | Promise] = {
    "id": gettext_lazy("Reference of the line"),
    "date": gettext_lazy("Day of the border event"),
    "export": gettext_lazy("State of export"),
    "import": gettext_lazy("State of import"),
    "origin": gettext_lazy("State of origin"),
    "transit": gettext_lazy("States of transit"),
    "consignment": gettext_lazy("Consignment"),
    "hs": gettext_lazy("HS code"),
    "hs_edition": gettext_lazy("Edition of the HS"),
    "description": gettext_lazy("Description of the goods"),
    "declared_entry": gettext_lazy("Basel entry on the papers"),
    "operation": gettext_lazy("Operation (R, D)"),
    "waste": gettext_lazy("Is it waste?"),
    "polymers": gettext_lazy("Polymers with shares"),
    "contamination_pct": gettext_lazy("Foreign matter, %"),
    "halogenated": gettext_lazy("Is it halogenated?"),
    "hazardous": gettext_lazy("Is it hazardous?"),
    "annex_i": gettext_lazy("Annex I categories (Y codes)"),
    "annex_iii": gettext_lazy("Annex III hazards (H codes)"),
    "consumer": gettext_lazy("Pre- or post-consumer"),
    "material": gettext_lazy("Material other than plastic"),
    "net_kg": gettext_lazy("Net mass, kg"),
    "gross_kg": gettext_lazy("Gross mass, kg"),
    "value": gettext_lazy("Value"),
    "currency": gettext_lazy("Currency"),
    "containers": gettext_lazy("Containers"),
    "documents": gettext_lazy("Papers held"),
    "facts": gettext_lazy("Further facts"),
    "events": gettext_lazy("Days of events"),
    "evaluate": gettext_lazy("Layers to evaluate"),
    "consignor": gettext_lazy("Consignor"),
    "consignee": gettext_lazy("Consignee"),
    "facility": gettext_lazy("Facility"),
}
_PARTY_PARTS: dict[str, str | Promise] = {
    "name": gettext_lazy("name"),
    "id": gettext_lazy("number"),
    "address": gettext_lazy("address"),
}
_GROUPS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
    (gettext_lazy("Every line needs"), REQUIRED),
    (gettext_lazy("Route and days"), ("origin", "transit", "consignment", *(f"events.{name}" for name in EVENTS))),
    (
        gettext_lazy("Goods"),
        (
            "hs", "hs_edition", "description", "material", "polymers", "contamination_pct", "operation", "waste",
            "hazardous", "halogenated", "annex_i", "annex_iii", "consumer", "declared_entry", "net_kg", "gross_kg",
            "value", "currency",
        ),
    ),
    (
        gettext_lazy("Papers and parties"),
        ("documents", "containers", *(f"{party}.{key}" for party in PARTIES for key in PARTY_KEYS)),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    value: str
    label: str


@dataclass(frozen=True)
class Group:
    label: str
    targets: tuple[Target, ...]


def label(field: str, book: Book) -> str:
    """A field of the contract in words, dotted ones too; its own name where there are none."""
    if " and " in field:  # what a reject names when two fields do not go together
        return f" {_('and')} ".join(label(part, book) for part in field.split(" and "))
    if field in _LABELS:
        return str(_LABELS[field])
    root, _dot, rest = field.partition(".")
    if root == "events":
        return str(words.EVENTS.get(rest, field))
    if root in PARTIES and rest in _PARTY_PARTS:
        return f"{_LABELS[root]}: {_PARTY_PARTS[rest]}"
    if root == "polymers":
        return _("%(polymer)s, %% of mass") % {"polymer": f"{rest} {words.POLYMERS.get(rest, '')}".strip()}
    if root == "facts":
        scope, _dot, name = rest.rpartition(".")
        fact = book.facts.get(name or rest)
        text = words.book_text(fact.label) if fact else name or rest
        return f"{text} ({scope})" if scope else text
    return field


def groups(book: Book, extra: Iterable[str] = ()) -> list[Group]:
    """Everything that a column can be, `extra` fields (that a guess has found) among them."""
    made = [
        Group(str(title), tuple(Target(field, label(field, book)) for field in fields)) for title, fields in _GROUPS
    ]
    extra = list(extra)
    found = [field.removeprefix("polymers.") for field in extra if field.startswith("polymers.")]
    polymers = dict.fromkeys([*words.POLYMERS, *found])
    made.append(
        Group(_("Polymers"), tuple(Target(f"polymers.{code}", label(f"polymers.{code}", book)) for code in polymers))
    )
    facts = {
        f"facts.{fact.name}": None for fact in book.facts.values() if fact.name not in FIELDS and fact.by != "derived"
    }
    facts |= {field: None for field in extra if field.startswith("facts.")}
    made.append(Group(_("Facts"), tuple(Target(field, label(field, book)) for field in facts)))
    listed = {target.value for group in made for target in group.targets}
    rest = [field for field in extra if field not in listed]
    if rest:
        made.append(Group(_("Other"), tuple(Target(field, label(field, book)) for field in rest)))
    return made


def said(field: str, value: str, book: Book) -> str:
    """A value of the flat form as people write it: States by name, days in words, yes and no, papers by name."""
    name = field.removeprefix("facts.").rpartition(".")[2] if field.startswith("facts.") else field
    root = field.partition(".")[0]
    if value in ("true", "false"):
        return _("Yes") if value == "true" else _("No")
    if field in ("export", "import", "origin"):
        return words.state_name(value.strip().upper(), book.states)
    if field == "transit" and not value.startswith("["):
        return ", ".join(words.state_name(code.strip().upper(), book.states) for code in value.split(";"))
    if field == "date" or field.startswith("events."):
        day = parse_date(value[:10])
        return figures.day(day) if day else value
    if root in ("polymers", *NUMBERS) or (name in book.facts and book.facts[name].type == "number"):
        return figures.number(value)
    if field == "documents":
        return ", ".join(_papers(value, book)) or _("none")
    if field in ("operation", "consumer") or (name in book.facts and book.facts[name].values):
        return str(words.value_label(name, value, book))
    return value.replace(";", ", ") if field in ("containers", "annex_i", "annex_iii") else value


def _papers(text: str, book: Book) -> list[str]:
    """The names of papers in the flat form: JSON, or kinds joined by ``;``."""
    try:
        items = json.loads(text) if text[:1] in "[{" else text.split(";")
    except ValueError:
        return [text]
    kinds = [str(item.get("kind", "")) if isinstance(item, dict) else str(item) for item in items]
    return [document_about(kind.strip(), book)[0] for kind in kinds if kind.strip()]


def is_field(name: str) -> bool:
    """Whether the contract has such a field."""
    return canonical(name) == name
