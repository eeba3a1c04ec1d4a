"""The files of a rulebook as people wrote them, before they are read into records."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tidegate.law.loader import SHIPPED, RulebookError, parse_yaml

NOT_RULES = "scenarios"  # a folder of an overlay that holds cases, not law


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One YAML file: its name for people, the folder it came with (0 the shipped book), its content."""

    name: str
    root: int
    document: Mapping[str, Any]

    def rules(self) -> list[Mapping[str, Any]]:
        """The rules with the file's defaults under them; what is not a mapping is left out."""
        defaults = self.document.get("defaults")
        base = defaults if isinstance(defaults, Mapping) else {}
        raw = self.document.get("rules")
        return [{**base, **r} for r in raw if isinstance(r, Mapping)] if isinstance(raw, list) else []

    def records(self, table: str) -> list[Mapping[str, Any]]:
        """The records of a table; what is not a mapping is left out."""
        raw = self.document.get(table)
        return [r for r in raw if isinstance(r, Mapping)] if isinstance(raw, list) else []


@lru_cache(maxsize=512)
def _document(name: str, content: bytes) -> Any:
    try:
        return parse_yaml(name, content)
    except RulebookError:
        raise
    except ValueError as error:  # such as 30 February, which YAML reads as a day and Python does not
        raise RulebookError(f"{name}: not readable as YAML: {error}") from error


def read_sources(overlays: Sequence[str | os.PathLike[str]] = ()) -> list[SourceFile]:
    """Every file of the shipped book, then of each overlay. Raises RulebookError, naming the file."""
    out = []
    for number, root in enumerate([SHIPPED, *(Path(o) for o in overlays)]):
        if not root.is_dir():
            raise RulebookError(f"rulebook overlay {root}: no such folder")
        for path in sorted(root.rglob("*.yaml")):
            relative = path.relative_to(root)
            if number and relative.parts[0] == NOT_RULES:
                continue
            name = relative.as_posix() if number == 0 else str(path)
            document = _document(name, path.read_bytes())
            if not isinstance(document, Mapping):
                found = type(document).__name__
                raise RulebookError(f"{name}: expected a mapping at the top, found {found}")
            out.append(SourceFile(name, number, document))
    return out
