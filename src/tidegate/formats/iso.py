"""State codes as other systems write them (ISO 3166-1 alpha-3, numeric, English names) to the alpha-2 of
the contract.

Only recognises; whether a State is Party to anything is for the rulebook.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources


@cache
def _table() -> tuple[dict[str, str], frozenset[str]]:
    found: dict[str, str] = {}
    alpha2: set[str] = set()
    with resources.files("tidegate.formats").joinpath("iso3166.csv").open("r", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            code = row["alpha2"]
            alpha2.add(code)
            for key in (code, row["alpha3"], row["numeric"], *row["names"].split("|")):
                found[_key(key)] = code
    return found, frozenset(alpha2)


def _key(text: str) -> str:
    squeezed = " ".join(text.replace(".", "").split()).casefold()
    return squeezed.rjust(3, "0") if squeezed.isdecimal() else squeezed


def alpha2(text: str) -> str | None:
    """The alpha-2 code for a State's code or English name, or None."""
    return _table()[0].get(_key(text))


def alpha2_codes() -> frozenset[str]:
    """Every alpha-2 code of ISO 3166-1."""
    return _table()[1]
