"""Records of the rulebook as the API's JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

from tidegate.law import Book, Rule, State
from tidegate.law.compare import DayDiff
from tidegate.law.records import Requirement
from tidegate.law.search import search
from tidegate.law.standards import FIGURES, Standard
from tidegate.law.timeline import Change
from tidegate.law.wording import condition_text
from tidegate.web.api.answers import number


def iso(day: date | None) -> str | None:
    """A day as ISO text."""
    return day.isoformat() if day else None


def rule(found: Rule, book: Book) -> dict[str, Any]:
    """One rule, whole."""
    return {
        "id": found.id,
        "layer": found.layer_name,
        "state": found.state,
        "role": found.role,
        "kind": found.kind,
        "status": found.status,
        "confidence": found.confidence,
        "binds": found.binds,
        "unchecked": found.unchecked,
        "valid_from": iso(found.valid_from),
        "valid_to": iso(found.valid_to),
        "dates": found.dates,
        "event": found.event,
        "hs": list(found.hs),
        "basel": list(found.basel),
        "when": condition_text(found.when) or None,
        "fails": [condition_text(c) for c in found.fails],
        "unless": [condition_text(c) for c in found.unless],
        "suspects": list(found.suspects),
        "documents": [requirement(r) for r in found.documents],
        "needs": list(found.needs),
        "verify": list(found.verify),
        "exempts": list(found.exempts),
        "exempted_by": [other.id for other in book.rules.values() if found.id in other.exempts],
        "displaces": found.displaces,
        "regime": found.regime,
        "text": found.text,
        "instrument": found.instrument,
        "url": found.url,
        "checked": found.checked.isoformat(),
        "note": found.note,
        "penalty": found.penalty,
        "figures": dict(found.summary),
    }


def requirement(asked: Requirement) -> dict[str, Any]:
    """A paper that a rule asks for."""
    return {
        "kinds": list(asked.kinds),
        "when": condition_text(asked.when) or None,
        "term_days": asked.term_days,
        "term_years": asked.term_years,
        "longest_years": asked.longest_years,
        "outside": asked.outside or None,
        "renewals_max": asked.renewals_max,
        "renewal_days": asked.renewal_days,
        "standards": list(asked.standards),
        "value_by_tonnes": [{"below_t": number(b), "value": number(v)} for b, v in asked.value_by_tonnes],
    }


def searched(book: Book, query: str | None) -> list[Rule]:
    """Every rule in the order of the book, or those that match the words of `query`, the best first."""
    if not query or not query.strip():
        return list(book.rules.values())
    return [hit.rule for hit in search(book, query, limit=None)]


def change(found: Change) -> dict[str, Any]:
    """A rule that begins on a day, or that no longer holds from it on."""
    told = found.rule
    return {
        "date": found.date.isoformat(),
        "what": found.what,
        "rule": told.id,
        "layer": told.layer_name,
        "state": told.state,
        "role": told.role,
        "kind": told.kind,
        "status": told.status,
        "binds": told.binds,
        "confidence": told.confidence,
        "dates": told.dates,
        "unchecked": told.unchecked,
        "text": told.text,
        "instrument": told.instrument,
        "url": told.url,
    }


def difference(found: DayDiff, book: Book) -> dict[str, Any]:
    """The law of two days side by side."""
    return {
        "rulebook": book.label,
        "a": found.first.isoformat(),
        "b": found.second.isoformat(),
        "kept": found.kept,
        "begun": [rule(r, book) for r in found.begun],
        "ended": [rule(r, book) for r in found.ended],
        "memberships": [{"state": m.state, "group": m.group, "joins": m.joins} for m in found.memberships],
        "parameters": [{"name": p.field, "a": p.old or None, "b": p.new or None} for p in found.parameters],
    }


def standard(found: Standard) -> dict[str, Any]:
    """What one State asks of a load, column by column."""
    return {
        "state": found.state,
        "name": found.name,
        "role": found.role,
        "binding": found.binding,
        "figures": {column: number(found.figure(column)) for column in FIGURES},
        "cells": {
            column: [
                {
                    "rule": cell.rule,
                    "text": cell.text,
                    "value": number(cell.value),
                    "where": cell.where or None,
                    "unchecked": cell.unchecked,
                }
                for cell in cells
            ]
            for column, cells in found.cells.items()
        },
        "rules": list(found.rules),
    }


def state_item(state: State, book: Book) -> dict[str, Any]:
    """A State in a list."""
    return {
        "iso": state.iso,
        "iso3": state.iso3,
        "name": state.name,
        "part_of": state.part_of,
        "rules": sum(
            len(book.by_layer.get(f"national:{state.iso}:{role}", ())) for role in ("export", "transit", "import")
        ),
    }


def state_on(state: State, book: Book, day: date) -> dict[str, Any]:
    """A State on a day."""
    return {
        "rulebook": book.label,
        "on": day.isoformat(),
        "state": state_item(state, book),
        "groups": sorted(group for group in state.groups if state.member(group, day)),
        "memberships": {
            group: [
                {"from": iso(p.start), "to": iso(p.end), "confidence": p.confidence, "note": p.note} for p in periods
            ]
            for group, periods in sorted(state.groups.items())
        },
        "rules": {
            role: [rule(r, book) for r in book.by_layer.get(f"national:{state.iso}:{role}", ()) if r.in_force(day)]
            for role in ("export", "transit", "import")
        },
    }


def facts(book: Book) -> list[dict[str, Any]]:
    """The registry of facts, in its order."""
    return [
        {
            "name": f.name,
            "type": f.type,
            "unit": f.unit,
            "by": f.by,
            "group": f.group,
            "label": f.label,
            "meaning": f.meaning,
            "values": list(f.values),
        }
        for f in sorted(book.facts.values(), key=lambda fact: fact.order)
    ]


def documents(book: Book) -> list[dict[str, Any]]:
    """The registry of papers, each with the rules that ask for it."""
    asked: dict[str, list[str]] = {}
    for found in book.rules.values():
        for kind in {k.partition(":")[0] for r in found.documents for k in r.kinds}:
            asked.setdefault(kind, []).append(found.id)
    return [
        {
            "kind": d.kind,
            "name": d.name,
            "issuer": d.issuer,
            "meaning": d.meaning,
            "dated": d.dated,
            "per_state": d.per_state,
            "rules": asked.get(d.kind, []),
        }
        for d in book.documents.values()
    ]


def entries(book: Book) -> list[dict[str, Any]]:
    """The entries of the Convention, each with the rule of its control."""
    return [
        {
            "code": code,
            "rule": found.id,
            "regime": found.regime,
            "valid_from": iso(found.valid_from),
            "valid_to": iso(found.valid_to),
            "text": found.text,
            "instrument": found.instrument,
            "url": found.url,
            "national_rules": [r.id for r in book.rules.values() if r.layer == "national" and code in r.basel],
        }
        for code, found in book.entries.items()
    ]
