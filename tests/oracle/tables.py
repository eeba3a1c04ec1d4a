"""The rulebook's YAML, and shipments of which everything is known, as rows for the SQL oracle.

Nothing of `tidegate.law` or `tidegate.screening` is used here: the files are read as they stand, so that a fault in
loading or deciding cannot hide behind itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

import tidegate.law

RULEBOOK = Path(tidegate.law.__file__).with_name("rulebook")
SQL = Path(__file__).with_name("oracle.sql")
EVENTS = ("declared", "departed", "bill_of_lading", "arrived", "import_completed")
EVENT_OF_ROLE = {"import": "arrived", "export": "departed", "transit": "arrived"}
FLIPPED = {"in": "not_in", "not_in": "in", "gt": "le", "le": "gt", "lt": "ge", "ge": "lt"}
DAY, TEXT, NUMBER, TRUE, COUNT = pa.date32(), pa.string(), pa.decimal128(24, 9), pa.bool_(), pa.int64()
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "rule": {"rule": TEXT, "state": TEXT, "role": TEXT, "kind": TEXT, "binds": COUNT, "start_day": DAY, "end_day": DAY,
             "event": TEXT},
    "rule_prefix": {"rule": TEXT, "prefix": TEXT},
    "rule_basel": {"rule": TEXT, "word": TEXT},
    "rule_exempts": {"rule": TEXT, "exempted": TEXT},
    "prefix_word": {"prefix": TEXT},
    "entry_word": {"word": TEXT},
    "clause": {"rule": TEXT, "part": TEXT, "branch": COUNT, "atom": COUNT, "fact": TEXT, "op": TEXT, "num": NUMBER,
               "day": DAY, "text": TEXT},
    "clause_word": {"rule": TEXT, "part": TEXT, "branch": COUNT, "atom": COUNT, "word": TEXT},
    "membership": {"state": TEXT, "grp": TEXT, "start_day": DAY, "end_day": DAY},
    "entry_force": {"entry": TEXT, "start_day": DAY, "end_day": DAY},
    "waste_stream": {"material": TEXT, "plastic": COUNT, "most": NUMBER},
    "stream_entry": {"material": TEXT, "entry": TEXT, "hazardous": TRUE},
    "stream_bar": {"material": TEXT, "entry": TEXT, "class": TEXT},
    "stream_hs": {"material": TEXT, "edition": TEXT, "code": TEXT},
    "polymer_grade": {"grade": TEXT, "code": TEXT},
    "polymer_family": {"family": TEXT, "code": TEXT},
    "polymer_hs": {"code": TEXT, "hs": TEXT},
    "parameter": {"name": TEXT, "value": NUMBER, "grp": TEXT, "start_day": DAY, "end_day": DAY},
    "edition": {"edition": TEXT, "start_day": DAY, "first_one": COUNT},
    "shipment": {"id": TEXT, "departed": DAY, "arrived": DAY, "export": TEXT, "import_": TEXT, "origin": TEXT,
                 "hs": TEXT, "edition": TEXT, "operation": TEXT, "waste": TRUE, "hazardous": TRUE, "halogenated": TRUE,
                 "consumer": TEXT, "material": TEXT, "contamination": NUMBER, "net_kg": NUMBER},
    "event_day": {"id": TEXT, "event": TEXT, "day": DAY},
    "stop": {"id": TEXT, "state": TEXT},
    "share": {"id": TEXT, "code": TEXT, "pct": NUMBER},
    "fact": {"id": TEXT, "fact": TEXT, "word": TEXT, "num": NUMBER},
    "paper": {"id": TEXT, "kind": TEXT, "issued": DAY, "standard": TEXT},
}  # fmt: skip
Rows = dict[str, list[dict[str, Any]]]


def sections() -> list[tuple[str, str]]:
    """(name, SELECT) of each section of oracle.sql, in order."""
    parts = re.split(r"^-- name: (\w+)$", SQL.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [(name, body.strip().removesuffix(";")) for name, body in zip(parts[1::2], parts[2::2], strict=True)]


def as_tables(rows: Rows) -> dict[str, pa.Table]:
    """Arrow tables with the types that the SQL counts on."""
    out = {}
    for name, columns in COLUMNS.items():
        held = rows.get(name, [])
        arrays = [pa.array([row.get(c) for row in held], kind) for c, kind in columns.items()]
        out[name] = pa.Table.from_arrays(arrays, schema=pa.schema(list(columns.items())))
    return out


# ── the rulebook ───────────────────────────────────────────────────────────────────────────────────────────


def rulebook_rows() -> Rows:
    """Every table of the shipped book that the oracle reads."""
    rows: Rows = {name: [] for name in COLUMNS}
    for path in sorted(RULEBOOK.rglob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        defaults = document.get("defaults") or {}
        for raw in document.get("rules") or ():
            rule = {**defaults, **raw}
            if document.get("state"):
                _rule(rule, document["state"], rows)
            elif document.get("layer") == "basel" and rule["id"] == f"BASEL-{_list(rule.get('basel'))[0]}":
                rows["entry_force"].append(
                    {"entry": _list(rule["basel"])[0], "start_day": rule.get("from"), "end_day": rule.get("to")}
                )
        _tables(document, rows)
    if editions := rows["edition"]:
        min(editions, key=lambda e: e["start_day"])["first_one"] = 1
    words = {w["word"] for w in rows["rule_basel"]}
    words |= {w["word"] for w in rows["clause_word"] if w.pop("fact", None) == "entry"}
    rows["entry_word"] = [{"word": word} for word in sorted(words)]
    prefixes = {p["prefix"] for p in rows["rule_prefix"]} - {"any", "listed"}
    asked = {(c["rule"], c["part"], c["branch"], c["atom"]) for c in rows["clause"] if c["fact"] == "hs"}
    prefixes |= {w["word"] for w in rows["clause_word"] if (w["rule"], w["part"], w["branch"], w["atom"]) in asked}
    rows["prefix_word"] = [{"prefix": prefix} for prefix in sorted(prefixes)]
    return rows


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tables(document: Mapping[str, Any], rows: Rows) -> None:
    for state in document.get("states") or ():
        for group, periods in (state.get("groups") or {}).items():
            for period in periods:
                rows["membership"].append(
                    {"state": state["iso"], "grp": group, "start_day": period["from"], "end_day": period["to"]}
                )
    for stream in document.get("streams") or ():
        material = stream["material"]
        most = stream.get("plastics_max_pct", 100)
        rows["waste_stream"].append({"material": material, "plastic": int(bool(stream.get("plastic"))), "most": most})
        for entry in stream.get("entries") or ():
            rows["stream_entry"].append(
                {"material": material, "entry": entry["entry"], "hazardous": entry.get("hazardous")}
            )
            for barred in entry.get("not_operations") or ():
                rows["stream_bar"].append({"material": material, "entry": entry["entry"], "class": barred})
        for edition, code in (stream.get("deserves") or {}).items():
            rows["stream_hs"].append({"material": material, "edition": str(edition), "code": str(code)})
    polymers = document.get("polymers") or {}
    rows["polymer_grade"] += [{"grade": g, "code": c} for g, c in (polymers.get("grades") or {}).items()]
    rows["polymer_hs"] += [{"code": c, "hs": str(h)} for c, h in (polymers.get("hs") or {}).items()]
    for family, codes in polymers.items():
        if isinstance(codes, list):
            rows["polymer_family"] += [{"family": family, "code": code} for code in codes]
    for p in document.get("parameters") or ():
        for group in p.get("states") or [None]:
            rows["parameter"].append(
                {"name": p["name"], "value": Decimal(str(p["value"])), "grp": group, "start_day": p.get("from"),
                 "end_day": p.get("to")}
            )  # fmt: skip
    for edition in document.get("editions") or ():
        rows["edition"].append({"edition": str(edition["edition"]), "start_day": edition["from"], "first_one": 0})


def _rule(rule: Mapping[str, Any], state: str, rows: Rows) -> None:
    name = rule["id"]
    gazetted = rule.get("status", "gazetted") == "gazetted"
    binds = gazetted and rule["confidence"] != "low" and not rule.get("alert_only", False)
    rows["rule"].append(
        {"rule": name, "state": state, "role": rule["role"], "kind": rule["kind"], "binds": int(binds),
         "start_day": rule.get("from"), "end_day": rule.get("to"),
         "event": rule.get("event", EVENT_OF_ROLE[rule["role"]])}
    )  # fmt: skip
    rows["rule_prefix"] += [{"rule": name, "prefix": str(p)} for p in _list(rule.get("hs", "any"))]
    rows["rule_basel"] += [{"rule": name, "word": str(w)} for w in _list(rule.get("basel", "any"))]
    rows["rule_exempts"] += [{"rule": name, "exempted": x} for x in _list(rule.get("exempts"))]
    for part, branches in (
        ("when", _all([_branches(c) for c in _list(rule.get("when"))])),
        ("fails", [b for c in _list(rule.get("fails")) for b in _branches(c)]),
        ("unless", [b for c in _list(rule.get("unless")) for b in _branches(c)]),
    ):
        if branches == [()]:
            continue
        for number, branch in enumerate(branches):
            for place, (fact, op, words, num, day, text) in enumerate(branch):
                key = {"rule": name, "part": part, "branch": number, "atom": place}
                rows["clause"].append({**key, "fact": fact, "op": op, "num": num, "day": day, "text": text})
                rows["clause_word"] += [{**key, "word": _word(w), "fact": fact} for w in words]


# ── conditions as branches: any of them, each of which asks for all of its atoms ───────────────────────────

Atom = tuple[str, str, tuple[Any, ...], Decimal | None, date | None, str | None]
Branches = list[tuple[Atom, ...]]


def _all(parts: Iterable[Branches]) -> Branches:
    return [tuple(atom for branch in chosen for atom in branch) for chosen in product(*parts)]


def _branches(condition: Mapping[str, Any], wanted: bool = True) -> Branches:
    parts = [_one(key, value, wanted) for key, value in condition.items()]
    return _all(parts) if wanted else [branch for part in parts for branch in part]


def _one(key: str, value: Any, wanted: bool) -> Branches:
    if key in ("all", "any"):
        parts = [_branches(item, wanted) for item in value]
        return _all(parts) if (key == "all") is wanted else [branch for part in parts for branch in part]
    if key == "not":
        inner = [_branches(item, not wanted) for item in _list(value)]
        return [branch for part in inner for branch in part] if wanted else _all(inner)
    op = "in" if wanted else "not_in"
    if key == "event_before":
        return [((key, op, (), None, value, None),)]
    if key == "holds":
        spec = value if isinstance(value, Mapping) else {"kind": value}
        return [((key, op, tuple(_list(spec["kind"])), None, spec.get("issued_before"), spec.get("standard")),)]
    if isinstance(value, Mapping):
        ((given, operand),) = value.items()
        held = given if wanted else FLIPPED[given]
        if given in ("in", "not_in"):
            return [((key, held, tuple(_list(operand)), None, None, None),)]
        return [((key, held, (), Decimal(str(operand)), None, None),)]
    return [((key, op, (value,), None, None, None),)]


# ── shipments ──────────────────────────────────────────────────────────────────────────────────────────────


def shipment_rows(shipments: Sequence[Mapping[str, Any]]) -> Rows:
    """Raw shipments of which everything is known (see `complete` in the test) as rows."""
    rows: Rows = {name: [] for name in COLUMNS}
    for raw in shipments:
        identity = raw["id"]
        days = {e: date.fromisoformat((raw.get("events") or {}).get(e, raw["date"])) for e in EVENTS}
        rows["event_day"] += [{"id": identity, "event": e, "day": d} for e, d in days.items()]
        rows["shipment"].append(
            {
                "id": identity,
                "departed": days["departed"],
                "arrived": days["arrived"],
                "export": raw["export"],
                "import_": raw["import"],
                "origin": raw.get("origin") or raw["export"],
                "edition": raw.get("hs_edition"),
                "contamination": _number(raw["contamination_pct"]),
                "net_kg": _number(raw.get("net_kg")),
                **{
                    k: raw.get(k)
                    for k in ("hs", "operation", "waste", "hazardous", "halogenated", "consumer", "material")
                },
            }
        )
        rows["stop"] += [{"id": identity, "state": state} for state in dict.fromkeys(raw.get("transit") or ())]
        rows["share"] += [
            {"id": identity, "code": c, "pct": _number(p)} for c, p in (raw.get("polymers") or {}).items()
        ]
        for name, value in (raw.get("facts") or {}).items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            rows["fact"].append(
                {"id": identity, "fact": name, "word": None if number else _word(value),
                 "num": _number(value) if number else None}
            )  # fmt: skip
        for paper in raw.get("documents") or ():
            issued = paper.get("issued")
            rows["paper"].append(
                {"id": identity, "kind": paper["kind"], "issued": date.fromisoformat(issued) if issued else None,
                 "standard": paper.get("standard")}
            )  # fmt: skip
    return rows


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
