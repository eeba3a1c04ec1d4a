"""How declarations say what they take off a permit: WCO Data Model, ASYCUDA, and our line files. Pure: no database.

WCO: GovernmentAgencyGoodsItem / AdditionalDocument (ID, WriteOff/Quantity with its unit). ASYCUDA: Item /
Tarification / Licence_number and Quantity_deducted_from_licence.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

# UN/ECE Recommendation 20: code → kilograms.
UNITS = {"KGM": Decimal(1), "TNE": Decimal(1000), "GRM": Decimal("0.001"), "": Decimal(1)}
USAGES = ("original", "adjusted", "contra", "late")
MAX_BYTES = 20_000_000


class Unreadable(ValueError):
    """A file or line that is not what it has to be; the message names row, field, value and expectation."""


@dataclass(frozen=True)
class Line:
    """One deduction: so many kg off a permit or quota, for an item of a declaration.

    `transaction` is the sender's number of the entry, `movement` the movement (`case/serial`) that the item belongs to,
    where it is known.
    """

    transaction: str
    licence: str
    declaration: str
    item: int
    kg: Decimal
    at: datetime
    usage: str = "original"
    movement: str = ""


def of_asycuda(data: bytes, name: str, *, at: datetime) -> list[Line]:
    """The deductions of the declarations in an ASYCUDA XML file. Items without a licence are passed over.

    Raises Unreadable.
    """
    from tidegate.formats.asycuda import read
    from tidegate.formats.encodings import detect_encoding
    from tidegate.formats.limits import Limits

    if len(data) > MAX_BYTES:
        raise Unreadable(f"{name}: {len(data)} bytes; expected at most {MAX_BYTES}")
    found = []
    for row, _line, cells, error, _id in read(
        io.BytesIO(data), detect_encoding(data[:65_536]), Limits(), Path(name).stem, None
    ):
        if error is not None:
            raise Unreadable(f"{name}, row {row}: {error}")
        assert cells is not None
        licence = next((d["number"] for d in cells.get("documents") or [] if d["kind"] == "LICENCE"), "")
        if not licence:
            continue
        field = "Quantity_deducted_from_licence"
        mass = _mass(cells.get("asycuda.licence_quantity"), "KGM", f"{name}, row {row}", field)
        declaration, item = cells["consignment"], int(cells["id"].rsplit("/", 1)[1])
        day = cells.get("date")
        moment = at if day is None else min(at, datetime.combine(date.fromisoformat(day), at.timetz()))
        found.append(Line(f"{declaration}/{item}/{licence}", licence, declaration, item, mass, moment))
    return found


def of_wco(data: bytes, name: str, *, at: datetime) -> list[Line]:
    """The deductions of a WCO Data Model declaration in XML, whatever its namespace. Raises Unreadable."""
    if len(data) > MAX_BYTES:
        raise Unreadable(f"{name}: {len(data)} bytes; expected at most {MAX_BYTES}")
    try:
        root = fromstring(data)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable(f"{name}: not readable XML ({error})") from None
    heads = [node for node in root.iter() if _name(node) == "Declaration"] or [root]
    found = []
    for head in heads:
        declaration = _text(head, "ID") or _text(head, "FunctionalReferenceID")
        if not declaration:
            raise Unreadable(f"{name}, ID: not there; expected the declaration's number")
        items = [node for node in head.iter() if _name(node) == "GovernmentAgencyGoodsItem"]
        for number, item in enumerate(items, start=1):
            where = f"{name}, item {number}"
            sequence = _text(item, "SequenceNumeric") or str(number)
            if not sequence.isdecimal():
                raise Unreadable(f"{where}, SequenceNumeric: {sequence[:40]!r}; expected a whole number")
            for document in (node for node in item if _name(node) == "AdditionalDocument"):
                off = next((node for node in document if _name(node) == "WriteOff"), None)
                if off is None:
                    continue
                licence = _text(document, "ID")
                quantity = next((node for node in off.iter() if _name(node) in ("Quantity", "QuantityQuantity")), None)
                if not licence or quantity is None:
                    raise Unreadable(f"{where}, AdditionalDocument: expected its ID and the WriteOff's Quantity")
                mass = _mass(quantity.text, quantity.get("unitCode", ""), where, "WriteOff/Quantity")
                found.append(Line(f"{declaration}/{sequence}/{licence}", licence, declaration, int(sequence), mass, at))
    return found


def of_fields(fields: Mapping[str, str], where: str) -> Line:
    """A line from named text fields, of a form, an API call or a line file. Raises Unreadable that names the field."""
    kept = {name: str(fields.get(name, "")).strip() for name in Line.__dataclass_fields__}
    for name in ("transaction", "licence", "declaration", "item", "at"):
        if not kept[name]:
            raise Unreadable(f"{where}, {name}: empty; expected a value")
    usage = kept["usage"] or "original"
    if usage not in USAGES:
        raise Unreadable(f"{where}, usage: {usage[:40]!r}; expected {', '.join(USAGES)}")
    if not kept["item"].isdecimal() or len(kept["item"]) > 6:
        raise Unreadable(f"{where}, item: {kept['item'][:40]!r}; expected a whole number")
    mass = Decimal("0.000") if usage == "contra" else _mass(kept["kg"], "KGM", where, "kg")
    try:
        at = datetime.fromisoformat(kept["at"])
    except ValueError:
        raise Unreadable(f"{where}, at: {kept['at'][:40]!r}; expected a day or time such as 2026-11-21") from None
    moment = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return Line(
        kept["transaction"], kept["licence"], kept["declaration"], int(kept["item"]), mass, moment, usage,
        kept["movement"],
    )  # fmt: skip


def _mass(text: Any, unit: str, where: str, field: str) -> Decimal:
    factor = UNITS.get(unit.upper())
    if factor is None:
        raise Unreadable(f"{where}, {field}: unit {unit[:10]!r}; expected {', '.join(u for u in UNITS if u)}")
    try:
        if isinstance(text, float):
            raise InvalidOperation
        mass = Decimal(str(text).strip()) * factor
        if not mass.is_finite() or mass <= 0 or mass.adjusted() >= 15 or mass != mass.quantize(Decimal("0.001")):
            raise InvalidOperation
    except InvalidOperation:
        raise Unreadable(
            f"{where}, {field}: {str(text)[:40]!r}; expected a mass above zero, exact to the gram"
        ) from None
    return mass.quantize(Decimal("0.001"))


def _name(node: Element) -> str:
    return str(node.tag).rsplit("}", 1)[-1]


def _text(node: Element, name: str) -> str:
    found = next((child for child in node if _name(child) == name), None)
    return "" if found is None or found.text is None else found.text.strip()
