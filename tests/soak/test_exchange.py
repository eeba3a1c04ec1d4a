"""Thousands of messages between three States over a network that loses, doubles, delays and reorders them, with
crashes, refusals and new keys in between: nothing is lost, nothing has two effects, and every chain is whole."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from tests.exchange import toy
from tests.exchange.test_faults import STEPS, Exchange
from tests.soak.lasting import chance, passing
from tidegate.exchange.models import Hold, Outbox
from tidegate.parties import sealing, times
from tidegate.parties.models import JournalEntry

FAULTS = ("", "", "", "lost", "late", "twice", "answer lost", "answer changed")
MOODS = ("", "", "", "", "refuse", "break")
WORK = ("send",) * 8 + ("deliver",) * 5 + ("arrive", "replay", "out_of_order", "crash", "rotate") + ("wait",) * 2

pytestmark = pytest.mark.soak


class Long(Exchange):
    """The machine of test_faults, driven by lot for as long as there is time, with the journals looked at, too."""

    def all_is_well(self) -> None:
        super().all_is_well()
        sealing.seal_all()
        for state in toy.NODES:
            sealed = JournalEntry.objects.filter(holder=state).count()
            assert sealing.verify(state) is None
            assert (sealing.tail(state).number, sealing.tail(state).unsealed) == (sealed, 0)


@pytest.mark.django_db
def test_thousands_of_messages_over_a_bad_network() -> None:
    draw = chance()
    with toy.trade():
        machine = Long()
        done: Counter[str] = Counter()
        try:
            machine.begin()
            for n, _passed in enumerate(passing(0.3, least=300)):
                what = draw.choice(WORK)
                done[what] += 1
                case = f"case-{draw.randint(1, 40)}"
                sender, to = draw.sample(sorted(toy.NODES), 2)
                if what == "send":
                    for _ in range(draw.randint(1, 8)):
                        machine.send(sender, to, case, draw.choice(MOODS))
                elif what == "deliver":
                    machine.deliver([draw.choice(FAULTS) for _ in range(draw.randint(0, 30))])
                elif what == "arrive":
                    machine.arrive(draw.random() < 0.5)
                elif what == "replay":
                    machine.replay(draw.randrange(10**6), draw.randint(1, 3))
                elif what == "out_of_order":
                    machine.out_of_order(sender, case, to)
                elif what == "crash":
                    machine.crash(draw.choice(STEPS), draw.random() < 0.5, draw.randint(1, 4), draw.random() < 0.5)
                elif what == "rotate" and draw.random() < 0.05:
                    machine.rotate(sender)
                elif what == "wait":
                    machine.wait(draw.choice((1, 6, 61, 3600)))
                if n % 500 == 499:
                    with times.at(machine.now):
                        sealing.seal_all()
                    machine.effects_are_a_beginning_of_what_was_sent()
                    machine.what_the_sender_holds_the_receiver_has()
            print(f"{Outbox.objects.count()} messages, {Hold.objects.count()} held; {dict(done)}")
            machine.now += timedelta(hours=2)
            assert Outbox.objects.count() > 100
        finally:
            machine.teardown()
