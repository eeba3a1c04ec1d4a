"""The field names of the screening contract and the shape of each, as far as a table needs to know.

Whether a value is a real State, a percentage below 100 or a day that exists is for `tidegate.screening` to
say. Here it only matters which column belongs to which object, which cell holds a list, and which is true
or false.
"""

from __future__ import annotations

from typing import Final

#: A shipment that lacks one of these is a reject.
REQUIRED: Final = ("id", "date", "export", "import")
#: Plain text; kept as it stands.
TEXT: Final = (
    "id", "date", "export", "import", "origin", "consignment", "hs", "hs_edition", "description",
    "declared_entry", "operation", "consumer", "material", "currency",
)  # fmt: skip
#: Numbers, carried as decimal text so that no digit is lost on the way.
NUMBERS: Final = ("contamination_pct", "net_kg", "gross_kg", "value")
#: True, false or not known.
FLAGS: Final = ("waste", "halogenated", "hazardous")
#: Lists of words, joined by ";" in a cell (or JSON where a word holds one).
LISTS: Final = ("annex_i", "annex_iii", "containers", "evaluate")
#: Lists whose members may be words or objects: words joined by ";", objects as JSON.
MIXED_LISTS: Final = ("transit", "documents")
#: Objects with a fixed set of keys, one column each.
PARTIES: Final = ("consignor", "consignee", "facility")
PARTY_KEYS: Final = ("name", "id", "address")
EVENTS: Final = ("declared", "departed", "bill_of_lading", "arrived", "import_completed")
#: Objects whose keys are open.
OPEN_OBJECTS: Final = ("polymers", "facts")

ROOTS: Final = frozenset((*TEXT, *NUMBERS, *FLAGS, *LISTS, *MIXED_LISTS, *PARTIES, "events", *OPEN_OBJECTS))

#: Type of each fact of the contract: "bool", "number", "text", or "bool_or_text". The rulebook's own registry
#: can be handed to the readers instead (`fact_types=`), so that a new fact needs no change here.
FACT_TYPES: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            "separate_recycling", "r3_documented", "to_specification", "plant_on_approved_list",
            "listed_item", "gate_listed", "food_residue", "own_plant", "output_exported", "direct_shipment",
            "cut", "cleaned", "used", "enters_territory", "destination_on_licence", "temporary_import",
        ),
        "bool",
    ),
    **dict.fromkeys(
        (
            "storage_steps", "foreign_matter_pct", "other_polymer_pct", "other_listed_hs_pct",
            "target_purity_pct", "household_refuse_pct",
        ),
        "number",
    ),
    **dict.fromkeys(
        ("form", "zone", "ap_status", "importer_type", "source", "mode", "customs_regime", "gate"), "text"
    ),
    "processed": "bool_or_text",
}  # fmt: skip


def canonical(column: str) -> str | None:
    """The contract's name for a flat column, or None when the contract does not know it.

    Case does not matter for the fixed names ("Net_KG", "Consignee.ID"); the open part after `polymers.` and
    `facts.` is kept as written.
    """
    name = column.strip()
    root, dot, rest = name.partition(".")
    root = root.lower()
    if root not in ROOTS:
        return None
    if not dot:
        return root
    if not rest:
        return None
    if root in OPEN_OBJECTS:
        return f"{root}.{rest}"
    if root == "events" and rest.lower() in EVENTS:
        return f"events.{rest.lower()}"
    if root in PARTIES and rest.lower() in PARTY_KEYS:
        return f"{root}.{rest.lower()}"
    return None
