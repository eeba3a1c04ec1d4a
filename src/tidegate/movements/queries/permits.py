"""What a person may read of permits, quotas and certificates; and what a permit covers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tidegate.movements import ledger
from tidegate.movements.models import (
    Certificate,
    CertificateWord,
    Permit,
    PermitWord,
    QuotaAllocation,
    QuotaPool,
    Reservation,
)
from tidegate.movements.queries import worded
from tidegate.parties import scope
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.models import Organisation

READ, READ_CERTIFICATES = "movements.permit.read", "movements.certificate.read"
# Statuses whose change border offices have to know of.
TOLD = ("issued", "active", "suspended", "exhausted", "expired", "revoked", "surrendered", "superseded")


@dataclass(frozen=True)
class Outside:
    """What a permit or quota does not cover: a sentence, the value, and what it does cover."""

    text: str | Promise
    value: str
    expected: str


def not_covered(
    row: Permit | QuotaPool, *, wastes: Iterable[str] = (), hs: Iterable[str] = (), origin: str = ""
) -> list[Outside]:
    """What of a load lies outside a permit's or pool's scope. A list that is empty there covers everything.

    An HS code is covered by a shorter code that it begins with.
    """
    found = [
        Outside(_("This waste is not covered."), waste, ", ".join(row.wastes))
        for waste in wastes
        if row.wastes and waste not in row.wastes
    ]
    for code in hs:
        digits = "".join(sign for sign in code if sign.isdigit())
        if row.hs and not any(digits.startswith("".join(filter(str.isdigit, known))) for known in row.hs):
            found.append(Outside(_("This customs code is not covered."), code, ", ".join(row.hs)))
    if row.origins and origin and origin not in row.origins:
        found.append(Outside(_("This State of origin is not covered."), origin, ", ".join(row.origins)))
    return found


def permits(actor: Actor | None, text: str = "") -> QuerySet[Permit]:
    """The permits that the actor sees, newest first; those whose number, case or holder a text names."""
    rows = scope.visible(Permit.objects.all(), actor, READ)
    rows = worded.named(rows, PermitWord, actor, READ, text)
    return rows.select_related("organisation", "account").order_by("-created_at")


def permit(actor: Actor | None, key: UUID | str) -> Permit:
    """One permit. Raises Missing."""
    found = permits(actor).filter(pk=key).first()
    if found is None:
        raise Missing("permit")
    return found


def used(row: Permit | QuotaAllocation) -> list[Reservation]:
    """What was drawn on a permit or an allocation, newest first: reserved, used, given back, expired."""
    return [] if row.account is None else list(row.account.reservations.order_by("-made_at"))


def certificates(actor: Actor | None, text: str = "") -> QuerySet[Certificate]:
    """The certificates that the actor sees, newest first; those whose number or case a text names."""
    rows = scope.visible(Certificate.objects.all(), actor, READ_CERTIFICATES)
    return worded.named(rows, CertificateWord, actor, READ_CERTIFICATES, text).order_by("-issued_at")


# --- what border offices have confirmed ----------------------------------------------------------------


@dataclass(frozen=True)
class Unacknowledged:
    """A border office that has not confirmed a permit's present status, and since when it has been standing."""

    permit: Permit
    office: Organisation
    since: datetime


def offices(state: str) -> Sequence[Organisation]:
    """The border offices that a State's permits are told to: its customs."""
    return list(Organisation.objects.filter(holder=state, kind=Organisation.Kind.CUSTOMS, active=True))


def unacknowledged(permit: Permit, known: Sequence[Organisation] | None = None) -> list[Unacknowledged]:
    """The border offices that have not confirmed the present status of a permit (movement facts 4.5)."""
    if permit.status not in TOLD or permit.status_at is None:
        return []
    rows = offices(permit.holder_id) if known is None else known
    return [
        Unacknowledged(permit, office, permit.status_at) for office in rows if str(office.pk) not in permit.acknowledged
    ]


def to_acknowledge(actor: Actor) -> QuerySet[Permit]:
    """The permits whose present status the actor's own border office has yet to confirm, oldest change first."""
    if actor.organisation is None or actor.organisation.kind != Organisation.Kind.CUSTOMS:
        return Permit.objects.none()
    rows = permits(actor).filter(status__in=TOLD, status_at__isnull=False).order_by("status_at")
    return rows.exclude(acknowledged__has_key=str(actor.organisation.pk))


# --- quotas --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PoolBalance:
    """A quota in public: who holds which part is nobody's business, how much is left is everybody's.

    All in kg. `allocated` of the pool is granted to holders; of that, `reserved` and `used` are drawn.
    """

    state: str
    number: str
    name: str
    hs: list[str]
    wastes: list[str]
    origins: list[str]
    opens_on: date
    closes_on: date
    status: str
    total: Any
    allocated: Any
    unallocated: Any
    reserved: Any
    used: Any
    lapsed: Any
    as_of: datetime | None


def public_pools(state: str = "", on: date | None = None) -> list[PoolBalance]:
    """The balance of every quota that was opened, of one State or all kept here; open to everybody."""
    rows = QuotaPool.objects.exclude(status=QuotaPool.Status.DRAFT).filter(holder__here=True).select_related("account")
    if state:
        rows = rows.filter(holder=state)
    if on is not None:
        rows = rows.filter(opens_on__lte=on, closes_on__gte=on)
    return [pool_balance(pool) for pool in rows.order_by("holder", "opens_on", "number")]


def pool_balance(pool: QuotaPool) -> PoolBalance:
    """What is granted, drawn and left of a pool."""
    parts = [
        ledger.balance(row.account)
        for row in pool.allocations.select_related("account").exclude(account=None)
        if row.account is not None
    ]
    stand = None if pool.account is None else ledger.balance(pool.account)
    return PoolBalance(
        pool.holder_id, pool.number, pool.name, pool.hs, pool.wastes, pool.origins, pool.opens_on, pool.closes_on,
        pool.status, pool.kg, ledger.ZERO if stand is None else stand.used,
        ledger.ZERO if stand is None else stand.available, sum((p.reserved for p in parts), ledger.ZERO),
        sum((p.used for p in parts), ledger.ZERO), ledger.ZERO if stand is None else stand.lapsed,
        None if stand is None else stand.as_of,
    )  # fmt: skip


def pools(actor: Actor | None) -> QuerySet[QuotaPool]:
    """The quotas of the actor's State; a draft is seen by its authorities alone."""
    if not actor or not actor.may("movements.quota.read"):
        return QuotaPool.objects.none()
    rows = QuotaPool.objects.filter(holder=actor.state).select_related("account").order_by("-opens_on", "number")
    return rows if actor.official else rows.exclude(status=QuotaPool.Status.DRAFT)


def allocations(actor: Actor | None) -> QuerySet[QuotaAllocation]:
    """The allocations that the actor sees: an authority all of its State's, a company its own."""
    rows = scope.visible(QuotaAllocation.objects.all(), actor, "movements.quota.read")
    return rows.select_related("pool", "organisation", "account").order_by("-created_at")
