"""Reads of notifications for pages and API: every one scoped to the actor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from tidegate.movements import blocks, clocks, conditions, confidential, guard, machines, searchwords, standing
from tidegate.movements.calendars import today
from tidegate.movements.models import (
    Account,
    Amendment,
    Approval,
    Breach,
    Clock,
    Consent,
    Contract,
    EarlyFact,
    FieldRelease,
    Guarantee,
    HeldGuarantee,
    InfoRequest,
    Notification,
    SearchWord,
    Template,
    Version,
)
from tidegate.movements.queries import worded
from tidegate.movements.words import EVENTS
from tidegate.parties import times
from tidegate.parties.actors import Actor
from tidegate.parties.commanding import Missing
from tidegate.parties.models import JournalEntry, State
from tidegate.parties.registry import registry
from tidegate.parties.scope import visible

READ = "movements.notification.read"
# What the page of a case looks at again and again: asked once, with its notification.
PARTS = ("route", "consents", "held_guarantees", "info_requests", "amendments", "versions")
# Cases that a text may mean, at most.
CASES = 500


@dataclass(frozen=True)
class Deadline:
    """A clock for a page: what it is about, when it ends, why."""

    clock: Clock
    rule: clocks.Rule | None
    lines: list[str]
    over: bool


@dataclass(frozen=True)
class Moment:
    """One line of a case's history: when it happened, when it was recorded here, whose fact it is, what, by whom."""

    at: datetime
    recorded_at: datetime
    state: str
    type: str
    label: Any
    subject: str
    subject_id: UUID
    revision: int
    number: int | None
    who: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """One field that two versions differ in, with the block of the form in which it stands."""

    block: str
    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class CaseView:
    """Everything that one State's copy holds of a notification."""

    notification: Notification
    content: blocks.Content
    confidential: list[str]
    kept_from: list[str]
    releases: list[FieldRelease]
    consents: list[Consent]
    contract: Contract | None
    guarantee: Guarantee | None
    held_guarantees: list[HeldGuarantee]
    questions: list[InfoRequest]
    amendments: list[tuple[Amendment, list[Approval]]]
    versions: list[Version]
    account: Account | None
    deadlines: list[Deadline]
    breaches: list[Breach]
    flags: list[dict[str, Any]]
    short_leads: list[dict[str, Any]]
    conditions: list[tuple[str, str]]
    window: standing.Window | None
    blocked: list[str]
    waiting: list[EarlyFact]
    takes_part: dict[str, bool]
    may: dict[str, bool]


def notifications(actor: Actor | None) -> QuerySet[Notification]:
    """The notifications that the actor sees: their State's copies, a company only those that it takes part in."""
    return visible(Notification.objects.all(), actor, READ)


def find(actor: Actor | None, text: str) -> QuerySet[Notification]:
    """Those of whose number, case, designation or party names some words begin with the words of a text, with each of
    them; that of the number alone, where it is one."""
    wanted = text.strip()
    if not wanted:
        return notifications(actor)
    spellings = {wanted, wanted.upper()}
    numbered = notifications(actor).filter(Q(number__in=spellings) | Q(case__in=spellings))
    if numbered.exists():
        return numbered
    words = searchwords.asked(wanted)
    rows = notifications(actor)
    return worded.with_words(rows, SearchWord, actor, READ, words) if words else numbered.none()


def templates(actor: Actor | None) -> QuerySet[Template]:
    """The templates of the actor's organisation."""
    return visible(Template.objects.order_by("name"), actor, "movements.template.keep")


def notification(actor: Actor | None, key: UUID | str, *parts: str) -> Notification:
    """One of them by its key, its number or its case, with some of its parts. Raises Missing."""
    rows = notifications(actor).prefetch_related(*parts)
    try:
        found = rows.filter(pk=UUID(str(key))).first()
    except ValueError:
        found = rows.filter(Q(case=str(key)) | Q(number=str(key))).exclude(Q(number="") & ~Q(case=str(key))).first()
    if found is None:
        raise Missing("notification")
    return found


def case(actor: Actor, key: UUID | str) -> CaseView:
    """All that the actor's State holds of a notification, for its page. Raises Missing."""
    row = notification(actor, key, *PARTS)
    papers = standing.papers_of(row)
    stops = [stop.state for stop in row.route.all()]
    state_rows = set(State.objects.filter(pk__in=stops).values_list("pk", flat=True))
    amendments = sorted(row.amendments.all(), key=lambda one: one.number)
    versions = list(row.versions.all())
    for version in versions:
        version.content = confidential.shown(actor, row, version.content)
    for made in amendments:
        made.changes = confidential.shown(actor, row, made.changes)
    answers: dict[UUID, list[Approval]] = {}
    for answer in Approval.objects.filter(subject_id__in=[a.pk for a in amendments]).order_by("at"):
        answers.setdefault(answer.subject_id, []).append(answer)
    return CaseView(
        notification=row,
        content=confidential.content_for(actor, row),
        confidential=row.confidential,
        kept_from=confidential.kept_from(actor, row),
        releases=confidential.releases(actor, row),
        consents=_in_order(row),
        contract=papers.contract,
        guarantee=papers.guarantee,
        held_guarantees=sorted(row.held_guarantees.all(), key=lambda one: one.authority),
        questions=sorted(row.info_requests.all(), key=lambda one: one.asked_at),
        amendments=[(made, answers.get(made.pk, [])) for made in amendments],
        versions=versions,
        account=Account.objects.filter(holder=row.holder_id, reference=row.case).first(),
        deadlines=deadlines(row),
        breaches=list(Breach.objects.filter(holder=row.holder_id, case=row.case).order_by("opened_at")),
        flags=standing.flags(row, papers),
        short_leads=standing.short_leads(row),
        conditions=[(c["authority"], conditions.describe(_bare(c))) for c in standing.all_conditions(row)],
        window=standing.window_of(row),
        blocked=standing.blocked(row, today(row.home), papers) if row.transmitted_at else [],
        waiting=list(EarlyFact.objects.filter(holder=row.holder_id, case=row.case)) if actor.official else [],
        takes_part={state: state in state_rows for state in stops},
        may=allowed(actor, row, papers),
    )


def _bare(condition: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in condition.items() if name != "authority"}


def _in_order(row: Notification) -> list[Consent]:
    """The consents in the order of the route; those whose State left it, last."""
    order = {stop.state: stop.position for stop in row.route.all()}
    return sorted(row.consents.all(), key=lambda c: (order.get(c.authority, len(order)), c.authority))


# What a page offers: the act, the right that it asks, and the step that must be possible.
ACTS: Sequence[tuple[str, str, str]] = (
    ("save", "movements.notification.draft", ""),
    ("submit", "movements.notification.submit", "submitted"),
    ("enter", "movements.notification.key_in", ""),
    ("transmit", "movements.notification.transmit", "transmitted"),
    ("not_forward", "movements.notification.transmit", "not_forwarded"),
    ("override", "movements.notification.override", ""),
    ("acknowledge", "movements.notification.acknowledge", ""),
    ("ask", "movements.notification.ask", ""),
    ("answer", "movements.notification.answer", ""),
    ("revise", "movements.notification.answer", ""),
    ("withdraw", "movements.notification.withdraw", "withdrawn"),
    ("amend", "movements.notification.amend", ""),
    ("approve_amendment", "movements.amendment.approve", ""),
    ("decide", "movements.consent.decide", ""),
    ("key_in", "movements.consent.key_in", ""),
    ("suspend_consent", "movements.consent.suspend", ""),
    ("withdraw_consent", "movements.consent.withdraw", ""),
    ("deny_preconsent", "movements.preconsent.deny", ""),
    ("confirm_contract", "movements.contract.confirm", ""),
    ("lodge_contract", "movements.contract.lodge", ""),
    ("propose_guarantee", "movements.guarantee.propose", ""),
    ("approve_guarantee", "movements.guarantee.approve", ""),
    ("release_guarantee", "movements.guarantee.release", ""),
    ("call_guarantee", "movements.guarantee.call", ""),
    ("suspend", "movements.notification.suspend", ""),
    ("lift", "movements.notification.suspend", ""),
    ("revoke", "movements.notification.revoke", "revoked"),
    ("close", "movements.notification.close", "closed"),
    ("renew", "movements.notification.draft", ""),
    ("clone", "movements.notification.draft", ""),
)


# What the notifier writes, or, of what came on paper, the authority that keyed it in (`owning.by_the_right_hand`).
WRITTEN = frozenset("save submit answer revise withdraw amend lodge_contract propose_guarantee".split())


def allowed(actor: Actor, row: Notification, papers: standing.Papers | None = None) -> dict[str, bool]:
    """What a page may offer the actor now: its right, and that the state of things lets it be tried. The command
    itself checks again, and everything else."""
    home = row.holder_id == row.home
    own = next((one for one in row.consents.all() if one.authority == actor.state), None)
    sent, ended = row.transmitted_at is not None, bool(row.ended_as)
    contract, guarantee = papers or standing.papers_of(row)
    open_amendment = next((one for one in row.amendments.all() if one.status == "proposed"), None)
    suspended = any(item["state"] == actor.state for item in row.suspended_by)
    waiting = own is not None and own.status in machines.WAITING
    given = own is not None and own.status in machines.GIVEN
    draft = row.status == Notification.Status.DRAFT
    status = row.status
    possible = {
        "save": home and draft,
        "enter": draft and bool(row.keyed_by),
        "override": home and not sent and guard.prohibited(row.screen),
        "acknowledge": sent and not ended and own is not None and own.status == "requested",
        "ask": not ended and ((sent and waiting) or (home and status == "submitted")),
        "answer": home and not ended and any(one.answered_at is None for one in row.info_requests.all()),
        "revise": home and status in ("submitted", "incomplete", "transmitted", "acknowledged"),
        "amend": home and status in ("decided_consented", "active", "suspended", "exhausted") and not open_amendment,
        "approve_amendment": open_amendment is not None
        and own is not None
        and not Approval.objects.filter(subject_id=open_amendment.pk, authority=actor.state).exists(),
        "decide": sent and not ended and waiting,
        "key_in": home and sent and not ended and _elsewhere(row),
        "suspend_consent": sent and not ended and (given or (own is not None and own.status == "suspended")),
        "withdraw_consent": sent and not ended and (given or (own is not None and own.status == "suspended")),
        "deny_preconsent": row.holder_id == row.state_import and sent and not ended and row.preconsent_counts,
        "confirm_contract": row.holder_id == row.state_import and contract is not None and contract.status == "lodged",
        "lodge_contract": home and not ended,
        "propose_guarantee": home
        and not ended
        and (guarantee is None or guarantee.status not in ("called", "released")),
        "approve_guarantee": home and guarantee is not None and guarantee.status == "proposed",
        "release_guarantee": home and guarantee is not None and guarantee.status in ("approved", "in_force", "called"),
        "call_guarantee": home and guarantee is not None and guarantee.status in ("approved", "in_force"),
        "suspend": sent and not ended and own is not None and not suspended,
        "lift": suspended,
        "renew": home and not draft and status != "withdrawn" and not actor.official,
        "clone": not actor.official,
    }
    return {
        act: actor.may(right)
        and (act not in WRITTEN or actor.official == bool(row.keyed_by))
        and (possible.get(act, home) if not step else home and (status, step) in machines.NOTIFICATION.table)
        for act, right, step in ACTS
    }


def _elsewhere(row: Notification) -> bool:
    """Whether an authority that takes part in no exchange is still waited for."""
    waiting = {one.authority for one in row.consents.all() if one.status in machines.WAITING}
    return bool(waiting - set(State.objects.filter(pk__in=waiting).values_list("pk", flat=True)))


# ── deadlines ────────────────────────────────────────────────────────────────────────────────────────────────


def deadlines(row: Notification, *, ended: bool = False) -> list[Deadline]:
    """The clocks that run for a notification and its consents, the next one first; each with its reasons."""
    keys = [row.pk, *(one.pk for one in row.consents.all())]
    rows = Clock.objects.filter(subject_id__in=keys)
    if not ended:
        rows = rows.filter(ended_at=None)
    known = clocks.clocks().rules
    now = times.now()
    found = [
        Deadline(clock, known.get(clock.rule), clocks.explain(clock), clock.due_at is not None and clock.due_at < now)
        for clock in rows
    ]
    return sorted(found, key=lambda d: (d.clock.due_at is None, d.clock.due_at or d.clock.started_at))


def why(actor: Actor, clock_id: UUID | str) -> Deadline:
    """One clock of a case that the actor sees, with its reasons. Raises Missing."""
    clock = Clock.objects.filter(pk=clock_id, holder=actor.state).first()
    if clock is None or not notifications(actor).filter(case=clock.case).exists():
        raise Missing("clock")
    over = clock.due_at is not None and clock.due_at < times.now() and clock.ended_at is None
    return Deadline(clock, clocks.clocks().rules.get(clock.rule), clocks.explain(clock), over)


# ── history ──────────────────────────────────────────────────────────────────────────────────────────────────


def timeline(actor: Actor, row: Notification, *, limit: int = 500) -> list[Moment]:
    """What happened in a case that the actor sees, as this State's journal has it, the latest first.

    A company sees what happened and whose fact it is, but not which official did it.
    """
    entries = JournalEntry.objects.filter(holder=row.holder_id, case=row.case)
    if not actor.official:  # how an authority divides its work is its own affair
        entries = entries.exclude(subject="assignment")
    entries = entries.select_related("person", "principal", "agent").order_by("-id")
    return [_moment(actor, entry) for entry in entries[:limit]]


def _moment(actor: Actor, entry: JournalEntry) -> Moment:
    named = entry.person is not None and (actor.official or entry.principal_id == _own_id(actor))
    who = str(entry.person) if named else str(entry.principal or entry.state)
    return Moment(
        at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        state=entry.state,
        type=entry.type,
        label=registry.events.get(entry.type) or EVENTS.get(entry.type, entry.type),
        subject=entry.subject,
        subject_id=entry.subject_id,
        revision=entry.revision,
        number=entry.number,
        who=who,
        payload=entry.payload if actor.official else {},
    )


def _own_id(actor: Actor) -> UUID | None:
    return None if actor.organisation is None else actor.organisation.pk


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────


def difference(actor: Actor, key: UUID | str, before: int, after: int) -> list[Difference]:
    """What two versions of a notification differ in, in the order of its form. Raises Missing.

    A version of which this copy knows only the number (it came onto the route later) is Missing as well.
    """
    row = notification(actor, key)
    first, second = (confidential.shown(actor, row, _version(row, number).content) for number in (before, after))
    return differences(first, second, row.form_version)


def from_supersedes(actor: Actor, key: UUID | str) -> list[Difference]:
    """What a renewal differs in from the notification that it is to take the place of. Raises Missing."""
    row = notification(actor, key)
    old = notifications(actor).filter(case=row.supersedes).exclude(case="").first()
    if old is None:
        raise Missing("notification")
    said = [
        {**confidential.content_for(actor, n, decisions=False).model_dump(mode="json"), "load": n.load}
        for n in (old, row)
    ]
    return [d for d in differences(said[0], said[1], row.form_version) if d.field != "number"]


def differences(before: Mapping[str, Any], after: Mapping[str, Any], form_version: str) -> list[Difference]:
    """The fields in which two contents differ; inside lists and parts, down to the single value."""
    found = [
        Difference(blocks.block_of(path, form_version), path, old, new) for path, old, new in _walk("", before, after)
    ]
    order = {block: number for number, block in enumerate(blocks.LAYOUTS[form_version])}
    return sorted(found, key=lambda d: (order.get(d.block, len(order)), d.field))


def _walk(path: str, old: Any, new: Any) -> Iterable[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys((*old, *new)):
            yield from _walk(f"{path}.{name}" if path else str(name), old.get(name), new.get(name))
    elif isinstance(old, list) and isinstance(new, list) and (_rich(old) or _rich(new)):
        for number in range(max(len(old), len(new))):
            left = old[number] if number < len(old) else None
            right = new[number] if number < len(new) else None
            yield from _walk(f"{path}.{number}", left, right)
    elif old != new:
        yield path, old, new


def _rich(values: list[Any]) -> bool:
    return any(isinstance(value, Mapping) for value in values)


def _version(row: Notification, number: int) -> Version:
    found = row.versions.filter(number=number).first()
    if found is None or not found.content:
        raise Missing("version")
    return found
