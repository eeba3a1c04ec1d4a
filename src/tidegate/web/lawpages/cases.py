"""Scenarios beside a rule: the cases, written from the law's text, that show on which side of it a shipment falls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from tidegate.law import Book, Rule
from tidegate.parties import figures
from tidegate.screening import Reject, decide, parse_shipment
from tidegate.screening.scenarios import FOLDER, SHIPPED, Scenario, ScenarioError, load_scenarios
from tidegate.web import words as shared
from tidegate.web.check.answers import permalink
from tidegate.web.lawpages import phrases, words

# How many cases of each side stand on the page; the book holds more for some rules.
SHOWN = 6
# A field in the order in which a reader looks for what differs, and how it is called.
ORDER = (
    "date export import transit origin hs description material polymers contamination_pct hazardous halogenated "
    "consumer waste operation net_kg documents"
).split()


FACT, PAPER = "fact", "paper"
Facts = dict[tuple[str, str], str]


@dataclass(frozen=True)
class Case:
    """One case: what is its own, and the verdict on it."""

    id: str
    says: tuple[tuple[str, str], ...]
    outcome: str
    verify: int
    url: str
    source: str
    note: str


@dataclass(frozen=True)
class Side:
    """Cases on one side of the rule."""

    key: str
    title: str
    icon: str
    tone: str
    cases: tuple[Case, ...]
    more: int


@dataclass(frozen=True)
class Examples:
    """The cases of a rule by side, and the usual case: each of those shown tells where it differs from that."""

    usual: tuple[tuple[str, str], ...]
    sides: tuple[Side, ...]
    total: int


def examples(rule: Rule, book: Book) -> Examples | None:
    """Readable cases for a rule; None where none is at hand."""
    found = [s for s in _scenarios(rule, book) if rule.id in s.rules]
    by_side: dict[str, list[tuple[Scenario, Mapping[str, Any]]]] = {}
    for scenario in found:
        try:
            decision = decide(parse_shipment(scenario.shipment, book), book)
        except Reject:
            continue  # a scenario of a value that cannot be read says nothing of a rule
        by_side.setdefault(_side(rule.id, decision), []).append((scenario, decision))
    if not by_side:
        return None
    chosen = {key: _nearest(cases, rule)[:SHOWN] for key, cases in by_side.items()}
    told: dict[str, Facts] = {s.id: dict(_facts(s.shipment, book)) for cases in chosen.values() for s, _ in cases}
    usual = _usual(list(told.values()))
    sides = tuple(
        Side(
            key,
            title,
            icon,
            tone,
            tuple(_case(s, d, _own(told[s.id], usual)) for s, d in chosen[key]),
            len(by_side[key]) - len(chosen[key]),
        )
        for key, title, icon, tone in _sides(rule)
        if key in chosen
    )
    return Examples(
        tuple((label, value) for (_, label), value in usual.items()),
        sides,
        sum(len(cases) for cases in by_side.values()),
    )


def _usual(told: Sequence[Facts]) -> Facts:
    """What most of the cases say: each case then tells only where it is another one."""
    if len(told) < 2:
        return {}
    usual = {}
    for name in dict.fromkeys(name for facts in told for name in facts):
        value, times = Counter(facts.get(name) for facts in told).most_common(1)[0]
        if value is not None and times * 2 > len(told):
            usual[name] = value
    return usual


def _own(facts: Facts, usual: Facts) -> list[tuple[str, str]]:
    """Where a case differs from the usual one, as (label, value)."""
    own = [(label, value) for (kind, label), value in facts.items() if usual.get((kind, label)) != value]
    for kind, label in usual:
        if (kind, label) not in facts:
            own.append((label, _("not held") if kind == PAPER else _("not known")))
    return own


def example_url(rule: Rule, book: Book) -> str | None:
    """The check page with a case in which the rule stands in the way or asks for something."""
    found = examples(rule, book)
    for side in found.sides if found else ():
        if side.key != "not" and side.cases:
            return side.cases[0].url
    return None


def _scenarios(rule: Rule, book: Book) -> Sequence[Scenario]:
    """The scenarios of the rule's own State or body of law, the shipped ones and those of overlays."""
    name = f"states/{rule.state.lower()}.yaml" if rule.state else f"{rule.layer}.yaml"
    files: list[str | Path] = [path for path in (SHIPPED / name,) if path.is_file()]
    files += [folder for one in book.overlays if (folder := Path(one) / FOLDER).is_dir()]
    try:
        return load_scenarios(files)
    except ScenarioError:
        return ()  # a broken scenario of an overlay must not take the law page away; the linter tells of it


def _side(rule: str, decision: Mapping[str, Any]) -> str:
    effects = {r["rule"]: r["effect"] for r in decision["reasons"]}
    if any(m["rule"] == rule for m in decision["missing"]) or effects.get(rule) == "prohibit":
        return "against"
    if rule in effects:
        return "met"
    if any(rule in q["rules"] for q in decision["questions"]):
        return "open"
    if any(a["rule"] == rule for a in decision["alerts"]):
        return "alert"
    return "not"


def _sides(rule: Rule) -> tuple[tuple[str, str, str, str], ...]:
    """(key, title, icon, tone) of each side, in the order of the page."""
    forbids = rule.kind in ("prohibition", "standard", "port", "quota") or rule.regime == "prohibited"
    against = _("It forbids") if forbids else _("It asks for papers that are not there")
    met = _("It applies and is met") if rule.kind not in ("exemption", "regime") else _("It applies")
    return (
        ("against", against, "hand-stop" if forbids else "file-off", "prohibited" if forbids else "needs"),
        ("met", met, "circle-check", "clear"),
        ("open", _("It turns on a fact that is not known"), "help-circle", "undetermined"),
        ("alert", _("It raises an alert"), "flag", "needs"),
        ("not", _("It does not apply"), "circle-x", "quiet"),
    )


def _nearest(
    cases: Iterable[tuple[Scenario, Mapping[str, Any]]], rule: Rule
) -> list[tuple[Scenario, Mapping[str, Any]]]:
    """Cases of few rules first, those near the rule's first or last day first among them."""
    edges = [d for d in (rule.valid_from, rule.valid_to) if d]

    def far(item: tuple[Scenario, Mapping[str, Any]]) -> tuple[int, int]:
        scenario = item[0]
        day = parse_shipment({**scenario.shipment}).date
        return len(scenario.rules), min((abs((day - e).days) for e in edges), default=0)

    return sorted(cases, key=far)


def _case(scenario: Scenario, decision: Mapping[str, Any], own: Sequence[tuple[str, str]]) -> Case:
    return Case(
        id=scenario.id,
        says=tuple(own),
        outcome=decision["outcome"],
        verify=len(decision["verify"]),
        url=permalink({k: v for k, v in scenario.shipment.items() if k != "id"}),
        source=scenario.source,
        note=scenario.note,
    )


# ── a shipment in words ────────────────────────────────────────────────────────────────────────────────────


def _facts(shipment: Mapping[str, Any], book: Book) -> Iterable[tuple[tuple[str, str], str]]:
    """((kind, label), value in words) of everything that a scenario states; each paper is a fact of its own."""
    day = parse_shipment(shipment, book).date
    for name in ORDER:
        if shipment.get(name) is None:
            continue
        given = shipment[name]
        if name == "date":
            yield (FACT, _("Day")), phrases.day(day)
        elif name in ("export", "import", "origin"):
            yield (FACT, _label(name)), shared.state_name(str(given), book.states)
        elif name == "transit":
            stops = [s.get("state", "") if isinstance(s, Mapping) else str(s) for s in _many(given)]
            said = ", ".join(shared.state_name(s, book.states) for s in stops)
            yield (FACT, _("Through")), said or _("no other State")
        elif name == "polymers":
            yield (FACT, _("Polymers")), ", ".join(f"{code} {_figure(share)}\u202f%" for code, share in given.items())
        elif name == "documents":
            held = _many(given)
            if not held:
                yield (FACT, _("Papers")), _("none")
            for paper in held:
                kind = paper if isinstance(paper, str) else str(paper.get("kind", ""))
                yield (PAPER, phrases.paper_name(kind, book)), _details(paper)
        elif name == "material":
            yield (FACT, _label(name)), str(shared.value_label(name, str(given), book))
        else:
            yield (FACT, _label(name)), _value(name, given)
    for name, when in sorted((shipment.get("events") or {}).items()):
        yield (FACT, _capital(words.EVENTS.get(name, name))), _day(when)
    for name, given in sorted((shipment.get("facts") or {}).items()):
        if isinstance(given, Mapping):
            where = shared.layer_label("national:" + name, book.states)
            for inner, value in given.items():
                yield (FACT, f"{_label(inner)} ({where})"), _value(inner, value)
        elif given is not None:
            yield (FACT, _label(name)), _value(name, given)


def _label(name: str) -> str:
    return _capital(words.fact(name))


def _capital(text: object) -> str:
    said = str(text)
    return said[:1].upper() + said[1:]


def _value(name: str, given: object) -> str:
    if isinstance(given, bool):
        return words.value(name, given)
    if isinstance(given, (int, float)):
        return f"{_figure(given)}\u202f{words.unit(name)}".strip()
    if isinstance(given, (list, tuple)):
        return ", ".join(str(g) for g in given)
    if name == "hs":
        return phrases.heading_name(str(given))
    return words.value(name, given)


def _figure(value: object) -> str:
    return figures.grouped(format(value, "g") if isinstance(value, float) else str(value))


def _many(given: Any) -> list[Any]:
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _day(value: object) -> str:
    if isinstance(value, date):
        return phrases.day(value)
    try:
        return phrases.day(date.fromisoformat(str(value)))
    except ValueError:
        return str(value)


def _details(paper: Any) -> str:
    """What a scenario says of a paper held."""
    if isinstance(paper, str):
        return _("held")
    said = []
    for key, template in (
        ("issued", _("issued %(value)s")),
        ("valid_from", _("valid from %(value)s")),
        ("valid_to", _("valid to %(value)s")),
    ):
        if paper.get(key) is not None:
            said.append(template % {"value": _day(paper[key])})
    if paper.get("value") is not None:
        said.append(_("value %(value)s") % {"value": _figure(paper["value"])})
    if paper.get("standard"):
        said.append(_("standard %(value)s") % {"value": paper["standard"]})
    for renewal in paper.get("renewals") or ():
        said.append(
            _("renewed from %(start)s by %(days)s days")
            % {"start": _day(renewal.get("from")), "days": renewal.get("days")}
        )
    return ", ".join(said) or _("held")
