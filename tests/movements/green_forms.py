"""Green-listed shipments for tests: a complete form, the same as a row of a list, who acts, and what came of it."""

from __future__ import annotations

from typing import Any

from tests.movements.cases import actor, organisation, party, state
from tidegate.movements import machines
from tidegate.movements.models import GreenShipment
from tidegate.parties.models import JournalEntry

CLEAN = {"hazardous": False, "polymers": {"PE": "99.5"}, "contamination_pct": "0.5"}
# Two polymers with PVC: Y48, which needs consent.
MIXED = {"hazardous": False, "polymers": {"PE": "60", "PVC": "30"}, "contamination_pct": "10"}
STATES = ("TH", "SG", "DE")


def ready(*codes: str) -> None:
    """The States with their companies."""
    for code in codes or STATES:
        state(code)
        for kind in ("notifier", "consignee", "facility", "carrier", "customs"):
            organisation(code, kind)


def form(**more: Any) -> dict[str, Any]:
    """A complete form from Thailand through Singapore to Germany, which may move as green-listed."""
    return {
        "arranger": party("TH", "notifier"),
        "importer": party("DE", "consignee"),
        "carriers": [{**party("TH", "carrier"), "means": ["S"]}],
        "generator": party("TH", "notifier", process="Sorting"),
        "facility": party("DE", "facility", site="2 Sample Street"),
        "quantity_kg": "24000",
        "planned_on": "2027-03-01",
        "operation": "R3",
        "designation": "Polyethylene film, baled",
        "codes": {"basel": ["B3011"], "hs": ["3915.10"]},
        "state_export": "TH",
        "transit": ["SG"],
        "state_import": "DE",
        "contract": "K-7",
        "containers": ["ABCU 123456-7"],
        "load": CLEAN,
        **more,
    }


def trader() -> Any:
    return actor("TH", "notifier", "clerk")


def plant() -> Any:
    return actor("DE", "facility", "clerk")


def officer(code: str) -> Any:
    return actor(code, "customs", "clerk")


def at(row: GreenShipment, code: str) -> GreenShipment:
    """A State's copy."""
    return GreenShipment.objects.get(holder=code, case=row.case)


def folded(row: GreenShipment) -> str:
    """The status by the journal alone."""
    types = JournalEntry.objects.filter(subject_id=row.pk).order_by("revision").values_list("type", flat=True)
    return machines.fold(machines.GREEN_SHIPMENT, list(types))


LINE = {
    "reference": "T-1", "arranger_name": "Example notifier of TH", "arranger_registration": "TH-notifier-1",
    "arranger_address": "1 Sample Street", "importer_name": "Example consignee of DE",
    "importer_registration": "DE-consignee-1", "quantity_kg": "24000", "planned_on": "2027-03-01",
    "carrier_1_name": "Example carrier of TH", "carrier_1_means": "S", "facility_name": "Example facility of DE",
    "facility_registration": "DE-facility-1", "operation": "R3", "designation": "Polyethylene film, baled",
    "basel": "B3011", "hs": "3915.10", "state_export": "TH", "transit": "SG", "state_import": "DE", "contract": "K-7",
    "polymers": "PE 99.5", "contamination_pct": "0.5", "hazardous": "no",
}  # fmt: skip
