"""What an answer of a register does to a shipment: one paper, one fact at a time.

Both ways of asking (singly, in bulk) come here, so they cannot differ in what an answer means.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tidegate.law.records import Fact
from tidegate.screening.papers import KG_PER_TONNE, norm
from tidegate.screening.registers.protocol import (
    STALE,
    Authority,
    FactRecord,
    Load,
    PaperRecord,
    RegisterError,
)
from tidegate.screening.registers.tables import cell
from tidegate.screening.shipment import Document, Reject, _typed

ANSWERS = "register_answers"  # the column that says who answered what
STATUS = "register"  # of every alert that a register raises
UNKNOWN, NO_NUMBER, STANDING = "REGISTER-UNKNOWN-PAPER", "REGISTER-NO-NUMBER", "REGISTER-PAPER-STATUS"
DIFFERS, CONFLICT, TONNES = "REGISTER-DIFFERS", "REGISTER-CONFLICT", "REGISTER-TONNES"
OUTSIDE, OPEN = "REGISTER-NOT-COVERED", "REGISTER-COVER-UNKNOWN"
LEFT, OLD = "REGISTER-LEFT", "REGISTER-OLD"
TO_CHECK = "to check"
CONFIRMED = "confirmed"


class _Mark:
    def __init__(self, name: str):
        self._name = name

    def __repr__(self) -> str:
        return self._name


KEEP = _Mark("KEEP")  # what the shipment says of the fact stays as it is
CLEAR = _Mark("CLEAR")  # what the shipment says of the fact is taken away: it is not known


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a register about one paper (`of` "document") or one fact of a shipment, and what became of it.

    `key`: the number, or the subject's id, as the shipment writes it. `effect` of a paper: held, not held; of a fact:
    known (it was not), confirmed, replaced (what the shipment said), claim kept, to check. `alert`: the id of the alert
    it raises. `differs`: fields in which the paper shown and the register disagree, or by which the paper does not
    cover the load, or is not known to. `left_kg`: what may still be drawn on it. `as_of`: when the register knew.
    """

    of: str
    name: str
    key: str
    answer: str
    effect: str
    answered_by: str
    about: str = ""
    rule: str = ""
    alert: str = ""
    differs: tuple[str, ...] = ()
    left_kg: str = ""
    as_of: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, what is empty left out."""
        out: dict[str, Any] = {self.of: self.name}
        out["number" if self.of == "document" else self.about] = self.key
        out |= {"rule": self.rule, "answer": self.answer, "effect": self.effect, "differs": list(self.differs)}
        out |= {"left_kg": self.left_kg, "alert": self.alert, "answered_by": self.answered_by, "as_of": self.as_of}
        return {name: value for name, value in out.items() if value}


def answers_json(answers: Iterable[Answer]) -> str:
    """The answers as the column `register_answers` holds them."""
    return json.dumps([a.as_dict() for a in answers], ensure_ascii=False, separators=(",", ":"))


def alerts_of(answers: Iterable[Answer]) -> list[dict[str, str]]:
    """The alerts of a decision that answers raise, each once.

    Numbers and ids are not part of the text (the column `register_answers` has them): so shipments of which the law
    says the same still share one decision.
    """
    raised = dict.fromkeys((a.alert, _text(a)) for a in answers if a.alert)
    return [{"rule": rule, "status": STATUS, "text": text} for rule, text in raised]


def _text(a: Answer) -> str:
    match a.alert:
        case "REGISTER-UNKNOWN-PAPER":
            return f"The register holds no {a.name} of the number given: it counts as not held."
        case "REGISTER-NO-NUMBER":
            return f"{a.name} is named without a number, so the register cannot confirm it: it counts as not held."
        case "REGISTER-PAPER-STATUS":
            return f"By the register the {a.name} shown is {a.answer}: it counts as not held."
        case "REGISTER-OLD":
            return f"What the register knows of the {a.name} shown is more than a day old: still to be checked."
        case "REGISTER-NOT-COVERED":
            return f"By the register the {a.name} shown does not cover this load ({_fields(a)}): it counts as not held."
        case "REGISTER-COVER-UNKNOWN":
            return (
                f"By the register the {a.name} shown covers only some loads, and the shipment does not say whether "
                f"this is one ({_fields(a)}): still to be checked."
            )
        case "REGISTER-LEFT":
            return f"By the register less is left on the {a.name} shown than the load weighs: it counts as not held."
        case "REGISTER-TONNES":
            return f"By the register less is left ({a.name}) than the load weighs: still to be checked."
        case "REGISTER-CONFLICT":
            return f"Registers contradict each other on {a.name}: still to be checked."
    if a.of == "document":
        return f"The {a.name} shown differs from the register ({', '.join(a.differs)}): the register counts."
    kept = "what the shipment says counts" if a.effect == "claim kept" else "the register counts"
    return f"The shipment and the register differ on {a.name}: {kept}."


def _fields(a: Answer) -> str:
    return ", ".join(a.differs)


# ── papers ─────────────────────────────────────────────────────────────────────────────────────────────────


def judge(
    item: Any,
    document: Document,
    record: PaperRecord | None,
    authority: Authority | None,
    day: date,
    load: Load,
) -> tuple[Any, Answer | None]:
    """(the paper as it now stands, None when it is not held; the answer, if there is one).

    `item` is the paper as the shipment writes it, `document` the same read. Where the register says something, that
    replaces what is written on the paper; where it says nothing, the paper stays as it is. A paper that does not cover
    the load, or on which less is left than it weighs, is not held.
    """
    number = document.number or ""
    left = None if record is None else record.left(day)
    held = "" if left is None else format(left.normalize(), "f")
    as_of = "" if record is None else record.as_of

    def refused(answer: str, by: str, alert: str, differs: tuple[str, ...] = ()) -> tuple[None, Answer]:
        return None, Answer(
            "document",
            document.kind,
            number,
            answer,
            "not held",
            by,
            alert=alert,
            differs=differs,
            left_kg=held,
            as_of=as_of,
        )

    if record is None:
        if authority is None:
            return item, None
        return refused("not known", authority.answered_by, UNKNOWN if number else NO_NUMBER)
    if not record.stands(day):
        if record.status == STALE:
            return item, Answer(
                "document", document.kind, number, STALE, TO_CHECK, record.answered_by,
                alert=OLD, left_kg=held, as_of=as_of,
            )  # fmt: skip
        return refused(record.status, record.answered_by, STANDING)
    outside = () if record.scope is None else record.scope.outside(load)
    if outside:
        return refused("does not cover the load", record.answered_by, OUTSIDE, outside)
    if left is not None and left <= 0:
        return refused("used up", record.answered_by, STANDING)
    if left is not None and load.net_kg is not None and left < load.net_kg:
        return refused("too little left", record.answered_by, LEFT)
    unsaid = () if record.scope is None else record.scope.open(load)
    if left is not None and load.net_kg is None:
        unsaid = (*unsaid, "net_kg")
    found: dict[str, Any] = {}
    differs = []
    for name in ("issued", "valid_from", "valid_to", "value"):
        said, shown = getattr(record, name), getattr(document, name)
        if said is None or said == shown:
            continue
        found[name] = said.isoformat() if isinstance(said, date) else format(said, "f")
        if shown is not None:
            differs.append(name)
    if record.standard is not None and record.standard != document.standard:
        found["standard"] = record.standard
        if document.standard is not None and norm(document.standard) != norm(record.standard):
            differs.append("standard")
    if record.renewals is not None and record.renewals != document.renewals:
        found["renewals"] = [
            {"from": start.isoformat(), "days": days} if start else {"days": days} for start, days in record.renewals
        ]
        if document.renewals:
            differs.append("renewals")
    alert = OPEN if unsaid else DIFFERS if differs else ""
    answer = Answer(
        "document", document.kind, number, "valid", TO_CHECK if unsaid else "held", record.answered_by,
        alert=alert, differs=(*unsaid, *differs), left_kg=held, as_of=as_of,
    )  # fmt: skip
    return ({**item, **found} if found and isinstance(item, Mapping) else item), answer


# ── facts ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that speaks of a shipment, and the subject's id as the shipment writes it."""

    record: FactRecord
    subject: str


def in_tonnes(fact: Fact) -> bool:
    """Whether the fact says how many tonnes are left: it must cover the load to be of use."""
    return fact.type == "number" and fact.unit == "t" and fact.by == "register"


def settle(
    fact: Fact, candidates: Sequence[Candidate], claims: Sequence[Any], net_kg: Decimal | None
) -> tuple[Any, tuple[Answer, ...]]:
    """(KEEP, CLEAR or the value to put in, the answers) for one fact.

    `claims`: what the shipment itself says of the fact, wherever it says so. Of a fact that only a register can know
    the register is believed; any other fact it fills only where the shipment says nothing. A record for the one rule
    goes before a record for all. Tonnes left are put in only when they cover the load.
    """
    special = [c for c in candidates if c.record.rule]
    used = special or list(candidates)
    values = [value_of(fact, c.record) for c in used]
    known = [(c, v) for c, v in zip(used, values, strict=True) if v is not None]
    if not known:
        return KEEP, ()
    official = fact.by == "register"
    value = known[0][1]

    def told(effect: str, alert: str = "", by: Sequence[tuple[Candidate, Any]] = known[:1]) -> tuple[Answer, ...]:
        return tuple(
            Answer(
                "fact", fact.name, c.subject, _shown(v), effect, c.record.answered_by,
                about=c.record.about, rule=c.record.rule, alert=alert, as_of=c.record.as_of,
            )
            for c, v in by
        )  # fmt: skip

    if any(v != value for _, v in known):
        return CLEAR if official and claims else KEEP, told(TO_CHECK, CONFLICT, known)
    if in_tonnes(fact) and (net_kg is None or value * KG_PER_TONNE < net_kg):
        return CLEAR if claims else KEEP, told(TO_CHECK, "" if net_kg is None else TONNES)
    if not claims:
        return value, told("known")
    if all(claim == value for claim in claims):
        return value, told(CONFIRMED)
    if official:
        return value, told("replaced", DIFFERS)
    return KEEP, told("claim kept", DIFFERS)


def value_of(fact: Fact, record: FactRecord) -> Any:
    """The value of a record as the fact registry types it, None where there is none. Raises RegisterError."""
    try:
        return _typed(record.value, fact, f"facts.{fact.name}")
    except Reject as reject:
        raise RegisterError(
            f"{record.answered_by or 'a register'}: {fact.name} of {record.about} {record.subject}: "
            f"{reject.value!r}: expected {reject.expected}"
        ) from None


def _shown(value: Any) -> str:
    if isinstance(value, Decimal):
        value = value.normalize()
    return cell(value) or ""


def written(value: Any) -> Any:
    """A fact's value as a shipment writes it."""
    return format(value, "f") if isinstance(value, Decimal) else value
