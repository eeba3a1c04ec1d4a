"""The rows of the ledger, read and written on the hot path with SQL that is put together by hand.

A draw takes a handful of statements; building each of them anew through the ORM costs several times what the database
takes to run it. What is written here holds on SQLite and PostgreSQL alike; whatever is not hot stays with the ORM.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from tidegate.movements.models import Account, Posting, Reservation
from tidegate.movements.models.mass import Kilograms
from tidegate.parties import times
from tidegate.parties.commanding import Missing
from tidegate.parties.ids import uuid7
from tidegate.parties.rows import columns, read, update

_ACCOUNT = """
SELECT {columns}, s.time_zone, (SELECT count(*) FROM ledger_sub_period p WHERE p.account_id = a.id)
FROM ledger_account a JOIN state s ON s.code = a.holder_id WHERE a.holder_id = %s AND a.reference = %s
"""
_DRAW = "SELECT {columns} FROM ledger_reservation WHERE account_id = %s AND draw = %s"
_PERIODS = """
SELECT days, limit_kg, limit_count FROM ledger_sub_period WHERE account_id = %s ORDER BY days, id
"""
_USES = """
SELECT day, sum(coalesce(committed_kg, kg)), count(*) FROM ledger_reservation
WHERE account_id = %s AND day >= %s AND day <= %s AND draw <> %s AND (status = 'live' OR committed_kg > 0) GROUP BY day
"""
# What a draw changes of an account; `whole` saves the rest.
_CHANGED = ("reserved_kg", "used_kg", "lapsed_kg", "count", "breached", "as_of", "revision")
_MASS: Kilograms = Kilograms()
_POSTED = ("id", "holder_id", "account_id", "transaction", "leg", "kg", "kind", "draw", "at")
_FIELDS: dict[str, Any] = {str(field.column): field for field in Account._meta.concrete_fields}
_POSTING: dict[str, Any] = {str(field.column): field for field in Posting._meta.concrete_fields}


def inside() -> None:
    """Raises ValueError outside a transaction: a change and its draw are kept together, or neither."""
    if not transaction.get_connection().in_atomic_block:
        raise ValueError("the ledger is written in the transaction of the change that draws on it")


def locked(holder: str, reference: str) -> Account:
    """The account at its home, locked until the transaction ends.

    Raises Missing; ValueError for a copy, and outside a transaction.
    """
    inside()
    lock = " FOR UPDATE OF a" if connection.features.has_select_for_update else ""
    sql = _ACCOUNT.format(columns=columns(Account, "a", connection.vendor)) + lock
    account = read(Account, sql, [holder, reference], ("zone", "further"))
    if account is None:
        raise Missing("account")
    if account.home != holder:
        raise ValueError(f"{reference} has its home in {account.home}; {holder} holds a copy")
    return account


def zone(account: Account) -> ZoneInfo:
    """The time zone of a locked account's State: on which day something left is told by the clock there."""
    return ZoneInfo(account.zone)  # type: ignore[attr-defined]


def periods(account: Account) -> list[tuple[int, Decimal | None, int | None]]:
    """(days, kg, shipments) of the further limits of a locked account, narrowest first."""
    if not account.further:  # type: ignore[attr-defined]
        return []
    with connection.cursor() as cursor:
        cursor.execute(_PERIODS, [_value(_FIELDS, "id", account.pk)])
        return [(days, _mass(kg), count) for days, kg, count in cursor.fetchall()]


def uses(account: Account, first: date, last: date, but: str) -> dict[date, tuple[Decimal, int]]:
    """What is set aside or used on each day from `first` to `last`: kg and number of draws, without one draw's own."""
    with connection.cursor() as cursor:
        cursor.execute(_USES, [_value(_FIELDS, "id", account.pk), first.isoformat(), last.isoformat(), but])
        rows = cursor.fetchall()
    return {
        date.fromisoformat(day) if isinstance(day, str) else day: (_mass(kg) or Decimal(0), count)
        for day, kg, count in rows
    }


def of_draw(account: Account, draw: str) -> Reservation | None:
    """What a draw has set aside or used of an account."""
    sql = _DRAW.format(columns=columns(Reservation, "", connection.vendor))
    return read(Reservation, sql, [_value(_FIELDS, "id", account.pk), draw])


def post(account: Account, kind: str, draw: str, **legs: Decimal) -> None:
    """The legs of one transaction, in one statement; those of nothing are left out.

    Raises ValueError where they do not add up to zero.
    """
    if sum(legs.values()):
        raise ValueError(f"the legs of a transaction add up to zero, not {legs}")
    one, at = uuid7(), times.now()
    rows = [
        [uuid7(), account.holder_id, account.pk, one, leg, kg, kind, draw, at] for leg, kg in legs.items() if kg
    ]  # fmt: skip
    if not rows:
        return
    places = ", ".join(f"({', '.join(['%s'] * len(_POSTED))})" for _row in rows)
    quoted = ", ".join(connection.ops.quote_name(name) for name in _POSTED)
    values = [_value(_POSTING, name, value) for row in rows for name, value in zip(_POSTED, row, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO ledger_posting ({quoted}) VALUES {places}", values)  # noqa: S608


def save(account: Account, *, whole: bool = False) -> None:
    """The account under its next revision, as of now."""
    account.revision += 1
    account.as_of = times.now()
    if whole:
        account.save()
        return
    update(account, *_CHANGED)


def _mass(grams: Any) -> Decimal | None:
    return _MASS.from_db_value(grams, None, connection)


def _value(fields: dict[str, Any], name: str, value: Any) -> Any:
    """A value as the database's driver takes it."""
    return fields[name].get_db_prep_save(value, connection)
