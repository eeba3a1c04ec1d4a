"""Do the scenarios notice? Every date, figure and effect of the rulebook is put wrong, one at a time.

A mutant is killed when a scenario that holds under the book fails under the mutant. Scenarios that name the
rule are tried first, then those whose route meets the rule's layer. A mutant that no scenario kills shows a
gap in the scenarios: the rulebook could carry that slip and nobody would see it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from tidegate.law import Book, load_rulebook
from tidegate.law.mutants import mutants, parameter_mutants
from tidegate.screening.decision import decide, route_layers
from tidegate.screening.impact import same
from tidegate.screening.scenarios import (
    Equivalent,
    Scenario,
    compare,
    load_equivalents,
    load_scenarios,
    run,
)
from tidegate.screening.shipment import Reject, Shipment, parse_shipment

MOST_PROCESSES = 2
PARAMETERS = "parameters"  # stands for the table of parameters where rule ids are meant


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no scenario noticed. `tried`: how many scenarios were run on it."""

    rule: str
    change: str
    tried: int

    def __str__(self) -> str:
        return f"{self.rule}: {self.change}: none of {self.tried} scenarios notices"


@dataclass(frozen=True, slots=True)
class Report:
    """What the run found.

    `mutants`: how many were made. `equivalents`: how many survive as declared. `failing`: scenarios that fail
    already, and so were left out. `mistaken`: declared equivalent, but noticed by a scenario or never made.
    """

    mutants: int
    survivors: tuple[Survivor, ...]
    equivalents: int
    mistaken: tuple[Equivalent, ...]
    failing: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every mutant is killed or rightly declared equivalent, by scenarios that all hold."""
        return not (self.survivors or self.mistaken or self.failing)


def mutate(
    overlays: Sequence[str | Path] = (), *, rules: Sequence[str] | None = None, processes: int | None = None
) -> Report:
    """Makes every mutant of the book (or of `rules` only) and tells which survive.

    `processes`: 1 or 2; left out, 2 where the machine has two cores.
    """
    book = load_rulebook(overlays)
    names = [*book.rules, PARAMETERS] if rules is None else list(rules)
    folders = tuple(str(o) for o in overlays)
    wanted = min(MOST_PROCESSES, processes or os.cpu_count() or 1)
    if wanted == 1 or len(names) < 8:
        parts = [_work((folders, tuple(names)))]
    else:
        # small handfuls in turn, so that both processes end together
        handfuls = [(folders, tuple(names[n::16])) for n in range(16)]
        with ProcessPoolExecutor(max_workers=wanted) as pool:
            parts = list(pool.map(_work, handfuls))
    order = {name: n for n, name in enumerate(names)}
    alive = sorted((s for _, found, _ in parts for s in found), key=lambda s: order[s.rule.partition(" ")[0]])
    shipped = load_rulebook(())
    declared = {
        (e.rule, e.change): e
        for e in load_equivalents(overlays=overlays)
        # what is said of a shipped rule is not said of the one that an overlay puts in its place
        if e.rule not in book.rules or e.rule not in shipped.rules or same(book.rules[e.rule], shipped.rules[e.rule])
    }
    survivors = tuple(s for s in alive if (s.rule, s.change) not in declared)
    rightly = {(s.rule, s.change) for s in alive} & declared.keys()
    looked_at = [e for e in declared.values() if e.rule.partition(" ")[0] in order or rules is None]
    return Report(
        mutants=sum(count for count, _, _ in parts),
        survivors=survivors,
        equivalents=len(rightly),
        mistaken=tuple(e for e in looked_at if (e.rule, e.change) not in rightly),
        failing=parts[0][2],
    )


_BENCHES: dict[tuple[str, ...], _Bench] = {}


def _work(task: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[int, list[Survivor], tuple[str, ...]]:
    folders, names = task
    bench = _BENCHES.get(folders)
    if bench is None:
        _BENCHES.clear()
        bench = _BENCHES[folders] = _Bench(folders)
    count = 0
    survivors: list[Survivor] = []
    for name in names:
        for trial in bench.trials(name):
            count += 1
            tried = bench.survives(trial)
            if tried is not None:
                survivors.append(Survivor(trial.subject, trial.change, tried))
    return count, survivors, bench.failing


@dataclass(frozen=True, slots=True)
class _Trial:
    """One mutant: what it is a mutant of, the change in words, the changed book, and where to look for a witness.

    `layer`: whose scenarios to try (None: the international ones; PARAMETERS: all). `day`: the one day on
    which the change can show, if there is one.
    """

    subject: str
    change: str
    book: Book
    layer: str | None
    day: date | None = None


class _Bench:
    """The book with every scenario that holds, read once and filed by the rules and layers it meets."""

    def __init__(self, overlays: Sequence[str]):
        self.book = load_rulebook(overlays)
        self.by_rule: dict[str, list[Scenario]] = {}
        self.by_layer: dict[str | None, list[Scenario]] = {PARAMETERS: []}
        self.shipments: dict[str, Shipment] = {}
        self.days: dict[str, frozenset[date]] = {}
        failing = []
        for scenario in load_scenarios(overlays=overlays):
            if run(scenario, self.book):
                failing.append(scenario.id)
                continue
            try:
                shipment = parse_shipment(scenario.shipment, self.book)
            except Reject:
                continue  # a scenario about reading, not about law
            self.shipments[scenario.id] = shipment
            self.days[scenario.id] = frozenset(_days(shipment))
            for rule in scenario.rules:
                self.by_rule.setdefault(rule, []).append(scenario)
            layers: set[str | None] = {f"national:{state}:{role}" for state, role, _ in route_layers(shipment)}
            layers.add(PARAMETERS)
            if shipment.evaluate is None:
                layers.add(None)
            for layer in layers:
                self.by_layer.setdefault(layer, []).append(scenario)
        self.failing = tuple(failing)

    def trials(self, name: str) -> Iterator[_Trial]:
        """Every mutant of a rule, or of the parameters."""
        if name == PARAMETERS:
            for n, parameter in enumerate(self.book.parameters):
                for changed, text in parameter_mutants(parameter):
                    parameters = (*self.book.parameters[:n], changed, *self.book.parameters[n + 1 :])
                    subject = f"{PARAMETERS} {parameter.name}"
                    digest = self._hash(f"{subject}: {text}")
                    yield _Trial(subject, text, replace(self.book, parameters=parameters, hash=digest), PARAMETERS)
            return
        rule = self.book.rules[name]
        layer = rule.layer_name if rule.state else None
        for mutant in mutants(rule):
            rules = dict(self.book.rules)
            if mutant.rule is None:
                del rules[name]
            else:
                rules[name] = mutant.rule
            digest = self._hash(f"{name}: {mutant.change}")
            yield _Trial(name, mutant.change, replace(self.book, rules=rules, hash=digest), layer, mutant.day)

    def _hash(self, change: str) -> str:
        return f"{self.book.hash} with {change}"

    def survives(self, trial: _Trial) -> int | None:
        """How many scenarios were run in vain, or None as soon as one of them fails."""
        named = self.by_rule.get(trial.subject, [])
        seen = {s.id for s in named}
        others = [s for s in self.by_layer.get(trial.layer, []) if s.id not in seen]
        tried = 0
        for scenario in (*named, *others):
            if trial.day is not None and not self._sees(scenario, trial.day):
                continue
            tried += 1
            if self._fails(scenario, trial.book):
                return None
        return tried

    def _sees(self, scenario: Scenario, day: date) -> bool:
        """Whether a scenario looks at the law of a day: one of its events, or a change that it foretells."""
        return day in self.days[scenario.id] or "changes" in scenario.expect

    def _fails(self, scenario: Scenario, mutant: Book) -> bool:
        try:
            decision = decide(self.shipments[scenario.id], mutant, changes="changes" in scenario.expect)
        except Exception:  # whatever breaks under the mutant has noticed it
            return True
        return bool(compare(scenario.expect, decision))


def _days(s: Shipment) -> Iterator[date]:
    yield s.date
    yield from s.events.values()
    for stop in s.transit:
        yield from (d for d in (stop.arrived, stop.departed) if d is not None)
