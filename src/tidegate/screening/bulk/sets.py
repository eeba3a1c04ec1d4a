"""The sets of results of a session, as rows of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.screening.bulk.keys import Codes, Records

MOST_TRANSIT = 8
COLUMNS = ("cls", "intl", "head", "export", "import_", "transit", "declared", "text")
LAYERS = 1 + MOST_TRANSIT + 1  # national: the State of export, the places of transit, the State of import
ABSENT = -1  # in place of a layer's result: a place of transit that the route has not


class Sets(Records):
    """A set: its classification, the results of its layers, its head (outcome, entry, regime) and its route.

    `text`: 0 where the decision is put together from its layers; else 1 + the number of the text that it is.
    """

    def __init__(self) -> None:
        super().__init__(len(COLUMNS) + LAYERS)

    def column(self, name: str, sets: Codes) -> Codes:
        """One of COLUMNS for each of some sets."""
        return self.rows[sets, COLUMNS.index(name)].astype(np.int64)

    def layers(self, sets: Codes) -> npt.NDArray[np.int32]:
        """The results of the national layers of each of some sets, in the order of the route."""
        return self.rows[sets, len(COLUMNS) :]

    def add(self, national: npt.NDArray[Any], **columns: npt.NDArray[Any]) -> Codes:
        """Adds sets, and gives their ids. national: LAYERS results each; columns: of COLUMNS, 0 where left out."""
        made = np.zeros((len(national), len(COLUMNS) + LAYERS), dtype=np.int32)
        for name, codes in columns.items():
            made[:, COLUMNS.index(name)] = codes
        made[:, len(COLUMNS) :] = national
        self.extend(made)
        return np.arange(len(self) - len(made), len(self))


NO_LAYERS = np.full((1, LAYERS), ABSENT)
