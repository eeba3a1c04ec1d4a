"""Green-listed shipments: entered one by one or as a list, changed until they leave; received and recovered.

Entering is never an authorisation: what the law does not let move as green-listed is kept, flagged with its reasons,
and told to the other States; it cannot be reported as departed. What was seen (receipt, recovery) is always stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from tidegate.movements import evidence, facts, green, green_control, green_files, guard, tolerances
from tidegate.movements.breaches import open_breach
from tidegate.movements.calendars import today
from tidegate.movements.codes import RECOVERY
from tidegate.movements.green_entering import Entering, live
from tidegate.movements.inbound.green import fill, late, packed, posts
from tidegate.movements.machines import GREEN_SHIPMENT, step
from tidegate.movements.masses import kilograms
from tidegate.movements.models import GreenShipment, GreenUpload
from tidegate.movements.particulars import moment
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.ids import reference
from tidegate.parties.models import State

Status = GreenShipment.Status
# As many as one request takes; a longer list is divided.
MAX_ROWS = 2_000
ENTER = "movements.green.enter"
RECEIVE = "movements.green.receive"
NOT_USED = _("a reference that was not used yet")


@command(ENTER)
def enter(actor: Actor, *, content: Mapping[str, Any]) -> GreenShipment:
    """Enter one shipment. `content` are the fields of `green.Content`; without a reference of its own it gets its case.

    `law` of the result says whether the law lets it move as green-listed; `screen` holds the reasons. Raises Refused:
    form and incomplete (naming field, value, expectation), writer, taken (the reference), load.
    """
    entering = Entering()
    row = _enter(actor, green.read(content), entering)
    entering.done()
    return row


@command(ENTER, "movements.green.enter_many")
def enter_many(actor: Actor, *, shipments: Sequence[Any], name: str = "") -> GreenUpload:
    """Enter a list of shipments, each as for `enter`; gives what became of them: rows = accepted + rejected.

    A row that cannot be taken is rejected by itself, with field, value and expectation. Raises Refused: rows.
    """
    found: list[green_files.Row] = []
    for number, said in enumerate(shipments, 1):
        own = str(said.get("reference") or "")[:64] if isinstance(said, Mapping) else ""
        found.append(green_files.Row(number, None, own, said, ()))
    return _take(actor, found, name=name[:200], sha256=facts.digest(list(shipments)), notes=())


@command(ENTER, "movements.green.upload")
def upload(actor: Actor, *, name: str, data: str) -> GreenUpload:
    """The same from a CSV or XLSX file (`data`: its bytes in base64), with the columns of `green_files.COLUMNS`.

    Raises Refused: file (too large, of neither format, without the columns that are needed), rows.
    """
    content = evidence.unpacked(data)
    table = green_files.read(content, name, most=MAX_ROWS)
    return _take(actor, table.rows, name=name[:200], sha256=hashlib.sha256(content).hexdigest(), notes=table.notes)


def _take(
    actor: Actor, rows: Sequence[green_files.Row], *, name: str, sha256: str, notes: Sequence[str]
) -> GreenUpload:
    if not 0 < len(rows) <= MAX_ROWS:
        raise Refused("rows", _("There are no rows, or too many."), field="shipments", value=len(rows),
                      expected=f"1-{MAX_ROWS}")  # fmt: skip
    assert actor.organisation is not None
    made = GreenUpload.objects.create(
        holder_id=actor.state, organisation=actor.organisation, person=actor.person, name=name, sha256=sha256,
        at=times.now(), rows=len(rows), accepted=0, rejected=len(rows), notes=list(notes),
    )  # fmt: skip
    rejects: list[dict[str, Any]] = []
    accepted, entering = 0, Entering()
    entering.look(actor.organisation, (_named(row.content) for row in rows))
    for row in rows:
        wrong = list(row.errors)
        if not wrong:
            wrong = _row(actor, row, made, entering)
        accepted += not wrong
        rejects += [
            {
                "row": row.number, "line": row.line, "reference": row.reference, "field": field,
                "value": None if value is None else str(value)[:200], "expected": str(expected),
            }
            for field, value, expected in wrong
        ]  # fmt: skip
    entering.done()
    made.accepted, made.rejected, made.rejects = accepted, len(rows) - accepted, rejects
    made.save()
    return made


def _named(said: Any) -> str:
    return str(said.get("reference") or "").strip()[:64] if isinstance(said, Mapping) else ""


def _row(actor: Actor, row: green_files.Row, made: GreenUpload, entering: Entering) -> list[green.Problem]:
    """Enter one row of a list; gives what is wrong with it, nothing where it was taken."""
    try:
        content = green.read(row.content)
        if wrong := list(green.problems(content, guard.book())):
            return wrong
        with transaction.atomic():
            _enter(actor, content, entering, made)
    except Refused as refused:
        return [(refused.field, refused.value, refused.expected or refused.text)]
    except IntegrityError:
        # Somebody else took the reference since the list was begun.
        if not live(actor.organisation).filter(reference=content.reference).exists():
            raise
        return [("reference", content.reference, NOT_USED)]
    return []


def _enter(
    actor: Actor, content: green.Content, entering: Entering, upload: GreenUpload | None = None
) -> GreenShipment:
    _whole(content)
    writer = _writer(content, entering)
    if actor.state != writer:
        raise Refused("writer", _("Shipments are entered in the State that they leave; in that of import only where "
                                  "the State of export takes no part in the exchange."),
                      field="state_export", value=content.state_export, expected=actor.state)  # fmt: skip
    case = reference(actor.state)
    content.reference = content.reference or case
    row = GreenShipment(
        holder_id=actor.state, case=case, writer=writer, entered_by=actor.organisation, upload=upload, status="",
    )  # fmt: skip
    _only_once(row, content, entering)
    _screened(row, content, _day(content), entering)
    told(actor, row, "entered", entering=entering)
    entering.keep(row, green.parties(content), [actor.organisation] if actor.organisation else ())
    return row


@command(ENTER, "movements.green.amend")
def amend(actor: Actor, shipment_id: UUID | str, *, revision: int, content: Mapping[str, Any]) -> GreenShipment:
    """Put another content in the place of the one that was entered; the law is asked again. Only before it leaves.

    Raises Refused as `enter`, and state; Conflict, Missing.
    """
    row = _own(actor, shipment_id, revision)
    if row.status != Status.ENTERED:
        raise Refused("state", _("It has left or is over: its form stays."), field="status", value=row.status,
                      expected=Status.ENTERED)  # fmt: skip
    said = green.read({"reference": row.reference, **content})
    _whole(said)
    entering = Entering()
    if _writer(said, entering) != row.writer:
        raise Refused("writer", _("Cancel it, and enter another one."), field="state_export", value=said.state_export,
                      expected=row.state_export)  # fmt: skip
    _only_once(row, said, entering)
    _screened(row, said, _day(said), entering)
    told(actor, row, "amended", entering=entering)
    packed(row)
    facts.link(row, green.parties(said), [actor.organisation] if actor.organisation else ())
    # What a State said that is on the route only now.
    if facts.replay(actor.state, row.case):
        row.refresh_from_db()
    return row


@command(ENTER, "movements.green.depart")
def depart(
    actor: Actor,
    shipment_id: UUID | str,
    *,
    revision: int | None = None,
    loaded_kg: Decimal | str,
    at: datetime | str | None = None,
) -> GreenShipment:
    """It has left, with so much loaded. The law is asked for that day; what it bars is refused. A form that was handed
    in too late for that day opens a breach.

    Raises Refused: state, held, mass, moment, law (barred, with the rule); Missing, Conflict.
    """
    row = _own(actor, shipment_id, revision)
    green_control.must_be_free(row)
    row.loaded_kg = kilograms(loaded_kg, "loaded_kg")
    row.departed_at = past(moment(at), "at")
    step(GREEN_SHIPMENT, row.status, "departed")
    _screened(row, green.read(row.content), today(row.holder_id, row.departed_at) or times.now().date(),
              Entering())  # fmt: skip
    if row.law == GreenShipment.Law.BARRED:
        rules = ", ".join(str(one["rule"]) for one in green.against(row))
        raise Refused("law", _("The law does not let it move as green-listed."), field="law", value=rules,
                      expected=_("a notification and its consents, or another load"))  # fmt: skip
    found = told(actor, row, "departed", at=row.departed_at)
    late(actor, row)
    return found


@command(ENTER, "movements.green.cancel")
def cancel(actor: Actor, shipment_id: UUID | str, *, revision: int | None = None, reason: str) -> GreenShipment:
    """It does not leave. Raises Refused: state, text; Missing, Conflict."""
    row = _own(actor, shipment_id, revision)
    row.reason = facts.words(reason, "reason", _("why"))
    return told(actor, row, "cancelled")


@command(RECEIVE)
def receive(
    actor: Actor,
    shipment_id: UUID | str,
    *,
    revision: int | None = None,
    received_kg: Decimal | str,
    rejected_kg: Decimal | str = "0",
    at: datetime | str | None = None,
    reason: str = "",
) -> GreenShipment:
    """The facility confirms the receipt (blocks 13 and 14): so much came, so much of it was turned away.

    Stored whatever the law said; a barred one, one that is held, and a difference beyond the tolerance open a breach.
    Raises Refused: mass, moment, place (another State's fact), recorded, text (a rejection without its reason);
    Missing, Conflict.
    """
    row = _there(actor, shipment_id, revision)
    if row.received_kg is not None:
        raise Refused("recorded", _("Its receipt is recorded already."), field="received_kg", value=row.received_kg)
    received, turned = kilograms(received_kg, "received_kg"), kilograms(rejected_kg, "rejected_kg", zero=True)
    if turned > received:
        raise Refused("mass", _("More was turned away than came."), field="rejected_kg", value=turned,
                      expected=f"≤ {received}")  # fmt: skip
    row.received_kg, row.rejected_kg, row.received_at = received, turned, past(moment(at), "at")
    if turned:
        row.reason = facts.words(reason, "reason", _("why it was turned away"))
    found = told(actor, row, "rejected" if turned == received else "received", at=row.received_at)
    green_control.moved(actor, row, row.received_at)
    expected = row.loaded_kg or row.quantity_kg
    tolerance = tolerances.of_green(row)
    if tolerance.exceeded(expected, received):
        open_breach(
            actor, row, "quantity_difference", expected_kg=expected, received_kg=received, **tolerance.detail
        )  # fmt: skip
    if row.law == GreenShipment.Law.BARRED:
        open_breach(actor, row, "not_green", rules=[one["rule"] for one in green.against(row)])
    return found


@command(RECEIVE, "movements.green.recover")
def recover(
    actor: Actor,
    shipment_id: UUID | str,
    *,
    revision: int | None = None,
    operation: str = "",
    at: datetime | str | None = None,
) -> GreenShipment:
    """What was accepted has been recovered, by the operation of the form or another one.

    Another operation than the form's is kept and opens a breach. Raises Refused: state, held, operation, moment, place.
    """
    row = _there(actor, shipment_id, revision)
    green_control.must_be_free(row)
    done = (operation or str(row.content.get("operation") or "")).strip().upper()
    if done not in RECOVERY:
        raise Refused("operation", _("This is not a recovery operation."), field="operation", value=done[:8],
                      expected="R1-R13")  # fmt: skip
    row.recovered_at = past(moment(at), "at")
    found = told(actor, row, "recovered", at=row.recovered_at, operation=done)
    if done != row.content.get("operation"):
        open_breach(actor, row, "operation_not_allowed", operation=done, expected=row.content.get("operation"))
    return found


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────


def _whole(content: green.Content) -> None:
    for field, value, expected in green.problems(content, guard.book()):
        raise Refused("incomplete", _("The form is not complete."), field=field, value=value, expected=expected)


def _writer(content: green.Content, entering: Entering) -> str:
    """Whose content it is: the State of export's, where it takes part in the exchange."""
    return content.state_export if entering.here(content.state_export) else content.state_import


def _day(content: green.Content) -> date:
    assert content.planned_on is not None  # `_whole` has seen to it
    return content.planned_on


def _only_once(row: GreenShipment, content: green.Content, entering: Entering) -> None:
    """A reference stands for one live shipment of its organisation: the same list twice makes nothing twice."""
    if entering.taken is not None:
        found = content.reference in entering.taken
    else:
        found = live(row.entered_by).filter(reference=content.reference).exclude(pk=row.pk).exists()
    if found:
        raise Refused("taken", _("A shipment of this reference is entered already."), field="reference",
                      value=content.reference, expected=NOT_USED)  # fmt: skip


def _screened(row: GreenShipment, content: green.Content, day: date, entering: Entering) -> None:
    answer = green.screen(content, day, guard.book())
    fill(row, content, answer, entering.calendar)


def told(
    actor: Actor,
    row: GreenShipment,
    event: str,
    at: datetime | None = None,
    *,
    entering: Entering | None = None,
    **more: Any,
) -> GreenShipment:
    """Take the step, keep it, and tell the other States concerned; `more` goes into the journal and the message."""
    row.status = step(GREEN_SHIPMENT, row.status, event)
    when = at or times.now()
    body = posts(row, event, when, entering, **more)
    facts.note(
        actor, f"green_shipment.{event}", row, payload={"law": row.law, "reference": row.reference, **more},
        posts=body, occurred_at=when, law_version=row.law_version,
    )  # fmt: skip
    return row


def _own(actor: Actor, key: UUID | str, revision: int | None) -> GreenShipment:
    row: GreenShipment = locked(GreenShipment, key, actor, revision)
    if row.holder_id != row.writer:
        raise Refused("writer", _("Only the State in which it was entered does this."), field="state",
                      value=actor.state, expected=row.writer)  # fmt: skip
    return row


def _there(actor: Actor, key: UUID | str, revision: int | None) -> GreenShipment:
    """The row where the receipt is written: at the State of import, or the writer's for one outside the exchange."""
    row: GreenShipment = locked(GreenShipment, key, actor, revision)
    place = row.state_import if State.objects.filter(pk=row.state_import).exists() else row.writer
    if actor.state != place:
        raise Refused("place", _("Only the State where it arrives records this."), field="state", value=actor.state,
                      expected=place)  # fmt: skip
    return row


def past(at: datetime, field: str) -> datetime:
    """The moment itself. Raises Refused("moment") where it lies in the future."""
    if at > times.now():
        raise Refused("moment", _("This lies in the future."), field=field, value=at.isoformat(),
                      expected=_("a moment that is over"))  # fmt: skip
    return at
