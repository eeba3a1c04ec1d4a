"""How messages reach the other side: leases, order, retries, and the ways that bytes travel.

A message is tried at once when its transaction is committed, where the receiver is on this node; `deliver_due`, every
second in the background, is the net under it and the only way to other nodes. Crashing between any two steps loses
nothing, for everything is in the table, and doubles nothing, for the receiver knows every id for ever.
"""

from __future__ import annotations

import logging
import random
import secrets
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from tidegate.exchange import codes, jose, keys, log, receipt
from tidegate.exchange.jose import Unreadable
from tidegate.exchange.models import LogEntry, Outbox
from tidegate.exchange.receipt import Receipt, plain
from tidegate.parties import times
from tidegate.parties.models import State

logger = logging.getLogger("tidegate.exchange")

LEASE = timedelta(seconds=60)
WAITS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600))
JITTER = 0.2
# Messages taken from the table at a time.
PART = 50

Status = Outbox.Status
ACTIVE = Outbox.ACTIVE
UNDELIVERED = (*Outbox.ACTIVE, *Outbox.BLOCKED)
_local = threading.local()


class Unreachable(Exception):
    """Nothing was handed over: the way is closed. The message says why in one line."""


class Transport(Protocol):
    """A way to other States' nodes. `at_once`: quick and safe enough to be tried within the request."""

    at_once: bool

    def reaches(self, peer: str) -> bool:
        """Whether this way leads to an address."""
        ...

    def send(self, peer: str, data: bytes) -> bytes:
        """Hand over an envelope and bring the answer back. Raises Unreachable where nothing was handed over."""
        ...


class SelfDelivery:
    """States on this node: the same envelope and the same receipt, with no wire between."""

    at_once = True

    def reaches(self, peer: str) -> bool:
        """Whether the State is kept on this node."""
        return State.objects.filter(here=True, node=peer).exists()

    def send(self, peer: str, data: bytes) -> bytes:
        """Put the envelope through the inbox of the other State."""
        from tidegate.exchange import inbox

        return inbox.receive(data, peer)


TRANSPORTS: list[Transport] = [SelfDelivery()]


def transport_to(peer: str) -> Transport | None:
    """The first way that leads to an address, or None."""
    return next((way for way in TRANSPORTS if way.reaches(peer)), None)


# ── rounds ─────────────────────────────────────────────────────────────────────────────────────────────────


def deliver_due(now: datetime | None = None, *, limit: int = 1000) -> int:
    """Try every message whose time has come, in order within each case; gives how many were tried.

    1. What nobody took over before its time ran out is put down as expired.
    2. What waited in an inbox when the process died follows; files that have not come are asked for again.
    3. The first undelivered message of each case, where its time has come and nobody has it: claim it, number it in
       the log, hand it over, write down the answer; until there is none, or `limit` is reached.
    """
    from tidegate.exchange import fetching, inbox

    keys.complete()
    expire(now or times.now())
    fetching.ask_due(now or times.now())
    inbox.take_held(now)
    tried = 0
    outer = getattr(_local, "pending", None)
    _local.pending = []  # what handlers send meanwhile is due at once and found below
    try:
        while tried < limit:
            before = tried
            for key in list(_due(now or times.now()).values_list("pk", flat=True)[:PART]):
                tried += _attempt(key, now)
            if tried == before:
                break
    finally:
        _local.pending = outer
    log.number_all()
    return tried


def settle(now: datetime | None = None) -> int:
    """Deliver until nothing is due any more; gives how many were tried. For tests, set-up and the demo."""
    total = 0
    while tried := deliver_due(now):
        total += tried
    return total


def soon(key: str) -> None:
    """Try the case of a message now, where its receiver is on this node. Called after the commit that queued it.

    What the receiver's handler sends in turn is queued behind it, and not tried inside it.
    """
    pending: list[str] | None = getattr(_local, "pending", None)
    if pending is not None:
        pending.append(key)
        return
    _local.pending = pending = [key]
    try:
        while pending:
            row = Outbox.objects.filter(pk=pending.pop(0)).only("holder", "peer", "case").first()
            way = transport_to(row.peer) if row is not None else None
            if row is None or way is None or not way.at_once:
                continue
            same = {"holder": row.holder_id, "peer": row.peer, "case": row.case}
            while (first := _due(times.now()).filter(**same).first()) is not None and _attempt(first.pk, None):
                pass
    finally:
        _local.pending = None


def expire(now: datetime) -> int:
    """Put down as expired what was never handed over before its time ran out; gives how many there were."""
    old = Outbox.objects.filter(_free(now), state=Status.QUEUED, expires__lte=now, overdue_allowed=False)
    # Asking first costs nothing; an update of no row still waits for SQLite's one writer.
    return old.update(state=Status.EXPIRED, reason="expired", lease="", lease_until=None) if old.exists() else 0


def heard_from(state: str, peer: str, now: datetime) -> None:
    """A peer that speaks is there: what waits for it is due now."""
    waiting = Outbox.objects.filter(holder=state, peer=peer, state__in=ACTIVE, next_try__gt=now, lease="")
    if waiting.exists():
        _set(waiting, next_try=now, tries=0)


# ── one message ────────────────────────────────────────────────────────────────────────────────────────────


def _due(now: datetime) -> QuerySet[Outbox]:
    earlier = Outbox.objects.filter(
        holder=OuterRef("holder"),
        peer=OuterRef("peer"),
        case=OuterRef("case"),
        seq__lt=OuterRef("seq"),
        state__in=UNDELIVERED,
    )
    due = Outbox.objects.filter(_free(now), ~Exists(earlier), state__in=ACTIVE, next_try__lte=now)
    return due.order_by("next_try", "id")


def _free(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=now)


def _attempt(key: Any, now: datetime | None) -> bool:
    """Try one message once; False where another has it or it is no longer due.

    1. Claim it by an update that names what was seen; number it in the log. One commit.
    2. Hand it over, outside any transaction of ours.
    3. Write down what came of it. Dying before this leaves the lease to run out, and the next try brings the same
       receipt.
    """
    at = now or times.now()
    lease = secrets.token_hex(16)
    with transaction.atomic():
        claimed = Outbox.objects.filter(_free(at), pk=key, state__in=ACTIVE, next_try__lte=at).update(
            lease=lease, lease_until=at + LEASE, tries=F("tries") + 1, last_try=at
        )
        if not claimed:
            return False
        row = Outbox.objects.select_related("holder").get(pk=key)
        log.number(row.holder_id)
    way = transport_to(row.peer)
    if way is None:
        _again(row, at, "no_route", "", everything=True)
        return True
    try:
        answer = way.send(row.peer, bytes(row.bytes))
    except Unreachable as error:
        _again(row, at, "unreachable", str(error), everything=True)
        return True
    except Exception:
        logger.exception("message %s could not be handed over", row.pk)
        _again(row, at, "failed", "", state=Status.SENT)
        return True
    _answered(row, answer, now or times.now())
    return True


def _again(row: Outbox, now: datetime, reason: str, text: str, *, state: str = "", everything: bool = False) -> None:
    """Put a message back for its next try; with `everything`, all that waits for the same peer, too.

    A way that is closed is closed for every case: one try an interval is enough for all of them.
    """
    wait = WAITS[min(row.tries, len(WAITS)) - 1]
    next_try = now + wait * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    mine = Outbox.objects.filter(pk=row.pk, lease=row.lease, state__in=ACTIVE)
    told = {"reason": reason, "reason_text": plain(text), "next_try": next_try, "lease": "", "lease_until": None}
    mine.update(**told, **({"state": state} if state else {}))
    if everything:
        others = Outbox.objects.filter(holder=row.holder_id, peer=row.peer, state__in=ACTIVE, lease="")
        _set(others.filter(next_try__lt=next_try), next_try=next_try, reason=reason)


def _answered(row: Outbox, answer: bytes, now: datetime) -> None:
    try:
        told = _checked(row, answer)
    except Unreadable as error:
        _again(row, now, "bad_answer", error.text, state=Status.SENT)
        return
    if told.verdict == receipt.GAP:
        _send_again(row, told.first_missing, now)
        return
    if told.verdict == receipt.REFUSED and told.code in codes.PASSING:
        _again(row, now, told.code, told.text, state=Status.SENT)
        return
    if told.verdict == receipt.REFUSED:
        state = Status.STOPPED
    else:
        state = {receipt.ACCEPTED: Status.ACCEPTED, receipt.REJECTED: Status.REJECTED}.get(
            told.outcome, Status.RECEIVED
        )
    with transaction.atomic():
        # A receipt holds whoever brought it, so the lease does not matter; only the first one is written down.
        first = Outbox.objects.filter(pk=row.pk, state__in=UNDELIVERED).update(
            state=state,
            reason=told.code,
            reason_text=told.text,
            receipt=answer,
            answered=now,
            lease="",
            lease_until=None,
        )
        if first:
            log.append(
                log.lock(row.holder_id), LogEntry.Kind.RECEIPT, str(row.pk), row.sha256, jose.digest(answer), at=now
            )


def _checked(row: Outbox, answer: bytes) -> Receipt:
    """The receipt, once it is the receiver's own word on these very bytes. Raises Unreadable."""
    token = receipt.read(answer)
    key = keys.find(token.kid)
    if key is None or key.node != row.peer or key.revoked_at is not None:
        raise Unreadable("unknown_key", f"the receipt is signed with {token.kid}; expected a key of {row.peer}")
    told = receipt.open_with(token, bytes.fromhex(key.public))
    readable = told.verdict != receipt.REFUSED
    if (
        told.sender != row.peer
        or told.sha256 != row.sha256
        or (told.receipt_for != str(row.pk) and (readable or told.receipt_for))
        or (told.to != row.holder.node and (readable or told.to))
    ):
        raise Unreadable("field", "the receipt is for another message")
    return told


def _send_again(row: Outbox, first_missing: int, now: datetime) -> None:
    """The receiver lacks an earlier message (it went back to an old backup, say): send from there on again."""
    earlier = Outbox.objects.filter(
        holder=row.holder_id, peer=row.peer, case=row.case, seq__gte=first_missing, seq__lt=row.seq
    ).exclude(state__in=UNDELIVERED)
    found = _set(earlier, state=Status.QUEUED, next_try=now, overdue_allowed=True)
    _again(row, now, "", f"waits for number {first_missing}", state=Status.SENT)
    if found and row.tries <= len(WAITS):
        Outbox.objects.filter(pk=row.pk, lease="").update(next_try=now)


def _set(rows: QuerySet[Outbox], **values: Any) -> int:
    """Update rows that nobody has locked; two that do so at once never wait for each other."""
    with transaction.atomic():
        found: Sequence[Any] = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
        return Outbox.objects.filter(pk__in=found).update(**values) if found else 0
