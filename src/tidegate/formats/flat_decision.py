"""A decision as a row of a table, in the columns of the contract."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tidegate.formats.cells import cell_text, to_json

#: The columns of flat decisions, in order; passed-through columns follow.
DECISION_COLUMNS = (
    "id", "row", "outcome", "entry", "entry_candidates", "eu_entry", "regime", "confidence", "rulebook",
    "rules", "missing_documents", "question_facts", "decision_json",
)  # fmt: skip
#: Keys of a decision; any other key that stands in one is passed through.
DECISION_KEYS = frozenset(
    (
        "id", "row", "outcome", "entry", "entry_candidates", "eu_entry", "regime", "layers", "reasons",
        "missing", "questions", "verify", "alerts", "changes", "confidence", "rulebook",
    )
)  # fmt: skip


def flat_decision(
    decision: Mapping[str, Any], *, row: int | None = None, extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The flat row: text in every column but `row`; None where nothing is known.

    `rules` are those of `reasons`, `missing_documents` the kinds of `missing`, `question_facts` the facts of
    `questions`; each once, in the decision's order. `decision_json` is the whole decision.
    """
    number = row if row is not None else decision.get("row")
    out: dict[str, Any] = {
        "id": _text(decision.get("id")),
        "row": None if number is None else int(number),
        "outcome": _text(decision.get("outcome")),
        "entry": _text(decision.get("entry")),
        "entry_candidates": joined(decision.get("entry_candidates") or ()),
        "eu_entry": _text(decision.get("eu_entry")),
        "regime": _text(decision.get("regime")),
        "confidence": _text(decision.get("confidence")),
        "rulebook": _text(decision.get("rulebook")),
        "rules": joined(reason.get("rule") for reason in decision.get("reasons") or ()),
        "missing_documents": joined(
            document for missing in decision.get("missing") or () for document in missing.get("documents") or ()
        ),
        "question_facts": joined(question.get("fact") for question in decision.get("questions") or ()),
        "decision_json": json_line({key: value for key, value in decision.items() if key in DECISION_KEYS}),
    }
    for name, value in beside(decision, extra).items():
        out[name] = _text(value)
    return out


def nested_decision(
    decision: Mapping[str, Any], *, row: int | None = None, extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The decision with `row` right after `id`, and the passed-through columns at the end."""
    number = row if row is not None else decision.get("row")
    out: dict[str, Any] = {"id": decision.get("id"), "row": number}
    out.update((key, value) for key, value in decision.items() if key in DECISION_KEYS and key not in out)
    out.update(beside(decision, extra))
    return out


def beside(decision: Mapping[str, Any], extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is passed through. A name that a decision uses itself becomes `source.<name>`, so that nothing
    is lost."""
    out: dict[str, Any] = {}
    for source in ({k: v for k, v in decision.items() if k not in DECISION_KEYS}, extra or {}):
        for name, value in source.items():
            out[passed_name(name)] = value
    return out


def passed_name(name: str) -> str:
    """The name under which a passed-through column is written."""
    return f"source.{name}" if name in DECISION_KEYS or name in DECISION_COLUMNS or name == "error" else name


def joined(words: Iterable[Any]) -> str | None:
    """The words joined by `;`, each once, in order; None where there is none."""
    return ";".join(dict.fromkeys(str(word) for word in words if word is not None)) or None


def json_line(value: Any) -> str:
    """Compact JSON without NaN; days and decimals as in `tabular.jsonable`."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except TypeError:
        return to_json(value)


def _text(value: Any) -> str | None:
    return None if value is None else cell_text(value)
