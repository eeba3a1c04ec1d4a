"""Shipments that several tests of the pages use."""

from __future__ import annotations

from typing import Any

CLEAN_PE_TO_MALAYSIA: dict[str, Any] = {
    "export": "JP",
    "import": "MY",
    "date": "2026-11-21",
    "hs": "391510",
    "polymers": {"PE": "100"},
    "contamination_pct": "0",
    "operation": "R3",
    "hazardous": False,
}
MIXED_TO_THAILAND: dict[str, Any] = {
    "export": "JP",
    "import": "TH",
    "date": "2026-11-21",
    "hs": "391590",
    "polymers": {"PE": "50", "PP": "25", "PS": "10"},
    "contamination_pct": "10",
    "operation": "R3",
    "hazardous": False,
}


def all_papers() -> list[dict[str, Any]]:
    """The papers that Malaysia asks for, held and in time on 2026-11-21."""
    return [
        {"kind": kind, "issued": "2026-06-01", "valid_from": "2026-06-01", "valid_to": "2027-05-31"}
        for kind in ("COA", "PSI_REPORT", "MFG_LICENCE", "MISW", "FACTORY_AUDIT", "BANK_GUARANTEE")
    ]
