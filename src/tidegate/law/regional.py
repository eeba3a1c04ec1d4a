"""The draft of a common quality standard for the eight States of the regional plan, with its limits to be tried.

It ships as an example (`examples/regional-standard`): its figures are to be talked about, nobody has adopted them.
`docs/how-to/regional-standard.md` tells the same for the command line.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from tidegate.law.lint_rules import SUMMARY_FIGURES
from tidegate.law.loader import parse_yaml
from tidegate.law.standards import FIGURES
from tidegate.law.yaml_text import dump

# As if it had been gazetted: a draft binds nobody, so that it would change no outcome.
FOLDER = Path(__file__).parents[1] / "examples" / "regional-standard" / "gazetted"
# What may not be in the load at all: fact → value that fails.
BARS: Mapping[str, Any] = {"polymer_mix": "other", "hazardous": True, "food_residue": True}
GROUP = "project"
_FACTS = {fact: (op, key) for key, (fact, op) in SUMMARY_FIGURES.items() if fact in FIGURES}


class LimitError(ValueError):
    """A limit that cannot be tried: which, its value, and what was expected."""

    def __init__(self, field: str, value: Any, expected: str):
        super().__init__(f"{field}: {value}: expected {expected}")
        self.field, self.value, self.expected = field, value, expected


@dataclass(frozen=True, slots=True)
class Limits:
    """What the standard asks. `figures`: fact → bound in % of mass; `bars`: what may not be in the load at all."""

    figures: Mapping[str, Decimal]
    bars: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As `read` takes it: figures as text, so that no digit is lost; null where there is no limit."""
        figures = {fact: str(self.figures[fact]) if fact in self.figures else None for fact in FIGURES}
        return {**figures, **{fact: fact in self.bars for fact in BARS}}


def read(given: Mapping[str, Any]) -> Limits:
    """Limits from the keys of `as_dict`; what is left out is as shipped. Raises LimitError."""
    for name in given:
        if name not in FIGURES and name not in BARS:
            raise LimitError(str(name), given[name], f"one of {', '.join((*FIGURES, *BARS))}")
    whole = {**shipped().as_dict(), **given}
    figures = {fact: _share(fact, whole[fact]) for fact in FIGURES if whole[fact] not in (None, "")}
    for fact in BARS:
        if not isinstance(whole[fact], bool):
            raise LimitError(fact, whole[fact], "true or false")
    limits = Limits(figures, tuple(fact for fact in BARS if whole[fact]))
    if not limits.figures and not limits.bars:
        raise LimitError("limits", "none", "at least one limit")
    return limits


def _share(fact: str, value: Any) -> Decimal:
    try:
        share = Decimal(str(value))
        if isinstance(value, bool) or not 0 <= share <= 100:
            raise ValueError
    except (ValueError, InvalidOperation):
        raise LimitError(fact, value, "a share from 0 to 100, in % of mass, or nothing for no limit") from None
    return share


@lru_cache(maxsize=1)
def shipped() -> Limits:
    """The limits of the draft as it ships."""
    fails = next(iter(_documents().values()))["rules"][0]["fails"]
    named = {fact: bound for item in fails for fact, bound in item.items()}
    figures = {fact: Decimal(str(named[fact][op])) for fact, (op, _key) in _FACTS.items() if fact in named}
    return Limits({fact: figures[fact] for fact in FIGURES if fact in figures}, tuple(f for f in BARS if f in named))


def _documents() -> dict[str, Any]:
    """The files of the draft by name."""
    return {path.name: parse_yaml(path.name, path.read_bytes()) for path in sorted(FOLDER.glob("*.yaml"))}


@contextmanager
def overlay(limits: Limits) -> Iterator[Path]:
    """The standard with these limits as an overlay folder that lasts as long as the context."""
    with tempfile.TemporaryDirectory(prefix="tidegate-standard-") as name:
        folder = Path(name)
        for file, document in _documents().items():
            rules = [_limited(rule, limits) for rule in document["rules"]]
            (folder / file).write_text(dump({**document, "rules": rules}), encoding="utf-8")
        yield folder


def _limited(rule: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    fails = [{fact: {_FACTS[fact][0]: bound}} for fact, bound in limits.figures.items()]
    return {
        **rule,
        "fails": [*fails, *({fact: BARS[fact]} for fact in limits.bars)],
        "verify": [fact for fact in rule["verify"] if fact in limits.bars],
        "summary": {_FACTS[fact][1]: bound for fact, bound in limits.figures.items()},
        "text": "A common quality standard for plastic scrap with the limits of this trial.",
    }
