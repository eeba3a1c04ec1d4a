"""The rows of the ledger, read and written on the hot path with SQL that is put together by hand.

A draw takes a handful of statements; building each of them anew through the ORM costs several times what the database
takes to run it. What is written here holds on SQLite and PostgreSQL alike; whatever is not hot stays with the ORM.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from tidegate.movements.models import Account, Posting, Reservation
from tidegate.movements.models.mass import Kilograms
from tidegate.parties import times
from tidegate.parties.commanding import Missing
from tidegate.parties.ids import uuid7
from tidegate.parties.rows import columns, execute, here, insert_all, made, update, written

_ACCOUNT = """
SELECT s.time_zone, {columns}
FROM ledger_account a JOIN state s ON s.code = a.holder_id WHERE a.holder_id = %s AND a.reference = %s
"""
_DRAWN = """
SELECT p.days, p.limit_kg, p.limit_count, {columns}
FROM ledger_account a LEFT JOIN ledger_reservation r ON r.account_id = a.id AND r.draw = %s
LEFT JOIN ledger_sub_period p ON p.account_id = a.id WHERE a.id = %s ORDER BY p.days, p.id
"""
_USES = """
SELECT day, sum(coalesce(committed_kg, kg)), count(*) FROM ledger_reservation
WHERE account_id = %s AND day >= %s AND day <= %s AND draw <> %s AND (status = 'live' OR committed_kg > 0) GROUP BY day
"""
# What a draw changes of an account; `whole` saves the rest.
_CHANGED = ("reserved_kg", "used_kg", "lapsed_kg", "count", "breached", "as_of", "revision")
_POSTED = ("id", "holder", "account", "transaction", "leg", "kg", "kind", "draw", "at")
_MASS: Kilograms = Kilograms()


@cache
def _locking(vendor: str) -> str:
    lock = "FOR UPDATE OF a" if here().features.has_select_for_update else ""
    return _ACCOUNT.format(columns=columns(Account, "a")) + lock


@cache
def _drawing() -> str:
    return _DRAWN.format(columns=columns(Reservation, "r"))


def inside() -> None:
    """Raises ValueError outside a transaction: a change and its draw are kept together, or neither."""
    if not transaction.get_connection().in_atomic_block:
        raise ValueError("the ledger is written in the transaction of the change that draws on it")


def locked(holder: str, reference: str) -> Account:
    """The account at its home, locked until the transaction ends.

    Raises Missing; ValueError for a copy, and outside a transaction.
    """
    inside()
    link = here()
    found = execute(_locking(link.vendor), [holder, reference], link).fetchone()
    if found is None:
        raise Missing("account")
    account = made(Account, found[1:], link)
    account.zone = found[0]  # type: ignore[attr-defined]
    if account.home != holder:
        raise ValueError(f"{reference} has its home in {account.home}; {holder} holds a copy")
    return account


def zone(account: Account) -> ZoneInfo:
    """The time zone of a locked account's State: on which day something left is told by the clock there."""
    return ZoneInfo(account.zone)  # type: ignore[attr-defined]


def drawn(holder: str, reference: str, draw: str) -> tuple[Account, Reservation | None]:
    """The account, `locked`, and what a draw has set aside or used of it.

    A statement of its own: one that waits for the lock has looked at the other tables before, and would miss what the
    writer that it waited for did there.
    """
    account, link = locked(holder, reference), here()
    rows = execute(_drawing(), [draw, _key(account, link)], link).fetchall()
    account.further = [  # type: ignore[attr-defined]
        (days, _mass(kg), count) for days, kg, count, *_row in rows if days is not None
    ]
    said = rows[0][3:]
    return account, None if said[0] is None else made(Reservation, said, link)


def periods(account: Account) -> list[tuple[int, Decimal | None, int | None]]:
    """(days, kg, shipments) of the further limits of an account that was `drawn` on, narrowest first."""
    further: list[tuple[int, Decimal | None, int | None]] = account.further  # type: ignore[attr-defined]
    return further


def uses(account: Account, first: date, last: date, but: str) -> dict[date, tuple[Decimal, int]]:
    """What is set aside or used on each day from `first` to `last`: kg and number of draws, without one draw's own."""
    link = here()
    rows = execute(_USES, [_key(account, link), first.isoformat(), last.isoformat(), but], link).fetchall()
    return {
        date.fromisoformat(day) if isinstance(day, str) else day: (_mass(kg) or Decimal(0), count)
        for day, kg, count in rows
    }


def post(account: Account, kind: str, draw: str, **legs: Decimal) -> None:
    """The legs of one transaction, in one statement; those of nothing are left out.

    Raises ValueError where they do not add up to zero.
    """
    if sum(legs.values()):
        raise ValueError(f"the legs of a transaction add up to zero, not {legs}")
    one, at = uuid7(), times.now()
    rows = [(uuid7(), account.holder_id, account.pk, one, leg, kg, kind, draw, at) for leg, kg in legs.items() if kg]
    if rows:
        insert_all(Posting, _POSTED, rows)


def save(account: Account, *, whole: bool = False) -> None:
    """The account under its next revision, as of now."""
    account.revision += 1
    account.as_of = times.now()
    if whole:
        account.save()
        return
    update(account, *_CHANGED)


def _mass(grams: Any) -> Decimal | None:
    return _MASS.from_db_value(grams, None, None)


def _key(account: Account, link: Any) -> Any:
    return written(Account, "id", account.pk, link)
