"""Reads of green-listed shipments: every one scoped to the actor; and what the border is told of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tidegate.movements import green, green_notice, guard, tolerances
from tidegate.movements.models import GreenContainer, GreenShipment, GreenUpload
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.scope import visible

READ = "movements.green.read"
Law = GreenShipment.Law
LATE, HELD = "late", "held"
# What a shipment may be marked with, beside what the law says of it.
MARKS = {LATE: _("Handed in late"), HELD: _("Held")}


def shipments(actor: Actor | None) -> QuerySet[GreenShipment]:
    """Those that the actor sees: an authority all of its State's copies, a company those that name it."""
    return visible(GreenShipment.objects.all(), actor, READ).order_by("-planned_on", "-created_at")


def find(
    actor: Actor | None, *, text: str = "", status: str = "", law: str = "", mark: str = ""
) -> QuerySet[GreenShipment]:
    """Those whose reference, case, container, waste or party holds a text; of a status; of a standing in law; marked
    (`MARKS`)."""
    rows = shipments(actor)
    if wanted := text.strip():
        packed = "".join(sign for sign in wanted.upper() if sign.isalnum())
        named = [Q(**{f"content__{who}__name__icontains": wanted}) for who in ("arranger", "importer", "facility")]
        asked = Q(reference__icontains=wanted) | Q(case__icontains=wanted)
        asked |= Q(pk__in=GreenContainer.objects.filter(number=packed).values("shipment"))
        asked |= Q(content__designation__icontains=wanted)
        for one in named:
            asked |= one
        rows = rows.filter(asked)
    if status in GreenShipment.Status.values:
        rows = rows.filter(status=status)
    if mark == LATE:
        rows = rows.filter(late_notice=True)
    elif mark == HELD:
        rows = held(rows)
    return rows.filter(law=law) if law in Law.values else rows


def held(rows: QuerySet[GreenShipment]) -> QuerySet[GreenShipment]:
    """Those that a State holds."""
    return rows.exclude(holds=[])


def shipment(actor: Actor | None, key: UUID | str) -> GreenShipment:
    """One of them by its case or its key. Raises Missing."""
    rows = shipments(actor)
    try:
        found = rows.filter(pk=UUID(str(key))).first()
    except ValueError:
        found = rows.filter(case=str(key)).first()
    if found is None:
        raise Missing("green_shipment")
    return found


def uploads(actor: Actor | None) -> QuerySet[GreenUpload]:
    """The lists that were taken in: a company's own, for an authority all of its State."""
    rows = visible(GreenUpload.objects.all(), actor, READ)
    return rows.select_related("organisation", "person").order_by("-at")


def upload(actor: Actor | None, key: UUID | str) -> GreenUpload:
    """One list. Raises Missing."""
    found = uploads(actor).filter(pk=key).first()
    if found is None:
        raise Missing("green_upload")
    return found


# ── at the border ────────────────────────────────────────────────────────────────────────────────────────────


def at_border(state: str, text: str, packed: str) -> Sequence[GreenShipment]:
    """What a number may mean in a State's copies: a case, a reference of the sender's, a container (`packed`)."""
    rows = GreenShipment.objects.filter(holder=state)
    found = list(rows.filter(Q(case=text) | Q(reference=text)).order_by("-planned_on")[:5])
    if found:
        return found
    uses = GreenContainer.objects.filter(holder=state, number=packed).values("shipment")
    over = (GreenShipment.Status.CANCELLED, GreenShipment.Status.RECOVERED)
    return list(rows.filter(pk__in=uses).exclude(status__in=over).order_by("-planned_on")[:5])


@dataclass(frozen=True)
class Objection:
    """Why a shipment may not pass as green-listed: a code, a sentence; `open`: it is not known whether it may."""

    code: str
    text: str | Promise
    open: bool = False


def objections(
    row: GreenShipment, day: date, *, kg: Decimal | None, wastes: Iterable[str], hs: Iterable[str], origin: str
) -> list[Objection]:
    """What stands against a shipment at the border on a day, with what stands there where that is known.

    The law is that of the day: a shipment that is late is judged by the law of the day on which it is there.
    """
    found = []
    if row.status not in (GreenShipment.Status.ENTERED, GreenShipment.Status.DEPARTED):
        found.append(Objection(f"green_{row.status}", row.get_status_display()))
    for hold in row.holds:
        said = {"state": hold["state"], "office": hold["office"], "reason": hold["reason"]}
        found.append(Objection("held", _("Held by %(state)s (%(office)s): %(reason)s") % said))
    found += _law(row, day)
    entered = row.loaded_kg or row.quantity_kg
    if kg is not None and tolerances.of_green(row).more(entered, kg):
        found.append(Objection("quantity", _("More stands here than its form says.")))
    codes: dict[str, list[str]] = row.content.get("codes") or {}
    if strange := [one for one in wastes if codes.get("basel") and one not in codes["basel"]]:
        found.append(Objection("scope", _("Its form names another waste than %(code)s.") % {"code": strange[0]}))
    if codes.get("hs"):
        given = [_digits(code) for code in codes["hs"]]
        if any(not _matches(_digits(code), given) for code in hs):
            found.append(Objection("scope", _("Its form names another customs code.")))
    if origin and origin != row.state_export:
        found.append(Objection("scope", _("Its form names another State of export.")))
    return found


def _law(row: GreenShipment, day: date) -> list[Objection]:
    standing, screen = row.law, row.screen
    if row.departed_at is None and day > row.planned_on:
        answer = green.screen(green.read(row.content), day, guard.book())
        standing, screen = green.standing(answer), green.shown(answer)
    if standing == Law.BARRED:
        late = GreenShipment(law=standing, screen=screen)
        return [Objection("law", one["text"]) for one in green.against(late)] or [
            Objection("law", _("The law does not let it move as green-listed."))
        ]
    if standing == Law.OPEN:
        return [Objection("law_open", _("Whether the law lets it move as green-listed turns on what is not known."),
                          open=True)]  # fmt: skip
    return []


def late(row: GreenShipment, day: date) -> str:
    """Why the form came too late for the departure, in a sentence; "" where it did not.

    One that has not left is judged by the day on which it is here, where that is later than planned.
    """
    notice, is_late = row.notice, row.late_notice
    if is_late and row.departed_at is None and day > row.planned_on:
        notice, is_late = green_notice.worked_out(row, day)
    return green_notice.why_late(notice, is_late)


def _digits(code: str) -> str:
    return "".join(sign for sign in code if sign.isdigit())


def _matches(code: str, given: Sequence[str]) -> bool:
    return any(code.startswith(one) or one.startswith(code) for one in given)


# ── the year ─────────────────────────────────────────────────────────────────────────────────────────────────


def of_year(state: str, first: Any, last: Any) -> tuple[list[GreenShipment], list[GreenShipment]]:
    """(exports, imports) between two moments: an export counts when it left, an import when it was received."""
    rows = GreenShipment.objects.filter(holder=state).order_by("case")
    sent = rows.filter(state_export=state, departed_at__gte=first, departed_at__lt=last)
    came = rows.filter(state_import=state, received_at__gte=first, received_at__lt=last)
    return list(sent), list(came)
