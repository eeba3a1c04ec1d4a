"""The journal's chain: gapless numbers, heads that vouch for everything before, and a database that refuses changes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.parties.world import make_world
from tidegate.cli import main
from tidegate.parties import sealing
from tidegate.parties.actors import system
from tidegate.parties.journal import digest_of, record
from tidegate.parties.models import JournalEntry, Organisation, State

pytestmark = pytest.mark.django_db

CODES = ("VN", "MY")


def subject(code: str) -> Organisation:
    state, _ = State.objects.get_or_create(code=code, defaults={"name": code, "node": code.lower(), "here": True})
    row, _ = Organisation.objects.get_or_create(
        holder=state, registration="1", defaults={"kind": "competent_authority", "name": code}
    )
    return row


def write(code: str, payload: Any = None, **more: Any) -> JournalEntry:
    row = subject(code)
    with transaction.atomic():
        revision = 1 + JournalEntry.objects.filter(subject_id=row.pk).count()
        return record(system(code), "organisation.changed", row, revision=revision, payload=payload or {}, **more)


def undone(code: str) -> None:
    """What is written in a transaction that fails was never there."""
    with suppress(ZeroDivisionError), transaction.atomic():
        write(code)
        raise ZeroDivisionError


def numbers(code: str) -> list[int | None]:
    rows = JournalEntry.objects.filter(holder=code).exclude(number=None).order_by("number")
    return list(rows.values_list("number", flat=True))


@given(st.lists(st.sampled_from(["write VN", "write MY", "seal VN", "seal all", "undone VN"]), max_size=25))
@settings(suppress_health_check=list(HealthCheck))
def test_whatever_is_written_is_chained_without_gaps(steps: list[str]) -> None:
    """Invariant 21: in any order of writing, failing and sealing, each State's chain holds and lacks nothing."""
    with transaction.atomic():
        written = dict.fromkeys(CODES, 0)
        for step in steps:
            verb, code = step.split()
            if verb == "write":
                write(code)
                written[code] += 1
            elif verb == "undone":
                undone(code)
            elif code == "all":
                sealing.seal_all()
            else:
                sealing.seal(code)
            for each in CODES:
                assert numbers(each) == list(range(1, len(numbers(each)) + 1))
                assert sealing.verify(each) is None
                tail = sealing.tail(each)
                assert (tail.number, tail.unsealed) == (len(numbers(each)), written[each] - len(numbers(each)))
        waiting = sum(sealing.tail(code).unsealed for code in CODES if State.objects.filter(pk=code).exists())
        assert sealing.seal_all() == waiting
        assert sealing.seal_all() == 0
        assert {code: len(numbers(code)) for code in CODES} == written
        for code in CODES:
            follows_from_the_one_before(code)
        transaction.set_rollback(True)


def follows_from_the_one_before(code: str) -> None:
    """Each head is that of the definition, and one that is not is found where it stands."""
    rows = list(JournalEntry.objects.filter(holder=code).exclude(number=None).order_by("number"))
    head = hashlib.sha256(f"tidegate journal {code}".encode()).digest()
    for number, row in enumerate(rows, 1):
        head = hashlib.sha256(head + number.to_bytes(8, "big") + bytes.fromhex(row.digest)).digest()
        assert row.head == head.hex()
    for row in rows:
        right, row.head = row.head, hashlib.sha256(row.head.encode()).hexdigest()
        with patch.object(sealing, "_sealed", lambda _state: iter(rows)):
            assert sealing.verify(code) == row.number
        row.head = right


def test_the_heads_are_those_of_the_definition() -> None:
    made = [write("VN", {"n": n}) for n in range(3)]
    sealing.seal("VN")
    head = hashlib.sha256(b"tidegate journal VN").digest()
    for number, entry in enumerate(made, 1):
        entry.refresh_from_db()
        head = hashlib.sha256(head + number.to_bytes(8, "big") + bytes.fromhex(entry.digest)).digest()
        assert (entry.number, entry.head) == (number, head.hex())
    assert sealing.head_at("VN", 3) == sealing.tail("VN").head == head.hex()
    assert sealing.head_at("VN", 4) is None


def test_a_digest_is_the_same_after_the_database() -> None:
    """Whatever zone a moment was written in, and whatever the payload holds."""
    hanoi = timezone(timedelta(hours=7))
    payload = {"é": ["ก", None, True, -3, "1.50"], "a": {"z": 1, "b": "\u2028"}}
    entry = write("VN", payload, occurred_at=datetime(2026, 11, 21, 6, 30, 0, 123456, tzinfo=hanoi))
    found = JournalEntry.objects.get(pk=entry.pk)
    assert found.occurred_at == datetime(2026, 11, 20, 23, 30, 0, 123456, tzinfo=UTC)
    assert digest_of(found) == entry.digest == found.digest


def test_a_float_is_no_quantity() -> None:
    with pytest.raises(ValueError, match=r"0\.1"):
        write("VN", {"kg": 0.1})


# ── what the database refuses ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        {"payload": {"kg": "1"}}, {"type": "x"}, {"digest": "0" * 64}, {"holder_id": "MY"}, {"revision": 9},
        {"person_id": None, "role": "officer"}, {"recorded_at": datetime(2020, 1, 1, tzinfo=UTC)}, {"case": "c"},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_nothing_that_was_said_is_changed(sealed: bool, change: dict[str, Any]) -> None:
    subject("MY")
    entry = write("VN")
    if sealed:
        sealing.seal("VN")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        JournalEntry.objects.filter(pk=entry.pk).update(**change)


def test_a_seal_is_set_once_and_nothing_is_deleted() -> None:
    write("VN")
    sealing.seal("VN")
    for change in ({"number": 7}, {"head": "0" * 64}, {"number": None}):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            JournalEntry.objects.update(**change)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        JournalEntry.objects.all().delete()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM journal")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE journal")


# ── what somebody does who goes round that ─────────────────────────────────────────────────────────────────


def alter(sql: str, *values: Any) -> None:
    """As one who owns the database may."""
    on = " ON journal" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name in ("journal_no_update", "journal_no_delete"):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
        cursor.execute(sql, values)


HARM: dict[str, tuple[str, int]] = {
    "changed": ("""UPDATE journal SET payload = '{"n": 99}' WHERE number = 3""", 3),
    "made consistent with itself": (
        f"UPDATE journal SET role = 'officer', digest = '{'a' * 64}' WHERE number = 2", 2,
    ),
    "deleted": ("DELETE FROM journal WHERE number = 4", 4),
    "first deleted": ("DELETE FROM journal WHERE number = 1", 1),
    "unsealed": ("UPDATE journal SET number = NULL WHERE number = 2", 2),
    "head replaced": (f"UPDATE journal SET head = '{'b' * 64}' WHERE number = 5", 5),
    "moved up": ("UPDATE journal SET number = 9 WHERE number = 5", 5),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARM)
def test_the_first_number_that_does_not_hold_is_named(harm: str, capsys: pytest.CaptureFixture[str]) -> None:
    for n in range(5):
        write("VN", {"n": n})
        write("MY", {"n": n})
    sealing.seal_all()
    sql, expected = HARM[harm]
    alter(sql + " AND holder_id = 'VN'")
    assert sealing.verify("VN") == expected
    assert sealing.verify("MY") is None
    assert main(["journal", "verify"]) == 1
    said = capsys.readouterr().out
    assert f"VN  BROKEN at number {expected}" in said
    assert "MY  holds: 5 sealed, 0 not sealed yet" in said


def test_an_end_that_was_cut_off_shows_against_a_head_that_was_noted(capsys: pytest.CaptureFixture[str]) -> None:
    for n in range(4):
        write("VN", {"n": n})
    assert main(["journal", "seal"]) == 0
    assert main(["journal", "tail", "--state", "vn"]) == 0
    noted = sealing.tail("VN").head
    assert f"number 4  head {noted}" in capsys.readouterr().out
    ask = ["journal", "verify", "--state", "VN", "--number", "4", "--head"]
    assert main([*ask, noted]) == 0
    assert main([*ask, "0" * 64]) == 1
    alter("DELETE FROM journal WHERE number = 4")
    assert sealing.verify("VN") is None, "what is left hangs together"
    assert main([*ask, noted]) == 1
    assert "ends at number 3" in capsys.readouterr().out
    assert main(["journal", "verify", "--number", "4"]) == 2
    assert main(["journal", "tail", "--state", "XX"]) == 2


# ── several at a time ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("own_database")
class TestTogether:
    """Writers and sealers at the same time, each with a connection of its own."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def run(self, *works: Callable[[], None]) -> None:
        failed: list[BaseException] = []

        def kept(work: Callable[[], None]) -> None:
            try:
                work()
            except BaseException as error:
                failed.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=kept, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failed == []

    def test_several_sealers_number_each_entry_once(self) -> None:
        world = make_world()
        bodies = [world.body("carrier", code) for code in CODES]
        each, done = 15, threading.Event()

        def writer(body: Organisation, first: int) -> Callable[[], None]:
            def work() -> None:
                for n in range(first, first + each):
                    with transaction.atomic():
                        record(system(body.holder_id), "organisation.changed", body, revision=n, payload={"n": n})

            return work

        def sealer() -> None:
            while not done.is_set():
                sealing.seal_all()

        def writers() -> None:
            try:
                self.run(*(writer(body, first) for body in bodies for first in (1, 1 + each)))
            finally:
                done.set()

        self.run(writers, sealer, sealer)
        sealing.seal_all()
        for body in bodies:
            assert numbers(body.holder_id) == list(range(1, 2 * each + 1))
            assert sealing.verify(body.holder_id) is None
