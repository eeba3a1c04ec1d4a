"""Whose consent a notification needs: a function of route, waste and dated law, and of nothing else.

Nobody keeps a list: the set is worked out from the rulebook when a notification is submitted, when it is revised and
when its route changes. What the law leaves open is read strictly: it asks every Party.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tidegate.law import Book
from tidegate.movements import clocks, guard

# Stands in `rules` where no rule asks, but consent is required all the same.
NOT_DECIDED = "NOT-DECIDED"
NOTIFIED = "NOTIFIED"


@dataclass(frozen=True, slots=True)
class Needed:
    """One authority concerned: whether its consent is required, on which rules, whether its silence is consent.

    `layer` is the layer of law that asks (`basel`, `oecd`, `eu` …); `tacit_by` the waiver of clocks.yaml. An authority
    that is not required is told, and may object: a State of transit that is no Party (Article 7), or one that no law
    asks.
    """

    state: str
    role: str
    required: bool
    rules: tuple[str, ...]
    tacit: bool
    tacit_by: str = ""
    layer: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As it crosses a border."""
        return {
            "state": self.state,
            "role": self.role,
            "required": self.required,
            "rules": list(self.rules),
            "tacit_by": self.tacit_by,
            "layer": self.layer,
        }


def required(route: Sequence[guard.Stop], load: Mapping[str, Any], book: Book, day: date) -> list[Needed]:
    """The authorities of a route, in its order, for a load on a day. Raises Refused("load") where it cannot be read."""
    return of_decision(route, guard.decision(route, load, day, book), book, day)


def of_decision(route: Sequence[guard.Stop], answer: Mapping[str, Any], book: Book, day: date) -> list[Needed]:
    """The same, where the screen has answered already.

    1. A rule asks for CONSENT:XX: required, by that rule.
    2. The regime is not decided, or the load is prohibited and goes on by an override: every Party is required.
    3. The State of import is required whatever else: who notifies it asks for its consent.
    """
    asked = guard.documents(answer)
    strict = answer.get("regime") is None or answer.get("outcome") == "prohibited"
    found = []
    for stop in route:
        rules = tuple(dict.fromkeys(asked.get(f"CONSENT:{stop.state}", ())))
        if not rules and strict and stop.role != "export" and book.in_group(stop.state, ("basel_party",), day):
            rules = (NOT_DECIDED,)
        if not rules and stop.role == "import":
            rules = (NOTIFIED,)
        layers = [book.rules[rule].layer if rule in book.rules else "basel" for rule in rules]
        waiver = clocks.tacit(state=stop.state, role=stop.role, day=day, book=book, layers=layers) if rules else None
        found.append(
            Needed(
                stop.state,
                stop.role,
                bool(rules),
                rules,
                waiver is not None,
                "" if waiver is None else waiver.id,
                _strictest(layers),
            )
        )
    return found


def _strictest(layers: Sequence[str]) -> str:
    """The layer whose clock counts: the Convention before an agreement in its place."""
    return next((layer for layer in ("basel", "waigani", "eu", "oecd", "art11") if layer in layers), "")
