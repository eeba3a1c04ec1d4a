"""The codes of the Basel Convention's first three annexes, as facts/law-international.md 2.6 has them."""

from __future__ import annotations

from typing import Final

#: Categories of waste to be controlled.
ANNEX_I: Final = tuple(f"Y{n}" for n in range(1, 46))
#: Categories that need special consideration: household waste, its ash, plastic and electronic waste.
ANNEX_II: Final = ("Y46", "Y47", "Y48", "Y49")
#: Hazardous characteristics, each with its UN class.
ANNEX_III: Final[dict[str, str]] = {
    "H1": "1", "H3": "3", "H4.1": "4.1", "H4.2": "4.2", "H4.3": "4.3", "H5.1": "5.1", "H5.2": "5.2", "H6.1": "6.1",
    "H6.2": "6.2", "H8": "8", "H10": "9", "H11": "9", "H12": "9", "H13": "9",
}  # fmt: skip
