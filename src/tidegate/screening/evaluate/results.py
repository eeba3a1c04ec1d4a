"""What a layer says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tidegate.law.records import FAILING_KINDS, PAPER_KINDS, REGIMES

if TYPE_CHECKING:
    from tidegate.screening.evaluate.compiled import Compiled

OUTCOMES = ("clear", "needs", "undetermined", "prohibited")
# what a summary counts by, strictest first: a clear answer with checks left is never counted as plain clear
CLASSES = ("prohibited", "undetermined", "needs", "clear_to_verify", "clear")
SEVERITY = {name: n for n, name in enumerate(OUTCOMES)}
REGIME_RANK = {name: n for n, name in enumerate(REGIMES)}
DISPLACED = "displaced_art11"
EFFECT = {"prohibition": "prohibit", "exemption": "allow"} | dict.fromkeys(FAILING_KINDS, "standard")
EFFECT |= dict.fromkeys(PAPER_KINDS, "require")
REGIME_EFFECT = {"prohibited": "prohibit", "pic_required": "require", "no_basel_control": "allow", None: "allow"}


@dataclass(slots=True)
class Question:
    """A fact that decides: the rules that turn on it and the answers it decides between."""

    rules: dict[str, None] = field(default_factory=dict)
    decides: dict[str | None, None] = field(default_factory=dict)
    weight: float = 0.0


@dataclass(slots=True)
class LayerResult:
    """What one layer says, independent of the shipment's id and of every other layer."""

    name: str
    outcome: str
    regime: str | None = None
    international: bool = False
    rules: list[str] = field(default_factory=list)
    reasons: list[tuple[str, str]] = field(default_factory=list)
    missing: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)
    verify: dict[str, dict[str, None]] = field(default_factory=dict)
    alerts: list[tuple[str, str]] = field(default_factory=list)
    questions: dict[str, Question] = field(default_factory=dict)
    entry_rules: tuple[str, ...] = ()
    binding: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Seen:
    """One layer in one world."""

    outcomes: set[str]
    bound: list[tuple[Compiled, str]]
    missing: list[tuple[str, tuple[str, ...], str]]
    verify: dict[str, dict[str, None]]
    alerts: list[str]
    questions: dict[str, Question]
    prohibiting: list[str]
    regimes: dict[str, set[str]] = field(default_factory=dict)
    overall: set[str] = field(default_factory=set)
