"""A consent's steps, the same in the authority's own copy and in everybody else's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tidegate.law import Book
from tidegate.movements import clocks, facts, machines, standing
from tidegate.movements.calendars import calendar_of
from tidegate.movements.masses import kilograms
from tidegate.movements.models import Clock, Consent, InfoRequest, Notification
from tidegate.parties.actors import Actor
from tidegate.parties.registry import Post

DECISIONS = ("consented", "consented_with_conditions", "objected")


def step(
    consent: Consent,
    event: str,
    actor: Actor | str,
    *,
    payload: Mapping[str, Any] | None = None,
    posts: Iterable[Post] = (),
    state: str | None = None,
    at: datetime | None = None,
    law_version: str = "",
) -> None:
    """Take a consent through one step of its life cycle, and journal it."""
    before = consent.status
    consent.status = machines.step(machines.CONSENT, before, event, consent.given_as)
    parking = machines.CONSENT.parking
    if consent.status in parking and before not in parking:
        consent.given_as = before
    facts.note(
        actor,
        f"consent.{event}",
        consent,
        payload={"authority": consent.authority, **(payload or {})},
        posts=list(posts),
        state=state,
        occurred_at=at,
        law_version=law_version,
    )


def sync(
    notification: Notification, needs: Iterable[Mapping[str, Any]], at: datetime, *, actor: Actor | str, state: str
) -> list[Consent]:
    """One consent for each authority concerned, as the State of export worked it out; gives those that are new.

    An authority whose State left the route is not asked any more; one whose decision was on an earlier content decides
    anew. Called again with the same needs it changes nothing.
    """
    new = []
    asked = {need["state"]: need for need in needs}
    rows = {c.authority: c for c in Consent.objects.filter(notification=notification).select_for_update()}
    for authority, need in asked.items():
        row = rows.get(authority)
        told = {
            "role": need["role"],
            "required": bool(need["required"]),
            "rules": list(need["rules"]),
            "tacit_by": need.get("tacit_by", ""),
        }
        if row is None:
            row = Consent(
                holder_id=notification.holder_id,
                case=notification.case,
                notification=notification,
                authority=authority,
                status="",
                requested_at=at,
                **told,
            )
            row.save(force_insert=True)
            row.involved.set(notification.involved.all())
            step(row, "requested", actor, payload=told, state=state)
            new.append(row)
            continue
        changed = [name for name, value in told.items() if getattr(row, name) != value]
        for name in changed:
            setattr(row, name, told[name])
        if row.status == "superseded":
            reopen(row, actor, state=state)
        elif changed:
            facts.note(actor, "consent.changed", row, payload=told, state=state)
    for authority, row in rows.items():
        if authority not in asked and row.status in machines.CONSENT.statuses:
            if (row.status, "superseded") in machines.CONSENT.table:
                step(row, "superseded", actor, state=state)
                clocks.end_all(row, at, "void")
        elif row.status != "superseded":
            outdated(row, notification, actor, state=state)
    return new


def outdated(consent: Consent, notification: Notification, actor: Actor | str, *, state: str | None = None) -> bool:
    """A decision or an acknowledgement of a content that has changed materially since is void; whether one was."""
    material = notification.material_version
    decided = consent.status in (*machines.GIVEN, "objected", "suspended")
    waiting = consent.status in machines.WAITING and consent.acknowledged_at is not None
    if (decided and consent.version < material) or (waiting and consent.acked_version < material):
        reopen(consent, actor, state=state)
        return True
    return False


def reopen(consent: Consent, actor: Actor | str, *, state: str | None = None) -> None:
    """Back to the beginning: what was decided stays in the journal, no longer in the row.

    An acknowledgement of the present content stays; one of an earlier content proves nothing of this one.
    """
    before = {
        "status": consent.status,
        "version": consent.version,
        "valid_from": consent.valid_from,
        "valid_until": consent.valid_until,
        "acknowledged_at": consent.acknowledged_at,
    }
    consent.decided_at = consent.valid_from = consent.valid_until = None
    consent.quantity_kg = consent.shipments = None
    consent.conditions, consent.grounds, consent.remarks, consent.given_as = [], [], "", ""
    consent.language = consent.second_language = consent.remarks_second = ""
    if consent.acked_version < consent.notification.material_version:
        consent.acknowledged_at = None
    if (consent.status, "reopened") in machines.CONSENT.table:
        step(consent, "reopened", actor, payload={"before": before}, state=state)
    else:  # it asks for information and had acknowledged nothing else
        facts.note(actor, "consent.changed", consent, payload={"before": before}, state=state)
    Clock.objects.filter(subject_id=consent.pk).update(ended_at=None, outcome="", due_at=None)
    if consent.acknowledged_at is not None and consent.status == "requested":
        step(consent, "acknowledged", actor, payload={"at": consent.acknowledged_at}, state=state)
    rest(consent, actor, state=state)


def acknowledge(
    consent: Consent,
    actor: Actor | str,
    at: datetime,
    version: int,
    *,
    posts: Iterable[Post] = (),
    state: str | None = None,
) -> None:
    """The authority has the notification in this version. Decided meanwhile: only the moment is kept."""
    if version >= consent.notification.material_version:
        consent.acknowledged_at, consent.acked_version = at, version
    said = {"at": at, "version": version}
    if consent.acknowledged_at is not None and (consent.status, "acknowledged") in machines.CONSENT.table:
        step(consent, "acknowledged", actor, payload=said, posts=posts, state=state, at=at)
    else:
        facts.note(actor, "consent.changed", consent, payload={"acknowledged": said}, posts=list(posts), state=state)


def snapshot(consent: Consent) -> dict[str, Any]:
    """A decision as it crosses a border. `revision` rises with every one: the later wins."""
    return {
        "authority": consent.authority,
        "status": consent.status,
        "version": consent.version,
        "acknowledged_at": consent.acknowledged_at,
        "acked_version": consent.acked_version,
        "decided_at": consent.decided_at,
        "valid_from": consent.valid_from,
        "valid_until": consent.valid_until,
        "quantity_kg": consent.quantity_kg,
        "shipments": consent.shipments,
        "conditions": consent.conditions,
        "grounds": consent.grounds,
        "remarks": consent.remarks,
        "language": consent.language,
        "second_language": consent.second_language,
        "remarks_second": consent.remarks_second,
        "given_as": consent.given_as if consent.given_as in machines.GIVEN else "",
        "revision": consent.revision,
    }


def take(consent: Consent, body: Mapping[str, Any]) -> None:
    """What another State's authority decided, into this copy's row."""
    consent.version = int(body["version"])
    consent.decided_at = facts.moment(body["decided_at"]) if body.get("decided_at") else None
    acked = int(body.get("acked_version") or 0)
    if body.get("acknowledged_at") and (consent.acknowledged_at is None or acked > consent.acked_version):
        consent.acknowledged_at, consent.acked_version = facts.moment(body["acknowledged_at"]), acked
    consent.valid_from = facts.day(body.get("valid_from"), "valid_from")
    consent.valid_until = facts.day(body.get("valid_until"), "valid_until")
    kg = body.get("quantity_kg")
    consent.quantity_kg = None if kg is None else kilograms(kg, "quantity_kg")
    consent.shipments = body.get("shipments")
    consent.conditions = list(body.get("conditions") or ())
    consent.grounds = list(body.get("grounds") or ())
    consent.remarks = str(body.get("remarks") or "")
    consent.language = str(body.get("language") or "")
    consent.second_language = str(body.get("second_language") or "")
    consent.remarks_second = str(body.get("remarks_second") or "")


def rest(consent: Consent, actor: Actor | str, *, state: str | None = None) -> None:
    """Bring a waiting consent in line with its authority's questions: open ones, or none any more."""
    questions = InfoRequest.objects.filter(notification=consent.notification, authority=consent.authority)
    waiting = questions.filter(answered_at=None).exists()
    if waiting and consent.status in ("requested", "acknowledged"):
        step(consent, "info_requested", actor, state=state)
    elif not waiting and consent.status == "info_requested":
        step(consent, "info_supplied", actor, state=state)


def lapse(consent: Consent, now: datetime, book: Book) -> bool:
    """Silence becomes consent: only by a clock that dated law gives that meaning, and only when it is over.

    Worked out alike in every copy: the day is that on which the clock ended, not that on which somebody looked.
    """
    if consent.status not in machines.WAITING or not consent.tacit_by:
        return False
    clock = standing.decision_clock(consent, book)
    if clock is None or clock.effect != Clock.Effect.DEEMED_CONSENT or clock.due_at is None or clock.due_at >= now:
        return False
    if consent.role == "import" and _basel(consent, book):
        return False
    notification = consent.notification
    consent.decided_at = clock.due_at
    consent.version = notification.version
    consent.valid_from = calendar_of(consent.authority).day(clock.due_at) + timedelta(days=1)
    limit = standing.span_limit(notification, book)
    last = notification.last_departure
    if limit is not None and (last is None or limit[0] < last):
        last = limit[0]
    consent.valid_until = max(last, consent.valid_from) if last is not None else None
    step(
        consent,
        "tacit",
        consent.holder_id,
        payload={"clock": clock.rule, "due_at": clock.due_at, "waiver": consent.tacit_by},
        state=consent.authority,
        at=clock.due_at,
        law_version=book.label,
    )
    clocks.end(consent, clock.rule, now, "tacit")
    return True


def _basel(consent: Consent, book: Book) -> bool:
    """Whether the Convention itself asks for the consent: the State of import's is never tacit then."""
    return any(rule not in book.rules or book.rules[rule].layer in ("basel", "waigani") for rule in consent.rules)


def expire(consent: Consent, now: datetime) -> bool:
    """The last day of a consent is over where its authority lies."""
    if consent.status not in (*machines.GIVEN, "suspended") or consent.valid_until is None:
        return False
    if calendar_of(consent.authority).day(now) <= consent.valid_until:
        return False
    step(consent, "expired", consent.holder_id, payload={"valid_until": consent.valid_until}, state=consent.authority)
    return True


def bar(notification: Notification, book: Book) -> Clock | None:
    """Some law has the State of export wait for the States of transit: its clock, from their latest acknowledgement."""
    own = Consent.objects.filter(notification=notification, role="export").first()
    if own is None or own.status not in machines.WAITING:
        return None
    transit = Consent.objects.filter(notification=notification, role="transit", acknowledged_at__isnull=False)
    moments = []
    for consent in transit:
        assert consent.acknowledged_at is not None
        day = calendar_of(own.authority).day(consent.acknowledged_at)
        if not book.in_group(consent.authority, ("oecd_decision",), day):
            moments.append(consent.acknowledged_at)
    if not moments:
        return None
    at = max(moments)
    rule = clocks.rule_for(
        "export_not_before",
        state=own.authority,
        role="export",
        day=calendar_of(own.authority).day(at),
        book=book,
    )
    if rule is None:
        return None
    return clocks.start(own.holder_id, rule=rule.id, subject=own, case=own.case, authority=own.authority, at=at)
