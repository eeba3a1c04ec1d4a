"""What a changed rulebook would change: which scenarios, and which shipments, by State, with examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tidegate.law.compare import compare_books
from tidegate.law.records import INTERNATIONAL, Book, Rule
from tidegate.screening.decision import Route, decide, route_layers
from tidegate.screening.evaluate import SEVERITY
from tidegate.screening.scenarios import Scenario, run
from tidegate.screening.shipment import Reject, Shipment, parse_shipment

BREAKS, MENDS, DIFFERS = "breaks", "mends", "differs"
COMPARED = ("outcome", "entry", "regime", "layers", "reasons", "missing", "questions", "verify", "alerts")


@dataclass(frozen=True, slots=True)
class ScenarioShift:
    """A scenario that comes out otherwise. `what`: breaks (held, now fails), mends, or differs (holds all the same).

    `told`: what no longer is as expected, or how the answer differs, in words.
    """

    scenario: str
    what: str
    before: str
    after: str
    told: tuple[str, ...]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """One shipment whose outcome changes. `places`: layers whose outcome changes. `rules`: that newly bear on it.
    `shipment`: as it was read."""

    id: str
    row: int
    before: str
    after: str
    places: tuple[str, ...]
    rules: tuple[str, ...]
    shipment: Shipment


@dataclass(slots=True)
class Impact:
    """What comes of a batch.

    `changed`: shipments whose outcome changes. `touched`: same outcome, but other papers, alerts or
    reasons. `moves`: (before, after) → shipments. `by_place`: State (or international layer) → (before,
    after) of that place → shipments. `by_import`, `by_export`: State → (before, after) of the whole shipment →
    shipments. `alerts`: rule → shipments that it newly alerts on. `examples`: the
    first few of each place.
    """

    shipments: int = 0
    rejected: int = 0
    changed: int = 0
    touched: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_place: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    by_import: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    by_export: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    alerts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Shift]] = field(default_factory=dict)

    def count(self, found: Pair, export: str, import_: str, shipments: int = 1) -> None:
        """Counts shipments between two States that came to the same."""
        for rule in found.alerts:
            self.alerts[rule] += shipments
        if not found.changed:
            self.touched += shipments * found.touched
            return
        self.changed += shipments
        self.moves[found.move] += shipments
        self.by_import.setdefault(import_, Counter())[found.move] += shipments
        self.by_export.setdefault(export, Counter())[found.move] += shipments
        for place, move in found.places.items():
            self.by_place.setdefault(place, Counter())[move] += shipments

    def wants(self, found: Pair, examples: int) -> bool:
        """Whether a place that changes has fewer examples than it is to have."""
        return any(len(self.examples.get(place, ())) < examples for place in found.places)

    def show(self, found: Pair, row: int, s: Shipment, examples: int, each: Callable[[Shift], object] | None) -> None:
        """Hands on one shipment whose outcome changes, and keeps it as an example where one is wanted."""
        shift = Shift(str(s.id), row, *found.move, found.layers, found.rules, s)
        for place in found.places:
            kept = self.examples.setdefault(place, [])
            if len(kept) < examples:
                kept.append(shift)
        if each is not None:
            each(shift)

    def as_dict(self) -> dict[str, Any]:
        """The counts and examples as plain data, the same for `tidegate law whatif --json`, the API and the pages."""
        return {
            "read": self.shipments,
            "rejected": self.rejected,
            "changed": self.changed,
            "touched": self.touched,
            "moves": _moves(self.moves),
            "by_place": {place: _moves(counter) for place, counter in self.by_place.items()},
            "by_import": {state: _moves(counter) for state, counter in self.by_import.items()},
            "by_export": {state: _moves(counter) for state, counter in self.by_export.items()},
            "alerts": dict(self.alerts),
            "examples": {
                place: [
                    {"row": s.row, "id": s.id, "before": s.before, "after": s.after, "rules": list(s.rules)}
                    for s in examples
                ]
                for place, examples in self.examples.items()
            },
        }


def _moves(counter: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"before": was, "after": now, "shipments": n} for (was, now), n in counter.most_common()]


def on_any_day(old: Book, new: Book) -> Book:
    """The new book with the rules that it adds or changes in force on every day.

    So that a batch of the past answers the question what a proposal would have done.
    """
    rules = {
        name: rule
        if name in old.rules and same(old.rules[name], rule)
        else replace(rule, valid_from=None, valid_to=None)
        for name, rule in new.rules.items()
    }
    return replace(new, rules=rules, hash=f"{new.hash} on any day")


def same(one: Rule, two: Rule) -> bool:
    """Whether two records of a rule say the same, wherever they stand."""
    return replace(one, order=0, source_file="") == replace(two, order=0, source_file="")


# ── scenarios ──────────────────────────────────────────────────────────────────────────────────────────────


def scenario_shifts(old: Book, new: Book, scenarios: Iterable[Scenario]) -> list[ScenarioShift]:
    """The scenarios that come out otherwise under the new book."""
    reach = Reach(old, new)
    out = []
    for scenario in scenarios:
        try:
            before_s, after_s = (parse_shipment(scenario.shipment, book) for book in (old, new))
        except Reject:
            continue
        if not reach.touches(before_s):
            continue
        before, after = (decide(s, b) for s, b in ((before_s, old), (after_s, new)))
        told = tuple(run(scenario, new))
        failed = bool(run(scenario, old))
        if told and not failed:
            what = BREAKS
        elif failed and not told:
            what = MENDS
        elif _content(before) != _content(after):
            what = DIFFERS
            told = tuple(_differences(before, after))
        else:
            continue
        out.append(ScenarioShift(scenario.id, what, before["outcome"], after["outcome"], told, scenario.rules))
    return out


def _content(decision: Mapping[str, Any]) -> Any:
    """What a decision says, whatever the order in which it says it."""
    return _sorted({key: decision[key] for key in COMPARED})


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return sorted((_sorted(item) for item in value), key=repr)
    return value


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    out = []
    if before["outcome"] != after["outcome"]:
        out.append(f"outcome {before['outcome']} → {after['outcome']}")
    for key, name in (("reasons", "rule"), ("missing", "rule"), ("alerts", "rule"), ("questions", "fact")):
        was, now = (list(dict.fromkeys(item[name] for item in d[key])) for d in (before, after))
        gone, come = [x for x in was if x not in now], [x for x in now if x not in was]
        if gone or come:
            parts = [f"+ {', '.join(come)}"] * bool(come) + [f"− {', '.join(gone)}"] * bool(gone)
            out.append(f"{key} {' '.join(parts)}")
    return out or ["the reasons read otherwise"]


# ── shipments ──────────────────────────────────────────────────────────────────────────────────────────────


def impact(
    old: Book,
    new: Book,
    rows: Iterable[Mapping[str, Any] | None],
    *,
    examples: int = 5,
    row: int = 1,
    each: Callable[[Shift], object] | None = None,
) -> Impact:
    """What the new book changes for raw shipments; None stands for a row that could not be read.

    `row`: number of the first row. `each` is called with every shipment whose outcome changes. One pass, memory
    independent of the number of rows. `bulk.compared` says the same of a file, by its distinct cases.
    """
    reach = Reach(old, new)
    out = Impact()
    for number, raw in enumerate(rows, start=row):
        if raw is None:
            out.rejected += 1
            continue
        try:
            before_s = parse_shipment(raw, old)
            after_s = before_s if reach.same_words else parse_shipment(raw, new)
        except Reject:
            out.rejected += 1
            continue
        out.shipments += 1
        if not reach.touches(before_s):
            continue
        found = pair(decide(before_s, old), decide(after_s, new))
        out.count(found, after_s.export, after_s.import_)
        if found.changed:
            out.show(found, number, after_s, examples, each)
    return out


@dataclass(frozen=True, slots=True)
class Pair:
    """Two decisions of one shipment held against each other, for every shipment that they are decisions of.

    `move`: outcome before and after. `touched`: the same outcome, but something else differs. `layers`: those whose
    outcome changes; `places`: (before, after) of each State or international layer that they are of. `rules`: that
    newly bear on it; `alerts`: rules that newly alert.
    """

    move: tuple[str, str]
    touched: bool
    layers: tuple[str, ...]
    places: Mapping[str, tuple[str, str]]
    rules: tuple[str, ...]
    alerts: tuple[str, ...]

    @property
    def changed(self) -> bool:
        return self.move[0] != self.move[1]


def pair(before: Mapping[str, Any], after: Mapping[str, Any]) -> Pair:
    """What sets two decisions of one shipment apart."""
    known = {a["rule"] for a in before["alerts"]}
    alerts = tuple(a["rule"] for a in after["alerts"] if a["rule"] not in known)
    move = (before["outcome"], after["outcome"])
    if move[0] == move[1]:
        return Pair(move, _content(before) != _content(after), (), {}, (), alerts)
    layers = [{layer["layer"]: layer["outcome"] for layer in d["layers"]} for d in (before, after)]
    moved = {
        name: (layers[0].get(name, "clear"), layers[1].get(name, "clear"))
        for name in dict.fromkeys((*layers[0], *layers[1]))
        if layers[0].get(name, "clear") != layers[1].get(name, "clear")
    }
    bound = {r["rule"] for r in before["reasons"]}
    rules = tuple(r["rule"] for r in after["reasons"] if r["rule"] not in bound)
    places: dict[str, tuple[str, str]] = {}
    for layer, (was, now) in moved.items():
        place = _place(layer)
        if place in places:  # two layers of one State: the stricter of each counts
            was, now = (max(a, b, key=SEVERITY.__getitem__) for a, b in zip(places[place], (was, now), strict=True))
        places[place] = (was, now)
    return Pair(move, False, tuple(moved), places or {"entry": move}, rules, alerts)


def _place(layer: str) -> str:
    """`MY` for `national:MY:import`; the name of an international layer."""
    return layer.split(":")[1] if layer.startswith("national:") else layer


class Reach:
    """Which shipments two books can differ on: those whose route meets a layer in which a rule differs."""

    def __init__(self, old: Book, new: Book):
        diff = compare_books(old, new)
        rules = [*diff.added, *diff.removed, *(c.new for c in diff.changed), *(c.old for c in diff.changed)]
        self.same_words = not diff.tables
        self.everything = bool(diff.tables) or any(r.layer in INTERNATIONAL for r in rules)
        self.layers = {r.layer_name for r in rules}

    def touches(self, s: Shipment) -> bool:
        return self.everything or any(f"national:{state}:{role}" in self.layers for state, role, _ in route_layers(s))

    def on(self, route: Route) -> bool:
        """As `touches`, of every shipment with a route of which nobody asks for some layers alone."""
        stops = [(state, "transit") for state in route.transit]
        met = [(route.export, "export"), *stops, (route.import_, "import")]
        return self.everything or any(f"national:{state}:{role}" in self.layers for state, role in met)
