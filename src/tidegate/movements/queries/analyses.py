"""Reads of analyses, scoped to the actor; and the law's answer with measured values beside the declared ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from tidegate.law import Book
from tidegate.movements import bases, guard, naming
from tidegate.movements.commands.analyses import findings
from tidegate.movements.commands.consignments import papers_of
from tidegate.movements.models import Analysis, Movement
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing, Refused
from tidegate.parties.scope import visible

READ = "movements.analysis.read"
# The findings that are facts of the screening contract; moisture is none.
MEASURED = ("contamination_pct", "polymers", "hazardous")


@dataclass(frozen=True)
class Value:
    """A fact as it was declared and as it was measured."""

    label: str
    declared: Any
    measured: Any


@dataclass(frozen=True)
class Screened:
    """The law's answer to the load as it was declared and as it was measured.

    `left_out`: declared shares of polymers that the measured contamination leaves no room for, and that count as not
    known. `refused`: why it cannot be screened.
    """

    values: list[Value]
    declared: dict[str, Any]
    measured: dict[str, Any]
    left_out: bool = False
    refused: str = ""


def analyses(actor: Actor | None) -> QuerySet[Analysis]:
    """The analyses that the actor sees, those asked for last first: an authority its State's, a laboratory its own."""
    rows = visible(Analysis.objects.all(), actor, READ)
    return rows.select_related("laboratory", "asked_by", "consignment", "movement__notification", "take_back").order_by(
        "-asked_at", "-pk"
    )


def find(actor: Actor | None, *, text: str = "", status: str = "") -> QuerySet[Analysis]:
    """Those whose reference, sample or laboratory holds a text; of a status."""
    rows = analyses(actor)
    if wanted := text.strip():
        rows = rows.filter(
            Q(reference__icontains=wanted) | Q(sample__icontains=wanted) | Q(laboratory__name__icontains=wanted)
        )
    return rows.filter(status=status) if status else rows


def analysis(actor: Actor | None, key: UUID | str) -> Analysis:
    """One analysis. Raises Missing."""
    found = analyses(actor).filter(pk=key).first()
    if found is None:
        raise Missing("analysis")
    return found


def of_movement(row: Movement) -> Q:
    """Those of a movement, of its consignments and of its take-back cases."""
    return Q(movement=row) | Q(consignment__movement=row) | Q(take_back__movement=row)


def load_in_words(row: Analysis) -> str:
    """What an analysis is of, for a paper that names the load: its number and its containers."""
    movement = row.movement or (row.take_back.movement if row.take_back else None)
    if row.consignment is not None:
        said, boxes = row.consignment.declaration or row.consignment.reference, row.consignment.load.get("containers")
    elif movement is not None:
        said = f"{movement.notification.number or movement.case} / {movement.serial}"
        boxes = movement.particulars.get("containers")
    else:
        said, boxes = row.declared_as, (row.declaration or {}).get("containers")
    return ", ".join([said, *(boxes or ())])


def screened(row: Analysis) -> Screened | None:
    """Screen the load again with what was measured; None where nothing is measured that law asks, or where the load is
    not described in the terms of the screen."""
    found = findings(row)
    measured = {name: found[name] for name in MEASURED if name in found}
    book = guard.book()
    told = (row.declaration, lambda load: guard.of_declaration(load, book)) if row.declaration else _load(row, book)
    if told is None or not measured:
        return None
    declared, ask = told
    load = {**declared, **measured}
    left_out = "polymers" not in measured and not _fits(load)
    if left_out:
        load["polymers"] = None
    values = [Value(naming.fact(name, book), declared.get(name), found[name]) for name in measured]
    try:
        answers = [ask(one) for one in (declared, load)]
    except Refused as refused:
        return Screened(values, {}, {}, left_out, f"{refused.text} {refused.field}: {refused.value}")
    return Screened(values, answers[0], answers[1], left_out)


def _fits(load: Mapping[str, Any]) -> bool:
    shares = load.get("polymers")
    whole = sum((Decimal(str(one)) for one in shares.values()), Decimal(0)) if isinstance(shares, Mapping) else 0
    return whole + Decimal(str(load.get("contamination_pct") or 0)) <= 100


Ask = Callable[[Mapping[str, Any]], dict[str, Any]]


def _load(row: Analysis, book: Book) -> tuple[dict[str, Any], Ask] | None:
    """The load that was analysed, and the law's answer to a load on its route and day."""
    consignment = row.consignment
    movement = row.movement or (row.take_back.movement if row.take_back else None)
    if consignment is not None:
        load = dict(consignment.load)
        if not (load.get("export") and load.get("import")):
            return None
        stops = [("export", load["export"]), *(("transit", one) for one in load.get("transit") or ()),
                 ("import", load["import"])]  # fmt: skip
        route: list[Any] = [SimpleNamespace(state=state, role=role) for role, state in stops]
        return load, _asking(route, consignment.expected_on or times.now().date(), book)
    if movement is None:
        return None
    load = {**guard.load_of(movement.notification), "documents": papers_of(movement)}
    if movement.notification.basis == bases.NET:
        kg = bases.like(movement, "received_kg") or bases.like(movement, "loaded_kg") or movement.announced_kg
        load["net_kg"] = format(kg, "f")
    route = list(movement.notification.route.all())
    return guard.plain(load), _asking(route, movement.planned_on, book)


def _asking(route: Sequence[Any], day: date, book: Book) -> Ask:
    return lambda load: guard.decision(route, load, day, book)
