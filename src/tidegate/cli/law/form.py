"""A proposal as a form at the terminal: one question for each field, with what stands there now."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tidegate.law import Book
from tidegate.law.export import rule_as_written
from tidegate.law.proposals import FIELD_ORDER, ProposalError, new_rule, rule_change

# what a field asks for; the others are for the few and can be given with --set
QUESTIONS: Mapping[str, str] = {
    "id": "id, such as XX-IMP-WORDS-2027",
    "role": "role: import, export or transit",
    "kind": "kind: prohibition, standard, port, quota, licence, certificate, document, inspection, pic, exemption",
    "regime": "regime: prohibited, pic_required or no_basel_control",
    "status": "status: gazetted, administrative, announced or draft",
    "confidence": "confidence: high, medium or low",
    "from": "first day, YYYY-MM-DD",
    "to": "last day, or nothing while it goes on",
    "dates": "dates: seen, inferred or not_seen",
    "event": "event that governs it: declared, departed, bill_of_lading, arrived or import_completed",
    "hs": "HS code prefixes, such as ['3915']",
    "basel": "Basel entries, such as [Y48] or [any]",
    "when": "conditions for it to apply, such as [{zone: free zone}]",
    "fails": "what makes a load fail, such as [{foreign_matter_pct: {gt: 1}}]",
    "unless": "exceptions",
    "documents": "papers, such as [COA]",
    "verify": "facts for inspection or a register",
    "text": "one plain sentence: what the rule demands",
    "instrument": "name of the act",
    "url": "address of the source",
    "checked": "day on which you compared it with the source",
    "note": "what was not seen",
}
NATIONAL_ONLY = ("role", "fails")
CLEAR = "-"

Ask = Callable[[str], str]


def fill_in(book: Book, *, by: str = "", why: str = "", ask: Ask = input) -> tuple[dict[str, Any], str, str]:
    """Asks for everything that is not given: (content of the proposal, who proposes, why)."""
    print("A proposal to change the law as the rulebook holds it. Return keeps what stands in brackets, - empties it.")
    try:
        rule = ask("Rule to change (return for a new rule): ").strip()
        if rule and rule not in book.rules:
            raise ProposalError(f"rule {rule}: not in the rulebook {book.label}")
        if rule:
            old = rule_as_written(book.rules[rule])
            content = rule_change(book, rule, _answers(old, book.rules[rule].state is not None, ask, fresh=False))
        else:
            place = ask("State (ISO code) or layer (basel, oecd, eu, waigani, art11): ").strip()
            national = place in book.states
            start = {"status": "gazetted", "confidence": "medium", "dates": "seen", "hs": ["3915"], "basel": ["any"]}
            answers = {**start, **_answers(start, national, ask, fresh=True)}
            content = new_rule(book, place, {k: v for k, v in answers.items() if v is not None})
        why = why or ask("Why (the reason, with the source): ").strip()
        by = by or ask("Proposed by (your name): ").strip()
    except EOFError:
        raise ProposalError("the form was left before its end; nothing was written") from None
    return content, by, why


def _answers(old: Mapping[str, Any], national: bool, ask: Ask, *, fresh: bool) -> dict[str, Any]:
    """The fields that were answered otherwise than they stand; None for those emptied."""
    import yaml

    out: dict[str, Any] = {}
    for name in FIELD_ORDER:
        if name not in QUESTIONS or (name == "id" and not fresh):
            continue
        if (name in NATIONAL_ONLY and not national) or (name == "regime" and national):
            continue
        now = old.get(name)
        shown = "" if now is None else f" [{_short(now)}]"
        said = ask(f"{QUESTIONS[name]}{shown}: ").strip()
        if not said:
            continue
        if said == CLEAR:
            out[name] = None
            continue
        try:
            out[name] = said if name in ("text", "instrument", "url", "note") else yaml.safe_load(said)
        except (yaml.YAMLError, ValueError) as error:
            raise ProposalError(f"{name}: {said!r} is not YAML: {error}") from error
    return out


def _short(value: Any) -> str:
    """A value as it would be typed."""
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False, default=str).removeprefix("[").removesuffix("]")
    return str(value)
