"""The dated law of time limits as it stands in clocks.yaml and in overlays of the rulebook: read, checked, kept."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from tidegate.law.loader import parse_yaml
from tidegate.movements.models import Clock

SHIPPED = Path(__file__).with_name("clocks.yaml")
UNITS = ("calendar", "working", "months", "years")
EFFECTS = frozenset(Clock.Effect.values)
ROLES = ("export", "transit", "import")
# Layers under which silence of the State of import can be consent at all.
NOT_BASEL = frozenset({"oecd", "eu", "art11"})
# For how long the files are not looked at again, in seconds.
FRESH_FOR = 2.0
_held: tuple[float, tuple[Path, ...], Clocks] | None = None


class ClockError(ValueError):
    """A file of clocks cannot be read: names the file, the record, the field and what was expected."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One time limit of dated law; see clocks.yaml for what each field means."""

    id: str
    step: str
    regime: str
    basis: str
    text: str
    roles: tuple[str, ...]
    of: tuple[str, ...]
    starts: str
    length: int | None
    unit: str
    source: str
    confidence: str
    layers: tuple[str, ...] = ()
    preconsented: bool = False
    direction: str = "after"
    pauses: bool = False
    effect: str = "none"
    valid_from: date | None = None
    valid_to: date | None = None
    note: str = ""

    def in_force(self, day: date) -> bool:
        """Whether the law sets it on a day."""
        return _covers(self.valid_from, self.valid_to, day)

    @property
    def law(self) -> bool:
        """Whether a law sets it, and not this system for desks alone."""
        return self.basis != "no law"


@dataclass(frozen=True, slots=True)
class Waiver:
    """Dated law by which a State's silence is consent."""

    id: str
    of: tuple[str, ...]
    roles: tuple[str, ...]
    clock: str
    basis: str
    source: str
    confidence: str
    layers: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether it holds on a day."""
        return _covers(self.valid_from, self.valid_to, day)


@dataclass(frozen=True, slots=True)
class Weekend:
    """The weekdays on which a State's authorities do not work (0 = Monday)."""

    state: str
    days: frozenset[int]
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True)
class Clocks:
    """All that the files say; what an overlay holds goes first."""

    rules: Mapping[str, Rule]
    waivers: Mapping[str, Waiver]
    weekends: tuple[Weekend, ...]


def _covers(start: date | None, end: date | None, day: date) -> bool:
    return (start is None or start <= day) and (end is None or day <= end)


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────


def clocks() -> Clocks:
    """The time limits of this installation: the shipped ones, overlays before them. Raises ClockError.

    The files are looked at again every two seconds, like those of the rulebook.
    """
    global _held
    folders = tuple(Path(folder) for folder in settings.TIDEGATE_OVERLAYS)
    held = _held
    if held is not None and held[1] == folders and time.monotonic() - held[0] < FRESH_FOR:
        return held[2]
    files = []
    for folder in reversed(folders):
        paths = sorted(p for p in folder.rglob("*.yaml") if not {"scenarios", "proposals"} & set(p.parts))
        files += [(str(path), path.read_bytes()) for path in paths]
    found = read((*files, (SHIPPED.name, SHIPPED.read_bytes())))
    _held = (time.monotonic(), folders, found)
    return found


@lru_cache(maxsize=8)
def read(files: tuple[tuple[str, bytes], ...]) -> Clocks:
    rules: dict[str, Rule] = {}
    waivers: dict[str, Waiver] = {}
    weekends: list[Weekend] = []
    for name, content in files:
        document = parse_yaml(name, content)
        if not isinstance(document, Mapping):
            continue
        for raw in document.get("clocks") or ():
            rule = _rule(name, raw)
            rules.setdefault(rule.id, rule)
        for raw in document.get("waivers") or ():
            waiver = _waiver(name, raw)
            waivers.setdefault(waiver.id, waiver)
        for raw in document.get("weekends") or ():
            weekends.append(_weekend(name, raw))
    for waiver in waivers.values():
        if waiver.clock not in rules:
            raise ClockError(f"waiver {waiver.id}: clock: {waiver.clock!r}; expected the id of a clock")
    return Clocks(rules, waivers, tuple(weekends))


def _rule(name: str, raw: Mapping[str, Any]) -> Rule:
    field = _Field(name, raw)
    length = raw.get("length")
    if length is not None and (type(length) is not int or length < 1):
        raise field.wrong("length", "a whole number from 1, or null where the text sets none")
    return Rule(
        id=field.text("id"),
        step=field.text("step"),
        regime=field.text("regime"),
        basis=field.text("basis"),
        text=field.text("text"),
        roles=field.words("roles", ROLES),
        of=field.words("of"),
        starts=field.text("starts"),
        length=length,
        unit=field.choice("unit", UNITS),
        source=field.text("source"),
        confidence=field.choice("confidence", ("low", "medium", "high")),
        layers=field.words("layers", optional=True),
        preconsented=raw.get("preconsented") is True,
        direction=field.choice("direction", ("after", "before"), "after"),
        pauses=raw.get("pauses") is True,
        effect=field.choice("effect", sorted(EFFECTS), "none"),
        valid_from=field.day("from"),
        valid_to=field.day("to"),
        note=str(raw.get("note") or ""),
    )


def _waiver(name: str, raw: Mapping[str, Any]) -> Waiver:
    field = _Field(name, raw)
    roles, layers = field.words("roles", ROLES), field.words("layers", optional=True)
    if "import" in roles and not (layers and set(layers) <= NOT_BASEL):
        raise field.wrong("roles", f"no import, unless `layers` names only {', '.join(sorted(NOT_BASEL))}")
    return Waiver(
        id=field.text("id"),
        of=field.words("of"),
        roles=roles,
        clock=field.text("clock"),
        basis=field.text("basis"),
        source=field.text("source"),
        confidence=field.choice("confidence", ("low", "medium", "high")),
        layers=layers,
        valid_from=field.day("from"),
        valid_to=field.day("to"),
    )


def _weekend(name: str, raw: Mapping[str, Any]) -> Weekend:
    field = _Field(name, raw)
    days = raw.get("days")
    if not isinstance(days, list) or not all(type(d) is int and 0 <= d <= 6 for d in days):
        raise field.wrong("days", "weekdays from 0 (Monday) to 6")
    return Weekend(field.text("state"), frozenset(days), field.day("from"), field.day("to"))


class _Field:
    """Reads one record's fields, naming file, record, field and expectation where one is wrong."""

    def __init__(self, name: str, raw: Any):
        if not isinstance(raw, Mapping):
            raise ClockError(f"{name}: {raw!r}; expected a mapping")
        self.name, self.raw = name, raw

    def wrong(self, field: str, expected: str) -> ClockError:
        record = self.raw.get("id") or self.raw.get("state") or "a record"
        return ClockError(f"{self.name}: {record}: {field}: {self.raw.get(field)!r}; expected {expected}")

    def text(self, field: str) -> str:
        value = self.raw.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(field, "text")
        return value.strip()

    def choice(self, field: str, among: Sequence[str], otherwise: str | None = None) -> str:
        value = self.raw.get(field, otherwise)
        if value not in among:
            raise self.wrong(field, " or ".join(among))
        return str(value)

    def words(self, field: str, among: Sequence[str] = (), *, optional: bool = False) -> tuple[str, ...]:
        value = self.raw.get(field)
        if value is None and optional:
            return ()
        if not isinstance(value, list) or not value or not all(isinstance(w, str) for w in value):
            raise self.wrong(field, "a list of words")
        if among and not set(value) <= set(among):
            raise self.wrong(field, f"words out of {', '.join(among)}")
        return tuple(value)

    def day(self, field: str) -> date | None:
        value = self.raw.get(field)
        if value is None:
            return None
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            raise self.wrong(field, "a day of the calendar as YYYY-MM-DD, or null") from None


def weekend_of(state: str, day: date) -> frozenset[int]:
    """The weekdays on which the authorities of a State do not work."""
    for row in clocks().weekends:
        if row.state == state and _covers(row.valid_from, row.valid_to, day):
            return row.days
    return frozenset({5, 6})
