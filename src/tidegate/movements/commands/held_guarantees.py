"""The guarantee that a State of import or of transit requires and holds itself (Basel Convention, Article 6(11)).

Its authority alone writes it; the other States hold copies. That of the State of export is in `guarantees`.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tidegate.movements import facts, machines, standing
from tidegate.movements.calendars import today
from tidegate.movements.commands.guarantees import finished, money
from tidegate.movements.models import CostLine, Guarantee, HeldGuarantee, Notification
from tidegate.movements.rounds import round_
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Refused, command, locked

LEGAL = "Basel Convention, Article 6(11)"
Status = HeldGuarantee.Status


@command("movements.guarantee.require")
def require(
    actor: Actor, notification_id: UUID | str, *, amount: Any, currency: str, until: date | str | None = None
) -> HeldGuarantee:
    """This State asks for a guarantee of its own, of at least so much and until that day. Until it is recorded nothing
    may depart. Asked again while none is recorded, it changes what is asked.

    Raises Missing; Refused: not_owner (the State of export, or none of the route), state, amount, currency, day.
    """
    row = _concerned(actor, notification_id)
    held = _held(row, actor.state) or HeldGuarantee(
        holder_id=row.holder_id, case=row.case, notification=row, authority=actor.state, status=""
    )
    held.required_amount, held.currency = money(amount, currency)
    held.required_until = facts.day(until, "until")
    return _step(actor, row, held, "required")


@command("movements.guarantee.approve", "movements.guarantee.record")
def record(
    actor: Actor,
    notification_id: UUID | str,
    *,
    number: str,
    issuer: str,
    amount: Any,
    valid_until: date | str,
    valid_from: date | str | None = None,
) -> HeldGuarantee:
    """The guarantee that this State asked for is lodged with it: of the asked currency, for no less and no shorter.

    Raises Missing; Refused: state (none was asked for), text, amount, day, dates.
    """
    row = _concerned(actor, notification_id)
    held = _owned(row, actor.state)
    lodged, _said = money(amount, held.currency)
    if lodged < held.required_amount:
        raise Refused("amount", _("It is less than what is asked for."), field="amount", value=format(lodged, "f"),
                      expected=f"≥ {held.required_amount}")  # fmt: skip
    first, last = facts.day(valid_from, "valid_from"), facts.needed_day(valid_until, "valid_until")
    least = max(filter(None, (first, held.required_until, today(actor.state))))
    if last < least:
        raise Refused("dates", _("It ends too early."), field="valid_until", value=last.isoformat(),
                      expected=f"≥ {least.isoformat()}")  # fmt: skip
    held.number = facts.words(number, "number", _("the guarantee's number"))[:64]
    held.issuer = facts.words(issuer, "issuer", _("who issued it"))[:200]
    held.amount, held.valid_from, held.valid_until = lodged, first, last
    return _step(actor, row, held, "in_force")


@command("movements.guarantee.call", "movements.guarantee.call_own")
def call_own(actor: Actor, notification_id: UUID | str, *, reason: str) -> HeldGuarantee:
    """Call this State's own guarantee; nothing more may start. Costs of take-back cases are settled from it."""
    row = _concerned(actor, notification_id)
    return _step(actor, row, _owned(row, actor.state), "called", facts.words(reason, "reason", _("why it is called")))


@command("movements.guarantee.release", "movements.guarantee.release_own")
def release_own(actor: Actor, notification_id: UUID | str) -> HeldGuarantee:
    """Release this State's own guarantee, or what it asked for. Raises Refused: movements, take_back, state."""
    row = _concerned(actor, notification_id)
    held = _owned(row, actor.state)
    finished(row)
    return _step(actor, row, held, "released")


def left(row: Notification, state: str) -> tuple[Guarantee | HeldGuarantee, Decimal] | None:
    """The called guarantee that a State's costs are taken from, locked, and what no cost has taken of it: its own where
    it holds one, else that of the notification, which the State of export has called."""
    called = HeldGuarantee.objects.select_for_update().filter(notification=row, status="called")
    own = {held.authority: held for held in called}
    found: Guarantee | HeldGuarantee | None = own.get(state)
    if found is None:
        found = Guarantee.objects.select_for_update().filter(notification=row, status="called").first()
    if found is None or found.amount is None:
        return None
    costs = CostLine.objects.filter(
        holder=row.holder_id, take_back__movement__notification=row, status="guarantee_called", currency=found.currency
    ).values_list("reference", "amount")
    # A cost's reference begins with the State that recorded it.
    sharing = {state} if state in own else None
    taken = sum(
        (amount for reference, amount in costs if _shares(reference.split("-")[0], sharing, set(own))), Decimal(0)
    )
    return found, found.amount - taken


def _shares(state: str, only: set[str] | None, own: set[str]) -> bool:
    """Whether a State's costs are taken from the same guarantee."""
    return state in only if only is not None else state not in own


@round_("held_guarantees")
def lapse(now: datetime) -> int:
    """A State's own guarantee whose last day is over has lapsed."""
    rows = HeldGuarantee.objects.filter(status=Status.IN_FORCE, holder__here=True, valid_until__lte=now.date())
    done = 0
    for key, state, authority, notification in list(
        rows.values_list("pk", "holder", "authority", "notification")
    ):  # fmt: skip
        if state != authority:
            continue
        with transaction.atomic():
            row = Notification.objects.select_for_update().get(pk=notification)
            held = HeldGuarantee.objects.select_for_update().get(pk=key)
            if held.status == Status.IN_FORCE and held.valid_until and held.valid_until < today(state):
                _step(state, row, held, "lapsed")
                done += 1
    return done


def _concerned(actor: Actor, notification_id: UUID | str) -> Notification:
    """This State's copy, locked. Raises Refused("not_owner")."""
    row: Notification = locked(Notification, notification_id, actor)
    states = set(row.route.exclude(role="export").values_list("state", flat=True))
    if actor.state not in states or actor.state == row.state_export:
        raise Refused("not_owner", _("Only a State of import or of transit holds a guarantee of its own beside that "
                      "of the State of export."), field="state", value=actor.state,
                      expected=", ".join(sorted(states)))  # fmt: skip
    return row


def _held(row: Notification, state: str) -> HeldGuarantee | None:
    return HeldGuarantee.objects.select_for_update().filter(notification=row, authority=state).first()


def _owned(row: Notification, state: str) -> HeldGuarantee:
    held = _held(row, state)
    if held is None:
        raise Refused(
            "state", _("This State asked for no guarantee."), field="held_guarantee", expected=Status.REQUIRED
        )
    return held


FIELDS = ("required_amount", "required_until", "currency", "number", "issuer", "amount", "valid_from", "valid_until")


def said(held: HeldGuarantee) -> dict[str, Any]:
    """How it stands, as other States are told."""
    return {**{name: getattr(held, name) for name in FIELDS}, "status": held.status, "revision": held.revision}


def _step(actor: Actor | str, row: Notification, held: HeldGuarantee, event: str, reason: str = "") -> HeldGuarantee:
    held.status = machines.step(machines.HELD_GUARANTEE, held.status, event)
    if held._state.adding:
        held.save(force_insert=True)
        held.involved.set(row.involved.all())
    body = {**said(held), "revision": held.revision + 1, "reason": reason, "at": times.now()}
    messages = facts.posts(row, "held_guarantee.told", body, legal=LEGAL)
    payload = {"number": held.number, "reason": reason}
    facts.note(actor, f"held_guarantee.{event}", held, payload=payload, posts=messages)
    standing.refresh(row)
    return held
