"""Threads: many writers of one case, several deliverers, and delivery within the request."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connections, transaction

from tests.exchange import toy
from tidegate.exchange import delivery, log
from tidegate.exchange.models import LogEntry, Outbox
from tidegate.parties.models import State


def at_once(*works: Callable[[], None]) -> None:
    """Run works in threads of their own that begin together; the first error is raised."""
    gate = threading.Barrier(len(works))
    errors: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            gate.wait(timeout=30)
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    if errors:
        raise errors[0]


def test_two_states_on_one_node_see_each_others_messages_within_the_request(three_committed: dict[str, State]) -> None:
    toy.send("VN", "TH", "VN-1", "hello", back=3)
    assert toy.came("TH") == ["hello", "re re hello"]
    assert toy.came("VN") == ["re hello", "re re re hello"]
    assert set(Outbox.objects.values_list("state", flat=True)) == {"accepted"}
    assert delivery.deliver_due() == 0


def test_nothing_is_sent_of_what_is_undone(three_committed: dict[str, State]) -> None:
    class Undo(Exception):
        pass

    try:
        with transaction.atomic():
            toy.send("VN", "TH", "VN-1", "never")
            raise Undo
    except Undo:
        pass
    assert (Outbox.objects.count(), LogEntry.objects.filter(kind="out").count(), toy.came("TH")) == (0, 0, [])
    assert toy.send("VN", "TH", "VN-1", "first").seq == 1


def test_writers_of_one_case_leave_no_gap_and_deliverers_do_nothing_twice(three_committed: dict[str, State]) -> None:
    delivery.deliver_due()

    def write(name: str) -> Callable[[], None]:
        def work() -> None:
            for n in range(8):
                toy.send("VN", "TH", "VN-1", f"{name}{n}")

        return work

    def deliver() -> None:
        for _ in range(20):
            delivery.deliver_due()

    at_once(write("a"), write("b"), deliver, deliver)
    delivery.settle()
    rows = list(Outbox.objects.filter(holder="VN").order_by("seq"))
    assert [row.seq for row in rows] == list(range(1, 17))
    assert {row.state for row in rows} == {"accepted"}
    texts = toy.came("TH", "VN-1")
    assert sorted(texts) == sorted(f"{name}{n}" for name in "ab" for n in range(8))
    assert [t for t in texts if t[0] == "a"] == [f"a{n}" for n in range(8)]
    assert [log.verify(state) for state in three_committed] == [None, None, None]
