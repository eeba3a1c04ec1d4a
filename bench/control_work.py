"""What a measured process of `--only control` does: `python -m bench.control_work TASK …`; figures go out as JSON.

The database is the one that TIDEGATE_DATABASE_URL names.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.control_fill import fill
from bench.control_shares import STATES
from bench.work import spread

# The State whose offices are measured: each State holds about an eighth of all.
HOME = "VN"
DAY = datetime(2026, 11, 2, tzinfo=UTC)
LIMIT = Decimal("1000000000.000")
SECRET = "tgk_bench"


def prepare() -> dict[str, Any]:
    """Tables, States, their offices, some companies, and two officers of HOME."""
    from django.core.management import call_command

    from tidegate.parties.commands.agents import digest_of_secret
    from tidegate.parties.models import AccessKey, Membership, Organisation, Person, State

    call_command("migrate", verbosity=0)
    for code, zone in STATES.items():
        State.objects.create(code=code, name=code, node=f"{code.lower()}.ca", here=True, time_zone=zone)
        for kind in ("competent_authority", "customs", "notifier", "facility"):
            Organisation.objects.create(
                holder_id=code, kind=kind, name=f"Example {kind} of {code}", registration=f"{code}-{kind}"
            )
    for kind in ("competent_authority", "customs"):
        office = Organisation.objects.get(holder=HOME, kind=kind)
        person = Person.objects.create_user(f"{kind}@example.test", name="Officer")
        Membership.objects.create(person=person, organisation=office, role="officer", valid_from=date(2020, 1, 1))
    AccessKey.objects.create(
        holder_id=HOME, organisation=office, label="bench", role="officer", digest=digest_of_secret(SECRET),
        valid_from=date(2020, 1, 1), valid_until=date(2100, 1, 1), revision=1,
    )  # fmt: skip
    return {}


def filled(notifications: str, movements: str) -> dict[str, Any]:
    """The rows; see bench/control_fill.py."""
    say = lambda text: print(f"  {text}", file=sys.stderr, flush=True)  # noqa: E731
    return fill(int(notifications), int(movements), say)


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────


def backend_cpu() -> float:
    """CPU seconds of the database's own process for this connection; 0 where they cannot be read."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    try:
        with open(f"/proc/{pid}/stat") as file:
            user, system = file.read().rsplit(")", 1)[1].split()[11:13]
    except OSError:
        return 0.0
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def pages(count: str) -> dict[str, Any]:
    """Each page asked for `count` times, each time about something else, as a signed-in officer of HOME."""
    from django.test import Client

    from tidegate.parties.models import Person

    clients = {}
    for kind in ("competent_authority", "customs"):
        clients[kind] = Client()
        clients[kind].force_login(Person.objects.get(email=f"{kind}@example.test"))
    found = {}
    for name, who, make in questions(int(count)):
        found[name] = asked(clients.get(who) or Client(headers={"Authorization": f"Bearer {SECRET}"}), make)
    return found


def questions(count: int) -> Iterator[tuple[str, str, list[tuple[str, str, dict[str, str]]]]]:
    """(what, who asks, [(method, address, data)])."""
    from tidegate.movements.commands import certificates
    from tidegate.movements.models import Consent, Consignment, ContainerUse, Movement, Notification, Permit
    from tidegate.parties.actors import acting
    from tidegate.parties.models import Membership

    draw = random.Random(1)

    def some(rows: Any, *columns: str) -> list[Any]:
        """Rows from all over a table, without reading it all."""
        table, size = rows.model._meta.db_table, rows.model._default_manager.count()
        part = min(100.0, 100.0 * 50 * count / max(size, 1))
        keys = rows.model._default_manager.raw(f"SELECT id FROM {table} TABLESAMPLE BERNOULLI ({part}) REPEATABLE (7)")
        kept = list(rows.filter(pk__in=[row.pk for row in keys]).values_list(*columns))
        draw.shuffle(kept)
        if not kept:
            raise ValueError(f"{table}: nothing to ask about; fill more")
        return [kept[n % len(kept)] for n in range(count)]

    def get(address: str, **data: str) -> tuple[str, str, dict[str, str]]:
        return "get", address, data

    officers = ("competent_authority", "customs")
    for who in officers:
        yield f"desk, {who}", who, [get("/desk/")] * count
        yield f"desk, second page, {who}", who, [get("/desk/", page="2")] * (count // 4)
    cases = some(Notification.objects.filter(holder=HOME).exclude(number=""), "number", "case", "blocks__designation")
    few = cases[: max(count // 4, 1)]
    for kind in ("decide", "movement", "clock"):
        yield f"desk, {kind} alone", officers[0], [get("/desk/", kind=kind)] * len(few)
    yield "desk, overdue alone", officers[0], [get("/desk/", due="over")] * len(few)
    yield "desk, search by number", officers[0], [get("/desk/", q=number) for number, _case, _waste in few]
    yield "desk, search by words", officers[0], [get("/desk/", q=waste.split(" lot ")[0]) for *_, waste in few[:5]]
    yield (
        "desk, search by a rare word",
        officers[0],
        [get("/desk/", q=f"{waste.split()[0]} {waste.split(' lot ')[1]}") for *_, waste in few],
    )
    yield "border by notification", officers[1], [get("/border", q=number) for number, *_ in cases]
    moves = some(Movement.objects.filter(holder=HOME).exclude(status="draft"), "notification__number", "case", "serial")
    yield "border by movement", officers[1], [get("/border", q=f"{number}/{serial}") for number, _c, serial in moves]
    declared = some(Consignment.objects.filter(holder=HOME), "declaration")
    yield "border by declaration", officers[1], [get("/border", q=number) for (number,) in declared]
    boxes = some(ContainerUse.objects.filter(holder=HOME), "number")
    yield "border by container", officers[1], [get("/border", q=number) for (number,) in boxes]
    permits = some(Permit.objects.filter(holder=HOME), "number")
    yield "border by permit", officers[1], [get("/border", q=number) for (number,) in permits]
    decider = acting(Membership.objects.get(person__email="competent_authority@example.test"))
    given = some(Consent.objects.filter(holder=HOME, authority=HOME, status__in=Consent.GIVEN), "pk")[:20]
    tokens = [certificates.issue(decider, key, kind="consent").token for (key,) in given]
    yield "border by QR code", officers[1], [("post", "/border", {"q": tokens[n % len(tokens)]}) for n in range(count)]
    where = "/api/v1/border/check"
    yield "border, API, by movement", "key", [get(where, number=f"{c}/{serial}") for _n, c, serial in moves]
    yield "border, API, by declaration", "key", [get(where, number=number) for (number,) in declared]
    yield "page of a case", officers[0], [get(f"/notifications/{case}/") for _n, case, _w in few]
    yield (
        "page of a movement",
        officers[0],
        [get(f"/movements/{case}/{serial}/") for _n, case, serial in moves[: len(few)]],
    )
    yield "list of notifications", officers[0], [get("/notifications/")] * len(few)
    yield "list of notifications, by number", officers[0], [get("/notifications/", q=number) for number, *_ in few]
    yield (
        "list of notifications, by words",
        officers[0],
        [get("/notifications/", q=w.split(" lot ")[0]) for *_, w in few[:5]],
    )
    yield "list of movements", officers[0], [get("/movements/")] * len(few)


def asked(client: Any, requests: list[tuple[str, str, dict[str, str]]]) -> dict[str, Any]:
    """Milliseconds of wall time and CPU (ours, the database's), queries, and the statuses that came back."""
    from django.db import connection

    counted = Counter[str]()
    slow: list[tuple[float, str]] = []

    def count(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            counted["queries"] += 1
            slow.append((time.perf_counter() - began, str(sql)))

    for method, address, data in requests[:1]:
        getattr(client, method)(address, data)  # what a server has read already
        with connection.execute_wrapper(count):
            getattr(client, method)(address, data)
    times, mine, statuses = [], [], Counter[int]()
    theirs = backend_cpu()
    for method, address, data in requests:
        began, cpu = time.perf_counter(), time.process_time()
        answer = getattr(client, method)(address, data)
        mine.append(time.process_time() - cpu)
        times.append(time.perf_counter() - began)
        statuses[answer.status_code] += 1
    theirs = (backend_cpu() - theirs) / len(requests) * 1000
    worst = max(slow, default=(0.0, ""))
    return {
        **spread(times), "cpu": sum(mine) / len(mine) * 1000, "cpu95": spread(mine)["p95"], "database": theirs,
        "queries": counted["queries"], "statuses": dict(statuses), "slowest": [worst[0] * 1000, worst[1]],
    }  # fmt: skip


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────────────────


def accounts(number: str, limit: str) -> dict[str, Any]:
    """Accounts of HOME, named BENCH-<kg>-n, each with a limit in kg and a further one for five days."""
    from django.db import transaction

    from tidegate.movements import ledger

    with transaction.atomic():
        for n in range(int(number)):
            ledger.open_account(
                holder=HOME, kind="permit", reference=f"BENCH-{limit}-{n}", home=HOME, limit_kg=Decimal(limit),
                sub_periods=[(5, LIMIT, None)],
            )  # fmt: skip
    return {}


def commits() -> int:
    """Transactions that the database has committed, this one's own left out."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def acts(reference: str, draw: str, kg: Decimal) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The commands of the ledger, one after another on one draw."""
    from tidegate.movements import ledger

    where: dict[str, Any] = {"draw": draw, "at": DAY}
    yield (
        "reserve",
        lambda: ledger.reserve(HOME, reference, draw=draw, kg=kg, day=DAY.date(), expires_at=DAY + timedelta(900)),
    )
    yield "commit", lambda: ledger.commit(HOME, reference, kg=kg, **where)
    yield "adjust", lambda: ledger.adjust(HOME, reference, kg=kg + 1, reason="weighed again", **where)
    yield (
        "reserve again",
        lambda: ledger.reserve(
            HOME, reference, draw=f"{draw}/2", kg=kg, day=DAY.date(), expires_at=DAY + timedelta(900)
        ),
    )
    yield "release", lambda: ledger.release(HOME, reference, draw=f"{draw}/2", at=DAY)


def single(count: str) -> dict[str, Any]:
    """CPU, queries and commits of each ledger command, one after another in one process."""
    from django.db import connection, transaction

    from tidegate.movements.commands.border import write_off
    from tidegate.movements.writeoffs import Line
    from tidegate.parties.actors import acting
    from tidegate.parties.models import Membership, State

    if connection.vendor == "sqlite":
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        State.objects.create(code=HOME, name=HOME, node="vn.ca", here=True)
    accounts("40", "1000000.000")
    spent: dict[str, list[float]] = {}
    theirs = backend_cpu()
    before = commits() if connection.vendor == "postgresql" else 0
    done = 0
    for n in range(int(count)):
        for name, act in acts(f"BENCH-1000000.000-{n % 40}", f"one/{n}", Decimal("7.3")):
            cpu = time.process_time()
            with transaction.atomic():
                act()
            spent.setdefault(name, []).append(time.process_time() - cpu)
            done += 1
    made = commits() - before if connection.vendor == "postgresql" else done
    found: dict[str, Any] = {
        "commands": done, "commits": made, "database": (backend_cpu() - theirs) / done * 1000,
        "cpu": {name: sum(all_) / len(all_) * 1000 for name, all_ in spent.items()},
    }  # fmt: skip
    officer = Membership.objects.filter(person__email="customs@example.test").first()
    if officer is not None:
        actor = acting(officer)
        before, cpu = commits(), 0.0
        for n in range(int(count)):
            line = Line(
                transaction=f"bench-{n}", licence=f"BENCH-1000000.000-{n % 40}", declaration=f"B{n}", item=1,
                usage="original", kg=Decimal("5.000"), at=DAY,
            )  # fmt: skip
            began = time.process_time()
            replies = write_off(actor, [line])
            cpu += time.process_time() - began
            if not replies[0].accepted:
                raise ValueError(replies[0])
        found["write_off"] = {"cpu": cpu / int(count) * 1000, "commits": (commits() - before) / int(count)}
    return found


def begin() -> None:
    """Wait until every writer is there."""
    print("ready", flush=True)
    sys.stdin.readline()


def write(number: str, seconds: str, limit: str, most: str) -> dict[str, Any]:
    """One of several writers: reserves and commits or releases until the time is over, on accounts shared with all."""
    from django.db import transaction

    from tidegate.movements import ledger
    from tidegate.parties.commanding import Refused

    told: Counter[str] = Counter()
    used = Decimal(0)
    begin()
    end = time.monotonic() + float(seconds)
    draw = random.Random(int(number))
    cpu, n = time.process_time(), 0
    while time.monotonic() < end:
        n += 1
        reference, name, kg = f"BENCH-{limit}-{draw.randrange(int(most))}", f"w{number}/{n}", Decimal("7.300")
        try:
            with transaction.atomic():
                ledger.reserve(
                    HOME, reference, draw=name, kg=kg, day=DAY.date(), expires_at=datetime.now(UTC) + timedelta(9)
                )
        except Refused as refused:
            told[refused.code] += 1
            continue
        told["reserved"] += 1
        with transaction.atomic():
            if n % 3 == 0:
                ledger.release(HOME, reference, draw=name, at=DAY)
                told["released"] += 1
            else:
                ledger.commit(HOME, reference, draw=name, kg=kg, at=DAY)
                told["committed"] += 1
                used += kg
    return {"told": dict(told), "used": str(used), "cpu": time.process_time() - cpu}


def plain(number: str, seconds: str) -> dict[str, Any]:
    """One of several writers that only insert a row and commit."""
    from django.db import connection

    with connection.cursor() as cursor:
        begin()
        end, done = time.monotonic() + float(seconds), 0
        while time.monotonic() < end:
            cursor.execute("INSERT INTO bench_commit (writer, n) VALUES (%s, %s)", [int(number), done])
            done += 1
    return {"done": done}


def sums(limit: str) -> dict[str, Any]:
    """What the accounts of a limit say, held against their draws, their postings and their journal."""
    from django.db.models import Sum

    from tidegate.movements import ledger
    from tidegate.movements.models import Account, Posting, Reservation
    from tidegate.parties.models import JournalEntry

    wrong, used, over, rows = [], Decimal(0), Decimal(0), Counter[str]()
    for row in Account.objects.filter(reference__startswith=f"BENCH-{limit}-"):
        draws = Reservation.objects.filter(account=row)
        rows.update(draws.values_list("status", flat=True))
        taken = draws.aggregate(sum=Sum("committed_kg"))["sum"] or Decimal(0)
        held = draws.filter(status="live").aggregate(sum=Sum("kg"))["sum"] or Decimal(0)
        legs = ledger.replay(row)
        open_legs = Posting.objects.filter(account=row).values("transaction").annotate(sum=Sum("kg")).exclude(sum=0)
        over = max(over, row.used_kg + row.reserved_kg - row.limit_kg)
        used += row.used_kg
        if (
            (row.used_kg, row.reserved_kg) != (taken, held)
            or (row.used_kg, row.reserved_kg) != (legs["used"], legs["reserved"])
            or open_legs.exists()
            or JournalEntry.objects.filter(subject_id=row.pk).count() != row.revision + 1
            or row.breached
        ):
            wrong.append(row.reference)
    return {"wrong": wrong, "used": str(used), "over": str(max(over, Decimal(0))), "rows": dict(rows)}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "prepare": prepare,
    "fill": filled,
    "pages": pages,
    "accounts": accounts,
    "single": single,
    "write": write,
    "plain": plain,
    "sums": sums,
}

if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
