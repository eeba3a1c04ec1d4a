"""Decisions and shipments in the contract's form, written by hand for these tests. Companies are made up."""

from __future__ import annotations

from typing import Any

SHIPMENT: dict[str, Any] = {
    "id": "MY-2026-K1-004417",
    "date": "2026-11-21",
    "export": "JP",
    "import": "MY",
    "transit": ["PH", {"state": "SG", "arrived": "2026-11-14"}],
    "hs": "391510",
    "description": "Polyethylene film offcuts, baled · Phế liệu nhựa PE · เศษพลาสติก",
    "operation": "R3",
    "polymers": {"PE": 96, "PP": 2},
    "contamination_pct": 2,
    "hazardous": False,
    "halogenated": None,
    "net_kg": 24500,
    "gross_kg": 25120,
    "value": 8600,
    "currency": "USD",
    "consignor": {
        "name": "Example Polymer Works (fictitious)",
        "id": "JP-000",
        "address": "1 Sample Street, Port A",
    },
    "consignee": {"name": "Sample Recycling Sdn Bhd (fictitious)", "id": "MY-000"},
    "containers": ["CSQU3054383"],
    "documents": [{"kind": "AP", "number": "AP-0001", "valid_to": "2027-03-31"}, "CONTRACT"],
    "facts": {"form": "bale", "target_purity_pct": 96, "storage_steps": 0},
}

NEEDS: dict[str, Any] = {
    "id": "MY-2026-K1-004417",
    "outcome": "needs",
    "entry": "B3011",
    "entry_candidates": ["B3011"],
    "eu_entry": None,
    "regime": "no_basel_control",
    "layers": [
        {"layer": "basel", "regime": "no_basel_control", "rules": ["BASEL-B3011"]},
        {
            "layer": "national:MY:import",
            "outcome": "needs",
            "rules": ["MY-IMP-COA-2025", "MY-IMP-PSI-2025", "MY-IMP-AP"],
        },
        {"layer": "national:SG:transit", "outcome": "clear", "rules": []},
    ],
    "reasons": [
        {
            "rule": "BASEL-B3011",
            "effect": "allow",
            "text": "Sorted, almost clean plastic waste of one polymer for recycling is not hazardous.",
            "instrument": "Basel Convention, Annex IX, entry B3011",
            "url": "https://law.example/basel/annex-ix#B3011",
            "confidence": "high",
        },
        {
            "rule": "MY-IMP-COA-2025",
            "effect": "require",
            "text": "Each consignment travels with a certificate of approval from the standards body.",
            "instrument": "Customs (Prohibition of Imports) Order, amended 2025",
            "url": "https://law.example/my/imports-order",
            "confidence": "medium",
            "dates": "inferred",
        },
        {
            "rule": "MY-IMP-PSI-2025",
            "effect": "require",
            "text": "The load is inspected before it is shipped.",
            "instrument": "Guideline on plastic waste imports, 2025",
            "url": "https://law.example/my/guideline",
            "confidence": "high",
        },
        {
            "rule": "MY-IMP-AP",
            "effect": "require",
            "text": "An approved permit is held for goods of heading 39.15. Held and valid.",
            "instrument": "Customs (Prohibition of Imports) Order",
            "url": "https://law.example/my/imports-order",
            "confidence": "high",
        },
        {
            "rule": "JP-EXP-BASEL-2021",
            "effect": "allow",
            "text": "Waste of entry B3011 leaves without an export approval.",
            "instrument": "Act on the control of export and import of specified hazardous waste",
            "url": "https://law.example/jp/act",
            "confidence": "high",
        },
    ],
    "missing": [
        {"rule": "MY-IMP-COA-2025", "documents": ["COA"], "why": "not held"},
        {"rule": "MY-IMP-PSI-2025", "documents": ["PSI_REPORT"], "why": "expired"},
    ],
    "questions": [{"fact": "halogenated", "rules": ["BASEL-B3011"], "decides": ["B3011", "Y48"]}],
    "verify": [
        {"fact": "quota_left_t", "rules": ["MY-IMP-AP"], "by": "register"},
        {"fact": "food_residue", "rules": ["MY-IMP-COA-2025"], "by": "inspection"},
    ],
    "alerts": [
        {
            "rule": "MY-IMP-STOP-2027",
            "status": "announced",
            "text": "A stop of imports from States outside the OECD has been announced; no act was seen.",
        }
    ],
    "changes": [
        {"date": "2026-01-01", "outcome": "clear", "rules": ["OLD-RULE"]},
        {"date": "2027-01-01", "outcome": "prohibited", "rules": ["MY-IMP-BAN-2027"]},
    ],
    "confidence": "medium",
    "rulebook": "2026.11.21+3f9a0c17e2d4",
}


def decision(**changes: Any) -> dict[str, Any]:
    """The sample decision with some keys changed."""
    return {**NEEDS, **changes}


CLEAR: dict[str, Any] = decision(
    outcome="clear", missing=[], questions=[], verify=[], alerts=[], changes=[], confidence="high",
    reasons=[r for r in NEEDS["reasons"] if r["rule"] != "MY-IMP-COA-2025"],
    layers=[
        {"layer": "basel", "regime": "no_basel_control", "rules": ["BASEL-B3011"]},
        {"layer": "national:MY:import", "outcome": "clear", "rules": ["MY-IMP-PSI-2025", "MY-IMP-AP"]},
    ],
)  # fmt: skip
