"""The code lists of the notification and movement documents (facts/law-international.md 2.6), with names for people."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _

from tidegate.law import annexes

DISPOSAL: dict[str, Any] = {
    "D1": _("Landfill"),
    "D2": _("Land treatment"),
    "D3": _("Deep injection"),
    "D4": _("Surface impoundment"),
    "D5": _("Specially engineered landfill"),
    "D6": _("Release into a water body other than the sea"),
    "D7": _("Release into the sea, sea bed included"),
    "D8": _("Biological treatment"),
    "D9": _("Physico-chemical treatment"),
    "D10": _("Incineration on land"),
    "D11": _("Incineration at sea"),
    "D12": _("Permanent storage"),
    "D13": _("Blending or mixing before disposal"),
    "D14": _("Repackaging before disposal"),
    "D15": _("Storage before disposal"),
}
RECOVERY: dict[str, Any] = {
    "R1": _("Use as fuel"),
    "R2": _("Recovery of solvents"),
    "R3": _("Recycling of organic substances that are not used as solvents"),
    "R4": _("Recycling of metals"),
    "R5": _("Recycling of other inorganic materials"),
    "R6": _("Regeneration of acids or bases"),
    "R7": _("Recovery of components used for pollution abatement"),
    "R8": _("Recovery of components from catalysts"),
    "R9": _("Used oil re-refining or other reuses"),
    "R10": _("Land treatment of benefit to agriculture or ecology"),
    "R11": _("Uses of residues of R1 to R10"),
    "R12": _("Exchange of wastes for R1 to R11"),
    "R13": _("Accumulation for R1 to R12"),
}
OPERATIONS = {**DISPOSAL, **RECOVERY}
# Operations after which the waste goes on to another one.
INTERIM = frozenset({"D8", "D9", "D13", "D14", "D15", "R12", "R13"})
PACKAGING: dict[str, Any] = {
    "1": _("Drum"),
    "2": _("Wooden barrel"),
    "3": _("Jerrican"),
    "4": _("Box"),
    "5": _("Bag"),
    "6": _("Composite packaging"),
    "7": _("Pressure receptacle"),
    "8": _("Bulk"),
    "9": _("Other"),
}
PHYSICAL: dict[str, Any] = {
    "1": _("Powdery"),
    "2": _("Solid"),
    "3": _("Viscous or paste"),
    "4": _("Sludgy"),
    "5": _("Liquid"),
    "6": _("Gaseous"),
    "7": _("Other"),
}
TRANSPORT: dict[str, Any] = {
    "R": _("Road"),
    "T": _("Rail"),
    "S": _("Sea"),
    "A": _("Air"),
    "W": _("Inland water"),
}
# H code to UN class.
HAZARDS = annexes.ANNEX_III
Y_CODES = (*annexes.ANNEX_I, *annexes.ANNEX_II)
BASEL_ENTRY = re.compile(r"[AB]\d{4}|Y4[6-9]")
OECD_CODE = re.compile(r"[A-Z]{2}\d{3}|[AB]\d{4}")
EC_CODE = re.compile(r"\d{2} ?\d{2} ?\d{2}\*?")
HS_CODE = re.compile(r"\d{4}(?:\.?\d{2}){0,3}")
UN_NUMBER = re.compile(r"(?:UN ?)?\d{4}")
STATE = re.compile(r"[A-Z]{2}")
