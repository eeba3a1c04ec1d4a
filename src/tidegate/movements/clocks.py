"""Time limits: worked out from events and dated law, never counted down by a job.

`due` is pure: the same start, pauses and calendar give the same end, in whatever order they became known. A row of
`Clock` keeps the end so that a desk can sort by it. Silence is consent only where `waivers` of clocks.yaml name the
State, the role and the day; for the State of import under the Convention never, whatever a file says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tidegate.law.records import Book
from tidegate.movements.calendars import Calendar, calendar_of
from tidegate.movements.clockbook import NOT_BASEL, ClockError, Clocks, Rule, Waiver, clocks, weekend_of
from tidegate.movements.models import Clock
from tidegate.movements.rounds import round_
from tidegate.parties import figures
from tidegate.parties.actors import Actor
from tidegate.parties.models import Held

# No pause is longer than this many days for `due`: beyond it the clock has no end.
HORIZON = 366 * 20

Pause = tuple[datetime, datetime | None]

__all__ = [
    "ClockError", "Clocks", "Pause", "Rule", "Waiver", "add_months", "clocks", "due", "end", "end_all", "end_all_of",
    "explain", "lapsed", "pause", "read_pauses", "recompute", "resume", "rule", "rule_for", "start", "tacit",
    "weekend_of",
]  # fmt: skip


# ── choosing ─────────────────────────────────────────────────────────────────────────────────────────────────


def rule(id: str) -> Rule:
    """The rule of an id. Raises KeyError."""
    return clocks().rules[id]


def rule_for(
    step: str,
    *,
    state: str,
    role: str,
    day: date,
    book: Book,
    layer: str = "basel",
    preconsented: bool = False,
) -> Rule | None:
    """The time limit of a step for the authority of `state` in its `role`, on a day: the first that fits.

    `layer` is the layer of law under which the movement runs. None where nothing is known for that State.
    """
    for found in clocks().rules.values():
        if found.step != step or role not in found.roles or not found.in_force(day):
            continue
        if (found.preconsented and not preconsented) or (found.layers and layer not in found.layers):
            continue
        if book.in_group(state, found.of, day):
            return found
    return None


def tacit(*, state: str, role: str, day: date, book: Book, layers: Iterable[str]) -> Waiver | None:
    """The waiver by which this authority's silence is consent on a day, or None: then silence is nothing.

    `layers` are the layers of law whose rules ask for its consent. The State of import has none under the Convention.
    """
    asked = frozenset(layers)
    if role == "import" and not (asked and asked <= NOT_BASEL):
        return None
    for waiver in clocks().waivers.values():
        if role not in waiver.roles or not waiver.in_force(day) or not book.in_group(state, waiver.of, day):
            continue
        if waiver.layers and not (asked and asked <= set(waiver.layers)):
            continue
        return waiver
    return None


# ── counting ─────────────────────────────────────────────────────────────────────────────────────────────────


def due(rule: Rule, started_at: datetime, pauses: Iterable[Pause], calendar: Calendar) -> datetime | None:
    """The last moment of the limit, UTC; None where the text sets none, or while the clock rests. Pure.

    A day that a pause touches does not count, so that a pause never shortens the time used. Backwards (`before`) it is
    the last moment at which an announcement is in time: as many days lie between its day and that of `started_at`.
    """
    if rule.length is None:
        return None
    day = calendar.day(started_at)
    if rule.direction == "before":
        return calendar.end(_back(rule, day, calendar))
    rests = _resting(pauses, calendar) if rule.pauses else []
    if any(until is None for _, until in rests):
        return None

    def rested(candidate: date) -> bool:
        return any(since <= candidate <= until for since, until in rests if until is not None)

    last = _forward(rule, day, calendar, rested)
    return calendar.end(last)


def _resting(pauses: Iterable[Pause], calendar: Calendar) -> list[tuple[date, date | None]]:
    return sorted(
        ((calendar.day(since), None if until is None else calendar.day(until)) for since, until in pauses),
        key=lambda pair: (pair[0], pair[1] or date.max),
    )


def _forward(rule: Rule, day: date, calendar: Calendar, rested: Callable[[date], bool]) -> date:
    assert rule.length is not None
    if rule.unit in ("months", "years"):
        last = add_months(day, rule.length * (12 if rule.unit == "years" else 1))
        candidate = day
        while candidate < last:
            candidate += timedelta(days=1)
            if rested(candidate):
                last += timedelta(days=1)
        return last
    left = rule.length
    for _n in range(HORIZON):
        day += timedelta(days=1)
        if not rested(day) and (rule.unit == "calendar" or calendar.working(day)):
            left -= 1
            if left == 0:
                return day
    raise ClockError(f"{rule.id}: no end within {HORIZON} days")


def _back(rule: Rule, day: date, calendar: Calendar) -> date:
    """The last day that leaves `length` whole days before `day`."""
    assert rule.length is not None
    if rule.unit in ("months", "years"):
        return add_months(day, -rule.length * (12 if rule.unit == "years" else 1))
    left = rule.length
    while left:
        day -= timedelta(days=1)
        if rule.unit == "calendar" or calendar.working(day):
            left -= 1
    return day


def add_months(day: date, months: int) -> date:
    """The same day of the month some months on; the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for wanted in range(day.day, 0, -1):
        try:
            return date(year, month + 1, wanted)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────


def start(
    actor: Actor | str,
    *,
    rule: str,
    subject: Held,
    case: str,
    authority: str,
    at: datetime,
    pauses: Iterable[Pause] = (),
    effect: str | None = None,
) -> Clock:
    """Start a limit for a row held by the actor's State (or by the State of that code), or bring it up to date.

    Called again, with another start or pauses that became known later, it gives the clock that they would have given
    from the beginning; a clock that has ended stays as it ended. `effect` replaces the rule's own.
    """
    holder = actor if isinstance(actor, str) else actor.state
    known = clocks().rules[rule]
    key = {"rule": rule, "subject_id": subject.pk, "authority": authority}
    row = Clock.objects.select_for_update().filter(**key).first()
    if row is not None and row.ended_at is not None:
        return row
    row = row or Clock(holder_id=holder, case=case, subject=subject._meta.model_name or "", **key)
    row.started_at = at
    row.pauses = _written(pauses)
    row.effect = known.effect if effect is None else effect
    row.due_at = due(known, at, read_pauses(row), calendar_of(authority))
    row.save()
    return row


def pause(subject: Held, rule: str, at: datetime) -> None:
    """Let the clocks of this rule for a row rest from a moment on. Nothing runs: nothing happens."""
    for row in _open(subject, rule):
        if not any(until is None for _, until in read_pauses(row)):
            row.pauses = _written([*read_pauses(row), (at, None)])
            _refresh(row)


def resume(subject: Held, rule: str, at: datetime) -> None:
    """Let them run again."""
    for row in _open(subject, rule):
        row.pauses = _written([(since, at if until is None else until) for since, until in read_pauses(row)])
        _refresh(row)


def end(subject: Held, rule: str, at: datetime, outcome: str) -> None:
    """What the clock waited for has happened, or no longer will: `outcome` says which (`done`, `void`, `lapsed` …)."""
    _open(subject, rule).update(ended_at=at, outcome=outcome)


def end_all(subject: Held, at: datetime, outcome: str, *, steps: Iterable[str] | None = None) -> None:
    """End every open clock of a row, or those of some steps."""
    rows = Clock.objects.filter(subject_id=subject.pk, ended_at=None)
    if steps is not None:
        wanted = set(steps)
        rows = rows.filter(rule__in=[r.id for r in clocks().rules.values() if r.step in wanted])
    rows.update(ended_at=at, outcome=outcome)


def end_all_of(subject: Held, authority: str, at: datetime, step: str, outcome: str = "done") -> None:
    """End the open clocks of a step that run for one authority on a row."""
    rules = [known.id for known in clocks().rules.values() if known.step == step]
    running = Clock.objects.filter(subject_id=subject.pk, authority=authority, rule__in=rules, ended_at=None)
    running.update(ended_at=at, outcome=outcome)


def read_pauses(clock: Clock) -> list[Pause]:
    """A clock's pauses as moments."""
    return [
        (datetime.fromisoformat(since), None if until is None else datetime.fromisoformat(until))
        for since, until in clock.pauses
    ]


def _written(pauses: Iterable[Pause]) -> list[list[str | None]]:
    pairs = sorted(pauses, key=lambda pair: (pair[0], pair[1] is None, pair[1] or pair[0]))
    return [[since.isoformat(), None if until is None else until.isoformat()] for since, until in pairs]


def _open(subject: Held, rule: str) -> QuerySet[Clock]:
    return Clock.objects.filter(subject_id=subject.pk, rule=rule, ended_at=None)


def _refresh(row: Clock) -> bool:
    """Work the end out anew; whether it moved."""
    known = clocks().rules.get(row.rule)
    if known is None:  # its overlay is gone: the end stays as it was worked out
        return False
    before = row.due_at
    row.due_at = due(known, row.started_at, read_pauses(row), calendar_of(row.authority))
    row.save(update_fields=["pauses", "due_at"])
    return row.due_at != before


def lapsed(now: datetime, **which: Any) -> QuerySet[Clock]:
    """The open clocks whose last moment is over."""
    return Clock.objects.filter(ended_at=None, due_at__lt=now, **which)


@round_("clocks")
def recompute(now: datetime | None = None, **which: Any) -> int:
    """Work out anew the open clocks that count working days: a day off that was added later moves them; gives how many
    moved. A clock that has ended stays as it was."""
    working = [known.id for known in clocks().rules.values() if known.unit == "working"]
    rows = Clock.objects.filter(ended_at=None, rule__in=working, **(which or {"holder__here": True}))
    return sum(_refresh(row) for row in rows)


# ── why this date ────────────────────────────────────────────────────────────────────────────────────────────


def explain(clock: Clock) -> list[str]:
    """Why the limit ends when it does, line by line, in the reader's language; the law's own text in English."""
    known = clocks().rules.get(clock.rule)
    if known is None:
        return [_("The rule %(rule)s is no longer in this installation's files.") % {"rule": clock.rule}]
    calendar = calendar_of(clock.authority)
    started = calendar.day(clock.started_at)
    lines = [f"{known.regime}, {known.basis}: {known.text}"]
    if known.confidence != "high":
        lines.append(_("How sure this is: %(confidence)s.") % {"confidence": known.confidence})
    if known.note:
        lines.append(known.note)
    if known.length is None:
        if clock.due_at is None:
            lines.append(_("The text sets no limit, so there is no date."))
        else:
            last = {"day": figures.day(calendar.day(clock.due_at)), "zone": calendar.zone}
            lines.append(_("The States concerned agreed on the last day: it ends with %(day)s (%(zone)s).") % last)
        return [*lines, _effect(clock)]
    if known.direction == "before":
        lines.append(_("Counted back from %(day)s.") % {"day": figures.day(started)})
    else:
        lines.append(_("It starts on the day after %(day)s.") % {"day": figures.day(started)})
    lines.append(_length(known))
    lines += _skipped(known, clock, calendar, started)
    if clock.due_at is None:
        lines.append(_("It rests until the question is answered, so there is no date yet."))
    else:
        last = {"day": figures.day(calendar.day(clock.due_at)), "zone": calendar.zone}
        lines.append(_("So it ends with %(day)s (%(zone)s).") % last)
    return [*lines, _effect(clock)]


def _length(known: Rule) -> str:
    count = known.length or 0
    number = {"count": count}
    if known.unit == "working":
        return ngettext("Length: %(count)d working day.", "Length: %(count)d working days.", count) % number
    if known.unit == "months":
        return ngettext("Length: %(count)d month.", "Length: %(count)d months.", count) % number
    if known.unit == "years":
        return ngettext("Length: %(count)d year.", "Length: %(count)d years.", count) % number
    return ngettext("Length: %(count)d calendar day.", "Length: %(count)d calendar days.", count) % number


def _skipped(known: Rule, clock: Clock, calendar: Calendar, started: date) -> list[str]:
    lines = []
    if known.pauses:
        for since, until in read_pauses(clock):
            span = {
                "from": figures.day(calendar.day(since)),
                "to": "" if until is None else figures.day(calendar.day(until)),
            }
            if until is None:
                lines.append(_("Information was asked for on %(from)s and is not here yet.") % span)
            else:
                lines.append(_("Not counted, for information was awaited: %(from)s to %(to)s.") % span)
    if known.unit != "working" or clock.due_at is None:
        return lines
    first, last = sorted((started, calendar.day(clock.due_at)))
    if any((first + timedelta(days=n)).weekday() in calendar.weekend for n in range((last - first).days + 1)):
        lines.append(_("Not counted: weekends."))
    for day in sorted(d for d in calendar.off if first <= d <= last and d.weekday() not in calendar.weekend):
        what = {"day": figures.day(day), "name": calendar.off[day]}
        if day in calendar.estimated:
            lines.append(_("Not counted: %(day)s, %(name)s. The day is estimated and may move.") % what)
        else:
            lines.append(_("Not counted: %(day)s, %(name)s.") % what)
    if calendar.until is None or last.year > calendar.until:
        lines.append(_("For %(year)d no public holidays are on record yet: only weekends are left out.")
                     % {"year": last.year})  # fmt: skip
    return lines


def _effect(clock: Clock) -> str:
    if clock.effect == Clock.Effect.DEEMED_CONSENT:
        return _("When it ends without an answer, silence counts as consent: the law of that State says so.")
    if clock.effect == Clock.Effect.ESCALATE:
        return _("When it ends without an answer it is reported as overdue; silence is no consent.")
    if clock.effect == Clock.Effect.LAPSE:
        return _("When it ends without an answer, it lapses.")
    return _("Nothing follows from its end by itself; silence is no consent.")
