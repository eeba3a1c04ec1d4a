"""Each State's own log: an append-only chain of hashes over all that it sent, received and was told of.

    head(0) = SHA-256("tidegate exchange log " + State)
    head(n) = SHA-256(head(n - 1) || n as 8 bytes, big-endian || len(kind) as 1 byte || kind || H(bytes) || H(receipt))

with 32 zero bytes where there is no receipt. Whoever gives a number locks the State's head, last of all locks, and
keeps it to the end of the transaction. What goes out is written without a number, or every command of a State would
wait for every other; it is numbered before it leaves the house (`number`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from tidegate.exchange import jose
from tidegate.exchange.models import Inbox, LogEntry, LogHead, Outbox
from tidegate.parties import times

NO_RECEIPT = "0" * 64
PART = 500


def first_head(state: str) -> str:
    """What the first entry of a State is chained to, hexadecimal."""
    return hashlib.sha256(f"tidegate exchange log {state}".encode()).hexdigest()


def next_head(head: str, n: int, kind: str, bytes_sha256: str, receipt_sha256: str) -> str:
    """The head after one more entry, hexadecimal."""
    word = kind.encode("ascii")
    said = bytes.fromhex(head) + n.to_bytes(8, "big") + bytes([len(word)]) + word
    said += bytes.fromhex(bytes_sha256) + bytes.fromhex(receipt_sha256 or NO_RECEIPT)
    return hashlib.sha256(said).hexdigest()


def lock(state: str) -> LogHead:
    """The end of a State's log, ours until the transaction ends. Take no other lock after it."""
    LogHead.objects.get_or_create(holder_id=state, defaults={"head": first_head(state)})
    return LogHead.objects.select_for_update().get(holder_id=state)


def append(
    end: LogHead, kind: str, ref: str, bytes_sha256: str, receipt_sha256: str = "", at: datetime | None = None
) -> LogEntry:
    """Write one entry at the end that is locked, and move the end."""
    end.n += 1
    end.head = next_head(end.head, end.n, kind, bytes_sha256, receipt_sha256)
    entry = LogEntry.objects.create(
        holder_id=end.holder_id,
        kind=kind,
        ref=ref,
        bytes_sha256=bytes_sha256,
        receipt_sha256=receipt_sha256,
        at=at or times.now(),
        n=end.n,
        head=end.head,
    )
    end.save(update_fields=["n", "head"])
    return entry


def note(state: str, kind: str, ref: str, bytes_sha256: str, at: datetime) -> LogEntry:
    """Write one entry without a number, in the transaction of what it tells of."""
    return LogEntry.objects.create(holder_id=state, kind=kind, ref=ref, bytes_sha256=bytes_sha256, at=at)


def number(state: str) -> int:
    """Number what has been committed without one, in the order of ids; gives how many there were."""
    waiting = LogEntry.objects.filter(holder_id=state, n=None)
    if not waiting.exists():
        return 0
    done = 0
    with transaction.atomic():
        end = lock(state)
        # Read again under the lock: another may have numbered them meanwhile.
        for entry in waiting.order_by("id")[:PART]:
            end.n += 1
            end.head = next_head(end.head, end.n, entry.kind, entry.bytes_sha256, entry.receipt_sha256)
            LogEntry.objects.filter(pk=entry.pk).update(n=end.n, head=end.head)
            done += 1
        end.save(update_fields=["n", "head"])
    return done + (number(state) if done == PART else 0)


def number_all() -> int:
    """Number what waits, in every State's log; gives how many entries there were."""
    waiting = LogEntry.objects.filter(n=None).order_by().values_list("holder", flat=True).distinct()
    return sum(number(state) for state in list(waiting))


@dataclass(frozen=True)
class Fault:
    """What does not hold in a log: the State, the first number concerned, and a sentence."""

    state: str
    n: int
    text: str


def verify(state: str) -> Fault | None:
    """The first thing that does not hold in a State's log, or None.

    1. Numbers run from 1 without a gap, and each head follows from the one before.
    2. The messages and receipts that are kept have the hashes that the log gives them.
    3. The log ends where its head says, and every message that is kept stands in it.
    """
    expected, head = 1, first_head(state)
    entries = LogEntry.objects.filter(holder_id=state).exclude(n=None).order_by("n")
    part: list[LogEntry] = []
    for entry in entries.iterator(chunk_size=PART):
        if entry.n != expected:
            return Fault(state, expected, f"entry {expected} is missing")
        if entry.kind not in LogEntry.Kind.values:
            return Fault(state, expected, f"entry {expected} is of no known kind")
        head = next_head(head, expected, entry.kind, entry.bytes_sha256, entry.receipt_sha256)
        if entry.head != head:
            return Fault(state, expected, f"entry {expected} was changed, or one before it")
        expected += 1
        part.append(entry)
        if len(part) == PART:
            if fault := _kept(state, part):
                return fault
            part = []
    if fault := _kept(state, part):
        return fault
    end = LogHead.objects.filter(holder_id=state).first()
    if end is not None and (end.n, end.head) != (expected - 1, head):
        return Fault(state, expected, f"the log ends at {expected - 1}; its head says {end.n}")
    for model, kind in ((Outbox, LogEntry.Kind.OUT), (Inbox, LogEntry.Kind.IN)):
        told = set(LogEntry.objects.filter(holder_id=state, kind=kind).values_list("ref", flat=True).iterator())
        for pk in model._default_manager.filter(holder_id=state).values_list("pk", flat=True).iterator():
            if str(pk) not in told:
                return Fault(state, expected, f"message {pk} stands in no entry")
    return None


def _kept(state: str, part: list[LogEntry]) -> Fault | None:
    """Hold a run of entries against the messages that are kept."""
    ids = {kind: [e.ref for e in part if e.kind == kind] for kind in ("out", "in", "receipt")}
    sent = {str(m.pk): m for m in Outbox.objects.filter(holder_id=state, pk__in=[*ids["out"], *ids["receipt"]])}
    came = {str(m.pk): m for m in Inbox.objects.filter(holder_id=state, pk__in=ids["in"])}
    for entry in part:
        if entry.kind not in ids:
            continue
        found = came.get(entry.ref) if entry.kind == "in" else sent.get(entry.ref)
        n = entry.n or 0
        if found is None:
            return Fault(state, n, f"the message of entry {n} is gone")
        erased = found.erased_at is not None and not found.bytes
        if not erased and jose.digest(bytes(found.bytes)) != entry.bytes_sha256 and not _signed_anew(entry):
            return Fault(state, n, f"the message of entry {n} was changed")
        if entry.kind == "in" and jose.digest(bytes(found.receipt or b"")) != entry.receipt_sha256:
            return Fault(state, n, f"the receipt of entry {n} was changed")
    return None


def _signed_anew(entry: LogEntry) -> bool:
    """Whether an entry tells of bytes that were signed anew later: those that are kept belong to the later entry."""
    later = LogEntry.objects.filter(holder_id=entry.holder_id, kind=LogEntry.Kind.OUT, ref=entry.ref, pk__gt=entry.pk)
    return entry.kind != LogEntry.Kind.IN and later.exists()
