"""Answers read as a shipment: every wrong one is named at its field and counts as not known."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from tidegate.law import Book
from tidegate.screening import Reject, Shipment, parse_shipment
from tidegate.web import words
from tidegate.web.check.answers import Answers


@dataclass(frozen=True)
class Reading:
    """`shipment` is None when a field that a decision cannot do without is missing or wrong.

    `errors` maps a field (``net_kg``, ``polymers.PE``, ``facts.form``, ``documents.COA``) to a sentence.
    """

    shipment: Shipment | None
    given: Mapping[str, Any]
    errors: Mapping[str, str]

    def error(self, *names: str) -> str:
        """The first error of any of these fields, or of a part of one."""
        for name in names:
            for field, message in self.errors.items():
                if field == name or field.startswith((f"{name}.", f"{name}[")):
                    return message
        return ""


def read_shipment(answers: Answers, book: Book) -> Reading:
    """Read, leaving out each value that is refused, until what is left can be read."""
    given = copy.deepcopy(answers.shipment)
    # A check that comes without a key of the caller's is known by its route and day.
    key = answers.given_id or "-".join(str(given.get(name, "")) for name in ("export", "import", "date"))
    errors: dict[str, str] = {}
    while True:
        try:
            shipment = parse_shipment({"id": key, **given}, book)
        except Reject as reject:
            errors[_key(reject.field, given)] = message(reject)
            if reject.field in ("date", "export", "import", "id", "row") or not _leave_out(given, reject.field):
                return Reading(None, answers.shipment, errors)
        else:
            return Reading(shipment, answers.shipment, errors)


def message(reject: Reject) -> str:
    """The reject as a sentence for the person who typed the value."""
    if reject.value in (None, ""):
        return _("Please give %(expected)s.") % {"expected": words.book_text(reject.expected)}
    return _(
        "“%(value)s” cannot be used here; expected: %(expected)s. It counts as not known until it is put right."
    ) % {
        "value": reject.value,
        "expected": words.book_text(reject.expected),
    }


def _key(field: str, given: Mapping[str, Any]) -> str:
    """Where the page shows the error: papers by their kind instead of their place in the list."""
    if found := re.match(r"documents\[(\d+)\]", field):
        papers = given.get("documents") or ()
        place = int(found[1])
        if place < len(papers) and isinstance(papers[place], Mapping):
            return f"documents.{papers[place].get('kind')}"
    if field.startswith("polymers and"):
        return "polymers"
    return "transit" if field.startswith("transit[") else field


def _leave_out(given: dict[str, Any], field: str) -> bool:
    """Take the refused value out of `given`; False when there is nothing to take."""
    if field.startswith("polymers and"):
        return given.pop("contamination_pct", None) is not None or given.pop("polymers", None) is not None
    head, _dot, rest = field.partition(".")
    if found := re.match(r"(\w+)\[(\d+)\]$", head):
        items = given.get(found[1])
        if isinstance(items, list) and int(found[2]) < len(items):
            item = items[int(found[2])]
            leaf = rest.partition(".")[0].partition("[")[0]
            if isinstance(item, dict) and leaf in item and leaf != "kind":
                del item[leaf]
            else:
                del items[int(found[2])]
            return True
        return given.pop(found[1], None) is not None
    inner = given.get(head)
    if rest and isinstance(inner, dict):
        for key in (rest, rest.partition(".")[0]):
            if key in inner:
                del inner[key]
                return True
        # A fact of one layer: the reader names the fact, not the layer.
        for scoped in inner.values():
            if isinstance(scoped, dict) and rest in scoped:
                del scoped[rest]
                return True
    return given.pop(head, None) is not None
