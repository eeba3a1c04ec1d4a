"""One rule as written: does it say where it comes from, and does it use only words that are registered?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from tidegate.law.conditions import COMPARISONS, Condition, ConditionError, atoms, parse_all
from tidegate.law.findings import Finding
from tidegate.law.lint_tables import Registers, as_date, reversed_dates
from tidegate.law.loader import RULE_FIELDS
from tidegate.law.records import (
    CONFIDENCES,
    EVENTS,
    FAILING_KINDS,
    INTERNATIONAL,
    KINDS,
    REGIMES,
    ROLES,
    STATUSES,
)
from tidegate.law.sources import SourceFile

STATE_FACTS = ("export", "import", "origin", "counterpart", "here", "transit")
ENTRY_CLASSES = ("any", "A-list", "B-list", "controlled", "unlisted", "hazardous-unlisted")
HS_WORDS = ("any", "listed")
DATES = ("seen", "inferred", "not_seen")
CONSENT_ROLES = ("import", "export", "transit", "here", "counterpart")
DOCUMENT_FIELDS = tuple("kind any term renewals standard value_by_tonnes when old longest outside".split())
VOCABULARY: Mapping[str, Sequence[str]] = {
    "role": ROLES,
    "kind": KINDS,
    "status": STATUSES,
    "confidence": CONFIDENCES,
    "dates": DATES,
    "event": EVENTS,
    "regime": REGIMES,
    "displaces": INTERNATIONAL,
}
# a figure of the standards table must be the figure that the rule works with
SUMMARY_FIGURES = {
    "max_foreign_pct": ("foreign_matter_pct", "gt"),
    "max_other_listed_hs_pct": ("other_listed_hs_pct", "gt"),
    "max_other_polymer_pct": ("other_polymer_pct", "gt"),
    "min_target_purity_pct": ("target_purity_pct", "lt"),
}


def check_rule(source: SourceFile, raw: Mapping[str, Any], registers: Registers) -> Iterator[Finding]:
    """Every fault of one rule, file defaults included."""
    rule = str(raw.get("id") or "(no id)")

    def finding(field: str, value: Any, expected: str) -> Finding:
        return Finding(source.name, rule, field, value, expected)

    for field in raw:
        if field not in RULE_FIELDS:
            yield finding(str(field), raw[field], "a field of rules (docs/rulebook-format.md)")
    for field in ("id", "text", "instrument"):
        if not str(raw.get(field) or "").strip():
            yield finding(field, raw.get(field), "some text")
    address = str(raw.get("url") or "")
    if not re.match(r"https?://[^\s/]+\.[^\s]+$", address):
        yield finding("url", raw.get("url"), "the address of the source, http:// or https://")
    layer = source.document.get("layer", "national")
    for field, allowed in VOCABULARY.items():
        value = raw.get(field)
        if value is not None and value not in allowed:
            yield finding(field, value, "one of " + ", ".join(allowed))
    if raw.get("confidence") is None:
        yield finding("confidence", None, "one of " + ", ".join(CONFIDENCES))
    yield from _layer(source, raw, layer, finding)
    yield from _days(raw, finding)
    for field, words, check in (
        ("hs", raw.get("hs", ["any"]), _hs_fault),
        ("suspects", raw.get("suspects", []), _hs_fault),
        ("basel", raw.get("basel", ["any"]), lambda word: _entry_fault(word, registers)),
        ("exempts", raw.get("exempts", []), lambda word: _rule_fault(word, registers)),
        ("verify", raw.get("verify", []), lambda word: _fact_fault(word, registers)),
        ("needs", raw.get("needs", []), lambda word: _fact_fault(word, registers, kind="bool")),
    ):
        for word in words if isinstance(words, (list, tuple)) else [words]:
            fault = check(word)
            if fault:
                yield finding(field, word, fault)
    for field, condition in conditions(raw, finding):
        if isinstance(condition, Finding):
            yield condition
            continue
        for fact, op, operand in atoms(condition):
            yield from (
                finding(field if value == fact else f"{field}: {fact}", value, expected)
                for value, expected in _atom(fact, op, operand, registers)
            )
    for requirement in _listed(raw.get("documents")):
        yield from (finding("documents", value, expected) for value, expected in _document(requirement, registers))
    yield from _summary(raw, finding)


# ── the parts ──────────────────────────────────────────────────────────────────────────────────────────────


def _layer(source: SourceFile, raw: Mapping[str, Any], layer: Any, finding: Any) -> Iterator[Finding]:
    if layer == "national":
        if not source.document.get("state"):
            yield finding("state", None, "a State in the head of the file, or a layer")
        for field in ("role", "kind"):
            if raw.get(field) is None:
                yield finding(field, None, "one of " + ", ".join(VOCABULARY[field]))
        if raw.get("regime") is not None:
            yield finding("regime", raw["regime"], "no regime in a national rule: its kind says what it does")
        if raw.get("fails") and raw.get("kind") not in FAILING_KINDS:
            kinds = ", ".join(sorted(FAILING_KINDS))
            yield finding("kind", raw.get("kind"), f"one of {kinds} for a rule with `fails`")
        return
    if layer not in INTERNATIONAL:
        yield finding("layer", layer, "one of " + ", ".join(INTERNATIONAL))
    if raw.get("role") is not None:
        yield finding("role", raw["role"], "no role in an international rule")
    if raw.get("regime") is None and raw.get("kind") is None:
        yield finding("regime", None, "a regime, or a kind for a rule that adds a duty")


def _days(raw: Mapping[str, Any], finding: Any) -> Iterator[Finding]:
    for field in ("from", "to", "checked"):
        if raw.get(field) is not None and as_date(raw[field]) is None:
            yield finding(field, raw[field], "a day of the calendar as YYYY-MM-DD")
    for field in ("from", "to"):
        if field not in raw:
            yield finding(field, "left out", "a day, or null where it was not seen or does not end")
    if raw.get("checked") is None:
        yield finding("checked", None, "the day on which a person last compared the rule with its source")
    if reversed_dates(raw.get("from"), raw.get("to")):
        yield finding("to", str(raw["to"]), f"a day not before from, {raw['from']}")
    dates = raw.get("dates", "seen")
    if dates == "seen" and raw.get("from") is None and raw.get("to") is None:
        yield finding("dates", dates, "not_seen or inferred, since the rule gives no day")
    if dates == "not_seen" and raw.get("from") is not None:
        yield finding("dates", dates, f"seen or inferred, since the rule starts on {raw['from']}")


def conditions(raw: Mapping[str, Any], finding: Any) -> Iterator[tuple[str, Condition | Finding]]:
    """(field, condition) for every condition that the rule states; a Finding in place of one that is not."""
    places = [("when", raw.get("when"))]
    places += [("fails", item) for item in _listed(raw.get("fails"))]
    places += [("unless", item) for item in _listed(raw.get("unless"))]
    places += [
        ("documents", item["when"])
        for item in _listed(raw.get("documents"))
        if isinstance(item, Mapping) and item.get("when")
    ]
    for field, written in places:
        if not written:
            continue
        try:
            parsed = parse_all(written)
        except (ConditionError, KeyError, TypeError, ValueError, InvalidOperation) as error:
            yield field, finding(field, written, f"a condition: {error}")
            continue
        if parsed is not None:
            yield field, parsed


def _atom(fact: str, op: str, operand: Any, registers: Registers) -> Iterator[tuple[Any, str]]:
    known = registers.facts.get(fact)
    if known is None:
        yield fact, "a fact of the registry (facts.yaml)"
        return
    if op == "holds":
        kinds, _, _ = operand
        for kind in kinds:
            fault = _kind_fault(kind, registers)
            if fault:
                yield kind, fault
        return
    if op in COMPARISONS:
        if known.get("type") != "number":
            yield f"{op} {operand}", f"no comparison: {fact} is a {known.get('type')}"
        elif fact.endswith("_pct") and not 0 <= operand <= 100:
            yield f"{op} {operand}", "a share from 0 to 100"
        return
    if op not in ("in", "not_in"):
        return
    for value in operand:
        fault = _value_fault(fact, value, known, registers)
        if fault:
            yield value, fault


def _value_fault(fact: str, value: Any, known: Mapping[str, Any], registers: Registers) -> str:
    if fact in STATE_FACTS:
        if value in registers.states or value in registers.groups:
            return ""
        return "a State as ISO 3166-1 alpha-2, or a registered group of States (registers.yaml)"
    if fact == "entry":
        return _entry_fault(value, registers)
    if fact == "hs":
        return _hs_fault(value)
    if fact == "contains":
        return "" if value in registers.polymers else "a polymer code of polymers.yaml"
    if fact == "operation":
        return "" if value in ("R", "D") or value in known.get("values", ()) else "an operation, R or D"
    if fact == "material":
        return "" if value in registers.materials or known.get("open") else "a material of materials.yaml"
    kind = known.get("type")
    if kind == "bool":
        return "" if isinstance(value, bool) else "true or false"
    if kind == "number":
        return "" if isinstance(value, Decimal) else "a number"
    values = known.get("values") or ()
    if values and not known.get("open") and str(value).lower() not in {str(v).lower() for v in values}:
        return "one of " + ", ".join(str(v) for v in values)
    return ""


def _document(raw: Any, registers: Registers) -> Iterator[tuple[Any, str]]:
    if isinstance(raw, str):
        raw = {"kind": raw}
    if not isinstance(raw, Mapping) or ("kind" in raw) is ("any" in raw):
        yield raw, "a kind of document, or a mapping with `kind` or `any`"
        return
    for kind in _listed(raw.get("any", raw.get("kind"))):
        fault = _kind_fault(kind, registers)
        if fault:
            yield kind, fault
    for where, allowed in (("term", ("days", "years")), ("renewals", ("max", "days")), ("longest", ("years",))):
        group = raw.get(where) or {}
        for key, value in group.items() if isinstance(group, Mapping) else [("", group)]:
            if key not in allowed or not isinstance(value, int) or value <= 0:
                yield f"{where} {key} {value}".strip(), f"{' or '.join(allowed)} as a whole number above zero"
    for key in raw:
        if key not in DOCUMENT_FIELDS:
            yield key, "one of " + ", ".join(DOCUMENT_FIELDS)
    outside = raw.get("outside")
    if outside is not None and not (outside in registers.groups and str(raw.get("kind")).endswith(":transit")):
        yield f"outside {outside}", "a group of States, beside a kind such as CONSENT:transit"
    old = raw.get("old")
    if old is not None:
        days = [as_date(old.get(k)) for k in ("issued_before", "until")] if isinstance(old, Mapping) else [None]
        if None in days or set(old) != {"issued_before", "until"} or reversed_dates(*days):
            yield f"old {old}", "`issued_before` and `until`, two days in this order"
    yield from _steps(raw.get("value_by_tonnes"))


def _steps(raw: Any) -> Iterator[tuple[Any, str]]:
    if raw is None:
        return
    steps = [s for s in _listed(raw) if isinstance(s, Mapping)]
    limits = [s["below"] for s in steps if "below" in s]
    if len(steps) != len(_listed(raw)) or any("value" not in s for s in steps):
        yield raw, "steps such as {below: 100, value: 15}"
    elif limits != sorted(set(limits)) or any("below" not in s for s in steps[:-1]) or "below" in steps[-1]:
        yield raw, "steps in ascending order, the last one without `below`"


def _summary(raw: Mapping[str, Any], finding: Any) -> Iterator[Finding]:
    summary = raw.get("summary") or {}
    if not isinstance(summary, Mapping):
        yield finding("summary", summary, "figures by name")
        return
    for key, (fact, op) in SUMMARY_FIGURES.items():
        if key not in summary:
            continue
        limits = {
            operand
            for field, condition in conditions(raw, finding)
            if field == "fails" and not isinstance(condition, Finding)
            for name, operator, operand in atoms(condition)
            if (name, operator) == (fact, op)
        }
        if Decimal(str(summary[key])) not in limits:
            told = ", ".join(str(x) for x in sorted(limits)) or f"a limit of {fact} in `fails`"
            yield finding(f"summary: {key}", summary[key], told)


# ── words ──────────────────────────────────────────────────────────────────────────────────────────────────


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _hs_fault(word: Any) -> str:
    fine = word in HS_WORDS or (isinstance(word, str) and re.fullmatch(r"\d{2,10}", word))
    return "" if fine else "a code prefix of 2 to 10 digits as text, `any` or `listed`"


def _entry_fault(word: Any, registers: Registers) -> str:
    fine = word in ENTRY_CLASSES or word in registers.entries
    return "" if fine else "an entry with a rule of its own (BASEL-…), one of registers.yaml, or a class of entries"


def _rule_fault(word: Any, registers: Registers) -> str:
    return "" if word in registers.rules else "the id of a rule in the book"


def _fact_fault(word: Any, registers: Registers, kind: str | None = None) -> str:
    known = registers.facts.get(str(word))
    if known is None:
        return "a fact of the registry (facts.yaml)"
    return "" if kind is None or known.get("type") == kind else f"a fact that is a {kind}"


def _kind_fault(word: Any, registers: Registers) -> str:
    kind, _, who = str(word).partition(":")
    known = registers.documents.get(kind)
    if known is None:
        return "a kind of the document registry (documents.yaml)"
    if who and not known.get("per_state"):
        return f"{kind} without a State: each State does not give its own"
    if who and who not in CONSENT_ROLES and who not in registers.states:
        return f"{kind}: with import, export, transit, here, counterpart or a State after it"
    return ""
