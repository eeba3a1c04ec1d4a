"""The screen as the guard of a notification: what the law says of its load, on its route, on its day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from tidegate.law import Book
from tidegate.movements.models import Notification
from tidegate.parties import times
from tidegate.parties.commanding import Refused
from tidegate.parties.rulebook import book
from tidegate.screening.decision import decide
from tidegate.screening.shipment import Reject, parse_shipment


class Stop(Protocol):
    """A State on a route, in its role (`RouteStop`, `blocks.Stop`)."""

    state: str
    role: str


def shipment_of(route: Sequence[Stop], load: Mapping[str, Any], day: date) -> dict[str, Any]:
    """The shipment of the screening contract: the load, on this route and day, with no paper held yet."""
    states = {stop.role: stop.state for stop in route if stop.role != "transit"}
    return {
        **load,
        "id": str(load.get("id") or "load"),
        "date": day.isoformat(),
        "export": states.get("export"),
        "import": states.get("import"),
        "transit": [stop.state for stop in route if stop.role == "transit"],
    }


def load_of(notification: Notification) -> dict[str, Any]:
    """What the screen is told: the notification's load, and from its blocks what the load leaves out.

    A pre-filled field is what the papers say (declared entry, operation, HS); it never stands for a fact.
    """
    load = dict(notification.load)
    blocks = notification.blocks
    given, kg = blocks.get("codes") or {}, notification.quantity_kg
    filled = {
        "hs": next(iter(given.get("hs") or ()), None),
        "declared_entry": next(iter(given.get("basel") or ()), None),
        "operation": next(iter(blocks.get("operations") or ()), None),
        "description": blocks.get("designation") or None,
        "net_kg": None if kg is None or notification.basis != "net" else format(kg, "f"),
    }
    for name, value in filled.items():
        if value is not None and load.get(name) is None:
            load[name] = value
    return load


def screen(notification: Notification) -> dict[str, Any]:
    """The decision of the screening contract for a notification's load, with `law_version` (the rulebook's label).

    Papers that the procedure itself brings about (notification, consents, contract …) stand under `missing`. Asked on
    the day of the first departure; without one, on the day that it is. Raises Refused("load") naming the field where
    the load cannot be read.
    """
    day = notification.first_departure or times.now().date()
    return decision(list(notification.route.all()), load_of(notification), day, book())


def decision(route: Sequence[Stop], load: Mapping[str, Any], day: date, with_book: Book) -> dict[str, Any]:
    """The same for a load on a route, on a day, with a book."""
    return _answer(shipment_of(route, load, day), with_book)


def of_declaration(declared: Mapping[str, Any], with_book: Book) -> dict[str, Any]:
    """The law's answer to a whole shipment of the screening contract, with its own route and day. Raises Refused."""
    return _answer({"id": "declaration", **declared}, with_book)


def _answer(said: Mapping[str, Any], with_book: Book) -> dict[str, Any]:
    try:
        shipment = parse_shipment(said, with_book)
    except Reject as error:
        raise Refused(
            "load",
            _("The description of the load cannot be read."),
            field=error.field,
            value=str(error.value)[:120],
            expected=error.expected,
        ) from None
    return {**decide(shipment, with_book), "law_version": with_book.label, "day": str(said["date"])}


def plain(value: Any, field: str = "load") -> Any:
    """JSON for a column: numbers as text. Raises Refused("load") for a binary fraction, which no quantity is."""
    if isinstance(value, float):
        raise Refused(
            "load",
            _("A number has to be written out."),
            field=field,
            value=str(value),
            expected=_("text such as 98.5"),
        )
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{field}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{field}.{number}") for number, item in enumerate(value)]
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return value if value is None or isinstance(value, str | bool) else str(value)


def prohibited(answer: Mapping[str, Any]) -> bool:
    """Whether the screen says that the load may not move."""
    return answer.get("outcome") == "prohibited"


def rules_that(answer: Mapping[str, Any], effect: str) -> list[str]:
    """The rules among the reasons that have an effect (`prohibit`, `require` …)."""
    return [reason["rule"] for reason in answer.get("reasons", ()) if reason["effect"] == effect]


def documents(answer: Mapping[str, Any]) -> dict[str, list[str]]:
    """Each paper asked for, with the rules that ask for it."""
    asked: dict[str, list[str]] = {}
    for item in answer.get("missing", ()):
        for shown in item["documents"]:
            for kind in _alternatives(shown):
                asked.setdefault(kind, []).append(item["rule"])
    return asked


def _alternatives(shown: str) -> Iterable[str]:
    return shown.split("/")


def asks_for(answer: Mapping[str, Any], kind: str) -> bool:
    """Whether law asks for a paper (`CONTRACT`, `GUARANTEE`), or could: where the regime is not decided, it could."""
    return kind in documents(answer) or answer.get("regime") is None
