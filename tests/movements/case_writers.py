"""Several people at once on one case, on whatever database TIDEGATE_DATABASE_URL names: nothing is overdrawn, nothing
lost, every copy comes to the same. Run by test_writers.py in a process of its own, for the commits here are real.

    python -m tests.movements.case_writers THREADS ACTS      prints one line of JSON
"""

from __future__ import annotations

import json
import random
import sys
import threading
from collections import Counter
from datetime import timedelta
from typing import Any


def main(threads: int, acts: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, connections
    from django.db.models import Sum

    from tests.movements import cases
    from tests.movements.shipments import DAY, folded
    from tidegate.exchange import delivery
    from tidegate.exchange.models import Inbox
    from tidegate.movements import ledger, rounds
    from tidegate.movements.commands import consents, guarantees, movements, notifications
    from tidegate.movements.models import Account, Movement, Posting
    from tidegate.parties import times
    from tidegate.parties.commanding import Refused

    call_command("migrate", verbosity=0)
    route = [("TH", "export"), ("DE", "import")]
    with times.at(cases.START):
        row = cases.sent_on(route, quantity_kg="300000", shipments=40)
        delivery.settle()
        for code, _role in route:
            notifications.acknowledge(cases.actor(code), cases.copy(row, code).pk)
            cases.decide(row, code)
            delivery.settle()
        guarantees.confirm_contract(cases.actor("DE"), cases.copy(row, "DE").pk, number="K-1")
        delivery.settle()
    with times.at(DAY):
        rounds.tick()
    people = {
        (code, kind): cases.actor(code, kind, "officer" if kind == "competent_authority" else "clerk")
        for code in ("TH", "DE")
        for kind in ("competent_authority", "customs", "notifier", "facility")
    }
    told: Counter[str] = Counter()
    failures: list[str] = []
    start = threading.Barrier(threads)

    def act(chance: random.Random, number: int) -> None:
        """One act of somebody on one of the first shipments, so that the writers meet."""
        home = Movement.objects.filter(holder="TH").order_by("?").first()
        there = Movement.objects.filter(holder="DE", serial=home.serial).first() if home is not None else None
        what = chance.choice(
            ["announce", "announce", "depart", "cancel", "amend", "hold", "release", "receive", "stop"]
        )
        kg = str(chance.choice([8_000, 12_500, 20_000]))
        if what == "announce" or home is None:
            made = movements.draft(people["TH", "notifier"], row.pk, planned_on="2027-03-15", announced_kg=kg)
            movements.announce(people["TH", "notifier"], made.pk)
        elif what == "depart":
            movements.depart(people["TH", "notifier"], home.pk, loaded_kg=kg)
        elif what == "cancel" and number % 3 == 0:
            movements.cancel(people["TH", "notifier"], home.pk, reason="no ship")
        elif what == "amend":
            movements.amend(people["TH", "notifier"], home.pk, announced_kg=kg)
        elif what == "stop":
            mine = cases.consent(row, "DE")
            consents.suspend(people["DE", "competent_authority"], mine.pk, reason="Inquiry")
            consents.lift(people["DE", "competent_authority"], mine.pk)
        elif there is not None and what == "hold":
            movements.hold(people["DE", "customs"], there.pk, reason="x")
        elif there is not None and what == "release":
            movements.release_hold(people["DE", "customs"], there.pk, reason="x")
        elif there is not None and what == "receive":
            movements.receive(people["DE", "facility"], there.pk, received_kg=kg, accepted_kg=kg)

    def write(number: int) -> None:
        chance = random.Random(number)
        try:
            start.wait()
            for n in range(acts):
                try:
                    with times.at(DAY + timedelta(minutes=n)):
                        act(chance, n)
                    told["done"] += 1
                except Refused as refused:
                    told[refused.code] += 1
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")
        finally:
            connections.close_all()

    running = [threading.Thread(target=write, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    with times.at(DAY + timedelta(hours=9)):
        delivery.settle(times.now() + timedelta(days=9))
    account = Account.objects.get(holder="TH", reference=row.case)
    legs = ledger.replay(account)
    copies: dict[int, dict[str, Any]] = {}
    for one in Movement.objects.filter(case=row.case):
        copies.setdefault(one.serial, {})[one.holder_id] = (one.status, one.loaded_kg, one.received_kg)
    shared = [found for found in copies.values() if "DE" in found]
    home = Movement.objects.filter(holder="TH", case=row.case)
    expected = sum(max(one.loaded_kg or 0, one.received_kg or 0) for one in home)
    print(
        json.dumps(
            {
                "database": connection.vendor,
                "failures": failures,
                "told": dict(told),
                "shared": len(shared),
                "differ": [str(found) for found in shared if found["TH"] != found["DE"]],
                "overdrawn": account.limit_kg < account.used_kg + account.reserved_kg and not account.breached,
                "used": account.used_kg == expected == legs["used"],
                "reserved": account.reserved_kg == legs["reserved"],
                "unbalanced": Posting.objects.values("transaction").annotate(sum=Sum("kg")).exclude(sum=0).count(),
                "serials": sorted(copies) == list(range(1, len(copies) + 1)),
                "folded": all(folded(one) == one.status for one in Movement.objects.all()),
                "rejected": list(Inbox.objects.filter(verdict="rejected").values_list("type", "reason", "reason_text")),
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
