"""Corrections of recorded figures: whoever wrote one proposes, every other State on the route approves; nothing is
overwritten in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import bases, carriage, draws, facts, machines
from tidegate.movements.commands.notifications import exhausted
from tidegate.movements.commands.receipt import adds_up, compare
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Correction, Movement
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked
from tidegate.parties.ids import reference
from tidegate.parties.registry import Post

# What can be corrected, and the step whose writer may propose it.
CORRECTABLE: Mapping[str, str] = {
    "loaded_kg": "departed",
    "received_kg": "arrived",
    "accepted_kg": "arrived",
    "rejected_kg": "arrived",
    "loaded_basis": "departed",
    "received_basis": "arrived",
}
# A basis, and the figure that it is said of.
BASES: Mapping[str, str] = {"loaded_basis": "loaded_kg", "received_basis": "received_kg"}


@command("movements.movement.correct")
def correct(actor: Actor, movement_id: UUID | str, *, changes: Mapping[str, str], reason: str) -> Correction:
    """Propose to correct recorded figures (name to kilograms) or their bases: every other State on the route has to
    approve.

    Raises Refused: text, field (not one that can be corrected), writer, balance, open (another proposal waits), mass,
    basis.
    """
    movement: Movement = locked(Movement, movement_id, actor)
    why = facts.words(reason, "reason", _("what is wrong, and why"))
    if not changes or not isinstance(changes, Mapping):
        raise Refused("field", _("Say which figure is wrong."), field="changes", expected=", ".join(CORRECTABLE))
    figures: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in CORRECTABLE or getattr(movement, BASES.get(name, name)) is None:
            raise Refused(
                "field", _("This cannot be corrected."), field=name, value=str(value)[:40],
                expected=", ".join(CORRECTABLE),
            )  # fmt: skip
        carriage.place(actor, movement, CORRECTABLE[name])
        if name in BASES:
            figures[name] = bases.read(value, getattr(movement, name))
        else:
            figures[name] = kilograms(value, name, zero=name in ("accepted_kg", "rejected_kg"))
    receipt = {name: figures.get(name, getattr(movement, name)) for name in CORRECTABLE}
    if set(figures) & {"received_kg", "accepted_kg", "rejected_kg"}:
        adds_up(receipt["received_kg"], receipt["accepted_kg"], receipt["rejected_kg"])
    if movement.corrections.filter(status=Correction.Status.PROPOSED).exists():
        raise Refused("open", _("Another correction of this movement waits for its answers."), field="changes")
    row = Correction(
        holder_id=actor.state, case=movement.case, movement=movement, reference=reference(actor.state),
        proposed_by=actor.state, changes=journal.as_json(figures), reason=why, status="", proposed_at=times.now(),
    )  # fmt: skip
    row.save(force_insert=True)
    row.involved.set(movement.involved.all())
    said = {"serial": movement.serial, "reference": row.reference, "changes": row.changes, "reason": why}
    record(actor, row, "proposed", facts.posts(movement.notification, "correction.proposed", said))
    # Where no other State takes part in the exchange, nobody is left to approve.
    _settle(actor, row)
    return row


@command("movements.correction.answer")
def approve_correction(actor: Actor, correction_id: UUID | str, *, approved: bool, reason: str = "") -> Correction:
    """This State's answer to another's correction. Raises Refused: own, recorded, text (a refusal needs its reason)."""
    row: Correction = locked(Correction, correction_id, actor)
    if row.proposed_by == actor.state:
        raise Refused("own", _("A State does not answer its own proposal."), field="correction")
    if actor.state in row.answers:
        raise Refused("recorded", _("This State has answered already."), field="correction")
    why = str(reason or "").strip() if approved else facts.words(reason, "reason", _("why not"))
    said = {"reference": row.reference, "approved": bool(approved), "reason": why}
    messages = facts.posts(row.movement.notification, "correction.answered", said)
    answered(actor, row, actor.state, approved=bool(approved), reason=why, posts=messages)
    return row


def answered(
    actor: Actor, row: Correction, state: str, *, approved: bool, reason: str, posts: list[Post] | None = None
) -> None:
    """Keep an answer; when all are in, the correction takes effect on this copy, or is refused."""
    row.answers = {**row.answers, state: {"approved": approved, "reason": reason}}
    record(actor, row, "answered", posts or [], state=state)
    _settle(actor, row)


def _settle(actor: Actor, row: Correction) -> None:
    if row.status != Correction.Status.PROPOSED:
        return
    notification = row.movement.notification
    asked = {*facts.others(notification), notification.holder_id} - {row.proposed_by}
    if any(not answer["approved"] for answer in row.answers.values()):
        record(actor, row, "refused", [])
    elif asked <= set(row.answers):
        record(actor, row, "approved", [])
        _apply(actor, row)


def _apply(actor: Actor, row: Correction) -> None:
    """Put an approved correction into effect on this copy; at the State of export the ledger follows."""
    movement = Movement.objects.select_for_update().get(pk=row.movement_id)
    before = {name: getattr(movement, name) for name in row.changes}
    for name, value in row.changes.items():
        if name in BASES:
            setattr(movement, name.replace("_basis", "_as"), {"basis": value})
        else:
            setattr(movement, name, Decimal(value))
    carriage.observed(
        actor, movement, "corrected", at=times.now(), tell=False, state=row.proposed_by, reason=row.reason,
        before=before, changes=row.changes,
    )  # fmt: skip
    if movement.holder_id == movement.notification.home and not movement.take_back:
        draws.adjust(actor, movement, bases.counted(movement), times.now(), "correction")
        exhausted(movement.holder_id, movement.case)
    compare(actor, movement)


def record(actor: Actor, row: Correction, event: str, posts: list[Post], *, state: str | None = None) -> None:
    """One step of a correction, journalled and told."""
    row.status = machines.step(machines.CORRECTION, row.status, event)
    payload: dict[str, Any] = {
        "serial": row.movement.serial, "changes": row.changes, "reason": row.reason, "answers": row.answers,
    }  # fmt: skip
    facts.note(actor, f"correction.{event}", row, payload=payload, posts=posts, state=state)
