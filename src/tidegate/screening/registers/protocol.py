"""What a register is: who keeps lists of papers and of facts that no declaration can prove.

A register answers in two ways, and must say the same in both. Singly, for one shipment: `papers` and `facts` take keys
and give records. In bulk: `paper_table` and `fact_table` give everything as Arrow tables, joined by equality of keys.

A register that is complete for a kind of paper (`authorities`) says with its silence that a paper does not exist. One
that is not says nothing by silence.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

VALID = "valid"
STATUSES = (VALID, "suspended", "revoked", "used up")
STALE = (
    "not known"  # the register has only an old word of somebody else: it neither lets the paper count nor refuses it
)
ABOUT = ("facility", "consignee", "consignor")  # whom a fact can be about: fields of the shipment that carry an id
ANY = "*"  # the subject of a record that holds for every subject not named
PAPER_COLUMNS = (
    "kind", "number", "status", "status_from", "issued", "valid_from", "valid_to", "standard", "value", "renewals",
    "answered_by",
)  # fmt: skip
FACT_COLUMNS = ("fact", "about", "subject", "rule", "value", "valid_from", "valid_to", "answered_by")
# What registers say besides that are kept by a program and not by people in a table.
KEPT_PAPER_COLUMNS = ("scope", "left_kg", "left_from", "as_of")
KEPT_FACT_COLUMNS = ("scope", "as_of")


class RegisterError(ValueError):
    """A register answers what cannot be."""


def normal(number: Any) -> str:
    """A number or id as registers compare it: upper case, single spaces, none around. Empty where there is none."""
    if number is None:
        return ""
    if isinstance(number, float) and number.is_integer():
        number = int(number)  # spreadsheets and JSON make 17.0 of 17
    return " ".join(str(number).split()).upper()


class PaperKey(NamedTuple):
    """A paper by its kind (`AP`, `CONSENT:MY`) and its number in normal form."""

    kind: str
    number: str

    @classmethod
    def of(cls, kind: str, number: Any) -> PaperKey:
        return cls(kind, normal(number))


class FactKey(NamedTuple):
    """A fact, whom it is about, that subject's id in normal form (or `*`), and the rule it is kept for (or "")."""

    fact: str
    about: str
    subject: str
    rule: str = ""

    @classmethod
    def of(cls, fact: str, about: str, subject: Any, rule: str | None = None) -> FactKey:
        return cls(fact, about, normal(subject), rule or "")


class FactShape(NamedTuple):
    """What a register can be asked: a fact, about whom, for which rule ("" for every rule)."""

    fact: str
    about: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """What of a shipment a record may be limited by; `None`: the shipment does not say.

    `entry` is the one declared, `parties` the ids of consignor, consignee and facility in normal form.
    """

    export: str | None = None
    import_: str | None = None
    origin: str | None = None
    hs: str | None = None
    entry: str | None = None
    operation: str | None = None
    net_kg: Decimal | None = None
    parties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a record is limited to; what is empty limits nothing.

    `hs`: digits with which the customs code begins. `parties`: (consignor, consignee or facility, an id of it in normal
    form); several of one party are ids of the same one.
    """

    exports: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    hs: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    parties: tuple[tuple[str, str], ...] = ()

    def outside(self, load: Load) -> tuple[str, ...]:
        """The fields by which the load is known to lie outside."""
        return self._judged(load)[0]

    def open(self, load: Load) -> tuple[str, ...]:
        """The fields that limit the record and that the load does not say, or not closely enough."""
        return self._judged(load)[1]

    def covers(self, load: Load) -> bool:
        """Whether the load is known to lie inside."""
        return self._judged(load) == ((), ())

    def _judged(self, load: Load) -> tuple[tuple[str, ...], tuple[str, ...]]:
        out: list[str] = []
        unsaid: list[str] = []
        words = (
            ("export", self.exports, load.export),
            ("import", self.imports, load.import_),
            ("origin", self.origins, load.origin),
            ("declared_entry", self.entries, load.entry),
            ("operation", self.operations, load.operation),
        )
        for name, allowed, said in words:
            if allowed and said is None:
                unsaid.append(name)
            elif allowed and said not in allowed:
                out.append(name)
        if self.hs and (load.hs is None or not any(load.hs.startswith(code) for code in self.hs)):
            # a code that is shorter than the one allowed may be that one
            near = load.hs is None or any(code.startswith(load.hs) for code in self.hs)
            (unsaid if near else out).append("hs")
        for party in dict.fromkeys(party for party, _ in self.parties):
            identity = load.parties.get(party)
            if not identity:
                unsaid.append(party)
            elif (party, identity) not in self.parties:
                out.append(party)
        return tuple(out), tuple(unsaid)

    @property
    def text(self) -> str:
        """As a cell of a table: JSON, what is empty left out."""
        return json.dumps({f.name: held for f in fields(self) if (held := getattr(self, f.name))}, sort_keys=True)

    @classmethod
    def of_text(cls, text: str) -> Scope:
        """The scope of such a cell."""
        said = json.loads(text)
        parties = tuple((str(party), str(identity)) for party, identity in said.pop("parties", ()))
        return cls(**{name: tuple(map(str, held)) for name, held in said.items()}, parties=parties)


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """What a register holds of a paper. `None`: the register says nothing of it.

    `status_from`: the first day of the status where it is not `valid` from the beginning. Dates are calendar dates;
    `value` is in the unit that the rule names; `renewals` are (from, days). `scope`: what the paper covers. `left_kg`:
    what may still be drawn on it, as it stands from `left_from` on; of days before nothing is said. `as_of`: the moment
    at which the register knew this (ISO 8601).
    """

    kind: str
    number: str
    status: str = VALID
    status_from: date | None = None
    issued: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    standard: str | None = None
    value: Decimal | None = None
    renewals: tuple[tuple[date | None, int | None], ...] | None = None
    answered_by: str = ""
    scope: Scope | None = None
    left_kg: Decimal | None = None
    left_from: date | None = None
    as_of: str = ""

    @property
    def key(self) -> PaperKey:
        return PaperKey.of(self.kind, self.number)

    def stands(self, day: date) -> bool:
        """Whether the register lets the paper count on `day`, dates of validity aside."""
        return self.status == VALID or (self.status_from is not None and day < self.status_from)

    def left(self, day: date) -> Decimal | None:
        """What may be drawn on the paper on `day`, in kg; None where the register does not say."""
        return None if self.left_from is not None and day < self.left_from else self.left_kg


@dataclass(frozen=True, slots=True)
class FactRecord:
    """What a register holds of a fact, from `valid_from` to `valid_to` (both included, `None` without end).

    `value` is what the fact registry of the rulebook asks for: true or false, a number in the fact's unit, a word.
    `scope`: the loads that it speaks of; of one that is not known to lie inside it says nothing.
    """

    fact: str
    about: str
    subject: str
    value: Any
    rule: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    answered_by: str = ""
    scope: Scope | None = None
    as_of: str = ""

    @property
    def key(self) -> FactKey:
        return FactKey.of(self.fact, self.about, self.subject, self.rule)

    @property
    def shape(self) -> FactShape:
        return FactShape(self.fact, self.about, self.rule)

    def covers(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Authority:
    """From `since` to `until` (both included) the register holds every paper of a kind."""

    since: date | None = None
    until: date | None = None
    answered_by: str = ""

    def covers(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


class Register(Protocol):
    """Answers about papers and facts. It must not change its answers while a run lasts.

    `label`: name and version; the same label means the same answers. `authorities`: kinds of paper (`AP`, `CONSENT`
    for the consents of every State, `CONSENT:MY` for one) for which silence means that there is no such paper.
    `shapes`: which facts can be asked for at all.
    """

    @property
    def label(self) -> str: ...

    @property
    def authorities(self) -> Mapping[str, Sequence[Authority]]: ...

    @property
    def shapes(self) -> Collection[FactShape]: ...

    def papers(self, keys: Sequence[PaperKey]) -> Mapping[PaperKey, PaperRecord | None]:
        """What is known of each paper; one left out, or None, is not known."""
        ...

    def facts(self, keys: Sequence[FactKey]) -> Mapping[FactKey, Sequence[FactRecord]]:
        """The records under each key; on a day the first that covers it counts."""
        ...

    def paper_table(self) -> pa.Table:
        """Every paper, with the columns of `paper_schema`; a kind and number only once."""
        ...

    def fact_table(self) -> pa.Table:
        """Every fact, with the columns of `fact_schema`, in the order in which they count."""
        ...


def paper_schema() -> pa.Schema:
    """`value` and `left_kg` are decimal text; `renewals` a list of {from, days}; `scope` JSON."""
    import pyarrow as pa

    renewals = pa.list_(pa.struct([("from", pa.date32()), ("days", pa.int64())]))
    types: dict[str, Any] = {"renewals": renewals}
    for name in ("status_from", "issued", "valid_from", "valid_to", "left_from"):
        types[name] = pa.date32()
    return pa.schema([(name, types.get(name, pa.string())) for name in (*PAPER_COLUMNS, *KEPT_PAPER_COLUMNS)])


def fact_schema() -> pa.Schema:
    """`value` is text as a cell of a table would hold it: `true`, `12.5`, a word."""
    import pyarrow as pa

    days = ("valid_from", "valid_to")
    names = (*FACT_COLUMNS, *KEPT_FACT_COLUMNS)
    return pa.schema([(name, pa.date32() if name in days else pa.string()) for name in names])


def record_on(records: Iterable[FactRecord], day: date, load: Load) -> FactRecord | None:
    """The record that counts on a day for a load."""
    return next((r for r in records if r.covers(day) and (r.scope is None or r.scope.covers(load))), None)


def authority_on(authorities: Mapping[str, Sequence[Authority]], kind: str, day: date) -> Authority | None:
    """The authority for a kind of paper on a day; that for `CONSENT` covers `CONSENT:MY`."""
    for name in dict.fromkeys((kind, kind.partition(":")[0])):
        for authority in authorities.get(name, ()):
            if authority.covers(day):
                return authority
    return None
