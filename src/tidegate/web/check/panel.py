"""A decision arranged for a reader: the verdict, the papers, the checks left, and why, layer by layer.

Everything shown comes from the decision and the rulebook; this module only groups, orders and labels it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tidegate.law import Book
from tidegate.web import words
from tidegate.web.check.fields import Control, control, split_scope

# Strictest first: the order in which a reader wants to see layers and reasons.
SEVERITY = {"prohibited": 0, "undetermined": 1, "needs": 2, "clear": 3}
EFFECT_ORDER = {"prohibit": 0, "require": 1, "standard": 2, "allow": 3}


@dataclass(frozen=True)
class Reason:
    """One rule that was checked and bound, or one that only warns."""

    rule: str
    effect: str
    text: str
    instrument: str
    url: str
    labels: tuple[str | Promise, ...]
    since: date | None = None
    until: date | None = None
    note: str = ""


@dataclass(frozen=True)
class Layer:
    """One body of law and what it says of this shipment."""

    name: str
    label: str
    tone: str
    icon: str
    word: str
    regime: str
    reasons: tuple[Reason, ...]
    international: bool

    @property
    def open(self) -> bool:
        """Whether the page shows the reasons at once: those that stand in the way, or ask for something."""
        return self.tone in ("prohibited", "undetermined", "needs")


@dataclass(frozen=True)
class Paper:
    """One thing to have in hand: a document, a choice of several for the same end, or something to show.

    `boxes` are the form controls that say it is there: (control's name, value, label).
    """

    kinds: tuple[str, ...]
    boxes: tuple[tuple[str, str, str], ...]
    name: str
    issuer: str
    meaning: str
    why: str
    why_word: str
    rules: tuple[str, ...]
    layers: tuple[str, ...]
    held: bool = False


@dataclass(frozen=True)
class Check:
    """Something that the papers cannot show: a register or an inspection must."""

    fact: str
    question: str
    by: str
    by_word: str
    rules: tuple[str, ...]
    layers: tuple[str, ...]
    control: Control | None


@dataclass(frozen=True)
class Question:
    """What to ask next, and what the answer settles."""

    control: Control
    decides: tuple[str, ...]
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """A day on which the answer for this very shipment changes under the law known today."""

    day: date
    outcome: str
    rules: tuple[Reason, ...]
    ended: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """All that the right-hand side of the check page and its head show."""

    decision: Mapping[str, Any]
    outcome: str
    tone: words.Tone
    entry_text: str
    layers: tuple[Layer, ...]
    papers: tuple[Paper, ...]
    held: tuple[Paper, ...]
    checks: tuple[Check, ...]
    questions: tuple[Question, ...]
    left_open: tuple[Control, ...]
    alerts: tuple[Mapping[str, Any], ...]
    changes: tuple[Change, ...]
    cautions: tuple[str | Promise, ...] = field(default=())

    @property
    def forbidding(self) -> tuple[tuple[Layer, Reason], ...]:
        """What stands in the way of a prohibited shipment: each prohibiting rule with its layer."""
        return tuple(
            (layer, reason)
            for layer in self.layers
            if layer.tone == "prohibited"
            for reason in layer.reasons
            if reason.effect == "prohibit"
        )

    @property
    def explained(self) -> frozenset[str]:
        """The rules that the page gives among its reasons: a rule named elsewhere on it leads there."""
        return frozenset(reason.rule for layer in self.layers for reason in layer.reasons)


def panel(decision: Mapping[str, Any], book: Book, shipment: Mapping[str, Any], skipped: Iterable[str] = ()) -> Panel:
    """Arrange `decision` (the contract's mapping) of `shipment` for the page."""
    skipped = tuple(skipped)
    reasons = [reason_of(item, book) for item in decision.get("reasons", ())]
    questions = [_question(item, book, shipment) for item in decision.get("questions", ())]
    asked = [q for q in questions if q.control.fact not in skipped]
    open_ = [q.control for q in questions if q.control.fact in skipped]
    open_ += [
        control(name, book, shipment)
        for name in skipped
        if split_scope(name)[1] in book.facts and all(c.fact != name for c in open_)
    ]
    papers = _papers(decision.get("missing", ()), book)
    return Panel(
        decision=decision,
        outcome=decision["outcome"],
        tone=words.tone(decision["outcome"], decision.get("verify")),
        entry_text=_entry_text(decision.get("entry"), book),
        layers=tuple(_layers(decision, reasons, book)),
        papers=papers,
        held=_held(shipment, papers, book),
        checks=tuple(_check(item, book, shipment) for item in decision.get("verify", ())),
        questions=tuple(asked),
        left_open=tuple(open_),
        alerts=tuple(_alert(item, book) for item in decision.get("alerts", ())),
        changes=tuple(_change(item, book, shipment) for item in decision.get("changes", ())),
        cautions=tuple(_cautions(decision, book)),
    )


def reason_of(item: Mapping[str, Any], book: Book) -> Reason:
    """One of the decision's reasons, with what the rulebook knows of its rule."""
    rule = book.rules.get(item["rule"])
    return Reason(
        rule=item["rule"],
        effect=item.get("effect", ""),
        text=words.book_text(item.get("text") or (rule.text if rule else "")),
        instrument=item.get("instrument") or (rule.instrument if rule else ""),
        url=item.get("url") or (rule.url if rule else ""),
        labels=tuple(words.confidence_labels(item.get("confidence"), rule.dates if rule else None)),
        since=rule.valid_from if rule else None,
        until=rule.valid_to if rule else None,
        note=words.book_text(rule.note) if rule else "",
    )


def _entry_text(entry: str | None, book: Book) -> str:
    rule = book.entries.get(entry or "")
    return words.book_text(rule.text) if rule else ""


def _layer_of(rule: str, book: Book) -> str | None:
    found = book.rules.get(rule)
    return found.layer_name if found else None


def _layer_labels(rules: Iterable[str], book: Book) -> tuple[str, ...]:
    # Where a whole layer asks, the decision names the layer in the place of a rule.
    names = dict.fromkeys(
        name for rule in rules if (name := rule if rule.startswith("national:") else _layer_of(rule, book))
    )
    return tuple(words.layer_label(name, book.states) for name in names)


def _layers(decision: Mapping[str, Any], reasons: list[Reason], book: Book) -> list[Layer]:
    """The layers, strictest first, each with its reasons; a reason of no listed layer gets its own."""
    by_rule: dict[str, list[Reason]] = {}
    for reason in reasons:
        by_rule.setdefault(reason.rule, []).append(reason)
    placed: set[str] = set()
    layers = []
    checks_left = bool(decision.get("verify"))
    for item in decision.get("layers", ()):
        mine = [r for rule in item.get("rules", ()) for r in by_rule.get(rule, ()) if rule not in placed]
        mine += [r for r in reasons if r not in mine and _layer_of(r.rule, book) == item["layer"]]
        placed.update(r.rule for r in mine)
        layers.append(_layer(item, mine, book, checks_left))
    rest: dict[str, list[Reason]] = {}
    for reason in reasons:
        if reason.rule not in placed:
            rest.setdefault(_layer_of(reason.rule, book) or "", []).append(reason)
    layers += [_layer({"layer": name}, mine, book, checks_left) for name, mine in rest.items()]
    order = {layer.name: n for n, layer in enumerate(layers)}
    severity = {item["layer"]: SEVERITY.get(item.get("outcome", ""), 4) for item in decision.get("layers", ())}
    return sorted(layers, key=lambda layer: (severity.get(layer.name, 4), not layer.reasons, order[layer.name]))


def _layer(item: Mapping[str, Any], reasons: list[Reason], book: Book, checks_left: bool) -> Layer:
    name = item["layer"]
    outcome, regime = item.get("outcome"), item.get("regime")
    if outcome == "clear" and not reasons:
        look, icon, word = "quiet", "minus", _("No rule applies")
    elif outcome == "clear" and checks_left:
        # Green is for a shipment with nothing left to check, not for a part of one.
        look, icon, word = "quiet", "check", _("Clear on paper")
    else:
        tone = words.tone(outcome)
        look, icon, word = tone.key, tone.icon, str(tone.word)
    return Layer(
        name=name,
        label=words.layer_label(name, book.states) if name else _("Other rules"),
        tone=look,
        icon=icon,
        word=word,
        regime=str(words.REGIMES[regime][0]) if regime and regime in words.REGIMES else "",
        reasons=tuple(sorted(reasons, key=lambda r: EFFECT_ORDER.get(r.effect, 9))),
        international=not name.startswith("national:"),
    )


def _papers(missing: Iterable[Mapping[str, Any]], book: Book) -> tuple[Paper, ...]:
    """One line for each paper, however many rules ask for it. The decision writes a choice as ``A/B``."""
    lines: dict[tuple[str, str], list[str]] = {}
    for item in missing:
        for document in item["documents"]:
            rules = lines.setdefault((document, item.get("why", "")), [])
            if item["rule"] not in rules:
                rules.append(item["rule"])
    return tuple(_paper(tuple(document.split("/")), why, rules, book) for (document, why), rules in lines.items())


def _paper(kinds: tuple[str, ...], why: str, rules: Iterable[str], book: Book, held: bool = False) -> Paper:
    rules = tuple(rules)
    about = [document_about(kind, book) for kind in kinds]
    return Paper(
        kinds=kinds,
        boxes=tuple(
            # What a rule needs may be a fact to be shown instead of a paper to be held.
            (f"f.{kind}", "y", name) if kind in book.facts else ("doc", kind, name)
            for kind, (name, _issuer, _meaning) in zip(kinds, about, strict=True)
        ),
        name=f" {_('or')} ".join(name for name, _issuer, _meaning in about),
        issuer=about[0][1] if len({issuer for _name, issuer, _meaning in about}) == 1 else "",
        meaning=about[0][2] if len(about) == 1 else "",
        why=why,
        why_word=str(words.WHY_MISSING.get(why, why)),
        rules=rules,
        layers=_layer_labels(rules, book),
        held=held,
    )


def document_about(kind: str, book: Book) -> tuple[str, str, str]:
    """(name, issuer, meaning) of a document kind; ``CONSENT:MY`` is the consent of that State."""
    base, _colon, state = kind.partition(":")
    record = book.documents.get(kind) or book.documents.get(base)
    if record is None:
        fact = book.facts.get(kind)
        return (words.book_text(fact.label), "", words.book_text(fact.meaning)) if fact else (kind, "", "")
    name: str = words.book_text(record.name)
    if state:
        name = _("%(paper)s of %(state)s") % {"paper": name, "state": words.state_name(state, book.states)}
    return name, words.book_text(record.issuer), words.book_text(record.meaning)


def _held(shipment: Mapping[str, Any], missing: Iterable[Paper], book: Book) -> tuple[Paper, ...]:
    short = {kind for paper in missing for kind in paper.kinds}
    kinds = dict.fromkeys(
        item if isinstance(item, str) else str(item.get("kind", "")) for item in shipment.get("documents") or ()
    )
    return tuple(_paper((kind,), "", (), book, held=True) for kind in kinds if kind and kind not in short)


def _check(item: Mapping[str, Any], book: Book, shipment: Mapping[str, Any]) -> Check:
    name = item["fact"]
    known = split_scope(name)[1] in book.facts
    made = control(name, book, shipment) if known else None
    if made is not None:
        question = made.question
    else:
        # ``document:COA``: a paper whose term cannot be worked out from what was given of it.
        question = _("Is this paper valid on the day: %(paper)s?") % {
            "paper": document_about(name.removeprefix("document:"), book)[0]
        }
    rules = tuple(item.get("rules", ()))
    by = item.get("by", "")
    return Check(
        fact=name,
        question=question,
        by=by,
        by_word=str(words.KNOWN_BY.get(by, by)),
        rules=tuple(rule for rule in rules if rule in book.rules),
        layers=_layer_labels(rules, book),
        control=made,
    )


def _question(item: Mapping[str, Any], book: Book, shipment: Mapping[str, Any]) -> Question:
    return Question(
        control=control(item["fact"], book, shipment),
        decides=tuple(words.answer(value) for value in item.get("decides", ())),
        layers=_layer_labels(item.get("rules", ()), book),
    )


def _alert(item: Mapping[str, Any], book: Book) -> dict[str, Any]:
    rule = book.rules.get(item.get("rule", ""))
    return {
        **item,
        "text": words.book_text(item.get("text", "")),
        "status_word": words.ALERTS.get(item.get("status", ""), item.get("status", "")),
        "url": rule.url if rule else "",
        "instrument": rule.instrument if rule else "",
        "labels": words.confidence_labels(rule.confidence, rule.dates) if rule else [],
        "layer": words.layer_label(rule.layer_name, book.states) if rule else "",
    }


def _change(item: Mapping[str, Any], book: Book, shipment: Mapping[str, Any]) -> Change:
    """A change with its cause: papers that ran out the day before, rules that begin, else those that bind."""
    day = item["date"] if isinstance(item["date"], date) else date.fromisoformat(item["date"])
    eve = (day - timedelta(days=1)).isoformat()
    ended = [
        document_about(str(paper.get("kind", "")), book)[0]
        for paper in shipment.get("documents") or ()
        if isinstance(paper, Mapping) and str(paper.get("valid_to", "")) == eve
    ]
    bound = [rule for name in item.get("rules", ()) if (rule := book.rules.get(name))]
    begun = [rule for rule in bound if rule.valid_from == day]
    shown = begun or ([] if ended else bound[:3])
    return Change(
        day=day,
        outcome=item["outcome"],
        rules=tuple(reason_of({"rule": rule.id, "confidence": rule.confidence}, book) for rule in shown),
        ended=tuple(ended),
    )


def _bearing(decision: Mapping[str, Any]) -> Iterable[str]:
    """The rules that the verdict rests on: those that prohibit, miss a paper or ask; all when it is clear."""
    outcome = decision["outcome"]
    if outcome == "prohibited":
        return [item["rule"] for item in decision.get("reasons", ()) if item.get("effect") == "prohibit"]
    if outcome == "needs":
        return [item["rule"] for item in decision.get("missing", ())]
    if outcome == "undetermined":
        return [rule for item in decision.get("questions", ()) for rule in item.get("rules", ())]
    return [item["rule"] for item in decision.get("reasons", ())]


def _cautions(decision: Mapping[str, Any], book: Book) -> list[str | Promise]:
    """The labels of all rules that bear the verdict, each once: they stand beside it."""
    found: dict[str, str | Promise] = {}
    for name in _bearing(decision):
        rule = book.rules.get(name)
        if rule is not None:
            for label in words.confidence_labels(rule.confidence, rule.dates):
                found.setdefault(str(label), label)
    return list(found.values())
