"""The register of the screen answered from this room: permits, notifications and consents, quota, facilities.

It answers for one actor, from the copy of its State and with what its rights let it see: an authority or a customs
office from all of that copy, a company from what it is involved in. Permits and what is left on them are the State's
own; what is left of a notification has its home in the State of export, and a word of it that is older than
`border.TTL` neither confirms a paper nor refuses it.

One shipment and a batch are answered from the same records (`Records`): singly by the keys that are asked for, in bulk
by all of them as tables, read from the database in chunks. What is left, and what the register knows now, is said of
shipments of today and later; of earlier ones it says nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.db.models import CharField, Count, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Upper

from tidegate.law import Book
from tidegate.movements import ledger
from tidegate.movements.applications import permit_papers
from tidegate.movements.border import TTL
from tidegate.movements.models import Account, Consent, Movement, Notification, Permit, QuotaAllocation, QuotaPool
from tidegate.parties import queries, scope, times
from tidegate.parties.actors import Actor
from tidegate.parties.models import Facility, JournalEntry
from tidegate.screening.registers import (
    STALE,
    FactKey,
    FactRecord,
    FactShape,
    MemoryRegister,
    PaperKey,
    PaperRecord,
    Register,
    Scope,
    fact_schema,
    paper_schema,
)
from tidegate.screening.registers.enrich import facts_read
from tidegate.screening.registers.protocol import VALID, normal
from tidegate.screening.registers.tables import fact_records, fact_rows, once, paper_records, paper_rows

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
RIGHT = "movements.register.ask"
ABOUT = {"plant_on_approved_list": "facility", "capacity_left_t": "facility", "quota_left_t": "consignee"}
CHUNK = 2_000
KEYS = 400  # numbers in one question; SQLite takes a thousand at most
TONNE = Decimal(1000)
ENDED = {
    Permit.Status.SUSPENDED: "suspended",
    Permit.Status.EXHAUSTED: "used up",
    Permit.Status.REVOKED: "revoked",
    Permit.Status.SURRENDERED: "surrendered",
    Permit.Status.SUPERSEDED: "replaced",
}
# Whose time is over is told by its dates: what was valid on an earlier day was.
STANDING = (Permit.Status.ISSUED, Permit.Status.ACTIVE, Permit.Status.EXPIRED)
UNSENT = (Notification.Status.DRAFT, Notification.Status.SUBMITTED, Notification.Status.REFUSED)
STOPPED = {
    Notification.Status.SUSPENDED: "suspended",
    Notification.Status.REVOKED: "revoked",
    Notification.Status.WITHDRAWN: "withdrawn",
    Notification.Status.CLOSED: "closed",
    Notification.Status.EXHAUSTED: "used up",
}
NO_CONSENT = {
    Consent.Status.OBJECTED: "objected to",
    Consent.Status.SUSPENDED: "suspended",
    Consent.Status.WITHDRAWN: "withdrawn",
    Consent.Status.SUPERSEDED: "replaced",
}
# These stood until the day on which they were taken away; the others never stood.
TAKEN_AWAY = (Consent.Status.SUSPENDED, Consent.Status.WITHDRAWN)


def register_of(actor: Actor | None, book: Book) -> RoomRegister | None:
    """The register that answers an actor; None for who is not signed in, or may not ask it."""
    return RoomRegister(actor, book) if actor and actor.may(RIGHT) else None


class RoomRegister:
    """What this installation knows, as a register of the screen (`tidegate.screening.registers.Register`).

    It is asked about the moment at which it was made. For a file take `frozen`, which does not change while it is read.
    """

    authorities: Mapping[str, Sequence[Any]] = {}  # no kind of paper is known to be here without a gap

    def __init__(self, actor: Actor, book: Book):
        self._records = Records(actor, book)
        self.shapes: Collection[FactShape] = self._records.shapes
        self.label = f"{self._records.name}, as of {self._records.moment}, for {actor.organisation}"

    def papers(self, keys: Sequence[PaperKey]) -> Mapping[PaperKey, PaperRecord | None]:
        """The papers under these keys that the actor sees."""
        numbers = {key.number for key in keys}
        found = (r for part in _batched(sorted(numbers), KEYS) for r in self._records.papers(part))
        return MemoryRegister(found).papers(keys)

    def facts(self, keys: Sequence[FactKey]) -> Mapping[FactKey, Sequence[FactRecord]]:
        """The facts under these keys that the actor may know."""
        subjects = {key.subject for key in keys}
        found = (r for part in _batched(sorted(subjects), KEYS) for r in self._records.facts(part))
        return MemoryRegister(facts=found).facts(keys)

    def paper_table(self) -> pa.Table:
        """Every paper that the actor sees."""
        import pyarrow as pa

        parts = [paper_rows(part) for part in _batched(self._records.papers(), CHUNK)]
        return once(pa.concat_tables([paper_schema().empty_table(), *parts]))

    def fact_table(self) -> pa.Table:
        """Every fact that the actor may know."""
        import pyarrow as pa

        parts = [fact_rows(part) for part in _batched(self._records.facts(), CHUNK)]
        return pa.concat_tables([fact_schema().empty_table(), *parts])

    @property
    def live(self) -> Register:
        """Itself: each question goes to the database."""
        return self

    def frozen(self) -> MemoryRegister:
        """All that it knows now, in memory: about half a gigabyte for a million papers."""
        held = MemoryRegister(paper_records(self.paper_table()), fact_records(self.fact_table()), label=self.label)
        held.shapes = self.shapes  # in the same order: answers follow it
        return held


class Records:
    """The records behind the register: all of them, or those of some numbers or ids in normal form.

    A number of the database is in normal form where upper case alone makes it so. One that is not (double spaces)
    answers neither way.
    """

    def __init__(self, actor: Actor, book: Book):
        if actor.organisation is None:
            raise ValueError("a register answers an organisation")
        self._actor, self._state = actor, actor.state
        self._home = actor.organisation.holder
        self._now = times.now()
        self._today = self._home.today()
        self.name = f"{self._home.name}: registers"
        self.moment = _moment(self._now)
        self.shapes = tuple(
            FactShape(fact, about, rule.id)
            for rule in book.rules.values() if rule.state == self._state
            for fact, about in ABOUT.items() if fact in facts_read(rule)
        )  # fmt: skip
        self._rules = {fact: [shape.rule for shape in self.shapes if shape.fact == fact] for fact in ABOUT}

    def papers(self, numbers: Sequence[str] | None = None) -> Iterator[PaperRecord]:
        """Permits, then notifications with their consents."""
        # Without what is left a paper that is used up would count.
        if self._actor.may("movements.ledger.read"):
            yield from self._permits(numbers)
            yield from self._notifications(numbers)

    def facts(self, subjects: Sequence[str] | None = None) -> Iterator[FactRecord]:
        """Quota left, then what is known of facilities."""
        if subjects is not None:
            subjects = [s for one in subjects for s in (one, one.removeprefix(f"{self._state}:"))]
        if self._rules["quota_left_t"]:
            yield from self._quotas(subjects)
        if self._rules["plant_on_approved_list"] or self._rules["capacity_left_t"]:
            yield from self._facilities(subjects)

    # ── permits ────────────────────────────────────────────────────────────────────────────────────────

    def _permits(self, numbers: Sequence[str] | None) -> Iterator[PaperRecord]:
        kinds = permit_papers().get(self._state, {})
        seen = scope.visible(Permit.objects.all(), self._actor, "movements.permit.read")
        seen = seen.filter(kind__in=list(kinds), status__in=[*STANDING, *ENDED]).exclude(number="")
        rows = _spelt(seen, number="number").select_related("account", "organisation").order_by("pk")
        if numbers is not None:
            rows = rows.filter(spelt_number__in=[n for one in numbers for n in (one, self._bare(one))])
        for row in rows.iterator(CHUNK):
            if normal(row.number) == row.spelt_number:
                yield from self._permit(row, kinds[row.kind])

    def _bare(self, number: str) -> str:
        return number.removeprefix(f"{self._state}-")

    def _permit(self, row: Permit, paper: str) -> Iterator[PaperRecord]:
        party = "consignor" if row.kind == Permit.Kind.EXPORT else "consignee"
        limits = Scope(
            exports=(self._state,) if row.kind == Permit.Kind.EXPORT else (),
            imports=(self._state,) if row.kind == Permit.Kind.IMPORT else (),
            origins=tuple(row.origins), hs=_digits(row.hs), entries=_upper(row.wastes),
            parties=self._ids(party, row.organisation.registration) if row.kind in ("import", "export") else (),
        )  # fmt: skip
        status, since = VALID, None
        if row.status in ENDED:
            status, since = ENDED[Permit.Status(row.status)], self._day(row.status_at)
        left = None
        if row.account is not None and status == VALID:
            left, blocked = _left(row.account)
            if blocked:
                status, since = blocked, self._today
        own = normal(row.number)
        for number in dict.fromkeys((own, own if own.startswith(f"{self._state}-") else f"{self._state}-{own}")):
            yield PaperRecord(
                paper, number, status, since, valid_from=row.valid_from, valid_to=row.valid_until, scope=limits,
                left_kg=left, left_from=None if left is None else self._today, as_of=self.moment,
                answered_by=f"{self._home.name}: register of permits",
            )  # fmt: skip

    # ── notifications and consents ─────────────────────────────────────────────────────────────────────

    def _notifications(self, numbers: Sequence[str] | None) -> Iterator[PaperRecord]:
        seen = scope.visible(Notification.objects.all(), self._actor, "movements.notification.read")
        rows = _spelt(seen.exclude(status__in=UNSENT), number="number", case="case").order_by("pk")
        if numbers is not None:
            rows = rows.filter(Q(spelt_number__in=numbers) | Q(spelt_case__in=numbers))
        for part in _batched(rows.prefetch_related("consents").iterator(CHUNK), KEYS):
            held = Account.objects.filter(holder=self._state, reference__in=[row.case for row in part])
            accounts = {account.reference: account for account in held}
            days = self._stopped_on(part)
            for row in part:
                yield from self._notification(row, accounts.get(row.case), days)

    def _stopped_on(self, part: Sequence[Notification]) -> Mapping[UUID, date]:
        """The day on which what is stopped was stopped, by the journal: notifications and consents by their key."""
        stopped = {row.pk: {f"notification.{row.status}", "notification.superseded"}
                   for row in part if row.status in STOPPED}  # fmt: skip
        for row in part:
            stopped |= {c.pk: {f"consent.{c.status}"} for c in row.consents.all() if c.status in TAKEN_AWAY}
        found: dict[UUID, date] = {}
        for keys in _batched(stopped, KEYS):
            entries = JournalEntry.objects.filter(holder=self._state, subject_id__in=keys).order_by("revision")
            for key, type_, moment in entries.values_list("subject_id", "type", "occurred_at"):
                if type_ in stopped[key] and (day := self._day(moment)) is not None:
                    found[key] = day
        return found

    def _notification(
        self, row: Notification, account: Account | None, days: Mapping[UUID, date]
    ) -> Iterator[PaperRecord]:
        stopped = STOPPED.get(Notification.Status(row.status), "")
        since = days.get(row.pk)
        left, as_of, old = None, self._now, False
        if account is not None:
            left, blocked = _left(account)
            if account.home != self._state:
                as_of, old = account.as_of, account.as_of < self._now - TTL
            if not stopped and blocked and not old:
                stopped, since = blocked, self._today
        elif row.home != self._state:
            # The home has said nothing of the quantity yet.
            as_of, old = row.updated_at, row.status in (Notification.Status.CONSENTED, Notification.Status.ACTIVE)
        if old and not stopped:
            stopped, since = STALE, self._today
        limits = Scope(
            exports=(row.state_export,), imports=(row.state_import,) if row.state_import else (),
            parties=tuple(
                pair for party, block in (("consignor", "exporter"), ("consignee", "importer"))
                for pair in self._ids(party, str((row.blocks.get(block) or {}).get("registration") or ""))
            ),
        )  # fmt: skip
        numbers = [
            number for said, spelt in ((row.number, "spelt_number"), (row.case, "spelt_case"))
            if said and (number := normal(said)) == getattr(row, spelt)
        ]  # fmt: skip
        known: dict[str, Any] = {
            "scope": limits, "left_kg": left, "left_from": None if left is None else self._today,
            "as_of": _moment(as_of), "answered_by": f"{self._home.name}: register of notifications and consents",
        }  # fmt: skip
        for number in dict.fromkeys(numbers):
            sent = self._day(row.submitted_at)
            yield PaperRecord("NOTIFICATION", number, stopped or VALID, since, issued=sent, **known)
            for consent in row.consents.all():
                given = consent.status in Consent.GIVEN or consent.status == Consent.Status.EXPIRED
                status, from_ = (
                    (stopped or VALID, since)
                    if given
                    else (NO_CONSENT.get(Consent.Status(consent.status), "not given"), days.get(consent.pk))
                )
                yield PaperRecord(
                    f"CONSENT:{consent.authority}", number, status, from_, issued=self._day(consent.decided_at),
                    valid_from=consent.valid_from, valid_to=consent.valid_until, **known,
                )  # fmt: skip

    # ── quota and facilities ───────────────────────────────────────────────────────────────────────────

    def _quotas(self, subjects: Sequence[str] | None) -> Iterator[FactRecord]:
        seen = scope.visible(QuotaAllocation.objects.all(), self._actor, "movements.quota.read")
        seen = seen.filter(
            status=QuotaAllocation.Status.GRANTED, pool__status=QuotaPool.Status.OPEN, pool__closes_on__gte=self._today,
            account__isnull=False,
        )  # fmt: skip
        rows = _spelt(seen, number="organisation__registration")
        rows = rows.select_related("pool", "organisation", "account").order_by("spelt_number", "pk")
        if subjects is not None:
            rows = rows.filter(spelt_number__in=subjects)
        for registration, parts in _grouped(rows.iterator(CHUNK)):
            # Of several parts of quotas that cover a load, the one on which most is left counts.
            for left, row in sorted(((_left(row.account)[0], row) for row in parts), key=lambda pair: -pair[0]):
                pool = row.pool
                limits = Scope(
                    imports=(self._state,), origins=tuple(pool.origins), hs=_digits(pool.hs),
                    entries=_upper(pool.wastes),
                )  # fmt: skip
                yield from self._told(
                    "quota_left_t", (registration,), left / TONNE, valid_from=max(self._today, pool.opens_on),
                    valid_to=pool.closes_on, scope=limits, answered_by=f"{self._home.name}: register of quotas",
                )  # fmt: skip

    def _facilities(self, subjects: Sequence[str] | None) -> Iterator[FactRecord]:
        seen = queries.facilities(self._actor).filter(organisation__active=True)
        rows = _spelt(
            seen.annotate(sites=Count("organisation__facilities", distinct=True)),
            number="organisation__registration",
            permit="permit_number",
        ).order_by("pk")
        if subjects is not None:
            rows = rows.filter(Q(spelt_number__in=subjects) | Q(spelt_permit__in=subjects))
        for part in _batched(rows.iterator(CHUNK), KEYS):
            taken = self._taken({row.organisation.registration for row in part})
            for row in part:
                yield from self._facility(row, taken.get(row.organisation.registration, Decimal(0)))

    def _facility(self, row: Facility, taken: Decimal) -> Iterator[FactRecord]:
        alone = row.sites == 1  # type: ignore[attr-defined]
        said = [(row.permit_number, "spelt_permit")]
        if alone:  # the number of a company with several plants names none of them
            said.append((row.organisation.registration, "spelt_number"))
        ids = tuple(n for text, spelt in said if text and (n := normal(text)) == getattr(row, spelt))
        source = f"{self._home.name}: register of facilities"
        limits = Scope(imports=(self._state,), entries=_upper(row.wastes), operations=_upper(row.operations))
        if row.authorised_from is not None:
            yield from self._told(
                "plant_on_approved_list", ids, True, valid_from=row.authorised_from, valid_to=row.authorised_until,
                scope=limits, answered_by=source,
            )  # fmt: skip
        if row.authorised_until is not None:
            yield from self._told(
                "plant_on_approved_list", ids, False, valid_from=row.authorised_until + timedelta(days=1),
                answered_by=source,
            )  # fmt: skip
        if row.capacity_kg_year is not None and alone:
            left = max(Decimal(0), row.capacity_kg_year - taken)
            yield from self._told(
                "capacity_left_t", ids, left / TONNE, valid_from=self._today, valid_to=date(self._today.year, 12, 31),
                scope=limits, answered_by=f"{source}, less what movements brought this year",
            )  # fmt: skip

    def _taken(self, registrations: Collection[str]) -> dict[str, Decimal]:
        """Kilograms that movements brought to facilities in this year of the State, by registration."""
        if not self._rules["capacity_left_t"]:
            return {}
        begins = datetime(self._today.year, 1, 1, tzinfo=self._home.zone)
        rows = Movement.objects.filter(holder=self._state, received_at__gte=begins)
        plant = KeyTextTransform("registration", KeyTransform("facility", "notification__blocks"))
        rows = rows.annotate(plant=Cast(plant, CharField()))
        sums = rows.filter(plant__in=registrations).values("plant").annotate(kg=Sum("received_kg")).order_by("plant")
        return {one["plant"]: one["kg"] or Decimal(0) for one in sums}

    # ── parts of a record ──────────────────────────────────────────────────────────────────────────────

    def _told(self, fact: str, ids: Iterable[str], value: Any, **more: Any) -> Iterator[FactRecord]:
        """A fact for each rule of the State that reads it and each id by which a shipment may name the subject."""
        for identity in dict.fromkeys(n for one in ids for n in (one, f"{self._state}:{one}")):
            for rule in self._rules[fact]:
                yield FactRecord(fact, ABOUT[fact], identity, value, rule, as_of=self.moment, **more)

    def _ids(self, party: str, registration: str) -> tuple[tuple[str, str], ...]:
        """The ids by which a shipment may name a party: its registration, alone or behind a State's code."""
        own = normal(registration)
        return ((party, own), (party, f"{self._state}:{own}")) if own else ()

    def _day(self, moment: datetime | None) -> date | None:
        return None if moment is None else moment.astimezone(self._home.zone).date()


def _left(account: Account | None) -> tuple[Decimal, str]:
    """What may be drawn on an account, in kg; and why nothing may be, where the mass is not the reason."""
    if account is None:
        return Decimal(0), "blocked"
    stand = ledger.balance(account)
    if not account.open or account.breached:
        return Decimal(0), "blocked"
    none = stand.count_left is not None and stand.count_left <= 0
    return (Decimal(0) if none else max(Decimal(0), stand.available)), ""


def _spelt(rows: QuerySet[Any], **names: str) -> QuerySet[Any]:
    """Rows with texts in upper case beside them, as `spelt_…`: keys are compared in the database."""
    return rows.annotate(**{f"spelt_{name}": Upper(path) for name, path in names.items()})


def _grouped(rows: Iterable[QuotaAllocation]) -> Iterator[tuple[str, list[QuotaAllocation]]]:
    """Rows in order of their registration, those of each together; what is not in normal form is left out."""
    key: str | None = None
    group: list[QuotaAllocation] = []
    for row in rows:
        spelt: str = row.spelt_number  # type: ignore[attr-defined]
        if spelt != normal(row.organisation.registration):
            continue
        if spelt != key and key is not None and group:
            yield key, group
            group = []
        key = spelt
        group.append(row)
    if key is not None and group:
        yield key, group


def _digits(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple("".join(filter(str.isdigit, code)) for code in codes)


def _upper(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(code).strip().upper() for code in codes)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    source = iter(items)
    while part := list(islice(source, size)):
        yield part


__all__ = ["RIGHT", "RoomRegister", "register_of"]
