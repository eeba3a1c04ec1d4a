"""What a what-if run is asked, and what it answers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tidegate.law import regional
from tidegate.web.api.schemas.decision import Outcome

_SHIPPED = regional.shipped().as_dict()
Share = Annotated[
    float | None, Field(ge=0, le=100, description="Limit in % of mass; null is no limit, left out is as shipped.")
]
Bar = Annotated[bool, Field(description="Whether it may not be in the load; left out is as shipped.")]


def _shipped(name: str) -> float | None:
    return None if _SHIPPED[name] is None else float(_SHIPPED[name])


class StandardLimits(BaseModel):
    """The limits of the draft."""

    model_config = ConfigDict(extra="forbid")

    foreign_matter_pct: Share = _shipped("foreign_matter_pct")
    other_polymer_pct: Share = _shipped("other_polymer_pct")
    other_listed_hs_pct: Share = _shipped("other_listed_hs_pct")
    target_purity_pct: Share = _shipped("target_purity_pct")
    polymer_mix: Bar = _SHIPPED["polymer_mix"]
    hazardous: Bar = _SHIPPED["hazardous"]
    food_residue: Bar = _SHIPPED["food_residue"]


class WhatIfAsked(BaseModel):
    """The shipments themselves, or a batch of the pages that the caller sees; and what the draft asks."""

    model_config = ConfigDict(extra="forbid")

    shipments: list[Any] | None = Field(
        None,
        description="Shipments as in `screen`; at most as many as a batch of `screen_batch`.",
        json_schema_extra={"items": {"$ref": "#/components/schemas/Shipment"}},
    )
    batch: str | None = Field(None, description="The token in the address of a batch on the pages.")
    limits: StandardLimits = StandardLimits()
    any_day: bool = Field(True, description="As if in force on every day; else from the draft's own first day.")


class WhatIfMove(BaseModel):
    """Shipments that go from one outcome to another."""

    before: Outcome
    after: Outcome
    shipments: int


class WhatIfExample(BaseModel):
    """A shipment whose outcome changes, as `tidegate law whatif --json` gives it."""

    row: int
    id: str
    before: Outcome
    after: Outcome
    rules: list[str]


class WhatIfFigures(BaseModel):
    """The counts, the same as of `tidegate law whatif --json`."""

    read: int
    rejected: int
    changed: int = Field(description="Shipments whose outcome changes.")
    touched: int = Field(description="Same outcome, but other papers, alerts or reasons.")
    moves: list[WhatIfMove]
    by_place: dict[str, list[WhatIfMove]] = Field(description="By State or layer whose own answer changes.")
    by_import: dict[str, list[WhatIfMove]]
    by_export: dict[str, list[WhatIfMove]]
    alerts: dict[str, int]
    examples: dict[str, list[WhatIfExample]]


class WhatIfRow(BaseModel):
    """A shipment whose outcome changes. `check`: its answers on the check page, by the law as it stands."""

    model_config = ConfigDict(populate_by_name=True)

    row: int
    id: str
    day: date = Field(alias="date")
    export: str
    to: str = Field(alias="import")
    before: Outcome
    after: Outcome
    places: list[str]
    rules: list[str]
    check: str


class WhatIfAnswer(BaseModel):
    """A run where it stands. `shipments` is null until it is done."""

    token: str
    address: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    percent: int | None
    error: str | None
    draft: str = Field(description="That nobody has adopted the standard.")
    limits: StandardLimits
    any_day: bool
    rulebook: str | None
    shipments: WhatIfFigures | None
    rows: list[WhatIfRow] = Field(
        description="All that change of shipments sent here; of a batch the first of each State."
    )
