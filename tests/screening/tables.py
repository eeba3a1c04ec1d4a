"""Raw shipments as Arrow batches: flat with types, flat as text, nested; and what the bulk path must say of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from tests.screening.aim import Raw
from tidegate.formats import flatten
from tidegate.law import Book
from tidegate.screening import Reject, decide, parse_shipment
from tidegate.screening.bulk import Session

OBJECTS = ("polymers", "facts", "events")
LISTS = ("annex_i", "annex_iii", "evaluate", "containers")


def as_text(rows: Sequence[Raw]) -> pa.RecordBatch:
    """Flat columns of text, as CSV has them."""
    return _columns([flatten(row) for row in rows], lambda values: pa.array(values, pa.string()))


def as_flat(rows: Sequence[Raw]) -> pa.RecordBatch:
    """Flat columns with the types that their values have; days are days; objects in lists are JSON."""
    flat = []
    for row in rows:
        out: Raw = {}
        for name, value in row.items():
            if name in OBJECTS and isinstance(value, Mapping):
                for member, inner in value.items():
                    if isinstance(inner, Mapping):
                        out.update({f"{name}.{member}.{k}": v for k, v in inner.items()})
                    else:
                        out[f"{name}.{member}"] = inner
            elif isinstance(value, list):
                simple = value and all(isinstance(x, str) for x in value)
                out[name] = ";".join(value) if simple else json.dumps(value)
            else:
                out[name] = value
        flat.append(out)
    return _columns(flat, _typed)


def as_nested(rows: Sequence[Raw]) -> pa.RecordBatch:
    """Nested columns, as Parquet can have them: maps, structs, lists of structs."""
    plain = [{k: v for k, v in row.items() if k not in (*OBJECTS, *LISTS, "transit", "documents")} for row in rows]
    batch = _columns(plain, _typed)
    arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
    if any(row.get("polymers") is not None for row in rows):
        shares = [None if (p := row.get("polymers")) is None else list(p.items()) for row in rows]
        arrays["polymers"] = pa.array(shares, pa.map_(pa.string(), pa.float64()))
    for name in ("facts", "events"):
        values = [row.get(name) for row in rows]
        members = list(dict.fromkeys(k for v in values if v for k in v))
        if members:
            fields = [(_typed([(v or {}).get(k) for v in values]), k) for k in members]
            mask = pa.array([v is None for v in values])
            arrays[name] = pa.StructArray.from_arrays([a for a, _ in fields], names=[k for _, k in fields], mask=mask)
    for name in LISTS:
        if any(row.get(name) is not None for row in rows):
            arrays[name] = pa.array([row.get(name) for row in rows], pa.list_(pa.string()))
    stops = [row.get("transit") for row in rows]
    if any(isinstance(s, Mapping) for stop in stops for s in stop or ()):
        arrays["transit"] = pa.array(
            [None if stop is None else [s if isinstance(s, Mapping) else {"state": s} for s in stop] for stop in stops]
        )
    elif any(stop is not None for stop in stops):
        arrays["transit"] = pa.array(stops, pa.list_(pa.string()))
    papers = [row.get("documents") for row in rows]
    if any(p is not None for p in papers):
        arrays["documents"] = pa.array(
            [None if p is None else [_paper(x) for x in p] for p in papers], documents_type()
        )
    return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))


FORMS: dict[str, Callable[[Sequence[Raw]], pa.RecordBatch]] = {"text": as_text, "flat": as_flat, "nested": as_nested}


def documents_type() -> pa.DataType:
    renewal = pa.struct([("from", pa.date32()), ("days", pa.int64())])
    return pa.list_(
        pa.struct(
            [
                ("kind", pa.string()),
                ("number", pa.string()),
                ("issued", pa.date32()),
                ("valid_from", pa.date32()),
                ("valid_to", pa.date32()),
                ("value", pa.float64()),
                ("standard", pa.string()),
                ("renewals", pa.list_(renewal)),
            ]
        )
    )


def _paper(paper: Any) -> Raw:
    if isinstance(paper, str):
        return {"kind": paper}
    out = dict(paper)
    for name in ("issued", "valid_from", "valid_to"):
        if name in out:
            out[name] = date.fromisoformat(out[name])
    if "renewals" in out:
        out["renewals"] = [
            {"from": date.fromisoformat(r["from"]) if "from" in r else None, "days": r["days"]} for r in out["renewals"]
        ]
    return out


def _columns(rows: Sequence[Mapping[str, Any]], make: Callable[[list[Any]], pa.Array]) -> pa.RecordBatch:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.RecordBatch.from_arrays([make([row.get(name) for row in rows]) for name in names], names=names)


def _typed(values: list[Any]) -> pa.Array:
    held = [v for v in values if v is not None]
    if held and all(isinstance(v, Mapping) for v in held):
        members = list(dict.fromkeys(k for v in held for k in v))
        arrays = [_typed([(v or {}).get(k) for v in values]) for k in members]
        return pa.StructArray.from_arrays(arrays, names=members, mask=pa.array([v is None for v in values]))
    if all(isinstance(v, bool) for v in held) or all(isinstance(v, str) for v in held):
        return pa.array(values)
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in held):
        return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return pa.array([None if v is None else v if isinstance(v, str) else json.dumps(v) for v in values], pa.string())


# ── what must come out ─────────────────────────────────────────────────────────────────────────────────────


def expected(rows: Sequence[Raw], book: Book) -> list[tuple[str, Any]]:
    """For each row ("decided", decision) or ("rejected", (field, expectation)), by the evaluator of one shipment."""
    out: list[tuple[str, Any]] = []
    for row in rows:
        try:
            out.append(("decided", decide(parse_shipment(row, book), book)))
        except Reject as reject:
            out.append(("rejected", (reject.field, reject.expected)))
    return out


def screened(batches: Sequence[pa.RecordBatch], book: Book, session: Session | None = None) -> list[tuple[str, Any]]:
    """The same by the bulk path, over all batches with one session."""
    session = session or Session(book)
    out: list[tuple[str, Any]] = []
    for batch in batches:
        first = len(out) + 1
        result = session.screen(batch, first_row=first)
        found: dict[int, tuple[str, Any]] = {}
        ids = result.ids.to_pylist() if isinstance(result.ids, pa.Array) else list(result.ids)
        for row, identity, set_id in zip(result.row.tolist(), ids, result.set.tolist(), strict=True):
            found[row] = ("decided", {"id": str(identity), **session.decision(set_id)})
        for row, _, error in result.rejects:
            assert row not in found, f"row {row} is both decided and rejected"
            found[row] = ("rejected", (error["field"], error["expected"]))
        assert sorted(found) == list(range(first, first + batch.num_rows)), "rows in = decisions + rejects"
        out += [found[row] for row in sorted(found)]
    return out


def differences(wanted: Sequence[tuple[str, Any]], got: Sequence[tuple[str, Any]], rows: Sequence[Raw]) -> list[str]:
    """What differs, row by row and field by field, with the shipment."""
    told = []
    for n, (want, have, row) in enumerate(zip(wanted, got, rows, strict=True)):
        if want == have:
            continue
        shown = json.dumps(row, ensure_ascii=False, default=str)
        if want[0] != have[0] or want[0] == "rejected":
            told.append(f"row {n + 1}: expected {want!r:.300}, got {have!r:.300}\n  {shown}")
            continue
        for name in {**want[1], **have[1]}:
            if want[1].get(name) != have[1].get(name):
                told.append(f"row {n + 1}: {name}: expected {want[1].get(name)}\n  got {have[1].get(name)}\n  {shown}")
    return told
