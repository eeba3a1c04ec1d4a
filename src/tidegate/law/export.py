"""The rulebook in other forms: JSON, CSV, YAML that loads again, and a factsheet of one State for people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tidegate.law.conditions import Condition
from tidegate.law.records import NATIONAL, Book, Requirement, Rule
from tidegate.law.wording import condition_text, layer_text, requirement_text
from tidegate.law.yaml_text import dump

CSV_COLUMNS = tuple(
    (
        "id layer place role kind regime status confidence binds from to dates event hs basel suspects when fails "
        "unless exempts documents needs verify text instrument url checked penalty note"
    ).split()
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def select(book: Book, *, state: str | None = None, layer: str | None = None) -> list[Rule]:
    """The rules of a State or of a layer (`basel`, `national`, …); all when both are left out."""
    return [
        r
        for r in book.rules.values()
        if (state is None or r.state == state) and (layer is None or layer in (r.layer, r.layer_name))
    ]


# ── one rule as data ───────────────────────────────────────────────────────────────────────────────────────


def rule_as_written(rule: Rule) -> dict[str, Any]:
    """The rule as the rulebook writes it: the same fields and conditions, what is empty left out."""
    out: dict[str, Any] = {"id": rule.id}
    if rule.layer == NATIONAL:
        out |= {"role": rule.role, "kind": rule.kind}
    elif rule.regime:
        out["regime"] = rule.regime
    if rule.layer != NATIONAL and rule.kind != "regime":
        out["kind"] = rule.kind
    out |= {"status": rule.status, "confidence": rule.confidence}
    if rule.alert_only:
        out["alert_only"] = True
    out |= {"from": rule.valid_from, "to": rule.valid_to, "dates": rule.dates, "event": rule.event}
    out |= {"hs": list(rule.hs), "basel": list(rule.basel)}
    lists = {
        "suspects": list(rule.suspects),
        "when": [as_written(c) for c in _all_of(rule.when)],
        "fails": [as_written(c) for c in rule.fails],
        "unless": [as_written(c) for c in rule.unless],
        "exempts": list(rule.exempts),
        "documents": [_document(r) for r in rule.documents],
        "needs": list(rule.needs),
        "verify": list(rule.verify),
    }
    out |= {name: value for name, value in lists.items() if value}
    if rule.displaces:
        out["displaces"] = rule.displaces
    out |= {"text": rule.text, "instrument": rule.instrument, "url": rule.url, "checked": rule.checked}
    if rule.summary:
        out["summary"] = dict(rule.summary)
    out |= {name: value for name, value in (("penalty", rule.penalty), ("note", rule.note)) if value}
    return out


def as_written(condition: Condition) -> dict[str, Any]:
    """A condition in the form in which rules state it; reading it gives the same condition."""
    kind = condition[0]
    if kind in ("all", "any"):
        return {kind: [as_written(part) for part in condition[1]]}
    if kind == "not":
        return {"not": as_written(condition[1])}
    _, fact, op, operand = condition
    if op == "holds":
        kinds, before, standard = operand
        spec: dict[str, Any] = {"kind": list(kinds) if len(kinds) > 1 else kinds[0]}
        spec |= {k: v for k, v in (("issued_before", before), ("standard", standard)) if v is not None}
        return {"holds": spec if len(spec) > 1 or len(kinds) > 1 else kinds[0]}
    if op == "before":
        return {fact: operand}
    if op == "in" and len(operand) == 1:
        return {fact: operand[0]}
    return {fact: {op: list(operand) if isinstance(operand, tuple) else operand}}


def _all_of(condition: Condition | None) -> Sequence[Condition]:
    if condition is None:
        return ()
    return condition[1] if condition[0] == "all" else (condition,)


def _document(r: Requirement) -> Any:
    out: dict[str, Any] = {"any": list(r.kinds)} if len(r.kinds) > 1 else {"kind": r.kinds[0]}
    if r.term_days or r.term_years:
        out["term"] = {k: v for k, v in (("days", r.term_days), ("years", r.term_years)) if v}
    if r.renewals_max is not None or r.renewal_days is not None:
        out["renewals"] = {k: v for k, v in (("max", r.renewals_max), ("days", r.renewal_days)) if v is not None}
    if r.standards:
        out["standard"] = list(r.standards)
    if r.value_by_tonnes:
        out["value_by_tonnes"] = [
            {"value": value} if below is None else {"below": below, "value": value}
            for below, value in r.value_by_tonnes
        ]
    if r.old_before is not None:
        out["old"] = {"issued_before": r.old_before, "until": r.old_until}
    if r.longest_years is not None:
        out["longest"] = {"years": r.longest_years}
    if r.outside:
        out["outside"] = r.outside
    if r.when is not None:
        out["when"] = [as_written(c) for c in _all_of(r.when)]
    return out["kind"] if list(out) == ["kind"] else out


# ── whole books ────────────────────────────────────────────────────────────────────────────────────────────


def to_json(book: Book, rules: Iterable[Rule]) -> str:
    """Version and hash of the book, and the rules as written, each with layer, State and whether it binds."""
    records = [{"layer": r.layer, "state": r.state, "binds": r.binds, **rule_as_written(r)} for r in rules]
    whole = {"version": book.version, "hash": book.hash, "rules": records}
    return json.dumps(whole, ensure_ascii=False, indent=1, default=_json) + "\n"


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def to_csv(book: Book, rules: Iterable[Rule]) -> str:
    """One line for each rule, lists joined by `; `, conditions in words; RFC 4180, header first."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for rule in rules:
        values = _row(book, rule)
        writer.writerow([_cell(values[c]) for c in CSV_COLUMNS])
    return out.getvalue()


def _row(book: Book, rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "layer": rule.layer_name,
        "place": layer_text(book, rule),
        "role": rule.role,
        "kind": rule.kind,
        "regime": rule.regime,
        "status": rule.status,
        "confidence": rule.confidence,
        "binds": "yes" if rule.binds else "no",
        "from": rule.valid_from,
        "to": rule.valid_to,
        "dates": rule.dates,
        "event": rule.event,
        "hs": rule.hs,
        "basel": rule.basel,
        "suspects": rule.suspects,
        "when": condition_text(rule.when),
        "fails": [condition_text(c) for c in rule.fails],
        "unless": [condition_text(c) for c in rule.unless],
        "exempts": rule.exempts,
        "documents": [requirement_text(r) for r in rule.documents],
        "needs": rule.needs,
        "verify": rule.verify,
        "text": rule.text,
        "instrument": rule.instrument,
        "url": rule.url,
        "checked": rule.checked,
        "penalty": rule.penalty,
        "note": rule.note,
    }


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = "; ".join(str(v) for v in value) if isinstance(value, (list, tuple)) else str(value)
    # a spreadsheet would run a cell that begins so
    return "'" + text if text.startswith(FORMULA) else text


def to_yaml(book: Book, rules: Iterable[Rule]) -> str:
    """The rules as rulebook files, one YAML document for each State or layer, each ready to load."""
    return "---\n".join(
        f"# {title}, rulebook {book.label}\n{dump(content)}" for title, content in rule_files(book, rules)
    )


def rule_files(book: Book, rules: Iterable[Rule]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(title, content of the file) for each State or layer among the rules."""
    files: dict[tuple[str, str | None], list[Rule]] = {}
    for rule in rules:
        files.setdefault((rule.layer, rule.state), []).append(rule)
    for (layer, state), members in files.items():
        head = {"state": state} if state else {"layer": layer}
        title = layer_text(book, members[0]).partition(",")[0]
        yield title, {**head, "rules": [rule_as_written(r) for r in members]}
