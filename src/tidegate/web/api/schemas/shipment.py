"""The shipment of the contract, as the API's documentation shows it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tidegate.law.annexes import ANNEX_I, ANNEX_III

Percent = Annotated[float, Field(ge=0, le=100)]
Amount = Annotated[float, Field(ge=0)]
# The words of the rulebook in force take the place of these marks when the document is made.
StateCode = Annotated[str, Field(json_schema_extra={"x-vocabulary": "StateCode"})]
HsEdition = Annotated[str, Field(json_schema_extra={"x-vocabulary": "HsEdition"})]
Facts = Annotated[dict[str, Any], Field(json_schema_extra={"x-vocabulary": "Facts"})]
Layer = Annotated[
    str, Field(pattern=r"^[A-Z]{2}:(import|export|transit)$", json_schema_extra={"x-vocabulary": "Layer"})
]
Operation = Literal[
    "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13",
    "D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "D9", "D10", "D11", "D12", "D13", "D14", "D15", "product",
]  # fmt: skip

CLEAN_PE: dict[str, Any] = {
    "id": "2026-000417-1",
    "date": "2026-11-21",
    "export": "JP",
    "import": "MY",
    "hs": "391510",
    "operation": "R3",
    "waste": True,
    "polymers": {"PE": 99},
    "contamination_pct": 1,
    "halogenated": False,
    "hazardous": False,
    "net_kg": 24000,
    "documents": [
        {"kind": "COA", "number": "COA-2026-0117", "issued": "2026-10-02"},
        {"kind": "PSI_REPORT", "issued": "2026-11-02"},
    ],
    "facts": {"form": "bale", "source": "industrial", "zone": "none"},
}
THROUGH_VIET_NAM: dict[str, Any] = {
    "id": 7,
    "date": "2026-11-21",
    "export": "GB",
    "import": "LA",
    "transit": [{"state": "VN", "arrived": "2026-11-18", "facts": {"enters_territory": True, "used": True}}],
    "hs": "391590",
    "polymers": {"PE": 60, "PP": 30},
    "contamination_pct": 8,
}


class Events(BaseModel):
    """Days of the single events. `date` stands in for every one left out."""

    model_config = ConfigDict(extra="allow")

    declared: date | None = None
    departed: date | None = None
    bill_of_lading: date | None = None
    arrived: date | None = None
    import_completed: date | None = None


class Stop(BaseModel):
    """A State passed through, with its own days and facts."""

    model_config = ConfigDict(extra="allow")

    state: StateCode
    arrived: date | None = None
    departed: date | None = None
    facts: Facts | None = None


class Renewal(BaseModel):
    """One renewal of a paper: its days are added to the end."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    start: date | None = Field(None, alias="from")
    days: Annotated[int, Field(ge=0)] | None = None


class Document(BaseModel):
    """A paper held. A kind that no rule asks for is kept and satisfies nothing."""

    model_config = ConfigDict(extra="allow")

    kind: str = Field(
        pattern=r"\S",
        description="A kind of GET /law/documents, such as COA or CONSENT:MY.",
        examples=["COA"],
    )
    number: str | None = None
    issued: date | None = None
    valid_from: date | None = None
    valid_to: date | None = Field(None, description="The last day of validity, that day included.")
    value: float | None = Field(None, description="In the unit that the rule names, such as % of the goods' value.")
    standard: str | None = Field(None, examples=["QCVN32:2018"])
    renewals: list[Renewal] | None = None


class Party(BaseModel):
    """Who sends, receives or treats it."""

    model_config = ConfigDict(extra="allow")

    name: str | None = None
    id: str | None = None
    address: str | None = None


class Shipment(BaseModel):
    """One consignment line. `null`, or a field left out, means not known: never false, never zero.

    `id`, `date`, `export` and `import` are required. Unknown fields and unknown keys of `facts` come back unchanged.
    Text that spells a number, a truth value or a list joined by `;` is read as such, as in files.
    """

    model_config = ConfigDict(
        extra="allow", populate_by_name=True, json_schema_extra={"examples": [CLEAN_PE, THROUGH_VIET_NAM]}
    )

    id: Annotated[str, Field(min_length=1)] | int = Field(
        description="The caller's key; comes back unchanged, as text."
    )
    day: date = Field(
        alias="date",
        description="The day of the border event; stands in for every event that `events` leaves out.",
    )
    events: Events | None = None
    export: StateCode = Field(description="State of export.")
    import_: StateCode = Field(alias="import", description="State of import.")
    origin: StateCode | None = Field(None, description="State of origin; the State of export where left out.")
    transit: list[StateCode | Stop] | None = Field(
        None, description="States passed through, in order; none means direct."
    )
    consignment: str | None = Field(None, description="Groups lines that travel together.")
    hs: Annotated[str, Field(pattern=r"^[0-9]{4,10}$")] | None = Field(
        None, description="Declared code, 4 to 10 digits, as text."
    )
    hs_edition: HsEdition | None = Field(None, description="The edition in force on `date` where left out.")
    description: str | None = None
    declared_entry: str | None = Field(None, description="The Basel entry on the papers: evidence, never the answer.")
    operation: Operation | None = Field(
        None, description="R and D operation of the Convention; `product`: claimed not to be waste."
    )
    waste: bool | None = None
    polymers: dict[str, Percent | None] | None = Field(
        None,
        description="ISO 1043 code to % of mass; `mixed` for not identified. With `contamination_pct`, 100 at most.",
    )
    contamination_pct: Percent | None = Field(
        None, description="Foreign matter, % of mass: neither the polymers nor the `material` named."
    )
    halogenated: bool | None = None
    hazardous: bool | None = None
    annex_i: list[Annotated[str, Field(json_schema_extra={"enum": [*ANNEX_I]})]] | None = None
    annex_iii: list[Annotated[str, Field(json_schema_extra={"enum": [*ANNEX_III]})]] | None = None
    consumer: Literal["pre", "post"] | None = None
    material: str | None = Field(None, description="What it is when it is not (only) plastic, such as paper or cable.")
    net_kg: Amount | None = None
    gross_kg: Amount | None = None
    value: Amount | None = None
    currency: str | None = None
    consignor: Party | None = None
    consignee: Party | None = None
    facility: Party | None = None
    containers: list[str] | None = Field(None, description="ISO 6346 numbers.")
    documents: list[Annotated[str, Field(pattern=r"\S")] | Document] | None = Field(
        None,
        description="Papers held; a bare text is a kind; `[]` means none held, left out means not known.",
    )
    facts: Facts | None = Field(None, description='Facts of GET /law/facts; scoped to a layer as {"VN:transit": {…}}.')
    evaluate: list[Layer] | None = Field(
        None,
        description="Only these national layers, without the international ones; left out means every layer.",
    )
