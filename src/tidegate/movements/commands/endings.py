"""How a notification stops or ends: suspended and lifted, used up, withdrawn, revoked, closed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tidegate.movements import clocks, facts, machines, standing
from tidegate.movements.models import Consent, Guarantee, Movement, Notification, TakeBack
from tidegate.movements.owning import LEGAL, exporting, own_consent
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked

Status = Notification.Status
WITHDRAWABLE = (
    Status.DRAFT, Status.SUBMITTED, Status.INCOMPLETE, Status.TRANSMITTED, Status.ACKNOWLEDGED, Status.CONSENTED,
    Status.OBJECTED,
)  # fmt: skip


@command("movements.notification.withdraw")
def withdraw(actor: Actor, notification_id: UUID | str, *, reason: str, revision: int | None = None) -> Notification:
    """The notifier withdraws it; only while no movement was announced under it."""
    row = exporting(actor, notification_id, revision, pen=True)
    if row.status not in WITHDRAWABLE:
        raise Refused(
            "state", _("It can no longer be withdrawn."), field="status", value=row.status,
            expected=", ".join(WITHDRAWABLE),
        )  # fmt: skip
    begun = Movement.objects.filter(notification=row).exclude(status__in=("draft", "cancelled"))
    if begun.exists():
        raise Refused(
            "movements", _("A movement was announced under it."), field="movements", value=begun.count(), expected=0
        )
    return _end(actor, row, "withdrawn", facts.words(reason, "reason", _("why it is withdrawn")))


@command("movements.notification.revoke")
def revoke(actor: Actor, notification_id: UUID | str, *, reason: str, revision: int | None = None) -> Notification:
    """The authority of export ends a notification that was sent on: nothing more may start under it."""
    row = exporting(actor, notification_id, revision)
    if row.transmitted_at is None:
        raise Refused("state", _("It was never sent on."), field="status", value=row.status)
    return _end(actor, row, "revoked", facts.words(reason, "reason", _("why it is revoked")))


@command("movements.notification.close")
def close(actor: Actor, notification_id: UUID | str, *, revision: int | None = None) -> Notification:
    """The authority of export closes it: every movement is finished, no case is open, the guarantee is released.

    Raises Refused: movements, take_back, guarantee.
    """
    row = exporting(actor, notification_id, revision)
    running = Movement.objects.filter(notification=row).exclude(status__in=("draft", "cancelled", "closed"))
    if running.exists():
        raise Refused(
            "movements", _("Movements under it are not finished."), field="movements", value=running.count(), expected=0
        )
    cases = TakeBack.objects.filter(movement__notification=row).exclude(status__in=("closed", "not_a_case"))
    if cases.exists():
        raise Refused("take_back", _("A take-back case is open."), field="take_backs", value=cases.count(), expected=0)
    guarantee = Guarantee.objects.filter(notification=row).first()
    if guarantee is not None and guarantee.status not in ("released", "lapsed", "called"):
        raise Refused(
            "guarantee", _("Release the guarantee first."), field="guarantee", value=guarantee.status,
            expected="released",
        )  # fmt: skip
    return _end(actor, row, "closed", "")


def _end(actor: Actor, row: Notification, how: str, reason: str) -> Notification:
    row.status = machines.step(machines.NOTIFICATION, row.status, how)
    now = times.now()
    row.ended_as, row.ended_reason = how, reason
    body = {"reason": reason, "at": now}
    messages = [] if row.transmitted_at is None else facts.posts(row, f"notification.{how}", body, legal=LEGAL)
    facts.note(actor, f"notification.{how}", row, payload={"reason": reason}, posts=messages)
    ended(row, now)
    return row


def ended(row: Notification, at: datetime) -> None:
    """Nothing of an ended notification waits any more."""
    clocks.end_all(row, at, "void")
    for consent in Consent.objects.filter(notification=row):
        clocks.end_all(consent, at, "void")
    standing.refresh(row)


@command("movements.notification.suspend")
def suspend(actor: Actor, notification_id: UUID | str, *, reason: str, revision: int | None = None) -> Notification:
    """Any authority concerned stops new departures under it, until it lifts that again."""
    row: Notification = locked(Notification, notification_id, actor, revision)
    own_consent(actor, row)
    if row.ended_as or row.transmitted_at is None:
        raise Refused("state", _("There is nothing to suspend."), field="status", value=row.status)
    if any(item["state"] == actor.state for item in row.suspended_by):
        raise Refused("state", _("This State has suspended it already."), field="suspended_by", value=actor.state)
    now = times.now()
    why = facts.words(reason, "reason", _("why it is suspended"))
    body = {"reason": why, "at": now}
    row.suspended_by = [*row.suspended_by, {"state": actor.state, "at": now.isoformat(), "reason": why}]
    messages = facts.posts(row, "notification.suspended", body, legal=LEGAL)
    facts.note(actor, "notification.suspension", row, payload={"by": actor.state, "reason": why}, posts=messages)
    standing.refresh(row)
    return row


@command("movements.notification.suspend", "movements.notification.lift")
def lift(actor: Actor, notification_id: UUID | str, *, reason: str = "", revision: int | None = None) -> Notification:
    """The State that suspended it lifts that; others' suspensions stay."""
    row: Notification = locked(Notification, notification_id, actor, revision)
    if not any(item["state"] == actor.state for item in row.suspended_by):
        raise Refused("state", _("This State has not suspended it."), field="suspended_by", value=actor.state)
    row.suspended_by = [item for item in row.suspended_by if item["state"] != actor.state]
    body = {"reason": reason, "at": times.now()}
    messages = facts.posts(row, "notification.lifted", body, legal=LEGAL)
    facts.note(
        actor, "notification.suspension_lifted", row, payload={"by": actor.state, "reason": reason}, posts=messages
    )
    standing.refresh(row)
    return row


def exhausted(holder: str, case: str) -> None:
    """The home of the account tells everybody that it is used up, or that there is something left again. For the
    ledger's and the movements' commands, after they drew; inside their transaction."""
    row = Notification.objects.select_for_update().filter(holder=holder, case=case).first()
    if row is None or row.home != holder or row.transmitted_at is None or row.ended_as:
        return
    now_used = standing.used_up(row)
    if now_used == row.used_up:
        return
    row.used_up = now_used
    type = "notification.used_up" if now_used else "notification.replenished"
    facts.note(holder, type, row, posts=facts.posts(row, type, {"at": times.now()}))
    standing.refresh(row)
