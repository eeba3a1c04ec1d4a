"""Any schedule of lost, doubled, reordered and delayed messages, of crashes at every step, between three States.

Whatever happens, once the faults end: every message has exactly one effect, in the order of its case, both sides hold
the same receipt, and every log holds. (Invariants 22, 24 and 28 of the control of movements stand on this.)
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.exchange import toy
from tidegate.exchange import delivery, envelope, inbox, keys, log, outbox, receipt
from tidegate.exchange.delivery import Unreachable
from tidegate.exchange.models import Hold, Inbox, Key, LogEntry, Outbox
from tidegate.parties import times
from tidegate.parties.ids import uuid7
from tidegate.parties.models import State
from tidegate.parties.registry import Message

PEOPLE = st.sampled_from(sorted(toy.NODES))
CASES = st.sampled_from(["case-1", "case-2"])
# Where the process may die: a function that a step begins with, and whether it dies before or after it.
STEPS: list[tuple[Any, str]] = [
    (envelope, "seal"),
    (log, "note"),
    (log, "number"),
    (log, "append"),
    (outbox, "locked_stream"),
    (inbox, "_check"),
    (inbox, "effect"),
    (inbox, "_take_in"),
    (inbox, "_hold"),
    (inbox, "_follow"),
    (inbox, "_signed"),
    (delivery, "_answered"),
    (delivery, "_again"),
    (delivery, "_checked"),
    (delivery, "heard_from"),
]


class Crash(BaseException):
    """The process dies: nothing catches it, and what was not committed is gone."""


class Network:
    """Between the States: what was sent may be lost, come late, come twice; an answer may be lost."""

    at_once = False

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.late: list[tuple[str, bytes]] = []
        self.seen: list[tuple[str, bytes]] = []

    def reaches(self, peer: str) -> bool:
        return True

    def send(self, peer: str, data: bytes) -> bytes:
        self.seen.append((peer, data))
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "lost":
            raise Unreachable("the link is down")
        if fault == "late":
            self.late.append((peer, data))
            raise Unreachable("no answer in time")
        answer = inbox.receive(data, peer)
        if fault == "twice":
            assert inbox.receive(data, peer) == answer
        if fault == "answer lost":
            raise TimeoutError("no answer in time")
        if fault == "answer changed":
            return answer[:-5] + answer[-4:]
        return answer


class Exchange(RuleBasedStateMachine):
    """Three States, a network that fails, and a clock that the rules move."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.folder = tempfile.TemporaryDirectory()
        self.patch.setattr("django.conf.settings.TIDEGATE_DATA_DIR", Path(self.folder.name))
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.network = Network()
        self.patch.setattr(delivery, "TRANSPORTS", [self.network])
        self.now: datetime = times.now()
        self.sent: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self.bad: set[str] = set()
        self.count = 0

    @initialize()
    def begin(self) -> None:
        toy.states()
        keys.complete()

    @rule(sender=PEOPLE, to=PEOPLE, case=CASES, mood=st.sampled_from(["", "", "", "refuse", "break"]))
    def send(self, sender: str, to: str, case: str, mood: str) -> None:
        if sender == to:
            return
        self.count += 1
        text = f"{sender}{self.count}"
        with times.at(self.now):
            toy.send(sender, to, case, text, mood=mood)
        self.sent[sender, to, case].append(text)
        if mood:
            self.bad.add(text)

    @rule(faults=st.lists(st.sampled_from(["", "lost", "late", "twice", "answer lost", "answer changed"]), max_size=6))
    def deliver(self, faults: list[str]) -> None:
        self.network.faults = list(faults)
        with times.at(self.now):
            delivery.deliver_due()
        self.network.faults = []

    @rule(which=st.integers(0, 10**6), again=st.integers(1, 3))
    def replay(self, which: int, again: int) -> None:
        """Something that was on the wire once comes again, at its addressee and at all others."""
        if not self.network.seen:
            return
        _, data = self.network.seen[which % len(self.network.seen)]
        with times.at(self.now):
            for _ in range(again):
                for node in toy.NODES.values():
                    answer = inbox.receive(data, node)
                    assert answer.count(b".") == 2, "a signed answer, whatever it says"

    @rule(backwards=st.booleans())
    def arrive(self, backwards: bool) -> None:
        """What was late comes now, in its order or the other way round."""
        late, self.network.late = self.network.late, []
        with times.at(self.now):
            for peer, data in reversed(late) if backwards else late:
                inbox.receive(data, peer)

    @rule(state=PEOPLE, case=CASES, other=PEOPLE)
    def out_of_order(self, state: str, case: str, other: str) -> None:
        """All that waits in a case, and two more, reaches the other side at once, the last first: it is kept aside,
        never refused."""
        if state == other:
            return
        for _more in range(2):
            self.send(state, other, case, "")
        rows = Outbox.objects.filter(holder=state, peer=toy.NODES[other], case=case, state__in=Outbox.ACTIVE)
        with times.at(self.now):
            for row in rows.order_by("-seq"):
                token = receipt.read(inbox.receive(bytes(row.bytes), row.peer))
                told = receipt.open_with(token, bytes.fromhex(Key.objects.get(pk=token.kid).public))
                assert told.verdict in (receipt.STORED, receipt.GAP), told.code

    @rule(step=st.sampled_from(STEPS), after=st.booleans(), nth=st.integers(1, 4), sending=st.booleans())
    def crash(self, step: tuple[Any, str], after: bool, nth: int, sending: bool) -> None:
        """The process dies at the nth call of a step, before or after it; what was committed stays."""
        module, name = step
        real: Callable[..., Any] = getattr(module, name)
        calls = 0

        def dying(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls < nth:
                return real(*args, **kwargs)
            if after:
                real(*args, **kwargs)
            raise Crash

        before = Outbox.objects.filter(holder="VN", peer="th.pcd", case="case-1").count()
        with pytest.MonkeyPatch.context() as patch, times.at(self.now):
            patch.setattr(module, name, dying)
            try:
                if sending:
                    self.count += 1
                    toy.send("VN", "TH", "case-1", f"VN{self.count}")
                delivery.deliver_due()
            except Crash:
                pass
        delivery._local.pending = None
        if sending and Outbox.objects.filter(holder="VN", peer="th.pcd", case="case-1").count() > before:
            self.sent["VN", "TH", "case-1"].append(f"VN{self.count}")

    @rule(seconds=st.sampled_from([1, 6, 61, 3600, 86_400]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(state=PEOPLE)
    def rotate(self, state: str) -> None:
        with times.at(self.now):
            keys.rotate(State.objects.get(pk=state), now=self.now)

    @invariant()
    def effects_are_a_beginning_of_what_was_sent(self) -> None:
        """Never twice, never out of order, never something that nobody sent."""
        for (sender, to, case), texts in self.sent.items():
            good = [text for text in texts if text not in self.bad]
            got = [text for text in toy.came(to, case) if text.startswith(sender)]
            assert got == good[: len(got)]

    @invariant()
    def what_the_sender_holds_the_receiver_has(self) -> None:
        for row in Outbox.objects.filter(state__in=["accepted", "rejected"]):
            kept = Inbox.objects.get(pk=row.pk)
            assert bytes(kept.receipt) == bytes(row.receipt or b"")

    def teardown(self) -> None:
        try:
            self.network.faults = []
            for _ in range(3):
                self.now += timedelta(hours=2)
                with times.at(self.now):
                    delivery.settle()
            self.all_is_well()
            before = Inbox.objects.count(), LogEntry.objects.count(), [toy.came(state) for state in toy.NODES]
            with times.at(self.now):
                for _ in range(3):
                    for row in Outbox.objects.all():
                        assert inbox.receive(bytes(row.bytes)) == bytes(row.receipt or b"")
            after = Inbox.objects.count(), LogEntry.objects.count(), [toy.came(state) for state in toy.NODES]
            assert before == after
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)
            self.patch.undo()
            self.folder.cleanup()

    def all_is_well(self) -> None:
        """One effect for every message, one receipt on both sides, nothing left over, every log whole."""
        sent = sum(len(texts) for texts in self.sent.values())
        assert (Outbox.objects.count(), Inbox.objects.count(), Hold.objects.count()) == (sent, sent, 0)
        for (sender, to, case), texts in self.sent.items():
            good = [text for text in texts if text not in self.bad]
            assert [text for text in toy.came(to, case) if text.startswith(sender)] == good
            rows = Outbox.objects.filter(holder=sender, peer=toy.NODES[to], case=case).order_by("seq")
            assert [row.seq for row in rows] == list(range(1, len(texts) + 1))
            expected = ["rejected" if text in self.bad else "accepted" for text in texts]
            assert [row.state for row in rows] == expected
        for row in Outbox.objects.all():
            assert bytes(Inbox.objects.get(pk=row.pk).receipt) == bytes(row.receipt or b"")
        for state in toy.NODES:
            assert log.verify(state) is None
            ends = LogEntry.objects.filter(holder=state).order_by("n").values_list("n", flat=True)
            assert list(ends) == list(range(1, len(ends) + 1))


@pytest.mark.django_db
@pytest.mark.ci
def test_every_message_has_one_effect_whatever_happens() -> None:
    run_state_machine_as_test(
        Exchange,
        settings=settings(stateful_step_count=15, suppress_health_check=list(HealthCheck)),
    )


# ── the test itself: it must go red on bugs that are put in ────────────────────────────────────────────────


def head_kept_across_rollbacks(patch: pytest.MonkeyPatch) -> None:
    ends: dict[str, Any] = {}
    real = log.lock
    patch.setattr(log, "lock", lambda state: ends.setdefault(state, real(state)))


def effect_without_savepoint(patch: pytest.MonkeyPatch) -> None:
    def effect(message: envelope.Envelope, sender: State, to: State) -> inbox.Verdict:
        known = Message(
            message.id, sender.code, to.code, message.case, message.seq, message.type, message.body, message.created
        )
        try:
            toy.handle(known)
        except Exception:
            return inbox.Verdict("internal")
        return inbox.Verdict()

    patch.setattr(inbox, "effect", effect)


def effect_in_a_commit_of_its_own(patch: pytest.MonkeyPatch) -> None:
    real = inbox._take_in

    def take_in(checked: inbox._Checked, now: datetime) -> Any:
        if not Inbox.objects.filter(pk=checked.message.id).exists():
            inbox.effect(checked.message, checked.sender, checked.to)
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(inbox, "effect", lambda *args: inbox.Verdict())
            return real(checked, now)

    patch.setattr(inbox, "_take_in", take_in)


def answer_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    real, calls = inbox.receive, [0]

    def receive(data: bytes, at: str | None = None) -> bytes:
        calls[0] += 1
        with transaction.atomic():
            answer = real(data, at)
            transaction.set_rollback(calls[0] % 3 == 0)
        return answer

    patch.setattr(inbox, "receive", receive)


def a_new_receipt_each_time(patch: pytest.MonkeyPatch) -> None:
    real = inbox.receive

    def receive(data: bytes, at: str | None = None) -> bytes:
        known = Inbox.objects.filter(bytes=data).select_related("holder").first()
        answer = real(data, at)
        if known is None or b"." not in answer or at not in (None, known.holder.node):
            return answer
        token = receipt.read(bytes(known.receipt))
        told = receipt.open_with(token, bytes.fromhex(Key.objects.get(kid=token.kid).public))
        return inbox._signed(known.holder, replace(told, received=times.now() + timedelta(seconds=1)))

    patch.setattr(inbox, "receive", receive)


def a_new_id_on_every_try(patch: pytest.MonkeyPatch) -> None:
    real = Network.send

    def send(self: Network, peer: str, data: bytes) -> bytes:
        message = envelope.parse(envelope.read(data).payload)
        kid, private = keys.signing(State.objects.get(node=message.sender))
        return real(self, peer, envelope.seal(replace(message, id=str(uuid7())), kid, private))

    patch.setattr(Network, "send", send)


def a_lease_without_an_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(delivery, "LEASE", timedelta(days=999))


def any_receipt_will_do(patch: pytest.MonkeyPatch) -> None:
    told = receipt.Receipt("", "", "", "", 1, "", times.now(), receipt.STORED, receipt.ACCEPTED)
    patch.setattr(delivery, "_checked", lambda row, answer: told)


@pytest.mark.ci
@pytest.mark.django_db
@pytest.mark.parametrize(
    "bug",
    [
        head_kept_across_rollbacks,
        effect_without_savepoint,
        effect_in_a_commit_of_its_own,
        answer_before_the_commit,
        a_new_receipt_each_time,
        a_new_id_on_every_try,
        a_lease_without_an_end,
        any_receipt_will_do,
    ],
)
def test_it_goes_red_on_every_bug_that_is_put_in(bug: Callable[[pytest.MonkeyPatch], None]) -> None:
    class Broken(Exchange):
        def __init__(self) -> None:
            super().__init__()
            bug(self.patch)

    with pytest.raises((AssertionError, IntegrityError, Inbox.DoesNotExist)):
        run_state_machine_as_test(
            Broken,
            settings=settings(
                stateful_step_count=25,
                max_examples=100,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                report_multiple_bugs=False,
            ),
        )
