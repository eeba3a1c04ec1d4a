"""Quotas: a State's pool for a period and a scope, and the parts of it that holders are granted (movement facts 4.6).

The pool's account holds what is not allocated; each allocation has an account of its own, on which movements and
declarations draw. So the sum of the allocations can never be more than the pool, nor what is drawn more than an
allocation. When the pool closes, the rest of the allocations goes back to it, and then lapses or goes into the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from tidegate.movements import ledger
from tidegate.movements.applications import day as read_day
from tidegate.movements.machines import QUOTA_ALLOCATION, QUOTA_POOL, step
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Account, QuotaAllocation, QuotaPool
from tidegate.movements.rounds import round_
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Missing, Refused, command, locked
from tidegate.parties.ids import reference

POOL_FIELDS = ("name", "hs", "wastes", "origins", "kg", "opens_on", "closes_on", "carry_over")


@command("movements.quota.keep", "movements.quota.create")
def create(actor: Actor, number: str, *, content: Mapping[str, Any]) -> QuotaPool:
    """A new quota, not open yet. `content` holds POOL_FIELDS; name, kg, opens_on and closes_on must be there."""
    pool = QuotaPool(holder_id=actor.state, number=number.strip() or reference(actor.state))
    _fill(pool, content)
    for name in ("name", "kg", "opens_on", "closes_on"):
        if not getattr(pool, name):
            raise Refused("missing", _("This is needed."), field=name)
    pool.status = step(QUOTA_POOL, "", "created")
    try:
        with transaction.atomic():
            pool.save(force_insert=True)
    except IntegrityError:
        raise Refused(
            "number_taken", _("There is a quota of this number already."), field="number", value=number
        ) from None
    _record(actor, pool, "quota_pool.created", content)
    return pool


@command("movements.quota.keep", "movements.quota.change")
def change(actor: Actor, pool_id: UUID | str, *, revision: int, content: Mapping[str, Any]) -> QuotaPool:
    """Change a quota that is not open; of an open one only its quantity, not below what is allocated."""
    pool = locked(QuotaPool, pool_id, actor, revision)
    if pool.status == QuotaPool.Status.CLOSED or (pool.status == QuotaPool.Status.OPEN and set(content) - {"kg"}):
        raise Refused("state", _("This cannot be done now."), field="quota", value=pool.status, expected="draft")
    _fill(pool, content)
    if pool.account is not None:
        ledger.resize(actor.state, pool.account.reference, limit_kg=pool.kg, actor=actor)
    return _keep(actor, pool, "quota_pool.changed", content)


@command("movements.quota.keep", "movements.quota.open")
def open_pool(actor: Actor, pool_id: UUID | str, *, revision: int) -> QuotaPool:
    """Open a quota: holders may apply, its balance is public."""
    pool = locked(QuotaPool, pool_id, actor, revision)
    pool.status = step(QUOTA_POOL, pool.status, "opened")
    pool.account = ledger.open_account(
        holder=actor.state, kind=Account.Kind.QUOTA_POOL, reference=_reference(actor.state, pool.number),
        home=actor.state, limit_kg=pool.kg, valid_from=None, valid_until=pool.closes_on, actor=actor,
    )  # fmt: skip
    return _keep(actor, pool, "quota_pool.opened", {})


@command("movements.quota.keep", "movements.quota.close")
def close_pool(actor: Actor, pool_id: UUID | str, *, revision: int) -> QuotaPool:
    """Close a quota before its last day."""
    return _close(actor, locked(QuotaPool, pool_id, actor, revision))


@command("movements.quota.apply")
def apply(actor: Actor, pool_id: UUID | str, *, kg: str, reason: str = "") -> QuotaAllocation:
    """A holder applies for a part of an open quota, in kg."""
    pool = _pool(actor.state, pool_id)
    if pool.status != QuotaPool.Status.OPEN:
        raise Refused("state", _("The quota is not open."), field="pool", value=pool.status, expected="open")
    number = f"{_reference(actor.state, pool.number)}-{reference('', 8).lstrip('-')}"
    part = QuotaAllocation(
        holder_id=actor.state, case=number[:64], pool=pool, organisation=actor.organisation, number=number,
        asked_kg=kilograms(kg), reason=reason.strip(), status=step(QUOTA_ALLOCATION, "", "applied"),
    )  # fmt: skip
    part.save(force_insert=True)
    part.involved.add(actor.organisation)  # type: ignore[arg-type]
    _record(actor, part, "quota_allocation.applied", {"asked_kg": part.asked_kg, "pool": pool.number})
    return part


@command("movements.quota.decide")
def grant(actor: Actor, allocation_id: UUID | str, *, revision: int, kg: str | None = None) -> QuotaAllocation:
    """Grant an application, whole or in part. Raises Refused("ledger_insufficient") beyond what the pool has left."""
    part = locked(QuotaAllocation, allocation_id, actor, revision)
    pool = _pool(actor.state, part.pool_id, lock=True)
    part.status = step(QUOTA_ALLOCATION, part.status, "granted")
    if pool.status != QuotaPool.Status.OPEN or pool.account is None:
        raise Refused("state", _("The quota is not open."), field="pool", value=pool.status, expected="open")
    part.kg = part.asked_kg if kg is None else kilograms(kg)
    if part.kg > part.asked_kg:
        raise Refused(
            "quantity", _("That is more than was asked for."), field="kg", value=kg, expected=f"≤ {part.asked_kg}"
        )
    now = times.now()
    today = min(pool.holder.today(), pool.closes_on)
    ledger.reserve(
        actor.state, pool.account.reference, draw=part.number, kg=part.kg, day=today, expires_at=now, actor=actor
    )
    ledger.commit(actor.state, pool.account.reference, draw=part.number, kg=part.kg, at=now, actor=actor)
    part.account = ledger.open_account(
        holder=actor.state, kind=Account.Kind.QUOTA_ALLOCATION, reference=part.number, home=actor.state,
        limit_kg=part.kg, case=part.case, involved=[part.organisation], valid_from=pool.opens_on,
        valid_until=pool.closes_on, shared=pool.origins, actor=actor,
    )  # fmt: skip
    return _keep(actor, part, "quota_allocation.granted", {"kg": part.kg})


@command("movements.quota.decide", "movements.quota.refuse")
def refuse(actor: Actor, allocation_id: UUID | str, *, revision: int, reason: str) -> QuotaAllocation:
    """Refuse an application, with the reason."""
    part = locked(QuotaAllocation, allocation_id, actor, revision)
    if not reason.strip():
        raise Refused("reason", _("Say why."), field="reason")
    part.status, part.reason = step(QUOTA_ALLOCATION, part.status, "refused"), reason.strip()
    return _keep(actor, part, "quota_allocation.refused", {"reason": part.reason})


@command("movements.quota.decide", "movements.quota.close_allocation")
def close_allocation(actor: Actor, allocation_id: UUID | str, *, revision: int) -> QuotaAllocation:
    """End an allocation early: what is neither used nor reserved goes back to the pool."""
    part = locked(QuotaAllocation, allocation_id, actor, revision)
    pool = _pool(actor.state, part.pool_id, lock=True)
    _give_back(actor, pool, part)
    return part


# --- what time does ------------------------------------------------------------------------------------


@round_("quotas")
def passing(now: datetime) -> int:
    """Close the quotas whose last day is over, where they are, and what came back to a closed one."""
    done = 0
    rows = QuotaPool.objects.filter(holder__here=True, status=QuotaPool.Status.OPEN, closes_on__lte=now.date())
    for key, state in list(rows.values_list("pk", "holder")):
        with transaction.atomic():
            pool = locked(QuotaPool, key, system(state))
            if pool.status == QuotaPool.Status.OPEN and pool.closes_on < pool.holder.today():
                _close(system(state), pool)
                done += 1
    return done


def _close(actor: Actor, pool: QuotaPool) -> QuotaPool:
    """1. Allocations give back what is left of them. 2. The pool closes. 3. Its rest lapses, or goes into the next."""
    pool.status = step(QUOTA_POOL, pool.status, "closed")
    granted = pool.allocations.select_for_update().filter(status=QuotaAllocation.Status.GRANTED).order_by("pk")
    for part in list(granted):
        _give_back(actor, pool, part)
    for part in list(pool.allocations.select_for_update().filter(status=QuotaAllocation.Status.APPLIED).order_by("pk")):
        part.status, part.reason = step(QUOTA_ALLOCATION, part.status, "refused"), str(_("The quota closed."))
        _keep(actor, part, "quota_allocation.refused", {"reason": part.reason})
    rest = ledger.ZERO
    into = ""
    if pool.account is not None:
        rest = ledger.lapse(pool.holder_id, pool.account.reference, at=times.now(), actor=actor)
    after = _next(pool) if pool.carry_over and rest else None
    if after is not None:
        into = after.number
        after.kg += rest
        if after.account is not None:
            ledger.resize(pool.holder_id, after.account.reference, limit_kg=after.kg, actor=actor)
        _keep(actor, after, "quota_pool.changed", {"kg": after.kg, "carried_from": pool.number, "carried_kg": rest})
    return _keep(actor, pool, "quota_pool.closed", {"rest_kg": rest, "carried_into": into})


def _next(pool: QuotaPool) -> QuotaPool | None:
    """The quota of the same scope that follows: the rest is carried into it. Without one the rest lapses."""
    rows = QuotaPool.objects.select_for_update().filter(
        holder=pool.holder_id, opens_on__gt=pool.opens_on, closes_on__gt=pool.closes_on
    )
    rows = rows.exclude(status=QuotaPool.Status.CLOSED).order_by("opens_on", "pk")
    scope = (sorted(pool.hs), sorted(pool.wastes), sorted(pool.origins))
    return next((row for row in rows if (sorted(row.hs), sorted(row.wastes), sorted(row.origins)) == scope), None)


def _give_back(actor: Actor, pool: QuotaPool, part: QuotaAllocation) -> None:
    """What is still reserved stays the allocation's until it is used; the rest is the pool's again."""
    part.status = step(QUOTA_ALLOCATION, part.status, "closed")
    rest = ledger.ZERO
    if part.account is not None and pool.account is not None:
        rest = ledger.lapse(part.holder_id, part.account.reference, at=times.now(), actor=actor)
        kept = (part.kg or Decimal(0)) - rest
        ledger.adjust(
            pool.holder_id, pool.account.reference, draw=part.number, kg=kept, at=times.now(),
            reason="allocation closed", actor=actor,
        )  # fmt: skip
    _keep(actor, part, "quota_allocation.closed", {"rest_kg": rest})


# --- rows ----------------------------------------------------------------------------------------------


def _pool(state: str, key: UUID | str, *, lock: bool = False) -> QuotaPool:
    """A quota of the actor's State: everybody may know of it, so no further rule of who sees it."""
    rows = QuotaPool.objects.select_for_update() if lock else QuotaPool.objects.all()
    pool = rows.filter(pk=key, holder=state).exclude(status=QuotaPool.Status.DRAFT).first()
    if pool is None:
        raise Missing("quota")
    return pool


def _fill(pool: QuotaPool, content: Mapping[str, Any]) -> None:
    for name, value in content.items():
        if name not in POOL_FIELDS:
            raise Refused("field", _("There is no such field."), field=name, expected=", ".join(POOL_FIELDS))
        if name == "kg":
            value = kilograms(value, name)
        elif name in ("opens_on", "closes_on"):
            value = read_day(value, name)
        elif name == "carry_over":
            value = bool(value)
        elif name == "name":
            value = str(value).strip()
        elif not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise Refused("list", _("This is not a list of codes."), field=name, value=str(value)[:60])
        setattr(pool, name, value)
    if pool.opens_on and pool.closes_on and pool.closes_on < pool.opens_on:
        raise Refused("dates", _("The last day is before the first."), field="closes_on", value=str(pool.closes_on))


def _reference(state: str, number: str) -> str:
    return number if number.startswith(f"{state}-") else f"{state}-{number}"


def _keep(actor: Actor, row: Any, type: str, payload: Mapping[str, Any]) -> Any:
    row.revision += 1
    row.save()
    _record(actor, row, type, payload)
    return row


def _record(actor: Actor, row: QuotaPool | QuotaAllocation, type: str, payload: Mapping[str, Any]) -> None:
    case = row.case if isinstance(row, QuotaAllocation) else row.number
    journal.record(actor, type, row, revision=row.revision, case=case, payload={"number": row.number, **payload})
