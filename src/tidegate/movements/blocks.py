"""The blocks of the notification document as typed data: one content, two forms that number it differently.

`Content` is the whole document, blocks 1 to 21 of the present form (decision VIII/18). What is counted, dated, decided
lives in columns of `Notification`, its route and its consents; `Blocks` is the rest, kept as JSON. `to_form` and
`from_form` write and read the blocks of a form generation by number, without loss.

Mandatory is for submitting; a draft may lack anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tidegate.law.records import Book
from tidegate.movements import codes, languages
from tidegate.movements.calendars import days_of
from tidegate.movements.content import (
    FORM_2006,
    FORM_OLD,
    FORMS,
    LAYOUT_2006,
    LAYOUT_OLD,
    LAYOUTS,
    Acknowledgement,
    Blocks,
    Carrier,
    Codes,
    Constituent,
    Content,
    CustomsOffices,
    Decision,
    Declaration,
    Facility,
    Generator,
    Party,
    Stop,
    from_form,
    read,
    to_form,
)  # fmt: skip
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Notification
from tidegate.parties.commanding import Refused

__all__ = [
    "FORMS", "FORM_2006", "FORM_OLD", "LAYOUTS", "LAYOUT_2006", "LAYOUT_OLD", "Acknowledgement", "Blocks", "Carrier",
    "Codes", "Constituent", "Content", "CustomsOffices", "Decision", "Declaration", "Facility", "Generator", "Party",
    "Problem", "Stop", "block_of", "blocks_of", "content_of", "from_form", "problems", "problems_of", "read", "to_form",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a notification from being submitted: block of its form, field, value, what would do."""

    block: str
    field: str
    value: Any
    expectation: str | Promise

    def __str__(self) -> str:
        return f"{self.block} {self.field}: {self.value!r}; {self.expectation}"


# ── of a notification ────────────────────────────────────────────────────────────────────────────────────────

COLUMNS = (
    "number", "multiple", "disposal", "preconsented", "shipments", "quantity_kg", "quantity_m3", "first_departure",
    "last_departure", "form_version",
)  # fmt: skip
# The fields that a notifier fills in: everything but the number and what authorities say.
OWN = tuple(name for name in Content.model_fields if name not in ("number", "acknowledgements", "decisions"))


def blocks_of(notification: Notification) -> Blocks:
    """The typed blocks of a notification."""
    return read(Blocks, notification.blocks)


def content_of(notification: Notification, *, decisions: bool = True) -> Content:
    """The whole document of a notification as its holder has it. `decisions`: also blocks 19 to 21."""
    said: dict[str, Any] = {**notification.blocks, **{name: getattr(notification, name) for name in COLUMNS}}
    said["route"] = [
        {"state": s.state, "role": s.role, "authority_code": s.authority_code, "entry": s.entry, "exit": s.exit}
        for s in notification.route.all()
    ]
    if decisions:
        rows = sorted(notification.consents.all(), key=lambda c: c.authority)
        day = days_of(c.authority for c in rows)
        said["acknowledgements"] = [
            {
                "state": c.authority,
                "received_on": day(c.authority, c.acknowledged_at),
                "sent_on": day(c.authority, c.acknowledged_at),
            }
            for c in rows
            if c.acknowledged_at is not None
        ]
        said["decisions"] = [
            {
                "state": c.authority,
                "outcome": c.status,
                "decided_on": day(c.authority, c.decided_at),
                "valid_from": c.valid_from,
                "valid_until": c.valid_until,
                "conditional": bool(c.conditions),
                "conditions": c.conditions,
                "grounds": c.grounds,
                "text": c.remarks,
                "text_second": c.remarks_second,
                "language": c.language,
                "second_language": c.second_language,
            }
            for c in rows
            if c.decided_at is not None
        ]
    return read(Content, said)


def block_of(field: str, form_version: str = FORM_2006) -> str:
    """The number of the block in which a field of Content stands on a form; empty where it has none."""
    layout = LAYOUTS.get(form_version, LAYOUT_2006)
    if form_version == FORM_OLD and field.startswith("carriers.") and field.endswith(".means"):
        return "11"
    head, _dot, rest = field.partition(".")
    wanted = f"{head}.{rest.split('.')[0]}"
    exact = [block for block, (_label, fields) in layout.items() if wanted in fields]
    return next(
        iter(exact or [b for b, (_l, fields) in layout.items() if head in {p.split(".")[0] for p in fields}]), ""
    )


Check = Callable[[Content, Book], Iterator[tuple[str, Any, Any]]]


def problems(notification: Notification, book: Book) -> list[Problem]:
    """What keeps a notification from being submitted, in the order of its form."""
    try:
        content = content_of(notification, decisions=False)
    except Refused as error:
        return [Problem(block_of(error.field), error.field, error.value, str(error.expected))]
    return problems_of(content, book)


def problems_of(content: Content, book: Book) -> list[Problem]:
    """The same for a content."""
    form = content.form_version
    order = list(LAYOUTS[form])
    found = [
        Problem(block_of(field, form), field, value, expectation)
        for check in CHECKS
        for field, value, expectation in check(content, book)
    ]
    return sorted(found, key=lambda p: order.index(p.block) if p.block in order else len(order))


def _parties(content: Content, book: Book) -> Iterator[tuple[str, Any, Any]]:
    for name in ("exporter", "importer", "facility"):
        party: Party = getattr(content, name)
        yield from _party(name, party)
    if not content.facility.site:
        yield "facility.site", "", _("the actual site")
    for number, further in enumerate(content.further_facilities):
        yield from _party(f"further_facilities.{number}", further)
    if not content.carriers:
        yield "carriers", [], _("at least one intended carrier")
    for number, carrier in enumerate(content.carriers):
        yield from _party(f"carriers.{number}", carrier)
        yield from _listed(f"carriers.{number}.means", carrier.means, codes.TRANSPORT, needed=True)
    if not content.generators:
        yield "generators", [], _("at least one generator")
    for number, generator in enumerate(content.generators):
        yield from _party(f"generators.{number}", generator)
        if not generator.process:
            yield f"generators.{number}.process", "", _("the process in which the waste arose")


def _party(path: str, party: Party) -> Iterator[tuple[str, Any, Any]]:
    for name, wanted in (("name", _("a name")), ("address", _("an address"))):
        if not getattr(party, name):
            yield f"{path}.{name}", "", wanted
    if not (party.telephone or party.email or party.fax):
        yield f"{path}.telephone", "", _("a telephone number or an e-mail address")
    if party.email and ("@" not in party.email or " " in party.email):
        yield f"{path}.email", party.email, _("an e-mail address")


def _counts(content: Content, book: Book) -> Iterator[tuple[str, Any, Any]]:
    if content.shipments is None:
        yield "shipments", None, _("how many shipments are intended")
    elif content.multiple != (content.shipments > 1):
        yield "shipments", content.shipments, _("one for a single shipment, more than one for several")
    if content.quantity_kg is None:
        yield "quantity_kg", None, _("the total mass in kilograms")
    else:
        try:
            kilograms(content.quantity_kg, "quantity_kg")
        except Refused as error:
            yield "quantity_kg", str(content.quantity_kg), error.expected
    if content.quantity_m3 is not None and content.quantity_m3 <= 0:
        yield "quantity_m3", str(content.quantity_m3), _("more than zero, or nothing")
    first, last = content.first_departure, content.last_departure
    if first is None:
        yield "first_departure", None, _("the day of the first departure")
    if last is None:
        yield "last_departure", None, _("the day of the last departure")
    if first is not None and last is not None and last < first:
        yield "last_departure", last.isoformat(), _("not before the first departure")
    if content.annexes is None:
        yield "annexes", None, _("the number of annexes, 0 for none")


def _waste(content: Content, book: Book) -> Iterator[tuple[str, Any, Any]]:
    yield from _listed("packaging", content.packaging, codes.PACKAGING, needed=True)
    if "9" in content.packaging and not content.packaging_other:
        yield "packaging_other", "", _("what the other packaging is")
    if content.special_handling is None:
        yield "special_handling", None, _("yes or no")
    elif content.special_handling and not content.handling:
        yield "handling", "", _("the special handling that it needs")
    yield from _listed("operations", content.operations, codes.OPERATIONS, needed=True)
    wrong = [code for code in content.operations if code in codes.OPERATIONS and (code[0] == "D") != content.disposal]
    if wrong:
        yield "operations", wrong, _("D codes for disposal, R codes for recovery")
    if content.preconsented and content.disposal:
        yield "preconsented", True, _("no: only a facility for recovery can be pre-consented")
    for name, wanted in (
        ("technology", _("the technology employed")),
        ("reason_for_export", _("the reason for export")),
        ("designation", _("what the waste is called")),
    ):
        if not getattr(content, name):
            yield name, "", wanted
    shares = [part.percent for part in content.composition if part.percent is not None]
    if any(share < 0 or share > 100 for share in shares) or sum(shares, Decimal(0)) > 100:
        yield "composition", [str(share) for share in shares], _("shares between 0 and 100 that add up to 100 at most")
    yield from _listed("physical", content.physical, codes.PHYSICAL, needed=True)
    if "7" in content.physical and not content.physical_other:
        yield "physical_other", "", _("what its other characteristics are")


def _codes(content: Content, book: Book) -> Iterator[tuple[str, Any, Any]]:
    given = content.codes
    if not (given.basel or given.y or given.other):
        yield "codes.basel", [], _("a Basel entry, a Y code, or another identification where no list has it")
    for code in given.basel:
        if not codes.BASEL_ENTRY.fullmatch(code):
            yield "codes.basel", code, _("an entry of Annex VIII or IX such as A3210, or Y46 to Y49")
    yield from _listed("codes.y", given.y, codes.Y_CODES)
    yield from _listed("codes.h", given.h, codes.HAZARDS)
    for name, form, wanted in (
        ("oecd", codes.OECD_CODE, _("a code of the OECD list such as AC300")),
        ("ec_list", codes.EC_CODE, _("six digits of the Union's list, with * where it is hazardous")),
        ("un_number", codes.UN_NUMBER, _("four digits")),
        ("hs", codes.HS_CODE, _("four to ten digits")),
    ):
        for code in getattr(given, name):
            if not form.fullmatch(code):
                yield f"codes.{name}", code, wanted
    if not given.hs:
        yield "codes.hs", [], _("the customs code")
    classes = {codes.HAZARDS[code] for code in given.h if code in codes.HAZARDS}
    for found in given.un_class:
        if found not in set(codes.HAZARDS.values()) | {"2", "7"}:
            yield "codes.un_class", found, _("a UN class such as 4.1")
    if given.un_number and not given.un_class:
        yield (
            "codes.un_class",
            [],
            format_lazy(_("the UN class that belongs to the number: {}"), ", ".join(sorted(classes))),
        )


def _route(content: Content, book: Book) -> Iterator[tuple[str, Any, Any]]:
    stops = content.route
    roles = [stop.role for stop in stops]
    if len(stops) < 2 or roles[0] != "export" or roles[-1] != "import" or set(roles[1:-1]) - {"transit"}:
        yield "route", [f"{s.state} {s.role}" for s in stops], _("State of export first, State of import last")
        return
    for stop in stops:
        if stop.state not in book.states:
            yield "route", stop.state, _("a State by its two letters")
    if stops[0].state == stops[-1].state:
        yield "route", stops[-1].state, _("another State of import than of export")
    if len({stop.state for stop in stops}) != len(stops):
        yield "route", [s.state for s in stops], _("each State once")
    for number, stop in enumerate(stops):
        if not stop.exit and stop.role in ("export", "transit"):
            yield f"route.{number}.exit", "", _("the point of exit")
        if not stop.entry and stop.role in ("transit", "import"):
            yield f"route.{number}.entry", "", _("the point of entry")


def _declared(content: Content, book: Book) -> Iterator[tuple[str, Any, Any]]:
    declared = content.exporter_declaration
    if not (declared.made and declared.name and declared.day):
        yield "exporter_declaration", "", _("the exporter's declaration, with name and day")


def _texts(content: Content, book: Book) -> Iterator[tuple[str, Any, Any]]:
    names = [name for name in Blocks.model_fields if name.endswith(languages.SECOND)]
    translated = any(getattr(content, name) for name in names) or any(g.process_second for g in content.generators)
    if found := languages.wrong(content.language, content.second_language, translated):
        yield found


def _listed(
    path: str, given: Sequence[str], among: Mapping[str, Any] | Sequence[str], *, needed: bool = False
) -> Iterator[tuple[str, Any, Any]]:
    if needed and not given:
        yield path, [], format_lazy(_("at least one of: {}"), ", ".join(among))
    for code in given:
        if code not in among:
            yield path, code, format_lazy(_("one of: {}"), ", ".join(among))


CHECKS: tuple[Check, ...] = (_parties, _counts, _waste, _codes, _route, _declared, _texts)
