"""Shipments that open with one press. Their answers come from the rulebook like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tidegate.web.check.answers import permalink


@dataclass(frozen=True)
class Example:
    title: str | Promise
    text: str | Promise
    shipment: Mapping[str, Any]

    @property
    def url(self) -> str:
        return permalink(self.shipment)


EXAMPLES = (
    Example(
        _("Clean PE from Japan to Malaysia"),
        _("One sorted polymer for recycling: which papers?"),
        {
            "export": "JP",
            "import": "MY",
            "date": "2026-11-21",
            "hs": "391510",
            "polymers": {"PE": 99},
            "contamination_pct": 1,
            "operation": "R3",
            "hazardous": False,
        },
    ),
    Example(
        _("Mixed bales from Australia to Thailand"),
        _("Five kinds of plastic and a tenth of dirt."),
        {
            "export": "AU",
            "import": "TH",
            "date": "2026-11-21",
            "hs": "391590",
            "polymers": {"PE": 40, "PP": 22, "PET": 15, "PS": 8, "PVC": 5},
            "contamination_pct": 10,
            "operation": "R3",
            "hazardous": False,
        },
    ),
    Example(
        _("Germany to Indonesia, 20 November 2026"),
        _("The last day before a change of law."),
        {
            "export": "DE",
            "import": "ID",
            "date": "2026-11-20",
            "hs": "391510",
            "polymers": {"PE": 99},
            "contamination_pct": 1,
            "operation": "R3",
            "hazardous": False,
        },
    ),
    Example(
        _("Germany to Indonesia, 21 November 2026"),
        _("The same load, one day later."),
        {
            "export": "DE",
            "import": "ID",
            "date": "2026-11-21",
            "hs": "391510",
            "polymers": {"PE": 99},
            "contamination_pct": 1,
            "operation": "R3",
            "hazardous": False,
        },
    ),
)
