"""A shipment with what registers know of it, before it is decided.

Numbered steps of `Enricher.one`:
 1. read the shipment; one that cannot be read is left as it is, and is rejected later as it would have been
 2. every paper with a number is looked up; what the register knows replaces what the paper says, what it does not let
    stand is taken away, and so is what it does not know where it is complete
 3. the facts that registers answer are asked for, about the parties named, for the rules in force on the route
 4. what was answered is put into the shipment, and who answered into the column `register_answers`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from tidegate.law.conditions import atoms
from tidegate.law.records import Book, Fact, Rule
from tidegate.screening.decision import route_layers
from tidegate.screening.logic import event_day
from tidegate.screening.registers.answers import (
    ANSWERS,
    CLEAR,
    KEEP,
    Answer,
    Candidate,
    answers_json,
    judge,
    settle,
    written,
)
from tidegate.screening.registers.protocol import (
    ABOUT,
    ANY,
    FactKey,
    FactShape,
    Load,
    PaperKey,
    PaperRecord,
    Register,
    authority_on,
    normal,
    record_on,
)
from tidegate.screening.shipment import FIELDS, Document, Reject, Shipment, _json, _list, parse_shipment

if TYPE_CHECKING:
    import pyarrow as pa

EVERYWHERE = ""  # the slot of a fact that holds for every layer


def enrich(shipment: Mapping[str, Any], register: Register, book: Book) -> tuple[dict[str, Any], tuple[Answer, ...]]:
    """The shipment with what the register knows of it, and the answers. Raises RegisterError.

    The register is asked once for papers and once for facts. A shipment that cannot be read comes back unchanged.
    """
    return Enricher(register, book).one(shipment)


def enrich_batch(batch: pa.RecordBatch, register: Register, book: Book) -> pa.RecordBatch:
    """The same for every row of a batch, by joining its papers and parties with the register's tables.

    To enrich many batches make one `tidegate.screening.registers.join.Join` and call that.
    """
    from tidegate.screening.registers.join import Join

    return Join(Enricher(register, book))(batch).batch


@dataclass(frozen=True, slots=True)
class Ask:
    """A fact that registers answer: about whom, for which rule, and the part of the shipment that the answer goes to
    (`EVERYWHERE`, or a layer such as `TH:import`)."""

    shape: FactShape
    fact: Fact
    rule: Rule | None
    slot: str

    def key(self, subject: str) -> FactKey:
        return FactKey.of(self.shape.fact, self.shape.about, subject, self.shape.rule)


class Enricher:
    """Enriches shipments from one register with the vocabulary of one book."""

    def __init__(self, register: Register, book: Book):
        self.register, self.book = register, book
        self.authorities = register.authorities
        self.asks: dict[str, list[Ask]] = {}
        readers = roles_that_read(book)
        for shape in register.shapes:
            fact = book.facts.get(shape.fact)
            rule = book.rules.get(shape.rule) if shape.rule else None
            if fact is None or not answerable(fact) or shape.about not in ABOUT or (shape.rule and rule is None):
                continue
            # a route has one State of import and one of export: an answer for the rule of one of them reaches no other
            # layer that reads the fact, so it can stand for the whole shipment (which is what a batch collapses on)
            alone = readers.get(fact.name, frozenset()) in ({"import"}, {"export"})
            slot = EVERYWHERE if rule is None or rule.state is None or alone else f"{rule.state}:{rule.role}"
            self.asks.setdefault(fact.name, []).append(Ask(shape, fact, rule, slot))

    def one(self, shipment: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Answer, ...]]:
        """The shipment enriched, and the answers."""
        out = dict(shipment)
        try:
            s = parse_shipment(shipment, self.book)
        except Reject:
            return out, ()
        answers = [*self._papers(out, s), *self._facts(out, s)]
        record_answers(out, answers)
        return out, tuple(answers)

    # ── 2: papers ──────────────────────────────────────────────────────────────────────────────────────

    def _papers(self, out: dict[str, Any], s: Shipment) -> list[Answer]:
        if not s.documents:
            return []
        keys = dict.fromkeys(PaperKey.of(d.kind, d.number) for d in s.documents if d.number)
        records = self.register.papers(list(keys)) if keys else {}
        papers = list(zip(paper_items(out["documents"]), s.documents, strict=True))
        kept, answers = self.judge(papers, records, s.date, load_of(s, out))
        if kept is not None:
            out["documents"] = kept
        return answers

    def judge(
        self,
        papers: Iterable[tuple[Any, Document]],
        records: Mapping[PaperKey, PaperRecord | None],
        day: date,
        load: Load,
    ) -> tuple[list[Any] | None, list[Answer]]:
        """(the papers as they now stand, None where nothing changes; the answers).

        `papers`: each as it is written, and the same read. `records`: what the register holds of those with a number.
        """
        kept, answers, changed = [], [], False
        for item, document in papers:
            record = records.get(PaperKey.of(document.kind, document.number)) if document.number else None
            authority = authority_on(self.authorities, document.kind, day)
            stands, answer = judge(item, document, record, authority, day, load)
            if stands is not None:
                kept.append(stands)
            if answer is not None:
                answers.append(answer)
            changed = changed or stands is not item
        return (kept if changed else None), answers

    # ── 3 and 4: facts ─────────────────────────────────────────────────────────────────────────────────

    def _facts(self, out: dict[str, Any], s: Shipment) -> list[Answer]:
        subjects = {about: subject for about in ABOUT if (subject := subject_of(out.get(about)))}
        if not subjects:
            return []
        wanted = [
            (ask, subjects[ask.shape.about])
            for asks in self.asks.values()
            for ask in asks
            if ask.shape.about in subjects and (ask.rule is None or binds(ask.rule, s))
        ]
        keys = dict.fromkeys(key for ask, subject in wanted for key in (ask.key(subject), ask.key(ANY)))
        found = self.register.facts(list(keys)) if keys else {}
        load = load_of(s, out)
        slots: dict[tuple[str, str], list[Candidate]] = {}
        for ask, subject in wanted:
            own, for_any = found.get(ask.key(subject), ()), found.get(ask.key(ANY), ())
            record = record_on(own, s.date, load) or record_on(for_any, s.date, load)
            if record is not None:
                slot = ask.slot
                if s.evaluate is not None and ask.rule is not None and ask.rule.state is not None:
                    slot = f"{ask.rule.state}:{ask.rule.role}"  # several layers of one role may be looked at
                slots.setdefault((ask.fact.name, slot), []).append(Candidate(record, subject))
        answers: list[Answer] = []
        for (name, slot), candidates in slots.items():
            value, told = settle(self.book.facts[name], candidates, claims(s, name), s.net_kg)
            answers += told
            if value is not KEEP:
                put(out, name, slot, value)
        return answers


def load_of(s: Shipment, raw: Mapping[str, Any]) -> Load:
    """What of a shipment records may be limited by. `raw`: the shipment as it is written."""
    parties = {about: normal(subject) for about in ABOUT if (subject := subject_of(raw.get(about)))}
    entry = s.declared_entry.upper() if s.declared_entry else None
    return Load(s.export, s.import_, s.origin, s.hs, entry, s.operation, s.net_kg, parties)


def answerable(fact: Fact) -> bool:
    """Whether a register may answer the fact: neither a field of the shipment nor worked out by Tidegate."""
    return fact.by != "derived" and fact.name not in FIELDS


def binds(rule: Rule, s: Shipment) -> bool:
    """Whether the rule is one of the route, in force on the day of its event."""
    if rule.state is None:
        return s.evaluate is None and rule.in_force(s.event(rule.event))
    return any(
        state == rule.state and role == rule.role and rule.in_force(event_day(s, rule.event, role, position))
        for state, role, position in route_layers(s)
    )


def claims(s: Shipment, name: str) -> tuple[Any, ...]:
    """What the shipment says of a fact: for every layer, for one, for a State of transit."""
    said = (s.facts.get(name), *(f.get(name) for f in s.scoped.values()), *(t.facts.get(name) for t in s.transit))
    return tuple(dict.fromkeys(value for value in said if value is not None))


def facts_read(rule: Rule) -> set[str]:
    """Every fact that a rule looks at, asks for or has checked."""
    conditions = (rule.when, *rule.fails, *rule.unless, *(d.when for d in rule.documents))
    return {a[0] for c in conditions for a in atoms(c)} | set(rule.verify) | set(rule.needs)


_READERS: dict[str, dict[str, frozenset[str]]] = {}


def roles_that_read(book: Book) -> dict[str, frozenset[str]]:
    """Fact → roles of the national rules that read it; `every` where an international rule does."""
    found = _READERS.get(book.hash)
    if found is None:
        roles: dict[str, set[str]] = {}
        for rule in book.rules.values():
            for name in facts_read(rule):
                roles.setdefault(name, set()).add(rule.role if rule.state and rule.role else "every")
        if len(_READERS) > 8:
            _READERS.clear()
        found = _READERS[book.hash] = {name: frozenset(r) for name, r in roles.items()}
    return found


# ── reading and writing the mapping ────────────────────────────────────────────────────────────────────────


def paper_items(value: Any) -> list[Any]:
    """The papers of a shipment as they are written, in the order in which they are read."""
    if isinstance(value, str):
        value = _json(value, "documents") if value.lstrip().startswith(("[", "{")) else _list(value)
    return _list(value) or []


def subject_of(party: Any) -> str | None:
    """The id of a consignor, consignee or facility; None where there is none (text alone is a name)."""
    if isinstance(party, str) and party.lstrip().startswith("{"):
        try:
            party = _json(party, "")
        except Reject:
            return None
    if not isinstance(party, Mapping):
        return None
    identity = party.get("id")
    if identity is None or isinstance(identity, (bool, Mapping, list, tuple)):
        return None
    return str(int(identity) if isinstance(identity, float) and identity.is_integer() else identity).strip() or None


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.strip():
        value = _json(value, "")
    return dict(value) if isinstance(value, Mapping) else {}


def put(out: dict[str, Any], name: str, slot: str, value: Any) -> None:
    """Puts a fact into a slot of a shipment that was read without fault; `CLEAR` takes it away everywhere."""
    facts = _object(out.get("facts"))
    if value is CLEAR or slot == EVERYWHERE:
        facts.pop(name, None)
        for layer, scoped in facts.items():
            if isinstance(scoped, Mapping) and name in scoped:
                facts[layer] = {k: v for k, v in scoped.items() if k != name}
        _clear_stops(out, name)
    if value is not CLEAR:
        if slot == EVERYWHERE:
            facts[name] = written(value)
        else:
            facts[slot] = {**_object(facts.get(slot)), name: written(value)}
    out["facts"] = facts


def _clear_stops(out: dict[str, Any], name: str) -> None:
    value = out.get("transit")
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        value = _json(value, "transit")
    stops = [value] if isinstance(value, Mapping) else value
    if not isinstance(stops, (list, tuple)):
        return
    changed = False
    new = []
    for stop in stops:
        facts = _object(stop.get("facts")) if isinstance(stop, Mapping) else {}
        if name in facts:
            del facts[name]
            stop, changed = {**stop, "facts": facts}, True
        new.append(stop)
    if changed:
        out["transit"] = new


def record_answers(out: dict[str, Any], answers: Iterable[Answer]) -> None:
    """Writes the answers into their column, where there are any.

    A column of that name that was there before gets another: nobody but a register says what registers answered.
    """
    if ANSWERS in out:
        out[f"source.{ANSWERS}"] = out.pop(ANSWERS)
    told = list(answers)
    if told:
        out[ANSWERS] = answers_json(told)
