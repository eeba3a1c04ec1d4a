"""The journal's chain: committed entries get a number without gaps, and a head that vouches for all before it.

    head(0) = SHA-256("tidegate journal " + State)
    head(n) = SHA-256(head(n - 1) || n as 8 bytes, big-endian || digest(n))

An entry is written without a number, since a number taken inside the transaction of a change would make every writer
of a State wait for every other. A round, every second, seals what has been committed meanwhile.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from tidegate.parties import times
from tidegate.parties.journal import digest_of
from tidegate.parties.models import JournalEntry, State

log = logging.getLogger("tidegate.parties")

# Entries sealed in one transaction: few enough that a writer on SQLite waits for milliseconds.
PART = 500


@dataclass(frozen=True)
class Tail:
    """Where a State's chain stands: the last sealed entry, how many wait, and since when the oldest of them does."""

    state: str
    number: int
    head: str
    sealed_at: datetime | None
    unsealed: int
    waiting_since: datetime | None


def first_head(state: str) -> str:
    """What the first entry of a State is chained to, hexadecimal."""
    return hashlib.sha256(f"tidegate journal {state}".encode()).hexdigest()


def next_head(head: str, number: int, digest: str) -> str:
    """The head after one more entry, hexadecimal."""
    return hashlib.sha256(bytes.fromhex(head) + number.to_bytes(8, "big") + bytes.fromhex(digest)).hexdigest()


def seal_all() -> int:
    """Seal what is committed, for every State that has something to seal; gives the number of entries sealed."""
    waiting = JournalEntry.objects.filter(number=None).order_by().values_list("holder", flat=True).distinct()
    return sum(seal(state) for state in list(waiting))


def seal(state: str) -> int:
    """Seal one State's committed entries in the order of their ids; gives their number.

    1. Lock the State's row, so that one process seals it at a time. The lock leaves writers alone, who only refer to
       the row. SQLite has one writer anyway.
    2. Read the end of the chain, and the entries without a number that are visible now. One that is committed later
       gets a later number, whatever its id says.
    3. Number and chain them; a row that has a number already is not touched.
    """
    sealed = 0
    while True:
        with transaction.atomic():
            if not State.objects.select_for_update(no_key=True).filter(pk=state).exists():
                return sealed
            last = _last(state)
            number, head = (last.number or 0, last.head) if last else (0, first_head(state))
            waiting = JournalEntry.objects.filter(holder=state, number=None).order_by("id")
            rows = list(waiting.values_list("id", "digest")[:PART])
            now = times.now()
            made = []
            for key, digest in rows:
                number += 1
                head = next_head(head, number, digest)
                made.append((number, head, now, key))
            _write(made)
        sealed += len(rows)
        if len(rows) < PART:
            return sealed


def _write(made: Sequence[tuple[int, str, datetime, UUID]]) -> None:
    """One statement for each entry, sent together: bulk_update would compare every row with every other."""
    if not made:
        return
    pk = JournalEntry._meta.pk
    assert pk is not None
    values = [
        (number, head, connection.ops.adapt_datetimefield_value(at), pk.get_db_prep_value(key, connection))
        for number, head, at, key in made
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE journal SET number = %s, head = %s, sealed_at = %s WHERE id = %s AND number IS NULL", values
        )


def tail(state: str) -> Tail:
    """Where a State's chain stands now."""
    last = _last(state)
    waiting = JournalEntry.objects.filter(holder=state, number=None)
    oldest = waiting.order_by("recorded_at").values_list("recorded_at", flat=True).first()
    number, head, at = (last.number or 0, last.head, last.sealed_at) if last else (0, first_head(state), None)
    return Tail(state, number, head, at, waiting.count(), oldest)


def verify(state: str) -> int | None:
    """The first number of a State's chain that does not hold, or None when all of it does.

    A number does not hold when its entry is gone, says something else than when it was written (its digest is worked
    out again), or has a head that does not follow from the one before. What was cut off at the end shows only against
    a head that somebody kept: see `head_at`.
    """
    expected, head = 1, first_head(state)
    for entry in _sealed(state):
        if entry.number != expected or entry.digest != digest_of(entry):
            return expected
        head = next_head(head, expected, entry.digest)
        if entry.head != head:
            return expected
        expected += 1
    return None


def head_at(state: str, number: int) -> str | None:
    """The head that the chain had after an entry, to hold against one that was kept elsewhere."""
    if number == 0:
        return first_head(state)
    return JournalEntry.objects.filter(holder=state, number=number).values_list("head", flat=True).first()


def _last(state: str) -> JournalEntry | None:
    return JournalEntry.objects.filter(holder=state).exclude(number=None).order_by("-number").first()


def _sealed(state: str) -> Iterator[JournalEntry]:
    return JournalEntry.objects.filter(holder=state).exclude(number=None).order_by("number").iterator(chunk_size=1000)
