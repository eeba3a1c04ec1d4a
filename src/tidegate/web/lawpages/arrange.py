"""Rules arranged for a reader: rows with their labels, by role and by what holds on a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tidegate.law import Book, Rule
from tidegate.law.records import ROLES
from tidegate.law.timeline import BEGINS, Change
from tidegate.web import words as shared
from tidegate.web.lawpages import phrases, words

IN_FORCE, PLANNED, LATER, EARLIER = STANDINGS = ("in_force", "planned", "later", "earlier")
# The order in which a reader wants them: what comes in first, then what passes, then what leaves.
ROLE_ORDER = ("import", "transit", "export")


@dataclass(frozen=True)
class Label:
    """What has to stand beside a rule; `warn` where a verdict must not rest on it unsaid."""

    text: str
    warn: bool = True


@dataclass(frozen=True)
class Row:
    """One rule in a list."""

    id: str
    url: str
    place: str
    text: str
    kind: str
    icon: str
    tone: str
    period: str
    when: str
    labels: tuple[Label, ...]
    binds: bool
    instrument: str


@dataclass(frozen=True)
class Section:
    """The rules of one role, or of one body of law: in force on the day, only drafted or announced for it, to come, and
    no longer in force."""

    key: str
    title: str
    in_force: tuple[Row, ...]
    planned: tuple[Row, ...]
    later: tuple[Row, ...]
    earlier: tuple[Row, ...]


@dataclass(frozen=True)
class Event:
    """A change of the law on a day, with the rule that begins or ends."""

    day: date
    begins: bool
    word: str
    row: Row
    state: str | None


def look(rule: Rule) -> tuple[str, str, str]:
    """(icon, tone, word) of a rule: by its kind, or by the control that it brings."""
    if rule.kind == "regime" and rule.regime:
        icon, tone = words.REGIME_LOOKS.get(rule.regime, words.KIND_LOOKS["regime"])
        return icon, tone, str(shared.REGIMES[rule.regime][0]) if rule.regime in shared.REGIMES else rule.regime
    icon, tone = words.KIND_LOOKS.get(rule.kind, words.KIND_LOOKS["regime"])
    return icon, tone, str(words.KINDS.get(rule.kind, rule.kind))


def labels(rule: Rule) -> tuple[Label, ...]:
    """Status and quality of a rule, as far as they have to be said."""
    found = []
    if rule.status != "gazetted":
        found.append(Label(_("%(status)s: binds nobody") % {"status": shared.STATUSES[rule.status]}))
    elif not rule.binds:
        found.append(Label(_("alerts only")))
    found += [Label(str(text)) for text in shared.confidence_labels(rule.confidence, rule.dates)]
    return tuple(found)


def place(rule: Rule, book: Book) -> str:
    """The body of law that a rule belongs to."""
    return shared.layer_label(rule.layer_name, book.states)


def standing(rule: Rule, on: date) -> str:
    """Whether a rule is in force on a day, only drafted or announced for it, to come, or over."""
    if rule.in_force(on):
        return IN_FORCE if rule.enacted else PLANNED
    return LATER if rule.valid_from is not None and rule.valid_from > on else EARLIER


def row(rule: Rule, book: Book, on: date) -> Row:
    """One rule in a list."""
    icon, tone, word = look(rule)
    return Row(
        id=rule.id,
        url=reverse("law:rule", args=[rule.id]),
        place=place(rule, book),
        text=shared.book_text(rule.text),
        kind=word,
        icon=icon,
        tone=tone,
        period=phrases.period(rule),
        when=standing(rule, on),
        labels=labels(rule),
        binds=rule.binds,
        instrument=rule.instrument,
    )


def rows(rules: Iterable[Rule], book: Book, on: date) -> tuple[Row, ...]:
    """Several rules in a list, in the order given."""
    return tuple(row(rule, book, on) for rule in rules)


def section(key: str, title: str, rules: Sequence[Rule], book: Book, on: date) -> Section:
    """Rules parted by how they stand on a day; what ended last stands first among the past."""
    by: dict[str, list[Rule]] = {when: [] for when in STANDINGS}
    for rule in rules:
        by[standing(rule, on)].append(rule)
    by[IN_FORCE].sort(key=lambda r: (not r.binds, r.order))
    by[LATER].sort(key=lambda r: (r.valid_from or date.max, r.order))
    by[EARLIER].sort(key=lambda r: (r.valid_to or date.min, r.order), reverse=True)
    return Section(key, title, *(rows(by[when], book, on) for when in STANDINGS))


def counts(rules: Sequence[Rule], on: date) -> dict[str, Any]:
    """How many rules the book holds, how many are in force on a day or planned for it, and when they were checked."""
    found = Counter(standing(rule, on) for rule in rules)
    checked = max((rule.checked for rule in rules), default=None)
    return {"held": len(rules), "in_force": found[IN_FORCE], "planned": found[PLANNED], "checked": checked}


def by_role(state: str, book: Book, on: date) -> tuple[Section, ...]:
    """The rules of a State by its role; a role without any rule is left out."""
    found = []
    for role in ROLE_ORDER:
        rules = book.by_layer.get(f"national:{state}:{role}", ())
        if rules:
            found.append(section(role, str(words.ROLE_TITLES[role]), rules, book, on))
    return tuple(found)


def state_rules(state: str, book: Book) -> list[Rule]:
    """Every national rule of a State, in the order of the book."""
    return [rule for role in ROLES for rule in book.by_layer.get(f"national:{state}:{role}", ())]


def event(change: Change, book: Book, on: date) -> Event:
    """A change of the law, for a list by days."""
    begins = change.what == BEGINS
    # A rule that does not bind does not "enter into force".
    if change.rule.binds:
        word = _("Enters into force") if begins else _("No longer in force")
    else:
        word = _("Begins") if begins else _("Ends")
    return Event(change.date, begins, word, row(change.rule, book, on), change.rule.state)
