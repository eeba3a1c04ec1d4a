"""Every layer of law on a shipment's route, and the days ahead on which their answer changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from tidegate.law.records import Book, Requirement
from tidegate.screening.classify import Classification, classify
from tidegate.screening.evaluate import (
    SEVERITY,
    WORLDWIDE,
    Compiled,
    LayerResult,
    compiled,
    international_layers,
    national_layer,
)
from tidegate.screening.papers import later, turning_days
from tidegate.screening.shipment import Document, Shipment, Transit

Place = tuple[str, str, int | None]  # State, role, position in transit
Found = tuple[list[LayerResult], str | None]  # layers, and the regime when they are the international ones


def route_layers(s: Shipment) -> list[Place]:
    """(State, role, position in transit) of every national layer to look at, in the order of the route."""
    if s.evaluate is not None:
        out: list[Place] = []
        for layer in s.evaluate:
            state, role = layer.split(":")
            position = next((n for n, t in enumerate(s.transit) if role == "transit" and t.state == state), None)
            out.append((state, role, position))
        return out
    stops = [(t.state, "transit", n) for n, t in enumerate(s.transit)]
    return [(s.export, "export", None), *stops, (s.import_, "import", None)]


def evaluate_layers(s: Shipment, book: Book, cls: Classification) -> tuple[list[LayerResult], str | None]:
    """Every layer that the shipment meets, and the international regime."""
    return together([look(s, book, cls, place) for place in places(s)])


def places(s: Shipment) -> list[Place | None]:
    """Where to look: None for every international layer, then the national ones."""
    return [*([None] if s.evaluate is None else []), *route_layers(s)]


def look(s: Shipment, book: Book, cls: Classification, place: Place | None) -> Found:
    """What the law says in one place."""
    return international_layers(s, book, cls) if place is None else ([national_layer(s, book, cls, *place)], None)


def together(found: Iterable[Found]) -> Found:
    """The layers of every place, and the regime of the international ones."""
    layers: list[LayerResult] = []
    regime: str | None = None
    for of_place, of_treaties in found:
        layers += of_place
        regime = regime or of_treaties
    return layers, regime


def headline(
    cls: Classification, layers: Sequence[LayerResult], regime: str | None, international: bool
) -> tuple[str, str | None]:
    """(outcome, entry): the strictest of the layers, undetermined at least while entry or regime are open."""
    outcome = max((layer.outcome for layer in layers), key=SEVERITY.__getitem__, default="clear")
    is_open = international and (not cls.decided or regime is None)
    if is_open and SEVERITY[outcome] < SEVERITY["undetermined"]:
        outcome = "undetermined"
    entries = cls.entries
    return outcome, entries[0] if len(entries) == 1 else None


# ── what changes soon ──────────────────────────────────────────────────────────────────────────────────────


def next_changes(s: Shipment, book: Book, outcome: str) -> list[dict[str, Any]]:
    """The next dates on which this shipment's outcome changes under the law known today.

    The same goods are looked at on each later date on which a rule on the route, a State's membership or a paper
    held begins or ends; each place only where its answer may be another than on the date before.
    """
    out = []
    current, before = outcome, s.date
    where = places(s)
    found: list[Found] = []
    cls: Classification | None = None
    content, turns = turns_of_content(s, book), [set[date]()] * len(where)
    for day in boundaries(s, book):
        stale = [n for n, days in enumerate(turns) if any(before < d <= day for d in days)]
        reread = cls is None or any(before < d <= day for d in content)
        before = day
        if not stale and not reread:
            continue
        then = moved(s, day)
        now = classify(then, book) if reread or cls is None else cls
        if cls is None or now.worlds != cls.worlds:
            turns = [turns_in(place, s, book, now) for place in where]
            found = [look(then, book, now, place) for place in where]
        else:
            for n in stale:
                found[n] = look(then, book, now, where[n])
        cls = now
        layers, regime = together(found)
        reached, _ = headline(cls, layers, regime, s.evaluate is None)
        if reached != current:
            current = reached
            rules = [r for layer in layers if layer.outcome == current for r in layer.binding]
            out.append({"date": day.isoformat(), "outcome": current, "rules": list(dict.fromkeys(rules))})
    return out


def moved(s: Shipment, day: date) -> Shipment:
    """The same goods with every event on `day`."""
    return replace(s, date=day, events={}, transit=tuple(Transit(t.state, None, None, t.facts) for t in s.transit))


def layer_of(place: Place | None) -> str:
    """The name under which the rules of a place are compiled."""
    return WORLDWIDE if place is None else f"national:{place[0]}:{place[1]}"


def boundaries(s: Shipment, book: Book) -> list[date]:
    """Dates after the shipment's on which something that it depends on begins or ends.

    Where that fell between an event that was before and the shipment's own date, the next day is one: whatever happens
    from then on is under what has begun.
    """
    whole = compiled(book)
    days = turns_of_content(s, book)
    for layer in ("basel", *(layer_of(place) for place in places(s))):
        days |= whole.turns.get(layer, set())
        for document, requirement in asked_for(whole.layers.get(layer, ()), s):
            days |= turning_days(document, requirement)
    for document in s.documents or ():
        days |= turning_days(document)
    stops = (day for t in s.transit for day in (t.arrived, t.departed) if day is not None)
    first = min((*s.events.values(), *stops), default=s.date)
    if any(first < d <= s.date for d in days):
        days.add(later(s.date, 1))
    return sorted(d for d in days if s.date < d < date.max)


def turns_of_content(s: Shipment, book: Book) -> set[date]:
    """The days from which on the same goods may fall under another entry; a treaty's entries and groups turn too."""
    days = {start for _, start in book.editions} | compiled(book).turns.get("basel", set())
    for parameter in book.parameters:
        days |= {d for d in (parameter.start, parameter.end and later(parameter.end, 1)) if d}
    for state in states_of(s):
        days |= memberships(state, book.states[state].groups, book)
    return days


def turns_in(place: Place | None, s: Shipment, book: Book, cls: Classification) -> set[date]:
    """The days from which on the law of a place may say something else of the same goods in the same worlds."""
    whole = compiled(book)
    rules = whole.layers.get(layer_of(place), ())
    concerned = {c for w in cls.worlds for c in (*whole.fitting(rules, w), *whole.suspecting(rules, w))}
    days: set[date] = set()
    groups: set[str] = set()
    for c in concerned:
        days |= c.turns
        groups |= c.groups
    for document, requirement in asked_for(concerned, s):
        days |= turning_days(document, requirement)
    for state in states_of(s):
        days |= memberships(state, groups, book)
    return days


def asked_for(rules: Iterable[Compiled], s: Shipment) -> Iterator[tuple[Document, Requirement | None]]:
    """The papers shown that the rules read, each with what they ask of it."""
    for document in s.documents or ():
        kind = document.kind.partition(":")[0]
        for c in rules:
            for kinds, requirement in c.papers:
                if kind in kinds:
                    yield document, requirement


def states_of(s: Shipment) -> set[str]:
    """Every State on the route, that of origin included."""
    return {s.export, s.import_, s.origin, *(t.state for t in s.transit)}


def memberships(state: str, groups: Iterable[str], book: Book) -> set[date]:
    """The days on which a State joins, or no longer belongs to, one of the groups."""
    periods = [p for group in groups for p in book.states[state].groups.get(group, ())]
    return {d for p in periods for d in (p.start, p.end and later(p.end, 1)) if d}
