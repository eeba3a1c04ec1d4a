"""ASYCUDA SAD XML: each `<Item>` of a declaration becomes one shipment.

* `consignment` is the reference of the declaration (office, year, serial letter and number of its
  registration; else the declarant's own reference; else the name of the file), `id` is that and the number
  of the item.
* `date` and `events.declared` are the day of registration (else of assessment, else of the declaration).
* `hs` is the commodity code with its precisions, ten digits at most; the whole of it passes through.
* Attached papers become `documents` under the kinds that the map gives for their codes. An item without any
  says nothing about papers: not known, not "none".
* Everything else of use passes through in columns `asycuda.…`.

What is not in the file stays not known; a map can fill it in (`constants`). Dates that can be read in two
ways are settled by another day of the same declaration or by `date_order` of the map, never by a default.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import IO, Any

from tidegate.formats.asycuda_xml import Node, Piece, parse, pieces, plain_name
from tidegate.formats.columns import ColumnMap
from tidegate.formats.dates import Ambiguous, order_shown, parse_day
from tidegate.formats.encodings import Encoding
from tidegate.formats.iso import alpha2
from tidegate.formats.limits import Limits
from tidegate.formats.rejects import RowError

#: row within the file, line, flat cells (None when rejected), error, id
Parsed = tuple[int, int, dict[str, Any] | None, RowError | None, str | None]

_ITEMS = frozenset({plain_name("Item")})
_MODES = {"1": "sea", "2": "rail", "3": "road", "4": "air"}
_CONTAINER = re.compile(r"[A-Z]{4}\s?\d{6}-?\d")
_UNKNOWN_LICENCE = "LICENCE"


def read(stream: IO[bytes], encoding: Encoding, limits: Limits, name: str, map_: ColumnMap | None) -> Iterator[Parsed]:
    """Every item of every declaration; a declaration that cannot be read is one rejected row."""
    row = 0
    for number, piece in enumerate(pieces(stream, encoding, limits), start=1):
        for line, cells, error, id in _items(piece, limits, f"{name}#{number}", map_ or ColumnMap()):
            row += 1
            yield row, line, cells, error, id


def _items(
    piece: Piece, limits: Limits, fallback: str, map_: ColumnMap
) -> Iterator[tuple[int, dict[str, Any] | None, RowError | None, str | None]]:
    if piece.error is not None:
        yield piece.line, None, piece.error, None
        return
    try:
        root = parse(piece.text, piece.line, limits)
    except RowError as error:
        yield piece.line, None, error, None
        return
    items = [node for node in root.all("Item") if node.members]
    if not items:
        yield (
            piece.line,
            None,
            RowError("Item", None, "at least one Item", "the declaration has no Item"),
            None,
        )
        return
    declaration = _Declaration(root, fallback, map_)
    for number, item in enumerate(items, start=1):
        id = f"{declaration.reference}/{number}"
        try:
            cells = declaration.shipment(item, number, id)
        except RowError as error:
            yield item.line, None, error, id
        else:
            yield item.line, cells, None, id


class _Declaration:
    """What the items of one declaration share."""

    def __init__(self, root: Node, fallback: str, map_: ColumnMap) -> None:
        self._map = map_
        self._root = root
        self._registration = root.first("Registration", skip=_ITEMS)
        self._assessment = root.first("Assessment", skip=_ITEMS)
        self._order = map_.source.date_order or order_shown(
            node.value or "" for node in root.walk() if node.name in _DATE_NAMES
        )
        self.reference = self._reference() or fallback
        self._containers = [
            (_number(node.get("Item_Number")), _container_numbers(node.get("Container_identity")))
            for node in root.all("Container", skip=_ITEMS)
        ]

    def _header(self, *names: str) -> str | None:
        return self._root.get(*names, skip=_ITEMS)

    def _section(self, section: str, *names: str) -> str | None:
        node = self._root.first(section, skip=_ITEMS)
        return node.get(*names) if node is not None else None

    def _reference(self) -> str | None:
        office = self._header("Customs_clearance_office_code")
        registration = self._registration
        number = registration.get("Number") if registration is not None else None
        if registration is not None and number is not None:
            try:
                year = str(self._day("date", registration.get("Date")) or "")[:4]
            except RowError:
                year = ""
            serial = registration.get("Serial_number") or ""
            return "-".join(part for part in (office, year, f"{serial}{number}") if part)
        declarant = self._root.first("Declarant", skip=_ITEMS)
        reference = declarant.first("Reference") if declarant is not None else None
        own = reference.get("Number", "Reference_number") if reference is not None else None
        if reference is not None and own is not None:
            year = reference.get("Year", "Reference_year") or ""
            return "-".join(part for part in (office, year, own) if part)
        return None

    def _day(self, field: str, text: str | None) -> dt.date | None:
        if text is None:
            return None
        try:
            return parse_day(text, self._order)
        except Ambiguous as error:
            message = f"{field}: {text!r} is {error}; name the date_order in the map"
            raise RowError(field, text, "a day that can be read in one way only", message) from None
        except ValueError:
            raise RowError(field, text, "a day") from None

    def _declared(self) -> str | None:
        for node in (self._registration, self._assessment):
            day = self._day("date", node.get("Date") if node is not None else None)
            if day is not None:
                return day.isoformat()
        day = self._day("date", self._header("Date_of_declaration"))
        return day.isoformat() if day is not None else None

    def shipment(self, item: Node, number: int, id: str) -> dict[str, Any]:
        """One item as a flat row of contract fields and `asycuda.…` columns."""
        declared = self._declared()
        tariff = _tariff(item)
        value, currency = self._value(item)
        exporter, consignee = _party(self._header("Exporter_name")), _party(self._header("Consignee_name"))
        cells: dict[str, Any] = {
            "id": id,
            "consignment": self.reference,
            "date": declared,
            "events.declared": declared,
            "export": _state(self._header("Export_country_code", "Export_country_name")),
            "import": _state(self._header("Destination_country_code", "Destination_country_name")),
            "origin": _state(item.get("Country_of_origin_code")),
            "hs": tariff[:10] or None,
            "description": _joined(item.get("Commercial_Description"), item.get("Description_of_goods")),
            "net_kg": item.get("Net_weight_itm", "Net_weight"),
            "gross_kg": item.get("Gross_weight_itm", "Gross_weight"),
            "value": value,
            "currency": currency,
            "consignor.id": self._header("Exporter_code"),
            "consignor.name": exporter[0],
            "consignor.address": exporter[1],
            "consignee.id": self._header("Consignee_code"),
            "consignee.name": consignee[0],
            "consignee.address": consignee[1],
            "containers": self._container_list(number) or None,
            "documents": self._documents(item),
            "facts.mode": self._mode(),
        }
        cells.update(self._passed_through(item, tariff))
        return {column: cell for column, cell in cells.items() if cell is not None}

    def _value(self, item: Node) -> tuple[str | None, str | None]:
        """The item's price in the currency of the invoice; else its statistical value, whose currency is
        not said."""
        invoice = item.first("Item_Invoice", "Invoice")
        if invoice is not None:
            amount = invoice.get("Amount_foreign_currency")
            if amount is not None:
                return amount, invoice.get("Currency_code")
        price = item.get("Item_price")
        if price is not None:
            return price, self._section("Gs_Invoice", "Currency_code")
        return item.get("Statistical_value"), None

    def _mode(self) -> str | None:
        code = self._section("Border_information", "Mode") or ""
        return _MODES.get(code[:-1] if len(code) == 2 and code.endswith("0") else code)

    def _container_list(self, number: int) -> list[str]:
        """The containers of an item: those that name it, and those that name none."""
        found = [c for at, numbers in self._containers if at in (None, number) for c in numbers]
        return list(dict.fromkeys(found))

    def _documents(self, item: Node) -> list[dict[str, Any]] | None:
        papers: list[dict[str, Any]] = []
        for fields in _papers(item):
            code = fields.get("code")
            paper: dict[str, Any] = {"kind": self._map.documents.get(code or "", code or "UNKNOWN")}
            if fields.get("reference"):
                paper["number"] = fields["reference"]
            try:
                day = self._day("documents.issued", fields.get("date"))
            except RowError:
                # Not known on which day; what stands there is kept for a person to read.
                paper["issued_text"] = fields["date"]
            else:
                if day is not None:
                    paper["issued"] = day.isoformat()
            if fields.get("name"):
                paper["name"] = fields["name"]
            if code is not None and paper["kind"] != code:
                paper["code"] = code
            papers.append(paper)
        licence = item.get("Licence_number", "License_number")
        if licence is not None:
            papers.append({"kind": self._map.licence_kind or _UNKNOWN_LICENCE, "number": licence})
        return papers or None

    def _passed_through(self, item: Node, tariff: str) -> dict[str, str | None]:
        registration = self._registration
        return {
            "asycuda.office": self._header("Customs_clearance_office_code"),
            "asycuda.registration": registration.get("Number") if registration is not None else None,
            "asycuda.flow": self._header("Sad_flow"),
            "asycuda.type": self._header("Type_of_declaration"),
            "asycuda.manifest": self._header("Manifest_reference_number"),
            "asycuda.declarant": self._header("Declarant_code"),
            "asycuda.first_destination": self._header("Country_first_destination"),
            "asycuda.trading_country": self._header("Trading_country"),
            "asycuda.place_of_loading": self._section("Place_of_loading", "Code", "Name"),
            "asycuda.border_office": self._section("Border_office", "Code", "Name"),
            "asycuda.tariff": tariff if len(tariff) > 10 else None,
            "asycuda.procedure": item.get("Extended_customs_procedure"),
            "asycuda.national_procedure": item.get("National_customs_procedure"),
            "asycuda.packages": item.get("Number_of_packages"),
            "asycuda.package_kind": item.get("Kind_of_packages_code"),
            "asycuda.supplementary_unit": item.get("Supplementary_unit_code"),
            "asycuda.supplementary_quantity": item.get("Supplementary_unit_quantity"),
            "asycuda.bill_of_lading": item.get("Summary_declaration"),
            "asycuda.licence_amount": item.get("Amount_deducted_from_licence"),
            "asycuda.licence_quantity": item.get("Quantity_deducted_from_licence"),
            "asycuda.statistical_value": item.get("Statistical_value"),
        }


_DATE_NAMES = frozenset(plain_name(name) for name in ("Date", "Attached_document_date", "Date_of_declaration"))
_PAPER_FIELDS = {plain_name(f"Attached_document_{name}"): name for name in ("code", "name", "reference", "date")}


def _papers(item: Node) -> list[dict[str, str]]:
    """Attached papers, whether their element is repeated, wraps others, or holds several in a row."""
    papers: list[dict[str, str]] = []
    for holder in item.all("Attached_documents", "Attached_document"):
        current: dict[str, str] = {}
        for member in holder.members:
            name = _PAPER_FIELDS.get(member.name)
            if name is None or member.value is None:
                continue
            if name in current:
                papers.append(current)
                current = {}
            current[name] = member.value
        if current:
            papers.append(current)
    return papers


def _state(text: str | None) -> str | None:
    """The alpha-2 code where the text is a State's code or English name, else the text, for screening to
    refuse."""
    return None if text is None else alpha2(text) or text


def _tariff(item: Node) -> str:
    parts = [item.get("Commodity_code") or ""]
    parts += [item.get(f"Precision_{n}") or "" for n in range(1, 5)] if parts[0] else []
    return "".join(c for part in parts for c in part if c.isalnum())


def _party(text: str | None) -> tuple[str | None, str | None]:
    """Name and address: the first line, and the rest. Some writers put the two signs `\\n` for a new line."""
    if text is None:
        return None, None
    lines = [line.strip(" ,") for line in text.replace("\\n", "\n").splitlines() if line.strip(" ,")]
    if not lines:
        return None, None
    return lines[0], ", ".join(lines[1:]) or None


def _joined(*texts: str | None) -> str | None:
    """The texts in one, each once, blanks squeezed."""
    parts = list(dict.fromkeys(" ".join(text.split()) for text in texts if text))
    return " | ".join(parts) or None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _container_numbers(text: str | None) -> list[str]:
    if text is None:
        return []
    found = [re.sub(r"[\s-]", "", match) for match in _CONTAINER.findall(text.upper())]
    return found or [part for part in re.split(r"[,;/\s]+", text) if part]
