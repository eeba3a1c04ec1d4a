"""What the States say to one another about a notification: acknowledgement, questions, suspension, end, amendments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tidegate.movements import clocks, consenting, facts, guard, machines, standing
from tidegate.movements.breaches import open_breach
from tidegate.movements.commands import amendments, notifications, preconsents
from tidegate.movements.facts import Early, inbound
from tidegate.movements.inbound.schemas import ACKNOWLEDGED, AMENDED, ANSWERED, ASKED, AT, PROPOSED
from tidegate.movements.models import Amendment, Consent, InfoRequest, Movement, Notification
from tidegate.parties import times
from tidegate.parties.actors import system
from tidegate.parties.registry import Message


@inbound("notification.acknowledged", ACKNOWLEDGED)
def acknowledged(message: Message) -> None:
    """Another authority has the notification."""
    row = facts.copy_of(message)
    facts.speaks_for(message, row, message.body["authority"])
    consent = consent_of(message, row)
    version = message.body["version"]
    if consent.acknowledged_at is not None and version <= consent.acked_version:
        return
    at = facts.moment(message.body["at"])
    consenting.acknowledge(consent, message.to, at, version, state=message.sender)
    clocks.end_all_of(row, consent.authority, at, "acknowledge")
    consenting.rest(consent, message.to, state=message.sender)
    standing.decision_clock(consent, guard.book())
    if row.holder_id == row.home:
        consenting.bar(row, guard.book())
    standing.refresh(row, state=message.sender)


def consent_of(message: Message, row: Notification) -> Consent:
    """The authority's consent in this copy. Raises Early where the route that names it has not come yet."""
    authority = message.body["authority"]
    found = Consent.objects.select_for_update().filter(notification=row, authority=authority).first()
    if found is None:
        raise Early
    found.notification = row
    return found


@inbound("info.requested", ASKED)
def asked(message: Message) -> None:
    """Another authority asks the notifier something."""
    row = facts.copy_of(message)
    facts.only(message, message.body["authority"])
    consent = consent_of(message, row)
    if InfoRequest.objects.filter(holder=message.to, reference=message.body["reference"]).exists():
        return
    at = facts.moment(message.body["at"])
    request = InfoRequest(
        holder_id=message.to,
        case=row.case,
        notification=row,
        reference=message.body["reference"],
        authority=message.sender,
        question=message.body["question"],
        asked_at=at,
    )
    request.save(force_insert=True)
    request.involved.set(row.involved.all())
    facts.note(
        message.to, "info_request.asked", request, payload={"reference": request.reference}, state=message.sender
    )
    if consent.status == "tacit" and consent.decided_at is not None and at <= consent.decided_at:
        # It was asked in time, and its question came late: silence had not counted.
        consenting.reopen(consent, message.to, state=message.sender)
    consenting.rest(consent, message.to, state=message.sender)
    standing.decision_clock(consent, guard.book())
    standing.refresh(row, state=message.sender)


@inbound("info.supplied", ANSWERED)
def supplied(message: Message) -> None:
    """The notifier has answered."""
    row = facts.copy_of(message)
    facts.only(message, row.home)
    request = InfoRequest.objects.filter(holder=message.to, reference=message.body["reference"]).first()
    if request is None:
        raise Early
    if request.answered_at is not None:
        return
    request.answer = message.body["answer"]
    request.answered_at = facts.moment(message.body["at"])
    facts.note(
        message.to, "info_request.answered", request, payload={"reference": request.reference}, state=message.sender
    )
    notifications.answered(row, request, message.to, request.answered_at, message.sender)


def backdated(row: Notification, message: Message, at: datetime) -> int:
    """A fact that was true before it was known here: what left after it had no consent in force. Gives how many did.

    The departure stays as it was; the breach keeps both times, that of the fact and that of its coming.
    """
    left = Movement.objects.filter(notification=row, departed_at__gte=at, take_back=False)
    for movement in left:
        open_breach(
            system(message.to),
            movement,
            "no_consent",
            fact=message.type,
            by=message.sender,
            true_since=at,
            known_since=times.now(),
            departed_at=movement.departed_at,
        )
    return len(left)


# ── suspension, end ──────────────────────────────────────────────────────────────────────────────────────────


@inbound("notification.suspended", AT)
def suspended(message: Message) -> None:
    """A State concerned stops departures under it."""
    row = facts.copy_of(message)
    facts.concerned(message, row)
    if any(item["state"] == message.sender for item in row.suspended_by):
        return
    why = {"state": message.sender, "at": message.body["at"], "reason": message.body.get("reason", "")}
    row.suspended_by = [*row.suspended_by, why]
    facts.note(message.to, "notification.suspension", row, payload=why, state=message.sender)
    standing.refresh(row, state=message.sender)
    backdated(row, message, facts.moment(message.body["at"]))


@inbound("notification.lifted", AT)
def lifted(message: Message) -> None:
    """The State that stopped them lifts that."""
    row = facts.copy_of(message)
    facts.concerned(message, row)
    if not any(item["state"] == message.sender for item in row.suspended_by):
        return
    row.suspended_by = [item for item in row.suspended_by if item["state"] != message.sender]
    said = {"by": message.sender, "at": message.body["at"]}
    facts.note(message.to, "notification.suspension_lifted", row, payload=said, state=message.sender)
    standing.refresh(row, state=message.sender)


def _ends(how: str) -> Any:
    def handle(message: Message) -> None:
        row = facts.copy_of(message)
        facts.only(message, row.home)
        if row.ended_as == how or row.ended_as == "closed":
            return
        row.ended_as, row.ended_reason = how, message.body.get("reason", "")
        facts.note(message.to, "notification.told", row, payload={"as": how}, state=message.sender)
        notifications.ended(row, facts.moment(message.body["at"]))
        if how == "revoked":
            backdated(row, message, facts.moment(message.body["at"]))

    return handle


for _how in ("withdrawn", "revoked", "superseded", "closed"):
    inbound(f"notification.{_how}", AT)(_ends(_how))


def _drawn(used: bool) -> Any:
    def handle(message: Message) -> None:
        row = facts.copy_of(message)
        facts.only(message, row.home)
        if row.used_up == used:
            return
        row.used_up = used
        type = "notification.used_up" if used else "notification.replenished"
        facts.note(message.to, type, row, state=message.sender)
        standing.refresh(row, state=message.sender)

    return handle


inbound("notification.used_up", AT)(_drawn(True))
inbound("notification.replenished", AT)(_drawn(False))


@inbound("preconsent.denied", {**AT, "required": ["at", "version"]})
def preconsent_denied(message: Message) -> None:
    """The State of import says that the facility is not pre-consented."""
    row = facts.copy_of(message)
    facts.speaks_for(message, row, row.state_import)
    version = int(message.body["version"])
    if version <= row.preconsent_denied:
        return
    preconsents.denied(row, version)
    said = {"reason": message.body.get("reason", ""), "version": version}
    facts.note(message.to, "notification.preconsent_denied", row, payload=said, state=message.sender)
    preconsents.settle(row, state=message.sender)


# ── amendments ───────────────────────────────────────────────────────────────────────────────────────────────


@inbound("amendment.proposed", PROPOSED)
def amendment_proposed(message: Message) -> None:
    """The notifier proposes a change that is no new movement."""
    row = facts.copy_of(message)
    facts.only(message, row.home)
    if Amendment.objects.filter(notification=row, number=message.body["number"]).exists():
        return
    made = Amendment(
        holder_id=message.to,
        case=row.case,
        notification=row,
        number=message.body["number"],
        changes=dict(message.body["changes"]),
        reason=message.body["reason"],
        status=machines.step(machines.AMENDMENT, "", "proposed"),
        proposed_at=facts.moment(message.body["at"]),
    )
    made.save(force_insert=True)
    made.involved.set(row.involved.all())
    facts.note(message.to, "amendment.proposed", made, payload={"number": made.number}, state=message.sender)


@inbound("amendment.answered", AMENDED)
def amendment_answered(message: Message) -> None:
    """Another authority agrees to it, or does not."""
    row = facts.copy_of(message)
    facts.concerned(message, row)
    made = Amendment.objects.select_for_update().filter(notification=row, number=message.body["number"]).first()
    if made is None:
        raise Early
    body = message.body
    if not amendments.answer(made, message.sender, body["approved"], body.get("reason", ""), facts.moment(body["at"])):
        return
    payload = {"authority": message.sender, "approved": body["approved"]}
    facts.note(system(message.to), "amendment.answered", made, payload=payload, state=message.sender)
    amendments.settle(made, row, state=message.sender)
