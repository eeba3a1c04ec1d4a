"""Two and more writers on one account at once, on whatever database TIDEGATE_DATABASE_URL names: nothing is overdrawn,
nothing lost. Run by test_writers.py in a process of its own, for the commits here are real.

    python -m tests.movements.writers THREADS DRAWS      prints one line of JSON
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

LIMIT = Decimal("1000.5")
DAY = datetime(2026, 11, 2, tzinfo=UTC)


def main(threads: int, draws: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, connections, transaction
    from django.db.models import Sum

    from tidegate.movements import ledger
    from tidegate.movements.models import Account, Posting, Reservation
    from tidegate.parties.commanding import Refused
    from tidegate.parties.models import JournalEntry, State

    call_command("migrate", verbosity=0)
    State.objects.create(code="VN", name="VN", node="vn.dea", here=True)
    with transaction.atomic():
        row = ledger.open_account(
            holder="VN", kind="permit", reference="VN-1", home="VN", limit_kg=LIMIT, limit_count=threads * draws,
            sub_periods=[(5, LIMIT, None)],
        )  # fmt: skip
    told: Counter[str] = Counter()
    failures: list[str] = []
    start = threading.Barrier(threads)

    def write(number: int) -> None:
        try:
            start.wait()
            for n in range(draws):
                # Every draw is asked for by two writers at the same time: it must count once.
                draw, kg = f"c/{number // 2}-{n}", Decimal("7.3")
                try:
                    with transaction.atomic():
                        ledger.reserve(
                            "VN", "VN-1", draw=draw, kg=kg, day=DAY.date(), expires_at=datetime.now(UTC) + timedelta(9)
                        )
                    told["reserved"] += 1
                except Refused as refused:
                    told[refused.code] += 1
                    continue
                with transaction.atomic():
                    if n % 3 == 0:
                        ledger.release("VN", "VN-1", draw=draw, at=DAY)
                    else:
                        ledger.commit("VN", "VN-1", draw=draw, kg=kg - (n % 2), at=DAY)
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")
        finally:
            connections.close_all()

    running = [threading.Thread(target=write, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    row = Account.objects.get(pk=row.pk)
    ends = Counter(Reservation.objects.values_list("status", flat=True))
    used = Reservation.objects.aggregate(sum=Sum("committed_kg"))["sum"] or Decimal(0)
    held = Reservation.objects.filter(status="live").aggregate(sum=Sum("kg"))["sum"] or Decimal(0)
    legs = ledger.replay(row)
    wrong = Posting.objects.values("transaction").annotate(sum=Sum("kg")).exclude(sum=0).count()
    print(
        json.dumps(
            {
                "database": connection.vendor,
                "failures": failures,
                "overdrawn": str(max(row.reserved_kg + row.used_kg - row.limit_kg, Decimal(0))),
                "breached": row.breached,
                "row_is_rows": (row.used_kg, row.reserved_kg) == (used, held),
                "row_is_postings": (row.used_kg, row.reserved_kg) == (legs["used"], legs["reserved"]),
                "unbalanced": wrong,
                "count": row.count == ends["live"] + ends["committed"],
                "entries": JournalEntry.objects.filter(subject_id=row.pk).count() == row.revision + 1,
                "told": dict(told),
                "ends": dict(ends),
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
