"""Fills a PostgreSQL database with the copies of many States: notifications, movements and all that hangs on them.

Everything is made by the database from a number (`generate_series`), so that ten million movements take minutes. The
indexes and foreign keys of the large tables are put back afterwards. Shares of statuses are those of an office in its
tenth year: most cases have ended, one in twelve runs, one in forty waits for somebody.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench import control_shares as shares

Say = Callable[[str], None]


def fill(notifications: int, movements: int, say: Say) -> dict[str, int]:
    """Fill an empty, migrated database that has its States and offices; gives the number of rows of each table.

    `notifications` and `movements` are rows: each State's copy counts, for each is a row that queries walk past.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER SYSTEM SET max_wal_size = '16GB'")
        cursor.execute("SELECT pg_reload_conf()")
        cursor.execute("SET synchronous_commit = off; SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'")
        _functions(cursor)
        _cases(cursor, round(notifications / shares.COPIES), movements / notifications)
        with _bare(cursor, [one.__name__ for one in _large()], say):
            for part in PARTS:
                began = time.monotonic()
                part(cursor)
                say(f"{part.__name__.strip('_')}: {time.monotonic() - began:.0f} s")
        cursor.execute("DROP TABLE made, copy, shipped")
        cursor.execute("RESET synchronous_commit; RESET maintenance_work_mem; RESET work_mem")
        say("analyze")
        cursor.execute("VACUUM ANALYZE")
        found = {}
        for model in _large():
            cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")
            found[model._meta.db_table] = cursor.fetchone()[0]
    return found


def _large() -> list[Any]:
    from tidegate.movements import models as m
    from tidegate.parties.models import JournalEntry

    return [
        m.Notification, m.SearchWord, m.RouteStop, m.Version, m.Consent, m.Contract, m.Guarantee, m.InfoRequest,
        m.Clock, m.Account, m.Movement, m.ContainerUse, m.Reservation, m.Posting, m.Consignment, m.Requirement,
        m.Permit, m.TakeBack, m.Breach, m.Correction, JournalEntry,
    ]  # fmt: skip


def _share(of: dict[str, int], column: str) -> str:
    """SQL that gives each status its share by a number from 0 to 999."""
    found, low = [], 0
    for status, count in of.items():
        low += count
        found.append(f"WHEN {column} < {low} THEN '{status}'")
    return f"(CASE {' '.join(found)} END)"


def _quoted(names: Any) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _functions(cursor: Any) -> None:
    """Keys that rise with the case's number, as those of a working system do; and a number that looks drawn."""
    cursor.execute(
        """
        CREATE OR REPLACE FUNCTION key(kind int, n bigint, h int, m bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
        PARALLEL SAFE AS $$ SELECT ('0190' || to_hex(268435456 + n) || '7' || to_hex(256 + kind * 16 + h) || '8'
        || to_hex(72057594037927936 + m))::uuid $$;
        CREATE OR REPLACE FUNCTION drawn(n bigint, salt int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
        AS $$ SELECT (abs(hashint8(n * 31 + salt)::bigint) % 1000)::int $$
        """
    )


def _cases(cursor: Any, cases: int, each: float) -> None:
    """made: a row a case. copy: a row for each State on its route. shipped: a row a movement of a case."""
    most = max(1, round(2 * each / shares.CONSENTED * 1.03 - 1))
    states = f"ARRAY[{_quoted(shares.STATES)}]"
    cursor.execute(
        f"""
        CREATE UNLOGGED TABLE made AS
        SELECT n, s.e || '-' || upper(substr(md5(n::text), 1, 4)) || '-' || upper(lpad(to_hex(n), 8, '0')) AS name,
          s.e, s.i, s.t, {_share(shares.NOTIFICATIONS, "drawn(n, 1)")} AS status,
          now() - ({cases} - n) * (interval '10 years' / {cases}) AS at,
          1 + (drawn(n, 2) * 1000 + drawn(n, 3)) % {most} AS shipments
        FROM generate_series(1, {cases}) n, LATERAL (
          SELECT ({states})[1 + n % 8] AS e, ({states})[1 + (n + 1 + n / 8 % 7) % 8] AS i,
            CASE WHEN n / 56 % 2 = 0 THEN NULL ELSE ({states})[1 + (n + 1 + (n / 8 + 3) % 7) % 8] END AS t) s;
        UPDATE made SET at = now() - drawn(n, 4) * interval '6 hours'
        WHERE status NOT IN ('closed', 'expired', 'withdrawn', 'decided_objected', 'revoked', 'refused_to_forward');
        CREATE UNLOGGED TABLE copy AS
        SELECT c.*, array_position({states}, r.h) AS hn, r.h, r.place,
          key(1, c.n, array_position({states}, r.h), 0) AS id
        FROM made c, LATERAL (VALUES (c.e, 0), (c.t, 1), (c.i, 2)) AS r (h, place)
        WHERE r.h IS NOT NULL AND (r.place = 0 OR c.status NOT IN ({_quoted(shares.AT_HOME)}));
        CREATE UNLOGGED TABLE shipped AS
        SELECT c.n, m, CASE WHEN c.status IN ('active', 'suspended')
          THEN {_share(shares.RUNNING, "drawn(c.n * 64 + m, 5)")}
          ELSE {_share(shares.ENDED, "drawn(c.n * 64 + m, 5)")} END AS went, c.at + m * interval '9 days' AS on_
        FROM made c, generate_series(1, c.shipments) m WHERE c.status IN ({_quoted(shares.GIVEN)});
        UPDATE shipped SET on_ = now() + (drawn(n * 64 + m, 6) - 600) * interval '3 hours'
        WHERE went NOT IN ('closed', 'cancelled');
        ANALYZE made; ANALYZE copy; ANALYZE shipped
        """
    )


def _insert(cursor: Any, model: Any, source: str, **said: str) -> None:
    """INSERT … SELECT into every column: SQL where it is said, else what Django would put there."""
    columns, values = [], []
    for field in model._meta.concrete_fields:
        if field.name in said:
            value = said[field.name]
        elif field.auto_created or (field.primary_key and field.get_internal_type() == "BigAutoField"):
            continue
        elif field.null:
            value = "NULL"
        elif field.get_internal_type() == "JSONField":
            value = "'[]'" if field.default is list else "'{}'"
        elif getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            value = "at"
        elif field.has_default() and not callable(field.default):
            value = f"'{field.default}'"
        elif field.get_internal_type() in ("CharField", "TextField"):
            value = "''"
        else:
            raise ValueError(f"{model.__name__}.{field.name}: no value")
        columns.append(f'"{field.column}"')
        values.append(value)
    cursor.execute(
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {source}"
    )


# ── the tables ───────────────────────────────────────────────────────────────────────────────────────────────

# JSON is put together as text, which takes the database a tenth of the time of its functions for it.
BLOCKS = """('{"designation": "' || (ARRAY['Mixed plastic waste', 'PET flakes, unsorted', 'PVC profiles, used',
 'Polyethylene film, soiled', 'Cable scrap with plastic', 'Agricultural film'])[1 + n % 6] || ' lot ' || n ||
 '", "exporter": {"name": "Example exporter ' || n % 5000 || '", "registration": "' || e || '-' || n % 5000 ||
 '", "address": "1 Sample Street, Sample District, Sample City"}, "importer": {"name": "Example importer ' ||
 n % 3000 || '", "registration": "' || i || '-' || n % 3000 || '", "address": "2 Sample Street, Sample District"},
 "facility": {"name": "Example plant ' || n % 900 || '", "site": "3 Sample Street"}, "codes": {"basel": ["Y48"],
 "hs": ["3915.90"]}, "packaging": ["5"], "operations": ["R3"], "technology": "Sorting by hand and by near infrared,
 washing, grinding, density separation in water, drying, extrusion to pellets; rests are burnt with recovery of heat."
}')::jsonb""".replace("\n", " ")


def _notifications(cursor: Any) -> None:
    from tidegate.movements.models import Notification, RouteStop, SearchWord, Version

    sent = f"CASE WHEN status IN ({_quoted(shares.AT_HOME)}) THEN NULL ELSE at END"
    _insert(
        cursor, Notification, "copy ORDER BY n", id="id", holder="h", case="name", revision="5", origin="5",
        number="CASE WHEN status = 'draft' THEN '' ELSE e || ' ' || lpad(n::text, 7, '0') END", status="status",
        state_export="e", state_import="i", multiple="true", shipments="20", quantity_kg="500000000",
        first_departure="at::date", last_departure="at::date + 365", blocks=BLOCKS, version="1", material_version="1",
        submitted_at="at", transmitted_at=sent,
        ended_as="CASE WHEN status IN ('withdrawn', 'revoked', 'closed') THEN status ELSE '' END",
    )  # fmt: skip
    said = " || ' ' || ".join(
        ["name", "e", "lpad(n::text, 7, '0')"]
        + [f"(blocks ->> '{field}')" if field == "designation" else f"(blocks -> '{field}' ->> 'name')"
           for field in ("designation", "exporter", "importer", "facility")]
    )  # fmt: skip
    words = f"(SELECT DISTINCT w FROM regexp_split_to_table(lower({said}), '[^a-z0-9]+') w WHERE w <> '') AS split"
    _insert(
        cursor, SearchWord, f"(SELECT *, {BLOCKS} AS blocks FROM copy ORDER BY n) AS copy, LATERAL {words}", holder="h",
        word="convert_to(w, 'UTF8')", notification="id",
    )  # fmt: skip
    _insert(cursor, Version, "copy ORDER BY n", notification="id", number="1", content=BLOCKS, at="at")
    stops = "copy, LATERAL (VALUES (e, 0, 'export'), (t, 1, 'transit'), (i, 2, 'import')) AS r (s, p, role)"
    _insert(
        cursor, RouteStop, f"{stops} WHERE s IS NOT NULL", notification="id", position="p", state="s", role="role",
        entry="CASE WHEN p = 0 THEN '' ELSE 'port of ' || s END", exit="CASE WHEN p = 2 THEN '' ELSE 'port' END",
    )  # fmt: skip


# Each copy has the decisions of all States on the route.
_ROLES = "copy, LATERAL (VALUES (e, 1, 'export'), (t, 2, 'transit'), (i, 3, 'import')) AS r (s, p, role)"
_SENT = f"s IS NOT NULL AND status NOT IN ({_quoted(shares.AT_HOME)})"


def _consents(cursor: Any) -> None:
    from tidegate.movements.models import Clock, Consent, Contract, Guarantee, InfoRequest

    decided = " ".join(f"WHEN '{one}' THEN '{other}'" for one, other in shares.CONSENTS.items())
    kept = f"""(CASE status {decided} ELSE CASE WHEN drawn(n, p) < 200 THEN 'consented_with_conditions'
        ELSE 'consented' END END)"""
    limits = """CASE WHEN drawn(n, p) < 200 THEN '[{"kind": "maximum_load", "kg": "25000.000"},
        {"kind": "text", "text": "by daylight only"}]'::jsonb ELSE '[]'::jsonb END"""
    given = "status NOT IN ('transmitted', 'acknowledged', 'incomplete', 'withdrawn', 'decided_objected')"
    _insert(
        cursor, Consent, f"{_ROLES} WHERE {_SENT} ORDER BY n", id="key(2, n, hn, p)", holder="h", case="name",
        notification="id", authority="s", role="role", status=kept, requested_at="at", acknowledged_at="at",
        acked_version="1", version="1", decided_at=f"CASE WHEN {given} THEN at END",
        valid_from=f"CASE WHEN {given} THEN at::date END", valid_until=f"CASE WHEN {given} THEN at::date + 365 END",
        quantity_kg=f"CASE WHEN {given} THEN 500000000 END", conditions=limits, revision="3", origin="3",
    )  # fmt: skip
    open_ = "status IN ('transmitted', 'acknowledged', 'incomplete')"
    due = "at + interval '60 days' + drawn(n, 7 + p) * interval '1 hour'"
    _insert(
        cursor, Clock, f"{_ROLES} WHERE {_SENT} ORDER BY n", id="key(3, n, hn, p)", holder="h", case="name",
        rule="CASE WHEN status = 'transmitted' THEN 'basel-acknowledge-transit' ELSE 'basel-import-answer' END",
        authority="s", subject="'consent'", subject_id="key(2, n, hn, p)", started_at="at", due_at=due,
        ended_at=f"CASE WHEN {open_} THEN NULL ELSE at + interval '40 days' END", effect="'escalate'",
    )  # fmt: skip
    _insert(
        cursor, Contract, f"copy WHERE status NOT IN ({_quoted(shares.AT_HOME)})", id="key(4, n, hn, 0)", holder="h",
        case="name", notification="id", number="'C-' || n", signed_on="at::date", takes_back="true",
        status="CASE WHEN status = 'transmitted' AND n % 2 = 0 THEN 'lodged' ELSE 'confirmed' END",
    )  # fmt: skip
    _insert(
        cursor, Guarantee, f"copy WHERE status NOT IN ({_quoted(shares.AT_HOME)})", id="key(5, n, hn, 0)", holder="h",
        case="name", notification="id", number="'G-' || n", amount="100000", currency="'EUR'",
        status="CASE WHEN status = 'transmitted' AND n % 3 = 0 THEN 'proposed' ELSE 'in_force' END",
    )  # fmt: skip
    _insert(
        cursor, InfoRequest, f"copy WHERE n % 10 = 0 AND status NOT IN ({_quoted(shares.AT_HOME)})",
        id="key(6, n, hn, 0)", holder="h", case="name", notification="id", reference="'Q-' || n", authority="i",
        question="'Which polymers?'",
        asked_at="at", answered_at=f"CASE WHEN {open_} THEN NULL ELSE at + interval '5 days' END",
    )  # fmt: skip


def _accounts(cursor: Any) -> None:
    from tidegate.movements.models import Account

    _insert(
        cursor, Account, f"copy WHERE status IN ({_quoted(shares.GIVEN)}) ORDER BY n", id="key(7, n, hn, 0)",
        holder="h", kind="'notification'", home="e", reference="name", case="name", limit_kg="500000000",
        used_kg="shipments * 20000000::bigint", reserved_kg="0", limit_count="60", count="shipments", as_of="now()",
        open="status = 'active'", shared="'[]'", told="2", told_at="now()", revision="2",
    )  # fmt: skip


_COPIES = "copy c JOIN shipped s USING (n)"


def _movements(cursor: Any) -> None:
    from tidegate.movements.models import Clock, ContainerUse, Movement

    particulars = """('{"containers": ["TGHU ' || lpad(((n * 7 + m) % 10000000)::text, 7, '0') || '"], "carriers":
        [{"name": "Example line ' || n % 90 || '", "means": ["S"], "vehicle": "MV Example ' || m || '"}],
        "operation": "R3", "facility": "Example plant"}')::jsonb"""
    drawn = """CASE WHEN h = e AND went <> 'draft' THEN ('[{"home": "' || e || '", "account": "' || name ||
        '", "reservation": "' || name || '/' || m || '", "status": "committed", "kg": "20000.000"}]')::jsonb
        ELSE '[]'::jsonb END"""
    left, came = (f"CASE WHEN went IN {which} THEN {{0}} END" for which in (shares.LEFT, shares.RECEIVED))
    _insert(
        cursor, Movement, f"{_COPIES} WHERE went <> 'draft' OR h = e ORDER BY n, m", id="key(8, n, hn, m)", holder="h",
        case="name", notification="id", serial="m", status="went", planned_on="on_::date", announced_kg="20000000",
        loaded_kg=left.format("20000000"), received_kg=came.format("19990000"), accepted_kg=came.format("19990000"),
        rejected_kg=came.format("0"), packages="20", particulars=particulars, announced_at="on_", starts_in="e",
        departed_at=left.format("on_ + interval '1 day'"), received_at=came.format("on_ + interval '12 days'"),
        draws=drawn, created_at="on_", updated_at="on_", revision="4", origin="4",
    )  # fmt: skip
    live = "went NOT IN ('closed', 'cancelled', 'draft')"
    _insert(
        cursor, ContainerUse, f"{_COPIES} WHERE {live} OR (m % 5 = 0 AND went <> 'draft')", id="key(9, n, hn, m)",
        holder="h", movement="key(8, n, hn, m)", number="'TGHU' || lpad(((n * 7 + m) % 10000000)::text, 7, '0')",
    )  # fmt: skip
    runs = "went IN ('in_transit', 'arrived', 'received_accepted', 'received_partly', 'interim_done')"
    _insert(
        cursor, Clock, f"{_COPIES} WHERE {runs} OR (m % 10 = 0 AND went <> 'draft')", id="key(10, n, hn, m)",
        holder="h", case="name", authority="i", subject="'movement'", subject_id="key(8, n, hn, m)", started_at="on_",
        rule="CASE WHEN went IN ('in_transit', 'arrived') THEN 'basel-receipt' ELSE 'basel-completion' END",
        due_at="on_ + interval '30 days'", ended_at=f"CASE WHEN {runs} THEN NULL ELSE on_ END", effect="'escalate'",
    )  # fmt: skip


def _ledger(cursor: Any) -> None:
    """The draws of every movement at the account's home; the postings of one case in four."""
    from tidegate.movements.models import Posting, Reservation

    ended = f"went IN {shares.LEFT}"
    _insert(
        cursor, Reservation, f"{_COPIES} WHERE h = e AND went NOT IN ('draft', 'cancelled') ORDER BY n, m",
        id="key(11, n, hn, m)", holder="h", account="key(7, n, hn, 0)", draw="name || '/' || m", kg="20000000",
        committed_kg=f"CASE WHEN {ended} THEN 20000000 END", day="on_::date",
        status=f"CASE WHEN {ended} THEN 'committed' ELSE 'live' END", expires_at="on_ + interval '900 days'",
        made_at="on_", ended_at=f"CASE WHEN {ended} THEN on_ END",
    )  # fmt: skip
    _insert(
        cursor, Posting, f"{_COPIES}, LATERAL (VALUES (1, 'reserved', -1), (2, 'used', 1)) AS g (p, leg, sign) "
        f"WHERE h = e AND {ended} AND n % 4 = 0 ORDER BY n, m", id="key(12, n, hn, m * 4 + p)", holder="h",
        account="key(7, n, hn, 0)", transaction="key(13, n, hn, m)", leg="leg", kg="sign * 20000000", kind="'commit'",
        draw="name || '/' || m", at="on_",
    )  # fmt: skip


def _border(cursor: Any) -> None:
    """Consignments of one movement in twenty, permits with their accounts, take-back cases, breaches, corrections."""
    from tidegate.movements import models as m

    came = f"{_COPIES} WHERE h = i AND drawn(n, 8) < 50 AND went IN {shares.LEFT}"
    _insert(
        cursor, m.Consignment, came, id="key(14, n, hn, m)", holder="h", case="name", reference="'K-' || n || '-' || m",
        declaration="'D' || lpad((n * 64 + m)::text, 10, '0')", movement="key(8, n, hn, m)", expected_on="on_::date",
        status="CASE WHEN went IN ('in_transit', 'arrived') THEN 'open' ELSE 'released' END",
    )  # fmt: skip
    _insert(
        cursor, m.Requirement, f"{_COPIES} JOIN organisation o ON o.holder_id = h AND o.kind = 'customs' "
        f"WHERE h = i AND drawn(n, 8) < 50 AND went IN {shares.LEFT}", id="key(15, n, hn, m)", holder="h",
        consignment="key(14, n, hn, m)", agency="o.id", what="'Inspection of the load'", due_at="on_",
        status="CASE WHEN went IN ('in_transit', 'arrived') THEN 'open' ELSE 'met' END",
    )  # fmt: skip
    permits = "copy JOIN organisation o ON o.holder_id = h AND o.kind = 'notifier' WHERE h = i AND n % 25 = 0"
    states = "(ARRAY['active', 'active', 'active', 'exhausted', 'expired', 'suspended', 'applied'])[1 + n / 25 % 7]"
    _insert(
        cursor, m.Account, permits, id="key(16, n, hn, 0)", holder="h", kind="'permit'", home="h",
        reference="h || '-IMP-' || n", limit_kg="900000000", limit_count="100", count="3", used_kg="60000000",
        reserved_kg="0", as_of="at", shared="'[]'", revision="1",
    )  # fmt: skip
    _insert(
        cursor, m.Permit, permits, id="key(17, n, hn, 0)", holder="h", case="h || '-P-' || n", kind="'import'",
        number="'IMP-' || n",
        organisation="o.id", status=states, wastes="'[\"Y48\", \"B3011\"]'", account="key(16, n, hn, 0)",
        quantity_kg="900000000", valid_from="at::date", valid_until="(now() + interval '200 days')::date", revision="3",
        status_at="at", acknowledged="coalesce((SELECT jsonb_object_agg(c.id, '2026-01-01T00:00:00+00:00') FROM "
        "organisation c WHERE c.holder_id = h AND c.kind = 'customs' AND n % 250 <> 0), '{}')",
    )  # fmt: skip
    odd = f"{_COPIES} WHERE went IN ('held', 'seized', 'return_ordered', 'received_rejected', 'returned')"
    _insert(
        cursor, m.TakeBack, odd, id="key(18, n, hn, m)", holder="h", case="i || '-T-' || n || '-' || m",
        movement="key(8, n, hn, m)", status="CASE WHEN went = 'returned' THEN 'closed' ELSE 'notified' END",
        opener="i", opened_at="on_", state_export="e", finding="'Not what was notified'", detected_at="on_",
    )  # fmt: skip
    _insert(
        cursor, m.Breach, f"{_COPIES} WHERE drawn(n * 64 + m, 9) < 6", id="key(19, n, hn, m)", holder="h", case="name",
        kind="'overdue'", subject="'movement'", subject_id="key(8, n, hn, m)", opened_at="on_",
        closed_at="CASE WHEN drawn(n * 64 + m, 10) < 900 THEN on_ + interval '9 days' END",
    )  # fmt: skip
    _insert(
        cursor, m.Correction, f"{_COPIES} WHERE drawn(n * 64 + m, 11) < 3 AND went IN {shares.RECEIVED}",
        id="key(20, n, hn, m)", holder="h", case="name", movement="key(8, n, hn, m)", reference="name || '-' || m",
        proposed_by="i", changes="'{}'", reason="'Weighed again'", proposed_at="on_",
        status="CASE WHEN drawn(n * 64 + m, 12) < 950 THEN 'approved' ELSE 'proposed' END",
    )  # fmt: skip


def _journal(cursor: Any) -> None:
    """Four entries of every notification, sealed; one of each movement that is not closed."""
    from tidegate.parties.models import JournalEntry

    types = "(ARRAY['notification.submitted', 'notification.transmitted', 'notification.told', 'notification.decided'])"
    _insert(
        cursor, JournalEntry, "copy, generate_series(1, 4) r ORDER BY n", id="key(21, n, hn, r)", holder="h",
        type=f"{types}[r]", subject="'notification'", subject_id="id", case="name", revision="r",
        occurred_at="at + r * interval '1 day'", recorded_at="at + r * interval '1 day'", state="e",
        digest="md5(n::text)",
        number="n * 4 + r", head="md5(n::text)", sealed_at="at", payload="'{\"reason\": \"\"}'",
    )  # fmt: skip
    _insert(
        cursor, JournalEntry, f"{_COPIES} WHERE went NOT IN ('closed', 'draft')", id="key(22, n, hn, m)", holder="h",
        type="'movement.announced'", subject="'movement'", subject_id="key(8, n, hn, m)", case="name", revision="1",
        occurred_at="on_", recorded_at="on_", state="e", digest="md5(n::text)", number="10000000000 + n * 64 + m",
        head="md5(n::text)", sealed_at="on_",
    )  # fmt: skip


PARTS: tuple[Callable[[Any], None], ...] = (
    _notifications, _consents, _accounts, _movements, _ledger, _border, _journal,
)  # fmt: skip


@contextmanager
def _bare(cursor: Any, names: list[str], say: Say) -> Iterator[None]:
    """The large tables without their indexes and foreign keys, which are put back at the end."""
    tables = tuple(model._meta.db_table for model in _large())
    cursor.execute(
        """SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype IN ('p', 'u', 'f') AND (conrelid::regclass::text = ANY(%s) OR confrelid::regclass::text = ANY(%s))
        ORDER BY contype = 'f', contype""",
        [list(tables), list(tables)],
    )
    rules = cursor.fetchall()
    for table, name, _kind, _said in reversed(rules):
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE')
    cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)", [list(tables)])
    indexes = cursor.fetchall()
    for name, _said in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    began = time.monotonic()
    for table, name, kind, said in rules:
        # What was made from keys by one formula refers to nothing that is missing.
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {said}{" NOT VALID" if kind == "f" else ""}')
    for _name, said in indexes:
        cursor.execute(re.sub(r"%", "%%", said))
    say(f"indexes: {time.monotonic() - began:.0f} s")
