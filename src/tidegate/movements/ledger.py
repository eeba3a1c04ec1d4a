"""The quantity ledger: exact kilograms, double entry, one lock an account.

Every function runs inside the caller's transaction and takes the account's row lock first (SQLite takes the write lock
when the transaction starts), so that two draws on one account follow each other under any interleaving. What would
overdraw is refused when it is *reserved*. What in fact left is never refused: it is stored whole, and where it goes
over the limit a Breach is opened and nothing more can be reserved until that is settled.

`holder` is the State's code. It must be the account's home: elsewhere there is only a copy, which nothing draws on.
Each change writes one transaction of postings that add up to zero and one journal entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import EllipsisType
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from tidegate.movements import ledger_rows as rows
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Account, Breach, Posting, Reservation, SubPeriod
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor, system
from tidegate.parties.commanding import Refused
from tidegate.parties.models import Organisation
from tidegate.parties.registry import Post
from tidegate.parties.rows import insert, update

Status = Reservation.Status
ZERO = Decimal("0.000")


class Period(NamedTuple):
    """A further limit: in every window of `days` days at most so many kg, so many shipments."""

    days: int
    limit_kg: Decimal | None = None
    limit_count: int | None = None


@dataclass(frozen=True)
class Balance:
    """Where an account stands, in kg: available = limit - reserved - used - lapsed (below zero where overdrawn).

    `count_left` is the number of shipments left, None where they are not limited. At the home `as_of` is the last
    change; on a copy, the moment of the home's last word.
    """

    limit: Decimal
    reserved: Decimal
    used: Decimal
    lapsed: Decimal
    available: Decimal
    count_left: int | None
    as_of: datetime
    home: str


def open_account(
    *,
    holder: str,
    kind: str,
    reference: str,
    home: str,
    limit_kg: Decimal,
    limit_count: int | None = None,
    sub_periods: Iterable[Period | tuple[int, Decimal | None, int | None]] = (),
    case: str = "",
    involved: Iterable[Organisation] = (),
    valid_from: date | None = None,
    valid_until: date | None = None,
    shared: Sequence[str] = (),
    actor: Actor | None = None,
) -> Account:
    """A new account at its home. `shared` are the other States that are told its balance.

    Raises Refused("ledger_exists") where the reference is taken, Refused("mass") for a limit that is none.
    """
    rows.inside()
    if home != holder:
        raise ValueError(f"an account is opened at its home, {home}; a copy comes by message")
    limit = kilograms(limit_kg, "limit_kg", zero=True)
    if Account.objects.filter(holder=holder, reference=reference).exists():
        raise Refused(
            "ledger_exists",
            _("There is a quantity account of this number already."),
            field="reference",
            value=reference,
        )
    account = Account(
        holder_id=holder, kind=kind, home=home, reference=reference, case=case, limit_kg=limit, limit_count=limit_count,
        valid_from=valid_from, valid_until=valid_until, shared=sorted(set(shared) - {holder}), as_of=times.now(),
        reserved_kg=ZERO, used_kg=ZERO, lapsed_kg=ZERO,
    )  # fmt: skip
    account.save(force_insert=True)
    account.involved.add(*involved)
    _limit_periods(account, sub_periods)
    rows.post(account, "limit", "", limit=-limit, available=limit)
    _record(account, "ledger.opened", actor, limit_kg=limit, limit_count=limit_count)
    return account


def reserve(
    holder: str, reference: str, *, draw: str, kg: Decimal, day: date, expires_at: datetime, actor: Actor | None = None
) -> Reservation:
    """Set kg aside for one draw, planned for a day, until `expires_at`.

    The same draw again with the same content has no effect; with another quantity or day it is reserved anew, all or
    nothing. A draw that left already stays as it is.

    Raises Refused: ledger_closed (not open, or not on that day), ledger_breached, ledger_insufficient (kg or
    shipments), ledger_period (a window's limit), ledger_ended (the draw was released or has expired: use another);
    Missing.
    """
    mass = kilograms(kg)
    account, row = rows.drawn(holder, reference, draw)
    if row is not None and row.committed_kg is not None:
        return row
    if row is not None and row.status != Status.LIVE:
        raise Refused(
            "ledger_ended", _("The quantity set aside for this was given back already."), field="draw", value=draw
        )
    if row is not None and (row.kg, row.day, row.expires_at) == (mass, day, expires_at):
        return row
    earlier = row.kg if row is not None else ZERO
    _may_reserve(account, draw, mass, earlier, day, new=row is None)
    if row is None:
        row = Reservation(account=account, holder_id=holder, draw=draw, made_at=times.now())
        account.count += 1
    row.kg, row.day, row.expires_at = mass, day, expires_at
    _keep(row, "kg", "day", "expires_at")
    account.reserved_kg += mass - earlier
    rows.post(account, "reserve", draw, available=earlier - mass, reserved=mass - earlier)
    rows.save(account)
    _record(account, "ledger.reserved", actor, draw=draw, kg=mass, day=day, expires_at=expires_at)
    return row


def commit(
    holder: str, reference: str, *, draw: str, kg: Decimal, at: datetime, actor: Actor | None = None
) -> Breach | None:
    """What in fact left, at that time: the draw's reservation ends and the actual is used. Never refused.

    The same draw again has no effect (a corrected actual is `adjust`). Without a live reservation (late, expired) the
    actual is stored all the same. Gives the Breach where it goes over a limit, or leaves a closed account unreserved.
    """
    mass = kilograms(kg, zero=True)
    account, row = rows.drawn(holder, reference, draw)
    if row is not None and row.committed_kg is not None:
        return None
    day = at.astimezone(rows.zone(account)).date()
    reserved = row is not None and row.status == Status.LIVE
    held = row.kg if reserved and row is not None else ZERO
    if row is None:
        if not mass:
            return None
        row = Reservation(account=account, holder_id=holder, draw=draw, kg=mass, expires_at=at, made_at=times.now())
    if reserved or row._state.adding:
        row.status, row.ended_at = Status.COMMITTED, at
    row.day, row.committed_kg = day, mass
    _keep(row, "day", "committed_kg", "status", "ended_at")
    account.reserved_kg -= held
    account.used_kg += mass
    account.count += int(mass > 0) - int(reserved)
    wrong = _wrong(account, draw, day, mass)
    if not reserved and not _open_on(account, day):
        wrong.append("closed")
    rows.post(account, "commit", draw, reserved=-held, used=mass, available=held - mass)
    return _store(account, "ledger.committed", actor, wrong, at, draw=draw, kg=mass, reserved_kg=held)


def adjust(
    holder: str, reference: str, *, draw: str, kg: Decimal, at: datetime, reason: str, actor: Actor | None = None
) -> Breach | None:
    """A corrected actual: it replaces what the draw used. Zero says that it never left. Never refused.

    A draw that is not committed yet is committed with it. Gives the Breach where the correction goes over a limit.
    """
    mass = kilograms(kg, zero=True)
    account, row = rows.drawn(holder, reference, draw)
    if row is None or row.committed_kg is None:
        return commit(holder, reference, draw=draw, kg=mass, at=at, actor=actor)
    before = row.committed_kg
    if before == mass:
        return None
    row.committed_kg = mass
    _keep(row, "committed_kg")
    account.used_kg += mass - before
    account.count += int(mass > 0) - int(before > 0)
    wrong = _wrong(account, draw, row.day, mass) if mass > before else []
    if not wrong:
        _free(account)
    rows.post(account, "adjust", draw, used=mass - before, available=before - mass)
    return _store(account, "ledger.adjusted", actor, wrong, at, draw=draw, kg=mass, before_kg=before, reason=reason)


def release(holder: str, reference: str, *, draw: str, at: datetime, actor: Actor | None = None) -> Reservation | None:
    """Give a live reservation back. None, and no effect, where the draw has none (any more)."""
    account, row = rows.drawn(holder, reference, draw)
    if row is None or row.status != Status.LIVE:
        return None
    _give_back(account, row, Status.RELEASED, at)
    rows.save(account)
    _record(account, "ledger.released", actor, draw=draw, kg=row.kg)
    return row


def expire_due(now: datetime) -> int:
    """End the reservations whose time is over, at every home kept here; gives their number. Safe to run at any time."""
    due = Reservation.objects.filter(status=Status.LIVE, expires_at__lte=now)
    accounts = due.order_by("account_id").values_list("account__holder", "account__reference", "account_id").distinct()
    ended = 0
    for holder, reference, _key in list(accounts):
        with transaction.atomic():
            ended += _expire(rows.locked(holder, reference), now)
    return ended


def resize(
    holder: str,
    reference: str,
    *,
    limit_kg: Decimal | None = None,
    limit_count: int | EllipsisType | None = ...,
    open: bool | None = None,
    valid_from: date | EllipsisType | None = ...,
    valid_until: date | EllipsisType | None = ...,
    sub_periods: Iterable[Period | tuple[int, Decimal | None, int | None]] | None = None,
    shared: Sequence[str] | None = None,
    actor: Actor | None = None,
) -> Account:
    """Change what an account allows; what is left out stays. What is drawn carries over.

    Raises Refused("ledger_below_use") where a lower limit would be below what is reserved, used and lapsed.
    """
    account = rows.locked(holder, reference)
    limit = account.limit_kg if limit_kg is None else kilograms(limit_kg, "limit_kg", zero=True)
    most = account.limit_count if isinstance(limit_count, EllipsisType) else limit_count
    if limit < account.limit_kg and limit < _taken(account):
        raise Refused(
            "ledger_below_use",
            _("More than that is reserved or used already."),
            field="limit_kg",
            value=str(limit),
            expected=str(_taken(account)),
        )
    if most is not None and most < account.count and (account.limit_count is None or most < account.limit_count):
        raise Refused(
            "ledger_below_use",
            _("More shipments than that are reserved or used already."),
            field="limit_count",
            value=most,
            expected=account.count,
        )
    change = limit - account.limit_kg
    account.limit_kg, account.limit_count = limit, most
    _free(account)
    account.open = account.open if open is None else open
    account.valid_from = account.valid_from if isinstance(valid_from, EllipsisType) else valid_from
    account.valid_until = account.valid_until if isinstance(valid_until, EllipsisType) else valid_until
    account.shared = account.shared if shared is None else sorted(set(shared) - {holder})
    if sub_periods is not None:
        account.sub_periods.all().delete()
        _limit_periods(account, sub_periods)
    rows.post(account, "limit", "", limit=-change, available=change)
    rows.save(account, whole=True)
    _record(
        account, "ledger.resized", actor, limit_kg=limit, limit_count=most, open=account.open,
        valid_from=account.valid_from, valid_until=account.valid_until,
    )  # fmt: skip
    return account


def lapse(holder: str, reference: str, *, at: datetime, actor: Actor | None = None) -> Decimal:
    """Close an account: what is available now can never be drawn. Gives the kg that lapsed; again, zero.

    What is still reserved stays so until it is used or given back; given back, it lapses with the next call.
    """
    account = rows.locked(holder, reference)
    rest = max(account.limit_kg - _taken(account), ZERO)
    if not account.open and not rest:
        return ZERO
    account.open = False
    account.lapsed_kg += rest
    rows.post(account, "lapse", "", available=-rest, lapsed=rest)
    rows.save(account, whole=True)
    _record(account, "ledger.lapsed", actor, kg=rest)
    return rest


def settle(holder: str, reference: str, *, actor: Actor | None = None) -> Account:
    """Let a breached account be reserved from again, once a person has closed its breaches.

    Raises Refused: ledger_breached where a breach of it is still open, ledger_overdrawn where too much is drawn.
    """
    account = rows.locked(holder, reference)
    if not account.breached:
        return account
    if _open_breach(account):
        raise _breached()
    if not _fits(account):
        raise Refused(
            "ledger_overdrawn",
            _("More is drawn than is allowed. Correct the actual or raise the limit first."),
            field="limit_kg",
            value=str(account.limit_kg),
            expected=str(_taken(account)),
        )
    account.breached = False
    rows.save(account)
    _record(account, "ledger.settled", actor)
    return account


def balance(account: Account) -> Balance:
    """Where the account stands, as its row says."""
    return Balance(
        account.limit_kg, account.reserved_kg, account.used_kg, account.lapsed_kg, account.limit_kg - _taken(account),
        None if account.limit_count is None else account.limit_count - account.count, account.as_of, account.home,
    )  # fmt: skip


def replay(account: Account) -> dict[str, Decimal]:
    """What each leg of an account adds up to by its postings alone, in kg: what the row must say, too."""
    legs = Posting.objects.filter(account=account).values_list("leg").annotate(sum=Sum("kg")).order_by()
    return {"limit": ZERO, "available": ZERO, "reserved": ZERO, "used": ZERO, "lapsed": ZERO, **dict(legs)}


def tell(account: Account, to: Iterable[str] | None = None) -> list[Post]:
    """The messages by which its home says how an account stands now, to the States that keep a copy."""
    stand = asdict(balance(account))
    body = journal.as_json(
        {
            "reference": account.reference, "kind": account.kind, "home": account.home, "case": account.case,
            "revision": account.revision, "open": account.open, "breached": account.breached,
            "limit_count": account.limit_count, "count": account.count, "valid_from": account.valid_from,
            "valid_until": account.valid_until,
            "involved": list(account.involved.values_list("registration", flat=True)),
            "as_of": times.now(), **{name: stand[name] for name in ("limit", "reserved", "used", "lapsed")},
        }
    )  # fmt: skip
    states = account.shared if to is None else to
    return [
        Post(to=state, case=account.case or account.reference, type="ledger.balance", body=body) for state in states
    ]


# --- the rules -----------------------------------------------------------------------------------------


def _may_reserve(account: Account, draw: str, kg: Decimal, earlier: Decimal, day: date, *, new: bool) -> None:
    if not _open_on(account, day):
        raise Refused(
            "ledger_closed",
            _("Nothing may be drawn from this quantity on that day."),
            field="day",
            value=day.isoformat(),
        )
    if account.breached:
        raise _breached()

    trouble = _over(account, draw, kg, earlier, day, new=new)
    # What has expired and was not swept yet must not stand in the way.
    if trouble is not None and _expire(account, times.now(), but=draw):
        trouble = _over(account, draw, kg, earlier, day, new=new)
    if trouble is not None:
        raise trouble


def _over(account: Account, draw: str, kg: Decimal, earlier: Decimal, day: date, *, new: bool) -> Refused | None:
    left = account.limit_kg - _taken(account) + earlier
    if kg > left or (new and account.limit_count is not None and account.count >= account.limit_count):
        return Refused(
            "ledger_insufficient",
            _("Not enough is left of the quantity or of the number of shipments."),
            field="kg",
            value=str(kg),
            expected=str(left),
        )
    period = _window_over(account, draw, day, kg)
    if period is None:
        return None
    return Refused(
        "ledger_period",
        _("More than is allowed within %(days)s days.") % {"days": period.days},
        field="kg",
        value=str(kg),
        expected=f"≤ {period.limit_kg if period.limit_kg is not None else period.limit_count}",
    )


def _breached() -> Refused:
    return Refused(
        "ledger_breached",
        _("More was used than is allowed, or a breach is still open: nothing can be reserved until it is settled."),
        field="kg",
    )


def _wrong(account: Account, draw: str, day: date, kg: Decimal) -> list[str]:
    """Which limits an actual breaks."""
    found = []
    if account.limit_kg < _taken(account):
        found.append("limit")
    if _too_many(account):
        found.append("count")
    if kg and _window_over(account, draw, day, kg) is not None:
        found.append("period")
    return found


def _window_over(account: Account, draw: str, day: date, kg: Decimal) -> Period | None:
    """The first further limit that `kg` on `day` would break in any window that holds the day."""
    periods = [Period(*row) for row in rows.periods(account)]
    if not periods:
        return None
    reach = timedelta(days=max(period.days for period in periods) - 1)
    uses = rows.uses(account, day - reach, day + reach, draw)
    mine = uses.get(day, (ZERO, 0))
    uses[day] = (mine[0] + kg, mine[1] + 1)
    days = sorted(uses)
    for period in periods:
        # The fullest window that holds the day begins on a day of use: slide over those.
        mass, count, end = ZERO, 0, 0
        for start in days:
            if start > day:
                break
            while end < len(days) and days[end] < start + timedelta(days=period.days):
                mass, count, end = mass + uses[days[end]][0], count + uses[days[end]][1], end + 1
            over = (period.limit_kg is not None and mass > period.limit_kg) or (
                period.limit_count is not None and count > period.limit_count
            )
            if over and day < start + timedelta(days=period.days):
                return period
            mass, count = mass - uses[start][0], count - uses[start][1]
    return None


def _taken(account: Account) -> Decimal:
    return account.reserved_kg + account.used_kg + account.lapsed_kg


def _too_many(account: Account) -> bool:
    return account.limit_count is not None and account.count > account.limit_count


def _fits(account: Account) -> bool:
    return account.limit_kg >= _taken(account) and not _too_many(account)


def _open_breach(account: Account) -> bool:
    return Breach.objects.filter(
        holder=account.holder_id, subject="account", subject_id=account.pk, closed_at=None
    ).exists()


def _free(account: Account) -> None:
    """Once its breaches are closed and it fits again, an account may be reserved from."""
    if account.breached and _fits(account) and not _open_breach(account):
        account.breached = False


def _open_on(account: Account, day: date) -> bool:
    return (
        account.open
        and (account.valid_from is None or account.valid_from <= day)
        and (account.valid_until is None or day <= account.valid_until)
    )


# --- the rows ------------------------------------------------------------------------------------------


def _limit_periods(account: Account, periods: Iterable[Period | tuple[int, Decimal | None, int | None]]) -> None:
    found = []
    for days, kg, count in periods:
        if days < 1:
            raise Refused("period", _("A period has at least one day."), field="days", value=days, expected="1")
        mass = None if kg is None else kilograms(kg, "limit_kg", zero=True)
        found.append(SubPeriod(account=account, days=days, limit_kg=mass, limit_count=count))
    SubPeriod.objects.bulk_create(found)


def _keep(row: Reservation, *names: str) -> None:
    """A new reservation whole; of one that is there, the named fields."""
    if row._state.adding:
        insert(row)
    else:
        update(row, *names)


def _give_back(account: Account, row: Reservation, status: str, at: datetime) -> None:
    row.status, row.ended_at = status, at
    _keep(row, "status", "ended_at")
    account.reserved_kg -= row.kg
    account.count -= 1
    rows.post(
        account, "release" if status == Status.RELEASED else "expire", row.draw, reserved=-row.kg, available=row.kg
    )


def _expire(account: Account, now: datetime, but: str = "") -> int:
    """End what is due on a locked account; gives the number."""
    due = Reservation.objects.filter(account=account, status=Status.LIVE, expires_at__lte=now).exclude(draw=but)
    ended = list(due.order_by("pk"))
    for row in ended:
        _give_back(account, row, Status.EXPIRED, now)
    if ended:
        rows.save(account)
        _record(account, "ledger.expired", None, draws=[row.draw for row in ended])
    return len(ended)


def _store(
    account: Account, type: str, actor: Actor | None, wrong: list[str], at: datetime, **payload: Any
) -> Breach | None:
    """Save an actual, with the breach that it opens."""
    breach = None
    if wrong:
        account.breached = True
        breach = Breach(
            holder_id=account.holder_id, case=account.case, kind=f"ledger_{wrong[0]}", subject="account",
            subject_id=account.pk, opened_at=times.now(),
            detail=journal.as_json(
                {"reference": account.reference, "broken": wrong, "at": at, "limit_kg": account.limit_kg, **payload}
            ),
        )  # fmt: skip
        breach.save(force_insert=True)
        journal.record(
            actor or system(account.holder_id), "breach.opened", breach, revision=1, case=account.case,
            payload={"kind": breach.kind, "subject": "account", "subject_id": account.pk, **breach.detail},
        )  # fmt: skip
    rows.save(account)
    _record(account, type, actor, breach=breach and breach.pk, broken=wrong, occurred_at=at, **payload)
    return breach


def _record(
    account: Account, type: str, actor: Actor | None, occurred_at: datetime | None = None, **payload: Any
) -> None:
    journal.record(
        actor or system(account.holder_id),
        type,
        account,
        revision=account.revision,
        case=account.case,
        payload={"reference": account.reference, **payload},
        occurred_at=occurred_at,
    )
