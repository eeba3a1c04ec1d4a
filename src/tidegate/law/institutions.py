"""Who decides in a State and where to file, and how much plastic waste it trades: facts for its law page and factsheet.

No rule turns on them. The authorities stand in `rulebook/institutions.yaml`, the tonnes in `data/trade_3915.csv`; both
name their sources and how far these can be trusted.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from tidegate.law.loader import SHIPPED, parse_yaml

INSTITUTIONS = SHIPPED / "institutions.yaml"
TRADE = Path(__file__).with_name("data") / "trade_3915.csv"
WORLD = "WORLD"  # a partner or reporter: all States together


@dataclass(frozen=True, slots=True)
class TradeFigure:
    """Plastic waste of heading 39.15 that one State moved in one period.

    `reporter` and `partner`: ISO 3166-1 alpha-2, `WORLD`, or the name of a group of States as its source has it.
    `period`: a year (`2018`), a month (`2024-08`), or a first and last one (`2018-01/2018-05`).
    `tonnes`: metric tonnes, None where the reporter gave no figure: never zero.
    """

    reporter: str
    flow: str
    period: str
    partner: str
    tonnes: Decimal | None
    source: str
    confidence: str
    note: str = ""

    @property
    def year(self) -> int:
        """The year in which the period begins."""
        return int(self.period[:4])


def institutions(iso: str) -> dict[str, Any] | None:
    """The authorities of a State, None where the rulebook holds none.

    Keys: `state`; `environment`, `trade`, `customs` (each a mapping with `body` and mostly `role`), `window`,
    `confidence`, `window_confidence`, `note`, `former`, `checked` (text, ISO date) and `sources`. What was not found
    is left out.
    """
    found = _institutions().get(iso.upper())
    return None if found is None else deepcopy(found)


def trade_3915(reporter: str | None = None, *, flow: str | None = None) -> tuple[TradeFigure, ...]:
    """Trade figures of heading 39.15, oldest first for each reporter and flow.

    `reporter`: a State or `WORLD`, left out: every reporter. `flow`: `import` or `export`. Sources disagree on some
    years: a page that shows a figure has to name its source.
    """
    return tuple(
        figure
        for figure in _trade()
        if (reporter is None or figure.reporter == reporter.upper()) and (flow is None or figure.flow == flow)
    )


@lru_cache(maxsize=1)
def _institutions() -> Mapping[str, dict[str, Any]]:
    document = parse_yaml(INSTITUTIONS.name, INSTITUTIONS.read_bytes())
    # through JSON, so that a day is text and a page or an API can hand the record on as it is
    records = json.loads(json.dumps(document["institutions"], default=str))
    return {record["state"]: record for record in records}


@lru_cache(maxsize=1)
def _trade() -> tuple[TradeFigure, ...]:
    with TRADE.open(encoding="utf-8", newline="") as handle:
        figures = [_figure(row) for row in csv.DictReader(handle)]
    return tuple(sorted(figures, key=lambda f: (f.reporter, f.flow, f.period)))


def _figure(row: Mapping[str, str]) -> TradeFigure:
    return TradeFigure(
        reporter=row["reporter"],
        flow=row["flow"],
        period=row["period"],
        partner=row["partner"],
        tonnes=Decimal(row["tonnes"]) if row["tonnes"] else None,
        source=row["source"],
        confidence=row["confidence"],
        note=row["note"],
    )
