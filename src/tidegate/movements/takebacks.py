"""A take-back case (Articles 8 and 9): what a step does to a State's copy, its own or one that another State told of.

One writer a fact: what was found, its classification and the formal information are the opener's; acknowledgement and
acceptance the State of export's; the plan that of the State that has to act; a signature and a consent each State's
own. What follows from them (`settle`) every copy works out alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tidegate.movements import carriage, clocks, evidence, facts, guard, homeward, machines
from tidegate.movements.calendars import calendar_of, today
from tidegate.movements.facts import Early
from tidegate.movements.machines import OPEN_CASE, TAKE_BACK
from tidegate.movements.models import Clock, EarlyFact, Movement, ReturnConsent, TakeBack
from tidegate.parties import journal, times
from tidegate.parties.actors import Actor
from tidegate.parties.models import Organisation, State
from tidegate.parties.registry import Enclosed, Post

Basis = TakeBack.Basis
Status = TakeBack.Status
LEGAL = {
    "art8": "Basel 8",
    "art9_exporter": "Basel 9(2)",
    "art9_importer": "Basel 9(3)",
    "art9_unassigned": "Basel 9(4)",
}
# What a plan may say, and what a State may say against a return.
RETURN, DISPOSE = "return", "dispose"
OBJECTIONS = ("safety", "route")
AGREED = "basel-take-back-agreed"
# Events that belong to one finding: after another one they count no more.
OF_A_ROUND = frozenset({"not_a_case", "notified", "acknowledged", "accepted", "disputed"})
# A case that ended so had got so far before: a copy waits until it has, too.
NOT_BEFORE = {"returned": "returned", "disposed": "finally_disposed"}


def parties(row: TakeBack) -> list[str]:
    """The States of the case that take part in the exchange: those that are told, and whose signature counts."""
    here = set(State.objects.filter(pk__in=row.states).values_list("pk", flat=True))
    return [state for state in row.states if state in here]


def signers(row: TakeBack) -> list[str]:
    """Those whose signature a plan needs: one that an earlier plan led through signs no later one that does not."""
    way = homeward.states(row)
    return [state for state in parties(row) if state not in row.joined or state in way]


def duty(row: TakeBack) -> set[str]:
    """The States one of which has to act: that of export, of import, or any where nobody can be held responsible."""
    if row.basis == Basis.ART9_IMPORTER:
        return {import_of(row)}
    return set(row.states) if row.basis == Basis.ART9_UNASSIGNED else {row.state_export}


def import_of(row: TakeBack) -> str:
    """The State of import: of the notification; where there is none, that which found the load."""
    return row.movement.notification.state_import if row.movement is not None else row.opener


def writers(row: TakeBack, event: str) -> set[str]:
    """The States whose fact an event may be."""
    if event in ("opened", "classified", "not_a_case", "notified", "joined", "closed", "reminded", "evidence_added"):
        return {row.opener}
    if event in ("acknowledged", "accepted", "disputed", "returning", "returned"):
        return {speaker(row, row.state_export)}
    return {speaker(row, state) for state in duty(row)} if event == "plan_proposed" else set(row.states)


def speaker(row: TakeBack, state: str) -> str:
    """Who records what a State says: itself; where it takes part in no exchange, the opener, from its letters."""
    return state if State.objects.filter(pk=state).exists() else row.opener


def posts(
    row: TakeBack,
    event: str,
    body: Mapping[str, Any],
    *,
    deadline: datetime | None = None,
    rule: str = "",
    attachments: Sequence[Enclosed] = (),
) -> list[Post]:
    """The message of an event to every other State of the case."""
    plain = journal.as_json(dict(body))
    return [
        Post(
            state, row.case, f"take_back.{event}", plain, legal=LEGAL.get(row.basis, "Basel 9"), deadline=deadline,
            rule=rule, attachments=attachments,
        )
        for state in parties(row)
        if state != row.holder_id
    ]  # fmt: skip


def step(
    actor: Actor,
    row: TakeBack,
    event: str,
    *,
    body: Mapping[str, Any] | None = None,
    at: datetime | None = None,
    state: str | None = None,
    messages: Sequence[Post] = (),
) -> None:
    """Take a case through a step: status, journal, messages. Raises Refused("state")."""
    row.status = machines.step(TAKE_BACK, row.status, event)
    facts.note(
        actor, f"take_back.{event}", row, payload={"round": row.round, **(body or {})}, posts=messages, state=state,
        occurred_at=at,
    )  # fmt: skip
    if row.status in TakeBack.ENDED:
        clocks.end_all(row, at or times.now(), "done")


def told(actor: Actor, row: TakeBack, event: str, body: Mapping[str, Any], state: str, at: datetime) -> bool:
    """Another State's step on this copy: taken, kept until its turn (raises Early), or overtaken and only journalled.

    Gives whether it was taken.
    """
    if (row.status, event) in TAKE_BACK.table:
        step(actor, row, event, body=body, state=state, at=at)
        return True
    if row.status in OPEN_CASE and _rank(row.status) < min(
        _rank(source) for source, name in TAKE_BACK.table if name == event and source in OPEN_CASE
    ):
        raise Early
    facts.note(actor, "take_back.told_late", row, payload={"event": event, **body}, state=state, occurred_at=at)
    return False


def reached(row: TakeBack, status: str) -> bool:
    """Whether the case has got so far in this copy, or has ended here."""
    return row.status not in OPEN_CASE or _rank(row.status) >= _rank(status)


def _rank(status: str) -> int:
    return OPEN_CASE.index(status)


def new(
    holder: str,
    case: str,
    *,
    movement: Movement | None,
    opener: str,
    state_export: str,
    states: Sequence[str],
    opened_at: datetime,
    **columns: Any,
) -> TakeBack:
    """A case, not journalled yet."""
    row = TakeBack(
        holder_id=holder, case=case, status="", movement=movement, opener=opener, state_export=state_export,
        states=list(dict.fromkeys(states)), opened_at=opened_at, **columns,
    )  # fmt: skip
    row.save(force_insert=True)
    link(row)
    return row


def link(row: TakeBack) -> None:
    """Those who take part in the movement, or are named with the load, see the case."""
    named = [row.load.get(name) or {} for name in ("exporter", "importer", "carrier")]
    also: list[Organisation] = list(row.movement.involved.all()) if row.movement is not None else []
    facts.link(row, [party for party in named if isinstance(party, Mapping)], also)


def open_one(movement: Movement) -> TakeBack | None:
    """The case of a movement that is open in this copy; there is at most one (invariant 29)."""
    return TakeBack.objects.select_for_update().filter(movement=movement).exclude(status__in=TakeBack.ENDED).first()


def ended_of(movement: Movement) -> list[str]:
    """The references of a movement's cases that have ended here."""
    return list(TakeBack.objects.filter(movement=movement, status__in=TakeBack.ENDED).values_list("case", flat=True))


def merge(actor: Actor, row: TakeBack, into: str) -> None:
    """Two States opened a case of one movement at once: the earlier goes on, in every copy the same."""
    row.closed_how, row.closed_at = f"merged:{into}"[:32], times.now()
    step(actor, row, "merged", body={"into": into})


def wake(holder: str, but: str = "") -> None:
    """Cases that waited for a movement, or for the end of an earlier case of it, may have their place now."""
    waiting = EarlyFact.objects.filter(holder=holder, type="take_back.opened").exclude(case=but)
    for case in list(waiting.values_list("case", flat=True).distinct()):
        facts.replay(holder, case)


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────


def start_clock(actor: Actor, row: TakeBack) -> Clock | None:
    """The time limit for whoever has to act runs from the day of information, not of detection (invariant 30)."""
    if row.informed_at is None or not row.basis:
        return None
    clocks.end_all(row, row.informed_at, "replaced")
    Clock.objects.filter(subject_id=row.pk, outcome="replaced").delete()
    states = duty(row)
    state, role = next(iter(states)), "import" if row.basis == Basis.ART9_IMPORTER else "export"
    if len(states) > 1:
        state = row.state_export
    rule = clocks.rule_for(
        f"take_back_{row.basis}", state=state, role=role, day=today(state, row.informed_at), book=guard.book()
    )
    if rule is None or rule.length is None:
        return None
    return clocks.start(actor, rule=rule.id, subject=row, case=row.case, authority=state, at=row.informed_at)


def agree_period(actor: Actor, row: TakeBack, until: date) -> None:
    """A longer period, which all States have signed, takes the place of the law's."""
    running = Clock.objects.filter(subject_id=row.pk, ended_at=None).exclude(rule=AGREED).first()
    state = running.authority if running is not None else sorted(duty(row))[0]
    clocks.end_all(row, times.now(), "agreed")
    Clock.objects.filter(subject_id=row.pk, rule=AGREED).delete()
    row.agreed_until = until
    made = clocks.start(
        actor, rule=AGREED, subject=row, case=row.case, authority=state, at=row.informed_at or times.now()
    )
    made.due_at = calendar_of(state).end(until)
    made.save(update_fields=["due_at"])


def running(row: TakeBack) -> Clock | None:
    """The time limit that runs."""
    return Clock.objects.filter(subject_id=row.pk, ended_at=None).first()


# ── what follows ─────────────────────────────────────────────────────────────────────────────────────────────


def classify(row: TakeBack, *, round: int, basis: str, grounds: Sequence[str], finding: str) -> None:
    """A finding, the first or a later one."""
    row.round, row.basis, row.grounds = round, basis, list(grounds)
    if finding:
        row.finding = finding


def inform(actor: Actor, row: TakeBack, at: datetime) -> None:
    """The State of export is informed: the clock runs in every copy."""
    row.informed_at = at
    start_clock(actor, row)


def propose(row: TakeBack, number: int, plan: Mapping[str, Any]) -> list[str]:
    """A plan, which each State has to sign; signatures of an earlier one count no more. Gives the States that it brings
    into the case: those on the way home that were none of it."""
    row.plan, row.plan_number, row.plan_signed = dict(plan), number, []
    more = [state for state in homeward.states(row) if state not in row.states]
    row.states, row.joined = [*row.states, *more], [*row.joined, *more]
    return more


def bring_in(actor: Actor, row: TakeBack, states: Sequence[str]) -> None:
    """The opener tells States that a plan brought in of the case as it stands; they know of no notification."""
    wanted = set(states) & set(parties(row))
    if row.holder_id != row.opener or not wanted:
        return
    files = evidence.of(row)
    body = {
        "round": row.round, "status": row.status, "state_export": row.state_export, "states": row.states,
        "joined": row.joined, "opened_at": row.opened_at, "detected_at": row.detected_at, "finding": row.finding,
        "custody_place": row.custody_place, "custody_kg": row.custody_kg, "containers": row.containers,
        "load": row.load or _load(row.movement), "basis": row.basis, "grounds": row.grounds,
        "informed_at": row.informed_at, "evidence": [evidence.told(one) for one in files],
    }  # fmt: skip
    enclosed = [evidence.enclosed(one) for one in files]
    told = [post for post in posts(row, "joined", body, attachments=enclosed) if post.to in wanted]
    step(actor, row, "joined", body={"states": sorted(wanted)}, messages=told)


def _load(movement: Movement | None) -> dict[str, Any]:
    """What a State that has no copy of the notification is told of the load."""
    blocks = movement.notification.blocks if movement is not None else {}
    codes = blocks.get("codes") or {}
    found = {
        "description": str(blocks.get("designation") or ""),
        **{name: ", ".join(str(code) for code in codes.get(name) or ()) for name in ("basel", "hs")},
        **{name: {"name": str((blocks.get(name) or {}).get("name") or "")} for name in ("exporter", "importer")},
    }
    return {name: value for name, value in found.items() if value not in ("", {"name": ""})}


def sign(row: TakeBack, number: int, state: str) -> bool:
    """A State's signature under the plan in force; whether it counts. Raises Early under one that is not here yet."""
    if number > row.plan_number:
        raise Early
    if number < row.plan_number or state in row.plan_signed:
        return False
    row.plan_signed = sorted({*row.plan_signed, state})
    return True


def consent(row: TakeBack, number: int, state: str, *, agreed: bool, ground: str, remarks: str, at: datetime) -> bool:
    """A State's answer to the return; whether it counts. Raises Early under a plan that is not here yet."""
    if number > row.plan_number:
        raise Early
    if number < row.plan_number:
        return False
    said = {
        "holder_id": row.holder_id, "role": _role(row, state), "plan_number": number, "ground": ground,
        "remarks": remarks, "status": "consented" if agreed else "objected", "decided_at": at,
    }  # fmt: skip
    ReturnConsent.objects.update_or_create(take_back=row, authority=state, defaults=said)
    return True


def more_under_way(row: TakeBack, kg: Decimal) -> None:
    """A part of a load that no movement stands for has left for home."""
    row.load = {**row.load, "returning_kg": str(kg + Decimal(row.load.get("returning_kg") or 0))}


def _role(row: TakeBack, state: str) -> str:
    if state == row.state_export:
        return "export"
    return "import" if state == import_of(row) else "transit"


def consents_needed(row: TakeBack) -> list[str]:
    """The States on the way of a return. None where it is disposed of where it is."""
    if row.plan.get("how") != RETURN:
        return []
    way = homeward.states(row)
    return [state for state in parties(row) if state in way] if way else parties(row)


def consents_open(row: TakeBack) -> list[str]:
    """Those that have not consented to the return in force."""
    given = set(
        ReturnConsent.objects.filter(take_back=row, plan_number=row.plan_number, status="consented").values_list(
            "authority", flat=True
        )
    )
    return [state for state in consents_needed(row) if state not in given]


def settle(actor: Actor, row: TakeBack) -> None:
    """What follows from signatures and consents: the plan is agreed; the return may begin."""
    signed = row.plan_number and set(signers(row)) <= set(row.plan_signed)
    if signed and (row.status, "plan_agreed") in TAKE_BACK.table and row.status != Status.PLANNED:
        if until := facts.day(row.plan.get("agreed_until"), "agreed_until"):
            agree_period(actor, row, until)
        step(actor, row, "plan_agreed", body={"number": row.plan_number})
        _order_return(actor, row)
    if row.status == Status.PLANNED and row.plan.get("how") == RETURN and not consents_open(row):
        step(actor, row, "consents_ok", body={"number": row.plan_number})


def _order_return(actor: Actor, row: TakeBack) -> None:
    """Under an agreed return the original movement goes no further; the opener says so to all."""
    if row.movement is None or row.holder_id != row.opener or row.plan.get("how") != RETURN:
        return
    movement = Movement.objects.select_for_update().get(pk=row.movement.pk)
    carriage.observed(actor, movement, "return_ordered", at=times.now(), take_back=row.case)
