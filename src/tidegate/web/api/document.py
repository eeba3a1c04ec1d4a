"""The OpenAPI 3.1 document: made from the operations, with the words of the rulebook in force.

States, editions of the Harmonized System and facts are vocabularies of the rulebook; an overlay that adds a fact
adds it here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic.json_schema import models_json_schema

from tidegate import __version__
from tidegate.law import Book, Fact
from tidegate.parties.rulebook import book as current_book
from tidegate.web.api import conf
from tidegate.web.api.app import api
from tidegate.web.api.problems import KINDS, MEDIA_TYPE
from tidegate.web.api.schemas.decision import DECIDED, BatchDecision, BatchReject
from tidegate.web.api.schemas.shipment import CLEAN_PE, THROUGH_VIET_NAM, Shipment
from tidegate.web.api.schemas.whatif import WhatIfAsked

REF = "#/components/schemas/{model}"
# The vocabulary that a part of an address is of.
PATH_WORDS = {"rule_id": "RuleId", "iso": "StateCode"}
LAYER_KEY = "^[A-Z]{2}:(import|export|transit)$"
# What a header of every answer means.
HEADERS: dict[str, Any] = {
    "X-Request-ID": {"description": "The id of this request, also in the log.", "schema": {"type": "string"}},
    "RateLimit": {
        "description": "Units left (`r`) and seconds until all are back (`t`).",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {"description": "Units that may be spent at once (`q`).", "schema": {"type": "string"}},
}
RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
COUNTS = {
    "Tidegate-Decided": {"description": "Rows decided.", "schema": {"type": "integer"}},
    "Tidegate-Rejected": {"description": "Rows that could not be read.", "schema": {"type": "integer"}},
}
ETAG = {"ETag": {"description": "Send it back as `If-None-Match`.", "schema": {"type": "string"}}}


# How a caller says who it is. `actor_required` makes an authentication for each right; here each way stands once.
SECURITY: dict[str, Any] = {
    "AccessKeyAuth": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access key of an organisation, made by its manager at `/keys/`.",
    },
    "SessionAuth": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "The session of a person who is signed in; what changes something also sends `X-CSRFToken`.",
    },
}
WAITING: dict[str, Any] = {
    "application/json": {
        "schema": {
            "type": "object",
            "required": ["status", "approval", "command", "subject"],
            "properties": {name: {"type": "string"} for name in ("status", "approval", "command", "subject")},
        }
    }
}
# What any operation that asks who calls may answer instead.
REFUSALS = {
    "get": (401, 403, 404, 422, 429, 500),
    "post": (400, 401, 403, 404, 409, 413, 415, 422, 429, 500),
}


def openapi() -> dict[str, Any]:
    """The document for the rulebook in force; not to be changed by the caller."""
    book = current_book()
    return _made(book.hash, (conf.max_bytes(), conf.batch_max_bytes(), conf.batch_max_rows()))


@lru_cache(maxsize=4)
def _made(digest: str, limits: tuple[int, int, int]) -> dict[str, Any]:
    book = current_book()
    document: dict[str, Any] = api.get_openapi_schema(path_prefix="/api/v1")
    document = _plain(document)
    schemas = document["components"]["schemas"]
    _, found = models_json_schema(
        [
            (Shipment, "validation"),
            (WhatIfAsked, "validation"),
            (BatchDecision, "serialization"),
            (BatchReject, "serialization"),
        ],
        ref_template=REF,
    )
    schemas.update(_plain(found["$defs"]))
    schemas.update(_vocabularies(book))
    document["components"]["schemas"] = dict(sorted(_named(schemas).items()))
    schemas = document["components"]["schemas"]
    for name, examples in (("Shipment", [CLEAN_PE, THROUGH_VIET_NAM]), ("Decision", [DECIDED])):
        schemas[name]["examples"] = examples  # in the order in which people write them
    document["components"]["headers"] = {**HEADERS, **RETRY, **ETAG, **COUNTS}
    document["info"]["summary"] = "Screen plastic-waste shipments against dated law, with reasons."
    document["info"]["version"] = f"1 ({__version__})"
    document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    document["servers"] = [{"url": "/", "description": "This installation"}]
    document["tags"] = [
        {"name": "Screening", "description": "Decide shipments."},
        {"name": "Law", "description": "Read the law that decides."},
        {"name": "Service", "description": "What runs here."},
        {"name": "Parties", "description": "Who calls, the register, and what changed."},
    ]
    written = {tag["name"] for tag in document["tags"]}
    for path in document["paths"].values():
        for method, operation in path.items():
            if operation.get("security"):
                _secure(operation, method)
            # A room that is not described above names itself by its tag.
            for tag in operation["tags"]:
                if tag not in written:
                    document["tags"].append({"name": tag, "description": ""})
                    written.add(tag)
            _finish(operation, limits)
    document["components"]["securitySchemes"] = SECURITY
    document["paths"] = _named(document["paths"])
    return document


def _plain(value: Any) -> Any:
    """A deep copy in plain containers, keys as text."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _named(node: Any) -> Any:
    """The same with every marked place turned into a reference to the vocabulary that it names."""
    if isinstance(node, dict):
        if "x-vocabulary" in node:
            kept = {k: v for k, v in node.items() if k in ("description", "default", "examples")}
            return {"$ref": REF.format(model=node["x-vocabulary"]), **kept}
        # Titles that only repeat a field's name say nothing.
        schema = {"type", "anyOf", "$ref", "enum", "const"} & set(node)
        return {k: _named(v) for k, v in node.items() if not (k == "title" and isinstance(v, str) and schema)}
    if isinstance(node, list):
        return [_named(item) for item in node]
    return node


def _vocabularies(book: Book) -> dict[str, Any]:
    asked = [f for f in book.facts.values() if f.by != "derived" and f.name not in _fields()]
    return {
        "StateCode": {
            "type": "string",
            "description": "ISO 3166-1 alpha-2; AQ stands for the area south of 60° S.",
            "enum": sorted(book.states),
        },
        "HsEdition": {
            "type": "string",
            "description": "Edition of the Harmonized System.",
            "enum": [edition for edition, _ in book.editions],
        },
        "RuleId": {"type": "string", "description": "A rule of the book in force.", "enum": list(book.rules)},
        "Layer": {
            "type": "string",
            "description": "A national layer, such as TH:import.",
            "enum": [f"{s}:{r}" for s in sorted(book.states) for r in ("export", "import", "transit")],
        },
        "Facts": {
            "type": "object",
            "description": "Facts of the registry. Unknown names are kept and satisfy nothing; null means not known.",
            "properties": {f.name: _fact(f) for f in asked},
            "patternProperties": {LAYER_KEY: {"type": "object", "description": "Facts for one layer only."}},
            "additionalProperties": True,
        },
    }


def _fields() -> frozenset[str]:
    return frozenset(field.alias or name for name, field in Shipment.model_fields.items())


def _fact(fact: Fact) -> dict[str, Any]:
    kinds = {"bool": "boolean", "number": "number", "list": "array", "object": "object"}
    kind = kinds.get(fact.type, "string")
    # `processed` is false or a word.
    types = (
        [kind, "boolean", "null"]
        if "false" in (v.lower() for v in fact.values) and kind == "string"
        else [kind, "null"]
    )
    out: dict[str, Any] = {"type": types, "description": f"{fact.label} {fact.meaning}".strip()}
    if kind == "number":
        out["minimum"] = 0
        if fact.name.endswith("_pct"):
            out["maximum"] = 100
        if fact.unit:
            out["description"] += f" Unit: {fact.unit}."
    if fact.values:
        out["examples"] = list(fact.values)
    return out


def _secure(operation: dict[str, Any], method: str) -> None:
    """An operation that asks who calls: both ways to say it, and the problems that it may answer with."""
    operation["security"] = [{name: []} for name in SECURITY]
    problem = {"content": {"application/json": {"schema": {"$ref": REF.format(model="Problem")}}}}
    for status in REFUSALS.get(method, REFUSALS["post"]):
        operation["responses"].setdefault(str(status), _plain(problem))
    if method != "get":
        waiting = {"description": "Stored: a second person has to approve it.", "content": _plain(WAITING)}
        operation["responses"].setdefault("202", waiting)


def _finish(operation: dict[str, Any], limits: tuple[int, int, int]) -> None:
    """Problems as problem+json with what they mean, the headers of every answer, parameters that are never null."""
    key = operation["operationId"]
    law = ("Law" in operation["tags"] and not key.endswith("what_if")) or key == "get_rulebook"
    if law:
        operation["responses"]["304"] = {"description": "The client has this answer already."}
    for status, response in operation["responses"].items():
        code = int(status)
        if code >= 400:
            schema = response.pop("content")["application/json"]["schema"]
            response["content"] = {MEDIA_TYPE: {"schema": schema}}
            response["description"] = " · ".join(title for s, title, _ in KINDS.values() if s == code)
        more = (RETRY if code == 429 else {}) | (ETAG if law and code in (200, 304) else {})
        if code == 200 and operation["operationId"] == "screen_batch":
            more |= COUNTS
        response["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in (*HEADERS, *more)}
    for parameter in operation["parameters"]:
        schema = parameter["schema"]
        if parameter["in"] == "path" and parameter["name"] in PATH_WORDS:
            parameter["schema"] = {"$ref": REF.format(model=PATH_WORDS[parameter["name"]])}
        if "anyOf" in schema:
            parts = [part for part in schema.pop("anyOf") if part.get("type") != "null"]
            schema |= parts[0]
    if operation["operationId"] == "screen":
        operation["description"] += f" At most {limits[0] // 1024} KiB."
    if operation["operationId"] == "screen_batch":
        operation["description"] += (
            f"\n\nAt most {limits[2]} rows ({max(1, limits[2] // 10)} with `changes`) and {limits[1] // 1024} KiB."
        )
        content = operation["responses"]["200"]["content"]
        content["application/x-ndjson"] = {"schema": content["application/json"]["schema"]["items"]}
