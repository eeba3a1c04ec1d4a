"""The content of a notification document as typed data, and the two forms that number its blocks.

`Content` is the whole document, blocks 1 to 21 of the present form (decision VIII/18); `Blocks` the part that has no
column of its own. `to_form` and `from_form` write and read the blocks of a form generation by number, without loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from tidegate.parties.commanding import Refused

FORM_2006: Literal["viii-18"] = "viii-18"
FORM_OLD: Literal["1994"] = "1994"
FORMS: dict[str, Any] = {
    FORM_2006: _("Notification document of decision VIII/18 (21 blocks)"),
    FORM_OLD: _("Older notification form (23 blocks)"),
}


def _exact(value: Any) -> Any:
    if isinstance(value, float | bool):
        raise ValueError("a number as text, not a binary fraction")
    return value


Number = Annotated[Decimal, BeforeValidator(_exact), PlainSerializer(lambda d: format(d, "f"), return_type=str)]
Text = Annotated[str, Field(max_length=20_000)]
Line = Annotated[str, Field(max_length=300)]


class _Part(BaseModel):
    """Unknown fields are refused: what nobody shows must not travel."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, validate_default=True)


class Party(_Part):
    """A person or company as the form asks for it."""

    registration: Line = ""
    name: Line = ""
    address: Text = ""
    contact: Line = ""
    telephone: Line = ""
    fax: Line = ""
    email: Line = ""


class Carrier(Party):
    """Block 8: a carrier and its means of transport (R, T, S, A, W)."""

    means: list[str] = []


class Generator(Party):
    """Block 9: a generator, with site and process."""

    site: Text = ""
    process: Text = ""
    process_second: Text = ""


class Facility(Party):
    """Block 10: the facility, and the actual site."""

    site: Text = ""


class FurtherFacility(Facility):
    """Block 10, or its annex: another facility that a shipment may go to, for an interim or a final operation."""

    interim: bool = False


class Constituent(_Part):
    """A major constituent of the waste and its share of mass in per cent."""

    name: Line
    percent: Number | None = None
    hazardous: bool | None = None


class Codes(_Part):
    """Block 14, (i) to (xii)."""

    basel: list[str] = []
    oecd: list[str] = []
    ec_list: list[str] = []
    national_export: list[str] = []
    national_import: list[str] = []
    other: list[str] = []
    y: list[str] = []
    h: list[str] = []
    un_class: list[str] = []
    un_number: list[str] = []
    un_name: list[str] = []
    hs: list[str] = []


class Declaration(_Part):
    """Block 17: who declares, when. The signature is that of the command that submits."""

    name: Line = ""
    day: date | None = None
    made: bool = False


class Stop(_Part):
    """Block 15: a State concerned, its authority's code number, points of entry and exit."""

    state: str
    role: Literal["export", "transit", "import"]
    authority_code: Line = ""
    entry: Line = ""
    exit: Line = ""


class CustomsOffices(_Part):
    """Block 16: offices of entry, exit and export (used by the Union)."""

    entry: Line = ""
    exit: Line = ""
    export: Line = ""


class Acknowledgement(_Part):
    """Block 19: an authority of import or transit has it."""

    state: str
    received_on: date | None = None
    sent_on: date | None = None


class Decision(_Part):
    """Blocks 20 and 21: an authority's consent, or its reasons for objecting."""

    state: str
    outcome: str
    decided_on: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    conditional: bool = False
    # As the authority gave them, with the language in which they bind and that of their translation.
    conditions: list[dict[str, Any]] = []
    grounds: list[dict[str, Any]] = []
    text: Text = ""
    text_second: Text = ""
    language: Line = ""
    second_language: Line = ""


class Blocks(_Part):
    """What the notification says beside its columns. Field names are the same in every form.

    `language` is that of the texts, which binds; a text's `_second` is its translation into `second_language`.
    """

    language: Line = ""
    second_language: Line = ""

    exporter: Party = Party()
    importer: Party = Party()
    packaging: list[str] = []
    packaging_other: Line = ""
    packaging_other_second: Line = ""
    special_handling: bool | None = None
    handling: Text = ""
    handling_second: Text = ""
    carriers: list[Carrier] = []
    generators: list[Generator] = []
    facility: Facility = Facility()
    further_facilities: list[FurtherFacility] = []
    operations: list[str] = []
    technology: Text = ""
    technology_second: Text = ""
    reason_for_export: Text = ""
    reason_for_export_second: Text = ""
    designation: Text = ""
    designation_second: Text = ""
    composition: list[Constituent] = []
    physical: list[str] = []
    physical_other: Line = ""
    physical_other_second: Line = ""
    codes: Codes = Codes()
    customs: CustomsOffices = CustomsOffices()
    exporter_declaration: Declaration = Declaration()
    generator_declaration: Declaration = Declaration()
    basis: Literal["net", "gross", "dry"] = "net"
    annexes: int | None = Field(default=None, ge=0, le=999)
    # What an older form has and the present one has not: its own identification codes, for instance.
    remarks: Text = ""
    remarks_second: Text = ""


class Content(Blocks):
    """The whole document: blocks and columns, route, acknowledgements and decisions."""

    form_version: Literal["viii-18", "1994"] = FORM_2006
    number: Line = ""
    multiple: bool = False
    disposal: bool = False
    preconsented: bool = False
    shipments: int | None = Field(default=None, ge=1)
    quantity_kg: Number | None = None
    quantity_m3: Number | None = None
    first_departure: date | None = None
    last_departure: date | None = None
    route: list[Stop] = []
    acknowledgements: list[Acknowledgement] = []
    decisions: list[Decision] = []


# ── the two forms ────────────────────────────────────────────────────────────────────────────────────────────
# Block to (what it is called, the fields of Content that stand in it). A field may stand in a part of a block ("3A").
LAYOUT_2006: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "1": (_("Exporter or notifier"), ("exporter",)),
    "2": (_("Importer or consignee"), ("importer",)),
    "3": (_("Notification number; single or several, disposal or recovery, pre-consented"),
          ("number", "multiple", "disposal", "preconsented")),
    "4": (_("Total intended number of shipments"), ("shipments",)),
    "5": (_("Total intended quantity"), ("quantity_kg", "basis", "quantity_m3")),
    "6": (_("Intended period"), ("first_departure", "last_departure")),
    "7": (_("Packaging and special handling"),
          ("packaging", "packaging_other", "packaging_other_second", "special_handling", "handling",
           "handling_second")),
    "8": (_("Intended carriers"), ("carriers",)),
    "9": (_("Waste generators"), ("generators",)),
    "10": (_("Disposal or recovery facility"), ("facility", "further_facilities")),
    "11": (_("Operation, technology, reason for export"),
           ("operations", "technology", "technology_second", "reason_for_export", "reason_for_export_second")),
    "12": (_("Designation and composition"), ("designation", "designation_second", "composition")),
    "13": (_("Physical characteristics"), ("physical", "physical_other", "physical_other_second")),
    "14": (_("Waste identification"), ("codes",)),
    "15": (_("States concerned, authorities, points of entry and exit"), ("route",)),
    "16": (_("Customs offices"), ("customs",)),
    "17": (_("Declarations of exporter and generator"), ("exporter_declaration", "generator_declaration")),
    "18": (_("Number of annexes"), ("annexes", "language", "second_language")),
    "19": (_("Acknowledgement"), ("acknowledgements",)),
    "20": (_("Consent"), ("decisions",)),
    "21": (_("Conditions, or reasons for objecting"), ("remarks", "remarks_second")),
}  # fmt: skip
# As seen at docsbay.net/doc/1191216 and described in facts/movement.md 3.1; codes of block 14 stand in 15 to 19 there.
LAYOUT_OLD: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "1": (_("Exporter, and reason for export"), ("exporter", "reason_for_export", "reason_for_export_second")),
    "2": (_("Importer"), ("importer",)),
    "3": (_("Kind of notification"), ("number", "multiple", "disposal", "preconsented")),
    "4": (_("Total intended number of shipments"), ("shipments",)),
    "5": (_("Estimated quantity"), ("quantity_kg", "basis", "quantity_m3")),
    "6": (_("Intended dates"), ("first_departure", "last_departure")),
    "7": (_("Intended carriers"), ("carriers",)),
    "8": (_("Disposer, and actual site"), ("facility", "further_facilities")),
    "9": (_("Method of disposal, technology"), ("operations", "technology", "technology_second")),
    "10": (_("Waste generators, site and process"), ("generators",)),
    "11": (_("Means of transport"), ("means",)),
    "12": (_("Packaging types"), ("packaging", "packaging_other", "packaging_other_second")),
    "13": (_("Designation and composition; special handling"),
           ("designation", "designation_second", "composition", "special_handling", "handling", "handling_second")),
    "14": (_("Physical characteristics"), ("physical", "physical_other", "physical_other_second")),
    "15": (_("Waste identification codes, customs code"),
           ("codes.basel", "codes.ec_list", "codes.national_export", "codes.national_import", "codes.other",
            "codes.hs")),
    "16": (_("OECD classification"), ("codes.oecd",)),
    "17": (_("Y-number"), ("codes.y",)),
    "18": (_("H-number"), ("codes.h",)),
    "19": (_("UN number, class and shipping name"), ("codes.un_number", "codes.un_class", "codes.un_name")),
    "20": (_("States concerned, authorities, points of entry and exit"), ("route",)),
    "21": (_("Customs offices"), ("customs",)),
    "22": (_("Number of annexes"), ("annexes", "language", "second_language")),
    "23": (_("Declarations of exporter and generator"), ("exporter_declaration", "generator_declaration")),
    # Below the line, for the authorities' use.
    "24": (_("Acknowledgement"), ("acknowledgements",)),
    "25": (_("Consent, conditions, reasons for objecting"), ("decisions", "remarks", "remarks_second")),
}  # fmt: skip
LAYOUTS: Mapping[str, Mapping[str, tuple[Any, tuple[str, ...]]]] = {FORM_2006: LAYOUT_2006, FORM_OLD: LAYOUT_OLD}


def to_form(content: Content, version: str = "") -> dict[str, dict[str, Any]]:
    """The blocks of a form by number, each a mapping from field to value (JSON). Lossless: see `from_form`."""
    said = content.model_dump(mode="json")
    said["means"] = [carrier.pop("means") for carrier in said["carriers"]] if _old(version, content) else []
    out: dict[str, dict[str, Any]] = {}
    for block, (_label, fields) in LAYOUTS[version or content.form_version].items():
        out[block] = {path: _at(said, path) for path in fields}
    return out


def from_form(version: str, blocks: Mapping[str, Mapping[str, Any]]) -> Content:
    """The content of a form whose blocks are given by number.

    Raises Refused("form") that names block, field and expectation where a block or a field is not the form's.
    """
    layout = LAYOUTS.get(version)
    if layout is None:
        raise _refused("form_version", version, ", ".join(LAYOUTS))
    said: dict[str, Any] = {"form_version": version}
    for block, values in blocks.items():
        if block not in layout:
            raise _refused(f"block {block}", "", f"blocks {', '.join(layout)}")
        for path, value in values.items():
            if path not in layout[block][1]:
                raise _refused(f"block {block}: {path}", value, ", ".join(layout[block][1]))
            _put(said, path, value)
    means = said.pop("means", None)
    if means is not None:
        carriers = said.get("carriers", [])
        if len(means) != len(carriers):
            raise _refused("block 11: means", means, "one list of means for each carrier of block 7")
        said["carriers"] = [{**carrier, "means": kinds} for carrier, kinds in zip(carriers, means, strict=True)]
    return read(Content, said)


def _old(version: str, content: Content) -> bool:
    return (version or content.form_version) == FORM_OLD


def _at(said: Mapping[str, Any], path: str) -> Any:
    head, _dot, tail = path.partition(".")
    return _at(said[head], tail) if tail else said[head]


def _put(said: dict[str, Any], path: str, value: Any) -> None:
    head, _dot, tail = path.partition(".")
    if tail:
        _put(said.setdefault(head, {}), tail, value)
    else:
        said[head] = value


def read(kind: type[Any], said: Any) -> Any:
    """A model from plain data. Raises Refused("form") that names the first field, its value and what was expected."""
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise _refused(path, first.get("input"), first["msg"]) from None


def _refused(field: str, value: Any, expected: str) -> Refused:
    shown = str(value)
    return Refused(
        "form",
        _("The form cannot be read."),
        field=field,
        value=shown if len(shown) <= 120 else shown[:119] + "…",
        expected=expected,
    )
