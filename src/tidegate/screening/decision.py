"""One shipment in, one decision of the contract out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.law.records import CONFIDENCES, Book
from tidegate.screening import messages
from tidegate.screening.classify import Classification, classify
from tidegate.screening.evaluate import LayerResult, Question, layer_days
from tidegate.screening.route import evaluate_layers, headline, next_changes, route_layers
from tidegate.screening.shipment import Shipment, unknown_facts

DECISION_FIELDS = (
    "id row outcome entry entry_candidates eu_entry regime layers reasons missing questions verify alerts changes "
    "confidence rulebook".split()
)


def decide(shipment: Shipment, book: Book, *, changes: bool = False) -> dict[str, Any]:
    """The decision on one shipment, as the contract writes it (JSON-ready).

    `changes`: also the next dates on which the outcome changes under the law known today.
    """
    return with_identity(decide_body(shipment, book, changes=changes), shipment, book)


def decide_body(shipment: Shipment, book: Book, *, changes: bool = False) -> dict[str, Any]:
    """The decision alone, without the caller's key and columns."""
    cls = classify(shipment, book)
    layers, regime = evaluate_layers(shipment, book, cls)
    decision = assemble(Route.of(shipment), book, cls, layers, regime)
    if changes:
        decision["changes"] = next_changes(shipment, book, decision["outcome"])
    return decision


def with_identity(decision: dict[str, Any], s: Shipment, book: Book) -> dict[str, Any]:
    """The decision under the caller's key, with every unknown column passed through."""
    out = {"id": s.id, **decision}
    for name, value in s.passthrough.items():
        out[f"source.{name}" if name in DECISION_FIELDS else name] = value
    extra = unknown_facts(s.raw, book)
    if extra:
        out["facts"] = extra
    return out


@dataclass(frozen=True, slots=True)
class Route:
    """What of a shipment the putting together still needs: the States, and the entry that the papers name."""

    export: str
    import_: str
    transit: tuple[str, ...] = ()
    declared_entry: str | None = None
    international: bool = True

    @classmethod
    def of(cls, s: Shipment) -> Route:
        return cls(s.export, s.import_, tuple(t.state for t in s.transit), s.declared_entry, s.evaluate is None)

    @property
    def stays(self) -> bool:
        """Whether the whole route, as far as it is told, lies in one State."""
        return self.international and self.export == self.import_ and not self.transit

    def fill(self, kind: str) -> str:
        """`CONSENT:@import` → `CONSENT:MY`."""
        head, at, place = kind.partition("@")
        if not at:
            return kind
        if place.startswith("transit"):
            return head + self.transit[int(place[7:])]
        return head + {"import": self.import_, "export": self.export}[place]


def assemble(
    route: Route, book: Book, cls: Classification, layers: Sequence[LayerResult], regime: str | None
) -> dict[str, Any]:
    """The layers put together: strictest on top, each rule, paper and question once. Without id."""
    entries = cls.entries
    international = route.international
    outcome, entry = headline(cls, layers, regime, international)
    entry_open = not cls.decided
    open_regime = international and regime is None
    hang_on = any(layer.entry_rules for layer in layers)
    entry_matters = (entry_open or open_regime or hang_on) and (international or hang_on)
    shown = [layer for layer in layers if layer.international or layer.rules or layer.name.split(":")[0] == "national"]
    reasons: list[dict[str, Any]] = []
    told: set[str] = set()
    binding: list[str] = []
    for layer in layers:
        binding += layer.binding
        for rule_id, effect in layer.reasons:
            if rule_id not in told:
                told.add(rule_id)
                reasons.append(reason(book, rule_id, effect))
    confidences = [book.rules[r].confidence for r in binding]
    return {
        "outcome": outcome,
        "entry": entry,
        "entry_candidates": list(entries) if len(entries) > 1 else [e for e in entries if e is not None],
        "eu_entry": cls.eu_entry,
        "regime": regime,
        "layers": [layer_dict(layer) for layer in shown],
        "reasons": reasons,
        "missing": lacking(route, layers),
        "questions": questions(book, cls, layers, entry_matters),
        "verify": verifications(route, book, layers),
        "alerts": alerts(route, book, cls, layers),
        "changes": [],
        "confidence": min(confidences, key=CONFIDENCES.index) if confidences else "high",
        "rulebook": book.label,
    }


def lacking(route: Route, layers: Sequence[LayerResult]) -> list[dict[str, Any]]:
    """The papers that are wanting."""
    return [
        {"rule": rule, "documents": [route.fill(kind) for kind in kinds], "why": why}
        for layer in layers
        for rule, kinds, why in layer.missing
    ]


def layer_dict(layer: LayerResult) -> dict[str, Any]:
    """One layer as the contract shows it."""
    out: dict[str, Any] = {"layer": layer.name}
    if layer.international:
        out["regime"] = layer.regime
    out["outcome"] = layer.outcome
    out["rules"] = list(layer.rules)
    return out


def reason(book: Book, rule_id: str, effect: str) -> dict[str, Any]:
    """Why: the rule, what it does here, its text, its source, and how far it was checked."""
    rule = book.rules[rule_id]
    return {
        "rule": rule.id,
        "layer": rule.layer_name,
        "effect": effect,
        "text": rule.text,
        "instrument": rule.instrument,
        "url": rule.url,
        "confidence": rule.confidence,
        "dates": rule.dates,
    }


def questions(
    book: Book, cls: Classification, layers: Sequence[LayerResult], entry_matters: bool
) -> list[dict[str, Any]]:
    """Every fact that decides, the most decisive first.

    Decisive means: how many of the open answers (the entry, each open layer) a fact settles, each open answer
    shared out over the facts that it turns on. Ties go by the order of the fact registry.
    """
    found: dict[str, Question] = {}
    if entry_matters:
        hang_on = [layer for layer in layers if layer.entry_rules]
        for fact, decides in cls.asks.items():
            question = found.setdefault(fact, Question())
            question.rules.update(
                dict.fromkeys(f"BASEL-{e}" for e in decides if e is not None and f"BASEL-{e}" in book.rules)
            )
            question.decides.update(dict.fromkeys(decides))
            question.weight += (1 + len(hang_on)) * len(decides) / max(2, len(cls.entries)) / len(cls.asks)
            for layer in hang_on:
                question.rules.update(dict.fromkeys(r for r in layer.entry_rules if r in book.rules))
    for layer in layers:
        for fact, asked in layer.questions.items():
            question = found.setdefault(fact, Question())
            question.rules.update(asked.rules)
            question.decides.update(asked.decides)
            question.weight += asked.weight
    last = len(book.facts)
    ordered = sorted(
        found.items(),
        key=lambda kv: (-round(kv[1].weight, 9), book.facts[kv[0]].order if kv[0] in book.facts else last),
    )
    return [{"fact": fact, "rules": list(q.rules), "decides": list(q.decides)} for fact, q in ordered]


def verifications(route: Route, book: Book, layers: Iterable[LayerResult]) -> list[dict[str, Any]]:
    """What only inspection or a register can show."""
    found: dict[str, dict[str, None]] = {}
    for layer in layers:
        for fact, rules in layer.verify.items():
            found.setdefault(route.fill(fact), {}).update(rules)
    return [{"fact": fact, "rules": list(rules), "by": known_by(book, fact)} for fact, rules in found.items()]


def known_by(book: Book, fact: str) -> str:
    """`inspection` or `register`: who can answer a `verify` item."""
    record = book.facts.get(fact)
    return record.by if record is not None and record.by in ("inspection", "register") else "register"


def alerts(route: Route, book: Book, cls: Classification, layers: Iterable[LayerResult]) -> list[dict[str, Any]]:
    """Rules that may not bind but that an officer should know of, and papers that contradict the content or name a
    route that crosses no border."""
    out = []
    for rule_id, state in dict.fromkeys(a for layer in layers for a in layer.alerts):
        if state == "failed" or rule_id not in book.rules:
            out.append({"rule": rule_id, "status": "failed", "text": messages.NOT_EVALUATED})
            continue
        rule = book.rules[rule_id]
        status = rule.status if rule.status != "gazetted" else f"confidence {rule.confidence}"
        if rule.status == "gazetted" and rule.alert_only:
            status = "gazetted, not to be used alone"
        out.append({"rule": rule_id, "status": status, "text": rule.text})
    if contradicts(route.declared_entry, cls):
        names = ", ".join(e or messages.NO_ENTRY for e in cls.entries)
        out.append(
            {
                "rule": "DECLARED-ENTRY",
                "status": "evidence",
                "text": messages.say(messages.OTHER_ENTRY, declared=route.declared_entry, entries=names),
            }
        )
    if route.stays:
        out.append({"rule": "NO-BORDER", "status": "evidence", "text": messages.NO_BORDER})
    return out


def contradicts(declared: str | None, cls: Classification) -> bool:
    """Whether the entry on the papers is none of those that the content may fall under."""
    return bool(declared) and declared not in cls.entries and declared != cls.eu_entry


def mapping_layers(decision: Mapping[str, Any]) -> dict[str, str]:
    """Layer name → outcome, for summaries."""
    return {layer["layer"]: layer["outcome"] for layer in decision["layers"]}


__all__ = [
    "DECISION_FIELDS",
    "assemble",
    "decide",
    "evaluate_layers",
    "headline",
    "layer_days",
    "mapping_layers",
    "route_layers",
]
