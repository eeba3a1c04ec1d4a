"""The OpenAPI document arranged for a reader: operations by group, types as tables, problems with their meaning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from tidegate.web.api.problems import KINDS
from tidegate.web.api.schemas.shipment import CLEAN_PE, THROUGH_VIET_NAM

# The types that a caller writes or reads; the others are explained where they stand.
SHOWN = ("Shipment", "Facts", "Document", "Decision", "Rule", "Problem")
TRIED: Mapping[str, Any] = {
    "screen": json.dumps(CLEAN_PE, indent=2, ensure_ascii=False),
    "screen_batch": json.dumps([CLEAN_PE, {**THROUGH_VIET_NAM, "import": "ZZ"}], indent=2, ensure_ascii=False),
    "start_what_if": json.dumps(
        {"shipments": [CLEAN_PE, THROUGH_VIET_NAM], "limits": {"foreign_matter_pct": 0.5}}, indent=2, ensure_ascii=False
    ),
}


@dataclass(frozen=True)
class Field:
    """One row of a table: a parameter, or a field of a type."""

    name: str
    type: str
    required: bool
    text: str


@dataclass(frozen=True)
class Operation:
    """One operation: method, address, words, parameters, answers, and a body to try it with."""

    key: str
    method: str
    path: str
    summary: str
    text: tuple[str, ...]
    parameters: tuple[Field, ...]
    answers: tuple[tuple[str, str], ...]
    example: str
    curl: str

    @property
    def trial(self) -> bool:
        """Whether the page can send it as it stands: it changes nothing, and no part of its address is open."""
        return "{" not in self.path


@dataclass(frozen=True)
class Group:
    """Operations of one tag."""

    name: str
    text: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Type:
    """A type as a table of its fields."""

    name: str
    text: str
    fields: tuple[Field, ...]
    example: str


def worded(text: str) -> SafeString:
    """Text with what stands between backticks as code."""
    parts = text.split("`")
    return mark_safe(  # noqa: S308 - every part is escaped here
        "".join(
            str(format_html("<code>{}</code>", part)) if n % 2 and n < len(parts) - 1 else conditional_escape(part)
            for n, part in enumerate(parts)
        )
    )


def groups(document: Mapping[str, Any], base: str) -> tuple[Group, ...]:
    """Operations by tag, in the order of the document. `base`: scheme and host for the examples."""
    out = []
    for tag in document["tags"]:
        mine = [
            _operation(method, path, operation, base)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if tag["name"] in operation["tags"]
        ]
        out.append(Group(tag["name"], tag["description"], tuple(mine)))
    return tuple(out)


def _operation(method: str, path: str, found: Mapping[str, Any], base: str) -> Operation:
    key = found["operationId"]
    example = TRIED.get(key, "")
    parameters = tuple(
        Field(p["name"], kind(p["schema"]), p["required"], worded(p.get("description", "")))
        for p in found.get("parameters", ())
    )
    answers = tuple((status, answer["description"]) for status, answer in sorted(found["responses"].items()))
    text = tuple(worded(part.strip()) for part in found.get("description", "").split("\n\n") if part.strip())
    return Operation(
        key, method.upper(), path, found["summary"], text, parameters, answers, example, _curl(key, base + path)
    )


def _curl(key: str, path: str) -> str:
    sample = {"rule_id": "MY-IMP-COA-2025", "iso": "MY"}
    shown = path
    for name, value in sample.items():
        shown = shown.replace("{" + name + "}", value)
    if key == "screen":
        return f"curl -s {shown} -H 'Content-Type: application/json' --data @shipment.json"
    if key == "start_what_if":
        return f"curl -s {shown} -H 'Content-Type: application/json' --data @what-if.json"
    if key == "screen_batch":
        return f"curl -s {shown} -H 'Content-Type: application/x-ndjson' --data-binary @shipments.jsonl"
    query = {
        "list_rules": "?state=MY&role=import&on=2026-11-21",
        "get_state": "?on=2026-11-21",
        "law_timeline": "?state=MY&from=2025-01-01",
        "law_diff": "?a=2025-06-30&b=2025-07-01&state=MY",
        "law_standards": "?on=2026-11-21",
    }.get(key, "")
    return f"curl -s '{shown}{query}'"


def types(document: Mapping[str, Any]) -> tuple[Type, ...]:
    """The types that a caller meets, each as a table."""
    schemas = document["components"]["schemas"]
    out = []
    for name in SHOWN:
        found = schemas[name]
        required = set(found.get("required", ()))
        fields = tuple(
            Field(field, kind(schema), field in required, worded(schema.get("description", "")))
            for field, schema in found.get("properties", {}).items()
        )
        examples = found.get("examples") or ()
        shown = json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else ""
        out.append(Type(name, worded(found.get("description", "")), fields, shown))
    return tuple(out)


def kind(schema: Mapping[str, Any]) -> str:
    """A JSON schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(k for part in schema["anyOf"] if (k := kind(part)) != "null")) or "null"
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        values = [str(v) for v in schema["enum"]]
        return " | ".join(values) if len(values) <= 8 else f"{values[0]} … {values[-1]}"
    found = schema.get("type", "any")
    if isinstance(found, list):
        return " or ".join(str(t) for t in found if t != "null")
    if found == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if found == "string" and "format" in schema:
        return str(schema["format"])
    if found == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {kind(schema['additionalProperties'])}"
    bounds = [
        f"≥ {schema['minimum']:g}" if "minimum" in schema else "",
        f"≤ {schema['maximum']:g}" if "maximum" in schema else "",
    ]
    said = ", ".join(b for b in bounds if b)
    return f"{found} ({said})" if said else str(found)


def problems() -> tuple[tuple[str, int, str, str], ...]:
    """(key, status, title, what to do) of every problem."""
    return tuple((key, status, title, worded(text)) for key, (status, title, text) in KINDS.items())
