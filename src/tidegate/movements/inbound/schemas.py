"""The JSON Schemas of the messages about notifications and decisions."""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string", "maxLength": 20000}
MOMENT = {"type": "string", "maxLength": 40}
DAY = {"type": ["string", "null"], "maxLength": 10}
STATE = {"type": "string", "pattern": "^[A-Z]{2}$"}
PAPER = {
    "type": ["object", "null"],
    "required": ["number", "status", "revision"],
    "properties": {
        "number": {"type": "string", "minLength": 1, "maxLength": 64},
        "status": {"type": "string"},
        "revision": {"type": "integer", "minimum": 0},
        "valid_from": DAY,
        "valid_until": DAY,
        "signed_on": DAY,
        "takes_back": {"type": "boolean"},
        "issuer": {"type": "string", "maxLength": 200},
        "amount": {"type": ["string", "null"], "pattern": r"^\d{1,16}\.\d{2}$"},
        "currency": {"type": "string", "maxLength": 3},
    },
}
NEED = {
    "type": "object",
    "required": ["state", "role", "required", "rules"],
    "properties": {
        "state": STATE,
        "role": {"enum": ["export", "transit", "import"]},
        "required": {"type": "boolean"},
        "rules": {"type": "array", "items": {"type": "string"}},
        "tacit_by": {"type": "string", "maxLength": 64},
    },
}
FIELD_NAMES = {"type": "array", "items": {"type": "string", "maxLength": 32}, "maxItems": 20}
CONTENT = {
    "type": "object",
    "required": ["number", "version", "material_version", "content", "needs", "submitted_at", "transmitted_at"],
    "properties": {
        "number": {"type": "string", "minLength": 1, "maxLength": 32},
        "version": {"type": "integer", "minimum": 1},
        "material_version": {"type": "integer", "minimum": 1},
        "content": {"type": "object"},
        "reason": TEXT,
        "needs": {"type": "array", "items": NEED, "minItems": 1, "maxItems": 60},
        "screen": {"type": "object"},
        "law_version": {"type": "string", "maxLength": 64},
        "override_reason": TEXT,
        "supersedes": {"type": "string", "maxLength": 64},
        # The sender, where it keyed in the paper of a State that takes part in no exchange; else empty.
        "keyed_by": {"type": "string", "pattern": "^([A-Z]{2})?$"},
        "confidential": FIELD_NAMES,
        "submitted_at": MOMENT,
        "transmitted_at": MOMENT,
        "versions": {"type": "array"},
        "contract": PAPER,
        "guarantee": PAPER,
    },
}
FIELDS_MARKED = {
    "type": "object",
    "required": ["fields", "at"],
    "properties": {"fields": FIELD_NAMES, "at": MOMENT},
}
FIELD_RELEASED = {
    "type": "object",
    "required": ["reference", "field", "registration", "name", "reason", "until", "at"],
    "properties": {
        "reference": {"type": "string", "minLength": 1, "maxLength": 36},
        "field": {"type": "string", "maxLength": 32},
        "registration": {"type": "string", "minLength": 1, "maxLength": 300},
        "name": {"type": "string", "maxLength": 300},
        "reason": TEXT,
        "until": {"type": "string", "maxLength": 10},
        "at": MOMENT,
    },
}
FIELD_REVOKED = {
    "type": "object",
    "required": ["reference", "reason", "at"],
    "properties": {"reference": {"type": "string", "minLength": 1, "maxLength": 36}, "reason": TEXT, "at": MOMENT},
}
AT = {"type": "object", "required": ["at"], "properties": {"at": MOMENT, "reason": TEXT}}
ACKNOWLEDGED = {
    "type": "object",
    "required": ["authority", "at", "version"],
    "properties": {
        "authority": STATE,
        "at": MOMENT,
        "version": {"type": "integer", "minimum": 1},
        "received_on": DAY,
    },
}
ASKED = {
    "type": "object",
    "required": ["reference", "authority", "question", "at"],
    "properties": {
        "reference": {"type": "string", "minLength": 1, "maxLength": 64},
        "authority": STATE,
        "question": TEXT,
        "at": MOMENT,
    },
}
ANSWERED = {
    "type": "object",
    "required": ["reference", "answer", "at"],
    "properties": {"reference": {"type": "string", "maxLength": 64}, "answer": TEXT, "at": MOMENT},
}
PROPOSED = {
    "type": "object",
    "required": ["number", "changes", "reason", "at"],
    "properties": {"number": {"type": "integer", "minimum": 1}, "changes": {"type": "object"}, "reason": TEXT},
}
AMENDED = {
    "type": "object",
    "required": ["number", "approved", "at"],
    "properties": {"number": {"type": "integer", "minimum": 1}, "approved": {"type": "boolean"}, "reason": TEXT},
}
