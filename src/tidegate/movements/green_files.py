"""Lists of green-listed shipments as CSV or XLSX: flat rows read into forms, each slip named by row, field and value.

The files are read by the room of formats: encodings and separators are found, a workbook's formulas are not calculated,
what is too large or built to hurt is refused as a whole.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.formats import ColumnMap, FormatError, Limits, RowError, open_shipments
from tidegate.formats.cells import FALSE_WORDS, TRUE_WORDS, cell_text, hs_text
from tidegate.formats.dates import parse_day
from tidegate.formats.safety import guard
from tidegate.movements.green import Problem
from tidegate.parties.commanding import Refused
from tidegate.screening.shipment import FIELDS as LOAD_FIELDS

MAX_BYTES = 10 * 1024 * 1024
LIMITS = Limits(
    columns=300, zip_bytes=100 * 1024 * 1024, zip_parts=500, shared_text_bytes=32 * 1024 * 1024,
    line_bytes=1024 * 1024,
)  # fmt: skip
CARRIERS = 5
_PARTY = ("name", "registration", "address", "contact", "telephone", "email")
_LISTS = {
    "basel": "codes.basel", "oecd": "codes.oecd", "annex_iiia": "codes.annex_iiia", "annex_iiib": "codes.annex_iiib",
    "ec_list": "codes.ec_list", "national_code": "codes.national", "hs": "codes.hs", "transit": "transit",
    "containers": "containers",
}  # fmt: skip
_PLAIN = (
    "reference", "state_export", "state_import", "exit", "entry", "operation", "designation", "contract",
)  # fmt: skip
# The columns of the list, in the order of the form. `quantity_t` may stand instead of `quantity_kg`.
COLUMNS: tuple[str, ...] = (
    "reference",
    *(f"arranger_{name}" for name in _PARTY),
    *(f"importer_{name}" for name in _PARTY),
    "quantity_kg", "quantity_t", "quantity_m3", "planned_on",
    *(f"carrier_{n}_{name}" for n in range(1, CARRIERS + 1) for name in ("name", "registration", "means")),
    *(f"generator_{name}" for name in ("name", "registration", "address", "site", "process")),
    *(f"facility_{name}" for name in ("name", "registration", "address", "site")), "laboratory",
    "operation", "designation", "basel", "oecd", "annex_iiia", "annex_iiib", "ec_list", "national_code", "hs",
    "state_export", "transit", "state_import", "exit", "entry", "contract", "contract_on", "containers",
    "polymers", "contamination_pct", "hazardous",
)  # fmt: skip
NEEDED = (
    "arranger_name", "importer_name", "planned_on", "carrier_1_name", "facility_name", "operation", "designation",
    "state_export", "state_import", "contract",
)  # fmt: skip
# Beside COLUMNS: a fact of the rulebook, as `fact_source`.
FACT = "fact_"
_DAYS = ("planned_on", "contract_on")


@dataclass(frozen=True)
class Row:
    """A row of a list: its number among the rows, its line in the file, the form that it makes, what is wrong."""

    number: int
    line: int | None
    reference: str
    content: Any
    errors: Sequence[Problem]


@dataclass(frozen=True)
class Table:
    """A file that was read. `notes` say what was assumed, and which columns were not understood."""

    rows: list[Row]
    notes: list[str]


def read(data: bytes, name: str, *, most: int) -> Table:
    """The rows of a CSV or XLSX file. Raises Refused: file, rows (more than `most`)."""
    if not data or len(data) > MAX_BYTES:
        raise _refused(name, _("The file is empty or too large."), f"{len(data)} bytes", f"1-{MAX_BYTES} bytes")
    kind = "xlsx" if data[:2] == b"PK" else "csv"
    try:
        with open_shipments(io.BytesIO(data), format=kind, map=ColumnMap(name="green"), limits=LIMITS) as reader:
            names = [_column(str(one)) for one in reader.columns or ()]
            missing = [one for one in NEEDED if one not in names]
            if not {"quantity_kg", "quantity_t"} & set(names):
                missing.append("quantity_kg")
            if missing:
                raise _refused(name, _("Columns are missing."), ", ".join(names[:40]), ", ".join(missing))
            strange = [one for one in names if one and one not in COLUMNS and not one.startswith(FACT)]
            rows: list[Row] = []
            for number, line, cells, error in reader.table_rows() or ():
                if len(rows) >= most:
                    raise Refused("rows", _("There are too many rows: divide the file."), field="file",
                                  value=f"> {most}", expected=f"≤ {most}")  # fmt: skip
                rows.append(_row(number, line, names, cells, error))
            notes = [*reader.notes, *([f"not read: {', '.join(strange)}"] if strange else [])]
    except FormatError as error:
        raise _refused(name, str(error), str(error.value or "")[:120], error.expected or _("CSV or XLSX")) from None
    if not rows:
        raise _refused(name, _("There are no rows below the header."), 0, _("one row or more"))
    return Table(rows, notes)


def _refused(name: str, text: Any, value: Any, expected: Any) -> Refused:
    return Refused("file", text, field="file", value=f"{name[:60]}: {value}", expected=expected)


def _column(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.strip().casefold()).strip("_")


def _row(number: int, line: int | None, names: Sequence[str], cells: Sequence[Any] | None, error: Any) -> Row:
    if cells is None or error is not None:
        slip = error if isinstance(error, RowError) else RowError("line", None, "a row that can be read")
        return Row(number, line, "", None, [(slip.field, slip.value, slip.expected)])
    given = {name: cell for name, cell in zip(names, cells, strict=False) if name}
    said = {name: _text(cell) for name, cell in given.items()}
    errors: list[Problem] = []
    content = form(said, given, errors)
    return Row(number, line, said.get("reference", "")[:64], content, errors)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell_text(cell).strip()


def form(said: Mapping[str, str], given: Mapping[str, Any], errors: list[Problem]) -> dict[str, Any]:
    """The form that a row of texts makes (`given` are the cells themselves); what cannot be read goes to `errors`."""
    out: dict[str, Any] = {"codes": {}, "load": {}}
    for name in _PLAIN:
        if said.get(name):
            out[name] = said[name]
    for name, path in _LISTS.items():
        text = said.get(name, "")
        if name == "hs" and given.get("hs") not in (None, ""):
            try:
                text = hs_text(given["hs"])
            except RowError as slip:
                errors.append(("hs", said["hs"], slip.expected))
                continue
        words = [word.strip() for word in re.split(r"[,;/\s]+", text) if word.strip()]
        if words:
            found = [word.upper() for word in words] if name != "national_code" else words
            if path.startswith("codes."):
                out["codes"][path.removeprefix("codes.")] = found
            else:
                out[path] = found
    for whose in ("arranger", "importer", "generator", "facility"):
        start = f"{whose}_"
        party = {name.removeprefix(start): text for name, text in said.items() if name.startswith(start) and text}
        out[whose] = {name: text for name, text in party.items() if f"{start}{name}" in COLUMNS}
    out["carriers"] = _carriers(said)
    for name in _DAYS:
        if said.get(name):
            out[name] = _day(name, given.get(name), said[name], errors)
    _masses(said, out, errors)
    if said.get("laboratory"):
        out["laboratory"] = bool(_truth("laboratory", said["laboratory"], errors))
    _load(said, out["load"], errors)
    return out


def _carriers(said: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for number in range(1, CARRIERS + 1):
        one = {name: said.get(f"carrier_{number}_{name}", "") for name in ("name", "registration", "means")}
        if any(one.values()):
            means = [sign for sign in re.split(r"[,;/\s]+", one.pop("means").upper()) if sign]
            found.append({**one, "means": means})
    return found


def _day(name: str, cell: Any, text: str, errors: list[Problem]) -> str | None:
    if isinstance(cell, date):
        return text
    try:
        return parse_day(text).isoformat()
    except ValueError:
        errors.append((name, text, _("a day that can be read in one way, best as YYYY-MM-DD")))
        return None


def _masses(said: Mapping[str, str], out: dict[str, Any], errors: list[Problem]) -> None:
    kg, tonnes = said.get("quantity_kg", ""), said.get("quantity_t", "")
    if kg and tonnes:
        errors.append(("quantity_t", tonnes, _("a quantity in kilograms or in tonnes, not both")))
        return
    for name in ("quantity_kg", "quantity_t", "quantity_m3"):
        if not said.get(name):
            continue
        figure = _figure(name, said[name], errors)
        if figure is not None:
            # A tonne is a thousand kilograms: exact, whatever the unit of the list.
            exact = figure * 1000 if name == "quantity_t" else figure
            out["quantity_kg" if name == "quantity_t" else name] = format(exact, "f")


def _figure(name: str, text: str, errors: list[Problem]) -> Decimal | None:
    try:
        found = Decimal(text)
        if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text):
            raise InvalidOperation
    except InvalidOperation:
        errors.append((name, text, _("a number such as 24000 or 24000.5, with a point and no separators")))
        return None
    return found


def _truth(name: str, text: str, errors: list[Problem]) -> bool | None:
    folded = text.casefold()
    if folded in TRUE_WORDS or folded in FALSE_WORDS:
        return folded in TRUE_WORDS
    errors.append((name, text, _("yes, no, or nothing where it is not known")))
    return None


def _load(said: Mapping[str, str], load: dict[str, Any], errors: list[Problem]) -> None:
    if said.get("hazardous"):
        load["hazardous"] = _truth("hazardous", said["hazardous"], errors)
    if said.get("contamination_pct") and (found := _figure("contamination_pct", said["contamination_pct"], errors)):
        load["contamination_pct"] = format(found, "f")
    elif said.get("contamination_pct", "").strip("0.") == "" and said.get("contamination_pct"):
        load["contamination_pct"] = "0"
    if said.get("polymers"):
        shares = {}
        for part in re.split(r"[;,]", said["polymers"]):
            match = re.fullmatch(r"\s*([A-Za-z][A-Za-z0-9_-]*)\s*[:= ]\s*([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*%?\s*", part)
            if match is None:
                errors.append(("polymers", said["polymers"], _("shares of mass such as PE 98.5; PP 1.5")))
                return
            shares[match[1].upper()] = match[2]
        load["polymers"] = shares
    for name, text in said.items():
        if name.startswith(FACT) and text:
            fact = name.removeprefix(FACT)
            (load if fact in LOAD_FIELDS else load.setdefault("facts", {}))[fact] = _fact(text)


def _fact(text: str) -> Any:
    folded = text.casefold()
    if folded in ("yes", "true"):
        return True
    return False if folded in ("no", "false") else text


# ── what goes out ────────────────────────────────────────────────────────────────────────────────────────────

EXAMPLE: Mapping[str, str] = {
    "reference": "EX-0001", "arranger_name": "Example Traders (fictitious)", "arranger_registration": "EX-1",
    "arranger_address": "1 Sample Street", "arranger_email": "office@example.test",
    "importer_name": "Example Imports (fictitious)", "quantity_kg": "24000", "planned_on": "2027-03-01",
    "carrier_1_name": "Example Line (fictitious)", "carrier_1_means": "S", "facility_name": "Example Recycling "
    "(fictitious)", "operation": "R3", "designation": "Polyethylene film, baled", "basel": "B3011", "hs": "3915.10",
    "state_export": "VN", "state_import": "AU", "contract": "EX-CONTRACT-1", "containers": "EXAU0000001",
    "polymers": "PE 99.5", "contamination_pct": "0.5", "hazardous": "no",
}  # fmt: skip


def template() -> str:
    """The list to fill in, as CSV: its columns, and one row that shows how."""
    return _csv(COLUMNS, [[EXAMPLE.get(name, "") for name in COLUMNS]])


def rejects(rows: Sequence[Mapping[str, Any]]) -> str:
    """What was wrong, as CSV: row, line, reference, field, value, expected. No cell is run by a spreadsheet."""
    names = ("row", "line", "reference", "field", "value", "expected")
    return _csv(names, [["" if one.get(n) is None else str(one[n]) for n in names] for one in rows])


def _csv(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    import csv

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([guard(cell) for cell in row] for row in rows)
    return "\ufeff" + text.getvalue()
