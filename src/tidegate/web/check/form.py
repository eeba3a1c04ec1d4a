"""The fixed part of the form: route, day and goods, as the templates draw them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tidegate.law import Book
from tidegate.web import words
from tidegate.web.check.answers import DOCUMENT_FIELDS, STOP_DAYS, Answers
from tidegate.web.check.fields import Control, Option, answered, control, shown
from tidegate.web.check.reading import Reading

# Empty rows shown below what is filled in, so that the form grows without JavaScript too.
POLYMER_ROWS = 2
ROUTE = ("export", "import", "transit", "date", "events", "origin")
GOODS = ("polymers", "contamination_pct", "hs", "operation", "material", "net_kg")


@dataclass(frozen=True)
class StateGroup:
    known: bool
    states: tuple[Option, ...]


@dataclass(frozen=True)
class PolymerRow:
    code: str
    share: str
    error: str


@dataclass(frozen=True)
class EventDay:
    """The day of one event, where it is not that of the others."""

    value: str
    label: str | Promise
    day: str
    error: str


@dataclass(frozen=True)
class StopDay:
    """The day on which a State passed through is reached or left. `event`: arrived or departed."""

    id: str
    name: str
    event: str
    state: str
    day: str


@dataclass(frozen=True)
class PaperField:
    """One detail of a paper that is held. `id`: of the form's control; a paper has several renewals."""

    id: str
    name: str
    part: str
    value: str


@dataclass(frozen=True)
class Form:
    date: str
    export: str
    import_: str
    via: tuple[str, ...]
    stops: tuple[StopDay, ...]
    origin: str
    events: tuple[EventDay, ...]
    route_more: bool
    states: tuple[StateGroup, ...]
    hs: str
    hs_list: tuple[Option, ...]
    polymers: tuple[PolymerRow, ...]
    polymer_codes: tuple[Option, ...]
    contamination: str
    net_kg: str
    material: Control
    operation: Control
    more: tuple[Control, ...]
    kept: tuple[tuple[str, str], ...]
    paper_fields: Mapping[str, tuple[PaperField, ...]]
    held: frozenset[str]
    route_open: bool
    goods_open: bool
    goods_said: str
    more_open: bool


def build(answers: Answers, reading: Reading, book: Book, *, elsewhere: Collection[str] = ()) -> Form:
    """All that the form shows for these answers. `elsewhere`: names of controls that the page has besides."""
    shipment = answers.shipment
    goods = _goods_said(shipment)
    events = shipment.get("events") or {}
    more = tuple(
        control(name, book, shipment, {name: reading.error(name, f"facts.{name}")}) for name in answered(shipment, book)
    )
    return Form(
        date=str(shipment.get("date", "")),
        export=str(shipment.get("export", "")),
        import_=str(shipment.get("import", "")),
        via=(*answers.stops, ""),
        stops=tuple(_stops(shipment.get("transit") or (), book)),
        origin=str(shipment.get("origin", "")),
        events=tuple(
            EventDay(name, label, str(events.get(name, "")), reading.error(f"events.{name}"))
            for name, label in words.EVENTS.items()
        ),
        route_more=bool(
            events or shipment.get("origin") or any(isinstance(stop, Mapping) for stop in shipment.get("transit") or ())
        ),
        states=_states(book),
        hs=str(shipment.get("hs", "")),
        hs_list=tuple(Option(h.code, words.book_text(h.title)) for h in _headings(book)),
        polymers=_polymers(shipment.get("polymers") or {}, reading),
        polymer_codes=_polymer_codes(book),
        contamination=shown(shipment.get("contamination_pct")),
        net_kg=shown(shipment.get("net_kg")),
        material=control("material", book, shipment),
        operation=control("operation", book, shipment),
        more=more,
        kept=tuple(_kept(shipment, elsewhere)),
        paper_fields={paper["kind"]: tuple(_paper_fields(paper, book)) for paper in shipment.get("documents") or ()},
        held=frozenset(paper["kind"] for paper in shipment.get("documents") or ()),
        route_open=reading.shipment is None or bool(reading.error(*ROUTE)),
        goods_open=not goods or bool(reading.error(*GOODS)),
        goods_said=", ".join(goods),
        more_open=any(c.error for c in more),
    )


def _goods_said(shipment: Mapping[str, Any]) -> list[str]:
    """The goods in a few words, for the folded card."""
    said = [f"{code} {shown(share)} %" for code, share in (shipment.get("polymers") or {}).items()]
    if contamination := shipment.get("contamination_pct"):
        said.append(_("contamination %(share)s %%") % {"share": shown(contamination)})
    if hs := shipment.get("hs"):
        said.append(f"HS {hs}")
    said += [str(shipment[name]) for name in ("material", "operation") if shipment.get(name)]
    return said


def _stops(transit: Sequence[Any], book: Book) -> Iterator[StopDay]:
    """The two days of each stop, to be filled in where they are not those of the border event."""
    for n, stop in enumerate(transit):
        about: Mapping[str, Any] = stop if isinstance(stop, Mapping) else {"state": stop}
        state = str(about["state"]).upper()
        for name in STOP_DAYS:
            yield StopDay(
                f"via-{n}-{name}",
                f"via.{state}.{name}",
                name,
                words.state_name(state, book.states),
                str(about.get(name) or ""),
            )


def _states(book: Book) -> tuple[StateGroup, ...]:
    """States whose own rules the book holds come first; the others follow, both by name."""
    named = sorted((words.state_name(code, book.states), code) for code in book.states)
    known = tuple(Option(code, name) for name, code in named if code in book.national_states)
    others = tuple(Option(code, name) for name, code in named if code not in book.national_states)
    return (StateGroup(True, known), StateGroup(False, others))


def _headings(book: Book) -> Sequence[Any]:
    seen: dict[str, Any] = {}
    for heading in book.headings:
        seen.setdefault(heading.code, heading)
    return sorted(seen.values(), key=lambda h: h.code)


def _polymers(mix: Mapping[str, Any], reading: Reading) -> tuple[PolymerRow, ...]:
    rows = [PolymerRow(code, shown(share), reading.error(f"polymers.{code}")) for code, share in mix.items()]
    empty = max(1, POLYMER_ROWS - len(rows))
    return (*rows, *[PolymerRow("", "", "")] * empty)


def _polymer_codes(book: Book) -> tuple[Option, ...]:
    """Codes to pick from: those with a name first, then every other that the rulebook knows."""
    p = book.polymers
    known = {*p.non_halogenated, *p.halogenated, *p.fluoro, *p.cured, *p.grades, "mixed"}
    rest = sorted(known - set(words.POLYMERS))
    return (
        *(Option(code, name) for code, name in words.POLYMERS.items() if code in known),
        *(Option(code, code) for code in rest),
    )


def _kept(shipment: Mapping[str, Any], elsewhere: Collection[str]) -> list[tuple[str, str]]:
    """Answers that no control on the page shows, handed on as they are: the parties."""
    kept: list[tuple[str, str]] = []
    for party in ("consignor", "consignee", "facility"):
        kept += [(f"{party}.{part}", str(value)) for part, value in (shipment.get(party) or {}).items()]
    return [(name, value) for name, value in kept if name not in elsewhere]


def _paper_fields(paper: Mapping[str, Any], book: Book) -> list[PaperField]:
    """The details that can matter for this kind of paper: by its record, and whatever was given already."""
    kind = str(paper["kind"])
    record = book.documents.get(kind) or book.documents.get(kind.partition(":")[0])
    wanted = {"number", "issued", *(record.has if record else DOCUMENT_FIELDS)}
    if record and record.dated:
        wanted |= {"valid_from", "valid_to"}
    fields = []
    for name in DOCUMENT_FIELDS:
        if name in wanted or paper.get(name):
            said = str(paper.get(name, ""))
            part = f"doc.{kind}.{name}"
            fields.append(PaperField(f"d-{slugify(kind)}-{name}", name, part, shown(said) if name == "value" else said))
    renewals = paper.get("renewals") or []
    if renewals or "renewals" in wanted:
        # One empty pair below those given, so that the list grows.
        for n, renewal in enumerate([*renewals, {}]):
            for name, value in (("renewed", renewal.get("from")), ("renewal_days", renewal.get("days"))):
                fields.append(PaperField(f"d-{slugify(kind)}-{name}-{n}", name, f"doc.{kind}.{name}", str(value or "")))
    return fields
