"""Registers asked by pages and by the API: who may ask, one shipment or a list of them, and the answers in words.

Whoever keeps the registers has named itself in `parties.registry`; without one nobody is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from tidegate.law import Book
from tidegate.parties import figures
from tidegate.parties.actors import Actor
from tidegate.parties.registry import RegisterOfState, registry
from tidegate.screening import Shipment, decide, parse_shipment
from tidegate.screening.registers import (
    Answer,
    Authority,
    Enricher,
    FactKey,
    FactRecord,
    FactShape,
    MemoryRegister,
    PaperKey,
    PaperRecord,
    Register,
    alerts_of,
)
from tidegate.web import words
from tidegate.web.check.panel import document_about

KEYS = 2_000  # keys that a list of shipments asks for at once
ASKED = "REGISTERS-ASKED"  # the line on a printed decision that says so


def of_actor(actor: Actor | None, book: Book) -> RegisterOfState | None:
    """The register that answers an actor; None where it may not ask, or no app keeps registers here."""
    return registry.registers(actor, book) if registry.registers is not None and actor else None


def of_page(request: HttpRequest, book: Book) -> RegisterOfState | None:
    """The register that answers who is signed in and looks at a page; None for everybody else."""
    if not request.user.is_authenticated:
        return None
    actor = getattr(request, "actor", None)
    return of_actor(getattr(actor, "_wrapped", actor), book) if actor else None


def decided(
    shipment: Shipment, register: Register | None, book: Book, *, changes: bool = False
) -> tuple[dict[str, Any], Shipment, tuple[Answer, ...]]:
    """(the decision, the shipment as it was decided, what the register answered)."""
    if register is None:
        return decide(shipment, book, changes=changes), shipment, ()
    raw, answers = Enricher(register, book).one(shipment.raw)
    if answers:
        shipment = parse_shipment(raw, book)
    decision = decide(shipment, book, changes=changes)
    decision["alerts"] = [*decision["alerts"], *alerts_of(answers)]
    return decision, shipment, answers


# ── a list of shipments ────────────────────────────────────────────────────────────────────────────────────


def gathered(register: Register, shipments: Iterable[Any], book: Book) -> MemoryRegister:
    """What the register knows of all that these shipments name, asked at once and not once for each of them."""
    listening = _Listening(register.authorities, tuple(register.shapes))
    enricher = Enricher(listening, book)
    for shipment in shipments:
        if isinstance(shipment, Mapping):
            enricher.one(shipment)
    papers, facts = list(listening.asked_papers), list(listening.asked_facts)
    known = [register.papers(papers[n : n + KEYS]) for n in range(0, len(papers), KEYS)]
    told = [register.facts(facts[n : n + KEYS]) for n in range(0, len(facts), KEYS)]
    held = MemoryRegister(
        (record for part in known for record in part.values() if record is not None),
        (record for part in told for records in part.values() for record in records),
        register.authorities, register.label,
    )  # fmt: skip
    held.shapes = register.shapes  # in the same order: answers follow it
    return held


class _Listening(MemoryRegister):
    """A register that knows nothing and remembers what it was asked."""

    def __init__(self, authorities: Mapping[str, Sequence[Authority]], shapes: Sequence[FactShape]):
        super().__init__(authorities=authorities)
        self.shapes = shapes
        self.asked_papers: dict[PaperKey, None] = {}
        self.asked_facts: dict[FactKey, None] = {}

    def papers(self, keys: Sequence[PaperKey]) -> Mapping[PaperKey, PaperRecord | None]:
        self.asked_papers.update(dict.fromkeys(keys))
        return {}

    def facts(self, keys: Sequence[FactKey]) -> Mapping[FactKey, Sequence[FactRecord]]:
        self.asked_facts.update(dict.fromkeys(keys))
        return {}


# ── answers in words ───────────────────────────────────────────────────────────────────────────────────────

ANSWERS: Mapping[str, str | Promise] = {
    "valid": pgettext_lazy("answer of a register", "valid"),
    "suspended": pgettext_lazy("answer of a register", "suspended"),
    "revoked": pgettext_lazy("answer of a register", "revoked"),
    "used up": pgettext_lazy("answer of a register", "used up"),
    "surrendered": pgettext_lazy("answer of a register", "given back"),
    "replaced": pgettext_lazy("answer of a register", "replaced"),
    "withdrawn": pgettext_lazy("answer of a register", "withdrawn"),
    "closed": pgettext_lazy("answer of a register", "closed"),
    "blocked": pgettext_lazy("answer of a register", "nothing may be drawn on it now"),
    "objected to": pgettext_lazy("answer of a register", "objected to"),
    "not given": pgettext_lazy("answer of a register", "not given"),
    "not known": pgettext_lazy("answer of a register", "not known: the last word is more than a day old"),
    "does not cover the load": pgettext_lazy("answer of a register", "does not cover this load"),
    "too little left": pgettext_lazy("answer of a register", "less is left than the load weighs"),
    "true": pgettext_lazy("answer of a register", "yes"),
    "false": pgettext_lazy("answer of a register", "no"),
}


@dataclass(frozen=True)
class Told:
    """One answer for a page: what was asked, the number or id, what was said, how much is left, who said it and when.

    `tone` is that of a verdict; `fields` those of the shipment that the answer turns on.
    """

    what: str
    key: str
    said: str
    tone: str
    icon: str
    left: str
    fields: tuple[str, ...]
    source: str
    as_of: datetime | None
    asked_by_number: bool = False


def told(answers: Iterable[Answer | Mapping[str, Any]], book: Book) -> list[Told]:
    """The answers, in the order in which they were given; those of a stored result as their JSON has them."""
    return [_told(one.as_dict() if isinstance(one, Answer) else one, book) for one in answers]


def _told(answer: Mapping[str, Any], book: Book) -> Told:
    paper, fact = answer.get("document"), book.facts.get(str(answer.get("fact", "")))
    said, effect = str(answer.get("answer", "")), answer.get("effect")
    spoken = str(ANSWERS.get(said, said))
    if fact is not None and fact.type == "number" and said not in ANSWERS:
        spoken = f"{figures.number(said)} {words.book_text(fact.unit)}".strip()
    bad = effect == "not held" or (said == "false" and effect != "to check")
    open_ = effect in ("to check", "claim kept")
    tone, icon = ("prohibited", "x") if bad else ("verify", "eye") if open_ else ("clear", "check")
    as_of = str(answer.get("as_of", ""))
    parts = ("number", "facility", "consignee", "consignor")
    return Told(
        what=str(document_about(str(paper), book)[0] if paper else words.book_text(fact.label if fact else said)),
        key=next((str(answer[name]) for name in parts if answer.get(name)), ""),
        said=spoken,
        tone=tone,
        icon=icon,
        left=figures.number(answer["left_kg"]) if answer.get("left_kg") else "",
        fields=tuple(_field(str(name), book) for name in answer.get("differs", ())),
        source=str(answer.get("answered_by", "")),
        as_of=datetime.strptime(as_of, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC) if as_of else None,
        asked_by_number=bool(paper),
    )


def _field(name: str, book: Book) -> str:
    fact = book.facts.get(name)
    known = {
        "consignee": _("consignee"), "consignor": _("consignor"), "facility": _("facility"), "number": _("number"),
    }  # fmt: skip
    return known.get(name) or str(words.book_text(fact.label) if fact else name)


def as_alert(answers: Sequence[Answer], book: Book) -> dict[str, str]:
    """The answers as one line of a printed decision: the verdict rests on them."""
    said = "; ".join(
        f"{one.what} {one.key}: {one.said}" + (f" ({one.left} kg)" if one.left else "") + f" – {one.source}"
        + (f", {one.as_of:%Y-%m-%d %H:%M} UTC" if one.as_of else "")
        for one in told(answers, book)
    )  # fmt: skip
    return {"rule": ASKED, "status": "register", "text": _("Registers answered: %(said)s.") % {"said": said}}
