"""The decision of the contract, and what comes out in its place."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Outcome = Literal["prohibited", "undetermined", "needs", "clear"]
Regime = Literal["no_basel_control", "pic_required", "prohibited"]
Confidence = Literal["low", "medium", "high"]
RuleId = Annotated[str, Field(examples=["MY-IMP-COA-2025"])]

DECIDED: dict[str, Any] = {
    "id": "2026-000417-1",
    "outcome": "needs",
    "entry": "B3011",
    "entry_candidates": ["B3011"],
    "eu_entry": None,
    "regime": "no_basel_control",
    "layers": [
        {"layer": "basel", "regime": "no_basel_control", "outcome": "clear", "rules": ["BASEL-B3011"]},
        {
            "layer": "national:MY:import",
            "outcome": "needs",
            "rules": ["MY-IMP-COA-2025", "MY-IMP-AUDIT-2025"],
        },
    ],
    "reasons": [
        {
            "rule": "MY-IMP-AUDIT-2025",
            "layer": "national:MY:import",
            "effect": "require",
            "text": "The factory of the importer is audited every year.",
            "instrument": "Customs (Prohibition of Imports) (Amendment) Order 2025",
            "url": "https://www.example.org/gazette/2025",
            "confidence": "high",
            "dates": "seen",
        }
    ],
    "missing": [{"rule": "MY-IMP-AUDIT-2025", "documents": ["FACTORY_AUDIT"], "why": "not held"}],
    "questions": [],
    "verify": [{"fact": "food_residue", "rules": ["MY-IMP-PURITY-2025"], "by": "inspection"}],
    "alerts": [],
    "changes": [],
    "confidence": "high",
    "rulebook": "2026.11.21+0123456789ab",
}


class LayerResult(BaseModel):
    """What one body of law says. `regime` stands on international layers only."""

    layer: str = Field(examples=["basel", "national:MY:import"])
    regime: Literal["no_basel_control", "pic_required", "prohibited", "displaced_art11"] | None = None
    outcome: Outcome
    rules: list[RuleId]


class Reason(BaseModel):
    """A rule that was checked and bound, also one that is satisfied."""

    rule: RuleId
    layer: str
    effect: Literal["prohibit", "require", "standard", "allow"]
    text: str
    instrument: str
    url: str
    confidence: Confidence
    dates: Literal["seen", "inferred", "not_seen"]


class Missing(BaseModel):
    """Papers that a rule asks for and that are not there as it wants them."""

    rule: RuleId
    documents: list[str]
    why: Literal["not held", "expired", "wrong standard", "too small"]


class Question(BaseModel):
    """A fact that decides, and the answers it decides between; the most decisive question stands first."""

    fact: str
    rules: list[RuleId]
    decides: list[str | None]


class Verify(BaseModel):
    """What only an inspection or a register can show. Never show a clear outcome as plain green while any is left."""

    fact: str
    rules: list[RuleId]
    by: Literal["inspection", "register"]


class Alert(BaseModel):
    """A rule that may not bind but that an officer should know of."""

    rule: str
    status: str
    text: str


class Change(BaseModel):
    """A day on which this shipment's outcome changes under the law known today."""

    on: date = Field(alias="date")
    outcome: Outcome
    rules: list[RuleId]


class Decision(BaseModel):
    """What the law says of one shipment, layer by layer, the strictest on top."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [DECIDED]})

    id: str
    outcome: Outcome = Field(description="The strictest over all layers evaluated.")
    entry: str | None = Field(description="The Basel entry of the actual content on the day; null while undecided.")
    entry_candidates: list[str | None]
    eu_entry: str | None = Field(description="The entry that Union law uses in its place.")
    regime: Regime | None = Field(description="The strictest of international and regional law, without national law.")
    layers: list[LayerResult]
    reasons: list[Reason]
    missing: list[Missing]
    questions: list[Question]
    verify: list[Verify]
    alerts: list[Alert]
    changes: list[Change] = Field(description="Empty unless asked for with `?changes=true`.")
    confidence: Confidence = Field(description="The lowest among the binding rules.")
    rulebook: str = Field(description="Version and short hash of the rulebook that decided.")


class BatchDecision(Decision):
    """A decision at its place in a batch."""

    row: int = Field(ge=1, description="1 for the first row.")


class RejectError(BaseModel):
    """Why a row was not read."""

    field: str
    value: Any = None
    expected: str
    message: str


class BatchReject(BaseModel):
    """A row that could not be read, at its place in the batch."""

    model_config = ConfigDict(extra="forbid")

    id: str | None
    row: int = Field(ge=1)
    error: RejectError


class ParameterError(BaseModel):
    """A part of the address that could not be read."""

    field: str
    value: str | None = None
    expected: str


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/api/v1/docs/#problem-rejected",
                    "title": "The shipment cannot be read",
                    "status": 422,
                    "detail": "import: ZZ: expected a State as ISO 3166-1 alpha-2, such as MY",
                    "instance": "/api/v1/screen",
                    "request_id": "b6f7c3c0d1a24e55",
                    "field": "import",
                    "value": "ZZ",
                    "expected": "a State as ISO 3166-1 alpha-2, such as MY",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str | None
    field: str | None = None
    value: Any = None
    expected: str | None = None
    errors: list[ParameterError] | None = None
