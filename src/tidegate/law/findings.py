"""What the linter says: where, what was found, what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a rulebook. `rule` is the id of the rule, or names the record of another table."""

    file: str
    rule: str
    field: str
    value: Any
    expected: str

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.rule) if part)
        text = self.value if isinstance(self.value, str) else repr(self.value)
        shown = text if len(text) <= 120 else text[:119] + "…"
        middle = f"{self.field} is {shown or 'empty'}, " if self.field != "file" else ""
        return f"{where}: {middle}expected {self.expected}" if where else f"{middle}{self.expected}"
