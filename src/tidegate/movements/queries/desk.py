"""What waits for an actor, by deadline: one queue for every role, made from what each right lets it do.

Nothing here is a list of its own: an item is a row that waits, with the earliest open time limit that runs on it. A
State keeps hundreds of thousands of rows, so nothing is read that is not shown: a page takes the next time limits from
their index, looks up the rows that they run on, and only then what waits without a day. Counts stop at MOST.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.lookups import IsNull
from django.utils.translation import get_language, gettext_lazy

from tidegate.movements import clocks
from tidegate.movements.models import Clock, Movement
from tidegate.movements.queries import assignments, cases
from tidegate.movements.queries.cases import CASES
from tidegate.movements.queries.counting import Count, Moment, among
from tidegate.movements.queries.waiting import Source, about, sources
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.rights import rights

DESK = "parties.feed.read"
# Nothing is counted, and nothing is turned to, beyond this: a filter finds it.
MOST = 100
# What a calendar is told of.
DATED = 1000
# What kinds of work there are, in the order in which a desk counts them.
KINDS: dict[str, Any] = {
    "breach": gettext_lazy("Breaches"),
    "decide": gettext_lazy("Decisions"),
    "acknowledge": gettext_lazy("Acknowledgements"),
    "forward": gettext_lazy("To be sent on"),
    "question": gettext_lazy("Questions"),
    "approve": gettext_lazy("Approvals"),
    "guarantee": gettext_lazy("Guarantees"),
    "draft": gettext_lazy("Drafts"),
    "movement": gettext_lazy("Movements"),
    "take_back": gettext_lazy("Take-back"),
    "permit": gettext_lazy("Permits and quotas"),
    "certificate": gettext_lazy("Certificates"),
    "border": gettext_lazy("Border"),
    "analysis": gettext_lazy("Analyses"),
    "inspector": gettext_lazy("Reports of inspectors"),
    "fee": gettext_lazy("Fees"),
    "report": gettext_lazy("Annual report"),
    "clock": gettext_lazy("Other time limits"),
    "others": gettext_lazy("Waiting for others"),
}
# The rows that time limits run on (the names of their models).
TIMED = ("notification", "consent", "movement", "takeback")


@dataclass(frozen=True)
class Item:
    """One thing that waits. `what` is to be done, about `title`; `due` the end of its time limit, where one runs."""

    kind: str
    what: str
    title: str
    case: str
    subject: str
    subject_id: UUID
    since: datetime
    due: datetime | None
    state: str = ""
    over: bool = False
    serial: int | None = None
    # Who deals with its case.
    assigned: str = ""

    @property
    def uid(self) -> str:
        """Known by this to a calendar, also when its day moves."""
        return f"{self.subject}-{self.subject_id}-{self.kind}"


@dataclass(frozen=True)
class Desk:
    """A page of a queue, its items by deadline; how many there are of each kind, overdue, due in a week, and in all.

    `matching` is what the filter finds. No number goes beyond MOST + 1, which means that there are more.
    """

    items: list[Item]
    counts: list[tuple[str, Any, int]]
    over: int
    week: int
    total: int
    matching: int
    page: int


def desk(
    actor: Actor, *, kind: str = "", text: str = "", due: str = "", who: str = "", page: int = 1, size: int = 0
) -> Desk:
    """What waits for an actor, one page of it. The counts are those of the whole desk, whatever the filter.

    `kind` is one of KINDS; `due` over or week (overdue, or due within seven days); `text` a number, a waste or a party;
    `who` mine or nobody (what the person deals with, or what nobody of the authority does).
    `size` is the number of items of a page, MOST where it is 0.
    """
    whole = _Queue(actor)
    counted, over, week = whole.counts()
    queue = whole.only(kind=kind, text=text, due=due, who=who)
    found: list[Item] | None = None
    if not (text or who or (kind and due)):
        matching = counted[kind] if kind else {"over": over, "week": over + week}.get(due, sum(counted.values()))
    else:
        found = queue.items(MOST + 1)
        matching = len(found)
    matching = min(matching, MOST + 1)
    size = size or MOST
    page = max(1, min(page, -(-min(matching, MOST) // size)))
    items = (queue.items(page * size) if found is None else found)[(page - 1) * size : page * size]
    return Desk(
        whole.titled(items),
        [(name, label, min(counted[name], MOST + 1)) for name, label in KINDS.items() if counted[name]],
        over,
        week,
        min(sum(counted.values()), MOST + 1),
        matching,
        page,
    )


def dated(actor: Actor) -> list[Item]:
    """What has a day, the next first; at most DATED."""
    queue = _Queue(actor)
    return queue.titled(queue.dated(DATED))


def _order(item: Item) -> tuple[bool, datetime, datetime]:
    # What has no day comes after what has one; then what has waited longest.
    return (item.due is None, item.due or datetime.max.replace(tzinfo=UTC), item.since)


class _Plan:
    """What the queue of an actor is made of on a day: its sources, its open time limits, and the question for counts.

    To write those questions takes longer than to answer them, so a plan is kept for who looks at the desk again. Its
    rows are never read themselves: each use narrows them.
    """

    def __init__(self, actor: Actor, early: Sequence[str]):
        self.actor = actor
        self.sources = tuple(sources(actor))
        self.clocks = self._clocks(early)
        self._count: Count | None = None

    @classmethod
    def of(cls, actor: Actor, now: datetime) -> _Plan:
        """That of the actor now."""
        early = tuple(rule.id for rule in clocks.clocks().rules.values() if rule.step == "export_not_before")
        held = frozenset(right for right in rights.table if actor.may(right))
        return _plan(actor, early, connection.vendor, actor.official, held, now.date(), get_language(), MOST)

    def _clocks(self, early: Sequence[str]) -> QuerySet[Clock]:
        state = self.actor.state
        rows = Clock.objects.filter(holder=state, ended_at=None, due_at__isnull=False)
        if not self.actor.official:
            return rows.filter(case__in=cases.notifications(self.actor).values("case"))
        # Before that day nothing may be decided: it ends no time of one's own.
        return rows.exclude(authority=state, effect=Clock.Effect.NONE, rule__in=early)

    def counts(self, now: datetime, soon: datetime) -> list[tuple[str, int]]:
        """How many rows each source has, in their order, as (kind, count); then the time limits alone, what is `over`
        and what is due in a `week`."""
        if self._count is None:
            self._count = Count.of(self._parts(), MOST + 1)
        kinds = [one.kind for one in self.sources] + ["clock", "others"]
        kinds += ["over", "week"] * (1 + sum(1 for one in self.sources if one.due))
        return list(zip(kinds, self._count.ask(now=now, soon=soon), strict=True))

    def _parts(self) -> Iterator[QuerySet[Any]]:
        yield from (one.rows for one in self.sources)
        yield self._alone_in_turn() if self.actor.official else self.clocks.none()
        yield self.of_kind(self.clocks, "others", self.sources)
        now, soon = Moment("now"), Moment("soon")
        for rows, column in [(self.clocks, "due_at"), *((one.rows, one.due) for one in self.sources if one.due)]:
            yield rows.filter(**{f"{column}__lt": now})
            yield rows.filter(**{f"{column}__gte": now, f"{column}__lt": soon})

    def of_kind(self, rows: QuerySet[Clock], kind: str, among: Sequence[Source]) -> QuerySet[Clock]:
        """The time limits that run on rows of a kind; those that run on none, where the kind says so.

        `among` are the sources that are not empty, as far as that is known.
        """
        own = rows.filter(authority=self.actor.state)
        if kind == "others":
            others = rows.exclude(authority=self.actor.state)
            return others if self.actor.official else others | self._alone(own, among)
        if kind == "clock":
            return self._alone(own, among) if self.actor.official else rows.none()
        met = Q(pk__in=[])
        for one in among:
            if one.kind == kind and one.name in TIMED:
                near = Q() if one.near is None else Q(subject_id__in=one.near.order_by().values("pk"))
                met |= near & self._runs_on(one)
        return own.filter(met)

    def _alone(self, rows: QuerySet[Clock], among: Sequence[Source], *subjects: str) -> QuerySet[Clock]:
        """Those that run on no row that waits; `subjects` are what they run on, where not all do."""
        # One look-up for all of a kind that wait.
        whole: dict[tuple[str, str], Source] = {}
        for one in among:
            known = whole.get((one.name, one.about))
            whole[one.name, one.about] = one if known is None else replace(known, rows=known.rows | one.rows)
        for one in whole.values():
            runs = self._runs_on(one, subjects or TIMED)
            rows = rows.exclude(runs) if runs else rows
        return rows

    def _alone_in_turn(self) -> QuerySet[Clock]:
        """All of them, for counting. The database stops at the last that is counted, so it looks first where most are
        found at once: a consent that a time limit runs on nearly always waits."""
        own = self.clocks.filter(authority=self.actor.state)
        last = "consent"
        first = self._alone(own.exclude(subject=last), self.sources, *(name for name in TIMED if name != last))
        return first.union(self._alone(own.filter(subject=last), self.sources, last), all=True)

    def _runs_on(self, source: Source, subjects: Sequence[str] = TIMED) -> Q:
        # The name of the kind comes first: it spares the database the look-up of every other row. A row is asked for
        # by its value, not by whether there is one: for that, PostgreSQL would first gather everything that waits.
        def waits(**key: Any) -> Q:
            return Q(IsNull(Subquery(source.rows.order_by().filter(**key).values("pk")[:1]), False))

        met = Q()
        if source.name in TIMED:
            for subject, column in ((source.name, "pk"), (source.about.removesuffix("_id"), source.about)):
                if subject in subjects:
                    met |= Q(Q(subject=subject), waits(**{column: OuterRef("subject_id")}))
        return met


@lru_cache(maxsize=128)  # those who looked last: some 170 kB each
def _plan(actor: Actor, early: tuple[str, ...], *_also: Any) -> _Plan:
    """The plan of all that it is made from."""
    return _Plan(actor, early)


class _Queue:
    """The sources and the open time limits of an actor, whole or filtered."""

    def __init__(self, actor: Actor):
        self.actor = actor
        self.now = times.now()
        self.soon = self.now + timedelta(days=7)
        self.plan = _Plan.of(actor, self.now)
        self.sources = list(self.plan.sources)
        self.clocks = self.plan.clocks
        self.undated = True
        self.searched = False

    def only(self, *, kind: str, text: str, due: str, who: str) -> _Queue:
        """The part of it that a filter names."""
        part = _Queue.__new__(_Queue)
        part.__dict__.update(self.__dict__)
        if due:
            part.undated = False
            part.clocks = part.clocks.filter(due_at__lt=self.now if due == "over" else self.soon)
            part.sources = [
                replace(one, rows=one.rows.filter(**{f"{one.due}__lt": self.now if due == "over" else self.soon}))
                if one.due
                else one
                for one in part.sources
            ]
        if text:
            part.searched = True
            # Where a text means more cases than can be asked for, it is the latest that it means.
            found = cases.find(self.actor, text).order_by("-updated_at", "-pk")
            # An empty list would do, but a take-back case has no notification by whose words it is found.
            named = [*found.values_list("case", flat=True)[:CASES], text]
            part.clocks = part.clocks.filter(among("case", named))
            part.sources = [replace(one, rows=about(one, named, text)) for one in part.sources]
        if who == "mine":
            part.searched = True
            mine = assignments.assigned(self.actor).filter(person=self.actor.person).order_by("-since")
            named = list(mine.values_list("case", flat=True)[:CASES])
            part.clocks = part.clocks.filter(among("case", named))
            part.sources = [replace(one, rows=about(one, named)) for one in part.sources]
        elif who:
            taken = Exists(assignments.assigned(self.actor).filter(case=OuterRef("case")))
            part.clocks = part.clocks.exclude(taken)
            part.sources = [replace(one, rows=one.rows.exclude(taken)) if one.of_case else one for one in part.sources]
        if kind:
            part.clocks = self.plan.of_kind(part.clocks, kind, self.sources)
            part.sources = [one for one in part.sources if one.kind == kind]
        return part

    def counts(self) -> tuple[Counter[str], int, int]:
        """How many there are of each kind; and how many are overdue, and due within a week.

        Sources that are empty are not asked again.
        """
        counts = self.plan.counts(self.now, self.soon)
        found: Counter[str] = Counter()
        for kind, count in counts:
            found[kind] += count
        self.sources = [one for one, (_kind, count) in zip(self.sources, counts, strict=False) if count]
        return found, min(found.pop("over"), MOST + 1), min(found.pop("week"), MOST + 1)

    # ── which ────────────────────────────────────────────────────────────────────────────────────────────────

    def items(self, most: int) -> list[Item]:
        """The first of them: those with a day by deadline, then those without by how long they have waited."""
        found = self.dated(most)
        if self.undated and len(found) < most:
            found += self.without_day(most - len(found))
        return found

    def dated(self, most: int) -> list[Item]:
        """The first of those with a day."""
        own = [
            [self._item(one, row) for row in one.rows.filter(**{f"{one.due}__isnull": False}).order_by(one.due)[:most]]
            for one in self.sources
            if one.due
        ]
        return list(heapq.merge(self._by_clock(most), *own, key=_order))[:most]

    def _by_clock(self, most: int) -> list[Item]:
        """Each time limit is the day of the row that it runs on; where that has an earlier one, or waits for nobody
        here, the time limit stands for itself."""
        state = self.actor.state
        open_ = list(self.clocks.order_by("due_at", "pk")[:most])
        subjects: dict[str, set[UUID]] = defaultdict(set)
        for clock in open_:
            if clock.authority == state:
                subjects[clock.subject].add(clock.subject_id)
        waiting: dict[UUID, list[tuple[Source, Any]]] = defaultdict(list)
        for source, row, key in self._rows_of(subjects):
            waiting[key].append((source, row))
        shown: set[tuple[str, UUID]] = set()
        found = []
        for clock in open_:
            met = [
                (source, row)
                for source, row in (waiting[clock.subject_id] if clock.authority == state else ())
                if (source.kind, row.pk) not in shown
            ]
            for source, row in met:
                shown.add((source.kind, row.pk))
                found.append(self._item(source, row, clock.due_at))
            if not met:
                found.append(self._limit(clock))
        return found

    def _rows_of(self, subjects: dict[str, set[UUID]]) -> Iterator[tuple[Source, Any, UUID]]:
        """Each row that waits among some subjects of time limits, with the subject's key."""
        for one in self.sources:
            keys = subjects.get(one.name)
            if keys:
                yield from ((one, row, row.pk) for row in one.rows.filter(pk__in=keys))
            others = subjects.get(one.about.removesuffix("_id")) if one.about else None
            if others:
                rows = one.rows.filter(**{f"{one.about}__in": others})
                yield from ((one, row, getattr(row, one.about)) for row in rows)

    def _limit(self, clock: Clock) -> Item:
        rule = clocks.clocks().rules.get(clock.rule)
        mine = clock.authority == self.actor.state and self.actor.official
        return Item(
            "clock" if mine else "others", clock.rule if rule is None else rule.step, "", clock.case, clock.subject,
            clock.subject_id, clock.started_at, clock.due_at, clock.authority,
            clock.due_at is not None and clock.due_at < self.now,
        )  # fmt: skip

    def without_day(self, most: int) -> list[Item]:
        """The first of those that no time limit runs on."""
        runs = Clock.objects.filter(
            holder=self.actor.state, authority=self.actor.state, ended_at=None, due_at__isnull=False
        )
        parts = []
        for one in self.sources:
            rows = one.rows.filter(**{f"{one.due}__isnull": True}) if one.due else one.rows
            if one.name in TIMED:
                rows = rows.exclude(Exists(runs.filter(subject_id=OuterRef("pk"))))
            if one.about:
                rows = rows.exclude(Exists(runs.filter(subject_id=OuterRef(one.about))))
            parts.append((one, rows))
        if self.searched:
            # Most have nothing of what is looked for: one question for all of them finds out.
            some = Count.of((rows for _one, rows in parts), 1).ask()
            parts = [part for part, any_ in zip(parts, some, strict=True) if any_]
        found = [
            [self._item(one, row) for row in rows.order_by(F(one.since).asc(nulls_last=True), "pk")[:most]]
            for one, rows in parts
        ]
        return sorted((item for part in found for item in part), key=_order)[:most]

    def _item(self, source: Source, row: Any, due: datetime | None = None) -> Item:
        if due is None and source.due:
            due = getattr(row, source.due)
        since: Any = row
        for part in source.since.split("__"):
            since = getattr(since, part)
        return Item(
            source.kind, str(source.what(row)), source.title(row) if source.title else "",
            getattr(row, "case", "") or "", source.name, row.pk, since or getattr(row, "created_at", None) or self.now,
            due, self.actor.state, due is not None and due < self.now,
            row.serial if isinstance(row, Movement) else None,
        )  # fmt: skip

    def titled(self, items: Sequence[Item]) -> list[Item]:
        """The items with the number and the waste of their case, where they have no title of their own; and with who
        deals with it."""
        people = assignments.names(self.actor, (item.case for item in items if item.case))
        wanted = {item.case for item in items if item.case and not item.title}
        rows = cases.notifications(self.actor).filter(case__in=wanted).annotate(waste=KT("blocks__designation"))
        titles = {
            case: " · ".join(filter(None, [number or case, (waste or "")[:80]]))
            for case, number, waste in (rows.values_list("case", "number", "waste") if wanted else ())
        }
        return [
            replace(
                item,
                title=item.title or _numbered(titles.get(item.case, item.case), item.serial),
                assigned=people.get(item.case, ""),
            )
            for item in items
        ]


def _numbered(title: str, serial: int | None) -> str:
    return title if serial is None else f"{title} · {serial}"
