"""What a movement draws on: its notification's quantity, and permits and quotas that other States may grant.

Each account has one home, which alone reserves. The State of export reserves at its own home at once and asks the
others by message. A movement is announced when *every* home has confirmed: no answer, however late, is no confirmation,
and a refusal of one gives back what the others set aside.

`movement.draws` holds a row for each account: {"home", "account", "reservation" (the draw's key), "kg", "status":
asked | confirmed | refused | released | committed, "asked_at", "code", "reason"}.

This module calls `commands.movements.draws_settled(movement)` when all homes have confirmed (from `ask` itself where
all are our own), and when one has refused or has not answered in time. Where messages go out, these functions write a
journal entry and raise `movement.revision`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tidegate.movements import bases, carriage, ledger
from tidegate.movements.models import Account, Breach, Movement
from tidegate.movements.rounds import round_
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Refused
from tidegate.parties.models import State
from tidegate.parties.registry import Post

# How long after its planned day a movement that has not left still holds its quantities.
HOLD = timedelta(days=14)
# How long the State of export waits for the answer of another home.
ANSWER = timedelta(hours=72)
# A balance is told again after this time also when nothing changed, so that a copy shows that it is fresh.
REPEAT = timedelta(hours=6)

ASKED, CONFIRMED, REFUSED, RELEASED, COMMITTED = "asked", "confirmed", "refused", "released", "committed"


def accounts_for(movement: Movement) -> list[str]:
    """The references of the accounts that a movement draws on: the notification's, then its permits and quotas."""
    return [reference for _home, reference in homes(movement)]


def outcome(movement: Movement) -> str:
    """Where the reserves stand: refused (one is), asked (one is open), confirmed (all are), or empty (none asked)."""
    statuses = {row["status"] for row in movement.draws}
    for status in (REFUSED, ASKED):
        if status in statuses:
            return status
    return CONFIRMED if CONFIRMED in statuses else ""


def ask(actor: Actor, movement: Movement) -> None:
    """Reserve the announced quantity for the planned day: at our own homes now, at others by message.

    Again after a change of quantity or day, it reserves anew under the same key, all or nothing. Raises Refused (basis;
    see ledger.reserve) where one of our own homes has not enough; nothing is kept then.
    """
    if len(homes(movement)) > 1 and movement.notification.basis != bases.NET:
        raise Refused(
            "basis", _("Permits and quotas count net mass; this notification does not."), field="permits",
            value=movement.notification.basis, expected=bases.NET,
        )  # fmt: skip
    expires = _end_of(movement) + HOLD
    earlier = {row["account"]: row for row in movement.draws}
    rows, posts = [], []
    for home, reference in homes(movement):
        row = _row(movement, home, reference, earlier.get(reference))
        row["kg"], row["asked_at"] = format(movement.announced_kg, "f"), times.now().isoformat()
        if home == movement.holder_id:
            ledger.reserve(
                home, reference, draw=row["reservation"], kg=movement.announced_kg, day=movement.planned_on,
                expires_at=expires, actor=actor,
            )  # fmt: skip
            row["status"] = CONFIRMED
        else:
            row["status"] = ASKED
            more = {
                "day": movement.planned_on.isoformat(), "expires_at": expires, "kg": row["kg"],
                # What the home tests the conditions of its permit with.
                "facts": carriage.facts_of(movement),
            }  # fmt: skip
            posts.append(_message(movement, row, "ledger.reserve.asked", more))
        rows.append(row)
    # An account that it no longer draws on gets its quantity back.
    kept = {row["account"] for row in rows}
    for row in earlier.values():
        if row["account"] not in kept:
            posts += _end(actor, movement, row, times.now())
    movement.draws = rows
    _keep(actor, movement, "movement.draws_asked", posts)
    if outcome(movement) == CONFIRMED:
        _settled(movement)


def commit(actor: Actor, movement: Movement, kg: Decimal, at: datetime) -> list[Breach]:
    """What left, at that time, drawn on every account; also when nothing was reserved. Never refused.

    Gives the breaches that it opens at our own homes.
    """
    breaches, posts = [], []
    rows = {row["account"]: row for row in movement.draws}
    for home, reference in homes(movement):
        row = rows.setdefault(reference, _row(movement, home, reference, None))
    for row in rows.values():
        row["status"], row["kg"] = COMMITTED, format(kg, "f")
        if row["home"] == movement.holder_id:
            breach = ledger.commit(row["home"], row["account"], draw=row["reservation"], kg=kg, at=at, actor=actor)
            breaches += [breach] if breach is not None else []
        else:
            posts.append(_message(movement, row, "ledger.committed", {"kg": row["kg"], "at": at}))
    movement.draws = list(rows.values())
    _keep(actor, movement, "movement.draws_told", posts)
    return breaches


def adjust(actor: Actor, movement: Movement, kg: Decimal, at: datetime, reason: str = "") -> list[Breach]:
    """A corrected actual replaces what every account of the movement has as used. Zero: it never left.

    Never refused; gives the breaches that it opens at our own homes.
    """
    breaches, posts = [], []
    if not movement.draws:
        return commit(actor, movement, kg, at)
    for row in movement.draws:
        row["status"], row["kg"] = COMMITTED, format(kg, "f")
        if row["home"] == movement.holder_id:
            breach = ledger.adjust(
                row["home"], row["account"], draw=row["reservation"], kg=kg, at=at, reason=reason, actor=actor
            )
            breaches += [breach] if breach is not None else []
        else:
            posts.append(_message(movement, row, "ledger.adjusted", {"kg": row["kg"], "at": at, "reason": reason}))
    _keep(actor, movement, "movement.draws_told", posts)
    return breaches


def release(actor: Actor, movement: Movement, at: datetime) -> None:
    """Give back what is set aside for a movement that does not start. What was used stays used."""
    posts: list[Post] = []
    for row in movement.draws:
        posts += _end(actor, movement, row, at)
    _keep(actor, movement, "movement.draws_told", posts)


def answered(
    movement: Movement, *, home: str, account: str, draw: str, status: str, code: str = "", text: str = ""
) -> bool:
    """Take in a home's answer for one of its accounts, for a locked movement; False where nothing waits for it (any
    more). Several accounts of one home are drawn on under the same key.

    1. A confirmation that comes too late, for a movement that is not to be announced any more, is given back.
    2. A refusal gives back what every other home set aside.
    """
    asked = (home, account, draw)
    row = next((one for one in movement.draws if (one["home"], one["account"], one["reservation"]) == asked), None)
    if row is None:
        return False
    me = system(movement.holder_id)
    if row["status"] != ASKED or movement.status != Movement.Status.ANNOUNCING:
        if status == CONFIRMED and row["status"] in (REFUSED, RELEASED):
            _keep(
                me, movement, "movement.draws_told", [_message(movement, row, "ledger.released", {"at": times.now()})]
            )
        return False
    row["status"], row["code"], row["reason"] = status, code, text
    posts: list[Post] = []
    if status == REFUSED:
        for other in movement.draws:
            posts += _end(me, movement, other, times.now())
    _keep(me, movement, "movement.draws_settled", posts, state=home, payload={"draws": movement.draws})
    if outcome(movement) != ASKED:
        _settled(movement)
    return True


# --- what time does ------------------------------------------------------------------------------------


@round_("ledger.expire")
def expire_reservations(now: datetime) -> int:
    """End reservations whose time is over."""
    return ledger.expire_due(now)


@round_("draws.unanswered")
def refuse_unanswered(now: datetime) -> int:
    """A home that has not answered in time has not confirmed: the movement is not announced."""
    waiting = Movement.objects.filter(status=Movement.Status.ANNOUNCING, holder__here=True).values_list("pk", flat=True)
    done = 0
    for key in list(waiting):
        with transaction.atomic():
            movement = Movement.objects.select_for_update().get(pk=key)
            late = [
                row for row in movement.draws
                if row["status"] == ASKED and datetime.fromisoformat(row["asked_at"]) + ANSWER <= now
            ]  # fmt: skip
            if movement.status == Movement.Status.ANNOUNCING and late:
                row = late[0]
                done += answered(
                    movement, home=row["home"], account=row["account"], draw=row["reservation"], status=REFUSED,
                    code="no_answer",
                )  # fmt: skip
    return done


@round_("ledger.tell")
def tell_balances(now: datetime) -> int:
    """Send balances that changed, or were last told long ago, to the States that keep a copy."""
    due = Account.objects.filter(
        Q(told__lt=F("revision")) | Q(told_at=None) | Q(told_at__lte=now - REPEAT), holder=F("home"), holder__here=True
    ).exclude(shared=[])
    keys = list(due.values_list("pk", flat=True))
    for key in keys:
        tell_balance(key, now)
    return len(keys)


def tell_balance(key: UUID, now: datetime) -> None:
    """Send one account's balance to the States that keep a copy."""
    with transaction.atomic():
        account = Account.objects.select_for_update(of=("self",)).get(pk=key)
        account.revision += 1
        account.told, account.told_at = account.revision, now
        account.save(update_fields=["revision", "told", "told_at"])
        journal.record(
            system(account.holder_id), "ledger.told", account, revision=account.revision, case=account.case,
            payload={"reference": account.reference, "to": account.shared}, posts=ledger.tell(account),
        )  # fmt: skip


# --- rows and messages ---------------------------------------------------------------------------------


def homes(movement: Movement) -> list[tuple[str, str]]:
    """(home, reference) of each account, the notification's first.

    A permit is named by its reference, which begins with its home's code.
    """
    found = [(movement.notification.home, movement.case)]
    for named in movement.particulars.get("permits", []):
        reference = named["reference"] if isinstance(named, dict) else named
        found.append((reference.split("-")[0], reference))
    return list(dict.fromkeys(found))


def _row(movement: Movement, home: str, reference: str, earlier: dict[str, Any] | None) -> dict[str, Any]:
    """The row of an account: the earlier one while its draw lives; a new key after it was given back."""
    key = f"{movement.case}/{movement.serial}"
    if earlier is not None and earlier["status"] not in (REFUSED, RELEASED):
        return {**earlier, "code": "", "reason": ""}
    if earlier is not None:
        key = f"{key}/{int((earlier['reservation'].removeprefix(key).lstrip('/')) or 1) + 1}"
    return {"home": home, "account": reference, "reservation": key, "status": "", "kg": "", "code": "", "reason": ""}


def _end(actor: Actor, movement: Movement, row: dict[str, Any], at: datetime) -> list[Post]:
    """Give one account's quantity back; a message where its home is elsewhere."""
    if row["status"] not in (ASKED, CONFIRMED):
        return []
    row["status"] = RELEASED
    if row["home"] == movement.holder_id:
        ledger.release(row["home"], row["account"], draw=row["reservation"], at=at, actor=actor)
        return []
    return [_message(movement, row, "ledger.released", {"at": at})]


def _message(movement: Movement, row: dict[str, Any], type: str, more: dict[str, Any]) -> Post:
    body = {"account": row["account"], "draw": row["reservation"], "serial": movement.serial, **more}
    return Post(to=row["home"], case=movement.case, type=type, body=journal.as_json(body))


def _keep(
    actor: Actor,
    movement: Movement,
    type: str,
    posts: Iterable[Post],
    *,
    state: str | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    posts = list(posts)
    if posts or payload is not None:
        movement.revision += 1
        journal.record(
            actor, type, movement, revision=movement.revision, case=movement.case, state=state,
            payload=payload or {"draws": movement.draws}, posts=posts,
        )  # fmt: skip
    movement.save(update_fields=["draws", "revision", "updated_at"])


def _end_of(movement: Movement) -> datetime:
    zone = ZoneInfo(State.objects.values_list("time_zone", flat=True).get(pk=movement.holder_id))
    return datetime.combine(movement.planned_on + timedelta(days=1), time(), zone).astimezone(UTC)


def _settled(movement: Movement) -> None:
    # Imported late: that module imports this one.
    from tidegate.movements.commands import movements

    movements.draws_settled(movement)
