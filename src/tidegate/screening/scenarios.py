"""Scenarios: cases with the answer that the law's text gives, beside the rulebook that must give the same.

A scenario file (docs/rulebook-format.md) holds `base` shipments by name and a list of `scenarios`. The
shipment of a scenario is laid over its base key by key: a key of the scenario replaces that of the base,
`facts` and `events` are merged key by key, and null removes. Expectations are written from the source,
never copied from output. A file may also list `equivalent` changes: slips in a rule that no case could ever
show, each with the reason, for the linter's mutation run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tidegate.law import loader
from tidegate.law.records import REGIMES, Book
from tidegate.screening.decision import decide
from tidegate.screening.evaluate import OUTCOMES
from tidegate.screening.evaluate.results import DISPLACED
from tidegate.screening.shipment import Reject, parse_shipment

SHIPPED = Path(loader.__file__).with_name("scenarios")
FOLDER = "scenarios"  # the folder of an overlay that holds its scenarios
FILE_KEYS = ("base", "scenarios", "equivalent")
SCENARIO_FIELDS = ("id", "rules", "source", "base", "shipment", "expect", "note")
MERGED = ("facts", "events")
WHYS = ("not held", "expired", "wrong standard", "too small")
# expectation → what it must be written as
EXPECT_FIELDS: Mapping[str, tuple[type, ...]] = {
    "outcome": (str,),
    "entry": (str, type(None)),
    "entry_candidates": (list,),
    "eu_entry": (str, type(None)),
    "regime": (str, type(None)),
    "layers": (dict,),
    "binds": (list,),
    "not_binds": (list,),
    "effects": (dict,),
    "missing": (dict, list),
    "missing_why": (dict, list, str),
    "questions": (list,),
    "not_questions": (list,),
    "first_question": (str, type(None)),
    "verify": (list,),
    "not_verify": (list,),
    "alerts": (list,),
    "not_alerts": (list,),
    "changes": (list,),
    "confidence": (str,),
    "reject": (str,),
}


class ScenarioError(ValueError):
    """A scenario file that cannot be read: names the file, the scenario, the field and what was expected."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One case: the shipment as it will be read, and what must come out.

    `rules`: ids of the rules that the case exercises. `source`: where in the source the expectation stands.
    """

    id: str
    rules: tuple[str, ...]
    source: str
    shipment: Mapping[str, Any]
    expect: Mapping[str, Any]
    file: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A change of a rule that leaves every decision as it is, and why; worded as by the mutation run."""

    rule: str
    change: str
    why: str
    file: str = ""


# ── reading ────────────────────────────────────────────────────────────────────────────────────────────────


def load_scenarios(
    files: Iterable[str | Path] | None = None, *, overlays: Sequence[str | Path] = ()
) -> tuple[Scenario, ...]:
    """The shipped scenarios with those of the overlays' folders `scenarios`, or just `files` (or folders).

    A scenario of an overlay replaces a shipped one of the same id. Raises ScenarioError, also when two
    scenarios of one book have one id.
    """
    found: dict[str, Scenario] = {}
    roots: dict[str, int] = {}
    for root, (scenarios, _) in _read_all(files, overlays):
        for scenario in scenarios:
            if roots.get(scenario.id) == root:
                where = f"{scenario.file}: scenario {scenario.id}"
                other = found[scenario.id].file
                raise ScenarioError(f"{where}: id stands in {other} too, expected an id of its own")
            found[scenario.id], roots[scenario.id] = scenario, root
    return tuple(found.values())


def load_equivalents(*, overlays: Sequence[str | Path] = ()) -> tuple[Equivalent, ...]:
    """The changes of rules that scenario files, shipped or of the overlays, declare to make no difference."""
    return tuple(e for _, (_, equivalents) in _read_all(None, overlays) for e in equivalents)


def scenarios_hash(*, overlays: Sequence[str | Path] = ()) -> str:
    """SHA-256 over every file that `load_scenarios` reads: another one once any of them says something else."""
    digest = hashlib.sha256()
    for root, path, content in _contents(None, overlays):
        digest.update(f"{root}\0{path.name}\0".encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()


def _read_all(files: Iterable[str | Path] | None, overlays: Sequence[str | Path]) -> Iterator[tuple[int, _File]]:
    """(0 for the shipped book or the files named, then 1, 2, … for the overlays; what the file holds)."""
    for root, path, content in _contents(files, overlays):
        yield root, _read(_label(path), content, hashlib.sha256(content).hexdigest())


def _contents(files: Iterable[str | Path] | None, overlays: Sequence[str | Path]) -> Iterator[tuple[int, Path, bytes]]:
    roots: list[list[Path]] = [[Path(f) for f in files]] if files is not None else [[SHIPPED]]
    if files is None:
        roots += [[folder] if (folder := Path(o) / FOLDER).is_dir() else [] for o in overlays]
    for number, paths in enumerate(roots):
        for path in (q for p in paths for q in _files(p)):
            try:
                content = path.read_bytes()
            except OSError as error:
                raise ScenarioError(f"{path}: cannot be read: {error.strerror or error}") from error
            yield number, path, content


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.rglob("*.yaml"))
    return [path]


def _label(path: Path) -> str:
    resolved = path.resolve()
    return resolved.relative_to(SHIPPED).as_posix() if resolved.is_relative_to(SHIPPED) else str(path)


_File = tuple[tuple[Scenario, ...], tuple[Equivalent, ...]]


@lru_cache(maxsize=512)
def _read(name: str, content: bytes, digest: str) -> _File:
    import yaml  # only where scenarios are read: screening itself never needs it

    try:
        document = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe either way
    except yaml.YAMLError as error:
        raise ScenarioError(f"{name}: not readable as YAML: {error}") from error
    if document is None:
        return (), ()
    if not isinstance(document, Mapping):
        raise ScenarioError(f"{name}: expected a mapping with `scenarios`, found {type(document).__name__}")
    unknown = sorted(str(key) for key in document if key not in FILE_KEYS)
    if unknown:
        raise ScenarioError(f"{name}: unknown key {unknown[0]!r}, expected one of {', '.join(FILE_KEYS)}")
    bases = document.get("base") or {}
    if not isinstance(bases, Mapping) or not all(isinstance(b, Mapping) for b in bases.values()):
        raise ScenarioError(f"{name}: base: expected shipments by name")
    records, changes = document.get("scenarios") or [], document.get("equivalent") or []
    for key, value in (("scenarios", records), ("equivalent", changes)):
        if not isinstance(value, list):
            raise ScenarioError(f"{name}: {key}: expected a list, found {type(value).__name__}")
    scenarios = tuple(_scenario(name, raw, bases) for raw in records)
    return scenarios, tuple(e for raw in changes for e in _equivalents(name, raw))


def _equivalents(name: str, raw: Any) -> Iterator[Equivalent]:
    if not isinstance(raw, Mapping) or set(raw) != {"rules", "change", "why"} or not isinstance(raw["rules"], list):
        raise ScenarioError(f"{name}: equivalent {raw!r}: expected `rules` (a list), `change` and `why`")
    if not str(raw["why"] or "").strip():
        raise ScenarioError(f"{name}: equivalent {raw['change']}: why is empty, expected the reason")
    for rule in raw["rules"]:
        yield Equivalent(str(rule), str(raw["change"]), str(raw["why"]), name)


def _scenario(name: str, raw: Any, bases: Mapping[str, Any]) -> Scenario:
    where = f"{name}: scenario {raw.get('id', '(no id)') if isinstance(raw, Mapping) else raw!r}"

    def fail(key: str, value: Any, expected: str) -> ScenarioError:
        return ScenarioError(f"{where}: {key} is {value!r}, expected {expected}")

    if not isinstance(raw, Mapping) or not raw.get("id"):
        raise ScenarioError(f"{where}: expected a mapping with an id")
    for key in raw:
        if key not in SCENARIO_FIELDS:
            raise fail(str(key), raw[key], "one of " + ", ".join(SCENARIO_FIELDS))
    rules = raw.get("rules")
    if not isinstance(rules, list):
        raise fail("rules", rules, "a list of rule ids")
    if not raw.get("source"):
        raise fail("source", raw.get("source"), "where the expectation stands in its source")
    chosen = raw.get("base")
    if chosen is not None and chosen not in bases:
        raise fail("base", chosen, "one of " + (", ".join(bases) or "(the file has no base)"))
    shipment = raw.get("shipment") or {}
    if not isinstance(shipment, Mapping):
        raise fail("shipment", shipment, "a mapping")
    expect = raw.get("expect")
    if not isinstance(expect, Mapping) or not expect:
        raise fail("expect", expect, "a mapping with at least one expectation")
    for key, value in expect.items():
        if key not in EXPECT_FIELDS:
            raise fail(f"expect.{key}", value, "one of " + ", ".join(EXPECT_FIELDS))
        if not isinstance(value, EXPECT_FIELDS[key]):
            kinds = " or ".join("null" if t is type(None) else t.__name__ for t in EXPECT_FIELDS[key])
            raise fail(f"expect.{key}", value, f"a {kinds}")
    if "outcome" in expect and expect["outcome"] not in OUTCOMES:
        raise fail("expect.outcome", expect["outcome"], " or ".join(OUTCOMES))
    for layer, value in (expect.get("layers") or {}).items():
        if value is not None and value not in (*OUTCOMES, *REGIMES, DISPLACED):
            raise fail(f"expect.layers.{layer}", value, "an outcome, a regime, or null for a layer not shown")
    merged = overlay(bases[chosen] if chosen is not None else {}, shipment)
    return Scenario(
        id=str(raw["id"]),
        rules=tuple(str(r) for r in rules),
        source=str(raw["source"]),
        shipment={"id": str(raw["id"]), **merged},
        expect=dict(expect),
        file=name,
        note=str(raw.get("note") or ""),
    )


def overlay(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """`top` laid over `base`: keys replaced, `facts` and `events` merged key by key, null removes."""
    out = dict(base)
    for key, value in top.items():
        if value is None:
            out.pop(key, None)
        elif key in MERGED and isinstance(value, Mapping) and isinstance(out.get(key), Mapping):
            out[key] = {k: v for k, v in {**out[key], **value}.items() if v is not None}
        else:
            out[key] = value
    return out


# ── running ────────────────────────────────────────────────────────────────────────────────────────────────


def run(scenario: Scenario, book: Book) -> list[str]:
    """What comes out otherwise than expected, each in words; empty when the scenario holds."""
    expected = scenario.expect
    try:
        shipment = parse_shipment(scenario.shipment, book)
    except Reject as reject:
        if expected.get("reject") == reject.field:
            return []
        wanted = f" (expected a reject of {expected['reject']})" if "reject" in expected else ""
        return [f"rejected: {reject}{wanted}"]
    if "reject" in expected:
        return [f"reject: expected field {expected['reject']} to be refused, but the shipment was read"]
    return compare(expected, decide(shipment, book, changes="changes" in expected))


def compare(expected: Mapping[str, Any], decision: Mapping[str, Any]) -> list[str]:
    """The expectations that a decision does not meet, each in words."""
    out: list[str] = []
    for key in ("outcome", "entry", "eu_entry", "regime", "confidence"):
        if key in expected and decision[key] != expected[key]:
            out.append(f"{key}: expected {_say(expected[key])}, found {_say(decision[key])}")
    candidates, found = expected.get("entry_candidates"), decision.get("entry_candidates", [])
    if candidates is not None and set(candidates) != set(found):
        out.append(f"entry_candidates: expected {_list(candidates)}, found {_list(found)}")
    out += _layers(expected.get("layers") or {}, decision)
    out += _contained("binds", expected, [r["rule"] for r in decision["reasons"]])
    effects = {r["rule"]: r["effect"] for r in decision["reasons"]}
    for rule, effect in (expected.get("effects") or {}).items():
        if effects.get(rule) != effect:
            out.append(f"effects: expected {rule} to {_say(effect)}, found {_say(effects.get(rule))}")
    out += _missing(expected, decision["missing"])
    out += _contained("questions", expected, [q["fact"] for q in decision["questions"]])
    if "first_question" in expected:
        first = decision["questions"][0]["fact"] if decision["questions"] else None
        if first != expected["first_question"]:
            out.append(f"first_question: expected {_say(expected['first_question'])}, found {_say(first)}")
    out += _contained("verify", expected, [v["fact"] for v in decision["verify"]])
    out += _contained("alerts", expected, [a["rule"] for a in decision["alerts"]])
    if "changes" in expected:
        wanted = [(str(c["date"]), c["outcome"]) for c in expected["changes"]]
        told = [(c["date"], c["outcome"]) for c in decision["changes"]]
        if wanted != told:
            out.append(f"changes: expected {_changes(wanted)}, found {_changes(told)}")
    return out


def _layers(expected: Mapping[str, Any], decision: Mapping[str, Any]) -> list[str]:
    shown = {layer["layer"]: layer for layer in decision.get("layers", ())}
    out = []
    for name, value in expected.items():
        layer = shown.get(name)
        if value is None:
            if layer is not None:
                out.append(f"layers: expected no layer {name}, found {layer['outcome']}")
            continue
        if layer is None:
            out.append(f"layers: expected {name} to be {value}, but only {_list(list(shown))} are shown")
            continue
        # an outcome and a regime share the word `prohibited`, and there they are never at odds
        key = "regime" if value in (*REGIMES, DISPLACED) and "regime" in layer else "outcome"
        found = layer[key]
        if found != value:
            out.append(f"layers: expected {name} to be {value}, found {_say(found)}")
    return out


def _contained(key: str, expected: Mapping[str, Any], found: Sequence[str]) -> list[str]:
    out = []
    lacking = [x for x in expected.get(key) or () if x not in found]
    if lacking:
        out.append(f"{key}: expected {_list(lacking)} among them, found {_list(found)}")
    unwanted = [x for x in expected.get(f"not_{key}") or () if x in found]
    if unwanted:
        out.append(f"not_{key}: did not expect {_list(unwanted)}, found {_list(found)}")
    return out


def _missing(expected: Mapping[str, Any], missing: Sequence[Mapping[str, Any]]) -> list[str]:
    """`missing` by rule is exact for the rules named; as a list it is exact for the whole decision."""
    out = []
    wanted = expected.get("missing")
    by_rule: dict[str, list[str]] = {}
    whys: dict[str, list[str]] = {}
    for item in missing:
        by_rule.setdefault(item["rule"], []).extend(item["documents"])
        whys.setdefault(item["rule"], []).append(item["why"])
    if isinstance(wanted, Mapping):
        for rule, kinds in wanted.items():
            have = by_rule.get(rule, ())
            if sorted(kinds or ()) != sorted(have):
                out.append(f"missing: expected {_list(kinds or ())} for {rule}, found {_list(have)}")
    elif wanted is not None:
        found = list(dict.fromkeys(k for kinds in by_rule.values() for k in kinds))
        if sorted(wanted) != sorted(found):
            out.append(f"missing: expected {_list(wanted)}, found {_list(found)}")
    why = expected.get("missing_why")
    if isinstance(why, Mapping):
        for rule, reasons in why.items():
            listed = [reasons] if isinstance(reasons, str) else list(reasons)
            said = whys.get(rule, ())
            if sorted(listed) != sorted(said):
                out.append(f"missing_why: expected {_list(listed)} for {rule}, found {_list(said)}")
    elif why is not None:
        listed = [why] if isinstance(why, str) else list(why)
        every = {w for reasons in whys.values() for w in reasons}
        if set(listed) != every:
            out.append(f"missing_why: expected {_list(listed)}, found {_list(sorted(every))}")
    return out


def _say(value: Any) -> str:
    return "nothing" if value is None else str(value)


def _list(values: Sequence[Any]) -> str:
    return ", ".join(_say(v) for v in values) or "none"


def _changes(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{day} {outcome}" for day, outcome in pairs) or "none"
