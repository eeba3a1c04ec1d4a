"""Decisions of other States' authorities, into this State's copy."""

from __future__ import annotations

from typing import Any

from tidegate.movements import clocks, conditions, consenting, facts, guard, machines, standing
from tidegate.movements.facts import inbound
from tidegate.movements.inbound.replies import backdated, consent_of
from tidegate.movements.inbound.schemas import DAY, MOMENT, STATE, TEXT
from tidegate.movements.models import Consent
from tidegate.parties.commanding import Refused
from tidegate.parties.registry import Message, Rejected

DECISION = {
    "type": "object",
    "required": ["authority", "status", "version", "revision", "at"],
    "properties": {
        "authority": STATE,
        "status": {"enum": list(Consent.Status.values)},
        "version": {"type": "integer", "minimum": 0},
        "revision": {"type": "integer", "minimum": 1},
        "at": MOMENT,
        "acked_version": {"type": "integer", "minimum": 0},
        "decided_at": {"type": ["string", "null"], "maxLength": 40},
        "acknowledged_at": {"type": ["string", "null"], "maxLength": 40},
        "valid_from": DAY,
        "valid_until": DAY,
        "quantity_kg": {"type": ["string", "null"], "pattern": r"^\d{1,15}\.\d{3}$"},
        "shipments": {"type": ["integer", "null"], "minimum": 1},
        "conditions": {"type": "array", "maxItems": 200},
        "grounds": {"type": "array", "maxItems": 200},
        "remarks": TEXT,
        "language": {"type": "string", "maxLength": 2},
        "second_language": {"type": "string", "maxLength": 2},
        "remarks_second": TEXT,
        "given_as": {"enum": ["", *Consent.GIVEN]},
        "reason": TEXT,
    },
}


def _handler(event: str) -> Any:
    def handle(message: Message) -> None:
        row = facts.copy_of(message)
        facts.speaks_for(message, row, message.body["authority"])
        consent = consent_of(message, row)
        if message.body["revision"] <= consent.origin:
            return
        decided(consent, message, event)

    return handle


def decided(consent: Consent, message: Message, event: str) -> None:
    """Take over another authority's decision; what it says of a content that has changed since, it has to say anew.

    What an authority says in writing goes before what its silence had meant here.
    """
    body, row = message.body, consent.notification
    try:
        conditions.read(list(body.get("conditions") or ()))
    except Refused as error:
        raise Rejected("unknown_code", f"{error.field}: {error.value}") from None
    consent.origin = body["revision"]
    at = facts.moment(body["at"])
    steps = _steps(consent, event, str(body.get("given_as") or "tacit"))
    if consent.status != "superseded" and (steps or event != "lifted"):
        consenting.take(consent, body)
    for step in steps:
        consenting.step(consent, step, message.to, payload=dict(body), state=message.sender, at=at)
    if not steps:
        facts.note(message.to, "consent.changed", consent, payload=dict(body), state=message.sender)
    if event in consenting.DECISIONS:
        clocks.end_all(consent, at, "done", steps=["decide", "export_not_before"])
    consenting.outdated(consent, row, message.to, state=message.sender)
    standing.decision_clock(consent, guard.book())
    standing.refresh(row, state=message.sender)
    if consent.required and event in ("objected", "suspended", "withdrawn"):
        backdated(row, message, at)


def _steps(consent: Consent, event: str, given: str) -> list[str]:
    """The steps to where the authority says that it stands; none where the case has gone past it."""
    if (consent.status, event) in machines.CONSENT.table:
        return [event]
    if event in ("suspended", "withdrawn") and consent.status in machines.WAITING and given in machines.GIVEN:
        return [given, event]  # its consent, tacit perhaps, has not been seen here, or was asked for anew meanwhile
    return []


for _event in (*consenting.DECISIONS, "suspended", "lifted", "withdrawn"):
    inbound(f"decision.{_event}", DECISION)(_handler(_event))


@inbound("decision.told", DECISION)
def told(message: Message) -> None:
    """What an authority had decided before this State came onto the route: every step to where it stands."""
    row = facts.copy_of(message)
    facts.only(message, message.body["authority"])
    consent = consent_of(message, row)
    if message.body["revision"] <= consent.origin:
        return
    status = str(message.body["status"])
    if status in (*consenting.DECISIONS, "tacit", "suspended", "withdrawn"):
        decided(consent, message, status)
