"""The law as the API tells it: rules, States, entries, facts and papers."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tidegate.web.api.schemas.decision import Confidence

Role = Literal["export", "transit", "import"]
Status = Literal["gazetted", "administrative", "announced", "draft"]
LayerKind = Literal["basel", "oecd", "eu", "waigani", "art11", "national"]


class Answer(BaseModel):
    """Every answer names the rulebook that it was read from."""

    rulebook: str = Field(description="Version and short hash.", examples=["2026.11.21+0123456789ab"])


class ValueStep(BaseModel):
    """The least value of a paper for loads below a mass; the last step has no upper bound."""

    below_t: float | None
    value: float


class Requirement(BaseModel):
    """A paper that a rule asks for: any one of `kinds`, and how long and for what it is good."""

    kinds: list[str]
    when: str | None = Field(description="In which case it is asked for; null means always.")
    term_days: int | None
    term_years: int | None
    longest_years: int | None = Field(description="One that names a longer period counts, and is to be checked.")
    outside: str | None = Field(description="Of the States of transit, only those outside this group are asked.")
    renewals_max: int | None
    renewal_days: int | None
    standards: list[str]
    value_by_tonnes: list[ValueStep]


class Rule(BaseModel):
    """One requirement of law with its dates, its scope and its source. Both dates are days of law, both included."""

    id: str
    layer: str = Field(examples=["basel", "national:MY:import"])
    state: str | None
    role: Role | None
    kind: str
    status: Status
    confidence: Confidence
    binds: bool = Field(description="Whether it may prohibit or require; otherwise it only alerts.")
    unchecked: bool = Field(
        description="Say beside every verdict that it bears: not checked against the gazette, or date inferred."
    )
    valid_from: date | None = Field(description="null: the first day was not seen.")
    valid_to: date | None = Field(description="null: in force as far as was seen.")
    dates: Literal["seen", "inferred", "not_seen"]
    event: str = Field(description="The event whose day decides whether the rule holds.")
    hs: list[str]
    basel: list[str]
    when: str | None = Field(description="Conditions of its scope, in words; null means none.")
    fails: list[str] = Field(description="What the goods, the route or the importer fail it by; any one of these.")
    unless: list[str] = Field(description="What takes a shipment out of it; counts only when shown.")
    suspects: list[str]
    documents: list[Requirement]
    needs: list[str]
    verify: list[str] = Field(description="Facts that only an inspection or a register can show.")
    exempts: list[str] = Field(description="Rules that this one takes out of the way.")
    exempted_by: list[str]
    displaces: str | None
    regime: str | None
    text: str
    instrument: str
    url: str
    checked: date
    note: str
    penalty: str
    figures: dict[str, Any] = Field(description="Figures of the rule for comparing States.")


class RuleAnswer(Answer):
    """One rule."""

    rule: Rule


class RuleList(Answer):
    """Rules in the order of the book; `next` leads to the rest."""

    count: int = Field(description="All that match.")
    offset: int
    next: str | None
    rules: list[Rule]


class Period(BaseModel):
    """A dated membership, both days included."""

    start: date | None = Field(alias="from")
    end: date | None = Field(alias="to")
    confidence: Confidence
    note: str


class StateItem(BaseModel):
    """A State or territory of ISO 3166-1."""

    iso: str
    iso3: str
    name: str
    part_of: str | None
    rules: int = Field(description="National rules that the book holds for it.")


class StateList(Answer):
    """All of them, by name."""

    count: int
    states: list[StateItem]


class StateAnswer(Answer):
    """A State on a day: the groups it belongs to, its memberships over time, and its own rules in force."""

    model_config = ConfigDict(populate_by_name=True)

    day: date = Field(alias="on")
    state: StateItem
    groups: list[str]
    memberships: dict[str, list[Period]]
    rules: dict[Role, list[Rule]] = Field(description="Rules in force on the day, by the State's role.")


class LawChange(BaseModel):
    """A rule that begins on `date`, or that no longer holds from `date` on."""

    day: date = Field(alias="date")
    what: Literal["begins", "ends"]
    rule: str
    layer: str
    state: str | None
    role: Role | None
    kind: str
    status: Status
    binds: bool
    confidence: Confidence
    dates: Literal["seen", "inferred", "not_seen"]
    unchecked: bool
    text: str
    instrument: str
    url: str


class Timeline(Answer):
    """What begins and ends, in the order of the days."""

    start: date = Field(alias="from")
    end: date | None = Field(alias="to")
    count: int
    changes: list[LawChange]


class Membership(BaseModel):
    """A State that joins or leaves a group between two days."""

    state: str
    group: str
    joins: bool


class Figure(BaseModel):
    """A number of the law that is another one on the second day."""

    name: str
    a: str | None
    b: str | None


class Difference(Answer):
    """What holds on day `b` and not on day `a` (`begun`), and the other way round (`ended`)."""

    a: date
    b: date
    kept: int = Field(description="Rules that hold on both days.")
    begun: list[Rule]
    ended: list[Rule]
    memberships: list[Membership]
    parameters: list[Figure]


class StandardCell(BaseModel):
    """One thing that a rule asks; `value` in % where it is a figure."""

    rule: str
    text: str
    value: float | None
    where: str | None = Field(description="It holds only if so; null means always.")
    unchecked: bool


class Standard(BaseModel):
    """What one State asks of a load in one role. Where `binding` is false, the row is of drafts and announcements."""

    state: str
    name: str
    role: Role
    binding: bool
    figures: dict[str, float | None] = Field(
        description="The strictest figure of each limit, in %; null means none is held."
    )
    cells: dict[str, list[StandardCell]]
    rules: list[str]


class StandardList(Answer):
    """The States' limits side by side on a day."""

    day: date = Field(alias="on")
    count: int
    standards: list[Standard]


class Fact(BaseModel):
    """A word that conditions use and that a shipment may give in `facts`."""

    name: str
    type: str
    unit: str
    by: Literal["declaration", "document", "register", "inspection", "derived"]
    group: str
    label: str
    meaning: str
    values: list[str]


class FactList(Answer):
    """The registry of facts."""

    count: int
    facts: list[Fact]


class DocumentKind(BaseModel):
    """A paper that a rule may ask for."""

    kind: str
    name: str
    issuer: str
    meaning: str
    dated: bool = Field(description="Whether the paper has a term of its own.")
    per_state: bool = Field(description="Whether each State gives its own: written KIND:XX.")
    rules: list[str] = Field(description="The rules that ask for it.")


class DocumentList(Answer):
    """The registry of papers."""

    count: int
    documents: list[DocumentKind]


class Entry(BaseModel):
    """An entry of the Basel Convention that the book knows, with its control over time."""

    code: str
    rule: str
    regime: str | None
    valid_from: date | None
    valid_to: date | None
    text: str
    instrument: str
    url: str
    national_rules: list[str] = Field(description="National rules that name this entry.")


class EntryList(Answer):
    """The entries of the Convention."""

    count: int
    entries: list[Entry]


class Rulebook(BaseModel):
    """The rulebook in force on this installation."""

    version: str
    hash: str = Field(description="SHA-256 over every byte of every file, overlays included.")
    label: str
    overlays: int = Field(description="Folders laid over the shipped book.")
    rules: int
    states: int
    facts: int
    documents: int
    checked: date | None = Field(description="The latest day on which a rule was checked against its source.")
    software: str


class Health(BaseModel):
    """For a monitor."""

    status: Literal["ok"]
    rulebook: str
